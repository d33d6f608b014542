/* planner/table_stats.h - what CREATE STATISTICS found out about a table, for the planner's guesses.
 *
 * Of each column the newest statistics on that column alone (system.table_statistics). A guess made
 * from them may be wrong, a result never.
 */
#ifndef AMBERDB_PLANNER_TABLE_STATS_H
#define AMBERDB_PLANNER_TABLE_STATS_H

#include <stdint.h>

#include "types/datum.h"

/* Rows that equal upper, and rows and distinct values between it and the bucket before. */
struct stats_bucket {
    struct datum upper;
    double equal, range, distinct;
};

struct column_stats {
    uint32_t column_id;
    double distinct; /* values, NULL as one of them; at least 1 */
    double nulls;    /* rows */
    /* Its histogram, in order of the bounds; NULLs are in none. */
    int n_buckets;   /* 0: there is none */
    const struct type *type;
    const struct stats_bucket *buckets;
    double in_buckets; /* rows; more than 0 when there are buckets */
};

struct table_stats {
    double rows;     /* by the newest statistics of all; at least 1 */
    int n;
    const struct column_stats *columns;
};

#endif
