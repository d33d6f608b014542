/* executor/statement_stats.h - how often and how long statements ran, by application and by text
 * without constants: crdb_internal.node_statement_statistics; transactions by application:
 * node_txn_stats; and how many there were in all: node_metrics.
 *
 * In memory, of this node, from its start. Bounded: when there are too many texts, all begin anew.
 *
 * Threads: any.
 */
#ifndef AMBERDB_EXECUTOR_STATEMENT_STATS_H
#define AMBERDB_EXECUTOR_STATEMENT_STATS_H

#include "base/arena.h"

struct statement_stats;

enum statement_counter {
    COUNT_SELECT, COUNT_INSERT, COUNT_UPDATE, COUNT_DELETE, COUNT_DDL, COUNT_MISC,
    COUNT_QUERY,    /* all of the above */
    COUNT_FAILURE, COUNT_COMMIT, COUNT_ROLLBACK,
    N_STATEMENT_COUNTERS
};

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

struct application_stat {
    const char *application;
    int64_t count, committed, implicit;
    struct statement_moment seconds;
};

struct statement_stats *statement_stats_create(void);
void statement_stats_destroy(struct statement_stats *s);
/* False: not seen before, and x->anonymized, which is NULL, is asked for. */
bool statement_stats_add(struct statement_stats *s, const struct statement_sample *x);
/* A copy in a, in no order. */
struct statement_stat *statement_stats_list(struct statement_stats *s, struct arena *a, size_t *n);

/* Of what ended: a transaction, of BEGIN or of one statement. */
void statement_stats_add_txn(struct statement_stats *s, const char *application, double seconds,
                             bool committed, bool implicit);
struct application_stat *statement_stats_list_txns(struct statement_stats *s, struct arena *a,
                                                   size_t *n);

void statement_stats_count(struct statement_stats *s, enum statement_counter c);
int64_t statement_stats_counted(struct statement_stats *s, enum statement_counter c);

#endif
