-- Hash-sharded indexes.
\a
set experimental_enable_hash_sharded_indexes=on;
CREATE TABLE sharded_primary (a INT PRIMARY KEY USING HASH WITH BUCKET_COUNT=10);
SHOW CREATE TABLE sharded_primary;
CREATE TABLE invalid_bucket_count (k INT PRIMARY KEY USING HASH WITH BUCKET_COUNT=-1);
CREATE TABLE invalid_bucket_count (k INT PRIMARY KEY USING HASH WITH BUCKET_COUNT=1);
CREATE TABLE fractional_bucket_count (k INT PRIMARY KEY USING HASH WITH BUCKET_COUNT=2.32);
CREATE TABLE invalid_bucket_count (k INT PRIMARY KEY USING HASH WITH BUCKET_COUNT=(SELECT 1));
CREATE TABLE invalid_bucket_count (k INT PRIMARY KEY USING HASH WITH BUCKET_COUNT='abc');
INSERT INTO sharded_primary values (1), (2), (3);
INSERT INTO sharded_primary values (1);
SELECT * FROM sharded_primary order by a;
CREATE TABLE specific_family (a INT, b INT, INDEX (b) USING HASH WITH BUCKET_COUNT=10, FAMILY "a_family" (a), FAMILY "b_family" (b));
SHOW CREATE TABLE specific_family;
CREATE TABLE sharded_primary3 (
                a INT8 NOT NULL,
                CONSTRAINT "primary" PRIMARY KEY (a ASC) USING HASH WITH BUCKET_COUNT=10,
                FAMILY "primary" (crdb_internal_a_shard_10, a)
);
SHOW CREATE TABLE sharded_primary3;
CREATE TABLE sharded_secondary (a INT, INDEX (a) USING HASH WITH BUCKET_COUNT=4);
SHOW CREATE TABLE sharded_secondary;
DROP TABLE sharded_secondary;
CREATE TABLE sharded_secondary (a INT8, INDEX (a) USING HASH WITH BUCKET_COUNT=12);
SHOW CREATE TABLE sharded_secondary;
INSERT INTO sharded_secondary values (1), (2), (1);
CREATE INDEX ON sharded_secondary (a) USING HASH WITH BUCKET_COUNT = 4;
INSERT INTO sharded_secondary values (3), (2), (1);
SHOW CREATE TABLE sharded_secondary;
SHOW INDEXES FROM sharded_secondary;
SHOW COLUMNS FROM sharded_secondary;
SHOW CONSTRAINTS FROM sharded_secondary;
DROP INDEX sharded_secondary_crdb_internal_a_shard_4_a_idx;
SHOW CREATE TABLE sharded_secondary;
SELECT * FROM sharded_secondary ORDER BY a;
CREATE INDEX idx on sharded_secondary (a) USING HASH WITH BUCKET_COUNT = 10;
SELECT count(*) FROM sharded_secondary@idx;
DROP INDEX idx;
SHOW CREATE TABLE sharded_secondary;
CREATE UNIQUE INDEX ON sharded_secondary (a) USING HASH WITH BUCKET_COUNT = 10;
CREATE TABLE sharded_primary2 (a INT8, b INT8, PRIMARY KEY (a, b) USING HASH WITH BUCKET_COUNT = 5, INDEX (b, a) USING HASH WITH BUCKET_COUNT = 5);
SHOW CREATE sharded_primary2;
INSERT INTO sharded_primary2 values (1,1),(1,2),(1,1);
INSERT INTO sharded_primary2 values (1,1),(1,2),(2,1);
SELECT count(*) from sharded_primary2;
SELECT * from sharded_primary2 where a=1 and b=2;
UPDATE sharded_primary2 SET a = 5 where a=2;
SELECT *, crdb_internal_a_b_shard_5 from sharded_primary2;
CREATE TABLE column_used_on_unsharded (a INT, INDEX foo (a) USING HASH WITH BUCKET_COUNT=10);
CREATE INDEX on column_used_on_unsharded (crdb_internal_a_shard_10);
DROP INDEX column_used_on_unsharded@foo;
SHOW CREATE TABLE column_used_on_unsharded;
CREATE TABLE mytable (a INT, "b" INT, UNIQUE INDEX (a) USING HASH WITH BUCKET_COUNT = 4);
ALTER TABLE mytable DROP COLUMN a;
show create table mytable;
CREATE TABLE t0(c0 INT PRIMARY KEY);
ALTER TABLE t0 ALTER PRIMARY KEY USING COLUMNS (c0) USING HASH WITH BUCKET_COUNT = 3;
show create t0;
CREATE TABLE shard_on_new_column (a INT8);
alter table shard_on_new_column add column b int8 not null default 3, add unique (b);
alter table shard_on_new_column rename column a to c;
CREATE TABLE rename_column (
  c0 INT,
  c1 INT,
  c2 INT,
  PRIMARY KEY (c0, c1) USING HASH WITH BUCKET_COUNT = 8,
  INDEX (c2) USING HASH WITH BUCKET_COUNT = 8,
  FAMILY "primary" (c0, c1, c2)
);
INSERT INTO rename_column VALUES (1, 2, 3), (4, 5, 6);
ALTER TABLE rename_column RENAME c2 TO c3;
ALTER TABLE rename_column RENAME c1 TO c2;
ALTER TABLE rename_column RENAME c0 TO c1;
SHOW CREATE TABLE rename_column;
SELECT c3, c2, c1 FROM rename_column;
ALTER TABLE rename_column RENAME crdb_internal_c1_c2_shard_8 TO foo;
CREATE TABLE like_it (a int, b int, constraint u unique (a) , index (a) using hash with bucket_count = 8 storing (b));
show create like_it;
create index on like_it (a,b) using hash with bucket_count = 8 interleave in parent t0(c0);
create table disabled2 (a int primary key using hash with bucket_count = 4) interleave in parent t0(c0);
create table disabled2 (a int primary key using hash with bucket_count = 4) partition by list (a) (partition x values in (1));
create table disabled2 (a int , b int, primary key (a) using hash with bucket_count = 4) partition by list (a) (partition x values in (1));
set experimental_enable_hash_sharded_indexes=off;
create table disabled (a int primary key using hash with bucket_count = 4);
create table disabled (a int , b int, index (b) using hash with bucket_count = 4);
CREATE INDEX ON sharded_secondary (a) USING HASH WITH BUCKET_COUNT = 5;
alter table t0 alter primary key using columns (c0) using hash with bucket_count = 8;
-- Rows are found by their bucket, which follows from the columns behind it; other computed columns alike
set experimental_enable_hash_sharded_indexes=on;
CREATE TABLE hs (a INT PRIMARY KEY USING HASH WITH BUCKET_COUNT = 4, b INT, s STRING, INDEX s_idx (s) USING HASH WITH BUCKET_COUNT = 3);
INSERT INTO hs SELECT g, g * 2, 'x' || g::STRING FROM generate_series(1, 50) g(g);
CREATE TABLE cc (k INT PRIMARY KEY, a INT, b INT AS (a + 1) STORED, d DECIMAL, ds STRING AS (d::STRING) STORED, INDEX (b), INDEX (ds));
INSERT INTO cc (k, a, d) VALUES (1, 5, 1.0), (2, 6, 2), (3, 7, 3);
EXPLAIN SELECT * FROM hs;
EXPLAIN SELECT * FROM hs WHERE a = 1;
SELECT * FROM hs WHERE a = 1;
EXPLAIN SELECT * FROM hs WHERE a > 47;
SELECT * FROM hs WHERE a > 47 ORDER BY a;
EXPLAIN SELECT * FROM hs WHERE a IN (1, 2);
SELECT * FROM hs WHERE a IN (1, 2) ORDER BY a;
EXPLAIN SELECT * FROM hs WHERE a = 1 OR a = 7;
SELECT * FROM hs WHERE a = 1 OR a = 7 ORDER BY a;
EXPLAIN SELECT * FROM hs WHERE s = 'x3';
SELECT * FROM hs WHERE s = 'x3';
EXPLAIN SELECT s FROM hs WHERE s IS NULL;
EXPLAIN SELECT * FROM hs WHERE b = 3;
EXPLAIN SELECT * FROM hs WHERE a > 3 LIMIT 3;
EXPLAIN UPDATE hs SET b = 3 WHERE a = 5;
PREPARE by_key AS SELECT * FROM hs WHERE a = $1;
EXECUTE by_key(7);
EXECUTE by_key(8);
EXECUTE by_key(NULL);
SELECT * FROM hs WHERE a = 1 AND crdb_internal_a_shard_4 = 1;
EXPLAIN SELECT * FROM cc WHERE a = 5;
SELECT k, a, b FROM cc WHERE a = 5;
SELECT k, a, b FROM cc WHERE a = 9223372036854775807;
-- equal decimals may have other digits
EXPLAIN SELECT * FROM cc WHERE d = 1.00;
SELECT * FROM cc WHERE d = 1.00;
