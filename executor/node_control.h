/* executor/node_control.h - what `amberdb node`, `init` and `quit` ask a node to do, by a function that
 * only administrators may call: crdb_internal.node_control(action, node).
 *
 *     init           once in the life of a store that nodes share; the second time, or where there is
 *                    one node, it is an error
 *     drain          this node: no new connections, those there end, jobs and leases go to others;
 *                    gives how much is left, 0: it is done. Asked again until then
 *     quit           this node: the process ends as by SIGTERM
 *     decommission   any node: it holds no leases from now on
 *     recommission   any node: it may again
 *
 * A node of a demo shares its process with others: it drains, but it cannot quit alone.
 *
 * Threads: all of it is thread safe.
 */
#ifndef AMBERDB_EXECUTOR_NODE_CONTROL_H
#define AMBERDB_EXECUTOR_NODE_CONTROL_H

#include "executor/exec.h"

/* Connections of these clients are served while a node drains, so that it can be asked how far it is. */
#define NODE_CONTROL_APPLICATION "$ amberdb node"
/* The same, and a node that waits for its cluster to be initialized takes it for the word to do so. */
#define NODE_INIT_APPLICATION "$ amberdb init"

/* What the room above does for a node; the functions return at once. */
struct node_control {
    void (*drain)(void *arg);   /* begin, or go on */
    int (*connections)(void *arg);
    void (*quit)(void *arg);    /* NULL: it cannot */
    void *arg;
};

struct error *node_control(struct exec_ctx *x, const char *action, int64_t id, int64_t *out)
    ERR_MUST_USE;

#endif
