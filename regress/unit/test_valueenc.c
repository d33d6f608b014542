/* Values: golden elements, arrays, JSON, untagged families, envelopes, round trips, hostile bytes. */
#include "config.h"

#include "types/valueenc.h"

#include "regress/unit/types_util.h"

static struct slice
element(struct fixture *f, const struct type *t, const struct datum *d)
{
    struct str s;
    str_init_arena(&s, f->a, STR_MAX_DEFAULT);
    OK(value_put_element(&s, 1, t, d));
    return str_slice(&s);
}

static void
check_element(struct fixture *f, const char *what, const struct type *t, const struct datum *d,
              struct slice want)
{
    uint32_t delta, e;
    struct datum back;
    assert_bytes(what, element(f, t, d), want);
    struct reader r = reader_make(want);
    OK(value_get_tag(&r, &delta, &e));
    assert_int_equal(delta, 1);
    struct reader skip = r;
    OK(value_get_body(&r, f->a, e, t, &back));
    assert_int_equal(reader_left(&r), 0);
    assert_string_equal(text_of(f, t, d), text_of(f, t, &back));
    OK(value_skip_body(&skip, e));
    assert_int_equal(reader_left(&skip), 0);
}

static void
check_golden(struct fixture *f, const struct golden *g, const struct type *t,
             const struct datum *d)
{
    check_element(f, g->text, t, d, from_hex(f->a, g->value));
}

static void
test_golden(void **state)
{
    each_golden(*state, check_golden);
}

static void
test_arrays_json(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *type, *text, *hex;
    } cases[] = {
        {"INT[]", "{1,2}", "1d 05 01 03 02 02 04"},
        {"INT[]", "{NULL,1}", "1d 05 11 03 02 01 02"},
        {"STRING[]", "{a,\"\"}", "1d 06 01 06 02 01 61 00"},
        {"BOOL[]", "{true,false}", "1d 05 01 0a 02 0a 0b"},
        {"INT[]", "{}", "1d 03 01 03 00"},
        {"DECIMAL[]", "{1.5}", "1d 07 01 05 01 03 34 89 0f"},
        {"JSONB", "null", "1f 0f 08 20 00 00 00 00 00 00 00"},
        {"JSONB", "true", "1f 0f 08 20 00 00 00 40 00 00 00"},
        {"JSONB", "1", "1f 0f 0c 20 00 00 00 20 00 00 04 03 34 89 01"},
        {"JSONB", "\"a\"", "1f 0f 09 20 00 00 00 10 00 00 01 61"},
        {"JSONB", "[]", "1f 0f 04 80 00 00 00"},
        {"JSONB", "{}", "1f 0f 04 40 00 00 00"},
        {"JSONB", "[1, \"a\", null]",
         "1f 0f 15 80 00 00 03 a0 00 00 04 10 00 00 01 00 00 00 00 03 34 89 01 61"},
        {"JSONB", "{\"a\": 1, \"b\": [true]}",
         "1f 0f 22 40 00 00 02 90 00 00 01 10 00 00 01 a0 00 00 06 50 00 00 08 61 62 03 34 89 01 80 "
         "00 00 01 c0 00 00 00"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct type *t = type_named(cases[i].type);
        struct datum d = datum_of(f, t, cases[i].text);
        check_element(f, cases[i].text, t, &d, from_hex(f->a, cases[i].hex));
    }
    const struct type bit3 = {.family = FAMILY_ARRAY, .elem = &TYPE_VARBIT, .oid = 1563};
    struct datum d = datum_of(f, &bit3, "{101}");
    check_element(f, "bits", &bit3, &d,
                  from_hex(f->a, "1d 0d 01 0f 11 01 03 a0 00 00 00 00 00 00 00"));
}

static void
test_untagged(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *type, *text, *hex;
    } cases[] = {
        {"BOOL", "true", "01 02"},
        {"BOOL", "false", "01 00"},
        {"INT", "-5", "01 09"},
        {"FLOAT", "1.5", "02 3f f8 00 00 00 00 00 00"},
        {"DECIMAL", "10.00", "05 34 8a 03 e8"},
        {"STRING", "str", "03 73 74 72"},
        {"BYTES", "\\x0001", "03 00 01"},
        {"DATE", "2020-04-28", "01 98 9f 02"},
        {"TIME", "12:34:56.789", "01 90 98 b1 be d1 02"},
        {"TIMETZ", "12:34:56.789+02:00", "0c 3c fa 08 de be de 08 86 e3 e0"},
        {"TIMESTAMP", "1969-12-31 23:59:59.5", "04 14 87 ff f9 1d cd 65 00"},
        {"INTERVAL", "1 mon 2 days 00:00:03.5", "06 16 fc 09 d2 92 fa 7d c3 00 89 8a"},
        {"UUID", "12345678-1234-0078-1234-567812345678",
         "03 12 34 56 78 12 34 00 78 12 34 56 78 12 34 56 78"},
        {"INET", "192.168.0.1/24", "03 00 18 c0 a8 00 01"},
        {"VARBIT", "1011", "0b 04 b0 00 00 00 00 00 00 00"},
        {"JSONB", "{\"k\": [true]}",
         "03 40 00 00 01 90 00 00 01 d0 00 00 09 6b 80 00 00 01 c0 00 00 00"},
        {"OID", "26", "01 34"},
        {"INT[]", "{1,NULL}", "03 11 03 02 02 02"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct str s;
        struct datum back;
        const struct type *t = type_named(cases[i].type);
        struct datum d = datum_of(f, t, cases[i].text);
        str_init_arena(&s, f->a, STR_MAX_DEFAULT);
        value_open(&s, value_untagged_tag(t));
        OK(value_put_untagged(&s, t, &d));
        assert_bytes(cases[i].text, slice_make(s.ptr + 4, s.len - 4), from_hex(f->a, cases[i].hex));
        OK(value_get_untagged(str_slice(&s), f->a, t, &back));
        assert_string_equal(text_of(f, t, &d), text_of(f, t, &back));
    }
}

static void
test_tags(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint32_t delta;
        const struct type *t;
        const char *text, *hex;
    } cases[] = {
        {1, &TYPE_INT8, "0", "13"}, {7, &TYPE_STRING, "", "76"}, {8, &TYPE_INT8, "0", "81 03"},
        {100, &TYPE_DECIMAL, "1", "8c 45"}, {3, &TYPE_JSONB, "1", "3f 0f"},
        {3, &TYPE_VARBIT, "1", "3f 11"}, {200, &TYPE_TIMETZ, "00:00+00", "99 0f 13"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct str s;
        uint32_t delta, e;
        struct datum d = datum_of(f, cases[i].t, cases[i].text);
        struct slice want = from_hex(f->a, cases[i].hex);
        str_init_arena(&s, f->a, STR_MAX_DEFAULT);
        OK(value_put_element(&s, cases[i].delta, cases[i].t, &d));
        assert_bytes("tag", slice_make(s.ptr, want.len), want);
        struct reader r = reader_make(str_slice(&s));
        OK(value_get_tag(&r, &delta, &e));
        assert_int_equal(delta, cases[i].delta);
    }
}

static void
test_envelope(void **state)
{
    struct fixture *f = *state;
    struct str s;
    struct slice key = from_hex(f->a, "bd 89 89 88");
    str_init_arena(&s, f->a, 64);
    value_open(&s, VALUE_TUPLE);
    str_append_slice(&s, from_hex(f->a, "23 02 13 02"));
    value_seal(&s, 0, key);
    assert_bytes("crc", str_slice(&s), from_hex(f->a, "88 69 78 a0 0a 23 02 13 02"));
    assert_true(value_checksum_ok(str_slice(&s), key));
    s.ptr[6] ^= 1;
    assert_false(value_checksum_ok(str_slice(&s), key));
    assert_true(value_checksum_ok(from_hex(f->a, "00 00 00 00 03"), key));
    assert_false(value_checksum_ok(from_hex(f->a, "00 00 00 00"), key));
}

static const char *const value_types[] = {
    "BOOL", "INT", "FLOAT", "DECIMAL", "STRING", "BYTES", "DATE", "TIME", "TIMETZ", "TIMESTAMP",
    "INTERVAL", "UUID", "INET", "VARBIT", "OID", "INT[]", "STRING[]", "BOOL[]", "DECIMAL[]"};
#define N_TYPES (sizeof(value_types) / sizeof(value_types[0]))

static void
test_generated(void **state)
{
    struct fixture *f = *state;
    struct rng r = {99};
    for (size_t i = 0; i < N_TYPES; i++) {
        const struct type *t = type_named(value_types[i]);
        for (int k = 0; k < 1000; k++) {
            struct datum back, d = rnd_datum(&r, f, t);
            struct str s;
            check_element(f, value_types[i], t, &d, element(f, t, &d));
            assert_int_equal(datum_compare(t, &d, &d), 0);
            str_init_arena(&s, f->a, STR_MAX_DEFAULT);
            value_open(&s, value_untagged_tag(t));
            OK(value_put_untagged(&s, t, &d));
            OK(value_get_untagged(str_slice(&s), f->a, t, &back));
            assert_int_equal(datum_compare(t, &d, &back), 0);
            arena_reset(f->a);
        }
    }
}

/* ---- JSON ---- */

static struct json_node *
rnd_json(struct rng *r, struct fixture *f, int depth)
{
    struct json_node *n;
    switch (rnd(r) % (depth > 4 ? 4 : 6)) {
    case 0:
        return rnd(r) % 2 ? json_new_null(f->a) : json_new_bool(f->a, rnd(r) % 2);
    case 1:
        return json_new_number(f->a, decimal_from_i64_exp(f->a, rnd_int(r), (int)(rnd(r) % 9) - 4));
    case 2:
    case 3: {
        struct datum d = rnd_bytes(r, f->a, 8, true);
        return json_new_string(f->a, datum_slice(&d));
    }
    case 4:
        n = json_new_array(f->a);
        for (uint64_t i = rnd(r) % (depth == 0 ? 100 : 5); i > 0; i--)
            json_push(n, rnd_json(r, f, depth + 1));
        return n;
    default:
        n = json_new_object(f->a);
        for (uint64_t i = rnd(r) % (depth == 0 ? 100 : 5); i > 0; i--) {
            struct datum key = rnd_bytes(r, f->a, 4, true);
            json_set(n, datum_slice(&key), rnd_json(r, f, depth + 1));
        }
        return n;
    }
}

static void
test_json_generated(void **state)
{
    struct fixture *f = *state;
    struct rng r = {2020};
    for (int k = 0; k < 2000; k++) {
        struct slice body, again;
        struct str s;
        OK(json_encode(f->a, rnd_json(&r, f, 0), &body));
        OK(json_validate(body));
        str_init_arena(&s, f->a, STR_MAX_DEFAULT);
        json_format(&s, json_root(body));
        OK(json_parse(f->a, str_slice(&s), &again));
        assert_bytes("json", again, body);
        assert_int_equal(json_compare(json_root(body), json_root(again)), 0);
        assert_true(json_hash(json_root(body), 1) == json_hash(json_root(again), 1));
        struct json root = json_root(body);
        for (uint32_t i = 0; root.kind == JSON_OBJECT && i < root.count; i++) {
            struct slice key;
            struct json v, w;
            json_pair(root, i, &key, &v);
            assert_true(json_get(root, key, &w));
            assert_true(v.data.ptr == w.data.ptr);
        }
        arena_reset(f->a);
    }
}

/* Reading takes memory for the body, not for a tree; of equal keys the last one stays. */
static void
test_json_large(void **state)
{
    struct fixture *f = *state;
    struct str text;
    struct slice body, small;
    struct arena *a = arena_create(NULL, "large");
    str_init(&text, STR_MAX_DEFAULT);
    str_append_cstr(&text, "[0");
    for (int i = 1; i < 100000; i++)
        str_append_cstr(&text, i % 2 ? ",1" : ",{\"b\":2,\"a\":null,\"b\":3}");
    str_append_cstr(&text, "]");
    OK(json_parse(a, str_slice(&text), &body));
    OK(json_validate(body));
    assert_true(arena_size(a) < 4 * text.len);
    assert_int_equal(json_root(body).count, 100000);
    OK(json_parse(f->a, slice_cstr("{\"a\": null, \"b\": 3}"), &small));
    assert_int_equal(json_compare(json_at(json_root(body), 99998), json_root(small)), 0);
    str_release(&text);
    arena_destroy(a);
}

static void
test_json_errors(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"", "could not parse JSON: unable to decode JSON: EOF"},
        {"x", "could not parse JSON: unable to decode JSON: invalid character 'x' looking for "
              "beginning of value"},
        {"[1,", "could not parse JSON: unable to decode JSON: unexpected EOF"},
        {"[1,]", "could not parse JSON: unable to decode JSON: invalid character ']' looking for "
                 "beginning of value"},
        {"{a:1}", "could not parse JSON: unable to decode JSON: invalid character 'a' looking for "
                  "beginning of object key string"},
        {"{\"a\" 1}", "could not parse JSON: unable to decode JSON: invalid character '1' after "
                      "object key"},
        {"tru", "could not parse JSON: unable to decode JSON: unexpected EOF"},
        {"trux", "could not parse JSON: unable to decode JSON: invalid character 'x' in literal "
                 "true (expecting 'e')"},
        {"1 2", "could not parse JSON: trailing characters after JSON document"},
        {"\"\n\"", "could not parse JSON: unable to decode JSON: invalid character '\\n' in string "
                   "literal"},
        {"\"\\x\"", "could not parse JSON: unable to decode JSON: invalid character 'x' in string "
                    "escape code"},
        {"-", "could not parse JSON: unable to decode JSON: unexpected EOF"},
        {"[1 2]", "could not parse JSON: unable to decode JSON: invalid character '2' after array "
                  "element"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct slice body;
        struct error *e = json_parse(f->a, slice_cstr(cases[i].text), &body);
        assert_non_null(e);
        assert_string_equal(e->message, cases[i].error);
        assert_string_equal(e->sqlstate, "22P02");
        err_free(e);
    }
    struct slice body;
    struct str deep;
    str_init_arena(&deep, f->a, 1 << 20);
    str_append_fill(&deep, '[', 100000);
    struct error *e = json_parse(f->a, str_slice(&deep), &body);
    assert_non_null(e);
    err_free(e);
}

static void
test_hostile(void **state)
{
    struct fixture *f = *state;
    struct rng r = {31};
    for (int i = 0; i < 40000; i++) {
        struct datum out;
        struct slice b;
        if (i % 2) { /* a good one, damaged */
            const struct type *t = type_named(value_types[rnd(&r) % N_TYPES]);
            struct datum d = rnd_datum(&r, f, t);
            b = element(f, t, &d);
            if (i % 7 == 0)
                OK(json_encode(f->a, rnd_json(&r, f, 3), &b));
            if (b.len > 0)
                ((uint8_t *)(uintptr_t)b.ptr)[rnd(&r) % b.len] = (uint8_t)rnd(&r);
        } else {
            struct datum d = rnd_bytes(&r, f->a, 40, false);
            b = datum_slice(&d);
        }
        err_free(json_validate(b));
        for (size_t k = 0; k < N_TYPES; k++) {
            const struct type *t = type_named(value_types[k]);
            uint32_t delta, e;
            struct reader in = reader_make(b);
            struct error *err = value_get_tag(&in, &delta, &e);
            struct reader skip = in;
            if (err == NULL) {
                err_free(value_skip_body(&skip, e));
                err = value_get_body(&in, f->a, e, t, &out);
            }
            if (err != NULL)
                assert_string_equal(err->sqlstate, "XX001");
            err_free(err);
            err_free(value_get_untagged(b, f->a, t, &out));
        }
        arena_reset(f->a);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_golden, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_arrays_json, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_untagged, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_tags, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_envelope, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_generated, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_json_generated, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_json_large, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_json_errors, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_hostile, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
