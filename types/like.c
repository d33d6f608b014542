/* LIKE, ILIKE and the first half of SIMILAR TO. */
#include "config.h"

#include <unicode/uchar.h>

#include "types/fn_int.h"

enum like_kind { LIKE_LITERAL, LIKE_ANY, LIKE_ONE };

struct like_token {
    enum like_kind kind;
    uint32_t cp;
    size_t len; /* bytes of the pattern */
};

static struct like_token
next_token(const uint8_t *p, const uint8_t *end, uint32_t escape)
{
    struct like_token k = {.kind = LIKE_LITERAL};
    k.len = utf8_decode(p, end, &k.cp);
    if (k.cp == escape && escape != 0) {
        if (p + k.len < end)
            k.len += utf8_decode(p + k.len, end, &k.cp);
    } else if (k.cp == '%') {
        k.kind = LIKE_ANY;
    } else if (k.cp == '_') {
        k.kind = LIKE_ONE;
    }
    return k;
}

static bool
ends_with_escape(struct slice pattern, uint32_t escape)
{
    const uint8_t *p = pattern.ptr, *end = p + pattern.len;
    while (p < end) {
        uint32_t cp;
        p += utf8_decode(p, end, &cp);
        if (cp != escape)
            continue;
        if (p == end)
            return true;
        p += utf8_decode(p, end, &cp);
    }
    return false;
}

static bool
same_character(uint32_t a, uint32_t b, bool fold_case)
{
    if (a == b)
        return true;
    if (!fold_case)
        return false;
    return u_foldCase((UChar32)a, U_FOLD_CASE_DEFAULT) ==
           u_foldCase((UChar32)b, U_FOLD_CASE_DEFAULT);
}

/* Patterns of plain text and % alone: the pieces in order, bytes as they are. */
static bool
match_pieces(struct slice text, struct slice pattern)
{
    const uint8_t *p = pattern.ptr, *p_end = p + pattern.len;
    const uint8_t *t = text.ptr, *t_end = t + text.len;
    const uint8_t *any = memchr(p, '%', pattern.len);
    if (any == NULL)
        return slice_eq(text, pattern);
    if (!slice_has_prefix(text, slice_make(p, (size_t)(any - p))))
        return false;
    t += any - p;
    p = any + 1;
    while ((any = p < p_end ? memchr(p, '%', (size_t)(p_end - p)) : NULL) != NULL) {
        size_t n = (size_t)(any - p);
        if (n > 0) {
            const uint8_t *at = t < t_end ? memmem(t, (size_t)(t_end - t), p, n) : NULL;
            if (at == NULL)
                return false;
            t = at + n;
        }
        p = any + 1;
    }
    size_t tail = (size_t)(p_end - p);
    return (size_t)(t_end - t) >= tail && (tail == 0 || memcmp(t_end - tail, p, tail) == 0);
}

/* On a mismatch, the last % takes one character more. */
static bool
match(struct slice text, struct slice pattern, uint32_t escape, bool fold_case)
{
    const uint8_t *t = text.ptr, *t_end = t + text.len;
    const uint8_t *p = pattern.ptr, *p_end = p + pattern.len;
    const uint8_t *any_p = NULL, *any_t = NULL;
    uint32_t cp;
    while (t < t_end) {
        if (p < p_end) {
            struct like_token k = next_token(p, p_end, escape);
            if (k.kind == LIKE_ANY) {
                p += k.len;
                any_p = p;
                any_t = t;
                continue;
            }
            size_t n = utf8_decode(t, t_end, &cp);
            if (k.kind == LIKE_ONE || same_character(cp, k.cp, fold_case)) {
                t += n;
                p += k.len;
                continue;
            }
        } else if (any_p == p_end) {
            return true;
        }
        if (any_p == NULL)
            return false;
        any_t += utf8_decode(any_t, t_end, &cp);
        t = any_t;
        p = any_p;
    }
    while (p < p_end) {
        struct like_token k = next_token(p, p_end, escape);
        if (k.kind != LIKE_ANY)
            return false;
        p += k.len;
    }
    return true;
}

/* Of no text v20.1 asks only whether the pattern is all %, before it looks at anything else. */
static bool
matches_nothing(struct slice pattern, uint32_t escape)
{
    for (size_t i = 0; i < pattern.len; i++)
        if (pattern.ptr[i] != '%' || escape == '%')
            return false;
    return true;
}

struct error *
like_match(struct slice text, struct slice pattern, uint32_t escape, bool fold_case, const char *op,
           bool *out)
{
    if (text.len == 0) {
        *out = matches_nothing(pattern, escape);
        return NULL;
    }
    /* Neither does a pattern of one byte that is no wildcard escape anything. */
    if (pattern.len == 1 && pattern.ptr[0] != '%' && pattern.ptr[0] != '_')
        escape = 0;
    if (escape != 0 && ends_with_escape(pattern, escape))
        return err_new(ERR_INVALID_REGULAR_EXPRESSION,
                       "%s regexp compilation failed: LIKE pattern must not end with escape "
                       "character",
                       op);
    if (!fold_case && pattern.len > 0 && escape < 0x80 && escape != '%' &&
        memchr(pattern.ptr, '_', pattern.len) == NULL &&
        (escape == 0 || memchr(pattern.ptr, (int)escape, pattern.len) == NULL))
        *out = match_pieces(text, pattern);
    else
        *out = match(text, pattern, escape, fold_case);
    return NULL;
}

/* What v20.1 makes of a letter behind the escape is what the regular expression makes of it behind its own:
 * \d is a digit, \b the end of a word. Inside [] nothing but the escape means anything. */
struct error *
similar_to_regexp(struct str *out, struct slice pattern, uint32_t escape)
{
    bool in_class = false;
    str_append_cstr(out, "^(?:");
    for (size_t i = 0; i < pattern.len;) {
        uint32_t cp;
        size_t n = utf8_decode(pattern.ptr + i, pattern.ptr + pattern.len, &cp);
        if (cp == escape && escape != 0) {
            i += n;
            if (i >= pattern.len)
                break;
            n = utf8_decode(pattern.ptr + i, pattern.ptr + pattern.len, &cp);
            if (cp < 0x80)
                str_append_char(out, '\\');
            str_append(out, pattern.ptr + i, n);
        } else if (in_class) {
            if (cp == '\\')
                str_append_char(out, '\\');
            str_append(out, pattern.ptr + i, n);
            in_class = cp != ']';
        } else if (cp == '%') {
            str_append(out, ".*", 2);
        } else if (cp == '_') {
            str_append_char(out, '.');
        } else if (cp == '(') {
            str_append(out, "(?:", 3); /* to be non-capturing, as POSIX has it */
        } else {
            if (cp == '\\' || cp == '.' || cp == '^' || cp == '$')
                str_append_char(out, '\\');
            str_append(out, pattern.ptr + i, n);
            in_class = cp == '[';
        }
        i += n;
    }
    str_append_cstr(out, ")$");
    return str_error(out);
}
