/* Randomness, and functions that take anything. */
#include "config.h"

#include "base/hash.h"
#include "types/fn_int.h"

/* [0, 1): 53 random bits. */
SCALAR(random_float)
{
    UNUSED(env), UNUSED(call), UNUSED(args);
    *out = datum_float((double)(random_u64() >> 11) * 0x1p-53);
    return NULL;
}

/* All arguments have the type of the result; NULLs do not count. */
static struct error *
extreme(const struct fn_call *call, const struct datum *args, int wanted, struct datum *out)
{
    *out = DATUM_NULL;
    for (int i = 0; i < call->n_args; i++)
        if (!args[i].null && (out->null || datum_compare(call->type, &args[i], out) == wanted))
            *out = args[i];
    return NULL;
}

SCALAR(greatest)
{
    UNUSED(env);
    return extreme(call, args, 1, out);
}

SCALAR(least)
{
    UNUSED(env);
    return extreme(call, args, -1, out);
}

static const struct type *
type_of_first(struct arena *a, int n, const struct type *const *args)
{
    (void)a;
    for (int i = 0; i < n; i++)
        if (args[i]->family != FAMILY_UNKNOWN)
            return args[i];
    return &TYPE_UNKNOWN;
}

#define ANY_OF(n, f)                                                               \
    {.name = n, .variadic = &TYPE_ANY, .ret_fn = type_of_first, .fn = f, .null_args = true, \
     .category = "Comparison"}

static const struct overload rows[] = {
    {.name = "random", .ret = &TYPE_FLOAT8, .fn = random_float, .volatility = VOLATILE,
     .category = "Math and numeric"},
    ANY_OF("greatest", greatest),
    ANY_OF("least", least),
};

const struct overload_table overloads_misc_fns = {rows, ARRAY_COUNT(rows), false};
