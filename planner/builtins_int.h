/* planner/builtins_int.h - shorthand for the files of builtins. */
#ifndef AMBERDB_PLANNER_BUILTINS_INT_H
#define AMBERDB_PLANNER_BUILTINS_INT_H

#include "planner/builtins.h"
#include "planner/eval_hooks.h"

#define BUILTIN(fn_name)                                                                         \
    static struct error *fn_name(const struct eval_env *env, const struct fn_call *call,          \
                                 const struct datum *args, struct datum *out)
#define NOTHING_USED (void)env, (void)call, (void)args

/* The hook that a function cannot do without. */
#define NEED_HOOK(h, slot)                                                                       \
    const struct eval_hooks *h = eval_hooks_of(env);                                              \
    if (h == NULL || h->slot == NULL)                                                             \
    return err_unimplemented(0, "%s() is not available here", call->overload->name)

#define TABLE(table_name, rows)                                                                  \
    const struct overload_table table_name = {rows, sizeof(rows) / sizeof((rows)[0]), false}

static inline const char *
arg_cstr(const struct eval_env *env, const struct datum *d)
{
    return arena_strndup(env->arena, (const char *)d->ptr, d->len);
}

static inline struct datum
text_or_null(const char *s)
{
    return s == NULL ? DATUM_NULL : datum_cstr(s);
}

#endif
