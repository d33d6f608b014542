-- what a query may not say
\a
\t
\pset null '<null>'
CREATE TABLE a(a INT PRIMARY KEY, b INT, c STRING);
CREATE TABLE b(a INT PRIMARY KEY, d INT);
INSERT INTO a VALUES (1,10,'x'),(2,20,'y'),(3,NULL,'z');
INSERT INTO b VALUES (2,200),(3,300),(4,400);
CREATE TABLE kv(k INT PRIMARY KEY, v INT, w INT, s STRING, f FLOAT, d DECIMAL, b BOOL, i INTERVAL, by BYTES, j JSONB, a INT[]);
SELECT 1 ORDER BY 'a';
SELECT a FROM a ORDER BY 1.5;
SELECT a FROM a ORDER BY NULL;
SELECT a FROM a ORDER BY true;
SELECT count(*) FROM a GROUP BY 'a';
SELECT DISTINCT ON ('x') a FROM a;
SELECT a FROM a ORDER BY -1;
SELECT 1 FROM a WINDOW w AS (), w AS ();
SELECT * FROM unnest(ARRAY[1,2],ARRAY['a','b','c']);
SELECT unnest(ARRAY[1,2],ARRAY['a','b','c']);
SELECT * FROM crdb_internal.unary_table();
SELECT count(*) FROM crdb_internal.unary_table();
SELECT * FROM [UPDATE b SET d=d WHERE a=2];
SELECT 1 FROM [DELETE FROM b WHERE a=2];
SELECT * FROM a FOR UPDATE OF zz;
SELECT * FROM a x FOR SHARE OF x;
SELECT * FROM a x FOR UPDATE OF a;
WITH RECURSIVE t(n) AS (SELECT n FROM t) SELECT 1;
WITH RECURSIVE t(n) AS (SELECT n FROM t UNION ALL SELECT 1) SELECT 1;WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n+1 FROM t WHERE n<5) SELECT sum(n), count(*) FROM t;WITH RECURSIVE t(n) AS (SELECT 1) SELECT * FROM t;
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT 2) SELECT * FROM t;
SELECT @5;
SELECT 'a' COLLATE bad_locale;
SELECT 'a' COLLATE nope;
SELECT 'a' COLLATE en_us, 'a' COLLATE de, 'a' COLLATE "zh-Hant-TW", 'a' COLLATE en_u_ks_level2;
SELECT '040506'::time, '123456'::time, '0405'::time, '040506+03'::timetz, '12:34:56'::time;
SELECT get_bit(b'\x01',0), get_bit(b'\x80', 7), set_bit(b'\x00',0,1), get_bit(B'10',0);
SELECT get_bit(b'a', 8);
SELECT array_agg(j) FROM kv;
SELECT array_agg(a) FROM kv;
SELECT max(a) FROM kv;
SELECT array_agg(k) FROM kv;
SELECT count(kv.*), count(*) FROM kv;
SELECT count(zz.*) FROM kv;
SELECT 'max(int)'::regproc, 'max(int)'::regprocedure;
SELECT 'abs(int)'::regprocedure;
SET TIME ZONE 'foo';
SET timezone = 'foo';
SELECT 1 < 1.5::decimal, 2 > 1.5::decimal, 1::int = 1.00::decimal, -1 < 0.0::decimal, 0 = 0.0::decimal, 9223372036854775807 < 9223372036854775808;
SELECT has_schema_privilege('public','USAGE'), has_function_privilege('max','EXECUTE'), has_type_privilege('bigint','USAGE'), has_database_privilege('defaultdb','CONNECT');
-- names of columns that are written have no dots; WITH writes at the top only
INSERT INTO nope(a, a.b) VALUES (1, 2);
UPDATE nope SET (a, a.b) = (1, 2);
CREATE TABLE written (a INT);
INSERT INTO written VALUES (1), (2);
SELECT * FROM (WITH t AS (DELETE FROM written RETURNING a) SELECT * FROM t);
SELECT (WITH t AS (INSERT INTO written VALUES (3) RETURNING a) SELECT a FROM t);
(WITH t AS (DELETE FROM written WHERE a = 1 RETURNING a) SELECT * FROM t);
WITH t AS (DELETE FROM written WHERE a = 2 RETURNING a) (SELECT * FROM t);
SELECT * FROM written;
-- WITH RECURSIVE reads its last step's rows in one place.
WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT a.n FROM x AS a, x AS b) SELECT * FROM x;
WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < (SELECT count(*) FROM x)) SELECT * FROM x;
WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 3) SELECT * FROM x, x AS y WHERE x.n = y.n ORDER BY 1;
