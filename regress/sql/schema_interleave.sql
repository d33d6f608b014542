-- What lay among a table's rows goes with its index or table, and the rows stay what they are.
CREATE TABLE outer_rows (id INT PRIMARY KEY, v INT);
INSERT INTO outer_rows SELECT i, i * 10 FROM generate_series(1, 3) AS g(i);
CREATE TABLE plain (id INT, k INT, z INT, PRIMARY KEY (id, k));
INSERT INTO plain SELECT i % 3 + 1, i, i FROM generate_series(1, 9) AS g(i);

-- an index
CREATE INDEX among ON plain (id, z) INTERLEAVE IN PARENT outer_rows (id);
SELECT id, z FROM plain@among ORDER BY z LIMIT 2;
DROP INDEX plain@among;
SELECT * FROM outer_rows ORDER BY id;
CREATE INDEX among ON plain (id, z) INTERLEAVE IN PARENT outer_rows (id);
ALTER TABLE plain DROP COLUMN z;
SELECT count(*) FROM outer_rows;
CREATE INDEX among ON plain (id) INTERLEAVE IN PARENT outer_rows (id);
DROP TABLE plain;
SELECT count(*) FROM outer_rows;

-- a table, emptied and dropped
CREATE TABLE middle (id INT, k INT, PRIMARY KEY (id, k)) INTERLEAVE IN PARENT outer_rows (id);
INSERT INTO middle SELECT i % 3 + 1, i FROM generate_series(1, 9) AS g(i);
TRUNCATE middle;
INSERT INTO middle VALUES (1, 1), (7, 7);
CREATE TABLE innermost (id INT, k INT, l INT, PRIMARY KEY (id, k, l)) INTERLEAVE IN PARENT middle (id, k);
INSERT INTO innermost VALUES (1, 1, 1), (2, 2, 2);
DROP TABLE middle;
DROP TABLE middle CASCADE;
SELECT * FROM outer_rows ORDER BY id;
EXPERIMENTAL SCRUB TABLE outer_rows;

-- all of them
CREATE TABLE middle (id INT, k INT, PRIMARY KEY (id, k)) INTERLEAVE IN PARENT outer_rows (id);
INSERT INTO middle SELECT i % 3 + 1, i FROM generate_series(1, 9) AS g(i);
TRUNCATE outer_rows;
TRUNCATE outer_rows CASCADE;
INSERT INTO outer_rows VALUES (1, 1);
INSERT INTO middle VALUES (1, 2);
SELECT * FROM outer_rows, middle;
ALTER TABLE middle ALTER PRIMARY KEY USING COLUMNS (k);
SELECT * FROM outer_rows, middle;
DROP TABLE outer_rows;
SELECT * FROM middle;
DROP TABLE middle;

-- a parent that goes with CASCADE: what was in it stays, on its own, with its rows
DROP TABLE IF EXISTS outer_rows, middle, inn, plain CASCADE;
create table outer_rows (id int primary key);
create table middle (id int, k int, v string, PRIMARY KEY (id, k), family (id,k), family(v), unique index (v)) INTERLEAVE IN PARENT outer_rows (id);
create table inn (id int, k int, l int, z int, PRIMARY KEY (id, k, l), index zz (id, k, z)  INTERLEAVE IN PARENT middle(id, k)) INTERLEAVE IN PARENT middle (id, k);
create table plain (a int primary key, id int, index ii (id, a) interleave in parent outer_rows(id));
insert into outer_rows select generate_series(1,3);
insert into middle select i, j, (i*10+j)::string from generate_series(1,3) g(i), generate_series(1,3) h(j);
insert into inn select i, j, i, j from generate_series(1,4) g(i), generate_series(1,3) h(j);
insert into plain select j, j%4 from generate_series(1,8) h(j);
drop table outer_rows;
begin;
drop table middle cascade;
show create table inn;
select * from inn order by 1,2,3;
select z from inn@zz order by 1;
experimental scrub table inn;
select * from outer_rows order by 1;
rollback;
select count(*) from inn;
drop table outer_rows cascade;
show create table middle;
show create table inn;
show create table plain;
select count(*), max(v) from middle;
select v from middle@middle_v_key order by 1;
select id,k,l from inn order by 1,2,3;
select z from inn@zz order by 1;
select id from plain@ii order by 1;
experimental scrub table inn;
experimental scrub table middle;
experimental scrub table plain;
insert into middle values (7,7,'x');
insert into inn values (7,7,7,7);
drop table middle;
drop table middle, inn;
insert into plain values(9,9);
select id from plain@ii order by 1;
drop table plain;

-- not in itself, but an index may lie among the rows of its table
CREATE TABLE itself (a INT PRIMARY KEY, b INT NOT NULL);
INSERT INTO itself VALUES (1, 1), (2, 2);
ALTER TABLE itself ALTER PRIMARY KEY USING COLUMNS (a) INTERLEAVE IN PARENT itself (a);
ALTER TABLE itself ALTER PRIMARY KEY USING COLUMNS (a, b) INTERLEAVE IN PARENT itself (a);
CREATE INDEX among_itself ON itself (a, b) INTERLEAVE IN PARENT itself (a);
SELECT b FROM itself@among_itself ORDER BY b;
ALTER TABLE itself ALTER PRIMARY KEY USING COLUMNS (b);
DROP INDEX itself@among_itself;
SELECT * FROM itself ORDER BY a;
CREATE INDEX among_itself ON itself (a, b) INTERLEAVE IN PARENT itself (a);
TRUNCATE itself;
INSERT INTO itself VALUES (1, 1);
SELECT * FROM itself;
SELECT b FROM itself@among_itself;
UPDATE itself SET b = 5;
SELECT b FROM itself@among_itself;
EXPERIMENTAL SCRUB TABLE itself;
DELETE FROM itself;
SELECT * FROM itself@among_itself;
DROP TABLE itself;
