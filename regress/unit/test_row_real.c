/* Every row of the full backups that real CockroachDB wrote, decoded and encoded again: each pair
 * of each index comes out as it was. Skipped where the fixtures ($AMBERDB_SHARED) are not. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "catalog/desc.h"
#include "catalog/pb.h"
#include "catalog/row.h"
#include "storage/sst.h"
#include "types/valueenc.h"

static void
must(struct error *e)
{
    if (e != NULL)
        fail_msg("%s:%d: %s", e->file, e->line, e->message);
}

static bool
read_file(struct arena *a, const char *path, struct slice *out)
{
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

struct pair {
    struct slice key, value;
    bool met;
};

struct backup {
    struct arena *a;
    const char *name; /* for messages */
    Amberdb__BackupManifest *m;
    struct pair *v;
    size_t n, cap;
    uint64_t rows, compared;
};

static char *
hex(struct arena *a, struct slice b)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    for (size_t i = 0; i < b.len; i++)
        str_printf(&s, "%02x", b.ptr[i]);
    return arena_strdup(a, str_cstr(&s));
}

static void
add_pair(struct backup *b, struct slice key, struct slice value)
{
    if (b->n == b->cap) {
        size_t cap = b->cap == 0 ? 1024 : b->cap * 2;
        b->v = arena_realloc(b->a, b->v, b->cap * sizeof(*b->v), cap * sizeof(*b->v));
        b->cap = cap;
    }
    b->v[b->n++] = (struct pair){slice_dup(b->a, key), slice_dup(b->a, value), false};
}

/* The newest version of each key of a file, but for deletions. */
static void
load_file(struct backup *b, const char *const *dirs, const char *name)
{
    struct slice bytes;
    struct sst_reader *r;
    struct sst_iter *it;
    struct slice last = SLICE_NULL;
    bool more, found = false;
    for (int i = 0; dirs[i] != NULL && !found; i++)
        found = read_file(b->a, arena_printf(b->a, "%s/%s", dirs[i], name), &bytes);
    if (!found)
        fail_msg("%s: no file %s", b->name, name);
    struct sst_source src = {.size = bytes.len, .mem = bytes.ptr};
    must(sst_reader_open(name, &src, &r));
    must(sst_iter_open(r, &it));
    must(sst_iter_seek(it, SLICE_NULL));
    for (;;) {
        struct engine_version v;
        must(sst_iter_next(it, &v, &more));
        if (!more)
            break;
        if (last.ptr != NULL && slice_eq(last, v.key))
            continue;
        last = slice_dup(b->a, v.key);
        if (v.value.len > 0)
            add_pair(b, v.key, v.value);
    }
    sst_iter_close(it);
    sst_reader_close(r);
}

static int
compare_pairs(const void *x, const void *y)
{
    const struct pair *a = x, *b = y;
    return slice_cmp(a->key, b->key);
}

/* ---- encoding again ---- */

struct check {
    struct backup *b;
    const struct table *t;
    const struct index *ix;
    bool keys_only;
};

/* Collation keys of ICU are not those of the library that CockroachDB uses. */
static bool
has_collated_key(const struct table *t, const struct index *ix)
{
    for (int i = 0; i < ix->n_keys; i++)
        if (t->columns[ix->keys[i]].type->family == FAMILY_COLLATED_STRING)
            return true;
    for (int i = 0; i < ix->n_extra; i++)
        if (t->columns[ix->extra[i]].type->family == FAMILY_COLLATED_STRING)
            return true;
    return false;
}

/* +0 in a descending key reads back as -0, as in v20.1, and that is composite. */
static bool
has_zero_of_wrong_sign(const struct table *t, const struct datum *row)
{
    for (int i = 0; i < t->n_indexes; i++)
        for (int k = 0; k < t->indexes[i].n_keys; k++) {
            int o = t->indexes[i].keys[k];
            if (t->columns[o].type->family == FAMILY_FLOAT && t->indexes[i].desc[k] &&
                !row[o].null && row[o].f == 0)
                return true;
        }
    return false;
}

static struct error *
compare_pair(void *arg, struct slice key, struct slice value)
{
    struct check *c = arg;
    struct pair want = {.key = key};
    struct pair *p = bsearch(&want, c->b->v, c->b->n, sizeof(*c->b->v), compare_pairs);
    if (p == NULL && strcmp(c->t->name, "zones") == 0 && value.len == VALUE_HEADER)
        return NULL; /* rows put below SQL have no sentinel */
    if (p == NULL)
        fail_msg("%s: %s@%s: a pair that is not in the backup", c->b->name, c->t->name,
                 c->ix->name);
    bool no_checksum = p->value.len >= 4 && memcmp(p->value.ptr, "\0\0\0\0", 4) == 0;
    size_t from = no_checksum ? 4 : 0;
    p->met = true;
    c->b->compared++;
    if (c->keys_only)
        return NULL;
    if (p->value.len != value.len ||
        memcmp(p->value.ptr + from, value.ptr + from, value.len - from) != 0)
        fail_msg("%s: %s@%s: another value\nkey  %s\nwas  %s\nis   %s", c->b->name, c->t->name,
                 c->ix->name, hex(c->b->a, key), hex(c->b->a, p->value), hex(c->b->a, value));
    return NULL;
}

static void
encode_again(struct backup *b, struct arena *scratch, const struct table *t,
             const struct datum *row)
{
    b->rows++;
    for (int i = 0; i < t->n_indexes; i++) {
        struct check c = {b, t, &t->indexes[i], has_zero_of_wrong_sign(t, row)};
        if (has_collated_key(t, c.ix))
            continue;
        must(row_encode(scratch, t, &t->indexes[i], row, compare_pair, &c));
    }
}

/* Rows of a secondary index, decoded for the sake of it. */
static void
decode_index(struct backup *b, const struct table *t, const struct index *ix, bool again)
{
    struct arena *a = arena_create(b->a, "table"), *scratch = arena_create(a, "row");
    struct row_decoder_opts o = {.table = t, .index = ix};
    struct row_decoder *d;
    struct datum *row = ARENA_ARRAY(a, struct datum, (size_t)t->n_all_columns + 1);
    struct span sp = row_index_span(a, t, ix);
    bool have = false;

    must(row_decoder_create(a, &o, &d));
    for (size_t i = 0; i < b->n; i++) {
        const struct pair *p = &b->v[i];
        bool starts_new, skip;
        if (slice_cmp(p->key, sp.start) < 0 || slice_cmp(p->key, sp.end) >= 0)
            continue;
        if (have && !row_continues(d, p->key)) {
            if (again)
                encode_again(b, scratch, t, row);
            arena_reset(scratch);
            have = false;
        }
        must(row_decode(d, p->key, p->value, scratch, row, &starts_new, &skip));
        have |= !skip;
    }
    if (have && again)
        encode_again(b, scratch, t, row);
    arena_destroy(a);
}

static void
check_table(struct backup *b, pb_table *pb)
{
    const struct table *t;
    must(desc_upgrade_table(b->a, pb, HLC_MIN));
    must(table_from_pb(b->a, pb, &t));
    if (t->is_view || t->is_sequence)
        return;
    for (int i = 0; i < t->n_indexes; i++)
        decode_index(b, t, &t->indexes[i], i == 0);
    for (int i = 0; i < t->n_indexes; i++) {
        struct span sp = row_index_span(b->a, t, &t->indexes[i]);
        const pb_index *pi = t->indexes[i].pb;
        bool shared = has_collated_key(t, &t->indexes[i]) || pi->n_interleaved_by > 0 ||
                      (pi->interleave != NULL && pi->interleave->n_ancestors > 0);
        for (size_t j = 0; j < b->n && !shared; j++)
            if (!b->v[j].met && slice_cmp(b->v[j].key, sp.start) >= 0 &&
                slice_cmp(b->v[j].key, sp.end) < 0)
                fail_msg("%s: %s@%s: a pair that no row makes", b->name, t->name,
                         t->indexes[i].name);
    }
}

static uint64_t
check_backup(const char *dir, const char *other_dir)
{
    const char *shared = getenv("AMBERDB_SHARED");
    struct backup b = {.a = arena_create(NULL, "backup"), .name = dir};
    const char *base = arena_printf(b.a, "%s/fixtures", shared != NULL ? shared : "../shared");
    const char *dirs[3] = {arena_printf(b.a, "%s/%s", base, dir), NULL, NULL};
    struct slice bytes;

    if (other_dir != NULL)
        dirs[1] = arena_printf(b.a, "%s/%s", base, other_dir);
    if (!read_file(b.a, arena_printf(b.a, "%s/BACKUP", dirs[0]), &bytes)) {
        arena_destroy(b.a);
        return 0;
    }
    must(PB_PARSE(b.a, backup_manifest, "manifest", bytes, &b.m));
    for (size_t i = 0; i < b.m->n_files; i++)
        load_file(&b, dirs, b.m->files[i]->path);
    qsort(b.v, b.n, sizeof(*b.v), compare_pairs);
    for (size_t i = 0; i < b.m->n_descriptors; i++)
        if (b.m->descriptors[i]->union_case == AMBERDB__DESCRIPTOR__UNION_TABLE)
            check_table(&b, b.m->descriptors[i]->table);
    print_message("%s: %llu rows, %llu pairs\n", dir, (unsigned long long)b.rows,
                  (unsigned long long)b.compared);
    uint64_t rows = b.rows;
    arena_destroy(b.a);
    return rows;
}

static void
test_real_rows(void **state)
{
    static const char *const dirs[][2] = {
        {"b_revision/full", NULL},
        {"b_revision/collection", NULL},
        {"c_locality/full_default", "c_locality/full_west"},
        {"d_cluster/full", NULL},
        {"e_types/full", NULL},
        {"crdb/v2.1.8", NULL},
        {"crdb/v19.1.4", NULL},
        {"crdb/20.1-midaddindex", NULL},
        {"crdb/20.1-midprimarykeyswapcleanup", NULL},
    };
    uint64_t rows = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
        rows += check_backup(dirs[i][0], dirs[i][1]);
    if (rows == 0)
        skip();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_real_rows)};
    return cmocka_run_group_tests_name("row_real", tests, NULL, NULL);
}
