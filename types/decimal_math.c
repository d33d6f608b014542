/* Roots, powers, exponentials and logarithms to 20 digits: integer arithmetic where that is exact,
 * MPFR with plenty of bits where it is not. */
#include "config.h"

#include "types/decimal_int.h"

#include <mpfr.h>
#include <pthread.h>

#define WORK_BITS 256

/* No use to go on computing after these. */
#define DEC_FATAL \
    (DEC_SYSTEM_OVERFLOW | DEC_SYSTEM_UNDERFLOW | DEC_OVERFLOW | DEC_UNDERFLOW | DEC_SUBNORMAL)

/* ---- to and from binary floating point ------------------------------------------------------ */

/* f = c * 10^exponent, correct to the last bits of f. */
static void
mpfr_from_parts(mpfr_t f, const mpz_t c, int64_t exponent)
{
    mpfr_t p;
    mpfr_set_z(f, c, MPFR_RNDN);
    if (exponent == 0)
        return;
    mpfr_init2(p, mpfr_get_prec(f));
    mpfr_set_ui(p, 10, MPFR_RNDN);
    mpfr_pow_ui(p, p, (unsigned long)(exponent < 0 ? -exponent : exponent), MPFR_RNDN);
    if (exponent < 0)
        mpfr_div(f, f, p, MPFR_RNDN);
    else
        mpfr_mul(f, f, p, MPFR_RNDN);
    mpfr_clear(p);
}

static void
mpfr_from_num(mpfr_t f, const struct num *x)
{
    mpfr_init2(f, WORK_BITS);
    mpfr_from_parts(f, x->c, x->exponent);
    if (x->neg)
        mpfr_neg(f, f, MPFR_RNDN);
}

/* x = f to 20 digits, none of them dropped for being zero. */
static unsigned
num_from_mpfr(struct num *x, const mpfr_t f)
{
    char buf[DEC_PRECISION + 8];
    mpfr_exp_t e;
    if (!mpfr_number_p(f))
        return DEC_OVERFLOW;
    mpfr_get_str(buf, &e, 10, DEC_PRECISION, f, MPFR_RNDN);
    bool neg = buf[0] == '-';
    mpz_set_str(x->c, buf + neg, 10);
    x->neg = neg;
    x->form = DECIMAL_FINITE;
    unsigned res =
        num_set_exponent(x, &dec_ctx, DEC_INEXACT | DEC_ROUNDED, (int64_t)e - DEC_PRECISION);
    return res & ~(unsigned)(DEC_SYSTEM_OVERFLOW | DEC_SYSTEM_UNDERFLOW);
}

/* MPFR keeps the constants that it computed, per thread; they go with the thread. */
static pthread_key_t cache_key;
static pthread_once_t cache_once = PTHREAD_ONCE_INIT;

static void
cache_free(void *unused)
{
    (void)unused;
    mpfr_free_cache();
}

static void
cache_key_init(void)
{
    VERIFY(pthread_key_create(&cache_key, cache_free) == 0);
}

static void
mpfr_done(void)
{
    pthread_once(&cache_once, cache_key_init);
    pthread_setspecific(cache_key, &cache_once);
}

static bool
out_of_limits(const struct decimal *d)
{
    int64_t adjusted = d->exponent + decimal_digits(d) - 1;
    return d->form == DECIMAL_FINITE &&
           (adjusted > DEC_SYSTEM_LIMIT || adjusted < -DEC_SYSTEM_LIMIT ||
            d->exponent < -(1 << 22));
}

/* ---- roots ---------------------------------------------------------------------------------- */

/* NaN, infinities, zero; true when that was all. */
static bool
root_special(struct arena *a, const struct decimal *d, int factor, const struct decimal **out)
{
    if (d->form == DECIMAL_NAN) {
        *out = d;
    } else if (d->form == DECIMAL_INF) {
        *out = decimal_special(a, d->neg ? DECIMAL_NAN : DECIMAL_INF, false);
    } else if (d->n == 0) {
        struct decimal *z = dec_alloc(a, 0);
        z->neg = d->neg;
        z->exponent = d->exponent / factor;
        *out = z;
    } else if (d->neg && factor == 2) {
        *out = decimal_special(a, DECIMAL_NAN, false);
    } else {
        return false;
    }
    return true;
}

/* The k-th root of |d| with `digits` or more digits, the last one odd when something was cut (so
 * that later rounding sees it). *exact when nothing was. */
static void
num_root(struct num *x, unsigned long k, int64_t digits, bool *exact)
{
    int64_t want = digits * (int64_t)k + 2;
    int64_t shift = want - mpz_digits(x->c);
    if (shift < 0)
        shift = 0;
    int64_t e = x->exponent - shift;
    int64_t rest = e % (int64_t)k;
    if (rest < 0)
        rest += (int64_t)k;
    shift += rest;
    e -= rest;
    mpz_t p;
    mpz_init(p);
    mpz_pow10(p, shift);
    mpz_mul(x->c, x->c, p);
    *exact = mpz_root(x->c, x->c, k) != 0;
    if (!*exact) {
        mpz_mul_ui(x->c, x->c, 10);
        mpz_add_ui(x->c, x->c, 1);
        e -= (int64_t)k;
    }
    x->exponent = e / (int64_t)k;
    mpz_clear(p);
}

struct error *
decimal_sqrt(struct arena *a, const struct decimal *d, const struct decimal **out)
{
    if (root_special(a, d, 2, out))
        return NULL;
    if (out_of_limits(d))
        return dec_conditions_error(DEC_SYSTEM_OVERFLOW);
    struct dec_context ctx = {DEC_PRECISION, DEC_LIMIT, true};
    struct num x;
    bool exact;
    num_init_set(&x, d);
    num_root(&x, 2, DEC_PRECISION + 2, &exact);
    num_reduce(&x);
    unsigned res = num_round(&x, &ctx);
    return num_finish(a, &x, res, out);
}

struct error *
decimal_cbrt(struct arena *a, const struct decimal *d, const struct decimal **out)
{
    if (root_special(a, d, 3, out))
        return NULL;
    if (out_of_limits(d))
        return dec_conditions_error(DEC_SYSTEM_OVERFLOW);
    struct num x;
    bool exact;
    num_init_set(&x, d);
    num_root(&x, 3, DEC_PRECISION + 2, &exact);
    unsigned res = num_round(&x, &dec_ctx);
    return num_finish(a, &x, res, out);
}

/* ---- exponentials and logarithms ------------------------------------------------------------ */

struct error *
decimal_exp(struct arena *a, const struct decimal *d, const struct decimal **out)
{
    if (d->form == DECIMAL_NAN) {
        *out = d;
        return NULL;
    }
    if (d->form == DECIMAL_INF) {
        *out = d->neg ? decimal_from_i64(a, 0) : d;
        return NULL;
    }
    int64_t adjusted = d->exponent + decimal_digits(d) - 1;
    if (d->n == 0 || adjusted < -DEC_PRECISION - 1) {
        *out = decimal_from_i64(a, 1);
        return NULL;
    }
    if (adjusted > 5)
        return dec_conditions_error(d->neg ? DEC_UNDERFLOW : DEC_OVERFLOW);
    if (out_of_limits(d))
        return dec_conditions_error(DEC_SYSTEM_UNDERFLOW);
    struct num x;
    mpfr_t f;
    num_init_set(&x, d);
    mpfr_from_num(f, &x);
    mpfr_exp(f, f, MPFR_RNDN);
    unsigned res = num_from_mpfr(&x, f);
    mpfr_clear(f);
    mpfr_done();
    return num_finish(a, &x, res, out);
}

/* f = ln |x|; near 1 through the exact difference to 1, where the digits would cancel. */
static void
num_ln(mpfr_t f, const struct num *x)
{
    int64_t adjusted = x->exponent + mpz_digits(x->c) - 1;
    mpfr_init2(f, WORK_BITS);
    if (x->exponent < 0 && (adjusted == 0 || adjusted == -1)) {
        mpz_t one;
        mpz_init(one);
        mpz_pow10(one, -x->exponent);
        mpz_sub(one, x->c, one);
        mpfr_from_parts(f, one, x->exponent);
        mpfr_log1p(f, f, MPFR_RNDN);
        mpz_clear(one);
    } else {
        mpfr_from_parts(f, x->c, x->exponent);
        mpfr_log(f, f, MPFR_RNDN);
    }
}

static bool
log_special(struct arena *a, const struct decimal *d, const struct decimal **out)
{
    if (d->form == DECIMAL_NAN)
        *out = d;
    else if (d->neg && !decimal_is_zero(d))
        *out = decimal_special(a, DECIMAL_NAN, false);
    else if (d->form == DECIMAL_INF)
        *out = d;
    else if (d->n == 0)
        *out = decimal_special(a, DECIMAL_INF, true);
    else if (decimal_cmp(d, decimal_from_i64(a, 1)) == 0)
        *out = decimal_from_i64(a, 0);
    else
        return false;
    return true;
}

static struct error *
logarithm(struct arena *a, const struct decimal *d, bool base10, const struct decimal **out)
{
    if (log_special(a, d, out))
        return NULL;
    if (out_of_limits(d))
        return dec_conditions_error(DEC_SYSTEM_OVERFLOW);
    struct num x;
    mpfr_t f;
    num_init_set(&x, d);
    num_ln(f, &x);
    if (base10) {
        mpfr_t ten;
        mpfr_init2(ten, WORK_BITS);
        mpfr_set_ui(ten, 10, MPFR_RNDN);
        mpfr_log(ten, ten, MPFR_RNDN);
        mpfr_div(f, f, ten, MPFR_RNDN);
        mpfr_clear(ten);
    }
    unsigned res = num_from_mpfr(&x, f);
    mpfr_clear(f);
    mpfr_done();
    return num_finish(a, &x, res, out);
}

struct error *
decimal_ln(struct arena *a, const struct decimal *x, const struct decimal **out)
{
    return logarithm(a, x, false, out);
}

struct error *
decimal_log10(struct arena *a, const struct decimal *x, const struct decimal **out)
{
    return logarithm(a, x, true, out);
}

struct error *
decimal_log(struct arena *a, const struct decimal *db, const struct decimal *dx,
            const struct decimal **out)
{
    if (dx->form != DECIMAL_FINITE || db->form != DECIMAL_FINITE) {
        *out = decimal_special(a, DECIMAL_NAN, false);
        return NULL;
    }
    if (out_of_limits(dx) || out_of_limits(db))
        return dec_conditions_error(DEC_SYSTEM_OVERFLOW);
    const struct decimal *one = decimal_from_i64(a, 1);
    if (decimal_cmp(db, one) == 0)
        return dec_conditions_error(DEC_DIVISION_BY_ZERO);
    if (decimal_cmp(dx, one) == 0) {
        *out = decimal_from_i64(a, 0);
        return NULL;
    }
    struct num x, b;
    mpfr_t fx, fb;
    num_init_set(&x, dx);
    num_init_set(&b, db);
    num_ln(fx, &x);
    num_ln(fb, &b);
    mpfr_div(fx, fx, fb, MPFR_RNDN);
    unsigned res = num_from_mpfr(&x, fx);
    mpfr_clear(fx);
    mpfr_clear(fb);
    mpfr_done();
    num_clear(&b);
    return num_finish(a, &x, res, out);
}

/* ---- powers --------------------------------------------------------------------------------- */

/* z = x^|y| by squaring, in the context given. */
static unsigned
integer_power(struct num *z, const struct num *x, const mpz_t y, bool invert,
              const struct dec_context *ctx)
{
    struct num n;
    unsigned res = 0;
    size_t bits = mpz_sizeinbase(y, 2);
    num_init(&n);
    mpz_set(n.c, x->c);
    n.exponent = x->exponent;
    n.neg = x->neg;
    mpz_set_ui(z->c, 1);
    for (size_t i = 0; i < bits && (res & DEC_FATAL) == 0; i++) {
        if (mpz_tstbit(y, i))
            res |= num_mul(z, z, &n, ctx);
        if (i + 1 < bits && (res & DEC_FATAL) == 0)
            res |= num_mul(&n, &n, &n, ctx);
    }
    if (invert && (res & DEC_FATAL) == 0) {
        struct num one, q;
        num_init(&one);
        num_init(&q);
        mpz_set_ui(one.c, 1);
        res |= num_div(&q, &one, z, ctx);
        mpz_swap(z->c, q.c);
        z->exponent = q.exponent;
        z->neg = q.neg;
        z->form = q.form;
        num_clear(&one);
        num_clear(&q);
    } else if (invert && (res & (DEC_OVERFLOW | DEC_SYSTEM_OVERFLOW)) != 0) {
        res = DEC_UNDERFLOW | DEC_SUBNORMAL;
    }
    num_clear(&n);
    return res;
}

/* Infinite and zero operands; true when that was all. */
static bool
pow_special(struct arena *a, const struct decimal *x, const struct decimal *y, bool y_is_int,
            bool neg, const struct decimal **out)
{
    int ys = decimal_is_zero(y) ? 0 : y->neg ? -1 : 1;
    if (x->form == DECIMAL_NAN || y->form == DECIMAL_NAN) {
        *out = decimal_special(a, DECIMAL_NAN, false);
    } else if (x->form == DECIMAL_INF) {
        if (ys == 0)
            *out = decimal_from_i64(a, 1);
        else if (x->neg && (y->form == DECIMAL_INF || !y_is_int))
            *out = decimal_special(a, DECIMAL_NAN, false);
        else if (ys < 0)
            *out = dec_small(a, neg, 0, 0);
        else
            *out = decimal_special(a, DECIMAL_INF, neg);
    } else if (x->n == 0) {
        if (ys == 0)
            *out = decimal_special(a, DECIMAL_NAN, false);
        else if (ys > 0)
            *out = dec_small(a, neg, 0, 0);
        else
            *out = decimal_special(a, DECIMAL_INF, neg);
    } else if (ys == 0) {
        *out = decimal_from_i64(a, 1);
    } else if (y->form == DECIMAL_INF) {
        const struct decimal *one = decimal_from_i64(a, 1);
        int c = decimal_cmp(decimal_abs(a, x), one);
        if (c == 0)
            *out = one;
        else
            *out = (c > 0) == (ys > 0) ? decimal_special(a, DECIMAL_INF, false)
                                       : decimal_from_i64(a, 0);
    } else if (x->neg && !y_is_int) {
        *out = decimal_special(a, DECIMAL_NAN, false);
    } else {
        return false;
    }
    return true;
}

/* x^y for a y with a fractional part; x > 0. */
static unsigned
fractional_power(struct num *z, const struct num *x, const struct num *y)
{
    mpfr_t fx, fy;
    num_ln(fx, x);
    mpfr_from_num(fy, y);
    mpfr_mul(fx, fx, fy, MPFR_RNDN);
    unsigned res;
    if (mpfr_cmp_si(fx, 250000) > 0) {
        res = DEC_OVERFLOW;
    } else if (mpfr_cmp_si(fx, -250000) < 0) {
        res = DEC_UNDERFLOW;
    } else {
        mpfr_exp(fx, fx, MPFR_RNDN);
        res = num_from_mpfr(z, fx);
    }
    mpfr_clear(fx);
    mpfr_clear(fy);
    mpfr_done();
    return res;
}

struct error *
decimal_pow(struct arena *a, const struct decimal *dx, const struct decimal *dy,
            const struct decimal **out)
{
    struct num y;
    bool y_is_int;
    if (out_of_limits(dx) || out_of_limits(dy))
        return dec_conditions_error(DEC_SYSTEM_OVERFLOW);
    num_init_set(&y, dy);
    num_truncate(&y, &y_is_int);
    bool odd = y_is_int && y.exponent == 0 && mpz_odd_p(y.c);
    if (pow_special(a, dx, dy, y_is_int, dx->neg && odd, out)) {
        num_clear(&y);
        return NULL;
    }
    struct num x, z;
    unsigned res;
    num_init_set(&x, dx);
    num_init(&z);
    if (y_is_int) {
        if (y.exponent > 0) {
            /* More than any power of anything but 1 can bear is as good as all of it. */
            mpz_t p;
            mpz_init(p);
            mpz_pow10(p, y.exponent < 100 ? y.exponent : 100);
            mpz_mul(y.c, y.c, p);
            mpz_clear(p);
        }
        int64_t digits = mpz_digits(x.c);
        struct dec_context ctx = {(digits > DEC_PRECISION ? digits : DEC_PRECISION) + 10,
                                  DEC_SYSTEM_LIMIT, false};
        res = integer_power(&z, &x, y.c, y.neg, &ctx);
        if ((res & DEC_FATAL) == 0)
            res |= num_round(&z, &dec_ctx);
    } else {
        num_clear(&y);
        num_init_set(&y, dy);
        res = fractional_power(&z, &x, &y);
    }
    num_clear(&x);
    num_clear(&y);
    return num_finish(a, &z, res, out);
}
