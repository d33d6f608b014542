/* catalog/sysrow.h - rows of system tables, for rooms that keep facts in them: jobs, zones,
 * settings, statistics, comments, users, the event log.
 *
 * Rows go through the same descriptors, codecs and transactions as SQL's, but with no privileges,
 * defaults or constraints. A row is an array of datums by column order of the table (all its
 * columns). These calls see the transaction's own writes of the same statement too.
 *
 *     struct datum row[5] = {datum_int(id), datum_cstr("running"), ...};
 *     ERR_TRY(sys_put(ct, ID_JOBS, row));
 */
#ifndef AMBERDB_CATALOG_SYSROW_H
#define AMBERDB_CATALOG_SYSROW_H

#include "catalog/catalog.h"
#include "types/datum.h"

/* Inserts, or replaces the row of the same primary key (its old index entries go). */
struct error *sys_put(struct catalog_txn *ct, uint32_t table_id, const struct datum *row)
    ERR_MUST_USE;
/* By the whole primary key, or (n_key smaller) the first row with that prefix. The row's memory is
 * the arena's. row has room for all columns. */
struct error *sys_get(struct catalog_txn *ct, struct arena *a, uint32_t table_id,
                      const struct datum *key, int n_key, struct datum *row, bool *found)
    ERR_MUST_USE;
/* Every row whose primary key begins with key; *n (may be NULL): how many. */
struct error *sys_delete(struct catalog_txn *ct, uint32_t table_id, const struct datum *key,
                         int n_key, uint64_t *n) ERR_MUST_USE;

/* The row lives until the callback returns; *stop ends the scan. */
typedef struct error *(*sys_row_fn)(void *arg, const struct datum *row, bool *stop);
/* Rows in order of an index (NULL: the primary), beginning with prefix. Of a secondary index only the
 * columns in it are set, the others are NULL. Do not write to the table from the callback. */
struct error *sys_scan(struct catalog_txn *ct, uint32_t table_id, const char *index,
                       const struct datum *prefix, int n_prefix, sys_row_fn fn, void *arg)
    ERR_MUST_USE;

/* The same with a table at hand and no catalog: for start-up and jobs that hold a transaction only. */
struct error *sys_table_put(struct kv_txn *t, struct arena *scratch, const struct table *table,
                            const struct datum *row) ERR_MUST_USE;
struct error *sys_table_scan(struct kv_txn *t, struct arena *scratch, const struct table *table,
                             const struct index *ix, const struct datum *prefix, int n_prefix,
                             sys_row_fn fn, void *arg) ERR_MUST_USE;

#endif
