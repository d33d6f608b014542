#include "config.h"

#include "types/collation.h"

#include <stdio.h>
#include <strings.h>
#include <unicode/uchar.h>
#include <unicode/ucol.h>
#include <unicode/uiter.h>
#include <unicode/uloc.h>
#include <unicode/uversion.h>

#include "base/thread.h"

/* Opened collators are immutable and shared; the list only grows, to a bound. */
#define MAX_LOCALES 256
#define MAX_LOCALE_NAME 100
/* To be counted up when collation_key makes other bytes of the same weights. */
#define KEY_RULES 1

struct entry {
    char name[MAX_LOCALE_NAME];
    UCollator *collator;
};

static struct {
    pthread_mutex_t lock; /* takes nothing further */
    int n;
    struct entry v[MAX_LOCALES];
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* NULL when the name is none or ICU has no memory. */
static UCollator *
open_collator(const char *locale)
{
    char tag[MAX_LOCALE_NAME], id[MAX_LOCALE_NAME * 2];
    size_t n = strlen(locale);
    UErrorCode status = U_ZERO_ERROR;
    int32_t parsed;
    if (n == 0 || n >= sizeof(tag))
        return NULL;
    for (size_t i = 0; i <= n; i++)
        tag[i] = locale[i] == '_' ? '-' : locale[i];
    uloc_forLanguageTag(tag, id, sizeof(id), &parsed, &status);
    if (U_FAILURE(status) || parsed != (int32_t)n)
        return NULL;
    UCollator *c = ucol_open(id, &status);
    return U_FAILURE(status) ? NULL : c;
}

static UCollator *
lookup(const char *locale)
{
    UCollator *found = NULL;
    pthread_mutex_lock(&cache.lock);
    for (int i = 0; i < cache.n && found == NULL; i++) {
        if (strcmp(cache.v[i].name, locale) == 0)
            found = cache.v[i].collator;
    }
    if (found == NULL && cache.n < MAX_LOCALES) {
        found = open_collator(locale);
        if (found != NULL) {
            struct entry *e = &cache.v[cache.n++];
            memcpy(e->name, locale, strlen(locale) + 1);
            e->collator = found;
        }
    }
    pthread_mutex_unlock(&cache.lock);
    return found;
}

static struct error *
invalid_locale(const char *locale)
{
    return err_new(ERR_INVALID_PARAMETER_VALUE,
                   "invalid locale %s: language: tag is not well-formed", locale);
}

static bool
in_list(const char *const *list, const char *word, size_t n)
{
    for (; *list != NULL; list++)
        if (strlen(*list) == n && strncasecmp(*list, word, n) == 0)
            return true;
    return false;
}

static bool
all_of(const char *word, size_t n, bool digits)
{
    for (size_t i = 0; i < n; i++) {
        bool digit = word[i] >= '0' && word[i] <= '9';
        if (digit != digits)
            return false;
    }
    return true;
}

/* Whether a subtag means something; which is the how manieth. Extensions are not looked at. */
static bool
known_subtag(const char *word, size_t n, int which)
{
    static const char *const variants[] = {
        "1606nict", "1694acad", "1901", "1959acad", "1994", "1996", "arevela", "arevmda",
        "baku1926", "boont", "fonipa", "fonupa", "heploc", "hepburn", "kkcor", "lipaw", "luna1918",
        "monoton", "nedis", "njiva", "oxendict", "petr1708", "pinyin", "polyton", "posix",
        "rozaj", "scotland", "scouse", "solba", "tarask", "uccor", "ucrcor", "unifon", "valencia",
        "wadegile", NULL};
    if (which == 0)
        return n == 3 || in_list(uloc_getISOLanguages(), word, n);
    if (n == 2)
        return in_list(uloc_getISOCountries(), word, n);
    if (n == 3)
        return true; /* regions by number, extended languages */
    if (n == 4 && all_of(word, 1, false)) {
        char script[5] = {0};
        memcpy(script, word, 4);
        return u_getPropertyValueEnum(UCHAR_SCRIPT, script) != UCHAR_INVALID_CODE;
    }
    return in_list(variants, word, n);
}

struct error *
collation_check(const char *locale)
{
    if (strcspn(locale, "-_") > 3 || lookup(locale) == NULL)
        return invalid_locale(locale);
    int which = 0;
    for (const char *p = locale; *p != '\0'; which++) {
        size_t n = strcspn(p, "-_");
        if (n <= 1)
            break; /* -u-, -x-: from here on it is options */
        if (!known_subtag(p, n, which))
            return err_new(ERR_INVALID_PARAMETER_VALUE,
                           "invalid locale %s: language: subtag \"%.*s\" is well-formed but unknown",
                           locale, (int)n, p);
        p += n + (p[n] != '\0');
    }
    return NULL;
}

struct error *
collation_key(struct str *out, const char *locale, struct slice text)
{
    UCollator *c = lookup(locale);
    if (c == NULL)
        return invalid_locale(locale);
    UCharIterator it;
    uint32_t state[2] = {0, 0};
    uint8_t part[512];
    if (text.len > INT32_MAX)
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "collated string too long");
    uiter_setUTF8(&it, (const char *)text.ptr, (int32_t)text.len);
    for (;;) {
        UErrorCode status = U_ZERO_ERROR;
        int32_t n = ucol_nextSortKeyPart(c, &it, state, part, sizeof(part), &status);
        if (U_FAILURE(status))
            return err_new(ERR_INTERNAL, "collation failed: %s", u_errorName(status));
        str_append(out, part, (size_t)n);
        if (n < (int32_t)sizeof(part))
            return NULL;
    }
}

int
collation_compare(const char *locale, struct slice a, struct slice b)
{
    UCollator *c = lookup(locale);
    UErrorCode status = U_ZERO_ERROR;
    int r = slice_cmp(a, b);
    if (c != NULL && a.len <= INT32_MAX && b.len <= INT32_MAX)
        r = (int)ucol_strcollUTF8(c, (const char *)a.ptr, (int32_t)a.len, (const char *)b.ptr,
                                  (int32_t)b.len, &status);
    return (r > 0) - (r < 0);
}

void
collation_revision(char out[COLLATION_REVISION_MAX])
{
    UVersionInfo version;
    char icu[U_MAX_VERSION_STRING_LENGTH];
    u_getVersion(version);
    u_versionToString(version, icu);
    snprintf(out, COLLATION_REVISION_MAX, "amberdb %d, ICU %s", KEY_RULES, icu);
}
