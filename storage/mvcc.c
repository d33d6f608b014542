/* storage/mvcc.c - keys with timestamps as bytes. See mvcc.h. */
#include "config.h"

#include "storage/mvcc.h"

#include "base/enc.h"

/* Values of the last byte: how many bytes follow the key, itself not counted. */
#define LEN_NONE 0
#define LEN_WALL 9
#define LEN_LOGICAL 13

size_t
mvcc_put_suffix(uint8_t out[MVCC_SUFFIX_MAX], struct hlc ts)
{
    out[0] = 0;
    if (hlc_is_empty(ts))
        return 1;
    enc_put_be64(out + 1, (uint64_t)ts.wall);
    if (ts.logical == 0) {
        out[9] = LEN_WALL;
        return 10;
    }
    enc_put_be32(out + 9, (uint32_t)ts.logical);
    out[13] = LEN_LOGICAL;
    return 14;
}

void
mvcc_put_key(struct str *s, struct slice key, struct hlc ts)
{
    uint8_t suffix[MVCC_SUFFIX_MAX];
    size_t n = mvcc_put_suffix(suffix, ts);
    str_reserve(s, key.len + n);
    str_append_slice(s, key);
    str_append(s, suffix, n);
}

/* Length of the key before the suffix, or -1. */
static inline ptrdiff_t
key_len(struct slice m)
{
    if (m.len == 0)
        return -1;
    size_t n = m.ptr[m.len - 1];
    if (n == LEN_NONE)
        return (ptrdiff_t)(m.len - 1);
    if ((n != LEN_WALL && n != LEN_LOGICAL) || m.len < n + 1 || m.ptr[m.len - 1 - n] != 0)
        return -1;
    return (ptrdiff_t)(m.len - 1 - n);
}

bool
mvcc_split(struct slice mvcc, struct slice *key, struct hlc *ts)
{
    ptrdiff_t n = key_len(mvcc);
    if (n < 0)
        return false;
    *key = slice_make(mvcc.ptr, (size_t)n);
    const uint8_t *p = mvcc.ptr + n + 1;
    switch (mvcc.ptr[mvcc.len - 1]) {
    case LEN_NONE:
        *ts = HLC_MIN;
        return true;
    case LEN_WALL:
        *ts = (struct hlc){(int64_t)enc_get_be64(p), 0};
        break;
    case LEN_LOGICAL:
        *ts = (struct hlc){(int64_t)enc_get_be64(p), (int32_t)enc_get_be32(p + 8)};
        break;
    }
    return ts->wall >= 0 && ts->logical >= 0;
}

/* SOURCE: CockroachDB v20.1 c-deps/libroach/comparator.cc: keys as bytes, then no timestamp first,
 * then timestamps descending as bytes; what is no MVCC key at all: plain bytes. */
int
mvcc_compare(struct slice a, struct slice b)
{
    ptrdiff_t na = key_len(a), nb = key_len(b);
    if (na < 0 || nb < 0)
        return slice_cmp(a, b);
    int c = slice_cmp(slice_make(a.ptr, (size_t)na), slice_make(b.ptr, (size_t)nb));
    if (c != 0)
        return c;
    /* The time, without the zero byte before it and the length after it. */
    struct slice ta = slice_make(a.ptr + na + 1, a.len - (size_t)na - 1);
    struct slice tb = slice_make(b.ptr + nb + 1, b.len - (size_t)nb - 1);
    if (ta.len == 0 || tb.len == 0)
        return (ta.len != 0) - (tb.len != 0);
    ta.len--;
    tb.len--;
    return slice_cmp(tb, ta);
}

/* SOURCE: the bytewise comparator's rules (RocksDB util/comparator.cc, Pebble comparer.go), applied
 * to the keys without their times. */
size_t
mvcc_separator(struct slice a, struct slice b, uint8_t *out)
{
    ptrdiff_t na = key_len(a), nb = key_len(b), i = 0;
    while (i < na && i < nb && a.ptr[i] == b.ptr[i])
        i++;
    if (i >= na || i >= nb || a.ptr[i] >= b.ptr[i])
        return 0; /* one key is a prefix of the other */
    if (i == nb - 1 && a.ptr[i] + 1 == b.ptr[i]) {
        /* No room at this byte; a later one that can grow will do. */
        for (i++; i < na && a.ptr[i] == 0xff; i++)
            ;
        if (i >= na)
            return 0;
    }
    memcpy(out, a.ptr, (size_t)i + 1);
    out[i]++;
    out[i + 1] = 0;
    return (size_t)i + 2;
}

size_t
mvcc_successor(struct slice a, uint8_t *out)
{
    ptrdiff_t n = key_len(a), i = 0;
    while (i < n && a.ptr[i] == 0xff)
        i++;
    if (i >= n)
        return 0;
    memcpy(out, a.ptr, (size_t)i + 1);
    out[i]++;
    out[i + 1] = 0;
    return (size_t)i + 2;
}
