/* executor/mutation/mutation.h - writing rows of tables, with every constraint.
 *
 * A struct mutator serves one statement: it keeps, per table touched, what foreign keys must be
 * checked or followed once all rows are written. Rows are arrays by column ordinal (n_all_columns).
 *
 *     mutator_create(x, arena, &m)
 *     mutator_table(m, table, target or NULL, &mt)     target: checks, computed columns (plan.h)
 *     mut_insert / mut_update / mut_delete(mt, ...)    writes pairs; NOT NULL, CHECK, UNIQUE at once
 *     mutator_finish(m)                                foreign keys, cascades; rows counted for statistics
 *
 * Errors:  23502, 23503, 23505, 23514, texts of sql.md 12. Threads: the statement's.
 */
#ifndef AMBERDB_EXECUTOR_MUTATION_MUTATION_H
#define AMBERDB_EXECUTOR_MUTATION_MUTATION_H

#include "executor/exec.h"

struct mutator;
struct mut_table;

enum mut_verb { MUT_INSERT, MUT_UPSERT, MUT_UPDATE, MUT_DELETE };

struct error *mutator_create(struct exec_ctx *x, struct arena *a, struct mutator **out) ERR_MUST_USE;
struct error *mutator_table(struct mutator *m, const struct table *t,
                            const struct plan_target *target, struct mut_table **out) ERR_MUST_USE;
const struct table *mut_table_of(const struct mut_table *mt);
/* Values made to fit their columns, computed columns filled in. scratch: where new values live. */
struct error *mut_prepare_row(struct mut_table *mt, struct arena *scratch, struct datum *row,
                              const bool *changed) ERR_MUST_USE;
/* NOT NULL and CHECK. old: the row that it takes the place of. */
struct error *mut_check_row(struct mut_table *mt, struct arena *scratch, const struct datum *row)
    ERR_MUST_USE;
struct error *mut_check_updated_row(struct mut_table *mt, struct arena *scratch,
                                    const struct datum *old, const struct datum *row) ERR_MUST_USE;
/* The keys, up to MUT_EXPECT_MAX in all, by which mut_insert and mut_find will look whether such a row is
 * there; of indexes whose columns are all known. For kv_prefetch: a missing or wrong one does no harm. */
#define MUT_EXPECT_MAX 128
struct error *mut_expect_row(struct mut_table *mt, struct arena *scratch, const struct datum *row,
                             const bool *known, struct slice *keys, int *n) ERR_MUST_USE;
/* No key of a row to come can be there, so that INSERT need not look. */
void mut_keys_are_new(struct mut_table *mt);
/* The row is prepared and checked. verb: for foreign key messages. */
struct error *mut_insert(struct mut_table *mt, struct arena *scratch, const struct datum *row,
                         enum mut_verb verb) ERR_MUST_USE;
/* Insert over whatever is there under the primary key (a table with nothing else to keep right). */
struct error *mut_put_blind(struct mut_table *mt, struct arena *scratch, const struct datum *row)
    ERR_MUST_USE;
struct error *mut_update(struct mut_table *mt, struct arena *scratch, const struct datum *old,
                         const struct datum *row, enum mut_verb verb) ERR_MUST_USE;
struct error *mut_delete(struct mut_table *mt, struct arena *scratch, const struct datum *old)
    ERR_MUST_USE;
/* The existing row that has this row's values in ix's key; *old NULL when there is none or a value is
 * NULL. Sees what this statement wrote. *old lives in scratch. */
struct error *mut_find(struct mut_table *mt, struct arena *scratch, const struct index *ix,
                       const struct datum *row, struct datum **old) ERR_MUST_USE;
/* Any unique index: the first that is taken. */
struct error *mut_find_any(struct mut_table *mt, struct arena *scratch, const struct datum *row,
                           bool *found) ERR_MUST_USE;
/* After kv_txn_spill: the error of a key that was inserted twice. */
struct error *mut_spilled_duplicate(struct mut_table *mt, struct arena *scratch) ERR_MUST_USE;
/* What mut_insert has written so far: rows, entries of other indexes, bytes of keys and values. */
struct mut_written { int64_t rows, index_entries, bytes; };
struct mut_written mut_written(const struct mut_table *mt);
bool mut_has_foreign_keys(const struct mut_table *mt);
/* What mut_delete will write, for the session's trace. */
struct error *mut_trace_delete(struct mut_table *mt, struct arena *scratch,
                               const struct datum *old) ERR_MUST_USE;
/* All rows are written: what the session's trace says was sent. end_txn: the transaction's end with
 * it, when it is the statement's own. */
struct error *mut_trace_done(struct mut_table *mt, bool end_txn) ERR_MUST_USE;
struct error *mutator_finish(struct mutator *m) ERR_MUST_USE;

#endif
