/* Operators and functions of INET. */
#include "config.h"

#include "types/fn_int.h"
#include "types/inet_int.h"

__extension__ typedef unsigned __int128 uint128;

static uint128
address(const struct datum *d)
{
    uint128 v = 0;
    for (uint32_t i = 2; i < d->len; i++)
        v = v << 8 | d->ptr[i];
    return v;
}

/* v in the family of `like`, with its own mask. */
static void
put(const struct eval_env *env, const struct datum *like, int mask, uint128 v, struct datum *out)
{
    uint32_t len = like->len;
    uint8_t *b = arena_alloc(env->arena, len);
    b[0] = like->ptr[0];
    b[1] = (uint8_t)mask;
    for (uint32_t i = len; i-- > 2; v >>= 8)
        b[i] = (uint8_t)v;
    *out = datum_bytes(b, len);
}

static uint128
all_ones(int bits)
{
    return bits == 128 ? ~(uint128)0 : ((uint128)1 << bits) - 1;
}

static uint128
host_bits(const struct datum *d)
{
    return all_ones(inet_bits(d) - d->ptr[1]);
}

/* ---- operators ------------------------------------------------------------------------------------ */

/* b's network holds a, whose mask is at least as long. */
static bool
within(const struct datum *a, const struct datum *b)
{
    return a->ptr[0] == b->ptr[0] && a->ptr[1] >= b->ptr[1]
           && ((address(a) ^ address(b)) & ~host_bits(b) & all_ones(inet_bits(b))) == 0;
}

#define PREDICATE(name, expr)                                                                    \
    SCALAR(name)                                                                                 \
    {                                                                                            \
        const struct datum *a = &args[0], *b = &args[1];                                         \
        UNUSED(env), UNUSED(call);                                                               \
        *out = datum_bool(expr);                                                                 \
        return NULL;                                                                             \
    }
PREDICATE(op_contained, within(a, b) && a->ptr[1] > b->ptr[1])
PREDICATE(op_contains, within(b, a) && b->ptr[1] > a->ptr[1])
PREDICATE(op_contained_eq, within(a, b))
PREDICATE(op_contains_eq, within(b, a))
PREDICATE(op_overlaps, within(a, b) || within(b, a))
PREDICATE(fn_same_family, a->ptr[0] == b->ptr[0])

static struct error *
bitwise(const struct eval_env *env, const struct datum *args, bool and, struct datum *out)
{
    int mask = args[0].ptr[1] > args[1].ptr[1] ? args[0].ptr[1] : args[1].ptr[1];
    uint128 x = address(&args[0]), y = address(&args[1]);
    if (args[0].ptr[0] != args[1].ptr[0])
        return err_new(ERR_STRING_DATA_LENGTH_MISMATCH,
                       "cannot %s inet values of different sizes", and ? "AND" : "OR");
    put(env, &args[0], mask, and ? x & y : x | y, out);
    return NULL;
}

SCALAR(op_and)
{
    UNUSED(call);
    return bitwise(env, args, true, out);
}

SCALAR(op_or)
{
    UNUSED(call);
    return bitwise(env, args, false, out);
}

SCALAR(op_not)
{
    UNUSED(call);
    put(env, &args[0], args[0].ptr[1], ~address(&args[0]), out);
    return NULL;
}

static struct error *
out_of_range(void)
{
    return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "result out of range");
}

static struct error *
add(const struct eval_env *env, const struct datum *d, bool minus, uint64_t by, struct datum *out)
{
    uint128 v = address(d), max = all_ones(inet_bits(d));
    if (minus ? v < by : by > max - v)
        return out_of_range();
    put(env, d, d->ptr[1], minus ? v - by : v + by, out);
    return NULL;
}

static uint64_t
magnitude(int64_t i)
{
    return i < 0 ? -(uint64_t)i : (uint64_t)i;
}

SCALAR(op_plus_int)
{
    UNUSED(call);
    return add(env, &args[0], args[1].i < 0, magnitude(args[1].i), out);
}

SCALAR(op_int_plus)
{
    UNUSED(call);
    return add(env, &args[1], args[0].i < 0, magnitude(args[0].i), out);
}

SCALAR(op_minus_int)
{
    UNUSED(call);
    return add(env, &args[0], args[1].i >= 0, magnitude(args[1].i), out);
}

SCALAR(op_minus)
{
    uint128 x = address(&args[0]), y = address(&args[1]);
    bool negative = x < y;
    UNUSED(env), UNUSED(call);
    if (args[0].ptr[0] != args[1].ptr[0])
        return err_new(ERR_STRING_DATA_LENGTH_MISMATCH,
                       "cannot subtract inet addresses with different sizes");
    uint128 d = negative ? y - x : x - y;
    if (d > (uint128)INT64_MAX + negative)
        return out_of_range();
    *out = datum_int((int64_t)(negative ? -(uint64_t)d : (uint64_t)d));
    return NULL;
}

#define I &TYPE_INET
#define OP(op, r, f, ...) {.name = op, .args = {__VA_ARGS__}, .ret = &TYPE_##r, .fn = f}
static const struct overload op_rows[] = {
    OP("&", INET, op_and, I, I),
    OP("|", INET, op_or, I, I),
    OP("~", INET, op_not, I),
    OP("+", INET, op_plus_int, I, &TYPE_INT8),
    OP("+", INET, op_int_plus, &TYPE_INT8, I),
    OP("-", INET, op_minus_int, I, &TYPE_INT8),
    OP("-", INT8, op_minus, I, I),
    OP("<<", BOOL, op_contained, I, I),
    OP(">>", BOOL, op_contains, I, I),
    OP("<<=", BOOL, op_contained_eq, I, I),
    OP(">>=", BOOL, op_contains_eq, I, I),
    OP("&&", BOOL, op_overlaps, I, I),
};

const struct overload_table overloads_inet_ops = {op_rows, ARRAY_COUNT(op_rows), true};

/* ---- functions ------------------------------------------------------------------------------------ */

SCALAR(fn_abbrev)
{
    struct str s;
    UNUSED(call);
    fn_str_init(&s, env);
    datum_format(&s, &TYPE_INET, &args[0], TEXT_CAST, env);
    return fn_str_done(&s, out);
}

SCALAR(fn_host)
{
    struct str s;
    UNUSED(call);
    fn_str_init(&s, env);
    inet_format_address(&s, &args[0]);
    return fn_str_done(&s, out);
}

SCALAR(fn_text)
{
    struct str s;
    UNUSED(call);
    fn_str_init(&s, env);
    inet_format_address(&s, &args[0]);
    str_printf(&s, "/%u", args[0].ptr[1]);
    return fn_str_done(&s, out);
}

SCALAR(fn_broadcast)
{
    UNUSED(call);
    put(env, &args[0], args[0].ptr[1], address(&args[0]) | host_bits(&args[0]), out);
    return NULL;
}

SCALAR(fn_hostmask)
{
    UNUSED(call);
    put(env, &args[0], inet_bits(&args[0]), host_bits(&args[0]), out);
    return NULL;
}

SCALAR(fn_netmask)
{
    UNUSED(call);
    put(env, &args[0], inet_bits(&args[0]), ~host_bits(&args[0]), out);
    return NULL;
}

SCALAR(fn_family)
{
    UNUSED(env), UNUSED(call);
    *out = datum_int(inet_is_v4(&args[0]) ? 4 : 6);
    return NULL;
}

SCALAR(fn_masklen)
{
    UNUSED(env), UNUSED(call);
    *out = datum_int(args[0].ptr[1]);
    return NULL;
}

SCALAR(fn_set_masklen)
{
    int bits = inet_bits(&args[0]);
    UNUSED(call);
    if (args[1].i < 0 || args[1].i > bits)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "invalid mask length: %lld",
                       (long long)args[1].i);
    put(env, &args[0], (int)args[1].i, address(&args[0]), out);
    return NULL;
}

/* to_ip and from_ip: addresses as 4 or 16 plain bytes. */
SCALAR(fn_to_ip)
{
    struct datum d;
    UNUSED(call);
    if (memchr(args[0].ptr, '/', args[0].len) != NULL)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "invalid IP format: %s",
                       slice_to_cstr(env->arena, datum_slice(&args[0])));
    struct error *err = inet_parse_text(env, datum_slice(&args[0]), &d);
    if (err != NULL) {
        err_free(err);
        return err_new(ERR_INVALID_PARAMETER_VALUE, "invalid IP format: %s",
                       slice_to_cstr(env->arena, datum_slice(&args[0])));
    }
    /* Go keeps every address in 16 bytes, IPv4 mapped. */
    uint8_t *b = arena_zalloc(env->arena, 16);
    if (inet_is_v4(&d)) {
        b[10] = b[11] = 0xff;
        memcpy(b + 12, d.ptr + 2, 4);
    } else {
        memcpy(b, d.ptr + 2, 16);
    }
    *out = datum_bytes(b, 16);
    return NULL;
}

SCALAR(fn_from_ip)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    uint8_t b[18] = {0};
    struct datum d;
    struct str s;
    UNUSED(call);
    const uint8_t *p = args[0].ptr;
    uint32_t len = args[0].len;
    if (len != 4 && len != 16)
        return err_new(ERR_INVALID_PARAMETER_VALUE,
                       "error getting IP from bytes: incorrect IP length: %u", len);
    if (len == 16 && memcmp(p, mapped, 12) == 0) {
        p += 12;
        len = 4;
    }
    b[0] = len == 16;
    b[1] = (uint8_t)(len * 8);
    memcpy(b + 2, p, len);
    d = datum_bytes(b, len + 2);
    fn_str_init(&s, env);
    inet_format_address(&s, &d);
    return fn_str_done(&s, out);
}

#define CAT "INET"
#define FN(n, r, f, ...)                                                                         \
    {.name = n, .args = {__VA_ARGS__}, .ret = &TYPE_##r, .fn = f, .category = CAT}
static const struct overload fn_rows[] = {
    FN("abbrev", STRING, fn_abbrev, I),
    FN("broadcast", INET, fn_broadcast, I),
    FN("family", INT8, fn_family, I),
    FN("host", STRING, fn_host, I),
    FN("hostmask", INET, fn_hostmask, I),
    FN("masklen", INT8, fn_masklen, I),
    FN("netmask", INET, fn_netmask, I),
    FN("set_masklen", INET, fn_set_masklen, I, &TYPE_INT8),
    FN("text", STRING, fn_text, I),
    FN("inet_same_family", BOOL, fn_same_family, I, I),
    FN("inet_contained_by_or_equals", BOOL, op_contained_eq, I, I),
    FN("inet_contains_or_equals", BOOL, op_contains_eq, I, I),
    FN("to_ip", BYTES, fn_to_ip, &TYPE_STRING),
    FN("from_ip", STRING, fn_from_ip, &TYPE_BYTES),
};

const struct overload_table overloads_inet_fns = {fn_rows, ARRAY_COUNT(fn_rows), false};
