/* executor/trace.h - what SET tracing = on records, for SHOW TRACE FOR SESSION.
 *
 *     trace_start(session, kv, results)       statements note what they do from here on
 *     TRACE(session, "flow", "Put %s", ...)   one line; nothing when tracing is off
 *     trace_stop(session)                     lines stay until tracing is started again
 *
 * Messages and operations are v20.1's, as people look for them: SPAN START, executing, Scan, fetched,
 * CPut, InitPut, Put, Del, sending batch, output row, rows affected. The lines live with the session,
 * MAX_LINES of them at most.
 *
 * Threads: the session's.
 */
#ifndef AMBERDB_EXECUTOR_TRACE_H
#define AMBERDB_EXECUTOR_TRACE_H

#include "catalog/desc.h"
#include "executor/exec.h"
#include "grammar/ast.h"

struct trace_line {
    int64_t time_us;       /* since 2000-01-01 */
    int span, at;          /* at: in its span */
    const char *operation; /* of the span */
    const char *location, *message;
};

/* What one batch of requests has in it; in the order in which they are told of. */
enum trace_request {
    TRACE_PUT,
    TRACE_CPUT,
    TRACE_DEL,
    TRACE_DEL_RANGE,
    TRACE_SCAN,
    TRACE_END_TXN,
    TRACE_REVERSE_SCAN,
    TRACE_INIT_PUT,
};
#define TRACE_REQUESTS 8

struct error *trace_start(struct session *s, bool kv, bool results) ERR_MUST_USE;
void trace_stop(struct session *s);
/* What the session has recorded is kept elsewhere, until it is put back in place of what it has then. */
struct trace;
struct trace *trace_put_aside(struct session *s);
void trace_put_back(struct session *s, struct trace *t);
/* "on", "on, kv", "off" */
const char *trace_mode(const struct session *s);
bool trace_is_on(const struct session *s);
bool trace_has_results(const struct session *s);
const struct trace_line *trace_lines(const struct session *s, int *n);

#define TRACE_STRING_(n) #n
#define TRACE_STRING(n) TRACE_STRING_(n)
#define TRACE(s, operation, ...)                                                              \
    trace_add((s), (operation), __FILE__ ":" TRACE_STRING(__LINE__), __VA_ARGS__)
void trace_add(struct session *s, const char *operation, const char *location, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A statement begins: the lines of its transaction, and of its flow when it is planned. */
void trace_statement(struct session *s, const struct ast_stmt *stmt, bool new_txn);
void trace_statement_again(struct session *s); /* what it noted is gone, it begins anew */
void trace_flow(struct exec_ctx *x);
void trace_statement_end(struct session *s, const struct error *e);
/* A row that goes to the client. */
void trace_output(struct exec_ctx *x, const struct batch *b, int n,
                  const struct result_column *cols);

/* With x->trace_kv. Requests are counted until they are sent. */
void trace_count(struct exec_ctx *x, const struct table *t, enum trace_request r);
struct error *trace_send(struct exec_ctx *x, const struct table *t, bool end_txn) ERR_MUST_USE;
/* The transaction wrote, and its end goes by itself. */
void trace_end_txn(struct session *s);
struct error *trace_scan(struct exec_ctx *x, const char *operation, const struct table *t,
                         const char *spans, int n, bool reverse) ERR_MUST_USE;
/* {a-b} behind what the two have in common. */
void trace_span(struct str *out, const char *start, const char *end);
void trace_fetched(struct exec_ctx *x, const char *operation, const struct table *t,
                   const struct index *ix, const int *needed, int n_needed,
                   const struct datum *row);

#endif
