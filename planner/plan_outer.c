#include "config.h"

#include "planner/plan_int.h"
#include "planner/type_int.h"

/* Walks over all expressions of a plan, and the binding of outer references. */

static void
visit_list(struct expr *const *v, int n, void (*fn)(void *arg, struct expr *e), void *arg)
{
    for (int i = 0; i < n; i++)
        if (v[i] != NULL)
            fn(arg, v[i]);
}

static void
visit_agg(const struct agg_call *c, void (*fn)(void *arg, struct expr *e), void *arg)
{
    visit_list(c->args, c->n_args, fn, arg);
    if (c->filter != NULL)
        fn(arg, c->filter);
    for (int i = 0; i < c->n_order; i++)
        fn(arg, c->order[i].expr);
}

static void
visit_window(const struct window_call *c, void (*fn)(void *arg, struct expr *e), void *arg)
{
    visit_list(c->args, c->n_args, fn, arg);
    if (c->agg != NULL)
        visit_agg(c->agg, fn, arg);
    visit_list(c->partition, c->n_partition, fn, arg);
    for (int i = 0; i < c->n_order; i++)
        fn(arg, c->order[i].expr);
    if (c->frame.start.offset != NULL)
        fn(arg, c->frame.start.offset);
    if (c->frame.end.offset != NULL)
        fn(arg, c->frame.end.offset);
}

static void
visit_one(struct expr *e, void (*fn)(void *arg, struct expr *e), void *arg)
{
    if (e != NULL)
        fn(arg, e);
}

static void
visit_scan(const struct plan_scan *s, void (*fn)(void *arg, struct expr *e), void *arg)
{
    for (int i = 0; i < s->n_spans; i++) {
        visit_list(s->spans[i].lo.values, s->spans[i].lo.n, fn, arg);
        visit_list(s->spans[i].hi.values, s->spans[i].hi.n, fn, arg);
    }
    visit_one(s->filter, fn, arg);
}

static void
visit_sets(const struct plan_set *v, int n, void (*fn)(void *arg, struct expr *e), void *arg)
{
    for (int i = 0; i < n; i++)
        visit_one(v[i].expr, fn, arg);
}

static void
visit_insert(const struct plan_insert *p, void (*fn)(void *arg, struct expr *e), void *arg)
{
    for (int i = 0; i < p->n_defaults; i++)
        visit_one(p->defaults[i].expr, fn, arg);
    visit_sets(p->sets, p->n_sets, fn, arg);
    visit_one(p->conflict_where, fn, arg);
}

/* The expressions of one node; not of its children. */
void
plan_visit_exprs(const struct plan_node *n, void (*fn)(void *arg, struct expr *e), void *arg)
{
    switch (n->kind) {
    case PLAN_SCAN:
        visit_scan((const struct plan_scan *)n, fn, arg);
        break;
    case PLAN_VIRTUAL_SCAN:
        visit_one(((const struct plan_virtual_scan *)n)->key_value, fn, arg);
        break;
    case PLAN_VALUES: {
        const struct plan_values *v = (const struct plan_values *)n;
        for (int r = 0; r < v->n_rows; r++)
            visit_list(v->rows[r], n->n_cols, fn, arg);
        break;
    }
    case PLAN_INDEX_JOIN:
        visit_one(((const struct plan_index_join *)n)->filter, fn, arg);
        break;
    case PLAN_LOOKUP_JOIN: {
        const struct plan_lookup_join *j = (const struct plan_lookup_join *)n;
        visit_list(j->keys, j->n_keys, fn, arg);
        visit_one(j->on, fn, arg);
        break;
    }
    case PLAN_HASH_JOIN: {
        const struct plan_hash_join *j = (const struct plan_hash_join *)n;
        visit_list(j->left_keys, j->n_keys, fn, arg);
        visit_list(j->right_keys, j->n_keys, fn, arg);
        visit_one(j->on, fn, arg);
        break;
    }
    case PLAN_MERGE_JOIN:
        visit_one(((const struct plan_merge_join *)n)->on, fn, arg);
        break;
    case PLAN_NESTED_LOOP: {
        const struct plan_nested_loop *j = (const struct plan_nested_loop *)n;
        visit_one(j->on, fn, arg);
        visit_list(j->params, j->n_params, fn, arg);
        break;
    }
    case PLAN_FILTER:
        fn(arg, ((const struct plan_filter *)n)->cond);
        break;
    case PLAN_RENDER:
        visit_list(((const struct plan_render *)n)->exprs, n->n_cols, fn, arg);
        break;
    case PLAN_PROJECT_SET: {
        const struct plan_project_set *s = (const struct plan_project_set *)n;
        for (int i = 0; i < s->n; i++)
            fn(arg, s->gens[i].call);
        break;
    }
    case PLAN_GROUP: {
        const struct plan_group *g = (const struct plan_group *)n;
        visit_list(g->keys, g->n_keys, fn, arg);
        for (int i = 0; i < g->n_aggs; i++)
            visit_agg(g->aggs[i], fn, arg);
        break;
    }
    case PLAN_SORT:
        visit_one(((const struct plan_sort *)n)->top_k, fn, arg);
        break;
    case PLAN_LIMIT:
        visit_one(((const struct plan_limit *)n)->count, fn, arg);
        visit_one(((const struct plan_limit *)n)->offset, fn, arg);
        break;
    case PLAN_WINDOW: {
        const struct plan_window *w = (const struct plan_window *)n;
        for (int i = 0; i < w->n; i++)
            visit_window(w->calls[i], fn, arg);
        break;
    }
    case PLAN_INSERT:
        visit_insert((const struct plan_insert *)n, fn, arg);
        break;
    case PLAN_UPDATE: {
        const struct plan_update *u = (const struct plan_update *)n;
        visit_sets(u->sets, u->n_sets, fn, arg);
        break;
    }
    case PLAN_SEQUENCE_SCAN:
    case PLAN_STATEMENT:
    case PLAN_CTE_SCAN:
    case PLAN_DISTINCT:
    case PLAN_ORDINALITY:
    case PLAN_SETOP:
    case PLAN_RECURSIVE_CTE:
    case PLAN_DELETE:
    case PLAN_EXPLAIN:
    case PLAN_KIND_COUNT:
        break;
    }
}

/* The right side of an apply is a level of its own. */
void
plan_visit_tree(const struct plan_node *n, void (*fn)(void *arg, struct expr *e), void *arg)
{
    plan_visit_exprs(n, fn, arg);
    for (int i = 0; i < n->n_children; i++) {
        if (i == 1 && n->kind == PLAN_NESTED_LOOP && ((const struct plan_nested_loop *)n)->apply)
            continue;
        plan_visit_tree(n->children[i], fn, arg);
    }
}

struct binding {
    struct planner *p;
    int n, cap;
    struct expr **params;
};

static int
param_for(struct binding *b, struct expr *want)
{
    for (int i = 0; i < b->n; i++)
        if (b->params[i]->kind == want->kind && b->params[i]->index == want->index &&
            b->params[i]->depth == want->depth)
            return i;
    expr_list_add(b->p->arena, &b->params, &b->n, &b->cap, want);
    return b->n - 1;
}

static void
bind_in(void *arg, struct expr *e)
{
    struct binding *b = arg;

    if (e->kind == EXPR_OUTER && e->depth >= 1) {
        struct expr *want = ARENA_NEW(b->p->arena, struct expr);
        want->type = e->type;
        want->kind = e->depth == 1 ? EXPR_COLUMN : EXPR_OUTER;
        want->depth = e->depth - 1;
        want->index = e->index;
        if (e->index >= OUTER_AGGREGATE) {
            want->agg = e->agg;
            want->volatility = VOLATILE;
            if (e->depth == 1) {
                want->kind = EXPR_AGGREGATE;
                want->index -= OUTER_AGGREGATE;
            }
        }
        e->index = param_for(b, want);
        e->depth = 0;
        return;
    }
    for (int i = 0; i < e->n_args; i++)
        if (e->args[i] != NULL)
            bind_in(b, e->args[i]);
}

struct error *
plan_bind_outer(struct planner *p, struct plan_node *inner, int *n_params, struct expr ***params)
{
    struct binding b = {.p = p};

    plan_visit_tree(inner, bind_in, &b);
    *n_params = b.n;
    *params = b.params;
    return NULL;
}

/* ---- subquery expressions ------------------------------------------------------------------- */

/* Several columns of a subquery that stands inside an expression: (1, 2) = (SELECT a, b ...). */
static struct plan_node *
row_as_tuple(struct type_ctx *c, struct plan_node *p)
{
    struct expr *row = expr_new(c->arena, EXPR_TUPLE, tc_row_type(c, p), 0, p->n_cols);
    for (int i = 0; i < p->n_cols; i++)
        row->args[i] = expr_column(c->arena, p->cols[i].type, i);
    struct plan_column col = {.name = "?column?", .type = row->type};
    return plan_render_node(c->planner, p, 1, &row, &col);
}

static void
note_changes(void *arg, struct expr *e)
{
    bool *changes = arg;
    *changes = *changes || expr_changes(e);
}

struct error *
plan_subquery(struct type_ctx *c, const struct ast_select *s, enum subquery_kind kind,
              const struct type *desired, struct subquery **out)
{
    struct planner *p = c->planner;
    struct subquery *q = ARENA_NEW(c->arena, struct subquery);
    struct plan_node *n;
    const struct type *wish[1] = {desired};
    /* Even without names of its own, the expression's place is a level. */
    struct scope *outer = c->scope != NULL ? c->scope : scope_new(p, NULL);

    if (p == NULL)
        return err_new(ERR_FEATURE_NOT_SUPPORTED, "subqueries are not allowed in %s", c->clause);
    if (++p->depth > PLAN_MAX_DEPTH)
        return err_new(ERR_STATEMENT_TOO_COMPLEX, "subqueries are nested too deeply");
    p->subqueries++;
    ERR_TRY(plan_select(p, outer, s, desired == NULL ? NULL : wish, desired == NULL ? 0 : 1, &n));
    p->subqueries--;
    p->depth--;
    if (kind == SUBQUERY_SCALAR && n->n_cols != 1 && c->depth > 1)
        n = row_as_tuple(c, n);
    if (kind == SUBQUERY_EXISTS)
        n = plan_prune_rows(p, n);
    q->kind = kind;
    q->plan = n;
    q->ast = s;
    ERR_TRY(plan_bind_outer(p, n, &q->n_params, &q->params));
    q->correlated = q->n_params > 0;
    if (q->correlated)
        plan_visit_tree(n, note_changes, &q->changes);
    q->slot = p->n_subqueries++;
    if (kind == SUBQUERY_SCALAR && q->correlated && n->n_cols == 1)
        ERR_TRY(plan_all_groups(p, outer, q));
    *out = q;
    return NULL;
}

struct expr *
plan_subquery_expr(struct arena *a, struct subquery *s, struct expr *left, const struct type *type)
{
    struct expr *e = ARENA_NEW(a, struct expr);

    e->kind = EXPR_SUBQUERY;
    e->type = type;
    e->subquery = s;
    e->volatility = STABLE;
    e->n_args = s->n_params + (left != NULL);
    e->args = ARENA_ARRAY(a, struct expr *, (size_t)e->n_args + 1);
    if (left != NULL)
        e->args[0] = left;
    for (int i = 0; i < s->n_params; i++)
        e->args[i + (left != NULL)] = s->params[i];
    return e;
}
