/* types/datum.h - one SQL value.
 *
 * A datum is 16 bytes and does not know its type: the column or expression does. It borrows what it
 * points to; datum_copy makes it own a copy in an arena.
 *
 *   family                       field   meaning
 *   BOOL                         i       0 or 1
 *   INT, OID                     i
 *   DATE                         i       days since 1970-01-01; DATE_NEG_INF, DATE_POS_INF
 *   TIME                         i       us since midnight, 0 .. 86 400 000 000
 *   TIMETZ                       i, aux  us of the local day; seconds WEST of UTC as int32
 *   TIMESTAMP, TIMESTAMPTZ       i       us since 2000-01-01 00:00 UTC (PostgreSQL's epoch: the range
 *                                        up to 294276-12-31 does not fit 64 bits from 1970)
 *   FLOAT                        f       FLOAT4 values already rounded to 32 bits
 *   DECIMAL                      dec
 *   INTERVAL                     iv
 *   STRING, COLLATED, BYTES      ptr,len UTF-8 text without NUL; raw bytes
 *   UUID                         ptr,len 16 bytes
 *   INET                         ptr,len the bytes of kv-encoding 4: family, mask, address
 *   BIT                          ptr,len bits, first bit = 0x80 of byte 0; len counts BITS; unused
 *                                        bits of the last byte are 0
 *   JSON                         ptr,len the encoded body of kv-encoding 5 (types/json.h)
 *   ARRAY                        arr
 *   TUPLE                        tup,len len fields
 *   UNKNOWN                      -       always NULL
 */
#ifndef AMBERDB_TYPES_DATUM_H
#define AMBERDB_TYPES_DATUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"
#include "types/type.h"

struct decimal;
struct interval;
struct array;
struct session_hooks;

struct datum {
    union {
        int64_t i;
        double f;
        const uint8_t *ptr;
        const struct decimal *dec;
        const struct interval *iv;
        const struct array *arr;
        const struct datum *tup;
    };
    union {
        uint32_t len;
        int32_t aux;
    };
    bool null;
};
_Static_assert(sizeof(struct datum) == 16, "a datum is 16 bytes");

struct interval {
    int64_t months, days, nanos; /* any signs, independent */
};

struct array {
    int n;
    const struct type *elem;
    const struct datum *v; /* n, NULLs included; one dimension, lower bound 1 */
};

#define DATUM_NULL ((struct datum){.null = true})
#define DATE_NEG_INF INT64_MIN
#define DATE_POS_INF INT64_MAX
#define PG_EPOCH_DAYS 10957                           /* 2000-01-01 since 1970-01-01 */
#define PG_EPOCH_US (INT64_C(10957) * 86400 * 1000000)
#define TIMESTAMP_MAX_US INT64_C(9223371331199999999) /* 294276-12-31 23:59:59.999999 */
#define TIMESTAMP_MIN_US (INT64_C(-211813488000) * 1000000) /* 4714-11-24 BC 00:00 */

static inline struct datum datum_bool(bool b) { return (struct datum){.i = b}; }
static inline struct datum datum_int(int64_t i) { return (struct datum){.i = i}; }
static inline struct datum datum_float(double f) { return (struct datum){.f = f}; }
static inline struct datum
datum_bytes(const void *p, size_t len)
{
    return (struct datum){.ptr = p, .len = (uint32_t)len};
}
static inline struct datum datum_cstr(const char *s) { return datum_bytes(s, strlen(s)); }
static inline struct slice
datum_slice(const struct datum *d)
{
    return (struct slice){d->ptr, d->len};
}

/* What a value's meaning may depend on besides itself: the session's settings and clock. One per
 * statement; functions get it as well. Plain data plus hooks into rooms above. */
struct eval_env {
    struct arena *arena;         /* where results live: a row's or a batch's */
    int extra_float_digits;      /* 0 by default */
    enum bytea_output { BYTEA_HEX, BYTEA_ESCAPE, BYTEA_BASE64 } bytea_output;
    const struct timezone_info *timezone; /* types/timezone.h; NULL = UTC */
    int default_int_size;        /* 8 or 4 */
    int64_t txn_time_us;         /* now(): us since 2000-01-01 */
    int64_t stmt_time_us;
    struct hlc txn_hlc;          /* cluster_logical_timestamp() */
    const char *user, *database; /* NUL-terminated; database may be "" */
    const struct datum *placeholders; /* values of $1..$n, typed by the prepared statement */
    int n_placeholders;
    const struct cancel *cancel;
    const struct session_hooks *hooks; /* types/session_hooks.h: names, sequences, privileges */
    void *session;               /* what the hooks get */
};

/* ---- text ------------------------------------------------------------------------------- */

enum text_mode {
    TEXT_WIRE,   /* as sent to clients: bool t/f, timestamptz with zone, sql.md 5.1 */
    TEXT_CAST,   /* what ::STRING gives: bool true/false, timetz with seconds */
    TEXT_EXPORT, /* as TEXT_CAST; NULL elements and nested quoting as in v20.1's FmtExport */
};

/* Never for NULL: the caller writes what NULL looks like in its place. */
void datum_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
                  const struct eval_env *env);
/* As SQL: 1, 'a', '2020-01-01' (bare), or with annotation: 1:::INT8, 'a':::STRING. NULL -> NULL. */
void datum_format_sql(struct str *s, const struct type *t, const struct datum *d, bool annotate,
                      const struct eval_env *env);

/* Text into a value of type t, adjusted to t's width and precision as a cast does. The errors of
 * sql.md 5 "How text that cannot be read is reported". Memory from env->arena. */
struct error *datum_parse(const struct eval_env *env, const struct type *t, struct slice text,
                          struct datum *out) ERR_MUST_USE;

/* ---- PostgreSQL binary ------------------------------------------------------------------- */

struct error *datum_to_binary(struct str *s, const struct type *t, const struct datum *d,
                              const struct eval_env *env) ERR_MUST_USE;
struct error *datum_from_binary(const struct eval_env *env, const struct type *t,
                                struct slice bytes, struct datum *out) ERR_MUST_USE;

/* ---- order, hash, copies ------------------------------------------------------------------ */

/* Total order of values of type t; NULL first, NaN first among numbers. -1, 0, 1. Not for JSON
 * order by (the planner refuses it), though equality works. */
int datum_compare(const struct type *t, const struct datum *a, const struct datum *b);
bool datum_equal(const struct type *t, const struct datum *a, const struct datum *b); /* NULL = NULL */
/* Equal values hash alike (1.0 and 1.00 too). */
uint64_t datum_hash(const struct type *t, const struct datum *d, uint64_t seed);
struct datum datum_copy(struct arena *a, const struct type *t, const struct datum *d);
size_t datum_size(const struct type *t, const struct datum *d); /* bytes besides the 16; estimate */

/* Comparison across types that sql.md 7 allows (INT with FLOAT and DECIMAL, DATE with TIMESTAMP,
 * ...): both non-NULL. */
int datum_compare_mixed(const struct type *ta, const struct datum *a, const struct type *tb,
                        const struct datum *b, const struct eval_env *env);

/* ---- casts ------------------------------------------------------------------------------- */

/* May values of `from` be cast to `to` explicitly? One table serves planner and executor. */
bool cast_exists(const struct type *from, const struct type *to);
/* explicit ::; NULL stays NULL; result adjusted as a cast does (strings cut, numbers checked).
 * 42846 "invalid cast: int -> uuid" when there is none. */
struct error *datum_cast(const struct eval_env *env, const struct type *from,
                         const struct datum *d, const struct type *to, struct datum *out)
    ERR_MUST_USE;
/* The same for many values: what depends on the types alone is found out once. */
struct cast {
    const struct type *from, *to;
    const struct cast_entry *entry; /* NULL: a general rule */
    struct error *(*run)(const struct cast *c, const struct eval_env *env, const struct datum *d,
                         struct datum *out);
    struct error *(*fit)(const struct eval_env *env, const struct type *t, struct datum *d); /* or NULL */
};
struct cast cast_find(const struct type *from, const struct type *to);
struct error *cast_value(const struct cast *c, const struct eval_env *env, const struct datum *d,
                         struct datum *out) ERR_MUST_USE;
/* Store a value of an equivalent type into a column: range, length, rounding as sql.md 5.1 says,
 * with errors that name the column (column NULL: without). */
struct error *datum_adjust(const struct eval_env *env, const struct type *t, const char *column,
                           const struct datum *d, struct datum *out) ERR_MUST_USE;

#endif
