-- EXPLAIN (DISTSQL), EXPLAIN ANALYZE: the plan as a diagram; ANALYZE runs the statement
\pset format unaligned
CREATE TABLE t (a INT PRIMARY KEY, b INT, c STRING);
CREATE TABLE u (x INT PRIMARY KEY, y INT);
INSERT INTO t SELECT i, i % 10, 'x' FROM generate_series(1, 20) AS g(i);
INSERT INTO u SELECT i, i FROM generate_series(1, 5) AS g(i);
SELECT automatic, url LIKE 'https://%decode.html#eJ%', json FROM [EXPLAIN (DISTSQL) SELECT * FROM t WHERE b > 1 AND c = e'x"\ny'];
SELECT json->'edges' FROM (SELECT json::JSONB AS json FROM [EXPLAIN (DISTSQL) SELECT count(*) FROM t JOIN u ON a = x GROUP BY b]);
SELECT regexp_replace(p->'core'->>'title', ' ', '_') AS title, regexp_replace((p->'core'->'details')::STRING, 'time: [0-9.]*', 'time: N') AS details FROM (SELECT json_array_elements(json::JSONB->'processors') AS p FROM [EXPLAIN ANALYZE SELECT b, count(*) FROM t LEFT JOIN u ON a = x AND y > 2 GROUP BY b ORDER BY b LIMIT 3]);
SELECT automatic FROM [EXPLAIN ANALYZE INSERT INTO u VALUES (1000, 1)];
SELECT automatic FROM [EXPLAIN ANALYZE (DISTSQL) WITH q AS (INSERT INTO u VALUES (1001, 1) RETURNING x) SELECT * FROM q];
SELECT automatic FROM [EXPLAIN (DISTSQL) INSERT INTO u VALUES (1002, 1)];
SELECT * FROM u WHERE x >= 1000 ORDER BY x;
BEGIN READ ONLY; EXPLAIN ANALYZE INSERT INTO u VALUES (1003, 1);
ROLLBACK;
EXPLAIN ANALYZE SELECT 1/0;
EXPLAIN ANALYZE CREATE TABLE q (a INT);
-- v20.1's names of operators
EXPLAIN (VEC) SELECT 1;
EXPLAIN (VEC) SELECT a+1 FROM t WHERE b > 3 AND c = 'x' ORDER BY c LIMIT 2;
EXPLAIN (VEC) SELECT count(*), b FROM t WHERE c IN ('x', 'y') GROUP BY b ORDER BY 1;
EXPLAIN (VEC) SELECT count(*) FROM t JOIN u ON t.b = u.y WHERE t.b < 5 AND u.y IS NULL;
EXPLAIN (VEC) SELECT * FROM t LEFT JOIN u ON t.a = u.x;
EXPLAIN (VEC) SELECT row_number() OVER (PARTITION BY b ORDER BY c), sum(a) OVER () FROM t;
EXPLAIN (VEC) SELECT a FROM t UNION SELECT y FROM u;
EXPLAIN (VEC) SELECT sum(a*2.5) FROM t WHERE b = 7 OR c LIKE 'x%';
EXPLAIN (VEC) INSERT INTO t VALUES (1);
-- Window calls are written out
EXPLAIN (VERBOSE) SELECT a, rank() OVER (PARTITION BY c ORDER BY b DESC), sum(b) FILTER (WHERE a > 1) OVER (ORDER BY a ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM t;
-- A bundle of all that is to be known of a statement (what is in it: shell-test)
SELECT text FROM [EXPLAIN ANALYZE (DEBUG) SELECT count(*) FROM t WHERE b > 7] WHERE text NOT LIKE '%http%';
SELECT statement_fingerprint, statement, now() - collected_at < '1m' AS now, jsonb_array_length(trace) > 5 AS traced, array_length(bundle_chunks, 1) AS chunks, error FROM system.statement_diagnostics ORDER BY collected_at DESC LIMIT 1;
SELECT description, substr(data, 1, 2) FROM system.statement_bundle_chunks ORDER BY id DESC LIMIT 1;
SELECT count(*) FROM [EXPLAIN ANALYZE (DEBUG) INSERT INTO u VALUES (1004, 1)];
SELECT * FROM u WHERE x = 1004;
SET tracing = on; SELECT count(*) FROM [EXPLAIN ANALYZE (DEBUG) SELECT a FROM t]; SET tracing = off;
SELECT count(*) FROM [SHOW TRACE FOR SESSION] WHERE message LIKE 'Scan /Table%';
EXPLAIN ANALYZE (DEBUG) SELECT 1/0;
EXPLAIN ANALYZE (DEBUG) CREATE TABLE q (a INT);
SELECT * FROM [SHOW TABLES] ORDER BY 1;
