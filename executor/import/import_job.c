/* The job IMPORT.
 *
 *     resume   files one after the other: records in batches, each a transaction that writes its rows and,
 *              in the job's row, how many records of the file are in; so none is lost or comes twice,
 *              whenever the process ends
 *              one transaction: the table becomes PUBLIC
 *     revert   a new table goes; from another one goes all that is newer than its descriptor, for nobody
 *              else writes a table that is offline. Then it is PUBLIC again.
 *
 * Rows are checked as INSERT checks them, but for foreign keys: those of IMPORT INTO are not validated
 * afterwards, as in v20.1. */
#include "config.h"

#include "executor/import/import_int.h"

#include "base/fault.h"
#include "executor/auto_stats.h"
#include "executor/backup/backup_int.h"
#include "executor/backup/destinations.h"
#include "executor/backup/restore_int.h"
#include "executor/schema/schema_int.h"

#define BATCH_RECORDS 20000
#define BATCH_BYTES ((size_t)4 << 20) /* of their fields */
#define REVERT_KEYS 20000
#define FILE_DONE INT64_MAX

struct import_run {
    struct job *j;
    pb_import *d;
    const char *database;
    int64_t *done;             /* records of each file that are in, or FILE_DONE */
    struct mut_written written;
    struct str packed;         /* these two, as the job's row has them */
    uint64_t *sizes, total, before; /* bytes of files; of all; of those before the one being read */
    size_t at;                 /* the file being read, by its place in uris */
    struct import_file *file;
    const char *table;         /* of a dump: whose rows come; of target_arena, as are their columns */
    struct arena *target_arena;
    /* the records that wait */
    struct import_batch batch;
    struct arena *arena;       /* of their text */
    size_t bytes;
    int64_t records;           /* of the file, with these */
    struct mut_written with_batch;
};

static struct error *
open_details(struct job *j, pb_import **out)
{
    struct slice bytes = slice_make(j->payload->import.data, j->payload->import.len);
    ERR_TRY(PB_PARSE(j->arena, import_details, "details of a job", bytes, out));
    bool whole = (*out)->n_tables > 0 && (*out)->format != NULL;
    for (size_t i = 0; i < (*out)->n_tables; i++)
        whole = whole && (*out)->tables[i]->desc != NULL;
    return whole ? NULL : err_new(ERR_DATA_CORRUPTED, "job %lld: no table", (long long)j->id);
}

/* ---- progress -------------------------------------------------------------------------------- */

static struct error *
load_progress(struct import_run *r)
{
    Amberdb__Progress *p = r->j->progress;
    Amberdb__ImportProgress *ip = NULL;
    r->done = ARENA_ARRAY(r->j->arena, int64_t, r->d->n_uris + 1);
    str_init_arena(&r->packed, r->j->arena, STR_MAX_DEFAULT);
    if (p->details_case != AMBERDB__PROGRESS__DETAILS_IMPORT || p->import.len == 0)
        return NULL;
    ERR_TRY(PB_PARSE(r->j->arena, import_progress, "progress of a job",
                     slice_make(p->import.data, p->import.len), &ip));
    for (size_t i = 0; i < ip->n_resume_pos && i < r->d->n_uris; i++)
        r->done[i] = ip->resume_pos[i];
    r->written = (struct mut_written){PB_GET(ip, rows), PB_GET(ip, index_entries), PB_GET(ip, bytes)};
    return NULL;
}

static void
set_progress(struct import_run *r, int64_t done, const struct mut_written *w)
{
    struct arena *a = arena_create(NULL, "progress");
    Amberdb__Progress *p = r->j->progress;
    Amberdb__ImportProgress *ip = PB_NEW(a, ImportProgress, import_progress);
    ip->n_resume_pos = r->d->n_uris;
    ip->resume_pos = arena_memdup(a, r->done, r->d->n_uris * sizeof(*r->done));
    if (r->at < r->d->n_uris)
        ip->resume_pos[r->at] = done;
    PB_SET(ip, rows, w->rows);
    PB_SET(ip, index_entries, w->index_entries);
    PB_SET(ip, bytes, w->bytes);
    str_clear(&r->packed);
    str_append_slice(&r->packed, pb_pack(a, PB_BASE(ip)));
    arena_destroy(a);
    p->details_case = AMBERDB__PROGRESS__DETAILS_IMPORT;
    p->import.data = (uint8_t *)r->packed.ptr;
    p->import.len = r->packed.len;
    if (r->total > 0 && r->file != NULL) {
        double f = (double)(r->before + import_file_read(r->file)) / (double)r->total;
        p->progress_case = AMBERDB__PROGRESS__PROGRESS_FRACTION_COMPLETED;
        p->fraction_completed = (float)(f < 0.99 ? f : 0.99);
    }
}

/* ---- batches --------------------------------------------------------------------------------- */

static struct error *
batch_txn(struct exec_ctx *x, void *arg)
{
    struct import_run *r = arg;
    struct mut_written w;
    ERR_TRY(import_write_rows(x, &r->batch, &w));
    r->with_batch = (struct mut_written){r->written.rows + w.rows, r->written.index_entries + w.index_entries,
                                         r->written.bytes + w.bytes};
    set_progress(r, r->records, &r->with_batch);
    return job_save_txn(r->j, x);
}

static struct error *
write_batch(struct import_run *r)
{
    FAULT_TRY(import_batch);
    struct error *e = exec_txn(r->j->node, NULL, r->database, HLC_MIN, &r->j->cancel, batch_txn, r);
    if (e != NULL) { /* what is written of the job hereafter must not say that the batch is in */
        set_progress(r, r->done[r->at], &r->written);
        return e;
    }
    r->done[r->at] = r->records;
    r->written = r->with_batch;
    r->batch.n = r->bytes = 0;
    arena_reset(r->arena);
    return NULL;
}

/* ---- files ----------------------------------------------------------------------------------- */

static struct error *
add_record(struct import_run *r, const struct import_reader *reader)
{
    struct import_record *rec = &r->batch.v[r->batch.n];
    bool wanted = r->batch.to != NULL && rec->number > import_skips(r->d->format);
    if (!wanted || rec->number <= r->done[r->at]) {
        if (r->batch.n == 0)
            arena_reset(r->arena);
        return rec->number % 1000 == 0 ? cancel_check(&r->j->cancel) : NULL;
    }
    r->records = rec->number;
    r->bytes += reader->text.len + (size_t)rec->n * sizeof(*rec->fields);
    r->batch.n++;
    return r->batch.n == BATCH_RECORDS || r->bytes >= BATCH_BYTES ? write_batch(r) : NULL;
}

static bool
is_same_target(const struct import_run *r, const struct import_rows_of *to)
{
    bool same = r->table != NULL && strcmp(r->table, to->table) == 0 && r->batch.n_columns == to->n_columns;
    for (size_t i = 0; same && i < to->n_columns; i++)
        same = strcmp(r->batch.columns[i], to->columns[i]) == 0;
    return same;
}

/* A dump goes on with rows of another table. */
static struct error *
change_target(struct import_run *r, const struct import_rows_of *to)
{
    if (is_same_target(r, to))
        return NULL;
    if (r->batch.n > 0)
        ERR_TRY(write_batch(r));
    arena_reset(r->target_arena);
    r->table = arena_strdup(r->target_arena, to->table);
    r->batch.to = NULL;
    for (size_t i = 0; i < r->d->n_tables; i++)
        if (strcmp(pb_str(r->d->tables[i]->name), to->table) == 0)
            r->batch.to = r->d->tables[i];
    char **columns = ARENA_ARRAY(r->target_arena, char *, to->n_columns + 1);
    for (size_t i = 0; i < to->n_columns; i++)
        columns[i] = arena_strdup(r->target_arena, to->columns[i]);
    r->batch.columns = columns;
    r->batch.n_columns = to->n_columns;
    return NULL;
}

static struct error *
read_file(struct import_run *r, struct import_reader *reader)
{
    for (bool more = true; more;) {
        struct error *e = import_read(reader, r->arena, &r->batch.v[r->batch.n], &more);
        if (e != NULL)
            return err_wrap(e, "%s", r->batch.file);
        if (more)
            ERR_TRY(reader->begins ? change_target(r, &reader->to) : add_record(r, reader));
    }
    if (r->batch.n > 0)
        ERR_TRY(write_batch(r));
    r->done[r->at] = FILE_DONE;
    return NULL;
}

static struct error *
import_file(struct import_run *r, const char *uri)
{
    struct arena *a = arena_create(r->j->arena, "file");
    struct import_reader reader;
    struct error *err;
    ERR_GOTO(import_file_open(r->j->node, a, uri, PB_GET(r->d->format, compression), &r->j->cancel,
                              &r->file), out);
    r->target_arena = arena_create(a, "target");
    r->table = NULL;
    r->batch.file = import_file_name(r->file);
    if (PB_GET(r->d->format, format) != AMBERDB__IMPORT_FORMAT__KIND__PGDUMP) {
        r->batch.to = r->d->tables[0];
        r->batch.columns = r->batch.to->target_cols;
        r->batch.n_columns = r->batch.to->n_target_cols;
    }
    import_reader_init(&reader, a, r->file, r->d->format);
    err = read_file(r, &reader);
out:
    r->file = NULL;
    arena_destroy(a);
    return err;
}

/* Of all files, which must be there before the first row is written. */
static struct error *
measure_files(struct import_run *r)
{
    r->sizes = ARENA_ARRAY(r->j->arena, uint64_t, r->d->n_uris + 1);
    for (size_t i = 0; i < r->d->n_uris; i++) {
        struct arena *a = arena_create(r->j->arena, "file");
        struct import_file *f;
        struct error *e = import_file_open(r->j->node, a, r->d->uris[i],
                                           AMBERDB__IMPORT_FORMAT__COMPRESSION__NONE, &r->j->cancel, &f);
        if (e == NULL)
            r->total += r->sizes[i] = import_file_size(f);
        arena_destroy(a);
        if (e != NULL)
            return err_wrap(store_error(e), "%s", uri_redact(r->j->arena, r->d->uris[i]));
    }
    return NULL;
}

static struct error *
import_files(struct import_run *r)
{
    struct error *e = NULL;
    ERR_TRY(measure_files(r));
    r->arena = arena_create(r->j->arena, "batch");
    r->batch.d = r->d;
    r->batch.v = arena_alloc(r->j->arena, (BATCH_RECORDS + 1) * sizeof(*r->batch.v));
    for (r->at = 0; r->at < r->d->n_uris && e == NULL; r->at++) {
        if (r->done[r->at] != FILE_DONE)
            e = import_file(r, r->d->uris[r->at]);
        r->before += r->sizes[r->at];
    }
    arena_destroy(r->arena);
    return e;
}

/* ---- its end --------------------------------------------------------------------------------- */

static struct error *
publish_table(struct exec_ctx *x, const Amberdb__ImportDetails__Table *to, bool unvalidate)
{
    const struct table *t;
    pb_table *pb;
    ERR_TRY(import_table(x, to, &t));
    ERR_TRY(catalog_mutable_table(x->catalog, x->arena, t->id, &pb));
    PB_SET(pb, state, AMBERDB__STATE__PUBLIC);
    pb->offline_reason = NULL;
    for (size_t i = 0; unvalidate && i < pb->n_outbound_fks; i++)
        PB_SET(pb->outbound_fks[i], validity, AMBERDB__CONSTRAINT_VALIDITY__UNVALIDATED);
    return catalog_write_table(x->catalog, pb);
}

/* Those of new tables, which a dump brought, must hold. */
static struct error *
validate_keys(struct exec_ctx *x, const Amberdb__ImportDetails__Table *to)
{
    const struct table *t;
    ERR_TRY(catalog_table_by_id(x->catalog, PB_GET(to->desc, id), &t));
    for (size_t i = 0; t != NULL && PB_GET(to, is_new) && i < t->pb->n_outbound_fks; i++)
        ERR_TRY(ddl_validate_foreign_key(x, t, pb_str(t->pb->outbound_fks[i]->name)));
    return NULL;
}

static struct error *
publish_txn(struct exec_ctx *x, void *arg)
{
    struct import_run *r = arg;
    for (size_t i = 0; i < r->d->n_tables; i++)
        ERR_TRY(publish_table(x, r->d->tables[i], !PB_GET(r->d->tables[i], is_new)));
    catalog_see_offline(x->catalog, false);
    for (size_t i = 0; i < r->d->n_tables; i++)
        ERR_TRY(validate_keys(x, r->d->tables[i]));
    Amberdb__Payload *p = r->j->payload;
    PB_SET(r->d, tables_published, true);
    struct slice bytes = pb_pack(r->j->arena, PB_BASE(r->d));
    p->import.data = arena_memdup(r->j->arena, bytes.ptr, bytes.len);
    p->import.len = bytes.len;
    return job_save_txn(r->j, x);
}

static struct error *
publish(struct import_run *r)
{
    ProtobufCBinaryData before = r->j->payload->import;
    ERR_TRY(cancel_check(&r->j->cancel));
    struct error *e = exec_txn(r->j->node, NULL, r->database, HLC_MIN, &r->j->cancel, publish_txn, r);
    if (e != NULL) {
        r->j->payload->import = before;
        PB_SET(r->d, tables_published, false);
        return e;
    }
    for (size_t i = 0; i < r->d->n_tables; i++)
        if (r->d->tables[i]->desc->sequence_opts == NULL)
            auto_stats_note(r->j->node, PB_GET(r->d->tables[i]->desc, id), AUTO_STATS_MANY);
    return NULL;
}

static struct error *
database_txn(struct exec_ctx *x, void *arg)
{
    struct import_run *r = arg;
    const struct database *db;
    ERR_TRY(catalog_database_by_id(x->catalog, PB_GET(r->d, parent_id), &db));
    if (db == NULL)
        return err_new(ERR_UNCATEGORIZED, "database %u does not exist", PB_GET(r->d, parent_id));
    r->database = arena_strdup(r->j->arena, db->name);
    return NULL;
}

static struct error *
import_resume(struct job *j, struct row_sink *rows)
{
    struct import_run r = {.j = j};
    struct row_counter c = {0};
    ERR_TRY(open_details(j, &r.d));
    ERR_TRY(load_progress(&r));
    if (!PB_GET(r.d, tables_published)) {
        ERR_TRY(exec_txn(j->node, NULL, "system", HLC_MIN, &j->cancel, database_txn, &r));
        ERR_TRY(import_files(&r));
        ERR_TRY(publish(&r));
    }
    c.rows = r.written.rows;
    c.index_entries = r.written.index_entries;
    c.data_size = r.written.bytes;
    return put_result_row(rows, j->id, &c);
}

/* ---- undoing --------------------------------------------------------------------------------- */

static struct error *
forget_table(struct exec_ctx *x, const pb_table *t)
{
    uint32_t id = PB_GET(t, id), parent = PB_GET(t, parent_id), named;
    const pb_descriptor *now;
    ERR_TRY(catalog_namespace_get(x->catalog, parent, ID_PUBLIC_SCHEMA, pb_str(t->name), &named));
    if (named == id)
        ERR_TRY(catalog_namespace_delete(x->catalog, parent, ID_PUBLIC_SCHEMA, pb_str(t->name)));
    ERR_TRY(catalog_descriptor(x->catalog, id, &now));
    return now != NULL ? catalog_delete_descriptor(x->catalog, id) : NULL;
}

static struct error *
forget_txn(struct exec_ctx *x, void *arg)
{
    const pb_import *d = arg;
    for (size_t i = 0; i < d->n_tables; i++)
        ERR_TRY(forget_table(x, d->tables[i]->desc));
    return NULL;
}

struct undoing {
    const Amberdb__ImportDetails__Table *to;
    struct str from;           /* keys before it are done; "" at first */
    struct str last;           /* of the piece, which may be done again */
    bool done;
};

/* A piece of what the job wrote, which is all that is newer than the table's descriptor. */
static struct error *
undo_txn(struct exec_ctx *x, void *arg)
{
    struct undoing *u = arg;
    const struct table *t;
    const pb_descriptor *d;
    struct span_list spans = {0};
    struct kv_scan *scan;
    struct kv_entry e;
    bool more = true;
    ERR_TRY(import_table(x, u->to, &t));
    ERR_TRY(catalog_descriptor(x->catalog, t->id, &d));
    struct hlc since = pb_hlc(pb_descriptor_table(d)->modification_time);
    ERR_TRY(table_spans(x->arena, t->pb, &spans));
    span_list_sort(&spans);
    struct span all = {spans.v[0].start, spans.v[spans.n - 1].end};
    if (u->from.len > 0)
        all.start = str_slice(&u->from);
    struct kv_scan_opts o = {.span = all, .no_track = true};
    ERR_TRY(kv_scan_open(x->txn, &o, &scan));
    struct error *err = NULL;
    for (size_t n = 0; err == NULL && n < REVERT_KEYS; n++) {
        err = kv_scan_next(scan, &e, &more);
        if (err != NULL || !more)
            break;
        str_clear(&u->last);
        str_append_slice(&u->last, e.key);
        if (hlc_cmp(e.ts, since) > 0)
            err = kv_del(x->txn, e.key);
    }
    kv_scan_close(scan);
    u->done = !more;
    return err;
}

static struct error *
public_txn(struct exec_ctx *x, void *arg)
{
    const struct undoing *u = arg;
    return publish_table(x, u->to, false);
}

static struct error *
state_txn(struct exec_ctx *x, void *arg)
{
    struct undoing *u = arg;
    const pb_descriptor *d;
    ERR_TRY(catalog_descriptor(x->catalog, PB_GET(u->to->desc, id), &d));
    u->done = d == NULL || PB_GET(pb_descriptor_table(d), state) != AMBERDB__STATE__OFFLINE;
    return NULL;
}

static struct error *
undo_rows(struct job *j, const Amberdb__ImportDetails__Table *to)
{
    struct undoing u = {.to = to};
    struct error *err;
    ERR_TRY(exec_txn(j->node, NULL, "system", HLC_MIN, NULL, state_txn, &u));
    if (u.done)
        return NULL; /* an earlier run did it */
    str_init_arena(&u.from, j->arena, STR_MAX_DEFAULT);
    str_init_arena(&u.last, j->arena, STR_MAX_DEFAULT);
    do {
        err = exec_txn(j->node, NULL, "system", HLC_MIN, NULL, undo_txn, &u);
        str_clear(&u.from);
        str_append_slice(&u.from, str_slice(&u.last));
    } while (err == NULL && !u.done);
    return err != NULL ? err : exec_txn(j->node, NULL, "system", HLC_MIN, NULL, public_txn, &u);
}

static struct error *
import_revert(struct job *j)
{
    pb_import *d;
    ERR_TRY(open_details(j, &d));
    if (PB_GET(d, tables_published))
        return NULL; /* whole, and maybe in use */
    if (!PB_GET(d->tables[0], is_new))
        return undo_rows(j, d->tables[0]);
    for (size_t i = 0; i < d->n_tables; i++)
        ERR_TRY(drop_table_data(j->node, PB_GET(d->tables[i]->desc, id)));
    return exec_txn(j->node, NULL, "system", HLC_MIN, NULL, forget_txn, d);
}

/* ---- where it can run ------------------------------------------------------------------------ */

static bool
all_uris(const Amberdb__Payload *p, bool (*fn)(struct node *n, const char *uri), struct node *n)
{
    struct arena *a = arena_create(NULL, "uris");
    pb_import *d = NULL;
    bool yes = true;
    struct error *e = PB_PARSE(a, import_details, "details of a job",
                               slice_make(p->import.data, p->import.len), &d);
    for (size_t i = 0; e == NULL && i < d->n_uris; i++)
        yes = yes && fn(n, d->uris[i]);
    err_free(e); /* resume says so, too */
    arena_destroy(a);
    return yes;
}

static bool
import_suits(struct node *n, const Amberdb__Payload *p)
{
    return all_uris(p, node_reaches, n);
}

static bool
import_leans(const Amberdb__Payload *p)
{
    return !all_uris(p, uri_is_nobodys, NULL);
}

const struct job_ops job_ops_import = {
    .type = JOB_IMPORT,
    .name = "IMPORT",
    .columns = backup_result_columns,
    .n_columns = 6,
    .resume = import_resume,
    .revert = import_revert,
    .suits = import_suits,
    .leans = import_leans,
};
