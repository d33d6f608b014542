/* base/enc.c - variable-length numbers and the bounds-checked reader. See enc.h. */
#include "config.h"

#include "base/enc.h"

size_t
enc_put_uvarint(uint8_t *p, uint64_t v)
{
    size_t n = 0;
    while (v >= 0x80) {
        p[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    p[n++] = (uint8_t)v;
    return n;
}

size_t
enc_get_uvarint(const uint8_t *p, size_t len, uint64_t *v)
{
    uint64_t out = 0;
    for (size_t i = 0; i < len && i < ENC_UVARINT_MAX; i++) {
        uint64_t group = p[i] & 0x7f;
        if (i == ENC_UVARINT_MAX - 1 && p[i] > 1)
            return 0; /* the tenth byte has room for one bit */
        out |= group << (7 * i);
        if (p[i] < 0x80) {
            *v = out;
            return i + 1;
        }
    }
    return 0;
}

/* The next n bytes, or NULL and failed set. */
static const uint8_t *
take(struct reader *r, size_t n)
{
    if (r->failed || n > reader_left(r)) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = r->ptr;
    r->ptr += n;
    return p;
}

uint8_t
reader_u8(struct reader *r)
{
    const uint8_t *p = take(r, 1);
    return p == NULL ? 0 : p[0];
}

uint16_t
reader_be16(struct reader *r)
{
    const uint8_t *p = take(r, 2);
    return p == NULL ? 0 : enc_get_be16(p);
}

uint32_t
reader_be32(struct reader *r)
{
    const uint8_t *p = take(r, 4);
    return p == NULL ? 0 : enc_get_be32(p);
}

uint64_t
reader_be64(struct reader *r)
{
    const uint8_t *p = take(r, 8);
    return p == NULL ? 0 : enc_get_be64(p);
}

uint32_t
reader_le32(struct reader *r)
{
    const uint8_t *p = take(r, 4);
    return p == NULL ? 0 : enc_get_le32(p);
}

uint64_t
reader_le64(struct reader *r)
{
    const uint8_t *p = take(r, 8);
    return p == NULL ? 0 : enc_get_le64(p);
}

uint64_t
reader_uvarint(struct reader *r)
{
    uint64_t v = 0;
    if (r->failed)
        return 0;
    size_t n = enc_get_uvarint(r->ptr, reader_left(r), &v);
    if (n == 0) {
        r->failed = true;
        return 0;
    }
    r->ptr += n;
    return v;
}

struct slice
reader_bytes(struct reader *r, size_t n)
{
    const uint8_t *p = take(r, n);
    return p == NULL ? SLICE_NULL : slice_make(p, n);
}
