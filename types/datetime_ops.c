/* Arithmetic operators of dates, times and intervals. */
#include "config.h"

#include "types/datetime_int.h"

#define OP(name)                                                                                 \
    static struct error *name(const struct eval_env *env, const struct fn_call *call,            \
                              const struct datum *args, struct datum *out)
#define UNUSED_OP (void)env, (void)call

/* Most work both ways round: the twin swaps its arguments. */
#define COMMUTED(name, of)                                                                       \
    OP(name)                                                                                     \
    {                                                                                            \
        struct datum swapped[2] = {args[1], args[0]};                                            \
        return of(env, call, swapped, out);                                                      \
    }

static struct error *
put_interval(const struct eval_env *env, struct interval iv, struct datum *out)
{
    *out = datum_interval(env->arena, iv);
    return NULL;
}

/* ---- dates ---- */

static struct error *
add_days(int64_t date, int64_t days, struct datum *out)
{
    *out = datum_int(date);
    if (!date_is_finite(date))
        return NULL;
    if (add_overflow_i64(date, days, &out->i))
        out->i = DATE_POS_INF;
    return date_check(out->i, &out->i);
}

OP(date_plus_int)
{
    UNUSED_OP;
    return add_days(args[0].i, args[1].i, out);
}
COMMUTED(int_plus_date, date_plus_int)

OP(date_minus_int)
{
    UNUSED_OP;
    if (args[1].i == INT64_MIN)
        return err_new(ERR_DATETIME_FIELD_OVERFLOW, "date is out of range");
    return add_days(args[0].i, -args[1].i, out);
}

OP(date_minus_date)
{
    UNUSED_OP;
    if (!date_is_finite(args[0].i) || !date_is_finite(args[1].i))
        return err_new(ERR_DATETIME_FIELD_OVERFLOW, "cannot subtract infinite dates");
    *out = datum_int(args[0].i - args[1].i);
    return NULL;
}

OP(date_plus_time)
{
    UNUSED_OP;
    ERR_TRY(date_to_local_us(args[0].i, &out->i));
    if (add_overflow_i64(out->i, args[1].i, &out->i))
        return timestamp_overflow();
    return timestamp_check(out->i);
}
COMMUTED(time_plus_date, date_plus_time)

OP(date_minus_time)
{
    UNUSED_OP;
    ERR_TRY(date_to_local_us(args[0].i, &out->i));
    out->i -= args[1].i;
    return timestamp_check(out->i);
}

OP(date_plus_timetz)
{
    UNUSED_OP;
    ERR_TRY(date_to_local_us(args[0].i, &out->i));
    if (add_overflow_i64(out->i, args[1].i + args[1].aux * US_PER_SECOND, &out->i))
        return timestamp_overflow();
    return timestamp_check(out->i);
}
COMMUTED(timetz_plus_date, date_plus_timetz)

/* ---- timestamps and intervals; sign -1 subtracts ---- */

static struct error *
shift(const struct timezone_info *tz, int64_t us, const struct interval *iv, int sign,
      struct datum *out)
{
    struct interval neg;
    if (sign < 0) {
        ERR_TRY(interval_negate(iv, &neg));
        iv = &neg;
    }
    *out = datum_int(0);
    return timestamp_add_interval(tz, us, iv, &out->i);
}

static struct error *
shift_date(const struct datum *args, int sign, struct datum *out)
{
    int64_t us;
    ERR_TRY(date_to_local_us(args[0].i, &us));
    if (!date_is_finite(args[0].i)) {
        *out = datum_int(us);
        return NULL;
    }
    return shift(NULL, us, args[1].iv, sign, out);
}

OP(date_plus_interval)
{
    UNUSED_OP;
    return shift_date(args, 1, out);
}
COMMUTED(interval_plus_date, date_plus_interval)

OP(date_minus_interval)
{
    UNUSED_OP;
    return shift_date(args, -1, out);
}

OP(timestamp_plus_interval)
{
    UNUSED_OP;
    return shift(NULL, args[0].i, args[1].iv, 1, out);
}
COMMUTED(interval_plus_timestamp, timestamp_plus_interval)

OP(timestamp_minus_interval)
{
    UNUSED_OP;
    return shift(NULL, args[0].i, args[1].iv, -1, out);
}

OP(timestamptz_plus_interval)
{
    UNUSED_OP;
    return shift(env_zone(env), args[0].i, args[1].iv, 1, out);
}
COMMUTED(interval_plus_timestamptz, timestamptz_plus_interval)

OP(timestamptz_minus_interval)
{
    UNUSED_OP;
    return shift(env_zone(env), args[0].i, args[1].iv, -1, out);
}

static struct error *
difference(const struct eval_env *env, int64_t a, int64_t b, struct datum *out)
{
    int64_t us;
    struct interval iv;
    if (sub_overflow_i64(a, b, &us))
        return err_new(ERR_INTERVAL_FIELD_OVERFLOW, "interval out of range");
    ERR_TRY(interval_from_us(us, &iv));
    return put_interval(env, iv, out);
}

OP(timestamp_minus_timestamp)
{
    UNUSED_OP;
    return difference(env, args[0].i, args[1].i, out);
}

OP(timestamp_minus_timestamptz)
{
    UNUSED_OP;
    return difference(env, args[0].i, utc_to_local(env_zone(env), args[1].i), out);
}

OP(timestamptz_minus_timestamp)
{
    UNUSED_OP;
    return difference(env, utc_to_local(env_zone(env), args[0].i), args[1].i, out);
}

/* ---- times ---- */

/* Around midnight; months and days do not count. */
static int64_t
shift_time(int64_t us, const struct interval *iv, int sign)
{
    int64_t delta = floor_div(iv->nanos, 1000) % US_PER_DAY;
    int64_t v = us + sign * delta;
    return v - floor_div(v, US_PER_DAY) * US_PER_DAY;
}

OP(time_plus_interval)
{
    UNUSED_OP;
    *out = (struct datum){.i = shift_time(args[0].i, args[1].iv, 1), .aux = args[0].aux};
    return NULL;
}
COMMUTED(interval_plus_time, time_plus_interval)

OP(time_minus_interval)
{
    UNUSED_OP;
    *out = (struct datum){.i = shift_time(args[0].i, args[1].iv, -1), .aux = args[0].aux};
    return NULL;
}

OP(time_minus_time)
{
    UNUSED_OP;
    return difference(env, args[0].i, args[1].i, out);
}

/* ---- intervals ---- */

OP(interval_plus_interval)
{
    UNUSED_OP;
    struct interval iv;
    ERR_TRY(interval_add(args[0].iv, args[1].iv, &iv));
    return put_interval(env, iv, out);
}

OP(interval_minus_interval)
{
    UNUSED_OP;
    struct interval iv;
    ERR_TRY(interval_negate(args[1].iv, &iv));
    ERR_TRY(interval_add(args[0].iv, &iv, &iv));
    return put_interval(env, iv, out);
}

OP(minus_interval)
{
    UNUSED_OP;
    struct interval iv;
    ERR_TRY(interval_negate(args[0].iv, &iv));
    return put_interval(env, iv, out);
}

OP(interval_times_int)
{
    UNUSED_OP;
    struct interval iv;
    ERR_TRY(interval_mul_int(args[0].iv, args[1].i, &iv));
    return put_interval(env, iv, out);
}
COMMUTED(int_times_interval, interval_times_int)

OP(interval_times_float)
{
    UNUSED_OP;
    struct interval iv;
    ERR_TRY(interval_mul_float(args[0].iv, args[1].f, &iv));
    return put_interval(env, iv, out);
}
COMMUTED(float_times_interval, interval_times_float)

OP(interval_times_decimal)
{
    UNUSED_OP;
    struct interval iv;
    ERR_TRY(interval_mul_float(args[0].iv, decimal_to_double(args[1].dec), &iv));
    return put_interval(env, iv, out);
}
COMMUTED(decimal_times_interval, interval_times_decimal)

static struct error *
divide(const struct eval_env *env, const struct interval *a, double by, struct datum *out)
{
    struct interval iv;
    if (by == 0)
        return err_new(ERR_DIVISION_BY_ZERO, "division by zero");
    ERR_TRY(interval_mul_float(a, 1 / by, &iv));
    return put_interval(env, iv, out);
}

/* Whole numbers divide without going through their reciprocal, which would lose a unit. */
OP(interval_div_int)
{
    UNUSED_OP;
    int64_t x = args[1].i;
    const struct interval *a = args[0].iv;
    struct interval iv;
    if (x == 0)
        return err_new(ERR_DIVISION_BY_ZERO, "division by zero");
    if (x == -1) {
        ERR_TRY(interval_negate(a, &iv));
        return put_interval(env, iv, out);
    }
    iv.months = a->months / x;
    int128 days = (int128)a->days + (int128)(a->months % x) * 30; /* in x-ths */
    iv.days = (int64_t)(days / x);
    int128 nanos = (int128)a->nanos + days % x * NANOS_PER_DAY;
    int64_t us = (int64_t)(nanos / x / 1000);
    int128 rest = nanos - (int128)us * 1000 * x;
    rest = (rest < 0 ? -rest : rest) * 2;
    if (rest >= (int128)1000 * (x < 0 ? -(int128)x : x))
        us += (nanos < 0) != (x < 0) ? -1 : 1;
    iv.nanos = us * 1000;
    return put_interval(env, iv, out);
}

OP(interval_div_float)
{
    UNUSED_OP;
    return divide(env, args[0].iv, args[1].f, out);
}

OP(interval_div_decimal)
{
    UNUSED_OP;
    return divide(env, args[0].iv, decimal_to_double(args[1].dec), out);
}

#define BIN(op, l, r, ret_, fn_)                                                                 \
    {.name = op, .args = {&TYPE_##l, &TYPE_##r}, .ret = &TYPE_##ret_, .fn = fn_}
#define BIN_STABLE(op, l, r, ret_, fn_)                                                          \
    {.name = op, .args = {&TYPE_##l, &TYPE_##r}, .ret = &TYPE_##ret_, .fn = fn_,                 \
     .volatility = STABLE}

static const struct overload rows[] = {
    BIN("+", DATE, INT8, DATE, date_plus_int),
    BIN("+", INT8, DATE, DATE, int_plus_date),
    BIN("+", DATE, TIME, TIMESTAMP, date_plus_time),
    BIN("+", TIME, DATE, TIMESTAMP, time_plus_date),
    BIN("+", DATE, TIMETZ, TIMESTAMPTZ, date_plus_timetz),
    BIN("+", TIMETZ, DATE, TIMESTAMPTZ, timetz_plus_date),
    BIN("+", DATE, INTERVAL, TIMESTAMP, date_plus_interval),
    BIN("+", INTERVAL, DATE, TIMESTAMP, interval_plus_date),
    BIN("+", TIME, INTERVAL, TIME, time_plus_interval),
    BIN("+", INTERVAL, TIME, TIME, interval_plus_time),
    BIN("+", TIMETZ, INTERVAL, TIMETZ, time_plus_interval),
    BIN("+", INTERVAL, TIMETZ, TIMETZ, interval_plus_time),
    BIN("+", TIMESTAMP, INTERVAL, TIMESTAMP, timestamp_plus_interval),
    BIN("+", INTERVAL, TIMESTAMP, TIMESTAMP, interval_plus_timestamp),
    BIN_STABLE("+", TIMESTAMPTZ, INTERVAL, TIMESTAMPTZ, timestamptz_plus_interval),
    BIN_STABLE("+", INTERVAL, TIMESTAMPTZ, TIMESTAMPTZ, interval_plus_timestamptz),
    BIN("+", INTERVAL, INTERVAL, INTERVAL, interval_plus_interval),
    BIN("-", DATE, INT8, DATE, date_minus_int),
    BIN("-", DATE, DATE, INT8, date_minus_date),
    BIN("-", DATE, TIME, TIMESTAMP, date_minus_time),
    BIN("-", DATE, INTERVAL, TIMESTAMP, date_minus_interval),
    BIN("-", TIME, TIME, INTERVAL, time_minus_time),
    BIN("-", TIMESTAMP, TIMESTAMP, INTERVAL, timestamp_minus_timestamp),
    BIN("-", TIMESTAMPTZ, TIMESTAMPTZ, INTERVAL, timestamp_minus_timestamp),
    BIN_STABLE("-", TIMESTAMP, TIMESTAMPTZ, INTERVAL, timestamp_minus_timestamptz),
    BIN_STABLE("-", TIMESTAMPTZ, TIMESTAMP, INTERVAL, timestamptz_minus_timestamp),
    BIN("-", TIMESTAMP, INTERVAL, TIMESTAMP, timestamp_minus_interval),
    BIN_STABLE("-", TIMESTAMPTZ, INTERVAL, TIMESTAMPTZ, timestamptz_minus_interval),
    BIN("-", TIME, INTERVAL, TIME, time_minus_interval),
    BIN("-", TIMETZ, INTERVAL, TIMETZ, time_minus_interval),
    BIN("-", INTERVAL, INTERVAL, INTERVAL, interval_minus_interval),
    {.name = "-", .args = {&TYPE_INTERVAL}, .ret = &TYPE_INTERVAL, .fn = minus_interval},
    BIN("*", INTERVAL, INT8, INTERVAL, interval_times_int),
    BIN("*", INT8, INTERVAL, INTERVAL, int_times_interval),
    BIN("*", INTERVAL, FLOAT8, INTERVAL, interval_times_float),
    BIN("*", FLOAT8, INTERVAL, INTERVAL, float_times_interval),
    BIN("*", INTERVAL, DECIMAL, INTERVAL, interval_times_decimal),
    BIN("*", DECIMAL, INTERVAL, INTERVAL, decimal_times_interval),
    BIN("/", INTERVAL, INT8, INTERVAL, interval_div_int),
    BIN("/", INTERVAL, FLOAT8, INTERVAL, interval_div_float),
    BIN("/", INTERVAL, DECIMAL, INTERVAL, interval_div_decimal),
};

const struct overload_table overloads_datetime_ops = {rows, ARRAY_COUNT(rows), true};
