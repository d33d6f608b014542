/* storage/engine_rocksdb_get.c - single keys of the RocksDB engine.
 *
 * To make an iterator costs as much as to seek with it, so they are kept. One that was made, or
 * refreshed, when the store was at the sequence number and the files that it is at now shows all that
 * there is; else it is refreshed, which is cheap as long as no file and no table in memory came or went.
 * An idle one holds those, so what was not used for a second is let go.
 */
#include "config.h"

#include "base/clock.h"
#include "base/fault.h"
#include "storage/engine_rocksdb_int.h"
#include "storage/mvcc.h"
#include "storage/rocksdb_shim.h"

#define IDLE_NS INT64_C(1000000000)

struct rocks_point {
    rocksdb_iterator_t *it;
    uint64_t sequence, epoch; /* of the store, when it was refreshed or before */
    int64_t used_ns;
};

/* ---- kept iterators ---- */

static void
point_destroy(struct rocks_point *p)
{
    if (p == NULL)
        return;
    rocksdb_iter_destroy(p->it);
    xfree(p);
}

void
rocks_points_drop(struct rocks_engine *e, int64_t used_before_ns)
{
    for (int i = 0; i < ROCKS_POINTS; i++) {
        struct rocks_point *p = atomic_exchange(&e->points[i], NULL), *none = NULL;
        if (p != NULL && used_before_ns != 0 && p->used_ns >= used_before_ns &&
            atomic_compare_exchange_strong(&e->points[i], &none, p))
            continue;
        point_destroy(p);
    }
}

void
rocks_files_changed(struct rocks_engine *e)
{
    atomic_fetch_add(&e->files_epoch, 1);
    rocks_points_drop(e, 0);
}

/* One that shows what the store holds now. */
static struct rocks_point *
point_take(struct rocks_engine *e)
{
    struct rocks_point *p = NULL;
    uint64_t epoch = atomic_load(&e->files_epoch);
    uint64_t sequence = rocksdb_get_latest_sequence_number(e->db);
    for (int i = 0; i < ROCKS_POINTS && p == NULL; i++)
        if (atomic_load_explicit(&e->points[i], memory_order_relaxed) != NULL)
            p = atomic_exchange(&e->points[i], NULL);
    if (p != NULL && p->epoch == epoch && p->sequence == sequence)
        return p;
    if (p != NULL && !rocksdb_shim_refresh(p->it)) {
        point_destroy(p);
        p = NULL;
    }
    if (p == NULL) {
        p = xcalloc(1, sizeof(*p));
        p->it = rocksdb_create_iterator(e->db, e->get_options);
    }
    p->epoch = epoch;
    p->sequence = sequence;
    return p;
}

static void
point_give_back(struct rocks_engine *e, struct rocks_point *p)
{
    int64_t now = monotonic_now_ns(), swept = atomic_load(&e->points_swept_ns);
    p->used_ns = now;
    for (int i = 0; i < ROCKS_POINTS && p != NULL; i++) {
        struct rocks_point *none = NULL;
        if (atomic_compare_exchange_strong(&e->points[i], &none, p))
            p = NULL;
    }
    point_destroy(p);
    if (now - swept > IDLE_NS && atomic_compare_exchange_strong(&e->points_swept_ns, &swept, now))
        rocks_points_drop(e, now - IDLE_NS);
}

/* ---- get ---- */

struct error *
rocks_get(struct engine *base, struct slice key, struct hlc at, struct arena *a, bool *found,
          struct hlc *ts, struct slice *value)
{
    struct rocks_engine *e = (struct rocks_engine *)base;
    FAULT_TRY(engine_read);
    *found = false;
    if (hlc_is_empty(at))
        return NULL;
    uint8_t small[256], *target = small;
    if (key.len + MVCC_SUFFIX_MAX > sizeof(small))
        target = arena_alloc(a, key.len + MVCC_SUFFIX_MAX);
    memcpy(target, key.ptr, key.len);
    size_t len = key.len + mvcc_put_suffix(target + key.len, at);
    struct rocks_point *p = point_take(e);
    rocksdb_iter_seek(p->it, (const char *)target, len);
    struct error *err = NULL;
    if (rocksdb_iter_valid(p->it)) {
        struct slice m, at_key;
        m.ptr = (const uint8_t *)rocksdb_iter_key(p->it, &m.len);
        if (!mvcc_split(m, &at_key, ts)) {
            err = err_new(ERR_DATA_CORRUPTED, "store holds a key that is no MVCC key");
        } else if (slice_eq(at_key, key)) {
            struct slice v;
            v.ptr = (const uint8_t *)rocksdb_iter_value(p->it, &v.len);
            *value = slice_dup(a, v);
            *found = true;
        }
    } else {
        err = rocks_iter_error(p->it);
    }
    if (err != NULL)
        point_destroy(p);
    else
        point_give_back(e, p);
    return err;
}
