#include "config.h"

#include "executor/relational/rel_int.h"
#include "executor/relational/table_reader.h"

/* ---- index join: the rest of each row by its primary key ------------------------------------ */

struct index_join_op {
    struct op op;
    const struct plan_index_join *plan;
    struct table_reader *reader;
    struct arena *key_arena;
    struct batch *in;
    int in_pos;
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
    s->key_arena = arena_create(o->arena, "keys");
    s->in = NULL;
    s->in_pos = 0;
    ERR_TRY(table_reader_create(o->x, o->arena, p->table, &p->table->indexes[0], needed, p->lock,
                                &s->reader));
    table_reader_trace(s->reader, "join reader", true);
    return op_open(o->children[0]);
}

static struct error *
fetch_by_key(struct index_join_op *s, int r)
{
    const struct plan_index_join *p = s->plan;
    struct datum *vals = ARENA_ARRAY(s->key_arena, struct datum, (size_t)p->n_keys + 1);
    struct span span;
    const struct datum *row;

    for (int i = 0; i < p->n_keys; i++)
        vals[i] = s->in->cols[p->key_cols[i]][r];
    ERR_TRY(index_prefix_span(s->key_arena, p->table, &p->table->indexes[0], vals, p->n_keys,
                              &span));
    table_reader_start(s->reader, &span, 1, false);
    ERR_TRY(table_reader_next(s->reader, &row));
    if (row == NULL)
        return NULL;
    for (int i = 0; i < p->n_out; i++)
        s->op.batch.cols[i][s->op.batch.n] = datum_copy(
            s->op.batch_arena, s->op.node->cols[i].type, &row[p->ordinals[i]]);
    s->op.batch.n++;
    return NULL;
}

static struct error *
index_join_next(struct op *o, struct batch **out)
{
    struct index_join_op *s = (struct index_join_op *)o;

    *out = &o->batch;
    for (;;) {
        op_begin_batch(o);
        while (o->batch.n < BATCH_ROWS) {
            if (s->in == NULL || s->in_pos == batch_live(s->in)) {
                if (o->batch.n > 0)
                    break;
                ERR_TRY(op_next(o->children[0], &s->in));
                s->in_pos = 0;
                if (s->in->n == 0)
                    return NULL;
                continue;
            }
            arena_reset(s->key_arena);
            ERR_TRY(fetch_by_key(s, batch_row(s->in, s->in_pos++)));
        }
        if (s->plan->filter != NULL && o->batch.n > 0) {
            struct eval_env env = op_env(o);
            ERR_TRY(expr_filter_batch(s->plan->filter, &env, o->st, &o->batch));
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
    int in_pos;
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
    s->in_pos = 0;
    s->reading = false;
    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    return op_open(o->children[0]);
}

/* Take the next left row and start reading its matches. */
static struct error *
start_left(struct lookup_join_op *s)
{
    const struct plan_lookup_join *p = s->plan;
    struct eval_env env = s->op.x->env;
    bool null = false;

    arena_reset(s->key_arena);
    env.arena = s->key_arena;
    batch_get_row(s->in, batch_row(s->in, s->in_pos), s->row);
    for (int i = 0; i < p->n_keys; i++) {
        ERR_TRY(expr_eval(p->keys[i], &env, s->op.st, s->row, &s->keys[i]));
        null = null || s->keys[i].null;
    }
    s->matched = false;
    s->reading = true;
    if (null) {
        table_reader_start(s->reader, NULL, 0, false);
        return NULL;
    }
    ERR_TRY(index_prefix_span(s->key_arena, p->table, p->index, s->keys, p->n_keys, &s->span));
    table_reader_start(s->reader, &s->span, 1, false);
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
                s->in_pos = 0;
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
