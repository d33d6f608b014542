/* executor/ranges.h - how the keys of a table are cut into ranges, and which node holds each.
 *
 * Ranges end at every table's start, wherever an index or a partition has a zone of its own, and where
 * SPLIT AT cut them (splits.h). The holder follows from the effective zone: constraints, then lease
 * preferences (cluster.h), and within that from EXPERIMENTAL_RELOCATE.
 */
#ifndef AMBERDB_EXECUTOR_RANGES_H
#define AMBERDB_EXECUTOR_RANGES_H

#include "catalog/desc.h"
#include "executor/exec.h"

struct range {
    uint64_t id;              /* of the start: stays as long as a range starts there */
    struct slice start, end;  /* whole keys; end exclusive */
    uint32_t index_id;        /* of the zone that applies: 0 the table's */
    const char *partition;    /* "" for none */
    uint32_t holder;          /* node id */
    const uint32_t *replicas; /* ascending */
    size_t n_replicas;
    struct hlc until;         /* SPLIT AT: enforced until then; empty: it is not for a split */
};

/* In key order; at least one for a table that has keys. In x->arena. */
struct error *ranges_of_table(struct exec_ctx *x, const struct table *t, struct range **out,
                              size_t *n) ERR_MUST_USE;
/* Every range from the first key to the last, without gaps: those below the tables, databases and
 * tables by id. table: NULL below the tables and for a database. */
struct table_range {
    struct range r;
    uint32_t object_id;
    const struct table *table;
};
struct error *ranges_of_all(struct exec_ctx *x, struct table_range **out, size_t *n) ERR_MUST_USE;
/* The one that has the key. */
struct error *range_of_key(struct exec_ctx *x, struct slice key, struct table_range *out)
    ERR_MUST_USE;

#endif
