-- crdb_internal.
CREATE TABLE p (a INT PRIMARY KEY, b STRING NOT NULL DEFAULT 'x', c INT, UNIQUE INDEX u (b) STORING (c));
CREATE TABLE q (id INT, a INT REFERENCES p (a), c DECIMAL, INDEX (c DESC));
CREATE VIEW w AS SELECT b FROM p;
CREATE SEQUENCE s;
SELECT name, version, state, audit_mode, schema_name, format_version, drop_time IS NULL
  FROM crdb_internal.tables WHERE database_name = 'catalog_crdb' ORDER BY name;
DROP SEQUENCE s;
SELECT database_name, descriptor_type, descriptor_name, create_statement, state, create_nofks,
       alter_statements, validate_statements
  FROM crdb_internal.create_statements WHERE schema_name = 'public' ORDER BY descriptor_name;
SELECT descriptor_name, column_id, column_name, column_type, nullable, default_expr, hidden
  FROM crdb_internal.table_columns WHERE descriptor_name IN ('p', 'q') ORDER BY 1, 2;
SELECT descriptor_name, index_id, index_name, index_type, is_unique, is_inverted
  FROM crdb_internal.table_indexes ORDER BY 1, 2;
SELECT descriptor_name, index_name, column_type, column_name, column_direction
  FROM crdb_internal.index_columns ORDER BY 1, 2, 3, 4;
SELECT descriptor_name, dependson_type, dependson_name FROM crdb_internal.backward_dependencies
 ORDER BY 1, 2;
SELECT descriptor_name, dependedonby_type, dependedonby_name, dependedonby_details
  FROM crdb_internal.forward_dependencies ORDER BY 1, 2;
SELECT count(*) FROM crdb_internal.schema_changes, crdb_internal.leases;
SELECT field FROM crdb_internal.node_build_info ORDER BY 1;
SELECT variable, type, public FROM crdb_internal.cluster_settings
 WHERE variable IN ('cluster.organization', 'kv.range_merge.queue_enabled') ORDER BY 1;
SELECT variable, value FROM crdb_internal.session_variables WHERE variable = 'database';
SELECT function, signature FROM crdb_internal.builtin_functions WHERE function = 'lower';
SELECT query FROM crdb_internal.node_queries WHERE query LIKE '%node_queries%';
SELECT user_name, active_queries FROM crdb_internal.node_sessions
 WHERE active_queries LIKE '%node_sessions%';
SELECT * FROM crdb_internal.nope;
SHOW CREATE TABLE crdb_internal.table_indexes;
-- Zones.
ALTER TABLE p CONFIGURE ZONE USING gc.ttlseconds = 600, num_replicas = 1;
ALTER INDEX p@u CONFIGURE ZONE USING gc.ttlseconds = 60;
SELECT subzone_id, target, database_name, table_name, index_name, raw_config_yaml, raw_config_sql,
       full_config_sql
  FROM crdb_internal.zones WHERE database_name = 'catalog_crdb' ORDER BY 1;
SELECT range_name, target FROM crdb_internal.zones WHERE range_name = 'default';
-- Partitions.
CREATE TABLE pt (r STRING, k INT, PRIMARY KEY (r, k)) PARTITION BY LIST (r) (
    PARTITION east VALUES IN ('a', 'b'), PARTITION rest VALUES IN (DEFAULT));
SELECT name, columns, column_names, list_value, range_value FROM crdb_internal.partitions ORDER BY 1;
