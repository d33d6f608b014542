/* Dates, times, intervals, zones: what text means, how it prints, arithmetic, functions. */
#include "config.h"

#include "regress/unit/types_util.h"

#include "types/timezone.h"
#include "types/type_ops_int.h"

static const char *
cast(struct fixture *f, const struct type *t, const char *text)
{
    struct datum d;
    struct error *e = datum_parse(&f->env, t, slice_cstr(text), &d);
    if (e != NULL) {
        const char *m = arena_printf(f->a, "%s %s", e->sqlstate, e->message);
        err_free(e);
        return m;
    }
    return text_of(f, t, &d);
}

static void
test_input(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const struct type *t;
        const char *in, *out;
    } cases[] = {
        {&TYPE_DATE, "20200131", "2020-01-31"},
        {&TYPE_DATE, "Jan 31 2020", "2020-01-31"},
        {&TYPE_DATE, "31 January 2020", "2020-01-31"},
        {&TYPE_DATE, "31-Jan-2020", "2020-01-31"},
        {&TYPE_DATE, "1/31/2020", "2020-01-31"},
        {&TYPE_DATE, "2020-01-31 10:20:30", "2020-01-31"},
        {&TYPE_DATE, "0001-01-01 BC", "0001-01-01 BC"},
        {&TYPE_DATE, "epoch", "1970-01-01"},
        {&TYPE_DATE, "2020-060", "2020-02-29"},
        {&TYPE_DATE, "J2451545", "2000-01-01"},
        {&TYPE_DATE, "today", "2020-02-29"},
        {&TYPE_DATE, "tomorrow", "2020-03-01"},
        {&TYPE_DATE, "5874898-01-01", "22008 date is out of range"},
        {&TYPE_DATE, "x", "22007 parsing as type date: could not parse \"x\""},
        {&TYPE_DATE, "2020-13-01", "22008 parsing as type date: field month value 13 is out of range"},
        {&TYPE_DATE, "2019-02-29", "22008 parsing as type date: field day value 29 is out of range"},
        {&TYPE_TIME, "10:20 PM", "22:20:00"},
        {&TYPE_TIME, "12:00 AM", "00:00:00"},
        {&TYPE_TIME, "24:00", "24:00:00"},
        {&TYPE_TIME, "24:00:01", "22008 parsing as type time: field hour value 24 is out of range"},
        {&TYPE_TIMETZ, "12:00:00-05:00", "12:00:00-05:00:00"},
        {&TYPE_TIMETZ, "12:00:00+5", "12:00:00+05:00:00"},
        {&TYPE_TIMESTAMP, "2020-01-31T12:34:56.5Z", "2020-01-31 12:34:56.5+00:00"},
        {&TYPE_TIMESTAMP, "2020-01-31 12:34:56.1234567", "2020-01-31 12:34:56.123457+00:00"},
        {&TYPE_TIMESTAMP, "infinity", "294276-12-31 23:59:59.999999+00:00"},
        {&TYPE_TIMESTAMP, "20200131123456", "2020-01-31 12:34:56+00:00"},
        {&TYPE_TIMESTAMP, "2020-01-31 24:00", "2020-02-01 00:00:00+00:00"},
        {&TYPE_TIMESTAMP, "Mon Jan 2 15:04:05 2006", "2006-01-02 15:04:05+00:00"},
        {&TYPE_TIMESTAMP, "", "22007 parsing as type timestamp: could not parse \"\""},
        {&TYPE_TIMESTAMPTZ, "2020-01-31 12:00-08", "2020-01-31 20:00:00+00:00"},
        {&TYPE_TIMESTAMPTZ, "2020-07-01 12:00 America/New_York", "2020-07-01 16:00:00+00:00"},
        {&TYPE_TIMESTAMPTZ, "2020-07-01 12:00 PST",
         "0A000 parsing as type timestamptz: unimplemented: timestamp abbreviations not supported"},
        {&TYPE_TIMESTAMPTZ, "now", "2020-02-29 12:00:00+00:00"},
        {&TYPE_INTERVAL, "1 day 2 hours", "1 day 02:00:00"},
        {&TYPE_INTERVAL, "1:02:03", "01:02:03"},
        {&TYPE_INTERVAL, "P1Y2M3DT4H5M6S", "1 year 2 mons 3 days 04:05:06"},
        {&TYPE_INTERVAL, "1h2m3s", "01:02:03"},
        {&TYPE_INTERVAL, "1y1mon", "1 year 1 mon"},
        {&TYPE_INTERVAL, "1-2", "1 year 2 mons"},
        {&TYPE_INTERVAL, "1-2 3 04:05:06", "1 year 2 mons 3 days 04:05:06"},
        {&TYPE_INTERVAL, "1.5 years", "1 year 6 mons"},
        {&TYPE_INTERVAL, "1.5 days", "1 day 12:00:00"},
        {&TYPE_INTERVAL, "3", "00:00:03"},
        {&TYPE_INTERVAL, "-1 year -2 mons 3 days 04:05:06",
         "-1 years -2 mons 3 days +04:05:06"},
        {&TYPE_INTERVAL, "1 year 2 mons -3 days 04:05:06", "1 year 2 mons -3 days +04:05:06"},
        {&TYPE_INTERVAL, "x", "22007 could not parse \"x\" as type interval: interval: missing unit "
                              "at position 0: \"x\""},
        {&TYPE_INTERVAL, "1 foo", "22007 could not parse \"1 foo\" as type interval: interval: "
                                  "unknown unit \"foo\" in duration \"1 foo\""},
        {&TYPE_UUID, "x", "22P02 could not parse \"x\" as type uuid: uuid: incorrect UUID length: x"},
        {&TYPE_UUID, "{63616665-6630-3064-6465-616462656562}",
         "63616665-6630-3064-6465-616462656562"},
        {&TYPE_UUID, "urn:uuid:63616665-6630-3064-6465-616462656562",
         "63616665-6630-3064-6465-616462656562"},
        {&TYPE_INET, "x", "22P02 could not parse \"x\" as inet. invalid IP"},
        {&TYPE_INET, "192.168/16", "192.168.0.0/16"},
        {&TYPE_VARBIT, "012", "22P02 could not parse string as bit array: \"2\" is not a valid binary "
                              "digit"},
        {&TYPE_INT8_ARRAY, "x", "22P02 could not parse \"x\" as type int[]: array must be enclosed in "
                                "{ and }"},
        {&TYPE_STRING_ARRAY, "{a, \"b c\" ,NULL,\"null\"}", "{a,\"b c\",NULL,\"null\"}"},
    };
    f->env.txn_time_us = datum_of(f, &TYPE_TIMESTAMP, "2020-02-29 12:00").i;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *got = cast(f, cases[i].t, cases[i].in);
        if (strcmp(got, cases[i].out) != 0)
            fail_msg("%s: got %s, want %s", cases[i].in, got, cases[i].out);
    }
}

static void
test_zones(void **state)
{
    struct fixture *f = *state;
    const struct timezone_info *tz;
    OK(timezone_lookup(f->a, SLICE_LIT("america/new_york"), &tz));
    assert_string_equal(timezone_name(tz), "America/New_York");
    f->env.timezone = tz;
    static const struct {
        const char *local, *shown;
    } cases[] = {
        {"2020-01-15 12:00", "2020-01-15 12:00:00-05:00"},
        {"2020-07-15 12:00", "2020-07-15 12:00:00-04:00"},
        {"2020-03-08 01:59:59", "2020-03-08 01:59:59-05:00"},
        {"2020-03-08 02:30", "2020-03-08 01:30:00-05:00"}, /* no such time: Go goes back */
        {"2020-11-01 01:30", "2020-11-01 01:30:00-04:00"}, /* twice: the first */
        {"2999-07-15 12:00", "2999-07-15 12:00:00-04:00"},
        {"1800-07-15 12:00", "1800-07-15 12:00:00-04:56:02"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(cast(f, &TYPE_TIMESTAMPTZ, cases[i].local), cases[i].shown);
    static const struct {
        const char *name;
        int east;
    } fixed[] = {{"-5", -18000}, {"5.5", 19800}, {"+05:30", 19800}, {"GMT+3", -10800},
                 {"UTC", 0}, {"utc-2", 7200}};
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        OK(timezone_lookup(f->a, slice_cstr(fixed[i].name), &tz));
        assert_int_equal(timezone_offset_utc(tz, 0), fixed[i].east);
    }
    struct error *e = timezone_lookup(f->a, SLICE_LIT("foo"), &tz);
    assert_string_equal(e->message, "could not parse \"foo\" as time zone");
    err_free(e);
}

/* call("name", ret, "type text", ...): arguments as "TYPE:text", NULL ends. */
static const char *
call(struct fixture *f, const char *name, ...)
{
    const struct type *types[8];
    struct datum args[8], out = {0};
    int n = 0;
    va_list ap;
    va_start(ap, name);
    for (const char *a = va_arg(ap, const char *); a != NULL; a = va_arg(ap, const char *)) {
        const char *colon = strchr(a, ':');
        types[n] = type_named(arena_strndup(f->a, a, (size_t)(colon - a)));
        args[n] = datum_of(f, types[n], colon + 1);
        n++;
    }
    va_end(ap);
    for (size_t i = 0; i < n_type_overload_tables; i++) {
        const struct overload_table *t = type_overload_tables[i];
        for (size_t k = 0; k < t->n; k++) {
            const struct overload *o = &t->v[k];
            int m = 0;
            bool fits = strcmp(o->name, name) == 0 && !o->is_generator;
            while (fits && m < OVERLOAD_MAX_ARGS && o->args[m] != NULL && m < n) {
                const struct type *p = o->args[m];
                bool any = p->family == FAMILY_ANY
                           || (p->family == FAMILY_ARRAY && types[m]->family == FAMILY_ARRAY
                               && p->elem->family == FAMILY_ANY);
                fits = any || (p->family == types[m]->family
                               && (p->family != FAMILY_ARRAY
                                   || p->elem->family == types[m]->elem->family));
                m++;
            }
            if (!fits || (m < n && o->variadic == NULL)
                || (m < OVERLOAD_MAX_ARGS && o->args[m] != NULL))
                continue;
            const struct type *ret = o->ret != NULL ? o->ret : o->ret_fn(f->a, n, types);
            struct fn_call c = {o, n, types, ret};
            struct error *e = o->fn(&f->env, &c, args, &out);
            if (e != NULL) {
                const char *msg = arena_printf(f->a, "%s %s", e->sqlstate, e->message);
                err_free(e);
                return msg;
            }
            return text_of(f, ret, &out);
        }
    }
    fail_msg("no overload of %s", name);
    return NULL;
}

#define EQ(want, ...) assert_string_equal(call(f, __VA_ARGS__, NULL), want)

static void
test_functions(void **state)
{
    struct fixture *f = *state;
    f->env.extra_float_digits = 0;
    EQ("2020-02-29 00:00:00+00:00", "+", "DATE:2020-01-31", "INTERVAL:1 mon -00:00:00");
    EQ("2020-02-01", "+", "DATE:2020-01-31", "INT:1");
    EQ("366", "-", "DATE:2021-01-01", "DATE:2020-01-01");
    EQ("720:00:00", "-", "TIMESTAMP:2020-01-31", "TIMESTAMP:2020-01-01");
    EQ("01:00:00", "+", "TIME:23:00", "INTERVAL:2h");
    EQ("2 mons 20 days", "*", "INTERVAL:1 mon 10 days", "INT:2");
    EQ("15 days", "/", "INTERVAL:1 mon", "INT:2");
    EQ("3 days 12:00:00", "*", "INTERVAL:7 days", "FLOAT:0.5");
    EQ("2020", "extract", "STRING:year", "TIMESTAMP:2020-02-29 12:34:56.5");
    EQ("56.5", "extract", "STRING:second", "TIMESTAMP:2020-02-29 12:34:56.5");
    EQ("9", "extract", "STRING:week", "DATE:2020-02-29");
    EQ("60", "extract", "STRING:doy", "DATE:2020-02-29");
    EQ("1582979696.5", "extract", "STRING:epoch", "TIMESTAMPTZ:2020-02-29 12:34:56.5");
    EQ("22023 unsupported timespan: x", "extract", "STRING:x", "DATE:2020-02-29");
    EQ("2020-02-24 00:00:00+00:00", "date_trunc", "STRING:week", "TIMESTAMP:2020-02-29 12:34:56");
    EQ("2020-01-01 00:00:00+00:00", "date_trunc", "STRING:quarter", "DATE:2020-02-29");
    EQ("2020-02-29 Sat 12", "experimental_strftime", "TIMESTAMP:2020-02-29 12:34:56",
       "STRING:%Y-%m-%d %a %H");
    EQ("2020-02-29 12:34:00+00:00", "experimental_strptime", "STRING:29/02/2020 12:34",
       "STRING:%d/%m/%Y %H:%M");
    EQ("2020-07-01 08:00:00+00:00", "timezone", "STRING:America/New_York",
       "TIMESTAMPTZ:2020-07-01 12:00+00");
    EQ("744:00:00", "age", "TIMESTAMPTZ:2020-02-01", "TIMESTAMPTZ:2020-01-01");
}

static void
test_json_and_arrays(void **state)
{
    struct fixture *f = *state;
    EQ("[1, 2]", "->", "JSONB:{\"a\": [1, 2]}", "STRING:a");
    EQ("2", "->>", "JSONB:[1, 2]", "INT:-1");
    EQ("NULL", "->>", "JSONB:[null]", "INT:0");
    EQ("x", "#>>", "JSONB:{\"a\": [\"x\"]}", "STRING[]:{a,0}");
    EQ("{\"a\": 1, \"b\": 3}", "||", "JSONB:{\"a\": 1, \"b\": 2}", "JSONB:{\"b\": 3}");
    EQ("[1, 2, 3]", "||", "JSONB:[1, 2]", "JSONB:3");
    EQ("22023 invalid concatenation of jsonb objects", "||", "JSONB:{}", "JSONB:3");
    EQ("{\"b\": 2}", "-", "JSONB:{\"a\": 1, \"b\": 2}", "STRING:a");
    EQ("22023 cannot delete from object using integer index", "-", "JSONB:{}", "INT:1");
    EQ("{\"a\": [1]}", "#-", "JSONB:{\"a\": [1, 2]}", "STRING[]:{a,1}");
    EQ("true", "@>", "JSONB:{\"a\": [1, 2.0]}", "JSONB:{\"a\": [2]}");
    EQ("true", "@>", "JSONB:[1, 2]", "JSONB:1");
    EQ("false", "@>", "JSONB:[[1]]", "JSONB:[1]");
    EQ("true", "?|", "JSONB:[\"a\"]", "STRING[]:{b,a}");
    EQ("{\"a\": [1, 9]}", "jsonb_set", "JSONB:{\"a\": [1, 2]}", "STRING[]:{a,1}", "JSONB:9");
    EQ("{\"a\": 1, \"b\": 9}", "jsonb_set", "JSONB:{\"a\": 1}", "STRING[]:{b}", "JSONB:9");
    EQ("{\"a\": 1}", "jsonb_set", "JSONB:{\"a\": 1}", "STRING[]:{b}", "JSONB:9", "BOOL:false");
    EQ("[1, 9, 2]", "jsonb_insert", "JSONB:[1, 2]", "STRING[]:{1}", "JSONB:9");
    EQ("[1, 2, 9]", "jsonb_insert", "JSONB:[1, 2]", "STRING[]:{1}", "JSONB:9", "BOOL:true");
    EQ("{\"b\": [null]}", "json_strip_nulls", "JSONB:{\"a\": null, \"b\": [null]}");
    EQ("{\n    \"a\": [\n        1,\n        {}\n    ]\n}", "jsonb_pretty", "JSONB:{\"a\": [1, {}]}");
    EQ("{\"a\": 1, \"b\": [true]}", "json_build_object", "STRING:a", "INT:1", "STRING:b",
       "BOOL[]:{t}");
    EQ("boolean", "jsonb_typeof", "JSONB:true");
    EQ("2", "crdb_internal.num_inverted_index_entries", "JSONB:[1, 2, 1]");
    EQ("{1,2,3}", "||", "INT[]:{1,2}", "INT[]:{3}");
    EQ("{1,2,3}", "array_append", "INT[]:{1,2}", "INT:3");
    EQ("{1,3}", "array_remove", "INT[]:{1,2,3,2}", "INT:2");
    EQ("{2,4}", "array_positions", "INT[]:{1,2,3,2}", "INT:2");
    EQ("1,3", "array_to_string", "INT[]:{1,NULL,3}", "STRING:,");
    EQ("1,x,3", "array_to_string", "INT[]:{1,NULL,3}", "STRING:,", "STRING:x");
    EQ("{a,NULL,c}", "string_to_array", "STRING:a,b,c", "STRING:,", "STRING:b");
    EQ("true", "<<", "INET:10.1.2.3", "INET:10.0.0.0/8");
    EQ("10.255.255.255/8", "broadcast", "INET:10.1.2.3/8");
    EQ("10.1.3.2", "+", "INET:10.1.2.3", "INT:255");
    EQ("22003 result out of range", "-", "INET:0.0.0.1", "INT:2");
    EQ("101", "&", "VARBIT:111", "VARBIT:101");
    EQ("22026 cannot AND bit strings of different sizes", "&", "VARBIT:111", "VARBIT:10");
    EQ("0100", "<<", "VARBIT:1010", "INT:1");
    EQ("10101", "||", "VARBIT:101", "VARBIT:01");
    EQ("111", "set_bit", "VARBIT:101", "INT:1", "INT:1");
}

static const char *
cast_to(struct fixture *f, const struct type *from, const char *text, const struct type *to)
{
    struct datum d = datum_of(f, from, text), out;
    struct error *e = datum_cast(&f->env, from, &d, to, &out);
    if (e != NULL) {
        const char *m = arena_printf(f->a, "%s %s", e->sqlstate, e->message);
        err_free(e);
        return m;
    }
    return text_of(f, to, &out);
}

static void
test_casts(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(cast_to(f, &TYPE_TIMESTAMP, "1969-12-31 23:59:59.5", &TYPE_INT8), "-1");
    assert_string_equal(cast_to(f, &TYPE_TIMESTAMP, "1970-01-01 00:00:01.5", &TYPE_DECIMAL),
                        "1.500000");
    assert_string_equal(cast_to(f, &TYPE_INT8, "90", &TYPE_INTERVAL), "00:01:30");
    assert_string_equal(cast_to(f, &TYPE_INTERVAL, "1 year", &TYPE_INT8), "31557600");
    assert_string_equal(cast_to(f, &TYPE_DATE, "infinity", &TYPE_TIMESTAMP),
                        "294276-12-31 23:59:59.999999+00:00");
    assert_string_equal(cast_to(f, &TYPE_DATE, "2020-02-29", &TYPE_INT8), "18321");
    struct type bit8 = TYPE_BIT1;
    bit8.width = 8;
    assert_string_equal(cast_to(f, &TYPE_INT8, "-2", &bit8), "11111110");
    assert_string_equal(cast_to(f, &TYPE_VARBIT, "101", &bit8), "10100000");
    assert_string_equal(cast_to(f, &TYPE_INT8_ARRAY, "{1,NULL}", &TYPE_STRING_ARRAY), "{1,NULL}");
}

static void
test_binary(void **state)
{
    struct fixture *f = *state;
    static const char *const types[] = {"DATE", "TIME", "TIMETZ", "TIMESTAMP", "TIMESTAMPTZ",
                                        "INTERVAL", "UUID", "INET", "VARBIT", "INT[]",
                                        "STRING[]", "DECIMAL[]"};
    struct rng r = {5};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        const struct type *t = type_named(types[i]);
        for (int k = 0; k < 300; k++) {
            struct str s;
            struct datum back, d = rnd_datum(&r, f, t);
            str_init_arena(&s, f->a, STR_MAX_DEFAULT);
            OK(datum_to_binary(&s, t, &d, &f->env));
            OK(datum_from_binary(&f->env, t, str_slice(&s), &back));
            bool decimals = t->family == FAMILY_ARRAY && t->elem->family == FAMILY_DECIMAL;
            if (!decimals && datum_compare(t, &d, &back) != 0)
                fail_msg("%s %s became %s", types[i], text_of(f, t, &d), text_of(f, t, &back));
            if (s.len > 0) { /* damaged: an error or a value */
                s.ptr[rnd(&r) % s.len] ^= (char)(1 << rnd(&r) % 8);
                err_free(datum_from_binary(&f->env, t, str_slice(&s), &back));
            }
            /* Text reads back as well. */
            const char *text = text_of(f, t, &d);
            if (t->family == FAMILY_TIMESTAMP || t->family == FAMILY_TIMESTAMPTZ) {
                /* Casts write years BC as negative ones, which are not read. */
                struct str wire;
                str_init_arena(&wire, f->a, STR_MAX_DEFAULT);
                datum_format(&wire, t, &d, TEXT_WIRE, &f->env);
                text = str_cstr(&wire);
            }
            back = datum_of(f, t, text);
            if (datum_compare(t, &d, &back) != 0)
                fail_msg("%s %s read as %s", types[i], text, text_of(f, t, &back));
            assert_true(datum_hash(t, &d, 1) == datum_hash(t, &back, 1));
            arena_reset(f->a);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_input, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_zones, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_functions, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_json_and_arrays, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_casts, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_binary, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
