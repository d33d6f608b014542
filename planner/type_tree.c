/* planner/type_tree.c - making, walking, copying and comparing typed expressions. */
#include "config.h"

#include "planner/aggregate.h"
#include "planner/batch.h"
#include "planner/type_int.h"

struct expr *
expr_new(struct arena *a, enum expr_kind kind, const struct type *t, int pos, int n_args)
{
    struct expr *e = ARENA_NEW(a, struct expr);
    e->kind = kind;
    e->type = t;
    e->position = pos;
    e->n_args = n_args;
    if (n_args > 0)
        e->args = ARENA_ARRAY(a, struct expr *, (size_t)n_args);
    return e;
}

struct expr *
expr_const(struct arena *a, const struct type *t, struct datum d)
{
    struct expr *e = expr_new(a, EXPR_CONST, t, 0, 0);
    e->value = d;
    return e;
}

struct expr *
expr_null(struct arena *a, const struct type *t)
{
    return expr_const(a, t, DATUM_NULL);
}

struct expr *
expr_column(struct arena *a, const struct type *t, int index)
{
    struct expr *e = expr_new(a, EXPR_COLUMN, t, 0, 0);
    e->index = index;
    return e;
}

bool
expr_is_const(const struct expr *e)
{
    return e->kind == EXPR_CONST;
}

struct eval_env
tc_env(struct type_ctx *c)
{
    struct eval_env env = {.default_int_size = 8};
    if (c->env != NULL)
        env = *c->env;
    env.arena = c->arena;
    return env;
}

static bool
foldable(const struct expr *e)
{
    switch (e->kind) {
    case EXPR_CONST: case EXPR_COLUMN: case EXPR_OUTER: case EXPR_PLACEHOLDER: case EXPR_SUBQUERY:
    case EXPR_AGGREGATE: case EXPR_WINDOW: case EXPR_GENERATOR: case EXPR_DEFAULT:
        return false;
    case EXPR_CALL:
        if (e->overload->is_generator || e->overload->fn == NULL)
            return false;
        break;
    default:
        break;
    }
    for (int i = 0; i < e->n_args; i++)
        if (e->args[i]->kind != EXPR_CONST)
            return false;
    return true;
}

/* An operator beside a constant NULL, whatever the other side is.
 * SOURCE: CockroachDB v20.1 pkg/sql/opt/norm/rules/fold_constants.opt, FoldNullBinaryLeft and its kin. */
static bool
null_operand(const struct expr *e)
{
    bool operator = e->kind == EXPR_COMPARE ||
                    (e->kind == EXPR_CALL && !e->overload->null_args && e->overload->name[0] != '\0' &&
                     strchr("+-*/%^&|#<>~@?", e->overload->name[0]) != NULL);
    if (!operator || e->n_args != 2)
        return false;
    for (int i = 0; i < 2; i++)
        if (e->args[i]->kind == EXPR_CONST && e->args[i]->value.null)
            return true;
    return false;
}

struct expr *
expr_finish(struct type_ctx *c, struct expr *e, enum volatility own)
{
    e->volatility = own;
    for (int i = 0; i < e->n_args; i++)
        if (e->args[i]->volatility > e->volatility)
            e->volatility = e->args[i]->volatility;
    if (e->kind == EXPR_IN && e->set == NULL)
        e->set = in_set_build(c->arena, e);
    if (null_operand(e)) {
        struct expr *null = expr_const(c->arena, e->type, DATUM_NULL);
        null->position = e->position;
        return null;
    }
    if (e->volatility != IMMUTABLE || !foldable(e))
        return e;
    struct eval_env env = tc_env(c);
    struct datum d;
    struct error *err = expr_eval(e, &env, NULL, NULL, &d);
    if (err != NULL) { /* it fails when it is run, if it is */
        err_free(err);
        return e;
    }
    struct expr *k = expr_const(c->arena, e->type, d);
    k->position = e->position;
    return k;
}

struct expr *
expr_make_call(struct type_ctx *c, const struct overload *o, int pos, int n,
               struct expr *const *args)
{
    const struct type **types = ARENA_ARRAY(c->arena, const struct type *, (size_t)n + 1);
    struct expr *e = expr_new(c->arena, EXPR_CALL, NULL, pos, n);
    for (int i = 0; i < n; i++) {
        e->args[i] = args[i];
        types[i] = args[i]->type;
    }
    e->overload = o;
    e->type = o->ret_fn != NULL ? o->ret_fn(c->arena, n, types) : o->ret;
    if (e->type == NULL)
        e->type = &TYPE_UNKNOWN;
    e->call = (struct fn_call){.overload = o, .n_args = n, .arg_types = types, .type = e->type};
    return expr_finish(c, e, o->volatility);
}

static enum volatility
cast_volatility(const struct type *from, const struct type *to)
{
    enum type_family f = from->family, t = to->family;
    if (f == FAMILY_ARRAY && from->elem != NULL)
        f = from->elem->family;
    if (t == FAMILY_ARRAY && to->elem != NULL)
        t = to->elem->family;
    if (f == t && f != FAMILY_OID)
        return IMMUTABLE;
    if (f == FAMILY_OID || t == FAMILY_OID || f == FAMILY_TIMESTAMPTZ || t == FAMILY_TIMESTAMPTZ ||
        f == FAMILY_TIMETZ || t == FAMILY_TIMETZ)
        return STABLE;
    bool to_text = t == FAMILY_STRING || t == FAMILY_COLLATED_STRING;
    if (to_text && (f == FAMILY_FLOAT || f == FAMILY_BYTES || f == FAMILY_TUPLE))
        return STABLE;
    bool from_text = f == FAMILY_STRING || f == FAMILY_COLLATED_STRING;
    if (from_text && (t == FAMILY_TIMESTAMP || t == FAMILY_DATE || t == FAMILY_TIME))
        return STABLE; /* 'now', 'today' */
    return IMMUTABLE;
}

struct expr *
expr_make_cast(struct type_ctx *c, struct expr *e, const struct type *t, int pos)
{
    if (type_equal(e->type, t))
        return e;
    if (e->kind == EXPR_CONST && e->value.null) {
        struct expr *k = expr_null(c->arena, t);
        k->position = pos;
        return k;
    }
    struct expr *x = expr_new(c->arena, EXPR_CAST, t, pos, 1);
    x->args[0] = e;
    return expr_finish(c, x, cast_volatility(e->type, t));
}

struct error *
expr_cast(struct type_ctx *c, struct expr *e, const struct type *t, struct expr **out)
{
    if (!tc_unknown(e) && !type_equal(e->type, t) && !cast_exists(e->type, t))
        return err_new(ERR_CANNOT_COERCE, "invalid cast: %s -> %s", tc_name(c, e->type),
                       tc_name(c, t));
    *out = expr_make_cast(c, e, t, e->position);
    return NULL;
}

struct expr *
expr_make_not(struct type_ctx *c, struct expr *e)
{
    struct expr *x = expr_new(c->arena, EXPR_NOT, &TYPE_BOOL, e->position, 1);
    x->args[0] = e;
    return expr_finish(c, x, IMMUTABLE);
}

/* Beside a constant: that alone in x OR true, even if x is an error; x in x OR false. NULL: no constant. */
static struct expr *
one_side(enum expr_kind kind, struct expr *constant, struct expr *other)
{
    if (constant->kind != EXPR_CONST || constant->value.null || constant->type->family != FAMILY_BOOL ||
        other->type->family != FAMILY_BOOL)
        return NULL;
    return (constant->value.i != 0) == (kind == EXPR_OR) ? constant : other;
}

struct expr *
expr_make_bool(struct type_ctx *c, enum expr_kind kind, struct expr *l, struct expr *r)
{
    struct expr *one = one_side(kind, l, r);
    if (one == NULL)
        one = one_side(kind, r, l);
    if (one != NULL)
        return one;
    struct expr *x = expr_new(c->arena, kind, &TYPE_BOOL, l->position, 2);
    x->args[0] = l;
    x->args[1] = r;
    return expr_finish(c, x, IMMUTABLE);
}

/* ---- equality ---- */

static bool
same_subquery(const struct subquery *a, const struct subquery *b)
{
    return a == b; /* two plans are never compared */
}

bool
expr_equal(const struct expr *a, const struct expr *b)
{
    if (a == b)
        return true;
    if (a == NULL || b == NULL || a->kind != b->kind || a->n_args != b->n_args ||
        a->negated != b->negated || a->has_operand != b->has_operand || a->cmp != b->cmp ||
        a->index != b->index || a->depth != b->depth || a->overload != b->overload ||
        !type_equal(a->type, b->type))
        return false;
    switch (a->kind) {
    case EXPR_CONST:
        if (a->value.null || b->value.null)
            return a->value.null == b->value.null;
        if (!datum_equal(a->type, &a->value, &b->value))
            return false;
        return a->type->family != FAMILY_DECIMAL ||
               a->value.dec->exponent == b->value.dec->exponent;
    case EXPR_SUBQUERY:
        return same_subquery(a->subquery, b->subquery);
    case EXPR_COLLATE:
        if (strcmp(a->locale, b->locale) != 0)
            return false;
        break;
    case EXPR_CALL:
        if (a->volatility == VOLATILE && a->overload->volatility == VOLATILE)
            return false;
        break;
    default:
        break;
    }
    for (int i = 0; i < a->n_args; i++)
        if (!expr_equal(a->args[i], b->args[i]))
            return false;
    return true;
}

/* ---- walking and copying ---- */

void
expr_walk(const struct expr *e, void (*fn)(void *arg, const struct expr *e), void *arg)
{
    if (e == NULL)
        return;
    fn(arg, e);
    for (int i = 0; i < e->n_args; i++)
        expr_walk(e->args[i], fn, arg);
}

struct expr *
expr_remap(struct arena *a, const struct expr *e, const int *map)
{
    struct expr *x = arena_memdup(a, e, sizeof(*e));
    if (e->kind == EXPR_COLUMN)
        x->index = map[e->index];
    if (e->n_args > 0) {
        x->args = ARENA_ARRAY(a, struct expr *, (size_t)e->n_args);
        for (int i = 0; i < e->n_args; i++)
            x->args[i] = expr_remap(a, e->args[i], map);
    }
    if (e->kind == EXPR_SUBQUERY && e->subquery->n_params > 0) {
        /* the parameters are also the last args */
        struct subquery *s = arena_memdup(a, e->subquery, sizeof(*s));
        s->params = x->args + (x->n_args - s->n_params);
        x->subquery = s;
    }
    return x;
}

/* ---- notes ---- */

struct type_notes {
    struct arena *arena;
    size_t n, cap; /* cap: a power of two */
    const struct ast_expr **keys;
    struct expr **values;
};

struct type_notes *
type_notes_new(struct arena *a)
{
    struct type_notes *n = ARENA_NEW(a, struct type_notes);
    n->arena = a;
    n->cap = 64;
    n->keys = ARENA_ARRAY(a, const struct ast_expr *, n->cap);
    n->values = ARENA_ARRAY(a, struct expr *, n->cap);
    return n;
}

static size_t
note_slot(const struct type_notes *n, const struct ast_expr *ast)
{
    size_t i = ((uintptr_t)ast >> 4) * 0x9e3779b97f4a7c15ull >> 20;
    for (i &= n->cap - 1; n->keys[i] != NULL && n->keys[i] != ast;)
        i = (i + 1) & (n->cap - 1);
    return i;
}

void
type_notes_put(struct type_notes *n, const struct ast_expr *ast, struct expr *e)
{
    if (n->n * 2 >= n->cap) {
        struct type_notes old = *n;
        n->cap *= 2;
        n->keys = ARENA_ARRAY(n->arena, const struct ast_expr *, n->cap);
        n->values = ARENA_ARRAY(n->arena, struct expr *, n->cap);
        for (size_t i = 0; i < old.cap; i++)
            if (old.keys[i] != NULL) {
                size_t j = note_slot(n, old.keys[i]);
                n->keys[j] = old.keys[i];
                n->values[j] = old.values[i];
            }
    }
    size_t i = note_slot(n, ast);
    n->n += n->keys[i] == NULL;
    n->keys[i] = ast;
    n->values[i] = e;
}

struct expr *
type_notes_get(const struct type_notes *n, const struct ast_expr *ast)
{
    return n->values[note_slot(n, ast)];
}
