/* regress/unit/test_expr.c - text to syntax tree to typed expression to value.
 *
 * Each case is an expression and what it gives: the type and the text of the value, or the SQLSTATE
 * and the message. Columns of one row: see columns[].
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "grammar/parse.h"
#include "planner/aggregate.h"
#include "planner/as_of.h"
#include "planner/batch.h"
#include "planner/builtins.h"
#include "planner/planner.h"

/* Columns of the row that names see. */
static struct scope_column columns[] = {
    {.name = "i", .table = "t", .type = &TYPE_INT8, .index = 0},
    {.name = "f", .table = "t", .type = &TYPE_FLOAT8, .index = 1},
    {.name = "d", .table = "t", .type = &TYPE_DECIMAL, .index = 2},
    {.name = "s", .table = "t", .type = &TYPE_STRING, .index = 3},
    {.name = "b", .table = "t", .type = &TYPE_BOOL, .index = 4},
    {.name = "n", .table = "t", .type = &TYPE_INT8, .index = 5},
    {.name = "ts", .table = "t", .type = &TYPE_TIMESTAMP, .index = 6},
    {.name = "j", .table = "t", .type = &TYPE_JSONB, .index = 7},
    {.name = "x", .table = "a", .type = &TYPE_INT8, .index = 0},
    {.name = "x", .table = "b", .type = &TYPE_INT8, .index = 0},
    {.name = "dt", .table = "t", .type = &TYPE_DATE, .index = 8},
    {.name = "ia", .table = "t", .type = &TYPE_INT8_ARRAY, .index = 9},
    {.name = "u", .table = "t", .type = &TYPE_UUID, .index = 10},
};
#define N_COLUMNS 11

struct fixture {
    struct arena *arena;
    struct scope scope;
    struct eval_env env;
    struct type_ctx ctx;
    struct placeholder_types placeholders;
    struct agg_list aggs;
    struct window_list windows;
    struct generator_list gens;
    struct datum row[N_COLUMNS];
};

static void
row_value(struct fixture *f, int i, const struct type *t, const char *text)
{
    struct error *e = datum_parse(&f->env, t, slice_cstr(text), &f->row[i]);
    if (e != NULL)
        fail_msg("row: %s", e->message);
}

static void
setup(struct fixture *f)
{
    *f = (struct fixture){.arena = arena_create(NULL, "test")};
    f->scope = (struct scope){.n = sizeof(columns) / sizeof(columns[0]), .columns = columns};
    f->env = (struct eval_env){.arena = f->arena, .default_int_size = 8, .user = "root",
                               .database = "d", .stmt_time_us = 1000000, .txn_time_us = 1000000};
    f->placeholders = (struct placeholder_types){
        .n = 3, .v = ARENA_ARRAY(f->arena, const struct type *, 3)};
    f->ctx = (struct type_ctx){.arena = f->arena, .scope = &f->scope, .env = &f->env,
                               .placeholders = &f->placeholders, .clause = "WHERE"};
    f->row[0] = datum_int(7);
    f->row[1] = datum_float(2.5);
    row_value(f, 2, &TYPE_DECIMAL, "1.50");
    f->row[3] = datum_cstr("abc");
    f->row[4] = datum_bool(true);
    f->row[5] = DATUM_NULL;
    row_value(f, 6, &TYPE_TIMESTAMP, "2020-01-02 03:04:05");
    row_value(f, 7, &TYPE_JSONB, "{\"a\": 1}");
    row_value(f, 8, &TYPE_DATE, "2020-01-02");
    row_value(f, 9, &TYPE_INT8_ARRAY, "{1,2,NULL}");
    row_value(f, 10, &TYPE_UUID, "63616665-6630-3064-6465-616462656562");
}

static struct error *
run(struct fixture *f, const char *sql, const struct type *desired, struct expr **e,
    struct datum *out)
{
    struct ast_expr *ast;
    ERR_TRY(parse_expr(f->arena, slice_cstr(sql), &ast));
    ERR_TRY(type_expr(&f->ctx, ast, desired, e));
    return expr_eval(*e, &f->env, NULL, f->row, out);
}

/* The same through a batch of three equal rows must agree. */
static void
check_batch(struct fixture *f, const char *sql, const struct expr *e, const struct datum *want)
{
    struct batch b = {.n = 3, .n_cols = N_COLUMNS};
    b.cols = ARENA_ARRAY(f->arena, struct datum *, N_COLUMNS);
    for (int i = 0; i < N_COLUMNS; i++) {
        b.cols[i] = ARENA_ARRAY(f->arena, struct datum, 3);
        for (int k = 0; k < 3; k++)
            b.cols[i][k] = f->row[i];
    }
    struct datum out[3];
    struct error *err = expr_eval_batch(e, &f->env, NULL, &b, out);
    if (err != NULL)
        fail_msg("%s in a batch: %s", sql, err->message);
    if (e->volatility == VOLATILE)
        return;
    for (int k = 0; k < 3; k++)
        if (out[k].null != want->null ||
            (!want->null && e->type->family != FAMILY_UNKNOWN &&
             !datum_equal(e->type, &out[k], want)))
            fail_msg("%s: batch and row differ", sql);
}

struct good { const char *sql, *type, *text; };
struct bad { const char *sql, *sqlstate, *message; };

static int failures;

static void
check_good(const struct good *g)
{
    struct fixture f;
    struct expr *e;
    struct datum d;
    struct str s;
    setup(&f);
    struct error *err = run(&f, g->sql, NULL, &e, &d);
    if (err != NULL) {
        print_error("%s: %s %s\n", g->sql, err->sqlstate, err->message);
        err_free(err);
        failures++;
        arena_destroy(f.arena);
        return;
    }
    str_init_arena(&s, f.arena, 1 << 20);
    if (d.null)
        str_append_cstr(&s, "NULL");
    else
        datum_format(&s, e->type, &d, TEXT_CAST, &f.env);
    const char *type = type_name_str(f.arena, e->type);
    if (strcmp(type, g->type) != 0 || strcmp(str_cstr(&s), g->text) != 0) {
        print_error("%s: got %s %s, want %s %s\n", g->sql, type, str_cstr(&s), g->type, g->text);
        failures++;
    }
    check_batch(&f, g->sql, e, &d);
    arena_destroy(f.arena);
}

static void
check_bad(const struct bad *b)
{
    struct fixture f;
    struct expr *e;
    struct datum d;
    setup(&f);
    struct error *err = run(&f, b->sql, NULL, &e, &d);
    if (err == NULL) {
        print_error("%s: no error\n", b->sql);
        failures++;
    } else if (strcmp(err->sqlstate, b->sqlstate) != 0 || strcmp(err->message, b->message) != 0) {
        print_error("%s:\n  got  %s %s\n  want %s %s\n", b->sql, err->sqlstate, err->message,
                    b->sqlstate, b->message);
        failures++;
    }
    err_free(err);
    arena_destroy(f.arena);
}

static void
all_good(const struct good *v, size_t n)
{
    failures = 0;
    for (size_t i = 0; i < n; i++)
        check_good(&v[i]);
    assert_int_equal(failures, 0);
}

static void
all_bad(const struct bad *v, size_t n)
{
    failures = 0;
    for (size_t i = 0; i < n; i++)
        check_bad(&v[i]);
    assert_int_equal(failures, 0);
}
#define ALL_GOOD(v) all_good(v, sizeof(v) / sizeof((v)[0]))
#define ALL_BAD(v) all_bad(v, sizeof(v) / sizeof((v)[0]))

/* ---- constants ---- */

static void
test_constants(void **state)
{
    static const struct good v[] = {
        {"1", "int", "1"},
        {"-9223372036854775808", "int", "-9223372036854775808"},
        {"0xFF", "int", "255"},
        {"1.50", "decimal", "1.50"},
        {"1.50*2", "decimal", "3"},
        {"1.10+2.200", "decimal", "3.3"},
        {"9223372036854775807+1", "decimal", "9223372036854775808"},
        {"9223372036854775808", "decimal", "9223372036854775808"},
        {"1/3", "decimal", "0.33333333333333333333"},
        {"4/2", "decimal", "2"},
        {"5//2", "int", "2"},
        {"-5//2", "int", "-2"},
        {"-5 % 3", "int", "-2"},
        {"1 | 6", "int", "7"},
        {"~5", "int", "-6"},
        {"2^10", "int", "1024"},
        {"1e3", "decimal", "1E+3"},
        {"'a'", "string", "a"},
        {"'a' || 'b'", "string", "ab"},
        {"b'ab'", "bytes", "\\x6162"},
        {"B'101'", "varbit", "101"},
        {"true", "bool", "true"},
        {"NULL", "unknown", "NULL"},
        {"'5'::INT", "int", "5"},
        {"1.5::INT", "int", "2"},
        {"2.7::FLOAT::INT", "int", "2"},
        {"1::FLOAT", "float", "1"},
        {"1:::FLOAT", "float", "1"},
        {"1:::DECIMAL", "decimal", "1"},
        {"'abc'::CHAR(2)", "char", "ab"},
        {"DATE '2020-01-31'", "date", "2020-01-31"},
        {"'{1,2}'::INT[]", "int[]", "{1,2}"},
        {"'{1.5,2}'::FLOAT[]", "float[]", "{1.5,2}"},
        {"'2020-01-01 00:00:00'::TIMESTAMP", "timestamp", "2020-01-01 00:00:00+00:00"},
    };
    static const struct bad w[] = {
        {"9223372036854775808:::INT", "22003", "numeric constant out of int64 range"},
        {"1/0", "22012", "division by zero"},
        {"'x'::INT", "22P02",
         "could not parse \"x\" as type int: strconv.ParseInt: parsing \"x\": invalid syntax"},
        {"1::UUID", "42846", "invalid cast: int -> uuid"},
        {"'a':::INT", "22P02",
         "could not parse \"a\" as type int: strconv.ParseInt: parsing \"a\": invalid syntax"},
        {"1.5:::INT", "42804", "incompatible type annotation for 1.5 as int, found type: decimal"},
    };
    (void)state;
    ALL_GOOD(v);
    ALL_BAD(w);
}

/* ---- operators and comparisons ---- */

static void
test_operators(void **state)
{
    static const struct good v[] = {
        {"i + 1", "int", "8"},
        {"i / 2", "decimal", "3.5"},
        {"i // 2", "int", "3"},
        {"i + d", "decimal", "8.50"},
        {"d * 2", "decimal", "3.00"},
        {"f * 2", "float", "5"},
        {"-i", "int", "-7"},
        {"i = 7", "bool", "true"},
        {"i = 7.0", "bool", "true"},
        {"i < f", "bool", "false"},
        {"f = 2.5", "bool", "true"},
        {"i = '7'", "bool", "true"},
        {"s = 'abc'", "bool", "true"},
        {"s || 'd'", "string", "abcd"},
        {"ts > '2020-01-01'", "bool", "true"},
        {"dt = '2020-01-02'", "bool", "true"},
        {"dt < ts", "bool", "true"},
        {"i = NULL", "unknown", "NULL"},
        {"n = 1", "bool", "NULL"},
        {"n IS NULL", "bool", "true"},
        {"i IS NOT NULL", "bool", "true"},
        {"n IS DISTINCT FROM i", "bool", "true"},
        {"b IS TRUE", "bool", "true"},
        {"i BETWEEN 5 AND 9", "bool", "true"},
        {"i BETWEEN SYMMETRIC 9 AND 5", "bool", "true"},
        {"i NOT BETWEEN 5 AND 9", "bool", "false"},
        {"s LIKE 'a%'", "bool", "true"},
        {"s NOT LIKE 'a%'", "bool", "false"},
        {"s ILIKE 'A_C'", "bool", "true"},
        {"s ~ '^a'", "bool", "true"},
        {"s SIMILAR TO '(a|b)%'", "bool", "true"},
        {"i IN (1, 7)", "bool", "true"},
        {"i NOT IN (1, 7)", "bool", "false"},
        {"i IN (1, NULL)", "bool", "NULL"},
        {"i IN (1, 2, 3, 4, 5, 6, 7)", "bool", "true"},
        {"i NOT IN (1, 2, 3, 4, 5, 6, NULL)", "bool", "NULL"},
        {"(i, s) IN ((7, 'abc'), (1, 'b'))", "bool", "true"},
        {"(1, 2) = (1, 2)", "bool", "true"},
        {"(1, NULL) = (1, 2)", "bool", "NULL"},
        {"(1, NULL) = (2, 2)", "bool", "false"},
        {"(1, 2) < (1, 3)", "bool", "true"},
        {"i = ANY (ARRAY[1, 7])", "bool", "true"},
        {"i = ANY (ia)", "bool", "NULL"},
        {"i > ALL (ARRAY[1, 2])", "bool", "true"},
        {"i = ANY (1, 7)", "bool", "true"},
        {"s LIKE ANY (ARRAY['x%', 'a%'])", "bool", "true"},
        {"s NOT LIKE ALL (ARRAY['x%', 'a%'])", "bool", "false"},
        {"true AND NULL", "bool", "NULL"},
        {"false AND NULL", "bool", "false"},
        {"false AND 1/0 = 1", "bool", "false"},
        {"true OR 1/0 = 1", "bool", "true"},
        {"NOT b", "bool", "false"},
        {"i IS OF (INT)", "bool", "true"},
        {"i IS NOT OF (STRING)", "bool", "true"},
        {"j->'a'", "jsonb", "1"},
        {"j @> '{\"a\": 1}'", "bool", "true"},
        {"ia || 3", "int[]", "{1,2,NULL,3}"},
        {"ia || ARRAY[4]", "int[]", "{1,2,NULL,4}"},
        {"ia @> ARRAY[1]", "bool", "true"},
        {"ia = '{1,2,NULL}'", "bool", "true"},
        {"ts + '1 day'", "timestamp", "2020-01-03 03:04:05+00:00"},
        {"ts - ts", "interval", "00:00:00"},
        {"dt + 1", "date", "2020-01-03"},
        {"u = '63616665-6630-3064-6465-616462656562'", "bool", "true"},
        {"NULL || 'a'", "unknown", "NULL"},
        {"1 + NULL", "unknown", "NULL"},
    };
    (void)state;
    ALL_GOOD(v);
}

static void
test_operators_refused(void **state)
{
    static const struct bad w[] = {
        {"d + f", "22023", "unsupported binary operator: <decimal> + <float>"},
        {"s || i", "22023", "unsupported binary operator: <string> || <int>"},
        {"i = s", "22023", "unsupported comparison operator: <int> = <string>"},
        {"i = 'x'", "22023", "unsupported comparison operator: <int> = <string>"},
        {"j < j", "22023", "unsupported comparison operator: <jsonb> < <jsonb>"},
        {"1 AND true", "42804", "incompatible AND argument type: int"},
        {"NOT 1", "42804", "incompatible NOT argument type: int"},
        {"i IN (1, 'x')", "22023",
         "unsupported comparison operator: i IN (1, 'x'): could not parse \"x\" as type int: "
         "strconv.ParseInt: parsing \"x\": invalid syntax"},
        {"9223372036854775807 + i", "22003", "integer out of range"},
        {"1 << 100", "22023", "shift argument out of range"},
        {"(1, 2) = (1, 2, 3)", "42804", "expected tuple (1, 2, 3) to have a length of 2"},
        {"(1, 'a') = (1, 2)", "22023",
         "tuples (1, 'a'), (1, 2) are not comparable at index 2: unsupported comparison operator: "
         "<string> = <int>"},
        {"i = ANY (3)", "22023",
         "unsupported comparison operator: i = ANY 3: op ANY <right> requires array, tuple or "
         "subquery on right side"},
        {"'a' COLLATE en = 'a' COLLATE de", "22023",
         "unsupported comparison operator: <collatedstring{en}> = <collatedstring{de}>"},
        {"zz", "42703", "column \"zz\" does not exist"},
        {"t.zz", "42703", "column \"t.zz\" does not exist"},
        {"q.a", "42P01", "no data source matches prefix: q"},
        {"x", "42702", "column reference \"x\" is ambiguous (candidates: a.x, b.x)"},
        {"(i).a", "42809", "type int is not composite"},
        {"-s", "22023", "unsupported unary operator: - <string>"},
    };
    (void)state;
    ALL_BAD(w);
}

/* ---- forms and functions ---- */

static void
test_forms(void **state)
{
    static const struct good v[] = {
        {"CASE WHEN i > 5 THEN 'big' ELSE 'small' END", "string", "big"},
        {"CASE i WHEN 1 THEN 10 WHEN 7 THEN 70 END", "int", "70"},
        {"CASE WHEN false THEN 1 END", "int", "NULL"},
        {"CASE WHEN true THEN 1 ELSE 1.5 END", "decimal", "1"},
        {"CASE WHEN b THEN 1 ELSE 1/0 END", "decimal", "1"},
        {"COALESCE(n, 3)", "int", "3"},
        {"COALESCE(NULL, NULL)", "unknown", "NULL"},
        {"IFNULL(n, i)", "int", "7"},
        {"NULLIF(i, 7)", "int", "NULL"},
        {"IF(b, 1, 2)", "int", "1"},
        {"IFERROR(1/0, 3)", "decimal", "3"},
        {"IFERROR(1/0, 3, '22012')", "decimal", "3"},
        {"ISERROR(1/0)", "bool", "true"},
        {"ISERROR(1)", "bool", "false"},
        {"ARRAY[1, 2, NULL]", "int[]", "{1,2,NULL}"},
        {"ARRAY[]:::INT[]", "int[]", "{}"},
        {"ARRAY[]::STRING[]", "string[]", "{}"},
        {"ia[2]", "int", "2"},
        {"ia[9]", "int", "NULL"},
        {"(1, 'a')", "tuple{int, string}", "(1,a)"},
        {"(((1, 'q') AS a, b)).b", "string", "q"},
        {"(((1, 'q') AS a, b)).@1", "int", "1"},
        {"length('abc')", "int", "3"},
        {"length(b'abc')", "int", "3"},
        {"length(NULL)", "unknown", "NULL"},
        {"concat('a', NULL, 'b')", "string", "ab"},
        {"greatest(1, 2.5, 2)", "decimal", "2.5"},
        {"least(i, 9, n)", "int", "7"},
        {"array_length(ia, 1)", "int", "3"},
        {"array_append(ia, 5)", "int[]", "{1,2,NULL,5}"},
        {"array_append('{1}', 2)", "int[]", "{1,2}"},
        {"pg_typeof(1.5)", "string", "decimal"},
        {"sqrt(4.0)", "decimal", "2"},
        {"sqrt(4.0:::DECIMAL)", "decimal", "2"},
        {"round(2.5)", "decimal", "3"},
        {"abs(-5)", "int", "5"},
        {"mod(5, 3)", "int", "2"},
        {"power(2, 3)", "int", "8"},
        {"substr('hello', 2, 3)", "string", "ell"},
        {"now()::DATE > '1999-01-01'", "bool", "true"},
        {"current_user", "string", "root"},
        {"current_database()", "string", "d"},
        {"format_type(23, NULL)", "string", "integer"},
        {"format_type(1043, 14)", "string", "character varying(10)"},
        {"pg_size_pretty(123456)", "string", "121 kB"},
        {"'a' COLLATE en = 'a' COLLATE en", "bool", "true"},
        {"extract(year from dt)", "float", "2020"},
        {"date_trunc('month', ts)", "timestamp", "2020-01-01 00:00:00+00:00"},
        {"crdb_internal.round_decimal_values(1.555, 2)", "decimal", "1.56"},
        {"crdb_internal.num_inverted_index_entries(j)", "int", "1"},
        {"to_hex(255)", "string", "ff"},
    };
    static const struct bad w[] = {
        {"nope()", "42883", "unknown function: nope()"},
        {"sqrt('a'::STRING)", "42883", "unknown signature: sqrt(string)"},
        {"sqrt(4)", "42883", "unknown signature: sqrt(int)"},
        {"sqrt()", "42883", "unknown signature: sqrt()"},
        {"lower(1)", "42883", "unknown signature: lower(int)"},
        {"COALESCE(1, 'a')", "22P02",
         "incompatible COALESCE expressions: could not parse \"a\" as type int: strconv.ParseInt: "
         "parsing \"a\": invalid syntax"},
        {"COALESCE(i, s)", "42804",
         "incompatible COALESCE expressions: expected s to be of type int, found type string"},
        {"IF(b, i, s)", "42804",
         "incompatible IF expressions: expected s to be of type int, found type string"},
        {"CASE WHEN b THEN i ELSE s END", "42804",
         "incompatible value type: expected s to be of type int, found type string"},
        {"ARRAY[]", "42P18",
         "cannot determine type of empty array. Consider annotating with the desired type, for "
         "example ARRAY[]:::int[]"},
        {"ia[1:2]", "0A000", "unimplemented: ARRAY slicing in ia[1:2]"},
        {"i[1]", "42804", "cannot subscript type int because it is not an array"},
        {"count(*)", "42803", "aggregate functions are not allowed in WHERE"},
        {"rank() OVER ()", "42P20", "rank(): window functions are not allowed in WHERE"},
        {"rank()", "42809", "window function rank() requires an OVER clause"},
        {"generate_series(1, 2)", "0A000",
         "generate_series(): generator functions are not allowed in WHERE"},
        {"lower('a') OVER ()", "42809",
         "OVER specified, but lower() is neither a window function nor an aggregate function"},
        {"$1", "22023", "could not determine data type of placeholder $1"},
        {"$9 + 1", "42P02", "no value provided for placeholder: $9"},
        {"crdb_internal.force_error('22012', 'boo')", "22012", "boo"},
        {"lower(zz)", "42703", "column \"zz\" does not exist"},
        {"(SELECT 1)", "0A000", "subqueries are not allowed in WHERE"},
        {"'a' COLLATE", "42601", "at or near \"EOF\": syntax error"},
    };
    (void)state;
    ALL_GOOD(v);
    ALL_BAD(w);
}

/* ---- placeholders ---- */

static void
test_placeholders(void **state)
{
    static const struct { const char *sql, *type; } v[] = {
        {"i = $1", "int"}, {"$1 + i", "int"}, {"s || $1", "string"}, {"$1::INT8", "int"},
        {"$1:::FLOAT", "float"}, {"lower($1)", "string"}, {"i IN ($1, 2)", "int"},
        {"COALESCE($1, 'a')", "string"}, {"b AND $1", "bool"}, {"ts < $1", "timestamp"},
        {"i = ANY ($1)", "int[]"}, {"s LIKE $1", "string"}, {"CASE WHEN b THEN i ELSE $1 END", "int"},
        {"i BETWEEN $1 AND 5", "int"}, {"ts + $1", "interval"}, {"ia[$1]", "int"},
    };
    (void)state;
    failures = 0;
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        struct fixture f;
        struct ast_expr *ast;
        struct expr *e;
        setup(&f);
        struct error *err = parse_expr(f.arena, slice_cstr(v[i].sql), &ast);
        if (err == NULL)
            err = type_expr(&f.ctx, ast, NULL, &e);
        const char *got = err != NULL                      ? err->message
                          : f.placeholders.v[0] == NULL ? "nothing"
                                                        : type_name_str(f.arena,
                                                                        f.placeholders.v[0]);
        if (strcmp(got, v[i].type) != 0) {
            print_error("%s: got %s, want %s\n", v[i].sql, got, v[i].type);
            failures++;
        }
        err_free(err);
        arena_destroy(f.arena);
    }
    assert_int_equal(failures, 0);
}

/* ---- columns ---- */

static void
test_for_column(void **state)
{
    static const struct { const char *sql; const struct type *type; const char *want; } v[] = {
        {"1", &TYPE_DECIMAL, "1"},
        {"'5'", &TYPE_INT8, "5"},
        {"true", &TYPE_INT8, "value type bool doesn't match type int of column \"a\""},
        {"i", &TYPE_INT2, "7"},
        {"i", &TYPE_DECIMAL, "value type int doesn't match type decimal of column \"a\""},
        {"NULL", &TYPE_INT8, "NULL"},
        {"s", &TYPE_VARCHAR, "abc"},
        {"1.5", &TYPE_INT8, "value type decimal doesn't match type int of column \"a\""},
        {"d + f", &TYPE_INT8, "unsupported binary operator: <decimal> + <float> (desired <int>)"},
        {"sqrt('a'::STRING)", &TYPE_INT8, "unknown signature: sqrt(string) (desired <int>)"},
        {"'2020-01-02'", &TYPE_DATE, "2020-01-02"},
    };
    (void)state;
    failures = 0;
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        struct fixture f;
        struct ast_expr *ast;
        struct expr *e;
        struct datum d;
        struct str s;
        setup(&f);
        str_init_arena(&s, f.arena, 1 << 20);
        struct error *err = parse_expr(f.arena, slice_cstr(v[i].sql), &ast);
        if (err == NULL)
            err = type_expr_for_column(&f.ctx, ast, v[i].type, "a", &e);
        if (err == NULL)
            err = expr_eval(e, &f.env, NULL, f.row, &d);
        if (err != NULL)
            str_append_cstr(&s, err->message);
        else if (d.null)
            str_append_cstr(&s, "NULL");
        else
            datum_format(&s, e->type, &d, TEXT_CAST, &f.env);
        if (strcmp(str_cstr(&s), v[i].want) != 0) {
            print_error("%s: got %s, want %s\n", v[i].sql, str_cstr(&s), v[i].want);
            failures++;
        }
        err_free(err);
        arena_destroy(f.arena);
    }
    assert_int_equal(failures, 0);
}

/* ---- the stored form ---- */

static void
test_stored(void **state)
{
    static const struct { const char *sql; const struct type *type; const char *want; } v[] = {
        {"i < 10", NULL, "i < 10"},
        {"t.i < 10", NULL, "i < 10"},
        {"d > 1.5", NULL, "d > 1.5"},
        {"i BETWEEN 1 AND 5", NULL, "i BETWEEN 1 AND 5"},
        {"s LIKE 'a%'", NULL, "s LIKE 'a%'"},
        {"s IN ('a', 'b')", NULL, "s IN ('a':::STRING, 'b':::STRING)"},
        {"i < 10 AND s IN ('a', 'b')", NULL, "(i < 10) AND (s IN ('a':::STRING, 'b':::STRING))"},
        {"i * 2", NULL, "i * 2"},
        {"(i * 100)::INT8", NULL, "(i * 100)::INT8"},
        {"s = concat('a', 'b')", NULL, "s = concat('a':::STRING, 'b':::STRING)"},
        {"NOT b", NULL, "NOT b"},
        {"5", &TYPE_INT8, "5:::INT8"},
        {"0", &TYPE_DECIMAL, "0:::DECIMAL"},
        {"1.50", &TYPE_DECIMAL, "1.50:::DECIMAL"},
        {"1", &TYPE_FLOAT8, "1.0:::FLOAT8"},
        {"'x'", &TYPE_STRING, "'x':::STRING"},
        {"true", &TYPE_BOOL, "true"},
        {"B'101'", &TYPE_VARBIT, "B'101'"},
        {"'2020-01-01'", &TYPE_DATE, "'2020-01-01':::DATE"},
        {"'{\"a\": 1}'", &TYPE_JSONB, "'{\"a\": 1}':::JSONB"},
        {"ARRAY[1, 2]", &TYPE_INT8_ARRAY, "ARRAY[1:::INT8, 2:::INT8]:::INT8[]"},
        {"now()", &TYPE_TIMESTAMPTZ, "now():::TIMESTAMPTZ"},
        {"now()", &TYPE_TIMESTAMP, "now():::TIMESTAMP"},
        {"nextval('s')", &TYPE_INT8, "nextval('s':::STRING)"},
        {"gen_random_uuid()", &TYPE_UUID, "gen_random_uuid()"},
        {"unique_rowid()", &TYPE_INT8, "unique_rowid()"},
        {"'a' || 'b'", &TYPE_STRING, "'ab':::STRING"},
        {"'\\x01'::BYTES", &TYPE_BYTES, "'\\x01':::BYTES"},
    };
    (void)state;
    failures = 0;
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        struct fixture f;
        struct ast_expr *ast;
        struct expr *e;
        char *got = NULL;
        setup(&f);
        struct error *err = parse_expr(f.arena, slice_cstr(v[i].sql), &ast);
        if (err == NULL && v[i].type != NULL)
            err = type_expr_for_column(&f.ctx, ast, v[i].type, "a", &e);
        else if (err == NULL)
            err = type_expr(&f.ctx, ast, NULL, &e);
        if (err == NULL)
            err = expr_to_stored_sql(&f.ctx, ast, e, true, &got);
        if (err != NULL)
            got = arena_strdup(f.arena, err->message);
        if (strcmp(got, v[i].want) != 0) {
            print_error("%s: got %s, want %s\n", v[i].sql, got, v[i].want);
            failures++;
        }
        err_free(err);
        arena_destroy(f.arena);
    }
    assert_int_equal(failures, 0);
}

/* ---- aggregates ---- */

/* Rows 1, 2, NULL, 3 (of column i), in two states that are merged through their partials. */
static struct error *
aggregate(struct fixture *f, const char *sql, const struct agg_call **call, struct datum *out)
{
    struct ast_expr *ast;
    struct expr *e;
    f->ctx.aggregates = &f->aggs;
    f->ctx.clause = "SELECT";
    ERR_TRY(parse_expr(f->arena, slice_cstr(sql), &ast));
    ERR_TRY(type_expr(&f->ctx, ast, NULL, &e));
    assert_int_equal(e->kind, EXPR_AGGREGATE);
    const struct agg_call *c = f->aggs.v[e->index];
    struct agg_ctx x = {f->arena, &f->env};
    void *state[2];
    for (int s = 0; s < 2; s++)
        state[s] = arena_zalloc(f->arena, c->def->state_size);
    for (int r = 0; r < 4; r++) {
        struct datum args[4], pass = datum_bool(true);
        f->row[0] = r == 2 ? DATUM_NULL : datum_int(r < 2 ? r + 1 : 3);
        if (c->filter != NULL)
            ERR_TRY(expr_eval(c->filter, &f->env, NULL, f->row, &pass));
        if (pass.null || !pass.i)
            continue;
        for (int i = 0; i < c->n_args; i++)
            ERR_TRY(expr_eval(c->args[i], &f->env, NULL, f->row, &args[i]));
        ERR_TRY(agg_add(&x, c, state[r / 2], args));
    }
    struct datum partial[AGG_MAX_PARTIAL];
    ERR_TRY(agg_export(&x, c, state[1], partial));
    ERR_TRY(agg_merge(&x, c, state[0], partial));
    *call = c;
    return agg_result(&x, c, state[0], out);
}

static void
test_aggregates(void **state)
{
    static const struct good v[] = {
        {"count(*)", "int", "4"},
        {"count(i)", "int", "3"},
        {"count_rows()", "int", "4"},
        {"sum(i)", "decimal", "6"},
        {"sum(i::FLOAT)", "float", "6"},
        {"sum(i::DECIMAL)", "decimal", "6"},
        {"sum_int(i)", "int", "6"},
        {"avg(i)", "decimal", "2"},
        {"avg(i * '1 day'::INTERVAL)", "interval", "2 days"},
        {"min(i)", "int", "1"},
        {"max(i::STRING)", "string", "3"},
        {"max(i::DECIMAL)", "decimal", "3"},
        {"bool_and(i > 1)", "bool", "false"},
        {"every(i > 0)", "bool", "true"},
        {"bool_or(i > 2)", "bool", "true"},
        {"array_agg(i)", "int[]", "{1,2,NULL,3}"},
        {"string_agg(i::STRING, ',')", "string", "1,2,3"},
        {"concat_agg(i::STRING)", "string", "123"},
        {"json_agg(i)", "jsonb", "[1, 2, null, 3]"},
        {"variance(i)", "decimal", "1"},
        {"stddev(i)", "decimal", "1"},
        {"stddev(i::FLOAT)", "float", "1"},
        {"sqrdiff(i)", "decimal", "2"},
        {"corr(i, i * 2)", "float", "1"},
        {"bit_and(i)", "int", "0"},
        {"bit_or(i)", "int", "3"},
        {"xor_agg(i)", "int", "0"},
        {"xor_agg(i::STRING::BYTES)", "bytes", "\\x30"},
        {"sum(i) FILTER (WHERE i > 1)", "decimal", "5"},
    };
    static const struct bad w[] = {
        {"sum(s)", "42883", "unknown signature: sum(string)"},
        {"count()", "42883", "unknown signature: count()"},
        {"sum(sum(i))", "42803", "aggregate function calls cannot be nested"},
        {"sum(i) FILTER (WHERE i)", "42804",
         "incompatible FILTER expression type: int"},
        {"xor_agg(s::BYTES || i::STRING::BYTES || repeat('a', i)::BYTES)", "22023",
         "xor_agg(): arguments to xor must all be the same length 5 vs 6"},
    };
    (void)state;
    failures = 0;
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        struct fixture f;
        const struct agg_call *c;
        struct datum d;
        struct str s;
        setup(&f);
        str_init_arena(&s, f.arena, 1 << 20);
        struct error *err = aggregate(&f, v[i].sql, &c, &d);
        if (err != NULL)
            str_append_cstr(&s, err->message);
        else if (d.null)
            str_append_cstr(&s, "NULL");
        else
            datum_format(&s, c->type, &d, TEXT_CAST, &f.env);
        if (strcmp(str_cstr(&s), v[i].text) != 0 ||
            (err == NULL && strcmp(type_name_str(f.arena, c->type), v[i].type) != 0)) {
            print_error("%s: got %s, want %s %s\n", v[i].sql, str_cstr(&s), v[i].type, v[i].text);
            failures++;
        }
        err_free(err);
        arena_destroy(f.arena);
    }
    for (size_t i = 0; i < sizeof(w) / sizeof(w[0]); i++) {
        struct fixture f;
        const struct agg_call *c;
        struct datum d;
        setup(&f);
        struct error *err = aggregate(&f, w[i].sql, &c, &d);
        if (err == NULL || strcmp(err->message, w[i].message) != 0 ||
            strcmp(err->sqlstate, w[i].sqlstate) != 0) {
            print_error("%s: got %s %s, want %s\n", w[i].sql, err != NULL ? err->sqlstate : "",
                        err != NULL ? err->message : "nothing", w[i].message);
            failures++;
        }
        err_free(err);
        arena_destroy(f.arena);
    }
    assert_int_equal(failures, 0);
}

static void
test_windows(void **state)
{
    static const struct { const char *sql, *error; } v[] = {
        {"row_number() OVER (PARTITION BY s ORDER BY i)", NULL},
        {"sum(i) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)", NULL},
        {"sum(i) OVER (ORDER BY ts RANGE BETWEEN '1 day' PRECEDING AND CURRENT ROW)", NULL},
        {"lag(i, 1, 0) OVER ()", NULL},
        {"lag(d, 1, 0) OVER ()", NULL},
        {"lag(i, 1, s) OVER ()", "unknown signature: lag(int, int, string)"},
        {"rank() OVER w", "window \"w\" does not exist"},
        {"sum(i) OVER (ROWS 1.5 PRECEDING)",
         "argument of WINDOW FRAME START must be type int, not type decimal"},
        {"sum(i) OVER (GROUPS 1 PRECEDING)", "GROUPS mode requires an ORDER BY clause"},
        {"count(rank() OVER ()) OVER ()", "rank(): window function calls cannot be nested"},
    };
    (void)state;
    failures = 0;
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        struct fixture f;
        struct ast_expr *ast;
        struct expr *e;
        setup(&f);
        f.ctx.windows = &f.windows;
        f.ctx.aggregates = &f.aggs;
        struct error *err = parse_expr(f.arena, slice_cstr(v[i].sql), &ast);
        if (err == NULL)
            err = type_expr(&f.ctx, ast, NULL, &e);
        if ((err == NULL) != (v[i].error == NULL) ||
            (err != NULL && strcmp(err->message, v[i].error) != 0)) {
            print_error("%s: got %s\n", v[i].sql, err != NULL ? err->message : "no error");
            failures++;
        }
        err_free(err);
        arena_destroy(f.arena);
    }
    assert_int_equal(failures, 0);
}

static void
test_generators(void **state)
{
    struct fixture f;
    struct ast_expr *ast;
    struct expr *e;
    (void)state;
    setup(&f);
    f.ctx.generators = &f.gens;
    assert_null(parse_expr(f.arena, SLICE_LIT("generate_series(1, 3) + 1"), &ast));
    assert_null(type_expr(&f.ctx, ast, NULL, &e));
    assert_int_equal(f.gens.n, 1);
    assert_int_equal(e->args[0]->kind, EXPR_GENERATOR);
    arena_destroy(f.arena);
}

/* ---- AS OF SYSTEM TIME ---- */

static void
test_as_of(void **state)
{
    static const struct { const char *sql, *want; } v[] = {
        {"'2020-04-08 14:38:45.288266+00:00'", "1586356725288266000.0000000000"},
        {"'2020-04-08 16:38:45.288266+02:00'", "1586356725288266000.0000000000"},
        {"'1451635200000000000'", "1451635200000000000.0000000000"},
        {"'1451635200000000000.1'", "1451635200000000000.1000000000"},
        {"1451635200000000000", "1451635200000000000.0000000000"},
        {"1580361670629466905.0000000001", "1580361670629466905.0000000001"},
        {"'-1s'", "946684800000000000.0000000000"},
        {"INTERVAL '-1s'", "946684800000000000.0000000000"},
        {"-(('1000' || 'us')::INTERVAL)", "946684800999000000.0000000000"},
        {"'2020-01-01'::TIMESTAMP", "1577836800000000000.0000000000"},
        {"'2020-01-01 08:00+02:00'::TIMESTAMPTZ", "1577858400000000000.0000000000"},
        {"'0'", "AS OF SYSTEM TIME: zero timestamp is invalid"},
        {"'-5'", "AS OF SYSTEM TIME: timestamp before 1970-01-01T00:00:00Z is invalid"},
        {"'foo'", "AS OF SYSTEM TIME: value is neither timestamp, decimal, nor interval"},
        {"'0.1us'", "AS OF SYSTEM TIME: interval value '0.1us' too small, absolute value must be >= "
                    "1\302\265s"},
        {"true", "AS OF SYSTEM TIME: expected timestamp, decimal, or interval, got bool (*tree.DBool)"},
        {"'1.00000000001'", "AS OF SYSTEM TIME: logical part has too many digits"},
        {"now()", "AS OF SYSTEM TIME: only constant expressions or "
                  "experimental_follower_read_timestamp are allowed"},
        {"now() - INTERVAL '10s'", "AS OF SYSTEM TIME: only constant expressions or "
                                   "experimental_follower_read_timestamp are allowed"},
        {"(SELECT 1)", "subqueries are not allowed in AS OF SYSTEM TIME"},
        {"experimental_follower_read_timestamp('a')",
         "unknown signature: experimental_follower_read_timestamp(string) (desired <timestamptz>)"},
        {"4000000000000000000", "AS OF SYSTEM TIME: cannot specify timestamp in the future "
                                "(4000000000.000000000,0 > 2000000000.000000000,0)"},
    };
    (void)state;
    failures = 0;
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        struct fixture f;
        struct ast_expr *ast;
        struct hlc t;
        char text[HLC_STR_MAX];
        setup(&f);
        struct error *err = parse_expr(f.arena, slice_cstr(v[i].sql), &ast);
        if (err == NULL)
            err = eval_as_of(&f.ctx, ast, (struct hlc){2000000000000000000, 0}, &t);
        if (err == NULL)
            hlc_format_decimal(t, text);
        const char *got = err != NULL ? err->message : text;
        if (strcmp(got, v[i].want) != 0) {
            print_error("%s: got %s, want %s\n", v[i].sql, got, v[i].want);
            failures++;
        }
        err_free(err);
        arena_destroy(f.arena);
    }
    assert_int_equal(failures, 0);
}

/* ---- big lists ---- */

static void
test_big_in(void **state)
{
    struct fixture f;
    struct str s;
    struct expr *e;
    struct datum d;
    (void)state;
    setup(&f);
    str_init_arena(&s, f.arena, 1 << 20);
    str_append_cstr(&s, "i IN (");
    for (int i = 0; i < 10000; i++)
        str_printf(&s, "%s%d", i > 0 ? ", " : "", i + 100);
    str_append_cstr(&s, ")");
    assert_null(run(&f, str_cstr(&s), NULL, &e, &d));
    assert_false(d.i);
    assert_non_null(e->set);
    f.row[0] = datum_int(10099);
    for (int i = 0; i < 100000; i++)
        assert_null(expr_eval(e, &f.env, NULL, f.row, &d));
    assert_true(d.i);
    arena_destroy(f.arena);
}

/* No two overloads of the same name take the same arguments, unless their results differ. */
static void
test_overloads_unique(void **state)
{
    const struct overload *all[4000];
    bool op[4000];
    size_t n = 0;
    (void)state;
    failures = 0;
    for (size_t t = 0; t < n_type_overload_tables; t++)
        for (size_t i = 0; i < type_overload_tables[t]->n && n < 4000; i++, n++) {
            all[n] = &type_overload_tables[t]->v[i];
            op[n] = type_overload_tables[t]->is_operator;
        }
    for (size_t t = 0; t < n_planner_overload_tables; t++)
        for (size_t i = 0; i < planner_overload_tables[t]->n && n < 4000; i++, n++) {
            all[n] = &planner_overload_tables[t]->v[i];
            op[n] = false;
        }
    for (size_t i = 0; i < n; i++) {
        if (!op[i] && (agg_exists(all[i]->name) || window_exists(all[i]->name))) {
            print_error("%s: both a function and an aggregate\n", all[i]->name);
            failures++;
        }
        for (size_t j = i + 1; j < n; j++) {
            if (op[i] != op[j] || strcmp(all[i]->name, all[j]->name) != 0 ||
                all[i]->variadic != all[j]->variadic || all[i]->ret != all[j]->ret)
                continue;
            bool same = true;
            for (int k = 0; k < OVERLOAD_MAX_ARGS; k++)
                same &= all[i]->args[k] == all[j]->args[k];
            if (same) {
                print_error("%s: the same overload twice\n", all[i]->name);
                failures++;
            }
        }
    }
    assert_int_equal(failures, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constants), cmocka_unit_test(test_operators),
        cmocka_unit_test(test_operators_refused),
        cmocka_unit_test(test_forms), cmocka_unit_test(test_placeholders),
        cmocka_unit_test(test_for_column), cmocka_unit_test(test_stored),
        cmocka_unit_test(test_aggregates), cmocka_unit_test(test_windows),
        cmocka_unit_test(test_generators), cmocka_unit_test(test_as_of),
        cmocka_unit_test(test_big_in), cmocka_unit_test(test_overloads_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
