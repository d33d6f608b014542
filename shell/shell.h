/* shell/shell.h - amberdb sql: the interactive and batch SQL client, over libpq and libedit. */
#ifndef AMBERDB_SHELL_SHELL_H
#define AMBERDB_SHELL_SHELL_H

#include "base/error.h"

/* argv[0] is "sql". The result is the exit code: 0, or 1 when a statement failed or the server could
 * not be reached. */
int cmd_sql(int argc, char **argv);
/* Files to and from a running server: userfile upload|list|get|delete, nodelocal upload. */
int cmd_userfile(int argc, char **argv);
int cmd_statement_diag(int argc, char **argv);
int cmd_nodelocal(int argc, char **argv);
/* node ls|status|drain|decommission|recommission, init, quit: the nodes of the cluster that the server
 * belongs to. */
int cmd_node(int argc, char **argv);
int cmd_init(int argc, char **argv);
int cmd_quit(int argc, char **argv);

/* Run the statements (NULL ends them) on a connection of their own; the first failure is returned. */
struct error *shell_run_all(const char *url, const char *const *statements) ERR_MUST_USE;

#endif
