/* generate_series over INT. */
#include "config.h"

#include "base/enc.h"
#include "types/fn_int.h"

struct series {
    int64_t next, last, step;
    bool done;
};

static struct error *
series_open(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
            struct arena *a, void **state)
{
    UNUSED(env);
    struct series *s = ARENA_NEW(a, struct series);
    *state = s;
    for (int i = 0; i < call->n_args; i++)
        if (args[i].null) {
            s->done = true;
            return NULL;
        }
    s->next = args[0].i;
    s->last = args[1].i;
    s->step = call->n_args > 2 ? args[2].i : 1;
    if (s->step == 0)
        return invalid_parameter("step cannot be 0");
    return NULL;
}

static struct error *
series_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    UNUSED(env);
    struct series *s = state;
    *more = !s->done && (s->step > 0 ? s->next <= s->last : s->next >= s->last);
    if (!*more) {
        s->done = true;
        return NULL;
    }
    cols[0] = datum_int(s->next);
    s->done = add_overflow_i64(s->next, s->step, &s->next);
    return NULL;
}

static const char *const names[] = {"generate_series"};
static const struct generator_vt series = {
    .open = series_open, .next = series_next, .n_cols = 1, .col_names = names};

#define SERIES(...)                                                                            \
    {.name = "generate_series", .args = {__VA_ARGS__}, .ret = &TYPE_INT8, .null_args = true, \
     .is_generator = true, .gen = &series, .category = "Set-returning"}

static const struct overload rows[] = {
    SERIES(&TYPE_INT8, &TYPE_INT8),
    SERIES(&TYPE_INT8, &TYPE_INT8, &TYPE_INT8),
};

const struct overload_table overloads_number_gens = {rows, ARRAY_COUNT(rows), false};
