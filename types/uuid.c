/* UUID as a type, and its functions. */
#include "config.h"

#include "base/hash.h"
#include "types/fn_int.h"

static int
hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
uuid_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
            const struct eval_env *env)
{
    static const char hex[] = "0123456789abcdef";
    char buf[36];
    int at = 0;
    (void)t, (void)mode, (void)env;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            buf[at++] = '-';
        buf[at++] = hex[d->ptr[i] >> 4];
        buf[at++] = hex[d->ptr[i] & 15];
    }
    str_append(s, buf, sizeof(buf));
}

static struct error *
uuid_error(const struct eval_env *env, struct slice text, const char *what)
{
    return type_parse_error(env, &TYPE_UUID, text,
                            arena_printf(env->arena, "uuid: incorrect UUID %s: %s", what,
                                         slice_to_cstr(env->arena, text)));
}

static struct error *
hex_error(const struct eval_env *env, struct slice text, uint8_t c)
{
    return type_parse_error(env, &TYPE_UUID, text,
                            arena_printf(env->arena, "encoding/hex: invalid byte: U+%04X '%c'", c,
                                         c >= 0x20 && c < 0x7f ? c : '?'));
}

/* Plain, with hyphens, in braces, behind urn:uuid:. */
static struct error *
uuid_parse(const struct eval_env *env, const struct type *t, struct slice text, struct datum *out)
{
    struct slice s = text;
    (void)t;
    if ((s.len == 34 || s.len == 38) && s.ptr[0] == '{' && s.ptr[s.len - 1] == '}')
        s = slice_make(s.ptr + 1, s.len - 2);
    else if ((s.len == 41 || s.len == 45) && memcmp(s.ptr, "urn:uuid:", 9) == 0)
        s = slice_make(s.ptr + 9, s.len - 9);
    if (s.len != 32 && s.len != 36)
        return uuid_error(env, text, text.len == 34 || text.len == 38 || text.len == 41
                                             || text.len == 45 ? "format" : "length");
    uint8_t *b = arena_alloc(env->arena, 16);
    size_t at = 0;
    for (int i = 0; i < 16; i++) {
        if (s.len == 36 && (i == 4 || i == 6 || i == 8 || i == 10) && s.ptr[at++] != '-')
            return uuid_error(env, text, "format");
        int hi = hex_value(s.ptr[at]), lo = hex_value(s.ptr[at + 1]);
        if (hi < 0 || lo < 0)
            return hex_error(env, text, hi < 0 ? s.ptr[at] : s.ptr[at + 1]);
        b[i] = (uint8_t)(hi << 4 | lo);
        at += 2;
    }
    *out = datum_bytes(b, 16);
    return NULL;
}

static struct error *
uuid_to_binary(struct str *s, const struct type *t, const struct datum *d,
               const struct eval_env *env)
{
    (void)t, (void)env;
    str_append(s, d->ptr, 16);
    return NULL;
}

static struct error *
uuid_from_bytes(const struct eval_env *env, struct slice b, struct datum *out)
{
    if (b.len != 16)
        return err_new(ERR_INVALID_TEXT_REPRESENTATION,
                       "uuid: UUID must be exactly 16 bytes long, got %zu bytes", b.len);
    *out = datum_bytes(arena_memdup(env->arena, b.ptr, 16), 16);
    return NULL;
}

static struct error *
uuid_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                 struct datum *out)
{
    if (b.len != 16)
        return type_binary_error(t, "uuid must be 16 bytes");
    return uuid_from_bytes(env, b, out);
}

static int
uuid_compare(const struct type *t, const struct datum *a, const struct datum *b)
{
    (void)t;
    int c = memcmp(a->ptr, b->ptr, 16);
    return (c > 0) - (c < 0);
}

static uint64_t
uuid_hash(const struct type *t, const struct datum *d, uint64_t seed)
{
    (void)t;
    return hash_bytes(d->ptr, 16, seed);
}

static struct datum
uuid_copy(struct arena *a, const struct type *t, const struct datum *d)
{
    (void)t;
    return datum_bytes(arena_memdup(a, d->ptr, 16), 16);
}

static size_t
uuid_size(const struct type *t, const struct datum *d)
{
    (void)t, (void)d;
    return 16;
}

const struct type_ops type_ops_uuid = {
    .name = "uuid",
    .format = uuid_format,
    .parse = uuid_parse,
    .to_binary = uuid_to_binary,
    .from_binary = uuid_from_binary,
    .compare = uuid_compare,
    .hash = uuid_hash,
    .copy = uuid_copy,
    .size = uuid_size,
};

/* ---- functions ------------------------------------------------------------------------------- */

SCALAR(fn_to_uuid)
{
    (void)call;
    return uuid_parse(env, &TYPE_UUID, datum_slice(&args[0]), out);
}

SCALAR(fn_from_uuid)
{
    struct str s;
    struct datum d;
    (void)call;
    ERR_TRY(uuid_from_bytes(env, datum_slice(&args[0]), &d));
    fn_str_init(&s, env);
    uuid_format(&s, &TYPE_UUID, &d, TEXT_CAST, env);
    return fn_str_done(&s, out);
}

static const struct overload rows[] = {
    {.name = "to_uuid", .args = {&TYPE_STRING}, .ret = &TYPE_BYTES, .fn = fn_to_uuid,
     .category = "String and byte"},
    {.name = "from_uuid", .args = {&TYPE_BYTES}, .ret = &TYPE_STRING, .fn = fn_from_uuid,
     .category = "String and byte"},
};

const struct overload_table overloads_uuid_fns = {rows, ARRAY_COUNT(rows), false};
