/* grammar/gram_int.h - what the parser, its actions and the builders share. Inside of the room. */
#ifndef AMBERDB_GRAMMAR_GRAM_INT_H
#define AMBERDB_GRAMMAR_GRAM_INT_H

#include "grammar/ast.h"
#include "grammar/lexer.h"
#include "grammar/parse.h"

/* Where a token or a rule begins. */
struct gram_loc {
    int pos;                /* 1-based character */
    size_t start, end;      /* bytes */
};

/* One statement being parsed. */
struct gram {
    struct arena *arena;
    struct lexer lexer;
    struct lex_token token;  /* the last one handed to the parser */
    struct lex_token ahead;  /* scanned, not handed out */
    bool has_ahead;
    int start_token;        /* handed out first; 0 afterwards */
    size_t stmt_start;      /* of the first token */
    size_t stmt_end;        /* end of the last token that is not the end */
    struct error *error;
    int max_placeholder;
    int high_depth;         /* deepest tree so far */
    bool too_deep;
    /* results, by start token */
    struct ast_stmt *stmt;
    struct ast_expr *expr;
    struct ast_type *type;
    struct ast_object_name *object_name;
};

#define GRAM_GROW(arena, list)                                                             \
    do {                                                                                   \
        if ((list)->count == (list)->cap) {                                                \
            int cap_ = (list)->cap == 0 ? 4 : (list)->cap * 2;                             \
            (list)->items = arena_realloc((arena), (list)->items,                          \
                                          (size_t)(list)->cap * sizeof(*(list)->items),    \
                                          (size_t)cap_ * sizeof(*(list)->items));          \
            (list)->cap = cap_;                                                            \
        }                                                                                  \
    } while (0)

#define GRAM_PUSH(g, list, ...)                                  \
    do {                                                         \
        GRAM_GROW((g)->arena, (list));                           \
        (list)->items[(list)->count++] = (__VA_ARGS__);          \
    } while (0)

/* errors; each leaves g->error set, the first one stays */
void gram_fail(struct gram *g, struct error *e);
void gram_syntax_error(struct gram *g, const char *reason); /* reason NULL: plain */
void gram_unimplemented(struct gram *g, int issue);
void gram_syntax_instead(struct gram *g, const char *reason); /* replaces the parser's own words */
/* 42602 invalid table name: "" */
bool gram_name_is_empty(struct gram *g, const struct ast_object_name *n);
void gram_name_error(struct gram *g, struct ast_name name, const struct gram_loc *loc, struct error *e);
void gram_help(struct gram *g, const char *topic);          /* adds the hint try \h topic */
void gram_help_function(struct gram *g, const struct ast_func *f);
void gram_hint(struct gram *g, const char *hint);           /* replaces the hint */

/* depth */
int gram_deep(struct gram *g, int depth_below); /* depth_below + 1, noted and checked */
int gram_max(int a, int b);
int gram_depth_of(const struct ast_expr *e);            /* NULL: 0 */
int gram_depth_of_list(const struct ast_exprs *l);
int gram_depth_of_order(const struct ast_order_by *o);
int gram_depth_of_select(const struct ast_select *s);
int gram_depth_of_items(const struct ast_select_items *l);
int gram_depth_of_refs(const struct ast_table_refs *l);
int gram_depth_of_sets(const struct ast_set_clauses *l);

/* expressions */
struct ast_expr *gram_expr(struct gram *g, enum ast_expr_kind kind, int pos);
struct ast_expr *gram_bool(struct gram *g, int pos, bool v);
struct ast_expr *gram_text(struct gram *g, enum ast_expr_kind kind, struct ast_name text);
struct ast_expr *gram_number(struct gram *g, struct ast_name digits, enum ast_expr_kind kind);
struct ast_expr *gram_placeholder(struct gram *g, int pos, int n);
struct ast_expr *gram_column(struct gram *g, const struct ast_names *parts, bool star, int pos);
struct ast_expr *gram_column1(struct gram *g, struct ast_name name);
struct ast_expr *gram_negate(struct gram *g, int pos, struct ast_expr *e);
struct ast_expr *gram_unary(struct gram *g, int pos, enum ast_unary_op op, struct ast_expr *e);
struct ast_expr *gram_binary(struct gram *g, int pos, enum ast_binary_op op, struct ast_expr *l,
                             struct ast_expr *r);
struct ast_expr *gram_logic(struct gram *g, int pos, enum ast_expr_kind kind, struct ast_expr *l,
                            struct ast_expr *r);
struct ast_expr *gram_not(struct gram *g, int pos, struct ast_expr *e);
struct ast_expr *gram_paren(struct gram *g, int pos, struct ast_expr *e);
struct ast_expr *gram_cmp(struct gram *g, int pos, enum ast_comparison_op op, struct ast_expr *l,
                          struct ast_expr *r);
/* op: an ast_comparison_op, or -1 - ast_binary_op, which is refused */
struct ast_expr *gram_cmp_quantified(struct gram *g, int pos, int op, int quantifier,
                                     struct ast_expr *l, struct ast_expr *r);
struct ast_expr *gram_between(struct gram *g, int pos, struct ast_expr *e, struct ast_expr *low,
                              struct ast_expr *high, bool negated, bool symmetric);
struct ast_expr *gram_is_of(struct gram *g, int pos, struct ast_expr *e, struct ast_types *types,
                            bool negated);
struct ast_expr *gram_cast(struct gram *g, int pos, struct ast_expr *e, struct ast_type *t,
                           enum ast_cast_syntax syntax);
struct ast_expr *gram_annotate(struct gram *g, int pos, struct ast_expr *e, struct ast_type *t,
                               enum ast_cast_syntax syntax);
struct ast_expr *gram_collate(struct gram *g, int pos, struct ast_expr *e, struct slice locale);
struct ast_expr *gram_call(struct gram *g, int pos, enum ast_expr_kind kind, int n, ...);
struct ast_expr *gram_call_list(struct gram *g, int pos, enum ast_expr_kind kind,
                                struct ast_exprs *args);
struct ast_expr *gram_func(struct gram *g, int pos, const char *name, int n, ...);
struct ast_expr *gram_func_list(struct gram *g, int pos, const char *name, struct ast_exprs *args);
struct ast_expr *gram_func_expr(struct gram *g, int pos, struct ast_func *f);
struct ast_expr *gram_tuple(struct gram *g, int pos, struct ast_exprs *l, bool row);
struct ast_expr *gram_list(struct gram *g, enum ast_expr_kind kind, int pos, struct ast_exprs *l);
struct ast_expr *gram_case(struct gram *g, int pos, struct ast_case *c);
struct ast_expr *gram_subquery(struct gram *g, enum ast_expr_kind kind, int pos, struct ast_select *s);
struct ast_expr *gram_subscript(struct gram *g, int pos, struct ast_expr *e, struct ast_subscript *s);
struct ast_expr *gram_field(struct gram *g, int pos, struct ast_expr *e, struct slice name, int index,
                            bool star);

/* names */
struct ast_object_name *gram_object_name(struct gram *g, const struct ast_names *parts);
struct ast_object_name *gram_object_name1(struct gram *g, struct ast_name name);
struct ast_index_name *gram_index_name(struct gram *g, struct ast_object_name *table,
                                       struct ast_name index);
struct ast_index_name *gram_index_name_alone(struct gram *g, struct ast_object_name *name);
/* a column reference as a pattern of tables; false: too many parts */
bool gram_table_pattern(struct gram *g, const struct ast_expr *column, struct ast_table_pattern *out);
struct slice gram_join_dotted(struct gram *g, const struct ast_names *parts);
struct slice gram_upper(struct gram *g, struct slice s);

/* numbers written in syntax (LIMITs of types, sequence options); false: out of range, error set */
bool gram_int64(struct gram *g, struct slice digits, bool negative, int64_t *out);
bool gram_int32(struct gram *g, struct slice digits, int32_t *out);

/* types */
struct ast_type *gram_type(struct gram *g, enum ast_type_kind kind, int pos);
struct ast_type *gram_type_width(struct gram *g, enum ast_type_kind kind, int pos, int64_t width);
struct ast_type *gram_type_by_name(struct gram *g, struct ast_name name, const struct gram_loc *loc,
                                   bool qualified);
struct ast_type *gram_type_float(struct gram *g, int pos, int64_t precision);
struct ast_type *gram_type_decimal(struct gram *g, int pos, int64_t precision, int64_t scale);
struct ast_type *gram_type_time(struct gram *g, enum ast_type_kind kind, int pos, int64_t precision);
struct ast_type *gram_type_interval(struct gram *g, int pos, int fields, int64_t precision);
struct ast_type *gram_type_array(struct gram *g, struct ast_type *elem, int64_t bound);

/* selects, tables, statements */
struct ast_select *gram_select(struct gram *g, enum ast_select_kind kind, int pos);
struct ast_select *gram_select_clause(struct gram *g, int pos, struct ast_select_clause *c);
struct ast_select *gram_values(struct gram *g, int pos, struct ast_values *v);
struct ast_select *gram_setop(struct gram *g, int pos, enum ast_setop op, bool all,
                              struct ast_select *l, struct ast_select *r);
struct ast_select *gram_select_paren(struct gram *g, int pos, struct ast_select *s);
struct ast_limit {
    struct ast_expr *limit, *offset;
    bool all;
};
struct ast_select *gram_select_tail(struct gram *g, struct ast_with *with, struct ast_select *s,
                                    struct ast_order_by *order, struct ast_limit *limit,
                                    struct ast_locking *locking);
struct ast_select *gram_values_of_one(struct gram *g, struct ast_expr *e);
struct ast_table_ref *gram_table_ref(struct gram *g, enum ast_table_ref_kind kind, int pos, int below);
struct ast_table_ref *gram_join(struct gram *g, int pos, struct ast_join *j);
void gram_decorate(struct ast_table_ref *t, struct ast_index_flags *flags, bool ordinality,
                   struct ast_alias *alias);
bool gram_index_flags_check(struct gram *g, const struct ast_index_flags *f);
bool gram_index_flags_merge(struct gram *g, struct ast_index_flags *a, const struct ast_index_flags *b);

struct ast_stmt *gram_stmt(struct gram *g, enum ast_stmt_kind kind, int pos, void *node, int depth);
struct ast_stmt *gram_stmt_any(struct gram *g, enum ast_stmt_kind kind, int pos, void *node);
struct ast_stmt *gram_insert(struct gram *g, int pos, struct ast_with *with, bool upsert,
                             struct ast_table_ref *table, struct ast_insert *rest,
                             struct ast_on_conflict *conflict, struct ast_returning *returning);
struct ast_stmt *gram_update(struct gram *g, int pos, struct ast_update *u);
struct ast_stmt *gram_delete(struct gram *g, int pos, struct ast_delete *d);
struct ast_stmt *gram_set_generic(struct gram *g, int pos, struct ast_name name,
                                  struct ast_exprs *values);
bool gram_txn_modes_merge(struct gram *g, struct ast_txn_modes *a, const struct ast_txn_modes *b);
bool gram_column_quals(struct gram *g, struct ast_column_def *def);
bool gram_copy_option(struct gram *g, struct ast_copy *c, struct ast_name key, struct ast_expr *value,
                      struct ast_names *columns);
struct ast_stmt *gram_explain(struct gram *g, int pos, bool analyze, const struct ast_names *options,
                              struct ast_stmt *stmt);
bool gram_index_elem(struct gram *g, struct ast_expr *e, enum ast_direction dir,
                     struct ast_index_elem *out);
bool gram_check_nulls_order(struct gram *g, enum ast_direction dir, int nulls);

#endif
