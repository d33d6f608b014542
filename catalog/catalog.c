#include "config.h"

#include "catalog/catalog.h"

#include <stdlib.h>

#include "base/hash.h"
#include "catalog/catalog_int.h"
#include "catalog/pb.h"
#include "catalog/row.h"
#include "catalog/system_tables.h"
#include "types/keyenc.h"
#include "types/valueenc.h"

#define CACHE_MAX 20000 /* slots and names; then all is forgotten */

/* ---- maps ---- */

void
map_init(struct map *m, struct arena *a)
{
    *m = (struct map){.a = a};
}

static struct map_entry *
map_find(const struct map *m, struct slice key, uint64_t hash)
{
    if (m->n_buckets == 0)
        return NULL;
    struct map_entry *e = m->buckets[hash & (m->n_buckets - 1)];
    while (e != NULL && (e->hash != hash || !slice_eq(e->key, key)))
        e = e->next;
    return e;
}

void *
map_get(const struct map *m, struct slice key)
{
    const struct map_entry *e = map_find(m, key, hash_bytes(key.ptr, key.len, 0));
    return e != NULL ? e->value : NULL;
}

static void
map_grow(struct map *m)
{
    size_t n = m->n_buckets == 0 ? 32 : m->n_buckets * 2;
    struct map_entry **b = ARENA_ARRAY(m->a, struct map_entry *, n);
    for (size_t i = 0; i < m->n_buckets; i++)
        for (struct map_entry *e = m->buckets[i], *next; e != NULL; e = next) {
            next = e->next;
            e->next = b[e->hash & (n - 1)];
            b[e->hash & (n - 1)] = e;
        }
    m->buckets = b;
    m->n_buckets = n;
}

void
map_put(struct map *m, struct slice key, void *value)
{
    uint64_t hash = hash_bytes(key.ptr, key.len, 0);
    struct map_entry *e = map_find(m, key, hash);
    if (e != NULL) {
        e->value = value;
        return;
    }
    if (m->n >= m->n_buckets)
        map_grow(m);
    e = ARENA_NEW(m->a, struct map_entry);
    *e = (struct map_entry){m->buckets[hash & (m->n_buckets - 1)], hash, slice_dup(m->a, key),
                            value};
    m->buckets[hash & (m->n_buckets - 1)] = e;
    m->n++;
}

struct slice
name_map_key(struct arena *a, uint32_t parent, uint32_t schema, const char *name)
{
    size_t n = strlen(name);
    uint8_t *p = arena_alloc(a, 8 + n);
    memcpy(p, &parent, 4);
    memcpy(p + 4, &schema, 4);
    memcpy(p + 8, name, n);
    return slice_make(p, 8 + n);
}

/* ---- the shared cache ---- */

static void
cached_unref(struct cached *e)
{
    if (atomic_fetch_sub(&e->refs, 1) == 1)
        arena_destroy(e->a);
}

/* With the lock held. */
static struct slot *
slot_of(struct catalog *c, uint32_t id)
{
    struct slot *s = map_get(&c->slots, map_id(&id));
    if (s == NULL) {
        s = ARENA_NEW(c->cache_arena, struct slot);
        map_put(&c->slots, map_id(&id), s);
    }
    return s;
}

static void
drop_entries(struct catalog *c)
{
    for (size_t i = 0; i < c->slots.n_buckets; i++)
        for (struct map_entry *e = c->slots.buckets[i]; e != NULL; e = e->next) {
            struct slot *s = e->value;
            if (s->entry != NULL)
                cached_unref(s->entry);
            s->entry = NULL;
        }
}

static void
forget_names(struct catalog *c)
{
    c->names_epoch++;
}

/* Marks are kept in the slots, so forgetting waits until there are none. */
static void
forget_when_full(struct catalog *c)
{
    if (c->slots.n + c->names.n < CACHE_MAX || c->names_pending > 0)
        return;
    for (size_t i = 0; i < c->slots.n_buckets; i++)
        for (struct map_entry *e = c->slots.buckets[i]; e != NULL; e = e->next)
            if (((struct slot *)e->value)->pending > 0)
                return;
    drop_entries(c);
    arena_reset(c->cache_arena);
    map_init(&c->slots, c->cache_arena);
    map_init(&c->names, c->cache_arena);
}

/* ---- opening ---- */

static struct error *
get_cluster_id(struct catalog *c)
{
    struct engine *e = kv_db_engine(c->db);
    struct slice v;
    bool found;
    ERR_TRY(engine_meta_get(e, "cluster_id", c->a, &found, &v));
    if (found && v.len == sizeof(c->cluster_id)) {
        memcpy(c->cluster_id, v.ptr, v.len);
        return NULL;
    }
    uuid_v4(c->cluster_id);
    v = slice_make(c->cluster_id, sizeof(c->cluster_id));
    ERR_TRY(engine_meta_add(e, "cluster_id", c->a, &v)); /* another process may have been first */
    if (v.len != sizeof(c->cluster_id))
        return err_new(ERR_DATA_CORRUPTED, "store has a cluster id of a wrong length");
    memmove(c->cluster_id, v.ptr, v.len);
    return NULL;
}

struct error *
catalog_is_initialized(struct engine *e, bool *yes)
{
    struct arena *a = arena_create(NULL, "cluster id");
    struct slice v;
    struct error *err = engine_meta_get(e, "cluster_id", a, yes, &v);
    arena_destroy(a);
    return err;
}

#define BOOTSTRAP_TRIES 20

/* A store without the database `system` is new (or its first start did not get to its end). */
static struct error *
bootstrap_once(struct catalog *c)
{
    struct kv_txn_opts o = {0};
    struct kv_txn *t;
    struct arena *a = arena_create(c->a, "bootstrap");
    struct error *err = NULL;
    struct slice v;
    struct str k;
    bool found;

    ERR_GOTO(kv_txn_begin(c->db, &o, &t), out);
    str_init_arena(&k, a, 64);
    system_descriptor_key(&k, ID_SYSTEM_DB);
    err = kv_get(t, str_slice(&k), a, &found, &v, NULL);
    if (err == NULL && !found)
        err = system_bootstrap(t, a);
    if (err != NULL || found)
        kv_txn_rollback(t);
    else
        err = kv_txn_commit(t, NULL);
out:
    arena_destroy(a);
    return err;
}

/* Of processes that find the same new store one makes the tables, the others find them the next time. */
static struct error *
bootstrap_when_new(struct catalog *c)
{
    struct error *err = bootstrap_once(c);
    for (int i = 0; err != NULL && err_is(err, ERR_SERIALIZATION_FAILURE) && i < BOOTSTRAP_TRIES; i++) {
        err_free(err);
        err = bootstrap_once(c);
    }
    return err;
}

struct error *
catalog_open(struct kv_db *db, struct catalog **out)
{
    struct arena *a = arena_create(NULL, "catalog");
    struct catalog *c = ARENA_NEW(a, struct catalog);
    struct error *err = NULL;

    *out = NULL;
    c->db = db;
    c->a = a;
    mutex_init(&c->lock, RANK_LEASE);
    c->cache_arena = arena_create(a, "catalog cache");
    map_init(&c->slots, c->cache_arena);
    map_init(&c->names, c->cache_arena);
    ERR_GOTO(get_cluster_id(c), fail);
    ERR_GOTO(bootstrap_when_new(c), fail);
    c->last_change = clock_now(kv_db_clock(db));
    *out = c;
    return NULL;
fail:
    mutex_destroy(&c->lock);
    arena_destroy(a);
    return err;
}

void
catalog_close(struct catalog *c)
{
    drop_entries(c);
    mutex_destroy(&c->lock);
    arena_destroy(c->a);
}

const uint8_t *
catalog_cluster_id(const struct catalog *c)
{
    return c->cluster_id;
}

struct kv_db *
catalog_db(const struct catalog *c)
{
    return c->db;
}

/* ---- a transaction's view ---- */

static void
end_when_forgotten(void *arg)
{
    struct catalog_txn *ct = arg;
    if (!ct->ended)
        catalog_txn_end(ct, false, HLC_MIN);
}

struct catalog_txn *
catalog_txn_begin(struct catalog *c, struct kv_txn *t, struct arena *a)
{
    struct catalog_txn *ct = ARENA_NEW(a, struct catalog_txn);
    ct->c = c;
    ct->t = t;
    ct->a = a;
    map_init(&ct->own, a);
    map_init(&ct->before, a);
    map_init(&ct->seen, a);
    map_init(&ct->own_names, a);
    map_init(&ct->noted, a);
    map_init(&ct->roles, a);
    arena_on_free(a, end_when_forgotten, ct);
    return ct;
}

/* Takes the marks off. Even of a transaction that failed we cannot be sure that it did not commit
 * (40003), so what it touched is forgotten in any case. */
struct error *
catalog_txn_check(const struct catalog_txn *ct)
{
    for (size_t i = 0; i < ct->n_marked; i++) {
        const pb_table *t = pb_descriptor_table(ct->marked[i]->pb);
        if (t != NULL && t->primary_index != NULL && PB_GET(t->primary_index, disabled) &&
            t->state == AMBERDB__STATE__PUBLIC)
            return err_unimplemented(48026, "primary key of table %s dropped without subsequent "
                                            "addition of new primary key", t->name);
    }
    return NULL;
}

void
catalog_txn_end(struct catalog_txn *ct, bool committed, struct hlc commit_ts)
{
    struct catalog *c = ct->c;
    if (ct->ended)
        return;
    ct->ended = true;
    if (ct->n_marked > 0 || ct->names_marked) {
        struct hlc at = committed && !hlc_is_empty(commit_ts) ? commit_ts
                                                              : clock_now(kv_db_clock(c->db));
        mutex_lock(&c->lock);
        for (size_t i = 0; i < ct->n_marked; i++) {
            struct slot *s = slot_of(c, ct->marked[i]->id);
            s->pending--;
            if (s->entry != NULL)
                cached_unref(s->entry);
            s->entry = NULL;
        }
        if (ct->names_marked) {
            c->names_pending--;
            forget_names(c);
        }
        if (hlc_cmp(at, c->last_change) > 0)
            c->last_change = at;
        c->generation++;
        mutex_unlock(&c->lock);
    }
    for (size_t i = 0; i < ct->n_held; i++)
        cached_unref(ct->held[i]);
    ct->n_held = 0;
}

void
catalog_store_changed(struct catalog *c, const struct kv_change *change)
{
    static const uint32_t tables[] = {ID_NAMESPACE_OLD, ID_DESCRIPTOR, ID_NAMESPACE};
    struct arena *a = arena_create(NULL, "catalog change");
    bool touched = false;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        touched = touched || kv_change_touches(change, row_table_span(a, tables[i]));
    arena_destroy(a);
    if (!touched)
        return;
    struct hlc at = kv_change_time(change);
    mutex_lock(&c->lock);
    drop_entries(c);
    forget_names(c);
    if (hlc_cmp(at, c->last_change) > 0)
        c->last_change = at;
    c->generation++;
    mutex_unlock(&c->lock);
}

struct pins {
    size_t n;
    struct cached *v[];
};

static void
unpin(void *arg)
{
    struct pins *p = arg;
    for (size_t i = 0; i < p->n; i++)
        cached_unref(p->v[i]);
}

void
catalog_pin(struct catalog_txn *ct, struct arena *a)
{
    struct pins *p = arena_alloc(a, sizeof(*p) + ct->n_held * sizeof(p->v[0]));
    p->n = ct->n_held;
    for (size_t i = 0; i < p->n; i++) {
        p->v[i] = ct->held[i];
        atomic_fetch_add(&p->v[i]->refs, 1);
    }
    arena_on_free(a, unpin, p);
}

uint64_t
catalog_stamp(struct catalog_txn *ct)
{
    struct catalog *c = ct->c;
    uint64_t stamp = 0;
    mutex_lock(&c->lock);
    if (!ct->changed && c->names_pending == 0 &&
        hlc_cmp(kv_txn_read_ts(ct->t), c->last_change) >= 0)
        stamp = c->generation + 1;
    mutex_unlock(&c->lock);
    return stamp;
}

bool
catalog_txn_has_changes(const struct catalog_txn *ct)
{
    return ct->changed;
}

void
catalog_txn_rolled_back(struct catalog_txn *ct)
{
    map_init(&ct->own, ct->a);
    map_init(&ct->own_names, ct->a);
    map_init(&ct->seen, ct->a);
    map_init(&ct->roles, ct->a);
}

struct catalog *
catalog_txn_catalog(const struct catalog_txn *ct)
{
    return ct->c;
}

struct kv_txn *
catalog_txn_kv(const struct catalog_txn *ct)
{
    return ct->t;
}

struct arena *
catalog_txn_arena(const struct catalog_txn *ct)
{
    return ct->a;
}

static void
hold(struct catalog_txn *ct, struct cached *e)
{
    if (ct->n_held == ct->cap_held) {
        size_t cap = ct->cap_held == 0 ? 32 : ct->cap_held * 2;
        ct->held = arena_realloc(ct->a, ct->held, ct->cap_held * sizeof(*ct->held),
                                 cap * sizeof(*ct->held));
        ct->cap_held = cap;
    }
    ct->held[ct->n_held++] = e;
}

/* ---- reading descriptors ---- */

static struct error *
track_key(struct catalog_txn *ct, struct slice key)
{
    uint8_t *end = arena_zalloc(ct->a, key.len + 1); /* the key and a 0: the next possible key */
    memcpy(end, key.ptr, key.len);
    return kv_track_read(ct->t, (struct span){slice_dup(ct->a, key), slice_make(end, key.len + 1)});
}

/* v20.1 stores these times empty and fills them in from the row's. */
static void
fill_times(struct arena *a, pb_descriptor *d, struct hlc ts)
{
    if (d->union_case != AMBERDB__DESCRIPTOR__UNION_TABLE || hlc_is_empty(ts))
        return;
    pb_table *t = d->table;
    if (!hlc_is_empty(pb_hlc(t->modification_time)))
        return;
    if (hlc_is_empty(pb_hlc(t->create_as_of_time)) && PB_GET(t, version) == 1)
        t->create_as_of_time = pb_timestamp(a, ts);
    t->modification_time = pb_timestamp(a, ts);
}

/* Parses a row's value into an entry with one reference. */
static struct error *
parse_entry(uint32_t id, struct slice value, struct hlc ts, struct cached **out)
{
    struct arena *a = arena_create(NULL, "descriptor");
    struct cached *e = ARENA_NEW(a, struct cached);
    pb_descriptor *d;
    struct error *err = NULL;

    *out = NULL;
    e->a = a;
    e->refs = 1;
    e->id = id;
    e->ts = ts;
    if (value.len < VALUE_HEADER || value.ptr[VALUE_HEADER - 1] != VALUE_BYTES) {
        err = err_new(ERR_DATA_CORRUPTED, "descriptor %u: not a value of bytes", id);
        goto fail;
    }
    ERR_GOTO(pb_descriptor_parse(
                 a, slice_make(value.ptr + VALUE_HEADER, value.len - VALUE_HEADER), &d),
             fail);
    fill_times(a, d, ts);
    e->pb = d;
    if (pb_descriptor_table(d) != NULL) {
        ERR_GOTO(table_from_pb(a, d->table, &e->table), fail);
    } else if (pb_descriptor_database(d) != NULL) {
        struct database *db = ARENA_NEW(a, struct database);
        *db = (struct database){PB_GET(d->database, id), pb_str(d->database->name), d->database};
        e->database = db;
    }
    *out = e;
    return NULL;
fail:
    arena_destroy(a);
    return err;
}

/* From the shared cache, with a reference of ours, or NULL; with it the generation for filling. */
static struct cached *
cache_look(struct catalog_txn *ct, uint32_t id, uint64_t *generation)
{
    struct catalog *c = ct->c;
    struct cached *e = NULL;
    mutex_lock(&c->lock);
    const struct slot *s = map_get(&c->slots, map_id(&id));
    *generation = c->generation;
    if (s != NULL && s->pending == 0 && s->entry != NULL &&
        hlc_cmp(s->entry->ts, kv_txn_read_ts(ct->t)) <= 0) {
        e = s->entry;
        atomic_fetch_add(&e->refs, 1);
    }
    mutex_unlock(&c->lock);
    return e;
}

static void
cache_fill(struct catalog_txn *ct, struct cached *e, uint64_t generation)
{
    struct catalog *c = ct->c;
    if (hlc_is_empty(e->ts))
        return; /* our own write */
    mutex_lock(&c->lock);
    if (c->generation == generation && hlc_cmp(kv_txn_read_ts(ct->t), c->last_change) >= 0) {
        forget_when_full(c);
        struct slot *s = slot_of(c, e->id);
        if (s->pending == 0 && s->entry == NULL) {
            atomic_fetch_add(&e->refs, 1);
            s->entry = e;
        }
    }
    mutex_unlock(&c->lock);
}

/* A row that was read, as an entry held by the transaction: the cached one when it is the same. */
static struct error *
entry_of_row(struct catalog_txn *ct, uint32_t id, struct slice value, struct hlc ts,
             struct cached *hit, uint64_t generation, struct cached **out)
{
    if (hit != NULL && !hlc_is_empty(ts) && hlc_cmp(hit->ts, ts) == 0) {
        *out = hit;
    } else {
        if (hit != NULL)
            cached_unref(hit);
        ERR_TRY(parse_entry(id, value, ts, out));
        cache_fill(ct, *out, generation);
    }
    hold(ct, *out);
    return NULL;
}

/* The committed (or, after a rolled back savepoint, our own) state; *out NULL when there is none. */
static struct error *
read_entry(struct catalog_txn *ct, uint32_t id, struct cached **out)
{
    uint64_t generation;
    struct slice value;
    struct hlc ts;
    struct str k;
    bool found;

    *out = map_get(&ct->seen, map_id(&id));
    if (*out != NULL)
        return NULL;
    str_init_arena(&k, ct->a, 64);
    system_descriptor_key(&k, id);
    *out = cache_look(ct, id, &generation);
    if (*out != NULL) {
        hold(ct, *out);
        map_put(&ct->seen, map_id(&id), *out);
        return track_key(ct, str_slice(&k));
    }
    ERR_TRY(kv_get(ct->t, str_slice(&k), ct->a, &found, &value, &ts));
    if (!found)
        return NULL;
    ERR_TRY(entry_of_row(ct, id, value, ts, NULL, generation, out));
    map_put(&ct->seen, map_id(&id), *out);
    return NULL;
}

struct error *
catalog_descriptor(struct catalog_txn *ct, uint32_t id, const pb_descriptor **out)
{
    const struct own *o = map_get(&ct->own, map_id(&id));
    struct cached *e;
    if (o != NULL) {
        *out = o->pb;
        return NULL;
    }
    ERR_TRY(read_entry(ct, id, &e));
    *out = e != NULL ? e->pb : NULL;
    return NULL;
}

/* ---- what the transaction adds ---- */

static const pb_table *
table_before(const struct catalog_txn *ct, uint32_t id)
{
    const struct before *b = map_get(&ct->before, map_id(&id));
    return b != NULL && ct->hide_additions ? b->table : NULL;
}

bool
catalog_adds_check(const struct catalog_txn *ct, uint32_t table_id, const Amberdb__CheckConstraint *c)
{
    const pb_table *before = table_before(ct, table_id);
    if (before == NULL)
        return false;
    for (size_t i = 0; i < before->n_checks; i++)
        if (strcmp(pb_str(before->checks[i]->name), pb_str(c->name)) == 0 ||
            strcmp(pb_str(before->checks[i]->expr), pb_str(c->expr)) == 0)
            return false;
    return true;
}

bool
catalog_adds_reference(const struct catalog_txn *ct, const Amberdb__ForeignKeyConstraint *fk)
{
    const pb_table *before = table_before(ct, PB_GET(fk, origin_table_id));
    if (before == NULL)
        return false;
    for (size_t i = 0; i < before->n_outbound_fks; i++) {
        const Amberdb__ForeignKeyConstraint *g = before->outbound_fks[i];
        if (strcmp(pb_str(g->name), pb_str(fk->name)) == 0 ||
            (g->referenced_table_id == fk->referenced_table_id &&
             g->n_origin_column_ids == fk->n_origin_column_ids &&
             memcmp(g->origin_column_ids, fk->origin_column_ids,
                    fk->n_origin_column_ids * sizeof(fk->origin_column_ids[0])) == 0))
            return false;
    }
    return true;
}

static void
drop_added_references(const struct catalog_txn *ct, Amberdb__ForeignKeyConstraint **v, size_t *n)
{
    for (size_t i = *n; i-- > 0;)
        if (catalog_adds_reference(ct, v[i]))
            PB_REMOVE(v, *n, i);
}

/* Constraints that the transaction adds to tables from before it hold when it is over.
 * SOURCE: CockroachDB v20.1 pkg/sql/sqlbase/structured.go, AddCheckMutation, AddForeignKeyMutation: they are
 * not among the table's own until then. */
static const struct table *
shown_table(struct catalog_txn *ct, const struct table *t, const pb_table *base)
{
    bool any = false;
    if (!ct->hide_additions)
        return t;
    if (base != NULL)
        t = table_without_additions(ct->a, t, base);
    for (size_t i = 0; i < t->pb->n_checks; i++)
        any = any || catalog_adds_check(ct, t->id, t->pb->checks[i]);
    for (size_t i = 0; i < t->pb->n_outbound_fks; i++)
        any = any || catalog_adds_reference(ct, t->pb->outbound_fks[i]);
    for (size_t i = 0; i < t->pb->n_inbound_fks; i++)
        any = any || catalog_adds_reference(ct, t->pb->inbound_fks[i]);
    if (!any)
        return t;
    struct table *shown = ARENA_NEW(ct->a, struct table);
    pb_table *held = pb_table_copy(ct->a, t->pb);
    for (size_t i = held->n_checks; i-- > 0;)
        if (catalog_adds_check(ct, t->id, held->checks[i]))
            PB_REMOVE(held->checks, held->n_checks, i);
    drop_added_references(ct, held->outbound_fks, &held->n_outbound_fks);
    drop_added_references(ct, held->inbound_fks, &held->n_inbound_fks);
    *shown = *t;
    shown->held = held;
    return shown;
}

static struct error *
build_own(struct catalog_txn *ct, struct own *o)
{
    if (o->table != NULL || o->database != NULL || o->pb == NULL)
        return NULL;
    if (pb_descriptor_table(o->pb) != NULL) {
        ERR_TRY(table_from_pb(ct->a, pb_descriptor_table(o->pb), &o->table));
        o->shown = shown_table(ct, o->table, o->base);
        return NULL;
    }
    const pb_database *pb = pb_descriptor_database(o->pb);
    if (pb != NULL) {
        struct database *db = ARENA_NEW(ct->a, struct database);
        *db = (struct database){PB_GET(pb, id), pb_str(pb->name), pb};
        o->database = db;
    }
    return NULL;
}

struct error *
catalog_table_by_id(struct catalog_txn *ct, uint32_t id, const struct table **out)
{
    struct own *o = map_get(&ct->own, map_id(&id));
    struct cached *e;
    if (o != NULL) {
        ERR_TRY(build_own(ct, o));
        *out = ct->see_additions || o->table == NULL ? o->table : o->shown;
    } else {
        const struct before *b = map_get(&ct->before, map_id(&id));
        ERR_TRY(read_entry(ct, id, &e));
        *out = e != NULL ? e->table : NULL;
        /* Written by this transaction, read again after a savepoint's rollback. */
        if (*out != NULL && b != NULL && !ct->see_additions)
            *out = shown_table(ct, *out, b->table);
    }
    if (*out != NULL && PB_GET((*out)->pb, state) != AMBERDB__STATE__PUBLIC &&
        !(ct->see_offline && PB_GET((*out)->pb, state) == AMBERDB__STATE__OFFLINE))
        *out = NULL;
    return NULL;
}

bool
catalog_see_offline(struct catalog_txn *ct, bool see)
{
    bool was = ct->see_offline;
    ct->see_offline = see;
    return was;
}

void
catalog_hide_additions(struct catalog_txn *ct)
{
    ct->hide_additions = true;
}

bool
catalog_see_additions(struct catalog_txn *ct, bool see)
{
    bool was = ct->see_additions;
    ct->see_additions = see;
    return was;
}

const pb_table *
catalog_table_before(const struct catalog_txn *ct, uint32_t id)
{
    return table_before(ct, id);
}

struct error *
catalog_database_by_id(struct catalog_txn *ct, uint32_t id, const struct database **out)
{
    struct own *o = map_get(&ct->own, map_id(&id));
    struct cached *e;
    if (o != NULL) {
        ERR_TRY(build_own(ct, o));
        *out = o->database;
        return NULL;
    }
    ERR_TRY(read_entry(ct, id, &e));
    *out = e != NULL ? e->database : NULL;
    return NULL;
}

struct error *
catalog_database_by_name(struct catalog_txn *ct, const char *name, const struct database **out)
{
    uint32_t id;
    *out = NULL;
    ERR_TRY(catalog_namespace_get(ct, ID_ROOT, ID_ROOT, name, &id));
    return id == 0 ? NULL : catalog_database_by_id(ct, id, out);
}

struct error *
catalog_table_by_name(struct catalog_txn *ct, uint32_t database_id, const char *name,
                      const struct table **out)
{
    uint32_t id;
    *out = NULL;
    /* Table 2 bears the name still; what is meant is its successor. */
    if (database_id == ID_SYSTEM_DB && strcmp(name, "namespace") == 0)
        name = "namespace2";
    ERR_TRY(catalog_namespace_get(ct, database_id, ID_PUBLIC_SCHEMA, name, &id));
    return id == 0 ? NULL : catalog_table_by_id(ct, id, out);
}

/* ---- names ---- */

static uint32_t
name_cache_look(struct catalog_txn *ct, struct slice key, uint64_t *generation)
{
    struct catalog *c = ct->c;
    uint32_t id = 0;
    mutex_lock(&c->lock);
    *generation = c->generation;
    const struct name_slot *s = c->names_pending == 0 ? map_get(&c->names, key) : NULL;
    if (s != NULL && s->epoch == c->names_epoch && hlc_cmp(s->ts, kv_txn_read_ts(ct->t)) <= 0)
        id = s->id;
    mutex_unlock(&c->lock);
    return id;
}

static void
name_cache_fill(struct catalog_txn *ct, struct slice key, uint32_t id, struct hlc ts,
                uint64_t generation)
{
    struct catalog *c = ct->c;
    if (hlc_is_empty(ts))
        return;
    mutex_lock(&c->lock);
    if (c->generation == generation && c->names_pending == 0 &&
        hlc_cmp(kv_txn_read_ts(ct->t), c->last_change) >= 0) {
        forget_when_full(c);
        struct name_slot *s = map_get(&c->names, key);
        if (s == NULL) {
            s = ARENA_NEW(c->cache_arena, struct name_slot);
            map_put(&c->names, key, s);
        }
        *s = (struct name_slot){id, c->names_epoch, ts};
    }
    mutex_unlock(&c->lock);
}

static struct error *
read_name(struct catalog_txn *ct, struct slice key, uint32_t *id, struct hlc *ts)
{
    struct slice value;
    int64_t v;
    bool found;
    *id = 0;
    ERR_TRY(kv_get(ct->t, key, ct->a, &found, &value, ts));
    if (!found)
        return NULL;
    ERR_TRY(row_sequence_decode(value, &v));
    if (v < 0 || v > UINT32_MAX)
        return err_new(ERR_DATA_CORRUPTED, "id %lld in system.namespace", (long long)v);
    *id = (uint32_t)v;
    return NULL;
}

struct error *
catalog_namespace_get(struct catalog_txn *ct, uint32_t parent, uint32_t schema, const char *name,
                      uint32_t *id)
{
    struct slice mk = name_map_key(ct->a, parent, schema, name);
    const uint32_t *own = map_get(&ct->own_names, mk);
    uint64_t generation;
    struct hlc ts;
    struct str k;

    if (own != NULL) {
        *id = *own;
        return NULL;
    }
    str_init_arena(&k, ct->a, STR_MAX_DEFAULT);
    system_namespace_key(&k, parent, schema, name);
    *id = name_cache_look(ct, mk, &generation);
    if (*id != 0)
        return track_key(ct, str_slice(&k));
    ERR_TRY(read_name(ct, str_slice(&k), id, &ts));
    if (*id != 0) {
        name_cache_fill(ct, mk, *id, ts, generation);
        return NULL;
    }
    /* A cluster that was upgraded from 19.2 may have it in the old table only. */
    if (schema != ID_PUBLIC_SCHEMA && parent != ID_ROOT)
        return NULL;
    str_clear(&k);
    system_namespace_old_key(&k, parent, name);
    return read_name(ct, str_slice(&k), id, &ts);
}

static void
mark_names(struct catalog_txn *ct)
{
    ct->changed = true;
    if (ct->names_marked)
        return;
    ct->names_marked = true;
    mutex_lock(&ct->c->lock);
    ct->c->names_pending++;
    ct->c->generation++;
    mutex_unlock(&ct->c->lock);
}

static void
set_own_name(struct catalog_txn *ct, uint32_t parent, uint32_t schema, const char *name,
             uint32_t id)
{
    uint32_t *v = ARENA_NEW(ct->a, uint32_t);
    *v = id;
    map_put(&ct->own_names, name_map_key(ct->a, parent, schema, name), v);
}

struct error *
catalog_namespace_put(struct catalog_txn *ct, uint32_t parent, uint32_t schema, const char *name,
                      uint32_t id)
{
    struct str k, v;
    mark_names(ct);
    str_init_arena(&k, ct->a, STR_MAX_DEFAULT);
    str_init_arena(&v, ct->a, STR_MAX_DEFAULT);
    system_namespace_key(&k, parent, schema, name);
    system_int_value(&v, str_slice(&k), id);
    ERR_TRY(kv_put(ct->t, str_slice(&k), str_slice(&v)));
    set_own_name(ct, parent, schema, name, id);
    return NULL;
}

struct error *
catalog_namespace_delete(struct catalog_txn *ct, uint32_t parent, uint32_t schema,
                         const char *name)
{
    struct str k;
    struct hlc ts;
    uint32_t old;
    mark_names(ct);
    str_init_arena(&k, ct->a, STR_MAX_DEFAULT);
    system_namespace_key(&k, parent, schema, name);
    ERR_TRY(kv_del(ct->t, str_slice(&k)));
    set_own_name(ct, parent, schema, name, 0);
    if (schema != ID_PUBLIC_SCHEMA && parent != ID_ROOT)
        return NULL;
    str_clear(&k);
    system_namespace_old_key(&k, parent, name);
    ERR_TRY(read_name(ct, str_slice(&k), &old, &ts));
    return old != 0 ? kv_del(ct->t, str_slice(&k)) : NULL;
}

bool
catalog_name_is_draining(const struct catalog_txn *ct, uint32_t parent, uint32_t schema, const char *name)
{
    const uint32_t *id = map_get(&ct->own_names, name_map_key(ct->a, parent, schema, name));
    return id != NULL && *id == 0;
}

/* ---- writing descriptors ---- */

/* Called before the first write, so before any commit. */
static struct error *
own_of(struct catalog_txn *ct, uint32_t id, struct own **out)
{
    struct own *o = map_get(&ct->own, map_id(&id));
    if (o == NULL) {
        const pb_descriptor *was;
        ERR_TRY(catalog_descriptor(ct, id, &was));
        o = ARENA_NEW(ct->a, struct own);
        o->id = id;
        struct before *b = map_get(&ct->before, map_id(&id));
        if (b == NULL) {
            const pb_table *t = pb_descriptor_table(was);
            b = ARENA_NEW(ct->a, struct before);
            *b = (struct before){id, t, t != NULL ? PB_GET(t, version) : 0};
            map_put(&ct->before, map_id(&b->id), b);
        }
        o->base = b->table;
        o->base_version = b->version;
        map_put(&ct->own, map_id(&id), o);
    }
    *out = o;
    ct->changed = true;
    if (o->marked)
        return NULL;
    o->marked = true;
    if (ct->n_marked == ct->cap_marked) {
        size_t cap = ct->cap_marked == 0 ? 16 : ct->cap_marked * 2;
        ct->marked = arena_realloc(ct->a, ct->marked, ct->cap_marked * sizeof(*ct->marked),
                                   cap * sizeof(*ct->marked));
        ct->cap_marked = cap;
    }
    ct->marked[ct->n_marked++] = o;
    mutex_lock(&ct->c->lock);
    slot_of(ct->c, id)->pending++;
    ct->c->generation++;
    mutex_unlock(&ct->c->lock);
    return NULL;
}

struct error *
catalog_put_descriptor(struct catalog_txn *ct, uint32_t id, const pb_descriptor *d)
{
    pb_descriptor *copy = (pb_descriptor *)(void *)pb_copy(ct->a, PB_BASE(d));
    struct str k, v;
    struct own *o;

    ERR_TRY(own_of(ct, id, &o));
    if (copy->union_case == AMBERDB__DESCRIPTOR__UNION_TABLE)
        copy->table->modification_time = NULL; /* completed to an empty one */
    struct slice packed = pb_pack(ct->a, PB_BASE(copy));
    str_init_arena(&k, ct->a, 64);
    str_init_arena(&v, ct->a, STR_MAX_DEFAULT);
    system_descriptor_key(&k, id);
    system_bytes_value(&v, str_slice(&k), packed);
    ERR_TRY(str_error(&v));
    ERR_TRY(kv_put(ct->t, str_slice(&k), str_slice(&v)));
    o->pb = copy;
    o->table = o->shown = NULL;
    o->database = NULL;
    return NULL;
}

struct error *
catalog_delete_descriptor(struct catalog_txn *ct, uint32_t id)
{
    struct str k;
    struct own *o;
    ERR_TRY(own_of(ct, id, &o));
    str_init_arena(&k, ct->a, 64);
    system_descriptor_key(&k, id);
    ERR_TRY(kv_del(ct->t, str_slice(&k)));
    o->pb = NULL;
    o->table = o->shown = NULL;
    o->database = NULL;
    return NULL;
}

struct error *
catalog_mutable_table(struct catalog_txn *ct, struct arena *a, uint32_t id, pb_table **out)
{
    const pb_descriptor *d;
    *out = NULL;
    ERR_TRY(catalog_descriptor(ct, id, &d));
    if (pb_descriptor_table(d) == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation [%u] does not exist", id);
    *out = pb_table_copy(a, pb_descriptor_table(d));
    return NULL;
}

struct error *
catalog_write_table(struct catalog_txn *ct, pb_table *t)
{
    struct own *o;
    ERR_TRY(own_of(ct, PB_GET(t, id), &o));
    PB_SET(t, version, o->base_version + 1);
    return catalog_put_descriptor(ct, t->id, pb_descriptor_of_table(ct->a, t));
}

bool
catalog_is_new(const struct catalog_txn *ct, uint32_t id)
{
    const struct before *b = map_get(&ct->before, map_id(&id));
    return b != NULL && b->version == 0;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/sqlbase/structured.go, ValidateTable. */
static bool
has_key_swap(const pb_table *t)
{
    for (size_t i = 0; i < t->n_mutations; i++)
        if (t->mutations[i]->descriptor_case ==
            AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_PRIMARY_KEY_SWAP)
            return true;
    return false;
}

struct error *
catalog_note_change(struct catalog_txn *ct, const struct table *t, enum catalog_change change)
{
    struct noted *o = map_get(&ct->noted, map_id(&t->id));
    if (catalog_is_new(ct, t->id))
        return NULL;
    if (o == NULL) {
        o = ARENA_NEW(ct->a, struct noted);
        o->id = t->id;
        map_put(&ct->noted, map_id(&o->id), o);
    }
    if (o->new_key && change == CHANGE_MUTATION)
        return err_unimplemented(45615, "cannot perform other schema changes in the same "
                                        "transaction as a primary key change");
    if (change == CHANGE_MUTATION && has_key_swap(t->pb))
        return err_unimplemented(45615, "cannot perform a schema change operation while a primary key "
                                        "change is in progress");
    if (o->mutated && change == CHANGE_PRIMARY_KEY)
        return err_unimplemented(45510, "cannot perform a primary key change on %s with other "
                                        "schema changes on %s in the same transaction", t->name,
                                 t->name);
    o->mutated = true;
    o->new_key |= change == CHANGE_PRIMARY_KEY;
    return NULL;
}

/* ---- ids ---- */

/* Runs in transactions of their own: ids are never given back, and nobody waits for a DDL
 * statement's counter. Adds `add`, after raising the counter to at_least. *was: before the
 * addition. */
static struct error *
move_counter_once(struct catalog *c, struct arena *a, int64_t at_least, int64_t add, int64_t *was)
{
    struct kv_txn_opts o = {0};
    struct kv_txn *t;
    struct error *err = NULL;
    struct slice value;
    struct str k, v;
    bool found;
    int64_t stored;

    ERR_TRY(kv_txn_begin(c->db, &o, &t));
    str_init_arena(&k, a, 64);
    row_sequence_key(&k, ID_IDGEN);
    ERR_GOTO(kv_lock(t, str_slice(&k)), fail);
    ERR_GOTO(kv_get(t, str_slice(&k), a, &found, &value, NULL), fail);
    stored = ID_FIRST_USER;
    if (found)
        ERR_GOTO(row_sequence_decode(value, &stored), fail);
    *was = stored > at_least ? stored : at_least;
    if (*was + add > KV_FOREIGN_TABLE_MIN) {
        err = err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "out of descriptor ids");
        goto fail;
    }
    if (*was + add == stored) {
        kv_txn_rollback(t);
        return NULL;
    }
    str_init_arena(&v, a, 64);
    system_int_value(&v, str_slice(&k), *was + add);
    ERR_GOTO(kv_put(t, str_slice(&k), str_slice(&v)), fail);
    return kv_txn_commit(t, NULL);
fail:
    kv_txn_rollback(t);
    return err;
}

static struct error *
move_counter(struct catalog_txn *ct, int64_t at_least, int64_t add, uint32_t *was)
{
    int64_t v = 0;
    for (int tries = 0;; tries++) {
        struct error *err = move_counter_once(ct->c, ct->a, at_least, add, &v);
        if (err == NULL)
            break;
        if (!err_is(err, ERR_SERIALIZATION_FAILURE) || tries > 1000)
            return err;
        err_free(err);
    }
    *was = (uint32_t)v;
    return NULL;
}

struct error *
catalog_new_id(struct catalog_txn *ct, uint32_t *id)
{
    return move_counter(ct, 0, 1, id);
}

struct error *
catalog_new_ids(struct catalog_txn *ct, uint32_t n, uint32_t *first)
{
    return move_counter(ct, 0, n, first);
}

struct error *
catalog_id_counter(struct catalog_txn *ct, uint32_t *next)
{
    return move_counter(ct, 0, 0, next);
}

struct error *
catalog_raise_id_counter(struct catalog_txn *ct, uint32_t at_least)
{
    uint32_t was;
    return move_counter(ct, at_least, 0, &was);
}

/* ---- lists ---- */

/* The id in a key of system.descriptor; 0 for what is no descriptor's family. */
static uint32_t
id_of_key(struct slice key)
{
    struct str k;
    uint32_t id = 0;
    if (key.len < 4)
        return 0;
    struct reader r = reader_make(slice_make(key.ptr + 2, key.len - 2));
    uint64_t v;
    struct error *e = key_get_uvarint(&r, &v);
    if (e != NULL || v > UINT32_MAX) {
        err_free(e);
        return 0;
    }
    str_init(&k, 64);
    system_descriptor_key(&k, (uint32_t)v);
    if (slice_eq(str_slice(&k), key))
        id = (uint32_t)v;
    str_release(&k);
    return id;
}

struct listing {
    struct catalog_txn *ct;
    struct arena *a;
    const pb_descriptor **v;
    size_t n, cap;
    uint32_t *ids; /* of names, until the descriptors are fetched */
    size_t n_ids, cap_ids;
};

static void
list_add(struct listing *l, const pb_descriptor *d)
{
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 64 : l->cap * 2;
        l->v = arena_realloc(l->a, l->v, l->cap * sizeof(*l->v), cap * sizeof(*l->v));
        l->cap = cap;
    }
    l->v[l->n++] = d;
}

typedef struct error *(*list_row_fn)(struct listing *l, const struct kv_entry *row);

/* What this transaction wrote is seen, too. */
static struct error *
list_rows(struct listing *l, struct span span, list_row_fn fn)
{
    struct kv_scan_opts o = {.span = span, .fill_cache = true};
    bool was = kv_txn_read_own(l->ct->t);
    struct kv_scan *s;

    kv_txn_set_read_own(l->ct->t, true);
    struct error *err = kv_scan_open(l->ct->t, &o, &s);
    if (err == NULL) {
        struct kv_entry e;
        bool more = true;
        while (err == NULL && more) {
            err = kv_scan_next(s, &e, &more);
            if (err == NULL && more)
                err = fn(l, &e);
        }
        kv_scan_close(s);
    }
    kv_txn_set_read_own(l->ct->t, was);
    return err;
}

static struct error *
list_descriptor(struct listing *l, const struct kv_entry *row)
{
    struct catalog_txn *ct = l->ct;
    uint32_t id = id_of_key(row->key);
    if (id == 0 || row->value.len == 0)
        return NULL;
    const struct own *o = map_get(&ct->own, map_id(&id));
    struct cached *e = o == NULL ? map_get(&ct->seen, map_id(&id)) : NULL;
    if (o == NULL && e == NULL) {
        uint64_t generation;
        struct cached *hit = cache_look(ct, id, &generation);
        ERR_TRY(entry_of_row(ct, id, row->value, row->ts, hit, generation, &e));
        map_put(&ct->seen, map_id(&id), e);
    }
    const pb_descriptor *d = o != NULL ? o->pb : e->pb;
    if (d != NULL)
        list_add(l, d);
    return NULL;
}

static struct error *
list_name(struct listing *l, const struct kv_entry *row)
{
    int64_t id;
    if (row->value.len == 0)
        return NULL;
    ERR_TRY(row_sequence_decode(row->value, &id));
    if (id <= 0 || id > UINT32_MAX)
        return err_new(ERR_DATA_CORRUPTED, "id %lld in system.namespace", (long long)id);
    if (l->n_ids == l->cap_ids) {
        size_t cap = l->cap_ids == 0 ? 64 : l->cap_ids * 2;
        l->ids = arena_realloc(l->a, l->ids, l->cap_ids * sizeof(*l->ids), cap * sizeof(*l->ids));
        l->cap_ids = cap;
    }
    l->ids[l->n_ids++] = (uint32_t)id;
    return NULL;
}

static int
id_cmp(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* What has a name in `parent`, by id: there may be far more descriptors that were dropped. Who adds or
 * removes one writes a name there, and definitions that change in another database do not make the
 * transaction restart. A cluster that was upgraded from 19.2 has names in the old table only. */
static struct error *
list_named(struct listing *l, uint32_t parent)
{
    static const uint32_t tables[] = {ID_NAMESPACE_OLD, ID_NAMESPACE};

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        struct str prefix;
        str_init_arena(&prefix, l->ct->a, 64);
        key_put_uvarint(&prefix, tables[i]);
        key_put_uvarint(&prefix, 1);
        key_put_varint(&prefix, parent);
        struct slice first = slice_dup(l->ct->a, str_slice(&prefix));
        VERIFY(key_prefix_end(&prefix));
        ERR_TRY(list_rows(l, (struct span){first, str_slice(&prefix)}, list_name));
    }
    if (l->n_ids > 0)
        qsort(l->ids, l->n_ids, sizeof(*l->ids), id_cmp);
    for (size_t i = 0; i < l->n_ids; i++) {
        const pb_descriptor *d;
        if (l->ids[i] == ID_PUBLIC_SCHEMA || (i > 0 && l->ids[i] == l->ids[i - 1]))
            continue;
        ERR_TRY(catalog_descriptor(l->ct, l->ids[i], &d));
        if (d != NULL)
            list_add(l, d);
    }
    return NULL;
}

struct error *
catalog_list(struct catalog_txn *ct, struct arena *a, uint32_t database_id,
             const pb_descriptor ***out, size_t *n)
{
    struct listing l = {.ct = ct, .a = a};
    if (database_id == 0)
        ERR_TRY(list_rows(&l, row_table_span(ct->a, ID_DESCRIPTOR), list_descriptor));
    else
        ERR_TRY(list_named(&l, database_id));
    *out = l.v;
    *n = l.n;
    return NULL;
}

struct error *
catalog_list_databases(struct catalog_txn *ct, struct arena *a, const struct database ***out,
                       size_t *n)
{
    struct listing l = {.ct = ct, .a = a};
    size_t kept = 0;
    ERR_TRY(list_named(&l, ID_ROOT));
    *out = ARENA_ARRAY(a, const struct database *, l.n + 1);
    for (size_t i = 0; i < l.n; i++) {
        ERR_TRY(catalog_database_by_id(ct, pb_descriptor_id(l.v[i]), &(*out)[kept]));
        if ((*out)[kept] != NULL)
            kept++;
    }
    *n = kept;
    return NULL;
}

struct error *
catalog_list_tables(struct catalog_txn *ct, struct arena *a, uint32_t database_id,
                    const struct table ***out, size_t *n)
{
    const pb_descriptor **all;
    size_t n_all, kept = 0;
    ERR_TRY(catalog_list(ct, a, database_id, &all, &n_all));
    *out = ARENA_ARRAY(a, const struct table *, n_all + 1);
    for (size_t i = 0; i < n_all; i++) {
        if (pb_descriptor_table(all[i]) == NULL)
            continue;
        ERR_TRY(catalog_table_by_id(ct, pb_descriptor_id(all[i]), &(*out)[kept]));
        if ((*out)[kept] != NULL)
            kept++;
    }
    *n = kept;
    return NULL;
}
