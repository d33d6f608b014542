/* executor/relational/explain_int.h - what the forms of EXPLAIN share: texts of expressions, and the
 * lines that EXPLAIN (OPT) draws.
 */
#ifndef AMBERDB_EXECUTOR_RELATIONAL_EXPLAIN_INT_H
#define AMBERDB_EXECUTOR_RELATIONAL_EXPLAIN_INT_H

#include "executor/exec.h"
#include "executor/relational/rel_int.h"

/* Columns by the names in cols, else as @number. The text is in a. */
const char *explain_expr(struct arena *a, const struct eval_env *env, const struct expr *e,
                         const struct plan_column *cols, int n);

/* PLAN_STATEMENT: "create table". */
const char *explain_statement_name(struct arena *a, const struct plan_node *n);

/* EXPLAIN (OPT): a row of one text for each line of the tree. */
struct error *explain_opt(struct exec_ctx *x, struct arena *a, const struct plan_root *p,
                          struct row_store *out) ERR_MUST_USE;

#endif
