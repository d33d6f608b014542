#include "config.h"

#include "types/decimal_int.h"

#include <stdio.h>

const struct dec_context dec_ctx = {DEC_PRECISION, DEC_LIMIT, false};
const struct dec_context dec_ctx_exact = {0, DEC_LIMIT, false};
const struct dec_context dec_ctx_high = {DEC_HIGH_PRECISION, DEC_LIMIT, false};

/* ---- nums ----------------------------------------------------------------------------------- */

void
num_init(struct num *x)
{
    mpz_init(x->c);
    x->exponent = 0;
    x->neg = false;
    x->form = DECIMAL_FINITE;
}

void
num_init_set(struct num *x, const struct decimal *d)
{
    mpz_t view;
    dec_view(view, d);
    mpz_init_set(x->c, view);
    x->exponent = d->exponent;
    x->neg = d->neg;
    x->form = d->form;
}

void
num_clear(struct num *x)
{
    mpz_clear(x->c);
}

void
num_set_special(struct num *x, enum decimal_form form, bool neg)
{
    mpz_set_ui(x->c, 0);
    x->exponent = 0;
    x->form = (uint8_t)form;
    x->neg = form != DECIMAL_NAN && neg;
}

bool
num_is_zero(const struct num *x)
{
    return x->form == DECIMAL_FINITE && mpz_sgn(x->c) == 0;
}

void
mpz_pow10(mpz_t out, int64_t e)
{
    mpz_ui_pow_ui(out, 10, (unsigned long)e);
}

int64_t
mpz_digits(const mpz_t c)
{
    if (mpz_sgn(c) == 0)
        return 1;
    size_t n = mpz_sizeinbase(c, 10); /* exact, or one too many */
    if (n == 1)
        return 1;
    mpz_t p;
    mpz_init(p);
    mpz_pow10(p, (int64_t)n - 1);
    if (mpz_cmpabs(c, p) < 0)
        n--;
    mpz_clear(p);
    return (int64_t)n;
}

const struct decimal *
num_to_decimal(struct arena *a, const struct num *x)
{
    if (x->form != DECIMAL_FINITE)
        return decimal_special(a, (enum decimal_form)x->form, x->neg);
    size_t n = mpz_size(x->c);
    struct decimal *d = dec_alloc(a, (uint32_t)n);
    if (n > 0)
        memcpy(d->limbs, mpz_limbs_read(x->c), n * sizeof(uint64_t));
    d->neg = x->neg;
    d->exponent = (int32_t)x->exponent;
    return d;
}

struct error *
dec_conditions_error(unsigned res)
{
    if ((res & (DEC_SYSTEM_OVERFLOW | DEC_SYSTEM_UNDERFLOW)) != 0)
        return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "exponent out of range");
    if ((res & (DEC_DIVISION_BY_ZERO | DEC_DIVISION_UNDEFINED)) != 0)
        return err_new(ERR_DIVISION_BY_ZERO, "division by zero");
    if ((res & DEC_OVERFLOW) != 0)
        return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "overflow");
    if ((res & DEC_UNDERFLOW) != 0)
        return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "underflow, subnormal");
    if ((res & DEC_SUBNORMAL) != 0)
        return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "subnormal");
    if ((res & DEC_DIVISION_IMPOSSIBLE) != 0)
        return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "division impossible");
    return NULL;
}

struct error *
num_finish(struct arena *a, struct num *x, unsigned res, const struct decimal **out)
{
    struct error *err = dec_conditions_error(res);
    if (err == NULL)
        *out = num_to_decimal(a, x);
    num_clear(x);
    return err;
}

/* ---- limits and rounding -------------------------------------------------------------------- */

static int64_t
etiny(const struct dec_context *ctx)
{
    return -ctx->limit - (ctx->precision - 1);
}

/* Should the quotient q be one larger, given twice its remainder against the divisor? */
static bool
round_up(const struct dec_context *ctx, const mpz_t q, int half)
{
    if (ctx->half_even)
        return half > 0 || (half == 0 && mpz_odd_p(q));
    return half >= 0;
}

/* q = c / 10^e rounded; says whether anything was lost. e >= 0. */
static bool
shift_right(mpz_t c, int64_t e, const struct dec_context *ctx)
{
    if (e > (int64_t)mpz_sizeinbase(c, 10) + 1) {
        bool lost = mpz_sgn(c) != 0;
        mpz_set_ui(c, 0);
        return lost;
    }
    mpz_t p, r;
    mpz_init(p);
    mpz_init(r);
    mpz_pow10(p, e);
    mpz_tdiv_qr(c, r, c, p);
    bool lost = mpz_sgn(r) != 0;
    mpz_mul_2exp(r, r, 1);
    if (lost && round_up(ctx, c, mpz_cmp(r, p)))
        mpz_add_ui(c, c, 1);
    mpz_clear(p);
    mpz_clear(r);
    return lost;
}

unsigned
num_set_exponent(struct num *x, const struct dec_context *ctx, unsigned res, int64_t sum)
{
    int64_t adjusted = sum + mpz_digits(x->c) - 1;
    if (adjusted > DEC_SYSTEM_LIMIT)
        return res | DEC_SYSTEM_OVERFLOW | DEC_OVERFLOW;
    if (adjusted < -DEC_SYSTEM_LIMIT)
        return res | DEC_SYSTEM_UNDERFLOW | DEC_UNDERFLOW;
    if (adjusted < -ctx->limit) {
        if (mpz_sgn(x->c) != 0)
            res |= DEC_SUBNORMAL;
        int64_t tiny = etiny(ctx);
        if (sum < tiny) {
            if (shift_right(x->c, tiny - sum, ctx))
                res |= DEC_INEXACT;
            if (mpz_sgn(x->c) == 0)
                res |= DEC_CLAMPED;
            sum = tiny;
            res |= DEC_ROUNDED;
        }
    } else if (adjusted > ctx->limit) {
        if (mpz_sgn(x->c) == 0) {
            res |= DEC_CLAMPED;
            sum = ctx->limit;
        } else {
            res |= DEC_OVERFLOW | DEC_INEXACT;
            x->form = DECIMAL_INF;
        }
    }
    if ((res & DEC_INEXACT) != 0 && (res & DEC_SUBNORMAL) != 0)
        res |= DEC_UNDERFLOW;
    x->exponent = sum;
    return res;
}

unsigned
num_round(struct num *x, const struct dec_context *ctx)
{
    if (x->form != DECIMAL_FINITE)
        return 0;
    if (ctx->precision == 0)
        return num_set_exponent(x, ctx, 0, x->exponent);
    int64_t digits = mpz_digits(x->c);
    unsigned res = 0;
    if (mpz_sgn(x->c) != 0 && x->exponent + digits - 1 < -ctx->limit)
        return num_set_exponent(x, ctx, DEC_SUBNORMAL, x->exponent);
    int64_t diff = digits - ctx->precision;
    if (diff > 0) {
        res |= DEC_ROUNDED;
        if (shift_right(x->c, diff, ctx))
            res |= DEC_INEXACT;
        if (mpz_digits(x->c) > ctx->precision) { /* 999 became 1000 */
            mpz_divexact_ui(x->c, x->c, 10);
            diff++;
        }
    } else {
        diff = 0;
    }
    return num_set_exponent(x, ctx, res, x->exponent + diff);
}

void
num_reduce(struct num *x)
{
    if (x->form != DECIMAL_FINITE)
        return;
    if (mpz_sgn(x->c) == 0) {
        x->exponent = 0;
        return;
    }
    while (mpz_divisible_ui_p(x->c, 10)) {
        mpz_divexact_ui(x->c, x->c, 10);
        x->exponent++;
    }
}

unsigned
num_quantize(struct num *x, int64_t exponent, const struct dec_context *ctx)
{
    if (x->form == DECIMAL_NAN)
        return 0;
    if (x->form == DECIMAL_INF || exponent < etiny(ctx) || exponent > ctx->limit) {
        num_set_special(x, DECIMAL_NAN, false);
        return DEC_INVALID_OPERATION;
    }
    unsigned res = 0;
    int64_t diff = exponent - x->exponent;
    if (diff < -DEC_SYSTEM_LIMIT) {
        num_set_special(x, DECIMAL_NAN, false);
        return DEC_INVALID_OPERATION;
    }
    if (diff < 0 && mpz_sgn(x->c) != 0) {
        mpz_t p;
        mpz_init(p);
        mpz_pow10(p, -diff);
        mpz_mul(x->c, x->c, p);
        mpz_clear(p);
    } else if (diff > 0 && shift_right(x->c, diff, ctx)) {
        res |= DEC_INEXACT | DEC_ROUNDED;
    }
    x->exponent = exponent;
    int64_t digits = mpz_digits(x->c);
    if (digits > ctx->precision || exponent + digits - 1 > ctx->limit ||
        (mpz_sgn(x->c) != 0 && exponent + digits - 1 < -ctx->limit)) {
        num_set_special(x, DECIMAL_NAN, false);
        return DEC_INVALID_OPERATION;
    }
    return res;
}

void
num_truncate(struct num *x, bool *frac_is_zero)
{
    *frac_is_zero = true;
    if (x->form != DECIMAL_FINITE || x->exponent >= 0)
        return;
    if (-x->exponent > (int64_t)mpz_sizeinbase(x->c, 10)) {
        *frac_is_zero = mpz_sgn(x->c) == 0;
        mpz_set_ui(x->c, 0);
    } else {
        mpz_t p, r;
        mpz_init(p);
        mpz_init(r);
        mpz_pow10(p, -x->exponent);
        mpz_tdiv_qr(x->c, r, x->c, p);
        *frac_is_zero = mpz_sgn(r) == 0;
        mpz_clear(p);
        mpz_clear(r);
    }
    x->exponent = 0;
}

/* ---- products and quotients ----------------------------------------------------------------- */

unsigned
num_mul(struct num *z, const struct num *x, const struct num *y, const struct dec_context *ctx)
{
    bool neg = x->neg != y->neg;
    if (x->form == DECIMAL_NAN || y->form == DECIMAL_NAN) {
        num_set_special(z, DECIMAL_NAN, false);
        return 0;
    }
    if (x->form == DECIMAL_INF || y->form == DECIMAL_INF) {
        bool bad = num_is_zero(x) || num_is_zero(y);
        num_set_special(z, bad ? DECIMAL_NAN : DECIMAL_INF, neg);
        return bad ? DEC_INVALID_OPERATION : 0;
    }
    if (mpz_sizeinbase(x->c, 2) + mpz_sizeinbase(y->c, 2) > DEC_MAX_BITS)
        return DEC_OVERFLOW;
    int64_t sum = x->exponent + y->exponent;
    mpz_mul(z->c, x->c, y->c);
    z->form = DECIMAL_FINITE;
    z->neg = neg;
    unsigned res = num_set_exponent(z, ctx, 0, sum);
    if ((res & (DEC_SYSTEM_OVERFLOW | DEC_SYSTEM_UNDERFLOW)) != 0)
        return res;
    return res | num_round(z, ctx);
}

/* What a division by or of infinity, NaN, and zero gives; false = go on and divide. */
static bool
div_special(struct num *z, const struct num *x, const struct num *y,
            const struct dec_context *ctx, bool clamp, unsigned *res)
{
    bool neg = x->neg != y->neg;
    *res = 0;
    if (x->form == DECIMAL_NAN || y->form == DECIMAL_NAN) {
        num_set_special(z, DECIMAL_NAN, false);
    } else if (x->form == DECIMAL_INF && y->form == DECIMAL_INF) {
        num_set_special(z, DECIMAL_NAN, false);
        *res = DEC_INVALID_OPERATION;
    } else if (x->form == DECIMAL_INF) {
        num_set_special(z, DECIMAL_INF, neg);
    } else if (y->form == DECIMAL_INF) {
        num_set_special(z, DECIMAL_FINITE, neg);
        if (clamp) {
            z->exponent = etiny(ctx);
            *res = DEC_CLAMPED;
        }
    } else if (num_is_zero(y)) {
        *res = num_is_zero(x) ? DEC_DIVISION_UNDEFINED : DEC_DIVISION_BY_ZERO;
        num_set_special(z, num_is_zero(x) ? DECIMAL_NAN : DECIMAL_INF, neg);
    } else {
        return false;
    }
    return true;
}

/* Digits are produced until nothing is left and the exponent is the difference of the operands'
 * or lower, or until the precision is reached: 10/4 = 2.5, 1.00/0.5 = 2.0, 1/3 = 0.33.. */
unsigned
num_div(struct num *z, const struct num *x, const struct num *y, const struct dec_context *ctx)
{
    unsigned res;
    if (div_special(z, x, y, ctx, true, &res))
        return res;
    bool neg = x->neg != y->neg;
    int64_t base = x->exponent - y->exponent;
    if (mpz_sgn(x->c) == 0) {
        mpz_set_ui(z->c, 0);
        z->form = DECIMAL_FINITE;
        z->neg = neg;
        return num_set_exponent(z, ctx, 0, base);
    }
    mpz_t dividend, divisor, p;
    mpz_init_set(dividend, x->c);
    mpz_init_set(divisor, y->c);
    mpz_init(p);
    int64_t adjust = mpz_digits(y->c) - mpz_digits(x->c);
    mpz_pow10(p, adjust < 0 ? -adjust : adjust);
    if (adjust > 0)
        mpz_mul(dividend, dividend, p);
    else if (adjust < 0)
        mpz_mul(divisor, divisor, p);
    if (mpz_cmp(dividend, divisor) < 0) {
        adjust++;
        mpz_mul_ui(dividend, dividend, 10);
    }
    /* Now 1 <= dividend / divisor < 10: all digits at once. */
    mpz_pow10(p, ctx->precision - 1);
    mpz_mul(dividend, dividend, p);
    adjust += ctx->precision - 1;
    mpz_tdiv_qr(z->c, dividend, dividend, divisor);
    if (mpz_sgn(dividend) == 0) {
        int64_t lowest = adjust - (ctx->precision - 1);
        while (adjust > 0 && adjust > lowest && mpz_divisible_ui_p(z->c, 10)) {
            mpz_divexact_ui(z->c, z->c, 10);
            adjust--;
        }
    } else if (base - adjust + mpz_digits(z->c) - 1 >= -ctx->limit) {
        res |= DEC_INEXACT | DEC_ROUNDED;
        mpz_mul_2exp(dividend, dividend, 1);
        if (round_up(ctx, z->c, mpz_cmp(dividend, divisor))) {
            mpz_add_ui(z->c, z->c, 1);
            if (mpz_digits(z->c) > ctx->precision) {
                mpz_divexact_ui(z->c, z->c, 10);
                adjust--;
            }
        }
    }
    mpz_clear(dividend);
    mpz_clear(divisor);
    mpz_clear(p);
    z->form = DECIMAL_FINITE;
    z->neg = neg;
    return num_set_exponent(z, ctx, res, base - adjust);
}

/* Bring both to the lower exponent. */
static unsigned
align(struct num *x, struct num *y)
{
    struct num *high = x->exponent > y->exponent ? x : y;
    struct num *low = high == x ? y : x;
    int64_t diff = high->exponent - low->exponent;
    if (diff > DEC_SYSTEM_LIMIT)
        return DEC_SYSTEM_OVERFLOW;
    if (diff > 0) {
        mpz_t p;
        mpz_init(p);
        mpz_pow10(p, diff);
        mpz_mul(high->c, high->c, p);
        mpz_clear(p);
        high->exponent = low->exponent;
    }
    return 0;
}

/* ---- the door: + - * / // % ----------------------------------------------------------------- */

static uint64_t
pow10_u64(int64_t e)
{
    uint64_t v = 1;
    for (; e > 0; e--)
        v *= 10;
    return v;
}

/* |coefficient| scaled by 10^e when it stays within one limb. */
static bool
scale_u64(const struct decimal *d, int64_t e, uint64_t *out)
{
    uint64_t v = d->n == 0 ? 0 : d->limbs[0];
    for (; e > 0; e--)
        if (__builtin_mul_overflow(v, 10u, &v))
            return false;
    *out = v;
    return true;
}

static bool
is_small(const struct decimal *d)
{
    return d->form == DECIMAL_FINITE && d->n <= 1 && d->exponent <= 0 && d->exponent > -1000;
}

static bool
add_small(struct arena *a, const struct decimal *x, const struct decimal *y, bool yneg,
          const struct decimal **out)
{
    int64_t diff = (int64_t)x->exponent - y->exponent;
    uint64_t cx, cy, c;
    if (diff > 19 || diff < -19 || !scale_u64(x, diff, &cx) || !scale_u64(y, -diff, &cy))
        return false;
    int32_t exponent = diff > 0 ? y->exponent : x->exponent;
    bool neg = x->neg;
    if (x->neg == yneg) {
        if (__builtin_add_overflow(cx, cy, &c))
            return false;
    } else if (cx >= cy) {
        c = cx - cy;
        neg = c != 0 && x->neg;
    } else {
        c = cy - cx;
        neg = yneg;
    }
    *out = dec_small(a, neg, c, exponent);
    return true;
}

static struct error *
add_signed(struct arena *a, const struct decimal *dx, const struct decimal *dy, bool yneg,
           const struct decimal **out)
{
    if (is_small(dx) && is_small(dy) && add_small(a, dx, dy, yneg, out))
        return NULL;
    struct num x, y;
    num_init_set(&x, dx);
    num_init_set(&y, dy);
    y.neg = yneg;
    unsigned res = 0;
    if (x.form == DECIMAL_NAN || y.form == DECIMAL_NAN) {
        num_set_special(&x, DECIMAL_NAN, false);
    } else if (x.form == DECIMAL_INF || y.form == DECIMAL_INF) {
        if (x.form == y.form && x.neg != y.neg)
            num_set_special(&x, DECIMAL_NAN, false);
        else if (y.form == DECIMAL_INF)
            num_set_special(&x, DECIMAL_INF, y.neg);
    } else if ((res = align(&x, &y)) == 0) {
        if (x.neg == y.neg) {
            mpz_add(x.c, x.c, y.c);
        } else {
            mpz_sub(x.c, x.c, y.c);
            if (mpz_sgn(x.c) < 0) {
                mpz_neg(x.c, x.c);
                x.neg = !x.neg;
            } else if (mpz_sgn(x.c) == 0) {
                x.neg = false;
            }
        }
        res = num_round(&x, &dec_ctx_exact);
    }
    num_clear(&y);
    return num_finish(a, &x, res, out);
}

struct error *
decimal_add(struct arena *a, const struct decimal *x, const struct decimal *y,
            const struct decimal **out)
{
    return add_signed(a, x, y, y->neg, out);
}

struct error *
decimal_sub(struct arena *a, const struct decimal *x, const struct decimal *y,
            const struct decimal **out)
{
    return add_signed(a, x, y, !y->neg, out);
}

struct error *
decimal_mul(struct arena *a, const struct decimal *dx, const struct decimal *dy,
            const struct decimal **out)
{
    uint64_t c;
    if (is_small(dx) && is_small(dy) &&
        !__builtin_mul_overflow(dx->n == 0 ? 0 : dx->limbs[0], dy->n == 0 ? 0 : dy->limbs[0], &c) &&
        dx->exponent + dy->exponent > -1000) {
        *out = dec_small(a, dx->neg != dy->neg, c, dx->exponent + dy->exponent);
        return NULL;
    }
    struct num x, y;
    num_init_set(&x, dx);
    num_init_set(&y, dy);
    unsigned res = num_mul(&x, &x, &y, &dec_ctx_exact);
    num_clear(&y);
    return num_finish(a, &x, res, out);
}

/* num_div for coefficients below 10^18: all twenty digits are one division of 128 bits. */
static bool
div_small(struct arena *a, const struct decimal *dx, const struct decimal *dy,
          const struct decimal **out)
{
    const uint64_t limit = 1000000000000000000u;
    if (!is_small(dx) || !is_small(dy) || dx->n == 0 || dy->n == 0 || dx->limbs[0] >= limit ||
        dy->limbs[0] >= limit)
        return false;
    uint64_t x = dx->limbs[0], y = dy->limbs[0];
    int64_t adjust = decimal_digits(dy) - decimal_digits(dx);
    if (adjust > 0)
        x *= pow10_u64(adjust);
    else
        y *= pow10_u64(-adjust);
    if (x < y) {
        x *= 10;
        adjust++;
    }
    int64_t lowest = adjust;
    unsigned __int128 n = (unsigned __int128)x * (limit * 10), q = n / y;
    uint64_t rest = (uint64_t)(n - q * y);
    adjust += DEC_PRECISION - 1;
    if (rest == 0) {
        while (adjust > 0 && adjust > lowest && q % 10 == 0) {
            q /= 10;
            adjust--;
        }
    } else if (rest >= y - rest) {
        q++;
        if (q == (unsigned __int128)(limit * 10) * 10) {
            q /= 10;
            adjust--;
        }
    }
    struct decimal *d = dec_alloc(a, 2);
    d->neg = dx->neg != dy->neg;
    d->exponent = (int32_t)(dx->exponent - dy->exponent - adjust);
    d->limbs[0] = (uint64_t)q;
    d->limbs[1] = (uint64_t)(q >> 64);
    d->n = d->limbs[1] != 0 ? 2 : 1;
    *out = d;
    return true;
}

struct error *
decimal_div(struct arena *a, const struct decimal *dx, const struct decimal *dy,
            const struct decimal **out)
{
    struct num x, y, z;
    if (div_small(a, dx, dy, out))
        return NULL;
    num_init_set(&x, dx);
    num_init_set(&y, dy);
    num_init(&z);
    unsigned res = num_div(&z, &x, &y, &dec_ctx);
    num_clear(&x);
    num_clear(&y);
    return num_finish(a, &z, res, out);
}

struct error *
decimal_floor_div(struct arena *a, const struct decimal *dx, const struct decimal *dy,
                  const struct decimal **out)
{
    struct num x, y, z;
    unsigned res;
    num_init_set(&x, dx);
    num_init_set(&y, dy);
    num_init(&z);
    if (!div_special(&z, &x, &y, &dec_ctx_high, false, &res) && (res = align(&x, &y)) == 0) {
        mpz_tdiv_q(z.c, x.c, y.c);
        z.neg = x.neg != y.neg;
        if (mpz_digits(z.c) > DEC_HIGH_PRECISION)
            res = DEC_DIVISION_IMPOSSIBLE;
    }
    num_clear(&x);
    num_clear(&y);
    return num_finish(a, &z, res, out);
}

struct error *
decimal_mod(struct arena *a, const struct decimal *dx, const struct decimal *dy,
            const struct decimal **out)
{
    if (decimal_is_zero(dy) && dx->form != DECIMAL_NAN)
        return err_new(ERR_DIVISION_BY_ZERO, "zero modulus");
    struct num x, y;
    unsigned res = 0;
    num_init_set(&x, dx);
    num_init_set(&y, dy);
    if (x.form == DECIMAL_NAN || y.form == DECIMAL_NAN || x.form == DECIMAL_INF) {
        num_set_special(&x, DECIMAL_NAN, false);
    } else if (y.form == DECIMAL_FINITE && (res = align(&x, &y)) == 0) {
        mpz_t q;
        mpz_init(q);
        mpz_tdiv_qr(q, x.c, x.c, y.c);
        if (mpz_digits(q) > DEC_HIGH_PRECISION)
            res = DEC_DIVISION_IMPOSSIBLE;
        else
            res = num_round(&x, &dec_ctx_high);
        mpz_clear(q);
    }
    num_clear(&y);
    return num_finish(a, &x, res, out);
}

/* ---- rounding ------------------------------------------------------------------------------- */

/* num_quantize where one limb does. */
static bool
quantize_small(struct arena *a, const struct decimal *d, int64_t exponent, int64_t precision,
               const struct decimal **out)
{
    int64_t diff = exponent - d->exponent;
    if (!is_small(d) || diff > 18 || diff < -18 || exponent < -1000 || exponent > 0)
        return false;
    uint64_t c;
    if (diff <= 0) {
        if (!scale_u64(d, -diff, &c))
            return false;
    } else {
        uint64_t p = pow10_u64(diff), v = d->n == 0 ? 0 : d->limbs[0];
        c = v / p + (v % p >= p - v % p);
    }
    const struct decimal *r = diff == 0 ? d : dec_small(a, d->neg, c, (int32_t)exponent);
    if (decimal_digits(r) > precision)
        return false; /* let the other one say so */
    *out = r;
    return true;
}

const struct decimal *
decimal_round(struct arena *a, const struct decimal *d, int32_t scale)
{
    const struct decimal *small;
    if (quantize_small(a, d, -(int64_t)scale, DEC_HIGH_PRECISION, &small))
        return small;
    struct num x;
    num_init_set(&x, d);
    num_quantize(&x, -(int64_t)scale, &dec_ctx_high);
    const struct decimal *out = num_to_decimal(a, &x);
    num_clear(&x);
    return out;
}

const struct decimal *
decimal_trunc(struct arena *a, const struct decimal *d, int32_t scale)
{
    if (d->form != DECIMAL_FINITE || (scale == 0 && d->exponent >= 0))
        return d;
    struct num x;
    bool exact;
    num_init_set(&x, d);
    int64_t at = scale;
    if (scale == 0) {
        num_truncate(&x, &exact);
    } else if (-(int64_t)d->exponent > at) {
        /* Cut what lies below: move the point, truncate, move it back. */
        x.exponent += at;
        num_truncate(&x, &exact);
        x.exponent = -at;
        if (at < 0)
            num_quantize(&x, 0, &dec_ctx_high);
    }
    const struct decimal *out = num_to_decimal(a, &x);
    num_clear(&x);
    return out;
}

/* The integral part, one further from zero when something was cut on the given side. */
static const struct decimal *
to_integral(struct arena *a, const struct decimal *d, bool away_if_neg)
{
    if (d->form != DECIMAL_FINITE || d->exponent >= 0)
        return d;
    struct num x;
    bool exact;
    num_init_set(&x, d);
    num_truncate(&x, &exact);
    if (!exact && x.neg == away_if_neg)
        mpz_add_ui(x.c, x.c, 1);
    const struct decimal *out = num_to_decimal(a, &x);
    num_clear(&x);
    return out;
}

const struct decimal *
decimal_floor(struct arena *a, const struct decimal *x)
{
    return to_integral(a, x, true);
}

const struct decimal *
decimal_ceil(struct arena *a, const struct decimal *x)
{
    return to_integral(a, x, false);
}

const struct decimal *
decimal_reduce(struct arena *a, const struct decimal *d)
{
    if (d->form != DECIMAL_FINITE || !decimal_is_composite(d) ||
        (d->n == 0 && !d->neg && d->exponent == 0))
        return d;
    struct num x;
    num_init_set(&x, d);
    num_reduce(&x);
    const struct decimal *out = num_to_decimal(a, &x);
    num_clear(&x);
    return out;
}

struct error *
decimal_fit(struct arena *a, const struct decimal *d, int32_t precision, int32_t scale,
            const struct decimal **out)
{
    *out = d;
    if (precision <= 0 || d->form != DECIMAL_FINITE)
        return NULL;
    if (scale > precision)
        return err_new(ERR_INVALID_PARAMETER_VALUE,
                       "scale (%d) must be between 0 and precision (%d)", scale, precision);
    if (quantize_small(a, d, -(int64_t)scale, precision, out))
        return NULL;
    *out = d;
    struct dec_context ctx = {precision, DEC_LIMIT, false};
    struct num x;
    num_init_set(&x, d);
    unsigned res = num_quantize(&x, -(int64_t)scale, &ctx);
    if ((res & DEC_INVALID_OPERATION) == 0)
        *out = num_to_decimal(a, &x);
    num_clear(&x);
    if ((res & DEC_INVALID_OPERATION) == 0)
        return NULL;
    char limit[24] = "1";
    if (precision != scale)
        snprintf(limit, sizeof(limit), "10^%d", precision - scale);
    return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                   "value with precision %d, scale %d must round to an absolute value less than %s",
                   precision, scale, limit);
}
