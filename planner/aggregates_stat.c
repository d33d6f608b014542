/* planner/aggregates_stat.c - variance, stddev, sqrdiff, corr.
 *
 * DECIMAL results come from exact sums (sum, sum of squares) and one division to 20 digits, so that
 * the order of rows does not matter; FLOAT ones from Welford's running mean, as v20.1 does.
 */
#include "config.h"

#include <math.h>

#include "planner/aggregates_int.h"

enum stat { STAT_SQRDIFF, STAT_VARIANCE, STAT_STDDEV };

static enum stat
stat_of(const struct agg_call *c)
{
    const char *n = c->def->name;
    return strcmp(n, "sqrdiff") == 0 ? STAT_SQRDIFF
           : strncmp(n, "stddev", 6) == 0 ? STAT_STDDEV : STAT_VARIANCE;
}

/* ---- exact ---- */

struct var {
    struct agg_decimal sum, squares;
    int64_t count;
};

struct error *
agg_var_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
            const struct datum *args)
{
    struct var *s = state;
    struct arena *a = x->env->arena;
    const struct decimal *d = agg_to_decimal(a, c->arg_types[0], &args[0]), *sq;
    ERR_TRY(decimal_mul(a, d, d, &sq));
    ERR_TRY(agg_decimal_add(x, &s->sum, d));
    ERR_TRY(agg_decimal_add(x, &s->squares, sq));
    s->count++;
    return NULL;
}

struct error *
agg_var_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
               struct datum *out)
{
    const struct var *s = state;
    struct arena *a = x->env->arena;
    enum stat k = stat_of(c);
    *out = DATUM_NULL;
    if (s->count < (k == STAT_SQRDIFF ? 1 : 2))
        return NULL;
    const struct decimal *n = decimal_from_i64(a, s->count), *p, *q, *den = n;
    ERR_TRY(decimal_mul(a, n, s->squares.d, &p));
    ERR_TRY(decimal_mul(a, s->sum.d, s->sum.d, &q));
    ERR_TRY(decimal_sub(a, p, q, &p));
    if (k != STAT_SQRDIFF)
        ERR_TRY(decimal_mul(a, n, decimal_from_i64(a, s->count - 1), &den));
    ERR_TRY(decimal_div(a, decimal_reduce(a, p), den, &p));
    p = decimal_reduce(a, p);
    if (k == STAT_STDDEV)
        ERR_TRY(decimal_sqrt(a, p, &p));
    *out = (struct datum){.dec = p};
    return NULL;
}

struct error *
agg_var_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
               struct datum *out)
{
    (void)c;
    const struct var *s = state;
    out[0] = datum_int(s->count);
    out[1] = out[2] = DATUM_NULL;
    if (s->count > 0) {
        out[1] = (struct datum){.dec = decimal_copy(x->env->arena, s->sum.d)};
        out[2] = (struct datum){.dec = decimal_copy(x->env->arena, s->squares.d)};
    }
    return NULL;
}

struct error *
agg_var_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
              const struct datum *in)
{
    (void)c;
    struct var *s = state;
    if (in[0].i == 0)
        return NULL;
    s->count += in[0].i;
    ERR_TRY(agg_decimal_add(x, &s->sum, in[1].dec));
    return agg_decimal_add(x, &s->squares, in[2].dec);
}

void
agg_var_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    (void)a, (void)c;
    out[0] = &TYPE_INT8;
    out[1] = out[2] = &TYPE_DECIMAL;
}

/* ---- FLOAT ---- */

struct var_float {
    int64_t count;
    double mean, sqrdiff;
};

struct error *
agg_var_float_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
                  const struct datum *args)
{
    (void)x, (void)c;
    struct var_float *s = state;
    double f = args[0].f;
    s->count++;
    double delta = f - s->mean;
    s->mean += delta / (double)s->count;
    s->sqrdiff += delta * (f - s->mean);
    return NULL;
}

struct error *
agg_var_float_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                     struct datum *out)
{
    (void)x;
    const struct var_float *s = state;
    enum stat k = stat_of(c);
    *out = DATUM_NULL;
    if (s->count < (k == STAT_SQRDIFF ? 1 : 2))
        return NULL;
    double v = k == STAT_SQRDIFF ? s->sqrdiff : s->sqrdiff / (double)(s->count - 1);
    *out = datum_float(k == STAT_STDDEV ? sqrt(v) : v);
    return NULL;
}

struct error *
agg_var_float_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                     struct datum *out)
{
    (void)x, (void)c;
    const struct var_float *s = state;
    out[0] = datum_int(s->count);
    out[1] = datum_float(s->mean);
    out[2] = datum_float(s->sqrdiff);
    return NULL;
}

struct error *
agg_var_float_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
                    const struct datum *in)
{
    (void)x, (void)c;
    struct var_float *s = state;
    if (in[0].i == 0)
        return NULL;
    double n = (double)s->count, m = (double)in[0].i, delta = in[1].f - s->mean;
    s->count += in[0].i;
    s->sqrdiff += in[2].f + delta * delta * n * m / (n + m);
    s->mean += delta * m / (n + m);
    return NULL;
}

void
agg_var_float_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    (void)a, (void)c;
    out[0] = &TYPE_INT8;
    out[1] = out[2] = &TYPE_FLOAT8;
}

/* ---- corr(y, x) ---- */

struct corr {
    double n, sx, sx2, sy, sy2, sxy;
};

static double
as_float(const struct type *t, const struct datum *d)
{
    return t->family == FAMILY_FLOAT ? d->f : (double)d->i;
}

struct error *
agg_corr_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
             const struct datum *args)
{
    (void)x;
    struct corr *s = state;
    if (args[1].null)
        return NULL;
    double y = as_float(c->arg_types[0], &args[0]), v = as_float(c->arg_types[1], &args[1]);
    s->n++;
    s->sx += v;
    s->sy += y;
    s->sx2 += v * v;
    s->sy2 += y * y;
    s->sxy += v * y;
    if ((isinf(s->sx) || isinf(s->sx2) || isinf(s->sy) || isinf(s->sy2) || isinf(s->sxy)) &&
        !isinf(v) && !isinf(y))
        return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "float out of range");
    return NULL;
}

struct error *
agg_corr_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                struct datum *out)
{
    (void)x, (void)c;
    const struct corr *s = state;
    double nx = s->n * s->sx2 - s->sx * s->sx, ny = s->n * s->sy2 - s->sy * s->sy;
    *out = DATUM_NULL;
    if (s->n >= 1 && nx > 0 && ny > 0)
        *out = datum_float((s->n * s->sxy - s->sx * s->sy) / sqrt(nx * ny));
    return NULL;
}

struct error *
agg_corr_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                struct datum *out)
{
    (void)x, (void)c;
    const struct corr *s = state;
    const double v[6] = {s->n, s->sx, s->sx2, s->sy, s->sy2, s->sxy};
    for (int i = 0; i < 6; i++)
        out[i] = datum_float(v[i]);
    return NULL;
}

struct error *
agg_corr_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
               const struct datum *in)
{
    (void)x, (void)c;
    struct corr *s = state;
    s->n += in[0].f;
    s->sx += in[1].f;
    s->sx2 += in[2].f;
    s->sy += in[3].f;
    s->sy2 += in[4].f;
    s->sxy += in[5].f;
    return NULL;
}

void
agg_corr_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    (void)a, (void)c;
    for (int i = 0; i < 6; i++)
        out[i] = &TYPE_FLOAT8;
}
