#include "config.h"

#include "executor/relational/rel_int.h"
#include "executor/relational/table_reader.h"
#include "executor/trace.h"
#include "types/keyenc.h"

#include <stdlib.h>

/* Rows that are locked while UPDATE or DELETE looks for theirs, though a filter may drop them. */
#define LOCK_FIRST 1000

struct scan_op {
    struct op op;
    const struct plan_scan *plan;
    struct table_reader *reader;
    struct span *spans;
    int n_spans;
    struct span *narrow;  /* scan_narrow: instead of the whole index, once */
    int n_narrow;
    bool trace_deletes;
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

/* Ascending and disjoint; reversed for a reverse scan. */
static void
join_spans(struct scan_op *s)
{
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
    for (int i = 0; s->plan->reverse && i < n / 2; i++) {
        struct span t = s->spans[i];
        s->spans[i] = s->spans[n - 1 - i];
        s->spans[n - 1 - i] = t;
    }
}

/* Bytes for all spans. */
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
    if (s->narrow != NULL) {
        s->spans = s->narrow;
        s->n_spans = s->n_narrow;
        s->narrow = NULL;
        join_spans(s);
        return NULL;
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
    join_spans(s);
    return NULL;
}

/* ---- spans for EXPLAIN ---------------------------------------------------------------------- */

/* What comes after the index's own prefix; false when the bytes are not whole fields. */
static bool
pretty_rest(struct scan_op *s, struct slice key, struct slice prefix, struct str *out, int *fields)
{
    struct str whole, head;

    str_init_arena(&whole, s->op.arena, STR_MAX_DEFAULT);
    str_init_arena(&head, s->op.arena, STR_MAX_DEFAULT);
    key_pretty(&whole, key);
    key_pretty(&head, prefix);
    struct slice w = str_slice(&whole), h = str_slice(&head);
    if (w.len < h.len || (w.len >= 3 && memcmp(w.ptr + w.len - 3, "???", 3) == 0))
        return false;
    str_append_slice(out, slice_make(w.ptr + h.len, w.len - h.len));
    *fields = 0;
    struct reader r = reader_make(slice_make(key.ptr + prefix.len, key.len - prefix.len));
    while (reader_left(&r) > 0) {
        struct error *err = key_skip(&r);
        if (err != NULL) {
            err_free(err);
            break;
        }
        ++*fields;
    }
    return true;
}

/* The end of a span as v20.1 prints it: of a whole primary key, the last row's key and #; of a
 * prefix that has no next key of its own, the prefix and PrefixEnd. */
static void
pretty_end(struct scan_op *s, struct slice end, struct slice prefix, struct str *out)
{
    const struct index *ix = s->plan->index;
    uint8_t *bytes = arena_memdup(s->op.arena, end.ptr, end.len);
    struct slice before = slice_make(bytes, end.len);
    int fields;

    bytes[end.len - 1]--;
    size_t start = out->len;
    bool last = pretty_rest(s, before, prefix, out, &fields);
    if (last && ix->primary && fields == ix->n_keys) {
        str_append_cstr(out, "/#");
        return;
    }
    out->len = start;
    if (pretty_rest(s, end, prefix, out, &fields))
        return;
    if (pretty_rest(s, before, prefix, out, &fields))
        str_append_cstr(out, "/PrefixEnd");
}

/* The start of a span. What follows a whole value has no value of its own in bytes: v20.1 prints
 * the next string or number. */
static void
pretty_start(struct scan_op *s, struct slice start, struct slice prefix, struct str *out)
{
    uint8_t *bytes = arena_memdup(s->op.arena, start.ptr, start.len);
    size_t at = out->len;
    int fields;

    if (pretty_rest(s, start, prefix, out, &fields))
        return;
    bytes[start.len - 1]--;
    if (!pretty_rest(s, slice_make(bytes, start.len), prefix, out, &fields))
        return;
    if (out->len > at && out->ptr[out->len - 1] == '"') {
        out->len--;
        str_append_cstr(out, "\\x00\"");
        return;
    }
    size_t digits = out->len;
    while (digits > at && out->ptr[digits - 1] != '/')
        digits--;
    char *end;
    long long n = strtoll((const char *)out->ptr + digits, &end, 10);
    if (end != (char *)out->ptr + out->len || n == INT64_MAX) {
        str_append_cstr(out, "/PrefixEnd");
        return;
    }
    out->len = digits;
    str_printf(out, "%lld", n + 1);
}

struct error *
scan_spans_text(struct op *o, struct str *out, bool *none)
{
    struct scan_op *s = (struct scan_op *)o;
    struct span whole = row_index_span(o->arena, s->plan->table, s->plan->index);

    ERR_TRY(make_spans(s));
    *none = s->n_spans == 0;
    for (int i = 0; i < s->n_spans; i++) {
        struct span *sp = &s->spans[i];
        if (i > 0)
            str_append_char(out, ' ');
        if (slice_cmp(sp->start, whole.start) != 0)
            pretty_start(s, sp->start, whole.start, out);
        str_append_char(out, '-');
        if (slice_cmp(sp->end, whole.end) != 0)
            pretty_end(s, sp->end, whole.start, out);
    }
    return NULL;
}

void
scan_trace_deletes(struct op *o)
{
    ((struct scan_op *)o)->trace_deletes = true;
}

/* The spans in the session's trace: whole keys, and who reads them. */
static struct error *
trace_spans(struct scan_op *s)
{
    const struct plan_scan *p = s->plan;
    struct span whole = row_index_span(s->op.arena, p->table, p->index);
    struct str all, head;

    str_init_arena(&all, s->op.arena, STR_MAX_DEFAULT);
    str_init_arena(&head, s->op.arena, STR_MAX_DEFAULT);
    key_pretty(&head, whole.start);
    for (int i = 0; i < s->n_spans; i++) {
        const struct span *sp = &s->spans[i];
        struct str start, end;
        str_init_arena(&start, s->op.arena, STR_MAX_DEFAULT);
        str_init_arena(&end, s->op.arena, STR_MAX_DEFAULT);
        str_append_slice(&start, str_slice(&head));
        if (slice_cmp(sp->start, whole.start) != 0)
            pretty_start(s, sp->start, whole.start, &start);
        if (slice_cmp(sp->end, whole.end) == 0) {
            key_pretty(&end, sp->end);
        } else {
            str_append_slice(&end, str_slice(&head));
            pretty_end(s, sp->end, whole.start, &end);
        }
        if (s->trace_deletes) {
            TRACE(s->op.x->session, "flow", "DelRange %s - %s", str_cstr(&start), str_cstr(&end));
            trace_count(s->op.x, p->table, TRACE_DEL_RANGE);
            continue;
        }
        if (i > 0)
            str_append_cstr(&all, ", ");
        trace_span(&all, str_cstr(&start), str_cstr(&end));
    }
    if (s->trace_deletes)
        return NULL;
    table_reader_trace(s->reader, "table reader", false);
    return trace_scan(s->op.x, "table reader", p->table, str_cstr(&all), s->n_spans, p->reverse);
}

int
scan_output_of_key(const struct op *o, int k)
{
    if (o->node->kind != PLAN_SCAN)
        return -1;
    const struct plan_scan *p = ((const struct scan_op *)o)->plan;
    if (p->n_spans > 0 || p->n_elements > 0 || p->empty || k >= p->index->n_keys ||
        p->index->inverted)
        return -1;
    for (int i = 0; i < p->n_out; i++)
        if (p->ordinals[i] == p->index->keys[k])
            return i;
    return -1;
}

struct error *
scan_narrow(struct op *o, struct arena *a, const struct datum *keys, int n_keys, int n)
{
    struct scan_op *s = (struct scan_op *)o;

    s->narrow = ARENA_ARRAY(a, struct span, (size_t)n + 1);
    s->n_narrow = n;
    for (int i = 0; i < n; i++)
        ERR_TRY(index_prefix_span(a, s->plan->table, s->plan->index, keys + (size_t)i * (size_t)n_keys,
                                  n_keys, &s->narrow[i]));
    return NULL;
}

struct filter_columns {
    const struct plan_scan *plan;
    bool *marked; /* by ordinal */
};

static void
mark_column(void *arg, const struct expr *e)
{
    const struct filter_columns *f = arg;
    if (e->kind == EXPR_COLUMN && e->index < f->plan->n_out)
        f->marked[f->plan->ordinals[e->index]] = true;
}

/* Most rows that a filter looks at it drops: what it does not look at is decoded of the others alone. */
static struct error *
put_off_rest(struct scan_op *s)
{
    const struct plan_scan *p = s->plan;
    struct filter_columns f = {
        p, ARENA_ARRAY(s->op.arena, bool, (size_t)p->table->n_all_columns + 1)};

    expr_walk(p->filter, mark_column, &f);
    return table_reader_put_off(s->reader, f.marked);
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
    if (p->written && p->filter != NULL)
        table_reader_lock_first(s->reader, LOCK_FIRST);
    if (p->filter != NULL && !o->x->trace_kv)
        ERR_TRY(put_off_rest(s));
    if (o->x->trace_kv && p->table->id >= ID_FIRST_USER && s->n_spans > 0)
        ERR_TRY(trace_spans(s));
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
            ERR_TRY(expr_filter_rows(p->filter, &env, o->st, &o->batch, &o->later));
            table_reader_set_put_off(s->reader, batch_live(&o->batch) <= o->batch.n / 2);
            if (batch_live(&o->batch) == 0)
                continue;
            ERR_TRY(table_reader_rest(s->reader, p->n_out, p->ordinals, &o->batch));
        }
        s->given += batch_live(&o->batch);
        if (p->hard_limit > 0 && s->given >= p->hard_limit) {
            err_free(o->later);
            o->later = NULL;
        }
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
