/* storage/engine_postgres_scan.c - iterators of the PostgreSQL engine.
 *
 * An iterator is one cursor in one read-only snapshot. BEGIN, DECLARE and the first FETCH go out
 * together; when that brought everything, as it does for most, the transaction ends at once and the
 * connection goes back. A longer scan keeps its connection until it ends.
 *
 * A connection that is lost in mid-scan: the scan goes on behind the row that was shown last. What
 * was committed meanwhile has a later time than the scan's own, unless that is no time at all
 * (HLC_MAX); then the scan fails with 08006.
 */
#include "config.h"

#include "storage/engine_postgres_int.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/enc.h"
#include "base/fault.h"

/* The first rows, then as many as make about so many bytes. */
#define ROWS_FIRST  64
#define ROWS_MAX    4096
#define FETCH_BYTES ((size_t)512 << 10)

struct pg_iter {
    struct engine_iter base;
    struct pg_engine *e;
    struct arena *arena;
    struct engine_scan_opts o; /* the span's bytes are in `arena` */
    char *sql;
    struct pg_conn *c; /* while the snapshot is open */
    PGresult *rows;
    int at, n;       /* in rows */
    bool complete;   /* nothing comes after these rows */
    bool whole;      /* these rows are all that the span holds */
    struct str from; /* where the cursor starts: a key, exclusive when `behind` */
    bool moved, behind;
    struct str last; /* shown last */
    struct hlc last_ts;
    bool shown;
};

/* ---- the statement ---- */

/* $1 start, $2 end, $3 $4 the time, $5 $6 since (versions). */
static void
build_sql(struct pg_iter *it)
{
    const struct engine_scan_opts *o = &it->o;
    struct str s;
    str_init_arena(&s, it->arena, STR_MAX_DEFAULT);
    const char *dir = o->reverse ? "DESC" : "ASC";
    str_append_cstr(&s, "DECLARE amberdb_scan NO SCROLL CURSOR FOR ");
    bool hide = o->mode == ENGINE_SCAN_AT && !o->show_deletions;
    if (hide)
        str_append_cstr(&s, "SELECT k, w, l, v FROM (");
    str_printf(&s, "SELECT %sk, w, l, v FROM amberdb_versions WHERE k >= $1",
               o->mode == ENGINE_SCAN_AT ? "DISTINCT ON (k) " : "");
    str_append_cstr(&s, " AND ($2::bytea IS NULL OR k < $2) AND (w, l) <= ($3::int8, $4::int4)");
    if (o->mode == ENGINE_SCAN_VERSIONS)
        str_append_cstr(&s, " AND (w, l) > ($5::int8, $6::int4)");
    str_printf(&s, " ORDER BY k %s, w DESC, l DESC", dir);
    if (hide)
        str_append_cstr(&s, ") AS newest WHERE length(v) > 0");
    it->sql = arena_strdup(it->arena, str_cstr(&s));
}

/* ---- fetching ---- */

struct bounds {
    struct str start, end;
    uint8_t t[24];
    struct pg_arg args[6];
    int n;
};

static void
put_ts(uint8_t *p, struct hlc ts)
{
    enc_put_be64(p, (uint64_t)ts.wall);
    enc_put_be32(p + 8, (uint32_t)ts.logical);
}

static void
bounds_of(const struct pg_iter *it, struct bounds *b)
{
    struct slice start = it->o.span.start, end = it->o.span.end, from = str_slice(&it->from);
    str_init(&b->start, STR_MAX_DEFAULT);
    str_init(&b->end, STR_MAX_DEFAULT);
    /* Ahead: k >= from, or > from as k >= from + 00. Reverse: k < from, or <= from likewise. */
    bool after = it->moved && it->behind != it->o.reverse;
    if (it->moved && !it->o.reverse && slice_cmp(from, start) >= 0)
        start = from;
    else if (!it->o.reverse)
        after = false;
    bool cuts = it->moved && it->o.reverse && (end.len == 0 || slice_cmp(from, end) < 0);
    if (cuts)
        end = from;
    str_append_slice(&b->start, start);
    str_append_slice(&b->end, end);
    if (after && !it->o.reverse)
        str_append_char(&b->start, 0);
    if (after && cuts)
        str_append_char(&b->end, 0);
    put_ts(b->t, it->o.ts);
    put_ts(b->t + 12, it->o.since);
    b->args[0] = (struct pg_arg){str_cstr(&b->start), (int)b->start.len};
    b->args[1] = (struct pg_arg){b->end.len > 0 ? b->end.ptr : NULL, (int)b->end.len};
    b->args[2] = (struct pg_arg){b->t, 8};
    b->args[3] = (struct pg_arg){b->t + 8, 4};
    b->args[4] = (struct pg_arg){b->t + 12, 8};
    b->args[5] = (struct pg_arg){b->t + 20, 4};
    b->n = it->o.mode == ENGINE_SCAN_VERSIONS ? 6 : 4;
}

static bool
send(PGconn *c, const char *sql, const struct bounds *b)
{
    const char *values[6];
    int lengths[6], formats[6], n = b == NULL ? 0 : b->n;
    for (int i = 0; i < n; i++) {
        values[i] = b->args[i].ptr;
        lengths[i] = b->args[i].len;
        formats[i] = 1;
    }
    return PQsendQueryParams(c, sql, n, NULL, values, lengths, formats, 1) == 1;
}

/* The result of the next statement of the pipeline; each is followed by a NULL. */
static struct error *
pipeline_result(struct pg_iter *it, PGresult **out)
{
    PGresult *res = pg_result(it->e, it->c);
    ExecStatusType status = PQresultStatus(res);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        return pg_error(it->e, it->c, res, "could not read store");
    PQclear(pg_result(it->e, it->c));
    *out = res;
    return NULL;
}

/* BEGIN, DECLARE and the first FETCH in one round trip. */
static struct error *
cursor_start(struct pg_iter *it, const struct bounds *b)
{
    PGconn *c = it->c->c;
    char fetch[64];
    snprintf(fetch, sizeof(fetch), "FETCH %d FROM amberdb_scan", ROWS_FIRST);
    PGresult *res = NULL;
    if (PQenterPipelineMode(c) != 1 ||
        !send(c, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NULL) || !send(c, it->sql, b) ||
        !send(c, fetch, NULL) || PQpipelineSync(c) != 1)
        return pg_error(it->e, it->c, NULL, "could not read store");
    ERR_TRY(pipeline_result(it, &res));
    PQclear(res);
    ERR_TRY(pipeline_result(it, &res));
    PQclear(res);
    ERR_TRY(pipeline_result(it, &it->rows));
    res = pg_result(it->e, it->c);
    bool synced = PQresultStatus(res) == PGRES_PIPELINE_SYNC;
    PQclear(res);
    if (!synced || PQexitPipelineMode(c) != 1)
        return pg_error(it->e, it->c, NULL, "could not read store");
    return NULL;
}

static void
rows_drop(struct pg_iter *it)
{
    PQclear(it->rows);
    it->rows = NULL;
    it->at = it->n = 0;
}

/* The snapshot is not needed any more. */
static void
cursor_end(struct pg_iter *it)
{
    if (it->c == NULL)
        return;
    if (!pg_is_broken(it->c) && PQpipelineStatus(it->c->c) == PQ_PIPELINE_OFF)
        pg_command(it->e, it->c, "ROLLBACK");
    pg_give(it->e, it->c);
    it->c = NULL;
}

static struct error *
start_once(struct pg_iter *it)
{
    struct bounds b;
    rows_drop(it);
    ERR_TRY(pg_take(it->e, &it->c));
    bounds_of(it, &b);
    struct error *err = cursor_start(it, &b);
    str_release(&b.start);
    str_release(&b.end);
    if (err != NULL) {
        pg_give(it->e, it->c);
        it->c = NULL;
        return err;
    }
    it->n = PQntuples(it->rows);
    it->complete = it->n < ROWS_FIRST;
    it->whole = it->complete && !it->moved;
    if (it->complete)
        cursor_end(it);
    return NULL;
}

/* The connection that pg_retry brings shows that the server is there again, and goes back unused.
 */
static struct error *
restart(struct pg_engine *e, struct pg_conn *c, void *it)
{
    (void)e;
    (void)c;
    return start_once(it);
}

/* From it->from on. */
static struct error *
start(struct pg_iter *it)
{
    cursor_end(it);
    struct error *err = start_once(it);
    if (err == NULL || !err_is(err, ERR_CONNECTION_FAILURE))
        return err;
    err_free(err);
    return pg_retry(it->e, restart, it);
}

static int
rows_wanted(const struct pg_iter *it)
{
    size_t bytes = 0;
    for (int i = 0; i < it->n; i++)
        bytes += (size_t)PQgetlength(it->rows, i, 0) + (size_t)PQgetlength(it->rows, i, 3) + 32;
    size_t n = it->n > 0 && bytes > 0 ? FETCH_BYTES / (bytes / (size_t)it->n + 1) : ROWS_MAX;
    return n < 1 ? 1 : n > ROWS_MAX ? ROWS_MAX : (int)n;
}

static struct error *
fetch_more(struct pg_iter *it)
{
    char sql[64];
    int want = rows_wanted(it);
    snprintf(sql, sizeof(sql), "FETCH %d FROM amberdb_scan", want);
    rows_drop(it);
    struct error *err = pg_exec(it->e, it->c, "could not read store", sql, 0, NULL, &it->rows);
    if (err != NULL && err_is(err, ERR_CONNECTION_FAILURE) && it->shown &&
        hlc_cmp(it->o.ts, HLC_MAX) != 0) {
        err_free(err);
        str_clear(&it->from);
        str_append_slice(&it->from, str_slice(&it->last));
        it->moved = true;
        /* Other versions of the last key may follow; those up to last_ts are passed over. */
        it->behind = it->o.mode == ENGINE_SCAN_AT;
        return start(it);
    }
    ERR_TRY(err);
    it->n = PQntuples(it->rows);
    it->complete = it->n < want;
    it->whole = false;
    if (it->complete)
        cursor_end(it);
    return NULL;
}

/* ---- the interface ---- */

struct error *
pg_iter_open(struct engine *base, const struct engine_scan_opts *o, struct engine_iter **out)
{
    FAULT_TRY(engine_read);
    struct arena *a = arena_create(NULL, "postgres iterator");
    struct pg_iter *it = ARENA_NEW(a, struct pg_iter);
    it->base.vt = base->vt;
    it->e = (struct pg_engine *)base;
    it->arena = a;
    it->o = *o;
    it->o.span.start = slice_dup(a, o->span.start);
    it->o.span.end = slice_dup(a, o->span.end);
    str_init(&it->from, STR_MAX_DEFAULT);
    str_init(&it->last, STR_MAX_DEFAULT);
    build_sql(it);
    it->e->open_iters++;
    struct error *err = start(it);
    if (err != NULL) {
        pg_iter_close(&it->base);
        return err;
    }
    *out = &it->base;
    return NULL;
}

static void
row_show(const struct pg_iter *it, int row, struct engine_version *v)
{
    v->key = pg_bytes(it->rows, row, 0);
    v->ts.wall = (int64_t)enc_get_be64(pg_bytes(it->rows, row, 1).ptr);
    v->ts.logical = (int32_t)enc_get_be32(pg_bytes(it->rows, row, 2).ptr);
    v->value = pg_bytes(it->rows, row, 3);
}

/* After a restart in the versions of one key: those that were shown come again. */
static bool
was_shown(const struct pg_iter *it, const struct engine_version *v)
{
    return it->o.mode == ENGINE_SCAN_VERSIONS && it->shown && it->moved && !it->behind &&
           slice_eq(v->key, str_slice(&it->last)) && hlc_cmp(v->ts, it->last_ts) >= 0;
}

struct error *
pg_iter_next(struct engine_iter *base, struct engine_version *v, bool *more)
{
    struct pg_iter *it = (struct pg_iter *)base;
    do {
        while (it->at == it->n && !it->complete) {
            if (it->n > 0) { /* so that a lost connection can be made good */
                struct engine_version l;
                row_show(it, it->n - 1, &l);
                str_clear(&it->last);
                str_append_slice(&it->last, l.key);
                it->last_ts = l.ts;
                it->shown = true;
            }
            ERR_TRY(fetch_more(it));
        }
        *more = it->at < it->n;
        if (*more)
            row_show(it, it->at++, v);
    } while (*more && was_shown(it, v));
    return NULL;
}

/* Jump within the rows in hand when they hold the place; else a new cursor. */
struct error *
pg_iter_seek(struct engine_iter *base, struct slice key)
{
    struct pg_iter *it = (struct pg_iter *)base;
    int sign = it->o.reverse ? -1 : 1;
    if (it->whole ||
        (it->at < it->n && sign * slice_cmp(pg_bytes(it->rows, it->at, 0), key) <= 0)) {
        int lo = it->whole ? 0 : it->at, hi = it->n; /* the first row that is not before the key */
        while (lo < hi) {
            int mid = lo + (hi - lo) / 2;
            if (sign * slice_cmp(pg_bytes(it->rows, mid, 0), key) < 0)
                lo = mid + 1;
            else
                hi = mid;
        }
        if (lo < it->n || it->complete) {
            it->at = lo;
            return NULL;
        }
    }
    str_clear(&it->from);
    str_append_slice(&it->from, key);
    it->moved = true;
    it->behind = false;
    it->shown = false;
    return start(it);
}

void
pg_iter_close(struct engine_iter *base)
{
    struct pg_iter *it = (struct pg_iter *)base;
    rows_drop(it);
    cursor_end(it);
    str_release(&it->from);
    str_release(&it->last);
    it->e->open_iters--;
    arena_destroy(it->arena);
}
