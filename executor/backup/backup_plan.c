/* What a BACKUP statement comes to: targets at its end time, earlier layers, spans, the manifest to be.
 * SOURCE: statements 1.2 to 1.4, semantics 1 and 2, restore-mechanics 10. */
#include "config.h"

#include "executor/backup/backup_plan.h"

#include <stdlib.h>
#include <time.h>

#include "base/hash.h"
#include "catalog/sysrow.h"
#include "executor/node.h"
#include "types/collation.h"
#include "types/keyenc.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "dev"
#endif

/* ---- destinations ---- */

static bool
is_locality(const char *kv)
{
    const char *eq = strchr(kv, '=');
    return eq != NULL && eq != kv && eq[1] != '\0' && strchr(eq + 1, '=') == NULL &&
           strchr(kv, ',') == NULL;
}

struct error *
backup_destinations(struct arena *a, char *const *uris, int n, struct backup_plan *p)
{
    p->dests = ARENA_ARRAY(a, struct backup_dest, n);
    p->n_dests = 0;
    p->default_uri = NULL;
    for (int i = 0; i < n; i++) {
        char *rest, *kv;
        ERR_TRY(uri_split_locality(a, uris[i], &rest, &kv));
        if (n == 1 && kv != NULL && strcmp(kv, "default") != 0)
            return err_new(ERR_UNCATEGORIZED,
                           "COCKROACH_LOCALITY %s is invalid for a single BACKUP location", kv);
        if (n > 1 && (kv == NULL || *kv == '\0'))
            return err_new(ERR_UNCATEGORIZED, "multiple URLs are provided for partitioned BACKUP, "
                                              "but COCKROACH_LOCALITY is not specified");
        if (n == 1 || strcmp(kv, "default") == 0) {
            if (p->default_uri != NULL)
                return err_new(ERR_UNCATEGORIZED,
                               "multiple default URLs provided for partition backup");
            p->default_uri = rest;
            continue;
        }
        if (!is_locality(kv))
            return err_new(ERR_UNCATEGORIZED,
                           "failed to parse backup locality: tier must be in the form "
                           "\"key=value\" not \"%s\"", kv);
        for (size_t k = 0; k < p->n_dests; k++)
            if (strcmp(p->dests[k].kv, kv) == 0)
                return err_new(ERR_UNCATEGORIZED, "duplicate URIs for locality %s", kv);
        p->dests[p->n_dests++] = (struct backup_dest){kv, rest};
    }
    if (p->default_uri == NULL)
        return err_new(ERR_UNCATEGORIZED, "no default URL provided for partitioned backup");
    return NULL;
}

struct error *
sink_has(struct sink *s, const char *name, bool *there)
{
    uint64_t size;
    struct error *e = sink_size(s, name, &size);
    *there = e == NULL;
    if (e != NULL && err_is(e, ERR_UNDEFINED_FILE)) {
        err_free(e);
        return NULL;
    }
    return e;
}

/* ---- earlier layers ---- */

static char *
appended_dir(struct arena *a, struct hlc end)
{
    time_t sec = (time_t)(end.wall / 1000000000);
    struct tm tm;
    gmtime_r(&sec, &tm);
    return arena_printf(a, "%04d%02d%02d/%02d%02d%02d.%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                        tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                        (int)(end.wall % 1000000000 / 10000000));
}

static struct error *
open_explicit(struct backup_plan *p, const char *passphrase)
{
    struct uri_list *l = ARENA_ARRAY(p->a, struct uri_list, p->n_incremental_from);
    for (int i = 0; i < p->n_incremental_from; i++)
        l[i] = (struct uri_list){1, &p->incremental_from[i]};
    struct error *e = chain_open(p->node, p->a, p->cancel, l, p->n_incremental_from, passphrase,
                                 CHAIN_NO_PARTS | CHAIN_NO_SEARCH, &p->prior);
    if (e != NULL && p->prior.failed_uri != NULL)
        return err_wrap(e, "failed to read backup from \"%s\"",
                        uri_redact(p->a, p->prior.failed_uri));
    return e;
}

static struct error *
open_appended(struct backup_plan *p, const char *passphrase)
{
    struct uri_list l = {1, &p->default_uri};
    struct sink *base;
    ERR_TRY(open_sink(p->node, p->a, p->default_uri, NULL, &base));
    sink_set_cancel(base, p->cancel);
    if (!base->vt->can_list)
        return err_new(ERR_UNCATEGORIZED,
                       "determining base for incremental backup: reading previous backup layers: "
                       "%s storage does not support listing", base->vt->name);
    struct error *e = chain_open(p->node, p->a, p->cancel, &l, 1, passphrase, CHAIN_NO_PARTS, &p->prior);
    if (e != NULL)
        return p->prior.failed_uri == NULL ? e
               : p->prior.n == 0 ? err_wrap(e, "loading base backup manifest")
                                 : err_wrap(e, "loading prior backup part manifest \"%s\"",
                                            uri_redact(p->a, p->prior.failed_uri));
    bool base_is_cluster = PB_GET(p->prior.v[0].m, descriptor_coverage) == 1;
    if (base_is_cluster && !p->cluster)
        return err_new(ERR_UNCATEGORIZED, "cannot append a backup of specific tables or databases "
                                          "to a full-cluster backup");
    if (!base_is_cluster && p->cluster)
        return err_new(ERR_UNCATEGORIZED, "cannot append a full-cluster backup to a backup of "
                                          "specific tables or databases");
    char *dir = appended_dir(p->a, p->end);
    p->default_uri = uri_join(p->a, p->default_uri, dir);
    for (size_t i = 0; i < p->n_dests; i++)
        p->dests[i].uri = uri_join(p->a, p->dests[i].uri, dir);
    p->appended = true;
    return NULL;
}

struct error *
backup_find_prior(struct backup_plan *p, const char *passphrase)
{
    struct sink *s;
    bool there = false;
    ERR_TRY(open_sink(p->node, p->a, p->default_uri, NULL, &s));
    sink_set_cancel(s, p->cancel);
    if (p->n_incremental_from > 0) {
        ERR_TRY(open_explicit(p, passphrase));
    } else {
        ERR_TRY(sink_has(s, BACKUP_FILE, &there));
        if (!there && p->collection_uri != NULL && !p->collection_new)
            return err_new(ERR_UNCATEGORIZED, "the collection has no backup \"%s\"",
                           p->collection_dir);
        if (there && !p->collection_new)
            ERR_TRY(open_appended(p, passphrase));
    }
    const uint8_t *own = catalog_cluster_id(p->node->catalog);
    for (size_t i = 0; i < p->prior.n; i++) {
        const pb_manifest *m = p->prior.v[i].m;
        if (!m->has_cluster_id || m->cluster_id.len != 16 || memcmp(m->cluster_id.data, own, 16)) {
            struct str u;
            str_init_arena(&u, p->a, 64);
            for (size_t k = 0; k < m->cluster_id.len && k < 16; k++)
                str_printf(&u, "%s%02x", k == 4 || k == 6 || k == 8 || k == 10 ? "-" : "",
                           m->cluster_id.data[k]);
            return err_new(ERR_UNCATEGORIZED, "previous BACKUP belongs to cluster %s",
                           str_cstr(&u));
        }
    }
    if (p->prior.n > 0)
        p->start = p->prior.v[p->prior.n - 1].end;
    if (passphrase == NULL)
        return NULL;
    p->encrypted = true;
    if (p->prior.n > 0) {
        p->key = p->prior.key;
        p->salt = p->prior.salt;
        return NULL;
    }
    ERR_TRY(sink_has(s, ENCRYPTION_FILE, &there));
    if (there) /* left by a backup that never ended, or not encrypted after all */
        return encryption_read(p->a, s, passphrase, &p->key, &p->salt);
    uint8_t *salt = arena_alloc(p->a, CRYPT_SALT_LEN);
    random_bytes(salt, CRYPT_SALT_LEN);
    p->salt = slice_make(salt, CRYPT_SALT_LEN);
    return crypt_derive(slice_cstr(passphrase), p->salt, &p->key);
}

/* ---- targets ---- */

static struct error *
check_index_interleave(const struct resolved *r, const pb_table *t, const pb_index *ix)
{
    if (ix->interleave != NULL)
        for (size_t i = 0; i < ix->interleave->n_ancestors; i++) {
            uint32_t id = PB_GET(ix->interleave->ancestors[i], table_id);
            if (desc_by_id(&r->tables, id) == NULL)
                return err_new(ERR_UNCATEGORIZED,
                               "cannot backup table \"%s\" without interleave parent (ID %u)",
                               pb_str(t->name), id);
        }
    for (size_t i = 0; i < ix->n_interleaved_by; i++) {
        uint32_t id = PB_GET(ix->interleaved_by[i], table);
        if (desc_by_id(&r->tables, id) == NULL)
            return err_new(ERR_UNCATEGORIZED,
                           "cannot backup table \"%s\" without interleave child table (ID %u)",
                           pb_str(t->name), id);
    }
    return NULL;
}

static struct error *
check_interleave(const struct resolved *r)
{
    for (size_t i = 0; i < r->tables.n; i++) {
        const pb_table *t = pb_descriptor_table(r->tables.v[i]);
        if (t->primary_index != NULL)
            ERR_TRY(check_index_interleave(r, t, t->primary_index));
        for (size_t k = 0; k < t->n_indexes; k++)
            ERR_TRY(check_index_interleave(r, t, t->indexes[k]));
    }
    return NULL;
}

struct stats_arg {
    struct arena *a;
    struct backup_plan *p;
};

static struct error *
add_statistic(void *arg, const struct datum *row, bool *stop)
{
    struct stats_arg *s = arg;
    struct arena *a = s->a;
    (void)stop;
    if (row[0].i <= 0 || desc_by_id(&s->p->targets.tables, (uint32_t)row[0].i) == NULL)
        return NULL;
    Amberdb__TableStatisticProto *t = PB_NEW(a, TableStatisticProto, table_statistic_proto);
    PB_SET(t, table_id, (uint32_t)row[0].i);
    PB_SET(t, statistic_id, (uint64_t)row[1].i);
    if (!row[2].null)
        t->name = slice_to_cstr(a, datum_slice(&row[2]));
    for (int i = 0; !row[3].null && i < row[3].arr->n; i++)
        PB_PUSH(a, t->column_ids, t->n_column_ids, (uint32_t)row[3].arr->v[i].i);
    int64_t us = row[4].i + PG_EPOCH_US;
    t->created_at = PB_NEW(a, GoogleTimestamp, google_timestamp);
    PB_SET(t->created_at, seconds, us / 1000000);
    PB_SET(t->created_at, nanos, (int32_t)(us % 1000000 * 1000));
    PB_SET(t, row_count, (uint64_t)row[5].i);
    PB_SET(t, distinct_count, (uint64_t)row[6].i);
    PB_SET(t, null_count, (uint64_t)row[7].i);
    if (!row[8].null) {
        struct error *e = PB_PARSE(a, histogram_data, "histogram", datum_slice(&row[8]),
                                   &t->histogram_data);
        if (e != NULL)
            t->histogram_data = NULL;
        err_free(e);
    }
    PB_GROW(a, s->p->manifest->statistics, s->p->manifest->n_statistics, t);
    return NULL;
}

/* Its rows are in a backup already. */
static bool
is_attached(const pb_descriptor *d)
{
    const pb_database *db = pb_descriptor_database(d);
    return pb_descriptor_id(d) >= KV_FOREIGN_TABLE_MIN || (db != NULL && db->attached != NULL);
}

static struct error *
refuse_attached(const struct desc_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (is_attached(l->v[i]))
            return err_new(ERR_FEATURE_NOT_SUPPORTED,
                           "cannot back up \"%s\", which belongs to an attached backup",
                           pb_descriptor_name(l->v[i]));
    return NULL;
}

struct error *
backup_resolve(struct exec_ctx *x, struct backup_plan *p, const struct ast_targets *targets)
{
    const pb_descriptor **all;
    struct desc_list list = {0};
    size_t n;
    ERR_TRY(catalog_list(x->catalog, p->a, 0, &all, &n));
    for (size_t i = 0; i < n; i++)
        if (!p->cluster || !is_attached(all[i]))
            desc_list_add(p->a, &list, (pb_descriptor *)pb_copy(p->a, PB_BASE(all[i])));
    p->all = list;
    if (p->cluster)
        targets_cluster(p->a, &list, &p->targets);
    else
        ERR_TRY(targets_resolve(p->a, &list, targets, x->database, &p->targets));
    ERR_TRY(refuse_attached(&p->targets.databases));
    ERR_TRY(check_interleave(&p->targets));
    struct stats_arg s = {p->a, p};
    p->manifest = PB_NEW(p->a, BackupManifest, backup_manifest);
    return sys_scan(x->catalog, ID_TABLE_STATISTICS, NULL, NULL, 0, add_statistic, &s);
}

/* ---- revision history ---- */

struct revision {
    struct hlc ts;
    uint32_t id;
    pb_descriptor *desc; /* NULL: deleted */
};
struct revisions {
    struct revision *v;
    size_t n, cap;
};

/* id of a key of system.descriptor's family that holds the bytes; false for others. */
static bool
descriptor_key_id(struct slice key, uint32_t *id)
{
    struct reader r = reader_make(key);
    uint64_t table, index, v, family;
    struct error *e = key_get_uvarint(&r, &table);
    if (e == NULL)
        e = key_get_uvarint(&r, &index);
    if (e == NULL)
        e = key_get_uvarint(&r, &v);
    if (e == NULL)
        e = key_get_uvarint(&r, &family);
    bool ok = e == NULL && table == ID_DESCRIPTOR && index == 1 && family == 2;
    err_free(e);
    if (ok)
        *id = (uint32_t)v;
    return ok;
}

static struct error *
add_revision(struct backup_plan *p, struct revisions *l, const struct engine_version *v)
{
    uint32_t id;
    if (!descriptor_key_id(v->key, &id) || id >= KV_FOREIGN_TABLE_MIN)
        return NULL;
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 32 : 2 * l->cap;
        l->v = arena_realloc(p->a, l->v, l->cap * sizeof(*l->v), cap * sizeof(*l->v));
        l->cap = cap;
    }
    struct revision *r = &l->v[l->n++];
    *r = (struct revision){.ts = v->ts, .id = id};
    if (v->value.len <= 5)
        return NULL;
    ERR_TRY(pb_descriptor_parse(p->a, slice_make(v->value.ptr + 5, v->value.len - 5), &r->desc));
    if (is_attached(r->desc)) {
        l->n--;
        return NULL;
    }
    pb_table *t =
        r->desc->union_case == AMBERDB__DESCRIPTOR__UNION_TABLE ? r->desc->table : NULL;
    if (t != NULL && hlc_is_empty(pb_hlc(t->modification_time)))
        t->modification_time = pb_timestamp(p->a, v->ts);
    return NULL;
}

static struct error *
scan_descriptors(struct backup_plan *p, struct revisions *l, struct hlc since, struct hlc ts,
                 bool versions)
{
    struct str s, e;
    str_init_arena(&s, p->a, 16);
    key_put_uvarint(&s, ID_DESCRIPTOR);
    str_init_arena(&e, p->a, 16);
    key_put_uvarint(&e, ID_DESCRIPTOR + 1);
    struct engine_scan_opts so = {
        .span = {str_slice(&s), str_slice(&e)},
        .mode = versions ? ENGINE_SCAN_VERSIONS : ENGINE_SCAN_AT,
        .since = since,
        .ts = ts,
    };
    struct engine_iter *it;
    struct engine_version v;
    bool more = true;
    ERR_TRY(kv_export_open(p->node->db, &so, &it));
    struct error *err = NULL;
    while (err == NULL && (err = engine_iter_next(it, &v, &more)) == NULL && more)
        err = add_revision(p, l, &v);
    engine_iter_close(it);
    return err;
}

static int
by_time(const void *pa, const void *pb)
{
    const struct revision *a = pa, *b = pb;
    int c = hlc_cmp(a->ts, b->ts);
    return c != 0 ? c : (a->id > b->id) - (a->id < b->id);
}

/* Ids whose history belongs to this backup. */
static void
relevant_ids(struct backup_plan *p, const struct revisions *l, struct id_list *ids)
{
    for (size_t i = 0; i < p->targets.databases.n; i++)
        id_add(p->a, ids, pb_descriptor_id(p->targets.databases.v[i]));
    for (size_t i = 0; i < p->targets.tables.n; i++)
        id_add(p->a, ids, pb_descriptor_id(p->targets.tables.v[i]));
    for (size_t i = 0; i < l->n; i++) {
        const pb_table *t = l->v[i].desc != NULL ? pb_descriptor_table(l->v[i].desc) : NULL;
        if (t != NULL && id_has(&p->targets.complete_dbs, PB_GET(t, parent_id)))
            id_add(p->a, ids, l->v[i].id);
        if (p->cluster && l->v[i].desc != NULL && t == NULL)
            id_add(p->a, ids, l->v[i].id);
    }
    for (bool grown = true; grown;) { /* what truncated tables were before */
        grown = false;
        for (size_t i = 0; i < l->n; i++) {
            const pb_table *t = l->v[i].desc != NULL ? pb_descriptor_table(l->v[i].desc) : NULL;
            uint32_t old = t != NULL && t->replacement_of != NULL
                               ? PB_GET(t->replacement_of, id)
                               : 0;
            if (old != 0 && id_has(ids, l->v[i].id) && !id_has(ids, old)) {
                id_add(p->a, ids, old);
                grown = true;
            }
        }
    }
}

static struct error *
add_history(struct backup_plan *p, struct span_list *spans)
{
    struct revisions at_start = {0}, changes = {0};
    struct id_list ids = {0};
    ERR_TRY(scan_descriptors(p, &changes, p->start, p->end, true));
    if (!hlc_is_empty(p->start))
        ERR_TRY(scan_descriptors(p, &at_start, HLC_MIN, p->start, false));
    for (size_t i = 0; i < at_start.n; i++)
        at_start.v[i].ts = p->start;
    struct revisions all = {ARENA_ARRAY(p->a, struct revision, at_start.n + changes.n + 1), 0, 0};
    for (size_t i = 0; i < at_start.n; i++)
        all.v[all.n++] = at_start.v[i];
    for (size_t i = 0; i < changes.n; i++)
        all.v[all.n++] = changes.v[i];
    relevant_ids(p, &all, &ids);
    size_t relevant = 0;
    for (size_t i = 0; i < changes.n; i++)
        relevant += id_has(&ids, changes.v[i].id);
    if (all.n > 1)
        qsort(all.v, all.n, sizeof(*all.v), by_time);
    pb_manifest *m = p->manifest;
    if (relevant > 0)
        m->descriptor_changes = ARENA_ARRAY(p->a, Amberdb__DescriptorRevision *, all.n + 1);
    for (size_t i = 0; i < all.n; i++) {
        const struct revision *r = &all.v[i];
        const pb_table *t = r->desc != NULL ? pb_descriptor_table(r->desc) : NULL;
        if (!id_has(&ids, r->id))
            continue;
        if (t != NULL && PB_GET(t, state) != AMBERDB__STATE__DROP &&
            PB_GET(t, state) != AMBERDB__STATE__OFFLINE)
            ERR_TRY(table_spans(p->a, t, spans));
        if (relevant == 0)
            continue;
        Amberdb__DescriptorRevision *d = PB_NEW(p->a, DescriptorRevision, descriptor_revision);
        d->time = pb_timestamp(p->a, r->ts);
        PB_SET(d, id, r->id);
        d->desc = r->desc;
        m->descriptor_changes[m->n_descriptor_changes++] = d;
    }
    return NULL;
}

/* ---- coverage ---- */

static struct error *
add_introduced(void *arg, struct span s)
{
    struct backup_plan *p = arg;
    span_list_add(p->a, &p->introduced, s);
    return NULL;
}

static const pb_table *
any_table(const struct backup_plan *p, uint32_t id)
{
    pb_descriptor *d = desc_by_id(&p->all, id);
    return d != NULL ? pb_descriptor_table(d) : NULL;
}

static bool
known_to_prior(const struct backup_plan *p, const pb_table *t)
{
    const pb_manifest *last = p->prior.v[p->prior.n - 1].m;
    for (int i = 0; i < 1000 && t != NULL; i++) { /* a chain of truncations, or a loop in damage */
        if (pb_u32_contains(last->complete_dbs, last->n_complete_dbs, PB_GET(t, parent_id)))
            return true;
        for (size_t k = 0; k < last->n_descriptors; k++)
            if (pb_descriptor_id(last->descriptors[k]) == PB_GET(t, id))
                return true;
        uint32_t old = t->replacement_of != NULL ? PB_GET(t->replacement_of, id) : 0;
        if (old == 0)
            return false;
        for (size_t k = 0; k < last->n_descriptors; k++)
            if (pb_descriptor_id(last->descriptors[k]) == old)
                return true;
        t = any_table(p, old);
    }
    return false;
}

struct error *
backup_cover(struct backup_plan *p)
{
    pb_manifest *m = p->manifest;
    char a[HLC_STR_MAX], b[HLC_STR_MAX];
    for (size_t i = 0; i < p->targets.tables.n; i++) {
        const pb_table *t = pb_descriptor_table(p->targets.tables.v[i]);
        ERR_TRY(table_spans(p->a, t, &p->spans));
        if (p->prior.n > 0 && !p->cluster && !known_to_prior(p, t))
            return err_new(ERR_UNCATEGORIZED, "previous backup does not contain table \"%s\"",
                           pb_str(t->name));
    }
    if (p->history)
        ERR_TRY(add_history(p, &p->spans));
    span_list_sort(&p->spans);
    if (p->prior.n > 0) {
        struct arena *scratch = arena_create(p->a, "coverage");
        struct coverage c = {.layers = p->prior.v, .n_layers = p->prior.n, .wanted = &p->spans,
                             .end = p->start, .missing = add_introduced, .arg = p};
        struct error *e = coverage_check(scratch, &c);
        arena_destroy(scratch);
        if (e != NULL)
            return err_wrap(e, "invalid previous backups (a new full backup may be required if a "
                               "table has been created, dropped or truncated)");
        if (hlc_cmp(p->end, p->start) < 0 && p->spans.n > 0) {
            hlc_text(p->end, a);
            hlc_text(p->start, b);
            return err_new(ERR_UNCATEGORIZED,
                           "no backup covers time [%s,%s) for range [%s,%s) (or backups out of "
                           "order)", a, b, key_text(p->a, p->spans.v[0].start),
                           key_text(p->a, p->spans.v[0].end));
        }
        m->start_time = pb_timestamp(p->a, p->start);
    }
    m->end_time = pb_timestamp(p->a, p->end);
    return NULL;
}

/* ---- the manifest without its files ---- */

static pb_span **
pb_spans(struct arena *a, const struct span_list *l)
{
    pb_span **v = ARENA_ARRAY(a, pb_span *, l->n + 1);
    for (size_t i = 0; i < l->n; i++) {
        v[i] = PB_NEW(a, Span, span);
        pb_set_bytes(a, &v[i]->key, &v[i]->has_key, l->v[i].start);
        pb_set_bytes(a, &v[i]->end_key, &v[i]->has_end_key, l->v[i].end);
    }
    return v;
}

static char *
part_name(struct arena *a, size_t i, const char *kv)
{
    char *name = arena_printf(a, "BACKUP_PART_%zu_%s", i + 1, kv);
    for (char *c = name + strlen("BACKUP_PART_"); *c != '\0'; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
              *c == '-' || *c == '=' || (*c == '_' && c < name + strlen("BACKUP_PART_0000"))))
            *c = '_';
    return name;
}

void
backup_fill_manifest(struct backup_plan *p)
{
    pb_manifest *m = p->manifest;
    struct arena *a = p->a;
    uint8_t id[16];
    m->spans = pb_spans(a, &p->spans);
    m->n_spans = p->spans.n;
    m->introduced_spans = pb_spans(a, &p->introduced);
    m->n_introduced_spans = p->introduced.n;
    struct desc_list d = {0};
    for (size_t i = 0; i < p->targets.databases.n; i++)
        desc_list_add(a, &d, p->targets.databases.v[i]);
    for (size_t i = 0; i < p->targets.tables.n; i++)
        desc_list_add(a, &d, p->targets.tables.v[i]);
    desc_sort_by_id(&d);
    m->descriptors = d.v;
    m->n_descriptors = d.n;
    PB_SET(m, format_version, 1);
    pb_set_bytes(a, &m->cluster_id, &m->has_cluster_id,
                 slice_make(catalog_cluster_id(p->node->catalog), 16));
    PB_SET(m, node_id, (int32_t)p->node->node_id);
    m->build_info = PB_NEW(a, Info, info);
    m->build_info->tag = arena_strdup(a, "v20.1.5");
    m->build_info->distribution = arena_strdup(a, "amberdb");
    m->build_info->revision = arena_strdup(a, "amberdb " PACKAGE_VERSION);
    char collation[COLLATION_REVISION_MAX];
    collation_revision(collation);
    m->collation_revision = arena_strdup(a, collation);
    PB_SET(m, mvcc_filter, p->history ? AMBERDB__MVCCFILTER__MVCC_ALL
                                      : AMBERDB__MVCCFILTER__MVCC_LATEST);
    m->complete_dbs = p->targets.complete_dbs.v;
    m->n_complete_dbs = p->targets.complete_dbs.n;
    uuid_v4(id);
    pb_set_bytes(a, &m->id, &m->has_id, slice_make(id, sizeof(id)));
    for (size_t i = 0; i < p->n_dests; i++) {
        PB_PUSH(a, m->partition_descriptor_filenames, m->n_partition_descriptor_filenames,
                part_name(a, i, p->dests[i].kv));
        PB_PUSH(a, m->locality_kvs, m->n_locality_kvs, arena_strdup(a, p->dests[i].kv));
    }
    PB_SET(m, descriptor_coverage, p->cluster ? 1 : 0);
}
