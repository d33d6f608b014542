/* executor/backup/shelf.h - manifests that RESTORE has read, for its job, which goes on with them in the
 * same process: so each is read once. (Who reads an attached backup looks whether it is still the one.)
 *
 * What is put here is taken once, or forgotten after a minute, or when others need the room: who finds
 * nothing reads it again.
 *
 * Threads: any.
 */
#ifndef AMBERDB_EXECUTOR_BACKUP_SHELF_H
#define AMBERDB_EXECUTOR_BACKUP_SHELF_H

#include "base/arena.h"
#include "base/slice.h"

struct backup_chain;
struct shelf;
struct shelf *shelf_create(void);
void shelf_destroy(struct shelf *s); /* NULL is fine */
/* id: of the job. */
void shelf_put(struct shelf *s, int64_t id, const struct backup_chain *c);
/* Manifests as messages, one a layer, in a; NULL: there are none for so many layers. */
const struct slice *shelf_take(struct shelf *s, struct arena *a, int64_t id, size_t n_layers);

#endif
