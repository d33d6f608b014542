#!/usr/bin/env python3
"""Random tables with foreign keys and random changes, the same to amberdb and PostgreSQL; see
random-queries.

    random_references.py changes FIRST LAST         SQL for each seed, its steps after lines @@n
    random_references.py compare ANSWERS ANSWERS    of amberdb, of PostgreSQL; rows in any order

Every step is a change, which may be refused, and then all rows. RESTRICT is left out: PostgreSQL
checks it at once, v20.1 at the end of the statement. A key is changed in one row at a time, for
who checks uniqueness row by row sees more than who checks at the end.
"""
import random
import sys

ACTIONS = ["", "NO ACTION", "CASCADE", "CASCADE", "SET NULL", "SET DEFAULT"]
TABLES = {"r0": "id, x, y", "r1": "id, a, x, y", "r2": "id, a, b, x, y", "r3": "id, a"}
STEPS = 25


def reference(r, columns, table, keys, match=False):
    text = f"FOREIGN KEY ({columns}) REFERENCES {table} ({keys})"
    if match:
        text += r.choice([" MATCH FULL", " MATCH SIMPLE", ""])
    for event in ("DELETE", "UPDATE"):
        action = r.choice(ACTIONS)
        if action:
            text += f" ON {event} {action}"
    return text


def default(r):
    return r.choice(["", "", " DEFAULT 1", " DEFAULT 9"])


def tables(r):
    yield "CREATE TABLE r0 (id INT PRIMARY KEY, x INT, y INT, UNIQUE (x, y))"
    yield (f"CREATE TABLE r1 (id INT PRIMARY KEY, a INT{default(r)}, x INT{default(r)}, "
           f"y INT{default(r)}, UNIQUE (x, y), {reference(r, 'a', 'r0', 'id')}, "
           f"{reference(r, 'x, y', 'r0', 'x, y', True)}"
           f"{r.choice(['', ', CHECK (a < 5)'])})")
    yield (f"CREATE TABLE r2 (id INT PRIMARY KEY, a INT{default(r)}, b INT, x INT{default(r)}, "
           f"y INT{default(r)}, {reference(r, 'a', 'r1', 'id')}, {reference(r, 'b', 'r0', 'id')}, "
           f"{reference(r, 'x, y', 'r1', 'x, y', True)})")
    yield f"CREATE TABLE r3 (id INT PRIMARY KEY, a INT, {reference(r, 'a', 'r3', 'id')})"


def value(r, null=0.2):
    return "NULL" if r.random() < null else str(r.randint(0, 5))


def row(r, columns):
    return ", ".join(value(r, 0) if c == "id" else value(r) for c in columns)


def change(r):
    name = r.choice(["r0", "r0", "r1", "r1", "r2", "r3"])
    columns = TABLES[name].split(", ")
    x, one = r.random(), f"WHERE id = {r.randint(0, 5)}"
    if x < 0.5:
        rows = ", ".join(f"({row(r, columns)})" for _ in range(r.choice([1, 1, 2])))
        then = r.choice(["", "", " ON CONFLICT DO NOTHING"])
        if name == "r1" and "5" in rows: # v20.1 does not check a row that it does not insert
            then = ""
        return f"INSERT INTO {name} ({TABLES[name]}) VALUES {rows}{then}"
    if x < 0.7:
        where = r.choice([one, one, f"WHERE id > {r.randint(0, 4)}", f"WHERE {columns[1]} IS NULL"])
        return f"DELETE FROM {name} {where}"
    if x < 0.85:
        c = r.choice(columns)
        return f"UPDATE {name} SET {c} = {value(r, 0 if c == 'id' else 0.2)} {one}"
    if name == "r3":
        return f"UPDATE r3 SET a = {value(r)} WHERE id < {r.randint(0, 5)}"
    return f"UPDATE {name} SET x = {value(r)}, y = {value(r)} {one}"


def changes(seed):
    r = random.Random(seed)
    for statement in tables(r):
        print(f"{statement};")
    for step in range(STEPS):
        print(f"\\echo @@{seed * STEPS + step}\n{change(r)};")
        for name, columns in TABLES.items():
            print(f"SELECT '{name}', {columns} FROM {name};")
    print("DROP TABLE r3, r2, r1, r0;")


def answers(path):
    found, step = {}, None
    for line in open(path):
        line = "refused" if "ERROR:" in line else line.rstrip("\n")
        if line.startswith("@@"):
            step = int(line[2:])
            found[step] = []
        elif step is not None:
            found[step].append(line)
    return found


def compare(ours, theirs):
    ours, theirs = answers(ours), answers(theirs)
    bad = [n for n, rows in theirs.items() if sorted(ours.get(n, [])) != sorted(rows)]
    refused = sum("refused" in rows for rows in theirs.values())
    print(f"{len(theirs) - len(bad)} changes the same ({refused} refused), {len(bad)} different"
          f"{''.join(f', seed {n // STEPS} step {n % STEPS}' for n in bad[:10])}")
    return not bad and 0 < refused < len(theirs)


if sys.argv[1] == "changes":
    print("\\set VERBOSITY sqlstate")
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        changes(number)
else:
    sys.exit(0 if compare(sys.argv[2], sys.argv[3]) else 1)
