/* executor/plan_cache.h - the plan of a prepared statement, kept from one execution to the next.
 *
 * A plan is used again while everything that it was made from is the same: the session's settings
 * (vars_generation), what names mean (catalog_stamp), the very descriptors (held by catalog_pin), and
 * the user's rights, which are checked each time. Plans with values of this execution in them,
 * virtual tables, CTEs, AS OF SYSTEM TIME or dates among the constants ('now') are not kept.
 *
 * Threads: the session's.
 */
#ifndef AMBERDB_EXECUTOR_PLAN_CACHE_H
#define AMBERDB_EXECUTOR_PLAN_CACHE_H

#include "executor/session_int.h"

/* The kept plan when it may be used in x's transaction, else a new one. Valid until the next call for
 * the same statement, or its end. */
struct error *plan_cache_get(struct exec_ctx *x, struct prepared *p, struct placeholder_types *ph,
                             const struct plan_root **out) ERR_MUST_USE;

#endif
