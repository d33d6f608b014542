# regress/shell-pty.py - amberdb sql at a terminal: keys in, screen out; lines "ok - name" for shell-test.
#
#     shell-pty.py AMBERDB HOST:PORT HOME
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

amberdb, server, home = sys.argv[1:4]
failed = 0


class Terminal:
    def __init__(self):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.environ.update(TERM="dumb", HOME=home)
            os.execv(amberdb, [amberdb, "sql", "--insecure", "--host", server])
        self.pid, self.screen = pid, ""

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.screen += data.decode(errors="replace").replace("\r", "")
        return bool(data)

    def expect(self, name, keys, pattern):
        """Type the keys; the screen must come to show the pattern after them."""
        global failed
        self.screen = ""
        os.write(self.fd, keys.encode())
        end = time.time() + 60
        while not re.search(pattern, self.screen, re.S) and time.time() < end:
            if not self.read(end - time.time()):
                break
        if re.search(pattern, self.screen, re.S):
            print("ok - " + name)
        else:
            failed += 1
            print("not ok - %s\n#   expected %s\n#   got      %r" % (name, pattern, self.screen))

    def leave(self, keys):
        """Type the keys, again when they came before the editor was ready for them; the exit status."""
        for _ in range(10):
            try:
                os.write(self.fd, keys.encode())
            except OSError:
                pass
            while self.read(1):
                pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid != 0:
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def sql(text):
    """By another session; its rows without the header."""
    out = subprocess.run([amberdb, "sql", "--insecure", "--host", server, "--format=tsv", "-e", text],
                         stdout=subprocess.PIPE, universal_newlines=True).stdout
    return out.split("\n", 1)[-1].strip()


def wait_for(text, rows):
    """Until the query gives these rows."""
    end = time.time() + 60
    while sql(text) != rows and time.time() < end:
        time.sleep(0.05)


PROMPT = r"root@localhost:\d+/defaultdb> $"
t = Terminal()
t.expect("greeting and prompt", "", r"Welcome.*To exit, type: \\q.*" + PROMPT)
t.expect("a statement over two lines", "SELECT 1\n", r"\n +-> $")
t.expect("its second line", "AS one;\n", r"\n  one\n-------\n    1\n\(1 row\)\n\nTime: .*" + PROMPT)
t.expect("the line before, edited", "\x1b[A\b\b\b\bfour;\n" "\x15SELECT 4 AS four;\n", r"\n  four\n.*" + PROMPT)
t.expect("the prompt of a transaction", "BEGIN;\n", r"defaultdb OPEN> $")
t.expect("the prompt of a failed one", "SELECT * FROM nowhere;\n", r"SQLSTATE: 42P01.*defaultdb ERROR> $")
t.expect("its end", "ROLLBACK;\n", PROMPT)
t.expect("an error with a caret", "SELECT 1 FORM x y;\n", r"SELECT 1 FORM x y\n {14}\^\n.*" + PROMPT)
t.expect("a keyword completed", "SEL\t", r"SELECT $")
t.expect("and a function", "\x15select lpa\t", r"select lpad $")
t.expect("candidates are listed", "\x15SHOW DATAB\t\t", r"database  databases.*SHOW DATABASE$")
t.expect("Ctrl-C forgets the line", "\x03", r"\n" + PROMPT)
t.expect("a statement begun", "SELECT\n", r"\n +-> $")
t.expect("\\show", "\\show\n", r"SELECT\n.*-> $")
t.expect("Ctrl-C forgets the statement", "\x03", r"\n" + PROMPT)
t.expect("a statement that takes long", "SELECT pg_sleep(60);\n", r"60\);\n")
wait_for("SELECT count(*) FROM [SHOW QUERIES] WHERE query LIKE 'SELECT pg_sleep%'", "1")
t.expect("Ctrl-C cancels it", "\x03", r"query execution canceled.*SQLSTATE: 57014.*" + PROMPT)
t.expect("a pasted example", "> SELECT 2 \\\n", r"\n +-> $")
t.expect("its continuation", "+ 3 AS sum;\n", r"\n  sum\n-------\n    5\n.*" + PROMPT)
t.expect("letters beyond ASCII", "SELECT '\u2603' AS snow;\n", "\u2603\n" r"\(1 row\).*" + PROMPT)
t.expect("\\!", "\\! echo from the system\n", r"\nfrom the system\n.*" + PROMPT)
t.expect("\\|", "\\| echo 'SELECT 7 AS piped;'\n", r"\n  piped\n.*7\n.*" + PROMPT)
t.expect("\\hf", "\\hf lpad\n", r"lpad\(string, int\) -> string.*" + PROMPT)
t.expect("\\timing", "\\timing\n", r"timing is off\n.*" + PROMPT)
t.expect("help", "help\n", r"\\q +leave.*" + PROMPT)

# BACKUP and RESTORE: a bar, and Ctrl-C that asks
sql("CREATE TABLE slow (k INT PRIMARY KEY, v STRING)")
sql("INSERT INTO slow SELECT g, sha512(g::STRING) || sha512((-g)::STRING) FROM generate_series(1, 3000) AS g")
sql("CREATE DATABASE pty_target")
BAR = r"%s \[[=> ]{30}\] +\d+%%  \d+s"
ASKS = r"%s job \d+ is at \d+%%: \(c\)ancel it, \(p\)ause it, let it run without you \(d\), or wait on \(Enter\)\? $"
RESTORE = "RESTORE TABLE slow FROM 'nodelocal://1/pty' WITH into_db = 'pty_target';\n"
JOBS = "SELECT count(*) FROM [SHOW JOBS] WHERE job_type = '%s' AND status = '%s'"
t.expect("a quick BACKUP", "BACKUP TABLE slow TO 'nodelocal://1/pty';\n", r"succeeded.*\(1 row\).*" + PROMPT)
sql("SET CLUSTER SETTING kv.bulk_io_write.max_rate = '20KB'")
t.expect("a bar while BACKUP runs", "BACKUP TABLE slow TO 'nodelocal://1/pty2';\n", BAR % "BACKUP")
t.expect("it moves", "", r"(?s:\] +([1-9]\d?)%.*\] +(?!\1%)([1-9]\d?)%.*%/s, \d+s left)")
t.expect("Ctrl-C asks", "\x03", ASKS % "BACKUP")
t.expect("wait on", "\n", BAR % "BACKUP")
t.expect("Ctrl-C asks again", "\x03", ASKS % "BACKUP")
t.expect("cancelled", "c\n", r"job \d+: canceled|job canceled.*" + PROMPT)
wait_for(JOBS % ("BACKUP", "canceled"), "1")
t.expect("a bar while RESTORE runs", RESTORE, BAR % "RESTORE")
t.expect("Ctrl-C asks of it", "\x03", ASKS % "RESTORE")
t.expect("paused", "p\n", r"RESUME JOB (\d+); lets it go on\..*job paused.*" + PROMPT)
wait_for(JOBS % ("RESTORE", "paused"), "1")
sql("CANCEL JOBS SELECT job_id FROM [SHOW JOBS] WHERE status = 'paused'")
wait_for(JOBS % ("RESTORE", "canceled"), "1")
t.expect("PREPARE", "PREPARE Again (STRING) AS RESTORE TABLE slow FROM $1 WITH into_db = 'pty_target';\n", PROMPT)
t.expect("a bar while EXECUTE runs", "EXECUTE \"again\" ('nodelocal://1/pty');\n", BAR % "RESTORE")
t.expect("Ctrl-C twice cancels", "\x03", ASKS % "RESTORE")
t.expect("the second one", "\x03", r"job canceled.*" + PROMPT)
wait_for(JOBS % ("RESTORE", "canceled"), "2")
t.expect("and once more", RESTORE, BAR % "RESTORE")
t.expect("Ctrl-C asks whether to stay", "\x03", ASKS % "RESTORE")
sql("SET CLUSTER SETTING kv.bulk_io_write.max_rate = DEFAULT")
t.expect("it runs on alone", "d\n", r"SHOW JOB WHEN COMPLETE (\d+); waits.*57014.*" + PROMPT)
sql("CANCEL JOBS SELECT job_id FROM [SHOW JOBS] WHERE status = 'running'")
t.expect("help after that", "help\n", r"\\q +leave.*" + PROMPT)

status = t.leave("quit\n")
print("ok - quit" if status == 0 else "not ok - quit\n#   status %d" % status)
again = Terminal()
again.expect("a second session", "", PROMPT)
again.expect("has the history of the first", "\x10\x10\n", r"help\n.*" + PROMPT)
status = again.leave("\x04")
print("ok - Ctrl-D leaves" if status == 0 else "not ok - Ctrl-D leaves\n#   status %d" % status)
