/* regress/unit/txn_store.h - stores of every engine for tests of the transaction layer. */
#ifndef AMBERDB_REGRESS_UNIT_TXN_STORE_H
#define AMBERDB_REGRESS_UNIT_TXN_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "storage/txn_int.h"

#include "regress/unit/shared_double.h"

#define OK(expr)                                       \
    do {                                               \
        struct error *ok_e_ = (expr);                  \
        if (ok_e_ != NULL)                             \
            fail_msg("%s: %s", #expr, ok_e_->message); \
    } while (0)

static inline void
expect_error(struct error *err, enum errcode code, const char *text)
{
    if (err == NULL)
        fail_msg("no error, wanted %s", text);
    if (!err_is(err, code) || strstr(err->message, text) == NULL)
        fail_msg("got %s %s, wanted %s", err->sqlstate, err->message, text);
    err_free(err);
}

#define SERIAL ERR_SERIALIZATION_FAILURE
#define RESTART "restart transaction: TransactionRetryWithProtoRefreshError: "

/* STORE_POSTGRES alone where AMBERDB_TEST_POSTGRES names a database of which the store's tables may be
 * emptied; else the others. */
enum store_kind { STORE_MEMORY, STORE_ROCKSDB, STORE_SHARED, STORE_POSTGRES };
static enum store_kind first_kind = STORE_MEMORY, last_kind = STORE_SHARED;

struct store {
    enum store_kind kind;
    bool rocksdb;
    struct arena *arena;
    char *path;
    struct engine *e;
    struct clock *clock;
    struct kv_db *db;
    /* Shared ones: what another process has of the same store; its clock is behind. */
    struct engine *e2;
    struct clock *clock2;
    struct kv_db *db2;
};

static inline void
store_open(struct store *s)
{
    struct rocksdb_engine_opts o = {.path = s->path, .cache_bytes = 8 << 20, .create = true};
    if (s->kind == STORE_SHARED)
        OK(engine_double_open(NULL, &s->e));
    else if (s->kind == STORE_POSTGRES)
        OK(engine_postgres_open(getenv("AMBERDB_TEST_POSTGRES"), &s->e));
    else
        OK(s->rocksdb ? engine_rocksdb_open(&o, &s->e) : engine_memory_open(&s->e));
    s->clock = clock_create();
    OK(kv_db_open(s->e, s->clock, &s->db));
    s->db2 = NULL;
    if (s->kind < STORE_SHARED)
        return;
    if (s->kind == STORE_SHARED)
        OK(engine_double_open(s->e, &s->e2));
    else
        OK(engine_postgres_open(getenv("AMBERDB_TEST_POSTGRES"), &s->e2));
    s->clock2 = clock_create_manual((struct hlc){1000, 0});
    OK(kv_db_open(s->e2, s->clock2, &s->db2));
}

static inline void
store_close(struct store *s)
{
    if (s->db2 != NULL) {
        kv_db_close(s->db2);
        engine_close(s->e2);
        clock_destroy(s->clock2);
    }
    kv_db_close(s->db);
    engine_close(s->e);
    clock_destroy(s->clock);
}

static inline void
store_begin(struct store *s, enum store_kind kind)
{
    s->kind = kind;
    s->rocksdb = kind == STORE_ROCKSDB;
    s->arena = arena_create(NULL, "test");
    OK(dir_create_temp(s->arena, NULL, "amberdb-txn-", &s->path));
    store_open(s);
    if (kind == STORE_POSTGRES) { /* what an earlier test left there */
        OK(engine_drop_span(s->e, (struct span){SLICE_NULL, SLICE_NULL}));
        OK(engine_meta_put(s->e, "gc_thresholds", SLICE_NULL));
        store_close(s);
        store_open(s);
    }
}

static inline void
store_end(struct store *s)
{
    store_close(s);
    OK(dir_remove_tree(s->path));
    arena_destroy(s->arena);
}

static inline struct kv_txn *
begin(struct store *s)
{
    struct kv_txn *t;
    OK(kv_txn_begin(s->db, NULL, &t));
    return t;
}

static inline struct error *
put(struct kv_txn *t, const char *key, const char *value)
{
    return kv_put(t, slice_cstr(key), slice_cstr(value));
}

/* The value as text in the arena; "-" for none. */
static inline const char *
get(struct store *s, struct kv_txn *t, const char *key)
{
    bool found;
    struct slice v;
    OK(kv_get(t, slice_cstr(key), s->arena, &found, &v, NULL));
    return found ? slice_to_cstr(s->arena, v) : "-";
}

static inline const char *
get_now(struct store *s, const char *key)
{
    struct kv_txn *t = begin(s);
    const char *v = get(s, t, key);
    kv_txn_rollback(t);
    return v;
}

static inline void
put_now(struct store *s, const char *key, const char *value)
{
    struct kv_txn *t = begin(s);
    OK(put(t, key, value));
    OK(kv_txn_commit(t, NULL));
}

/* All rows as "k=v k=v". */
static inline const char *
scan(struct store *s, struct kv_txn *t, const char *start, const char *end, bool reverse)
{
    struct kv_scan_opts o = {.span = {slice_cstr(start), slice_cstr(end)}, .reverse = reverse};
    struct kv_scan *sc;
    struct str out;
    str_init_arena(&out, s->arena, 1 << 20);
    OK(kv_scan_open(t, &o, &sc));
    for (;;) {
        struct kv_entry e;
        bool more;
        OK(kv_scan_next(sc, &e, &more));
        if (!more)
            break;
        if (out.len > 0)
            str_append_char(&out, ' ');
        str_append_slice(&out, e.key);
        str_append_char(&out, '=');
        str_append_slice(&out, e.value);
    }
    kv_scan_close(sc);
    return str_cstr(&out);
}

#define EACH_ENGINE(s)                                                     \
    for (int engine_ = first_kind; engine_ <= (int)last_kind; engine_++)   \
        for (store_begin((s), (enum store_kind)engine_); (s)->arena != NULL; store_end(s), (s)->arena = NULL)

#endif
