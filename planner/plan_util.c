#include "config.h"

#include "planner/plan_int.h"

#include "grammar/parse.h"
#include "grammar/print.h"

const char *
plan_kind_name(enum plan_kind k)
{
    static const char *const names[PLAN_KIND_COUNT] = {
#define X(K, m, name) [PLAN_##K] = name,
        PLAN_KINDS(X)
#undef X
    };
    return names[k];
}

void *
plan_node_new(struct planner *p, enum plan_kind k, size_t size, int n_cols, int n_children)
{
    struct plan_node *n = arena_zalloc(p->arena, size);

    n->kind = k;
    n->n_cols = n_cols;
    n->cols = ARENA_ARRAY(p->arena, struct plan_column, (size_t)n_cols + 1);
    n->n_children = n_children;
    n->rows = 1000;
    return n;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/opt/exec/execbuilder/mutation.go, tryBuildDeleteRange. */
const struct plan_scan *
plan_delete_range(const struct plan_node *n)
{
    const struct plan_delete *d = (const struct plan_delete *)n;
    if (n->kind != PLAN_DELETE || d->returning || n->children[0]->kind != PLAN_SCAN)
        return NULL;
    const struct plan_scan *s = (const struct plan_scan *)n->children[0];
    const struct table *t = d->target.table;
    const pb_index *pk = t->pb->primary_index;
    bool alone = t->n_all_indexes == 1 && t->pb->n_inbound_fks == 0 && pk->n_interleaved_by == 0 &&
                 (pk->interleave == NULL || pk->interleave->n_ancestors == 0);
    return alone && s->filter == NULL && s->hard_limit == 0 && !s->empty ? s : NULL;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/opt/exec/execbuilder/mutation.go,
 * shouldApplyImplicitLockingToUpdateInput. */
const struct plan_scan *
plan_update_scan(const struct plan_node *update)
{
    const struct plan_node *n = update->children[0];

    while (n->kind == PLAN_RENDER || n->kind == PLAN_INDEX_JOIN)
        n = n->children[0];
    const struct plan_scan *s = n->kind == PLAN_SCAN ? (const struct plan_scan *)n : NULL;
    return s != NULL && s->filter == NULL ? s : NULL;
}

struct plan_node *
plan_filter_node(struct planner *p, struct plan_node *in, struct expr *cond)
{
    if (cond->kind == EXPR_CONST && (cond->value.null || !cond->value.i)) {
        struct plan_node *nothing = plan_nothing(p, in);
        if (nothing != NULL)
            return nothing;
    }
    struct plan_filter *f = plan_node_new(p, PLAN_FILTER, sizeof(*f), in->n_cols, 1);
    memcpy(f->base.cols, in->cols, (size_t)in->n_cols * sizeof(in->cols[0]));
    f->base.children[0] = in;
    f->base.n_ordering = in->n_ordering;
    f->base.ordering = in->ordering;
    f->base.rows = in->rows / 3;
    f->base.at_most_one = in->at_most_one;
    f->cond = cond;
    f->once = !expr_has_columns(cond) && !expr_is_volatile(cond) && !expr_has_subquery(cond) &&
              !plan_must_run(p, in);
    return &f->base;
}

static bool
is_identity(const struct plan_node *in, int n, struct expr *const *exprs)
{
    if (n != in->n_cols)
        return false;
    for (int i = 0; i < n; i++)
        if (exprs[i]->kind != EXPR_COLUMN || exprs[i]->index != i)
            return false;
    return true;
}

/* SELECT without FROM: one row of values. */
static struct plan_node *
values_of(struct planner *p, int n, struct expr *const *exprs, const struct plan_column *cols)
{
    struct plan_values *v = plan_node_new(p, PLAN_VALUES, sizeof(*v), n, 0);

    memcpy(v->base.cols, cols, (size_t)n * sizeof(cols[0]));
    v->n_rows = 1;
    v->rows = ARENA_ARRAY(p->arena, struct expr **, 1);
    v->rows[0] = arena_memdup(p->arena, exprs, (size_t)n * sizeof(exprs[0]));
    v->base.rows = 1;
    v->base.at_most_one = true;
    return &v->base;
}

struct plan_node *
plan_render_node(struct planner *p, struct plan_node *in, int n, struct expr *const *exprs,
                 const struct plan_column *cols)
{
    if (is_identity(in, n, exprs) && in->kind != PLAN_CTE_SCAN) {
        /* Only names change; nodes are ours until the plan is done. */
        if (n > 0)
            memcpy(in->cols, cols, (size_t)n * sizeof(cols[0]));
        return in;
    }
    if (in->kind == PLAN_VALUES && in->n_cols == 0 && in->at_most_one && n > 0 &&
        ((struct plan_values *)in)->n_rows == 1)
        return values_of(p, n, exprs, cols);
    struct plan_render *r = plan_node_new(p, PLAN_RENDER, sizeof(*r), n, 1);
    r->base.children[0] = in;
    r->base.rows = in->rows;
    r->base.at_most_one = in->at_most_one;
    struct expr **copy = ARENA_ARRAY(p->arena, struct expr *, (size_t)n + 1);
    if (n > 0)
        memcpy(copy, exprs, (size_t)n * sizeof(exprs[0]));
    r->exprs = copy;
    if (n > 0)
        memcpy(r->base.cols, cols, (size_t)n * sizeof(cols[0]));
    /* The order survives as far as its columns do. */
    struct plan_order *o = ARENA_ARRAY(p->arena, struct plan_order, (size_t)in->n_ordering + 1);
    int k = 0;
    for (; k < in->n_ordering; k++) {
        int at = -1;
        for (int i = 0; i < n && at < 0; i++)
            if (exprs[i]->kind == EXPR_COLUMN && exprs[i]->index == in->ordering[k].column)
                at = i;
        if (at < 0)
            break;
        o[k] = (struct plan_order){.column = at, .desc = in->ordering[k].desc};
    }
    r->base.n_ordering = k;
    r->base.ordering = o;
    return &r->base;
}

struct plan_node *
plan_one_row(struct planner *p)
{
    struct plan_values *v = plan_node_new(p, PLAN_VALUES, sizeof(*v), 0, 0);

    v->n_rows = 1;
    v->rows = ARENA_ARRAY(p->arena, struct expr **, 1);
    v->rows[0] = ARENA_ARRAY(p->arena, struct expr *, 1);
    v->base.rows = 1;
    v->base.at_most_one = true;
    return &v->base;
}

/* ---- expressions ---------------------------------------------------------------------------- */

void
expr_list_add(struct arena *a, struct expr ***v, int *n, int *cap, struct expr *e)
{
    if (*n == *cap) {
        int more = *cap == 0 ? 8 : *cap * 2;
        *v = arena_realloc(a, *v, (size_t)*cap * sizeof(**v), (size_t)more * sizeof(**v));
        *cap = more;
    }
    (*v)[(*n)++] = e;
}

struct expr *
expr_and(struct arena *a, struct expr *l, struct expr *r)
{
    if (l == NULL || r == NULL)
        return l == NULL ? r : l;
    struct expr *e = ARENA_NEW(a, struct expr);
    e->kind = EXPR_AND;
    e->type = &TYPE_BOOL;
    e->n_args = 2;
    e->args = ARENA_ARRAY(a, struct expr *, 2);
    e->args[0] = l;
    e->args[1] = r;
    e->volatility = l->volatility > r->volatility ? l->volatility : r->volatility;
    return e;
}

void
conjuncts(struct planner *p, struct expr *e, struct expr ***v, int *n, int *cap)
{
    if (e->kind == EXPR_AND) {
        for (int i = 0; i < e->n_args; i++)
            conjuncts(p, e->args[i], v, n, cap);
        return;
    }
    expr_list_add(p->arena, v, n, cap, e);
}

static void
mark_column(void *arg, const struct expr *e)
{
    if (e->kind == EXPR_COLUMN)
        ((bool *)arg)[e->index] = true;
}

void
expr_mark_columns(const struct expr *e, bool *used)
{
    expr_walk(e, mark_column, used);
}

struct range_arg {
    int lo, hi, n;
    bool outside, found;
};

static void
check_range(void *arg, const struct expr *e)
{
    struct range_arg *r = arg;

    if (e->kind != EXPR_COLUMN)
        return;
    r->n++;
    if (e->index < r->lo || e->index >= r->hi)
        r->outside = true;
}

bool
expr_has_columns(const struct expr *e)
{
    struct range_arg r = {0};

    expr_walk(e, check_range, &r);
    return r.n > 0;
}

bool
expr_columns_within(const struct expr *e, int lo, int hi)
{
    struct range_arg r = {.lo = lo, .hi = hi};

    expr_walk(e, check_range, &r);
    return r.n > 0 && !r.outside;
}

bool
expr_is_volatile(const struct expr *e)
{
    return e->volatility == VOLATILE;
}

static void
check_subquery(void *arg, const struct expr *e)
{
    if (e->kind == EXPR_SUBQUERY)
        *(bool *)arg = true;
}

bool
expr_has_subquery(const struct expr *e)
{
    bool found = false;

    expr_walk(e, check_subquery, &found);
    return found;
}

struct expr *
expr_shift(struct arena *a, const struct expr *e, int by, int n)
{
    int *map = ARENA_ARRAY(a, int, (size_t)n + 1);

    for (int i = 0; i < n; i++)
        map[i] = i + by;
    return expr_remap(a, e, map);
}

struct error *
expr_rewrite(struct arena *a, struct expr *e,
             struct error *(*fn)(void *arg, struct expr *e, struct expr **out), void *arg,
             struct expr **out)
{
    *out = NULL;
    ERR_TRY(fn(arg, e, out));
    if (*out != NULL)
        return NULL;
    if (e->n_args == 0) {
        *out = e;
        return NULL;
    }
    struct expr *c = arena_memdup(a, e, sizeof(*e));
    c->args = ARENA_ARRAY(a, struct expr *, (size_t)e->n_args + 1);
    for (int i = 0; i < e->n_args; i++)
        ERR_TRY(expr_rewrite(a, e->args[i], fn, arg, &c->args[i]));
    *out = c;
    return NULL;
}

/* ---- names and scopes ----------------------------------------------------------------------- */

char *
slice_str(struct planner *p, struct slice s)
{
    return slice_to_cstr(p->arena, s);
}

const char *
object_name_str(struct planner *p, const struct ast_object_name *n)
{
    struct str s;

    str_init_arena(&s, p->arena, STR_MAX_DEFAULT);
    if (n->count >= 3) {
        str_append_slice(&s, n->catalog);
        str_append_char(&s, '.');
    }
    if (n->count >= 2) {
        str_append_slice(&s, n->schema);
        str_append_char(&s, '.');
    }
    str_append_slice(&s, n->object);
    return str_cstr(&s);
}

void
plan_use_table(struct planner *p, const struct table *t)
{
    if (t->is_virtual) {
        return;
    }
    for (int i = 0; i < p->n_tables; i++)
        if (p->tables[i].id == t->id)
            return;
    if (p->n_tables == p->cap_tables) {
        int cap = p->cap_tables == 0 ? 8 : p->cap_tables * 2;
        p->tables = arena_realloc(p->arena, p->tables, (size_t)p->cap_tables * sizeof(*p->tables),
                                  (size_t)cap * sizeof(*p->tables));
        p->cap_tables = cap;
    }
    p->tables[p->n_tables++] = (struct plan_table_use){.id = t->id, .version = t->version};
}

struct error *
plan_check_right(struct planner *p, const struct table *t, enum privilege priv)
{
    const pb_descriptor *d;

    ERR_TRY(catalog_descriptor(p->catalog, t->id, &d));
    if (d == NULL)
        return NULL;
    if (p->n_rights == p->cap_rights) {
        int cap = p->cap_rights == 0 ? 8 : p->cap_rights * 2;
        p->rights = arena_realloc(p->arena, p->rights, (size_t)p->cap_rights * sizeof(*p->rights),
                                  (size_t)cap * sizeof(*p->rights));
        p->cap_rights = cap;
    }
    p->rights[p->n_rights++] = (struct plan_right){t->id, priv};
    return catalog_check_privilege(p->catalog, p->user, d, priv);
}

struct scope *
scope_new(struct planner *p, struct scope *outer)
{
    struct scope *s = ARENA_NEW(p->arena, struct scope);

    s->outer = outer;
    return s;
}

void
scope_add(struct planner *p, struct scope *s, struct scope_column c)
{
    if (s->n == s->cap) {
        int cap = s->cap == 0 ? 16 : s->cap * 2;
        s->columns = arena_realloc(p->arena, s->columns, (size_t)s->cap * sizeof(c),
                                   (size_t)cap * sizeof(c));
        s->cap = cap;
    }
    s->columns[s->n++] = c;
}

struct scope *
scope_of_table(struct arena *a, const struct table *t, const char *alias)
{
    struct scope *s = ARENA_NEW(a, struct scope);

    s->n = s->cap = t->n_columns;
    s->columns = ARENA_ARRAY(a, struct scope_column, (size_t)t->n_columns + 1);
    for (int i = 0; i < t->n_columns; i++)
        s->columns[i] = (struct scope_column){.name = t->columns[i].name,
                                              .table = alias != NULL ? alias : t->name,
                                              .type = t->columns[i].type,
                                              .hidden = t->columns[i].hidden,
                                              .index = i,
                                              .table_id = t->id,
                                              .column_id = t->columns[i].id};
    return s;
}

void
type_ctx_init(struct type_ctx *c, struct planner *p, struct scope *scope, const char *clause,
              unsigned reject)
{
    memset(c, 0, sizeof(*c));
    c->arena = p->arena;
    c->planner = p;
    c->scope = scope;
    c->placeholders = p->placeholders;
    c->env = p->env;
    c->clause = clause;
    c->reject = reject;
}

struct error *
plan_stored_expr(struct planner *p, struct scope *s, const char *sql, const struct type *type,
                 struct expr **out)
{
    struct type_ctx c;
    struct ast_expr *ast;

    ERR_TRY(parse_expr(p->arena, slice_cstr(arena_strdup(p->arena, sql)), &ast));
    type_ctx_init(&c, p, s, "DEFAULT", REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
    ERR_TRY(type_expr(&c, ast, type, out));
    if (type != NULL && !type_equivalent((*out)->type, type))
        ERR_TRY(expr_cast(&c, *out, type, out));
    return NULL;
}

struct error *
plan_resolve_table(struct planner *p, const struct ast_object_name *n, const struct table **out,
                   const struct database **db, const char **schema)
{
    struct object_name o = {.position = n->pos};

    o.object = slice_str(p, n->object);
    if (n->count >= 2)
        o.schema = slice_str(p, n->schema);
    if (n->count >= 3)
        o.catalog = slice_str(p, n->catalog);
    ERR_TRY(catalog_resolve(p->catalog, p->names, &o, out, db, schema));
    if (*out == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation \"%s\" does not exist",
                       object_name_str(p, n));
    plan_use_table(p, *out);
    return table_check_key(*out);
}

/* ---- labels --------------------------------------------------------------------------------- */

static const char *
cast_label(const struct ast_type *t)
{
    static const char *const names[AST_TYPE_KIND_COUNT] = {
        [AST_TYPE_BOOL] = "bool",
        [AST_TYPE_INT] = "int8",
        [AST_TYPE_INT2] = "int2",
        [AST_TYPE_INT4] = "int4",
        [AST_TYPE_INT8] = "int8",
        [AST_TYPE_SERIAL] = "int8",
        [AST_TYPE_SERIAL2] = "int2",
        [AST_TYPE_SERIAL4] = "int4",
        [AST_TYPE_SERIAL8] = "int8",
        [AST_TYPE_FLOAT4] = "float4",
        [AST_TYPE_FLOAT8] = "float8",
        [AST_TYPE_DECIMAL] = "numeric",
        [AST_TYPE_STRING] = "text",
        [AST_TYPE_VARCHAR] = "varchar",
        [AST_TYPE_CHAR] = "bpchar",
        [AST_TYPE_QCHAR] = "char",
        [AST_TYPE_NAME] = "name",
        [AST_TYPE_BYTES] = "bytea",
        [AST_TYPE_BIT] = "bit",
        [AST_TYPE_VARBIT] = "varbit",
        [AST_TYPE_DATE] = "date",
        [AST_TYPE_TIME] = "time",
        [AST_TYPE_TIMETZ] = "timetz",
        [AST_TYPE_TIMESTAMP] = "timestamp",
        [AST_TYPE_TIMESTAMPTZ] = "timestamptz",
        [AST_TYPE_INTERVAL] = "interval",
        [AST_TYPE_UUID] = "uuid",
        [AST_TYPE_INET] = "inet",
        [AST_TYPE_JSONB] = "jsonb",
        [AST_TYPE_OID] = "oid",
        [AST_TYPE_REGCLASS] = "regclass",
        [AST_TYPE_REGTYPE] = "regtype",
        [AST_TYPE_REGPROC] = "regproc",
        [AST_TYPE_REGPROCEDURE] = "regprocedure",
        [AST_TYPE_REGOPERATOR] = "regoperator",
        [AST_TYPE_REGNAMESPACE] = "regnamespace",
        [AST_TYPE_INT2VECTOR] = "int2vector",
        [AST_TYPE_OIDVECTOR] = "oidvector",
    };
    if (t->kind == AST_TYPE_ARRAY && t->elem != NULL) /* PostgreSQL names it after the elements */
        return cast_label(t->elem);
    return names[t->kind] == NULL ? "?column?" : names[t->kind];
}

/* The name under which it is known: with its schema, if that is not where all the others are. */
static const char *
function_label(struct arena *a, const struct ast_func *f)
{
    const char *name = slice_to_cstr(a, f->parts[f->part_count - 1]);
    if (f->part_count < 2 || slice_eq(f->parts[f->part_count - 2], SLICE_LIT("pg_catalog")))
        return name;
    return arena_printf(a, "%s.%s", slice_to_cstr(a, f->parts[f->part_count - 2]), name);
}

static int label(struct arena *a, const struct ast_expr *e, const char **name);

/* That of its one column. */
static int
subquery_label(struct arena *a, const struct ast_select *s, const char **name)
{
    while (s->kind == AST_SELECT_PAREN)
        s = s->inner;
    if (s->kind == AST_SELECT_VALUES) {
        *name = "column1";
        return 2;
    }
    if (s->kind != AST_SELECT_CLAUSE || s->clause->items.count != 1)
        return 0;
    const struct ast_select_item *it = &s->clause->items.items[0];
    if (it->alias.len == 0)
        return label(a, it->expr, name);
    *name = slice_to_cstr(a, it->alias);
    return 2;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/sem/tree/col_name.go: a name has a strength; weak ones give way to
 * the name of a cast's type or of CASE. */
static int
label(struct arena *a, const struct ast_expr *e, const char **name)
{
    int strength;

    switch ((int)e->kind) {
    case AST_EXPR_COLUMN:
        if (e->column.star || e->column.count == 0)
            return 0;
        *name = slice_to_cstr(a, e->column.parts[e->column.count - 1]);
        return 2;
    case AST_EXPR_PAREN:
        return label(a, e->inner, name);
    case AST_EXPR_FUNC:
        *name = function_label(a, e->func);
        return 2;
    case AST_EXPR_BOOL: /* true is 't'::BOOL in PostgreSQL */
        *name = "bool";
        return 1;
    case AST_EXPR_COALESCE:
        *name = "coalesce";
        return 2;
    case AST_EXPR_NULLIF:
        *name = "nullif";
        return 2;
    case AST_EXPR_IF:
        *name = "if";
        return 2;
    case AST_EXPR_IFERROR:
        *name = "iferror";
        return 2;
    case AST_EXPR_ISERROR:
        *name = "iserror";
        return 2;
    case AST_EXPR_ARRAY:
    case AST_EXPR_ARRAY_SUBQUERY:
        *name = "array";
        return 2;
    case AST_EXPR_EXISTS:
        *name = "exists";
        return 2;
    case AST_EXPR_TUPLE:
        if (e->tuple.row) {
            *name = "row";
            return 2;
        }
        if (e->tuple.exprs.count != 1)
            return 0;
        if (e->tuple.labels != NULL && e->tuple.labels->count > 0) {
            *name = slice_to_cstr(a, e->tuple.labels->items[0].text);
            return 2;
        }
        return label(a, e->tuple.exprs.items[0], name);
    case AST_EXPR_SUBSCRIPT:
        strength = label(a, e->subscript->base, name);
        if (strength == 0) {
            *name = "array";
            return 1;
        }
        return strength;
    case AST_EXPR_FIELD:
        if (e->field.star || e->field.name.len == 0)
            return 0;
        *name = slice_to_cstr(a, e->field.name);
        return 2;
    case AST_EXPR_COLLATE:
        return label(a, e->collate.expr, name);
    case AST_EXPR_CASE:
        strength = e->case_->otherwise == NULL ? 0 : label(a, e->case_->otherwise, name);
        if (strength <= 1) {
            *name = "case";
            return 1;
        }
        return strength;
    case AST_EXPR_ANNOTATE:
    case AST_EXPR_CAST:
        if (e->kind == AST_EXPR_CAST && e->cast.type->kind == AST_TYPE_INTERVAL &&
            e->cast.syntax == AST_CAST_PREPEND)
            return 0; /* INTERVAL '1' DAY is a value, no cast */
        strength = label(a, e->cast.expr, name);
        if (strength <= 1) {
            *name = cast_label(e->cast.type);
            return 1;
        }
        return strength;
    case AST_EXPR_SUBQUERY:
        return subquery_label(a, e->subquery.select, name);
    default:
        return 0;
    }
}

const char *
plan_column_label(struct arena *a, const struct ast_expr *e)
{
    const char *name = NULL;

    return label(a, e, &name) > 0 ? name : "?column?";
}

bool
orders_satisfied(const struct plan_node *n, int n_want, const struct plan_order *want)
{
    if (n->at_most_one)
        return true;
    if (n_want > n->n_ordering)
        return false;
    for (int i = 0; i < n_want; i++)
        if (n->ordering[i].column != want[i].column || n->ordering[i].desc != want[i].desc)
            return false;
    return true;
}

static struct ast_locking
both_lockings(struct planner *p, const struct ast_locking *a, const struct ast_locking *b)
{
    struct ast_locking l = {.count = a->count + b->count};

    if (a->count == 0 || b->count == 0)
        return a->count == 0 ? *b : *a;
    l.items = ARENA_ARRAY(p->arena, struct ast_lock_item, (size_t)l.count);
    for (int i = 0; i < l.count; i++)
        l.items[i] = i < a->count ? a->items[i] : b->items[i - a->count];
    return l;
}

/* SOURCE: v20.1 optbuilder/select.go, buildSelect: clauses behind ( .. ) and those inside are those of one
 * query, so that (SELECT a FROM t LIMIT 1) ORDER BY b sorts first, and there is one of each at most. */
struct error *
plan_without_parens(struct planner *p, const struct ast_select *s, struct ast_select *out)
{
    *out = *s;
    if (p->top == s)
        p->top = out;
    while (out->kind == AST_SELECT_PAREN) {
        const struct ast_select *in = out->inner;
        struct ast_select outer = *out;
        bool limits = outer.limit != NULL || outer.limit_all || outer.offset != NULL;
        *out = *in;
        out->locking = both_lockings(p, &outer.locking, &in->locking);
        if (outer.with != NULL) {
            if (in->with != NULL)
                return err_unimplemented(24303, "multiple WITH clauses in parentheses");
            out->with = outer.with;
        }
        if (outer.order_by.count > 0) {
            if (in->order_by.count > 0)
                return err_new(ERR_SYNTAX, "multiple ORDER BY clauses not allowed");
            out->order_by = outer.order_by;
        }
        if (limits) {
            if (in->limit != NULL || in->limit_all || in->offset != NULL)
                return err_new(ERR_SYNTAX, "multiple LIMIT clauses not allowed");
            out->limit = outer.limit;
            out->limit_all = outer.limit_all;
            out->offset = outer.offset;
        }
        if (p->top == in)
            p->top = out;
    }
    return NULL;
}
