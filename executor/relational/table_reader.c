#include "config.h"

#include "executor/relational/table_reader.h"

#include <limits.h>

#include "executor/relational/rel_int.h"
#include "executor/trace.h"
#include "types/keyenc.h"

#define READ_CHUNK 1024
/* To look a key up costs as much as to step over so many rows. */
#define ROWS_A_LOOKUP 20
#define DENSE_MIN 1024 /* spans that are worth an attempt */

struct table_reader {
    struct exec_ctx *x;
    const struct table *table;
    const struct index *index;
    struct row_decoder *decoder;
    bool single;              /* one pair is one row */
    bool lock, reverse, no_track;
    int n_needed;
    int *needed;              /* ordinals */
    const struct span *spans;
    int n_spans, next_span;
    int n_fetched;            /* spans whose keys were fetched ahead, if they hold one */
    bool sorted;              /* all rows of the spans are wanted */
    int row_span, given_span; /* whose row is being decoded, and was given out last */
    bool dense;               /* one scan over all spans; entry_spans says whose each entry is */
    int *entry_spans;
    size_t stepped, kept;     /* entries of that scan */
    struct kv_scan *scan;
    struct str key;           /* of a span that holds one at most */
    struct arena *arena;      /* of the reader */
    struct arena *data;       /* pieces decoded for the rows given out */
    struct arena *pending_data; /* the unfinished row's */
    struct kv_entry one, *entries; /* one, until something is scanned */
    size_t n_entries, entry;
    struct datum *row;        /* being decoded, by ordinal */
    struct datum *out_row;    /* for table_reader_next, and its needed columns one by one */
    struct datum **out_cols;
    bool pending;             /* row holds an unfinished row */
    bool exhausted;
    const char *trace;        /* whose rows these are in the session's trace; NULL: not noted */
    bool trace_spans;
    bool long_scan;
    int lock_left;            /* rows of scans to be locked yet; INT_MAX: all */
    struct row_decoder *first, *rest; /* table_reader_put_off; NULL: nothing can be */
    bool *is_rest;            /* by ordinal */
    bool put_off;             /* is at work, and was so for the last batch: */
    bool batch_put_off;
    int *row_entries;         /* whose row each of the last batch is */
};

static void
reader_on_free(void *arg)
{
    table_reader_close(arg);
}

struct error *
table_reader_create(struct exec_ctx *x, struct arena *a, const struct table *t,
                    const struct index *ix, const bool *needed, bool lock,
                    struct table_reader **out)
{
    struct table_reader *r = ARENA_NEW(a, struct table_reader);

    r->x = x;
    r->table = t;
    r->index = ix;
    r->lock = lock;
    r->lock_left = INT_MAX;
    r->arena = arena_create(a, "table reader");
    r->data = arena_create(r->arena, "rows");
    r->pending_data = arena_create(r->arena, "row");
    r->entries = &r->one;
    r->row = ARENA_ARRAY(r->arena, struct datum, (size_t)t->n_all_columns + 1);
    r->out_row = ARENA_ARRAY(r->arena, struct datum, (size_t)t->n_all_columns + 1);
    r->needed = ARENA_ARRAY(r->arena, int, (size_t)t->n_all_columns + 1);
    for (int i = 0; i < t->n_all_columns; i++) {
        r->row[i] = r->out_row[i] = DATUM_NULL;
        if (needed[i])
            r->needed[r->n_needed++] = i;
    }
    r->out_cols = ARENA_ARRAY(r->arena, struct datum *, (size_t)r->n_needed + 1);
    for (int i = 0; i < r->n_needed; i++)
        r->out_cols[i] = &r->out_row[r->needed[i]];
    arena_on_free(a, reader_on_free, r);
    struct row_decoder_opts o = {.table = t, .index = ix, .needed = needed};
    ERR_TRY(row_decoder_create(r->arena, &o, &r->decoder));
    r->single = row_decoder_single_pair(r->decoder);
    r->exhausted = true;
    str_init_arena(&r->key, r->arena, STR_MAX_DEFAULT);
    *out = r;
    return NULL;
}

void
table_reader_close(struct table_reader *r)
{
    if (r->scan != NULL)
        kv_scan_close(r->scan);
    r->scan = NULL;
    r->n_entries = r->entry = 0;
    r->pending = false;
    r->exhausted = true;
}

struct error *
table_reader_put_off(struct table_reader *r, const bool *first)
{
    size_t n = (size_t)r->table->n_all_columns, n_first = 0, n_rest = 0;

    if (!r->single)
        return NULL;
    bool *is_first = ARENA_ARRAY(r->arena, bool, n + 1);
    r->is_rest = ARENA_ARRAY(r->arena, bool, n + 1);
    for (int i = 0; i < r->n_needed; i++) {
        int c = r->needed[i];
        is_first[c] = first[c];
        r->is_rest[c] = !first[c];
        n_first += first[c];
        n_rest += !first[c];
    }
    if (n_first == 0 || n_rest == 0)
        return NULL;
    struct row_decoder_opts o = {.table = r->table, .index = r->index, .needed = is_first};
    ERR_TRY(row_decoder_create(r->arena, &o, &r->first));
    o.needed = r->is_rest;
    ERR_TRY(row_decoder_create(r->arena, &o, &r->rest));
    r->row_entries = ARENA_ARRAY(r->arena, int, BATCH_ROWS);
    r->put_off = true;
    return NULL;
}

void
table_reader_set_put_off(struct table_reader *r, bool on)
{
    r->put_off = on && r->rest != NULL && r->trace == NULL;
}

struct error *
table_reader_rest(struct table_reader *r, int n_out, const int *ordinals, struct batch *b)
{
    bool starts_new, skip;

    if (!r->batch_put_off)
        return NULL;
    for (int k = 0; k < batch_live(b); k++) {
        int at = batch_row(b, k);
        const struct kv_entry *e = &r->entries[r->row_entries[at]];
        ERR_TRY(row_decode(r->rest, e->key, e->value, r->data, r->row, &starts_new, &skip));
        for (int i = 0; i < n_out; i++)
            if (r->is_rest[ordinals[i]])
                b->cols[i][at] = r->row[ordinals[i]];
    }
    return NULL;
}

void
table_reader_scan_long(struct table_reader *r)
{
    r->long_scan = true;
}

void
table_reader_lock_first(struct table_reader *r, int rows)
{
    r->lock_left = rows;
}

void
table_reader_no_track(struct table_reader *r)
{
    r->no_track = true;
}

void
table_reader_trace(struct table_reader *r, const char *operation, bool spans)
{
    if (!r->x->trace_kv || r->table->id < ID_FIRST_USER)
        return;
    r->trace = operation;
    r->trace_spans = spans;
}

/* Look-ups by whole values: the end follows from the start. */
static struct error *
tell_spans(struct table_reader *r)
{
    struct str all;
    int n = r->n_spans;

    if (r->next_span > 0 || !r->trace_spans)
        return NULL;
    r->trace_spans = false;
    str_init_arena(&all, r->arena, STR_MAX_DEFAULT);
    for (int i = 0; i < n; i++) {
        struct str start, end;
        str_init_arena(&start, r->arena, STR_MAX_DEFAULT);
        str_init_arena(&end, r->arena, STR_MAX_DEFAULT);
        key_pretty(&start, r->spans[i].start);
        if (r->index->primary && row_decoder_only_key(r->decoder, r->spans[i], &r->key)) {
            str_append_slice(&end, str_slice(&start));
            str_append_cstr(&end, "/#");
        } else {
            key_pretty(&end, r->spans[i].end);
        }
        if (i > 0)
            str_append_cstr(&all, ", ");
        trace_span(&all, str_cstr(&start), str_cstr(&end));
    }
    r->trace_spans = true;
    return trace_scan(r->x, r->trace, r->table, str_cstr(&all), n, r->reverse);
}

void
table_reader_start(struct table_reader *r, const struct span *spans, int n, bool reverse)
{
    table_reader_close(r);
    r->spans = spans;
    r->n_spans = n;
    r->next_span = r->n_fetched = 0;
    r->sorted = false;
    r->reverse = reverse;
    r->exhausted = n == 0;
    r->dense = false;
    row_decoder_reset(r->decoder);
}

struct error *
table_reader_start_sorted(struct table_reader *r, const struct span *spans, int n)
{
    table_reader_start(r, spans, n, false);
    r->sorted = true;
    if (n < DENSE_MIN || r->lock || r->trace != NULL)
        return NULL;
    for (int i = 0; i < n; i++) /* the scan is of much that nobody asked for */
        ERR_TRY(kv_track_read(r->x->txn, spans[i]));
    struct kv_scan_opts o = {.span = {spans[0].start, spans[n - 1].end},
                             .no_track = true, .fill_cache = true};
    ERR_TRY(kv_scan_open(r->x->txn, &o, &r->scan));
    if (r->entries == &r->one)
        r->entries = ARENA_ARRAY(r->arena, struct kv_entry, READ_CHUNK);
    if (r->entry_spans == NULL)
        r->entry_spans = ARENA_ARRAY(r->arena, int, READ_CHUNK);
    r->dense = true;
    r->stepped = r->kept = 0;
    return NULL;
}

static void
clear_row(struct table_reader *r)
{
    for (int i = 0; i < r->n_needed; i++)
        r->row[r->needed[i]] = DATUM_NULL;
    row_decoder_reset(r->decoder);
}

/* The unfinished row must outlive the entries that it was decoded from. */
static void
keep_pending(struct table_reader *r)
{
    if (!r->pending)
        return;
    for (int i = 0; i < r->n_needed; i++) {
        int c = r->needed[i];
        r->row[c] = datum_copy(r->pending_data, r->table->columns[c].type, &r->row[c]);
    }
}

struct error *
table_reader_prefetch(struct table_reader *r, const struct span *spans, int n)
{
    struct slice keys[TABLE_READER_PREFETCH];
    size_t n_keys = 0;

    for (int i = 0; i < n && n_keys < TABLE_READER_PREFETCH; i++)
        if (row_decoder_only_key(r->decoder, spans[i], &r->key))
            keys[n_keys++] = slice_dup(r->data, str_slice(&r->key));
    return n_keys > 1 ? kv_prefetch(r->x->txn, keys, n_keys) : NULL;
}

/* The spans from the one in hand on, as many as rows are wanted. */
static struct error *
fetch_ahead(struct table_reader *r, size_t want)
{
    int first = r->next_span - 1, n = r->n_spans - first;

    if (!r->sorted && (size_t)n > want)
        n = (int)want;
    if (n > TABLE_READER_PREFETCH)
        n = TABLE_READER_PREFETCH;
    r->n_fetched = first + n;
    return table_reader_prefetch(r, r->spans + first, n);
}

/* The row of a span that holds one at most: read by its key, which is cheaper than a scan. */
static struct error *
get_one(struct table_reader *r)
{
    struct kv_txn *t = r->x->txn;
    struct kv_entry *e = &r->entries[0];
    bool found;

    e->key = slice_dup(r->data, str_slice(&r->key));
    if (r->lock)
        ERR_TRY(kv_get_lock(t, e->key, r->data, &found, &e->value, &e->ts));
    else
        ERR_TRY(kv_get(t, e->key, r->data, &found, &e->value, &e->ts));
    r->n_entries = found;
    return NULL;
}

/* Entries of the one scan that lie in a span. Where few do, the spans that are left are read one by one. */
static struct error *
refill_dense(struct table_reader *r, size_t want, bool *more)
{
    bool inside = false;
    for (;;) {
        size_t n, kept = 0;
        ERR_TRY(kv_scan_batch(r->scan, r->entries, want, &n));
        for (size_t i = 0; i < n && r->next_span < r->n_spans; i++) {
            struct slice key = r->entries[i].key;
            while (r->next_span < r->n_spans && slice_cmp(key, r->spans[r->next_span].end) >= 0)
                r->next_span++;
            inside = r->next_span < r->n_spans &&
                     slice_cmp(key, r->spans[r->next_span].start) >= 0;
            if (!inside)
                continue;
            r->entries[kept] = r->entries[i];
            r->entry_spans[kept++] = r->next_span;
        }
        r->entry = 0;
        r->n_entries = kept;
        r->stepped += n;
        r->kept += kept;
        *more = kept > 0;
        if (kept > 0)
            return NULL;
        bool end = n == 0 || r->next_span == r->n_spans;
        size_t most = (r->kept + (size_t)r->n_spans / 32) * ROWS_A_LOOKUP;
        if (end || (!inside && r->stepped > most)) {
            kv_scan_close(r->scan);
            r->scan = NULL;
            r->dense = false;
            if (end)
                r->next_span = r->n_spans;
            return NULL;
        }
    }
}

/* More entries; *more false when all spans are read. */
static struct error *
refill(struct table_reader *r, size_t want, bool *more)
{
    if (r->dense) {
        ERR_TRY(refill_dense(r, want, more));
        if (*more)
            return NULL;
    }
    for (;;) {
        if (r->scan == NULL) {
            if (r->next_span == r->n_spans) {
                *more = false;
                return NULL;
            }
            struct span s = r->spans[r->next_span++];
            if (!r->no_track && row_decoder_only_key(r->decoder, s, &r->key)) {
                r->entry = 0;
                if (r->next_span > r->n_fetched && kv_prefetches(r->x->txn)) {
                    ERR_TRY(fetch_ahead(r, want));
                    row_decoder_only_key(r->decoder, s, &r->key);
                }
                ERR_TRY(get_one(r));
                *more = r->n_entries > 0;
                if (*more)
                    return NULL;
                continue;
            }
            struct kv_scan_opts o = {
                .span = s,
                .reverse = r->reverse,
                .lock = r->lock && r->lock_left > 0,
                .no_track = r->no_track,
                .fill_cache = !r->long_scan,
            };
            ERR_TRY(kv_scan_open(r->x->txn, &o, &r->scan));
            if (r->entries == &r->one)
                r->entries = ARENA_ARRAY(r->arena, struct kv_entry, READ_CHUNK);
        }
        r->entry = 0;
        ERR_TRY(kv_scan_batch(r->scan, r->entries, want, &r->n_entries));
        if (r->n_entries > 0) {
            if (r->lock_left < INT_MAX && (r->lock_left -= (int)r->n_entries) <= 0)
                kv_scan_stop_locking(r->scan);
            *more = true;
            return NULL;
        }
        kv_scan_close(r->scan);
        r->scan = NULL;
    }
}

static void
give(struct table_reader *r, int n_out, const int *ordinals, struct datum **cols, int at)
{
    if (r->trace != NULL)
        trace_fetched(r->x, r->trace, r->table, r->index, r->needed, r->n_needed, r->row);
    r->given_span = r->row_span;
    for (int i = 0; i < n_out; i++)
        cols[i][at] = r->row[ordinals[i]];
}

/* Decode the entries at hand into rows. A row with several pairs is complete when another key
 * begins. */
static struct error *
decode_entries(struct table_reader *r, int max, int n_out, const int *ordinals,
               struct datum **cols, int *n)
{
    bool starts_new, skip;

    while (r->entry < r->n_entries && *n < max) {
        struct kv_entry *e = &r->entries[r->entry];
        int span = r->dense ? r->entry_spans[r->entry] : r->next_span - 1;
        if (r->single) {
            r->entry++;
            r->row_span = span;
            skip = false; /* each pair begins a row, and row_decode clears what is needed of it */
            ERR_TRY(row_decode(r->batch_put_off ? r->first : r->decoder, e->key, e->value, r->data,
                               r->row, &starts_new, &skip));
            if (skip)
                continue;
            if (r->batch_put_off)
                r->row_entries[*n] = (int)r->entry - 1;
            give(r, n_out, ordinals, cols, (*n)++);
            continue;
        }
        if (r->pending && !row_continues(r->decoder, e->key)) {
            /* The finished row's pieces in pending_data live until that arena is reset, which happens
             * when the next batch begins. */
            give(r, n_out, ordinals, cols, (*n)++);
            r->pending = false;
            continue;
        }
        if (!r->pending) {
            clear_row(r);
            r->row_span = span;
        }
        skip = false;
        ERR_TRY(row_decode(r->decoder, e->key, e->value, r->data, r->row, &starts_new, &skip));
        r->entry++;
        if (skip)
            continue;
        r->pending = true;
    }
    return NULL;
}

struct error *
table_reader_batch(struct table_reader *r, int max, int n_out, const int *ordinals,
                   struct datum **cols, int *n)
{
    *n = 0;
    if (r->exhausted)
        return NULL;
    if (r->trace_spans && r->scan == NULL && r->next_span == 0)
        ERR_TRY(tell_spans(r));
    if (max > BATCH_ROWS)
        max = BATCH_ROWS;
    r->batch_put_off = r->put_off;
    if (r->entry == r->n_entries) {
        /* What was given out before is dead now; an unfinished row moves to a fresh arena. */
        struct arena *old = r->pending_data;
        r->pending_data = arena_create(r->arena, "row");
        keep_pending(r);
        arena_destroy(old);
        arena_reset(r->data);
    }
    for (;;) {
        if (r->entry == r->n_entries) {
            bool more;
            size_t want = (size_t)max + (r->single ? 0 : 1);
            ERR_TRY(refill(r, want > READ_CHUNK ? READ_CHUNK : want, &more));
            if (!more) {
                r->exhausted = true;
                if (r->pending) {
                    give(r, n_out, ordinals, cols, (*n)++);
                    r->pending = false;
                }
                return NULL;
            }
        }
        ERR_TRY(decode_entries(r, max, n_out, ordinals, cols, n));
        if (*n > 0)
            return NULL;
        /* Not one whole row yet: keep what there is of it and read on. */
        keep_pending(r);
    }
}

struct error *
table_reader_next(struct table_reader *r, const struct datum **row)
{
    int n = 0;

    *row = NULL;
    ERR_TRY(table_reader_batch(r, 1, r->n_needed, r->needed, r->out_cols, &n));
    if (n > 0)
        *row = r->out_row;
    return NULL;
}

int
table_reader_span(const struct table_reader *r)
{
    return r->given_span;
}

struct error *
index_prefix_span(struct arena *a, const struct table *t, const struct index *ix,
                  const struct datum *vals, int n, struct span *out)
{
    struct str s, e;

    str_init_arena(&s, a, STR_MAX_DEFAULT);
    ERR_TRY(row_key_prefix(&s, t, ix, vals, n));
    ERR_TRY(str_error(&s));
    str_init_arena(&e, a, STR_MAX_DEFAULT);
    str_append_slice(&e, str_slice(&s));
    if (!key_prefix_end(&e))
        return err_new(ERR_INTERNAL, "a key prefix has no end");
    out->start = str_slice(&s);
    out->end = str_slice(&e);
    return NULL;
}
