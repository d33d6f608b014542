/* executor/members.h - the processes over one shared store: their numbers, and which of them are alive.
 *
 * Each has a row in the store below the keys of node liveness, which it renews; one that was not renewed
 * in time counts as dead, and others take over its jobs and ranges. A process that comes back at the same
 * host and address gets its number again, with the next epoch. Over a store of its own a process is
 * number 1 and none of this happens.
 *
 * Threads: all of it is thread safe.
 */
#ifndef AMBERDB_EXECUTOR_MEMBERS_H
#define AMBERDB_EXECUTOR_MEMBERS_H

#include "executor/node.h"

struct members;

/* Takes a number and an epoch for n, fills n->cluster, begins to renew the row. n->members is NULL after
 * it when the store is not shared. */
struct error *members_join(struct node *n) ERR_MUST_USE;
/* No more work for this node from others: its ranges go elsewhere. */
struct error *members_drain(struct node *n) ERR_MUST_USE;
/* That node's ranges go elsewhere (or may come back), whether it is alive or not. *changed false: it was
 * so already. */
struct error *members_decommission(struct node *n, int64_t id, bool to, bool *changed) ERR_MUST_USE;
bool members_draining(struct node *n);
/* The row says from here on that the process is gone. */
void members_leave(struct node *n);

/* The wall time that an expiration is held against: now, but while nobody can renew his row, since a
 * commit of another holds all up or the store is away, and for a moment after, a time before that. */
int64_t members_judged_at(struct node *n);
/* Whether that process was alive when last heard of; this one always is, in its own epoch. */
bool members_alive(struct node *n, uint32_t id, int64_t epoch);
/* Whether this one has the lowest number of those alive: it does what only one should do. */
bool members_first(struct node *n);
/* Whether no other is alive. */
bool members_alone(struct node *n);

#endif
