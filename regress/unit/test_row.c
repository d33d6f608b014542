/* Rows to bytes and back: every worked example of the format (SOURCE: kv-encoding 13, taken from
 * real stores), and bytes that are none. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/build.h"
#include "catalog/pb.h"
#include "catalog/row.h"
#include "types/keyenc.h"
#include "types/valueenc.h"

static void
must(struct error *e)
{
    if (e != NULL)
        fail_msg("%s:%d: %s", e->file, e->line, e->message);
}

/* ---- tables by text ---- */

struct spec_index {
    const char *columns; /* "a,b-" (- descending) */
    const char *store;   /* or NULL */
    bool unique, inverted;
};

struct spec {
    uint32_t id;
    const char *columns[20]; /* "name" */
    const struct type *types[20];
    const char *pk;
    struct spec_index indexes[4];
    const char *families[20]; /* "a,b"; "" is an empty one */
};

static void
each_name(struct arena *a, const char *list, void (*fn)(void *arg, const char *name), void *arg)
{
    while (list != NULL && *list != '\0') {
        size_t n = strcspn(list, ",");
        fn(arg, arena_strndup(a, list, n));
        list += n + (list[n] == ',');
    }
}

struct ctx {
    struct arena *a;
    pb_index *ix;
    Amberdb__ColumnFamilyDescriptor *f;
};

static void
add_key(void *arg, const char *name)
{
    struct ctx *c = arg;
    size_t n = strlen(name);
    bool desc = name[n - 1] == '-';
    build_index_column(c->a, c->ix, arena_strndup(c->a, name, n - desc), desc);
}

static void
add_store(void *arg, const char *name)
{
    struct ctx *c = arg;
    build_index_store(c->a, c->ix, name);
}

static void
add_member(void *arg, const char *name)
{
    struct ctx *c = arg;
    PB_PUSH(c->a, c->f->column_names, c->f->n_column_names, arena_strdup(c->a, name));
}

static pb_table *
make_pb(struct arena *a, const struct spec *sp)
{
    pb_table *t = build_table(a, 50, "t");
    struct ctx c = {.a = a};
    PB_SET(t, id, sp->id);
    for (int i = 0; i < 20 && sp->columns[i] != NULL; i++)
        PB_PUSH(a, t->columns, t->n_columns,
                build_column(a, sp->columns[i], sp->types[i], true));
    if (sp->pk != NULL) {
        t->primary_index = c.ix = build_index(a, "primary", true);
        each_name(a, sp->pk, add_key, &c);
    }
    for (int i = 0; i < 4 && sp->indexes[i].columns != NULL; i++) {
        c.ix = build_index(a, arena_printf(a, "i%d", i + 1), sp->indexes[i].unique);
        if (sp->indexes[i].inverted)
            PB_SET(c.ix, type, AMBERDB__INDEX_TYPE__INVERTED);
        each_name(a, sp->indexes[i].columns, add_key, &c);
        each_name(a, sp->indexes[i].store, add_store, &c);
        PB_PUSH(a, t->indexes, t->n_indexes, c.ix);
    }
    for (int i = 0; i < 20 && sp->families[i] != NULL; i++) {
        c.f = build_family(a, NULL);
        each_name(a, sp->families[i], add_member, &c);
        PB_PUSH(a, t->families, t->n_families, c.f);
    }
    must(build_finish_table(a, t));
    return t;
}

static const struct table *
make_table(struct arena *a, const struct spec *sp)
{
    const struct table *t;
    must(table_from_pb(a, make_pb(a, sp), &t));
    return t;
}

static struct datum *
make_row(struct arena *a, const struct table *t, const char *const *text)
{
    struct datum *row = ARENA_ARRAY(a, struct datum, (size_t)t->n_all_columns + 1);
    struct eval_env env = {.arena = a};
    for (int i = 0; i < t->n_all_columns; i++)
        if (text[i] == NULL)
            row[i] = DATUM_NULL;
        else
            must(datum_parse(&env, t->columns[i].type, slice_cstr(text[i]), &row[i]));
    return row;
}

/* ---- pairs as hex ---- */

struct pairs {
    struct arena *a;
    int n;
    struct slice keys[40], values[40];
};

static struct error *
keep(void *arg, struct slice key, struct slice value)
{
    struct pairs *p = arg;
    assert_true(p->n < 40);
    p->keys[p->n] = slice_dup(p->a, key);
    p->values[p->n++] = slice_dup(p->a, value);
    return NULL;
}

static char *
hex(struct arena *a, struct slice b)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    for (size_t i = 0; i < b.len; i++)
        str_printf(&s, "%02x", b.ptr[i]);
    return arena_strdup(a, str_cstr(&s));
}

static char *
squeeze(struct arena *a, const char *s)
{
    char *out = arena_strdup(a, s), *p = out;
    for (; *s != '\0'; s++)
        if (*s != ' ')
            *p++ = *s;
    *p = '\0';
    return out;
}

/* Decodes the pairs of one row of the index and compares with what the index can know. */
static void
check_decodes(struct arena *a, const struct table *t, const struct index *ix,
              const struct pairs *p, const struct datum *row)
{
    struct row_decoder_opts o = {.table = t, .index = ix};
    struct row_decoder *d;
    struct datum *got = ARENA_ARRAY(a, struct datum, (size_t)t->n_all_columns + 1);
    bool *known = ARENA_ARRAY(a, bool, (size_t)t->n_all_columns + 1);

    for (int i = 0; i < t->n_all_columns; i++)
        known[i] = ix->primary_encoding;
    for (int i = 0; i < ix->n_keys && !ix->inverted; i++)
        known[ix->keys[i]] = true;
    for (int i = 0; i < ix->n_extra; i++)
        known[ix->extra[i]] = true;
    for (int i = 0; i < ix->n_stored; i++)
        known[ix->stored[i]] = true;
    must(row_decoder_create(a, &o, &d));
    for (int i = 0; i < p->n; i++) {
        bool starts_new, skip;
        if (i > 0 && !ix->inverted)
            assert_true(row_continues(d, p->keys[i]));
        must(row_decode(d, p->keys[i], p->values[i], a, got, &starts_new, &skip));
        assert_false(skip);
        assert_int_equal(starts_new, i == 0 || ix->inverted);
        assert_true(value_checksum_ok(p->values[i], p->keys[i]));
    }
    for (int i = 0; i < t->n_all_columns && p->n > 0; i++)
        if (known[i] && !datum_equal(t->columns[i].type, &got[i], &row[i]))
            fail_msg("column %s of %s decodes to another value", t->columns[i].name, ix->name);
}

/* golden: "key value" for each pair, NULL ends. A value of fewer bytes is compared from its tag on. */
static void
check_row(struct arena *a, const struct table *t, const struct index *ix, const char *const *text,
          const char *const *golden)
{
    struct datum *row = make_row(a, t, text);
    struct pairs p = {.a = a}, k = {.a = a};
    int n = 0;

    must(row_encode(a, t, ix, row, keep, &p));
    must(row_encode_keys(a, t, ix, row, keep, &k));
    assert_int_equal(p.n, k.n);
    for (; golden[2 * n] != NULL; n++) {
        assert_true(n < p.n);
        assert_string_equal(hex(a, p.keys[n]), squeeze(a, golden[2 * n]));
        char *want = squeeze(a, golden[2 * n + 1]), *got = hex(a, p.values[n]);
        if (strncmp(want, "..", 2) == 0)
            assert_string_equal(got + 8, want + 2);
        else
            assert_string_equal(got, want);
        assert_true(slice_eq(p.keys[n], k.keys[n]));
    }
    assert_int_equal(p.n, n);
    check_decodes(a, t, ix, &p, row);
}

#define ROW(...) ((const char *const[]){__VA_ARGS__})
#define GOLDEN(...) ((const char *const[]){__VA_ARGS__, NULL, NULL})
#define NO_PAIRS ((const char *const[]){NULL, NULL})

/* ---- the examples ---- */

static void
test_plain(void **state)
{
    struct arena *a = arena_create(NULL, "test");
    (void)state;
    const struct spec sp = {.id = 53, .columns = {"k", "v1", "v2"},
                            .types = {&TYPE_INT8, &TYPE_INT8, &TYPE_INT8}, .pk = "k",
                            .indexes = {{.columns = "v2"}}};
    const struct table *t = make_table(a, &sp);
    check_row(a, t, &t->indexes[0], ROW("1", "1", "1"),
              GOLDEN("bd 89 89 88", "88 69 78 a0 0a 23 02 13 02"));
    check_row(a, t, &t->indexes[1], ROW("1", "1", "1"),
              GOLDEN("bd 8a 89 89 88", "f8 26 93 7c 03"));

    const struct spec rowid = {.id = 54, .columns = {"a"}, .types = {&TYPE_INT8},
                               .indexes = {{.columns = "a"}}};
    t = make_table(a, &rowid);
    check_row(a, t, &t->indexes[0], ROW("1", "-9222246136947933184"),
              GOLDEN("be 89 80 80 04 00 00 00 00 00 00 88", "4f 4a 58 93 0a 13 02"));
    check_row(a, t, &t->indexes[1], ROW("1", "-9222246136947933184"),
              GOLDEN("be 8a 89 80 80 04 00 00 00 00 00 00 88", "..03"));
    arena_destroy(a);
}

/* After ALTER PRIMARY KEY: index 2 is primary, the rowid stands in the value. */
static void
test_moved_primary_key(void **state)
{
    struct arena *a = arena_create(NULL, "test");
    const struct table *t;
    (void)state;
    const struct spec sp = {.id = 81, .columns = {"a"}, .types = {&TYPE_INT8}};
    pb_table *pb = make_pb(a, &sp);
    pb_index *ix = build_index(a, "primary", true);
    build_index_column(a, ix, "a", false);
    PB_PUSH(a, ix->column_ids, ix->n_column_ids, 1);
    PB_SET(ix, id, 2);
    PB_SET(ix, encoding_type, 1);
    pb->primary_index = ix;
    must(table_from_pb(a, pb, &t));
    check_row(a, t, &t->indexes[0], ROW("1", "-9222246136947933184"),
              GOLDEN("d9 8a 89 88", "..0a 23 ff ff ff ff ff ff ff fb ff 01"));
    arena_destroy(a);
}

static const struct type *
collated(struct arena *a, const char *locale)
{
    return type_collated(a, &TYPE_STRING, locale);
}

static void
test_single_column_families(void **state)
{
    struct arena *a = arena_create(NULL, "test");
    (void)state;
    const struct spec sp = {
        .id = 54,
        .columns = {"id", "b", "i", "f", "d", "s", "y", "da", "ti", "tz", "ts", "iv", "u", "n",
                    "bi", "j", "o", "c", "ar"},
        .types = {&TYPE_INT8, &TYPE_BOOL, &TYPE_INT8, &TYPE_FLOAT8, &TYPE_DECIMAL, &TYPE_STRING,
                  &TYPE_BYTES, &TYPE_DATE, &TYPE_TIME, &TYPE_TIMETZ, &TYPE_TIMESTAMP,
                  &TYPE_INTERVAL, &TYPE_UUID, &TYPE_INET, &TYPE_VARBIT, &TYPE_JSONB, &TYPE_OID,
                  collated(a, "de"), &TYPE_INT8_ARRAY},
        .pk = "id",
        .families = {"id", "b", "i", "f", "d", "s", "y", "da", "ti", "tz", "ts", "iv", "u", "n",
                     "bi", "j", "o", "c", "ar"},
    };
    const struct table *t = make_table(a, &sp);
    check_row(
        a, t, &t->indexes[0],
        ROW("1", "true", "-5", "1.5", "10.00", "str", "\\x0001", "2020-04-28", "12:34:56.789",
            "12:34:56.789+02:00", "1969-12-31 23:59:59.5", "1 mon 2 days 3.5 s",
            "12345678-1234-0078-1234-567812345678", "192.168.0.1/24", "1011",
            "{\"k\": [true]}", "26", "ä", "{1,NULL}"),
        GOLDEN("be 89 89 88", "04 ef 63 8b 0a",
               "be 89 89 89 89", "..01 02",
               "be 89 89 8a 89", "..01 09",
               "be 89 89 8b 89", "..02 3f f8 00 00 00 00 00 00",
               "be 89 89 8c 89", "..05 34 8a 03 e8",
               "be 89 89 8d 89", "..03 73 74 72",
               "be 89 89 8e 89", "..03 00 01",
               "be 89 89 8f 89", "..01 98 9f 02",
               "be 89 89 90 89", "..01 90 98 b1 be d1 02",
               "be 89 89 91 89", "..0c 3c fa 08 de be de 08 86 e3 e0",
               "be 89 89 92 89", "..04 14 87 ff f9 1d cd 65 00",
               "be 89 89 93 89", "..06 16 fc 09 d2 92 fa 7d c3 00 89 8a",
               "be 89 89 94 89", "..03 12 34 56 78 12 34 00 78 12 34 56 78 12 34 56 78",
               "be 89 89 95 89", "..03 00 18 c0 a8 00 01",
               "be 89 89 96 89", "..0b 04 b0 00 00 00 00 00 00 00",
               "be 89 89 97 89",
               "..03 40 00 00 01 90 00 00 01 d0 00 00 09 6b 80 00 00 01 c0 00 00 00",
               "be 89 89 98 89", "..01 34",
               "be 89 89 99 89", "..03 c3 a4",
               "be 89 89 9a 89", "..03 11 03 02 02 02"));
    check_row(a, t, &t->indexes[0],
              ROW("1", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                  NULL, NULL, NULL, NULL, NULL, NULL),
              GOLDEN("be 89 89 88", "04 ef 63 8b 0a"));
    arena_destroy(a);
}

static void
test_secondary_with_families(void **state)
{
    struct arena *a = arena_create(NULL, "test");
    (void)state;
    const struct spec sp = {
        .id = 56,
        .columns = {"a", "b", "c", "d", "e", "f"},
        .types = {&TYPE_INT8, &TYPE_INT8, &TYPE_INT8, &TYPE_INT8, &TYPE_DECIMAL, &TYPE_INT8},
        .pk = "a,b",
        .indexes = {{.columns = "d,e", .store = "c,f", .unique = true},
                    {.columns = "e", .store = "f"},
                    {.columns = "f", .unique = true}},
        .families = {"a,b,c", "d,e", "f"},
    };
    const struct table *t = make_table(a, &sp);
    const char *const *r1 = ROW("1", "2", "3", "4", "5.0", "6");
    const char *const *r2 = ROW("2", "2", NULL, NULL, "5", NULL);
    const char *const *r3 = ROW("3", "2", "1", NULL, NULL, NULL);
    check_row(a, t, &t->indexes[0], r1,
              GOLDEN("c0 89 89 8a 88", "f8 91 01 5b 0a 33 06",
                     "c0 89 89 8a 89 89", "3f 79 9b 0d 0a 43 08 15 03 34 89 32",
                     "c0 89 89 8a 8a 89", "bc 4e d1 66 01 0c"));
    check_row(a, t, &t->indexes[0], r2,
              GOLDEN("c0 89 8a 8a 88", "61 15 5e a0 0a",
                     "c0 89 8a 8a 89 89", "8e ef 61 5e 0a 55 03 34 89 05"));
    check_row(a, t, &t->indexes[1], r1,
              GOLDEN("c0 8a 8c 2a 0a 00 88",
                     "d3 bf b9 1a 03 89 8a 33 06 25 03 34 89 32",
                     "c0 8a 8c 2a 0a 00 8a 89", "56 58 76 c4 0a 63 0c"));
    check_row(a, t, &t->indexes[1], r2,
              GOLDEN("c0 8a 00 2a 0a 00 8a 8a 88", "9a f7 c2 6e 03 8a 8a"));
    check_row(a, t, &t->indexes[1], r3,
              GOLDEN("c0 8a 00 00 8b 8a 88", "e5 d4 18 41 03 8b 8a 33 02"));
    check_row(a, t, &t->indexes[2], r1,
              GOLDEN("c0 8b 2a 0a 00 89 8a 88", "92 a9 b9 db 03 55 03 34 89 32",
                     "c0 8b 2a 0a 00 89 8a 8a 89", "31 b3 8d a7 0a 63 0c"));
    check_row(a, t, &t->indexes[2], r2,
              GOLDEN("c0 8b 2a 0a 00 8a 8a 88", "9e dc 40 2e 03"));
    check_row(a, t, &t->indexes[3], r1, GOLDEN("c0 8c 8e 88", "fb 52 f3 14 03 89 8a"));
    arena_destroy(a);
}

static void
test_composite_primary_key(void **state)
{
    struct arena *a = arena_create(NULL, "test");
    (void)state;
    const struct spec sp = {.id = 59, .columns = {"e", "f", "x"},
                            .types = {&TYPE_DECIMAL, &TYPE_FLOAT8, &TYPE_INT8}, .pk = "e",
                            .families = {"x", "e,f"}};
    const struct table *t = make_table(a, &sp);
    check_row(a, t, &t->indexes[0], ROW("1.00", "-0", "1"),
              GOLDEN("c3 89 2a 02 00 88", "32 2d 6d 15 0a 33 02",
                     "c3 89 2a 02 00 89 89",
                     "a6 c4 44 2d 0a 15 03 34 89 64 14 80 00 00 00 00 00 00 00"));
    check_row(a, t, &t->indexes[0], ROW("2", "1", NULL),
              GOLDEN("c3 89 2a 04 00 88", "4e ba 44 d7 0a",
                     "c3 89 2a 04 00 89 89", "0b 31 4d 99 0a 24 3f f0 00 00 00 00 00 00"));

    /* The scale survives: it comes from the value. */
    struct datum *row = make_row(a, t, ROW("1.00", "-0", "1")), got[3];
    struct pairs p = {.a = a};
    struct row_decoder_opts o = {.table = t, .index = &t->indexes[0]};
    struct row_decoder *d;
    struct str s;
    bool starts_new, skip;
    must(row_encode(a, t, &t->indexes[0], row, keep, &p));
    must(row_decoder_create(a, &o, &d));
    for (int i = 0; i < p.n; i++)
        must(row_decode(d, p.keys[i], p.values[i], a, got, &starts_new, &skip));
    str_init_arena(&s, a, 100);
    struct eval_env env = {.arena = a};
    datum_format(&s, &TYPE_DECIMAL, &got[0], TEXT_WIRE, &env);
    assert_string_equal(str_cstr(&s), "1.00");
    arena_destroy(a);
}

static void
set_ancestors(struct arena *a, pb_index *ix, size_t n, const uint32_t (*v)[3])
{
    ix->interleave = PB_NEW(a, InterleaveDescriptor, interleave_descriptor);
    for (size_t i = 0; i < n; i++) {
        Amberdb__Ancestor *an = PB_NEW(a, Ancestor, ancestor);
        PB_SET(an, table_id, v[i][0]);
        PB_SET(an, index_id, v[i][1]);
        PB_SET(an, shared_prefix_len, v[i][2]);
        PB_PUSH(a, ix->interleave->ancestors, ix->interleave->n_ancestors, an);
    }
}

static void
set_child(struct arena *a, pb_index *ix, uint32_t table, uint32_t index)
{
    Amberdb__ForeignKeyReference *r = PB_NEW(a, ForeignKeyReference, foreign_key_reference);
    PB_SET(r, table, table);
    PB_SET(r, index, index);
    PB_PUSH(a, ix->interleaved_by, ix->n_interleaved_by, r);
}

static void
test_interleaved(void **state)
{
    struct arena *a = arena_create(NULL, "test");
    const struct table *t0, *t1, *t2;
    (void)state;
    const struct spec s0 = {.id = 63, .columns = {"a", "b"}, .types = {&TYPE_INT8, &TYPE_STRING},
                            .pk = "a"};
    const struct spec s1 = {.id = 64, .columns = {"a", "c", "d"},
                            .types = {&TYPE_INT8, &TYPE_INT8, &TYPE_INT8}, .pk = "a,c",
                            .indexes = {{.columns = "a,d"}}};
    const struct spec s2 = {.id = 65, .columns = {"a", "c", "e"},
                            .types = {&TYPE_INT8, &TYPE_INT8, &TYPE_INT8}, .pk = "a,c,e"};
    pb_table *p0 = make_pb(a, &s0), *p1 = make_pb(a, &s1), *p2 = make_pb(a, &s2);
    set_child(a, p0->primary_index, 64, 1);
    set_child(a, p0->primary_index, 64, 2);
    set_ancestors(a, p1->primary_index, 1, (const uint32_t[][3]){{63, 1, 1}});
    set_ancestors(a, p1->indexes[0], 1, (const uint32_t[][3]){{63, 1, 1}});
    set_child(a, p1->primary_index, 65, 1);
    set_ancestors(a, p2->primary_index, 2, (const uint32_t[][3]){{63, 1, 1}, {64, 1, 1}});
    must(table_from_pb(a, p0, &t0));
    must(table_from_pb(a, p1, &t1));
    must(table_from_pb(a, p2, &t2));
    check_row(a, t0, &t0->indexes[0], ROW("1", "r"),
              GOLDEN("c7 89 89 88", "44 8b 7b 42 0a 26 01 72"));
    check_row(a, t1, &t1->indexes[0], ROW("1", "5", "50"),
              GOLDEN("c7 89 89 fe c8 89 8d 88", "cd e7 21 14 0a 33 64"));
    check_row(a, t2, &t2->indexes[0], ROW("1", "5", "9"),
              GOLDEN("c7 89 89 fe c8 89 8d fe c9 89 91 88", "82 9f 80 5c 0a"));
    check_row(a, t1, &t1->indexes[1], ROW("1", "5", "50"),
              GOLDEN("c7 89 89 fe c8 8a ba 8d 88", "3c b6 45 f1 03"));

    /* Each decoder passes over the others' pairs. */
    struct pairs p = {.a = a};
    must(row_encode(a, t0, &t0->indexes[0], make_row(a, t0, ROW("1", "r")), keep, &p));
    must(row_encode(a, t1, &t1->indexes[0], make_row(a, t1, ROW("1", "5", "50")), keep, &p));
    must(row_encode(a, t2, &t2->indexes[0], make_row(a, t2, ROW("1", "5", "9")), keep, &p));
    must(row_encode(a, t1, &t1->indexes[1], make_row(a, t1, ROW("1", "5", "50")), keep, &p));
    const struct table *ts[] = {t0, t1, t2, t1};
    for (int i = 0; i < 4; i++) {
        struct row_decoder_opts o = {.table = ts[i], .index = &ts[i]->indexes[i == 3]};
        struct row_decoder *d;
        struct datum row[4];
        must(row_decoder_create(a, &o, &d));
        assert_false(row_decoder_single_pair(d));
        for (int j = 0; j < p.n; j++) {
            bool starts_new, skip;
            must(row_decode(d, p.keys[j], p.values[j], a, row, &starts_new, &skip));
            assert_int_equal(skip, i != j);
            assert_int_equal(starts_new, i == j);
            if (j > i)
                assert_true(row_continues(d, p.keys[j]));
        }
    }

    /* Prefixes and spans. */
    struct str s;
    struct datum v[2] = {datum_int(1), datum_int(5)};
    str_init_arena(&s, a, 100);
    must(row_key_prefix(&s, t1, &t1->indexes[0], v, 0));
    assert_string_equal(hex(a, str_slice(&s)), "c789");
    str_clear(&s);
    must(row_key_prefix(&s, t1, &t1->indexes[0], v, 1));
    assert_string_equal(hex(a, str_slice(&s)), "c78989fec889");
    str_clear(&s);
    must(row_key_prefix(&s, t1, &t1->indexes[0], v, 2));
    assert_string_equal(hex(a, str_slice(&s)), "c78989fec8898d");
    struct span sp = row_index_span(a, t2, &t2->indexes[0]);
    assert_string_equal(hex(a, sp.start), "c789");
    assert_string_equal(hex(a, sp.end), "c78a");
    arena_destroy(a);
}

static void
test_inverted(void **state)
{
    struct arena *a = arena_create(NULL, "test");
    (void)state;
    const struct spec sp = {.id = 57, .columns = {"k", "j"}, .types = {&TYPE_INT8, &TYPE_JSONB},
                            .pk = "k", .indexes = {{.columns = "j", .inverted = true}}};
    const struct table *t = make_table(a, &sp);
    check_row(a, t, &t->indexes[1],
              ROW("1", "{\"a\":{\"b\":1.50,\"c\":[]},\"d\":[1,2,1,{\"e\":null}],\"f\":true,"
                       "\"g\":{}}"),
              GOLDEN("c1 8a 37 61 00 02 62 00 01 2a 03 64 00 89 88", "..03",
                     "c1 8a 37 61 00 02 63 00 01 38 89 88", "..03",
                     "c1 8a 37 64 00 02 00 03 00 01 2a 02 00 89 88", "..03",
                     "c1 8a 37 64 00 02 00 03 00 01 2a 04 00 89 88", "..03",
                     "c1 8a 37 64 00 02 00 03 65 00 01 00 89 88", "..03",
                     "c1 8a 37 66 00 01 0a 89 88", "..03",
                     "c1 8a 37 67 00 01 39 89 88", "..03"));
    check_row(a, t, &t->indexes[1], ROW("1", NULL), NO_PAIRS);
    arena_destroy(a);
}

static void
test_hash_sharded(void **state)
{
    struct arena *a = arena_create(NULL, "test");
    (void)state;
    const struct spec sp = {
        .id = 58,
        .columns = {"crdb_internal_id_shard_8", "id", "x", "c", "crdb_internal_x_shard_4"},
        .types = {&TYPE_INT4, &TYPE_INT8, &TYPE_INT8, &TYPE_INT8, &TYPE_INT4},
        .pk = "crdb_internal_id_shard_8,id"};
    pb_table *pb = make_pb(a, &sp);
    const struct table *t;
    /* In the example the columns have other ids: id 1, shard 2, x 3, c 4, shard of x 5. */
    pb_column *shard = pb->columns[0];
    pb->columns[0] = pb->columns[1];
    pb->columns[1] = shard;
    PB_SET(pb->columns[0], id, 1);
    PB_SET(shard, id, 2);
    pb->primary_index->column_ids[0] = 2;
    pb->primary_index->column_ids[1] = 1;
    must(table_from_pb(a, pb, &t));
    check_row(a, t, &t->indexes[0], ROW("1", "6", "10", "20", "2"),
              GOLDEN("c2 89 8e 89 88", "d8 8c eb 9e 0a 33 14 13 28 13 04"));
    arena_destroy(a);
}

/* Table 51 of CockroachDB's own description of the format. */
static void
test_documented(void **state)
{
    struct arena *a = arena_create(NULL, "test");
    const struct table *t;
    (void)state;
    const struct spec sp = {.id = 51, .columns = {"id", "owner", "balance"},
                            .types = {&TYPE_INT8, &TYPE_STRING, &TYPE_DECIMAL}, .pk = "id",
                            .indexes = {{.columns = "owner", .store = "balance", .unique = true}},
                            .families = {"id,balance", "owner"}};
    pb_table *pb = make_pb(a, &sp);
    PB_SET(pb->indexes[0], version, 0);
    must(table_from_pb(a, pb, &t));
    check_row(a, t, &t->indexes[0], ROW("1", "Alice", "10000.50"),
              GOLDEN("bb 89 89 88", "b2 44 bd 87 0a 35 05 34 8d 0f 42 72",
                     "bb 89 89 89 89", "30 c8 fb d4 03 41 6c 69 63 65"));
    check_row(a, t, &t->indexes[1], ROW("1", "Alice", "10000.50"),
              GOLDEN("bb 8a 12 41 6c 69 63 65 00 01 88",
                     "24 09 0b ce 03 89 35 05 34 8d 0f 42 72"));
    check_row(a, t, &t->indexes[1], ROW("4", NULL, "9400.10"),
              GOLDEN("bb 8a 00 8c 88", "7f 20 09 cc 03 8c 35 05 34 8c 0e 57 ea"));

    /* 1.0's STORING: the stored column is an extra one, encoded as in a key. */
    pb_index *ix = pb->indexes[0];
    ix->n_store_column_ids = 0;
    PB_PUSH(a, ix->extra_column_ids, ix->n_extra_column_ids, 3);
    must(table_from_pb(a, pb, &t));
    check_row(a, t, &t->indexes[1], ROW("1", "Alice", "10000.50"),
              GOLDEN("bb 8a 12 41 6c 69 63 65 00 01 88",
                     "28 5a c6 f3 03 89 2c 03 01 01 64 00"));
    arena_destroy(a);
}

static void
test_sequences(void **state)
{
    static const struct {
        uint32_t id;
        int64_t stored;
        const char *key, *value;
    } v[] = {
        {60, 13, "c4898888", "a4ff3335011a"},
        {61, 7, "c5898888", "757934ed010e"},
        {62, 6, "c6898888", "1de3276f010c"},
    };
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct arena *a = arena_create(NULL, "test");
        struct str k, val;
        int64_t stored;
        str_init_arena(&k, a, 100);
        str_init_arena(&val, a, 100);
        row_sequence_key(&k, v[i].id);
        row_sequence_value(&val, str_slice(&k), v[i].stored);
        assert_string_equal(hex(a, str_slice(&k)), v[i].key);
        assert_string_equal(hex(a, str_slice(&val)), v[i].value);
        must(row_sequence_decode(str_slice(&val), &stored));
        assert_int_equal(stored, v[i].stored);
        arena_destroy(a);
    }
}

/* ---- reading ---- */

static struct slice
unhex(struct arena *a, const char *s)
{
    char *h = squeeze(a, s);
    size_t n = strlen(h) / 2;
    uint8_t *p = arena_alloc(a, n);
    for (size_t i = 0; i < n; i++) {
        unsigned b;
        sscanf(h + 2 * i, "%2x", &b);
        p[i] = (uint8_t)b;
    }
    return slice_make(p, n);
}

/* Unknown columns are passed over; a family that once had one column is still read untagged; only
 * needed columns are touched. */
static void
test_reading(void **state)
{
    struct arena *a = arena_create(NULL, "test");
    const struct table *t;
    struct row_decoder *d;
    struct datum row[4];
    bool starts_new, skip, needed[4] = {false, true, false, false};
    (void)state;
    const struct spec sp = {.id = 53, .columns = {"k", "a", "b"},
                            .types = {&TYPE_INT8, &TYPE_INT8, &TYPE_STRING}, .pk = "k",
                            .families = {"k", "a,b"}};
    pb_table *pb = make_pb(a, &sp);
    PB_SET(pb->families[1], default_column_id, 2); /* b came later */
    must(table_from_pb(a, pb, &t));
    struct row_decoder_opts o = {.table = t, .index = &t->indexes[0]};
    must(row_decoder_create(a, &o, &d));
    must(row_decode(d, unhex(a, "bd898988"), unhex(a, "000000000a"), a, row, &starts_new, &skip));
    assert_true(starts_new);
    must(row_decode(d, unhex(a, "bd89898989"), unhex(a, "00000000010a"), a, row, &starts_new,
                    &skip));
    assert_false(starts_new);
    assert_int_equal(row[1].i, 5);
    assert_true(row[2].null);
    /* An unknown family, then column ids 9 (int) and 30 (bytes) between and behind. */
    must(row_decode(d, unhex(a, "bd89898e89"), unhex(a, "000000000112"), a, row, &starts_new,
                    &skip));
    must(row_decode(d, unhex(a, "bd898a88"),
                    unhex(a, "00000000 0a 23 0a 16 01 78 63 0e 81 56 02 79 79"), a, row,
                    &starts_new, &skip));
    assert_true(starts_new);
    assert_int_equal(row[0].i, 2);
    assert_int_equal(row[1].i, 5);
    assert_int_equal(row[2].len, 1);
    /* Nothing but what is needed. */
    o.needed = needed;
    must(row_decoder_create(a, &o, &d));
    row[0] = datum_int(-7);
    row[2] = datum_int(-7);
    must(row_decode(d, unhex(a, "bd898a88"), unhex(a, "00000000 0a 23 0a 16 01 78"), a, row,
                    &starts_new, &skip));
    assert_int_equal(row[0].i, -7);
    assert_int_equal(row[1].i, 5);
    assert_int_equal(row[2].i, -7);
    arena_destroy(a);
}

/* Any bytes: an error or a value, never a crash; and every error is XX001. */
static void
test_hostile(void **state)
{
    struct arena *a = arena_create(NULL, "test");
    (void)state;
    const struct spec sp = {
        .id = 56,
        .columns = {"a", "b", "c", "d", "e", "f"},
        .types = {&TYPE_STRING, &TYPE_INT8, &TYPE_JSONB, &TYPE_INT8_ARRAY, &TYPE_DECIMAL,
                  &TYPE_INET},
        .pk = "a,b-",
        .indexes = {{.columns = "e", .store = "c,f", .unique = true},
                    {.columns = "c", .inverted = true}},
        .families = {"a,b,c", "d,e", "f"},
    };
    const struct table *t = make_table(a, &sp);
    struct datum *row = make_row(a, t, ROW("x", "7", "{\"a\":[1]}", "{1,NULL}", "1.50", "::1"));
    for (int i = 0; i < t->n_indexes; i++) {
        struct pairs p = {.a = a};
        struct row_decoder_opts o = {.table = t, .index = &t->indexes[i]};
        struct row_decoder *d;
        struct datum got[6];
        must(row_encode(a, t, &t->indexes[i], row, keep, &p));
        must(row_decoder_create(a, &o, &d));
        for (int j = 0; j < p.n; j++) {
            size_t total = p.keys[j].len + p.values[j].len;
            for (size_t at = 0; at < total; at++) {
                for (int bit = 0; bit < 9; bit++) { /* 8: cut here */
                    struct arena *s = arena_create(a, "mutant");
                    struct slice k = slice_dup(s, p.keys[j]), v = slice_dup(s, p.values[j]);
                    bool in_key = at < k.len, starts_new, skip;
                    size_t off = in_key ? at : at - k.len;
                    uint8_t *bytes = arena_memdup(s, in_key ? k.ptr : v.ptr, in_key ? k.len : v.len);
                    struct slice m = slice_make(bytes, bit == 8 ? off : in_key ? k.len : v.len);
                    if (bit < 8)
                        bytes[off] ^= (uint8_t)(1 << bit);
                    row_decoder_reset(d);
                    struct error *e = row_decode(d, in_key ? m : k, in_key ? v : m, s, got,
                                                 &starts_new, &skip);
                    if (e != NULL && e->code != ERR_DATA_CORRUPTED)
                        fail_msg("%s", e->message);
                    err_free(e);
                    (void)row_continues(d, m);
                    arena_destroy(s);
                }
            }
        }
    }
    arena_destroy(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_moved_primary_key),
        cmocka_unit_test(test_single_column_families),
        cmocka_unit_test(test_secondary_with_families),
        cmocka_unit_test(test_composite_primary_key),
        cmocka_unit_test(test_interleaved),
        cmocka_unit_test(test_inverted),
        cmocka_unit_test(test_hash_sharded),
        cmocka_unit_test(test_documented),
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests_name("row", tests, NULL, NULL);
}
