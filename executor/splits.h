/* executor/splits.h - where statements cut ranges, and where they put their replicas.
 *
 * ALTER TABLE .. SPLIT AT and EXPERIMENTAL_RELOCATE leave a range descriptor in the store, below the
 * tables where CockroachDB keeps its second index of ranges: \x03 and the key at which the range starts.
 * Part of the transaction that writes it. Threads: the statement's.
 */
#ifndef AMBERDB_EXECUTOR_SPLITS_H
#define AMBERDB_EXECUTOR_SPLITS_H

#include "executor/exec.h"

struct split {
    struct slice key;
    struct hlc until;         /* empty: no cut, the range begins here for other reasons */
    const uint32_t *replicas; /* node ids; n_replicas 0: as zones say */
    size_t n_replicas;
    uint32_t holder;          /* the wished one of the lease; 0: as zones say */
};

/* Those with start < key < end (start itself too), by key; cuts that have expired are none. */
struct error *splits_in(struct exec_ctx *x, struct span span, struct split **out, size_t *n)
    ERR_MUST_USE;
/* Write one; one that says nothing is removed. */
struct error *split_write(struct exec_ctx *x, const struct split *s) ERR_MUST_USE;

#endif
