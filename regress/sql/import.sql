-- IMPORT: formats, options, columns, errors
\copy crdb_internal.file_upload FROM PROGRAM 'printf "1,one,1.5\n2,\"two, \"\"quoted\"\"\",2.5\n\n3,,3\r\n"' WITH destination = 'import/a.csv'
\copy crdb_internal.file_upload FROM PROGRAM 'printf "4,four,4.5,\n5,\"fi\nve\",x\n"' WITH destination = 'import/b.csv'
\copy crdb_internal.file_upload FROM PROGRAM 'printf "id,p\n# no row\n5,1\n6,99\n"' WITH destination = 'import/k.csv'
\copy crdb_internal.file_upload FROM PROGRAM 'printf "1|\"a|b\"|NULL\n2|x\\\\|y|\"NULL\"\n3|\\\\N|\\\\n\\\\t\\\\\\\\\n4|a\"b|\"q\"\"q\""' WITH destination = 'import/m.txt'
\copy crdb_internal.file_upload FROM PROGRAM 'printf "1;NULL;b~2;NULLs;c~"' WITH destination = 'import/n.txt'
\copy crdb_internal.file_upload FROM PROGRAM 'printf "1\t\\\\N\tx\\\\ty\n2\ta\\\\\\\\b\t\\\\x41\n\\\\.\njunk\n"' WITH destination = 'import/p.txt'
\copy crdb_internal.file_upload FROM PROGRAM 'printf "CREATE TABLE z (a INT PRIMARY KEY, b STRING, c STRING)"' WITH destination = 'import/z.sql'
\copy crdb_internal.file_upload FROM PROGRAM 'printf "SELECT 1"' WITH destination = 'import/select.sql'
\copy crdb_internal.file_upload FROM PROGRAM 'printf "a\302\247b\n\302\247c\n"' WITH destination = 'import/section.csv'
\set VERBOSITY terse

-- a new table
IMPORT TABLE t (a INT PRIMARY KEY, b STRING, c DECIMAL, INDEX (b)) CSV DATA ('nodelocal://1/import/a.csv') \g |cut -d'|' -f2-5
SELECT * FROM t ORDER BY a;
SELECT b FROM t@t_b_idx ORDER BY b;
SHOW CREATE TABLE t;
IMPORT TABLE t (a INT PRIMARY KEY) CSV DATA ('nodelocal://1/import/a.csv');
IMPORT TABLE nodb.public.t (a INT PRIMARY KEY) CSV DATA ('nodelocal://1/import/a.csv');
-- a file that fails leaves nothing
IMPORT TABLE u (a INT PRIMARY KEY, b STRING, c DECIMAL) CSV DATA ('nodelocal://1/import/a.csv', 'nodelocal://1/import/b.csv');
SELECT * FROM u;
IMPORT TABLE u (a INT PRIMARY KEY, b STRING, c STRING) CSV DATA ('nodelocal://1/import/a.csv', 'nodelocal://1/import/b.csv') WITH nullif = '' \g |cut -d'|' -f2-5
SELECT a, b, b IS NULL, c FROM u ORDER BY a;
-- defaults, computed columns, rowid
IMPORT TABLE w (a INT, b STRING, c STRING, d STRING AS (b || c) STORED) CSV DATA ('nodelocal://1/import/a.csv') \g |cut -d'|' -f2-5
SELECT * FROM w ORDER BY a;
SELECT count(DISTINCT rowid) FROM w;
ALTER TABLE w ALTER COLUMN c SET DEFAULT 'none';
IMPORT INTO w (a, b) CSV DATA ('nodelocal://1/import/k.csv') WITH skip = '1', comment = '#' \g |cut -d'|' -f2-5
SELECT * FROM w WHERE c = 'none' ORDER BY a;

-- into one that has rows
IMPORT INTO t CSV DATA ('nodelocal://1/import/b.csv');
IMPORT INTO t CSV DATA ('nodelocal://1/import/a.csv');
IMPORT INTO t (a, b) CSV DATA ('nodelocal://1/import/a.csv');
IMPORT INTO t (a, nope) CSV DATA ('nodelocal://1/import/a.csv');
IMPORT INTO t (a, a) CSV DATA ('nodelocal://1/import/a.csv');
IMPORT INTO t (b, c) CSV DATA ('nodelocal://1/import/a.csv');
IMPORT INTO nope CSV DATA ('nodelocal://1/import/a.csv');
CREATE VIEW tv AS SELECT a FROM t;
IMPORT INTO tv CSV DATA ('nodelocal://1/import/a.csv');
DROP VIEW tv;
SELECT count(*) FROM t;
-- checks hold; keys are to be validated
CREATE TABLE ch (id INT PRIMARY KEY, p INT REFERENCES t, CHECK (id > 2));
IMPORT INTO ch CSV DATA ('nodelocal://1/import/k.csv') WITH skip = '1', comment = '#' \g |cut -d'|' -f2-5
SELECT * FROM ch ORDER BY id;
SELECT constraint_name, validated FROM [SHOW CONSTRAINTS FROM ch] ORDER BY 1;
ALTER TABLE ch VALIDATE CONSTRAINT fk_p_ref_t;
CREATE TABLE ch2 (id INT PRIMARY KEY, p INT NOT NULL, CHECK (p < 50));
IMPORT INTO ch2 CSV DATA ('nodelocal://1/import/k.csv') WITH skip = '1', comment = '#';
SELECT * FROM ch2;

-- other formats
IMPORT TABLE z CREATE USING 'nodelocal://1/import/z.sql' DELIMITED DATA ('nodelocal://1/import/m.txt')
    WITH fields_terminated_by = '|', fields_enclosed_by = '"', fields_escaped_by = '\' \g |cut -d'|' -f2-5
SELECT a, b, b IS NULL, c, c = e'\n\t\\' FROM z ORDER BY a;
IMPORT INTO z DELIMITED DATA ('nodelocal://1/import/n.txt') WITH fields_terminated_by = ';', rows_terminated_by = '~';
DELETE FROM z;
IMPORT INTO z DELIMITED DATA ('nodelocal://1/import/n.txt') WITH fields_terminated_by = ';', rows_terminated_by = '~' \g |cut -d'|' -f2-5
SELECT a, b, b IS NULL, c FROM z ORDER BY a;
DROP TABLE z;
IMPORT TABLE z CREATE USING 'nodelocal://1/import/z.sql' PGCOPY DATA ('nodelocal://1/import/p.txt') \g |cut -d'|' -f2-5
SELECT a, b, b IS NULL, c::BYTES FROM z ORDER BY a;
IMPORT TABLE z2 CREATE USING 'nodelocal://1/import/z.sql' PGCOPY DATA ('nodelocal://1/import/p.txt');
IMPORT TABLE z2 CREATE USING 'nodelocal://1/import/select.sql' PGCOPY DATA ('nodelocal://1/import/p.txt');
IMPORT TABLE z2 (a INT, b STRING, c STRING) PGCOPY DATA ('nodelocal://1/import/p.txt') WITH max_row_size = '3B';
IMPORT TABLE s (a STRING, b STRING) CSV DATA ('nodelocal://1/import/section.csv') WITH delimiter = '§', nullif = '' \g |cut -d'|' -f2-5
SELECT a, a IS NULL, b FROM s ORDER BY b;

-- files
IMPORT TABLE v (x STRING) CSV DATA ('nodelocal://1/import/[ab].csv') WITH delimiter = '|' \g |cut -d'|' -f2-5
SELECT x FROM v ORDER BY x;
IMPORT INTO v CSV DATA ('nodelocal://1/import/q*.csv');
IMPORT INTO v CSV DATA ('nodelocal://1/import/[ab].csv') WITH disable_glob_matching;
IMPORT INTO v CSV DATA ('nodelocal://1/import/nope.csv');
IMPORT INTO v CSV DATA ('nodelocal://1/import/');
IMPORT INTO v CSV DATA ('workload:///csv/bank/bank?version=1.0.0');
SELECT count(*) FROM v;

-- options
IMPORT INTO v CSV DATA ('nodelocal://1/import/a.csv') WITH delimiter = '|', strict_quotes;
IMPORT INTO v CSV DATA ('nodelocal://1/import/a.csv') WITH foo;
IMPORT INTO v CSV DATA ('nodelocal://1/import/a.csv') WITH delimiter;
IMPORT INTO v CSV DATA ('nodelocal://1/import/a.csv') WITH delimiter = '||';
IMPORT INTO v CSV DATA ('nodelocal://1/import/a.csv') WITH comment = '##';
IMPORT INTO v CSV DATA ('nodelocal://1/import/a.csv') WITH skip = '-1';
IMPORT INTO v CSV DATA ('nodelocal://1/import/a.csv') WITH skip = 'x';
IMPORT INTO v CSV DATA ('nodelocal://1/import/a.csv') WITH rows_terminated_by = 'x';
IMPORT INTO v CSV DATA ('nodelocal://1/import/a.csv') WITH decompress = 'zip';
IMPORT INTO v CSV DATA ('nodelocal://1/import/a.csv') WITH sstsize = 'much';
IMPORT INTO v DELIMITED DATA ('nodelocal://1/import/a.csv') WITH fields_terminated_by = 'ab';
IMPORT INTO v XYZ DATA ('nodelocal://1/import/a.csv');
IMPORT MYSQLDUMP 'nodelocal://1/import/a.csv';
IMPORT PGDUMP 'nodelocal://1/import/select.sql';
IMPORT PGDUMP 'nodelocal://1/import/a.csv';
IMPORT PGDUMP 'nodelocal://1/import/z.sql' WITH delimiter = ',';
IMPORT INTO v AVRO DATA ('nodelocal://1/import/a.csv');

-- refused
IMPORT TABLE r (x STRING REFERENCES t (b)) CSV DATA ('nodelocal://1/import/a.csv');
IMPORT TABLE r (x STRING, FOREIGN KEY (x) REFERENCES t (b)) CSV DATA ('nodelocal://1/import/a.csv');
BEGIN; IMPORT INTO v CSV DATA ('nodelocal://1/import/a.csv'); ROLLBACK;
CREATE USER importer;
\c - importer
IMPORT INTO v CSV DATA ('nodelocal://1/import/a.csv');
\c - root
DROP USER importer;

-- with placeholders, and what the job says
PREPARE i AS IMPORT INTO v CSV DATA ($1) WITH delimiter = $2, detached;
DEALLOCATE i;
SELECT job_type, regexp_replace(description, '[a-z_]*\.public', 'DB.public'), status, error FROM [SHOW JOBS]
    WHERE job_type = 'IMPORT' AND description LIKE '%INTO ' || current_database() || '.%ch%' ORDER BY created;

-- lines that begin with an empty field, and are nothing else
\copy crdb_internal.file_upload FROM PROGRAM 'printf "\tx\n\t\n"' WITH destination = 'import/empty.txt'
IMPORT TABLE e (a STRING, b STRING) PGCOPY DATA ('nodelocal://1/import/empty.txt') \g |cut -d'|' -f2-5
SELECT a, a = '', b FROM e ORDER BY b;

-- a character whose last byte alone would be a quote
\copy crdb_internal.file_upload FROM PROGRAM 'printf "a\304\242b\n"' WITH destination = 'import/wide.csv'
IMPORT TABLE wide (a STRING, b STRING) CSV DATA ('nodelocal://1/import/wide.csv') WITH delimiter = 'Ģ' \g |cut -d'|' -f2-5
SELECT * FROM wide;
