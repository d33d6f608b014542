/* storage/sst_writer.c - writes data files as CockroachDB v20.1 does, byte for byte.
 *
 * SOURCE: RocksDB 6.2 table/block_based (flush_block_policy.cc, block_builder.cc, index_builder.h,
 * meta_blocks.cc) as v20.1 configures it; storage-notes 1. Golden: files of v20.1.5, rewritten by
 * regress/unit/test_sst.c. Bytes may differ only inside snappy's blocks, where another version of
 * the library may choose other matches.
 */
#include "config.h"

#include <snappy-c.h>

#include "base/fault.h"
#include "base/hash.h"
#include "storage/mvcc.h"
#include "storage/sst_int.h"

#define BLOCK_BYTES ((size_t)32768)
#define BLOCK_ALMOST_FULL ((size_t)29492) /* 90 %, rounded up */
#define RESTART_INTERVAL 16
#define RESTART_NEVER UINT32_MAX
#define FLUSH_BYTES ((size_t)1 << 20) /* handed to the sink at once */

/* ---- block building ---- */

struct builder {
    struct str buf;   /* entries */
    struct str last;  /* the last key; stays when the next block begins */
    size_t value_at;  /* of the last entry's value in buf */
    uint32_t *restarts;
    size_t restart_count, restart_cap;
    uint32_t interval, since_restart;
    size_t entries;
};

static void
builder_init(struct builder *b, uint32_t interval)
{
    *b = (struct builder){.interval = interval};
    str_init(&b->buf, SIZE_MAX / 2);
    str_init(&b->last, SIZE_MAX / 2);
}

static void
builder_release(struct builder *b)
{
    str_release(&b->buf);
    str_release(&b->last);
    xfree(b->restarts);
}

static void
builder_clear(struct builder *b)
{
    str_clear(&b->buf);
    str_clear(&b->last);
    b->restart_count = 0;
    b->since_restart = 0;
    b->entries = 0;
}

/* What the block would take if it ended here. */
static size_t
builder_size(const struct builder *b)
{
    size_t restarts = b->restart_count == 0 ? 1 : b->restart_count;
    return b->buf.len + restarts * 4 + 4;
}

static void
builder_restart(struct builder *b)
{
    if (b->restart_count == b->restart_cap) {
        b->restart_cap = b->restart_cap == 0 ? 64 : b->restart_cap * 2;
        b->restarts = xrealloc(b->restarts, b->restart_cap * sizeof(*b->restarts));
    }
    b->restarts[b->restart_count++] = (uint32_t)b->buf.len;
    b->since_restart = 0;
}

static size_t
common_prefix(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len, i = 0;
    while (i + 8 <= n) {
        uint64_t x = enc_get_le64(a.ptr + i) ^ enc_get_le64(b.ptr + i);
        if (x != 0)
            return i + (size_t)__builtin_ctzll(x) / 8;
        i += 8;
    }
    while (i < n && a.ptr[i] == b.ptr[i])
        i++;
    return i;
}

static void
builder_add(struct builder *b, struct slice key, struct slice value)
{
    size_t shared = 0;
    if (b->entries == 0 || b->since_restart >= b->interval)
        builder_restart(b);
    else
        shared = common_prefix(str_slice(&b->last), key);
    uint8_t head[3 * ENC_UVARINT_MAX];
    size_t n = enc_put_uvarint(head, shared);
    n += enc_put_uvarint(head + n, key.len - shared);
    n += enc_put_uvarint(head + n, value.len);
    str_append(&b->buf, head, n);
    str_append(&b->buf, key.ptr + shared, key.len - shared);
    b->value_at = b->buf.len;
    str_append_slice(&b->buf, value);
    b->last.len = shared;
    str_append(&b->last, key.ptr + shared, key.len - shared);
    b->since_restart++;
    b->entries++;
}

/* The whole contents; then only clear or release. */
static struct slice
builder_finish(struct builder *b)
{
    uint8_t x[4];
    if (b->restart_count == 0)
        builder_restart(b);
    for (size_t i = 0; i < b->restart_count; i++) {
        enc_put_le32(x, b->restarts[i]);
        str_append(&b->buf, x, 4);
    }
    enc_put_le32(x, (uint32_t)b->restart_count);
    str_append(&b->buf, x, 4);
    return str_slice(&b->buf);
}

/* ---- the writer ---- */

struct sst_writer {
    struct sst_writer_opts o;
    sst_sink_fn sink;
    void *sink_arg;
    struct str out;         /* bytes not handed to the sink yet */
    uint64_t offset;        /* of the next block in the file */
    struct builder data, index;
    struct str key;         /* internal key in hand */
    size_t last_len;        /* of the roachpb key that data.last begins with */
    struct hlc last_ts;
    bool index_due;         /* a block was written whose index entry waits for the next key */
    struct str due_key;     /* the last internal key of that block */
    uint64_t due_offset, due_size;
    uint8_t *packed;        /* snappy's output */
    size_t packed_cap;
    uint64_t entries, data_blocks, data_bytes, index_bytes;
    uint64_t key_bytes, value_bytes; /* keys as they are in the file, with times and trailers */
    uint64_t logical;
    struct hlc ts_min, ts_max;
    bool finished;
};

struct error *
sst_writer_open(const struct sst_writer_opts *o, sst_sink_fn sink, void *arg,
                struct sst_writer **out)
{
    struct sst_writer *w = xcalloc(1, sizeof(*w));
    if (o != NULL)
        w->o = *o;
    w->sink = sink;
    w->sink_arg = arg;
    str_init(&w->out, SIZE_MAX / 2);
    str_init(&w->key, SIZE_MAX / 2);
    str_init(&w->due_key, SIZE_MAX / 2);
    builder_init(&w->data, RESTART_INTERVAL);
    builder_init(&w->index, 1);
    *out = w;
    return NULL;
}

void
sst_writer_close(struct sst_writer *w)
{
    if (w == NULL)
        return;
    builder_release(&w->data);
    builder_release(&w->index);
    str_release(&w->out);
    str_release(&w->key);
    str_release(&w->due_key);
    xfree(w->packed);
    xfree(w);
}

uint64_t
sst_writer_entries(const struct sst_writer *w)
{
    return w->entries;
}

uint64_t
sst_writer_bytes(const struct sst_writer *w)
{
    return w->logical;
}

static struct error *
drain(struct sst_writer *w)
{
    FAULT_TRY(sst_write);
    struct slice s = str_slice(&w->out);
    ERR_TRY(w->sink(w->sink_arg, s.ptr, s.len));
    str_clear(&w->out);
    return NULL;
}

/* Append a block with its trailer; *offset and *size are its handle. */
static struct error *
write_block(struct sst_writer *w, struct slice raw, bool may_compress, uint64_t *offset,
            uint64_t *size)
{
    uint8_t trailer[SST_BLOCK_TRAILER] = {SST_RAW};
    struct slice body = raw;
    if (may_compress && !w->o.no_compression) {
        size_t n = snappy_max_compressed_length(raw.len);
        if (n > w->packed_cap) {
            w->packed = xrealloc(w->packed, n);
            w->packed_cap = n;
        }
        n = w->packed_cap;
        VERIFY(snappy_compress((const char *)raw.ptr, raw.len, (char *)w->packed, &n) == SNAPPY_OK);
        if (n < raw.len - raw.len / 8) {
            body = slice_make(w->packed, n);
            trailer[0] = SST_SNAPPY;
        }
    }
    uint32_t crc = crc32c(crc32c(0, body.ptr, body.len), trailer, 1);
    enc_put_le32(trailer + 1, sst_crc_mask(crc));
    *offset = w->offset;
    *size = body.len;
    str_append_slice(&w->out, body);
    str_append(&w->out, trailer, sizeof(trailer));
    w->offset += body.len + sizeof(trailer);
    return w->out.len >= FLUSH_BYTES ? drain(w) : NULL;
}

static size_t
put_handle(uint8_t out[2 * ENC_UVARINT_MAX], uint64_t offset, uint64_t size)
{
    size_t n = enc_put_uvarint(out, offset);
    return n + enc_put_uvarint(out + n, size);
}

/* The index entry of the block before: a short key between its last and the next one (NULL: none
 * follows). */
static void
add_index(struct sst_writer *w, const struct slice *next)
{
    if (!w->index_due)
        return;
    w->index_due = false;
    uint8_t handle[2 * ENC_UVARINT_MAX];
    size_t handle_len = put_handle(handle, w->due_offset, w->due_size);
    struct slice last = slice_make(w->due_key.ptr, w->due_key.len - SST_KEY_TRAILER);
    struct str shorter;
    str_init(&shorter, SIZE_MAX / 2);
    str_append_fill(&shorter, 0, last.len + SST_KEY_TRAILER);
    uint8_t *p = (uint8_t *)shorter.ptr;
    size_t n = next == NULL
                   ? mvcc_successor(last, p)
                   : mvcc_separator(last, slice_make(next->ptr, next->len - SST_KEY_TRAILER), p);
    struct slice key = str_slice(&w->due_key);
    if (n > 0) {
        enc_put_le64(p + n, SST_TRAILER_SEEK);
        key = slice_make(p, n + SST_KEY_TRAILER);
    }
    builder_add(&w->index, key, slice_make(handle, handle_len));
    str_release(&shorter);
}

static struct error *
flush_data(struct sst_writer *w)
{
    str_clear(&w->due_key);
    str_append_slice(&w->due_key, str_slice(&w->data.last));
    struct slice raw = builder_finish(&w->data);
    ERR_TRY(write_block(w, raw, true, &w->due_offset, &w->due_size));
    w->data_blocks++;
    w->data_bytes += w->due_size + SST_BLOCK_TRAILER;
    w->index_due = true;
    builder_clear(&w->data);
    return NULL;
}

static size_t
uvarint_len(uint64_t v)
{
    return v < 0x80 ? 1 : (size_t)(63 - __builtin_clzll(v)) / 7 + 1;
}

/* SOURCE: FlushBlockBySizePolicy: full, or almost full and the next entry would not fit. */
static bool
block_is_full(const struct builder *b, struct slice key, struct slice value)
{
    if (b->entries == 0)
        return false;
    size_t size = builder_size(b);
    if (size >= BLOCK_BYTES)
        return true;
    size_t after = size + key.len + value.len + (b->since_restart >= b->interval ? 4 : 0) + 4 +
                   uvarint_len(key.len) + uvarint_len(value.len);
    return after > BLOCK_BYTES && size > BLOCK_ALMOST_FULL;
}

bool
sst_writer_takes(const struct sst_writer *w, struct slice key, struct hlc ts)
{
    if (w->entries == 0)
        return true;
    int c = slice_cmp(slice_make(w->data.last.ptr, w->last_len), key);
    return c < 0 || (c == 0 && hlc_cmp(w->last_ts, ts) > 0);
}

static struct error *
check_order(const struct sst_writer *w, struct slice key, struct hlc ts)
{
    VERIFY(!w->finished && key.len > 0 && !hlc_is_empty(ts));
    if (!sst_writer_takes(w, key, ts))
        return err_new(ERR_INTERNAL, "keys of a data file must be added in order");
    return NULL;
}

/* The key as it is in the file. */
static struct slice
internal_key(struct str *out, struct slice key, struct hlc ts)
{
    uint8_t tail[MVCC_SUFFIX_MAX + SST_KEY_TRAILER];
    size_t tail_len = mvcc_put_suffix(tail, ts);
    enc_put_le64(tail + tail_len, SST_TRAILER_PUT);
    out->len = 0;
    str_append_slice(out, key);
    str_append(out, tail, tail_len + SST_KEY_TRAILER);
    return str_slice(out);
}

static inline void
count_entry(struct sst_writer *w, const struct engine_version *v)
{
    if (w->entries == 0 || hlc_cmp(v->ts, w->ts_min) < 0)
        w->ts_min = v->ts;
    if (w->entries == 0 || hlc_cmp(v->ts, w->ts_max) > 0)
        w->ts_max = v->ts;
    w->entries++;
    w->key_bytes += v->key.len + (v->ts.logical != 0 ? MVCC_SUFFIX_MAX : MVCC_SUFFIX_MAX - 4) +
                    SST_KEY_TRAILER;
    w->value_bytes += v->value.len;
    w->logical += v->key.len + v->value.len;
}

struct error *
sst_writer_add(struct sst_writer *w, struct slice key, struct hlc ts, struct slice value)
{
    ERR_TRY(check_order(w, key, ts));
    struct slice internal = internal_key(&w->key, key, ts);
    if (block_is_full(&w->data, internal, value))
        ERR_TRY(flush_data(w));
    add_index(w, &internal);
    builder_add(&w->data, internal, value);
    w->last_len = key.len;
    w->last_ts = ts;
    count_entry(w, &(struct engine_version){key, ts, value});
    return NULL;
}

uint8_t *
sst_writer_value(struct sst_writer *w)
{
    return (uint8_t *)w->data.buf.ptr + w->data.value_at;
}

struct error *
sst_writer_add_block(struct sst_writer *w, const struct engine_version *v, size_t n,
                     struct slice block)
{
    VERIFY(n > 0 && block.len > SST_BLOCK_TRAILER);
    ERR_TRY(check_order(w, v[0].key, v[0].ts));
    if (w->data.entries > 0)
        ERR_TRY(flush_data(w));
    struct slice internal = internal_key(&w->key, v[0].key, v[0].ts);
    add_index(w, &internal);
    internal_key(&w->data.last, v[n - 1].key, v[n - 1].ts);
    str_clear(&w->due_key);
    str_append_slice(&w->due_key, str_slice(&w->data.last));
    w->due_offset = w->offset;
    w->due_size = block.len - SST_BLOCK_TRAILER;
    w->index_due = true;
    str_append_slice(&w->out, block);
    w->offset += block.len;
    w->data_blocks++;
    w->data_bytes += block.len;
    for (size_t i = 0; i < n; i++)
        count_entry(w, &v[i]);
    w->last_len = v[n - 1].key.len;
    w->last_ts = v[n - 1].ts;
    return w->out.len >= FLUSH_BYTES ? drain(w) : NULL;
}

/* ---- properties ---- */

static void
prop_bytes(struct builder *b, const char *name, struct slice v)
{
    builder_add(b, slice_cstr(name), v);
}

static void
prop_text(struct builder *b, const char *name, const char *v)
{
    prop_bytes(b, name, slice_cstr(v));
}

static void
prop_number(struct builder *b, const char *name, uint64_t v)
{
    uint8_t x[ENC_UVARINT_MAX];
    size_t n = enc_put_uvarint(x, v);
    prop_bytes(b, name, slice_make(x, n));
}

static void
prop_time(struct builder *b, const char *name, struct hlc ts)
{
    uint8_t suffix[MVCC_SUFFIX_MAX];
    size_t n = mvcc_put_suffix(suffix, ts);
    prop_bytes(b, name, n > 2 ? slice_make(suffix + 1, n - 2) : SLICE_NULL);
}

/* In byte order of the names. */
static void
add_properties(const struct sst_writer *w, struct builder *b)
{
    static const uint8_t zeros[8], two[4] = {2};
    prop_time(b, SST_PROP_TS_MAX, w->ts_max);
    prop_time(b, SST_PROP_TS_MIN, w->ts_min);
    prop_bytes(b, "rocksdb.block.based.table.index.type", slice_make(zeros, 4));
    prop_text(b, "rocksdb.block.based.table.prefix.filtering", "0");
    prop_text(b, "rocksdb.block.based.table.whole.key.filtering", "0");
    prop_number(b, "rocksdb.column.family.id", INT32_MAX);
    prop_text(b, "rocksdb.comparator", "cockroach_comparator");
    prop_text(b, "rocksdb.compression", w->o.no_compression ? "NoCompression" : "Snappy");
    prop_text(b, "rocksdb.compression_options",
              "window_bits=-14; level=32767; strategy=0; max_dict_bytes=0; "
              "zstd_max_train_bytes=0; enabled=0; ");
    prop_number(b, "rocksdb.creation.time", 0);
    prop_number(b, "rocksdb.data.size", w->data_bytes);
    prop_number(b, "rocksdb.deleted.keys", 0);
    prop_bytes(b, "rocksdb.external_sst_file.global_seqno", slice_make(zeros, 8));
    prop_bytes(b, "rocksdb.external_sst_file.version", slice_make(two, 4));
    prop_number(b, "rocksdb.filter.size", 0);
    prop_number(b, "rocksdb.fixed.key.length", 0);
    prop_number(b, "rocksdb.format.version", 0);
    prop_number(b, "rocksdb.index.key.is.user.key", 0);
    prop_number(b, "rocksdb.index.size", w->index_bytes);
    prop_number(b, "rocksdb.index.value.is.delta.encoded", 0);
    prop_number(b, "rocksdb.merge.operands", 0);
    prop_text(b, "rocksdb.merge.operator", "nullptr");
    prop_number(b, "rocksdb.num.data.blocks", w->data_blocks);
    prop_number(b, "rocksdb.num.entries", w->entries);
    prop_number(b, "rocksdb.num.range-deletions", 0);
    prop_number(b, "rocksdb.oldest.key.time", 0);
    prop_text(b, "rocksdb.prefix.extractor.name", "nullptr");
    prop_text(b, "rocksdb.property.collectors",
              "[TimeBoundTblPropCollectorFactory,DeleteRangeTblPropCollectorFactory]");
    prop_number(b, "rocksdb.raw.key.size", w->key_bytes);
    prop_number(b, "rocksdb.raw.value.size", w->value_bytes);
}

static struct error *
finish_meta(struct sst_writer *w, uint64_t *offset, uint64_t *size)
{
    struct builder props, meta;
    builder_init(&props, RESTART_NEVER);
    builder_init(&meta, 1);
    add_properties(w, &props);
    struct error *err = write_block(w, builder_finish(&props), false, offset, size);
    if (err == NULL) {
        uint8_t handle[2 * ENC_UVARINT_MAX];
        size_t n = put_handle(handle, *offset, *size);
        builder_add(&meta, SLICE_LIT(SST_PROPERTIES), slice_make(handle, n));
        err = write_block(w, builder_finish(&meta), false, offset, size);
    }
    builder_release(&props);
    builder_release(&meta);
    return err;
}

struct error *
sst_writer_finish(struct sst_writer *w)
{
    VERIFY(!w->finished);
    w->finished = true;
    if (w->data.entries > 0)
        ERR_TRY(flush_data(w));
    add_index(w, NULL);
    struct slice index = builder_finish(&w->index);
    w->index_bytes = index.len + SST_BLOCK_TRAILER;
    uint64_t index_offset, index_size, meta_offset, meta_size;
    ERR_TRY(write_block(w, index, true, &index_offset, &index_size));
    ERR_TRY(finish_meta(w, &meta_offset, &meta_size));
    uint8_t footer[SST_FOOTER_LEVELDB] = {0};
    size_t n = put_handle(footer, meta_offset, meta_size);
    put_handle(footer + n, index_offset, index_size);
    enc_put_le64(footer + 40, SST_MAGIC_LEVELDB);
    str_append(&w->out, footer, sizeof(footer));
    return drain(w);
}
