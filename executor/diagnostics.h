/* executor/diagnostics.h - bundles of what is to be known about a statement: EXPLAIN ANALYZE (DEBUG).
 *
 * A bundle is a ZIP archive, kept in pieces in system.statement_bundle_chunks; its row of
 * system.statement_diagnostics lists them. SOURCE: CockroachDB v20.1 pkg/sql/explain_bundle.go,
 * pkg/sql/stmtdiagnostics.
 */
#ifndef AMBERDB_EXECUTOR_DIAGNOSTICS_H
#define AMBERDB_EXECUTOR_DIAGNOSTICS_H

#include "executor/exec.h"

/* Keep it, in a transaction of its own. fingerprint: the statement without its constants; trace: JSON. */
struct error *diagnostics_keep(struct exec_ctx *x, const char *fingerprint, const char *statement,
                               const char *trace, struct slice bundle, int64_t *id) ERR_MUST_USE;
/* The bundle of an id, its memory from a; *found false: there is none. */
struct error *diagnostics_get(struct node *n, struct arena *a, int64_t id, struct slice *bundle,
                              bool *found) ERR_MUST_USE;

#endif
