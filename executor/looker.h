/* executor/looker.h - a thread that looks for something to do, once a second, or sooner when it is nudged.
 *
 * Threads: nudge from any; start, stop and free from who opens and closes the node.
 */
#ifndef AMBERDB_EXECUTOR_LOOKER_H
#define AMBERDB_EXECUTOR_LOOKER_H

#include "executor/node.h"

struct looker;
/* Look once, and do it; memory from a is gone afterwards. *again: there may be more, look at once. */
typedef struct error *looker_fn(struct node *n, struct arena *a, bool *again);

struct error *looker_start(struct node *n, const char *name, looker_fn *fn,
                           struct looker **out) ERR_MUST_USE;
void looker_nudge(struct looker *l); /* NULL: nothing */
/* Waits for what it does. It may be nudged until it is freed. */
void looker_stop(struct looker *l);
void looker_free(struct looker *l);

#endif
