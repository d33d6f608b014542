-- WITH that reads the row around it: below LATERAL, not in a subquery of an expression
CREATE TABLE t (k INT PRIMARY KEY, v INT);
INSERT INTO t VALUES (1, 10), (2, 20), (3, 30);
SELECT k, (WITH c AS (SELECT sum(v) AS s FROM t u WHERE u.k <= t.k) SELECT s FROM c) AS running FROM t ORDER BY k;
SELECT k FROM t WHERE EXISTS (WITH c AS (SELECT 1 FROM t u WHERE u.v = t.v + 10) SELECT * FROM c) ORDER BY k;
SELECT k, (WITH c AS (SELECT t.v AS x) SELECT (SELECT x FROM c)) FROM t ORDER BY k;
SELECT k, (WITH c AS (SELECT max(v) AS m FROM t) SELECT m - t.v FROM c) AS below FROM t ORDER BY k;
SELECT k, s FROM t, LATERAL (WITH c AS (SELECT sum(v) AS s FROM t u WHERE u.k <= t.k) SELECT s FROM c) AS running ORDER BY k;
SELECT k, twice FROM t, LATERAL (WITH c AS (SELECT t.v AS x) SELECT a.x + b.x AS twice FROM c a, c b) AS d ORDER BY k;
DROP TABLE t;
WITH made AS (CREATE TABLE q (x INT)) SELECT 1;
