/* types/decimal.h - exact decimals of any size: value = (-1)^neg * coefficient * 10^exponent.
 *
 * Trailing zeros and the sign of zero are part of the value (1.50 prints 1.50) but not of its
 * order. The coefficient is n GMP limbs, least significant first, no high zero limb; n = 0 is zero.
 * Immutable once made; lives in an arena. Rules (precision, rounding, limits) are those of
 * CockroachDB v20.1's use of apd: + - * exact, division and roots to 20 significant digits with
 * half-up rounding, exponent limits 2000 (sql.md 5.1).
 */
#ifndef AMBERDB_TYPES_DECIMAL_H
#define AMBERDB_TYPES_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

enum decimal_form { DECIMAL_FINITE, DECIMAL_NAN, DECIMAL_INF };

struct decimal {
    uint8_t form; /* enum decimal_form */
    bool neg;
    int32_t exponent;
    uint32_t n;
    uint64_t limbs[]; /* n */
};

const struct decimal *decimal_from_i64(struct arena *a, int64_t v);
/* coefficient * 10^exponent */
const struct decimal *decimal_from_i64_exp(struct arena *a, int64_t coefficient, int32_t exponent);
struct error *decimal_from_double(struct arena *a, double f, const struct decimal **out)
    ERR_MUST_USE; /* the shortest decimal that reads back to f */
const struct decimal *decimal_special(struct arena *a, enum decimal_form form, bool neg);
const struct decimal *decimal_copy(struct arena *a, const struct decimal *d);
/* coefficient big endian, as stored */
struct error *decimal_from_be(struct arena *a, bool neg, struct slice be, int32_t exponent,
                              const struct decimal **out) ERR_MUST_USE;
/* Text: [+-]digits[.digits][e[+-]n], NaN, [+-]Inf[inity]. false when it is none (caller words it). */
bool decimal_parse(struct arena *a, struct slice text, const struct decimal **out);

void decimal_format(struct str *s, const struct decimal *d); /* 1.50, 1.5E+10, NaN, Infinity */
int64_t decimal_digits(const struct decimal *d); /* of the coefficient; 0 has one */
size_t decimal_coeff_be(const struct decimal *d, uint8_t *buf, size_t cap); /* bytes needed/written */
void decimal_coeff_digits(struct str *s, const struct decimal *d); /* decimal digits of |coefficient| */

int decimal_cmp(const struct decimal *a, const struct decimal *b); /* NaN first, = NaN */
uint64_t decimal_hash(const struct decimal *d, uint64_t seed);     /* 1.0 and 1.00 alike */
bool decimal_is_zero(const struct decimal *d);
/* A coefficient that ten divides; any zero, NaN and infinity. */
bool decimal_is_composite(const struct decimal *d);
double decimal_to_double(const struct decimal *d);
/* Rounds half away from zero; false = out of range or not finite. */
bool decimal_to_i64(const struct decimal *d, int64_t *out);

/* Results in the arena; 22012 for division by zero, 22003 where limits are passed. */
struct error *decimal_add(struct arena *a, const struct decimal *x, const struct decimal *y,
                          const struct decimal **out) ERR_MUST_USE;
struct error *decimal_sub(struct arena *a, const struct decimal *x, const struct decimal *y,
                          const struct decimal **out) ERR_MUST_USE;
struct error *decimal_mul(struct arena *a, const struct decimal *x, const struct decimal *y,
                          const struct decimal **out) ERR_MUST_USE;
struct error *decimal_div(struct arena *a, const struct decimal *x, const struct decimal *y,
                          const struct decimal **out) ERR_MUST_USE;
struct error *decimal_floor_div(struct arena *a, const struct decimal *x, const struct decimal *y,
                                const struct decimal **out) ERR_MUST_USE; /* // truncates */
struct error *decimal_mod(struct arena *a, const struct decimal *x, const struct decimal *y,
                          const struct decimal **out) ERR_MUST_USE;
struct error *decimal_pow(struct arena *a, const struct decimal *x, const struct decimal *y,
                          const struct decimal **out) ERR_MUST_USE;
struct error *decimal_sqrt(struct arena *a, const struct decimal *x,
                           const struct decimal **out) ERR_MUST_USE;
struct error *decimal_cbrt(struct arena *a, const struct decimal *x,
                           const struct decimal **out) ERR_MUST_USE;
struct error *decimal_exp(struct arena *a, const struct decimal *x,
                          const struct decimal **out) ERR_MUST_USE;
struct error *decimal_ln(struct arena *a, const struct decimal *x,
                         const struct decimal **out) ERR_MUST_USE;
struct error *decimal_log10(struct arena *a, const struct decimal *x,
                            const struct decimal **out) ERR_MUST_USE;
const struct decimal *decimal_neg(struct arena *a, const struct decimal *x);
const struct decimal *decimal_abs(struct arena *a, const struct decimal *x);
/* Half away from zero, to `scale` places; pads with zeros as quantize does. */
const struct decimal *decimal_round(struct arena *a, const struct decimal *x, int32_t scale);
const struct decimal *decimal_trunc(struct arena *a, const struct decimal *x, int32_t scale);
const struct decimal *decimal_floor(struct arena *a, const struct decimal *x);
const struct decimal *decimal_ceil(struct arena *a, const struct decimal *x);
/* Without trailing zeros. */
const struct decimal *decimal_reduce(struct arena *a, const struct decimal *x);
/* Fit into DECIMAL(precision, scale): rounds; 22003 "value with precision 10, scale 2 must round to
 * an absolute value less than 10^8". precision 0: unchanged. */
struct error *decimal_fit(struct arena *a, const struct decimal *x, int32_t precision,
                          int32_t scale, const struct decimal **out) ERR_MUST_USE;

#endif
