-- Index joins of many rows: some fetched by one scan, some key by key; the same rows, in the index's order.

CREATE DATABASE ij;
SET database = ij;
CREATE TABLE t (id INT PRIMARY KEY, a INT, b STRING, c INT, d STRING, INDEX ta (a), INVERTED INDEX tj (j),
    j JSON, FAMILY (id, a), FAMILY (b), FAMILY (c, d), FAMILY (j));
INSERT INTO t SELECT g, (g * 7919) % 20000, IF(g % 3 = 0, NULL, 'b' || g::STRING), IF(g % 5 = 0, NULL, g),
    repeat('d', g % 50), IF(g % 100 = 0, '{"x": 1, "y": [1, 2]}', NULL) FROM generate_series(1, 20000) AS s (g);

-- one that reads every row, one that reads many, few, and very few of them
CREATE VIEW by_index AS SELECT a, id, b, c, d FROM t@ta;
CREATE VIEW by_table AS SELECT a, id, b, c, d FROM t@primary;
SELECT count(*), count(b), sum(c), sum(length(d)), md5(string_agg(COALESCE(b, '-') || id::STRING, ',' ORDER BY a))
    FROM by_index;
SELECT count(*), count(b), sum(c), sum(length(d)), md5(string_agg(COALESCE(b, '-') || id::STRING, ',' ORDER BY a))
    FROM by_table;
SELECT (SELECT (count(*), count(b), sum(c), sum(length(d))) FROM by_index WHERE a < 9000) =
       (SELECT (count(*), count(b), sum(c), sum(length(d))) FROM by_table WHERE a < 9000);
SELECT (SELECT (count(*), count(b), sum(c), sum(length(d))) FROM by_index WHERE a BETWEEN 500 AND 1800) =
       (SELECT (count(*), count(b), sum(c), sum(length(d))) FROM by_table WHERE a BETWEEN 500 AND 1800);
SELECT (SELECT (count(*), count(b), sum(c), sum(length(d))) FROM by_index WHERE a % 37 = 1 AND a < 3000) =
       (SELECT (count(*), count(b), sum(c), sum(length(d))) FROM by_table WHERE a % 37 = 1 AND a < 3000);

-- the index's order stays
SELECT count(*) FROM (SELECT a, lag(a) OVER (ROWS UNBOUNDED PRECEDING) AS before, b FROM
    (SELECT a, b FROM t@ta ORDER BY a)) WHERE before > a;
SELECT a, id, b, c FROM t@ta WHERE a >= 100 ORDER BY a LIMIT 5;
SELECT a, id, b, c FROM t@ta WHERE a < 100 ORDER BY a DESC LIMIT 3;

-- what the transaction itself wrote is there, what it removed is not
BEGIN;
DELETE FROM t WHERE id % 4 = 0;
UPDATE t SET b = 'mine', c = 1 WHERE id % 7 = 0;
INSERT INTO t (id, a, b) SELECT 30000 + g, g, 'new' FROM generate_series(1, 500) AS s (g);
SELECT count(*), count(b), sum(c), sum((b = 'mine')::INT), sum((b = 'new')::INT) FROM by_index;
SELECT count(*), count(b), sum(c), sum((b = 'mine')::INT), sum((b = 'new')::INT) FROM by_table;
ROLLBACK;

-- an element of an inverted index is one of many rows; one row may have many
SELECT count(*), sum(id) FROM t@tj WHERE j @> '{"x": 1}';
SELECT count(*), sum(id) FROM t@tj WHERE j @> '{"y": [2]}';

-- rows that lie far apart: one in 1000
CREATE TABLE wide (id INT PRIMARY KEY, a INT, b STRING, INDEX (a));
INSERT INTO wide SELECT g, IF(g % 1000 = 0, 1, 2), 'w' || g::STRING FROM generate_series(1, 120000) AS s (g);
INSERT INTO wide SELECT 200000 + g, 1, 'near' FROM generate_series(1, 3000) AS s (g);
SELECT count(*), sum(id), count(b), max(b) FROM wide@wide_a_idx WHERE a = 1;
SELECT count(*), sum(id), count(b), max(b) FROM wide@primary WHERE a = 1;
SET database = defaultdb;
DROP DATABASE ij CASCADE;
