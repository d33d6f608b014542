/* planner/windows.c - window functions proper: what they give for one row of a partition. */
#include "config.h"

#include "planner/aggregate.h"

/* ---- frames with rows left out ---- */

static bool
excluded(const struct window_row *w, int64_t i)
{
    return i >= w->exclude_start && i < w->exclude_end && i != w->keep;
}

/* The n-th (from 0) row of the frame, or -1. */
static int64_t
frame_nth(const struct window_row *w, int64_t n)
{
    int64_t i = w->frame_start;
    if (w->exclude_start >= w->exclude_end) {
        if (n < 0 || n >= w->frame_end - i)
            return -1;
        return i + n;
    }
    for (; i < w->frame_end; i++) {
        if (excluded(w, i))
            continue;
        if (n-- == 0)
            return i;
    }
    return -1;
}

static int64_t
frame_last(const struct window_row *w)
{
    for (int64_t i = w->frame_end - 1; i >= w->frame_start; i--)
        if (!excluded(w, i))
            return i;
    return -1;
}

static struct error *
value_at(const struct window_row *w, int64_t row, struct datum *out)
{
    if (row < 0) {
        *out = DATUM_NULL;
        return NULL;
    }
    return w->value(w->p, row, 0, out);
}

#define WINDOW_FN(name)                                                                          \
    static struct error *name(const struct eval_env *env, const struct window_call *c,            \
                              const struct window_row *w, void *state, const struct datum *args,  \
                              struct datum *out)
#define UNUSED (void)env, (void)c, (void)w, (void)state, (void)args

/* ---- numbers ---- */

WINDOW_FN(row_number)
{
    UNUSED;
    *out = datum_int(w->row + 1);
    return NULL;
}

WINDOW_FN(rank)
{
    UNUSED;
    *out = datum_int(w->peer_start + 1);
    return NULL;
}

WINDOW_FN(dense_rank)
{
    UNUSED;
    *out = datum_int(w->peer_group + 1);
    return NULL;
}

WINDOW_FN(percent_rank)
{
    UNUSED;
    *out = datum_float(w->n_rows <= 1 ? 0 : (double)w->peer_start / (double)(w->n_rows - 1));
    return NULL;
}

WINDOW_FN(cume_dist)
{
    UNUSED;
    *out = datum_float((double)w->peer_end / (double)w->n_rows);
    return NULL;
}

struct ntile {
    bool known, null;
    int64_t buckets;
};

WINDOW_FN(ntile)
{
    UNUSED;
    struct ntile *s = state;
    if (!s->known) {
        s->known = true;
        s->null = args[0].null;
        s->buckets = args[0].null ? 0 : args[0].i;
        if (!s->null && s->buckets <= 0)
            return err_new(ERR_INVALID_ARGUMENT_FOR_NTILE,
                           "argument of ntile() must be greater than zero");
    }
    if (s->null) {
        *out = DATUM_NULL;
        return NULL;
    }
    int64_t q = w->n_rows / s->buckets, r = w->n_rows % s->buckets, big = r * (q + 1);
    *out = datum_int(w->row < big ? w->row / (q + 1) + 1 : (w->row - big) / q + r + 1);
    return NULL;
}

/* ---- values of other rows ---- */

static struct error *
shifted(const struct window_call *c, const struct window_row *w, const struct datum *args,
        bool forward, struct datum *out)
{
    int64_t n = 1, target;
    if (c->n_args > 1) {
        if (args[1].null) {
            *out = DATUM_NULL;
            return NULL;
        }
        n = args[1].i;
    }
    bool over = forward ? __builtin_add_overflow(w->row, n, &target)
                        : __builtin_sub_overflow(w->row, n, &target);
    if (over || target < 0 || target >= w->n_rows) {
        *out = c->n_args > 2 ? args[2] : DATUM_NULL;
        return NULL;
    }
    return w->value(w->p, target, 0, out);
}

WINDOW_FN(lag)
{
    UNUSED;
    return shifted(c, w, args, false, out);
}

WINDOW_FN(lead)
{
    UNUSED;
    return shifted(c, w, args, true, out);
}

WINDOW_FN(first_value)
{
    UNUSED;
    return value_at(w, frame_nth(w, 0), out);
}

WINDOW_FN(last_value)
{
    UNUSED;
    return value_at(w, frame_last(w), out);
}

WINDOW_FN(nth_value)
{
    UNUSED;
    if (args[1].null) {
        *out = DATUM_NULL;
        return NULL;
    }
    if (args[1].i <= 0)
        return err_new(ERR_INVALID_ARGUMENT_FOR_NTH_VALUE,
                       "argument of nth_value() must be greater than zero");
    return value_at(w, frame_nth(w, args[1].i - 1), out);
}

const struct window_def window_defs[] = {
    {.name = "row_number", .ret = &TYPE_INT8, .running = true, .eval = row_number},
    {.name = "rank", .ret = &TYPE_INT8, .running = true, .eval = rank},
    {.name = "dense_rank", .ret = &TYPE_INT8, .running = true, .eval = dense_rank},
    {.name = "percent_rank", .ret = &TYPE_FLOAT8, .eval = percent_rank},
    {.name = "cume_dist", .ret = &TYPE_FLOAT8, .eval = cume_dist},
    {.name = "ntile", .args = {&TYPE_INT8}, .ret = &TYPE_INT8, .state_size = sizeof(struct ntile),
     .eval = ntile},
    {.name = "lag", .args = {&TYPE_ANY}, .shifts = true, .eval = lag},
    {.name = "lag", .args = {&TYPE_ANY, &TYPE_INT8}, .shifts = true, .eval = lag},
    {.name = "lag", .args = {&TYPE_ANY, &TYPE_INT8, &TYPE_ANY}, .shifts = true, .eval = lag},
    {.name = "lead", .args = {&TYPE_ANY}, .shifts = true, .eval = lead},
    {.name = "lead", .args = {&TYPE_ANY, &TYPE_INT8}, .shifts = true, .eval = lead},
    {.name = "lead", .args = {&TYPE_ANY, &TYPE_INT8, &TYPE_ANY}, .shifts = true, .eval = lead},
    {.name = "first_value", .args = {&TYPE_ANY}, .uses_frame = true, .eval = first_value},
    {.name = "last_value", .args = {&TYPE_ANY}, .uses_frame = true, .eval = last_value},
    {.name = "nth_value", .args = {&TYPE_ANY, &TYPE_INT8}, .uses_frame = true, .eval = nth_value},
};
const size_t n_window_defs = sizeof(window_defs) / sizeof(window_defs[0]);

bool
window_exists(const char *name)
{
    for (size_t i = 0; i < n_window_defs; i++)
        if (strcmp(window_defs[i].name, name) == 0)
            return true;
    return false;
}

struct error *
window_eval(const struct eval_env *env, const struct window_call *c, const struct window_row *w,
            void *state, const struct datum *args, struct datum *out)
{
    struct error *e = c->def->eval(env, c, w, state, args, out);
    return e == NULL ? NULL : err_wrap(e, "%s()", c->def->name);
}
