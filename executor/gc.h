/* executor/gc.h - the sweeper: what nobody may read any more goes.
 *
 * Once in a while it removes old versions by gc.ttlseconds, and the data and descriptors of tables and
 * indexes that were dropped longer ago than that. One thread a node.
 */
#ifndef AMBERDB_EXECUTOR_GC_H
#define AMBERDB_EXECUTOR_GC_H

#include "executor/node.h"

struct gc;
struct error *gc_start(struct node *n, struct gc **out) ERR_MUST_USE;
void gc_stop(struct gc *g); /* waits for the thread; NULL is fine */

#endif
