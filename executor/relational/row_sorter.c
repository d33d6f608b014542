#include "config.h"

#include "executor/relational/rel_int.h"

#include <stdlib.h>

struct sort_row {
    struct datum *v;
    int64_t seq;
};

struct run {
    struct row_store *store;
    struct row_reader *reader;
    struct datum *row; /* NULL: at its end */
};

struct row_sorter {
    struct exec_ctx *x;
    struct arena *arena;
    int n_cols, n_keys;
    const struct type *const *types;
    const struct plan_order *keys;
    int64_t top_k;        /* -1: all */
    size_t limit;
    struct arena *rows_arena;
    struct sort_row *rows;
    size_t n, cap;
    int64_t seq;
    struct run **runs;
    int n_runs, cap_runs;
    size_t pos;           /* of the next row in memory */
    struct datum *out_row;
    struct arena *out_arena;
    bool finished;
};

struct row_sorter *
row_sorter_create(struct exec_ctx *x, struct arena *a, int n_cols, const struct type *const *types,
                  int n_keys, const struct plan_order *keys, int64_t top_k)
{
    struct row_sorter *s = ARENA_NEW(a, struct row_sorter);

    s->x = x;
    s->arena = a;
    s->n_cols = n_cols;
    s->types = types;
    s->n_keys = n_keys;
    s->keys = keys;
    s->top_k = top_k >= 0 && top_k <= 100000 ? top_k : -1;
    s->limit = rel_memory_limit(x);
    s->rows_arena = arena_create(a, "sort rows");
    s->out_arena = arena_create(a, "sort output");
    s->out_row = ARENA_ARRAY(a, struct datum, (size_t)n_cols + 1);
    return s;
}

static int
compare_values(const struct row_sorter *s, const struct datum *a, const struct datum *b)
{
    for (int i = 0; i < s->n_keys; i++) {
        int c = s->keys[i].column;
        int r = datum_compare(s->types[c], &a[c], &b[c]);
        if (r != 0)
            return s->keys[i].desc ? -r : r;
    }
    return 0;
}

static int
compare_rows(const void *pa, const void *pb, void *arg)
{
    const struct sort_row *a = pa, *b = pb;
    int r = compare_values(arg, a->v, b->v);

    return r != 0 ? r : (a->seq > b->seq) - (a->seq < b->seq);
}

static void
sort_memory(struct row_sorter *s)
{
    if (s->n > 1)
        qsort_r(s->rows, s->n, sizeof(s->rows[0]), compare_rows, s);
}

/* Only the first top_k rows can matter: sort, cut, and move them to a fresh arena. */
static void
cut_to_top(struct row_sorter *s)
{
    sort_memory(s);
    if (s->n > (size_t)s->top_k)
        s->n = (size_t)s->top_k;
    struct arena *fresh = arena_create(s->arena, "sort rows");
    struct sort_row *rows = ARENA_ARRAY(fresh, struct sort_row, s->cap);
    for (size_t i = 0; i < s->n; i++) {
        rows[i].seq = s->rows[i].seq;
        rows[i].v = ARENA_ARRAY(fresh, struct datum, (size_t)s->n_cols + 1);
        for (int c = 0; c < s->n_cols; c++)
            rows[i].v[c] = datum_copy(fresh, s->types[c], &s->rows[i].v[c]);
    }
    arena_destroy(s->rows_arena);
    s->rows_arena = fresh;
    s->rows = rows;
}

static struct error *
spill_run(struct row_sorter *s)
{
    sort_memory(s);
    struct run *r = ARENA_NEW(s->arena, struct run);
    r->store = row_store_create(s->x, s->arena, s->n_cols, s->types, 1);
    for (size_t i = 0; i < s->n; i++)
        ERR_TRY(row_store_add(r->store, s->rows[i].v));
    if (s->n_runs == s->cap_runs) {
        int cap = s->cap_runs == 0 ? 16 : s->cap_runs * 2;
        s->runs = arena_realloc(s->arena, s->runs, (size_t)s->cap_runs * sizeof(*s->runs),
                                (size_t)cap * sizeof(*s->runs));
        s->cap_runs = cap;
    }
    s->runs[s->n_runs++] = r;
    arena_reset(s->rows_arena);
    s->rows = NULL;
    s->n = s->cap = 0;
    return NULL;
}

static struct datum *
new_row(struct row_sorter *s)
{
    if (s->n == s->cap) {
        size_t cap = s->cap == 0 ? 1024 : s->cap * 2;
        s->rows = arena_realloc(s->rows_arena, s->rows, s->cap * sizeof(s->rows[0]),
                                cap * sizeof(s->rows[0]));
        s->cap = cap;
    }
    struct sort_row *r = &s->rows[s->n++];
    r->seq = s->seq++;
    r->v = ARENA_ARRAY(s->rows_arena, struct datum, (size_t)s->n_cols + 1);
    return r->v;
}

static struct error *
after_add(struct row_sorter *s)
{
    if (s->top_k >= 0) {
        if (s->n >= 1024 && s->n >= (size_t)s->top_k * 2)
            cut_to_top(s);
        return NULL;
    }
    if ((s->n & 255) == 0 && arena_size(s->rows_arena) > s->limit)
        return spill_run(s);
    return NULL;
}

struct error *
row_sorter_add(struct row_sorter *s, const struct datum *row)
{
    struct datum *v = new_row(s);

    for (int c = 0; c < s->n_cols; c++)
        v[c] = datum_copy(s->rows_arena, s->types[c], &row[c]);
    return after_add(s);
}

struct error *
row_sorter_add_batch(struct row_sorter *s, const struct batch *b)
{
    int live = batch_live(b);

    for (int i = 0; i < live; i++) {
        int r = batch_row(b, i);
        struct datum *v = new_row(s);
        for (int c = 0; c < s->n_cols; c++) {
            if (b->cols[c] == NULL)
                v[c] = DATUM_NULL;
            else
                v[c] = datum_copy(s->rows_arena, s->types[c], &b->cols[c][r]);
        }
        ERR_TRY(after_add(s));
    }
    return NULL;
}

static struct error *
advance(struct row_sorter *s, struct run *r)
{
    bool more;

    if (r->reader == NULL) {
        r->reader = row_reader_open(r->store, s->arena);
        r->row = ARENA_ARRAY(s->arena, struct datum, (size_t)s->n_cols + 1);
    }
    ERR_TRY(row_reader_next(r->reader, r->row, &more));
    if (!more) {
        row_store_close(r->store);
        r->row = NULL;
    }
    return NULL;
}

struct error *
row_sorter_finish(struct row_sorter *s)
{
    s->finished = true;
    s->pos = 0;
    if (s->n_runs == 0) {
        sort_memory(s);
        if (s->top_k >= 0 && s->n > (size_t)s->top_k)
            s->n = (size_t)s->top_k;
        return NULL;
    }
    if (s->n > 0)
        ERR_TRY(spill_run(s));
    for (int i = 0; i < s->n_runs; i++)
        ERR_TRY(advance(s, s->runs[i]));
    return NULL;
}

/* The run with the least row; earlier runs win ties, which keeps the sort stable. */
static struct run *
least_run(struct row_sorter *s)
{
    struct run *best = NULL;

    for (int i = 0; i < s->n_runs; i++) {
        struct run *r = s->runs[i];
        if (r->row != NULL && (best == NULL || compare_values(s, r->row, best->row) < 0))
            best = r;
    }
    return best;
}

struct error *
row_sorter_next(struct row_sorter *s, const struct datum **row)
{
    *row = NULL;
    if (s->n_runs == 0) {
        if (s->pos < s->n)
            *row = s->rows[s->pos++].v;
        return NULL;
    }
    struct run *r = least_run(s);
    if (r == NULL)
        return NULL;
    arena_reset(s->out_arena);
    for (int c = 0; c < s->n_cols; c++)
        s->out_row[c] = datum_copy(s->out_arena, s->types[c], &r->row[c]);
    *row = s->out_row;
    return advance(s, r);
}

struct error *
row_sorter_batch(struct row_sorter *s, struct batch *b)
{
    b->n = 0;
    b->sel = NULL;
    if (s->n_runs == 0) {
        while (b->n < BATCH_ROWS && s->pos < s->n) {
            const struct datum *v = s->rows[s->pos++].v;
            for (int c = 0; c < s->n_cols; c++)
                b->cols[c][b->n] = v[c];
            b->n++;
        }
        return NULL;
    }
    arena_reset(s->out_arena);
    while (b->n < BATCH_ROWS) {
        struct run *r = least_run(s);
        if (r == NULL)
            break;
        for (int c = 0; c < s->n_cols; c++)
            b->cols[c][b->n] = datum_copy(s->out_arena, s->types[c], &r->row[c]);
        b->n++;
        ERR_TRY(advance(s, r));
    }
    return NULL;
}

void
row_sorter_close(struct row_sorter *s)
{
    for (int i = 0; i < s->n_runs; i++)
        row_store_close(s->runs[i]->store);
}
