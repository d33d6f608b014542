#include "config.h"

#include "planner/plan_int.h"

/* EXISTS and IN in WHERE as joins. A condition of WHERE that is (NOT) EXISTS (SELECT ...) or (NOT) IN
 * (SELECT ...) has been typed as a subquery that runs for each row. Where the query is plain enough, it
 * is planned once more, this time as a rel beside the FROM around it: a semi join, an anti join when
 * negated. What it says about the rows around it becomes the join's ON.
 *
 * NOT IN is an anti join only where no NULL can be on either side. */

struct semi {
    struct planner *p;
    struct scope *scope;          /* of the FROM around it */
    struct rel *left;
    const struct subquery *q;
    bool anti;
    struct expr *operand;         /* of IN; NULL: EXISTS */
    struct rel *right;
    int n_on, cap_on;
    struct expr **on;
};

static void
note_outer(void *arg, const struct expr *e)
{
    if (e->kind == EXPR_OUTER && e->depth >= 1)
        *(bool *)arg = true;
}

bool
reads_outer(const struct expr *e)
{
    bool found = false;

    expr_walk(e, note_outer, &found);
    return found;
}

static void
note_outer_of_node(void *arg, struct expr *e)
{
    expr_walk(e, note_outer, arg);
}

bool
plan_reads_outer(const struct plan_node *n)
{
    bool found = false;

    plan_visit_tree(n, note_outer_of_node, &found);
    return found;
}

static bool
any_reads_outer(struct expr *const *v, int n)
{
    for (int i = 0; i < n; i++)
        if (reads_outer(v[i]))
            return true;
    return false;
}

/* Does nothing below r, whose place in the statement will change, read rows around it? */
static bool
rel_is_closed(const struct rel *r)
{
    if (any_reads_outer(r->conj, r->n_conj))
        return false;
    switch (r->kind) {
    case REL_TABLE:
        return true;
    case REL_NODE:
        return !plan_reads_outer(r->node);
    case REL_JOIN:
        return !any_reads_outer(r->on, r->n_on) && !any_reads_outer(r->extra, r->n_extra) &&
               !any_reads_outer(r->params, r->n_params) && rel_is_closed(r->left) &&
               rel_is_closed(r->right);
    }
    return false;
}

/* Names and joins of names: what can be planned twice. */
bool
plain_source(const struct ast_table_ref *r)
{
    if (r->lateral || r->ordinality)
        return false;
    switch (r->kind) {
    case AST_TABLE_NAME:
    case AST_TABLE_NUMERIC:
        return true;
    case AST_TABLE_JOIN:
        return plain_source(r->join->left) && plain_source(r->join->right);
    case AST_TABLE_PAREN:
        return plain_source(r->inner);
    case AST_TABLE_SUBQUERY:
    case AST_TABLE_FUNCS:
    case AST_TABLE_STMT:
        return false;
    }
    return false;
}

static bool
limit_is_harmless(const struct ast_expr *limit)
{
    if (limit == NULL)
        return true;
    if (limit->kind != AST_EXPR_INT || limit->number.negative)
        return false;
    for (size_t i = 0; i < limit->number.text.len; i++)
        if (limit->number.text.ptr[i] != '0')
            return true;
    return false;
}

/* SELECT .. FROM tables [WHERE ..]; NULL: more than that. */
static const struct ast_select_clause *
plain_query(const struct semi *s)
{
    const struct ast_select *a = s->q->ast;

    for (;; a = a->inner) {
        if (a->with != NULL || a->order_by.count > 0 || a->offset != NULL || a->locking.count > 0)
            return NULL;
        if (a->limit != NULL && (s->operand != NULL || !limit_is_harmless(a->limit)))
            return NULL;
        if (a->kind != AST_SELECT_PAREN)
            break;
    }
    if (a->kind != AST_SELECT_CLAUSE)
        return NULL;
    const struct ast_select_clause *c = a->clause;
    if (c->distinct_on_given || c->as_of != NULL || c->group_by.count > 0 || c->having != NULL ||
        c->windows.count > 0 || c->from.count == 0)
        return NULL;
    for (int i = 0; i < c->from.count; i++)
        if (!plain_source(c->from.items[i]))
            return NULL;
    return c;
}

/* An expression of the inner query, over the wide row of the join. */
static struct error *
lift(void *arg, struct expr *e, struct expr **out)
{
    const struct semi *s = arg;

    if (e->kind == EXPR_COLUMN) {
        *out = expr_column(s->p->arena, e->type, e->index + s->left->n_cols);
        (*out)->position = e->position;
    } else if (e->kind == EXPR_OUTER && e->depth >= 1) {
        *out = arena_memdup(s->p->arena, e, sizeof(*e));
        (*out)->depth = e->depth - 1;
        if (e->depth == 1)
            (*out)->kind = EXPR_COLUMN;
    }
    return NULL;
}

/* Never NULL in a row of r, as far as its declaration says. */
static bool
never_null(const struct rel *r, const struct expr *e, int shift)
{
    if (e->kind == EXPR_CONST)
        return !e->value.null;
    if (e->kind != EXPR_COLUMN)
        return false;
    int i = e->index - shift;
    for (;;) {
        if (i < 0 || i >= r->n_cols)
            return false;
        if (r->kind == REL_TABLE)
            return !r->table->columns[i].nullable && !r->table->is_virtual;
        if (r->kind != REL_JOIN)
            return false;
        bool in_left = i < r->left->n_cols;
        if (in_left ? r->type == PLAN_JOIN_RIGHT || r->type == PLAN_JOIN_FULL
                    : r->type != PLAN_JOIN_INNER)
            return false;
        if (!in_left)
            i -= r->left->n_cols;
        r = in_left ? r->left : r->right;
    }
}

static void
add_on(struct semi *s, struct expr *e)
{
    expr_list_add(s->p->arena, &s->on, &s->n_on, &s->cap_on, e);
}

/* operand = item. false: not a comparison that a join can make. */
static bool
equate(struct semi *s, struct expr *operand, struct expr *item)
{
    struct type_ctx c;
    struct expr *eq;

    if (operand->kind == EXPR_TUPLE || item->type->family == FAMILY_TUPLE ||
        !type_equivalent(operand->type, item->type))
        return false;
    if (s->anti && (!never_null(s->left, operand, 0) ||
                    !never_null(s->right, item, s->left->n_cols)))
        return false;
    type_ctx_init(&c, s->p, NULL, "IN", 0);
    struct error *err = expr_compare(&c, CMP_EQ, operand, item, &eq);
    if (err != NULL) {
        err_free(err);
        return false;
    }
    add_on(s, eq);
    return true;
}

static bool
equate_all(struct semi *s, int n, struct expr *const *items)
{
    if (n == 1)
        return equate(s, s->operand, items[0]);
    if (s->operand->kind != EXPR_TUPLE || s->operand->n_args != n)
        return false;
    for (int i = 0; i < n; i++)
        if (!equate(s, s->operand->args[i], items[i]))
            return false;
    return true;
}

/* Any query that reads nothing of the rows around it: its plan is there already. */
static bool
whole_query(struct semi *s)
{
    const struct plan_node *n = s->q->plan;
    struct expr **items = ARENA_ARRAY(s->p->arena, struct expr *, (size_t)n->n_cols + 1);

    s->right = rel_of_node(s->p, (struct plan_node *)(uintptr_t)n);
    for (int i = 0; i < n->n_cols; i++)
        items[i] = expr_column(s->p->arena, n->cols[i].type, s->left->n_cols + i);
    return equate_all(s, n->n_cols, items);
}

/* WHERE, its AND taken apart. */
static struct error *
type_where(struct planner *p, struct scope *scope, const struct ast_expr *where, struct expr ***v,
           int *n)
{
    struct type_ctx c;
    struct expr *e;
    int cap = 0;

    if (where == NULL)
        return NULL;
    type_ctx_init(&c, p, scope, "WHERE", REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
    scope->no_aggregates = "WHERE";
    struct error *err = type_expr_as(&c, where, &TYPE_BOOL, "WHERE", &e);
    scope->no_aggregates = NULL;
    ERR_TRY(err);
    conjuncts(p, e, v, n, &cap);
    return NULL;
}

static struct error *push_condition(struct planner *p, struct scope *scope, struct expr *cond,
                                    struct rel **rel) ERR_MUST_USE;

static struct error *
split_where(struct semi *s, struct scope *from, const struct ast_expr *where, bool *ok)
{
    struct planner *p = s->p;
    struct expr **v = NULL;
    int n = 0;

    ERR_TRY(type_where(p, from, where, &v, &n));
    for (int i = 0; i < n; i++) {
        if (expr_is_volatile(v[i])) {
            *ok = false;
        } else if (reads_outer(v[i])) {
            struct expr *lifted;
            ERR_TRY(expr_rewrite(p->arena, v[i], lift, s, &lifted));
            add_on(s, lifted);
        } else {
            ERR_TRY(push_condition(p, from, v[i], &s->right));
        }
    }
    return NULL;
}

/* The query's own FROM beside the one around it. *ok false: it must stay a subquery. */
static struct error *
open_query(struct semi *s, const struct ast_select_clause *cl, bool *ok)
{
    struct planner *p = s->p;
    struct scope *from;
    struct type_ctx c;
    struct item_list items = {0};

    ERR_TRY(plan_from(p, s->scope, &cl->from, &s->right, &from));
    ERR_TRY(split_where(s, from, cl->where, ok));
    *ok = *ok && rel_is_closed(s->right);
    if (!*ok)
        return NULL;
    /* Aggregates and generators decide how many rows there are. */
    type_ctx_init(&c, p, from, "SELECT", REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
    struct error *err = plan_items(&c, &cl->items, NULL, 0, &items);
    if (err != NULL) {
        err_free(err);
        *ok = false;
        return NULL;
    }
    for (int i = 0; i < items.n; i++) {
        *ok = *ok && !expr_is_volatile(items.exprs[i]);
        ERR_TRY(expr_rewrite(p->arena, items.exprs[i], lift, s, &items.exprs[i]));
    }
    if (*ok && s->operand != NULL)
        *ok = equate_all(s, items.n, items.exprs);
    return NULL;
}

/* Without an equality between the sides a join has to look at every pair. */
static bool
has_equality(const struct semi *s)
{
    int nl = s->left->n_cols, wide = nl + s->right->n_cols;

    for (int i = 0; i < s->n_on; i++) {
        const struct expr *e = s->on[i];
        if (e->kind != EXPR_COMPARE || e->cmp != CMP_EQ || e->n_args != 2 ||
            e->args[0]->type->family == FAMILY_TUPLE ||
            !type_equivalent(e->args[0]->type, e->args[1]->type))
            continue;
        const struct expr *a = e->args[0], *b = e->args[1];
        if ((expr_columns_within(a, 0, nl) && expr_columns_within(b, nl, wide)) ||
            (expr_columns_within(b, 0, nl) && expr_columns_within(a, nl, wide)))
            return true;
    }
    return false;
}

static struct error *
as_join(struct semi *s, struct rel **out)
{
    struct planner *p = s->p;
    const struct ast_select_clause *cl = plain_query(s);
    bool ok = true;

    *out = NULL;
    if (cl != NULL)
        ERR_TRY(open_query(s, cl, &ok));
    else if (s->operand == NULL || s->q->correlated)
        return NULL;
    else
        ok = whole_query(s);
    if (!ok || !has_equality(s))
        return NULL;
    *out = rel_join(p, s->anti ? PLAN_JOIN_ANTI : PLAN_JOIN_SEMI, s->left, s->right);
    for (int i = 0; i < s->n_on; i++)
        rel_push_on(p, *out, s->on[i]);
    return NULL;
}

/* A condition over the wide row of *rel, whose names are in scope: sinks into it, or joins it. */
static struct error *
push_condition(struct planner *p, struct scope *scope, struct expr *cond, struct rel **rel)
{
    struct expr *e = cond;
    bool negated = false;
    struct rel *joined = NULL;

    while (e->kind == EXPR_NOT && e->n_args == 1) {
        negated = !negated;
        e = e->args[0];
    }
    if (e->kind == EXPR_SUBQUERY && e->subquery->ast != NULL && !expr_is_volatile(e) &&
        p->semi_tries < PLAN_TRIES_MAX) {
        bool in = e->subquery->kind == SUBQUERY_IN;
        struct semi s = {.p = p,
                         .scope = scope,
                         .left = *rel,
                         .q = e->subquery,
                         .anti = negated != e->negated,
                         .operand = in ? e->args[0] : NULL};
        bool exists = e->subquery->kind == SUBQUERY_EXISTS && e->subquery->correlated;
        if (exists || (in && !expr_is_volatile(e->args[0]) && expr_has_columns(e->args[0]) &&
                       !expr_has_subquery(e->args[0]))) {
            p->semi_tries++;
            ERR_TRY(as_join(&s, &joined));
        }
    }
    if (joined != NULL)
        *rel = joined;
    else
        rel_push(p, *rel, cond);
    return NULL;
}

struct error *
plan_where(struct planner *p, struct scope *scope, const struct ast_expr *where, struct rel **rel)
{
    struct expr **v = NULL;
    int n = 0;

    ERR_TRY(type_where(p, scope, where, &v, &n));
    for (int i = 0; i < n; i++)
        ERR_TRY(push_condition(p, scope, v[i], rel));
    return NULL;
}
