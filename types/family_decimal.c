/* DECIMAL as a type family: text, binary, order. The arithmetic is decimal*.c. */
#include "config.h"

#include "types/type_ops_int.h"

#include "base/enc.h"
#include "types/decimal_int.h"

static void
decimal_ops_format(struct str *s, const struct type *t, const struct datum *d,
                   enum text_mode mode, const struct eval_env *env)
{
    (void)t;
    (void)mode;
    (void)env;
    decimal_format(s, d->dec);
}

static void
decimal_ops_format_sql(struct str *s, const struct type *t, const struct datum *d,
                       const struct eval_env *env)
{
    (void)t;
    (void)env;
    bool quote = d->dec->form != DECIMAL_FINITE;
    if (quote)
        str_append_char(s, '\'');
    decimal_format(s, d->dec);
    if (quote)
        str_append_char(s, '\'');
}

static struct error *
decimal_ops_parse(const struct eval_env *env, const struct type *t, struct slice text,
                  struct datum *out)
{
    if (!decimal_parse(env->arena, text, &out->dec))
        return type_parse_error(env, t, text, NULL);
    return NULL;
}

/* ---- PostgreSQL binary ------------------------------------------------------------------------
 *
 *   0  int16   groups of four digits
 *   2  int16   weight: the first group counts 10000^weight
 *   4  uint16  sign: 0 plus, 0x4000 minus, 0xC000 NaN (infinities are sent so, too)
 *   6  int16   digits behind the point, to be shown
 *   8  int16[] groups, 0..9999
 * SOURCE: PostgreSQL 9.5 src/backend/utils/adt/numeric.c, numeric_send.
 */
enum { SIGN_PLUS = 0, SIGN_MINUS = 0x4000, SIGN_NAN = 0xC000 };

static void
put_i16(struct str *s, int64_t v)
{
    uint8_t b[2];
    enc_put_be16(b, (uint16_t)v);
    str_append(s, b, 2);
}

static struct error *
decimal_ops_to_binary(struct str *s, const struct type *t, const struct datum *d,
                      const struct eval_env *env)
{
    (void)env;
    const struct decimal *x = d->dec;
    if (x->form != DECIMAL_FINITE) {
        put_i16(s, 0);
        put_i16(s, 0);
        put_i16(s, SIGN_NAN);
        put_i16(s, 0);
        return NULL;
    }
    int64_t dscale = x->exponent < 0 ? -(int64_t)x->exponent : 0;
    int64_t before = x->exponent + decimal_digits(x); /* digits before the point */
    if (dscale > INT16_MAX || before > INT16_MAX)
        return type_binary_error(t, "it has too many digits");

    struct str g;
    str_init(&g, STR_MAX_DEFAULT);
    if (x->n > 0) {
        /* Zeros in front and behind so that groups meet the point. */
        str_append_fill(&g, '0', (size_t)(((-before) % 4 + 4) % 4));
        decimal_coeff_digits(&g, x);
        str_append_fill(&g, '0', x->exponent > 0 ? (size_t)x->exponent : 0);
        str_append_fill(&g, '0', (4 - g.len % 4) % 4);
    }
    size_t n = g.len / 4;
    while (n > 0 && memcmp(g.ptr + 4 * (n - 1), "0000", 4) == 0)
        n--;
    /* Rounds up for either sign: -3..0 digits before the point are weight -1. */
    int64_t weight = (before > 0 ? (before + 3) / 4 : before / 4) - 1;
    put_i16(s, (int64_t)n);
    put_i16(s, n == 0 ? 0 : weight);
    put_i16(s, x->neg ? SIGN_MINUS : SIGN_PLUS);
    put_i16(s, dscale);
    for (size_t i = 0; i < n; i++) {
        const char *p = g.ptr + 4 * i;
        put_i16(s, (p[0] - '0') * 1000 + (p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0'));
    }
    str_release(&g);
    return NULL;
}

static struct error *
decimal_ops_from_binary(const struct eval_env *env, const struct type *t, struct slice bytes,
                        struct datum *out)
{
    struct reader r = reader_make(bytes);
    unsigned n = reader_be16(&r);
    int weight = (int16_t)reader_be16(&r);
    unsigned sign = reader_be16(&r);
    int dscale = (int16_t)reader_be16(&r);
    if (r.failed || reader_left(&r) != 2 * (size_t)n || dscale < 0)
        return type_binary_error(t, "its length is wrong");
    if (sign == SIGN_NAN) {
        out->dec = decimal_special(env->arena, DECIMAL_NAN, false);
        return NULL;
    }
    if (sign != SIGN_PLUS && sign != SIGN_MINUS)
        return type_binary_error(t, "its sign is unknown");
    struct num x;
    num_init(&x);
    for (unsigned i = 0; i < n; i++) {
        unsigned group = reader_be16(&r);
        if (group > 9999) {
            num_clear(&x);
            return type_binary_error(t, "a group of digits is too large");
        }
        mpz_mul_ui(x.c, x.c, 10000);
        mpz_add_ui(x.c, x.c, group);
    }
    x.neg = sign == SIGN_MINUS && mpz_sgn(x.c) != 0;
    /* Bring it to the scale it is shown with. */
    int64_t shift = 4 * ((int64_t)weight - (int64_t)n + 1) + dscale;
    mpz_t p;
    mpz_init(p);
    mpz_pow10(p, shift < 0 ? -shift : shift);
    if (shift < 0)
        mpz_tdiv_q(x.c, x.c, p);
    else
        mpz_mul(x.c, x.c, p);
    mpz_clear(p);
    x.exponent = -dscale;
    unsigned res = num_round(&x, &dec_ctx_exact);
    return num_finish(env->arena, &x, res, &out->dec);
}

/* ---- the rest ------------------------------------------------------------------------------- */

static int
decimal_ops_compare(const struct type *t, const struct datum *a, const struct datum *b)
{
    (void)t;
    return decimal_cmp(a->dec, b->dec);
}

static uint64_t
decimal_ops_hash(const struct type *t, const struct datum *d, uint64_t seed)
{
    (void)t;
    return decimal_hash(d->dec, seed);
}

static struct datum
decimal_ops_copy(struct arena *a, const struct type *t, const struct datum *d)
{
    (void)t;
    return (struct datum){.dec = decimal_copy(a, d->dec)};
}

static size_t
decimal_ops_size(const struct type *t, const struct datum *d)
{
    (void)t;
    return sizeof(struct decimal) + d->dec->n * sizeof(uint64_t);
}

static struct error *
decimal_ops_fit(const struct eval_env *env, const struct type *t, struct datum *d)
{
    return decimal_fit(env->arena, d->dec, t->precision, t->width, &d->dec);
}

static struct error *
decimal_ops_adjust(const struct eval_env *env, const struct type *t, const char *column,
                   struct datum *d)
{
    struct error *e = decimal_ops_fit(env, t, d);
    if (e == NULL || column == NULL)
        return e;
    return err_wrap(e, "type %s (column \"%s\")", type_sql_str(env->arena, t), column);
}

const struct type_ops type_ops_decimal = {
    .name = "decimal",
    .format = decimal_ops_format,
    .format_sql = decimal_ops_format_sql,
    .parse = decimal_ops_parse,
    .to_binary = decimal_ops_to_binary,
    .from_binary = decimal_ops_from_binary,
    .compare = decimal_ops_compare,
    .hash = decimal_ops_hash,
    .copy = decimal_ops_copy,
    .size = decimal_ops_size,
    .fit = decimal_ops_fit,
    .adjust = decimal_ops_adjust,
};
