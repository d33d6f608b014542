#include "config.h"

#include "types/keyenc.h"

#include <math.h>

#include "types/collation.h"
#include "types/enc_int.h"

/* SOURCE: kv-encoding 1, first-byte map; CockroachDB v20.1 pkg/util/encoding/encoding.go. */
enum {
    K_NULL = 0x00,
    K_NOT_NULL = 0x01,
    K_FLOAT_NAN = 0x02,
    K_FLOAT_NEG = 0x03,
    K_FLOAT_ZERO = 0x04,
    K_FLOAT_POS = 0x05,
    K_FLOAT_NAN_DESC = 0x06,
    K_TRUE = 0x0a,
    K_FALSE = 0x0b,
    K_BYTES = 0x12,
    K_BYTES_DESC = 0x13,
    K_TIME = 0x14,
    K_DURATION = 0x16,
    K_DECIMAL_FIRST = 0x18,
    K_DECIMAL_LAST = 0x36,
    K_JSON = 0x37,
    K_JSON_EMPTY_ARRAY = 0x38,
    K_JSON_EMPTY_OBJECT = 0x39,
    K_BITS = 0x3a,
    K_BITS_DESC = 0x3b,
    K_TIMETZ = 0x3c,
    K_INT_MIN = 0x80,
    K_INT_ZERO = 0x88,
    K_INT_SMALL_MAX = 0xf5, /* v <= 109 in the first byte */
    K_INT_MAX = 0xfd,
    K_INTERLEAVED = 0xfe,
    K_NULL_DESC = 0xff,
};

#define ESCAPE 0x00
#define ESCAPED_00 0xff
#define ESCAPED_END 0x01

#define INTERVAL_MAX_YEARS 3558

static void
put_u8(struct str *s, unsigned b)
{
    str_append_char(s, (char)(uint8_t)b);
}

/* ---- integers ------------------------------------------------------------------------------ */

static unsigned
bytes_of(uint64_t v) /* v > 0 */
{
    return (unsigned)(71 - __builtin_clzll(v)) / 8;
}

static void
put_be(struct str *s, uint64_t v, unsigned n)
{
    uint8_t buf[8];
    enc_put_be64(buf, v);
    str_append(s, buf + 8 - n, n);
}

void
key_put_uvarint(struct str *s, uint64_t v)
{
    if (v <= K_INT_SMALL_MAX - K_INT_ZERO) {
        put_u8(s, K_INT_ZERO + (unsigned)v);
        return;
    }
    unsigned n = bytes_of(v);
    put_u8(s, K_INT_SMALL_MAX + n);
    put_be(s, v, n);
}

void
key_put_uvarint_desc(struct str *s, uint64_t v)
{
    unsigned n = v == 0 ? 0 : bytes_of(v);
    put_u8(s, K_INT_ZERO - n);
    put_be(s, ~v, n);
}

void
key_put_varint(struct str *s, int64_t v)
{
    if (v >= 0) {
        key_put_uvarint(s, (uint64_t)v);
        return;
    }
    /* Smallest n with v >= -(2^(8n) - 1). */
    unsigned n = bytes_of(-(uint64_t)v);
    put_u8(s, K_INT_ZERO - n);
    put_be(s, (uint64_t)v, n);
}

void
key_put_varint_desc(struct str *s, int64_t v)
{
    key_put_varint(s, ~v);
}

/* n bytes, big endian. */
static struct error *
get_be(struct reader *r, unsigned n, uint64_t *out)
{
    if (n > 8 || reader_left(r) < n)
        return CORRUPT("key ends within a number");
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++)
        v = v << 8 | r->ptr[i];
    r->ptr += n;
    *out = v;
    return NULL;
}

struct error *
key_get_uvarint(struct reader *r, uint64_t *out)
{
    unsigned m = reader_u8(r);
    if (r->failed)
        return CORRUPT("key ends where a number is expected");
    if (m < K_INT_ZERO || m > K_INT_MAX)
        return CORRUPT("unexpected byte %#x at the start of a number", m);
    if (m <= K_INT_SMALL_MAX) {
        *out = m - K_INT_ZERO;
        return NULL;
    }
    return get_be(r, m - K_INT_SMALL_MAX, out);
}

struct error *
key_get_uvarint_desc(struct reader *r, uint64_t *out)
{
    unsigned m = reader_u8(r);
    if (r->failed)
        return CORRUPT("key ends where a number is expected");
    if (m < K_INT_MIN || m > K_INT_ZERO)
        return CORRUPT("unexpected byte %#x at the start of a number", m);
    unsigned n = K_INT_ZERO - m;
    uint64_t v;
    ERR_TRY(get_be(r, n, &v));
    if (n < 8)
        v = ~v & ((UINT64_C(1) << 8 * n) - 1);
    else
        v = ~v;
    *out = v;
    return NULL;
}

struct error *
key_get_varint(struct reader *r, int64_t *out)
{
    uint64_t v;
    unsigned m = reader_left(r) > 0 ? *r->ptr : 0;
    if (m >= K_INT_ZERO) {
        ERR_TRY(key_get_uvarint(r, &v));
        if (v > INT64_MAX)
            return CORRUPT("number in key overflows 64 bits");
        *out = (int64_t)v;
        return NULL;
    }
    ERR_TRY(key_get_uvarint_desc(r, &v)); /* |v| complemented: bytes - 2^(8n) = ~(~bytes) */
    if (v > INT64_MAX)
        return CORRUPT("number in key overflows 64 bits");
    *out = ~(int64_t)v;
    return NULL;
}

struct error *
key_get_varint_desc(struct reader *r, int64_t *out)
{
    int64_t v;
    ERR_TRY(key_get_varint(r, &v));
    *out = ~v;
    return NULL;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* b with 00 escaped, without marker and terminator. */
static void
put_escaped(struct str *s, struct slice b)
{
    while (b.len > 0) {
        const uint8_t *z = memchr(b.ptr, ESCAPE, b.len);
        if (z == NULL) {
            str_append_slice(s, b);
            return;
        }
        size_t n = (size_t)(z - b.ptr) + 1;
        str_append(s, b.ptr, n);
        put_u8(s, ESCAPED_00);
        b.ptr += n;
        b.len -= n;
    }
}

void
key_put_bytes(struct str *s, struct slice b)
{
    put_u8(s, K_BYTES);
    put_escaped(s, b);
    put_u8(s, ESCAPE);
    put_u8(s, ESCAPED_END);
}

void
key_put_bytes_desc(struct str *s, struct slice b)
{
    size_t start = s->len;
    key_put_bytes(s, b);
    if (s->failed)
        return;
    s->ptr[start] = K_BYTES_DESC;
    for (size_t i = start + 1; i < s->len; i++)
        s->ptr[i] = (char)~s->ptr[i];
}

/* Finds the end behind the marker: *stored bytes up to the terminator, of which *escapes are
 * escape pairs. */
static struct error *
scan_bytes(const struct reader *r, uint8_t flip, size_t *stored, size_t *escapes)
{
    const uint8_t *p = r->ptr;
    *escapes = 0;
    for (;;) {
        const uint8_t *z = memchr(p, ESCAPE ^ flip, (size_t)(r->end - p));
        if (z == NULL || r->end - z < 2)
            return CORRUPT("key ends within a string");
        uint8_t next = z[1] ^ flip;
        if (next == ESCAPED_END) {
            *stored = (size_t)(z - r->ptr);
            return NULL;
        }
        if (next != ESCAPED_00)
            return CORRUPT("unknown escape 0x00 %#x in a string key", next);
        ++*escapes;
        p = z + 2;
    }
}

static struct error *
get_bytes(struct reader *r, struct arena *a, uint8_t marker, uint8_t flip, struct slice *out)
{
    if (reader_left(r) == 0 || *r->ptr != marker)
        return CORRUPT("unexpected byte %#x at the start of a string key",
                       reader_left(r) == 0 ? 0u : *r->ptr);
    r->ptr++;
    size_t stored, escapes;
    ERR_TRY(scan_bytes(r, flip, &stored, &escapes));
    size_t len = stored - escapes;
    if (len > UINT32_MAX)
        return CORRUPT("string key too long");
    void *mem;
    ERR_TRY(arena_try_alloc(a, len, &mem));
    uint8_t *to = mem;
    if (escapes == 0 && flip == 0) {
        if (len > 0)
            memcpy(to, r->ptr, len);
    } else {
        for (size_t i = 0; i < stored; i++) {
            uint8_t b = r->ptr[i] ^ flip;
            *to++ = b;
            if (b == ESCAPE)
                i++;
        }
    }
    r->ptr += stored + 2;
    *out = slice_make(mem, len);
    return NULL;
}

struct error *
key_get_bytes(struct reader *r, struct arena *a, struct slice *out)
{
    return get_bytes(r, a, K_BYTES, 0, out);
}

struct error *
key_get_bytes_desc(struct reader *r, struct arena *a, struct slice *out)
{
    return get_bytes(r, a, K_BYTES_DESC, 0xff, out);
}

/* ---- floats, times, intervals, bits ------------------------------------------------------- */

static void
put_float(struct str *s, double f, bool desc)
{
    if (isnan(f)) {
        put_u8(s, desc ? K_FLOAT_NAN_DESC : K_FLOAT_NAN);
        return;
    }
    if (f == 0) {
        put_u8(s, K_FLOAT_ZERO);
        return;
    }
    if (desc)
        f = -f;
    uint64_t bits;
    memcpy(&bits, &f, 8);
    put_u8(s, f < 0 ? K_FLOAT_NEG : K_FLOAT_POS);
    put_be(s, f < 0 ? ~bits : bits, 8);
}

/* Descending keys negate, so +0 reads back as -0: v20.1 does the same. */
static struct error *
get_float(struct reader *r, bool desc, double *out)
{
    unsigned c = reader_u8(r);
    uint64_t bits = 0;
    double f;
    if (r->failed)
        return CORRUPT("key ends where a float is expected");
    switch (c) {
    case K_FLOAT_NAN:
    case K_FLOAT_NAN_DESC:
        *out = (double)NAN;
        return NULL;
    case K_FLOAT_ZERO:
        *out = desc ? -0.0 : 0.0;
        return NULL;
    case K_FLOAT_NEG:
    case K_FLOAT_POS:
        ERR_TRY(get_be(r, 8, &bits));
        if (c == K_FLOAT_NEG)
            bits = ~bits;
        memcpy(&f, &bits, 8);
        *out = desc ? -f : f;
        return NULL;
    default:
        return CORRUPT("unexpected byte %#x at the start of a float key", c);
    }
}

void
timestamp_split(int64_t us, int64_t *seconds, int64_t *nanos)
{
    *seconds = floor_div(us, 1000000) + UNIX_TO_PG_SECONDS;
    *nanos = floor_mod(us, 1000000) * 1000;
}

struct error *
timestamp_join(int64_t seconds, int64_t nanos, int64_t *us)
{
    int64_t v;
    if (nanos < 0 || nanos > 999999999)
        return CORRUPT("nanoseconds of a timestamp out of range");
    if (sub_overflow_i64(seconds, UNIX_TO_PG_SECONDS, &v) || mul_overflow_i64(v, 1000000, &v)
        || add_overflow_i64(v, nanos / 1000, &v))
        return CORRUPT("timestamp out of range");
    *us = v;
    return NULL;
}

static void
put_dir(struct str *s, int64_t v, enum key_direction dir)
{
    if (dir == KEY_DESC)
        key_put_varint_desc(s, v);
    else
        key_put_varint(s, v);
}

static struct error *
get_dir(struct reader *r, enum key_direction dir, int64_t *out)
{
    return dir == KEY_DESC ? key_get_varint_desc(r, out) : key_get_varint(r, out);
}

static struct error *
get_marker(struct reader *r, unsigned marker, const char *what)
{
    unsigned c = reader_u8(r);
    if (r->failed)
        return CORRUPT("key ends where %s is expected", what);
    if (c != marker)
        return CORRUPT("unexpected byte %#x at the start of %s key", c, what);
    return NULL;
}

/* The total wraps in 64 bits and so does its inverse; see kv-encoding 2, INTERVAL overflow. */
static uint64_t
interval_base(int64_t months, int64_t days)
{
    return (uint64_t)months * (uint64_t)NANOS_PER_MONTH + (uint64_t)days * (uint64_t)NANOS_PER_DAY;
}

static struct error *
put_interval(struct str *s, const struct interval *iv, enum key_direction dir)
{
    int64_t years = iv->months / 12 + iv->days / 30 / 12 + iv->nanos / NANOS_PER_MONTH / 12;
    if (years > INTERVAL_MAX_YEARS || years < -INTERVAL_MAX_YEARS)
        return err_new(ERR_INTERVAL_FIELD_OVERFLOW, "overflow during Encode");
    put_u8(s, K_DURATION);
    put_dir(s, (int64_t)(interval_base(iv->months, iv->days) + (uint64_t)iv->nanos), dir);
    put_dir(s, iv->months, dir);
    put_dir(s, iv->days, dir);
    return NULL;
}

static struct error *
get_interval(struct reader *r, struct arena *a, enum key_direction dir,
             const struct interval **out)
{
    int64_t total, months, days;
    ERR_TRY(get_marker(r, K_DURATION, "an interval"));
    ERR_TRY(get_dir(r, dir, &total));
    ERR_TRY(get_dir(r, dir, &months));
    ERR_TRY(get_dir(r, dir, &days));
    struct interval *iv = ARENA_NEW(a, struct interval);
    iv->months = months;
    iv->days = days;
    iv->nanos = (int64_t)((uint64_t)total - interval_base(months, days));
    *out = iv;
    return NULL;
}

static void
put_timetz(struct str *s, const struct datum *d, enum key_direction dir)
{
    put_u8(s, K_TIMETZ);
    put_dir(s, d->i + (int64_t)d->aux * 1000000, dir);
    put_dir(s, d->aux, dir);
}

static struct error *
get_timetz(struct reader *r, enum key_direction dir, struct datum *out)
{
    int64_t utc, west, local;
    ERR_TRY(get_marker(r, K_TIMETZ, "a timetz"));
    ERR_TRY(get_dir(r, dir, &utc));
    ERR_TRY(get_dir(r, dir, &west));
    if (west < -86400 || west > 86400 || sub_overflow_i64(utc, west * 1000000, &local) || local < 0
        || local > US_PER_DAY)
        return CORRUPT("timetz out of range");
    *out = (struct datum){.i = local, .aux = (int32_t)west};
    return NULL;
}

uint64_t
bits_word(const struct datum *d, uint64_t i)
{
    uint8_t buf[8] = {0};
    uint64_t bytes = ((uint64_t)d->len + 7) / 8;
    uint64_t n = bytes - i * 8 < 8 ? bytes - i * 8 : 8;
    memcpy(buf, d->ptr + i * 8, n);
    return enc_get_be64(buf);
}

static void
put_bits(struct str *s, const struct datum *d, enum key_direction dir)
{
    uint64_t words = bits_words(d->len);
    unsigned used = d->len == 0 ? 0 : d->len % 64 == 0 ? 64 : d->len % 64;
    put_u8(s, dir == KEY_DESC ? K_BITS_DESC : K_BITS);
    for (uint64_t i = 0; i < words; i++) {
        if (dir == KEY_DESC)
            key_put_uvarint_desc(s, bits_word(d, i));
        else
            key_put_uvarint(s, bits_word(d, i));
    }
    put_u8(s, dir == KEY_DESC ? K_NULL_DESC : K_NULL);
    if (dir == KEY_DESC)
        key_put_uvarint_desc(s, used);
    else
        key_put_uvarint(s, used);
}

static struct error *
get_uvarint_dir(struct reader *r, enum key_direction dir, uint64_t *out)
{
    return dir == KEY_DESC ? key_get_uvarint_desc(r, out) : key_get_uvarint(r, out);
}

static struct error *
get_bits(struct reader *r, struct arena *a, enum key_direction dir, struct datum *out)
{
    uint8_t end = dir == KEY_DESC ? K_NULL_DESC : K_NULL;
    ERR_TRY(get_marker(r, dir == KEY_DESC ? K_BITS_DESC : K_BITS, "a bit string"));
    struct reader ahead = *r;
    uint64_t words = 0, w, used;
    while (reader_left(&ahead) > 0 && *ahead.ptr != end) {
        ERR_TRY(get_uvarint_dir(&ahead, dir, &w));
        words++;
    }
    if (reader_left(&ahead) == 0)
        return CORRUPT("key ends within a bit string");
    void *mem;
    ERR_TRY(arena_try_alloc(a, words * 8, &mem));
    uint8_t *to = mem;
    for (uint64_t i = 0; i < words; i++) {
        ERR_TRY(get_uvarint_dir(r, dir, &w));
        enc_put_be64(to + 8 * i, w);
    }
    r->ptr++;
    ERR_TRY(get_uvarint_dir(r, dir, &used));
    if (used > 64 || (used == 0) != (words == 0) || words > UINT32_MAX / 64)
        return CORRUPT("malformed bit string in key");
    if (words > 0 && used < 64) {
        uint64_t last = enc_get_be64(to + 8 * (words - 1));
        enc_put_be64(to + 8 * (words - 1), last & ~(UINT64_MAX >> used));
    }
    uint64_t bits = words == 0 ? 0 : (words - 1) * 64 + used;
    *out = (struct datum){.ptr = mem, .len = (uint32_t)bits};
    return NULL;
}

struct error *
inet_bytes_get(struct reader *r, struct slice *out)
{
    if (reader_left(r) < 2)
        return CORRUPT("malformed INET value");
    uint8_t family = r->ptr[0], mask = r->ptr[1];
    size_t len = family == 0 ? 4 : 16;
    if (family > 1 || mask > 8 * len || reader_left(r) < 2 + len)
        return CORRUPT("malformed INET value");
    *out = reader_bytes(r, 2 + len);
    return NULL;
}

/* ---- datums ---------------------------------------------------------------------------------- */

static void
put_string(struct str *s, struct slice b, enum key_direction dir)
{
    if (dir == KEY_DESC)
        key_put_bytes_desc(s, b);
    else
        key_put_bytes(s, b);
}

static struct error *
put_collated(struct str *s, const struct type *t, const struct datum *d, enum key_direction dir)
{
    struct str key;
    str_init(&key, STR_MAX_DEFAULT);
    struct error *err = collation_key(&key, t->locale, datum_slice(d));
    if (err == NULL)
        put_string(s, str_slice(&key), dir);
    str_release(&key);
    return err;
}

struct error *
key_encode(struct str *s, const struct type *t, const struct datum *d, enum key_direction dir)
{
    int64_t seconds, nanos;
    if (d->null) {
        put_u8(s, dir == KEY_DESC ? KEY_NULL_DESC : KEY_NULL_ASC);
        return NULL;
    }
    switch (t->family) {
    case FAMILY_BOOL:
    case FAMILY_INT:
    case FAMILY_OID:
    case FAMILY_DATE:
    case FAMILY_TIME:
        put_dir(s, d->i, dir);
        return NULL;
    case FAMILY_FLOAT:
        put_float(s, d->f, dir == KEY_DESC);
        return NULL;
    case FAMILY_DECIMAL:
        decimal_key_put(s, d->dec, dir == KEY_DESC);
        return NULL;
    case FAMILY_STRING:
    case FAMILY_BYTES:
    case FAMILY_UUID:
    case FAMILY_INET:
        put_string(s, datum_slice(d), dir);
        return NULL;
    case FAMILY_COLLATED_STRING:
        return put_collated(s, t, d, dir);
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
        timestamp_split(d->i, &seconds, &nanos);
        put_u8(s, K_TIME);
        put_dir(s, seconds, dir);
        put_dir(s, nanos, dir);
        return NULL;
    case FAMILY_TIMETZ:
        put_timetz(s, d, dir);
        return NULL;
    case FAMILY_INTERVAL:
        return put_interval(s, d->iv, dir);
    case FAMILY_BIT:
        put_bits(s, d, dir);
        return NULL;
    case FAMILY_TUPLE:
        for (uint32_t i = 0; i < d->len; i++)
            ERR_TRY(key_encode(s, t->contents[i], &d->tup[i], dir));
        return NULL;
    case FAMILY_UNKNOWN:
    case FAMILY_ARRAY:
    case FAMILY_JSON:
    case FAMILY_ANY:
        break;
    }
    struct str name;
    str_init(&name, STR_MAX_DEFAULT);
    type_name(&name, t);
    struct error *err = err_new(ERR_INTERNAL, "unable to encode table key: %s", str_cstr(&name));
    str_release(&name);
    return err;
}

static struct error *
get_string(struct reader *r, struct arena *a, enum key_direction dir, const struct type *t,
           struct datum *out)
{
    struct slice b, inet;
    ERR_TRY(dir == KEY_DESC ? key_get_bytes_desc(r, a, &b) : key_get_bytes(r, a, &b));
    if (t->family == FAMILY_UUID && b.len != 16)
        return CORRUPT("UUID of %zu bytes in key", b.len);
    if (t->family == FAMILY_INET) {
        struct reader in = reader_make(b);
        ERR_TRY(inet_bytes_get(&in, &inet));
        if (reader_left(&in) != 0)
            return CORRUPT("malformed INET value");
    }
    *out = datum_bytes(b.ptr, b.len);
    return NULL;
}

struct error *
key_decode(struct reader *r, struct arena *a, const struct type *t, enum key_direction dir,
           struct datum *out)
{
    int64_t seconds, nanos;
    if (reader_left(r) == 0)
        return CORRUPT("key ends where a column is expected");
    if (*r->ptr == (dir == KEY_DESC ? KEY_NULL_DESC : KEY_NULL_ASC)) {
        r->ptr++;
        *out = DATUM_NULL;
        return NULL;
    }
    *out = (struct datum){.i = 0};
    switch (t->family) {
    case FAMILY_BOOL:
        ERR_TRY(get_dir(r, dir, &out->i));
        out->i = out->i != 0;
        return NULL;
    case FAMILY_INT:
    case FAMILY_OID:
    case FAMILY_DATE:
    case FAMILY_TIME:
        return get_dir(r, dir, &out->i);
    case FAMILY_FLOAT:
        return get_float(r, dir == KEY_DESC, &out->f);
    case FAMILY_DECIMAL:
        return decimal_key_get(r, a, dir == KEY_DESC, &out->dec);
    case FAMILY_STRING:
    case FAMILY_BYTES:
    case FAMILY_UUID:
    case FAMILY_INET:
    case FAMILY_COLLATED_STRING:
        return get_string(r, a, dir, t, out);
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
        ERR_TRY(get_marker(r, K_TIME, "a timestamp"));
        ERR_TRY(get_dir(r, dir, &seconds));
        ERR_TRY(get_dir(r, dir, &nanos));
        return timestamp_join(seconds, nanos, &out->i);
    case FAMILY_TIMETZ:
        return get_timetz(r, dir, out);
    case FAMILY_INTERVAL:
        return get_interval(r, a, dir, &out->iv);
    case FAMILY_BIT:
        return get_bits(r, a, dir, out);
    case FAMILY_UNKNOWN:
    case FAMILY_ARRAY:
    case FAMILY_JSON:
    case FAMILY_TUPLE:
    case FAMILY_ANY:
        break;
    }
    return err_new(ERR_INTERNAL, "unable to decode table key of type family %d", (int)t->family);
}

bool
datum_is_composite(const struct type *t, const struct datum *d)
{
    if (d->null)
        return false;
    if (t->family == FAMILY_FLOAT)
        return d->f == 0 && signbit(d->f);
    if (t->family == FAMILY_DECIMAL)
        return decimal_is_composite(d->dec);
    return t->family == FAMILY_COLLATED_STRING;
}

/* ---- walking --------------------------------------------------------------------------------- */

static struct error *
skip_int(struct reader *r)
{
    unsigned m = reader_u8(r);
    if (r->failed || m < K_INT_MIN || m > K_INT_MAX)
        return CORRUPT("malformed number in key");
    unsigned n = m < K_INT_ZERO ? K_INT_ZERO - m : m > K_INT_SMALL_MAX ? m - K_INT_SMALL_MAX : 0;
    if (reader_left(r) < n)
        return CORRUPT("key ends within a number");
    r->ptr += n;
    return NULL;
}

static struct error *
skip_ints(struct reader *r, int n)
{
    for (int i = 0; i < n; i++)
        ERR_TRY(skip_int(r));
    return NULL;
}

static struct error *
skip_string(struct reader *r, uint8_t flip)
{
    size_t stored, escapes;
    ERR_TRY(scan_bytes(r, flip, &stored, &escapes));
    r->ptr += stored + 2;
    return NULL;
}

static struct error *
skip_bits(struct reader *r, uint8_t end)
{
    while (reader_left(r) > 0 && *r->ptr != end)
        ERR_TRY(skip_int(r));
    if (reader_left(r) == 0)
        return CORRUPT("key ends within a bit string");
    r->ptr++;
    return skip_int(r);
}

/* Behind the 37: the path up to its 00 01, then one leaf. */
static struct error *
skip_json(struct reader *r)
{
    for (;;) {
        const uint8_t *z = memchr(r->ptr, ESCAPE, reader_left(r));
        if (z == NULL || r->end - z < 3)
            return CORRUPT("key ends within a JSON path");
        r->ptr = z + 2;
        if (z[1] == ESCAPED_END)
            break;
        if (z[1] != 0x02 && z[1] != 0x03 && z[1] != ESCAPED_00)
            return CORRUPT("unknown escape 0x00 %#x in a JSON path", z[1]);
    }
    if (*r->ptr == K_JSON)
        return CORRUPT("malformed JSON leaf in key");
    return key_skip(r);
}

struct error *
key_skip(struct reader *r)
{
    if (reader_left(r) == 0)
        return CORRUPT("key ends where a field is expected");
    unsigned c = *r->ptr;
    if (c >= K_INT_MIN && c <= K_INT_MAX)
        return skip_int(r);
    if (c >= K_DECIMAL_FIRST && c <= K_DECIMAL_LAST)
        return decimal_key_skip(r);
    r->ptr++;
    switch (c) {
    case K_NULL:
    case K_NOT_NULL:
    case K_FLOAT_NAN:
    case K_FLOAT_ZERO:
    case K_FLOAT_NAN_DESC:
    case K_TRUE:
    case K_FALSE:
    case K_JSON_EMPTY_ARRAY:
    case K_JSON_EMPTY_OBJECT:
    case K_INTERLEAVED:
    case K_NULL_DESC:
        return NULL;
    case K_FLOAT_NEG:
    case K_FLOAT_POS:
        if (reader_left(r) < 8)
            return CORRUPT("key ends within a float");
        r->ptr += 8;
        return NULL;
    case K_BYTES:
        return skip_string(r, 0);
    case K_BYTES_DESC:
        return skip_string(r, 0xff);
    case K_TIME:
    case K_TIMETZ:
        return skip_ints(r, 2);
    case K_DURATION:
        return skip_ints(r, 3);
    case K_BITS:
        return skip_bits(r, K_NULL);
    case K_BITS_DESC:
        return skip_bits(r, K_NULL_DESC);
    case K_JSON:
        return skip_json(r);
    default:
        return CORRUPT("unexpected byte %#x at the start of a key field", c);
    }
}

struct error *
inverted_key_skip(struct reader *r, const struct type *t)
{
    if (t->family == FAMILY_JSON && reader_left(r) > 0 && *r->ptr != K_JSON)
        return CORRUPT("unexpected byte %#x at the start of a JSON key", *r->ptr);
    return key_skip(r);
}

bool
key_prefix_end(struct str *s)
{
    while (s->len > 0 && (uint8_t)s->ptr[s->len - 1] == 0xff)
        s->len--;
    if (s->len == 0)
        return false;
    s->ptr[s->len - 1]++;
    return true;
}
