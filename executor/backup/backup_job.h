/* executor/backup/backup_job.h - a BACKUP under way: what its job and the nodes that work for it share.
 *
 * Ownership: all in the arena that it was opened with. Threads: one thread's.
 */
#ifndef AMBERDB_EXECUTOR_BACKUP_BACKUP_JOB_H
#define AMBERDB_EXECUTOR_BACKUP_BACKUP_JOB_H

#include "executor/backup/destinations.h"
#include "executor/backup/export.h"

struct backup_job {
    struct job *j;            /* NULL on a node that works for another's */
    struct node *node;
    const struct cancel *cancel;
    struct arena *a;
    Amberdb__BackupDetails *d;
    pb_manifest *m;           /* what will be BACKUP */
    struct crypt_key key;
    const struct crypt_key *use_key;
    struct sink *sink;        /* default destination */
    struct destinations *dests; /* where data go */
    struct file_list files;
    uint64_t *primary;
    size_t n_primary;
    double fraction_before;   /* done by earlier runs */
    bool orphans;             /* there may be files that no list has, of runs and nodes that died */
};

/* Parse the job's details and open the default destination. */
struct error *backup_job_open(struct node *n, const struct cancel *cancel, Amberdb__BackupDetails *d,
                              struct arena *a, struct backup_job *b) ERR_MUST_USE;
struct error *backup_job_destinations(struct backup_job *b) ERR_MUST_USE;
/* What to say about how pieces are exported; the callbacks are the caller's. */
struct export_opts backup_export_opts(struct backup_job *b);
/* The span, times and destination of a piece; introduced: before the layer's start. */
struct export_item backup_item(const struct backup_job *b, bool introduced);

#endif
