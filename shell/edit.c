/* The interactive session: prompts, line editing and history by libedit. */
#include "config.h"

#include "shell/shell_int.h"

#include <stdlib.h>

#include <editline/readline.h>

#include "base/arena.h"

#define HISTORY_MAX 10000

static char *
prompt(struct shell *sh, bool pending)
{
    const char *db = PQdb(sh->conn);
    const char *status = "";
    switch (PQtransactionStatus(sh->conn)) {
    case PQTRANS_INTRANS:
        status = " OPEN";
        break;
    case PQTRANS_INERROR:
        status = " ERROR";
        break;
    case PQTRANS_UNKNOWN:
        status = " ?";
        break;
    case PQTRANS_IDLE:
    case PQTRANS_ACTIVE:
        break;
    }
    struct arena *a = sh->arena;
    char *text = arena_printf(a, "%s@%s:%s/%s%s> ", PQuser(sh->conn), PQhost(sh->conn),
                              PQport(sh->conn), db, status);
    if (pending) {
        size_t n = strlen(text);
        return arena_printf(a, "%*s", (int)n, "-> ");
    }
    return text;
}

static void
remember(const char *statement)
{
    if (*statement != '\0')
        add_history(statement);
}

void
edit_loop(struct shell *sh)
{
    const char *home = getenv("HOME");
    char *file = home != NULL ? arena_printf(sh->arena, "%s/.amberdbsql_history", home) : NULL;
    rl_initialize();
    stifle_history(HISTORY_MAX);
    if (file != NULL)
        read_history(file);
    while (!sh->quit) {
        char *line = readline(prompt(sh, scanner_pending(sh->scanner)));
        if (line == NULL) {
            fputc('\n', stdout);
            break;
        }
        remember(line);
        run_line(sh, line);
        free(line); /* readline's own */
    }
    if (file != NULL)
        write_history(file);
}
