/* Code points in byte strings. See type_ops_int.h. */
#include "config.h"

#include "types/type_ops_int.h"

size_t
utf8_decode(const uint8_t *p, const uint8_t *end, uint32_t *cp)
{
    size_t left = (size_t)(end - p);
    uint8_t b = p[0];
    size_t n;
    uint32_t c, least;
    *cp = 0xFFFD;
    if (b < 0x80) {
        *cp = b;
        return 1;
    }
    if (b >= 0xC2 && b <= 0xDF) {
        n = 2;
        c = b & 0x1Fu;
        least = 0x80;
    } else if ((b & 0xF0) == 0xE0) {
        n = 3;
        c = b & 0x0Fu;
        least = 0x800;
    } else if (b >= 0xF0 && b <= 0xF4) {
        n = 4;
        c = b & 0x07u;
        least = 0x10000;
    } else {
        return 1;
    }
    if (left < n)
        return 1;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 1;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    if (c < least || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 1;
    *cp = c;
    return n;
}

bool
utf8_is_valid(struct slice s)
{
    const uint8_t *p = s.ptr, *end = s.ptr + s.len;
    while (p < end) {
        if (*p < 0x80) {
            p++;
            continue;
        }
        uint32_t cp;
        size_t n = utf8_decode(p, end, &cp);
        if (n == 1)
            return false;
        p += n;
    }
    return true;
}

size_t
utf8_encode(uint8_t out[4], uint32_t cp)
{
    if (cp < 0x80) {
        out[0] = (uint8_t)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (uint8_t)(0xC0 | cp >> 6);
        out[1] = (uint8_t)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (uint8_t)(0xE0 | cp >> 12);
        out[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | cp >> 18);
    out[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (cp & 0x3F));
    return 4;
}

size_t
utf8_count(struct slice s)
{
    size_t n = 0;
    const uint8_t *p = s.ptr, *end = s.ptr + s.len;
    while (p < end) {
        uint32_t cp;
        p += *p < 0x80 ? 1 : utf8_decode(p, end, &cp);
        n++;
    }
    return n;
}

size_t
utf8_offset(struct slice s, size_t n)
{
    const uint8_t *p = s.ptr, *end = s.ptr + s.len;
    while (p < end && n > 0) {
        uint32_t cp;
        p += *p < 0x80 ? 1 : utf8_decode(p, end, &cp);
        n--;
    }
    return (size_t)(p - s.ptr);
}
