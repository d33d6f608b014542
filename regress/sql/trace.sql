-- What SET tracing records: SHOW TRACE, SHOW KV TRACE, crdb_internal.session_trace.
\set lines 'SELECT operation, regexp_replace(regexp_replace(message, ''/Table/[0-9]+/'', ''/Table/N/'', ''g''), ''^r[0-9]+:'', ''rN:'') AS message FROM [SHOW KV TRACE FOR SESSION]'
SHOW tracing;
SET tracing = on; SHOW tracing; SET tracing = on; SET tracing = on, kv; SET tracing = off; SHOW tracing;
SET tracing = nonsense;
-- spans and statements
SET tracing = on; BEGIN; SELECT 1; COMMIT; SELECT 2; SET tracing = off;
SELECT span, message, operation FROM [SHOW TRACE FOR SESSION] WHERE message LIKE '%SPAN START%' OR message LIKE '%pos%executing%';
SELECT count(*) > 5, count(DISTINCT span_idx) FROM crdb_internal.session_trace;
-- nothing of keys and values without kv
CREATE TABLE kv (k INT PRIMARY KEY, v INT, UNIQUE INDEX iv (v), FAMILY (k, v));
SET tracing = on; INSERT INTO kv VALUES (7, 7); SET tracing = off;
:lines;
SET tracing = on, kv, results;
INSERT INTO kv VALUES (1, 2), (2, 3);
INSERT INTO kv VALUES (1, 5);
SELECT * FROM kv;
SELECT * FROM kv WHERE k = 1;
SELECT k FROM kv WHERE v = 3;
SET tracing = off;
:lines;
SET tracing = on, kv;
UPDATE kv SET v = v + 10 WHERE k = 1;
UPDATE kv SET k = 5 WHERE k = 2;
UPSERT INTO kv VALUES (5, 6);
DELETE FROM kv WHERE k = 5;
SET tracing = off;
:lines;
-- a transaction's end goes by itself; families; index joins; whole spans deleted
CREATE TABLE f (a INT PRIMARY KEY, b INT, c STRING, d DECIMAL, INDEX ib (b), FAMILY f1 (a, b), FAMILY f2 (c), FAMILY f3 (d));
CREATE TABLE plain (a INT PRIMARY KEY, b INT);
SET tracing = on, kv;
BEGIN; INSERT INTO f VALUES (1, 2, 'x', 4.50), (2, NULL, NULL, NULL); INSERT INTO plain VALUES (1, 1), (2, 2), (3, 3); COMMIT;
SELECT * FROM f@ib WHERE b = 2;
SELECT c FROM f;
DELETE FROM plain WHERE a > 2;
DELETE FROM plain;
SET tracing = off;
:lines;
EXPLAIN DELETE FROM plain WHERE a > 2;
EXPLAIN DELETE FROM plain RETURNING a;
-- foreign keys
CREATE TABLE p (a INT PRIMARY KEY);
CREATE TABLE c (a INT PRIMARY KEY, p INT REFERENCES p ON DELETE CASCADE);
INSERT INTO p VALUES (1);
SET tracing = on, kv;
INSERT INTO c VALUES (10, 1);
DELETE FROM p WHERE a = 1;
SET tracing = off;
:lines WHERE message NOT LIKE 'r%: sending%';
SELECT count(*) FROM plain;
-- Where requests went
CREATE TABLE rt (a INT PRIMARY KEY);
SET TRACING = kv;
INSERT INTO rt VALUES (1);
SELECT * FROM rt WHERE a = 1;
SET TRACING = off;
SELECT timestamp > '2020-01-01', node_id, store_id, replica_id > 0 FROM [SHOW EXPERIMENTAL_REPLICA TRACE FOR SESSION];
SELECT count(*) FROM [SHOW COMPACT EXPERIMENTAL_REPLICA TRACE FOR SESSION];
