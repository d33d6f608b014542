/* executor/relational/explain_int.h - what the forms of EXPLAIN share: texts of expressions, and the
 * lines that EXPLAIN (OPT) draws.
 */
#ifndef AMBERDB_EXECUTOR_RELATIONAL_EXPLAIN_INT_H
#define AMBERDB_EXECUTOR_RELATIONAL_EXPLAIN_INT_H

#include "executor/exec.h"
#include "executor/relational/rel_int.h"

/* Columns by the names in cols, else as @number. The text is in a. */
const char *explain_expr(struct arena *a, const struct eval_env *env, const struct expr *e,
                         const struct plan_column *cols, int n);

void explain_put_expr(struct str *s, const struct expr *e, const struct plan_column *cols, int n,
                      const struct eval_env *env, bool types);

struct window_call;
/* "rank() OVER (ORDER BY b DESC RANGE BETWEEN ...)" */
const char *explain_window(struct arena *a, const struct eval_env *env, const struct window_call *c,
                           const struct plan_column *cols, int n);

/* What INSERT or UPDATE reads, as v20.1 would have it: with values of columns that the statement does not
 * name, the rows that are there already, what is computed and checked. in: the input without projections
 * of mere columns. */
const struct plan_node *explain_input(struct arena *a, const struct eval_env *env,
                                      const struct plan_node *n, const struct plan_node *in);
/* What INSERT, UPDATE or DELETE writes to, or NULL. */
const struct plan_target *explain_target(const struct plan_node *n);
/* INSERT of plain VALUES: v20.1 shows both as one node. */
bool explain_fast_path(struct arena *a, const struct eval_env *env, const struct plan_node *n);

struct fk_check {
    const struct table *own, *other;
    const struct index *index;      /* of the other table, by whose keys it is looked up */
    const uint32_t *own_ids, *other_ids;
    int n;
    bool outbound;
};
/* The next check of a mutation at or behind *i; false: there is none. */
bool explain_next_check(struct exec_ctx *x, const struct plan_node *n, int *i, struct fk_check *out);

/* PLAN_STATEMENT: "create table". */
const char *explain_statement_name(struct arena *a, const struct plan_node *n);

/* EXPLAIN (OPT): a row of one text for each line of the tree. VERBOSE and TYPES add lines of columns,
 * rows and order; ENV gives one row, an address that holds schema, statistics and tree. */
struct error *explain_opt(struct exec_ctx *x, struct arena *a, const struct plan_explain *e,
                          struct row_store *out) ERR_MUST_USE;

/* What EXPLAIN says of one node: "field: value", and its name. explain: the EXPLAIN operator. */
struct explain_notes {
    int n, cap;
    const char **v;
};
void explain_note(struct arena *a, struct explain_notes *notes, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
struct error *explain_fields(struct op *explain, const struct plan_node *n,
                             struct explain_notes *out) ERR_MUST_USE;
bool explain_is_setop(const struct plan_node *n); /* a DISTINCT that belongs to the set operation below it */
const char *explain_title(struct op *explain, const struct plan_node *n);

/* EXPLAIN (VEC): the operators that v20.1 would run, one a line, those that are read below. */
struct error *explain_operators(struct op *explain, struct arena *a, const struct plan_root *p,
                                struct row_store *out) ERR_MUST_USE;

/* A text in the part of an address that browsers keep to themselves, for a page that decodes it. */
void explain_address(struct arena *a, const char *page, struct slice text, struct str *out);

/* EXPLAIN (DISTSQL) and ANALYZE: one row: automatic, url, json. ran: the operators that ran; NULL. */
struct error *explain_flow(struct op *explain, struct arena *a, const struct plan_root *p,
                           const struct op *ran, const char *sql, struct row_store *out)
    ERR_MUST_USE;

/* A text as JSON has it, in quotes. */
void explain_put_json(struct str *s, const char *text);

/* EXPLAIN (VERBOSE)'s tree: rows of tree, field, description, columns, ordering. */
struct error *explain_tree(struct op *explain, struct row_store *out) ERR_MUST_USE;

/* Tables, not virtual ones, that a plan reads or writes. */
void explain_tables(struct arena *a, const struct plan_node *n, const struct table *const **out,
                    int *count);

/* EXPLAIN ANALYZE (DEBUG): rows that say where the bundle is. ran: the operators that ran; the session
 * has its trace. */
struct error *explain_bundle(struct op *explain, struct arena *a, const struct plan_explain *plan,
                             const struct op *ran, struct row_store *out) ERR_MUST_USE;

#endif
