#include "config.h"

#include "types/decimal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "types/decimal_int.h"

static const uint64_t pow10_u64[20] = {
    1ull,
    10ull,
    100ull,
    1000ull,
    10000ull,
    100000ull,
    1000000ull,
    10000000ull,
    100000000ull,
    1000000000ull,
    10000000000ull,
    100000000000ull,
    1000000000000ull,
    10000000000000ull,
    100000000000000ull,
    1000000000000000ull,
    10000000000000000ull,
    100000000000000000ull,
    1000000000000000000ull,
    10000000000000000000ull,
};

/* ---- making --------------------------------------------------------------------------------- */

struct decimal *
dec_alloc(struct arena *a, uint32_t n)
{
    struct decimal *d = arena_alloc(a, sizeof(*d) + (size_t)n * sizeof(uint64_t));
    *d = (struct decimal){.form = DECIMAL_FINITE, .n = n};
    return d;
}

const struct decimal *
dec_small(struct arena *a, bool neg, uint64_t c, int32_t exponent)
{
    struct decimal *d = dec_alloc(a, 1);
    d->neg = neg;
    d->exponent = exponent;
    d->limbs[0] = c;
    d->n = c != 0;
    return d;
}

const struct decimal *
decimal_from_i64(struct arena *a, int64_t v)
{
    return decimal_from_i64_exp(a, v, 0);
}

const struct decimal *
decimal_from_i64_exp(struct arena *a, int64_t coefficient, int32_t exponent)
{
    bool neg = coefficient < 0;
    uint64_t c = neg ? 0 - (uint64_t)coefficient : (uint64_t)coefficient;
    return dec_small(a, neg, c, exponent);
}

const struct decimal *
decimal_special(struct arena *a, enum decimal_form form, bool neg)
{
    struct decimal *d = dec_alloc(a, 0);
    d->form = (uint8_t)form;
    d->neg = form == DECIMAL_INF && neg;
    return d;
}

const struct decimal *
decimal_copy(struct arena *a, const struct decimal *d)
{
    return arena_memdup(a, d, sizeof(*d) + (size_t)d->n * sizeof(uint64_t));
}

struct error *
decimal_from_be(struct arena *a, bool neg, struct slice be, int32_t exponent,
                const struct decimal **out)
{
    while (be.len > 0 && *be.ptr == 0) {
        be.ptr++;
        be.len--;
    }
    size_t n = be.len / 8 + (be.len % 8 != 0);
    if (n > DEC_MAX_BITS / 64)
        return err_new(ERR_DATA_CORRUPTED, "decimal of %zu bytes is too large", be.len);
    void *p;
    ERR_TRY(arena_try_alloc(a, sizeof(struct decimal) + n * sizeof(uint64_t), &p));
    struct decimal *d = p;
    *d = (struct decimal){.form = DECIMAL_FINITE, .neg = neg, .exponent = exponent,
                          .n = (uint32_t)n};
    for (size_t i = 0; i < n; i++) {
        size_t end = be.len - 8 * i;
        size_t start = end >= 8 ? end - 8 : 0;
        uint64_t v = 0;
        for (size_t k = start; k < end; k++)
            v = v << 8 | be.ptr[k];
        d->limbs[i] = v;
    }
    *out = d;
    return NULL;
}

/* "d.ddde-x" as printf makes it, into a decimal without trailing zeros. */
static const struct decimal *
from_scientific(struct arena *a, const char *buf)
{
    bool neg = *buf == '-';
    uint64_t c = 0;
    int exponent = 0;
    bool point = false;
    const char *p = buf + neg;
    for (; *p != 'e'; p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        c = c * 10 + (uint64_t)(*p - '0');
        exponent -= point;
    }
    bool down = *++p == '-';
    int e = 0;
    for (p++; *p != 0; p++)
        e = e * 10 + (*p - '0');
    exponent += down ? -e : e;
    if (c == 0)
        return dec_small(a, false, 0, 0);
    while (c % 10 == 0) {
        c /= 10;
        exponent++;
    }
    return dec_small(a, neg, c, exponent);
}

struct error *
decimal_from_double(struct arena *a, double f, const struct decimal **out)
{
    if (isnan(f)) {
        *out = decimal_special(a, DECIMAL_NAN, false);
        return NULL;
    }
    if (isinf(f)) {
        *out = decimal_special(a, DECIMAL_INF, f < 0);
        return NULL;
    }
    char buf[40];
    /* 15 digits say which shorter text is meant, but for subnormals. */
    for (int p = fabs(f) < 1e-300 ? 1 : 15; p <= 17; p++) {
        snprintf(buf, sizeof(buf), "%.*e", p - 1, f);
        if (strtod(buf, NULL) == f)
            break;
    }
    *out = from_scientific(a, buf);
    return NULL;
}

/* ---- text ----------------------------------------------------------------------------------- */

static bool
is_word(struct slice s, const char *word)
{
    size_t n = strlen(word);
    if (s.len != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((s.ptr[i] | 0x20) != (uint8_t)word[i])
            return false;
    return true;
}

static bool
parse_special(struct arena *a, struct slice s, bool neg, const struct decimal **out)
{
    if (is_word(s, "inf") || is_word(s, "infinity")) {
        *out = decimal_special(a, DECIMAL_INF, neg);
        return true;
    }
    size_t at = s.len >= 4 && is_word(slice_make(s.ptr, 4), "snan")   ? 4
                : s.len >= 3 && is_word(slice_make(s.ptr, 3), "nan") ? 3
                                                                    : 0;
    if (at == 0 || s.len - at > 19)
        return false;
    for (; at < s.len; at++) /* a diagnostic payload, ignored */
        if (s.ptr[at] < '0' || s.ptr[at] > '9')
            return false;
    *out = decimal_special(a, DECIMAL_NAN, false);
    return true;
}

/* [+-]digits to *e; false when there is none or it is absurd. */
static bool
parse_exponent(const uint8_t *p, const uint8_t *end, int64_t *e)
{
    bool neg = false;
    if (p < end && (*p == '+' || *p == '-'))
        neg = *p++ == '-';
    if (p == end)
        return false;
    int64_t v = 0;
    for (; p < end; p++) {
        if (*p < '0' || *p > '9')
            return false;
        if (v <= INT32_MAX)
            v = v * 10 + (*p - '0');
    }
    *e = neg ? -v : v;
    return v <= INT32_MAX;
}

/* Digits with an optional point. digits are values 0..9 without leading zeros. */
static bool
parse_mantissa(struct arena *a, const uint8_t *p, const uint8_t *end, bool neg, int64_t exponent,
               const struct decimal **out)
{
    size_t n_seen = 0, n_frac = 0;
    bool point = false;
    for (const uint8_t *q = p; q < end; q++) {
        if (*q == '.' && !point) {
            point = true;
        } else if (*q >= '0' && *q <= '9') {
            n_seen++;
            n_frac += point;
        } else {
            return false;
        }
    }
    if (n_seen == 0 || n_frac > INT32_MAX / 2)
        return false;
    exponent -= (int64_t)n_frac;
    while (p < end && (*p == '0' || *p == '.'))
        p++;

    uint64_t v = 0;
    size_t n = 0;
    const uint8_t *q = p;
    for (; q < end && n < 19; q++)
        if (*q != '.') {
            v = v * 10 + (uint64_t)(*q - '0');
            n++;
        }
    for (const uint8_t *r = q; r < end; r++)
        n += *r != '.';
    int64_t adjusted = exponent + (n == 0 ? 0 : (int64_t)n - 1);
    if (adjusted > DEC_LIMIT || adjusted < -DEC_LIMIT || exponent > INT32_MAX ||
        exponent < INT32_MIN)
        return false;
    if (n <= 19) {
        *out = dec_small(a, neg && v != 0, v, (int32_t)exponent);
        return true;
    }
    if (n > DEC_MAX_BITS / 4)
        return false;
    uint8_t *digits = xmalloc(n);
    size_t k = 0;
    for (q = p; q < end; q++)
        if (*q != '.')
            digits[k++] = (uint8_t)(*q - '0');
    struct decimal *d = dec_alloc(a, (uint32_t)(n / 19 + 2));
    d->neg = neg;
    d->exponent = (int32_t)exponent;
    d->n = (uint32_t)mpn_set_str((mp_limb_t *)d->limbs, digits, n, 10);
    xfree(digits);
    *out = d;
    return true;
}

bool
decimal_parse(struct arena *a, struct slice text, const struct decimal **out)
{
    const uint8_t *p = text.ptr, *end = text.ptr + text.len;
    bool neg = false;
    if (p < end && (*p == '+' || *p == '-'))
        neg = *p++ == '-';
    if (p == end)
        return false;
    if ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z')
        return parse_special(a, slice_make(p, (size_t)(end - p)), neg, out);
    int64_t exponent = 0;
    const uint8_t *e = p;
    while (e < end && (*e | 0x20) != 'e')
        e++;
    if (e < end && !parse_exponent(e + 1, end, &exponent))
        return false;
    return parse_mantissa(a, p, e, neg, exponent, out);
}

void
decimal_coeff_digits(struct str *s, const struct decimal *d)
{
    if (d->n <= 1) {
        str_printf(s, "%llu", d->n == 0 ? 0ull : (unsigned long long)d->limbs[0]);
        return;
    }
    mpz_t c;
    dec_view(c, d);
    size_t cap = mpz_sizeinbase(c, 10) + 2;
    char *buf = xmalloc(cap);
    mpz_get_str(buf, 10, c);
    str_append_cstr(s, buf);
    xfree(buf);
}

/* Digits to text: plain down to 10^-6, else with an exponent. */
static void
format_digits(struct str *s, const char *digits, size_t n, int32_t exponent)
{
    int64_t adjusted = (int64_t)exponent + (int64_t)n - 1;
    if (exponent <= 0 && adjusted >= -6) {
        size_t frac = (size_t)-(int64_t)exponent;
        if (frac == 0) {
            str_append(s, digits, n);
        } else if (frac >= n) {
            str_append(s, "0.", 2);
            str_append_fill(s, '0', frac - n);
            str_append(s, digits, n);
        } else {
            str_append(s, digits, n - frac);
            str_append_char(s, '.');
            str_append(s, digits + (n - frac), frac);
        }
        return;
    }
    str_append_char(s, digits[0]);
    if (n > 1) {
        str_append_char(s, '.');
        str_append(s, digits + 1, n - 1);
    }
    str_printf(s, "E%+lld", (long long)adjusted);
}

void
decimal_format(struct str *s, const struct decimal *d)
{
    if (d->form == DECIMAL_NAN) {
        str_append(s, "NaN", 3);
        return;
    }
    if (d->neg)
        str_append_char(s, '-');
    if (d->form == DECIMAL_INF) {
        str_append(s, "Infinity", 8);
        return;
    }
    if (d->n <= 1) {
        char buf[24];
        size_t at = sizeof(buf);
        uint64_t v = d->n == 0 ? 0 : d->limbs[0];
        do {
            buf[--at] = (char)('0' + (int)(v % 10));
            v /= 10;
        } while (v != 0);
        format_digits(s, buf + at, sizeof(buf) - at, d->exponent);
        return;
    }
    struct str g;
    str_init(&g, STR_MAX_DEFAULT);
    decimal_coeff_digits(&g, d);
    format_digits(s, g.ptr, g.len, d->exponent);
    str_release(&g);
}

/* ---- looking -------------------------------------------------------------------------------- */

static int
digits_u64(uint64_t v)
{
    int n = 1;
    while (n < 20 && v >= pow10_u64[n])
        n++;
    return n;
}

int64_t
decimal_digits(const struct decimal *d)
{
    if (d->n == 0)
        return 1;
    if (d->n == 1)
        return digits_u64(d->limbs[0]);
    mpz_t c;
    dec_view(c, d);
    return mpz_digits(c);
}

size_t
decimal_coeff_be(const struct decimal *d, uint8_t *buf, size_t cap)
{
    if (d->n == 0)
        return 0;
    size_t top = 8 - (size_t)__builtin_clzll(d->limbs[d->n - 1]) / 8;
    size_t need = top + 8 * (size_t)(d->n - 1);
    if (need > cap)
        return need;
    uint8_t *p = buf + need;
    for (uint32_t i = 0; i < d->n; i++) {
        size_t bytes = i + 1 < d->n ? 8 : top;
        for (size_t k = 0; k < bytes; k++)
            *--p = (uint8_t)(d->limbs[i] >> (8 * k));
    }
    return need;
}

bool
decimal_is_zero(const struct decimal *d)
{
    return d->form == DECIMAL_FINITE && d->n == 0;
}

bool
decimal_is_composite(const struct decimal *d)
{
    if (d->form != DECIMAL_FINITE || d->n == 0)
        return true; /* coefficient 0, in v20.1 for NaN and the infinities too */
    if (d->n == 1)
        return d->limbs[0] % 10 == 0;
    return mpn_mod_1((const mp_limb_t *)d->limbs, (mp_size_t)d->n, 10) == 0;
}

static int
sign_of(const struct decimal *d)
{
    if (d->form == DECIMAL_FINITE && d->n == 0)
        return 0;
    return d->neg ? -1 : 1;
}

/* |a| against |b|, both finite and not zero. */
static int
cmp_abs(const struct decimal *a, const struct decimal *b)
{
    if (a->exponent == b->exponent) {
        if (a->n != b->n)
            return a->n < b->n ? -1 : 1;
        for (uint32_t i = a->n; i-- > 0;)
            if (a->limbs[i] != b->limbs[i])
                return a->limbs[i] < b->limbs[i] ? -1 : 1;
        return 0;
    }
    int64_t ea = a->exponent + decimal_digits(a), eb = b->exponent + decimal_digits(b);
    if (ea != eb)
        return ea < eb ? -1 : 1;
    /* Same magnitude: the exponents differ by no more than one of them has digits. */
    if (a->exponent < b->exponent)
        return -cmp_abs(b, a);
    int64_t diff = (int64_t)a->exponent - b->exponent;
    if (a->n == 1 && b->n == 1) {
        unsigned __int128 x = (unsigned __int128)a->limbs[0] * pow10_u64[diff];
        return (x > b->limbs[0]) - (x < b->limbs[0]);
    }
    mpz_t ca, cb, t;
    dec_view(ca, a);
    dec_view(cb, b);
    mpz_init(t);
    mpz_pow10(t, diff);
    mpz_mul(t, t, ca);
    int c = mpz_cmp(t, cb);
    mpz_clear(t);
    return (c > 0) - (c < 0);
}

int
decimal_cmp(const struct decimal *a, const struct decimal *b)
{
    if (a->form == DECIMAL_NAN || b->form == DECIMAL_NAN)
        return (b->form == DECIMAL_NAN) - (a->form == DECIMAL_NAN);
    int sa = sign_of(a), sb = sign_of(b);
    if (sa != sb)
        return sa < sb ? -1 : 1;
    if (sa == 0)
        return 0;
    int c;
    if (a->form == DECIMAL_INF || b->form == DECIMAL_INF)
        c = (a->form == DECIMAL_INF) - (b->form == DECIMAL_INF);
    else
        c = cmp_abs(a, b);
    return sa < 0 ? -c : c;
}

uint64_t
decimal_hash(const struct decimal *d, uint64_t seed)
{
    if (d->form != DECIMAL_FINITE)
        return hash_u64(d->form * 2u + d->neg, seed ^ 0x5eed);
    if (d->n == 0)
        return hash_u64(0, seed);
    if (d->n == 1) {
        uint64_t v = d->limbs[0];
        int64_t e = d->exponent;
        while (v % 10 == 0) {
            v /= 10;
            e++;
        }
        return hash_u64(v, hash_u64((uint64_t)e * 2 + d->neg, seed));
    }
    struct num x;
    num_init_set(&x, d);
    num_reduce(&x);
    uint64_t h = hash_u64((uint64_t)x.exponent * 2 + x.neg, seed);
    for (size_t i = 0; i < mpz_size(x.c); i++)
        h = hash_u64(mpz_getlimbn(x.c, (mp_size_t)i), h);
    num_clear(&x);
    return h;
}

double
decimal_to_double(const struct decimal *d)
{
    if (d->form == DECIMAL_NAN)
        return (double)NAN;
    if (d->form == DECIMAL_INF)
        return d->neg ? -(double)INFINITY : (double)INFINITY;
    if (d->n == 0)
        return d->neg ? -0.0 : 0.0;
    if (d->n == 1 && d->limbs[0] < (1ull << 53) && d->exponent >= -19 && d->exponent <= 0) {
        /* Both sides are exact, so one division rounds once. */
        double v = (double)d->limbs[0] / (double)pow10_u64[-d->exponent];
        return d->neg ? -v : v;
    }
    struct str s;
    str_init(&s, STR_MAX_DEFAULT);
    decimal_format(&s, d);
    double v = strtod(str_cstr(&s), NULL);
    str_release(&s);
    return v;
}

bool
decimal_to_i64(const struct decimal *d, int64_t *out)
{
    if (d->form != DECIMAL_FINITE)
        return false;
    if (d->n == 0) {
        *out = 0;
        return true;
    }
    int64_t magnitude = d->exponent + decimal_digits(d);
    if (magnitude < 0) {
        *out = 0;
        return true;
    }
    if (magnitude > 19)
        return false;
    uint64_t v;
    if (d->n == 1 && d->exponent <= 0 && d->exponent > -20) {
        uint64_t p = pow10_u64[-d->exponent];
        uint64_t q = d->limbs[0] / p, r = d->limbs[0] % p;
        v = q + (p > 1 && r >= p - r);
    } else {
        struct num x;
        num_init_set(&x, d);
        struct dec_context wide = {.precision = INT32_MAX, .limit = DEC_SYSTEM_LIMIT};
        num_quantize(&x, 0, &wide);
        bool fits = x.form == DECIMAL_FINITE && mpz_sizeinbase(x.c, 2) <= 64;
        v = fits && mpz_size(x.c) > 0 ? mpz_getlimbn(x.c, 0) : 0;
        num_clear(&x);
        if (!fits)
            return false;
    }
    if (v > (uint64_t)INT64_MAX + d->neg)
        return false;
    *out = d->neg ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

const struct decimal *
decimal_neg(struct arena *a, const struct decimal *x)
{
    struct decimal *d = arena_memdup(a, x, sizeof(*x) + (size_t)x->n * sizeof(uint64_t));
    d->neg = sign_of(x) != 0 && x->form != DECIMAL_NAN && !x->neg;
    return d;
}

const struct decimal *
decimal_abs(struct arena *a, const struct decimal *x)
{
    if (!x->neg)
        return x;
    struct decimal *d = arena_memdup(a, x, sizeof(*x) + (size_t)x->n * sizeof(uint64_t));
    d->neg = false;
    return d;
}
