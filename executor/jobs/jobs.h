/* executor/jobs/jobs.h - long work that outlives its statement: rows of system.jobs and who runs them.
 *
 * A job is a row whose payload and progress are CockroachDB's protobufs. The registry of a node runs
 * the jobs that it started or adopted, each in a thread of its own; a job writes what it needs to go
 * on after a crash into its progress or a checkpoint file. State machine and texts: spec jobs.md.
 *
 *     job_create (in the statement's transaction) -> commit -> job_run_now -> resume(job)
 *     after a crash: job_registry_start finds running and reverting rows and resumes them
 *
 * Threads: the registry is shared; a struct job belongs to the thread that resumes it.
 */
#ifndef AMBERDB_EXECUTOR_JOBS_H
#define AMBERDB_EXECUTOR_JOBS_H

#include "executor/exec.h"

enum job_type { /* = the payload's oneof member */
    JOB_BACKUP,
    JOB_RESTORE,
    JOB_SCHEMA_CHANGE,
    JOB_IMPORT,
    JOB_CHANGEFEED,
    JOB_CREATE_STATS,
    JOB_SCHEMA_CHANGE_GC,
    JOB_UNKNOWN,
};

struct job {
    int64_t id;
    enum job_type type;
    struct node *node;
    struct arena *arena;              /* of this run */
    Amberdb__Payload *payload;        /* as loaded; changed through job_update only */
    Amberdb__Progress *progress;
    struct cancel cancel;             /* set by PAUSE, CANCEL, shutdown: look at it often */
    struct job_registry *registry;
    void *state;                      /* of the kind: what resume leaves to revert in this run */
    bool fresh;                       /* the first run: nothing of an earlier one is to be looked for */
    int64_t saved_ns;                 /* monotonic time of the last write of progress */
};

/* What a kind of job does. */
struct job_ops {
    enum job_type type;
    const char *name;                 /* "BACKUP", "SCHEMA CHANGE" */
    const struct result_column *columns; /* of the rows that resume gives; NULL: none */
    int n_columns;
    /* Do the work, from the start or from what an earlier run left. NULL: succeeded. When the cancel
     * token was set: return its error, the registry knows why. rows: the statement's result rows, for
     * a waiting client; NULL when nobody waits. */
    struct error *(*resume)(struct job *j, struct row_sink *rows);
    /* Undo after a failure or CANCEL; may run several times. Optional. */
    struct error *(*revert)(struct job *j);
    /* Among processes over one store: can this node do it? If not, it waits for one that can. Optional. */
    bool (*suits)(struct node *n, const Amberdb__Payload *p);
    /* Does it need the files of certain nodes? When the connection to one is lost, it waits until it suits
     * again, and goes on. Optional; with suits. */
    bool (*leans)(const Amberdb__Payload *p);
};

/* executor/jobs/job_kinds.def lists them: JOB_KIND(backup) is `job_ops_backup`. A type without one is
 * not controllable and never run. */
#define JOB_KIND(x) extern const struct job_ops job_ops_##x;
#include "executor/jobs/job_kinds.def"
#undef JOB_KIND
const struct job_ops *job_ops_find(enum job_type t);

struct job_registry;
struct error *job_registry_create(struct node *n, struct job_registry **out) ERR_MUST_USE;
/* Adopt what earlier processes left, begin the sweep for pause and cancel requests. */
struct error *job_registry_start(struct job_registry *r) ERR_MUST_USE;
/* Ask running jobs to stop where they can be resumed, wait for them. */
void job_registry_stop(struct job_registry *r);
void job_registry_destroy(struct job_registry *r);
/* Another node shall go on with what runs here; nothing more is begun or adopted. Returns at once. */
void job_registry_drain(struct job_registry *r);
/* Does it start jobs now? Not while it drains, nor where a file forbids them. */
bool job_registry_takes(struct job_registry *r);
/* Jobs that run here. */
int job_registry_running(struct job_registry *r);

/* In x's transaction: a row in `running` state, claimed by this node. description: as SHOW JOBS prints
 * it, secrets redacted. payload: details set by the caller; username, description, started are filled
 * in here. Runs when the transaction commits (exec_on_txn_end). */
struct error *job_create(struct exec_ctx *x, Amberdb__Payload *payload, Amberdb__Progress *progress,
                         const char *description, int64_t *id) ERR_MUST_USE;
/* Wait for the end of a job; its result rows go to rows. The job's error, or jobs.md's texts when it
 * was paused or canceled meanwhile. */
struct error *job_wait(struct node *n, int64_t id, const struct cancel *cancel,
                       struct row_sink *rows) ERR_MUST_USE;

/* From inside resume. fraction 0..1; at most a few writes a second reach the store. */
struct error *job_progress(struct job *j, double fraction, const char *running_status) ERR_MUST_USE;
/* Write payload and progress now (a checkpoint), in a transaction of its own. */
struct error *job_save(struct job *j) ERR_MUST_USE;
/* Same in a transaction that does other things too: both happen or none. */
struct error *job_save_txn(struct job *j, struct exec_ctx *x) ERR_MUST_USE;

/* PAUSE, RESUME, CANCEL: requests; errors of jobs.md. */
struct error *job_pause(struct exec_ctx *x, int64_t id) ERR_MUST_USE;
struct error *job_resume(struct exec_ctx *x, int64_t id) ERR_MUST_USE;
struct error *job_cancel(struct exec_ctx *x, int64_t id) ERR_MUST_USE;

/* ---- records, for SHOW JOBS, retention, and RESTORE of system.jobs ----------------------------- */

struct job_record {
    int64_t id;
    const char *status;               /* "running", ... */
    int64_t created_us;               /* since 1970 */
    Amberdb__Payload *payload;        /* NULL when damaged: then payload_error */
    Amberdb__Progress *progress;      /* NULL when there is none, or damaged: progress_error */
    const char *payload_error, *progress_error;
};

/* Memory from a. *found false when there is no such job. */
struct error *job_record_get(struct exec_ctx *x, struct arena *a, int64_t id, struct job_record *out,
                             bool *found) ERR_MUST_USE;
/* Every record, by id. r and what hangs on it live until fn returns. */
struct error *job_record_scan(struct exec_ctx *x,
                              struct error *(*fn)(void *arg, const struct job_record *r), void *arg)
    ERR_MUST_USE;
/* Insert or replace; the parts of the row that did not change are not written. */
struct error *job_record_put(struct exec_ctx *x, const struct job_record *r) ERR_MUST_USE;
struct error *job_record_delete(struct exec_ctx *x, int64_t id) ERR_MUST_USE;
bool job_status_is_terminal(const char *status);
enum job_type job_type_of(const Amberdb__Payload *p);
const char *job_type_name(const Amberdb__Payload *p);

#endif
