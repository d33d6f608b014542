/* regress/serial/serial.c - concurrent random transactions, and whether some serial order explains them.
 *
 *     serial SEED SECONDS [CLIENTS]     against the server of PGHOST, PGPORT; TAP
 *     SERIAL_PORTS="P1 P2 ..." serial ...   the random part alone, clients on these ports in turn
 *
 * Rounds until the time is over, each with a number of keys and clients of its own. The seed decides what
 * clients ask; when they do is the machine's.
 */
#include "config.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/rand.h"
#include "base/slice.h"
#include "regress/serial/history.h"
#include "regress/serial/serial.h"

#define CLIENTS_MAX 16
#define KEYS_MAX 64
#define GROUPS 4 /* of keys, by an index */
#define TXNS_A_ROUND 60 /* of each client */
#define LIST_MAX 4096

struct round {
    int keys, clients;
    uint64_t seed;
    _Atomic int next_txn, next_number;
    _Atomic int failures; /* errors that no client should see */
    _Atomic int restarts;
};

/* What this transaction must see of a key: what others had written when it was first looked at, and what it
 * wrote itself. */
struct view {
    bool known;
    int n_theirs, n_mine;
    int32_t theirs[LIST_MAX], mine[32];
};

struct client {
    struct round *r;
    int id;
    PGconn *c;
    struct rand rand;
    struct history h;
    struct txn *t;
    struct view views[KEYS_MAX], saved[KEYS_MAX];
    pthread_t thread;
};

static void
fails(struct client *cl, const char *what, const char *detail)
{
    atomic_fetch_add(&cl->r->failures, 1);
    printf("# client %d, transaction %d: %s: %s\n", cl->id, cl->t != NULL ? cl->t->id : 0, what, detail);
}

/* ---- statements ---- */

enum outcome { FINE, RESTART, BROKEN };

/* An error must be 40001 with the words that clients look for. */
static enum outcome
judge(struct client *cl, const char *sql, const PGresult *r)
{
    if (PQresultStatus(r) == PGRES_TUPLES_OK || PQresultStatus(r) == PGRES_COMMAND_OK)
        return FINE;
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *prefix = "restart transaction: ";
    if (state != NULL && strcmp(state, "40001") == 0 && text != NULL &&
        strncmp(text, prefix, strlen(prefix)) == 0) {
        atomic_fetch_add(&cl->r->restarts, 1);
        return RESTART;
    }
    fails(cl, sql, PQresultErrorMessage(r));
    return BROKEN;
}

/* "1,2,3": the numbers, and how many. */
static int
parse_list(const char *text, int32_t *out)
{
    int n = 0;
    for (char *end; *text != '\0' && n < LIST_MAX; text = *end == ',' ? end + 1 : end) {
        out[n++] = (int32_t)strtoimax(text, &end, 10);
        if (end == text)
            break;
    }
    return n;
}

/* A list was shown: it must agree with what this transaction saw and did before. */
static void
saw(struct client *cl, int key, const char *text)
{
    static _Thread_local int32_t v[LIST_MAX];
    struct view *w = &cl->views[key];
    int n = parse_list(text, v);
    if (n < w->n_mine || (w->n_mine > 0 &&
        memcmp(v + n - w->n_mine, w->mine, (size_t)w->n_mine * sizeof(*v)) != 0)) {
        fails(cl, "its own writes are not seen", text);
        return;
    }
    n -= w->n_mine;
    if (w->known && (n != w->n_theirs || memcmp(v, w->theirs, (size_t)n * sizeof(*v)) != 0))
        fails(cl, "a key changed between two reads", text);
    if (!w->known)
        history_read(cl->t, key, v, n);
    w->known = true;
    w->n_theirs = n;
    memcpy(w->theirs, v, (size_t)n * sizeof(*v));
}

static enum outcome
exec(struct client *cl, const char *sql)
{
    PGresult *r = PQexec(cl->c, sql);
    enum outcome o = judge(cl, sql, r);
    PQclear(r);
    return o;
}

/* Rows of (k, v); those of [lo, hi] with k % GROUPS == group (-1: any) that are not shown are absent. */
static enum outcome
read_keys(struct client *cl, const char *sql, int lo, int hi, int group)
{
    bool shown[KEYS_MAX] = {false};
    PGresult *r = PQexec(cl->c, sql);
    enum outcome o = judge(cl, sql, r);
    for (int i = 0; o == FINE && i < PQntuples(r); i++) {
        int key = (int)strtoimax(PQgetvalue(r, i, 0), NULL, 10);
        if (key < lo || key > hi || shown[key] || (group >= 0 && key % GROUPS != group)) {
            fails(cl, "a row that was not asked for, or twice", sql);
            continue;
        }
        shown[key] = true;
        saw(cl, key, PQgetvalue(r, i, 1));
    }
    for (int key = lo; o == FINE && key <= hi; key++)
        if (!shown[key] && (group < 0 || key % GROUPS == group))
            saw(cl, key, "");
    PQclear(r);
    return o;
}

static enum outcome
random_read(struct client *cl, bool writes)
{
    char sql[200];
    int keys = cl->r->keys, lo = (int)rand_below(&cl->rand, (uint64_t)keys), hi = lo, group = -1;
    switch (rand_below(&cl->rand, writes ? 5 : 4)) {
    case 0:
    case 1:
        snprintf(sql, sizeof(sql), "SELECT k, v FROM t WHERE k = %d", lo);
        break;
    case 2:
        hi = (int)rand_range(&cl->rand, lo, keys - 1);
        snprintf(sql, sizeof(sql), "SELECT k, v FROM t WHERE k BETWEEN %d AND %d ORDER BY k %s", lo, hi,
                 rand_chance(&cl->rand, 2) ? "DESC" : "ASC");
        break;
    case 3:
        group = (int)rand_below(&cl->rand, GROUPS);
        lo = 0;
        hi = keys - 1;
        snprintf(sql, sizeof(sql), "SELECT k, v FROM t@t_g_idx WHERE g = %d", group);
        break;
    default:
        snprintf(sql, sizeof(sql), "SELECT k, v FROM t WHERE k = %d FOR UPDATE", lo);
        break;
    }
    return read_keys(cl, sql, lo, hi, group);
}

/* One number more at the end of a list, in one of several ways. */
static enum outcome
random_append(struct client *cl)
{
    char sql[400];
    int key = (int)rand_below(&cl->rand, (uint64_t)cl->r->keys);
    struct view *w = &cl->views[key];
    int number = atomic_fetch_add(&cl->r->next_number, 1);
    if (w->n_mine == 32)
        return FINE;
    int way = (int)rand_below(&cl->rand, 3);
    if (way == 0) { /* by what was read: the whole list is written anew */
        snprintf(sql, sizeof(sql), "SELECT k, v FROM t WHERE k = %d", key);
        enum outcome o = read_keys(cl, sql, key, key, -1);
        if (o != FINE)
            return o;
        struct str s;
        str_init(&s, STR_MAX_DEFAULT);
        str_printf(&s, "UPSERT INTO t VALUES (%d, %d, '", key, key % GROUPS);
        for (int i = 0; i < w->n_theirs; i++)
            str_printf(&s, "%d,", w->theirs[i]);
        for (int i = 0; i < w->n_mine; i++)
            str_printf(&s, "%d,", w->mine[i]);
        str_printf(&s, "%d')", number);
        o = exec(cl, str_cstr(&s));
        str_release(&s);
        if (o != FINE)
            return o;
    } else {
        if (way == 1)
            snprintf(sql, sizeof(sql),
                     "INSERT INTO t VALUES (%d, %d, '%d') ON CONFLICT (k) "
                     "DO UPDATE SET v = t.v || ',' || excluded.v", key, key % GROUPS, number);
        else
            snprintf(sql, sizeof(sql), "UPDATE t SET v = v || ',%d' WHERE k = %d", number, key);
        PGresult *r = PQexec(cl->c, sql);
        enum outcome o = judge(cl, sql, r);
        bool none = o == FINE && strcmp(PQcmdTuples(r), "0") == 0;
        PQclear(r);
        if (o != FINE)
            return o;
        if (none) { /* an UPDATE that found no row has read that there is none */
            saw(cl, key, "");
            return FINE;
        }
    }
    w->mine[w->n_mine++] = number;
    history_append(cl->t, key, number);
    return FINE;
}

/* ---- transactions ---- */

static void
start(struct client *cl, bool past)
{
    int id = atomic_fetch_add(&cl->r->next_txn, 1);
    memset(cl->views, 0, sizeof(cl->views));
    cl->t = history_begin(&cl->h, id, cl->id, monotonic_now_ns());
    cl->t->past = past;
}

static void
finish(struct client *cl, enum outcome o)
{
    cl->t->committed = o == FINE;
    cl->t->ended_ns = monotonic_now_ns();
    if (PQtransactionStatus(cl->c) != PQTRANS_IDLE) /* a COMMIT that fails ends it as well */
        exec(cl, "ROLLBACK");
}

/* Some steps under a savepoint, which is kept or rolled back. */
static enum outcome
under_savepoint(struct client *cl)
{
    int ops = cl->t->n;
    memcpy(cl->saved, cl->views, sizeof(cl->views));
    enum outcome o = exec(cl, "SAVEPOINT inner_one");
    for (int i = (int)rand_below(&cl->rand, 3); o == FINE && i >= 0; i--)
        o = random_append(cl);
    if (o != FINE)
        return o;
    if (rand_chance(&cl->rand, 2))
        return exec(cl, "RELEASE SAVEPOINT inner_one");
    o = exec(cl, "ROLLBACK TO SAVEPOINT inner_one");
    if (o != FINE)
        return o;
    /* What was read stays read; what was written is as if it had not been. */
    for (int key = 0; key < cl->r->keys; key++)
        cl->views[key].n_mine = cl->saved[key].n_mine;
    for (int i = ops; i < cl->t->n; i++)
        if (cl->t->ops[i].appended != 0) {
            cl->t->ops[i] = cl->t->ops[--cl->t->n];
            i--;
        }
    return FINE;
}

static enum outcome
steps(struct client *cl, bool writes)
{
    enum outcome o = FINE;
    for (int i = (int)rand_below(&cl->rand, 5); o == FINE && i >= 0; i--) {
        if (!writes || rand_chance(&cl->rand, 2))
            o = random_read(cl, writes);
        else
            o = rand_chance(&cl->rand, 5) ? under_savepoint(cl) : random_append(cl);
    }
    return o;
}

static void
one_transaction(struct client *cl)
{
    static const char *const begins[] = {
        "BEGIN", "BEGIN", "BEGIN PRIORITY HIGH", "BEGIN PRIORITY LOW", "BEGIN READ ONLY",
        "BEGIN AS OF SYSTEM TIME '-5ms'"};
    int kind = (int)rand_below(&cl->rand, 8);
    if (kind >= 6) { /* a statement by itself: the server retries it */
        start(cl, false);
        enum outcome o = rand_chance(&cl->rand, 2) ? random_read(cl, true) : FINE;
        if (cl->t->n == 0) {
            char sql[200];
            int key = (int)rand_below(&cl->rand, (uint64_t)cl->r->keys);
            int number = atomic_fetch_add(&cl->r->next_number, 1);
            snprintf(sql, sizeof(sql), "INSERT INTO t VALUES (%d, %d, '%d') ON CONFLICT (k) "
                     "DO UPDATE SET v = t.v || ',' || excluded.v", key, key % GROUPS, number);
            o = exec(cl, sql);
            history_append(cl->t, key, number);
        }
        if (o == RESTART)
            fails(cl, "a single statement was told to restart", PQerrorMessage(cl->c));
        cl->t->committed = o == FINE;
        cl->t->ended_ns = monotonic_now_ns();
        return;
    }
    start(cl, kind == 5);
    enum outcome o = exec(cl, begins[kind]);
    if (o == FINE)
        o = steps(cl, kind < 4);
    if (o == FINE)
        o = exec(cl, "COMMIT");
    finish(cl, o);
}

/* By CockroachDB's protocol for retries, on one connection until it is through. */
static void
retried_transaction(struct client *cl)
{
    start(cl, false);
    enum outcome o = exec(cl, "BEGIN; SAVEPOINT cockroach_restart");
    for (int tries = 0; o == FINE; tries++) {
        o = steps(cl, true);
        if (o == FINE)
            o = exec(cl, "RELEASE SAVEPOINT cockroach_restart");
        if (o == FINE)
            o = exec(cl, "COMMIT");
        if (o != RESTART || tries == 20)
            break;
        cl->t->ended_ns = monotonic_now_ns(); /* this try was for nothing */
        start(cl, false); /* the next begins with the rollback */
        o = exec(cl, "ROLLBACK TO SAVEPOINT cockroach_restart");
    }
    finish(cl, o);
}

static void *
client_main(void *arg)
{
    struct client *cl = arg;
    for (int i = 0; i < TXNS_A_ROUND && PQstatus(cl->c) == CONNECTION_OK; i++) {
        if (rand_chance(&cl->rand, 5))
            retried_transaction(cl);
        else
            one_transaction(cl);
    }
    return NULL;
}

/* ---- rounds ---- */

static void
must(PGconn *c, const char *sql)
{
    PGresult *r = PQexec(c, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK) {
        printf("Bail out! %s: %s\n", sql, PQerrorMessage(c));
        exit(1);
    }
    PQclear(r);
}

static int
check_round(PGconn *c, struct history *h, int keys)
{
    struct list final[KEYS_MAX] = {{0}};
    PGresult *r = PQexec(c, "SELECT k, v FROM t ORDER BY k");
    PGresult *by_index = PQexec(c, "SELECT k, v FROM t@t_g_idx ORDER BY k");
    int bad = PQntuples(r) != PQntuples(by_index);
    for (int i = 0; i < PQntuples(r); i++) {
        int key = (int)strtoimax(PQgetvalue(r, i, 0), NULL, 10);
        final[key].v = xmalloc(LIST_MAX * sizeof(int32_t));
        final[key].n = parse_list(PQgetvalue(r, i, 1), final[key].v);
        bad += bad == 0 && strcmp(PQgetvalue(r, i, 1), PQgetvalue(by_index, i, 1)) != 0;
    }
    if (bad > 0)
        printf("# the index does not agree with its table\n");
    PQclear(r);
    PQclear(by_index);
    bad += history_check(h, final, keys);
    for (int i = 0; i < KEYS_MAX; i++)
        xfree(final[i].v);
    return bad;
}

struct totals {
    int rounds, committed, restarts, violations;
};

static void
one_round(PGconn *c, struct client *clients, struct round *r, struct totals *sum)
{
    struct history all = {0};
    must(c, "DROP TABLE IF EXISTS t");
    must(c, "CREATE TABLE t (k INT PRIMARY KEY, g INT, v STRING, INDEX t_g_idx (g) STORING (v))");
    usleep(20000); /* AS OF SYSTEM TIME finds the table there */
    for (int i = 0; i < r->clients; i++) {
        struct client *cl = &clients[i];
        cl->r = r;
        cl->id = i + 1;
        rand_init(&cl->rand, r->seed * CLIENTS_MAX + (uint64_t)i);
        if (pthread_create(&cl->thread, NULL, client_main, cl) != 0)
            exit(1);
    }
    for (int i = 0; i < r->clients; i++) {
        pthread_join(clients[i].thread, NULL);
        if (PQstatus(clients[i].c) != CONNECTION_OK)
            fails(&clients[i], "the connection broke", PQerrorMessage(clients[i].c));
        history_join(&all, &clients[i].h);
        clients[i].t = NULL;
    }
    sum->rounds++;
    sum->restarts += r->restarts;
    for (int i = 0; i < all.n; i++)
        sum->committed += all.txns[i]->committed;
    int bad = check_round(c, &all, r->keys) + r->failures;
    if (bad > 0)
        printf("# round %d: seed %" PRIu64 ", %d keys, %d clients: %d violations\n", sum->rounds, r->seed,
               r->keys, r->clients, bad);
    sum->violations += bad;
    history_free(&all);
}

/* SERIAL_PORTS: of the nodes of a cluster, which the clients use in turn. */
static PGconn *
connect_client(int i)
{
    const char *ports = getenv("SERIAL_PORTS");
    char conninfo[64] = "dbname=serial", *copy, *save = NULL;
    int n = 0, k = 0;
    if (ports == NULL)
        return PQconnectdb(conninfo);
    for (const char *p = ports; *p != '\0'; p++)
        n += *p == ' ';
    copy = xstrdup(ports);
    for (char *port = strtok_r(copy, " ", &save); port != NULL; port = strtok_r(NULL, " ", &save))
        if (k++ == i % (n + 1))
            snprintf(conninfo, sizeof(conninfo), "dbname=serial port=%s", port);
    xfree(copy);
    return PQconnectdb(conninfo);
}

int
main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: serial SEED SECONDS [CLIENTS]\n");
        return 2;
    }
    uint64_t seed = strtoumax(argv[1], NULL, 10);
    int64_t end = monotonic_now_ns() + (int64_t)strtoimax(argv[2], NULL, 10) * 1000000000;
    int most = argc > 3 ? (int)strtoimax(argv[3], NULL, 10) : 8;
    if (most < 2 || most > CLIENTS_MAX)
        most = CLIENTS_MAX;
    PGconn *c = PQconnectdb("dbname=defaultdb");
    must(c, "CREATE DATABASE IF NOT EXISTS serial");
    PQfinish(c);
    c = PQconnectdb("dbname=serial");
    bool one_node = getenv("SERIAL_PORTS") == NULL; /* else waits are not seen from node to node */
    int n = one_node ? scenarios_run(1) : 1, failed = one_node ? scenarios_failed() : 0;
    struct client *clients = xcalloc(CLIENTS_MAX, sizeof(*clients));
    for (int i = 0; i < most; i++)
        clients[i].c = connect_client(i);
    struct rand rand;
    struct totals sum = {0};
    rand_init(&rand, seed);
    do {
        struct round r = {.keys = (int)rand_range(&rand, 2, rand_chance(&rand, 2) ? 6 : KEYS_MAX),
                          .clients = (int)rand_range(&rand, 2, most),
                          .seed = rand_u64(&rand), .next_txn = 1, .next_number = 1};
        one_round(c, clients, &r, &sum);
    } while (monotonic_now_ns() < end && sum.violations == 0);
    printf("%s %d - seed %" PRIu64 ": %d rounds, %d transactions committed, %d told to restart, "
           "%d violations\n", sum.violations == 0 ? "ok" : "not ok", n, seed, sum.rounds, sum.committed,
           sum.restarts, sum.violations);
    printf("1..%d\n", n);
    for (int i = 0; i < most; i++)
        PQfinish(clients[i].c);
    PQfinish(c);
    xfree(clients);
    return failed > 0 || sum.violations > 0;
}
