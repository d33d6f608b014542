/* The layers of a backup: where they are, what they say, where their files lie; time travel over
 * them. SOURCE: restore-mechanics 1 and 2, semantics 4 and 5.3. */
#include "config.h"

#include "executor/backup/backup_int.h"

#include <stdlib.h>

#include "base/fault.h"
#include "executor/backup/shelf.h"
#include "executor/node.h"
#include "types/collation.h"

#define LAYERS_MAX 10000 /* more is a folder of something else */

static void
close_sink(void *arg)
{
    sink_close(arg);
}

struct error *
open_sink(struct node *n, struct arena *a, const char *uri, const struct crypt_key *key,
          struct sink **out)
{
    struct sink *s;
    ERR_TRY(sink_open(n->io, uri, &s));
    if (key != NULL)
        s = sink_encrypted(s, key, n->opts.temp_dir);
    arena_on_free(a, close_sink, s);
    *out = s;
    return NULL;
}

struct hlc
chain_end(const struct backup_chain *c)
{
    struct hlc end = HLC_MIN;
    for (size_t i = 0; i < c->n; i++)
        if (hlc_cmp(c->v[i].end, end) > 0)
            end = c->v[i].end;
    return end;
}

bool
chain_has_our_collation(const struct backup_chain *c)
{
    char ours[COLLATION_REVISION_MAX];
    bool same = true;
    collation_revision(ours);
    for (size_t i = 0; i < c->n && same; i++)
        same = strcmp(pb_str(c->v[i].m->collation_revision), ours) == 0;
    return same;
}

/* ---- appended layers ---- */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Does it match [0-9]*\/[0-9]*.[0-9][0-9]/BACKUP? Then *len is the length of the folder's part. */
static bool
is_appended(const char *name, size_t *len)
{
    const char *slash = strchr(name, '/');
    if (!is_digit(name[0]) || slash == NULL || !is_digit(slash[1]))
        return false;
    const char *second = strchr(slash + 1, '/');
    if (second == NULL || strcmp(second + 1, BACKUP_FILE) != 0 || second - slash < 5)
        return false;
    *len = (size_t)(second - name);
    return second[-3] == '.' && is_digit(second[-2]) && is_digit(second[-1]);
}

struct error *
chain_find_appended(struct arena *a, struct sink *s, char ***dirs, size_t *n)
{
    char **names;
    size_t n_names, len;
    *n = 0;
    *dirs = NULL;
    if (!s->vt->can_list)
        return NULL;
    ERR_TRY(sink_list(s, a, "", &names, &n_names));
    char **out = ARENA_ARRAY(a, char *, n_names + 1);
    for (size_t i = 0; i < n_names; i++)
        if (is_appended(names[i], &len))
            out[(*n)++] = arena_strndup(a, names[i], len);
    if (*n > LAYERS_MAX)
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "%zu appended backups found", *n);
    *dirs = out;
    return NULL;
}

/* ---- one layer ---- */

/* raw: its bytes, when they are here already; if they are no manifest they are read once more. */
static struct error *
read_base(struct arena *a, struct sink *s, struct slice raw, pb_manifest **out)
{
    struct error *e = raw.len > 0 ? manifest_parse(a, BACKUP_FILE, raw, out) : NULL;
    if (raw.len > 0 && e == NULL)
        return NULL;
    err_free(e);
    e = manifest_read(a, s, BACKUP_FILE, out);
    if (e == NULL)
        return NULL;
    struct error *later = manifest_read(a, s, BACKUP_FILE_LATER, out);
    if (later != NULL) {
        err_free(later);
        return e;
    }
    err_free(e);
    return NULL;
}

static char *
uuid_text(struct arena *a, ProtobufCBinaryData b)
{
    struct str s;
    str_init_arena(&s, a, 64);
    for (size_t i = 0; i < b.len && i < 16; i++)
        str_printf(&s, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b.data[i]);
    return arena_strdup(a, str_cstr(&s));
}

/* Which of the layer's URIs holds the manifest of its i-th locality? */
static struct error *
find_part(struct backup_chain *c, const struct uri_list *uris, struct sink *const *sinks,
          const char *subdir, struct backup_layer *l, size_t i)
{
    const char *name = l->m->partition_descriptor_filenames[i];
    for (int u = 0; u < uris->n; u++) {
        Amberdb__BackupPartitionDescriptor *p;
        struct error *e = part_read(c->a, sinks[u], name, &p);
        if (e != NULL) {
            err_free(e);
            continue;
        }
        if (!l->m->has_id || !slice_eq(pb_bytes(p->backup_id), pb_bytes(l->m->id)))
            return err_new(ERR_UNCATEGORIZED, "expected backup part to have backup ID %s, found %s",
                           uuid_text(c->a, l->m->id), uuid_text(c->a, p->backup_id));
        for (size_t k = 0; k < l->n_parts; k++)
            if (strcmp(l->parts[k].kv, p->locality_kv) == 0)
                return err_new(ERR_UNCATEGORIZED, "duplicate locality %s found in backup",
                               p->locality_kv);
        l->parts[l->n_parts++] = (struct layer_part){p->locality_kv, uris->v[u], sinks[u]};
        return NULL;
    }
    return err_new(ERR_UNCATEGORIZED, "expected manifest %s%s%s not found in backup locations",
                   subdir, *subdir != '\0' ? "/" : "", name);
}

/* Read the layer at the URIs, the first being the default one. packed: its manifest as a message, when it is
 * known; raw: its file's bytes, or nothing. */
static struct error *
load_layer(struct backup_chain *c, const struct uri_list *uris, const char *subdir, unsigned flags,
           const struct slice *packed, struct slice raw, struct backup_layer *l)
{
    struct uri_list here = {uris->n, ARENA_ARRAY(c->a, char *, uris->n)};
    struct sink **sinks = ARENA_ARRAY(c->a, struct sink *, uris->n);
    const struct crypt_key *key = c->encrypted ? &c->key : NULL;
    for (int i = 0; i < uris->n; i++) {
        here.v[i] = *subdir != '\0' ? uri_join(c->a, uris->v[i], subdir) : uris->v[i];
        struct error *e = open_sink(c->node, c->a, here.v[i], key, &sinks[i]);
        if (e != NULL)
            return err_wrap(e, flags & CHAIN_SHOW ? "make storage"
                                                  : "failed to open backup storage location");
        sink_set_cancel(sinks[i], c->cancel);
    }
    *l = (struct backup_layer){.uri = here.v[0], .sink = sinks[0]};
    if (packed != NULL)
        ERR_TRY(PB_PARSE(c->a, backup_manifest, BACKUP_FILE, *packed, &l->m));
    else
        ERR_TRY(store_error(read_base(c->a, l->sink, raw, &l->m)));
    l->start = pb_hlc(l->m->start_time);
    l->end = pb_hlc(l->m->end_time);
    size_t n = l->m->n_partition_descriptor_filenames;
    if (flags & CHAIN_NO_PARTS || n == 0)
        return NULL;
    l->parts = ARENA_ARRAY(c->a, struct layer_part, n);
    for (size_t i = 0; i < n; i++)
        ERR_TRY(find_part(c, &here, sinks, subdir, l, i));
    return NULL;
}

/* Of the locality where the file lies; NULL: the default one. */
static const struct layer_part *
part_of_file(const struct backup_layer *l, const pb_file *f)
{
    const char *kv = pb_str(f->locality_kv);
    for (size_t i = 0; i < l->n_parts && *kv != '\0'; i++)
        if (strcmp(l->parts[i].kv, kv) == 0)
            return &l->parts[i];
    return NULL;
}

struct sink *
layer_file_sink(const struct backup_layer *l, const pb_file *f)
{
    const struct layer_part *p = part_of_file(l, f);
    return p != NULL ? p->sink : l->sink;
}

const char *
layer_file_uri(const struct backup_layer *l, const pb_file *f)
{
    const struct layer_part *p = part_of_file(l, f);
    return p != NULL ? p->uri : l->uri;
}

/* ---- many manifests at once ---- */

#define READERS 8
#define EARLY_BYTES ((size_t)16 << 20) /* larger manifests are read one by one */

struct early {
    struct sink **sinks;
    struct slice *raw;
    struct arena **arenas;
    size_t n, next;
    struct mutex lock; /* guards next */
};

static void *
read_early(void *arg)
{
    struct early *r = arg;
    for (;;) {
        mutex_lock(&r->lock);
        size_t i = r->next++;
        mutex_unlock(&r->lock);
        if (i >= r->n)
            return NULL;
        struct slice bytes;
        struct error *e = sink_read_all(r->sinks[i], r->arenas[i], BACKUP_FILE, EARLY_BYTES, &bytes);
        r->raw[i] = e == NULL ? bytes : SLICE_NULL;
        err_free(e); /* it is met again, and told */
    }
}

/* The layers' manifest files, several at a time where each is a way to another machine; what cannot be read
 * is empty, and load_layer says why. */
static struct slice *
read_manifests_early(struct backup_chain *c, struct arena *a, char *const *uris, size_t n)
{
    struct early r = {.n = n, .raw = arena_zalloc(a, (n + 1) * sizeof(*r.raw))};
    pthread_t threads[READERS];
    int n_threads = 0;
    bool far = false;
    struct error *e = NULL;
    r.sinks = ARENA_ARRAY(a, struct sink *, n + 1);
    r.arenas = ARENA_ARRAY(a, struct arena *, n + 1);
    for (size_t i = 0; i < n && e == NULL; i++) {
        r.arenas[i] = arena_create(a, "manifest bytes");
        e = open_sink(c->node, a, uris[i], c->encrypted ? &c->key : NULL, &r.sinks[i]);
        if (e != NULL)
            break;
        sink_set_cancel(r.sinks[i], c->cancel);
        const struct sink *s = r.sinks[i]->inner != NULL ? r.sinks[i]->inner : r.sinks[i];
        far = far || strcmp(s->vt->name, "nodelocal") != 0;
    }
    mutex_init(&r.lock, RANK_LEAF);
    while (n > 1 && far && n_threads < READERS && (size_t)n_threads < n && e == NULL) {
        e = thread_start(&threads[n_threads], "manifest", read_early, &r);
        n_threads += e == NULL;
    }
    for (int i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    mutex_destroy(&r.lock);
    err_free(e);
    return r.raw;
}

/* ---- the chain ---- */

struct error *
chain_open(struct node *n, struct arena *a, const struct cancel *cancel,
           const struct uri_list *layers, int n_layers,
           const char *passphrase, unsigned flags, struct backup_chain *out)
{
    struct sink *base;
    char **appended = NULL;
    size_t n_appended = 0;
    *out = (struct backup_chain){.a = a, .node = n, .cancel = cancel};
    struct error *e = open_sink(n, a, layers[0].v[0], NULL, &base);
    if (e != NULL)
        return err_wrap(e, flags & CHAIN_SHOW ? "make storage"
                                              : "failed to open backup storage location");
    sink_set_cancel(base, cancel);
    if (passphrase != NULL) {
        ERR_TRY(encryption_read(a, base, passphrase, &out->key, &out->salt));
        out->encrypted = true;
    }
    if (n_layers == 1 && !(flags & CHAIN_NO_SEARCH))
        ERR_TRY(chain_find_appended(a, base, &appended, &n_appended));
    size_t n_all = (size_t)n_layers + n_appended;
    char **all = ARENA_ARRAY(a, char *, n_all + 1);
    for (size_t i = 0; i < n_all; i++)
        all[i] = i < (size_t)n_layers ? layers[i].v[0]
                                      : uri_join(a, layers[0].v[0], appended[i - (size_t)n_layers]);
    struct arena *early = arena_create(NULL, "manifests");
    struct slice *raw = read_manifests_early(out, early, all, n_all);
    out->v = ARENA_ARRAY(a, struct backup_layer, n_all);
    for (; out->n < n_all && e == NULL; out->n += e == NULL) {
        size_t i = out->n;
        bool listed = i < (size_t)n_layers;
        const char *dir = listed ? "" : appended[i - (size_t)n_layers];
        const struct uri_list *uris = &layers[listed ? i : 0];
        e = load_layer(out, uris, dir, flags, NULL, raw[i], &out->v[i]);
        if (e != NULL)
            out->failed_uri = *dir != '\0' ? dir : uris->v[0];
    }
    arena_destroy(early);
    return e;
}

struct error *
chain_reopen(struct node *n, struct arena *a, const Amberdb__RestoreDetails *d, int64_t id,
             const struct cancel *cancel, struct backup_chain *out)
{
    *out = (struct backup_chain){.a = a, .node = n, .cancel = cancel};
    if (d->encryption != NULL && d->encryption->has_key) {
        if (d->encryption->key.len != CRYPT_KEY_LEN)
            return err_new(ERR_DATA_CORRUPTED, "the job's encryption key has a wrong length");
        memcpy(out->key.bytes, d->encryption->key.data, CRYPT_KEY_LEN);
        out->encrypted = true;
    }
    const struct crypt_key *key = out->encrypted ? &out->key : NULL;
    struct arena *early = arena_create(NULL, "manifests");
    struct slice *raw = NULL;
    struct error *e = NULL;
    const struct slice *known = id != 0 ? shelf_take(n->shelf, a, id, d->n_uris) : NULL;
    out->v = ARENA_ARRAY(a, struct backup_layer, d->n_uris + 1);
    if (known == NULL)
        raw = read_manifests_early(out, early, d->uris, d->n_uris);
    for (size_t i = 0; i < d->n_uris && e == NULL; i++) {
        struct uri_list one = {1, &d->uris[i]};
        e = load_layer(out, &one, "", CHAIN_NO_PARTS, known != NULL ? &known[i] : NULL,
                       raw != NULL ? raw[i] : SLICE_NULL, &out->v[out->n++]);
    }
    arena_destroy(early);
    ERR_TRY(e);
    for (size_t i = 0; i < d->n_uris; i++) {
        struct backup_layer *l = &out->v[i];
        if (i >= d->n_backup_locality_info)
            continue;
        const Amberdb__BackupLocalityInfo *info = d->backup_locality_info[i];
        l->parts = ARENA_ARRAY(a, struct layer_part, info->n_uris_by_original_locality_kv + 1);
        for (size_t k = 0; k < info->n_uris_by_original_locality_kv; k++) {
            const Amberdb__StringMapEntry *m = info->uris_by_original_locality_kv[k];
            struct layer_part *p = &l->parts[l->n_parts++];
            *p = (struct layer_part){pb_str(m->key), pb_str(m->value), NULL};
            ERR_TRY(open_sink(n, a, p->uri, key, &p->sink));
            sink_set_cancel(p->sink, cancel);
        }
    }
    return NULL;
}

void
chain_set_cancel(struct backup_chain *c, const struct cancel *cancel)
{
    for (size_t i = 0; i < c->n; i++) {
        sink_set_cancel(c->v[i].sink, cancel);
        for (size_t k = 0; k < c->v[i].n_parts; k++)
            sink_set_cancel(c->v[i].parts[k].sink, cancel);
    }
}

/* ---- time travel ---- */

#define BAD_TIME "invalid RESTORE timestamp: "

struct error *
chain_truncate(struct backup_chain *c, struct hlc *t)
{
    char a[HLC_STR_MAX], b[HLC_STR_MAX];
    if (t->logical == 0 && t->wall % 1000 == 0)
        /* SHOW BACKUP prints microseconds: that much of an end time means it. */
        for (size_t i = 0; i < c->n; i++)
            if (c->v[i].end.wall / 1000 == t->wall / 1000) {
                *t = c->v[i].end;
                break;
            }
    for (size_t i = 0; i < c->n; i++) {
        const struct backup_layer *l = &c->v[i];
        if (hlc_cmp(l->start, *t) >= 0 || hlc_cmp(*t, l->end) > 0)
            continue;
        c->n = i + 1;
        if (hlc_cmp(*t, l->end) == 0)
            return NULL;
        hlc_text(l->end, a);
        if (PB_GET(l->m, mvcc_filter) != AMBERDB__MVCCFILTER__MVCC_ALL) {
            if (i == 0)
                return err_new(ERR_UNCATEGORIZED,
                               BAD_TIME "restoring to arbitrary time requires that BACKUP for "
                               "requested time be created with 'revision_history' option. nearest "
                               "backup time is %s", a);
            hlc_text(c->v[i - 1].end, b);
            return err_new(ERR_UNCATEGORIZED,
                           BAD_TIME "restoring to arbitrary time requires that BACKUP for "
                           "requested time be created with 'revision_history' option. nearest "
                           "BACKUP times are %s or %s", b, a);
        }
        if (hlc_cmp(*t, pb_hlc(l->m->revision_start_time)) <= 0) {
            hlc_text(pb_hlc(l->m->revision_start_time), a);
            return err_new(ERR_UNCATEGORIZED, BAD_TIME
                           "BACKUP for requested time only has revision history from %s", a);
        }
        return NULL;
    }
    return err_new(ERR_UNCATEGORIZED, BAD_TIME "supplied backups do not cover requested time");
}

/* ---- descriptors ---- */

static struct error *
upgrade_tables(struct arena *a, struct desc_list *l, const struct backup_chain *c,
               bool skip_missing_fks)
{
    size_t cap = l->n, n = 0;
    for (size_t i = 0; c != NULL && i < c->n; i++)
        cap += c->v[i].m->n_descriptors;
    pb_table **tables = ARENA_ARRAY(a, pb_table *, cap + 1);
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i]->union_case == AMBERDB__DESCRIPTOR__UNION_TABLE) {
            ERR_TRY(desc_upgrade_table(a, l->v[i]->table, HLC_MIN));
            tables[n++] = l->v[i]->table;
        }
    /* the other sides of old foreign keys may be in any layer */
    for (size_t i = 0; c != NULL && i < c->n; i++)
        for (size_t k = 0; k < c->v[i].m->n_descriptors; k++) {
            const pb_descriptor *d = c->v[i].m->descriptors[k];
            bool known = d->union_case != AMBERDB__DESCRIPTOR__UNION_TABLE;
            for (size_t j = 0; j < n && !known; j++)
                known = PB_GET(tables[j], id) == pb_descriptor_id(d);
            if (known)
                continue;
            pb_table *t = pb_table_copy(a, d->table);
            ERR_TRY(desc_upgrade_table(a, t, HLC_MIN));
            tables[n++] = t;
        }
    return desc_upgrade_foreign_keys(a, tables, n, skip_missing_fks);
}

struct error *
layer_descriptors(struct arena *a, const struct backup_layer *l, pb_descriptor ***out, size_t *n)
{
    struct desc_list list = {0};
    for (size_t i = 0; i < l->m->n_descriptors; i++)
        desc_list_add(a, &list,
                      (pb_descriptor *)pb_copy(a, PB_BASE(l->m->descriptors[i])));
    ERR_TRY(upgrade_tables(a, &list, NULL, true));
    *out = list.v;
    *n = list.n;
    return NULL;
}

static const pb_descriptor **
replay_changes(struct arena *a, const pb_manifest *m, struct hlc t, size_t *n)
{
    const pb_descriptor **v = ARENA_ARRAY(a, const pb_descriptor *, m->n_descriptor_changes + 1);
    *n = 0;
    for (size_t i = 0; i < m->n_descriptor_changes; i++) {
        const Amberdb__DescriptorRevision *r = m->descriptor_changes[i];
        if (hlc_cmp(pb_hlc(r->time), t) > 0)
            break;
        size_t k = 0;
        while (k < *n && pb_descriptor_id(v[k]) != PB_GET(r, id))
            k++;
        if (r->desc != NULL) {
            v[k] = r->desc;
            *n += k == *n;
        } else if (k < *n) {
            v[k] = v[--*n];
        }
    }
    return v;
}

static bool
database_known(const pb_descriptor *const *v, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++)
        if (pb_descriptor_database(v[i]) != NULL && pb_descriptor_id(v[i]) == id)
            return true;
    return false;
}

struct error *
chain_descriptors(struct arena *a, const struct backup_chain *c, struct hlc t,
                  bool skip_missing_fks, pb_descriptor ***out, size_t *n)
{
    const struct backup_layer *l = &c->v[c->n - 1];
    struct desc_list list = {0};
    if (!hlc_is_empty(t))
        for (size_t i = 0; i < c->n; i++)
            if (hlc_cmp(c->v[i].start, t) <= 0)
                l = &c->v[i];
    const pb_descriptor *const *from = (const pb_descriptor *const *)l->m->descriptors;
    size_t n_from = l->m->n_descriptors;
    bool replayed = !hlc_is_empty(t) && l->m->n_descriptor_changes > 0;
    if (replayed)
        from = (const pb_descriptor *const *)replay_changes(a, l->m, t, &n_from);
    for (size_t i = 0; i < n_from; i++) {
        const pb_table *tab = pb_descriptor_table(from[i]);
        if (replayed && tab != NULL && !database_known(from, n_from, PB_GET(tab, parent_id)))
            continue;
        desc_list_add(a, &list, (pb_descriptor *)pb_copy(a, PB_BASE(from[i])));
    }
    ERR_TRY(upgrade_tables(a, &list, c, skip_missing_fks));
    desc_sort_by_id(&list);
    *out = list.v;
    *n = list.n;
    return NULL;
}
