-- Chains: appended and explicit incrementals, history, encryption, AS OF.
CREATE DATABASE ch;
CREATE TABLE ch.t (k INT PRIMARY KEY, v STRING, INDEX v_idx (v));
INSERT INTO ch.t VALUES (1, 'a'), (2, 'b'), (3, 'c');
\a
BACKUP DATABASE ch TO :'dest' WITH revision_history, encryption_passphrase = 'p';
UPDATE ch.t SET v = 'z' WHERE k = 1;
SELECT cluster_logical_timestamp() AS middle \gset
DELETE FROM ch.t WHERE k = 2;
CREATE TABLE ch.added (k INT PRIMARY KEY);
INSERT INTO ch.added VALUES (7);
BACKUP DATABASE ch TO :'dest' WITH revision_history, encryption_passphrase = 'p';
SHOW BACKUP :'dest';
SHOW BACKUP :'dest' WITH encryption_passphrase = 'q';
\a
SELECT table_name, start_time IS NULL AS is_full, rows FROM [SHOW BACKUP :'dest' WITH encryption_passphrase = 'p'] ORDER BY end_time, table_name;
DROP DATABASE ch CASCADE;
RESTORE DATABASE ch FROM :'dest' WITH encryption_passphrase = 'q';
RESTORE DATABASE ch FROM :'dest';
\a
RESTORE DATABASE ch FROM :'dest' AS OF SYSTEM TIME :middle WITH encryption_passphrase = 'p';
\a
SELECT * FROM ch.t ORDER BY k;
SELECT * FROM ch.t@v_idx ORDER BY v;
SELECT count(*) FROM ch.added;
DROP DATABASE ch CASCADE;
\a
RESTORE DATABASE ch FROM :'dest' WITH encryption_passphrase = 'p';
\a
SELECT * FROM ch.t ORDER BY k;
SELECT * FROM ch.added ORDER BY k;
DROP DATABASE ch CASCADE;
RESTORE DATABASE ch FROM :'dest' AS OF SYSTEM TIME '2001-01-01' WITH encryption_passphrase = 'p';
