/* planner/expr.h - typed expressions: what the planner makes of ast_expr and the executor runs.
 *
 * A struct expr is immutable and lives in the arena of its plan. Types are known everywhere,
 * constants are folded, names are input columns, calls are overloads. Subqueries are plans that
 * hang from the expression; what changes while they run lives in the evaluator's state.
 *
 * Typing follows v20.1 (sql.md 4, 6): untyped constants are exact until their context gives them a
 * type; text constants take any type that parses them; few implicit casts.
 */
#ifndef AMBERDB_PLANNER_EXPR_H
#define AMBERDB_PLANNER_EXPR_H

#include "grammar/ast.h"
#include "types/datum.h"
#include "types/overload.h"

enum expr_kind {
    EXPR_CONST,       /* value */
    EXPR_COLUMN,      /* input column `index` of the operator's input row */
    EXPR_OUTER,       /* column `index` of the enclosing query's row, `depth` levels up (1 = next); depth 0:
                       * bound: parameter `index` of exec_state->outer->row (planner.h) */
    EXPR_PLACEHOLDER, /* $index+1, from eval_env */
    EXPR_CALL,        /* overload(args): functions and operators */
    EXPR_CAST,        /* args[0] to type */
    EXPR_AND, EXPR_OR, EXPR_NOT,
    EXPR_COMPARE,     /* args[0] cmp args[1] */
    EXPR_IS_NULL,     /* negated: IS NOT NULL */
    EXPR_IS_DISTINCT, /* negated: IS NOT DISTINCT FROM */
    EXPR_IN,          /* args[0] IN (args[1..n)); negated; `set` holds constants hashed */
    EXPR_ANY, EXPR_ALL, /* args[0] cmp ANY/ALL (args[1]: array, or tuple); op may be a call overload */
    EXPR_CASE,        /* has_operand; args: [operand] (when then)* [else] */
    EXPR_COALESCE,
    EXPR_IF, EXPR_NULLIF, EXPR_IFERROR,
    EXPR_ARRAY,       /* constructor */
    EXPR_TUPLE,
    EXPR_FIELD,       /* field `index` of tuple args[0] */
    EXPR_SUBSCRIPT,   /* args[0][args[1]] */
    EXPR_COLLATE,     /* args[0] to collated type */
    EXPR_SUBQUERY,    /* subquery kind below */
    EXPR_AGGREGATE,   /* only between planner stages: result column of a GROUP */
    EXPR_WINDOW,      /* the same for WINDOW */
    EXPR_GENERATOR,   /* the same for PROJECT_SET: generators->v[index]; type as overload says */
    EXPR_DEFAULT,     /* DEFAULT in VALUES or SET; replaced by the DML planner */
};

enum compare_op { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE };

enum subquery_kind { SUBQUERY_SCALAR, SUBQUERY_EXISTS, SUBQUERY_ARRAY, SUBQUERY_IN, SUBQUERY_ANY,
                     SUBQUERY_ALL };

struct subquery {
    enum subquery_kind kind;
    const struct plan_node *plan;
    const struct ast_select *ast; /* what it was made from */
    bool correlated;     /* n_params > 0: run per row, else once */
    bool changes;        /* correlated, and each run changes a sequence or a setting: expr_changes() */
    /* What the query reads of the rows around it, as expressions over the row at hand; inside, they
     * are EXPR_OUTER with depth 0 and the parameter's number. Also in the node's args, behind the left
     * operand of IN, ANY, ALL, so that walks and remaps see them: plan_subquery_expr(). */
    int n_params;
    struct expr **params;
    enum compare_op op;  /* ANY, ALL */
    int slot;            /* index into the executor's table of subquery states */
    /* SCALAR, when all parameters are values that a row of it has to have: the query for every such value at
     * once. Its columns: the keys, equal to params[key_params[i]], then the value. NULL: none. */
    const struct plan_node *all;
    int n_keys;
    int *key_params;
    bool one_a_key;      /* an aggregate: a key has one row, and a value when it has none */
};

struct expr {
    enum expr_kind kind;
    const struct type *type;
    int position;             /* in the statement, for errors; 0 unknown */
    enum volatility volatility; /* of the whole tree below */
    bool negated, has_operand;
    enum compare_op cmp;
    int index, depth;
    int n_args;
    struct expr **args;
    struct datum value;       /* EXPR_CONST */
    const struct overload *overload;
    struct fn_call call;      /* ready for overload->fn */
    struct subquery *subquery;
    void *set;                /* EXPR_IN with many constants: built by the planner */
    const struct agg_call *agg;
    const struct window_call *window;
    const char *locale;
};

/* ---- scopes ---- */

struct scope_column {
    const char *name;          /* column name or alias; NULL: cannot be named */
    const char *table;         /* alias or table name that qualifies it; NULL */
    const char *schema, *database; /* of a plain table reference; NULL */
    const struct type *type;
    bool hidden;               /* not in * */
    bool qualified_only;       /* behind a USING column: found as t.a, not as a; not in * either */
    bool merged;               /* stands first in the scope of a USING join already */
    int index;                 /* in the operator's row */
    uint32_t table_id, column_id; /* where it comes from, 0 = computed; for functional dependency */
};

struct scope {
    struct scope *outer;       /* of the enclosing query, for correlation */
    int n, cap;
    struct scope_column *columns;
    struct agg_list *aggregates; /* of its query, while they may be called; subqueries add theirs */
    const char *no_aggregates; /* nor its subqueries' over its columns, while it is in WHERE, say; or NULL */
    bool in_aggregate;         /* the arguments of one of those are being typed */
    bool has_source;           /* there is a FROM, if without columns */
    const struct table *changed; /* UPDATE, DELETE, ON CONFLICT: columns of mutations may not be named */
    bool correlated_used;      /* set when an inner query read a column of this scope */
    /* USING and NATURAL: names that stand for both sides are plain columns listed first; the sides'
     * own are kept with `hidden`-like rules by the FROM planner. */
};

/* EXPR_OUTER: an aggregate of the outer query (index - OUTER_AGGREGATE), not a column. */
#define OUTER_AGGREGATE (1 << 20)

/* What typing needs to know besides the scope. One per statement being planned. */
struct type_ctx {
    struct arena *arena;
    struct planner *planner;           /* planner/planner.h: session, catalog, subquery planning */
    struct scope *scope;               /* NULL: no columns allowed */
    struct placeholder_types *placeholders;
    const struct eval_env *env;        /* to fold constants and parse text */
    const char *clause;                /* "WHERE", "DEFAULT", ...: for error texts */
    unsigned reject;                   /* REJECT_ bits: what this clause does not take */
    struct agg_list *aggregates;       /* where calls of aggregates are collected; NULL = none allowed */
    struct window_list *windows;       /* planner/aggregate.h, as agg_list */
    struct generator_list *generators; /* where set-returning calls are collected; NULL = none allowed */
    int depth;                         /* recursion guard: 54001 past EXPR_MAX_DEPTH */
    /* the typer's own */
    const char *in_aggregate, *in_window; /* name of the call whose arguments are being typed */
    bool in_func;                      /* below a function call */
    struct type_notes *notes;          /* type_notes.h: what each constant became; stored_expr.c */
};

/* Set-returning calls met in a select list; the expression holds EXPR_GENERATOR, index into v. The
 * calls are EXPR_CALL with overload->is_generator. */
struct generator_list {
    int n, cap;
    struct expr **v;
};
enum {
    REJECT_AGGREGATES = 1, REJECT_WINDOWS = 2, REJECT_GENERATORS = 4, REJECT_SUBQUERIES = 8,
    REJECT_COLUMNS = 16, REJECT_VOLATILE = 32,
    REJECT_VARIABLES = 64, /* expressions of the schema: no subqueries, v20.1's text for them */
};
#define EXPR_MAX_DEPTH 20000

struct placeholder_types {
    int n;
    const struct type **v;    /* NULL until inferred */
    const bool *from_client; /* the type came with Parse and wins; may be NULL */
};

/* Type an expression. desired: a wish (TYPE_ANY or NULL = none), used to settle constants and
 * placeholders; the result may have another type: use type_expr_as where it must fit. */
struct error *type_expr(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
                        struct expr **out) ERR_MUST_USE;
/* As above; 42804 "argument of WHERE must be type bool, not type int" when it does not fit. */
struct error *type_expr_as(struct type_ctx *c, const struct ast_expr *e, const struct type *type,
                           const char *context, struct expr **out) ERR_MUST_USE;
/* For a column: INSERT, UPDATE, DEFAULT (assignment rules; 42804 "value type bool doesn't match type
 * int of column "a""). */
struct error *type_expr_for_column(struct type_ctx *c, const struct ast_expr *e,
                                   const struct type *type, const char *column, struct expr **out)
    ERR_MUST_USE;
struct error *resolve_ast_type(struct type_ctx *c, const struct ast_type *t,
                               const struct type **out) ERR_MUST_USE;

struct expr *expr_const(struct arena *a, const struct type *t, struct datum d);
struct expr *expr_column(struct arena *a, const struct type *t, int index);
struct error *expr_compare(struct type_ctx *c, enum compare_op op, struct expr *l, struct expr *r,
                           struct expr **out) ERR_MUST_USE;
/* e cast to t (e itself when it has that type); 42846 when there is no such cast. */
struct error *expr_cast(struct type_ctx *c, struct expr *e, const struct type *t,
                        struct expr **out) ERR_MUST_USE;
/* A call of a builtin by name over typed arguments: for expressions the planner makes itself. */
struct error *expr_call(struct type_ctx *c, const char *name, int n, struct expr *const *args,
                        struct expr **out) ERR_MUST_USE;
bool expr_is_const(const struct expr *e);
/* One comparison of an EXPR_COMPARE, EXPR_ANY, EXPR_ALL or EXPR_SUBQUERY (IN, ANY, ALL): left op
 * right as BOOL or NULL. right_type: of the element (array element, field, subquery column). */
struct error *expr_compare_pair(const struct expr *e, const struct eval_env *env,
                                const struct type *left_type, const struct datum *left,
                                const struct type *right_type, const struct datum *right,
                                struct datum *out) ERR_MUST_USE;
bool expr_equal(const struct expr *a, const struct expr *b); /* same computation, for GROUP BY */
/* Calls fn on every node, parents first; used to collect columns. */
void expr_walk(const struct expr *e, void (*fn)(void *arg, const struct expr *e), void *arg);
/* A copy with columns renumbered: map[old] = new. */
struct expr *expr_remap(struct arena *a, const struct expr *e, const int *map);

/* The stored normal form of sql.md 11 ("Expressions stored in the schema"). */
struct error *expr_to_stored_sql(struct type_ctx *c, const struct ast_expr *ast,
                                 const struct expr *e, bool typed_whole, char **out) ERR_MUST_USE;

/* ---- evaluation (planner folds constants with it; the executor runs it) ---- */

struct batch;
/* One row: columns by index. Subqueries need st (executor/exec.h), else XX000. */
struct exec_state;
struct error *expr_eval(const struct expr *e, const struct eval_env *env, struct exec_state *st,
                        const struct datum *row, struct datum *out) ERR_MUST_USE;
/* It calls what changes a sequence or a setting, so that the order of calls shows. */
bool expr_changes(const struct expr *e);
/* All live rows of a batch; out has batch->n entries, written at the live rows' positions. */
struct error *expr_eval_batch(const struct expr *e, const struct eval_env *env,
                              struct exec_state *st, const struct batch *b, struct datum *out)
    ERR_MUST_USE;
/* Keep the live rows for which a BOOL expression is true: rewrites batch->sel. */
struct error *expr_filter_batch(const struct expr *e, const struct eval_env *env,
                                struct exec_state *st, struct batch *b) ERR_MUST_USE;
/* The same, but rows before one that fails are kept, if there are any, and its error is *later: who stops
 * at them never meets it. */
struct error *expr_filter_rows(const struct expr *e, const struct eval_env *env, struct exec_state *st,
                               struct batch *b, struct error **later) ERR_MUST_USE;
/* A batch's error that each row could have by itself: not one of the statement, or of what changes. */
bool expr_error_is_of_row(const struct expr *e, const struct error *err);

#endif
