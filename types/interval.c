/* Interval arithmetic and the type's operations. */
#include "config.h"

#include <math.h>

#include "base/hash.h"
#include "types/datetime_int.h"

#define DAYS_PER_YEAR 365.25
#define SECONDS_PER_DAY 86400

struct datum
datum_interval(struct arena *a, struct interval iv)
{
    struct interval *p = ARENA_NEW(a, struct interval);
    *p = iv;
    return (struct datum){.iv = p};
}

static struct error *
out_of_range(void)
{
    return err_new(ERR_INTERVAL_FIELD_OVERFLOW, "interval out of range");
}

int128
interval_total(const struct interval *iv)
{
    return (int128)iv->months * NANOS_PER_MONTH + (int128)iv->days * NANOS_PER_DAY + iv->nanos;
}

int
interval_compare(const struct interval *a, const struct interval *b)
{
    int128 x = interval_total(a), y = interval_total(b);
    return (x > y) - (x < y);
}

struct error *
interval_add(const struct interval *a, const struct interval *b, struct interval *out)
{
    struct interval r;
    if (add_overflow_i64(a->months, b->months, &r.months)
        || add_overflow_i64(a->days, b->days, &r.days)
        || add_overflow_i64(a->nanos, b->nanos, &r.nanos))
        return out_of_range();
    *out = r;
    return NULL;
}

struct error *
interval_negate(const struct interval *a, struct interval *out)
{
    struct interval r;
    if (sub_overflow_i64(0, a->months, &r.months) || sub_overflow_i64(0, a->days, &r.days)
        || sub_overflow_i64(0, a->nanos, &r.nanos))
        return out_of_range();
    *out = r;
    return NULL;
}

struct error *
interval_mul_int(const struct interval *a, int64_t x, struct interval *out)
{
    struct interval r;
    if (mul_overflow_i64(a->months, x, &r.months) || mul_overflow_i64(a->days, x, &r.days)
        || mul_overflow_i64(a->nanos, x, &r.nanos))
        return out_of_range();
    *out = r;
    return NULL;
}

int64_t
round_div_half_away(int64_t v, int64_t unit)
{
    int64_t q = v / unit, r = v % unit;
    if (r >= unit - r && r > 0)
        return q + 1;
    if (r < 0 && -r >= unit + r)
        return q - 1;
    return q;
}

static bool
to_i64(double f, int64_t *out)
{
    if (!(f > -9.2233720368547758e18 && f < 9.2233720368547758e18))
        return false;
    *out = (int64_t)f;
    return true;
}

struct error *
interval_mul_float(const struct interval *a, double x, struct interval *out)
{
    struct interval r;
    double months, days;
    double month_frac = modf((double)a->months * x, &months);
    double day_frac = modf((double)a->days * x + month_frac * 30, &days);
    double nanos = (double)a->nanos * x + day_frac * (double)NANOS_PER_DAY;
    if (!to_i64(months, &r.months) || !to_i64(days, &r.days) || !to_i64(nanos, &r.nanos))
        return out_of_range();
    r.nanos = round_div_half_away(r.nanos, 1000) * 1000;
    *out = r;
    return NULL;
}

double
interval_seconds(const struct interval *iv)
{
    return (double)(iv->months / 12) * DAYS_PER_YEAR * SECONDS_PER_DAY
           + (double)(iv->months % 12) * 30 * SECONDS_PER_DAY + (double)iv->days * SECONDS_PER_DAY
           + (double)iv->nanos / (double)NANOS_PER_SECOND;
}

struct error *
interval_from_us(int64_t us, struct interval *out)
{
    *out = (struct interval){0};
    return mul_overflow_i64(us, 1000, &out->nanos) ? out_of_range() : NULL;
}

struct error *
interval_from_double(double seconds, struct interval *out)
{
    double us = round(seconds * 1e6);
    int64_t v;
    if (!to_i64(us, &v))
        return out_of_range();
    return interval_from_us(v, out);
}

struct error *
timestamp_add_interval(const struct timezone_info *tz, int64_t us, const struct interval *iv,
                       int64_t *out)
{
    int64_t v = us;
    if (iv->months != 0 || iv->days != 0) {
        struct civil c;
        int64_t months, days, local = tz == NULL ? us : utc_to_local(tz, us);
        civil_from_us(local, &c);
        if (mul_overflow_i64(c.year, 12, &months)
            || add_overflow_i64(months + c.month - 1, iv->months, &months))
            return timestamp_overflow();
        c.year = floor_div(months, 12);
        c.month = (int)(months - c.year * 12) + 1;
        if (c.day > days_in_month(c.year, c.month))
            c.day = days_in_month(c.year, c.month);
        if (c.year > 294276 || c.year < -5000) /* us_from_civil must not overflow */
            return timestamp_bounds_error(&c);
        v = us_from_civil(&c);
        if (mul_overflow_i64(iv->days, US_PER_DAY, &days) || add_overflow_i64(v, days, &v))
            return timestamp_overflow();
        if (tz != NULL)
            v = local_to_utc(tz, v);
    }
    if (add_overflow_i64(v, floor_div(iv->nanos, 1000), &v))
        return timestamp_overflow();
    ERR_TRY(timestamp_check(v));
    *out = v;
    return NULL;
}

/* ---- the family ------------------------------------------------------------------------------ */

static void
iv_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
          const struct eval_env *env)
{
    (void)t, (void)mode, (void)env;
    format_interval(s, d->iv);
}

static struct error *
iv_parse(const struct eval_env *env, const struct type *t, struct slice text, struct datum *out)
{
    struct interval iv;
    ERR_TRY(interval_parse(env, t, text, &iv));
    *out = datum_interval(env->arena, iv);
    return NULL;
}

static struct error *
iv_to_binary(struct str *s, const struct type *t, const struct datum *d, const struct eval_env *env)
{
    uint8_t buf[16];
    (void)t, (void)env;
    if (d->iv->days != (int32_t)d->iv->days || d->iv->months != (int32_t)d->iv->months)
        return out_of_range();
    enc_put_be64(buf, (uint64_t)(d->iv->nanos / 1000));
    enc_put_be32(buf + 8, (uint32_t)(int32_t)d->iv->days);
    enc_put_be32(buf + 12, (uint32_t)(int32_t)d->iv->months);
    str_append(s, buf, sizeof(buf));
    return NULL;
}

static struct error *
iv_from_binary(const struct eval_env *env, const struct type *t, struct slice bytes,
               struct datum *out)
{
    struct interval iv;
    ERR_TRY(type_binary_size(t, bytes, 16));
    if (mul_overflow_i64((int64_t)enc_get_be64(bytes.ptr), 1000, &iv.nanos))
        return out_of_range();
    iv.days = (int32_t)enc_get_be32(bytes.ptr + 8);
    iv.months = (int32_t)enc_get_be32(bytes.ptr + 12);
    *out = datum_interval(env->arena, iv);
    return NULL;
}

static int
iv_compare(const struct type *t, const struct datum *a, const struct datum *b)
{
    (void)t;
    return interval_compare(a->iv, b->iv);
}

static uint64_t
iv_hash(const struct type *t, const struct datum *d, uint64_t seed)
{
    (void)t;
    int128 v = interval_total(d->iv);
    return hash_u64((uint64_t)(v >> 64), hash_u64((uint64_t)v, seed));
}

static struct datum
iv_copy(struct arena *a, const struct type *t, const struct datum *d)
{
    (void)t;
    return datum_interval(a, *d->iv);
}

static size_t
iv_size(const struct type *t, const struct datum *d)
{
    (void)t, (void)d;
    return sizeof(struct interval);
}

/* What the type's unit does not show goes; then the seconds' digits. */
static struct error *
iv_fit(const struct eval_env *env, const struct type *t, struct datum *d)
{
    struct interval iv = *d->iv;
    int precision = type_time_precision(t);
    switch (t->has_interval_field ? t->interval_unit : INTERVAL_UNSET) {
    case INTERVAL_YEAR:
        iv = (struct interval){iv.months - iv.months % 12, 0, 0};
        break;
    case INTERVAL_MONTH:
        iv = (struct interval){iv.months, 0, 0};
        break;
    case INTERVAL_DAY:
        iv.nanos = 0;
        break;
    case INTERVAL_HOUR:
        iv.nanos -= iv.nanos % (3600 * NANOS_PER_SECOND);
        break;
    case INTERVAL_MINUTE:
        iv.nanos -= iv.nanos % (60 * NANOS_PER_SECOND);
        break;
    case INTERVAL_SECOND:
    case INTERVAL_MILLISECOND:
    case INTERVAL_UNSET:
        break;
    }
    int64_t unit = 1000;
    for (int i = precision; i >= 0 && i < 6; i++)
        unit *= 10;
    if (iv.nanos > INT64_MIN + NANOS_PER_SECOND && iv.nanos < INT64_MAX - NANOS_PER_SECOND)
        iv.nanos = round_div_half_away(iv.nanos, unit) * unit;
    if (memcmp(&iv, d->iv, sizeof(iv)) != 0)
        *d = datum_interval(env->arena, iv);
    return NULL;
}

const struct type_ops type_ops_interval = {
    .name = "interval",
    .format = iv_format,
    .parse = iv_parse,
    .to_binary = iv_to_binary,
    .from_binary = iv_from_binary,
    .compare = iv_compare,
    .hash = iv_hash,
    .copy = iv_copy,
    .size = iv_size,
    .fit = iv_fit,
};
