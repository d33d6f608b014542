#!/usr/bin/env python3
"""bench/backups - what backups cost in time, processor and memory, beside other programs.

    bench/backups [--build DIR] [--rows N] [--rounds N] [--dir DIR] [--alone]

One bank table of N rows (default 500000; 5000000 is the full run). BACKUP and RESTORE with and without
encryption, the server bound to one processor and to two; incremental backups with none, 1 % and 10 % of the
rows changed, the changes new in the store and after its compaction; RESTORE of a full backup and ten
incremental ones beside one full backup of the same rows; ATTACH BACKUP to the first row; what a BACKUP takes
from readers. Beside them pg_dump and pg_restore, pgBackRest, and restic over the rows as text, one file per
1000 rows. Programs that are not installed are left out; with --alone, all of them. Amberdb's seconds are
those between sending a statement and its answer, without the start of psql.
"""
import argparse
import os
import shutil
import subprocess
import tempfile
import threading
import time

from measure import (PG_BIN, TABLE, Amberdb, Postgres, Results, cpu_seconds, free_port, fresh, run,
                     status_kb, write_rows)
from oltp import TABLES

SECRET = "WITH encryption_passphrase = 'bench'"
PIECE = 1000           # rows in one file for restic
PAD_BYTES = 5 << 20    # below what is committed as a file of its own
WRITE_BUFFER = 32 << 20
INCREMENTS = 10
PGBENCH_SECONDS = 4


class Backups:
    def __init__(self, a, folder):
        self.a, self.folder, self.r = a, folder, Results()
        self.data = f"{folder}/bank.tsv"
        write_rows(self.data, a.rows)
        self.amber = Amberdb(a.build, folder)
        self.n = 0

    def task(self, name, *statements):
        ms = []

        def timed():
            args = [x for s in statements for x in ("-c", s)]
            out = subprocess.run([*self.amber.args(), "-c", "\\timing on", *args], check=True,
                                 capture_output=True, text=True).stdout
            ms.extend(float(x.split()[1]) for x in out.splitlines() if x.startswith("Time: "))

        self.r.task(name, timed, self.amber.pid, status_kb(self.amber.pid, "RssAnon"), lambda: sum(ms) / 1000)

    def place(self):
        self.n += 1
        return f"nodelocal://1/b{self.n}"

    def bind(self, processors):
        subprocess.run(["taskset", "-a", "-p", "-c", processors, str(self.amber.pid)], check=True,
                       stdout=subprocess.DEVNULL)

    def quiet(self):
        """Until the server has nothing to do behind our back."""
        for _ in range(300):
            before = cpu_seconds(self.amber.pid)
            time.sleep(0.5)
            if cpu_seconds(self.amber.pid) - before < 0.06:
                return

    def load(self):
        self.amber.sql("DROP DATABASE IF EXISTS bench CASCADE")
        self.amber.sql("CREATE DATABASE bench")
        self.amber.sql(TABLE, "bench")
        with open(self.data) as f:
            self.amber.sql("COPY bank FROM STDIN", "bench", stdin=f)

    def restore(self, name, sources, options=""):
        self.amber.sql("DROP DATABASE IF EXISTS back CASCADE")
        self.amber.sql("CREATE DATABASE back")
        self.quiet()
        more = ", ".join(x for x in ("into_db = 'back'", options.replace("WITH ", "")) if x)
        self.task(name, f"RESTORE bench.bank FROM {sources} WITH {more}")

    def change(self, percent, turn):
        if percent:
            self.amber.sql("UPDATE bank SET balance = balance + 1 "
                           f"WHERE id % {100 // percent} = {turn % (100 // percent)}", "bench")

    def compact(self):
        """Write as much elsewhere as makes the store merge its newest files into the others."""
        self.amber.sql("DROP DATABASE IF EXISTS pad CASCADE")
        self.amber.sql("CREATE DATABASE pad")
        self.amber.sql("CREATE TABLE pad (id INT PRIMARY KEY, p STRING)", "pad")
        rows, text = PAD_BYTES // 1000, "x" * 990
        for n in range(5 * WRITE_BUFFER // PAD_BYTES):
            path = f"{self.folder}/pad.tsv"
            with open(path, "w") as f:
                for i in range(rows):
                    f.write(f"{(i * 7919 + n) % rows * 1000 + n}\t{text}\n")
            with open(path) as f:
                self.amber.sql("COPY pad FROM STDIN", "pad", stdin=f)
        self.quiet()

    # ---- rounds ----

    def full(self):
        for cpus, bound in (("two processors", "0,1"), ("one processor", "0")):
            self.bind(bound)
            for kind, options in (("", ""), (", encrypted", SECRET)):
                to = self.place()
                self.quiet()
                self.task(f"BACKUP, {cpus}{kind}", f"BACKUP DATABASE bench TO '{to}' {options}")
                self.restore(f"RESTORE, {cpus}{kind}", f"'{to}'", options)
        self.bind("0,1")

    def incremental(self, when, settle):
        self.load()
        self.compact()
        full = self.place()
        self.task("BACKUP, the full one of these", f"BACKUP DATABASE bench TO '{full}'")
        layers = [f"'{full}'"]
        for percent in (0, 1, 10):
            self.change(percent, 0)
            if settle:
                self.compact()
            to = self.place()
            self.task(f"incremental, {percent} % changed, {when}",
                      f"BACKUP DATABASE bench TO '{to}' INCREMENTAL FROM {', '.join(layers)}")
            layers.append(f"'{to}'")

    def chain(self):
        self.load()
        layers = []
        for turn in range(INCREMENTS + 1):
            if turn:
                self.change(1, turn)
            to = self.place()
            since = f"INCREMENTAL FROM {', '.join(layers)}" if layers else ""
            self.amber.sql(f"BACKUP DATABASE bench TO '{to}' {since}")
            layers.append(f"'{to}'")
        one = self.place()
        self.amber.sql(f"BACKUP DATABASE bench TO '{one}'")
        self.restore("RESTORE of one full backup", f"'{one}'")
        self.restore("RESTORE of it as a full one and ten", ", ".join(layers))
        self.amber.sql("DROP DATABASE back CASCADE")
        self.quiet()
        self.task("ATTACH and the first row", f"ATTACH BACKUP '{one}' AS att",
                  "SELECT * FROM att.bank LIMIT 1")
        self.amber.sql("DETACH BACKUP att")

    def readers(self):
        """Reads a second alone, and while BACKUPs run one after the other."""
        self.amber.sql("DROP DATABASE IF EXISTS pgb CASCADE")
        self.amber.sql("CREATE DATABASE pgb")
        self.amber.sql(TABLES, "pgb")
        self.quiet()
        stop = threading.Event()

        def backups():
            p = subprocess.Popen([*self.amber.args(), "-A", "-t"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
            while not stop.is_set():
                p.stdin.write(f"BACKUP DATABASE bench TO '{self.place()}';\n")
                p.stdin.flush()
                p.stdout.readline()
            p.stdin.close()
            p.wait()

        def reads():
            out = subprocess.run(
                [f"{PG_BIN}/pgbench", "-h", "127.0.0.1", "-p", str(self.amber.port), "-U", "root",
                 "-n", "-S", "-c", "4", "-T", str(PGBENCH_SECONDS), "pgb"],
                check=True, capture_output=True, text=True).stdout
            return float(out.split("tps = ")[1].split()[0])

        alone = reads()
        t = threading.Thread(target=backups)
        t.start()
        try:
            beside = reads()
        finally:
            stop.set()
            t.join()
        print(f"  pgbench -S, 4 clients: {alone:.0f} alone, {beside:.0f} beside BACKUP: "
              f"{100 * (1 - beside / alone):.0f} % fewer", flush=True)
        self.slower = min(getattr(self, "slower", 100), 100 * (1 - beside / alone))

    # ---- the others ----

    def postgres(self):
        port = free_port()
        repo, sockets = f"{self.folder}/repo", f"{self.folder}/sockets"
        have = shutil.which("pgbackrest") is not None
        for d in (repo, sockets):
            fresh(d)
            os.makedirs(d)
            if os.getuid() == 0:
                shutil.chown(d, "postgres")
        with open(f"{self.folder}/pgbackrest.conf", "w") as f:
            f.write(f"[bench]\npg1-path={self.folder}/pg\npg1-port={port}\npg1-user=root\n"
                    f"pg1-socket-path={sockets}\n[global]\nrepo1-path={repo}\nrepo1-retention-full=9\nlock-path={sockets}\n"
                    f"log-path={sockets}\nlog-level-console=error\n")
        rest = ["pgbackrest", f"--config={self.folder}/pgbackrest.conf", "--stanza=bench"]
        fresh(f"{self.folder}/pg")
        archive = f"-c archive_mode=on -c archive_command='{' '.join(rest)} archive-push %p'"
        pg = Postgres(self.folder, port, f"-c unix_socket_directories={sockets} "
                      + (archive.replace("'", '"') if have else ""))
        try:
            pg.sql("CREATE DATABASE bench", "postgres")
            pg.sql(TABLE)
            with open(self.data) as f:
                pg.sql("COPY bank FROM STDIN", stdin=f)
            pg.sql("VACUUM ANALYZE bank")
            pg.sql("CHECKPOINT")
            fresh(f"{self.folder}/dump")
            self.r.task("pg_dump -Fd -j2 -Z0", lambda: run(
                [f"{PG_BIN}/pg_dump", "-Fd", "-j2", "-Z0", "-f", f"{self.folder}/dump",
                 pg.url("bench")]), pg.pid)
            pg.sql("CREATE DATABASE back", "postgres")
            self.r.task("pg_restore -j2", lambda: run(
                [f"{PG_BIN}/pg_restore", "-j2", "-d", pg.url("back"), f"{self.folder}/dump"]), pg.pid)
            pg.sql("DROP DATABASE back", "postgres")
            if not have:
                return
            pg.call([*rest, "stanza-create"])
            options = ["--process-max=2", "--start-fast", "--compress-type=lz4"]
            pg.sql("CHECKPOINT", "postgres")
            self.r.task("pgBackRest, full", lambda: pg.call([*rest, *options, "--type=full", "backup"]),
                        pg.pid)
            for percent in (0, 1, 10):
                if percent:
                    pg.sql(f"UPDATE bank SET balance = balance + 1 WHERE id % {100 // percent} = 0")
                pg.sql("CHECKPOINT", "postgres")
                self.r.task(f"pgBackRest, incremental, {percent} % changed",
                            lambda: pg.call([*rest, *options, "--type=incr", "backup"]), pg.pid)
        finally:
            pg.stop()
        fresh(f"{self.folder}/pg")
        os.makedirs(f"{self.folder}/pg", mode=0o700)
        if os.getuid() == 0:
            shutil.chown(f"{self.folder}/pg", "postgres")
        self.r.task("pgBackRest, restore", lambda: pg.call([*rest, "--process-max=2", "restore"]))

    def restic(self):
        if shutil.which("restic") is None:
            return
        repo, rows, back = (f"{self.folder}/{x}" for x in ("restic", "rows", "rows-back"))
        for d in (repo, rows, back):
            fresh(d)
        os.makedirs(rows)
        with open(self.data) as f:
            lines = f.readlines()
        for i in range(0, len(lines), PIECE):
            with open(f"{rows}/{i // PIECE}", "w") as f:
                f.writelines(lines[i:i + PIECE])
        args = ["restic", "-q", "--no-cache", "-r", repo]
        os.environ["RESTIC_PASSWORD"] = "bench"
        run([*args, "init"])
        self.r.task("restic, first backup", lambda: run([*args, "backup", rows]))
        self.r.task("restic, nothing changed", lambda: run([*args, "backup", rows]))
        for i in range(0, len(lines), 100 * PIECE): # 1 % of the files: the best that it can meet
            with open(f"{rows}/{i // PIECE}", "a") as f:
                f.write("changed\n")
        self.r.task("restic, 1 % changed", lambda: run([*args, "backup", rows]))
        self.r.task("restic, restore", lambda: run([*args, "restore", "latest", "-t", back]))

    # ---- report ----

    def report(self):
        r = self.r
        load = os.getloadavg()[0]
        print(f"\n{self.a.rows} rows, {os.path.getsize(self.data) / 1e6:.0f} MB as text; "
              f"{self.a.rounds} rounds; load {load:.1f}")
        print("medians: seconds, seconds of processor, and by how many MiB private memory grew at most\n")
        for name in r.seconds:
            peak = f"{r.memory[name] / 1024:8.0f}" if name in r.memory else "       -"
            print(f"  {name:42s} {r.median(name):8.3f} {r.median_cpu(name):8.2f} {peak}")
        print("\nratios of time, and of processor time\n")
        pairs = [("RESTORE", "pg_restore -j2", "RESTORE, two processors", "at least 4"),
                 ("BACKUP", "pg_dump -Fd -j2 -Z0", "BACKUP, two processors", "at least 4"),
                 ("a full one to 1 %, recent", "BACKUP, the full one of these",
                  "incremental, 1 % changed, recent", "at least 20"),
                 ("a full one to 1 %, compacted", "BACKUP, the full one of these",
                  "incremental, 1 % changed, compacted", ""),
                 ("one to two processors, BACKUP", "BACKUP, one processor",
                  "BACKUP, two processors", ""),
                 ("one to two processors, RESTORE", "RESTORE, one processor",
                  "RESTORE, two processors", ""),
                 ("full and ten to one", "RESTORE of it as a full one and ten",
                  "RESTORE of one full backup", "at most 1.3")]
        for name, over, under, aim in pairs:
            if over in r.seconds and under in r.seconds:
                cpu = r.median_cpu(over) / max(r.median_cpu(under), 0.01)
                print(f"  {name:42s} {r.median(over) / r.median(under):8.2f} {cpu:8.2f}   {aim}")
        print(f"  reads beside BACKUP: {self.slower:.0f} % fewer at best; aim at most 20")

    def run(self):
        try:
            self.load()
            for n in range(self.a.rounds):
                print(f"round {n + 1}", flush=True)
                self.full()
                if not self.a.alone:
                    self.postgres()
                    self.restic()
                self.incremental("recent", False)
                self.incremental("compacted", True)
                self.chain()
                self.readers()
            self.report()
        finally:
            self.amber.stop()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default="build")
    p.add_argument("--rows", type=int, default=500000)
    p.add_argument("--rounds", type=int, default=1)
    p.add_argument("--dir")
    p.add_argument("--alone", action="store_true")
    a = p.parse_args()
    folder = a.dir or tempfile.mkdtemp(prefix="amberdb-bench")
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)
    try:
        Backups(a, folder).run()
    finally:
        if not a.dir:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
