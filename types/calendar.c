/* Calendar arithmetic and the text of dates and times. */
#include "config.h"

#include <inttypes.h>

#include "types/datetime_int.h"

const char *const month_names[12] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
const char *const day_names[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                  "Thursday", "Friday", "Saturday"};

/* The 400-year cycle starts on March 1st of year 0, so that the leap day ends it.
 * SOURCE: H. Hinnant, "chrono-compatible low-level date algorithms". */
int64_t
days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = floor_div(y, 400);
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

void
civil_from_days(int64_t days, struct civil *c)
{
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    c->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    c->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    c->year = yoe + era * 400 + (c->month <= 2);
}

int64_t
local_date(int64_t local_us)
{
    return floor_div(local_us, US_PER_DAY) + PG_EPOCH_DAYS;
}

int64_t
local_time(int64_t local_us)
{
    return floor_mod(local_us, US_PER_DAY);
}

void
civil_from_us(int64_t us, struct civil *c)
{
    int64_t t = local_time(us);
    civil_from_days(local_date(us), c);
    c->hour = (int)(t / US_PER_HOUR);
    c->minute = (int)(t / US_PER_MINUTE % 60);
    c->second = (int)(t / US_PER_SECOND % 60);
    c->us = (int)(t % US_PER_SECOND);
}

int64_t
us_from_civil(const struct civil *c)
{
    int64_t days = days_from_civil(c->year, c->month, c->day) - PG_EPOCH_DAYS;
    return days * US_PER_DAY + c->hour * US_PER_HOUR + c->minute * US_PER_MINUTE
           + c->second * US_PER_SECOND + c->us;
}

int
days_in_month(int64_t year, int month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

int
weekday(int64_t days)
{
    int64_t w = (days + 4) % 7; /* 1970-01-01 was a Thursday */
    return (int)(w < 0 ? w + 7 : w);
}

int
day_of_year(const struct civil *c)
{
    return (int)(days_from_civil(c->year, c->month, c->day) - days_from_civil(c->year, 1, 1)) + 1;
}

int
iso_week(int64_t days, int64_t *iso_year)
{
    struct civil c;
    int64_t thursday = days + 3 - (weekday(days) + 6) % 7;
    civil_from_days(thursday, &c);
    *iso_year = c.year;
    return (int)(thursday - days_from_civil(c.year, 1, 1)) / 7 + 1;
}

struct error *
date_check(int64_t days, int64_t *out)
{
    if (!date_is_finite(days))
        return err_new(ERR_DATETIME_FIELD_OVERFLOW, "date is out of range");
    *out = days;
    return NULL;
}

struct error *
timestamp_overflow(void)
{
    return err_new(ERR_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
}

/* As Go's RFC 3339: whole seconds, and 1 BC is the year 0. */
struct error *
timestamp_bounds_error(const struct civil *c)
{
    int64_t year = c->year;
    return err_new(ERR_DATETIME_FIELD_OVERFLOW,
                   "timestamp \"%s%04" PRId64 "-%02d-%02dT%02d:%02d:%02dZ\" exceeds supported "
                   "timestamp bounds",
                   year < 0 ? "-" : "", year < 0 ? -year : year, c->month, c->day, c->hour,
                   c->minute, c->second);
}

struct error *
timestamp_check(int64_t us)
{
    struct civil c;
    if (us >= TIMESTAMP_MIN_US && us <= TIMESTAMP_MAX_US)
        return NULL;
    civil_from_us(us, &c);
    return timestamp_bounds_error(&c);
}

struct error *
date_to_local_us(int64_t days, int64_t *us)
{
    if (days > DATE_MAX_DAYS) {
        *us = TIMESTAMP_MAX_US;
        return NULL;
    }
    if (days < DATE_MIN_DAYS) {
        *us = TIMESTAMP_MIN_US;
        return NULL;
    }
    int64_t v;
    if (mul_overflow_i64(days - PG_EPOCH_DAYS, US_PER_DAY, &v))
        return timestamp_overflow();
    ERR_TRY(timestamp_check(v));
    *us = v;
    return NULL;
}

int64_t
local_to_utc(const struct timezone_info *tz, int64_t local_us)
{
    int64_t v = local_us;
    (void)sub_overflow_i64(local_us, timezone_offset_local(tz, local_us) * US_PER_SECOND, &v);
    return v;
}

int64_t
utc_to_local(const struct timezone_info *tz, int64_t us)
{
    int64_t v = us;
    (void)add_overflow_i64(us, timezone_offset_utc(tz, us) * US_PER_SECOND, &v);
    return v;
}

int64_t
round_us(int64_t us, int precision)
{
    if (precision < 0 || precision >= 6)
        return us;
    int64_t unit = 1;
    for (int i = precision; i < 6; i++)
        unit *= 10;
    int64_t v;
    if (add_overflow_i64(us, unit / 2, &v))
        return us;
    return v - floor_mod(v, unit);
}

int
type_time_precision(const struct type *t)
{
    return t->precision > 0 || t->time_precision_is_set ? t->precision : -1;
}

/* ---- text ------------------------------------------------------------------------------------ */

static void
put_two(char *p, int64_t n)
{
    p[0] = (char)('0' + n / 10);
    p[1] = (char)('0' + n % 10);
}

static void
put_date(struct str *s, const struct civil *c)
{
    int64_t y = c->year > 0 ? c->year : 1 - c->year;
    char buf[10] = "0000-00-00";
    if (y > 9999) {
        str_printf(s, "%04lld-%02d-%02d", (long long)y, c->month, c->day);
        return;
    }
    put_two(buf, y / 100);
    put_two(buf + 2, y % 100);
    put_two(buf + 5, c->month);
    put_two(buf + 8, c->day);
    str_append(s, buf, sizeof(buf));
}

void
format_date(struct str *s, int64_t days)
{
    struct civil c;
    if (!date_is_finite(days)) {
        str_append_cstr(s, days < 0 ? "-infinity" : "infinity");
        return;
    }
    civil_from_days(days, &c);
    put_date(s, &c);
    if (c.year <= 0)
        str_append_cstr(s, " BC");
}

static void
put_fraction(struct str *s, int64_t us)
{
    char buf[8];
    if (us == 0)
        return;
    int n = 6;
    for (int i = 5; i >= 0; i--, us /= 10)
        buf[i] = (char)('0' + us % 10);
    while (buf[n - 1] == '0')
        n--;
    str_append_char(s, '.');
    str_append(s, buf, (size_t)n);
}

void
format_time(struct str *s, int64_t us)
{
    char buf[8] = "00:00:00";
    if (us < 0 || us >= 100 * US_PER_HOUR) {
        str_printf(s, "%02lld:%02lld:%02lld", (long long)(us / US_PER_HOUR),
                   (long long)(us / US_PER_MINUTE % 60), (long long)(us / US_PER_SECOND % 60));
    } else {
        put_two(buf, us / US_PER_HOUR);
        put_two(buf + 3, us / US_PER_MINUTE % 60);
        put_two(buf + 6, us / US_PER_SECOND % 60);
        str_append(s, buf, sizeof(buf));
    }
    put_fraction(s, us % US_PER_SECOND);
}

void
format_local(struct str *s, int64_t local_us, const char *zone, bool cast)
{
    struct civil c;
    civil_from_us(local_us, &c);
    if (cast && c.year <= 0)
        str_printf(s, "%s%04lld-%02d-%02d", c.year < 0 ? "-" : "", (long long)-c.year, c.month,
                   c.day);
    else
        put_date(s, &c);
    str_append_char(s, ' ');
    format_time(s, local_time(local_us));
    str_append_cstr(s, zone);
    if (c.year <= 0 && !cast)
        str_append_cstr(s, " BC");
}

void
format_interval(struct str *s, const struct interval *iv)
{
    bool negative_days = iv->months < 0 || iv->days < 0;
    int64_t years = iv->months / 12, months = iv->months % 12;
    const char *sep = "";
    if (years != 0) {
        str_printf(s, "%lld year%s", (long long)years, years == 1 ? "" : "s");
        sep = " ";
    }
    if (months != 0) {
        str_printf(s, "%s%lld mon%s", sep, (long long)months, months == 1 ? "" : "s");
        sep = " ";
    }
    if (iv->days != 0) {
        str_printf(s, "%s%lld day%s", sep, (long long)iv->days, iv->days == 1 ? "" : "s");
        sep = " ";
    }
    if (iv->nanos == 0) {
        if (*sep == '\0')
            str_append_cstr(s, "00:00:00");
        return;
    }
    uint64_t n = iv->nanos < 0 ? -(uint64_t)iv->nanos : (uint64_t)iv->nanos;
    str_append_cstr(s, sep);
    if (iv->nanos < 0)
        str_append_char(s, '-');
    else if (negative_days)
        str_append_char(s, '+');
    format_time(s, (int64_t)(n / 1000));
}
