/* Casts among INT, FLOAT, DECIMAL, BOOL and OID. See type_ops_int.h, "casts". */
#include "config.h"

#include <math.h>

#include "types/fn_int.h"

#define CAST(name)                                                                    \
    static struct error *name(const struct eval_env *env, const struct type *from,    \
                              const struct datum *d, const struct type *to, struct datum *out)

CAST(number_to_bool)
{
    UNUSED(env), UNUSED(to);
    if (from->family == FAMILY_INT)
        *out = datum_bool(d->i != 0);
    else if (from->family == FAMILY_FLOAT)
        *out = datum_bool(d->f != 0);
    else
        *out = datum_bool(!decimal_is_zero(d->dec));
    return NULL;
}

CAST(bool_to_number)
{
    UNUSED(from);
    if (to->family == FAMILY_INT)
        *out = datum_int(d->i);
    else if (to->family == FAMILY_FLOAT)
        *out = datum_float((double)d->i);
    else
        out->dec = decimal_from_i64(env->arena, d->i);
    return NULL;
}

CAST(int_to_float)
{
    UNUSED(env), UNUSED(from), UNUSED(to);
    *out = datum_float((double)d->i);
    return NULL;
}

CAST(int_to_decimal)
{
    UNUSED(from), UNUSED(to);
    out->dec = decimal_from_i64(env->arena, d->i);
    return NULL;
}

/* The fraction is dropped. The limits themselves are refused: the next doubles inwards are 513 and
 * more away, and 2^63 is none that fits. */
CAST(float_to_int)
{
    UNUSED(env), UNUSED(from), UNUSED(to);
    if (isnan(d->f) || d->f <= (double)INT64_MIN || d->f >= 9223372036854775808.0)
        return int_out_of_range();
    *out = datum_int((int64_t)d->f);
    return NULL;
}

CAST(float_to_decimal)
{
    UNUSED(from), UNUSED(to);
    return decimal_from_double(env->arena, d->f, &out->dec);
}

CAST(decimal_to_int)
{
    UNUSED(env), UNUSED(from), UNUSED(to);
    return decimal_to_i64(d->dec, &out->i) ? NULL : int_out_of_range();
}

CAST(decimal_to_float)
{
    UNUSED(env), UNUSED(from), UNUSED(to);
    double f = decimal_to_double(d->dec);
    if (isinf(f) && d->dec->form == DECIMAL_FINITE)
        return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "float out of range");
    *out = datum_float(f);
    return NULL;
}

CAST(same_bits)
{
    UNUSED(env), UNUSED(from), UNUSED(to);
    *out = datum_int(d->i);
    return NULL;
}

static const struct cast_entry rows[] = {
    {.from = FAMILY_INT, .to = FAMILY_BOOL, .fn = number_to_bool},
    {.from = FAMILY_FLOAT, .to = FAMILY_BOOL, .fn = number_to_bool},
    {.from = FAMILY_DECIMAL, .to = FAMILY_BOOL, .fn = number_to_bool},
    {.from = FAMILY_BOOL, .to = FAMILY_INT, .fn = bool_to_number},
    {.from = FAMILY_BOOL, .to = FAMILY_FLOAT, .fn = bool_to_number},
    {.from = FAMILY_BOOL, .to = FAMILY_DECIMAL, .fn = bool_to_number},
    {.from = FAMILY_INT, .to = FAMILY_FLOAT, .fn = int_to_float},
    {.from = FAMILY_INT, .to = FAMILY_DECIMAL, .fn = int_to_decimal},
    {.from = FAMILY_FLOAT, .to = FAMILY_INT, .fn = float_to_int},
    {.from = FAMILY_FLOAT, .to = FAMILY_DECIMAL, .fn = float_to_decimal},
    {.from = FAMILY_DECIMAL, .to = FAMILY_INT, .fn = decimal_to_int},
    {.from = FAMILY_DECIMAL, .to = FAMILY_FLOAT, .fn = decimal_to_float},
    {.from = FAMILY_INT, .to = FAMILY_OID, .fn = same_bits},
    {.from = FAMILY_OID, .to = FAMILY_INT, .fn = same_bits},
};

const struct cast_table casts_number = {rows, ARRAY_COUNT(rows)};
