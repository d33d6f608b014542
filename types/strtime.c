#include "config.h"

#include "types/strtime_int.h"

#include <strings.h>

#include "types/datetime_int.h"

/* ---- strftime ---------------------------------------------------------------------------------- */

struct moment {
    struct civil c;
    int64_t days, us, iso_year;
    int dow, doy, week;
    int32_t east;
    const char *zone;
};

static int
hour12(int hour)
{
    return hour % 12 == 0 ? 12 : hour % 12;
}

static void
put_offset(struct str *s, int32_t east)
{
    int32_t abs = east < 0 ? -east : east;
    str_printf(s, "%c%02d%02d", east < 0 ? '-' : '+', abs / 3600, abs / 60 % 60);
}

static struct error *
put_directive(struct str *s, const struct moment *m, char d)
{
    const struct civil *c = &m->c;
    long long year = c->year, in_century = ((year % 100) + 100) % 100;
    switch (d) {
    case 'a': str_printf(s, "%.3s", day_names[m->dow]); break;
    case 'A': str_append_cstr(s, day_names[m->dow]); break;
    case 'b':
    case 'h': str_printf(s, "%.3s", month_names[c->month - 1]); break;
    case 'B': str_append_cstr(s, month_names[c->month - 1]); break;
    case 'c':
        str_printf(s, "%.3s %.3s %2d %02d:%02d:%02d %04lld", day_names[m->dow],
                   month_names[c->month - 1], c->day, c->hour, c->minute, c->second, year);
        break;
    case 'C': str_printf(s, "%02lld", (long long)floor_div(year, 100)); break;
    case 'd': str_printf(s, "%02d", c->day); break;
    case 'D':
    case 'x': str_printf(s, "%02d/%02d/%02lld", c->month, c->day, in_century); break;
    case 'e': str_printf(s, "%2d", c->day); break;
    case 'f': str_printf(s, "%06d", c->us); break;
    case 'E':
    case 'F': str_printf(s, "%04lld-%02d-%02d", year, c->month, c->day); break;
    case 'g': str_printf(s, "%02lld", (long long)(((m->iso_year % 100) + 100) % 100)); break;
    case 'G': str_printf(s, "%04lld", (long long)m->iso_year); break;
    case 'H': str_printf(s, "%02d", c->hour); break;
    case 'I': str_printf(s, "%02d", hour12(c->hour)); break;
    case 'j': str_printf(s, "%03d", m->doy); break;
    case 'k': str_printf(s, "%2d", c->hour); break;
    case 'l': str_printf(s, "%2d", hour12(c->hour)); break;
    case 'L': str_printf(s, "%03d", c->us / 1000); break;
    case 'm': str_printf(s, "%02d", c->month); break;
    case 'M': str_printf(s, "%02d", c->minute); break;
    case 'n': str_append_char(s, '\n'); break;
    case 'N': str_printf(s, "%06d000", c->us); break;
    case 'p': str_append_cstr(s, c->hour < 12 ? "AM" : "PM"); break;
    case 'P': str_append_cstr(s, c->hour < 12 ? "am" : "pm"); break;
    case 'r':
        str_printf(s, "%02d:%02d:%02d %s", hour12(c->hour), c->minute, c->second,
                   c->hour < 12 ? "AM" : "PM");
        break;
    case 'R': str_printf(s, "%02d:%02d", c->hour, c->minute); break;
    case 's':
        str_printf(s, "%lld",
                   (long long)(floor_div(m->us, US_PER_SECOND) + UNIX_TO_PG_SECONDS - m->east));
        break;
    case 'S': str_printf(s, "%02d", c->second); break;
    case 't': str_append_char(s, '\t'); break;
    case 'T':
    case 'X': str_printf(s, "%02d:%02d:%02d", c->hour, c->minute, c->second); break;
    case 'u': str_printf(s, "%d", m->dow == 0 ? 7 : m->dow); break;
    case 'U': str_printf(s, "%02d", (m->doy + 6 - m->dow) / 7); break;
    case 'v':
        str_printf(s, "%2d-%.3s-%04lld", c->day, month_names[c->month - 1], year);
        break;
    case 'V': str_printf(s, "%02d", m->week); break;
    case 'w': str_printf(s, "%d", m->dow); break;
    case 'W': str_printf(s, "%02d", (m->doy + 6 - (m->dow + 6) % 7) / 7); break;
    case 'y': str_printf(s, "%02lld", in_century); break;
    case 'Y': str_printf(s, "%04lld", year); break;
    case 'z': put_offset(s, m->east); break;
    case 'Z': str_append_cstr(s, m->zone); break;
    case '%': str_append_char(s, '%'); break;
    default:
        return err_new(ERR_INVALID_PARAMETER_VALUE, "invalid format code: %c", d);
    }
    return NULL;
}

struct error *
strtime_format(struct str *s, int64_t local_us, int32_t east, const char *zone,
               struct slice format)
{
    struct moment m = {.us = local_us, .days = local_date(local_us), .east = east, .zone = zone};
    civil_from_us(local_us, &m.c);
    m.dow = weekday(m.days);
    m.doy = day_of_year(&m.c);
    m.week = iso_week(m.days, &m.iso_year);
    for (size_t i = 0; i < format.len; i++) {
        if (format.ptr[i] != '%') {
            str_append_char(s, (char)format.ptr[i]);
        } else if (++i == format.len) {
            return err_new(ERR_INVALID_PARAMETER_VALUE, "missing format code at the end");
        } else {
            ERR_TRY(put_directive(s, &m, (char)format.ptr[i]));
        }
    }
    return NULL;
}

/* ---- strptime ---------------------------------------------------------------------------------- */

struct reading {
    const uint8_t *p, *end;
    struct civil c;
    int pm; /* 0 unsaid, 1 am, 2 pm */
    int doy;
    int64_t unix_seconds;
    bool has_unix;
    int32_t east;
};

static struct error *
mismatch(const char *what)
{
    return err_new(ERR_INVALID_PARAMETER_VALUE, "could not parse %s", what);
}

/* Up to `max` digits, blanks in front of them allowed. */
static struct error *
get_number(struct reading *r, int max, int64_t lo, int64_t hi, int64_t *out)
{
    int64_t v = 0;
    int n = 0;
    while (r->p < r->end && *r->p == ' ')
        r->p++;
    for (; n < max && r->p < r->end && *r->p >= '0' && *r->p <= '9'; n++)
        v = v * 10 + (*r->p++ - '0');
    if (n == 0 || v < lo || v > hi)
        return mismatch("number");
    *out = v;
    return NULL;
}

static struct error *
get_int(struct reading *r, int max, int lo, int hi, int *out)
{
    int64_t v;
    ERR_TRY(get_number(r, max, lo, hi, &v));
    *out = (int)v;
    return NULL;
}

/* The longest of full name and first three letters; its index. */
static int
get_name(struct reading *r, const char *const *names, int n)
{
    size_t left = (size_t)(r->end - r->p);
    for (int i = 0; i < n; i++) {
        size_t len = strlen(names[i]);
        if (left >= len && strncasecmp((const char *)r->p, names[i], len) == 0) {
            r->p += len;
            return i;
        }
    }
    for (int i = 0; i < n; i++) {
        if (left >= 3 && strncasecmp((const char *)r->p, names[i], 3) == 0) {
            r->p += 3;
            return i;
        }
    }
    return -1;
}

/* Digits behind the point, as many as there are up to max. */
static struct error *
get_fraction(struct reading *r, int max)
{
    int64_t v = 0;
    int n = 0;
    for (; n < max && r->p < r->end && *r->p >= '0' && *r->p <= '9'; n++)
        v = v * 10 + (*r->p++ - '0');
    if (n == 0)
        return mismatch("fraction");
    for (; n < 9; n++)
        v *= 10;
    r->c.us = (int)(v / 1000);
    return NULL;
}

static struct error *
get_offset(struct reading *r)
{
    if (r->p < r->end && *r->p == 'Z') {
        r->p++;
        r->east = 0;
        return NULL;
    }
    if (r->p == r->end || (*r->p != '+' && *r->p != '-'))
        return mismatch("time zone");
    int sign = *r->p++ == '-' ? -1 : 1, h, m;
    ERR_TRY(get_int(r, 2, 0, 24, &h));
    if (r->p < r->end && *r->p == ':')
        r->p++;
    ERR_TRY(get_int(r, 2, 0, 59, &m));
    r->east = sign * (h * 3600 + m * 60);
    return NULL;
}

static struct error *match_format(struct reading *r, struct slice format);

static struct error *
get_directive(struct reading *r, char d)
{
    int64_t v;
    int i;
    switch (d) {
    case 'a':
    case 'A':
        return get_name(r, day_names, 7) < 0 ? mismatch("day name") : NULL;
    case 'b':
    case 'B':
    case 'h':
        i = get_name(r, month_names, 12);
        if (i < 0)
            return mismatch("month name");
        r->c.month = i + 1;
        return NULL;
    case 'd':
    case 'e': return get_int(r, 2, 1, 31, &r->c.day);
    case 'm': return get_int(r, 2, 1, 12, &r->c.month);
    case 'Y': return get_number(r, 4, 0, 9999, &r->c.year);
    case 'y':
        ERR_TRY(get_number(r, 2, 0, 99, &v));
        r->c.year = v < 69 ? 2000 + v : 1900 + v;
        return NULL;
    case 'H':
    case 'k': return get_int(r, 2, 0, 23, &r->c.hour);
    case 'I':
    case 'l': return get_int(r, 2, 1, 12, &r->c.hour);
    case 'M': return get_int(r, 2, 0, 59, &r->c.minute);
    case 'S': return get_int(r, 2, 0, 60, &r->c.second);
    case 'L': return get_fraction(r, 3);
    case 'f':
    case 'N': return get_fraction(r, 9);
    case 'j': return get_int(r, 3, 1, 366, &r->doy);
    case 's':
        ERR_TRY(get_number(r, 12, 0, INT64_C(999999999999), &r->unix_seconds));
        r->has_unix = true;
        return NULL;
    case 'p':
    case 'P':
        if (r->end - r->p < 2 || (r->p[1] | 0x20) != 'm')
            return mismatch("AM or PM");
        r->pm = (*r->p | 0x20) == 'p' ? 2 : 1;
        r->p += 2;
        return NULL;
    case 'z': return get_offset(r);
    case 'u':
    case 'w': return get_int(r, 1, 0, 7, &i);
    case 'D':
    case 'x': return match_format(r, SLICE_LIT("%m/%d/%y"));
    case 'F': return match_format(r, SLICE_LIT("%Y-%m-%d"));
    case 'R': return match_format(r, SLICE_LIT("%H:%M"));
    case 'r': return match_format(r, SLICE_LIT("%I:%M:%S %p"));
    case 'T':
    case 'X': return match_format(r, SLICE_LIT("%H:%M:%S"));
    case 'c': return match_format(r, SLICE_LIT("%a %b %e %H:%M:%S %Y"));
    case 'v': return match_format(r, SLICE_LIT("%e-%b-%Y"));
    case 'n':
    case 't':
        while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n'))
            r->p++;
        return NULL;
    case '%':
        return r->p < r->end && *r->p++ == '%' ? NULL : mismatch("%");
    default:
        return err_new(ERR_INVALID_PARAMETER_VALUE, "invalid format code: %c", d);
    }
}

static struct error *
match_format(struct reading *r, struct slice format)
{
    for (size_t i = 0; i < format.len; i++) {
        uint8_t f = format.ptr[i];
        if (f == '%' && i + 1 < format.len) {
            ERR_TRY(get_directive(r, (char)format.ptr[++i]));
        } else if (f == ' ' || f == '\t' || f == '\n') {
            while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n'))
                r->p++;
        } else if (r->p == r->end || *r->p++ != f) {
            return err_new(ERR_INVALID_PARAMETER_VALUE, "expected '%c' in the text", f);
        }
    }
    return NULL;
}

struct error *
strtime_parse(struct slice text, struct slice format, int64_t *us)
{
    struct reading r = {.p = text.ptr, .end = text.ptr + text.len};
    r.c = (struct civil){.year = 1970, .month = 1, .day = 1};
    ERR_TRY(match_format(&r, format));
    if (r.p != r.end)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "trailing text behind the format");
    if (r.has_unix) {
        *us = (r.unix_seconds - UNIX_TO_PG_SECONDS) * US_PER_SECOND + r.c.us;
        return NULL;
    }
    if (r.pm == 1 && r.c.hour == 12)
        r.c.hour = 0;
    else if (r.pm == 2 && r.c.hour < 12)
        r.c.hour += 12;
    if (r.doy > 0) {
        civil_from_days(days_from_civil(r.c.year, 1, 1) + r.doy - 1, &r.c);
    }
    if (r.c.day > days_in_month(r.c.year, r.c.month))
        return mismatch("day");
    *us = us_from_civil(&r.c) - r.east * US_PER_SECOND;
    return NULL;
}
