#include "config.h"

#include "regress/unit/fn_call.h"

#define OP(want, ...) assert_string_equal(fn(&overloads_string_ops, __VA_ARGS__), want)
#define FN(want, ...) assert_string_equal(fn(&overloads_string_fns, __VA_ARGS__), want)
#define RE(want, ...) assert_string_equal(fn(&overloads_regexp_fns, __VA_ARGS__), want)
#define BY(want, ...) assert_string_equal(fn(&overloads_bytes_fns, __VA_ARGS__), want)

static void
test_like(void **state)
{
    (void)state;
    OP("ab", "||", "ss", "a", "b");
    OP("\\x6162", "||", "bb", "a", "b");
    OP("true", "LIKE", "ss", "abc", "a%");
    OP("true", "LIKE", "ss", "abc", "%b%");
    OP("true", "LIKE", "ss", "abc", "_b_");
    OP("false", "LIKE", "ss", "abc", "_b");
    OP("true", "LIKE", "ss", "\xc3\xa4x", "_x");
    OP("true", "LIKE", "ss", "a%c", "a\\%c");
    OP("false", "LIKE", "ss", "abc", "a\\%c");
    OP("true", "LIKE", "ss", "", "%");
    OP("true", "LIKE", "ss", "", "");
    OP("false", "LIKE", "ss", "", "_");
    OP("true", "LIKE", "ss", "aXbXc", "a%X%c");
    OP("true", "LIKE", "ss", "mississippi", "%iss%ip%");
    OP("false", "LIKE", "ss", "ABC", "abc");
    OP("true", "ILIKE", "ss", "ABC", "a_c");
    OP("true", "ILIKE", "ss", "\xc3\x84", "\xc3\xa4");
    OP("2201B LIKE regexp compilation failed: LIKE pattern must not end with escape character",
       "LIKE", "ss", "a", "a\\");
    OP("true", "SIMILAR TO", "ss", "abc", "(a|b)%");
    OP("false", "SIMILAR TO", "ss", "abc", "b");
    OP("true", "SIMILAR TO", "ss", "a.c", "a.c");
    OP("false", "SIMILAR TO", "ss", "abc", "a.c");
    RE("true", "like_escape", "sss", "a%", "a#%", "#");
    RE("false", "not_like_escape", "sss", "a%", "a#%", "#");
    RE("22025 invalid escape string", "like_escape", "sss", "a", "a", "##");
    RE("true", "ilike_escape", "sss", "A_", "a\\_", "\\");
    RE("true", "similar_to_escape", "sss", "a_", "a#_", "#");
}

static void
test_regexp(void **state)
{
    (void)state;
    OP("true", "~", "ss", "foobar", "o+b");
    OP("false", "~", "ss", "FOO", "foo");
    OP("true", "~*", "ss", "FOO", "foo");
    OP("true", "~", "ss", "a]", "[]a]+$");
    OP("true", "~", "ss", "x9", "^\\w\\d$");
    OP("false", "~", "ss", "a\n", "a$");
    OP("true", "~", "ss", "a b", "a\\sb");
    OP("true", "~", "ss", "{1", "{1");
    OP("2201B error parsing regexp: missing closing ): `(abc`", "~", "ss", "a", "(abc");
    OP("2201B error parsing regexp: missing closing ]: `[abc`", "~", "ss", "a", "[abc");
    OP("2201B error parsing regexp: unexpected ): `abc)`", "~", "ss", "a", "abc)");
    OP("2201B error parsing regexp: invalid nested repetition operator: `++`", "~", "ss", "a",
       "a++");
    OP("2201B error parsing regexp: missing argument to repetition operator: `*`", "~", "ss", "a",
       "*a");
    OP("2201B error parsing regexp: invalid escape sequence: `\\1`", "~", "ss", "a", "(a)\\1");
    OP("2201B error parsing regexp: invalid escape sequence: `\\y`", "~", "ss", "a", "\\y");
    OP("2201B error parsing regexp: invalid or unsupported Perl syntax: `(?=`", "~", "ss", "a",
       "a(?=b)");
    OP("2201B error parsing regexp: invalid repeat count: `{1001}`", "~", "ss", "a", "a{1001}");
    OP("2201B error parsing regexp: invalid character class range: `z-a`", "~", "ss", "a",
       "[z-a]");
    OP("2201B error parsing regexp: trailing backslash at end of expression: ``", "~", "ss", "a",
       "a\\");
    RE("bXr", "regexp_replace", "sss", "bar", "a", "X");
    RE("bXXr", "regexp_replace", "ssss", "baar", "a", "X", "g");
    RE("baXar", "regexp_replace", "sss", "baar", "(a)(a)", "\\1X\\2");
    RE("<b>ar", "regexp_replace", "sss", "bar", "b", "<\\&>");
    RE("-a-b-", "regexp_replace", "ssss", "ab", "x*", "-", "g");
    RE("2201B invalid regexp flag: 'z'", "regexp_replace", "ssss", "a", "a", "b", "z");
    RE("Xbc", "regexp_replace", "ssss", "Abc", "a", "X", "i");
    RE("oo", "regexp_extract", "ss", "foobar", "o+");
    RE("b", "regexp_extract", "ss", "foobar", "o(b)a");
    RE("NULL", "regexp_extract", "ss", "foobar", "x");
    RE("b", "substring", "ss", "foobar", "o(.)a");
}

static void
test_strings(void **state)
{
    (void)state;
    FN("2", "length", "s", "\xc3\xa4o");
    FN("3", "octet_length", "s", "\xc3\xa4o");
    FN("24", "bit_length", "s", "\xc3\xa4o");
    FN("\xc3\x84O", "upper", "s", "\xc3\xa4o");
    FN("\xc3\xa4o", "lower", "s", "\xc3\x84O");
    FN("Hello World_x 2nd", "initcap", "s", "hELLO wORLD_x 2ND");
    FN("ac", "concat", "sss", "a", NULL, "c");
    FN("a,c", "concat_ws", "ssss", ",", "a", NULL, "c");
    FN("NULL", "concat_ws", "ss", NULL, "a");
    FN("ababab", "repeat", "si", "ab", "3");
    FN("", "repeat", "si", "ab", "-3");
    FN("54000 requested length too large, exceeds 64 MiB", "repeat", "si", "ab", "1000000000000");
    FN("bc", "substr", "si", "abc", "2");
    FN("abc", "substr", "si", "abc", "-2");
    FN("a", "substring", "sii", "abc", "0", "2");
    FN("bc", "substring", "sii", "abc", "2", "9223372036854775807");
    FN("22023 negative substring length -1 not allowed", "substr", "sii", "abc", "1", "-1");
    FN("ab", "left", "si", "abc", "-1");
    FN("", "left", "si", "abc", "-9");
    FN("bc", "right", "si", "abc", "2");
    FN("c", "right", "si", "abc", "-2");
    FN("2", "strpos", "ss", "\xc3\xa4o", "o");
    FN("0", "strpos", "ss", "abc", "x");
    FN("1", "strpos", "ss", "abc", "");
    FN("b", "split_part", "ssi", "a,b,c", ",", "2");
    FN("", "split_part", "ssi", "a,b,c", ",", "4");
    FN("22023 field position 0 must be greater than zero", "split_part", "ssi", "a", ",", "0");
    FN("Txxxxas", "overlay", "ssii", "Thomas", "xxxx", "2", "3");
    FN("22023 non-positive substring length not allowed: 0", "overlay", "ssi", "a", "b", "0");
    FN("  a", "lpad", "si", "a", "3");
    FN("xyxa", "lpad", "sis", "a", "4", "xy");
    FN("axy", "rpad", "sis", "a", "3", "xy");
    FN("ab", "lpad", "si", "abc", "2");
    FN("", "lpad", "si", "abc", "-2");
    FN("b", "btrim", "ss", "xxbxy", "yx");
    FN("b ", "ltrim", "s", "  b ");
    FN(" b", "rtrim", "s", " b  ");
    FN("axc", "replace", "sss", "abc", "b", "x");
    FN("-a-b-", "replace", "sss", "ab", "", "-");
    FN("a2x5", "translate", "sss", "12345", "143", "ax");
    FN("o\xc3\xa4", "reverse", "s", "\xc3\xa4o");
    FN("97", "ascii", "s", "abc");
    FN("22023 the input string must not be empty", "ascii", "s", "");
    FN("\xe2\x82\xac", "chr", "i", "8364");
    FN("22023 input value must be >= 0", "chr", "i", "-1");
    FN("22023 input value must be <= 1114111 (maximum Unicode code point)", "chr", "i", "1114112");
    FN("7fffffff", "to_hex", "i", "2147483647");
    FN("minus-four-two", "to_english", "i", "-42");
    FN("\"Foo\"", "quote_ident", "s", "Foo");
    FN("'abc'", "quote_literal", "s", "abc");
    FN("'42'", "quote_literal", "i", "42");
    FN("NULL", "quote_nullable", "s", NULL);
}

static void
test_bytes(void **state)
{
    (void)state;
    BY("900150983cd24fb0d6963f7d28e17f72", "md5", "s", "abc");
    BY("900150983cd24fb0d6963f7d28e17f72", "md5", "sss", "a", NULL, "bc");
    BY("NULL", "md5", "s", NULL);
    BY("a9993e364706816aba3e25717850c26c9cd0d89d", "sha1", "s", "abc");
    BY("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "sha256", "b", "abc");
    BY("1134309195", "fnv32", "s", "abc");
    BY("440920331", "fnv32a", "s", "abc");
    BY("-2820157060406071861", "fnv64", "s", "abc");
    BY("-1792535898324117685", "fnv64a", "s", "abc");
    BY("910901175", "crc32c", "s", "abc");
    BY("891568578", "crc32ieee", "s", "abc");
    BY("616263", "encode", "bs", "abc", "hex");
    BY("YWJj", "encode", "bs", "abc", "base64");
    BY("a\\001", "encode", "bs", "\\x6101", "escape");
    BY("22023 only 'hex', 'escape', and 'base64' formats are supported for encode()", "encode",
       "bs", "a", "x");
    BY("\\x616263", "decode", "ss", "616263", "hex");
    BY("22P02 encoding/hex: invalid byte: U+007A 'z'", "decode", "ss", "z1", "hex");
    BY("22P02 encoding/hex: odd length hex string", "decode", "ss", "1", "hex");
    BY("\\x616263", "decode", "ss", "YWJj", "base64");
    BY("\\x6162", "decode", "ss", "YWI=", "base64");
    BY("22P02 illegal base64 data at input byte 1", "decode", "ss", "Y!Jj", "base64");
    BY("\\x610a", "decode", "ss", "a\\012", "escape");
    BY("abc", "convert_from", "bs", "abc", "UTF8");
    BY("22021 invalid byte sequence for encoding \"UTF8\"", "convert_from", "bs", "\\xff", "utf8");
    BY("22023 invalid source encoding name \"foo\"", "convert_from", "bs", "a", "foo");
    BY("\\xe4", "convert_to", "ss", "\xc3\xa4", "LATIN1");
}

static void
test_misc(void **state)
{
    (void)state;
    assert_string_equal(fn(&overloads_misc_fns, "greatest", "iii", "1", "3", NULL), "3");
    assert_string_equal(fn(&overloads_misc_fns, "least", "sss", "b", "a", "c"), "a");
    assert_string_equal(fn(&overloads_misc_fns, "least", "ss", NULL, NULL), "NULL");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_like),  cmocka_unit_test(test_regexp), cmocka_unit_test(test_strings),
        cmocka_unit_test(test_bytes), cmocka_unit_test(test_misc),
    };
    return cmocka_run_group_tests(tests, fn_setup, fn_teardown);
}
