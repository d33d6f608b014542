/* planner/eval_expr.c - one row at a time: the meaning of every kind of expression. */
#include "config.h"

#include "planner/eval_int.h"
#include "planner/planner.h"

struct row_ctx {
    const struct eval_env *env;
    struct exec_state *st;
    const struct datum *row;
};

static struct error *eval(const struct row_ctx *x, const struct expr *e, struct datum *out);

/* Operators are symbols or upper-case words; functions are not. */
static bool
is_function(const struct overload *o)
{
    char c = o->name[0];
    return ((c >= 'a' && c <= 'z') || c == '_') &&
           strcmp(o->name, "crdb_internal.force_error") != 0; /* its error is the user's own */
}

struct error *
eval_call(const struct fn_call *call, const struct eval_env *env, const struct datum *args,
          struct datum *out)
{
    const struct overload *o = call->overload;
    if (!o->null_args)
        for (int i = 0; i < call->n_args; i++)
            if (args[i].null) {
                *out = DATUM_NULL;
                return NULL;
            }
    *out = (struct datum){.null = false};
    struct error *e = o->fn(env, call, args, out);
    if (e != NULL && is_function(o) && e->code != ERR_SERIALIZATION_FAILURE &&
        e->code != ERR_QUERY_CANCELED)
        return err_wrap(e, "%s()", o->name);
    return e;
}

static struct error *
eval_args(const struct row_ctx *x, const struct expr *e, int from, struct datum *v)
{
    for (int i = from; i < e->n_args; i++)
        ERR_TRY(eval(x, e->args[i], &v[i - from]));
    return NULL;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/sem/tree/eval.go: functions and operators look at what stands behind a
 * NULL no more; comparisons (LIKE, ~, @> ...) do. */
static bool
stops_at_null(const struct expr *e)
{
    return is_function(e->overload) || e->type->family != FAMILY_BOOL;
}

static struct error *
call_node(const struct row_ctx *x, const struct expr *e, struct datum *out)
{
    struct datum few[OVERLOAD_MAX_ARGS], *v = few;
    if (e->n_args > OVERLOAD_MAX_ARGS)
        v = ARENA_ARRAY(x->env->arena, struct datum, (size_t)e->n_args);
    if (e->overload->fn == NULL)
        return err_new(ERR_INTERNAL, "%s() cannot be evaluated here", e->overload->name);
    bool stops = !e->overload->null_args && stops_at_null(e);
    for (int i = 0; i < e->n_args; i++) {
        ERR_TRY(eval(x, e->args[i], &v[i]));
        if (stops && v[i].null) {
            *out = DATUM_NULL;
            return NULL;
        }
    }
    return eval_call(&e->call, x->env, v, out);
}

static struct error *
and_or(const struct row_ctx *x, const struct expr *e, bool is_or, struct datum *out)
{
    struct datum l, r;
    ERR_TRY(eval(x, e->args[0], &l));
    if (!l.null && (l.i != 0) == is_or) {
        *out = datum_bool(is_or);
        return NULL;
    }
    ERR_TRY(eval(x, e->args[1], &r));
    if (!r.null && (r.i != 0) == is_or)
        *out = datum_bool(is_or);
    else
        *out = l.null || r.null ? DATUM_NULL : datum_bool(!is_or);
    return NULL;
}

static struct error *
quantified(const struct row_ctx *x, const struct expr *e, bool all, struct datum *out)
{
    struct datum l, r, d;
    ERR_TRY(eval(x, e->args[0], &l));
    ERR_TRY(eval(x, e->args[1], &r));
    if (l.null || r.null) {
        *out = DATUM_NULL;
        return NULL;
    }
    const struct type *rt = e->args[1]->type;
    bool tuple = rt->family == FAMILY_TUPLE, null = false;
    int n = tuple ? (int)r.len : r.arr->n;
    for (int i = 0; i < n; i++) {
        const struct datum *elem = tuple ? &r.tup[i] : &r.arr->v[i];
        if (elem->null) {
            null = true;
            continue;
        }
        ERR_TRY(expr_compare_pair(e, x->env, e->args[0]->type, &l, tuple ? rt->contents[i] : rt->elem,
                                  elem, &d));
        if (d.null) {
            null = true;
        } else if ((d.i != 0) != all) {
            *out = datum_bool(!all);
            return NULL;
        }
    }
    *out = null ? DATUM_NULL : datum_bool(all);
    return NULL;
}

static struct error *
case_node(const struct row_ctx *x, const struct expr *e, struct datum *out)
{
    struct datum op, d;
    int i = 0;
    if (e->has_operand)
        ERR_TRY(eval(x, e->args[i++], &op));
    for (; i + 1 < e->n_args; i += 2) {
        ERR_TRY(eval(x, e->args[i], &d));
        if (e->has_operand) {
            struct datum when = d;
            eval_compare(CMP_EQ, e->args[0]->type, &op, e->args[i]->type, &when, x->env, &d);
        }
        if (!d.null && d.i)
            return eval(x, e->args[i + 1], out);
    }
    if (i < e->n_args)
        return eval(x, e->args[i], out);
    *out = DATUM_NULL;
    return NULL;
}

/* IFERROR(e, alt [, code]), ISERROR(e [, code]) */
static struct error *
iferror(const struct row_ctx *x, const struct expr *e, struct datum *out)
{
    struct datum want;
    struct error *err = eval(x, e->args[0], out);
    if (err == NULL) {
        if (e->negated)
            *out = datum_bool(false);
        return NULL;
    }
    if (err->code == ERR_SERIALIZATION_FAILURE || err->code == ERR_QUERY_CANCELED ||
        err->code == ERR_OUT_OF_MEMORY)
        return err;
    if (e->has_operand) {
        struct error *e2 = eval(x, e->args[e->n_args - 1], &want);
        if (e2 != NULL) {
            err_free(err);
            return e2;
        }
        if (want.null || want.len != strlen(err->sqlstate) ||
            memcmp(want.ptr, err->sqlstate, want.len) != 0)
            return err;
    }
    err_free(err);
    if (e->negated) {
        *out = datum_bool(true);
        return NULL;
    }
    return eval(x, e->args[1], out);
}

static struct error *
array_node(const struct row_ctx *x, const struct expr *e, struct datum *out)
{
    struct array *a = ARENA_NEW(x->env->arena, struct array);
    struct datum *v = ARENA_ARRAY(x->env->arena, struct datum, (size_t)e->n_args + 1);
    ERR_TRY(eval_args(x, e, 0, v));
    a->n = e->n_args;
    a->elem = e->type->elem;
    a->v = v;
    *out = (struct datum){.arr = a};
    return NULL;
}

static struct error *
tuple_node(const struct row_ctx *x, const struct expr *e, struct datum *out)
{
    struct datum *v = ARENA_ARRAY(x->env->arena, struct datum, (size_t)e->n_args + 1);
    ERR_TRY(eval_args(x, e, 0, v));
    *out = (struct datum){.tup = v, .len = (uint32_t)e->n_args};
    return NULL;
}

static struct error *
subscript(const struct row_ctx *x, const struct expr *e, struct datum *out)
{
    struct datum a, i;
    ERR_TRY(eval(x, e->args[0], &a));
    ERR_TRY(eval(x, e->args[1], &i));
    *out = DATUM_NULL;
    if (a.null || i.null)
        return NULL;
    uint32_t oid = e->args[0]->type->oid;
    bool zero = oid == TYPE_INT2VECTOR.oid || oid == TYPE_OIDVECTOR.oid;
    int64_t at = zero ? i.i : i.i - (i.i != INT64_MIN);
    if (i.i != INT64_MIN && at >= 0 && at < a.arr->n)
        *out = a.arr->v[at];
    return NULL;
}

static struct error *
in_node(const struct row_ctx *x, const struct expr *e, struct datum *out)
{
    struct datum left, *list = NULL;
    ERR_TRY(eval(x, e->args[0], &left));
    if (e->set == NULL && !left.null) {
        list = ARENA_ARRAY(x->env->arena, struct datum, (size_t)e->n_args);
        for (int i = 1; i < e->n_args; i++)
            if (e->args[i]->kind != EXPR_CONST)
                ERR_TRY(eval(x, e->args[i], &list[i - 1]));
    }
    return eval_in(e, x->env, &left, list, out);
}

static struct error *
pair_node(const struct row_ctx *x, const struct expr *e, struct datum *out)
{
    struct datum l, r, d;
    const struct type *lt = e->args[0]->type, *rt = e->args[1]->type;
    ERR_TRY(eval(x, e->args[0], &l));
    if (e->kind == EXPR_COMPARE && l.null) {
        *out = DATUM_NULL;
        /* the other side may still fail: v20.1 evaluates both */
    }
    ERR_TRY(eval(x, e->args[1], &r));
    switch (e->kind) {
    case EXPR_COMPARE:
        eval_compare(e->cmp, lt, &l, rt, &r, x->env, out);
        return NULL;
    case EXPR_IS_DISTINCT:
        *out = datum_bool(eval_not_distinct(lt, &l, rt, &r, x->env) == e->negated);
        return NULL;
    default: /* NULLIF */
        eval_compare(CMP_EQ, lt, &l, rt, &r, x->env, &d);
        *out = !d.null && d.i ? DATUM_NULL : l;
        return NULL;
    }
}

static struct error *
leaf(const struct row_ctx *x, const struct expr *e, struct datum *out)
{
    switch (e->kind) {
    case EXPR_CONST:
        *out = e->value;
        return NULL;
    case EXPR_COLUMN:
        if (x->row == NULL)
            return err_new(ERR_INTERNAL, "column %d without a row", e->index);
        *out = x->row[e->index];
        return NULL;
    case EXPR_OUTER:
        if (e->depth != 0 || x->st == NULL || x->st->outer == NULL)
            return err_new(ERR_INTERNAL, "outer column %d (depth %d) is not bound", e->index,
                           e->depth);
        *out = x->st->outer->row[e->index];
        return NULL;
    case EXPR_PLACEHOLDER:
        if (e->index >= x->env->n_placeholders)
            return err_new(ERR_UNDEFINED_PARAMETER, "no value provided for placeholder: $%d",
                           e->index + 1);
        *out = x->env->placeholders[e->index];
        return NULL;
    case EXPR_SUBQUERY:
        if (x->st == NULL || x->st->subquery == NULL)
            return err_new(ERR_INTERNAL, "subquery without an executor");
        return x->st->subquery(x->st, e, x->env, x->row, out);
    default:
        return err_new(ERR_INTERNAL, "expression of kind %d cannot be evaluated", (int)e->kind);
    }
}

static struct error *
eval(const struct row_ctx *x, const struct expr *e, struct datum *out)
{
    struct datum d;
    switch (e->kind) {
    case EXPR_CALL: return call_node(x, e, out);
    case EXPR_AND: return and_or(x, e, false, out);
    case EXPR_OR: return and_or(x, e, true, out);
    case EXPR_COMPARE:
    case EXPR_IS_DISTINCT:
    case EXPR_NULLIF: return pair_node(x, e, out);
    case EXPR_IN: return in_node(x, e, out);
    case EXPR_ANY: return quantified(x, e, false, out);
    case EXPR_ALL: return quantified(x, e, true, out);
    case EXPR_CASE: return case_node(x, e, out);
    case EXPR_IFERROR: return iferror(x, e, out);
    case EXPR_ARRAY: return array_node(x, e, out);
    case EXPR_TUPLE: return tuple_node(x, e, out);
    case EXPR_SUBSCRIPT: return subscript(x, e, out);
    case EXPR_CAST:
        ERR_TRY(eval(x, e->args[0], &d));
        if (d.null) {
            *out = DATUM_NULL;
            return NULL;
        }
        return datum_cast(x->env, e->args[0]->type, &d, e->type, out);
    case EXPR_NOT:
        ERR_TRY(eval(x, e->args[0], &d));
        *out = d.null ? DATUM_NULL : datum_bool(!d.i);
        return NULL;
    case EXPR_IS_NULL:
        ERR_TRY(eval(x, e->args[0], &d));
        *out = datum_bool(d.null != e->negated);
        return NULL;
    case EXPR_COALESCE:
        *out = DATUM_NULL;
        for (int i = 0; i < e->n_args; i++) {
            ERR_TRY(eval(x, e->args[i], out));
            if (!out->null)
                return NULL;
        }
        return NULL;
    case EXPR_IF:
        ERR_TRY(eval(x, e->args[0], &d));
        return eval(x, e->args[!d.null && d.i ? 1 : 2], out);
    case EXPR_FIELD:
        ERR_TRY(eval(x, e->args[0], &d));
        *out = d.null ? DATUM_NULL : d.tup[e->index];
        return NULL;
    case EXPR_COLLATE:
        return eval(x, e->args[0], out);
    default:
        return leaf(x, e, out);
    }
}

struct error *
expr_eval(const struct expr *e, const struct eval_env *env, struct exec_state *st,
          const struct datum *row, struct datum *out)
{
    struct row_ctx x = {env, st, row};
    return eval(&x, e, out);
}
