#include "config.h"

#include "planner/as_of.h"
#include "planner/plan_int.h"

#include "grammar/print.h"

/* One SELECT clause: items, GROUP BY, windows, DISTINCT, ORDER BY, LIMIT. Everything is typed over the
 * wide row of FROM; then the plan is stacked: FROM, group, window, project set, render, distinct or
 * sort, limit; after each stage the expressions that wait are rewritten to the new row. */

struct stage {
    struct planner *p;
    struct scope *scope;
    struct item_list items;          /* select list, then extra ones for ORDER BY, DISTINCT ON */
    int n_visible;
    struct agg_list aggs;
    struct window_list windows;
    struct generator_list gens;
    struct expr **keys;              /* GROUP BY */
    int n_keys, cap_keys;
    struct expr *having;
    bool grouped;
    int n_order, cap_order;
    struct plan_order *order;        /* over items */
    int n_distinct;
    int *distinct_on;                /* over items */
    struct expr *limit, *offset;
    int64_t const_limit;             /* LIMIT + OFFSET when constants; 0 */
};

const struct scope_column *
scope_by_index(const struct scope *s, int index)
{
    for (int i = 0; i < s->n; i++)
        if (s->columns[i].index == index && !s->columns[i].qualified_only)
            return &s->columns[i];
    for (int i = 0; i < s->n; i++)
        if (s->columns[i].index == index)
            return &s->columns[i];
    return NULL;
}

static void
add_item(struct planner *p, struct item_list *l, struct expr *e, struct plan_column col,
         const struct ast_expr *ast)
{
    if (l->n == l->cap) {
        int cap = l->cap == 0 ? 16 : l->cap * 2;
        l->exprs = arena_realloc(p->arena, l->exprs, (size_t)l->cap * sizeof(e),
                                 (size_t)cap * sizeof(e));
        l->cols = arena_realloc(p->arena, l->cols, (size_t)l->cap * sizeof(col),
                                (size_t)cap * sizeof(col));
        l->asts = arena_realloc(p->arena, l->asts, (size_t)l->cap * sizeof(ast),
                                (size_t)cap * sizeof(ast));
        l->cap = cap;
    }
    l->exprs[l->n] = e;
    l->cols[l->n] = col;
    l->asts[l->n] = ast;
    l->n++;
}

static struct plan_column
column_of(const struct scope *s, const struct expr *e, const char *name)
{
    struct plan_column c = {.name = name, .type = e->type};

    if (e->kind == EXPR_COLUMN && s != NULL) {
        const struct scope_column *sc = scope_by_index(s, e->index);
        if (sc != NULL) {
            c.table_id = sc->table_id;
            c.column_id = sc->column_id;
        }
    }
    return c;
}

static bool
slice_is(struct slice s, const char *z)
{
    return z != NULL && slice_eq(s, slice_cstr(z));
}

/* *, t.*, s.t.*, d.s.t.* */
struct error *
plan_star(struct type_ctx *c, const struct ast_expr *e, struct item_list *out)
{
    struct planner *p = c->planner;
    struct scope *s = c->scope;
    int n = e->column.count, found = 0;

    if (n == 0) {
        if (s == NULL || (s->n == 0 && !s->has_source))
            return err_new(ERR_INVALID_NAME, "cannot use \"*\" without a FROM clause");
        for (int i = 0; i < s->n; i++) {
            const struct scope_column *k = &s->columns[i];
            if (k->hidden || k->qualified_only)
                continue;
            struct expr *x = expr_column(p->arena, k->type, k->index);
            add_item(p, out, x,
                     (struct plan_column){.name = k->name,
                                          .type = k->type,
                                          .table_id = k->table_id,
                                          .column_id = k->column_id},
                     NULL);
        }
        return NULL;
    }
    const struct slice *parts = e->column.parts;
    const struct scope_column *first = NULL;
    int depth = 0;
    for (struct scope *at = s; at != NULL && found == 0; at = at->outer, depth++) {
        for (int i = 0; i < at->n; i++) {
            const struct scope_column *k = &at->columns[i];
            bool match = slice_is(parts[n - 1], k->table);
            if (match && n >= 2)
                match = slice_is(parts[n - 2], k->schema) ||
                        (n == 2 && slice_is(parts[0], k->database));
            if (match && n >= 3)
                match = slice_is(parts[0], k->database);
            if (!match)
                continue;
            if (found++ > 0 && !scope_same_source(first, k))
                return err_new(ERR_AMBIGUOUS_ALIAS, "ambiguous source name: \"%.*s\"",
                               (int)parts[n - 1].len, (const char *)parts[n - 1].ptr);
            first = k;
            if (k->hidden || k->qualified_only)
                continue;
            struct expr *x = expr_column(p->arena, k->type, k->index);
            if (depth > 0) {
                x->kind = EXPR_OUTER;
                x->depth = depth;
                at->correlated_used = true;
            }
            add_item(p, out, x,
                     (struct plan_column){.name = k->name,
                                          .type = k->type,
                                          .table_id = depth > 0 ? 0 : k->table_id,
                                          .column_id = depth > 0 ? 0 : k->column_id},
                     NULL);
        }
    }
    if (found == 0) {
        struct str name;
        str_init_arena(&name, p->arena, STR_MAX_DEFAULT);
        for (int i = 0; i < n; i++) {
            str_append_slice(&name, parts[i]);
            str_append_char(&name, '.');
        }
        return err_new(ERR_UNDEFINED_TABLE, "no data source matches pattern: %s*",
                       str_cstr(&name));
    }
    return NULL;
}

/* (tuple).* */
static struct error *
open_tuple(struct type_ctx *c, const struct ast_expr *e, struct item_list *out)
{
    struct planner *p = c->planner;
    struct expr *t;

    ERR_TRY(type_expr(c, e->field.expr, NULL, &t));
    if (t->type->family != FAMILY_TUPLE)
        return err_new(ERR_WRONG_OBJECT_TYPE, "type %s is not composite",
                       type_name_str(p->arena, t->type));
    for (int i = 0; i < t->type->n; i++) {
        struct expr *f = ARENA_NEW(p->arena, struct expr);
        f->kind = EXPR_FIELD;
        f->type = t->type->contents[i];
        f->index = i;
        f->n_args = 1;
        f->args = ARENA_ARRAY(p->arena, struct expr *, 1);
        f->args[0] = t;
        f->volatility = t->volatility;
        const char *name = t->type->labels != NULL && t->type->labels[i] != NULL
                               ? t->type->labels[i]
                               : arena_printf(p->arena, "?column?");
        add_item(p, out, f, (struct plan_column){.name = name, .type = f->type}, NULL);
    }
    return NULL;
}

static const char *
print_star(struct planner *p, const struct ast_expr *e)
{
    struct str text;

    str_init_arena(&text, p->arena, 1 << 20);
    print_expr(&text, e, &(struct print_opts){0});
    return str_cstr(&text);
}

struct error *
plan_items(struct type_ctx *c, const struct ast_select_items *items,
           const struct type *const *desired, int n_desired, struct item_list *out)
{
    struct planner *p = c->planner;

    for (int i = 0; i < items->count; i++) {
        const struct ast_select_item *it = &items->items[i];
        const struct ast_expr *e = it->expr;
        struct expr *x;
        if (e->kind == AST_EXPR_COLUMN && e->column.star) {
            if (it->has_alias)
                return err_new(ERR_SYNTAX, "\"%s\" cannot be aliased",
                               print_star(p, e));
            ERR_TRY(plan_star(c, e, out));
            continue;
        }
        if (e->kind == AST_EXPR_FIELD && e->field.star) {
            ERR_TRY(open_tuple(c, e, out));
            continue;
        }
        const struct type *want = out->n < n_desired ? desired[out->n] : NULL;
        ERR_TRY(type_expr(c, e, want, &x));
        const char *name = it->has_alias ? slice_str(p, it->alias) : plan_column_label(p->arena, e);
        add_item(p, out, x, column_of(c->scope, x, name), e);
    }
    return NULL;
}

/* ---- GROUP BY, ORDER BY, DISTINCT ON -------------------------------------------------------- */

static const struct ast_expr *
strip(const struct ast_expr *e)
{
    while (e->kind == AST_EXPR_PAREN)
        e = e->inner;
    return e;
}

/* A whole number constant: a position in the select list. */
bool
plan_is_ordinal(const struct ast_expr *e, int64_t *n)
{
    e = strip(e);
    if (e->kind != AST_EXPR_INT || e->number.text.len > 18)
        return false;
    *n = 0;
    for (size_t i = 0; i < e->number.text.len; i++) {
        if (e->number.text.ptr[i] < '0' || e->number.text.ptr[i] > '9')
            return false;
        *n = *n * 10 + (e->number.text.ptr[i] - '0');
    }
    if (e->number.negative)
        *n = -*n;
    return *n != -1; /* v20.1 takes -1, of all numbers, for a constant */
}

/* A constant that is no position: GROUP BY 'a'. */
struct error *
plan_no_constant(struct planner *p, const struct ast_expr *e, const char *clause)
{
    struct str text;

    switch ((int)strip(e)->kind) {
    case AST_EXPR_NULL: case AST_EXPR_BOOL: case AST_EXPR_DECIMAL: case AST_EXPR_STRING:
    case AST_EXPR_BYTES: case AST_EXPR_BIT:
        break;
    default:
        return NULL;
    }
    str_init_arena(&text, p->arena, 1 << 20);
    print_expr(&text, strip(e), &(struct print_opts){0});
    return err_new(ERR_SYNTAX, "non-integer constant in %s: %s", clause, str_cstr(&text));
}

static int
item_by_alias(const struct stage *s, const struct ast_expr *e, bool *ambiguous)
{
    int at = -1;

    *ambiguous = false;
    e = strip(e);
    if (e->kind != AST_EXPR_COLUMN || e->column.count != 1 || e->column.star)
        return -1;
    for (int i = 0; i < s->n_visible; i++) {
        if (!slice_is(e->column.parts[0], s->items.cols[i].name))
            continue;
        if (at >= 0 && !expr_equal(s->items.exprs[at], s->items.exprs[i]))
            *ambiguous = true;
        else if (at < 0)
            at = i;
    }
    return at;
}

static bool
in_scope(const struct scope *s, const struct ast_expr *e)
{
    e = strip(e);
    if (e->kind != AST_EXPR_COLUMN || e->column.count != 1)
        return true;
    for (int i = 0; i < s->n; i++)
        if (!s->columns[i].qualified_only && slice_is(e->column.parts[0], s->columns[i].name))
            return true;
    return false;
}

static void
add_key(struct stage *s, struct expr *e)
{
    for (int i = 0; i < s->n_keys; i++)
        if (expr_equal(s->keys[i], e))
            return;
    expr_list_add(s->p->arena, &s->keys, &s->n_keys, &s->cap_keys, e);
}

/* An item of the list that GROUP BY names by its place or its alias. */
static struct error *
no_special_in(void *arg, struct expr *e, struct expr **out)
{
    const struct stage *s = arg;

    (void)out;
    if (e->kind == EXPR_AGGREGATE)
        return err_new(ERR_GROUPING, "aggregate functions are not allowed in GROUP BY");
    if (e->kind == EXPR_WINDOW) {
        const struct window_call *w = s->windows.v[e->index];
        return err_new(ERR_WINDOWING, "%s(): window functions are not allowed in GROUP BY",
                       w->def != NULL ? w->def->name : w->agg->def->name);
    }
    if (e->kind == EXPR_GENERATOR)
        return err_new(ERR_FEATURE_NOT_SUPPORTED,
                       "%s(): generator functions are not allowed in GROUP BY",
                       s->gens.v[e->index]->overload->name);
    return NULL;
}

static struct error *
plan_group_by(struct stage *s, const struct ast_select_clause *cl)
{
    for (int i = 0; i < cl->group_by.count; i++) {
        const struct ast_expr *e = cl->group_by.items[i];
        struct expr *x;
        int64_t n;
        bool ambiguous;
        s->grouped = true;
        ERR_TRY(plan_no_constant(s->p, e, "GROUP BY"));
        if (plan_is_ordinal(e, &n)) {
            if (n < 1 || n > s->n_visible)
                return err_new(ERR_INVALID_COLUMN_REFERENCE,
                               "GROUP BY position %lld is not in select list", (long long)n);
            x = s->items.exprs[n - 1];
        } else if (!in_scope(s->scope, e) && item_by_alias(s, e, &ambiguous) >= 0) {
            x = s->items.exprs[item_by_alias(s, e, &ambiguous)];
        } else {
            struct type_ctx c;
            type_ctx_init(&c, s->p, s->scope, "GROUP BY",
                          REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
            ERR_TRY(type_expr(&c, e, NULL, &x));
        }
        struct expr *same;
        ERR_TRY(expr_rewrite(s->p->arena, x, no_special_in, s, &same));
        if (x->kind == EXPR_TUPLE) {
            for (int k = 0; k < x->n_args; k++)
                add_key(s, x->args[k]);
            continue;
        }
        if (x->type->family != FAMILY_TUPLE || x->type->n > 0) /* (): all rows are one group */
            add_key(s, x);
    }
    return NULL;
}

/* Items of the list, by place; some are hidden ones of ORDER BY and DISTINCT ON. */
struct item_places {
    int n, cap;
    int *v;
};

static void
add_place(struct stage *s, struct item_places *l, int item)
{
    if (l->n == l->cap) {
        int cap = l->cap == 0 ? 8 : l->cap * 2;
        l->v = arena_realloc(s->p->arena, l->v, (size_t)l->cap * sizeof(int),
                             (size_t)cap * sizeof(int));
        l->cap = cap;
    }
    l->v[l->n++] = item;
}

/* One of the list, or a new hidden one. */
static void
place_of_expr(struct stage *s, struct expr *x, const struct ast_expr *e, struct item_places *out)
{
    for (int i = 0; i < s->items.n; i++)
        if (expr_equal(s->items.exprs[i], x)) {
            add_place(s, out, i);
            return;
        }
    add_place(s, out, s->items.n);
    add_item(s->p, &s->items, x, column_of(s->scope, x, NULL), e);
}

/* What an expression of ORDER BY or DISTINCT ON stands for; (a, b) is a, b. */
static struct error *
order_places(struct stage *s, struct type_ctx *c, const struct ast_expr *e, const char *clause,
             struct item_places *out)
{
    int64_t n;
    bool ambiguous;
    struct expr *x;

    ERR_TRY(plan_no_constant(s->p, e, clause));
    if (plan_is_ordinal(e, &n)) {
        if (n < 1 || n > s->n_visible)
            return err_new(ERR_INVALID_COLUMN_REFERENCE, "%s position %lld is not in select list",
                           clause, (long long)n);
        add_place(s, out, (int)n - 1);
        return NULL;
    }
    int at = item_by_alias(s, e, &ambiguous);
    if (ambiguous)
        return err_new(ERR_AMBIGUOUS_ALIAS, "%s \"%s\" is ambiguous", clause,
                       slice_str(s->p, strip(e)->column.parts[0]));
    if (at >= 0) {
        add_place(s, out, at);
        return NULL;
    }
    ERR_TRY(type_expr(c, e, NULL, &x));
    if (x->kind != EXPR_TUPLE)
        place_of_expr(s, x, e, out);
    else
        for (int i = 0; i < x->n_args; i++)
            place_of_expr(s, x->args[i], NULL, out);
    return NULL;
}

static struct error *
check_orderable(struct planner *p, const struct type *t)
{
    if (t->family == FAMILY_JSON)
        return err_unimplemented(35706, "can't order by column type jsonb");
    if (t->family == FAMILY_ARRAY)
        return err_unimplemented(35707, "can't order by column type %s", type_name_str(p->arena, t));
    return NULL;
}

static void
add_order(struct stage *s, int item, bool desc)
{
    for (int i = 0; i < s->n_order; i++)
        if (s->order[i].column == item)
            return;
    if (s->n_order == s->cap_order) {
        int cap = s->cap_order == 0 ? 8 : s->cap_order * 2;
        s->order = arena_realloc(s->p->arena, s->order, (size_t)s->cap_order * sizeof(s->order[0]),
                                 (size_t)cap * sizeof(s->order[0]));
        s->cap_order = cap;
    }
    s->order[s->n_order++] = (struct plan_order){.column = item, .desc = desc};
}

struct error *
plan_index_order(struct planner *p, const struct scope *scope, const struct ast_order_item *o,
                 struct index_order *out)
{
    const struct table *t;
    const struct database *db;
    const char *schema;

    ERR_TRY(plan_resolve_table(p, &o->table, &t, &db, &schema));
    if (t->is_view || t->is_sequence)
        return err_new(ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a table",
                       object_name_str(p, &o->table));
    const struct index *ix = &t->indexes[0];
    if (o->kind == AST_ORDER_INDEX) {
        ix = table_index(t, slice_str(p, o->index));
        if (ix == NULL)
            return err_new(ERR_UNDEFINED_OBJECT, "index \"%s\" not found", slice_str(p, o->index));
    }
    bool flip = o->direction == AST_DIR_DESC;
    *out = (struct index_order){.n = ix->n_keys,
                                .exprs = ARENA_ARRAY(p->arena, struct expr *, (size_t)ix->n_keys + 1),
                                .desc = ARENA_ARRAY(p->arena, bool, (size_t)ix->n_keys + 1)};
    for (int i = 0; i < ix->n_keys; i++) {
        const struct column *col = &t->columns[ix->keys[i]];
        int at = -1;
        /* By its name in FROM: an alias hides it. */
        for (int k = 0; k < scope->n && at < 0; k++)
            if (scope->columns[k].table_id == t->id && scope->columns[k].column_id == col->id &&
                scope->columns[k].schema != NULL)
                at = scope->columns[k].index;
        if (at < 0)
            return err_new(ERR_UNDEFINED_TABLE, "no data source matches prefix: %s%s%s.%s",
                           db == NULL ? "" : db->name, db == NULL ? "" : ".",
                           schema == NULL ? "public" : schema, t->name);
        out->exprs[i] = expr_column(p->arena, col->type, at);
        out->desc[i] = (ix->desc[i] != 0) != flip;
    }
    return NULL;
}

static struct error *
order_by_index(struct stage *s, const struct ast_order_item *o)
{
    struct index_order by;

    ERR_TRY(plan_index_order(s->p, s->scope, o, &by));
    for (int i = 0; i < by.n; i++) {
        int item = -1;
        for (int k = 0; k < s->items.n && item < 0; k++)
            if (expr_equal(s->items.exprs[k], by.exprs[i]))
                item = k;
        if (item < 0) {
            item = s->items.n;
            add_item(s->p, &s->items, by.exprs[i], column_of(s->scope, by.exprs[i], NULL), NULL);
        }
        add_order(s, item, by.desc[i]);
    }
    return NULL;
}

static struct error *
plan_order_by(struct stage *s, struct type_ctx *c, const struct ast_order_by *ob)
{
    if (ob == NULL || ob->count == 0)
        return NULL;
    for (int i = 0; i < ob->count; i++) {
        const struct ast_order_item *o = &ob->items[i];
        struct item_places places = {0};
        if (o->kind != AST_ORDER_EXPR) {
            ERR_TRY(order_by_index(s, o));
            continue;
        }
        ERR_TRY(order_places(s, c, o->expr, "ORDER BY", &places));
        for (int k = 0; k < places.n; k++) {
            ERR_TRY(check_orderable(s->p, s->items.exprs[places.v[k]]->type));
            add_order(s, places.v[k], o->direction == AST_DIR_DESC);
        }
    }
    return NULL;
}

static struct error *
plan_distinct_on(struct stage *s, struct type_ctx *c, const struct ast_select_clause *cl)
{
    struct item_places places = {0};

    if (!cl->distinct_on_given)
        return NULL;
    for (int i = 0; i < cl->distinct_on.count; i++)
        ERR_TRY(order_places(s, c, cl->distinct_on.items[i], "DISTINCT ON", &places));
    s->distinct_on = places.v;
    s->n_distinct = places.n;
    /* The first ORDER BY items must be exactly these. */
    int matched = 0;
    for (int i = 0; i < s->n_order && matched < s->n_distinct; i++) {
        bool in = false;
        for (int k = 0; k < s->n_distinct; k++)
            in = in || s->distinct_on[k] == s->order[i].column;
        if (!in)
            return err_new(ERR_INVALID_COLUMN_REFERENCE,
                           "SELECT DISTINCT ON expressions must match initial ORDER BY expressions");
        matched++;
    }
    return NULL;
}

/* ---- grouping ------------------------------------------------------------------------------- */

/* Is column `index` decided by the grouping: is its table's whole primary key among the keys? */
static bool
depends_on_keys(const struct stage *s, int index)
{
    const struct scope_column *col = scope_by_index(s->scope, index);
    const struct table *t;

    if (col == NULL || col->table_id == 0 || col->column_id == 0)
        return false;
    struct error *e = catalog_table_by_id(s->p->catalog, col->table_id, &t);
    if (e != NULL || t == NULL || t->is_virtual || t->n_indexes == 0) {
        err_free(e);
        return false;
    }
    const struct index *pk = &t->indexes[0];
    for (int i = 0; i < pk->n_keys; i++) {
        bool found = false;
        for (int k = 0; k < s->n_keys && !found; k++) {
            if (s->keys[k]->kind != EXPR_COLUMN)
                continue;
            const struct scope_column *kc = scope_by_index(s->scope, s->keys[k]->index);
            found = kc != NULL && kc->table_id == col->table_id &&
                    kc->column_id == t->columns[pk->keys[i]].id &&
                    (kc->table == NULL || col->table == NULL || strcmp(kc->table, col->table) == 0);
        }
        if (!found)
            return false;
    }
    return true;
}

/* Over the wide row -> over keys and aggregates. */
static struct error *
to_grouped(void *arg, struct expr *e, struct expr **out)
{
    struct stage *s = arg;

    for (int k = 0; k < s->n_keys; k++)
        if (expr_equal(s->keys[k], e) && e->kind != EXPR_CONST) {
            *out = expr_column(s->p->arena, s->keys[k]->type, k);
            return NULL;
        }
    if (e->kind == EXPR_AGGREGATE) {
        /* Keys may still be added: aggregates are numbered from a base that is fixed later. */
        struct expr *x = ARENA_NEW(s->p->arena, struct expr);
        *x = *e;
        *out = x;
        return NULL;
    }
    if (e->kind == EXPR_COLUMN) {
        if (depends_on_keys(s, e->index)) {
            add_key(s, e);
            *out = expr_column(s->p->arena, e->type, s->n_keys - 1);
            return NULL;
        }
        const struct scope_column *c = scope_by_index(s->scope, e->index);
        return err_new(ERR_GROUPING,
                       "column \"%s\" must appear in the GROUP BY clause or be used in an "
                       "aggregate function",
                       c == NULL || c->name == NULL ? "?" : c->name);
    }
    return NULL;
}

static struct error *
number_aggregates(void *arg, struct expr *e, struct expr **out)
{
    struct stage *s = arg;

    if (e->kind == EXPR_AGGREGATE)
        *out = expr_column(s->p->arena, e->type, s->n_keys + e->index);
    return NULL;
}

typedef struct error *(*rewrite_fn)(void *arg, struct expr *e, struct expr **out);

static struct error *
rewrite_list(struct planner *p, struct expr **v, int n, rewrite_fn fn, void *arg)
{
    for (int i = 0; i < n; i++)
        ERR_TRY(expr_rewrite(p->arena, v[i], fn, arg, &v[i]));
    return NULL;
}

static struct error *
rewrite_agg(struct planner *p, struct agg_call *c, rewrite_fn fn, void *arg)
{
    ERR_TRY(rewrite_list(p, c->args, c->n_args, fn, arg));
    if (c->filter != NULL)
        ERR_TRY(expr_rewrite(p->arena, c->filter, fn, arg, &c->filter));
    for (int i = 0; i < c->n_order; i++)
        ERR_TRY(expr_rewrite(p->arena, c->order[i].expr, fn, arg, &c->order[i].expr));
    return NULL;
}

/* What waits for the rows after grouping. */
static struct error *
rewrite_waiting(struct stage *s, rewrite_fn fn, void *arg)
{
    struct planner *p = s->p;

    ERR_TRY(rewrite_list(p, s->items.exprs, s->items.n, fn, arg));
    if (s->having != NULL)
        ERR_TRY(expr_rewrite(p->arena, s->having, fn, arg, &s->having));
    for (int i = 0; i < s->windows.n; i++) {
        struct window_call *w = s->windows.v[i];
        ERR_TRY(rewrite_list(p, w->args, w->n_args, fn, arg));
        ERR_TRY(rewrite_list(p, w->partition, w->n_partition, fn, arg));
        for (int k = 0; k < w->n_order; k++)
            ERR_TRY(expr_rewrite(p->arena, w->order[k].expr, fn, arg, &w->order[k].expr));
        if (w->agg != NULL)
            ERR_TRY(rewrite_agg(p, w->agg, fn, arg));
    }
    return rewrite_list(p, s->gens.v, s->gens.n, fn, arg);
}

/* A list element may be an argument array shared by equal calls; give each call its own. */
static void
own_lists(struct stage *s)
{
    struct planner *p = s->p;

    for (int i = 0; i < s->windows.n; i++) {
        struct window_call *w = arena_memdup(p->arena, s->windows.v[i], sizeof(*w));
        w->args = arena_memdup(p->arena, w->args, (size_t)w->n_args * sizeof(w->args[0]));
        w->partition =
            arena_memdup(p->arena, w->partition, (size_t)w->n_partition * sizeof(w->partition[0]));
        w->order = arena_memdup(p->arena, w->order, (size_t)w->n_order * sizeof(w->order[0]));
        if (w->agg != NULL) {
            struct agg_call *a = arena_memdup(p->arena, w->agg, sizeof(*a));
            a->args = arena_memdup(p->arena, a->args, (size_t)a->n_args * sizeof(a->args[0]));
            a->order = arena_memdup(p->arena, a->order, (size_t)a->n_order * sizeof(a->order[0]));
            w->agg = a;
        }
        s->windows.v[i] = w;
    }
    for (int i = 0; i < s->aggs.n; i++) {
        struct agg_call *a = arena_memdup(p->arena, s->aggs.v[i], sizeof(*a));
        a->args = arena_memdup(p->arena, a->args, (size_t)a->n_args * sizeof(a->args[0]));
        a->order = arena_memdup(p->arena, a->order, (size_t)a->n_order * sizeof(a->order[0]));
        s->aggs.v[i] = a;
    }
}

struct remap_arg {
    struct arena *a;
    const int *map;
};

static struct error *
remap_fn(void *arg, struct expr *e, struct expr **out)
{
    struct remap_arg *r = arg;

    *out = expr_remap(r->a, e, r->map);
    return NULL;
}

static void
mark_waiting(struct stage *s, bool *need)
{
    for (int i = 0; i < s->items.n; i++)
        expr_mark_columns(s->items.exprs[i], need);
    if (s->having != NULL)
        expr_mark_columns(s->having, need);
    for (int i = 0; i < s->windows.n; i++) {
        struct window_call *w = s->windows.v[i];
        for (int k = 0; k < w->n_args; k++)
            expr_mark_columns(w->args[k], need);
        for (int k = 0; k < w->n_partition; k++)
            expr_mark_columns(w->partition[k], need);
        for (int k = 0; k < w->n_order; k++)
            expr_mark_columns(w->order[k].expr, need);
        if (w->agg != NULL) {
            for (int k = 0; k < w->agg->n_args; k++)
                expr_mark_columns(w->agg->args[k], need);
            if (w->agg->filter != NULL)
                expr_mark_columns(w->agg->filter, need);
            for (int k = 0; k < w->agg->n_order; k++)
                expr_mark_columns(w->agg->order[k].expr, need);
        }
    }
    for (int i = 0; i < s->gens.n; i++)
        expr_mark_columns(s->gens.v[i], need);
}

static struct plan_node *
group_node(struct stage *s, struct plan_node *in)
{
    struct planner *p = s->p;
    struct plan_group *g = plan_node_new(p, PLAN_GROUP, sizeof(*g), s->n_keys + s->aggs.n, 1);

    g->base.children[0] = in;
    g->n_keys = s->n_keys;
    g->keys = s->keys;
    g->n_aggs = s->aggs.n;
    g->aggs = s->aggs.v;
    g->scalar = s->n_keys == 0;
    g->base.at_most_one = g->scalar;
    g->base.rows = g->scalar ? 1 : in->rows / 5 + 1;
    for (int i = 0; i < s->n_keys; i++)
        g->base.cols[i] = (struct plan_column){.type = s->keys[i]->type};
    for (int i = 0; i < s->aggs.n; i++)
        g->base.cols[s->n_keys + i] = (struct plan_column){.type = s->aggs.v[i]->type};
    return &g->base;
}

/* ---- min, max: one row of an ordered index -------------------------------------------------- */

/* SELECT min(c) or max(c) alone over one table: read in order of c, skip NULLs, stop after one row. */
static void
wish_for_extreme(struct stage *s, struct rel *rel, struct wish *w, struct plan_order *o)
{
    if (rel->kind != REL_TABLE || rel->table->is_virtual || s->n_keys > 0 || s->aggs.n != 1)
        return;
    const struct agg_call *a = s->aggs.v[0];
    bool min = strcmp(a->def->name, "min") == 0, max = strcmp(a->def->name, "max") == 0;
    if ((!min && !max) || a->n_args != 1 || a->filter != NULL || a->args[0]->kind != EXPR_COLUMN)
        return;
    int col = a->args[0]->index;
    bool indexed = false;
    for (int i = 0; i < rel->table->n_indexes; i++) {
        const struct index *ix = &rel->table->indexes[i];
        indexed = indexed || (!ix->inverted && ix->n_keys > 0 && ix->keys[0] == col);
    }
    if (!indexed)
        return;
    struct expr *nn = ARENA_NEW(s->p->arena, struct expr);
    nn->kind = EXPR_IS_NULL;
    nn->negated = true;
    nn->type = &TYPE_BOOL;
    nn->n_args = 1;
    nn->args = ARENA_ARRAY(s->p->arena, struct expr *, 1);
    nn->args[0] = a->args[0];
    if (rel->table->columns[col].nullable)
        rel_push(s->p, rel, nn);
    *o = (struct plan_order){.column = col, .desc = max};
    *w = (struct wish){.n = 1, .order = o, .limit = 1};
}

/* ---- windows, generators -------------------------------------------------------------------- */

struct number_arg {
    struct stage *s;
    int base;
    const int *offsets;
    enum expr_kind kind;
};

static struct error *
number_fn(void *arg, struct expr *e, struct expr **out)
{
    struct number_arg *n = arg;

    if (e->kind != n->kind)
        return NULL;
    if (n->kind == EXPR_WINDOW) {
        *out = expr_column(n->s->p->arena, e->type, n->base + e->index);
        return NULL;
    }
    const struct expr *call = n->s->gens.v[e->index];
    int at = n->base + n->offsets[e->index];
    if (!plan_makes_rows(call)) {
        *out = expr_column(n->s->p->arena, e->type, at);
        return NULL;
    }
    struct expr *t = ARENA_NEW(n->s->p->arena, struct expr);
    t->kind = EXPR_TUPLE;
    t->type = e->type;
    t->n_args = call->type->n;
    t->args = ARENA_ARRAY(n->s->p->arena, struct expr *, (size_t)t->n_args + 1);
    for (int i = 0; i < t->n_args; i++)
        t->args[i] = expr_column(n->s->p->arena, call->type->contents[i], at + i);
    *out = t;
    return NULL;
}

static struct error *
window_node(struct stage *s, struct plan_node *in, struct plan_node **out)
{
    struct planner *p = s->p;
    struct plan_window *w =
        plan_node_new(p, PLAN_WINDOW, sizeof(*w), in->n_cols + s->windows.n, 1);

    memcpy(w->base.cols, in->cols, (size_t)in->n_cols * sizeof(in->cols[0]));
    w->base.children[0] = in;
    w->base.rows = in->rows;
    w->n = s->windows.n;
    w->calls = s->windows.v;
    for (int i = 0; i < w->n; i++)
        w->base.cols[in->n_cols + i] = (struct plan_column){.type = w->calls[i]->type};
    struct number_arg n = {.s = s, .base = in->n_cols, .kind = EXPR_WINDOW};
    ERR_TRY(rewrite_list(p, s->items.exprs, s->items.n, number_fn, &n));
    ERR_TRY(rewrite_list(p, s->gens.v, s->gens.n, number_fn, &n));
    *out = &w->base;
    return NULL;
}

static struct error *
project_set_node(struct stage *s, struct plan_node *in, struct plan_node **out)
{
    struct planner *p = s->p;
    int cols = 0;
    int *offsets = ARENA_ARRAY(p->arena, int, (size_t)s->gens.n + 1);

    for (int i = 0; i < s->gens.n; i++) {
        offsets[i] = cols;
        cols += s->gens.v[i]->overload->gen->n_cols;
    }
    struct plan_project_set *ps =
        plan_node_new(p, PLAN_PROJECT_SET, sizeof(*ps), in->n_cols + cols, 1);
    memcpy(ps->base.cols, in->cols, (size_t)in->n_cols * sizeof(in->cols[0]));
    ps->base.children[0] = in;
    ps->base.rows = in->rows * 10;
    ps->n = s->gens.n;
    ps->gens = ARENA_ARRAY(p->arena, struct plan_generator, (size_t)s->gens.n + 1);
    for (int i = 0; i < s->gens.n; i++) {
        struct expr *call = s->gens.v[i];
        ps->gens[i] = (struct plan_generator){.call = call, .n_cols = call->overload->gen->n_cols};
        for (int k = 0; k < ps->gens[i].n_cols; k++)
            ps->base.cols[in->n_cols + offsets[i] + k] = (struct plan_column){
                .type = plan_makes_rows(call) ? call->type->contents[k] : call->type};
    }
    struct number_arg n = {.s = s, .base = in->n_cols, .offsets = offsets, .kind = EXPR_GENERATOR};
    ERR_TRY(rewrite_list(p, s->items.exprs, s->items.n, number_fn, &n));
    *out = &ps->base;
    return NULL;
}

/* ---- LIMIT, sort, distinct ------------------------------------------------------------------ */

static struct error *
type_limit(struct planner *p, struct scope *outer, const struct ast_expr *e, const char *clause,
           struct expr **out)
{
    struct type_ctx c;

    /* No columns but those of the query around. */
    type_ctx_init(&c, p, scope_new(p, outer), clause,
                  REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
    return type_expr_as(&c, e, &TYPE_INT8, clause, out);
}

static int64_t
const_int(const struct expr *e)
{
    return e != NULL && e->kind == EXPR_CONST && !e->value.null && e->value.i >= 0 ? e->value.i : -1;
}

static struct plan_node *
limit_node(struct planner *p, struct expr *limit, struct expr *offset, struct plan_node *in)
{
    if (limit == NULL && offset == NULL)
        return in;
    struct plan_limit *l = plan_node_new(p, PLAN_LIMIT, sizeof(*l), in->n_cols, 1);
    memcpy(l->base.cols, in->cols, (size_t)in->n_cols * sizeof(in->cols[0]));
    l->base.children[0] = in;
    l->base.n_ordering = in->n_ordering;
    l->base.ordering = in->ordering;
    int64_t n = const_int(limit);
    l->base.rows = n >= 0 && (double)n < in->rows ? (double)n : in->rows;
    l->base.at_most_one = in->at_most_one || n == 1 || n == 0;
    l->count = limit;
    l->offset = offset;
    return &l->base;
}

static struct expr *
top_of(struct planner *p, struct expr *limit, struct expr *offset)
{
    int64_t n = const_int(limit), m = offset == NULL ? 0 : const_int(offset);

    if (n < 0 || m < 0 || n > INT64_MAX / 2 || m > INT64_MAX / 2)
        return NULL;
    return expr_const(p->arena, &TYPE_INT8, datum_int(n + m));
}

static struct plan_node *
sort_node(struct planner *p, struct plan_node *in, int n, const struct plan_order *keys,
          struct expr *top)
{
    if (n == 0 || orders_satisfied(in, n, keys))
        return in;
    struct plan_sort *s = plan_node_new(p, PLAN_SORT, sizeof(*s), in->n_cols, 1);
    memcpy(s->base.cols, in->cols, (size_t)in->n_cols * sizeof(in->cols[0]));
    s->base.children[0] = in;
    s->base.rows = in->rows;
    s->n_keys = n;
    s->keys = keys;
    s->base.n_ordering = n;
    s->base.ordering = keys;
    s->top_k = top;
    return &s->base;
}

static struct plan_node *
distinct_node(struct planner *p, struct plan_node *in, int n, const int *keys, bool on,
              bool streaming)
{
    if (plan_are_key(in, keys, n))
        return in;
    struct plan_distinct *d = plan_node_new(p, PLAN_DISTINCT, sizeof(*d), in->n_cols, 1);
    memcpy(d->base.cols, in->cols, (size_t)in->n_cols * sizeof(in->cols[0]));
    d->base.children[0] = in;
    d->base.rows = in->rows / 2 + 1;
    d->n_keys = n;
    d->keys = keys;
    d->on = on;
    d->streaming = streaming;
    if (streaming) {
        d->base.n_ordering = in->n_ordering;
        d->base.ordering = in->ordering;
    }
    return &d->base;
}

struct error *
plan_limit_node(struct planner *p, struct scope *outer, const struct ast_expr *limit,
                const struct ast_expr *offset, struct plan_node *in, struct plan_node **out)
{
    struct expr *l = NULL, *o = NULL;

    if (limit != NULL)
        ERR_TRY(type_limit(p, outer, limit, "LIMIT", &l));
    if (offset != NULL)
        ERR_TRY(type_limit(p, outer, offset, "OFFSET", &o));
    *out = limit_node(p, l, o, in);
    return NULL;
}

/* ORDER BY columns that are there before anything is computed: then it is computed of the rows that
 * LIMIT leaves, and in their order. Not when more columns would have to be sorted. */
static bool
sorts_before(const struct stage *s, const struct ast_select_clause *cl, const struct plan_node *in,
             struct plan_order *keys)
{
    if (cl->distinct || cl->distinct_on_given || s->n_order == 0 ||
        (in->n_cols > s->items.n && top_of(s->p, s->limit, s->offset) == NULL))
        return false;
    for (int i = 0; i < s->n_order; i++) {
        const struct expr *e = s->items.exprs[s->order[i].column];
        if (e->kind != EXPR_COLUMN)
            return false;
        keys[i] = (struct plan_order){.column = e->index, .desc = s->order[i].desc};
    }
    return true;
}

/* The last stages: render, distinct, sort, limit, and off with hidden items. */
static struct error *
finish(struct stage *s, const struct ast_select_clause *cl, struct plan_node *n,
       struct plan_node **out)
{
    struct planner *p = s->p;
    struct plan_node *in = n;
    struct plan_order *keys_before = ARENA_ARRAY(p->arena, struct plan_order, (size_t)s->n_order + 1);

    if (sorts_before(s, cl, in, keys_before)) {
        n = sort_node(p, in, s->n_order, keys_before, top_of(p, s->limit, s->offset));
        *out = plan_render_node(p, limit_node(p, s->limit, s->offset, n), s->n_visible, s->items.exprs,
                                s->items.cols);
        return NULL;
    }
    n = plan_render_node(p, n, s->items.n, s->items.exprs, s->items.cols);
    const struct plan_node *rendered = n;
    if (cl->distinct && !cl->distinct_on_given) {
        int *keys = ARENA_ARRAY(p->arena, int, (size_t)s->n_visible + 1);
        for (int i = 0; i < s->n_visible; i++)
            keys[i] = i;
        for (int i = 0; i < s->n_order; i++)
            if (s->order[i].column >= s->n_visible)
                return err_new(ERR_INVALID_COLUMN_REFERENCE,
                               "for SELECT DISTINCT, ORDER BY expressions must appear in select list");
        bool sorted = n->n_ordering >= s->n_visible && s->n_visible > 0;
        n = distinct_node(p, n, s->n_visible, keys, false, sorted);
    }
    if (cl->distinct_on_given && s->n_order > 0) {
        n = sort_node(p, n, s->n_order, s->order, NULL);
        n = distinct_node(p, n, s->n_distinct, s->distinct_on, true,
                          s->n_order >= s->n_distinct);
    } else if (cl->distinct_on_given) {
        n = distinct_node(p, n, s->n_distinct, s->distinct_on, true, false);
    } else {
        n = sort_node(p, n, s->n_order, s->order, top_of(p, s->limit, s->offset));
    }
    /* Rows that LIMIT leaves out are not rendered: nextval() is called for those that are wanted. */
    if (n == rendered && n != in && (s->limit != NULL || s->offset != NULL))
        n = plan_render_node(p, limit_node(p, s->limit, s->offset, in), s->items.n, s->items.exprs,
                             s->items.cols);
    else
        n = limit_node(p, s->limit, s->offset, n);
    if (s->items.n > s->n_visible) {
        struct expr **e = ARENA_ARRAY(p->arena, struct expr *, (size_t)s->n_visible + 1);
        for (int i = 0; i < s->n_visible; i++)
            e[i] = expr_column(p->arena, s->items.cols[i].type, i);
        n = plan_render_node(p, n, s->n_visible, e, s->items.cols);
    }
    *out = n;
    return NULL;
}

/* ORDER BY on plain columns of FROM: let the scan give it. */
static void
make_wish(struct stage *s, const struct ast_select_clause *cl, struct wish *w)
{
    if (s->grouped || s->windows.n > 0)
        return;
    if (!cl->distinct && !cl->distinct_on_given && s->gens.n == 0)
        w->limit = s->const_limit;
    if (s->n_order == 0 || s->gens.n > 0)
        return;
    struct plan_order *o = ARENA_ARRAY(s->p->arena, struct plan_order, (size_t)s->n_order + 1);
    for (int i = 0; i < s->n_order; i++) {
        const struct expr *e = s->items.exprs[s->order[i].column];
        if (e->kind != EXPR_COLUMN) {
            w->limit = 0;
            return;
        }
        o[i] = (struct plan_order){.column = e->index, .desc = s->order[i].desc};
    }
    w->n = s->n_order;
    w->order = o;
}

/* ---- FOR UPDATE ----------------------------------------------------------------------------- */

static const char *
lock_name(enum ast_lock_strength strength)
{
    static const char *const names[] = {[AST_LOCK_KEY_SHARE] = "FOR KEY SHARE",
                                        [AST_LOCK_SHARE] = "FOR SHARE",
                                        [AST_LOCK_NO_KEY_UPDATE] = "FOR NO KEY UPDATE",
                                        [AST_LOCK_UPDATE] = "FOR UPDATE"};

    return names[strength];
}

static struct error *
refuse_locking(const struct ast_locking *l, const char *what)
{
    enum ast_lock_strength strongest = AST_LOCK_KEY_SHARE;

    if (l == NULL || l->count == 0)
        return NULL;
    for (int i = 0; i < l->count; i++)
        if (l->items[i].strength > strongest)
            strongest = l->items[i].strength;
    return err_new(ERR_FEATURE_NOT_SUPPORTED, "%s is not allowed with %s", lock_name(strongest),
                   what);
}

/* Which tables of FROM are locked. */
static void
apply_locking(struct rel *r, const struct ast_locking *l)
{
    if (r->kind == REL_JOIN) {
        apply_locking(r->left, l);
        apply_locking(r->right, l);
        return;
    }
    if (r->kind != REL_TABLE)
        return;
    for (int i = 0; i < l->count; i++) {
        const struct ast_lock_item *it = &l->items[i];
        bool named = it->targets.count == 0;
        for (int k = 0; k < it->targets.count; k++)
            named = named || slice_is(it->targets.items[k].object, r->alias);
        if (named && (it->strength == AST_LOCK_UPDATE || it->strength == AST_LOCK_NO_KEY_UPDATE))
            r->lock = true;
    }
}

/* Whether a table, view or subquery of FROM goes by a name. */
static bool
from_has(const struct scope *s, struct slice name)
{
    for (int i = 0; i < s->n; i++)
        if (slice_is(name, s->columns[i].table))
            return true;
    return false;
}

static struct error *
check_lock_item(struct planner *p, const struct scope *s, const struct ast_lock_item *it)
{
    if (it->wait == AST_LOCK_WAIT_SKIP)
        return err_unimplemented(40476, "SKIP LOCKED lock wait policy is not supported");
    if (it->wait == AST_LOCK_WAIT_ERROR)
        return err_unimplemented(40476, "NOWAIT lock wait policy is not supported");
    for (int k = 0; k < it->targets.count; k++) {
        const struct ast_object_name *t = &it->targets.items[k];
        if (t->count > 1)
            return err_new(ERR_SYNTAX, "%s must specify unqualified relation names",
                           lock_name(it->strength));
        if (!from_has(s, t->object))
            return err_new(ERR_UNDEFINED_TABLE,
                           "relation \"%s\" in %s clause not found in FROM clause",
                           slice_str(p, t->object), lock_name(it->strength));
    }
    return NULL;
}

static struct error *
check_locking(const struct stage *s, const struct ast_select_clause *cl,
              const struct ast_locking *l)
{
    if (l == NULL || l->count == 0)
        return NULL;
    if (cl->distinct || cl->distinct_on_given)
        return refuse_locking(l, "DISTINCT clause");
    if (cl->group_by.count > 0)
        return refuse_locking(l, "GROUP BY clause");
    if (cl->having != NULL)
        return refuse_locking(l, "HAVING clause");
    if (s->aggs.n > 0)
        return refuse_locking(l, "aggregate functions");
    if (s->windows.n > 0)
        return refuse_locking(l, "window functions");
    if (s->gens.n > 0)
        return refuse_locking(l, "set-returning functions in the target list");
    for (int i = 0; i < l->count; i++)
        ERR_TRY(check_lock_item(s->p, s->scope, &l->items[i]));
    s->p->locks = lock_name(l->items[0].strength);
    return NULL;
}

struct error *
plan_select_rel(struct planner *p, struct scope *outer, struct rel *rel, struct scope *scope,
                const struct select_parts *sp, struct plan_node **out)
{
    const struct ast_select_clause *cl = sp->clause;
    struct stage s = {.p = p, .scope = scope};
    struct type_ctx c;
    struct plan_node *n;

    ERR_TRY(plan_where(p, scope, cl->where, &rel));
    type_ctx_init(&c, p, scope, "SELECT", 0);
    s.windows.named = &cl->windows;
    for (int i = 1; i < cl->windows.count; i++)
        for (int k = 0; k < i; k++)
            if (slice_eq(cl->windows.items[i]->name, cl->windows.items[k]->name))
                return err_new(ERR_WINDOWING, "window \"%s\" is already defined",
                               slice_str(p, cl->windows.items[i]->name));
    c.aggregates = &s.aggs;
    c.windows = &s.windows;
    c.generators = &s.gens;
    scope->aggregates = &s.aggs;
    ERR_TRY(plan_items(&c, &cl->items, sp->desired, sp->n_desired, &s.items));
    s.n_visible = s.items.n;
    ERR_TRY(plan_group_by(&s, cl));
    c.clause = "ORDER BY";
    c.reject = REJECT_GENERATORS;
    ERR_TRY(plan_order_by(&s, &c, sp->order_by));
    c.clause = "DISTINCT ON";
    ERR_TRY(plan_distinct_on(&s, &c, cl));
    if (cl->having != NULL) {
        c.clause = "HAVING";
        c.reject = REJECT_WINDOWS | REJECT_GENERATORS;
        ERR_TRY(type_expr_as(&c, cl->having, &TYPE_BOOL, "HAVING", &s.having));
        s.grouped = true;
    }
    scope->aggregates = NULL;
    s.grouped = s.grouped || s.aggs.n > 0;
    ERR_TRY(check_locking(&s, cl, sp->locking));
    if (sp->limit != NULL)
        ERR_TRY(type_limit(p, outer, sp->limit, "LIMIT", &s.limit));
    if (sp->offset != NULL)
        ERR_TRY(type_limit(p, outer, sp->offset, "OFFSET", &s.offset));
    struct expr *top = top_of(p, s.limit, s.offset);
    s.const_limit = top == NULL ? 0 : top->value.i;
    own_lists(&s);

    struct wish w = {0};
    struct plan_order extreme;
    make_wish(&s, cl, &w);
    if (s.grouped) {
        ERR_TRY(rewrite_waiting(&s, to_grouped, &s));
        ERR_TRY(rewrite_waiting(&s, number_aggregates, &s));
        wish_for_extreme(&s, rel, &w, &extreme);
    }
    bool *need = ARENA_ARRAY(p->arena, bool, (size_t)rel->n_cols + 1);
    int *map = ARENA_ARRAY(p->arena, int, (size_t)rel->n_cols + 1);
    if (s.grouped) {
        for (int i = 0; i < s.n_keys; i++)
            expr_mark_columns(s.keys[i], need);
        for (int i = 0; i < s.aggs.n; i++) {
            struct agg_call *a = s.aggs.v[i];
            for (int k = 0; k < a->n_args; k++)
                expr_mark_columns(a->args[k], need);
            if (a->filter != NULL)
                expr_mark_columns(a->filter, need);
            for (int k = 0; k < a->n_order; k++)
                expr_mark_columns(a->order[k].expr, need);
        }
    } else {
        mark_waiting(&s, need);
    }
    ERR_TRY(rel_lower(p, rel, need, &w, &n, map));
    struct remap_arg ra = {p->arena, map};
    if (s.grouped) {
        ERR_TRY(rewrite_list(p, s.keys, s.n_keys, remap_fn, &ra));
        for (int i = 0; i < s.aggs.n; i++)
            ERR_TRY(rewrite_agg(p, s.aggs.v[i], remap_fn, &ra));
        n = group_node(&s, n);
        if (s.having != NULL)
            n = plan_filter_node(p, n, s.having);
    } else {
        ERR_TRY(rewrite_waiting(&s, remap_fn, &ra));
    }
    if (s.windows.n > 0)
        ERR_TRY(window_node(&s, n, &n));
    if (s.gens.n > 0)
        ERR_TRY(project_set_node(&s, n, &n));
    return finish(&s, cl, n, out);
}

/* ---- VALUES, set operations, the whole SELECT ----------------------------------------------- */

static struct error *
plan_values(struct planner *p, struct scope *outer, const struct ast_values *a,
            const struct type *const *desired, int n_desired, struct plan_node **out)
{
    int n_cols = a->count > 0 ? a->items[0].count : 0;
    struct plan_values *v = plan_node_new(p, PLAN_VALUES, sizeof(*v), n_cols, 0);
    struct type_ctx c;

    v->n_rows = a->count;
    v->rows = ARENA_ARRAY(p->arena, struct expr **, (size_t)a->count + 1);
    type_ctx_init(&c, p, outer == NULL ? NULL : scope_new(p, outer), "VALUES",
                  REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
    for (int i = 0; i < n_cols; i++)
        v->base.cols[i] = (struct plan_column){.name = arena_printf(p->arena, "column%d", i + 1),
                                               .type = &TYPE_UNKNOWN};
    for (int r = 0; r < a->count; r++) {
        if (a->items[r].count != n_cols)
            return err_new(ERR_SYNTAX,
                           "VALUES lists must all be the same length, expected %d columns, found %d",
                           n_cols, a->items[r].count);
        v->rows[r] = ARENA_ARRAY(p->arena, struct expr *, (size_t)n_cols + 1);
        for (int i = 0; i < n_cols; i++) {
            struct expr *e;
            const struct type *want = i < n_desired ? desired[i] : NULL;
            ERR_TRY(type_expr(&c, a->items[r].items[i], want, &e));
            v->rows[r][i] = e;
            if (e->type->family == FAMILY_UNKNOWN)
                continue;
            if (v->base.cols[i].type->family == FAMILY_UNKNOWN)
                v->base.cols[i].type = e->type;
            else if (!type_equivalent(v->base.cols[i].type, e->type))
                return err_new(ERR_DATATYPE_MISMATCH, "VALUES types %s and %s cannot be matched",
                               type_name_str(p->arena, e->type),
                               type_name_str(p->arena, v->base.cols[i].type));
        }
    }
    v->base.rows = a->count;
    v->base.at_most_one = a->count <= 1;
    *out = &v->base;
    return NULL;
}

static const char *
setop_name(enum ast_setop op)
{
    return op == AST_SETOP_UNION ? "UNION" : op == AST_SETOP_INTERSECT ? "INTERSECT" : "EXCEPT";
}

/* Gives a side the result types: NULLs become typed. */
static struct error *
cast_side(struct planner *p, struct plan_node *side, const struct plan_column *cols,
          struct plan_node **out)
{
    struct expr **e = ARENA_ARRAY(p->arena, struct expr *, (size_t)side->n_cols + 1);
    bool any = false;
    struct type_ctx c;

    type_ctx_init(&c, p, NULL, "UNION", 0);
    for (int i = 0; i < side->n_cols; i++) {
        e[i] = expr_column(p->arena, side->cols[i].type, i);
        if (side->cols[i].type->family == FAMILY_UNKNOWN && cols[i].type->family != FAMILY_UNKNOWN) {
            ERR_TRY(expr_cast(&c, e[i], cols[i].type, &e[i]));
            any = true;
        }
    }
    *out = any ? plan_render_node(p, side, side->n_cols, e, cols) : side;
    return NULL;
}

static struct error *
plan_setop_clause(struct planner *p, struct scope *outer, const struct ast_select *a,
                  const struct type *const *desired, int n_desired, struct plan_node **out)
{
    static const enum plan_setop_kind kinds[] = {[AST_SETOP_UNION] = PLAN_SETOP_UNION,
                                                 [AST_SETOP_INTERSECT] = PLAN_SETOP_INTERSECT,
                                                 [AST_SETOP_EXCEPT] = PLAN_SETOP_EXCEPT};
    struct plan_node *l, *r;

    ERR_TRY(plan_select(p, outer, a->setop.left, desired, n_desired, &l));
    const struct type **want = ARENA_ARRAY(p->arena, const struct type *, (size_t)l->n_cols + 1);
    for (int i = 0; i < l->n_cols; i++)
        want[i] = i < n_desired && desired[i] != NULL ? desired[i] : l->cols[i].type;
    /* Constants of the right side keep their own mind: 1 and 1.5 do not match in v20.1. */
    ERR_TRY(plan_select(p, outer, a->setop.right, desired, n_desired, &r));
    if (l->n_cols != r->n_cols)
        return err_new(ERR_SYNTAX, "each %s query must have the same number of columns: %d vs %d",
                       setop_name(a->setop.op), l->n_cols, r->n_cols);
    struct plan_setop *s = plan_node_new(p, PLAN_SETOP, sizeof(*s), l->n_cols, 2);
    for (int i = 0; i < l->n_cols; i++) {
        const struct type *lt = l->cols[i].type, *rt = r->cols[i].type;
        if (!type_equivalent(lt, rt))
            return err_new(ERR_DATATYPE_MISMATCH, "%s types %s and %s cannot be matched",
                           setop_name(a->setop.op), type_name_str(p->arena, lt),
                           type_name_str(p->arena, rt));
        s->base.cols[i] = (struct plan_column){.name = l->cols[i].name,
                                               .type = lt->family == FAMILY_UNKNOWN ? rt : lt};
    }
    ERR_TRY(cast_side(p, l, s->base.cols, &l));
    ERR_TRY(cast_side(p, r, s->base.cols, &r));
    s->base.children[0] = l;
    s->base.children[1] = r;
    s->op = kinds[a->setop.op];
    s->all = a->setop.all;
    s->base.rows = l->rows + r->rows;
    *out = &s->base;
    if (s->op != PLAN_SETOP_INTERSECT && !s->all) {
        int *keys = ARENA_ARRAY(p->arena, int, (size_t)l->n_cols + 1);
        for (int i = 0; i < l->n_cols; i++)
            keys[i] = i;
        *out = distinct_node(p, &s->base, l->n_cols, keys, false, false);
    }
    return NULL;
}

/* ORDER BY and LIMIT over finished columns (VALUES, set operations, parentheses). */
static struct error *
order_finished(struct planner *p, struct scope *outer, const struct ast_order_by *ob,
               const struct ast_expr *limit, const struct ast_expr *offset, struct plan_node *n,
               struct plan_node **out)
{
    struct stage s = {.p = p, .scope = scope_new(p, outer)};
    struct type_ctx c;
    struct ast_select_clause none = {0};

    for (int i = 0; i < n->n_cols; i++) {
        scope_add(p, s.scope,
                  (struct scope_column){
                      .name = n->cols[i].name, .type = n->cols[i].type, .index = i});
        add_item(p, &s.items, expr_column(p->arena, n->cols[i].type, i), n->cols[i], NULL);
    }
    s.n_visible = n->n_cols;
    type_ctx_init(&c, p, s.scope, "ORDER BY",
                  REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
    ERR_TRY(plan_order_by(&s, &c, ob));
    if (limit != NULL)
        ERR_TRY(type_limit(p, outer, limit, "LIMIT", &s.limit));
    if (offset != NULL)
        ERR_TRY(type_limit(p, outer, offset, "OFFSET", &s.offset));
    return finish(&s, &none, n, out);
}

static bool
with_writes(const struct ast_with *w)
{
    for (int i = 0; i < w->count; i++)
        if (w->items[i].stmt->kind == AST_STMT_INSERT || w->items[i].stmt->kind == AST_STMT_UPDATE ||
            w->items[i].stmt->kind == AST_STMT_DELETE)
            return true;
    return false;
}

static struct error *
plan_select_inner(struct planner *p, struct scope *outer, const struct ast_select *s,
                  const struct type *const *desired, int n_desired, struct plan_node **out)
{
    const struct ast_expr *limit = s->limit_all ? NULL : s->limit;
    struct plan_node *n = NULL;

    if (s->with != NULL && p->top != NULL && p->top != s && with_writes(s->with))
        return err_new(ERR_FEATURE_NOT_SUPPORTED, "WITH clause containing a data-modifying statement "
                                                  "must be at the top level");
    if (s->with != NULL)
        ERR_TRY(plan_with(p, outer, s->with));
    switch (s->kind) {
    case AST_SELECT_CLAUSE: {
        struct rel *rel;
        struct scope *scope;
        ERR_TRY(plan_as_of(p, s->clause->as_of, p->top == s));
        ERR_TRY(plan_from(p, outer, &s->clause->from, &rel, &scope));
        apply_locking(rel, &s->locking);
        struct select_parts parts = {.clause = s->clause,
                                     .locking = &s->locking,
                                     .order_by = &s->order_by,
                                     .limit = limit,
                                     .offset = s->offset,
                                     .desired = desired,
                                     .n_desired = n_desired};
        return plan_select_rel(p, outer, rel, scope, &parts, out);
    }
    case AST_SELECT_VALUES:
        ERR_TRY(refuse_locking(&s->locking, "VALUES"));
        ERR_TRY(plan_values(p, outer, s->values, desired, n_desired, &n));
        break;
    case AST_SELECT_SETOP:
        ERR_TRY(refuse_locking(&s->locking, "UNION/INTERSECT/EXCEPT"));
        ERR_TRY(plan_setop_clause(p, outer, s, desired, n_desired, &n));
        break;
    case AST_SELECT_PAREN:
    default:
        return err_new(ERR_INTERNAL, "unknown kind of SELECT");
    }
    if (s->order_by.count == 0)
        return plan_limit_node(p, outer, limit, s->offset, n, out);
    return order_finished(p, outer, &s->order_by, limit, s->offset, n, out);
}

struct error *
plan_select(struct planner *p, struct scope *outer, const struct ast_select *s,
            const struct type *const *desired, int n_desired, struct plan_node **out)
{
    struct cte_binding *ctes = p->ctes;
    const struct ast_select *top = p->top;

    if (++p->depth > PLAN_MAX_DEPTH)
        return err_new(ERR_STATEMENT_TOO_COMPLEX, "the statement is nested too deeply");
    struct ast_select bare;
    struct error *err = plan_without_parens(p, s, &bare);
    if (err == NULL)
        err = plan_select_inner(p, outer, &bare, desired, n_desired, out);
    p->top = top;
    p->ctes = ctes;
    p->depth--;
    return err;
}
