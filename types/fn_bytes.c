/* Functions of bytes: digests and checksums, encodings. */
#include "config.h"

#include <strings.h>

#include "base/hash.h"
#include "types/fn_int.h"

/* ---- digests and checksums ------------------------------------------------------------------ */

/* The arguments that are not NULL; *n of them, at most call->n_args. */
static struct slice *
parts_of(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
         size_t *n)
{
    struct slice *v = ARENA_ARRAY(env->arena, struct slice, (size_t)call->n_args + 1);
    *n = 0;
    for (int i = 0; i < call->n_args; i++)
        if (!args[i].null)
            v[(*n)++] = datum_slice(&args[i]);
    return v;
}

static void
put_hex(struct str *s, struct slice b)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < b.len; i++) {
        char pair[2] = {digits[b.ptr[i] >> 4], digits[b.ptr[i] & 15]};
        str_append(s, pair, 2);
    }
}

static struct error *
digest(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
       enum digest kind, struct datum *out)
{
    size_t n;
    struct slice *v = parts_of(env, call, args, &n);
    *out = DATUM_NULL;
    if (n == 0)
        return NULL;
    uint8_t sum[SHA512_LEN];
    struct str s;
    size_t len = digest_parts(kind, v, n, sum);
    fn_str_init(&s, env);
    put_hex(&s, slice_make(sum, len));
    return fn_str_done(&s, out);
}

SCALAR(md5)
{
    return digest(env, call, args, DIGEST_MD5, out);
}

SCALAR(sha1)
{
    return digest(env, call, args, DIGEST_SHA1, out);
}

SCALAR(sha256)
{
    return digest(env, call, args, DIGEST_SHA256, out);
}

SCALAR(sha512)
{
    return digest(env, call, args, DIGEST_SHA512, out);
}

typedef uint64_t (*checksum_fn)(uint64_t state, struct slice b);

static struct error *
checksum(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
         uint64_t state, checksum_fn fn, struct datum *out)
{
    size_t n;
    struct slice *v = parts_of(env, call, args, &n);
    for (size_t i = 0; i < n; i++)
        state = fn(state, v[i]);
    *out = n == 0 ? DATUM_NULL : datum_int((int64_t)state);
    return NULL;
}

#define FNV32_START 2166136261u
#define FNV32_PRIME 16777619u
#define FNV64_START 14695981039346656037ull
#define FNV64_PRIME 1099511628211ull

static uint64_t
fnv32_step(uint64_t h, struct slice b)
{
    for (size_t i = 0; i < b.len; i++)
        h = ((uint32_t)h * FNV32_PRIME) ^ b.ptr[i];
    return h;
}

static uint64_t
fnv32a_step(uint64_t h, struct slice b)
{
    for (size_t i = 0; i < b.len; i++)
        h = (uint32_t)(((uint32_t)h ^ b.ptr[i]) * FNV32_PRIME);
    return h;
}

static uint64_t
fnv64_step(uint64_t h, struct slice b)
{
    for (size_t i = 0; i < b.len; i++)
        h = (h * FNV64_PRIME) ^ b.ptr[i];
    return h;
}

static uint64_t
fnv64a_step(uint64_t h, struct slice b)
{
    for (size_t i = 0; i < b.len; i++)
        h = (h ^ b.ptr[i]) * FNV64_PRIME;
    return h;
}

static uint64_t
crc32c_step(uint64_t h, struct slice b)
{
    return crc32c((uint32_t)h, b.ptr, b.len);
}

static uint64_t
crc32ieee_step(uint64_t h, struct slice b)
{
    return crc32_ieee((uint32_t)h, b.ptr, b.len);
}

SCALAR(fnv32)
{
    return checksum(env, call, args, FNV32_START, fnv32_step, out);
}

SCALAR(fnv32a)
{
    return checksum(env, call, args, FNV32_START, fnv32a_step, out);
}

SCALAR(fnv64)
{
    return checksum(env, call, args, FNV64_START, fnv64_step, out);
}

SCALAR(fnv64a)
{
    return checksum(env, call, args, FNV64_START, fnv64a_step, out);
}

SCALAR(crc32c_fn)
{
    return checksum(env, call, args, 0, crc32c_step, out);
}

SCALAR(crc32ieee)
{
    return checksum(env, call, args, 0, crc32ieee_step, out);
}

/* ---- encode, decode ------------------------------------------------------------------------- */

enum format { FORMAT_HEX, FORMAT_ESCAPE, FORMAT_BASE64, FORMAT_UNKNOWN };

static enum format
format_of(struct slice name)
{
    static const char *const names[] = {"hex", "escape", "base64"};
    for (int i = 0; i < 3; i++)
        if (name.len == strlen(names[i]) &&
            strncasecmp((const char *)name.ptr, names[i], name.len) == 0)
            return (enum format)i;
    return FORMAT_UNKNOWN;
}

SCALAR(encode)
{
    UNUSED(call);
    struct eval_env how = *env;
    enum format f = format_of(datum_slice(&args[1]));
    if (f == FORMAT_UNKNOWN)
        return invalid_parameter(
            "only 'hex', 'escape', and 'base64' formats are supported for encode()");
    struct str s;
    fn_str_init(&s, env);
    if (f == FORMAT_HEX) {
        put_hex(&s, datum_slice(&args[0]));
    } else {
        how.bytea_output = f == FORMAT_ESCAPE ? BYTEA_ESCAPE : BYTEA_BASE64;
        datum_format(&s, &TYPE_BYTES, &args[0], TEXT_CAST, &how);
    }
    return fn_str_done(&s, out);
}

static int
hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Go's encoding/hex words. */
static struct error *
decode_hex(struct slice in, uint8_t *b, size_t *n)
{
    for (size_t i = 0; i < in.len; i++)
        if (hex_value(in.ptr[i]) < 0) {
            uint8_t shown[5] = {0};
            utf8_encode(shown, in.ptr[i]);
            return err_new(ERR_INVALID_TEXT_REPRESENTATION,
                           "encoding/hex: invalid byte: U+%04X '%s'", in.ptr[i],
                           (const char *)shown);
        }
    if (in.len % 2 != 0)
        return err_new(ERR_INVALID_TEXT_REPRESENTATION, "encoding/hex: odd length hex string");
    for (size_t i = 0; i < in.len; i += 2)
        b[i / 2] = (uint8_t)(hex_value(in.ptr[i]) << 4 | hex_value(in.ptr[i + 1]));
    *n = in.len / 2;
    return NULL;
}

static bool
is_octal(uint8_t c)
{
    return c >= '0' && c <= '7';
}

static struct error *
decode_escape(struct slice in, uint8_t *b, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < in.len; i++) {
        const uint8_t *p = in.ptr + i;
        if (*p != '\\') {
            b[(*n)++] = *p;
            continue;
        }
        size_t left = in.len - i - 1;
        if (left == 0)
            return err_new(ERR_INVALID_ESCAPE_SEQUENCE,
                           "bytea encoded value ends with escape character");
        if (p[1] == '\\') {
            b[(*n)++] = '\\';
            i++;
            continue;
        }
        if (left < 3)
            return err_new(ERR_INVALID_ESCAPE_SEQUENCE,
                           "bytea encoded value ends with incomplete escape sequence");
        if (!is_octal(p[1]) || p[1] > '3' || !is_octal(p[2]) || !is_octal(p[3]))
            return err_new(ERR_INVALID_ESCAPE_SEQUENCE, "invalid bytea escape sequence");
        b[(*n)++] = (uint8_t)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
        i += 3;
    }
    return NULL;
}

static int
base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Standard alphabet, padded; line ends are skipped. */
static struct error *
decode_base64(struct slice in, uint8_t *b, size_t *n)
{
    uint32_t acc = 0;
    int have = 0, pads = 0;
    size_t i;
    *n = 0;
    for (i = 0; i < in.len; i++) {
        uint8_t c = in.ptr[i];
        if (c == '\n' || c == '\r')
            continue;
        int v = base64_value(c);
        if (c == '=' && have >= 2) {
            v = 0;
            pads++;
        } else if (v < 0 || pads > 0) {
            break;
        }
        acc = acc << 6 | (uint32_t)v;
        if (++have < 4)
            continue;
        for (int k = 0; k < 3 - pads; k++)
            b[(*n)++] = (uint8_t)(acc >> (16 - 8 * k));
        acc = 0;
        have = 0;
        if (pads > 0) {
            while (i + 1 < in.len && (in.ptr[i + 1] == '\n' || in.ptr[i + 1] == '\r'))
                i++;
            i++;
            break;
        }
    }
    if (i < in.len || have != 0)
        return err_new(ERR_INVALID_TEXT_REPRESENTATION, "illegal base64 data at input byte %zu", i);
    return NULL;
}

SCALAR(decode)
{
    UNUSED(call);
    struct slice in = datum_slice(&args[0]);
    uint8_t *b = arena_alloc(env->arena, in.len + 4);
    size_t n = 0;
    switch (format_of(datum_slice(&args[1]))) {
    case FORMAT_HEX:
        ERR_TRY(decode_hex(in, b, &n));
        break;
    case FORMAT_ESCAPE:
        ERR_TRY(decode_escape(in, b, &n));
        break;
    case FORMAT_BASE64:
        ERR_TRY(decode_base64(in, b, &n));
        break;
    case FORMAT_UNKNOWN:
        return invalid_parameter(
            "only 'hex', 'escape', and 'base64' formats are supported for decode()");
    }
    *out = datum_bytes(b, n);
    return NULL;
}

/* ---- character sets ------------------------------------------------------------------------- */

enum charset { CHARSET_UTF8, CHARSET_LATIN1, CHARSET_UNKNOWN };

static enum charset
charset_of(struct slice name)
{
    static const struct {
        const char *name;
        enum charset charset;
    } known[] = {{"utf8", CHARSET_UTF8},       {"unicode", CHARSET_UTF8},
                 {"cp65001", CHARSET_UTF8},    {"latin1", CHARSET_LATIN1},
                 {"iso88591", CHARSET_LATIN1}, {"cp28591", CHARSET_LATIN1}};
    char clean[16];
    size_t n = 0;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && !(c >= '0' && c <= '9'))
            continue;
        if (n + 1 == sizeof(clean))
            return CHARSET_UNKNOWN;
        clean[n++] = (char)(letter ? c | 0x20 : c);
    }
    clean[n] = 0;
    for (size_t i = 0; i < ARRAY_COUNT(known); i++)
        if (strcmp(clean, known[i].name) == 0)
            return known[i].charset;
    return CHARSET_UNKNOWN;
}

SCALAR(convert_from)
{
    UNUSED(call);
    struct slice in = datum_slice(&args[0]);
    switch (charset_of(datum_slice(&args[1]))) {
    case CHARSET_UTF8:
        if (!utf8_is_valid(in))
            return err_new(ERR_CHARACTER_NOT_IN_REPERTOIRE,
                           "invalid byte sequence for encoding \"UTF8\"");
        *out = args[0];
        return NULL;
    case CHARSET_LATIN1: {
        struct str s;
        fn_str_init(&s, env);
        for (size_t i = 0; i < in.len; i++) {
            uint8_t b[4];
            str_append(&s, b, utf8_encode(b, in.ptr[i]));
        }
        return fn_str_done(&s, out);
    }
    case CHARSET_UNKNOWN:
        break;
    }
    return err_new(ERR_INVALID_PARAMETER_VALUE, "invalid source encoding name %s",
                   go_quoted(env->arena, datum_slice(&args[1])));
}

SCALAR(convert_to)
{
    UNUSED(call);
    switch (charset_of(datum_slice(&args[1]))) {
    case CHARSET_UTF8:
        *out = args[0];
        return NULL;
    case CHARSET_LATIN1: {
        uint8_t *b = arena_alloc(env->arena, args[0].len + 1);
        size_t n = 0;
        for (const uint8_t *p = args[0].ptr, *end = p + args[0].len; p < end;) {
            uint32_t cp;
            size_t len = utf8_decode(p, end, &cp);
            if (cp > 0xFF)
                return err_new(ERR_UNTRANSLATABLE_CHARACTER,
                               "character '%.*s' has no representation in encoding \"LATIN1\"",
                               (int)len, (const char *)p);
            b[n++] = (uint8_t)cp;
            p += len;
        }
        *out = datum_bytes(b, n);
        return NULL;
    }
    case CHARSET_UNKNOWN:
        break;
    }
    return err_new(ERR_INVALID_PARAMETER_VALUE, "invalid destination encoding name %s",
                   go_quoted(env->arena, datum_slice(&args[1])));
}

/* ---- table ---------------------------------------------------------------------------------- */

#define HASH(n, t, r, f)                                                                       \
    {.name = n, .variadic = &TYPE_##t, .ret = &TYPE_##r, .fn = f, .null_args = true, \
     .category = "String"}
#define HASHES(n, r, f) HASH(n, STRING, r, f), HASH(n, BYTES, r, f)
#define FN(n, r, f, ...) \
    {.name = n, .args = {__VA_ARGS__}, .ret = &TYPE_##r, .fn = f, .category = "String"}

static const struct overload rows[] = {
    HASHES("md5", STRING, md5),
    HASHES("sha1", STRING, sha1),
    HASHES("sha256", STRING, sha256),
    HASHES("sha512", STRING, sha512),
    HASHES("fnv32", INT8, fnv32),
    HASHES("fnv32a", INT8, fnv32a),
    HASHES("fnv64", INT8, fnv64),
    HASHES("fnv64a", INT8, fnv64a),
    HASHES("crc32c", INT8, crc32c_fn),
    HASHES("crc32ieee", INT8, crc32ieee),
    FN("encode", STRING, encode, &TYPE_BYTES, &TYPE_STRING),
    FN("decode", BYTES, decode, &TYPE_STRING, &TYPE_STRING),
    FN("convert_from", STRING, convert_from, &TYPE_BYTES, &TYPE_STRING),
    FN("convert_to", BYTES, convert_to, &TYPE_STRING, &TYPE_STRING),
};

const struct overload_table overloads_bytes_fns = {rows, ARRAY_COUNT(rows), false};
