-- What amberdb has beyond v20.1: collections, detached, check_files, schema_only, verify, new_db_name.
CREATE DATABASE bm;
CREATE TABLE bm.t (k INT PRIMARY KEY, v STRING, INDEX (v));
INSERT INTO bm.t SELECT g, 'v' || g::STRING FROM generate_series(1, 100) AS g;
CREATE SEQUENCE bm.sq;
SELECT nextval('bm.sq'), nextval('bm.sq');
CREATE VIEW bm.w AS SELECT k FROM bm.t WHERE v > 'v5';
\a
\set coll :dest '/coll'
-- a collection
SHOW BACKUPS IN :'coll';
RESTORE DATABASE bm FROM LATEST IN :'coll';
BACKUP DATABASE bm INTO LATEST IN :'coll';
BACKUP DATABASE bm INTO :'coll';
DELETE FROM bm.t WHERE k > 50;
BACKUP DATABASE bm INTO LATEST IN :'coll';
SELECT count(*), min(path) ~ '^/\d{4}/\d{2}/\d{2}-\d{6}\.\d{2}$' FROM [SHOW BACKUPS IN :'coll'];
SELECT path AS first FROM [SHOW BACKUPS IN :'coll'] \gset
SELECT table_name, start_time IS NULL AS is_full, rows FROM [SHOW BACKUP LATEST IN :'coll'] ORDER BY end_time, table_name;
SELECT count(*) FROM [SHOW BACKUP :'first' IN :'coll'];
UPDATE bm.t SET v = 'second' WHERE k = 1;
BACKUP DATABASE bm INTO :'coll';
BACKUP DATABASE bm INTO :'first' IN :'coll';
BACKUP DATABASE bm INTO '2001/01/01-000000.00' IN :'coll';
SELECT count(*) FROM [SHOW BACKUPS IN :'coll'];
SHOW BACKUP '../x' IN :'coll';
RESTORE DATABASE bm FROM LATEST IN :'coll' WITH new_db_name = 'bm_latest';
RESTORE DATABASE bm FROM :'first' IN :'coll' WITH new_db_name = 'bm_first';
SELECT count(*), min(v) FROM bm_latest.t;
SELECT count(*), min(v) FROM bm_first.t;
SELECT count(*) FROM bm_first.w;
SELECT create_statement FROM [SHOW CREATE VIEW bm_first.w];
SELECT nextval('bm_first.sq');
-- a new name
\set one :dest '/one'
BACKUP DATABASE bm TO :'one';
RESTORE DATABASE bm FROM :'one';
RESTORE DATABASE bm FROM :'one' WITH new_db_name = 'bm_first';
RESTORE DATABASE bm FROM :'one' WITH new_db_name;
RESTORE bm.t FROM :'one' WITH new_db_name = 'x';
-- files
SELECT count(*) FROM [SHOW BACKUP :'one' WITH check_files];
SHOW BACKUP :'one' WITH check_files = 'x';
-- the schema alone
RESTORE DATABASE bm FROM :'one' WITH schema_only, new_db_name = 'bm_schema';
SELECT count(*) FROM bm_schema.t;
SELECT count(*) FROM bm_schema.t@t_v_idx;
SELECT nextval('bm_schema.sq');
INSERT INTO bm_schema.t VALUES (1, 'a');
-- reading alone
RESTORE DATABASE bm FROM :'one' WITH verify_backup_table_data;
RESTORE bm.t FROM :'one' WITH verify_backup_table_data;
RESTORE DATABASE bm FROM :'one' WITH schema_only, verify_backup_table_data, new_db_name = 'bm_checked';
SELECT count(*) FROM bm_checked.t;
SELECT count(*) FROM [SHOW DATABASES] WHERE database_name LIKE 'bm%';
-- in the background
\set two :dest '/two'
BACKUP DATABASE bm TO :'two' WITH detached;
SELECT status FROM [SHOW JOBS WHEN COMPLETE SELECT job_id FROM [SHOW JOBS] WHERE description LIKE '%backup_more/two%'];
RESTORE DATABASE bm FROM :'two' WITH detached, new_db_name = 'bm_two';
SELECT status, description FROM [SHOW JOBS WHEN COMPLETE SELECT job_id FROM [SHOW JOBS] WHERE description LIKE '%bm_two%'];
SELECT count(*) FROM bm_two.t;
-- both
BACKUP DATABASE bm TO :'two' WITH detached = 'x';
\set three :dest '/three'
BACKUP DATABASE bm INTO :'three' WITH encryption_passphrase = 'p', revision_history;
RESTORE DATABASE bm FROM LATEST IN :'three' WITH encryption_passphrase = 'p', new_db_name = 'bm_three';
SELECT count(*) FROM bm_three.t;
DROP DATABASE bm CASCADE;
DROP DATABASE bm_latest CASCADE;
DROP DATABASE bm_first CASCADE;
DROP DATABASE bm_schema CASCADE;
DROP DATABASE bm_checked CASCADE;
DROP DATABASE bm_two CASCADE;
DROP DATABASE bm_three CASCADE;
