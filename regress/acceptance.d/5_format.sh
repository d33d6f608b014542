# What BACKUP wrote, held against the rules of the format by check-backup. Sourced.
scenarios="$scenarios format"

# checked NAME ARGUMENT...: the layers are as CockroachDB wants them.
checked() {
    local name=$1 bad=
    shift
    bad=$("$AMBERDB_SRCDIR/regress/check-backup" "$@" 2>&1) && bad=
    result "$name is well formed" "$bad"
}

format() {
    local e=$AMB_EXTERN p
    say 'DROP DATABASE IF EXISTS rich CASCADE' 'CREATE DATABASE rich' 'SET database = rich' \
        'CREATE SEQUENCE sq START 5' 'CREATE TABLE parent (k INT PRIMARY KEY, s STRING)' \
        'CREATE TABLE child (k INT, c INT, v STRING, PRIMARY KEY (k, c), INDEX (v)) INTERLEAVE IN PARENT parent (k)' \
        "CREATE TABLE wide (a INT NOT NULL DEFAULT nextval('sq'), b STRING COLLATE de, c DECIMAL(10,2), d JSONB, e INT[],
            f TIMESTAMPTZ DEFAULT now(), g INT AS (a * 2) STORED, h BYTES, i UUID, j INET, k FLOAT, PRIMARY KEY (a DESC),
            UNIQUE (c), INDEX (b) STORING (h), INVERTED INDEX (d), INDEX (k, c), CHECK (a > 0), FAMILY (a, b, c, e, f, g), FAMILY (d), FAMILY (h, i, j, k))" \
        'CREATE TABLE norowid (x INT REFERENCES parent (k) ON DELETE CASCADE, y VARCHAR(10))' \
        'CREATE VIEW v AS SELECT x FROM norowid' \
        "INSERT INTO parent SELECT g, 'p' || g::STRING FROM generate_series(1, 500) AS g" \
        "INSERT INTO child SELECT g, h, repeat('v', 300) FROM generate_series(1, 100) AS g, generate_series(1, 3) AS h" \
        "INSERT INTO wide (b, c, d, e, h, i, j, k) SELECT 'x' COLLATE de, g::DECIMAL, ('{\"n\": ' || g::STRING || ', \"l\": [1, 2]}')::JSONB, ARRAY[g, 1], b'\\x00\\xff', gen_random_uuid(), '10.0.0.1'::INET, g::FLOAT / 3 FROM generate_series(1, 300) AS g" \
        "INSERT INTO norowid SELECT g, 'y' FROM generate_series(1, 50) AS g" \
        'CREATE TABLE empty (k INT PRIMARY KEY)' 'CREATE STATISTICS st FROM parent'
    say "BACKUP DATABASE rich TO '$(D rich)' WITH revision_history"
    say 'SET database = rich' 'DELETE FROM parent WHERE k > 490' 'UPDATE wide SET c = c + 1000, h = NULL WHERE a < 50' \
        'TRUNCATE norowid CASCADE' 'ALTER TABLE wide ADD COLUMN l INT DEFAULT 3' 'DROP TABLE empty' \
        'CREATE TABLE added (k INT PRIMARY KEY, v INT, INDEX (v))' 'INSERT INTO added VALUES (1, 1)' \
        'CREATE INDEX late ON wide (i)' 'ALTER TABLE child RENAME TO kids'
    say "BACKUP DATABASE rich TO '$(D rich)' WITH revision_history"
    say "BACKUP DATABASE rich TO '$(D rich)'" # nothing changed
    say "BACKUP TO '$(D rich-cluster)'"
    say "BACKUP rich.wide, rich.sq TO '$(D rich-tables)'"
    say "BACKUP DATABASE rich TO ('$(E rich)$default', '$(W rich)$west') WITH encryption_passphrase = 'secret'"
    checked "a database with history and layers" "$e/rich"
    checked "a cluster" "$e/rich-cluster"
    checked "tables" "$e/rich-tables"
    checked "localities, encrypted" --passphrase=secret --part="$e/west/rich" "$e/east/rich"
    p=$(ls "$e"/rich/*.sst | head -n 1)
    cp "$p" "$work/sst"
    printf x | dd of="$p" bs=1 seek=100 conv=notrunc 2>/dev/null
    "$AMBERDB_SRCDIR/regress/check-backup" "$e/rich" >/dev/null
    same "damage is found" "$?" 1
    cp "$work/sst" "$p"
}
