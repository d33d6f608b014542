/* storage/sst_walk.c - walks through the files of the live store.
 *
 * Several times as fast as the library's iterator: one file, no layers, no key copied but once, and
 * values that stay where they were unpacked. Which files make up the store, and which of several
 * entries counts, is known to engine_rocksdb_live.c.
 */
#include "config.h"

#include "storage/mvcc.h"
#include "storage/sst_int.h"

/* Of buffers that are kept to be filled again. With a sanitizer none are, so that it sees who still looks at
 * what was given back. */
#ifndef AMBERDB_SANITIZED
#define SPARE_BYTES ((size_t)1 << 20)
#else
#define SPARE_BYTES ((size_t)0)
#endif

/* ---- buffers ---- */

static struct sst_buf *
bufs_take(struct sst_bufs *b, size_t len)
{
    for (struct sst_buf **p = &b->spare; *p != NULL; p = &(*p)->next) {
        if ((*p)->cap >= len) {
            struct sst_buf *x = *p;
            *p = x->next;
            return x;
        }
    }
    size_t cap = len + len / 8;
    struct sst_buf *x = xmalloc(sizeof(*x) + cap);
    x->cap = cap;
    return x;
}

static void
bufs_leave(struct sst_bufs *b, struct sst_buf *x)
{
    if (x == NULL)
        return;
    x->next = b->left;
    b->left = x;
    b->left_bytes += x->cap;
}

/* Free what is beyond the first few: blocks come in any size. */
static void
trim_spare(struct sst_bufs *b)
{
    size_t bytes = 0;
    struct sst_buf **p = &b->spare;
    while (*p != NULL) {
        bytes += (*p)->cap;
        if (bytes > SPARE_BYTES) {
            struct sst_buf *x = *p;
            *p = x->next;
            xfree(x);
        } else {
            p = &(*p)->next;
        }
    }
}

static void
recycle(struct sst_bufs *b, uint64_t from_round)
{
    struct sst_buf **p = &b->left;
    while (*p != NULL) {
        struct sst_buf *x = *p;
        if (x->round < from_round) {
            p = &x->next;
            continue;
        }
        *p = x->next;
        x->next = b->spare;
        b->spare = x;
    }
    b->left_bytes = 0;
    trim_spare(b);
}

void
sst_bufs_recycle(struct sst_bufs *b)
{
    recycle(b, 0);
}

void
sst_bufs_recycle_round(struct sst_bufs *b)
{
    recycle(b, b->round);
}

void
sst_bufs_release(struct sst_bufs *b)
{
    sst_bufs_recycle(b);
    while (b->spare != NULL) {
        struct sst_buf *x = b->spare;
        b->spare = x->next;
        xfree(x);
    }
}

/* ---- the walk ---- */

void
sst_walk_init(struct sst_walk *w, struct sst_reader *r, struct sst_bufs *bufs, struct slice end)
{
    *w = (struct sst_walk){.r = r, .bufs = bufs, .end = end};
    str_init(&w->index.key, STR_MAX_DEFAULT);
    w->raw_cap = 256;
    w->raw_key = xmalloc(w->raw_cap);
}

void
sst_walk_release(struct sst_walk *w)
{
    bufs_leave(w->bufs, w->buf);
    sst_block_release(&w->block);
    str_release(&w->index.key);
    xfree(w->raw_key);
}

/* The block of the index entry in hand. */
static struct error *
walk_enter(struct sst_walk *w)
{
    struct slice packed, entries;
    uint8_t type;
    size_t len;
    bufs_leave(w->bufs, w->buf);
    w->buf = NULL;
    ERR_TRY(sst_block_read(w->r, &w->block, w->handle, &packed, &type));
    ERR_TRY(sst_block_length(w->r, w->handle, packed, type, &len));
    w->stored = slice_make(packed.ptr, packed.len + SST_BLOCK_TRAILER);
    w->taken = 0;
    w->buf = bufs_take(w->bufs, len);
    w->buf->round = w->bufs->round;
    ERR_TRY(sst_block_unpack(w->r, w->handle, packed, type, w->buf->bytes, len));
    ERR_TRY(sst_block_entries(w->r, w->handle, slice_make(w->buf->bytes, len), &entries));
    w->data.at = entries.ptr;
    w->data.end = entries.ptr + entries.len;
    w->raw_len = 0;
    w->inside = mvcc_compare(w->limit, w->end) < 0;
    w->have_block = true;
    return NULL;
}

struct error *
sst_walk_next(struct sst_walk *w)
{
    while (!w->have_block || w->data.at >= w->data.end) {
        bool past = w->have_block && mvcc_compare(w->limit, w->end) >= 0, more;
        w->valid = w->have_block = false;
        if (past) /* so is the next block */
            return NULL;
        ERR_TRY(sst_index_next(w->r, &w->index, &w->limit, &w->handle, &more));
        if (!more)
            return NULL;
        ERR_TRY(walk_enter(w));
    }
    size_t shared;
    struct slice rest;
    if (__builtin_expect(!sst_entry_parse(&w->data, w->raw_len, &shared, &rest), 0))
        return sst_damaged(w->r, "an entry is damaged", w->handle.offset);
    size_t len = shared + rest.len;
    if (__builtin_expect(len > w->raw_cap, 0)) {
        w->raw_cap = len * 2;
        w->raw_key = xrealloc(w->raw_key, w->raw_cap);
    }
    if (__builtin_expect(len <= SST_KEY_TRAILER, 0))
        return sst_damaged(w->r, "a key is too short", w->handle.offset);
    memcpy(w->raw_key + shared, rest.ptr, rest.len);
    w->raw_len = len;
    w->taken++;
    w->key = slice_make(w->raw_key, len - SST_KEY_TRAILER);
    w->trailer = enc_get_le64(w->raw_key + len - SST_KEY_TRAILER);
    w->value = w->data.value;
    w->valid = w->inside || mvcc_compare(w->key, w->end) < 0;
    return NULL;
}

struct error *
sst_walk_seek(struct sst_walk *w, struct slice key)
{
    bool more;
    sst_cursor_set(&w->index, w->r->index_bytes);
    w->valid = w->have_block = false;
    if (w->r->n_starts > 0)
        ERR_TRY(sst_index_skip(w->r, &w->index, key, false));
    do { /* the first block whose last key may be >= key */
        ERR_TRY(sst_index_next(w->r, &w->index, &w->limit, &w->handle, &more));
        if (!more)
            return NULL;
    } while (mvcc_compare(w->limit, key) < 0);
    ERR_TRY(walk_enter(w));
    do {
        ERR_TRY(sst_walk_next(w));
    } while (w->valid && mvcc_compare(w->key, key) < 0);
    return NULL;
}
