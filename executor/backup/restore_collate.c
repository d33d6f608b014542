/* Tables with collated strings in a key: their keys are made anew with this server's collation keys
 * (types/collation.h), for those in the backup come from other tables of weights and would never be
 * found by computing them. The rows' values carry the text itself.
 *
 *     for each such table, still offline: secondary indexes that hold such a key are emptied;
 *     rows in steps of CHUNK_ROWS, each a transaction: pairs under the new key, none under the old,
 *     entries of the emptied indexes
 *
 * Interleaved tables are done one after the other: each passes over the others' rows. A child's key holds its
 * parent's, so that it is made anew, too.
 *
 * May be run again from its beginning: a row whose key is right already is left as it is. The two
 * kinds of keys have no common values, so that a new key never is the old one of another row. */
#include "config.h"

#include "executor/backup/restore_int.h"

#include "catalog/row.h"
#include "executor/node.h"
#include "executor/schema/schema_int.h"

#define CHUNK_ROWS 256
#define FOREIGN_PAIRS 1024 /* of other tables in one step */

struct recoder {
    struct job *job;
    const struct table *t;
    bool *emptied;          /* by index */
    const struct index *emptying;
    struct slice cursor;    /* keys below are done */
    struct str next;        /* the cursor once this step is committed */
    bool more;
};

static bool
has_collated(const struct table *t, const int *ordinals, int n)
{
    for (int i = 0; i < n; i++)
        if (t->columns[ordinals[i]].type->family == FAMILY_COLLATED_STRING)
            return true;
    return false;
}

bool
restore_collated_key(const struct table *t, const struct index *ix)
{
    return has_collated(t, ix->keys, ix->n_keys) ||
           (!ix->primary && has_collated(t, ix->extra, ix->n_extra));
}

struct pair {
    struct slice key, value;
};
struct row_pairs {
    struct arena *a;
    struct pair *v;
    size_t n;
    struct datum *row;
};

static struct error *
collect(void *arg, struct slice key, struct slice value)
{
    struct row_pairs *p = arg;
    struct pair one = {slice_dup(p->a, key), slice_dup(p->a, value)};
    PB_PUSH(p->a, p->v, p->n, one);
    return NULL;
}

static const struct pair *
find(const struct row_pairs *p, struct slice key)
{
    for (size_t i = 0; i < p->n; i++)
        if (slice_eq(p->v[i].key, key))
            return &p->v[i];
    return NULL;
}

static struct error *
write_index(struct exec_ctx *x, const struct recoder *r, const struct index *ix,
            const struct row_pairs *was)
{
    struct row_pairs now = {.a = was->a};
    ERR_TRY(row_encode(was->a, r->t, ix, was->row, collect, &now));
    for (size_t i = 0; i < now.n; i++) {
        struct slice old;
        bool found;
        if (ix->primary && find(was, now.v[i].key) != NULL)
            continue;
        ERR_TRY(kv_get(x->txn, now.v[i].key, was->a, &found, &old, NULL));
        if (found && ix->unique && !slice_eq(old, now.v[i].value))
            return ddl_duplicate_key(x, r->t, ix, was->row);
        ERR_TRY(kv_put(x->txn, now.v[i].key, now.v[i].value));
    }
    for (size_t i = 0; ix->primary && i < was->n; i++)
        if (find(&now, was->v[i].key) == NULL)
            ERR_TRY(kv_del(x->txn, was->v[i].key));
    return NULL;
}

/* The next rows' pairs, as they are. */
static struct error *
read_rows(struct exec_ctx *x, struct recoder *r, struct row_pairs *rows, size_t *n)
{
    const struct table *t = r->t;
    bool *needed = ARENA_ARRAY(x->arena, bool, (size_t)t->n_all_columns + 1);
    struct row_decoder *d;
    struct kv_scan_opts o = {.span = row_index_span(x->arena, t, &t->indexes[0])};
    struct kv_scan *scan;
    struct error *err;
    memset(needed, true, (size_t)t->n_all_columns);
    struct row_decoder_opts dopts = {.table = t, .index = &t->indexes[0], .needed = needed,
                                      .exact_zero = true};
    ERR_TRY(row_decoder_create(x->arena, &dopts, &d));
    row_decoder_reset(d);
    if (r->cursor.len > 0)
        o.span.start = r->cursor;
    *n = 0;
    ERR_TRY(kv_scan_open(x->txn, &o, &scan));
    for (size_t foreign = 0;;) {
        struct kv_entry e;
        bool more, starts, skip = false;
        ERR_GOTO(kv_scan_next(scan, &e, &more), out);
        if (!more)
            break;
        bool fresh = *n == 0 || !row_continues(d, e.key);
        if (fresh && *n == CHUNK_ROWS) {
            r->more = true;
            break;
        }
        struct row_pairs *w = &rows[fresh ? *n : *n - 1];
        if (fresh) {
            row_decoder_reset(d);
            *w = (struct row_pairs){.a = x->arena};
            w->row = ARENA_ARRAY(x->arena, struct datum, (size_t)t->n_all_columns + 1);
            for (int i = 0; i < t->n_all_columns; i++)
                w->row[i] = DATUM_NULL;
        }
        struct pair one = {slice_dup(x->arena, e.key), slice_dup(x->arena, e.value)};
        ERR_GOTO(row_decode(d, one.key, one.value, x->arena, w->row, &starts, &skip), out);
        str_clear(&r->next);
        str_append_slice(&r->next, one.key);
        str_append_char(&r->next, '\0');
        if (!skip) {
            *n += fresh;
            PB_PUSH(x->arena, w->v, w->n, one);
        } else if (++foreign == FOREIGN_PAIRS) { /* all of a row's pairs come before those of another table */
            r->more = true;
            break;
        }
    }
    err = NULL;
out:
    kv_scan_close(scan);
    return err;
}

static struct error *
chunk_txn(struct exec_ctx *x, void *arg)
{
    struct recoder *r = arg;
    struct row_pairs *rows = ARENA_ARRAY(x->arena, struct row_pairs, CHUNK_ROWS + 1);
    size_t n;
    r->more = false;
    ERR_TRY(read_rows(x, r, rows, &n));
    kv_txn_set_read_own(x->txn, true);
    struct error *err = NULL;
    for (size_t i = 0; i < n && err == NULL; i++) {
        err = write_index(x, r, &r->t->indexes[0], &rows[i]);
        for (int k = 1; k < r->t->n_indexes && err == NULL; k++)
            if (r->emptied[k])
                err = write_index(x, r, &r->t->indexes[k], &rows[i]);
    }
    kv_txn_set_read_own(x->txn, false);
    return err != NULL ? err : str_error(&r->next);
}

/* Take an interleaved index's entries away, some at a time: other tables' rows lie between them. */
static struct error *
empty_txn(struct exec_ctx *x, void *arg)
{
    struct recoder *r = arg;
    bool *needed = ARENA_ARRAY(x->arena, bool, (size_t)r->t->n_all_columns + 1);
    struct datum *row = ARENA_ARRAY(x->arena, struct datum, (size_t)r->t->n_all_columns + 1);
    struct row_decoder_opts dopts = {.table = r->t, .index = r->emptying, .needed = needed};
    struct kv_scan_opts o = {.span = row_index_span(x->arena, r->t, r->emptying)};
    struct row_decoder *d;
    struct kv_scan *scan;
    struct row_pairs old = {.a = x->arena};
    struct error *err;
    memset(needed, false, (size_t)r->t->n_all_columns + 1);
    ERR_TRY(row_decoder_create(x->arena, &dopts, &d));
    if (r->cursor.len > 0)
        o.span.start = r->cursor;
    r->more = false;
    ERR_TRY(kv_scan_open(x->txn, &o, &scan));
    for (size_t n = 0;; n++) {
        struct kv_entry e;
        bool more, starts, skip = false;
        ERR_GOTO(kv_scan_next(scan, &e, &more), out);
        r->more = more && n == FOREIGN_PAIRS;
        if (!more || r->more)
            break;
        row_decoder_reset(d);
        ERR_GOTO(row_decode(d, e.key, e.value, x->arena, row, &starts, &skip), out);
        if (!skip)
            ERR_GOTO(collect(&old, e.key, e.value), out);
        str_clear(&r->next);
        str_append_slice(&r->next, e.key);
        str_append_char(&r->next, '\0');
    }
    err = str_error(&r->next);
out:
    kv_scan_close(scan);
    for (size_t i = 0; i < old.n && err == NULL; i++)
        err = kv_del(x->txn, old.v[i].key);
    return err;
}

/* Steps, each a transaction that begins where the one before ended. */
static struct error *
in_steps(struct recoder *r, struct arena *a, struct error *(*step)(struct exec_ctx *x, void *arg))
{
    struct job *j = r->job;
    struct str cursor;
    str_init_arena(&cursor, a, STR_MAX_DEFAULT);
    r->cursor = SLICE_NULL;
    r->more = true;
    while (r->more) {
        ERR_TRY(cancel_check(&j->cancel));
        ERR_TRY(exec_txn(j->node, NULL, "system", HLC_MIN, &j->cancel, step, r));
        str_clear(&cursor);
        str_append_slice(&cursor, str_slice(&r->next));
        r->cursor = str_slice(&cursor);
    }
    return NULL;
}

static struct error *
recode_table(struct job *j, struct arena *a, const struct table *t)
{
    struct recoder r = {.job = j, .t = t};
    r.emptied = ARENA_ARRAY(a, bool, (size_t)t->n_indexes + 1);
    str_init_arena(&r.next, a, STR_MAX_DEFAULT);
    for (int i = 0; i < t->n_indexes; i++) {
        const struct index *ix = &t->indexes[i];
        r.emptied[i] = !ix->primary && restore_collated_key(t, ix);
        if (!r.emptied[i])
            continue;
        r.emptying = ix;
        if (ix->pb->interleave != NULL && ix->pb->interleave->n_ancestors > 0)
            ERR_TRY(in_steps(&r, a, empty_txn));
        else
            ERR_TRY(engine_drop_span(kv_db_engine(j->node->db), row_index_span(a, t, ix)));
    }
    return in_steps(&r, a, chunk_txn);
}

struct error *
restore_collated_keys(struct job *j, pb_table *const *tables, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct arena *a = arena_create(j->arena, "collated keys");
        const struct table *t;
        bool any = false;
        struct error *err = table_from_pb(a, pb_table_copy(a, tables[i]), &t);
        for (int k = 0; err == NULL && k < t->n_indexes && !t->is_view && !t->is_sequence; k++)
            any = any || restore_collated_key(t, &t->indexes[k]);
        if (err == NULL && any)
            err = recode_table(j, a, t);
        arena_destroy(a);
        if (err != NULL)
            return err;
    }
    return NULL;
}
