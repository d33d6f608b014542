-- cluster settings: types, refusals, storage
SET CLUSTER SETTING nope = 1; SHOW CLUSTER SETTING nope; SET CLUSTER SETTING cluster.organization = 'me'; SHOW CLUSTER SETTING cluster.organization; RESET CLUSTER SETTING cluster.organization; SHOW CLUSTER SETTING cluster.organization;
SHOW CLUSTER SETTING version; BEGIN; SET CLUSTER SETTING cluster.organization='q'; ROLLBACK;
SET CLUSTER SETTING kv.rangefeed.enabled = true; SHOW CLUSTER SETTING kv.rangefeed.enabled; SET CLUSTER SETTING kv.rangefeed.enabled = 'abc'; SET CLUSTER SETTING kv.rangefeed.enabled = 5; SET CLUSTER SETTING kv.rangefeed.enabled = DEFAULT;
SET CLUSTER SETTING sql.defaults.default_int_size = 'x'; SET CLUSTER SETTING sql.defaults.default_int_size = 4; SET CLUSTER SETTING sql.defaults.default_int_size = DEFAULT;
SET CLUSTER SETTING sql.stats.automatic_collection.fraction_stale_rows = 'x'; SET CLUSTER SETTING sql.stats.automatic_collection.fraction_stale_rows = -1; SET CLUSTER SETTING sql.stats.automatic_collection.fraction_stale_rows = 0.3; SHOW CLUSTER SETTING sql.stats.automatic_collection.fraction_stale_rows;
SET CLUSTER SETTING sql.defaults.vectorize = 'bad'; SET CLUSTER SETTING sql.defaults.vectorize = 'on'; SHOW CLUSTER SETTING sql.defaults.vectorize; RESET CLUSTER SETTING sql.defaults.vectorize;
SET CLUSTER SETTING kv.snapshot_rebalance.max_rate = '1 MiB'; SHOW CLUSTER SETTING kv.snapshot_rebalance.max_rate; SET CLUSTER SETTING kv.snapshot_rebalance.max_rate = 'x';
SET CLUSTER SETTING sql.trace.txn.enable_threshold = '1s'; SHOW CLUSTER SETTING sql.trace.txn.enable_threshold; SET CLUSTER SETTING sql.trace.txn.enable_threshold = 'x'; SET CLUSTER SETTING sql.trace.txn.enable_threshold = 5;
RESET CLUSTER SETTING sql.trace.txn.enable_threshold; RESET CLUSTER SETTING kv.snapshot_rebalance.max_rate; RESET CLUSTER SETTING sql.stats.automatic_collection.fraction_stale_rows;
-- values that are refused; modes of tracing; tables without a key
SET CLUSTER SETTING sql.defaults.default_int_size = 5;
SET CLUSTER SETTING sql.stats.automatic_collection.min_stale_rows = -1;
SET CLUSTER SETTING sql.stats.automatic_collection.fraction_stale_rows = -0.5;
SET CLUSTER SETTING server.time_until_store_dead = '-1s';
SET CLUSTER SETTING sql.defaults.require_explicit_primary_keys.enabled = true;
SHOW CLUSTER SETTING sql.defaults.require_explicit_primary_keys.enabled;
\c
SHOW require_explicit_primary_keys;
CREATE TABLE npk (a INT);
CREATE TABLE npk AS SELECT 1 AS a;
CREATE TABLE npk (a PRIMARY KEY) AS SELECT 1 AS a;
SET CLUSTER SETTING sql.defaults.require_explicit_primary_keys.enabled = DEFAULT;
RESET CLUSTER SETTING sql.defaults.distsql;
SET tracing = bogus;
SET tracing = on, kv;
SET tracing = off;
-- Settings that are in no public list
SET CLUSTER SETTING sql.query_cache.enabled = false;
SHOW CLUSTER SETTING sql.query_cache.enabled;
RESET CLUSTER SETTING sql.query_cache.enabled;
SET CLUSTER SETTING sql.distsql.temp_storage.workmem = '1MiB';
SHOW CLUSTER SETTING sql.distsql.temp_storage.workmem;
SET CLUSTER SETTING sql.distsql.temp_storage.workmem = DEFAULT;
SELECT variable, value, setting_type, public FROM [SHOW ALL CLUSTER SETTINGS] WHERE variable IN ('debug.panic_on_failed_assertions', 'kv.learner_replicas.enabled', 'sql.tablecache.lease.refresh_limit');
SELECT count(*) FROM [SHOW CLUSTER SETTINGS] WHERE variable = 'sql.query_cache.enabled';
SELECT variable FROM [SHOW ALL CLUSTER SETTINGS] WHERE variable = 'cluster.secret';
SHOW COMPACT KV TRACE FOR SESSION;
-- What a setting takes, as v20.1 checks it.
SET CLUSTER SETTING diagnostics.sql_stat_reset.interval = '48h'; SET CLUSTER SETTING server.time_until_store_dead = '1s'; SET CLUSTER SETTING server.time_until_store_dead = '1 day'; SET CLUSTER SETTING cluster.organization = 1; SET CLUSTER SETTING sql.defaults.distsql = 99; SET CLUSTER SETTING sql.defaults.distsql = 'x';
SET CLUSTER SETTING version = DEFAULT; SET CLUSTER SETTING version = 'x'; SET CLUSTER SETTING version = '19.1'; SET CLUSTER SETTING version = '19.2'; SET CLUSTER SETTING version = '20.2'; SET CLUSTER SETTING version = '20.1';
SET CLUSTER SETTING kv.snapshot_rebalance.max_rate = ''; SET CLUSTER SETTING kv.snapshot_rebalance.max_rate = '1 foo'; SET CLUSTER SETTING kv.snapshot_rebalance.max_rate = 1; SELECT value FROM [SHOW CLUSTER SETTINGS] WHERE variable = 'kv.snapshot_rebalance.max_rate';
