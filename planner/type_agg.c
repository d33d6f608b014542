/* planner/type_agg.c - calls of aggregate and window functions, OVER clauses. */
#include "config.h"

#include <limits.h>

#include "grammar/print.h"
#include "planner/aggregate.h"
#include "planner/plan_int.h"
#include "planner/type_int.h"

/* ---- aggregates ---- */

static void
agg_cand(struct cand *k, const struct agg_def *d)
{
    *k = (struct cand){.ret = d->ret, .null_args = true, .impl = d};
    while (k->n_params < 4 && d->args[k->n_params] != NULL) {
        k->params[k->n_params] = d->args[k->n_params];
        k->n_params++;
    }
}

static const struct type *
agg_ret(struct arena *a, const struct agg_def *d, const struct type *arg)
{
    if (d->ret != NULL)
        return d->ret;
    return d->ret_array ? type_array_of(a, arg) : arg;
}

static bool
is_star(const struct ast_expr *e)
{
    return e->kind == AST_EXPR_COLUMN && e->column.star;
}

/* count(t.*) counts rows, as count(*) does, when t is here; of a query around it is a tuple of columns. */
static bool
counts_rows(const struct type_ctx *c, const struct ast_expr *e)
{
    if (e->column.count == 0)
        return true;
    struct slice table = e->column.parts[e->column.count - 1];
    for (int i = 0; c->scope != NULL && i < c->scope->n; i++) {
        const char *t = c->scope->columns[i].table;
        if (t != NULL && slice_eq(table, slice_cstr(t)))
            return true;
    }
    return false;
}

static bool
has_nested(const struct type_ctx *c)
{
    return c->in_aggregate != NULL;
}

/* What "any type" leaves out: arrays of arrays or of JSON, an order of arrays. */
static bool
takes(const struct agg_def *d, const struct type *t)
{
    if (d->ret_array)
        return t->family != FAMILY_ARRAY && t->family != FAMILY_JSON;
    bool extreme = strcmp(d->name, "min") == 0 || strcmp(d->name, "max") == 0;
    return !extreme || t->family != FAMILY_ARRAY;
}

static struct error *
no_index_order(const struct ast_order_by *o, const char *where)
{
    for (int i = 0; i < o->count; i++)
        if (o->items[i].kind != AST_ORDER_EXPR)
            return err_new(ERR_FEATURE_NOT_SUPPORTED, "ORDER BY INDEX in %s is not supported", where);
    return NULL;
}

/* Arguments, FILTER, ORDER BY of an aggregate; c is the context for what is inside. */
static struct error *
agg_inside(struct type_ctx *c, const struct ast_expr *e, const char *name,
           const struct type *desired, struct agg_call **out)
{
    const struct ast_func *f = e->func;
    int n_args = f->args.count, n = 0;
    if (n_args == 1 && is_star(f->args.items[0]) && strcmp(name, "count") == 0 &&
        f->quantifier != AST_FUNC_DISTINCT && counts_rows(c, f->args.items[0]))
        n_args = 0;
    struct cand *cands = ARENA_ARRAY(c->arena, struct cand, n_agg_defs + 1);
    for (size_t i = 0; i < n_agg_defs; i++)
        if (strcmp(agg_defs[i].name, name) == 0)
            agg_cand(&cands[n++], &agg_defs[i]);
    struct tc_arg *args = ARENA_ARRAY(c->arena, struct tc_arg, (size_t)n_args + 1);
    for (int i = 0; i < n_args; i++)
        args[i].ast = f->args.items[i];
    struct error *err = tc_resolve(c, desired, cands, n, false, args, n_args, &n);
    if (err != NULL)
        return tc_undecorated(err) || err->code == ERR_WINDOWING ? err
                                                                 : err_wrap(err, "%s()", name);
    if (n != 1 || (n_args == 0 && strcmp(name, "count") == 0 && f->args.count == 0))
        return tc_signature_error(c, name, desired, args, n_args, cands, n == 1 ? 0 : n, e->pos);

    if (n_args == 1 && !takes(cands[0].impl, args[0].typed->type))
        return tc_signature_error(c, name, desired, args, n_args, cands, 0, e->pos);

    struct agg_call *k = ARENA_NEW(c->arena, struct agg_call);
    const struct type **types = ARENA_ARRAY(c->arena, const struct type *, (size_t)n_args + 1);
    k->def = cands[0].impl;
    k->n_args = n_args;
    k->args = ARENA_ARRAY(c->arena, struct expr *, (size_t)n_args + 1);
    for (int i = 0; i < n_args; i++) {
        k->args[i] = args[i].typed;
        if (tc_unknown(k->args[i]) && !tc_is_wild(cands[0].params[i]))
            k->args[i] = expr_null(c->arena, cands[0].params[i]);
        types[i] = k->args[i]->type;
    }
    k->arg_types = types;
    k->type = agg_ret(c->arena, k->def, n_args > 0 ? types[0] : &TYPE_UNKNOWN);
    k->distinct = f->quantifier == AST_FUNC_DISTINCT && !k->def->distinct_free;
    if (f->filter != NULL) {
        struct type_ctx fc = *c;
        fc.in_aggregate = NULL;
        fc.in_func = false;
        fc.clause = "FILTER";
        fc.reject |= REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS;
        ERR_TRY(tc_require_bool(&fc, f->filter, "FILTER expression", &k->filter));
    }
    ERR_TRY(no_index_order(&f->order_by, "an aggregate"));
    k->n_order = f->order_by.count;
    k->order = ARENA_ARRAY(c->arena, struct agg_order, (size_t)k->n_order + 1);
    for (int i = 0; i < k->n_order; i++) {
        ERR_TRY(type_expr(c, f->order_by.items[i].expr, NULL, &k->order[i].expr));
        k->order[i].desc = f->order_by.items[i].direction == AST_DIR_DESC;
    }
    if (!k->def->ordered)
        k->n_order = 0;
    *out = k;
    return NULL;
}

bool
agg_call_equal(const struct agg_call *a, const struct agg_call *b)
{
    if (a->def != b->def || a->n_args != b->n_args || a->distinct != b->distinct ||
        a->n_order != b->n_order || (a->filter == NULL) != (b->filter == NULL) ||
        !type_equal(a->type, b->type))
        return false;
    for (int i = 0; i < a->n_args; i++)
        if (!expr_equal(a->args[i], b->args[i]) || a->args[i]->volatility == VOLATILE)
            return false;
    for (int i = 0; i < a->n_order; i++)
        if (a->order[i].desc != b->order[i].desc || !expr_equal(a->order[i].expr, b->order[i].expr))
            return false;
    return a->filter == NULL || expr_equal(a->filter, b->filter);
}

static int
push_agg(struct type_ctx *c, struct agg_call *k)
{
    struct agg_list *l = c->aggregates;
    for (int i = 0; i < l->n; i++)
        if (agg_call_equal(l->v[i], k))
            return i;
    if (l->n == l->cap) {
        int cap = l->cap == 0 ? 8 : l->cap * 2;
        l->v = arena_realloc(c->arena, l->v, (size_t)l->cap * sizeof(*l->v),
                             (size_t)cap * sizeof(*l->v));
        l->cap = cap;
    }
    l->v[l->n] = k;
    return l->n++;
}

/* ---- whose an aggregate is ---- */

/* The nearest query whose columns an aggregate reads; 0 is the one that it stands in. */
static void
nearest(void *arg, const struct expr *e)
{
    int *depth = arg, at = e->kind == EXPR_COLUMN ? 0 : e->kind == EXPR_OUTER ? e->depth : INT_MAX;
    if (at < *depth)
        *depth = at;
}

static int
agg_depth(const struct agg_call *k)
{
    int depth = INT_MAX;
    for (int i = 0; i < k->n_args; i++)
        expr_walk(k->args[i], nearest, &depth);
    for (int i = 0; i < k->n_order; i++)
        expr_walk(k->order[i].expr, nearest, &depth);
    if (k->filter != NULL)
        expr_walk(k->filter, nearest, &depth);
    return depth == INT_MAX ? 0 : depth;
}

struct outward {
    struct arena *arena;
    int by;
};

static struct error *
move_outward(void *arg, struct expr *e, struct expr **out)
{
    const struct outward *o = arg;
    if (e->kind != EXPR_OUTER || e->depth < o->by)
        return NULL;
    struct expr *x = arena_memdup(o->arena, e, sizeof(*e));
    x->depth -= o->by;
    if (x->depth == 0)
        x->kind = EXPR_COLUMN;
    *out = x;
    return NULL;
}

/* An aggregate over columns of an outer query is computed there and read as its columns are. */
static struct error *
outer_aggregate(struct type_ctx *c, struct agg_call *k, int depth, int pos, struct expr **out)
{
    struct scope *s = c->scope;
    struct outward o = {c->arena, depth};
    for (int i = 0; i < depth && s != NULL; i++)
        s = s->outer;
    if (s == NULL || s->aggregates == NULL)
        return err_at(err_new(ERR_GROUPING, "aggregate functions are not allowed in %s",
                              s != NULL && s->no_aggregates != NULL ? s->no_aggregates
                              : c->clause != NULL ? c->clause : "this context"), pos);
    if (s->in_aggregate)
        return err_at(err_new(ERR_GROUPING, "aggregate function calls cannot be nested"), pos);
    for (int i = 0; i < k->n_args; i++)
        ERR_TRY(expr_rewrite(c->arena, k->args[i], move_outward, &o, &k->args[i]));
    for (int i = 0; i < k->n_order; i++)
        ERR_TRY(expr_rewrite(c->arena, k->order[i].expr, move_outward, &o, &k->order[i].expr));
    if (k->filter != NULL)
        ERR_TRY(expr_rewrite(c->arena, k->filter, move_outward, &o, &k->filter));
    struct type_ctx there = *c;
    there.aggregates = s->aggregates;
    int at = push_agg(&there, k);
    struct expr *x = expr_column(c->arena, k->type, OUTER_AGGREGATE + at);
    x->kind = EXPR_OUTER;
    x->depth = depth;
    x->agg = s->aggregates->v[at];
    x->position = pos;
    s->correlated_used = true;
    *out = x;
    return NULL;
}

struct error *
type_aggregate(struct type_ctx *c, const struct ast_expr *e, const char *name,
               const struct type *desired, struct expr **out)
{
    if (has_nested(c))
        return err_at(err_new(ERR_GROUPING, "aggregate function calls cannot be nested"), e->pos);
    bool refused = c->aggregates == NULL || (c->reject & REJECT_AGGREGATES) != 0;
    bool outer = false;
    for (struct scope *s = c->scope; s != NULL; s = s->outer)
        outer |= s != c->scope && (s->aggregates != NULL || s->no_aggregates != NULL);
    struct type_ctx inner = *c;
    inner.in_aggregate = name;
    inner.in_func = true;
    struct agg_call *k;
    int depth = 0;
    if (!refused || outer) {
        bool before = c->scope != NULL && c->scope->in_aggregate;
        if (c->scope != NULL)
            c->scope->in_aggregate = true;
        struct error *err = agg_inside(&inner, e, name, desired, &k);
        if (c->scope != NULL)
            c->scope->in_aggregate = before;
        if (err != NULL)
            return err;
        depth = outer ? agg_depth(k) : 0;
    }
    if (refused && depth == 0)
        return err_at(err_new(ERR_GROUPING, "aggregate functions are not allowed in %s",
                              c->scope != NULL && c->scope->no_aggregates != NULL
                                  ? c->scope->no_aggregates
                              : c->clause != NULL ? c->clause : "this context"), e->pos);
    if (depth > 0)
        return outer_aggregate(c, k, depth, e->pos, out);
    struct expr *x = expr_new(c->arena, EXPR_AGGREGATE, k->type, e->pos, 0);
    x->index = push_agg(c, k);
    x->agg = c->aggregates->v[x->index];
    x->volatility = VOLATILE;
    *out = x;
    return NULL;
}

struct error *
agg_call_make(struct arena *a, const char *name, int n, struct expr *const *args,
              struct agg_call **out)
{
    for (size_t i = 0; i < n_agg_defs; i++) {
        const struct agg_def *d = &agg_defs[i];
        int m = 0;
        while (m < 4 && d->args[m] != NULL)
            m++;
        bool fits = strcmp(d->name, name) == 0 && m == n;
        for (int j = 0; j < n && fits; j++)
            fits = tc_equiv(d->args[j], args[j]->type) || tc_unknown(args[j]);
        if (!fits)
            continue;
        struct agg_call *k = ARENA_NEW(a, struct agg_call);
        const struct type **types = ARENA_ARRAY(a, const struct type *, (size_t)n + 1);
        k->def = d;
        k->n_args = n;
        k->args = arena_memdup(a, args, (size_t)n * sizeof(*args));
        for (int j = 0; j < n; j++)
            types[j] = args[j]->type;
        k->arg_types = types;
        k->type = agg_ret(a, d, n > 0 ? types[0] : &TYPE_UNKNOWN);
        *out = k;
        return NULL;
    }
    return err_new(ERR_UNDEFINED_FUNCTION, "unknown signature: %s()", name);
}

/* ---- windows ---- */

static const struct ast_window *
find_named(const struct type_ctx *c, struct slice name)
{
    const struct ast_windows *w = c->windows->named;
    for (int i = 0; w != NULL && i < w->count; i++)
        if (slice_eq(w->items[i]->name, name))
            return w->items[i];
    return NULL;
}

/* What OVER means after its base is taken in. */
struct over {
    const struct ast_exprs *partitions;
    const struct ast_order_by *order_by;
    const struct ast_window_frame *frame;
};

#define WINDOWING(pos, ...) err_at(err_new(ERR_WINDOWING, __VA_ARGS__), (pos))

static struct error *
resolve_over(struct type_ctx *c, const struct ast_window *w, int depth, struct over *o)
{
    struct slice base = w->is_reference ? w->name : w->base_name;
    if (base.len == 0) {
        *o = (struct over){&w->partitions, &w->order_by, w->frame};
        return NULL;
    }
    const char *name = slice_to_cstr(c->arena, base);
    const struct ast_window *b = find_named(c, base);
    if (b == NULL || b == w || depth > 100)
        return err_at(err_new(ERR_UNDEFINED_OBJECT, "window \"%s\" does not exist", name), w->pos);
    struct over inherited;
    ERR_TRY(resolve_over(c, b, depth + 1, &inherited));
    if (w->is_reference) {
        *o = inherited;
        return NULL;
    }
    if (w->partitions.count > 0)
        return WINDOWING(w->pos, "cannot override PARTITION BY clause of window \"%s\"", name);
    if (w->order_by.count > 0 && inherited.order_by->count > 0)
        return WINDOWING(w->pos, "cannot override ORDER BY clause of window \"%s\"", name);
    if (inherited.frame != NULL)
        return WINDOWING(w->pos, "cannot copy window \"%s\" because it has a frame clause", name);
    *o = (struct over){inherited.partitions,
                       w->order_by.count > 0 ? &w->order_by : inherited.order_by, w->frame};
    return NULL;
}

static void
has_column(void *arg, const struct expr *e)
{
    if (e->kind == EXPR_COLUMN || e->kind == EXPR_AGGREGATE || e->kind == EXPR_WINDOW)
        *(bool *)arg = true;
}

static struct error *
no_columns(const struct expr *e, const char *what, int pos)
{
    bool found = false;
    expr_walk(e, has_column, &found);
    if (found)
        return err_at(err_new(ERR_INVALID_COLUMN_REFERENCE,
                              "argument of %s must not contain variables", what), pos);
    return NULL;
}

/* order column op offset as a call over (column 0, column 1) */
static struct error *
range_op(struct type_ctx *c, const char *op, const struct type *order, const struct type *offset,
         struct expr **out)
{
    struct cand *cands;
    int n = overload_candidates(c, op, true, 2, &cands);
    struct tc_arg args[2] = {{.typed = expr_column(c->arena, order, 0)},
                             {.typed = expr_column(c->arena, offset, 1)}};
    ERR_TRY(tc_resolve(c, NULL, cands, n, true, args, 2, &n));
    if (n != 1)
        return err_new(ERR_WINDOWING, "RANGE with offset PRECEDING/FOLLOWING is not supported for "
                       "column type %s and offset type %s", tc_name(c, order), tc_name(c, offset));
    struct expr *pair[2] = {args[0].typed, args[1].typed};
    *out = expr_make_call(c, cands[0].impl, 0, 2, pair);
    return NULL;
}

static struct error *
range_offset_type(struct type_ctx *c, const struct type *order, int pos, const struct type **out)
{
    switch (order->family) {
    case FAMILY_INT: *out = &TYPE_INT8; return NULL;
    case FAMILY_FLOAT: *out = &TYPE_FLOAT8; return NULL;
    case FAMILY_DECIMAL: *out = &TYPE_DECIMAL; return NULL;
    case FAMILY_DATE: case FAMILY_TIME: case FAMILY_TIMETZ: case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ: case FAMILY_INTERVAL:
        *out = &TYPE_INTERVAL;
        return NULL;
    default:
        return err_at(err_new(ERR_WINDOWING, "RANGE with offset PRECEDING/FOLLOWING is not "
                              "supported for column type %s", tc_name(c, order)), pos);
    }
}

static bool
is_offset(enum ast_bound_kind k)
{
    return k == AST_BOUND_PRECEDING || k == AST_BOUND_FOLLOWING;
}

static struct error *
type_bound(struct type_ctx *c, const struct ast_frame_bound *b, const struct type *want,
           const char *what, struct window_bound *out)
{
    out->kind = b->kind;
    if (!is_offset(b->kind))
        return NULL;
    ERR_TRY(tc_require_arg(c, b->expr, want, what, &out->offset));
    return no_columns(out->offset, what, b->expr->pos);
}

static struct error *
type_frame(struct type_ctx *c, const struct ast_window_frame *f, struct window_call *w, int pos)
{
    struct window_frame *o = &w->frame;
    if (f == NULL) {
        *o = (struct window_frame){.mode = AST_FRAME_RANGE,
                                   .start = {AST_BOUND_UNBOUNDED_PRECEDING, NULL},
                                   .end = {AST_BOUND_CURRENT_ROW, NULL}, .is_default = true};
        return NULL;
    }
    o->mode = f->mode;
    o->exclusion = f->exclusion;
    struct ast_frame_bound end = f->end;
    if (!f->has_end)
        end = (struct ast_frame_bound){.kind = AST_BOUND_CURRENT_ROW};
    if (f->start.kind == AST_BOUND_UNBOUNDED_FOLLOWING)
        return WINDOWING(pos, "%s", "frame start cannot be UNBOUNDED FOLLOWING");
    if (end.kind == AST_BOUND_UNBOUNDED_PRECEDING)
        return WINDOWING(pos, "%s", "frame end cannot be UNBOUNDED PRECEDING");
    if (f->start.kind == AST_BOUND_CURRENT_ROW && end.kind == AST_BOUND_PRECEDING)
        return WINDOWING(pos, "%s", "frame starting from current row cannot have preceding rows");
    if (f->start.kind == AST_BOUND_FOLLOWING &&
        (end.kind == AST_BOUND_PRECEDING || end.kind == AST_BOUND_CURRENT_ROW))
        return WINDOWING(pos, "%s", "frame starting from following row cannot have preceding rows");
    const struct type *want = &TYPE_INT8;
    bool offsets = is_offset(f->start.kind) || is_offset(end.kind);
    if (f->mode == AST_FRAME_GROUPS && w->n_order == 0)
        return WINDOWING(pos, "%s", "GROUPS mode requires an ORDER BY clause");
    if (f->mode == AST_FRAME_RANGE && offsets) {
        if (w->n_order != 1)
            return WINDOWING(pos, "%s", "RANGE with offset PRECEDING/FOLLOWING requires exactly one "
                                        "ORDER BY column");
        ERR_TRY(range_offset_type(c, w->order[0].expr->type, pos, &want));
    }
    ERR_TRY(type_bound(c, &f->start, want, "WINDOW FRAME START", &o->start));
    ERR_TRY(type_bound(c, &end, want, "WINDOW FRAME END", &o->end));
    o->is_default = f->mode == AST_FRAME_RANGE && o->start.kind == AST_BOUND_UNBOUNDED_PRECEDING &&
                    o->end.kind == AST_BOUND_CURRENT_ROW && o->exclusion == AST_EXCLUDE_NONE;
    if (f->mode == AST_FRAME_RANGE && offsets) {
        ERR_TRY(range_op(c, "+", w->order[0].expr->type, want, &o->range_add));
        ERR_TRY(range_op(c, "-", w->order[0].expr->type, want, &o->range_sub));
    }
    return NULL;
}

/* lag, lead: the default has the value's type. */
static bool
settle_default(struct type_ctx *c, struct tc_arg *args, int n_args)
{
    if (n_args < 3 || tc_equiv(args[0].typed->type, args[2].typed->type) || tc_unknown(args[2].typed))
        return true;
    for (int i = 2; i >= 0; i -= 2) {
        const struct type *other = args[2 - i].typed->type;
        if (args[i].kind != ARG_CONST || !uconst_can_become(&args[i].k, other))
            continue;
        struct error *e = uconst_resolve(c, &args[i].k, other, &args[i].typed);
        err_free(e);
        if (e == NULL)
            return true;
    }
    if (tc_unknown(args[0].typed)) {
        args[0].typed = expr_null(c->arena, args[2].typed->type);
        return true;
    }
    return false;
}

static struct error *
window_inside(struct type_ctx *c, const struct ast_expr *e, const char *name,
              const struct type *desired, struct window_call *w)
{
    const struct ast_func *f = e->func;
    int n_args = f->args.count, n = 0;
    struct cand *cands = ARENA_ARRAY(c->arena, struct cand, n_window_defs + 1);
    for (size_t i = 0; i < n_window_defs; i++) {
        const struct window_def *d = &window_defs[i];
        if (strcmp(d->name, name) != 0)
            continue;
        struct cand *k = &cands[n++];
        *k = (struct cand){.ret = d->ret, .null_args = true, .impl = d};
        while (k->n_params < 4 && d->args[k->n_params] != NULL) {
            k->params[k->n_params] = d->args[k->n_params];
            k->n_params++;
        }
    }
    if (f->filter != NULL)
        return err_at(err_new(ERR_WRONG_OBJECT_TYPE,
                              "FILTER specified but %s() is not an aggregate function", name),
                      e->pos);
    struct tc_arg *args = ARENA_ARRAY(c->arena, struct tc_arg, (size_t)n_args + 1);
    for (int i = 0; i < n_args; i++)
        args[i].ast = f->args.items[i];
    struct error *err = tc_resolve(c, desired, cands, n, false, args, n_args, &n);
    if (err != NULL)
        return tc_undecorated(err) || err->code == ERR_WINDOWING
                   ? err : err_wrap(err, "%s()", name);
    if (n != 1 || !settle_default(c, args, n_args))
        return tc_signature_error(c, name, desired, args, n_args, cands, n == 1 ? 0 : n, e->pos);
    const struct type **types = ARENA_ARRAY(c->arena, const struct type *, (size_t)n_args + 1);
    w->def = cands[0].impl;
    w->n_args = n_args;
    w->args = ARENA_ARRAY(c->arena, struct expr *, (size_t)n_args + 1);
    for (int i = 0; i < n_args; i++) {
        w->args[i] = args[i].typed;
        types[i] = args[i].typed->type;
    }
    w->arg_types = types;
    w->type = w->def->ret != NULL ? w->def->ret : types[0];
    return NULL;
}

static bool
window_equal(const struct window_call *a, const struct window_call *b)
{
    if (a->def != b->def || (a->agg == NULL) != (b->agg == NULL) || a->n_args != b->n_args ||
        a->n_partition != b->n_partition || a->n_order != b->n_order ||
        a->frame.mode != b->frame.mode || a->frame.exclusion != b->frame.exclusion ||
        a->frame.start.kind != b->frame.start.kind || a->frame.end.kind != b->frame.end.kind ||
        !type_equal(a->type, b->type))
        return false;
    if (a->agg != NULL && !agg_call_equal(a->agg, b->agg))
        return false;
    for (int i = 0; i < a->n_args; i++)
        if (!expr_equal(a->args[i], b->args[i]))
            return false;
    for (int i = 0; i < a->n_partition; i++)
        if (!expr_equal(a->partition[i], b->partition[i]))
            return false;
    for (int i = 0; i < a->n_order; i++)
        if (a->order[i].desc != b->order[i].desc || !expr_equal(a->order[i].expr, b->order[i].expr))
            return false;
    const struct window_bound *x[4] = {&a->frame.start, &b->frame.start, &a->frame.end,
                                       &b->frame.end};
    for (int i = 0; i < 4; i += 2)
        if ((x[i]->offset == NULL) != (x[i + 1]->offset == NULL) ||
            (x[i]->offset != NULL && !expr_equal(x[i]->offset, x[i + 1]->offset)))
            return false;
    return true;
}

static int
push_window(struct type_ctx *c, struct window_call *w)
{
    struct window_list *l = c->windows;
    for (int i = 0; i < l->n; i++)
        if (window_equal(l->v[i], w))
            return i;
    if (l->n == l->cap) {
        int cap = l->cap == 0 ? 8 : l->cap * 2;
        l->v = arena_realloc(c->arena, l->v, (size_t)l->cap * sizeof(*l->v),
                             (size_t)cap * sizeof(*l->v));
        l->cap = cap;
    }
    l->v[l->n] = w;
    return l->n++;
}

static struct error *
type_over(struct type_ctx *c, const struct ast_expr *e, struct window_call *w)
{
    struct over o;
    ERR_TRY(resolve_over(c, e->func->over, 0, &o));
    w->n_partition = o.partitions->count;
    w->partition = ARENA_ARRAY(c->arena, struct expr *, (size_t)w->n_partition + 1);
    for (int i = 0; i < w->n_partition; i++)
        ERR_TRY(type_expr(c, o.partitions->items[i], NULL, &w->partition[i]));
    ERR_TRY(no_index_order(o.order_by, "window definition"));
    w->n_order = o.order_by->count;
    w->order = ARENA_ARRAY(c->arena, struct agg_order, (size_t)w->n_order + 1);
    for (int i = 0; i < w->n_order; i++) {
        ERR_TRY(type_expr(c, o.order_by->items[i].expr, NULL, &w->order[i].expr));
        w->order[i].desc = o.order_by->items[i].direction == AST_DIR_DESC;
    }
    return type_frame(c, o.frame, w, e->pos);
}

struct error *
type_window(struct type_ctx *c, const struct ast_expr *e, const char *name,
            const struct type *desired, struct expr **out)
{
    const struct ast_func *f = e->func;
    if (c->in_window != NULL)
        return err_at(err_new(ERR_WINDOWING, "%s(): window function calls cannot be nested", name),
                      e->pos);
    if (c->in_aggregate != NULL)
        return err_at(err_new(ERR_WINDOWING,
                              "%s(): window functions are not allowed in aggregate", name), e->pos);
    if (c->windows == NULL || (c->reject & REJECT_WINDOWS) != 0)
        return err_at(err_new(ERR_WINDOWING, "%s(): window functions are not allowed in %s", name,
                              c->clause != NULL ? c->clause : "this context"), e->pos);
    if (f->quantifier == AST_FUNC_DISTINCT)
        return err_at(err_new(ERR_FEATURE_NOT_SUPPORTED,
                              "DISTINCT is not implemented for window functions"), e->pos);
    if (f->order_by.count > 0)
        return err_at(err_new(ERR_FEATURE_NOT_SUPPORTED,
                              "aggregate ORDER BY is not implemented for window functions"),
                      e->pos);
    struct type_ctx inner = *c;
    inner.in_window = name;
    inner.in_func = true;
    struct window_call *w = ARENA_NEW(c->arena, struct window_call);
    if (window_exists(name)) {
        ERR_TRY(window_inside(&inner, e, name, desired, w));
    } else {
        ERR_TRY(agg_inside(&inner, e, name, desired, &w->agg));
        w->type = w->agg->type;
    }
    ERR_TRY(type_over(&inner, e, w));
    struct expr *x = expr_new(c->arena, EXPR_WINDOW, w->type, e->pos, 0);
    x->index = push_window(c, w);
    x->window = c->windows->v[x->index];
    x->volatility = VOLATILE;
    *out = x;
    return NULL;
}
