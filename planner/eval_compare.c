/* planner/eval_compare.c - comparing values: NULLs, tuples, IN lists, ANY and ALL. */
#include "config.h"

#include "base/hash.h"
#include "planner/eval_int.h"
#include "planner/type_int.h"

int
eval_order(const struct type *lt, const struct datum *l, const struct type *rt,
           const struct datum *r, const struct eval_env *env)
{
    if (eval_is_i64(lt) && (lt->family == rt->family ||
                            (lt->family == FAMILY_INT && rt->family == FAMILY_OID) ||
                            (lt->family == FAMILY_OID && rt->family == FAMILY_INT)))
        return (l->i > r->i) - (l->i < r->i);
    if (eval_is_text(lt) && lt->family == rt->family) {
        int c = slice_cmp(datum_slice(l), datum_slice(r));
        return (c > 0) - (c < 0);
    }
    if (lt->family == rt->family)
        return datum_compare(lt, l, r);
    return datum_compare_mixed(lt, l, rt, r, env);
}

static void
compare_tuples(enum compare_op op, const struct type *lt, const struct datum *l,
               const struct type *rt, const struct datum *r, const struct eval_env *env,
               struct datum *out)
{
    bool saw_null = false;
    int c = 0;
    int n = lt->n < rt->n ? lt->n : rt->n;
    enum compare_op eq = op == CMP_NE ? CMP_EQ : op;
    for (int i = 0; i < n && c == 0; i++) {
        const struct datum *x = &l->tup[i], *y = &r->tup[i];
        const struct type *xt = lt->contents[i], *yt = rt->contents[i];
        if (x->null || y->null) {
            if (eq != CMP_EQ) {
                *out = DATUM_NULL;
                return;
            }
            saw_null = true;
            continue;
        }
        if (xt->family == FAMILY_TUPLE && yt->family == FAMILY_TUPLE) {
            struct datum d;
            compare_tuples(CMP_EQ, xt, x, yt, y, env, &d);
            if (d.null) {
                if (eq != CMP_EQ) {
                    *out = DATUM_NULL;
                    return;
                }
                saw_null = true;
            } else if (!d.i) {
                compare_tuples(CMP_LT, xt, x, yt, y, env, &d);
                c = d.null || d.i ? -1 : 1;
            }
            continue;
        }
        c = eval_order(xt, x, yt, y, env);
    }
    if (c == 0 && lt->n != rt->n)
        c = lt->n < rt->n ? -1 : 1;
    bool b = eval_cmp_holds(eq, c);
    if (b && saw_null) {
        *out = DATUM_NULL;
        return;
    }
    *out = datum_bool(op == CMP_NE ? !b : b);
}

void
eval_compare(enum compare_op op, const struct type *lt, const struct datum *l,
             const struct type *rt, const struct datum *r, const struct eval_env *env,
             struct datum *out)
{
    if (l->null || r->null)
        *out = DATUM_NULL;
    else if (lt->family == FAMILY_TUPLE && rt->family == FAMILY_TUPLE)
        compare_tuples(op, lt, l, rt, r, env, out);
    else
        *out = datum_bool(eval_cmp_holds(op, eval_order(lt, l, rt, r, env)));
}

bool
eval_not_distinct(const struct type *lt, const struct datum *l, const struct type *rt,
                  const struct datum *r, const struct eval_env *env)
{
    if (l->null || r->null)
        return l->null && r->null;
    if (lt->family != FAMILY_TUPLE || rt->family != FAMILY_TUPLE)
        return eval_order(lt, l, rt, r, env) == 0;
    if (lt->n != rt->n)
        return false;
    for (int i = 0; i < lt->n; i++)
        if (!eval_not_distinct(lt->contents[i], &l->tup[i], rt->contents[i], &r->tup[i], env))
            return false;
    return true;
}

struct error *
expr_compare_pair(const struct expr *e, const struct eval_env *env, const struct type *left_type,
                  const struct datum *left, const struct type *right_type,
                  const struct datum *right, struct datum *out)
{
    if (e->overload != NULL) {
        bool swap = e->depth != 0;
        struct datum pair[2] = {swap ? *right : *left, swap ? *left : *right};
        ERR_TRY(eval_call(&e->call, env, pair, out));
    } else {
        eval_compare(e->cmp, left_type, left, right_type, right, env, out);
    }
    if (e->has_operand && !out->null)
        out->i = !out->i;
    return NULL;
}

/* ---- constant sets ---- */

struct in_set {
    const struct type *type;
    bool has_null;
    size_t n, mask;
    const struct datum **slots; /* mask + 1; NULL empty */
};

static bool
has_null_field(const struct type *t, const struct datum *d)
{
    if (d->null)
        return true;
    if (t->family != FAMILY_TUPLE)
        return false;
    for (int i = 0; i < t->n; i++)
        if (has_null_field(t->contents[i], &d->tup[i]))
            return true;
    return false;
}

/* One hash for all types that meet in a list: they are of one family, but tuples' may mix. */
static bool
same_kinds(const struct type *a, const struct type *b)
{
    if (a->family != b->family)
        return false;
    if (a->family != FAMILY_TUPLE)
        return true;
    if (a->n != b->n)
        return false;
    for (int i = 0; i < a->n; i++)
        if (!same_kinds(a->contents[i], b->contents[i]))
            return false;
    return true;
}

#define IN_SET_MIN 5

struct in_set *
in_set_build(struct arena *a, const struct expr *in)
{
    int n = in->n_args - 1;
    const struct type *t = in->args[0]->type;
    if (n < IN_SET_MIN)
        return NULL;
    bool has_null = false;
    for (int i = 1; i <= n; i++) {
        const struct expr *k = in->args[i];
        if (k->kind != EXPR_CONST)
            return NULL;
        if (k->value.null) {
            has_null = true;
            continue;
        }
        if (!same_kinds(t, k->type) || has_null_field(k->type, &k->value))
            return NULL;
    }
    struct in_set *s = ARENA_NEW(a, struct in_set);
    s->type = t;
    s->has_null = has_null;
    for (s->mask = 15; s->mask < (size_t)n * 2; s->mask = s->mask * 2 + 1) {
    }
    s->slots = ARENA_ARRAY(a, const struct datum *, s->mask + 1);
    for (int i = 1; i <= n; i++) {
        const struct datum *d = &in->args[i]->value;
        if (d->null || in_set_has(s, t, d))
            continue;
        size_t j = datum_hash(t, d, 0) & s->mask;
        while (s->slots[j] != NULL)
            j = (j + 1) & s->mask;
        s->slots[j] = d;
        s->n++;
    }
    return s;
}

bool
in_set_has(const struct in_set *s, const struct type *t, const struct datum *d)
{
    for (size_t j = datum_hash(t, d, 0) & s->mask; s->slots[j] != NULL; j = (j + 1) & s->mask)
        if (datum_equal(t, s->slots[j], d))
            return true;
    return false;
}

bool
in_set_has_null(const struct in_set *s)
{
    return s->has_null;
}

/* list: the values of args[1..]; not looked at when there is a set that can tell. */
struct error *
eval_in(const struct expr *e, const struct eval_env *env, const struct datum *left,
        const struct datum *list, struct datum *out)
{
    const struct type *lt = e->args[0]->type;
    const struct in_set *s = e->set;
    bool found = false, null = false;
    if (left->null) {
        *out = DATUM_NULL;
        return NULL;
    }
    if (s != NULL && !has_null_field(lt, left)) {
        found = in_set_has(s, lt, left);
        null = s->has_null;
    } else {
        for (int i = 1; i < e->n_args && !found; i++) {
            const struct datum *r = e->args[i]->kind == EXPR_CONST ? &e->args[i]->value
                                                                   : &list[i - 1];
            struct datum d;
            eval_compare(CMP_EQ, lt, left, e->args[i]->type, r, env, &d);
            null |= d.null;
            found = !d.null && d.i;
        }
    }
    *out = !found && null ? DATUM_NULL : datum_bool(found != e->negated);
    return NULL;
}
