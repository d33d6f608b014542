/* planner/eval_int.h - inside of evaluation: comparison of two values, calls. */
#ifndef AMBERDB_PLANNER_EVAL_INT_H
#define AMBERDB_PLANNER_EVAL_INT_H

#include "planner/expr.h"

/* Values compare by their 64 bits as integers. */
static inline bool
eval_is_i64(const struct type *t)
{
    switch (t->family) {
    case FAMILY_BOOL: case FAMILY_INT: case FAMILY_DATE: case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ: case FAMILY_TIME: case FAMILY_OID:
        return true;
    default:
        return false;
    }
}

static inline bool
eval_is_text(const struct type *t)
{
    return t->family == FAMILY_STRING || t->family == FAMILY_BYTES || t->family == FAMILY_UUID;
}

static inline bool
eval_cmp_holds(enum compare_op op, int c)
{
    switch (op) {
    case CMP_EQ: return c == 0;
    case CMP_NE: return c != 0;
    case CMP_LT: return c < 0;
    case CMP_LE: return c <= 0;
    case CMP_GT: return c > 0;
    default: return c >= 0;
    }
}

/* -1, 0, 1; neither is NULL, no tuples. */
int eval_order(const struct type *lt, const struct datum *l, const struct type *rt,
               const struct datum *r, const struct eval_env *env);
/* Three-valued, tuples too: out is BOOL or NULL. Handles NULL operands. */
void eval_compare(enum compare_op op, const struct type *lt, const struct datum *l,
                  const struct type *rt, const struct datum *r, const struct eval_env *env,
                  struct datum *out);
/* NULL = NULL; tuples field by field. */
bool eval_not_distinct(const struct type *lt, const struct datum *l, const struct type *rt,
                       const struct datum *r, const struct eval_env *env);
/* args as given; NULL in, NULL out; prefixes errors. */
struct error *eval_call(const struct fn_call *call, const struct eval_env *env,
                        const struct datum *args, struct datum *out) ERR_MUST_USE;
struct error *eval_in(const struct expr *e, const struct eval_env *env, const struct datum *left,
                      const struct datum *list, struct datum *out) ERR_MUST_USE;

#endif
