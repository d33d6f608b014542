/* executor/backup/attach_int.h - what ATTACH records and what reads it back. */
#ifndef AMBERDB_EXECUTOR_BACKUP_ATTACH_INT_H
#define AMBERDB_EXECUTOR_BACKUP_ATTACH_INT_H

#include "executor/backup/attach.h"
#include "executor/backup/backup_int.h"

#define LAYER_ID_LEN 64
/* Tells one backup from another that lies at the same place. */
void attach_layer_id(const struct backup_layer *l, uint8_t out[LAYER_ID_LEN]);

#endif
