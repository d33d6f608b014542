/* storage/sst_int.h - what the reader and the writer of SST files both know.
 *
 * SOURCE: backup-format 6, storage-notes 1:
 *
 *   data blocks | index block | properties block | metaindex block | footer
 *   block  = contents | type, 1 byte: 00 raw, 01 snappy | masked CRC-32C of both, LE 4
 *   entry  = uvarint shared | uvarint unshared | uvarint value length | key rest | value
 *   block's end = restart offsets, LE 4 each | their count, LE 4
 *   key in data and index blocks = MVCC key | LE 8: sequence << 8 | kind
 *   footer = metaindex handle | index handle | zeros to 40 bytes | magic, 8
 *   RocksDB's other footer = checksum type, 1 | handles, zeros to 40 | version, LE 4 | magic, 8
 *   from version 3 on index keys may be without trailers, from 4 on index entries without the length
 *   of the value: properties say so (RocksDB 7.8 table/format.h, table/block_based/block.cc)
 */
#ifndef AMBERDB_STORAGE_SST_INT_H
#define AMBERDB_STORAGE_SST_INT_H

#include "base/enc.h"
#include "storage/sst.h"

#define SST_MAGIC_LEVELDB UINT64_C(0xdb4775248b80fb57)
#define SST_MAGIC_ROCKSDB UINT64_C(0x88e241b785f4cff7)
#define SST_FOOTER_LEVELDB 48
#define SST_FOOTER_ROCKSDB 53
#define SST_BLOCK_TRAILER 5
#define SST_KEY_TRAILER 8
#define SST_TRAILER_PUT UINT64_C(1)                       /* sequence 0, kind Put */
#define SST_TRAILER_SEEK ((((UINT64_C(1) << 56) - 1) << 8) | 0x11) /* of a shortened index key */

#define SST_PROPERTIES "rocksdb.properties"
#define SST_PROP_TS_MIN "crdb.ts.min"
#define SST_PROP_TS_MAX "crdb.ts.max"

enum sst_compression {
    SST_RAW = 0,
    SST_SNAPPY = 1,
};

static inline uint32_t
sst_crc_mask(uint32_t crc)
{
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

/* ---- inside the readers ---- */

/* Longer than any key of ours: the key buffers never grow past it. */
#define SST_KEY_MAX ((size_t)64 << 20)

struct sst_handle {
    uint64_t offset, size; /* size without the trailer */
};

/* Bytes of one block, ready to read. */
struct sst_block {
    struct arena *arena; /* of the buffers; made when needed */
    uint8_t *raw;        /* for snappy's output */
    size_t raw_cap;
    uint8_t *window;     /* read from the source */
    size_t window_bytes; /* at a time; 0: as for a walk forward */
    size_t window_cap;
    uint64_t window_offset;
    size_t window_len;
    struct arena *window_arena;
};

/* A walk through the entries of a block. */
struct sst_cursor {
    const uint8_t *at, *end; /* end: where the restarts begin */
    struct str key;
    struct slice value;
};

struct sst_reader {
    char *name;
    struct sst_source src;
    struct sst_props props;
    struct sst_handle index;
    struct sst_block index_block;
    struct slice index_bytes; /* entries of the index block, without restarts */
    bool counted;             /* the file says how many entries it has */
    const uint8_t **starts;   /* of the index's entries, each whole; NULL: not known */
    size_t n_starts;
    /* RocksDB's format versions 3 and 4: index keys without trailers, index values without lengths. */
    bool index_user_keys, index_bare_values;
};

struct error *sst_damaged(const struct sst_reader *r, const char *what, uint64_t offset)
    ERR_MUST_USE;
/* A block's bytes as they are in the file, their checksum verified; *type is its compression. Borrowed
 * from b until its next use. */
struct error *sst_block_read(const struct sst_reader *r, struct sst_block *b, struct sst_handle h,
                             struct slice *out, uint8_t *type) ERR_MUST_USE;
/* How long those are when unpacked; an impossible length is an error. */
struct error *sst_block_length(const struct sst_reader *r, struct sst_handle h, struct slice packed,
                               uint8_t type, size_t *len) ERR_MUST_USE;
/* Unpack to exactly that length. */
struct error *sst_block_unpack(const struct sst_reader *r, struct sst_handle h,
                               struct slice packed, uint8_t type, uint8_t *out, size_t len)
    ERR_MUST_USE;
/* The entries of an unpacked block, without the restarts. */
struct error *sst_block_entries(const struct sst_reader *r, struct sst_handle h, struct slice raw,
                                struct slice *out) ERR_MUST_USE;
void sst_block_release(struct sst_block *b);

/* Walk the index: each entry's key, without trailer, and where its block is. */
void sst_cursor_set(struct sst_cursor *c, struct slice entries);
struct error *sst_index_next(const struct sst_reader *r, struct sst_cursor *c, struct slice *key,
                             struct sst_handle *h, bool *more) ERR_MUST_USE;

/* Move the cursor to the first entry of the index whose key is >= target, or to the one before. Its key is
 * found by the next step. After sst_reader_index, and where there are starts. */
struct error *sst_index_skip(const struct sst_reader *r, struct sst_cursor *c, struct slice target,
                             bool before) ERR_MUST_USE;

static inline bool
sst_get_length(const uint8_t **p, const uint8_t *end, uint64_t *v)
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
sst_entry_parse(struct sst_cursor *c, size_t key_len, size_t *shared, struct slice *rest)
{
    uint64_t s, u, v;
    const uint8_t *p = c->at;
    if (!sst_get_length(&p, c->end, &s) || !sst_get_length(&p, c->end, &u) ||
        !sst_get_length(&p, c->end, &v))
        return false;
    size_t left = (size_t)(c->end - p);
    if (s > key_len || u > left || v > left - u || s + u > SST_KEY_MAX)
        return false;
    *shared = (size_t)s;
    *rest = slice_make(p, (size_t)u);
    c->value = slice_make(p + u, (size_t)v);
    c->at = p + u + v;
    return true;
}

/* ---- a walk through a file of the store (sst_walk.c) ---- */

/* Unpacked blocks. A block that a walk leaves stays readable until it is recycled. */
struct sst_buf {
    struct sst_buf *next;
    size_t cap;
    uint64_t round; /* of the buffers, when it was entered */
    uint8_t bytes[];
};
struct sst_bufs {
    struct sst_buf *spare, *left;
    size_t left_bytes; /* since they were recycled */
    uint64_t round;    /* the caller counts it */
};

void sst_bufs_recycle(struct sst_bufs *b);
/* Those alone that were entered in this round; what was shown in an earlier one stays. */
void sst_bufs_recycle_round(struct sst_bufs *b);
void sst_bufs_release(struct sst_bufs *b);

/* Every entry from a key to a bound as it stands in the file, whatever its kind. */
struct sst_walk {
    struct sst_reader *r;
    struct sst_bufs *bufs;
    struct slice end; /* MVCC key, exclusive; the caller's */
    struct sst_block block;
    struct sst_cursor index, data; /* data.key is not used: the key is here */
    struct slice limit;
    struct sst_handle handle;
    struct sst_buf *buf; /* of the block in hand */
    uint8_t *raw_key;    /* internal key */
    size_t raw_cap, raw_len;
    bool have_block, inside; /* inside: no key of the block reaches the end */
    size_t taken;            /* entries of the block met so far */
    struct slice stored;     /* the block with its trailer, until the next one is read */
    /* The entry in hand; the key until the next step, the value until its buffer is recycled. */
    bool valid;
    struct slice key, value;
    uint64_t trailer; /* sequence << 8 | kind */
};

void sst_walk_init(struct sst_walk *w, struct sst_reader *r, struct sst_bufs *bufs,
                   struct slice end);
void sst_walk_release(struct sst_walk *w);
/* To the first entry >= key, an MVCC key. */
struct error *sst_walk_seek(struct sst_walk *w, struct slice key) ERR_MUST_USE;
struct error *sst_walk_next(struct sst_walk *w) ERR_MUST_USE;
/* The entry in hand is the last one of its block. */
static inline bool
sst_walk_at_block_end(const struct sst_walk *w)
{
    return w->data.at >= w->data.end;
}

#endif
