#include "config.h"

#include "regress/unit/fn_call.h"

#define OP(want, ...) assert_string_equal(fn(&overloads_number_ops, __VA_ARGS__), want)
#define FN(want, ...) assert_string_equal(fn(&overloads_number_fns, __VA_ARGS__), want)

static void
test_int_operators(void **state)
{
    (void)state;
    OP("3", "+", "ii", "1", "2");
    OP("22003 integer out of range", "+", "ii", "9223372036854775807", "1");
    OP("22003 integer out of range", "-", "ii", "-9223372036854775808", "1");
    OP("22003 integer out of range", "*", "ii", "9223372036854775807", "2");
    OP("0.33333333333333333333", "/", "ii", "1", "3");
    OP("5", "/", "ii", "10", "2");
    OP("22012 division by zero", "/", "ii", "1", "0");
    OP("-2", "//", "ii", "-5", "2");
    OP("22012 division by zero", "//", "ii", "-5", "0");
    OP("-1", "%", "ii", "-5", "2");
    OP("22012 zero modulus", "%", "ii", "-5", "0");
    OP("0", "%", "ii", "-9223372036854775808", "-1");
    OP("1024", "^", "ii", "2", "10");
    OP("22003 integer out of range", "^", "ii", "2", "63");
    OP("-9223372036854775808", "^", "ii", "-2", "63");
    OP("22003 integer out of range", "^", "ii", "2", "-1");
    OP("1", "^", "ii", "-1", "-2");
    OP("8", "<<", "ii", "1", "3");
    OP("22023 shift argument out of range", "<<", "ii", "1", "64");
    OP("-1", ">>", "ii", "-2", "1");
    OP("6", "#", "ii", "5", "3");
    OP("-6", "~", "i", "5");
    OP("22003 integer out of range", "-", "i", "-9223372036854775808");
}

static void
test_mixed_operators(void **state)
{
    (void)state;
    OP("2.50", "+", "di", "1.50", "1");
    OP("-0.50", "-", "id", "1", "1.50");
    OP("3.00", "*", "di", "1.50", "2");
    OP("0.75", "/", "di", "1.50", "2");
    OP("22012 division by zero", "/", "id", "1", "0.0");
    OP("2.25", "^", "di", "1.5", "2");
    OP("1.5", "%", "di", "5.5", "2");
    OP("3", "+", "ff", "1", "2");
    OP("22012 division by zero", "/", "ff", "1", "0");
    OP("-2", "//", "ff", "-5", "2");
    OP("NULL", "+", "ii", "1", NULL);
}

static void
test_functions(void **state)
{
    (void)state;
    FN("3", "abs", "i", "-3");
    FN("22003 abs of min integer value (-9223372036854775808) not defined", "abs", "i",
       "-9223372036854775808");
    FN("-1", "sign", "d", "-2.5");
    FN("2", "round", "f", "2.5");
    FN("3", "round", "d", "2.5");
    FN("-3", "round", "d", "-2.5");
    FN("2.35", "round", "di", "2.345", "2");
    FN("2.34", "round", "fi", "2.345", "2");
    FN("120", "round", "fi", "123.4", "-1");
    FN("NaN", "round", "fi", "NaN", "1");
    FN("-2", "trunc", "f", "-2.7");
    FN("-2", "trunc", "d", "-2.7");
    FN("-0", "ceil", "f", "-0.5");
    FN("3", "ceil", "d", "2.1");
    FN("-3", "floor", "d", "-2.1");
    FN("2.6823725926296729544", "cbrt", "d", "19.3");
    FN("3", "cbrt", "f", "27");
    FN("1.4142135623730950488", "sqrt", "d", "2");
    FN("2201F cannot take square root of a negative number", "sqrt", "f", "-1");
    FN("2201F cannot take square root of a negative number", "sqrt", "d", "-1");
    FN("2201E cannot take logarithm of zero", "ln", "d", "0");
    FN("2201E cannot take logarithm of a negative number", "log", "d", "-1");
    FN("2.0000000000000000000", "log", "d", "100.000");
    FN("3.0000000000000000000", "log", "dd", "2.0", "8.0");
    FN("7.3890560989306502272", "exp", "d", "2.0");
    FN("22012 division by zero", "div", "ii", "1", "0");
    FN("22012 zero modulus", "mod", "ii", "1", "0");
    FN("2", "mod", "ii", "5", "3");
    FN("8", "pow", "ii", "2", "3");
    FN("0.5", "power", "dd", "2", "-1");
    FN("22003 integer out of range", "pow", "ii", "0", "-3");
    FN("3.14159265358979", "pi", "");
    FN("true", "isnan", "d", "NaN");
    FN("false", "isnan", "f", "1");
    FN("3", "width_bucket", "dddi", "5.35", "0.024", "10.06", "5");
    FN("6", "width_bucket", "iiii", "11", "0", "10", "5");
    FN("0", "width_bucket", "iiii", "-1", "0", "10", "5");
    FN("57.2957795130823", "degrees", "f", "1");
}

static void
test_series(void **state)
{
    (void)state;
    const struct overload *o = &overloads_number_gens.v[1];
    const struct type *types[] = {&TYPE_INT8, &TYPE_INT8, &TYPE_INT8};
    struct fn_call call = {o, 3, types, &TYPE_INT8};
    struct datum args[3] = {datum_int(INT64_MAX - 3), datum_int(INT64_MAX), datum_int(2)}, col;
    void *it;
    bool more;
    assert_null(o->gen->open(&env, &call, args, arena, &it));
    for (int i = 0; i < 2; i++) {
        assert_null(o->gen->next(&env, it, &col, &more));
        assert_true(more);
        assert_true(col.i == INT64_MAX - 3 + 2 * i);
    }
    assert_null(o->gen->next(&env, it, &col, &more));
    assert_false(more);
    args[2] = datum_int(0);
    struct error *e = o->gen->open(&env, &call, args, arena, &it);
    assert_non_null(e);
    assert_string_equal(e->message, "step cannot be 0");
    err_free(e);
}

static const char *
cast(const struct type *from, const char *text, const struct type *to)
{
    struct datum d, out;
    assert_null(datum_parse(&env, from, slice_cstr(text), &d));
    struct error *e = datum_cast(&env, from, &d, to, &out);
    if (e != NULL) {
        const char *s = arena_printf(arena, "%s %s", e->sqlstate, e->message);
        err_free(e);
        return s;
    }
    struct str s;
    str_init_arena(&s, arena, 10000);
    datum_format(&s, to, &out, TEXT_CAST, &env);
    return str_cstr(&s);
}

static void
test_casts(void **state)
{
    (void)state;
    assert_string_equal(cast(&TYPE_FLOAT8, "2.7", &TYPE_INT8), "2");
    assert_string_equal(cast(&TYPE_FLOAT8, "1e30", &TYPE_INT8), "22003 integer out of range");
    assert_string_equal(cast(&TYPE_DECIMAL, "-1.5", &TYPE_INT8), "-2");
    assert_string_equal(cast(&TYPE_DECIMAL, "1e30", &TYPE_INT8), "22003 integer out of range");
    assert_string_equal(cast(&TYPE_DECIMAL, "1e400", &TYPE_FLOAT8), "22003 float out of range");
    assert_string_equal(cast(&TYPE_FLOAT8, "0.1", &TYPE_DECIMAL), "0.1");
    assert_string_equal(cast(&TYPE_BOOL, "true", &TYPE_DECIMAL), "1");
    assert_string_equal(cast(&TYPE_DECIMAL, "0.00", &TYPE_BOOL), "false");
    assert_string_equal(cast(&TYPE_INT8, "5", type_decimal(arena, 3, 1)), "5.0");
    assert_string_equal(cast(&TYPE_INT8, "500", type_decimal(arena, 3, 1)),
                        "22003 value with precision 3, scale 1 must round to an absolute value "
                        "less than 10^2");
    assert_string_equal(cast(&TYPE_STRING, "1.50", &TYPE_DECIMAL), "1.50");
    assert_string_equal(cast(&TYPE_STRING, "x", &TYPE_DECIMAL),
                        "22P02 could not parse \"x\" as type decimal");
    assert_string_equal(cast(&TYPE_STRING, "\\x61", &TYPE_BYTES), "\\x61");
    assert_string_equal(cast(&TYPE_BYTES, "a", &TYPE_STRING), "\\x61");
}

/* PostgreSQL's layout, by hand: 12345.678 is groups 1 2345 6780. */
static void
test_decimal_binary(void **state)
{
    (void)state;
    static const uint8_t want[] = {0, 3, 0, 1, 0, 0, 0, 3, 0, 1, 0x09, 0x29, 0x1a, 0x7c};
    static const char *const texts[] = {"12345.678", "0", "-0.00001", "100000000", "0.00", "NaN",
                                        "-99999999999999999999999999.0001", "1.50", "0.0001"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct datum d, back;
        struct str s;
        assert_null(datum_parse(&env, &TYPE_DECIMAL, slice_cstr(texts[i]), &d));
        str_init_arena(&s, arena, 1000);
        assert_null(datum_to_binary(&s, &TYPE_DECIMAL, &d, &env));
        if (i == 0) {
            assert_int_equal(s.len, sizeof(want));
            assert_memory_equal(s.ptr, want, sizeof(want));
        }
        assert_null(datum_from_binary(&env, &TYPE_DECIMAL, str_slice(&s), &back));
        str_init_arena(&s, arena, 1000);
        datum_format(&s, &TYPE_DECIMAL, &back, TEXT_WIRE, &env);
        assert_string_equal(str_cstr(&s), texts[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_int_operators), cmocka_unit_test(test_mixed_operators),
        cmocka_unit_test(test_functions),     cmocka_unit_test(test_series),
        cmocka_unit_test(test_casts),         cmocka_unit_test(test_decimal_binary),
    };
    return cmocka_run_group_tests(tests, fn_setup, fn_teardown);
}
