/* types/type_ops_int.h - how a type family plugs in: one table of operations, casts, overloads.
 *
 * Inside types/ only. A family is one file (family_<x>.c, or the file that fits) which defines
 * `const struct type_ops type_ops_<family>`; datum.c dispatches by family. Dispatchers deal with
 * NULL: no operation below ever sees a NULL datum.
 */
#ifndef AMBERDB_TYPES_TYPE_OPS_INT_H
#define AMBERDB_TYPES_TYPE_OPS_INT_H

#include "types/datum.h"
#include "types/overload.h"
#include "types/sqltext.h"

struct type_ops {
    const char *name;
    /* true: format_sql is never followed by :::TYPE (true, B'101'). */
    bool sql_without_type;

    /* Required. */
    void (*format)(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
                   const struct eval_env *env);
    /* The literal without annotation: 1, 1.5, 'a', '2020-01-01', '\x01'. NULL: the TEXT_CAST text
     * in quotes, as sql_quote_string gives it. */
    void (*format_sql)(struct str *s, const struct type *t, const struct datum *d,
                       const struct eval_env *env);
    /* Required. Text to value. datum_parse calls `fit` afterwards. */
    struct error *(*parse)(const struct eval_env *env, const struct type *t, struct slice text,
                           struct datum *out);
    /* Required. */
    struct error *(*to_binary)(struct str *s, const struct type *t, const struct datum *d,
                               const struct eval_env *env);
    struct error *(*from_binary)(const struct eval_env *env, const struct type *t,
                                 struct slice bytes, struct datum *out);
    /* Required. -1, 0, 1. Both of type t; element and field NULLs go through datum_compare. */
    int (*compare)(const struct type *t, const struct datum *a, const struct datum *b);
    /* Required. Equal values hash alike. */
    uint64_t (*hash)(const struct type *t, const struct datum *d, uint64_t seed);
    /* NULL: the datum is the whole value. */
    struct datum (*copy)(struct arena *a, const struct type *t, const struct datum *d);
    size_t (*size)(const struct type *t, const struct datum *d); /* NULL: 0 */
    /* Make a value obey t's width and precision as a cast does (cut, round, or refuse). In place.
     * NULL: nothing to do. */
    struct error *(*fit)(const struct eval_env *env, const struct type *t, struct datum *d);
    /* Same for storing into a column; column may be NULL. NULL slot: as fit. In place. */
    struct error *(*adjust)(const struct eval_env *env, const struct type *t, const char *column,
                            struct datum *d);
};

extern const struct type_ops type_ops_bool, type_ops_int, type_ops_float, type_ops_decimal,
    type_ops_string, type_ops_collated, type_ops_bytes, type_ops_oid, type_ops_unknown,
    type_ops_tuple;
/* date and time */
extern const struct type_ops type_ops_date, type_ops_time, type_ops_timetz, type_ops_timestamp,
    type_ops_timestamptz, type_ops_interval;
/* the rest */
extern const struct type_ops type_ops_uuid, type_ops_inet, type_ops_bit, type_ops_json,
    type_ops_array;

const struct type_ops *type_ops_of(const struct type *t); /* datum.c; never NULL */

/* Comparison of DATE, TIMESTAMP, TIMESTAMPTZ (and TIME with TIMETZ) with each other; the families
 * differ. In the date and time room; datum_compare_mixed calls it. */
int datetime_compare_mixed(const struct type *ta, const struct datum *a, const struct type *tb,
                           const struct datum *b, const struct eval_env *env);

/* Decimal text of a 64-bit number; its length. In family_int.c. */
#define INT_TEXT_MAX 20
size_t int_put_text(char *out, int64_t v);
/* Finite numbers: like %.*g of so many digits; with the fewest digits that read back. */
void float_put_digits(struct str *s, double f, int n);
void float_put_shortest(struct str *s, double f);

/* ---- casts -------------------------------------------------------------------------------
 *
 * One entry per pair of families. Not listed, since cast.c does them for all: same family (only
 * `fit`), UNKNOWN to anything, anything to STRING and collated (TEXT_CAST text), STRING and collated
 * to anything (datum_parse). An entry wins over these general rules. cast.c applies `fit` of the
 * target to the result.
 */
typedef struct error *(*cast_fn)(const struct eval_env *env, const struct type *from,
                                 const struct datum *d, const struct type *to, struct datum *out);

struct cast_entry {
    enum type_family from, to;
    cast_fn fn;
    /* Optional: says no for some types of the pair (int[] to uuid[]). */
    bool (*exists)(const struct type *from, const struct type *to);
};

struct cast_table {
    const struct cast_entry *v;
    size_t n;
};

/* cast_number.c (INT, FLOAT, DECIMAL, BOOL, OID among each other), cast_text.c (STRING, BYTES,
 * tuples) */
extern const struct cast_table casts_number, casts_text;
/* Date and time: from and to each other, and INT, FLOAT, DECIMAL <-> INTERVAL, INT <-> TIMESTAMP(TZ),
 * INT <-> DATE, FLOAT and DECIMAL from them. */
extern const struct cast_table casts_datetime;
/* UUID <-> BYTES, INT <-> BIT, array <-> array (element-wise; `exists` asks cast_exists of the
 * elements), BIT widths through fit, INET, JSON. STRING -> array is datum_parse. */
extern const struct cast_table casts_misc;

/* ---- overloads ----------------------------------------------------------------------------
 *
 * Each table is listed in overloads.c. Operators: .is_operator = true. Define them as
 *     static const struct overload rows[] = {...};
 *     const struct overload_table overloads_json_ops = {rows, ARRAY_COUNT(rows), true};
 */
extern const struct overload_table overloads_number_ops, overloads_string_ops, overloads_number_fns,
    overloads_string_fns, overloads_regexp_fns, overloads_bytes_fns, overloads_misc_fns,
    overloads_format_fns, overloads_typeio_fns, overloads_number_gens;
/* date and time room */
extern const struct overload_table overloads_datetime_ops, overloads_datetime_fns,
    overloads_datetime_gens;
/* the rest: arrays (operators, functions, generators), JSON, INET, BIT, UUID */
extern const struct overload_table overloads_array_ops, overloads_array_fns, overloads_array_gens,
    overloads_json_ops, overloads_json_fns, overloads_json_gens, overloads_inet_ops,
    overloads_inet_fns, overloads_bit_ops, overloads_bit_fns, overloads_uuid_fns;

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- helpers for families (sqltext.c, utf8.c) ----------------------------------------------- */

/* 22P02 `could not parse "x" as type int` and, with a reason, `: reason`. */
struct error *type_parse_error(const struct eval_env *env, const struct type *t, struct slice text,
                               const char *reason) ERR_MUST_USE;
/* 22P03, for bytes that are no value of t. */
struct error *type_binary_error(const struct type *t, const char *reason) ERR_MUST_USE;
/* A value of fixed size has it. */
struct error *type_binary_size(const struct type *t, struct slice bytes, size_t want) ERR_MUST_USE;

bool utf8_is_valid(struct slice s);
/* Decodes one code point at p < end; returns its length, 1 with *cp = 0xFFFD for a bad byte. */
size_t utf8_decode(const uint8_t *p, const uint8_t *end, uint32_t *cp);
size_t utf8_encode(uint8_t out[4], uint32_t cp); /* bytes written; cp <= 0x10FFFF */
size_t utf8_count(struct slice s);               /* characters */
size_t utf8_offset(struct slice s, size_t n);    /* byte offset of character n, or s.len */

/* Values in env->arena. */
struct datum datum_from_str(struct str *s);      /* a str made in an arena */

#endif
