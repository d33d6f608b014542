/* regress/unit/test_lexer.c - grammar/lexer: each kind of token, its text, and bad ones. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "grammar/gram_int.h"
#include "grammar/lexer.h"
#include "grammar/parser.h"

struct want {
    int id;
    const char *text;
};

static void
expect_tokens(const char *sql, size_t len, const struct want *want)
{
    struct arena *a = arena_create(NULL, "test");
    struct lexer lx;
    struct lex_token t;
    char *copy = arena_strndup(a, sql, len);
    lex_init(&lx, a, (const uint8_t *)copy, len);
    for (;; want++) {
        lex_next(&lx, &t);
        if (t.id != want->id || (want->text != NULL && !slice_eq(t.text, slice_cstr(want->text))))
            fail_msg("in %s: token %d \"%.*s\", wanted %d \"%s\"", sql, t.id, (int)t.text.len,
                     (const char *)t.text.ptr, want->id, want->text);
        if (want->id == 0 || want->id == LEX_ERROR)
            break;
    }
    arena_destroy(a);
}

#define EXPECT(sql, ...) expect_tokens((sql), strlen(sql), (const struct want[]){__VA_ARGS__})
#define EOT {0, "EOF"}

static void
names_fold_and_normalise(void **state)
{
    (void)state;
    EXPECT("Foo \"Foo\" _a$1 \"a\"\"b\"", {IDENT, "foo"}, {IDENT, "Foo"}, {IDENT, "_a$1"}, {IDENT,
        "a\"b"}, EOT);
    EXPECT("SELECT select \"select\"", {K_SELECT, "select"}, {K_SELECT, "select"}, {IDENT,
        "select"}, EOT);
    EXPECT("\xc3\x89t\xc3\xa9", {IDENT, "\xc3\xa9t\xc3\xa9"}, EOT);
    /* e and a combining acute become one character */
    EXPECT("e\xcc\x81 \"E\xcc\x81\"", {IDENT, "\xc3\xa9"}, {IDENT, "\xc3\x89"}, EOT);
    EXPECT("a\xff", {LEX_ERROR, "invalid UTF-8 byte sequence"});
    EXPECT("\"a", {LEX_ERROR, "unterminated string"});
}

static void
strings(void **state)
{
    (void)state;
    EXPECT("'it''s' '' 'a\\b'", {SCONST, "it's"}, {SCONST, ""}, {SCONST, "a\\b"}, EOT);
    EXPECT("e'\\n\\t\\x41\\u00e9\\U0001F600\\101\\'\\q' E'x'", {SCONST,
        "\n\tA\xc3\xa9\xf0\x9f\x98\x80" "A'q"},
           {SCONST, "x"}, EOT);
    EXPECT("'a'\n  'b'\n'c'", {SCONST, "abc"}, EOT);
    EXPECT("'a' 'b'", {SCONST, "a"}, {SCONST, "b"}, EOT);
    EXPECT("'a''b'\n'c''d'", {SCONST, "a'bc'd"}, EOT);
    EXPECT("$$a'b$$ $x$a$$b$x$ $x_1$\n$x_1$", {SCONST, "a'b"}, {SCONST, "a$$b"}, {SCONST, "\n"}, EOT);
    EXPECT("b'\\x01\\xffa' x'00fF' X''", {BCONST, NULL}, {BCONST, NULL}, {BCONST, ""}, EOT);
    EXPECT("B'1001' B''", {BITCONST, "1001"}, {BITCONST, ""}, EOT);
    EXPECT("'a", {LEX_ERROR, "unterminated string"});
    EXPECT("e'a\\'", {LEX_ERROR, "unterminated string"});
    EXPECT("e'\\xg'", {LEX_ERROR, "invalid syntax"});
    EXPECT("e'\\18'", {LEX_ERROR, "invalid syntax"});
    EXPECT("e'\\uD800'", {LEX_ERROR, "invalid syntax"});
    EXPECT("e'\\xff'", {LEX_ERROR, "invalid UTF-8 byte sequence"});
    EXPECT("x'0'", {LEX_ERROR, "invalid hexadecimal bytes literal"});
    EXPECT("x'0g'", {LEX_ERROR, "invalid hexadecimal bytes literal"});
    EXPECT("B'12'", {LEX_ERROR, "\"2\" is not a valid binary digit"});
    EXPECT("$$a", {LEX_ERROR, "unterminated string"});
}

static void
numbers(void **state)
{
    (void)state;
    EXPECT("1 007 0xFF 1.5 .5 1. 1e3 1.5E-10", {ICONST, "1"}, {ICONST, "007"}, {ICONST, "0xFF"},
        {FCONST, "1.5"},
           {FCONST, ".5"}, {FCONST, "1."}, {FCONST, "1e3"}, {FCONST, "1.5E-10"}, EOT);
    EXPECT("1..2", {ICONST, "1"}, {DOT_DOT, ".."}, {ICONST, "2"}, EOT);
    EXPECT("1a", {ICONST, "1"}, {IDENT, "a"}, EOT);
    EXPECT("0x", {LEX_ERROR, "invalid hexadecimal numeric literal"});
    EXPECT("1e", {LEX_ERROR, "invalid floating point literal"});
    EXPECT("1e+", {LEX_ERROR, "invalid floating point literal"});
    EXPECT("$1 $65536", {PLACEHOLDER, "1"}, {PLACEHOLDER, "65536"}, EOT);
    EXPECT("$0", {LEX_ERROR, "placeholder index must be between 1 and 65536"});
    EXPECT("$99999999999999999999", {LEX_ERROR, "placeholder index must be between 1 and 65536"});
}

static void
operators(void **state)
{
    (void)state;
    EXPECT("<> != <= >= << >> <<= >>= <@ @> && || |/ ||/ //", {NOT_EQUALS, "<>"}, {NOT_EQUALS, "!="},
           {LESS_EQUALS, "<="}, {GREATER_EQUALS, ">="}, {LSHIFT, "<<"}, {RSHIFT, ">>"},
           {INET_CONTAINED_BY_OR_EQUALS, "<<="}, {INET_CONTAINS_OR_EQUALS, ">>="}, {CONTAINED_BY, "<@"},
           {CONTAINS, "@>"}, {AND_AND, "&&"}, {CONCAT, "||"}, {SQRT, "|/"}, {CBRT, "||/"},
               {FLOORDIV, "//"}, EOT);
    EXPECT("-> ->> #> #>> #- ? ?| ?& :: ::: ~ !~ ~* !~* .. :", {FETCHVAL, "->"}, {FETCHTEXT, "->>"},
           {FETCHVAL_PATH, "#>"}, {FETCHTEXT_PATH, "#>>"}, {REMOVE_PATH, "#-"}, {'?', "?"},
               {JSON_SOME_EXISTS, "?|"},
           {JSON_ALL_EXISTS, "?&"}, {TYPECAST, "::"}, {TYPEANNOTATE, ":::"}, {'~', "~"},
               {NOT_REGMATCH, "!~"},
           {REGIMATCH, "~*"}, {NOT_REGIMATCH, "!~*"}, {DOT_DOT, ".."}, {':', ":"}, EOT);
    EXPECT("a.b,(c)[1];{}", {IDENT, "a"}, {'.', "."}, {IDENT, "b"}, {',', ","}, {'(', "("}, {IDENT,
        "c"}, {')', ")"},
           {'[', "["}, {ICONST, "1"}, {']', "]"}, {';', ";"}, {'{', "{"}, {'}', "}"}, EOT);
}

static void
blanks_and_comments(void **state)
{
    (void)state;
    EXPECT("a -- c\nb /* x /* y */ z */ c", {IDENT, "a"}, {IDENT, "b"}, {IDENT, "c"}, EOT);
    EXPECT("a \\ \t\r\nb \\\nc", {IDENT, "a"}, {IDENT, "b"}, {IDENT, "c"}, EOT);
    EXPECT("a \\ b", {IDENT, "a"}, {LEX_UNKNOWN, "\\"}, {IDENT, "b"}, EOT);
    EXPECT("/* a", {LEX_ERROR, "unterminated comment"});
    EXPECT("-- to the end", EOT);
    EXPECT("", EOT);
    expect_tokens("a\0b", 3, (const struct want[]){{IDENT, "a"}, {LEX_UNKNOWN, NULL}, {IDENT, "b"},
        EOT});
}

static void
positions_count_characters(void **state)
{
    (void)state;
    struct arena *a = arena_create(NULL, "test");
    struct lexer lx;
    struct lex_token t;
    const char *sql = "'\xc3\xa9\xe2\x82\xac' x";
    lex_init(&lx, a, (const uint8_t *)sql, strlen(sql));
    lex_next(&lx, &t);
    assert_int_equal(t.pos, 1);
    lex_next(&lx, &t);
    assert_int_equal(t.pos, 6);
    assert_int_equal(t.start, 8);
    assert_int_equal(t.end, 9);
    arena_destroy(a);
}

static void
keywords_are_sorted(void **state)
{
    (void)state;
    const char *word, *before = "";
    char category;
    int n = 0;
    for (; keyword_at(n, &word, &category); n++) {
        assert_true(strcmp(before, word) < 0);
        assert_true(keyword_lookup(slice_cstr(word), NULL) != 0);
        before = word;
    }
    assert_true(n > 350);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_fold_and_normalise), cmocka_unit_test(strings),
        cmocka_unit_test(numbers),                  cmocka_unit_test(operators),
        cmocka_unit_test(blanks_and_comments),      cmocka_unit_test(positions_count_characters),
        cmocka_unit_test(keywords_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
