/* shell/shell.h - amberdb sql: the interactive and batch SQL client, over libpq and libedit. */
#ifndef AMBERDB_SHELL_SHELL_H
#define AMBERDB_SHELL_SHELL_H

/* argv[0] is "sql". The result is the exit code: 0, or 1 when a statement failed or the server could
 * not be reached. */
int cmd_sql(int argc, char **argv);

#endif
