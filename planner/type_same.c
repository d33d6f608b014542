/* planner/type_same.c - branches that must agree: CASE, COALESCE, IF, ARRAY, IN lists, greatest().
 *
 * The first expression that has a type of its own decides; constants and placeholders follow.
 */
#include "config.h"

#include "planner/type_int.h"

struct same {
    struct type_ctx *c;
    int n;
    struct tc_arg *args;
    int n_const, n_placeholder, n_resolvable;
};

static struct error *
unexpected(struct same *s, int i, const struct type *want, const struct type *got)
{
    return err_at(err_new(ERR_DATATYPE_MISMATCH, "expected %s to be of type %s, found type %s",
                          tc_text(s->c, s->args[i].ast), tc_name(s->c, want), tc_name(s->c, got)),
                  s->args[i].ast->pos);
}

static struct error *
same_placeholders(struct same *s, const struct type *t)
{
    for (int i = 0; i < s->n; i++)
        if (s->args[i].kind == ARG_PLACEHOLDER)
            ERR_TRY(tc_require(s->c, s->args[i].ast, t, "placeholder", &s->args[i].typed));
    return NULL;
}

static struct error *
set_consts(struct same *s, const struct type *t)
{
    for (int i = 0; i < s->n; i++) {
        struct tc_arg *a = &s->args[i];
        if (a->kind == ARG_CONST)
            ERR_TRY(uconst_type(s->c, &a->k, t, &a->typed));
    }
    return NULL;
}

/* The best type that all constants may have; NULL none. */
static const struct type *
common_const_type(const struct same *s)
{
    const struct type *cand[32];
    int n = -1;
    for (int i = 0; i < s->n; i++) {
        if (s->args[i].kind != ARG_CONST)
            continue;
        int m;
        const struct type *const *v = uconst_types(&s->args[i].k, true, &m);
        if (n < 0) {
            n = m < 32 ? m : 32;
            memcpy(cand, v, (size_t)n * sizeof(*cand));
            continue;
        }
        int kept = 0;
        for (int j = 0; j < n; j++)
            for (int k = 0; k < m; k++)
                if (tc_equiv(cand[j], v[k])) {
                    cand[kept++] = cand[j];
                    break;
                }
        n = kept;
    }
    return n > 0 ? cand[0] : NULL;
}

static struct error *
same_consts(struct same *s, const struct type *t, bool required, const struct type **type)
{
    if (t != NULL && t->family != FAMILY_ANY) {
        bool all = true;
        for (int i = 0; i < s->n && all; i++) {
            struct tc_arg *a = &s->args[i];
            if (a->kind != ARG_CONST || uconst_can_become(&a->k, t))
                continue;
            if (required) {
                struct expr *e;
                ERR_TRY(uconst_type(s->c, &a->k, NULL, &e));
                return unexpected(s, i, t, e->type);
            }
            all = false;
        }
        if (all) {
            *type = t;
            return set_consts(s, t);
        }
    }
    const struct type *best = common_const_type(s);
    if (best != NULL) {
        *type = best;
        return set_consts(s, best);
    }
    const struct type *want = t != NULL && t->family != FAMILY_ANY ? t : NULL;
    for (int i = 0; i < s->n; i++) {
        struct expr *e;
        if (s->args[i].kind != ARG_CONST)
            continue;
        ERR_TRY(uconst_type(s->c, &s->args[i].k, want, &e));
        if (want != NULL && !tc_equiv(e->type, want))
            return unexpected(s, i, want, e->type);
        if (want == NULL)
            want = e->type;
    }
    return err_new(ERR_INTERNAL, "constants without a common type");
}

static struct error *
consts_and_placeholders(struct same *s, const struct type *desired, const struct type **type)
{
    ERR_TRY(same_consts(s, desired, false, type));
    return same_placeholders(s, *type);
}

static struct error *
resolvables(struct same *s, const struct type *desired, const struct type **type)
{
    int first = -1;
    for (int i = 0; i < s->n && first < 0; i++) {
        if (s->args[i].kind != ARG_RESOLVABLE)
            continue;
        ERR_TRY(type_expr(s->c, s->args[i].ast, desired, &s->args[i].typed));
        if (!tc_unknown(s->args[i].typed))
            first = i;
    }
    if (first < 0) {
        if (s->n_const > 0)
            return consts_and_placeholders(s, desired, type);
        for (int i = 0; i < s->n; i++)
            if (s->args[i].kind == ARG_PLACEHOLDER) {
                if (!tc_is_wild(desired)) {
                    *type = desired;
                    return same_placeholders(s, desired);
                }
                return tc_placeholder_error(tc_strip(s->args[i].ast)->placeholder);
            }
        *type = &TYPE_UNKNOWN;
        return NULL;
    }
    *type = s->args[first].typed->type;
    for (int i = first + 1; i < s->n; i++) {
        struct tc_arg *a = &s->args[i];
        if (a->kind != ARG_RESOLVABLE)
            continue;
        ERR_TRY(type_expr(s->c, a->ast, *type, &a->typed));
        if (!tc_unknown(a->typed) && !tc_equiv(a->typed->type, *type))
            return unexpected(s, i, *type, a->typed->type);
    }
    if (s->n_const > 0) {
        const struct type *t;
        ERR_TRY(same_consts(s, *type, true, &t));
    }
    return same_placeholders(s, *type);
}

/* Tuples agree field by field. */
static struct error *
same_tuples(struct type_ctx *c, const struct type *desired, int n,
            const struct ast_expr *const *exprs, struct expr **typed, const struct type **type)
{
    const struct ast_expr *head = tc_strip(exprs[0]);
    int width = head->tuple.exprs.count;
    for (int i = 0; i < n; i++) {
        const struct ast_expr *e = tc_strip(exprs[i]);
        if (e->kind == AST_EXPR_NULL)
            continue;
        if (e->kind != AST_EXPR_TUPLE) {
            /* a tuple-valued expression: must fit as a whole */
            struct expr *t;
            ERR_TRY(type_expr(c, e, NULL, &t));
            if (t->type->family != FAMILY_TUPLE)
                return err_at(err_new(ERR_DATATYPE_MISMATCH,
                                      "expected %s to be of type tuple, found type %s",
                                      tc_text(c, exprs[i]), tc_name(c, t->type)), e->pos);
            if (t->type->n != width)
                return err_at(err_new(ERR_DATATYPE_MISMATCH,
                                      "expected tuple %s to have a length of %d",
                                      tc_text(c, exprs[i]), width), e->pos);
            continue;
        }
        if (e->tuple.exprs.count != width)
            return err_at(err_new(ERR_DATATYPE_MISMATCH,
                                  "expected tuple %s to have a length of %d", tc_text(c, exprs[i]),
                                  width), e->pos);
    }
    struct expr **rows = ARENA_ARRAY(c->arena, struct expr *, (size_t)n);
    for (int i = 0; i < n; i++) {
        const struct ast_expr *e = tc_strip(exprs[i]);
        if (e->kind == AST_EXPR_TUPLE)
            rows[i] = expr_new(c->arena, EXPR_TUPLE, NULL, e->pos, width);
        else
            ERR_TRY(type_expr(c, e, NULL, &rows[i]));
    }
    const struct type **contents = ARENA_ARRAY(c->arena, const struct type *, (size_t)width + 1);
    const struct ast_expr **col = ARENA_ARRAY(c->arena, const struct ast_expr *, (size_t)n);
    struct expr **out = ARENA_ARRAY(c->arena, struct expr *, (size_t)n);
    for (int f = 0; f < width; f++) {
        int m = 0;
        for (int i = 0; i < n; i++) {
            const struct ast_expr *e = tc_strip(exprs[i]);
            if (e->kind == AST_EXPR_TUPLE)
                col[m++] = e->tuple.exprs.items[f];
        }
        const struct type *want = desired != NULL && desired->family == FAMILY_TUPLE &&
                                          desired->n == width ? desired->contents[f] : NULL;
        struct error *e = tc_same(c, want, m, col, out, &contents[f]);
        if (e != NULL) {
            struct str s;
            str_init_arena(&s, c->arena, 64 << 10);
            for (int i = 0; i < n; i++)
                str_printf(&s, "%s%s", i > 0 ? ", " : "", tc_text(c, exprs[i]));
            if (tc_undecorated(e))
                return e;
            return err_wrap(e, "tuples %s are not the same type", str_cstr(&s));
        }
        m = 0;
        for (int i = 0; i < n; i++)
            if (tc_strip(exprs[i])->kind == AST_EXPR_TUPLE)
                rows[i]->args[f] = out[m++];
    }
    *type = type_tuple(c->arena, width, contents, NULL);
    for (int i = 0; i < n; i++) {
        if (tc_strip(exprs[i])->kind == AST_EXPR_TUPLE) {
            const struct type **own = ARENA_ARRAY(c->arena, const struct type *, (size_t)width + 1);
            for (int f = 0; f < width; f++)
                own[f] = rows[i]->args[f]->type;
            rows[i]->type = type_tuple(c->arena, width, own, NULL);
            rows[i] = expr_finish(c, rows[i], IMMUTABLE);
        }
        typed[i] = rows[i];
    }
    return NULL;
}

struct error *
tc_same(struct type_ctx *c, const struct type *desired, int n, const struct ast_expr *const *exprs,
        struct expr **typed, const struct type **type)
{
    *type = &TYPE_UNKNOWN;
    if (n == 0)
        return NULL;
    if (n == 1) {
        ERR_TRY(type_expr(c, exprs[0], desired, &typed[0]));
        *type = typed[0]->type;
        if (tc_unknown(typed[0]) && !tc_is_wild(desired))
            *type = desired;
        return NULL;
    }
    if (tc_strip(exprs[0])->kind == AST_EXPR_TUPLE)
        return same_tuples(c, desired, n, exprs, typed, type);

    struct same s = {.c = c, .n = n, .args = ARENA_ARRAY(c->arena, struct tc_arg, (size_t)n)};
    for (int i = 0; i < n; i++)
        s.args[i].ast = exprs[i];
    tc_split(c, s.args, n);
    for (int i = 0; i < n; i++) {
        s.n_const += s.args[i].kind == ARG_CONST;
        s.n_placeholder += s.args[i].kind == ARG_PLACEHOLDER;
        s.n_resolvable += s.args[i].kind == ARG_RESOLVABLE;
    }
    if (s.n_resolvable > 0) {
        ERR_TRY(resolvables(&s, desired, type));
    } else if (s.n_const > 0) {
        ERR_TRY(consts_and_placeholders(&s, desired, type));
    } else {
        if (tc_is_wild(desired))
            return tc_placeholder_error(tc_strip(exprs[0])->placeholder);
        ERR_TRY(same_placeholders(&s, desired));
        *type = desired;
    }
    for (int i = 0; i < n; i++)
        typed[i] = s.args[i].typed;
    tc_note_args(c, s.args, n);
    return NULL;
}
