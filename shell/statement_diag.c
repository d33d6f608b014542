/* amberdb statement-diag: bundles of EXPLAIN ANALYZE (DEBUG), out of a running server. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/shell.h"
#include "shell/shell_int.h"

#include "base/arena.h"

static int
usage(void)
{
    fprintf(stderr,
            "Usage:\n"
            "  amberdb statement-diag list [FLAGS]\n"
            "  amberdb statement-diag download ID [FILE] [FLAGS]\n"
            "  amberdb statement-diag delete ID [FLAGS]\n"
            "  amberdb statement-diag delete --all [FLAGS]\n\n"
            "Flags are those of the connection, as of amberdb sql.\n");
    return 1;
}

static int
failed(const char *text)
{
    size_t n = strlen(text);
    fprintf(stderr, "%s%s", text, n > 0 && text[n - 1] == '\n' ? "" : "\n");
    return 1;
}

static int
list(PGconn *c)
{
    PGresult *r = PQexec(c, "SELECT id, collected_at::TIMESTAMP(0)::STRING, statement FROM "
                            "system.statement_diagnostics WHERE bundle_chunks IS NOT NULL "
                            "ORDER BY collected_at DESC");
    if (PQresultStatus(r) != PGRES_TUPLES_OK) {
        PQclear(r);
        return failed(PQerrorMessage(c));
    }
    if (PQntuples(r) == 0)
        printf("No statement diagnostics bundles available.\n");
    else
        printf("Statement diagnostics bundles:\n  %-20s  %-23s  Statement\n", "ID", "Collection time");
    for (int i = 0; i < PQntuples(r); i++)
        printf("  %-20s  %.19s UTC  %s\n", PQgetvalue(r, i, 0), PQgetvalue(r, i, 1),
               PQgetvalue(r, i, 2));
    PQclear(r);
    return 0;
}

static int
download(struct arena *a, PGconn *c, const char *id, const char *file)
{
    PGresult *r = PQexecParams(c, "SELECT data FROM system.statement_bundle_chunks AS c JOIN (SELECT "
                                  "unnest(bundle_chunks) AS id FROM system.statement_diagnostics "
                                  "WHERE id = $1::INT8) AS d ON d.id = c.id ORDER BY c.id",
                               1, NULL, &id, NULL, NULL, 1);
    if (PQresultStatus(r) != PGRES_TUPLES_OK) {
        PQclear(r);
        return failed(PQerrorMessage(c));
    }
    if (PQntuples(r) == 0) {
        PQclear(r);
        return failed(arena_printf(a, "ERROR: failed to download statement diagnostics bundle %s to '%s': "
                                      "the bundle does not exist", id, file));
    }
    FILE *f = fopen(file, "wb");
    bool good = f != NULL;
    for (int i = 0; i < PQntuples(r) && good; i++) {
        size_t n = (size_t)PQgetlength(r, i, 0);
        good = fwrite(PQgetvalue(r, i, 0), 1, n, f) == n;
    }
    PQclear(r);
    if (f != NULL)
        good = fclose(f) == 0 && good;
    if (!good)
        return failed(arena_printf(a, "ERROR: cannot write %s", file));
    printf("Bundle saved to \"%s\"\n", file);
    return 0;
}

/* id NULL: all. */
static int
delete_bundles(struct arena *a, PGconn *c, const char *id)
{
    const char *which = id == NULL ? "$1::STRING IS NULL" : "id = $1::INT8";
    PGresult *r = PQexecParams(
        c, arena_printf(a, "DELETE FROM system.statement_bundle_chunks WHERE id IN (SELECT "
                           "unnest(bundle_chunks) FROM system.statement_diagnostics WHERE %s)", which),
        1, NULL, &id, NULL, NULL, 0);
    bool good = PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
    if (!good)
        return failed(PQerrorMessage(c));
    r = PQexecParams(c, arena_printf(a, "DELETE FROM system.statement_diagnostics WHERE %s", which), 1,
                     NULL, &id, NULL, NULL, 0);
    good = PQresultStatus(r) == PGRES_COMMAND_OK;
    bool none = good && strcmp(PQcmdTuples(r), "0") == 0;
    PQclear(r);
    if (!good)
        return failed(PQerrorMessage(c));
    if (none && id != NULL)
        return failed(arena_printf(a, "ERROR: no such statement diagnostics bundle: %s", id));
    return 0;
}

int
cmd_statement_diag(int argc, char **argv)
{
    const char *args[SHELL_ARGS_MAX];
    PGconn *c = NULL;
    int n;
    if (argc < 2 || strcmp(argv[1], "--help") == 0)
        return usage();
    bool all = argc > 2 && strcmp(argv[2], "--all") == 0;
    struct arena *a = arena_create(NULL, "statement-diag");
    int skip = all ? 2 : 1;
    int rc = shell_connect(argc - skip, argv + skip, a, &n, args, &c);
    if (rc != 0)
        rc--;
    else if (strcmp(argv[1], "list") == 0 && n == 0 && !all)
        rc = list(c);
    else if (strcmp(argv[1], "download") == 0 && (n == 1 || n == 2) && !all)
        rc = download(a, c, args[0],
                      n == 2 ? args[1] : arena_printf(a, "stmt-bundle-%s.zip", args[0]));
    else if (strcmp(argv[1], "delete") == 0 && n == (all ? 0 : 1))
        rc = delete_bundles(a, c, all ? NULL : args[0]);
    else
        rc = usage();
    PQfinish(c);
    arena_destroy(a);
    return rc;
}
