/* executor/relational/subquery.h - values of subquery expressions: exec_state->subquery. */
#ifndef AMBERDB_EXECUTOR_RELATIONAL_SUBQUERY_H
#define AMBERDB_EXECUTOR_RELATIONAL_SUBQUERY_H

#include "executor/exec.h"

struct error *subquery_eval(struct exec_state *st, const struct expr *e,
                            const struct eval_env *env, const struct datum *row,
                            struct datum *out) ERR_MUST_USE;

#endif
