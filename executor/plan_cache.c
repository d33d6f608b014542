#include "config.h"

#include "executor/plan_cache.h"

#include "executor/table_stats.h"

#define LOOK_NS INT64_C(15000000000)

struct plan_cache {
    struct arena *arena;      /* the plan's; this struct is in it */
    const struct plan_root *root;
    uint64_t stamp, vars_generation, stats_generation;
    int64_t looked_ns;        /* when statistics were looked at; other processes make them, too */
    bool usable;              /* else it only serves the execution that made it */
    int n_tables;
    const struct table **tables;
    int n_rights;
    const struct plan_right *rights;
};

/* ---- may it be kept? ------------------------------------------------------------------------ */

struct look {
    bool ok;
};

static void look_at_node(struct look *l, const struct plan_node *n);

static void
look_at_expr(void *arg, struct expr *e)
{
    struct look *l = arg;

    if (e->kind == EXPR_CONST)
        switch (e->type->family) {
        case FAMILY_DATE:
        case FAMILY_TIME:
        case FAMILY_TIMETZ:
        case FAMILY_TIMESTAMP:
        case FAMILY_TIMESTAMPTZ:
        case FAMILY_OID:
            l->ok = l->ok && e->value.null; /* may have been 'now', or a name */
            break;
        default:
            break;
        }
    if (e->kind == EXPR_SUBQUERY)
        look_at_node(l, e->subquery->plan);
    if (e->kind == EXPR_SUBQUERY && e->subquery->all != NULL)
        look_at_node(l, e->subquery->all);
    for (int i = 0; i < e->n_args; i++)
        if (e->args[i] != NULL)
            look_at_expr(l, e->args[i]);
}

static void
look_at_node(struct look *l, const struct plan_node *n)
{
    if (n->kind == PLAN_VIRTUAL_SCAN || n->kind == PLAN_STATEMENT || n->kind == PLAN_EXPLAIN)
        l->ok = false;
    plan_visit_exprs(n, look_at_expr, l);
    for (int i = 0; i < n->n_children; i++)
        look_at_node(l, n->children[i]);
}

static bool
can_keep(const struct exec_ctx *x, const struct planner *p, const struct plan_root *root)
{
    struct look l = {.ok = true};

    if (p->custom || p->has_as_of || p->read_only_as_of || root->n_ctes > 0 || x->session == NULL)
        return false;
    look_at_node(&l, root->node);
    return l.ok;
}

/* ---- is it still right? --------------------------------------------------------------------- */

/* table_stats_get reads them again when they are not fresh; the generation changes if others are found. */
static void
look_at_statistics(struct exec_ctx *x, struct plan_cache *c)
{
    int64_t now = monotonic_now_ns();

    if (now - c->looked_ns < LOOK_NS)
        return;
    c->looked_ns = now;
    for (int i = 0; i < c->n_tables; i++)
        (void)table_stats_get(x, c->tables[i]);
}

static struct error *
check_kept(struct exec_ctx *x, struct plan_cache *c, bool *right)
{
    if (c->usable)
        look_at_statistics(x, c);
    *right = c->usable && c->vars_generation == x->session->vars_generation &&
             c->stats_generation == table_stats_generation(x->node) &&
             x->txn_state != NULL && !x->txn_state->fixed_time &&
             c->stamp == catalog_stamp(x->catalog);
    for (int i = 0; *right && i < c->n_tables; i++) {
        const struct table *t;
        ERR_TRY(catalog_table_by_id(x->catalog, c->tables[i]->id, &t));
        *right = t == c->tables[i];
    }
    for (int i = 0; *right && i < c->n_rights; i++) {
        const pb_descriptor *d;
        ERR_TRY(catalog_descriptor(x->catalog, c->rights[i].id, &d));
        if (d != NULL)
            ERR_TRY(catalog_check_privilege(x->catalog, x->user, d, c->rights[i].privilege));
    }
    return NULL;
}

static struct error *
note_tables(struct exec_ctx *x, struct plan_cache *c, const struct planner *p)
{
    c->tables = ARENA_ARRAY(c->arena, const struct table *, (size_t)p->n_tables + 1);
    for (int i = 0; i < p->n_tables; i++) {
        const struct table *t;
        ERR_TRY(catalog_table_by_id(x->catalog, p->tables[i].id, &t));
        if (t == NULL) {
            c->usable = false;
            return NULL;
        }
        c->tables[c->n_tables++] = t;
    }
    c->rights = p->rights;
    c->n_rights = p->n_rights;
    return NULL;
}

static void
drop(struct prepared *p)
{
    struct plan_cache *c = p->cache;

    p->cache = NULL;
    if (c != NULL)
        arena_destroy(c->arena);
}

struct error *
plan_cache_get(struct exec_ctx *x, struct prepared *p, struct placeholder_types *ph,
               const struct plan_root **out)
{
    bool right = false;

    if (p->cache != NULL) {
        ERR_TRY(check_kept(x, p->cache, &right));
        if (right) {
            *out = p->cache->root;
            x->placeholders = ph;
            return NULL;
        }
    }
    drop(p);
    struct arena *a = arena_create(p->arena, "plan");
    struct plan_cache *c = ARENA_NEW(a, struct plan_cache);
    struct planner *pl;
    struct plan_root *root;
    c->stats_generation = table_stats_generation(x->node);
    c->looked_ns = monotonic_now_ns();
    struct error *err = exec_plan_in(x, a, p->stmt, ph, &pl, &root);
    c->arena = a;
    if (err == NULL && can_keep(x, pl, root)) {
        c->usable = true;
        c->stamp = catalog_stamp(x->catalog);
        c->vars_generation = x->session->vars_generation;
        if (c->stamp == 0)
            c->usable = false;
        else
            err = note_tables(x, c, pl);
        if (err == NULL && c->usable)
            catalog_pin(x->catalog, a);
    }
    if (err != NULL) {
        arena_destroy(a);
        return err;
    }
    c->root = root;
    p->cache = c;
    *out = root;
    return NULL;
}
