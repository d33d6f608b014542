/* executor/peers.h - files of one node for the others: nodelocal://N, wherever it is named.
 *
 * A sink for another node's files (sinks/nodelocal_peer.c) connects to its SQL port: in a secure cluster with
 * the node's own certificate, whose name "node" no user has; in an insecure one as root. What it asks for
 * there is done below the external I/O directory of the node that is asked, by admins alone.
 *
 * Threads: all of it is thread safe.
 */
#ifndef AMBERDB_EXECUTOR_PEERS_H
#define AMBERDB_EXECUTOR_PEERS_H

#include "executor/exec.h"
#include "sinks/sink.h"

/* For io_config: arg is a struct node. */
struct error *peers_find(void *arg, struct arena *a, uint32_t id, struct io_peer *out) ERR_MUST_USE;

/* What another node asks of this one's files: "size" (8 bytes, big endian), "read" of len bytes from
 * offset, "list" of the names that begin with path, each with a NUL behind it and without its first len
 * bytes, "remove". */
struct error *peers_file(struct exec_ctx *x, const char *what, const char *path, int64_t offset,
                         int64_t len, struct slice *out) ERR_MUST_USE;

#endif
