/* Keys: golden bytes, round trips, order, hostile bytes, inverted keys. */
#include "config.h"

#include "types/keyenc.h"

#include <math.h>

#include "regress/unit/types_util.h"

static void
check_golden(struct fixture *f, const struct golden *g, const struct type *t,
             const struct datum *d)
{
    for (int dir = 0; dir < 2; dir++) {
        struct str s;
        struct datum back;
        struct slice want = from_hex(f->a, dir == KEY_ASC ? g->asc : g->desc);
        str_init_arena(&s, f->a, STR_MAX_DEFAULT);
        OK(key_encode(&s, t, d, (enum key_direction)dir));
        assert_bytes(g->text, str_slice(&s), want);
        struct reader r = reader_make(want);
        OK(key_decode(&r, f->a, t, (enum key_direction)dir, &back));
        assert_int_equal(reader_left(&r), 0);
        assert_int_equal(datum_compare(t, d, &back), 0);
        r = reader_make(want);
        OK(key_skip(&r));
        assert_int_equal(reader_left(&r), 0);
    }
}

static void
test_golden(void **state)
{
    each_golden(*state, check_golden);
}

static const char *const key_types[] = {"BOOL", "INT", "FLOAT", "DECIMAL", "STRING", "BYTES",
                                        "DATE", "TIME", "TIMETZ", "TIMESTAMP", "TIMESTAMPTZ",
                                        "INTERVAL", "UUID", "INET", "VARBIT", "OID"};
#define N_KEY_TYPES (sizeof(key_types) / sizeof(key_types[0]))

static void
encode(struct fixture *f, struct str *s, const struct type *t, const struct datum *d, int dir)
{
    str_init_arena(s, f->a, STR_MAX_DEFAULT);
    OK(key_encode(s, t, d, (enum key_direction)dir));
}

static void
check_round_trip(struct fixture *f, const struct type *t, const struct datum *d)
{
    for (int dir = 0; dir < 2; dir++) {
        struct str s, again;
        struct datum back;
        encode(f, &s, t, d, dir);
        struct reader r = reader_make(str_slice(&s));
        OK(key_decode(&r, f->a, t, (enum key_direction)dir, &back));
        assert_int_equal(reader_left(&r), 0);
        if (datum_compare(t, d, &back) != 0)
            fail_msg("%s came back as %s", text_of(f, t, d), text_of(f, t, &back));
        if (t->family != FAMILY_FLOAT && !datum_is_composite(t, d))
            assert_string_equal(text_of(f, t, d), text_of(f, t, &back));
        encode(f, &again, t, &back, dir);
        assert_bytes("again", str_slice(&again), str_slice(&s));
        r = reader_make(str_slice(&s));
        OK(key_skip(&r));
        assert_int_equal(reader_left(&r), 0);
    }
}

/* Equal values may have unlike keys where more than the order is kept (1 day, 24:00:00). */
static void
check_order(struct fixture *f, const struct type *t, const struct datum *a, const struct datum *b)
{
    struct str x, y;
    int want = datum_compare(t, a, b);
    encode(f, &x, t, a, KEY_ASC);
    encode(f, &y, t, b, KEY_ASC);
    int c = slice_cmp(str_slice(&x), str_slice(&y));
    c = (c > 0) - (c < 0);
    if (want != c && !(want == 0 && t->family == FAMILY_INTERVAL))
        fail_msg("%s and %s: %d, keys say %d", text_of(f, t, a), text_of(f, t, b), want, c);
    encode(f, &x, t, a, KEY_DESC);
    encode(f, &y, t, b, KEY_DESC);
    c = slice_cmp(str_slice(&y), str_slice(&x));
    c = (c > 0) - (c < 0);
    if (want != c && !(want == 0 && t->family == FAMILY_INTERVAL))
        fail_msg("desc %s and %s: %d, keys say %d", text_of(f, t, a), text_of(f, t, b), want, c);
}

static void
test_generated(void **state)
{
    struct fixture *f = *state;
    struct rng r = {0x9e3779b97f4a7c15u};
    struct datum null = DATUM_NULL;
    for (size_t i = 0; i < N_KEY_TYPES; i++) {
        const struct type *t = type_named(key_types[i]);
        check_round_trip(f, t, &null);
        for (int k = 0; k < 1500; k++) {
            struct datum a = rnd_datum(&r, f, t), b = rnd_datum(&r, f, t);
            check_round_trip(f, t, &a);
            check_order(f, t, &a, &b);
            check_order(f, t, &null, &a);
            arena_reset(f->a);
        }
    }
}

/* Longer than 296 years: keys wrap and sort wrongly, as v20.1's do, and still read back. */
static void
test_long_intervals(void **state)
{
    struct fixture *f = *state;
    struct str s;
    struct datum back, d = datum_of(f, &TYPE_INTERVAL, "1000 years");
    encode(f, &s, &TYPE_INTERVAL, &d, KEY_ASC);
    struct reader r = reader_make(str_slice(&s));
    int64_t total;
    (void)reader_u8(&r);
    OK(key_get_varint(&r, &total));
    assert_true(total == INT64_C(-5789488147419103232));
    r = reader_make(str_slice(&s));
    OK(key_decode(&r, f->a, &TYPE_INTERVAL, KEY_ASC, &back));
    assert_int_equal(datum_compare(&TYPE_INTERVAL, &d, &back), 0);
    d = datum_of(f, &TYPE_INTERVAL, "3558 years");
    encode(f, &s, &TYPE_INTERVAL, &d, KEY_DESC);
    d = datum_of(f, &TYPE_INTERVAL, "3559 years");
    struct error *e = key_encode(&s, &TYPE_INTERVAL, &d, KEY_ASC);
    assert_non_null(e);
    err_free(e);
}

/* Dates past the range keep their number. */
static void
test_odd_dates(void **state)
{
    struct fixture *f = *state;
    static const int64_t odd[] = {-2440589, 2145042906, INT64_MIN, INT64_MAX, -99999999999};
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        struct datum back, d = datum_int(odd[i]);
        struct str s;
        encode(f, &s, &TYPE_DATE, &d, KEY_ASC);
        struct reader r = reader_make(str_slice(&s));
        OK(key_decode(&r, f->a, &TYPE_DATE, KEY_ASC, &back));
        assert_true(back.i == odd[i]);
        assert_string_equal(text_of(f, &TYPE_DATE, &d), odd[i] < 0 ? "-infinity" : "infinity");
    }
}

static void
test_integers(void **state)
{
    struct fixture *f = *state;
    struct rng r = {42};
    for (int i = 0; i < 20000; i++) {
        struct str s;
        uint64_t u;
        int64_t v = rnd_int(&r), w;
        str_init_arena(&s, f->a, 128);
        key_put_uvarint(&s, (uint64_t)v);
        key_put_uvarint_desc(&s, (uint64_t)v);
        key_put_varint(&s, v);
        key_put_varint_desc(&s, v);
        struct reader in = reader_make(str_slice(&s));
        OK(key_get_uvarint(&in, &u));
        assert_true(u == (uint64_t)v);
        OK(key_get_uvarint_desc(&in, &u));
        assert_true(u == (uint64_t)v);
        OK(key_get_varint(&in, &w));
        assert_true(w == v);
        OK(key_get_varint_desc(&in, &w));
        assert_true(w == v);
        assert_int_equal(reader_left(&in), 0);
    }
    arena_reset(f->a);
}

/* Any bytes: an error or a value, never more. */
static void
test_hostile(void **state)
{
    struct fixture *f = *state;
    struct rng r = {7};
    for (int i = 0; i < 60000; i++) {
        struct datum bytes = rnd_bytes(&r, f->a, 24, false), out;
        if (bytes.len > 0 && rnd(&r) % 2)
            ((uint8_t *)(uintptr_t)bytes.ptr)[0] = (uint8_t)(rnd(&r) % 0x3d);
        for (size_t k = 0; k < N_KEY_TYPES; k++) {
            struct reader in = reader_make(datum_slice(&bytes));
            struct error *e = key_decode(&in, f->a, type_named(key_types[k]),
                                         (enum key_direction)(i % 2), &out);
            if (e != NULL)
                assert_string_equal(e->sqlstate, "XX001");
            err_free(e);
        }
        struct reader in = reader_make(datum_slice(&bytes));
        err_free(key_skip(&in));
        arena_reset(f->a);
    }
}

static void
test_prefix_end(void **state)
{
    struct str s;
    (void)state;
    str_init(&s, 64);
    str_append(&s, "\x01\xff\xff", 3);
    assert_true(key_prefix_end(&s));
    assert_int_equal(s.len, 1);
    assert_int_equal(s.ptr[0], 2);
    str_clear(&s);
    str_append(&s, "\xff\xff", 2);
    assert_false(key_prefix_end(&s));
    str_release(&s);
}

/* ---- inverted keys ---- */

struct collect {
    struct arena *a;
    struct str hex;
};

static struct error *
emit(void *arg, struct slice key)
{
    struct collect *c = arg;
    if (c->hex.len > 0)
        str_append_cstr(&c->hex, ", ");
    for (size_t i = 0; i < key.len; i++)
        str_printf(&c->hex, i > 0 ? " %02x" : "%02x", key.ptr[i]);
    struct reader r = reader_make(key);
    OK(inverted_key_skip(&r, &TYPE_JSONB));
    assert_int_equal(reader_left(&r), 0);
    return NULL;
}

static void
test_inverted(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *json, *keys;
    } cases[] = {
        {"{\"a\": \"b\"}", "37 61 00 01 12 62 00 01"},
        {"{\"a\": {\"b\": 1}}", "37 61 00 02 62 00 01 2a 02 00"},
        {"{\"a\": []}", "37 61 00 01 38"},
        {"[1, 2, 1]", "37 00 03 00 01 2a 02 00, 37 00 03 00 01 2a 04 00"},
        {"true", "37 00 01 0a"},
        {"null", "37 00 01 00"},
        {"[]", "37 00 01 38"},
        {"{\"a\": [\"x\", {}]}", "37 61 00 02 00 03 00 01 12 78 00 01, 37 61 00 02 00 03 00 01 39"},
        {"{\"a\":{\"b\":1.50,\"c\":[]},\"d\":[1,2,1,{\"e\":null}],\"f\":true,\"g\":{}}",
         "37 61 00 02 62 00 01 2a 03 64 00, 37 61 00 02 63 00 01 38, 37 64 00 02 00 03 00 01 2a 02 00, "
         "37 64 00 02 00 03 00 01 2a 04 00, 37 64 00 02 00 03 65 00 01 00, 37 66 00 01 0a, "
         "37 67 00 01 39"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct collect c = {.a = f->a};
        struct datum d = datum_of(f, &TYPE_JSONB, cases[i].json);
        str_init_arena(&c.hex, f->a, STR_MAX_DEFAULT);
        OK(inverted_keys(f->a, &TYPE_JSONB, &d, emit, &c));
        assert_string_equal(str_cstr(&c.hex), cases[i].keys);
    }
}

static struct error *
count_key(void *arg, struct slice key)
{
    (void)key;
    ++*(int *)arg;
    return NULL;
}

static void
test_inverted_array(void **state)
{
    struct fixture *f = *state;
    int n = 0;
    struct datum d = datum_of(f, &TYPE_INT8_ARRAY, "{1,NULL,2,1}");
    OK(inverted_keys(f->a, &TYPE_INT8_ARRAY, &d, count_key, &n));
    assert_int_equal(n, 2);
}

static void
test_pretty(void **state)
{
    struct fixture *f = *state;
    struct str s;
    str_init_arena(&s, f->a, 4096);
    key_pretty(&s, from_hex(f->a, "bf 89 89 fe c0 89 12 61 00 01 87 ff 00 2a 03 3c 00 88"));
    assert_string_equal(str_cstr(&s), "/Table/55/1/1/#/56/1/\"a\"/-1/NULL/1.3/0");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_golden, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_integers, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_generated, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_long_intervals, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_odd_dates, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_hostile, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_prefix_end, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_inverted, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_inverted_array, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_pretty, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
