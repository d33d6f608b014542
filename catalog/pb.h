/* catalog/pb.h - protobuf messages in arenas.
 *
 * Messages are protobuf-c structs (catalog/amberdb.pb-c.h, generated). Here is what protobuf-c lacks:
 * memory from an arena, bounds against hostile bytes, and the writing rules of v20.1.
 *
 * Reading checks before it builds: nesting deeper than PB_MAX_DEPTH, a single message field given
 * many times, or a message whose structs would be out of proportion to its bytes are XX001. Unknown
 * fields are kept and written back behind the known ones.
 *
 * Writing: everything in the .proto is optional, so fields without presence would be left out.
 * pb_pack therefore completes a copy (pb_complete): in messages that v20.1 declares as proto2, scalars are
 * written even when zero; in proto3 ones zero scalars are dropped; messages and uuids that are no
 * pointers in v20.1 are always written. SOURCE: backup-format 3 (column "card").
 *
 *     Amberdb__Span *s = PB_NEW(a, Span, span);
 *     pb_set_bytes(a, &s->key, &s->has_key, key);
 *     PB_SET(t, next_column_id, 3);
 *     PB_PUSH(a, t->columns, t->n_columns, col);
 */
#ifndef AMBERDB_CATALOG_PB_H
#define AMBERDB_CATALOG_PB_H

#include "base/clock.h"
#include "base/slice.h"
#include "catalog/amberdb.pb-c.h"

#define PB_MAX_DEPTH 64

ProtobufCMessage *pb_new(struct arena *a, const ProtobufCMessageDescriptor *d);
#define PB_NEW(a, Type, lower) ((Amberdb__##Type *)(void *)pb_new((a), &amberdb__##lower##__descriptor))

/* The message in the arena; strings and bytes are copies. what names it in the error. */
struct error *pb_parse(struct arena *a, const ProtobufCMessageDescriptor *d, const char *what,
                       struct slice bytes, ProtobufCMessage **out) ERR_MUST_USE;
#define PB_PARSE(a, lower, what, bytes, out) \
    pb_parse((a), &amberdb__##lower##__descriptor, (what), (bytes), (ProtobufCMessage **)(void *)(out))

/* Fills in what v20.1 always writes and drops what it never writes; memory for it from the arena. */
void pb_complete(struct arena *a, ProtobufCMessage *m);
struct slice pb_pack(struct arena *a, const ProtobufCMessage *m); /* of a completed copy */
struct slice pb_pack_as_is(struct arena *a, const ProtobufCMessage *m);
ProtobufCMessage *pb_copy(struct arena *a, const ProtobufCMessage *m); /* deep */
#define PB_BASE(m) (&(m)->base)

/* Set a scalar with presence. */
#define PB_SET(m, field, v)      \
    do {                         \
        (m)->has_##field = 1;    \
        (m)->field = (v);        \
    } while (0)
#define PB_GET(m, field) ((m)->has_##field ? (m)->field : 0)

static inline void
pb_set_bytes(struct arena *a, ProtobufCBinaryData *d, protobuf_c_boolean *has, struct slice s)
{
    d->data = arena_memdup(a, s.ptr, s.len);
    d->len = s.len;
    *has = 1;
}

static inline struct slice
pb_bytes(ProtobufCBinaryData d)
{
    return (struct slice){d.data, d.len};
}

/* "" for an absent string. */
static inline const char *
pb_str(const char *s)
{
    return s != NULL ? s : "";
}

/* Append to a repeated field. Copies the array: for lists of descriptor size. */
#define PB_PUSH(a, array, n, v)                                                        \
    do {                                                                               \
        void *pb_new_ = arena_alloc((a), ((n) + 1) * sizeof(*(array)));                \
        if ((n) > 0)                                                                   \
            memcpy(pb_new_, (array), (n) * sizeof(*(array)));                          \
        (array) = pb_new_;                                                             \
        (array)[(n)++] = (v);                                                          \
    } while (0)
/* The same for an array that nothing else has made longer: its room doubles. For long ones. */
#define PB_GROW(a, array, n, v)                                                        \
    do {                                                                               \
        if (((n) & ((n) - 1)) == 0) { /* 0, 1, 2, 4 ...: full */                       \
            size_t pb_cap_ = (n) == 0 ? 1 : 2 * (n);                                   \
            void *pb_new_ = arena_alloc((a), pb_cap_ * sizeof(*(array)));              \
            if ((n) > 0)                                                               \
                memcpy(pb_new_, (array), (n) * sizeof(*(array)));                      \
            (array) = pb_new_;                                                         \
        }                                                                              \
        (array)[(n)++] = (v);                                                          \
    } while (0)
/* Remove element i, keeping the order. */
#define PB_REMOVE(array, n, i)                                                            \
    do {                                                                                  \
        (n)--;                                                                            \
        if ((size_t)(i) < (n))                                                            \
            memmove(&(array)[i], &(array)[(i) + 1], ((n) - (size_t)(i)) * sizeof(*(array))); \
    } while (0)

Amberdb__Timestamp *pb_timestamp(struct arena *a, struct hlc t);
struct hlc pb_hlc(const Amberdb__Timestamp *t); /* NULL: empty */
bool pb_u32_contains(const uint32_t *v, size_t n, uint32_t x);

#endif
