/* executor/backup/work_int.h - between the two sides of work.h. */
#ifndef AMBERDB_EXECUTOR_BACKUP_WORK_INT_H
#define AMBERDB_EXECUTOR_BACKUP_WORK_INT_H

#include "base/enc.h"
#include "executor/backup/work.h"
#include "executor/system_rows.h"

#define WORK_PREFIX "\x04\0amberdb-work-"
#define WORK_JOB_AT (sizeof(WORK_PREFIX) - 1)
#define WORK_WHAT   "unit of a backup"

typedef Amberdb__BackupWork pb_work;

static inline pb_work *
work_of(ProtobufCMessage *m)
{
    return (pb_work *)(void *)m;
}

/* A job whose units are planned and watched over. */
struct coordinator {
    struct arena *a;
    struct job *j;
    const struct cancel *cancel;
    /* A unit is done: now, not again. */
    void (*take)(void *arg, const pb_work *w);
    /* What was taken is safe elsewhere, and its rows may go; NULL: they stay. */
    struct error *(*checkpoint)(void *arg);
    struct error *(*progress)(void *arg, double done);
    void *arg;
    /* made here: */
    int64_t run;
    pb_work **units;          /* the first is number `first` */
    bool *collected;
    size_t n, n_collected;
    bool unit_failed;         /* the error that look gave is a unit's, not the store's */
    uint32_t first;           /* rows with lower numbers are of earlier coordinators, and done */
    uint64_t weight, weight_done; /* done: and begun, as far as was told */
    uint64_t weight_before;   /* of those rows */
};

/* Before work_unit. */
void work_begin(struct coordinator *c);
/* A unit for that node; 0: for anybody. */
pb_work *work_unit(struct coordinator *c, uint32_t node, bool only);
/* Writes the units, and waits until all are done. */
struct error *work_do(struct coordinator *c) ERR_MUST_USE;
struct error *work_rows(struct exec_ctx *x, int64_t job, struct system_row **v,
                        size_t *n) ERR_MUST_USE;
static inline uint32_t
work_number(const struct system_row *r)
{
    return enc_get_be32(r->key.ptr + r->key.len - 4);
}

/* restore_work.c: a node brings what a unit is about, and sets its counts. beat is called often. */
struct error *restore_work_unit(struct node *n, struct arena *a, const struct cancel *cancel,
                                int64_t job, Amberdb__RestoreDetails *d, pb_work *w,
                                struct error *(*beat)(void *arg, struct slice mark, double done),
                                void *arg) ERR_MUST_USE;

#endif
