/* executor/auto_stats.h - statistics that are made by themselves, of tables that were written to.
 *
 * A thread of each process counts the rows that statements write, and once a minute starts a job for each
 * table of which too many are new, or that has no statistics. Of all processes over a store one collects
 * at a time. Threads: auto_stats_note from any.
 */
#ifndef AMBERDB_EXECUTOR_AUTO_STATS_H
#define AMBERDB_EXECUTOR_AUTO_STATS_H

#include "executor/node.h"

struct auto_stats;

#define AUTO_STATS_MANY INT32_MAX /* rows: collect in any case */

struct error *auto_stats_start(struct node *n, struct auto_stats **out) ERR_MUST_USE;
void auto_stats_stop(struct auto_stats *s); /* NULL is fine; nothing may be noted afterwards */
/* A statement wrote so many rows of the table (it may yet be undone). */
void auto_stats_note(struct node *n, uint32_t table_id, int64_t rows);

#endif
