/* planner/aggregates_sum.c - count, sum, sum_int, avg. */
#include "config.h"

#include "planner/aggregates_int.h"
#include "planner/type_int.h"

/* ---- decimals that are kept ---- */

void
agg_decimal_set(const struct agg_ctx *x, struct agg_decimal *s, const struct decimal *d)
{
    if (s->d == NULL || s->cap < d->n) {
        s->cap = d->n < 2 ? 4 : d->n * 2;
        s->d = arena_alloc(x->arena, sizeof(*d) + s->cap * sizeof(uint64_t));
    }
    memcpy(s->d, d, sizeof(*d) + d->n * sizeof(uint64_t));
}

struct error *
agg_decimal_add(const struct agg_ctx *x, struct agg_decimal *s, const struct decimal *d)
{
    const struct decimal *sum = d;
    if (s->d != NULL)
        ERR_TRY(decimal_add(x->env->arena, s->d, d, &sum));
    agg_decimal_set(x, s, sum);
    return NULL;
}

const struct decimal *
agg_to_decimal(struct arena *a, const struct type *t, const struct datum *d)
{
    return t->family == FAMILY_DECIMAL ? d->dec : decimal_from_i64(a, d->i);
}

/* ---- count ---- */

struct error *
agg_count_star_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
                   const struct datum *args)
{
    (void)x, (void)c, (void)args;
    ++*(int64_t *)state;
    return NULL;
}

struct error *
agg_count_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
              const struct datum *args)
{
    return agg_count_star_add(x, c, state, args);
}

bool
agg_count_remove(const struct agg_ctx *x, const struct agg_call *c, void *state, const struct datum *args)
{
    (void)x, (void)c, (void)args;
    --*(int64_t *)state;
    return true;
}

struct error *
agg_count_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                 struct datum *out)
{
    (void)x, (void)c;
    *out = datum_int(*(const int64_t *)state);
    return NULL;
}

struct error *
agg_count_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                 struct datum *out)
{
    return agg_count_result(x, c, state, out);
}

struct error *
agg_count_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
                const struct datum *in)
{
    (void)x, (void)c;
    *(int64_t *)state += in[0].i;
    return NULL;
}

void
agg_count_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    (void)a, (void)c;
    out[0] = &TYPE_INT8;
}

/* ---- sum_int ---- */

struct sum_int {
    int64_t sum, count;
};

struct error *
agg_sum_int_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
                const struct datum *args)
{
    (void)x, (void)c;
    struct sum_int *s = state;
    if (__builtin_add_overflow(s->sum, args[0].i, &s->sum))
        return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    s->count++;
    return NULL;
}

bool
agg_sum_int_remove(const struct agg_ctx *x, const struct agg_call *c, void *state,
                   const struct datum *args)
{
    (void)x, (void)c;
    struct sum_int *s = state;
    s->count--;
    return !__builtin_sub_overflow(s->sum, args[0].i, &s->sum);
}

struct error *
agg_sum_int_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                   struct datum *out)
{
    (void)x, (void)c;
    const struct sum_int *s = state;
    *out = s->count > 0 ? datum_int(s->sum) : DATUM_NULL;
    return NULL;
}

struct error *
agg_sum_int_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                   struct datum *out)
{
    return agg_sum_int_result(x, c, state, out);
}

struct error *
agg_sum_int_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
                  const struct datum *in)
{
    return in[0].null ? NULL : agg_sum_int_add(x, c, state, in);
}

void
agg_sum_int_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    (void)a, (void)c;
    out[0] = &TYPE_INT8;
}

/* ---- sum and avg of INT and DECIMAL ---- */

struct sum {
    struct agg_decimal big;
    int64_t small;   /* INT arguments, until it overflows into big */
    int64_t count;
};

static struct error *
sum_flush(const struct agg_ctx *x, struct sum *s)
{
    const struct decimal *d = decimal_from_i64(x->env->arena, s->small);
    s->small = 0;
    return agg_decimal_add(x, &s->big, d);
}

struct error *
agg_sum_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
            const struct datum *args)
{
    struct sum *s = state;
    s->count++;
    if (c->arg_types[0]->family == FAMILY_DECIMAL)
        return agg_decimal_add(x, &s->big, args[0].dec);
    int64_t sum;
    if (__builtin_add_overflow(s->small, args[0].i, &sum)) {
        ERR_TRY(sum_flush(x, s));
        sum = args[0].i;
    }
    s->small = sum;
    return NULL;
}

bool
agg_sum_remove(const struct agg_ctx *x, const struct agg_call *c, void *state, const struct datum *args)
{
    struct sum *s = state;
    s->count--;
    if (c->arg_types[0]->family != FAMILY_DECIMAL)
        return !__builtin_sub_overflow(s->small, args[0].i, &s->small);
    if (s->big.d->form != DECIMAL_FINITE || args[0].dec->form != DECIMAL_FINITE)
        return false;
    struct error *err = agg_decimal_add(x, &s->big, decimal_neg(x->env->arena, args[0].dec));
    bool done = err == NULL;
    err_free(err);
    return done;
}

static struct error *
sum_total(const struct agg_ctx *x, const struct agg_call *c, const struct sum *s,
          const struct decimal **out)
{
    if (c->arg_types[0]->family == FAMILY_DECIMAL) {
        *out = s->big.d;
        return NULL;
    }
    const struct decimal *d = decimal_from_i64(x->env->arena, s->small);
    if (s->big.d == NULL) {
        *out = d;
        return NULL;
    }
    return decimal_add(x->env->arena, s->big.d, d, out);
}

struct error *
agg_sum_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
               struct datum *out)
{
    const struct sum *s = state;
    *out = DATUM_NULL;
    if (s->count == 0)
        return NULL;
    const struct decimal *d;
    ERR_TRY(sum_total(x, c, s, &d));
    *out = (struct datum){.dec = decimal_copy(x->env->arena, d)};
    return NULL;
}

struct error *
agg_avg_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
               struct datum *out)
{
    const struct sum *s = state;
    *out = DATUM_NULL;
    if (s->count == 0)
        return NULL;
    const struct decimal *d, *q;
    ERR_TRY(sum_total(x, c, s, &d));
    ERR_TRY(decimal_div(x->env->arena, d, decimal_from_i64(x->env->arena, s->count), &q));
    *out = (struct datum){.dec = q};
    return NULL;
}

struct error *
agg_sum_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
               struct datum *out)
{
    out[1] = datum_int(((const struct sum *)state)->count);
    return agg_sum_result(x, c, state, &out[0]);
}

struct error *
agg_sum_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
              const struct datum *in)
{
    (void)c;
    struct sum *s = state;
    if (in[0].null)
        return NULL;
    s->count += in[1].i;
    return agg_decimal_add(x, &s->big, in[0].dec);
}

void
agg_sum_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    (void)a, (void)c;
    out[0] = &TYPE_DECIMAL;
    out[1] = &TYPE_INT8;
}

/* ---- FLOAT ---- */

struct sum_float {
    double sum;
    int64_t count;
};

struct error *
agg_sum_float_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
                  const struct datum *args)
{
    (void)x, (void)c;
    struct sum_float *s = state;
    s->sum += args[0].f;
    s->count++;
    return NULL;
}

struct error *
agg_sum_float_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                     struct datum *out)
{
    (void)x, (void)c;
    const struct sum_float *s = state;
    *out = s->count == 0 ? DATUM_NULL : datum_float(s->sum);
    return NULL;
}

struct error *
agg_avg_float_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                     struct datum *out)
{
    (void)x, (void)c;
    const struct sum_float *s = state;
    *out = s->count == 0 ? DATUM_NULL : datum_float(s->sum / (double)s->count);
    return NULL;
}

struct error *
agg_sum_float_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                     struct datum *out)
{
    out[1] = datum_int(((const struct sum_float *)state)->count);
    return agg_sum_float_result(x, c, state, &out[0]);
}

struct error *
agg_sum_float_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
                    const struct datum *in)
{
    (void)x, (void)c;
    struct sum_float *s = state;
    if (in[0].null)
        return NULL;
    s->sum += in[0].f;
    s->count += in[1].i;
    return NULL;
}

void
agg_sum_float_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    (void)a, (void)c;
    out[0] = &TYPE_FLOAT8;
    out[1] = &TYPE_INT8;
}

/* ---- INTERVAL ---- */

struct sum_interval {
    struct interval sum;
    int64_t count;
};

static struct error *
interval_add(struct interval *s, const struct interval *v)
{
    if (__builtin_add_overflow(s->months, v->months, &s->months) ||
        __builtin_add_overflow(s->days, v->days, &s->days) ||
        __builtin_add_overflow(s->nanos, v->nanos, &s->nanos))
        return err_new(ERR_INTERVAL_FIELD_OVERFLOW, "interval out of range");
    return NULL;
}

struct error *
agg_sum_interval_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
                     const struct datum *args)
{
    (void)x, (void)c;
    struct sum_interval *s = state;
    s->count++;
    return interval_add(&s->sum, args[0].iv);
}

bool
agg_sum_interval_remove(const struct agg_ctx *x, const struct agg_call *c, void *state,
                        const struct datum *args)
{
    (void)x, (void)c;
    struct sum_interval *s = state;
    const struct interval *v = args[0].iv;
    s->count--;
    return !__builtin_sub_overflow(s->sum.months, v->months, &s->sum.months) &&
           !__builtin_sub_overflow(s->sum.days, v->days, &s->sum.days) &&
           !__builtin_sub_overflow(s->sum.nanos, v->nanos, &s->sum.nanos);
}

struct error *
agg_sum_interval_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                        struct datum *out)
{
    (void)c;
    const struct sum_interval *s = state;
    *out = DATUM_NULL;
    if (s->count > 0)
        *out = (struct datum){.iv = arena_memdup(x->env->arena, &s->sum, sizeof(s->sum))};
    return NULL;
}

/* sum / count with the rules of INTERVAL / INT: the operator's own overload. */
struct error *
agg_avg_interval_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                        struct datum *out)
{
    const struct sum_interval *s = state;
    *out = DATUM_NULL;
    if (s->count == 0)
        return NULL;
    struct datum args[2] = {{.iv = &s->sum}, datum_int(s->count)};
    static const struct type *const types[2] = {&TYPE_INTERVAL, &TYPE_INT8};
    (void)c;
    const struct overload *o = operator_find("/", types[0], types[1]);
    if (o != NULL) {
        struct fn_call call = {.overload = o, .n_args = 2, .arg_types = types, .type = o->ret};
        return o->fn(x->env, &call, args, out);
    }
    return err_new(ERR_INTERNAL, "no division of intervals");
}

struct error *
agg_sum_interval_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                        struct datum *out)
{
    out[1] = datum_int(((const struct sum_interval *)state)->count);
    return agg_sum_interval_result(x, c, state, &out[0]);
}

struct error *
agg_sum_interval_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
                       const struct datum *in)
{
    (void)x, (void)c;
    struct sum_interval *s = state;
    if (in[0].null)
        return NULL;
    s->count += in[1].i;
    return interval_add(&s->sum, in[0].iv);
}

void
agg_sum_interval_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    (void)a, (void)c;
    out[0] = &TYPE_INTERVAL;
    out[1] = &TYPE_INT8;
}

_Static_assert(sizeof(struct sum) <= AGG_STATE_MAX, "state");
_Static_assert(sizeof(struct sum_interval) <= AGG_STATE_MAX, "state");
