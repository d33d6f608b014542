/* regress/fuzz/fuzz_text.c - a value as a client sends it: byte 0 picks the type (low 5 bits) and
 * text or binary (bit 5). What is read is printed and read again to the same value. */
#include "config.h"

#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/slice.h"
#include "regress/fuzz/fuzz_types.h"
#include "types/datum.h"

#define TEXT_BUDGET_BYTES ((size_t)256 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
there_and_back(struct eval_env *env, const struct type *t, const struct datum *d)
{
    struct str s;
    str_init_arena(&s, env->arena, STR_MAX_DEFAULT);
    /* On the wire 24:00:00 is 00:00:00; in casts a year BC is a negative one. */
    bool time = t->family == FAMILY_TIME || t->family == FAMILY_TIMETZ;
    datum_format(&s, t, d, time ? TEXT_CAST : TEXT_WIRE, env);
    struct datum again;
    struct error *err = datum_parse(env, t, str_slice(&s), &again);
    if (err != NULL || !datum_equal(t, d, &again)) {
        fprintf(stderr, "%s reads back as %s\n", str_cstr(&s),
                err == NULL ? "another value" : err->message);
        VERIFY(!"printed value reads back");
    }
    struct str b;
    str_init_arena(&b, env->arena, STR_MAX_DEFAULT);
    err = datum_to_binary(&b, t, d, env);
    if (err == NULL) {
        err = datum_from_binary(env, t, str_slice(&b), &again);
        VERIFY(err == NULL);
    }
    err_free(err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct mem_budget *budget = mem_budget_create(TEXT_BUDGET_BYTES, NULL);
    struct arena *a = arena_create_budget(NULL, "fuzz", budget);
    struct eval_env env = {.arena = a, .extra_float_digits = 3, .default_int_size = 8};
    const struct type *t = fuzz_type(data[0]);
    struct slice bytes = slice_make(data + 1, size - 1);
    struct datum d;
    struct error *err = data[0] & 32 ? datum_from_binary(&env, t, bytes, &d)
                                     : datum_parse(&env, t, bytes, &d);
    if (err == NULL && !d.null)
        there_and_back(&env, t, &d);
    err_free(err);
    arena_destroy(a);
    mem_budget_destroy(budget);
    return 0;
}
