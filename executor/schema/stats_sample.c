/* executor/schema/stats_sample.c - see stats_sample.h.
 *
 * Distinct values are counted by their hashes: a set of them while they are few, then HyperLogLog. The
 * sample is a reservoir of rows, of which the keys of the histograms' columns are kept: these sort as the
 * values do, and are what a histogram's bounds are made of.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/stats/row_sampling.go, histogram.go; pkg/sql/create_stats.go: 10000
 * rows, 200 buckets, long texts cut at 400 bytes.
 */
#include "config.h"

#include "executor/schema/stats_sample.h"

#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/rand.h"
#include "types/keyenc.h"

#define SAMPLE_ROWS 10000
#define SAMPLE_BYTES_MAX ((size_t)16 << 20) /* more, and the sample gets half as many rows */
#define SAMPLE_ROWS_MIN 1000
#define TEXT_MAX 400
#define MAX_BUCKETS 200
#define EXACT_MAX 8192  /* distinct values, with twice as many places for them */
#define HLL_BITS 14
#define HLL_SIZE (1 << HLL_BITS)

/* ---- distinct values ------------------------------------------------------------------------- */

struct distinct {
    uint64_t *set;     /* open addressing, 0 is free; NULL once they are too many */
    uint32_t n, cap;
    uint8_t *registers;
};

static void
hll_add(struct distinct *d, uint64_t h)
{
    uint64_t rest = h << HLL_BITS | (UINT64_C(1) << (HLL_BITS - 1));
    uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1), *r = &d->registers[h >> (64 - HLL_BITS)];
    if (rank > *r)
        *r = rank;
}

static void
set_add(struct distinct *d, uint64_t h)
{
    uint32_t i = (uint32_t)(h & (d->cap - 1));
    while (d->set[i] != 0 && d->set[i] != h)
        i = (i + 1) & (d->cap - 1);
    d->n += d->set[i] == 0;
    d->set[i] = h;
}

static void
distinct_grow(struct distinct *d)
{
    uint64_t *old = d->set;
    uint32_t n = d->cap;
    if (d->n < EXACT_MAX) {
        d->cap = n == 0 ? 64 : 2 * n;
        d->n = 0;
        d->set = xcalloc(d->cap, sizeof(*d->set));
        for (uint32_t i = 0; i < n; i++)
            if (old[i] != 0)
                set_add(d, old[i]);
    } else {
        d->set = NULL;
        d->registers = xcalloc(HLL_SIZE, 1);
        for (uint32_t i = 0; i < n; i++)
            if (old[i] != 0)
                hll_add(d, old[i]);
    }
    xfree(old);
}

static void
distinct_add(struct distinct *d, uint64_t h)
{
    h = hash_u64(h, 0);
    if (d->registers == NULL && 2 * d->n >= d->cap)
        distinct_grow(d);
    if (d->registers != NULL)
        hll_add(d, h);
    else
        set_add(d, h == 0 ? 1 : h);
}

/* SOURCE: O. Ertl, New cardinality estimation algorithms for HyperLogLog sketches, 2017, algorithm 6. */
static double
hll_tau(double x)
{
    double y = 1, z = 1 - x, before;
    if (x <= 0 || x >= 1)
        return 0;
    do {
        before = z;
        x = sqrt(x);
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z < before);
    return z / 3;
}

static double
hll_sigma(double x)
{
    double y = 1, z = x, before;
    do {
        before = z;
        x *= x;
        z += x * y;
        y += y;
    } while (z > before);
    return z;
}

static double
distinct_count(const struct distinct *d)
{
    int counts[64 - HLL_BITS + 2] = {0}, q = 64 - HLL_BITS;
    double m = HLL_SIZE;
    if (d->registers == NULL)
        return d->n;
    for (int i = 0; i < HLL_SIZE; i++)
        counts[d->registers[i]]++;
    double z = m * hll_tau(1 - counts[q + 1] / m);
    for (int k = q; k >= 1; k--)
        z = 0.5 * (z + counts[k]);
    z += m * hll_sigma(counts[0] / m);
    return m * m / (2 * log(2) * z);
}

/* ---- the sample ------------------------------------------------------------------------------ */

struct value {
    uint8_t *key;
    uint32_t len;
    bool null;
};

struct list {
    struct stats_columns columns;
    struct distinct distinct;
    int64_t nulls;
    int sampled; /* which of a sample's values; -1: none */
};

struct stats_sample {
    const struct table *table;
    struct list *lists;
    int n_lists, n_sampled;
    int *ordinals;          /* of what is sampled */
    struct value *values;   /* n_sampled of each row */
    size_t n, cap, bytes;
    uint64_t rows;
    struct rand rand;
    struct arena *arena;    /* keys being made */
};

struct stats_sample *
stats_sample_create(struct arena *a, const struct table *t, const struct stats_columns *lists, int n)
{
    struct stats_sample *s = ARENA_NEW(a, struct stats_sample);
    s->table = t;
    s->n_lists = n;
    s->lists = ARENA_ARRAY(a, struct list, (size_t)n + 1);
    s->ordinals = ARENA_ARRAY(a, int, (size_t)n + 1);
    for (int i = 0; i < n; i++) {
        s->lists[i] = (struct list){.columns = lists[i], .sampled = -1};
        if (lists[i].histogram) {
            s->lists[i].sampled = s->n_sampled;
            s->ordinals[s->n_sampled++] = lists[i].ordinals[0];
        }
    }
    s->cap = SAMPLE_ROWS;
    s->values = xcalloc(s->cap * (size_t)s->n_sampled + 1, sizeof(*s->values));
    rand_init(&s->rand, random_u64());
    s->arena = arena_create(NULL, "statistics");
    return s;
}

void
stats_sample_destroy(struct stats_sample *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < s->n_lists; i++) {
        xfree(s->lists[i].distinct.set);
        xfree(s->lists[i].distinct.registers);
    }
    for (size_t i = 0; i < s->n * (size_t)s->n_sampled; i++)
        xfree(s->values[i].key);
    xfree(s->values);
    arena_destroy(s->arena);
}

/* A bound need not be a value that there is. */
static struct datum
cut(const struct type *t, const struct datum *d)
{
    if ((t->family != FAMILY_STRING && t->family != FAMILY_BYTES) || d->null)
        return *d;
    struct slice s = datum_slice(d);
    if (s.len <= TEXT_MAX)
        return *d;
    size_t len = TEXT_MAX;
    while (t->family == FAMILY_STRING && len > 0 && (s.ptr[len] & 0xc0) == 0x80)
        len--;
    return datum_bytes(s.ptr, len);
}

static struct error *
put_value(struct stats_sample *s, struct value *v, const struct type *t, const struct datum *d)
{
    struct str key;
    s->bytes -= v->len;
    *v = (struct value){.key = v->key, .null = d->null};
    if (d->null)
        return NULL;
    struct datum shorter = cut(t, d);
    str_init_arena(&key, s->arena, STR_MAX_DEFAULT);
    ERR_TRY(key_encode(&key, t, &shorter, KEY_ASC));
    ERR_TRY(str_error(&key));
    v->key = xrealloc(v->key, key.len + 1);
    memcpy(v->key, key.ptr, key.len);
    v->len = (uint32_t)key.len;
    s->bytes += key.len;
    return NULL;
}

static void
drop_row(struct stats_sample *s, size_t row)
{
    size_t k = (size_t)s->n_sampled;
    struct value *v = &s->values[row * k], *last = &s->values[(s->n - 1) * k];
    for (size_t i = 0; i < k; i++) {
        s->bytes -= v[i].len;
        xfree(v[i].key);
        v[i].key = NULL;
        if (v != last)
            v[i] = last[i];
        last[i] = (struct value){0};
    }
    s->n--;
}

static struct error *
sample_row(struct stats_sample *s, struct datum *const *columns, int row)
{
    size_t at = s->n < s->cap ? s->n : (size_t)rand_below(&s->rand, s->rows);
    if (at >= s->cap)
        return NULL;
    s->n += at == s->n;
    for (int i = 0; i < s->n_sampled; i++)
        ERR_TRY(put_value(s, &s->values[at * (size_t)s->n_sampled + (size_t)i],
                          s->table->columns[s->ordinals[i]].type, &columns[s->ordinals[i]][row]));
    arena_reset(s->arena);
    if (s->bytes > SAMPLE_BYTES_MAX && s->cap > SAMPLE_ROWS_MIN) {
        s->cap /= 2;
        while (s->n > s->cap)
            drop_row(s, (size_t)rand_below(&s->rand, s->n));
    }
    return NULL;
}

static void
count_rows(struct list *l, const struct table *t, struct datum *const *columns, int n)
{
    for (int row = 0; row < n; row++) {
        uint64_t h = 0;
        bool null = true;
        for (int i = 0; i < l->columns.n; i++) {
            int c = l->columns.ordinals[i];
            const struct datum *d = &columns[c][row];
            null = null && d->null;
            h = d->null ? hash_u64(h, 1) : datum_hash(t->columns[c].type, d, h);
        }
        l->nulls += null;
        distinct_add(&l->distinct, h);
    }
}

struct error *
stats_sample_add(struct stats_sample *s, struct datum *const *columns, int n)
{
    for (int i = 0; i < s->n_lists; i++)
        count_rows(&s->lists[i], s->table, columns, n);
    for (int row = 0; row < n; row++) {
        s->rows++;
        if (s->n_sampled > 0)
            ERR_TRY(sample_row(s, columns, row));
    }
    return NULL;
}

uint64_t
stats_sample_rows(const struct stats_sample *s)
{
    return s->rows;
}

void
stats_sample_counts(const struct stats_sample *s, int list, int64_t counts[3])
{
    const struct list *l = &s->lists[list];
    double distinct = distinct_count(&l->distinct), most = (double)s->rows;
    if (l->columns.n == 1 && l->nulls > 0)
        most -= (double)(l->nulls - 1);
    counts[0] = (int64_t)s->rows;
    counts[1] = (int64_t)llround(distinct < most ? distinct : most);
    counts[2] = l->nulls;
}

/* ---- histograms ------------------------------------------------------------------------------ */

static int
by_key(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;
    int c = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);
    return c != 0 ? c : (x->len > y->len) - (x->len < y->len);
}

/* Whole numbers, and what is kept like them: how many lie between two of them. */
static double
between(struct arena *a, const struct type *t, struct slice low, struct slice high)
{
    struct reader l = reader_make(low), h = reader_make(high);
    struct datum x, y;
    if (t->family != FAMILY_INT && t->family != FAMILY_DATE)
        return INFINITY;
    struct error *err = key_decode(&l, a, t, KEY_ASC, &x);
    if (err == NULL)
        err = key_decode(&h, a, t, KEY_ASC, &y);
    if (err != NULL) {
        err_free(err);
        return INFINITY;
    }
    return fmax(0, (double)y.i - (double)x.i - 1);
}

/* Buckets of about as many values each, the first of one value only; a bound's equals are all in its
 * bucket. Returns how many of the sample's values lie between bounds. */
static size_t
make_buckets(struct arena *a, const struct slice *v, size_t n, double rows,
             Amberdb__HistogramData *h)
{
    size_t buckets = n < MAX_BUCKETS ? n : MAX_BUCKETS, all = 0;
    for (size_t i = 0, b = 0; b < buckets && i < n; b++) {
        size_t num = i == 0 ? 1 : (n - i) / (buckets - b), less = 0, distinct = 0;
        num = num < 1 ? 1 : num;
        struct slice upper = v[i + num - 1];
        for (; less < num - 1 && by_key(&v[i + less], &upper) != 0; less++)
            distinct += less == 0 || by_key(&v[i + less - 1], &v[i + less]) != 0;
        while (i + num < n && by_key(&v[i + num], &upper) == 0)
            num++;
        Amberdb__Bucket *k = PB_NEW(a, Bucket, bucket);
        PB_SET(k, num_eq, (int64_t)((double)(num - less) * rows / (double)n));
        PB_SET(k, num_range, (int64_t)((double)less * rows / (double)n));
        PB_SET(k, distinct_range, (double)distinct);
        pb_set_bytes(a, &k->upper_bound, &k->has_upper_bound, upper);
        PB_PUSH(a, h->buckets, h->n_buckets, k);
        all += distinct;
        i += num;
    }
    return all;
}

Amberdb__HistogramData *
stats_sample_histogram(struct stats_sample *s, struct arena *a, int list)
{
    const struct list *l = &s->lists[list];
    const struct type *t = s->table->columns[l->columns.ordinals[0]].type;
    size_t n = 0;
    if (l->sampled < 0)
        return NULL;
    struct slice *v = ARENA_ARRAY(a, struct slice, s->n + 1);
    for (size_t i = 0; i < s->n; i++) {
        const struct value *k = &s->values[i * (size_t)s->n_sampled + (size_t)l->sampled];
        if (!k->null)
            v[n++] = slice_make(k->key, k->len);
    }
    if (n == 0)
        return NULL;
    qsort(v, n, sizeof(*v), by_key);
    Amberdb__HistogramData *h = PB_NEW(a, HistogramData, histogram_data);
    double rows = (double)s->rows - (double)l->nulls;
    size_t seen = make_buckets(a, v, n, rows, h);
    h->column_type = type_to_pb(a, t);
    if (s->n == s->rows)
        return h;
    /* A sample has not seen all values: those that there are, by the rows between the bounds. */
    double left = distinct_count(&l->distinct) - (l->nulls > 0) - (double)h->n_buckets;
    double share = seen > 0 && left > (double)seen ? left / (double)seen : 1;
    for (size_t i = 1; i < h->n_buckets; i++) {
        Amberdb__Bucket *k = h->buckets[i];
        double most = between(a, t, pb_bytes(h->buckets[i - 1]->upper_bound), pb_bytes(k->upper_bound));
        PB_SET(k, distinct_range,
               fmin(fmin(PB_GET(k, distinct_range) * share, (double)PB_GET(k, num_range)), most));
    }
    return h;
}
