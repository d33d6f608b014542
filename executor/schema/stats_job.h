/* executor/schema/stats_job.h - statistics of a table as a job: started by a statement, or by itself. */
#ifndef AMBERDB_EXECUTOR_SCHEMA_STATS_JOB_H
#define AMBERDB_EXECUTOR_SCHEMA_STATS_JOB_H

#include "executor/exec.h"

/* Statistics that are made by themselves. SOURCE: CockroachDB v20.1 pkg/sql/stats/automatic_stats.go */
#define STATS_AUTO_NAME "__auto__"

/* What CREATE STATISTICS asks for. */
struct stats_order {
    const char *name;
    const struct table *table;
    const struct column *const *columns; /* one list, by id; NULL: the usual ones */
    int n_columns;
    struct hlc as_of;                    /* empty: when the job begins */
    double throttling;                   /* part of the time that the job idles when there is much to do */
    const char *statement;               /* as events tell it */
    const char *text;                    /* as jobs are described: with full names */
};

/* Start the job, in a transaction of its own, as x's user. XXUUU, for automatic statistics: another is at
 * work. To be waited for by job_wait. */
struct error *stats_job_start(struct exec_ctx *x, const struct stats_order *o, int64_t *id) ERR_MUST_USE;
/* Is err what stats_job_start says when another is at work? */
bool stats_job_is_busy(const struct error *err);

#endif
