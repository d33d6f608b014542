#include "config.h"

#include "executor/relational/rel_int.h"

#include <math.h>

#include "base/enc.h"

/* Rows are compared by a number first, which says as much of the first key as fits; only where the numbers
 * are equal do the values decide. Sorting merges, so that it is stable. */

struct sort_row {
    uint64_t key;
    struct datum *v;
};

struct run {
    struct row_store *store;
    struct row_reader *reader;
    struct datum *row; /* NULL: at its end */
    uint64_t key;      /* of row */
    int index;         /* earlier runs win ties, which keeps the sort stable */
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
    bool has_cutoff;      /* top_k rows are not above cutoff */
    uint64_t cutoff;
    struct run **runs;
    int n_runs, cap_runs;
    struct run **heap;    /* those that have a row; the least is heap[0] */
    int n_heap;
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

#define DATE_NEAR ((int64_t)1000000)

/* A number that never decreases as the value of type t grows; NULL is the least. */
static uint64_t
abbreviate(const struct type *t, const struct datum *d)
{
    const uint64_t sign = (uint64_t)1 << 63;
    uint8_t head[8] = {0};
    uint64_t bits;

    if (d->null)
        return 0;
    switch (t->family) {
    case FAMILY_BOOL:
    case FAMILY_INT:
    case FAMILY_OID:
    case FAMILY_TIME:
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
        return (uint64_t)d->i ^ sign;
    case FAMILY_DATE: /* far away are days that differ but are equal */
        return (uint64_t)(d->i < -DATE_NEAR ? -DATE_NEAR : d->i > DATE_NEAR ? DATE_NEAR : d->i) ^
               sign;
    case FAMILY_FLOAT: {
        double f = d->f + 0.0; /* no negative zero */
        if (isnan(f))
            return 0;
        memcpy(&bits, &f, sizeof(bits));
        return (bits & sign) != 0 ? ~bits : bits | sign;
    }
    case FAMILY_UUID:
    case FAMILY_STRING:
    case FAMILY_BYTES:
        if (d->len >= sizeof(head))
            return enc_get_be64(d->ptr);
        if (d->len > 0)
            memcpy(head, d->ptr, d->len);
        return enc_get_be64(head);
    case FAMILY_TIMETZ:
    case FAMILY_DECIMAL:
    case FAMILY_INTERVAL:
    case FAMILY_COLLATED_STRING:
    case FAMILY_INET:
    case FAMILY_JSON:
    case FAMILY_BIT:
    case FAMILY_ARRAY:
    case FAMILY_TUPLE:
    case FAMILY_UNKNOWN:
    case FAMILY_ANY:
        break;
    }
    return 0;
}

static uint64_t
first_key(const struct row_sorter *s, const struct datum *d)
{
    uint64_t key = abbreviate(s->types[s->keys[0].column], d);

    return s->keys[0].desc ? ~key : key;
}

static uint64_t
row_key(const struct row_sorter *s, const struct datum *row)
{
    return s->n_keys == 0 ? 0 : first_key(s, &row[s->keys[0].column]);
}

/* Must b stand before a, which came first? */
static inline bool
is_after(const struct row_sorter *s, const struct sort_row *a, const struct sort_row *b)
{
    if (a->key != b->key)
        return a->key > b->key;
    return compare_values(s, a->v, b->v) > 0;
}

#define SORT_SMALL 8

static void
sort_small(const struct row_sorter *s, struct sort_row *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct sort_row r = v[i];
        size_t k = i;
        for (; k > 0 && is_after(s, &v[k - 1], &r); k--)
            v[k] = v[k - 1];
        v[k] = r;
    }
}

/* tmp: room for half of them. */
static void
sort_range(const struct row_sorter *s, struct sort_row *v, size_t n, struct sort_row *tmp)
{
    if (n <= SORT_SMALL) {
        sort_small(s, v, n);
        return;
    }
    size_t half = n / 2, l = 0, r = half, to = 0;
    sort_range(s, v, half, tmp);
    sort_range(s, v + half, n - half, tmp);
    if (!is_after(s, &v[half - 1], &v[half]))
        return;
    memcpy(tmp, v, half * sizeof(v[0]));
    while (l < half && r < n)
        v[to++] = is_after(s, &tmp[l], &v[r]) ? v[r++] : tmp[l++];
    memcpy(v + to, tmp + l, (half - l) * sizeof(v[0]));
}

static void
sort_memory(struct row_sorter *s)
{
    if (s->n <= 1)
        return;
    struct arena *scratch = arena_create(s->arena, "sort scratch");
    sort_range(s, s->rows, s->n, ARENA_ARRAY(scratch, struct sort_row, s->n / 2));
    arena_destroy(scratch);
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
        rows[i].key = s->rows[i].key;
        rows[i].v = ARENA_ARRAY(fresh, struct datum, (size_t)s->n_cols + 1);
        for (int c = 0; c < s->n_cols; c++)
            rows[i].v[c] = datum_copy(fresh, s->types[c], &s->rows[i].v[c]);
    }
    arena_destroy(s->rows_arena);
    s->rows_arena = fresh;
    s->rows = rows;
    s->has_cutoff = s->n > 0 && s->n == (size_t)s->top_k;
    if (s->has_cutoff)
        s->cutoff = rows[s->n - 1].key;
}

static struct error *
spill_run(struct row_sorter *s)
{
    sort_memory(s);
    struct run *r = ARENA_NEW(s->arena, struct run);
    r->index = s->n_runs;
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

static struct sort_row *
new_row(struct row_sorter *s, uint64_t key)
{
    if (s->n == s->cap) {
        size_t cap = s->cap == 0 ? 1024 : s->cap * 2;
        s->rows = arena_realloc(s->rows_arena, s->rows, s->cap * sizeof(s->rows[0]),
                                cap * sizeof(s->rows[0]));
        s->cap = cap;
    }
    struct sort_row *r = &s->rows[s->n++];
    r->key = key;
    r->v = ARENA_ARRAY(s->rows_arena, struct datum, (size_t)s->n_cols + 1);
    return r;
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
    uint64_t key = row_key(s, row);

    if (s->has_cutoff && key > s->cutoff)
        return NULL;
    struct datum *v = new_row(s, key)->v;
    for (int c = 0; c < s->n_cols; c++)
        v[c] = datum_copy(s->rows_arena, s->types[c], &row[c]);
    return after_add(s);
}

struct error *
row_sorter_add_batch(struct row_sorter *s, const struct batch *b)
{
    int live = batch_live(b);
    const struct datum *first =
        s->n_keys == 0 || b->cols[s->keys[0].column] == NULL ? NULL : b->cols[s->keys[0].column];
    const struct datum null = DATUM_NULL;

    for (int i = 0; i < live; i++) {
        int r = batch_row(b, i);
        uint64_t key = s->n_keys == 0 ? 0 : first_key(s, first == NULL ? &null : &first[r]);
        if (s->has_cutoff && key > s->cutoff)
            continue;
        struct datum *v = new_row(s, key)->v;
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
    } else {
        r->key = row_key(s, r->row);
    }
    return NULL;
}

static bool
run_is_after(const struct row_sorter *s, const struct run *a, const struct run *b)
{
    if (a->key != b->key)
        return a->key > b->key;
    int c = compare_values(s, a->row, b->row);
    return c != 0 ? c > 0 : a->index > b->index;
}

static void
sift_down(struct row_sorter *s, int at)
{
    for (;;) {
        int least = at;
        for (int k = 2 * at + 1; k <= 2 * at + 2 && k < s->n_heap; k++)
            if (run_is_after(s, s->heap[least], s->heap[k]))
                least = k;
        if (least == at)
            return;
        struct run *r = s->heap[at];
        s->heap[at] = s->heap[least];
        s->heap[least] = r;
        at = least;
    }
}

static struct error *
start_merge(struct row_sorter *s)
{
    s->heap = ARENA_ARRAY(s->arena, struct run *, (size_t)s->n_runs + 1);
    s->n_heap = 0;
    for (int i = 0; i < s->n_runs; i++) {
        ERR_TRY(advance(s, s->runs[i]));
        if (s->runs[i]->row != NULL)
            s->heap[s->n_heap++] = s->runs[i];
    }
    for (int i = s->n_heap / 2; i-- > 0;)
        sift_down(s, i);
    return NULL;
}

/* The run whose row was given out goes on to its next one. */
static struct error *
advance_least(struct row_sorter *s)
{
    ERR_TRY(advance(s, s->heap[0]));
    if (s->heap[0]->row == NULL)
        s->heap[0] = s->heap[--s->n_heap];
    sift_down(s, 0);
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
    return start_merge(s);
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
    if (s->n_heap == 0)
        return NULL;
    arena_reset(s->out_arena);
    for (int c = 0; c < s->n_cols; c++)
        s->out_row[c] = datum_copy(s->out_arena, s->types[c], &s->heap[0]->row[c]);
    *row = s->out_row;
    return advance_least(s);
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
    while (b->n < BATCH_ROWS && s->n_heap > 0) {
        for (int c = 0; c < s->n_cols; c++)
            b->cols[c][b->n] = datum_copy(s->out_arena, s->types[c], &s->heap[0]->row[c]);
        b->n++;
        ERR_TRY(advance_least(s));
    }
    return NULL;
}

void
row_sorter_close(struct row_sorter *s)
{
    for (int i = 0; i < s->n_runs; i++)
        row_store_close(s->runs[i]->store);
}
