/* types/datetime_int.h - the calendar and what the date and time files share. Inside types/ only.
 *
 * Days count from 1970-01-01 in the proleptic Gregorian calendar; years are astronomical
 * (0 = 1 BC). "Local" microseconds are those of a wall clock, counted from 2000-01-01 00:00 as if
 * it stood in UTC.
 */
#ifndef AMBERDB_TYPES_DATETIME_INT_H
#define AMBERDB_TYPES_DATETIME_INT_H

#include "types/enc_int.h"
#include "types/timezone.h"
#include "types/type_ops_int.h"

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_MINUTE (60 * US_PER_SECOND)
#define US_PER_HOUR (60 * US_PER_MINUTE)
#define NANOS_PER_SECOND INT64_C(1000000000)
#define DATE_MIN_DAYS INT64_C(-2440588)  /* 4714-11-24 BC */
#define DATE_MAX_DAYS INT64_C(2145042905) /* 5874897-12-31 */
#define TIMETZ_MAX_OFFSET (15 * 3600 + 59 * 60 + 59)

struct civil {
    int64_t year; /* astronomical */
    int month, day, hour, minute, second, us;
};

int64_t days_from_civil(int64_t year, int month, int day);
void civil_from_days(int64_t days, struct civil *c);
void civil_from_us(int64_t us, struct civil *c); /* us since 2000 */
int64_t us_from_civil(const struct civil *c);    /* no overflow for years within the bounds */
int days_in_month(int64_t year, int month);
int weekday(int64_t days); /* 0 = Sunday */
/* ISO 8601 week, 1..53, and the year it belongs to. */
int iso_week(int64_t days, int64_t *iso_year);
int day_of_year(const struct civil *c);

static inline bool
date_is_finite(int64_t days)
{
    return days >= DATE_MIN_DAYS && days <= DATE_MAX_DAYS;
}

static inline const struct timezone_info *
env_zone(const struct eval_env *env)
{
    return env == NULL || env->timezone == NULL ? TIMEZONE_UTC : env->timezone;
}

struct error *date_check(int64_t days, int64_t *out) ERR_MUST_USE;      /* 22008 out of range */
struct error *timestamp_bounds_error(const struct civil *c) ERR_MUST_USE;
struct error *timestamp_check(int64_t us) ERR_MUST_USE;                 /* 22008 past the bounds */
struct error *timestamp_overflow(void) ERR_MUST_USE;
/* Infinite dates become the ends of the range. Local midnight. */
struct error *date_to_local_us(int64_t days, int64_t *us) ERR_MUST_USE;
int64_t local_to_utc(const struct timezone_info *tz, int64_t local_us);
int64_t utc_to_local(const struct timezone_info *tz, int64_t us);
int64_t local_date(int64_t local_us); /* days since 1970 */
int64_t local_time(int64_t local_us); /* us of the day */

/* Rounds to `precision` digits behind the second, half up; precision < 0 or >= 6: as is. */
int64_t round_us(int64_t us, int precision);
/* The digits asked for by t, or -1. */
int type_time_precision(const struct type *t);

void format_date(struct str *s, int64_t days);
void format_time(struct str *s, int64_t us); /* 12:34:56.5; 24:00:00 stays */
/* zone: "" or "+00:00". cast: years BC as Go prints them, -4713, instead of 4714 .. BC. */
void format_local(struct str *s, int64_t local_us, const char *zone, bool cast);
void format_interval(struct str *s, const struct interval *iv);

/* ---- parsing --------------------------------------------------------------------------------- */

enum parsed_special {
    PARSED_PLAIN,
    PARSED_EPOCH,
    PARSED_NOW,
    PARSED_INFINITY,
    PARSED_NEG_INFINITY,
};

struct parsed_time {
    enum parsed_special special;
    bool has_date, has_time, has_zone;
    int64_t days;     /* since 1970 */
    int64_t us;       /* of the day, 0..24h */
    const struct timezone_info *zone;
};

/* Reads any mixture of date, time and zone; what: the type for messages. */
struct error *datetime_parse_text(const struct eval_env *env, const char *what, struct slice text,
                                  struct parsed_time *out) ERR_MUST_USE;
struct error *datetime_parse_error(const char *what, struct slice text) ERR_MUST_USE;
struct error *parse_timestamp(const struct eval_env *env, struct slice text, int64_t *us)
    ERR_MUST_USE;
struct error *parse_timestamptz(const struct eval_env *env, struct slice text, int64_t *us)
    ERR_MUST_USE;
/* Month by its English name or at least three letters of it, 1..12; 0 when none. */
int month_by_name(struct slice word);
extern const char *const month_names[12], *const day_names[7];

/* ---- intervals ------------------------------------------------------------------------------- */

struct error *interval_parse(const struct eval_env *env, const struct type *t, struct slice text,
                             struct interval *out) ERR_MUST_USE;
__extension__ typedef __int128 int128;
int128 interval_total(const struct interval *iv); /* ns with months of 30 days */
int interval_compare(const struct interval *a, const struct interval *b);
struct error *interval_add(const struct interval *a, const struct interval *b,
                           struct interval *out) ERR_MUST_USE;
struct error *interval_negate(const struct interval *a, struct interval *out) ERR_MUST_USE;
struct error *interval_mul_int(const struct interval *a, int64_t x, struct interval *out)
    ERR_MUST_USE;
struct error *interval_mul_float(const struct interval *a, double x, struct interval *out)
    ERR_MUST_USE;
double interval_seconds(const struct interval *iv); /* years of 365.25 days, months of 30 */
struct error *interval_from_us(int64_t us, struct interval *out) ERR_MUST_USE;
struct error *interval_from_double(double seconds, struct interval *out) ERR_MUST_USE;
int64_t round_div_half_away(int64_t v, int64_t unit); /* in units */
struct datum datum_interval(struct arena *a, struct interval iv);
/* Local time plus an interval: months first, cut at the end of the month, then days and time. The
 * time part is added to the instant when tz is given. */
struct error *timestamp_add_interval(const struct timezone_info *tz, int64_t us,
                                     const struct interval *iv, int64_t *out) ERR_MUST_USE;

/* The string in an argument, lower case, in the arena. */
const char *lower_word(struct arena *a, const struct datum *d);

#endif
