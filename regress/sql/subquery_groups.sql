-- Correlated scalar subqueries that are asked for many rows: after some, all values are read at once.
\a
\t on
CREATE TABLE u (id INT PRIMARY KEY, k INT, v INT, s STRING, INDEX (k));
INSERT INTO u SELECT i, CASE WHEN i % 11 = 0 THEN NULL ELSE i % 700 END, i, 'r' || (i % 13)::STRING
  FROM generate_series(1, 20000) AS g (i);
CREATE TABLE o (id INT PRIMARY KEY, k INT, w INT);
INSERT INTO o SELECT i, CASE WHEN i % 17 = 0 THEN NULL ELSE i END, i % 3 FROM generate_series(1, 3000) AS g (i);
-- Aggregates: a key without rows, and NULL, give what no rows give.
SELECT count(*), sum(c), sum(CASE WHEN c = 0 THEN 1 END) FROM
  (SELECT (SELECT count(*) FROM u WHERE u.k = o.k) AS c FROM o) AS t;
SELECT count(x), sum(x) FROM (SELECT (SELECT max(v) FROM u WHERE u.k = o.k AND s != 'r5') AS x FROM o) AS t;
SELECT sum(x) FROM (SELECT (SELECT coalesce(sum(v), -1) FROM u WHERE o.k = u.k) AS x FROM o) AS t;
SELECT sum(x) FROM (SELECT (SELECT 100 + count(*) FROM u WHERE u.k = o.k AND u.v % 3 = 1 AND (s < 'r3')) AS x FROM o) AS t;
-- Two keys, an expression as key.
SELECT sum(x) FROM (SELECT (SELECT min(v) FROM u WHERE u.k = o.k AND u.v % 3 = o.w) AS x FROM o) AS t;
SELECT sum(x) FROM (SELECT (SELECT count(*) FROM u WHERE u.k + 1 = o.k) AS x FROM o) AS t;
-- Not an aggregate: one row, none, or an error.
SELECT count(x), sum(x) FROM (SELECT (SELECT v FROM u WHERE u.id = o.k) AS x FROM o) AS t;
SELECT count(x), sum(x) FROM (SELECT (SELECT v FROM u WHERE u.id = o.k * 10) AS x FROM o) AS t;
SELECT sum(x) FROM (SELECT (SELECT v FROM u WHERE u.k = o.k + 0 AND u.id < 701 + o.w * 0) AS x FROM o) AS t;
SELECT count(*) FROM o WHERE (SELECT v FROM u WHERE u.k = o.k) > 0;
-- An error of a row that is not asked for is none.
SELECT sum(x) FROM (SELECT (SELECT max(1000 // (v - 20000)) FROM u WHERE u.k = o.k) AS x FROM o WHERE k != 20000 % 700) AS t;
SELECT sum(x) FROM (SELECT (SELECT max(1000 // (v - 20000)) FROM u WHERE u.k = o.k) AS x FROM o) AS t;
-- In WHERE, ORDER BY, UPDATE and DELETE.
SELECT count(*) FROM u AS a WHERE v > (SELECT avg(b.v) FROM u AS b WHERE b.k = a.k);
SELECT id FROM o ORDER BY (SELECT count(*) FROM u WHERE u.k = o.k) DESC, id DESC LIMIT 3;
UPDATE o SET w = (SELECT count(*) FROM u WHERE u.k = o.k) WHERE true;
SELECT sum(w) FROM o;
DELETE FROM o WHERE (SELECT count(*) FROM u WHERE u.k = o.k) < 26;
SELECT count(*) FROM o;
-- What it reads changes from run to run: rows of WITH, other levels.
WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 200)
  SELECT sum((SELECT count(*) FROM r AS q WHERE q.n = r.n)) FROM r;
SELECT sum((SELECT sum((SELECT count(*) FROM u WHERE u.k = p.k AND u.id = o.id)) FROM u AS p WHERE p.id = o.id)) FROM o;
DROP TABLE u, o;
