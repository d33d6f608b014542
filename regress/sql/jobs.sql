-- PAUSE, RESUME and CANCEL JOB(S), SHOW JOB(S) in their forms; placeholders in statements of backups.
\a
CREATE TABLE t (k INT PRIMARY KEY, v STRING);
INSERT INTO t SELECT g, sha512(g::STRING) || sha512((-g)::STRING) FROM generate_series(1, 1500) AS g;
\set base :dest/base
\set slow :dest/slow
\set other :dest/other
CREATE VIEW mine AS SELECT job_id, job_type, description, status, error, fraction_completed FROM crdb_internal.jobs WHERE description LIKE '%/jobs/%';

-- placeholders: URIs and values of options
PREPARE b AS BACKUP TABLE t TO $1 WITH encryption_passphrase = $2;
EXECUTE b (:'base', 'secret') \gset b_
SELECT :'b_status', :b_rows;
PREPARE b2 (STRING, STRING, STRING) AS BACKUP TABLE t TO ($1, $2) INCREMENTAL FROM $3 WITH encryption_passphrase = 'secret';
EXECUTE b2 (:'other', :'slow', :'base');
PREPARE b3 AS BACKUP TABLE t TO $1 AS OF SYSTEM TIME $2 INCREMENTAL FROM $3 WITH encryption_passphrase = 'secret';
EXECUTE b3 (:'other', '-1us', :'base');
PREPARE sb AS SELECT table_name, rows FROM [SHOW BACKUP $1 WITH encryption_passphrase = $2];
EXECUTE sb (:'base', 'secret');
PREPARE sb2 AS SHOW BACKUP $1 WITH encryption_passphrase = $2;
EXECUTE sb2 (:'base', 'wrong');
PREPARE r AS RESTORE TABLE t FROM $1 WITH encryption_passphrase = $2, into_db = $3;
CREATE DATABASE jobs_target;
EXECUTE r (:'base', 'secret', 'jobs_target') \gset r_
SELECT :'r_status', :r_rows;
EXECUTE r (:'base', 'secret', 'nowhere');
EXECUTE r (:'base', NULL, 'jobs_target');
EXECUTE r (NULL, 'secret', 'jobs_target');
SELECT count(*) FROM jobs_target.t;
DROP DATABASE jobs_target CASCADE;
PREPARE ra AS RESTORE TABLE t FROM $1 AS OF SYSTEM TIME $2 WITH encryption_passphrase = $3;
EXECUTE ra (:'base', '2001-01-01', 'secret');
PREPARE d AS SHOW BACKUP FILES $1 WITH encryption_passphrase = $2;
PREPARE wrong (INT) AS BACKUP TABLE t TO $1;
-- what jobs keep of them
SELECT job_type, status, description FROM mine WHERE job_type IN ('BACKUP', 'RESTORE') ORDER BY job_id;

-- a slow one
SET CLUSTER SETTING kv.bulk_io_write.max_rate = '2KB';
CREATE DATABASE jobs_slow;
RESTORE TABLE t FROM :'base' WITH encryption_passphrase = 'secret', into_db = 'jobs_slow', detached;
SELECT job_id AS slow_job FROM mine WHERE job_type = 'RESTORE' AND status IN ('pending', 'running') \gset
SELECT job_type, user_name, status, fraction_completed < 1 AS part, error FROM [SHOW JOB :slow_job];
SELECT count(*) FROM [SHOW JOBS] WHERE job_id = :slow_job;
SELECT count(*) FROM [SHOW JOBS VALUES (:slow_job)];
SELECT count(*) FROM [SHOW JOBS SELECT job_id FROM mine WHERE status = 'running'];
SELECT count(*) FROM [SHOW AUTOMATIC JOBS] WHERE job_id = :slow_job;
PAUSE JOB :slow_job;
PAUSE JOB :slow_job;
SELECT status FROM crdb_internal.jobs WHERE job_id = :slow_job AND status NOT IN ('paused', 'pause-requested');
RESUME JOB :slow_job;
RESUME JOB :slow_job;
SELECT status FROM [SHOW JOB :slow_job];
PAUSE JOBS SELECT job_id FROM [SHOW JOBS] WHERE status = 'running' AND description LIKE '%jobs_slow%';
PAUSE JOBS (SELECT job_id FROM [SHOW JOBS] WHERE user_name = 'nobody');
RESUME JOBS VALUES (:slow_job);
PREPARE p AS PAUSE JOB $1;
EXECUTE p (:slow_job);
PREPARE ps AS RESUME JOBS SELECT job_id FROM [SHOW JOBS] WHERE description LIKE $1 AND status LIKE 'pause%';
EXECUTE ps ('%jobs_slow%');
EXECUTE ps ('%/no such%');
PREPARE sj AS SELECT status FROM [SHOW JOB $1];
EXECUTE sj (:slow_job);
PREPARE sj2 AS SHOW JOBS VALUES ($1), ($2);
PREPARE sj3 AS SELECT count(*) FROM [SHOW JOBS VALUES ($1), ($2)];
EXECUTE sj3 (:slow_job, :slow_job);
PREPARE c AS CANCEL JOB $1;
EXECUTE c (:slow_job);
SELECT status, error FROM [SHOW JOB WHEN COMPLETE :slow_job];
CANCEL JOB :slow_job;
PAUSE JOB :slow_job;
RESUME JOB :slow_job;
SET CLUSTER SETTING kv.bulk_io_write.max_rate = DEFAULT;
-- nothing is left of it: the same statement works
SELECT count(*) FROM jobs_slow.t;
RESTORE TABLE t FROM :'base' WITH encryption_passphrase = 'secret', into_db = 'jobs_slow', detached;
SELECT job_id AS slow_job FROM mine WHERE description LIKE '%jobs_slow%' ORDER BY job_id DESC LIMIT 1 \gset
SELECT status, fraction_completed, error FROM [SHOW JOB WHEN COMPLETE :slow_job];
PAUSE JOB :slow_job;
RESUME JOB :slow_job;
CANCEL JOB :slow_job;
SELECT status FROM [SHOW JOBS WHEN COMPLETE SELECT job_id FROM mine WHERE description LIKE '%jobs_slow%'] ORDER BY job_id;

SELECT count(*) FROM jobs_slow.t;
DROP DATABASE jobs_slow CASCADE;
-- what can be wrong
PAUSE JOB 1;
RESUME JOB 1;
CANCEL JOB 1;
SELECT * FROM [SHOW JOB 1];
PAUSE JOB 'x';
PAUSE JOBS SELECT 'x';
RESUME JOBS SELECT true;
PAUSE JOB 1.5;
PAUSE JOB NULL;
PAUSE JOBS SELECT 1, 2;
PAUSE JOBS SELECT 'a';
CANCEL JOBS SELECT NULL;
CANCEL JOBS SELECT job_id FROM [SHOW JOBS] WHERE false;
RESUME JOBS VALUES (1), (2);
SHOW JOB 'x';
SHOW JOBS SELECT 'a';
SHOW JOBS SELECT 1, 2;
PAUSE JOB;
PAUSE JOBS;
CANCEL JOBS;
SHOW JOB;
BEGIN;
PAUSE JOB 1;
ROLLBACK;
CREATE USER jobs_user;
\connect - jobs_user
PAUSE JOB 1;
RESUME JOB 1;
CANCEL JOB 1;
\connect - root
DROP USER jobs_user;
DROP VIEW mine;
-- a job that waits for garbage
CREATE TABLE garbage (k INT PRIMARY KEY);
DROP TABLE garbage;
SELECT job_id AS gc_job FROM [SHOW JOBS] WHERE job_type = 'SCHEMA CHANGE GC' AND description LIKE '%garbage%' ORDER BY 1 DESC LIMIT 1 \gset
CANCEL JOB :gc_job;
PAUSE JOB :gc_job;
SELECT status, running_status FROM [SHOW JOB :gc_job];
CANCEL JOB :gc_job;
RESUME JOB :gc_job;
SELECT status, running_status FROM [SHOW JOB :gc_job];
-- the ids that a job is about: databases and tables, new ones
CREATE DATABASE jobs_ids;
CREATE TABLE jobs_ids.t (k INT PRIMARY KEY);
CREATE TABLE jobs_ids.u (k INT PRIMARY KEY);
\set ids :dest '/ids'
BACKUP DATABASE jobs_ids TO :'ids';
DROP DATABASE jobs_ids CASCADE;
RESTORE DATABASE jobs_ids FROM :'ids';
SELECT job_type, array_length(descriptor_ids, 1) FROM crdb_internal.jobs WHERE description LIKE '%/jobs/ids%' ORDER BY job_id;
SELECT count(*) FROM crdb_internal.jobs WHERE job_type = 'RESTORE' AND description LIKE '%/jobs/ids%' AND descriptor_ids = ARRAY['jobs_ids.t'::REGCLASS::INT - 1, 'jobs_ids.t'::REGCLASS::INT, 'jobs_ids.u'::REGCLASS::INT];
DROP DATABASE jobs_ids CASCADE;
