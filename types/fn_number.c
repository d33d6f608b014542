/* Functions of numbers. FLOAT ones are libm's; DECIMAL ones those of decimal.h. */
#include "config.h"

#include <math.h>

#include "base/enc.h"
#include "types/decimal_int.h"
#include "types/fn_int.h"

/* ---- FLOAT to FLOAT ------------------------------------------------------------------------- */

#define FLOAT1(name, expr)            \
    SCALAR(name)                      \
    {                                 \
        UNUSED(env), UNUSED(call);    \
        const double x = args[0].f;   \
        *out = datum_float(expr);     \
        return NULL;                  \
    }

#define FLOAT2(name, expr)            \
    SCALAR(name)                      \
    {                                 \
        UNUSED(env), UNUSED(call);    \
        const double x = args[0].f;   \
        const double y = args[1].f;   \
        *out = datum_float(expr);     \
        return NULL;                  \
    }

static double
radians_of(double degrees)
{
    return degrees * (M_PI / 180.0);
}

static double
degrees_of(double radians)
{
    return radians * (180.0 / M_PI);
}

FLOAT1(float_abs, fabs(x))
FLOAT1(float_sign, x < 0 ? -1 : x == 0 ? 0 : 1) /* of NaN: 1 */
FLOAT1(float_ceil, ceil(x))
FLOAT1(float_floor, floor(x))
FLOAT1(float_trunc, trunc(x))
FLOAT1(float_round, rint(x)) /* half to even: nobody changes the rounding mode */
FLOAT1(float_cbrt, cbrt(x))
FLOAT1(float_exp, exp(x))
FLOAT1(float_ln, log(x))
FLOAT1(float_log10, log10(x))
FLOAT1(float_sin, sin(x))
FLOAT1(float_cos, cos(x))
FLOAT1(float_tan, tan(x))
FLOAT1(float_cot, 1 / tan(x))
FLOAT1(float_asin, asin(x))
FLOAT1(float_acos, acos(x))
FLOAT1(float_atan, atan(x))
FLOAT1(float_sinh, sinh(x))
FLOAT1(float_cosh, cosh(x))
FLOAT1(float_tanh, tanh(x))
FLOAT1(float_asinh, asinh(x))
FLOAT1(float_acosh, acosh(x))
FLOAT1(float_atanh, atanh(x))
FLOAT1(float_sind, sin(radians_of(x)))
FLOAT1(float_cosd, cos(radians_of(x)))
FLOAT1(float_tand, tan(radians_of(x)))
FLOAT1(float_cotd, 1 / tan(radians_of(x)))
FLOAT1(float_asind, degrees_of(asin(x)))
FLOAT1(float_acosd, degrees_of(acos(x)))
FLOAT1(float_atand, degrees_of(atan(x)))
FLOAT1(float_degrees, 180.0 * x / M_PI)
FLOAT1(float_radians, x * M_PI / 180.0)
FLOAT2(float_atan2, atan2(x, y))
FLOAT2(float_atan2d, degrees_of(atan2(x, y)))
FLOAT2(float_pow, pow(x, y))

SCALAR(float_sqrt)
{
    UNUSED(env), UNUSED(call);
    if (args[0].f < 0)
        return err_new(ERR_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                       "cannot take square root of a negative number");
    *out = datum_float(sqrt(args[0].f));
    return NULL;
}

static struct error *
check_log(int sign)
{
    if (sign < 0)
        return err_new(ERR_INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of a negative number");
    if (sign == 0)
        return err_new(ERR_INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of zero");
    return NULL;
}

static int
float_sign_of(double f)
{
    return f < 0 ? -1 : f == 0 ? 0 : 1;
}

SCALAR(float_log_base)
{
    UNUSED(env), UNUSED(call);
    ERR_TRY(check_log(float_sign_of(args[1].f)));
    ERR_TRY(check_log(float_sign_of(args[0].f)));
    *out = datum_float(log10(args[1].f) / log10(args[0].f));
    return NULL;
}

SCALAR(float_div)
{
    UNUSED(env), UNUSED(call);
    *out = datum_float(trunc(args[0].f / args[1].f));
    return NULL;
}

SCALAR(float_mod)
{
    UNUSED(env), UNUSED(call);
    *out = datum_float(fmod(args[0].f, args[1].f));
    return NULL;
}

SCALAR(float_isnan)
{
    UNUSED(env), UNUSED(call);
    *out = datum_bool(isnan(args[0].f));
    return NULL;
}

SCALAR(pi)
{
    UNUSED(env), UNUSED(call), UNUSED(args);
    *out = datum_float(M_PI);
    return NULL;
}

/* Through the shortest decimal, half to even. */
SCALAR(float_round_scale)
{
    UNUSED(call);
    const struct decimal *d;
    *out = args[0];
    if (!isfinite(args[0].f))
        return NULL;
    int32_t scale = (int32_t)args[1].i;
    struct dec_context ctx = dec_ctx_high;
    ctx.half_even = true;
    ERR_TRY(decimal_from_double(env->arena, args[0].f, &d));
    struct num x;
    num_init_set(&x, d);
    num_quantize(&x, -(int64_t)scale, &ctx);
    d = num_to_decimal(env->arena, &x);
    num_clear(&x);
    *out = datum_float(decimal_to_double(d));
    return NULL;
}

/* ---- INT ------------------------------------------------------------------------------------ */

SCALAR(int_abs)
{
    UNUSED(env), UNUSED(call);
    if (args[0].i == INT64_MIN)
        return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                       "abs of min integer value (-9223372036854775808) not defined");
    *out = datum_int(args[0].i < 0 ? -args[0].i : args[0].i);
    return NULL;
}

SCALAR(int_sign)
{
    UNUSED(env), UNUSED(call);
    *out = datum_int((args[0].i > 0) - (args[0].i < 0));
    return NULL;
}

SCALAR(int_as_float)
{
    UNUSED(env), UNUSED(call);
    *out = datum_float((double)args[0].i);
    return NULL;
}

SCALAR(int_div)
{
    UNUSED(env), UNUSED(call);
    if (args[1].i == 0)
        return division_by_zero();
    if (args[1].i == -1)
        return sub_overflow_i64(0, args[0].i, &out->i) ? int_out_of_range() : NULL;
    *out = datum_int(args[0].i / args[1].i);
    return NULL;
}

SCALAR(int_mod)
{
    UNUSED(env), UNUSED(call);
    if (args[1].i == 0)
        return zero_modulus();
    *out = datum_int(args[1].i == -1 ? 0 : args[0].i % args[1].i);
    return NULL;
}

SCALAR(int_pow)
{
    /* The operator's rules; see ops_number.c. */
    for (size_t i = 0; i < overloads_number_ops.n; i++) {
        const struct overload *o = &overloads_number_ops.v[i];
        if (strcmp(o->name, "^") == 0 && o->args[0] == &TYPE_INT8 && o->args[1] == &TYPE_INT8)
            return o->fn(env, call, args, out);
    }
    return int_out_of_range();
}

/* ---- DECIMAL -------------------------------------------------------------------------------- */

static int
decimal_sign_of(const struct decimal *d)
{
    return decimal_is_zero(d) ? 0 : d->neg ? -1 : 1;
}

#define DECIMAL1(name, fn)                          \
    SCALAR(name)                                    \
    {                                               \
        UNUSED(call);                               \
        out->dec = fn(env->arena, args[0].dec);     \
        return NULL;                                \
    }

#define DECIMAL2(name, fn)                                                   \
    SCALAR(name)                                                             \
    {                                                                        \
        UNUSED(call);                                                        \
        return fn(env->arena, args[0].dec, args[1].dec, &out->dec);          \
    }

DECIMAL1(dec_abs, decimal_abs)
DECIMAL1(dec_ceil, decimal_ceil)
DECIMAL1(dec_floor, decimal_floor)
DECIMAL2(dec_div, decimal_floor_div)
DECIMAL2(dec_mod, decimal_mod)
DECIMAL2(dec_pow, decimal_pow)

SCALAR(dec_sign)
{
    UNUSED(call);
    out->dec = decimal_from_i64(env->arena, decimal_sign_of(args[0].dec));
    return NULL;
}

SCALAR(dec_trunc)
{
    UNUSED(call);
    out->dec = decimal_trunc(env->arena, args[0].dec, 0);
    return NULL;
}

SCALAR(dec_round)
{
    UNUSED(call);
    out->dec = decimal_round(env->arena, args[0].dec, 0);
    return NULL;
}

SCALAR(dec_round_scale)
{
    UNUSED(call);
    int64_t scale = args[1].i;
    int32_t clamped = scale > 100000 ? 100000 : scale < -100000 ? -100000 : (int32_t)scale;
    out->dec = decimal_round(env->arena, args[0].dec, clamped);
    return NULL;
}

SCALAR(dec_cbrt)
{
    UNUSED(call);
    return decimal_cbrt(env->arena, args[0].dec, &out->dec);
}

SCALAR(dec_sqrt)
{
    UNUSED(call);
    if (decimal_sign_of(args[0].dec) < 0)
        return err_new(ERR_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                       "cannot take square root of a negative number");
    return decimal_sqrt(env->arena, args[0].dec, &out->dec);
}

SCALAR(dec_exp)
{
    UNUSED(call);
    return decimal_exp(env->arena, args[0].dec, &out->dec);
}

SCALAR(dec_ln)
{
    UNUSED(call);
    ERR_TRY(check_log(decimal_sign_of(args[0].dec)));
    return decimal_ln(env->arena, args[0].dec, &out->dec);
}

SCALAR(dec_log10)
{
    UNUSED(call);
    ERR_TRY(check_log(decimal_sign_of(args[0].dec)));
    return decimal_log10(env->arena, args[0].dec, &out->dec);
}

SCALAR(dec_log_base)
{
    UNUSED(call);
    ERR_TRY(check_log(decimal_sign_of(args[1].dec)));
    ERR_TRY(check_log(decimal_sign_of(args[0].dec)));
    return decimal_log(env->arena, args[0].dec, args[1].dec, &out->dec);
}

SCALAR(dec_isnan)
{
    UNUSED(env), UNUSED(call);
    *out = datum_bool(args[0].dec->form == DECIMAL_NAN);
    return NULL;
}

/* ---- buckets -------------------------------------------------------------------------------- */

static struct error *
width_bucket(double x, double low, double high, int64_t count, struct datum *out)
{
    if (isinf(x) || isinf(low) || isinf(high))
        return invalid_parameter("operand, lower bound, and upper bound cannot be infinity");
    if (count <= 0)
        return err_new(ERR_INVALID_ARGUMENT_FOR_WIDTH_BUCKET, "count must be greater than zero");
    if (low == high)
        return err_new(ERR_INVALID_ARGUMENT_FOR_WIDTH_BUCKET,
                       "lower bound cannot equal upper bound");
    if (isnan(x) || isnan(low) || isnan(high))
        return err_new(ERR_INVALID_ARGUMENT_FOR_WIDTH_BUCKET,
                       "operand, lower bound, and upper bound cannot be NaN");
    if ((low < high && x > high) || (low > high && x < high)) {
        *out = datum_int(0);
        return add_overflow_i64(count, 1, &out->i) ? int_out_of_range() : NULL;
    }
    if ((low < high && x < low) || (low > high && x > low)) {
        *out = datum_int(0);
        return NULL;
    }
    double bucket = floor((x - low) / ((high - low) / (double)count)) + 1;
    *out = datum_int(bucket >= 9.2e18 ? INT64_MAX : (int64_t)bucket);
    return NULL;
}

SCALAR(width_bucket_int)
{
    UNUSED(env), UNUSED(call);
    return width_bucket((double)args[0].i, (double)args[1].i, (double)args[2].i, args[3].i, out);
}

SCALAR(width_bucket_decimal)
{
    UNUSED(env), UNUSED(call);
    return width_bucket(decimal_to_double(args[0].dec), decimal_to_double(args[1].dec),
                        decimal_to_double(args[2].dec), args[3].i, out);
}

SCALAR(width_bucket_array)
{
    UNUSED(env);
    const struct array *a = args[1].arr;
    if (!type_equivalent(call->arg_types[0], a->elem))
        return err_new(ERR_UNCATEGORIZED, "Operand and thresholds must be of the same type");
    int i = 0;
    while (i < a->n && datum_compare(a->elem, &args[0], &a->v[i]) >= 0)
        i++;
    *out = datum_int(i);
    return NULL;
}

/* ---- table ---------------------------------------------------------------------------------- */

#define FN(n, r, f, ...) \
    {.name = n, .args = {__VA_ARGS__}, .ret = &TYPE_##r, .fn = f, .category = "Math and numeric"}
#define FLOAT_1(n, f) FN(n, FLOAT8, f, &TYPE_FLOAT8)
#define DECIMAL_1(n, f) FN(n, DECIMAL, f, &TYPE_DECIMAL)
#define FLOAT_2(n, f) FN(n, FLOAT8, f, &TYPE_FLOAT8, &TYPE_FLOAT8)
#define DECIMAL_2(n, f) FN(n, DECIMAL, f, &TYPE_DECIMAL, &TYPE_DECIMAL)
#define INT_2(n, f) FN(n, INT8, f, &TYPE_INT8, &TYPE_INT8)

static const struct overload rows[] = {
    FLOAT_1("abs", float_abs),
    DECIMAL_1("abs", dec_abs),
    FN("abs", INT8, int_abs, &TYPE_INT8),
    FLOAT_1("sign", float_sign),
    DECIMAL_1("sign", dec_sign),
    FN("sign", INT8, int_sign, &TYPE_INT8),
    FLOAT_1("ceil", float_ceil),
    DECIMAL_1("ceil", dec_ceil),
    FN("ceil", FLOAT8, int_as_float, &TYPE_INT8),
    FLOAT_1("ceiling", float_ceil),
    DECIMAL_1("ceiling", dec_ceil),
    FN("ceiling", FLOAT8, int_as_float, &TYPE_INT8),
    FLOAT_1("floor", float_floor),
    DECIMAL_1("floor", dec_floor),
    FN("floor", FLOAT8, int_as_float, &TYPE_INT8),
    FLOAT_1("trunc", float_trunc),
    DECIMAL_1("trunc", dec_trunc),
    FLOAT_1("round", float_round),
    DECIMAL_1("round", dec_round),
    FN("round", FLOAT8, float_round_scale, &TYPE_FLOAT8, &TYPE_INT8),
    FN("round", DECIMAL, dec_round_scale, &TYPE_DECIMAL, &TYPE_INT8),
    FLOAT_1("cbrt", float_cbrt),
    DECIMAL_1("cbrt", dec_cbrt),
    FLOAT_1("sqrt", float_sqrt),
    DECIMAL_1("sqrt", dec_sqrt),
    FLOAT_1("exp", float_exp),
    DECIMAL_1("exp", dec_exp),
    FLOAT_1("ln", float_ln),
    DECIMAL_1("ln", dec_ln),
    FLOAT_1("log", float_log10),
    DECIMAL_1("log", dec_log10),
    FLOAT_2("log", float_log_base),
    DECIMAL_2("log", dec_log_base),
    FLOAT_2("div", float_div),
    DECIMAL_2("div", dec_div),
    INT_2("div", int_div),
    FLOAT_2("mod", float_mod),
    DECIMAL_2("mod", dec_mod),
    INT_2("mod", int_mod),
    FLOAT_2("pow", float_pow),
    DECIMAL_2("pow", dec_pow),
    INT_2("pow", int_pow),
    FLOAT_2("power", float_pow),
    DECIMAL_2("power", dec_pow),
    INT_2("power", int_pow),
    FN("isnan", BOOL, float_isnan, &TYPE_FLOAT8),
    FN("isnan", BOOL, dec_isnan, &TYPE_DECIMAL),
    FLOAT_1("sin", float_sin),
    FLOAT_1("cos", float_cos),
    FLOAT_1("tan", float_tan),
    FLOAT_1("cot", float_cot),
    FLOAT_1("asin", float_asin),
    FLOAT_1("acos", float_acos),
    FLOAT_1("atan", float_atan),
    FLOAT_2("atan2", float_atan2),
    FLOAT_1("sind", float_sind),
    FLOAT_1("cosd", float_cosd),
    FLOAT_1("tand", float_tand),
    FLOAT_1("cotd", float_cotd),
    FLOAT_1("asind", float_asind),
    FLOAT_1("acosd", float_acosd),
    FLOAT_1("atand", float_atand),
    FLOAT_2("atan2d", float_atan2d),
    FLOAT_1("sinh", float_sinh),
    FLOAT_1("cosh", float_cosh),
    FLOAT_1("tanh", float_tanh),
    FLOAT_1("asinh", float_asinh),
    FLOAT_1("acosh", float_acosh),
    FLOAT_1("atanh", float_atanh),
    FLOAT_1("degrees", float_degrees),
    FLOAT_1("radians", float_radians),
    {.name = "pi", .ret = &TYPE_FLOAT8, .fn = pi, .category = "Math and numeric"},
    FN("width_bucket", INT8, width_bucket_decimal, &TYPE_DECIMAL, &TYPE_DECIMAL, &TYPE_DECIMAL,
       &TYPE_INT8),
    FN("width_bucket", INT8, width_bucket_int, &TYPE_INT8, &TYPE_INT8, &TYPE_INT8, &TYPE_INT8),
    {.name = "width_bucket", .args = {&TYPE_ANY, &TYPE_ANY_ARRAY}, .ret = &TYPE_INT8,
     .fn = width_bucket_array, .any_apart = true, .category = "Math and numeric"},
};

const struct overload_table overloads_number_fns = {rows, ARRAY_COUNT(rows), false};
