/* executor/metrics.h - what a node counts and measures: crdb_internal.node_metrics, /_status/vars.
 *
 * Threads: any.
 */
#ifndef AMBERDB_EXECUTOR_METRICS_H
#define AMBERDB_EXECUTOR_METRICS_H

#include "executor/node.h"

struct metric {
    const char *name; /* "sql.select.count" */
    double value;
    bool gauge;       /* goes up and down; else only up */
};

#define MAX_METRICS 32
/* How many there are in v. */
int metrics_list(struct node *n, struct metric v[MAX_METRICS]);

#endif
