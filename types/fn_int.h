/* types/fn_int.h - shorthand for the files of overloads: their errors, and text being built. */
#ifndef AMBERDB_TYPES_FN_INT_H
#define AMBERDB_TYPES_FN_INT_H

#include "types/decimal.h"
#include "types/type_ops_int.h"

/* The signature that every scalar function has; most ignore the call. */
#define SCALAR(name)                                                                         \
    static struct error *name(const struct eval_env *env, const struct fn_call *call,        \
                              const struct datum *args, struct datum *out)

#define UNUSED(x) ((void)(x))

static inline struct error *
int_out_of_range(void)
{
    return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
}

static inline struct error *
division_by_zero(void)
{
    return err_new(ERR_DIVISION_BY_ZERO, "division by zero");
}

static inline struct error *
zero_modulus(void)
{
    return err_new(ERR_DIVISION_BY_ZERO, "zero modulus");
}

static inline struct error *
invalid_parameter(const char *text)
{
    return err_new(ERR_INVALID_PARAMETER_VALUE, "%s", text);
}

/* No single value of a function grows past this. */
#define FN_STRING_MAX ((size_t)64 << 20)

static inline void
fn_str_init(struct str *s, const struct eval_env *env)
{
    str_init_arena(s, env->arena, FN_STRING_MAX);
}

static inline struct error *
string_too_large(void)
{
    return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "requested length too large, exceeds 64 MiB");
}

/* The built text as a datum, or 54000. */
static inline struct error *
fn_str_done(struct str *s, struct datum *out)
{
    if (s->failed)
        return string_too_large();
    *out = datum_from_str(s);
    return NULL;
}

/* ---- patterns (like.c, regexp.c) ------------------------------------------------------------ */

/* LIKE with an escape character of 0 (none) or any code point; op names it in messages. */
struct error *like_match(struct slice text, struct slice pattern, uint32_t escape, bool fold_case,
                         const char *op, bool *out) ERR_MUST_USE;
/* SIMILAR TO as a regular expression, anchored. */
struct error *similar_to_regexp(struct str *out, struct slice pattern, uint32_t escape)
    ERR_MUST_USE;

/* A compiled expression of RE2's syntax; kept per thread for as long as it is in use often. */
struct regexp;
enum regexp_flags { REGEXP_FOLD_CASE = 1, REGEXP_DOT_NEWLINE = 2, REGEXP_MULTI_LINE = 4 };
#define REGEXP_GROUPS 10

struct regexp_match {
    struct {
        size_t start, end;
        bool set;
    } group[REGEXP_GROUPS];
    int n_groups; /* of the expression, the whole match (group 0) not counted */
};

/* Valid until the thread's next regexp_get. 2201B `error parsing regexp: ...`. */
struct error *regexp_get(struct slice pattern, unsigned flags, struct regexp **out) ERR_MUST_USE;
/* The first match; *found false when there is none. */
struct error *regexp_find(struct regexp *re, struct slice text, struct regexp_match *m,
                          bool *found) ERR_MUST_USE;
/* The first at or behind `from`; valid: the text is UTF-8. */
struct error *regexp_find_from(struct regexp *re, struct slice text, bool valid, size_t from,
                               struct regexp_match *m, bool *found) ERR_MUST_USE;

#endif
