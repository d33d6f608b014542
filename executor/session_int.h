/* executor/session_int.h - inside sessions: transactions, prepared statements, portals, variables. */
#ifndef AMBERDB_EXECUTOR_SESSION_INT_H
#define AMBERDB_EXECUTOR_SESSION_INT_H

#include "executor/session.h"
#include "executor/statement.h"
#include "planner/eval_hooks.h"
#include "types/timezone.h"

/* ---- transactions --------------------------------------------------------------------------- */

enum txn_state { TXN_NONE, TXN_OPEN, TXN_ABORTED, TXN_COMMIT_WAIT };

struct txn_end_hook {
    struct txn_end_hook *next;
    struct error *(*fn)(struct node *n, void *arg, bool committed);
    void *arg;
};

struct txn_before_commit {
    struct error *(*fn)(struct exec_ctx *x);
    struct session *session;
    const char *user, *database;
    const struct cancel *cancel;
};

struct savepoint {
    struct savepoint *next;   /* older */
    char *name;
    uint64_t token;
    bool initial;             /* cockroach_restart: rolling back restarts everything */
    bool first;               /* nothing has run before it */
    int ddl_before; /* statements that changed the schema until it was set */
};

/* One transaction of a session, or of exec_txn. */
struct exec_txn_state {
    struct node *node;
    struct arena *arena;
    struct kv_txn *kv;
    struct catalog_txn *catalog;
    bool implicit, read_only, fixed_time;
    int ddl; /* statements that changed the schema */
    bool used;                /* a statement ran: SET TRANSACTION and cockroach_restart come first */
    int priority;             /* -1, 0, 1 */
    struct hlc read_ts;
    int64_t time_us;          /* now() */
    struct txn_end_hook *hooks, **hooks_end;
    struct savepoint *savepoints;
    struct ddl_txn_job *ddl_jobs; /* executor/schema/change_job.c: one for each table changed */
    struct txn_before_commit *before_commit; /* NULL: nothing to do */
};

struct error *txn_state_begin(struct node *n, struct arena *parent, struct hlc read_ts,
                              bool read_only, int priority, const struct cancel *cancel,
                              struct exec_txn_state **out) ERR_MUST_USE;
/* Frees it. The hooks run after the end; the first error of theirs is returned when all else went
 * well. */
struct error *txn_state_commit(struct exec_txn_state *t) ERR_MUST_USE;
void txn_state_rollback(struct exec_txn_state *t);

/* ---- sessions ------------------------------------------------------------------------------- */

struct prepared {
    struct prepared *next;
    char *name;
    struct arena *arena;
    struct slice sql;
    struct ast_stmt *stmt;    /* NULL: empty text */
    int n_params;
    const struct type **param_types;
    int n_cols;               /* -1: no rows */
    struct result_column *cols;
    bool from_sql;            /* PREPARE */
    struct plan_cache *cache; /* plan_cache.h */
    int running;              /* executions of it; DEALLOCATE may be what it is: then it goes behind them */
    bool closed;
};

struct portal {
    struct portal *next;
    char *name;
    struct arena *arena;
    struct prepared *p;
    int n_params;
    struct datum *params;
    int n_formats;            /* the server's */
    int16_t *formats;
    struct portal_run *run;   /* suspended */
    bool finished;
    bool running, closed;     /* as with a prepared statement */
};

/* A started portal whose rows are not all sent. */
struct portal_run {
    struct arena *arena;
    struct exec_ctx *x;
    struct op *op;
    struct batch *batch;
    int at;                   /* next live row of batch */
    int64_t sent;
    bool own_txn;             /* implicit transaction: ends with it */
};

struct session_seq {          /* currval */
    struct session_seq *next;
    uint32_t id;
    int64_t value;
};

struct session_var {          /* a value that differs from the default */
    char *value;              /* current */
    char *reset;              /* after RESET */
};

struct session {
    struct node *node;
    struct arena *arena;
    char *user, *client_address;
    uint8_t id[16];
    struct session_var *vars; /* by position in the variable table */
    uint64_t vars_generation; /* counts their changes */
    const struct timezone_info *timezone;
    struct arena *timezone_arena;

    struct exec_txn_state *txn;
    enum txn_state txn_state;
    bool implicit_open;       /* extended protocol: txn is a suspended portal's */

    struct prepared *prepared;
    struct portal *portals;
    struct portal *active;    /* suspended */

    struct cancel cancel;
    int64_t start_ns;

    struct session_seq *seqs;
    bool lastval_set;
    uint32_t lastval_id;

    /* of the statement that runs, for statistics */
    int64_t plan_ns, rows;
    int retries;
    struct str stats_text;
    bool restarting; /* the transaction ends to begin again */

    struct trace *trace; /* trace.h; NULL: never started */
    bool trace_kv;       /* it is on, with keys and values */

    char temp_schema[64]; /* pg_temp_<id>: where temporary objects of every database are */
    bool has_temporary;   /* it was made in some database */

    /* guarded by the registry's lock */
    struct session *reg_next;
    char *active_sql, *last_sql;
    const char *shown_application; /* application_name; never freed while the session lives */
    uint8_t query_id[16];
    int64_t query_start_ns, deadline_ns, txn_start_ns;
    bool query_running, closing;
};

/* session_vars.c */
struct error *vars_init(struct session *s, const struct session_args *a) ERR_MUST_USE;
const char *var_get(struct session *s, const char *name);            /* NULL: unknown */
bool var_bool(struct session *s, const char *name);
int64_t var_int(struct session *s, const char *name);
struct error *var_set(struct session *s, struct exec_ctx *x, struct result_sink *out,
                      const char *name, const char *value, bool reset) ERR_MUST_USE;
struct error *var_show(struct session *s, struct arena *a, const char *name, const char **value)
    ERR_MUST_USE;
bool var_takes_list(const char *name);
bool var_wants_text(const char *name); /* a number or a boolean is refused */
bool var_wants_number(const char *name);
int var_count(void);
/* i-th variable in order of name; hidden ones say so. */
const char *var_name_at(int i, bool *hidden);
void vars_reset_all(struct session *s, struct result_sink *out);

/* session_stats.c: the end of a statement, with what the session noted of it; err is borrowed. */
void session_stats_begin(struct session *s);
struct error *session_stats_complete(struct session *s, struct result_sink *out,
                                     const char *tag) ERR_MUST_USE;
void session_stats_add(struct session *s, const struct ast_stmt *stmt, const struct error *err,
                       bool implicit_txn, int64_t start_ns);
void session_stats_add_txn(struct session *s, int64_t start_us, bool committed, bool implicit);

/* session_registry.c */
void registry_add(struct session_registry *r, struct session *s);
void registry_remove(struct session_registry *r, struct session *s);
void registry_query_start(struct session *s, struct slice sql, int64_t timeout_ms);
void registry_query_end(struct session *s);

/* statement.c */
struct error *exec_ctx_create(struct node *n, struct session *s, struct arena *a,
                              struct exec_txn_state *t, const char *user, const char *database,
                              const struct cancel *cancel, struct exec_ctx **out) ERR_MUST_USE;
struct error *exec_plan(struct exec_ctx *x, const struct ast_stmt *stmt,
                        struct placeholder_types *ph, struct plan_root **out) ERR_MUST_USE;
/* The plan in arena a; the planner with what it noted, valid while x is. */
struct error *exec_plan_in(struct exec_ctx *x, struct arena *a, const struct ast_stmt *stmt,
                           struct placeholder_types *ph, struct planner **planner,
                           struct plan_root **out) ERR_MUST_USE;
/* 25006 when the transaction is read only and the plan writes or locks. */
struct error *exec_check_writes(const struct exec_ctx *x, const struct plan_root *root,
                                const struct ast_stmt *stmt) ERR_MUST_USE;
struct error *exec_start(struct exec_ctx *x, const struct plan_root *root, struct op **out)
    ERR_MUST_USE;
bool stmt_is_planned(const struct ast_stmt *s);
/* Result columns of any statement: *n -1 for none. With x->prepared its plan is kept. */
struct error *exec_describe(struct exec_ctx *x, const struct ast_stmt *stmt,
                            struct placeholder_types *ph, int *n, struct result_column **cols)
    ERR_MUST_USE;
/* SHOW and the like answered by a query: the query; NULL when it is none. */
struct error *exec_rewrite(struct exec_ctx *x, const struct ast_stmt *s, struct ast_stmt **out)
    ERR_MUST_USE;
/* Run it in x's transaction; rows to out. */
struct error *exec_run(struct exec_ctx *x, const struct ast_stmt *stmt,
                       struct placeholder_types *ph, struct result_sink *out, bool describe)
    ERR_MUST_USE;

/* session_txn.c: statements that steer transactions. *done false: it is another statement. */
struct error *session_txn_statement(struct session *s, const struct ast_stmt *stmt,
                                    struct arena *a, struct result_sink *out, bool *done)
    ERR_MUST_USE;
struct error *session_txn_check(struct session *s, const struct ast_stmt *stmt) ERR_MUST_USE;
void session_txn_failed(struct session *s);
struct error *session_txn_end(struct session *s, bool commit) ERR_MUST_USE;
/* What stays when a whole transaction starts again, with a new time. */
struct txn_restart {
    struct savepoint *savepoints; /* the one that is rolled back to and those below it */
    bool read_only;
    int priority;
    struct hlc ts;
    int64_t time_us; /* now() and the transaction's age are those of its BEGIN */
};
/* to: of the session's transaction, or NULL; copied to a. */
void session_txn_note(struct session *s, struct arena *a, const struct savepoint *to,
                      struct txn_restart *r);
/* The transaction anew, as it was when nothing had run in it; the one that is open ends. */
struct error *session_txn_restart(struct session *s, const struct txn_restart *r) ERR_MUST_USE;

/* session.c */
/* p: the prepared statement that stmt is; NULL none. */
struct error *session_run(struct session *s, struct prepared *p, const struct ast_stmt *stmt,
                          int n_params, const struct type *const *types,
                          const struct datum *params, struct result_sink *out, bool describe)
    ERR_MUST_USE;
struct prepared *session_lookup_prepared(struct session *s, const char *name);
struct error *session_prepare(struct session *s, const char *name, struct slice sql,
                              struct ast_stmt *stmt, int n_types, const struct type *const *types,
                              bool from_sql) ERR_MUST_USE;

/* hooks.c */
extern const struct eval_hooks exec_eval_hooks;

/* copy.c */
struct error *session_copy(struct session *s, const struct ast_stmt *stmt, struct exec_ctx *x,
                           struct result_sink *out) ERR_MUST_USE;

#endif
