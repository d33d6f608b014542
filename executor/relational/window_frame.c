/* executor/relational/window_frame.c - what belongs to the frame of a row, and what a call gives for it. */
#include "config.h"

#include "executor/relational/window_int.h"

#define NEAR_MAX 4096 /* rows: who looks farther has the whole partition at hand */

int
win_compare_order(const struct window_call *c, const struct datum *a, const struct datum *b)
{
    for (int i = 0; i < c->n_order; i++) {
        int r = datum_compare(c->order[i].expr->type, &a[i], &b[i]);
        if (r != 0)
            return c->order[i].desc ? -r : r;
    }
    return 0;
}

static struct win_row *
row_at(const struct win_frames *f, int64_t row)
{
    return &f->rows[row - f->first];
}

/* ---- manners ---- */

static bool
is_minmax(const struct agg_call *a)
{
    return strcmp(a->def->name, "min") == 0 || strcmp(a->def->name, "max") == 0;
}

static bool
is_running(const struct window_call *c)
{
    const struct window_frame *fr = &c->frame;
    if (c->agg == NULL)
        return c->def->running;
    return fr->exclusion == AST_EXCLUDE_NONE && fr->start.kind == AST_BOUND_UNBOUNDED_PRECEDING &&
           (fr->end.kind == AST_BOUND_CURRENT_ROW || fr->end.kind == AST_BOUND_UNBOUNDED_FOLLOWING);
}

/* Rows between a row and the bound, backward below zero; false: not known, or far. */
static bool
bound_reach(const struct window_bound *b, int64_t off, int64_t *out)
{
    *out = b->kind == AST_BOUND_CURRENT_ROW ? 0 : b->kind == AST_BOUND_PRECEDING ? -off : off;
    return b->kind != AST_BOUND_UNBOUNDED_PRECEDING && b->kind != AST_BOUND_UNBOUNDED_FOLLOWING &&
           off <= NEAR_MAX;
}

/* lag() and lead(): how far, when that is the same for all rows. */
static bool
shift_reach(const struct window_call *c, int64_t *out)
{
    *out = 1;
    if (c->n_args > 1) {
        if (c->args[1]->kind != EXPR_CONST || c->args[1]->value.null)
            return false;
        *out = c->args[1]->value.i;
    }
    if (*out > NEAR_MAX || *out < -NEAR_MAX)
        return false;
    if (strcmp(c->def->name, "lag") == 0)
        *out = -*out;
    return true;
}

static bool
is_near(struct win_frames *f)
{
    const struct window_call *c = f->call;
    const struct window_frame *fr = &c->frame;
    int64_t from, to;
    if (c->agg == NULL && c->def->shifts) {
        if (!shift_reach(c, &from))
            return false;
        to = from;
    } else if ((c->agg == NULL && !c->def->uses_frame) || fr->mode != AST_FRAME_ROWS ||
               fr->exclusion != AST_EXCLUDE_NONE || !bound_reach(&fr->start, f->start_off, &from) ||
               !bound_reach(&fr->end, f->end_off, &to)) {
        return false;
    }
    f->before = (from < 0 ? -from : 0) + 1; /* the row that has just left the frame, too */
    f->after = to > 0 ? to : 0;
    return true;
}

/* ---- offsets ---- */

static struct error *
offset_error(bool start, bool null)
{
    return null ? err_new(ERR_NULL_VALUE_NOT_ALLOWED, "frame %s offset must not be null",
                          start ? "starting" : "ending")
                : err_new(ERR_INVALID_WINDOW_FRAME_OFFSET, "frame %s offset must not be negative",
                          start ? "starting" : "ending");
}

static bool
is_negative(const struct type *t, const struct datum *d, struct arena *a)
{
    struct datum zero = {0};

    switch ((int)t->family) {
    case FAMILY_INT:
        return d->i < 0;
    case FAMILY_FLOAT:
        return d->f < 0;
    case FAMILY_INTERVAL: {
        struct interval *iv = ARENA_NEW(a, struct interval);
        zero.iv = iv;
        return datum_compare(t, d, &zero) < 0;
    }
    case FAMILY_DECIMAL: {
        struct datum i = datum_int(0);
        return datum_compare_mixed(t, d, &TYPE_INT8, &i, NULL) < 0;
    }
    default:
        return false;
    }
}

static struct error *
eval_offset(struct win_frames *f, const struct window_bound *b, bool start, struct arena *a, int64_t *n,
            struct datum *v)
{
    if (b->offset == NULL)
        return NULL;
    ERR_TRY(expr_eval(b->offset, &f->env, f->st, NULL, v));
    if (v->null)
        return offset_error(start, true);
    if (is_negative(b->offset->type, v, f->env.arena))
        return offset_error(start, false);
    *v = datum_copy(a, b->offset->type, v);
    *n = b->offset->type->family == FAMILY_INT ? v->i : 0;
    return NULL;
}

struct error *
win_frames_init(struct win_frames *f, const struct window_call *c, struct exec_state *st, struct eval_env env,
                struct arena *arena)
{
    *f = (struct win_frames){.call = c, .st = st, .env = env};
    f->n_args = c->agg != NULL ? c->agg->n_args : c->n_args;
    f->agg.arena = arena_create(arena, "aggregate of frames");
    if (c->def != NULL)
        f->fn_state = arena_zalloc(arena, c->def->state_size + 8);
    ERR_TRY(eval_offset(f, &c->frame.start, true, arena, &f->start_off, &f->start_val));
    ERR_TRY(eval_offset(f, &c->frame.end, false, arena, &f->end_off, &f->end_val));
    f->manner = is_running(c) ? WIN_RUNNING : is_near(f) ? WIN_NEAR : WIN_WHOLE;
    return NULL;
}

static void
state_clear(struct win_state *s)
{
    arena_reset(s->arena);
    *s = (struct win_state){.arena = s->arena};
}

void
win_frames_begin(struct win_frames *f)
{
    f->rows = NULL;
    f->first = f->n = 0;
    f->n_groups = 0;
    state_clear(&f->agg);
    if (f->call->def != NULL)
        memset(f->fn_state, 0, f->call->def->state_size);
}

void
win_frames_peers(struct win_frames *f, struct arena *a)
{
    f->peer_start = ARENA_ARRAY(a, int64_t, (size_t)f->n + 1);
    f->peer_end = ARENA_ARRAY(a, int64_t, (size_t)f->n + 1);
    f->group = ARENA_ARRAY(a, int64_t, (size_t)f->n + 1);
    f->group_first = ARENA_ARRAY(a, int64_t, (size_t)f->n + 2);
    for (int64_t i = 0; i < f->n;) {
        int64_t e = i + 1;
        while (e < f->n && win_compare_order(f->call, row_at(f, i)->order, row_at(f, e)->order) == 0)
            e++;
        for (int64_t k = i; k < e; k++) {
            f->peer_start[k] = i;
            f->peer_end[k] = e;
            f->group[k] = f->n_groups;
        }
        f->group_first[f->n_groups++] = i;
        i = e;
    }
    f->group_first[f->n_groups] = f->n;
}

/* ---- bounds ---- */

static int64_t
clamp(int64_t v, int64_t n)
{
    return v < 0 ? 0 : v > n ? n : v;
}

static int64_t
add_clamped(int64_t a, int64_t b, int64_t n)
{
    int64_t r;

    if (__builtin_add_overflow(a, b, &r))
        return b > 0 ? n : 0;
    return clamp(r, n);
}

/* RANGE with an offset: the first row whose order value is not before (for a start) or is after (for an
 * end) the bound. */
static struct error *
range_bound(struct win_frames *f, int64_t row, const struct window_bound *b, const struct datum *off,
            bool is_end, int64_t *out)
{
    const struct window_call *c = f->call;
    const struct win_row *at = row_at(f, row);
    const struct type *t = c->order[0].expr->type;
    bool preceding = b->kind == AST_BOUND_PRECEDING, desc = c->order[0].desc;

    if (at->order[0].null) {
        *out = is_end ? f->peer_end[row] : f->peer_start[row];
        return NULL;
    }
    /* Preceding in a descending order means larger values. */
    struct expr *e = preceding != desc ? c->frame.range_sub : c->frame.range_add;
    struct datum in[2] = {at->order[0], *off}, bound;
    if (e == NULL)
        return err_new(ERR_INTERNAL, "a RANGE frame has no arithmetic");
    ERR_TRY(expr_eval(e, &f->env, f->st, in, &bound));
    const struct type *bt = e->type;
    int64_t lo = 0, hi = f->n;
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        const struct datum *v = &row_at(f, mid)->order[0];
        int cmp;
        if (v->null)
            cmp = desc ? 1 : -1;
        else
            cmp = type_equivalent(t, bt) ? datum_compare(t, v, &bound)
                                         : datum_compare_mixed(t, v, bt, &bound, &f->env);
        if (desc && !v->null)
            cmp = -cmp;
        /* start: rows with cmp < 0 are outside; end: rows with cmp <= 0 are inside */
        if (is_end ? cmp <= 0 : cmp < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *out = lo;
    return NULL;
}

static struct error *
one_bound(struct win_frames *f, int64_t row, const struct window_bound *b, bool is_end,
          int64_t *out)
{
    const struct window_frame *fr = &f->call->frame;
    int64_t off = is_end ? f->end_off : f->start_off;

    switch (b->kind) {
    case AST_BOUND_UNBOUNDED_PRECEDING:
        *out = 0;
        return NULL;
    case AST_BOUND_UNBOUNDED_FOLLOWING:
        *out = f->n;
        return NULL;
    case AST_BOUND_CURRENT_ROW:
        if (fr->mode == AST_FRAME_ROWS)
            *out = is_end ? row + 1 : row;
        else
            *out = is_end ? f->peer_end[row] : f->peer_start[row];
        return NULL;
    case AST_BOUND_PRECEDING:
    case AST_BOUND_FOLLOWING:
        break;
    }
    if (b->kind == AST_BOUND_PRECEDING)
        off = -off;
    if (fr->mode == AST_FRAME_ROWS) {
        *out = add_clamped(is_end ? row + 1 : row, off, f->n);
        return NULL;
    }
    if (fr->mode == AST_FRAME_RANGE)
        return range_bound(f, row, b, is_end ? &f->end_val : &f->start_val, is_end, out);
    int64_t g = f->group[row];
    int64_t want;
    if (__builtin_add_overflow(g, off, &want))
        want = off > 0 ? f->n_groups : -1;
    if (is_end)
        *out = want < 0 ? 0 : want >= f->n_groups ? f->n : f->group_first[want + 1];
    else
        *out = want < 0 ? 0 : want >= f->n_groups ? f->n : f->group_first[want];
    return NULL;
}

static struct error *
arg_value(void *p, int64_t row, int arg, struct datum *out)
{
    *out = row_at(p, row)->args[arg];
    return NULL;
}

static struct error *
frame_of(struct win_frames *f, int64_t row, struct window_row *w)
{
    const struct window_frame *fr = &f->call->frame;

    *w = (struct window_row){.n_rows = f->n, .row = row, .keep = -1, .value = arg_value, .p = f};
    if (f->manner == WIN_WHOLE) {
        w->peer_start = f->peer_start[row];
        w->peer_end = f->peer_end[row];
        w->peer_group = f->group[row];
    }
    if (f->call->agg == NULL && !f->call->def->uses_frame)
        return NULL;
    ERR_TRY(one_bound(f, row, &fr->start, false, &w->frame_start));
    ERR_TRY(one_bound(f, row, &fr->end, true, &w->frame_end));
    switch (fr->exclusion) {
    case AST_EXCLUDE_NONE:
        break;
    case AST_EXCLUDE_CURRENT_ROW:
        w->exclude_start = row;
        w->exclude_end = row + 1;
        break;
    case AST_EXCLUDE_TIES:
        w->keep = row;
        /* fall through */
    case AST_EXCLUDE_GROUP:
        w->exclude_start = w->peer_start;
        w->exclude_end = w->peer_end;
        break;
    }
    return NULL;
}

/* ---- aggregates ---- */

static struct agg_ctx
agg_ctx_of(struct win_frames *f)
{
    return (struct agg_ctx){.arena = f->agg.arena, .env = &f->env};
}

/* Behind the arguments: the filter. */
static bool
filtered_out(const struct win_frames *f, const struct datum *args)
{
    const struct datum *filter = &args[f->n_args];
    return f->call->agg->filter != NULL && (filter->null || !filter->i);
}

struct error *
win_running_add(struct win_frames *f, const struct datum *args)
{
    struct agg_ctx x = agg_ctx_of(f);
    if (f->agg.state == NULL)
        f->agg.state = arena_zalloc(x.arena, f->call->agg->def->state_size + 8);
    return filtered_out(f, args) ? NULL : agg_add(&x, f->call->agg, f->agg.state, args);
}

struct error *
win_running_result(struct win_frames *f, struct datum *out)
{
    struct agg_ctx x = agg_ctx_of(f);
    return agg_result(&x, f->call->agg, f->agg.state, out);
}

struct error *
win_running_eval(struct win_frames *f, int64_t at, int64_t peer_start, int64_t group,
                 const struct datum *args, struct datum *out)
{
    struct window_row w = {.row = at, .peer_start = peer_start, .peer_group = group, .keep = -1};
    return window_eval(&f->env, f->call, &w, f->fn_state, args, out);
}

static void
state_restart(struct win_frames *f, int64_t from)
{
    state_clear(&f->agg);
    f->agg.state = arena_zalloc(f->agg.arena, f->call->agg->def->state_size + 8);
    f->agg.from = f->agg.to = from;
}

/* The state without the rows before `from`; false: it cannot be had from what it is. */
static bool
state_leave(struct win_frames *f, int64_t from)
{
    struct agg_ctx x = agg_ctx_of(f);
    struct win_state *s = &f->agg;
    if (from > s->to)
        return false;
    for (; s->from < from; s->from++) {
        const struct datum *args = row_at(f, s->from)->args;
        if (!filtered_out(f, args) && !agg_remove(&x, f->call->agg, s->state, args))
            return false;
    }
    return true;
}

static struct error *
state_add(struct win_frames *f, const struct window_row *w)
{
    bool excludes = w->exclude_start < w->exclude_end;
    struct win_state *s = &f->agg;
    for (int64_t i = s->to; i < w->frame_end; i++) {
        if (excludes && i >= w->exclude_start && i < w->exclude_end && i != w->keep)
            continue;
        ERR_TRY(win_running_add(f, row_at(f, i)->args));
    }
    if (w->frame_end > s->to)
        s->to = w->frame_end;
    return NULL;
}

/* A frame that only grows at its end goes on from the state before, one that moves takes rows back. */
static struct error *
aggregate_eval(struct win_frames *f, const struct window_row *w, struct datum *out)
{
    struct win_state *s = &f->agg;
    bool excludes = w->exclude_start < w->exclude_end;
    bool on = s->state != NULL && !excludes && w->frame_start >= s->from && w->frame_end >= s->to;

    if (!on || !state_leave(f, w->frame_start))
        state_restart(f, w->frame_start);
    ERR_TRY(state_add(f, w));
    ERR_TRY(win_running_result(f, out));
    if (excludes)
        s->state = NULL;
    return NULL;
}

/* ---- min and max of frames that move forward ---- */

static void
best_push(struct win_frames *f, int64_t row)
{
    struct win_state *s = &f->agg;
    const struct agg_call *a = f->call->agg;
    const struct datum *v = row_at(f, row)->args;
    bool max = a->def->name[1] == 'a';
    if (v->null || filtered_out(f, v))
        return;
    for (; s->n_best > 0; s->n_best--) {
        int64_t last = s->best[s->best_at + s->n_best - 1];
        int k = datum_compare(a->type, row_at(f, last)->args, v);
        if (max ? k > 0 : k < 0)
            break;
    }
    if (s->best_at + s->n_best == s->cap_best) {
        if (s->best_at > 0)
            memmove(s->best, s->best + s->best_at, (size_t)s->n_best * sizeof(*s->best));
        s->best_at = 0;
        if (s->n_best >= s->cap_best / 2) {
            int64_t cap = s->cap_best == 0 ? 64 : s->cap_best * 2;
            s->best = arena_realloc(s->arena, s->best, (size_t)s->cap_best * sizeof(*s->best),
                                    (size_t)cap * sizeof(*s->best));
            s->cap_best = cap;
        }
    }
    s->best[s->best_at + s->n_best++] = row;
}

/* False: the frame did not move forward. */
static bool
best_eval(struct win_frames *f, const struct window_row *w, struct datum *out)
{
    struct win_state *s = &f->agg;
    if (w->frame_start < s->from || w->frame_end < s->to)
        return false;
    s->from = w->frame_start;
    if (s->to < s->from)
        s->to = s->from;
    for (; s->n_best > 0 && s->best[s->best_at] < s->from; s->n_best--)
        s->best_at++;
    for (; s->to < w->frame_end; s->to++)
        best_push(f, s->to);
    *out = s->n_best > 0 ? row_at(f, s->best[s->best_at])->args[0] : DATUM_NULL;
    return true;
}

struct error *
win_frames_eval(struct win_frames *f, int64_t row, struct datum *out)
{
    const struct window_call *c = f->call;
    struct window_row w;

    ERR_TRY(frame_of(f, row, &w));
    if (c->agg == NULL)
        return window_eval(&f->env, c, &w, f->fn_state, row_at(f, row)->args, out);
    if (is_minmax(c->agg) && c->frame.exclusion == AST_EXCLUDE_NONE && w.frame_start <= w.frame_end &&
        f->agg.state == NULL) {
        if (best_eval(f, &w, out))
            return NULL;
    }
    return aggregate_eval(f, &w, out);
}
