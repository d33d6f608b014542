/* planner/planner.h - one statement being planned: what it may look at, and its way in.
 *
 *     struct planner p = {...};                     executor fills it from the session
 *     plan_statement(&p, stmt, &root)               plan_stmt.c: SELECT and DML
 *       plan_select(&p, scope, select, ...)         plan_select.c, plan_from.c, plan_setop.c ...
 *         type_expr(&ctx, ast, wish, &e)            expr.h; asks back with plan_subquery()
 *       plan_insert / plan_update / plan_delete     plan_insert.c ...
 *
 * The result is a tree of struct plan_node (plan.h), immutable, in p->arena; it may run many times.
 *
 * Also here: struct exec_state, the little that expression evaluation needs from the executor.
 *
 * Errors:  the user's mistakes, texts of sql.md 20.
 * Threads: one planner belongs to one thread.
 */
#ifndef AMBERDB_PLANNER_PLANNER_H
#define AMBERDB_PLANNER_PLANNER_H

#include "base/clock.h"
#include "catalog/catalog.h"
#include "grammar/ast.h"
#include "planner/expr.h"
#include "planner/plan.h"
#include "planner/table_stats.h"

struct planner;

/* What the planner asks of the rooms above. */
struct planner_hooks {
    /* [stmt] as a table source, and statements that EXPLAIN or PREPARE name but that are not
     * planned: columns of the statement's rows; n = -1 when it returns none. */
    struct error *(*statement_columns)(void *arg, const struct ast_stmt *s, int *n,
                                       const struct plan_column **cols);
    /* SHOW statements that are answered by a query: the query, parsed; *out NULL when it is not. */
    struct error *(*statement_rewrite)(void *arg, const struct ast_stmt *s, struct ast_select **out);
    /* NULL when nothing is known. */
    const struct table_stats *(*table_stats)(void *arg, const struct table *t);
};

/* A name that WITH made; innermost first. */
struct cte_binding {
    struct cte_binding *next;
    struct slice name;
    struct plan_cte *cte;
    bool outer_refs;            /* it reads rows of the queries around `outer` */
    const struct scope *outer;  /* where WITH stands */
    const char **column_names;  /* of its alias list, else the query's */
    const char *refused;        /* why it cannot be named here; NULL if it can */
    int refused_issue;          /* of what is not done yet; 0: a syntax error */
};

struct planner {
    struct arena *arena;                 /* of the plan */
    struct catalog_txn *catalog;
    const struct name_resolver *names;
    const struct eval_env *env;          /* for constants; its arena is the plan's while planning */
    struct placeholder_types *placeholders;
    const char *user;                    /* whose privileges are checked */
    const struct planner_hooks *hooks;
    void *hook_arg;                      /* struct exec_ctx */
    bool internal;                       /* no client's statement: may do what v20.1 refuses */
    bool safe_updates;                   /* sql_safe_updates */
    bool legacy_fk_messages;             /* optimizer_foreign_keys = off */
    bool skip_privileges;                /* inside a view: its reader needs no rights below it */
    const struct type *const *wanted;    /* of the statement's columns, when it is a query; may be NULL */
    int n_wanted;
    bool read_only_as_of;                /* the statement runs AS OF SYSTEM TIME: *as_of decided */

    /* what planning leaves */
    int n_subqueries;                    /* slots given out: subquery->slot < n_subqueries */
    int n_ctes;                          /* plan_cte slots */
    bool has_mutation;                   /* INSERT, UPDATE, ... somewhere in it */
    const char *locks;                   /* "FOR UPDATE" and the like, when there is one; else NULL */
    bool cacheable;                      /* nothing in it depends on more than schema versions */
    bool has_as_of;                      /* AS OF SYSTEM TIME somewhere */
    struct hlc as_of;                    /* the first of them; all others are to say the same */
    struct clock *clock;                 /* of the node */
    struct plan_right {                  /* rights that were checked */
        uint32_t id;
        enum privilege privilege;
    } *rights;
    int n_rights, cap_rights;
    bool custom;                         /* made for the values of this execution's placeholders */
    struct plan_table_use {                   /* every table that the plan leans on */
        uint32_t id, version;
    } *tables;
    int n_tables, cap_tables;
    struct plan_cte **with;              /* those with side effects, in order */
    int n_with, cap_with;

    /* while planning */
    struct cte_binding *ctes;
    int depth;                           /* views and subqueries inside each other */
    struct plan_cte *all_ctes;
    int subqueries;                      /* in expressions, around what is being planned */
    int semi_tries;                      /* subqueries planned once more, as joins */
    const struct ast_select *top;        /* where AS OF SYSTEM TIME is allowed */
    bool in_with_mutation;
};

/* SELECT, INSERT, UPDATE, DELETE (UPSERT is in INSERT), EXPLAIN of those. */
struct error *plan_statement(struct planner *p, const struct ast_stmt *s, struct plan_root **out)
    ERR_MUST_USE;
/* A query inside another statement: views, CREATE TABLE AS, EXPORT, SPLIT AT, CANCEL QUERIES ...
 * scope: of the enclosing query or NULL. */
struct error *plan_select(struct planner *p, struct scope *outer, const struct ast_select *s,
                          const struct type *const *desired, int n_desired,
                          struct plan_node **out) ERR_MUST_USE;

/* For type_expr: plan the query of a subquery expression. The scope around it is ctx->scope; columns
 * found in a scope d levels up are typed as EXPR_OUTER, depth d, index = scope_column.index, and
 * plan_subquery turns them into parameters (depth 0) when the query is planned. *out has kind, plan,
 * params and slot set; the types of its columns are plan->cols[0 .. plan->n_cols). */
struct error *plan_subquery(struct type_ctx *c, const struct ast_select *s, enum subquery_kind kind,
                            const struct type *desired, struct subquery **out) ERR_MUST_USE;

/* The EXPR_SUBQUERY node: args = left (NULL for SCALAR, EXISTS, ARRAY), then the parameters. */
struct expr *plan_subquery_expr(struct arena *a, struct subquery *s, struct expr *left,
                                const struct type *type);

/* The expressions of one node, not those of its children. */
void plan_visit_exprs(const struct plan_node *n, void (*fn)(void *arg, struct expr *e), void *arg);

/* Find a relation and check SELECT-like rights. 42P01 relation "x" does not exist. */
struct error *plan_resolve_table(struct planner *p, const struct ast_object_name *n,
                                 const struct table **out, const struct database **db,
                                 const char **schema) ERR_MUST_USE;
/* A scope with a table's columns (public ones in order; hidden too), for DEFAULT, CHECK, computed
 * column expressions: index = ordinal. */
struct scope *scope_of_table(struct arena *a, const struct table *t, const char *alias);
void type_ctx_init(struct type_ctx *c, struct planner *p, struct scope *scope, const char *clause,
                   unsigned reject);
/* Stored expression text (DEFAULT, CHECK, computed) to a typed one over scope_of_table; result cast to
 * `type` when it is not NULL. */
struct error *plan_stored_expr(struct planner *p, struct scope *s, const char *sql,
                               const struct type *type, struct expr **out) ERR_MUST_USE;
/* What a mutation of a table needs to know; for cascades, COPY, backfills. */
struct error *plan_target_init(struct planner *p, struct plan_target *t, const struct table *table,
                               const struct database *db) ERR_MUST_USE;
/* The result column's name of an expression without alias (sql.md 2.6); static or in the arena. */
const char *plan_column_label(struct arena *a, const struct ast_expr *e);

/* ---- what evaluation needs of the executor -------------------------------------------------- */

/* Parameters of the subquery (or apply) that is running: EXPR_OUTER with depth 0 reads row[index]. */
struct outer_row {
    const struct datum *row;
    const struct outer_row *next; /* of the query around it; evaluation never needs it */
};

struct exec_state {
    const struct outer_row *outer;
    /* Value of an EXPR_SUBQUERY for a row (row: the row that expr_eval was given, all of its columns;
     * NULL when the subquery is not correlated and there is none). Does everything: runs the plan or
     * reuses its result, evaluates args[0] of IN, ANY, ALL with the same row, applies negated. */
    struct error *(*subquery)(struct exec_state *st, const struct expr *e,
                              const struct eval_env *env, const struct datum *row,
                              struct datum *out);
    void *exec; /* executor's own */
};

#endif
