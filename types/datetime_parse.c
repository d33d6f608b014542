/* Dates and times as people write them: ISO, RFC 3339, PostgreSQL's spellings, keywords.
 *
 * The text is cut into words, numbers and signs; what a number means follows from what stands next
 * to it and what has been seen already. SOURCE: CockroachDB v20.1 pkg/util/timeutil/pgdate. */
#include "config.h"

#include <strings.h>

#include "types/datetime_int.h"

enum field_bits { F_YEAR = 1, F_MONTH = 2, F_DAY = 4, F_DATE = 7, F_TIME = 8, F_ZONE = 16 };

struct scan {
    const struct eval_env *env;
    const char *what;
    struct slice text;
    const uint8_t *p, *end;
    unsigned have; /* field_bits */
    int64_t year;
    int month, day;
    bool year_is_short; /* two digits: add a century */
    bool bc, month_was_word;
    int ampm; /* 0 none, 1 am, 2 pm */
    struct parsed_time *out;
};

struct error *
datetime_parse_error(const char *what, struct slice text)
{
    struct str q;
    str_init(&q, STR_MAX_DEFAULT);
    go_quote(&q, text);
    struct error *e = err_new(ERR_INVALID_DATETIME_FORMAT, "parsing as type %s: could not parse %s",
                              what, str_cstr(&q));
    str_release(&q);
    return e;
}

static struct error *
bad(const struct scan *s)
{
    return datetime_parse_error(s->what, s->text);
}

static struct error *
field_range(const struct scan *s, const char *field, int64_t v)
{
    return err_new(ERR_DATETIME_FIELD_OVERFLOW,
                   "parsing as type %s: field %s value %lld is out of range", s->what, field,
                   (long long)v);
}

static bool
is_digit(const uint8_t *p, const uint8_t *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

static bool
is_alpha(const uint8_t *p, const uint8_t *end)
{
    return p < end && ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z');
}

/* Up to 18 digits. */
struct run {
    int64_t v;
    int n;
};

static bool
scan_digits(struct scan *s, struct run *r)
{
    *r = (struct run){0, 0};
    while (is_digit(s->p, s->end)) {
        if (r->n == 18)
            return false;
        r->v = r->v * 10 + (*s->p++ - '0');
        r->n++;
    }
    return r->n > 0;
}

int
month_by_name(struct slice w)
{
    for (int i = 0; i < 12; i++) {
        size_t n = strlen(month_names[i]);
        if (w.len >= 3 && w.len <= n && strncasecmp(month_names[i], (const char *)w.ptr, w.len) == 0
            && (w.len == 3 || w.len == n || (i == 8 && w.len == 4)))
            return i + 1;
    }
    return 0;
}

static bool
is_day_name(struct slice w)
{
    static const char *const more[] = {"tues", "wednes", "thur", "thurs"};
    for (int i = 0; i < 7; i++) {
        if ((w.len == 3 || w.len == strlen(day_names[i]))
            && strncasecmp(day_names[i], (const char *)w.ptr, w.len) == 0)
            return true;
    }
    for (size_t i = 0; i < ARRAY_COUNT(more); i++)
        if (w.len == strlen(more[i]) && strncasecmp(more[i], (const char *)w.ptr, w.len) == 0)
            return true;
    return false;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static struct error *
set_year(struct scan *s, struct run r)
{
    if (s->have & F_YEAR)
        return bad(s);
    s->have |= F_YEAR;
    s->year = r.v;
    s->year_is_short = r.n <= 2;
    return NULL;
}

static struct error *
set_month(struct scan *s, int64_t v)
{
    if (s->have & F_MONTH)
        return bad(s);
    if (v < 1 || v > 12)
        return field_range(s, "month", v);
    s->have |= F_MONTH;
    s->month = (int)v;
    return NULL;
}

static struct error *
set_day(struct scan *s, int64_t v)
{
    if (s->have & F_DAY)
        return bad(s);
    if (v < 1 || v > 31)
        return field_range(s, "day", v);
    s->have |= F_DAY;
    s->day = (int)v;
    return NULL;
}

static void
set_days(struct scan *s, int64_t days)
{
    struct civil c;
    civil_from_days(days, &c);
    s->year = c.year;
    s->month = c.month;
    s->day = c.day;
    s->have |= F_DATE;
}

static struct error *
set_year_day(struct scan *s, struct run year, int64_t doy)
{
    if (s->have & F_DATE)
        return bad(s);
    if (doy < 1 || doy > (days_in_month(year.v, 2) == 29 ? 366 : 365))
        return field_range(s, "day", doy);
    set_days(s, days_from_civil(year.v, 1, 1) + doy - 1);
    return NULL;
}

static struct error *
set_time(struct scan *s, int64_t h, int64_t m, int64_t sec, int64_t us)
{
    if (s->out->has_time)
        return bad(s);
    if (h > 24 || (h == 24 && (m > 0 || sec > 0 || us > 0)))
        return field_range(s, "hour", h);
    if (m > 59)
        return field_range(s, "minute", m);
    if (sec > 60)
        return field_range(s, "second", sec);
    s->out->has_time = true;
    s->out->us = h * US_PER_HOUR + m * US_PER_MINUTE + sec * US_PER_SECOND + us;
    return NULL;
}

/* .123456789, rounded to us; may be 1 000 000. */
static int64_t
scan_fraction(struct scan *s)
{
    int64_t v = 0;
    int n = 0;
    if (s->p < s->end && (*s->p == '.' || *s->p == ',') && is_digit(s->p + 1, s->end)) {
        for (s->p++; is_digit(s->p, s->end); s->p++, n++)
            if (n < 7)
                v = v * 10 + (*s->p - '0');
    }
    for (; n < 7; n++)
        v *= 10;
    return (v + 5) / 10;
}

/* Behind the hours, at the colon. */
static struct error *
scan_time(struct scan *s, struct run h)
{
    struct run m, sec = {0, 0};
    s->p++;
    if (!scan_digits(s, &m) || h.n > 2 || m.n > 2)
        return bad(s);
    if (s->p < s->end && *s->p == ':') {
        s->p++;
        if (!scan_digits(s, &sec) || sec.n > 2)
            return bad(s);
    }
    return set_time(s, h.v, m.v, sec.v, sec.n > 0 ? scan_fraction(s) : 0);
}

/* hhmm, hhmmss. */
static struct error *
set_packed_time(struct scan *s, struct run r)
{
    if (r.n == 4)
        return set_time(s, r.v / 100, r.v % 100, 0, 0);
    return set_time(s, r.v / 10000, r.v / 100 % 100, r.v % 100, scan_fraction(s));
}

static struct error *
set_packed_date(struct scan *s, struct run r)
{
    if (s->have & F_DATE)
        return bad(s);
    ERR_TRY(set_year(s, (struct run){r.v / 10000, r.n - 4}));
    ERR_TRY(set_month(s, r.v / 100 % 100));
    return set_day(s, r.v % 100);
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* Three parts with one separator: y-m-d, m/d/y when the year can only be last, month names
 * anywhere. `first` is behind us, at the separator. */
static struct error *
scan_separated(struct scan *s, struct run first)
{
    uint8_t sep = *s->p;
    struct run part[3] = {first};
    int n = 1, month_at = -1;
    if (s->have & F_DATE)
        return bad(s);
    while (n < 3 && s->p < s->end && *s->p == sep) {
        s->p++;
        if (is_alpha(s->p, s->end)) {
            const uint8_t *w = s->p;
            while (is_alpha(s->p, s->end))
                s->p++;
            part[n] = (struct run){month_by_name(slice_make(w, (size_t)(s->p - w))), 0};
            if (part[n].v == 0 || month_at >= 0)
                return bad(s);
            month_at = n;
        } else if (!scan_digits(s, &part[n])) {
            return bad(s);
        }
        n++;
    }
    if (n == 2 && part[1].n == 3 && part[0].n >= 4)
        return set_year_day(s, part[0], part[1].v);
    if (n != 3)
        return bad(s);
    if (month_at >= 0) {
        int y = part[0].n >= 3 ? 0 : 2;
        ERR_TRY(set_month(s, part[month_at].v));
        if (month_at == 2)
            return bad(s);
        ERR_TRY(set_year(s, part[y]));
        return set_day(s, part[2 - y].v);
    }
    if (part[0].n <= 2 && part[2].n >= 3) { /* m/d/y */
        ERR_TRY(set_year(s, part[2]));
        ERR_TRY(set_month(s, part[0].v));
        return set_day(s, part[1].v);
    }
    ERR_TRY(set_year(s, part[0]));
    ERR_TRY(set_month(s, part[1].v));
    return set_day(s, part[2].v);
}

/* A number that stands alone. */
static struct error *
set_number(struct scan *s, struct run r)
{
    if ((s->have & F_DATE) == F_DATE && !s->out->has_time && (r.n == 4 || r.n == 6))
        return set_packed_time(s, r);
    if (s->have == 0 && !s->out->has_time && (r.n == 4 || r.n == 6) &&
        strncmp(s->what, "time", 4) == 0 && (s->what[4] == '\0' || strcmp(s->what, "timetz") == 0))
        return set_packed_time(s, r);
    if ((s->have & F_DATE) == 0) {
        if (r.n == 8 || r.n == 6)
            return set_packed_date(s, r);
        if (r.n == 7)
            return set_year_day(s, (struct run){r.v / 1000, 4}, r.v % 1000);
        if (r.n == 14) {
            ERR_TRY(set_packed_date(s, (struct run){r.v / 1000000, 8}));
            return set_packed_time(s, (struct run){r.v % 1000000, 6});
        }
    }
    if (r.n >= 3)
        return set_year(s, r);
    if (!(s->have & F_DAY) && (s->have & (F_MONTH | F_YEAR)) != F_YEAR)
        return set_day(s, r.v);
    if (!(s->have & F_MONTH))
        return set_month(s, r.v);
    if (!(s->have & F_DAY))
        return set_day(s, r.v);
    return set_year(s, r);
}

static struct error *
scan_number(struct scan *s)
{
    struct run r;
    if (!scan_digits(s, &r))
        return bad(s);
    if (s->p < s->end && *s->p == ':')
        return scan_time(s, r);
    if (s->p < s->end && (*s->p == '-' || *s->p == '/' || *s->p == '.')
        && (s->have & F_DATE) != F_DATE && !(s->have & F_YEAR)
        && (is_digit(s->p + 1, s->end) || is_alpha(s->p + 1, s->end)))
        return scan_separated(s, r);
    /* 1st, 2nd, ... are not dates; 10pm is a time. */
    if (is_alpha(s->p, s->end) && s->end - s->p >= 2 && (s->p[1] | 0x20) == 'm'
        && ((*s->p | 0x20) == 'a' || (*s->p | 0x20) == 'p') && !is_alpha(s->p + 2, s->end)
        && r.n <= 2)
        return set_time(s, r.v, 0, 0, 0);
    return set_number(s, r);
}

/* ---- zones and words --------------------------------------------------------------------------- */

static struct error *
set_zone(struct scan *s, const struct timezone_info *tz)
{
    if (s->out->has_zone)
        return bad(s);
    s->out->has_zone = true;
    s->out->zone = tz;
    return NULL;
}

/* At the sign: hh, hhmm, hhmmss, hh:mm[:ss]. */
static struct error *
scan_offset(struct scan *s)
{
    bool west = *s->p++ == '-';
    struct run h, m = {0, 0}, sec = {0, 0};
    if (!scan_digits(s, &h) || h.n > 6)
        return bad(s);
    if (s->p < s->end && *s->p == ':') {
        s->p++;
        if (!scan_digits(s, &m) || m.n > 2 || h.n > 2)
            return bad(s);
        if (s->p < s->end && *s->p == ':') {
            s->p++;
            if (!scan_digits(s, &sec) || sec.n > 2)
                return bad(s);
        }
    } else if (h.n >= 5) {
        sec.v = h.v % 100;
        m.v = h.v / 100 % 100;
        h.v /= 10000;
    } else if (h.n >= 3) {
        m.v = h.v % 100;
        h.v /= 100;
    }
    int64_t east = h.v * 3600 + m.v * 60 + sec.v;
    if (h.v > 15 || m.v > 59 || sec.v > 59)
        return field_range(s, "timezone hour", h.v);
    return set_zone(s, timezone_fixed(s->env->arena, (int32_t)(west ? -east : east), ""));
}

static bool
word_is(struct slice w, const char *name)
{
    return w.len == strlen(name) && strncasecmp((const char *)w.ptr, name, w.len) == 0;
}

static bool
is_abbreviation(struct slice w)
{
    static const char *const names[] = {
        "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "AKST", "AKDT", "HST", "BST",
        "CET", "CEST", "EET", "EEST", "WET", "WEST", "MSK", "MSD", "IST", "JST", "KST", "SGT",
        "AEST", "AEDT", "ACST", "ACDT", "AWST", "NZST", "NZDT", "SAST", "WAT", "EAT", "CAT",
        "ART", "BRT", "CLT", "NST", "NDT", "AST", "ADT", "MET", "MEST", "HKT", "PKT", "ICT"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (word_is(w, names[i]))
            return true;
    return false;
}

static struct error *
set_relative_date(struct scan *s, int days)
{
    if (s->have & F_DATE)
        return bad(s);
    set_days(s, local_date(utc_to_local(env_zone(s->env), s->env->txn_time_us)) + days);
    return NULL;
}

static struct error *
scan_special(struct scan *s, struct slice w, bool minus, bool *known)
{
    *known = true;
    if (word_is(w, "infinity") || word_is(w, "inf")) {
        s->out->special = minus ? PARSED_NEG_INFINITY : PARSED_INFINITY;
        return NULL;
    }
    if (minus)
        return bad(s);
    if (word_is(w, "epoch"))
        s->out->special = PARSED_EPOCH;
    else if (word_is(w, "now"))
        s->out->special = PARSED_NOW;
    else if (word_is(w, "today"))
        return set_relative_date(s, 0);
    else if (word_is(w, "tomorrow"))
        return set_relative_date(s, 1);
    else if (word_is(w, "yesterday"))
        return set_relative_date(s, -1);
    else if (word_is(w, "allballs")) {
        ERR_TRY(set_time(s, 0, 0, 0, 0));
        return set_zone(s, TIMEZONE_UTC);
    } else
        *known = false;
    return NULL;
}

/* A zone's name, which may go on behind letters: America/New_York, Etc/GMT+5. */
static struct error *
scan_zone_name(struct scan *s, const uint8_t *start)
{
    const struct timezone_info *tz;
    bool slash = false;
    while (s->p < s->end
           && (is_alpha(s->p, s->end) || *s->p == '/' || *s->p == '_'
               || (slash && (*s->p == '+' || *s->p == '-' || is_digit(s->p, s->end))))) {
        slash |= *s->p == '/';
        s->p++;
    }
    struct slice name = {start, (size_t)(s->p - start)};
    if (is_abbreviation(name))
        return err_wrap(err_unimplemented(31710, "timestamp abbreviations not supported"),
                        "parsing as type %s", s->what);
    struct error *err = timezone_lookup(s->env->arena, name, &tz);
    if (err != NULL) {
        err_free(err);
        return bad(s);
    }
    return set_zone(s, tz);
}

static struct error *
scan_julian(struct scan *s)
{
    struct run r;
    if (!scan_digits(s, &r) || (s->have & F_DATE))
        return bad(s);
    set_days(s, r.v - 2440588);
    return NULL;
}

static struct error *
scan_word(struct scan *s, bool minus)
{
    const uint8_t *start = s->p;
    bool known;
    while (is_alpha(s->p, s->end))
        s->p++;
    struct slice w = {start, (size_t)(s->p - start)};
    ERR_TRY(scan_special(s, w, minus, &known));
    if (known)
        return NULL;
    int month = month_by_name(w);
    if (month != 0) {
        /* "2 Jan": a number that was taken for a month makes room. */
        if ((s->have & F_MONTH) && !(s->have & F_DAY) && !s->month_was_word) {
            s->have &= ~(unsigned)F_MONTH;
            ERR_TRY(set_day(s, s->month));
        }
        s->month_was_word = true;
        ERR_TRY(set_month(s, month));
        if (s->p < s->end && *s->p == '-') /* Jan-2-2006 */
            s->p++;
        return NULL;
    }
    if (is_day_name(w) || word_is(w, "at"))
        return NULL;
    if ((word_is(w, "j") || word_is(w, "julian")) && is_digit(s->p, s->end))
        return scan_julian(s);
    if (word_is(w, "t") && is_digit(s->p, s->end))
        return NULL;
    if (word_is(w, "bc") || word_is(w, "bce")) {
        s->bc = true;
        return NULL;
    }
    if (word_is(w, "ad") || word_is(w, "ce"))
        return NULL;
    if ((word_is(w, "am") || word_is(w, "pm")) && s->ampm == 0) {
        s->ampm = (*w.ptr | 0x20) == 'a' ? 1 : 2;
        return NULL;
    }
    if (word_is(w, "z") || word_is(w, "zulu") || word_is(w, "utc") || word_is(w, "gmt")) {
        if (w.len == 3 && s->p < s->end && (*s->p == '+' || *s->p == '-'))
            return scan_offset(s);
        return set_zone(s, TIMEZONE_UTC);
    }
    return scan_zone_name(s, start);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static struct error *
finish_date(struct scan *s)
{
    int64_t y = s->year;
    if (s->bc) {
        if (y < 1)
            return bad(s);
        y = 1 - y;
    } else if (s->year_is_short) {
        y += y < 70 ? 2000 : 1900;
    } else if (y == 0 && !s->out->has_date) {
        return field_range(s, "year", 0);
    }
    if (y > 6000000 || y < -5000)
        return err_new(ERR_DATETIME_FIELD_OVERFLOW, "date is out of range");
    if (s->day > days_in_month(y, s->month))
        return field_range(s, "day", s->day);
    s->out->has_date = true;
    s->out->days = days_from_civil(y, s->month, s->day);
    return NULL;
}

static struct error *
finish(struct scan *s)
{
    if (s->out->special != PARSED_PLAIN)
        return s->have != 0 || s->out->has_time || s->out->has_zone ? bad(s) : NULL;
    if (s->ampm != 0) {
        int64_t h = s->out->us / US_PER_HOUR;
        if (!s->out->has_time || h > 12)
            return bad(s);
        if (s->ampm == 2 && h < 12)
            s->out->us += 12 * US_PER_HOUR;
        else if (s->ampm == 1 && h == 12)
            s->out->us -= 12 * US_PER_HOUR;
    }
    if ((s->have & F_DATE) == F_DATE)
        return finish_date(s);
    if (s->have != 0 || s->bc || !s->out->has_time)
        return bad(s);
    return NULL;
}

struct error *
datetime_parse_text(const struct eval_env *env, const char *what, struct slice text,
                    struct parsed_time *out)
{
    struct scan s = {.env = env, .what = what, .text = text, .p = text.ptr,
                     .end = text.ptr + text.len, .out = out};
    *out = (struct parsed_time){0};
    while (s.p < s.end) {
        uint8_t c = *s.p;
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',') {
            s.p++;
        } else if (is_digit(s.p, s.end)) {
            ERR_TRY(scan_number(&s));
        } else if (is_alpha(s.p, s.end)) {
            ERR_TRY(scan_word(&s, false));
        } else if ((c == '-' || c == '+') && is_alpha(s.p + 1, s.end)) {
            s.p++;
            ERR_TRY(scan_word(&s, c == '-'));
        } else if ((c == '-' || c == '+') && out->has_time) {
            ERR_TRY(scan_offset(&s));
        } else if ((c == '-' || c == '+') && (s.have & F_DATE) == F_DATE) {
            ERR_TRY(scan_offset(&s));
        } else {
            return bad(&s);
        }
    }
    return finish(&s);
}

/* ---- timestamps ------------------------------------------------------------------------------ */

/* The wall time said, before any zone. */
static struct error *
parse_local(const struct eval_env *env, const char *what, struct slice text,
            struct parsed_time *p, int64_t *us, bool *is_instant)
{
    ERR_TRY(datetime_parse_text(env, what, text, p));
    *is_instant = true;
    switch (p->special) {
    case PARSED_EPOCH:
        *us = -PG_EPOCH_US;
        return NULL;
    case PARSED_INFINITY:
        *us = TIMESTAMP_MAX_US;
        return NULL;
    case PARSED_NEG_INFINITY:
        *us = TIMESTAMP_MIN_US;
        return NULL;
    case PARSED_NOW:
        *us = env->txn_time_us;
        return NULL;
    case PARSED_PLAIN:
        break;
    }
    *is_instant = false;
    if (!p->has_date)
        return datetime_parse_error(what, text);
    int64_t v;
    if (mul_overflow_i64(p->days - PG_EPOCH_DAYS, US_PER_DAY, &v)
        || add_overflow_i64(v, p->us, &v))
        return timestamp_overflow();
    *us = v;
    return NULL;
}

struct error *
parse_timestamp(const struct eval_env *env, struct slice text, int64_t *us)
{
    struct parsed_time p;
    bool is_instant;
    ERR_TRY(parse_local(env, "timestamp", text, &p, us, &is_instant));
    if (p.special == PARSED_NOW)
        *us = utc_to_local(env_zone(env), *us);
    return timestamp_check(*us);
}

struct error *
parse_timestamptz(const struct eval_env *env, struct slice text, int64_t *us)
{
    struct parsed_time p;
    bool is_instant;
    ERR_TRY(parse_local(env, "timestamptz", text, &p, us, &is_instant));
    if (!is_instant)
        *us = local_to_utc(p.has_zone ? p.zone : env_zone(env), *us);
    return timestamp_check(*us);
}
