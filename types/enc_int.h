/* types/enc_int.h - pieces that the key codec, the value codec and JSON share.
 *
 * SOURCE: kv-encoding 1, 2, 4 (CockroachDB v20.1 pkg/util/encoding/{encoding,decimal}.go).
 */
#ifndef AMBERDB_TYPES_ENC_INT_H
#define AMBERDB_TYPES_ENC_INT_H

#include "base/enc.h"
#include "types/datum.h"
#include "types/decimal.h"

#define UNIX_TO_PG_SECONDS INT64_C(946684800)
#define NANOS_PER_DAY INT64_C(86400000000000)
#define NANOS_PER_MONTH (30 * NANOS_PER_DAY)
#define US_PER_DAY INT64_C(86400000000)

/* SOURCE: kv-encoding 4; CockroachDB v20.1 pkg/util/encoding/encoding.go, type Type. */
enum element_type {
    E_NULL = 1,
    E_NOT_NULL = 2,
    E_INT = 3,
    E_FLOAT = 4,
    E_DECIMAL = 5,
    E_BYTES = 6,
    E_TIME = 8,
    E_DURATION = 9,
    E_TRUE = 10,
    E_FALSE = 11,
    E_UUID = 12,
    E_ARRAY = 13,
    E_IPADDR = 14,
    E_JSON = 15, /* also the sentinel of a two-part tag */
    E_TUPLE = 16,
    E_BITARRAY = 17,
    E_TIMETZ = 19,
};

#define CORRUPT(...) err_new(ERR_DATA_CORRUPTED, __VA_ARGS__)

static inline int64_t
floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}

/* 0 <= result < b, without overflow at the ends. */
static inline int64_t
floor_mod(int64_t a, int64_t b)
{
    int64_t r = a % b;
    return r < 0 ? r + b : r;
}

/* The sorting form; negate for descending keys. */
void decimal_key_put(struct str *s, const struct decimal *d, bool negate);
struct error *decimal_key_get(struct reader *r, struct arena *a, bool negate,
                              const struct decimal **out) ERR_MUST_USE;
struct error *decimal_key_skip(struct reader *r) ERR_MUST_USE;

/* The non-sorting form, without length. */
void decimal_value_put(struct str *s, const struct decimal *d);
struct error *decimal_value_get(struct slice bytes, struct arena *a, const struct decimal **out)
    ERR_MUST_USE;

struct error *decimal_value_check(struct slice bytes) ERR_MUST_USE; /* without making it */
/* In the room when it fits, else NULL. Bad bytes are NaN. */
union decimal_room {
    struct decimal d;
    uint64_t words[16];
};
const struct decimal *decimal_value_view(struct slice bytes, union decimal_room *room);

/* Seconds since 1970 and nanoseconds, from and to us since 2000. XX001 when out of range. */
void timestamp_split(int64_t us, int64_t *seconds, int64_t *nanos);
struct error *timestamp_join(int64_t seconds, int64_t nanos, int64_t *us) ERR_MUST_USE;

/* INET bytes at the reader: family, mask, address. */
struct error *inet_bytes_get(struct reader *r, struct slice *out) ERR_MUST_USE;

static inline uint64_t
bits_words(uint64_t bits)
{
    return bits / 64 + (bits % 64 != 0);
}

/* Word i of a bit string, first bit highest. */
uint64_t bits_word(const struct datum *d, uint64_t i);

/* nuv: base 128, most significant group first. */
void nuv_put(struct str *s, uint64_t v);
uint64_t nuv_get(struct reader *r);
void suv_put(struct str *s, uint64_t v);
static inline void
siv_put(struct str *s, int64_t v)
{
    suv_put(s, enc_zigzag(v));
}
static inline int64_t
siv_get(struct reader *r)
{
    return enc_unzigzag(reader_uvarint(r));
}

#endif
