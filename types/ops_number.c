/* Arithmetic and bit operators on INT, FLOAT, DECIMAL. */
#include "config.h"

#include <math.h>

#include "base/enc.h"
#include "types/fn_int.h"

/* ---- INT ------------------------------------------------------------------------------------ */

SCALAR(int_add)
{
    UNUSED(env), UNUSED(call);
    return add_overflow_i64(args[0].i, args[1].i, &out->i) ? int_out_of_range() : NULL;
}

SCALAR(int_sub)
{
    UNUSED(env), UNUSED(call);
    return sub_overflow_i64(args[0].i, args[1].i, &out->i) ? int_out_of_range() : NULL;
}

SCALAR(int_mul)
{
    UNUSED(env), UNUSED(call);
    return mul_overflow_i64(args[0].i, args[1].i, &out->i) ? int_out_of_range() : NULL;
}

SCALAR(int_floor_div)
{
    UNUSED(env), UNUSED(call);
    if (args[1].i == 0)
        return division_by_zero();
    if (args[1].i == -1)
        return sub_overflow_i64(0, args[0].i, &out->i) ? int_out_of_range() : NULL;
    out->i = args[0].i / args[1].i;
    return NULL;
}

SCALAR(int_mod)
{
    UNUSED(env), UNUSED(call);
    if (args[1].i == 0)
        return zero_modulus();
    out->i = args[1].i == -1 ? 0 : args[0].i % args[1].i;
    return NULL;
}

/* A fraction (2 ^ -1), 0 ^ 0 and 0 ^ -1 are out of range, too. */
SCALAR(int_pow)
{
    UNUSED(env), UNUSED(call);
    int64_t x = args[0].i, y = args[1].i, z = 1;
    if (x == 0) {
        if (y <= 0)
            return int_out_of_range();
        out->i = 0;
        return NULL;
    }
    if (x == 1 || x == -1) {
        out->i = y % 2 == 0 ? 1 : x;
        return NULL;
    }
    if (y < 0 || y > 63)
        return int_out_of_range();
    for (; y > 0; y--)
        if (mul_overflow_i64(z, x, &z))
            return int_out_of_range();
    out->i = z;
    return NULL;
}

SCALAR(int_and)
{
    UNUSED(env), UNUSED(call);
    out->i = args[0].i & args[1].i;
    return NULL;
}

SCALAR(int_or)
{
    UNUSED(env), UNUSED(call);
    out->i = args[0].i | args[1].i;
    return NULL;
}

SCALAR(int_xor)
{
    UNUSED(env), UNUSED(call);
    out->i = args[0].i ^ args[1].i;
    return NULL;
}

SCALAR(int_shift_left)
{
    UNUSED(env), UNUSED(call);
    if (args[1].i < 0 || args[1].i >= 64)
        return invalid_parameter("shift argument out of range");
    out->i = (int64_t)((uint64_t)args[0].i << args[1].i);
    return NULL;
}

SCALAR(int_shift_right)
{
    UNUSED(env), UNUSED(call);
    if (args[1].i < 0 || args[1].i >= 64)
        return invalid_parameter("shift argument out of range");
    out->i = args[0].i >> args[1].i;
    return NULL;
}

SCALAR(int_minus)
{
    UNUSED(env), UNUSED(call);
    return sub_overflow_i64(0, args[0].i, &out->i) ? int_out_of_range() : NULL;
}

SCALAR(int_complement)
{
    UNUSED(env), UNUSED(call);
    out->i = ~args[0].i;
    return NULL;
}

SCALAR(identity)
{
    UNUSED(env), UNUSED(call);
    *out = args[0];
    return NULL;
}

/* ---- FLOAT ---------------------------------------------------------------------------------- */

SCALAR(float_add)
{
    UNUSED(env), UNUSED(call);
    out->f = args[0].f + args[1].f;
    return NULL;
}

SCALAR(float_sub)
{
    UNUSED(env), UNUSED(call);
    out->f = args[0].f - args[1].f;
    return NULL;
}

SCALAR(float_mul)
{
    UNUSED(env), UNUSED(call);
    out->f = args[0].f * args[1].f;
    return NULL;
}

SCALAR(float_div)
{
    UNUSED(env), UNUSED(call);
    if (args[1].f == 0)
        return division_by_zero();
    out->f = args[0].f / args[1].f;
    return NULL;
}

SCALAR(float_floor_div)
{
    UNUSED(env), UNUSED(call);
    if (args[1].f == 0)
        return division_by_zero();
    out->f = trunc(args[0].f / args[1].f);
    return NULL;
}

SCALAR(float_mod)
{
    UNUSED(env), UNUSED(call);
    if (args[1].f == 0)
        return zero_modulus();
    out->f = fmod(args[0].f, args[1].f);
    return NULL;
}

SCALAR(float_pow)
{
    UNUSED(env), UNUSED(call);
    out->f = pow(args[0].f, args[1].f);
    return NULL;
}

SCALAR(float_minus)
{
    UNUSED(env), UNUSED(call);
    out->f = -args[0].f;
    return NULL;
}

/* ---- DECIMAL, alone and with INT on either side --------------------------------------------- */

/* The operand as a DECIMAL, whatever its type is. */
static const struct decimal *
operand(const struct eval_env *env, const struct fn_call *call, const struct datum *args, int i)
{
    return call->overload->args[i]->family == FAMILY_INT ? decimal_from_i64(env->arena, args[i].i)
                                                         : args[i].dec;
}

#define DECIMAL_OPERATOR(name, fn)                                                              \
    SCALAR(name)                                                                                \
    {                                                                                           \
        return fn(env->arena, operand(env, call, args, 0), operand(env, call, args, 1),         \
                  &out->dec);                                                                   \
    }

DECIMAL_OPERATOR(decimal_op_add, decimal_add)
DECIMAL_OPERATOR(decimal_op_sub, decimal_sub)
DECIMAL_OPERATOR(decimal_op_mul, decimal_mul)
DECIMAL_OPERATOR(decimal_op_div, decimal_div)
DECIMAL_OPERATOR(decimal_op_floor_div, decimal_floor_div)
DECIMAL_OPERATOR(decimal_op_mod, decimal_mod)
DECIMAL_OPERATOR(decimal_op_pow, decimal_pow)

SCALAR(decimal_op_minus)
{
    UNUSED(call);
    out->dec = decimal_neg(env->arena, args[0].dec);
    return NULL;
}

/* ---- table ---------------------------------------------------------------------------------- */

#define BINARY(op, l, r, res, f) \
    {.name = (op), .args = {&TYPE_##l, &TYPE_##r}, .ret = &TYPE_##res, .fn = (f)}
#define UNARY(op, x, f) {.name = (op), .args = {&TYPE_##x}, .ret = &TYPE_##x, .fn = (f)}
#define WITH_DECIMALS(op, int_fn, int_res, float_fn, decimal_fn)                                 \
    BINARY(op, INT8, INT8, int_res, int_fn), BINARY(op, FLOAT8, FLOAT8, FLOAT8, float_fn),       \
        BINARY(op, DECIMAL, DECIMAL, DECIMAL, decimal_fn),                                       \
        BINARY(op, DECIMAL, INT8, DECIMAL, decimal_fn),                                          \
        BINARY(op, INT8, DECIMAL, DECIMAL, decimal_fn)

static const struct overload rows[] = {
    WITH_DECIMALS("+", int_add, INT8, float_add, decimal_op_add),
    WITH_DECIMALS("-", int_sub, INT8, float_sub, decimal_op_sub),
    WITH_DECIMALS("*", int_mul, INT8, float_mul, decimal_op_mul),
    WITH_DECIMALS("/", decimal_op_div, DECIMAL, float_div, decimal_op_div),
    WITH_DECIMALS("//", int_floor_div, INT8, float_floor_div, decimal_op_floor_div),
    WITH_DECIMALS("%", int_mod, INT8, float_mod, decimal_op_mod),
    WITH_DECIMALS("^", int_pow, INT8, float_pow, decimal_op_pow),
    BINARY("&", INT8, INT8, INT8, int_and),
    BINARY("|", INT8, INT8, INT8, int_or),
    BINARY("#", INT8, INT8, INT8, int_xor),
    BINARY("<<", INT8, INT8, INT8, int_shift_left),
    BINARY(">>", INT8, INT8, INT8, int_shift_right),
    UNARY("-", INT8, int_minus),
    UNARY("-", FLOAT8, float_minus),
    UNARY("-", DECIMAL, decimal_op_minus),
    UNARY("+", INT8, identity),
    UNARY("+", FLOAT8, identity),
    UNARY("+", DECIMAL, identity),
    UNARY("~", INT8, int_complement),
};

const struct overload_table overloads_number_ops = {rows, ARRAY_COUNT(rows), true};
