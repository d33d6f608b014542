/* storage/sst_reader.c - reads data files of backups. See sst.h and sst_int.h.
 *
 * Every length in a file is checked against what holds it before it is used, every block against its
 * checksum, every key against the one before it, and at the end the number of entries against the
 * properties.
 */
#include "config.h"

#include <inttypes.h>
#include <snappy-c.h>

#include "base/fault.h"
#include "base/hash.h"
#include "storage/mvcc.h"
#include "storage/sst_int.h"

/* Snappy's densest element makes 64 bytes of 3: what claims more is a lie. */
#define SNAPPY_RATIO_MAX 22
/* Sources that are not in memory are read in pieces of this. */
#define WINDOW_BYTES ((size_t)1 << 20)
/* Longer than any key of ours: the key buffers never grow past it. */
#define KEY_MAX ((size_t)64 << 20)

/* A fuzzer would never find bytes with the right checksum. */
#ifdef AMBERDB_FUZZ
#define CHECKSUMS_COUNT 0
#else
#define CHECKSUMS_COUNT 1
#endif

struct handle {
    uint64_t offset, size; /* size without the trailer */
};

/* Bytes of one block, ready to read. */
struct block {
    struct arena *arena; /* of the buffers; made when needed */
    uint8_t *raw;        /* for snappy's output */
    size_t raw_cap;
    uint8_t *window;     /* read from the source */
    size_t window_cap;
    uint64_t window_offset;
    size_t window_len;
    struct arena *window_arena;
};

/* A walk through the entries of a block. */
struct cursor {
    const uint8_t *at, *end; /* end: where the restarts begin */
    struct str key;
    struct slice value;
};

struct sst_reader {
    char *name;
    struct sst_source src;
    struct sst_props props;
    struct handle index;
    struct block index_block;
    struct slice index_bytes; /* entries of the index block, without restarts */
    bool counted;             /* the file says how many entries it has */
};

struct sst_iter {
    struct sst_reader *r;
    struct block block;
    struct cursor index, data; /* data.key is not used: the key is here */
    uint8_t *key;          /* internal key shown last; stays over the end of its block */
    size_t key_cap;
    size_t key_len;        /* how much of it the next entry may share: 0 at the start of a block */
    size_t prev_len;       /* of the roachpb key in it */
    struct hlc prev_ts;
    const uint8_t *prev_rest; /* in the block: what followed the prev_shared bytes of it */
    size_t prev_shared;
    struct engine_version held; /* found by a seek, not shown yet */
    bool have_prev, have_block, have_held, done, from_start;
    uint64_t shown;
};

static struct error *
damaged(const struct sst_reader *r, const char *what, uint64_t offset)
{
    return err_new(ERR_DATA_CORRUPTED, "data file %s is damaged: %s (offset %" PRIu64 ")", r->name,
                   what, offset);
}

/* ---- blocks ---- */

static void
block_release(struct block *b)
{
    arena_destroy(b->arena);
    arena_destroy(b->window_arena);
}

/* At least n bytes in *buf, contents lost. */
static struct error *
buffer_reserve(struct arena **a, uint8_t **buf, size_t *cap, size_t n)
{
    if (n <= *cap)
        return NULL;
    if (*a == NULL)
        *a = arena_create(NULL, "sst block");
    arena_reset(*a);
    *cap = 0;
    n += n / 4;
    void *p;
    ERR_TRY(arena_try_alloc(*a, n, &p));
    *buf = p;
    *cap = n;
    return NULL;
}

/* len bytes of the file at offset, which are inside it. */
static struct error *
source_bytes(const struct sst_reader *r, struct block *b, uint64_t offset, size_t len,
             const uint8_t **out)
{
    if (r->src.mem != NULL) {
        *out = r->src.mem + offset;
        return NULL;
    }
    if (offset < b->window_offset || offset + len > b->window_offset + b->window_len) {
        size_t n = len > WINDOW_BYTES ? len : WINDOW_BYTES;
        if (n > r->src.size - offset)
            n = (size_t)(r->src.size - offset);
        b->window_len = 0;
        ERR_TRY(buffer_reserve(&b->window_arena, &b->window, &b->window_cap, n));
        ERR_TRY(r->src.read(r->src.arg, offset, n, b->window));
        b->window_offset = offset;
        b->window_len = n;
    }
    *out = b->window + (offset - b->window_offset);
    return NULL;
}

/* The entries of a block, checked and unpacked; borrowed from b until its next use. */
static struct error *
block_load(const struct sst_reader *r, struct block *b, struct handle h, struct slice *out)
{
    FAULT_TRY(sst_read);
    if (h.offset > r->src.size || h.size > r->src.size - h.offset ||
        r->src.size - h.offset - h.size < SST_BLOCK_TRAILER)
        return damaged(r, "a block lies outside the file", h.offset);
    const uint8_t *p;
    size_t len = (size_t)h.size;
    ERR_TRY(source_bytes(r, b, h.offset, len + SST_BLOCK_TRAILER, &p));
    if (CHECKSUMS_COUNT && sst_crc_mask(crc32c(0, p, len + 1)) != enc_get_le32(p + len + 1))
        return damaged(r, "block checksum mismatch", h.offset);
    if (p[len] == SST_SNAPPY) {
        size_t raw;
        if (snappy_uncompressed_length((const char *)p, len, &raw) != SNAPPY_OK ||
            raw / SNAPPY_RATIO_MAX > len)
            return damaged(r, "a compressed block has an impossible length", h.offset);
        ERR_TRY(buffer_reserve(&b->arena, &b->raw, &b->raw_cap, raw));
        if (snappy_uncompress((const char *)p, len, (char *)b->raw, &raw) != SNAPPY_OK)
            return damaged(r, "a compressed block does not unpack", h.offset);
        p = b->raw;
        len = raw;
    } else if (p[len] != SST_RAW) {
        return damaged(r, "unknown compression", h.offset);
    }
    if (len < 4)
        return damaged(r, "a block is too short", h.offset);
    uint64_t restarts = enc_get_le32(p + len - 4);
    if (restarts == 0 || restarts > (len - 4) / 4)
        return damaged(r, "a block's restarts lie outside it", h.offset);
    *out = slice_make(p, len - 4 - (size_t)restarts * 4);
    return NULL;
}

static void
cursor_set(struct cursor *c, struct slice entries)
{
    c->at = entries.ptr;
    c->end = entries.ptr + entries.len;
    str_clear(&c->key);
}

static inline bool
get_length(const uint8_t **p, const uint8_t *end, uint64_t *v)
{
    if (__builtin_expect(*p < end && **p < 0x80, 1)) {
        *v = *(*p)++;
        return true;
    }
    size_t n = enc_get_uvarint(*p, (size_t)(end - *p), v);
    *p += n;
    return n > 0;
}

/* The lengths and places of the next entry; false: impossible. There is one (at < end). At most
 * key_len bytes may be shared. */
static inline bool
entry_parse(struct cursor *c, size_t key_len, size_t *shared, struct slice *rest)
{
    uint64_t s, u, v;
    const uint8_t *p = c->at;
    if (!get_length(&p, c->end, &s) || !get_length(&p, c->end, &u) || !get_length(&p, c->end, &v))
        return false;
    size_t left = (size_t)(c->end - p);
    if (s > key_len || u > left || v > left - u || s + u > KEY_MAX)
        return false;
    *shared = (size_t)s;
    *rest = slice_make(p, (size_t)u);
    c->value = slice_make(p + u, (size_t)v);
    c->at = p + u + v;
    return true;
}

/* Next entry of an index or properties block, key built in place. */
static struct error *
cursor_next(const struct sst_reader *r, struct cursor *c, bool *more)
{
    size_t shared;
    struct slice rest;
    *more = c->at < c->end;
    if (!*more)
        return NULL;
    if (!entry_parse(c, c->key.len, &shared, &rest))
        return damaged(r, "an entry of a block is damaged", 0);
    c->key.len = shared;
    str_append_slice(&c->key, rest);
    return NULL;
}

/* ---- opening ---- */

static bool
get_handle(struct slice s, struct handle *h, size_t *used)
{
    size_t n = enc_get_uvarint(s.ptr, s.len, &h->offset);
    if (n == 0)
        return false;
    size_t m = enc_get_uvarint(s.ptr + n, s.len - n, &h->size);
    *used = n + m;
    return m > 0;
}

static struct error *
read_footer(struct sst_reader *r, struct handle *metaindex)
{
    uint8_t tail[SST_FOOTER_ROCKSDB];
    if (r->src.size < SST_FOOTER_LEVELDB)
        return damaged(r, "it is too short", r->src.size);
    size_t len = r->src.size < sizeof(tail) ? (size_t)r->src.size : sizeof(tail);
    if (r->src.mem != NULL)
        memcpy(tail, r->src.mem + r->src.size - len, len);
    else
        ERR_TRY(r->src.read(r->src.arg, r->src.size - len, len, tail));
    uint64_t magic = enc_get_le64(tail + len - 8);
    struct slice handles;
    if (magic == SST_MAGIC_LEVELDB) {
        handles = slice_make(tail + len - SST_FOOTER_LEVELDB, 40);
    } else if (magic == SST_MAGIC_ROCKSDB && len == SST_FOOTER_ROCKSDB) {
        uint32_t version = enc_get_le32(tail + 41);
        if (version > 2)
            return err_unimplemented(0, "SST format version %" PRIu32 " in %s", version, r->name);
        if (tail[0] != 1)
            return err_unimplemented(0, "SST checksum type %d in %s", tail[0], r->name);
        handles = slice_make(tail + 1, 40);
    } else {
        return damaged(r, "it is not an SST file, or its end is missing", r->src.size);
    }
    size_t used, used2;
    if (!get_handle(handles, metaindex, &used) ||
        !get_handle(slice_make(handles.ptr + used, handles.len - used), &r->index, &used2))
        return damaged(r, "its footer is damaged", r->src.size);
    return NULL;
}

static bool
prop_time(struct slice v, struct hlc *ts)
{
    if (v.len != 8 && v.len != 12)
        return false;
    ts->wall = (int64_t)enc_get_be64(v.ptr);
    ts->logical = v.len == 12 ? (int32_t)enc_get_be32(v.ptr + 8) : 0;
    return ts->wall >= 0 && ts->logical >= 0;
}

static bool
prop_number(struct slice v, uint64_t *out)
{
    return enc_get_uvarint(v.ptr, v.len, out) == v.len && v.len > 0;
}

struct bounds {
    bool min, max;
};

static struct error *
take_property(struct sst_reader *r, struct slice name, struct slice v, struct bounds *b)
{
    bool good = true;
    uint64_t n;
    if (slice_eq(name, SLICE_LIT("rocksdb.num.entries"))) {
        good = r->counted = prop_number(v, &r->props.num_entries);
    } else if (slice_eq(name, SLICE_LIT("rocksdb.raw.key.size"))) {
        good = prop_number(v, &r->props.raw_key_size);
    } else if (slice_eq(name, SLICE_LIT("rocksdb.raw.value.size"))) {
        good = prop_number(v, &r->props.raw_value_size);
    } else if (slice_eq(name, SLICE_LIT(SST_PROP_TS_MIN))) {
        good = b->min = prop_time(v, &r->props.ts_min);
    } else if (slice_eq(name, SLICE_LIT(SST_PROP_TS_MAX))) {
        good = b->max = prop_time(v, &r->props.ts_max);
    } else if (slice_eq(name, SLICE_LIT("rocksdb.num.range-deletions"))) {
        good = prop_number(v, &n) && n == 0;
    } else if (slice_eq(name, SLICE_LIT("rocksdb.comparator"))) {
        if (v.len > 0 && !slice_eq(v, SLICE_LIT("cockroach_comparator")))
            return err_new(ERR_DATA_CORRUPTED, "data file %s is ordered by comparator \"%.*s\"",
                           r->name, v.len < 100 ? (int)v.len : 100, (const char *)v.ptr);
    } else if (slice_eq(name, SLICE_LIT("rocksdb.block.based.table.index.type"))) {
        if (v.len != 4 || enc_get_le32(v.ptr) != 0)
            return err_unimplemented(0, "SST index of another type in %s", r->name);
    }
    return good ? NULL : damaged(r, "a property is damaged", 0);
}

static struct error *
read_properties(struct sst_reader *r, struct handle metaindex)
{
    struct block b = {.arena = NULL};
    struct cursor c = {.at = NULL};
    struct error *err;
    struct slice entries;
    struct bounds bounds = {false, false};
    struct handle h;
    bool more, found = false;
    size_t used;
    str_init(&c.key, STR_MAX_DEFAULT);
    ERR_GOTO(block_load(r, &b, metaindex, &entries), out);
    cursor_set(&c, entries);
    for (;;) {
        ERR_GOTO(cursor_next(r, &c, &more), out);
        if (!more)
            break;
        if (!slice_eq(str_slice(&c.key), SLICE_LIT(SST_PROPERTIES)))
            continue;
        found = get_handle(c.value, &h, &used);
        break;
    }
    if (!found) {
        err = damaged(r, "it has no properties", metaindex.offset);
        goto out;
    }
    ERR_GOTO(block_load(r, &b, h, &entries), out);
    cursor_set(&c, entries);
    for (;;) {
        ERR_GOTO(cursor_next(r, &c, &more), out);
        if (!more)
            break;
        ERR_GOTO(take_property(r, str_slice(&c.key), c.value, &bounds), out);
    }
    r->props.has_bounds = bounds.min && bounds.max;
out:
    block_release(&b);
    str_release(&c.key);
    return err;
}

struct error *
sst_reader_open(const char *name, const struct sst_source *src, struct sst_reader **out)
{
    struct sst_reader *r = xcalloc(1, sizeof(*r));
    struct handle metaindex;
    r->name = xstrdup(name);
    r->src = *src;
    struct error *err;
    ERR_GOTO(read_footer(r, &metaindex), fail);
    ERR_GOTO(read_properties(r, metaindex), fail);
    ERR_GOTO(block_load(r, &r->index_block, r->index, &r->index_bytes), fail);
    *out = r;
    return NULL;
fail:
    sst_reader_close(r);
    return err;
}

void
sst_reader_close(struct sst_reader *r)
{
    if (r == NULL)
        return;
    block_release(&r->index_block);
    xfree(r->name);
    xfree(r);
}

const struct sst_props *
sst_reader_props(const struct sst_reader *r)
{
    return &r->props;
}

/* ---- iterating ---- */

static void
iter_rewind(struct sst_iter *it)
{
    cursor_set(&it->index, it->r->index_bytes);
    it->have_prev = it->have_block = it->have_held = it->done = false;
    it->from_start = true;
    it->shown = 0;
}

struct error *
sst_iter_open(struct sst_reader *r, struct sst_iter **out)
{
    struct sst_iter *it = xcalloc(1, sizeof(*it));
    it->r = r;
    str_init(&it->index.key, STR_MAX_DEFAULT);
    it->key_cap = 256;
    it->key = xmalloc(it->key_cap);
    iter_rewind(it);
    *out = it;
    return NULL;
}

void
sst_iter_close(struct sst_iter *it)
{
    if (it == NULL)
        return;
    block_release(&it->block);
    str_release(&it->index.key);
    xfree(it->key);
    xfree(it);
}

/* The MVCC key of an index entry. */
static struct error *
index_key(const struct sst_iter *it, struct slice *out)
{
    struct slice k = str_slice(&it->index.key);
    if (k.len <= SST_KEY_TRAILER)
        return damaged(it->r, "an index key is too short", it->r->index.offset);
    *out = slice_make(k.ptr, k.len - SST_KEY_TRAILER);
    return NULL;
}

/* Load the block of the index entry in hand. */
static struct error *
enter_block(struct sst_iter *it)
{
    struct handle h;
    size_t used;
    struct slice entries;
    if (!get_handle(it->index.value, &h, &used))
        return damaged(it->r, "a handle in the index is damaged", it->r->index.offset);
    ERR_TRY(block_load(it->r, &it->block, h, &entries));
    it->data.at = entries.ptr;
    it->data.end = entries.ptr + entries.len;
    it->key_len = 0;
    it->prev_rest = NULL;
    it->have_block = true;
    return NULL;
}

/* The block ended: its last key must not be behind its index key. */
static struct error *
leave_block(struct sst_iter *it)
{
    struct slice limit, key;
    struct hlc ts;
    it->have_block = false;
    if (!it->have_prev)
        return NULL;
    ERR_TRY(index_key(it, &limit));
    if (!mvcc_split(limit, &key, &ts))
        return damaged(it->r, "an index key is no MVCC key", it->r->index.offset);
    int c = slice_cmp(slice_make(it->key, it->prev_len), key);
    if (c > 0 || (c == 0 && (hlc_is_empty(ts) || hlc_cmp(it->prev_ts, ts) < 0)))
        return damaged(it->r, "the index does not fit the data", it->r->index.offset);
    return NULL;
}

/* Time and trailer of an internal key are its last bytes, at most this many. */
#define TAIL_MAX (MVCC_SUFFIX_MAX + SST_KEY_TRAILER)

/* Split an internal key of key_len bytes by its last `have` ones, which end at `end`. */
static inline bool
split_tail(const uint8_t *end, size_t have, size_t key_len, size_t *len, struct hlc *ts)
{
    if (have <= SST_KEY_TRAILER || (enc_get_le64(end - SST_KEY_TRAILER) & 0xff) != SST_TRAILER_PUT)
        return false;
    end -= SST_KEY_TRAILER + 1;
    have -= SST_KEY_TRAILER + 1;
    size_t n = *end; /* 00, wall, perhaps logical */
    if ((n != 9 && n != 13) || have < n || end[-(ptrdiff_t)n] != 0)
        return false;
    ts->wall = (int64_t)enc_get_be64(end - n + 1);
    ts->logical = n == 13 ? (int32_t)enc_get_be32(end - 4) : 0;
    *len = key_len - SST_KEY_TRAILER - 1 - n;
    return *len > 0 && ts->wall >= 0 && ts->logical >= 0 && !hlc_is_empty(*ts);
}

/* Whether the roachpb key in hand is behind (>0), equal to, or before (<0) the next one, whose bytes
 * from `shared` on are `rest`. */
static inline int
compare_to_prev(const struct sst_iter *it, size_t shared, const uint8_t *rest, size_t len)
{
    size_t old_n = it->prev_len > shared ? it->prev_len - shared : 0;
    size_t new_n = len > shared ? len - shared : 0;
    if (old_n > 0 && new_n > 0) {
        const uint8_t *old = it->prev_rest != NULL && shared >= it->prev_shared
                                 ? it->prev_rest + (shared - it->prev_shared)
                                 : it->key + shared;
        int c = *old != *rest ? *old - *rest : memcmp(old, rest, old_n < new_n ? old_n : new_n);
        if (c != 0)
            return c;
    }
    return (it->prev_len > len) - (it->prev_len < len);
}

static struct error *
next_entry(struct sst_iter *it, struct engine_version *v)
{
    struct cursor *c = &it->data;
    size_t shared, len, key_len;
    struct slice rest;
    if (__builtin_expect(!entry_parse(c, it->key_len, &shared, &rest), 0))
        return damaged(it->r, "an entry is damaged", 0);
    key_len = shared + rest.len;
    if (__builtin_expect(key_len > it->key_cap, 0)) {
        it->key_cap = key_len * 2;
        it->key = xrealloc(it->key, it->key_cap);
    }
    bool good;
    if (rest.len >= TAIL_MAX) {
        good = split_tail(rest.ptr + rest.len, rest.len, key_len, &len, &v->ts);
    } else { /* partly in the bytes shared; the key before must stay whole for the comparison */
        uint8_t tail[TAIL_MAX];
        size_t n = key_len < TAIL_MAX ? key_len : TAIL_MAX;
        memcpy(tail, it->key + key_len - n, n - rest.len);
        memcpy(tail + n - rest.len, rest.ptr, rest.len);
        good = split_tail(tail + n, n, key_len, &len, &v->ts);
    }
    if (__builtin_expect(!good, 0))
        return damaged(it->r, "an entry is no value with a timestamp", 0);
    if (it->have_prev) {
        int cmp = compare_to_prev(it, shared, rest.ptr, len);
        if (cmp > 0 || (cmp == 0 && hlc_cmp(it->prev_ts, v->ts) <= 0))
            return damaged(it->r, "keys are out of order", 0);
    }
    memcpy(it->key + shared, rest.ptr, rest.len);
    v->key = slice_make(it->key, len);
    v->value = c->value;
    it->key_len = key_len;
    it->prev_len = len;
    it->prev_ts = v->ts;
    it->prev_rest = rest.ptr;
    it->prev_shared = shared;
    it->have_prev = true;
    return NULL;
}

static struct error *
iter_end(struct sst_iter *it)
{
    it->done = true;
    if (it->from_start && it->r->counted && it->shown != it->r->props.num_entries)
        return damaged(it->r, "it has another number of entries than it says", it->r->src.size);
    return NULL;
}

struct error *
sst_iter_next(struct sst_iter *it, struct engine_version *v, bool *more)
{
    if (it->have_held) {
        it->have_held = false;
        *v = it->held;
        *more = true;
        return NULL;
    }
    while (!it->done) {
        if (it->have_block) {
            if (it->data.at < it->data.end) {
                it->shown++;
                *more = true;
                return next_entry(it, v);
            }
            ERR_TRY(leave_block(it));
        }
        bool another;
        ERR_TRY(cursor_next(it->r, &it->index, &another));
        if (another)
            ERR_TRY(enter_block(it));
        else
            ERR_TRY(iter_end(it));
    }
    *more = false;
    return NULL;
}

struct error *
sst_iter_seek(struct sst_iter *it, struct slice key)
{
    iter_rewind(it);
    if (key.len == 0)
        return NULL;
    it->from_start = false;
    struct str target;
    str_init(&target, STR_MAX_DEFAULT);
    mvcc_put_key(&target, key, HLC_MIN);
    struct error *err;
    bool more;
    for (;;) { /* the first block whose last key may be >= key */
        struct slice limit;
        ERR_GOTO(cursor_next(it->r, &it->index, &more), out);
        if (!more) {
            it->done = true;
            goto out;
        }
        ERR_GOTO(index_key(it, &limit), out);
        if (mvcc_compare(limit, str_slice(&target)) >= 0)
            break;
    }
    ERR_GOTO(enter_block(it), out);
    while (it->data.at < it->data.end && !it->have_held) {
        ERR_GOTO(next_entry(it, &it->held), out);
        it->have_held = slice_cmp(it->held.key, key) >= 0;
    }
out:
    str_release(&target);
    return err;
}
