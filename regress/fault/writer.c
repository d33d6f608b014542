/* regress/fault/writer.c - writes to a server that may be killed, and says afterwards what is lost.
 *
 *     writer write CONNINFO LOG WORKER     writes until the connection breaks; a record of each step
 *     writer verify CONNINFO LOG WORKER    compares the table with that record
 *
 * The table: crash.t (k INT PRIMARY KEY, v INT, INDEX t_v_idx (v)). A worker owns the keys from
 * WORKER * SPAN on. Key 0 of a worker is its counter, which every third step raises; the others are
 * inserted in rising order, one a step or two in one transaction. A step is written to the log as
 * "I <kind> <n>" before it is sent and "A <kind> <n>" after the server acknowledged it, so that a
 * step that is acknowledged must be there, one that is only intended may be, and a pair is there
 * whole or not at all.
 */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "base/arena.h"

#define SPAN INT64_C(10000000)

struct record {
    int64_t next;            /* the next key to insert */
    int64_t acked;           /* keys below it are acknowledged */
    int64_t pairs[2];        /* the last intended pair, when not acknowledged; else -1 */
    int64_t count, intended; /* of the counter: acknowledged, and perhaps */
};

/* What the log of earlier runs says. */
static void
read_log(const char *path, struct record *r)
{
    *r = (struct record){.next = 1, .acked = 1, .pairs = {-1, -1}};
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return;
    char what, kind;
    int64_t n;
    while (fscanf(f, " %c %c %" SCNd64, &what, &kind, &n) == 3) {
        int64_t width = kind == 'p' ? 2 : 1;
        if (kind == 'c') {
            r->intended = n;
            if (what == 'A')
                r->count = n;
            continue;
        }
        r->next = n + width;
        if (what == 'A')
            r->acked = n + width;
        r->pairs[0] = what == 'I' && kind == 'p' ? n : -1;
        r->pairs[1] = what == 'I' && kind == 'p' ? n + 1 : -1;
    }
    fclose(f);
}

static bool restart; /* the last statement failed with 40001 */

static bool
exec(PGconn *c, const char *sql)
{
    PGresult *res = PQexec(c, sql);
    bool ok = PQresultStatus(res) == PGRES_COMMAND_OK;
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    restart = state != NULL && strcmp(state, "40001") == 0;
    if (!ok && !restart && PQstatus(c) == CONNECTION_OK)
        printf("# %s: %s", sql, PQerrorMessage(c));
    PQclear(res);
    return ok;
}

/* Both or none; again while a schema change gets in between. */
static bool
exec_pair(PGconn *c, const char *first, const char *second)
{
    bool ok;
    do {
        ok = exec(c, "BEGIN") && exec(c, first) && exec(c, second) && exec(c, "COMMIT");
        bool again = !ok && restart;
        if (again && PQtransactionStatus(c) != PQTRANS_IDLE)
            exec(c, "ROLLBACK");
        restart = again;
    } while (restart);
    return ok;
}

static void
note(FILE *log, char what, char kind, int64_t n)
{
    fprintf(log, "%c %c %" PRId64 "\n", what, kind, n);
    fflush(log);
}

static bool
step(PGconn *c, FILE *log, int64_t base, int64_t i, struct record *r)
{
    char sql[200];
    char kind = "spc"[i % 3];
    int64_t n = kind == 'c' ? r->intended + 1 : r->next;
    note(log, 'I', kind, n);
    if (kind == 'c')
        snprintf(sql, sizeof(sql), "UPSERT INTO crash.t VALUES (%" PRId64 ", %" PRId64 ")", base,
                 n);
    else
        snprintf(sql, sizeof(sql), "INSERT INTO crash.t VALUES (%" PRId64 ", %" PRId64 ")",
                 base + n, n * 7);
    bool ok;
    if (kind == 'p') {
        char second[200];
        snprintf(second, sizeof(second), "INSERT INTO crash.t VALUES (%" PRId64 ", %" PRId64 ")",
                 base + n + 1, (n + 1) * 7);
        ok = exec_pair(c, sql, second);
    } else {
        ok = exec(c, sql);
    }
    if (!ok)
        return false;
    note(log, 'A', kind, n);
    if (kind == 'c')
        r->intended = n;
    else
        r->next = n + (kind == 'p' ? 2 : 1);
    return true;
}

/* Where a step was intended and not acknowledged, take up from what the table says. */
static bool
settle(PGconn *c, int64_t base, struct record *r)
{
    char sql[200];
    snprintf(sql, sizeof(sql),
             "SELECT max(k) FROM crash.t WHERE k > %" PRId64 " AND k < %" PRId64, base,
             base + SPAN);
    PGresult *res = PQexec(c, sql);
    bool ok = PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1;
    if (ok)
        r->next = PQgetisnull(res, 0, 0) ? 1 : strtoll(PQgetvalue(res, 0, 0), NULL, 10) - base + 1;
    PQclear(res);
    return ok;
}

static int
write_until_broken(PGconn *c, const char *path, int64_t base)
{
    struct record r;
    read_log(path, &r);
    if (!settle(c, base, &r))
        return 2;
    FILE *log = fopen(path, "a");
    if (log == NULL)
        return 2;
    for (int64_t i = 0; step(c, log, base, i, &r); i++)
        ;
    bool broken = PQstatus(c) != CONNECTION_OK;
    fclose(log);
    return broken ? 0 : 1;
}

static int64_t
ask(PGconn *c, const char *sql)
{
    PGresult *res = PQexec(c, sql);
    int64_t n = -1;
    if (PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1)
        n = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    else
        printf("# %s: %s", sql, PQerrorMessage(c));
    PQclear(res);
    return n;
}

static int
verify(PGconn *c, const char *path, int64_t base)
{
    struct record r;
    read_log(path, &r);
    char sql[300];
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM crash.t WHERE k > %" PRId64 " AND k < %" PRId64, base,
             base + SPAN);
    int64_t rows = ask(c, sql);
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM crash.t WHERE k > %" PRId64 " AND k < %" PRId64
             " AND v = (k - %" PRId64 ") * 7",
             base, base + r.acked, base);
    int64_t kept = ask(c, sql);
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM crash.t@t_v_idx WHERE k > %" PRId64 " AND k < %" PRId64, base,
             base + SPAN);
    int64_t entries = ask(c, sql);
    snprintf(sql, sizeof(sql), "SELECT coalesce(sum(v), 0)::INT FROM crash.t WHERE k = %" PRId64,
             base);
    int64_t counter = ask(c, sql);
    int bad = 0;
    if (kept != r.acked - 1)
        printf("# lost: %" PRId64 " rows acknowledged, %" PRId64 " are there\n", r.acked - 1, kept),
            bad++;
    if (entries != rows)
        printf("# index: %" PRId64 " rows, %" PRId64 " entries\n", rows, entries), bad++;
    if (counter != r.count && counter != r.intended)
        printf("# counter: acknowledged %" PRId64 ", intended %" PRId64 ", is %" PRId64 "\n",
               r.count, r.intended, counter),
            bad++;
    if (r.pairs[0] >= 0 && (rows - kept) % 2 != 0)
        printf("# half a transaction: %" PRId64 " rows beyond the acknowledged\n", rows - kept),
            bad++;
    return bad == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: writer write|verify CONNINFO LOG WORKER\n");
        return 2;
    }
    PGconn *c = PQconnectdb(argv[2]);
    if (PQstatus(c) != CONNECTION_OK) {
        printf("# %s", PQerrorMessage(c));
        PQfinish(c);
        return 2;
    }
    int64_t base = strtoll(argv[4], NULL, 10) * SPAN;
    int rc = strcmp(argv[1], "write") == 0 ? write_until_broken(c, argv[3], base)
                                           : verify(c, argv[3], base);
    PQfinish(c);
    return rc;
}
