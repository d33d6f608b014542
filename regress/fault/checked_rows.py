#!/usr/bin/env python3
"""Rows that say themselves whether they are whole, changed and read by many clients; see checked-rows.

    checked_rows.py PORT SEED SECONDS ROWS

Each row has a checksum of its columns, and the amounts of all add up to the same at any time. Writers change
single rows, many at once, and again and again those that lie side by side; a client adds and drops indexes
and columns, and restores backups. Readers scan either way, by indexes, in transactions, through joins, sorts
and groups larger than memory, and past times again and again, and look at each row. Every fault is a line.
"""
import hashlib
import multiprocessing
import random
import sys
import time

import psycopg2

PORT, SEED, SECONDS, ROWS = (int(x) for x in sys.argv[1:5])
TOTAL = ROWS * 100
COLUMNS = "id, k, w, amount, pad, chk"
SUM = "md5(concat_ws('|', id::STRING, {k}, {w}, {amount}, {pad}))"
SAME = {"k": "k::STRING", "w": "w", "amount": "amount::STRING", "pad": "pad"}
# Restarts; memory; what a schema change beside does to a statement.
EXPECTED = ("40001", "53200", "42703", "42P01", "42704", "55000")


def checksum(i, k, w, amount, pad):
    return hashlib.md5(f"{i}|{k}|{w}|{amount}|{pad}".encode()).hexdigest()


def some_pad(r):
    """Half of them hardly to be compressed; a few larger than any block."""
    x = r.random()
    n = r.randint(30000, 110000) if x < 0.004 else r.randint(500, 6000) if x < 0.05 else r.randint(0, 120)
    if r.random() < 0.5:
        return (f"{r.getrandbits(32):x}" * (n // 8 + 1))[:n]
    return f"{r.getrandbits(4 * n + 4):0{n + 1}x}"[:n]


def some_word(r):
    rest = "k" * r.randint(300, 2000) if r.random() < 0.02 else "q" * r.randint(0, 20)
    return f"w{r.randint(0, 4000):05}{rest}"


def some_row(r, i, amount):
    k, w, pad = r.randint(0, 500), some_word(r), some_pad(r)
    return (i, k, w, amount, pad, checksum(i, k, w, amount, pad))


class Client:
    def __init__(self, name):
        self.name, self.r, self.done, self.faults = name, random.Random(f"{SEED} {name}"), 0, 0
        self.old = []
        self.connection = psycopg2.connect(host="localhost", port=PORT, user="root", dbname="checked")
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()

    def fault(self, text):
        self.faults += 1
        print(f"{self.name}: {text}"[:600], flush=True)

    def sql(self, text, args=None):
        self.cursor.execute(text, args)
        return self.cursor.fetchall() if self.cursor.description else None

    def now(self):
        return self.sql("SELECT cluster_logical_timestamp()")[0][0]

    def rows(self, what, text, all_rows=True):
        """The rows of a query, looked at: of all_rows the total as well."""
        rows, total, seen = self.sql(text), 0, set()
        for i, k, w, amount, pad, chk in (x[:6] for x in rows):
            if chk is None or amount is None or chk != checksum(i, k, w, amount, pad):
                self.fault(f"{what}: row {i} is wrong: {k} {w!r:.30} {amount} {pad!r:.30} {chk}")
                continue
            if i in seen:
                self.fault(f"{what}: row {i} twice")
            seen.add(i)
            total += amount
        if all_rows and total != TOTAL:
            self.fault(f"{what}: the amounts of {len(rows)} rows add up to {total}, not {TOTAL}")
        return rows

    def in_order(self, what, rows, column, descending):
        of = [x[column] for x in rows]
        if of != sorted(of, reverse=descending):
            self.fault(f"{what}: not in order")

    def alike(self, what, one, other):
        if one != other:
            ids = sorted({x[0] for x in set(one) ^ set(other)})
            self.fault(f"{what}: {len(one)} and {len(other)} rows, differing in {ids[:8]}")

    def run(self, steps, end):
        while time.time() < end:
            step = self.r.choice(steps)
            try:
                step(self)
                self.done += 1
            except psycopg2.Error as e:
                if e.pgcode is None:
                    self.fault(f"{step.__name__}: the connection is lost")
                    return
                if e.pgcode not in EXPECTED:
                    self.fault(f"{step.__name__}: {e.pgcode} {e}")
                if self.connection.get_transaction_status() != 0:
                    self.sql("ROLLBACK")


# ---- writers ----

def some_id(c):
    return c.r.randint(0, ROWS * 2)


def set_columns(**new):
    """SET of these columns, texts of SQL, and the checksum that goes with them."""
    casts = {"k": "({})::STRING", "amount": "({})::STRING"}
    texts = dict(SAME, **{c: casts.get(c, "{}").format(v) for c, v in new.items()})
    return ", ".join(f"{c} = {v}" for c, v in new.items()) + ", chk = " + SUM.format(**texts)


def transfer(c):
    a, b, x = some_id(c), some_id(c), c.r.randint(1, 50)
    c.sql("BEGIN")
    lock = c.r.choice(["", " FOR UPDATE"])
    found = c.rows("transfer", f"SELECT {COLUMNS} FROM t WHERE id IN ({a}, {b}){lock}", False)
    if len(found) == 2:
        c.sql(f"UPDATE t SET {set_columns(amount=f'amount - {x}')} WHERE id = {a}")
        c.sql(f"UPDATE t SET {set_columns(amount=f'amount + {x}')} WHERE id = {b}")
    c.sql("COMMIT")


def rewrite(c):
    i = some_id(c)
    new = set_columns(k=str(c.r.randint(0, 500)), w=f"'{some_word(c.r)}'", pad=f"'{some_pad(c.r)}'")
    c.sql(f"UPDATE t SET {new} WHERE id BETWEEN {i} AND {i + c.r.choice([0, 0, 2, 19])}")


def insert(c):
    i = some_id(c)
    rows = [some_row(c.r, n, 0) for n in range(i, i + c.r.choice([1, 5, 40]))]
    c.sql(f"INSERT INTO t ({COLUMNS}) VALUES {', '.join('%s' for _ in rows)} ON CONFLICT (id) DO NOTHING", rows)


def delete(c):
    i = some_id(c)
    c.sql("BEGIN")
    gone = c.rows("delete", f"DELETE FROM t WHERE id BETWEEN {i} AND {i + c.r.choice([0, 5, 30])} AND id > 4 "
                            f"RETURNING {COLUMNS}", False)
    more = set_columns(amount=f"amount + {sum(x[3] for x in gone)}")
    c.sql(f"UPDATE t SET {more} WHERE id = {c.r.randint(1, 4)}")
    c.sql("COMMIT")


def neighbours(c):
    """Many versions side by side: who reads an older time steps over all of them."""
    i = c.r.choice([200, ROWS // 2, ROWS])
    for _ in range(c.r.randint(2, 8)):
        new = set_columns(pad=f"id::STRING || '{c.r.getrandbits(24000):06000x}'")
        c.sql(f"UPDATE t SET {new} WHERE id BETWEEN {i} AND {i + c.r.randint(20, 60)}")


def large(c):
    """A transaction that reads its many writes, also after some were undone."""
    lo = c.r.randint(0, ROWS)
    span = f"id BETWEEN {lo} AND {lo + c.r.choice([300, 2000, 5000])}"
    tag = f"L{c.r.getrandbits(30)}"
    c.sql("BEGIN")
    new = set_columns(k="k + 1", pad=f"'{tag}' || id::STRING")
    c.sql(f"UPDATE t SET {new} WHERE {span}")
    n = c.cursor.rowcount
    own = c.rows("own writes", f"SELECT {COLUMNS} FROM t WHERE {span} ORDER BY id", False)
    if len(own) != n or any(not x[4].startswith(tag) for x in own):
        c.fault(f"own writes: {len(own)} of {n}")
    if c.r.random() < 0.5:
        c.sql("SAVEPOINT a")
        gone = c.rows("delete", f"DELETE FROM t WHERE {span} AND id % 3 = 0 RETURNING {COLUMNS}", False)
        left = c.rows("what is left", f"SELECT {COLUMNS} FROM t WHERE {span} ORDER BY id DESC", False)
        c.alike("deleted and left", sorted(left + gone), own)
        c.sql("ROLLBACK TO SAVEPOINT a")
        undone = c.rows("undone", f"SELECT {COLUMNS} FROM t@tw WHERE {span} ORDER BY id", False)
        c.alike("undone", undone, own)
    c.rows("own and others", f"SELECT {COLUMNS} FROM t")
    c.sql(c.r.choice(["COMMIT", "COMMIT", "ROLLBACK"]))


# ---- readers ----

def scan(c):
    as_of = c.r.choice(["", "", " AS OF SYSTEM TIME '-10ms'"])
    descending = c.r.random() < 0.3
    index, column, by = c.r.choice([("primary", 0, "id"), ("tk", 1, "k"), ("tw", 2, "w")])
    what = f"scan of {index}{' backward' if descending else ''}{as_of}"
    order = f"{by} DESC" if descending else by
    rows = c.rows(what, f"SELECT {COLUMNS} FROM t@{index}{as_of} ORDER BY {order}")
    c.in_order(what, rows, column, descending)


def part(c):
    a, k = c.r.randint(0, 4000), c.r.randint(0, 500)
    b, l = a + c.r.choice([1, 30, 900]), k + c.r.choice([0, 3, 60])
    found = c.rows("part of tw", f"SELECT {COLUMNS} FROM t@tw WHERE w >= 'w{a:05}' AND w < 'w{b:05}'", False)
    found += c.rows("part of tk", f"SELECT {COLUMNS} FROM t@tk WHERE k BETWEEN {k} AND {l}", False)
    if found:
        ids = sorted({x[0] for x in found[:300]})
        c.rows("points", f"SELECT {COLUMNS} FROM t WHERE id IN ({', '.join(map(str, ids))})", False)


def agree(c):
    of = "(SELECT (count(*), sum(id), sum(k), sum(amount), xor_agg(fnv64(chk))) FROM t@{})"
    found = c.sql("SELECT " + ", ".join(of.format(ix) for ix in ("primary", "tk", "tw")))[0]
    if len(set(found)) != 1:
        c.fault(f"indexes differ: {found}")


def past(c):
    """A past time, read for some seconds, is the same each time."""
    if len(c.old) < 3:
        c.old.append([c.now(), time.time(), None])
    of = c.r.choice(c.old)
    index = c.r.choice(["primary", "primary", "tw", "tk"])
    found = c.rows("past", f"SELECT {COLUMNS} FROM t@{index} AS OF SYSTEM TIME {of[0]} ORDER BY id")
    text = hashlib.md5(repr(found).encode()).hexdigest()
    if of[2] not in (None, text):
        c.fault(f"{of[0]} is not what it was")
    of[2] = text
    if time.time() - of[1] > 10:
        c.old.remove(of)


def spill(c):
    c.rows(*c.r.choice([
        ("sort", f"SELECT {COLUMNS} FROM t ORDER BY pad, id"),
        ("hash join", "SELECT a.id, a.k, a.w, a.amount, b.pad, b.chk"
                      " FROM t AS a INNER HASH JOIN t AS b ON a.chk = b.chk"),
        ("group", "SELECT id, k, w, sum(amount)::INT, pad, chk FROM t GROUP BY id, k, w, pad, chk"),
        ("lookup join", "SELECT a.id, a.k, a.w, b.amount, b.pad, b.chk"
                        " FROM t@tk AS a INNER LOOKUP JOIN t AS b ON a.id = b.id"),
        ("distinct", f"SELECT DISTINCT {COLUMNS} FROM t")]))


def twice(c):
    c.sql("BEGIN")
    c.alike("in one transaction", c.rows("first", f"SELECT {COLUMNS} FROM t ORDER BY id"),
            c.rows("second", f"SELECT {COLUMNS} FROM t@tw ORDER BY id"))
    c.sql("COMMIT")


def prepared(c):
    if not c.sql("SELECT name FROM pg_prepared_statements WHERE name = 'p1'"):
        c.sql(f"PREPARE p1 AS SELECT {COLUMNS} FROM t WHERE k BETWEEN $1 AND $2")
        c.sql(f"PREPARE p2 AS SELECT {COLUMNS} FROM t")
    k = c.r.randint(0, 500)
    found = c.rows("prepared", f"EXECUTE p1 ({k}, {k + 5})", False)
    if any(not k <= x[1] <= k + 5 for x in found):
        c.fault("prepared: rows that were not asked for")
    c.rows("prepared", "EXECUTE p2")


# ---- the schema, backups ----

def new_index(c):
    c.sql("DROP INDEX IF EXISTS t@tx")
    of = c.r.choice(["(amount, w)", "(k, amount) STORING (pad, chk, w)", "(w DESC, k)"])
    c.sql(f"CREATE INDEX tx ON t {of}")
    c.rows("a new index", f"SELECT {COLUMNS} FROM t@tx")
    c.sql("DROP INDEX t@tx")


def new_column(c):
    c.sql("ALTER TABLE t DROP COLUMN IF EXISTS extra")
    c.sql("ALTER TABLE t ADD COLUMN extra STRING AS (md5(pad)) STORED")
    for row in c.rows("a new column", f"SELECT {COLUMNS}, extra FROM t"):
        if row[6] != hashlib.md5(row[4].encode()).hexdigest():
            c.fault(f"a new column: wrong in row {row[0]}")
    c.sql("ALTER TABLE t DROP COLUMN extra")


def restored(c):
    to, at = f"nodelocal://1/checked-{c.r.getrandbits(40)}", c.now()
    c.sql(f"BACKUP TABLE checked.t TO '{to}' AS OF SYSTEM TIME {at}")
    c.sql("DROP TABLE IF EXISTS restored.t")
    c.sql(f"RESTORE TABLE checked.t FROM '{to}' WITH into_db = 'restored'")
    was = c.rows("backed up", f"SELECT {COLUMNS} FROM t AS OF SYSTEM TIME {at} ORDER BY id")
    for index in "primary", "tw":
        c.alike("restored", c.sql(f"SELECT {COLUMNS} FROM restored.t@{index} ORDER BY id"), was)


WRITE = [transfer] * 8 + [rewrite] * 6 + [insert] * 4 + [delete] * 4 + [neighbours] * 3 + [large]
READ = [scan, scan, part, agree, past, past, past, past, spill, spill, twice, prepared]
CLIENTS = {"writer 1": WRITE, "writer 2": WRITE, "reader 1": READ, "reader 2": READ, "reader 3": READ,
           "schema": [new_index, new_column, restored]}


def work(name, end, done, faults):
    c = Client(name)
    c.run(CLIENTS[name], end)
    with done.get_lock():
        done.value += c.done
        faults.value += c.faults


def main():
    r = random.Random(SEED)
    c = psycopg2.connect(host="localhost", port=PORT, user="root", dbname="defaultdb")
    c.autocommit = True
    cursor = c.cursor()
    cursor.execute("CREATE DATABASE checked; CREATE DATABASE restored; SET database = checked")
    families = r.choice(["", ", FAMILY (id, k, w), FAMILY (amount, chk), FAMILY (pad)"])
    cursor.execute("CREATE TABLE t (id INT PRIMARY KEY, k INT NOT NULL, w STRING NOT NULL, amount INT NOT NULL,"
                   " pad STRING NOT NULL, chk STRING NOT NULL, INDEX tk (k) STORING (amount, chk),"
                   f" INDEX tw (w){families})")
    for lo in range(0, ROWS, 500):
        rows = [some_row(r, n if n < 5 else 2 * n, 100) for n in range(lo, min(lo + 500, ROWS))]
        cursor.execute(f"INSERT INTO t ({COLUMNS}) VALUES {', '.join('%s' for _ in rows)}", rows)
    c.close()
    end, done, faults = time.time() + SECONDS, multiprocessing.Value("i", 0), multiprocessing.Value("i", 0)
    clients = [multiprocessing.Process(target=work, args=(name, end, done, faults)) for name in CLIENTS]
    for p in clients:
        p.start()
    for p in clients:
        p.join()
        if p.exitcode != 0:
            faults.value += 1
    print(f"{done.value} steps, {faults.value} faults")
    sys.exit(faults.value > 0)


main()
