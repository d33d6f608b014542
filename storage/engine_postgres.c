/* storage/engine_postgres.c - versions in a table of a database that speaks PostgreSQL's protocol.
 *
 *   amberdb_versions  k bytea, w int8, l int4, v bytea   a version; unique index (k, w DESC, l
 * DESC) amberdb_facts     name text, value bytea amberdb_owner     epoch int8, seen timestamptz one
 * row: which process owns the store
 *
 * Only SQL that such databases have in common: no advisory locks, no COPY where a statement does.
 *
 * Ownership. Opening takes the next epoch; each commit looks, under FOR SHARE, whether the epoch is
 * still its own, so that a process that was cut off and believed dead can write nothing once
 * another has taken over. A thread writes `seen` now and then; a store whose owner was seen a short
 * while ago is not taken.
 *
 * A lost connection. Reads are done again. A commit is done again as a whole: a version that is
 * there already is left alone, and the same version has the same bytes. When that does not succeed
 * in time the outcome is unknown: 40003.
 */
#include "config.h"

#include "storage/engine_postgres_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/log.h"

/* One INSERT holds about so many bytes; a commit of several runs in a transaction. */
#define INSERT_BYTES   ((size_t)4 << 20)
#define BEAT_NS        INT64_C(2000000000)
#define SILENT_SECONDS 8
/* span_stats counts exactly up to so many versions. */
#define EXACT_VERSIONS 2000

#define OID_INT4  23
#define OID_INT8  20
#define OID_BYTEA 17

static const char *const schema[] = {
    "CREATE TABLE IF NOT EXISTS amberdb_versions "
    "(k bytea NOT NULL, w int8 NOT NULL, l int4 NOT NULL, v bytea NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS amberdb_versions_key "
    "ON amberdb_versions (k ASC, w DESC, l DESC)",
    "CREATE TABLE IF NOT EXISTS amberdb_facts (name text PRIMARY KEY, value bytea NOT NULL)",
    "CREATE TABLE IF NOT EXISTS amberdb_owner "
    "(id int4 PRIMARY KEY, epoch int8 NOT NULL, seen timestamptz)",
    "INSERT INTO amberdb_owner VALUES (1, 0, NULL) ON CONFLICT (id) DO NOTHING",
};

/* ---- ownership ---- */

static struct error *
lost_store(const struct pg_engine *e)
{
    return err_new(ERR_OBJECT_IN_USE, "store %s was taken over by another process", e->shown);
}

static struct error *
owner_take(struct pg_engine *e, struct pg_conn *c)
{
    char sql[256];
    snprintf(sql, sizeof(sql),
             "UPDATE amberdb_owner SET epoch = epoch + 1, seen = now() WHERE id = 1 AND "
             "(seen IS NULL OR seen < now() - interval '%d seconds') RETURNING epoch",
             SILENT_SECONDS);
    PGresult *res;
    ERR_TRY(pg_exec(e, c, "could not open store", sql, 0, NULL, &res));
    bool taken = PQntuples(res) == 1;
    if (taken)
        e->owner = enc_get_be64(pg_bytes(res, 0, 0).ptr);
    PQclear(res);
    if (taken)
        return NULL;
    return err_hint(err_new(ERR_OBJECT_IN_USE, "store %s is in use by another process", e->shown),
                    "A process that was killed counts as gone %d seconds after it was last seen.",
                    SILENT_SECONDS);
}

static struct error *
owner_update(struct pg_engine *e, const char *sql)
{
    uint8_t owner[8];
    enc_put_be64(owner, e->owner);
    struct pg_conn *c;
    ERR_TRY(pg_take(e, &c));
    PGresult *res;
    struct error *err =
        pg_exec(e, c, "could not mark store", sql, 1, &(struct pg_arg){owner, 8}, &res);
    if (err == NULL) {
        if (strcmp(PQcmdTuples(res), "1") != 0)
            err = lost_store(e);
        PQclear(res);
    }
    pg_give(e, c);
    return err;
}

static void *
beat_main(void *arg)
{
    struct pg_engine *e = arg;
    mutex_lock(&e->beat_lock);
    while (!e->stopping) {
        cond_wait_ns(&e->beat_wake, &e->beat_lock, BEAT_NS);
        if (e->stopping)
            break;
        mutex_unlock(&e->beat_lock);
        struct error *err = owner_update(
            e, "UPDATE amberdb_owner SET seen = now() WHERE id = 1 AND epoch = $1::int8");
        if (err != NULL)
            log_warning("%s", err->message);
        err_free(err);
        mutex_lock(&e->beat_lock);
    }
    mutex_unlock(&e->beat_lock);
    return NULL;
}

/* ---- single versions ---- */

struct get {
    struct slice key;
    struct hlc at;
    struct arena *arena;
    bool found;
    struct hlc ts;
    struct slice value;
};

static struct error *
get_once(struct pg_engine *e, struct pg_conn *c, void *arg)
{
    struct get *g = arg;
    uint8_t t[12];
    enc_put_be64(t, (uint64_t)g->at.wall);
    enc_put_be32(t + 8, (uint32_t)g->at.logical);
    struct pg_arg args[] = {{g->key.ptr, (int)g->key.len}, {t, 8}, {t + 8, 4}};
    PGresult *res;
    ERR_TRY(pg_exec(e, c, "could not read store",
                    "SELECT w, l, v FROM amberdb_versions WHERE k = $1::bytea AND "
                    "(w, l) <= ($2::int8, $3::int4) ORDER BY w DESC, l DESC LIMIT 1",
                    3, args, &res));
    g->found = PQntuples(res) == 1;
    if (g->found) {
        g->ts.wall = (int64_t)enc_get_be64(pg_bytes(res, 0, 0).ptr);
        g->ts.logical = (int32_t)enc_get_be32(pg_bytes(res, 0, 1).ptr);
        g->value = slice_dup(g->arena, pg_bytes(res, 0, 2));
    }
    PQclear(res);
    return NULL;
}

static struct error *
pg_get(struct engine *base, struct slice key, struct hlc at, struct arena *a, bool *found,
       struct hlc *ts, struct slice *value)
{
    FAULT_TRY(engine_read);
    struct get g = {.key = key, .at = at, .arena = a};
    ERR_TRY(pg_retry((struct pg_engine *)base, get_once, &g));
    *found = g.found;
    if (g.found) {
        *ts = g.ts;
        *value = g.value;
    }
    return NULL;
}

/* ---- commit ---- */

/* An array parameter in binary: dimensions 1, no NULLs, element type, length, lower bound 1. */
static void
array_begin(struct str *s, uint32_t oid, size_t n)
{
    uint8_t head[20];
    enc_put_be32(head, 1);
    enc_put_be32(head + 4, 0);
    enc_put_be32(head + 8, oid);
    enc_put_be32(head + 12, (uint32_t)n);
    enc_put_be32(head + 16, 1);
    str_append(s, head, sizeof(head));
}

static void
array_add(struct str *s, const void *p, size_t len)
{
    uint8_t n[4];
    enc_put_be32(n, (uint32_t)len);
    str_append(s, n, 4);
    str_append(s, p, len);
}

struct commit {
    const struct engine_write *w;
    size_t n;
    bool sent; /* something may have reached the server */
};

static size_t
chunk_len(const struct commit *x, size_t from)
{
    size_t bytes = 0, i = from;
    for (; i < x->n && (i == from || bytes < INSERT_BYTES); i++)
        bytes += x->w[i].key.len + x->w[i].value.len + 32;
    return i - from;
}

static struct error *
insert_chunk(struct pg_engine *e, struct pg_conn *c, const struct engine_write *w, size_t n)
{
    struct str s[4];
    static const uint32_t oids[4] = {OID_BYTEA, OID_INT8, OID_INT4, OID_BYTEA};
    for (int i = 0; i < 4; i++) {
        str_init(&s[i], STR_MAX_DEFAULT);
        array_begin(&s[i], oids[i], n);
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t t[12];
        enc_put_be64(t, (uint64_t)w[i].ts.wall);
        enc_put_be32(t + 8, (uint32_t)w[i].ts.logical);
        array_add(&s[0], w[i].key.ptr, w[i].key.len);
        array_add(&s[1], t, 8);
        array_add(&s[2], t + 8, 4);
        array_add(&s[3], w[i].value.ptr, w[i].value.len);
    }
    struct error *err = NULL;
    struct pg_arg args[4];
    for (int i = 0; i < 4 && err == NULL; i++) {
        err = str_error(&s[i]);
        args[i] = (struct pg_arg){s[i].ptr, (int)s[i].len};
    }
    if (err == NULL)
        err = pg_run(e, c, "could not write store",
                     "INSERT INTO amberdb_versions (k, w, l, v) "
                     "SELECT * FROM unnest($1::bytea[], $2::int8[], $3::int4[], $4::bytea[]) "
                     "ON CONFLICT (k, w, l) DO NOTHING",
                     4, args);
    for (int i = 0; i < 4; i++)
        str_release(&s[i]);
    return err;
}

/* The owner's row stays as it is until this transaction ends. */
static struct error *
owner_check(struct pg_engine *e, struct pg_conn *c)
{
    uint8_t owner[8];
    enc_put_be64(owner, e->owner);
    PGresult *res;
    ERR_TRY(pg_exec(e, c, "could not write store",
                    "SELECT 1 FROM amberdb_owner WHERE id = 1 AND epoch = $1::int8 FOR SHARE", 1,
                    &(struct pg_arg){owner, 8}, &res));
    bool ours = PQntuples(res) == 1;
    PQclear(res);
    return ours ? NULL : lost_store(e);
}

static struct error *
commit_body(struct pg_engine *e, struct pg_conn *c, struct commit *x)
{
    ERR_TRY(owner_check(e, c));
    for (size_t i = 0, n; i < x->n; i += n) {
        n = chunk_len(x, i);
        ERR_TRY(insert_chunk(e, c, x->w + i, n));
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
        PQclear(PQexec(c->c, "ROLLBACK"));
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
    pg_pool_destroy(e);
    cond_destroy(&e->beat_wake);
    mutex_destroy(&e->beat_lock);
    arena_destroy(e->arena);
    xfree(e);
}

static void
pg_close(struct engine *base)
{
    struct pg_engine *e = (struct pg_engine *)base;
    VERIFY(e->open_iters == 0);
    mutex_lock(&e->beat_lock);
    e->stopping = true;
    cond_signal(&e->beat_wake);
    mutex_unlock(&e->beat_lock);
    if (e->beating)
        pthread_join(e->beat, NULL);
    struct error *err =
        owner_update(e, "UPDATE amberdb_owner SET seen = NULL WHERE id = 1 AND epoch = $1::int8");
    if (err != NULL)
        log_warning("%s", err->message);
    err_free(err);
    engine_free(e);
}

static const struct engine_vt postgres_vt = {
    .name = "postgres",
    .features = 0,
    .close = pg_close,
    .get = pg_get,
    .iter_open = pg_iter_open,
    .iter_next = pg_iter_next,
    .iter_seek = pg_iter_seek,
    .iter_close = pg_iter_close,
    .commit = pg_commit,
    .drop_span = pg_drop_span,
    .gc = pg_gc,
    .meta_get = pg_meta_get,
    .meta_put = pg_meta_put,
    .span_stats = pg_span_stats,
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

static struct error *
prepare(struct pg_engine *e)
{
    struct pg_conn *c;
    ERR_TRY(pg_take(e, &c));
    struct error *err = NULL;
    for (size_t i = 0; err == NULL && i < sizeof(schema) / sizeof(schema[0]); i++)
        err = pg_run(e, c, "could not prepare store", schema[i], 0, NULL);
    if (err == NULL)
        err = owner_take(e, c);
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
    pg_pool_init(e);
    mutex_init(&e->beat_lock, RANK_ENGINE);
    cond_init(&e->beat_wake);
    struct error *err = prepare(e);
    if (err == NULL)
        err = thread_start(&e->beat, "store owner", beat_main, e);
    if (err != NULL) {
        engine_free(e);
        return err;
    }
    e->beating = true;
    *out = &e->base;
    return NULL;
}
