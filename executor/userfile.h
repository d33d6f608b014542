/* executor/userfile.h - files kept in tables (userfile://), and files that clients upload. */
#ifndef AMBERDB_EXECUTOR_USERFILE_H
#define AMBERDB_EXECUTOR_USERFILE_H

#include "executor/exec.h"

struct sink;

/* For io_config: node is a struct node. host: "database.schema.prefix", or "" for the default one. */
struct error *userfile_open(void *node, const char *host, const char *path, struct sink **out)
    ERR_MUST_USE;
/* COPY crdb_internal.file_upload FROM STDIN WITH destination 'path | nodelocal:// | userfile://': the
 * data as it comes is the file. */
struct error *upload_file(struct exec_ctx *x, const char *destination, struct result_sink *out)
    ERR_MUST_USE;

#endif
