/* executor/table_stats.h - a table's statistics, kept from one plan to the next.
 *
 * Read from system.table_statistics by a transaction of its own, so that they are no part of what the
 * session's transaction has read; kept until this process changes them, or for a few seconds.
 * Threads: any.
 */
#ifndef AMBERDB_EXECUTOR_TABLE_STATS_H
#define AMBERDB_EXECUTOR_TABLE_STATS_H

#include "executor/exec.h"
#include "planner/table_stats.h"

struct stats_cache; /* of a store: shared by the nodes of a process */

struct stats_cache *stats_cache_create(void);
void stats_cache_destroy(struct stats_cache *c); /* NULL is fine */

/* NULL: there are none (or they could not be read, which is logged). Lives as long as x->arena. */
const struct table_stats *table_stats_get(struct exec_ctx *x, const struct table *t);
/* The same number again: this process has changed none in between. */
uint64_t table_stats_generation(struct node *n);
/* x's transaction changes the statistics of a table. */
void table_stats_changed(struct exec_ctx *x, uint32_t table_id);

#endif
