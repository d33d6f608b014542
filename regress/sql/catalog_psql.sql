-- What psql's backslash commands show of a database.
CREATE TABLE parent (a INT PRIMARY KEY, b STRING(10) NOT NULL DEFAULT 'x', c DECIMAL(10,2),
    UNIQUE INDEX ub (b DESC) STORING (c));
CREATE TABLE child (id INT PRIMARY KEY, pa INT NOT NULL REFERENCES parent (a) ON DELETE CASCADE,
    j JSONB, s STRING COLLATE en, t TIMESTAMP, arr INT[], v INT AS (id + 1) STORED,
    CONSTRAINT ck CHECK (id > 0), INVERTED INDEX jx (j));
CREATE TABLE hidden_key (x INT, "Mixed Case" BOOL);
CREATE VIEW vw AS SELECT a, b FROM parent;
CREATE SEQUENCE sq START 5 INCREMENT 2;
COMMENT ON TABLE parent IS 'the parent';
COMMENT ON COLUMN parent.b IS 'a column';
\d
\dt
\dt+
\dt parent
\dv
\ds
\di
\d parent
\d+ parent
\d child
\d hidden_key
\d vw
\d+ vw
\d sq
\d child@jx
\d jx
\dn
\dp
\dd
\dT
\df
\df lower
\do #>>
\dD
\dx
\dL
\dF
\des
\ddp
\dAc
\dAf
\dAo
\dAp
\dy
\dl
\deu
\des+
\dew+
\dc+
\dC+
\dD+
\dT+
\dO+
\det
\drds
\dRp
\db
\dg catalog_psql_nobody
\dt nope
\d nope
