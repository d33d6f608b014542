#include "config.h"

#include "executor/exec.h"

#include "executor/relational/rel_int.h"

static const op_maker makers[PLAN_KIND_COUNT] = {
#define X(K, k, name) [PLAN_##K] = make_##k,
    PLAN_KINDS(X)
#undef X
};

struct error *
exec_build(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n, struct op **out)
{
    return makers[n->kind](x, st, n, out);
}

void
batch_init(struct arena *a, struct batch *b, int n_cols, bool vectors)
{
    memset(b, 0, sizeof(*b));
    b->n_cols = n_cols;
    b->cols = ARENA_ARRAY(a, struct datum *, (size_t)n_cols + 1);
    if (vectors)
        for (int i = 0; i < n_cols; i++)
            b->cols[i] = arena_alloc(a, BATCH_ROWS * sizeof(struct datum));
}

static void
op_on_free(void *arg)
{
    op_close(arg);
}

struct error *
op_new(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
       const struct op_vt *vt, size_t size, struct op **out)
{
    struct op *o = arena_zalloc(x->arena, size);

    o->vt = vt;
    o->x = x;
    o->node = n;
    o->st = st;
    o->arena = arena_create_budget(x->arena, vt->name, x->budget);
    o->batch_arena = arena_create(o->arena, "batch");
    o->n_children = n->n_children;
    for (int i = 0; i < n->n_children; i++) {
        struct exec_state *child_st = st;
        if (i == 1 && n->kind == PLAN_NESTED_LOOP && ((const struct plan_nested_loop *)n)->apply) {
            child_st = ARENA_NEW(x->arena, struct exec_state);
            *child_st = *st;
        }
        ERR_TRY(exec_build(x, child_st, n->children[i], &o->children[i]));
    }
    arena_on_free(x->arena, op_on_free, o);
    *out = o;
    return NULL;
}

struct error *
op_open(struct op *o)
{
    o->done = false;
    o->opened = true;
    o->rows_out = 0;
    if (!o->x->timed)
        return o->vt->open(o);
    int64_t start = monotonic_now_ns();
    struct error *err = o->vt->open(o);
    o->spent_ns += monotonic_now_ns() - start;
    return err;
}

struct error *
op_next(struct op *o, struct batch **out)
{
    if (o->done) {
        o->batch.n = 0;
        o->batch.sel = NULL;
        o->batch.n_sel = 0;
        *out = &o->batch;
        return NULL;
    }
    ERR_TRY(cancel_check(o->x->cancel));
    if (o->later != NULL) {
        struct error *err = o->later;
        o->later = NULL;
        return err;
    }
    int64_t start = o->x->timed ? monotonic_now_ns() : 0;
    ERR_TRY(o->vt->next(o, out));
    if ((*out)->n == 0)
        o->done = true;
    o->rows_out += batch_live(*out);
    if (o->x->timed) {
        o->spent_ns += monotonic_now_ns() - start;
        o->total_rows += batch_live(*out);
    }
    return NULL;
}

void
op_close(struct op *o)
{
    if (o == NULL)
        return;
    err_free(o->later);
    o->later = NULL;
    if (o->opened) {
        o->opened = false;
        if (o->vt->close != NULL)
            o->vt->close(o);
    }
    for (int i = 0; i < o->n_children; i++)
        op_close(o->children[i]);
}

static void
op_reset(struct op *o)
{
    for (int i = 0; i < o->n_children; i++)
        op_reset(o->children[i]);
    arena_reset(o->arena);
    o->batch_arena = arena_create(o->arena, "batch");
    memset(&o->batch, 0, sizeof(o->batch));
}

struct error *
op_rewind(struct op *o)
{
    op_close(o);
    op_reset(o);
    return op_open(o);
}

struct eval_env
op_env(struct op *o)
{
    struct eval_env env = o->x->env;

    env.arena = o->batch_arena;
    return env;
}

const struct type *const *
plan_types(struct arena *a, const struct plan_node *n)
{
    const struct type **t = ARENA_ARRAY(a, const struct type *, (size_t)n->n_cols + 1);

    for (int i = 0; i < n->n_cols; i++)
        t[i] = n->cols[i].type;
    return t;
}

void
batch_get_row(const struct batch *b, int i, struct datum *row)
{
    for (int c = 0; c < b->n_cols; c++)
        row[c] = b->cols[c] == NULL ? DATUM_NULL : b->cols[c][i];
}

void
op_begin_batch(struct op *o)
{
    arena_reset(o->batch_arena);
    o->batch.n = 0;
    o->batch.sel = NULL;
    o->batch.n_sel = 0;
}

void
op_put_row(struct op *o, const struct datum *row)
{
    struct batch *b = &o->batch;

    for (int c = 0; c < b->n_cols; c++)
        b->cols[c][b->n] = datum_copy(o->batch_arena, o->node->cols[c].type, &row[c]);
    b->n++;
}

struct error *
op_eval_int(struct op *o, const struct expr *e, int64_t *out, bool *null)
{
    struct eval_env env = op_env(o);
    struct datum d;

    ERR_TRY(expr_eval(e, &env, o->st, NULL, &d));
    *null = d.null;
    *out = d.null ? 0 : d.i;
    return NULL;
}
