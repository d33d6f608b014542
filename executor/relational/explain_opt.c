#include "config.h"

#include "executor/relational/explain_int.h"

#include "executor/session_int.h"
#include "executor/show/show_int.h"
#include "grammar/print.h"
#include "planner/aggregate.h"

/* EXPLAIN (OPT): the plan in the words of v20.1's optimizer: relational expressions, below each its
 * inputs, then what it does with them. */

struct line {
    const char *text;
    struct line *first, *last, *next;
};

struct drawing {
    struct exec_ctx *x;
    struct arena *a;
    const struct eval_env *env;
    bool *drawn;               /* CTEs, by slot */
    bool details, types;       /* lines of what comes out of a node; with types */
};

static struct line *
line_new(struct drawing *d, struct line *parent, const char *text)
{
    struct line *l = ARENA_NEW(d->a, struct line);

    l->text = text;
    if (parent == NULL)
        return l;
    if (parent->first == NULL)
        parent->first = l;
    else
        parent->last->next = l;
    parent->last = l;
    return l;
}

static void put_node(struct drawing *d, struct line *parent, const struct plan_node *n);

static const char *
text_of(struct drawing *d, const struct expr *e, const struct plan_node *n)
{
    return explain_expr(d->a, d->env, e, n == NULL ? NULL : n->cols, n == NULL ? 0 : n->n_cols);
}

static const char *
name_of(struct drawing *d, const struct plan_node *n, int i)
{
    return n->cols[i].name != NULL ? n->cols[i].name : arena_printf(d->a, "column%d", i + 1);
}

/* The conditions of an AND, a line each. */
static void
put_conditions(struct drawing *d, struct line *filters, const struct expr *e,
               const struct plan_node *n)
{
    if (e->kind == EXPR_AND)
        for (int i = 0; i < e->n_args; i++)
            put_conditions(d, filters, e->args[i], n);
    else
        line_new(d, filters, text_of(d, e, n));
}

/* select over what the line is for, when there is a filter. */
static struct line *
selected(struct drawing *d, struct line *parent, const struct expr *filter,
         const struct plan_node *n, const char *text)
{
    if (filter == NULL)
        return line_new(d, parent, text);
    struct line *select = line_new(d, parent, "select");
    struct line *in = line_new(d, select, text);
    put_conditions(d, line_new(d, select, "filters"), filter, n);
    return in;
}

/* ---- scans ---------------------------------------------------------------------------------- */

static void
put_values(struct drawing *d, struct str *s, const struct plan_bound *b)
{
    for (int i = 0; i < b->n; i++)
        str_printf(s, "/%s", text_of(d, b->values[i], NULL));
}

static const char *
constraint_text(struct drawing *d, const struct plan_scan *p)
{
    struct str s;

    str_init_arena(&s, d->a, 65536);
    str_append_cstr(&s, "constraint: ");
    for (int i = 0; i < p->index->n_keys; i++)
        str_printf(&s, "/%s%u", p->index->desc[i] ? "-" : "",
                   p->table->columns[p->index->keys[i]].id);
    str_append_char(&s, ':');
    for (int i = 0; i < p->n_spans; i++) {
        const struct plan_span *ps = &p->spans[i];
        str_append_cstr(&s, ps->lo.n == 0 || ps->lo.inclusive ? " [" : " (");
        put_values(d, &s, &ps->lo);
        str_append_cstr(&s, " - ");
        put_values(d, &s, &ps->hi);
        str_append_char(&s, ps->hi.n == 0 || ps->hi.inclusive ? ']' : ')');
    }
    if (p->empty)
        str_append_cstr(&s, " contradiction");
    return str_cstr(&s);
}

static void
put_scan(struct drawing *d, struct line *parent, const struct plan_scan *p)
{
    const char *name = p->table->name;
    struct str s;

    str_init_arena(&s, d->a, 65536);
    str_printf(&s, "scan %s", p->alias == NULL ? name : p->alias);
    if (!p->index->primary)
        str_printf(&s, "@%s", p->index->name);
    if (p->reverse)
        str_append_cstr(&s, ",rev");
    struct line *l = selected(d, parent, p->filter, &p->base, str_cstr(&s));
    if (p->n_spans > 0 || p->empty)
        line_new(d, l, constraint_text(d, p));
    for (int i = 0; i < p->n_elements; i++)
        line_new(d, l, arena_printf(d->a, "inverted key: %s", p->element_texts[i]));
    if (p->hard_limit > 0)
        line_new(d, l, arena_printf(d->a, "limit: %lld", (long long)p->hard_limit));
    if (p->lock && !p->written)
        line_new(d, l, "locking: for-update");
}

/* ---- joins ---------------------------------------------------------------------------------- */

static const char *
join_text(struct drawing *d, enum plan_join_type t, const char *how)
{
    static const char *const names[] = {"inner", "left", "right", "full", "semi", "anti"};

    return arena_printf(d->a, "%s-join%s", names[t], how);
}

/* Both sides' columns in a row, for conditions over both: a semi join gives only the left ones. */
static const struct plan_node *
both_sides(struct drawing *d, const struct plan_node *n)
{
    struct plan_node *both = ARENA_NEW(d->a, struct plan_node);
    const struct plan_node *l = n->children[0], *r = n->n_children > 1 ? n->children[1] : NULL;

    if (r == NULL)
        return n;
    both->n_cols = l->n_cols + r->n_cols;
    both->cols = ARENA_ARRAY(d->a, struct plan_column, (size_t)both->n_cols + 1);
    memcpy(both->cols, l->cols, (size_t)l->n_cols * sizeof(l->cols[0]));
    memcpy(both->cols + l->n_cols, r->cols, (size_t)r->n_cols * sizeof(r->cols[0]));
    return both;
}

static void
put_join(struct drawing *d, struct line *parent, const struct plan_node *n,
         enum plan_join_type type, const char *how, int n_keys, const char *const *keys,
         const struct expr *on)
{
    struct line *l = line_new(d, parent, join_text(d, type, how));

    for (int i = 0; i < n->n_children; i++)
        put_node(d, l, n->children[i]);
    if (n_keys == 0 && on == NULL) {
        line_new(d, l, "filters (true)");
        return;
    }
    struct line *filters = line_new(d, l, "filters");
    for (int i = 0; i < n_keys; i++)
        line_new(d, filters, keys[i]);
    if (on != NULL)
        put_conditions(d, filters, on, both_sides(d, n));
}

static void
put_keyed_join(struct drawing *d, struct line *parent, const struct plan_node *n)
{
    const struct plan_node *left = n->children[0];
    const char *keys[64];
    int k = 0;

    if (n->kind == PLAN_HASH_JOIN) {
        const struct plan_hash_join *j = (const struct plan_hash_join *)n;
        for (; k < j->n_keys && k < 64; k++)
            keys[k] = arena_printf(d->a, "%s = %s", text_of(d, j->left_keys[k], left),
                                   text_of(d, j->right_keys[k], n->children[1]));
        put_join(d, parent, n, j->type, " (hash)", k, keys, j->on);
    } else if (n->kind == PLAN_MERGE_JOIN) {
        const struct plan_merge_join *j = (const struct plan_merge_join *)n;
        for (; k < j->n_keys && k < 64; k++)
            keys[k] = arena_printf(d->a, "%s = %s", name_of(d, left, j->left_keys[k]),
                                   name_of(d, n->children[1], j->right_keys[k]));
        put_join(d, parent, n, j->type, " (merge)", k, keys, j->on);
    } else {
        const struct plan_lookup_join *j = (const struct plan_lookup_join *)n;
        for (; k < j->n_keys && k < 64; k++)
            keys[k] = arena_printf(d->a, "%s = %s", text_of(d, j->keys[k], left),
                                   j->table->columns[j->index->keys[k]].name);
        put_join(d, parent, n, j->type,
                 arena_printf(d->a, " (lookup %s%s%s)", j->table->name,
                              j->index->primary ? "" : "@",
                              j->index->primary ? "" : j->index->name),
                 k, keys, j->on);
    }
}

/* ---- the others ----------------------------------------------------------------------------- */

static void
put_render(struct drawing *d, struct line *parent, const struct plan_render *r)
{
    const struct plan_node *in = r->base.children[0];
    struct line *project, *list = NULL;
    bool same = r->base.n_cols == in->n_cols, computed = false;

    for (int i = 0; i < r->base.n_cols; i++)
        computed = computed || r->exprs[i]->kind != EXPR_COLUMN;
    if (same && !computed) {
        put_node(d, parent, in);
        return;
    }
    project = line_new(d, parent, "project");
    put_node(d, project, in);
    for (int i = 0; i < r->base.n_cols; i++) {
        if (r->exprs[i]->kind == EXPR_COLUMN)
            continue;
        if (list == NULL)
            list = line_new(d, project, "projections");
        line_new(d, list, text_of(d, r->exprs[i], in));
    }
}

static const char *
agg_text(struct drawing *d, const struct agg_call *c, const struct plan_node *in)
{
    struct str s;

    str_init_arena(&s, d->a, 65536);
    if (c->n_args == 0)
        str_printf(&s, "%s-rows", c->def->name);
    else
        str_printf(&s, "%s(%s", c->def->name, c->distinct ? "DISTINCT " : "");
    for (int i = 0; i < c->n_args; i++)
        str_printf(&s, "%s%s", i > 0 ? ", " : "", text_of(d, c->args[i], in));
    if (c->n_args > 0)
        str_append_char(&s, ')');
    if (c->filter != NULL)
        str_printf(&s, " FILTER (WHERE %s)", text_of(d, c->filter, in));
    return str_cstr(&s);
}

static void
put_group(struct drawing *d, struct line *parent, const struct plan_group *g)
{
    struct line *l = line_new(d, parent, g->scalar ? "scalar-group-by" : "group-by");

    for (int i = 0; i < g->n_keys; i++)
        line_new(d, l, arena_printf(d->a, "by: %s", text_of(d, g->keys[i], g->base.children[0])));
    put_node(d, l, g->base.children[0]);
    if (g->n_aggs == 0)
        return;
    struct line *list = line_new(d, l, "aggregations");
    for (int i = 0; i < g->n_aggs; i++)
        line_new(d, list, agg_text(d, g->aggs[i], g->base.children[0]));
}

static void
put_window(struct drawing *d, struct line *parent, const struct plan_window *w)
{
    struct line *l = line_new(d, parent, "window");

    put_node(d, l, w->base.children[0]);
    struct line *list = line_new(d, l, "windows");
    for (int i = 0; i < w->n; i++)
        line_new(d, list,
                 w->calls[i]->agg != NULL ? agg_text(d, w->calls[i]->agg, w->base.children[0])
                                          : w->calls[i]->def->name);
}

static void
put_rows(struct drawing *d, struct line *parent, const struct plan_values *v)
{
    struct line *l = line_new(d, parent, "values");

    for (int r = 0; r < v->n_rows; r++) {
        struct str s;
        str_init_arena(&s, d->a, 65536);
        str_append_char(&s, '(');
        for (int i = 0; i < v->base.n_cols; i++)
            str_printf(&s, "%s%s", i > 0 ? ", " : "", text_of(d, v->rows[r][i], NULL));
        str_append_cstr(&s, v->base.n_cols == 1 ? ",)" : ")");
        line_new(d, l, str_cstr(&s));
    }
}

static void
put_limit(struct drawing *d, struct line *parent, const struct plan_limit *p)
{
    struct line *l = parent;

    if (p->count != NULL)
        l = line_new(d, l, "limit");
    struct line *in = p->offset == NULL ? l : line_new(d, l, "offset");
    put_node(d, in, p->base.children[0]);
    if (p->offset != NULL)
        line_new(d, in, text_of(d, p->offset, NULL));
    if (p->count != NULL)
        line_new(d, l, text_of(d, p->count, NULL));
}

static const char *
setop_text(const struct plan_setop *s)
{
    static const char *const names[][2] = {[PLAN_SETOP_UNION] = {"union", "union-all"},
                                           [PLAN_SETOP_INTERSECT] = {"intersect", "intersect-all"},
                                           [PLAN_SETOP_EXCEPT] = {"except", "except-all"}};
    return names[s->op][s->all];
}

static void
put_generators(struct drawing *d, struct line *parent, const struct plan_project_set *p)
{
    struct line *l = line_new(d, parent, "project-set");

    put_node(d, l, p->base.children[0]);
    struct line *list = line_new(d, l, "zip");
    for (int i = 0; i < p->n; i++)
        line_new(d, list, text_of(d, p->gens[i].call, p->base.children[0]));
}

/* A line of its own, then its inputs. */
static const char *
plain_text(struct drawing *d, const struct plan_node *n)
{
    switch (n->kind) {
    case PLAN_VIRTUAL_SCAN:
        return arena_printf(d->a, "virtual-scan %s",
                            ((const struct plan_virtual_scan *)n)->table->name);
    case PLAN_SEQUENCE_SCAN:
        return arena_printf(d->a, "sequence-select %s",
                            ((const struct plan_sequence_scan *)n)->table->name);
    case PLAN_CTE_SCAN: {
        const struct plan_cte *c = ((const struct plan_cte_scan *)n)->cte;
        return arena_printf(d->a, "with-scan %.*s", (int)c->name.len, (const char *)c->name.ptr);
    }
    case PLAN_STATEMENT:
        return explain_statement_name(d->a, n);
    case PLAN_DISTINCT: {
        const struct plan_distinct *di = (const struct plan_distinct *)n;
        if (!di->nulls_distinct)
            return "distinct-on";
        return di->errors ? "ensure-upsert-distinct-on" : "upsert-distinct-on";
    }
    case PLAN_RECURSIVE_CTE:
        return "recursive-c-t-e";
    case PLAN_SETOP:
        return setop_text((const struct plan_setop *)n);
    case PLAN_INSERT: {
        const struct plan_insert *i = (const struct plan_insert *)n;
        bool up = i->conflict == CONFLICT_UPSERT || i->conflict == CONFLICT_UPDATE;
        return arena_printf(d->a, "%s %s", up ? "upsert" : "insert", i->target.table->name);
    }
    case PLAN_UPDATE:
        return arena_printf(d->a, "update %s", ((const struct plan_update *)n)->target.table->name);
    case PLAN_DELETE:
        return arena_printf(d->a, "delete %s", ((const struct plan_delete *)n)->target.table->name);
    default:
        return plan_kind_name(n->kind);
    }
}

/* What a CTE is, where it is read first. */
static void
put_cte(struct drawing *d, struct line *scan, const struct plan_node *n)
{
    if (n->kind != PLAN_CTE_SCAN || ((const struct plan_cte_scan *)n)->working_table)
        return;
    const struct plan_cte *c = ((const struct plan_cte_scan *)n)->cte;
    if (c->plan == NULL || d->drawn[c->slot])
        return;
    d->drawn[c->slot] = true;
    put_node(d, scan, c->plan);
}

static const char *
names_of(struct drawing *d, const struct table *t, const uint32_t *ids, int n)
{
    struct str s;

    str_init_arena(&s, d->a, 65536);
    str_printf(&s, "%s(", t->name);
    for (int i = 0; i < n; i++)
        str_printf(&s, "%s%s", i > 0 ? "," : "", t->columns[table_column_ordinal(t, ids[i])].name);
    str_append_char(&s, ')');
    return str_cstr(&s);
}

/* Foreign keys: rows that a mutation leaves, looked up in the other table. */
static void
put_checks(struct drawing *d, struct line *parent, const struct plan_node *n)
{
    struct line *list = NULL;
    struct fk_check c;

    for (int i = 0; explain_next_check(d->x, n, &i, &c);) {
        const char *own = names_of(d, c.own, c.own_ids, c.n);
        const char *other = names_of(d, c.other, c.other_ids, c.n);
        if (list == NULL)
            list = line_new(d, parent, "f-k-checks");
        struct line *item = line_new(d, list, arena_printf(d->a, "f-k-checks-item: %s -> %s",
                                                           c.outbound ? own : other,
                                                           c.outbound ? other : own));
        struct line *join = line_new(d, item, arena_printf(d->a, "%s-join (lookup %s%s%s)",
                                                           c.outbound ? "anti" : "semi", c.other->name,
                                                           c.index->primary ? "" : "@",
                                                           c.index->primary ? "" : c.index->name));
        line_new(d, join, "with-scan &1");
        line_new(d, join, "filters (true)");
    }
}

/* VERBOSE and TYPES: what comes out of n, in front of all that is below its line. */
static void
put_details(struct drawing *d, struct line *l, const struct plan_node *n)
{
    struct line *first = l->first, *last = l->last;
    struct str s;

    l->first = l->last = NULL;
    str_init_arena(&s, d->a, 65536);
    for (int i = 0; i < n->n_cols; i++) {
        str_printf(&s, " %s:%d", name_of(d, n, i), i + 1);
        if (d->types)
            str_printf(&s, "(%s)", type_name_str(d->a, n->cols[i].type));
    }
    line_new(d, l, n->n_cols == 0 ? "columns: ()" : arena_printf(d->a, "columns:%s", str_cstr(&s)));
    if (n->at_most_one)
        line_new(d, l, "cardinality: [0 - 1]");
    line_new(d, l, arena_printf(d->a, "stats: [rows=%.0f]", n->rows));
    if (n->n_ordering > 0) {
        str_clear(&s);
        for (int i = 0; i < n->n_ordering; i++)
            str_printf(&s, "%s%c%d", i > 0 ? "," : "", n->ordering[i].desc ? '-' : '+',
                       n->ordering[i].column + 1);
        line_new(d, l, arena_printf(d->a, "ordering: %s", str_cstr(&s)));
    }
    if (first != NULL) {
        l->last->next = first;
        l->last = last;
    }
}

static void put_expression(struct drawing *d, struct line *parent, const struct plan_node *n);

static void
put_node(struct drawing *d, struct line *parent, const struct plan_node *n)
{
    struct line *before = parent->last;

    put_expression(d, parent, n);
    struct line *l = before == NULL ? parent->first : before->next;
    /* A node that has no line of its own was told where its input was. */
    if (d->details && l != NULL && (l->first == NULL || strncmp(l->first->text, "columns:", 8) != 0))
        put_details(d, l, n);
}

static void
put_expression(struct drawing *d, struct line *parent, const struct plan_node *n)
{
    switch (n->kind) {
    case PLAN_SCAN:
        put_scan(d, parent, (const struct plan_scan *)n);
        return;
    case PLAN_INDEX_JOIN: {
        const struct plan_index_join *j = (const struct plan_index_join *)n;
        struct line *l = selected(d, parent, j->filter, n,
                                  arena_printf(d->a, "index-join %s", j->table->name));
        put_node(d, l, n->children[0]);
        return;
    }
    case PLAN_LOOKUP_JOIN:
    case PLAN_HASH_JOIN:
    case PLAN_MERGE_JOIN:
        put_keyed_join(d, parent, n);
        return;
    case PLAN_NESTED_LOOP: {
        const struct plan_nested_loop *j = (const struct plan_nested_loop *)n;
        put_join(d, parent, n, j->type, j->apply ? "-apply" : " (cross)", 0, NULL, j->on);
        return;
    }
    case PLAN_FILTER: {
        struct line *l = line_new(d, parent, "select");
        put_node(d, l, n->children[0]);
        put_conditions(d, line_new(d, l, "filters"), ((const struct plan_filter *)n)->cond,
                       n->children[0]);
        return;
    }
    case PLAN_RENDER:
        put_render(d, parent, (const struct plan_render *)n);
        return;
    case PLAN_PROJECT_SET:
        put_generators(d, parent, (const struct plan_project_set *)n);
        return;
    case PLAN_GROUP:
        put_group(d, parent, (const struct plan_group *)n);
        return;
    case PLAN_WINDOW:
        put_window(d, parent, (const struct plan_window *)n);
        return;
    case PLAN_VALUES:
        put_rows(d, parent, (const struct plan_values *)n);
        return;
    case PLAN_LIMIT:
        put_limit(d, parent, (const struct plan_limit *)n);
        return;
    default: {
        if (explain_is_setop(n))
            n = n->children[0];
        struct line *l = line_new(d, parent, plain_text(d, n));
        for (int i = 0; i < n->n_children; i++)
            put_node(d, l, explain_input(d->a, d->env, n, n->children[i]));
        put_cte(d, l, n);
        put_checks(d, l, n);
    }
    }
}

/* before: what stands in front of the lines below l. */
static struct error *
draw(struct drawing *d, const struct line *l, const char *before, bool top, bool last,
     struct row_store *out)
{
    const char *below = before;
    const char *text = l->text;

    if (!top) {
        text = arena_printf(d->a, "%s %s %s", before,
                            last ? "\xe2\x94\x94\xe2\x94\x80\xe2\x94\x80"
                                 : "\xe2\x94\x9c\xe2\x94\x80\xe2\x94\x80",
                            l->text);
        below = arena_printf(d->a, "%s %s", before, last ? "    " : "\xe2\x94\x82   ");
    }
    struct datum row = datum_cstr(text);
    ERR_TRY(row_store_add(out, &row));
    for (const struct line *c = l->first; c != NULL; c = c->next)
        ERR_TRY(draw(d, c, below, false, c->next == NULL, out));
    return NULL;
}

static struct error *
draw_plan(struct drawing *d, const struct plan_root *p, struct row_store *out)
{
    struct line *root = line_new(d, NULL, "");

    d->drawn = ARENA_ARRAY(d->a, bool, (size_t)p->n_ctes + 1);
    put_node(d, root, p->node);
    for (const struct line *l = root->first; l != NULL; l = l->next)
        ERR_TRY(draw(d, l, "", true, true, out));
    return NULL;
}

/* ---- ENV -------------------------------------------------------------------------------------- */

#define MAX_TABLES 1000

struct tables {
    const struct table *v[MAX_TABLES];
    int n;
};

static void
add_table(struct tables *ts, const struct table *t)
{
    for (int i = 0; i < ts->n; i++)
        if (ts->v[i]->id == t->id)
            return;
    if (!t->is_virtual && ts->n < MAX_TABLES)
        ts->v[ts->n++] = t;
}

static void
find_tables(struct tables *ts, const struct plan_node *n)
{
    switch (n->kind) {
    case PLAN_SCAN: add_table(ts, ((const struct plan_scan *)n)->table); break;
    case PLAN_INDEX_JOIN: add_table(ts, ((const struct plan_index_join *)n)->table); break;
    case PLAN_LOOKUP_JOIN: add_table(ts, ((const struct plan_lookup_join *)n)->table); break;
    case PLAN_INSERT: add_table(ts, ((const struct plan_insert *)n)->target.table); break;
    case PLAN_UPDATE: add_table(ts, ((const struct plan_update *)n)->target.table); break;
    case PLAN_DELETE: add_table(ts, ((const struct plan_delete *)n)->target.table); break;
    case PLAN_CTE_SCAN: {
        const struct plan_cte_scan *c = (const struct plan_cte_scan *)n;
        if (!c->working_table && c->cte->plan != NULL)
            find_tables(ts, c->cte->plan);
        break;
    }
    default: break;
    }
    for (int i = 0; i < n->n_children; i++)
        find_tables(ts, n->children[i]);
}

void
explain_tables(struct arena *a, const struct plan_node *n, const struct table *const **out, int *count)
{
    struct tables *ts = ARENA_NEW(a, struct tables);

    find_tables(ts, n);
    *out = ts->v;
    *count = ts->n;
}

static struct error *
put_environment(struct exec_ctx *x, struct arena *a, const struct plan_explain *e, struct str *out)
{
    static const char *const settings[] = {"reorder_joins_limit", "enable_zigzag_join",
                                           "optimizer_foreign_keys"};
    struct tables *ts = ARENA_NEW(a, struct tables);

    str_printf(out, "-- Version: %s\n\n", exec_eval_hooks.version(&x->env));
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        const char *value;
        ERR_TRY(exec_eval_hooks.current_setting(&x->env, settings[i], false, &value));
        str_printf(out, "-- %s has the value: %s\n", settings[i], value);
    }
    find_tables(ts, e->plan->node);
    for (int i = 0; i < ts->n; i++) {
        struct datum **rows;
        size_t n;
        char *text;
        ERR_TRY(show_create_text(x, ts->v[i], true, &text));
        str_printf(out, "\n%s;\n", text);
        ERR_TRY(exec_query(x, EXEC_ROOT, a, 0, NULL, NULL,
                           arena_printf(a, "SELECT count(*), max(\"rowCount\") FROM "
                                           "system.public.table_statistics WHERE "
                                           "\"tableID\" = %u", ts->v[i]->id), 1, &rows, &n));
        if (rows[0][0].i > 0)
            str_printf(out, "-- %lld statistics, %lld rows\n", (long long)rows[0][0].i,
                       (long long)rows[0][1].i);
    }
    str_append_cstr(out, "\n");
    struct ast_stmt self = {.kind = AST_STMT_EXPLAIN, .explain = (struct ast_explain *)(uintptr_t)e->ast};
    print_stmt(out, &self, NULL);
    str_append_cstr(out, "\n----\n");
    return NULL;
}

static struct error *
explain_environment(struct exec_ctx *x, struct arena *a, struct drawing *d,
                    const struct plan_explain *e, struct row_store *out)
{
    struct str text, address;
    struct datum line;
    bool more;

    str_init_arena(&text, a, STR_MAX_DEFAULT);
    str_init_arena(&address, a, STR_MAX_DEFAULT);
    ERR_TRY(put_environment(x, a, e, &text));
    struct row_store *lines =
        row_store_create(x, a, 1, (const struct type *const[]){&TYPE_STRING}, 0);
    ERR_TRY(draw_plan(d, e->plan, lines));
    struct row_reader *r = row_reader_open(lines, a);
    for (;;) {
        ERR_TRY(row_reader_next(r, &line, &more));
        if (!more)
            break;
        str_append_slice(&text, datum_slice(&line));
        str_append_char(&text, '\n');
    }
    ERR_TRY(str_error(&text));
    explain_address(a, "text", str_slice(&text), &address);
    ERR_TRY(str_error(&address));
    line = datum_bytes(address.ptr, address.len);
    return row_store_add(out, &line);
}

/* ---- CATALOG ---------------------------------------------------------------------------------- */

/* SOURCE: CockroachDB v20.1 pkg/sql/opt/cat/utils.go, FormatTable and what it calls. */

static const char *
column_line(struct drawing *d, const struct column *c)
{
    struct str s;

    str_init_arena(&s, d->a, STR_MAX_DEFAULT);
    str_printf(&s, "%s %s", c->name, type_name_str(d->a, c->type));
    if (!c->nullable)
        str_append_cstr(&s, " not null");
    if (c->compute_expr != NULL)
        str_printf(&s, " as (%s) stored", c->compute_expr);
    if (c->default_expr != NULL)
        str_printf(&s, " default (%s)", c->default_expr);
    if (c->hidden)
        str_append_cstr(&s, " [hidden]");
    return str_cstr(&s);
}

static void
put_index(struct drawing *d, struct line *parent, const struct table *t, const struct index *ix)
{
    const char *kind = ix->inverted ? "INVERTED " : "";
    const char *state = ix->state == DESC_PUBLIC ? "" : " (mutation)";
    struct line *l = line_new(d, parent, arena_printf(d->a, "%sINDEX %s%s", kind, ix->name, state));
    int n_keys = ix->n_keys + (ix->unique ? 0 : ix->n_extra);

    for (int i = 0; i < ix->n_keys; i++)
        line_new(d, l, arena_printf(d->a, "%s%s", column_line(d, &t->columns[ix->keys[i]]),
                                    ix->desc != NULL && ix->desc[i] ? " desc" : ""));
    if (ix->primary)
        return;
    for (int i = 0; i < ix->n_extra; i++)
        line_new(d, l, arena_printf(d->a, "%s%s", column_line(d, &t->columns[ix->extra[i]]),
                                    ix->n_keys + i >= n_keys ? " (storing)" : ""));
    for (int i = 0; i < ix->n_stored; i++)
        line_new(d, l, arena_printf(d->a, "%s (storing)",
                                    column_line(d, &t->columns[ix->stored[i]])));
}

static const char *
column_list(struct drawing *d, const struct table *t, const uint32_t *ids, size_t n)
{
    struct str s;

    str_init_arena(&s, d->a, STR_MAX_DEFAULT);
    for (size_t i = 0; i < n; i++) {
        int c = table_column_ordinal(t, ids[i]);
        str_printf(&s, "%s%s", i > 0 ? ", " : "(", c < 0 ? "?" : t->columns[c].name);
    }
    str_append_char(&s, ')');
    return str_cstr(&s);
}

static struct error *
put_reference(struct exec_ctx *x, struct drawing *d, struct line *parent, const char *title,
              const Amberdb__ForeignKeyConstraint *fk)
{
    const struct table *from, *to;

    ERR_TRY(catalog_table_by_id(x->catalog, fk->origin_table_id, &from));
    ERR_TRY(catalog_table_by_id(x->catalog, fk->referenced_table_id, &to));
    if (from == NULL || to == NULL)
        return NULL;
    line_new(d, parent,
             arena_printf(d->a, "%sCONSTRAINT %s FOREIGN KEY %s %s REFERENCES %s %s", title,
                          fk->name, from->name,
                          column_list(d, from, fk->origin_column_ids, fk->n_origin_column_ids),
                          to->name, column_list(d, to, fk->referenced_column_ids,
                                                fk->n_referenced_column_ids)));
    return NULL;
}

static struct error *
put_table(struct exec_ctx *x, struct drawing *d, const struct table *t, struct row_store *out)
{
    struct line *l = line_new(d, NULL, arena_printf(d->a, "TABLE %s", t->name));

    for (int i = 0; i < t->n_all_columns; i++)
        line_new(d, l, arena_printf(d->a, "%s%s", column_line(d, &t->columns[i]),
                                    i < t->n_columns ? "" : " (mutation)"));
    for (int i = 0; i < t->n_all_indexes; i++)
        put_index(d, l, t, &t->indexes[i]);
    for (size_t i = 0; i < t->pb->n_outbound_fks; i++)
        ERR_TRY(put_reference(x, d, l, "", t->pb->outbound_fks[i]));
    for (size_t i = 0; i < t->pb->n_inbound_fks; i++)
        ERR_TRY(put_reference(x, d, l, "REFERENCED BY ", t->pb->inbound_fks[i]));
    for (size_t i = 0; i < t->pb->n_checks; i++)
        line_new(d, l, arena_printf(d->a, "CHECK (%s)", t->pb->checks[i]->expr));
    return draw(d, l, "", true, true, out);
}

static struct error *
put_catalog(struct exec_ctx *x, struct drawing *d, const struct plan_root *p,
            struct row_store *out)
{
    struct tables *ts = ARENA_NEW(d->a, struct tables);

    find_tables(ts, p->node);
    for (int i = 0; i < ts->n; i++)
        ERR_TRY(put_table(x, d, ts->v[i], out));
    return NULL;
}

struct error *
explain_opt(struct exec_ctx *x, struct arena *a, const struct plan_explain *e,
            struct row_store *out)
{
    struct drawing d = {.x = x, .a = a, .env = &x->env, .types = e->ast->types,
                        .details = e->ast->verbose || e->ast->types || e->ast->env};

    if (e->ast->env)
        return explain_environment(x, a, &d, e, out);
    if (e->ast->catalog)
        ERR_TRY(put_catalog(x, &d, e->plan, out));
    return draw_plan(&d, e->plan, out);
}
