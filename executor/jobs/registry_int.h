/* executor/jobs/registry_int.h - between the registry and the statements on jobs. */
#ifndef AMBERDB_EXECUTOR_JOBS_REGISTRY_INT_H
#define AMBERDB_EXECUTOR_JOBS_REGISTRY_INT_H

#include "executor/jobs/jobs.h"

enum job_request { JOB_REQUEST_NONE, JOB_REQUEST_PAUSE, JOB_REQUEST_CANCEL };

/* The record was asked to stop (and committed): tell the thread that runs it, and the sweep. */
void job_request(struct job_registry *reg, int64_t id, enum job_request q);
/* Run a job of this node unless it runs already, is paused, or ended. */
struct error *job_run_now(struct node *n, int64_t id) ERR_MUST_USE;
/* The record, in a transaction of its own; memory from a. */
struct error *job_status(struct node *n, struct arena *a, int64_t id, struct job_record *out)
    ERR_MUST_USE;
/* Read, change, write in a transaction of its own. */
struct error *job_modify(struct node *n, int64_t id,
                         struct error *(*fn)(void *arg, struct arena *a, struct job_record *r),
                         void *arg) ERR_MUST_USE;
/* The ids that a statement's query gives; NULLs are skipped. what: "PAUSE JOBS", for messages. */
/* Those that are a whole value of it are numbers of jobs. */
void job_ids_placeholders(struct exec_ctx *x, const struct ast_select *select);
struct error *job_ids_of_select(struct exec_ctx *x, const struct ast_select *select,
                                const char *what, int64_t **ids, size_t *n) ERR_MUST_USE;

#endif
