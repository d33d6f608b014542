/* storage/engine_postgres.c - versions in a table of a database that speaks PostgreSQL's protocol.
 *
 *   amberdb_versions   k bytea, w int8, l int4, v bytea: a version; unique index (k, w DESC, l DESC)
 *   amberdb_facts      name text, value bytea
 *   amberdb_clock, amberdb_notes: the order of commits, see engine_postgres_order.c
 *   amberdb_fences: who may write outside of it, see engine_postgres_fence.c
 *   amberdb_waits: who waits for a lock of another process, see engine_postgres_lock.c
 *
 * Only SQL that such databases have in common, no COPY where a statement does; advisory locks for what can be
 * done without.
 *
 * A lost connection. Reads are done again. Versions outside the order (what RESTORE brings) are written
 * again as a whole: one that is there already is left alone, and the same version has the same bytes.
 */
#include "config.h"

#include "storage/engine_postgres_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/hash.h"

/* One INSERT holds about so many bytes; a commit of several runs in a transaction. It has to come through
 * in less time than one that is silent is given. */
#define INSERT_BYTES   ((size_t)1 << 20)
/* span_stats counts exactly up to so many versions. */
#define EXACT_VERSIONS 2000
/* Others may make the same tables at the same moment. */
#define PREPARE_TRIES    10
#define PREPARE_PAUSE_US 50000

static const char *const schema[] = {
    "CREATE TABLE IF NOT EXISTS amberdb_versions "
    "(k bytea NOT NULL, w int8 NOT NULL, l int4 NOT NULL, v bytea NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS amberdb_versions_key "
    "ON amberdb_versions (k ASC, w DESC, l DESC)",
    "CREATE TABLE IF NOT EXISTS amberdb_facts (name text PRIMARY KEY, value bytea NOT NULL)",
    PG_ORDER_SCHEMA,
    PG_FENCE_SCHEMA,
    PG_LOCK_SCHEMA, /* last: prepare looks for it */
};

/* ---- single versions ---- */

struct get {
    const struct slice *keys;
    size_t n;
    struct hlc at;
    struct arena *arena;
    struct engine_answer *answers;
};

/* w, l and v from column `from` on. */
static void
take_answer(const struct get *g, const PGresult *res, int row, int from, struct engine_answer *out)
{
    out->found = true;
    out->ts.wall = (int64_t)enc_get_be64(pg_bytes(res, row, from).ptr);
    out->ts.logical = (int32_t)enc_get_be32(pg_bytes(res, row, from + 1).ptr);
    out->value = slice_dup(g->arena, pg_bytes(res, row, from + 2));
}

static struct error *
get_once(struct pg_engine *e, struct pg_conn *c, void *arg)
{
    struct get *g = arg;
    struct pg_time_args at;
    PGresult *res;
    pg_time_args_set(&at, g->at);
    struct pg_arg args[] = {{g->keys->ptr, (int)g->keys->len}, at.args[0], at.args[1]};
    ERR_TRY(pg_exec(e, c, "could not read store", PG_GET, 3, args, &res));
    g->answers->found = false;
    if (PQntuples(res) == 1)
        take_answer(g, res, 0, 0, g->answers);
    PQclear(res);
    return NULL;
}

static struct error *
get_many_once(struct pg_engine *e, struct pg_conn *c, void *arg)
{
    struct get *g = arg;
    struct pg_time_args at;
    struct str keys;
    PGresult *res;
    pg_time_args_set(&at, g->at);
    str_init(&keys, STR_MAX_DEFAULT);
    pg_array_begin(&keys, PG_OID_BYTEA, g->n);
    for (size_t i = 0; i < g->n; i++) {
        pg_array_add(&keys, g->keys[i].ptr, g->keys[i].len);
        g->answers[i].found = false;
    }
    struct pg_arg args[] = {{str_slice(&keys).ptr, (int)keys.len}, at.args[0], at.args[1]};
    struct error *err = str_error(&keys);
    if (err == NULL)
        err = pg_exec(e, c, "could not read store", PG_GET_MANY, 3, args, &res);
    str_release(&keys);
    if (err != NULL)
        return err;
    for (int r = 0; r < PQntuples(res); r++) /* i: from 1 on */
        take_answer(g, res, r, 1, &g->answers[enc_get_be64(pg_bytes(res, r, 0).ptr) - 1]);
    PQclear(res);
    return NULL;
}

static struct error *
pg_get(struct engine *base, struct slice key, struct hlc at, struct arena *a, bool *found,
       struct hlc *ts, struct slice *value)
{
    FAULT_TRY(engine_read);
    struct engine_answer answer;
    struct get g = {.keys = &key, .n = 1, .at = at, .arena = a, .answers = &answer};
    ERR_TRY(pg_retry((struct pg_engine *)base, get_once, &g));
    *found = answer.found;
    if (answer.found) {
        *ts = answer.ts;
        *value = answer.value;
    }
    return NULL;
}

static struct error *
pg_get_many(struct engine *base, const struct slice *keys, size_t n, struct hlc at, struct arena *a,
            struct engine_answer *answers)
{
    FAULT_TRY(engine_read);
    struct get g = {.keys = keys, .n = n, .at = at, .arena = a, .answers = answers};
    return pg_retry((struct pg_engine *)base, get_many_once, &g);
}

/* ---- commit ---- */

/* An array parameter in binary: dimensions 1, no NULLs, element type, length, lower bound 1. */
void
pg_array_begin(struct str *s, uint32_t oid, size_t n)
{
    uint8_t head[20];
    enc_put_be32(head, 1);
    enc_put_be32(head + 4, 0);
    enc_put_be32(head + 8, oid);
    enc_put_be32(head + 12, (uint32_t)n);
    enc_put_be32(head + 16, 1);
    str_append(s, head, sizeof(head));
}

void
pg_array_add(struct str *s, const void *p, size_t len)
{
    uint8_t n[4];
    enc_put_be32(n, (uint32_t)len);
    str_append(s, n, 4);
    str_append(s, p, len);
}

static size_t
chunk_len(const struct engine_write *w, size_t n)
{
    size_t bytes = 0, i = 0;
    for (; i < n && (i == 0 || bytes < INSERT_BYTES); i++)
        bytes += w[i].key.len + w[i].value.len + 32;
    return i;
}

struct error *
pg_rows_fill(struct pg_rows *r, const struct engine_write *w, size_t n, size_t *len)
{
    static const uint32_t oids[4] = {PG_OID_BYTEA, PG_OID_INT8, PG_OID_INT4, PG_OID_BYTEA};
    n = *len = chunk_len(w, n);
    for (int i = 0; i < 4; i++) {
        str_init(&r->s[i], STR_MAX_DEFAULT);
        pg_array_begin(&r->s[i], oids[i], n);
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t t[12];
        enc_put_be64(t, (uint64_t)w[i].ts.wall);
        enc_put_be32(t + 8, (uint32_t)w[i].ts.logical);
        pg_array_add(&r->s[0], w[i].key.ptr, w[i].key.len);
        pg_array_add(&r->s[1], t, 8);
        pg_array_add(&r->s[2], t + 8, 4);
        pg_array_add(&r->s[3], w[i].value.ptr, w[i].value.len);
    }
    for (int i = 0; i < 4; i++) {
        ERR_TRY(str_error(&r->s[i]));
        r->args[i] = (struct pg_arg){r->s[i].ptr, (int)r->s[i].len};
    }
    return NULL;
}

void
pg_rows_release(struct pg_rows *r)
{
    for (int i = 0; i < 4; i++)
        str_release(&r->s[i]);
}

struct commit {
    const struct engine_write *w;
    size_t n;
    bool sent; /* something may have reached the server */
};

static struct error *
commit_body(struct pg_engine *e, struct pg_conn *c, struct commit *x)
{
    for (size_t i = 0, n; i < x->n; i += n) {
        struct pg_rows rows = {0};
        struct error *err = pg_rows_fill(&rows, x->w + i, x->n - i, &n);
        if (err == NULL)
            err = pg_run(e, c, "could not write store", PG_INSERT_VERSIONS, 4, rows.args);
        pg_rows_release(&rows);
        if (err != NULL)
            return err;
    }
    x->sent = true;
    return pg_run(e, c, "could not write store", "COMMIT", 0, NULL);
}

static struct error *
commit_once(struct pg_engine *e, struct pg_conn *c, void *arg)
{
    ERR_TRY(pg_run(e, c, "could not write store", "BEGIN", 0, NULL));
    struct error *err = commit_body(e, c, arg);
    if (err != NULL && !pg_is_broken(c))
        pg_command(e, c, "ROLLBACK");
    return err;
}

static struct error *
pg_commit(struct engine *base, const struct engine_write *w, size_t n, bool sync)
{
    FAULT_TRY(engine_commit);
    (void)sync; /* the server's synchronous_commit says what COMMIT means */
    struct commit x = {.w = w, .n = n};
    struct error *err = pg_retry((struct pg_engine *)base, commit_once, &x);
    if (err != NULL && x.sent && err_is(err, ERR_CONNECTION_FAILURE)) {
        struct error *unknown =
            err_new(ERR_STATEMENT_COMPLETION_UNKNOWN, "result is ambiguous (%s)", err->message);
        err_free(err);
        return unknown;
    }
    return err;
}

/* ---- removal ---- */

struct removal {
    struct span s;
    struct hlc threshold;
    uint64_t removed;
    const char *sql;
    int n_args;
};

static struct error *
remove_once(struct pg_engine *e, struct pg_conn *c, void *arg)
{
    struct removal *r = arg;
    uint8_t t[12];
    enc_put_be64(t, (uint64_t)r->threshold.wall);
    enc_put_be32(t + 8, (uint32_t)r->threshold.logical);
    struct pg_arg args[] = {
        {r->s.start.len > 0 ? (const void *)r->s.start.ptr : "", (int)r->s.start.len},
        {r->s.end.len > 0 ? r->s.end.ptr : NULL, (int)r->s.end.len},
        {t, 8},
        {t + 8, 4}};
    PGresult *res;
    ERR_TRY(pg_exec(e, c, "could not write store", r->sql, r->n_args, args, &res));
    r->removed += strtoull(PQcmdTuples(res), NULL, 10);
    PQclear(res);
    return NULL;
}

static struct error *
pg_drop_span(struct engine *base, struct span s)
{
    struct removal r = {.s = s,
                        .n_args = 2,
                        .sql = "DELETE FROM amberdb_versions WHERE k >= $1::bytea AND "
                               "($2::bytea IS NULL OR k < $2::bytea)"};
    return pg_retry((struct pg_engine *)base, remove_once, &r);
}

static struct error *
pg_gc(struct engine *base, struct span s, struct hlc threshold, const struct cancel *cancel,
      uint64_t *removed)
{
    ERR_TRY(cancel_check(cancel));
    struct removal r = {
        .s = s,
        .threshold = threshold,
        .n_args = 4,
        .sql = "DELETE FROM amberdb_versions AS d USING (SELECT k, w, l, "
               "length(v) = 0 OR row_number() OVER (PARTITION BY k ORDER BY w DESC, l DESC) > 1 "
               "AS old FROM amberdb_versions WHERE k >= $1::bytea AND "
               "($2::bytea IS NULL OR k < $2::bytea) AND (w, l) <= ($3::int8, $4::int4)) AS o "
               "WHERE o.old AND d.k = o.k AND d.w = o.w AND d.l = o.l"};
    struct error *err = pg_retry((struct pg_engine *)base, remove_once, &r);
    *removed += r.removed;
    return err;
}

/* ---- facts ---- */

struct fact {
    const char *name;
    struct arena *arena;
    bool found;
    struct slice value;
};

static struct error *
fact_get(struct pg_engine *e, struct pg_conn *c, void *arg)
{
    struct fact *f = arg;
    struct pg_arg name = {f->name, (int)strlen(f->name)};
    PGresult *res;
    ERR_TRY(pg_exec(e, c, "could not read store",
                    "SELECT value FROM amberdb_facts WHERE name = $1::text", 1, &name, &res));
    f->found = PQntuples(res) == 1;
    if (f->found)
        f->value = slice_dup(f->arena, pg_bytes(res, 0, 0));
    PQclear(res);
    return NULL;
}

static struct error *
fact_put(struct pg_engine *e, struct pg_conn *c, void *arg)
{
    struct fact *f = arg;
    struct pg_arg args[] = {
        {f->name, (int)strlen(f->name)},
        {f->value.len > 0 ? (const void *)f->value.ptr : "", (int)f->value.len}};
    return pg_run(e, c, "could not write store",
                  "INSERT INTO amberdb_facts VALUES ($1::text, $2::bytea) "
                  "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                  2, args);
}

static struct error *
fact_add(struct pg_engine *e, struct pg_conn *c, void *arg)
{
    struct fact *f = arg;
    struct pg_arg args[] = {{f->name, (int)strlen(f->name)}, {f->value.ptr, (int)f->value.len}};
    return pg_run(e, c, "could not write store",
                  "INSERT INTO amberdb_facts VALUES ($1::text, $2::bytea) "
                  "ON CONFLICT (name) DO NOTHING",
                  2, args);
}

static struct error *
pg_meta_get(struct engine *base, const char *name, struct arena *a, bool *found,
            struct slice *value)
{
    struct fact f = {.name = name, .arena = a};
    ERR_TRY(pg_retry((struct pg_engine *)base, fact_get, &f));
    *found = f.found;
    if (f.found)
        *value = f.value;
    return NULL;
}

static struct error *
pg_meta_put(struct engine *base, const char *name, struct slice value)
{
    struct fact f = {.name = name, .value = value};
    return pg_retry((struct pg_engine *)base, fact_put, &f);
}

static struct error *
pg_meta_add(struct engine *base, const char *name, struct slice value)
{
    struct fact f = {.name = name, .value = value};
    return pg_retry((struct pg_engine *)base, fact_add, &f);
}

/* ---- sizes ---- */

struct stats {
    struct span s;
    uint64_t bytes;
};

/* Exact for small spans; else the mean of the first versions times the server's estimate of rows.
 */
static struct error *
stats_once(struct pg_engine *e, struct pg_conn *c, void *arg)
{
    struct stats *x = arg;
    char sql[512];
    struct pg_arg args[] = {
        {x->s.start.len > 0 ? (const void *)x->s.start.ptr : "", (int)x->s.start.len},
        {x->s.end.len > 0 ? x->s.end.ptr : NULL, (int)x->s.end.len}};
    static const char from[] = "FROM amberdb_versions WHERE k >= $1::bytea AND "
                               "($2::bytea IS NULL OR k < $2::bytea)";
    snprintf(sql, sizeof(sql),
             "SELECT count(*)::int8, coalesce(sum(n), 0)::int8 FROM "
             "(SELECT length(k) + length(v) + 12 AS n %s ORDER BY k, w DESC, l DESC LIMIT %d) AS s",
             from, EXACT_VERSIONS);
    PGresult *res;
    ERR_TRY(pg_exec(e, c, "could not read store", sql, 2, args, &res));
    uint64_t n = enc_get_be64(pg_bytes(res, 0, 0).ptr);
    x->bytes = enc_get_be64(pg_bytes(res, 0, 1).ptr);
    PQclear(res);
    if (n < EXACT_VERSIONS)
        return NULL;
    snprintf(sql, sizeof(sql), "EXPLAIN SELECT k %s", from);
    ERR_TRY(pg_exec(e, c, "could not read store", sql, 2, args, &res));
    struct arena *a = arena_create(NULL, "plan");
    const char *plan = slice_to_cstr(a, PQntuples(res) > 0 ? pg_bytes(res, 0, 0) : SLICE_NULL);
    const char *rows = strstr(plan, "rows=");
    uint64_t estimate = rows != NULL ? (uint64_t)strtoull(rows + 5, NULL, 10) : 0;
    x->bytes = x->bytes / n * (estimate > n ? estimate : n);
    arena_destroy(a);
    PQclear(res);
    return NULL;
}

static struct error *
pg_span_stats(struct engine *base, struct span s, uint64_t *bytes)
{
    struct stats x = {.s = s};
    ERR_TRY(pg_retry((struct pg_engine *)base, stats_once, &x));
    *bytes += x.bytes;
    return NULL;
}

/* ---- open and close ---- */

static void
engine_free(struct pg_engine *e)
{
    pg_locks_destroy(e);
    pg_pool_destroy(e);
    arena_destroy(e->arena);
    xfree(e);
}

static void
pg_close(struct engine *base)
{
    struct pg_engine *e = (struct pg_engine *)base;
    VERIFY(e->open_iters == 0);
    engine_free(e);
}

static const struct engine_vt postgres_vt = {
    .name = "postgres",
    .features = ENGINE_SHARED,
    .close = pg_close,
    .get = pg_get,
    .get_many = pg_get_many,
    .iter_open = pg_iter_open,
    .iter_next = pg_iter_next,
    .iter_seek = pg_iter_seek,
    .iter_close = pg_iter_close,
    .commit = pg_commit,
    .drop_span = pg_drop_span,
    .gc = pg_gc,
    .meta_get = pg_meta_get,
    .meta_put = pg_meta_put,
    .meta_add = pg_meta_add,
    .span_stats = pg_span_stats,
    .writer = pg_writer,
    .order_view = pg_order_view,
    .order_begin = pg_order_begin,
    .order_commit = pg_order_commit,
    .order_raise = pg_order_raise,
    .fence_raise = pg_fence_raise,
    .fence_commit = pg_fence_commit,
    .locks_wanted = pg_locks_wanted,
    .locks_try = pg_locks_try,
    .locks_drop = pg_locks_drop,
    .locks_keep = pg_locks_keep,
    .lock_wait = pg_lock_wait,
    .lock_release = pg_lock_release,
    .waits = pg_waits,
    .wait_over = pg_wait_over,
};

char *
engine_postgres_name(struct arena *a, const char *url)
{
    PQconninfoOption *opts = PQconninfoParse(url, NULL);
    const char *host = "", *port = "5432", *db = "";
    for (PQconninfoOption *o = opts; o != NULL && o->keyword != NULL; o++) {
        if (o->val == NULL)
            continue;
        if (strcmp(o->keyword, "host") == 0)
            host = o->val;
        else if (strcmp(o->keyword, "port") == 0)
            port = o->val;
        else if (strcmp(o->keyword, "dbname") == 0)
            db = o->val;
    }
    char *name = arena_printf(a, "postgresql://%s:%s/%s", host, port, db);
    PQconninfoFree(opts);
    return name;
}

/* IF NOT EXISTS does not help when two processes make the same table at the same moment: one of them gets
 * an error. Next time the table is there. Where all are there already none is asked for: CREATE INDEX would
 * wait for those who write, and keep others from it, even so. */
static struct error *
prepare(struct pg_engine *e)
{
    struct pg_conn *c;
    ERR_TRY(pg_take(e, &c));
    struct error *err = pg_run(e, c, "could not read store",
                               "SELECT 1 FROM amberdb_waits WHERE false", 0, NULL);
    for (int try = 0; err != NULL && try < PREPARE_TRIES && !pg_is_broken(c); try++) {
        err_free(err);
        err = NULL;
        if (try > 0)
            usleep(PREPARE_PAUSE_US);
        for (size_t i = 0; err == NULL && i < sizeof(schema) / sizeof(schema[0]); i++)
            err = pg_run(e, c, "could not prepare store", schema[i], 0, NULL);
    }
    pg_give(e, c);
    return err;
}

struct error *
engine_postgres_open(const char *url, struct engine **out)
{
    struct pg_engine *e = xcalloc(1, sizeof(*e));
    e->base.vt = &postgres_vt;
    e->arena = arena_create(NULL, "postgres engine");
    e->url = arena_strdup(e->arena, url);
    e->shown = engine_postgres_name(e->arena, url);
    pg_wait_init(e);
    pg_pool_init(e);
    pg_locks_init(e);
    e->writer = random_u64();
    struct error *err = prepare(e);
    if (err != NULL) {
        engine_free(e);
        return err;
    }
    *out = &e->base;
    return NULL;
}
