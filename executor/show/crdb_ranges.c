/* executor/show/crdb_ranges.c - crdb_internal: ranges, and the nodes that have them.
 *
 * SOURCE of columns: CockroachDB v20.1 pkg/sql/crdb_internal.go.
 */
#include "config.h"

#include "executor/show/cat_int.h"

#include "executor/cluster.h"
#include "executor/node.h"
#include "executor/ranges.h"
#include "types/json.h"
#include "types/keyenc.h"

#define CLUSTER_VERSION "20.1"
#define BUILD_TAG "v20.1.5"
/* A node that lives renews its record; the record is good for so long from then. */
#define LIVENESS_NS INT64_C(9000000000)

static struct datum
timestamp_of(int64_t ns)
{
    return datum_int(ns / 1000 + (ns % 1000 >= 500) - PG_EPOCH_US);
}

/* {} */
static struct error *
empty_json(struct exec_ctx *x, struct datum *out)
{
    struct slice body;
    ERR_TRY(json_encode(x->arena, json_new_object(x->arena), &body));
    *out = datum_bytes(body.ptr, body.len);
    return NULL;
}

/* ---- ranges ---------------------------------------------------------------------------------- */

/* The secondary index that the range begins in; "" for the primary one. */
static const char *
index_name(const struct table_range *r)
{
    struct reader in = reader_make(r->r.start);
    uint64_t table, index;
    struct error *err = key_get_uvarint(&in, &table);
    if (err == NULL && reader_left(&in) > 0)
        err = key_get_uvarint(&in, &index);
    else if (err == NULL)
        return "";
    if (err != NULL) {
        err_free(err);
        return "";
    }
    const struct index *ix = table_index_by_id(r->table, (uint32_t)index);
    return ix == NULL || ix->primary ? "" : ix->name;
}

static const char *
pretty(struct arena *a, struct slice key)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    key_pretty_bound(&s, key);
    return str_cstr(&s);
}

static struct datum
replica_localities(struct exec_ctx *x, const struct range *r)
{
    const char **v = ARENA_ARRAY(x->arena, const char *, r->n_replicas + 1);
    for (size_t i = 0; i < r->n_replicas; i++) {
        const struct cluster_node *n = cluster_node(x->node->cluster, x->arena, r->replicas[i]);
        v[i] = n != NULL ? n->locality : "";
    }
    return cat_text_array(x->arena, &TYPE_STRING, v, (int)r->n_replicas);
}

/* size: what the store holds of the span, older versions and all. */
static struct error *
put_range(struct exec_ctx *x, const struct table_range *r, uint64_t size, struct row_sink *rows)
{
    const char *database = "", *table = "", *index = "";
    const struct database *db = NULL;
    uint32_t db_id = r->table != NULL ? r->table->parent_id : r->object_id;
    int64_t *nodes = ARENA_ARRAY(x->arena, int64_t, r->r.n_replicas + 1);
    if (db_id != 0)
        ERR_TRY(catalog_database_by_id(x->catalog, db_id, &db));
    if (db != NULL)
        database = db->name;
    if (r->table != NULL) {
        table = r->table->name;
        index = index_name(r);
    }
    for (size_t i = 0; i < r->r.n_replicas; i++)
        nodes[i] = r->r.replicas[i];
    const struct datum row[] = {
        I(r->r.id),
        datum_bytes(r->r.start.ptr, r->r.start.len),
        T(pretty(x->arena, r->r.start)),
        datum_bytes(r->r.end.ptr, r->r.end.len),
        T(pretty(x->arena, r->r.end)),
        T(database),
        T(table),
        T(index),
        cat_array(x->arena, &TYPE_INT8, nodes, (int)r->r.n_replicas),
        replica_localities(x, &r->r),
        cat_array(x->arena, &TYPE_INT8, nodes, 0),
        hlc_is_empty(r->r.until) ? NUL : timestamp_of(r->r.until.wall),
        I(r->r.holder),
        I(size),
    };
    return row_put(rows, row);
}

static struct error *
all_ranges(struct exec_ctx *x, bool sizes, struct row_sink *rows)
{
    struct table_range *r;
    size_t n;
    ERR_TRY(catalog_check_admin(x->catalog, x->user, "read crdb_internal.ranges_no_leases"));
    ERR_TRY(ranges_of_all(x, &r, &n));
    for (size_t i = 0; i < n; i++) {
        uint64_t size = 0;
        ERR_TRY(cancel_check(x->cancel));
        if (sizes)
            ERR_TRY(engine_span_stats(x->node->engine, (struct span){r[i].r.start, r[i].r.end},
                                      &size));
        ERR_TRY(put_range(x, &r[i], size, rows));
    }
    return NULL;
}

static struct error *
ranges_no_leases_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    (void)v;
    return all_ranges(x, false, rows);
}

static struct error *
ranges_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    return all_ranges(x, v->needed == NULL || v->needed[13], rows);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

struct counts {
    int64_t ranges, leases;
};

/* By node id. */
static struct error *
count_ranges(struct exec_ctx *x, const struct cluster_node *nodes, size_t n, struct counts **out)
{
    struct table_range *r;
    size_t n_nodes = n > 0 ? nodes[n - 1].id : 0;
    *out = ARENA_ARRAY(x->arena, struct counts, n_nodes + 1);
    ERR_TRY(ranges_of_all(x, &r, &n));
    for (size_t i = 0; i < n; i++) {
        if (r[i].r.holder <= n_nodes)
            (*out)[r[i].r.holder].leases++;
        for (size_t k = 0; k < r[i].r.n_replicas; k++)
            if (r[i].r.replicas[k] <= n_nodes)
                (*out)[r[i].r.replicas[k]].ranges++;
    }
    return NULL;
}

static struct error *
gossip_nodes_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    size_t n;
    struct counts *c;
    const struct cluster_node *nodes = cluster_all_nodes(x->node->cluster, x->arena, &n);
    struct datum none;
    (void)v;
    ERR_TRY(empty_json(x, &none));
    ERR_TRY(catalog_check_admin(x->catalog, x->user, "read crdb_internal.gossip_nodes"));
    ERR_TRY(count_ranges(x, nodes, n, &c));
    for (size_t i = 0; i < n; i++) {
        const struct datum address = T(nodes[i].sql_address);
        const struct datum row[] = {
            I(nodes[i].id), T("tcp"), address, address, T("tcp"), address, address,
            none, T(nodes[i].locality), T(""), T(CLUSTER_VERSION), T(BUILD_TAG),
            timestamp_of(nodes[i].start_time_ns), B(nodes[i].live), I(c[nodes[i].id].ranges),
            I(c[nodes[i].id].leases)};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
gossip_liveness_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    size_t n;
    const struct cluster_node *nodes = cluster_all_nodes(x->node->cluster, x->arena, &n);
    int64_t until = wall_now_ns() + LIVENESS_NS;
    (void)v;
    ERR_TRY(catalog_check_admin(x->catalog, x->user, "read crdb_internal.gossip_liveness"));
    for (size_t i = 0; i < n; i++) {
        int64_t end = nodes[i].expiration_ns > 0 ? nodes[i].expiration_ns : until;
        const char *expiration =
            arena_printf(x->arena, "%lld.%09lld,0", (long long)(end / 1000000000),
                         (long long)(end % 1000000000));
        const struct datum row[] = {I(nodes[i].id), I(nodes[i].epoch), T(expiration),
                                    B(nodes[i].draining), B(nodes[i].decommissioning),
                                    timestamp_of(nodes[i].start_time_ns)};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
kv_node_status_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    size_t n;
    const struct cluster_node *nodes = cluster_all_nodes(x->node->cluster, x->arena, &n);
    struct datum none;
    (void)v;
    ERR_TRY(empty_json(x, &none));
    ERR_TRY(catalog_check_admin(x->catalog, x->user, "read crdb_internal.kv_node_status"));
    for (size_t i = 0; i < n; i++) {
        const struct datum row[] = {
            I(nodes[i].id), T("tcp"), T(nodes[i].sql_address), none,
            T(nodes[i].locality), T(CLUSTER_VERSION), T(""), T(BUILD_TAG), T(""), T(""), T(""),
            T(""), T("amberdb"), T(""), T(""), timestamp_of(nodes[i].start_time_ns),
            timestamp_of(wall_now_ns()), none, none, none, none};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
kv_store_status_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    size_t n;
    struct counts *c;
    uint64_t used = 0;
    const struct cluster_node *nodes = cluster_all_nodes(x->node->cluster, x->arena, &n);
    struct datum none;
    (void)v;
    ERR_TRY(empty_json(x, &none));
    ERR_TRY(catalog_check_admin(x->catalog, x->user, "read crdb_internal.kv_store_status"));
    ERR_TRY(count_ranges(x, nodes, n, &c));
    ERR_TRY(engine_span_stats(x->node->engine, (struct span){SLICE_NULL, SLICE_NULL}, &used));
    for (size_t i = 0; i < n; i++) {
        const struct datum row[] = {
            I(nodes[i].id), I(nodes[i].id), none, I(0), I(0), I(used), I(used),
            I(c[nodes[i].id].ranges), I(c[nodes[i].id].leases), datum_float(0), none,
            none, none};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

#define RANGES                                                                              \
    "range_id INT NOT NULL, start_key BYTES NOT NULL, start_pretty STRING NOT NULL, "       \
    "end_key BYTES NOT NULL, end_pretty STRING NOT NULL, database_name STRING NOT NULL, "   \
    "table_name STRING NOT NULL, index_name STRING NOT NULL, replicas INT[] NOT NULL, "     \
    "replica_localities STRING[] NOT NULL, learner_replicas INT[] NOT NULL, "               \
    "split_enforced_until TIMESTAMP"

#define KV_NODE_STATUS                                                                      \
    "node_id INT NOT NULL, network STRING NOT NULL, address STRING NOT NULL, "              \
    "attrs JSON NOT NULL, locality STRING NOT NULL, server_version STRING NOT NULL, "       \
    "go_version STRING NOT NULL, tag STRING NOT NULL, time STRING NOT NULL, "               \
    "revision STRING NOT NULL, cgo_compiler STRING NOT NULL, platform STRING NOT NULL, "    \
    "distribution STRING NOT NULL, type STRING NOT NULL, dependencies STRING NOT NULL, "    \
    "started_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL, metrics JSON NOT NULL, " \
    "args JSON NOT NULL, env JSON NOT NULL, activity JSON NOT NULL"
#define KV_STORE_STATUS                                                                     \
    "node_id INT NOT NULL, store_id INT NOT NULL, attrs JSON NOT NULL, "                    \
    "capacity INT NOT NULL, available INT NOT NULL, used INT NOT NULL, "                    \
    "logical_bytes INT NOT NULL, range_count INT NOT NULL, lease_count INT NOT NULL, "      \
    "writes_per_second FLOAT NOT NULL, bytes_per_replica JSON NOT NULL, "                   \
    "writes_per_replica JSON NOT NULL, metrics JSON NOT NULL"
#define GOSSIP_NODES                                                                        \
    "node_id INT NOT NULL, network STRING NOT NULL, address STRING NOT NULL, "              \
    "advertise_address STRING NOT NULL, sql_network STRING NOT NULL, "                      \
    "sql_address STRING NOT NULL, advertise_sql_address STRING NOT NULL, "                  \
    "attrs JSON NOT NULL, locality STRING NOT NULL, cluster_name STRING NOT NULL, "         \
    "server_version STRING NOT NULL, build_tag STRING NOT NULL, "                           \
    "started_at TIMESTAMP NOT NULL, is_live BOOL NOT NULL, ranges INT NOT NULL, "           \
    "leases INT NOT NULL"

#define X(name, columns, rows, comment) {"crdb_internal", name, columns, rows, comment}

static const struct virtual_table tables[] = {
    X("gossip_liveness",
      "node_id INT NOT NULL, epoch INT NOT NULL, expiration STRING NOT NULL, "
      "draining BOOL NOT NULL, decommissioning BOOL NOT NULL, updated_at TIMESTAMP",
      gossip_liveness_rows, "locally known gossiped node liveness (RAM; local node only)"),
    X("gossip_nodes", GOSSIP_NODES, gossip_nodes_rows,
      "locally known gossiped node details (RAM; local node only)"),
    X("kv_node_status", KV_NODE_STATUS, kv_node_status_rows,
      "node details across the entire cluster (cluster RPC; expensive!)"),
    X("kv_store_status", KV_STORE_STATUS, kv_store_status_rows,
      "store details and status (cluster RPC; expensive!)"),
    X("ranges", RANGES ", lease_holder INT NOT NULL, range_size INT NOT NULL", ranges_rows,
      "ranges with leases and sizes"),
    X("ranges_no_leases", RANGES, ranges_no_leases_rows,
      "range metadata without leaseholder details (KV join; expensive!)"),
};
VIRTUAL_GROUP(crdb_ranges, tables);
