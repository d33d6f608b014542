-- pg_catalog: rows that drivers and tools read. OIDs differ from run to run: joined, not shown.
CREATE TABLE p (a INT, b STRING, c DECIMAL(8,3) DEFAULT 1.5, PRIMARY KEY (a DESC, b), UNIQUE (c, a));
CREATE TABLE q (id INT PRIMARY KEY, a INT, b STRING, d DATE NOT NULL,
    FOREIGN KEY (a, b) REFERENCES p (a, b) MATCH FULL ON UPDATE SET NULL,
    CHECK (id > 0), CHECK (d > '2000-01-01'), INDEX qd (d) STORING (b), FAMILY (id, a, b, d));
CREATE VIEW w AS SELECT id, d FROM q;
CREATE SEQUENCE s MINVALUE 3 MAXVALUE 99 INCREMENT 3;
CREATE TABLE rowid_key (v INT);
COMMENT ON TABLE q IS 'comment of q';
COMMENT ON COLUMN q.d IS 'comment of d';
COMMENT ON INDEX q@qd IS 'comment of qd';

SELECT c.relname, c.relkind, c.relnatts, c.relchecks, c.relhasindex, c.relhaspkey, c.relpersistence,
       c.relam = am.oid AS am, n.nspname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_am am ON am.amname = 'prefix'
 WHERE n.nspname = 'public' ORDER BY 1, 2, 3;
SELECT c.relname, a.attnum, a.attname, t.typname, a.attlen, a.atttypmod, a.attnotnull, a.atthasdef,
       format_type(a.atttypid, a.atttypmod)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public' ORDER BY c.relkind DESC, 1, 2;
SELECT c.relname, d.adnum, d.adsrc, pg_get_expr(d.adbin, d.adrelid)
  FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid ORDER BY 1, 2;
SELECT t.relname, i.relname, x.indnatts, x.indisunique, x.indisprimary, x.indisvalid, x.indkey,
       x.indoption, pg_get_indexdef(x.indexrelid), pg_get_indexdef(x.indexrelid, 1, false)
  FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
 ORDER BY 1, 2;
SELECT schemaname, tablename, indexname, indexdef FROM pg_indexes ORDER BY 1, 2, 3;
SELECT t.relname, k.conname, k.contype, k.convalidated, k.conkey, k.confkey, k.confupdtype,
       k.confdeltype, k.confmatchtype, k.consrc, pg_get_constraintdef(k.oid), f.relname, i.relname
  FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
  LEFT JOIN pg_class f ON f.oid = k.confrelid LEFT JOIN pg_class i ON i.oid = k.conindid
 ORDER BY 1, 2;
SELECT schemaname, tablename, hasindexes FROM pg_tables WHERE schemaname = 'public' ORDER BY 2;
SELECT * FROM pg_views ORDER BY 2;
SELECT c.relname, s.seqstart, s.seqincrement, s.seqmin, s.seqmax
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid;
SELECT k.conname, i.relname, d.deptype
  FROM pg_depend d JOIN pg_constraint k ON k.oid = d.objid JOIN pg_class i ON i.oid = d.refobjid;
SELECT v.relname, t.relname, a.attname
  FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
  JOIN pg_class t ON t.oid = d.refobjid
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid ORDER BY 1, 2, 3;
SELECT c.relname, d.objsubid, d.description
  FROM pg_description d JOIN pg_class c ON c.oid = d.objoid
  JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' ORDER BY 1, 2;
SELECT obj_description('q'::REGCLASS), obj_description('q'::REGCLASS, 'pg_class'),
       col_description('q'::REGCLASS, 4), col_description('q'::REGCLASS, 1);
SELECT count(*) FROM pg_catalog.pg_description WHERE description LIKE '%incomplete%' AND objsubid <> 0;

-- Types.
SELECT oid, typname, typlen, typbyval, typtype, typcategory, typelem, typarray, typinput, typoutput
  FROM pg_type ORDER BY oid;
SELECT t.typname, e.typname FROM pg_type t JOIN pg_type e ON e.oid = t.typelem
 WHERE t.typname IN ('_int8', '_text', 'int2vector') ORDER BY 1;

-- Names and OIDs.
SELECT 'p'::REGCLASS, 'public.q'::REGCLASS, 'pg_class'::REGCLASS, 'pg_catalog.pg_type'::REGCLASS;
SELECT c.oid::REGCLASS, c.relnamespace::REGNAMESPACE FROM pg_class c WHERE c.relname = 'qd';
SELECT 'int'::REGTYPE, 'pg_catalog.text'::REGTYPE, 'public'::REGNAMESPACE, 'lower'::REGPROC,
       'lower'::REGPROC::OID::REGPROC, 'pg_catalog.trigger'::REGTYPE = 0;
SELECT 'length'::REGPROC;
SELECT 'substring_index'::REGPROC;
SELECT 'sqrt(double precision)'::REGPROCEDURE = 0;
SELECT 'array_in(cstring,oid,integer)'::REGPROCEDURE;
SELECT 'nope'::REGCLASS;
SELECT 'nope'::REGTYPE;
SELECT 'nope'::REGNAMESPACE;
SELECT pg_table_is_visible('p'::REGCLASS), pg_table_is_visible('pg_class'::REGCLASS),
       pg_table_is_visible('information_schema.tables'::REGCLASS), pg_table_is_visible(99999);
SELECT pg_get_viewdef('w'::REGCLASS), pg_get_viewdef('p'::REGCLASS);
SELECT pg_get_userbyid(oid) = rolname FROM pg_roles ORDER BY rolname LIMIT 1;

-- Functions, operators, settings.
SELECT proname, pronargs, prorettype::REGTYPE, proisagg, proiswindow, proretset, provolatile,
       pg_get_function_arguments(oid), pg_get_function_result(oid)
  FROM pg_proc WHERE proname IN ('lower', 'row_number', 'bool_and', 'int8in') ORDER BY 1, 8;
SELECT oprname, oprleft::REGTYPE, oprright::REGTYPE, oprresult::REGTYPE FROM pg_operator
 WHERE oprname = '#>>';
SELECT name, setting FROM pg_settings WHERE name IN ('server_version', 'search_path') ORDER BY 1;
SELECT datname, encoding, datcollate, datallowconn FROM pg_database
 WHERE datname IN ('defaultdb', 'postgres', 'system', 'catalog_pg') ORDER BY 1;
SELECT nspname FROM pg_namespace ORDER BY 1;
SELECT rolname, rolsuper, rolcanlogin FROM pg_roles WHERE rolname IN ('root', 'admin') ORDER BY 1;
SELECT r.rolname, m.rolname FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid
  JOIN pg_roles m ON m.oid = a.member WHERE m.rolname = 'root';
SELECT spcname FROM pg_tablespace;
PREPARE cat_pg AS SELECT $1::INT;
SELECT name, from_sql FROM pg_prepared_statements;

-- Known and unknown names.
SELECT count(*) FROM pg_catalog.pg_policy, pg_inherits, pg_publication, pg_trigger;
SELECT relrowsecurity, relispartition FROM pg_class WHERE relname = 'p';
SELECT * FROM pg_catalog.pg_statistic;
SELECT count(*) FROM pg_amop, pg_amproc, pg_event_trigger, pg_largeobject_metadata, pg_user_mappings;
SELECT proname, provariadic, proargtypes, proargmodes, proisstrict, provolatile, prokind FROM pg_proc
 WHERE proname IN ('least', 'json_extract_path', 'concat_ws', 'rank') ORDER BY 1;
SELECT oid, oprname, oid::regoperator FROM pg_operator WHERE oprname = '+' AND oprleft = 701 AND oprright = 701;
SELECT '-(NONE,bigint)'::regoperator, 12::regoperator;
SELECT '@(bigint)'::regoperator;
SELECT '<(text,text)'::regoperator::oid = oid FROM pg_operator WHERE oprname = '<' AND oprleft = 25;
CREATE TABLE has_operator (o REGOPERATOR);
SELECT typname, typlen, typbyval, typcollation > 0, typinput FROM pg_type
 WHERE typname IN ('char', 'oid', 'date', 'time', 'timetz', 'timestamptz', 'interval', 'inet', 'uuid', 'record',
   'unknown', 'anyarray', 'anyelement', 'jsonb', 'int2', '_text') ORDER BY oid;
SELECT pg_tablespace_size(0) > 0, pg_tablespace_size(1);

-- Partners of a hash join come in the order of their side.
CREATE TABLE left_side (k INT PRIMARY KEY, v INT);
CREATE TABLE right_side (k INT PRIMARY KEY, v INT);
INSERT INTO left_side VALUES (1, 7), (2, 7), (3, 8);
INSERT INTO right_side SELECT g, 7 + g % 2 FROM generate_series(1, 1000) AS g (g);
SELECT array_agg(k) FROM (SELECT r.k FROM left_side l JOIN right_side r ON l.v = r.v WHERE l.k = 1 LIMIT 5);

-- Nobody changes what the server makes up.
ALTER TABLE information_schema.tables RENAME TO information_schema.bad;
ALTER TABLE pg_catalog.pg_class ADD COLUMN x DECIMAL;
ALTER TABLE information_schema.tables RENAME COLUMN x TO y;
CREATE INDEX i ON information_schema.tables (x);
DROP INDEX information_schema.tables@i;
DROP TABLE crdb_internal.jobs;
TRUNCATE crdb_internal.jobs;
REVOKE SELECT ON crdb_internal.jobs FROM root;
COMMENT ON TABLE pg_catalog.pg_class IS 'x';
SELECT * FROM information_schema.triggers;
SELECT * FROM pg_catalog.nope;
INSERT INTO pg_class (oid) VALUES (1);
SHOW CREATE TABLE pg_catalog.pg_namespace;
SHOW CONSTRAINTS FROM q;

-- The queries of drivers.
SELECT t.oid, t.typname, t.typelem FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem
 WHERE t.typname = 'int8' OR e.typname = 'int8' ORDER BY 1;
SELECT a.attname FROM pg_index i, pg_attribute a, generate_series(1, 32) AS g (pos)
 WHERE i.indrelid = 'p'::REGCLASS AND i.indisprimary AND a.attrelid = i.indrelid
   AND a.attnum = i.indkey[g.pos - 1] ORDER BY g.pos;
SELECT a.attname, ix.n FROM (SELECT i.indrelid, (information_schema._pg_expandarray(i.indkey)).x,
       (information_schema._pg_expandarray(i.indkey)).n FROM pg_index i
 WHERE i.indrelid = 'p'::REGCLASS AND i.indisprimary) ix
  JOIN pg_attribute a ON a.attrelid = ix.indrelid AND a.attnum = ix.x ORDER BY 2;

-- Vectors are of the catalogs alone; what only newer clients ask for is in no list.
CREATE TABLE vectors (a INT2VECTOR);
CREATE TABLE vectors (a OIDVECTOR);
SELECT count(*) FROM pg_catalog.pg_policy;
SELECT table_name FROM information_schema.tables WHERE table_name = 'pg_policy';
SELECT 'pg_class'::REGCLASS::OID, 'pg_constraint'::REGCLASS::OID;
SELECT pg_database_size(1::OID) > 0, pg_database_size('nope');
SELECT pg_char_to_encoding('UTF8'), pg_char_to_encoding('LATIN1');
SELECT '"nope".pg_class'::REGCLASS;
SELECT ' "nope" '::REGCLASS;
SELECT 'Nope'::REGCLASS;

-- Vectors count from 0; the query by which Rails finds primary keys.
SELECT generate_subscripts('{5,6}'::INT2VECTOR, 1), generate_subscripts('{5,6}'::OIDVECTOR, 1, true), array_lower('{5,6}'::INT2VECTOR, 1), array_upper('{5,6}'::INT2VECTOR, 1), array_length('{5,6}'::INT2VECTOR, 1), ('{5,6}'::INT2VECTOR)[0];
CREATE TABLE keyed (a INT, b INT, c INT, PRIMARY KEY (c, a));
SELECT a.attname FROM (SELECT indrelid, indkey, generate_subscripts(indkey, 1) AS idx FROM pg_index
 WHERE indrelid = '"keyed"'::regclass AND indisprimary) i
 JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[i.idx] ORDER BY i.idx;
SELECT * FROM pg_options_to_table(ARRAY['a=1', 'b', 'c=x=y', 'd=', NULL]);
