"""The measurements of bench/run: load, BACKUP, RESTORE and queries of one table, and pgbench, side by side.

Each round does every task once for each system, in turn, so that a slow minute of the machine hits
all of them. Servers commit durably. What is printed is the median of the rounds.
"""
import argparse
import os
import resource
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from oltp import TABLES, Pgbench

PG_BIN = "/usr/lib/postgresql/15/bin"
PAYLOAD = 100  # characters


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def status_kb(pid, field):
    try:
        with open(f"/proc/{pid}/status") as f:
            for line in f:
                if line.startswith(field):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def descendants(pid):
    out = [pid]
    for p in os.listdir("/proc"):
        if not p.isdigit():
            continue
        try:
            with open(f"/proc/{p}/stat") as f:
                parent = int(f.read().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        if parent == pid:
            out += descendants(int(p))
    return out


class PeakMemory:
    """Largest sum of the private memory of a process tree while a task runs, in MiB."""

    def __init__(self, pid):
        self.pid, self.peak, self.stop = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self):
        while not self.stop.is_set():
            total = sum(status_kb(p, "RssAnon") for p in descendants(self.pid))
            self.peak = max(self.peak, total)
            self.stop.wait(0.02)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def cpu_seconds(server):
    """Of a server's process tree with what it has reaped, and of our own children that ended."""
    ticks = 0
    for p in descendants(server) if server else []:
        try:
            with open(f"/proc/{p}/stat") as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        ticks += sum(int(v) for v in fields[11:15])
    own = resource.getrusage(resource.RUSAGE_SELF)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (ticks / os.sysconf("SC_CLK_TCK") + ended.ru_utime + ended.ru_stime
            + (0 if server else own.ru_utime + own.ru_stime))


class Results:
    def __init__(self):
        self.seconds, self.cpu, self.memory = {}, {}, {}

    def task(self, name, fn, pid=None, above=0, seconds=None):
        """pid: of the server that works for it; fn may return the peak memory of its client. Memory
        counts from `above` on. seconds: what it took, where that is known better."""
        before, start = cpu_seconds(pid), time.monotonic()
        if pid is None:
            peak = fn()
        else:
            with PeakMemory(pid) as m:
                client = fn()
            peak = max(m.peak - above, 0) + (client or 0)
        took, cpu = time.monotonic() - start, cpu_seconds(pid) - before
        took = seconds() if seconds else took
        self.seconds.setdefault(name, []).append(took)
        self.cpu.setdefault(name, []).append(cpu)
        if peak:
            self.memory[name] = max(self.memory.get(name, 0), peak)
        print(f"  {name:34s} {took:8.3f} s {cpu:8.2f} s of processor", flush=True)

    def median(self, name):
        return statistics.median(self.seconds[name])

    def median_cpu(self, name):
        return statistics.median(self.cpu[name])


def run(args, **kw):
    """Run to the end; the peak memory of the process tree in KiB."""
    p = subprocess.Popen(args, **kw)
    with PeakMemory(p.pid) as m:
        rc = p.wait()
    if rc != 0:
        sys.exit(f"bench: {' '.join(map(str, args))} failed ({rc})")
    return m.peak


class Amberdb:
    def __init__(self, build, folder):
        self.port = free_port()
        self.extern = os.path.join(folder, "extern")
        self.process = subprocess.Popen(
            [os.path.join(build, "amberdb"), "start-single-node", "--insecure",
             f"--store={folder}/store", f"--listen-addr=127.0.0.1:{self.port}",
             "--http-addr=disabled", f"--external-io-dir={self.extern}"],
            stdout=subprocess.DEVNULL, stderr=open(os.path.join(folder, "log"), "w"))
        self.pid = self.process.pid
        for _ in range(200):
            if self.sql("SELECT 1", check=False) == 0:
                return
            time.sleep(0.05)
        sys.exit("bench: amberdb did not start; see " + folder + "/log")

    def args(self, db="defaultdb"):
        return ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1",
                f"postgresql://root@127.0.0.1:{self.port}/{db}?sslmode=disable"]

    def sql(self, text, db="defaultdb", check=True, stdin=None):
        rc = subprocess.run(self.args(db) + ["-c", text], stdout=subprocess.DEVNULL,
                            stderr=None if check else subprocess.DEVNULL, stdin=stdin).returncode
        if check and rc != 0:
            sys.exit("bench: failed on amberdb: " + text)
        return rc

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Postgres:
    def __init__(self, folder, port=None, options=""):
        self.port = port or free_port()
        self.data = os.path.join(folder, "pg")
        self.env = dict(os.environ, PGTZ="UTC")
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        os.makedirs(self.data)
        if os.getuid() == 0:
            shutil.chown(self.data, "postgres")
        self.call([f"{PG_BIN}/initdb", "-D", self.data, "-A", "trust", "-U", "root",
                   "--locale=C", "--encoding=UTF8", "--no-instructions"])
        self.call([f"{PG_BIN}/pg_ctl", "-D", self.data, "-w", "-l", f"{self.data}/log", "-o",
                   f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' "
                   f"{options} "
                   "-c max_parallel_workers_per_gather=0 -c shared_buffers=256MB "
                   "-c work_mem=128MB "
                   "-c max_wal_size=8GB", "start"])
        with open(f"{self.data}/postmaster.pid") as f:
            self.pid = int(f.readline())

    def call(self, args):
        subprocess.run(self.as_user + args, check=True, stdout=subprocess.DEVNULL)

    def url(self, db):
        return f"postgresql://root@127.0.0.1:{self.port}/{db}"

    def sql(self, text, db="bench", stdin=None):
        subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.url(db), "-c", text],
                       check=True, stdout=subprocess.DEVNULL, stdin=stdin)

    def stop(self):
        self.call([f"{PG_BIN}/pg_ctl", "-D", self.data, "-m", "fast", "stop"])


def write_rows(path, rows):
    """The table as COPY text: half of each payload repeats, so that snappy finds something."""
    import random
    r = random.Random(42)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    with open(path, "w") as f:
        for i in range(rows):
            word = "".join(r.choices(letters, k=PAYLOAD // 2))
            payload = (word + "initial-payload-" * 4)[:PAYLOAD]
            f.write(f"{i}\t{r.randrange(100000)}\t{payload}\n")


def fresh(path):
    shutil.rmtree(path, ignore_errors=True)


TABLE = "CREATE TABLE bank (id INT PRIMARY KEY, balance INT, payload VARCHAR(100))"


# What is asked of both; the sort is of more bytes than either may hold in memory.
QUERIES = [
    ("full scan", "SELECT count(*), sum(balance), max(payload) FROM bank"),
    ("filter", "SELECT count(*), sum(id) FROM bank WHERE balance BETWEEN 10000 AND 20000"),
    ("group", "SELECT count(*), max(n) FROM (SELECT balance, count(*) AS n FROM bank "
              "GROUP BY balance) AS g"),
    ("hash join", "SELECT count(*), sum(b.balance) FROM bank AS a {hash} JOIN bank AS b "
                  "ON a.balance = b.id"),
    ("sort", "SELECT id FROM bank ORDER BY payload, id OFFSET 1999990"),
]


def one_round(n, amber, pg, folder, data, r):
    print(f"round {n + 1}", flush=True)
    amber.sql("DROP DATABASE IF EXISTS bench CASCADE")
    amber.sql("CREATE DATABASE bench")
    amber.sql(TABLE, "bench")
    pg.sql("DROP DATABASE IF EXISTS bench", "postgres")
    pg.sql("CREATE DATABASE bench", "postgres")
    pg.sql(TABLE)
    with open(data) as f:
        r.task("load amberdb COPY", lambda: amber.sql("COPY bank FROM STDIN", "bench", stdin=f),
               amber.pid)
    with open(data) as f:
        r.task("load PostgreSQL COPY", lambda: pg.sql("COPY bank FROM STDIN", stdin=f), pg.pid)
    dest = f"full{n}"
    r.task("backup amberdb", lambda: amber.sql(f"BACKUP DATABASE bench TO 'nodelocal://1/{dest}'"),
           amber.pid)
    for name, options in (("pg_dump -Fd -j2", []), ("pg_dump -Fd -j2 -Z0", ["-Z0"])):
        fresh(f"{folder}/dump")
        r.task(name, lambda: run([f"{PG_BIN}/pg_dump", "-Fd", "-j2", *options, "-f",
                                  f"{folder}/dump", pg.url("bench")]), pg.pid)
    fresh(f"{folder}/dump1")
    r.task("pg_dump -Fd -j1 -Z0", lambda: run([f"{PG_BIN}/pg_dump", "-Fd", "-j1", "-Z0", "-f",
                                               f"{folder}/dump1", pg.url("bench")]), pg.pid)
    r.task("SQLite .backup", lambda: sqlite_backup(f"{folder}/bench.sqlite", f"{folder}/copy.sqlite"))
    for name, query in QUERIES:
        ours, theirs = query.format(hash="INNER HASH"), query.format(hash="INNER")
        r.task(f"{name} amberdb", lambda: amber.sql(ours, "bench"), amber.pid)
        r.task(f"{name} PostgreSQL", lambda: pg.sql(theirs), pg.pid)
    amber.sql("DROP DATABASE bench CASCADE")
    r.task("restore amberdb",
           lambda: amber.sql(f"RESTORE DATABASE bench FROM 'nodelocal://1/{dest}'"), amber.pid)
    pg.sql("DROP DATABASE bench", "postgres")
    pg.sql("CREATE DATABASE bench", "postgres")
    r.task("pg_restore -j2", lambda: run([f"{PG_BIN}/pg_restore", "-j2", "-d", pg.url("bench"),
                                          f"{folder}/dump"]), pg.pid)
    floors(folder, f"{amber.extern}/{dest}", r)


def sqlite_backup(source, target):
    fresh_file(target)
    with sqlite3.connect(source) as a, sqlite3.connect(target) as b:
        a.backup(b)


def fresh_file(path):
    if os.path.exists(path):
        os.remove(path)


def floors(folder, backup, r):
    fresh(f"{folder}/copied")

    def copy():
        subprocess.run(["cp", "-r", backup, f"{folder}/copied"], check=True)
        subprocess.run(["sync", "-f", f"{folder}/copied"], check=True)
    r.task("floor: cp and sync", copy)


def make_sqlite(path, data):
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE bank (id INTEGER PRIMARY KEY, balance INTEGER, payload TEXT)")
    with open(data) as f:
        db.executemany("INSERT INTO bank VALUES (?, ?, ?)",
                       (line.rstrip("\n").split("\t") for line in f))
    db.commit()
    db.close()


def snappy_floor(build, data):
    out = subprocess.run([os.path.join(build, "bench/snappy_floor"), data], check=True,
                         capture_output=True, text=True).stdout.split()
    return int(out[0]), float(out[2])


RATIOS = [
    ("load: COPY", "load PostgreSQL COPY", "load amberdb COPY", 1.5),
    ("BACKUP against pg_dump -Z0 -j1", "pg_dump -Fd -j1 -Z0", "backup amberdb", 2),
    ("BACKUP against pg_dump -Z0 -j2", "pg_dump -Fd -j2 -Z0", "backup amberdb", None),
    ("BACKUP against pg_dump -j2", "pg_dump -Fd -j2", "backup amberdb", None),
    ("BACKUP against SQLite .backup", "SQLite .backup", "backup amberdb", None),
    ("RESTORE against pg_restore -j2", "pg_restore -j2", "restore amberdb", 4),
    *[(name, f"{name} PostgreSQL", f"{name} amberdb", 1) for name, _ in QUERIES],
    ("BACKUP against cp and sync", "floor: cp and sync", "backup amberdb", None),
]


def report(r, rows, size, snappy):
    print(f"\n{rows} rows, {size / 1e6:.0f} MB as text; medians: seconds, seconds of processor of "
          "server and client, peak private memory in MiB")
    for name in r.seconds:
        peak = f"{r.memory[name] / 1024:8.0f}" if name in r.memory else "       -"
        print(f"  {name:34s} {r.median(name):8.2f} {r.median_cpu(name):8.2f} {peak}")
    print(f"  {'floor: snappy of the text':34s} {snappy[1]:8.2f}")
    print("\nratios of time, and of processor time (above 1: amberdb is better)")
    for name, other, ours, aim in RATIOS:
        wanted = f"   aim {aim}" if aim else ""
        cpu = r.median_cpu(other) / max(r.median_cpu(ours), 0.01)
        print(f"  {name:34s} {r.median(other) / r.median(ours):8.2f} {cpu:8.2f}{wanted}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default="build")
    p.add_argument("--rows", type=int, default=2000000)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--dir")
    a = p.parse_args()
    folder = a.dir or tempfile.mkdtemp(prefix="amberdb-bench")
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)
    data = f"{folder}/bank.tsv"
    write_rows(data, a.rows)
    make_sqlite(f"{folder}/bench.sqlite", data)
    amber = Amberdb(a.build, folder)
    pg = Postgres(folder)
    r = Results()
    servers = {"amberdb": (amber.port, amber.pid, cpu_seconds),
               "PostgreSQL": (pg.port, pg.pid, cpu_seconds)}
    bench = Pgbench(f"{PG_BIN}/pgbench", servers, folder)
    try:
        amber.sql("CREATE DATABASE pgb")
        amber.sql(TABLES, "pgb")
        pg.sql("CREATE DATABASE pgb", "postgres")
        pg.sql(TABLES, "pgb")
        pg.sql("VACUUM ANALYZE", "pgb")
        for n in range(a.rounds):
            one_round(n, amber, pg, folder, data, r)
            bench.round()
        report(r, a.rows, os.path.getsize(data), snappy_floor(a.build, data))
        bench.report()
    finally:
        amber.stop()
        pg.stop()
        if not a.dir:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
