/* storage/engine_postgres_order.c - one order of the commits of all processes over one store.
 *
 *   amberdb_clock  one row: time of the newest commit; notes with a time before fw may be gone
 *   amberdb_notes  w, l, writer, what: a commit, for the other processes
 *
 * Who commits holds the clock's row under FOR UPDATE from the look at the others' notes to its COMMIT. So
 * times of commits rise in the order in which they can be seen, and what the clock shows in any snapshot
 * can be read there.
 *
 * Who holds the row and sends nothing for a while (CLOCK_IDLE) is cut off or frozen: the server ends his
 * transaction, so that the others do not wait for longer. For him that is a lost connection.
 *
 * A lost connection at COMMIT. The row is locked again, which waits for what is left of the first try;
 * then the note is there or it never will be.
 */
#include "config.h"

#include "storage/engine_postgres_int.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/hash.h"

/* Notes are kept so long; a process that looks more rarely looks at the versions instead. */
#define NOTES_KEEP_NS INT64_C(60000000000)
#define PRUNE_EVERY 512 /* commits of a process */
/* Tries when the server says that its own transactions are in each other's way. */
#define CONFLICT_TRIES 100

#define CLOCK_IDLE "SET LOCAL idle_in_transaction_session_timeout = '5s'"

struct pg_order {
    struct engine_order base;
    struct pg_engine *e;
    struct pg_conn *c;
};

void
pg_time_args_set(struct pg_time_args *t, struct hlc ts)
{
    enc_put_be64(t->bytes, (uint64_t)ts.wall);
    enc_put_be32(t->bytes + 8, (uint32_t)ts.logical);
    t->args[0] = (struct pg_arg){t->bytes, 8};
    t->args[1] = (struct pg_arg){t->bytes + 8, 4};
}

static struct hlc
time_at(const PGresult *r, int row, int col)
{
    return (struct hlc){(int64_t)enc_get_be64(pg_bytes(r, row, col).ptr),
                        (int32_t)enc_get_be32(pg_bytes(r, row, col + 1).ptr)};
}

struct error *
pg_view_read(const struct pg_engine *e, const PGresult *r, struct arena *a,
             struct engine_order_view *v)
{
    int rows = PQntuples(r);
    if (rows == 0)
        return err_new(ERR_DATA_CORRUPTED, "store %s has lost its clock", e->shown);
    v->newest = time_at(r, 0, 0);
    v->floor = (struct hlc){(int64_t)enc_get_be64(pg_bytes(r, 0, 2).ptr), 0};
    v->notes = ARENA_ARRAY(a, struct engine_note, (size_t)rows);
    v->n = 0;
    for (int i = 0; i < rows; i++) {
        if (PQgetisnull(r, i, 3))
            continue;
        struct engine_note *n = &v->notes[v->n++];
        n->ts = time_at(r, i, 3);
        n->writer = enc_get_be64(pg_bytes(r, i, 5).ptr);
        n->what = slice_dup(a, pg_bytes(r, i, 6));
    }
    return NULL;
}

uint64_t
pg_writer(struct engine *base)
{
    return ((struct pg_engine *)base)->writer;
}

/* ---- looking ---- */

struct look {
    struct hlc since;
    struct arena *arena;
    struct engine_order_view *view;
    struct pg_order *order; /* NULL: only a look */
};

static struct error *
view_once(struct pg_engine *e, struct pg_conn *c, void *arg)
{
    struct look *l = arg;
    struct pg_time_args since;
    PGresult *res;
    pg_time_args_set(&since, l->since);
    ERR_TRY(pg_exec(e, c, "could not read store", PG_VIEW, 2, since.args, &res));
    struct error *err = pg_view_read(e, res, l->arena, l->view);
    PQclear(res);
    return err;
}

struct error *
pg_order_view(struct engine *base, struct hlc since, struct arena *a, struct engine_order_view *v)
{
    FAULT_TRY(engine_read);
    struct look l = {since, a, v, NULL};
    return pg_retry((struct pg_engine *)base, view_once, &l);
}

struct raise {
    struct hlc ts;
};

static struct error *
raise_once(struct pg_engine *e, struct pg_conn *c, void *arg)
{
    const struct raise *r = arg;
    struct pg_time_args ts;
    pg_time_args_set(&ts, r->ts);
    return pg_run(e, c, "could not write store",
                  "UPDATE amberdb_clock SET w = $1::int8, l = $2::int4 "
                  "WHERE id = 1 AND (w, l) < ($1::int8, $2::int4)",
                  2, ts.args);
}

struct error *
pg_insist(struct pg_engine *e,
          struct error *(*fn)(struct pg_engine *e, struct pg_conn *c, void *arg), void *arg)
{
    for (int i = 0;; i++) {
        struct error *err = pg_retry(e, fn, arg);
        if (err == NULL || !err_is(err, ERR_SERIALIZATION_FAILURE) || i == CONFLICT_TRIES)
            return err;
        err_free(err);
    }
}

struct error *
pg_order_raise(struct engine *base, struct hlc ts)
{
    struct raise r = {ts};
    return pg_insist((struct pg_engine *)base, raise_once, &r);
}

/* ---- committing ---- */

static void
leave_transaction(struct pg_engine *e, struct pg_conn *c)
{
    if (!pg_is_broken(c))
        pg_command(e, c, "ROLLBACK");
}

static void
steps_clear(struct pg_step *steps, int n)
{
    for (int i = 0; i < n; i++)
        PQclear(steps[i].res);
}

static struct error *
begin_once(struct pg_engine *e, struct pg_conn *c, void *arg)
{
    struct look *l = arg;
    struct pg_time_args since;
    pg_time_args_set(&since, l->since);
    struct pg_step steps[] = {{"BEGIN", 0, NULL, NULL},
                              {CLOCK_IDLE, 0, NULL, NULL},
                              {"SELECT 1 FROM amberdb_clock WHERE id = 1 FOR UPDATE", 0, NULL, NULL},
                              {PG_VIEW, 2, since.args, NULL}};
    struct error *err = pg_pipeline(e, c, "could not write store", steps, 4);
    if (err == NULL) {
        err = pg_view_read(e, steps[3].res, l->arena, l->view);
        steps_clear(steps, 4);
    }
    if (err != NULL) {
        leave_transaction(e, c);
        return err;
    }
    c->kept = true;
    l->order->c = c;
    return NULL;
}

struct error *
pg_order_begin(struct engine *base, struct hlc since, struct arena *a, struct engine_order_view *v,
               struct engine_order **out)
{
    struct pg_order *o = xcalloc(1, sizeof(*o));
    o->base.vt = base->vt;
    o->e = (struct pg_engine *)base;
    struct look l = {since, a, v, o};
    struct error *err = pg_insist(o->e, begin_once, &l);
    if (err != NULL) {
        xfree(o);
        return err;
    }
    *out = &o->base;
    return NULL;
}

static void
order_end(struct pg_order *o)
{
    o->c->kept = false;
    pg_give(o->e, o->c);
    xfree(o);
}

/* One INSERT of the notes. */
struct note_rows {
    struct str s[4];
    struct pg_arg args[4];
};

static struct error *
note_rows_fill(struct note_rows *r, uint64_t writer, const struct engine_note *notes, size_t n)
{
    static const uint32_t oids[4] = {PG_OID_INT8, PG_OID_INT4, PG_OID_INT8, PG_OID_BYTEA};
    uint8_t who[8];
    enc_put_be64(who, writer);
    for (int i = 0; i < 4; i++) {
        str_init(&r->s[i], STR_MAX_DEFAULT);
        pg_array_begin(&r->s[i], oids[i], n);
    }
    for (size_t i = 0; i < n; i++) {
        struct pg_time_args t;
        pg_time_args_set(&t, notes[i].ts);
        pg_array_add(&r->s[0], t.bytes, 8);
        pg_array_add(&r->s[1], t.bytes + 8, 4);
        pg_array_add(&r->s[2], who, 8);
        pg_array_add(&r->s[3], notes[i].what.ptr, notes[i].what.len);
    }
    for (int i = 0; i < 4; i++) {
        ERR_TRY(str_error(&r->s[i]));
        r->args[i] = (struct pg_arg){r->s[i].ptr, (int)r->s[i].len};
    }
    return NULL;
}

/* The last rows, the notes, the clock and COMMIT go together. */
static struct error *
commit_last(struct pg_order *o, const struct pg_rows *rows, const struct note_rows *notes,
            struct hlc newest)
{
    struct pg_time_args ts;
    uint8_t floor[8];
    struct pg_arg floor_arg = {floor, 8};
    struct pg_step steps[6];
    int n = 0;
    pg_time_args_set(&ts, newest);
    enc_put_be64(floor, (uint64_t)(newest.wall - NOTES_KEEP_NS));
    if (rows != NULL)
        steps[n++] = (struct pg_step){PG_INSERT_VERSIONS, 4, rows->args, NULL};
    steps[n++] = (struct pg_step){PG_INSERT_NOTES, 4, notes->args, NULL};
    steps[n++] = (struct pg_step){PG_MOVE_CLOCK, 2, ts.args, NULL};
    if (atomic_fetch_add(&o->e->commits, 1) % PRUNE_EVERY == PRUNE_EVERY - 1) {
        steps[n++] = (struct pg_step){"UPDATE amberdb_clock SET fw = $1::int8 WHERE id = 1", 1,
                                      &floor_arg, NULL};
        steps[n++] =
            (struct pg_step){"DELETE FROM amberdb_notes WHERE w < $1::int8", 1, &floor_arg, NULL};
    }
    steps[n++] = (struct pg_step){"COMMIT", 0, NULL, NULL};
    ERR_TRY(pg_pipeline(o->e, o->c, "could not write store", steps, n));
    steps_clear(steps, n);
    return NULL;
}

static struct error *
commit_all(struct pg_order *o, const struct engine_write *w, size_t n,
           const struct engine_note *notes, size_t n_notes)
{
    struct note_rows nr = {0};
    struct error *err = note_rows_fill(&nr, o->e->writer, notes, n_notes);
    size_t at = 0;
    do {
        struct pg_rows rows = {0};
        size_t len = 0;
        if (err == NULL && at < n)
            err = pg_rows_fill(&rows, w + at, n - at, &len);
        at += len;
        if (err == NULL && at < n)
            err = pg_run(o->e, o->c, "could not write store", PG_INSERT_VERSIONS, 4, rows.args);
        else if (err == NULL)
            err = commit_last(o, n > 0 ? &rows : NULL, &nr, notes[n_notes - 1].ts);
        pg_rows_release(&rows);
    } while (err == NULL && at < n);
    for (int i = 0; i < 4; i++)
        str_release(&nr.s[i]);
    return err;
}

struct search {
    struct hlc ts;
    uint64_t writer;
    bool found;
};

static struct error *
search_once(struct pg_engine *e, struct pg_conn *c, void *arg)
{
    struct search *s = arg;
    uint8_t who[8];
    struct pg_time_args ts;
    pg_time_args_set(&ts, s->ts);
    enc_put_be64(who, s->writer);
    struct pg_arg args[] = {ts.args[0], ts.args[1], {who, 8}};
    struct pg_step steps[] = {
        {"BEGIN", 0, NULL, NULL},
        {"SELECT 1 FROM amberdb_clock WHERE id = 1 FOR UPDATE", 0, NULL, NULL},
        {"SELECT 1 FROM amberdb_notes WHERE w = $1::int8 AND l = $2::int4 AND writer = $3::int8", 3,
         args, NULL},
        {"COMMIT", 0, NULL, NULL}};
    struct error *err = pg_pipeline(e, c, "could not read store", steps, 4);
    if (err != NULL) {
        leave_transaction(e, c);
        return err;
    }
    s->found = PQntuples(steps[2].res) > 0;
    steps_clear(steps, 4);
    return NULL;
}

/* The connection was lost while the commit was on its way. */
static struct error *
find_out(struct pg_engine *e, struct hlc ts, struct error *lost, bool *again)
{
    struct search s = {ts, e->writer, false};
    struct error *err = pg_insist(e, search_once, &s);
    if (err == NULL) {
        err_free(lost);
        *again = !s.found;
        return NULL;
    }
    err_free(err);
    err = err_new(ERR_STATEMENT_COMPLETION_UNKNOWN, "result is ambiguous (%s)", lost->message);
    err_free(lost);
    return err;
}

struct error *
pg_order_commit(struct engine_order *base, const struct engine_write *w, size_t n,
                const struct engine_note *notes, size_t n_notes, bool *again)
{
    struct pg_order *o = (struct pg_order *)base;
    struct pg_engine *e = o->e;
    if (n_notes == 0) {
        leave_transaction(e, o->c);
        order_end(o);
        return NULL;
    }
    struct error *err = fault_hit(FAULT_engine_commit) ? fault_error(FAULT_engine_commit)
                                                       : commit_all(o, w, n, notes, n_notes);
    if (err != NULL)
        leave_transaction(e, o->c);
    order_end(o);
    if (err == NULL)
        return NULL;
    if (err_is(err, ERR_SERIALIZATION_FAILURE) || err_is(err, ERR_LOCK_NOT_AVAILABLE)) {
        err_free(err);
        *again = true;
        return NULL;
    }
    if (err_is(err, ERR_CONNECTION_FAILURE))
        return find_out(e, notes[n_notes - 1].ts, err, again);
    return err;
}
