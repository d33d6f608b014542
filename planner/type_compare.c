/* planner/type_compare.c - comparisons: = < IN LIKE @> IS DISTINCT BETWEEN ANY ALL. */
#include "config.h"

#include "planner/planner.h"
#include "planner/type_int.h"

/* ---- which pairs compare ---- */

struct pair { const struct type *l, *r; };

#define SAME(T) {&T, &T}
#define BOTH(A, B) {&A, &B}, {&B, &A}
static const struct pair eq_pairs[] = {
    SAME(TYPE_BOOL), SAME(TYPE_BYTES), SAME(TYPE_DATE), SAME(TYPE_DECIMAL), SAME(TYPE_ANY_COLLATED),
    SAME(TYPE_FLOAT8), SAME(TYPE_INET), SAME(TYPE_INT8), SAME(TYPE_INTERVAL), SAME(TYPE_OID),
    SAME(TYPE_STRING), SAME(TYPE_TIME), SAME(TYPE_TIMETZ), SAME(TYPE_TIMESTAMP),
    SAME(TYPE_TIMESTAMPTZ), SAME(TYPE_UUID), SAME(TYPE_VARBIT),
    BOTH(TYPE_DATE, TYPE_TIMESTAMP), BOTH(TYPE_DATE, TYPE_TIMESTAMPTZ),
    BOTH(TYPE_DECIMAL, TYPE_FLOAT8), BOTH(TYPE_DECIMAL, TYPE_INT8), BOTH(TYPE_FLOAT8, TYPE_INT8),
    BOTH(TYPE_INT8, TYPE_OID), BOTH(TYPE_TIMESTAMP, TYPE_TIMESTAMPTZ), BOTH(TYPE_TIME, TYPE_TIMETZ),
    SAME(TYPE_ANY_ARRAY), SAME(TYPE_ANY_TUPLE),
    SAME(TYPE_JSONB), /* last: = only */
};
#define N_EQ ((int)(sizeof(eq_pairs) / sizeof(eq_pairs[0])))

enum cmp_class { CLASS_EQ, CLASS_LESS, CLASS_DISTINCT };

static int
compare_candidates(struct type_ctx *c, enum cmp_class k, struct cand **out)
{
    int n = 0;
    *out = ARENA_ARRAY(c->arena, struct cand, N_EQ + 1);
    for (int i = 0; i < (k == CLASS_LESS ? N_EQ - 1 : N_EQ); i++) {
        struct cand *x = &(*out)[n++];
        x->params[0] = eq_pairs[i].l;
        x->params[1] = eq_pairs[i].r;
        x->n_params = 2;
        x->ret = &TYPE_BOOL;
        x->null_args = k == CLASS_DISTINCT;
        x->poly = eq_pairs[i].l == &TYPE_ANY_ARRAY;
        x->impl = &eq_pairs[i];
    }
    if (k == CLASS_DISTINCT)
        (*out)[n++] = (struct cand){.params = {&TYPE_UNKNOWN, &TYPE_UNKNOWN}, .n_params = 2,
                                    .ret = &TYPE_BOOL, .null_args = true, .impl = &eq_pairs[0]};
    return n;
}

static bool
pair_exists(enum cmp_class k, const struct type *l, const struct type *r)
{
    for (int i = 0; i < (k == CLASS_LESS ? N_EQ - 1 : N_EQ); i++)
        if (tc_equiv(eq_pairs[i].l, l) && tc_equiv(eq_pairs[i].r, r))
            return l->family != FAMILY_COLLATED_STRING && l->family != FAMILY_ARRAY
                   ? true : tc_equiv(l, r);
    return false;
}

/* ---- operators ---- */

struct cmp_info {
    enum { OP_COMPARE, OP_CALL, OP_DISTINCT, OP_IN } how;
    enum compare_op cmp;
    const char *name;    /* of the overload, for OP_CALL */
    bool negated, swap;
};

static const struct cmp_info infos[AST_CMP_OP_COUNT] = {
    [AST_CMP_EQ] = {OP_COMPARE, CMP_EQ, NULL, false, false},
    [AST_CMP_LT] = {OP_COMPARE, CMP_LT, NULL, false, false},
    [AST_CMP_GT] = {OP_COMPARE, CMP_GT, NULL, false, false},
    [AST_CMP_LE] = {OP_COMPARE, CMP_LE, NULL, false, false},
    [AST_CMP_GE] = {OP_COMPARE, CMP_GE, NULL, false, false},
    [AST_CMP_NE] = {OP_COMPARE, CMP_NE, NULL, false, false},
    [AST_CMP_IN] = {OP_IN, CMP_EQ, NULL, false, false},
    [AST_CMP_NOT_IN] = {OP_IN, CMP_EQ, NULL, true, false},
    [AST_CMP_LIKE] = {OP_CALL, CMP_EQ, "LIKE", false, false},
    [AST_CMP_NOT_LIKE] = {OP_CALL, CMP_EQ, "LIKE", true, false},
    [AST_CMP_ILIKE] = {OP_CALL, CMP_EQ, "ILIKE", false, false},
    [AST_CMP_NOT_ILIKE] = {OP_CALL, CMP_EQ, "ILIKE", true, false},
    [AST_CMP_SIMILAR] = {OP_CALL, CMP_EQ, "SIMILAR TO", false, false},
    [AST_CMP_NOT_SIMILAR] = {OP_CALL, CMP_EQ, "SIMILAR TO", true, false},
    [AST_CMP_REG] = {OP_CALL, CMP_EQ, "~", false, false},
    [AST_CMP_NOT_REG] = {OP_CALL, CMP_EQ, "~", true, false},
    [AST_CMP_REGI] = {OP_CALL, CMP_EQ, "~*", false, false},
    [AST_CMP_NOT_REGI] = {OP_CALL, CMP_EQ, "~*", true, false},
    [AST_CMP_IS_DISTINCT] = {OP_DISTINCT, CMP_EQ, NULL, false, false},
    [AST_CMP_IS_NOT_DISTINCT] = {OP_DISTINCT, CMP_EQ, NULL, true, false},
    [AST_CMP_CONTAINS] = {OP_CALL, CMP_EQ, "@>", false, false},
    [AST_CMP_CONTAINED_BY] = {OP_CALL, CMP_EQ, "@>", false, true},
    [AST_CMP_OVERLAPS] = {OP_CALL, CMP_EQ, "&&", false, false},
    [AST_CMP_JSON_EXISTS] = {OP_CALL, CMP_EQ, "?", false, false},
    [AST_CMP_JSON_SOME_EXISTS] = {OP_CALL, CMP_EQ, "?|", false, false},
    [AST_CMP_JSON_ALL_EXISTS] = {OP_CALL, CMP_EQ, "?&", false, false},
};

static enum cmp_class
class_of(const struct cmp_info *k)
{
    if (k->how == OP_DISTINCT)
        return CLASS_DISTINCT;
    return k->cmp == CMP_EQ || k->cmp == CMP_NE ? CLASS_EQ : CLASS_LESS;
}

static struct error *
unsupported(struct type_ctx *c, enum ast_comparison_op op, const struct type *l,
            const struct type *r, int pos)
{
    return err_at(err_new(ERR_INVALID_PARAMETER_VALUE,
                          "unsupported comparison operator: <%s> %s <%s>", tc_name(c, l),
                          ast_comparison_op_name(op), tc_name(c, r)), pos);
}

/* "unsupported comparison operator: a IN (b): <why>" */
static struct error *
unsupported_because(struct type_ctx *c, const struct ast_expr *e, struct error *why)
{
    if (why == NULL || tc_undecorated(why))
        return why;
    const struct ast_expr *l = e->comparison.left, *r = e->comparison.right;
    if (e->comparison.quantifier != AST_QUANT_NONE) {
        l = tc_strip(l);
        r = tc_strip(r);
    }
    const char *q = e->comparison.quantifier == AST_QUANT_NONE  ? ""
                    : e->comparison.quantifier == AST_QUANT_ALL ? " ALL"
                    : e->comparison.quantifier == AST_QUANT_ANY ? " ANY"
                                                                : " SOME";
    struct error *x = err_at(
        err_new(ERR_INVALID_PARAMETER_VALUE, "unsupported comparison operator: %s %s%s %s: %s",
                tc_text(c, l), ast_comparison_op_name(e->comparison.op), q, tc_text(c, r),
                why->message), e->pos);
    err_free(why);
    return x;
}

/* ---- nodes ---- */

static struct expr *
compare_node(struct type_ctx *c, enum compare_op op, struct expr *l, struct expr *r, int pos)
{
    struct expr *e = expr_new(c->arena, EXPR_COMPARE, &TYPE_BOOL, pos, 2);
    e->cmp = op;
    e->args[0] = l;
    e->args[1] = r;
    bool tz = (l->type->family == FAMILY_TIMESTAMPTZ) != (r->type->family == FAMILY_TIMESTAMPTZ) ||
              (l->type->family == FAMILY_TIMETZ) != (r->type->family == FAMILY_TIMETZ);
    return expr_finish(c, e, tz ? STABLE : IMMUTABLE);
}

static struct expr *
distinct_node(struct type_ctx *c, struct expr *l, struct expr *r, bool negated, int pos)
{
    struct expr *e;
    bool lnull = l->kind == EXPR_CONST && l->value.null, rnull = r->kind == EXPR_CONST && r->value.null;
    if (lnull || rnull) { /* x IS [NOT] NULL */
        e = expr_new(c->arena, EXPR_IS_NULL, &TYPE_BOOL, pos, 1);
        e->args[0] = rnull ? l : r;
        e->negated = !negated;
        return expr_finish(c, e, IMMUTABLE);
    }
    e = expr_new(c->arena, EXPR_IS_DISTINCT, &TYPE_BOOL, pos, 2);
    e->args[0] = l;
    e->args[1] = r;
    e->negated = negated;
    return expr_finish(c, e, IMMUTABLE);
}

static struct expr *
negate_if(struct type_ctx *c, struct expr *e, bool negated)
{
    return negated ? expr_make_not(c, e) : e;
}

struct error *
expr_compare(struct type_ctx *c, enum compare_op op, struct expr *l, struct expr *r,
             struct expr **out)
{
    static const enum ast_comparison_op names[] = {
        [CMP_EQ] = AST_CMP_EQ, [CMP_NE] = AST_CMP_NE, [CMP_LT] = AST_CMP_LT,
        [CMP_LE] = AST_CMP_LE, [CMP_GT] = AST_CMP_GT, [CMP_GE] = AST_CMP_GE};
    if (tc_unknown(l) || tc_unknown(r)) {
        *out = expr_null(c->arena, &TYPE_BOOL);
        return NULL;
    }
    if (!pair_exists(op == CMP_EQ || op == CMP_NE ? CLASS_EQ : CLASS_LESS, l->type, r->type))
        return unsupported(c, names[op], l->type, r->type, l->position);
    *out = compare_node(c, op, l, r, l->position);
    return NULL;
}

/* ---- plain comparison of two expressions ---- */

static struct error *compare_asts(struct type_ctx *c, enum ast_comparison_op op,
                                  const struct ast_expr *l, const struct ast_expr *r, int pos,
                                  struct expr **out);

static struct error *
tuple_pair(struct type_ctx *c, enum ast_comparison_op op, const struct ast_expr *l,
           const struct ast_expr *r, struct expr **lt, struct expr **rt);

/* Types both sides (candidates as the operator has them). *call: overload for OP_CALL. */
static struct error *
type_sides(struct type_ctx *c, enum ast_comparison_op op, const struct ast_expr *l,
           const struct ast_expr *r, int pos, struct expr **lt, struct expr **rt,
           const struct overload **call, bool *is_null)
{
    const struct cmp_info *k = &infos[op];
    const struct ast_expr *ls = tc_strip(l), *rs = tc_strip(r);
    *is_null = false;
    if (k->how != OP_CALL && ls->kind == AST_EXPR_TUPLE && rs->kind == AST_EXPR_TUPLE)
        return tuple_pair(c, op, ls, rs, lt, rt);

    struct cand *cands;
    int n = k->how == OP_CALL ? overload_candidates(c, k->name, true, 2, &cands)
                              : compare_candidates(c, class_of(k), &cands);
    struct tc_arg args[2] = {{.ast = k->swap ? r : l}, {.ast = k->swap ? l : r}};
    ERR_TRY(tc_resolve(c, NULL, cands, n, true, args, 2, &n));
    *lt = args[k->swap ? 1 : 0].typed;
    *rt = args[k->swap ? 0 : 1].typed;
    bool null = tc_unknown(*lt) || tc_unknown(*rt);
    if (n > 0 && null) {
        bool takes = false;
        for (int i = 0; i < n; i++)
            takes |= cands[i].null_args;
        if (!takes) {
            *is_null = true;
            return NULL;
        }
    }
    bool generic = ((*lt)->type->family == FAMILY_COLLATED_STRING ||
                    (*lt)->type->family == FAMILY_ARRAY) &&
                   ((*rt)->type->family == FAMILY_COLLATED_STRING ||
                    (*rt)->type->family == FAMILY_ARRAY);
    bool mismatch = generic && !null && k->how != OP_CALL && !tc_equiv((*lt)->type, (*rt)->type);
    if (k->how == OP_DISTINCT && null && n > 0 && !mismatch)
        return NULL; /* any of them: NULL compares with everything */
    if (n == 0 || mismatch)
        return unsupported(c, op, (*lt)->type, (*rt)->type, pos);
    if (n > 1) {
        struct error *e = err_new(ERR_AMBIGUOUS_FUNCTION,
                                  "ambiguous comparison operator: <%s> %s <%s>",
                                  tc_name(c, (*lt)->type), ast_comparison_op_name(op),
                                  tc_name(c, (*rt)->type));
        return err_at(err_hint(e, "%s", tc_candidates_hint(c, ast_comparison_op_name(op), cands, n)),
                      pos);
    }
    if (k->how == OP_CALL)
        *call = cands[0].impl;
    return NULL;
}

static struct error *
tuple_pair(struct type_ctx *c, enum ast_comparison_op op, const struct ast_expr *l,
           const struct ast_expr *r, struct expr **lt, struct expr **rt)
{
    int n = l->tuple.exprs.count;
    if (r->tuple.exprs.count != n)
        return err_at(err_new(ERR_DATATYPE_MISMATCH, "expected tuple %s to have a length of %d",
                              tc_text(c, r), n), r->pos);
    struct expr *side[2] = {expr_new(c->arena, EXPR_TUPLE, NULL, l->pos, n),
                            expr_new(c->arena, EXPR_TUPLE, NULL, r->pos, n)};
    const struct type **types[2];
    for (int s = 0; s < 2; s++)
        types[s] = ARENA_ARRAY(c->arena, const struct type *, (size_t)n + 1);
    for (int i = 0; i < n; i++) {
        const struct overload *call;
        bool null;
        struct error *e = type_sides(c, op, l->tuple.exprs.items[i], r->tuple.exprs.items[i],
                                     l->pos, &side[0]->args[i], &side[1]->args[i], &call, &null);
        if (e != NULL && !tc_undecorated(e))
            return err_wrap(e, "tuples %s, %s are not comparable at index %d", tc_text(c, l),
                            tc_text(c, r), i + 1);
        ERR_TRY(e);
        types[0][i] = side[0]->args[i]->type;
        types[1][i] = side[1]->args[i]->type;
    }
    for (int s = 0; s < 2; s++) {
        side[s]->type = type_tuple(c->arena, n, types[s], NULL);
        side[s] = expr_finish(c, side[s], IMMUTABLE);
    }
    *lt = side[0];
    *rt = side[1];
    return NULL;
}

static struct error *
compare_asts(struct type_ctx *c, enum ast_comparison_op op, const struct ast_expr *l,
             const struct ast_expr *r, int pos, struct expr **out)
{
    const struct cmp_info *k = &infos[op];
    struct expr *lt, *rt;
    const struct overload *call = NULL;
    bool is_null;
    ERR_TRY(type_sides(c, op, l, r, pos, &lt, &rt, &call, &is_null));
    if (is_null) {
        *out = expr_null(c->arena, &TYPE_UNKNOWN);
        return NULL;
    }
    if (k->how == OP_DISTINCT) {
        *out = distinct_node(c, lt, rt, k->negated, pos);
        return NULL;
    }
    if (k->how == OP_CALL) {
        struct expr *args[2] = {k->swap ? rt : lt, k->swap ? lt : rt};
        *out = negate_if(c, expr_make_call(c, call, pos, 2, args), k->negated);
        return NULL;
    }
    /* tuples whose fields do not compare (jsonb < jsonb was refused field by field) */
    *out = compare_node(c, k->cmp, lt, rt, pos);
    return NULL;
}

/* ---- IN ---- */

static struct error *
in_list(struct type_ctx *c, const struct ast_expr *e, const struct ast_expr *right,
        struct expr **out)
{
    int n = right->tuple.exprs.count;
    const struct ast_expr **list = ARENA_ARRAY(c->arena, const struct ast_expr *, (size_t)n + 1);
    struct expr **typed = ARENA_ARRAY(c->arena, struct expr *, (size_t)n + 1);
    list[0] = e->comparison.left;
    for (int i = 0; i < n; i++)
        list[i + 1] = right->tuple.exprs.items[i];
    const struct type *t;
    struct error *err = tc_same(c, NULL, n + 1, list, typed, &t);
    if (err != NULL)
        return unsupported_because(c, e, err);
    if (t->family == FAMILY_JSON ? false
        : t->family != FAMILY_UNKNOWN && !pair_exists(CLASS_EQ, t, t))
        return unsupported(c, e->comparison.op, t, &TYPE_ANY_TUPLE, e->pos);
    if (n == 0) {
        *out = expr_const(c->arena, &TYPE_BOOL, datum_bool(e->comparison.op == AST_CMP_NOT_IN));
        return NULL;
    }
    struct expr *x = expr_new(c->arena, EXPR_IN, &TYPE_BOOL, e->pos, n + 1);
    for (int i = 0; i <= n; i++) {
        x->args[i] = typed[i];
        if (tc_unknown(typed[i]) && t->family != FAMILY_UNKNOWN)
            x->args[i] = expr_null(c->arena, t);
    }
    x->cmp = CMP_EQ;
    x->negated = e->comparison.op == AST_CMP_NOT_IN;
    *out = expr_finish(c, x, IMMUTABLE);
    return NULL;
}

static struct error *
plan_right(struct type_ctx *c, const struct ast_expr *right, enum subquery_kind kind,
           const struct type *desired, struct subquery **s)
{
    ERR_TRY(type_check_subquery(c, right));
    return plan_subquery(c, right->subquery.select, kind, tc_is_wild(desired) ? NULL : desired, s);
}

static struct error *
in_subquery(struct type_ctx *c, const struct ast_expr *e, const struct ast_expr *right,
            struct expr **out)
{
    struct expr *left;
    struct error *err = type_expr(c, e->comparison.left, NULL, &left);
    if (err != NULL)
        return err;
    struct subquery *s;
    ERR_TRY(plan_right(c, right, SUBQUERY_IN, left->type, &s));
    const struct type *rt = tc_row_type(c, s->plan);
    const struct type *wrapped = type_tuple(c->arena, 1, &rt, NULL);
    if (!tc_unknown(left) &&
        (!(rt->family == FAMILY_UNKNOWN || tc_equiv(left->type, rt)) ||
         !(rt->family == FAMILY_UNKNOWN || pair_exists(CLASS_EQ, left->type, rt))))
        return unsupported(c, e->comparison.op, left->type, wrapped, e->pos);
    s->op = CMP_EQ;
    *out = plan_subquery_expr(c->arena, s, left, &TYPE_BOOL);
    (*out)->position = e->pos;
    (*out)->cmp = CMP_EQ;
    (*out)->negated = e->comparison.op == AST_CMP_NOT_IN;
    return NULL;
}

static struct error *
type_in(struct type_ctx *c, const struct ast_expr *e, struct expr **out)
{
    const struct ast_expr *right = tc_strip(e->comparison.right);
    if (right->kind == AST_EXPR_TUPLE)
        return in_list(c, e, right, out);
    if (right->kind == AST_EXPR_SUBQUERY)
        return in_subquery(c, e, right, out);
    /* a tuple-valued expression */
    struct expr *l, *r;
    ERR_TRY(type_expr(c, e->comparison.left, NULL, &l));
    ERR_TRY(type_expr(c, right, NULL, &r));
    if (tc_unknown(l) || tc_unknown(r)) {
        *out = expr_null(c->arena, &TYPE_UNKNOWN);
        return NULL;
    }
    if (r->type->family != FAMILY_TUPLE)
        return unsupported(c, e->comparison.op, l->type, r->type, e->pos);
    for (int i = 0; i < r->type->n; i++)
        if (r->type->contents[i]->family != FAMILY_UNKNOWN &&
            !tc_equiv(l->type, r->type->contents[i]))
            return unsupported(c, e->comparison.op, l->type, r->type, e->pos);
    struct expr *x = expr_new(c->arena, EXPR_ANY, &TYPE_BOOL, e->pos, 2);
    x->cmp = CMP_EQ;
    x->args[0] = l;
    x->args[1] = r;
    *out = negate_if(c, expr_finish(c, x, IMMUTABLE), e->comparison.op == AST_CMP_NOT_IN);
    return NULL;
}

/* ---- ANY, SOME, ALL ---- */

/* The overload of an operator that is a call, for two types; NULL none. */
static const struct overload *
call_for(struct type_ctx *c, const struct cmp_info *k, const struct type *l, const struct type *r)
{
    struct cand *cands;
    int n = overload_candidates(c, k->name, true, 2, &cands);
    for (int i = 0; i < n; i++)
        if (tc_equiv(cands[i].params[0], k->swap ? r : l) &&
            tc_equiv(cands[i].params[1], k->swap ? l : r))
            return cands[i].impl;
    return NULL;
}

/* Put the comparison into an ANY, ALL or subquery node; false when the types do not compare. Negated
 * operators (NOT LIKE) are `negated` of the pair: see expr_compare_pair. */
static bool
set_pair_op(struct type_ctx *c, struct expr *x, const struct cmp_info *k, const struct type *l,
            const struct type *r)
{
    x->cmp = k->cmp;
    x->has_operand = k->negated; /* each comparison's result is turned around */
    x->depth = k->swap;
    if (k->how == OP_COMPARE)
        return pair_exists(class_of(k), l, r);
    if (k->how != OP_CALL)
        return false;
    const struct overload *o = call_for(c, k, l, r);
    if (o == NULL)
        return false;
    const struct type **types = ARENA_ARRAY(c->arena, const struct type *, 2);
    types[0] = k->swap ? r : l;
    types[1] = k->swap ? l : r;
    x->overload = o;
    x->call = (struct fn_call){.overload = o, .n_args = 2, .arg_types = types, .type = &TYPE_BOOL};
    return true;
}

static struct error *
quantified_types(struct type_ctx *c, const struct ast_expr *e, const struct ast_expr *right,
                 struct expr **left, struct expr **rt, const struct type **lt,
                 const struct type **elem)
{
    struct error *err;
    if (right->kind == AST_EXPR_ARRAY && right->list.count > 0) {
        int n = right->list.count;
        const struct ast_expr **list = ARENA_ARRAY(c->arena, const struct ast_expr *, (size_t)n + 1);
        struct expr **typed = ARENA_ARRAY(c->arena, struct expr *, (size_t)n + 1);
        list[0] = tc_strip(e->comparison.left);
        for (int i = 0; i < n; i++)
            list[i + 1] = right->list.items[i];
        const struct type *t;
        err = tc_same(c, NULL, n + 1, list, typed, &t);
        if (err != NULL)
            return unsupported_because(c, e, err);
        struct expr *a = expr_new(c->arena, EXPR_ARRAY, type_array_of(c->arena, t), right->pos, n);
        for (int i = 0; i < n; i++)
            a->args[i] = tc_unknown(typed[i + 1]) ? expr_null(c->arena, t) : typed[i + 1];
        *left = typed[0];
        *rt = expr_finish(c, a, IMMUTABLE);
        *lt = t;
        *elem = t;
        return NULL;
    }
    err = type_expr(c, e->comparison.left, NULL, left);
    if (err != NULL)
        return unsupported_because(c, e, err);
    *lt = (*left)->type;
    const struct type *want = NULL;
    if (right->kind == AST_EXPR_TUPLE) {
        int n = right->tuple.exprs.count;
        const struct type **ts = ARENA_ARRAY(c->arena, const struct type *, (size_t)n + 1);
        for (int i = 0; i < n; i++)
            ts[i] = *lt;
        want = type_tuple(c->arena, n, ts, NULL);
    } else if (!tc_unknown(*left)) {
        want = type_array_of(c->arena, *lt);
    }
    err = type_expr(c, right, want, rt);
    if (err != NULL)
        return unsupported_because(c, e, err);
    const struct type *r = (*rt)->type;
    *elem = *lt;
    if (r->family == FAMILY_ARRAY) {
        *elem = r->elem;
    } else if (r->family == FAMILY_TUPLE) {
        for (int i = 0; i < r->n; i++) {
            if (i == 0)
                *elem = r->contents[0];
            if (r->contents[i]->family != FAMILY_UNKNOWN && !tc_unknown(*left) &&
                !tc_equiv(r->contents[i], *lt))
                return unsupported_because(c, e, err_new(ERR_DATATYPE_MISMATCH,
                    "expected %s to be of type %s, found type %s",
                    tc_text(c, right->kind == AST_EXPR_TUPLE ? right->tuple.exprs.items[i] : right),
                    tc_name(c, *lt), tc_name(c, r->contents[i])));
        }
    } else if (r->family != FAMILY_UNKNOWN) {
        return unsupported_because(c, e, err_new(ERR_INVALID_PARAMETER_VALUE,
            "op %s <right> requires array, tuple or subquery on right side",
            e->comparison.quantifier == AST_QUANT_ALL   ? "ALL"
            : e->comparison.quantifier == AST_QUANT_ANY ? "ANY" : "SOME"));
    }
    return NULL;
}

static struct error *
quantified_mismatch(struct type_ctx *c, const struct ast_expr *e, const struct type *l,
                    const struct type *r)
{
    return err_at(err_new(ERR_INVALID_PARAMETER_VALUE,
                          "unsupported comparison operator: <%s> %s %s <%s>", tc_name(c, l),
                          ast_comparison_op_name(e->comparison.op),
                          e->comparison.quantifier == AST_QUANT_ALL   ? "ALL"
                          : e->comparison.quantifier == AST_QUANT_ANY ? "ANY" : "SOME",
                          tc_name(c, r)), e->pos);
}

static struct error *
quantified_subquery(struct type_ctx *c, const struct ast_expr *e, const struct ast_expr *right,
                    struct expr **out)
{
    const struct cmp_info *k = &infos[e->comparison.op];
    struct expr *left;
    ERR_TRY(type_expr(c, e->comparison.left, NULL, &left));
    struct subquery *s;
    ERR_TRY(plan_right(c, right,
                       e->comparison.quantifier == AST_QUANT_ALL ? SUBQUERY_ALL : SUBQUERY_ANY,
                       NULL, &s)); /* v20.1 does not tell it what left would like */
    const struct type *rt = tc_row_type(c, s->plan);
    const struct type *wrapped = type_tuple(c->arena, 1, &rt, NULL);
    if (tc_unknown(left) || rt->family == FAMILY_UNKNOWN) {
        *out = expr_null(c->arena, &TYPE_UNKNOWN);
        return NULL;
    }
    s->op = k->cmp;
    struct expr *x = plan_subquery_expr(c->arena, s, left, &TYPE_BOOL);
    x->position = e->pos;
    if (!set_pair_op(c, x, k, left->type, rt))
        return quantified_mismatch(c, e, left->type, wrapped);
    *out = x;
    return NULL;
}

static struct error *
type_quantified(struct type_ctx *c, const struct ast_expr *e, struct expr **out)
{
    const struct ast_expr *right = tc_strip(e->comparison.right);
    if (right->kind == AST_EXPR_SUBQUERY)
        return quantified_subquery(c, e, right, out);
    struct expr *left, *rt;
    const struct type *lt = NULL, *elem = NULL;
    ERR_TRY(quantified_types(c, e, right, &left, &rt, &lt, &elem));
    if (lt->family == FAMILY_UNKNOWN || tc_unknown(rt) || tc_unknown(left)) {
        *out = expr_null(c->arena, &TYPE_UNKNOWN);
        return NULL;
    }
    struct expr *x = expr_new(c->arena,
                              e->comparison.quantifier == AST_QUANT_ALL ? EXPR_ALL : EXPR_ANY,
                              &TYPE_BOOL, e->pos, 2);
    x->args[0] = left;
    x->args[1] = rt;
    if (elem->family != FAMILY_UNKNOWN &&
        !set_pair_op(c, x, &infos[e->comparison.op], left->type, elem))
        return quantified_mismatch(c, e, left->type, rt->type);
    *out = expr_finish(c, x, x->overload != NULL ? x->overload->volatility : IMMUTABLE);
    return NULL;
}

struct error *
type_comparison(struct type_ctx *c, const struct ast_expr *e, struct expr **out)
{
    if (e->comparison.quantifier != AST_QUANT_NONE)
        return type_quantified(c, e, out);
    if (infos[e->comparison.op].how == OP_IN)
        return type_in(c, e, out);
    return compare_asts(c, e->comparison.op, e->comparison.left, e->comparison.right, e->pos, out);
}

/* ---- BETWEEN ---- */

static struct error *
range(struct type_ctx *c, const struct ast_expr *x, const struct ast_expr *low,
      const struct ast_expr *high, int pos, struct expr **out)
{
    struct expr *ge, *le;
    ERR_TRY(compare_asts(c, AST_CMP_GE, x, low, pos, &ge));
    ERR_TRY(compare_asts(c, AST_CMP_LE, x, high, pos, &le));
    *out = expr_make_bool(c, EXPR_AND, ge, le);
    return NULL;
}

struct error *
type_between(struct type_ctx *c, const struct ast_expr *e, struct expr **out)
{
    struct expr *a, *b;
    ERR_TRY(range(c, e->between.expr, e->between.low, e->between.high, e->pos, &a));
    if (e->between.symmetric) {
        ERR_TRY(range(c, e->between.expr, e->between.high, e->between.low, e->pos, &b));
        a = expr_make_bool(c, EXPR_OR, a, b);
    }
    *out = negate_if(c, a, e->between.negated);
    return NULL;
}
