/* types/valueenc.h - datums inside values: tagged elements, untagged family values, envelopes.
 *
 * SOURCE: kv-encoding 3, 4, 5 (CockroachDB v20.1 pkg/sql/sqlbase/column_type_encoding.go,
 * pkg/util/encoding, pkg/roachpb/data.go).
 */
#ifndef AMBERDB_TYPES_VALUEENC_H
#define AMBERDB_TYPES_VALUEENC_H

#include "base/enc.h"
#include "types/datum.h"

/* The tag byte behind a value's checksum. */
enum value_tag {
    VALUE_UNKNOWN = 0,
    VALUE_INT = 1,
    VALUE_FLOAT = 2,
    VALUE_BYTES = 3,
    VALUE_TIME = 4,
    VALUE_DECIMAL = 5,
    VALUE_DURATION = 6,
    VALUE_TUPLE = 10,
    VALUE_BITARRAY = 11,
    VALUE_TIMETZ = 12,
};

#define VALUE_HEADER 5 /* checksum 4, tag 1 */

/* Open a value: 4 zero bytes and the tag. Append data, then value_seal with the key. */
void value_open(struct str *s, enum value_tag tag);
/* Writes the CRC-32 over key, tag and data into the value that starts at s->ptr + start. */
void value_seal(struct str *s, size_t start, struct slice key);
void value_seal_bytes(uint8_t *value, size_t len, struct slice key);
bool value_checksum_ok(struct slice value, struct slice key); /* a stored 0 is fine */

/* One element: tag with column id delta, body. NULL writes type Null (rows leave NULLs out). */
struct error *value_put_element(struct str *s, uint32_t col_delta, const struct type *t,
                                const struct datum *d) ERR_MUST_USE;
struct error *value_get_tag(struct reader *r, uint32_t *col_delta, uint32_t *element_type)
    ERR_MUST_USE;
struct error *value_get_body(struct reader *r, struct arena *a, uint32_t element_type,
                             const struct type *t, struct datum *out) ERR_MUST_USE;
struct error *value_skip_body(struct reader *r, uint32_t element_type) ERR_MUST_USE;

/* A single-column family's value: tag and data behind value_open. NULL is the caller's matter. */
enum value_tag value_untagged_tag(const struct type *t);
struct error *value_put_untagged(struct str *s, const struct type *t, const struct datum *d)
    ERR_MUST_USE; /* data only */
struct error *value_get_untagged(struct slice value, struct arena *a, const struct type *t,
                                 struct datum *out) ERR_MUST_USE; /* whole value with header */

/* `/TUPLE/2:2:Int/3` for traces: a whole value with header. */
struct error *value_pretty(struct str *s, struct arena *scratch, struct slice value) ERR_MUST_USE;

/* Array bodies (kv-encoding 5). */
struct error *array_body_encode(struct str *s, const struct array *arr) ERR_MUST_USE;
struct error *array_body_decode(struct slice body, struct arena *a, const struct type *elem,
                                struct datum *out) ERR_MUST_USE;

#endif
