-- EXPORT INTO CSV: files of a query, a row for each.
\set VERBOSITY verbose
CREATE TABLE t (a INT PRIMARY KEY, b STRING, c DECIMAL, d INT[], e TIMESTAMP, f BYTES, g BOOL, h JSONB);
INSERT INTO t VALUES (1, 'x,"y"', 1.50, ARRAY[1, NULL], '2020-01-01', '\x0061', true, '{"a": 1}');
INSERT INTO t (a, b, c) VALUES (2, ' lead', 2), (3, e'nl\nx', NULL), (4, '', NULL), (5, 'a|b', NULL), (6, '\.', NULL);
EXPORT INTO CSV 'userfile://export_csv.public.f/plain' FROM SELECT a, a::FLOAT / 2 FROM t ORDER BY a;
EXPORT INTO CSV 'userfile://export_csv.public.f/all' WITH nullas = 'NIL', delimiter = '|' FROM TABLE t;
EXPORT INTO CSV 'userfile://export_csv.public.f/cut' WITH nullas = '', chunk_rows = '4' FROM SELECT * FROM t ORDER BY a;
-- how small they get is libdeflate's to say
\o /dev/null
EXPORT INTO CSV 'userfile://export_csv.public.f/zip' WITH compression = gzip, chunk_rows = '40000' FROM SELECT i, 'x' FROM generate_series(1, 100000) AS g(i);
\o
SELECT filename, convert_from(payload, 'utf8') FROM f_upload_files JOIN f_upload_payload USING (file_id) WHERE filename NOT LIKE '%zip/%' ORDER BY filename;
SELECT filename, substring(payload, 1, 3) FROM f_upload_files JOIN f_upload_payload USING (file_id) WHERE filename LIKE '%zip/%' AND byte_offset = 0 ORDER BY filename;
-- nothing is left of a file that was not finished
EXPORT INTO CSV 'userfile://export_csv.public.f/nul' FROM TABLE t;
EXPORT INTO CSV 'userfile://export_csv.public.f/err' FROM SELECT a, 1 / (a - 3) FROM t ORDER BY a;
EXPORT INTO CSV 'userfile://export_csv.public.f/no' FROM SELECT * FROM t WHERE false;
SELECT filename FROM f_upload_files WHERE filename LIKE '%nul/%' OR filename LIKE '%err/%' OR filename LIKE '%no/%';
PREPARE e AS EXPORT INTO CSV $1 WITH nullas = $2 FROM SELECT b, c FROM t WHERE a = $3;
EXECUTE e('userfile://export_csv.public.f/prep', 'N', 4);
SELECT convert_from(payload, 'utf8') FROM f_upload_files JOIN f_upload_payload USING (file_id) WHERE filename LIKE '%prep/%';
-- refused
EXPORT INTO CSV :'dest' WITH compression = snappy FROM TABLE t;
EXPORT INTO CSV :'dest' WITH bad = 'x' FROM TABLE t;
EXPORT INTO CSV :'dest' WITH chunk_rows = '0' FROM TABLE t;
EXPORT INTO CSV :'dest' WITH chunk_rows = 'x' FROM TABLE t;
EXPORT INTO CSV :'dest' WITH chunk_rows = '99999999999999999999' FROM TABLE t;
EXPORT INTO CSV :'dest' WITH delimiter = 'xx' FROM TABLE t;
EXPORT INTO CSV :'dest' WITH delimiter FROM TABLE t;
EXPORT INTO PARQUET :'dest' FROM TABLE t;
EXPORT INTO CSV :'dest' FROM SELECT * FROM nope;
EXPORT INTO CSV 'nosuch://x/foo' FROM TABLE t;
BEGIN;
EXPORT INTO CSV :'dest' FROM TABLE t;
ROLLBACK;
