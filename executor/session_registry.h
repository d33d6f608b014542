/* executor/session_registry.h - the sessions of this node, for SHOW SESSIONS, SHOW QUERIES, CANCEL.
 *
 * Threads: all; one lock inside (RANK_SERVER is taken by callers above, RANK_SESSION here).
 */
#ifndef AMBERDB_EXECUTOR_SESSION_REGISTRY_H
#define AMBERDB_EXECUTOR_SESSION_REGISTRY_H

struct session_registry;

struct session_registry *session_registry_create(void);
void session_registry_destroy(struct session_registry *r); /* no session is left */

#endif
