/* executor/exec.h - what running code gets: the statement's context, operators, row sinks.
 *
 *     struct exec_ctx x            one per statement, made by executor/statement.c
 *     plan_node (immutable)  ->    struct op: its twin that changes while running
 *         exec_build(x, node, &op); op_open(op); while (op_next(op, &batch), batch->n) ...; op_close(op)
 *
 * Operators live in x->arena (their structs) and in arenas of their own (what grows). op_close is
 * called exactly once for each op that was built, also after an error; statement.c hangs the tree on
 * x->arena so that nothing leaks.
 *
 * Threads: one statement belongs to one thread.
 */
#ifndef AMBERDB_EXECUTOR_EXEC_H
#define AMBERDB_EXECUTOR_EXEC_H

#include "catalog/catalog.h"
#include "executor/node.h"
#include "executor/session.h"
#include "planner/batch.h"
#include "planner/plan.h"
#include "planner/planner.h"
#include "storage/txn.h"

/* ---- the statement's context ---------------------------------------------------------------- */

struct exec_ctx {
    struct node *node;
    struct session *session;      /* NULL: internal, no client (jobs) */
    struct arena *arena;          /* the statement's; dies with it */
    struct kv_txn *txn;           /* NULL for statements with STMT_NO_TXN */
    struct catalog_txn *catalog;  /* the transaction's view; NULL with txn */
    struct eval_env env;          /* env.arena = arena; env.session = this exec_ctx */
    struct name_resolver names;
    const char *user, *database;  /* = env.user, env.database */
    const struct cancel *cancel;  /* look at it about every thousand rows: cancel_check */
    struct mem_budget *budget;    /* of this statement: --max-sql-memory */
    bool trace_kv;                /* SET tracing = kv: note what is read and written, trace.h */
    bool timed;                   /* EXPLAIN ANALYZE: operators note their time */
    bool implicit_txn;            /* no BEGIN: the transaction ends with this statement */
    struct slice sql;             /* the statement's own text */
    const struct ast_stmt *stmt;
    struct result_sink *client;   /* notices; NULL internal */

    /* the executor's own */
    struct prepared *prepared;    /* whose statement this is; NULL */
    struct planner *planner;
    struct placeholder_types *placeholders;
    const struct plan_root *plan;
    char *tag;                    /* what the statement answers */
    struct subquery_state **subqueries; /* by slot */
    struct cte_state **ctes;            /* by slot */
    struct exec_state state;
    struct exec_txn_state *txn_state;   /* session transaction: hooks, savepoints */
    struct cat_objects *cat_objects;    /* executor/show: indexes and constraints by OID */
};

/* NOTICE to the client before the command's end; takes e. */
void exec_notice(struct exec_ctx *x, struct error *e);
/* fn runs after the transaction committed (committed true) or was rolled back; once, in order. For
 * schema changes: finish the job, wake GC. An error after a commit reaches the client as it is (word
 * it: XXA00). arg lives in exec_txn_arena(x). */
void exec_on_txn_end(struct exec_ctx *x, struct error *(*fn)(struct node *n, void *arg,
                                                             bool committed), void *arg);
/* fn runs in the transaction right before it commits, with a context of its own of x's user and database;
 * once, however often it is asked for. An error rolls back. One fn a transaction. */
void exec_before_commit(struct exec_ctx *x, struct error *(*fn)(struct exec_ctx *x));
struct arena *exec_txn_arena(struct exec_ctx *x);
/* Between BEGIN and COMMIT? */
bool exec_in_explicit_txn(const struct exec_ctx *x);
/* The transaction did DDL: ROLLBACK TO SAVEPOINT over it is refused, results are not retried. */
void exec_mark_ddl(struct exec_ctx *x);

/* ---- rows going out: statements that are functions, virtual tables -------------------------- */

/* put copies or sends the row before it returns; n_cols datums of the declared columns. */
struct row_sink {
    struct error *(*put)(struct row_sink *s, const struct datum *row);
};
static inline struct error *
row_put(struct row_sink *s, const struct datum *row)
{
    return s->put(s, row);
}

/* ---- SQL from inside ------------------------------------------------------------------------ */

/* Run one statement in x's transaction as x's user (as root with EXEC_ROOT). params: types and values
 * of $1.. . Rows go to `rows` (NULL: dropped); *n_rows (may be NULL) rows or rows affected. Reads see
 * what x's transaction wrote. */
enum { EXEC_ROOT = 1 };
struct error *exec_sql(struct exec_ctx *x, unsigned flags, struct row_sink *rows, int64_t *n_rows,
                       int n_params, const struct type *const *types, const struct datum *params,
                       const char *sql) ERR_MUST_USE;
/* As above; the rows in an array in arena a: (*out)[r][c]. max_rows bounds it: 54000. */
struct error *exec_query(struct exec_ctx *x, unsigned flags, struct arena *a, int n_params,
                         const struct type *const *types, const struct datum *params,
                         const char *sql, size_t max_rows, struct datum ***out, size_t *n)
    ERR_MUST_USE;
/* A transaction of its own, for jobs and STMT_NO_TXN statements: fn may run several times (40001 is
 * retried with back-off); ends with commit when it returns NULL. user NULL = root. read_ts empty =
 * now. */
struct error *exec_txn(struct node *n, const char *user, const char *database, struct hlc read_ts,
                       const struct cancel *cancel,
                       struct error *(*fn)(struct exec_ctx *x, void *arg), void *arg) ERR_MUST_USE;
/* A constant expression of a statement (URI, option, AS OF, LIMIT): no columns; placeholders allowed.
 * type: what it must be; context: "BACKUP TO", for error texts. */
struct error *exec_eval_const(struct exec_ctx *x, const struct ast_expr *e,
                              const struct type *type, const char *context, struct datum *out)
    ERR_MUST_USE;
/* When e is a placeholder that has no type yet, it is of this one. */
void exec_type_placeholder(struct exec_ctx *x, const struct ast_expr *e, const struct type *type);
/* AS OF SYSTEM TIME e -> timestamp; texts of sql.md 17. */
struct error *exec_as_of(struct exec_ctx *x, const struct ast_expr *e, struct hlc *out) ERR_MUST_USE;
/* Plan and run a query, all rows to the sink; its columns. For CREATE TABLE AS, EXPORT, ... */
struct error *exec_select(struct exec_ctx *x, const struct ast_select *s, struct row_sink *rows)
    ERR_MUST_USE;
/* The same where the columns shall be of n types, as far as constants can be. check (may be NULL) sees
 * the columns before the first row. */
struct exec_wanted {
    const struct type *const *types;
    int n;
    struct error *(*check)(void *arg, int n, const struct plan_column *cols);
    void *arg;
};
struct error *exec_select_as(struct exec_ctx *x, const struct ast_select *s,
                             const struct exec_wanted *w, struct row_sink *rows) ERR_MUST_USE;
/* The same, planned only: placeholders that stand where such a column is get its type. */
struct error *exec_type_select(struct exec_ctx *x, const struct ast_select *s,
                               const struct exec_wanted *w) ERR_MUST_USE;
struct error *exec_select_columns(struct exec_ctx *x, const struct ast_select *s, int *n,
                                  const struct plan_column **cols) ERR_MUST_USE;
/* A planner over x, for those who type expressions themselves (DEFAULT, CHECK, views). */
struct planner *exec_planner(struct exec_ctx *x);

/* ---- operators ------------------------------------------------------------------------------ */

struct op;
struct op_vt {
    const char *name;
    /* May read, may block. Called once after build; again after op_rewind. */
    struct error *(*open)(struct op *o);
    /* *out: the operator's batch, valid until its next call; n = 0 at the end (stays there). */
    struct error *(*next)(struct op *o, struct batch **out);
    void (*close)(struct op *o); /* gives back scans, files, arenas; optional */
};

struct op {
    const struct op_vt *vt;
    struct exec_ctx *x;
    const struct plan_node *node;
    struct exec_state *st;    /* outer rows for this subtree */
    struct arena *arena;      /* the op's own, for what lives from open to close */
    struct arena *batch_arena; /* reset for each batch: values computed for it */
    struct batch batch;       /* output */
    int n_children;
    struct op *children[2];
    bool opened, done;
    struct error *later;      /* of a row behind those that were given: the next call's */
    int64_t rows_out;
    int64_t total_rows, spent_ns; /* x->timed: of all openings, inputs included */
};

/* Make the operator tree of a plan. st: outer rows (x->state at the top). */
struct error *exec_build(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
                         struct op **out) ERR_MUST_USE;
struct error *op_open(struct op *o) ERR_MUST_USE;
struct error *op_next(struct op *o, struct batch **out) ERR_MUST_USE;
void op_close(struct op *o);  /* and children; NULL is fine; twice is fine */
/* Close and open again: the inner side of an apply. */
struct error *op_rewind(struct op *o) ERR_MUST_USE;

/* For operator files: */
typedef struct error *(*op_maker)(struct exec_ctx *x, struct exec_state *st,
                                  const struct plan_node *n, struct op **out);
/* Allocates size bytes (a struct that begins with struct op) with arenas, batch vectors, children
 * built. */
struct error *op_new(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
                     const struct op_vt *vt, size_t size, struct op **out) ERR_MUST_USE;
void batch_init(struct arena *a, struct batch *b, int n_cols, bool vectors);
/* Environment whose results live in the op's batch arena. */
struct eval_env op_env(struct op *o);


#endif
