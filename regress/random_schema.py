#!/usr/bin/env python3
"""Random transactions of schema changes and writes; see random-schema.

    random_schema.py PORT FIRST LAST

For each seed, in a database of its own: after every COMMIT no index lacks an entry or has one too
many, and no row contradicts a constraint that is valid. A schema change that fails ends its
transaction, which is begun again without it. What failed is shown with the statements before it.
"""
import random
import re
import sys

import psycopg2

TABLES = ["p", "q", "r"]
NAMES = ["x1", "x2", "x3", "x4"]
TRANSACTIONS = 60
WRITES = ("INSERT", "UPSERT", "UPDATE", "DELETE")
NEW_COLUMNS = ["", "DEFAULT 1", "UNIQUE", "NOT NULL DEFAULT 2", "NOT NULL", "CHECK (a > 0)", "REFERENCES p",
               "AS (a) STORED", "UNIQUE DEFAULT 3"]


class Found(Exception):
    pass


class Run:
    def __init__(self, port, seed):
        self.r = random.Random(seed)
        self.log = []
        db = psycopg2.connect(host="localhost", port=port, user="root", dbname="defaultdb")
        db.autocommit = True
        self.cursor = db.cursor()
        self.run(f"CREATE DATABASE random_{seed}")
        self.run(f"SET database = random_{seed}")

    def run(self, sql):
        """The error, or None."""
        try:
            self.cursor.execute(sql)
            return None
        except psycopg2.Error as e:
            if e.pgcode in (None, "XX000", "XX001"):
                raise Found(f"{sql}: {e}") from e
            return f"{e.pgcode} {str(e).splitlines()[0]}"

    def rows(self, sql):
        self.cursor.execute(sql)
        return self.cursor.fetchall()

    def value(self):
        return self.r.choice(["NULL", "0", "1", "2", "3", "-1", "5"])

    def column(self):
        return self.r.choice("kaabbccd")

    def tables(self):
        for t in TABLES:
            self.run(f"DROP TABLE IF EXISTS {t} CASCADE")
        for t in TABLES:
            self.run(f"CREATE TABLE {t} (k INT PRIMARY KEY, a INT, b INT, c INT, INDEX (a), INDEX (b))")
            for i in range(self.r.randint(0, 4)):
                self.run(f"INSERT INTO {t} VALUES ({i}, {self.value()}, {self.value()}, {self.value()})")

    def constraint(self, t, name):
        r = self.r
        return f"ALTER TABLE {t} ADD CONSTRAINT {name} " + r.choice([
            f"CHECK ({self.column()} {r.choice(['>', '<', '!='])} {r.randint(-1, 4)})"
            f"{r.choice(['', '', ' NOT VALID'])}",
            f"UNIQUE ({self.column()})",
            f"FOREIGN KEY ({r.choice('abcd')}) REFERENCES {r.choice(TABLES)} "
            f"({r.choice(['k', 'k', self.column()])}) "
            f"ON DELETE {r.choice(['CASCADE', 'SET NULL', 'NO ACTION', 'RESTRICT', 'SET DEFAULT'])} "
            f"ON UPDATE {r.choice(['CASCADE', 'SET NULL', 'NO ACTION'])}"])

    def change(self):
        r = self.r
        t, name, other = r.choice(TABLES), r.choice(NAMES), r.choice(NAMES)
        cascade = r.choice(["", " CASCADE"])
        return r.choice([
            self.constraint(t, name),
            self.constraint(t, name),
            self.constraint(t, name),
            f"CREATE UNIQUE INDEX {name} ON {t} ({', '.join(sorted({self.column(), self.column()}))})",
            f"CREATE INDEX {name} ON {t} ({self.column()})",
            f"ALTER TABLE {t} ALTER COLUMN {self.column()} SET NOT NULL",
            f"ALTER TABLE {t} ALTER COLUMN {self.column()} DROP NOT NULL",
            f"ALTER TABLE {t} ADD COLUMN {r.choice('de')} INT {r.choice(NEW_COLUMNS)}",
            f"ALTER TABLE {t} DROP COLUMN {r.choice('abcd')}{cascade}",
            f"ALTER TABLE {t} DROP CONSTRAINT {name}",
            f"ALTER TABLE {t} RENAME CONSTRAINT {name} TO {other}",
            f"ALTER TABLE {t} RENAME COLUMN {self.column()} TO {self.column()}",
            f"ALTER TABLE {t} VALIDATE CONSTRAINT {name}",
            f"DROP INDEX {t}@{name}{cascade}",
            f"ALTER INDEX {t}@{name} RENAME TO {other}",
            f"ALTER TABLE {t} ALTER PRIMARY KEY USING COLUMNS ({self.column()})",
            f"ALTER TABLE {t} ADD CHECK ({self.column()} > 0), "
            f"ADD CONSTRAINT {other} UNIQUE ({self.column()}), ALTER COLUMN {self.column()} SET NOT NULL",
            f"TRUNCATE {t} CASCADE",
            "CREATE TABLE IF NOT EXISTS s (k INT PRIMARY KEY, a INT REFERENCES p, b INT UNIQUE, "
            "c INT CHECK (c < 4))",
            "DROP TABLE IF EXISTS s"])

    def write(self):
        r = self.r
        t, k = r.choice(TABLES + ["s"]), r.randint(0, 8)
        values = f"({k}, {self.value()}, {self.value()}, {self.value()})"
        where = f"WHERE {r.choice('kabc')} = {r.randint(0, 4)}"
        return r.choice([
            f"INSERT INTO {t} (k, a, b, c) VALUES {values}",
            f"INSERT INTO {t} (k, a) VALUES ({k}, {self.value()})",
            f"UPSERT INTO {t} (k, a, b, c) VALUES {values}",
            f"INSERT INTO {t} (k, a, b, c) VALUES {values} ON CONFLICT (k) DO UPDATE SET a = excluded.b",
            f"UPDATE {t} SET {r.choice('abc')} = {self.value()} {where}",
            f"UPDATE {t} SET k = k + 10 {where}",
            f"DELETE FROM {t} {where}"])

    def begin_again(self, done):
        self.run("ROLLBACK")
        self.run("BEGIN")
        self.log.append("-- the same again")
        for sql in done:
            error = self.run(sql)
            if error is not None:
                raise Found(f"{sql}: {error}, and not before")

    def transaction(self):
        done = []
        self.log.append("BEGIN")
        self.run("BEGIN")
        for _ in range(self.r.randint(4, 12)):
            sql = self.change() if self.r.random() < 0.5 else self.write()
            writes = sql.startswith(WRITES)
            if writes:
                self.run("SAVEPOINT before")
            error = self.run(sql)
            self.log.append(sql if error is None else f"{sql} -- {error}")
            if error is None:
                done.append(sql)
            elif not writes or self.run("ROLLBACK TO SAVEPOINT before") is not None:
                self.begin_again(done)
        error = self.run("COMMIT")
        self.log.append("COMMIT" if error is None else f"COMMIT -- {error}")
        self.run("ROLLBACK")
        return error

    def check_table(self, t):
        for row in self.rows(f"EXPERIMENTAL SCRUB TABLE {t} WITH OPTIONS INDEX ALL"):
            raise Found(f"{t}: {row}")
        for name, kind, text, expression in self.rows(
                "SELECT conname, contype, condef, consrc FROM pg_constraint "
                f"WHERE conrelid = '{t}'::REGCLASS AND convalidated"):
            if kind == "c" and self.rows(f"SELECT 1 FROM {t} WHERE NOT ({expression})"):
                raise Found(f"{t}: {name} {expression}")
            m = re.match(r"FOREIGN KEY \((\w+)\) REFERENCES (\w+)\((\w+)\)", text)
            if kind == "f" and self.rows(f"SELECT 1 FROM {t} AS x WHERE {m[1]} IS NOT NULL AND NOT EXISTS "
                                         f"(SELECT 1 FROM {m[2]} AS y WHERE y.{m[3]} = x.{m[1]})"):
                raise Found(f"{t}: {name} {text}")
        for (c,) in self.rows(f"SELECT column_name FROM [SHOW COLUMNS FROM {t}] WHERE NOT is_nullable"):
            if self.rows(f"SELECT 1 FROM {t} WHERE {c} IS NULL"):
                raise Found(f"{t}: {c} is NULL")


def main():
    port, first, last = (int(x) for x in sys.argv[1:])
    committed = without = 0
    for seed in range(first, last):
        run = Run(port, seed)
        try:
            for i in range(TRANSACTIONS):
                if i % 8 == 0:
                    run.tables()
                error = run.transaction()
                committed += error is None
                without += error is not None and error.startswith("XXA00")
                for (t,) in run.rows("SELECT table_name FROM [SHOW TABLES]"):
                    run.check_table(t)
        except Found as e:
            print(f"seed {seed}: {e}")
            print("\n".join("# " + line for line in run.log[-60:]))
            return 1
        run.run(f"DROP DATABASE random_{seed} CASCADE")
    print(f"{committed} committed, {without} without their schema changes")
    return 0


sys.exit(main())
