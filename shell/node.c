/* amberdb node: what a running server knows of the nodes of its cluster, by SQL. */
#include "config.h"

#include "shell/shell.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

/* SOURCE: CockroachDB v20.1 pkg/cli/node.go: the columns and their order. */
#define AVAILABLE "split_part(expiration, ',', 1)::DECIMAL > now()::DECIMAL"

static const struct {
    const char *name, *sql;
} commands[] = {
    {"ls", "SELECT node_id AS id FROM crdb_internal.gossip_liveness "
           "WHERE decommissioning = false OR " AVAILABLE " ORDER BY id"},
    {"status", "SELECT node_id AS id, address, sql_address, build_tag AS build, started_at, "
               "updated_at, locality, " AVAILABLE " AS is_available, "
               "ifnull(is_live, false) AS is_live FROM crdb_internal.gossip_liveness "
               "LEFT JOIN crdb_internal.gossip_nodes USING (node_id) ORDER BY id"},
};

int
cmd_node(int argc, char **argv)
{
    const char *sql = NULL;
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            sql = commands[i].sql;
    if (sql == NULL) {
        fprintf(stderr, "Usage:\n  amberdb node ls|status [FLAGS]\n\n"
                        "Flags are those of \"amberdb sql\": --url, --host, --insecure, --certs-dir, "
                        "--format.\n");
        return argc > 1 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    const char **args = xcalloc((size_t)argc + 3, sizeof(*args));
    int n = 0;
    args[n++] = "sql";
    for (int i = 2; i < argc; i++)
        args[n++] = argv[i];
    args[n++] = "-e";
    args[n++] = sql;
    int status = cmd_sql(n, (char **)(uintptr_t)args);
    xfree((void *)(uintptr_t)args);
    return status;
}
