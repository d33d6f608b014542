/* The catalog over a memory engine: a new store, names, caching beside other transactions,
 * privileges, system rows; system tables against a real backup. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "catalog/build.h"
#include "catalog/catalog.h"
#include "catalog/pb.h"
#include "catalog/show_create.h"
#include "catalog/sysrow.h"
#include "catalog/system_tables.h"

static void
must(struct error *e)
{
    if (e != NULL)
        fail_msg("%s:%d: %s", e->file, e->line, e->message);
}

static void
must_fail(struct error *e, enum errcode code, const char *message)
{
    assert_non_null(e);
    assert_string_equal(e->message, message);
    assert_int_equal(e->code, code);
    err_free(e);
}

struct fixture {
    struct engine *e;
    struct clock *clock;
    struct kv_db *db;
    struct catalog *c;
};

static int
set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    must(engine_memory_open(&f->e));
    f->clock = clock_create();
    must(kv_db_open(f->e, f->clock, &f->db));
    must(catalog_open(f->db, &f->c));
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;
    catalog_close(f->c);
    kv_db_close(f->db);
    engine_close(f->e);
    clock_destroy(f->clock);
    xfree(f);
    return 0;
}

/* A transaction with its view. */
struct tx {
    struct arena *a;
    struct kv_txn *t;
    struct catalog_txn *ct;
};

static struct tx
begin_at(struct fixture *f, struct hlc at)
{
    struct tx x = {.a = arena_create(NULL, "txn")};
    struct kv_txn_opts o = {.read_ts = at};
    must(kv_txn_begin(f->db, &o, &x.t));
    x.ct = catalog_txn_begin(f->c, x.t, x.a);
    return x;
}

static struct tx
begin(struct fixture *f)
{
    return begin_at(f, HLC_MIN);
}

static struct error *
try_commit(struct tx x)
{
    struct hlc ts = {0};
    struct error *e = kv_txn_commit(x.t, &ts);
    catalog_txn_end(x.ct, e == NULL, ts);
    arena_destroy(x.a);
    return e;
}

static void
commit(struct tx x)
{
    must(try_commit(x));
}

static void
rollback(struct tx x)
{
    kv_txn_rollback(x.t);
    catalog_txn_end(x.ct, false, HLC_MIN);
    arena_destroy(x.a);
}

static uint32_t
create_table(struct tx x, const char *name)
{
    uint32_t id;
    pb_table *t = build_table(x.a, ID_DEFAULTDB, name);
    PB_PUSH(x.a, t->columns, t->n_columns, build_column(x.a, "a", &TYPE_INT8, true));
    must(build_finish_table(x.a, t));
    must(catalog_new_id(x.ct, &id));
    PB_SET(t, id, id);
    must(catalog_put_descriptor(x.ct, id, pb_descriptor_of_table(x.a, t)));
    must(catalog_namespace_put(x.ct, ID_DEFAULTDB, ID_PUBLIC_SCHEMA, name, id));
    return id;
}

static const struct table *
table(struct tx x, const char *name)
{
    const struct table *t;
    must(catalog_table_by_name(x.ct, ID_DEFAULTDB, name, &t));
    return t;
}

/* ---- a new store ---- */

static void
test_new_store(void **state)
{
    struct fixture *f = *state;
    struct tx x = begin(f);
    const struct database *db;
    const struct table *t;
    const struct table **tables;
    const struct database **dbs;
    size_t n;
    uint32_t next;

    must(catalog_database_by_name(x.ct, "defaultdb", &db));
    assert_int_equal(db->id, ID_DEFAULTDB);
    must(catalog_database_by_name(x.ct, "nope", &db));
    assert_null(db);
    must(catalog_table_by_name(x.ct, ID_SYSTEM_DB, "users", &t));
    assert_int_equal(t->id, ID_USERS);
    assert_int_equal(t->n_columns, 3);
    assert_true(t->modification_time.wall > 0);
    must(catalog_table_by_name(x.ct, ID_SYSTEM_DB, "namespace", &t));
    assert_int_equal(t->id, ID_NAMESPACE);
    must(catalog_list_databases(x.ct, x.a, &dbs, &n));
    assert_int_equal(n, 3);
    must(catalog_list_tables(x.ct, x.a, ID_SYSTEM_DB, &tables, &n));
    assert_int_equal(n, SYSTEM_TABLE_COUNT);
    must(catalog_id_counter(x.ct, &next));
    assert_int_equal(next, ID_FIRST_USER);
    rollback(x);

    /* Opening again changes nothing. */
    uint8_t id[16];
    memcpy(id, catalog_cluster_id(f->c), 16);
    catalog_close(f->c);
    must(catalog_open(f->db, &f->c));
    assert_memory_equal(id, catalog_cluster_id(f->c), 16);
}

static const pb_descriptor *
nothing(void *arg, uint32_t id)
{
    (void)id;
    return id == ID_SYSTEM_DB ? arg : NULL;
}

static void
test_system_tables_are_valid(void **state)
{
    struct arena *a = arena_create(NULL, "test");
    pb_descriptor *db = pb_descriptor_of_database(a, system_database(a));
    (void)state;
    for (int i = 0; i < SYSTEM_TABLE_COUNT; i++) {
        pb_table *pb = system_table(a, i);
        const struct table *t;
        struct str s;
        must(desc_validate_table(pb, nothing, db));
        must(table_from_pb(a, pb, &t));
        str_init_arena(&s, a, STR_MAX_DEFAULT);
        must(show_create(&s, t, NULL));
        assert_true(s.len > 0);
    }
    arena_destroy(a);
}

/* Bytes of the eight system tables that v20.1.5 puts into a cluster's backup. */
static void
test_system_tables_as_real(void **state)
{
    const char *shared = getenv("AMBERDB_SHARED");
    struct arena *a = arena_create(NULL, "test");
    char *path = arena_printf(a, "%s/fixtures/d_cluster/full/BACKUP",
                              shared != NULL ? shared : "../shared");
    FILE *f = fopen(path, "rb");
    struct str s;
    char buf[65536];
    size_t n;
    int seen = 0;
    Amberdb__BackupManifest *m;
    (void)state;
    if (f == NULL) {
        arena_destroy(a);
        skip();
        return;
    }
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
        str_append(&s, buf, n);
    fclose(f);
    must(PB_PARSE(a, backup_manifest, "manifest", str_slice(&s), &m));
    for (size_t i = 0; i < m->n_descriptors; i++) {
        pb_table *real = m->descriptors[i]->union_case == AMBERDB__DESCRIPTOR__UNION_TABLE
                             ? m->descriptors[i]->table
                             : NULL;
        for (int j = 0; j < SYSTEM_TABLE_COUNT && real != NULL; j++) {
            pb_table *ours = system_table(a, j);
            if (ours->id != real->id)
                continue;
            /* What a cluster's life changes. */
            ours->modification_time = real->modification_time;
            ours->create_as_of_time = real->create_as_of_time;
            ours->version = real->version;
            struct slice x = pb_pack(a, PB_BASE(real)), y = pb_pack(a, PB_BASE(ours));
            if (!slice_eq(x, y))
                fail_msg("system.%s differs", real->name);
            seen++;
        }
    }
    assert_int_equal(seen, 8);
    arena_destroy(a);
}

static struct error *
count_row(void *arg, const struct datum *row, bool *stop)
{
    (void)row;
    (void)stop;
    ++*(int *)arg;
    return NULL;
}

static void
test_system_rows(void **state)
{
    struct fixture *f = *state;
    struct tx x = begin(f);
    struct datum row[9], key;
    bool found, is_role;
    int count = 0;
    const struct table *t;
    struct catalog_ttls *ttls;
    struct slice hash;

    must(sys_scan(x.ct, ID_ZONES, NULL, NULL, 0, count_row, &count));
    assert_int_equal(count, 7);
    must(catalog_ttls_read(x.ct, x.a, &ttls));
    must(catalog_table_by_id(x.ct, ID_USERS, &t));
    assert_int_equal(catalog_gc_ttl(ttls, t->pb), 90000);
    must(catalog_table_by_id(x.ct, 25, &t));
    assert_int_equal(catalog_gc_ttl(ttls, t->pb), 600);
    must(catalog_user_exists(x.ct, "admin", &found, &is_role));
    assert_true(found && is_role);
    must(catalog_user_exists(x.ct, "nobody", &found, &is_role));
    assert_false(found);
    must(catalog_user_password(x.ct, x.a, "root", &hash));
    assert_int_equal(hash.len, 0);

    /* A job: two families and a secondary index. */
    row[0] = datum_int(77);
    row[1] = datum_cstr("running");
    row[2] = datum_int(1000);
    row[3] = datum_bytes("payload", 7);
    row[4] = datum_bytes("progress", 8);
    must(sys_put(x.ct, ID_JOBS, row));
    key = datum_cstr("running");
    count = 0;
    must(sys_scan(x.ct, ID_JOBS, "jobs_status_created_idx", &key, 1, count_row, &count));
    assert_int_equal(count, 1);
    row[1] = datum_cstr("succeeded");
    row[4] = DATUM_NULL;
    must(sys_put(x.ct, ID_JOBS, row));
    count = 0;
    must(sys_scan(x.ct, ID_JOBS, "jobs_status_created_idx", &key, 1, count_row, &count));
    assert_int_equal(count, 0);
    commit(x);

    x = begin(f);
    key = datum_int(77);
    must(sys_get(x.ct, x.a, ID_JOBS, &key, 1, row, &found));
    assert_true(found);
    assert_memory_equal(row[1].ptr, "succeeded", 9);
    assert_memory_equal(row[3].ptr, "payload", 7);
    assert_true(row[4].null);
    uint64_t n;
    must(sys_delete(x.ct, ID_JOBS, &key, 1, &n));
    assert_int_equal(n, 1);
    must(sys_get(x.ct, x.a, ID_JOBS, &key, 1, row, &found));
    assert_false(found);
    count = 0;
    must(sys_scan(x.ct, ID_JOBS, "jobs_status_created_idx", NULL, 0, count_row, &count));
    assert_int_equal(count, 0);
    commit(x);
}

/* ---- changes and their visibility ---- */

static void
test_create_and_see(void **state)
{
    struct fixture *f = *state;
    struct tx x = begin(f), y;
    uint32_t id = create_table(x, "t");

    assert_int_equal(id, ID_FIRST_USER);
    assert_non_null(table(x, "t")); /* at once for ourselves */
    assert_true(catalog_txn_has_changes(x.ct));
    y = begin(f);
    assert_null(table(y, "t")); /* not for others */
    rollback(y);
    struct hlc before = clock_now(f->clock);
    commit(x);

    y = begin(f);
    assert_int_equal(table(y, "t")->id, id);
    assert_int_equal(table(y, "t")->version, 1);
    assert_true(table(y, "t")->modification_time.wall > 0);
    assert_true(table(y, "t")->columns[1].hidden);
    rollback(y);
    y = begin_at(f, before); /* AS OF SYSTEM TIME */
    assert_null(table(y, "t"));
    rollback(y);

    x = begin(f);
    id = create_table(x, "gone");
    rollback(x);
    y = begin(f);
    assert_null(table(y, "gone"));
    uint32_t next;
    must(catalog_id_counter(y.ct, &next));
    assert_int_equal(next, id + 1); /* ids are not given back */
    must(catalog_raise_id_counter(y.ct, 1000));
    must(catalog_new_id(y.ct, &id));
    assert_int_equal(id, 1000);
    rollback(y);
}

static void
test_versions(void **state)
{
    struct fixture *f = *state;
    struct tx x = begin(f), old, y;
    uint32_t id = create_table(x, "t");
    pb_table *pb;

    commit(x);
    old = begin(f);
    assert_int_equal(table(old, "t")->version, 1);
    struct hlc before = clock_now(f->clock);

    x = begin(f);
    must(catalog_mutable_table(x.ct, x.a, id, &pb));
    PB_PUSH(x.a, pb->columns, pb->n_columns, build_column(x.a, "b", &TYPE_STRING, true));
    must(build_finish_table(x.a, pb));
    must(catalog_write_table(x.ct, pb));
    must(catalog_mutable_table(x.ct, x.a, id, &pb));
    must(catalog_write_table(x.ct, pb)); /* once for each transaction */
    assert_int_equal(table(x, "t")->version, 2);
    assert_int_equal(table(x, "t")->n_columns, 3);
    y = begin(f);
    assert_int_equal(table(y, "t")->version, 1);
    rollback(y);
    commit(x);

    assert_int_equal(table(old, "t")->version, 1); /* its snapshot */
    y = begin(f);
    assert_int_equal(table(y, "t")->version, 2);
    rollback(y);
    y = begin_at(f, before);
    assert_int_equal(table(y, "t")->version, 1);
    rollback(y);
    y = begin(f);
    assert_int_equal(table(y, "t")->version, 2);
    assert_int_equal(table(y, "t")->n_columns, 3);
    rollback(y);

    /* Who wrote by the old version cannot commit. */
    must(kv_put(old.t, SLICE_LIT("\xf5zz"), SLICE_LIT("value")));
    struct error *e = try_commit(old);
    assert_true(err_is(e, ERR_SERIALIZATION_FAILURE));
    err_free(e);
}

static void
test_drop_rename_savepoint(void **state)
{
    struct fixture *f = *state;
    struct tx x = begin(f), y;
    uint32_t id = create_table(x, "t"), got;
    uint64_t sp;

    commit(x);
    x = begin(f);
    must(catalog_namespace_delete(x.ct, ID_DEFAULTDB, ID_PUBLIC_SCHEMA, "t"));
    must(catalog_namespace_put(x.ct, ID_DEFAULTDB, ID_PUBLIC_SCHEMA, "u", id));
    assert_null(table(x, "t"));
    assert_non_null(table(x, "u"));
    commit(x);
    y = begin(f);
    assert_null(table(y, "t"));
    assert_int_equal(table(y, "u")->id, id);
    rollback(y);

    x = begin(f);
    sp = kv_txn_savepoint(x.t);
    must(catalog_delete_descriptor(x.ct, id));
    must(catalog_namespace_delete(x.ct, ID_DEFAULTDB, ID_PUBLIC_SCHEMA, "u"));
    assert_null(table(x, "u"));
    kv_txn_rollback_to(x.t, sp);
    catalog_txn_rolled_back(x.ct);
    kv_txn_step(x.t);
    assert_non_null(table(x, "u"));
    must(catalog_delete_descriptor(x.ct, id));
    must(catalog_namespace_delete(x.ct, ID_DEFAULTDB, ID_PUBLIC_SCHEMA, "u"));
    commit(x);
    y = begin(f);
    must(catalog_namespace_get(y.ct, ID_DEFAULTDB, ID_PUBLIC_SCHEMA, "u", &got));
    assert_int_equal(got, 0);
    const pb_descriptor *d;
    must(catalog_descriptor(y.ct, id, &d));
    assert_null(d);
    rollback(y);
}

/* ---- names ---- */

static struct table virtual_tables = {.name = "pg_class", .is_virtual = true};

static const struct table *
virtual_table(void *arg, const struct database *db, const char *schema, const char *name)
{
    (void)arg;
    (void)db;
    return (strcmp(schema, "pg_catalog") == 0 || strcmp(schema, "crdb_internal") == 0) &&
                   strcmp(name, "pg_class") == 0
               ? &virtual_tables
               : NULL;
}

static const struct table *
resolve(struct tx x, const char *current, const char *c, const char *s, const char *o)
{
    static const char *const path[] = {"public"};
    struct name_resolver r = {current, 1, path, NULL, virtual_table, NULL};
    struct object_name n = {c, s, o, 0};
    const struct table *t;
    const struct database *db;
    const char *schema;
    must(catalog_resolve(x.ct, &r, &n, &t, &db, &schema));
    return t;
}

static void
test_resolve(void **state)
{
    struct fixture *f = *state;
    static const char *const path[] = {"public"};
    struct tx x = begin(f);
    struct name_resolver r = {"defaultdb", 1, path, NULL, virtual_table, NULL};
    struct object_name n = {NULL, NULL, "t", 0};
    const struct table *t;
    const struct database *db;

    create_table(x, "t");
    assert_string_equal(resolve(x, "defaultdb", NULL, NULL, "t")->name, "t");
    assert_string_equal(resolve(x, "defaultdb", NULL, "public", "t")->name, "t");
    assert_string_equal(resolve(x, "system", NULL, "defaultdb", "t")->name, "t");
    assert_string_equal(resolve(x, "", "defaultdb", "public", "t")->name, "t");
    assert_null(resolve(x, "system", NULL, NULL, "t"));
    assert_null(resolve(x, "defaultdb", NULL, "nope", "t"));
    assert_true(resolve(x, "defaultdb", NULL, NULL, "pg_class")->is_virtual);
    assert_true(resolve(x, "defaultdb", NULL, "pg_catalog", "pg_class")->is_virtual);
    assert_true(resolve(x, "", "", "crdb_internal", "pg_class")->is_virtual);
    r.database = "";
    n.schema = "pg_catalog";
    n.object = "pg_class";
    must_fail(catalog_resolve(x.ct, &r, &n, &t, NULL, NULL), ERR_UNDEFINED_OBJECT,
              "cannot access virtual schema in anonymous database");

    n = (struct object_name){NULL, NULL, "new", 0};
    must_fail(catalog_resolve_target(x.ct, &r, &n, &db), ERR_UNDEFINED_OBJECT,
              "no database specified");
    r.database = "defaultdb";
    must(catalog_resolve_target(x.ct, &r, &n, &db));
    assert_int_equal(db->id, ID_DEFAULTDB);
    n.schema = "postgres";
    must(catalog_resolve_target(x.ct, &r, &n, &db));
    assert_int_equal(db->id, ID_POSTGRES);
    n.schema = "nope";
    must_fail(catalog_resolve_target(x.ct, &r, &n, &db), ERR_INVALID_SCHEMA_NAME,
              "cannot create \"nope.new\" because the target database or schema does not exist");
    n.schema = "pg_catalog";
    must_fail(catalog_resolve_target(x.ct, &r, &n, &db), ERR_INVALID_NAME,
              "schema cannot be modified: \"pg_catalog\"");
    rollback(x);
}

/* ---- privileges ---- */

static void
test_privileges(void **state)
{
    struct fixture *f = *state;
    struct tx x = begin(f);
    const pb_descriptor *d;
    bool yes;
    uint32_t id = create_table(x, "t");
    struct datum row[3] = {datum_cstr("readers"), datum_cstr("writers"), datum_bool(false)};
    struct datum row2[3] = {datum_cstr("writers"), datum_cstr("alice"), datum_bool(false)};
    pb_table *pb;

    must(sys_put(x.ct, ID_ROLE_MEMBERS, row));
    must(sys_put(x.ct, ID_ROLE_MEMBERS, row2));
    must(catalog_mutable_table(x.ct, x.a, id, &pb));
    Amberdb__UserPrivileges *u = PB_NEW(x.a, UserPrivileges, user_privileges);
    u->user = arena_strdup(x.a, "readers");
    PB_SET(u, privileges, 1u << PRIV_SELECT);
    PB_PUSH(x.a, pb->privileges->users, pb->privileges->n_users, u);
    must(catalog_write_table(x.ct, pb));
    must(catalog_descriptor(x.ct, id, &d));

    must(catalog_check_privilege(x.ct, "root", d, PRIV_DROP));
    must(catalog_check_privilege(x.ct, "alice", d, PRIV_SELECT)); /* two roles away */
    must_fail(catalog_check_privilege(x.ct, "alice", d, PRIV_DROP), ERR_INSUFFICIENT_PRIVILEGE,
              "user alice does not have DROP privilege on relation t");
    must_fail(catalog_check_any_privilege(x.ct, "bob", d), ERR_INSUFFICIENT_PRIVILEGE,
              "user bob has no privileges on relation t");
    must(catalog_is_admin(x.ct, "root", &yes));
    assert_true(yes);
    must(catalog_is_admin(x.ct, "alice", &yes));
    assert_false(yes);
    must_fail(catalog_check_admin(x.ct, "alice", "CREATE DATABASE"), ERR_INSUFFICIENT_PRIVILEGE,
              "only users with the admin role are allowed to CREATE DATABASE");
    must(catalog_descriptor(x.ct, ID_COMMENTS, &d));
    must(catalog_check_privilege(x.ct, "bob", d, PRIV_SELECT)); /* public */
    must(catalog_descriptor(x.ct, ID_DEFAULTDB, &d));
    must_fail(catalog_check_privilege(x.ct, "bob", d, PRIV_CREATE), ERR_INSUFFICIENT_PRIVILEGE,
              "user bob does not have CREATE privilege on database defaultdb");
    rollback(x);
}

int
main(void)
{
#define WITH_STORE(t) cmocka_unit_test_setup_teardown((t), set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_tables_are_valid),
        cmocka_unit_test(test_system_tables_as_real),
        WITH_STORE(test_new_store),
        WITH_STORE(test_system_rows),
        WITH_STORE(test_create_and_see),
        WITH_STORE(test_versions),
        WITH_STORE(test_drop_rename_savepoint),
        WITH_STORE(test_resolve),
        WITH_STORE(test_privileges),
    };
    return cmocka_run_group_tests_name("catalog", tests, NULL, NULL);
}
