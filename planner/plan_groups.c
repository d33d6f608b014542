#include "config.h"

#include "planner/plan_int.h"

/* A subquery such as (SELECT max(b) FROM u WHERE u.k = t.k AND u.x > 1) runs for each row of t. It is
 * planned once more as SELECT u.k, max(b) FROM u WHERE u.x > 1 GROUP BY u.k, which answers for all of them:
 * the executor takes to it when there are many rows (executor/relational/subquery.c). */

#define CONJUNCTS_MAX 32

struct groups {
    struct planner *p;
    struct subquery *q;
    struct scope *from;          /* of its FROM */
    int n_keys, n_rest;
    const struct ast_expr *keys[CONJUNCTS_MAX]; /* of WHERE: the own side of an equality each */
    const struct ast_expr *rest[CONJUNCTS_MAX]; /* and what is left */
    int params[CONJUNCTS_MAX];   /* of the keys */
};

/* ---- what it may be -------------------------------------------------------------------------- */

/* SELECT one FROM tables WHERE ..; NULL: more than that. */
static const struct ast_select_clause *
plain_clause(const struct ast_select *a)
{
    for (;; a = a->inner) {
        if (a->with != NULL || a->order_by.count > 0 || a->offset != NULL || a->limit != NULL ||
            a->locking.count > 0)
            return NULL;
        if (a->kind != AST_SELECT_PAREN)
            break;
    }
    if (a->kind != AST_SELECT_CLAUSE)
        return NULL;
    const struct ast_select_clause *c = a->clause;
    if (c->distinct || c->distinct_on_given || c->as_of != NULL || c->group_by.count > 0 ||
        c->having != NULL || c->windows.count > 0 || c->from.count == 0 || c->where == NULL ||
        c->items.count != 1 || c->table_form)
        return NULL;
    for (int i = 0; i < c->from.count; i++)
        if (!plain_source(c->from.items[i]))
            return NULL;
    return c;
}

/* An aggregate over all rows, or something made of it. */
static bool
is_aggregate(const struct plan_node *n)
{
    while (n->kind == PLAN_RENDER)
        n = n->children[0];
    return n->kind == PLAN_GROUP && ((const struct plan_group *)n)->scalar;
}

/* ---- WHERE ----------------------------------------------------------------------------------- */

/* The parameter that is this column of the row around the query; -1: none. */
static int
param_of(const struct groups *g, const struct expr *e)
{
    if (e->kind != EXPR_OUTER || e->depth != 1)
        return -1;
    for (int i = 0; i < g->q->n_params; i++)
        if (g->q->params[i]->kind == EXPR_COLUMN && g->q->params[i]->index == e->index)
            return i;
    return -1;
}

static struct error *
type_side(struct groups *g, const struct ast_expr *side, struct expr **out)
{
    struct type_ctx c;

    type_ctx_init(&c, g->p, g->from, "WHERE",
                  REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
    return type_expr(&c, side, NULL, out);
}

/* column = parameter, one way round or the other. */
static bool
take_key(struct groups *g, const struct ast_expr *a, const struct ast_expr *b)
{
    struct expr *own, *outer;
    struct error *err = type_side(g, a, &own);

    if (err == NULL)
        err = type_side(g, b, &outer);
    if (err != NULL) {
        err_free(err);
        return false;
    }
    int param = param_of(g, outer);
    if (param < 0 || reads_outer(own) || !expr_has_columns(own) || expr_is_volatile(own) ||
        expr_has_subquery(own) || own->type->family == FAMILY_TUPLE ||
        !type_equivalent(own->type, outer->type))
        return false;
    g->keys[g->n_keys] = a;
    g->params[g->n_keys++] = param;
    return true;
}

static bool
take_conjunct(struct groups *g, const struct ast_expr *e)
{
    struct type_ctx c;
    struct expr *typed;

    while (e->kind == AST_EXPR_PAREN)
        e = e->inner;
    if (e->kind == AST_EXPR_AND)
        return take_conjunct(g, e->binary.left) && take_conjunct(g, e->binary.right);
    if (g->n_keys + g->n_rest == CONJUNCTS_MAX)
        return false;
    if (e->kind == AST_EXPR_COMPARISON && e->comparison.op == AST_CMP_EQ &&
        e->comparison.quantifier == AST_QUANT_NONE &&
        (take_key(g, e->comparison.left, e->comparison.right) ||
         take_key(g, e->comparison.right, e->comparison.left)))
        return true;
    type_ctx_init(&c, g->p, g->from, "WHERE",
                  REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
    struct error *err = type_expr_as(&c, e, &TYPE_BOOL, "WHERE", &typed);
    if (err != NULL) {
        err_free(err);
        return false;
    }
    if (reads_outer(typed) || expr_is_volatile(typed))
        return false;
    g->rest[g->n_rest++] = e;
    return true;
}

/* Every parameter is a key. */
static bool
all_params_used(const struct groups *g)
{
    for (int i = 0; i < g->q->n_params; i++) {
        bool used = false;
        for (int k = 0; k < g->n_keys; k++)
            used = used || g->params[k] == i;
        if (!used)
            return false;
    }
    return true;
}

/* ---- the other query ------------------------------------------------------------------------- */

static struct ast_expr *
and_of(struct arena *a, const struct ast_expr *const *v, int n)
{
    struct ast_expr *all = NULL;

    for (int i = 0; i < n; i++) {
        struct ast_expr *e = (struct ast_expr *)(uintptr_t)v[i];
        if (all != NULL) {
            struct ast_expr *both = ARENA_NEW(a, struct ast_expr);
            both->kind = AST_EXPR_AND;
            both->pos = e->pos;
            both->depth = (all->depth > e->depth ? all->depth : e->depth) + 1;
            both->binary.left = all;
            both->binary.right = e;
            e = both;
        }
        all = e;
    }
    return all;
}

static const struct ast_select *
grouped_query(const struct groups *g, const struct ast_select_clause *old, bool aggregate)
{
    struct arena *a = g->p->arena;
    struct ast_select *s = ARENA_NEW(a, struct ast_select);
    struct ast_select_clause *c = arena_memdup(a, old, sizeof(*c));
    int n = g->n_keys;

    s->kind = AST_SELECT_CLAUSE;
    s->clause = c;
    c->items.items = ARENA_ARRAY(a, struct ast_select_item, (size_t)n + 1);
    c->items.count = c->items.cap = n + 1;
    for (int i = 0; i < n; i++)
        c->items.items[i].expr = (struct ast_expr *)(uintptr_t)g->keys[i];
    c->items.items[n] = old->items.items[0];
    c->where = and_of(a, g->rest, g->n_rest);
    if (aggregate) {
        c->group_by.items = ARENA_ARRAY(a, struct ast_expr *, (size_t)n);
        c->group_by.count = c->group_by.cap = n;
        for (int i = 0; i < n; i++)
            c->group_by.items[i] = (struct ast_expr *)(uintptr_t)g->keys[i];
    }
    return s;
}

/* Rows of WITH may be others at each run of a recursive one. */
static bool
reads_with(const struct plan_node *n)
{
    if (n->kind == PLAN_CTE_SCAN || n->kind == PLAN_RECURSIVE_CTE)
        return true;
    for (int i = 0; i < n->n_children; i++)
        if (reads_with(n->children[i]))
            return true;
    return false;
}

static void
note_volatile(void *arg, struct expr *e)
{
    if (expr_is_volatile(e))
        *(bool *)arg = true;
}

/* Planning it may fail (a column that is not grouped); then there is none. */
static struct error *
plan_it(struct groups *g, struct scope *outer, const struct ast_select *s, bool aggregate)
{
    struct planner *p = g->p;
    struct subquery *q = g->q;
    struct plan_node *n;
    bool is_volatile = false;
    int depth = p->depth, subqueries = p->subqueries;

    p->depth++;
    p->subqueries++;
    struct error *err = plan_select(p, outer, s, NULL, 0, &n);
    p->depth = depth;
    p->subqueries = subqueries;
    if (err != NULL) {
        err_free(err);
        return NULL;
    }
    plan_visit_tree(n, note_volatile, &is_volatile);
    if (is_volatile || n->n_cols != g->n_keys + 1 || plan_reads_outer(n) || reads_with(n) ||
        !type_equal(n->cols[g->n_keys].type, q->plan->cols[0].type))
        return NULL;
    q->all = n;
    q->n_keys = g->n_keys;
    q->key_params = arena_memdup(p->arena, g->params, (size_t)g->n_keys * sizeof(int));
    q->one_a_key = aggregate;
    return NULL;
}

struct error *
plan_all_groups(struct planner *p, struct scope *outer, struct subquery *q)
{
    const struct ast_select_clause *c = plain_clause(q->ast);
    struct groups g = {.p = p, .q = q};
    struct rel *rel;

    if (c == NULL || p->semi_tries >= PLAN_TRIES_MAX || p->depth >= PLAN_MAX_DEPTH)
        return NULL;
    p->semi_tries++;
    ERR_TRY(plan_from(p, outer, &c->from, &rel, &g.from));
    if (!take_conjunct(&g, c->where) || g.n_keys == 0 || !all_params_used(&g))
        return NULL;
    bool aggregate = is_aggregate(q->plan);
    return plan_it(&g, outer, grouped_query(&g, c, aggregate), aggregate);
}
