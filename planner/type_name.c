/* planner/type_name.c - names to columns, through the scopes of enclosing queries; subqueries. */
#include "config.h"

#include "grammar/print.h"
#include "planner/plan_int.h"
#include "planner/type_int.h"

/* Up to three qualifiers in front of a column name. */
struct colref {
    struct slice database, schema, table, column;
    int parts;
};

static bool
named(const char *name, struct slice s)
{
    return name != NULL && strlen(name) == s.len && memcmp(name, s.ptr, s.len) == 0;
}

static bool
from_source(const struct scope_column *k, const struct colref *r)
{
    return named(k->table, r->table) && (r->parts < 3 || named(k->schema, r->schema)) &&
           (r->parts < 4 || named(k->database, r->database));
}

/* d.t.a for database d, schema public */
static bool
from_database(const struct scope_column *k, const struct colref *r)
{
    return r->parts == 3 && named(k->table, r->table) && named(k->database, r->schema) &&
           named(k->schema, SLICE_LIT("public"));
}

static const char *
ref_text(struct type_ctx *c, const struct colref *r)
{
    struct str s;
    str_init_arena(&s, c->arena, 64 << 10);
    if (r->parts >= 4) {
        print_name(&s, r->database);
        str_append_char(&s, '.');
    }
    if (r->parts >= 3) {
        print_name(&s, r->schema);
        str_append_char(&s, '.');
    }
    if (r->parts >= 2) {
        print_name(&s, r->table);
        str_append_char(&s, '.');
    }
    print_name(&s, r->column);
    return str_cstr(&s);
}

bool
is_backfilled(const struct table *t, struct slice name)
{
    for (int i = t->n_columns; i < t->n_all_columns; i++)
        if (named(t->columns[i].name, name))
            return true;
    return false;
}

static struct error *
undefined(struct type_ctx *c, const struct colref *r, int pos)
{
    for (const struct scope *s = c->scope; s != NULL; s = s->outer)
        if (s->changed != NULL && is_backfilled(s->changed, r->column))
            return err_at(err_new(ERR_INVALID_COLUMN_REFERENCE, "column \"%s\" is being backfilled",
                                  slice_to_cstr(c->arena, r->column)), pos);
    return err_at(err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist",
                          r->parts > 1 ? ref_text(c, r)
                                       : slice_to_cstr(c->arena, r->column)), pos);
}

/* Of the kind that two were found of: with a source; without, of which the first stands for all; hidden. */
enum candidates { WITH_SOURCE, WITHOUT_SOURCE, HIDDEN };

static struct error *
ambiguous(struct type_ctx *c, const struct scope *s, const struct colref *r, int pos,
          enum candidates kind)
{
    struct str list;
    str_init_arena(&list, c->arena, 64 << 10);
    for (int i = 0; i < s->n; i++) {
        const struct scope_column *k = &s->columns[i];
        if (!named(k->name, r->column) || k->qualified_only || k->hidden != (kind == HIDDEN) ||
            (!k->hidden && (k->table == NULL) != (kind == WITHOUT_SOURCE)))
            continue;
        if (kind == WITHOUT_SOURCE && list.len > 0)
            break;
        str_printf(&list, "%s", list.len > 0 ? ", " : "");
        if (k->table != NULL)
            print_name(&list, slice_cstr(k->table));
        else
            str_append_cstr(&list, "<anonymous>");
        str_append_char(&list, '.');
        print_name(&list, slice_cstr(k->name));
    }
    return err_at(err_new(ERR_AMBIGUOUS_COLUMN,
                          "column reference \"%s\" is ambiguous (candidates: %s)",
                          slice_to_cstr(c->arena, r->column), str_cstr(&list)), pos);
}

/* A bare name in one scope: columns without a source win, then sources, then hidden columns. */
static struct error *
find_bare(struct type_ctx *c, const struct scope *s, const struct colref *r, int pos, int *found)
{
    int anon = -1, with = -1, hidden = -1;
    bool anon2 = false, with2 = false, hidden2 = false;
    for (int i = 0; i < s->n; i++) {
        const struct scope_column *k = &s->columns[i];
        if (k->qualified_only || !named(k->name, r->column))
            continue;
        int *slot = k->hidden ? &hidden : k->table == NULL ? &anon : &with;
        bool *twice = k->hidden ? &hidden2 : k->table == NULL ? &anon2 : &with2;
        if (*slot >= 0)
            *twice = true;
        *slot = i;
    }
    if (anon2 || (anon < 0 && with2) || (anon < 0 && with < 0 && hidden2))
        return ambiguous(c, s, r, pos,
                         anon2 ? WITHOUT_SOURCE : anon < 0 && with2 ? WITH_SOURCE : HIDDEN);
    *found = anon >= 0 ? anon : with >= 0 ? with : hidden;
    return NULL;
}

static struct error *
find_qualified(struct type_ctx *c, const struct scope *s, const struct colref *r, int pos,
               bool *source, int *found)
{
    const struct scope_column *first = NULL;
    bool by_database = false;
    *found = -1;
    *source = false;
    for (int i = 0; i < s->n; i++)
        if (from_source(&s->columns[i], r))
            *source = true;
    if (!*source) {
        for (int i = 0; i < s->n; i++)
            by_database |= from_database(&s->columns[i], r);
        *source = by_database;
    }
    for (int i = 0; i < s->n; i++) {
        const struct scope_column *k = &s->columns[i];
        if (!(by_database ? from_database(k, r) : from_source(k, r)))
            continue;
        if (first != NULL && !scope_same_source(first, k))
            return err_at(err_new(ERR_AMBIGUOUS_ALIAS, "ambiguous source name: \"%s\"",
                                  slice_to_cstr(c->arena, r->table)), pos);
        first = first == NULL ? k : first;
        /* Of columns of one name in one source, the first. */
        if (*found < 0 && named(k->name, r->column))
            *found = i;
    }
    if (*source && *found < 0)
        return undefined(c, r, pos);
    return NULL;
}

static struct expr *
column_node(struct type_ctx *c, struct scope *s, int i, int depth, int pos)
{
    struct expr *e = expr_column(c->arena, s->columns[i].type, s->columns[i].index);
    e->position = pos;
    if (depth > 0) {
        e->kind = EXPR_OUTER;
        e->depth = depth;
        s->correlated_used = true;
    }
    return e;
}

static struct error *
no_variables(struct type_ctx *c, const struct ast_expr *e)
{
    return err_at(err_new(ERR_SYNTAX, "variable sub-expressions are not allowed in %s",
                          c->clause != NULL ? c->clause : "this context"), e->pos);
}

struct error *
type_check_subquery(struct type_ctx *c, const struct ast_expr *e)
{
    if ((c->reject & REJECT_VARIABLES) != 0)
        return no_variables(c, e);
    if ((c->reject & REJECT_SUBQUERIES) != 0 || c->planner == NULL)
        return err_at(err_new(ERR_FEATURE_NOT_SUPPORTED, "subqueries are not allowed in %s",
                              c->clause != NULL ? c->clause : "this context"), e->pos);
    return NULL;
}

static struct error *
not_allowed(struct type_ctx *c, const struct ast_expr *e)
{
    if ((c->reject & REJECT_VARIABLES) != 0)
        return no_variables(c, e);
    return err_at(err_new(ERR_INVALID_COLUMN_REFERENCE,
                          "argument of %s must not contain variables",
                          c->clause != NULL ? c->clause : "expression"), e->pos);
}

static struct error *
type_ordinal(struct type_ctx *c, const struct ast_expr *e, struct expr **out)
{
    if (c->scope == NULL || c->scope->n == 0 || (c->reject & REJECT_COLUMNS) != 0)
        return err_at(err_new(ERR_UNDEFINED_COLUMN,
                              "column reference @%d not allowed in this context", e->ordinal),
                      e->pos);
    int n = 0;
    for (int i = 0; i < c->scope->n; i++)
        if (!c->scope->columns[i].hidden && !c->scope->columns[i].qualified_only &&
            ++n == e->ordinal) {
            *out = column_node(c, c->scope, i, 0, e->pos);
            return NULL;
        }
    return err_at(err_new(ERR_UNDEFINED_COLUMN, "invalid column ordinal: @%d", e->ordinal), e->pos);
}

/* t.* inside an expression: (t.*) is (t.a, t.b), with the columns' names for labels. */
static struct error *
star_as_tuple(struct type_ctx *c, const struct ast_expr *e, struct expr **out)
{
    struct item_list items = {0};
    ERR_TRY(plan_star(c, e, &items));
    const struct type **types = ARENA_ARRAY(c->arena, const struct type *, (size_t)items.n + 1);
    const char **labels = ARENA_ARRAY(c->arena, const char *, (size_t)items.n + 1);
    for (int i = 0; i < items.n; i++) {
        types[i] = items.exprs[i]->type;
        labels[i] = items.cols[i].name;
    }
    *out = expr_new(c->arena, EXPR_TUPLE, type_tuple(c->arena, items.n, types, labels), e->pos,
                    items.n);
    for (int i = 0; i < items.n; i++)
        (*out)->args[i] = items.exprs[i];
    return NULL;
}

/* No column has that name, but maybe a source: t is then (t.*), as in row_to_json(t). Not in what is kept
 * with a table, as CHECK is: names of columns are followed there. */
static struct error *
source_as_tuple(struct type_ctx *c, const struct ast_expr *e, const struct colref *r,
                struct expr **out)
{
    struct ast_expr *star = arena_memdup(c->arena, e, sizeof(*e));
    bool source = false;

    for (int i = 0; c->scope != NULL && i < c->scope->n; i++)
        source = source || named(c->scope->columns[i].table, r->column);
    if (!source || c->planner == NULL || (c->reject & REJECT_VARIABLES) != 0)
        return undefined(c, r, e->pos);
    star->column.star = true;
    return star_as_tuple(c, star, out);
}

struct error *
type_column(struct type_ctx *c, const struct ast_expr *e, struct expr **out)
{
    if (e->kind == AST_EXPR_ORDINAL)
        return type_ordinal(c, e, out);
    if (e->column.star && e->column.count > 0 && c->scope != NULL && c->planner != NULL)
        return star_as_tuple(c, e, out);
    if (e->column.star)
        return err_at(err_new(ERR_SYNTAX, "cannot use \"%s\" in this context", tc_text(c, e)),
                      e->pos);
    if ((c->reject & REJECT_COLUMNS) != 0)
        return not_allowed(c, e);

    struct colref r = {.parts = e->column.count};
    const struct slice *p = e->column.parts;
    int n = e->column.count;
    r.column = p[n - 1];
    if (n > 1)
        r.table = p[n - 2];
    if (n > 2)
        r.schema = p[n - 3];
    if (n > 3)
        r.database = p[n - 4];

    int depth = 0;
    for (struct scope *s = c->scope; s != NULL; s = s->outer, depth++) {
        int found = -1;
        bool source = false;
        if (n == 1)
            ERR_TRY(find_bare(c, s, &r, e->pos, &found));
        else
            ERR_TRY(find_qualified(c, s, &r, e->pos, &source, &found));
        if (found >= 0) {
            *out = column_node(c, s, found, depth, e->pos);
            return NULL;
        }
    }
    if (n == 1)
        return source_as_tuple(c, e, &r, out);
    struct colref prefix = {.parts = n - 1, .database = SLICE_NULL, .schema = r.database,
                            .table = r.schema, .column = r.table};
    return err_at(err_new(ERR_UNDEFINED_TABLE, "no data source matches prefix: %s",
                          ref_text(c, &prefix)), e->pos);
}

/* ---- subqueries ---- */

const struct type *
tc_row_type(struct type_ctx *c, const struct plan_node *p)
{
    if (p->n_cols == 1)
        return p->cols[0].type;
    const struct type **t = ARENA_ARRAY(c->arena, const struct type *, (size_t)p->n_cols + 1);
    const char **labels = ARENA_ARRAY(c->arena, const char *, (size_t)p->n_cols + 1);
    for (int i = 0; i < p->n_cols; i++) {
        t[i] = p->cols[i].type;
        labels[i] = p->cols[i].name == NULL ? "?column?" : p->cols[i].name;
    }
    return type_tuple(c->arena, p->n_cols, t, labels);
}

struct error *
type_subquery_expr(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
                   struct expr **out)
{
    struct subquery *s;
    enum subquery_kind kind = e->kind == AST_EXPR_EXISTS           ? SUBQUERY_EXISTS
                              : e->kind == AST_EXPR_ARRAY_SUBQUERY ? SUBQUERY_ARRAY
                                                                   : SUBQUERY_SCALAR;
    ERR_TRY(type_check_subquery(c, e));
    const struct type *want = desired;
    if (kind == SUBQUERY_ARRAY)
        want = desired != NULL && desired->family == FAMILY_ARRAY ? desired->elem : NULL;
    if (tc_is_wild(want) || kind == SUBQUERY_EXISTS)
        want = NULL;
    ERR_TRY(plan_subquery(c, e->subquery.select, kind, want, &s));
    const struct type *t = &TYPE_BOOL;
    if (kind != SUBQUERY_EXISTS) {
        if (s->plan->n_cols != 1)
            return err_at(err_new(ERR_SYNTAX, "subquery must return only one column, found %d",
                                  s->plan->n_cols), e->pos);
        t = s->plan->cols[0].type;
        if (kind == SUBQUERY_ARRAY) {
            if (t->family == FAMILY_ARRAY)
                return err_at(err_unimplemented(32552,
                                                "arrays cannot have arrays as element type"),
                              e->pos);
            if (t->family == FAMILY_JSON)
                return err_at(err_unimplemented(23468, "arrays of jsonb not allowed"), e->pos);
            t = type_array_of(c->arena, t);
        }
    }
    *out = plan_subquery_expr(c->arena, s, NULL, t);
    (*out)->position = e->pos;
    return NULL;
}
