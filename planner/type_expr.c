/* planner/type_expr.c - type_expr: the switch over kinds of expressions, and the small ones.
 *
 *     type_expr
 *       uconst_fold -> uconst_type         constants (type_const.c)
 *       type_column, type_subquery_expr    names, queries (type_name.c)
 *       type_comparison, type_between      type_compare.c -> tc_resolve (type_overload.c)
 *       type_func                          type_func.c, type_agg.c -> tc_resolve
 *       type_case, type_form, ...          type_forms.c -> tc_same (type_same.c)
 *       expr_finish                        folds what is constant (type_tree.c)
 */
#include "config.h"

#include "planner/type_int.h"
#include "types/collation.h"

static struct error *
type_placeholder(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
                 struct expr **out)
{
    struct placeholder_types *p = c->placeholders;
    int i = e->placeholder - 1;
    if (p == NULL || i < 0)
        return err_at(err_new(ERR_UNDEFINED_PARAMETER, "no value provided for placeholder: $%d",
                              e->placeholder), e->pos);
    if (i >= p->n)
        return err_at(err_new(ERR_UNDEFINED_PARAMETER, "no value provided for placeholder: $%d",
                              e->placeholder), e->pos);
    if (p->v[i] == NULL) {
        if (tc_is_wild(desired))
            return err_at(tc_placeholder_error(e->placeholder), e->pos);
        p->v[i] = desired;
    }
    struct expr *x = expr_new(c->arena, EXPR_PLACEHOLDER, p->v[i], e->pos, 0);
    x->index = i;
    x->volatility = STABLE;
    *out = x;
    return NULL;
}

static struct error *
type_logic(struct type_ctx *c, const struct ast_expr *e, struct expr **out)
{
    struct expr *l, *r;
    if (e->kind == AST_EXPR_NOT) {
        ERR_TRY(tc_require_bool(c, e->unary.expr, "NOT argument", &l));
        *out = expr_make_not(c, l);
        return NULL;
    }
    const char *op = e->kind == AST_EXPR_AND ? "AND argument" : "OR argument";
    ERR_TRY(tc_require_bool(c, e->binary.left, op, &l));
    ERR_TRY(tc_require_bool(c, e->binary.right, op, &r));
    *out = expr_make_bool(c, e->kind == AST_EXPR_AND ? EXPR_AND : EXPR_OR, l, r);
    return NULL;
}

static const char *
desired_text(struct type_ctx *c, const struct type *desired)
{
    if (desired == NULL || desired->family == FAMILY_ANY)
        return "";
    return arena_printf(c->arena, " (desired <%s>)", tc_name(c, desired));
}

/* NULL when no candidate takes NULLs and an argument is one. */
static bool
null_result(const struct cand *cands, int n, const struct tc_arg *args, int n_args)
{
    bool takes = false, null = false;
    for (int i = 0; i < n; i++)
        takes |= cands[i].null_args;
    for (int i = 0; i < n_args; i++)
        null |= tc_unknown(args[i].typed);
    return n > 0 && !takes && null;
}

static struct error *
type_binary(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
            struct expr **out)
{
    const char *op = ast_binary_op_name(e->binary.op);
    struct cand *cands;
    int n = overload_candidates(c, op, true, 2, &cands);
    struct tc_arg args[2] = {{.ast = e->binary.left}, {.ast = e->binary.right}};
    ERR_TRY(tc_resolve(c, desired, cands, n, true, args, 2, &n));
    if (null_result(cands, n, args, 2)) {
        *out = expr_null(c->arena, &TYPE_UNKNOWN);
        return NULL;
    }
    if (n != 1) {
        const char *sig = arena_printf(c->arena, "<%s> %s <%s>%s", tc_name(c, args[0].typed->type),
                                       op, tc_name(c, args[1].typed->type),
                                       desired_text(c, desired));
        if (n == 0)
            return err_at(err_new(ERR_INVALID_PARAMETER_VALUE, "unsupported binary operator: %s",
                                  sig), e->pos);
        return err_at(err_hint(err_new(ERR_AMBIGUOUS_FUNCTION, "ambiguous binary operator: %s", sig),
                               "%s", tc_candidates_hint(c, op, cands, n)), e->pos);
    }
    struct expr *typed[2] = {args[0].typed, args[1].typed};
    for (int i = 0; i < 2; i++)
        if (tc_unknown(typed[i]) && !tc_is_wild(cands[0].params[i]))
            typed[i] = expr_null(c->arena, cands[0].params[i]);
    *out = expr_make_call(c, cands[0].impl, e->pos, 2, typed);
    return NULL;
}

static struct error *
type_unary(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
           struct expr **out)
{
    const char *op = ast_unary_op_name(e->unary.op);
    struct cand *cands;
    int n = overload_candidates(c, op, true, 1, &cands);
    struct tc_arg arg = {.ast = e->unary.expr};
    ERR_TRY(tc_resolve(c, desired, cands, n, false, &arg, 1, &n));
    if (n > 0 && tc_unknown(arg.typed)) {
        *out = expr_null(c->arena, &TYPE_UNKNOWN);
        return NULL;
    }
    if (n != 1) {
        const char *sig = arena_printf(c->arena, "%s <%s>%s", op, tc_name(c, arg.typed->type),
                                       desired_text(c, desired));
        if (n == 0)
            return err_at(err_new(ERR_INVALID_PARAMETER_VALUE, "unsupported unary operator: %s",
                                  sig), e->pos);
        return err_at(err_hint(err_new(ERR_AMBIGUOUS_FUNCTION, "ambiguous unary operator: %s", sig),
                               "%s", tc_candidates_hint(c, op, cands, n)), e->pos);
    }
    *out = expr_make_call(c, cands[0].impl, e->pos, 1, &arg.typed);
    return NULL;
}

static struct error *
type_annotation(struct type_ctx *c, const struct ast_expr *e, struct expr **out)
{
    const struct type *t;
    ERR_TRY(resolve_ast_type(c, e->cast.type, &t));
    ERR_TRY(type_expr(c, e->cast.expr, t, out));
    if (tc_unknown(*out)) {
        *out = expr_null(c->arena, t);
        return NULL;
    }
    if (!tc_equiv((*out)->type, t))
        return err_at(err_new(ERR_DATATYPE_MISMATCH,
                              "incompatible type annotation for %s as %s, found type: %s",
                              tc_text(c, e->cast.expr), tc_name(c, t), tc_name(c, (*out)->type)),
                      e->pos);
    return NULL;
}

static struct error *
type_collate(struct type_ctx *c, const struct ast_expr *e, struct expr **out)
{
    struct expr *x;
    if (slice_eq(e->collate.locale, SLICE_LIT("default")))
        return type_expr(c, e->collate.expr, &TYPE_STRING, out);
    ERR_TRY(type_expr(c, e->collate.expr, &TYPE_STRING, &x));
    const struct type *t = x->type;
    if (t->family != FAMILY_STRING && t->family != FAMILY_COLLATED_STRING &&
        t->family != FAMILY_UNKNOWN)
        return err_at(err_new(ERR_DATATYPE_MISMATCH, "incompatible type for COLLATE: %s",
                              tc_name(c, t)), e->pos);
    const char *locale = slice_to_cstr(c->arena, e->collate.locale);
    ERR_TRY(collation_check(locale));
    const struct type *to = type_collated(c->arena, &TYPE_STRING, locale);
    if (tc_unknown(x)) {
        *out = expr_null(c->arena, to);
        return NULL;
    }
    struct expr *y = expr_new(c->arena, EXPR_COLLATE, to, e->pos, 1);
    y->args[0] = x;
    y->locale = locale;
    *out = expr_finish(c, y, IMMUTABLE);
    return NULL;
}

/* e IS OF (types): known at once, but for NULLs, which are of no type. */
static struct error *
type_is_of(struct type_ctx *c, const struct ast_expr *e, struct expr **out)
{
    struct expr *x;
    bool match = false;
    ERR_TRY(type_expr(c, e->is_of.expr, NULL, &x));
    for (int i = 0; i < e->is_of.types.count; i++) {
        const struct type *t;
        ERR_TRY(resolve_ast_type(c, e->is_of.types.items[i], &t));
        match |= !tc_unknown(x) && tc_equiv(x->type, t);
    }
    if (!match) {
        *out = expr_const(c->arena, &TYPE_BOOL, datum_bool(e->is_of.negated));
        return NULL;
    }
    struct expr *y = expr_new(c->arena, EXPR_IS_NULL, &TYPE_BOOL, e->pos, 1);
    y->args[0] = x;
    y->negated = !e->is_of.negated;
    *out = expr_finish(c, y, IMMUTABLE);
    return NULL;
}

static struct error *
bit_constant(struct type_ctx *c, const struct ast_expr *e, struct expr **out)
{
    struct eval_env env = tc_env(c);
    struct datum d;
    ERR_TRY(datum_parse(&env, &TYPE_VARBIT, e->string.text, &d));
    *out = expr_const(c->arena, &TYPE_VARBIT, d);
    return NULL;
}

static struct error *
dispatch(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
         struct expr **out)
{
    struct uconst k;
    if (uconst_fold(c, e, &k))
        return uconst_type(c, &k, desired, out);
    switch (e->kind) {
    case AST_EXPR_NULL:
        *out = expr_null(c->arena, &TYPE_UNKNOWN);
        return NULL;
    case AST_EXPR_BOOL:
        *out = expr_const(c->arena, &TYPE_BOOL, datum_bool(e->boolean));
        return NULL;
    case AST_EXPR_BIT:
        return bit_constant(c, e, out);
    case AST_EXPR_DEFAULT:
        return err_at(err_new(ERR_SYNTAX, "DEFAULT can only appear in a VALUES list within INSERT "
                              "or on the right side of a SET"), e->pos);
    case AST_EXPR_MINVALUE:
    case AST_EXPR_MAXVALUE:
        return err_at(err_new(ERR_SYNTAX,
                              "MINVALUE and MAXVALUE can only appear within a range partition "
                              "expression"), e->pos);
    case AST_EXPR_PLACEHOLDER:
        return type_placeholder(c, e, desired, out);
    case AST_EXPR_COLUMN:
    case AST_EXPR_ORDINAL:
        return type_column(c, e, out);
    case AST_EXPR_UNARY:
        return type_unary(c, e, desired, out);
    case AST_EXPR_BINARY:
        return type_binary(c, e, desired, out);
    case AST_EXPR_COMPARISON:
        return type_comparison(c, e, out);
    case AST_EXPR_AND:
    case AST_EXPR_OR:
    case AST_EXPR_NOT:
        return type_logic(c, e, out);
    case AST_EXPR_BETWEEN:
        return type_between(c, e, out);
    case AST_EXPR_IS_OF:
        return type_is_of(c, e, out);
    case AST_EXPR_PAREN:
        if (e->inner->kind == AST_EXPR_SUBQUERY)
            return dispatch(c, e->inner, desired, out); /* as deep as without */
        return type_expr(c, e->inner, desired, out);
    case AST_EXPR_CASE:
        return type_case(c, e, desired, out);
    case AST_EXPR_COALESCE:
    case AST_EXPR_NULLIF:
    case AST_EXPR_IF:
    case AST_EXPR_IFERROR:
    case AST_EXPR_ISERROR:
        return type_form(c, e, desired, out);
    case AST_EXPR_FUNC:
        return type_func(c, e, desired, out);
    case AST_EXPR_CAST:
        return type_cast_expr(c, e, out);
    case AST_EXPR_ANNOTATE:
        return type_annotation(c, e, out);
    case AST_EXPR_COLLATE:
        return type_collate(c, e, out);
    case AST_EXPR_SUBSCRIPT:
    case AST_EXPR_FIELD:
        return type_access(c, e, desired, out);
    case AST_EXPR_TUPLE:
        return type_tuple_expr(c, e, desired, out);
    case AST_EXPR_ARRAY:
        return type_array_expr(c, e, desired, out);
    case AST_EXPR_ARRAY_SUBQUERY:
    case AST_EXPR_SUBQUERY:
    case AST_EXPR_EXISTS:
        return type_subquery_expr(c, e, desired, out);
    case AST_EXPR_INT:
    case AST_EXPR_DECIMAL:
        /* A number that no decimal can hold. */
        return err_at(err_new(ERR_INVALID_TEXT_REPRESENTATION,
                              "could not parse \"%.*s\" as type decimal",
                              (int)(e->number.text.len > 200 ? 200 : e->number.text.len),
                              (const char *)e->number.text.ptr), e->pos);
    default:
        return err_at(err_new(ERR_INTERNAL, "expression of kind %d cannot be typed", (int)e->kind),
                      e->pos);
    }
}

struct error *
type_expr(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
          struct expr **out)
{
    if (desired == &TYPE_ANY)
        desired = NULL;
    if (++c->depth > EXPR_MAX_DEPTH) {
        c->depth--;
        return err_new(ERR_STATEMENT_TOO_COMPLEX, "expression is nested too deeply");
    }
    struct error *err = dispatch(c, e, desired, out);
    c->depth--;
    if (err == NULL && c->notes != NULL)
        type_notes_put(c->notes, e, *out);
    return err;
}
