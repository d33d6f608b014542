/* executor/statement.h - the table of statements: one file per family, one row per statement.
 *
 * A statement is answered in one of three ways:
 *
 *   1. planned into operators: SELECT, INSERT, UPDATE, DELETE, EXPLAIN. They are not in this table.
 *   2. `rewrite`: answered by a query. The slot returns SQL text (a SELECT over virtual or system
 *      tables), which is planned in its place; columns come from it. Best for most of SHOW:
 *
 *          static struct error *
 *          show_sequences_rewrite(struct exec_ctx *x, const struct ast_stmt *s, char **sql)
 *          {
 *              ...names quoted with print_name / print_string_literal...
 *              *sql = arena_printf(x->arena, "SELECT ... ORDER BY 1", ...);
 *              return NULL;
 *          }
 *
 *   3. `run`: a function. Statements that return rows declare `columns` first (called while the
 *      statement is prepared, described, or used as [stmt]; must not change anything) and then give
 *      rows to the sink; the same function serves the client and `SELECT .. FROM [stmt]`.
 *
 *          static struct error *
 *          create_sequence_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows,
 *                              char **tag)
 *          {
 *              const struct ast_sequence_stmt *n = s->create_sequence;
 *              ERR_TRY(catalog_...(x->catalog, ...));      in the statement's transaction
 *              *tag = "CREATE SEQUENCE";                   default: ops->tag
 *              return NULL;
 *          }
 *
 *          static const struct statement_ops sequence_ops[] = {
 *              { .kind = AST_STMT_CREATE_SEQUENCE, .tag = "CREATE SEQUENCE",
 *                .flags = STMT_DDL | STMT_WRITES, .run = create_sequence_run },
 *          };
 *          const struct statement_family statement_family_sequence = {
 *              sequence_ops, sizeof(sequence_ops) / sizeof(sequence_ops[0]) };
 *
 *      and one line in executor/statement_families.def:   FAMILY(sequence)
 *
 * Transactions: run is called with x->txn and x->catalog open (the session's, or an implicit one that
 * commits after run; 40001 at commit makes everything run again while no row has gone to the client,
 * so run must have no side effect outside of the transaction but through exec_on_txn_end). DDL that
 * must go on after the commit (backfill in steps, GC) does so in a job started by exec_on_txn_end.
 * With STMT_NO_TXN, x->txn and x->catalog are NULL: the statement makes transactions of its own with
 * exec_txn (jobs, BACKUP, RESTORE, SET CLUSTER SETTING).
 *
 * Tags: *tag when set; else ops->tag. A statement that returns rows and ends its tag with a blank gets
 * the row count ("SHOW TABLES " -> "SHOW TABLES 2").
 *
 * Errors: any; they end the statement and roll it back. Arena: x->arena for everything.
 * Threads: the session's.
 */
#ifndef AMBERDB_EXECUTOR_STATEMENT_H
#define AMBERDB_EXECUTOR_STATEMENT_H

#include "executor/exec.h"
#include "grammar/ast.h"

enum statement_flags {
    STMT_WRITES = 1,        /* refused in read-only transactions: 25006 cannot execute <name> in a
                             * read-only transaction */
    STMT_DDL = 2,           /* changes the schema: exec_mark_ddl is called */
    STMT_NO_TXN = 4,        /* runs outside of transactions; x->txn is NULL */
    STMT_NOT_IN_TXN = 8,    /* with STMT_NO_TXN: refused inside BEGIN: 25000 "<name> cannot be used
                             * inside a transaction" */
    STMT_IN_FAILED = 16,    /* taken in a failed transaction too (SHOW TRANSACTION STATUS) */
    STMT_ADMIN = 32,        /* with STMT_NOT_IN_TXN: others than admins are told so first */
};

struct statement_ops {
    enum ast_stmt_kind kind;
    int show_kind;          /* for AST_STMT_SHOW: an enum ast_show_kind; 0 elsewhere */
    const char *tag;        /* "DROP TABLE", "SHOW TABLES " */
    const char *name;       /* for 25006: "DROP TABLE"; NULL = tag without the blank */
    unsigned flags;
    /* Result columns: n of them in x->arena. NULL: returns no rows (without rewrite). May set
     * *n = -1: this one returns none (DETACHED jobs). */
    struct error *(*columns)(struct exec_ctx *x, const struct ast_stmt *s, int *n,
                             const struct result_column **cols);
    /* Optional: gives types to placeholders that stand where no expression is planned, and checks what
     * can be told before the statement runs (names of options); before columns. */
    struct error *(*placeholders)(struct exec_ctx *x, const struct ast_stmt *s);
    struct error *(*rewrite)(struct exec_ctx *x, const struct ast_stmt *s, char **sql);
    struct error *(*run)(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows,
                         char **tag);
};

struct statement_family {
    const struct statement_ops *v;
    size_t n;
};

/* executor/statement_families.def lists them: FAMILY(x) is `statement_family_x`. */
#define FAMILY(x) extern const struct statement_family statement_family_##x;
#include "executor/statement_families.def"
#undef FAMILY

/* NULL: not in the table (planned, or unknown). */
const struct statement_ops *statement_find(const struct ast_stmt *s);

/* Helper for columns: fixed lists. COLS is a static const struct result_column[]. */
#define STATEMENT_COLUMNS(fn, array)                                                   \
    static struct error *fn(struct exec_ctx *x_, const struct ast_stmt *s_, int *n_,    \
                            const struct result_column **c_)                            \
    {                                                                                   \
        (void)x_;                                                                       \
        (void)s_;                                                                       \
        *n_ = (int)(sizeof(array) / sizeof((array)[0]));                                \
        *c_ = (array);                                                                  \
        return NULL;                                                                    \
    }

#endif
