/* executor/statement_stats.h - how often and how long statements ran, by application and by text
 * without constants: crdb_internal.node_statement_statistics.
 *
 * In memory, of this node, from its start. Bounded: when there are too many texts, all begin anew.
 *
 * Threads: any.
 */
#ifndef AMBERDB_EXECUTOR_STATEMENT_STATS_H
#define AMBERDB_EXECUTOR_STATEMENT_STATS_H

#include "base/arena.h"

struct statement_stats;

/* One execution. */
struct statement_sample {
    const char *application, *key, *anonymized;
    const char *error;       /* NULL: it did not fail */
    bool implicit_txn;
    int retries;
    int64_t rows;            /* returned or changed */
    double plan_s, run_s, service_s;
};

/* Sums of many. Means, and sums of squared differences from them. */
struct statement_moment {
    double mean, squares;
};
struct statement_stat {
    const char *application, *key, *anonymized, *last_error;
    bool failed, implicit_txn;
    int64_t count, first_attempts, max_retries;
    struct statement_moment rows, plan, run, service;
};

struct statement_stats *statement_stats_create(void);
void statement_stats_destroy(struct statement_stats *s);
void statement_stats_add(struct statement_stats *s, const struct statement_sample *x);
/* A copy in a, in no order. */
struct statement_stat *statement_stats_list(struct statement_stats *s, struct arena *a, size_t *n);

#endif
