/* planner/stored_expr.c - the form in which descriptors keep expressions (sql.md 11, backup-format 4.5).
 *
 * v20.1's rule, as its descriptors show: what has no column below it is kept as typed (constants
 * carry their type: 'a':::STRING), what leads to a column is kept as written, so that a constant
 * right beside a column stays bare (k < 10, qty * 2). A DEFAULT is the typed expression: constants
 * folded, needless casts and parentheses gone.
 */
#include "config.h"

#include "grammar/print.h"
#include "planner/type_int.h"

struct stored {
    struct type_ctx *c;
    struct eval_env env;
    struct type_notes *notes;
    const struct ast_expr *skip; /* let the printer do this node itself */
    bool typed;                  /* below a node without columns */
};

static bool has_column(const struct ast_expr *e);

static bool
list_has_column(const struct ast_exprs *l)
{
    for (int i = 0; i < l->count; i++)
        if (has_column(l->items[i]))
            return true;
    return false;
}

static bool
case_has_column(const struct ast_case *k)
{
    if ((k->operand != NULL && has_column(k->operand)) ||
        (k->otherwise != NULL && has_column(k->otherwise)))
        return true;
    for (int i = 0; i < k->count; i++)
        if (has_column(k->items[i].cond) || has_column(k->items[i].value))
            return true;
    return false;
}

static bool
has_column(const struct ast_expr *e)
{
    if (e == NULL)
        return false;
    switch (e->kind) {
    case AST_EXPR_COLUMN: case AST_EXPR_ORDINAL: case AST_EXPR_SUBQUERY: case AST_EXPR_EXISTS:
    case AST_EXPR_ARRAY_SUBQUERY:
        return true;
    case AST_EXPR_UNARY: case AST_EXPR_NOT: return has_column(e->unary.expr);
    case AST_EXPR_BINARY: case AST_EXPR_AND: case AST_EXPR_OR:
        return has_column(e->binary.left) || has_column(e->binary.right);
    case AST_EXPR_COMPARISON:
        return has_column(e->comparison.left) || has_column(e->comparison.right);
    case AST_EXPR_BETWEEN:
        return has_column(e->between.expr) || has_column(e->between.low) ||
               has_column(e->between.high);
    case AST_EXPR_IS_OF: return has_column(e->is_of.expr);
    case AST_EXPR_PAREN: return has_column(e->inner);
    case AST_EXPR_CASE: return case_has_column(e->case_);
    case AST_EXPR_COALESCE: case AST_EXPR_NULLIF: case AST_EXPR_IF: case AST_EXPR_IFERROR:
    case AST_EXPR_ISERROR:
        return list_has_column(&e->call.args);
    case AST_EXPR_FUNC: return list_has_column(&e->func->args);
    case AST_EXPR_CAST: case AST_EXPR_ANNOTATE: return has_column(e->cast.expr);
    case AST_EXPR_COLLATE: return has_column(e->collate.expr);
    case AST_EXPR_SUBSCRIPT:
        for (int i = 0; i < e->subscript->count; i++)
            if (has_column(e->subscript->items[i].begin) || has_column(e->subscript->items[i].end))
                return true;
        return has_column(e->subscript->base);
    case AST_EXPR_FIELD: return has_column(e->field.expr);
    case AST_EXPR_TUPLE: return list_has_column(&e->tuple.exprs);
    case AST_EXPR_ARRAY: return list_has_column(&e->list);
    default: return false;
    }
}

/* Does another overload of the call differ in the result only? now(), current_timestamp() ... */
static bool
ambiguous_return(struct type_ctx *c, const struct expr *e)
{
    if (e == NULL || e->kind != EXPR_CALL)
        return false;
    struct cand *k;
    int n = overload_candidates(c, e->overload->name, false, 0, &k);
    for (int i = 0; i < n; i++) {
        const struct overload *o = k[i].impl;
        if (o == e->overload || o->variadic != e->overload->variadic)
            continue;
        bool same = true;
        for (int j = 0; j < OVERLOAD_MAX_ARGS && same; j++)
            same = o->args[j] == e->overload->args[j];
        if (same && o->ret != NULL && e->overload->ret != NULL && !type_equal(o->ret, e->overload->ret))
            return true;
    }
    return false;
}

static void
annotate(struct stored *s, struct str *out, const struct type *t)
{
    str_append_cstr(out, ":::");
    str_append_cstr(out, type_sql_str(s->c->arena, t));
}

static bool hook(struct str *out, const struct ast_expr *e, void *arg);

static void
print_in(struct stored *s, struct str *out, const struct ast_expr *e, bool itself)
{
    struct print_opts opts = {.expr = hook, .arg = s};
    if (itself)
        s->skip = e;
    print_expr(out, e, &opts);
}

static bool
is_operator(const struct ast_expr *e)
{
    switch (e->kind) {
    case AST_EXPR_UNARY: case AST_EXPR_BINARY: case AST_EXPR_COMPARISON: case AST_EXPR_AND:
    case AST_EXPR_OR: case AST_EXPR_NOT: case AST_EXPR_BETWEEN: case AST_EXPR_IS_OF:
        return true;
    default:
        return false;
    }
}

/* A node by itself, its parts typed; then what its type needs said. */
static void
print_typed_node(struct stored *s, struct str *out, const struct ast_expr *e)
{
    const struct expr *t = type_notes_get(s->notes, e);
    print_in(s, out, e, true);
    if (e->kind == AST_EXPR_FUNC && ambiguous_return(s->c, t))
        annotate(s, out, t->type);
    else if (e->kind == AST_EXPR_ARRAY && t != NULL && t->type->family == FAMILY_ARRAY &&
             t->type->elem->family != FAMILY_UNKNOWN)
        annotate(s, out, t->type);
}

/* SOURCE: CockroachDB v20.1 pkg/sql/sem/tree/type_check.go: a literal cast to one of these is typed as it
 * at once, and the cast goes. */
static bool
cast_goes(const struct ast_expr *e)
{
    if (e->kind != AST_EXPR_CAST ||
        (e->cast.expr->kind != AST_EXPR_STRING && e->cast.expr->kind != AST_EXPR_BYTES))
        return false;
    switch ((int)e->cast.type->kind) {
    case AST_TYPE_BOOL: case AST_TYPE_BYTES: case AST_TYPE_DATE: case AST_TYPE_TIME:
    case AST_TYPE_TIMESTAMP: case AST_TYPE_TIMESTAMPTZ: case AST_TYPE_INTERVAL:
        return true;
    default:
        return false;
    }
}

static bool
print_const(struct stored *s, struct str *out, const struct expr *t)
{
    if (t == NULL || t->kind != EXPR_CONST)
        return false;
    datum_format_sql(out, type_without_modifiers(s->c->arena, t->type), &t->value, true, &s->env);
    return true;
}

static bool
hook_typed(struct stored *s, struct str *out, const struct ast_expr *e)
{
    struct uconst k;
    const struct expr *t = type_notes_get(s->notes, e);
    if ((uconst_fold(s->c, e, &k) || cast_goes(e)) && print_const(s, out, t))
        return true;
    switch (e->kind) {
    case AST_EXPR_PAREN:
        if (is_operator(tc_strip(e)))
            return false;
        print_in(s, out, e->inner, false);
        return true;
    case AST_EXPR_ANNOTATE:
        print_in(s, out, e->cast.expr, false);
        return true;
    case AST_EXPR_CAST: {
        const struct expr *inner = type_notes_get(s->notes, e->cast.expr);
        const struct type *to;
        struct error *err = resolve_ast_type(s->c, e->cast.type, &to);
        if (err == NULL && inner != NULL && type_equal(inner->type, to)) {
            print_in(s, out, e->cast.expr, false);
            return true;
        }
        err_free(err);
        return false;
    }
    case AST_EXPR_FUNC:
    case AST_EXPR_ARRAY:
        print_typed_node(s, out, e);
        return true;
    default:
        return false;
    }
}

/* (ARRAY[1:::INT8]:::INT8[])[1:::INT8], where the brackets would be the type's without parentheses. */
static const struct ast_expr *
array_in_parens(struct stored *s, const struct ast_expr *e)
{
    struct ast_expr *copy = arena_memdup(s->c->arena, e, sizeof(*e));
    struct ast_expr *paren = ARENA_NEW(s->c->arena, struct ast_expr);
    copy->subscript = arena_memdup(s->c->arena, e->subscript, sizeof(*e->subscript));
    paren->kind = AST_EXPR_PAREN;
    paren->inner = e->subscript->base;
    copy->subscript->base = paren;
    return copy;
}

/* What is typed into something else than it was, and kept as it was; but INTERVAL '1' DAY is a value for the
 * grammar already. */
static bool
stays_written(struct stored *s, struct str *out, const struct ast_expr *e)
{
    struct uconst k;
    bool literal = cast_goes(e);
    if (literal && e->cast.type->kind == AST_TYPE_INTERVAL && e->cast.syntax == AST_CAST_PREPEND)
        return print_const(s, out, type_notes_get(s->notes, e));
    if (!literal && !(e->kind == AST_EXPR_ANNOTATE && uconst_fold(s->c, e->cast.expr, &k)))
        return false;
    print_expr(out, e, NULL);
    return true;
}

static bool
hook(struct str *out, const struct ast_expr *e, void *arg)
{
    struct stored *s = arg;
    struct uconst k;
    if (s->skip == e) {
        s->skip = NULL;
        return false;
    }
    if (e->kind == AST_EXPR_SUBSCRIPT && e->subscript->base->kind == AST_EXPR_ARRAY &&
        (s->typed || !has_column(e->subscript->base))) {
        print_in(s, out, array_in_parens(s, e), false);
        return true;
    }
    if (s->typed)
        return hook_typed(s, out, e);
    if (e->kind == AST_EXPR_COLUMN && !e->column.star) {
        print_name(out, e->column.parts[e->column.count - 1]);
        return true;
    }
    if (has_column(e) || uconst_fold(s->c, e, &k) || e->kind == AST_EXPR_PAREN)
        return false;
    if (stays_written(s, out, e))
        return true;
    s->typed = true;
    print_typed_node(s, out, e);
    s->typed = false;
    return true;
}

struct error *
expr_to_stored_sql(struct type_ctx *c, const struct ast_expr *ast, const struct expr *e, bool typed_whole,
                   char **out)
{
    struct type_ctx typing = *c;
    struct stored s = {.c = c, .env = tc_env(c), .notes = type_notes_new(c->arena)};
    struct expr *typed;
    struct str text;
    typing.notes = s.notes;
    ERR_TRY(type_expr(&typing, ast, e != NULL ? e->type : NULL, &typed));
    str_init_arena(&text, c->arena, STR_MAX_DEFAULT);
    s.typed = typed_whole && !has_column(ast);
    print_in(&s, &text, ast, false);
    ERR_TRY(str_error(&text));
    *out = arena_strndup(c->arena, str_cstr(&text), text.len);
    return NULL;
}
