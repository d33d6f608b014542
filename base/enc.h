/* base/enc.h - numbers on disk and wire, always through here: bounds checked, byte order said.
 *
 * A reader walks a slice; a get that would pass the end sets `failed`, returns 0 and stays put, so
 * that a run of gets is checked once, after it.
 */
#ifndef AMBERDB_BASE_ENC_H
#define AMBERDB_BASE_ENC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

static inline void
enc_put_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void
enc_put_be32(uint8_t *p, uint32_t v)
{
    v = __builtin_bswap32(v);
    memcpy(p, &v, 4);
}

static inline void
enc_put_be64(uint8_t *p, uint64_t v)
{
    v = __builtin_bswap64(v);
    memcpy(p, &v, 8);
}

static inline void
enc_put_le32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
}

static inline void
enc_put_le64(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, 8);
}

static inline uint16_t
enc_get_be16(const uint8_t *p)
{
    return (uint16_t)((uint16_t)p[0] << 8 | p[1]);
}

static inline uint32_t
enc_get_be32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return __builtin_bswap32(v);
}

static inline uint64_t
enc_get_be64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return __builtin_bswap64(v);
}

/* The first bytes of a key, zeros behind its end: keys whose heads differ are in the order of these. */
static inline uint64_t
enc_head_be64(struct slice key)
{
    uint8_t first[8] = {0};
    if (key.len >= sizeof(first))
        return enc_get_be64(key.ptr);
    if (key.len > 0)
        memcpy(first, key.ptr, key.len);
    return enc_get_be64(first);
}

static inline uint32_t
enc_get_le32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

static inline uint64_t
enc_get_le64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "amberdb runs on little endian machines");

#define ENC_UVARINT_MAX 10

/* LEB128, least significant group first; writes at most 10 bytes, returns how many. */
size_t enc_put_uvarint(uint8_t *p, uint64_t v);
/* Bytes read, or 0 when truncated or longer than 64 bits. */
size_t enc_get_uvarint(const uint8_t *p, size_t len, uint64_t *v);

static inline uint64_t
enc_zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static inline int64_t
enc_unzigzag(uint64_t u)
{
    return (int64_t)(u >> 1) ^ -(int64_t)(u & 1);
}

struct reader {
    const uint8_t *ptr;
    const uint8_t *end;
    bool failed;
};

static inline struct reader
reader_make(struct slice s)
{
    /* An empty slice may have no pointer, to which nothing may be added, not even 0. */
    return (struct reader){s.ptr, s.len > 0 ? s.ptr + s.len : s.ptr, false};
}

static inline size_t
reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->ptr);
}

uint8_t reader_u8(struct reader *r);
uint16_t reader_be16(struct reader *r);
uint32_t reader_be32(struct reader *r);
uint64_t reader_be64(struct reader *r);
uint32_t reader_le32(struct reader *r);
uint64_t reader_le64(struct reader *r);
uint64_t reader_uvarint(struct reader *r);
struct slice reader_bytes(struct reader *r, size_t n);

/* Checked arithmetic on values from outside: true = overflow, *out untouched on overflow. */
static inline bool
add_overflow_i64(int64_t a, int64_t b, int64_t *out)
{
    int64_t r;
    if (__builtin_add_overflow(a, b, &r))
        return true;
    *out = r;
    return false;
}

static inline bool
sub_overflow_i64(int64_t a, int64_t b, int64_t *out)
{
    int64_t r;
    if (__builtin_sub_overflow(a, b, &r))
        return true;
    *out = r;
    return false;
}

static inline bool
mul_overflow_i64(int64_t a, int64_t b, int64_t *out)
{
    int64_t r;
    if (__builtin_mul_overflow(a, b, &r))
        return true;
    *out = r;
    return false;
}

#endif
