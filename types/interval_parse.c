/* Intervals as text: PostgreSQL and Go units, SQL standard, ISO 8601.
 * SOURCE: CockroachDB v20.1 pkg/sql/sem/tree/interval.go. */
#include "config.h"

#include <stdio.h>
#include <strings.h>

#include "types/datetime_int.h"

struct lexer {
    const struct type *type;
    struct slice text; /* for messages */
    const uint8_t *start, *p, *end;
    struct interval sum;
};

/* A number with its fraction kept exactly, 18 digits. */
struct number {
    bool neg;
    bool has_sign, has_fraction;
    int64_t whole;    /* >= 0 */
    int64_t fraction; /* units of 10^-18 */
};

#define FRACTION_ONE INT64_C(1000000000000000000)

static struct error *
fail(const struct lexer *l, const char *fmt, ...) ERR_PRINTF(2, 3);

static struct error *
fail(const struct lexer *l, const char *fmt, ...)
{
    struct str q;
    va_list ap;
    str_init(&q, STR_MAX_DEFAULT);
    str_append_cstr(&q, "could not parse ");
    go_quote(&q, l->text);
    str_append_cstr(&q, " as type interval");
    str_append_cstr(&q, ": ");
    va_start(ap, fmt);
    str_vprintf(&q, fmt, ap);
    va_end(ap);
    struct error *e = err_new(ERR_INVALID_DATETIME_FORMAT, "%s", str_cstr(&q));
    str_release(&q);
    return e;
}

/* `interval: <what> "<text>"` */
static struct error *
fail_text(const struct lexer *l, const char *what)
{
    struct str q;
    str_init(&q, STR_MAX_DEFAULT);
    go_quote(&q, l->text);
    struct error *e = fail(l, "interval: %s %s", what, str_cstr(&q));
    str_release(&q);
    return e;
}

static struct error *
missing_unit(const struct lexer *l, const uint8_t *at)
{
    char what[64];
    snprintf(what, sizeof(what), "missing unit at position %zu:", (size_t)(at - l->start));
    return fail_text(l, what);
}

static bool
is_digit(const struct lexer *l)
{
    return l->p < l->end && *l->p >= '0' && *l->p <= '9';
}

static void
skip_spaces(struct lexer *l)
{
    while (l->p < l->end && (*l->p == ' ' || *l->p == '\t' || *l->p == '\n' || *l->p == '\r'))
        l->p++;
}

/* false: no number here, or it overflows (*overflow). */
static bool
scan_number(struct lexer *l, struct number *n, bool *overflow)
{
    *n = (struct number){0};
    *overflow = false;
    if (l->p < l->end && (*l->p == '-' || *l->p == '+')) {
        n->neg = *l->p++ == '-';
        n->has_sign = true;
    }
    const uint8_t *digits = l->p;
    for (; is_digit(l); l->p++)
        if (mul_overflow_i64(n->whole, 10, &n->whole)
            || add_overflow_i64(n->whole, *l->p - '0', &n->whole))
            *overflow = true;
    bool any = l->p > digits;
    if (l->p < l->end && *l->p == '.') {
        int64_t unit = FRACTION_ONE;
        n->has_fraction = true;
        for (l->p++; is_digit(l); l->p++) {
            any = true;
            unit /= 10;
            n->fraction += unit * (*l->p - '0');
        }
    }
    return any && !*overflow;
}

static struct error *
range_error(const struct lexer *l)
{
    return fail_text(l, "value out of range:");
}

/* ---- units ----------------------------------------------------------------------------------- */

struct unit {
    const char *names; /* separated by spaces, lower case */
    int64_t months, days, nanos;
};

static const struct unit units[] = {
    {"ns nanosecond nanoseconds", 0, 0, 1},
    {"us \xc2\xb5s \xce\xbcs usec usecs microsecond microseconds", 0, 0, 1000},
    {"ms msec msecs millisecond milliseconds", 0, 0, 1000000},
    {"s sec secs second seconds", 0, 0, NANOS_PER_SECOND},
    {"m min mins minute minutes", 0, 0, 60 * NANOS_PER_SECOND},
    {"h hr hrs hour hours", 0, 0, 3600 * NANOS_PER_SECOND},
    {"d day days", 0, 1, 0},
    {"w week weeks", 0, 7, 0},
    {"mon mons month months", 1, 0, 0},
    {"y yr yrs year years", 12, 0, 0},
    {"dec decs decade decades", 120, 0, 0},
    {"c cent century centuries", 1200, 0, 0},
    {"mil mils millennium millenniums millennia", 12000, 0, 0},
};

static const struct unit *
find_unit(struct slice w)
{
    for (size_t i = 0; i < ARRAY_COUNT(units) && w.len > 0; i++) {
        const char *name = units[i].names;
        while (*name != '\0') {
            size_t n = strcspn(name, " ");
            if (n == w.len && strncasecmp(name, (const char *)w.ptr, n) == 0)
                return &units[i];
            name += n + (name[n] == ' ');
        }
    }
    return NULL;
}

/* sum += sign * whole * unit; fractions of months and days go down to days and time. */
static bool
add_units(struct interval *sum, const struct number *n, const struct unit *u)
{
    int64_t sign = n->neg ? -1 : 1;
    int64_t months = 0, days = 0, nanos = 0;
    if (mul_overflow_i64(sign * n->whole, u->months, &months)
        || mul_overflow_i64(sign * n->whole, u->days, &days)
        || mul_overflow_i64(sign * n->whole, u->nanos, &nanos))
        return false;
    int128 frac = (int128)sign * n->fraction; /* of the unit, in 10^-18 */
    int64_t more_months = 0, more_days = 0, more_nanos;
    if (u->months > 0) {
        more_months = (int64_t)(frac * u->months / FRACTION_ONE);
        frac = frac * u->months % FRACTION_ONE * 30; /* days */
        more_days = (int64_t)(frac / FRACTION_ONE);
        more_nanos = (int64_t)(frac % FRACTION_ONE * 86400 / NANOS_PER_SECOND);
    } else if (u->days > 0) {
        frac *= u->days;
        more_days = (int64_t)(frac / FRACTION_ONE);
        more_nanos = (int64_t)(frac % FRACTION_ONE * 86400 / NANOS_PER_SECOND);
    } else {
        more_nanos = (int64_t)(frac * u->nanos / FRACTION_ONE);
    }
    if (add_overflow_i64(months, more_months, &months) || add_overflow_i64(days, more_days, &days)
        || add_overflow_i64(nanos, more_nanos, &nanos))
        return false;
    return !add_overflow_i64(sum->months, months, &sum->months)
           && !add_overflow_i64(sum->days, days, &sum->days)
           && !add_overflow_i64(sum->nanos, nanos, &sum->nanos);
}

static const struct unit *const SECOND = &units[3], *const MINUTE = &units[4],
                                *const HOUR = &units[5], *const DAY = &units[6],
                                *const MONTH = &units[8], *const YEAR = &units[9];

/* What a bare number counts. */
static const struct unit *
default_unit(const struct type *t)
{
    switch (t->has_interval_field ? t->interval_unit : INTERVAL_UNSET) {
    case INTERVAL_YEAR:
        return YEAR;
    case INTERVAL_MONTH:
        return MONTH;
    case INTERVAL_DAY:
        return DAY;
    case INTERVAL_HOUR:
        return HOUR;
    case INTERVAL_MINUTE:
        return MINUTE;
    case INTERVAL_MILLISECOND:
        return &units[2];
    case INTERVAL_SECOND:
    case INTERVAL_UNSET:
        break;
    }
    return SECOND;
}

/* ---- h:m:s ----------------------------------------------------------------------------------- */

/* h is read, the colon is next. Two parts are minutes and seconds when the second has a fraction
 * or the type says MINUTE TO SECOND. */
static struct error *
scan_clock(struct lexer *l, struct number h)
{
    struct number m, s = {0};
    bool overflow;
    l->p++;
    if (!scan_number(l, &m, &overflow) || m.has_sign)
        return fail_text(l, "invalid format");
    bool three = l->p < l->end && *l->p == ':';
    if (three) {
        l->p++;
        if (m.has_fraction || !scan_number(l, &s, &overflow) || s.has_sign)
            return fail_text(l, "invalid format");
    } else if (m.has_fraction
               || (l->type->has_interval_field && l->type->interval_from == INTERVAL_MINUTE
                   && l->type->interval_unit == INTERVAL_SECOND)) {
        s = m;
        m = h;
        h = (struct number){.neg = h.neg};
    }
    m.neg = s.neg = h.neg;
    if (!add_units(&l->sum, &h, HOUR) || !add_units(&l->sum, &m, MINUTE)
        || !add_units(&l->sum, &s, SECOND))
        return range_error(l);
    return NULL;
}

/* ---- PostgreSQL and Go ----------------------------------------------------------------------- */

static struct slice
scan_word(struct lexer *l)
{
    const uint8_t *w = l->p;
    while (l->p < l->end && (((*l->p | 0x20) >= 'a' && (*l->p | 0x20) <= 'z') || *l->p >= 0x80))
        l->p++;
    return slice_make(w, (size_t)(l->p - w));
}

static struct error *
unknown_unit(const struct lexer *l, struct slice w)
{
    struct str q;
    str_init(&q, STR_MAX_DEFAULT);
    str_append_cstr(&q, "unknown unit ");
    go_quote(&q, w);
    str_append_cstr(&q, " in duration");
    struct error *e = fail_text(l, str_cstr(&q));
    str_release(&q);
    return e;
}

static struct error *
parse_units(struct lexer *l)
{
    struct number n;
    bool overflow;
    skip_spaces(l);
    if (l->p < l->end && *l->p == '@') {
        l->p++;
        skip_spaces(l);
    }
    if (l->p == l->end)
        return fail_text(l, "invalid input syntax:");
    while (l->p < l->end) {
        const uint8_t *at = l->p;
        if (!scan_number(l, &n, &overflow)) {
            if (overflow)
                return range_error(l);
            l->p = at;
            struct slice w = scan_word(l);
            skip_spaces(l);
            if (w.len == 3 && strncasecmp((const char *)w.ptr, "ago", 3) == 0 && at > l->start
                && l->p == l->end)
                return interval_negate(&l->sum, &l->sum);
            return missing_unit(l, at);
        }
        skip_spaces(l);
        if (l->p < l->end && *l->p == ':' && !n.has_fraction) {
            ERR_TRY(scan_clock(l, n));
            skip_spaces(l);
            continue;
        }
        struct slice w = scan_word(l);
        const struct unit *u = find_unit(w);
        if (u == NULL)
            return w.len > 0 ? unknown_unit(l, w) : missing_unit(l, l->p);
        if (!add_units(&l->sum, &n, u))
            return range_error(l);
        skip_spaces(l);
    }
    return NULL;
}

/* ---- SQL standard: [y-m] [d] [h:m:s | number] ---------------------------------------------------- */

static struct error *
invalid_sql(const struct lexer *l)
{
    return fail(l, "invalid input syntax for type interval %.*s", (int)l->text.len,
                (const char *)l->text.ptr);
}

/* y-m behind the y. */
static struct error *
scan_year_month(struct lexer *l, struct number y)
{
    struct number m;
    bool overflow;
    l->p++;
    if (!scan_number(l, &m, &overflow) || m.has_sign || m.has_fraction || y.has_fraction)
        return invalid_sql(l);
    m.neg = y.neg;
    if (!add_units(&l->sum, &y, YEAR) || !add_units(&l->sum, &m, MONTH))
        return range_error(l);
    return NULL;
}

static struct error *
parse_sql(struct lexer *l)
{
    enum { NOTHING, YEAR_MONTH, DAYS, CLOCK } seen = NOTHING;
    struct number n, pending = {0};
    bool overflow, has_pending = false;
    skip_spaces(l);
    if (l->p == l->end)
        return invalid_sql(l);
    while (l->p < l->end) {
        const uint8_t *at = l->p;
        bool colon_first = *at == ':';
        if (!colon_first && !scan_number(l, &n, &overflow))
            return overflow ? range_error(l) : invalid_sql(l);
        if (colon_first)
            n = (struct number){0};
        if (l->p < l->end && *l->p == ':') {
            if (seen >= CLOCK)
                return invalid_sql(l);
            seen = CLOCK;
            if (l->p + 1 == l->end) { /* "1:" */
                l->p++;
                if (!add_units(&l->sum, &n, HOUR))
                    return range_error(l);
            } else {
                ERR_TRY(scan_clock(l, n));
            }
        } else if (l->p < l->end && *l->p == '-' && seen == NOTHING && !has_pending) {
            ERR_TRY(scan_year_month(l, n));
            seen = YEAR_MONTH;
        } else if (!has_pending && seen < DAYS) {
            pending = n;
            has_pending = true; /* days when something follows, else the type's unit */
            const uint8_t *behind = l->p;
            skip_spaces(l);
            if (l->p == l->end)
                break;
            if (l->p == behind)
                return invalid_sql(l);
            if (!add_units(&l->sum, &pending, DAY))
                return range_error(l);
            has_pending = false;
            seen = DAYS;
            continue;
        } else if (seen == DAYS) {
            if (!add_units(&l->sum, &n, default_unit(l->type)))
                return range_error(l);
            seen = CLOCK;
        } else {
            return invalid_sql(l);
        }
        if (l->p < l->end && *l->p != ' ' && *l->p != '\t')
            return invalid_sql(l);
        skip_spaces(l);
    }
    if (has_pending && !add_units(&l->sum, &pending, default_unit(l->type)))
        return range_error(l);
    return NULL;
}

/* ---- ISO 8601 with designators --------------------------------------------------------------- */

static struct error *
invalid_iso(const struct lexer *l)
{
    return invalid_sql(l);
}

static struct error *
parse_iso(struct lexer *l)
{
    static const char date_units[] = "YMWD", time_units[] = "HMS";
    static const uint8_t date_index[] = {9, 8, 7, 6}, time_index[] = {5, 4, 3};
    struct number n;
    bool overflow, in_time = false;
    l->p++;
    if (l->p == l->end)
        return invalid_iso(l);
    while (l->p < l->end) {
        if (*l->p == 'T' && !in_time) {
            in_time = true;
            l->p++;
            if (l->p == l->end)
                return invalid_iso(l);
        }
        if (!scan_number(l, &n, &overflow) || n.has_fraction || l->p == l->end)
            return overflow ? range_error(l) : invalid_iso(l);
        const char *set = in_time ? time_units : date_units;
        const char *f = *l->p == 0 ? NULL : strchr(set, *l->p);
        if (f == NULL)
            return invalid_iso(l);
        l->p++;
        if (!add_units(&l->sum, &n, &units[(in_time ? time_index : date_index)[f - set]]))
            return range_error(l);
    }
    return NULL;
}

struct error *
interval_parse(const struct eval_env *env, const struct type *t, struct slice text,
               struct interval *out)
{
    (void)env;
    struct lexer l = {.type = t, .text = text, .start = text.ptr, .p = text.ptr,
                      .end = text.ptr + text.len};
    bool letters = false;
    if (text.len == 0)
        return err_new(ERR_INVALID_TEXT_REPRESENTATION, "could not parse \"\" as type interval");
    for (size_t i = 0; i < text.len; i++)
        letters |= ((text.ptr[i] | 0x20) >= 'a' && (text.ptr[i] | 0x20) <= 'z')
                   || text.ptr[i] >= 0x80;
    if (*text.ptr == 'P')
        ERR_TRY(parse_iso(&l));
    else if (!letters)
        ERR_TRY(parse_sql(&l));
    else
        ERR_TRY(parse_units(&l));
    if (l.sum.nanos > INT64_MIN + NANOS_PER_SECOND && l.sum.nanos < INT64_MAX - NANOS_PER_SECOND)
        l.sum.nanos = round_div_half_away(l.sum.nanos, 1000) * 1000;
    *out = l.sum;
    return NULL;
}
