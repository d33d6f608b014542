-- Who sees what in the catalogs. The users are of this test alone.
CREATE USER catpriv_u;
CREATE ROLE catpriv_r;
GRANT catpriv_r TO catpriv_u;
CREATE TABLE nobody (a INT PRIMARY KEY);
CREATE TABLE direct (a INT PRIMARY KEY, b INT, INDEX bx (b));
CREATE TABLE by_role (a INT PRIMARY KEY, CHECK (a > 0));
GRANT SELECT ON TABLE direct TO catpriv_u;
GRANT INSERT, UPDATE ON TABLE by_role TO catpriv_r;
COMMENT ON TABLE nobody IS 'secret';
\c - catpriv_u
SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public' ORDER BY 1;
SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' ORDER BY 1, 2;
SELECT indexname FROM pg_indexes ORDER BY 1;
SELECT conname FROM pg_constraint ORDER BY 1;
SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1;
SELECT DISTINCT table_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1;
SELECT grantee, table_name, privilege_type FROM information_schema.table_privileges
 WHERE table_schema = 'public' AND grantee LIKE 'catpriv%' ORDER BY 1, 2, 3;
SELECT * FROM information_schema.enabled_roles ORDER BY 1;
SELECT * FROM information_schema.applicable_roles ORDER BY 1, 2;
SELECT name FROM crdb_internal.tables WHERE database_name = current_database() ORDER BY 1;
SELECT descriptor_name FROM crdb_internal.create_statements WHERE schema_name = 'public' ORDER BY 1;
SELECT description FROM pg_description WHERE description = 'secret';
SELECT count(*) FROM crdb_internal.cluster_settings;
SELECT count(*) FROM crdb_internal.node_sessions WHERE user_name <> 'catpriv_u';
SELECT rolname, rolsuper, rolcreaterole, rolcanlogin FROM pg_roles WHERE rolname LIKE 'catpriv%' ORDER BY 1;
SELECT * FROM crdb_internal.gossip_alerts;
SELECT * FROM crdb_internal.gossip_network;
SELECT crdb_internal.set_vmodule('');
SELECT usename FROM pg_user WHERE usename LIKE 'catpriv%';
\dt
\du catpriv*
\c - root
-- has_..._privilege of what is not there
CREATE SEQUENCE seq;
SELECT has_database_privilege('nope', 'CREATE');
SELECT has_schema_privilege('nope', 'CREATE');
SELECT has_sequence_privilege('direct', 'SELECT');
SELECT has_sequence_privilege('seq', 'SELECT'), has_sequence_privilege('catpriv_u', 'seq', 'USAGE');
SELECT has_language_privilege('nope', 'USAGE');
SELECT has_server_privilege('nope', 'USAGE');
SELECT has_foreign_data_wrapper_privilege('nope', 'USAGE');
SELECT has_tablespace_privilege('nope', 'CREATE');
SELECT has_tablespace_privilege('pg_default', 'USAGE');
SELECT has_tablespace_privilege('pg_default', 'CREATE'), has_tablespace_privilege(12345, 'CREATE'), has_language_privilege(12345, 'USAGE'), has_server_privilege(12345, 'USAGE'), has_foreign_data_wrapper_privilege(12345, 'USAGE'), has_function_privilege(12345, 'EXECUTE'), has_type_privilege(12345, 'USAGE'), has_schema_privilege(12345, 'CREATE'), has_database_privilege(12345, 'CREATE'), has_sequence_privilege(12345, 'SELECT');
SELECT has_schema_privilege('public', 'CREATE'), has_schema_privilege('pg_catalog', 'CREATE'), has_schema_privilege('catpriv_u', 'public', 'CREATE'), has_schema_privilege('catpriv_u', 'public', 'USAGE');
SELECT has_schema_privilege((SELECT oid FROM pg_namespace WHERE nspname = 'public'), 'CREATE');
SELECT has_table_privilege(12345::OID, 'direct', 'SELECT'), has_language_privilege(12345::OID, 12345::OID, 'USAGE');
SELECT has_language_privilege('catpriv_none', 12345, 'USAGE');
DROP SEQUENCE seq;
DROP TABLE nobody, direct, by_role;
DROP USER catpriv_u;
DROP ROLE catpriv_r;
