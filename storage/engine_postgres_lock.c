/* storage/engine_postgres_lock.c - locks that the processes of a store see of each other: advisory ones.
 *
 *   amberdb_waits  writer, txn, ..: a transaction that has waited for a while, for whoever looks for cycles
 *
 * A lock belongs to a session of the server and goes with it, so a few connections are kept for nothing else.
 * What is asked of one of them comes in order: who lets a lock go and who wants it next, in one process,
 * are not in each other's way. Letting go is sent, and nobody waits for the answer.
 *
 * A lock that is busy is waited for by a connection of its own, in the server's queue, and stays there
 * until it is let go. When a wait is given up the connection is closed; the server finds that out when its
 * own wait ends, with the lock or after LOCK_TIMEOUT, and lets go at once.
 *
 * The server ends a session that is silent for KEEP_TIMEOUT (PostgreSQL 14 and later), so that a process
 * that stands still keeps nobody waiting for longer. A session that is lost has lost its locks: they are
 * hints, and transactions that had them go on without. So it is where advisory locks do not exist, or the
 * server has room for no more.
 *
 * Each process has one lock more, shared with the others: their number says whether there are any.
 */
#include "config.h"

#include "storage/engine_postgres_int.h"

#include <poll.h>

#include "base/arena.h"
#include "base/enc.h"
#include "base/slice.h"

#define KEEP_TIMEOUT "SET idle_session_timeout = '5s'"
#define KEEP_NO_MORE "SET idle_session_timeout = 0"
#define POLL_MS      50

/* The lock that all share; not among those with one number. */
#define PRESENT_LOCK "SELECT pg_advisory_lock_shared(1634558050, 1)"
#define PRESENT_COUNT                                                                              \
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1634558050 "          \
    "AND objid = 1 AND objsubid = 2 AND granted "                                                  \
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"

struct pg_lock {
    struct engine_lock base;
    struct pg_engine *e;
    struct pg_conn *c;
    uint64_t key;
    struct pg_lock *next; /* in pg_engine.waited */
};

void
pg_locks_init(struct pg_engine *e)
{
    for (int i = 0; i < PG_LOCK_SESSIONS; i++)
        mutex_init(&e->sessions[i].lock, RANK_ENGINE);
    mutex_init(&e->waited_lock, RANK_ENGINE);
}

void
pg_locks_destroy(struct pg_engine *e)
{
    VERIFY(e->waited == NULL);
    for (int i = 0; i < PG_LOCK_SESSIONS; i++) {
        if (e->sessions[i].c != NULL)
            pg_conn_close(e->sessions[i].c);
        mutex_destroy(&e->sessions[i].lock);
    }
    mutex_destroy(&e->waited_lock);
}

bool
pg_locks_wanted(struct engine *base)
{
    return atomic_load_explicit(&((struct pg_engine *)base)->sharers, memory_order_relaxed) > 1;
}

/* ---- sessions; all with the session's lock held ---- */

static void
session_lost(struct pg_lock_session *s)
{
    if (s->c != NULL)
        pg_conn_close(s->c);
    s->c = NULL;
    s->pending = false;
}

static void
session_drain(struct pg_engine *e, struct pg_lock_session *s)
{
    if (!s->pending)
        return;
    PQclear(pg_last_result(e, s->c));
    s->pending = false;
}

/* Make it ready for the next question. */
static struct error *
session_ready(struct pg_engine *e, struct pg_lock_session *s)
{
    if (s->c != NULL)
        session_drain(e, s);
    if (s->c != NULL && pg_is_broken(s->c))
        session_lost(s);
    if (s->c != NULL)
        return NULL;
    ERR_TRY(pg_conn_open(e, &s->c));
    pg_command(e, s->c, KEEP_TIMEOUT);
    struct error *err = NULL;
    if (s == &e->sessions[0])
        err = pg_run(e, s->c, "could not lock", PRESENT_LOCK, 0, NULL);
    if (err != NULL) {
        if (!err_is(err, ERR_CONNECTION_FAILURE))
            atomic_store(&e->no_locks, true);
        session_lost(s);
    }
    return err;
}

static struct pg_lock_session *
session_of(struct pg_engine *e, uint64_t key)
{
    return &e->sessions[key % PG_LOCK_SESSIONS];
}

/* Those of the locks that are this session's, as an array for the server. */
static size_t
keys_fill(struct pg_engine *e, const struct pg_lock_session *s, const uint64_t *keys, size_t n,
          struct str *out)
{
    size_t mine = 0;
    for (size_t i = 0; i < n; i++)
        mine += session_of(e, keys[i]) == s;
    if (mine == 0)
        return 0;
    pg_array_begin(out, PG_OID_INT8, mine);
    for (size_t i = 0; i < n; i++) {
        uint8_t bytes[8];
        if (session_of(e, keys[i]) != s)
            continue;
        enc_put_be64(bytes, keys[i]);
        pg_array_add(out, bytes, sizeof(bytes));
    }
    return mine;
}

/* ---- taking and letting go ---- */

struct try {
    const uint64_t *want;
    size_t n;
    struct hlc since;
    struct arena *arena;
    struct engine_order_view *view;
    bool viewed;
    enum engine_lock_answer *answers;
};

/* The session's part. With `last` a view of the order is asked for, too. */
static struct error *
session_try(struct pg_engine *e, struct pg_lock_session *s, struct try *t, struct str *keys, bool last)
{
    struct pg_time_args since;
    pg_time_args_set(&since, t->since);
    struct pg_arg arg = {keys->ptr, (int)keys->len};
    struct pg_step steps[] = {
        {PG_TRY_LOCKS, 1, &arg, NULL},
        {PG_VIEW, 2, since.args, NULL}};
    int n = last ? 2 : 1, row = 0;
    ERR_TRY(str_error(keys));
    ERR_TRY(session_ready(e, s));
    struct error *err = pg_pipeline(e, s->c, "could not lock", steps, n);
    if (err != NULL) { /* some may have been taken: nobody knows which */
        session_lost(s);
        return err;
    }
    for (size_t i = 0; i < t->n && row < PQntuples(steps[0].res); i++)
        if (session_of(e, t->want[i]) == s)
            t->answers[i] = pg_bytes(steps[0].res, row++, 0).ptr[0] != 0 ? ENGINE_LOCK_TAKEN
                                                                         : ENGINE_LOCK_BUSY;
    if (last) {
        err = pg_view_read(e, steps[1].res, t->arena, t->view);
        t->viewed = err == NULL;
    }
    for (int i = 0; i < n; i++)
        PQclear(steps[i].res);
    return err;
}

struct error *
pg_locks_try(struct engine *base, const uint64_t *want, size_t n, struct hlc since, struct arena *a,
             struct engine_order_view *v, enum engine_lock_answer *answers)
{
    struct pg_engine *e = (struct pg_engine *)base;
    struct try t = {want, n, since, a, v, false, answers};
    size_t left = n;
    for (size_t i = 0; i < n; i++)
        answers[i] = ENGINE_LOCK_NONE;
    for (int i = 0; i < PG_LOCK_SESSIONS && left > 0; i++) {
        struct pg_lock_session *s = &e->sessions[i];
        struct str keys;
        str_init(&keys, STR_MAX_DEFAULT);
        size_t mine = keys_fill(e, s, want, n, &keys);
        left -= mine;
        if (mine > 0) {
            mutex_lock(&s->lock);
            err_free(session_try(e, s, &t, &keys, left == 0)); /* then there are none */
            mutex_unlock(&s->lock);
        }
        str_release(&keys);
    }
    return t.viewed ? NULL : pg_order_view(base, since, a, v);
}

static void
session_drop(struct pg_engine *e, struct pg_lock_session *s, struct str *keys)
{
    struct pg_arg arg = {keys->ptr, (int)keys->len};
    if (s->c == NULL) /* lost, and the locks with it */
        return;
    struct error *err = str_error(keys);
    if (err == NULL)
        err = session_ready(e, s);
    if (err == NULL && pg_send(e, s->c, PG_UNLOCK, 1, &arg))
        s->pending = true;
    else
        session_lost(s);
    err_free(err);
}

void
pg_locks_drop(struct engine *base, const uint64_t *locks, size_t n)
{
    struct pg_engine *e = (struct pg_engine *)base;
    for (int i = 0; i < PG_LOCK_SESSIONS; i++) {
        struct pg_lock_session *s = &e->sessions[i];
        struct str keys;
        str_init(&keys, STR_MAX_DEFAULT);
        if (keys_fill(e, s, locks, n, &keys) > 0) {
            mutex_lock(&s->lock);
            session_drop(e, s, &keys);
            mutex_unlock(&s->lock);
        }
        str_release(&keys);
    }
}

/* ---- being there ---- */

static struct error *
count_sharers(struct pg_engine *e, struct pg_conn *c)
{
    PGresult *res;
    ERR_TRY(pg_exec(e, c, "could not look for locks", PRESENT_COUNT, 0, NULL, &res));
    atomic_store_explicit(&e->sharers, (int)enc_get_be64(pg_bytes(res, 0, 0).ptr),
                          memory_order_relaxed);
    PQclear(res);
    return NULL;
}

void
pg_locks_keep(struct engine *base)
{
    struct pg_engine *e = (struct pg_engine *)base;
    for (int i = 0; i < PG_LOCK_SESSIONS && !atomic_load(&e->no_locks); i++) {
        struct pg_lock_session *s = &e->sessions[i];
        mutex_lock(&s->lock);
        struct error *err = i == 0 || s->c != NULL ? session_ready(e, s) : NULL;
        if (err == NULL && i == 0)
            err = count_sharers(e, s->c);
        else if (err == NULL && s->c != NULL)
            err = pg_run(e, s->c, "could not lock", "SELECT 1", 0, NULL);
        if (err != NULL)
            session_lost(s);
        err_free(err);
        mutex_unlock(&s->lock);
    }
    mutex_lock(&e->waited_lock);
    for (struct pg_lock *l = e->waited; l != NULL; l = l->next)
        if (!pg_is_broken(l->c))
            err_free(pg_run(e, l->c, "could not lock", "SELECT 1", 0, NULL));
    mutex_unlock(&e->waited_lock);
}

/* ---- waiting ---- */

static bool
lock_send(struct pg_engine *e, struct pg_conn *c, uint64_t key)
{
    uint8_t bytes[8];
    struct pg_arg arg = {bytes, 8};
    enc_put_be64(bytes, key);
    return pg_send(e, c, "SELECT pg_advisory_lock($1::int8)", 1, &arg);
}

/* The server's answer is here. *again: it has not been able to give the lock yet. */
static bool
lock_answer(struct pg_engine *e, struct pg_conn *c, bool *again)
{
    PGresult *res = pg_result(e, c);
    const char *state = res == NULL ? NULL : PQresultErrorField(res, PG_DIAG_SQLSTATE);
    bool taken = PQresultStatus(res) == PGRES_TUPLES_OK;
    *again = state != NULL && strcmp(state, "55P03") == 0;
    do {
        PQclear(res);
        res = pg_result(e, c);
    } while (res != NULL);
    return taken;
}

static struct error *
wait_on(struct pg_engine *e, struct pg_conn *c, uint64_t key,
        struct error *(*go_on)(void *arg, bool *stop), void *arg, bool *taken)
{
    bool stop = false, again = true;
    while (!stop) {
        if (again && !lock_send(e, c, key))
            break;
        again = false;
        struct pollfd p = {.fd = PQsocket(c->c), .events = POLLIN};
        poll(&p, 1, POLL_MS);
        if (PQconsumeInput(c->c) != 1)
            break;
        if (PQisBusy(c->c) == 0) {
            *taken = lock_answer(e, c, &again);
            if (*taken || !again)
                return NULL;
        }
        struct error *err = go_on(arg, &stop);
        if (err != NULL || stop) {
            c->failed = true; /* it still waits: it is closed */
            return err;
        }
    }
    c->failed = true;
    return NULL;
}

struct error *
pg_lock_wait(struct engine *base, uint64_t want, struct error *(*go_on)(void *arg, bool *stop),
             void *arg, struct engine_lock **out)
{
    struct pg_engine *e = (struct pg_engine *)base;
    struct pg_conn *c;
    bool taken = false;
    struct error *err = pg_take(e, &c);
    if (err != NULL) { /* whatever comes next finds that out as well */
        err_free(err);
        return NULL;
    }
    pg_command(e, c, KEEP_TIMEOUT);
    err = wait_on(e, c, want, go_on, arg, &taken);
    if (!taken) {
        pg_conn_close(c);
        return err;
    }
    struct pg_lock *l = xcalloc(1, sizeof(*l));
    *l = (struct pg_lock){{base->vt}, e, c, want, NULL};
    mutex_lock(&e->waited_lock);
    l->next = e->waited;
    e->waited = l;
    mutex_unlock(&e->waited_lock);
    *out = &l->base;
    return NULL;
}

void
pg_lock_release(struct engine_lock *base)
{
    struct pg_lock *l = (struct pg_lock *)base, **at;
    struct pg_engine *e = l->e;
    uint8_t bytes[8];
    struct pg_arg arg = {bytes, 8};
    mutex_lock(&e->waited_lock);
    for (at = &e->waited; *at != l; at = &(*at)->next)
        ;
    *at = l->next;
    mutex_unlock(&e->waited_lock);
    enc_put_be64(bytes, l->key);
    struct error *err =
        pg_run(e, l->c, "could not unlock", "SELECT pg_advisory_unlock($1::int8)", 1, &arg);
    if (err == NULL) {
        pg_command(e, l->c, KEEP_NO_MORE);
        pg_give(e, l->c);
    } else {
        pg_conn_close(l->c);
    }
    err_free(err);
    xfree(l);
}

/* ---- who waits for whom ---- */

static void
holds_fill(struct str *out, const struct engine_wait *w)
{
    for (size_t i = 0; i < w->n_holds; i++) {
        uint8_t bytes[8];
        enc_put_be64(bytes, w->holds[i]);
        str_append(out, bytes, sizeof(bytes));
    }
}

static void
wait_read(const PGresult *r, int row, struct arena *a, struct engine_wait *w)
{
    struct slice holds = pg_bytes(r, row, 6);
    size_t n = holds.len / 8;
    uint64_t *keys = ARENA_ARRAY(a, uint64_t, n + 1);
    for (size_t i = 0; i < n; i++)
        keys[i] = enc_get_be64(holds.ptr + i * 8);
    *w = (struct engine_wait){
        .writer = enc_get_be64(pg_bytes(r, row, 0).ptr),
        .txn = enc_get_be64(pg_bytes(r, row, 1).ptr),
        .id = enc_get_be64(pg_bytes(r, row, 2).ptr),
        .began = (int64_t)enc_get_be64(pg_bytes(r, row, 3).ptr),
        .priority = (int32_t)enc_get_be32(pg_bytes(r, row, 4).ptr),
        .wants = enc_get_be64(pg_bytes(r, row, 5).ptr),
        .holds = keys,
        .n_holds = n,
    };
}

static struct error *
waits_once(struct pg_engine *e, struct pg_conn *c, const struct engine_wait *own, struct arena *a,
           struct engine_wait **all, size_t *n)
{
    uint8_t b[44];
    struct str holds;
    str_init(&holds, STR_MAX_DEFAULT);
    holds_fill(&holds, own);
    enc_put_be64(b, own->writer);
    enc_put_be64(b + 8, own->txn);
    enc_put_be64(b + 16, own->id);
    enc_put_be64(b + 24, (uint64_t)own->began);
    enc_put_be64(b + 32, own->wants);
    enc_put_be32(b + 40, (uint32_t)own->priority);
    const void *held = holds.len > 0 ? (const void *)holds.ptr : b;
    struct pg_arg args[] = {{b, 8},      {b + 8, 8},  {b + 16, 8},            {b + 24, 8},
                            {b + 40, 4}, {b + 32, 8}, {held, (int)holds.len}};
    struct pg_step steps[] = {
        {"INSERT INTO amberdb_waits AS w VALUES ($1::int8, $2::int8, $3::int8, $4::int8, $5::int4, "
         "$6::int8, $7::bytea, now()) ON CONFLICT (writer, txn) DO UPDATE SET id = excluded.id, "
         "began = excluded.began, priority = excluded.priority, wants = excluded.wants, "
         "holds = excluded.holds, seen = excluded.seen",
         7, args, NULL},
        {"SELECT writer, txn, id, began, priority, wants, holds FROM amberdb_waits "
         "WHERE seen > now() - interval '3 s' ORDER BY writer, txn",
         0, NULL, NULL}};
    struct error *err = str_error(&holds);
    if (err == NULL)
        err = pg_pipeline(e, c, "could not tell of a wait", steps, 2);
    str_release(&holds);
    ERR_TRY(err);
    *n = (size_t)PQntuples(steps[1].res);
    *all = ARENA_ARRAY(a, struct engine_wait, *n + 1);
    for (size_t i = 0; i < *n; i++)
        wait_read(steps[1].res, (int)i, a, &(*all)[i]);
    PQclear(steps[0].res);
    PQclear(steps[1].res);
    return NULL;
}

struct error *
pg_waits(struct engine *base, const struct engine_wait *own, struct arena *a,
         struct engine_wait **all, size_t *n)
{
    struct pg_engine *e = (struct pg_engine *)base;
    struct pg_conn *c;
    ERR_TRY(pg_take(e, &c));
    struct error *err = waits_once(e, c, own, a, all, n);
    pg_give(e, c);
    return err;
}

/* Rows of processes that are gone go with it. */
void
pg_wait_over(struct engine *base, const struct engine_wait *own)
{
    struct pg_engine *e = (struct pg_engine *)base;
    struct pg_conn *c;
    uint8_t b[16];
    struct pg_arg args[] = {{b, 8}, {b + 8, 8}};
    enc_put_be64(b, own->writer);
    enc_put_be64(b + 8, own->txn);
    struct error *err = pg_take(e, &c);
    if (err == NULL) {
        err = pg_run(e, c, "could not tell of a wait",
                     "DELETE FROM amberdb_waits WHERE writer = $1::int8 AND txn = $2::int8 "
                     "OR seen < now() - interval '1 minute'",
                     2, args);
        pg_give(e, c);
    }
    err_free(err);
}
