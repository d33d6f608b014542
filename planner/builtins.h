/* planner/builtins.h - functions that need the session or the catalog: the planner's own overloads.
 *
 * Looked up after types/'s tables. One table per builtins_*.c.
 */
#ifndef AMBERDB_PLANNER_BUILTINS_H
#define AMBERDB_PLANNER_BUILTINS_H

#include "types/overload.h"

extern const struct overload_table builtins_session, builtins_catalog, builtins_privileges,
    builtins_crdb, builtins_sequences, builtins_gens;
extern const struct overload_table *const planner_overload_tables[];
extern const size_t n_planner_overload_tables;

#endif
