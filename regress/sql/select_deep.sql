-- long chains and many parts: they work or end in a clear error
\a
\t
\set ECHO none
CREATE TABLE t (a INT PRIMARY KEY, b INT);
INSERT INTO t SELECT g, g % 7 FROM generate_series(1, 1000) g(g);
SELECT 'SELECT count(*) FROM t WHERE ' || string_agg('a = ' || g::STRING, ' OR ') FROM generate_series(1, 5000) g(g) \gexec
SELECT 'SELECT count(*) FROM t WHERE ' || string_agg('a != ' || g::STRING, ' AND ') FROM generate_series(1, 900) g(g) \gexec
SELECT 'SELECT a' || repeat(' + b', 5000) || ' FROM t WHERE a = 8' \gexec
SELECT 'SELECT ' || repeat('(', 5000) || '1' || repeat(')', 5000) \gexec
SELECT 'SELECT ' || repeat('NOT ', 5000) || 'true' \gexec
SELECT 'SELECT count(*) FROM t WHERE b IN (' || string_agg(g::STRING, ',') || ')' FROM generate_series(3, 10000) g(g) \gexec
SELECT 'SELECT count(*) FROM t WHERE (a, b) IN (' || string_agg('(' || g::STRING || ',1)', ',') || ')' FROM generate_series(1, 3000) g(g) \gexec
SELECT 'SELECT count(*) FROM (' || string_agg('SELECT ' || g::STRING, ' UNION ALL ') || ')' FROM generate_series(1, 600) g(g) \gexec
SELECT 'SELECT count(*) FROM t AS t0' || string_agg(' JOIN t AS t' || g::STRING || ' USING (a)', '') FROM generate_series(1, 63) g(g) \gexec
SELECT 'SELECT ' || repeat('abs(', 20000) || '1' || repeat(')', 20000) \gexec
