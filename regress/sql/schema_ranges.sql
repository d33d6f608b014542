-- Ranges: where they end, and who holds them. What SPLIT AT gives has the table's id: not shown.
\a
CREATE TABLE t (k1 INT, k2 INT, v INT, w INT, PRIMARY KEY (k1, k2));
SELECT start_key, end_key, replicas, lease_holder FROM [SHOW RANGES FROM TABLE t];
\o /dev/null
ALTER TABLE t SPLIT AT VALUES (1), (10);
\o
SELECT start_key, end_key, replicas, lease_holder FROM [SHOW RANGES FROM TABLE t];
\o /dev/null
ALTER TABLE t SPLIT AT VALUES (5,1), (5,2), (5,3);
\o
SELECT start_key, end_key, replicas, lease_holder FROM [SHOW RANGES FROM TABLE t];
\o /dev/null
ALTER TABLE t EXPERIMENTAL_RELOCATE VALUES (ARRAY[1], 5, 2);
ALTER TABLE t EXPERIMENTAL_RELOCATE VALUES (ARRAY[4], 5, 2);
ALTER TABLE t EXPERIMENTAL_RELOCATE VALUES (ARRAY[]:::INT[], 5, 2);
ALTER TABLE t EXPERIMENTAL_RELOCATE VALUES (1, 5, 2);
ALTER TABLE t EXPERIMENTAL_RELOCATE LEASE VALUES (1, 5, 2);
ALTER TABLE t EXPERIMENTAL_RELOCATE LEASE VALUES (-1, 5, 2);
ALTER TABLE t EXPERIMENTAL_RELOCATE LEASE VALUES (ARRAY[1], 5, 2);
\o
CREATE INDEX idx ON t(v, w);
SELECT start_key, end_key, replicas, lease_holder FROM [SHOW RANGES FROM INDEX t@idx];
\o /dev/null
ALTER INDEX t@idx SPLIT AT VALUES (100,1), (100,50);
\o
SELECT start_key, end_key, replicas, lease_holder FROM [SHOW RANGES FROM INDEX t@idx];
SELECT start_key, end_key, replicas, lease_holder FROM [SHOW RANGES FROM TABLE t];
SELECT start_key, end_key, lease_holder, replicas FROM [SHOW RANGE FROM TABLE t FOR ROW (5, 2, 0, 0)];
SHOW RANGE FROM TABLE t FOR ROW (5, 1);
SELECT start_key, end_key, lease_holder, replicas FROM [SHOW RANGE FROM INDEX t@idx FOR ROW (1, 1, 100, 3)];
\o /dev/null
ALTER TABLE t UNSPLIT AT VALUES (5,1);
ALTER TABLE t UNSPLIT ALL;
\o
SELECT start_key, end_key FROM [SHOW RANGES FROM TABLE t];
SELECT start_key, end_key FROM [SHOW RANGES FROM INDEX t@idx];
\o /dev/null
ALTER INDEX t@idx UNSPLIT ALL;
\o
SELECT start_key, end_key FROM [SHOW RANGES FROM INDEX t@idx];
\o /dev/null
ALTER TABLE t SCATTER;
ALTER TABLE t SCATTER FROM (1) TO (5,2);
ALTER TABLE t SPLIT AT VALUES (1,2,3);
ALTER TABLE t SPLIT AT SELECT 1 LIMIT 0;
ALTER TABLE t SPLIT AT VALUES ('a');
ALTER TABLE t SPLIT AT VALUES (1.5);
ALTER TABLE t SPLIT AT VALUES (i, 1);
ALTER TABLE t SPLIT AT VALUES (1) WITH EXPIRATION '1 day'::INTERVAL;
ALTER TABLE t SPLIT AT VALUES (1) WITH EXPIRATION '2021-01-01';
ALTER TABLE t SPLIT AT VALUES (1) WITH EXPIRATION now();
ALTER TABLE t SPLIT AT VALUES (1) WITH EXPIRATION 'abc';
ALTER TABLE t SPLIT AT VALUES (1) WITH EXPIRATION '2200-01-01 00:00:00';
ALTER TABLE t SPLIT AT VALUES (1) WITH EXPIRATION NULL;
\o
CREATE TABLE s (a STRING, b DATE, c DECIMAL, PRIMARY KEY (a, b, c DESC));
\o /dev/null
ALTER TABLE s SPLIT AT VALUES ('seattle', '2020-01-01', 1.5), ('a/b', NULL, NULL);
\o
SELECT start_key, end_key FROM [SHOW RANGES FROM TABLE s];
\o /dev/null
ALTER TABLE nope SPLIT AT VALUES (1);
ALTER INDEX t@nope SPLIT AT VALUES (1);
\o
CREATE VIEW vv AS SELECT k1 FROM t;
SHOW RANGES FROM TABLE vv;
SHOW RANGES FROM TABLE nope;
SHOW RANGES FROM DATABASE nope;
\o /dev/null
ALTER TABLE vv SPLIT AT VALUES (1);
\o
SELECT node_id, network, attrs, locality, is_live, build_tag FROM crdb_internal.gossip_nodes;
SELECT node_id, epoch, draining, decommissioning FROM crdb_internal.gossip_liveness;
SELECT node_id, locality, metrics FROM crdb_internal.kv_node_status;
SELECT node_id, store_id FROM crdb_internal.kv_store_status;
SELECT table_name, index_name, split_enforced_until FROM crdb_internal.ranges_no_leases WHERE database_name = current_database() AND split_enforced_until IS NOT NULL ORDER BY start_key;
SELECT start_pretty, end_pretty FROM crdb_internal.ranges_no_leases LIMIT 8;
SELECT table_name, start_key, end_key FROM [SHOW RANGES FROM DATABASE schema_ranges] WHERE table_name != '' ORDER BY table_name, range_id < 1000000 DESC, start_key;
\o /dev/null
BEGIN; ALTER TABLE t SPLIT AT VALUES (42); ROLLBACK;
\o
SELECT start_key FROM [SHOW RANGES FROM TABLE t];
SELECT crdb_internal.pretty_key(b'\xbd\x89\x8a', 1), crdb_internal.pretty_key(b'\xbd\x89\x8a', 2), crdb_internal.lease_holder(b'\xbd');
CREATE TABLE zz (a INT PRIMARY KEY, b INT, INDEX i (b)); ALTER INDEX zz@i CONFIGURE ZONE USING gc.ttlseconds = 600;
SELECT start_key, end_key FROM [SHOW RANGES FROM TABLE zz]; SELECT start_key, end_key FROM [SHOW RANGES FROM INDEX zz@i];
\o /dev/null
ALTER INDEX zz@i SPLIT AT VALUES (3); ALTER TABLE zz SPLIT AT VALUES (7);
\o
SELECT start_key, end_key FROM [SHOW RANGES FROM TABLE zz]; SELECT start_key, end_key FROM [SHOW RANGES FROM INDEX zz@i];
INSERT INTO zz VALUES (1, 1), (8, 8); SELECT * FROM zz ORDER BY a;

-- where a string's rows end there is no key
CREATE TABLE ranges_end (city STRING, id INT, PRIMARY KEY (city, id)) PARTITION BY LIST (city) (
    PARTITION s VALUES IN ('seattle'));
ALTER PARTITION s OF TABLE ranges_end CONFIGURE ZONE USING num_replicas = 5;
SELECT start_key, end_key FROM [SHOW RANGES FROM TABLE ranges_end];
SELECT regexp_replace(start_pretty, '[0-9]+', 'N'), regexp_replace(end_pretty, '[0-9]+', 'N')
    FROM crdb_internal.ranges WHERE table_name = 'ranges_end' ORDER BY start_key LIMIT 2;
DROP TABLE ranges_end;
-- Placeholders are of the columns' types
CREATE TABLE sp (a INT PRIMARY KEY, b STRING, INDEX bi (b));
PREPARE sp_at AS ALTER TABLE sp SPLIT AT VALUES ($1);
\o /dev/null
EXECUTE sp_at(10);
\o
EXECUTE sp_at('x');
PREPARE sp_index AS ALTER INDEX sp@bi SPLIT AT VALUES ($1);
\o /dev/null
EXECUTE sp_index('m');
\o
PREPARE sp_until AS ALTER TABLE sp SPLIT AT VALUES ($1) WITH EXPIRATION $2;
\o /dev/null
EXECUTE sp_until(20, '2099-01-01');
\o
SELECT start_key, end_key FROM [SHOW RANGES FROM TABLE sp];
SELECT start_key, end_key FROM [SHOW RANGES FROM INDEX sp@bi];
PREPARE sp_un AS ALTER TABLE sp UNSPLIT AT VALUES ($1);
\o /dev/null
EXECUTE sp_un(10);
\o
SELECT start_key, end_key FROM [SHOW RANGES FROM TABLE sp];
PREPARE sp_scatter AS ALTER TABLE sp SCATTER FROM ($1) TO ($2);
\o /dev/null
EXECUTE sp_scatter(1, 2);
\o
PREPARE sp_move AS ALTER TABLE sp EXPERIMENTAL_RELOCATE VALUES ($1, $2);
\o /dev/null
EXECUTE sp_move(ARRAY[1], 5);
\o
PREPARE sp_lease AS ALTER TABLE sp EXPERIMENTAL_RELOCATE LEASE VALUES ($1, $2);
\o /dev/null
EXECUTE sp_lease(1, 5);
\o
PREPARE sp_bad AS ALTER TABLE sp SPLIT AT VALUES ($1, $2);
PREPARE sp_bad AS ALTER TABLE sp SPLIT AT VALUES ('x'::STRING);
