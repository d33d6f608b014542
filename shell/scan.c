/* Where one statement ends and the next begins, without a parser. */
#include "config.h"

#include "shell/shell_int.h"

#include <ctype.h>

#define STATEMENT_MAX ((size_t)256 << 20) /* bytes of one statement typed or read */

void
scanner_init(struct scanner *s)
{
    memset(s, 0, sizeof(*s));
    str_init(&s->pending, STATEMENT_MAX);
    str_init(&s->tag, 256);
}

void
scanner_release(struct scanner *s)
{
    str_release(&s->pending);
    str_release(&s->tag);
}

void
scanner_reset(struct scanner *s)
{
    str_clear(&s->pending);
    str_clear(&s->tag);
    s->state = SCAN_PLAIN;
    s->comment_depth = 0;
    s->has_token = false;
}

bool
scanner_pending(const struct scanner *s)
{
    return s->has_token || s->state == SCAN_BLOCK_COMMENT;
}

static bool
is_ident(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (c & 0x80) != 0;
}

/* $tag$ at p: its length, 0 when it is none. */
static size_t
dollar_tag(const char *p, const char *end)
{
    const char *q = p + 1;
    if (q < end && isdigit((unsigned char)*q))
        return 0;
    while (q < end && is_ident(*q))
        q++;
    return q < end && *q == '$' ? (size_t)(q - p) + 1 : 0;
}

/* One step in plain text; returns bytes taken, 0 = the statement ends before this byte (a ;). */
static size_t
plain_step(struct scanner *s, const char *p, const char *end, char before)
{
    char c = *p, next = p + 1 < end ? p[1] : '\0';
    if (c == ';')
        return 0;
    if (c == '-' && next == '-') {
        s->state = SCAN_LINE_COMMENT;
        return 2;
    }
    if (c == '/' && next == '*') {
        s->state = SCAN_BLOCK_COMMENT;
        s->comment_depth = 1;
        return 2;
    }
    if (isspace((unsigned char)c))
        return 1;
    /* One prompt pasted along with an example is not part of the statement. */
    if (c == '>' && !s->has_token) {
        str_append_char(&s->pending, ' ');
        return SIZE_MAX;
    }
    s->has_token = true;
    if (c == '\'') {
        s->state = before == 'e' || before == 'E' || before == 'b' ? SCAN_ESTRING : SCAN_STRING;
        return 1;
    }
    if (c == '"') {
        s->state = SCAN_IDENT;
        return 1;
    }
    size_t tag = c == '$' && !is_ident(before) ? dollar_tag(p, end) : 0;
    if (tag > 0) {
        s->state = SCAN_DOLLAR;
        str_clear(&s->tag);
        str_append(&s->tag, p, tag);
        return tag;
    }
    return 1;
}

static size_t
comment_step(struct scanner *s, const char *p, const char *end)
{
    if (end - p >= 2 && p[0] == '*' && p[1] == '/') {
        if (--s->comment_depth == 0)
            s->state = SCAN_PLAIN;
        return 2;
    }
    if (end - p >= 2 && p[0] == '/' && p[1] == '*') {
        s->comment_depth++;
        return 2;
    }
    return 1;
}

static size_t
quoted_step(struct scanner *s, const char *p, const char *end)
{
    switch (s->state) {
    case SCAN_PLAIN:
        break;
    case SCAN_STRING:
        if (*p == '\'') /* a doubled quote closes and opens again */
            s->state = SCAN_PLAIN;
        break;
    case SCAN_ESTRING:
        if (*p == '\\' && p + 1 < end)
            return 2;
        if (*p == '\'')
            s->state = SCAN_PLAIN;
        break;
    case SCAN_IDENT:
        if (*p == '"')
            s->state = SCAN_PLAIN;
        break;
    case SCAN_DOLLAR:
        if ((size_t)(end - p) >= s->tag.len && memcmp(p, s->tag.ptr, s->tag.len) == 0) {
            s->state = SCAN_PLAIN;
            return s->tag.len;
        }
        break;
    case SCAN_LINE_COMMENT:
        if (*p == '\n')
            s->state = SCAN_PLAIN;
        break;
    case SCAN_BLOCK_COMMENT:
        return comment_step(s, p, end);
    }
    return 1;
}

bool
scanner_feed(struct scanner *s, const char **pp, const char *end)
{
    const char *p = *pp;
    while (p < end) {
        size_t n;
        if (s->state == SCAN_PLAIN && s->pending.len == 0 && isspace((unsigned char)*p)) {
            p++;
            continue;
        }
        if (s->state == SCAN_PLAIN) {
            char before = s->pending.len > 0 ? s->pending.ptr[s->pending.len - 1] : ' ';
            n = plain_step(s, p, end, before);
            if (n == 0) {
                str_append_char(&s->pending, ';');
                *pp = p + 1;
                if (s->has_token)
                    return true;
                scanner_reset(s); /* an empty statement */
                p++;
                continue;
            }
            if (n == SIZE_MAX) {
                p++;
                continue;
            }
        } else {
            n = quoted_step(s, p, end);
        }
        str_append(&s->pending, p, n);
        p += n;
    }
    *pp = p;
    return false;
}
