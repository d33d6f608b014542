/* STRING and its kin (VARCHAR, CHAR, "char", NAME), collated strings, BYTES. */
#include "config.h"

#include "types/type_ops_int.h"

#include "base/hash.h"
#include "types/collation.h"

static struct datum
bytes_copy(struct arena *a, const struct type *t, const struct datum *d)
{
    (void)t;
    return datum_bytes(arena_memdup(a, d->ptr, d->len), d->len);
}

static size_t
bytes_size(const struct type *t, const struct datum *d)
{
    (void)t;
    return d->len;
}

static int
bytes_compare(const struct type *t, const struct datum *a, const struct datum *b)
{
    (void)t;
    int c = slice_cmp(datum_slice(a), datum_slice(b));
    return (c > 0) - (c < 0);
}

static uint64_t
bytes_hash(const struct type *t, const struct datum *d, uint64_t seed)
{
    (void)t;
    return hash_bytes(d->ptr, d->len, seed);
}

static struct error *
raw_to_binary(struct str *s, const struct type *t, const struct datum *d,
              const struct eval_env *env)
{
    (void)t;
    (void)env;
    str_append(s, d->ptr, d->len);
    return NULL;
}

/* ---- STRING --------------------------------------------------------------------------------- */

static void
string_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
              const struct eval_env *env)
{
    (void)t;
    (void)mode;
    (void)env;
    str_append(s, d->ptr, d->len);
}

static void
string_format_sql(struct str *s, const struct type *t, const struct datum *d,
                  const struct eval_env *env)
{
    (void)t;
    (void)env;
    sql_quote_string(s, datum_slice(d));
}

static struct error *
string_parse(const struct eval_env *env, const struct type *t, struct slice text,
             struct datum *out)
{
    (void)t;
    if (!utf8_is_valid(text))
        return err_new(ERR_CHARACTER_NOT_IN_REPERTOIRE, "invalid UTF-8 sequence");
    *out = datum_bytes(arena_memdup(env->arena, text.ptr, text.len), text.len);
    return NULL;
}

static struct error *
string_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                   struct datum *out)
{
    return string_parse(env, t, b, out);
}

static bool
too_long(const struct type *t, const struct datum *d)
{
    return t->width > 0 && d->len > (uint32_t)t->width &&
           utf8_count(datum_slice(d)) > (size_t)t->width;
}

/* A cast cuts silently. */
static struct error *
string_fit(const struct eval_env *env, const struct type *t, struct datum *d)
{
    (void)env;
    if (too_long(t, d))
        d->len = (uint32_t)utf8_offset(datum_slice(d), (size_t)t->width);
    return NULL;
}

static struct error *
string_adjust(const struct eval_env *env, const struct type *t, const char *column,
              struct datum *d)
{
    if (!too_long(t, d))
        return NULL;
    /* The type with its length, CHAR(1) too */
    struct type plain = *t;
    plain.width = 0;
    plain.family = FAMILY_STRING;
    const char *name = type_sql_str(env->arena, &plain);
    if (column == NULL)
        return err_new(ERR_STRING_DATA_RIGHT_TRUNCATION, "value too long for type %s(%d)", name,
                       t->width);
    return err_new(ERR_STRING_DATA_RIGHT_TRUNCATION,
                   "value too long for type %s(%d) (column \"%s\")", name, t->width, column);
}

const struct type_ops type_ops_string = {
    .name = "string",
    .format = string_format,
    .format_sql = string_format_sql,
    .parse = string_parse,
    .to_binary = raw_to_binary,
    .from_binary = string_from_binary,
    .compare = bytes_compare,
    .hash = bytes_hash,
    .copy = bytes_copy,
    .size = bytes_size,
    .fit = string_fit,
    .adjust = string_adjust,
};

/* ---- collated strings ----------------------------------------------------------------------- */

static void
collated_format_sql(struct str *s, const struct type *t, const struct datum *d,
                    const struct eval_env *env)
{
    (void)env;
    sql_quote_string(s, datum_slice(d));
    str_append_cstr(s, " COLLATE ");
    type_put_locale(s, t->locale);
}

static int
collated_compare(const struct type *t, const struct datum *a, const struct datum *b)
{
    if (t->locale == NULL)
        return bytes_compare(t, a, b);
    return collation_compare(t->locale, datum_slice(a), datum_slice(b));
}

static uint64_t
collated_hash(const struct type *t, const struct datum *d, uint64_t seed)
{
    struct str key;
    str_init(&key, STR_MAX_DEFAULT);
    struct error *e = t->locale != NULL ? collation_key(&key, t->locale, datum_slice(d)) : NULL;
    uint64_t h = t->locale == NULL ? bytes_hash(t, d, seed)
                 : e != NULL       ? seed /* equal strings still meet; compare decides */
                                   : hash_bytes(key.ptr, key.len, seed);
    err_free(e);
    str_release(&key);
    return h;
}

const struct type_ops type_ops_collated = {
    .name = "collatedstring",
    .sql_without_type = true,
    .format = string_format,
    .format_sql = collated_format_sql,
    .parse = string_parse,
    .to_binary = raw_to_binary,
    .from_binary = string_from_binary,
    .compare = collated_compare,
    .hash = collated_hash,
    .copy = bytes_copy,
    .size = bytes_size,
    .fit = string_fit,
    .adjust = string_adjust,
};

/* ---- BYTES ---------------------------------------------------------------------------------- */

static void
put_hex(struct str *s, struct slice b)
{
    static const char digits[] = "0123456789abcdef";
    str_append_cstr(s, "\\x");
    for (size_t i = 0; i < b.len; i++) {
        char pair[2] = {digits[b.ptr[i] >> 4], digits[b.ptr[i] & 15]};
        str_append(s, pair, 2);
    }
}

static void
put_escape(struct str *s, struct slice b)
{
    for (size_t i = 0; i < b.len; i++) {
        uint8_t c = b.ptr[i];
        if (c == '\\')
            str_append_cstr(s, "\\\\");
        else if (c < 0x20 || c >= 0x7F)
            str_printf(s, "\\%03o", c);
        else
            str_append_char(s, (char)c);
    }
}

static void
put_base64(struct str *s, struct slice b)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < b.len; i += 3) {
        size_t left = b.len - i;
        uint32_t v = (uint32_t)b.ptr[i] << 16 | (left > 1 ? (uint32_t)b.ptr[i + 1] << 8 : 0) |
                     (left > 2 ? b.ptr[i + 2] : 0);
        char out[4] = {digits[v >> 18], digits[v >> 12 & 63], left > 1 ? digits[v >> 6 & 63] : '=',
                       left > 2 ? digits[v & 63] : '='};
        str_append(s, out, 4);
    }
}

static void
bytes_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
             const struct eval_env *env)
{
    (void)t;
    (void)mode;
    switch (env != NULL ? env->bytea_output : BYTEA_HEX) {
    case BYTEA_HEX:
        put_hex(s, datum_slice(d));
        break;
    case BYTEA_ESCAPE:
        put_escape(s, datum_slice(d));
        break;
    case BYTEA_BASE64:
        put_base64(s, datum_slice(d));
        break;
    }
}

static void
bytes_format_sql(struct str *s, const struct type *t, const struct datum *d,
                 const struct eval_env *env)
{
    (void)t;
    (void)env;
    str_append_char(s, '\'');
    put_hex(s, datum_slice(d));
    str_append_char(s, '\'');
}

static int
hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct error *
parse_hex(const struct eval_env *env, const struct type *t, struct slice text, struct datum *out)
{
    size_t n = text.len - 2;
    const uint8_t *p = text.ptr + 2;
    uint8_t *v = arena_alloc(env->arena, n / 2 + 1);
    for (size_t i = 0; i < n; i++) {
        int h = hex_value(p[i]);
        if (h < 0) {
            uint32_t cp = p[i]; /* Go names the byte, not the character */
            char shown[5] = {0};
            utf8_encode((uint8_t *)shown, cp);
            return type_parse_error(env, t, text,
                                    arena_printf(env->arena,
                                                 "encoding/hex: invalid byte: U+%04X '%s'", cp,
                                                 shown));
        }
        if (i / 2 < n / 2)
            v[i / 2] = (uint8_t)(i % 2 == 0 ? h << 4 : v[i / 2] | h);
    }
    if (n % 2 != 0)
        return type_parse_error(env, t, text, "encoding/hex: odd length hex string");
    *out = datum_bytes(v, n / 2);
    return NULL;
}

static struct error *
bytes_parse(const struct eval_env *env, const struct type *t, struct slice text, struct datum *out)
{
    if (text.len >= 2 && text.ptr[0] == '\\' && (text.ptr[1] == 'x' || text.ptr[1] == 'X'))
        return parse_hex(env, t, text, out);
    uint8_t *v = arena_alloc(env->arena, text.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c != '\\') {
            v[n++] = c;
        } else if (i + 1 < text.len && text.ptr[i + 1] == '\\') {
            v[n++] = '\\';
            i++;
        } else if (i + 3 < text.len && text.ptr[i + 1] >= '0' && text.ptr[i + 1] <= '3' &&
                   text.ptr[i + 2] >= '0' && text.ptr[i + 2] <= '7' && text.ptr[i + 3] >= '0' &&
                   text.ptr[i + 3] <= '7') {
            v[n++] = (uint8_t)((text.ptr[i + 1] - '0') << 6 | (text.ptr[i + 2] - '0') << 3 |
                               (text.ptr[i + 3] - '0'));
            i += 3;
        } else {
            /* SOURCE: CockroachDB v20.1 pkg/sql/lex/encode.go DecodeRawBytesToByteArray */
            const char *why = i + 1 == text.len ? "bytea encoded value ends with escape character"
                              : i + 3 >= text.len
                                  ? "bytea encoded value ends with incomplete escape sequence"
                                  : "invalid bytea escape sequence";
            return err_sqlstate(type_parse_error(env, t, text, why), "22025");
        }
    }
    *out = datum_bytes(v, n);
    return NULL;
}

static struct error *
bytes_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                  struct datum *out)
{
    (void)t;
    *out = datum_bytes(arena_memdup(env->arena, b.ptr, b.len), b.len);
    return NULL;
}

const struct type_ops type_ops_bytes = {
    .name = "bytes",
    .format = bytes_format,
    .format_sql = bytes_format_sql,
    .parse = bytes_parse,
    .to_binary = raw_to_binary,
    .from_binary = bytes_from_binary,
    .compare = bytes_compare,
    .hash = bytes_hash,
    .copy = bytes_copy,
    .size = bytes_size,
};
