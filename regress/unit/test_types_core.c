/* Names of types, text, binary, order and casts of the families in types/family_*.c. */
#include "config.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "types/datum.h"

static struct arena *arena;
static struct eval_env env;

static int
setup(void **state)
{
    (void)state;
    arena = arena_create(NULL, "test");
    env = (struct eval_env){.arena = arena, .extra_float_digits = 0};
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

static const char *
shown(const struct type *t, const struct datum *d, enum text_mode mode)
{
    struct str s;
    str_init_arena(&s, arena, STR_MAX_DEFAULT);
    datum_format(&s, t, d, mode, &env);
    return str_cstr(&s);
}

static const char *
sql(const struct type *t, const struct datum *d)
{
    struct str s;
    str_init_arena(&s, arena, STR_MAX_DEFAULT);
    datum_format_sql(&s, t, d, true, &env);
    return str_cstr(&s);
}

/* The wire text of what `text` reads as, or the error's message. */
static const char *
reads(const struct type *t, const char *text)
{
    struct datum d;
    struct error *e = datum_parse(&env, t, slice_cstr(text), &d);
    if (e == NULL)
        return shown(t, &d, TEXT_WIRE);
    const char *m = arena_printf(arena, "%s %s", e->sqlstate, e->message);
    err_free(e);
    return m;
}

static void
test_names(void **state)
{
    (void)state;
    const struct type *dec = type_decimal(arena, 10, 2);
    const struct type *char3 = type_string(arena, TYPE_BPCHAR1.oid, 3);
    const struct type *de = type_collated(arena, &TYPE_STRING, "de");
    assert_string_equal(type_sql_str(arena, &TYPE_INT8), "INT8");
    assert_string_equal(type_name_str(arena, &TYPE_INT8), "int");
    assert_string_equal(type_pg_name_str(arena, &TYPE_INT8), "bigint");
    assert_string_equal(type_sql_str(arena, dec), "DECIMAL(10,2)");
    assert_string_equal(type_sql_str(arena, char3), "CHAR(3)");
    assert_string_equal(type_sql_str(arena, &TYPE_BPCHAR1), "CHAR");
    assert_string_equal(type_sql_str(arena, de), "STRING COLLATE de");
    assert_string_equal(type_name_str(arena, de), "collatedstring{de}");
    assert_string_equal(type_sql_str(arena, type_array_of(arena, char3)), "CHAR(3)[]");
    assert_string_equal(type_name_str(arena, &TYPE_STRING_ARRAY), "string[]");
    const struct type *two[] = {&TYPE_INT8, &TYPE_STRING};
    assert_string_equal(type_name_str(arena, type_tuple(arena, 2, two, NULL)),
                        "tuple{int, string}");
    assert_ptr_equal(type_from_oid(1016), &TYPE_INT8_ARRAY);
    assert_string_equal(type_typname(&TYPE_INT8_ARRAY), "_int8");
}

static void
test_text(void **state)
{
    (void)state;
    assert_string_equal(reads(&TYPE_BOOL, " tR "), "t");
    assert_string_equal(reads(&TYPE_BOOL, "off"), "f");
    assert_string_equal(reads(&TYPE_BOOL, "o"),
                        "22P02 could not parse \"o\" as type bool: invalid bool value");
    assert_string_equal(reads(&TYPE_INT8, "-9223372036854775808"), "-9223372036854775808");
    assert_string_equal(reads(&TYPE_INT8, "0x1F"), "31");
    assert_string_equal(reads(&TYPE_INT8, "x"),
                        "22P02 could not parse \"x\" as type int: strconv.ParseInt: parsing \"x\": "
                        "invalid syntax");
    assert_string_equal(reads(&TYPE_INT8, "9223372036854775808"),
                        "22P02 could not parse \"9223372036854775808\" as type int: "
                        "strconv.ParseInt: parsing \"9223372036854775808\": value out of range");
    assert_string_equal(reads(&TYPE_INT2, "40000"), "22003 integer out of range for type int2");
    assert_string_equal(reads(&TYPE_FLOAT8, "3.14"), "3.14");
    assert_string_equal(reads(&TYPE_FLOAT8, "1e20"), "1e+20");
    assert_string_equal(reads(&TYPE_FLOAT8, "0.00001"), "1e-05");
    assert_string_equal(reads(&TYPE_FLOAT8, "-0"), "-0");
    assert_string_equal(reads(&TYPE_FLOAT8, "infinity"), "+Inf");
    assert_string_equal(reads(&TYPE_FLOAT8, "1e999"),
                        "22P02 could not parse \"1e999\" as type float: strconv.ParseFloat: "
                        "parsing \"1e999\": value out of range");
    env.extra_float_digits = 3;
    assert_string_equal(reads(&TYPE_FLOAT8, "1234567"), "1.234567e+06");
    assert_string_equal(reads(&TYPE_FLOAT8, "0.1"), "0.1");
    assert_string_equal(reads(&TYPE_FLOAT8, "0.30000000000000004"), "0.30000000000000004");
    env.extra_float_digits = 0;
    assert_string_equal(reads(&TYPE_BYTES, "\\x00ff"), "\\x00ff");
    assert_string_equal(reads(&TYPE_BYTES, "a\\\\b\\001"), "\\x615c6201");
    assert_string_equal(reads(&TYPE_BYTES, "\\xz"),
                        "22P02 could not parse \"\\\\xz\" as type bytes: encoding/hex: invalid "
                        "byte: U+007A 'z'");
    assert_string_equal(reads(&TYPE_OID, "26"), "26");
    assert_string_equal(reads(&TYPE_REGTYPE, "int"), "bigint");
}

static void
test_sql_text(void **state)
{
    (void)state;
    struct datum d = datum_int(-1);
    assert_string_equal(sql(&TYPE_INT8, &d), "(-1):::INT8");
    d = datum_int(1);
    assert_string_equal(sql(&TYPE_INT8, &d), "1:::INT8");
    d = datum_cstr("it's");
    assert_string_equal(sql(&TYPE_STRING, &d), "e'it\\'s':::STRING");
    d = datum_cstr("\xc3\xa4");
    assert_string_equal(sql(&TYPE_STRING, &d), "e'\\u00E4':::STRING");
    d = datum_bytes("\x01", 1);
    assert_string_equal(sql(&TYPE_BYTES, &d), "'\\x01':::BYTES");
    d = datum_bool(true);
    assert_string_equal(sql(&TYPE_BOOL, &d), "true");
    d = datum_float(1);
    assert_string_equal(sql(&TYPE_FLOAT8, &d), "1.0:::FLOAT8");
}

static void
test_columns_refuse_what_casts_cut(void **state)
{
    (void)state;
    struct datum d = datum_cstr("abc"), out;
    assert_null(datum_cast(&env, &TYPE_STRING, &d, &TYPE_BPCHAR1, &out));
    assert_int_equal(out.len, 1);
    struct error *e = datum_adjust(&env, &TYPE_BPCHAR1, "c", &d, &out);
    assert_non_null(e);
    assert_string_equal(e->sqlstate, "22001");
    assert_string_equal(e->message, "value too long for type CHAR(1) (column \"c\")");
    err_free(e);
    d = datum_int(40000);
    e = datum_adjust(&env, &TYPE_INT2, "b", &d, &out);
    assert_non_null(e);
    assert_string_equal(e->message, "integer out of range for type int2 (column \"b\")");
    err_free(e);
    assert_false(cast_exists(&TYPE_INT8, &TYPE_UUID));
    e = datum_cast(&env, &TYPE_INT8, &d, &TYPE_UUID, &out);
    assert_non_null(e);
    assert_string_equal(e->message, "invalid cast: int -> uuid");
    err_free(e);
}

static void
test_order_and_hash(void **state)
{
    (void)state;
    const double f[] = {NAN, -INFINITY, -1, -0.0, 0.5, INFINITY};
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k < 6; k++) {
            struct datum a = datum_float(f[i]), b = datum_float(f[k]);
            assert_int_equal(datum_compare(&TYPE_FLOAT8, &a, &b), (i > k) - (i < k));
        }
    struct datum zero = datum_float(0), minus = datum_float(-0.0), null = DATUM_NULL;
    assert_true(datum_equal(&TYPE_FLOAT8, &zero, &minus));
    assert_int_equal(datum_hash(&TYPE_FLOAT8, &zero, 7), datum_hash(&TYPE_FLOAT8, &minus, 7));
    assert_int_equal(datum_compare(&TYPE_FLOAT8, &null, &zero), -1);
    /* 2^53 + 1 is no double: the comparison must be exact */
    struct datum i = datum_int(9007199254740993), d = datum_float(9007199254740992.0);
    assert_int_equal(datum_compare_mixed(&TYPE_INT8, &i, &TYPE_FLOAT8, &d, &env), 1);
}

static void
test_binary(void **state)
{
    (void)state;
    struct str s;
    struct datum d = datum_int(-2), back;
    str_init_arena(&s, arena, STR_MAX_DEFAULT);
    assert_null(datum_to_binary(&s, &TYPE_INT2, &d, &env));
    assert_int_equal(s.len, 2);
    assert_null(datum_from_binary(&env, &TYPE_INT2, str_slice(&s), &back));
    assert_int_equal(back.i, -2);
    struct error *e = datum_from_binary(&env, &TYPE_INT8, SLICE_LIT("abc"), &back);
    assert_non_null(e);
    assert_string_equal(e->sqlstate, "42601");
    err_free(e);
    e = datum_from_binary(&env, &TYPE_INT2, SLICE_LIT("\0\1\0\0"), &back);
    assert_non_null(e);
    assert_string_equal(e->message, "int2 requires 2 bytes for binary format");
    err_free(e);
    assert_null(datum_from_binary(&env, &TYPE_QCHAR, SLICE_LIT("ab"), &back));
    assert_int_equal(back.len, 1);
}

static double
some_float(uint64_t r, int kind)
{
    double f;
    switch (kind) {
    case 0: /* any */
        memcpy(&f, &r, sizeof(f));
        return isfinite(f) ? f : 0;
    case 1: /* short ones */
        return (double)(r % 100000000000) / pow(10, (int)(r >> 60) % 9);
    case 2: /* all digits */
        return ldexp((double)(r >> 11), -(int)(r % 160));
    case 3: /* neighbours that are not equally far */
        return ldexp(1, (int)(r % 200) - 100);
    case 4: /* halfway between two that are written shorter */
        return ((double)(r % 1000000) + 0.5) * (double)(1 << r % 12);
    default:
        return (double)(float)(r % 100000) * pow(10, (int)(r >> 58) - 30);
    }
}

static void
shortest_float(char *out, size_t size, double f)
{
    int digits = 1;
    do
        snprintf(out, size, "%.*e", digits - 1, f);
    while (strtod(out, NULL) != f && ++digits <= 17);
    int exponent = (int)strtoll(strchr(out, 'e') + 1, NULL, 10);
    int places = digits - 1 - exponent;
    if (exponent >= -4 && exponent < 6)
        snprintf(out, size, "%.*f", places > 0 ? places : 0, f);
}

/* As printf and strtod have them, whichever way they are written. */
static void
test_float_text(void **state)
{
    char number[64], want[64];
    (void)state;
    for (uint64_t i = 0; i < 60000; i++) {
        uint64_t r = i * 0x9e3779b97f4a7c15u;
        double f = some_float(r, (int)(i % 6)) * (r & 1 << 20 ? -1 : 1);
        int digits = i % 5 == 0 ? 1 + (int)(r >> 40) % 17 : 15;
        snprintf(number, sizeof(number), "%.17g", f);
        env.extra_float_digits = digits - 15;
        snprintf(want, sizeof(want), "%.*g", digits, f);
        assert_string_equal(reads(&TYPE_FLOAT8, number), want);
        env.extra_float_digits = 3;
        shortest_float(want, sizeof(want), f);
        assert_string_equal(reads(&TYPE_FLOAT8, number), want);
    }
    env.extra_float_digits = 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_sql_text),
        cmocka_unit_test(test_columns_refuse_what_casts_cut),
        cmocka_unit_test(test_order_and_hash),
        cmocka_unit_test(test_float_text),
        cmocka_unit_test(test_binary),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
