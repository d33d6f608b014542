#include "config.h"

#include "planner/plan_int.h"

struct cte_binding *
find_cte(struct planner *p, struct slice name)
{
    for (struct cte_binding *b = p->ctes; b != NULL; b = b->next)
        if (slice_eq(b->name, name))
            return b;
    return NULL;
}

struct plan_cte *
cte_new(struct planner *p, struct slice name, struct plan_node *plan)
{
    struct plan_cte *c = ARENA_NEW(p->arena, struct plan_cte);

    c->slot = p->n_ctes++;
    c->next = p->all_ctes;
    p->all_ctes = c;
    c->name = name;
    c->plan = plan;
    if (plan != NULL) {
        c->n_cols = plan->n_cols;
        c->cols = plan->cols;
        c->read = ARENA_ARRAY(p->arena, bool, (size_t)plan->n_cols + 1);
    }
    return c;
}

struct plan_node *
cte_scan_new(struct planner *p, struct plan_cte *c, bool working)
{
    struct plan_cte_scan *s = plan_node_new(p, PLAN_CTE_SCAN, sizeof(*s), c->n_cols, 0);

    memcpy(s->base.cols, c->cols, (size_t)c->n_cols * sizeof(c->cols[0]));
    s->cte = c;
    s->working_table = working;
    return &s->base;
}

static struct cte_binding *
bind(struct planner *p, const struct ast_cte *a, struct plan_cte *c)
{
    struct cte_binding *b = ARENA_NEW(p->arena, struct cte_binding);

    b->next = p->ctes;
    b->name = a->name.name;
    b->cte = c;
    p->ctes = b;
    return b;
}

static struct error *
name_columns(struct planner *p, const struct ast_cte *a, struct cte_binding *b, int n)
{
    const struct ast_names *names = &a->name.columns;

    if (names->count == 0)
        return NULL;
    if (names->count != n)
        return err_new(ERR_INVALID_COLUMN_REFERENCE,
                       "source \"%s\" has %d columns available but %d columns specified",
                       slice_str(p, a->name.name), n, names->count);
    b->column_names = ARENA_ARRAY(p->arena, const char *, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        b->column_names[i] = slice_str(p, names->items[i].text);
    return NULL;
}

static const struct ast_select *
bare(const struct ast_select *s)
{
    while (s->kind == AST_SELECT_PAREN && s->with == NULL && s->order_by.count == 0 &&
           s->limit == NULL && s->offset == NULL)
        s = s->inner;
    return s;
}

/* WITH RECURSIVE c AS (first UNION [ALL] step): the step reads c as its working table. */
static struct error *
plan_recursive(struct planner *p, struct scope *outer, const struct ast_cte *a, bool *done)
{
    *done = false;
    if (a->stmt->kind != AST_STMT_SELECT)
        return NULL;
    const struct ast_select *s = bare(a->stmt->select);
    const char *name = slice_str(p, a->name.name);
    struct cte_binding *b;
    bool more = s->with != NULL || s->order_by.count > 0 || s->limit != NULL || s->limit_all ||
                s->offset != NULL;
    if (s->kind != AST_SELECT_SETOP || s->setop.op != AST_SETOP_UNION || more) {
        bind(p, a, NULL)->refused =
            arena_printf(p->arena, "recursive query \"%s\" does not have the form "
                         "non-recursive-term UNION ALL recursive-term", name);
        return NULL;
    }
    if (!s->setop.all && !p->internal) {
        b = bind(p, a, NULL);
        b->refused_issue = 46642;
        b->refused = arena_printf(p->arena, "recursive query \"%s\" uses UNION which is not "
                                  "implemented (only UNION ALL is supported)", name);
        return NULL;
    }
    struct plan_node *first, *step;
    struct cte_binding *before = p->ctes;
    bind(p, a, NULL)->refused =
        arena_printf(p->arena, "recursive reference to query \"%s\" must not appear within its "
                     "non-recursive term", name);
    ERR_TRY(plan_select(p, outer, s->setop.left, NULL, 0, &first));
    p->ctes = before;
    struct plan_cte *work = cte_new(p, a->name.name, NULL);
    work->recursive = true;
    work->n_cols = first->n_cols;
    work->cols = first->cols;
    b = bind(p, a, work);
    ERR_TRY(name_columns(p, a, b, first->n_cols));
    const struct type **types = ARENA_ARRAY(p->arena, const struct type *, (size_t)first->n_cols + 1);
    for (int i = 0; i < first->n_cols; i++)
        types[i] = first->cols[i].type;
    ERR_TRY(plan_select(p, outer, s->setop.right, types, first->n_cols, &step));
    p->ctes = before;
    if (work->many_places && !p->internal)
        return err_new(ERR_SYNTAX, "recursive reference to query \"%s\" must not appear more than once",
                       name);
    if (work->uses == 0)
        return NULL; /* not recursive after all: planned the plain way */
    if (step->n_cols != first->n_cols)
        return err_new(ERR_SYNTAX, "each UNION query must have the same number of columns: %d vs %d",
                       first->n_cols, step->n_cols);
    for (int i = 0; i < first->n_cols; i++)
        if (!type_equivalent(first->cols[i].type, step->cols[i].type) ||
            (first->cols[i].type->family == FAMILY_UNKNOWN &&
             step->cols[i].type->family != FAMILY_UNKNOWN))
            return err_new(ERR_DATATYPE_MISMATCH, "UNION types %s and %s cannot be matched",
                           type_name_str(p->arena, first->cols[i].type),
                           type_name_str(p->arena, step->cols[i].type));
    struct plan_recursive_cte *r =
        plan_node_new(p, PLAN_RECURSIVE_CTE, sizeof(*r), first->n_cols, 2);
    memcpy(r->base.cols, first->cols, (size_t)first->n_cols * sizeof(first->cols[0]));
    r->base.children[0] = first;
    r->base.children[1] = step;
    r->cte = work;
    r->all = s->setop.all;
    struct plan_cte *c = cte_new(p, a->name.name, &r->base);
    b = bind(p, a, c);
    *done = true;
    return name_columns(p, a, b, c->n_cols);
}

static void
look_for_outer(void *arg, struct expr *e)
{
    bool *found = arg;

    *found = *found || (e->kind == EXPR_OUTER && e->depth >= 1);
    for (int i = 0; i < e->n_args; i++)
        if (e->args[i] != NULL)
            look_for_outer(arg, e->args[i]);
}

struct error *
plan_with(struct planner *p, struct scope *outer, const struct ast_with *w)
{
    for (int i = 0; i < w->count; i++) {
        const struct ast_cte *a = &w->items[i];
        for (int k = 0; k < i; k++)
            if (slice_eq(w->items[k].name.name, a->name.name))
                return err_new(ERR_DUPLICATE_ALIAS, "WITH query name %s specified more than once",
                               slice_str(p, a->name.name));
        bool done = false;
        struct cte_binding *before = p->ctes;
        if (w->recursive)
            ERR_TRY(plan_recursive(p, outer, a, &done));
        if (done)
            continue;
        struct plan_node *n;
        if (a->stmt->kind == AST_STMT_SELECT)
            ERR_TRY(plan_select(p, outer, a->stmt->select, NULL, 0, &n));
        else
            ERR_TRY(plan_row_source(p, a->stmt, &n));
        p->ctes = before; /* what kept it from naming itself goes */
        struct plan_cte *c = cte_new(p, a->name.name, n);
        c->mutation = n->kind == PLAN_INSERT || n->kind == PLAN_UPDATE || n->kind == PLAN_DELETE ||
                      a->stmt->kind != AST_STMT_SELECT;
        bool runs = c->mutation || (a->materialize != AST_MTR_NEVER && plan_has_effects(p, n));
        c->kept = runs || a->materialize == AST_MTR_ALWAYS;
        if (runs) {
            if (p->n_with == p->cap_with) {
                int cap = p->cap_with == 0 ? 4 : p->cap_with * 2;
                p->with = arena_realloc(p->arena, p->with, (size_t)p->cap_with * sizeof(c),
                                        (size_t)cap * sizeof(c));
                p->cap_with = cap;
            }
            p->with[p->n_with++] = c;
        }
        struct cte_binding *b = bind(p, a, c);
        b->outer = outer;
        plan_visit_tree(n, look_for_outer, &b->outer_refs);
        /* v20.1 takes them below LATERAL alone. */
        if (b->outer_refs && (c->mutation || p->subqueries > 0))
            return err_new(ERR_FEATURE_NOT_SUPPORTED, "CTEs may not be correlated");
        ERR_TRY(name_columns(p, a, b, c->n_cols));
    }
    return NULL;
}
