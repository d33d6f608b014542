/* planner/as_of.h - AS OF SYSTEM TIME: an expression to a moment of the hybrid clock.
 *
 * Errors: statements.md 0.4, to the letter.
 */
#ifndef AMBERDB_PLANNER_AS_OF_H
#define AMBERDB_PLANNER_AS_OF_H

#include "base/clock.h"
#include "planner/expr.h"

/* c: planner, arena, env (statement time, placeholders). now: of the node's clock; a later moment is
 * refused. */
struct error *eval_as_of(struct type_ctx *c, const struct ast_expr *e, struct hlc now,
                         struct hlc *out) ERR_MUST_USE;

/* A clause of a query, NULL for none; top: of the statement's own. All of a statement say the same moment. */
struct error *plan_as_of(struct planner *p, const struct ast_expr *e, bool top) ERR_MUST_USE;

#endif
