/* planner/aggregates.c - the table of aggregates, and the calls that operators make. */
#include "config.h"

#include "planner/aggregates_int.h"

#define DEF(NAME, P, ...) {.name = NAME, .state_size = AGG_STATE_MAX, AGG_FNS(P), __VA_ARGS__}
#define MOVES(NAME, P, ...) DEF(NAME, P, .remove = P##_remove, .n_partial = 2, __VA_ARGS__)
#define COUNTER .ret = &TYPE_INT8, .n_partial = 1, .state_size = 8, .remove = agg_count_remove
#define STATS(NAME)                                                                        \
    DEF(NAME, agg_var, .args = {&TYPE_INT8}, .ret = &TYPE_DECIMAL, .n_partial = 3),         \
    DEF(NAME, agg_var, .args = {&TYPE_DECIMAL}, .ret = &TYPE_DECIMAL, .n_partial = 3),      \
    DEF(NAME, agg_var_float, .args = {&TYPE_FLOAT8}, .ret = &TYPE_FLOAT8, .n_partial = 3)
#define CORR(A, B) DEF("corr", agg_corr, .args = {&A, &B}, .ret = &TYPE_FLOAT8, .n_partial = 6)
#define BITS(NAME)                                                                            \
    DEF(NAME, agg_bits, .args = {&TYPE_INT8}, .ret = &TYPE_INT8, .n_partial = 1,              \
        .distinct_free = true),                                                               \
    DEF(NAME, agg_bitstring, .args = {&TYPE_VARBIT}, .ret = &TYPE_VARBIT, .n_partial = 1,     \
        .distinct_free = true)
#define BOOLS(NAME) DEF(NAME, agg_bool, .args = {&TYPE_BOOL}, .ret = &TYPE_BOOL, .n_partial = 1, \
                        .distinct_free = true)
#define LIST .args = {&TYPE_ANY}, .takes_null = true, .ordered = true, .n_partial = 1

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
const struct agg_def agg_defs[] = {
    {.name = "count", COUNTER, AGG_FNS(agg_count), .takes_null = true},
    {.name = "count", COUNTER, AGG_FNS(agg_count), .args = {&TYPE_ANY}},
    {.name = "count_rows", COUNTER, AGG_FNS(agg_count), .takes_null = true},
    MOVES("sum", agg_sum, .args = {&TYPE_INT8}, .ret = &TYPE_DECIMAL),
    MOVES("sum", agg_sum, .args = {&TYPE_DECIMAL}, .ret = &TYPE_DECIMAL),
    DEF("sum", agg_sum_float, .args = {&TYPE_FLOAT8}, .ret = &TYPE_FLOAT8, .n_partial = 2),
    MOVES("sum", agg_sum_interval, .args = {&TYPE_INTERVAL}, .ret = &TYPE_INTERVAL),
    MOVES("sum_int", agg_sum_int, .args = {&TYPE_INT8}, .ret = &TYPE_INT8, .n_partial = 1),
    MOVES("avg", agg_sum, .args = {&TYPE_INT8}, .ret = &TYPE_DECIMAL,
        .result = agg_avg_result),
    MOVES("avg", agg_sum, .args = {&TYPE_DECIMAL}, .ret = &TYPE_DECIMAL,
        .result = agg_avg_result),
    DEF("avg", agg_sum_float, .args = {&TYPE_FLOAT8}, .ret = &TYPE_FLOAT8, .n_partial = 2,
        .result = agg_avg_float_result),
    MOVES("avg", agg_sum_interval, .args = {&TYPE_INTERVAL}, .ret = &TYPE_INTERVAL,
        .result = agg_avg_interval_result),
    DEF("min", agg_minmax, .args = {&TYPE_ANY}, .n_partial = 1, .distinct_free = true),
    DEF("max", agg_minmax, .args = {&TYPE_ANY}, .n_partial = 1, .distinct_free = true),
    BOOLS("bool_and"),
    BOOLS("bool_or"),
    BOOLS("every"),
    DEF("array_agg", agg_array, LIST, .ret_array = true),
    DEF("string_agg", agg_concat, .args = {&TYPE_STRING, &TYPE_STRING}, .ret = &TYPE_STRING,
        .ordered = true, .n_partial = 2),
    DEF("string_agg", agg_concat, .args = {&TYPE_BYTES, &TYPE_BYTES}, .ret = &TYPE_BYTES,
        .ordered = true, .n_partial = 2),
    DEF("concat_agg", agg_concat, .args = {&TYPE_STRING}, .ret = &TYPE_STRING, .ordered = true,
        .n_partial = 2),
    DEF("concat_agg", agg_concat, .args = {&TYPE_BYTES}, .ret = &TYPE_BYTES, .ordered = true,
        .n_partial = 2),
    DEF("json_agg", agg_json, LIST, .ret = &TYPE_JSONB),
    DEF("jsonb_agg", agg_json, LIST, .ret = &TYPE_JSONB),
    STATS("variance"),
    STATS("var_samp"),
    STATS("stddev"),
    STATS("stddev_samp"),
    STATS("sqrdiff"),
    CORR(TYPE_FLOAT8, TYPE_FLOAT8),
    CORR(TYPE_INT8, TYPE_INT8),
    CORR(TYPE_FLOAT8, TYPE_INT8),
    CORR(TYPE_INT8, TYPE_FLOAT8),
    BITS("bit_and"),
    BITS("bit_or"),
    DEF("xor_agg", agg_bits, .args = {&TYPE_INT8}, .ret = &TYPE_INT8, .n_partial = 1),
    DEF("xor_agg", agg_xor_bytes, .args = {&TYPE_BYTES}, .ret = &TYPE_BYTES, .n_partial = 1),
};
#pragma GCC diagnostic pop
const size_t n_agg_defs = sizeof(agg_defs) / sizeof(agg_defs[0]);

bool
agg_exists(const char *name)
{
    for (size_t i = 0; i < n_agg_defs; i++)
        if (strcmp(agg_defs[i].name, name) == 0)
            return true;
    return false;
}

static struct error *
prefixed(const struct agg_call *c, struct error *e)
{
    return e == NULL ? NULL : err_wrap(e, "%s()", c->def->name);
}

struct error *
agg_add(const struct agg_ctx *x, const struct agg_call *c, void *state, const struct datum *args)
{
    if (!c->def->takes_null && c->n_args > 0 && args[0].null)
        return NULL;
    return prefixed(c, c->def->add(x, c, state, args));
}

struct error *
agg_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
           struct datum *out)
{
    return prefixed(c, c->def->result(x, c, state, out));
}

bool
agg_remove(const struct agg_ctx *x, const struct agg_call *c, void *state, const struct datum *args)
{
    if (c->def->remove == NULL)
        return false;
    if (!c->def->takes_null && c->n_args > 0 && args[0].null)
        return true;
    return c->def->remove(x, c, state, args);
}

void
agg_partial_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    c->def->partial_types(a, c, out);
}

struct error *
agg_export(const struct agg_ctx *x, const struct agg_call *c, const void *state, struct datum *out)
{
    return prefixed(c, c->def->export(x, c, state, out));
}

struct error *
agg_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
          const struct datum *partial)
{
    return prefixed(c, c->def->merge(x, c, state, partial));
}
