/* executor/backup/attach_int.h - what ATTACH records and what reads it back. */
#ifndef AMBERDB_EXECUTOR_BACKUP_ATTACH_INT_H
#define AMBERDB_EXECUTOR_BACKUP_ATTACH_INT_H

#include "executor/backup/attach.h"
#include "executor/backup/backup_int.h"

#define LAYER_ID_LEN 64
/* Tells one backup from another that lies at the same place. */
void attach_layer_id(const struct backup_layer *l, uint8_t out[LAYER_ID_LEN]);

/* ---- attach_collate.c ---- */

/* All pairs of t's indexes with collated keys, under this server's keys, as mapped files that live as long
 * as `maps`. rows: the primary index, in whatever order. */
struct error *attach_collate(struct node *n, const struct table *t, struct engine_iter *rows,
                             const struct cancel *cancel, struct arena *maps, struct slice **runs,
                             size_t *n_runs) ERR_MUST_USE;

#endif
