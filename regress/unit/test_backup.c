/* Manifests, coverage, targets, rewriting of keys: what BACKUP and RESTORE think with. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "executor/backup/restore_int.h"
#include "grammar/parse.h"
#include "types/keyenc.h"
#include "types/valueenc.h"

#define OK(expr)                                                                     \
    do {                                                                             \
        struct error *ok_e_ = (expr);                                                \
        if (ok_e_ != NULL)                                                           \
            fail_msg("%s: %s", #expr, ok_e_->message);                               \
    } while (0)

static void
fails(struct error *e, const char *part)
{
    assert_non_null(e);
    if (strstr(e->message, part) == NULL)
        fail_msg("\"%s\" does not hold \"%s\"", e->message, part);
    err_free(e);
}

static struct arena *
arena_setup(void)
{
    return arena_create(NULL, "test");
}

/* ---- manifests ---- */

static void
real_manifests_pack_to_the_same_bytes(void **state)
{
    static const char *const names[] = {"b_revision_full", "b_revision_inc1",
                                        "b_revision_collection", "c_locality_full_default",
                                        "c_locality_inc_default", "c_locality_app_default"};
    const char *src = getenv("AMBERDB_SRCDIR");
    (void)state;
    if (src == NULL)
        skip();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct arena *a = arena_setup();
        struct slice bytes;
        pb_manifest *m;
        OK(file_read(a, arena_printf(a, "%s/regress/fuzz/seeds/manifest/%s", src, names[i]),
                     (size_t)16 << 20, &bytes));
        OK(manifest_parse(a, names[i], bytes, &m));
        struct slice packed = pb_pack(a, PB_BASE(m));
        assert_int_equal(packed.len, bytes.len);
        assert_memory_equal(packed.ptr, bytes.ptr, bytes.len);
        arena_destroy(a);
    }
}

static pb_span *
span(struct arena *a, const char *from, const char *to)
{
    pb_span *s = PB_NEW(a, Span, span);
    pb_set_bytes(a, &s->key, &s->has_key, slice_cstr(from));
    pb_set_bytes(a, &s->end_key, &s->has_end_key, slice_cstr(to));
    return s;
}

static pb_manifest *
manifest(struct arena *a, int64_t start, int64_t end)
{
    pb_manifest *m = PB_NEW(a, BackupManifest, backup_manifest);
    if (start > 0)
        m->start_time = pb_timestamp(a, (struct hlc){start, 0});
    m->end_time = pb_timestamp(a, (struct hlc){end, 0});
    PB_SET(m, format_version, 1);
    m->build_info = PB_NEW(a, Info, info);
    m->build_info->distribution = arena_strdup(a, "amberdb");
    PB_PUSH(a, m->spans, m->n_spans, span(a, "a", "m"));
    return m;
}

static void
every_flipped_bit_of_ours_is_found(void **state)
{
    struct arena *a = arena_setup();
    pb_manifest *m;
    (void)state;
    struct slice good = manifest_pack(a, manifest(a, 0, 10));
    OK(manifest_parse(a, "BACKUP", good, &m));
    uint8_t *bytes = arena_memdup(a, good.ptr, good.len);
    for (size_t i = 0; i < good.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1 << bit);
            struct error *e = manifest_parse(a, "BACKUP", slice_make(bytes, good.len), &m);
            if (e == NULL)
                fail_msg("byte %zu, bit %d", i, bit);
            err_free(e);
            bytes[i] ^= (uint8_t)(1 << bit);
        }
    for (size_t len = 0; len < good.len; len++) {
        struct error *e = manifest_parse(a, "BACKUP", slice_make(bytes, len), &m);
        assert_non_null(e);
        err_free(e);
    }
    arena_destroy(a);
}

static void
odd_manifests_are_refused(void **state)
{
    struct arena *a = arena_setup();
    pb_manifest *m, *out;
    (void)state;
    m = manifest(a, 0, 10);
    PB_SET(m, format_version, 2);
    fails(manifest_parse(a, "BACKUP", manifest_pack(a, m), &out), "later version");
    m = manifest(a, 20, 10);
    fails(manifest_parse(a, "BACKUP", manifest_pack(a, m), &out), "ends before");
    m = manifest(a, 0, 10);
    m->spans[0] = span(a, "m", "a");
    fails(manifest_parse(a, "BACKUP", manifest_pack(a, m), &out), "span");
    m = manifest(a, 0, 10);
    PB_PUSH(a, m->descriptors, m->n_descriptors, PB_NEW(a, Descriptor, descriptor));
    fails(manifest_parse(a, "BACKUP", manifest_pack(a, m), &out), "neither a table");
    fails(manifest_parse(a, "BACKUP", SLICE_LIT("encrypt\001..."), &out), "encryption_passphrase");
    fails(manifest_parse(a, "BACKUP", SLICE_LIT(""), &out), "not a backup manifest");
    arena_destroy(a);
}

/* ---- coverage ---- */

struct seen {
    struct str text;
};

static struct error *
see(void *arg, const struct cover_interval *iv)
{
    struct seen *s = arg;
    str_printf(&s->text, "%.*s-%.*s:", (int)iv->span.start.len, (const char *)iv->span.start.ptr,
               (int)iv->span.end.len, (const char *)iv->span.end.ptr);
    for (size_t i = 0; i < iv->n_files; i++)
        str_printf(&s->text, "%u%s", iv->files[i].layer_index, iv->files[i].file->path);
    str_append_char(&s->text, ' ');
    return NULL;
}

static struct error *
missing(void *arg, struct span sp)
{
    struct seen *s = arg;
    str_printf(&s->text, "new %.*s-%.*s ", (int)sp.start.len, (const char *)sp.start.ptr,
               (int)sp.end.len, (const char *)sp.end.ptr);
    return NULL;
}

static void
add_file(struct arena *a, pb_manifest *m, const char *path, const char *from, const char *to)
{
    pb_file *f = PB_NEW(a, File, file);
    f->span = span(a, from, to);
    f->path = arena_strdup(a, path);
    PB_PUSH(a, m->files, m->n_files, f);
}

static struct backup_layer
layer(pb_manifest *m)
{
    return (struct backup_layer){.m = m, .start = pb_hlc(m->start_time),
                                 .end = pb_hlc(m->end_time)};
}

static void
layers_cover(void **state)
{
    struct arena *a = arena_setup();
    pb_manifest *full = manifest(a, 0, 10), *inc = manifest(a, 10, 20);
    struct backup_layer v[2];
    struct span_list wanted = {0};
    struct seen s;
    (void)state;
    str_init_arena(&s.text, a, 4096);
    add_file(a, full, "x", "a", "f");
    add_file(a, full, "y", "f", "m");
    add_file(a, inc, "z", "d", "g");
    v[0] = layer(full);
    v[1] = layer(inc);
    span_list_add(a, &wanted, (struct span){SLICE_LIT("b"), SLICE_LIT("k")});
    struct coverage c = {.layers = v, .n_layers = 2, .wanted = &wanted, .end = {20, 0},
                         .each = see, .arg = &s};
    OK(coverage_check(a, &c));
    assert_string_equal(str_cstr(&s.text), "b-d:0x d-f:0x1z f-g:0y1z g-k:0y ");

    /* a hole in time, the wrong order, not enough */
    inc->start_time->wall_time = 15;
    v[1] = layer(inc);
    fails(coverage_check(a, &c), "no backup covers time [0.000000010,0,0.000000015,0)");
    v[1] = v[0];
    fails(coverage_check(a, &c), "mismatched start time");
    c.n_layers = 1;
    fails(coverage_check(a, &c), "(or backups out of order)");

    /* something new, and introduced later */
    span_list_add(a, &wanted, (struct span){SLICE_LIT("p"), SLICE_LIT("q")});
    c.end.wall = 10;
    c.each = NULL;
    c.missing = missing;
    str_clear(&s.text);
    OK(coverage_check(a, &c));
    assert_string_equal(str_cstr(&s.text), "new p-q ");
    inc = manifest(a, 10, 20);
    PB_PUSH(a, inc->spans, inc->n_spans, span(a, "p", "q"));
    PB_PUSH(a, inc->introduced_spans, inc->n_introduced_spans, span(a, "p", "q"));
    v[1] = layer(inc);
    c.n_layers = 2;
    c.end.wall = 20;
    c.missing = NULL;
    OK(coverage_check(a, &c));
    arena_destroy(a);
}

/* ---- targets ---- */

static pb_descriptor *
database(struct arena *a, uint32_t id, const char *name)
{
    pb_database *d = PB_NEW(a, DatabaseDescriptor, database_descriptor);
    PB_SET(d, id, id);
    d->name = arena_strdup(a, name);
    return pb_descriptor_of_database(a, d);
}

static pb_descriptor *
table(struct arena *a, uint32_t id, uint32_t parent, const char *name, int state)
{
    pb_table *t = PB_NEW(a, TableDescriptor, table_descriptor);
    PB_SET(t, id, id);
    PB_SET(t, parent_id, parent);
    PB_SET(t, state, (Amberdb__State)state);
    t->name = arena_strdup(a, name);
    t->primary_index = PB_NEW(a, IndexDescriptor, index_descriptor);
    PB_SET(t->primary_index, id, 1);
    return pb_descriptor_of_table(a, t);
}

static struct error *
resolve(struct arena *a, const struct desc_list *all, const char *what, struct resolved *r)
{
    struct ast_stmt *s;
    char *sql = arena_printf(a, "BACKUP %s TO 'x'", what);
    OK(parse_one(a, slice_cstr(sql), &s));
    return targets_resolve(a, all, &s->backup->targets, "d", r);
}

static void
targets_are_found(void **state)
{
    struct arena *a = arena_setup();
    struct desc_list all = {0};
    struct resolved r;
    (void)state;
    desc_list_add(a, &all, database(a, 52, "d"));
    desc_list_add(a, &all, database(a, 53, "e"));
    desc_list_add(a, &all, table(a, 60, 52, "t", 0));
    desc_list_add(a, &all, table(a, 61, 52, "off", 3));
    desc_list_add(a, &all, table(a, 62, 53, "u", 0));
    OK(resolve(a, &all, "t, e.u, e.public.u", &r));
    assert_int_equal(r.tables.n, 2);
    assert_int_equal(r.databases.n, 2);
    assert_int_equal(r.complete_dbs.n, 0);
    OK(resolve(a, &all, "*", &r));
    assert_int_equal(r.tables.n, 1);
    assert_int_equal(r.complete_dbs.n, 1);
    OK(resolve(a, &all, "DATABASE e, d, e", &r));
    assert_int_equal(r.tables.n, 2);
    assert_int_equal(r.requested_dbs.n, 2);
    fails(resolve(a, &all, "DATABASE x", &r), "unknown database \"x\"");
    fails(resolve(a, &all, "nope", &r), "table \"nope\" does not exist");
    fails(resolve(a, &all, "e.nope", &r), "table \"e.nope\" does not exist");
    fails(resolve(a, &all, "d.off", &r), "table \"d.public.off\" does not exist");
    fails(resolve(a, &all, "off", &r), "table \"off\" does not exist");
    fails(resolve(a, &all, "x.*", &r), "\"x.*\" does not match any valid database or schema");
    arena_destroy(a);
}

/* ---- keys ---- */

static void
interleave(struct arena *a, pb_table *parent, pb_table *child)
{
    pb_index *p = parent->primary_index, *c = child->primary_index;
    Amberdb__ForeignKeyReference *by = PB_NEW(a, ForeignKeyReference, foreign_key_reference);
    PB_SET(by, table, PB_GET(child, id));
    PB_SET(by, index, 1);
    PB_PUSH(a, p->interleaved_by, p->n_interleaved_by, by);
    Amberdb__Ancestor *an = PB_NEW(a, Ancestor, ancestor);
    PB_SET(an, table_id, PB_GET(parent, id));
    PB_SET(an, index_id, 1);
    PB_SET(an, shared_prefix_len, 1);
    c->interleave = PB_NEW(a, InterleaveDescriptor, interleave_descriptor);
    PB_PUSH(a, c->interleave->ancestors, c->interleave->n_ancestors, an);
}

/* A value of that length; with a checksum, or with 0, which is none, or with a wrong one. */
static void
check_value(struct key_rewrite_state *s, struct slice from, struct slice to, size_t len, int kind)
{
    static uint8_t value[5000];
    struct slice key, v;
    bool keep;
    for (size_t i = 0; i < len; i++)
        value[i] = i < 4 ? 0 : (uint8_t)(i * 7);
    if (kind != 0)
        value_seal_bytes(value, len, from);
    if (kind == 2)
        value[2] ^= 4;
    OK(key_rewrite(s, from, slice_make(value, len), &key, &v, &keep));
    assert_int_equal(keep, to.len > 0);
    if (!keep)
        return;
    assert_int_equal(key.len, to.len);
    assert_memory_equal(key.ptr, to.ptr, to.len);
    assert_int_equal(v.len, len);
    assert_memory_equal(v.ptr + 4, value + 4, len - 4);
    assert_true(value_checksum_ok(v, key) || (kind == 2 && s->prefix_known));
    assert_true(v.ptr[0] | v.ptr[1] | v.ptr[2] | v.ptr[3]);
    if (kind == 2 && s->prefix_known && len < 4000) /* damage stays to be found */
        assert_false(value_checksum_ok(v, key));
}

static void
check_key(struct key_rewrite_state *s, struct slice from, struct slice to)
{
    static const size_t lengths[] = {7, VALUE_HEADER, 300, 4096, 5000};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        for (int kind = 0; kind < 3; kind++)
            check_value(s, from, to, lengths[i], kind);
}

static void
keys_get_new_ids(void **state)
{
    struct arena *a = arena_setup();
    pb_table *t[2] = {table(a, 55, 52, "p", 0)->table, table(a, 56, 52, "c", 0)->table};
    struct rewrite v[2] = {{55, 105, 52, false}, {56, 1000, 52, false}};
    struct rewrites r = {v, 2};
    struct key_rewriter *kr;
    struct key_rewrite_state s;
    (void)state;
    PB_PUSH(a, t[0]->primary_index->column_ids, t[0]->primary_index->n_column_ids, 1u);
    PB_PUSH(a, t[1]->primary_index->column_ids, t[1]->primary_index->n_column_ids, 1u);
    OK(key_rewriter_create(a, &r, t, 2, &kr));
    key_rewrite_init(&s, kr, a);
    for (int i = 0; i < 3; i++) { /* the second time by the prefix */
        check_key(&s, SLICE_LIT("\xbf\x89\x89\x88"), SLICE_LIT("\xf1\x89\x89\x88"));
        check_key(&s, SLICE_LIT("\xbf\x89\x8a\x88"), SLICE_LIT("\xf1\x89\x8a\x88"));
    }
    check_key(&s, SLICE_LIT("\xc0\x89\x89\x88"), SLICE_LIT("\xf7\x03\xe8\x89\x89\x88"));
    check_key(&s, SLICE_LIT("\xbf\x8a\x89\x88"), SLICE_NULL); /* another index */
    check_key(&s, SLICE_LIT("\xbd\x89\x89\x88"), SLICE_NULL); /* another table */
    check_key(&s, SLICE_LIT("\xbf\x89\x89\x88"), SLICE_LIT("\xf1\x89\x89\x88"));

    interleave(a, t[0], t[1]);
    OK(key_rewriter_create(a, &r, t, 2, &kr));
    key_rewrite_init(&s, kr, a);
    for (int i = 0; i < 2; i++) {
        check_key(&s, SLICE_LIT("\xbf\x89\x89\x88"), SLICE_LIT("\xf1\x89\x89\x88"));
        check_key(&s, SLICE_LIT("\xbf\x89\x89\xfe\xc0\x89\x88"),
                  SLICE_LIT("\xf1\x89\x89\xfe\xf7\x03\xe8\x89\x88"));
        check_key(&s, SLICE_LIT("\xbf\x89\x89\xfe\xc1\x89\x88"), SLICE_NULL);
    }
    arena_destroy(a);
}

static void
row_prefixes(void **state)
{
    (void)state;
    assert_int_equal(row_prefix_length(SLICE_LIT("\xbd\x89\x89\x88")), 3);
    assert_int_equal(row_prefix_length(SLICE_LIT("\xbd\x89\x89\x89\x89")), 3);
    assert_int_equal(row_prefix_length(SLICE_LIT("\xbd\x89\x12\x00\x01")), 5);
    assert_int_equal(row_prefix_length(SLICE_NULL), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_manifests_pack_to_the_same_bytes),
        cmocka_unit_test(every_flipped_bit_of_ours_is_found),
        cmocka_unit_test(odd_manifests_are_refused),
        cmocka_unit_test(layers_cover),
        cmocka_unit_test(targets_are_found),
        cmocka_unit_test(keys_get_new_ids),
        cmocka_unit_test(row_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
