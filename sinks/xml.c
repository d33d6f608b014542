#include "config.h"

#include "sinks/xml_int.h"

#include <stdlib.h>

static size_t
find(struct slice doc, size_t from, const char *what, size_t len)
{
    if (from >= doc.len)
        return SIZE_MAX;
    const uint8_t *p = memmem(doc.ptr + from, doc.len - from, what, len);
    return p != NULL ? (size_t)(p - doc.ptr) : SIZE_MAX;
}

bool
xml_next(struct slice doc, size_t *pos, const char *name, struct slice *inside)
{
    char open[64], close[64];
    size_t n = strlen(name);
    VERIFY(n + 4 < sizeof(open));
    open[0] = '<';
    memcpy(open + 1, name, n);
    close[0] = '<';
    close[1] = '/';
    memcpy(close + 2, name, n);
    close[n + 2] = '>';
    for (size_t at = *pos; (at = find(doc, at, open, n + 1)) != SIZE_MAX; at += n + 1) {
        size_t after = at + n + 1;
        if (after >= doc.len || memchr("> \t\r\n/", doc.ptr[after], 6) == NULL)
            continue; /* a longer name */
        size_t start = find(doc, after, ">", 1);
        if (start == SIZE_MAX)
            return false;
        if (doc.ptr[start - 1] == '/') {
            *inside = SLICE_NULL;
            *pos = start + 1;
            return true;
        }
        size_t end = find(doc, start + 1, close, n + 3);
        if (end == SIZE_MAX)
            return false;
        *inside = slice_make(doc.ptr + start + 1, end - start - 1);
        *pos = end + n + 3;
        return true;
    }
    return false;
}

static void
put_utf8(struct str *s, unsigned long c)
{
    if (c == 0 || c > 0x10FFFF)
        c = 0xFFFD;
    if (c < 0x80) {
        str_append_char(s, (char)c);
    } else if (c < 0x800) {
        str_append_char(s, (char)(0xC0 | c >> 6));
        str_append_char(s, (char)(0x80 | (c & 63)));
    } else if (c < 0x10000) {
        str_append_char(s, (char)(0xE0 | c >> 12));
        str_append_char(s, (char)(0x80 | (c >> 6 & 63)));
        str_append_char(s, (char)(0x80 | (c & 63)));
    } else {
        str_append_char(s, (char)(0xF0 | c >> 18));
        str_append_char(s, (char)(0x80 | (c >> 12 & 63)));
        str_append_char(s, (char)(0x80 | (c >> 6 & 63)));
        str_append_char(s, (char)(0x80 | (c & 63)));
    }
}

/* p is behind '&'. Bytes of the reference, with its ';'; 0 when it is none. */
static size_t
entity(struct str *s, const uint8_t *p, size_t len)
{
    static const struct {
        const char *name;
        char c;
    } named[] = {{"lt;", '<'}, {"gt;", '>'}, {"amp;", '&'}, {"quot;", '"'}, {"apos;", '\''}};
    for (size_t i = 0; i < 5; i++) {
        size_t n = strlen(named[i].name);
        if (len >= n && memcmp(p, named[i].name, n) == 0) {
            str_append_char(s, named[i].c);
            return n;
        }
    }
    if (len < 3 || p[0] != '#')
        return 0;
    bool hex = p[1] == 'x';
    unsigned long c = 0;
    for (size_t i = hex ? 2 : 1; i < len && i < 10; i++) {
        unsigned d = p[i] >= '0' && p[i] <= '9'          ? p[i] - '0'
                     : hex && (p[i] | 32) >= 'a' && (p[i] | 32) <= 'f' ? (p[i] | 32) - 'a' + 10
                                                         : 99;
        if (p[i] == ';') {
            put_utf8(s, c);
            return i + 1;
        }
        if (d == 99)
            return 0;
        c = c * (hex ? 16 : 10) + d;
    }
    return 0;
}

char *
xml_text(struct arena *a, struct slice in)
{
    struct str s;
    str_init_arena(&s, a, in.len + 1);
    for (size_t i = 0; i < in.len; i++) {
        size_t n = in.ptr[i] == '&' ? entity(&s, in.ptr + i + 1, in.len - i - 1) : 0;
        if (n == 0)
            str_append_char(&s, (char)in.ptr[i]);
        i += n;
    }
    return arena_strdup(a, str_cstr(&s));
}

char *
xml_get(struct arena *a, struct slice doc, const char *name)
{
    struct slice inside;
    size_t pos = 0;
    return xml_next(doc, &pos, name, &inside) ? xml_text(a, inside) : arena_strdup(a, "");
}
