/* executor/asks.h - what a node asks another over the store that they share.
 *
 *   key     "\x04\0amberdb-ask-" | who is asked, 4 bytes | number, 8 bytes
 *   value   NodeAsk: who asks, what; then the answer
 *
 * Who asks writes a row for each node and looks every tenth of a second for answers; each node has a thread
 * that answers rows that are for it, once a second or when it learns of one. Who asked removes the rows; what
 * is left of one that died goes when it is old. A node that does not answer in ASK_NS has said nothing.
 *
 * Threads: all of it is thread safe.
 */
#ifndef AMBERDB_EXECUTOR_ASKS_H
#define AMBERDB_EXECUTOR_ASKS_H

#include "executor/exec.h"
#include "executor/session_registry.h"

#define ASK_NS INT64_C(5000000000)

/* The sessions of this node, or of all nodes, this one's first; of one that did not answer there is an
 * entry without id whose active query says so. In x->arena. */
struct error *ask_sessions(struct exec_ctx *x, bool all, struct session_info **out,
                           int *n) ERR_MUST_USE;
/* Cancel a query, or (whole) a session, by its id, wherever it is. As session_registry_cancel_query. */
struct error *ask_cancel(struct exec_ctx *x, const char *id, const char *user, bool whole, bool *found,
                         bool *denied) ERR_MUST_USE;

/* The thread that answers: n->asks, none where the store is not shared. */
struct error *asks_start(struct node *n) ERR_MUST_USE;
struct span asks_span(void);

#endif
