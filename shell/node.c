/* amberdb node, init, quit: the nodes of a cluster, by SQL of one of them (executor/node_control.h).
 *
 * SOURCE: CockroachDB v20.1 pkg/cli/node.go, quit.go, init.go: flags, columns, texts.
 */
#include "config.h"

#include "shell/shell.h"
#include "shell/shell_int.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"

/* Clients of that name are served by a node that drains. */
#define APPLICATION "$ amberdb node"
/* And of that one, by a node that waits for its cluster to be initialized. */
#define INIT_APPLICATION "$ amberdb init"
#define IDS_MAX 100
#define ASK_AGAIN_US 200000

#define AVAILABLE "split_part(expiration, ',', 1)::DECIMAL > now()::DECIMAL"
#define JOINED "crdb_internal.gossip_liveness LEFT JOIN crdb_internal.gossip_nodes USING (node_id)"
#define BASE "address, sql_address, build_tag AS build, started_at, updated_at, locality, " AVAILABLE      \
             " AS is_available, ifnull(is_live, false) AS is_live"
#define RANGES ", leases AS replicas_leaders, leases AS replicas_leaseholders, ranges, "                  \
               "0 AS ranges_unavailable, 0 AS ranges_underreplicated"
/* Of the ranges that count it among their replicas. How much of them is keys is not known apart; there are no
 * intents, and nothing of a range lies elsewhere. */
#define STATS ", ifnull(bytes, 0)::INT8 AS live_bytes, 0 AS key_bytes, ifnull(bytes, 0)::INT8 AS "         \
              "value_bytes, 0 AS intent_bytes, 0 AS system_bytes"
#define STATS_JOINED " LEFT JOIN (SELECT node_id, sum(range_size) AS bytes FROM (SELECT unnest(replicas) "  \
                     "AS node_id, range_size FROM crdb_internal.ranges) GROUP BY node_id) AS sizes "       \
                     "USING (node_id)"
#define DECOMMISSION ", ifnull(ranges, 0) AS gossiped_replicas, "                                         \
                     "decommissioning AS is_decommissioning, draining AS is_draining"

/* What stands on the command line; what is not ours goes on to the connection. */
struct flags {
    struct arena *arena;
    int argc;
    char **argv; /* of the shell; [0] is free */
    int64_t drain_wait_s;
    bool wait, self, decommission, ranges, stats, decommission_columns, help;
    int n_ids;
    long long ids[IDS_MAX];
};

static int
usage(bool asked)
{
    fprintf(asked ? stdout : stderr,
            "Usage:\n"
            "  amberdb node ls [FLAGS]\n"
            "  amberdb node status [ID] [--ranges] [--stats] [--decommission] [--all] [FLAGS]\n"
            "  amberdb node drain [--drain-wait=10m] [FLAGS]\n"
            "  amberdb node decommission {--self | ID ...} [--wait=all|none] [FLAGS]\n"
            "  amberdb node recommission {--self | ID ...} [FLAGS]\n"
            "  amberdb init [FLAGS]\n"
            "  amberdb quit [--decommission] [--drain-wait=10m] [FLAGS]\n\n"
            "Other flags are those of \"amberdb sql\": --url, --host, --insecure, --certs-dir, --format.\n");
    return asked ? 0 : 2;
}

static int
fail(const char *text)
{
    size_t n = strlen(text);
    fprintf(stderr, "ERROR: %s%s", text, n > 0 && text[n - 1] == '\n' ? "" : "\n");
    return 1;
}

/* ---- the command line ---- */

/* "10m", "1m30s", "500ms": seconds, rounded up. */
static bool
duration(const char *text, int64_t *seconds)
{
    static const struct {
        const char *unit;
        double s;
    } units[] = {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}};
    double sum = 0;
    for (const char *p = text; *p != '\0' || p == text;) {
        char *end;
        double v = strtod(p, &end);
        size_t i = 0, len = strspn(end, "hms");
        while (i < 4 && (strlen(units[i].unit) != len || strncmp(end, units[i].unit, len) != 0))
            i++;
        if (end == p || v < 0 || i == 4)
            return false;
        sum += v * units[i].s;
        p = end + len;
    }
    *seconds = (int64_t)(sum + 0.999);
    return true;
}

/* True: the argument was one of ours. A complaint says why it cannot be. */
static bool
own_flag(struct flags *f, const char *arg, const char **complaint)
{
    if (strncmp(arg, "--drain-wait=", 13) == 0) {
        if (!duration(arg + 13, &f->drain_wait_s))
            *complaint = arena_printf(f->arena, "invalid argument \"%s\" for \"--drain-wait\" flag: "
                                                "time: invalid duration %s", arg + 13, arg + 13);
    } else if (strncmp(arg, "--wait=", 7) == 0) {
        f->wait = strcmp(arg + 7, "all") == 0;
        if (!f->wait && strcmp(arg + 7, "none") != 0)
            *complaint = arena_printf(f->arena, "invalid argument \"%s\" for \"--wait\" flag: invalid node "
                                                "decommission parameter: %s (possible values: all, none)",
                                      arg + 7, arg + 7);
    } else if (strcmp(arg, "--self") == 0) {
        f->self = true;
    } else if (strcmp(arg, "--decommission") == 0) {
        f->decommission = f->decommission_columns = true;
    } else if (strcmp(arg, "--ranges") == 0) {
        f->ranges = true;
    } else if (strcmp(arg, "--all") == 0) {
        f->ranges = f->stats = f->decommission_columns = true;
    } else if (strcmp(arg, "--stats") == 0) {
        f->stats = true;
    } else if (strcmp(arg, "--help") == 0) {
        f->help = true;
    } else if (*arg != '-') {
        char *end;
        if (f->n_ids < IDS_MAX)
            f->ids[f->n_ids++] = strtoll(arg, &end, 10);
        if (f->n_ids == IDS_MAX || *end != '\0' || end == arg)
            *complaint = arena_printf(f->arena, "unable to parse %s: strconv.ParseInt: parsing \"%s\": "
                                                "invalid syntax", arg, arg);
    } else {
        return false;
    }
    return true;
}

static const char *
parse(struct arena *a, int argc, char **argv, struct flags *f)
{
    const char *complaint = NULL;
    *f = (struct flags){.arena = a, .drain_wait_s = 600, .wait = true};
    f->argv = ARENA_ARRAY(a, char *, (size_t)argc + 4);
    f->argv[f->argc++] = arena_strdup(a, "sql");
    for (int i = 0; i < argc && complaint == NULL; i++) {
        if (own_flag(f, argv[i], &complaint))
            continue;
        f->argv[f->argc++] = argv[i];
        bool one = argv[i][1] != '-' ? strlen(argv[i]) > 2 : strchr(argv[i], '=') != NULL;
        if (!one && i + 1 < argc && strcmp(argv[i], "--insecure") != 0) /* its value */
            f->argv[f->argc++] = argv[++i];
    }
    return complaint;
}

static int
run_sql(struct flags *f, const char *sql)
{
    f->argv[f->argc] = arena_strdup(f->arena, "-e");
    f->argv[f->argc + 1] = arena_strdup(f->arena, sql);
    return cmd_sql(f->argc + 2, f->argv);
}

/* ---- asking the node ---- */

static void
no_notice(void *arg, const PGresult *r)
{
    (void)arg;
    (void)r;
}

static PGconn *
open_node(struct flags *f, const char *application)
{
    const char *args[SHELL_ARGS_MAX];
    int n;
    PGconn *c = NULL;
    setenv("PGAPPNAME", application, 1);
    if (shell_connect(f->argc, f->argv, f->arena, &n, args, &c) == 0) {
        PQsetNoticeReceiver(c, no_notice, NULL); /* that the server ends is no news */
        return c;
    }
    if (c != NULL)
        PQfinish(c);
    return NULL;
}

/* Without the name of the function that was asked. */
static void
say_error(PGconn *c, const PGresult *r)
{
    static const char function[] = "crdb_internal.node_control(): ";
    const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    if (text == NULL)
        text = PQerrorMessage(c);
    else if (strncmp(text, function, strlen(function)) == 0)
        text += strlen(function);
    fail(text);
}

/* One number. False: it failed, and was said. */
static bool
ask(PGconn *c, const char *sql, long long *out)
{
    PGresult *r = PQexec(c, sql);
    bool good = PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) == 1;
    if (good)
        *out = strtoll(PQgetvalue(r, 0, 0), NULL, 10);
    else
        say_error(c, r);
    PQclear(r);
    return good;
}

static bool
control(struct flags *f, PGconn *c, const char *action, long long id, long long *out)
{
    return ask(c, arena_printf(f->arena, "SELECT crdb_internal.node_control('%s', %lld)", action, id), out);
}

static bool
drain(struct flags *f, PGconn *c)
{
    int64_t end = monotonic_now_ns() + f->drain_wait_s * 1000000000;
    long long left = 1, said = -1;
    while (left > 0) {
        if (!control(f, c, "drain", 0, &left))
            return false;
        if (left != said)
            fprintf(stderr, "node is draining... remaining: %lld%s\n", left, left == 0 ? " (complete)" : "");
        said = left;
        if (left > 0 && monotonic_now_ns() > end) {
            fail("drain timeout");
            return false;
        }
        if (left > 0)
            usleep(ASK_AGAIN_US);
    }
    return true;
}

/* ---- who is in and out ---- */

static const char *
id_list(const struct flags *f)
{
    const char *list = "";
    for (int i = 0; i < f->n_ids; i++)
        list = arena_printf(f->arena, "%s%s%lld", list, i > 0 ? ", " : "", f->ids[i]);
    return list;
}

static int
show_membership(struct flags *f)
{
    return run_sql(f, arena_printf(f->arena,
                                   "SELECT node_id AS id, ifnull(is_live, false) AS is_live, "
                                   "ifnull(ranges, 0) AS replicas, decommissioning AS is_decommissioning, "
                                   "draining AS is_draining FROM " JOINED
                                   " WHERE node_id IN (%s) ORDER BY id", id_list(f)));
}

static bool
target_self(struct flags *f, PGconn *c)
{
    if (!f->self && f->n_ids == 0)
        return fail("no node ID specified; use --self to target the node specified with --host") == 0;
    if (f->self && f->n_ids > 0)
        return fail("cannot use --self with an explicit list of node IDs") == 0;
    if (!f->self)
        return true;
    f->n_ids = 1;
    return ask(c, "SELECT node_id FROM [SHOW node_id]", &f->ids[0]);
}

static bool
decommission(struct flags *f, PGconn *c)
{
    long long left = 1, unused;
    for (int i = 0; i < f->n_ids; i++)
        if (!control(f, c, "decommission", f->ids[i], &unused))
            return false;
    const char *sql = arena_printf(f->arena, "SELECT ifnull(sum(ranges), 0) FROM "
                                             "crdb_internal.gossip_nodes WHERE node_id IN (%s)", id_list(f));
    for (long long said = -1; left > 0; said = left) {
        if (!ask(c, sql, &left))
            return false;
        if (left != said && show_membership(f) != 0)
            return false;
        if (!f->wait) {
            if (left == 0)
                break;
            fprintf(stdout, "\nDecommissioning in the background.\n");
            return true;
        }
        if (left > 0)
            usleep(ASK_AGAIN_US);
    }
    fprintf(stdout, "\nNo more data reported on target nodes. "
                    "Please verify cluster health before removing the nodes.\n");
    return true;
}

static int
run_decommission(struct flags *f, PGconn *c)
{
    return target_self(f, c) && decommission(f, c) ? 0 : 1;
}

static int
run_recommission(struct flags *f, PGconn *c)
{
    long long unused;
    if (!target_self(f, c))
        return 1;
    for (int i = 0; i < f->n_ids; i++)
        if (!control(f, c, "recommission", f->ids[i], &unused))
            return 1;
    return show_membership(f);
}

static int
run_drain(struct flags *f, PGconn *c)
{
    if (!drain(f, c))
        return 1;
    printf("ok\n");
    return 0;
}

/* ---- looking ---- */

static int
run_ls(struct flags *f, PGconn *c)
{
    (void)c;
    return run_sql(f, "SELECT node_id AS id FROM crdb_internal.gossip_liveness "
                      "WHERE decommissioning = false OR " AVAILABLE " ORDER BY id");
}

static int
run_status(struct flags *f, PGconn *c)
{
    const char *where = "decommissioning = false OR " AVAILABLE;
    long long found;
    if (f->n_ids > 1)
        return fail(arena_printf(f->arena, "expected no arguments or a single node ID"));
    if (f->n_ids == 1) {
        where = arena_printf(f->arena, "node_id = %lld", f->ids[0]);
        if (!ask(c, arena_printf(f->arena, "SELECT count(*) FROM crdb_internal.gossip_liveness WHERE %s",
                                 where), &found))
            return 1;
        if (found == 0)
            return fail(arena_printf(f->arena, "node %lld doesn't exist", f->ids[0]));
    } else if (f->decommission_columns) {
        where = "true";
    }
    return run_sql(f, arena_printf(f->arena, "SELECT node_id AS id, " BASE "%s%s%s FROM " JOINED
                                             "%s WHERE %s ORDER BY id",
                                   f->ranges ? RANGES : "", f->stats ? STATS : "",
                                   f->decommission_columns ? DECOMMISSION : "",
                                   f->stats ? STATS_JOINED : "", where));
}

/* ---- commands ---- */

static int
run_init(struct flags *f, PGconn *c)
{
    long long unused;
    if (!control(f, c, "init", 0, &unused))
        return 1;
    printf("Cluster successfully initialized\n");
    return 0;
}

static int
run_quit(struct flags *f, PGconn *c)
{
    long long unused;
    if (f->decommission) {
        f->self = true;
        if (!target_self(f, c) || !decommission(f, c))
            return 1;
    }
    if (!drain(f, c) || !control(f, c, "quit", 0, &unused))
        return 1;
    /* It is over when the connection is. */
    for (PGresult *r; PQstatus(c) == CONNECTION_OK; PQclear(r)) {
        r = PQexec(c, "SELECT 1");
        usleep(ASK_AGAIN_US / 4);
    }
    printf("ok\n");
    return 0;
}

static int
run(int argc, char **argv, const char *application, int (*fn)(struct flags *f, PGconn *c))
{
    struct arena *a = arena_create(NULL, "node");
    struct flags f;
    const char *complaint = parse(a, argc, argv, &f);
    int status = 1;
    if (complaint != NULL) {
        fail(complaint);
    } else if (f.help) {
        status = usage(true);
    } else {
        PGconn *c = open_node(&f, application);
        if (c != NULL) {
            status = fn(&f, c);
            PQfinish(c);
        }
    }
    arena_destroy(a);
    return status;
}

int
cmd_node(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*fn)(struct flags *f, PGconn *c);
    } commands[] = {{"ls", run_ls},
                    {"status", run_status},
                    {"drain", run_drain},
                    {"decommission", run_decommission},
                    {"recommission", run_recommission}};
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return run(argc - 2, argv + 2, APPLICATION, commands[i].fn);
    return usage(argc > 1 && strcmp(argv[1], "--help") == 0);
}

int
cmd_init(int argc, char **argv)
{
    return run(argc - 1, argv + 1, INIT_APPLICATION, run_init);
}

int
cmd_quit(int argc, char **argv)
{
    return run(argc - 1, argv + 1, APPLICATION, run_quit);
}
