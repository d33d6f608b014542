/* Text as SQL and as Go's %q, and the errors of values that cannot be read. See type_ops_int.h. */
#include "config.h"

#include "types/type_ops_int.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

static void
put_unicode_escape(struct str *s, uint32_t cp)
{
    if (cp > 0xFFFF)
        str_printf(s, "\\U%08X", cp);
    else
        str_printf(s, "\\u%04X", cp);
}

/* The escape letter of a control character, 0 when it has none. */
static char
control_letter(uint8_t c)
{
    switch (c) {
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

/* SOURCE: CockroachDB v20.1 pkg/sql/lex/encode.go EncodeSQLStringWithFlags. */
void
sql_quote_string(struct str *s, struct slice text)
{
    bool plain = true;
    for (size_t i = 0; i < text.len && plain; i++)
        plain = text.ptr[i] >= 0x20 && text.ptr[i] < 0x7F && text.ptr[i] != '\'' &&
                text.ptr[i] != '\\';
    if (plain) {
        str_append_char(s, '\'');
        str_append_slice(s, text);
        str_append_char(s, '\'');
        return;
    }
    str_append_cstr(s, "e'");
    const uint8_t *p = text.ptr, *end = text.ptr + text.len;
    while (p < end) {
        uint8_t c = *p;
        if (c >= 0x80) {
            uint32_t cp;
            size_t n = utf8_decode(p, end, &cp);
            if (n == 1)
                str_printf(s, "\\x%02X", c);
            else
                put_unicode_escape(s, cp);
            p += n;
            continue;
        }
        if (c == '\'' || c == '\\')
            str_printf(s, "\\%c", c);
        else if (control_letter(c) != 0)
            str_printf(s, "\\%c", control_letter(c));
        else if (c < 0x20 || c == 0x7F)
            str_printf(s, "\\x%02X", c);
        else
            str_append_char(s, (char)c);
        p++;
    }
    str_append_char(s, '\'');
}

/* The words that cannot name a column or a table bare: classes R and T of grammar/keywords.def.
 * regress/unit/test_parser.c checks that they agree. */
static bool
is_reserved(struct slice name)
{
    static const char *const words[] = {
        "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "both",
        "case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint",
        "create", "cross", "current_catalog", "current_date", "current_role", "current_schema",
        "current_time", "current_timestamp", "current_user", "default", "deferrable", "desc",
        "distinct", "do", "else", "end", "except", "false", "family", "fetch", "for", "foreign",
        "from", "full", "grant", "group", "having", "ilike", "in", "index", "initially", "inner",
        "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left", "like", "limit",
        "localtime", "localtimestamp", "natural", "none", "not", "nothing", "notnull", "null",
        "offset", "on", "only", "or", "order", "outer", "overlaps", "placing", "primary",
        "references", "returning", "right", "select", "session_user", "similar", "some",
        "symmetric", "table", "then", "to", "trailing", "true", "union", "unique", "user", "using",
        "variadic", "when", "where", "window", "with",
    };
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        if (slice_eq(slice_cstr(words[i]), name))
            return true;
    return false;
}

/* In lower case and in Unicode's composed form, as a name is once it has been read? Long ones are quoted. */
static bool
is_normalized(struct slice name)
{
    UChar wide[512];
    UErrorCode status = U_ZERO_ERROR;
    int32_t n = 0;
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&status);

    if (name.len > sizeof(wide) / sizeof(wide[0]))
        return false;
    u_strFromUTF8(wide, sizeof(wide) / sizeof(wide[0]), &n, (const char *)name.ptr,
                  (int32_t)name.len, &status);
    for (int32_t i = 0; U_SUCCESS(status) && i < n;) {
        UChar32 c;
        U16_NEXT(wide, i, n, c);
        if (u_tolower(c) != c)
            return false;
    }
    return U_SUCCESS(status) && unorm2_isNormalized(nfc, wide, n, &status) && U_SUCCESS(status);
}

void
sql_quote_ident(struct str *s, struct slice name)
{
    bool bare = name.len > 0 && !is_reserved(name), ascii = true;
    for (size_t i = 0; i < name.len && bare; i++) {
        uint8_t c = name.ptr[i];
        ascii = ascii && c < 0x80;
        bare = (c >= 'a' && c <= 'z') || c == '_' || c >= 0x80 ||
               (i > 0 && ((c >= '0' && c <= '9') || c == '$'));
    }
    bare = bare && (ascii || is_normalized(name));
    if (bare) {
        str_append_slice(s, name);
        return;
    }
    str_append_char(s, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"')
            str_append_char(s, '"');
        str_append_char(s, (char)name.ptr[i]);
    }
    str_append_char(s, '"');
}

/* SOURCE: Go's strconv.Quote. */
void
go_quote(struct str *s, struct slice text)
{
    str_append_char(s, '"');
    const uint8_t *p = text.ptr, *end = text.ptr + text.len;
    while (p < end) {
        uint32_t cp;
        size_t n = utf8_decode(p, end, &cp);
        if (n == 1 && *p >= 0x80)
            str_printf(s, "\\x%02x", *p);
        else if (cp == '"' || cp == '\\')
            str_printf(s, "\\%c", (char)cp);
        else if (cp == '\a')
            str_append_cstr(s, "\\a");
        else if (cp == '\v')
            str_append_cstr(s, "\\v");
        else if (cp < 0x80 && control_letter((uint8_t)cp) != 0)
            str_printf(s, "\\%c", control_letter((uint8_t)cp));
        else if (cp < 0x20 || cp == 0x7F)
            str_printf(s, "\\x%02x", cp);
        else if (cp < 0x80 || u_isgraph((UChar32)cp))
            str_append(s, p, n);
        else if (cp > 0xFFFF)
            str_printf(s, "\\U%08x", cp);
        else
            str_printf(s, "\\u%04x", cp);
        p += n;
    }
    str_append_char(s, '"');
}

const char *
go_quoted(struct arena *a, struct slice text)
{
    struct str s;
    str_init(&s, STR_MAX_DEFAULT);
    go_quote(&s, text);
    char *out = arena_strndup(a, str_cstr(&s), s.len);
    str_release(&s);
    return out;
}

struct error *
type_parse_error(const struct eval_env *env, const struct type *t, struct slice text,
                 const char *reason)
{
    const char *name = type_name_str(env->arena, t);
    const char *quoted = go_quoted(env->arena, text);
    if (reason == NULL)
        return err_new(ERR_INVALID_TEXT_REPRESENTATION, "could not parse %s as type %s", quoted,
                       name);
    return err_new(ERR_INVALID_TEXT_REPRESENTATION, "could not parse %s as type %s: %s", quoted,
                   name, reason);
}

struct error *
type_binary_error(const struct type *t, const char *reason)
{
    struct str s;
    str_init(&s, STR_MAX_DEFAULT);
    type_name(&s, t);
    struct error *e = err_new(ERR_INVALID_BINARY_REPRESENTATION, "invalid binary %s: %s",
                              str_cstr(&s), reason);
    str_release(&s);
    return e;
}

struct error *
type_binary_size(const struct type *t, struct slice bytes, size_t want)
{
    if (bytes.len == want)
        return NULL;
    return err_new(ERR_SYNTAX, "%s requires %zu bytes for binary format", type_typname(t), want);
}

struct datum
datum_from_str(struct str *s)
{
    return datum_bytes(s->len > 0 ? s->ptr : "", s->len);
}

/* SOURCE: CockroachDB v20.1 pkg/sql/user.go usernameRE. */
bool
sql_is_user_name(struct slice name)
{
    const uint8_t *p = name.ptr, *end = name.ptr + name.len;
    int n = 0;

    for (; p < end; n++) {
        uint32_t cp;
        size_t len = utf8_decode(p, end, &cp);
        bool ok = len > 0 && (u_charType((UChar32)cp) == U_LOWERCASE_LETTER ||
                              (cp >= '0' && cp <= '9') || cp == '_' ||
                              (n > 0 && (cp == '-' || cp == '.')));
        if (!ok)
            return false;
        p += len;
    }
    return n > 0 && n <= 63;
}

static const uint8_t *
skip_space(const uint8_t *p, const uint8_t *end)
{
    while (p < end && (*p == ' ' || (*p >= '\t' && *p <= '\r')))
        p++;
    return p;
}

static const uint8_t *
skip_word(const uint8_t *p, const uint8_t *end, bool dots)
{
    while (p < end && ((*p >= '0' && *p <= '9') || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z') ||
                       *p == '_' || *p == '"' || (dots && *p == '.')))
        p++;
    return p;
}

struct slice
sql_call_name(struct slice s)
{
    const uint8_t *end = s.ptr + s.len, *name = skip_space(s.ptr, end);
    const uint8_t *name_end = skip_word(name, end, true), *p = skip_space(name_end, end);
    if (name_end == name || p == end || *p != '(')
        return s;
    p = skip_space(p + 1, end);
    for (bool more = p < end && *p != ')'; more;) {
        const uint8_t *word = skip_space(p, end);
        p = skip_word(word, end, false);
        if (p == word)
            return s;
        p = skip_space(p, end);
        more = p < end && *p == ',';
        p += more;
    }
    if (p == end || *p != ')' || skip_space(p + 1, end) != end)
        return s;
    return slice_make(name, (size_t)(name_end - name));
}
