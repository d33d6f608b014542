/* executor/show/crdb_cluster.c - crdb_internal: settings, variables, sessions, nodes, functions.
 *
 * SOURCE of columns: CockroachDB v20.1 pkg/sql/crdb_internal.go. What a single node has nothing to
 * say about is a table without rows.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "executor/show/cat_int.h"

#include "executor/asks.h"
#include "executor/metrics.h"
#include "executor/node.h"
#include "executor/session_int.h"
#include "executor/session_registry.h"
#include "executor/settings.h"
#include "executor/statement_stats.h"
#include "executor/trace.h"
#include "planner/eval_hooks.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "dev"
#endif

/* ---- settings and variables ------------------------------------------------------------------ */

static struct error *
cluster_settings_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    (void)v;
    ERR_TRY(catalog_check_admin(x->catalog, x->user, "read crdb_internal.cluster_settings"));
    for (int i = 0; i < setting_count(); i++) {
        const struct setting_def *d = setting_at(i);
        const struct datum row[] = {T(d->name),
                                    T(settings_show(x->node->settings, x->arena, d)),
                                    T(arena_strndup(x->arena, &d->type, 1)), B(d->is_public),
                                    T(d->description)};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
session_variables_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    (void)v;
    for (int i = 0; x->session != NULL && i < var_count(); i++) {
        bool hidden = false;
        const char *name = var_name_at(i, &hidden), *value;
        ERR_TRY(var_show(x->session, x->arena, name, &value));
        const struct datum row[] = {T(name), T(value), B(hidden)};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

/* ---- the node -------------------------------------------------------------------------------- */

/* What SET tracing = on has recorded. */
static struct error *
session_trace_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    int n = 0;
    const struct trace_line *l = x->session == NULL ? NULL : trace_lines(x->session, &n);
    (void)v;
    for (int i = 0; i < n; i++) {
        struct interval age = {.nanos = (l[i].time_us - l[0].time_us) * 1000};
        const struct datum row[] = {I(l[i].span),
                                    I(l[i].at),
                                    {.i = l[i].time_us},
                                    NUL,
                                    T(l[i].operation),
                                    T(l[i].location),
                                    T(arena_printf(x->arena, "[n1,client=%s,user=%s]",
                                                   x->session->client_address, x->user)),
                                    T(l[i].message),
                                    {.iv = &age}};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static const char *
uuid_text(struct arena *a, const uint8_t *u)
{
    char *s = arena_alloc(a, 37), *p = s;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = "0123456789abcdef"[u[i] >> 4];
        *p++ = "0123456789abcdef"[u[i] & 15];
    }
    *p = '\0';
    return s;
}

static struct error *
node_build_info_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    const uint8_t *id = catalog_cluster_id(x->node->catalog);
    const char *fields[][2] = {
        {"Name", "amberdb"},
        {"ClusterID", uuid_text(x->arena, id)},
        {"Organization", settings_string(x->node, x->arena, "cluster.organization")},
        {"Build", arena_printf(x->arena, "amberdb %s", PACKAGE_VERSION)},
        {"Version", "v20.1.5"},
        {"Channel", "source"},
    };
    (void)v;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const struct datum row[] = {I(x->node->node_id), T(fields[i][0]),
                                    T(fields[i][1] != NULL ? fields[i][1] : "")};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static void
split_address(struct arena *a, const char *address, const char **host, const char **port)
{
    const char *colon = address != NULL ? strrchr(address, ':') : NULL;
    *host = colon != NULL ? arena_strndup(a, address, (size_t)(colon - address)) : address;
    *port = colon != NULL ? colon + 1 : "";
}

static struct error *
put_address(struct exec_ctx *x, struct row_sink *rows, const char *component, const char *address)
{
    const char *host, *port;
    split_address(x->arena, address, &host, &port);
    const char *fields[][2] = {{"URL", address}, {"Scheme", ""}, {"User", ""}, {"Host", host},
                               {"Port", port},   {"URI", ""}};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const struct datum row[] = {I(x->node->node_id), T(component), T(fields[i][0]),
                                    T(fields[i][1] != NULL ? fields[i][1] : "")};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
node_runtime_info_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    (void)v;
    ERR_TRY(catalog_check_admin(x->catalog, x->user, "access the node runtime information"));
    ERR_TRY(put_address(x, rows, "DB", x->node->opts.sql_address));
    return put_address(x, rows, "UI", x->node->opts.http_address);
}

/* ---- sessions, queries, transactions ----------------------------------------------------------- */

static struct datum
timestamp_ns(int64_t ns)
{
    return ns == 0 ? NUL : I(ns / 1000 - PG_EPOCH_US);
}

/* A user sees his own sessions, an admin all. */
static struct error *
visible_sessions(struct exec_ctx *x, bool all, struct session_info **v, int *n)
{
    bool admin;
    int total, kept = 0;
    ERR_TRY(catalog_is_admin(x->catalog, x->user, &admin));
    ERR_TRY(ask_sessions(x, all, v, &total));
    for (int i = 0; i < total; i++)
        if (admin || strcmp((*v)[i].user, x->user) == 0)
            (*v)[kept++] = (*v)[i];
    *n = kept;
    return NULL;
}

static struct error *
put_queries(struct exec_ctx *x, bool all, struct row_sink *rows)
{
    struct session_info *s;
    int n;
    ERR_TRY(visible_sessions(x, all, &s, &n));
    for (int i = 0; i < n; i++) {
        const struct datum row[] = {
            T(s[i].query_id), NUL, I(s[i].node_id), T(s[i].id), T(s[i].user),
            timestamp_ns(s[i].query_start_ns), T(s[i].active_query), T(s[i].client_address),
            T(s[i].application_name), B(false), T("executing")};
        if (s[i].active_query != NULL)
            ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
put_sessions(struct exec_ctx *x, bool all, struct row_sink *rows)
{
    struct session_info *s;
    int n;
    ERR_TRY(visible_sessions(x, all, &s, &n));
    for (int i = 0; i < n; i++) {
        bool active = s[i].active_query != NULL;
        const struct datum row[] = {
            I(s[i].node_id), T(s[i].id), T(s[i].user), T(s[i].client_address),
            T(s[i].application_name), T(active ? s[i].active_query : ""),
            T(s[i].last_query != NULL ? s[i].last_query : ""), timestamp_ns(s[i].start_ns),
            active ? timestamp_ns(s[i].query_start_ns) : NUL, NUL, I(0), I(0)};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
put_transactions(struct exec_ctx *x, bool all, struct row_sink *rows)
{
    struct session_info *s;
    int n;
    ERR_TRY(visible_sessions(x, all, &s, &n));
    for (int i = 0; i < n; i++) {
        const struct datum row[] = {NUL, I(s[i].node_id), T(s[i].id),
                                    timestamp_ns(s[i].txn_start_ns), NUL,
                                    T(s[i].application_name)};
        if (s[i].txn_start_ns != 0)
            ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

#define OF_NODE_AND_ALL(what)                                                                    \
    static struct error *node_##what(struct exec_ctx *x, const struct virtual_scan *v,             \
                                     struct row_sink *rows)                                        \
    {                                                                                              \
        (void)v;                                                                                   \
        return put_##what(x, false, rows);                                                         \
    }                                                                                              \
    static struct error *cluster_##what(struct exec_ctx *x, const struct virtual_scan *v,          \
                                        struct row_sink *rows)                                     \
    {                                                                                              \
        (void)v;                                                                                   \
        return put_##what(x, true, rows);                                                          \
    }
OF_NODE_AND_ALL(queries)
OF_NODE_AND_ALL(sessions)
OF_NODE_AND_ALL(transactions)

/* ---- functions --------------------------------------------------------------------------------- */

static struct error *
builtin_functions_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    size_t n;
    const struct cat_function *f = cat_functions(&n);
    (void)v;
    for (size_t i = 0; i < n; i++, f++) {
        const char *ret = f->ret != NULL ? type_name_str(x->arena, f->ret) : "anyelement";
        const struct datum row[] = {
            T(f->name), T(arena_printf(x->arena, "%s(%s) -> %s", f->name, f->arguments, ret)),
            T(f->category != NULL ? f->category : ""), T("")};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

#define QUERIES                                                                             \
    "query_id STRING, txn_id UUID, node_id INT NOT NULL, session_id STRING, "               \
    "user_name STRING, start TIMESTAMP, query STRING, client_address STRING, "              \
    "application_name STRING, distributed BOOL, phase STRING"
#define SESSIONS                                                                            \
    "node_id INT NOT NULL, session_id STRING, user_name STRING, client_address STRING, "    \
    "application_name STRING, active_queries STRING, last_active_query STRING, "            \
    "session_start TIMESTAMP, oldest_query_start TIMESTAMP, kv_txn STRING, "                \
    "alloc_bytes INT, max_alloc_bytes INT"
/* ---- statement statistics ----------------------------------------------------------------------- */

static int
stat_order(const void *a, const void *b)
{
    const struct statement_stat *x = a, *y = b;
    int c = strcmp(x->application, y->application);
    if (c == 0)
        c = strcmp(x->key, y->key);
    return c != 0 ? c : (x->failed > y->failed) - (x->failed < y->failed);
}

static double
variance(const struct statement_stat *s, const struct statement_moment *m)
{
    return s->count < 2 ? 0 : m->squares / (double)(s->count - 1);
}

static struct error *
check_admin(struct exec_ctx *x, const char *what)
{
    bool admin;
    ERR_TRY(exec_eval_hooks.is_admin(&x->env, &admin));
    if (admin)
        return NULL;
    return err_new(ERR_INSUFFICIENT_PRIVILEGE, "only users with the admin role are allowed to %s",
                   what);
}

static struct error *
node_metrics_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    struct metric m[MAX_METRICS];
    (void)v;
    ERR_TRY(check_admin(x, "read crdb_internal.node_metrics"));
    int n = metrics_list(x->node, m);
    for (int i = 0; i < n; i++) {
        const struct datum row[] = {NUL, T(m[i].name), datum_float(m[i].value)};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static int
application_order(const void *a, const void *b)
{
    const struct application_stat *x = a, *y = b;
    return strcmp(x->application, y->application);
}

static struct error *
txn_stats_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    size_t n;
    (void)v;
    ERR_TRY(check_admin(x, "access application statistics"));
    struct application_stat *s = statement_stats_list_txns(x->node->stats, x->arena, &n);
    if (n > 1)
        qsort(s, n, sizeof(*s), application_order);
    for (size_t i = 0; i < n; i++) {
        double var = s[i].count < 2 ? 0 : s[i].seconds.squares / (double)(s[i].count - 1);
        const struct datum row[] = {
            I(x->node->node_id), T(s[i].application), I(s[i].count), datum_float(s[i].seconds.mean),
            datum_float(var), I(s[i].committed), I(s[i].implicit),
        };
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
statement_statistics_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    size_t n;
    (void)v;
    ERR_TRY(check_admin(x, "access application statistics"));
    struct statement_stat *s = statement_stats_list(x->node->stats, x->arena, &n);
    if (n > 1)
        qsort(s, n, sizeof(*s), stat_order);
    for (size_t i = 0; i < n; i++) {
        const struct statement_stat *t = &s[i];
#define MEAN_VAR(m) datum_float((m).mean), datum_float(variance(t, &(m)))
        const struct statement_moment none = {0};
        const struct datum row[] = {
            I(x->node->node_id), T(t->application), T(t->failed ? "!" : ""), T(t->key),
            T(t->anonymized), I(t->count), I(t->first_attempts), I(t->max_retries),
            t->last_error != NULL ? T(t->last_error) : NUL, MEAN_VAR(t->rows), MEAN_VAR(none),
            MEAN_VAR(t->plan), MEAN_VAR(t->run), MEAN_VAR(t->service), MEAN_VAR(none), I(0), I(0),
            datum_bool(t->implicit_txn),
        };
#undef MEAN_VAR
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

#define TRANSACTIONS                                                                        \
    "id UUID, node_id INT, session_id STRING, start TIMESTAMP, txn_string STRING, "         \
    "application_name STRING"
#define STATEMENT_STATISTICS                                                                \
    "node_id INT NOT NULL, application_name STRING NOT NULL, flags STRING NOT NULL, "       \
    "key STRING NOT NULL, anonymized STRING, count INT NOT NULL, "                          \
    "first_attempt_count INT NOT NULL, max_retries INT NOT NULL, last_error STRING, "       \
    "rows_avg FLOAT NOT NULL, rows_var FLOAT NOT NULL, parse_lat_avg FLOAT NOT NULL, "      \
    "parse_lat_var FLOAT NOT NULL, plan_lat_avg FLOAT NOT NULL, "                           \
    "plan_lat_var FLOAT NOT NULL, run_lat_avg FLOAT NOT NULL, run_lat_var FLOAT NOT NULL, " \
    "service_lat_avg FLOAT NOT NULL, service_lat_var FLOAT NOT NULL, "                      \
    "overhead_lat_avg FLOAT NOT NULL, overhead_lat_var FLOAT NOT NULL, "                    \
    "bytes_read INT NOT NULL, rows_read INT NOT NULL, implicit_txn BOOL NOT NULL"
#define X(name, columns, rows, comment) {"crdb_internal", name, columns, rows, comment}

/* There is no gossip here: nothing to see, for those who may look. */
static struct error *
gossip_alerts_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    (void)v, (void)rows;
    return catalog_check_admin(x->catalog, x->user, "read crdb_internal.gossip_alerts");
}

static struct error *
gossip_network_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    (void)v, (void)rows;
    return catalog_check_admin(x->catalog, x->user, "read crdb_internal.gossip_network");
}

static const struct virtual_table tables[] = {
    X("builtin_functions",
      "function STRING NOT NULL, signature STRING NOT NULL, category STRING NOT NULL, "
      "details STRING NOT NULL",
      builtin_functions_rows, "built-in functions (RAM/static)"),
    X("cluster_queries", QUERIES, cluster_queries,
      "running queries visible by current user (cluster RPC; expensive!)"),
    X("cluster_sessions", SESSIONS, cluster_sessions,
      "running sessions visible to current user (cluster RPC; expensive!)"),
    X("cluster_settings",
      "variable STRING NOT NULL, value STRING NOT NULL, type STRING NOT NULL, "
      "public BOOL NOT NULL, description STRING NOT NULL",
      cluster_settings_rows, "cluster settings (RAM)"),
    X("cluster_transactions", TRANSACTIONS, cluster_transactions,
      "running user transactions visible by the current user (cluster RPC; expensive!)"),
    X("feature_usage", "feature_name STRING NOT NULL, usage_count INT NOT NULL", NULL,
      "telemetry counters (RAM; local node only)"),
    X("gossip_alerts",
      "node_id INT NOT NULL, store_id INT, category STRING NOT NULL, "
      "description STRING NOT NULL, value FLOAT NOT NULL",
      gossip_alerts_rows, "locally known gossiped health alerts (RAM; local node only)"),
    X("gossip_network", "source_id INT NOT NULL, target_id INT NOT NULL", gossip_network_rows,
      "locally known edges in the gossip network (RAM; local node only)"),
    X("leases",
      "node_id INT NOT NULL, table_id INT NOT NULL, name STRING NOT NULL, "
      "parent_id INT NOT NULL, expiration TIMESTAMP NOT NULL, deleted BOOL NOT NULL",
      NULL, "acquired table leases (RAM; local node only)"),
    X("node_build_info",
      "node_id INT NOT NULL, field STRING NOT NULL, value STRING NOT NULL",
      node_build_info_rows, "detailed identification strings (RAM, local node only)"),
    X("node_metrics", "store_id INT, name STRING NOT NULL, value FLOAT NOT NULL", node_metrics_rows,
      "current values for metrics (RAM; local node only)"),
    X("node_queries", QUERIES, node_queries,
      "running queries visible by current user (RAM; local node only)"),
    X("node_runtime_info",
      "node_id INT NOT NULL, component STRING NOT NULL, field STRING NOT NULL, "
      "value STRING NOT NULL",
      node_runtime_info_rows, "server parameters, useful to construct connection URLs (RAM, "
                              "local node only)"),
    X("node_sessions", SESSIONS, node_sessions,
      "running sessions visible by current user (RAM; local node only)"),
    X("node_statement_statistics", STATEMENT_STATISTICS, statement_statistics_rows,
      "statement statistics (in-memory, not durable; local node only). This table is wiped "
      "periodically (by default, at least every two hours)"),
    X("node_transactions", TRANSACTIONS, node_transactions,
      "running user transactions visible by the current user (RAM; local node only)"),
    X("node_txn_stats",
      "node_id INT NOT NULL, application_name STRING NOT NULL, txn_count INT NOT NULL, "
      "txn_time_avg_sec FLOAT NOT NULL, txn_time_var_sec FLOAT NOT NULL, "
      "committed_count INT NOT NULL, implicit_count INT NOT NULL",
      txn_stats_rows,
      "per-application transaction statistics (in-memory, not durable; local node only). "
      "This table is wiped periodically (by default, at least every two hours)"),
    X("session_trace",
      "span_idx INT NOT NULL, message_idx INT NOT NULL, timestamp TIMESTAMPTZ NOT NULL, "
      "duration INTERVAL, operation STRING, loc STRING NOT NULL, tag STRING NOT NULL, "
      "message STRING NOT NULL, age INTERVAL NOT NULL",
      session_trace_rows, "session trace accumulated so far (RAM)"),
    X("session_variables",
      "variable STRING NOT NULL, value STRING NOT NULL, hidden BOOL NOT NULL",
      session_variables_rows, "session variables (RAM)"),
};
VIRTUAL_GROUP(crdb_cluster, tables);
