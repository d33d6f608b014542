#include "config.h"

#include "types/timezone.h"

#include <unicode/ucal.h>
#include <unicode/uenum.h>

#include "base/thread.h"
#include "types/datetime_int.h"

/* A zone is a table of its transitions up to TABLE_END_YEAR; later instants are moved back by whole
 * 400-year cycles, in which the Gregorian calendar repeats, into the last cycle of the table. */
#define CYCLE_SECONDS (INT64_C(146097) * 86400)
#define TABLE_END_YEAR 2450
#define MAX_ZONES 1024
#define MAX_ZONE_NAME 80

struct transition {
    int64_t at; /* Unix seconds */
    int32_t offset;
};

struct timezone_info {
    const char *name;
    int n;                          /* 0: fixed */
    int32_t first;                  /* offset before the first transition, or the fixed one */
    const struct transition *v;
};

static const struct timezone_info utc = {.name = "UTC"};
const struct timezone_info *const TIMEZONE_UTC = &utc;

/* Zones stay for the process: few hundred exist. */
static struct {
    pthread_mutex_t lock; /* takes nothing further */
    int n;
    const struct timezone_info *v[MAX_ZONES];
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- offsets --------------------------------------------------------------------------------- */

static int64_t
table_end(void)
{
    return days_from_civil(TABLE_END_YEAR, 1, 1) * 86400;
}

/* Index of the last transition at or before t, -1 for none. */
static int
find(const struct timezone_info *tz, int64_t t)
{
    int lo = 0, hi = tz->n;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (tz->v[mid].at <= t)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo - 1;
}

/* Offset at Unix second t, and the span in which it holds. */
static int32_t
offset_at(const struct timezone_info *tz, int64_t t, int64_t *start, int64_t *end)
{
    int64_t shift = 0, last = table_end();
    if (tz->n == 0) {
        *start = INT64_MIN;
        *end = INT64_MAX;
        return tz->first;
    }
    if (t >= last) {
        shift = ((t - last) / CYCLE_SECONDS + 1) * CYCLE_SECONDS;
        t -= shift;
    }
    int i = find(tz, t);
    *start = i < 0 ? INT64_MIN : tz->v[i].at + shift;
    *end = i + 1 < tz->n ? tz->v[i + 1].at + shift : INT64_MAX;
    return i < 0 ? tz->first : tz->v[i].offset;
}

static int64_t
unix_seconds(int64_t us)
{
    return floor_div(us, US_PER_SECOND) + UNIX_TO_PG_SECONDS;
}

int32_t
timezone_offset_utc(const struct timezone_info *tz, int64_t us_utc)
{
    int64_t start, end;
    return tz == NULL ? 0 : offset_at(tz, unix_seconds(us_utc), &start, &end);
}

/* SOURCE: Go's time.Date: look the wall time up as if it were UTC, then correct by the span. */
int32_t
timezone_offset_local(const struct timezone_info *tz, int64_t us_local)
{
    int64_t start, end, t = unix_seconds(us_local);
    if (tz == NULL)
        return 0;
    int32_t offset = offset_at(tz, t, &start, &end);
    if (offset == 0)
        return offset;
    int64_t s2, e2, instant = t - offset;
    if (start != INT64_MIN && instant < start)
        return offset_at(tz, start - 1, &s2, &e2);
    if (end != INT64_MAX && instant >= end)
        return offset_at(tz, end, &s2, &e2);
    return offset;
}

const char *
timezone_name(const struct timezone_info *tz)
{
    return tz == NULL ? utc.name : tz->name;
}

const struct timezone_info *
timezone_fixed(struct arena *a, int32_t seconds_east, const char *shown)
{
    struct timezone_info *tz = ARENA_NEW(a, struct timezone_info);
    tz->name = arena_strdup(a, shown);
    tz->first = seconds_east;
    return tz;
}

/* ---- tables from ICU ------------------------------------------------------------------------- */

static int32_t
icu_offset(UCalendar *cal, UDate ms, UErrorCode *status)
{
    ucal_setMillis(cal, ms, status);
    return (ucal_get(cal, UCAL_ZONE_OFFSET, status) + ucal_get(cal, UCAL_DST_OFFSET, status))
           / 1000;
}

static const struct timezone_info *
build(const char *name, UCalendar *cal)
{
    UErrorCode status = U_ZERO_ERROR;
    struct timezone_info *tz = xcalloc(1, sizeof(*tz));
    struct transition *v = NULL;
    int n = 0, cap = 0;
    UDate at = -1e14, next; /* before any zone's first change */
    int64_t end = table_end();
    tz->first = icu_offset(cal, at, &status);
    int32_t offset = tz->first;
    while (U_SUCCESS(status)) {
        ucal_setMillis(cal, at, &status);
        if (!ucal_getTimeZoneTransitionDate(cal, UCAL_TZ_TRANSITION_NEXT, &next, &status)
            || U_FAILURE(status) || next <= at || next / 1000 >= (double)end)
            break;
        at = next;
        int32_t o = icu_offset(cal, at, &status);
        if (o == offset)
            continue; /* a change of name or of what counts as summer time */
        offset = o;
        if (n == cap) {
            cap = cap == 0 ? 64 : cap * 2;
            v = xrealloc(v, (size_t)cap * sizeof(*v));
        }
        v[n++] = (struct transition){(int64_t)(at / 1000), o};
    }
    tz->name = xstrdup(name);
    tz->n = n;
    tz->v = v;
    if (n == 0)
        tz->first = offset;
    return tz;
}

static bool
equal_fold(const char *a, struct slice b)
{
    for (size_t i = 0; i < b.len; i++) {
        uint8_t x = (uint8_t)a[i], y = b.ptr[i];
        x = x >= 'A' && x <= 'Z' ? x | 0x20 : x;
        y = y >= 'A' && y <= 'Z' ? y | 0x20 : y;
        if (x == 0 || x != y)
            return false;
    }
    return a[b.len] == '\0';
}

/* The zone's name in ICU, letter case put right. */
static bool
icu_name(struct slice name, char out[MAX_ZONE_NAME])
{
    UErrorCode status = U_ZERO_ERROR;
    bool found = false;
    UEnumeration *en = ucal_openTimeZones(&status);
    while (U_SUCCESS(status) && !found) {
        int32_t len;
        const char *id = uenum_next(en, &len, &status);
        if (id == NULL || U_FAILURE(status))
            break;
        /* Three letters are abbreviations that ICU keeps for Java; IANA has these few. */
        if (len < MAX_ZONE_NAME && equal_fold(id, name)) {
            memcpy(out, id, (size_t)len + 1);
            found = true;
        }
    }
    uenum_close(en);
    return found;
}

/* ICU also knows Java's three-letter names; of those only IANA's are zones here. */
static bool
is_iana(const char *name)
{
    static const char *const three[] = {"EST", "MST", "HST", "GMT", "UTC", "UCT", "CET",
                                        "MET", "EET", "WET", "PRC", "ROC", "ROK"};
    if (strlen(name) != 3)
        return strncmp(name, "SystemV/", 8) != 0;
    for (size_t i = 0; i < ARRAY_COUNT(three); i++)
        if (strcmp(name, three[i]) == 0)
            return true;
    return false;
}

static const struct timezone_info *
cached(struct slice name)
{
    for (int i = 0; i < cache.n; i++)
        if (equal_fold(cache.v[i]->name, name))
            return cache.v[i];
    return NULL;
}

static const struct timezone_info *
named_zone(struct slice name)
{
    char id[MAX_ZONE_NAME];
    UChar wide[MAX_ZONE_NAME];
    if (name.len == 0 || name.len >= MAX_ZONE_NAME)
        return NULL;
    if (equal_fold("UTC", name))
        return &utc;
    pthread_mutex_lock(&cache.lock);
    const struct timezone_info *tz = cached(name);
    if (tz == NULL && cache.n < MAX_ZONES && icu_name(name, id) && is_iana(id)) {
        UErrorCode status = U_ZERO_ERROR;
        size_t len = strlen(id);
        for (size_t i = 0; i <= len; i++)
            wide[i] = (UChar)id[i];
        UCalendar *cal = ucal_open(wide, (int32_t)len, "en", UCAL_GREGORIAN, &status);
        if (U_SUCCESS(status)) {
            tz = build(id, cal);
            cache.v[cache.n++] = tz;
            ucal_close(cal);
        }
    }
    pthread_mutex_unlock(&cache.lock);
    return tz;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool
two_digits(struct reader *r, int max, int *out)
{
    if (reader_left(r) < 2 || r->ptr[0] < '0' || r->ptr[0] > '9' || r->ptr[1] < '0'
        || r->ptr[1] > '9')
        return false;
    *out = (r->ptr[0] - '0') * 10 + (r->ptr[1] - '0');
    r->ptr += 2;
    return *out <= max;
}

/* [+-]h[h][:mm[:ss]] or [+-]h.fraction; seconds as written. */
static bool
parse_offset(struct slice s, bool need_sign, int32_t *out)
{
    struct reader r = reader_make(s);
    int sign = 1, hours = 0, digits = 0, minutes = 0, seconds = 0;
    if (reader_left(&r) > 0 && (*r.ptr == '+' || *r.ptr == '-'))
        sign = *r.ptr++ == '-' ? -1 : 1;
    else if (need_sign)
        return false;
    while (reader_left(&r) > 0 && *r.ptr >= '0' && *r.ptr <= '9' && digits < 3) {
        hours = hours * 10 + (*r.ptr++ - '0');
        digits++;
    }
    if (digits == 0)
        return false;
    if (reader_left(&r) > 1 && *r.ptr == '.') {
        double f = 0, unit = 360;
        for (r.ptr++; reader_left(&r) > 0; r.ptr++, unit /= 10) {
            if (*r.ptr < '0' || *r.ptr > '9')
                return false;
            f += unit * (*r.ptr - '0');
        }
        *out = sign * (hours * 3600 + (int32_t)(f + 0.5));
        return hours <= 167;
    }
    if (reader_left(&r) > 0) {
        if (*r.ptr++ != ':' || !two_digits(&r, 59, &minutes))
            return false;
        if (reader_left(&r) > 0 && (*r.ptr++ != ':' || !two_digits(&r, 59, &seconds)))
            return false;
    }
    *out = sign * (hours * 3600 + minutes * 60 + seconds);
    return reader_left(&r) == 0 && hours <= 167;
}

/* "fixed offset:SECONDS (AS WRITTEN)": how v20.1 names a zone that is no more than an offset. */
static bool
named_by_offset(struct slice s, int32_t *seconds, struct slice *written)
{
    static const char prefix[] = "fixed offset:";
    size_t n = sizeof(prefix) - 1;
    if (s.len < n || memcmp(s.ptr, prefix, n) != 0 || s.ptr[s.len - 1] != ')')
        return false;
    const uint8_t *p = s.ptr + n, *end = s.ptr + s.len;
    bool west = p < end && *p == '-';
    int32_t v = 0;
    for (p += west; p < end && *p >= '0' && *p <= '9' && v < 1000000; p++)
        v = v * 10 + (*p - '0');
    if (end - p < 3 || p[0] != ' ' || p[1] != '(' || v > (167 * 60 + 59) * 60)
        return false;
    *seconds = west ? -v : v;
    *written = slice_make(p + 2, (size_t)(end - p) - 3);
    return true;
}

static struct error *
find_zone(struct arena *a, struct slice name, bool posix, const struct timezone_info **out)
{
    int32_t seconds;
    struct slice written;
    if (named_by_offset(name, &seconds, &written)) {
        *out = timezone_fixed(a, seconds, slice_to_cstr(a, written));
        return NULL;
    }
    while (name.len > 0 && *name.ptr == ' ') {
        name.ptr++;
        name.len--;
    }
    while (name.len > 0 && name.ptr[name.len - 1] == ' ')
        name.len--;
    const char *shown = slice_to_cstr(a, name);
    if (equal_fold("LOCAL", name) || equal_fold("DEFAULT", name)) {
        *out = TIMEZONE_UTC;
        return NULL;
    }
    *out = named_zone(name);
    if (*out != NULL)
        return NULL;
    if (parse_offset(name, false, &seconds)) {
        *out = timezone_fixed(a, posix ? -seconds : seconds, shown);
        return NULL;
    }
    /* GMT+3 counts westwards, as POSIX does. */
    if (name.len > 3
        && (equal_fold("GMT", slice_make(name.ptr, 3)) || equal_fold("UTC", slice_make(name.ptr, 3)))
        && parse_offset(slice_make(name.ptr + 3, name.len - 3), true, &seconds)) {
        *out = timezone_fixed(a, -seconds, shown);
        return NULL;
    }
    return err_new(ERR_INVALID_PARAMETER_VALUE, "could not parse \"%s\" as time zone", shown);
}

struct error *
timezone_lookup(struct arena *a, struct slice name, const struct timezone_info **out)
{
    return find_zone(a, name, false, out);
}

struct error *
timezone_lookup_posix(struct arena *a, struct slice name, const struct timezone_info **out)
{
    return find_zone(a, name, true, out);
}
