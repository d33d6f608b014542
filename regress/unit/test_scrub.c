/* EXPERIMENTAL SCRUB over a store whose pairs were changed behind SQL's back: entries that lack, entries
 * without a row, bytes that are none. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "catalog/row.h"
#include "executor/exec.h"
#include "executor/node.h"
#include "storage/engine.h"

static void
must(struct error *e)
{
    if (e != NULL)
        fail_msg("%s:%d: %s", e->file, e->line, e->message);
}

struct fixture {
    struct node *node;
    char dir[64];
};

static struct error *
make_tables(struct exec_ctx *x, void *arg)
{
    (void)arg;
    ERR_TRY(exec_sql(x, EXEC_ROOT, NULL, NULL, 0, NULL, NULL,
                     "CREATE TABLE t (k INT PRIMARY KEY, v INT, w STRING, j JSONB, "
                     "INDEX vi (v) STORING (w), UNIQUE INDEX wi (w), INVERTED INDEX ji (j))"));
    return exec_sql(x, EXEC_ROOT, NULL, NULL, 0, NULL, NULL,
                    "INSERT INTO t VALUES (1, 10, 'a', '{\"a\": [1, 2]}'), (2, NULL, NULL, NULL), "
                    "(3, 30, 'c', '[5]')");
}

static int
set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    memcpy(f->dir, "/tmp/amberdb-scrub-XXXXXX", 26);
    assert_non_null(mkdtemp(f->dir));
    struct node_opts o = {.locality = "", .temp_dir = f->dir, .sql_address = "localhost:0",
                          .external_io_dir = "", .insecure = true};
    must(engine_memory_open(&o.engine));
    must(node_open(&o, &f->node));
    must(exec_txn(f->node, NULL, "defaultdb", HLC_MIN, NULL, make_tables, NULL));
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;
    node_close(f->node);
    rmdir(f->dir);
    xfree(f);
    return 0;
}

/* What to do with the pairs of a row in an index. */
struct damage {
    const char *index;
    int64_t k, v;
    const char *w;
    enum { REMOVE, ADD, SPOIL } what;
    struct exec_ctx *x;
};

static struct error *
damage_pair(void *arg, struct slice key, struct slice value)
{
    struct damage *d = arg;
    static const uint8_t bad[] = {0, 0, 0, 0, 10, 0x99, 0x99, 0x99};
    switch (d->what) {
    case REMOVE:
        return kv_del(d->x->txn, key);
    case ADD:
        return kv_put(d->x->txn, key, value);
    case SPOIL:
        return kv_put(d->x->txn, key, slice_make(bad, sizeof(bad)));
    }
    return NULL;
}

static struct error *
do_damage(struct exec_ctx *x, void *arg)
{
    struct damage *d = arg;
    struct object_name name = {.object = "t"};
    const struct table *t;
    const struct database *db;
    const char *schema;
    d->x = x;
    ERR_TRY(catalog_resolve(x->catalog, &x->names, &name, &t, &db, &schema));
    struct datum row[] = {datum_int(d->k), datum_int(d->v),
                          d->w != NULL ? datum_cstr(d->w) : DATUM_NULL, DATUM_NULL};
    return row_encode(x->arena, t, table_index(t, d->index), row, damage_pair, d);
}

struct findings {
    struct str text;
    const char *sql;
};

static struct error *
scrub(struct exec_ctx *x, void *arg)
{
    struct findings *f = arg;
    struct datum **rows;
    size_t n;
    ERR_TRY(exec_query(x, EXEC_ROOT, x->arena, 0, NULL, NULL, f->sql, 100, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        str_append_slice(&f->text, datum_slice(&rows[i][1]));
        str_append_slice(&f->text, datum_slice(&rows[i][4]));
        str_append_char(&f->text, ';');
    }
    return NULL;
}

static void
expect(struct fixture *f, const char *options, const char *findings)
{
    char sql[128];
    struct findings found = {.sql = sql};
    snprintf(sql, sizeof(sql), "EXPERIMENTAL SCRUB TABLE t %s", options);
    str_init(&found.text, 1024);
    must(exec_txn(f->node, NULL, "defaultdb", HLC_MIN, NULL, scrub, &found));
    assert_string_equal(str_cstr(&found.text), findings);
    str_release(&found.text);
}

static void
damage(struct fixture *f, struct damage d)
{
    must(exec_txn(f->node, NULL, "defaultdb", HLC_MIN, NULL, do_damage, &d));
}

static void
test_sound(void **state)
{
    expect(*state, "", "");
}

static void
test_missing(void **state)
{
    damage(*state, (struct damage){.index = "vi", .k = 3, .v = 30, .w = "c", .what = REMOVE});
    expect(*state, "", "missing_index_entry(3);");
    expect(*state, "WITH OPTIONS INDEX (wi)", "");
    expect(*state, "WITH OPTIONS INDEX (vi)", "missing_index_entry(3);");
}

static void
test_dangling(void **state)
{
    damage(*state, (struct damage){.index = "vi", .k = 7, .v = 70, .w = "x", .what = ADD});
    damage(*state, (struct damage){.index = "wi", .k = 1, .v = 0, .w = "other", .what = ADD});
    expect(*state, "", "dangling_index_reference(7);dangling_index_reference(1);");
}

static void
test_lost_row(void **state)
{
    damage(*state, (struct damage){.index = "primary", .k = 1, .v = 10, .w = "a", .what = REMOVE});
    expect(*state, "WITH OPTIONS INDEX (vi, ji)",
           "dangling_index_reference(1);dangling_index_reference(1);dangling_index_reference(1);");
}

static void
test_bad_bytes(void **state)
{
    damage(*state, (struct damage){.index = "primary", .k = 3, .v = 30, .w = "c", .what = SPOIL});
    expect(*state, "WITH OPTIONS PHYSICAL", "invalid_encoding;");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_sound), TEST(test_missing), TEST(test_dangling),
                                       TEST(test_lost_row), TEST(test_bad_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
