/* planner/plan_int.h - inside the planner: FROM as a tree of wide rows, lowered to plan nodes.
 *
 * Planning a SELECT clause has two steps. First FROM becomes a tree of struct rel, each with a "wide"
 * row of all its columns; names are typed over the wide row of the whole FROM, and WHERE is pushed
 * down the tree. Then rel_lower chooses indexes and joins, gives only the columns that are needed, and
 * says where each wide column went; the expressions are renumbered with expr_remap.
 */
#ifndef AMBERDB_PLANNER_PLAN_INT_H
#define AMBERDB_PLANNER_PLAN_INT_H

#include "planner/aggregate.h"
#include "planner/planner.h"

#define PLAN_MAX_DEPTH 2000
#define TABLE_ROWS 100000.0 /* the guess for a table */

enum rel_kind { REL_TABLE, REL_NODE, REL_JOIN };

struct rel {
    enum rel_kind kind;
    int n_cols;                /* of its wide row */
    int n_conj, cap_conj;      /* conditions over its wide row: TABLE, NODE: filter; JOIN: after it */
    struct expr **conj;
    double rows;               /* guess, set by rel_lower */
    double cost;               /* of a table: what reading it costs, in rows of a scan; the same */

    /* TABLE: wide column i is ordinal i */
    const struct table *table;
    const struct database *database;
    const char *schema, *alias;
    const struct table_stats *stats; /* NULL: nothing is known */
    const struct index *forced;
    bool force_desc, force_asc, no_index_join;
    bool lock, written;
    struct expr **computed;    /* by ordinal: what key columns are computed of; NULL: nothing is */

    /* NODE */
    struct plan_node *node;

    /* JOIN: wide row: left, right, extra */
    enum plan_join_type type;
    enum ast_join_hint hint;
    struct rel *left, *right;
    int n_on, cap_on;
    struct expr **on;          /* over left and right */
    int n_extra;               /* COALESCE of FULL JOIN USING, over left and right */
    struct expr **extra;
    bool apply, ordered;       /* ordered: its place among other joins is settled */
    int n_params;
    struct expr **params;      /* over left */
};

struct wish { /* an order that would save a sort, over wide columns */
    int n;
    const struct plan_order *order;
    int64_t limit;             /* so many rows are wanted; 0 all */
};

/* plan_util.c */
void *plan_node_new(struct planner *p, enum plan_kind k, size_t size, int n_cols, int n_children);
struct plan_node *plan_filter_node(struct planner *p, struct plan_node *in, struct expr *cond);
struct plan_node *plan_render_node(struct planner *p, struct plan_node *in, int n,
                                   struct expr *const *exprs, const struct plan_column *cols);
struct plan_node *plan_one_row(struct planner *p); /* one row without columns */
struct expr *expr_and(struct arena *a, struct expr *l, struct expr *r);
void conjuncts(struct planner *p, struct expr *e, struct expr ***v, int *n, int *cap);
void expr_list_add(struct arena *a, struct expr ***v, int *n, int *cap, struct expr *e);
/* Bits of used[] set for each EXPR_COLUMN. */
void expr_mark_columns(const struct expr *e, bool *used);
bool expr_has_columns(const struct expr *e);
bool expr_columns_within(const struct expr *e, int lo, int hi); /* all in [lo, hi) and at least one */
bool expr_is_volatile(const struct expr *e);
bool expr_has_subquery(const struct expr *e);
struct expr *expr_shift(struct arena *a, const struct expr *e, int by, int n);
/* Copy with fn deciding: returns a replacement or NULL to copy the node and go on below. */
struct error *expr_rewrite(struct arena *a, struct expr *e,
                           struct error *(*fn)(void *arg, struct expr *e, struct expr **out),
                           void *arg, struct expr **out) ERR_MUST_USE;
char *slice_str(struct planner *p, struct slice s);
const char *object_name_str(struct planner *p, const struct ast_object_name *n);
void plan_use_table(struct planner *p, const struct table *t);
/* 42501 unless the user has it; noted, for plans that are kept. */
struct error *plan_check_right(struct planner *p, const struct table *t, enum privilege priv)
    ERR_MUST_USE;
void scope_add(struct planner *p, struct scope *s, struct scope_column c);
struct scope *scope_new(struct planner *p, struct scope *outer);
bool orders_satisfied(const struct plan_node *n, int n_want, const struct plan_order *want);

/* plan_prune.c: the node without what is computed for columns that need does not have; a new one, with as
 * many columns. Whether anything that it computes is to be computed, read or not. What is read of a CTE is
 * noted, and when all of the statement is known, those of plain queries are pruned. */
struct plan_node *plan_prune(struct planner *p, struct plan_node *n, const bool *need);
struct plan_node *plan_prune_rows(struct planner *p, struct plan_node *n); /* of EXISTS */
bool plan_has_effects(struct planner *p, const struct plan_node *n);
/* Its rows are not wanted: must it run all the same, for its effects? */
bool plan_must_run(struct planner *p, const struct plan_node *n);
/* The node without any rows: nothing below it runs but what has effects. NULL: all of it must run. */
struct plan_node *plan_nothing(struct planner *p, struct plan_node *n);
void plan_note_cte_columns(const struct plan_node *scan, const bool *need);
void plan_prune_ctes(struct planner *p);

/* plan_outer.c: depth >= 1 references of a finished inner plan become parameters. */
struct error *plan_bind_outer(struct planner *p, struct plan_node *inner, int *n_params,
                              struct expr ***params) ERR_MUST_USE;

/* plan_semi.c: of rows around the query that it stands in. */
bool reads_outer(const struct expr *e);
bool plan_reads_outer(const struct plan_node *n);
bool plain_source(const struct ast_table_ref *r);
/* How often the queries of a statement may be planned once more. */
#define PLAN_TRIES_MAX 64

/* plan_reject.c: cond is to hold over the rows of an outer join j: it becomes an inner one, or one of a
 * single side, where cond is not true of rows without a partner. */
void rel_narrow(struct planner *p, struct rel *j, const struct expr *cond);

/* plan_groups.c: for a subquery that gives one value, of rows picked by equalities with the row around it,
 * the query of all those values. Leaves q as it is when it is more than that. */
struct error *plan_all_groups(struct planner *p, struct scope *outer,
                              struct subquery *q) ERR_MUST_USE;

/* plan_from.c */
/* Of one source: all parts of its name are the same. An alias has but one, and is no table's whole name. */
bool scope_same_source(const struct scope_column *a, const struct scope_column *b);
/* 42712 when a source of r has the whole name of one of l. */
struct error *plan_check_duplicates(const struct scope *l, const struct scope *r) ERR_MUST_USE;
/* The list of [53(1, 2) AS t] is not the empty one. */
struct error *plan_check_column_ids(const struct ast_numeric_ref *r) ERR_MUST_USE;
struct error *plan_from(struct planner *p, struct scope *outer, const struct ast_table_refs *from,
                        struct rel **rel, struct scope **scope) ERR_MUST_USE;
struct rel *rel_of_table(struct planner *p, const struct table *t, const struct database *db,
                         const char *schema, const char *alias, bool mutations);
struct rel *rel_of_node(struct planner *p, struct plan_node *n);
struct rel *rel_join(struct planner *p, enum plan_join_type t, struct rel *l, struct rel *r);
struct error *rel_index_flags(struct planner *p, struct rel *r, const struct ast_index_flags *f)
    ERR_MUST_USE;
void rel_push(struct planner *p, struct rel *r, struct expr *cond);
void rel_push_on(struct planner *p, struct rel *j, struct expr *cond);
struct error *plan_table_ref(struct planner *p, struct scope *outer,
                             const struct ast_table_ref *r, struct rel **rel,
                             struct scope **scope) ERR_MUST_USE;

/* plan_semi.c: WHERE (NULL: none) over *rel, whose names are in scope; may join it with the queries of
 * EXISTS and IN, whose columns then follow those of the wide row. */
struct error *plan_where(struct planner *p, struct scope *scope, const struct ast_expr *where,
                         struct rel **rel) ERR_MUST_USE;

/* plan_stats.c: guesses. Rows of the whole table, and which part of them has one value (or NULL) in a
 * column, or meets a condition that is not used (NULL: none is). */
double rel_table_rows(const struct rel *r);
double rel_value_share(const struct rel *r, int col);
double rel_null_share(const struct rel *r, int col);
double rel_filter_share(const struct rel *r, const bool *used);
/* The same for one value of the column that may be known now, and for a range of them: by the histogram,
 * where there is one; of a range nothing is known without (false). */
double rel_equal_share(const struct rel *r, int col, const struct expr *value);
struct col_range {
    const struct expr *lo, *hi; /* NULL: open; both: IS NOT NULL */
    bool lo_incl, hi_incl;
};
bool rel_range_share(const struct rel *r, int col, const struct col_range *range, double *share);
/* Costs, in rows of a scan, as measured: a row by its whole key; to find the first of those that have a part
 * of a key. */
#define POINT_COST 12.0
#define SEEK_COST  50.0
/* The part of r's rows with one value of e, which is over its wide row. */
double rel_column_share(const struct rel *r, const struct expr *e);
/* Whether the guess of its rows comes from statistics. */
bool rel_rows_known(const struct rel *r);

/* plan_order.c: j's inner joins in a better order, or NULL; to[i]: where wide column i went. */
struct rel *rel_reorder(struct planner *p, struct rel *j, int *to);

/* plan_lower.c, plan_index.c */
struct error *rel_lower(struct planner *p, struct rel *r, const bool *need, const struct wish *w,
                        struct plan_node **out, int *map) ERR_MUST_USE;
/* Can column ordinal col be read from the index alone? */
bool index_has(const struct table *t, const struct index *ix, int col);
struct error *lower_table(struct planner *p, struct rel *r, const bool *need,
                          const struct wish *w, struct plan_node **out, int *map) ERR_MUST_USE;

/* The value that a condition says the column has, known before rows are read, or NULL. */
struct expr *rel_equal_value(struct planner *p, const struct rel *r, int col);

/* plan_computed.c: types what key columns of the table are computed of: r->computed. */
struct error *rel_type_computed(struct planner *p, struct rel *r) ERR_MUST_USE;
/* *out: r with further conditions on computed columns of ix, behind r's own, that follow from these. The
 * number of the one on the bucket of an index in shards, or -1; *any: it is any of them. */
int rel_derive(struct planner *p, const struct rel *r, const struct index *ix, struct rel *out,
               bool *any);

/* plan_inverted.c: what a condition says about an inverted index on column col of type t. */
struct inverted_cond {
    bool usable;
    bool exact;                /* what is found matches; else the condition is checked on the rows */
    int n;                     /* elements to look for; 0: no row can match */
    struct slice keys[2];
    const char *texts[2];      /* for EXPLAIN */
};
struct error *inverted_constraint(struct planner *p, const struct expr *e, int col,
                                  const struct type *t, struct inverted_cond *out) ERR_MUST_USE;

/* Does the generator make rows of columns (json_each)? Else its one column may hold a tuple, too. */
static inline bool
plan_makes_rows(const struct expr *call)
{
    return call->type->family == FAMILY_TUPLE && call->overload->gen->n_cols != 1;
}

/* plan_select.c */
struct error *plan_limit_node(struct planner *p, struct scope *outer, const struct ast_expr *limit,
                              const struct ast_expr *offset, struct plan_node *in,
                              struct plan_node **out) ERR_MUST_USE;
/* The rest of a SELECT over a rel whose names are in scope: items, ORDER BY, LIMIT. */
struct select_parts {
    const struct ast_select_clause *clause;  /* items, where, group by, ... */
    const struct ast_locking *locking;       /* FOR UPDATE; NULL none */
    const struct ast_order_by *order_by;
    const struct ast_expr *limit, *offset;
    const struct type *const *desired;
    int n_desired;
};
struct error *plan_select_rel(struct planner *p, struct scope *outer, struct rel *rel,
                              struct scope *scope, const struct select_parts *s,
                              struct plan_node **out) ERR_MUST_USE;
/* RETURNING and select items: stars opened, each typed; labels. */
struct item_list {
    int n, cap;
    struct expr **exprs;
    struct plan_column *cols;
    const struct ast_expr **asts;
};
struct error *plan_items(struct type_ctx *c, const struct ast_select_items *items,
                         const struct type *const *desired, int n_desired,
                         struct item_list *out) ERR_MUST_USE;
/* t.*, opened. */
struct error *plan_star(struct type_ctx *c, const struct ast_expr *e, struct item_list *out)
    ERR_MUST_USE;
const struct scope_column *scope_by_index(const struct scope *s, int index);

/* plan_with.c */
struct error *plan_with(struct planner *p, struct scope *outer, const struct ast_with *w)
    ERR_MUST_USE;
struct cte_binding *find_cte(struct planner *p, struct slice name);
struct plan_cte *cte_new(struct planner *p, struct slice name, struct plan_node *plan);
struct plan_node *cte_scan_new(struct planner *p, struct plan_cte *c, bool working);

/* plan_dml.c */
struct error *plan_insert(struct planner *p, const struct ast_insert *a, struct plan_node **out)
    ERR_MUST_USE;
struct error *plan_update(struct planner *p, const struct ast_update *a, struct plan_node **out)
    ERR_MUST_USE;
struct error *plan_delete(struct planner *p, const struct ast_delete *a, struct plan_node **out)
    ERR_MUST_USE;
bool mutation_returns(const struct plan_node *n);
/* A statement whose rows serve as a table: select, DML with RETURNING, statement with rows. */
struct error *plan_row_source(struct planner *p, const struct ast_stmt *s, struct plan_node **out)
    ERR_MUST_USE;

/* plan_select.c: ORDER BY PRIMARY KEY t, INDEX t@i: the index's columns. */
struct index_order {
    int n;
    struct expr **exprs;
    bool *desc;
};
/* The query in parentheses, with the clauses that stand behind them. */
struct error *plan_without_parens(struct planner *p, const struct ast_select *s,
                                  struct ast_select *out) ERR_MUST_USE;
bool plan_is_ordinal(const struct ast_expr *e, int64_t *n);
struct error *plan_no_constant(struct planner *p, const struct ast_expr *e,
                               const char *clause) ERR_MUST_USE;
struct error *plan_index_order(struct planner *p, const struct scope *scope,
                               const struct ast_order_item *o, struct index_order *out)
    ERR_MUST_USE;
/* type_name.c: a column in a mutation of the table: being added or dropped. */
bool is_backfilled(const struct table *t, struct slice name);

#endif
