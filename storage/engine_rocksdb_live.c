/* storage/engine_rocksdb_live.c - long scans of the RocksDB engine, past the library's iterator.
 *
 * The library's iterator takes most of the time of a long scan. Here the store's files are read by
 * our own reader, merged with an iterator of the library over its tables in memory alone. That
 * iterator holds the version of the store that it belongs to, so no file of it goes away; that the
 * list of files is of the same version is seen from the number of the version before and after.
 *
 * A file's entries carry sequence numbers: of several for one (key, time) the highest counts, be it
 * a value or a delete. The iterator over memory shows no deletes, though one of them may hide what
 * is in a file; only gc and drop_span write deletes, so they count them, and while some may be in
 * memory the memory is written out first. What memory shows is newer than any file's.
 *
 * A batch's values stay in the unpacked blocks, its keys are copied once.
 *
 * After some batches a thread fills the next ones while these are worked on (read_ahead.h). What a batch
 * shows, it holds: the blocks that were left while it was filled, which no later one shows. Where the scan
 * stands, the batches, and what may be used of all else, is the thread's alone until it is stopped.
 *
 * Backward the span is read in pieces, the last one first, each forward as above and whole, so that what
 * counts of a key is decided in the same way; its batch is then shown from its end. A piece is some blocks of
 * the largest source; where more lies in it than a batch may hold, it is cut, and its end is read alone.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "storage/engine_rocksdb_int.h"
#include "storage/mvcc.h"
#include "storage/read_ahead.h"
#include "storage/rocksdb_shim.h"
#include "storage/sst_int.h"

#define OPEN_TRIES   5
#define HELD         64                  /* versions that live_next takes at a time */
#define KEYS_BYTES   ((size_t)64 << 10)  /* of a batch */
#define BLOCKS_BYTES ((size_t)512 << 10) /* that a batch may keep; it ends at the next block */
#define AHEAD_AFTER  4                   /* batches that are not worth a thread */
#define AHEAD_MAX    1024                /* versions in a batch of the thread */
#define PIECE_BLOCKS 24                  /* of the largest source, in a piece of a scan backward */
#define WINDOW_BACK  ((size_t)128 << 10) /* about a piece: what follows it was read before */
#define PIECE_MAX    8192                /* versions in its batch */

enum kind { KIND_DELETE = 0, KIND_PUT = 1 };

/* A run of files whose keys do not overlap, or the tables in memory. */
struct source {
    const struct rocksdb_shim_file *files;
    size_t n_files, file, open_file;
    rocksdb_iterator_t *memory;
    int fd; /* of the open file; -1 none */
    struct sst_reader *reader;
    struct sst_walk walk;
    bool walking;
    uint64_t newest; /* sequence of all entries of the open file; 0: they have their own */
    /* The entry in hand. */
    bool valid, put;
    uint64_t sequence;
    struct slice key, value; /* an MVCC key */
};

/* What the versions of one batch point into. */
struct batch {
    uint8_t *keys;
    size_t keys_cap, keys_len;
    struct arena *values;   /* that came from memory */
    size_t values_len;
    struct sst_buf *blocks; /* left when it was full */
    /* Of the thread: */
    struct engine_version *v;
    size_t n;
    struct error *err;
};

/* Where a scan backward stands. */
struct backward {
    struct str end;        /* of what is left, as it->end */
    struct arena *a;       /* of the starts */
    struct slice *starts;  /* of pieces that are known, ascending; the last one is next */
    size_t n_starts, cap;
    struct source *guide;  /* the largest source; NULL: all is in memory */
    size_t guide_file;     /* its files from this one on are done */
    bool done;
};

struct live_iter {
    struct rocks_engine *e;
    struct engine_scan_opts o;
    struct slice lower, upper;
    struct slice end; /* upper; of a scan backward that of the piece in hand, a key without time */
    struct backward back;
    struct arena *a; /* names of files, sources */
    struct rocksdb_shim_files *files;
    rocksdb_readoptions_t *options;
    rocksdb_iterator_t *memory;
    struct source *sources;
    size_t n_sources;
    struct source **order; /* those with an entry, in order of keys, then newest first */
    size_t n_order;
    struct sst_bufs bufs;
    struct batch batches[READ_AHEAD_SLOTS]; /* without the thread, the first alone */
    struct slice last; /* roachpb key seen last, in a batch's keys or last_copy */
    struct str last_copy;
    struct hlc last_ts;
    bool have_last, key_done;
    bool step_due;          /* the entry in hand was dealt with: its block had to stay */
    struct slice block;     /* what rocks_live_block gives */
    /* Versions taken and not shown yet: of the first batch, or of the thread's. */
    const struct engine_version *held;
    size_t n_held, next_held;
    struct engine_version own_held[HELD];
    struct read_ahead *ahead; /* NULL: none */
    unsigned n_batches;       /* since it was positioned */
};

/* ---- files ---- */

static struct error *
fd_read_at(void *arg, uint64_t offset, size_t len, uint8_t *out)
{
    const struct source *s = arg;
    while (len > 0) {
        ssize_t n = pread(s->fd, out, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(errno, "could not read store");
        if (n == 0)
            return err_new(ERR_DATA_CORRUPTED, "a file of the store ends too early");
        out += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return NULL;
}

static void
source_close_file(struct source *s)
{
    if (s->walking)
        sst_walk_release(&s->walk);
    s->walking = false;
    sst_reader_close(s->reader);
    s->reader = NULL;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

/* *apart: wholly outside the times that are wanted. */
static struct error *
source_open_file(struct live_iter *it, struct source *s, bool *apart)
{
    const struct rocksdb_shim_file *f = &s->files[s->file];
    char *path = path_join(it->a, it->e->path, f->name);
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0)
        return err_errno(errno, "could not open %s", path);
    (void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    struct sst_source src = {.arg = s, .size = f->size, .read = fd_read_at};
    ERR_TRY(sst_reader_open(path, &src, &s->reader));
    s->open_file = s->file;
    if (it->o.reverse) /* each piece is looked for */
        ERR_TRY(sst_reader_index(s->reader));
    const struct sst_props *p = sst_reader_props(s->reader);
    s->newest = p->one_sequence ? f->largest_sequence : 0;
    *apart = it->o.mode == ENGINE_SCAN_VERSIONS && p->has_bounds &&
             (hlc_cmp(p->ts_min, it->o.ts) > 0 || hlc_cmp(p->ts_max, it->o.since) <= 0);
    if (*apart)
        return NULL;
    sst_walk_init(&s->walk, s->reader, &it->bufs, it->end);
    s->walk.block.window_bytes = it->o.reverse ? WINDOW_BACK : 0;
    s->walking = true;
    return NULL;
}

/* ---- sources ---- */

static struct error *
source_take_file_entry(struct source *s)
{
    unsigned kind = s->walk.trailer & 0xff;
    s->valid = true;
    s->put = kind == KIND_PUT;
    s->key = s->walk.key;
    s->value = s->walk.value;
    s->sequence = s->newest != 0 ? s->newest : s->walk.trailer >> 8;
    if (kind != KIND_PUT && kind != KIND_DELETE)
        return err_new(ERR_DATA_CORRUPTED, "store holds an entry of kind %u", kind);
    return NULL;
}

/* The first entry >= key of the files from s->file on. */
static struct error *
source_seek_files(struct live_iter *it, struct source *s, struct slice key)
{
    s->valid = false;
    for (; s->file < s->n_files; s->file++) {
        if (mvcc_compare(s->files[s->file].smallest, it->end) >= 0)
            break;
        bool apart = false;
        if (s->walking && s->open_file == s->file) { /* as the piece before left it */
            s->walk.end = it->end;
        } else {
            source_close_file(s);
            ERR_TRY(source_open_file(it, s, &apart));
        }
        if (apart)
            continue;
        ERR_TRY(sst_walk_seek(&s->walk, key));
        if (s->walk.valid)
            return source_take_file_entry(s);
    }
    if (!it->o.reverse)
        source_close_file(s);
    return NULL;
}

static struct error *
source_take_memory_entry(const struct live_iter *it, struct source *s)
{
    s->valid = rocksdb_iter_valid(s->memory);
    if (!s->valid)
        return rocks_iter_error(s->memory);
    s->key.ptr = (const uint8_t *)rocksdb_iter_key(s->memory, &s->key.len);
    s->value.ptr = (const uint8_t *)rocksdb_iter_value(s->memory, &s->value.len);
    s->valid = !it->o.reverse || mvcc_compare(s->key, it->end) < 0;
    s->put = true;
    s->sequence = UINT64_MAX;
    return NULL;
}

static struct error *
source_seek(struct live_iter *it, struct source *s, struct slice key)
{
    if (s->memory != NULL) {
        rocksdb_iter_seek(s->memory, (const char *)key.ptr, key.len);
        return source_take_memory_entry(it, s);
    }
    s->file = 0;
    while (s->file < s->n_files && mvcc_compare(s->files[s->file].largest, key) < 0)
        s->file++;
    return source_seek_files(it, s, key);
}

static inline struct error *
source_next(struct live_iter *it, struct source *s)
{
    if (s->memory != NULL) {
        rocksdb_iter_next(s->memory);
        return source_take_memory_entry(it, s);
    }
    ERR_TRY(sst_walk_next(&s->walk));
    if (__builtin_expect(s->walk.valid, 1))
        return source_take_file_entry(s);
    s->file++;
    return source_seek_files(it, s, it->lower);
}

/* ---- the merge ---- */

static int
source_cmp(const struct source *a, const struct source *b)
{
    int c = mvcc_compare(a->key, b->key);
    if (c != 0)
        return c;
    return (a->sequence < b->sequence) - (a->sequence > b->sequence);
}

/* order[i] may be too early in the order: move it to its place. */
static void
order_sink(struct live_iter *it, size_t i)
{
    struct source *s = it->order[i];
    for (; i + 1 < it->n_order && source_cmp(s, it->order[i + 1]) > 0; i++)
        it->order[i] = it->order[i + 1];
    it->order[i] = s;
}

static struct error *
live_position(struct live_iter *it, struct slice key)
{
    it->n_order = 0;
    it->have_last = it->key_done = it->step_due = false;
    it->block = SLICE_NULL;
    it->n_held = it->next_held = 0;
    for (size_t i = 0; i < it->n_sources; i++) {
        ERR_TRY(source_seek(it, &it->sources[i], key));
        if (!it->sources[i].valid)
            continue;
        memmove(it->order + 1, it->order, it->n_order * sizeof(*it->order));
        it->order[0] = &it->sources[i];
        it->n_order++;
        order_sink(it, 0);
    }
    return NULL;
}

static inline struct error *
live_step(struct live_iter *it)
{
    struct source *s = it->order[0];
    ERR_TRY(source_next(it, s));
    if (__builtin_expect(!s->valid, 0)) {
        it->n_order--;
        memmove(it->order, it->order + 1, it->n_order * sizeof(*it->order));
    } else if (it->n_order > 1) {
        order_sink(it, 0);
    }
    return NULL;
}

/* ---- batches ---- */

static void
batch_begin(struct live_iter *it, struct batch *b)
{
    if (it->have_last && it->last.ptr != (const uint8_t *)it->last_copy.ptr) {
        it->last_copy.len = 0;
        str_append_slice(&it->last_copy, it->last);
        it->last = str_slice(&it->last_copy);
    }
    b->keys_len = b->values_len = 0;
#ifdef AMBERDB_SANITIZED /* so that it is seen who still looks at these keys */
    xfree(b->keys);
    b->keys = NULL;
    b->keys_cap = 0;
#endif
    arena_reset(b->values);
    sst_bufs_recycle(&it->bufs);
    it->bufs.left = b->blocks;
    b->blocks = NULL;
    sst_bufs_recycle(&it->bufs);
    it->bufs.round++;
}

static void
batch_end(struct live_iter *it, struct batch *b)
{
    b->blocks = it->bufs.left;
    it->bufs.left = NULL;
    it->bufs.left_bytes = 0;
}

static inline bool
batch_full(struct live_iter *it, struct batch *b, size_t key_len, size_t n)
{
    if (__builtin_expect(it->bufs.left_bytes + b->values_len > BLOCKS_BYTES, 0)) {
        if (n > 0)
            return true;
        /* Nothing of this batch is shown; but the first blocks that it left may be of the one before, which
         * somebody still looks at when a thread fills this one. */
        sst_bufs_recycle_round(&it->bufs);
    }
    if (__builtin_expect(key_len > b->keys_cap - b->keys_len, 0)) {
        if (n > 0)
            return true;
        xfree(b->keys);
        b->keys_cap = it->o.reverse ? 4 * KEYS_BYTES : KEYS_BYTES;
        if (key_len > b->keys_cap)
            b->keys_cap = key_len;
        b->keys = xmalloc(b->keys_cap);
        b->keys_len = 0;
    }
    return false;
}

/* Whether the entry in hand is shown. `same`: its key is that of the entry before. */
static inline bool
entry_wanted(struct live_iter *it, const struct source *s, bool same, struct hlc ts)
{
    if (!same)
        it->key_done = false;
    else if (it->key_done || hlc_cmp(ts, it->last_ts) == 0)
        return false;
    if (!s->put || hlc_cmp(ts, it->o.ts) > 0)
        return false;
    if (it->o.mode == ENGINE_SCAN_VERSIONS) {
        it->key_done = hlc_cmp(ts, it->o.since) <= 0;
        return !it->key_done;
    }
    it->key_done = true;
    return s->value.len > 0 || it->o.show_deletions;
}

/* Does the batch that begins here stand a chance to be one whole block? */
static bool
block_begins(const struct live_iter *it)
{
    const struct source *s = it->order[0];
    return s->memory == NULL && s->walk.taken == 1 && s->walk.inside &&
           (it->n_order == 1 || mvcc_compare(it->order[1]->key, s->walk.limit) > 0);
}

static struct error *
fill_begun(struct live_iter *it, struct batch *b, struct engine_version *v, size_t max, size_t *n)
{
    it->block = SLICE_NULL;
    if (it->step_due)
        ERR_TRY(live_step(it));
    it->step_due = false;
    bool whole = it->o.blocks && it->n_order > 0 && block_begins(it);
    while (*n < max && it->n_order > 0) {
        struct source *s = it->order[0];
        struct slice key;
        struct hlc ts;
        if (__builtin_expect(!mvcc_split(s->key, &key, &ts), 0))
            return err_new(ERR_DATA_CORRUPTED, "store holds a key that is no MVCC key");
        if (batch_full(it, b, key.len, *n))
            break;
        bool same = it->have_last && slice_eq(key, it->last);
        if (entry_wanted(it, s, same, ts)) {
            uint8_t *p = b->keys + b->keys_len;
            memcpy(p, key.ptr, key.len);
            b->keys_len += key.len;
            it->last = slice_make(p, key.len);
            v[(*n)++] = (struct engine_version){
                it->last, ts, s->memory != NULL ? slice_dup(b->values, s->value) : s->value};
            b->values_len += s->memory != NULL ? s->value.len : 0;
        } else if (!same) {
            it->last_copy.len = 0;
            str_append_slice(&it->last_copy, key);
            it->last = str_slice(&it->last_copy);
        }
        it->have_last = true;
        it->last_ts = ts;
        whole = whole && s->walk.trailer == SST_TRAILER_PUT;
        bool block_ends = it->o.blocks && s->memory == NULL && sst_walk_at_block_end(&s->walk);
        if (block_ends && *n > 0) {
            if (whole && *n == s->walk.taken)
                it->block = s->walk.stored;
            it->step_due = true;
            break;
        }
        ERR_TRY(live_step(it));
        if (block_ends)
            whole = it->n_order > 0 && block_begins(it);
    }
    return NULL;
}

static struct error *
live_fill(struct live_iter *it, struct batch *b, struct engine_version *v, size_t max, size_t *n)
{
    batch_begin(it, b);
    struct error *err = fill_begun(it, b, v, max, n);
    batch_end(it, b);
    return err;
}

/* ---- backward ---- */

/* The versions of a key, as an MVCC key that stands before them all. */
static struct slice
key_without_time(struct arena *a, struct slice key)
{
    uint8_t *p = arena_alloc(a, key.len + 1);
    memcpy(p, key.ptr, key.len);
    p[key.len] = 0;
    return slice_make(p, key.len + 1);
}

static void
push_start(struct backward *b, struct slice start)
{
    if (b->n_starts == b->cap) {
        b->cap = b->cap == 0 ? 64 : 2 * b->cap;
        b->starts = xrealloc(b->starts, b->cap * sizeof(*b->starts));
    }
    b->starts[b->n_starts++] = start;
}

/* A piece may begin at this MVCC key: at the first version of its key, where that lies in what is left. */
static void
offer_start(struct live_iter *it, struct slice mvcc_key)
{
    struct backward *b = &it->back;
    struct slice key;
    struct hlc ts;
    if (!mvcc_split(mvcc_key, &key, &ts))
        return;
    struct slice start = key_without_time(b->a, key);
    struct slice before = b->n_starts > 0 ? b->starts[b->n_starts - 1] : it->lower;
    if (mvcc_compare(start, before) > 0 && mvcc_compare(start, it->end) < 0)
        push_start(b, start);
}

/* Pieces of one more file of the guide, if there is one. */
static struct error *
find_starts(struct live_iter *it)
{
    struct backward *b = &it->back;
    struct source *s = b->guide;
    arena_reset(b->a);
    while (b->n_starts == 0 && b->guide_file > 0) {
        const struct rocksdb_shim_file *f = &s->files[--b->guide_file];
        if (mvcc_compare(f->smallest, it->end) >= 0)
            continue;
        offer_start(it, f->smallest);
        if (!s->walking || s->open_file != b->guide_file) {
            bool apart;
            source_close_file(s);
            s->file = b->guide_file;
            ERR_TRY(source_open_file(it, s, &apart));
        }
        struct sst_cursor c = {.at = NULL};
        struct sst_handle h;
        struct slice key;
        bool more = true;
        struct error *err = NULL;
        str_init(&c.key, STR_MAX_DEFAULT);
        sst_cursor_set(&c, s->reader->index_bytes);
        for (size_t i = 1; more && err == NULL; i++) {
            err = sst_index_next(s->reader, &c, &key, &h, &more);
            if (err == NULL && more && i % PIECE_BLOCKS == 0)
                offer_start(it, key);
        }
        str_release(&c.key);
        ERR_TRY(err);
    }
    return NULL;
}

/* All of [start, it->end) in the batch; or *cut, behind start: the batch cannot hold what lies before it and
 * what follows it together. */
static struct error *
fill_piece(struct live_iter *it, struct batch *b, struct slice start, size_t *n, struct slice *cut)
{
    *n = 0;
    *cut = SLICE_NULL;
    batch_begin(it, b);
    struct error *err = live_position(it, start);
    if (err == NULL)
        err = fill_begun(it, b, b->v, PIECE_MAX, n);
    batch_end(it, b);
    if (err != NULL || it->n_order == 0)
        return err;
    VERIFY(*n > 0); /* an empty batch is never full */
    struct slice last = key_without_time(it->back.a, it->last);
    if (!it->key_done) { /* nothing of the last key is in the batch yet */
        *cut = last;
        return NULL;
    }
    struct slice behind = key_without_time(it->back.a, last);
    if (mvcc_compare(behind, it->end) < 0)
        *cut = behind;
    return NULL;
}

/* The next piece that shows something; it->n_held 0 at the end. */
static struct error *
fill_backward(struct live_iter *it)
{
    struct backward *b = &it->back;
    struct batch *batch = &it->batches[0];
    size_t n = 0;
    it->n_held = it->next_held = 0;
    if (batch->v == NULL)
        batch->v = xmalloc(PIECE_MAX * sizeof(*batch->v));
    while (n == 0 && !b->done) {
        if (b->n_starts == 0)
            ERR_TRY(find_starts(it));
        struct slice cut, start = it->lower;
        b->done = b->n_starts == 0;
        if (!b->done)
            start = b->starts[--b->n_starts];
        for (;;) {
            ERR_TRY(fill_piece(it, batch, start, &n, &cut));
            if (cut.len == 0)
                break;
            push_start(b, start);
            start = cut;
            b->done = false;
        }
        str_clear(&b->end);
        str_append_slice(&b->end, start);
        it->end = str_slice(&b->end);
    }
    for (size_t i = 0; i < n / 2; i++) {
        struct engine_version v = batch->v[i];
        batch->v[i] = batch->v[n - 1 - i];
        batch->v[n - 1 - i] = v;
    }
    it->held = batch->v;
    it->n_held = n;
    return NULL;
}

/* What lies before this key comes next. */
static void
begin_backward(struct live_iter *it, struct slice end)
{
    struct backward *b = &it->back;
    str_clear(&b->end);
    str_append_slice(&b->end, end);
    it->end = str_slice(&b->end);
    b->n_starts = 0;
    b->guide_file = b->guide != NULL ? b->guide->n_files : 0;
    b->done = mvcc_compare(it->end, it->lower) <= 0;
    it->n_held = it->next_held = 0;
}

static void
choose_guide(struct live_iter *it)
{
    uint64_t largest = 0;
    for (size_t i = 0; i < it->n_sources; i++) {
        uint64_t size = 0;
        for (size_t k = 0; k < it->sources[i].n_files; k++)
            size += it->sources[i].files[k].size;
        if (size > largest)
            it->back.guide = &it->sources[i];
        largest = size > largest ? size : largest;
    }
}

/* ---- ahead ---- */

static bool
fill_ahead(void *arg, int slot)
{
    struct live_iter *it = arg;
    struct batch *b = &it->batches[slot];
    rocksdb_set_perf_level(rocksdb_disable); /* this thread's counters */
    b->n = 0;
    b->err = live_fill(it, b, b->v, AHEAD_MAX, &b->n);
    return b->err == NULL && b->n > 0;
}

/* The scan seems to be a long one. */
static void
try_ahead(struct live_iter *it)
{
    if (it->n_batches++ != AHEAD_AFTER || it->o.blocks || it->o.mode != ENGINE_SCAN_AT)
        return;
    for (int i = 0; i < READ_AHEAD_SLOTS; i++) {
        struct batch *b = &it->batches[i];
        if (b->v == NULL)
            b->v = xmalloc(AHEAD_MAX * sizeof(*b->v));
        if (b->values == NULL)
            b->values = arena_create(it->a, "values");
    }
    it->ahead = read_ahead_start(fill_ahead, it);
}

static void
stop_ahead(struct live_iter *it)
{
    read_ahead_stop(it->ahead);
    it->ahead = NULL;
    it->n_batches = 0;
    for (int i = 0; i < READ_AHEAD_SLOTS; i++) {
        err_free(it->batches[i].err);
        it->batches[i].err = NULL;
    }
}

/* The next batch of the thread in hand; it->n_held 0 at the end. */
static struct error *
take_ahead(struct live_iter *it)
{
    int slot = read_ahead_take(it->ahead);
    it->next_held = it->n_held = 0;
    if (slot < 0)
        return NULL;
    struct batch *b = &it->batches[slot];
    struct error *err = b->err;
    b->err = NULL;
    it->held = b->v;
    it->n_held = b->n;
    return err;
}

struct slice
rocks_live_block(struct live_iter *it)
{
    return it->block;
}

struct error *
rocks_live_batch(struct live_iter *it, struct engine_version *v, size_t max, size_t *n)
{
    *n = 0;
    if (it->next_held == it->n_held && it->o.reverse) {
        ERR_TRY(fill_backward(it));
    } else if (it->next_held == it->n_held) {
        if (it->ahead == NULL)
            try_ahead(it);
        if (it->ahead == NULL) {
            it->next_held = it->n_held = 0;
            return live_fill(it, &it->batches[0], v, max, n);
        }
        ERR_TRY(take_ahead(it));
    }
    if (it->ahead == NULL)
        it->block = SLICE_NULL;
    *n = it->n_held - it->next_held < max ? it->n_held - it->next_held : max;
    memcpy(v, it->held + it->next_held, *n * sizeof(*v));
    it->next_held += *n;
    return NULL;
}

struct error *
rocks_live_next(struct live_iter *it, struct engine_version *v, bool *more)
{
    if (it->next_held == it->n_held && it->o.reverse) {
        ERR_TRY(fill_backward(it));
    } else if (it->next_held == it->n_held && it->ahead != NULL) {
        ERR_TRY(take_ahead(it));
    } else if (it->next_held == it->n_held) {
        it->next_held = it->n_held = 0;
        it->held = it->own_held;
        ERR_TRY(live_fill(it, &it->batches[0], it->own_held, HELD, &it->n_held));
    }
    *more = it->next_held < it->n_held;
    if (*more)
        *v = it->held[it->next_held++];
    return NULL;
}

struct error *
rocks_live_seek(struct live_iter *it, struct slice mvcc_key)
{
    stop_ahead(it);
    if (it->o.reverse) {
        begin_backward(it, mvcc_compare(mvcc_key, it->upper) < 0 ? mvcc_key : it->upper);
        return NULL;
    }
    return live_position(it, mvcc_compare(mvcc_key, it->lower) < 0 ? it->lower : mvcc_key);
}

/* ---- open and close ---- */

static uint64_t
version_number(struct rocks_engine *e)
{
    uint64_t n = 0;
    return rocksdb_property_int(e->db, "rocksdb.current-super-version-number", &n) == 0 ? n : 0;
}

/* Memory and the list of files, of one version of the store; *good false: no luck, or deletes are
 * in memory and stay there. */
static void
take_version(struct live_iter *it, bool *good)
{
    struct rocks_engine *e = it->e;
    *good = false;
    for (int i = 0; i < OPEN_TRIES; i++) {
        if (it->memory != NULL) {
            rocksdb_iter_destroy(it->memory);
            e->open_iters--;
        }
        rocksdb_shim_files_free(it->files);
        uint64_t before = version_number(e);
        it->memory = rocksdb_create_iterator(e->db, it->options);
        e->open_iters++;
        it->files = rocksdb_shim_files_in(e->db, it->lower.ptr, it->lower.len, it->upper.ptr,
                                          it->upper.len);
        if (e->deletes_active != 0)
            return;
        uint64_t deletes = e->deletes_done;
        if (deletes != e->deletes_flushed) {
            struct error *err = engine_flush(&e->base);
            if (err != NULL) { /* a full disk: the library's iterator does without */
                err_free(err);
                return;
            }
            e->deletes_flushed = deletes;
            continue;
        }
        *good = before != 0 && before == version_number(e);
        if (*good)
            return;
    }
}

static void
make_sources(struct live_iter *it)
{
    size_t n;
    const struct rocksdb_shim_file *f = rocksdb_shim_files_list(it->files, &n);
    it->sources = ARENA_ARRAY(it->a, struct source, n + 1);
    it->order = ARENA_ARRAY(it->a, struct source *, n + 1);
    it->sources[it->n_sources++] = (struct source){.memory = it->memory, .fd = -1};
    for (size_t i = 0; i < n;) {
        size_t len = 1;
        while (f[i].level > 0 && i + len < n && f[i + len].level == f[i].level)
            len++;
        it->sources[it->n_sources++] = (struct source){.files = f + i, .n_files = len, .fd = -1};
        i += len;
    }
}

struct error *
rocks_live_open(struct rocks_engine *e, const struct engine_scan_opts *o, struct slice lower,
                struct slice upper, struct live_iter **out)
{
    *out = NULL;
    if (!e->files_readable)
        return NULL;
    struct live_iter *it = xcalloc(1, sizeof(*it));
    it->e = e;
    it->o = *o;
    it->lower = lower;
    it->upper = it->end = upper;
    it->a = arena_create(NULL, "live scan");
    it->batches[0].values = arena_create(it->a, "values");
    it->back.a = arena_create(it->a, "pieces");
    str_init(&it->back.end, STR_MAX_DEFAULT);
    str_init(&it->last_copy, STR_MAX_DEFAULT);
    it->options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_total_order_seek(it->options, 1);
    rocksdb_readoptions_set_read_tier(it->options, 3 /* kMemtableTier */);
    rocksdb_readoptions_set_iterate_upper_bound(it->options, (const char *)upper.ptr, upper.len);
    bool good;
    struct error *err = NULL;
    take_version(it, &good);
    if (good) {
        make_sources(it);
        if (o->reverse) {
            choose_guide(it);
            begin_backward(it, upper);
        } else {
            err = live_position(it, lower);
        }
    }
    if (err != NULL || !good)
        rocks_live_close(it);
    else
        *out = it;
    return err;
}

void
rocks_live_close(struct live_iter *it)
{
    stop_ahead(it);
    for (size_t i = 0; i < it->n_sources; i++)
        source_close_file(&it->sources[i]);
    for (int i = 0; i < READ_AHEAD_SLOTS; i++) {
        if (it->batches[i].values != NULL)
            batch_begin(it, &it->batches[i]); /* its blocks are spare again */
        xfree(it->batches[i].keys);
        xfree(it->batches[i].v);
    }
    sst_bufs_release(&it->bufs);
    if (it->memory != NULL) {
        rocksdb_iter_destroy(it->memory);
        it->e->open_iters--;
    }
    rocksdb_shim_files_free(it->files);
    rocksdb_readoptions_destroy(it->options);
    str_release(&it->last_copy);
    str_release(&it->back.end);
    xfree(it->back.starts);
    arena_destroy(it->a);
    xfree(it);
}

/* Are all files of the kind that our reader takes? Those that this process writes are. */
bool
rocks_files_readable(struct rocks_engine *e)
{
    struct str lower, upper;
    str_init(&lower, STR_MAX_DEFAULT);
    str_init(&upper, STR_MAX_DEFAULT);
    rocks_span_bounds((struct span){SLICE_NULL, SLICE_NULL}, &lower, &upper);
    struct rocksdb_shim_files *files = rocksdb_shim_files_in(
        e->db, (const uint8_t *)lower.ptr, lower.len, (const uint8_t *)upper.ptr, upper.len);
    size_t n;
    const struct rocksdb_shim_file *f = rocksdb_shim_files_list(files, &n);
    bool good = true;
    struct arena *a = arena_create(NULL, "store files");
    for (size_t i = 0; i < n && good; i++) {
        struct source s = {.fd = open(path_join(a, e->path, f[i].name), O_RDONLY | O_CLOEXEC)};
        struct sst_source src = {.arg = &s, .size = f[i].size, .read = fd_read_at};
        struct error *err =
            s.fd < 0 ? err_errno(errno, "open") : sst_reader_open(f[i].name, &src, &s.reader);
        good = err == NULL && sst_reader_props(s.reader)->compression_known;
        err_free(err);
        source_close_file(&s);
    }
    arena_destroy(a);
    rocksdb_shim_files_free(files);
    str_release(&lower);
    str_release(&upper);
    return good;
}
