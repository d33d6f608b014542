"""pgbench's two scripts against both servers, and how often a second the disk can sync.

Where other work runs on the machine, the processor time of the server for one transaction says more
than transactions a second.
"""
import os
import re
import resource
import statistics
import subprocess
import time

SECONDS = 3
ACCOUNTS = 1000000
CLIENTS = (1, 4, 16)
SCRIPTS = (("reads", ["-S"]), ("TPC-B", []))
MODES = ("simple", "prepared")

TABLES = f"""
CREATE TABLE pgbench_branches (bid INT PRIMARY KEY, bbalance INT, filler CHAR(88));
CREATE TABLE pgbench_tellers (tid INT PRIMARY KEY, bid INT, tbalance INT, filler CHAR(84));
CREATE TABLE pgbench_accounts (aid INT PRIMARY KEY, bid INT, abalance INT, filler CHAR(84));
CREATE TABLE pgbench_history (tid INT, bid INT, aid INT, delta INT, mtime TIMESTAMP, filler CHAR(22));
INSERT INTO pgbench_branches SELECT 1, 0, '';
INSERT INTO pgbench_tellers SELECT g, 1, 0, '' FROM generate_series(1, 10) AS t (g);
INSERT INTO pgbench_accounts SELECT g, 1, 0, '' FROM generate_series(1, {ACCOUNTS}) AS t (g);
"""


def sync_rate(folder):
    """Writes of 4 KiB, each synced, in a second."""
    path = os.path.join(folder, "sync")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    n, start = 0, time.monotonic()
    while time.monotonic() - start < 1:
        os.pwrite(fd, b"x" * 4096, n % 256 * 4096)
        os.fdatasync(fd)
        n += 1
    os.close(fd)
    os.remove(path)
    return n / (time.monotonic() - start)


def clients_seconds():
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


class Pgbench:
    """servers: name -> (port, process, function that gives the processor seconds of its server)."""

    def __init__(self, program, servers, folder):
        self.program, self.servers, self.folder = program, servers, folder
        self.tps, self.cost, self.syncs = {}, {}, []

    def one(self, server, script, options, mode, clients):
        port, pid, cpu = self.servers[server]
        before = cpu(pid) - clients_seconds()
        out = subprocess.run(
            [self.program, "-h", "127.0.0.1", "-p", str(port), "-U", "root", "-n", "-M", mode,
             "-c", str(clients), "-T", str(SECONDS), *options, "pgb"],
            check=True, capture_output=True, text=True).stdout
        used = cpu(pid) - clients_seconds() - before
        done = int(re.search(r"processed: (\d+)", out).group(1))
        key = (script, mode, clients, server)
        self.tps.setdefault(key, []).append(float(re.search(r"tps = ([\d.]+)", out).group(1)))
        self.cost.setdefault(key, []).append(1e6 * used / max(done, 1))

    def round(self):
        self.syncs.append(sync_rate(self.folder))
        for script, options in SCRIPTS:
            for mode in MODES:
                for clients in CLIENTS:
                    for server in self.servers:
                        self.one(server, script, options, mode, clients)
        print("  pgbench done", flush=True)

    def report(self):
        ours, other = self.servers
        print(f"\npgbench, {ACCOUNTS} accounts, {SECONDS} s each: transactions a second, and "
              "microseconds of the server's processor for each")
        print(f"  {'':26s} {ours:>9s} {other:>11s}  ratio   {ours:>9s} {other:>11s}  ratio")
        for script, _ in SCRIPTS:
            for mode in MODES:
                for clients in CLIENTS:
                    k = (script, mode, clients)
                    t = [statistics.median(self.tps[(*k, s)]) for s in (ours, other)]
                    c = [statistics.median(self.cost[(*k, s)]) for s in (ours, other)]
                    print(f"  {script + ', ' + mode:18s} {clients:4d}    {t[0]:9.0f} {t[1]:11.0f} "
                          f"{t[0] / t[1]:6.2f}   {c[0]:9.1f} {c[1]:11.1f} "
                          f"{c[1] / max(c[0], 0.1):6.2f}")
        print(f"  the disk syncs {statistics.median(self.syncs):.0f} writes of 4 KiB a second")
