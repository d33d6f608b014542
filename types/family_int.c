/* BOOL, INT, OID and UNKNOWN: what fits 64 bits. */
#include "config.h"

#include "types/type_ops_int.h"

#include <errno.h>
#include <stdlib.h>

#include "base/enc.h"
#include "base/hash.h"
#include "types/session_hooks.h"
#include "types/sqltext.h"

static int
compare_i64(const struct type *t, const struct datum *a, const struct datum *b)
{
    (void)t;
    return (a->i > b->i) - (a->i < b->i);
}

static uint64_t
hash_i64(const struct type *t, const struct datum *d, uint64_t seed)
{
    (void)t;
    return hash_u64((uint64_t)d->i, seed);
}

/* Without printf: results are mostly numbers. */
size_t
int_put_text(char *out, int64_t v)
{
    char buf[INT_TEXT_MAX];
    size_t n = sizeof(buf);
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        buf[--n] = (char)('0' + u % 10);
        u /= 10;
    } while (u != 0);
    if (v < 0)
        buf[--n] = '-';
    memcpy(out, buf + n, sizeof(buf) - n);
    return sizeof(buf) - n;
}

static void
put_i64(struct str *s, int64_t v)
{
    char text[INT_TEXT_MAX];
    str_append(s, text, int_put_text(text, v));
}

/* ---- BOOL ----------------------------------------------------------------------------------- */

static void
bool_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
            const struct eval_env *env)
{
    (void)t;
    (void)env;
    if (mode == TEXT_WIRE)
        str_append_char(s, d->i ? 't' : 'f');
    else
        str_append_cstr(s, d->i ? "true" : "false");
}

static void
bool_format_sql(struct str *s, const struct type *t, const struct datum *d,
                const struct eval_env *env)
{
    bool_format(s, t, d, TEXT_CAST, env);
}

static bool
is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct slice
trim(struct slice s)
{
    while (s.len > 0 && is_space(s.ptr[0]))
        s = slice_make(s.ptr + 1, s.len - 1);
    while (s.len > 0 && is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

static struct error *
bool_parse(const struct eval_env *env, const struct type *t, struct slice text, struct datum *out)
{
    /* Any prefix that says which word it is; `o` alone could be on or off. */
    static const struct {
        const char *word;
        size_t least;
        bool value;
    } words[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
                 {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false}};
    struct slice s = trim(text);
    char low[8];
    if (s.len > 0 && s.len < sizeof(low)) {
        for (size_t i = 0; i < s.len; i++)
            low[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] + 32) : (char)s.ptr[i];
        for (size_t i = 0; i < ARRAY_COUNT(words); i++)
            if (s.len >= words[i].least && s.len <= strlen(words[i].word) &&
                memcmp(words[i].word, low, s.len) == 0) {
                *out = datum_bool(words[i].value);
                return NULL;
            }
    }
    return type_parse_error(env, t, text, "invalid bool value");
}

static struct error *
bool_to_binary(struct str *s, const struct type *t, const struct datum *d,
               const struct eval_env *env)
{
    (void)t;
    (void)env;
    str_append_char(s, d->i ? 1 : 0);
    return NULL;
}

static struct error *
bool_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                 struct datum *out)
{
    (void)env;
    if (b.len != 1 || b.ptr[0] > 1)
        return type_binary_error(t, "one byte, 0 or 1, is wanted");
    *out = datum_bool(b.ptr[0] == 1);
    return NULL;
}

const struct type_ops type_ops_bool = {
    .name = "bool",
    .sql_without_type = true,
    .format = bool_format,
    .format_sql = bool_format_sql,
    .parse = bool_parse,
    .to_binary = bool_to_binary,
    .from_binary = bool_from_binary,
    .compare = compare_i64,
    .hash = hash_i64,
};

/* ---- INT ------------------------------------------------------------------------------------ */

static void
int_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
           const struct eval_env *env)
{
    (void)t;
    (void)mode;
    (void)env;
    put_i64(s, d->i);
}

static void
int_format_sql(struct str *s, const struct type *t, const struct datum *d,
               const struct eval_env *env)
{
    (void)t;
    (void)env;
    put_i64(s, d->i);
}

/* Go's strconv.ParseInt(text, 0, 64): decimal, 0x hex, 0b binary, 0o and plain 0 octal; single
 * underscores between digits and after the prefix. */
enum int_result { INT_OK, INT_SYNTAX, INT_RANGE };

static enum int_result
parse_i64(struct slice text, int64_t *out)
{
    const uint8_t *p = text.ptr, *end = text.ptr + text.len;
    bool neg = false;
    bool underscore_fits = false; /* after a digit or a prefix */
    unsigned base = 10;
    if (p < end && (*p == '-' || *p == '+'))
        neg = *p++ == '-';
    if (end - p > 1 && p[0] == '0') {
        uint8_t c = p[1] | 0x20;
        base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
        p += c == 'x' || c == 'b' || c == 'o' ? 2 : 1;
        underscore_fits = true;
    }
    if (p == end)
        return INT_SYNTAX;
    uint64_t v = 0;
    bool range = false;
    for (; p < end; p++) {
        if (*p == '_' && underscore_fits && end - p > 1) {
            underscore_fits = false;
            continue;
        }
        unsigned digit = *p >= '0' && *p <= '9'   ? (unsigned)(*p - '0')
                         : *p >= 'a' && *p <= 'f' ? (unsigned)(*p - 'a' + 10)
                         : *p >= 'A' && *p <= 'F' ? (unsigned)(*p - 'A' + 10)
                                                  : 99;
        if (digit >= base)
            return INT_SYNTAX;
        underscore_fits = true;
        range = range || __builtin_mul_overflow(v, base, &v) ||
                __builtin_add_overflow(v, digit, &v);
    }
    if (range || v > (uint64_t)INT64_MAX + (neg ? 1 : 0))
        return INT_RANGE;
    *out = neg ? (int64_t)(0 - v) : (int64_t)v;
    return INT_OK;
}

static struct error *
int_parse_error(const struct eval_env *env, const struct type *t, struct slice text,
                enum int_result why)
{
    const char *quoted = go_quoted(env->arena, text);
    const struct type *shown = t->family == FAMILY_INT ? &TYPE_INT8 : t;
    return type_parse_error(env, shown, text,
                            arena_printf(env->arena, "strconv.ParseInt: parsing %s: %s", quoted,
                                         why == INT_RANGE ? "value out of range"
                                                          : "invalid syntax"));
}

static struct error *
int_parse(const struct eval_env *env, const struct type *t, struct slice text, struct datum *out)
{
    enum int_result r = parse_i64(text, &out->i);
    return r == INT_OK ? NULL : int_parse_error(env, t, text, r);
}

static int
int_bytes(const struct type *t)
{
    return t->width == 16 ? 2 : t->width == 32 ? 4 : 8;
}

static struct error *
int_to_binary(struct str *s, const struct type *t, const struct datum *d,
              const struct eval_env *env)
{
    (void)env;
    uint8_t b[8];
    int n = int_bytes(t);
    enc_put_be64(b, (uint64_t)d->i);
    str_append(s, b + 8 - n, (size_t)n);
    return NULL;
}

static struct error *
int_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                struct datum *out)
{
    (void)env;
    ERR_TRY(type_binary_size(t, b, t->width == 16 ? 2 : t->width == 32 ? 4 : 8));
    if (t->width == 16)
        *out = datum_int((int16_t)enc_get_be16(b.ptr));
    else if (t->width == 32)
        *out = datum_int((int32_t)enc_get_be32(b.ptr));
    else
        *out = datum_int((int64_t)enc_get_be64(b.ptr));
    return NULL;
}

static bool
int_fits(const struct type *t, int64_t v)
{
    if (t->width == 16)
        return v >= INT16_MIN && v <= INT16_MAX;
    if (t->width == 32)
        return v >= INT32_MIN && v <= INT32_MAX;
    return true;
}

static struct error *
int_adjust(const struct eval_env *env, const struct type *t, const char *column, struct datum *d)
{
    if (int_fits(t, d->i))
        return NULL;
    const char *name = type_name_str(env->arena, t);
    if (column == NULL)
        return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range for type %s", name);
    return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                   "integer out of range for type %s (column \"%s\")", name, column);
}

static struct error *
int_fit(const struct eval_env *env, const struct type *t, struct datum *d)
{
    return int_adjust(env, t, NULL, d);
}

const struct type_ops type_ops_int = {
    .name = "int",
    .format = int_format,
    .format_sql = int_format_sql,
    .parse = int_parse,
    .to_binary = int_to_binary,
    .from_binary = int_from_binary,
    .compare = compare_i64,
    .hash = hash_i64,
    .fit = int_fit,
    .adjust = int_adjust,
};

/* ---- OID ------------------------------------------------------------------------------------ */

/* The name behind a REG number; NULL when nobody knows it. */
static const char *
oid_name(const struct type *t, int64_t oid, const struct eval_env *env)
{
    const char *name = NULL;
    if (t->oid == TYPE_OID.oid || env == NULL)
        return NULL;
    if (t->oid == TYPE_REGTYPE.oid) {
        const struct type *known = type_from_oid((uint32_t)oid);
        if (known != NULL)
            return type_pg_name_str(env->arena, known);
    }
    if (env->hooks == NULL || env->hooks->oid_to_name == NULL)
        return NULL;
    err_free(env->hooks->oid_to_name(env, t->oid, (uint32_t)oid, &name));
    return name;
}

static void
oid_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
           const struct eval_env *env)
{
    (void)mode;
    const char *name = oid_name(t, d->i, env);
    if (name != NULL)
        str_append_cstr(s, name);
    else
        put_i64(s, d->i);
}

static void
oid_format_sql(struct str *s, const struct type *t, const struct datum *d,
               const struct eval_env *env)
{
    (void)t;
    (void)env;
    put_i64(s, d->i);
}

static const struct type *
type_by_name(struct slice name)
{
    static const struct {
        const char *alias, *typname;
    } aliases[] = {{"int", "int8"},       {"integer", "int8"},  {"bigint", "int8"},
                   {"int64", "int8"},     {"smallint", "int2"}, {"string", "text"},
                   {"float", "float8"},   {"double precision", "float8"},
                   {"real", "float4"},    {"decimal", "numeric"}, {"boolean", "bool"},
                   {"bytes", "bytea"},    {"character varying", "varchar"},
                   {"character", "bpchar"}, {"char", "bpchar"}, {"json", "jsonb"},
                   {"timestamp without time zone", "timestamp"},
                   {"timestamp with time zone", "timestamptz"},
                   {"bit varying", "varbit"}};
    static const uint32_t all[] = {16,   20,   21,   23,   700,  701,  1700, 1082, 1114, 1186,
                                   25,   1043, 1042, 18,   19,   17,   1184, 26,   2205, 24,
                                   2202, 2206, 4089, 705,  2950, 869,  1083, 3802, 1266, 1560,
                                   1562, 2283, 2249, 22,   30};
    bool array = name.len > 2 && memcmp(name.ptr + name.len - 2, "[]", 2) == 0;
    if (array)
        name.len -= 2;
    bool quoted = name.len > 2 && name.ptr[0] == '"' && name.ptr[name.len - 1] == '"';
    if (quoted)
        name = slice_make(name.ptr + 1, name.len - 2);
    for (size_t i = 0; i < ARRAY_COUNT(aliases) && !quoted; i++)
        if (slice_eq(slice_cstr(aliases[i].alias), name))
            name = slice_cstr(aliases[i].typname);
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        const struct type *t = type_from_oid(all[i]);
        if (slice_eq(slice_cstr(type_typname(t)), name))
            return array ? type_from_oid(type_array_oid(t)) : t;
        uint32_t array_oid = type_array_oid(t);
        const struct type *at = array_oid != 0 ? type_from_oid(array_oid) : NULL;
        if (at != NULL && slice_eq(slice_cstr(type_typname(at)), name))
            return at;
    }
    return NULL;
}

static struct error *
oid_parse(const struct eval_env *env, const struct type *t, struct slice text, struct datum *out)
{
    enum int_result r = parse_i64(trim(text), &out->i);
    if (r == INT_OK)
        return NULL;
    if (t->oid == TYPE_OID.oid)
        return int_parse_error(env, t, text, r);
    if (t->oid == TYPE_REGTYPE.oid) {
        text = sql_call_name(text); /* numeric(10,2) */
        char *low = arena_strndup(env->arena, (const char *)text.ptr, text.len);
        for (char *p = low; *p != '\0'; p++)
            *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
        const struct type *known = type_by_name(trim(slice_cstr(low)));
        if (known != NULL) {
            *out = datum_int(known->oid);
            return NULL;
        }
    }
    if (env->hooks != NULL && env->hooks->name_to_oid != NULL) {
        uint32_t oid;
        ERR_TRY(env->hooks->name_to_oid(env, t->oid, text, &oid));
        *out = datum_int(oid);
        return NULL;
    }
    if (t->oid == TYPE_REGTYPE.oid)
        return err_new(ERR_UNDEFINED_OBJECT, "type '%.*s' does not exist", (int)text.len, text.ptr);
    return int_parse_error(env, t, text, r);
}

static struct error *
oid_to_binary(struct str *s, const struct type *t, const struct datum *d,
              const struct eval_env *env)
{
    (void)t;
    (void)env;
    uint8_t b[4];
    enc_put_be32(b, (uint32_t)d->i);
    str_append(s, b, 4);
    return NULL;
}

static struct error *
oid_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                struct datum *out)
{
    (void)env;
    ERR_TRY(type_binary_size(t, b, 4));
    *out = datum_int(enc_get_be32(b.ptr));
    return NULL;
}

const struct type_ops type_ops_oid = {
    .name = "oid",
    .format = oid_format,
    .format_sql = oid_format_sql,
    .parse = oid_parse,
    .to_binary = oid_to_binary,
    .from_binary = oid_from_binary,
    .compare = compare_i64,
    .hash = hash_i64,
};

/* ---- UNKNOWN: only NULL has it ---------------------------------------------------------------- */

static void
unknown_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
               const struct eval_env *env)
{
    (void)t;
    (void)d;
    (void)mode;
    (void)env;
    str_append_cstr(s, "NULL");
}

static struct error *
unknown_parse(const struct eval_env *env, const struct type *t, struct slice text,
              struct datum *out)
{
    (void)out;
    return type_parse_error(env, t, text, NULL);
}

static struct error *
unknown_to_binary(struct str *s, const struct type *t, const struct datum *d,
                  const struct eval_env *env)
{
    (void)s;
    (void)d;
    (void)env;
    return type_binary_error(t, "it has no values");
}

static struct error *
unknown_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                    struct datum *out)
{
    (void)env;
    (void)b;
    (void)out;
    return type_binary_error(t, "it has no values");
}

const struct type_ops type_ops_unknown = {
    .name = "unknown",
    .sql_without_type = true,
    .format = unknown_format,
    .parse = unknown_parse,
    .to_binary = unknown_to_binary,
    .from_binary = unknown_from_binary,
    .compare = compare_i64,
    .hash = hash_i64,
};
