/* catalog/catalog_int.h - inside of the catalog: shared cache, transaction's view.
 *
 * How the cache is exact. An entry is a descriptor's newest version, with the time it was written.
 * Who is about to change a descriptor marks its slot pending before the commit can happen, and takes
 * the mark off after: meanwhile nobody uses or fills the slot, all read the store. So an entry found
 * in a slot without marks is the newest version at the moment of looking, and a transaction whose
 * read time is not before the entry's sees the same as if it had read. It tracks the key as read, so
 * that its commit fails when the descriptor changes meanwhile. Filling: only with a read that is not
 * older than the last change, and when no change began or ended meanwhile (generation).
 * Names in system.namespace work the same, with one mark for all of them.
 */
#ifndef AMBERDB_CATALOG_CATALOG_INT_H
#define AMBERDB_CATALOG_CATALOG_INT_H

#include "base/thread.h"
#include "catalog/catalog.h"

/* From bytes to pointers; lives in an arena, never shrinks. */
struct map_entry;
struct map {
    struct arena *a;
    struct map_entry **buckets;
    size_t n_buckets, n;
};
struct map_entry {
    struct map_entry *next;
    uint64_t hash;
    struct slice key; /* copy in the arena */
    void *value;
};

void map_init(struct map *m, struct arena *a);
void *map_get(const struct map *m, struct slice key);                  /* NULL: none */
void map_put(struct map *m, struct slice key, void *value);            /* value NULL: as good as gone */
static inline struct slice
map_id(const uint32_t *id)
{
    return slice_make(id, sizeof(*id));
}

/* A parsed descriptor; immutable, shared by reference. */
struct cached {
    _Atomic int refs;
    struct arena *a;  /* holds all of it, this struct too */
    uint32_t id;
    struct hlc ts;    /* when written */
    const pb_descriptor *pb;
    const struct table *table;       /* one of these */
    const struct database *database;
};

struct slot {
    struct cached *entry;
    int pending;
};

struct name_slot {
    uint32_t id;
    uint64_t epoch; /* of the catalog when it was filled; another: forgotten since */
    struct hlc ts;
};

struct catalog {
    struct kv_db *db;
    struct arena *a;
    uint8_t cluster_id[16];
    struct mutex lock;      /* guards all below */
    struct arena *cache_arena;
    struct map slots;       /* id -> struct slot */
    struct map names;       /* parent, schema, name -> struct name_slot */
    int names_pending;
    uint64_t names_epoch;
    uint64_t generation;    /* counts beginnings and ends of changes */
    struct hlc last_change;
};

/* What this transaction made of a descriptor. */
struct noted { /* catalog_note_change */
    uint32_t id;
    bool mutated, new_key;
};

struct own {
    uint32_t id;
    const pb_descriptor *pb; /* NULL: deleted */
    const struct table *table, *shown; /* shown: without what this transaction added to it */
    const struct database *database;
    const pb_table *base;    /* the committed table; NULL: there was none */
    uint32_t base_version;   /* its version; 0 */
    bool marked;             /* pending in the shared slot */
};

/* What the transaction found of a table before it first changed it; a savepoint's rollback keeps it. */
struct before {
    uint32_t id;
    const pb_table *table;   /* NULL: there was none */
    uint32_t version;        /* 0 */
};

struct catalog_txn {
    struct catalog *c;
    struct kv_txn *t;
    struct arena *a;
    struct map own;          /* id -> struct own */
    struct map before;       /* id -> struct before */
    struct map seen;         /* id -> struct cached */
    struct map own_names;    /* -> uint32_t *, 0 = deleted */
    struct map noted;        /* -> struct noted */
    struct map roles;        /* user -> struct role_list */
    struct own **marked;     /* all own entries ever marked */
    size_t n_marked, cap_marked;
    struct cached **held;    /* references to give back */
    size_t n_held, cap_held;
    bool names_marked, changed, ended;
    bool see_offline;
    bool hide_additions, see_additions; /* the latter while schema statements run */
};

struct slice name_map_key(struct arena *a, uint32_t parent, uint32_t schema, const char *name);

#endif
