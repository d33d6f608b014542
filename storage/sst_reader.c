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
/* A fuzzer would never find bytes with the right checksum. */
#ifdef AMBERDB_FUZZ
#define CHECKSUMS_COUNT 0
#else
#define CHECKSUMS_COUNT 1
#endif

struct sst_iter {
    struct sst_reader *r;
    struct sst_block block;
    struct sst_cursor index, data; /* data.key is not used: the key is here */
    struct slice limit;    /* the index entry in hand: no key of its block is behind this one */
    struct sst_handle handle;
    uint8_t *key;          /* internal key shown last; stays over the end of its block */
    size_t key_cap;
    size_t key_len;        /* how much of it the next entry may share: 0 at the start of a block */
    size_t prev_len;       /* of the roachpb key in it */
    struct hlc prev_ts;
    const uint8_t *prev_rest; /* in the block: what followed the prev_shared bytes of it */
    size_t prev_shared;
    struct engine_version held; /* found by a seek, not shown yet */
    bool have_prev, have_block, have_held, done, from_start;
    bool same; /* as the key before */
    uint64_t shown;
};

struct error *
sst_damaged(const struct sst_reader *r, const char *what, uint64_t offset)
{
    return err_new(ERR_DATA_CORRUPTED, "data file %s is damaged: %s (offset %" PRIu64 ")", r->name,
                   what, offset);
}

/* ---- blocks ---- */

void
sst_block_release(struct sst_block *b)
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
source_bytes(const struct sst_reader *r, struct sst_block *b, uint64_t offset, size_t len,
             const uint8_t **out)
{
    if (r->src.mem != NULL) {
        *out = r->src.mem + offset;
        return NULL;
    }
    if (offset < b->window_offset || offset + len > b->window_offset + b->window_len) {
        size_t most = b->window_bytes > 0 ? b->window_bytes : WINDOW_BYTES;
        size_t n = len > most ? len : most;
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

struct error *
sst_block_read(const struct sst_reader *r, struct sst_block *b, struct sst_handle h,
               struct slice *out, uint8_t *type)
{
    FAULT_TRY(sst_read);
    if (h.offset > r->src.size || h.size > r->src.size - h.offset ||
        r->src.size - h.offset - h.size < SST_BLOCK_TRAILER)
        return sst_damaged(r, "a block lies outside the file", h.offset);
    const uint8_t *p;
    size_t len = (size_t)h.size;
    ERR_TRY(source_bytes(r, b, h.offset, len + SST_BLOCK_TRAILER, &p));
    if (CHECKSUMS_COUNT && sst_crc_mask(crc32c(0, p, len + 1)) != enc_get_le32(p + len + 1))
        return sst_damaged(r, "block checksum mismatch", h.offset);
    *out = slice_make(p, len);
    *type = p[len];
    return NULL;
}

struct error *
sst_block_length(const struct sst_reader *r, struct sst_handle h, struct slice packed, uint8_t type,
                 size_t *len)
{
    *len = packed.len;
    if (type == SST_SNAPPY) {
        if (snappy_uncompressed_length((const char *)packed.ptr, packed.len, len) != SNAPPY_OK ||
            *len / SNAPPY_RATIO_MAX > packed.len)
            return sst_damaged(r, "a compressed block has an impossible length", h.offset);
    } else if (type != SST_RAW) {
        return sst_damaged(r, "unknown compression", h.offset);
    }
    return NULL;
}

struct error *
sst_block_unpack(const struct sst_reader *r, struct sst_handle h, struct slice packed, uint8_t type,
                 uint8_t *out, size_t len)
{
    if (type == SST_RAW) {
        memcpy(out, packed.ptr, len);
        return NULL;
    }
    if (snappy_uncompress((const char *)packed.ptr, packed.len, (char *)out, &len) != SNAPPY_OK)
        return sst_damaged(r, "a compressed block does not unpack", h.offset);
    return NULL;
}

struct error *
sst_block_entries(const struct sst_reader *r, struct sst_handle h, struct slice raw,
                  struct slice *out)
{
    if (raw.len < 4)
        return sst_damaged(r, "a block is too short", h.offset);
    uint64_t restarts = enc_get_le32(raw.ptr + raw.len - 4);
    if (restarts == 0 || restarts > (raw.len - 4) / 4)
        return sst_damaged(r, "a block's restarts lie outside it", h.offset);
    *out = slice_make(raw.ptr, raw.len - 4 - (size_t)restarts * 4);
    return NULL;
}

/* The entries of a block, checked and unpacked; borrowed from b until its next use. */
static struct error *
block_load(const struct sst_reader *r, struct sst_block *b, struct sst_handle h, struct slice *out)
{
    struct slice p;
    uint8_t type;
    size_t len;
    ERR_TRY(sst_block_read(r, b, h, &p, &type));
    ERR_TRY(sst_block_length(r, h, p, type, &len));
    if (type != SST_RAW) {
        ERR_TRY(buffer_reserve(&b->arena, &b->raw, &b->raw_cap, len));
        ERR_TRY(sst_block_unpack(r, h, p, type, b->raw, len));
        p = slice_make(b->raw, len);
    }
    return sst_block_entries(r, h, p, out);
}

void
sst_cursor_set(struct sst_cursor *c, struct slice entries)
{
    c->at = entries.ptr;
    c->end = entries.ptr + entries.len;
    str_clear(&c->key);
}

/* Next entry of an index or properties block, key built in place. */
static struct error *
cursor_next(const struct sst_reader *r, struct sst_cursor *c, bool *more)
{
    size_t shared;
    struct slice rest;
    *more = c->at < c->end;
    if (!*more)
        return NULL;
    if (!sst_entry_parse(c, c->key.len, &shared, &rest))
        return sst_damaged(r, "an entry of a block is damaged", 0);
    c->key.len = shared;
    str_append_slice(&c->key, rest);
    return NULL;
}

/* ---- opening ---- */

static bool
get_handle(struct slice s, struct sst_handle *h, size_t *used)
{
    size_t n = enc_get_uvarint(s.ptr, s.len, &h->offset);
    if (n == 0)
        return false;
    size_t m = enc_get_uvarint(s.ptr + n, s.len - n, &h->size);
    *used = n + m;
    return m > 0;
}

struct error *
sst_index_next(const struct sst_reader *r, struct sst_cursor *c, struct slice *key,
               struct sst_handle *h, bool *more)
{
    size_t used;
    *more = c->at < c->end;
    if (!*more)
        return NULL;
    if (r->index_bare_values) {
        /* The library writes every entry whole, as restarts are one apart. */
        uint64_t shared, unshared;
        const uint8_t *p = c->at;
        if (!sst_get_length(&p, c->end, &shared) || !sst_get_length(&p, c->end, &unshared) ||
            shared != 0 || unshared > (size_t)(c->end - p) || unshared > SST_KEY_MAX ||
            !get_handle(slice_make(p + unshared, (size_t)(c->end - p) - unshared), h, &used))
            return sst_damaged(r, "an entry of the index is damaged", r->index.offset);
        str_clear(&c->key);
        str_append(&c->key, p, unshared);
        c->at = p + unshared + used;
    } else {
        ERR_TRY(cursor_next(r, c, more));
        if (!get_handle(c->value, h, &used))
            return sst_damaged(r, "a handle in the index is damaged", r->index.offset);
    }
    *key = str_slice(&c->key);
    if (!r->index_user_keys) {
        if (key->len <= SST_KEY_TRAILER)
            return sst_damaged(r, "an index key is too short", r->index.offset);
        key->len -= SST_KEY_TRAILER;
    }
    return NULL;
}

static struct error *
read_footer(struct sst_reader *r, struct sst_handle *metaindex)
{
    uint8_t tail[SST_FOOTER_ROCKSDB];
    if (r->src.size < SST_FOOTER_LEVELDB)
        return sst_damaged(r, "it is too short", r->src.size);
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
        if (version > 5)
            return err_unimplemented(0, "SST format version %" PRIu32 " in %s", version, r->name);
        if (tail[0] != 1)
            return err_unimplemented(0, "SST checksum type %d in %s", tail[0], r->name);
        handles = slice_make(tail + 1, 40);
    } else {
        return sst_damaged(r, "it is not an SST file, or its end is missing", r->src.size);
    }
    size_t used, used2;
    if (!get_handle(handles, metaindex, &used) ||
        !get_handle(slice_make(handles.ptr + used, handles.len - used), &r->index, &used2))
        return sst_damaged(r, "its footer is damaged", r->src.size);
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
    uint64_t n = 0;
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
    } else if (slice_eq(name, SLICE_LIT("rocksdb.index.key.is.user.key"))) {
        good = prop_number(v, &n);
        r->index_user_keys = n != 0;
    } else if (slice_eq(name, SLICE_LIT("rocksdb.index.value.is.delta.encoded"))) {
        good = prop_number(v, &n);
        r->index_bare_values = n != 0;
    } else if (slice_eq(name, SLICE_LIT("rocksdb.external_sst_file.version"))) {
        good = v.len == 4;
        r->props.one_sequence = good && enc_get_le32(v.ptr) >= 2;
    } else if (slice_eq(name, SLICE_LIT("rocksdb.compression"))) {
        r->props.compression_known = slice_eq(v, SLICE_LIT("Snappy")) ||
                                     slice_eq(v, SLICE_LIT("NoCompression"));
    } else if (slice_eq(name, SLICE_LIT("rocksdb.comparator"))) {
        if (v.len > 0 && !slice_eq(v, SLICE_LIT("cockroach_comparator")))
            return err_new(ERR_DATA_CORRUPTED, "data file %s is ordered by comparator \"%.*s\"",
                           r->name, v.len < 100 ? (int)v.len : 100, (const char *)v.ptr);
    } else if (slice_eq(name, SLICE_LIT("rocksdb.block.based.table.index.type"))) {
        if (v.len != 4 || enc_get_le32(v.ptr) != 0)
            return err_unimplemented(0, "SST index of another type in %s", r->name);
    }
    return good ? NULL : sst_damaged(r, "a property is damaged", 0);
}

static struct error *
read_properties(struct sst_reader *r, struct sst_handle metaindex)
{
    struct sst_block b = {.arena = NULL};
    struct sst_cursor c = {.at = NULL};
    struct error *err;
    struct slice entries;
    struct bounds bounds = {false, false};
    struct sst_handle h;
    bool more, found = false;
    size_t used;
    str_init(&c.key, STR_MAX_DEFAULT);
    ERR_GOTO(block_load(r, &b, metaindex, &entries), out);
    sst_cursor_set(&c, entries);
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
        err = sst_damaged(r, "it has no properties", metaindex.offset);
        goto out;
    }
    ERR_GOTO(block_load(r, &b, h, &entries), out);
    sst_cursor_set(&c, entries);
    for (;;) {
        ERR_GOTO(cursor_next(r, &c, &more), out);
        if (!more)
            break;
        ERR_GOTO(take_property(r, str_slice(&c.key), c.value, &bounds), out);
    }
    r->props.has_bounds = bounds.min && bounds.max;
out:
    sst_block_release(&b);
    str_release(&c.key);
    return err;
}

struct error *
sst_reader_open(const char *name, const struct sst_source *src, struct sst_reader **out)
{
    struct sst_reader *r = xcalloc(1, sizeof(*r));
    struct sst_handle metaindex;
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
    sst_block_release(&r->index_block);
    xfree((void *)(uintptr_t)r->starts);
    xfree(r->name);
    xfree(r);
}

const struct sst_props *
sst_reader_props(const struct sst_reader *r)
{
    return &r->props;
}

/* ---- the index by halving ---- */

struct error *
sst_reader_index(struct sst_reader *r)
{
    struct sst_cursor c = {.at = NULL};
    struct sst_handle h;
    struct slice key;
    struct error *err;
    size_t cap = 0;
    bool more = true;
    str_init(&c.key, STR_MAX_DEFAULT);
    sst_cursor_set(&c, r->index_bytes);
    for (;;) {
        const uint8_t *at = c.at;
        ERR_GOTO(sst_index_next(r, &c, &key, &h, &more), out);
        if (!more || *at != 0) /* an entry that shares bytes with the one before cannot be met alone */
            break;
        if (r->n_starts == cap) {
            cap = cap == 0 ? 1024 : 2 * cap;
            r->starts = xrealloc((void *)(uintptr_t)r->starts, cap * sizeof(*r->starts));
        }
        r->starts[r->n_starts++] = at;
    }
    if (more) {
        xfree((void *)(uintptr_t)r->starts);
        r->starts = NULL;
        r->n_starts = 0;
    }
out:
    str_release(&c.key);
    return err;
}

struct error *
sst_index_skip(const struct sst_reader *r, struct sst_cursor *c, struct slice target, bool before)
{
    struct sst_handle h;
    struct slice key;
    size_t lo = 0, hi = r->n_starts;
    bool more;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        c->at = r->starts[mid];
        str_clear(&c->key);
        ERR_TRY(sst_index_next(r, c, &key, &h, &more));
        if (mvcc_compare(key, target) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (before && lo > 0)
        lo--;
    c->at = lo < r->n_starts ? r->starts[lo] : c->end;
    str_clear(&c->key);
    return NULL;
}

/* ---- iterating ---- */

static void
iter_rewind(struct sst_iter *it)
{
    sst_cursor_set(&it->index, it->r->index_bytes);
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
    sst_block_release(&it->block);
    str_release(&it->index.key);
    xfree(it->key);
    xfree(it);
}

/* Load the block of the index entry in hand. */
static struct error *
enter_block(struct sst_iter *it)
{
    struct slice entries;
    ERR_TRY(block_load(it->r, &it->block, it->handle, &entries));
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
    struct slice key;
    struct hlc ts;
    it->have_block = false;
    if (!it->have_prev)
        return NULL;
    if (!mvcc_split(it->limit, &key, &ts))
        return sst_damaged(it->r, "an index key is no MVCC key", it->r->index.offset);
    int c = slice_cmp(slice_make(it->key, it->prev_len), key);
    if (c > 0 || (c == 0 && (hlc_is_empty(ts) || hlc_cmp(it->prev_ts, ts) < 0)))
        return sst_damaged(it->r, "the index does not fit the data", it->r->index.offset);
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
    struct sst_cursor *c = &it->data;
    size_t shared, len, key_len;
    struct slice rest;
    if (__builtin_expect(!sst_entry_parse(c, it->key_len, &shared, &rest), 0))
        return sst_damaged(it->r, "an entry is damaged", 0);
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
        return sst_damaged(it->r, "an entry is no value with a timestamp", 0);
    it->same = false;
    if (it->have_prev) {
        int cmp = compare_to_prev(it, shared, rest.ptr, len);
        if (cmp > 0 || (cmp == 0 && hlc_cmp(it->prev_ts, v->ts) <= 0))
            return sst_damaged(it->r, "keys are out of order", 0);
        it->same = cmp == 0;
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
        return sst_damaged(it->r, "it has another number of entries than it says", it->r->src.size);
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
        ERR_TRY(sst_index_next(it->r, &it->index, &it->limit, &it->handle, &another));
        if (another)
            ERR_TRY(enter_block(it));
        else
            ERR_TRY(iter_end(it));
    }
    *more = false;
    return NULL;
}

bool
sst_iter_same_key(const struct sst_iter *it)
{
    return it->same;
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
    if (it->r->n_starts > 0)
        ERR_GOTO(sst_index_skip(it->r, &it->index, str_slice(&target), false), out);
    for (;;) { /* the first block whose last key may be >= key */
        ERR_GOTO(sst_index_next(it->r, &it->index, &it->limit, &it->handle, &more), out);
        if (!more) {
            it->done = true;
            goto out;
        }
        if (mvcc_compare(it->limit, str_slice(&target)) >= 0)
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

/* ---- backwards ---- */

struct error *
sst_reader_before(const struct sst_reader *r, struct slice key, struct str *out)
{
    struct sst_cursor c = {.at = NULL};
    struct sst_handle h;
    struct slice limit, user;
    struct hlc ts;
    struct str target;
    struct error *err = NULL;
    bool more;
    str_init(&c.key, STR_MAX_DEFAULT);
    sst_cursor_set(&c, r->index_bytes);
    if (r->n_starts > 0) {
        str_init(&target, STR_MAX_DEFAULT);
        mvcc_put_key(&target, key, HLC_MIN);
        err = sst_index_skip(r, &c, str_slice(&target), true);
        str_release(&target);
        if (err != NULL)
            goto out;
    }
    for (;;) { /* the last key of the last block that ends before `key` */
        ERR_GOTO(sst_index_next(r, &c, &limit, &h, &more), out);
        if (!more)
            break;
        if (!mvcc_split(limit, &user, &ts)) {
            err = sst_damaged(r, "an index key is no MVCC key", r->index.offset);
            break;
        }
        if (slice_cmp(user, key) >= 0)
            break;
        str_clear(out);
        str_append_slice(out, user);
    }
out:
    str_release(&c.key);
    return err;
}

/* ---- parting ---- */

static struct error *
count_blocks(const struct sst_reader *r, size_t *n)
{
    struct sst_cursor c = {.at = NULL};
    struct sst_handle h;
    struct slice limit;
    struct error *err;
    bool more = true;
    *n = 0;
    str_init(&c.key, STR_MAX_DEFAULT);
    sst_cursor_set(&c, r->index_bytes);
    while ((err = sst_index_next(r, &c, &limit, &h, &more)) == NULL && more)
        (*n)++;
    str_release(&c.key);
    return err;
}

struct error *
sst_reader_cuts(const struct sst_reader *r, struct arena *a, size_t pieces, struct slice **out, size_t *n)
{
    struct sst_cursor c = {.at = NULL};
    struct sst_handle h;
    struct slice limit, user;
    struct hlc ts;
    struct error *err = NULL;
    size_t blocks;
    bool more = true;
    *n = 0;
    ERR_TRY(count_blocks(r, &blocks));
    if (pieces > blocks)
        pieces = blocks;
    *out = ARENA_ARRAY(a, struct slice, pieces + 1);
    str_init(&c.key, STR_MAX_DEFAULT);
    sst_cursor_set(&c, r->index_bytes);
    for (size_t i = 1; i < blocks; i++) {
        ERR_GOTO(sst_index_next(r, &c, &limit, &h, &more), out);
        if (!more)
            break;
        if (i * pieces / blocks == (i - 1) * pieces / blocks)
            continue;
        if (!mvcc_split(limit, &user, &ts)) {
            err = sst_damaged(r, "an index key is no MVCC key", r->index.offset);
            break;
        }
        if (*n == 0 || slice_cmp(user, (*out)[*n - 1]) > 0)
            (*out)[(*n)++] = slice_dup(a, user);
    }
out:
    str_release(&c.key);
    return err;
}
