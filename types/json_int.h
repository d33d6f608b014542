/* types/json_int.h - words of the JSON body. SOURCE: kv-encoding 5 (pkg/util/json/jentry.go). */
#ifndef AMBERDB_TYPES_JSON_INT_H
#define AMBERDB_TYPES_JSON_INT_H

#define JSON_C_ARRAY 0x80000000u
#define JSON_C_OBJECT 0x40000000u
#define JSON_C_SCALAR 0x20000000u
#define JSON_COUNT_MASK 0x1fffffffu

#define JSON_OFFSET_FLAG 0x80000000u
#define JSON_TYPE_MASK 0x70000000u
#define JSON_LEN_MASK 0x0fffffffu
#define JSON_E_NULL 0x00000000u
#define JSON_E_STRING 0x10000000u
#define JSON_E_NUMBER 0x20000000u
#define JSON_E_FALSE 0x30000000u
#define JSON_E_TRUE 0x40000000u
#define JSON_E_CONTAINER 0x50000000u

#define JSON_OFFSET_STRIDE 32 /* every so many entries of a group tell their end, not length */

#endif
