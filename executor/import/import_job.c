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
#include "catalog/row.h"
#include "executor/auto_stats.h"
#include "executor/backup/backup_int.h"
#include "executor/backup/destinations.h"
#include "executor/backup/restore_int.h"
#include "executor/mutation/mutation.h"

#define BATCH_RECORDS 20000
#define BATCH_BYTES ((size_t)4 << 20) /* of their fields */
#define REVERT_KEYS 20000
#define FILE_DONE INT64_MAX

struct import_run {
    struct job *j;
    pb_import *d;
    Amberdb__ImportDetails__Table *target;
    uint32_t table_id;
    const char *database;
    int64_t *done;             /* records of each file that are in, or FILE_DONE */
    struct mut_written written;
    uint64_t *sizes, total, before; /* bytes of files; of all; of those before the one being read */
    /* the batch */
    struct import_file *file;
    struct arena *arena;
    struct import_record *v;
    size_t n, bytes;
    size_t at;                 /* the file's place in uris */
    int64_t records;           /* of the file, with this batch */
    struct mut_written batch;  /* what it came to */
};

static struct error *
open_details(struct job *j, pb_import **out)
{
    struct slice bytes = slice_make(j->payload->import.data, j->payload->import.len);
    ERR_TRY(PB_PARSE(j->arena, import_details, "details of a job", bytes, out));
    if ((*out)->n_tables != 1 || (*out)->tables[0]->desc == NULL || (*out)->format == NULL)
        return err_new(ERR_DATA_CORRUPTED, "job %lld: no table", (long long)j->id);
    return NULL;
}

/* ---- progress -------------------------------------------------------------------------------- */

static struct error *
load_progress(struct import_run *r)
{
    Amberdb__Progress *p = r->j->progress;
    Amberdb__ImportProgress *ip = NULL;
    r->done = ARENA_ARRAY(r->j->arena, int64_t, r->d->n_uris + 1);
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
    struct arena *a = r->j->arena;
    Amberdb__Progress *p = r->j->progress;
    Amberdb__ImportProgress *ip = PB_NEW(a, ImportProgress, import_progress);
    ip->n_resume_pos = r->d->n_uris;
    ip->resume_pos = arena_memdup(a, r->done, r->d->n_uris * sizeof(*r->done));
    if (r->at < r->d->n_uris)
        ip->resume_pos[r->at] = done;
    PB_SET(ip, rows, w->rows);
    PB_SET(ip, index_entries, w->index_entries);
    PB_SET(ip, bytes, w->bytes);
    struct slice bytes = pb_pack(a, PB_BASE(ip));
    p->details_case = AMBERDB__PROGRESS__DETAILS_IMPORT;
    p->import.data = arena_memdup(a, bytes.ptr, bytes.len);
    p->import.len = bytes.len;
    if (r->total > 0 && r->file != NULL) {
        double f = (double)(r->before + import_file_read(r->file)) / (double)r->total;
        p->progress_case = AMBERDB__PROGRESS__PROGRESS_FRACTION_COMPLETED;
        p->fraction_completed = (float)(f < 0.99 ? f : 0.99);
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

struct row_maker {
    struct exec_ctx *x;
    const struct import_run *r;
    const struct table *t;
    struct plan_target target;
    struct mut_table *mt;
    struct arena *arena;       /* one row */
    int n_cols;
    int *ordinals;             /* of the columns that fields are for */
    struct expr **defaults;    /* of the others, by ordinal */
    struct datum *row;
};

static struct error *
choose_columns(struct row_maker *m)
{
    const Amberdb__ImportDetails__Table *to = m->r->target;
    size_t n = (size_t)m->t->n_all_columns + 1;
    struct arena *a = m->x->arena;
    bool *given = ARENA_ARRAY(a, bool, n);
    m->ordinals = ARENA_ARRAY(a, int, n);
    m->defaults = ARENA_ARRAY(a, struct expr *, n);
    for (size_t i = 0; i < to->n_target_cols; i++)
        for (int k = 0; k < m->t->n_columns; k++)
            if (strcmp(m->t->columns[k].name, to->target_cols[i]) == 0)
                m->ordinals[m->n_cols++] = k;
    for (int k = 0; k < m->t->n_columns && to->n_target_cols == 0; k++)
        if (!m->t->columns[k].hidden && m->t->columns[k].compute_expr == NULL)
            m->ordinals[m->n_cols++] = k;
    for (int i = 0; i < m->n_cols; i++)
        given[m->ordinals[i]] = true;
    for (int k = 0; k < m->t->n_all_columns; k++) {
        const struct column *c = &m->t->columns[k];
        if (!given[k] && c->default_expr != NULL && c->compute_expr == NULL)
            ERR_TRY(plan_stored_expr(exec_planner(m->x), NULL, c->default_expr, c->type, &m->defaults[k]));
    }
    return NULL;
}

static struct error *
parse_fields(struct row_maker *m, const struct import_record *rec)
{
    struct eval_env env = m->x->env;
    int n = rec->n;
    env.arena = m->arena;
    if (n == m->n_cols + 1 && rec->fields[m->n_cols].text.len == 0 &&
        PB_GET(m->r->d->format, format) == AMBERDB__IMPORT_FORMAT__KIND__CSV)
        n--; /* a comma at the end */
    if (n != m->n_cols)
        return err_new(ERR_UNCATEGORIZED, "expected %d fields, got %d", m->n_cols, rec->n);
    for (int i = 0; i < n; i++) {
        const struct column *c = &m->t->columns[m->ordinals[i]];
        struct error *e;
        if (rec->fields[i].null)
            continue;
        e = datum_parse(&env, c->type, rec->fields[i].text, &m->row[m->ordinals[i]]);
        if (e != NULL)
            return err_wrap(e, "parse \"%s\" as %s", c->name, type_sql_str(m->arena, c->type));
    }
    return NULL;
}

static struct error *
make_row(struct row_maker *m, const struct import_record *rec)
{
    struct eval_env env = m->x->env;
    arena_reset(m->arena);
    env.arena = m->arena;
    for (int i = 0; i < m->t->n_all_columns; i++)
        m->row[i] = DATUM_NULL;
    ERR_TRY(parse_fields(m, rec));
    for (int i = 0; i < m->t->n_all_columns; i++)
        if (m->defaults[i] != NULL)
            ERR_TRY(expr_eval(m->defaults[i], &env, &m->x->state, NULL, &m->row[i]));
    return mut_prepare_row(m->mt, m->arena, m->row, NULL);
}

static struct error *
insert_record(struct row_maker *m, const struct import_record *rec)
{
    struct error *e = make_row(m, rec);
    if (e != NULL)
        return import_row_error(e, m->r->d->format, rec);
    e = mut_check_row(m->mt, m->arena, m->row);
    if (e == NULL)
        e = mut_insert(m->mt, m->arena, m->row, MUT_INSERT);
    return e != NULL ? err_wrap(e, "row %lld", (long long)rec->number) : NULL;
}

/* The table, which is offline as this job left it. */
static struct error *
open_table(struct exec_ctx *x, const struct import_run *r, const struct table **t)
{
    catalog_see_offline(x->catalog, true);
    ERR_TRY(catalog_table_by_id(x->catalog, r->table_id, t));
    if (*t == NULL || PB_GET((*t)->pb, state) != AMBERDB__STATE__OFFLINE)
        return err_new(ERR_UNCATEGORIZED, "table %u is not offline any more", r->table_id);
    return NULL;
}

static struct error *
batch_txn(struct exec_ctx *x, void *arg)
{
    struct import_run *r = arg;
    struct row_maker m = {.x = x, .r = r};
    struct mutator *mutator;
    const struct database *db;
    ERR_TRY(open_table(x, r, &m.t));
    ERR_TRY(catalog_database_by_id(x->catalog, m.t->parent_id, &db));
    ERR_TRY(plan_target_init(exec_planner(x), &m.target, m.t, db));
    m.target.ignore_fks = true;
    m.arena = arena_create(x->arena, "row");
    m.row = ARENA_ARRAY(x->arena, struct datum, (size_t)m.t->n_all_columns + 1);
    ERR_TRY(choose_columns(&m));
    ERR_TRY(mutator_create(x, x->arena, &mutator));
    ERR_TRY(mutator_table(mutator, m.t, &m.target, &m.mt));
    for (size_t i = 0; i < r->n; i++) {
        if (i % 1000 == 0)
            ERR_TRY(cancel_check(x->cancel));
        struct error *e = insert_record(&m, &r->v[i]);
        if (e != NULL)
            return err_wrap(e, "%s", import_file_name(r->file));
    }
    ERR_TRY(mutator_finish(mutator));
    r->batch = mut_written(m.mt);
    r->batch.rows += r->written.rows;
    r->batch.index_entries += r->written.index_entries;
    r->batch.bytes += r->written.bytes;
    set_progress(r, r->records, &r->batch);
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
    r->written = r->batch;
    r->n = r->bytes = 0;
    arena_reset(r->arena);
    return NULL;
}

/* ---- files ----------------------------------------------------------------------------------- */

static struct error *
read_file(struct import_run *r, struct import_reader *reader)
{
    int64_t from = r->done[r->at], skip = import_skips(r->d->format);
    for (bool more = true; more;) {
        struct import_record *rec = &r->v[r->n];
        struct error *e = import_read(reader, r->arena, rec, &more);
        if (e != NULL)
            return err_wrap(e, "%s", import_file_name(r->file));
        if (more && (rec->number <= skip || rec->number <= from)) {
            arena_reset(r->arena);
            if (rec->number % 1000 == 0)
                ERR_TRY(cancel_check(&r->j->cancel));
            continue;
        }
        if (more) {
            r->records = rec->number;
            r->bytes += reader->text.len + (size_t)rec->n * sizeof(*rec->fields);
            r->n++;
        }
        if (r->n == BATCH_RECORDS || r->bytes >= BATCH_BYTES || (!more && r->n > 0))
            ERR_TRY(write_batch(r));
    }
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
    r->v = arena_alloc(r->j->arena, (BATCH_RECORDS + 1) * sizeof(*r->v));
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
publish_txn(struct exec_ctx *x, void *arg)
{
    struct import_run *r = arg;
    const struct table *t;
    pb_table *pb;
    ERR_TRY(open_table(x, r, &t));
    ERR_TRY(catalog_mutable_table(x->catalog, x->arena, r->table_id, &pb));
    PB_SET(pb, state, AMBERDB__STATE__PUBLIC);
    pb->offline_reason = NULL;
    for (size_t i = 0; i < pb->n_outbound_fks; i++)
        PB_SET(pb->outbound_fks[i], validity, AMBERDB__CONSTRAINT_VALIDITY__UNVALIDATED);
    ERR_TRY(catalog_write_table(x->catalog, pb));
    Amberdb__Payload *p = r->j->payload;
    PB_SET(r->d, tables_published, true);
    struct slice bytes = pb_pack(r->j->arena, PB_BASE(r->d));
    ProtobufCBinaryData before = p->import;
    p->import.data = arena_memdup(r->j->arena, bytes.ptr, bytes.len);
    p->import.len = bytes.len;
    struct error *e = job_save_txn(r->j, x);
    if (e != NULL) { /* it may be tried again */
        p->import = before;
        PB_SET(r->d, tables_published, false);
    }
    return e;
}

static struct error *
publish(struct import_run *r)
{
    ProtobufCBinaryData before = r->j->payload->import;
    ERR_TRY(cancel_check(&r->j->cancel));
    struct error *e = exec_txn(r->j->node, NULL, "system", HLC_MIN, &r->j->cancel, publish_txn, r);
    if (e != NULL)
        r->j->payload->import = before;
    else
        auto_stats_note(r->j->node, r->table_id, AUTO_STATS_MANY);
    return e;
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
    r.target = r.d->tables[0];
    r.table_id = PB_GET(r.target->desc, id);
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
forget_txn(struct exec_ctx *x, void *arg)
{
    const pb_table *t = arg;
    uint32_t id = PB_GET(t, id), parent = PB_GET(t, parent_id), named;
    const pb_descriptor *now;
    ERR_TRY(catalog_namespace_get(x->catalog, parent, ID_PUBLIC_SCHEMA, pb_str(t->name), &named));
    if (named == id)
        ERR_TRY(catalog_namespace_delete(x->catalog, parent, ID_PUBLIC_SCHEMA, pb_str(t->name)));
    ERR_TRY(catalog_descriptor(x->catalog, id, &now));
    return now != NULL ? catalog_delete_descriptor(x->catalog, id) : NULL;
}

struct undoing {
    struct import_run *r;
    struct slice from;         /* keys before it are done; of `kept` */
    struct arena *kept;
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
    ERR_TRY(open_table(x, u->r, &t));
    ERR_TRY(catalog_descriptor(x->catalog, u->r->table_id, &d));
    struct hlc since = pb_hlc(pb_descriptor_table(d)->modification_time);
    ERR_TRY(table_spans(x->arena, t->pb, &spans));
    span_list_sort(&spans);
    struct span all = {spans.v[0].start, spans.v[spans.n - 1].end};
    if (u->from.len > 0)
        all.start = u->from;
    struct kv_scan_opts o = {.span = all, .no_track = true};
    size_t n = 0;
    ERR_TRY(kv_scan_open(x->txn, &o, &scan));
    struct error *err = NULL;
    for (; err == NULL && n < REVERT_KEYS; n++) {
        err = kv_scan_next(scan, &e, &more);
        if (err != NULL || !more)
            break;
        u->from = (struct slice){arena_memdup(u->kept, e.key.ptr, e.key.len), e.key.len};
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
    const struct import_run *r = arg;
    const struct table *t;
    pb_table *pb;
    ERR_TRY(open_table(x, r, &t));
    ERR_TRY(catalog_mutable_table(x->catalog, x->arena, r->table_id, &pb));
    PB_SET(pb, state, AMBERDB__STATE__PUBLIC);
    pb->offline_reason = NULL;
    return catalog_write_table(x->catalog, pb);
}

static struct error *
state_txn(struct exec_ctx *x, void *arg)
{
    struct undoing *u = arg;
    const pb_descriptor *d;
    ERR_TRY(catalog_descriptor(x->catalog, u->r->table_id, &d));
    u->done = d == NULL || PB_GET(pb_descriptor_table(d), state) != AMBERDB__STATE__OFFLINE;
    return NULL;
}

static struct error *
undo_rows(struct import_run *r)
{
    struct undoing u = {.r = r};
    struct error *err;
    ERR_TRY(exec_txn(r->j->node, NULL, "system", HLC_MIN, NULL, state_txn, &u));
    if (u.done)
        return NULL; /* an earlier run did it */
    u.kept = arena_create(r->j->arena, "undo");
    do
        err = exec_txn(r->j->node, NULL, "system", HLC_MIN, NULL, undo_txn, &u);
    while (err == NULL && !u.done);
    arena_destroy(u.kept);
    return err != NULL ? err : exec_txn(r->j->node, NULL, "system", HLC_MIN, NULL, public_txn, r);
}

static struct error *
import_revert(struct job *j)
{
    struct import_run r = {.j = j};
    ERR_TRY(open_details(j, &r.d));
    r.target = r.d->tables[0];
    r.table_id = PB_GET(r.target->desc, id);
    if (PB_GET(r.d, tables_published))
        return NULL; /* whole, and maybe in use */
    if (!PB_GET(r.target, is_new))
        return undo_rows(&r);
    ERR_TRY(drop_table_data(j->node, r.table_id));
    return exec_txn(j->node, NULL, "system", HLC_MIN, NULL, forget_txn, r.target->desc);
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
is_nobodys(struct node *n, const char *uri)
{
    (void)n;
    return !uri_is_a_nodes(uri);
}

static bool
import_leans(const Amberdb__Payload *p)
{
    return !all_uris(p, is_nobodys, NULL);
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
