-- Partitions, zone configurations, statistics.
\a
\set VERBOSITY verbose
CREATE DATABASE geo;
SET database = geo;
CREATE TABLE users (region STRING, id INT8, name STRING, PRIMARY KEY (region, id), INDEX name_idx (name)) PARTITION BY LIST (region) (PARTITION east VALUES IN ('east'), PARTITION west VALUES IN ('west', 'far west'), PARTITION other VALUES IN (DEFAULT));
SHOW CREATE TABLE users;
SHOW PARTITIONS FROM TABLE users;
ALTER PARTITION west OF TABLE users CONFIGURE ZONE USING num_replicas = 1;
ALTER PARTITION nope OF TABLE users CONFIGURE ZONE USING num_replicas = 1;
SHOW CREATE TABLE users;
SHOW ZONE CONFIGURATION FOR PARTITION west OF TABLE users;
SHOW ZONE CONFIGURATION FOR TABLE users;
ALTER TABLE users CONFIGURE ZONE USING gc.ttlseconds = 600;
SHOW ZONE CONFIGURATION FOR TABLE users;
ALTER INDEX users@name_idx CONFIGURE ZONE USING gc.ttlseconds = 77;
ALTER DATABASE geo CONFIGURE ZONE USING range_min_bytes = 1048576, range_max_bytes = 67108864;
SHOW ZONE CONFIGURATION FOR DATABASE geo;
SELECT target, raw_config_sql FROM [SHOW ZONE CONFIGURATIONS] WHERE target LIKE '%geo%';
SHOW CREATE TABLE users;
ALTER TABLE users CONFIGURE ZONE DISCARD;
ALTER TABLE users CONFIGURE ZONE DISCARD;
SHOW ZONE CONFIGURATION FOR TABLE users;
ALTER DATABASE geo CONFIGURE ZONE USING foo = 1;
ALTER DATABASE geo CONFIGURE ZONE USING num_replicas = 3, num_replicas = 3;
ALTER DATABASE geo CONFIGURE ZONE USING num_replicas = 2;
ALTER DATABASE geo CONFIGURE ZONE USING num_replicas = 0;
ALTER DATABASE geo CONFIGURE ZONE USING gc.ttlseconds = 0;
ALTER DATABASE geo CONFIGURE ZONE USING range_min_bytes = 9, range_max_bytes = 8;
ALTER TABLE users CONFIGURE ZONE USING range_min_bytes = 1;
ALTER TABLE users CONFIGURE ZONE USING num_replicas = NULL;
ALTER TABLE users CONFIGURE ZONE USING constraints = '[+region=us]';
ALTER TABLE users CONFIGURE ZONE USING constraints = '[-region=us, -ssd]', num_replicas = COPY FROM PARENT;
ALTER TABLE users CONFIGURE ZONE USING lease_preferences = '[[-a], [-b]]';
ALTER INDEX users@primary CONFIGURE ZONE USING lease_preferences = '[[-a], [-b]]';
SHOW ZONE CONFIGURATION FOR TABLE users;
ALTER TABLE users CONFIGURE ZONE = e'gc:\n  ttlseconds: 56\nnum_replicas: 5\n';
SHOW ZONE CONFIGURATION FOR TABLE users;
ALTER TABLE users CONFIGURE ZONE USING DEFAULT;
ALTER RANGE default CONFIGURE ZONE DISCARD;
ALTER RANGE nope CONFIGURE ZONE DISCARD;
ALTER TABLE system.users CONFIGURE ZONE USING gc.ttlseconds = 1;
ALTER TABLE users PARTITION BY LIST (region) (PARTITION west VALUES IN ('west'));
SHOW CREATE TABLE users;
ALTER TABLE users PARTITION BY NOTHING;
SHOW CREATE TABLE users;
CREATE TABLE r (a INT, b INT, PRIMARY KEY (a, b)) PARTITION BY RANGE (a) (PARTITION p1 VALUES FROM (MINVALUE) TO (10), PARTITION p2 VALUES FROM (10) TO (MAXVALUE));
SHOW CREATE TABLE r;
SELECT partition_name, column_names, partition_value FROM [SHOW PARTITIONS FROM TABLE r];
CREATE TABLE r2 (a INT, b INT, PRIMARY KEY (a, b)) PARTITION BY RANGE (a) (PARTITION p1 VALUES FROM (MINVALUE) TO (11), PARTITION p2 VALUES FROM (10) TO (MAXVALUE));
CREATE TABLE r2 (a INT, b INT, PRIMARY KEY (a, b)) PARTITION BY RANGE (a) (PARTITION p1 VALUES FROM (11) TO (11));
CREATE TABLE r2 (a INT, b INT, PRIMARY KEY (a, b)) PARTITION BY LIST (a) (PARTITION p1 VALUES IN (1), PARTITION p1 VALUES IN (2));
CREATE TABLE r2 (a INT, b INT, PRIMARY KEY (a, b)) PARTITION BY LIST (a) (PARTITION p1 VALUES IN (1), PARTITION p2 VALUES IN (1));
CREATE TABLE r2 (a INT, b INT, c INT, PRIMARY KEY (a, b)) PARTITION BY LIST (a, c) (PARTITION p1 VALUES IN ((1, 2)));
CREATE TABLE r2 (a INT, b INT, PRIMARY KEY (a, b)) PARTITION BY LIST (a, b) (PARTITION p1 VALUES IN (1));
CREATE TABLE r2 (a INT, b INT, PRIMARY KEY (a, b)) PARTITION BY LIST (a, b) (PARTITION p1 VALUES IN ((DEFAULT, 1)));
CREATE TABLE r2 (a INT, b INT, PRIMARY KEY (a, b)) PARTITION BY RANGE (a) (PARTITION p1 VALUES FROM (DEFAULT) TO (11));
CREATE TABLE r2 (a INT, b INT, PRIMARY KEY (a, b)) PARTITION BY LIST (a) (PARTITION p1 VALUES IN ('x'));
CREATE TABLE r2 (a INT, b INT, PRIMARY KEY (a, b)) PARTITION BY LIST (a) (PARTITION p1 VALUES IN (1) PARTITION BY LIST (b) (PARTITION s1 VALUES IN (1, 2), PARTITION s2 VALUES IN (DEFAULT)), PARTITION d VALUES IN (DEFAULT));
SHOW CREATE TABLE r2;
SELECT partition_name, parent_partition, column_names, partition_value FROM [SHOW PARTITIONS FROM TABLE r2];
CREATE INDEX ON r (b);
CREATE TABLE t (a INT PRIMARY KEY, b INT);
INSERT INTO t VALUES (1, 1), (2, 1), (3, NULL);
CREATE STATISTICS st ON b FROM t;
CREATE STATISTICS st2 FROM t;
SELECT statistics_name, column_names, row_count, distinct_count, null_count, histogram_id FROM [SHOW STATISTICS FOR TABLE t];
ALTER TABLE t INJECT STATISTICS '[{"columns": ["a"], "created_at": "2018-05-01 1:00:00.00000+00:00", "row_count": 100, "distinct_count": 100}]';
SHOW STATISTICS FOR TABLE t;
DROP DATABASE geo CASCADE;
SELECT target FROM [SHOW ZONE CONFIGURATIONS] WHERE target LIKE '%geo%';
CREATE TABLE za (id INT PRIMARY KEY, b INT, INDEX i (b));
SELECT zone_id, raw_config_sql FROM [SHOW ZONE CONFIGURATION FOR TABLE za];
SELECT * FROM [SHOW ZONE CONFIGURATION FOR TABLE za];
SHOW ZONE CONFIGURATION FOR TABLE za;
ALTER TABLE za CONFIGURE ZONE USING gc.ttlseconds = 90;
SELECT zone_id > 0, subzone_id, target, range_name, database_name, table_name, index_name, partition_name, raw_config_yaml FROM [SHOW ZONE CONFIGURATION FOR TABLE za];
ALTER INDEX za@i CONFIGURE ZONE USING gc.ttlseconds = 91;
SELECT zone_id > 0, subzone_id, target, range_name, database_name, table_name, index_name, partition_name, raw_config_yaml, full_config_sql FROM [SHOW ZONE CONFIGURATION FOR INDEX za@i];
SELECT zone_id, range_name, raw_config_sql FROM [SHOW ZONE CONFIGURATION FOR RANGE meta];
SELECT zone_id, subzone_id FROM [SHOW ZONE CONFIGURATION FOR DATABASE system];
SELECT zone_id FROM [SHOW ZONE CONFIGURATION FOR RANGE default];

-- any word names a partition
CREATE DATABASE zw; SET DATABASE = zw;
CREATE TABLE zone_words (a INT, b INT, PRIMARY KEY (a, b)) PARTITION BY LIST (a) (
    PARTITION select VALUES IN (1) PARTITION BY RANGE (b) (PARTITION table VALUES FROM (MINVALUE) TO (5)),
    PARTITION DEFAULT VALUES IN (DEFAULT));
ALTER PARTITION default OF TABLE zone_words CONFIGURE ZONE USING num_replicas = 5;
ALTER PARTITION table OF INDEX zone_words@primary CONFIGURE ZONE USING num_replicas = 7;
SHOW ZONE CONFIGURATION FOR PARTITION default OF TABLE zone_words;
SHOW ZONE CONFIGURATION FOR PARTITION select OF TABLE zone_words;
SELECT parent_name, name, zone_id = table_id AS own, zone_id, subzone_id FROM crdb_internal.partitions
    WHERE name IN ('select', 'table', 'default') AND zone_id = 0;
SELECT parent_name, name, zone_id = table_id AS own, subzone_id FROM crdb_internal.partitions
    WHERE name IN ('select', 'table', 'default') AND zone_id != 0 ORDER BY name;
ALTER INDEX zone_words@primary CONFIGURE ZONE USING num_replicas = 3;
SELECT name, zone_id = table_id AS own, subzone_id FROM crdb_internal.partitions
    WHERE name IN ('select', 'table', 'default') ORDER BY name;
SELECT p.name, z.full_config_sql FROM crdb_internal.partitions AS p JOIN crdb_internal.zones AS z
    ON p.zone_id = z.zone_id AND p.subzone_id = z.subzone_id WHERE p.name = 'table';
ALTER PARTITION select OF TABLE zone_words@primary CONFIGURE ZONE USING num_replicas = 5;
ALTER PARTITION select OF TABLE zone_words@* CONFIGURE ZONE DISCARD;
CREATE TABLE zone_now (a TIMESTAMPTZ PRIMARY KEY) PARTITION BY LIST (a) (PARTITION x VALUES IN (now()));
CREATE TABLE zone_now (a FLOAT PRIMARY KEY) PARTITION BY LIST (a) (PARTITION x VALUES IN (random()));
DROP DATABASE zw CASCADE;
