-- What nobody reads of a derived table, a view or a WITH query is not computed, and cannot fail; but for what has
-- effects: volatile functions and division by what may be zero.
CREATE TABLE n (a INT PRIMARY KEY, s STRING);
INSERT INTO n VALUES (1, 'x'), (2, 'y');
SELECT x FROM (SELECT 1 AS x, 'a'::STRING::INT AS y) t;
SELECT count(*) FROM (SELECT s::INT FROM n) t;
SELECT a FROM (SELECT a, s::INT AS y FROM n LIMIT 5) t ORDER BY 1;
SELECT a FROM (SELECT a, max(s::INT) AS y FROM n GROUP BY a) t ORDER BY 1;
SELECT a FROM (SELECT a, s::INT AS y FROM n UNION ALL SELECT a, 1 FROM n) t ORDER BY 1;
SELECT a FROM (SELECT a, s::INT AS y FROM n UNION SELECT a, 1 FROM n) t ORDER BY 1;
SELECT a FROM (VALUES (1, 'x'::STRING::INT)) t(a, b);
SELECT n.a FROM n LEFT JOIN (SELECT a, s::INT AS q FROM n) s ON n.a = s.a ORDER BY 1;
SELECT a FROM (SELECT a, b.z FROM n JOIN (SELECT a AS k, s::INT AS z FROM n) b ON a = b.k) t ORDER BY 1;
SELECT a FROM (SELECT n.a, b.z FROM n, (SELECT a AS k, s::INT AS z FROM n) b) t ORDER BY 1;
SELECT t.q FROM n, LATERAL (SELECT n.a AS q, n.s::INT AS z) t ORDER BY 1;
SELECT a, r4, r2 FROM (SELECT a, row_number() OVER (ORDER BY s::INT) AS r1, rank() OVER (ORDER BY a DESC) AS r2, max(s::INT) OVER () AS r3, count(*) OVER () AS r4 FROM n) t ORDER BY 1;
SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY s::INT) FROM n) t;
CREATE VIEW v AS SELECT a, s::INT AS y FROM n;
SELECT a FROM v ORDER BY 1;
SELECT y FROM v ORDER BY 1;
-- division
SELECT 1 FROM (SELECT 1/0 AS x) t;
SELECT count(*) FROM (SELECT a / (a - 1) FROM n) t;
SELECT count(*) FROM (SELECT a / 2 FROM n) t;
-- EXISTS asks for rows alone
SELECT EXISTS (SELECT 1/0), EXISTS (SELECT s::INT FROM n), EXISTS (SELECT 1/0 FROM n WHERE false);
SELECT EXISTS (SELECT 1/0 UNION SELECT 2.0);
-- WITH: what is read once is part of the query; what has effects has them once, read or not
CREATE SEQUENCE sq;
WITH w AS (SELECT a, s::INT AS y FROM n) SELECT a FROM w ORDER BY 1;
WITH w AS (SELECT a, s::INT AS y FROM n) SELECT x.a FROM w x, w z ORDER BY 1;
WITH w AS MATERIALIZED (SELECT a, s::INT AS y FROM n) SELECT a FROM w ORDER BY 1;
WITH w AS (SELECT 'x'::STRING::INT) SELECT 1;
WITH w AS (SELECT 1/0) SELECT 1;
WITH w AS (SELECT nextval('sq')) SELECT 1;
SELECT last_value FROM sq;
WITH w AS NOT MATERIALIZED (SELECT nextval('sq')) SELECT 1;
SELECT last_value FROM sq;
WITH w AS (SELECT nextval('sq') FROM n) SELECT count(*) FROM w x, w y;
SELECT last_value FROM sq;
SELECT count(*) FROM (SELECT nextval('sq') FROM n) t;
SELECT last_value FROM sq;
