#include "config.h"

#include <stdio.h>

#include "types/enc_int.h"
#include "types/json.h"
#include "types/type_ops_int.h"

/* ---- reading ---------------------------------------------------------------------------------
 *
 * A strict tokenizer with the words of Go's encoding/json, which is what v20.1's clients see.
 */

struct parser {
    struct arena *a;
    const uint8_t *p, *end;
};

static struct error *
json_error(const char *fmt, ...) ERR_PRINTF(1, 2);

static struct error *
json_error(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct error *e = err_newv_at(__FILE__, __LINE__, ERR_INVALID_TEXT_REPRESENTATION, fmt, ap);
    va_end(ap);
    return err_wrap(e, "could not parse JSON");
}

/* c as Go quotes it: the byte is taken for a code point. */
static struct error *
bad_char(struct parser *p, const char *context)
{
    char shown[16];
    if (p->p == p->end)
        return json_error("unable to decode JSON: unexpected EOF");
    uint8_t c = *p->p;
    const char *named = c == '\'' ? "\\'" : c == '\\' ? "\\\\" : c == '\a' ? "\\a"
                        : c == '\b' ? "\\b" : c == '\f' ? "\\f" : c == '\n' ? "\\n"
                        : c == '\r' ? "\\r" : c == '\t' ? "\\t" : c == '\v' ? "\\v" : NULL;
    if (named != NULL)
        snprintf(shown, sizeof(shown), "%s", named);
    else if (c < 0x20 || c == 0x7f)
        snprintf(shown, sizeof(shown), "\\x%02x", c);
    else if (c < 0x80)
        snprintf(shown, sizeof(shown), "%c", c);
    else if (c < 0xa1 || c == 0xad)
        snprintf(shown, sizeof(shown), "\\u%04x", c);
    else
        snprintf(shown, sizeof(shown), "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
    return json_error("unable to decode JSON: invalid character '%s' %s", shown, context);
}

static void
skip_space(struct parser *p)
{
    while (p->p < p->end && (*p->p == ' ' || *p->p == '\t' || *p->p == '\r' || *p->p == '\n'))
        p->p++;
}

static struct error *
parse_hex4(struct parser *p, uint32_t *out)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++, p->p++) {
        uint8_t c = p->p < p->end ? *p->p : 0;
        if (c >= '0' && c <= '9')
            v = v * 16 + (c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            v = v * 16 + ((c | 0x20) - 'a' + 10);
        else
            return bad_char(p, "in \\u hexadecimal character escape");
    }
    *out = v;
    return NULL;
}

static void
append_rune(struct str *s, uint32_t cp)
{
    uint8_t buf[4];
    str_append(s, buf, utf8_encode(buf, cp));
}

/* Behind the \u; half a surrogate pair becomes U+FFFD, as in Go. */
static struct error *
parse_unicode(struct parser *p, struct str *s)
{
    uint32_t hi, lo;
    ERR_TRY(parse_hex4(p, &hi));
    while (hi >= 0xd800 && hi < 0xdc00 && p->end - p->p >= 2 && p->p[0] == '\\'
           && p->p[1] == 'u') {
        p->p += 2;
        ERR_TRY(parse_hex4(p, &lo));
        if (lo >= 0xdc00 && lo < 0xe000) {
            append_rune(s, 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00));
            return NULL;
        }
        append_rune(s, 0xfffd);
        hi = lo;
    }
    append_rune(s, hi >= 0xd800 && hi < 0xe000 ? 0xfffd : hi);
    return NULL;
}

static struct error *
parse_escape(struct parser *p, struct str *s)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (p->p < p->end && *p->p == 'u') {
        p->p++;
        return parse_unicode(p, s);
    }
    const char *f = p->p < p->end && *p->p != 0 ? strchr(from, *p->p) : NULL;
    if (f == NULL)
        return bad_char(p, "in string escape code");
    str_append_char(s, to[f - from]);
    p->p++;
    return NULL;
}

/* At the opening quote. Plain strings borrow the text. */
static struct error *
parse_string(struct parser *p, struct slice *out)
{
    const uint8_t *start = ++p->p;
    bool plain = true;
    struct str s;
    while (p->p < p->end && *p->p != '"' && *p->p != '\\' && *p->p >= 0x20) {
        plain = plain && *p->p < 0x80;
        p->p++;
    }
    if (p->p < p->end && *p->p == '"'
        && (plain || utf8_is_valid(slice_make(start, (size_t)(p->p - start))))) {
        *out = slice_make(start, (size_t)(p->p - start));
        p->p++;
        return NULL;
    }
    p->p = start;
    str_init_arena(&s, p->a, STR_MAX_DEFAULT);
    while (p->p < p->end && *p->p != '"') {
        if (*p->p == '\\') {
            p->p++;
            ERR_TRY(parse_escape(p, &s));
        } else if (*p->p < 0x20) {
            return bad_char(p, "in string literal");
        } else if (*p->p < 0x80) {
            str_append_char(&s, (char)*p->p++);
        } else {
            uint32_t cp;
            p->p += utf8_decode(p->p, p->end, &cp);
            append_rune(&s, cp);
        }
    }
    if (p->p == p->end)
        return bad_char(p, "");
    p->p++;
    ERR_TRY(str_error(&s));
    *out = slice_make(s.len == 0 ? (const void *)"" : s.ptr, s.len);
    return NULL;
}

static bool
is_digit(const struct parser *p)
{
    return p->p < p->end && *p->p >= '0' && *p->p <= '9';
}

static void
skip_digits(struct parser *p)
{
    while (is_digit(p))
        p->p++;
}

static struct error *
parse_number(struct parser *p, struct json_node **out)
{
    const struct decimal *d;
    const uint8_t *start = p->p;
    if (*p->p == '-')
        p->p++;
    if (!is_digit(p))
        return bad_char(p, "in numeric literal");
    if (*p->p == '0')
        p->p++;
    else
        skip_digits(p);
    if (p->p < p->end && *p->p == '.') {
        p->p++;
        if (!is_digit(p))
            return bad_char(p, "after decimal point in numeric literal");
        skip_digits(p);
    }
    if (p->p < p->end && (*p->p | 0x20) == 'e') {
        p->p++;
        if (p->p < p->end && (*p->p == '+' || *p->p == '-'))
            p->p++;
        if (!is_digit(p))
            return bad_char(p, "in exponent of numeric literal");
        skip_digits(p);
    }
    if (!decimal_parse(p->a, slice_make(start, (size_t)(p->p - start)), &d))
        return json_error("parse exponent: %.*s: value out of range", (int)(p->p - start), start);
    *out = json_new_number(p->a, d);
    return NULL;
}

static struct error *
parse_literal(struct parser *p, const char *word, struct json_node *n, struct json_node **out)
{
    char context[64];
    for (const char *w = word; *w != '\0'; w++, p->p++) {
        if (p->p == p->end || *p->p != (uint8_t)*w) {
            snprintf(context, sizeof(context), "in literal %s (expecting '%c')", word, *w);
            return bad_char(p, context);
        }
    }
    *out = n;
    return NULL;
}

static struct error *parse_value(struct parser *p, int depth, struct json_node **out);

static struct error *
parse_array(struct parser *p, int depth, struct json_node **out)
{
    struct json_node *v;
    *out = json_new_array(p->a);
    p->p++;
    skip_space(p);
    if (p->p < p->end && *p->p == ']') {
        p->p++;
        return NULL;
    }
    for (;;) {
        ERR_TRY(parse_value(p, depth, &v));
        json_push(*out, v);
        skip_space(p);
        if (p->p < p->end && *p->p == ']')
            break;
        if (p->p == p->end || *p->p != ',')
            return bad_char(p, "after array element");
        p->p++;
    }
    p->p++;
    return NULL;
}

static struct error *
parse_object(struct parser *p, int depth, struct json_node **out)
{
    struct json_node *v;
    struct slice key;
    *out = json_new_object(p->a);
    p->p++;
    skip_space(p);
    if (p->p < p->end && *p->p == '}') {
        p->p++;
        return NULL;
    }
    for (;;) {
        skip_space(p);
        if (p->p == p->end || *p->p != '"')
            return bad_char(p, "looking for beginning of object key string");
        ERR_TRY(parse_string(p, &key));
        skip_space(p);
        if (p->p == p->end || *p->p != ':')
            return bad_char(p, "after object key");
        p->p++;
        ERR_TRY(parse_value(p, depth, &v));
        json_set(*out, key, v);
        skip_space(p);
        if (p->p < p->end && *p->p == '}')
            break;
        if (p->p == p->end || *p->p != ',')
            return bad_char(p, "after object key:value pair");
        p->p++;
    }
    p->p++;
    return NULL;
}

static struct error *
parse_value(struct parser *p, int depth, struct json_node **out)
{
    struct slice text;
    skip_space(p);
    if (p->p == p->end)
        return bad_char(p, "");
    switch (*p->p) {
    case '{':
    case '[':
        if (depth >= JSON_MAX_DEPTH)
            return json_error("unable to decode JSON: exceeded max depth");
        return *p->p == '{' ? parse_object(p, depth + 1, out) : parse_array(p, depth + 1, out);
    case '"':
        ERR_TRY(parse_string(p, &text));
        *out = json_new_string(p->a, text);
        return NULL;
    case 't':
        return parse_literal(p, "true", json_new_bool(p->a, true), out);
    case 'f':
        return parse_literal(p, "false", json_new_bool(p->a, false), out);
    case 'n':
        return parse_literal(p, "null", json_new_null(p->a), out);
    default:
        if (*p->p == '-' || is_digit(p))
            return parse_number(p, out);
        return bad_char(p, "looking for beginning of value");
    }
}

struct error *
json_parse(struct arena *a, struct slice text, struct slice *body)
{
    struct parser p = {a, text.ptr, text.ptr + text.len};
    struct json_node *n;
    skip_space(&p);
    if (p.p == p.end)
        return json_error("unable to decode JSON: EOF");
    ERR_TRY(parse_value(&p, 0, &n));
    skip_space(&p);
    if (p.p != p.end)
        return json_error("trailing characters after JSON document");
    return json_encode(a, n, body);
}

/* ---- writing ----------------------------------------------------------------------------------
 */

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
