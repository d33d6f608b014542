-- Temporary tables, views and sequences: the gate, where they live, and that they go with the session.
\a
\set VERBOSITY verbose
CREATE TEMP TABLE a (x INT PRIMARY KEY); CREATE TEMP VIEW a AS SELECT 1; CREATE TABLE pg_temp.a (x INT);
SET experimental_enable_temp_tables = on;
CREATE TEMP TABLE a (x INT PRIMARY KEY, y INT); CREATE TEMPORARY TABLE a (x INT); CREATE LOCAL TEMP TABLE IF NOT EXISTS a (x INT);
CREATE TABLE a (x INT PRIMARY KEY, perm INT); INSERT INTO a VALUES (1), (2); SELECT x FROM a ORDER BY x; SELECT * FROM public.a; SELECT x FROM pg_temp.a ORDER BY 1;
SHOW TABLES; SHOW TABLES FROM pg_temp; SELECT count(*) FROM [SHOW SCHEMAS] WHERE schema_name LIKE 'pg\_temp\_%';
SHOW CREATE TABLE a; SHOW CREATE TABLE public.a;
SELECT table_schema LIKE 'pg\_temp\_%' AS temp, table_name, table_type FROM information_schema.tables WHERE table_name = 'a' ORDER BY 1;
CREATE TEMP TABLE public.z (x INT); CREATE TEMP TABLE pg_temp.z (x INT); CREATE TABLE pg_temp.zz (x INT); CREATE TABLE z (x INT) ON COMMIT PRESERVE ROWS; CREATE TEMP TABLE zzz (x INT) ON COMMIT PRESERVE ROWS; CREATE TEMP TABLE z4 (x INT) ON COMMIT DROP;
CREATE TABLE b (x INT REFERENCES pg_temp.a (x)); CREATE TEMP TABLE b (x INT REFERENCES public.a (x)); CREATE TEMP TABLE b (x INT REFERENCES a (x)); INSERT INTO b VALUES (3); INSERT INTO b VALUES (1);
CREATE VIEW v AS SELECT x FROM a; SELECT * FROM v ORDER BY 1; CREATE TEMP VIEW tv AS SELECT x FROM public.a; SHOW CREATE VIEW tv;
CREATE TEMP SEQUENCE s; SHOW CREATE SEQUENCE s; SELECT nextval('s'), nextval('pg_temp.s'); SHOW SEQUENCES;
ALTER TABLE z RENAME TO public.zp; ALTER TABLE z RENAME TO zr; ALTER TABLE zr RENAME TO pg_temp.z; ALTER TABLE public.a RENAME TO pg_temp.q;
ALTER TABLE a ADD COLUMN w INT DEFAULT 7; CREATE INDEX i ON a (w); SELECT * FROM a@i ORDER BY 1; TRUNCATE zz; UPDATE a SET w = 8 WHERE x = 2 RETURNING x, w;
BEGIN; CREATE TEMP TABLE tx (a INT); INSERT INTO tx VALUES (1); SELECT * FROM tx; ROLLBACK; SELECT * FROM tx;
CREATE TEMP TABLE cta AS SELECT 1 AS one; SELECT * FROM cta;
SET search_path = public, pg_temp; SELECT * FROM a; SET search_path = pg_temp, public; SELECT x FROM a ORDER BY 1; RESET search_path;
SET experimental_serial_normalization = sql_sequence; CREATE TEMP TABLE ser (a SERIAL PRIMARY KEY, b INT); INSERT INTO ser (b) VALUES (1), (2); SELECT * FROM ser ORDER BY 1; SHOW SEQUENCES; RESET experimental_serial_normalization;
CREATE DATABASE temp_other; CREATE TEMP TABLE temp_other.t (x INT); INSERT INTO temp_other.pg_temp.t VALUES (5); SELECT * FROM temp_other.pg_temp.t; SHOW TABLES FROM temp_other.pg_temp; SHOW TABLES FROM temp_other; DROP DATABASE temp_other RESTRICT;
DROP TABLE b, a; DROP VIEW v; DROP TABLE b, a; SELECT * FROM a; DROP SEQUENCE s; SHOW TABLES FROM pg_temp;
CREATE DATABASE temp_third; CREATE TEMP TABLE temp_third.t (x INT); DROP DATABASE temp_third CASCADE; SELECT count(*) FROM system.namespace AS n WHERE n.name LIKE 'pg\_temp\_%' AND n."parentID" NOT IN (SELECT id FROM system.namespace WHERE "parentID" = 0);
BACKUP DATABASE temp_objects TO :'dest'; SELECT table_name FROM [SHOW BACKUP :'dest'] ORDER BY 1;
\c
\pset tuples_only on
SELECT pg_sleep(1);
SELECT count(*) FROM system.namespace AS n JOIN system.namespace AS d ON d.id = n."parentID" WHERE n.name LIKE 'pg\_temp\_%' AND d.name IN ('temp_objects', 'temp_other');
\pset tuples_only off
SHOW TABLES; DROP DATABASE temp_other RESTRICT;
-- The temporary schema stands in the search path where it is named, before all others when it is not.
SET experimental_enable_temp_tables = on; CREATE TEMP TABLE in_path (a INT);
SELECT regexp_replace(current_schemas(true)::STRING, 'pg_temp_[0-9_]+', 'pg_temp_N'), regexp_replace(current_schemas(false)::STRING, 'pg_temp_[0-9_]+', 'pg_temp_N'), current_schema();
SET search_path = public, pg_temp;
SELECT regexp_replace(current_schemas(true)::STRING, 'pg_temp_[0-9_]+', 'pg_temp_N'), regexp_replace(current_schemas(false)::STRING, 'pg_temp_[0-9_]+', 'pg_temp_N'), current_schema();
SET search_path = pg_temp;
SELECT regexp_replace(current_schemas(true)::STRING, 'pg_temp_[0-9_]+', 'pg_temp_N'), left(current_schema(), 8);
RESET search_path; DROP TABLE in_path;
