#include "config.h"

#include "executor/relational/explain_int.h"

#include "grammar/print.h"
#include "planner/aggregate.h"

/* Expressions as EXPLAIN shows them. SOURCE: CockroachDB v20.1 pkg/sql/sem/tree/expr.go, Format: operands
 * that are operators themselves are in parentheses; with TYPES each expression is (..)[type]. */

struct style {
    const struct plan_column *cols;
    int n;
    const struct eval_env *env;
    bool types;
};

static void put(struct str *s, const struct expr *e, const struct style *st);

static bool
is_operator_call(const struct expr *e)
{
    const char *name = e->overload->name;

    return name[0] != '\0' && (strchr("+-*/%^&|#<>~@?!", name[0]) != NULL ||
                               strcmp(name, "LIKE") == 0 || strcmp(name, "ILIKE") == 0 ||
                               strcmp(name, "NOT LIKE") == 0 || strcmp(name, "NOT ILIKE") == 0 ||
                               strcmp(name, "SIMILAR TO") == 0 ||
                               strcmp(name, "NOT SIMILAR TO") == 0);
}

static bool
is_operator(const struct expr *e)
{
    switch (e->kind) {
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_NOT:
    case EXPR_COMPARE:
    case EXPR_IS_NULL:
    case EXPR_IS_DISTINCT:
    case EXPR_IN:
    case EXPR_ANY:
    case EXPR_ALL:
        return true;
    case EXPR_CALL:
        return e->n_args <= 2 && is_operator_call(e);
    default:
        return false;
    }
}

static void
put_operand(struct str *s, const struct expr *e, const struct style *st)
{
    if (is_operator(e))
        str_append_char(s, '(');
    put(s, e, st);
    if (is_operator(e))
        str_append_char(s, ')');
}

static void
put_binary(struct str *s, const struct expr *a, const char *op, const struct expr *b,
           const struct style *st)
{
    put_operand(s, a, st);
    str_printf(s, " %s ", op);
    put_operand(s, b, st);
}

static void
put_list(struct str *s, const struct expr *e, int from, const struct style *st)
{
    for (int i = from; i < e->n_args; i++) {
        if (i > from)
            str_append_cstr(s, ", ");
        put(s, e->args[i], st);
    }
}

static void
put_call(struct str *s, const char *name, const struct expr *e, const struct style *st)
{
    str_append_cstr(s, name);
    str_append_char(s, '(');
    put_list(s, e, 0, st);
    str_append_char(s, ')');
}

/* a AND b AND c: operators of two, from the left. */
static void
put_logic(struct str *s, const struct expr *e, int n, const struct style *st)
{
    const char *op = e->kind == EXPR_AND ? " AND " : " OR ";

    if (n == 1) {
        put_operand(s, e->args[0], st);
        return;
    }
    if (n > 2) {
        str_append_cstr(s, st->types ? "((" : "(");
        put_logic(s, e, n - 1, st);
        str_append_cstr(s, st->types ? ")[bool])" : ")");
    } else {
        put_operand(s, e->args[0], st);
    }
    str_append_cstr(s, op);
    put_operand(s, e->args[n - 1], st);
}

static void
put_case(struct str *s, const struct expr *e, const struct style *st)
{
    int i = 0;

    str_append_cstr(s, "CASE ");
    if (e->has_operand) {
        put(s, e->args[i++], st);
        str_append_char(s, ' ');
    }
    for (; i + 1 < e->n_args; i += 2) {
        str_append_cstr(s, "WHEN ");
        put(s, e->args[i], st);
        str_append_cstr(s, " THEN ");
        put(s, e->args[i + 1], st);
        str_append_char(s, ' ');
    }
    if (i < e->n_args) {
        str_append_cstr(s, "ELSE ");
        put(s, e->args[i], st);
        str_append_char(s, ' ');
    }
    str_append_cstr(s, "END");
}

static void
put_null(struct str *s, const struct expr *e, const struct style *st)
{
    if (e->type->family == FAMILY_UNKNOWN) {
        str_append_cstr(s, "NULL");
        return;
    }
    str_printf(s, "CAST(%s AS ", st->types ? "(NULL)[unknown]" : "NULL");
    type_sql(s, e->type);
    str_append_char(s, ')');
}

static void
put_array(struct str *s, const struct expr *e, const struct style *st)
{
    const struct array *a = e->value.arr;

    str_append_cstr(s, "ARRAY[");
    for (int i = 0; i < a->n; i++) {
        if (i > 0)
            str_append_char(s, ',');
        datum_format_sql(s, e->type->elem, &a->v[i], false, st->env);
    }
    str_append_char(s, ']');
}

static void
put_subquery(struct str *s, const struct expr *e, const struct style *st)
{
    static const char *const cmp[] = {"=", "!=", "<", "<=", ">", ">="};
    const struct subquery *q = e->subquery;

    if (q != NULL && q->kind >= SUBQUERY_IN && e->n_args > 0) {
        put_operand(s, e->args[0], st);
        if (q->kind == SUBQUERY_IN)
            str_append_cstr(s, e->negated ? " NOT IN " : " IN ");
        else
            str_printf(s, " %s %s ", cmp[q->op], q->kind == SUBQUERY_ANY ? "ANY" : "ALL");
    }
    str_printf(s, "@S%d", q == NULL ? 0 : q->slot + 1);
}

static void
put_leaf(struct str *s, const struct expr *e, const struct style *st)
{
    switch (e->kind) {
    case EXPR_CONST:
        if (e->value.null)
            put_null(s, e, st);
        else if (e->type->family == FAMILY_ARRAY)
            put_array(s, e, st);
        else
            datum_format_sql(s, e->type, &e->value, false, st->env);
        return;
    case EXPR_COLUMN:
        if (e->index < st->n && st->cols[e->index].name != NULL)
            print_name(s, slice_cstr(st->cols[e->index].name));
        else
            str_printf(s, "@%d", e->index + 1);
        return;
    case EXPR_OUTER:
        str_printf(s, "@outer%d", e->index + 1);
        return;
    case EXPR_PLACEHOLDER:
        str_printf(s, "$%d", e->index + 1);
        return;
    default:
        put_subquery(s, e, st);
        return;
    }
}

static void
put_operator(struct str *s, const struct expr *e, const struct style *st)
{
    static const char *const cmp[] = {"=", "!=", "<", "<=", ">", ">="};

    switch (e->kind) {
    case EXPR_AND:
    case EXPR_OR:
        put_logic(s, e, e->n_args, st);
        return;
    case EXPR_NOT:
        str_append_cstr(s, "NOT ");
        put_operand(s, e->args[0], st);
        return;
    case EXPR_COMPARE:
        put_binary(s, e->args[0], cmp[e->cmp], e->args[1], st);
        return;
    case EXPR_IS_NULL:
        put_operand(s, e->args[0], st);
        str_printf(s, " %s %s", e->negated ? "IS NOT" : "IS",
                   st->types ? "(NULL)[unknown]" : "NULL");
        return;
    case EXPR_IS_DISTINCT:
        put_binary(s, e->args[0], e->negated ? "IS NOT DISTINCT FROM" : "IS DISTINCT FROM",
                   e->args[1], st);
        return;
    case EXPR_IN:
        put_operand(s, e->args[0], st);
        str_append_cstr(s, e->negated ? " NOT IN (" : " IN (");
        put_list(s, e, 1, st);
        str_append_char(s, ')');
        return;
    case EXPR_ANY:
    case EXPR_ALL:
        put_operand(s, e->args[0], st);
        str_printf(s, " %s %s ", e->overload != NULL ? e->overload->name : cmp[e->cmp],
                   e->kind == EXPR_ANY ? "ANY" : "ALL");
        put(s, e->args[1], st);
        return;
    default:
        if (e->n_args == 2) {
            put_binary(s, e->args[0], e->overload->name, e->args[1], st);
        } else {
            str_append_cstr(s, e->overload->name);
            put_operand(s, e->args[0], st);
        }
        return;
    }
}

static void
put_body(struct str *s, const struct expr *e, const struct style *st)
{
    if (is_operator(e)) {
        put_operator(s, e, st);
        return;
    }
    switch (e->kind) {
    case EXPR_CALL:
        put_call(s, e->overload->name, e, st);
        return;
    case EXPR_CAST:
        put_operand(s, e->args[0], st);
        str_append_cstr(s, "::");
        type_sql(s, e->type);
        return;
    case EXPR_COLLATE:
        put_operand(s, e->args[0], st);
        str_printf(s, " COLLATE %s", e->locale);
        return;
    case EXPR_CASE:
        put_case(s, e, st);
        return;
    case EXPR_COALESCE:
        put_call(s, "COALESCE", e, st);
        return;
    case EXPR_IF:
        put_call(s, "IF", e, st);
        return;
    case EXPR_NULLIF:
        put_call(s, "NULLIF", e, st);
        return;
    case EXPR_IFERROR:
        put_call(s, "IFERROR", e, st);
        return;
    case EXPR_ARRAY:
        str_append_cstr(s, "ARRAY[");
        put_list(s, e, 0, st);
        str_append_char(s, ']');
        return;
    case EXPR_TUPLE:
        put_call(s, "", e, st);
        return;
    case EXPR_SUBSCRIPT:
        put(s, e->args[0], st);
        str_append_char(s, '[');
        put_list(s, e, 1, st);
        str_append_char(s, ']');
        return;
    case EXPR_FIELD:
        str_append_char(s, '(');
        put(s, e->args[0], st);
        str_printf(s, ").@%d", e->index + 1);
        return;
    default:
        put_leaf(s, e, st);
        return;
    }
}

static void
put(struct str *s, const struct expr *e, const struct style *st)
{
    if (!st->types) {
        put_body(s, e, st);
        return;
    }
    str_append_char(s, '(');
    put_body(s, e, st);
    str_append_cstr(s, ")[");
    type_name(s, e->type);
    str_append_char(s, ']');
}

void
explain_put_expr(struct str *s, const struct expr *e, const struct plan_column *cols, int n,
                 const struct eval_env *env, bool types)
{
    put(s, e, &(struct style){cols, n, env, types});
}

const char *
explain_expr(struct arena *a, const struct eval_env *env, const struct expr *e,
             const struct plan_column *cols, int n)
{
    struct str s;

    str_init_arena(&s, a, 65536);
    explain_put_expr(&s, e, cols, n, env, false);
    return str_cstr(&s);
}

/* ---- window calls ------------------------------------------------------------------------------ */

static void
put_exprs(struct str *s, struct expr *const *v, int n, const struct style *st)
{
    for (int i = 0; i < n; i++) {
        str_append_cstr(s, i > 0 ? ", " : "");
        put(s, v[i], st);
    }
}

static void
put_bound(struct str *s, const struct window_bound *b, const struct style *st)
{
    static const char *const words[] = {
        [AST_BOUND_UNBOUNDED_PRECEDING] = "UNBOUNDED PRECEDING",
        [AST_BOUND_PRECEDING] = " PRECEDING",
        [AST_BOUND_CURRENT_ROW] = "CURRENT ROW",
        [AST_BOUND_FOLLOWING] = " FOLLOWING",
        [AST_BOUND_UNBOUNDED_FOLLOWING] = "UNBOUNDED FOLLOWING"};
    if (b->offset != NULL)
        put(s, b->offset, st);
    str_append_cstr(s, words[b->kind]);
}

/* SOURCE: CockroachDB v20.1 pkg/sql/opt/exec/execbuilder/relational.go, buildWindow: the frame is always
 * written, the direction too. */
const char *
explain_window(struct arena *a, const struct eval_env *env, const struct window_call *c,
               const struct plan_column *cols, int n)
{
    static const char *const modes[] = {
        [AST_FRAME_RANGE] = "RANGE", [AST_FRAME_ROWS] = "ROWS", [AST_FRAME_GROUPS] = "GROUPS"};
    static const char *const exclusions[] = {[AST_EXCLUDE_NONE] = "",
                                             [AST_EXCLUDE_CURRENT_ROW] = " EXCLUDE CURRENT ROW",
                                             [AST_EXCLUDE_GROUP] = " EXCLUDE GROUP",
                                             [AST_EXCLUDE_TIES] = " EXCLUDE TIES"};
    const struct style st = {cols, n, env, false};
    struct str s;

    str_init_arena(&s, a, 65536);
    str_printf(&s, "%s(", c->agg == NULL       ? c->def->name
                          : c->agg->n_args == 0 ? "count_rows"
                                                : c->agg->def->name);
    if (c->agg != NULL)
        put_exprs(&s, c->agg->args, c->agg->n_args, &st);
    else
        put_exprs(&s, c->args, c->n_args, &st);
    str_append_char(&s, ')');
    if (c->agg != NULL && c->agg->filter != NULL) {
        str_append_cstr(&s, " FILTER (WHERE ");
        put(&s, c->agg->filter, &st);
        str_append_char(&s, ')');
    }
    str_append_cstr(&s, " OVER (");
    if (c->n_partition > 0) {
        str_append_cstr(&s, "PARTITION BY ");
        put_exprs(&s, c->partition, c->n_partition, &st);
        str_append_char(&s, ' ');
    }
    for (int i = 0; i < c->n_order; i++) {
        str_append_cstr(&s, i > 0 ? ", " : "ORDER BY ");
        put(&s, c->order[i].expr, &st);
        str_append_cstr(&s, c->order[i].desc ? " DESC" : " ASC");
    }
    str_printf(&s, "%s%s BETWEEN ", c->n_order > 0 ? " " : "", modes[c->frame.mode]);
    put_bound(&s, &c->frame.start, &st);
    str_append_cstr(&s, " AND ");
    put_bound(&s, &c->frame.end, &st);
    str_printf(&s, "%s)", exclusions[c->frame.exclusion]);
    return str_cstr(&s);
}

/* ---- statements ---------------------------------------------------------------------------------- */

const char *
explain_statement_name(struct arena *a, const struct plan_node *n)
{
    char *s = arena_strdup(a, ast_stmt_kind_name(((const struct plan_statement *)n)->stmt->kind));

    for (char *c = s; *c != '\0'; c++)
        *c = *c == '_' ? ' ' : *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    return s;
}
