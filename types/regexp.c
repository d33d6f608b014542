/* Regular expressions in RE2's syntax, run by PCRE2.
 *
 * What RE2 refuses (lookaround, back references, possessive repetition) is refused here with the
 * words of Go's regexp/syntax; what PCRE2 reads differently is rewritten. Both match
 * leftmost-first.
 * SOURCE: Go 1.13 regexp/syntax/parse.go, for texts and for what is legal.
 */
#include "config.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <pthread.h>
#include <stdio.h>

#include "base/hash.h"
#include "types/fn_int.h"

#define MAX_REPEAT 1000
#define MAX_PATTERN (1u << 20)
#define MATCH_LIMIT 5000000u
#define HEAP_LIMIT_KIB 65536u
#define CACHE_SLOTS 16

/* ---- reading a pattern ---------------------------------------------------------------------- */

struct scan {
    struct slice whole;
    const uint8_t *p, *end;
    struct str out;
    int depth;            /* of parentheses */
    bool has_atom;        /* something that can be repeated precedes */
    const uint8_t *repeat; /* the repetition right before, or NULL */
};

static struct error *
syntax_error(const char *what, const uint8_t *from, const uint8_t *to)
{
    return err_new(ERR_INVALID_REGULAR_EXPRESSION, "error parsing regexp: %s: `%.*s`", what,
                   (int)(to - from), (const char *)from);
}

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static int
hex_digit(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_alnum(uint8_t c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* \x41, \x{10FFFF}; p is behind the x. NULL when malformed. */
static const uint8_t *
scan_hex(const uint8_t *p, const uint8_t *end, uint32_t *cp)
{
    *cp = 0;
    if (p < end && *p == '{') {
        const uint8_t *q = p + 1;
        for (; q < end && hex_digit(*q) >= 0; q++) {
            *cp = *cp * 16 + (uint32_t)hex_digit(*q);
            if (*cp > 0x10FFFF)
                return NULL;
        }
        return q > p + 1 && q < end && *q == '}' ? q + 1 : NULL;
    }
    if (end - p < 2 || hex_digit(p[0]) < 0 || hex_digit(p[1]) < 0)
        return NULL;
    *cp = (uint32_t)(hex_digit(p[0]) * 16 + hex_digit(p[1]));
    return p + 2;
}

static void
put_cp(struct str *s, uint32_t cp)
{
    str_printf(s, "\\x{%x}", cp);
}

/* An escape that stands for one character; k->p is at the backslash and moves behind it. */
static struct error *
scan_escaped_char(struct scan *k, uint32_t *cp)
{
    const uint8_t *start = k->p, *p = k->p + 1;
    if (p == k->end)
        return syntax_error("trailing backslash at end of expression", p, p);
    uint8_t c = *p++;
    static const char names[] = "afnrtv", values[] = "\a\f\n\r\t\v";
    const char *at;
    if (c >= '0' && c <= '7' && (c == '0' || (p < k->end && *p >= '0' && *p <= '7'))) {
        *cp = (uint32_t)(c - '0');
        for (int i = 0; i < 2 && p < k->end && *p >= '0' && *p <= '7'; i++)
            *cp = *cp * 8 + (uint32_t)(*p++ - '0');
    } else if (c == 'x') {
        const uint8_t *q = scan_hex(p, k->end, cp);
        if (q == NULL) {
            while (p < k->end && (hex_digit(*p) >= 0 || *p == '{'))
                p++;
            return syntax_error("invalid escape sequence", start, p);
        }
        p = q;
    } else if ((at = strchr(names, c)) != NULL && c != 0) {
        *cp = (uint8_t)values[at - names];
    } else if (c < 0x80 && !is_alnum(c)) {
        *cp = c;
    } else {
        p = start + 1;
        p += utf8_decode(p, k->end, cp);
        return syntax_error("invalid escape sequence", start, p);
    }
    k->p = p;
    return NULL;
}

/* \pL, \p{Greek}: copied; PCRE2 knows the names. p is at the backslash. */
static struct error *
scan_property(struct scan *k)
{
    const uint8_t *start = k->p, *p = start + 2;
    if (p < k->end && *p == '{')
        while (p < k->end && *p != '}')
            p++;
    if (p == k->end)
        return syntax_error("invalid character class range", start, p);
    p++;
    str_append(&k->out, start, (size_t)(p - start));
    k->p = p;
    return NULL;
}

#define PERL_SPACE "\\t\\n\\f\\r "

/* [...]: k->p is at the bracket. */
static struct error *
scan_class(struct scan *k)
{
    static const char *const posix[] = {"alnum", "alpha", "ascii", "blank", "cntrl",
                                        "digit", "graph", "lower", "print", "punct",
                                        "space", "upper", "word",  "xdigit"};
    const uint8_t *start = k->p;
    bool first = true;
    k->p++;
    str_append_char(&k->out, '[');
    if (k->p < k->end && *k->p == '^') {
        str_append_char(&k->out, '^');
        k->p++;
    }
    while (k->p < k->end && (*k->p != ']' || first)) {
        first = false;
        const uint8_t *p = k->p;
        if (*p == '[' && k->end - p > 2 && p[1] == ':') {
            const uint8_t *q = p + 2;
            while (q + 1 < k->end && !(q[0] == ':' && q[1] == ']'))
                q++;
            if (q + 1 < k->end) {
                const uint8_t *name = p + 2 + (p[2] == '^');
                bool known = false;
                for (size_t i = 0; i < ARRAY_COUNT(posix); i++)
                    known = known || slice_eq(slice_cstr(posix[i]),
                                              slice_make(name, (size_t)(q - name)));
                if (!known)
                    return syntax_error("invalid character class range", p, q + 2);
                str_append(&k->out, p, (size_t)(q + 2 - p));
                k->p = q + 2;
                continue;
            }
        }
        if (*p == '\\' && k->end - p > 1 && strchr("dDwWsSpP", p[1]) != NULL && p[1] != 0) {
            if (p[1] == 'p' || p[1] == 'P') {
                ERR_TRY(scan_property(k));
            } else {
                if (p[1] == 's')
                    str_append_cstr(&k->out, PERL_SPACE);
                else
                    str_append(&k->out, p, 2);
                k->p += 2;
            }
            continue;
        }
        /* One character, or a range of them. */
        uint32_t low, high;
        if (*p == '\\')
            ERR_TRY(scan_escaped_char(k, &low));
        else
            k->p += utf8_decode(p, k->end, &low);
        high = low;
        if (k->end - k->p >= 2 && k->p[0] == '-' && k->p[1] != ']') {
            k->p++;
            if (*k->p == '\\')
                ERR_TRY(scan_escaped_char(k, &high));
            else
                k->p += utf8_decode(k->p, k->end, &high);
            if (high < low)
                return syntax_error("invalid character class range", p, k->p);
        }
        put_cp(&k->out, low);
        if (high != low) {
            str_append_char(&k->out, '-');
            put_cp(&k->out, high);
        }
    }
    if (k->p >= k->end)
        return syntax_error("missing closing ]", start, k->end);
    k->p++;
    str_append_char(&k->out, ']');
    return NULL;
}

/* (, (?:, (?i), (?i:, (?P<name>: k->p is at the parenthesis. */
static struct error *
scan_group(struct scan *k)
{
    const uint8_t *start = k->p, *p = k->p + 1;
    if (p == k->end || *p != '?') {
        str_append_char(&k->out, '(');
        k->p = p;
        k->depth++;
        return NULL;
    }
    p++;
    if (k->end - p >= 2 && p[0] == 'P' && p[1] == '<') {
        const uint8_t *name = p + 2, *q = name;
        while (q < k->end && (is_alnum(*q) || *q == '_'))
            q++;
        if (q == k->end || *q != '>' || q == name)
            return syntax_error("invalid named capture", start, q == k->end ? q : q + 1);
        str_append_char(&k->out, '('); /* nobody asks for the name */
        k->p = q + 1;
        k->depth++;
        return NULL;
    }
    bool minus = false, any = false;
    for (; p < k->end; p++) {
        if (*p == 'i' || *p == 'm' || *p == 's' || *p == 'U') {
            any = true;
            continue;
        }
        if (*p == '-' && !minus) {
            minus = true;
            any = false;
            continue;
        }
        if ((*p == ':' || *p == ')') && (any || !minus)) {
            k->depth += *p == ':';
            p++;
            str_append(&k->out, start, (size_t)(p - start));
            k->p = p;
            return NULL;
        }
        uint32_t cp;
        p += utf8_decode(p, k->end, &cp);
        return syntax_error("invalid or unsupported Perl syntax", start, p);
    }
    return syntax_error("missing closing )", k->whole.ptr, k->end);
}

/* {2}, {2,}, {2,5}: the end of it, or NULL when it is none and { is itself. */
static const uint8_t *
scan_counts(const uint8_t *p, const uint8_t *end, int *min, int *max)
{
    p++;
    if (p == end || !is_digit(*p))
        return NULL;
    for (*min = 0; p < end && is_digit(*p); p++)
        *min = *min > MAX_REPEAT ? *min : *min * 10 + (*p - '0');
    *max = *min;
    if (p < end && *p == ',') {
        p++;
        *max = -1;
        if (p < end && is_digit(*p))
            for (*max = 0; p < end && is_digit(*p); p++)
                *max = *max > MAX_REPEAT ? *max : *max * 10 + (*p - '0');
    }
    return p < end && *p == '}' ? p + 1 : NULL;
}

/* * + ? {n,m} with a lazy ? behind; k->p is at the operator and `after` behind it. */
static struct error *
scan_repeat(struct scan *k, const uint8_t *after)
{
    const uint8_t *before = k->p;
    if (after < k->end && *after == '?')
        after++;
    if (k->repeat != NULL)
        return syntax_error("invalid nested repetition operator", k->repeat, after);
    if (!k->has_atom)
        return syntax_error("missing argument to repetition operator", before, after);
    str_append(&k->out, before, (size_t)(after - before));
    k->p = after;
    k->repeat = before;
    return NULL;
}

/* PCRE2 repeats an assertion only within a group. */
static void
put_assertion(struct scan *k, size_t n)
{
    const uint8_t *next = k->p + n;
    bool group = next < k->end && (*next == '*' || *next == '+' || *next == '?' || *next == '{');
    if (group)
        str_append(&k->out, "(?:", 3);
    str_append(&k->out, k->p, n);
    if (group)
        str_append_char(&k->out, ')');
    k->p = next;
}

static struct error *
scan_backslash(struct scan *k)
{
    const uint8_t *p = k->p;
    uint8_t c = k->end - p > 1 ? p[1] : 0;
    switch (c) {
    case 'A': case 'b': case 'B': case 'z':
        put_assertion(k, 2);
        return NULL;
    case 'd': case 'D': case 'w': case 'W':
        str_append(&k->out, p, 2);
        k->p += 2;
        return NULL;
    case 's':
    case 'S':
        str_append_cstr(&k->out, c == 's' ? "[" PERL_SPACE "]" : "[^" PERL_SPACE "]");
        k->p += 2;
        return NULL;
    case 'p':
    case 'P':
        return scan_property(k);
    case 'Q':
        for (k->p += 2; k->p < k->end;) {
            if (k->end - k->p >= 2 && k->p[0] == '\\' && k->p[1] == 'E') {
                k->p += 2;
                break;
            }
            uint32_t cp;
            k->p += utf8_decode(k->p, k->end, &cp);
            put_cp(&k->out, cp);
        }
        return NULL;
    default: {
        uint32_t cp;
        ERR_TRY(scan_escaped_char(k, &cp));
        put_cp(&k->out, cp);
        return NULL;
    }
    }
}

static struct error *
scan_one(struct scan *k)
{
    const uint8_t *p = k->p;
    bool was_atom = true;
    int min, max;
    const uint8_t *after;
    switch (*p) {
    case '*': case '+': case '?':
        return scan_repeat(k, p + 1);
    case '{':
        after = scan_counts(p, k->end, &min, &max);
        if (after != NULL) {
            if (min > MAX_REPEAT || max > MAX_REPEAT || (max >= 0 && min > max))
                return syntax_error("invalid repeat count", p, after);
            return scan_repeat(k, after);
        }
        str_append(&k->out, "\\{", 2);
        k->p++;
        break;
    case '(':
        ERR_TRY(scan_group(k));
        was_atom = false;
        break;
    case ')':
        if (k->depth == 0)
            return syntax_error("unexpected )", k->whole.ptr, k->end);
        k->depth--;
        str_append_char(&k->out, ')');
        k->p++;
        break;
    case '|':
        str_append_char(&k->out, '|');
        k->p++;
        was_atom = false;
        break;
    case '[':
        ERR_TRY(scan_class(k));
        break;
    case '\\':
        ERR_TRY(scan_backslash(k));
        break;
    case '^': case '$':
        put_assertion(k, 1);
        break;
    case '}': case ']':
        str_append_char(&k->out, '\\');
        /* fall through */
    default:
        str_append_char(&k->out, (char)*p);
        k->p++;
        break;
    }
    k->has_atom = was_atom;
    k->repeat = NULL;
    return NULL;
}

static struct error *
translate(struct slice pattern, struct str *out)
{
    struct scan k = {.whole = pattern, .p = pattern.ptr, .end = pattern.ptr + pattern.len};
    struct error *err = NULL;
    str_init(&k.out, 16u * MAX_PATTERN);
    if (pattern.len > MAX_PATTERN)
        err = err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "regular expression is too long");
    else if (!utf8_is_valid(pattern))
        err = err_new(ERR_INVALID_REGULAR_EXPRESSION, "error parsing regexp: invalid UTF-8");
    while (err == NULL && k.p < k.end)
        err = scan_one(&k);
    if (err == NULL && k.depth > 0)
        err = syntax_error("missing closing )", pattern.ptr, k.end);
    if (err == NULL)
        err = str_error(&k.out);
    *out = k.out;
    return err;
}

/* ---- compiled expressions ------------------------------------------------------------------- */

struct regexp {
    uint64_t key;
    unsigned flags;
    uint8_t *pattern; /* on the heap */
    size_t pattern_len;
    pcre2_code *code;
    pcre2_code *any_bytes; /* the same for text that is no UTF-8; NULL before it is needed */
    pcre2_match_data *data;
    uint32_t n_groups;
    uint64_t last_use;
};

struct regexp_cache {
    struct regexp v[CACHE_SLOTS];
    pcre2_match_context *limits;
    uint64_t clock;
};

/* Each thread keeps what it compiled last; gone with the thread. */
static pthread_key_t cache_key;
static pthread_once_t cache_once = PTHREAD_ONCE_INIT;

static void
regexp_clear(struct regexp *re)
{
    pcre2_match_data_free(re->data);
    pcre2_code_free(re->code);
    pcre2_code_free(re->any_bytes);
    xfree(re->pattern);
    *re = (struct regexp){0};
}

static void
cache_free(void *p)
{
    struct regexp_cache *c = p;
    for (int i = 0; i < CACHE_SLOTS; i++)
        regexp_clear(&c->v[i]);
    pcre2_match_context_free(c->limits);
    xfree(c);
}

static void
cache_key_init(void)
{
    VERIFY(pthread_key_create(&cache_key, cache_free) == 0);
}

static struct regexp_cache *
cache_get(void)
{
    pthread_once(&cache_once, cache_key_init);
    struct regexp_cache *c = pthread_getspecific(cache_key);
    if (c != NULL)
        return c;
    c = xcalloc(1, sizeof(*c));
    c->limits = pcre2_match_context_create(NULL);
    if (c->limits != NULL) {
        pcre2_set_match_limit(c->limits, MATCH_LIMIT);
        pcre2_set_heap_limit(c->limits, HEAP_LIMIT_KIB);
    }
    pthread_setspecific(cache_key, c);
    return c;
}

/* PCRE2's refusal of `text` at byte `at`. Only the names of properties are left to it to judge. */
static struct error *
compile_error(struct slice pattern, const struct str *text, int code, size_t at)
{
    const uint8_t *start = (const uint8_t *)text->ptr, *end = start + text->len;
    const uint8_t *p = at < text->len ? start + at : end;
    while (p > start && !(p[-1] == '\\' && p < end && (*p == 'p' || *p == 'P')))
        p--;
    if (p > start && (code == PCRE2_ERROR_UNKNOWN_UNICODE_PROPERTY ||
                      code == PCRE2_ERROR_MALFORMED_UNICODE_PROPERTY)) {
        const uint8_t *q = p + 1;
        if (q < end && *q == '{')
            while (q < end && *q != '}')
                q++;
        return syntax_error("invalid character class range", p - 1, q < end ? q + 1 : end);
    }
    PCRE2_UCHAR why[160] = {0};
    pcre2_get_error_message(code, why, sizeof(why));
    return err_new(ERR_INVALID_REGULAR_EXPRESSION, "error parsing regexp: %s: `%.*s`",
                   (const char *)why, (int)pattern.len, (const char *)pattern.ptr);
}

static struct error *
compile_code(struct slice pattern, unsigned flags, uint32_t options, pcre2_code **out)
{
    struct str text;
    struct error *err = translate(pattern, &text);
    int code = 0;
    PCRE2_SIZE at = 0;
    options |= PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UCP;
    if ((flags & REGEXP_FOLD_CASE) != 0)
        options |= PCRE2_CASELESS;
    if ((flags & REGEXP_DOT_NEWLINE) != 0)
        options |= PCRE2_DOTALL;
    if ((flags & REGEXP_MULTI_LINE) != 0)
        options |= PCRE2_MULTILINE;
    if (err == NULL) {
        pcre2_compile_context *ctx = pcre2_compile_context_create(NULL);
        if (ctx != NULL)
            pcre2_set_newline(ctx, PCRE2_NEWLINE_LF);
        *out = pcre2_compile((PCRE2_SPTR)str_cstr(&text), text.len, options, &code, &at, ctx);
        pcre2_compile_context_free(ctx);
    }
    if (err == NULL && *out == NULL)
        err = compile_error(pattern, &text, code, at);
    str_release(&text);
    return err;
}

static struct error *
compile(struct regexp *re, struct slice pattern, unsigned flags)
{
    struct error *err = compile_code(pattern, flags, 0, &re->code);
    if (err == NULL) {
        pcre2_pattern_info(re->code, PCRE2_INFO_CAPTURECOUNT, &re->n_groups);
        re->data = pcre2_match_data_create_from_pattern(re->code, NULL);
        if (re->data == NULL)
            err = err_out_of_memory();
    }
    if (err != NULL)
        regexp_clear(re);
    return err;
}

struct error *
regexp_get(struct slice pattern, unsigned flags, struct regexp **out)
{
    struct regexp_cache *c = cache_get();
    uint64_t key = hash_bytes(pattern.ptr, pattern.len, flags + 1);
    struct regexp *oldest = &c->v[0];
    for (int i = 0; i < CACHE_SLOTS; i++) {
        struct regexp *re = &c->v[i];
        if (re->code != NULL && re->key == key && re->flags == flags &&
            slice_eq(slice_make(re->pattern, re->pattern_len), pattern)) {
            re->last_use = ++c->clock;
            *out = re;
            return NULL;
        }
        if (re->last_use < oldest->last_use)
            oldest = re;
    }
    regexp_clear(oldest);
    ERR_TRY(compile(oldest, pattern, flags));
    oldest->key = key;
    oldest->flags = flags;
    oldest->last_use = ++c->clock;
    oldest->pattern = xmalloc(pattern.len + 1);
    oldest->pattern_len = pattern.len;
    if (pattern.len > 0)
        memcpy(oldest->pattern, pattern.ptr, pattern.len);
    *out = oldest;
    return NULL;
}

struct error *
regexp_find(struct regexp *re, struct slice text, struct regexp_match *m, bool *found)
{
    return regexp_find_from(re, text, utf8_is_valid(text), 0, m, found);
}

/* PCRE2 would look through the whole text before every match whether it is UTF-8. */
struct error *
regexp_find_from(struct regexp *re, struct slice text, bool valid, size_t from,
                 struct regexp_match *m, bool *found)
{
    if (!valid && re->any_bytes == NULL)
        ERR_TRY(compile_code(slice_make(re->pattern, re->pattern_len), re->flags,
                             PCRE2_MATCH_INVALID_UTF, &re->any_bytes));
    int rc = pcre2_match(valid ? re->code : re->any_bytes,
                         text.ptr == NULL ? (PCRE2_SPTR) "" : text.ptr, text.len, from,
                         valid ? PCRE2_NO_UTF_CHECK : 0, re->data, cache_get()->limits);
    *found = rc >= 0;
    if (rc == PCRE2_ERROR_NOMATCH)
        return NULL;
    if (rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT ||
        rc == PCRE2_ERROR_HEAPLIMIT)
        return err_new(ERR_STATEMENT_TOO_COMPLEX,
                       "regular expression takes too many steps on this text");
    if (rc == PCRE2_ERROR_NOMEMORY)
        return err_out_of_memory();
    if (rc < 0)
        return err_new(ERR_INTERNAL, "regular expression failed: PCRE2 error %d", rc);
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(re->data);
    *m = (struct regexp_match){.n_groups = (int)re->n_groups};
    for (uint32_t i = 0; i < REGEXP_GROUPS && i <= re->n_groups; i++) {
        m->group[i].set = v[2 * i] != PCRE2_UNSET;
        m->group[i].start = m->group[i].set ? v[2 * i] : 0;
        m->group[i].end = m->group[i].set ? v[2 * i + 1] : 0;
    }
    return NULL;
}
