/* planner/type_int.h - inside of typing: untyped constants, candidates, helpers. planner/type_*.c only.
 *
 * The order of things follows v20.1: constants are folded exactly before they have a type
 * (type_const.c), overloads are chosen among candidates by what constants can become
 * (type_overload.c), forms whose branches must agree share one unification (type_same.c).
 */
#ifndef AMBERDB_PLANNER_TYPE_INT_H
#define AMBERDB_PLANNER_TYPE_INT_H

#include "planner/expr.h"
#include "types/decimal.h"

/* ---- untyped constants (type_const.c) ---- */

enum uconst_kind { UCONST_NONE, UCONST_NUMBER, UCONST_STRING, UCONST_BYTES };

struct uconst {
    enum uconst_kind kind;
    const struct decimal *num, *den; /* num / den; den NULL = 1 */
    bool is_int;        /* written as an integer, or made of integers by + - * */
    bool folded;        /* computed: its scale means nothing */
    bool integral, fits_i64;
    int64_t i;          /* when fits_i64 */
    struct slice text;
    int pos;
};

/* Is e a constant without a type, after folding? */
bool uconst_fold(struct type_ctx *c, const struct ast_expr *e, struct uconst *out);
bool uconst_can_become(const struct uconst *k, const struct type *t);
const struct type *uconst_natural(const struct uconst *k);
/* Types it may become, best first. */
const struct type *const *uconst_types(const struct uconst *k, bool desirable, int *n);
struct error *uconst_resolve(struct type_ctx *c, const struct uconst *k, const struct type *t,
                             struct expr **out) ERR_MUST_USE;
/* With a wish. */
struct error *uconst_type(struct type_ctx *c, const struct uconst *k, const struct type *desired,
                          struct expr **out) ERR_MUST_USE;

/* ---- types (type_rules.c) ---- */

/* v20.1's Equivalent: ANY on either side is; UNKNOWN is not. */
bool tc_equiv(const struct type *a, const struct type *b);
bool tc_is_wild(const struct type *t);     /* NULL, ANY, or contains it */
const char *tc_name(struct type_ctx *c, const struct type *t);
const char *tc_text(struct type_ctx *c, const struct ast_expr *e); /* printed for messages */
const struct ast_expr *tc_strip(const struct ast_expr *e);  /* without parentheses */
bool tc_is_open_placeholder(struct type_ctx *c, const struct ast_expr *e);
static inline bool
tc_unknown(const struct expr *e)
{
    return e->type->family == FAMILY_UNKNOWN;
}
/* Types an expression and requires: "incompatible <op> type: <t>". */
struct error *tc_require(struct type_ctx *c, const struct ast_expr *e, const struct type *t,
                         const char *op, struct expr **out) ERR_MUST_USE;
/* The same for conditions inside expressions; NULL becomes one of type bool. */
struct error *tc_require_bool(struct type_ctx *c, const struct ast_expr *e, const char *op,
                              struct expr **out) ERR_MUST_USE;
/* "argument of <op> must be type bool, not type int"; NULL is let through. */
struct error *tc_require_arg(struct type_ctx *c, const struct ast_expr *e, const struct type *t,
                             const char *op, struct expr **out) ERR_MUST_USE;
/* "prefix: inner", the inner SQLSTATE kept; placeholders' ambiguity goes through as it is. */
struct error *tc_decorate(struct error *e, const char *prefix) ERR_MUST_USE;
struct error *tc_placeholder_error(int index) ERR_MUST_USE;
/* Names are resolved before types are: such errors (and those of placeholders) get no prefix. */
bool tc_undecorated(const struct error *e);

/* ---- same types (type_same.c) ---- */

/* All of exprs to one type: *type is UNKNOWN when all are NULL. typed has room for n. */
struct error *tc_same(struct type_ctx *c, const struct type *desired, int n,
                      const struct ast_expr *const *exprs, struct expr **typed,
                      const struct type **type) ERR_MUST_USE;

/* ---- overloads (type_overload.c) ---- */

struct cand {
    const struct type *params[OVERLOAD_MAX_ARGS];
    int n_params;
    const struct type *variadic;
    const struct type *ret;     /* NULL: not known beforehand */
    bool preferred, null_args;
    bool poly;                  /* ANY_ARRAY and ANY stand for one element type */
    const void *impl;
};

struct tc_arg {
    const struct ast_expr *ast;
    enum { ARG_CONST, ARG_PLACEHOLDER, ARG_RESOLVABLE } kind;
    struct uconst k;
    struct expr *typed;
};

void cand_from_overload(struct cand *k, const struct overload *o);
/* Candidates of a name; in the arena. n_args 0 = any (functions). */
int overload_candidates(struct type_ctx *c, const char *name, bool is_operator, int n_args,
                        struct cand **out);
/* Arguments are typed; what is left of the candidates is moved to the front, *n_left of them. */
struct error *tc_resolve(struct type_ctx *c, const struct type *desired, struct cand *cands, int n,
                         bool binary, struct tc_arg *args, int n_args, int *n_left) ERR_MUST_USE;
const char *tc_candidates_hint(struct type_ctx *c, const char *prefix, const struct cand *cands,
                               int n);
/* 42883 "unknown signature: f(int, string) (desired <int>)", or 42725 when several are left. */
struct error *tc_signature_error(struct type_ctx *c, const char *name, const struct type *desired,
                                 const struct tc_arg *args, int n_args, const struct cand *cands,
                                 int n, int pos) ERR_MUST_USE;
void tc_split(struct type_ctx *c, struct tc_arg *args, int n);
const struct overload *overload_first(const char *name); /* any function of that name */
const struct overload *operator_find(const char *name, const struct type *l, const struct type *r);
void tc_note_args(struct type_ctx *c, const struct tc_arg *args, int n);

/* ---- nodes (type_tree.c) ---- */

struct expr *expr_new(struct arena *a, enum expr_kind kind, const struct type *t, int pos, int n_args);
struct expr *expr_null(struct arena *a, const struct type *t);
/* volatility from the arguments and `own`; evaluates the node when it is constant. */
struct expr *expr_finish(struct type_ctx *c, struct expr *e, enum volatility own);
struct expr *expr_make_call(struct type_ctx *c, const struct overload *o, int pos, int n,
                            struct expr *const *args);
struct expr *expr_make_cast(struct type_ctx *c, struct expr *e, const struct type *t, int pos);
struct expr *expr_make_not(struct type_ctx *c, struct expr *e);
struct expr *expr_make_bool(struct type_ctx *c, enum expr_kind kind, struct expr *l, struct expr *r);
/* env with results in the plan's arena */
struct eval_env tc_env(struct type_ctx *c);

/* ---- forms (type_*.c), called by type_expr's dispatch ---- */

struct error *type_comparison(struct type_ctx *c, const struct ast_expr *e, struct expr **out) ERR_MUST_USE;
struct error *type_between(struct type_ctx *c, const struct ast_expr *e, struct expr **out) ERR_MUST_USE;
struct error *type_column(struct type_ctx *c, const struct ast_expr *e, struct expr **out) ERR_MUST_USE;
struct error *type_func(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
                        struct expr **out) ERR_MUST_USE;
/* Type of the rows of a subquery as IN sees it: the column, or a tuple of them. */
const struct type *tc_row_type(struct type_ctx *c, const struct plan_node *p);
/* Whether the clause takes subqueries. */
struct error *type_check_subquery(struct type_ctx *c, const struct ast_expr *e) ERR_MUST_USE;
struct error *type_subquery_expr(struct type_ctx *c, const struct ast_expr *e,
                                 const struct type *desired, struct expr **out) ERR_MUST_USE;
struct error *type_tuple_expr(struct type_ctx *c, const struct ast_expr *e,
                              const struct type *desired, struct expr **out) ERR_MUST_USE;
struct error *type_array_expr(struct type_ctx *c, const struct ast_expr *e,
                              const struct type *desired, struct expr **out) ERR_MUST_USE;
struct error *type_case(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
                        struct expr **out) ERR_MUST_USE;
struct error *type_form(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
                        struct expr **out) ERR_MUST_USE; /* COALESCE NULLIF IF IFERROR ISERROR */
struct error *type_cast_expr(struct type_ctx *c, const struct ast_expr *e, struct expr **out) ERR_MUST_USE;
struct error *type_access(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
                          struct expr **out) ERR_MUST_USE; /* subscript, field */
struct expr *tc_make_in_set(struct type_ctx *c, struct expr *in);

/* ---- evaluator's inside (eval_in.c) ---- */
struct in_set;
struct in_set *in_set_build(struct arena *a, const struct expr *in); /* NULL: not all constants */
/* -> found, and whether a NULL is in the list */
bool in_set_has(const struct in_set *s, const struct type *t, const struct datum *d);
bool in_set_has_null(const struct in_set *s);

/* ---- notes (type_notes.c): what AST nodes became, for stored_expr.c ---- */
struct type_notes *type_notes_new(struct arena *a);
void type_notes_put(struct type_notes *n, const struct ast_expr *ast, struct expr *e);
struct expr *type_notes_get(const struct type_notes *n, const struct ast_expr *ast);

#endif
