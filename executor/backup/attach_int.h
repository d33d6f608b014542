/* executor/backup/attach_int.h - what ATTACH records and what reads it back. */
#ifndef AMBERDB_EXECUTOR_BACKUP_ATTACH_INT_H
#define AMBERDB_EXECUTOR_BACKUP_ATTACH_INT_H

#include "executor/backup/attach.h"
#include "executor/backup/backup_int.h"

#define LAYER_ID_LEN 64
/* Tells one backup from another that lies at the same place. */
void attach_layer_id(const struct backup_layer *l, uint8_t out[LAYER_ID_LEN]);

/* ---- attach_collate.c ---- */

/* Tables whose indexes are made anew together: one, or those that are interleaved in each other. */
struct collated_table {
    const struct table *t;
    pb_table *pb;
    bool *wanted; /* by index: is it made anew? */
};
struct collated_tables {
    struct collated_table *v;
    size_t n;
    /* The table's primary index as the backup has it, in whatever order, among other tables' rows. */
    struct error *(*rows)(void *arg, const struct table *t, struct engine_iter **out);
    void *arg;
};
/* From the first table to the last. */
struct span collated_span(struct arena *a, const struct collated_tables *ts);
/* All pairs of the wanted indexes, under this server's keys, as mapped files that live as long as `maps`. */
struct error *attach_collate(struct node *n, const struct collated_tables *ts,
                             const struct cancel *cancel, struct arena *maps, struct slice **runs,
                             size_t *n_runs) ERR_MUST_USE;

#endif
