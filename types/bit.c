/* BIT and VARBIT: the type, its operators and functions. First bit = 0x80 of byte 0; the unused
 * bits of the last byte are 0. */
#include "config.h"

#include "base/enc.h"
#include "base/hash.h"
#include "types/bit_int.h"
#include "types/fn_int.h"

static size_t
bytes_of(uint64_t bits)
{
    return (size_t)((bits + 7) / 8);
}

static bool
get_bit(const struct datum *d, uint64_t i)
{
    return d->ptr[i / 8] >> (7 - i % 8) & 1;
}

static struct error *
bits_new(const struct eval_env *env, uint64_t bits, uint8_t **b, struct datum *out)
{
    void *mem;
    if (bits > UINT32_MAX)
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "bit string too long");
    ERR_TRY(arena_try_alloc(env->arena, bytes_of(bits) + 1, &mem));
    memset(mem, 0, bytes_of(bits) + 1);
    *b = mem;
    *out = (struct datum){.ptr = mem, .len = (uint32_t)bits};
    return NULL;
}

static void
set_bit(uint8_t *b, uint64_t i, bool v)
{
    uint8_t m = (uint8_t)(0x80 >> (i % 8));
    b[i / 8] = v ? b[i / 8] | m : b[i / 8] & (uint8_t)~m;
}

/* Copies n bits of d from bit `from` into a fresh string of `bits`, at bit `to`. */
static struct error *
bits_place(const struct eval_env *env, const struct datum *d, uint64_t from, uint64_t n,
           uint64_t bits, uint64_t to, struct datum *out)
{
    uint8_t *b;
    struct datum src = *d; /* out may be d */
    ERR_TRY(bits_new(env, bits, &b, out));
    if (from % 8 == 0 && to % 8 == 0) {
        if (n > 0)
            memcpy(b + to / 8, src.ptr + from / 8, bytes_of(n));
        if (n % 8 != 0)
            b[(to + n) / 8] &= (uint8_t)(0xff00 >> (n % 8));
        return NULL;
    }
    for (uint64_t i = 0; i < n; i++)
        set_bit(b, to + i, get_bit(&src, from + i));
    return NULL;
}

/* ---- the type -------------------------------------------------------------------------------- */

static void
bit_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
           const struct eval_env *env)
{
    (void)t, (void)mode, (void)env;
    str_reserve(s, d->len);
    for (uint64_t i = 0; i < d->len; i++)
        str_append_char(s, get_bit(d, i) ? '1' : '0');
}

static void
bit_format_sql(struct str *s, const struct type *t, const struct datum *d,
               const struct eval_env *env)
{
    str_append_cstr(s, "B'");
    bit_format(s, t, d, TEXT_CAST, env);
    str_append_char(s, '\'');
}

struct error *
bit_parse_text(const struct eval_env *env, struct slice text, struct datum *out)
{
    uint8_t *b;
    bool hex = text.len > 0 && (text.ptr[0] | 0x20) == 'x';
    if (hex)
        text = slice_make(text.ptr + 1, text.len - 1);
    ERR_TRY(bits_new(env, (uint64_t)text.len * (hex ? 4 : 1), &b, out));
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        int v = c >= '0' && c <= '9' ? c - '0'
                : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : 99;
        if (v > (hex ? 15 : 1)) {
            uint32_t cp;
            size_t n = utf8_decode(text.ptr + i, text.ptr + text.len, &cp);
            return err_new(ERR_INVALID_TEXT_REPRESENTATION,
                           "could not parse string as bit array: %s is not a valid %s digit",
                           go_quoted(env->arena, slice_make(text.ptr + i, n)),
                           hex ? "hexadecimal" : "binary");
        }
        if (hex)
            b[i / 2] |= (uint8_t)(v << (i % 2 == 0 ? 4 : 0));
        else
            set_bit(b, i, v);
    }
    return NULL;
}

static struct error *
bit_parse(const struct eval_env *env, const struct type *t, struct slice text, struct datum *out)
{
    (void)t;
    return bit_parse_text(env, text, out);
}

static struct error *
bit_to_binary(struct str *s, const struct type *t, const struct datum *d,
              const struct eval_env *env)
{
    uint8_t head[4];
    (void)t, (void)env;
    enc_put_be32(head, d->len);
    str_append(s, head, 4);
    str_append(s, d->ptr, bytes_of(d->len));
    return NULL;
}

static struct error *
bit_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                struct datum *out)
{
    if (b.len < 4)
        return type_binary_error(t, "bit string is truncated");
    uint32_t bits = enc_get_be32(b.ptr);
    if (b.len - 4 != bytes_of(bits))
        return type_binary_error(t, "bit string of the wrong length");
    struct datum raw = {.ptr = b.ptr + 4, .len = bits};
    return bits_place(env, &raw, 0, bits, bits, 0, out);
}

static int
bit_compare(const struct type *t, const struct datum *a, const struct datum *b)
{
    size_t n = bytes_of(a->len < b->len ? a->len : b->len);
    (void)t;
    int c = n == 0 ? 0 : memcmp(a->ptr, b->ptr, n);
    if (c != 0)
        return c < 0 ? -1 : 1;
    /* What the longer one has more is larger only if it is longer by key order: words first. */
    uint64_t wa = bytes_of(a->len), wb = bytes_of(b->len);
    const struct datum *l = wa > wb ? a : b;
    for (uint64_t i = n; i < bytes_of(l->len) && i < (n + 7) / 8 * 8; i++)
        if (l->ptr[i] != 0)
            return l == a ? 1 : -1;
    return (a->len > b->len) - (a->len < b->len);
}

static uint64_t
bit_hash(const struct type *t, const struct datum *d, uint64_t seed)
{
    (void)t;
    return hash_bytes(d->ptr, bytes_of(d->len), hash_u64(d->len, seed));
}

static struct datum
bit_copy(struct arena *a, const struct type *t, const struct datum *d)
{
    (void)t;
    return (struct datum){.ptr = arena_memdup(a, d->ptr, bytes_of(d->len)), .len = d->len};
}

static size_t
bit_size(const struct type *t, const struct datum *d)
{
    (void)t;
    return bytes_of(d->len);
}

static bool
is_varbit(const struct type *t)
{
    return t->oid == TYPE_VARBIT.oid;
}

/* A cast cuts on the right; BIT(n) also fills with zeros. */
static struct error *
bit_fit(const struct eval_env *env, const struct type *t, struct datum *d)
{
    uint64_t width = (uint64_t)t->width;
    if (t->width <= 0 || d->len == width || (is_varbit(t) && d->len < width))
        return NULL;
    return bits_place(env, d, 0, d->len < width ? d->len : width, width, 0, d);
}

static struct error *
bit_adjust(const struct eval_env *env, const struct type *t, const char *column, struct datum *d)
{
    (void)column;
    if (t->width <= 0)
        return NULL;
    if (is_varbit(t)) {
        if (d->len > (uint32_t)t->width)
            return err_new(ERR_STRING_DATA_RIGHT_TRUNCATION,
                           "bit string length %u too large for type %s", d->len,
                           type_sql_str(env->arena, t));
    } else if (d->len != (uint32_t)t->width) {
        return err_new(ERR_STRING_DATA_LENGTH_MISMATCH,
                       "bit string length %u does not match type %s", d->len,
                       type_sql_str(env->arena, t));
    }
    return NULL;
}

const struct type_ops type_ops_bit = {
    .name = "bit",
    .sql_without_type = true,
    .format = bit_format,
    .format_sql = bit_format_sql,
    .parse = bit_parse,
    .to_binary = bit_to_binary,
    .from_binary = bit_from_binary,
    .compare = bit_compare,
    .hash = bit_hash,
    .copy = bit_copy,
    .size = bit_size,
    .fit = bit_fit,
    .adjust = bit_adjust,
};

/* ---- integers -------------------------------------------------------------------------------- */

struct error *
bit_from_int(const struct eval_env *env, int64_t v, uint32_t width, struct datum *out)
{
    uint8_t *b;
    ERR_TRY(bits_new(env, width, &b, out));
    for (uint32_t i = 0; i < width; i++) {
        uint32_t shift = width - 1 - i;
        set_bit(b, i, shift >= 64 ? v < 0 : (uint64_t)v >> shift & 1);
    }
    return NULL;
}

int64_t
bit_to_int(const struct datum *d)
{
    uint64_t v = 0;
    for (uint64_t i = d->len > 64 ? d->len - 64 : 0; i < d->len; i++)
        v = v << 1 | get_bit(d, i);
    return (int64_t)v;
}

/* ---- operators ------------------------------------------------------------------------------- */

static struct error *
combine(const struct eval_env *env, const struct datum *args, char op, struct datum *out)
{
    uint8_t *b;
    struct datum r;
    if (args[0].len != args[1].len)
        return err_new(ERR_STRING_DATA_LENGTH_MISMATCH,
                       "cannot %s bit strings of different sizes",
                       op == '&' ? "AND" : op == '|' ? "OR" : "XOR");
    ERR_TRY(bits_new(env, args[0].len, &b, &r));
    for (size_t i = 0; i < bytes_of(r.len); i++) {
        uint8_t x = args[0].ptr[i], y = args[1].ptr[i];
        b[i] = op == '&' ? x & y : op == '|' ? x | y : x ^ y;
    }
    *out = r;
    return NULL;
}

SCALAR(op_and)
{
    (void)call;
    return combine(env, args, '&', out);
}

SCALAR(op_or)
{
    (void)call;
    return combine(env, args, '|', out);
}

SCALAR(op_xor)
{
    (void)call;
    return combine(env, args, '#', out);
}

SCALAR(op_not)
{
    uint8_t *b;
    (void)call;
    ERR_TRY(bits_new(env, args[0].len, &b, out));
    for (uint64_t i = 0; i < args[0].len; i++)
        set_bit(b, i, !get_bit(&args[0], i));
    return NULL;
}

/* Left for positive n; the length stays. */
static struct error *
shift(const struct eval_env *env, const struct datum *d, int64_t n, struct datum *out)
{
    uint64_t len = d->len, by = n < 0 ? -(uint64_t)n : (uint64_t)n;
    if (by > len)
        by = len;
    if (n >= 0)
        return bits_place(env, d, by, len - by, len, 0, out);
    return bits_place(env, d, 0, len - by, len, by, out);
}

SCALAR(op_shift_left)
{
    (void)call;
    return shift(env, &args[0], args[1].i, out);
}

SCALAR(op_shift_right)
{
    (void)call;
    return shift(env, &args[0], args[1].i == INT64_MIN ? INT64_MAX : -args[1].i, out);
}

SCALAR(op_concat)
{
    uint64_t n = args[0].len;
    struct datum r;
    (void)call;
    ERR_TRY(bits_place(env, &args[0], 0, n, n + args[1].len, 0, &r));
    for (uint64_t i = 0; i < args[1].len; i++)
        set_bit((uint8_t *)(uintptr_t)r.ptr, n + i, get_bit(&args[1], i));
    *out = r;
    return NULL;
}

#define BIN(op, r, fn_)                                                                          \
    {.name = op, .args = {&TYPE_VARBIT, &TYPE_##r}, .ret = &TYPE_VARBIT, .fn = fn_}
static const struct overload op_rows[] = {
    BIN("&", VARBIT, op_and),
    BIN("|", VARBIT, op_or),
    BIN("#", VARBIT, op_xor),
    BIN("<<", INT8, op_shift_left),
    BIN(">>", INT8, op_shift_right),
    BIN("||", VARBIT, op_concat),
    {.name = "~", .args = {&TYPE_VARBIT}, .ret = &TYPE_VARBIT, .fn = op_not},
};

const struct overload_table overloads_bit_ops = {op_rows, ARRAY_COUNT(op_rows), true};

/* ---- functions ------------------------------------------------------------------------------- */

static struct error *
check_index(const char *who, int64_t i, uint64_t n)
{
    if (i >= 0 && (uint64_t)i < n)
        return NULL;
    return err_new(ERR_ARRAY_SUBSCRIPT, "%sbit index %lld out of valid range (0..%lld)", who,
                   (long long)i, (long long)n - 1);
}

SCALAR(fn_get_bit)
{
    (void)env, (void)call;
    ERR_TRY(check_index("GetBitAtIndex: ", args[1].i, args[0].len));
    *out = datum_int(get_bit(&args[0], (uint64_t)args[1].i));
    return NULL;
}

static struct error *
check_new_bit(int64_t v)
{
    if (v == 0 || v == 1)
        return NULL;
    return err_new(ERR_INVALID_PARAMETER_VALUE, "new bit must be 0 or 1");
}

SCALAR(fn_set_bit)
{
    (void)call;
    ERR_TRY(check_index("SetBitAtIndex: ", args[1].i, args[0].len));
    ERR_TRY(check_new_bit(args[2].i));
    struct datum r = bit_copy(env->arena, &TYPE_VARBIT, &args[0]);
    set_bit((uint8_t *)(uintptr_t)r.ptr, (uint64_t)args[1].i, args[2].i != 0);
    *out = r;
    return NULL;
}

/* Bytes: bit 0 is the lowest of the first byte. */
SCALAR(fn_get_byte_bit)
{
    (void)env, (void)call;
    ERR_TRY(check_index("", args[1].i, (uint64_t)args[0].len * 8));
    *out = datum_int(args[0].ptr[args[1].i / 8] >> (args[1].i % 8) & 1);
    return NULL;
}

SCALAR(fn_set_byte_bit)
{
    (void)call;
    ERR_TRY(check_index("", args[1].i, (uint64_t)args[0].len * 8));
    ERR_TRY(check_new_bit(args[2].i));
    uint8_t *b = arena_memdup(env->arena, args[0].ptr, args[0].len);
    uint8_t mask = (uint8_t)(1 << (args[1].i % 8));
    b[args[1].i / 8] = (uint8_t)(args[2].i != 0 ? b[args[1].i / 8] | mask
                                                : b[args[1].i / 8] & ~mask);
    *out = datum_bytes(b, args[0].len);
    return NULL;
}

SCALAR(fn_length)
{
    (void)env, (void)call;
    *out = datum_int(args[0].len);
    return NULL;
}

SCALAR(fn_octet_length)
{
    (void)env, (void)call;
    *out = datum_int((int64_t)bytes_of(args[0].len));
    return NULL;
}

/* Bits from 1-based `from` on, n of them; both ends are clamped as with STRING. */
static struct error *
bit_substring(const struct eval_env *env, const struct datum *d, int64_t from, int64_t n,
              struct datum *out)
{
    int64_t to;
    if (n < 0)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "negative bit subarray length %lld not allowed",
                       (long long)n);
    if (__builtin_sub_overflow(from, 1, &from))
        from = INT64_MIN;
    if (__builtin_add_overflow(from, n, &to) || to > (int64_t)d->len)
        to = d->len;
    if (from < 0)
        from = 0;
    if (to <= from)
        from = to = 0;
    return bits_place(env, d, (uint64_t)from, (uint64_t)(to - from), (uint64_t)(to - from), 0, out);
}

SCALAR(fn_substring)
{
    (void)call;
    return bit_substring(env, &args[0], args[1].i, INT64_MAX, out);
}

SCALAR(fn_substring_for)
{
    (void)call;
    return bit_substring(env, &args[0], args[1].i, args[2].i, out);
}

SCALAR(fn_strpos)
{
    uint32_t n = args[1].len;
    (void)env, (void)call;
    *out = datum_int(0);
    for (uint32_t at = 0; n <= args[0].len && at <= args[0].len - n; at++) {
        uint32_t i = 0;
        while (i < n && get_bit(&args[0], at + i) == get_bit(&args[1], i))
            i++;
        if (i == n) {
            *out = datum_int((int64_t)at + 1);
            break;
        }
    }
    return NULL;
}

#define CAT "String and byte"
#define FN(n, r, f, ...) {.name = n, .args = {__VA_ARGS__}, .ret = &TYPE_##r, .fn = f, .category = CAT}
static const struct overload fn_rows[] = {
    FN("get_bit", INT8, fn_get_bit, &TYPE_VARBIT, &TYPE_INT8),
    FN("set_bit", VARBIT, fn_set_bit, &TYPE_VARBIT, &TYPE_INT8, &TYPE_INT8),
    FN("get_bit", INT8, fn_get_byte_bit, &TYPE_BYTES, &TYPE_INT8),
    FN("set_bit", BYTES, fn_set_byte_bit, &TYPE_BYTES, &TYPE_INT8, &TYPE_INT8),
    FN("substr", VARBIT, fn_substring, &TYPE_VARBIT, &TYPE_INT8),
    FN("substr", VARBIT, fn_substring_for, &TYPE_VARBIT, &TYPE_INT8, &TYPE_INT8),
    FN("substring", VARBIT, fn_substring, &TYPE_VARBIT, &TYPE_INT8),
    FN("substring", VARBIT, fn_substring_for, &TYPE_VARBIT, &TYPE_INT8, &TYPE_INT8),
    FN("strpos", INT8, fn_strpos, &TYPE_VARBIT, &TYPE_VARBIT),
    FN("length", INT8, fn_length, &TYPE_VARBIT),
    FN("bit_length", INT8, fn_length, &TYPE_VARBIT),
    FN("octet_length", INT8, fn_octet_length, &TYPE_VARBIT),
};

const struct overload_table overloads_bit_fns = {fn_rows, ARRAY_COUNT(fn_rows), false};
