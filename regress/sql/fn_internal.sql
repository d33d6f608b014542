\a
\t
\set VERBOSITY verbose
-- errors on purpose
SELECT crdb_internal.force_error('22012', 'text');
SELECT crdb_internal.force_assertion_error('text');
SELECT crdb_internal.force_panic('text');
SELECT crdb_internal.force_log_fatal('text');
SELECT crdb_internal.set_vmodule(''), crdb_internal.set_vmodule('a=1,b=2');
SELECT crdb_internal.set_vmodule('=1');
SELECT crdb_internal.set_vmodule('a=x');
-- keys and consistency
SELECT crdb_internal.encode_key(4, 1, ('a',));
SELECT crdb_internal.encode_key(4, 1, ('a', 'b'));
SELECT range_id, start_key, status FROM crdb_internal.check_consistency(true, '', '');
SELECT range_id, start_key, status FROM crdb_internal.check_consistency(false, '\xc0', '\xc1');
SELECT crdb_internal.check_consistency(true, '\x01', '');
SELECT crdb_internal.check_consistency(true, '\x04', '\x03');
-- known by name only
SELECT final_variance(1, 1, 1);
SELECT json_to_recordset('[]');
SELECT jsonb_path_query('{}', '$');
SELECT concat_ws();
-- a locale of a column is checked when the table is made
CREATE TABLE fn_internal (a STRING COLLATE nope);
CREATE TABLE fn_internal (a STRING COLLATE en_nope);
-- names of functions and types with what stands behind them
SELECT 'upper(int)'::REGPROC, ' upper ( string , "x" ) '::REGPROCEDURE, 'pg_catalog.upper(int)'::REGPROC;
SELECT 'blah (ignored, ignored)'::REGPROCEDURE;
SELECT 'blah(, )'::REGPROC;
SELECT 'a.b.c.d'::REGPROC;
SELECT 'numeric(10,3)'::REGTYPE, 'varchar( 10 )'::REGTYPE, 'VARCHAR'::REGTYPE, '"char"'::REGTYPE::OID, 'char'::REGTYPE::OID, 'int[]'::REGTYPE, '_text'::REGTYPE;
SELECT 'blah(1)'::REGTYPE;

-- what force_error is given need not be a SQLSTATE
SELECT crdb_internal.force_error('FOOBARBAZ', 'odd code');
SELECT iferror(crdb_internal.force_error('FOOBARBAZ', 'odd code'), -1, 'FOOBARBAZ');
SELECT crdb_internal.force_error('', 'no code');
-- a field that is none, and those behind it
SELECT crdb_internal.pretty_key(b'\xa8\x2a\x00\x91\x8e\xd9', -1), crdb_internal.pretty_key(b'\xa8\x2a', -1);
