/* types/overload.h - one table of what operators and functions exist, for whom and how they run.
 *
 * The planner chooses an overload by argument types and v20.1's constant typing; the executor calls
 * its fn. Tables are static const arrays, one per file of functions, listed in overload_tables[];
 * rooms above add theirs (planner/builtins_*.c). Names are lower case; "crdb_internal." prefixes
 * are part of the name.
 */
#ifndef AMBERDB_TYPES_OVERLOAD_H
#define AMBERDB_TYPES_OVERLOAD_H

#include "types/datum.h"

enum volatility { IMMUTABLE, STABLE, VOLATILE };

struct fn_call {
    const struct overload *overload;
    int n_args;
    const struct type *const *arg_types;
    const struct type *type; /* of the result */
};

/* args[0..n): NULLs only when the overload says null_args. Memory from env->arena. Errors of
 * functions (not operators) get "name(): " in front from the caller. */
typedef struct error *(*scalar_fn)(const struct eval_env *env, const struct fn_call *call,
                                   const struct datum *args, struct datum *out);

#define OVERLOAD_MAX_ARGS 8

struct overload {
    const char *name;            /* function, or operator symbol: "+", "||", "@>" */
    const struct type *args[OVERLOAD_MAX_ARGS]; /* NULL ends; TYPE_ANY takes anything */
    const struct type *variadic; /* type of further arguments, or NULL */
    const struct type *ret;      /* or NULL: ret_fn decides */
    const struct type *(*ret_fn)(struct arena *a, int n, const struct type *const *args);
    scalar_fn fn;
    enum volatility volatility;
    bool null_args;              /* called even when an argument is NULL; else NULL in, NULL out */
    bool changes;                /* what calls beside it may tell: rows are computed one by one then */
    bool preferred;              /* wins a tie between candidates */
    bool any_apart;              /* its TYPE_ANY need not be of the type of the array's elements beside it */
    bool is_generator;           /* set-returning: fn is NULL, gen is set */
    const struct generator_vt *gen;
    const char *category;        /* for crdb_internal.builtin_functions */
};

/* Set-returning functions: open, then rows until *more is false. ret is the tuple or scalar type. */
struct generator_vt {
    struct error *(*open)(const struct eval_env *env, const struct fn_call *call,
                          const struct datum *args, struct arena *a, void **state);
    struct error *(*next)(const struct eval_env *env, void *state, struct datum *cols, bool *more);
    int n_cols;
    const char *const *col_names;
};

struct overload_table {
    const struct overload *v;
    size_t n;
    bool is_operator; /* binary ops: two args; unary: one */
};

/* types/'s own tables: operators and functions that need no catalog. */
extern const struct overload_table *const type_overload_tables[];
extern const size_t n_type_overload_tables;

#endif
