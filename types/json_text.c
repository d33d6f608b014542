#include "config.h"

#include "types/json.h"

static void
format_string(struct str *s, struct slice text)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *p = text.ptr, *end = p + text.len, *from = p;
    str_append_char(s, '"');
    while (p < end) {
        bool separator = *p == 0xe2 && end - p >= 3 && p[1] == 0x80 && (p[2] | 1) == 0xa9;
        if (*p >= 0x20 && *p != '"' && *p != '\\' && !separator) {
            p++;
            continue;
        }
        str_append(s, from, (size_t)(p - from));
        if (separator) {
            str_append_cstr(s, p[2] == 0xa8 ? "\\u2028" : "\\u2029");
            p += 2;
        } else if (*p == '"' || *p == '\\') {
            str_append_char(s, '\\');
            str_append_char(s, (char)*p);
        } else if (*p == '\n' || *p == '\r' || *p == '\t') {
            str_append_cstr(s, *p == '\n' ? "\\n" : *p == '\r' ? "\\r" : "\\t");
        } else {
            str_append_cstr(s, "\\u00");
            str_append_char(s, hex[*p >> 4]);
            str_append_char(s, hex[*p & 15]);
        }
        from = ++p;
    }
    str_append(s, from, (size_t)(p - from));
    str_append_char(s, '"');
}

static void
format_number(struct str *s, struct json j)
{
    struct arena *a = arena_create(NULL, "json number");
    decimal_format(s, json_number(a, j));
    arena_destroy(a);
}

static void
newline(struct str *s, int indent)
{
    str_append_char(s, '\n');
    str_append_fill(s, ' ', (size_t)indent * 4);
}

/* indent < 0: on one line. */
static void
format(struct str *s, struct json j, int indent)
{
    int inner = indent < 0 ? indent : indent + 1;
    switch (j.kind) {
    case JSON_NULL:
        str_append_cstr(s, "null");
        return;
    case JSON_FALSE:
        str_append_cstr(s, "false");
        return;
    case JSON_TRUE:
        str_append_cstr(s, "true");
        return;
    case JSON_STRING:
        format_string(s, j.data);
        return;
    case JSON_NUMBER:
        format_number(s, j);
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    str_append_char(s, j.kind == JSON_ARRAY ? '[' : '{');
    for (uint32_t i = 0; i < j.count; i++) {
        struct json v;
        struct slice key;
        if (i > 0)
            str_append_cstr(s, indent < 0 ? ", " : ",");
        if (indent >= 0)
            newline(s, inner);
        if (j.kind == JSON_ARRAY) {
            v = json_at(j, i);
        } else {
            json_pair(j, i, &key, &v);
            format_string(s, key);
            str_append_cstr(s, ": ");
        }
        format(s, v, inner);
    }
    if (indent >= 0 && j.count > 0)
        newline(s, indent);
    str_append_char(s, j.kind == JSON_ARRAY ? ']' : '}');
}

void
json_format(struct str *s, struct json j)
{
    format(s, j, -1);
}

void
json_pretty(struct str *s, struct json j)
{
    format(s, j, 0);
}
