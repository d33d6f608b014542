/* amberdb: one program, its subcommands. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "server/server.h"
#include "shell/shell.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

static int cmd_help(int argc, char **argv);

static const struct command commands[] = {
    {"start-single-node", cmd_start_single_node, "start a single-node server"},
    {"start", cmd_start, "start a node of a cluster over a shared store"},
    {"init", cmd_init, "initialize a cluster, once"},
    {"node", cmd_node, "the nodes of a cluster: ls, status, drain, decommission, recommission"},
    {"quit", cmd_quit, "drain a node and end its process"},
    {"demo", cmd_demo, "start a cluster in memory, with a sample, and open a SQL shell"},
    {"sql", cmd_sql, "open a SQL shell"},
    {"statement-diag", cmd_statement_diag, "bundles of EXPLAIN ANALYZE (DEBUG): list, download, delete"},
    {"userfile", cmd_userfile, "files in the database: upload, list, get, delete"},
    {"nodelocal", cmd_nodelocal, "files below the server's external I/O directory: upload"},
    {"cert", cmd_cert, "create certificates: create-ca, create-node, create-client, list"},
    {"version", cmd_version, "print version information"},
    {"help", cmd_help, "print this help"},
};

static void
print_help(FILE *f)
{
    fprintf(f, "amberdb: a SQL server for CockroachDB v20.1's dialect and its backups\n\n"
               "Usage:\n  amberdb COMMAND [FLAGS]\n\nCommands:\n");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(f, "  %-18s %s\n", commands[i].name, commands[i].help);
    fprintf(f, "\nUse \"amberdb COMMAND --help\" for the flags of a command.\n");
}

static int
cmd_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    print_help(stdout);
    return 0;
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return 1;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0)
        name = "version";
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "amberdb: unknown command \"%s\"; see \"amberdb help\"\n", name);
    return 1;
}
