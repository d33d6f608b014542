/* Descriptors of real backups: parsed and packed again, types both ways, validated, shown. The
 * fixtures lie in $AMBERDB_SHARED/fixtures; without them those tests are skipped. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/enc.h"
#include "catalog/build.h"
#include "catalog/desc.h"
#include "catalog/pb.h"
#include "catalog/show_create.h"

static const char *const manifests[] = {
    "b_revision/full/BACKUP",        "b_revision/inc1/BACKUP",
    "b_revision/inc2/BACKUP",        "b_revision/collection/BACKUP",
    "c_locality/full_default/BACKUP", "c_locality/inc_default/BACKUP",
    "c_locality/app_default/BACKUP", "d_cluster/full/BACKUP",
    "d_cluster/inc/BACKUP",          "e_types/full/BACKUP",
    "e_types/inc/BACKUP",

};

#define N_MANIFESTS (sizeof(manifests) / sizeof(manifests[0]))

static void
must(struct error *e)
{
    if (e != NULL)
        fail_msg("%s:%d: %s", e->file, e->line, e->message);
}

static bool
read_fixture(struct arena *a, const char *name, struct slice *out)
{
    const char *shared = getenv("AMBERDB_SHARED");
    char *path = arena_printf(a, "%s/fixtures/%s", shared != NULL ? shared : "../shared", name);
    FILE *f = fopen(path, "rb");
    struct str s;
    char buf[65536];
    size_t n;
    if (f == NULL)
        return false;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
        str_append(&s, buf, n);
    fclose(f);
    *out = str_slice(&s);
    return true;
}

static Amberdb__BackupManifest *
read_manifest(struct arena *a, const char *name, struct slice *bytes)
{
    Amberdb__BackupManifest *m;
    if (!read_fixture(a, name, bytes))
        return NULL;
    must(PB_PARSE(a, backup_manifest, "manifest", *bytes, &m));
    return m;
}

/* ---- whole manifests ---- */

static void
test_manifests_pack_as_they_were(void **state)
{
    int seen = 0;
    (void)state;
    for (size_t i = 0; i < N_MANIFESTS; i++) {
        struct arena *a = arena_create(NULL, "test");
        struct slice bytes;
        Amberdb__BackupManifest *m = read_manifest(a, manifests[i], &bytes);
        if (m != NULL) {
            struct slice packed = pb_pack(a, PB_BASE(m));
            assert_int_equal(packed.len, bytes.len);
            assert_memory_equal(packed.ptr, bytes.ptr, bytes.len);
            seen++;
        }
        arena_destroy(a);
    }
    if (seen == 0)
        skip();
}

/* Tables of a manifest, revisions included, with a look-up by id in its last state. */
struct world {
    Amberdb__BackupManifest *m;
};

static const pb_descriptor *
world_lookup(void *arg, uint32_t id)
{
    const struct world *w = arg;
    for (size_t i = 0; i < w->m->n_descriptors; i++)
        if (pb_descriptor_id(w->m->descriptors[i]) == id)
            return w->m->descriptors[i];
    return NULL;
}

static void
check_types(struct arena *a, const pb_table *t)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct type *type = type_from_pb(a, t->columns[i]->type);
        assert_non_null(type);
        struct slice was = pb_pack_as_is(a, PB_BASE(t->columns[i]->type));
        struct slice is = pb_pack(a, PB_BASE(type_to_pb(a, type)));
        assert_int_equal(was.len, is.len);
        assert_memory_equal(was.ptr, is.ptr, was.len);
    }
}

static void
check_table(struct arena *a, struct world *w, const pb_table *pb)
{
    const struct table *t;
    pb_table *copy = pb_table_copy(a, pb);
    check_types(a, pb);
    must(table_from_pb(a, pb, &t));
    assert_int_equal(t->n_columns, pb->n_columns);
    must(desc_upgrade_table(a, copy, (struct hlc){1, 0}));
    if (pb->modification_time != NULL && PB_GET(pb->modification_time, wall_time) != 0) {
        struct slice was = pb_pack_as_is(a, PB_BASE(pb)), is = pb_pack(a, PB_BASE(copy));
        assert_int_equal(was.len, is.len); /* v20.1 wrote it: nothing to upgrade */
        assert_memory_equal(was.ptr, is.ptr, was.len);
    }
    must(desc_validate_table(pb, world_lookup, w));
}

static void
test_tables(void **state)
{
    int seen = 0;
    (void)state;
    for (size_t i = 0; i < N_MANIFESTS; i++) {
        struct arena *a = arena_create(NULL, "test");
        struct slice bytes;
        struct world w = {read_manifest(a, manifests[i], &bytes)};
        for (size_t j = 0; w.m != NULL && j < w.m->n_descriptors; j++) {
            const pb_table *t = pb_descriptor_table(w.m->descriptors[j]);
            if (t == NULL)
                continue;
            check_table(a, &w, t);
            seen++;
        }
        arena_destroy(a);
    }
    if (seen == 0)
        skip();
}

/* ---- allocating ids: a table stripped of them and built again is the same ---- */

static void
test_finish_again(void **state)
{
    int seen = 0;
    (void)state;
    for (size_t i = 0; i < N_MANIFESTS; i++) {
        struct arena *a = arena_create(NULL, "test");
        struct slice bytes;
        struct world w = {read_manifest(a, manifests[i], &bytes)};
        for (size_t j = 0; w.m != NULL && j < w.m->n_descriptors; j++) {
            const pb_table *t = pb_descriptor_table(w.m->descriptors[j]);
            if (t == NULL || t->sequence_opts != NULL || PB_GET(t, state) != 0)
                continue;
            pb_table *again = pb_table_copy(a, t);
            must(build_finish_table(a, again));
            struct slice was = pb_pack_as_is(a, PB_BASE(t)), is = pb_pack(a, PB_BASE(again));
            if (was.len != is.len || memcmp(was.ptr, is.ptr, was.len) != 0)
                fail_msg("%s: table %s changes", manifests[i], t->name);
            seen++;
        }
        arena_destroy(a);
    }
    if (seen == 0)
        skip();
}

/* The same from names only, where ids were given in order and nothing was ever dropped. */
static bool
ids_in_order(const pb_table *t)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (PB_GET(t->columns[i], id) != i + 1)
            return false;
    for (size_t i = 0; i < t->n_indexes; i++)
        if (PB_GET(t->indexes[i], id) != i + 2)
            return false;
    for (size_t i = 0; i < t->n_families; i++)
        if (PB_GET(t->families[i], id) != i ||
            (PB_GET(t->families[i], default_column_id) != 0 && PB_GET(t, version) > 1))
            return false; /* a column may have joined the family since */
    return t->n_mutations == 0 && PB_GET(t, next_column_id) == t->n_columns + 1 &&
           PB_GET(t, next_index_id) == t->n_indexes + 2 && PB_GET(t->primary_index, id) == 1 &&
           PB_GET(t, next_family_id) == t->n_families;
}

static void
strip_index(pb_index *ix)
{
    PB_SET(ix, id, 0);
    ix->n_column_ids = ix->n_extra_column_ids = ix->n_store_column_ids = 0;
    ix->n_composite_column_ids = 0;
}

static void
strip_ids(pb_table *t)
{
    for (size_t i = 0; i < t->n_columns; i++)
        PB_SET(t->columns[i], id, 0);
    strip_index(t->primary_index);
    for (size_t i = 0; i < t->n_indexes; i++)
        strip_index(t->indexes[i]);
    for (size_t i = 0; i < t->n_families; i++) {
        PB_SET(t->families[i], id, 0);
        PB_SET(t->families[i], default_column_id, 0);
        t->families[i]->n_column_ids = 0;
    }
    PB_SET(t, next_column_id, 0);
    PB_SET(t, next_index_id, 0);
    PB_SET(t, next_family_id, 0);
    PB_SET(t, next_mutation_id, 0);
}

static void
test_finish_from_names(void **state)
{
    int seen = 0;
    (void)state;
    for (size_t i = 0; i < N_MANIFESTS; i++) {
        struct arena *a = arena_create(NULL, "test");
        struct slice bytes;
        struct world w = {read_manifest(a, manifests[i], &bytes)};
        for (size_t j = 0; w.m != NULL && j < w.m->n_descriptors; j++) {
            const pb_table *t = pb_descriptor_table(w.m->descriptors[j]);
            if (t == NULL || t->sequence_opts != NULL || pb_str(t->view_query)[0] != '\0' ||
                PB_GET(t, parent_id) == 1 || !ids_in_order(t))
                continue;
            pb_table *again = pb_table_copy(a, t);
            strip_ids(again);
            must(build_finish_table(a, again));
            PB_SET(again, next_mutation_id, PB_GET(t, next_mutation_id));
            struct slice was = pb_pack_as_is(a, PB_BASE(t)), is = pb_pack(a, PB_BASE(again));
            if (was.len != is.len || memcmp(was.ptr, is.ptr, was.len) != 0)
                fail_msg("%s: table %s changes", manifests[i], t->name);
            seen++;
        }
        arena_destroy(a);
    }
    if (seen == 0)
        skip();
    print_message("%d tables built again\n", seen);
}

/* ---- SHOW CREATE against what v20.1 answered ---- */

static char *
escaped(struct arena *a, const char *s)
{
    struct str out;
    str_init_arena(&out, a, STR_MAX_DEFAULT);
    for (; *s != '\0'; s++) {
        if (*s == '\n')
            str_append_cstr(&out, "\\n");
        else if (*s == '\t')
            str_append_cstr(&out, "\\t");
        else if (*s == '\\')
            str_append_cstr(&out, "\\\\");
        else
            str_append_char(&out, *s);
    }
    return arena_strdup(a, str_cstr(&out));
}

static int show_compared;

static void
check_show(struct arena *a, struct world *w, const char *expect, const pb_table *pb)
{
    struct show_create_opts o = {
        .lookup = world_lookup, .arg = w, .qualify_other_databases = true};
    const struct table *t;
    const pb_descriptor *db = world_lookup(w, PB_GET(pb, parent_id));
    struct str s;

    must(table_from_pb(a, pb, &t));
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    must(show_create(&s, t, &o));
    char *lead = arena_printf(a, "\n%s.public.%s\tCREATE ", pb_descriptor_name(db), t->name);
    char *mine = escaped(a, str_cstr(&s));
    bool any = false, same = false;
    const char *first = NULL;
    for (const char *p = expect; (p = strstr(p, lead)) != NULL; p++) {
        const char *stmt = strchr(p + 1, '\t') + 1;
        size_t n = strcspn(stmt, "\n");
        const char *comment = memmem(stmt, n, ";\\n", 3);
        if (comment != NULL)
            n = (size_t)(comment - stmt);
        if (first == NULL)
            first = arena_strndup(a, stmt, n);
        any = true;
        same |= strlen(mine) == n && memcmp(mine, stmt, n) == 0;
    }
    if (any && !same)
        fail_msg("SHOW CREATE %s:\n%s\nv20.1:\n%s", t->name, mine, first);
    show_compared += any;
}

static void
test_show_create(void **state)
{
    static const char *const folders[] = {"b_revision", "c_locality", "d_cluster", "e_types"};
    (void)state;
    for (size_t i = 0; i < N_MANIFESTS; i++) {
        struct arena *a = arena_create(NULL, "test");
        struct slice bytes, expect;
        struct world w = {read_manifest(a, manifests[i], &bytes)};
        for (size_t f = 0; w.m != NULL && f < 4; f++) {
            if (strncmp(folders[f], manifests[i], strlen(folders[f])) != 0)
                continue;
            if (!read_fixture(a, arena_printf(a, "%s/EXPECT.sql.txt", folders[f]), &expect))
                continue;
            char *text = slice_to_cstr(a, expect);
            for (size_t j = 0; j < w.m->n_descriptors; j++)
                if (pb_descriptor_table(w.m->descriptors[j]) != NULL)
                    check_show(a, &w, text, pb_descriptor_table(w.m->descriptors[j]));
        }
        arena_destroy(a);
    }
    if (show_compared == 0)
        skip();
    print_message("%d SHOW CREATE compared\n", show_compared);
}

/* ---- types of old writers ---- */

static const struct type *
type_of_bytes(struct arena *a, const char *bytes, size_t n)
{
    Amberdb__InternalType *t;
    must(PB_PARSE(a, internal_type, "type", slice_make(bytes, n), &t));
    return type_from_pb(a, t);
}

#define TYPE_BYTES(a, s) type_of_bytes((a), (s), sizeof(s) - 1)

static void
test_type_upgrades(void **state)
{
    struct arena *a = arena_create(NULL, "test");
    (void)state;
    const struct type *t = TYPE_BYTES(a, "\x08\x01\x10\x00\x18\x00\x30\x03"); /* 1.1 INT8 */
    assert_true(type_equal(t, &TYPE_INT8));
    t = TYPE_BYTES(a, "\x08\x01\x10\x40\x18\x00\x30\x03"); /* 2.1, 19.1 */
    assert_true(type_equal(t, &TYPE_INT8));
    t = TYPE_BYTES(a, "\x08\x01\x10\x00\x18\x00\x30\x02");
    assert_true(type_equal(t, &TYPE_INT2));
    t = TYPE_BYTES(a, "\x08\x01\x10\x05\x18\x00\x30\x04"); /* BIT(5) before 2.1 */
    assert_true(type_equal(t, &TYPE_INT8));
    t = TYPE_BYTES(a, "\x08\x02\x10\x00\x18\x0a\x30\x00"); /* FLOAT(10) */
    assert_true(type_equal(t, &TYPE_FLOAT4));
    t = TYPE_BYTES(a, "\x08\x0b"); /* NAME */
    assert_true(type_equal(t, &TYPE_NAME));
    t = TYPE_BYTES(a, "\x08\xc8\x01"); /* INT2VECTOR */
    assert_int_equal(t->oid, 22);
    t = TYPE_BYTES(a, "\x08\x0f\x10\x05\x30\x07\x38\x07"); /* VARCHAR(5)[] of 2.1 */
    assert_int_equal(t->family, FAMILY_ARRAY);
    assert_int_equal(t->oid, 1015);
    assert_int_equal(t->elem->oid, 1043);
    assert_int_equal(t->elem->width, 5);
    assert_null(TYPE_BYTES(a, "\x08\x0f\x38\x0f")); /* array of arrays */
    assert_null(TYPE_BYTES(a, "\x08\x63"));         /* no such family */
    struct slice s = pb_pack(a, PB_BASE(type_to_pb(a, &TYPE_INT8)));
    assert_int_equal(s.len, 12);
    assert_memory_equal(s.ptr, "\x08\x01\x10\x40\x18\x00\x30\x00\x50\x14\x60\x00", 12);
    arena_destroy(a);
}

/* ---- foreign keys of 19.1 ---- */

static pb_table *
old_table(struct arena *a, uint32_t id, const char *name)
{
    pb_table *t = PB_NEW(a, TableDescriptor, table_descriptor);
    t->name = arena_strdup(a, name);
    PB_SET(t, id, id);
    t->primary_index = PB_NEW(a, IndexDescriptor, index_descriptor);
    PB_SET(t->primary_index, id, 1);
    PB_PUSH(a, t->primary_index->column_ids, t->primary_index->n_column_ids, 1);
    return t;
}

static void
test_old_foreign_keys(void **state)
{
    struct arena *a = arena_create(NULL, "test");
    pb_table *p = old_table(a, 60, "p"), *c = old_table(a, 61, "c");
    pb_index *ix = PB_NEW(a, IndexDescriptor, index_descriptor);
    (void)state;
    PB_SET(ix, id, 2);
    PB_PUSH(a, ix->column_ids, ix->n_column_ids, 5);
    PB_PUSH(a, ix->column_ids, ix->n_column_ids, 6);
    ix->foreign_key = PB_NEW(a, ForeignKeyReference, foreign_key_reference);
    PB_SET(ix->foreign_key, table, 60);
    PB_SET(ix->foreign_key, index, 1);
    PB_SET(ix->foreign_key, shared_prefix_len, 1);
    PB_SET(ix->foreign_key, on_delete, AMBERDB__ACTION__CASCADE);
    ix->foreign_key->name = arena_strdup(a, "fk");
    PB_PUSH(a, c->indexes, c->n_indexes, ix);
    Amberdb__ForeignKeyReference *back = PB_NEW(a, ForeignKeyReference, foreign_key_reference);
    PB_SET(back, table, 61);
    PB_SET(back, index, 2);
    PB_PUSH(a, p->primary_index->referenced_by, p->primary_index->n_referenced_by, back);

    pb_table *both[] = {p, c};
    must(desc_upgrade_foreign_keys(a, both, 2, false));
    assert_int_equal(c->n_outbound_fks, 1);
    assert_int_equal(p->n_inbound_fks, 1);
    assert_int_equal(c->outbound_fks[0]->origin_column_ids[0], 5);
    assert_int_equal(c->outbound_fks[0]->n_origin_column_ids, 1);
    assert_int_equal(c->outbound_fks[0]->referenced_column_ids[0], 1);
    assert_int_equal(c->outbound_fks[0]->on_delete, AMBERDB__ACTION__CASCADE);
    assert_string_equal(p->inbound_fks[0]->name, "fk");
    assert_int_equal(p->inbound_fks[0]->origin_table_id, 61);
    assert_int_equal(c->indexes[0]->foreign_key->table, 0);
    assert_int_equal(p->primary_index->n_referenced_by, 0);
    must(desc_upgrade_foreign_keys(a, both, 2, false)); /* nothing more to do */
    assert_int_equal(c->n_outbound_fks, 1);

    ix->foreign_key = PB_NEW(a, ForeignKeyReference, foreign_key_reference);
    PB_SET(ix->foreign_key, table, 99);
    struct error *e = desc_upgrade_foreign_keys(a, both, 2, false);
    assert_non_null(e);
    assert_string_equal(e->message, "cannot restore table \"c\" without referenced table 99"
                                    " (or \"skip_missing_foreign_keys\" option)");
    err_free(e);
    must(desc_upgrade_foreign_keys(a, both, 2, true));
    assert_int_equal(c->n_outbound_fks, 1);
    arena_destroy(a);
}

/* ---- hostile bytes ---- */

static void
test_hostile(void **state)
{
    struct arena *a = arena_create(NULL, "test");
    struct str s;
    Amberdb__BackupManifest *m;
    struct error *e;
    (void)state;

    /* Nested partitionings, deeper than any stack would like. */
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    struct slice inner = SLICE_NULL;
    for (int i = 0; i < 3000; i++) {
        uint8_t buf[16];
        str_init_arena(&s, a, STR_MAX_DEFAULT);
        size_t n = enc_put_uvarint(buf, inner.len);
        str_append_char(&s, i % 2 == 0 ? 0x1a : 0x12);
        str_append(&s, buf, n);
        str_append_slice(&s, inner);
        inner = str_slice(&s);
    }
    Amberdb__PartitioningDescriptor *p;
    e = PB_PARSE(a, partitioning_descriptor, "x", inner, &p);
    assert_true(err_is(e, ERR_DATA_CORRUPTED));
    err_free(e);

    /* One single message given a million times. */
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    for (int i = 0; i < 1000000; i++)
        str_append(&s, "\x0a\x00", 2);
    e = PB_PARSE(a, backup_manifest, "x", str_slice(&s), &m);
    assert_true(err_is(e, ERR_DATA_CORRUPTED));
    err_free(e);
    e = PB_PARSE(a, backup_manifest, "x", SLICE_LIT("\x0a\xff\xff\xff\xff\xff\xff\xff\x7f"), &m);
    assert_true(err_is(e, ERR_DATA_CORRUPTED));
    err_free(e);
    /* Unknown fields survive. */
    pb_descriptor *d;
    struct slice odd = SLICE_LIT("\x12\x04\x0a\x02xy\x9a\x3e\x03""abc");
    must(pb_descriptor_parse(a, odd, &d));
    struct slice out = pb_pack_as_is(a, PB_BASE(d));
    assert_int_equal(out.len, odd.len);
    assert_memory_equal(out.ptr, odd.ptr, odd.len);
    arena_destroy(a);
}

/* A budget that others have used up refuses what is read, and never a copy. */
static void
test_spent_budget(void **state)
{
    struct mem_budget *b = mem_budget_create(1 << 20, NULL);
    struct arena *plain = arena_create(NULL, "test");
    struct arena *a = arena_create_budget(NULL, "spent", b);
    struct slice odd = SLICE_LIT("\x12\x04\x0a\x02xy");
    pb_descriptor *d, *refused;
    (void)state;
    must(pb_descriptor_parse(plain, odd, &d));
    assert_true(mem_budget_take(b, (1 << 20) - mem_budget_used(b)));
    struct error *e = pb_descriptor_parse(a, odd, &refused);
    assert_true(err_is(e, ERR_OUT_OF_MEMORY));
    err_free(e);
    struct slice out = pb_pack(a, PB_BASE(d));
    assert_true(out.len >= odd.len);
    mem_budget_give(b, 1 << 19);
    arena_destroy(a);
    arena_destroy(plain);
    mem_budget_destroy(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifests_pack_as_they_were),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_finish_again),
        cmocka_unit_test(test_finish_from_names),
        cmocka_unit_test(test_show_create),
        cmocka_unit_test(test_type_upgrades),
        cmocka_unit_test(test_old_foreign_keys),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_spent_budget),
    };
    return cmocka_run_group_tests_name("desc", tests, NULL, NULL);
}
