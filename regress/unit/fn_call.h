/* regress/unit/fn_call.h - call an overload by name with arguments given as text. */
#ifndef AMBERDB_REGRESS_UNIT_FN_CALL_H
#define AMBERDB_REGRESS_UNIT_FN_CALL_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "types/type_ops_int.h"

static struct arena *arena;
static struct eval_env env;

static int
fn_setup(void **state)
{
    (void)state;
    arena = arena_create(NULL, "test");
    env = (struct eval_env){.arena = arena, .default_int_size = 8};
    return 0;
}

static int
fn_teardown(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

static const struct type *
type_of_letter(char c)
{
    switch (c) {
    case 'i':
        return &TYPE_INT8;
    case 'f':
        return &TYPE_FLOAT8;
    case 'd':
        return &TYPE_DECIMAL;
    case 'b':
        return &TYPE_BYTES;
    default:
        return &TYPE_STRING;
    }
}

static bool
takes(const struct overload *o, int n, const struct type *const *types)
{
    int m = 0;
    while (m < OVERLOAD_MAX_ARGS && o->args[m] != NULL)
        m++;
    if (n < m || (n > m && o->variadic == NULL))
        return false;
    for (int i = 0; i < n; i++) {
        const struct type *p = i < m ? o->args[i] : o->variadic;
        if (p->family != FAMILY_ANY && p->family != types[i]->family)
            return false;
    }
    return true;
}

/* fn("lpad", "sis", "a", "3", "x"): a letter per argument (i f d s b), then their texts; a NULL
 * pointer is NULL. The result as text, "NULL", or the error as "CODE message". */
static const char *
fn(const struct overload_table *table, const char *name, const char *letters, ...)
{
    const struct type *types[8];
    struct datum args[8], out = {0};
    int n = (int)strlen(letters);
    va_list ap;
    va_start(ap, letters);
    bool has_null = false;
    for (int i = 0; i < n; i++) {
        const char *text = va_arg(ap, const char *);
        types[i] = type_of_letter(letters[i]);
        args[i] = DATUM_NULL;
        has_null = has_null || text == NULL;
        if (text != NULL)
            assert_null(datum_parse(&env, types[i], slice_cstr(text), &args[i]));
    }
    va_end(ap);
    for (size_t k = 0; k < table->n; k++) {
        const struct overload *o = &table->v[k];
        if (strcmp(o->name, name) != 0 || !takes(o, n, types))
            continue;
        const struct type *ret = o->ret != NULL ? o->ret : o->ret_fn(arena, n, types);
        struct fn_call call = {o, n, types, ret};
        if (has_null && !o->null_args)
            return "NULL";
        struct error *e = o->fn(&env, &call, args, &out);
        if (e != NULL) {
            const char *text = arena_printf(arena, "%s %s", e->sqlstate, e->message);
            err_free(e);
            return text;
        }
        if (out.null)
            return "NULL";
        struct str s;
        str_init_arena(&s, arena, STR_MAX_DEFAULT);
        datum_format(&s, ret, &out, TEXT_CAST, &env);
        return str_cstr(&s);
    }
    fail_msg("no overload %s(%s)", name, letters);
    return NULL;
}

#endif
