-- Prepared statements use their plan again; not when the world has changed.
CREATE TABLE t (k INT PRIMARY KEY, v INT, s STRING);
INSERT INTO t VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c');
PREPARE q AS SELECT v FROM t WHERE k = $1;
EXECUTE q(1);
EXECUTE q(2);
PREPARE allv AS SELECT * FROM t ORDER BY k;
PREPARE u AS UPDATE t SET v = v + $2 WHERE k = $1 RETURNING v;
EXECUTE u(1, 5);
EXECUTE u(1, 5);
-- an index appears, a column changes its name, a table takes another's place
CREATE INDEX v_idx ON t (v);
EXECUTE q(1);
EXECUTE u(2, 1);
SELECT k FROM t@v_idx WHERE v = 21;
ALTER TABLE t RENAME COLUMN v TO w;
EXECUTE q(1);
ALTER TABLE t RENAME COLUMN w TO v;
EXECUTE q(1);
ALTER TABLE t RENAME TO old_t;
EXECUTE q(1);
CREATE TABLE t (k INT PRIMARY KEY, v INT);
INSERT INTO t VALUES (1, 100);
EXECUTE q(1);
DROP TABLE t;
EXECUTE q(1);
ALTER TABLE old_t RENAME TO t;
EXECUTE q(3);
-- in a transaction that changes it
BEGIN;
EXECUTE q(3);
ALTER TABLE t RENAME COLUMN v TO w;
EXECUTE q(3);
ROLLBACK;
EXECUTE q(3);
-- settings: the current database
PREPARE d AS SELECT count(*) FROM t WHERE k > $1;
EXECUTE d(0);
SET database = system;
EXECUTE d(0);
RESET database;
-- values of the moment are no part of it
PREPARE n AS SELECT now() >= $1::TIMESTAMPTZ, current_date() > '2020-01-01';
EXECUTE n('2020-01-01');
EXECUTE n('2999-01-01');
PREPARE sub AS SELECT (SELECT max(v) FROM t WHERE k <= $1), EXISTS (SELECT 1 FROM t WHERE k = $1);
EXECUTE sub(1);
EXECUTE sub(9);
DEALLOCATE ALL;
DROP TABLE t;
-- types with a length are the statement's own; what was described may change in length only
PREPARE sized(varchar(2), decimal(3,1), timestamp(0)) AS SELECT $1, $2, $3, pg_typeof($1), pg_typeof($2);
EXECUTE sized('abc', 1.25, '2020-01-01 00:00:00.6');
EXECUTE sized('x', 1, NULL);
CREATE TABLE widened (a INT, b VARCHAR(3));
INSERT INTO widened VALUES (1, 'a');
PREPARE from_widened AS SELECT * FROM widened;
ALTER TABLE widened ALTER COLUMN b TYPE VARCHAR(5);
EXECUTE from_widened;
-- parameters in the query of CREATE TABLE AS
PREPARE make AS CREATE TABLE made AS SELECT $1::INT AS x, $2 || 'b' AS y;
EXECUTE make(1, 'a');
SELECT * FROM made;
EXECUTE make(1, 'a');
PREPARE make_none AS CREATE TABLE made2 AS SELECT $1;
PREPARE make_none AS CREATE TABLE made2 (a INT DEFAULT $1);
DROP TABLE made;
-- Plans written by hand are for v20.1's own tests
PREPARE by_hand AS OPT PLAN '(Root)';
SET allow_prepare_as_opt_plan = on;
PREPARE by_hand (INT) AS OPT PLAN '(Root)';
RESET allow_prepare_as_opt_plan;
