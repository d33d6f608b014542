-- aggregates of an outer query within subqueries
\a
\t
\pset null '<null>'
CREATE TABLE a(a INT PRIMARY KEY, b INT, c STRING);
CREATE TABLE b(a INT PRIMARY KEY, d INT);
INSERT INTO a VALUES (1,10,'x'),(2,20,'y'),(3,NULL,'z');
INSERT INTO b VALUES (2,200),(3,300),(4,400);
SELECT (SELECT max(a.a)) FROM a;
SELECT (SELECT max(a.a) FROM b) FROM a;
SELECT (SELECT max(a.a) FROM b LIMIT 1) FROM a;
SELECT c, (SELECT sum(a.a)) FROM a GROUP BY c ORDER BY 1;
SELECT c, (SELECT sum(a.a) + c2.d FROM b c2 LIMIT 1) FROM a GROUP BY c ORDER BY 1;
SELECT c FROM a GROUP BY c HAVING EXISTS (SELECT 1 FROM b WHERE b.a = max(a.a)) ORDER BY 1;
SELECT (SELECT count(b.a) FROM b WHERE b.a>=a.a) FROM a;
SELECT (SELECT sum(a.a+b.a) FROM b) FROM a;
SELECT a.a FROM a WHERE a.a > (SELECT min(b.a) FROM b WHERE b.a=a.a+1);
SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b WHERE count(b.a)>1);
SELECT a FROM a WHERE count(*) > 1;
SELECT max(a), (SELECT max(b.a)+max(a.a) FROM b) FROM a;
SELECT (SELECT (SELECT max(a.a))) FROM a;
SELECT count(*) FROM a x WHERE (SELECT count(*) FROM b WHERE b.a = x.a) = 1;
SELECT (SELECT count(*)) FROM a;
SELECT (SELECT max(a.a) FILTER (WHERE a.b>5)) FROM a;
SELECT max(a) FROM a ORDER BY (SELECT max(a.a));
SELECT a.a, (SELECT max(x) FROM (SELECT a.b + 1 AS x) s) FROM a ORDER BY 1;
SELECT * FROM a, LATERAL (SELECT max(b.a) AS m FROM b WHERE b.a > a.a) l ORDER BY 1;
SELECT (SELECT count(a.*) FROM (VALUES (1)) v) FROM a;
SELECT c, (SELECT count(a.*) + count(*) FROM (VALUES (1)) v) FROM a GROUP BY c ORDER BY 1;
SELECT (SELECT count(nope.*) FROM b) FROM a;
-- Of a row that is still being chosen, or joined, there are no aggregates.
SELECT a FROM a WHERE (SELECT count(a.a) FROM (VALUES (1)) v) > 0;
SELECT a FROM a WHERE (SELECT count(a.*) FROM (VALUES (1)) v) > 0;
SELECT a.a FROM a JOIN b ON (SELECT max(a.a + b.a)) > 0;
SELECT a.a FROM a JOIN b ON max(a.a) > 0;
SELECT * FROM a, LATERAL (SELECT max(a.a)) l;
SELECT * FROM a JOIN LATERAL (SELECT max(a.a)) l ON true;
