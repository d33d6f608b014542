/* Rows of attached backups, straight from the data files.
 *
 *     attachments      per process: what is open, by the database that holds the record
 *       attached       layers, intervals of the coverage check, the maps between ids
 *         held         a data file: mapped whole, or its end in memory and the rest read by ranges
 *         remade       a table with collated keys of other weights; once it was asked for: an attached of
 *                      its own, whose files are those that attach_collate.c made
 *     iterator         interval by interval: merge -> check -> rewrite ids
 *
 * Files up to WHOLE_BYTES, and all encrypted ones, are fetched as a whole and held against their SHA-512.
 * Of larger ones only the blocks that are asked for are read: each block has a checksum, each value one
 * that covers its key; that the file is the one meant is seen by its first key and by its times.
 *
 * ATTACH gives new ids in the order of the old ones, so that keys come in the same order under both.
 * Backwards: chunks of a block, read forwards and handed out from their end. */
#include "config.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/thread.h"
#include "catalog/row.h"
#include "executor/backup/attach_int.h"
#include "executor/backup/merge.h"
#include "executor/backup/restore_int.h"
#include "types/keyenc.h"
#include "types/valueenc.h"

#define WHOLE_BYTES ((uint64_t)16 << 20)
#define TAIL_BYTES ((uint64_t)256 << 10)   /* index and properties of a file of usual size */
#define HELD_BYTES ((uint64_t)512 << 20)   /* of fetched files that nobody reads at the moment */
#define HELD_FILES 256
#define BATCH_BYTES ((size_t)256 << 10)
#define CANCEL_ROWS 1024

/* A data file, shared by iterators. Fields but users are written by who has `loading`. */
struct held {
    const struct cover_file *cf;
    bool ready, loading;
    int users;
    uint64_t used;           /* when last; of attached.ticks */
    struct arena *a;
    uint64_t size;
    struct slice map;        /* the whole file; else ptr is NULL and: */
    struct slice tail;       /* its last bytes */
    bool mapped;
};

struct remade {
    struct collated_table *v; /* under our ids */
    size_t n;
    struct attached *at;     /* NULL: nobody has asked yet */
    bool loading;
};

struct attached {
    struct attached *next;
    struct node *node;
    struct arena *a;
    uint64_t whole_bytes;
    uint32_t holder;
    struct backup_chain chain;
    struct hlc as_of;
    uint32_t *ids;           /* ours, ascending */
    size_t n_ids;
    struct key_rewriter *ours, *theirs; /* from their ids to ours; and back */
    struct cover_interval *iv;
    size_t n_iv, cap_iv;
    struct held *held;       /* by cover_file.index */
    size_t n_held;
    struct remade *remade;
    size_t n_remade;
    int refs;                /* guarded by attachments.lock */
    struct mutex lock;       /* guards held[].users, ready, loading, used; ticks; remade[].at, loading */
    struct cond changed;
    uint64_t ticks;
};

struct attachments {
    struct node *node;
    uint64_t whole_bytes;
    struct mutex lock;
    struct attached *first;
};

/* ---- opening what the catalog says is attached ---- */

void
attach_layer_id(const struct backup_layer *l, uint8_t out[LAYER_ID_LEN])
{
    struct sha512 *h = sha512_create();
    char start[HLC_STR_MAX], end[HLC_STR_MAX];
    hlc_text(l->start, start);
    hlc_text(l->end, end);
    sha512_update(h, start, strlen(start) + 1);
    sha512_update(h, end, strlen(end) + 1);
    sha512_update(h, l->m->id.data, l->m->has_id ? l->m->id.len : 0);
    for (size_t i = 0; i < l->m->n_files; i++) {
        const char *path = pb_str(l->m->files[i]->path);
        sha512_update(h, path, strlen(path) + 1);
        sha512_update(h, l->m->files[i]->sha512.data, l->m->files[i]->sha512.len);
    }
    sha512_final(h, out);
}

static void
free_attached(struct attached *at)
{
    for (size_t i = 0; i < at->n_held; i++)
        arena_destroy(at->held[i].a);
    for (size_t i = 0; i < at->n_remade; i++)
        if (at->remade[i].at != NULL)
            free_attached(at->remade[i].at);
    cond_destroy(&at->changed);
    mutex_destroy(&at->lock);
    arena_destroy(at->a);
    xfree(at);
}

static void
unref(struct attachments *all, struct attached *at)
{
    mutex_lock(&all->lock);
    bool last = --at->refs == 0;
    mutex_unlock(&all->lock);
    if (last)
        free_attached(at);
}

static struct error *
add_interval(void *arg, const struct cover_interval *iv)
{
    struct attached *at = arg;
    if (iv->n_files == 0)
        return NULL;
    if (at->n_iv == at->cap_iv) {
        size_t cap = at->cap_iv == 0 ? 64 : 2 * at->cap_iv;
        at->iv = arena_realloc(at->a, at->iv, at->cap_iv * sizeof(*at->iv),
                               cap * sizeof(*at->iv));
        at->cap_iv = cap;
    }
    for (size_t i = 0; i < iv->n_files; i++)
        at->held[iv->files[i].index].cf = &iv->files[i];
    at->iv[at->n_iv++] = *iv;
    return NULL;
}

static struct error *
check_layers(const struct attached *at, const Amberdb__AttachedBackup *rec)
{
    uint8_t id[LAYER_ID_LEN];
    bool same = at->chain.n == rec->n_layer_ids && at->chain.n > 0;
    for (size_t i = 0; i < at->chain.n && same; i++) {
        attach_layer_id(&at->chain.v[i], id);
        same = slice_eq(pb_bytes(rec->layer_ids[i]), slice_make(id, LAYER_ID_LEN));
    }
    return same ? NULL
                : err_new(ERR_DATA_CORRUPTED,
                          "backup \"%s\" is not the one any more that was attached",
                          pb_str(rec->name));
}

static int
by_id(const void *pa, const void *pb)
{
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
    return (a > b) - (a < b);
}

/* Where the index's keys lie: its own table and number, or those of the root that it is interleaved in. */
static uint64_t
root_of(const struct table *t, const struct index *ix)
{
    const Amberdb__InterleaveDescriptor *il = ix->pb != NULL ? ix->pb->interleave : NULL;
    if (il == NULL || il->n_ancestors == 0)
        return (uint64_t)t->id << 32 | ix->id;
    return (uint64_t)PB_GET(il->ancestors[0], table_id) << 32 | PB_GET(il->ancestors[0], index_id);
}

/* Are the keys that lie there made anew? If one index's are, then all that are interleaved with it. */
static bool
root_is_remade(const struct remade *m, uint64_t root)
{
    for (size_t i = 0; i < m->n; i++)
        for (int k = 0; k < m->v[i].t->n_indexes; k++)
            if (root_of(m->v[i].t, &m->v[i].t->indexes[k]) == root &&
                restore_collated_key(m->v[i].t, &m->v[i].t->indexes[k]))
                return true;
    return false;
}

struct grouping {
    struct collated_table *v;
    uint32_t *group; /* of each: the id of one of its tables */
    size_t n;
};

/* Tables that are interleaved come into one group. */
static void
join_groups(struct grouping *g)
{
    for (size_t i = 0; i < g->n; i++)
        for (int k = 0; k < g->v[i].t->n_indexes; k++) {
            uint32_t root = (uint32_t)(root_of(g->v[i].t, &g->v[i].t->indexes[k]) >> 32);
            for (size_t m = 0; m < g->n && root != g->v[i].t->id; m++) {
                if (g->v[m].t->id != root || g->group[m] == g->group[i])
                    continue;
                uint32_t gone = g->group[m];
                for (size_t x = 0; x < g->n; x++)
                    if (g->group[x] == gone)
                        g->group[x] = g->group[i];
            }
        }
}

static void
add_group(struct attached *at, const struct grouping *g, uint32_t group)
{
    struct remade m = {.v = ARENA_ARRAY(at->a, struct collated_table, g->n)};
    bool any = false;
    for (size_t i = 0; i < g->n; i++)
        if (g->group[i] == group)
            m.v[m.n++] = g->v[i];
    for (size_t i = 0; i < m.n; i++) {
        m.v[i].wanted = ARENA_ARRAY(at->a, bool, (size_t)m.v[i].t->n_indexes + 1);
        for (int k = 0; k < m.v[i].t->n_indexes; k++) {
            m.v[i].wanted[k] = root_is_remade(&m, root_of(m.v[i].t, &m.v[i].t->indexes[k]));
            any = any || m.v[i].wanted[k];
        }
    }
    if (any)
        at->remade[at->n_remade++] = m;
}

/* The tables whose keys the backup has in another order. */
static struct error *
note_collated(struct attached *at, const struct rewrites *there, pb_table *const *ours, size_t n)
{
    struct grouping g = {.v = ARENA_ARRAY(at->a, struct collated_table, n + 1),
                         .group = ARENA_ARRAY(at->a, uint32_t, n + 1)};
    at->remade = ARENA_ARRAY(at->a, struct remade, n + 1);
    for (size_t i = 0; i < n && !chain_has_our_collation(&at->chain); i++) {
        struct collated_table *x = &g.v[g.n];
        if (*pb_str(ours[i]->view_query) != '\0')
            continue;
        x->pb = pb_table_copy(at->a, ours[i]);
        restore_rewrite_indexes(there, x->pb);
        ERR_TRY(table_from_pb(at->a, pb_table_copy(at->a, x->pb), &x->t));
        if (x->t->is_sequence)
            continue;
        g.group[g.n++] = x->t->id;
    }
    join_groups(&g);
    for (size_t i = 0; i < g.n; i++) {
        bool first = true;
        for (size_t k = 0; k < i; k++)
            first = first && g.group[k] != g.group[i];
        if (first)
            add_group(at, &g, g.group[i]);
    }
    return NULL;
}

static struct error *
map_ids(struct attached *at, const Amberdb__RestoreDetails *d)
{
    struct rewrites there = {0}, back = {0};
    struct arena *a = at->a;
    pb_descriptor **all;
    size_t n, n_tables = 0;
    ERR_TRY(chain_descriptors(a, &at->chain, at->as_of, true, &all, &n));
    there.v = ARENA_ARRAY(a, struct rewrite, d->n_table_rewrites + 1);
    back.v = ARENA_ARRAY(a, struct rewrite, d->n_table_rewrites + 1);
    at->ids = ARENA_ARRAY(a, uint32_t, d->n_table_rewrites + 1);
    for (size_t i = 0; i < d->n_table_rewrites; i++) {
        const Amberdb__TableRewriteEntry *e = d->table_rewrites[i];
        if (e->value == NULL || PB_GET(e->value, parent_id) == 0)
            continue;
        uint32_t old = PB_GET(e, key), new = PB_GET(e->value, table_id);
        there.v[there.n++] = (struct rewrite){old, new, 0, false};
        back.v[back.n++] = (struct rewrite){new, old, 0, false};
        at->ids[at->n_ids++] = new;
    }
    qsort(at->ids, at->n_ids, sizeof(*at->ids), by_id);
    pb_table **theirs = ARENA_ARRAY(a, pb_table *, n + 1);
    pb_table **ours = ARENA_ARRAY(a, pb_table *, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct rewrite *w = rewrite_of(&there, pb_descriptor_id(all[i]));
        if (w == NULL || all[i]->union_case != AMBERDB__DESCRIPTOR__UNION_TABLE)
            continue;
        theirs[n_tables] = all[i]->table;
        ours[n_tables] = arena_memdup(a, all[i]->table, sizeof(*all[i]->table));
        PB_SET(ours[n_tables], id, w->new_id);
        n_tables++;
    }
    ERR_TRY(key_rewriter_create(a, &there, theirs, n_tables, &at->ours));
    ERR_TRY(key_rewriter_create(a, &back, ours, n_tables, &at->theirs));
    ERR_TRY(note_collated(at, &there, ours, n_tables));
    struct span_list wanted = {0};
    for (size_t i = 0; i < n_tables; i++)
        ERR_TRY(table_spans(a, theirs[i], &wanted));
    span_list_sort(&wanted);
    for (size_t i = 0; i < at->chain.n; i++)
        at->n_held += at->chain.v[i].m->n_files;
    at->held = arena_zalloc(a, (at->n_held + 1) * sizeof(*at->held));
    struct coverage c = {.layers = at->chain.v, .n_layers = at->chain.n, .wanted = &wanted,
                         .end = chain_end(&at->chain), .each = add_interval, .arg = at};
    return coverage_check(a, &c);
}

static struct error *
open_attached(struct node *n, const Amberdb__AttachedBackup *rec, const struct cancel *cancel,
              struct attached **out)
{
    struct attached *at = xcalloc(1, sizeof(*at));
    at->a = arena_create(NULL, "attached backup");
    at->node = n;
    at->holder = PB_GET(rec, holder);
    rec = (Amberdb__AttachedBackup *)pb_copy(at->a, PB_BASE(rec));
    at->as_of = pb_hlc(rec->source->end_time);
    mutex_init(&at->lock, RANK_ENGINE);
    cond_init(&at->changed);
    struct error *e = chain_reopen(n, at->a, rec->source, 0, cancel, &at->chain);
    if (e == NULL)
        e = check_layers(at, rec);
    if (e == NULL)
        e = map_ids(at, rec->source);
    chain_set_cancel(&at->chain, NULL);
    if (e != NULL) {
        e = err_wrap(e, "reading the attached backup \"%s\"", pb_str(rec->name));
        free_attached(at);
        return e;
    }
    *out = at;
    return NULL;
}

struct record {
    uint32_t table;
    struct arena *a;
    Amberdb__AttachedBackup *rec; /* NULL: there is none */
};

static struct error *
read_record(struct exec_ctx *x, void *arg)
{
    struct record *r = arg;
    const pb_descriptor *d;
    uint32_t id = r->table;
    r->rec = NULL;
    for (int i = 0; i < 3; i++) { /* the table, its database, the one that holds the record */
        ERR_TRY(catalog_descriptor(x->catalog, id, &d));
        if (d == NULL)
            return NULL;
        const pb_table *t = pb_descriptor_table(d);
        const pb_database *db = pb_descriptor_database(d);
        if (t != NULL) {
            id = PB_GET(t, parent_id);
        } else if (db->attached == NULL) {
            return NULL;
        } else if (PB_GET(db->attached, holder) == id && db->attached->source != NULL) {
            r->rec = (Amberdb__AttachedBackup *)pb_copy(r->a, PB_BASE(db->attached));
            return NULL;
        } else {
            id = PB_GET(db->attached, holder);
        }
    }
    return NULL;
}

/* What is open of the table's backup, with a reference; NULL: nothing. Lock held. */
static struct attached *
find_open(struct attachments *all, uint32_t table)
{
    for (struct attached *at = all->first; at != NULL; at = at->next)
        if (bsearch(&table, at->ids, at->n_ids, sizeof(table), by_id) != NULL) {
            at->refs++;
            return at;
        }
    return NULL;
}

static struct error *
find(struct attachments *all, uint32_t table, const struct cancel *cancel, struct attached **out)
{
    mutex_lock(&all->lock);
    *out = find_open(all, table);
    mutex_unlock(&all->lock);
    if (*out != NULL)
        return NULL;
    struct attached *mine = NULL;
    struct record r = {.table = table, .a = arena_create(NULL, "attached backup's record")};
    struct error *e = exec_txn(all->node, NULL, "system", HLC_MIN, cancel, read_record, &r);
    if (e == NULL && r.rec == NULL)
        e = err_new(ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                    "the backup that held this table has been detached");
    if (e == NULL)
        e = open_attached(all->node, r.rec, cancel, &mine);
    arena_destroy(r.a);
    if (e != NULL)
        return e;
    mutex_lock(&all->lock);
    *out = find_open(all, table); /* somebody was quicker */
    if (*out == NULL && mine != NULL) {
        mine->whole_bytes = all->whole_bytes;
        mine->refs = 2;           /* the list's and the caller's */
        mine->next = all->first;
        all->first = *out = mine;
        mine = NULL;
    }
    mutex_unlock(&all->lock);
    if (mine != NULL)
        free_attached(mine);
    return NULL;
}

void
attachments_forget(struct attachments *all, uint32_t holder)
{
    struct attached *gone = NULL;
    mutex_lock(&all->lock);
    for (struct attached **p = &all->first; *p != NULL; p = &(*p)->next)
        if ((*p)->holder == holder) {
            gone = *p;
            *p = gone->next;
            break;
        }
    mutex_unlock(&all->lock);
    if (gone != NULL)
        unref(all, gone);
}

/* ---- files ---- */

struct open_file {
    struct merge_file m;
    struct attached *at;
    struct held *h;
    struct arena *a;
    struct sink *sink;       /* of a file that is read by ranges */
    struct sst_source src;
};

/* A sink of our own, whose waits end with the statement. */
static struct error *
open_own_sink(struct attached *at, const struct cover_file *cf, struct arena *a,
              const struct cancel *cancel, struct sink **out)
{
    ERR_TRY(open_sink(at->node, a, layer_file_uri(cf->layer, cf->file),
                      at->chain.encrypted ? &at->chain.key : NULL, out));
    sink_set_cancel(*out, cancel);
    return NULL;
}

static struct error *
fetch(struct attached *at, struct held *h, const struct cancel *cancel)
{
    const struct cover_file *cf = h->cf;
    const char *path = cf->file->path;
    struct arena *scratch = arena_create(NULL, "fetch");
    struct sink *s;
    h->a = arena_create(NULL, "attached file");
    struct error *e = open_own_sink(at, cf, scratch, cancel, &s);
    if (e == NULL && !at->chain.encrypted)
        e = sink_size(s, path, &h->size);
    if (e == NULL && (at->chain.encrypted || h->size <= at->whole_bytes)) {
        e = sink_map(s, h->a, path, &h->map);
        h->mapped = s->vt->map != NULL;
        h->size = h->map.len;
        if (e == NULL)
            e = merge_verify(cf->file, h->map, h->mapped);
    } else if (e == NULL && s->inner == NULL && strcmp(s->vt->name, "nodelocal") == 0) {
        e = sink_map(s, h->a, path, &h->map); /* costs nothing until it is read */
        h->mapped = true;
    } else if (e == NULL) {
        void *p;
        uint64_t n = h->size < TAIL_BYTES ? h->size : TAIL_BYTES;
        e = arena_try_alloc(h->a, n, &p);
        if (e == NULL)
            e = sink_read(s, path, h->size - n, n, p);
        h->tail = slice_make(p, n);
    }
    arena_destroy(scratch);
    return e == NULL ? NULL : err_wrap(store_error(e), "fetching \"%s\"", path);
}

static void
forget_file(struct held *h)
{
    arena_destroy(h->a);
    *h = (struct held){.cf = h->cf};
}

/* Files that nobody reads, the least recently used first, until the rest is few enough. Lock held. */
static void
trim_held(struct attached *at)
{
    for (;;) {
        struct held *oldest = NULL;
        uint64_t bytes = 0, files = 0;
        for (size_t i = 0; i < at->n_held; i++) {
            struct held *h = &at->held[i];
            if (!h->ready || h->users > 0)
                continue;
            bytes += h->size;
            files++;
            if (oldest == NULL || h->used < oldest->used)
                oldest = h;
        }
        if (oldest == NULL || (bytes <= HELD_BYTES && files <= HELD_FILES))
            return;
        forget_file(oldest);
    }
}

static void
let_go(struct attached *at, struct held *h)
{
    mutex_lock(&at->lock);
    h->users--;
    h->used = ++at->ticks;
    trim_held(at);
    mutex_unlock(&at->lock);
}

/* The file is there once this returns, and stays until let_go. */
static struct error *
hold(struct attached *at, struct held *h, const struct cancel *cancel)
{
    struct error *e = NULL;
    mutex_lock(&at->lock);
    while (h->loading)
        cond_wait(&at->changed, &at->lock);
    if (!h->ready) {
        h->loading = true;
        mutex_unlock(&at->lock);
        e = fetch(at, h, cancel);
        mutex_lock(&at->lock);
        h->loading = false;
        if (e == NULL)
            h->ready = true;
        else
            forget_file(h);
        cond_broadcast(&at->changed);
    }
    if (e == NULL)
        h->users++;
    mutex_unlock(&at->lock);
    return e;
}

static struct error *
read_range(void *arg, uint64_t offset, size_t len, uint8_t *out)
{
    struct open_file *f = arg;
    const struct slice *tail = &f->h->tail;
    uint64_t tail_at = f->h->size - tail->len;
    if (offset >= tail_at) {
        memcpy(out, tail->ptr + (offset - tail_at), len);
        return NULL;
    }
    return sink_read(f->sink, f->m.in.name, offset, len, out);
}

/* A file of another name, or of another backup, has other keys. */
static struct error *
check_first_key(const struct cover_file *cf, struct sst_reader *r)
{
    struct sst_iter *it;
    struct engine_version v;
    bool more;
    ERR_TRY(sst_iter_open(r, &it));
    struct error *e = sst_iter_next(it, &v, &more);
    if (e == NULL && more &&
        (slice_cmp(v.key, span_key(cf->file->span)) < 0 ||
         slice_cmp(v.key, span_end(cf->file->span)) >= 0))
        e = err_new(ERR_DATA_CORRUPTED, "data file %s holds other keys than its backup says",
                    cf->file->path);
    sst_iter_close(it);
    return e;
}

static void
close_file(struct merge_file *m)
{
    struct open_file *f = (struct open_file *)m;
    merge_input_release(&m->in);
    arena_destroy(f->a);
    let_go(f->at, f->h);
    xfree(f);
}

struct attach_iter {
    struct engine_iter base;
    struct attachments *all;
    struct attached *held_by, *at; /* the latter of the former, or the same */
    const struct cancel *cancel;
    struct arena *a, *interval_arena, *batch_arena;
    struct engine_scan_opts o;
    struct str start, end;   /* under their ids; end empty: to the last key */
    struct merge_files files;
    struct key_rewrite_state keys;
    size_t iv;               /* interval in hand; backwards: one behind it */
    struct merge m;
    bool merging;
    uint64_t seen;
    /* Backwards: */
    struct str upper;        /* what is at or behind it has been shown; empty: nothing yet */
    struct engine_version *rows;
    size_t n_rows, cap_rows;
};

static struct error *
open_file(void *arg, const struct cover_file *cf, struct merge_file **out)
{
    struct attach_iter *it = arg;
    struct held *h = &it->at->held[cf->index];
    ERR_TRY(hold(it->at, h, it->cancel));
    struct open_file *f = xcalloc(1, sizeof(*f));
    struct error *e = NULL;
    f->at = it->at;
    f->h = h;
    f->a = arena_create(NULL, "attached file");
    f->m.in = (struct merge_input){.name = cf->file->path, .map = h->map, .mapped = h->mapped,
                                   .newest = cf->layer->end};
    f->src = (struct sst_source){.arg = f, .size = h->size, .mem = h->map.ptr,
                                 .read = read_range};
    if (h->map.ptr == NULL)
        e = open_own_sink(it->at, cf, f->a, it->cancel, &f->sink);
    if (e == NULL)
        e = sst_reader_open(cf->file->path, &f->src, &f->m.in.reader);
    if (e == NULL)
        e = sst_reader_index(f->m.in.reader);
    if (e == NULL)
        e = check_first_key(cf, f->m.in.reader);
    if (e != NULL) {
        close_file(&f->m);
        return e;
    }
    *out = &f->m;
    return NULL;
}

/* ---- iterating ---- */

/* The first interval that ends behind the key. */
static size_t
interval_at(const struct attached *at, struct slice key)
{
    size_t lo = 0, hi = at->n_iv;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (slice_cmp(at->iv[mid].span.end, key) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The part of the interval that is wanted; false: none. */
static bool
wanted_part(const struct attach_iter *it, const struct cover_interval *iv, struct span *out)
{
    *out = iv->span;
    if (slice_cmp(out->start, str_slice(&it->start)) < 0)
        out->start = str_slice(&it->start);
    if (it->end.len > 0 && slice_cmp(str_slice(&it->end), out->end) < 0)
        out->end = str_slice(&it->end);
    if (it->o.reverse && it->upper.len > 0 && slice_cmp(str_slice(&it->upper), out->end) < 0)
        out->end = str_slice(&it->upper);
    return slice_cmp(out->start, out->end) < 0;
}

static struct error *
merge_part(struct attach_iter *it, struct merge_input *const *in, size_t n, struct span part)
{
    it->merging = true;
    return merge_open(&it->m, it->interval_arena, in, n, part, it->at->as_of);
}

static void
merge_done(struct attach_iter *it)
{
    if (it->merging)
        merge_close(&it->m);
    it->merging = false;
}

/* The next row of the merge, checked and under our ids. */
static struct error *
next_merged(struct attach_iter *it, struct engine_version *v, bool *more)
{
    struct slice key, value;
    for (;;) {
        bool keep;
        if (++it->seen % CANCEL_ROWS == 0)
            ERR_TRY(cancel_check(it->cancel));
        ERR_TRY(merge_next(&it->m, v, more));
        if (!*more)
            return NULL;
        if (v->value.len == 0 && !it->o.show_deletions)
            continue;
        if (v->value.len > 0 && !value_checksum_ok(v->value, v->key))
            return err_new(ERR_DATA_CORRUPTED, "checksum mismatch in the value of %s",
                           key_text(it->interval_arena, v->key));
        ERR_TRY(key_rewrite(&it->keys, v->key, v->value, &key, &value, &keep));
        if (!keep)
            continue;
        v->key = key;
        v->value = value;
        return NULL;
    }
}

static struct error *
next_forwards(struct attach_iter *it, struct engine_version *v, bool *more)
{
    for (;;) {
        if (it->merging) {
            ERR_TRY(next_merged(it, v, more));
            if (*more)
                return NULL;
            merge_done(it);
            it->iv++;
        }
        struct merge_input **in;
        struct span part;
        *more = it->iv < it->at->n_iv && wanted_part(it, &it->at->iv[it->iv], &part);
        if (!*more)
            return NULL;
        const struct cover_interval *iv = &it->at->iv[it->iv];
        arena_reset(it->interval_arena);
        ERR_TRY(merge_files_open(&it->files, it->interval_arena, iv, &in));
        ERR_TRY(merge_part(it, in, iv->n_files, part));
    }
}

/* Rows of the last block or so of the part, kept; what is shown next lies before it. */
static struct error *
read_chunk(struct attach_iter *it, const struct cover_interval *iv, struct span part)
{
    struct merge_input **in;
    struct str from, key;
    struct engine_version v;
    bool more = true;
    ERR_TRY(merge_files_open(&it->files, it->interval_arena, iv, &in));
    str_init_arena(&from, it->interval_arena, STR_MAX_DEFAULT);
    str_init_arena(&key, it->interval_arena, STR_MAX_DEFAULT);
    str_append_slice(&from, part.start);
    for (size_t i = 0; i < iv->n_files; i++) {
        str_clear(&key);
        ERR_TRY(sst_reader_before(in[i]->reader, part.end, &key));
        if (slice_cmp(str_slice(&key), str_slice(&from)) > 0) {
            str_clear(&from);
            str_append_slice(&from, str_slice(&key));
        }
    }
    struct error *e = merge_part(it, in, iv->n_files, (struct span){str_slice(&from), part.end});
    while (e == NULL && more) {
        e = next_merged(it, &v, &more);
        if (e != NULL || !more)
            break;
        if (it->n_rows == it->cap_rows) {
            it->cap_rows = it->cap_rows == 0 ? 256 : 2 * it->cap_rows;
            it->rows = xrealloc(it->rows, it->cap_rows * sizeof(*it->rows));
        }
        it->rows[it->n_rows++] = (struct engine_version){slice_dup(it->interval_arena, v.key), v.ts,
                                                         slice_dup(it->interval_arena, v.value)};
    }
    merge_done(it);
    str_clear(&it->upper);
    str_append_slice(&it->upper, str_slice(&from));
    return e;
}

static struct error *
next_backwards(struct attach_iter *it, struct engine_version *v, bool *more)
{
    while (it->n_rows == 0) {
        struct span part;
        *more = it->iv > 0;
        if (!*more)
            return NULL;
        const struct cover_interval *iv = &it->at->iv[it->iv - 1];
        if (slice_cmp(iv->span.end, str_slice(&it->start)) <= 0) {
            it->iv = 0;
            continue;
        }
        arena_reset(it->interval_arena);
        if (wanted_part(it, iv, &part))
            ERR_TRY(read_chunk(it, iv, part));
        else
            it->iv--;
    }
    *more = true;
    *v = it->rows[--it->n_rows];
    return NULL;
}

static struct error *
iter_next(struct engine_iter *base, struct engine_version *v, bool *more)
{
    struct attach_iter *it = (struct attach_iter *)base;
    return it->o.reverse ? next_backwards(it, v, more) : next_forwards(it, v, more);
}

static struct error *
iter_batch(struct engine_iter *base, struct engine_version *v, size_t max, size_t *n)
{
    struct attach_iter *it = (struct attach_iter *)base;
    size_t bytes = 0;
    bool more = true;
    arena_reset(it->batch_arena);
    while (*n < max && bytes < BATCH_BYTES) {
        struct engine_version *row = &v[*n];
        ERR_TRY(iter_next(base, row, &more));
        if (!more)
            break;
        bytes += row->key.len + row->value.len;
        row->key = slice_dup(it->batch_arena, row->key);
        row->value = slice_dup(it->batch_arena, row->value);
        (*n)++;
    }
    return NULL;
}

/* To where the bounds say. */
static void
rewind_to_bounds(struct attach_iter *it)
{
    const struct attached *at = it->at;
    merge_done(it);
    it->n_rows = 0;
    str_clear(&it->upper);
    if (!it->o.reverse) {
        it->iv = interval_at(at, str_slice(&it->start));
    } else {
        it->iv = it->end.len == 0 ? at->n_iv : interval_at(at, str_slice(&it->end));
        it->iv += it->iv < at->n_iv; /* its beginning may be wanted */
    }
}

static struct error *
iter_seek(struct engine_iter *base, struct slice key)
{
    struct attach_iter *it = (struct attach_iter *)base;
    struct str *bound = it->o.reverse ? &it->end : &it->start, after;
    str_init_arena(&after, it->a, STR_MAX_DEFAULT);
    str_append_slice(&after, key);
    if (it->o.reverse)
        str_append_char(&after, 0);
    str_clear(bound);
    ERR_TRY(key_rewrite_bound(it->at->theirs, str_slice(&after), bound));
    rewind_to_bounds(it);
    return NULL;
}

static void
iter_close(struct engine_iter *base)
{
    struct attach_iter *it = (struct attach_iter *)base;
    merge_done(it);
    merge_files_close(&it->files);
    unref(it->all, it->held_by);
    arena_destroy(it->batch_arena);
    arena_destroy(it->interval_arena);
    arena_destroy(it->a);
    str_release(&it->upper);
    xfree(it->rows);
    xfree(it);
}

static const struct engine_vt attach_vt = {
    .name = "attached backup",
    .iter_next = iter_next,
    .iter_batch = iter_batch,
    .iter_seek = iter_seek,
    .iter_close = iter_close,
};

/* Takes the reference to held_by, in an error, too. */
static struct error *
open_on(struct attachments *all, struct attached *held_by, struct attached *at,
        const struct engine_scan_opts *o, const struct cancel *cancel, struct engine_iter **out)
{
    struct attach_iter *it = xcalloc(1, sizeof(*it));
    it->base.vt = &attach_vt;
    it->all = all;
    it->held_by = held_by;
    it->at = at;
    it->cancel = cancel;
    it->o = *o;
    it->a = arena_create(NULL, "attached scan");
    it->interval_arena = arena_create(NULL, "attached interval");
    it->batch_arena = arena_create(NULL, "attached batch");
    it->files = (struct merge_files){.open = open_file, .close = close_file, .arg = it};
    key_rewrite_init(&it->keys, at->ours, it->a);
    str_init_arena(&it->start, it->a, STR_MAX_DEFAULT);
    str_init_arena(&it->end, it->a, STR_MAX_DEFAULT);
    str_init(&it->upper, STR_MAX_DEFAULT);
    struct error *e = key_rewrite_bound(at->theirs, o->span.start, &it->start);
    if (e == NULL && o->span.end.len > 0)
        e = key_rewrite_bound(at->theirs, o->span.end, &it->end);
    if (e != NULL) {
        iter_close(&it->base);
        return e;
    }
    rewind_to_bounds(it);
    *out = &it->base;
    return NULL;
}

/* ---- collated keys ---- */

/* What reads the runs: one interval, all of them its files, no other ids. */
static struct error *
attached_of_runs(struct attached *at, const struct collated_tables *ts, struct attached *made,
                 const struct slice *runs, size_t n)
{
    static const struct backup_layer no_layer;
    struct arena *a = made->a;
    struct rewrites same = {ARENA_ARRAY(a, struct rewrite, ts->n), ts->n};
    pb_table **tables = ARENA_ARRAY(a, pb_table *, ts->n);
    for (size_t i = 0; i < ts->n; i++) {
        uint32_t id = ts->v[i].t->id;
        same.v[i] = (struct rewrite){id, id, 0, false};
        tables[i] = pb_table_copy(a, ts->v[i].pb);
    }
    made->node = at->node;
    ERR_TRY(key_rewriter_create(a, &same, tables, ts->n, &made->ours));
    made->theirs = made->ours;
    struct cover_interval *iv = ARENA_NEW(a, struct cover_interval);
    *iv = (struct cover_interval){collated_span(a, ts), n, ARENA_ARRAY(a, struct cover_file, n + 1)};
    made->iv = iv;
    made->n_iv = 1;
    made->held = arena_zalloc(a, (n + 1) * sizeof(*made->held));
    made->n_held = n;
    for (size_t i = 0; i < n; i++) {
        pb_file *f = PB_NEW(a, File, file);
        f->path = arena_strdup(a, "collated keys");
        f->span = PB_NEW(a, Span, span);
        pb_set_bytes(a, &f->span->key, &f->span->has_key, iv->span.start);
        pb_set_bytes(a, &f->span->end_key, &f->span->has_end_key, iv->span.end);
        iv->files[i] = (struct cover_file){&no_layer, 0, f, (uint32_t)i};
        made->held[i] = (struct held){.cf = &iv->files[i], .ready = true, .users = 1, /* for good */
                                      .size = runs[i].len, .map = runs[i], .mapped = true};
    }
    return NULL;
}

struct as_it_is {
    struct attachments *all;
    struct attached *at;
    struct arena *a;
    const struct cancel *cancel;
};

static struct error *
rows_as_they_are(void *arg, const struct table *t, struct engine_iter **out)
{
    struct as_it_is *s = arg;
    struct engine_scan_opts o = {.span = row_index_span(s->a, t, &t->indexes[0]),
                                 .mode = ENGINE_SCAN_AT};
    mutex_lock(&s->all->lock);
    s->at->refs++;
    mutex_unlock(&s->all->lock);
    return open_on(s->all, s->at, s->at, &o, s->cancel, out);
}

static struct error *
remake(struct attachments *all, struct attached *at, const struct remade *m,
       const struct cancel *cancel, struct attached **out)
{
    struct attached *made = xcalloc(1, sizeof(*made));
    made->a = arena_create(NULL, "collated keys");
    mutex_init(&made->lock, RANK_ENGINE);
    cond_init(&made->changed);
    struct as_it_is source = {all, at, made->a, cancel};
    struct collated_tables ts = {m->v, m->n, rows_as_they_are, &source};
    struct slice *runs;
    size_t n;
    struct error *e = attach_collate(at->node, &ts, cancel, made->a, &runs, &n);
    if (e == NULL)
        e = attached_of_runs(at, &ts, made, runs, n);
    if (e != NULL)
        free_attached(made);
    else
        *out = made;
    return e;
}

/* Where the index is read: *from is the backup itself unless its keys are of other weights. */
static struct error *
source_of(struct attachments *all, struct attached *at, uint64_t table, uint64_t index,
          const struct cancel *cancel, struct attached **from)
{
    struct remade *m = NULL;
    for (size_t i = 0; i < at->n_remade && m == NULL; i++)
        if (root_is_remade(&at->remade[i], table << 32 | index))
            m = &at->remade[i];
    if (m == NULL)
        return NULL;
    struct attached *made = NULL;
    struct error *e = NULL;
    mutex_lock(&at->lock);
    while (m->loading)
        cond_wait(&at->changed, &at->lock);
    if (m->at == NULL) {
        m->loading = true;
        mutex_unlock(&at->lock);
        e = remake(all, at, m, cancel, &made);
        mutex_lock(&at->lock);
        m->loading = false;
        m->at = made;
        cond_broadcast(&at->changed);
    }
    *from = m->at;
    mutex_unlock(&at->lock);
    return e;
}

static struct error *
iter_open(void *arg, const struct engine_scan_opts *o, const struct cancel *cancel,
          struct engine_iter **out)
{
    struct attachments *all = arg;
    struct reader r = reader_make(o->span.start);
    struct attached *at, *from;
    uint64_t table, index = 0;
    VERIFY(o->mode == ENGINE_SCAN_AT);
    ERR_TRY(key_get_uvarint(&r, &table));
    ERR_TRY(find(all, (uint32_t)table, cancel, &at));
    from = at;
    struct error *e = NULL;
    if (at->n_remade > 0)
        e = key_get_uvarint(&r, &index); /* scans are of one index */
    if (e == NULL && at->n_remade > 0)
        e = source_of(all, at, table, index, cancel, &from);
    if (e != NULL) {
        unref(all, at);
        return e;
    }
    return open_on(all, at, from, o, cancel, out);
}

/* ---- the process ---- */

struct attachments *
attachments_create(struct node *n)
{
    struct attachments *all = xcalloc(1, sizeof(*all));
    all->node = n;
    const char *test = getenv("AMBERDB_TEST_ATTACH_WHOLE"); /* so that small files are read by ranges */
    all->whole_bytes = test != NULL ? strtoull(test, NULL, 10) : WHOLE_BYTES;
    mutex_init(&all->lock, RANK_ENGINE);
    struct kv_foreign f = {iter_open, all};
    kv_db_set_foreign(n->db, &f);
    return all;
}

void
attachments_destroy(struct attachments *all)
{
    if (all == NULL)
        return;
    while (all->first != NULL) {
        struct attached *at = all->first;
        all->first = at->next;
        free_attached(at);
    }
    mutex_destroy(&all->lock);
    xfree(all);
}
