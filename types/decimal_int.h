/* types/decimal_int.h - decimals while they are being computed.
 *
 * A num is a mutable decimal over GMP; contexts and conditions are those of apd, the decimal
 * library of CockroachDB (an implementation of the General Decimal Arithmetic specification).
 * SOURCE: CockroachDB v20.1 pkg/sql/sem/tree/decimal.go and its apd v1.1.
 */
#ifndef AMBERDB_TYPES_DECIMAL_INT_H
#define AMBERDB_TYPES_DECIMAL_INT_H

#include <gmp.h>

#include "types/decimal.h"

_Static_assert(sizeof(mp_limb_t) == sizeof(uint64_t), "limbs of 64 bits");

#define DEC_PRECISION 20        /* significant digits of inexact results */
#define DEC_HIGH_PRECISION 2000 /* of rounding and remainders */
#define DEC_LIMIT 2000          /* of the adjusted exponent, either way */
#define DEC_SYSTEM_LIMIT 100000 /* of any exponent while computing */
/* Past this a coefficient is refused: products of products would eat all memory. */
#define DEC_MAX_BITS (1u << 22)

enum dec_condition {
    DEC_SYSTEM_OVERFLOW = 1 << 0,
    DEC_SYSTEM_UNDERFLOW = 1 << 1,
    DEC_OVERFLOW = 1 << 2,
    DEC_UNDERFLOW = 1 << 3,
    DEC_INEXACT = 1 << 4,
    DEC_SUBNORMAL = 1 << 5,
    DEC_ROUNDED = 1 << 6,
    DEC_DIVISION_UNDEFINED = 1 << 7,
    DEC_DIVISION_BY_ZERO = 1 << 8,
    DEC_DIVISION_IMPOSSIBLE = 1 << 9,
    DEC_INVALID_OPERATION = 1 << 10,
    DEC_CLAMPED = 1 << 11,
};

struct dec_context {
    int64_t precision; /* 0: exact */
    int64_t limit;     /* of the adjusted exponent */
    bool half_even;    /* else half up */
};

extern const struct dec_context dec_ctx, dec_ctx_exact, dec_ctx_high;

struct num {
    mpz_t c; /* >= 0 */
    int64_t exponent;
    bool neg;
    uint8_t form;
};

void num_init(struct num *x);
void num_init_set(struct num *x, const struct decimal *d);
void num_clear(struct num *x);
void num_set_special(struct num *x, enum decimal_form form, bool neg);
bool num_is_zero(const struct num *x);

int64_t mpz_digits(const mpz_t c);     /* decimal digits; 0 has one */
void mpz_pow10(mpz_t out, int64_t e);  /* e >= 0 */

/* Set x's exponent to `sum` within the context's limits, adding to the conditions in res. */
unsigned num_set_exponent(struct num *x, const struct dec_context *ctx, unsigned res, int64_t sum);
unsigned num_round(struct num *x, const struct dec_context *ctx);
unsigned num_mul(struct num *z, const struct num *x, const struct num *y,
                 const struct dec_context *ctx);
unsigned num_div(struct num *z, const struct num *x, const struct num *y,
                 const struct dec_context *ctx);
/* Move x to the given exponent; NaN when it does not fit the context. */
unsigned num_quantize(struct num *x, int64_t exponent, const struct dec_context *ctx);
/* The integral part, towards zero; *frac_is_zero tells whether something was cut. */
void num_truncate(struct num *x, bool *frac_is_zero);
void num_reduce(struct num *x);

/* x becomes a decimal; x stays the caller's to clear. */
const struct decimal *num_to_decimal(struct arena *a, const struct num *x);
/* The error for trapped conditions, or NULL. */
struct error *dec_conditions_error(unsigned res) ERR_MUST_USE;
/* Both: clears x. */
struct error *num_finish(struct arena *a, struct num *x, unsigned res, const struct decimal **out)
    ERR_MUST_USE;

/* The logarithm of x to the base b, both > 0 and b not 1. */
struct error *decimal_log(struct arena *a, const struct decimal *b, const struct decimal *x,
                          const struct decimal **out) ERR_MUST_USE;

struct decimal *dec_alloc(struct arena *a, uint32_t n);
const struct decimal *dec_small(struct arena *a, bool neg, uint64_t c, int32_t exponent);

/* A view of d's coefficient that GMP may read. */
static inline void
dec_view(mpz_t out, const struct decimal *d)
{
    mpz_roinit_n(out, (const mp_limb_t *)d->limbs, (mp_size_t)d->n);
}

#endif
