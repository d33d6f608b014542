-- ATTACH BACKUP: a backup's tables are read where they lie.
CREATE DATABASE bank;
CREATE TABLE bank.customers (id INT PRIMARY KEY, name STRING, FAMILY a (id), FAMILY b (name), INDEX by_name (name));
CREATE TABLE bank.accounts (
    id INT PRIMARY KEY, customer_id INT REFERENCES bank.customers (id), balance DECIMAL,
    opened TIMESTAMP DEFAULT '2020-01-01', tags STRING[], doc JSONB, INVERTED INDEX docs (doc));
CREATE SEQUENCE bank.numbers;
SELECT nextval('bank.numbers'), nextval('bank.numbers');
CREATE VIEW bank.rich AS SELECT c.name, a.balance FROM bank.customers AS c JOIN bank.accounts AS a ON a.customer_id = c.id WHERE a.balance > 150;
CREATE TABLE bank.parent (p INT PRIMARY KEY, note STRING);
CREATE TABLE bank.child (p INT, c INT, note STRING, PRIMARY KEY (p, c)) INTERLEAVE IN PARENT bank.parent (p);
CREATE TABLE bank.grandchild (p INT, c INT, g INT, PRIMARY KEY (p, c, g)) INTERLEAVE IN PARENT bank.child (p, c);
CREATE TABLE bank.other_child (p INT, o STRING, PRIMARY KEY (p, o)) INTERLEAVE IN PARENT bank.parent (p);
INSERT INTO bank.customers VALUES (1, 'ann'), (2, 'bob'), (3, 'eve'), (4, NULL);
INSERT INTO bank.accounts VALUES (10, 1, 100, DEFAULT, ARRAY['a', 'b'], '{"x": 1}'),
    (20, 2, 200, DEFAULT, NULL, '{"x": 2}'), (30, 3, 300.50, DEFAULT, ARRAY[]:::STRING[], NULL);
INSERT INTO bank.parent SELECT g, 'parent ' || g::STRING FROM generate_series(1, 5) AS g;
INSERT INTO bank.child SELECT p, c, 'child' FROM generate_series(1, 5) AS p, generate_series(1, 3) AS c;
INSERT INTO bank.grandchild SELECT p, c, p * c FROM generate_series(1, 5) AS p, generate_series(1, 2) AS c;
INSERT INTO bank.other_child SELECT p, 'o' || p::STRING FROM generate_series(2, 4) AS p;
BACKUP DATABASE bank TO :'dest' WITH revision_history;
UPDATE bank.accounts SET balance = balance + 1000 WHERE id < 30;
DELETE FROM bank.customers WHERE id = 4;
DELETE FROM bank.parent WHERE p = 1;
INSERT INTO bank.customers VALUES (5, 'new');
SELECT cluster_logical_timestamp() AS middle \gset
UPDATE bank.accounts SET balance = 0;
CREATE TABLE bank.late (k STRING PRIMARY KEY, v INT);
INSERT INTO bank.late VALUES ('a', 1), ('b', 2);
BACKUP DATABASE bank TO :'dest' WITH revision_history;

\pset tuples_only off
ATTACH BACKUP :'dest' AS old;
SELECT database_name FROM [SHOW DATABASES] WHERE database_name IN ('bank', 'old', 'mid');
SHOW TABLES FROM old;
SELECT * FROM old.customers ORDER BY id;
SELECT * FROM old.accounts ORDER BY id;
SELECT * FROM old.late ORDER BY k;
SHOW CREATE TABLE old.accounts;
SHOW CREATE VIEW old.rich;
SHOW CREATE TABLE old.grandchild;
SELECT * FROM old.rich;
SELECT last_value FROM old.numbers;
-- points, ranges, both ways, by every index
SELECT * FROM old.customers WHERE id = 3;
SELECT * FROM old.customers WHERE id = 4;
SELECT id FROM old.customers WHERE id > 1 ORDER BY id DESC;
SELECT id, name FROM old.customers@by_name WHERE name >= 'b' ORDER BY name DESC;
SELECT id FROM old.accounts@docs WHERE doc @> '{"x": 2}';
SELECT * FROM old.parent ORDER BY p DESC;
SELECT * FROM old.child WHERE p = 2 ORDER BY c DESC;
SELECT * FROM old.child WHERE p = 1 AND c = 3;
SELECT * FROM old.child ORDER BY p, c;
SELECT * FROM old.grandchild WHERE p > 3 ORDER BY p DESC, c DESC, g DESC;
SELECT * FROM old.other_child ORDER BY p, o;
SELECT * FROM old.other_child WHERE p = 3;
-- with ordinary tables
SELECT o.id, o.name, n.id FROM old.customers AS o FULL JOIN bank.customers AS n ON o.id = n.id ORDER BY 1, 3;
SELECT count(*) FROM bank.customers AS n WHERE EXISTS (SELECT 1 FROM old.customers AS o WHERE o.id = n.id);
SELECT c.name, a.balance FROM old.customers AS c INNER LOOKUP JOIN old.accounts AS a ON a.id = c.id * 10 ORDER BY 1;
CREATE TABLE copy AS SELECT * FROM old.customers;
SELECT count(*) FROM copy;
SELECT a.fingerprint = b.fingerprint FROM [SHOW EXPERIMENTAL_FINGERPRINTS FROM TABLE old.late] AS a, [SHOW EXPERIMENTAL_FINGERPRINTS FROM TABLE bank.late] AS b WHERE a.index_name = b.index_name;
BEGIN;
SELECT balance FROM old.accounts WHERE id = 10;
INSERT INTO copy SELECT id + 100, name FROM old.customers WHERE id < 3;
COMMIT;
SELECT count(*) FROM copy;

-- it can only be read
INSERT INTO old.late VALUES ('c', 3);
UPSERT INTO old.late VALUES ('c', 3);
UPDATE old.late SET v = 0;
DELETE FROM old.late;
TRUNCATE old.late;
SELECT * FROM old.late FOR UPDATE;
ALTER TABLE old.late ADD COLUMN x INT;
ALTER TABLE old.late RENAME TO later;
CREATE INDEX ON old.late (v);
CREATE TABLE old.more (x INT);
DROP TABLE old.late;
DROP VIEW old.rich;
DROP DATABASE old CASCADE;
ALTER DATABASE old RENAME TO older;
COMMENT ON TABLE old.late IS 'x';
SELECT nextval('old.numbers');
CREATE TABLE refers (id INT REFERENCES old.customers (id));
BACKUP DATABASE old TO :'dest';
BACKUP old.late TO :'dest';
SELECT has_table_privilege('old.late', 'SELECT'), has_table_privilege('old.late', 'INSERT');
-- who may read it is told by GRANT
CREATE USER attach_reader;
GRANT SELECT ON old.late TO attach_reader;
SHOW GRANTS ON TABLE old.late;
DROP USER IF EXISTS attach_reader;
REVOKE ALL ON old.late FROM attach_reader;
DROP USER attach_reader;

-- at other times
ATTACH BACKUP :'dest' AS mid AS OF SYSTEM TIME :'middle';
SELECT * FROM mid.accounts ORDER BY id;
SELECT count(*) FROM mid.customers;
SHOW TABLES FROM mid;
DETACH BACKUP mid;
ATTACH BACKUP :'dest' AS mid AS OF SYSTEM TIME '2020-01-01';
ATTACH BACKUP :'dest' AS mid AS OF SYSTEM TIME '+10s';

-- what can be wrong
ATTACH BACKUP :'dest' AS old;
ATTACH BACKUP :'dest' AS bank;
ATTACH BACKUP 'nodelocal://1/nothing-there' AS x;
ATTACH BACKUP 'nodelocal://1/nothing-there' AS x WITH encryption_passphrase = 'abc';
ATTACH BACKUP :'dest' AS x WITH encryption_passphrase = 'abc';
ATTACH BACKUP :'dest' AS x WITH revision_history;
ATTACH BACKUP 'nodelocal://1/x';
BEGIN;
ATTACH BACKUP :'dest' AS x;
ROLLBACK;
DETACH BACKUP absent;
DETACH BACKUP IF EXISTS absent;
DETACH BACKUP bank;

-- views over it keep it
CREATE VIEW over_it AS SELECT v FROM old.late;
SELECT * FROM over_it ORDER BY 1;
DETACH BACKUP old;
DROP VIEW over_it;
SELECT cluster_logical_timestamp() AS attached \gset
DETACH BACKUP old;
SELECT * FROM old.late;
SELECT * FROM old.late AS OF SYSTEM TIME :'attached';
SELECT database_name FROM [SHOW DATABASES] WHERE database_name IN ('bank', 'old', 'mid');
-- the backup is as it was
ATTACH BACKUP :'dest' AS old;
SELECT count(*) FROM old.child;
DETACH BACKUP old;

-- encrypted
\set crypt :dest/crypt
BACKUP bank.late, bank.customers TO :'crypt' WITH encryption_passphrase = 'secret';
ATTACH BACKUP :'crypt' AS crypt WITH encryption_passphrase = 'wrong';
ATTACH BACKUP :'crypt' AS crypt WITH encryption_passphrase = 'secret';
SELECT * FROM crypt.late ORDER BY k DESC;
SELECT count(*) FROM crypt.customers;
DETACH BACKUP crypt;
-- a placeholder
PREPARE a AS ATTACH BACKUP $1 AS crypt WITH encryption_passphrase = $2;
EXECUTE a (:'crypt', 'secret');
SELECT k FROM crypt.late ORDER BY k;
DETACH BACKUP crypt;

-- a cluster backup: each database under a name of its own
\set cluster :dest/cluster
CREATE DATABASE second;
CREATE TABLE second.t (x INT PRIMARY KEY);
INSERT INTO second.t VALUES (7);
CREATE VIEW second.both AS SELECT x, v FROM second.t, bank.late;
ATTACH BACKUP :'dest' AS old;
BACKUP TO :'cluster' \gset cluster_
SELECT :'cluster_status';
SELECT count(*) FROM [SHOW BACKUP :'cluster'] WHERE database_name LIKE 'old%';
DETACH BACKUP old;
ATTACH BACKUP :'cluster' AS whole;
SELECT database_name FROM [SHOW DATABASES] WHERE database_name IN ('whole', 'whole_bank', 'whole_second', 'whole_system', 'whole_postgres') ORDER BY 1;
SELECT * FROM whole_second."both" ORDER BY v;
SELECT count(*) > 1 FROM whole_system.users;
INSERT INTO whole_system.users VALUES ('x', '', false);
DETACH BACKUP whole_second;
DETACH BACKUP whole;
SELECT database_name FROM [SHOW DATABASES] WHERE database_name LIKE 'whole%';
DROP DATABASE second CASCADE;
DROP DATABASE bank CASCADE;
-- statistics come with the tables, and go
CREATE DATABASE attst;
CREATE TABLE attst.t (k INT PRIMARY KEY, v INT);
INSERT INTO attst.t SELECT g, g % 10 FROM generate_series(1, 100) AS g;
CREATE STATISTICS st FROM attst.t;
\set statistics :dest '/statistics'
BACKUP DATABASE attst TO :'statistics';
ATTACH BACKUP :'statistics' AS attstold;
SELECT statistics_name, column_names, row_count, distinct_count FROM [SHOW STATISTICS FOR TABLE attstold.t] ORDER BY 4;
SELECT 'attstold.t'::REGCLASS::OID AS table_id \gset
DETACH BACKUP attstold;
SELECT count(*) FROM system.table_statistics WHERE "tableID" = :table_id;
DROP DATABASE attst CASCADE;
