#include "config.h"

#include "executor/relational/rel_int.h"
#include "planner/aggregate.h"

/* ---- filter --------------------------------------------------------------------------------- */

struct filter_op {
    struct op op;
    uint16_t *sel;
    bool never; /* the condition, the same for all rows, does not hold */
};

static struct error *
filter_open(struct op *o)
{
    const struct plan_filter *p = (const struct plan_filter *)o->node;
    struct filter_op *f = (struct filter_op *)o;

    batch_init(o->arena, &o->batch, o->node->n_cols, false);
    f->sel = ARENA_ARRAY(o->arena, uint16_t, BATCH_ROWS);
    f->never = false;
    if (p->once) {
        struct datum holds;
        struct eval_env env = op_env(o);
        ERR_TRY(expr_eval(p->cond, &env, o->st, NULL, &holds));
        f->never = holds.null || !holds.i;
    }
    return f->never ? NULL : op_open(o->children[0]);
}

/* Shares the child's vectors; the selection is our own. */
static struct error *
filter_next(struct op *o, struct batch **out)
{
    const struct plan_filter *p = (const struct plan_filter *)o->node;
    struct filter_op *f = (struct filter_op *)o;

    *out = &o->batch;
    o->batch.n = 0;
    while (!f->never) {
        struct batch *in;
        op_begin_batch(o);
        ERR_TRY(op_next(o->children[0], &in));
        if (in->n == 0)
            return NULL;
        memcpy(o->batch.cols, in->cols, (size_t)o->batch.n_cols * sizeof(in->cols[0]));
        o->batch.n = in->n;
        if (in->sel != NULL) {
            memcpy(f->sel, in->sel, (size_t)in->n_sel * sizeof(f->sel[0]));
            o->batch.sel = f->sel;
            o->batch.n_sel = in->n_sel;
        }
        struct eval_env env = op_env(o);
        ERR_TRY(expr_filter_rows(p->cond, &env, o->st, &o->batch, &o->later));
        if (batch_live(&o->batch) > 0)
            return NULL;
    }
    return NULL;
}

static const struct op_vt filter_vt = {
    .name = "filter", .open = filter_open, .next = filter_next};

struct error *
make_filter(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n, struct op **out)
{
    return op_new(x, st, n, &filter_vt, sizeof(struct filter_op), out);
}

/* ---- render --------------------------------------------------------------------------------- */

struct render_op {
    struct op op;
    struct datum **own; /* vectors for computed columns */
    struct datum *row;  /* room for a row that comes in */
    bool one_by_one;    /* rows go out as they are computed: something changes with each */
    struct batch *in;   /* one_by_one: what comes in, */
    int at;             /* its next row, */
    uint16_t sel;       /* and the one that goes out */
};

static struct error *
render_open(struct op *o)
{
    const struct plan_render *p = (const struct plan_render *)o->node;
    struct render_op *r = (struct render_op *)o;

    batch_init(o->arena, &o->batch, o->node->n_cols, false);
    r->own = ARENA_ARRAY(o->arena, struct datum *, (size_t)o->node->n_cols + 1);
    r->row = ARENA_ARRAY(o->arena, struct datum, (size_t)o->node->children[0]->n_cols + 1);
    r->in = NULL;
    r->one_by_one = false;
    for (int i = 0; i < o->node->n_cols; i++) {
        if (p->exprs[i]->kind != EXPR_COLUMN)
            r->own[i] = ARENA_ARRAY(o->arena, struct datum, BATCH_ROWS);
        r->one_by_one = r->one_by_one || expr_changes(p->exprs[i]);
    }
    return op_open(o->children[0]);
}

/* A row's columns, from left to right. */
static struct error *
render_row(struct render_op *r, const struct eval_env *env, const struct batch *in, int at)
{
    const struct plan_render *p = (const struct plan_render *)r->op.node;

    batch_get_row(in, at, r->row);
    for (int i = 0; i < r->op.node->n_cols; i++)
        if (r->own[i] != NULL)
            ERR_TRY(expr_eval(p->exprs[i], env, r->op.st, r->row, &r->own[i][at]));
    return NULL;
}

static void
render_columns(struct render_op *r, const struct batch *in)
{
    const struct plan_render *p = (const struct plan_render *)r->op.node;
    struct batch *b = &r->op.batch;

    for (int i = 0; i < b->n_cols; i++)
        b->cols[i] = r->own[i] != NULL ? r->own[i] : in->cols[p->exprs[i]->index];
    b->n = in->n;
    b->sel = in->sel;
    b->n_sel = in->n_sel;
}

/* Whoever reads a row does so before the next one is computed. */
static struct error *
render_one(struct op *o)
{
    struct render_op *r = (struct render_op *)o;

    while (r->in == NULL || r->at == batch_live(r->in)) {
        ERR_TRY(op_next(o->children[0], &r->in));
        r->at = 0;
        if (r->in->n == 0)
            return NULL;
    }
    struct eval_env env = op_env(o);
    r->sel = (uint16_t)batch_row(r->in, r->at++);
    ERR_TRY(render_row(r, &env, r->in, r->sel));
    render_columns(r, r->in);
    o->batch.sel = &r->sel;
    o->batch.n_sel = 1;
    return NULL;
}

/* A batch failed: the rows before the first that fails go out, if there are any. Takes err. */
static struct error *
render_until(struct render_op *r, const struct eval_env *env, const struct batch *in, struct error *err)
{
    uint16_t *sel = arena_alloc(env->arena, (size_t)(batch_live(in) + 1) * sizeof(*sel));

    for (int k = 0; k < batch_live(in); k++) {
        sel[k] = (uint16_t)batch_row(in, k);
        struct error *own = render_row(r, env, in, sel[k]);
        if (own == NULL)
            continue;
        err_free(err);
        if (k == 0)
            return own;
        render_columns(r, in);
        r->op.batch.sel = sel;
        r->op.batch.n_sel = k;
        r->op.later = own;
        return NULL;
    }
    return err;
}

static bool
is_of_row(const struct op *o, const struct error *err)
{
    const struct plan_render *p = (const struct plan_render *)o->node;

    for (int i = 0; i < o->node->n_cols; i++)
        if (!expr_error_is_of_row(p->exprs[i], err))
            return false;
    return true;
}

static struct error *
render_next(struct op *o, struct batch **out)
{
    const struct plan_render *p = (const struct plan_render *)o->node;
    struct render_op *r = (struct render_op *)o;
    struct batch *in;

    *out = &o->batch;
    op_begin_batch(o);
    if (r->one_by_one)
        return render_one(o);
    ERR_TRY(op_next(o->children[0], &in));
    if (in->n == 0)
        return NULL;
    struct eval_env env = op_env(o);
    for (int i = 0; i < o->node->n_cols; i++) {
        if (r->own[i] == NULL)
            continue;
        struct error *err = expr_eval_batch(p->exprs[i], &env, o->st, in, r->own[i]);
        if (err != NULL)
            return is_of_row(o, err) ? render_until(r, &env, in, err) : err;
    }
    render_columns(r, in);
    return NULL;
}

static const struct op_vt render_vt = {
    .name = "render", .open = render_open, .next = render_next};

struct error *
make_render(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n, struct op **out)
{
    return op_new(x, st, n, &render_vt, sizeof(struct render_op), out);
}

/* ---- project set ---------------------------------------------------------------------------- */

struct gen_state {
    void *state;
    const struct generator_vt *vt; /* NULL: a scalar */
    struct datum *cols;
    bool more, fresh;
};

struct project_set_op {
    struct op op;
    struct batch *in;
    int in_pos;
    bool running;
    struct arena *gen_arena;
    struct gen_state *gens;
    struct datum *row;
    int n_in;
};

static struct error *
project_set_open(struct op *o)
{
    const struct plan_project_set *p = (const struct plan_project_set *)o->node;
    struct project_set_op *s = (struct project_set_op *)o;

    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    s->in = NULL;
    s->in_pos = 0;
    s->running = false;
    s->n_in = o->node->children[0]->n_cols;
    s->gen_arena = arena_create(o->arena, "generators");
    s->gens = ARENA_ARRAY(o->arena, struct gen_state, (size_t)p->n + 1);
    s->row = ARENA_ARRAY(o->arena, struct datum, (size_t)o->node->n_cols + 1);
    return op_open(o->children[0]);
}

static struct error *
open_generator(struct project_set_op *s, const struct plan_generator *g, struct gen_state *st)
{
    struct eval_env env = s->op.x->env;
    const struct expr *e = g->call;

    env.arena = s->gen_arena;
    st->cols = ARENA_ARRAY(s->gen_arena, struct datum, (size_t)g->n_cols + 1);
    st->fresh = true;
    st->more = true;
    if (e->kind != EXPR_CALL || e->overload == NULL || !e->overload->is_generator) {
        st->vt = NULL;
        return expr_eval(e, &env, s->op.st, s->row, &st->cols[0]);
    }
    struct datum *args = ARENA_ARRAY(s->gen_arena, struct datum, (size_t)e->n_args + 1);
    st->vt = e->overload->gen;
    bool null = false;
    for (int i = 0; i < e->n_args; i++) {
        ERR_TRY(expr_eval(e->args[i], &env, s->op.st, s->row, &args[i]));
        null = null || args[i].null;
    }
    if (null && !e->overload->null_args) {
        st->more = false;
        return NULL;
    }
    struct error *err = st->vt->open(&env, &e->call, args, s->gen_arena, &st->state);
    if (err != NULL && e->overload->name != NULL)
        return err_wrap(err, "%s()", e->overload->name);
    return err;
}

/* The next row of all generators in lock-step; *any false when all are at their end. */
static struct error *
step_generators(struct project_set_op *s, bool *any)
{
    const struct plan_project_set *p = (const struct plan_project_set *)s->op.node;
    struct eval_env env = op_env(&s->op);
    int at = s->n_in;

    *any = false;
    for (int i = 0; i < p->n; i++) {
        struct gen_state *g = &s->gens[i];
        if (g->more && g->vt != NULL)
            ERR_TRY(g->vt->next(&env, g->state, g->cols, &g->more));
        else if (g->vt == NULL)
            g->more = g->fresh;
        g->fresh = false;
        for (int c = 0; c < p->gens[i].n_cols; c++)
            s->row[at++] = g->more ? g->cols[c] : DATUM_NULL;
        *any = *any || g->more;
    }
    return NULL;
}

static struct error *
project_set_next(struct op *o, struct batch **out)
{
    const struct plan_project_set *p = (const struct plan_project_set *)o->node;
    struct project_set_op *s = (struct project_set_op *)o;

    *out = &o->batch;
    op_begin_batch(o);
    while (o->batch.n < BATCH_ROWS) {
        if (!s->running) {
            if (s->in == NULL || s->in_pos == batch_live(s->in)) {
                if (o->batch.n > 0)
                    return NULL;
                ERR_TRY(op_next(o->children[0], &s->in));
                s->in_pos = 0;
                if (s->in->n == 0)
                    return NULL;
            }
            arena_reset(s->gen_arena);
            batch_get_row(s->in, batch_row(s->in, s->in_pos++), s->row);
            for (int i = 0; i < p->n; i++)
                ERR_TRY(open_generator(s, &p->gens[i], &s->gens[i]));
            s->running = true;
        }
        bool any;
        ERR_TRY(step_generators(s, &any));
        if (!any) {
            s->running = false;
            continue;
        }
        op_put_row(o, s->row);
    }
    return NULL;
}

static const struct op_vt project_set_vt = {
    .name = "project set", .open = project_set_open, .next = project_set_next};

struct error *
make_project_set(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
                 struct op **out)
{
    return op_new(x, st, n, &project_set_vt, sizeof(struct project_set_op), out);
}

/* ---- limit ---------------------------------------------------------------------------------- */

struct limit_op {
    struct op op;
    int64_t skip, left; /* left -1: no limit */
    uint16_t *sel;
};

static struct error *
limit_open(struct op *o)
{
    const struct plan_limit *p = (const struct plan_limit *)o->node;
    struct limit_op *l = (struct limit_op *)o;
    bool null;

    batch_init(o->arena, &o->batch, o->node->n_cols, false);
    l->sel = ARENA_ARRAY(o->arena, uint16_t, BATCH_ROWS);
    l->skip = 0;
    l->left = -1;
    if (p->count != NULL) {
        ERR_TRY(op_eval_int(o, p->count, &l->left, &null));
        if (null)
            l->left = -1;
        else if (l->left < 0)
            return err_new(ERR_UNCATEGORIZED, "negative value for LIMIT");
    }
    if (p->offset != NULL) {
        ERR_TRY(op_eval_int(o, p->offset, &l->skip, &null));
        if (!null && l->skip < 0)
            return err_new(ERR_UNCATEGORIZED, "negative value for OFFSET");
    }
    return op_open(o->children[0]);
}

static struct error *
limit_next(struct op *o, struct batch **out)
{
    struct limit_op *l = (struct limit_op *)o;

    *out = &o->batch;
    for (;;) {
        struct batch *in;
        op_begin_batch(o);
        if (l->left == 0)
            return NULL;
        ERR_TRY(op_next(o->children[0], &in));
        if (in->n == 0)
            return NULL;
        int live = batch_live(in);
        if (l->skip >= live) {
            l->skip -= live;
            continue;
        }
        int from = (int)l->skip, n = live - from;
        l->skip = 0;
        if (l->left >= 0 && n > l->left)
            n = (int)l->left;
        memcpy(o->batch.cols, in->cols, (size_t)o->batch.n_cols * sizeof(in->cols[0]));
        o->batch.n = in->n;
        for (int i = 0; i < n; i++)
            l->sel[i] = (uint16_t)batch_row(in, from + i);
        o->batch.sel = l->sel;
        o->batch.n_sel = n;
        if (l->left >= 0)
            l->left -= n;
        return NULL;
    }
}

static const struct op_vt limit_vt = {.name = "limit", .open = limit_open, .next = limit_next};

struct error *
make_limit(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n, struct op **out)
{
    return op_new(x, st, n, &limit_vt, sizeof(struct limit_op), out);
}

/* ---- ordinality ----------------------------------------------------------------------------- */

struct ordinality_op {
    struct op op;
    int64_t row;
    struct datum *numbers;
};

static struct error *
ordinality_open(struct op *o)
{
    batch_init(o->arena, &o->batch, o->node->n_cols, false);
    ((struct ordinality_op *)o)->row = 0;
    ((struct ordinality_op *)o)->numbers = ARENA_ARRAY(o->arena, struct datum, BATCH_ROWS);
    return op_open(o->children[0]);
}

static struct error *
ordinality_next(struct op *o, struct batch **out)
{
    struct ordinality_op *s = (struct ordinality_op *)o;
    struct batch *in;

    *out = &o->batch;
    op_begin_batch(o);
    ERR_TRY(op_next(o->children[0], &in));
    if (in->n == 0)
        return NULL;
    int n = o->node->n_cols - 1, live = batch_live(in);
    memcpy(o->batch.cols, in->cols, (size_t)n * sizeof(in->cols[0]));
    o->batch.cols[n] = s->numbers;
    o->batch.n = in->n;
    o->batch.sel = in->sel;
    o->batch.n_sel = in->n_sel;
    for (int i = 0; i < live; i++)
        s->numbers[batch_row(in, i)] = datum_int(++s->row);
    return NULL;
}

static const struct op_vt ordinality_vt = {
    .name = "ordinality", .open = ordinality_open, .next = ordinality_next};

struct error *
make_ordinality(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
                struct op **out)
{
    return op_new(x, st, n, &ordinality_vt, sizeof(struct ordinality_op), out);
}

/* ---- sort ----------------------------------------------------------------------------------- */

struct sort_op {
    struct op op;
    struct row_sorter *sorter;
};

static struct error *
sort_open(struct op *o)
{
    const struct plan_sort *p = (const struct plan_sort *)o->node;
    struct sort_op *s = (struct sort_op *)o;
    int64_t top = -1;
    bool null = true;

    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    if (p->top_k != NULL) {
        ERR_TRY(op_eval_int(o, p->top_k, &top, &null));
        if (null || top < 0)
            top = -1;
    }
    s->sorter = row_sorter_create(o->x, o->arena, o->node->n_cols, plan_types(o->arena, o->node),
                                  p->n_keys, p->keys, top);
    ERR_TRY(op_open(o->children[0]));
    for (;;) {
        struct batch *in;
        ERR_TRY(op_next(o->children[0], &in));
        if (in->n == 0)
            break;
        ERR_TRY(row_sorter_add_batch(s->sorter, in));
    }
    op_close(o->children[0]);
    return row_sorter_finish(s->sorter);
}

static struct error *
sort_next(struct op *o, struct batch **out)
{
    *out = &o->batch;
    return row_sorter_batch(((struct sort_op *)o)->sorter, &o->batch);
}

static void
sort_close(struct op *o)
{
    struct sort_op *s = (struct sort_op *)o;

    if (s->sorter != NULL)
        row_sorter_close(s->sorter);
    s->sorter = NULL;
}

static const struct op_vt sort_vt = {
    .name = "sort", .open = sort_open, .next = sort_next, .close = sort_close};

struct error *
make_sort(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n, struct op **out)
{
    return op_new(x, st, n, &sort_vt, sizeof(struct sort_op), out);
}
