/* planner/type_forms.c - CASE, COALESCE, IF, tuples, arrays, casts, subscripts, fields. */
#include "config.h"

#include "planner/type_int.h"
#include "types/collation.h"

/* NULLs among branches get the common type; all of them NULL: UNKNOWN stays. */
static void
settle_nulls(struct type_ctx *c, int n, struct expr **v, const struct type *t)
{
    if (t->family == FAMILY_UNKNOWN)
        return;
    for (int i = 0; i < n; i++)
        if (tc_unknown(v[i]))
            v[i] = v[i]->kind == EXPR_CONST ? expr_null(c->arena, t)
                                            : expr_make_cast(c, v[i], t, v[i]->position);
}

struct error *
type_case(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
          struct expr **out)
{
    const struct ast_case *k = e->case_;
    int n = k->count, n_values = n + (k->otherwise != NULL), base = k->operand != NULL;
    const struct ast_expr **list = ARENA_ARRAY(c->arena, const struct ast_expr *, (size_t)n + 2);
    struct expr **typed = ARENA_ARRAY(c->arena, struct expr *, (size_t)n + 2);
    struct expr *x = expr_new(c->arena, EXPR_CASE, NULL, e->pos, base + n + n_values);
    const struct type *t;
    x->has_operand = base;
    if (base) {
        list[0] = k->operand;
        for (int i = 0; i < n; i++)
            list[i + 1] = k->items[i].cond;
        ERR_TRY(tc_decorate(tc_same(c, NULL, n + 1, list, typed, &t),
                            "incompatible condition type:"));
        settle_nulls(c, n + 1, typed, t);
        x->args[0] = typed[0];
        for (int i = 0; i < n; i++)
            x->args[1 + 2 * i] = typed[i + 1];
    } else {
        for (int i = 0; i < n; i++)
            ERR_TRY(tc_require(c, k->items[i].cond, &TYPE_BOOL, "condition", &x->args[2 * i]));
    }
    for (int i = 0; i < n; i++)
        list[i] = k->items[i].value;
    if (k->otherwise != NULL)
        list[n] = k->otherwise;
    ERR_TRY(tc_decorate(tc_same(c, desired, n_values, list, typed, &t), "incompatible value type"));
    settle_nulls(c, n_values, typed, t);
    for (int i = 0; i < n; i++)
        x->args[base + 2 * i + 1] = typed[i];
    if (k->otherwise != NULL)
        x->args[base + 2 * n] = typed[n];
    x->type = t;
    *out = expr_finish(c, x, IMMUTABLE);
    return NULL;
}

static struct error *
branches(struct type_ctx *c, const struct ast_exprs *l, int from, int n, const struct type *desired,
         const char *prefix, struct expr **typed, const struct type **t)
{
    const struct ast_expr **list = ARENA_ARRAY(c->arena, const struct ast_expr *, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        list[i] = l->items[from + i];
    ERR_TRY(tc_decorate(tc_same(c, desired, n, list, typed, t), prefix));
    settle_nulls(c, n, typed, *t);
    return NULL;
}

struct error *
type_form(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
          struct expr **out)
{
    const struct ast_exprs *l = &e->call.args;
    const struct type *t;
    struct expr *x;
    switch (e->kind) {
    case AST_EXPR_COALESCE:
        x = expr_new(c->arena, EXPR_COALESCE, NULL, e->pos, l->count);
        ERR_TRY(branches(c, l, 0, l->count, desired,
                         e->call.ifnull ? "incompatible IFNULL expressions"
                                        : "incompatible COALESCE expressions", x->args, &t));
        break;
    case AST_EXPR_NULLIF:
        x = expr_new(c->arena, EXPR_NULLIF, NULL, e->pos, 2);
        ERR_TRY(branches(c, l, 0, 2, desired, "incompatible NULLIF expressions", x->args, &t));
        break;
    case AST_EXPR_IF:
        x = expr_new(c->arena, EXPR_IF, NULL, e->pos, 3);
        ERR_TRY(tc_require(c, l->items[0], &TYPE_BOOL, "IF condition", &x->args[0]));
        ERR_TRY(branches(c, l, 1, 2, desired, "incompatible IF expressions", x->args + 1, &t));
        break;
    case AST_EXPR_IFERROR:
        x = expr_new(c->arena, EXPR_IFERROR, NULL, e->pos, l->count);
        ERR_TRY(branches(c, l, 0, 2, desired, "incompatible IFERROR expressions", x->args, &t));
        x->has_operand = l->count > 2;
        if (l->count > 2)
            ERR_TRY(tc_require(c, l->items[2], &TYPE_STRING, "IFERROR", &x->args[2]));
        break;
    default: /* ISERROR */
        x = expr_new(c->arena, EXPR_IFERROR, NULL, e->pos, l->count);
        ERR_TRY(type_expr(c, l->items[0], NULL, &x->args[0]));
        x->negated = true;
        x->has_operand = l->count > 1;
        if (l->count > 1)
            ERR_TRY(tc_require(c, l->items[1], &TYPE_STRING, "ISERROR", &x->args[1]));
        t = &TYPE_BOOL;
    }
    x->type = t;
    *out = expr_finish(c, x, IMMUTABLE);
    return NULL;
}

struct error *
type_tuple_expr(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
                struct expr **out)
{
    int n = e->tuple.exprs.count;
    const struct type **t = ARENA_ARRAY(c->arena, const struct type *, (size_t)n + 1);
    const char **labels = NULL;
    if (e->tuple.labels != NULL && e->tuple.labels->count > 0) {
        const struct ast_names *l = e->tuple.labels;
        if (l->count != n)
            return err_at(err_new(ERR_SYNTAX,
                                  "mismatch in tuple definition: %d expressions, %d labels", n,
                                  l->count), e->pos);
        labels = ARENA_ARRAY(c->arena, const char *, (size_t)n + 1);
        for (int i = 0; i < n; i++) {
            labels[i] = slice_to_cstr(c->arena, l->items[i].text);
            for (int j = 0; j < i; j++)
                if (strcmp(labels[i], labels[j]) == 0)
                    return err_at(err_new(ERR_SYNTAX, "found duplicate tuple label: \"%s\"",
                                          labels[i]), e->pos);
        }
    }
    struct expr *x = expr_new(c->arena, EXPR_TUPLE, NULL, e->pos, n);
    for (int i = 0; i < n; i++) {
        const struct type *want = desired != NULL && desired->family == FAMILY_TUPLE &&
                                          desired->contents != NULL && i < desired->n
                                      ? desired->contents[i] : NULL;
        ERR_TRY(type_expr(c, e->tuple.exprs.items[i], want, &x->args[i]));
        t[i] = x->args[i]->type;
    }
    x->type = n == 0 ? &TYPE_EMPTY_TUPLE : type_tuple(c->arena, n, t, labels);
    *out = expr_finish(c, x, IMMUTABLE);
    return NULL;
}

struct error *
type_array_expr(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
                struct expr **out)
{
    int n = e->list.count;
    const struct type *want = desired != NULL && desired->family == FAMILY_ARRAY ? desired->elem
                                                                                 : NULL;
    struct expr *x = expr_new(c->arena, EXPR_ARRAY, NULL, e->pos, n);
    const struct type *t = want;
    if (n == 0) {
        if (tc_is_wild(want))
            return err_at(err_new(ERR_INDETERMINATE_DATATYPE,
                                  "cannot determine type of empty array. Consider annotating with "
                                  "the desired type, for example ARRAY[]:::int[]"), e->pos);
    } else {
        ERR_TRY(tc_same(c, want, n, (const struct ast_expr *const *)e->list.items, x->args, &t));
        if (t->family == FAMILY_ARRAY)
            return err_at(err_unimplemented(32552, "arrays cannot have arrays as element type"),
                          e->pos);
        if (t->family == FAMILY_JSON)
            return err_at(err_unimplemented(23468, "arrays of jsonb not allowed"), e->pos);
        settle_nulls(c, n, x->args, t);
    }
    x->type = type_array_of(c->arena, t);
    *out = expr_finish(c, x, IMMUTABLE);
    return NULL;
}

/* ---- casts ---- */

struct error *
type_cast_expr(struct type_ctx *c, const struct ast_expr *e, struct expr **out)
{
    const struct ast_expr *inner = e->cast.expr;
    const struct type *t, *desired = NULL;
    struct uconst k;
    struct expr *x;
    ERR_TRY(resolve_ast_type(c, e->cast.type, &t));
    if (uconst_fold(c, inner, &k)) {
        if (uconst_can_become(&k, t))
            desired = t;
        ERR_TRY(uconst_type(c, &k, desired, &x));
        if (c->notes != NULL)
            type_notes_put(c->notes, inner, x);
    } else {
        if (tc_is_open_placeholder(c, inner))
            desired = t;
        else if (tc_strip(inner)->kind == AST_EXPR_ARRAY && t->family == FAMILY_ARRAY &&
                 tc_strip(inner)->list.count == 0)
            desired = t; /* ARRAY[]::INT[] */
        ERR_TRY(type_expr(c, inner, desired, &x));
    }
    if (type_equal(x->type, t)) {
        *out = x;
        return NULL;
    }
    if (!tc_unknown(x) && !cast_exists(x->type, t))
        return err_at(err_new(ERR_CANNOT_COERCE, "invalid cast: %s -> %s", tc_name(c, x->type),
                              tc_name(c, t)), e->pos);
    *out = expr_make_cast(c, x, t, e->pos);
    return NULL;
}

/* ---- e[i], (e).a ---- */

static struct error *
type_subscript(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
               struct expr **out)
{
    const struct ast_subscript *s = e->subscript;
    if (s->items[0].slice)
        return err_at(err_unimplemented(32551, "ARRAY slicing in %s", tc_text(c, e)), e->pos);
    if (s->count > 1)
        return err_at(err_unimplemented(32552, "multidimensional indexing: %s", tc_text(c, e)),
                      e->pos);
    struct expr *x = expr_new(c->arena, EXPR_SUBSCRIPT, NULL, e->pos, 2);
    ERR_TRY(tc_require(c, s->items[0].begin, &TYPE_INT8, "ARRAY subscript", &x->args[1]));
    const struct type *want = tc_is_wild(desired) || desired->family == FAMILY_ARRAY
                                  ? NULL : type_array_of(c->arena, desired);
    ERR_TRY(type_expr(c, s->base, want != NULL ? want : &TYPE_ANY_ARRAY, &x->args[0]));
    const struct type *t = x->args[0]->type;
    if (t->family != FAMILY_ARRAY)
        return err_at(err_new(ERR_DATATYPE_MISMATCH,
                              "cannot subscript type %s because it is not an array", tc_name(c, t)),
                      e->pos);
    x->type = t->elem;
    *out = expr_finish(c, x, IMMUTABLE);
    return NULL;
}

static struct error *
type_field(struct type_ctx *c, const struct ast_expr *e, struct expr **out)
{
    struct expr *x = expr_new(c->arena, EXPR_FIELD, NULL, e->pos, 1);
    ERR_TRY(type_expr(c, e->field.expr, NULL, &x->args[0]));
    const struct type *t = x->args[0]->type;
    bool by_index = e->field.index > 0;
    if (t->family != FAMILY_TUPLE || (!by_index && !e->field.star && t->labels == NULL))
        return err_at(err_new(ERR_WRONG_OBJECT_TYPE, "type %s is not composite", tc_name(c, t)),
                      e->pos);
    if (e->field.star)
        return err_at(err_new(ERR_SYNTAX, "cannot use \"%s\" in this context", tc_text(c, e)),
                      e->pos);
    x->index = -1;
    if (by_index) {
        if (e->field.index > t->n)
            return err_at(err_new(ERR_SYNTAX, "tuple column %d does not exist", e->field.index),
                          e->pos);
        x->index = e->field.index - 1;
    } else {
        for (int i = 0; i < t->n; i++) {
            if (!slice_eq(slice_cstr(t->labels[i]), e->field.name))
                continue;
            if (x->index >= 0)
                return err_at(err_new(ERR_AMBIGUOUS_COLUMN, "column reference \"%s\" is ambiguous",
                                      t->labels[i]), e->pos);
            x->index = i;
        }
        if (x->index < 0)
            return err_at(err_new(ERR_DATATYPE_MISMATCH, "could not identify column \"%s\" in %s",
                                  slice_to_cstr(c->arena, e->field.name), tc_name(c, t)), e->pos);
    }
    x->type = t->contents[x->index];
    *out = expr_finish(c, x, IMMUTABLE);
    return NULL;
}

struct error *
type_access(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
            struct expr **out)
{
    return e->kind == AST_EXPR_SUBSCRIPT ? type_subscript(c, e, desired, out)
                                         : type_field(c, e, out);
}
