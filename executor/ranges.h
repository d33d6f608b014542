/* executor/ranges.h - how the keys of a table are cut into ranges, and which node holds each.
 *
 * Ranges end at every table's start and wherever an index or a partition has a zone of its own. The
 * holder follows from the effective zone: constraints, then lease preferences (cluster.h).
 */
#ifndef AMBERDB_EXECUTOR_RANGES_H
#define AMBERDB_EXECUTOR_RANGES_H

#include "catalog/desc.h"
#include "executor/exec.h"

struct range {
    struct slice start, end;  /* whole keys; end exclusive */
    uint32_t index_id;        /* of the zone that applies: 0 the table's */
    const char *partition;    /* "" for none */
    uint32_t holder;          /* node id */
    const uint32_t *replicas; /* ascending */
    size_t n_replicas;
};

/* In key order; at least one for a table that has keys. In x->arena. */
struct error *ranges_of_table(struct exec_ctx *x, const struct table *t, struct range **out,
                              size_t *n) ERR_MUST_USE;

#endif
