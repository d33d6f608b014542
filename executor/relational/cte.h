/* executor/relational/cte.h - running WITH queries. */
#ifndef AMBERDB_EXECUTOR_RELATIONAL_CTE_H
#define AMBERDB_EXECUTOR_RELATIONAL_CTE_H

#include "executor/exec.h"

/* Run it to its end and keep its rows, unless that was done before. */
struct error *cte_run(struct exec_ctx *x, const struct plan_cte *c) ERR_MUST_USE;

#endif
