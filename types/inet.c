/* INET as a type. The bytes of a value: family (0 IPv4, 1 IPv6), mask, address. */
#include "config.h"

#include "types/inet_int.h"

#include <arpa/inet.h>

#include "base/hash.h"
#include "types/fn_int.h"

/* ---- text ------------------------------------------------------------------------------------ */

static void
put_v4(struct str *s, const uint8_t *p)
{
    str_printf(s, "%u.%u.%u.%u", p[0], p[1], p[2], p[3]);
}

/* The first longest run of two zero groups or more becomes ::. */
static void
put_v6(struct str *s, const uint8_t *p)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    int best = -1, best_len = 1;
    if (memcmp(p, mapped, 12) == 0) {
        str_append_cstr(s, "::ffff:");
        put_v4(s, p + 12);
        return;
    }
    for (int i = 0; i < 8;) {
        int n = 0;
        while (i + n < 8 && p[2 * (i + n)] == 0 && p[2 * (i + n) + 1] == 0)
            n++;
        if (n > best_len) {
            best = i;
            best_len = n;
        }
        i += n > 0 ? n : 1;
    }
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            str_append_cstr(s, "::");
            i += best_len - 1;
            continue;
        }
        if (i > 0 && i != best + best_len)
            str_append_char(s, ':');
        str_printf(s, "%x", (unsigned)p[2 * i] << 8 | p[2 * i + 1]);
    }
}

void
inet_format_address(struct str *s, const struct datum *d)
{
    if (inet_is_v4(d))
        put_v4(s, d->ptr + 2);
    else
        put_v6(s, d->ptr + 2);
}

static void
inet_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
            const struct eval_env *env)
{
    (void)t, (void)mode, (void)env;
    inet_format_address(s, d);
    if (d->ptr[1] != inet_bits(d))
        str_printf(s, "/%u", d->ptr[1]);
}

static struct error *
inet_error(const struct eval_env *env, struct slice text, const char *reason)
{
    return err_new(ERR_INVALID_TEXT_REPRESENTATION, "could not parse %s as inet. %s",
                   go_quoted(env->arena, text), reason);
}

/* 1 to 4 octets; how many, or 0 when malformed. */
static int
parse_v4(struct slice s, uint8_t out[4])
{
    int n = 0;
    size_t i = 0;
    memset(out, 0, 4);
    while (i < s.len && n < 4) {
        unsigned v = 0;
        size_t start = i;
        for (; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9' && i - start < 3; i++)
            v = v * 10 + (unsigned)(s.ptr[i] - '0');
        if (i == start || v > 255)
            return 0;
        out[n++] = (uint8_t)v;
        if (i == s.len)
            return n;
        if (s.ptr[i++] != '.')
            return 0;
    }
    return 0;
}

static bool
parse_v6(struct slice s, uint8_t out[16])
{
    char buf[64];
    if (s.len >= sizeof(buf) || memchr(s.ptr, 0, s.len) != NULL)
        return false;
    memcpy(buf, s.ptr, s.len);
    buf[s.len] = '\0';
    return inet_pton(AF_INET6, buf, out) == 1;
}

/* Behind the slash; -1 when it is no number within bits. */
static int
parse_mask(struct slice s, int bits)
{
    int v = 0;
    if (s.len == 0 || s.len > 3)
        return -1;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return -1;
        v = v * 10 + (s.ptr[i] - '0');
    }
    return v <= bits ? v : -1;
}

struct error *
inet_parse_text(const struct eval_env *env, struct slice text, struct datum *out)
{
    uint8_t *b = arena_zalloc(env->arena, 18);
    const uint8_t *slash = text.len == 0 ? NULL : memchr(text.ptr, '/', text.len);
    struct slice addr = {text.ptr, slash == NULL ? text.len : (size_t)(slash - text.ptr)};
    bool v6 = addr.len > 0 && memchr(addr.ptr, ':', addr.len) != NULL;
    int bits = v6 ? 128 : 32, mask = bits, octets = 4;
    b[0] = v6;
    if (v6) {
        if (!parse_v6(addr, b + 2))
            return inet_error(env, text, "invalid IP");
    } else {
        octets = parse_v4(addr, b + 2);
        if (octets == 0 || (octets < 4 && slash == NULL))
            return inet_error(env, text, "invalid IP");
    }
    if (slash != NULL) {
        mask = parse_mask(slice_make(slash + 1, text.len - addr.len - 1), bits);
        if (mask < 0)
            return inet_error(env, text, "invalid mask");
        if (!v6 && octets < 4 && mask > octets * 8)
            return inet_error(env, text, "mask is larger than provided octets");
    }
    b[1] = (uint8_t)mask;
    *out = datum_bytes(b, v6 ? 18 : 6);
    return NULL;
}

static struct error *
inet_parse(const struct eval_env *env, const struct type *t, struct slice text, struct datum *out)
{
    (void)t;
    return inet_parse_text(env, text, out);
}

/* ---- binary: family (2, 3), mask, is cidr, length, address --------------------------------------- */

static struct error *
inet_to_binary(struct str *s, const struct type *t, const struct datum *d,
               const struct eval_env *env)
{
    uint8_t head[4] = {(uint8_t)(d->ptr[0] + 2), d->ptr[1], 0, (uint8_t)(d->len - 2)};
    (void)t, (void)env;
    str_append(s, head, 4);
    str_append(s, d->ptr + 2, d->len - 2);
    return NULL;
}

static struct error *
inet_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                 struct datum *out)
{
    if (b.len < 4 || (b.ptr[0] != 2 && b.ptr[0] != 3))
        return type_binary_error(t, "malformed inet");
    size_t len = b.ptr[0] == 2 ? 4 : 16;
    if (b.ptr[3] != len || b.len != 4 + len || b.ptr[1] > 8 * len)
        return type_binary_error(t, "malformed inet");
    uint8_t *p = arena_alloc(env->arena, 2 + len);
    p[0] = (uint8_t)(b.ptr[0] - 2);
    p[1] = b.ptr[1];
    memcpy(p + 2, b.ptr + 4, len);
    *out = datum_bytes(p, 2 + len);
    return NULL;
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

const struct type_ops type_ops_inet = {
    .name = "inet",
    .format = inet_format,
    .parse = inet_parse,
    .to_binary = inet_to_binary,
    .from_binary = inet_from_binary,
    .compare = bytes_compare,
    .hash = bytes_hash,
    .copy = bytes_copy,
    .size = bytes_size,
};
