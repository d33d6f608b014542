/* executor/session_registry.h - the sessions of this node, for SHOW SESSIONS, SHOW QUERIES, CANCEL.
 *
 * Also the watch that ends statements past their statement_timeout.
 * Threads: all; one lock inside (RANK_SERVER is taken by callers above, RANK_SESSION here).
 */
#ifndef AMBERDB_EXECUTOR_SESSION_REGISTRY_H
#define AMBERDB_EXECUTOR_SESSION_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct session_registry;

struct session_registry *session_registry_create(void);
void session_registry_destroy(struct session_registry *r); /* no session is left */

struct session_info {            /* texts in the arena given */
    uint32_t node_id;
    char id[33], query_id[33];   /* hex */
    char *user, *client_address, *application_name;
    char *active_query;          /* NULL: idle */
    char *last_query;            /* NULL: none yet */
    int64_t start_ns, query_start_ns, txn_start_ns; /* wall; txn 0: none */
};

/* A snapshot; *n sessions in the arena. */
struct session_info *session_registry_list(struct session_registry *r, struct arena *a, int *n);
/* false: no such query or session. user NULL: any; else only that user's (*denied otherwise). */
bool session_registry_cancel_query(struct session_registry *r, const char *query_id,
                                   const char *user, bool *denied);
bool session_registry_cancel_session(struct session_registry *r, const char *session_id,
                                     const char *user, bool *denied);

#endif
