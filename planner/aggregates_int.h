/* planner/aggregates_int.h - inside of the accumulators: kept decimals, growing arrays of datums. */
#ifndef AMBERDB_PLANNER_AGGREGATES_INT_H
#define AMBERDB_PLANNER_AGGREGATES_INT_H

#include "planner/aggregate.h"
#include "types/decimal.h"

/* A decimal that is replaced again and again without growing the arena. */
struct agg_decimal {
    struct decimal *d; /* NULL: none yet */
    uint32_t cap;      /* limbs */
};
void agg_decimal_set(const struct agg_ctx *x, struct agg_decimal *s, const struct decimal *d);
/* s += d; an empty s becomes d. */
struct error *agg_decimal_add(const struct agg_ctx *x, struct agg_decimal *s,
                              const struct decimal *d) ERR_MUST_USE;

/* A value that is replaced: min, max. */
struct agg_value {
    struct datum d;
    bool seen;
    void *buf;
    size_t cap;
};
void agg_value_set(const struct agg_ctx *x, struct agg_value *s, const struct type *t,
                   const struct datum *d);

struct agg_list_state {
    struct datum *v;
    int n, cap;
};
void agg_list_push(const struct agg_ctx *x, struct agg_list_state *s, const struct type *t,
                   const struct datum *d);

/* x as DECIMAL: INT or DECIMAL arguments */
const struct decimal *agg_to_decimal(struct arena *a, const struct type *t, const struct datum *d);

/* One entry of agg_defs, by the file that has its functions. */
#define AGG_FNS(p) .add = p##_add, .result = p##_result, .export = p##_export, .merge = p##_merge, \
                   .partial_types = p##_types
#define AGG_DECLARE(p)                                                                             \
    struct error *p##_add(const struct agg_ctx *x, const struct agg_call *c, void *state,           \
                          const struct datum *args);                                                \
    struct error *p##_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,  \
                             struct datum *out);                                                    \
    struct error *p##_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,  \
                             struct datum *out);                                                    \
    struct error *p##_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,         \
                            const struct datum *in);                                                \
    void p##_types(struct arena *a, const struct agg_call *c, const struct type **out)

/* aggregates_sum.c */
AGG_DECLARE(agg_count);
AGG_DECLARE(agg_sum_int);
AGG_DECLARE(agg_sum);
AGG_DECLARE(agg_sum_float);
AGG_DECLARE(agg_sum_interval);
bool agg_count_remove(const struct agg_ctx *x, const struct agg_call *c, void *state,
                      const struct datum *args);
bool agg_sum_int_remove(const struct agg_ctx *x, const struct agg_call *c, void *state,
                        const struct datum *args);
bool agg_sum_remove(const struct agg_ctx *x, const struct agg_call *c, void *state, const struct datum *args);
bool agg_sum_interval_remove(const struct agg_ctx *x, const struct agg_call *c, void *state,
                             const struct datum *args);
struct error *agg_count_star_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
                                 const struct datum *args);
struct error *agg_avg_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                             struct datum *out);
struct error *agg_avg_float_result(const struct agg_ctx *x, const struct agg_call *c,
                                   const void *state, struct datum *out);
struct error *agg_avg_interval_result(const struct agg_ctx *x, const struct agg_call *c,
                                      const void *state, struct datum *out);
/* aggregates_stat.c */
AGG_DECLARE(agg_var);
AGG_DECLARE(agg_var_float);
AGG_DECLARE(agg_corr);
/* aggregates_value.c */
AGG_DECLARE(agg_minmax);
AGG_DECLARE(agg_bool);
AGG_DECLARE(agg_bits);
AGG_DECLARE(agg_bitstring);
AGG_DECLARE(agg_xor_bytes);
AGG_DECLARE(agg_array);
AGG_DECLARE(agg_json);
AGG_DECLARE(agg_concat);

#define AGG_STATE_MAX 96 /* every state fits */

#endif
