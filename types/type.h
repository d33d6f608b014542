/* types/type.h - SQL types as values.
 *
 * A struct type is immutable. The common ones are static (TYPE_INT8, ...); the rest live in the
 * arena of whoever needs them (a statement, or a cached descriptor). Family numbers, widths and
 * OIDs are those of descriptors on disk.
 * SOURCE: backup-format 3.4 (CockroachDB v20.1 pkg/sql/types/types.proto).
 */
#ifndef AMBERDB_TYPES_TYPE_H
#define AMBERDB_TYPES_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

enum type_family {
    FAMILY_BOOL = 0,
    FAMILY_INT = 1,
    FAMILY_FLOAT = 2,
    FAMILY_DECIMAL = 3,
    FAMILY_DATE = 4,
    FAMILY_TIMESTAMP = 5,
    FAMILY_INTERVAL = 6,
    FAMILY_STRING = 7,
    FAMILY_BYTES = 8,
    FAMILY_TIMESTAMPTZ = 9,
    FAMILY_COLLATED_STRING = 10,
    FAMILY_OID = 12,
    FAMILY_UNKNOWN = 13, /* the type of NULL */
    FAMILY_UUID = 14,
    FAMILY_ARRAY = 15,
    FAMILY_INET = 16,
    FAMILY_TIME = 17,
    FAMILY_JSON = 18,
    FAMILY_TIMETZ = 19,
    FAMILY_TUPLE = 20,
    FAMILY_BIT = 21,
    FAMILY_ANY = 100, /* only in overload signatures */
};

enum interval_unit { /* as on disk */
    INTERVAL_UNSET = 0,
    INTERVAL_YEAR,
    INTERVAL_MONTH,
    INTERVAL_DAY,
    INTERVAL_HOUR,
    INTERVAL_MINUTE,
    INTERVAL_SECOND,
    INTERVAL_MILLISECOND,
};

struct type {
    enum type_family family;
    uint32_t oid;       /* PostgreSQL type OID; tells STRING, VARCHAR, CHAR, "char", NAME apart, and
                         * OID from the REG types */
    int32_t width;      /* INT, FLOAT: bits. STRING family: characters, 0 no limit. BIT: bits, 0 none.
                         * DECIMAL: scale */
    int32_t precision;  /* DECIMAL: 0 unlimited. TIME family, INTERVAL: fractional digits */
    bool time_precision_is_set;
    bool has_interval_field;
    enum interval_unit interval_unit, interval_from; /* INTERVAL '..' MINUTE TO SECOND */
    const char *locale;              /* collated strings, as written: "en_u_ks_level2" */
    const struct type *elem;         /* arrays */
    int n;                           /* tuples */
    const struct type *const *contents;
    const char *const *labels;       /* NULL or n names */
};

extern const struct type TYPE_BOOL, TYPE_INT2, TYPE_INT4, TYPE_INT8, TYPE_FLOAT4, TYPE_FLOAT8,
    TYPE_DECIMAL, TYPE_DATE, TYPE_TIMESTAMP, TYPE_INTERVAL, TYPE_STRING, TYPE_VARCHAR, TYPE_BPCHAR1,
    TYPE_QCHAR, TYPE_NAME, TYPE_BYTES, TYPE_TIMESTAMPTZ, TYPE_OID, TYPE_REGCLASS, TYPE_REGPROC,
    TYPE_REGPROCEDURE, TYPE_REGOPERATOR, TYPE_REGTYPE, TYPE_REGNAMESPACE, TYPE_UNKNOWN, TYPE_UUID,
    TYPE_INET, TYPE_TIME, TYPE_JSONB, TYPE_TIMETZ, TYPE_BIT1, TYPE_VARBIT, TYPE_ANY, TYPE_ANY_TUPLE,
    TYPE_EMPTY_TUPLE, TYPE_ANY_COLLATED, TYPE_INT2VECTOR, TYPE_OIDVECTOR;
/* Static arrays of the common element types. */
extern const struct type TYPE_STRING_ARRAY, TYPE_INT8_ARRAY, TYPE_INT2_ARRAY, TYPE_OID_ARRAY,
    TYPE_NAME_ARRAY, TYPE_BOOL_ARRAY, TYPE_DECIMAL_ARRAY, TYPE_FLOAT8_ARRAY, TYPE_BYTES_ARRAY,
    TYPE_TIMESTAMP_ARRAY, TYPE_TIMESTAMPTZ_ARRAY, TYPE_DATE_ARRAY, TYPE_INTERVAL_ARRAY,
    TYPE_UUID_ARRAY, TYPE_INET_ARRAY, TYPE_ANY_ARRAY;

/* Made in the arena (or static when one fits). Lengths are checked by the caller's grammar. */
const struct type *type_array_of(struct arena *a, const struct type *elem);
const struct type *type_tuple(struct arena *a, int n, const struct type *const *contents,
                              const char *const *labels);
const struct type *type_decimal(struct arena *a, int32_t precision, int32_t scale);
const struct type *type_string(struct arena *a, uint32_t oid, int32_t width);
const struct type *type_collated(struct arena *a, const struct type *string, const char *locale);
void type_put_locale(struct str *s, const char *locale); /* as SQL text has it: en-US as en_US */
const struct type *type_bit(struct arena *a, bool varying, int32_t width);
const struct type *type_with_precision(struct arena *a, const struct type *t, int32_t precision);
/* t as its OID alone tells it, without length, precision or fields, so that a value that a client
 * sends is not cut to them; what stores it refuses it. */
const struct type *type_without_modifiers(struct arena *a, const struct type *t);
const struct type *type_from_oid(uint32_t oid); /* NULL when unknown; scalar and array OIDs */
const struct type *type_copy(struct arena *a, const struct type *t); /* deep */
uint32_t type_array_oid(const struct type *t);  /* OID of the array of t, 0 if none */

bool type_equal(const struct type *a, const struct type *b);      /* everything */
/* Same family (and element, contents, locale): values are interchangeable but for width checks.
 * UNKNOWN and ANY are equivalent to all. */
bool type_equivalent(const struct type *a, const struct type *b);

/* The three spellings of sql.md 5, written to s. */
void type_name(struct str *s, const struct type *t);    /* messages, pg_typeof: int, string, int[] */
void type_sql(struct str *s, const struct type *t);     /* SHOW CREATE: INT8, VARCHAR(10), STRING[] */
void type_pg_name(struct str *s, const struct type *t); /* bigint, character varying; no modifier */
/* Same into an arena. */
const char *type_name_str(struct arena *a, const struct type *t);
const char *type_sql_str(struct arena *a, const struct type *t);
const char *type_pg_name_str(struct arena *a, const struct type *t);
const char *type_result_name(const struct type *t); /* column name of a cast: int8, numeric, text */
const char *type_typname(const struct type *t);     /* pg_type.typname: int8, _int8, varchar */

int type_wire_size(const struct type *t); /* RowDescription: 1,2,4,8,16 or -1 */
bool type_is_indexable(const struct type *t);
bool type_is_composite_key(const struct type *t); /* FLOAT, DECIMAL, collated: key form is lossy */

/* A value stored into a column of this type must be made to fit: checks ranges and lengths, rounds.
 * See datum.h datum_adjust. */

#endif
