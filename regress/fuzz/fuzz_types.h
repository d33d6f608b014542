/* regress/fuzz/fuzz_types.h - the types that a fuzzer's first byte picks from. */
#ifndef AMBERDB_REGRESS_FUZZ_TYPES_H
#define AMBERDB_REGRESS_FUZZ_TYPES_H

#include "types/type.h"

static inline const struct type *
fuzz_type(uint8_t pick)
{
    static const struct type *const all[] = {
        &TYPE_BOOL,         &TYPE_INT2,         &TYPE_INT4,           &TYPE_INT8,
        &TYPE_FLOAT4,       &TYPE_FLOAT8,       &TYPE_DECIMAL,        &TYPE_DATE,
        &TYPE_TIMESTAMP,    &TYPE_TIMESTAMPTZ,  &TYPE_INTERVAL,       &TYPE_STRING,
        &TYPE_BYTES,        &TYPE_TIME,         &TYPE_TIMETZ,         &TYPE_UUID,
        &TYPE_INET,         &TYPE_VARBIT,       &TYPE_JSONB,          &TYPE_OID,
        &TYPE_STRING_ARRAY, &TYPE_INT8_ARRAY,   &TYPE_DECIMAL_ARRAY,  &TYPE_BYTES_ARRAY,
        &TYPE_INET_ARRAY,   &TYPE_BOOL_ARRAY,   &TYPE_INTERVAL_ARRAY, &TYPE_FLOAT8_ARRAY,
        &TYPE_UUID_ARRAY,   &TYPE_NAME,         &TYPE_QCHAR,          &TYPE_BIT1,
    };
    _Static_assert(sizeof(all) / sizeof(all[0]) == 32, "five bits pick one");
    return all[pick & 31];
}

#endif
