/* planner/plan.h - plan nodes: what the planner decided, read by the executor, never changed.
 *
 * A node gives rows of n_cols columns; expressions in a node read the columns of its input (of left
 * then right input for joins) by index. Each kind of node is a struct that begins with plan_node;
 * executor/relational/<kind>.c and executor/mutation/<kind>.c run it.
 *
 * Ownership: the planner's arena. Threads: immutable once planned.
 */
#ifndef AMBERDB_PLANNER_PLAN_H
#define AMBERDB_PLANNER_PLAN_H

#include "catalog/desc.h"
#include "planner/expr.h"

#define PLAN_KINDS(X)                                                                        \
    X(SCAN, scan, "scan")                                                                    \
    X(VIRTUAL_SCAN, virtual_scan, "virtual table")                                           \
    X(SEQUENCE_SCAN, sequence_scan, "sequence select")                                       \
    X(STATEMENT, statement, "statement")                                                     \
    X(VALUES, values, "values")                                                              \
    X(CTE_SCAN, cte_scan, "scan buffer node")                                                \
    X(INDEX_JOIN, index_join, "index-join")                                                  \
    X(LOOKUP_JOIN, lookup_join, "lookup-join")                                               \
    X(HASH_JOIN, hash_join, "hash-join")                                                     \
    X(MERGE_JOIN, merge_join, "merge-join")                                                  \
    X(NESTED_LOOP, nested_loop, "cross-join")                                                \
    X(FILTER, filter, "filter")                                                              \
    X(RENDER, render, "render")                                                              \
    X(PROJECT_SET, project_set, "project set")                                               \
    X(GROUP, group, "group")                                                                 \
    X(DISTINCT, distinct, "distinct")                                                        \
    X(SORT, sort, "sort")                                                                    \
    X(LIMIT, limit, "limit")                                                                 \
    X(ORDINALITY, ordinality, "ordinality")                                                  \
    X(SETOP, setop, "union")                                                                 \
    X(WINDOW, window, "window")                                                              \
    X(RECURSIVE_CTE, recursive_cte, "recursive cte node")                                    \
    X(INSERT, insert, "insert")                                                              \
    X(UPDATE, update, "update")                                                              \
    X(DELETE, delete, "delete")                                                              \
    X(EXPLAIN, explain, "explain")

enum plan_kind {
#define X(K, k, name) PLAN_##K,
    PLAN_KINDS(X)
#undef X
    PLAN_KIND_COUNT
};

struct plan_column {
    const char *name;
    const struct type *type;
    bool hidden;
    uint32_t table_id;       /* where it comes from; 0 computed */
    uint32_t column_id;      /* also attnum on the wire */
};

struct plan_order {
    int column;              /* of the node's output (input, for SORT) */
    bool desc;
};

struct plan_node {
    enum plan_kind kind;
    int n_cols;
    struct plan_column *cols;
    int n_ordering;          /* rows come in this order */
    const struct plan_order *ordering;
    double rows;             /* guess */
    bool at_most_one;        /* never gives a second row */
    int n_children;
    struct plan_node *children[2];
};

/* A statement's plan. */
struct plan_root {
    struct plan_node *node;
    int n_visible;           /* result columns shown: cols[visible[i]] */
    const int *visible;
    int n_subqueries, n_ctes;
    int n_with;              /* CTEs with side effects run first, in order, read or not */
    struct plan_cte **with;
    bool returns_rows;       /* false: INSERT without RETURNING: only the count matters */
    const char *tag;         /* "SELECT", "INSERT 0", "UPDATE", ...: the row count is appended */
    bool mutates;
    const char *locks;       /* NULL, or "FOR UPDATE" ... */
    int n_tables;            /* versions that the plan depends on */
    const struct plan_table_use *tables;
    bool cacheable;
};

/* ---- leaves --------------------------------------------------------------------------------- */

/* One interval of an index: keys that start with the values. Bounds are expressions without columns
 * (constants, placeholders, EXPR_OUTER of an apply), made into bytes when the scan opens. */
struct plan_bound {
    int n;                   /* leading key columns with a value */
    struct expr **values;    /* each of the index column's type; a constant NULL is the key NULL, any
                              * other value that turns out NULL makes the span empty */
    bool inclusive;          /* the prefix itself belongs to the interval */
};
struct plan_span {
    struct plan_bound lo, hi; /* n = 0: open end */
};

struct plan_scan {
    struct plan_node base;
    const struct table *table;
    const struct index *index;
    const char *alias;
    int n_out;               /* output column i is table column ordinals[i] */
    const int *ordinals;
    int n_spans;             /* 0: the whole index; disjoint, ascending once made into bytes */
    const struct plan_span *spans;
    int n_elements;          /* inverted index: entries of these elements, instead of spans */
    const struct slice *elements;    /* encoded (types/keyenc.h) */
    const char *const *element_texts;
    bool empty;              /* a contradiction was found: no rows */
    bool reverse;
    struct expr *filter;     /* over the output columns; NULL none */
    int64_t hard_limit;      /* 0 none: stop after so many rows (after the filter) */
    int64_t soft_limit;      /* 0 none: about so many will be read */
    bool lock;               /* FOR UPDATE or feeds UPDATE, DELETE */
    bool written;            /* what it gives is locked again when it is written */
    const struct database *database;
};

struct plan_virtual_scan {
    struct plan_node base;
    const struct table *table;      /* is_virtual; opaque: executor/virtual.h */
    const struct database *database; /* NULL: "".schema.table */
    const char *schema;
    int n_out;
    const int *ordinals;
    /* Equality with a constant on a column, when WHERE has one: the maker may use it to skip work.
     * The filter above is still applied. -1: none */
    int key_ordinal;
    struct expr *key_value;
};

#define SEQUENCE_SCAN_COLUMNS 9
struct plan_sequence_scan { /* last_value, log_cnt, is_called; hidden: the sequence's options */
    struct plan_node base;
    const struct table *table;
};

struct plan_statement { /* [SHOW ...], [EXPLAIN ...]: run, rows collected, then read */
    struct plan_node base;
    const struct ast_stmt *stmt;
};

struct plan_values {
    struct plan_node base;
    int n_rows;
    struct expr ***rows;     /* rows[r][c]; no input columns */
};

struct plan_cte {
    int slot;
    struct slice name;
    struct plan_node *plan;
    bool mutation;           /* runs to its end even when unread */
    bool recursive;
    int n_cols;
    struct plan_column *cols;
    int uses;
    bool kept;               /* MATERIALIZED, or computing it has effects */
    bool *read;              /* columns */
    struct plan_cte *next;   /* of the statement */
    const uint8_t *place;    /* recursive: the name that reads its working table */
    bool many_places;        /* more than one such name */
};
struct plan_cte_scan { /* rows of a CTE, kept when they are first wanted */
    struct plan_node base;
    struct plan_cte *cte;
    bool working_table;      /* inside the recursive part: the last step's rows */
};

/* ---- joins ---------------------------------------------------------------------------------- */

enum plan_join_type { PLAN_JOIN_INNER, PLAN_JOIN_LEFT, PLAN_JOIN_RIGHT, PLAN_JOIN_FULL,
                      PLAN_JOIN_SEMI, PLAN_JOIN_ANTI };

/* Fetch the rest of the row by primary key. Input columns key_cols[i] are the primary key's. Output:
 * the table's columns as in ordinals (key columns come from the input). Keeps order. */
struct plan_index_join {
    struct plan_node base;
    const struct table *table;
    int n_keys;
    const int *key_cols;
    int n_out;
    const int *ordinals;
    struct expr *filter;     /* over the output */
    bool lock;
};

/* For each left row: rows of an index with a key prefix equal to left values. Output: left, right. */
struct plan_lookup_join {
    struct plan_node base;
    enum plan_join_type type; /* INNER, LEFT, SEMI, ANTI */
    const struct table *table;
    const struct index *index; /* covers what is needed, or index 0 */
    const char *alias;
    int n_keys;
    struct expr **keys;      /* over the left columns, of the index columns' types; NULL: no match */
    int n_out;
    const int *ordinals;     /* of the right side */
    struct expr *on;         /* the rest of ON, over left and right */
    bool lock;
};

struct plan_hash_join { /* children: left (probe), right (build) */
    struct plan_node base;
    enum plan_join_type type;
    int n_keys;
    struct expr **left_keys, **right_keys; /* right keys over the right's own columns */
    struct expr *on;         /* extra condition over left and right; NULL none */
};

/* Both sides come in the order of the keys. Keeps the left side's order. */
struct plan_merge_join {
    struct plan_node base;
    enum plan_join_type type;
    int n_keys;
    const int *left_keys, *right_keys; /* columns of each side */
    const struct type *const *key_types;
    const bool *desc;
    struct expr *on;         /* extra condition over left and right; NULL none */
};

/* Every pair; with apply, the right side is opened anew for each left row and reads params as
 * EXPR_OUTER (lateral joins). */
struct plan_nested_loop {
    struct plan_node base;
    enum plan_join_type type;
    struct expr *on;
    bool apply;
    int n_params;            /* apply: the right side's EXPR_OUTER parameters, over the left row */
    struct expr **params;
};

/* ---- row by row ----------------------------------------------------------------------------- */

struct plan_filter {
    struct plan_node base;
    struct expr *cond;
    bool once;               /* the same for all rows, and without any the input need not run */
};

struct plan_render {
    struct plan_node base;
    struct expr **exprs;     /* n_cols */
};

/* SELECT generators in lock-step: output: input columns, then for each generator its columns. */
struct plan_project_set {
    struct plan_node base;
    int n;
    struct plan_generator {
        struct expr *call;   /* EXPR_CALL of a generator, or any scalar (one row) */
        int n_cols;
    } *gens;
};

struct plan_ordinality { /* input columns, then INT8 */
    struct plan_node base;
};

struct plan_limit {
    struct plan_node base;
    struct expr *count, *offset; /* INT without columns; NULL none */
};

/* ---- sets ----------------------------------------------------------------------------------- */

struct plan_group {
    struct plan_node base;   /* output: group columns, then aggregates */
    int n_keys;
    struct expr **keys;      /* over the input */
    int n_aggs;
    struct agg_call **aggs;  /* planner/aggregate.h; args, filters and orders over the input */
    bool streaming;          /* input is ordered by keys: a change of keys ends a group */
    bool scalar;             /* no GROUP BY: one row even for no input */
};

struct plan_distinct {
    struct plan_node base;   /* output = input */
    int n_keys;
    const int *keys;         /* input columns that make a row distinct */
    bool on;                 /* DISTINCT ON: the first row of each in input order */
    bool streaming;          /* ordered by (a permutation of) keys */
    bool nulls_distinct;     /* for EXPLAIN of INSERT: NULLs do not equal each other; */
    bool errors;             /*   a second row is an error */
};

struct plan_sort {
    struct plan_node base;
    int n_keys;
    const struct plan_order *keys;
    int presorted;           /* input already ordered by the first so many */
    struct expr *top_k;      /* only so many are wanted (LIMIT + OFFSET); NULL all */
};

enum plan_setop_kind { PLAN_SETOP_UNION, PLAN_SETOP_INTERSECT, PLAN_SETOP_EXCEPT };
struct plan_setop {
    struct plan_node base;
    enum plan_setop_kind op;
    bool all;
};

struct plan_window {
    struct plan_node base;   /* output: input columns, then one per window call */
    int n;
    struct window_call **calls; /* planner/aggregate.h */
};

struct plan_recursive_cte { /* children: first part, recursive part */
    struct plan_node base;
    bool all;                /* UNION ALL, else rows met before are dropped */
    struct plan_cte *cte;    /* its working table */
};

/* ---- mutations ------------------------------------------------------------------------------ */

struct plan_check {
    const char *name;
    const char *text;        /* stored expression, for the message */
    struct expr *cond;       /* over the new row by column ordinal */
};

/* What every mutation of a table knows. Rows are arrays by column ordinal of all columns. */
struct plan_target {
    const struct table *table;
    const struct database *database;
    int n_checks;
    struct plan_check *checks;
    int n_computed;          /* columns whose value follows from others, in order */
    struct plan_computed { int ordinal; struct expr *expr; } *computed;
    int n_indexes;           /* all of table->indexes that must be written: public, write only */
    bool ignore_fks;
    bool legacy_fk_messages;
    bool fast_path_ok;
};

struct plan_insert {
    struct plan_node base;   /* output: RETURNING: columns by ordinal (public), see returning */
    struct plan_target target;
    /* input row: values[i] goes to column ordinals[i] */
    int n_values;
    const int *ordinals;
    struct plan_default { int ordinal; struct expr *expr; } *defaults; /* for the columns left out */
    int n_defaults;
    enum plan_conflict { CONFLICT_ERROR, CONFLICT_NOTHING, CONFLICT_UPDATE, CONFLICT_UPSERT } conflict;
    const struct index *arbiter;  /* UPDATE, NOTHING with target; NULL with NOTHING: any index */
    struct expr *conflict_where;  /* over existing row then excluded row (n_all_columns each) */
    int n_sets;
    struct plan_set { int ordinal; struct expr *expr; } *sets; /* over the same; UPSERT: columns set */
    bool blind_upsert;       /* no secondary index, all columns set: need not read */
    bool replace_existing;   /* system tables: INSERT .. SELECT replaces rows (decision 1) */
    bool upsert_word;        /* for foreign key messages: insert | upsert */
    bool returning;          /* output rows: the table's n_columns columns by ordinal */
};

struct plan_update {
    struct plan_node base;   /* output when returning: new row by ordinal, then passed columns */
    struct plan_target target;
    int n_fetch;             /* input columns 0 .. n_fetch-1 are table columns fetch[i] */
    const int *fetch;
    int n_sets;
    struct plan_set *sets;   /* expressions over the input row; must be of the column's type */
    int n_pass;              /* further input columns given to RETURNING (FROM's) */
    const int *pass;
    bool dedupe;             /* UPDATE .. FROM: only the first match of a row counts */
    bool returning;
};

struct plan_delete {
    struct plan_node base;   /* output when returning: old row by ordinal */
    struct plan_target target;
    int n_fetch;
    const int *fetch;
    bool returning;
};

/* plan_keys.c: no two rows of n have the same values in these columns, none of which is NULL. */
bool plan_are_key(const struct plan_node *n, const int *cols, int n_cols);
/* Of one index and nobody's foreign keys, without a filter or RETURNING: the rows of whole spans. The
 * scan of the spans; NULL: it is no such DELETE. */
const struct plan_scan *plan_delete_range(const struct plan_node *n);

/* The scan that alone finds the rows of an UPDATE, which EXPLAIN then says to lock; NULL when it does not.
 * DELETE locks what it looks at as well, and v20.1 shows nothing of that. */
const struct plan_scan *plan_update_scan(const struct plan_node *update);

struct plan_explain {
    struct plan_node base;
    struct plan_root *plan;
    const struct ast_explain *ast;
};

/* Each expression of the node and of those below it, its top only; not those of subqueries and CTEs. */
void plan_visit_tree(const struct plan_node *n, void (*fn)(void *arg, struct expr *e), void *arg);
const char *plan_kind_name(enum plan_kind k);

#endif
