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
-- What is above a condition that never holds gives no rows; what is below it does not run, but for its effects
CREATE TABLE nt (a INT PRIMARY KEY, b INT);
INSERT INTO nt VALUES (0, 1), (1, 2);
CREATE SEQUENCE ns;
SELECT sum(1 // a) FROM nt HAVING false;
SELECT sum(1 // a) FROM nt HAVING NULL;
SELECT b, sum(1 / a) FROM nt GROUP BY b HAVING false;
SELECT b, sum(1 // a) FROM nt GROUP BY b HAVING max(b) > 1 AND 1 = 2;
SELECT * FROM (SELECT max(1 // a) AS q FROM nt) WHERE false;
SELECT * FROM (SELECT 1 // a AS q FROM nt LIMIT 5) WHERE false;
SELECT * FROM (SELECT DISTINCT 1 / a AS q FROM nt) WHERE false;
SELECT * FROM (SELECT 1 // a AS q, row_number() OVER () FROM nt) WHERE false;
SELECT * FROM (SELECT 1 // a AS q FROM nt UNION SELECT 3) WHERE false;
SELECT * FROM (SELECT 1 // a AS q FROM nt) x JOIN nt ON true WHERE false;
WITH q AS (SELECT max(1 // a) AS q FROM nt) SELECT * FROM q WHERE false;
SELECT (SELECT sum(1 // a) FROM nt HAVING false) IS NULL;
SELECT count(*) FROM (SELECT sum(1 // a) FROM nt HAVING false);
SELECT * FROM nt LEFT JOIN (SELECT max(1 // a) AS z FROM nt) ON false ORDER BY 1;
PREPARE never AS SELECT sum(1 // a) FROM nt HAVING $1 = 2;
EXECUTE never(1);
EXECUTE never(NULL);
EXECUTE never(2);
SELECT sum(1 / a) FROM nt HAVING false;
SELECT sum(nextval('ns')) FROM nt HAVING false;
SELECT currval('ns');
SELECT sum(a) FROM [INSERT INTO nt VALUES (7, 7) RETURNING a] HAVING false;
SELECT a FROM nt ORDER BY a;
EXPLAIN SELECT b, sum(a) FROM nt GROUP BY b HAVING false;

-- What a filter does not look at is read of the rows that pass alone, as long as few do: here few, then
-- all, then few again, forward and backward, over tables whose keys are kept in values, too.
CREATE TABLE late (id INT PRIMARY KEY, k INT, d DECIMAL, s STRING COLLATE en, t STRING, n INT, j JSONB,
                   INDEX (d) STORING (t, n), INDEX (s));
INSERT INTO late SELECT g, CASE WHEN g BETWEEN 3000 AND 7000 THEN 1 ELSE g % 50 END, g::DECIMAL / 10,
       ('s' || (g % 7)::STRING) COLLATE en, repeat('x', g % 5) || g::STRING, nullif(g % 3, 0),
       ('{"a": ' || g::STRING || '}')::JSONB FROM generate_series(1, 10000) AS s (g);
SELECT count(*), sum(id), sum(n), sum(length(t)), max(t), sum((j->>'a')::INT), max(d), max(s) FROM late
 WHERE k = 1;
SELECT count(*), sum(id), sum(n), sum(length(t)), max(t), max(s) FROM late
 WHERE d BETWEEN 2.0 AND 900 AND n = 2;
SELECT id, d, t, n FROM late@late_d_idx WHERE t LIKE 'xx%' AND d < 3;
SELECT id, s, t, j FROM late WHERE k = 7 ORDER BY id DESC LIMIT 3;
SELECT id, k, t FROM late WHERE k = 1 ORDER BY id DESC LIMIT 2 OFFSET 4150;
SELECT id, (SELECT t FROM late AS b WHERE b.id = a.k) AS of_k, t FROM late AS a
 WHERE (SELECT n FROM late AS b WHERE b.id = a.k) = 2 AND id > 9990;
UPDATE late SET n = n + 10 WHERE k = 49 AND id > 9900 RETURNING id, k, d, s, t, n, j;
DELETE FROM late WHERE s = 's3' COLLATE en AND id > 9980 RETURNING id, k, d, s, t, n;
DROP TABLE late;
