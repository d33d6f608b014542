# regress/clients/psycopg2_client.py - psycopg2 against the server of PGHOST, PGPORT; TAP.
import datetime as dt
import decimal
import io
import ipaddress
import threading
import uuid

import psycopg2
import psycopg2.errorcodes
import psycopg2.extras

import tap

VALUES = [
    ("b", "BOOL", True),
    ("i2", "INT2", -32768),
    ("i4", "INT4", 2147483647),
    ("i8", "INT8", -9223372036854775808),
    ("f8", "FLOAT8", 1.5e300),
    ("d", "DECIMAL(30,10)", decimal.Decimal("12345678901234567890.0123456789")),
    ("s", "STRING", "quote ' backslash \\ percent % snowman \u2603"),
    ("y", "BYTES", bytes(range(256))),
    ("dat", "DATE", dt.date(2020, 2, 29)),
    ("tim", "TIME", dt.time(23, 59, 59, 999999)),
    ("ts", "TIMESTAMP", dt.datetime(1969, 12, 31, 23, 59, 59, 5)),
    ("tstz", "TIMESTAMPTZ", dt.datetime(2038, 1, 19, 3, 14, 8, tzinfo=dt.timezone.utc)),
    ("iv", "INTERVAL", dt.timedelta(days=3, hours=4, seconds=5, microseconds=6)),
    ("u", "UUID", uuid.UUID("01234567-89ab-cdef-0123-456789abcdef")),
    ("j", "JSONB", {"a": [1, 2.5, None, "x"], "b": {"c": True}}),
    ("ai", "INT8[]", [1, None, 3]),
    ("as", "STRING[]", ["a,b", 'q"q', "", None]),
]


def types(conn):
    cur = conn.cursor()
    columns = ", ".join('"%s" %s' % (n, ty) for n, ty, _ in VALUES)
    cur.execute("CREATE TABLE kinds (id SERIAL PRIMARY KEY, %s)" % columns)
    marks = ", ".join(["%s"] * len(VALUES))
    names = ", ".join('"%s"' % n for n, _, _ in VALUES)
    row = [psycopg2.extras.Json(v) if isinstance(v, dict) else v for _, _, v in VALUES]
    insert = "INSERT INTO kinds (%s) VALUES (%s) RETURNING id" % (names, marks)
    cur.execute(insert, row)
    row_id = cur.fetchone()[0]
    cur.execute(insert, [None] * len(VALUES))
    conn.commit()
    for name, ty, value in VALUES:
        cur.execute('SELECT "%s" FROM kinds WHERE id = %%s' % name, (row_id,))
        got = cur.fetchone()[0]
        tap.same("%s comes back" % ty, bytes(got) if isinstance(got, memoryview) else got, value)
        if ty != "JSONB" and not ty.endswith("[]"):
            cur.execute('SELECT count(*) FROM kinds WHERE "%s" = %%s' % name, (value,))
            tap.same("%s compares" % ty, cur.fetchone()[0], 1)
    cur.execute("SELECT %s FROM kinds WHERE id != %%s" % names, (row_id,))
    tap.same("NULLs come back", cur.fetchone(), (None,) * len(VALUES))
    cur.execute("SELECT 1.10::DECIMAL, '::1'::INET, ARRAY[1.5, NULL]::DECIMAL[], 'NaN'::DECIMAL")
    got = cur.fetchone()
    tap.same("more decimals", (str(got[0]), got[1], str(got[2][0]), got[2][1], str(got[3])),
           ("1.10", str(ipaddress.ip_address("::1")), "1.5", None, "NaN"))
    conn.commit()


def statements(conn):
    cur = conn.cursor()
    cur.execute("CREATE TABLE kv (k INT PRIMARY KEY, v STRING)")
    psycopg2.extras.execute_values(cur, "INSERT INTO kv VALUES %s", [(i, str(i)) for i in range(500)])
    tap.same("rowcount of an INSERT", cur.rowcount, 100)  # the last page of 100
    cur.execute("UPDATE kv SET v = v || '!' WHERE k < 10")
    tap.same("rowcount of an UPDATE", cur.rowcount, 10)
    cur.copy_from(io.StringIO("1000\tx\n1001\t\\N\n"), "kv", columns=("k", "v"))
    tap.same("rowcount of a COPY", cur.rowcount, 2)
    conn.commit()
    cur.execute("PREPARE get AS SELECT v FROM kv WHERE k = $1")
    cur.execute("EXECUTE get (3)")
    tap.same("EXECUTE", cur.fetchall(), [("3!",)])
    conn.commit()
    dicts = conn.cursor(cursor_factory=psycopg2.extras.RealDictCursor)
    dicts.execute("SELECT k, v FROM kv WHERE k IN %s ORDER BY k", ((1001, 1),))
    tap.same("dictionaries", [dict(r) for r in dicts], [{"k": 1, "v": "1!"}, {"k": 1001, "v": None}])
    cur.execute("SELECT count(*) FROM kv WHERE k = ANY (%s)", ([1, 2, 77777],))
    tap.same("= ANY", cur.fetchone(), (2,))
    conn.rollback()


def errors(conn):
    cur = conn.cursor()
    try:
        cur.execute("INSERT INTO kv VALUES (1, 'again')")
    except psycopg2.IntegrityError as e:
        tap.same("a duplicate is an IntegrityError", e.pgcode, psycopg2.errorcodes.UNIQUE_VIOLATION)
    try:
        cur.execute("SELECT 1")
    except psycopg2.InternalError as e:
        tap.same("the transaction is over", e.pgcode, psycopg2.errorcodes.IN_FAILED_SQL_TRANSACTION)
    conn.rollback()
    cur.execute("SELECT 1")
    tap.same("the connection goes on", cur.fetchone(), (1,))
    conn.rollback()


def retry(conn, other):
    mine, theirs = conn.cursor(), other.cursor()
    attempts = 0
    while True:
        attempts += 1
        try:
            mine.execute("SELECT v FROM kv WHERE k = 7")
            before = mine.fetchone()[0]
            if attempts == 1:
                theirs.execute("UPDATE kv SET v = v || '+' WHERE k = 7")
                other.commit()
            mine.execute("UPDATE kv SET v = %s WHERE k = 7", (before + "-",))
            conn.commit()
            break
        except psycopg2.errors.SerializationFailure as e:
            tap.same("the conflict says restart transaction",
                   e.diag.message_primary.startswith("restart transaction: "), True)
            conn.rollback()
    mine.execute("SELECT v FROM kv WHERE k = 7")
    tap.same("a conflicting transaction, retried", (attempts, mine.fetchone()[0]), (2, "7!+-"))
    conn.rollback()


def definitions(conn, admin):
    """A transaction that looked at the definitions of its database, while others are made elsewhere."""
    cur, elsewhere = conn.cursor(), admin.cursor()
    elsewhere.execute("CREATE DATABASE psycopg2_elsewhere")
    cur.execute("SELECT count(*) FROM pg_class WHERE relname = 'made'")
    t_before = cur.fetchone()
    elsewhere.execute("CREATE TABLE psycopg2_elsewhere.made (a INT)")
    elsewhere.execute("DROP TABLE psycopg2_elsewhere.made")
    cur.execute("CREATE TABLE made (a INT)")
    conn.commit()
    cur.execute("SELECT count(*) FROM pg_class WHERE relname = 'made'")
    tap.same("definitions made elsewhere do not matter", (t_before, cur.fetchone()), ((0,), (1,)))
    conn.rollback()


def cancel(conn):
    cur = conn.cursor()
    timer = threading.Timer(0.2, conn.cancel)
    timer.start()
    try:
        cur.execute("SELECT pg_sleep(60)")
        tap.same("a canceled statement fails", "it ended", "it failed")
    except psycopg2.extensions.QueryCanceledError as e:
        tap.same("a canceled statement fails", e.pgcode, psycopg2.errorcodes.QUERY_CANCELED)
    timer.join()
    conn.rollback()
    cur.execute("SELECT 2")
    tap.same("and the connection goes on", cur.fetchone(), (2,))
    conn.rollback()


def session(conn):
    cur = conn.cursor()
    conn.set_session(isolation_level="SERIALIZABLE", readonly=True)
    try:
        cur.execute("INSERT INTO kv VALUES (5000, 'x')")
    except psycopg2.errors.ReadOnlySqlTransaction as e:
        tap.same("read only", e.pgcode, "25006")
    conn.rollback()
    conn.set_session(isolation_level="DEFAULT", readonly=False)
    conn.autocommit = True
    cur.execute("SET application_name = 'py'")
    cur.execute("SHOW application_name")
    tap.same("autocommit", cur.fetchone(), ("py",))
    tap.same("server version", conn.server_version, 90500)
    tap.same("encoding", conn.encoding, "UTF8")


def main():
    admin = psycopg2.connect("")
    admin.autocommit = True
    admin.cursor().execute("CREATE DATABASE psycopg2")
    conn, other = psycopg2.connect(dbname="psycopg2"), psycopg2.connect(dbname="psycopg2")
    psycopg2.extras.register_uuid()
    for step in (types, statements, errors):
        step(conn)
    retry(conn, other)
    definitions(conn, admin)
    cancel(conn)
    session(conn)


tap.run(main)
