/* types/keyenc.h - datums as bytes that sort as the values do, and back.
 *
 * SOURCE: kv-encoding 1 and 2 (CockroachDB v20.1 pkg/util/encoding). Every encoding delimits
 * itself, so a key can be cut into fields without a schema (key_skip). Buffers grow in a struct
 * str, whose bytes are binary.
 */
#ifndef AMBERDB_TYPES_KEYENC_H
#define AMBERDB_TYPES_KEYENC_H

#include "base/enc.h"
#include "types/datum.h"

enum key_direction { KEY_ASC = 0, KEY_DESC = 1 };

void key_put_uvarint(struct str *s, uint64_t v);
void key_put_uvarint_desc(struct str *s, uint64_t v);
void key_put_varint(struct str *s, int64_t v);
void key_put_varint_desc(struct str *s, int64_t v);
void key_put_bytes(struct str *s, struct slice b);
void key_put_bytes_desc(struct str *s, struct slice b);
/* Bounds-checked; XX001 on bad bytes. Bytes are unescaped into the arena. */
struct error *key_get_uvarint(struct reader *r, uint64_t *out) ERR_MUST_USE;
struct error *key_get_uvarint_desc(struct reader *r, uint64_t *out) ERR_MUST_USE;
struct error *key_get_varint(struct reader *r, int64_t *out) ERR_MUST_USE;
struct error *key_get_varint_desc(struct reader *r, int64_t *out) ERR_MUST_USE;
struct error *key_get_bytes(struct reader *r, struct arena *a, struct slice *out) ERR_MUST_USE;
struct error *key_get_bytes_desc(struct reader *r, struct arena *a, struct slice *out) ERR_MUST_USE;

#define KEY_NULL_ASC 0x00
#define KEY_NULL_DESC 0xff
#define KEY_INTERLEAVED 0xfe

/* NULL included. 54000/22023 where the encoder refuses (intervals out of range). Arrays, JSON and
 * tuples of unindexable contents: XX000. */
struct error *key_encode(struct str *s, const struct type *t, const struct datum *d,
                         enum key_direction dir) ERR_MUST_USE;
struct error *key_decode(struct reader *r, struct arena *a, const struct type *t,
                         enum key_direction dir, struct datum *out) ERR_MUST_USE;
/* Collated strings decode to their collation key bytes: the composite value overrides them. */

struct error *key_skip(struct reader *r) ERR_MUST_USE; /* one field, whatever it is */
bool datum_is_composite(const struct type *t, const struct datum *d); /* value also stored */

/* The smallest key greater than every key with this prefix; false when there is none (all 0xff). */
bool key_prefix_end(struct str *s);
/* `/Table/53/1/...` for messages and crdb_internal.pretty_key. */
void key_pretty(struct str *s, struct slice key);
/* The same for where a range begins or ends: of what is no key itself, but comes after all keys with a
 * prefix, the prefix and /PrefixEnd. */
void key_pretty_bound(struct str *s, struct slice key);

/* Inverted index keys (kv-encoding 8) of a JSON or array datum: calls emit once per distinct key. */
struct error *inverted_keys(struct arena *scratch, const struct type *t, const struct datum *d,
                            struct error *(*emit)(void *arg, struct slice key), void *arg)
    ERR_MUST_USE;
struct error *inverted_key_skip(struct reader *r, const struct type *t) ERR_MUST_USE;

#endif
