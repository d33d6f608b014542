-- A database goes out, is lost, and comes back the same.
CREATE DATABASE bk;
CREATE TABLE bk.t (k INT PRIMARY KEY, v STRING, d DECIMAL(10,2), UNIQUE INDEX v_uq (v), INDEX d_idx (d DESC) STORING (v), FAMILY a (k, v), FAMILY b (d));
INSERT INTO bk.t VALUES (1, 'one', 1.5), (2, 'two', NULL), (3, NULL, -3.25);
CREATE TABLE bk.empty (k INT PRIMARY KEY);
DELETE FROM bk.t WHERE k = 2;
SHOW EXPERIMENTAL_FINGERPRINTS FROM TABLE bk.t;
\a
BACKUP DATABASE bk TO :'dest';
BACKUP DATABASE bk TO :'dest';
\a
SELECT database_name, table_name, size_bytes, rows, is_full_cluster FROM [SHOW BACKUP :'dest'] ORDER BY end_time, table_name;
DROP DATABASE bk CASCADE;
RESTORE DATABASE nope FROM :'dest';
\a
RESTORE DATABASE bk FROM :'dest';
\a
SHOW EXPERIMENTAL_FINGERPRINTS FROM TABLE bk.t;
SELECT * FROM bk.t ORDER BY k;
SELECT k, d FROM bk.t@d_idx ORDER BY k;
SHOW CREATE TABLE bk.t;
SELECT count(*) FROM bk.empty;
RESTORE DATABASE bk FROM :'dest';
RESTORE bk.t FROM :'dest';
CREATE DATABASE other;
RESTORE bk.t FROM :'dest' WITH into_db = 'nope';
RESTORE DATABASE bk FROM :'dest' WITH into_db = 'other';
RESTORE bk.t FROM :'dest' WITH foo;
RESTORE bk.t FROM :'dest' WITH into_db;
\a
RESTORE bk.t FROM :'dest' WITH into_db = 'other';
\a
SELECT count(*) FROM other.t;
DROP DATABASE bk CASCADE;
DROP DATABASE other CASCADE;
SELECT job_type, status, fraction_completed, error FROM [SHOW JOBS] WHERE job_type IN ('BACKUP', 'RESTORE') AND description LIKE '%DATABASE bk %' ORDER BY job_id;
-- what PREPARE tells before anything runs
PREPARE p1 (INT) AS BACKUP DATABASE bk TO $1;
PREPARE p1 (INT) AS BACKUP DATABASE bk TO 'x' INCREMENTAL FROM $1;
PREPARE p1 (STRING, INT) AS BACKUP DATABASE bk TO $1 WITH encryption_passphrase = $2;
PREPARE p1 AS BACKUP DATABASE bk TO $1 WITH foo = $2;
PREPARE p1 AS BACKUP DATABASE bk TO $1 WITH revision_history = $2;
PREPARE p1 (INT) AS RESTORE DATABASE bk FROM 'x', ($1, 'y');
PREPARE p1 (INT) AS RESTORE bk.t FROM 'x' WITH into_db = $1;
PREPARE p1 AS RESTORE bk.t FROM 'x' WITH into_db;
PREPARE p1 (INT) AS SHOW BACKUP $1;
PREPARE p1 (INT) AS ATTACH BACKUP $1 AS bka;
