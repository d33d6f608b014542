/* Casts from and to dates and times. */
#include "config.h"

#include <math.h>

#include "types/datetime_int.h"

#define CAST(name)                                                                                \
    static struct error *name(const struct eval_env *env, const struct type *from,               \
                              const struct datum *d, const struct type *to, struct datum *out)
#define UNUSED_CAST (void)env, (void)from, (void)to

static struct error *
int_out_of_range(void)
{
    return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
}

static const struct decimal *
decimal_from_i128(struct arena *a, int128 v, int32_t exponent)
{
    uint8_t be[16];
    const struct decimal *d;
    unsigned __int128 u = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
    enc_put_be64(be, (uint64_t)(u >> 64));
    enc_put_be64(be + 8, (uint64_t)u);
    struct error *err = decimal_from_be(a, v < 0, slice_make(be, 16), exponent, &d);
    if (err == NULL)
        return d;
    err_free(err);
    return decimal_special(a, DECIMAL_NAN, false);
}

/* ---- DATE ---- */

CAST(date_to_timestamp)
{
    UNUSED_CAST;
    return date_to_local_us(d->i, &out->i);
}

CAST(date_to_timestamptz)
{
    UNUSED_CAST;
    ERR_TRY(date_to_local_us(d->i, &out->i));
    if (date_is_finite(d->i))
        out->i = local_to_utc(env_zone(env), out->i);
    return timestamp_check(out->i);
}

CAST(date_to_int)
{
    UNUSED_CAST;
    if (!date_is_finite(d->i))
        return int_out_of_range();
    *out = datum_int(d->i);
    return NULL;
}

CAST(date_to_float)
{
    UNUSED_CAST;
    *out = datum_float(date_is_finite(d->i) ? (double)d->i : d->i < 0 ? -HUGE_VAL : HUGE_VAL);
    return NULL;
}

CAST(date_to_decimal)
{
    UNUSED_CAST;
    out->dec = date_is_finite(d->i) ? decimal_from_i64(env->arena, d->i)
                                    : decimal_special(env->arena, DECIMAL_INF, d->i < 0);
    return NULL;
}

CAST(int_to_date)
{
    UNUSED_CAST;
    return date_check(d->i, &out->i);
}

/* ---- TIMESTAMP and TIMESTAMPTZ ---- */

CAST(timestamp_to_date)
{
    UNUSED_CAST;
    *out = datum_int(local_date(d->i));
    return NULL;
}

CAST(timestamptz_to_date)
{
    UNUSED_CAST;
    *out = datum_int(local_date(utc_to_local(env_zone(env), d->i)));
    return NULL;
}

CAST(timestamp_to_time)
{
    UNUSED_CAST;
    *out = datum_int(local_time(d->i));
    return NULL;
}

CAST(timestamptz_to_time)
{
    UNUSED_CAST;
    *out = datum_int(local_time(utc_to_local(env_zone(env), d->i)));
    return NULL;
}

CAST(timestamptz_to_timetz)
{
    UNUSED_CAST;
    *out = (struct datum){.i = local_time(utc_to_local(env_zone(env), d->i)),
                          .aux = -timezone_offset_utc(env_zone(env), d->i)};
    return NULL;
}

CAST(timestamp_to_timestamptz)
{
    UNUSED_CAST;
    out->i = local_to_utc(env_zone(env), d->i);
    return timestamp_check(out->i);
}

CAST(timestamptz_to_timestamp)
{
    UNUSED_CAST;
    out->i = utc_to_local(env_zone(env), d->i);
    return timestamp_check(out->i);
}

CAST(timestamp_to_int)
{
    UNUSED_CAST;
    *out = datum_int(floor_div(d->i, US_PER_SECOND) + UNIX_TO_PG_SECONDS);
    return NULL;
}

CAST(timestamp_to_float)
{
    UNUSED_CAST;
    int64_t s = floor_div(d->i, US_PER_SECOND);
    *out = datum_float((double)(s + UNIX_TO_PG_SECONDS)
                       + (double)floor_mod(d->i, US_PER_SECOND) / (double)US_PER_SECOND);
    return NULL;
}

CAST(timestamp_to_decimal)
{
    UNUSED_CAST;
    out->dec = decimal_from_i128(env->arena, (int128)d->i + PG_EPOCH_US, -6);
    return NULL;
}

CAST(int_to_timestamp)
{
    UNUSED_CAST;
    int64_t v;
    if (sub_overflow_i64(d->i, UNIX_TO_PG_SECONDS, &v) || mul_overflow_i64(v, US_PER_SECOND, &v))
        return timestamp_overflow();
    *out = datum_int(v);
    return timestamp_check(v);
}

/* ---- TIME, TIMETZ, INTERVAL ---- */

CAST(time_to_timetz)
{
    UNUSED_CAST;
    *out = (struct datum){.i = d->i, .aux = -timezone_offset_utc(env_zone(env), env->txn_time_us)};
    return NULL;
}

CAST(timetz_to_time)
{
    UNUSED_CAST;
    *out = datum_int(d->i);
    return NULL;
}

CAST(time_to_interval)
{
    UNUSED_CAST;
    *out = datum_interval(env->arena, (struct interval){0, 0, d->i * 1000});
    return NULL;
}

CAST(interval_to_time)
{
    UNUSED_CAST;
    int64_t us = floor_div(d->iv->nanos, 1000);
    *out = datum_int(us - floor_div(us, US_PER_DAY) * US_PER_DAY);
    return NULL;
}

/* Nanoseconds with years of 365.25 days. */
static int128
interval_epoch_nanos(const struct interval *iv)
{
    return (int128)(iv->months / 12) * 31557600 * NANOS_PER_SECOND
           + (int128)(iv->months % 12) * NANOS_PER_MONTH + (int128)iv->days * NANOS_PER_DAY
           + iv->nanos;
}

CAST(interval_to_int)
{
    UNUSED_CAST;
    int128 v = interval_epoch_nanos(d->iv) / NANOS_PER_SECOND;
    if (v > INT64_MAX || v < INT64_MIN)
        return int_out_of_range();
    *out = datum_int((int64_t)v);
    return NULL;
}

CAST(interval_to_float)
{
    UNUSED_CAST;
    *out = datum_float(interval_seconds(d->iv));
    return NULL;
}

CAST(interval_to_decimal)
{
    UNUSED_CAST;
    out->dec = decimal_from_i128(env->arena, interval_epoch_nanos(d->iv), -9);
    return NULL;
}

CAST(int_to_interval)
{
    UNUSED_CAST;
    struct interval iv = {0, 0, 0};
    if (mul_overflow_i64(d->i, NANOS_PER_SECOND, &iv.nanos))
        return err_new(ERR_INTERVAL_FIELD_OVERFLOW, "interval out of range");
    *out = datum_interval(env->arena, iv);
    return NULL;
}

CAST(float_to_interval)
{
    UNUSED_CAST;
    struct interval iv;
    ERR_TRY(interval_from_double(d->f, &iv));
    *out = datum_interval(env->arena, iv);
    return NULL;
}

CAST(decimal_to_interval)
{
    UNUSED_CAST;
    const struct decimal *us;
    struct interval iv;
    int64_t v;
    ERR_TRY(decimal_mul(env->arena, d->dec, decimal_from_i64(env->arena, US_PER_SECOND), &us));
    if (!decimal_to_i64(us, &v))
        return err_new(ERR_INTERVAL_FIELD_OVERFLOW, "interval out of range");
    ERR_TRY(interval_from_us(v, &iv));
    *out = datum_interval(env->arena, iv);
    return NULL;
}

static const struct cast_entry rows[] = {
    {FAMILY_DATE, FAMILY_TIMESTAMP, date_to_timestamp, NULL},
    {FAMILY_DATE, FAMILY_TIMESTAMPTZ, date_to_timestamptz, NULL},
    {FAMILY_DATE, FAMILY_INT, date_to_int, NULL},
    {FAMILY_DATE, FAMILY_FLOAT, date_to_float, NULL},
    {FAMILY_DATE, FAMILY_DECIMAL, date_to_decimal, NULL},
    {FAMILY_INT, FAMILY_DATE, int_to_date, NULL},
    {FAMILY_TIMESTAMP, FAMILY_DATE, timestamp_to_date, NULL},
    {FAMILY_TIMESTAMPTZ, FAMILY_DATE, timestamptz_to_date, NULL},
    {FAMILY_TIMESTAMP, FAMILY_TIME, timestamp_to_time, NULL},
    {FAMILY_TIMESTAMPTZ, FAMILY_TIME, timestamptz_to_time, NULL},
    {FAMILY_TIMESTAMPTZ, FAMILY_TIMETZ, timestamptz_to_timetz, NULL},
    {FAMILY_TIMESTAMP, FAMILY_TIMESTAMPTZ, timestamp_to_timestamptz, NULL},
    {FAMILY_TIMESTAMPTZ, FAMILY_TIMESTAMP, timestamptz_to_timestamp, NULL},
    {FAMILY_TIMESTAMP, FAMILY_INT, timestamp_to_int, NULL},
    {FAMILY_TIMESTAMPTZ, FAMILY_INT, timestamp_to_int, NULL},
    {FAMILY_TIMESTAMP, FAMILY_FLOAT, timestamp_to_float, NULL},
    {FAMILY_TIMESTAMPTZ, FAMILY_FLOAT, timestamp_to_float, NULL},
    {FAMILY_TIMESTAMP, FAMILY_DECIMAL, timestamp_to_decimal, NULL},
    {FAMILY_TIMESTAMPTZ, FAMILY_DECIMAL, timestamp_to_decimal, NULL},
    {FAMILY_INT, FAMILY_TIMESTAMP, int_to_timestamp, NULL},
    {FAMILY_INT, FAMILY_TIMESTAMPTZ, int_to_timestamp, NULL},
    {FAMILY_TIME, FAMILY_TIMETZ, time_to_timetz, NULL},
    {FAMILY_TIMETZ, FAMILY_TIME, timetz_to_time, NULL},
    {FAMILY_TIME, FAMILY_INTERVAL, time_to_interval, NULL},
    {FAMILY_INTERVAL, FAMILY_TIME, interval_to_time, NULL},
    {FAMILY_INTERVAL, FAMILY_INT, interval_to_int, NULL},
    {FAMILY_INTERVAL, FAMILY_FLOAT, interval_to_float, NULL},
    {FAMILY_INTERVAL, FAMILY_DECIMAL, interval_to_decimal, NULL},
    {FAMILY_INT, FAMILY_INTERVAL, int_to_interval, NULL},
    {FAMILY_FLOAT, FAMILY_INTERVAL, float_to_interval, NULL},
    {FAMILY_DECIMAL, FAMILY_INTERVAL, decimal_to_interval, NULL},
};

const struct cast_table casts_datetime = {rows, ARRAY_COUNT(rows)};
