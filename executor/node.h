/* executor/node.h - the process: store, catalog, clock, jobs, cluster settings, sessions.
 *
 * One per process (one per node of a demo). Shared by all sessions; everything here is thread safe.
 */
#ifndef AMBERDB_EXECUTOR_NODE_H
#define AMBERDB_EXECUTOR_NODE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "catalog/catalog.h"
#include "storage/txn.h"

struct cluster;          /* executor/cluster.h */
struct node_control;     /* executor/node_control.h */
struct members;          /* executor/members.h */
struct looker;           /* executor/looker.h */
struct job_registry;     /* executor/jobs/jobs.h */
struct cluster_settings; /* executor/settings.h */
struct session_registry;
struct statement_stats;
struct stats_cache;      /* executor/table_stats.h */
struct auto_stats;       /* executor/auto_stats.h */
struct io_config;        /* sinks/sink.h */

/* Texts are borrowed and must outlive the node. */
struct node_opts {
    struct engine *engine;         /* taken over, also when node_open fails */
    const char *external_io_dir;   /* nodelocal; "" = disabled */
    const char *temp_dir;          /* spills and restore scratch; its own: emptied at start and end */
    const char *no_jobs_file;      /* while it exists the node runs no jobs; NULL: there is none */
    const char *locality;          /* "region=us-east,az=1" or "" */
    const char *sql_address;       /* as advertised */
    const char *http_address;
    size_t max_sql_memory;         /* 0: 128 MiB */
    bool insecure;
    const char *certs_dir;         /* of a secure one */
    bool external_io_disable_http, external_io_disable_implicit_credentials;
};

struct node {
    uint32_t node_id;
    int64_t epoch;                 /* of this process among those with its id; 1 where it is alone */
    struct members *members;       /* NULL: the store is this process's own */
    struct node *first;            /* NULL; for one that joined: who owns what they share */
    struct cluster *cluster;
    struct engine *engine;
    struct kv_db *db;
    struct clock *clock;
    struct catalog *catalog;
    struct job_registry *jobs;
    struct cluster_settings *settings;
    struct stats_cache *table_stats; /* executor/table_stats.h */
    struct session_registry *sessions;
    struct statement_stats *stats; /* of the sessions' statements */
    const struct io_config *io;
    struct mem_budget *sql_memory;
    struct pool *workers;          /* job work */
    struct gc *gc;                 /* executor/gc.h */
    struct auto_stats *auto_stats; /* NULL: statistics are made by statements only */
    struct looker *work;           /* executor/backup/work.h; NULL: the store is not shared */
    struct looker *asks;           /* executor/asks.h; the same */
    struct attachments *attachments; /* executor/backup/attach.h */
    struct shelf *shelf;           /* executor/backup/shelf.h */
    struct node_opts opts;
    int64_t start_time_ns;
    struct cancel shutdown;
    const struct node_control *control; /* of the room above; NULL: none */
};

struct error *node_open(const struct node_opts *o, struct node **out) ERR_MUST_USE;
/* Another node of the same process, over the first one's store: its own number, locality and address,
 * all else is shared. o->engine is not used. Closed before the first one. */
struct error *node_join(struct node *first, const struct node_opts *o, struct node **out)
    ERR_MUST_USE;
/* Stops jobs (they stay resumable), closes the store. No session is left. */
void node_close(struct node *n);

#endif
