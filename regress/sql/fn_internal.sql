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
