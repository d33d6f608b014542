/* executor/schema/mutations.h - changes of a table that its descriptor names as under way.
 *
 * A mutation is a column, index, constraint or primary key that is being added or dropped; those of one
 * statement share an id. SOURCE: CockroachDB v20.1 DescriptorMutation, restore-mechanics 9.
 *
 *     mutations_take       out of the descriptor
 *     mutations_apply      as if it was done: the rows are brought after it, or before
 *     mutations_undo       as if it had not begun
 *
 * Nothing here writes t itself; the other side of a foreign key is written. Memory: x->arena.
 */
#ifndef AMBERDB_EXECUTOR_SCHEMA_MUTATIONS_H
#define AMBERDB_EXECUTOR_SCHEMA_MUTATIONS_H

#include "catalog/pb.h"
#include "executor/exec.h"

typedef Amberdb__DescriptorMutation pb_mutation;

#define MUTATION_IS(m, k) ((m)->descriptor_case == AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_##k)

/* Rolled-back mutations carry their direction already turned. */
bool mutation_adds(const pb_mutation *m);
#define NEW_KEY_NAME "new_primary_key" /* of an index without a name of its own, until it is swapped in */

bool mutation_changes_key(const pb_table *t); /* a new primary key of t is under way */
/* A column of that name is on its way out of t's rows. */
bool mutation_drops_column(const pb_table *t, const char *name);
bool mutation_drops_index(const pb_table *t, const char *name); /* the same of its entries */

/* The mutations of an id, and its job's, out of t; *n 0: it has none. */
pb_mutation **mutations_take(struct arena *a, pb_table *t, uint32_t id, size_t *n);

/* Into t: columns and indexes are public, constraints validated, what is dropped forgotten. *rewrite: rows
 * have to be written anew for it. */
struct error *mutations_apply(struct exec_ctx *x, pb_table *t, pb_mutation *const *v, size_t n,
                              bool *rewrite) ERR_MUST_USE;
/* What was to be added goes, the entries of indexes when the garbage collector comes; a column that was
 * to be dropped stays, if it is among v. */
struct error *mutations_undo(struct exec_ctx *x, pb_table *t, pb_mutation *const *v, size_t n)
    ERR_MUST_USE;

/* Do the rows of `now` keep a constraint? 23514, 23502, 23503 when not. */
struct error *mutation_validate(struct exec_ctx *x, const struct table *now,
                                const Amberdb__ConstraintToUpdate *c) ERR_MUST_USE;
/* An error that says so of the rows (23505, too), which trying again would not change. */
bool mutation_contradicted(const struct error *e);

/* The parent of an interleaved index that goes forgets it: when no entry is left. */
struct error *mutation_unlink_index(struct exec_ctx *x, const pb_table *t, const pb_index *ix) ERR_MUST_USE;
/* An index's data go when the garbage collector comes. */
void mutation_collect_index(struct arena *a, pb_table *t, uint32_t id);
/* The families forget a column. */
void mutation_forget_column(pb_table *t, uint32_t id);

#endif
