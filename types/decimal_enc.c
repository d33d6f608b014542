#include "config.h"

#include "types/enc_int.h"

#include <gmp.h>

#include "types/keyenc.h"

/* Class bytes of both forms. SOURCE: kv-encoding 1, first-byte map. */
enum {
    DEC_NAN = 0x18,
    DEC_NEG_INF = 0x19,
    DEC_NEG_LARGE = 0x1a,
    DEC_NEG_MEDIUM = 0x25, /* minus E, 0..10 */
    DEC_NEG_SMALL = 0x26,
    DEC_ZERO = 0x27,
    DEC_POS_SMALL = 0x28,
    DEC_POS_MEDIUM = 0x29, /* plus E, 0..10 */
    DEC_POS_LARGE = 0x34,
    DEC_POS_INF = 0x35,
    DEC_NAN_DESC = 0x36,
};

#define MAX_STORED_EXPONENT (INT32_MAX / 4) /* anything beyond is garbage; ours stop at 2000 */

static void
put_u8(struct str *s, unsigned b)
{
    str_append_char(s, (char)(uint8_t)b);
}

/* ---- sorting form ------------------------------------------------------------------------ */

/* Digits as bytes 0..9 without trailing zeros. Small ones use buf. */
struct digits {
    const char *ptr; /* ASCII */
    size_t len;
    struct str heap;
    char buf[24];
};

static void
digits_init(struct digits *g, const struct decimal *d)
{
    if (d->n == 1) {
        uint64_t v = d->limbs[0];
        size_t at = sizeof(g->buf);
        do {
            g->buf[--at] = (char)('0' + (int)(v % 10));
            v /= 10;
        } while (v != 0);
        g->ptr = g->buf + at;
        g->len = sizeof(g->buf) - at;
        str_init(&g->heap, 1);
    } else {
        str_init(&g->heap, STR_MAX_DEFAULT);
        decimal_coeff_digits(&g->heap, d);
        g->ptr = g->heap.ptr;
        g->len = g->heap.len;
    }
}

/* The i-th digit of the mantissa after alignment to base 100. */
static unsigned
digit_at(const struct digits *g, size_t n, size_t shift, size_t i)
{
    if (i < shift || i - shift >= n)
        return 0;
    return (unsigned)(g->ptr[i - shift] - '0');
}

static void
put_finite(struct str *s, const struct decimal *d, bool neg)
{
    struct digits g;
    digits_init(&g, d);
    int64_t e10 = (int64_t)d->exponent + (int64_t)g.len;
    size_t n = g.len;
    while (n > 1 && g.ptr[n - 1] == '0')
        n--;
    /* Truncation rounds up for negative e10. */
    int64_t e = e10 >= 0 ? (e10 + 1) / 2 : e10 / 2;
    size_t shift = (2 * e != e10);
    size_t pairs = (n + shift + 1) / 2;

    if (e > 10) {
        put_u8(s, neg ? DEC_NEG_LARGE : DEC_POS_LARGE);
        if (neg)
            key_put_uvarint_desc(s, (uint64_t)e);
        else
            key_put_uvarint(s, (uint64_t)e);
    } else if (e >= 0) {
        put_u8(s, neg ? (unsigned)(DEC_NEG_MEDIUM - e) : (unsigned)(DEC_POS_MEDIUM + e));
    } else {
        put_u8(s, neg ? DEC_NEG_SMALL : DEC_POS_SMALL);
        if (neg)
            key_put_uvarint(s, (uint64_t)-e);
        else
            key_put_uvarint_desc(s, (uint64_t)-e);
    }
    for (size_t i = 0; i < pairs; i++) {
        unsigned x = digit_at(&g, n, shift, 2 * i) * 10 + digit_at(&g, n, shift, 2 * i + 1);
        unsigned m = i + 1 < pairs ? 2 * x + 1 : 2 * x;
        put_u8(s, neg ? ~m : m);
    }
    put_u8(s, 0);
    str_release(&g.heap);
}

void
decimal_key_put(struct str *s, const struct decimal *d, bool negate)
{
    bool neg = d->neg != negate;
    if (d->form == DECIMAL_NAN)
        put_u8(s, negate ? DEC_NAN_DESC : DEC_NAN);
    else if (d->form == DECIMAL_INF)
        put_u8(s, neg ? DEC_NEG_INF : DEC_POS_INF);
    else if (decimal_is_zero(d))
        put_u8(s, DEC_ZERO);
    else
        put_finite(s, d, neg);
}

/* digits: values 0..9, first one first. */
static struct error *
from_digits(struct arena *a, bool neg, const uint8_t *digits, size_t n, int64_t exponent,
            const struct decimal **out)
{
    if (exponent > MAX_STORED_EXPONENT || exponent < -MAX_STORED_EXPONENT)
        return CORRUPT("decimal exponent out of range");
    void *p;
    size_t limbs = n / 19 + 2;
    ERR_TRY(arena_try_alloc(a, sizeof(struct decimal) + limbs * sizeof(uint64_t), &p));
    struct decimal *d = p;
    *d = (struct decimal){.form = DECIMAL_FINITE, .neg = neg, .exponent = (int32_t)exponent};
    while (n > 0 && *digits == 0) {
        digits++;
        n--;
    }
    if (n <= 19) {
        uint64_t v = 0;
        for (size_t i = 0; i < n; i++)
            v = v * 10 + digits[i];
        d->limbs[0] = v;
        d->n = v != 0;
    } else {
        _Static_assert(sizeof(mp_limb_t) == sizeof(uint64_t), "limbs of 64 bits");
        d->n = (uint32_t)mpn_set_str((mp_limb_t *)d->limbs, digits, n, 10);
    }
    *out = d;
    return NULL;
}

/* Everything from the mantissa to its 00. */
static struct error *
get_mantissa(struct reader *r, struct arena *a, bool stored_neg, bool neg, int64_t e,
             const struct decimal **out)
{
    const uint8_t *end = memchr(r->ptr, 0, reader_left(r));
    if (end == NULL || end == r->ptr)
        return CORRUPT("malformed decimal in key");
    size_t pairs = (size_t)(end - r->ptr);
    void *p;
    ERR_TRY(arena_try_alloc(a, pairs * 2, &p));
    uint8_t *digits = p;
    for (size_t i = 0; i < pairs; i++) {
        unsigned m = stored_neg ? (uint8_t)~r->ptr[i] : r->ptr[i];
        bool last = i + 1 == pairs;
        if ((m & 1) == last || m / 2 > 99)
            return CORRUPT("malformed decimal in key");
        digits[2 * i] = (uint8_t)(m / 2 / 10);
        digits[2 * i + 1] = (uint8_t)(m / 2 % 10);
    }
    size_t n = pairs * 2;
    if (digits[n - 1] == 0)
        n--;
    r->ptr = end + 1;
    return from_digits(a, neg, digits, n, 2 * e - (int64_t)n, out);
}

struct error *
decimal_key_get(struct reader *r, struct arena *a, bool negate, const struct decimal **out)
{
    unsigned c = reader_u8(r);
    uint64_t e = 0;
    if (r->failed)
        return CORRUPT("key ends within a decimal");
    if (c == DEC_NAN || c == DEC_NAN_DESC) {
        *out = decimal_special(a, DECIMAL_NAN, false);
        return NULL;
    }
    if (c == DEC_NEG_INF || c == DEC_POS_INF) {
        *out = decimal_special(a, DECIMAL_INF, (c == DEC_NEG_INF) != negate);
        return NULL;
    }
    if (c == DEC_ZERO) {
        *out = decimal_from_i64(a, 0);
        return NULL;
    }
    if (c < DEC_NEG_LARGE || c > DEC_POS_LARGE)
        return CORRUPT("unexpected byte %#x at the start of a decimal", c);
    bool stored_neg = c <= DEC_NEG_SMALL;
    bool neg = stored_neg != negate;
    if (c == DEC_NEG_LARGE || c == DEC_POS_SMALL)
        ERR_TRY(key_get_uvarint_desc(r, &e));
    else if (c == DEC_POS_LARGE || c == DEC_NEG_SMALL)
        ERR_TRY(key_get_uvarint(r, &e));
    else
        e = c >= DEC_POS_MEDIUM ? c - DEC_POS_MEDIUM : DEC_NEG_MEDIUM - c;
    if (e > MAX_STORED_EXPONENT)
        return CORRUPT("decimal exponent out of range");
    bool small = c == DEC_NEG_SMALL || c == DEC_POS_SMALL;
    return get_mantissa(r, a, stored_neg, neg, small ? -(int64_t)e : (int64_t)e, out);
}

struct error *
decimal_key_skip(struct reader *r)
{
    unsigned c = reader_u8(r);
    if (r->failed || c < DEC_NAN || c > DEC_NAN_DESC)
        return CORRUPT("malformed decimal in key");
    if (c == DEC_NAN || c == DEC_NAN_DESC || c == DEC_NEG_INF || c == DEC_POS_INF || c == DEC_ZERO)
        return NULL;
    if (c == DEC_NEG_LARGE || c == DEC_POS_LARGE || c == DEC_NEG_SMALL || c == DEC_POS_SMALL)
        ERR_TRY(key_skip(r)); /* both uvarints look like one of its integers */
    const uint8_t *end = memchr(r->ptr, 0, reader_left(r));
    if (end == NULL)
        return CORRUPT("malformed decimal in key");
    r->ptr = end + 1;
    return NULL;
}

/* ---- non-sorting form ---------------------------------------------------------------------- */

static void
put_coefficient(struct str *s, const struct decimal *d)
{
    if (d->n == 0)
        return;
    uint8_t buf[8];
    enc_put_be64(buf, d->limbs[d->n - 1]);
    size_t skip = 0;
    while (skip < 8 && buf[skip] == 0)
        skip++;
    str_append(s, buf + skip, 8 - skip);
    for (uint32_t i = d->n - 1; i-- > 0;) {
        enc_put_be64(buf, d->limbs[i]);
        str_append(s, buf, 8);
    }
}

void
decimal_value_put(struct str *s, const struct decimal *d)
{
    if (d->form == DECIMAL_NAN) {
        put_u8(s, DEC_NAN);
        return;
    }
    if (d->form == DECIMAL_INF) {
        put_u8(s, d->neg ? DEC_NEG_INF : DEC_POS_INF);
        return;
    }
    if (d->n == 0 && d->exponent == 0 && !d->neg) {
        put_u8(s, DEC_ZERO);
        return;
    }
    int64_t e = (int64_t)d->exponent + (d->n == 0 ? 1 : decimal_digits(d));
    if (e > 0) {
        put_u8(s, d->neg ? DEC_NEG_LARGE : DEC_POS_LARGE);
        key_put_uvarint(s, (uint64_t)e);
    } else if (e == 0) {
        put_u8(s, d->neg ? DEC_NEG_MEDIUM : DEC_POS_MEDIUM);
    } else {
        put_u8(s, d->neg ? DEC_NEG_SMALL : DEC_POS_SMALL);
        key_put_uvarint(s, (uint64_t)-e);
    }
    put_coefficient(s, d);
}

/* What the bytes say, before room is made for it. */
struct parsed {
    enum decimal_form form;
    bool neg;
    int64_t e;
    struct slice be; /* without leading zeros */
};

static struct error *
parse_value(struct slice bytes, struct parsed *p)
{
    struct reader r = reader_make(bytes);
    unsigned c = reader_u8(&r);
    uint64_t e = 0;
    *p = (struct parsed){.form = DECIMAL_FINITE, .neg = c <= DEC_NEG_SMALL};
    if (r.failed)
        return CORRUPT("empty decimal");
    switch (c) {
    case DEC_NAN:
    case DEC_NEG_INF:
    case DEC_POS_INF:
        p->form = c == DEC_NAN ? DECIMAL_NAN : DECIMAL_INF;
        p->neg = c == DEC_NEG_INF;
        return NULL;
    case DEC_ZERO:
        p->e = 1;
        p->neg = false;
        return NULL;
    case DEC_NEG_LARGE:
    case DEC_POS_LARGE:
    case DEC_NEG_SMALL:
    case DEC_POS_SMALL:
        ERR_TRY(key_get_uvarint(&r, &e));
        break;
    case DEC_NEG_MEDIUM:
    case DEC_POS_MEDIUM:
        break;
    default:
        return CORRUPT("unexpected byte %#x at the start of a decimal", c);
    }
    if (e > MAX_STORED_EXPONENT || reader_left(&r) > MAX_STORED_EXPONENT / 4)
        return CORRUPT("decimal exponent out of range");
    p->e = c == DEC_NEG_SMALL || c == DEC_POS_SMALL ? -(int64_t)e : (int64_t)e;
    p->be = slice_make(r.ptr, reader_left(&r));
    while (p->be.len > 0 && *p->be.ptr == 0) {
        p->be.ptr++;
        p->be.len--;
    }
    return NULL;
}

static size_t
parsed_size(const struct parsed *p)
{
    return sizeof(struct decimal) + (p->be.len + 7) / 8 * sizeof(uint64_t);
}

static void
fill_value(const struct parsed *p, struct decimal *d)
{
    size_t n = (p->be.len + 7) / 8;
    *d = (struct decimal){.form = (uint8_t)p->form, .neg = p->neg, .n = (uint32_t)n};
    if (p->form != DECIMAL_FINITE)
        return;
    for (size_t i = 0; i < n; i++) {
        size_t end = p->be.len - 8 * i;
        size_t start = end >= 8 ? end - 8 : 0;
        uint64_t v = 0;
        for (size_t k = start; k < end; k++)
            v = v << 8 | p->be.ptr[k];
        d->limbs[i] = v;
    }
    d->exponent = (int32_t)(p->e - (n == 0 ? 1 : decimal_digits(d)));
}

struct error *
decimal_value_get(struct slice bytes, struct arena *a, const struct decimal **out)
{
    struct parsed p;
    void *mem;
    ERR_TRY(parse_value(bytes, &p));
    ERR_TRY(arena_try_alloc(a, parsed_size(&p), &mem));
    fill_value(&p, mem);
    *out = mem;
    return NULL;
}

struct error *
decimal_value_check(struct slice bytes)
{
    struct parsed p;
    return parse_value(bytes, &p);
}

const struct decimal *
decimal_value_view(struct slice bytes, union decimal_room *room)
{
    struct parsed p;
    struct error *err = parse_value(bytes, &p);
    if (err != NULL) {
        err_free(err);
        p = (struct parsed){.form = DECIMAL_NAN};
    }
    if (parsed_size(&p) > sizeof(*room))
        return NULL;
    fill_value(&p, &room->d);
    return &room->d;
}
