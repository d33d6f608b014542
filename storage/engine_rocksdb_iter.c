/* storage/engine_rocksdb_iter.c - scans of the RocksDB engine; long ones: engine_rocksdb_live.c.
 *
 * The library's iterator stands on MVCC keys: key ascending, newest first. Stepping over an unwanted
 * version costs about 0.15 us and a seek 1 to 8 us, so a run of unwanted versions is stepped over
 * for a few, then jumped.
 */
#include "config.h"

#include "storage/engine_rocksdb_int.h"

#include "base/fault.h"
#include "storage/mvcc.h"
#include "storage/rocksdb_shim.h"

#define STEPS_BEFORE_SEEK 20
/* Long scans read the disk in pieces of this; short ones leave it to the library. */
#define READAHEAD_BYTES ((size_t)2 << 20)

enum after {
    AFTER_NOTHING,  /* the library's iterator stands on the next candidate */
    AFTER_VERSION,  /* it stands on what was shown last: step once */
    AFTER_KEY,      /* as before, and the rest of that key is not wanted */
};

struct rocks_iter {
    struct engine_iter base;
    struct rocks_engine *e;
    struct live_iter *live; /* then nothing below but the bounds is used */
    rocksdb_iterator_t *it;
    rocksdb_readoptions_t *options;
    struct engine_scan_opts o; /* the span in it is not used after open */
    struct str lower, upper;   /* bounds, which the library borrows */
    struct str key;            /* the roachpb key in hand */
    struct str value;          /* reverse: the value in hand */
    struct str target;         /* for seeks */
    enum after after;
};

static inline bool
raw_valid(const struct rocks_iter *it)
{
    return rocksdb_iter_valid(it->it);
}

static struct error *
raw_split(const struct rocks_iter *it, struct slice *key, struct hlc *ts)
{
    struct slice m;
    m.ptr = (const uint8_t *)rocksdb_iter_key(it->it, &m.len);
    if (__builtin_expect(!mvcc_split(m, key, ts), 0))
        return err_new(ERR_DATA_CORRUPTED, "store holds a key that is no MVCC key");
    return NULL;
}

static struct slice
raw_value(const struct rocks_iter *it)
{
    struct slice v;
    v.ptr = (const uint8_t *)rocksdb_iter_value(it->it, &v.len);
    return v;
}

/* To the first version of the first key after `key`: key 00 is the next possible one. */
static void
raw_seek_past(struct rocks_iter *it, struct slice key)
{
    str_clear(&it->target);
    str_append_slice(&it->target, key);
    str_append(&it->target, "\0", 2);
    rocksdb_iter_seek(it->it, it->target.ptr, it->target.len);
}

/* To the newest version of key at or before ts. */
static void
raw_seek(struct rocks_iter *it, struct slice key, struct hlc ts)
{
    if (hlc_is_empty(ts)) { /* before all time; as a key its empty suffix would sort first */
        raw_seek_past(it, key);
        return;
    }
    str_clear(&it->target);
    mvcc_put_key(&it->target, key, ts);
    rocksdb_iter_seek(it->it, it->target.ptr, it->target.len);
}

static inline void
set_key(struct rocks_iter *it, struct slice key)
{
    it->key.len = 0;
    str_append_slice(&it->key, key);
}

struct error *
rocks_iter_open(struct engine *base, const struct engine_scan_opts *o, struct engine_iter **out)
{
    struct rocks_engine *e = (struct rocks_engine *)base;
    FAULT_TRY(engine_read);
    rocksdb_set_perf_level(rocksdb_disable); /* this thread's counters, which nobody reads */
    struct rocks_iter *it = xcalloc(1, sizeof(*it));
    it->base.vt = base->vt;
    it->e = e;
    it->o = *o;
    it->o.span = (struct span){SLICE_NULL, SLICE_NULL};
    str_init(&it->lower, STR_MAX_DEFAULT);
    str_init(&it->upper, STR_MAX_DEFAULT);
    str_init(&it->key, STR_MAX_DEFAULT);
    str_init(&it->value, STR_MAX_DEFAULT);
    str_init(&it->target, STR_MAX_DEFAULT);
    rocks_span_bounds(o->span, &it->lower, &it->upper);
    if (!o->fill_cache) {
        struct error *err = rocks_live_open(e, &it->o, str_slice(&it->lower), str_slice(&it->upper),
                                            &it->live);
        if (err != NULL || it->live != NULL) {
            *out = &it->base;
            if (err != NULL)
                rocks_iter_close(&it->base);
            return err;
        }
    }
    it->options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_total_order_seek(it->options, 1); /* else the bloom may hide rows */
    rocksdb_readoptions_set_fill_cache(it->options, o->fill_cache);
    if (!o->fill_cache && o->mode == ENGINE_SCAN_VERSIONS)
        rocksdb_readoptions_set_readahead_size(it->options, READAHEAD_BYTES);
    rocksdb_readoptions_set_iterate_lower_bound(it->options, it->lower.ptr, it->lower.len);
    rocksdb_readoptions_set_iterate_upper_bound(it->options, it->upper.ptr, it->upper.len);
    if (o->mode == ENGINE_SCAN_VERSIONS)
        rocksdb_shim_set_time_filter(it->options, o->since.wall, o->since.logical, o->ts.wall,
                                     o->ts.logical);
    it->it = rocksdb_create_iterator(e->db, it->options);
    e->open_iters++;
    if (o->reverse)
        rocksdb_iter_seek_to_last(it->it);
    else
        rocksdb_iter_seek_to_first(it->it);
    it->after = AFTER_NOTHING;
    *out = &it->base;
    return NULL;
}

void
rocks_iter_close(struct engine_iter *base)
{
    struct rocks_iter *it = (struct rocks_iter *)base;
    if (it->live != NULL)
        rocks_live_close(it->live);
    if (it->it != NULL) {
        rocksdb_iter_destroy(it->it);
        it->e->open_iters--;
        rocksdb_readoptions_destroy(it->options);
    }
    str_release(&it->lower);
    str_release(&it->upper);
    str_release(&it->key);
    str_release(&it->value);
    str_release(&it->target);
    xfree(it);
}

struct error *
rocks_iter_seek(struct engine_iter *base, struct slice key)
{
    struct rocks_iter *it = (struct rocks_iter *)base;
    str_clear(&it->target);
    str_append_slice(&it->target, key);
    it->after = AFTER_NOTHING;
    if (!it->o.reverse) {
        str_append_char(&it->target, 0);
    } else {
        str_append(&it->target, "\0", 2); /* just after every version of key */
    }
    if (it->live != NULL)
        return rocks_live_seek(it->live, str_slice(&it->target));
    if (it->o.reverse)
        rocksdb_iter_seek_for_prev(it->it, it->target.ptr, it->target.len);
    else
        rocksdb_iter_seek(it->it, it->target.ptr, it->target.len);
    return NULL;
}

/* Leave the versions of it->key that are still ahead; the iterator stands on one of them. */
static struct error *
skip_rest_of_key(struct rocks_iter *it)
{
    for (int i = 0; i < STEPS_BEFORE_SEEK; i++) {
        rocksdb_iter_next(it->it);
        if (!raw_valid(it))
            return NULL;
        struct slice key;
        struct hlc ts;
        ERR_TRY(raw_split(it, &key, &ts));
        if (!slice_eq(key, str_slice(&it->key)))
            return NULL;
    }
    raw_seek_past(it, str_slice(&it->key));
    return NULL;
}

/* Step over versions newer than the scan's time; the iterator stands on the first of them. Stops at
 * an older one of the same key, or on the next key, or at the end. */
static struct error *
skip_newer(struct rocks_iter *it, struct slice key)
{
    set_key(it, key);
    for (int i = 0; i < STEPS_BEFORE_SEEK; i++) {
        rocksdb_iter_next(it->it);
        if (!raw_valid(it))
            return NULL;
        struct hlc ts;
        ERR_TRY(raw_split(it, &key, &ts));
        if (hlc_cmp(ts, it->o.ts) <= 0 || !slice_eq(key, str_slice(&it->key)))
            return NULL;
    }
    raw_seek(it, str_slice(&it->key), it->o.ts);
    return NULL;
}

static struct error *
next_forward(struct rocks_iter *it, struct engine_version *v, bool *more)
{
    bool versions = it->o.mode == ENGINE_SCAN_VERSIONS;
    if (it->after == AFTER_VERSION)
        rocksdb_iter_next(it->it);
    else if (it->after == AFTER_KEY)
        ERR_TRY(skip_rest_of_key(it));
    it->after = AFTER_NOTHING;
    while (raw_valid(it)) {
        struct slice key;
        struct hlc ts;
        ERR_TRY(raw_split(it, &key, &ts));
        if (hlc_cmp(ts, it->o.ts) > 0) {
            ERR_TRY(skip_newer(it, key));
            continue;
        }
        struct slice value = raw_value(it);
        if (versions ? hlc_cmp(ts, it->o.since) <= 0 : value.len == 0 && !it->o.show_deletions) {
            set_key(it, key);
            ERR_TRY(skip_rest_of_key(it));
            continue;
        }
        if (versions) {
            v->key = key;
            it->after = AFTER_VERSION;
        } else {
            set_key(it, key);
            v->key = str_slice(&it->key);
            it->after = AFTER_KEY;
        }
        v->ts = ts;
        v->value = value;
        *more = true;
        return NULL;
    }
    *more = false;
    return rocks_iter_error(it->it);
}

/* The iterator stands on the oldest version of a key: find the newest at or before the scan's time,
 * copy it, and move to the oldest version of the key before. */
static struct error *
reverse_key(struct rocks_iter *it, struct hlc *ts, bool *found)
{
    struct slice key;
    struct hlc at;
    ERR_TRY(raw_split(it, &key, &at));
    set_key(it, key);
    *found = false;
    for (int i = 0; hlc_cmp(at, it->o.ts) <= 0; i++) {
        if (i == STEPS_BEFORE_SEEK) {
            raw_seek(it, str_slice(&it->key), it->o.ts);
            if (!raw_valid(it))
                return rocks_iter_error(it->it);
            ERR_TRY(raw_split(it, &key, &at));
        }
        struct slice value = raw_value(it);
        it->value.len = 0;
        str_append_slice(&it->value, value);
        *ts = at;
        *found = true;
        if (i == STEPS_BEFORE_SEEK)
            break;
        rocksdb_iter_prev(it->it);
        if (!raw_valid(it)) /* the end, unless it is a block that cannot be read */
            return rocks_iter_error(it->it);
        ERR_TRY(raw_split(it, &key, &at));
        if (!slice_eq(key, str_slice(&it->key)))
            return NULL;
    }
    str_clear(&it->target);
    str_append_slice(&it->target, str_slice(&it->key));
    str_append_char(&it->target, 0);
    rocksdb_iter_seek_for_prev(it->it, it->target.ptr, it->target.len);
    return NULL;
}

static struct error *
next_reverse(struct rocks_iter *it, struct engine_version *v, bool *more)
{
    while (raw_valid(it)) {
        bool found;
        ERR_TRY(reverse_key(it, &v->ts, &found));
        if (!found || (it->value.len == 0 && !it->o.show_deletions))
            continue;
        v->key = str_slice(&it->key);
        v->value = str_slice(&it->value);
        *more = true;
        return NULL;
    }
    *more = false;
    return rocks_iter_error(it->it);
}

struct error *
rocks_iter_next(struct engine_iter *base, struct engine_version *v, bool *more)
{
    struct rocks_iter *it = (struct rocks_iter *)base;
    if (it->live != NULL)
        return rocks_live_next(it->live, v, more);
    return it->o.reverse ? next_reverse(it, v, more) : next_forward(it, v, more);
}

struct error *
rocks_iter_batch(struct engine_iter *base, struct engine_version *v, size_t max, size_t *n)
{
    struct rocks_iter *it = (struct rocks_iter *)base;
    if (it->live != NULL)
        return rocks_live_batch(it->live, v, max, n);
    bool more;
    ERR_TRY(rocks_iter_next(base, v, &more));
    *n = more;
    return NULL;
}

struct slice
rocks_iter_block(struct engine_iter *base)
{
    struct rocks_iter *it = (struct rocks_iter *)base;
    return it->live != NULL ? rocks_live_block(it->live) : SLICE_NULL;
}
