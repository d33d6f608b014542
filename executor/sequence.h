/* executor/sequence.h - nextval and its kin: slots of eval_hooks.
 *
 * A value that was given out is never given again: it is taken in a transaction of its own, which
 * commits at once. A sequence that the statement's own transaction made or changed is read and written
 * through that transaction.
 */
#ifndef AMBERDB_EXECUTOR_SEQUENCE_H
#define AMBERDB_EXECUTOR_SEQUENCE_H

#include "planner/eval_hooks.h"

struct error *sequence_nextval(const struct eval_env *env, struct slice name, int64_t *out)
    ERR_MUST_USE;
struct error *sequence_currval(const struct eval_env *env, struct slice name, int64_t *out)
    ERR_MUST_USE;
struct error *sequence_lastval(const struct eval_env *env, int64_t *out) ERR_MUST_USE;
struct error *sequence_setval(const struct eval_env *env, struct slice name, int64_t value,
                              bool is_called) ERR_MUST_USE;
struct error *sequence_parameters(const struct eval_env *env, uint32_t oid,
                                  struct eval_sequence_parameters *out) ERR_MUST_USE;

#endif
