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
