-- CREATE STATISTICS, histograms, INJECT STATISTICS
CREATE TABLE data (a INT, b INT, s STRING, j JSONB, ok BOOL, d DATE, PRIMARY KEY (a, b), INDEX (s));
INSERT INTO data SELECT a, b, 's' || a::STRING, NULL, a > 2, '2020-01-01'::DATE + a FROM generate_series(1, 4) a (a), generate_series(1, 4) b (b);
CREATE STATISTICS s1 ON a FROM data;
CREATE STATISTICS s2 ON b, a FROM data;
CREATE STATISTICS s3 FROM data;
CREATE STATISTICS s4 ON d FROM data;
SELECT statistics_name, column_names, row_count, distinct_count, null_count, histogram_id IS NOT NULL AS histogram FROM [SHOW STATISTICS FOR TABLE data] ORDER BY 1, 2::STRING;
SELECT histogram_id AS h FROM [SHOW STATISTICS FOR TABLE data] WHERE column_names = ARRAY['a'] \gset
SHOW HISTOGRAM :h;
SELECT histogram_id AS h FROM [SHOW STATISTICS FOR TABLE data] WHERE statistics_name = 's4' \gset
SHOW HISTOGRAM :h;
SELECT histogram_id AS h FROM [SHOW STATISTICS FOR TABLE data] WHERE statistics_name = 's3' AND column_names = ARRAY['s'] \gset
SELECT upper_bound, equal_rows FROM [SHOW HISTOGRAM :h];
SHOW HISTOGRAM 123;
-- Two hundred buckets at most, of about as many rows each
CREATE TABLE big (k INT PRIMARY KEY, v INT);
INSERT INTO big SELECT i, NULL FROM generate_series(1, 3000) g (i);
CREATE STATISTICS b ON k FROM big;
CREATE STATISTICS c ON v FROM big;
SELECT histogram_id AS h FROM [SHOW STATISTICS FOR TABLE big] WHERE statistics_name = 'b' \gset
SELECT count(*), sum(range_rows + equal_rows), max(range_rows), min(upper_bound::INT), max(upper_bound::INT) FROM [SHOW HISTOGRAM :h];
SELECT row_count, null_count, distinct_count, histogram_id FROM [SHOW STATISTICS FOR TABLE big] WHERE statistics_name = 'c';
-- In and out as JSON
ALTER TABLE big INJECT STATISTICS '[{"columns": ["k"], "created_at": "2018-01-01 1:00:00.00000+00:00", "row_count": 1000, "distinct_count": 4, "histo_col_type": "INT8", "histo_buckets": [{"num_eq": 1, "num_range": 0, "distinct_range": 0, "upper_bound": "7"}, {"num_eq": 3, "num_range": 2, "distinct_range": 1.5, "upper_bound": "9"}]}]';
SELECT jsonb_pretty(statistics) FROM [SHOW STATISTICS USING JSON FOR TABLE big];
SELECT histogram_id AS h FROM [SHOW STATISTICS FOR TABLE big] \gset
SHOW HISTOGRAM :h;
ALTER TABLE big INJECT STATISTICS '[{"columns": ["k"], "created_at": "2018-01-01", "row_count": 1, "histo_buckets": [{"num_eq": 1, "upper_bound": "x"}]}]';
SET CLUSTER SETTING sql.stats.histogram_collection.enabled = false;
CREATE STATISTICS d ON k FROM big;
RESET CLUSTER SETTING sql.stats.histogram_collection.enabled;
SELECT statistics_name, histogram_id FROM [SHOW STATISTICS FOR TABLE big] WHERE statistics_name = 'd';
-- Each is a job, and an event when these are asked for
SELECT job_type, description, statement, status FROM crdb_internal.jobs WHERE job_type LIKE '%STATS' AND description LIKE '%statistics.public.data' ORDER BY created;
SET CLUSTER SETTING sql.stats.post_events.enabled = true;
CREATE STATISTICS __auto__ FROM data; CREATE STATISTICS s1 ON a FROM data;
RESET CLUSTER SETTING sql.stats.post_events.enabled;
SELECT job_type, description, statement FROM [SHOW AUTOMATIC JOBS] WHERE description LIKE '%statistics.public.data';
SELECT count(*) FROM [SHOW JOBS] WHERE description LIKE 'CREATE STATISTICS s1 ON a FROM statistics.public.data';
SELECT info FROM system.eventlog WHERE "eventType" = 'create_statistics' ORDER BY timestamp;
DELETE FROM system.table_statistics WHERE name = '__auto__';
-- Of one list of columns the newest stays, and four that were made by themselves
CREATE TABLE old (a INT, b INT, j JSONB);
CREATE STATISTICS s1 ON a FROM old;
CREATE STATISTICS s2 ON a FROM old;
CREATE STATISTICS s3 ON b FROM old;
SELECT statistics_name, column_names FROM [SHOW STATISTICS FOR TABLE old] ORDER BY 1;
CREATE STATISTICS __auto__ ON a FROM old;
CREATE STATISTICS __auto__ ON a FROM old;
CREATE STATISTICS __auto__ ON a FROM old;
CREATE STATISTICS __auto__ ON a FROM old;
CREATE STATISTICS __auto__ ON a FROM old;
CREATE STATISTICS s4 ON a FROM old;
SELECT statistics_name, column_names, count(*) FROM [SHOW STATISTICS FOR TABLE old] GROUP BY 1, 2 ORDER BY 1;
CREATE STATISTICS s ON j FROM old;
CREATE STATISTICS s FROM pg_catalog.pg_class;
CREATE VIEW v AS SELECT a FROM old;
CREATE STATISTICS s FROM v;
-- Of an earlier time; many rows are sampled; a job in a transaction of its own
CREATE TABLE much (k INT PRIMARY KEY, v INT, s STRING, INDEX (v), INDEX (s));
INSERT INTO much SELECT i, i % 100, repeat('x', 500) || (i % 3)::STRING FROM generate_series(1, 30000) g (i);
SELECT now()::STRING AS before, pg_sleep(0.02) \gset
INSERT INTO much SELECT i, i, NULL FROM generate_series(30001, 30100) g (i);
CREATE STATISTICS early FROM much WITH OPTIONS THROTTLING 0.1 AS OF SYSTEM TIME :'before';
CREATE STATISTICS late ON s FROM much;
SELECT statistics_name, column_names, row_count, abs(distinct_count - CASE column_names[1] WHEN 'k' THEN 30000 WHEN 'v' THEN 100 ELSE 3 END) < 1000 AS near, null_count FROM [SHOW STATISTICS FOR TABLE much] ORDER BY 1, 2::STRING;
SELECT histogram_id AS h FROM [SHOW STATISTICS FOR TABLE much] WHERE column_names = ARRAY['v'] \gset
SELECT count(*), sum(equal_rows) BETWEEN 29000 AND 30000 AS rows, max(range_rows), max(equal_rows) < 600 AS even FROM [SHOW HISTOGRAM :h];
SELECT histogram_id AS h FROM [SHOW STATISTICS FOR TABLE much] WHERE column_names = ARRAY['k'] \gset
SELECT count(*), sum(range_rows + equal_rows) BETWEEN 29000 AND 30000 AS rows, max(range_rows) < 300 AS even, sum(distinct_range_rows + 1)::INT BETWEEN 28000 AND 31000 AS distinct FROM [SHOW HISTOGRAM :h];
-- Long texts are cut
SELECT histogram_id AS h FROM [SHOW STATISTICS FOR TABLE much] WHERE column_names = ARRAY['s'] \gset
SELECT length(upper_bound), equal_rows FROM [SHOW HISTOGRAM :h];
CREATE STATISTICS s FROM much WITH OPTIONS THROTTLING 1.5;
CREATE STATISTICS s FROM much WITH OPTIONS THROTTLING 0.5 THROTTLING 0.5;
CREATE STATISTICS s FROM much AS OF SYSTEM TIME 'x';
BEGIN; CREATE STATISTICS inside ON v FROM much; ROLLBACK;
SELECT count(*) FROM [SHOW STATISTICS FOR TABLE much] WHERE statistics_name = 'inside';
CREATE STATISTICS "" ON v FROM much; SELECT statistics_name IS NULL AS unnamed, column_names FROM [SHOW STATISTICS FOR TABLE much] WHERE statistics_name IS NULL;
