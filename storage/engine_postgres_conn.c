/* storage/engine_postgres_conn.c - connections of the PostgreSQL engine: a pool, errors, retries.
 *
 * A process may be cut off without a word (packets get lost), or frozen, while the server holds locks
 * for it. Then both sides find out within seconds: TCP looks after a connection that is silent, here and
 * at the server; the server ends a transaction that holds the clock and gets no statement
 * (engine_postgres_order.c); who has waited for a lock for LOCK_TIMEOUT ends those that hold one and
 * have kept the server waiting for so long.
 */
#include "config.h"

#include "storage/engine_postgres_int.h"

#include <stdio.h>
#include <time.h>

#include "base/hash.h"
#include "base/log.h"

#define IDLE_MAX 16
/* How long work is tried again after a lost connection, and the pauses between. */
#define RETRY_NS       INT64_C(30000000000)
#define PAUSE_FIRST_NS INT64_C(20000000)
#define PAUSE_MAX_NS   INT64_C(1000000000)
/* How long a lock is waited for before a look at who has it. */
#define LOCK_TIMEOUT "5s"

/* Keys are found by the one index: no other plan is any good. A server that does not know a setting
 * goes without. */
static const char *const settings[] = {
    "SET enable_seqscan = off",
    "SET enable_bitmapscan = off",
    "SET enable_hashagg = off",
    "SET max_parallel_workers_per_gather = 0",
    "SET jit = off",
    "SET cursor_tuple_fraction = 0.01",
    "SET lock_timeout = '" LOCK_TIMEOUT "'",
    "SET tcp_keepalives_idle = 3",
    "SET tcp_keepalives_interval = 1",
    "SET tcp_keepalives_count = 3",
    "SET tcp_user_timeout = '6s'",
};

/* The same on our side, unless the URL says otherwise: it comes last. */
static const char *const conn_names[] = {"keepalives_idle", "keepalives_interval", "keepalives_count",
                                         "tcp_user_timeout", "connect_timeout", "dbname", "application_name",
                                         NULL};

void
pg_pool_init(struct pg_engine *e)
{
    mutex_init(&e->lock, RANK_ENGINE);
}

void
pg_conn_close(struct pg_conn *c)
{
    PQfinish(c->c);
    xfree(c);
}

static void
pool_drop(struct pg_engine *e)
{
    mutex_lock(&e->lock);
    struct pg_conn *c = e->idle;
    e->idle = NULL;
    e->n_idle = 0;
    mutex_unlock(&e->lock);
    for (struct pg_conn *next; c != NULL; c = next) {
        next = c->next;
        pg_conn_close(c);
    }
}

void
pg_pool_destroy(struct pg_engine *e)
{
    pool_drop(e);
    mutex_destroy(&e->lock);
}

/* libpq's texts are lines; the first says it. */
static int
first_line(const char *text)
{
    return (int)strcspn(text, "\n");
}

static void
quiet(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

struct error *
pg_conn_open(struct pg_engine *e, struct pg_conn **out)
{
    struct pg_conn *c = xcalloc(1, sizeof(*c));
    const char *values[] = {"3", "1", "3", "6000", "10", e->url, c->name, NULL};
    snprintf(c->name, sizeof(c->name), "amberdb %016llx", (unsigned long long)random_u64());
    _Static_assert(sizeof(values) == sizeof(conn_names), "a value for each");
    c->c = PQconnectdbParams(conn_names, values, 1);
    if (PQstatus(c->c) != CONNECTION_OK) {
        const char *text = PQerrorMessage(c->c);
        struct error *err =
            err_new(ERR_CONNECTION_FAILURE, "could not connect to the store %s: %.*s", e->shown,
                    first_line(text), text);
        pg_conn_close(c);
        return err;
    }
    PQsetNoticeReceiver(c->c, quiet, NULL);
    PQsetnonblocking(c->c, 1);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        pg_command(e, c, settings[i]);
    *out = c;
    return NULL;
}

struct error *
pg_take(struct pg_engine *e, struct pg_conn **out)
{
    mutex_lock(&e->lock);
    struct pg_conn *c = e->idle;
    if (c != NULL) {
        e->idle = c->next;
        e->n_idle--;
    }
    mutex_unlock(&e->lock);
    if (c == NULL)
        return pg_conn_open(e, out);
    *out = c;
    return NULL;
}

bool
pg_is_broken(const struct pg_conn *c)
{
    return c->failed || PQstatus(c->c) != CONNECTION_OK;
}

void
pg_give(struct pg_engine *e, struct pg_conn *c)
{
    if (c == NULL || c->kept)
        return;
    if (pg_is_broken(c)) /* the others were cut off with it, most likely */
        pool_drop(e);
    if (!pg_is_broken(c) && PQtransactionStatus(c->c) == PQTRANS_IDLE &&
        PQpipelineStatus(c->c) == PQ_PIPELINE_OFF) {
        mutex_lock(&e->lock);
        if (e->n_idle < IDLE_MAX) {
            c->next = e->idle;
            e->idle = c;
            e->n_idle++;
            c = NULL;
        }
        mutex_unlock(&e->lock);
    }
    if (c != NULL)
        pg_conn_close(c);
}

struct error *
pg_error(struct pg_engine *e, struct pg_conn *c, PGresult *res, const char *what)
{
    const char *state = res != NULL ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    const char *text = res != NULL ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (text == NULL)
        text = c->silent ? "nothing is heard of the server" : PQerrorMessage(c->c);
    /* 57P0x, 25P03: the server goes down, or has ended our transaction and us; the connection may not have
     * noticed. Nothing from the server: libpq could not send or receive. */
    bool lost = pg_is_broken(c) || state == NULL || strncmp(state, "57P0", 4) == 0 ||
                strcmp(state, "25P03") == 0;
    /* Somebody hands each of our transactions to another session of the server: no statement is prepared any
     * more, and this one tried again. */
    if (state != NULL && (strcmp(state, "26000") == 0 || strcmp(state, "42P05") == 0)) {
        atomic_store(&e->no_plans, true);
        lost = true;
    }
    c->failed = lost;
    enum errcode code = lost                                           ? ERR_CONNECTION_FAILURE
                        : state != NULL && strcmp(state, "53100") == 0 ? ERR_DISK_FULL
                        : state != NULL && strcmp(state, "55P03") == 0 ? ERR_LOCK_NOT_AVAILABLE
                        : state != NULL && strncmp(state, "40", 2) == 0 ? ERR_SERIALIZATION_FAILURE
                                                                       : ERR_IO;
    struct error *err = err_new(code, "%s: store %s: %.*s", what, e->shown, first_line(text), text);
    PQclear(res);
    return err;
}

enum { ARGS_MAX = 8, STEPS_MAX = 8 };

/* Arguments as libpq takes them. */
struct params {
    const char *values[ARGS_MAX];
    int lengths[ARGS_MAX], formats[ARGS_MAX];
};

static void
params_set(struct params *p, int n, const struct pg_arg *args)
{
    VERIFY(n <= ARGS_MAX);
    for (int i = 0; i < n; i++) {
        p->values[i] = args[i].ptr;
        p->lengths[i] = args[i].len;
        p->formats[i] = 1;
    }
}

/* The name under which the server has the statement, or NULL. Not in a pipeline. */
static const char *
plan_name(struct pg_engine *e, struct pg_conn *c, const char *sql, int n)
{
    static const struct {
        const char *sql, *name;
    } plans[PG_PLANS] = {{PG_GET, "amberdb_get"},
                         {PG_GET_MANY, "amberdb_get_many"},
                         {PG_INSERT_VERSIONS, "amberdb_versions"},
                         {PG_INSERT_NOTES, "amberdb_notes"},
                         {PG_MOVE_CLOCK, "amberdb_clock"},
                         {PG_VIEW, "amberdb_view"},
                         {PG_TRY_LOCKS, "amberdb_try"},
                         {PG_UNLOCK, "amberdb_unlock"}};
    int i = 0;
    if (n == 0 || atomic_load_explicit(&e->no_plans, memory_order_relaxed))
        return NULL;
    while (i < PG_PLANS && strcmp(plans[i].sql, sql) != 0)
        i++;
    if (i == PG_PLANS)
        return NULL;
    if (c->seen[i] && !c->planned[i] && !pg_is_broken(c)) {
        PGresult *res = PQsendPrepare(c->c, plans[i].name, sql, n, NULL) == 1 ? pg_last_result(e, c) : NULL;
        c->planned[i] = PQresultStatus(res) == PGRES_COMMAND_OK;
        PQclear(res);
    }
    c->seen[i] = true;
    return c->planned[i] ? plans[i].name : NULL;
}

static bool
step_send(struct pg_conn *c, const struct pg_step *s, const char *name)
{
    struct params p;
    params_set(&p, s->n, s->args);
    if (name != NULL)
        return PQsendQueryPrepared(c->c, name, s->n, p.values, p.lengths, p.formats, 1) == 1;
    return PQsendQueryParams(c->c, s->sql, s->n, NULL, p.values, p.lengths, p.formats, 1) == 1;
}

bool
pg_send(struct pg_engine *e, struct pg_conn *c, const char *sql, int n, const struct pg_arg *args)
{
    struct pg_step s = {sql, n, args, NULL};
    return step_send(c, &s, plan_name(e, c, sql, n));
}

struct error *
pg_exec(struct pg_engine *e, struct pg_conn *c, const char *what, const char *sql, int n,
        const struct pg_arg *args, PGresult **out)
{
    PGresult *res = pg_send(e, c, sql, n, args) ? pg_last_result(e, c) : NULL;
    ExecStatusType status = PQresultStatus(res);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        return pg_error(e, c, res, what);
    *out = res;
    return NULL;
}

struct error *
pg_run(struct pg_engine *e, struct pg_conn *c, const char *what, const char *sql, int n,
       const struct pg_arg *args)
{
    PGresult *res;
    ERR_TRY(pg_exec(e, c, what, sql, n, args, &res));
    PQclear(res);
    return NULL;
}

/* The result of one step, then the NULL behind it. */
static struct error *
step_result(struct pg_engine *e, struct pg_conn *c, const char *what, struct pg_step *s)
{
    struct error *err = NULL;
    PGresult *res = pg_result(e, c);
    ExecStatusType status = PQresultStatus(res);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        s->res = res;
    } else if (status == PGRES_PIPELINE_ABORTED) { /* one before failed; the connection is well */
        err = err_new(ERR_IO, "%s", what);
        PQclear(res);
    } else {
        err = pg_error(e, c, res, what);
    }
    while (res != NULL && !pg_is_broken(c)) {
        PGresult *end = pg_result(e, c);
        if (end == NULL)
            break;
        PQclear(end);
    }
    return err;
}

struct error *
pg_pipeline(struct pg_engine *e, struct pg_conn *c, const char *what, struct pg_step *steps, int n)
{
    struct error *err = NULL;
    const char *names[STEPS_MAX];
    VERIFY(n <= STEPS_MAX);
    for (int i = 0; i < n; i++)
        names[i] = plan_name(e, c, steps[i].sql, steps[i].n);
    bool sent = PQenterPipelineMode(c->c) == 1;
    for (int i = 0; i < n; i++) {
        steps[i].res = NULL;
        sent = sent && step_send(c, &steps[i], names[i]);
    }
    sent = sent && PQpipelineSync(c->c) == 1;
    if (!sent)
        err = pg_error(e, c, NULL, what);
    for (int i = 0; sent && i < n && !pg_is_broken(c); i++) {
        struct error *one = step_result(e, c, what, &steps[i]);
        if (err == NULL)
            err = one; /* those behind the first only say that they were not done */
        else
            err_free(one);
    }
    if (sent && !pg_is_broken(c))
        PQclear(pg_result(e, c)); /* of the sync */
    if (!pg_is_broken(c) && PQexitPipelineMode(c->c) != 1 && err == NULL)
        err = pg_error(e, c, NULL, what);
    if (err == NULL && pg_is_broken(c))
        err = pg_error(e, c, NULL, what);
    for (int i = 0; err != NULL && i < n; i++) {
        PQclear(steps[i].res);
        steps[i].res = NULL;
    }
    return err;
}

static void
pause_ns(int64_t ns)
{
    struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    nanosleep(&t, NULL);
}

/* Somebody has held a lock for LOCK_TIMEOUT. If he is at work, let him; if the server has been waiting for
 * the rest of what he has to say, he is gone, or so late that he may as well begin again. A database that
 * has no such function, or does not let us, does without. */
static void
end_silent(struct pg_engine *e, struct pg_conn *c)
{
    PGresult *res = NULL;
    struct error *err = pg_exec(e, c, "could not look for locks",
                                "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a "
                                "WHERE a.datname = current_database() AND a.wait_event = 'ClientRead' "
                                "AND a.state <> 'idle' AND a.state_change < now() - interval '" LOCK_TIMEOUT
                                "' AND EXISTS (SELECT 1 FROM pg_locks AS l WHERE l.pid = a.pid AND l.granted "
                                "AND l.relation IN ('amberdb_clock'::regclass, 'amberdb_fences'::regclass) "
                                "AND l.mode IN ('RowShareLock', 'RowExclusiveLock'))",
                                0, NULL, &res);
    if (err == NULL && PQntuples(res) > 0)
        log_warning("store %s: ended %d connections that held a lock and were silent", e->shown,
                    PQntuples(res));
    PQclear(res);
    err_free(err);
}

struct error *
pg_retry(struct pg_engine *e,
         struct error *(*fn)(struct pg_engine *e, struct pg_conn *c, void *arg), void *arg)
{
    int64_t end = monotonic_now_ns() + RETRY_NS, pause = PAUSE_FIRST_NS;
    for (;;) {
        struct pg_conn *c = NULL;
        struct error *err = pg_take(e, &c);
        if (err == NULL)
            err = fn(e, c, arg);
        if (err != NULL && err_is(err, ERR_LOCK_NOT_AVAILABLE) && !pg_is_broken(c)) {
            err_free(err);
            end_silent(e, c);
            pg_give(e, c);
            continue; /* the server answers: as long as that, locks are waited for */
        }
        pg_give(e, c);
        if (err == NULL || !err_is(err, ERR_CONNECTION_FAILURE) || monotonic_now_ns() + pause > end)
            return err;
        log_warning("%s; trying again", err->message);
        err_free(err);
        pause_ns(pause);
        pause = pause * 2 < PAUSE_MAX_NS ? pause * 2 : PAUSE_MAX_NS;
    }
}
