/* The working halves of BACKUP and RESTORE without SQL: versions out to files and back into the store
 * under new ids; damaged, short and missing files. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/rand.h"
#include "executor/backup/export.h"
#include "executor/backup/restore_int.h"
#include "executor/node.h"
#include "executor/settings.h"
#include "types/keyenc.h"
#include "types/valueenc.h"

#define OLD_ID 53
#define NEW_ID 1053
#define ROWS 3000

#define OK(expr)                                                                     \
    do {                                                                             \
        struct error *ok_e_ = (expr);                                                \
        if (ok_e_ != NULL)                                                           \
            fail_msg("%s: %s", #expr, ok_e_->message);                               \
    } while (0)

struct world {
    struct arena *a;
    struct node node;
    struct io_config io;
    char *dir;
    pb_table *old, *new;
    struct job job;
    struct sink *sink;
};

static pb_table *
make_table(struct arena *a, uint32_t id)
{
    pb_table *t = PB_NEW(a, TableDescriptor, table_descriptor);
    PB_SET(t, id, id);
    PB_SET(t, parent_id, 52);
    t->primary_index = PB_NEW(a, IndexDescriptor, index_descriptor);
    PB_SET(t->primary_index, id, 1);
    PB_PUSH(a, t->primary_index->column_ids, t->primary_index->n_column_ids, 1u);
    return t;
}

static struct world *
world_open(void)
{
    struct arena *a = arena_create(NULL, "world");
    struct world *w = ARENA_NEW(a, struct world);
    w->a = a;
    OK(dir_create_temp(a, NULL, "amberdb-test-", &w->dir));
    w->io.external_io_dir = w->dir;
    w->io.node_id = 1;
    w->node.node_id = 1;
    w->node.io = &w->io;
    w->node.opts.temp_dir = w->dir;
    w->node.opts.locality = "";
    w->node.clock = clock_create();
    w->node.settings = settings_create();
    OK(engine_memory_open(&w->node.engine));
    OK(kv_db_open(w->node.engine, w->node.clock, &w->node.db));
    w->old = make_table(a, OLD_ID);
    w->new = make_table(a, NEW_ID);
    w->job.node = &w->node;
    w->job.arena = a;
    w->job.progress = PB_NEW(a, Progress, progress);
    w->job.saved_ns = INT64_MAX / 2; /* no record to write progress to */
    OK(sink_open(&w->io, "nodelocal://0/b", &w->sink));
    return w;
}

static void
world_close(struct world *w)
{
    sink_close(w->sink);
    kv_db_close(w->node.db);
    engine_close(w->node.engine);
    settings_destroy(w->node.settings);
    clock_destroy(w->node.clock);
    OK(dir_remove_tree(w->dir));
    arena_destroy(w->a);
}

static void
put(struct world *w, int64_t k, uint32_t family, const char *text, int64_t wall)
{
    struct str key, value;
    str_init_arena(&key, w->a, 1 << 20);
    key_put_uvarint(&key, OLD_ID);
    key_put_uvarint(&key, 1);
    key_put_varint(&key, k);
    if (family > 0)
        key_put_uvarint(&key, family);
    str_append_char(&key, family > 0 ? (char)0x89 : (char)0x88);
    str_init_arena(&value, w->a, 1 << 20);
    if (text != NULL) {
        value_open(&value, VALUE_BYTES);
        str_append_cstr(&value, text);
        value_seal(&value, 0, str_slice(&key));
    }
    struct engine_write write = {str_slice(&key), {wall, 0}, str_slice(&value)};
    OK(engine_commit(w->node.engine, &write, 1, false));
}

static struct error *
save_files(void *arg, pb_file *const *files, size_t n)
{
    (void)arg;
    (void)files;
    (void)n;
    return NULL;
}

static struct error *
save_mark(void *arg, struct slice mark, double fraction)
{
    (void)arg;
    (void)mark;
    (void)fraction;
    return NULL;
}

/* One layer: what changed in (since, ts]. */
static void
backup(struct world *w, int64_t since, int64_t ts, bool all, struct backup_layer *l)
{
    struct span_list spans = {0};
    struct file_list files = {0};
    OK(table_spans(w->a, w->old, &spans));
    struct export_dest dest = {w->sink, "", 0};
    struct export_piece *pieces;
    struct export_item item = {
        .span = spans.v[0], .dest = &dest, .since = {since, 0}, .ts = {ts, 0}};
    struct export_opts o = {.node = &w->node, .cancel = &w->job.cancel,
                            .all_versions = all, .n_ranges = 1,
                            .primary = primary_ids(w->a, &w->old, 1), .n_primary = 1,
                            .save = save_files};
    OK(export_cut(w->a, &w->node, &item, 1, &pieces, &o.n_pieces));
    o.pieces = pieces;
    OK(export_run(arena_create(w->a, "export"), &o, &files));
    pb_manifest *m = PB_NEW(w->a, BackupManifest, backup_manifest);
    if (since > 0)
        m->start_time = pb_timestamp(w->a, item.since);
    m->end_time = pb_timestamp(w->a, item.ts);
    pb_span *s = PB_NEW(w->a, Span, span);
    pb_set_bytes(w->a, &s->key, &s->has_key, item.span.start);
    pb_set_bytes(w->a, &s->end_key, &s->has_end_key, item.span.end);
    PB_PUSH(w->a, m->spans, m->n_spans, s);
    m->files = files.v;
    m->n_files = files.n;
    *l = (struct backup_layer){.m = m, .start = item.since, .end = item.ts, .sink = w->sink};
}

static struct error *
restore(struct world *w, struct backup_layer *v, size_t n, int64_t as_of,
        struct row_counter *total)
{
    struct rewrite rw = {OLD_ID, NEW_ID, 52, false};
    struct rewrites rws = {&rw, 1};
    struct key_rewriter *kr;
    struct span_list wanted = {0};
    struct backup_chain c = {.a = w->a, .node = &w->node, .n = n, .v = v};
    *total = (struct row_counter){0};
    OK(table_spans(w->a, w->old, &wanted));
    OK(key_rewriter_create(w->a, &rws, &w->old, 1, &kr));
    struct ingest_opts o = {.node = &w->node, .cancel = &w->job.cancel, .chain = &c,
                            .as_of = {as_of, 0}, .wanted = &wanted,
                            .keys = kr, .primary = primary_ids(w->a, &w->new, 1), .n_primary = 1,
                            .save = save_mark};
    return ingest_run(w->a, &o, total);
}

/* "k/family=text@wall ..." of the restored table. */
static char *
restored(struct world *w, size_t max)
{
    struct span_list spans = {0};
    struct str s;
    OK(table_spans(w->a, w->new, &spans));
    str_init_arena(&s, w->a, 1 << 20);
    struct engine_scan_opts so = {.span = spans.v[0], .mode = ENGINE_SCAN_VERSIONS, .ts = HLC_MAX};
    struct engine_iter *it;
    struct engine_version v;
    bool more;
    OK(engine_iter_open(w->node.engine, &so, &it));
    for (size_t n = 0;; n++) {
        OK(engine_iter_next(it, &v, &more));
        if (!more)
            break;
        assert_true(value_checksum_ok(v.value, v.key));
        struct reader r = reader_make(v.key);
        uint64_t id;
        int64_t k;
        OK(key_get_uvarint(&r, &id));
        assert_int_equal(id, NEW_ID);
        OK(key_get_uvarint(&r, &id));
        OK(key_get_varint(&r, &k));
        if (n < max)
            str_printf(&s, "%lld/%d=%.*s@%lld ", (long long)k, (int)reader_left(&r) - 1,
                       (int)v.value.len - 5, (const char *)v.value.ptr + 5,
                       (long long)v.ts.wall);
    }
    engine_iter_close(it);
    return arena_strdup(w->a, str_cstr(&s));
}

static void
forget(struct world *w)
{
    struct span_list spans = {0};
    OK(table_spans(w->a, w->new, &spans));
    OK(engine_drop_span(w->node.engine, spans.v[0]));
}

static void
layers_merge(void **state)
{
    struct world *w = world_open();
    struct backup_layer v[3];
    struct row_counter c;
    (void)state;
    put(w, 1, 0, "one", 10);
    put(w, 1, 1, "more", 10);
    put(w, 2, 0, "two", 10);
    put(w, 3, 0, "three", 11);
    put(w, 3, 0, NULL, 12);
    backup(w, 0, 20, false, &v[0]);
    put(w, 2, 0, "zwei", 25);
    put(w, 1, 1, NULL, 26);
    put(w, 4, 0, "vier", 27);
    backup(w, 20, 30, false, &v[1]);
    put(w, 2, 0, NULL, 35);
    put(w, 5, 0, "first", 36);
    put(w, 5, 0, "second", 38);
    backup(w, 30, 40, true, &v[2]);

    assert_int_equal(v[0].m->files[0]->entry_counts->rows, 2);
    assert_int_equal(v[1].m->files[0]->entry_counts->rows, 3);
    OK(restore(w, v, 1, 0, &c));
    assert_string_equal(restored(w, 99), "1/0=one@10 1/1=more@10 2/0=two@10 ");
    assert_int_equal(c.rows, 2);
    forget(w);
    OK(restore(w, v, 2, 0, &c));
    assert_string_equal(restored(w, 99), "1/0=one@10 2/0=zwei@25 4/0=vier@27 ");
    forget(w);
    OK(restore(w, v, 3, 0, &c));
    assert_string_equal(restored(w, 99), "1/0=one@10 4/0=vier@27 5/0=second@38 ");
    forget(w);
    OK(restore(w, v, 3, 36, &c));
    assert_string_equal(restored(w, 99), "1/0=one@10 4/0=vier@27 5/0=first@36 ");
    assert_int_equal(c.rows, 3);
    forget(w);
    for (int i = 0; i < 3; i++) { /* their checksums are verified together: which one is wrong is told */
        struct slice bytes;
        const char *name = v[i].m->files[0]->path;
        char *path = arena_printf(w->a, "%s/b/%s", w->dir, name);
        OK(file_read(w->a, path, (size_t)16 << 20, &bytes));
        uint8_t *copy = arena_memdup(w->a, bytes.ptr, bytes.len);
        copy[bytes.len / 3] ^= 1;
        OK(file_write_atomic(path, slice_make(copy, bytes.len), 0600));
        struct error *e = restore(w, v, 3, 0, &c);
        assert_non_null(e);
        assert_non_null(strstr(e->message, name));
        assert_non_null(strstr(e->message, "checksum mismatch"));
        err_free(e);
        OK(file_write_atomic(path, bytes, 0600));
        forget(w);
    }
    OK(restore(w, v, 3, 0, &c));
    world_close(w);
}

#define CHAIN_KEYS 12
#define CHAIN_CHANGES 25
#define CHAIN_LAYERS 6

/* Chains of random changes, against a list of them. */
static void
chains_as_a_model_has_them(void **state)
{
    struct rand r;
    (void)state;
    rand_init(&r, 20201123);
    for (int round = 0; round < 25; round++) {
        struct world *w = world_open();
        struct backup_layer v[CHAIN_LAYERS];
        struct { int64_t wall; bool gone; } at[CHAIN_KEYS][CHAIN_LAYERS * CHAIN_CHANGES];
        size_t n_at[CHAIN_KEYS] = {0}, n = 1 + rand_below(&r, CHAIN_LAYERS);
        int64_t now = 1;
        bool all = rand_chance(&r, 2);
        char text[32];
        for (size_t l = 0; l < n; l++) {
            int64_t since = l > 0 ? now : 0;
            for (uint64_t c = rand_below(&r, CHAIN_CHANGES); c > 0; c--) {
                uint64_t k = rand_below(&r, CHAIN_KEYS);
                bool gone = rand_chance(&r, 4);
                snprintf(text, sizeof(text), "v%lld", (long long)++now);
                put(w, (int64_t)k, 0, gone ? NULL : text, now);
                at[k][n_at[k]].wall = now;
                at[k][n_at[k]++].gone = gone;
            }
            backup(w, since, ++now, all, &v[l]);
        }
        int64_t as_of = all ? rand_range(&r, 1, now) : now;
        struct str want;
        str_init_arena(&want, w->a, 1 << 20);
        for (int k = 0; k < CHAIN_KEYS; k++) {
            size_t i = n_at[k];
            while (i > 0 && at[k][i - 1].wall > as_of)
                i--;
            if (i > 0 && !at[k][i - 1].gone)
                str_printf(&want, "%d/0=v%lld@%lld ", k, (long long)at[k][i - 1].wall,
                           (long long)at[k][i - 1].wall);
        }
        struct row_counter c;
        OK(restore(w, v, n, as_of, &c));
        assert_string_equal(restored(w, 99), str_cstr(&want));
        world_close(w);
    }
}

static void
damage_is_found(void **state)
{
    struct world *w = world_open();
    struct backup_layer l;
    struct row_counter c;
    struct slice bytes;
    char text[64];
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        snprintf(text, sizeof(text), "value number %d", i * 7919);
        put(w, i, 0, text, 10 + i % 5);
    }
    backup(w, 0, 20, false, &l);
    assert_int_equal(l.m->n_files, 1);
    OK(restore(w, &l, 1, 0, &c));
    assert_int_equal(c.rows, ROWS);
    forget(w);
    const char *name = l.m->files[0]->path;
    char *path = arena_printf(w->a, "%s/b/%s", w->dir, name);
    OK(file_read(w->a, path, (size_t)16 << 20, &bytes));
    uint8_t *copy = arena_memdup(w->a, bytes.ptr, bytes.len);
    for (int sums = 0; sums < 2; sums++) { /* with the manifest's checksum, and by the blocks' own */
        for (size_t i = 0; i < bytes.len; i += bytes.len / 97) {
            copy[i] ^= 0x40;
            OK(file_write_atomic(path, slice_make(copy, bytes.len), 0600));
            struct error *e = restore(w, &l, 1, 0, &c);
            if (e == NULL && (sums == 0 || c.rows != ROWS))
                fail_msg("byte %zu of %zu, %lld rows", i, bytes.len, (long long)c.rows);
            if (e != NULL && strstr(e->message, name) == NULL)
                fail_msg("no file name in: %s", e->message);
            err_free(e);
            copy[i] ^= 0x40;
            forget(w);
        }
        OK(file_write_atomic(path, slice_make(copy, bytes.len / 2), 0600));
        struct error *e = restore(w, &l, 1, 0, &c);
        assert_non_null(e);
        err_free(e);
        forget(w);
        l.m->files[0]->has_sha512 = false;
    }
    OK(file_remove(path));
    struct error *e = restore(w, &l, 1, 0, &c);
    assert_non_null(e);
    assert_non_null(strstr(e->message, "no such file"));
    err_free(e);
    world_close(w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_merge),
        cmocka_unit_test(chains_as_a_model_has_them),
        cmocka_unit_test(damage_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
