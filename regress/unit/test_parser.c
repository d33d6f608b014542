/* regress/unit/test_parser.c - grammar/: the corpus parses and prints, errors read as v20.1's, and
 * neither size nor depth of a statement hurts. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "grammar/lexer.h"
#include "grammar/parse.h"
#include "grammar/print.h"
#include "types/sqltext.h"

static char *
printed(struct arena *a, const struct ast_stmt *s)
{
    struct str out;
    str_init_arena(&out, a, STR_MAX_DEFAULT);
    print_stmt(&out, s, NULL);
    assert_false(out.failed);
    return arena_strdup(a, str_cstr(&out));
}

/* Parses sql, which must print as `want`, which must print as itself. */
static void
expect_print(const char *sql, const char *want)
{
    struct arena *a = arena_create(NULL, "test");
    struct ast_stmt *s;
    struct error *e = parse_one(a, slice_cstr(sql), &s);
    if (e != NULL)
        fail_msg("%s\n%s\n%s", sql, e->message, e->detail);
    assert_string_equal(printed(a, s), want);
    e = parse_one(a, slice_cstr(want), &s);
    if (e != NULL)
        fail_msg("printed: %s\n%s\n%s", want, e->message, e->detail);
    assert_string_equal(printed(a, s), want);
    arena_destroy(a);
}

static void
corpus_prints_and_parses(void **state)
{
    (void)state;
    const char *dir = getenv("AMBERDB_SRCDIR");
    char path[4096], *line = NULL, *sql = NULL;
    size_t cap = 0;
    ssize_t n;
    int count = 0;

    snprintf(path, sizeof(path), "%s/regress/grammar_corpus.sql", dir != NULL ? dir : ".");
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        print_message("no %s: set AMBERDB_SRCDIR\n", path);
        skip();
    }
    while ((n = getline(&line, &cap, f)) > 0) {
        line[n - 1] = '\0';
        if (strncmp(line, "=> ", 3) == 0) {
            assert_non_null(sql);
            expect_print(sql, line + 3);
            free(sql);
            sql = NULL;
            count++;
            continue;
        }
        if (sql != NULL) {
            expect_print(sql, sql);
            count++;
        }
        free(sql);
        sql = line[0] == '#' || line[0] == '\0' ? NULL : strdup(line);
    }
    if (sql != NULL)
        expect_print(sql, sql);
    free(sql);
    free(line);
    fclose(f);
    assert_true(count > 350);
}

static void
expect_error(const char *sql, const char *sqlstate, const char *message, const char *detail,
    const char *hint)
{
    struct arena *a = arena_create(NULL, "test");
    struct ast_stmt_list l;
    struct error *e = parse_sql(a, slice_cstr(sql), &l);
    if (e == NULL)
        fail_msg("parses: %s", sql);
    if (strcmp(e->message, message) != 0)
        fail_msg("%s\n  says  %s\n  wants %s", sql, e->message, message);
    assert_string_equal(e->sqlstate, sqlstate);
    if (detail != NULL) {
        assert_non_null(e->detail);
        assert_string_equal(e->detail, detail);
    }
    if (hint != NULL) {
        if (e->hint == NULL)
            fail_msg("%s: no hint, wants %s", sql, hint);
        assert_string_equal(e->hint, hint);
    }
    err_free(e);
    arena_destroy(a);
}

static void
errors_of_every_kind(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *sqlstate, *message, *detail, *hint;
    } cases[] = {
        {"selec 1", "42601", "at or near \"selec\": syntax error", "source SQL:\nselec 1\n^", NULL},
        {"SELECT 1; SELECT a FROM WHERE; x", "42601", "at or near \"where\": syntax error",
         "source SQL:\nSELECT a FROM WHERE\n              ^", "try \\h <SOURCE>"},
        {"SELECT 1 +\n  2 + ) + 3\n  + 4", "42601", "at or near \")\": syntax error",
         "source SQL:\nSELECT 1 +\n  2 + ) + 3\n      ^", "try \\h SELECT"},
        {"SELECT (1", "42601", "at or near \"EOF\": syntax error",
            "source SQL:\nSELECT (1\n         ^", NULL},
        {"INSERT INTO t VALUES (1, ;", "42601", "at or near \"EOF\": syntax error",
         "source SQL:\nINSERT INTO t VALUES (1,\n                        ^", "try \\h VALUES"},
        {"SELECT greatest(1, ", "42601", "at or near \"EOF\": syntax error", NULL, "try \\hf greatest"},
        {"SELECT foo(1 2)", "42601", "at or near \"2\": syntax error", NULL, "try \\hf foo"},
        {"SELECT 'a", "42601", "lexical error: unterminated string",
            "source SQL:\nSELECT 'a\n       ^", "try \\h SELECT"},
        {"SELECT 0x FROM t", "42601", "lexical error: invalid hexadecimal numeric literal",
         "source SQL:\nSELECT 0x FROM t\n       ^", "try \\h SELECT"},
        {"SELECT \\ 1", "42601", "at or near \"\\\": syntax error", NULL, NULL},
        {"BACKUP ROLE a, b TO 'x'", "42601", "at or near \"a\": syntax error", NULL, "try \\h BACKUP"},
        {"RESTORE ROLE a FROM 'x'", "42601", "at or near \"a\": syntax error", NULL, "try \\h RESTORE"},
        {"BACKUP TO 'a' || 'b'", "42601", "at or near \"||\": syntax error", NULL, NULL},
        {"BACKUP TO 'a' INCREMENTAL FROM ('b', 'c')", "42601", "at or near \"(\": syntax error",
            NULL, NULL},
        {"CREATE TABLE t (a foo)", "42601", "at or near \"foo\": syntax error: type does not exist",
            NULL, NULL},
        {"CREATE TABLE t (a INT NULL NOT NULL)", "42601",
         "at or near \")\": syntax error: conflicting NULL/NOT NULL declarations for column \"a\"",
             NULL, NULL},
        {"CREATE TABLE t (a INT COLLATE de)", "42601",
         "at or near \")\": syntax error: COLLATE declaration for non-string-typed column \"a\"",
             NULL, NULL},
        {"CREATE TABLE t (a INT AS (1) foo)", "42601",
         "at or near \"foo\": syntax error: use AS ( <expr> ) STORED", NULL, NULL},
        {"CREATE TABLE t (a INT AS 1 STORED)", "42601",
         "at or near \"1\": syntax error: use AS ( <expr> ) STORED", NULL, NULL},
        {"CREATE FUNCTION f() RETURNS INT", "0A000",
            "at or near \"f\": syntax error: unimplemented: this syntax",
         NULL, NULL},
        {"CREATE TRIGGER x", "0A000", "at or near \"x\": syntax error: unimplemented: this syntax",
            NULL, NULL},
        {"CREATE MATERIALIZED VIEW v AS SELECT 1", "0A000",
            "at or near \"v\": syntax error: unimplemented: this syntax", NULL, NULL},
        {"CREATE UNLOGGED TABLE t (a INT)", "0A000",
            "at or near \"unlogged\": syntax error: unimplemented: this syntax", NULL, NULL},
        {"CREATE INDEX i ON t (a) WHERE a > 1", "0A000",
            "at or near \"a\": syntax error: unimplemented: this syntax", NULL, NULL},
        {"CREATE INDEX i ON t ((a + 1))", "0A000",
            "at or near \")\": syntax error: unimplemented: this syntax", NULL, NULL},
        {"SELECT a FROM t ORDER BY a NULLS LAST", "0A000",
            "at or near \"last\": syntax error: unimplemented: this syntax", NULL, NULL},
        {"DELETE FROM t USING u WHERE a", "0A000",
            "at or near \"where\": syntax error: unimplemented: this syntax", NULL, NULL},
        {"DISCARD PLANS", "0A000", "at or near \"plans\": syntax error: unimplemented: this syntax",
            NULL, NULL},
        {"SET LOCAL a = 1", "0A000", "at or near \"a\": syntax error: unimplemented: this syntax",
            NULL, NULL},
        {"REINDEX TABLE t", "42601", "at or near \"t\": syntax error: unimplemented: this syntax", NULL,
         "CockroachDB does not require reindexing."},
        {"SELECT a::xml", "0A000", "at or near \"xml\": syntax error: unimplemented: this syntax",
            NULL, NULL},
        {"DECLARE c CURSOR FOR SELECT 1", "42601", "at or near \"declare\": syntax error", NULL, NULL},
        {"VACUUM", "42601", "at or near \"vacuum\": syntax error", NULL, NULL},
        {"LISTEN x", "42601", "at or near \"listen\": syntax error", NULL, NULL},
        {"SELECT a.b.c.d.e", "42601", "at or near \"e\": syntax error", NULL, NULL},
        {"SELECT 1 FROM t@{FORCE_INDEX=a,NO_INDEX_JOIN}", "42601",
         "at or near \"}\": syntax error: FORCE_INDEX cannot be specified"
         " in conjunction with NO_INDEX_JOIN", NULL, NULL},
        {"SELECT [53 AS t]@a", "42601", "at or near \"[\": syntax error", NULL, NULL},
        {"CREATE TABLE t (a INT, CONSTRAINT x UNIQUE (a) DEFERRABLE)", "42601",
            "at or near \"deferrable\": syntax error", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_error(cases[i].sql, cases[i].sqlstate, cases[i].message, cases[i].detail, cases[i].hint);
}

static void
batches_keep_their_texts(void **state)
{
    (void)state;
    struct arena *a = arena_create(NULL, "test");
    struct ast_stmt_list l;
    const char *sql = ";; SELECT $2 ;\n SELECT 'a;b' -- x;\n;; BEGIN";
    assert_null(parse_sql(a, slice_cstr(sql), &l));
    assert_int_equal(l.count, 3);
    assert_true(slice_eq(l.items[0]->source, SLICE_LIT("SELECT $2")));
    assert_int_equal(l.items[0]->placeholder_count, 2);
    assert_true(slice_eq(l.items[1]->source, SLICE_LIT("SELECT 'a;b'")));
    assert_int_equal(l.items[1]->placeholder_count, 0);
    assert_int_equal(l.items[2]->kind, AST_STMT_BEGIN);
    assert_null(parse_sql(a, SLICE_LIT(" -- nothing"), &l));
    assert_int_equal(l.count, 0);
    assert_null(parse_sql(a, SLICE_NULL, &l));
    assert_int_equal(l.count, 0);
    arena_destroy(a);
}

static void
parts_parse_alone(void **state)
{
    (void)state;
    struct arena *a = arena_create(NULL, "test");
    struct ast_expr *e;
    struct ast_type *t;
    struct ast_object_name n;
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    assert_null(parse_expr(a, SLICE_LIT("a + nextval('s':::STRING)"), &e));
    print_expr(&s, e, NULL);
    assert_string_equal(str_cstr(&s), "a + nextval('s':::STRING)");
    str_clear(&s);
    assert_null(parse_type(a, SLICE_LIT("character varying(3)[]"), &t));
    print_type(&s, t);
    assert_string_equal(str_cstr(&s), "VARCHAR(3)[]");
    assert_null(parse_table_name(a, SLICE_LIT("d.\"S x\".t"), &n));
    assert_int_equal(n.count, 3);
    assert_true(slice_eq(n.schema, SLICE_LIT("S x")));
    struct error *err = parse_expr(a, SLICE_LIT("a b"), &e);
    assert_non_null(err);
    err_free(err);
    err = parse_type(a, SLICE_LIT("int8; drop"), &t);
    assert_non_null(err);
    err_free(err);
    err = parse_table_name(a, SLICE_LIT("a.b.c.d"), &n);
    assert_non_null(err);
    err_free(err);
    arena_destroy(a);
}

/* Each keyword names a column, and in its class more, as printed names rely on. */
static void
keyword_classes_agree(void **state)
{
    (void)state;
    const char *word;
    char category;
    for (int i = 0; keyword_at(i, &word, &category); i++) {
        struct arena *a = arena_create(NULL, "test");
        struct ast_stmt_list l;
        struct error *e;
        bool column = category == 'U' || category == 'C';
        e = parse_sql(a, slice_cstr(arena_printf(a, "CREATE TABLE %s (%s INT8)", word, word)), &l);
        if ((e == NULL) != column)
            fail_msg("%s (%c) %s a table's name", word, category, e == NULL ? "is" : "is not");
        err_free(e);
        /* AS OF begins AS OF SYSTEM TIME; a label `of` needs quotes */
        const char *label = strcmp(word, "of") == 0 ? "\"of\"" : word;
        e = parse_sql(a, slice_cstr(arena_printf(a, "SELECT a.%s, a AS %s", word, label)), &l);
        if (e != NULL)
            fail_msg("%s (%c) is no label", word, category);
        if (category == 'T') {
            e = parse_sql(a, slice_cstr(arena_printf(a, "SELECT %s(1)", word)), &l);
            if (e != NULL)
                fail_msg("%s (%c) is no function", word, category);
        }
        struct str s;
        str_init_arena(&s, a, STR_MAX_DEFAULT);
        print_name(&s, slice_cstr(word));
        assert_int_equal(s.ptr[0] == '"', !column);
        str_init_arena(&s, a, STR_MAX_DEFAULT);
        sql_quote_ident(&s, slice_cstr(word));
        assert_int_equal(s.ptr[0] == '"', !column);
        arena_destroy(a);
    }
}

static char *
nested(struct arena *a, const char *before, const char *open, const char *middle, const char *close,
    int n)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_append_cstr(&s, before);
    for (int i = 0; i < n; i++)
        str_append_cstr(&s, open);
    str_append_cstr(&s, middle);
    for (int i = 0; i < n; i++)
        str_append_cstr(&s, close);
    return s.ptr;
}

static void
deep_nesting_is_an_error(void **state)
{
    (void)state;
    static const char *const shapes[][4] = {
        {"SELECT ", "(", "1", ")"},
        {"SELECT ", "- ", "a", ""},
        {"SELECT ", "NOT ", "a", ""},
        {"SELECT 1", "", "", "+1"},
        {"SELECT a", "", "", " OR b"},
        {"SELECT ", "ARRAY[", "1", "]"},
        {"SELECT ", "f(", "1", ")"},
        {"SELECT ", "(SELECT ", "1", ")"},
        {"SELECT ", "CASE WHEN ", "a", " THEN b END"},
        {"", "(", "SELECT 1", ")"},
        {"SELECT 1", "", "", " UNION SELECT 1"},
        {"SELECT a FROM t", "", "", " CROSS JOIN t"},
        {"SELECT a FROM ", "(SELECT a FROM ", "t", ") AS x"},
        {"SELECT a FROM ", "[SHOW JOBS SELECT a FROM ", "t", "]"},
        {"", "EXPLAIN ", "SELECT 1", ""},
        {"SELECT a", "", "", "::INT8"},
        {"", "WITH a AS (", "SELECT 1", ") SELECT 1"},
        {"SELECT a IN ", "(", "1", ")"},
        {"SELECT a FROM ", "(", "t CROSS JOIN t", ")"},
        {"CREATE TABLE t (a INT8) ", "PARTITION BY LIST (a) (PARTITION p VALUES IN (1) ", "", ")"},
    };
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct arena *a = arena_create(NULL, "test");
        struct ast_stmt_list l;
        const char *const *s = shapes[i];
        struct error *e = parse_sql(a, slice_cstr(nested(a, s[0], s[1], s[2], s[3], 100)), &l);
        if (e != NULL)
            fail_msg("%s: %s", s[1], e->message);
        printed(a, l.items[0]);
        e = parse_sql(a, slice_cstr(nested(a, s[0], s[1], s[2], s[3], 100000)), &l);
        if (e == NULL)
            fail_msg("%s%s%s%s parses 100000 times", s[0], s[1], s[2], s[3]);
        assert_string_equal(e->sqlstate, "54001");
        err_free(e);
        arena_destroy(a);
    }
}

static void
large_statements(void **state)
{
    (void)state;
    struct arena *a = arena_create(NULL, "test");
    struct ast_stmt *s;
    struct str sql;
    str_init_arena(&sql, a, STR_MAX_DEFAULT);
    str_append_cstr(&sql, "SELECT a IN (0");
    for (int i = 1; i < 100000; i++)
        str_printf(&sql, ", %d", i);
    str_append_cstr(&sql, "), '");
    str_append_fill(&sql, 'x', (size_t)10 << 20);
    str_append_cstr(&sql, "'");
    assert_null(parse_one(a, str_slice(&sql), &s));
    const struct ast_select_items *items = &s->select->clause->items;
    assert_int_equal(items->items[0].expr->comparison.right->tuple.exprs.count, 100000);
    assert_int_equal(items->items[1].expr->string.text.len, (size_t)10 << 20);
    arena_destroy(a);
}

static bool
redact_uri(struct str *out, const struct ast_expr *uri, void *arg)
{
    (void)uri;
    (void)arg;
    str_append_cstr(out, "'redacted'");
    return true;
}

static bool
redact_option(struct str *out, struct slice key, const struct ast_expr *value, void *arg)
{
    (void)value;
    (void)arg;
    if (!slice_eq(key, SLICE_LIT("encryption_passphrase")))
        return false;
    str_append_cstr(out, "'redacted'");
    return true;
}

static void
hooks_redact(void **state)
{
    (void)state;
    const struct print_opts opts = {.uri = redact_uri, .option = redact_option};
    struct arena *a = arena_create(NULL, "test");
    struct ast_stmt *s;
    struct str out;
    str_init_arena(&out, a, STR_MAX_DEFAULT);
    assert_null(parse_one(a,
        SLICE_LIT("BACKUP t TO ('a', $1) INCREMENTAL FROM 'b' WITH encryption_passphrase = 'p'"), &s));
    print_stmt(&out, s, &opts);
    assert_string_equal(str_cstr(&out),
        "BACKUP TABLE t TO ('redacted', 'redacted') INCREMENTAL FROM 'redacted' "
                                        "WITH encryption_passphrase = 'redacted'");
    arena_destroy(a);
}

static void
literals_print(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", "''"}, {"plain \" text", "'plain \" text'"}, {"it's", "e'it\\'s'"}, {"a\\b\n\t\r",
            "e'a\\\\b\\n\\t\\r'"},
        {"\x01\x7f", "e'\\x01\\x7f'"}, {"\xc3\xa9", "e'\\u00E9'"}, {"\xff" "a", "e'\\xffa'"},
    };
    struct arena *a = arena_create(NULL, "test");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct str s;
        str_init_arena(&s, a, STR_MAX_DEFAULT);
        print_string_literal(&s, slice_cstr(cases[i].text));
        assert_string_equal(str_cstr(&s), cases[i].want);
    }
    arena_destroy(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corpus_prints_and_parses), cmocka_unit_test(errors_of_every_kind),
        cmocka_unit_test(batches_keep_their_texts), cmocka_unit_test(parts_parse_alone),
        cmocka_unit_test(keyword_classes_agree),    cmocka_unit_test(deep_nesting_is_an_error),
        cmocka_unit_test(large_statements),         cmocka_unit_test(hooks_redact),
        cmocka_unit_test(literals_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
