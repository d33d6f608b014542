#!/usr/bin/env python3
"""Random queries over what amberdb and PostgreSQL have in common; see random-queries.

    random_queries.py schema amberdb|postgres       tables and rows
    random_queries.py queries FIRST LAST            a query for each seed, after a line @@seed
    random_queries.py hints FIRST LAST              the same, told how to join
    random_queries.py statistics SEED               of every table, invented: other plans
    random_queries.py compare ANSWERS ANSWERS       of amberdb, of PostgreSQL; rows in any order

A query is built downwards from its FROM. A scope is a list of (column, type); types are i (INT),
t (STRING, small words) and b (BOOL). Where order decides what is answered (LIMIT, window frames,
DISTINCT ON), ORDER BY is total.
"""
import json
import random
import re
import sys

TABLES = {
    "ta": {"id": "i", "a": "i", "b": "i", "c": "i", "s": "t", "f": "b", "n": "i"},
    "tb": {"id": "i", "a": "i", "b": "i", "d": "i", "u": "t", "n": "i"},
    "tc": {"id": "i", "k": "i", "l": "i", "m": "i", "s": "t", "n": "i"},
}
KEYS = {"ta": "id", "tb": "id", "tc": "id, n"}
NAMES = {"i": "INT", "t": "TEXT", "b": "BOOL"}
WORDS = ["", "a", "b", "ab", "xyz", "B"]
INDEXES = ["ta (a)", "ta (b DESC, c)", "ta (s)", "tb (b) STORING (d)", "tb (a, b)",
           "tc (k, l DESC)", "tc (s, m)"]
HINTS = {"JOIN": "INNER", "LEFT JOIN": "LEFT", "RIGHT JOIN": "RIGHT", "FULL JOIN": "FULL"}
ORDERS = ["ASC NULLS FIRST", "DESC NULLS LAST"]
JOINS = ["JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]


def schema(amberdb):
    r = random.Random(1)
    for name, columns in TABLES.items():
        text = ", ".join(f"{c} {NAMES[t]}{' NOT NULL' if c in ('id', 'n') else ''}"
                         for c, t in columns.items())
        print(f"CREATE TABLE {name} ({text}, PRIMARY KEY ({KEYS[name]}));")
        for i in range(25 if name != "tc" else 12):
            row = []
            for c, t in columns.items():
                if c == "id":
                    row.append(str(i if name != "tc" else i // 3))
                elif c == "n":
                    row.append(str(i % 4 if name != "tc" else i % 3))
                else:
                    row.append("NULL" if r.random() < 0.2 else value(r, t))
            print(f"INSERT INTO {name} VALUES ({', '.join(row)});")
    if amberdb:
        for i in INDEXES:
            print(f"CREATE INDEX ON {i};")


def statistics(seed):
    """From nearly empty to very large, each table for itself."""
    r = random.Random(seed)
    for name, columns in TABLES.items():
        rows = 10 ** r.randint(0, 7)
        of = [{"columns": [c], "created_at": "2020-01-01 00:00:00", "row_count": rows,
               "distinct_count": r.choice([1, max(1, rows // 10), rows]),
               "null_count": r.choice([0, rows // 2])} for c in columns if r.random() < 0.9]
        print(f"ALTER TABLE {name} INJECT STATISTICS '{json.dumps(of)}';")


def hinted(text, seed):
    r = random.Random(seed)

    def change(m):
        hint = r.choice(["HASH ", "MERGE ", "", "LOOKUP " if m[1] in ("JOIN", "LEFT JOIN") else ""])
        return f" {HINTS[m[1]]} {hint}JOIN " if r.random() < 0.7 else m[0]

    return re.sub(r"(?<!CROSS) ((?:LEFT |RIGHT |FULL )?JOIN) (?!LATERAL)", change, text)


def value(r, t):
    if t == "i":
        return str(r.randint(-1, 6))
    return r.choice(["true", "false"]) if t == "b" else f"'{r.choice(WORDS)}'"


class Query:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.aliases = 0

    def text(self):
        kind = self.pick(*[self.select] * 6, self.with_query, self.window_frame, self.lateral,
                         self.using, self.distinct_on, self.arrays, self.write, self.write)
        return kind()

    # ---- choices

    def pick(self, *options):
        return self.r.choice(options)

    def chance(self, p):
        return self.r.random() < p

    def alias(self):
        self.aliases += 1
        return f"q{self.aliases}"

    def lit(self, t):
        return value(self.r, t)

    def col(self, scope, t):
        of_type = [c for c, ct in scope if ct == t]
        return self.r.choice(of_type) if of_type else None

    def shuffled(self, scope):
        columns = [c for c, _ in scope]
        self.r.shuffle(columns)
        return columns

    def total_order(self, scope):
        return ", ".join(f"{c} {self.pick(*ORDERS)}" for c in self.shuffled(scope))

    # ---- expressions

    def expr(self, scope, t, d=0):
        x, c = self.r.random(), self.col(scope, t)
        if c and (x < 0.6 or d > 2):
            return c
        if x < 0.7 or d > 2:
            return self.lit(t)
        if x < 0.75:
            return (f"(CASE WHEN {self.pred(scope, d + 2)} THEN {self.expr(scope, t, d + 1)} "
                    f"ELSE {self.expr(scope, t, d + 1)} END)")
        if x < 0.8:
            return f"COALESCE({self.expr(scope, t, d + 1)}, {self.expr(scope, t, d + 1)})"
        if x < 0.83 and t != "b":
            return f"NULLIF({self.expr(scope, t, d + 1)}, {self.expr(scope, t, d + 1)})"
        if x < 0.87 and d < 2:
            return self.scalar(scope, t, d + 1)
        if t == "i":
            if self.chance(0.25):
                return self.pick(f"length({self.expr(scope, 't', d + 1)})",
                                 f"abs({self.expr(scope, 'i', d + 1)})")
            return (f"({self.expr(scope, 'i', d + 1)} {self.pick('+', '-', '*')} "
                    f"{self.expr(scope, 'i', d + 1)})")
        if t == "t":
            a, b = self.expr(scope, "t", d + 1), self.expr(scope, "t", d + 1)
            return self.pick(f"({a} || {b})", f"upper({a})", f"greatest({a}, {b})")
        return f"({self.pred(scope, d + 1)})"

    def scalar(self, scope, t, d):
        source, inner = self.source(d + 1, 1)
        where = self.pred(inner + scope, d + 1)
        if t == "i" and self.chance(0.4):
            what = "count(*)"
        elif t == "b":
            what = f"bool_or({self.pred(inner, d + 2)})"
        else:
            what = f"{self.pick('max', 'min')}({self.expr(inner, t, d + 1)})"
        return f"(SELECT {what} FROM {source} WHERE {where})"

    def same(self, left, right):
        """An equality of two sides, often one that a join can use."""
        t = self.pick("i", "i", "t")
        a, b = self.col(left, t), self.col(right, t)
        if not a or not b:
            return "true"
        return f"({a} = {b})" if self.chance(0.5) else f"({b} = {a})"

    def pred(self, scope, d=0):
        x, t = self.r.random(), self.pick("i", "i", "i", "t")
        no = self.pick("", "NOT ")
        if d < 3 and x < 0.22:
            return f"({self.pred(scope, d + 1)} {self.pick('AND', 'OR')} {self.pred(scope, d + 1)})"
        if d < 3 and x < 0.27:
            return f"(NOT {self.pred(scope, d + 1)})"
        if d < 2 and x < 0.52:
            return self.subquery(scope, t, d, no)
        if x < 0.6:
            return f"({self.expr(scope, t, d + 1)} IS {no}NULL)"
        if x < 0.66:
            items = ", ".join(self.lit(t) for _ in range(self.r.randint(1, 3)))
            return f"({self.expr(scope, t, d + 1)} {no}IN ({items}))"
        if x < 0.70:
            return f"({self.expr(scope, t, d + 1)} {no}BETWEEN {self.lit(t)} AND {self.lit(t)})"
        if x < 0.73:
            return (f"({self.expr(scope, t, d + 1)} IS {no}DISTINCT FROM "
                    f"{self.expr(scope, t, d + 1)})")
        if x < 0.76 and self.col(scope, "b"):
            return self.col(scope, "b")
        if x < 0.79:
            pattern = self.pick("'a%'", "'%b'", "'_'", "'%'")
            return f"({self.expr(scope, 't', d + 1)} LIKE {pattern})"
        if x < 0.82:
            return (f"(({self.expr(scope, t, d + 2)}, {self.expr(scope, 'i', d + 2)}) "
                    f"{self.pick('=', '<', '>', '<=')} "
                    f"({self.expr(scope, t, d + 2)}, {self.expr(scope, 'i', d + 2)}))")
        op = self.pick("=", "=", "=", "<", ">", "<=", ">=", "<>")
        return f"({self.expr(scope, t, d + 1)} {op} {self.expr(scope, t, d + 1)})"

    def subquery(self, scope, t, d, no):
        source, inner = self.source(d + 1, 2)
        conditions = [self.same(inner, scope)] * self.pick(0, 1, 1)
        conditions += [self.pred(inner + scope, d + 1) for _ in range(self.pick(0, 1, 1, 2))]
        tail = f"FROM {source} WHERE {' AND '.join(conditions) or 'true'}"
        x = self.r.random()
        if x < 0.5:
            return f"({no}EXISTS (SELECT {self.pick('1', '*', self.expr(inner, t, d + 1))} {tail}))"
        left, item = self.expr(scope, t, d + 2), self.expr(inner, t, d + 2)
        if x < 0.6:
            return (f"(({left}, {self.expr(scope, 'i', d + 2)}) {no}IN "
                    f"(SELECT {item}, {self.expr(inner, 'i', d + 2)} {tail}))")
        if x < 0.7:
            quantifier = f"{self.pick('=', '<', '>=', '<>')} {self.pick('ANY', 'ALL')}"
            return f"({left} {quantifier} (SELECT {item} {tail}))"
        return f"({left} {no}IN (SELECT {item} {tail}))"

    # ---- FROM

    def table(self, d):
        alias = self.alias()
        if d < 2 and self.chance(0.15):
            text, types = self.plain(d + 2)
            names = [f"c{i}" for i in range(len(types))]
            return (f"({text}) AS {alias} ({', '.join(names)})",
                    [(f"{alias}.{n}", t) for n, t in zip(names, types)])
        if self.chance(0.05):
            return (f"(VALUES (1, 'a'), (2, NULL), (NULL, 'b')) AS {alias} (v, w)",
                    [(f"{alias}.v", "i"), (f"{alias}.w", "t")])
        name = self.pick(*TABLES)
        return f"{name} AS {alias}", self.columns(name, alias)

    def columns(self, name, alias):
        return [(f"{alias}.{c}", t) for c, t in TABLES[name].items()]

    def source(self, d, most=3):
        text, scope = self.table(d)
        for _ in range(self.r.randint(0, most - 1) if d < 3 else 0):
            right, more = self.table(d)
            if self.chance(0.1):
                text = f"{text} CROSS JOIN {right}"
            else:
                join, on = self.pick(*JOINS), self.same(scope, more)
                if self.chance(0.4):
                    on += " AND " + self.pred(scope + more, 3 if join == "FULL JOIN" else d + 1)
                text = f"{text} {join} {right} ON {on}"
            scope = scope + more
        return text, scope

    # ---- queries

    def select(self):
        if self.chance(0.1):
            types = [self.pick("i", "t") for _ in range(self.r.randint(1, 3))]
            op = self.pick("UNION", "UNION ALL", "INTERSECT", "EXCEPT", "INTERSECT ALL",
                           "EXCEPT ALL")
            return f"({self.plain(1, types)[0]}) {op} ({self.plain(1, types)[0]})"
        return self.plain(0)[0]

    def plain(self, d, types=None, outer=()):
        source, scope = self.source(d)
        where = f" WHERE {self.pred(scope + list(outer), d)}" if self.chance(0.7) else ""
        if types is None and self.chance(0.3):
            return self.grouped(source, scope, where, d)
        if types is None:
            types = [self.pick("i", "i", "t", "b") for _ in range(self.r.randint(1, 4))]
        items = [self.expr(scope, t, d) for t in types]
        distinct = "DISTINCT " if self.chance(0.15) else ""
        text = f"SELECT {distinct}{', '.join(items)} FROM {source}{where}"
        if self.chance(0.15):
            order = ", ".join(f"{i + 1} {self.pick(*ORDERS)}" for i in range(len(items)))
            text += f" ORDER BY {order} LIMIT {self.r.randint(1, 8)}"
            if self.chance(0.4):
                text += f" OFFSET {self.r.randint(0, 3)}"
        elif self.chance(0.15) and d == 0 and not distinct:
            text += f" ORDER BY {self.total_order(scope)}"
        return text, types

    def grouped(self, source, scope, where, d):
        keys = self.r.sample(scope, min(len(scope), self.pick(0, 1, 1, 2)))
        items, types = [k for k, _ in keys], [t for _, t in keys]
        for _ in range(self.r.randint(1, 2)):
            e, t = self.aggregate(scope, d)
            items.append(e)
            types.append(t)
        text = f"SELECT {', '.join(items)} FROM {source}{where}"
        if keys:
            text += f" GROUP BY {', '.join(k for k, _ in keys)}"
        if self.chance(0.2):
            e = self.expr(scope, "i", 3)
            text += " HAVING " + self.pick("count(*) > 1", f"min({e}) IS NOT NULL", f"max({e}) > 2")
        return text, types

    def aggregate(self, scope, d):
        only = f" FILTER (WHERE {self.pred(scope, 3)})" if self.chance(0.15) else ""
        i, t = self.expr(scope, "i", d + 1), self.expr(scope, "t", 3)
        distinct = self.pick("", "DISTINCT ")
        return self.pick(
            (f"count(*){only}", "i"), (f"count({distinct}{i}){only}", "i"),
            (f"(sum({i}){only})::INT", "i"), (f"sum(DISTINCT {i})::INT", "i"),
            (f"{self.pick('min', 'max')}({i}){only}", "i"),
            (f"{self.pick('min', 'max')}({t}){only}", "t"),
            (f"COALESCE({self.pick('bool_and', 'bool_or')}({self.pred(scope, 3)}){only}, false)", "b"),
            (f"string_agg({t}, ',' ORDER BY {t}){only}", "t"))

    def with_query(self):
        inner, types = self.plain(1)
        names = [f"x{i}" for i in range(len(types))]
        source, scope = self.source(1, 2)
        scope = scope + [(f"w.{n}", t) for n, t in zip(names, types)]
        return (f"WITH w ({', '.join(names)}) AS ({inner}) SELECT {self.expr(scope, 'i', 1)}, "
                f"{self.expr(scope, 't', 1)} FROM {source} CROSS JOIN w WHERE {self.pred(scope, 1)}")

    def window_frame(self):
        source, scope = self.source(1, 2)
        edges = ["UNBOUNDED PRECEDING", "2 PRECEDING", "1 PRECEDING", "CURRENT ROW", "1 FOLLOWING",
                 "2 FOLLOWING", "UNBOUNDED FOLLOWING"]
        lo, hi = sorted((self.r.randrange(0, 6), self.r.randrange(1, 7)))
        lo, hi = min(lo, 5), max(hi, 1)
        mode = self.pick("ROWS", "RANGE", "GROUPS")
        e = self.col(scope, "i") or "1"
        order = self.total_order(scope) if mode == "ROWS" else f"{e} {self.pick(*ORDERS)}"
        part = self.col(scope, self.pick("i", "t"))
        over = (f"OVER ({'PARTITION BY ' + part + ' ' if part and self.chance(0.5) else ''}ORDER BY "
                f"{order} {mode} BETWEEN {edges[lo]} AND {edges[hi]}"
                f"{self.pick('', '', ' EXCLUDE CURRENT ROW', ' EXCLUDE TIES', ' EXCLUDE GROUP')})")
        only = f" FILTER (WHERE {self.pred(scope, 2)})" if self.chance(0.3) else ""
        call = self.pick(f"(sum({e}){only} {over})::INT", f"count({e}){only} {over}", f"max({e}){only} {over}",
                         f"min({e}){only} {over}", f"rank() {over}", f"dense_rank() {over}")
        if mode == "ROWS":
            call = self.pick(call, f"first_value({e}) {over}", f"nth_value({e}, 2) {over}",
                             f"lag({e}, {self.pick(1, 3, -2)}) {over}", f"lead({e}, 2, 7) {over}",
                             f"row_number() {over}, sum({e}) {over}")
        return f"SELECT {e}, {call} FROM {source} WHERE {self.pred(scope, 1)}"

    def lateral(self):
        left, right, name = self.alias(), self.alias(), self.pick(*TABLES)
        scope = self.columns(name, left)
        inner, types = self.plain(1, outer=scope)
        names = [f"c{i}" for i in range(len(types))]
        join, on = self.pick(("CROSS JOIN LATERAL", ""), ("LEFT JOIN LATERAL", " ON true"))
        return (f"SELECT {scope[0][0]}, {right}.* FROM {name} AS {left} {join} ({inner}) "
                f"AS {right} ({', '.join(names)}){on}")

    def using(self):
        (a, b), left, right = self.r.sample(sorted(TABLES), 2), self.alias(), self.alias()
        common = [c for c in TABLES[a] if TABLES[b].get(c) == TABLES[a][c]]
        used = self.r.sample(common, self.r.randint(1, 2))
        scope = ([(c, TABLES[a][c]) for c in used] + self.columns(a, left) +
                 self.columns(b, right))
        items = self.pick("*", f"{self.expr(scope, 'i', 1)}, {self.expr(scope, 't', 1)}")
        return (f"SELECT {items} FROM {a} AS {left} {self.pick(*JOINS)} {b} AS {right} "
                f"USING ({', '.join(used)}) WHERE {self.pred(scope, 1)}")

    def distinct_on(self):
        source, scope = self.source(1, 2)
        columns = self.shuffled(scope)
        order = ", ".join(f"{c} {self.pick(*ORDERS)}" for c in columns)
        return (f"SELECT DISTINCT ON ({', '.join(columns[:self.r.randint(1, 2)])}) "
                f"{', '.join(columns)} FROM {source} WHERE {self.pred(scope, 1)} ORDER BY {order}")

    def arrays(self):
        source, scope = self.source(1, 2)
        e, k = self.expr(scope, "i", 2), self.col(scope, self.pick("i", "t"))
        return self.pick(
            f"SELECT {k}, array_agg({e} ORDER BY {e} NULLS FIRST) FROM {source} GROUP BY 1",
            f"SELECT ARRAY(SELECT {e} FROM {source} WHERE {self.pred(scope, 1)} ORDER BY 1 NULLS FIRST)",
            f"SELECT {k} FROM {source} WHERE {e} = ANY (ARRAY[{self.lit('i')}, {self.lit('i')}])",
            f"SELECT {k}, {e} <> ALL (ARRAY[{self.lit('i')}, NULL]) FROM {source}")

    def write(self):
        name = self.pick(*TABLES)
        types = TABLES[name]
        scope = self.columns(name, name)
        c = self.pick(*[c for c in types if c not in ("id", "n")])
        x = self.r.random()
        if x < 0.3:
            text = f"DELETE FROM {name} WHERE {self.pred(scope, 1)}"
        elif x < 0.55:
            text = (f"UPDATE {name} SET {c} = {self.expr(scope, types[c], 1)} "
                    f"WHERE {self.pred(scope, 1)}")
        elif x < 0.8:
            text = self.insert(name, types, scope, c)
        else:
            other, a = self.pick(*TABLES), self.alias()
            both = scope + self.columns(other, a)
            text = (f"UPDATE {name} SET {c} = {self.expr(both, types[c], 2)} FROM (SELECT DISTINCT ON "
                    f"(id) * FROM {other} ORDER BY id, n) AS {a} WHERE {name}.id = {a}.id AND "
                    f"{self.pred(both, 1)}")
        return f"BEGIN; {text} RETURNING {name}.*; SELECT * FROM {name}; ROLLBACK"

    def insert(self, name, types, scope, c):
        row = []
        for column, t in types.items():
            if column in ("id", "n"):
                row.append(str(self.r.randint(0, 40 if column == "id" else 3)))
            else:
                row.append(self.lit(t) if self.chance(0.8) else "NULL")
        both = [(f"excluded.{column}", t) for column, t in types.items()] + scope
        change = f"UPDATE SET {c} = {self.expr(both, types[c], 2)}"
        action = self.pick("NOTHING", change, f"{change} WHERE {self.pred(both, 2)}")
        return (f"INSERT INTO {name} ({', '.join(types)}) VALUES ({', '.join(row)}) "
                f"ON CONFLICT ({KEYS[name]}) DO {action}")


def answers(path):
    found, seed = {}, None
    for line in open(path, errors="replace"):
        line = line.rstrip("\n")
        if line.startswith("@@"):
            seed = int(line[2:])
            found[seed] = []
        elif seed is not None:
            found[seed].append(line)
    return found


def compare(ours, theirs):
    """Left out are queries that PostgreSQL refuses, as it cannot do every FULL JOIN, and hints that
    cannot be followed."""
    ours, theirs, same, bad = answers(ours), answers(theirs), 0, []
    for seed, rows in theirs.items():
        if any("ERROR:" in line for line in rows):
            continue
        if any("conforming to the" in line for line in ours.get(seed, [])):
            continue
        if sorted(ours.get(seed, ["no answer"])) == sorted(rows):
            same += 1
        else:
            bad.append(seed)
    print(f"{same} same, {len(bad)} different {bad[:20]}")
    return not bad and same > 0


def main():
    if sys.argv[1] == "schema":
        schema(sys.argv[2] == "amberdb")
    elif sys.argv[1] in ("queries", "hints"):
        for seed in range(int(sys.argv[2]), int(sys.argv[3])):
            text = Query(seed).text()
            if sys.argv[1] == "hints":
                text = hinted(text, seed)
            print(f"\\echo @@{seed}\n{text};")
    elif sys.argv[1] == "statistics":
        statistics(int(sys.argv[2]))
    else:
        sys.exit(0 if compare(sys.argv[2], sys.argv[3]) else 1)


if __name__ == "__main__":
    main()
