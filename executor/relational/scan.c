#include "config.h"

#include "executor/relational/rel_int.h"
#include "executor/relational/table_reader.h"
#include "types/keyenc.h"

#include <stdlib.h>

struct scan_op {
    struct op op;
    const struct plan_scan *plan;
    struct table_reader *reader;
    struct span *spans;
    int n_spans;
    int64_t given;        /* rows after the filter */
    int64_t seen;         /* rows read */
};

/* One end of a span as key bytes. *none: a NULL value that matches nothing. */
static struct error *
bound_key(struct scan_op *s, const struct plan_bound *b, struct str *key, bool *none)
{
    struct eval_env env = op_env(&s->op);
    struct datum *vals = ARENA_ARRAY(s->op.arena, struct datum, (size_t)b->n + 1);

    for (int i = 0; i < b->n; i++) {
        ERR_TRY(expr_eval(b->values[i], &env, s->op.st, NULL, &vals[i]));
        if (vals[i].null && b->values[i]->kind != EXPR_CONST) {
            *none = true;
            return NULL;
        }
    }
    ERR_TRY(row_key_prefix(key, s->plan->table, s->plan->index, vals, b->n));
    return str_error(key);
}

static struct error *
make_span(struct scan_op *s, const struct plan_span *ps, struct span *out, bool *none)
{
    struct span whole = row_index_span(s->op.arena, s->plan->table, s->plan->index);
    struct str lo, hi;

    *out = whole;
    str_init_arena(&lo, s->op.arena, STR_MAX_DEFAULT);
    str_init_arena(&hi, s->op.arena, STR_MAX_DEFAULT);
    if (ps->lo.n > 0) {
        ERR_TRY(bound_key(s, &ps->lo, &lo, none));
        if (*none)
            return NULL;
        if (!ps->lo.inclusive && !key_prefix_end(&lo)) {
            *none = true;
            return NULL;
        }
        out->start = str_slice(&lo);
    }
    if (ps->hi.n > 0) {
        ERR_TRY(bound_key(s, &ps->hi, &hi, none));
        if (*none)
            return NULL;
        if (!ps->hi.inclusive || key_prefix_end(&hi))
            out->end = str_slice(&hi);
    }
    if (slice_cmp(out->start, out->end) >= 0)
        *none = true;
    return NULL;
}

static int
span_cmp(const void *a, const void *b)
{
    return slice_cmp(((const struct span *)a)->start, ((const struct span *)b)->start);
}

/* Bytes for all spans, ascending and disjoint; reversed for a reverse scan. */
static struct error *
make_spans(struct scan_op *s)
{
    const struct plan_scan *p = s->plan;

    s->n_spans = 0;
    if (p->empty)
        return NULL;
    s->spans = ARENA_ARRAY(s->op.arena, struct span, (size_t)p->n_spans + (size_t)p->n_elements + 1);
    for (int i = 0; i < p->n_elements; i++) {
        struct span *sp = &s->spans[s->n_spans++];
        struct str lo, hi;
        str_init_arena(&lo, s->op.arena, STR_MAX_DEFAULT);
        str_init_arena(&hi, s->op.arena, STR_MAX_DEFAULT);
        row_index_prefix(&lo, p->table, p->index);
        str_append_slice(&lo, p->elements[i]);
        ERR_TRY(str_error(&lo));
        str_append_slice(&hi, str_slice(&lo));
        *sp = row_index_span(s->op.arena, p->table, p->index);
        sp->start = str_slice(&lo);
        if (key_prefix_end(&hi))
            sp->end = str_slice(&hi);
    }
    if (p->n_spans == 0 && p->n_elements == 0) {
        s->spans[s->n_spans++] = row_index_span(s->op.arena, p->table, p->index);
        return NULL;
    }
    for (int i = 0; i < p->n_spans; i++) {
        bool none = false;
        ERR_TRY(make_span(s, &p->spans[i], &s->spans[s->n_spans], &none));
        if (!none)
            s->n_spans++;
    }
    if (s->n_spans > 1)
        qsort(s->spans, (size_t)s->n_spans, sizeof(s->spans[0]), span_cmp);
    int n = 0;
    for (int i = 0; i < s->n_spans; i++) {
        if (n > 0 && slice_cmp(s->spans[i].start, s->spans[n - 1].end) <= 0) {
            if (slice_cmp(s->spans[i].end, s->spans[n - 1].end) > 0)
                s->spans[n - 1].end = s->spans[i].end;
        } else {
            s->spans[n++] = s->spans[i];
        }
    }
    s->n_spans = n;
    if (p->reverse)
        for (int i = 0; i < n / 2; i++) {
            struct span t = s->spans[i];
            s->spans[i] = s->spans[n - 1 - i];
            s->spans[n - 1 - i] = t;
        }
    return NULL;
}

static struct error *
scan_open(struct op *o)
{
    struct scan_op *s = (struct scan_op *)o;
    const struct plan_scan *p = s->plan;
    bool *needed = ARENA_ARRAY(o->arena, bool, (size_t)p->table->n_all_columns + 1);

    for (int i = 0; i < p->n_out; i++)
        needed[p->ordinals[i]] = true;
    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    o->batch.sel = NULL;
    s->given = s->seen = 0;
    ERR_TRY(make_spans(s));
    ERR_TRY(table_reader_create(o->x, o->arena, p->table, p->index, needed, p->lock, &s->reader));
    table_reader_start(s->reader, s->spans, s->n_spans, p->reverse);
    return NULL;
}

static struct error *
scan_next(struct op *o, struct batch **out)
{
    struct scan_op *s = (struct scan_op *)o;
    const struct plan_scan *p = s->plan;

    *out = &o->batch;
    for (;;) {
        int max = BATCH_ROWS;
        op_begin_batch(o);
        if (p->hard_limit > 0 && s->given >= p->hard_limit)
            return NULL;
        if (p->hard_limit > 0 && p->filter == NULL && p->hard_limit - s->given < max)
            max = (int)(p->hard_limit - s->given);
        else if (p->soft_limit > 0 && s->seen < p->soft_limit && p->soft_limit - s->seen < max)
            max = (int)(p->soft_limit - s->seen);
        ERR_TRY(cancel_check(o->x->cancel));
        ERR_TRY(table_reader_batch(s->reader, max, p->n_out, p->ordinals, o->batch.cols,
                                   &o->batch.n));
        if (o->batch.n == 0)
            return NULL;
        s->seen += o->batch.n;
        if (p->filter != NULL) {
            struct eval_env env = op_env(o);
            ERR_TRY(expr_filter_batch(p->filter, &env, o->st, &o->batch));
            if (batch_live(&o->batch) == 0)
                continue;
        }
        s->given += batch_live(&o->batch);
        if (p->hard_limit > 0 && s->given > p->hard_limit) {
            int drop = (int)(s->given - p->hard_limit);
            if (o->batch.sel != NULL)
                o->batch.n_sel -= drop;
            else
                o->batch.n -= drop;
            s->given = p->hard_limit;
        }
        return NULL;
    }
}

static void
scan_close(struct op *o)
{
    struct scan_op *s = (struct scan_op *)o;

    if (s->reader != NULL)
        table_reader_close(s->reader);
    s->reader = NULL;
}

static const struct op_vt scan_vt = {
    .name = "scan", .open = scan_open, .next = scan_next, .close = scan_close};

struct error *
make_scan(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n, struct op **out)
{
    ERR_TRY(op_new(x, st, n, &scan_vt, sizeof(struct scan_op), out));
    ((struct scan_op *)*out)->plan = (const struct plan_scan *)n;
    return NULL;
}
