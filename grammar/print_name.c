/* grammar/print_name.c - names, string and bytes literals, type names.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/lex/encode.go: when a name is bare, which bytes of a string are
 * escaped and how. */
#include "config.h"

#include "grammar/print.h"

#include <string.h>

#include "grammar/lexer.h"
#include "grammar/print_int.h"

static bool
is_bare(struct slice name)
{
    if (name.len == 0)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        bool start = (c >= 'a' && c <= 'z') || c == '_' || c >= 0x80;
        if (!start && (i == 0 || !((c >= '0' && c <= '9') || c == '$')))
            return false;
    }
    return lex_name_is_folded(name);
}

bool
print_name_needs_quotes(struct slice name)
{
    char category;
    if (!is_bare(name))
        return true;
    return keyword_lookup(name, &category) != 0 && (category == 'R' || category == 'T');
}

static void
quoted(struct str *out, struct slice name)
{
    str_append_char(out, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"')
            str_append_char(out, '"');
        str_append_char(out, (char)name.ptr[i]);
    }
    str_append_char(out, '"');
}

void
print_name(struct str *out, struct slice name)
{
    if (print_name_needs_quotes(name))
        quoted(out, name);
    else
        str_append_slice(out, name);
}

void
print_unrestricted_name(struct str *out, struct slice name)
{
    if (is_bare(name))
        str_append_slice(out, name);
    else
        quoted(out, name);
}

/* The letter of a short escape, 0 without. */
static char
escape_letter(uint8_t c)
{
    switch (c) {
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\\': return '\\';
    default: return 0;
    }
}

/* Bytes of the character at s[i] and its code; 0 when not UTF-8. */
static size_t
utf8_at(struct slice s, size_t i, uint32_t *code)
{
    uint8_t c = s.ptr[i];
    size_t n = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (i + n > s.len || !lex_is_utf8(s.ptr + i, n))
        return 0;
    uint32_t v = n == 1 ? c : n == 2 ? c & 0x1f : n == 3 ? c & 0x0f : c & 0x07;
    for (size_t k = 1; k < n; k++)
        v = v << 6 | (s.ptr[i + k] & 0x3f);
    *code = v;
    return n;
}

void
print_string_literal(struct str *out, struct slice text)
{
    size_t start = 0, i = 0;
    bool escaped = false;

    while (i < text.len) {
        uint8_t c = text.ptr[i];
        if (c >= 0x20 && c < 0x7f && c != '\'' && c != '\\') {
            i++;
            continue;
        }
        if (!escaped) {
            str_append_cstr(out, "e'");
            escaped = true;
        }
        str_append(out, text.ptr + start, i - start);
        uint32_t code = 0;
        size_t n = utf8_at(text, i, &code);
        char letter = escape_letter(c);
        if (n == 0) {
            str_printf(out, "\\x%02x", c);
            n = 1;
        } else if (n == 1 && letter != 0) {
            str_append_char(out, '\\');
            str_append_char(out, letter);
        } else if (n == 1 && c == '\'') {
            str_append_cstr(out, "\\'");
        } else if (n == 1) {
            str_printf(out, "\\x%02x", c);
        } else if (n == 2) {
            str_printf(out, "\\u%04X", code);
        } else {
            str_printf(out, "\\U%08X", code);
        }
        i += n;
        start = i;
    }
    if (!escaped)
        str_append_char(out, '\'');
    str_append(out, text.ptr + start, text.len - start);
    str_append_char(out, '\'');
}

void
print_bytes_literal(struct str *out, struct slice bytes)
{
    str_append_cstr(out, "b'");
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.ptr[i];
        char letter = escape_letter(c);
        if (letter != 0) {
            str_append_char(out, '\\');
            str_append_char(out, letter);
        } else if (c == '\'') {
            str_append_cstr(out, "\\'");
        } else if (c < 0x20 || c >= 0x7f) {
            str_printf(out, "\\x%02x", c);
        } else {
            str_append_char(out, (char)c);
        }
    }
    str_append_char(out, '\'');
}

/* de-CH prints as de_CH: names of locales are the same whatever the case */
static void
print_locale(struct str *out, struct slice locale)
{
    bool bare = true;
    for (size_t i = 0; i < locale.len; i++) {
        uint8_t c = locale.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bare = bare && (letter || (i > 0 && ((c >= '0' && c <= '9') || c == '_' || c == '-')));
    }
    if (!bare) {
        print_name(out, locale);
        return;
    }
    for (size_t i = 0; i < locale.len; i++)
        str_append_char(out, locale.ptr[i] == '-' ? '_' : (char)locale.ptr[i]);
}

void
print_collation(struct str *out, struct slice locale)
{
    str_append_cstr(out, " COLLATE ");
    print_locale(out, locale);
}

static const char *const interval_fields[] = {
    [AST_INTERVAL_ALL] = "",
    [AST_INTERVAL_YEAR] = "YEAR",
    [AST_INTERVAL_MONTH] = "MONTH",
    [AST_INTERVAL_DAY] = "DAY",
    [AST_INTERVAL_HOUR] = "HOUR",
    [AST_INTERVAL_MINUTE] = "MINUTE",
    [AST_INTERVAL_SECOND] = "SECOND",
    [AST_INTERVAL_YEAR_TO_MONTH] = "YEAR TO MONTH",
    [AST_INTERVAL_DAY_TO_HOUR] = "DAY TO HOUR",
    [AST_INTERVAL_DAY_TO_MINUTE] = "DAY TO MINUTE",
    [AST_INTERVAL_DAY_TO_SECOND] = "DAY TO SECOND",
    [AST_INTERVAL_HOUR_TO_MINUTE] = "HOUR TO MINUTE",
    [AST_INTERVAL_HOUR_TO_SECOND] = "HOUR TO SECOND",
    [AST_INTERVAL_MINUTE_TO_SECOND] = "MINUTE TO SECOND",
};

/* " DAY TO SECOND(3)"; for a plain interval "(3)" */
void
print_interval_fields(struct str *out, const struct ast_type *t)
{
    if (t->interval_fields != AST_INTERVAL_ALL)
        str_printf(out, " %s", interval_fields[t->interval_fields]);
    if (t->precision_given)
        str_printf(out, "(%d)", t->precision);
}

static const char *const type_words[] = {
    [AST_TYPE_BOOL] = "BOOL",
    [AST_TYPE_INT] = "INT8",
    [AST_TYPE_INT2] = "INT2",
    [AST_TYPE_INT4] = "INT4",
    [AST_TYPE_INT8] = "INT8",
    [AST_TYPE_FLOAT4] = "FLOAT4",
    [AST_TYPE_FLOAT8] = "FLOAT8",
    [AST_TYPE_DECIMAL] = "DECIMAL",
    [AST_TYPE_STRING] = "STRING",
    [AST_TYPE_VARCHAR] = "VARCHAR",
    [AST_TYPE_CHAR] = "CHAR",
    [AST_TYPE_QCHAR] = "\"char\"",
    [AST_TYPE_NAME] = "NAME",
    [AST_TYPE_BYTES] = "BYTES",
    [AST_TYPE_BIT] = "BIT",
    [AST_TYPE_VARBIT] = "VARBIT",
    [AST_TYPE_DATE] = "DATE",
    [AST_TYPE_TIME] = "TIME",
    [AST_TYPE_TIMETZ] = "TIMETZ",
    [AST_TYPE_TIMESTAMP] = "TIMESTAMP",
    [AST_TYPE_TIMESTAMPTZ] = "TIMESTAMPTZ",
    [AST_TYPE_INTERVAL] = "INTERVAL",
    [AST_TYPE_UUID] = "UUID",
    [AST_TYPE_INET] = "INET",
    [AST_TYPE_JSONB] = "JSONB",
    [AST_TYPE_OID] = "OID",
    [AST_TYPE_REGCLASS] = "REGCLASS",
    [AST_TYPE_REGTYPE] = "REGTYPE",
    [AST_TYPE_REGPROC] = "REGPROC",
    [AST_TYPE_REGPROCEDURE] = "REGPROCEDURE",
    [AST_TYPE_REGOPERATOR] = "REGOPERATOR",
    [AST_TYPE_REGNAMESPACE] = "REGNAMESPACE",
    [AST_TYPE_INT2VECTOR] = "INT2VECTOR",
    [AST_TYPE_OIDVECTOR] = "OIDVECTOR",
    [AST_TYPE_SERIAL] = "SERIAL8",
    [AST_TYPE_SERIAL2] = "SERIAL2",
    [AST_TYPE_SERIAL4] = "SERIAL4",
    [AST_TYPE_SERIAL8] = "SERIAL8",
    [AST_TYPE_ARRAY] = "",
    [AST_TYPE_NAMED] = "",
};
_Static_assert(sizeof(type_words) / sizeof(type_words[0]) == AST_TYPE_KIND_COUNT, "one word a type");

void
print_type(struct str *out, const struct ast_type *t)
{
    switch (t->kind) {
    case AST_TYPE_ARRAY: {
        struct ast_type bare = *t->elem;
        bare.collation = SLICE_NULL;
        print_type(out, &bare);
        str_append_cstr(out, "[]");
        if (t->elem->collation.len > 0)
            print_collation(out, t->elem->collation);
        return;
    }
    case AST_TYPE_NAMED:
        print_name(out, t->name);
        return;
    default:
        str_append_cstr(out, type_words[t->kind]);
        break;
    }
    if (t->kind == AST_TYPE_DECIMAL) {
        if (t->precision > 0 && t->scale > 0)
            str_printf(out, "(%d,%d)", t->precision, t->scale);
        else if (t->precision > 0)
            str_printf(out, "(%d)", t->precision);
    } else if (t->kind == AST_TYPE_INTERVAL) {
        print_interval_fields(out, t);
    } else if (t->precision_given) {
        str_printf(out, "(%d)", t->precision);
    } else if (t->width > 0 && !(t->width == 1 && (t->kind == AST_TYPE_CHAR || t->kind == AST_TYPE_BIT))) {
        str_printf(out, "(%d)", t->width);
    }
    if (t->collation.len > 0)
        print_collation(out, t->collation);
}
