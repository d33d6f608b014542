-- users, roles, grants; then what a user without privileges may do
CREATE USER pg_u1; CREATE USER pg_u1; CREATE USER IF NOT EXISTS pg_u1; CREATE ROLE pg_r1; CREATE ROLE pg_r1; CREATE USER "x y"; CREATE USER node; CREATE USER public; CREATE ROLE admin; CREATE USER root; CREATE USER pg_u2; CREATE USER ""; CREATE USER "a-b.c"; CREATE USER "-ab";
CREATE USER pg_u3 WITH PASSWORD 'x'; CREATE USER pg_u3 WITH LOGIN NOLOGIN; CREATE USER pg_u3 LOGIN LOGIN; CREATE USER pg_u3 WITH CREATEROLE; CREATE ROLE pg_r2 WITH LOGIN VALID UNTIL '2030-01-01'; CREATE USER pg_u4 PASSWORD NULL;
ALTER USER pg_u1 CREATEROLE; ALTER USER nope CREATEROLE; ALTER USER IF EXISTS nope CREATEROLE; ALTER USER pg_u1 NOCREATEROLE; ALTER ROLE pg_r1 WITH PASSWORD 'x'; ALTER USER pg_u1 VALID UNTIL 'abc';
SELECT * FROM [SHOW USERS] WHERE username LIKE 'pg\_%' OR username IN ('root', 'admin') ORDER BY 1;
DROP USER nope; DROP USER IF EXISTS nope; DROP USER public; DROP USER pg_u4, "a-b.c";
GRANT pg_r1 TO pg_u1; GRANT pg_r1 TO nope; GRANT nope TO pg_u1; GRANT pg_r1 TO pg_r1; GRANT pg_r2 TO pg_r1; GRANT pg_r1 TO pg_r2; GRANT pg_r1 TO pg_u2 WITH ADMIN OPTION; SELECT * FROM [SHOW GRANTS ON ROLE] WHERE role_name LIKE 'pg\_%' ORDER BY 1, 2; SHOW GRANTS ON ROLE pg_r1; SHOW GRANTS ON ROLE FOR pg_u2; REVOKE ADMIN OPTION FOR pg_r1 FROM pg_u2; SHOW GRANTS ON ROLE pg_r1; REVOKE pg_r1 FROM pg_u2; REVOKE pg_r1 FROM pg_u2; REVOKE admin FROM root; GRANT admin TO pg_u3; GRANT pg_r1 TO root;
CREATE TABLE t (a INT PRIMARY KEY, b INT); CREATE TABLE s (a INT); CREATE VIEW v AS SELECT a FROM t; CREATE SEQUENCE sq;
SHOW GRANTS ON DATABASE priv_grants; SHOW GRANTS ON TABLE t; SELECT * FROM [SHOW GRANTS] WHERE schema_name = 'public' ORDER BY 1, 2, 3, 4, 5; SELECT * FROM [SHOW GRANTS] WHERE table_name IN ('pg_class', 'tables') ORDER BY 1, 2, 3, 4, 5; SHOW GRANTS FOR root; SHOW GRANTS ON t, s FOR root;
GRANT SELECT ON t TO pg_u1; GRANT SELECT, INSERT ON TABLE t, s TO pg_u1, pg_r1; GRANT ALL ON DATABASE priv_grants TO pg_u2; GRANT SELECT ON t TO nope; GRANT FOO ON t TO pg_u1; GRANT SELECT ON nope TO pg_u1; GRANT SELECT ON DATABASE nope TO pg_u1; GRANT SELECT ON * TO pg_u1; GRANT SELECT ON priv_grants.* TO pg_u1; GRANT ALL ON t TO public; REVOKE ALL ON t FROM public;
SHOW GRANTS ON TABLE t; SHOW GRANTS ON DATABASE priv_grants; SHOW GRANTS FOR pg_u1; SHOW GRANTS ON t FOR nope;
CREATE TABLE inh (a INT); SHOW GRANTS ON inh;
REVOKE SELECT ON t FROM root; REVOKE ALL ON t FROM root; REVOKE ALL ON t FROM admin; REVOKE SELECT ON t FROM admin; REVOKE ALL ON DATABASE priv_grants FROM root; GRANT SELECT ON t TO root; GRANT CREATE ON system.users TO pg_u1; GRANT SELECT ON system.users TO pg_u1; REVOKE SELECT ON system.users FROM pg_u1; REVOKE SELECT ON system.namespace FROM root; REVOKE ALL ON DATABASE system FROM root; GRANT ALL ON DATABASE system TO pg_u1; GRANT SELECT ON crdb_internal.jobs TO pg_u1; GRANT SELECT ON pg_catalog.* TO pg_u1;
REVOKE INSERT ON t FROM pg_u1; REVOKE INSERT ON t FROM pg_u1; SHOW GRANTS ON t FOR pg_u1; GRANT ALL ON t TO pg_u1; SHOW GRANTS ON t FOR pg_u1; REVOKE SELECT ON t FROM pg_u1; SHOW GRANTS ON t FOR pg_u1; GRANT SELECT ON t TO pg_u1; SHOW GRANTS ON t FOR pg_u1;
DROP USER pg_u1; DROP USER pg_r1; DROP USER pg_u2;
REVOKE ALL ON t FROM pg_u1; REVOKE ALL ON s, v, sq FROM pg_u1; GRANT CREATE ON DATABASE priv_grants TO pg_u1; SHOW GRANTS FOR pg_u1;
REVOKE CREATE ON DATABASE priv_grants FROM pg_u1; REVOKE ALL ON t, s FROM pg_r1;
INSERT INTO t VALUES (1,1);
\c - pg_u1
SELECT current_user;
SELECT * FROM t; INSERT INTO t VALUES (2,2); UPDATE t SET b=1; DELETE FROM t; UPSERT INTO t VALUES (1,1); INSERT INTO t VALUES (1,1) ON CONFLICT DO NOTHING; INSERT INTO t VALUES (1,1) ON CONFLICT (a) DO UPDATE SET b=3; TRUNCATE t; DROP TABLE t; CREATE INDEX ON t(b); ALTER TABLE t ADD COLUMN c INT; ALTER TABLE t RENAME TO tt; ALTER TABLE t RENAME COLUMN b TO bb; CREATE TABLE x (a INT); CREATE VIEW x AS SELECT 1; CREATE SEQUENCE x; DROP VIEW v; SELECT * FROM v; SELECT nextval('sq'); SELECT * FROM sq; DROP DATABASE priv_grants; CREATE DATABASE y; ALTER DATABASE priv_grants RENAME TO pw; GRANT SELECT ON t TO pg_u1; REVOKE SELECT ON t FROM root; CREATE USER z; DROP USER z; ALTER USER pg_u1 CREATEROLE; GRANT pg_r1 TO pg_u1; REVOKE pg_r1 FROM pg_u1; SHOW CREATE TABLE t; SHOW COLUMNS FROM t; SHOW INDEXES FROM t; SHOW CONSTRAINTS FROM t; SHOW GRANTS ON t; SHOW TABLES; SHOW DATABASES; SHOW USERS; SHOW GRANTS ON DATABASE priv_grants;
SELECT * FROM system.users; SELECT * FROM system.namespace LIMIT 1; SET CLUSTER SETTING cluster.organization='x'; SHOW CLUSTER SETTING cluster.organization; SHOW ALL CLUSTER SETTINGS; SELECT * FROM crdb_internal.cluster_settings; SELECT count(*) FROM crdb_internal.node_queries; BACKUP DATABASE priv_grants TO 'nodelocal://1/x'; RESTORE DATABASE priv_grants FROM 'nodelocal://1/x'; SELECT count(*) FROM [SHOW JOBS]; COMMENT ON TABLE t IS 'x'; SHOW BACKUP 'nodelocal://1/x'; CREATE STATISTICS s FROM t; EXPLAIN SELECT * FROM t; ALTER TABLE t CONFIGURE ZONE USING gc.ttlseconds=5; DROP SEQUENCE sq; CREATE TABLE z AS SELECT * FROM t; SELECT has_table_privilege('t','SELECT'), has_table_privilege('root','t','SELECT'), has_database_privilege('priv_grants','CREATE');
\copy t FROM '/dev/null'
SELECT * FROM information_schema.tables WHERE table_catalog = 'priv_grants' AND table_schema = 'public'; PREPARE p AS SELECT * FROM t;
\c - root
INSERT INTO t VALUES (1, 1);
-- what one privilege allows
GRANT SELECT ON t TO pg_u1;
\c - pg_u1
SELECT * FROM t; UPDATE t SET b = 2; SHOW CREATE TABLE t; SHOW TABLES; SELECT a FROM v;
\c - root
GRANT UPDATE, INSERT ON t TO pg_r1; SHOW GRANTS ON t FOR pg_u1;
\c - pg_u1
UPDATE t SET b = 2 RETURNING a; INSERT INTO t VALUES (2, 2); DELETE FROM t; UPSERT INTO t VALUES (2, 3); SELECT * FROM t ORDER BY a;
\c - root
REVOKE pg_r1 FROM pg_u1;
\c - pg_u1
UPDATE t SET b = 2;
\c - root
REVOKE ALL ON DATABASE system FROM pg_u1; REVOKE ALL ON system.users FROM pg_u1; DROP DATABASE priv_grants CASCADE; DROP USER pg_u1, pg_u2, pg_u3; DROP ROLE pg_r1, pg_r2;
CREATE USER pg_foo☂; CREATE USER "pg_ü"; DROP USER "pg_ü"; DROP USER node; CREATE USER "PG_X"; DROP USER pg_x; SHOW GRANTS ON DATABASE nope; SHOW GRANTS ON nope.*; SHOW TABLES FROM nope; SHOW TABLES FROM priv_grants.nope; SHOW SCHEMAS FROM nope; SHOW SEQUENCES FROM nope;
-- Sequences that the user has no privileges on are not listed.
CREATE DATABASE pg_seqs; CREATE USER pg_u4; SET database = pg_seqs; CREATE SEQUENCE mine; CREATE SEQUENCE theirs; GRANT SELECT ON theirs TO pg_u4; SHOW SEQUENCES;
\c - pg_u4
SHOW SEQUENCES FROM pg_seqs;
\c - root
DROP DATABASE pg_seqs CASCADE; DROP USER pg_u4;
-- What CASCADE drops or changes besides is to be the user's, too; what leans on a table is told of in order.
CREATE DATABASE pg_cascade; CREATE USER pg_u5; SET database = pg_cascade; CREATE TABLE p (a INT PRIMARY KEY);
CREATE TABLE c (x INT REFERENCES p); CREATE TABLE i (a INT PRIMARY KEY) INTERLEAVE IN PARENT p (a); CREATE VIEW v AS SELECT a FROM p;
GRANT DROP ON p TO pg_u5;
DROP TABLE p; DROP TABLE p, c; DROP TABLE p, c, i;
\c - pg_u5
SET database = pg_cascade;
DROP TABLE p CASCADE;
\c - root
GRANT CREATE ON pg_cascade.c TO pg_u5;
\c - pg_u5
SET database = pg_cascade; DROP TABLE p CASCADE;
\c - root
GRANT CREATE ON pg_cascade.i TO pg_u5;
\c - pg_u5
SET database = pg_cascade; DROP TABLE p CASCADE;
\c - root
GRANT DROP ON pg_cascade.v TO pg_u5;
\c - pg_u5
SET database = pg_cascade; DROP TABLE p CASCADE;
\c - root
SHOW TABLES FROM pg_cascade; DROP DATABASE pg_cascade CASCADE; DROP USER pg_u5;
-- the same for keys of other tables that go with an index or a column
CREATE DATABASE pg_cascade; CREATE USER pg_u5; SET database = pg_cascade; CREATE TABLE p (a INT PRIMARY KEY, b INT, c INT, UNIQUE INDEX ub (b), UNIQUE INDEX uc (c));
CREATE TABLE c (x INT REFERENCES p (b), y INT REFERENCES p (c)); CREATE VIEW v AS SELECT c FROM p;
GRANT CREATE ON p TO pg_u5;
\c - pg_u5
SET database = pg_cascade;
DROP INDEX p@ub CASCADE; ALTER TABLE p DROP COLUMN b CASCADE; ALTER TABLE p DROP COLUMN c CASCADE;
\c - root
GRANT CREATE ON pg_cascade.c TO pg_u5;
\c - pg_u5
SET database = pg_cascade;
DROP INDEX p@ub CASCADE; ALTER TABLE p DROP COLUMN b CASCADE; ALTER TABLE p DROP COLUMN c CASCADE;
\c - root
GRANT DROP ON pg_cascade.v TO pg_u5;
\c - pg_u5
SET database = pg_cascade;
ALTER TABLE p DROP COLUMN c CASCADE;
\c - root
SHOW CONSTRAINTS FROM pg_cascade.c; SHOW TABLES FROM pg_cascade; DROP DATABASE pg_cascade CASCADE; DROP USER pg_u5;
-- DELETE reads what it takes away, with a condition or without.
CREATE DATABASE pg_del; CREATE USER pg_u6; SET database = pg_del; CREATE TABLE p (a INT PRIMARY KEY); GRANT DELETE ON p TO pg_u6;
\c - pg_u6
DELETE FROM pg_del.p; DELETE FROM pg_del.p WHERE a = 1;
\c - root
GRANT SELECT ON pg_del.p TO pg_u6;
\c - pg_u6
DELETE FROM pg_del.p;
\c - root
DROP DATABASE pg_del CASCADE; DROP USER pg_u6;
-- Patterns that mean nothing, and those that mean nothing beside others.
CREATE DATABASE pg_none; CREATE DATABASE pg_some; SET database = pg_some; CREATE TABLE p (a INT PRIMARY KEY); GRANT SELECT ON pg_some.nope.* TO root; GRANT SELECT ON pg_none.* TO root; GRANT SELECT ON pg_none.*, p TO root; GRANT SELECT ON pg_some.public.*, public.*, * TO root; GRANT SELECT ON nope.public.* TO root; GRANT SELECT ON nope.* TO root; SET database = ''; GRANT SELECT ON * TO root; GRANT SELECT ON public.* TO root;
SET database = defaultdb; DROP DATABASE pg_none; DROP DATABASE pg_some CASCADE;
