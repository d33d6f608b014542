/* regress/fuzz/fuzz_datetime.c - one text as every kind of date, time and interval, in a zone of its
 * own: byte 0 picks the zone. What is read is cast to its kin, printed, and
 * read again to the same value. Behind a 0x01 in the text stands a format for strptime and strftime.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/slice.h"
#include "types/datum.h"
#include "types/strtime_int.h"
#include "types/timezone.h"

#define DATETIME_BUDGET_BYTES ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct type *const kinds[] = {
    &TYPE_DATE, &TYPE_TIME, &TYPE_TIMETZ, &TYPE_TIMESTAMP, &TYPE_TIMESTAMPTZ, &TYPE_INTERVAL,
};

#define N_KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

/* On the wire 24:00:00 is 00:00:00: casts show all. No text shows the seconds that old offsets of
 * zones have, so it is made in UTC. */
static void
reads_back(const struct eval_env *in_zone, const struct type *t, const struct datum *d)
{
    struct eval_env utc = *in_zone, *env = &utc;
    struct str s;
    struct datum again;
    utc.timezone = NULL;
    bool time = t->family == FAMILY_TIME || t->family == FAMILY_TIMETZ;
    str_init_arena(&s, env->arena, STR_MAX_DEFAULT);
    datum_format(&s, t, d, time ? TEXT_CAST : TEXT_WIRE, env);
    struct error *err = datum_parse(env, t, str_slice(&s), &again);
    if (err != NULL || !datum_equal(t, d, &again)) {
        fprintf(stderr, "%s reads back as %s\n", str_cstr(&s),
                err == NULL ? "another value" : err->message);
        VERIFY(!"printed value reads back");
    }
}

static void
try_all(const struct eval_env *env, struct slice text)
{
    for (int i = 0; i < N_KINDS; i++) {
        struct datum d, cast;
        struct error *err = datum_parse(env, kinds[i], text, &d);
        if (err == NULL) {
            reads_back(env, kinds[i], &d);
            for (int k = 0; k < N_KINDS; k++) {
                if (!cast_exists(kinds[i], kinds[k]))
                    continue;
                struct error *e = datum_cast(env, kinds[i], &d, kinds[k], &cast);
                if (e == NULL)
                    reads_back(env, kinds[k], &cast);
                err_free(e);
            }
        }
        err_free(err);
    }
}

static void
try_format(const struct eval_env *env, struct slice text, struct slice format)
{
    struct str s;
    int64_t us;
    struct error *err = strtime_parse(text, format, &us);
    if (err == NULL) {
        str_init_arena(&s, env->arena, STR_MAX_DEFAULT);
        err = strtime_format(&s, us, 0, "UTC", format);
    }
    err_free(err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const zones[] = {"UTC", "America/New_York", "+3", "Asia/Kathmandu"};
    if (size < 1)
        return 0;
    struct mem_budget *budget = mem_budget_create(DATETIME_BUDGET_BYTES, NULL);
    struct arena *a = arena_create_budget(NULL, "fuzz", budget);
    struct eval_env env = {.arena = a, .extra_float_digits = 3, .default_int_size = 8};
    struct slice text = slice_make(data + 1, size - 1);
    struct error *err = timezone_lookup(a, slice_cstr(zones[data[0] & 3]), &env.timezone);
    VERIFY(err == NULL);
    const uint8_t *sep = memchr(text.ptr, 1, text.len);
    if (sep != NULL) {
        size_t n = (size_t)(sep - text.ptr);
        try_format(&env, slice_make(text.ptr, n), slice_make(sep + 1, text.len - n - 1));
        text.len = n;
    }
    /* As the name of a zone, and as what it names. */
    err_free(timezone_lookup(a, text, &env.timezone));
    err_free(timezone_lookup(a, slice_cstr(zones[data[0] & 3]), &env.timezone));
    try_all(&env, text);
    arena_destroy(a);
    mem_budget_destroy(budget);
    return 0;
}
