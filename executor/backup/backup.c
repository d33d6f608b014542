/* BACKUP: the statement and its job.
 *
 *     backup_run         options -> plan (targets as of the end time, earlier layers, coverage)
 *                        -> lock the destination -> job row -> wait
 *     backup_resume      protect -> export what no checkpoint has -> parts -> BACKUP -> unlock
 *     backup_revert      delete the files written, the lock last
 *
 * SOURCE: statements 1, jobs 6, backup-format 2. */
#include "config.h"

#include "executor/backup/backup_job.h"
#include "executor/backup/backup_plan.h"
#include "executor/backup/work.h"

#include <stdlib.h>

#include "base/fault.h"
#include "base/hash.h"
#include "base/log.h"
#include "executor/node.h"
#include "executor/statement.h"

enum { OPT_HISTORY, OPT_PASSPHRASE, OPT_DETACHED, OPT_COUNT };
static const struct option_def option_defs[OPT_COUNT] = {
    {"revision_history", OPTION_FLAG},
    {"encryption_passphrase", OPTION_VALUE},
    {"detached", OPTION_FLAG}, /* ours, as in v20.2 */
};

/* ---- the statement ---- */

struct statement {
    const struct ast_backup *ast;
    struct backup_plan plan;
    const char *description;
    struct sink *sink;      /* the default destination */
    bool locked;
    int64_t job_id;
};

static struct error *
admin_txn(struct exec_ctx *x, void *arg)
{
    return catalog_check_admin(x->catalog, x->user, arg);
}

static struct error *
resolve_txn(struct exec_ctx *x, void *arg)
{
    struct statement *s = arg;
    return backup_resolve(x, &s->plan, &s->ast->targets);
}

static struct error *
already_there(struct statement *s, const char *name, const char *hint)
{
    bool there;
    ERR_TRY(sink_has(s->sink, name, &there));
    if (!there)
        return NULL;
    return err_new(ERR_FILE_ALREADY_EXISTS, "%s already contains a %s file%s",
                   uri_redact(s->plan.a, s->plan.default_uri), name, hint);
}

/* A file that comes and goes shows that a destination can be written. */
static struct error *
test_write(struct statement *s, const char *uri)
{
    struct sink *sink;
    char *name = arena_printf(s->plan.a, "BACKUP-TEST-%016llx", (unsigned long long)random_u64());
    ERR_TRY(open_sink(s->plan.node, s->plan.a, uri, NULL, &sink));
    sink_set_cancel(sink, s->plan.cancel);
    struct error *e = sink_write_all(sink, name, SLICE_LIT("test"));
    if (e == NULL)
        e = sink_remove(sink, name);
    if (e != NULL)
        return err_wrap(e, "cannot write to %s", uri_redact(s->plan.a, uri));
    return NULL;
}

/* Take the destination for us: an empty manifest as lock, then the salt. */
static struct error *
lock_destination(struct statement *s)
{
    struct backup_plan *p = &s->plan;
    bool there;
    const struct crypt_key *key = p->encrypted ? &p->key : NULL;
    struct sink *plain;
    ERR_TRY(open_sink(p->node, p->a, p->default_uri, key, &s->sink));
    ERR_TRY(open_sink(p->node, p->a, p->default_uri, NULL, &plain));
    sink_set_cancel(s->sink, p->cancel);
    sink_set_cancel(plain, p->cancel);
    ERR_TRY(already_there(s, BACKUP_FILE, ""));
    ERR_TRY(already_there(s, CHECKPOINT_FILE, " (is another operation already in progress?)"));
    for (size_t i = 0; i < p->n_dests; i++)
        ERR_TRY(test_write(s, p->dests[i].uri));
    pb_manifest *empty = PB_NEW(p->a, BackupManifest, backup_manifest);
    struct error *e = manifest_write(s->sink, CHECKPOINT_FILE, empty);
    if (e != NULL)
        return err_wrap(e, "cannot write to %s", uri_redact(p->a, p->default_uri));
    s->locked = true;
    if (!p->encrypted || p->appended)
        return NULL;
    ERR_TRY(sink_has(plain, ENCRYPTION_FILE, &there));
    return there ? NULL : encryption_write(plain, p->salt); /* never over an existing one */
}

static Amberdb__StringMapEntry *
map_entry(struct arena *a, const char *key, const char *value)
{
    Amberdb__StringMapEntry *e = PB_NEW(a, StringMapEntry, string_map_entry);
    e->key = arena_strdup(a, key);
    e->value = arena_strdup(a, value);
    return e;
}

static struct error *
create_txn(struct exec_ctx *x, void *arg)
{
    struct statement *s = arg;
    struct backup_plan *p = &s->plan;
    struct arena *a = x->arena;
    Amberdb__BackupDetails *d = PB_NEW(a, BackupDetails, backup_details);
    if (p->prior.n > 0)
        d->start_time = pb_timestamp(a, p->start);
    d->end_time = pb_timestamp(a, p->end);
    d->uri = arena_strdup(a, p->default_uri);
    pb_set_bytes(a, &d->backup_manifest, &d->has_backup_manifest,
                 pb_pack(a, PB_BASE(p->manifest)));
    for (size_t i = 0; i < p->n_dests; i++)
        PB_PUSH(a, d->uris_by_locality_kv, d->n_uris_by_locality_kv,
                map_entry(a, p->dests[i].kv, p->dests[i].uri));
    if (p->encrypted) {
        d->encryption = PB_NEW(a, FileEncryptionOptions, file_encryption_options);
        pb_set_bytes(a, &d->encryption->key, &d->encryption->has_key,
                     slice_make(p->key.bytes, CRYPT_KEY_LEN));
    }
    PB_SET(d, protection_id, random_u64());
    if (p->collection_new) {
        d->collection_uri = arena_strdup(a, p->collection_uri);
        d->collection_dir = arena_strdup(a, p->collection_dir);
    }
    Amberdb__Payload *pl = PB_NEW(a, Payload, payload);
    pl->details_case = AMBERDB__PAYLOAD__DETAILS_BACKUP;
    pl->backup = d;
    for (size_t i = 0; i < p->manifest->n_descriptors; i++)
        PB_GROW(a, pl->descriptor_ids, pl->n_descriptor_ids,
                pb_descriptor_id(p->manifest->descriptors[i]));
    Amberdb__Progress *pr = PB_NEW(a, Progress, progress);
    pr->details_case = AMBERDB__PROGRESS__DETAILS_BACKUP;
    pr->backup = PB_NEW(a, BackupProgress, backup_progress);
    return job_create(x, pl, pr, s->description, &s->job_id);
}

/* BACKUP INTO: the layer's URIs are those of a folder of the collection. */
static struct error *
enter_collection(struct exec_ctx *x, struct statement *s, char **to, int n)
{
    struct backup_plan *p = &s->plan;
    const struct ast_backup *b = s->ast;
    char *kv, *rest, *dir;
    for (int i = 0; i < n; i++) {
        ERR_TRY(uri_split_locality(p->a, to[i], &rest, &kv));
        if (n == 1 || (kv != NULL && strcmp(kv, "default") == 0))
            p->collection_uri = rest;
    }
    if (p->collection_uri == NULL)
        return NULL; /* an error that comes when destinations are looked at */
    p->collection_new = !b->latest && b->subdir == NULL;
    if (p->collection_new)
        dir = collection_new_dir(p->a, p->end);
    else
        ERR_TRY(collection_dir(x, p->collection_uri, b->latest, b->subdir, "BACKUP", &dir));
    p->collection_dir = dir;
    for (int i = 0; i < n; i++)
        to[i] = uri_join(p->a, to[i], dir);
    return NULL;
}

static struct error *
plan_backup(struct exec_ctx *x, struct statement *s, const struct option_value *o)
{
    struct backup_plan *p = &s->plan;
    char **to;
    int n_to;
    ERR_TRY(strings_eval(x, &s->ast->to, "BACKUP", &to, &n_to));
    ERR_TRY(strings_eval(x, &s->ast->incremental_from, "BACKUP", &p->incremental_from,
                         &p->n_incremental_from));
    p->end = clock_now(x->node->clock);
    if (s->ast->as_of != NULL)
        ERR_TRY(exec_as_of(x, s->ast->as_of, &p->end));
    p->cluster = s->ast->targets.kind == AST_TARGET_CLUSTER;
    p->history = o[OPT_HISTORY].set;
    ERR_TRY(exec_txn(x->node, x->user, x->database, p->end, x->cancel, resolve_txn, s));
    if (s->ast->into)
        ERR_TRY(enter_collection(x, s, to, n_to));
    ERR_TRY(backup_destinations(p->a, to, n_to, p));
    ERR_TRY(backup_find_prior(p, o[OPT_PASSPHRASE].value));
    ERR_TRY(backup_cover(p));
    backup_fill_manifest(p);
    return NULL;
}

static struct error *
backup_run(struct exec_ctx *x, const struct ast_stmt *st, struct row_sink *rows, char **tag)
{
    struct option_value o[OPT_COUNT];
    struct statement s = {.ast = st->backup, .plan = {.a = x->arena, .node = x->node,
                                                        .cancel = x->cancel}};
    (void)tag;
    ERR_TRY(options_eval(x, &s.ast->options, option_defs, OPT_COUNT, o));
    char action[] = "BACKUP";
    ERR_TRY(exec_txn(x->node, x->user, x->database, HLC_MIN, x->cancel, admin_txn, action));
    s.description = describe_stmt(x, st);
    ERR_TRY(plan_backup(x, &s, o));
    struct error *e = lock_destination(&s);
    if (e == NULL)
        e = exec_txn(x->node, x->user, x->database, HLC_MIN, x->cancel, create_txn, &s);
    if (e != NULL) {
        sink_set_cancel(s.sink, NULL);
        if (s.locked)
            err_free(sink_remove(s.sink, CHECKPOINT_FILE));
        return e;
    }
    return o[OPT_DETACHED].set ? put_job_id(rows, s.job_id)
                               : job_wait(x->node, s.job_id, x->cancel, rows);
}

static struct error *
backup_columns(struct exec_ctx *x, const struct ast_stmt *st, int *n,
               const struct result_column **cols)
{
    (void)x;
    return backup_columns_of(&st->backup->options, n, cols);
}

/* ---- the job ---- */

struct error *
backup_job_open(struct node *n, const struct cancel *cancel, Amberdb__BackupDetails *d,
                struct arena *a, struct backup_job *b)
{
    *b = (struct backup_job){.node = n, .cancel = cancel, .a = a, .d = d};
    if (b->d->encryption != NULL && b->d->encryption->has_key) {
        if (b->d->encryption->key.len != CRYPT_KEY_LEN)
            return err_new(ERR_DATA_CORRUPTED, "the job's encryption key has a wrong length");
        memcpy(b->key.bytes, b->d->encryption->key.data, CRYPT_KEY_LEN);
        b->use_key = &b->key;
    }
    ERR_TRY(PB_PARSE(a, backup_manifest, "backup job", pb_bytes(b->d->backup_manifest), &b->m));
    ERR_TRY(open_sink(n, a, pb_str(b->d->uri), b->use_key, &b->sink));
    sink_set_cancel(b->sink, cancel);
    return NULL;
}

static struct error *
open_job(struct job *j, struct arena *a, struct backup_job *b)
{
    ERR_TRY(backup_job_open(j->node, &j->cancel, j->payload->backup, a, b));
    b->j = j;
    return NULL;
}

struct error *
backup_job_destinations(struct backup_job *b)
{
    return destinations_open(b->a, b->node, b->cancel, b->d, b->sink, b->use_key, &b->dests);
}

static int
by_span(const void *pa, const void *pb)
{
    const pb_file *a = *(pb_file *const *)pa, *b = *(pb_file *const *)pb;
    int c = slice_cmp(span_key(a->span), span_key(b->span));
    if (c == 0)
        c = slice_cmp(span_end(a->span), span_end(b->span));
    return c != 0 ? c : hlc_cmp(pb_hlc(a->end_time), pb_hlc(b->end_time));
}

/* The manifest with these files in it. */
static void
set_files(struct backup_job *b, pb_manifest *m, pb_file *const *files, size_t n, struct arena *a)
{
    m->files = arena_memdup(a, files, n * sizeof(*files));
    m->n_files = n;
    if (n > 1)
        qsort(m->files, n, sizeof(*m->files), by_span);
    m->entry_counts = PB_NEW(a, RowCount, row_count);
    int64_t size = 0, rows = 0, index_entries = 0;
    for (size_t i = 0; i < n; i++) {
        size += PB_GET(files[i]->entry_counts, data_size);
        rows += PB_GET(files[i]->entry_counts, rows);
        index_entries += PB_GET(files[i]->entry_counts, index_entries);
    }
    PB_SET(m->entry_counts, data_size, size);
    PB_SET(m->entry_counts, rows, rows);
    PB_SET(m->entry_counts, index_entries, index_entries);
    (void)b;
}

static struct error *
save_checkpoint(void *arg, pb_file *const *files, size_t n)
{
    struct backup_job *b = arg;
    struct arena *a = arena_create(NULL, "checkpoint");
    FAULT_TRY(backup_checkpoint);
    pb_manifest m = *b->m;
    set_files(b, &m, files, n, a);
    struct error *e = manifest_write(b->sink, CHECKPOINT_FILE, &m);
    arena_destroy(a);
    return e;
}

/* Files of an earlier run of this job. */
static struct error *
load_checkpoint(struct backup_job *b)
{
    pb_manifest *m;
    struct error *e = manifest_read(b->a, b->sink, CHECKPOINT_FILE, &m);
    if (e != NULL) { /* not there, the empty lock, or torn: everything is done again */
        err_free(e);
        return NULL;
    }
    if (!m->has_id || !slice_eq(pb_bytes(m->id), pb_bytes(b->m->id)))
        return NULL;
    for (size_t i = 0; i < m->n_files; i++)
        file_list_add(b->a, &b->files, m->files[i]);
    return NULL;
}

static bool
file_is_of(const pb_file *f, bool introduced)
{
    return (f->end_time != NULL && !hlc_is_empty(pb_hlc(f->end_time))) == introduced;
}

/* Parts of s that no finished file has. A piece without changes leaves no file: it is done again. */
static void
remaining(struct backup_job *b, struct span s, bool introduced, struct export_item like,
          struct export_item **v, size_t *n)
{
    struct slice at = s.start;
    for (;;) {
        const pb_file *next = NULL;
        for (size_t i = 0; i < b->files.n; i++) {
            const pb_file *f = b->files.v[i];
            if (!file_is_of(f, introduced) || slice_cmp(span_end(f->span), at) <= 0 ||
                slice_cmp(span_key(f->span), s.end) >= 0)
                continue;
            if (next == NULL || slice_cmp(span_key(f->span), span_key(next->span)) < 0)
                next = f;
        }
        struct slice end = next != NULL ? span_key(next->span) : s.end;
        if (slice_cmp(at, end) < 0) {
            like.span = (struct span){at, end};
            destinations_cut(b->dests, like, v, n);
        }
        if (next == NULL || slice_cmp(span_end(next->span), s.end) >= 0)
            return;
        at = span_end(next->span);
    }
}

struct export_item
backup_item(const struct backup_job *b, bool introduced)
{
    struct hlc start = pb_hlc(b->m->start_time);
    if (introduced)
        return (struct export_item){.since = HLC_MIN, .ts = start, .explicit_times = true};
    return (struct export_item){.since = start, .ts = pb_hlc(b->m->end_time)};
}

static void
work_list(struct backup_job *b, struct export_item **v, size_t *n)
{
    struct export_item now = backup_item(b, false), before = backup_item(b, true);
    *v = NULL;
    *n = 0;
    for (size_t i = 0; i < b->m->n_spans; i++)
        remaining(b, (struct span){span_key(b->m->spans[i]), span_end(b->m->spans[i])}, false, now,
                  v, n);
    for (size_t i = 0; i < b->m->n_introduced_spans; i++)
        remaining(b, (struct span){span_key(b->m->introduced_spans[i]),
                                   span_end(b->m->introduced_spans[i])}, true, before, v, n);
}

static void
primaries(struct backup_job *b)
{
    /* SOURCE: CockroachDB v20.1: rows of tables that were dropped in between count as index entries. */
    size_t n = 0;
    pb_table **t = ARENA_ARRAY(b->a, pb_table *, b->m->n_descriptors + 1);
    for (size_t i = 0; i < b->m->n_descriptors; i++)
        if (b->m->descriptors[i]->union_case == AMBERDB__DESCRIPTOR__UNION_TABLE)
            t[n++] = b->m->descriptors[i]->table;
    b->primary = primary_ids(b->a, t, n);
    b->n_primary = n;
}

static struct error *
revision_start(struct backup_job *b)
{
    struct hlc latest = HLC_MIN;
    if (PB_GET(b->m, mvcc_filter) != AMBERDB__MVCCFILTER__MVCC_ALL ||
        !hlc_is_empty(pb_hlc(b->m->start_time)))
        return NULL;
    for (size_t i = 0; i < b->m->n_spans; i++) {
        struct hlc t;
        struct span s = {span_key(b->m->spans[i]), span_end(b->m->spans[i])};
        ERR_TRY(kv_gc_threshold(b->j->node->db, s, &t));
        if (hlc_cmp(t, latest) > 0)
            latest = t;
    }
    b->m->revision_start_time = pb_timestamp(b->a, latest);
    return NULL;
}

static struct error *
report(void *arg, double done)
{
    struct backup_job *b = arg;
    return job_progress(b->j, b->fraction_before + (1 - b->fraction_before) * done, NULL);
}

struct export_opts
backup_export_opts(struct backup_job *b)
{
    primaries(b);
    return (struct export_opts){
        .node = b->node,
        .cancel = b->cancel,
        .all_versions = PB_GET(b->m, mvcc_filter) == AMBERDB__MVCCFILTER__MVCC_ALL,
        .primary = b->primary,
        .n_primary = b->n_primary,
    };
}

static struct error *
export_data(struct backup_job *b)
{
    struct export_item *items;
    struct export_piece *pieces;
    size_t n_items;
    double before = b->j->progress->progress_case ==
                            AMBERDB__PROGRESS__PROGRESS_FRACTION_COMPLETED
                        ? (double)b->j->progress->fraction_completed
                        : 0;
    b->fraction_before = b->files.n > 0 && before < 1 ? before : 0;
    work_list(b, &items, &n_items);
    ERR_TRY(revision_start(b));
    struct export_opts o = backup_export_opts(b);
    o.n_ranges = n_items;
    o.save = save_checkpoint;
    o.progress = report;
    o.arg = b;
    ERR_TRY(export_cut(b->a, b->node, items, n_items, &pieces, &o.n_pieces));
    o.pieces = pieces;
    return work_is_shared(b->node) ? work_run(b->a, b->j, &o, &b->files, &b->orphans)
                                   : export_run(b->a, &o, &b->files);
}

static struct error *
write_parts(struct backup_job *b)
{
    for (size_t i = 0; i < b->m->n_locality_kvs; i++) {
        const char *kv = b->m->locality_kvs[i];
        Amberdb__BackupPartitionDescriptor *p =
            PB_NEW(b->a, BackupPartitionDescriptor, backup_partition_descriptor);
        p->locality_kv = arena_strdup(b->a, kv);
        p->has_backup_id = true;
        p->backup_id = b->m->id;
        for (size_t k = 0; k < b->m->n_files; k++)
            if (strcmp(pb_str(b->m->files[k]->locality_kv), kv) == 0)
                PB_GROW(b->a, p->files, p->n_files, b->m->files[k]);
        for (size_t k = 0; k < b->d->n_uris_by_locality_kv; k++) {
            struct sink *s;
            if (strcmp(pb_str(b->d->uris_by_locality_kv[k]->key), kv) != 0)
                continue;
            ERR_TRY(open_sink(b->j->node, b->a, pb_str(b->d->uris_by_locality_kv[k]->value),
                              b->use_key, &s));
            ERR_TRY(part_write(s, b->m->partition_descriptor_filenames[i], p));
        }
    }
    return NULL;
}

static struct error *
put_result(struct backup_job *b, const pb_manifest *m, struct row_sink *rows)
{
    struct row_counter c = {0};
    if (m->entry_counts != NULL) {
        c.rows = PB_GET(m->entry_counts, rows);
        c.index_entries = PB_GET(m->entry_counts, index_entries);
        c.data_size = PB_GET(m->entry_counts, data_size);
    }
    return put_result_row(rows, b->j->id, &c);
}

/* An earlier run may have come as far as BACKUP itself. */
static struct error *
already_done(struct backup_job *b, struct row_sink *rows, bool *done)
{
    pb_manifest *m;
    bool there;
    *done = false;
    ERR_TRY(sink_has(b->sink, BACKUP_FILE, &there));
    if (!there)
        return NULL;
    ERR_TRY(manifest_read(b->a, b->sink, BACKUP_FILE, &m));
    if (!m->has_id || !slice_eq(pb_bytes(m->id), pb_bytes(b->m->id)))
        return err_new(ERR_FILE_ALREADY_EXISTS, "%s already contains a BACKUP file",
                       uri_redact(b->a, pb_str(b->d->uri)));
    *done = true;
    return put_result(b, m, rows);
}

static void
remove_lock(struct backup_job *b)
{
    struct error *e = sink_remove(b->sink, CHECKPOINT_FILE);
    if (e != NULL && !err_is(e, ERR_UNDEFINED_FILE))
        log_warning("job %lld: %s", (long long)b->j->id, e->message); /* harmless beside a BACKUP */
    err_free(e);
}

static struct error *
name_latest(struct backup_job *b)
{
    if (*pb_str(b->d->collection_uri) == '\0')
        return NULL;
    return collection_set_latest(b->j->node, b->a, b->d->collection_uri,
                                 pb_str(b->d->collection_dir));
}

/* What nodes did for an earlier run and is in no checkpoint. */
static struct error *
take_over(struct backup_job *b)
{
    size_t before = b->files.n;
    ERR_TRY(work_collect(b->a, b->j, &b->files));
    return b->files.n > before ? save_checkpoint(b, b->files.v, b->files.n) : NULL;
}

/* A data file, or what nodelocal makes of one before it is whole. */
static bool
is_data_name(const char *name)
{
    size_t id = strspn(name, "0123456789");
    if (id == 0 || strncmp(name + id, ".sst", 4) != 0)
        return false;
    name += id + 4;
    return *name == '\0' || strcmp(name + strspn(name, "0123456789"), ".tmp") == 0;
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The destination is still locked: nobody else writes there. What cannot be removed is no harm. */
static void
remove_orphans(struct backup_job *b, struct sink *s)
{
    struct arena *a = arena_create(NULL, "orphans");
    const char **listed = ARENA_ARRAY(a, const char *, b->m->n_files + 1);
    char **names;
    size_t n = 0;
    for (size_t i = 0; i < b->m->n_files; i++)
        listed[i] = pb_str(b->m->files[i]->path);
    if (b->m->n_files > 1)
        qsort(listed, b->m->n_files, sizeof(*listed), by_text);
    struct error *e = sink_list(s, a, "", &names, &n);
    for (size_t i = 0; i < n && e == NULL; i++)
        if (is_data_name(names[i]) &&
            bsearch(&names[i], listed, b->m->n_files, sizeof(*listed), by_text) == NULL)
            e = sink_remove(s, names[i]);
    if (e != NULL)
        log_info("job %lld: %s", (long long)b->j->id, e->message);
    err_free(e);
    arena_destroy(a);
}

static struct error *
do_backup(struct backup_job *b, struct row_sink *rows)
{
    ERR_TRY(kv_close_time(b->j->node->db, pb_hlc(b->m->end_time), &b->j->cancel));
    if (!b->j->fresh) {
        ERR_TRY(load_checkpoint(b));
        ERR_TRY(take_over(b));
    }
    ERR_TRY(export_data(b));
    set_files(b, b->m, b->files.v, b->files.n, b->a);
    ERR_TRY(write_parts(b));
    bool sealed = b->use_key != NULL && hlc_is_empty(pb_hlc(b->m->start_time));
    ERR_TRY(destinations_check_files(b->dests, b->m->files, b->m->n_files, sealed));
    ERR_TRY(cancel_check(&b->j->cancel));
    FAULT_TRY(backup_manifest);
    ERR_TRY(job_save(b->j)); /* unless another node thought us dead, and goes on */
    ERR_TRY(manifest_write(b->sink, BACKUP_FILE, b->m));
    if (b->orphans || !b->j->fresh) {
        remove_orphans(b, b->sink);
        for (size_t i = 0; i < b->m->n_locality_kvs; i++)
            remove_orphans(b, destinations_find(b->dests, b->m->locality_kvs[i])->sink);
    }
    remove_lock(b);
    ERR_TRY(name_latest(b));
    return put_result(b, b->m, rows);
}

/* Paused, or the node ends: go on from here. Other nodes go on meanwhile, unless somebody wants it to
 * stop. */
static void
leave(struct backup_job *b)
{
    bool wanted = atomic_load(&b->j->cancel.reason) == CANCEL_USER;
    struct error *e = wanted ? work_collect(b->a, b->j, &b->files) : NULL;
    if (e == NULL && b->files.n > 0)
        e = save_checkpoint(b, b->files.v, b->files.n);
    if (e == NULL && wanted)
        e = work_clear(b->j, true);
    err_free(e);
}

static struct error *
backup_resume(struct job *j, struct row_sink *rows)
{
    struct arena *a = arena_create(j->arena, "backup");
    struct backup_job *b = ARENA_NEW(a, struct backup_job);
    bool done = false;
    ERR_TRY(open_job(j, a, b));
    if (!j->fresh) /* else the statement has looked, and locked the destination */
        ERR_TRY(already_done(b, rows, &done));
    if (done) {
        remove_lock(b);
        return name_latest(b);
    }
    j->state = b;
    ERR_TRY(backup_job_destinations(b));
    ERR_TRY(destinations_route(b->dests, j->node, &j->cancel, b->m));
    uint64_t protection = PB_GET(b->d, protection_id);
    ERR_TRY(kv_protect(j->node->db, protection, pb_hlc(b->m->end_time)));
    struct error *e = do_backup(b, rows);
    sink_set_cancel(b->sink, NULL); /* the checkpoint of a paused one is still to be written */
    if (e == NULL)
        kv_unprotect(j->node->db, protection);
    else if (cancel_requested(&j->cancel))
        leave(b);
    if (e == NULL)
        err_free(work_clear(j, true)); /* what is left is no harm */
    return e; /* a paused job keeps its protection, a failed one until it is reverted */
}

static struct error *
remove_file(struct backup_job *b, struct sink *s, const char *name, char **left)
{
    struct error *e = sink_remove(s, name);
    if (e != NULL && !err_is(e, ERR_UNDEFINED_FILE))
        *left = arena_printf(b->a, "%s%s%s", *left != NULL ? *left : "",
                             *left != NULL ? ", " : "", name);
    err_free(e);
    return NULL;
}

/* Delete what was written, the lock last, so that the destination is free again. */
static struct error *
backup_revert(struct job *j)
{
    struct arena *a = arena_create(j->arena, "backup revert");
    struct backup_job *b = j->state, fresh;
    char *left = NULL;
    bool there;
    if (b == NULL) {
        b = &fresh;
        ERR_TRY(open_job(j, a, b));
        sink_set_cancel(b->sink, NULL);
        ERR_TRY(load_checkpoint(b));
    }
    ERR_TRY(work_collect(b->a, j, &b->files)); /* to be removed with the others */
    ERR_TRY(work_clear(j, true));
    kv_unprotect(j->node->db, PB_GET(b->d, protection_id));
    ERR_TRY(sink_has(b->sink, BACKUP_FILE, &there));
    if (there) { /* ours, finished but for the last step, or another's: not to be touched */
        pb_manifest *m;
        struct error *e = manifest_read(a, b->sink, BACKUP_FILE, &m);
        bool ours = e == NULL && m->has_id && slice_eq(pb_bytes(m->id), pb_bytes(b->m->id));
        err_free(e);
        if (!ours)
            return NULL;
        ERR_TRY(remove_file(b, b->sink, BACKUP_FILE, &left));
    }
    for (size_t i = 0; i < b->files.n; i++) {
        const pb_file *f = b->files.v[i];
        struct sink *s = b->sink;
        for (size_t k = 0; k < b->d->n_uris_by_locality_kv; k++)
            if (strcmp(pb_str(b->d->uris_by_locality_kv[k]->key), pb_str(f->locality_kv)) == 0)
                ERR_TRY(open_sink(j->node, a, pb_str(b->d->uris_by_locality_kv[k]->value), NULL,
                                  &s));
        ERR_TRY(remove_file(b, s, pb_str(f->path), &left));
    }
    for (size_t i = 0; i < b->m->n_locality_kvs; i++)
        for (size_t k = 0; k < b->d->n_uris_by_locality_kv; k++) {
            struct sink *s;
            if (strcmp(pb_str(b->d->uris_by_locality_kv[k]->key), b->m->locality_kvs[i]) != 0)
                continue;
            ERR_TRY(open_sink(j->node, a, pb_str(b->d->uris_by_locality_kv[k]->value), NULL, &s));
            ERR_TRY(remove_file(b, s, b->m->partition_descriptor_filenames[i], &left));
        }
    if (b->use_key != NULL && hlc_is_empty(pb_hlc(b->m->start_time)))
        ERR_TRY(remove_file(b, b->sink, ENCRYPTION_FILE, &left));
    ERR_TRY(remove_file(b, b->sink, CHECKPOINT_FILE, &left));
    if (left != NULL)
        return err_new(ERR_IO, "files left behind in %s: %s", uri_redact(a, pb_str(b->d->uri)),
                       left);
    return NULL;
}

static bool
backup_suits(struct node *n, const Amberdb__Payload *p)
{
    bool yes = node_reaches(n, pb_str(p->backup->uri));
    for (size_t i = 0; i < p->backup->n_uris_by_locality_kv; i++)
        yes = yes && node_reaches(n, pb_str(p->backup->uris_by_locality_kv[i]->value));
    return yes;
}

static bool
backup_leans(const Amberdb__Payload *p)
{
    bool yes = uri_is_a_nodes(pb_str(p->backup->uri));
    for (size_t i = 0; i < p->backup->n_uris_by_locality_kv; i++)
        yes = yes || uri_is_a_nodes(pb_str(p->backup->uris_by_locality_kv[i]->value));
    return yes;
}

const struct job_ops job_ops_backup = {
    .type = JOB_BACKUP,
    .name = "BACKUP",
    .columns = backup_result_columns,
    .n_columns = 6,
    .resume = backup_resume,
    .revert = backup_revert,
    .suits = backup_suits,
    .leans = backup_leans,
};

static struct error *
backup_prepare(struct exec_ctx *x, const struct ast_stmt *st)
{
    return backup_placeholders(x, st, option_defs, OPT_COUNT);
}

static const struct statement_ops backup_ops[] = {
    {.kind = AST_STMT_BACKUP, .tag = "BACKUP ", .name = "BACKUP",
     .flags = STMT_NO_TXN | STMT_NOT_IN_TXN | STMT_ADMIN, .placeholders = backup_prepare,
     .columns = backup_columns, .run = backup_run},
};
const struct statement_family statement_family_backup = {
    backup_ops, sizeof(backup_ops) / sizeof(backup_ops[0])};
