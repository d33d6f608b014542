-- information_schema.
CREATE TABLE p (a INT, b STRING, c DECIMAL(8,3) DEFAULT 1.5, PRIMARY KEY (a DESC, b), UNIQUE (c, a));
CREATE TABLE q (id INT PRIMARY KEY, a INT, b STRING, d DATE NOT NULL, e VARCHAR(5), f FLOAT4,
    g INT[], h STRING COLLATE de, i TIMESTAMPTZ(3), j BIT(4), k INT2, l INT AS (id * 2) STORED,
    CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES p (a, b) MATCH FULL ON UPDATE SET NULL,
    CONSTRAINT ck CHECK (id > 0), INDEX qd (d) STORING (f));
CREATE VIEW w AS SELECT id, d FROM q;
CREATE SEQUENCE s MINVALUE 3 MAXVALUE 99 INCREMENT 3;
SELECT * FROM information_schema.schemata WHERE catalog_name = 'catalog_is' ORDER BY 2;
SELECT table_catalog, table_schema, table_name, table_type, is_insertable_into
  FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 3;
SELECT table_type, count(*) > 20 FROM information_schema.tables WHERE table_schema <> 'public'
 GROUP BY 1 ORDER BY 1;
\x on
SELECT * FROM information_schema.columns WHERE table_name = 'q' AND column_name = 'l';
\x off
SELECT table_name, column_name, ordinal_position, column_default, is_nullable, data_type,
       character_maximum_length, numeric_precision, numeric_scale, datetime_precision,
       collation_name, udt_name, is_hidden, crdb_sql_type
  FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 3;
SELECT * FROM information_schema.views ORDER BY 3;
SELECT * FROM information_schema.sequences ORDER BY 3;
SELECT table_name, non_unique, index_name, seq_in_index, column_name, direction, storing, implicit
  FROM information_schema.statistics ORDER BY 1, 3, 4;
SELECT regexp_replace(constraint_name, '^\d+_\d+_', 'N_N_') AS name, check_clause
  FROM information_schema.check_constraints ORDER BY 1, 2;
SELECT table_name, regexp_replace(constraint_name, '^\d+_\d+_', 'N_N_') AS name, constraint_type,
       is_deferrable, initially_deferred
  FROM information_schema.table_constraints ORDER BY 1, 2;
SELECT table_name, constraint_name, column_name, ordinal_position, position_in_unique_constraint
  FROM information_schema.key_column_usage ORDER BY 1, 2, 4;
SELECT constraint_name, table_name, column_name FROM information_schema.constraint_column_usage
 ORDER BY 1, 2, 3;
SELECT * FROM information_schema.referential_constraints ORDER BY 3;
SELECT grantee, table_name, privilege_type, with_hierarchy FROM information_schema.table_privileges
 WHERE table_schema = 'public' ORDER BY 1, 2, 3;
SELECT grantee, table_schema, privilege_type FROM information_schema.schema_privileges
 WHERE table_catalog = 'catalog_is' ORDER BY 1, 2, 3;
SELECT grantee, column_name, privilege_type FROM information_schema.column_privileges
 WHERE table_name = 'w' ORDER BY 1, 2, 3;
SELECT * FROM information_schema.applicable_roles ORDER BY 2;
SELECT * FROM information_schema.administrable_role_authorizations ORDER BY 2;
SELECT * FROM information_schema.enabled_roles ORDER BY 1;
SELECT count(*) FROM information_schema.routines, information_schema.parameters;
-- Another database, and all of them.
SELECT DISTINCT table_catalog FROM system.information_schema.tables;
SELECT table_catalog, table_name FROM "".information_schema.tables
 WHERE table_schema = 'public' AND table_catalog IN ('catalog_is', 'system')
   AND table_name IN ('p', 'users') ORDER BY 1;
SELECT count(*) FROM "".pg_catalog.pg_class;
SHOW TABLES FROM information_schema;
