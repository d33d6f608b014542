-- Definitions and how they are kept.
\a
CREATE TABLE dt (a DATE DEFAULT current_date(), b TIMESTAMPTZ DEFAULT now(), c UUID DEFAULT gen_random_uuid(), d DECIMAL DEFAULT 1.50, e BYTES DEFAULT b'\x01', f INTERVAL DEFAULT '1 day', g JSONB DEFAULT '{"a": 1}', h STRING DEFAULT NULL, i INT[] DEFAULT ARRAY[1,2], j BOOL DEFAULT true, k BIT(3) DEFAULT B'101', l FLOAT DEFAULT 1, m VARCHAR(5) DEFAULT 'x', n INET DEFAULT '1.2.3.4', o INT2 DEFAULT 3, q TIMESTAMP DEFAULT now(), r CHAR, s STRING[], u TIME(3), v TIMESTAMPTZ(0));
SHOW CREATE TABLE dt;
CREATE TABLE ck (k INT, w DECIMAL, z DATE, q STRING, s INT, vc STRING, r BOOL, o INT, p INT, CHECK (k < 10), CHECK (w > 1.5), CHECK (z > '2020-01-01'), CHECK (p BETWEEN 1 AND 5), CHECK (q LIKE 'a%'), CHECK (s::STRING = 'x'), CHECK (vc IN ('a', 'b')), CHECK ((o IN (1,2)) OR o IS NULL), CHECK (NOT r), CHECK (k < 10 AND vc IN ('a','b')), CHECK (k + 1 > o), CHECK (length(vc) > 3));
SHOW CREATE TABLE ck;
CREATE TABLE mi (a INT, b INT, INDEX (a), INDEX (a), UNIQUE (a), UNIQUE (b, a), INDEX named (b DESC, a) STORING (c), c INT);
SHOW CREATE TABLE mi;
CREATE TABLE fam (a INT PRIMARY KEY FAMILY f1, b INT UNIQUE FAMILY f1, c STRING DEFAULT 'x', d INT CREATE FAMILY, e INT FAMILY f1, FAMILY (c));
SHOW CREATE TABLE fam;
CREATE TABLE p (x INT PRIMARY KEY, y STRING UNIQUE, z INT, UNIQUE (x, z));
CREATE TABLE c (id INT PRIMARY KEY, p INT REFERENCES p ON DELETE CASCADE ON UPDATE SET NULL, q STRING REFERENCES p (y) MATCH FULL, z INT, j JSONB, INVERTED INDEX (j), d DECIMAL(10,2) AS (id * 2.5) STORED, CONSTRAINT fk FOREIGN KEY (p, z) REFERENCES p (x, z), CHECK (id > 0), CONSTRAINT ck2 CHECK (p > 0 OR p IS NULL));
SHOW CREATE TABLE c;
SHOW CONSTRAINTS FROM c;
SHOW INDEXES FROM c;
CREATE TABLE tree (id INT PRIMARY KEY, parent INT REFERENCES tree ON DELETE CASCADE);
SHOW CREATE TABLE tree;
INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2);
DELETE FROM tree WHERE id = 1;
SELECT count(*) FROM tree;
CREATE TABLE ip (a INT PRIMARY KEY, b INT);
CREATE TABLE ic (a INT, b INT, PRIMARY KEY (a, b)) INTERLEAVE IN PARENT ip (a);
SHOW CREATE TABLE ic;
CREATE TABLE xx AS SELECT 1 AS a, 'x' AS b;
SHOW CREATE TABLE xx;
CREATE TABLE yy (a PRIMARY KEY, b) AS SELECT 1, 2;
SHOW CREATE TABLE yy;
CREATE TABLE "Quoted Table" ("Col A" INT PRIMARY KEY, "select" INT, INDEX "I x" ("select"));
SHOW CREATE TABLE "Quoted Table";
-- hash-sharded indexes
CREATE TABLE h (a INT PRIMARY KEY USING HASH WITH BUCKET_COUNT = 4);
SET experimental_enable_hash_sharded_indexes = on;
CREATE TABLE h (a INT PRIMARY KEY USING HASH WITH BUCKET_COUNT = 4, b INT, INDEX (b) USING HASH WITH BUCKET_COUNT = 3);
INSERT INTO h VALUES (1, 2), (5, 6);
SHOW CREATE TABLE h;
SHOW COLUMNS FROM h;
SELECT * FROM h ORDER BY a;
CREATE TABLE h2 (a INT, b INT);
INSERT INTO h2 VALUES (1, 2);
CREATE INDEX ON h2 (b) USING HASH WITH BUCKET_COUNT = 8;
SHOW CREATE TABLE h2;
SELECT b FROM h2@h2_crdb_internal_b_shard_8_b_idx;
ALTER TABLE h RENAME COLUMN a TO aa;
SHOW CREATE TABLE h;

-- storage parameters of PostgreSQL: one is taken and does nothing
CREATE TABLE filled (a INT PRIMARY KEY) WITH (fillfactor = 100);
CREATE TABLE filled_too WITH (fillfactor = 70) AS SELECT 1 AS a;
CREATE TABLE filled_not (a INT) WITH (fillfactor = 1.5);
CREATE TABLE filled_not (a INT) WITH (autovacuum_enabled = true);
CREATE TABLE filled_not (a INT) WITH (fillfactor = 1, foo = true);
CREATE TABLE filled_not (a INT) WITH OIDS;
SELECT create_statement FROM [SHOW CREATE TABLE filled];
-- what SHOW CREATE says of families is taken: rowid, shard columns
CREATE TABLE fam_rowid (a INT, b INT, FAMILY f (a, rowid), FAMILY g (b));
SHOW CREATE fam_rowid;
CREATE TABLE refused (a INT PRIMARY KEY, FAMILY f (a, rowid));
CREATE TABLE refused (a INT, FAMILY f (a, nope));
-- columns with all that may stand in front of them
CREATE TABLE full_names (k INT PRIMARY KEY, v INT, c INT AS (full_names.v + 1) STORED, CHECK (full_names.v > 0), CHECK (public.full_names.v < 50), CHECK (schema_create.public.full_names.v < 100));
SHOW CREATE full_names;
CREATE TABLE refused (a INT, CHECK (other.public.refused.a > 0));
ALTER TABLE full_names ADD CHECK (schema_create.public.full_names.k > 0);

-- Which names are printed bare: those that can be read back so.
CREATE TABLE "世界" ("é" INT, "Ünder" INT, "left" INT, "is" INT, "family" INT, "none" INT, "a b" INT, "Ab" INT, abort INT);
SHOW CREATE TABLE 世界;
-- Functions that a setting has a say in are no impure ones; those that tell the time are.
CREATE TABLE pure (a INT, e JSONB AS (json_build_object('a', a)) STORED, f JSONB AS (json_build_array(a, 'x')) STORED);
INSERT INTO pure VALUES (10) RETURNING e, f;
CREATE TABLE impure (a TIMESTAMPTZ AS (current_timestamp(3)) STORED);
CREATE TABLE impure (b TIMESTAMPTZ, a INTERVAL AS (age(b)) STORED);
-- A column names its family: it is made when it is not there, before those of the table.
CREATE TABLE fam_assign (a INT PRIMARY KEY FAMILY pri, b INT FAMILY foo, c INT CREATE FAMILY, d INT CREATE FAMILY foo, e INT, FAMILY (e));
SHOW CREATE TABLE fam_assign;
CREATE TABLE fam_twice (a INT FAMILY f, b INT, FAMILY f (b));
CREATE TABLE fam_as (a PRIMARY KEY, b FAMILY f) AS SELECT 1, 2;
SHOW CREATE TABLE fam_as;
ALTER TABLE fam_as ADD COLUMN c INT FAMILY nope;
CREATE CHANGEFEED FOR fam_as;
CREATE TABLE fam_key (a INT PRIMARY KEY, b INT CREATE FAMILY, FAMILY (a));
INSERT INTO fam_key VALUES (1, NULL), (2, 3);
UPDATE fam_key SET b = 4 WHERE a = 1;
UPDATE fam_key SET b = NULL WHERE a = 2;
SELECT * FROM fam_key ORDER BY a;
-- A column's primary key is its unique index, too; the last name given counts.
CREATE TABLE keyed (a INT NULL CONSTRAINT p PRIMARY KEY CONSTRAINT u UNIQUE, b INT CONSTRAINT x UNIQUE UNIQUE, c INT, INDEX (c), INDEX ci (c, a) PARTITION BY LIST (c) (PARTITION one VALUES IN (1)));
SHOW CREATE TABLE keyed; DROP TABLE keyed;
