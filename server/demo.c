/* server/demo.c - amberdb demo: a cluster of several nodes in one process, its store in memory, and
 * the shell in front of it. */
#include "config.h"

#include "server/demo.h"
#include "server/server.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "shell/shell.h"
#include "storage/engine.h"

#define NODES_MAX         32
#define SHUTDOWN_GRACE_MS 1000

struct demo {
    struct arena *arena;
    char *dir; /* temporary files and, unless given, what nodelocal:// means */
    const char *external_io_dir;
    int n_nodes, first_port;
    const char *localities[NODES_MAX];
    bool empty, help;
    struct node *nodes[NODES_MAX];
    struct server *servers[NODES_MAX];
    int shell_argc;
    char **shell_argv;
};

enum {
    FLAG_NODES = 256,
    FLAG_LOCALITY,
    FLAG_EMPTY,
    FLAG_SQL_PORT,
    FLAG_EXTERNAL_IO_DIR,
    FLAG_HELP,
    FLAG_PASS
};

static const struct option options[] = {
    {"nodes", required_argument, NULL, FLAG_NODES},
    {"demo-locality", required_argument, NULL, FLAG_LOCALITY},
    {"empty", no_argument, NULL, FLAG_EMPTY},
    {"sql-port", required_argument, NULL, FLAG_SQL_PORT},
    {"external-io-dir", required_argument, NULL, FLAG_EXTERNAL_IO_DIR},
    {"insecure", no_argument, NULL, FLAG_PASS}, /* it always is */
    {"execute", required_argument, NULL, 'e'},
    {"format", required_argument, NULL, FLAG_PASS},
    {"set", required_argument, NULL, FLAG_PASS},
    {"echo-sql", no_argument, NULL, FLAG_PASS},
    {"safe-updates", optional_argument, NULL, FLAG_PASS},
    {"help", no_argument, NULL, FLAG_HELP},
    {0},
};

static void
print_demo_help(void)
{
    printf(
        "Usage:\n  amberdb demo [movr] [FLAGS]\n\n"
        "Starts a cluster in memory and opens the shell. \"movr\", the default, loads a sample.\n\n"
        "Flags:\n"
        "  --nodes=N                how many nodes (default 1, or as many as localities)\n"
        "  --demo-locality=L:L:...  one locality a node: region=us-east,az=1:region=us-west,az=1\n"
        "  --empty                  no sample\n"
        "  --sql-port=PORT          of the first node, the others follow (default: any free ones)\n"
        "  --external-io-dir=DIR    nodelocal://N is DIR/nN (default: a temporary folder)\n"
        "  -e, --execute=SQL        run the statements and leave; may be repeated\n"
        "  --format, --set, --echo-sql, --safe-updates: as of \"amberdb sql\"\n");
}

static void
pass_to_shell(struct demo *d, const char *arg)
{
    d->shell_argv[d->shell_argc++] = arena_strdup(d->arena, arg);
}

static struct error *
flag_error(const char *flag, const char *value)
{
    return err_new(ERR_CONFIG_FILE, "--%s: \"%s\" is not valid", flag, value);
}

/* One locality a node, separated by colons. */
static struct error *
set_localities(struct demo *d, const char *text)
{
    char *copy = arena_strdup(d->arena, text), *save = NULL;
    int n = 0;
    for (char *l = strtok_r(copy, ":", &save); l != NULL; l = strtok_r(NULL, ":", &save)) {
        if (n == NODES_MAX)
            return err_new(ERR_CONFIG_FILE, "a demo has at most %d nodes", NODES_MAX);
        if (strchr(l, '=') == NULL)
            return err_new(ERR_CONFIG_FILE, "tier must be in the form \"key=value\" not \"%s\"", l);
        d->localities[n++] = l;
    }
    if (n == 0)
        return err_new(ERR_CONFIG_FILE, "can't have empty locality");
    if (d->n_nodes != 0 && d->n_nodes != n)
        return err_new(ERR_CONFIG_FILE,
                       "number of localities specified must equal number of nodes");
    d->n_nodes = n;
    return NULL;
}

static struct error *
number(const char *flag, const char *text, int max, int *out)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || v == 0 || v > (unsigned long)max)
        return flag_error(flag, text);
    *out = (int)v;
    return NULL;
}

static struct error *
parse_flags(struct demo *d, int argc, char **argv)
{
    const char *localities = NULL;
    int c, at = 0;
    optind = 1;
    while ((c = getopt_long(argc, argv, "e:", options, &at)) != -1) {
        switch (c) {
        case FLAG_NODES:
            ERR_TRY(number("nodes", optarg, NODES_MAX, &d->n_nodes));
            break;
        case FLAG_LOCALITY:
            localities = optarg;
            break;
        case FLAG_EMPTY:
            d->empty = true;
            break;
        case FLAG_SQL_PORT:
            ERR_TRY(number("sql-port", optarg, 65535, &d->first_port));
            break;
        case FLAG_EXTERNAL_IO_DIR:
            d->external_io_dir = optarg;
            break;
        case 'e':
            pass_to_shell(d, "-e");
            pass_to_shell(d, optarg);
            break;
        case FLAG_PASS:
            pass_to_shell(d, optarg == NULL
                                 ? arena_printf(d->arena, "--%s", options[at].name)
                                 : arena_printf(d->arena, "--%s=%s", options[at].name, optarg));
            break;
        case FLAG_HELP:
            d->help = true;
            return NULL;
        default:
            return err_new(ERR_CONFIG_FILE, "see \"amberdb demo --help\"");
        }
    }
    for (; optind < argc; optind++)
        if (strcmp(argv[optind], "movr") != 0)
            return err_new(ERR_CONFIG_FILE, "unknown sample \"%s\": there is movr", argv[optind]);
    if (localities != NULL)
        ERR_TRY(set_localities(d, localities));
    if (d->n_nodes == 0)
        d->n_nodes = 1;
    return NULL;
}

/* Nodes 1 to 3, 4 to 6, 7 to 9 when nothing is said. SOURCE: cluster 1 */
static const char *
default_locality(int i)
{
    static const char *const v[] = {
        "region=us-east1,az=b",     "region=us-east1,az=c",     "region=us-east1,az=d",
        "region=us-west1,az=a",     "region=us-west1,az=b",     "region=us-west1,az=c",
        "region=europe-west1,az=b", "region=europe-west1,az=c", "region=europe-west1,az=d",
    };
    return (size_t)i < sizeof(v) / sizeof(v[0]) ? v[i] : "";
}

static const char *
address_of(struct demo *d, int i)
{
    return arena_printf(d->arena, "localhost:%d", d->first_port == 0 ? 0 : d->first_port + i);
}

static struct error *
start_node(struct demo *d, int i)
{
    struct node_opts o = {
        .locality = d->localities[i] != NULL ? d->localities[i] : default_locality(i),
        .temp_dir = path_join(d->arena, d->dir, "temp"),
        .sql_address = address_of(d, i),
        .insecure = true,
    };
    o.external_io_dir =
        path_join(d->arena, d->external_io_dir, arena_printf(d->arena, "n%d", i + 1));
    ERR_TRY(dir_create_all(o.external_io_dir, 0755));
    if (i > 0) {
        ERR_TRY(node_join(d->nodes[0], &o, &d->nodes[i]));
    } else {
        ERR_TRY(engine_memory_open(&o.engine));
        ERR_TRY(node_open(&o, &d->nodes[0]));
    }
    struct server_opts so = {.node = d->nodes[i], .listen_addr = o.sql_address};
    return server_start(&so, &d->servers[i]);
}

static struct error *
load_sample(struct demo *d)
{
    char *url = arena_printf(d->arena, "postgresql://root@%s/defaultdb?sslmode=disable",
                             server_address(d->servers[0]));
    struct error *err = shell_run_all(url, demo_movr);
    return err == NULL ? NULL : err_wrap(err, "loading the sample");
}

static struct error *
start_cluster(struct demo *d)
{
    ERR_TRY(dir_create_temp(d->arena, NULL, "amberdb-demo-", &d->dir));
    if (d->external_io_dir == NULL)
        d->external_io_dir = path_join(d->arena, d->dir, "extern");
    for (int i = 0; i < d->n_nodes; i++)
        ERR_TRY(start_node(d, i));
    return d->empty ? NULL : load_sample(d);
}

static void
stop_cluster(struct demo *d)
{
    for (int i = d->n_nodes - 1; i >= 0; i--)
        if (d->servers[i] != NULL)
            server_stop(d->servers[i], SHUTDOWN_GRACE_MS);
    for (int i = d->n_nodes - 1; i >= 0; i--)
        if (d->nodes[i] != NULL)
            node_close(d->nodes[i]);
    if (d->dir != NULL)
        err_free(dir_remove_tree(d->dir));
}

static void
print_demo_banner(const struct demo *d)
{
    printf("#\n# A cluster of %d node%s in memory: all is gone when this shell ends.\n#\n",
           d->n_nodes, d->n_nodes == 1 ? "" : "s");
    for (int i = 0; i < d->n_nodes; i++)
        printf("#   node %d: postgresql://root@%s?sslmode=disable  %s\n", i + 1,
               server_address(d->servers[i]), d->nodes[i]->opts.locality);
    printf("#\n");
    fflush(stdout);
}

static int
run_demo(struct demo *d)
{
    struct error *err = fault_init();
    signal(SIGPIPE, SIG_IGN);
    log_open(stderr, LOG_WARNING);
    if (err == NULL)
        err = start_cluster(d);
    int rc = 1;
    if (err != NULL) {
        fprintf(stderr, "amberdb demo: %s\n", err->message);
        err_free(err);
    } else {
        if (d->shell_argc == 1)
            print_demo_banner(d);
        pass_to_shell(d,
                      arena_printf(d->arena, "--url=postgresql://root@%s/%s?sslmode=disable",
                                   server_address(d->servers[0]), d->empty ? "defaultdb" : "movr"));
        rc = cmd_sql(d->shell_argc, d->shell_argv);
    }
    stop_cluster(d);
    return rc;
}

int
cmd_demo(int argc, char **argv)
{
    struct demo d = {.arena = arena_create(NULL, "demo")};
    d.shell_argv = ARENA_ARRAY(d.arena, char *, 2 * (size_t)argc + 4);
    pass_to_shell(&d, "sql");
    struct error *err = parse_flags(&d, argc, argv);
    int rc = 0;
    if (err != NULL) {
        fprintf(stderr, "amberdb demo: %s\n", err->message);
        err_free(err);
        rc = 1;
    } else if (d.help) {
        print_demo_help();
    } else {
        rc = run_demo(&d);
    }
    arena_destroy(d.arena);
    return rc;
}
