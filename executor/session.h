/* executor/session.h - one client's session: what the server talks to.
 *
 * The server room speaks the wire protocol and knows nothing of SQL; it gives texts, parameters and
 * a result sink to a session and sends what comes back. One session belongs to one thread; fields
 * that others may look at (SHOW QUERIES, CANCEL) are behind session functions with a lock.
 */
#ifndef AMBERDB_EXECUTOR_SESSION_H
#define AMBERDB_EXECUTOR_SESSION_H

#include "base/thread.h"
#include "types/datum.h"

struct node;     /* executor/node.h: the process: store, catalog, jobs, settings */
struct session;
struct prepared; /* a prepared statement */
struct portal;   /* a prepared statement with parameters, being run */

struct result_column {
    const char *name;
    const struct type *type;
    uint32_t table_id;      /* 0 when computed */
    int16_t attnum;         /* or COLUMN_HIDDEN */
};
/* Of a statement that is a function: columns behind the others that only a FROM [statement] which names
 * them gets. */
#define COLUMN_HIDDEN (-1)

/* Where results go. Every function may block on the client and return an error (08006), which ends
 * the statement. Rows come in batches of columns (planner/batch.h). */
struct batch;
struct result_sink {
    /* Before the first row of a statement that returns rows; for the extended protocol the server
     * ignores it when it has described the portal. */
    struct error *(*columns)(struct result_sink *s, int n, const struct result_column *cols);
    struct error *(*rows)(struct result_sink *s, const struct batch *b, const struct eval_env *env);
    /* "SELECT 3", "INSERT 0 1", ...; NULL tag: an empty statement. */
    struct error *(*complete)(struct result_sink *s, const char *tag);
    void (*notice)(struct result_sink *s, const struct error *e, const char *severity);
    /* A session parameter that clients are told of changed (application_name, TimeZone). */
    void (*parameter)(struct result_sink *s, const char *name, const char *value);
    /* COPY FROM STDIN: n_cols columns; then data until *done. Bytes borrowed until the next call. */
    struct error *(*copy_in_start)(struct result_sink *s, int n_cols, bool binary);
    struct error *(*copy_in_data)(struct result_sink *s, struct slice *data, bool *done);
    /* COPY TO STDOUT. */
    struct error *(*copy_out_start)(struct result_sink *s, int n_cols, bool binary);
    struct error *(*copy_out_data)(struct result_sink *s, struct slice data);
    struct error *(*copy_out_end)(struct result_sink *s);
    /* Send what is buffered now; also tells whether results of this statement have left the server
     * (then it cannot be retried). */
    struct error *(*flush)(struct result_sink *s);
    bool (*results_sent)(struct result_sink *s);
    /* Drop what the statement at hand has buffered (columns, rows, notices), before it is retried;
     * only while results_sent is false. */
    void (*rewind)(struct result_sink *s);
    /* From here on statements belong together: what results_sent and rewind are about begins here, until
     * this is called again, with false for each on its own. Optional. */
    void (*hold)(struct result_sink *s, bool held);
};

struct session_args {
    const char *user;
    const char *database;         /* NULL: defaultdb */
    const char *client_address;   /* "127.0.0.1:5432" for SHOW SESSIONS */
    /* Start-up parameters besides user and database, as given. */
    int n_settings;
    const char *const *setting_names, *const *setting_values;
};

struct error *session_create(struct node *n, const struct session_args *a, struct session **out)
    ERR_MUST_USE;
void session_destroy(struct session *s); /* rolls back, drops temporary objects */

enum session_txn_status { SESSION_IDLE = 'I', SESSION_IN_TXN = 'T', SESSION_FAILED = 'E' };
enum session_txn_status session_txn_status(const struct session *s);
/* Current value of a variable, for ParameterStatus; NULL when unknown. */
const char *session_setting(struct session *s, const char *name);
/* What text and binary parameters are read with: the session's settings and clock; results go to a. */
void session_env(struct session *s, struct arena *a, struct eval_env *env);
/* Asks the running statement to stop (CancelRequest, CANCEL QUERY, shutdown). Any thread. */
void session_cancel(struct session *s, enum cancel_reason why);

/* Simple query: all statements of the text, one after the other, until the first error. */
struct error *session_simple(struct session *s, struct slice sql, struct result_sink *out)
    ERR_MUST_USE;

/* Extended query. name "" is the unnamed statement. param_oids: 0 = infer. */
struct error *session_parse(struct session *s, const char *name, struct slice sql, int n_params,
                            const uint32_t *param_oids) ERR_MUST_USE;
/* 26000 when there is none. Valid until it is closed or replaced. */
struct error *session_find_prepared(struct session *s, const char *name, struct prepared **out)
    ERR_MUST_USE;
int prepared_n_params(const struct prepared *p);
const struct type *prepared_param_type(const struct prepared *p, int i);
/* n = -1: the statement returns no rows. */
int prepared_columns(struct prepared *p, const struct result_column **cols);

/* params: decoded by the server with datum_parse / datum_from_binary by prepared_param_type. They are
 * copied, and so are the result formats (0 text, 1 binary; none, one for all, or one a column),
 * which the session only keeps for the server. */
struct error *session_bind(struct session *s, const char *portal, const char *statement,
                           int n_params, const struct datum *params, int n_formats,
                           const int16_t *formats) ERR_MUST_USE;
int portal_formats(const struct portal *p, const int16_t **formats);
struct error *session_find_portal(struct session *s, const char *name, struct portal **out)
    ERR_MUST_USE;
int portal_columns(struct portal *p, const struct result_column **cols);
/* max_rows 0 = all; *suspended when rows are left (then no complete was called). */
struct error *session_execute(struct session *s, struct portal *p, int64_t max_rows,
                              struct result_sink *out, bool *suspended) ERR_MUST_USE;
void session_close_prepared(struct session *s, const char *name);
void session_close_portal(struct session *s, const char *name);
/* Sync: ends an implicit transaction of the extended protocol. */
struct error *session_sync(struct session *s) ERR_MUST_USE;
/* A message was refused before it became a call: an open transaction has failed. */
void session_failed(struct session *s);
/* After an error the server skips to Sync; the session's transaction state already knows. */

#endif
