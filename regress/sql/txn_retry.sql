-- Transactions that restart keep what they are.
CREATE TABLE t (k INT PRIMARY KEY);
BEGIN;
SELECT crdb_internal.force_retry('20ms');
INSERT INTO t VALUES (1);
COMMIT;
SELECT * FROM t;
DROP TABLE t;
