/* DATE, TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ as types. */
#include "config.h"

#include <stdio.h>

#include "base/hash.h"
#include "types/datetime_int.h"

static struct error *
put_i64(struct str *s, int64_t v)
{
    uint8_t buf[8];
    enc_put_be64(buf, (uint64_t)v);
    str_append(s, buf, 8);
    return NULL;
}

static int
compare_i64(const struct type *t, const struct datum *a, const struct datum *b)
{
    (void)t;
    return (a->i > b->i) - (a->i < b->i);
}

static uint64_t
hash_i64(const struct type *t, const struct datum *d, uint64_t seed)
{
    (void)t;
    return hash_u64((uint64_t)d->i, seed);
}

/* ---- DATE -------------------------------------------------------------------------------------- */

/* Numbers past the range, which old releases could store, are the infinities; they keep their
 * number so that a row is written back as it was. */
static int64_t
clamp_date(int64_t days)
{
    if (date_is_finite(days))
        return days;
    return days < 0 ? DATE_NEG_INF : DATE_POS_INF;
}

static void
date_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
            const struct eval_env *env)
{
    (void)t, (void)mode, (void)env;
    format_date(s, d->i);
}

static struct error *
date_parse(const struct eval_env *env, const struct type *t, struct slice text, struct datum *out)
{
    struct parsed_time p;
    (void)t;
    ERR_TRY(datetime_parse_text(env, "date", text, &p));
    switch (p.special) {
    case PARSED_EPOCH:
        *out = datum_int(0);
        return NULL;
    case PARSED_INFINITY:
        *out = datum_int(DATE_POS_INF);
        return NULL;
    case PARSED_NEG_INFINITY:
        *out = datum_int(DATE_NEG_INF);
        return NULL;
    case PARSED_NOW:
        *out = datum_int(local_date(utc_to_local(env_zone(env), env->txn_time_us)));
        return NULL;
    case PARSED_PLAIN:
        break;
    }
    if (!p.has_date)
        return datetime_parse_error("date", text);
    return date_check(p.days, &out->i);
}

static struct error *
date_to_binary(struct str *s, const struct type *t, const struct datum *d,
               const struct eval_env *env)
{
    uint8_t buf[4];
    (void)t, (void)env;
    int64_t v = d->i > DATE_MAX_DAYS ? INT32_MAX : d->i < DATE_MIN_DAYS ? INT32_MIN
                                                                        : d->i - PG_EPOCH_DAYS;
    enc_put_be32(buf, (uint32_t)(int32_t)v);
    str_append(s, buf, 4);
    return NULL;
}

static struct error *
date_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                 struct datum *out)
{
    (void)env;
    ERR_TRY(type_binary_size(t, b, 4));
    int32_t v = (int32_t)enc_get_be32(b.ptr);
    if (v == INT32_MAX || v == INT32_MIN) {
        *out = datum_int(v < 0 ? DATE_NEG_INF : DATE_POS_INF);
        return NULL;
    }
    return date_check((int64_t)v + PG_EPOCH_DAYS, &out->i);
}

static int
date_compare(const struct type *t, const struct datum *a, const struct datum *b)
{
    (void)t;
    int64_t x = clamp_date(a->i), y = clamp_date(b->i);
    return (x > y) - (x < y);
}

static uint64_t
date_hash(const struct type *t, const struct datum *d, uint64_t seed)
{
    (void)t;
    return hash_u64((uint64_t)clamp_date(d->i), seed);
}

const struct type_ops type_ops_date = {
    .name = "date",
    .format = date_format,
    .parse = date_parse,
    .to_binary = date_to_binary,
    .from_binary = date_from_binary,
    .compare = date_compare,
    .hash = date_hash,
};

/* ---- TIME -------------------------------------------------------------------------------------- */

/* v20.1 sends 24:00:00 as 00:00:00; inside arrays and in casts it stays. */
static int64_t
wire_time(int64_t us, enum text_mode mode)
{
    return mode == TEXT_WIRE && us == US_PER_DAY ? 0 : us;
}

static void
time_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
            const struct eval_env *env)
{
    (void)t, (void)env;
    format_time(s, wire_time(d->i, mode));
}

static struct error *
time_parse(const struct eval_env *env, const struct type *t, struct slice text, struct datum *out)
{
    struct parsed_time p;
    (void)t;
    ERR_TRY(datetime_parse_text(env, "time", text, &p));
    if (p.special == PARSED_NOW) {
        *out = datum_int(local_time(utc_to_local(env_zone(env), env->txn_time_us)));
        return NULL;
    }
    if (p.special != PARSED_PLAIN || !p.has_time || p.us > US_PER_DAY)
        return datetime_parse_error("time", text);
    *out = datum_int(p.us);
    return NULL;
}

static struct error *
i64_to_binary(struct str *s, const struct type *t, const struct datum *d,
              const struct eval_env *env)
{
    (void)t, (void)env;
    return put_i64(s, d->i);
}

static struct error *
time_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                 struct datum *out)
{
    (void)env;
    ERR_TRY(type_binary_size(t, b, 8));
    int64_t v = (int64_t)enc_get_be64(b.ptr);
    if (v < 0 || v > US_PER_DAY)
        return type_binary_error(t, "time out of range");
    *out = datum_int(v);
    return NULL;
}

static struct error *
time_fit(const struct eval_env *env, const struct type *t, struct datum *d)
{
    (void)env;
    d->i = round_us(d->i, type_time_precision(t));
    return NULL;
}

const struct type_ops type_ops_time = {
    .name = "time",
    .format = time_format,
    .parse = time_parse,
    .to_binary = i64_to_binary,
    .from_binary = time_from_binary,
    .compare = compare_i64,
    .hash = hash_i64,
    .fit = time_fit,
};

/* ---- TIMETZ ------------------------------------------------------------------------------------ */

static int64_t
timetz_utc(const struct datum *d)
{
    return d->i + d->aux * US_PER_SECOND;
}

static void
timetz_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
              const struct eval_env *env)
{
    (void)t, (void)env;
    int32_t east = -d->aux, abs = east < 0 ? -east : east;
    format_time(s, wire_time(d->i, mode));
    str_printf(s, "%c%02d:%02d", east < 0 ? '-' : '+', abs / 3600, abs / 60 % 60);
    if (mode != TEXT_WIRE)
        str_printf(s, ":%02d", abs % 60);
}

static struct error *
timetz_parse(const struct eval_env *env, const struct type *t, struct slice text,
             struct datum *out)
{
    struct parsed_time p;
    (void)t;
    ERR_TRY(datetime_parse_text(env, "timetz", text, &p));
    const struct timezone_info *tz = p.has_zone ? p.zone : env_zone(env);
    int32_t east = timezone_offset_utc(tz, env->txn_time_us);
    if (p.special == PARSED_NOW) {
        *out = (struct datum){.i = local_time(utc_to_local(tz, env->txn_time_us)), .aux = -east};
        return NULL;
    }
    if (p.special != PARSED_PLAIN || !p.has_time || p.us > US_PER_DAY)
        return datetime_parse_error("timetz", text);
    *out = (struct datum){.i = p.us, .aux = -east};
    return NULL;
}

static struct error *
timetz_to_binary(struct str *s, const struct type *t, const struct datum *d,
                 const struct eval_env *env)
{
    uint8_t buf[12];
    (void)t, (void)env;
    enc_put_be64(buf, (uint64_t)d->i);
    enc_put_be32(buf + 8, (uint32_t)d->aux);
    str_append(s, buf, 12);
    return NULL;
}

static struct error *
timetz_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                   struct datum *out)
{
    (void)env;
    ERR_TRY(type_binary_size(t, b, 12));
    int64_t us = (int64_t)enc_get_be64(b.ptr);
    int32_t west = (int32_t)enc_get_be32(b.ptr + 8);
    if (us < 0 || us > US_PER_DAY || west < -TIMETZ_MAX_OFFSET || west > TIMETZ_MAX_OFFSET)
        return type_binary_error(t, "timetz out of range");
    *out = (struct datum){.i = us, .aux = west};
    return NULL;
}

static int
timetz_compare(const struct type *t, const struct datum *a, const struct datum *b)
{
    (void)t;
    int64_t x = timetz_utc(a), y = timetz_utc(b);
    if (x != y)
        return x < y ? -1 : 1;
    return (a->aux > b->aux) - (a->aux < b->aux);
}

static uint64_t
timetz_hash(const struct type *t, const struct datum *d, uint64_t seed)
{
    (void)t;
    return hash_u64((uint64_t)(uint32_t)d->aux, hash_u64((uint64_t)d->i, seed));
}

const struct type_ops type_ops_timetz = {
    .name = "timetz",
    .format = timetz_format,
    .parse = timetz_parse,
    .to_binary = timetz_to_binary,
    .from_binary = timetz_from_binary,
    .compare = timetz_compare,
    .hash = timetz_hash,
    .fit = time_fit,
};

/* ---- TIMESTAMP, TIMESTAMPTZ ---------------------------------------------------------------------- */

static void
timestamp_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
                 const struct eval_env *env)
{
    (void)t, (void)env;
    format_local(s, d->i, mode == TEXT_WIRE ? "" : "+00:00", mode != TEXT_WIRE);
}

static void
timestamptz_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
                   const struct eval_env *env)
{
    char zone[16];
    (void)t;
    int32_t east = timezone_offset_utc(env_zone(env), d->i), abs = east < 0 ? -east : east;
    int n = snprintf(zone, sizeof(zone), "%c%02d:%02d", east < 0 ? '-' : '+', abs / 3600,
                     abs / 60 % 60);
    if (abs % 60 != 0)
        snprintf(zone + n, sizeof(zone) - (size_t)n, ":%02d", abs % 60);
    format_local(s, utc_to_local(env_zone(env), d->i), zone, mode != TEXT_WIRE);
}

static struct error *
timestamp_parse(const struct eval_env *env, const struct type *t, struct slice text,
                struct datum *out)
{
    (void)t;
    return parse_timestamp(env, text, &out->i);
}

static struct error *
timestamptz_parse(const struct eval_env *env, const struct type *t, struct slice text,
                  struct datum *out)
{
    (void)t;
    return parse_timestamptz(env, text, &out->i);
}

static struct error *
timestamp_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                      struct datum *out)
{
    (void)env;
    ERR_TRY(type_binary_size(t, b, 8));
    int64_t v = (int64_t)enc_get_be64(b.ptr);
    if (v == INT64_MAX || v == INT64_MIN) /* PostgreSQL's infinities */
        v = v < 0 ? TIMESTAMP_MIN_US : TIMESTAMP_MAX_US;
    ERR_TRY(timestamp_check(v));
    *out = datum_int(v);
    return NULL;
}

static struct error *
timestamp_fit(const struct eval_env *env, const struct type *t, struct datum *d)
{
    (void)env;
    int64_t v = round_us(d->i, type_time_precision(t));
    if (v > TIMESTAMP_MAX_US) /* rounded past the end: stay on the last one that fits */
        v = d->i;
    d->i = v;
    return NULL;
}

const struct type_ops type_ops_timestamp = {
    .name = "timestamp",
    .format = timestamp_format,
    .parse = timestamp_parse,
    .to_binary = i64_to_binary,
    .from_binary = timestamp_from_binary,
    .compare = compare_i64,
    .hash = hash_i64,
    .fit = timestamp_fit,
};

const struct type_ops type_ops_timestamptz = {
    .name = "timestamptz",
    .format = timestamptz_format,
    .parse = timestamptz_parse,
    .to_binary = i64_to_binary,
    .from_binary = timestamp_from_binary,
    .compare = compare_i64,
    .hash = hash_i64,
    .fit = timestamp_fit,
};

/* ---- across families ------------------------------------------------------------------------- */

/* As a number that compares: for times the UTC time of day, else us since 2000 UTC as 128 bits, so
 * that dates past the range of timestamps keep their order. */
static int128
comparable(const struct type *t, const struct datum *d, const struct eval_env *env)
{
    switch (t->family) {
    case FAMILY_DATE:
        return ((int128)clamp_date(d->i) - PG_EPOCH_DAYS) * US_PER_DAY;
    case FAMILY_TIMETZ:
        return timetz_utc(d);
    case FAMILY_TIMESTAMPTZ:
        return utc_to_local(env_zone(env), d->i);
    default:
        return d->i;
    }
}

int
datetime_compare_mixed(const struct type *ta, const struct datum *a, const struct type *tb,
                       const struct datum *b, const struct eval_env *env)
{
    /* TIME is taken in the session's zone beside a TIMETZ. Wall time decides where DATE or
     * TIMESTAMP meet TIMESTAMPTZ. */
    int128 x = comparable(ta, a, env), y = comparable(tb, b, env);
    int64_t now = env == NULL ? 0 : env->txn_time_us;
    if (ta->family == FAMILY_TIME && tb->family == FAMILY_TIMETZ)
        x -= timezone_offset_utc(env_zone(env), now) * US_PER_SECOND;
    else if (ta->family == FAMILY_TIMETZ && tb->family == FAMILY_TIME)
        y -= timezone_offset_utc(env_zone(env), now) * US_PER_SECOND;
    return (x > y) - (x < y);
}
