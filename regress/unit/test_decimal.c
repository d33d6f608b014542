#include "config.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "types/decimal.h"

static struct arena *arena;

static int
setup(void **state)
{
    (void)state;
    arena = arena_create(NULL, "test");
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

static const struct decimal *
dec(const char *text)
{
    const struct decimal *d = NULL;
    assert_true(decimal_parse(arena, slice_cstr(text), &d));
    return d;
}

static const char *
text_of(const struct decimal *d)
{
    struct str s;
    str_init_arena(&s, arena, 100000);
    decimal_format(&s, d);
    return str_cstr(&s);
}

typedef struct error *(*binary_fn)(struct arena *, const struct decimal *, const struct decimal *,
                                   const struct decimal **);
typedef struct error *(*unary_fn)(struct arena *, const struct decimal *, const struct decimal **);

static const char *
binary(binary_fn fn, const char *x, const char *y)
{
    const struct decimal *out = NULL;
    struct error *e = fn(arena, dec(x), dec(y), &out);
    if (e != NULL) {
        const char *text = arena_strdup(arena, e->message);
        err_free(e);
        return text;
    }
    return text_of(out);
}

static const char *
unary(unary_fn fn, const char *x)
{
    const struct decimal *out = NULL;
    struct error *e = fn(arena, dec(x), &out);
    if (e != NULL) {
        const char *text = arena_strdup(arena, e->message);
        err_free(e);
        return text;
    }
    return text_of(out);
}

static void
test_text(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"0", "0"},           {"-0", "0"},
        {"1.50", "1.50"},     {"+1.", "1"},
        {".5", "0.5"},        {"1e10", "1E+10"},
        {"1.5e10", "1.5E+10"}, {"0.000001", "0.000001"},
        {"0.0000001", "1E-7"}, {"1e-7", "1E-7"},
        {"NaN", "NaN"},       {"-inf", "-Infinity"},
        {"Infinity", "Infinity"}, {"0.00", "0.00"},
        {"0e-9", "0E-9"},     {"000123.4500", "123.4500"},
        {"18446744073709551616", "18446744073709551616"},
        {"-123456789012345678901234567890.123", "-123456789012345678901234567890.123"},
        {"12345678901234567890", "12345678901234567890"},
        {"99999999999999999999e-25", "0.0000099999999999999999999"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        assert_string_equal(text_of(dec(pairs[i][0])), pairs[i][1]);
    static const char *const bad[] = {"", "-", ".", "e5", "1e", "1e+", "1.2.3", "--1", "1 ", "x",
                                      "1e2001", "1e-2001", "1e99999999999", "nanx", "infi", "0x1"};
    const struct decimal *d;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(decimal_parse(arena, slice_cstr(bad[i]), &d));
}

static void
test_exact(void **state)
{
    (void)state;
    assert_string_equal(binary(decimal_add, "1.50", "2"), "3.50");
    assert_string_equal(binary(decimal_add, "1.5", "-1.50"), "0.00");
    assert_string_equal(binary(decimal_sub, "1", "2.25"), "-1.25");
    assert_string_equal(binary(decimal_add, "9223372036854775807", "9223372036854775807"),
                        "18446744073709551614");
    assert_string_equal(binary(decimal_add, "18446744073709551615", "1"), "18446744073709551616");
    assert_string_equal(binary(decimal_sub, "1e30", "1"), "999999999999999999999999999999");
    assert_string_equal(binary(decimal_mul, "1.50", "2.0"), "3.000");
    assert_string_equal(binary(decimal_mul, "12345678901234567890", "12345678901234567890"),
                        "152415787532388367501905199875019052100");
    assert_string_equal(binary(decimal_mul, "1e1500", "1e1500"), "overflow");
    assert_string_equal(binary(decimal_mul, "1e-1500", "1e-1500"), "underflow, subnormal");
    assert_string_equal(binary(decimal_add, "inf", "-inf"), "NaN");
    assert_string_equal(binary(decimal_add, "inf", "1"), "Infinity");
    assert_string_equal(binary(decimal_mul, "-inf", "2"), "-Infinity");
    assert_string_equal(binary(decimal_add, "NaN", "1"), "NaN");
}

static void
test_division(void **state)
{
    (void)state;
    assert_string_equal(binary(decimal_div, "1", "3"), "0.33333333333333333333");
    assert_string_equal(binary(decimal_div, "2", "3"), "0.66666666666666666667");
    assert_string_equal(binary(decimal_div, "1", "2"), "0.5");
    assert_string_equal(binary(decimal_div, "10", "2"), "5");
    assert_string_equal(binary(decimal_div, "100", "2"), "50");
    assert_string_equal(binary(decimal_div, "1", "4"), "0.25");
    assert_string_equal(binary(decimal_div, "1.00", "0.5"), "2.0");
    assert_string_equal(binary(decimal_div, "0.00", "3"), "0.00");
    assert_string_equal(binary(decimal_div, "-7", "2"), "-3.5");
    assert_string_equal(binary(decimal_div, "1e10", "1"), "1E+10");
    assert_string_equal(binary(decimal_div, "1.4238790346995263e-40", "6.011482313728436e+41"),
                        "2.3685988919035999994E-82");
    assert_string_equal(binary(decimal_div, "1e-16", "3"), "3.3333333333333333333E-17");
    assert_string_equal(binary(decimal_div, "1", "0"), "division by zero");
    assert_string_equal(binary(decimal_div, "1.0", "inf"), "0E-2019");
    assert_string_equal(binary(decimal_div, "99999999999999999999999", "1"),
                        "1.0000000000000000000E+23");
    assert_string_equal(binary(decimal_floor_div, "-5", "2"), "-2");
    assert_string_equal(binary(decimal_floor_div, "5.5", "2"), "2");
    assert_string_equal(binary(decimal_mod, "-5", "2"), "-1");
    assert_string_equal(binary(decimal_mod, "5.5", "2"), "1.5");
    assert_string_equal(binary(decimal_mod, "5", "0"), "zero modulus");
}

static void
test_functions(void **state)
{
    (void)state;
    assert_string_equal(unary(decimal_sqrt, "2"), "1.4142135623730950488");
    assert_string_equal(unary(decimal_sqrt, "4"), "2");
    assert_string_equal(unary(decimal_sqrt, "9.789765531128956e-34"), "3.1288601009199749773E-17");
    assert_string_equal(unary(decimal_sqrt, "1e-10"), "0.00001");
    assert_string_equal(unary(decimal_cbrt, "19.3"), "2.6823725926296729544");
    assert_string_equal(unary(decimal_cbrt, "-27"), "-3.0000000000000000000");
    assert_string_equal(unary(decimal_ln, "7.682705743584112e-48"), "-108.48511266823882051");
    assert_string_equal(unary(decimal_ln, "2.5"), "0.91629073187415506518");
    assert_string_equal(unary(decimal_ln, "1"), "0");
    assert_string_equal(unary(decimal_ln, "1.0000000000000000000000000000001"),
                        "1.0000000000000000000E-31");
    assert_string_equal(unary(decimal_log10, "100.000"), "2.0000000000000000000");
    assert_string_equal(unary(decimal_exp, "2.0"), "7.3890560989306502272");
    assert_string_equal(unary(decimal_exp, "0"), "1");
    assert_string_equal(unary(decimal_exp, "1e2000"), "overflow");
    assert_string_equal(unary(decimal_exp, "-1e20"), "underflow, subnormal");
    assert_string_equal(binary(decimal_pow, "4.727998800941528e-14", "0.06081860494226844"),
                        "0.15472926640705911955");
    assert_string_equal(binary(decimal_pow, "1e-4", "2"), "1E-8");
    assert_string_equal(binary(decimal_pow, "1.5", "2"), "2.25");
    assert_string_equal(binary(decimal_pow, "2", "-1"), "0.5");
    assert_string_equal(binary(decimal_pow, "-2", "3"), "-8");
    assert_string_equal(binary(decimal_pow, "2", "100"), "1.2676506002282294015E+30");
    assert_string_equal(binary(decimal_pow, "-1", "0.5"), "NaN");
    assert_string_equal(binary(decimal_pow, "10", "3000"), "overflow");
    assert_string_equal(binary(decimal_pow, "2", "1e300"), "exponent out of range");
}

static void
test_rounding(void **state)
{
    (void)state;
    assert_string_equal(text_of(decimal_round(arena, dec("2.5"), 0)), "3");
    assert_string_equal(text_of(decimal_round(arena, dec("-2.5"), 0)), "-3");
    assert_string_equal(text_of(decimal_round(arena, dec("1.005"), 2)), "1.01");
    assert_string_equal(text_of(decimal_round(arena, dec("1.5"), 4)), "1.5000");
    assert_string_equal(text_of(decimal_round(arena, dec("123.456"), -2)), "1E+2");
    assert_string_equal(text_of(decimal_round(arena, dec("9.99"), 1)), "10.0");
    assert_string_equal(text_of(decimal_round(arena, dec("inf"), 1)), "NaN");
    assert_string_equal(text_of(decimal_trunc(arena, dec("-2.7"), 0)), "-2");
    assert_string_equal(text_of(decimal_trunc(arena, dec("2.789"), 2)), "2.78");
    assert_string_equal(text_of(decimal_floor(arena, dec("-2.1"))), "-3");
    assert_string_equal(text_of(decimal_ceil(arena, dec("2.1"))), "3");
    assert_string_equal(text_of(decimal_ceil(arena, dec("-0.5"))), "-0");
    assert_string_equal(text_of(decimal_reduce(arena, dec("100.00"))), "1E+2");

    const struct decimal *out;
    assert_null(decimal_fit(arena, dec("1.005"), 3, 2, &out));
    assert_string_equal(text_of(out), "1.01");
    struct error *e = decimal_fit(arena, dec("100"), 4, 2, &out);
    assert_string_equal(
        e->message,
        "value with precision 4, scale 2 must round to an absolute value less than 10^2");
    err_free(e);
    e = decimal_fit(arena, dec("1"), 2, 2, &out);
    assert_string_equal(
        e->message, "value with precision 2, scale 2 must round to an absolute value less than 1");
    err_free(e);

    int64_t i;
    assert_true(decimal_to_i64(dec("-1.5"), &i));
    assert_int_equal(i, -2);
    assert_true(decimal_to_i64(dec("9223372036854775807.4"), &i));
    assert_true(i == INT64_MAX);
    assert_true(decimal_to_i64(dec("-9223372036854775808"), &i));
    assert_true(i == INT64_MIN);
    assert_false(decimal_to_i64(dec("9223372036854775807.5"), &i));
    assert_false(decimal_to_i64(dec("1e19"), &i));
    assert_false(decimal_to_i64(dec("NaN"), &i));
    assert_true(decimal_to_i64(dec("1e-1000"), &i));
    assert_int_equal(i, 0);
    assert_true(decimal_to_i64(dec("1e18"), &i));
    assert_true(i == 1000000000000000000);
}

static void
test_order(void **state)
{
    (void)state;
    static const char *const order[] = {"NaN", "-inf", "-1e30", "-1.5", "-1", "0", "1e-20", "0.5",
                                        "1", "1.0000000000000000000001", "10", "1e30", "inf"};
    size_t n = sizeof(order) / sizeof(order[0]);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            assert_int_equal(decimal_cmp(dec(order[i]), dec(order[j])), (i > j) - (i < j));
    assert_int_equal(decimal_cmp(dec("1.0"), dec("1.00")), 0);
    assert_int_equal(decimal_cmp(dec("1e20"), dec("100000000000000000000.00")), 0);
    assert_int_equal(decimal_cmp(dec("1e19"), dec("10000000000000000000")), 0);
    assert_true(decimal_hash(dec("1.0"), 7) == decimal_hash(dec("1.00"), 7));
    assert_true(decimal_hash(dec("1e20"), 7) == decimal_hash(dec("100000000000000000000.00"), 7));
    assert_true(decimal_is_composite(dec("1.0")));
    assert_true(decimal_is_composite(dec("0")));
    assert_true(decimal_is_composite(dec("NaN")));
    assert_false(decimal_is_composite(dec("1.5")));
    assert_true(decimal_is_composite(dec("0.0")));
}

static void
test_doubles(void **state)
{
    (void)state;
    static const struct {
        double f;
        const char *text;
    } rows[] = {{1.5, "1.5"},  {100, "1E+2"},       {0.1, "0.1"}, {-0.0, "0"},
                {5e-324, "5E-324"}, {1.0 / 3, "0.3333333333333333"}, {1e22, "1E+22"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct decimal *d;
        assert_null(decimal_from_double(arena, rows[i].f, &d));
        assert_string_equal(text_of(d), rows[i].text);
        assert_true(decimal_to_double(d) == rows[i].f);
    }
    assert_true(isinf(decimal_to_double(dec("1e400"))));
    assert_true(decimal_to_double(dec("123.456")) == 123.456);
    uint8_t be[20];
    const struct decimal *d;
    const char *big = "-123456789012345678901234567890.5";
    size_t n = decimal_coeff_be(dec(big), be, sizeof(be));
    assert_null(decimal_from_be(arena, true, slice_make(be, n), -1, &d));
    assert_string_equal(text_of(d), big);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),      cmocka_unit_test(test_exact),
        cmocka_unit_test(test_division),  cmocka_unit_test(test_functions),
        cmocka_unit_test(test_rounding),  cmocka_unit_test(test_order),
        cmocka_unit_test(test_doubles),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
