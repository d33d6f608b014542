#include "config.h"

#include "executor/relational/explain_int.h"

#include "catalog/pb.h"

/* SOURCE: CockroachDB v20.1 pkg/sql/opt/exec/factory.go: InsertFastPathMaxRows */
#define FAST_PATH_ROWS 10000

/* What a mutation reads, as v20.1 plans it: values of all columns, the rows that they conflict with, what
 * is computed, what checks say; and the checks of foreign keys behind it. Here the operators of the
 * mutation do all of this; these nodes are for EXPLAIN alone.
 * SOURCE: CockroachDB v20.1 pkg/sql/opt/optbuilder/insert.go, mutation_builder.go. */

struct rows { /* being planned: a node, and which of its columns (or what constant) a table's column is */
    struct arena *a;
    const struct eval_env *env;
    const struct plan_target *target;
    struct plan_node *node;
    struct expr **input;   /* where the columns are that the mutation reads */
    struct expr **given;   /* by ordinal: the new row; NULL none */
    struct expr **existing; /* by ordinal: what is there */
};

static struct expr *
column(struct arena *a, const struct type *t, int index)
{
    struct expr *e = ARENA_NEW(a, struct expr);

    *e = (struct expr){.kind = EXPR_COLUMN, .type = t, .index = index};
    return e;
}

static struct expr *
make(struct arena *a, enum expr_kind kind, const struct type *t, int n, struct expr *const *args)
{
    struct expr *e = ARENA_NEW(a, struct expr);

    *e = (struct expr){.kind = kind, .type = t, .n_args = n};
    e->args = ARENA_ARRAY(a, struct expr *, (size_t)n + 1);
    for (int i = 0; i < n; i++) {
        e->args[i] = args[i];
        if (args[i]->volatility > e->volatility)
            e->volatility = args[i]->volatility;
    }
    return e;
}

static void
note_other(void *arg, const struct expr *e)
{
    switch (e->kind) {
    case EXPR_COLUMN: case EXPR_OUTER: case EXPR_PLACEHOLDER: case EXPR_SUBQUERY: case EXPR_DEFAULT:
        *(bool *)arg = true;
        break;
    default:
        break;
    }
}

/* A constant in place of what gives always the same. */
static struct expr *
folded(struct rows *r, struct expr *e)
{
    bool other = e->volatility != IMMUTABLE || e->kind == EXPR_CONST;
    struct datum d;

    expr_walk(e, note_other, &other);
    if (other)
        return e;
    struct eval_env env = *r->env;
    env.arena = r->a;
    struct error *err = expr_eval(e, &env, NULL, NULL, &d);
    if (err != NULL) { /* it fails when it is run */
        err_free(err);
        return e;
    }
    struct expr *k = ARENA_NEW(r->a, struct expr);
    *k = (struct expr){.kind = EXPR_CONST, .type = e->type, .value = d};
    return k;
}

/* e over values[0..n) in place of columns. */
static struct expr *
put_in(struct rows *r, struct expr *e, struct expr *const *values, int n)
{
    if (e->kind == EXPR_COLUMN)
        return e->index < n && values[e->index] != NULL ? values[e->index] : e;
    if (e->n_args == 0)
        return e;
    struct expr *c = arena_memdup(r->a, e, sizeof(*e));
    c->args = ARENA_ARRAY(r->a, struct expr *, (size_t)e->n_args + 1);
    for (int i = 0; i < e->n_args; i++)
        c->args[i] = put_in(r, e->args[i], values, n);
    return folded(r, c);
}

static void *
node_new(struct arena *a, enum plan_kind kind, size_t size, int n_cols, struct plan_node *left,
         struct plan_node *right)
{
    struct plan_node *n = arena_alloc(a, size);

    memset(n, 0, size);
    n->kind = kind;
    n->n_cols = n_cols;
    n->cols = ARENA_ARRAY(a, struct plan_column, (size_t)n_cols + 1);
    n->children[0] = left;
    n->children[1] = right;
    n->n_children = (left != NULL) + (right != NULL);
    if (left != NULL)
        memcpy(n->cols, left->cols,
               (size_t)(n_cols < left->n_cols ? n_cols : left->n_cols) * sizeof(n->cols[0]));
    return n;
}

static struct plan_column
table_column_of(const struct table *t, int ordinal)
{
    return (struct plan_column){.name = t->columns[ordinal].name,
                                .type = t->columns[ordinal].type,
                                .table_id = t->id,
                                .column_id = t->columns[ordinal].id};
}

/* ---- the new row ----------------------------------------------------------------------------- */

struct more { /* further columns */
    int n;
    struct expr **v;
    const char **names;
};

static void
more_add(struct more *m, struct expr *e, const char *name)
{
    m->names[m->n] = name;
    m->v[m->n++] = e;
}

/* The columns, and further ones: in VALUES of one row if all are known there, else above. */
static void
add_columns(struct rows *r, const struct more *m)
{
    struct plan_node *in = r->node;
    const struct plan_values *v = (const struct plan_values *)in;
    int n = in->n_cols;
    bool inside = in->kind == PLAN_VALUES && v->n_rows == 1, other = false;

    for (int i = 0; i < m->n; i++)
        if (m->v[i]->kind != EXPR_CONST)
            expr_walk(m->v[i], note_other, &other);
    if (m->n == 0)
        return;
    if (inside && !other) {
        struct plan_values *w = node_new(r->a, PLAN_VALUES, sizeof(*w), n + m->n, NULL, NULL);
        w->n_rows = 1;
        w->rows = ARENA_ARRAY(r->a, struct expr **, 1);
        w->rows[0] = ARENA_ARRAY(r->a, struct expr *, (size_t)(n + m->n));
        memcpy(w->rows[0], v->rows[0], (size_t)n * sizeof(v->rows[0][0]));
        memcpy(w->rows[0] + n, m->v, (size_t)m->n * sizeof(m->v[0]));
        memcpy(w->base.cols, in->cols, (size_t)n * sizeof(in->cols[0]));
        r->node = &w->base;
    } else {
        struct plan_render *w = node_new(r->a, PLAN_RENDER, sizeof(*w), n + m->n, in, NULL);
        w->exprs = ARENA_ARRAY(r->a, struct expr *, (size_t)(n + m->n));
        for (int i = 0; i < n; i++)
            w->exprs[i] = column(r->a, in->cols[i].type, i);
        memcpy(w->exprs + n, m->v, (size_t)m->n * sizeof(m->v[0]));
        r->node = &w->base;
    }
    r->node->at_most_one = in->at_most_one;
    for (int i = 0; i < m->n; i++)
        r->node->cols[n + i] = (struct plan_column){.name = m->names[i], .type = m->v[i]->type};
}

static void
more_init(struct rows *r, struct more *m)
{
    size_t n = (size_t)r->target->table->n_all_columns * 2 + (size_t)r->target->n_checks + 1;

    m->n = 0;
    m->v = ARENA_ARRAY(r->a, struct expr *, n);
    m->names = ARENA_ARRAY(r->a, const char *, n);
}

static void
add_checks(struct rows *r, struct more *m, struct expr *const *row)
{
    for (int i = 0; i < r->target->n_checks; i++)
        more_add(m, put_in(r, r->target->checks[i].cond, row, r->target->table->n_all_columns),
                 arena_printf(r->a, "check%d", i + 1));
}

/* The values that the statement gives: columns, or what VALUES of one row says. */
static void
start_row(struct rows *r, const struct plan_insert *p)
{
    const struct plan_values *v = (const struct plan_values *)r->node;

    for (int i = 0; i < p->n_values; i++) {
        int at = r->input[i]->index;
        r->given[p->ordinals[i]] = r->node->kind == PLAN_VALUES && v->n_rows == 1 &&
                                           v->rows[0][at]->kind == EXPR_CONST
                                       ? v->rows[0][at]
                                       : r->input[i];
    }
}

/* Values of the columns that the statement does not name: defaults, then what is computed. */
static void
complete_row(struct rows *r, const struct plan_insert *p, struct more *m)
{
    const struct table *t = p->target.table;
    int next = t->n_all_columns + (r->node->kind == PLAN_SCAN
                                       ? ((const struct plan_scan *)r->node)->table->n_all_columns
                                       : r->node->n_cols);

    for (int computed = 0; computed < 2; computed++)
        for (int c = 0; c < t->n_columns; c++) {
            struct expr *e = NULL;
            if (r->given[c] != NULL || (t->columns[c].compute_expr != NULL) != computed)
                continue;
            for (int i = 0; i < p->n_defaults; i++)
                if (p->defaults[i].ordinal == c)
                    e = p->defaults[i].expr;
            for (int i = 0; i < p->target.n_computed; i++)
                if (p->target.computed[i].ordinal == c)
                    e = put_in(r, p->target.computed[i].expr, r->given, t->n_all_columns);
            if (e == NULL) {
                e = ARENA_NEW(r->a, struct expr);
                *e = (struct expr){.kind = EXPR_CONST, .type = t->columns[c].type, .value = DATUM_NULL};
            }
            r->given[c] = e;
            more_add(m, e, arena_printf(r->a, "column%d", ++next));
        }
}

/* What is not known becomes the column that has it. */
static void
name_columns(struct rows *r, const struct more *m, int first)
{
    for (int c = 0; c < r->target->table->n_all_columns; c++)
        for (int i = 0; i < m->n; i++)
            if (r->given[c] == m->v[i] && m->v[i]->kind != EXPR_CONST)
                r->given[c] = column(r->a, m->v[i]->type, first + i);
}

/* ---- the rows that it conflicts with --------------------------------------------------------- */

static bool
is_covering(const struct table *t, const struct index *ix)
{
    for (int c = 0; c < t->n_columns && !ix->primary; c++) {
        bool found = false;
        for (int i = 0; i < ix->n_keys; i++)
            found = found || ix->keys[i] == c;
        for (int i = 0; i < ix->n_extra; i++)
            found = found || ix->extra[i] == c;
        for (int i = 0; i < ix->n_stored; i++)
            found = found || ix->stored[i] == c;
        if (!found)
            return false;
    }
    return true;
}

/* All columns of the table, or those that the index has for fetching the row. */
static int *
index_columns(struct rows *r, const struct index *ix, bool all, int *n)
{
    const struct table *t = r->target->table;
    const struct index *pk = &t->indexes[0];
    int *v = ARENA_ARRAY(r->a, int, (size_t)t->n_columns + 1);

    *n = 0;
    for (int c = 0; c < t->n_columns; c++) {
        bool found = all;
        for (int i = 0; i < pk->n_keys; i++)
            found = found || pk->keys[i] == c;
        for (int i = 0; i < ix->n_keys; i++)
            found = found || ix->keys[i] == c;
        if (found)
            v[(*n)++] = c;
    }
    return v;
}

static int
position(const int *ordinals, int n, int ordinal)
{
    for (int i = 0; i < n; i++)
        if (ordinals[i] == ordinal)
            return i;
    return -1;
}

/* The row that has the constants in ix: a scan, with the rest of the row if need be. */
static struct plan_node *
scan_for(struct rows *r, const struct index *ix)
{
    const struct table *t = r->target->table;
    bool covers = is_covering(t, ix);
    int n;
    const int *ordinals = index_columns(r, ix, covers, &n);
    struct plan_scan *s = node_new(r->a, PLAN_SCAN, sizeof(*s), n, NULL, NULL);
    struct plan_span *span = ARENA_NEW(r->a, struct plan_span);
    span->lo.n = ix->n_keys;
    span->lo.inclusive = true;
    span->lo.values = ARENA_ARRAY(r->a, struct expr *, (size_t)ix->n_keys + 1);
    for (int i = 0; i < ix->n_keys; i++) {
        span->lo.values[i] = r->given[ix->keys[i]];
        s->empty = s->empty || span->lo.values[i]->value.null;
    }
    span->hi = span->lo;
    for (int i = 0; i < n; i++)
        s->base.cols[i] = table_column_of(t, ordinals[i]);
    s->table = t;
    s->database = r->target->database;
    s->index = ix;
    s->n_out = n;
    s->ordinals = ordinals;
    s->n_spans = 1;
    s->spans = span;
    s->base.at_most_one = true;
    if (covers)
        return &s->base;
    struct plan_index_join *j =
        node_new(r->a, PLAN_INDEX_JOIN, sizeof(*j), t->n_columns, &s->base, NULL);
    int *keys = ARENA_ARRAY(r->a, int, (size_t)t->indexes[0].n_keys + 1);
    for (int i = 0; i < t->indexes[0].n_keys; i++)
        keys[i] = position(ordinals, n, t->indexes[0].keys[i]);
    j->table = t;
    j->n_keys = t->indexes[0].n_keys;
    j->key_cols = keys;
    j->n_out = t->n_columns;
    j->ordinals = index_columns(r, ix, true, &n);
    for (int i = 0; i < n; i++)
        j->base.cols[i] = table_column_of(t, i);
    return &j->base;
}

/* One look-up: ix by keys over the row so far, of which the first n_left columns are kept. */
static struct plan_node *
look_up(struct rows *r, struct plan_node *left, const struct index *ix, struct expr **keys,
        const int *ordinals, int n, int n_left)
{
    struct plan_lookup_join *j =
        node_new(r->a, PLAN_LOOKUP_JOIN, sizeof(*j), n_left + n, left, NULL);

    for (int i = 0; i < n; i++)
        j->base.cols[n_left + i] = table_column_of(r->target->table, ordinals[i]);
    j->type = PLAN_JOIN_LEFT;
    j->table = r->target->table;
    j->index = ix;
    j->n_keys = ix->n_keys;
    j->keys = keys;
    j->n_out = n;
    j->ordinals = ordinals;
    j->base.at_most_one = left->at_most_one;
    return &j->base;
}

static struct plan_node *
look_up_row(struct rows *r, const struct index *ix)
{
    const struct table *t = r->target->table;
    const struct index *pk = &t->indexes[0];
    struct plan_node *left = r->node;
    bool covers = is_covering(t, ix);
    struct expr **keys = ARENA_ARRAY(r->a, struct expr *, (size_t)ix->n_keys + 1);
    struct expr **second = ARENA_ARRAY(r->a, struct expr *, (size_t)pk->n_keys + 1);
    int n, all;
    const int *ordinals = index_columns(r, ix, covers, &n);

    for (int i = 0; i < ix->n_keys; i++)
        keys[i] = r->given[ix->keys[i]];
    struct plan_node *j = look_up(r, left, ix, keys, ordinals, n, left->n_cols);
    if (covers)
        return j;
    for (int i = 0; i < pk->n_keys; i++)
        second[i] = column(r->a, t->columns[pk->keys[i]].type,
                           left->n_cols + position(ordinals, n, pk->keys[i]));
    ordinals = index_columns(r, ix, true, &all);
    return look_up(r, j, pk, second, ordinals, all, left->n_cols);
}

/* No two rows with the same key in ix: left out, or (errors) an error. */
static void
keep_distinct(struct rows *r, const struct index *ix, bool errors)
{
    struct plan_node *in = r->node;
    int *keys = ARENA_ARRAY(r->a, int, (size_t)ix->n_keys + 1), n = 0;

    for (int i = 0; i < ix->n_keys; i++)
        if (r->given[ix->keys[i]]->kind == EXPR_COLUMN)
            keys[n++] = r->given[ix->keys[i]]->index;
    if (n == 0 || (in->kind == PLAN_VALUES && ((const struct plan_values *)in)->n_rows == 1) ||
        plan_are_key(in, keys, n))
        return;
    struct plan_distinct *d = node_new(r->a, PLAN_DISTINCT, sizeof(*d), in->n_cols, in, NULL);
    d->n_keys = n;
    d->keys = keys;
    d->on = true;
    d->nulls_distinct = true;
    d->errors = errors;
    r->node = &d->base;
}

/* Every row beside the one that it conflicts with, if there is one, by ix. */
static void
join_existing(struct rows *r, const struct index *ix)
{
    struct plan_node *left = r->node;
    bool known = true;

    for (int i = 0; i < ix->n_keys; i++)
        known = known && r->given[ix->keys[i]]->kind == EXPR_CONST;
    if (!known) {
        r->node = look_up_row(r, ix);
    } else {
        struct plan_node *right = scan_for(r, ix);
        struct plan_nested_loop *j = node_new(r->a, PLAN_NESTED_LOOP, sizeof(*j),
                                              left->n_cols + right->n_cols, left, right);
        memcpy(j->base.cols + left->n_cols, right->cols,
               (size_t)right->n_cols * sizeof(right->cols[0]));
        j->type = PLAN_JOIN_LEFT;
        j->base.at_most_one = left->at_most_one;
        r->node = &j->base;
    }
    for (int c = 0; c < r->target->table->n_columns; c++)
        r->existing[c] = column(r->a, r->target->table->columns[c].type, left->n_cols + c);
}

/* The column that says whether there is an existing row. */
static struct expr *
is_new(struct rows *r)
{
    return make(r->a, EXPR_IS_NULL, &TYPE_BOOL, 1,
                &r->existing[r->target->table->indexes[0].keys[0]]);
}

static void
add_filter(struct rows *r, struct expr *cond)
{
    struct plan_filter *f =
        node_new(r->a, PLAN_FILTER, sizeof(*f), r->node->n_cols, r->node, NULL);

    f->cond = cond;
    r->node = &f->base;
}

/* DO NOTHING: rows without a conflict in any of the indexes. */
static void
leave_out_existing(struct rows *r, const struct plan_insert *p)
{
    const struct table *t = p->target.table;
    int n = r->node->n_cols;

    for (int x = 0; x < t->n_indexes; x++) {
        const struct index *ix = &t->indexes[x];
        if (!(ix->unique || ix->primary) || (p->arbiter != NULL && p->arbiter != ix))
            continue;
        join_existing(r, ix);
        add_filter(r, is_new(r));
        struct plan_render *w = node_new(r->a, PLAN_RENDER, sizeof(*w), n, r->node, NULL);
        w->exprs = ARENA_ARRAY(r->a, struct expr *, (size_t)n + 1);
        for (int i = 0; i < n; i++)
            w->exprs[i] = column(r->a, w->base.cols[i].type, i);
        r->node = &w->base;
        keep_distinct(r, ix, false);
    }
}

/* What is written where there is a row: over the row and the new values. */
static void
add_update(struct rows *r, const struct plan_insert *p, struct more *m)
{
    const struct table *t = p->target.table;
    int n = t->n_all_columns;
    struct expr **both = ARENA_ARRAY(r->a, struct expr *, (size_t)n * 2 + 1);
    struct expr **after = ARENA_ARRAY(r->a, struct expr *, (size_t)n + 1);

    for (int c = 0; c < n; c++) {
        both[c] = after[c] = r->existing[c];
        both[n + c] = r->given[c];
    }
    if (p->conflict_where != NULL)
        add_filter(r, make(r->a, EXPR_OR, &TYPE_BOOL, 2,
                           (struct expr *[]){is_new(r), put_in(r, p->conflict_where, both, 2 * n)}));
    for (int i = 0; i < p->n_sets; i++) {
        after[p->sets[i].ordinal] = put_in(r, p->sets[i].expr, both, 2 * n);
        more_add(m, after[p->sets[i].ordinal],
                 arena_printf(r->a, "upsert_%s", t->columns[p->sets[i].ordinal].name));
    }
    for (int i = 0; i < p->target.n_computed; i++) {
        int c = p->target.computed[i].ordinal;
        after[c] = put_in(r, p->target.computed[i].expr, after, n);
        more_add(m, after[c], arena_printf(r->a, "upsert_%s", t->columns[c].name));
    }
    /* What is stored in the end is what the checks are about. */
    for (int c = 0; c < n && p->target.n_checks > 0; c++)
        if (r->given[c] != NULL && after[c] != NULL)
            after[c] = make(r->a, EXPR_CASE, t->columns[c].type, 3,
                            (struct expr *[]){is_new(r), r->given[c], after[c]});
    add_checks(r, m, after);
}

static struct plan_node *
insert_input(struct rows *r, const struct plan_insert *p)
{
    struct more m;

    more_init(r, &m);
    start_row(r, p);
    complete_row(r, p, &m);
    bool reads = p->conflict == CONFLICT_UPDATE || (p->conflict == CONFLICT_UPSERT && !p->blind_upsert);
    bool asks = reads || p->conflict == CONFLICT_NOTHING;
    int n = r->node->n_cols;
    if (!asks)
        add_checks(r, &m, r->given);
    add_columns(r, &m);
    name_columns(r, &m, n);
    if (!asks)
        return r->node;
    more_init(r, &m);
    if (reads) {
        keep_distinct(r, p->arbiter, true);
        join_existing(r, p->arbiter);
        add_update(r, p, &m);
    } else {
        leave_out_existing(r, p);
        add_checks(r, &m, r->given);
    }
    add_columns(r, &m);
    return r->node;
}

/* ---- UPDATE ---------------------------------------------------------------------------------- */

static struct plan_node *
update_input(struct rows *r, const struct plan_update *u)
{
    const struct table *t = u->target.table;
    struct more m;
    bool computes = u->target.n_checks > 0;
    int next = 2 * t->n_all_columns;

    more_init(r, &m);
    for (int i = 0; i < u->n_fetch; i++)
        r->given[u->fetch[i]] = r->input[i];
    struct expr **after = ARENA_ARRAY(r->a, struct expr *, (size_t)t->n_all_columns + 1);
    memcpy(after, r->given, (size_t)t->n_all_columns * sizeof(after[0]));
    for (int i = 0; i < u->n_sets; i++) {
        struct expr *e = put_in(r, u->sets[i].expr, r->input, u->base.children[0]->n_cols);
        after[u->sets[i].ordinal] = e;
        if (e->kind == EXPR_COLUMN)
            continue;
        computes = true;
        more_add(&m, e, arena_printf(r->a, "column%d", ++next));
    }
    for (int i = 0; computes && i < u->target.n_computed; i++) {
        int c = u->target.computed[i].ordinal;
        after[c] = put_in(r, u->target.computed[i].expr, after, t->n_all_columns);
        more_add(&m, after[c], arena_printf(r->a, "column%d", ++next));
    }
    add_checks(r, &m, after);
    add_columns(r, &m);
    return r->node;
}

/* Column i of n, among those of `in`, which is n without projections. */
static struct expr *
column_below(struct arena *a, const struct plan_node *n, const struct plan_node *in, int i)
{
    while (n != in) {
        if (n->kind == PLAN_RENDER)
            i = ((const struct plan_render *)n)->exprs[i]->index;
        n = n->kind == PLAN_CTE_SCAN ? ((const struct plan_cte_scan *)n)->cte->plan : n->children[0];
    }
    return column(a, in->cols[i].type, i);
}

const struct plan_node *
explain_input(struct arena *a, const struct eval_env *env, const struct plan_node *n,
              const struct plan_node *in)
{
    const struct plan_target *g = explain_target(n);

    if (n->kind != PLAN_INSERT && n->kind != PLAN_UPDATE)
        return in;
    size_t cols = (size_t)g->table->n_all_columns + 1;
    struct rows r = {.a = a, .env = env, .target = g,
                     .node = (struct plan_node *)(uintptr_t)in,
                     .input = ARENA_ARRAY(a, struct expr *, (size_t)n->children[0]->n_cols + 1),
                     .given = ARENA_ARRAY(a, struct expr *, cols),
                     .existing = ARENA_ARRAY(a, struct expr *, cols)};
    for (int i = 0; i < n->children[0]->n_cols; i++)
        r.input[i] = column_below(a, n->children[0], in, i);
    return n->kind == PLAN_INSERT ? insert_input(&r, (const struct plan_insert *)n)
                                  : update_input(&r, (const struct plan_update *)n);
}

const struct plan_target *
explain_target(const struct plan_node *n)
{
    return n->kind == PLAN_INSERT   ? &((const struct plan_insert *)n)->target
           : n->kind == PLAN_UPDATE ? &((const struct plan_update *)n)->target
           : n->kind == PLAN_DELETE ? &((const struct plan_delete *)n)->target
                                    : NULL;
}

/* ---- checks of foreign keys ------------------------------------------------------------------ */

/* Does the statement change one of the columns? */
static bool
sets_any(const struct plan_node *n, const struct table *t, const uint32_t *ids, size_t n_ids)
{
    const struct plan_update *u = (const struct plan_update *)n;

    if (n->kind != PLAN_UPDATE)
        return true;
    for (int i = 0; i < u->n_sets; i++)
        for (size_t k = 0; k < n_ids; k++)
            if (t->columns[u->sets[i].ordinal].id == ids[k])
                return true;
    return false;
}

/* An index that begins with the columns, in any order; a unique one of just these when it must be. */
static const struct index *
index_of(const struct table *t, const uint32_t *ids, int n, bool whole)
{
    for (int x = 0; x < t->n_indexes; x++) {
        const struct index *ix = &t->indexes[x];
        int found = 0;
        for (int k = 0; k < ix->n_keys && k < n; k++)
            for (int i = 0; i < n; i++)
                found += t->columns[ix->keys[k]].id == ids[i];
        if (found == n && (!whole || (ix->unique && ix->n_keys == n)))
            return ix;
    }
    return NULL;
}

static bool
acts(const struct plan_node *n, const Amberdb__ForeignKeyConstraint *fk)
{
    return (n->kind == PLAN_DELETE ? PB_GET(fk, on_delete) : PB_GET(fk, on_update)) >
           AMBERDB__ACTION__RESTRICT;
}

/* Actions are not the optimizer's in v20.1: then all is done behind its back. */
static bool
has_checks(const struct plan_node *n)
{
    const struct plan_target *g = explain_target(n);

    if (g == NULL || g->legacy_fk_messages)
        return false;
    const pb_table *t = g->table->pb;
    for (size_t i = 0; n->kind != PLAN_INSERT && i < t->n_inbound_fks; i++)
        if (acts(n, t->inbound_fks[i]) &&
            sets_any(n, g->table, t->inbound_fks[i]->referenced_column_ids,
                     t->inbound_fks[i]->n_referenced_column_ids))
            return false;
    return true;
}

bool
explain_next_check(struct exec_ctx *x, const struct plan_node *n, int *i, struct fk_check *out)
{
    if (!has_checks(n))
        return false;
    const struct plan_target *g = explain_target(n);
    if (g == NULL)
        return false;
    const struct table *t = g->table;
    int n_out = n->kind == PLAN_DELETE ? 0 : (int)t->pb->n_outbound_fks;
    int n_in = n->kind == PLAN_INSERT ? 0 : (int)t->pb->n_inbound_fks;
    for (; *i < n_out + n_in; ++*i) {
        bool outbound = *i < n_out;
        const Amberdb__ForeignKeyConstraint *fk =
            outbound ? t->pb->outbound_fks[*i] : t->pb->inbound_fks[*i - n_out];
        *out = (struct fk_check){.own = t, .outbound = outbound};
        out->n = (int)fk->n_origin_column_ids;
        out->own_ids = outbound ? fk->origin_column_ids : fk->referenced_column_ids;
        out->other_ids = outbound ? fk->referenced_column_ids : fk->origin_column_ids;
        err_free(catalog_table_by_id(x->catalog,
                                     outbound ? fk->referenced_table_id : fk->origin_table_id,
                                     &out->other));
        out->index = out->other == NULL ? NULL
                                        : index_of(out->other, out->other_ids, out->n, outbound);
        if (out->index != NULL && sets_any(n, t, out->own_ids, (size_t)out->n)) {
            ++*i;
            return true;
        }
    }
    return false;
}

static bool
refers_to_itself(const struct table *t)
{
    for (size_t i = 0; i < t->pb->n_outbound_fks; i++)
        if (t->pb->outbound_fks[i]->referenced_table_id == t->id)
            return true;
    return false;
}

static void
note_subquery(void *arg, const struct expr *e)
{
    if (e->kind == EXPR_SUBQUERY)
        *(bool *)arg = true;
}

/* Few enough rows that are known before anything runs. */
static bool
are_plain_values(const struct plan_node *n)
{
    const struct plan_values *v = (const struct plan_values *)n;
    bool subquery = false;

    if (n->kind != PLAN_VALUES || v->n_rows > FAST_PATH_ROWS)
        return false;
    for (int r = 0; r < v->n_rows && !subquery; r++)
        for (int c = 0; c < n->n_cols; c++)
            expr_walk(v->rows[r][c], note_subquery, &subquery);
    return !subquery;
}

bool
explain_fast_path(struct arena *a, const struct eval_env *env, const struct plan_node *n)
{
    return n->kind == PLAN_INSERT && ((const struct plan_insert *)n)->conflict == CONFLICT_ERROR &&
           are_plain_values(n->children[0]) &&
           explain_input(a, env, n, n->children[0])->kind == PLAN_VALUES &&
           !refers_to_itself(((const struct plan_insert *)n)->target.table);
}
