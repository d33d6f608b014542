/* executor/system_rows.h - rows of our own below the tables' keys, whose values are protobufs: who is
 * alive, what work there is.
 *
 * Threads: those of the transaction.
 */
#ifndef AMBERDB_EXECUTOR_SYSTEM_ROWS_H
#define AMBERDB_EXECUTOR_SYSTEM_ROWS_H

#include "catalog/pb.h"
#include "executor/exec.h"

struct system_row {
    struct slice key;
    ProtobufCMessage *m;
};

struct error *system_row_put(struct exec_ctx *x, struct slice key,
                             const ProtobufCMessage *m) ERR_MUST_USE;
/* *m NULL: there is none. what names it in errors. */
struct error *system_row_get(struct exec_ctx *x, struct slice key,
                             const ProtobufCMessageDescriptor *d, const char *what,
                             ProtobufCMessage **m) ERR_MUST_USE;
/* All below the prefix, by key; in x->arena. */
struct error *system_rows_read(struct exec_ctx *x, struct slice prefix,
                               const ProtobufCMessageDescriptor *d, const char *what,
                               struct system_row **out, size_t *n) ERR_MUST_USE;

#endif
