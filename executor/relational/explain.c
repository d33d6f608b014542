#include "config.h"

#include "executor/relational/explain_int.h"

#include <stdarg.h>

#include "catalog/pb.h"
#include "executor/trace.h"
#include "grammar/print.h"
#include "planner/aggregate.h"

/* EXPLAIN: the plan as v20.1's tree of fields. */

struct explain_op {
    struct op op;
    const struct plan_explain *plan;
    struct row_store *store;
    struct row_reader *reader;
    struct arena *a;
};

/* Subqueries that run once, and CTEs that are kept, in the order in which they are met. */
#define MAX_FOUND 64

struct found {
    int n_subqueries, n_ctes;
    const struct subquery *subqueries[MAX_FOUND];
    const struct plan_cte *ctes[MAX_FOUND];
};

/* Which of the nodes above still have siblings below this line. */
#define MAX_LEVEL 64

struct walk {
    struct explain_op *e;
    struct explain_notes *notes; /* fields go here, not to the rows */
    bool verbose, types;
    const struct plan_scan *locked;   /* the scan that an UPDATE looks for its rows with */
    struct found *found;         /* what stands beside the plan */
    int n_checks;                /* of foreign keys, behind the mutation */
    bool ordered;                /* somebody above needs the order of the node being shown */
    bool more[MAX_LEVEL];
};

static void
indent(struct str *s, const struct walk *w, int level, bool last, bool node)
{
    for (int i = 1; i < level; i++)
        str_append_cstr(s, w->more[i] ? " \xe2\x94\x82   " : "     ");
    if (level == 0)
        return;
    if (node)
        str_append_cstr(s, last ? " \xe2\x94\x94\xe2\x94\x80\xe2\x94\x80 "
                                : " \xe2\x94\x9c\xe2\x94\x80\xe2\x94\x80 ");
    else if (w->more[level])
        str_append_cstr(s, " \xe2\x94\x82");
    while (!node && s->len > 0 && s->ptr[s->len - 1] == ' ')
        s->ptr[--s->len] = '\0';
}

void
explain_note(struct arena *a, struct explain_notes *notes, const char *fmt, ...)
{
    struct str s;
    va_list ap;

    str_init_arena(&s, a, 65536);
    va_start(ap, fmt);
    str_vprintf(&s, fmt, ap);
    va_end(ap);
    if (notes->n == notes->cap) {
        int cap = notes->cap == 0 ? 8 : notes->cap * 2;
        notes->v = arena_realloc(a, notes->v, (size_t)notes->cap * sizeof(notes->v[0]),
                                 (size_t)cap * sizeof(notes->v[0]));
        notes->cap = cap;
    }
    notes->v[notes->n++] = str_cstr(&s);
}

static struct error *
put(struct walk *w, const char *tree, int level, const char *type, const char *field,
    const char *description, const char *columns, const char *ordering)
{
    struct datum row[7];

    if (w->notes != NULL) {
        explain_note(w->e->a, w->notes, description[0] == '\0' ? "%s" : "%s: %s", field, description);
        return NULL;
    }
    if (!w->verbose) {
        row[0] = datum_cstr(tree);
        row[1] = datum_cstr(field);
        row[2] = datum_cstr(description);
    } else {
        row[0] = datum_cstr(tree);
        row[1] = datum_int(level);
        row[2] = datum_cstr(type);
        row[3] = datum_cstr(field);
        row[4] = datum_cstr(description);
        row[5] = datum_cstr(columns);
        row[6] = datum_cstr(ordering);
    }
    return row_store_add(w->e->store, row);
}

/* ---- expressions as text -------------------------------------------------------------------- */

static void
put_expr(struct str *s, const struct expr *e, const struct plan_column *cols, int n,
         const struct eval_env *env)
{
    explain_put_expr(s, e, cols, n, env, false);
}

static const char *
expr_text(struct walk *w, const struct expr *e, const struct plan_column *cols, int n)
{
    struct str s;

    str_init_arena(&s, w->e->a, 65536);
    explain_put_expr(&s, e, cols, n, &w->e->op.x->env, w->types);
    return str_cstr(&s);
}

/* ---- names of columns ------------------------------------------------------------------------ */

static const char *
name_of_expr(const struct expr *e, const struct plan_column *in)
{
    return e->kind == EXPR_COLUMN ? in[e->index].name : NULL;
}

/* The node's columns, those without a name called as v20.1 calls them: by what they are copies of, or by
 * their function. */
static const struct plan_column *
cols_of(struct walk *w, const struct plan_node *n)
{
    struct arena *a = w->e->a;
    struct plan_column *v = ARENA_ARRAY(a, struct plan_column, (size_t)n->n_cols + 1);
    const struct plan_column *in[2] = {NULL, NULL};
    memcpy(v, n->cols, (size_t)n->n_cols * sizeof(v[0]));
    for (int i = 0; i < n->n_children && i < 2; i++)
        in[i] = cols_of(w, n->children[i]);
    for (int i = 0; i < n->n_cols; i++) {
        if (v[i].name != NULL)
            continue;
        int left = n->n_children > 0 ? n->children[0]->n_cols : 0;
        switch (n->kind) {
        case PLAN_SCAN: {
            const struct plan_scan *p = (const struct plan_scan *)n;
            v[i].name = p->table->columns[p->ordinals[i]].name;
            break;
        }
        case PLAN_INDEX_JOIN: {
            const struct plan_index_join *j = (const struct plan_index_join *)n;
            v[i].name = j->table->columns[j->ordinals[i]].name;
            break;
        }
        case PLAN_GROUP: {
            const struct plan_group *g = (const struct plan_group *)n;
            v[i].name = i < g->n_keys ? name_of_expr(g->keys[i], in[0])
                        : g->aggs[i - g->n_keys]->n_args == 0
                            ? "count_rows"
                            : g->aggs[i - g->n_keys]->def->name;
            break;
        }
        case PLAN_RENDER:
            v[i].name = name_of_expr(((const struct plan_render *)n)->exprs[i], in[0]);
            break;
        case PLAN_PROJECT_SET: {
            const struct plan_project_set *p = (const struct plan_project_set *)n;
            const struct expr *call = i < left || i - left >= p->n ? NULL : p->gens[i - left].call;
            v[i].name = i < left ? in[0][i].name
                        : call != NULL && call->kind == EXPR_CALL && p->gens[i - left].n_cols == 1
                            ? call->overload->name
                            : NULL;
            break;
        }
        case PLAN_WINDOW: {
            const struct plan_window *x = (const struct plan_window *)n;
            const struct window_call *c = i < left ? NULL : x->calls[i - left];
            v[i].name = c == NULL          ? in[0][i].name
                        : c->agg != NULL ? c->agg->def->name
                                           : c->def->name;
            break;
        }
        default:
            v[i].name = i < left                                        ? in[0][i].name
                        : n->n_children > 1 && i - left < n->children[1]->n_cols ? in[1][i - left].name
                                                                                 : NULL;
            break;
        }
        if (v[i].name == NULL)
            v[i].name = arena_printf(a, "column%d", i + 1);
    }
    return v;
}

/* ---- fields --------------------------------------------------------------------------------- */

static struct error *
field(struct walk *w, int level, const char *name, const char *value)
{
    struct str s;

    str_init_arena(&s, w->e->a, 65536);
    indent(&s, w, level, true, false);
    return put(w, str_cstr(&s), level, "", name, value, "", "");
}

static void
put_bound(struct walk *w, struct str *s, const struct plan_bound *b)
{
    for (int i = 0; i < b->n; i++) {
        str_append_char(s, '/');
        put_expr(s, b->values[i], NULL, 0, &w->e->op.x->env);
    }
}

static void
has_outer(void *arg, const struct expr *e)
{
    bool *found = arg;

    *found = *found || e->kind == EXPR_OUTER;
}

/* Bounds that bytes do not show: those of an outer row are known when it runs. */
static bool
spans_are_open(const struct plan_scan *p)
{
    bool found = false;

    for (int i = 0; i < p->n_spans; i++) {
        /* Bytes do not tell ascending from descending. */
        for (int k = 0; k < p->index->n_keys; k++)
            found = found || (p->index->desc[k] && (k < p->spans[i].lo.n || k < p->spans[i].hi.n));
        for (int k = 0; k < p->spans[i].lo.n; k++)
            expr_walk(p->spans[i].lo.values[k], has_outer, &found);
        for (int k = 0; k < p->spans[i].hi.n; k++)
            expr_walk(p->spans[i].hi.values[k], has_outer, &found);
    }
    return found;
}

/* *text NULL: nothing can match. */
static struct error *
spans_text(struct walk *w, const struct plan_scan *p, const char **text)
{
    struct str s;

    str_init_arena(&s, w->e->a, 65536);
    *text = NULL;
    if (p->empty)
        return NULL;
    for (int i = 0; i < p->n_elements; i++)
        str_printf(&s, "%s%s-%s/PrefixEnd", i > 0 ? " " : "", p->element_texts[i],
                   p->element_texts[i]);
    if (p->n_elements == 0 && p->n_spans == 0) {
        str_append_cstr(&s, p->hard_limit > 0 && p->filter == NULL ? "LIMITED SCAN" : "FULL SCAN");
    } else if (p->n_elements == 0 && spans_are_open(p)) {
        for (int i = 0; i < p->n_spans; i++) {
            if (i > 0)
                str_append_char(&s, ' ');
            put_bound(w, &s, &p->spans[i].lo);
            str_append_char(&s, '-');
            put_bound(w, &s, &p->spans[i].hi);
        }
    } else if (p->n_elements == 0) {
        struct op *scan;
        bool none;
        ERR_TRY(exec_build(w->e->op.x, &w->e->op.x->state, &p->base, &scan));
        ERR_TRY(scan_spans_text(scan, &s, &none));
        if (none)
            return NULL;
    }
    *text = str_cstr(&s);
    return NULL;
}

static const char *
orders_text(struct walk *w, const struct plan_node *n, int n_keys, const struct plan_order *keys)
{
    struct str s;

    str_init_arena(&s, w->e->a, 65536);
    for (int i = 0; i < n_keys; i++) {
        if (i > 0)
            str_append_char(&s, ',');
        str_append_char(&s, keys[i].desc ? '-' : '+');
        print_name(&s, slice_cstr(cols_of(w, n)[keys[i].column].name));
    }
    return str_cstr(&s);
}

static struct error *
scan_fields(struct walk *w, const struct plan_scan *p, int level)
{
    ERR_TRY(field(w, level, "table", arena_printf(w->e->a, "%s@%s", p->table->name, p->index->name)));
    const char *spans;
    ERR_TRY(spans_text(w, p, &spans));
    ERR_TRY(field(w, level, "spans", spans == NULL ? "" : spans));
    if (p->hard_limit > 0 && p->filter == NULL)
        ERR_TRY(field(w, level, "limit", arena_printf(w->e->a, "%lld", (long long)p->hard_limit)));
    if (p->filter != NULL)
        ERR_TRY(field(w, level, "filter", expr_text(w, p->filter, p->base.cols, p->base.n_cols)));
    if (p == w->locked || (p->lock && !p->written))
        ERR_TRY(field(w, level, "locking strength", "for update"));
    return NULL;
}

static const char *
column_name(struct walk *w, const struct plan_node *n, int i)
{
    return cols_of(w, n)[i].name;
}

static const char *
join_type(enum plan_join_type t)
{
    static const char *const names[] = {"inner", "left outer", "right outer", "full outer", "semi",
                                        "anti"};
    return names[t];
}

/* A limit that the scan below keeps alone. */
static bool
pushed_limit(const struct plan_node *n)
{
    const struct plan_node *c = n->children[0];

    while (c->kind == PLAN_RENDER)
        c = c->children[0];
    return c->kind == PLAN_SCAN && ((const struct plan_scan *)c)->hard_limit > 0 &&
           ((const struct plan_scan *)c)->filter == NULL;
}

static struct error *
strategy(struct walk *w, int level, const char *name)
{
    ERR_TRY(field(w, level, "strategy", name));
    return w->e->op.x->implicit_txn && w->n_checks == 0 ? field(w, level, "auto commit", "") : NULL;
}

static const struct plan_node *
input_of(struct walk *w, const struct plan_node *n, const struct plan_node *in)
{
    return explain_input(w->e->a, &w->e->op.x->env, n, in);
}

static bool
fast_path(struct walk *w, const struct plan_node *n)
{
    return explain_fast_path(w->e->a, &w->e->op.x->env, n);
}

static struct error *values_fields(struct walk *w, const struct plan_values *v,
                                   int level) ERR_MUST_USE;

static struct error *
index_join_fields(struct walk *w, const struct plan_node *n, int level)
{
    struct arena *a = w->e->a;
    const struct plan_index_join *j = (const struct plan_index_join *)n;
    ERR_TRY(field(w, level, "table", arena_printf(a, "%s@%s", j->table->name,
                                                  j->table->indexes[0].name)));
    struct str s;
    str_init_arena(&s, a, 65536);
    for (int i = 0; i < j->n_keys; i++)
        str_printf(&s, "%s%s", i > 0 ? ", " : "",
                   column_name(w, n->children[0], j->key_cols[i]));
    ERR_TRY(field(w, level, "key columns", str_cstr(&s)));
    return j->filter == NULL ? NULL
                             : field(w, level, "filter",
                                     expr_text(w, j->filter, cols_of(w, n), n->n_cols));
}

static struct error *
lookup_join_fields(struct walk *w, const struct plan_node *n, int level)
{
    struct arena *a = w->e->a;
    const struct plan_lookup_join *j = (const struct plan_lookup_join *)n;
    const struct plan_node *c = n->children[0];
    struct str s;
    ERR_TRY(field(w, level, "table", arena_printf(a, "%s@%s", j->table->name, j->index->name)));
    ERR_TRY(field(w, level, "type", join_type(j->type)));
    str_init_arena(&s, a, 65536);
    for (int i = 0; i < j->n_keys; i++) {
        str_append_cstr(&s, i > 0 ? ", " : "(");
        put_expr(&s, j->keys[i], cols_of(w, c), c->n_cols, &w->e->op.x->env);
    }
    for (int i = 0; i < j->n_keys; i++)
        str_printf(&s, "%s%s", i > 0 ? ", " : ") = (",
                   j->table->columns[j->index->keys[i]].name);
    str_append_char(&s, ')');
    ERR_TRY(field(w, level, "equality", str_cstr(&s)));
    if (j->index->unique && j->n_keys == j->index->n_keys) {
        ERR_TRY(field(w, level, "equality cols are key", ""));
        ERR_TRY(field(w, level, "parallel", ""));
    }
    return j->on == NULL ? NULL
                         : field(w, level, "pred", expr_text(w, j->on, cols_of(w, n), n->n_cols));
}

static struct error *
key_fields(struct walk *w, int level, const struct plan_node *n, const int *left, const int *right,
           int n_keys)
{
    if (plan_are_key(n->children[0], left, n_keys))
        ERR_TRY(field(w, level, "left cols are key", ""));
    return plan_are_key(n->children[1], right, n_keys) ? field(w, level, "right cols are key", "") : NULL;
}

/* The columns among the join's keys. */
static const int *
key_columns(struct walk *w, struct expr *const *keys, int n)
{
    int *v = ARENA_ARRAY(w->e->a, int, (size_t)n + 1);

    for (int i = 0; i < n; i++)
        v[i] = keys[i]->kind == EXPR_COLUMN ? keys[i]->index : -1;
    return v;
}

static struct error *
hash_join_fields(struct walk *w, const struct plan_node *n, int level)
{
    struct arena *a = w->e->a;
    const struct plan_hash_join *j = (const struct plan_hash_join *)n;
    struct str s;
    str_init_arena(&s, a, 65536);
    for (int side = 0; side < 2; side++) {
        const struct plan_node *c = n->children[side];
        str_append_cstr(&s, side == 0 ? "(" : ") = (");
        for (int i = 0; i < j->n_keys; i++) {
            if (i > 0)
                str_append_cstr(&s, ", ");
            put_expr(&s, side == 0 ? j->left_keys[i] : j->right_keys[i], cols_of(w, c), c->n_cols,
                     &w->e->op.x->env);
        }
    }
    str_append_char(&s, ')');
    ERR_TRY(field(w, level, "type", join_type(j->type)));
    ERR_TRY(field(w, level, "equality", str_cstr(&s)));
    ERR_TRY(key_fields(w, level, n, key_columns(w, j->left_keys, j->n_keys),
                       key_columns(w, j->right_keys, j->n_keys), j->n_keys));
    return j->on == NULL ? NULL
                         : field(w, level, "pred", expr_text(w, j->on, cols_of(w, n), n->n_cols));
}

static struct error *
merge_join_fields(struct walk *w, const struct plan_node *n, int level)
{
    struct arena *a = w->e->a;
    const struct plan_merge_join *j = (const struct plan_merge_join *)n;
    struct str s;
    str_init_arena(&s, a, 65536);
    for (int side = 0; side < 2; side++) {
        const struct plan_node *c = n->children[side];
        str_append_cstr(&s, side == 0 ? "(" : ") = (");
        for (int i = 0; i < j->n_keys; i++)
            str_printf(&s, "%s%s", i > 0 ? ", " : "",
                       column_name(w, c, side == 0 ? j->left_keys[i] : j->right_keys[i]));
    }
    str_append_char(&s, ')');
    ERR_TRY(field(w, level, "type", join_type(j->type)));
    ERR_TRY(field(w, level, "equality", str_cstr(&s)));
    ERR_TRY(key_fields(w, level, n, j->left_keys, j->right_keys, j->n_keys));
    str_init_arena(&s, a, 65536);
    for (int i = 0; i < j->n_keys; i++)
        str_printf(&s, "%s\"(%s=%s)\"", i > 0 ? "," : j->desc[i] ? "-" : "+",
                   column_name(w, n->children[0], j->left_keys[i]),
                   column_name(w, n->children[1], j->right_keys[i]));
    ERR_TRY(field(w, level, "mergeJoinOrder", str_cstr(&s)));
    return j->on == NULL ? NULL
                         : field(w, level, "pred", expr_text(w, j->on, cols_of(w, n), n->n_cols));
}

static bool
is_group_key(const struct plan_group *g, int column)
{
    for (int i = 0; i < g->n_keys; i++)
        if (g->keys[i]->kind == EXPR_COLUMN && g->keys[i]->index == column)
            return true;
    return false;
}

/* min or max of the column that a scan is ordered by: its first row has it. */
static bool
is_first_of_order(const struct plan_node *n)
{
    const struct plan_group *g = (const struct plan_group *)n;
    const struct plan_node *c = n->children[0];

    return g->scalar && g->n_aggs == 1 && c->kind == PLAN_SCAN &&
           ((const struct plan_scan *)c)->hard_limit == 1 &&
           (strcmp(g->aggs[0]->def->name, "min") == 0 || strcmp(g->aggs[0]->def->name, "max") == 0);
}

static struct error *
group_fields(struct walk *w, const struct plan_node *n, int level)
{
    struct arena *a = w->e->a;
    const struct plan_group *g = (const struct plan_group *)n;
    const struct plan_node *c = n->children[0];
    for (int i = 0; i < g->n_keys; i++)
        ERR_TRY(field(w, level, arena_printf(a, "aggregate %d", i),
                      explain_expr(a, &w->e->op.x->env, g->keys[i], cols_of(w, c), c->n_cols)));
    for (int i = 0; i < g->n_aggs; i++) {
        struct str s;
        str_init_arena(&s, a, 65536);
        str_printf(&s, "%s(%s",
                   is_first_of_order(n) ? "any_not_null"
                   : g->aggs[i]->n_args == 0 && strcmp(g->aggs[i]->def->name, "count") == 0
                       ? "count_rows"
                       : g->aggs[i]->def->name,
                   g->aggs[i]->distinct ? "DISTINCT " : "");
        for (int k = 0; k < g->aggs[i]->n_args; k++) {
            if (k > 0)
                str_append_cstr(&s, ", ");
            put_expr(&s, g->aggs[i]->args[k], cols_of(w, c), c->n_cols, &w->e->op.x->env);
        }
        str_append_char(&s, ')');
        ERR_TRY(field(w, level, arena_printf(a, "aggregate %d", g->n_keys + i), str_cstr(&s)));
    }
    if (g->scalar)
        return field(w, level, "scalar", "");
    struct str s;
    str_init_arena(&s, a, 65536);
    for (int i = 0; i < g->n_keys; i++) {
        if (i > 0)
            str_append_cstr(&s, ", ");
        put_expr(&s, g->keys[i], cols_of(w, c), c->n_cols, &w->e->op.x->env);
    }
    ERR_TRY(field(w, level, "group by", str_cstr(&s)));
    if (!g->streaming || c->n_ordering == 0)
        return NULL;
    int ordered = 0;
    while (ordered < c->n_ordering && is_group_key(g, c->ordering[ordered].column))
        ordered++;
    return ordered == 0 ? NULL
                        : field(w, level, "ordered", orders_text(w, c, ordered, c->ordering));
}

static struct error *
insert_fields(struct walk *w, const struct plan_node *n, int level)
{
    struct arena *a = w->e->a;
    const struct plan_insert *i = (const struct plan_insert *)n;
    struct str s;
    str_init_arena(&s, a, 65536);
    str_printf(&s, "%s(", i->target.table->name);
    for (int k = 0; k < i->target.table->n_columns; k++)
        str_printf(&s, "%s%s", k > 0 ? ", " : "", i->target.table->columns[k].name);
    str_append_char(&s, ')');
    ERR_TRY(field(w, level, "into", str_cstr(&s)));
    ERR_TRY(strategy(w, level,
                     i->conflict == CONFLICT_UPSERT || i->conflict == CONFLICT_UPDATE
                         ? "opt upserter"
                         : "inserter"));
    if (!fast_path(w, n))
        return NULL;
    struct fk_check c;
    for (int k = 0; explain_next_check(w->e->op.x, n, &k, &c);)
        ERR_TRY(field(w, level, "FK check",
                      arena_printf(a, "%s@%s", c.other->name, c.index->name)));
    return values_fields(w, (const struct plan_values *)input_of(w, n, n->children[0]), level);
}

static struct error *
update_fields(struct walk *w, const struct plan_node *n, int level)
{
    struct arena *a = w->e->a;
    const struct plan_update *u = (const struct plan_update *)n;
    struct str s;
    str_init_arena(&s, a, 65536);
    for (int k = 0; k < u->n_sets; k++)
        str_printf(&s, "%s%s", k > 0 ? ", " : "",
                   u->target.table->columns[u->sets[k].ordinal].name);
    ERR_TRY(field(w, level, "table", u->target.table->name));
    ERR_TRY(field(w, level, "set", str_cstr(&s)));
    return strategy(w, level, "updater");
}

/* Is the i-th column of the input's order one of those that make rows distinct? */
static bool
is_distinct_key(const struct plan_distinct *d, const struct plan_node *n, int i)
{
    for (int k = 0; k < d->n_keys; k++)
        if (d->keys[k] == n->children[0]->ordering[i].column)
            return true;
    return false;
}

static struct error *
distinct_fields(struct walk *w, const struct plan_node *n, int level)
{
    struct arena *a = w->e->a;
    const struct plan_distinct *d = (const struct plan_distinct *)n;
    struct str s;
    str_init_arena(&s, a, 65536);
    for (int i = 0; i < d->n_keys; i++) {
        if (i > 0)
            str_append_cstr(&s, ", ");
        str_append_cstr(&s, column_name(w, n, d->keys[i]));
    }
    ERR_TRY(field(w, level, "distinct on", str_cstr(&s)));
    if (d->nulls_distinct)
        ERR_TRY(field(w, level, "nulls are distinct", ""));
    if (d->errors)
        ERR_TRY(field(w, level, "error on duplicate", ""));
    if (!d->streaming)
        return NULL;
    str_init_arena(&s, a, 65536);
    for (int i = 0; i < n->children[0]->n_ordering && is_distinct_key(d, n, i); i++)
        str_printf(&s, "%s%s", i > 0 ? ", " : "",
                   column_name(w, n, n->children[0]->ordering[i].column));
    return s.len == 0 ? NULL : field(w, level, "order key", str_cstr(&s));
}

static struct error *
nested_loop_fields(struct walk *w, const struct plan_node *n, int level)
{
    const struct plan_nested_loop *j = (const struct plan_nested_loop *)n;
    ERR_TRY(field(w, level, "type", j->on == NULL && j->type == PLAN_JOIN_INNER
                                        ? "cross"
                                        : join_type(j->type)));
    return j->on == NULL ? NULL
                         : field(w, level, "pred", expr_text(w, j->on, cols_of(w, n), n->n_cols));
}

static struct error *
render_fields(struct walk *w, const struct plan_node *n, int level)
{
    struct arena *a = w->e->a;
    const struct plan_render *r = (const struct plan_render *)n;
    if (!w->verbose)
        return NULL;
    for (int i = 0; i < n->n_cols; i++)
        ERR_TRY(field(w, level, arena_printf(a, "render %d", i),
                      expr_text(w, r->exprs[i], cols_of(w, n->children[0]), n->children[0]->n_cols)));
    return NULL;
}

static struct error *
limit_fields(struct walk *w, const struct plan_node *n, int level)
{
    const struct plan_limit *l = (const struct plan_limit *)n;
    if (l->count != NULL && !pushed_limit(n))
        ERR_TRY(field(w, level, "count", expr_text(w, l->count, NULL, 0)));
    return l->offset == NULL ? NULL
                             : field(w, level, "offset", expr_text(w, l->offset, NULL, 0));
}

static const char *
cte_label(struct walk *w, const struct plan_cte *c)
{
    int i = 0;
    const char *name = slice_to_cstr(w->e->a, c->name);
    while (w->found != NULL && i < w->found->n_ctes && w->found->ctes[i]->slot != c->slot)
        i++;
    return w->found == NULL || i == w->found->n_ctes
               ? name
               : arena_printf(w->e->a, "buffer %d (%s)", i + 1, name);
}

static struct error *
values_fields(struct walk *w, const struct plan_values *v, int level)
{
    struct arena *a = w->e->a;
    int n = v->base.n_cols;
    ERR_TRY(field(w, level, "size",
                  arena_printf(a, "%d column%s, %d row%s", n, n == 1 ? "" : "s", v->n_rows,
                               v->n_rows == 1 ? "" : "s")));
    for (int r = 0; w->verbose && r < v->n_rows; r++)
        for (int c = 0; c < n; c++)
            ERR_TRY(field(w, level, arena_printf(a, "row %d, expr %d", r, c),
                          expr_text(w, v->rows[r][c], NULL, 0)));
    return NULL;
}

static struct error *
node_fields(struct walk *w, const struct plan_node *n, int level)
{

    switch (n->kind) {
    case PLAN_SCAN:
        return scan_fields(w, (const struct plan_scan *)n, level);
    case PLAN_VIRTUAL_SCAN:
        return field(w, level, "source", ((const struct plan_virtual_scan *)n)->table->name);
    case PLAN_VALUES:
        return values_fields(w, (const struct plan_values *)n, level);
    case PLAN_INDEX_JOIN:
        return index_join_fields(w, n, level);
    case PLAN_LOOKUP_JOIN:
        return lookup_join_fields(w, n, level);
    case PLAN_HASH_JOIN:
        return hash_join_fields(w, n, level);
    case PLAN_MERGE_JOIN:
        return merge_join_fields(w, n, level);
    case PLAN_NESTED_LOOP:
        return nested_loop_fields(w, n, level);
    case PLAN_FILTER:
        return field(w, level, "filter",
                     expr_text(w, ((const struct plan_filter *)n)->cond, cols_of(w, n), n->n_cols));
    case PLAN_RENDER:
        return render_fields(w, n, level);
    case PLAN_PROJECT_SET: {
        const struct plan_project_set *p = (const struct plan_project_set *)n;
        for (int i = 0; w->verbose && i < p->n; i++)
            ERR_TRY(field(w, level, arena_printf(w->e->a, "render %d", i),
                          expr_text(w, p->gens[i].call, cols_of(w, n->children[0]),
                                    n->children[0]->n_cols)));
        return NULL;
    }
    case PLAN_GROUP:
        return group_fields(w, n, level);
    case PLAN_WINDOW:
        for (int i = 0; w->verbose && i < ((const struct plan_window *)n)->n; i++)
            ERR_TRY(field(w, level, arena_printf(w->e->a, "window %d", i),
                          explain_window(w->e->a, &w->e->op.x->env,
                                         ((const struct plan_window *)n)->calls[i],
                                         cols_of(w, n->children[0]), n->children[0]->n_cols)));
        return NULL;
    case PLAN_DISTINCT:
        return distinct_fields(w, n, level);
    case PLAN_SORT:
        return field(w, level, "order",
                     orders_text(w, n, ((const struct plan_sort *)n)->n_keys,
                                 ((const struct plan_sort *)n)->keys));
    case PLAN_LIMIT:
        return limit_fields(w, n, level);
    case PLAN_INSERT:
        return insert_fields(w, n, level);
    case PLAN_UPDATE:
        w->locked = plan_update_scan(n);
        return update_fields(w, n, level);
    case PLAN_DELETE:
        ERR_TRY(field(w, level, "from", ((const struct plan_delete *)n)->target.table->name));
        if (plan_delete_range(n) != NULL) {
            const char *spans;
            ERR_TRY(spans_text(w, plan_delete_range(n), &spans));
            return field(w, level, "spans", spans);
        }
        return strategy(w, level, "deleter");
    case PLAN_CTE_SCAN:
        return field(w, level, "label", cte_label(w, ((const struct plan_cte_scan *)n)->cte));
    default:
        return NULL;
    }
}

/* UNION and EXCEPT without ALL: v20.1 has one node for both. */
bool
explain_is_setop(const struct plan_node *n)
{
    return n->kind == PLAN_DISTINCT && !((const struct plan_distinct *)n)->on &&
           ((const struct plan_distinct *)n)->n_keys == n->n_cols &&
           n->children[0]->kind == PLAN_SETOP && !((const struct plan_setop *)n->children[0])->all;
}

static const char *
name_of(struct walk *w, const struct plan_node *n)
{
    if (n->kind == PLAN_STATEMENT)
        return explain_statement_name(w->e->a, n);
    if (n->kind == PLAN_SCAN && ((const struct plan_scan *)n)->reverse)
        return "revscan";
    if (fast_path(w, n))
        return "insert-fast-path";
    if (plan_delete_range(n) != NULL)
        return "delete range";
    if (n->kind == PLAN_INSERT && (((const struct plan_insert *)n)->conflict == CONFLICT_UPSERT ||
                                   ((const struct plan_insert *)n)->conflict == CONFLICT_UPDATE))
        return "upsert";
    if (n->kind == PLAN_NESTED_LOOP && ((const struct plan_nested_loop *)n)->apply)
        return "apply-join";
    if (n->kind == PLAN_SETOP && ((const struct plan_setop *)n)->op == PLAN_SETOP_UNION)
        return "append";
    if (n->kind == PLAN_SETOP || explain_is_setop(n))
        return "union";
    return plan_kind_name(n->kind);
}

struct error *
explain_fields(struct op *explain, const struct plan_node *n, struct explain_notes *out)
{
    struct walk w = {.e = (struct explain_op *)explain, .notes = out};

    return node_fields(&w, n, 0);
}

const char *
explain_title(struct op *explain, const struct plan_node *n)
{
    struct walk w = {.e = (struct explain_op *)explain};

    return name_of(&w, n);
}

static const char *
columns_text(struct walk *w, const struct plan_node *n)
{
    struct str s;

    str_init_arena(&s, w->e->a, 65536);
    str_append_char(&s, '(');
    for (int i = 0; i < n->n_cols; i++) {
        str_append_cstr(&s, i > 0 ? ", " : "");
        print_name(&s, slice_cstr(cols_of(w, n)[i].name));
        if (w->types) {
            str_append_char(&s, ' ');
            type_name(&s, n->cols[i].type);
        }
    }
    str_append_char(&s, ')');
    return str_cstr(&s);
}

static struct error *
title_text(struct walk *w, const char *name, int level, bool last, const char *columns,
           const char *ordering)
{
    struct str s;

    str_init_arena(&s, w->e->a, 65536);
    indent(&s, w, level, last, true);
    str_append_cstr(&s, name);
    if (level > 0)
        w->more[level] = !last;
    return put(w, str_cstr(&s), level, name, "", "", columns, ordering);
}

static struct error *
title(struct walk *w, const struct plan_node *n, const char *name, int level, bool last)
{
    return title_text(w, name, level, last, n == NULL ? "()" : columns_text(w, n),
                      n == NULL || !w->ordered ? ""
                                               : orders_text(w, n, n->n_ordering, n->ordering));
}

/* Does the node need its input in order, or give the order on that is needed above? */
static bool
needs_order(const struct walk *w, const struct plan_node *n)
{
    switch (n->kind) {
    case PLAN_MERGE_JOIN:
        return true;
    case PLAN_GROUP:
        return ((const struct plan_group *)n)->streaming || is_first_of_order(n);
    case PLAN_DISTINCT:
        return ((const struct plan_distinct *)n)->streaming;
    case PLAN_RENDER:
    case PLAN_FILTER:
    case PLAN_LIMIT:
    case PLAN_INDEX_JOIN:
    case PLAN_LOOKUP_JOIN:
    case PLAN_ORDINALITY:
        return w->ordered;
    default:
        return false;
    }
}

/* Only columns of its input. v20.1 has no node for that but at the top. */
static bool
is_plain_render(const struct plan_node *n)
{
    for (int i = 0; n->kind == PLAN_RENDER && i < n->n_cols; i++)
        if (((const struct plan_render *)n)->exprs[i]->kind != EXPR_COLUMN)
            return false;
    return n->kind == PLAN_RENDER;
}

static bool is_inlined(const struct plan_node *n);

static const struct plan_node *
below_plain(const struct plan_node *n)
{
    while (is_plain_render(n) || is_inlined(n))
        n = is_inlined(n) ? ((const struct plan_cte_scan *)n)->cte->plan : n->children[0];
    return n;
}

/* Nothing can come out of it. */
static struct error *
gives_nothing(struct walk *w, const struct plan_node *n, bool *out)
{
    const char *spans = "";

    if (n->kind == PLAN_SCAN)
        ERR_TRY(spans_text(w, (const struct plan_scan *)n, &spans));
    const struct expr *count = n->kind == PLAN_LIMIT ? ((const struct plan_limit *)n)->count : NULL;
    *out = spans == NULL || (n->kind == PLAN_VALUES && ((const struct plan_values *)n)->n_rows == 0) ||
           (count != NULL && count->kind == EXPR_CONST && !count->value.null && count->value.i == 0);
    return NULL;
}

static struct error *
node(struct walk *w, const struct plan_node *n, int level, bool last)
{
    int shown = level < MAX_LEVEL - 1 ? level : MAX_LEVEL - 1;
    bool nothing;

    if (is_inlined(n))
        return node(w, below_plain(n), level, last);
    if (n->kind == PLAN_LIMIT && ((const struct plan_limit *)n)->offset == NULL && pushed_limit(n))
        return node(w, below_plain(n->children[0]), level, last);
    ERR_TRY(gives_nothing(w, n, &nothing));
    if (nothing)
        return title(w, n, "norows", shown, last);
    /* v20.1 keeps no order for a projection at the top. */
    bool ordered = w->ordered;
    w->ordered = ordered && !(level == 0 && is_plain_render(n));
    ERR_TRY(title(w, n, name_of(w, n), shown, last));
    w->ordered = ordered;
    bool whole = explain_is_setop(n);
    if (whole)
        n = n->children[0];
    int n_children = fast_path(w, n) || plan_delete_range(n) != NULL ? 0 : n->n_children;
    w->more[shown + 1] = n_children > 0;
    if (!whole)
        ERR_TRY(node_fields(w, n, shown + 1));
    w->ordered = needs_order(w, n);
    if (w->n_checks > 0 && explain_target(n) != NULL && shown < MAX_LEVEL - 4) {
        ERR_TRY(title(w, n->children[0], "buffer node", ++shown, true));
        w->more[shown + 1] = true;
        ERR_TRY(field(w, shown + 1, "label", "buffer 1"));
        w->n_checks = 0;
    }
    for (int i = 0; i < n_children; i++) {
        const struct plan_node *c = input_of(w, n, below_plain(n->children[i]));
        bool below = w->ordered;
        w->ordered = below || c->kind == PLAN_SORT;
        ERR_TRY(node(w, c, shown + 1, i == n_children - 1));
        w->ordered = below;
    }
    w->ordered = ordered;
    w->more[shown + 1] = false;
    return NULL;
}

/* A CTE that is read once stands where it is read, as v20.1 would have it. */
static bool
is_inlined(const struct plan_node *n)
{
    const struct plan_cte_scan *c = (const struct plan_cte_scan *)n;

    return n->kind == PLAN_CTE_SCAN && !c->working_table && !c->cte->mutation &&
           !c->cte->recursive && c->cte->uses == 1 && c->cte->plan != NULL &&
           c->cte->plan->kind != PLAN_RECURSIVE_CTE;
}

static void
note_subquery(void *arg, struct expr *e)
{
    struct found *f = arg;
    bool known = e->kind != EXPR_SUBQUERY || e->subquery == NULL || e->subquery->n_params > 0;

    for (int i = 0; i < f->n_subqueries && !known; i++)
        known = f->subqueries[i] == e->subquery;
    if (!known && f->n_subqueries < MAX_FOUND)
        f->subqueries[f->n_subqueries++] = e->subquery;
    for (int i = 0; i < e->n_args; i++)
        if (e->args[i] != NULL)
            note_subquery(arg, e->args[i]);
}

static void
find_ctes(struct found *f, const struct plan_node *n)
{
    for (int i = 0; i < n->n_children; i++)
        find_ctes(f, n->children[i]);
    if (n->kind != PLAN_CTE_SCAN)
        return;
    const struct plan_cte_scan *c = (const struct plan_cte_scan *)n;
    if (c->working_table || c->cte->plan == NULL)
        return;
    for (int i = 0; i < f->n_ctes; i++)
        if (f->ctes[i]->slot == c->cte->slot)
            return;
    find_ctes(f, c->cte->plan);
    if (is_inlined(n))
        plan_visit_tree(c->cte->plan, note_subquery, f);
    else if (f->n_ctes < MAX_FOUND)
        f->ctes[f->n_ctes++] = c->cte;
}

static struct error *
put_beside(struct walk *w, const struct plan_node *n, int id, const char *sql, const char *mode,
           bool last)
{
    ERR_TRY(title(w, n, "subquery", 1, last));
    w->more[2] = true;
    ERR_TRY(field(w, 2, "id", arena_printf(w->e->a, "@S%d", id)));
    ERR_TRY(field(w, 2, "original sql", sql));
    return field(w, 2, "exec mode", mode);
}

static struct error *
put_cte(struct walk *w, const struct plan_cte *c, int id, bool last)
{
    const struct ast_stmt *stmt = w->e->plan->ast->stmt;
    const struct ast_with *with = stmt->kind == AST_STMT_SELECT ? stmt->select->with : NULL;
    struct str sql;
    str_init_arena(&sql, w->e->a, 65536);
    for (int i = 0; with != NULL && i < with->count; i++)
        if (slice_eq(with->items[i].name.name, c->name))
            print_stmt(&sql, with->items[i].stmt, NULL);
    ERR_TRY(put_beside(w, c->plan, id, str_cstr(&sql), "all rows", last));
    ERR_TRY(title(w, c->plan, "buffer node", 2, true));
    w->more[3] = true;
    ERR_TRY(field(w, 3, "label", cte_label(w, c)));
    return node(w, below_plain(c->plan), 3, true);
}

static struct error *
put_subquery(struct walk *w, const struct subquery *q, int id, bool last)
{
    static const char *const modes[] = {
        [SUBQUERY_SCALAR] = "one row", [SUBQUERY_EXISTS] = "exists", [SUBQUERY_ARRAY] = "all rows",
        [SUBQUERY_IN] = "all rows normalized", [SUBQUERY_ANY] = "all rows normalized",
        [SUBQUERY_ALL] = "all rows normalized"};
    struct str sql;
    str_init_arena(&sql, w->e->a, 65536);
    bool bare = q->ast->kind != AST_SELECT_PAREN;
    str_append_cstr(&sql, q->kind == SUBQUERY_EXISTS ? "EXISTS " : "");
    str_append_cstr(&sql, bare ? "(" : "");
    print_select(&sql, q->ast, NULL);
    str_append_cstr(&sql, bare ? ")" : "");
    ERR_TRY(put_beside(w, q->plan, id, str_cstr(&sql), modes[q->kind], last));
    w->ordered = q->plan->kind == PLAN_SORT;
    return node(w, below_plain(q->plan), 2, true);
}

static const char *
id_list(struct walk *w, const struct table *t, const uint32_t *ids, int n)
{
    struct str s;

    str_init_arena(&s, w->e->a, 65536);
    for (int i = 0; i < n; i++) {
        str_append_cstr(&s, i > 0 ? ", " : "(");
        print_name(&s, slice_cstr(t->columns[table_column_ordinal(t, ids[i])].name));
    }
    str_append_char(&s, ')');
    return str_cstr(&s);
}

/* Rows that the mutation kept are looked up in the other table. */
static struct error *
put_check(struct walk *w, const struct fk_check *c, bool last)
{
    struct arena *a = w->e->a;
    const char *own = id_list(w, c->own, c->own_ids, c->n);
    ERR_TRY(title_text(w, "fk-check", 1, last, "()", ""));
    ERR_TRY(title_text(w, "error if rows", 2, true, "()", ""));
    ERR_TRY(title_text(w, "lookup-join", 3, true, own, ""));
    w->more[4] = true;
    ERR_TRY(field(w, 4, "table", arena_printf(a, "%s@%s", c->other->name, c->index->name)));
    ERR_TRY(field(w, 4, "type", c->outbound ? "anti" : "semi"));
    ERR_TRY(field(w, 4, "equality",
                  arena_printf(a, "%s = %s", own, id_list(w, c->other, c->other_ids, c->n))));
    if (c->outbound) {
        ERR_TRY(field(w, 4, "equality cols are key", ""));
        ERR_TRY(field(w, 4, "parallel", ""));
    }
    ERR_TRY(title_text(w, "scan buffer node", 4, true, own, ""));
    w->more[5] = false;
    return field(w, 5, "label", "buffer 1");
}

/* A mutation whose rows nobody wants gives their count. Beside the plan stand CTEs, subqueries and checks
 * of foreign keys. */
static struct error *
root(struct walk *w, const struct plan_root *p)
{
    const struct plan_node *n = p->node;
    bool counted = (n->kind == PLAN_INSERT || n->kind == PLAN_UPDATE || n->kind == PLAN_DELETE) &&
                   !p->returns_rows && plan_delete_range(n) == NULL;

    const struct ast_stmt *stmt = w->e->plan->ast->stmt;
    w->ordered = n->kind == PLAN_SORT ||
                 (stmt->kind == AST_STMT_SELECT && stmt->select->order_by.count > 0);
    struct fk_check c;
    struct found *f = ARENA_NEW(w->e->a, struct found);
    int checks = 0, id = 0;
    for (int i = 0; !fast_path(w, n) && explain_next_check(w->e->op.x, n, &i, &c);)
        checks++;
    w->n_checks = checks;
    w->found = f;
    find_ctes(f, n);
    plan_visit_tree(n, note_subquery, f);
    int left = checks + f->n_ctes + f->n_subqueries;
    if (left > 0)
        ERR_TRY(title(w, counted ? NULL : n, "root", 0, true));
    int level = left > 0;
    if (counted)
        ERR_TRY(title(w, NULL, "count", level, left == 0));
    ERR_TRY(node(w, n, level + counted, counted || left == 0));
    w->ordered = false;
    for (int i = 0; i < f->n_ctes; i++)
        ERR_TRY(put_cte(w, f->ctes[i], ++id, --left == 0));
    for (int i = 0; i < f->n_subqueries; i++)
        ERR_TRY(put_subquery(w, f->subqueries[i], ++id, --left == 0));
    for (int i = 0; checks > 0 && explain_next_check(w->e->op.x, n, &i, &c); checks--)
        ERR_TRY(put_check(w, &c, checks == 1));
    return NULL;
}

/* EXPLAIN ANALYZE: runs it to its end. */
static struct error *
run_it(struct explain_op *e, struct op **out)
{
    struct exec_ctx *x = e->op.x;
    struct batch *b;

    *out = NULL;
    if (!e->plan->ast->analyze)
        return NULL;
    x->timed = true;
    ERR_TRY(exec_build(x, &x->state, e->plan->plan->node, out));
    ERR_TRY(op_open(*out));
    do {
        ERR_TRY(op_next(*out, &b));
    } while (b->n > 0);
    op_close(*out);
    return NULL;
}

static struct error *
show_flow(struct explain_op *e)
{
    struct op *ran;
    struct str sql;

    str_init_arena(&sql, e->a, STR_MAX_DEFAULT);
    print_stmt(&sql, e->plan->ast->stmt, NULL);
    ERR_TRY(str_error(&sql));
    ERR_TRY(run_it(e, &ran));
    return explain_flow(&e->op, e->a, e->plan->plan, ran, str_cstr(&sql), e->store);
}

struct error *
explain_tree(struct op *explain, struct row_store *out)
{
    struct explain_op *e = (struct explain_op *)explain;
    struct row_store *rows = e->store, *all;
    struct walk w = {.e = e, .verbose = true};
    static const struct type *const types[] = {&TYPE_STRING, &TYPE_INT8, &TYPE_STRING, &TYPE_STRING,
                                               &TYPE_STRING, &TYPE_STRING, &TYPE_STRING};
    struct datum row[7];
    bool more;

    e->store = all = row_store_create(explain->x, e->a, 7, types, 0);
    struct error *err = root(&w, e->plan->plan);
    e->store = rows;
    if (err != NULL)
        return err;
    struct row_reader *r = row_reader_open(all, e->a);
    for (;;) {
        ERR_TRY(row_reader_next(r, row, &more));
        if (!more)
            return NULL;
        struct datum shown[] = {row[0], row[3], row[4], row[5], row[6]};
        ERR_TRY(row_store_add(out, shown));
    }
}

/* Its own trace: the session's is put aside. */
static struct error *
show_bundle(struct explain_op *e)
{
    struct exec_ctx *x = e->op.x;

    if (x->session == NULL)
        return err_unimplemented(0, "EXPLAIN ANALYZE (DEBUG) without a session");
    struct trace *aside = trace_put_aside(x->session);
    bool kv = x->trace_kv;
    struct op *ran = NULL;

    struct error *err = trace_start(x->session, true, false);
    trace_statement(x->session, e->plan->ast->stmt, true);
    trace_flow(x);
    x->trace_kv = true;
    if (err == NULL)
        err = run_it(e, &ran);
    x->trace_kv = kv;
    trace_statement_end(x->session, err);
    trace_stop(x->session);
    if (err == NULL)
        err = explain_bundle(&e->op, e->a, e->plan, ran, e->store);
    trace_put_back(x->session, aside);
    return err;
}

static struct error *
explain_open(struct op *o)
{
    struct explain_op *e = (struct explain_op *)o;
    struct walk w = {.e = e, .verbose = o->node->n_cols == 7,
                     .types = e->plan->ast->types};

    e->a = arena_create(o->arena, "explain");
    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    e->store = row_store_create(o->x, o->arena, o->node->n_cols, plan_types(o->arena, o->node), 0);
    if (e->plan->ast->mode == AST_EXPLAIN_OPT) {
        ERR_TRY(explain_opt(o->x, e->a, e->plan, e->store));
    } else if (e->plan->ast->mode == AST_EXPLAIN_VEC) {
        ERR_TRY(explain_operators(o, e->a, e->plan->plan, e->store));
    } else if (e->plan->ast->mode == AST_EXPLAIN_DISTSQL) {
        ERR_TRY(show_flow(e));
    } else if (e->plan->ast->mode == AST_EXPLAIN_DEBUG) {
        ERR_TRY(show_bundle(e));
    } else {
        ERR_TRY(put(&w, "", 0, "", "distributed", "false", "", ""));
        ERR_TRY(put(&w, "", 0, "", "vectorized", "false", "", ""));
        ERR_TRY(root(&w, e->plan->plan));
    }
    e->reader = row_reader_open(e->store, o->arena);
    return NULL;
}

static struct error *
explain_next(struct op *o, struct batch **out)
{
    *out = &o->batch;
    return row_reader_batch(((struct explain_op *)o)->reader, &o->batch);
}

static const struct op_vt explain_vt = {
    .name = "explain", .open = explain_open, .next = explain_next};

struct error *
make_explain(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n, struct op **out)
{
    ERR_TRY(op_new(x, st, n, &explain_vt, sizeof(struct explain_op), out));
    ((struct explain_op *)*out)->plan = (const struct plan_explain *)n;
    return NULL;
}
