#include "config.h"

#include <stdlib.h>

#include "executor/relational/rel_int.h"
#include "executor/relational/table_reader.h"

/* ---- index join: the rest of each row by its primary key ------------------------------------ */

/* Rows are fetched a group at a time, in the order of their keys, so that a block of the store is looked
 * into once for all its rows, and given out in the order in which they came. Groups grow: who wants a few
 * rows does not wait for many. */
#define GROUP_MIN 128
#define GROUP_MAX 65536
#define GROUP_GROWTH 8

struct fetch {
    struct span span;
    struct datum *row; /* as given out; NULL: not there */
};

struct index_join_op {
    struct op op;
    const struct plan_index_join *plan;
    struct table_reader *reader;
    struct arena *group_arena;
    struct batch *in;
    int in_pos;
    struct fetch *group;
    int n_group, next, max_group;
};

static struct error *
index_join_open(struct op *o)
{
    struct index_join_op *s = (struct index_join_op *)o;
    const struct plan_index_join *p = s->plan;
    bool *needed = ARENA_ARRAY(o->arena, bool, (size_t)p->table->n_all_columns + 1);

    for (int i = 0; i < p->n_out; i++)
        needed[p->ordinals[i]] = true;
    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    s->group_arena = arena_create(o->arena, "rows by key");
    s->in = NULL;
    s->in_pos = s->n_group = s->next = 0;
    s->max_group = GROUP_MIN;
    ERR_TRY(table_reader_create(o->x, o->arena, p->table, &p->table->indexes[0], needed, p->lock,
                                &s->reader));
    table_reader_trace(s->reader, "join reader", true);
    return op_open(o->children[0]);
}

/* As long as there is memory for rows like those of the group before. */
static void
grow(struct index_join_op *s)
{
    size_t limit = rel_memory_limit(s->op.x), used = arena_size(s->group_arena);

    if (s->n_group < s->max_group)
        return;
    if (used < limit / (GROUP_GROWTH + 1) && s->max_group < GROUP_MAX)
        s->max_group *= GROUP_GROWTH;
    else if (used > limit && s->max_group > GROUP_MIN)
        s->max_group /= GROUP_GROWTH;
}

/* The keys of the next group. */
static struct error *
take_keys(struct index_join_op *s)
{
    const struct plan_index_join *p = s->plan;

    grow(s);
    arena_reset(s->group_arena);
    s->n_group = s->next = 0;
    s->group = ARENA_ARRAY(s->group_arena, struct fetch, (size_t)s->max_group);
    while (s->n_group < s->max_group) {
        if (s->in == NULL || s->in_pos == batch_live(s->in)) {
            ERR_TRY(op_next(s->op.children[0], &s->in));
            s->in_pos = 0;
            if (s->in->n == 0)
                break;
            continue;
        }
        struct datum *vals = ARENA_ARRAY(s->group_arena, struct datum, (size_t)p->n_keys + 1);
        int r = batch_row(s->in, s->in_pos++);
        for (int i = 0; i < p->n_keys; i++)
            vals[i] = s->in->cols[p->key_cols[i]][r];
        struct fetch *f = &s->group[s->n_group++];
        f->row = NULL;
        ERR_TRY(index_prefix_span(s->group_arena, p->table, &p->table->indexes[0], vals, p->n_keys,
                                  &f->span));
    }
    return NULL;
}

static int
by_key(const void *a, const void *b)
{
    const struct fetch *const *x = a, *const *y = b;
    return slice_cmp((*x)->span.start, (*y)->span.start);
}

static void
take_row(struct index_join_op *s, struct fetch *f, const struct datum *row)
{
    const struct plan_index_join *p = s->plan;

    f->row = ARENA_ARRAY(s->group_arena, struct datum, (size_t)p->n_out + 1);
    for (int i = 0; i < p->n_out; i++)
        f->row[i] = datum_copy(s->group_arena, s->op.node->cols[i].type, &row[p->ordinals[i]]);
}

/* Locks are taken, and reads are traced, in the order of the rows. */
static struct error *
fetch_in_order(struct index_join_op *s)
{
    for (int i = 0; i < s->n_group; i++) {
        const struct datum *row;
        table_reader_start(s->reader, &s->group[i].span, 1, false);
        ERR_TRY(table_reader_next(s->reader, &row));
        if (row != NULL)
            take_row(s, &s->group[i], row);
    }
    return NULL;
}

/* The same row may be asked for twice: an inverted index has it once an element. */
static struct error *
fetch_sorted(struct index_join_op *s)
{
    size_t n = (size_t)s->n_group;
    struct fetch **v = ARENA_ARRAY(s->group_arena, struct fetch *, n + 1);
    struct span *spans = ARENA_ARRAY(s->group_arena, struct span, n + 1);
    int *first = ARENA_ARRAY(s->group_arena, int, n + 2); /* of those that want the span's row */
    int n_spans = 0;
    for (size_t i = 0; i < n; i++)
        v[i] = &s->group[i];
    qsort(v, n, sizeof(*v), by_key);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && by_key(&v[i - 1], &v[i]) == 0)
            continue;
        first[n_spans] = (int)i;
        spans[n_spans++] = v[i]->span;
    }
    first[n_spans] = (int)n;
    ERR_TRY(table_reader_start_sorted(s->reader, spans, n_spans));
    for (;;) {
        const struct datum *row;
        ERR_TRY(table_reader_next(s->reader, &row));
        if (row == NULL)
            return NULL;
        int span = table_reader_span(s->reader);
        for (int i = first[span]; i < first[span + 1]; i++)
            take_row(s, v[i], row);
    }
}

static struct error *
fetch_group(struct index_join_op *s)
{
    ERR_TRY(take_keys(s));
    return s->plan->lock || s->op.x->trace_kv ? fetch_in_order(s) : fetch_sorted(s);
}

static struct error *
index_join_next(struct op *o, struct batch **out)
{
    struct index_join_op *s = (struct index_join_op *)o;

    *out = &o->batch;
    for (;;) {
        op_begin_batch(o);
        if (s->next == s->n_group) {
            ERR_TRY(fetch_group(s));
            if (s->n_group == 0)
                return NULL;
        }
        while (o->batch.n < BATCH_ROWS && s->next < s->n_group) {
            const struct fetch *f = &s->group[s->next++];
            if (f->row == NULL)
                continue;
            for (int i = 0; i < s->plan->n_out; i++)
                o->batch.cols[i][o->batch.n] = f->row[i];
            o->batch.n++;
        }
        if (s->plan->filter != NULL && o->batch.n > 0) {
            struct eval_env env = op_env(o);
            ERR_TRY(expr_filter_rows(s->plan->filter, &env, o->st, &o->batch, &o->later));
        }
        if (batch_live(&o->batch) > 0)
            return NULL;
    }
}

static void
index_join_close(struct op *o)
{
    struct index_join_op *s = (struct index_join_op *)o;

    if (s->reader != NULL)
        table_reader_close(s->reader);
    s->reader = NULL;
}

static const struct op_vt index_join_vt = {.name = "index-join",
                                           .open = index_join_open,
                                           .next = index_join_next,
                                           .close = index_join_close};

struct error *
make_index_join(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
                struct op **out)
{
    ERR_TRY(op_new(x, st, n, &index_join_vt, sizeof(struct index_join_op), out));
    ((struct index_join_op *)*out)->plan = (const struct plan_index_join *)n;
    return NULL;
}

/* ---- lookup join: rows of an index by values of the left row -------------------------------- */

struct lookup_join_op {
    struct op op;
    const struct plan_lookup_join *plan;
    struct table_reader *reader, *primary; /* primary: when the index does not cover */
    bool covering;
    struct arena *key_arena;
    struct batch *in;
    int in_pos, n_fetched; /* of in: the next row, and those whose matches were fetched ahead */
    int n_left;
    struct datum *row;      /* left then right */
    struct datum *keys;
    bool reading, matched;
    struct span span;
};

static bool
index_covers(const struct plan_lookup_join *p)
{
    const struct index *ix = p->index;

    if (ix->primary)
        return true;
    for (int i = 0; i < p->n_out; i++) {
        bool found = false;
        for (int k = 0; k < ix->n_keys; k++)
            found = found || ix->keys[k] == p->ordinals[i];
        for (int k = 0; k < ix->n_extra; k++)
            found = found || ix->extra[k] == p->ordinals[i];
        for (int k = 0; k < ix->n_stored; k++)
            found = found || ix->stored[k] == p->ordinals[i];
        if (!found)
            return false;
    }
    return true;
}

static struct error *
lookup_join_open(struct op *o)
{
    struct lookup_join_op *s = (struct lookup_join_op *)o;
    const struct plan_lookup_join *p = s->plan;
    const struct index *pk = &p->table->indexes[0];
    bool *needed = ARENA_ARRAY(o->arena, bool, (size_t)p->table->n_all_columns + 1);

    s->covering = index_covers(p);
    for (int i = 0; i < p->n_out; i++)
        needed[p->ordinals[i]] = true;
    if (!s->covering) {
        ERR_TRY(table_reader_create(o->x, o->arena, p->table, pk, needed, p->lock, &s->primary));
        table_reader_trace(s->primary, "join reader", true);
        needed = ARENA_ARRAY(o->arena, bool, (size_t)p->table->n_all_columns + 1);
        for (int i = 0; i < pk->n_keys; i++)
            needed[pk->keys[i]] = true;
    }
    ERR_TRY(table_reader_create(o->x, o->arena, p->table, p->index, needed,
                                p->lock && s->covering, &s->reader));
    table_reader_trace(s->reader, "join reader", true);
    s->n_left = o->node->children[0]->n_cols;
    s->row = ARENA_ARRAY(o->arena, struct datum, (size_t)s->n_left + (size_t)p->n_out + 1);
    s->keys = ARENA_ARRAY(o->arena, struct datum, (size_t)p->n_keys + 1);
    s->key_arena = arena_create(o->arena, "keys");
    s->in = NULL;
    s->in_pos = s->n_fetched = 0;
    s->reading = false;
    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    return op_open(o->children[0]);
}

/* Where the matches of a left row are; *none: nowhere, as a value is NULL. */
static struct error *
left_span(struct lookup_join_op *s, int at, struct span *span, bool *none)
{
    const struct plan_lookup_join *p = s->plan;
    struct eval_env env = s->op.x->env;

    env.arena = s->key_arena;
    batch_get_row(s->in, batch_row(s->in, at), s->row);
    *none = false;
    for (int i = 0; i < p->n_keys; i++) {
        ERR_TRY(expr_eval(p->keys[i], &env, s->op.st, s->row, &s->keys[i]));
        *none = *none || s->keys[i].null;
    }
    if (*none)
        return NULL;
    return index_prefix_span(s->key_arena, p->table, p->index, s->keys, p->n_keys, span);
}

/* The matches of the left rows from the next one on, together. */
static struct error *
fetch_matches(struct lookup_join_op *s)
{
    struct span spans[TABLE_READER_PREFETCH];
    int n = 0;

    for (s->n_fetched = s->in_pos; s->n_fetched < batch_live(s->in) && n < TABLE_READER_PREFETCH;
         s->n_fetched++) {
        bool none;
        struct error *err = left_span(s, s->n_fetched, &spans[n], &none);
        n += err == NULL && !none;
        err_free(err); /* it shows when that row is looked at, if it is */
    }
    return table_reader_prefetch(s->reader, spans, n);
}

/* Take the next left row and start reading its matches. */
static struct error *
start_left(struct lookup_join_op *s)
{
    bool none;

    arena_reset(s->key_arena);
    if (s->in_pos >= s->n_fetched && kv_prefetches(s->op.x->txn))
        ERR_TRY(fetch_matches(s));
    ERR_TRY(left_span(s, s->in_pos, &s->span, &none));
    s->matched = false;
    s->reading = true;
    table_reader_start(s->reader, &s->span, none ? 0 : 1, false);
    return NULL;
}

static struct error *
next_match(struct lookup_join_op *s, bool *more)
{
    const struct plan_lookup_join *p = s->plan;
    const struct index *pk = &p->table->indexes[0];

    for (;;) {
        const struct datum *r;
        ERR_TRY(table_reader_next(s->reader, &r));
        if (r == NULL) {
            *more = false;
            return NULL;
        }
        if (!s->covering) {
            struct datum *vals = ARENA_ARRAY(s->key_arena, struct datum, (size_t)pk->n_keys + 1);
            struct span span;
            for (int i = 0; i < pk->n_keys; i++)
                vals[i] = r[pk->keys[i]];
            ERR_TRY(index_prefix_span(s->key_arena, p->table, pk, vals, pk->n_keys, &span));
            table_reader_start(s->primary, &span, 1, false);
            ERR_TRY(table_reader_next(s->primary, &r));
            if (r == NULL)
                continue;
        }
        for (int i = 0; i < p->n_out; i++)
            s->row[s->n_left + i] = r[p->ordinals[i]];
        if (p->on != NULL) {
            struct eval_env env = s->op.x->env;
            struct datum ok;
            env.arena = s->key_arena;
            ERR_TRY(expr_eval(p->on, &env, s->op.st, s->row, &ok));
            if (ok.null || !ok.i)
                continue;
        }
        *more = true;
        return NULL;
    }
}

static void
finish_left(struct lookup_join_op *s)
{
    const struct plan_lookup_join *p = s->plan;

    s->reading = false;
    s->in_pos++;
    if (s->matched)
        return;
    if (p->type == PLAN_JOIN_LEFT) {
        for (int i = 0; i < p->n_out; i++)
            s->row[s->n_left + i] = DATUM_NULL;
        op_put_row(&s->op, s->row);
    } else if (p->type == PLAN_JOIN_ANTI) {
        op_put_row(&s->op, s->row);
    }
}

static struct error *
lookup_join_next(struct op *o, struct batch **out)
{
    struct lookup_join_op *s = (struct lookup_join_op *)o;
    const struct plan_lookup_join *p = s->plan;
    bool semi = p->type == PLAN_JOIN_SEMI || p->type == PLAN_JOIN_ANTI;

    *out = &o->batch;
    op_begin_batch(o);
    while (o->batch.n < BATCH_ROWS) {
        if (!s->reading) {
            if (s->in == NULL || s->in_pos == batch_live(s->in)) {
                if (o->batch.n > 0)
                    return NULL;
                ERR_TRY(op_next(o->children[0], &s->in));
                s->in_pos = s->n_fetched = 0;
                if (s->in->n == 0)
                    return NULL;
            }
            if (s->in_pos == batch_live(s->in))
                continue;
            ERR_TRY(start_left(s));
        }
        bool more = false;
        ERR_TRY(next_match(s, &more));
        if (!more) {
            finish_left(s);
            continue;
        }
        s->matched = true;
        if (p->type != PLAN_JOIN_ANTI)
            op_put_row(o, s->row);
        if (semi)
            finish_left(s);
    }
    return NULL;
}

static void
lookup_join_close(struct op *o)
{
    struct lookup_join_op *s = (struct lookup_join_op *)o;

    if (s->reader != NULL)
        table_reader_close(s->reader);
    if (s->primary != NULL)
        table_reader_close(s->primary);
    s->reader = s->primary = NULL;
}

static const struct op_vt lookup_join_vt = {.name = "lookup-join",
                                            .open = lookup_join_open,
                                            .next = lookup_join_next,
                                            .close = lookup_join_close};

struct error *
make_lookup_join(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
                 struct op **out)
{
    ERR_TRY(op_new(x, st, n, &lookup_join_vt, sizeof(struct lookup_join_op), out));
    ((struct lookup_join_op *)*out)->plan = (const struct plan_lookup_join *)n;
    return NULL;
}
