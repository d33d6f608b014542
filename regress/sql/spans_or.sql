-- OR and tuples become spans; the answers are those of the filter.
CREATE TABLE t (a INT, b INT, c STRING, v INT, PRIMARY KEY (a, b), INDEX cv (c DESC, v));
INSERT INTO t SELECT i % 10, i, chr((97 + i % 7)::INT), i * 3 FROM generate_series(0, 99) AS g(i);
SELECT count(*), sum(v) FROM t WHERE a = 1 OR a = 3;
SELECT count(*), sum(v) FROM t WHERE a < 2 OR a >= 9 OR a = 1;
SELECT a, b FROM t WHERE (a, b) IN ((1, 11), (2, 12), (2, 13), (3, NULL), (1, 11)) ORDER BY a, b;
SELECT a, b FROM t WHERE (a = 1 AND b > 80) OR (a = 2 AND b < 10) ORDER BY a, b;
SELECT a, b FROM t WHERE (b = 1 OR b = 31) AND a = 1 ORDER BY b DESC;
SELECT a, b FROM t WHERE a IN (1, 2) AND (b = 11 OR b = 22 OR b > 90) ORDER BY a DESC, b;
SELECT b FROM t@cv WHERE c = 'a' AND v < 30 OR c = 'b' AND v > 250 OR c IS NULL ORDER BY c DESC, v;
SELECT count(*) FROM t WHERE a = 1 OR v = 6;
SELECT count(*) FROM t WHERE a = NULL OR a = 5;
UPDATE t SET v = -1 WHERE a = 4 AND b = 4 OR a = 5 AND b = 15;
SELECT a, b FROM t WHERE v = -1 ORDER BY a;
DELETE FROM t WHERE (a, b) IN ((4, 4), (5, 15));
SELECT count(*) FROM t;
SELECT field, description FROM [EXPLAIN SELECT a, b FROM t WHERE (a = 1 AND b > 80) OR a = 2] WHERE field = 'spans';
SELECT field, description FROM [EXPLAIN SELECT a, b FROM t WHERE (a, b) IN ((1, 2), (3, 4))] WHERE field = 'spans';
EXPLAIN SELECT a, count(*) FROM t WHERE c = 'a' GROUP BY a ORDER BY 2 DESC LIMIT 3;
-- statements that are no queries
EXPLAIN CREATE TABLE x (a INT);
EXPLAIN (OPT) SELECT 1;
SELECT count(*) > 2 FROM [EXPLAIN SHOW TABLES];
DROP TABLE t;
