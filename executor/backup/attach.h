/* executor/backup/attach.h - backups whose tables are queried where they lie (ATTACH BACKUP).
 *
 *     ATTACH writes descriptors: databases that say where the layers are, tables with ids from
 *     KV_FOREIGN_TABLE_MIN on. The first scan of such a table on this process opens the layers; the
 *     transaction layer asks here for its rows.
 *
 * Threads: safe; an iterator belongs to one thread.
 */
#ifndef AMBERDB_EXECUTOR_BACKUP_ATTACH_H
#define AMBERDB_EXECUTOR_BACKUP_ATTACH_H

#include "base/error.h"
#include "executor/node.h"

struct attachments;
/* After node->db was opened; readers of node->db ask what is made here from then on. */
struct attachments *attachments_create(struct node *n);
void attachments_destroy(struct attachments *all); /* NULL is fine; no iterator is open */
/* The backup of that database is detached: what is open of it goes when its last reader does. */
void attachments_forget(struct attachments *all, uint32_t holder);

#endif
