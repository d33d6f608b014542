#include "config.h"

#include "planner/plan_int.h"

/* What nobody reads of a derived table, a view or a WITH query is not computed: unneeded expressions become
 * NULL, so that columns keep their numbers. What has effects, as v20.1 counts them, is computed all the
 * same: volatile functions, subqueries, and division by what may be zero.
 *
 * Nodes are copied on the way down, for other plans may have them too.
 * SOURCE: CockroachDB v20.1 pkg/sql/opt/norm/rules/prune_cols.opt; memo/logical_props_builder.go. */

static bool
maybe_zero(struct planner *p, const struct expr *e)
{
    struct eval_env env = {.arena = p->arena};
    struct str s;

    if (e->kind != EXPR_CONST || e->value.null)
        return true;
    str_init_arena(&s, p->arena, 1 << 16);
    datum_format(&s, e->type, &e->value, TEXT_CAST, &env);
    return strpbrk(str_cstr(&s), "123456789") == NULL;
}

struct effects {
    struct planner *p;
    bool found;
};

static void
look_at_one(struct effects *f, const struct expr *e)
{
    if (e->kind != EXPR_CALL)
        return;
    if (e->overload->volatility == VOLATILE ||
        (e->n_args == 2 && strcmp(e->overload->name, "/") == 0 && maybe_zero(f->p, e->args[1])))
        f->found = true;
}

static void
look_for_effects(void *arg, const struct expr *e)
{
    struct effects *f = arg;

    if (e->kind == EXPR_SUBQUERY)
        f->found = true;
    look_at_one(f, e);
}

static bool
expr_has_effects(struct planner *p, const struct expr *e)
{
    struct effects f = {.p = p};

    expr_walk(e, look_for_effects, &f);
    return f.found;
}

/* ---- effects --------------------------------------------------------------------------------- */

static void
look_in_plan(void *arg, struct expr *e)
{
    struct effects *f = arg;

    if (e->kind == EXPR_SUBQUERY)
        f->found = f->found || (e->subquery->plan != NULL && plan_has_effects(f->p, e->subquery->plan));
    else
        look_at_one(f, e);
    for (int i = 0; i < e->n_args && !f->found; i++)
        if (e->args[i] != NULL)
            look_in_plan(arg, e->args[i]);
}

bool
plan_has_effects(struct planner *p, const struct plan_node *n)
{
    struct effects f = {.p = p};

    plan_visit_exprs(n, look_in_plan, &f);
    for (int i = 0; i < n->n_children && !f.found; i++)
        f.found = plan_has_effects(p, n->children[i]);
    return f.found;
}

static bool
is_statement(const struct plan_node *n)
{
    bool found = n->kind == PLAN_STATEMENT || n->kind == PLAN_INSERT || n->kind == PLAN_UPDATE ||
                 n->kind == PLAN_DELETE;

    for (int i = 0; i < n->n_children && !found; i++)
        found = is_statement(n->children[i]);
    return found;
}

bool
plan_must_run(struct planner *p, const struct plan_node *n)
{
    return is_statement(n) || plan_has_effects(p, n);
}

/* ---- CTEs ------------------------------------------------------------------------------------ */

void
plan_note_cte_columns(const struct plan_node *scan, const bool *need)
{
    if (scan->kind != PLAN_CTE_SCAN)
        return;
    const struct plan_cte *c = ((const struct plan_cte_scan *)scan)->cte;
    for (int i = 0; c->read != NULL && i < c->n_cols; i++)
        c->read[i] = c->read[i] || need[i];
}

/* SOURCE: CockroachDB v20.1 pkg/sql/opt/norm/with.go, CanInlineWith: what is read in one place is part of
 * the query there. */
void
plan_prune_ctes(struct planner *p)
{
    for (struct plan_cte *c = p->all_ctes; c != NULL; c = c->next)
        if (c->read != NULL && c->uses == 1 && !c->kept && !c->recursive && !c->mutation)
            c->plan = plan_prune(p, c->plan, c->read);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static struct expr *
null_of(struct planner *p, const struct type *t)
{
    return expr_const(p->arena, t, DATUM_NULL);
}

static bool *
nothing(struct planner *p, const struct plan_node *n)
{
    return ARENA_ARRAY(p->arena, bool, (size_t)n->n_cols + 1);
}

/* Of the node and of its first input, whose columns come first in both. */
static bool *
same_of_input(struct planner *p, const struct plan_node *n, const bool *need)
{
    const struct plan_node *in = n->children[0];
    bool *v = nothing(p, in);

    memcpy(v, need, (size_t)(in->n_cols < n->n_cols ? in->n_cols : n->n_cols));
    return v;
}

static void
mark_list(struct expr *const *v, int n, bool *used)
{
    for (int i = 0; i < n; i++)
        if (v[i] != NULL)
            expr_mark_columns(v[i], used);
}

static void
mark_agg(const struct agg_call *a, bool *used)
{
    mark_list(a->args, a->n_args, used);
    if (a->filter != NULL)
        expr_mark_columns(a->filter, used);
    for (int i = 0; i < a->n_order; i++)
        expr_mark_columns(a->order[i].expr, used);
}

static void
mark_window(const struct window_call *w, bool *used)
{
    if (w->agg != NULL)
        mark_agg(w->agg, used);
    mark_list(w->args, w->n_args, used);
    mark_list(w->partition, w->n_partition, used);
    for (int i = 0; i < w->n_order; i++)
        expr_mark_columns(w->order[i].expr, used);
}

static struct plan_node *
with_input(struct planner *p, struct plan_node *copy, const bool *need)
{
    copy->children[0] = plan_prune(p, copy->children[0], need);
    return copy;
}

#define COPY(p, n, type) ((struct type *)arena_memdup((p)->arena, (n), sizeof(struct type)))

static struct plan_node *
prune_render(struct planner *p, struct plan_node *n, const bool *need)
{
    struct plan_render *r = COPY(p, n, plan_render);
    bool *used = nothing(p, n->children[0]);

    r->exprs = arena_memdup(p->arena, r->exprs, (size_t)n->n_cols * sizeof(*r->exprs));
    for (int i = 0; i < n->n_cols; i++) {
        if (!need[i] && r->exprs[i]->kind != EXPR_CONST && !expr_has_effects(p, r->exprs[i]))
            r->exprs[i] = null_of(p, n->cols[i].type);
        expr_mark_columns(r->exprs[i], used);
    }
    return with_input(p, &r->base, used);
}

static struct plan_node *
prune_values(struct planner *p, struct plan_node *n, const bool *need)
{
    struct plan_values *v = COPY(p, n, plan_values);

    v->rows = arena_memdup(p->arena, v->rows, (size_t)v->n_rows * sizeof(*v->rows));
    for (int r = 0; r < v->n_rows; r++) {
        struct expr **row = arena_memdup(p->arena, v->rows[r], (size_t)n->n_cols * sizeof(*row));
        for (int i = 0; i < n->n_cols; i++)
            if (!need[i] && row[i]->kind != EXPR_CONST && !expr_has_effects(p, row[i]))
                row[i] = null_of(p, n->cols[i].type);
        v->rows[r] = row;
    }
    return &v->base;
}

/* One that adds up nothing. */
static struct agg_call *
idle_agg(struct planner *p, const struct agg_call *a)
{
    struct agg_call *idle = COPY(p, a, agg_call);

    idle->args = ARENA_ARRAY(p->arena, struct expr *, (size_t)a->n_args + 1);
    for (int i = 0; i < a->n_args; i++)
        idle->args[i] = null_of(p, a->args[i]->type);
    idle->filter = expr_const(p->arena, &TYPE_BOOL, datum_bool(false));
    idle->distinct = false;
    idle->n_order = 0;
    return idle;
}

static bool
agg_has_effects(struct planner *p, const struct agg_call *a)
{
    bool found = a->filter != NULL && expr_has_effects(p, a->filter);

    for (int i = 0; i < a->n_args; i++)
        found = found || expr_has_effects(p, a->args[i]);
    for (int i = 0; i < a->n_order; i++)
        found = found || expr_has_effects(p, a->order[i].expr);
    return found;
}

static struct plan_node *
prune_group(struct planner *p, struct plan_node *n, const bool *need)
{
    struct plan_group *g = COPY(p, n, plan_group);
    bool *used = nothing(p, n->children[0]);

    mark_list(g->keys, g->n_keys, used);
    g->aggs = arena_memdup(p->arena, g->aggs, (size_t)g->n_aggs * sizeof(*g->aggs));
    for (int i = 0; i < g->n_aggs; i++) {
        if (!need[g->n_keys + i] && g->aggs[i]->n_args > 0 && !agg_has_effects(p, g->aggs[i]))
            g->aggs[i] = idle_agg(p, g->aggs[i]);
        mark_agg(g->aggs[i], used);
    }
    return with_input(p, &g->base, used);
}

/* Columns left, then right; SEMI and ANTI: left alone. Both inputs, where own marks what the join reads. */
static struct plan_node *
prune_join(struct planner *p, struct plan_node *copy, const bool *need, bool *left, bool *right,
           const struct expr *on)
{
    int nl = copy->children[0]->n_cols, nr = copy->children[1]->n_cols;
    bool *both = ARENA_ARRAY(p->arena, bool, (size_t)(nl + nr) + 1);

    memcpy(both, need, (size_t)copy->n_cols);
    if (on != NULL)
        expr_mark_columns(on, both);
    for (int i = 0; i < nl; i++)
        left[i] = left[i] || both[i];
    for (int i = 0; i < nr; i++)
        right[i] = right[i] || both[nl + i];
    copy->children[0] = plan_prune(p, copy->children[0], left);
    copy->children[1] = plan_prune(p, copy->children[1], right);
    return copy;
}

static struct plan_node *
prune_joined(struct planner *p, struct plan_node *n, const bool *need)
{
    bool *left = nothing(p, n->children[0]), *right = nothing(p, n->children[1]);

    if (n->kind == PLAN_HASH_JOIN) {
        struct plan_hash_join *j = COPY(p, n, plan_hash_join);
        mark_list(j->left_keys, j->n_keys, left);
        mark_list(j->right_keys, j->n_keys, right);
        return prune_join(p, &j->base, need, left, right, j->on);
    }
    if (n->kind == PLAN_MERGE_JOIN) {
        struct plan_merge_join *j = COPY(p, n, plan_merge_join);
        for (int i = 0; i < j->n_keys; i++) {
            left[j->left_keys[i]] = true;
            right[j->right_keys[i]] = true;
        }
        return prune_join(p, &j->base, need, left, right, j->on);
    }
    struct plan_nested_loop *j = COPY(p, n, plan_nested_loop);
    mark_list(j->params, j->n_params, left);
    return prune_join(p, &j->base, need, left, right, j->on);
}

/* The columns of `like`: those before `first` as they are, the others where of[] says; -1: NULL. */
static struct plan_node *
spread(struct planner *p, struct plan_node *in, const struct plan_node *like, int first, const int *of)
{
    struct expr **v = ARENA_ARRAY(p->arena, struct expr *, (size_t)like->n_cols + 1);

    for (int i = 0; i < like->n_cols; i++) {
        int from = i < first ? i : of[i - first];
        v[i] = from < 0 ? null_of(p, like->cols[i].type)
                        : expr_column(p->arena, like->cols[i].type, from);
    }
    return plan_render_node(p, in, like->n_cols, v, like->cols);
}

static bool
window_has_effects(struct planner *p, const struct window_call *w)
{
    bool found = w->agg != NULL && agg_has_effects(p, w->agg);

    for (int i = 0; i < w->n_args && w->args != NULL; i++)
        found = found || expr_has_effects(p, w->args[i]);
    for (int i = 0; i < w->n_partition; i++)
        found = found || expr_has_effects(p, w->partition[i]);
    for (int i = 0; i < w->n_order; i++)
        found = found || expr_has_effects(p, w->order[i].expr);
    return found;
}

/* Calls that nobody reads are left out; without any, so is the node. */
static struct plan_node *
prune_window(struct planner *p, struct plan_node *n, const bool *need)
{
    struct plan_window *w = COPY(p, n, plan_window);
    bool *used = same_of_input(p, n, need);
    int first = n->children[0]->n_cols, kept = 0;
    int *of = ARENA_ARRAY(p->arena, int, (size_t)w->n + 1);

    w->calls = arena_memdup(p->arena, w->calls, (size_t)w->n * sizeof(*w->calls));
    w->base.cols = arena_memdup(p->arena, n->cols, (size_t)n->n_cols * sizeof(*n->cols));
    for (int i = 0; i < w->n; i++) {
        of[i] = -1;
        if (!need[first + i] && !window_has_effects(p, w->calls[i]))
            continue;
        mark_window(w->calls[i], used);
        of[i] = first + kept;
        w->base.cols[first + kept] = n->cols[first + i];
        w->calls[kept++] = w->calls[i];
    }
    if (kept == w->n)
        return with_input(p, &w->base, used);
    if (kept == 0)
        return spread(p, plan_prune(p, n->children[0], used), n, first, of);
    w->n = kept;
    w->base.n_cols = first + kept;
    return spread(p, with_input(p, &w->base, used), n, first, of);
}

static struct plan_node *
prune_project_set(struct planner *p, struct plan_node *n, const bool *need)
{
    struct plan_project_set *s = COPY(p, n, plan_project_set);
    bool *used = same_of_input(p, n, need);

    for (int i = 0; i < s->n; i++)
        expr_mark_columns(s->gens[i].call, used);
    return with_input(p, &s->base, used);
}

struct plan_node *
plan_prune(struct planner *p, struct plan_node *n, const bool *need)
{
    bool *used;

    switch ((int)n->kind) {
    case PLAN_RENDER: return prune_render(p, n, need);
    case PLAN_VALUES: return prune_values(p, n, need);
    case PLAN_GROUP: return prune_group(p, n, need);
    case PLAN_WINDOW: return prune_window(p, n, need);
    case PLAN_PROJECT_SET: return prune_project_set(p, n, need);
    case PLAN_HASH_JOIN:
    case PLAN_MERGE_JOIN:
    case PLAN_NESTED_LOOP: return prune_joined(p, n, need);
    case PLAN_LIMIT: return with_input(p, &COPY(p, n, plan_limit)->base, need);
    case PLAN_ORDINALITY:
        return with_input(p, &COPY(p, n, plan_ordinality)->base, same_of_input(p, n, need));
    case PLAN_FILTER:
        used = same_of_input(p, n, need);
        expr_mark_columns(((struct plan_filter *)n)->cond, used);
        return with_input(p, &COPY(p, n, plan_filter)->base, used);
    case PLAN_SORT: {
        struct plan_sort *s = COPY(p, n, plan_sort);
        used = same_of_input(p, n, need);
        for (int i = 0; i < s->n_keys; i++)
            used[s->keys[i].column] = true;
        return with_input(p, &s->base, used);
    }
    case PLAN_DISTINCT: {
        struct plan_distinct *d = COPY(p, n, plan_distinct);
        used = same_of_input(p, n, need);
        for (int i = 0; i < d->n_keys; i++)
            used[d->keys[i]] = true;
        return with_input(p, &d->base, used);
    }
    case PLAN_SETOP: {
        const struct plan_setop *s = (const struct plan_setop *)n;
        if (s->op != PLAN_SETOP_UNION || !s->all)
            return n;
        struct plan_setop *copy = COPY(p, n, plan_setop);
        copy->base.children[1] = plan_prune(p, n->children[1], need);
        return with_input(p, &copy->base, need);
    }
    default:
        return n;
    }
}

/* ---- no rows ---------------------------------------------------------------------------------- */

/* A copy of a node that gives nothing when its input does; NULL: it is another. */
static struct plan_node *
copy_of_empty(struct planner *p, const struct plan_node *n)
{
    switch ((int)n->kind) {
    case PLAN_RENDER: return &COPY(p, n, plan_render)->base;
    case PLAN_PROJECT_SET: return &COPY(p, n, plan_project_set)->base;
    case PLAN_WINDOW: return &COPY(p, n, plan_window)->base;
    case PLAN_FILTER: return &COPY(p, n, plan_filter)->base;
    case PLAN_SORT: return &COPY(p, n, plan_sort)->base;
    case PLAN_DISTINCT: return &COPY(p, n, plan_distinct)->base;
    case PLAN_GROUP:
        return ((const struct plan_group *)n)->scalar ? NULL : &COPY(p, n, plan_group)->base;
    default: return NULL;
    }
}

/* SOURCE: CockroachDB v20.1 pkg/sql/opt/norm: SimplifyZeroCardinalityGroup, and the rules that push a
 * filter down. */
struct plan_node *
plan_nothing(struct planner *p, struct plan_node *n)
{
    if (!plan_must_run(p, n)) {
        struct plan_values *v = plan_node_new(p, PLAN_VALUES, sizeof(*v), n->n_cols, 0);
        memcpy(v->base.cols, n->cols, (size_t)n->n_cols * sizeof(n->cols[0]));
        v->rows = ARENA_ARRAY(p->arena, struct expr **, 1);
        v->base.at_most_one = true;
        return &v->base;
    }
    struct plan_node *copy = copy_of_empty(p, n);
    struct plan_node *below = copy == NULL ? NULL : plan_nothing(p, n->children[0]);
    if (below == NULL)
        return NULL;
    copy->children[0] = below;
    return copy;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/opt/norm/rules/scalar.opt, EliminateExistsProject. */
struct plan_node *
plan_prune_rows(struct planner *p, struct plan_node *n)
{
    while (n->kind == PLAN_RENDER)
        n = n->children[0];
    if (n->kind != PLAN_VALUES)
        return plan_prune(p, n, nothing(p, n));
    struct plan_values *v = COPY(p, n, plan_values);
    v->rows = ARENA_ARRAY(p->arena, struct expr **, (size_t)v->n_rows + 1);
    for (int r = 0; r < v->n_rows; r++) {
        v->rows[r] = ARENA_ARRAY(p->arena, struct expr *, (size_t)n->n_cols + 1);
        for (int i = 0; i < n->n_cols; i++)
            v->rows[r][i] = null_of(p, n->cols[i].type);
    }
    return &v->base;
}
