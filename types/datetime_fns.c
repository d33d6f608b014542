/* Functions of dates and times. */
#include "config.h"

#include <ctype.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "base/name_index.h"
#include "base/thread.h"
#include "types/datetime_int.h"
#include "types/fn_int.h"
#include "types/strtime_int.h"

const char *
lower_word(struct arena *a, const struct datum *d)
{
    char *w = arena_strndup(a, (const char *)d->ptr, d->len);
    for (char *p = w; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    return w;
}

static struct error *
unsupported(const struct eval_env *env, const struct datum *word)
{
    return err_new(ERR_INVALID_PARAMETER_VALUE, "unsupported timespan: %s",
                   lower_word(env->arena, word));
}

/* ---- now --------------------------------------------------------------------------------------- */

/* The result type says whether an instant or a wall time is wanted. */
static struct error *
put_instant(const struct eval_env *env, const struct fn_call *call, int64_t us, int precision,
            struct datum *out)
{
    int64_t local = utc_to_local(env_zone(env), us);
    switch (call->type->family) {
    case FAMILY_DATE:
        *out = datum_int(local_date(local));
        break;
    case FAMILY_TIMESTAMP:
        *out = datum_int(round_us(local, precision));
        break;
    case FAMILY_TIME:
        *out = datum_int(round_us(local_time(local), precision));
        break;
    case FAMILY_TIMETZ:
        *out = (struct datum){.i = round_us(local_time(local), precision),
                              .aux = -timezone_offset_utc(env_zone(env), us)};
        break;
    default:
        *out = datum_int(round_us(us, precision));
        break;
    }
    return NULL;
}

SCALAR(fn_txn_time)
{
    UNUSED(args);
    return put_instant(env, call, env->txn_time_us, -1, out);
}

SCALAR(fn_txn_time_precision)
{
    if (args[0].i < 0 || args[0].i > 6)
        return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "precision %lld out of range",
                       (long long)args[0].i);
    return put_instant(env, call, env->txn_time_us, (int)args[0].i, out);
}

SCALAR(fn_stmt_time)
{
    UNUSED(args);
    return put_instant(env, call, env->stmt_time_us, -1, out);
}

static int64_t
clock_us(void)
{
    return floor_div(wall_now_ns(), 1000) - PG_EPOCH_US;
}

/* Not before the transaction's time, which is rounded up. */
SCALAR(fn_clock_time)
{
    UNUSED(args);
    int64_t us = clock_us();
    return put_instant(env, call, us > env->txn_time_us ? us : env->txn_time_us, -1, out);
}

SCALAR(fn_timeofday)
{
    struct str s;
    struct civil c;
    UNUSED(args), UNUSED(call);
    int64_t us = clock_us(), local = utc_to_local(env_zone(env), us);
    int32_t east = timezone_offset_utc(env_zone(env), us), abs = east < 0 ? -east : east;
    fn_str_init(&s, env);
    civil_from_us(local, &c);
    str_printf(&s, "%.3s %.3s %02d %02d:%02d:%02d.%06d %04lld %c%02d%02d",
               day_names[weekday(local_date(local))], month_names[c.month - 1], c.day, c.hour,
               c.minute, c.second, c.us, (long long)c.year, east < 0 ? '-' : '+', abs / 3600,
               abs / 60 % 60);
    return fn_str_done(&s, out);
}

SCALAR(fn_logical_timestamp)
{
    char text[HLC_STR_MAX];
    UNUSED(args), UNUSED(call);
    hlc_format_decimal(env->txn_hlc, text);
    if (!decimal_parse(env->arena, slice_cstr(text), &out->dec))
        return err_new(ERR_INTERNAL, "malformed timestamp %s", text);
    return NULL;
}

/* As far back as followers are sure to have caught up: 48 s with v20.1's settings. */
SCALAR(fn_follower_read)
{
    UNUSED(args), UNUSED(call);
    *out = datum_int(env->stmt_time_us - 48 * US_PER_SECOND);
    return NULL;
}

SCALAR(fn_sleep)
{
    UNUSED(call);
    double left = args[0].f;
    while (left > 0) {
        ERR_TRY(cancel_check(env->cancel));
        double part = left > 0.05 ? 0.05 : left;
        struct timespec ts = {0, (long)(part * 1e9)};
        (void)nanosleep(&ts, NULL);
        left -= part;
    }
    *out = datum_bool(true);
    return NULL;
}

/* ---- extract ----------------------------------------------------------------------------------- */

enum field {
    FIELD_NONE, FIELD_MILLENNIUM, FIELD_CENTURY, FIELD_DECADE, FIELD_YEAR, FIELD_ISOYEAR,
    FIELD_QUARTER, FIELD_MONTH, FIELD_WEEK, FIELD_DAY, FIELD_DOW, FIELD_ISODOW, FIELD_DOY,
    FIELD_JULIAN, FIELD_HOUR, FIELD_MINUTE, FIELD_SECOND, FIELD_MILLISECOND, FIELD_MICROSECOND,
    FIELD_EPOCH, FIELD_TIMEZONE, FIELD_TIMEZONE_HOUR, FIELD_TIMEZONE_MINUTE,
};

static const struct {
    const char *name;
    enum field f;
} field_names[] = {
    {"millennium", FIELD_MILLENNIUM}, {"millennia", FIELD_MILLENNIUM},
    {"millenniums", FIELD_MILLENNIUM}, {"century", FIELD_CENTURY}, {"centuries", FIELD_CENTURY},
    {"decade", FIELD_DECADE}, {"decades", FIELD_DECADE}, {"year", FIELD_YEAR},
    {"years", FIELD_YEAR}, {"isoyear", FIELD_ISOYEAR}, {"quarter", FIELD_QUARTER},
    {"month", FIELD_MONTH}, {"months", FIELD_MONTH}, {"week", FIELD_WEEK},
    {"weeks", FIELD_WEEK}, {"day", FIELD_DAY}, {"days", FIELD_DAY}, {"dow", FIELD_DOW},
    {"dayofweek", FIELD_DOW}, {"isodow", FIELD_ISODOW}, {"doy", FIELD_DOY},
    {"dayofyear", FIELD_DOY}, {"julian", FIELD_JULIAN}, {"hour", FIELD_HOUR},
    {"hours", FIELD_HOUR}, {"minute", FIELD_MINUTE}, {"minutes", FIELD_MINUTE},
    {"second", FIELD_SECOND}, {"seconds", FIELD_SECOND}, {"millisecond", FIELD_MILLISECOND},
    {"milliseconds", FIELD_MILLISECOND}, {"microsecond", FIELD_MICROSECOND},
    {"microseconds", FIELD_MICROSECOND}, {"epoch", FIELD_EPOCH},
    {"timezone", FIELD_TIMEZONE}, {"timezone_hour", FIELD_TIMEZONE_HOUR},
    {"timezone_minute", FIELD_TIMEZONE_MINUTE},
};

static struct name_index field_index;
static pthread_once_t field_index_once = PTHREAD_ONCE_INIT;

static const char *
field_name(int i)
{
    return field_names[i].name;
}

static void
build_field_index(void)
{
    name_index_build(&field_index, (int)ARRAY_COUNT(field_names), field_name);
}

static enum field
field_by_name(const struct datum *d)
{
    pthread_once(&field_index_once, build_field_index);
    int i = name_index_find_bytes(&field_index, (const char *)d->ptr, d->len);
    return i < 0 ? FIELD_NONE : field_names[i].f;
}

/* hour to microsecond, of a time of day. */
static bool
time_field(enum field f, int64_t us, double *out)
{
    double seconds = (double)(us % US_PER_MINUTE) / (double)US_PER_SECOND;
    switch (f) {
    case FIELD_HOUR:
        *out = (double)(us / US_PER_HOUR);
        return true;
    case FIELD_MINUTE:
        *out = (double)(us / US_PER_MINUTE % 60);
        return true;
    case FIELD_SECOND:
        *out = seconds;
        return true;
    case FIELD_MILLISECOND:
        *out = (double)(us % US_PER_MINUTE) / 1000;
        return true;
    case FIELD_MICROSECOND:
        *out = (double)(us % US_PER_MINUTE);
        return true;
    default:
        return false;
    }
}

static double
years_group(int64_t year, int64_t unit)
{
    /* There is no year 0: 1 BC is in century -1. */
    return year > 0 ? (double)((year + unit - 1) / unit) : -(double)((unit - year) / unit);
}

static bool
date_field(enum field f, int64_t local, double *out)
{
    struct civil c;
    int64_t days = local_date(local);
    int dow = weekday(days);
    if (time_field(f, local_time(local), out))
        return true;
    if (f == FIELD_WEEK || f == FIELD_ISOYEAR) {
        int64_t iso_year;
        int week = iso_week(days, &iso_year);
        *out = f == FIELD_WEEK ? week : (double)(iso_year > 0 ? iso_year : iso_year - 1);
        return true;
    }
    civil_from_us(local, &c);
    switch (f) {
    case FIELD_MILLENNIUM:
        *out = years_group(c.year, 1000);
        return true;
    case FIELD_CENTURY:
        *out = years_group(c.year, 100);
        return true;
    case FIELD_DECADE:
        *out = (double)floor_div(c.year, 10);
        return true;
    case FIELD_YEAR:
        *out = (double)(c.year > 0 ? c.year : c.year - 1);
        return true;
    case FIELD_QUARTER:
        *out = (c.month - 1) / 3 + 1;
        return true;
    case FIELD_MONTH:
        *out = c.month;
        return true;
    case FIELD_DAY:
        *out = c.day;
        return true;
    case FIELD_DOW:
        *out = dow;
        return true;
    case FIELD_ISODOW:
        *out = dow == 0 ? 7 : dow;
        return true;
    case FIELD_DOY:
        *out = day_of_year(&c);
        return true;
    case FIELD_JULIAN:
        *out = (double)(days + 2440588) + (double)local_time(local) / (double)US_PER_DAY;
        return true;
    default:
        return false;
    }
}

static bool
zone_field(enum field f, int32_t east, double *out)
{
    switch (f) {
    case FIELD_TIMEZONE:
        *out = east;
        return true;
    case FIELD_TIMEZONE_HOUR:
        *out = east / 3600;
        return true;
    case FIELD_TIMEZONE_MINUTE:
        *out = east / 60 % 60;
        return true;
    default:
        return false;
    }
}

static double
epoch_of(int64_t us)
{
    int64_t s = floor_div(us, US_PER_SECOND);
    return (double)(s + UNIX_TO_PG_SECONDS) + (double)floor_mod(us, US_PER_SECOND) / 1e6;
}

static bool
interval_field(enum field f, const struct interval *iv, double *out)
{
    int64_t us = iv->nanos / 1000;
    switch (f) {
    case FIELD_MILLENNIUM:
        *out = (double)(iv->months / 12000);
        return true;
    case FIELD_CENTURY:
        *out = (double)(iv->months / 1200);
        return true;
    case FIELD_DECADE:
        *out = (double)(iv->months / 120);
        return true;
    case FIELD_YEAR:
        *out = (double)(iv->months / 12);
        return true;
    case FIELD_QUARTER:
        *out = (double)(iv->months % 12 / 3 + 1);
        return true;
    case FIELD_MONTH:
        *out = (double)(iv->months % 12);
        return true;
    case FIELD_DAY:
        *out = (double)iv->days;
        return true;
    case FIELD_EPOCH:
        *out = interval_seconds(iv);
        return true;
    default:
        return time_field(f, us, out);
    }
}

static struct error *
extract(const struct eval_env *env, const struct type *t, const struct datum *args,
        struct datum *out)
{
    enum field f = field_by_name(&args[0]);
    const struct datum *d = &args[1];
    int64_t us = d->i;
    double v = 0;
    bool ok = false;
    switch (t->family) {
    case FAMILY_DATE:
        ERR_TRY(date_to_local_us(d->i, &us));
        v = epoch_of(us);
        ok = f == FIELD_EPOCH || date_field(f, us, &v);
        break;
    case FAMILY_TIMESTAMP:
        v = epoch_of(us);
        ok = f == FIELD_EPOCH || date_field(f, us, &v);
        break;
    case FAMILY_TIMESTAMPTZ:
        v = epoch_of(us);
        ok = f == FIELD_EPOCH || zone_field(f, timezone_offset_utc(env_zone(env), us), &v)
             || date_field(f, utc_to_local(env_zone(env), us), &v);
        break;
    case FAMILY_TIME:
        v = (double)us / 1e6;
        ok = f == FIELD_EPOCH || time_field(f, us, &v);
        break;
    case FAMILY_TIMETZ:
        v = (double)(us + d->aux * US_PER_SECOND) / 1e6;
        ok = f == FIELD_EPOCH || zone_field(f, -d->aux, &v) || time_field(f, us, &v);
        break;
    default:
        ok = interval_field(f, d->iv, &v);
        break;
    }
    if (!ok)
        return unsupported(env, &args[0]);
    *out = datum_float(v);
    return NULL;
}

SCALAR(fn_extract)
{
    /* The argument's declared type chooses; a constant was typed by then. */
    return extract(env, call->overload->args[1], args, out);
}

SCALAR(fn_extract_duration)
{
    int64_t unit;
    UNUSED(call);
    switch (field_by_name(&args[0])) {
    case FIELD_HOUR:
        unit = 3600 * NANOS_PER_SECOND;
        break;
    case FIELD_MINUTE:
        unit = 60 * NANOS_PER_SECOND;
        break;
    case FIELD_SECOND:
        unit = NANOS_PER_SECOND;
        break;
    case FIELD_MILLISECOND:
        unit = 1000000;
        break;
    case FIELD_MICROSECOND:
        unit = 1000;
        break;
    default:
        return unsupported(env, &args[0]);
    }
    *out = datum_int(args[1].iv->nanos / unit);
    return NULL;
}

/* ---- date_trunc -------------------------------------------------------------------------------- */

static int64_t
trunc_years(int64_t year, int64_t unit)
{
    /* Groups start with the year 1: 1, 101, ... and before it ..., -99 (100 BC). */
    return floor_div(year - 1, unit) * unit + 1;
}

static bool
trunc_local(enum field f, int64_t local, int64_t *out)
{
    struct civil c;
    civil_from_us(local, &c);
    int64_t unit = 0;
    switch (f) {
    case FIELD_MICROSECOND:
        *out = local;
        return true;
    case FIELD_MILLISECOND:
        unit = 1000;
        break;
    case FIELD_SECOND:
        unit = US_PER_SECOND;
        break;
    case FIELD_MINUTE:
        unit = US_PER_MINUTE;
        break;
    case FIELD_HOUR:
        unit = US_PER_HOUR;
        break;
    case FIELD_DAY:
        unit = US_PER_DAY;
        break;
    case FIELD_WEEK:
        *out = (local_date(local) - PG_EPOCH_DAYS - (weekday(local_date(local)) + 6) % 7)
               * US_PER_DAY;
        return true;
    case FIELD_MONTH:
        break;
    case FIELD_QUARTER:
        c.month = (c.month - 1) / 3 * 3 + 1;
        break;
    case FIELD_YEAR:
        c.month = 1;
        break;
    case FIELD_DECADE:
        c.year = floor_div(c.year, 10) * 10;
        c.month = 1;
        break;
    case FIELD_CENTURY:
        c.year = trunc_years(c.year, 100);
        c.month = 1;
        break;
    case FIELD_MILLENNIUM:
        c.year = trunc_years(c.year, 1000);
        c.month = 1;
        break;
    default:
        return false;
    }
    if (unit != 0) {
        *out = local - floor_mod(local, unit);
        return true;
    }
    c.day = 1;
    c.hour = c.minute = c.second = c.us = 0;
    *out = us_from_civil(&c);
    return true;
}

SCALAR(fn_trunc_timestamp)
{
    UNUSED(call);
    if (!trunc_local(field_by_name(&args[0]), args[1].i, &out->i))
        return unsupported(env, &args[0]);
    *out = datum_int(out->i);
    return timestamp_check(out->i);
}

SCALAR(fn_trunc_timestamptz)
{
    int64_t v;
    UNUSED(call);
    if (!trunc_local(field_by_name(&args[0]), utc_to_local(env_zone(env), args[1].i), &v))
        return unsupported(env, &args[0]);
    *out = datum_int(local_to_utc(env_zone(env), v));
    return timestamp_check(out->i);
}

SCALAR(fn_trunc_date)
{
    int64_t v;
    UNUSED(call);
    ERR_TRY(date_to_local_us(args[1].i, &v));
    if (!trunc_local(field_by_name(&args[0]), v, &v))
        return unsupported(env, &args[0]);
    *out = datum_int(local_to_utc(env_zone(env), v));
    return timestamp_check(out->i);
}

SCALAR(fn_trunc_time)
{
    int64_t v;
    UNUSED(call);
    enum field f = field_by_name(&args[0]);
    if (f < FIELD_HOUR || f > FIELD_MICROSECOND || !trunc_local(f, args[1].i, &v))
        return unsupported(env, &args[0]);
    *out = datum_interval(env->arena, (struct interval){0, 0, v * 1000});
    return NULL;
}

/* ---- age, zones, strftime ------------------------------------------------------------------------ */

static struct error *
age(const struct eval_env *env, int64_t a, int64_t b, struct datum *out)
{
    struct interval iv;
    int64_t us;
    if (sub_overflow_i64(a, b, &us))
        return err_new(ERR_INTERVAL_FIELD_OVERFLOW, "interval out of range");
    ERR_TRY(interval_from_us(us, &iv));
    *out = datum_interval(env->arena, iv);
    return NULL;
}

SCALAR(fn_age)
{
    UNUSED(call);
    return age(env, env->txn_time_us, args[0].i, out);
}

SCALAR(fn_age2)
{
    UNUSED(call);
    return age(env, args[0].i, args[1].i, out);
}

static struct error *
zone_arg(const struct eval_env *env, const struct datum *d, const struct timezone_info **tz)
{
    return timezone_lookup_posix(env->arena, datum_slice(d), tz);
}

SCALAR(fn_zone_timestamp)
{
    const struct timezone_info *tz;
    UNUSED(call);
    ERR_TRY(zone_arg(env, &args[0], &tz));
    *out = datum_int(local_to_utc(tz, args[1].i));
    return timestamp_check(out->i);
}

SCALAR(fn_zone_timestamptz)
{
    const struct timezone_info *tz;
    UNUSED(call);
    ERR_TRY(zone_arg(env, &args[0], &tz));
    *out = datum_int(utc_to_local(tz, args[1].i));
    return timestamp_check(out->i);
}

SCALAR(fn_zone_string)
{
    const struct timezone_info *tz;
    int64_t us;
    UNUSED(call);
    ERR_TRY(zone_arg(env, &args[0], &tz));
    ERR_TRY(parse_timestamptz(env, datum_slice(&args[1]), &us));
    *out = datum_int(utc_to_local(tz, us));
    return timestamp_check(out->i);
}

static void
move_timetz(const struct datum *d, const struct timezone_info *tz, const struct eval_env *env,
            struct datum *out)
{
    int32_t east = timezone_offset_utc(tz, env->txn_time_us);
    int64_t us = d->i + (d->aux + (int64_t)east) * US_PER_SECOND;
    *out = (struct datum){.i = us - floor_div(us, US_PER_DAY) * US_PER_DAY, .aux = -east};
}

SCALAR(fn_zone_timetz)
{
    const struct timezone_info *tz;
    UNUSED(call);
    ERR_TRY(zone_arg(env, &args[0], &tz));
    move_timetz(&args[1], tz, env, out);
    return NULL;
}

SCALAR(fn_zone_time)
{
    const struct timezone_info *tz;
    UNUSED(call);
    ERR_TRY(zone_arg(env, &args[0], &tz));
    struct datum d = {.i = args[1].i,
                      .aux = -timezone_offset_utc(env_zone(env), env->txn_time_us)};
    move_timetz(&d, tz, env, out);
    return NULL;
}

/* v20.1 still takes the older order: the time, then the zone. */
#define SWAPPED(name, of)                                                                        \
    SCALAR(name)                                                                                  \
    {                                                                                             \
        const struct datum swapped[2] = {args[1], args[0]};                                       \
        return of(env, call, swapped, out);                                                       \
    }

SWAPPED(fn_timestamp_zone, fn_zone_timestamp)
SWAPPED(fn_timestamptz_zone, fn_zone_timestamptz)
SWAPPED(fn_time_zone, fn_zone_time)
SWAPPED(fn_timetz_zone, fn_zone_timetz)

SCALAR(fn_strftime)
{
    struct str s;
    int64_t local = args[0].i;
    int32_t east = 0;
    const struct type *t = call->overload->args[0];
    fn_str_init(&s, env);
    if (t->family == FAMILY_DATE) {
        ERR_TRY(date_to_local_us(args[0].i, &local));
    } else if (t->family == FAMILY_TIMESTAMPTZ) {
        east = timezone_offset_utc(env_zone(env), args[0].i);
        local = utc_to_local(env_zone(env), args[0].i);
    }
    ERR_TRY(strtime_format(&s, local, east,
                           t->family == FAMILY_TIMESTAMPTZ ? timezone_name(env_zone(env)) : "UTC",
                           datum_slice(&args[1])));
    return fn_str_done(&s, out);
}

SCALAR(fn_strptime)
{
    int64_t us;
    UNUSED(env), UNUSED(call);
    ERR_TRY(strtime_parse(datum_slice(&args[0]), datum_slice(&args[1]), &us));
    *out = datum_int(us);
    return timestamp_check(us);
}

#define CAT "Date and time"
#define FN(n, r, f, vol, ...)                                                                    \
    {.name = n, .args = {__VA_ARGS__}, .ret = &TYPE_##r, .fn = f, .volatility = vol, .category = CAT}
#define FN_PREF(n, r, f, vol, ...)                                                               \
    {.name = n, .args = {__VA_ARGS__}, .ret = &TYPE_##r, .fn = f, .volatility = vol,             \
     .preferred = true, .category = CAT}
#define EXTRACT(n, type, vol) FN(n, FLOAT8, fn_extract, vol, &TYPE_STRING, &TYPE_##type)

static const struct overload rows[] = {
    FN_PREF("now", TIMESTAMPTZ, fn_txn_time, STABLE, NULL),
    FN("now", TIMESTAMP, fn_txn_time, STABLE, NULL),
    FN("now", DATE, fn_txn_time, STABLE, NULL),
    FN_PREF("transaction_timestamp", TIMESTAMPTZ, fn_txn_time, STABLE, NULL),
    FN("transaction_timestamp", TIMESTAMP, fn_txn_time, STABLE, NULL),
    FN("transaction_timestamp", DATE, fn_txn_time, STABLE, NULL),
    FN_PREF("current_timestamp", TIMESTAMPTZ, fn_txn_time, STABLE, NULL),
    FN("current_timestamp", TIMESTAMP, fn_txn_time, STABLE, NULL),
    FN("current_timestamp", DATE, fn_txn_time, STABLE, NULL),
    FN_PREF("current_timestamp", TIMESTAMPTZ, fn_txn_time_precision, STABLE, &TYPE_INT8),
    FN("current_timestamp", TIMESTAMP, fn_txn_time_precision, STABLE, &TYPE_INT8),
    FN("current_timestamp", DATE, fn_txn_time_precision, STABLE, &TYPE_INT8),
    FN_PREF("localtimestamp", TIMESTAMP, fn_txn_time, STABLE, NULL),
    FN("localtimestamp", TIMESTAMPTZ, fn_txn_time, STABLE, NULL),
    FN("localtimestamp", DATE, fn_txn_time, STABLE, NULL),
    FN_PREF("localtimestamp", TIMESTAMP, fn_txn_time_precision, STABLE, &TYPE_INT8),
    FN("localtimestamp", TIMESTAMPTZ, fn_txn_time_precision, STABLE, &TYPE_INT8),
    FN("localtimestamp", DATE, fn_txn_time_precision, STABLE, &TYPE_INT8),
    FN_PREF("statement_timestamp", TIMESTAMPTZ, fn_stmt_time, STABLE, NULL),
    FN("statement_timestamp", TIMESTAMP, fn_stmt_time, STABLE, NULL),
    FN_PREF("clock_timestamp", TIMESTAMPTZ, fn_clock_time, VOLATILE, NULL),
    FN("clock_timestamp", TIMESTAMP, fn_clock_time, VOLATILE, NULL),
    FN("current_date", DATE, fn_txn_time, STABLE, NULL),
    FN_PREF("current_time", TIMETZ, fn_txn_time, STABLE, NULL),
    FN("current_time", TIME, fn_txn_time, STABLE, NULL),
    FN_PREF("current_time", TIMETZ, fn_txn_time_precision, STABLE, &TYPE_INT8),
    FN("current_time", TIME, fn_txn_time_precision, STABLE, &TYPE_INT8),
    FN_PREF("localtime", TIME, fn_txn_time, STABLE, NULL),
    FN("localtime", TIMETZ, fn_txn_time, STABLE, NULL),
    FN_PREF("localtime", TIME, fn_txn_time_precision, STABLE, &TYPE_INT8),
    FN("localtime", TIMETZ, fn_txn_time_precision, STABLE, &TYPE_INT8),
    FN("timeofday", STRING, fn_timeofday, VOLATILE, NULL),
    FN("cluster_logical_timestamp", DECIMAL, fn_logical_timestamp, STABLE, NULL),
    FN("experimental_follower_read_timestamp", TIMESTAMPTZ, fn_follower_read, STABLE, NULL),
    FN("pg_sleep", BOOL, fn_sleep, VOLATILE, &TYPE_FLOAT8),
    EXTRACT("extract", TIMESTAMP, IMMUTABLE),
    EXTRACT("extract", TIMESTAMPTZ, STABLE),
    EXTRACT("extract", DATE, IMMUTABLE),
    EXTRACT("extract", INTERVAL, IMMUTABLE),
    EXTRACT("extract", TIME, IMMUTABLE),
    EXTRACT("extract", TIMETZ, IMMUTABLE),
    EXTRACT("date_part", TIMESTAMP, IMMUTABLE),
    EXTRACT("date_part", TIMESTAMPTZ, STABLE),
    EXTRACT("date_part", DATE, IMMUTABLE),
    EXTRACT("date_part", INTERVAL, IMMUTABLE),
    EXTRACT("date_part", TIME, IMMUTABLE),
    EXTRACT("date_part", TIMETZ, IMMUTABLE),
    FN("extract_duration", INT8, fn_extract_duration, IMMUTABLE, &TYPE_STRING, &TYPE_INTERVAL),
    FN("date_trunc", TIMESTAMP, fn_trunc_timestamp, IMMUTABLE, &TYPE_STRING, &TYPE_TIMESTAMP),
    FN("date_trunc", TIMESTAMPTZ, fn_trunc_date, STABLE, &TYPE_STRING, &TYPE_DATE),
    FN("date_trunc", INTERVAL, fn_trunc_time, IMMUTABLE, &TYPE_STRING, &TYPE_TIME),
    FN("date_trunc", TIMESTAMPTZ, fn_trunc_timestamptz, STABLE, &TYPE_STRING, &TYPE_TIMESTAMPTZ),
    FN("age", INTERVAL, fn_age, STABLE, &TYPE_TIMESTAMPTZ),
    FN("age", INTERVAL, fn_age2, IMMUTABLE, &TYPE_TIMESTAMPTZ, &TYPE_TIMESTAMPTZ),
    FN("timezone", TIMESTAMP, fn_zone_string, STABLE, &TYPE_STRING, &TYPE_STRING),
    FN("timezone", TIMESTAMPTZ, fn_zone_timestamp, IMMUTABLE, &TYPE_STRING, &TYPE_TIMESTAMP),
    FN("timezone", TIMESTAMP, fn_zone_timestamptz, IMMUTABLE, &TYPE_STRING, &TYPE_TIMESTAMPTZ),
    FN("timezone", TIMETZ, fn_zone_time, STABLE, &TYPE_STRING, &TYPE_TIME),
    FN("timezone", TIMETZ, fn_zone_timetz, STABLE, &TYPE_STRING, &TYPE_TIMETZ),
    FN("timezone", TIMESTAMPTZ, fn_timestamp_zone, IMMUTABLE, &TYPE_TIMESTAMP, &TYPE_STRING),
    FN("timezone", TIMESTAMP, fn_timestamptz_zone, IMMUTABLE, &TYPE_TIMESTAMPTZ, &TYPE_STRING),
    FN("timezone", TIMETZ, fn_time_zone, STABLE, &TYPE_TIME, &TYPE_STRING),
    FN("timezone", TIMETZ, fn_timetz_zone, STABLE, &TYPE_TIMETZ, &TYPE_STRING),
    FN("experimental_strftime", STRING, fn_strftime, IMMUTABLE, &TYPE_TIMESTAMP, &TYPE_STRING),
    FN("experimental_strftime", STRING, fn_strftime, IMMUTABLE, &TYPE_DATE, &TYPE_STRING),
    FN("experimental_strftime", STRING, fn_strftime, STABLE, &TYPE_TIMESTAMPTZ, &TYPE_STRING),
    FN("experimental_strptime", TIMESTAMPTZ, fn_strptime, IMMUTABLE, &TYPE_STRING, &TYPE_STRING),
};

const struct overload_table overloads_datetime_fns = {rows, ARRAY_COUNT(rows), false};

/* ---- generate_series ----------------------------------------------------------------------------- */

struct series {
    int64_t at, end;
    struct interval step;
    int sign;
    bool done;
};

static struct error *
series_open(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
            struct arena *a, void **state)
{
    struct series *s = ARENA_NEW(a, struct series);
    int128 total = interval_total(args[2].iv);
    UNUSED(env), UNUSED(call);
    if (total == 0)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "step cannot be 0");
    *s = (struct series){args[0].i, args[1].i, *args[2].iv, total < 0 ? -1 : 1, false};
    *state = s;
    return NULL;
}

static struct error *
series_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    struct series *s = state;
    UNUSED(env);
    *more = !s->done && (s->sign > 0 ? s->at <= s->end : s->at >= s->end);
    if (!*more)
        return NULL;
    cols[0] = datum_int(s->at);
    struct error *err = timestamp_add_interval(NULL, s->at, &s->step, &s->at);
    if (err != NULL) { /* past the last instant there is */
        err_free(err);
        s->done = true;
    }
    return NULL;
}

static const char *const series_cols[] = {"generate_series"};
static const struct generator_vt series_vt = {series_open, series_next, 1, series_cols};

static const struct overload gen_rows[] = {
    {.name = "generate_series", .args = {&TYPE_TIMESTAMP, &TYPE_TIMESTAMP, &TYPE_INTERVAL},
     .ret = &TYPE_TIMESTAMP, .is_generator = true, .gen = &series_vt,
     .category = "Set-returning"},
};

const struct overload_table overloads_datetime_gens = {gen_rows, ARRAY_COUNT(gen_rows), false};
