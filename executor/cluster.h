/* executor/cluster.h - the nodes that share a store, as this process knows them, and who holds what.
 *
 * A demo runs several nodes in one process; a server is a cluster of one. Each range has a leaseholder,
 * the node whose work a BACKUP of it is. Who that is follows from the zone's constraints and lease
 * preferences, the rule that decisions.md 4 and cluster.md 6 fix.
 *
 * Ownership: texts of a node live as long as the cluster. Threads: all of it is thread safe.
 */
#ifndef AMBERDB_EXECUTOR_CLUSTER_H
#define AMBERDB_EXECUTOR_CLUSTER_H

#include "base/error.h"
#include "base/slice.h"

struct cluster;
struct io_config;

struct cluster_node {
    uint32_t id;                /* 1, 2, ...; of processes that are gone some may be missing */
    const char *locality;       /* "region=us-east,az=1" or "" */
    const char *sql_address;
    const struct io_config *io; /* sinks/sink.h; of a node of this process, else NULL */
    int64_t start_time_ns;
    /* Of processes over a shared store (members.h): */
    int64_t epoch, expiration_ns;
    bool live, draining, decommissioning;
};

struct cluster *cluster_create(void);
void cluster_destroy(struct cluster *c);
/* Gives it the next id. Texts are copied. */
uint32_t cluster_join(struct cluster *c, const struct cluster_node *n);
/* All that are known, in place of those before; by id. Texts are copied. */
void cluster_set(struct cluster *c, const struct cluster_node *v, size_t n);
/* What is said of one of them changes; false: there is none of that id. */
enum cluster_mark { CLUSTER_DRAINING, CLUSTER_DECOMMISSIONING };
bool cluster_mark(struct cluster *c, uint32_t id, enum cluster_mark what, bool value);
/* How a node of this process reaches its files: as long as the cluster lives. */
void cluster_set_io(struct cluster *c, uint32_t id, const struct io_config *io);
/* All of them, by id, dead ones too. */
const struct cluster_node *cluster_all_nodes(struct cluster *c, struct arena *a, size_t *n);
/* Those that can hold a range: live, neither draining nor decommissioning; by id. Never none. */
const struct cluster_node *cluster_nodes(struct cluster *c, struct arena *a, size_t *n);
/* NULL when there is no live one of that id. */
const struct cluster_node *cluster_node(struct cluster *c, struct arena *a, uint32_t id);

/* Whether the locality has the tier "key=value". */
bool locality_has(const char *locality, const char *tier);

/* The holder of the range that starts at key, out of candidates (ascending, at least one): the
 * present one when it is among them, else the one with the fewest leases, then the lowest id. Processes over
 * a shared store go by the key alone, so that they agree. */
uint32_t cluster_lease(struct cluster *c, struct slice key, const uint32_t *candidates, size_t n);
/* Put the lease on that node, for as long as it stays a candidate. */
void cluster_lease_move(struct cluster *c, struct slice key, uint32_t node);

#endif
