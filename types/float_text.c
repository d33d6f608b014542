/* types/float_text.c - digits of a FLOAT: as printf and strtod have them, without their arithmetic.
 *
 * A double is m * 2^e. Its first digits are that times a power of ten, rounded half to even. For all that
 * is about as large as what people store this is exact in 128 bits; printf does the others.
 */
#include "config.h"

#include "types/type_ops_int.h"

#include <stdio.h>
#include <stdlib.h>

#define DIGITS_MAX 17 /* tell any two doubles apart */
#define FIVES_MAX  32 /* m * 5^32 < 2^128 */
#define TENS_MAX   19 /* 10^19 < 2^64 */
#define SHIFT_MAX  74 /* m * 2^74 < 2^127 */
#define FIVE_11    48828125u

__extension__ typedef unsigned __int128 wide;

/* f = digits * 10^(exponent - n + 1), about; digits has n of them. */
struct decimal {
    uint64_t digits;
    int n, exponent;
    bool reads_back; /* as the very same double */
};

static const uint64_t tens[TENS_MAX + 1] = {
    1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u, 1000000000u, 10000000000u,
    100000000000u, 1000000000000u, 10000000000000u, 100000000000000u, 1000000000000000u,
    10000000000000000u, 100000000000000000u, 1000000000000000000u, 10000000000000000000u};

static wide
five_to(int k)
{
    static const uint32_t fives[] = {1,     5,      25,      125,     625,   3125,
                                     15625, 78125, 390625, 1953125, 9765625};
    uint64_t v = 1;
    if (k >= 22) {
        v = (uint64_t)FIVE_11 * FIVE_11;
        k -= 22;
    } else if (k >= 11) {
        v = FIVE_11;
        k -= 11;
    }
    return (wide)v * fives[k];
}

/* whole / part, rounded half to even, and what that is off by. */
struct quotient {
    uint64_t n;
    bool up;
    wide error; /* of part */
};

static inline struct quotient
rounded(uint64_t n, wide rest, wide part)
{
    bool up = rest > part - rest || (rest == part - rest && n % 2 != 0);
    return (struct quotient){n + up, up, up ? part - rest : rest};
}

static struct quotient
divide(wide whole, wide part)
{
    uint64_t n = (uint64_t)(whole / part);
    return rounded(n, whole - n * part, part);
}

static struct quotient
divide_by_power(wide whole, int two_to)
{
    wide part = (wide)1 << two_to;
    return rounded((uint64_t)(whole >> two_to), whole & (part - 1), part);
}

/* Whether a decimal that is off by so much reads as m, where neighbours of m are one `ulp` away. */
static bool
is_near(uint64_t m, const struct quotient *q, wide ulp)
{
    if (m == (uint64_t)1 << 52 && !q->up) /* the one below is half as far */
        return 2 * q->error <= ulp / 2;
    return 2 * q->error < ulp || (2 * q->error == ulp && m % 2 == 0);
}

/* The first n digits of m * 2^e, the first of them of 10^x. false: too large or too small. */
static bool
digits_at(uint64_t m, int e, int n, int x, struct decimal *out)
{
    int k = n - 1 - x;
    struct quotient q;
    wide ulp = 1;

    if (k > FIVES_MAX || k < -TENS_MAX || e > SHIFT_MAX)
        return false;
    if (k >= 0) {
        ulp = five_to(k);
        e += k;
        q = e >= 0 ? (struct quotient){.n = (uint64_t)(m * ulp << e)} : divide_by_power(m * ulp, -e);
    } else if (e >= 0) {
        ulp <<= e;
        q = divide((wide)m << e, tens[-k]);
    } else {
        q = divide(m, (wide)tens[-k] << -e);
    }
    *out = (struct decimal){q.n, n, x, is_near(m, &q, ulp)};
    return true;
}

/* The first n digits of f, which is finite. */
static bool
digits_of(double f, int n, struct decimal *out)
{
    uint64_t bits;
    memcpy(&bits, &f, sizeof(bits));
    int e = (int)(bits >> 52 & 0x7ff) - 1023 - 52;
    uint64_t one = (uint64_t)1 << 52, m = (bits & (one - 1)) | one;
    if (e == -1023 - 52) /* 0, or without the leading one */
        return false;
    int x = (e + 52) * 1233 >> 12; /* times the logarithm of 2: at most one too small; right below 2^681 */
    if (!digits_at(m, e, n, x, out) ||
        (out->digits >= tens[n] && !digits_at(m, e, n, x + 1, out)))
        return false;
    if (out->digits == tens[n]) { /* 9.99 became 10.0 */
        out->digits /= 10;
        out->exponent++;
    }
    return true;
}

/* Like %g: without zeros at the end; with an exponent where that is below -4 or not below `fixed`. */
static void
put_decimal(struct str *s, bool negative, const struct decimal *d, int fixed)
{
    char digits[DIGITS_MAX], buf[2 * DIGITS_MAX + 8], *p = buf;
    uint64_t v = d->digits;
    int n = d->n, x = d->exponent, at = 0;

    for (; n > 1 && v % 10 == 0; n--)
        v /= 10;
    for (int i = n; i-- > 0; v /= 10)
        digits[i] = (char)('0' + v % 10);
    if (negative)
        *p++ = '-';
    bool plain = x >= -4 && x < fixed;
    int before = !plain ? 1 : x + 1; /* digits before the point */
    if (before <= 0)
        *p++ = '0';
    for (; at < before; at++)
        *p++ = at < n ? digits[at] : '0';
    if (at < n)
        *p++ = '.';
    for (int i = before; i < 0; i++)
        *p++ = '0';
    while (at < n)
        *p++ = digits[at++];
    if (!plain) {
        *p++ = 'e';
        *p++ = x < 0 ? '-' : '+';
        *p++ = (char)('0' + abs(x) / 10); /* below 100: digits_at */
        *p++ = (char)('0' + abs(x) % 10);
    }
    str_append(s, buf, (size_t)(p - buf));
}

void
float_put_digits(struct str *s, double f, int n)
{
    struct decimal d;
    if (n <= DIGITS_MAX && digits_of(f, n, &d))
        put_decimal(s, f < 0, &d, n);
    else
        str_printf(s, "%.*g", n, f);
}

static void
put_shortest_slowly(struct str *s, double f, int fixed)
{
    char buf[40];
    int digits = 1;
    for (; digits <= DIGITS_MAX; digits++) {
        snprintf(buf, sizeof(buf), "%.*e", digits - 1, f);
        if (strtod(buf, NULL) == f)
            break;
    }
    const char *e = strchr(buf, 'e');
    int exponent = (int)strtoll(e + 1, NULL, 10);
    if (exponent < -4 || exponent >= fixed) {
        /* mantissa without trailing zeros is what %.*e gave; the exponent has two digits at least */
        str_append_cstr(s, buf);
        return;
    }
    int places = digits - 1 - exponent;
    str_printf(s, "%.*f", places > 0 ? places : 0, f);
}

/* What reads back with fewer than 15 digits, does so with 15, and ends with zeros. */
void
float_put_shortest(struct str *s, double f)
{
    /* SOURCE: Go strconv ftoa.go: %g with the shortest precision decides as for precision 6. */
    const int fixed = 6;
    struct decimal d;
    for (int n = 15; n <= DIGITS_MAX && digits_of(f, n, &d); n++)
        if (d.reads_back) {
            put_decimal(s, f < 0, &d, fixed);
            return;
        }
    put_shortest_slowly(s, f, fixed);
}
