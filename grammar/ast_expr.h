/* grammar/ast_expr.h - expressions, type references and names as the parser leaves them.
 *
 * Shapes follow what v20.1 keeps after parsing, so that printing gives v20.1's text: special call
 * syntax is already an ordinary call (EXTRACT -> extract('x', e), AT TIME ZONE -> timezone(z, e),
 * LIKE .. ESCAPE -> like_escape(..), CURRENT_DATE -> current_date()), `IS NULL` is IS NOT DISTINCT
 * FROM NULL, written parentheses are nodes.
 *
 * Ownership: everything lives in the arena given to the parser and borrows nothing else, but for
 * source text slices, which point into the caller's SQL text.
 * Threads: immutable after parsing, but for what a planner sets in its own copy.
 * Positions: `pos` is the 1-based character (not byte) in the whole text given to the parser; 0
 * unknown. Names are folded to lower case (unless quoted) and NFC-normalised.
 */
#ifndef AMBERDB_GRAMMAR_AST_EXPR_H
#define AMBERDB_GRAMMAR_AST_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct ast_expr;
struct ast_select;
struct ast_stmt;
struct ast_type;
struct ast_table_ref;

/* A growing array in the parser's arena: items[0 .. count-1]; items is NULL when count is 0. */
#define AST_LIST_FIELDS(type) \
    type *items;              \
    int count;                \
    int cap

struct ast_name {
    struct slice text;
    int pos;
};

struct ast_names { AST_LIST_FIELDS(struct ast_name); };
struct ast_exprs { AST_LIST_FIELDS(struct ast_expr *); };
struct ast_types { AST_LIST_FIELDS(struct ast_type *); };

/* object | schema.object or database.object | database.schema.object.
 * count: parts that were written, 1 to 3; 0 = absent. With 2, the first is in `schema` and
 * resolution decides whether it names a schema or a database. Parts may be empty ("".s.t). */
struct ast_object_name {
    struct slice catalog, schema, object;
    int count;
    int pos;
};
struct ast_object_names { AST_LIST_FIELDS(struct ast_object_name); };

/* t@i (has_table), or a bare index name with an optional database/schema in front: then
 * table.schema / table.catalog hold the qualifiers (table.count of them, table.object empty). */
struct ast_index_name {
    struct ast_object_name table;
    struct slice index;
    bool has_table;
    bool all;               /* t@* (zone configurations, SHOW PARTITIONS) */
    int pos;
};
struct ast_index_names { AST_LIST_FIELDS(struct ast_index_name); };

/* GRANT, BACKUP, ...: t, s.t, d.s.t, *, d.*, d.s.*. With star, name.object is empty and
 * name.count counts the qualifiers (0 = bare `*`; 1: in schema; 2: in catalog and schema). */
struct ast_table_pattern {
    struct ast_object_name name;
    bool star;
};
struct ast_table_patterns { AST_LIST_FIELDS(struct ast_table_pattern); };

/* ---- Types ------------------------------------------------------------------------------- */

enum ast_type_kind {
    AST_TYPE_BOOL,
    AST_TYPE_INT,           /* bare INT/INTEGER: default_int_size decides */
    AST_TYPE_INT2,
    AST_TYPE_INT4,
    AST_TYPE_INT8,
    AST_TYPE_FLOAT4,
    AST_TYPE_FLOAT8,
    AST_TYPE_DECIMAL,       /* precision, scale */
    AST_TYPE_STRING,        /* width */
    AST_TYPE_VARCHAR,       /* width */
    AST_TYPE_CHAR,          /* width; bare CHAR has width 1 */
    AST_TYPE_QCHAR,         /* "char" */
    AST_TYPE_NAME,
    AST_TYPE_BYTES,
    AST_TYPE_BIT,           /* width; bare BIT has width 1 */
    AST_TYPE_VARBIT,        /* width */
    AST_TYPE_DATE,
    AST_TYPE_TIME,          /* precision, when precision_given */
    AST_TYPE_TIMETZ,
    AST_TYPE_TIMESTAMP,
    AST_TYPE_TIMESTAMPTZ,
    AST_TYPE_INTERVAL,      /* fields, precision */
    AST_TYPE_UUID,
    AST_TYPE_INET,
    AST_TYPE_JSONB,
    AST_TYPE_OID,
    AST_TYPE_REGCLASS,
    AST_TYPE_REGTYPE,
    AST_TYPE_REGPROC,
    AST_TYPE_REGPROCEDURE,
    AST_TYPE_REGOPERATOR,
    AST_TYPE_REGNAMESPACE,
    AST_TYPE_INT2VECTOR,
    AST_TYPE_OIDVECTOR,
    AST_TYPE_SERIAL,        /* column definitions only: SERIAL; default_int_size decides */
    AST_TYPE_SERIAL2,
    AST_TYPE_SERIAL4,
    AST_TYPE_SERIAL8,
    AST_TYPE_ARRAY,         /* elem */
    AST_TYPE_NAMED,         /* an unknown name: the parser refuses it, kept for parse_type users */
    AST_TYPE_KIND_COUNT
};

enum ast_interval_fields {
    AST_INTERVAL_ALL,
    AST_INTERVAL_YEAR,
    AST_INTERVAL_MONTH,
    AST_INTERVAL_DAY,
    AST_INTERVAL_HOUR,
    AST_INTERVAL_MINUTE,
    AST_INTERVAL_SECOND,
    AST_INTERVAL_YEAR_TO_MONTH,
    AST_INTERVAL_DAY_TO_HOUR,
    AST_INTERVAL_DAY_TO_MINUTE,
    AST_INTERVAL_DAY_TO_SECOND,
    AST_INTERVAL_HOUR_TO_MINUTE,
    AST_INTERVAL_HOUR_TO_SECOND,
    AST_INTERVAL_MINUTE_TO_SECOND,
};

struct ast_type {
    enum ast_type_kind kind;
    int pos;
    int32_t width;          /* characters or bits; 0 = unlimited */
    int32_t precision;      /* DECIMAL digits (0 = any), or fractional digits of times */
    int32_t scale;
    bool precision_given;
    enum ast_interval_fields interval_fields;
    struct slice collation; /* STRING COLLATE en: len > 0; as written in lower case or quoted */
    struct ast_type *elem;  /* AST_TYPE_ARRAY */
    int32_t array_bound;    /* INT[3]: 3 (ignored by the server); -1 none */
    struct slice name;      /* AST_TYPE_NAMED */
};

/* ---- Expressions ------------------------------------------------------------------------- */

enum ast_expr_kind {
    /* constants */
    AST_EXPR_NULL,
    AST_EXPR_DEFAULT,       /* VALUES, SET */
    AST_EXPR_BOOL,          /* boolean */
    AST_EXPR_INT,           /* number: digits, or 0x..; may be any length */
    AST_EXPR_DECIMAL,       /* number: has a point or an exponent */
    AST_EXPR_STRING,        /* string.text */
    AST_EXPR_BYTES,         /* string.text: b'..' or x'..' already decoded */
    AST_EXPR_BIT,           /* string.text: the digits of B'1001' */
    AST_EXPR_PLACEHOLDER,   /* placeholder: 1 = $1 */
    AST_EXPR_MINVALUE,      /* partition bounds */
    AST_EXPR_MAXVALUE,
    /* names */
    AST_EXPR_COLUMN,        /* column: a, t.a, s.t.a, d.s.t.a, and with star: *, t.*, ... */
    AST_EXPR_ORDINAL,       /* ordinal: @1 */
    /* operators */
    AST_EXPR_UNARY,         /* unary */
    AST_EXPR_BINARY,        /* binary */
    AST_EXPR_COMPARISON,    /* comparison */
    AST_EXPR_AND,           /* binary (op unused) */
    AST_EXPR_OR,            /* binary (op unused) */
    AST_EXPR_NOT,           /* unary (op unused) */
    AST_EXPR_BETWEEN,       /* between */
    AST_EXPR_IS_OF,         /* is_of */
    /* forms */
    AST_EXPR_PAREN,         /* inner: as the user wrote it */
    AST_EXPR_CASE,          /* case_ */
    AST_EXPR_COALESCE,      /* call: COALESCE(a, ..) or, with ifnull, IFNULL(a, b) */
    AST_EXPR_NULLIF,        /* call: two arguments */
    AST_EXPR_IF,            /* call: three arguments */
    AST_EXPR_IFERROR,       /* call: IFERROR(e, alt [, code]) */
    AST_EXPR_ISERROR,       /* call: ISERROR(e [, code]) */
    AST_EXPR_FUNC,          /* func */
    AST_EXPR_CAST,          /* cast */
    AST_EXPR_ANNOTATE,      /* cast: e:::type (CAST_SHORT) or ANNOTATE_TYPE(e, type) */
    AST_EXPR_COLLATE,       /* collate */
    AST_EXPR_SUBSCRIPT,     /* subscript: e[i], e[a:b], e[i][j] */
    AST_EXPR_FIELD,         /* field: (e).a, (e).@1, (e).* */
    AST_EXPR_TUPLE,         /* tuple: (a, b), ROW(a, b), ((1, 2) AS a, b) */
    AST_EXPR_ARRAY,         /* list: ARRAY[a, b] */
    AST_EXPR_ARRAY_SUBQUERY, /* subquery: ARRAY(SELECT ..) */
    AST_EXPR_SUBQUERY,      /* subquery: (SELECT ..) */
    AST_EXPR_EXISTS,        /* subquery: EXISTS (SELECT ..) */
    AST_EXPR_STMT_SOURCE,   /* reserved for the planner */
    AST_EXPR_KIND_COUNT
};

enum ast_unary_op { AST_UNARY_MINUS, AST_UNARY_PLUS, AST_UNARY_COMPLEMENT };

enum ast_binary_op {
    AST_BINARY_PLUS,
    AST_BINARY_MINUS,
    AST_BINARY_MULT,
    AST_BINARY_DIV,
    AST_BINARY_FLOORDIV,    /* // */
    AST_BINARY_MOD,
    AST_BINARY_POW,         /* ^ */
    AST_BINARY_BITAND,
    AST_BINARY_BITOR,
    AST_BINARY_BITXOR,      /* # */
    AST_BINARY_LSHIFT,
    AST_BINARY_RSHIFT,
    AST_BINARY_CONCAT,      /* || */
    AST_BINARY_JSON_FETCH,          /* -> */
    AST_BINARY_JSON_FETCH_TEXT,     /* ->> */
    AST_BINARY_JSON_FETCH_PATH,     /* #> */
    AST_BINARY_JSON_FETCH_TEXT_PATH, /* #>> */
    AST_BINARY_OP_COUNT
};

enum ast_comparison_op {
    AST_CMP_EQ,
    AST_CMP_LT,
    AST_CMP_GT,
    AST_CMP_LE,
    AST_CMP_GE,
    AST_CMP_NE,
    AST_CMP_IN,             /* right: tuple or subquery */
    AST_CMP_NOT_IN,
    AST_CMP_LIKE,
    AST_CMP_NOT_LIKE,
    AST_CMP_ILIKE,
    AST_CMP_NOT_ILIKE,
    AST_CMP_SIMILAR,
    AST_CMP_NOT_SIMILAR,
    AST_CMP_REG,            /* ~ */
    AST_CMP_NOT_REG,        /* !~ */
    AST_CMP_REGI,           /* ~* */
    AST_CMP_NOT_REGI,       /* !~* */
    AST_CMP_IS_DISTINCT,    /* IS DISTINCT FROM; IS NOT NULL/TRUE/FALSE when right is such a constant */
    AST_CMP_IS_NOT_DISTINCT, /* IS NOT DISTINCT FROM; IS NULL/TRUE/FALSE/UNKNOWN */
    AST_CMP_CONTAINS,       /* @> */
    AST_CMP_CONTAINED_BY,   /* <@ */
    AST_CMP_OVERLAPS,       /* && */
    AST_CMP_JSON_EXISTS,    /* ? */
    AST_CMP_JSON_SOME_EXISTS, /* ?| */
    AST_CMP_JSON_ALL_EXISTS, /* ?& */
    AST_CMP_OP_COUNT
};

enum ast_quantifier { AST_QUANT_NONE, AST_QUANT_ANY, AST_QUANT_SOME, AST_QUANT_ALL };

enum ast_cast_syntax {
    AST_CAST_SHORT,         /* e::type, e:::type */
    AST_CAST_EXPLICIT,      /* CAST(e AS type), ANNOTATE_TYPE(e, type) */
    AST_CAST_PREPEND,       /* type 'literal': e is AST_EXPR_STRING */
};

struct ast_when {
    struct ast_expr *cond;
    struct ast_expr *value;
};

struct ast_case {
    struct ast_expr *operand; /* CASE x WHEN ..; NULL without */
    struct ast_when *items;
    int count;
    int cap;
    struct ast_expr *otherwise; /* NULL without ELSE */
};

struct ast_subscript_item {
    struct ast_expr *begin; /* the index; for a slice the lower bound or NULL */
    struct ast_expr *end;   /* slice only, may be NULL */
    bool slice;
};

struct ast_subscript {
    struct ast_expr *base;
    struct ast_subscript_item *items;
    int count;
    int cap;
};

enum ast_direction { AST_DIR_DEFAULT, AST_DIR_ASC, AST_DIR_DESC };
enum ast_order_kind { AST_ORDER_EXPR, AST_ORDER_PRIMARY_KEY, AST_ORDER_INDEX };

struct ast_order_item {
    enum ast_order_kind kind;
    struct ast_expr *expr;  /* AST_ORDER_EXPR */
    struct ast_object_name table; /* ORDER BY PRIMARY KEY t, INDEX t@i */
    struct slice index;
    enum ast_direction direction;
    int pos;
};
struct ast_order_by { AST_LIST_FIELDS(struct ast_order_item); };

enum ast_frame_mode { AST_FRAME_RANGE, AST_FRAME_ROWS, AST_FRAME_GROUPS };
enum ast_bound_kind {
    AST_BOUND_UNBOUNDED_PRECEDING,
    AST_BOUND_PRECEDING,    /* expr PRECEDING */
    AST_BOUND_CURRENT_ROW,
    AST_BOUND_FOLLOWING,    /* expr FOLLOWING */
    AST_BOUND_UNBOUNDED_FOLLOWING,
};
enum ast_frame_exclusion {
    AST_EXCLUDE_NONE,       /* also EXCLUDE NO OTHERS */
    AST_EXCLUDE_CURRENT_ROW,
    AST_EXCLUDE_GROUP,
    AST_EXCLUDE_TIES,
};
struct ast_frame_bound {
    enum ast_bound_kind kind;
    struct ast_expr *expr;
};
struct ast_window_frame {
    enum ast_frame_mode mode;
    struct ast_frame_bound start;
    struct ast_frame_bound end; /* only when has_end */
    bool has_end;
    enum ast_frame_exclusion exclusion;
};

struct ast_window {
    struct slice name;      /* WINDOW name AS (..); OVER name: the name, no parentheses */
    bool is_reference;      /* OVER name, without parentheses */
    struct slice base_name; /* OVER (base ..), WINDOW w AS (base ..) */
    struct ast_exprs partitions;
    struct ast_order_by order_by;
    struct ast_window_frame *frame; /* NULL: the default one */
    int pos;
};
struct ast_windows { AST_LIST_FIELDS(struct ast_window *); };

enum ast_func_quantifier { AST_FUNC_PLAIN, AST_FUNC_ALL, AST_FUNC_DISTINCT };

struct ast_func {
    struct slice *parts;    /* written parts of the name, last = the function; 1 to 4 */
    int part_count;
    enum ast_func_quantifier quantifier;
    struct ast_exprs args;  /* count(*): one AST_EXPR_COLUMN with star and no parts */
    struct ast_order_by order_by;
    struct ast_expr *filter;
    struct ast_window *over;
};

struct ast_expr {
    enum ast_expr_kind kind;
    int pos;
    int depth;              /* of the tree below, leaf 1; at most PARSE_MAX_DEPTH */
    union {
        bool boolean;
        struct { struct slice text; bool negative; } number; /* -1: text "1", negative */
        struct { struct slice text; } string;
        int placeholder;    /* 1-based */
        int ordinal;        /* 1-based */
        struct { struct slice *parts; int count; bool star; } column; /* parts as written, left to right */
        struct { enum ast_unary_op op; struct ast_expr *expr; } unary;
        struct { enum ast_binary_op op; struct ast_expr *left, *right; } binary;
        struct {
            enum ast_comparison_op op;
            enum ast_quantifier quantifier; /* not NONE: left op ANY (right) */
            struct ast_expr *left, *right;
        } comparison;
        struct { struct ast_expr *expr, *low, *high; bool negated, symmetric; } between;
        struct { struct ast_expr *expr; struct ast_types types; bool negated; } is_of;
        struct ast_expr *inner;
        struct ast_case *case_;
        struct { struct ast_exprs args; bool ifnull; } call;
        struct ast_func *func;
        struct { struct ast_expr *expr; struct ast_type *type; enum ast_cast_syntax syntax; } cast;
        struct { struct ast_expr *expr; struct slice locale; } collate;
        struct ast_subscript *subscript;
        struct {
            struct ast_expr *expr;
            struct slice name;  /* .a */
            int index;          /* .@1 -> 1; 0 without */
            bool star;          /* .* */
        } field;
        struct { struct ast_exprs exprs; struct ast_names *labels; bool row; } tuple;
        struct ast_exprs list;
        struct { struct ast_select *select; } subquery;
    };
};

/* "+", "//", ">=", "IS NOT DISTINCT FROM", "NOT LIKE" ... as they print. */
const char *ast_unary_op_name(enum ast_unary_op op);
const char *ast_binary_op_name(enum ast_binary_op op);
const char *ast_comparison_op_name(enum ast_comparison_op op);

#endif
