/* Rows of system.jobs, read and written in CockroachDB's bytes. */
#include "config.h"

#include "executor/jobs/jobs.h"

#include "catalog/pb.h"
#include "catalog/row.h"
#include "types/keyenc.h"

#define COLUMNS_MAX 16 /* system.jobs has five */

enum { COL_ID = 1, COL_STATUS = 2, COL_CREATED = 3, COL_PAYLOAD = 4, COL_PROGRESS = 5 };

struct jobs_table {
    const struct table *t;
    int id, status, created, payload, progress; /* ordinals */
};

static struct error *
jobs_table(struct exec_ctx *x, struct jobs_table *jt)
{
    ERR_TRY(catalog_table_by_id(x->catalog, ID_JOBS, &jt->t));
    if (jt->t == NULL || jt->t->n_all_columns > COLUMNS_MAX)
        return err_new(ERR_DATA_CORRUPTED, "system.jobs is missing or not as expected");
    jt->id = table_column_ordinal(jt->t, COL_ID);
    jt->status = table_column_ordinal(jt->t, COL_STATUS);
    jt->created = table_column_ordinal(jt->t, COL_CREATED);
    jt->payload = table_column_ordinal(jt->t, COL_PAYLOAD);
    jt->progress = table_column_ordinal(jt->t, COL_PROGRESS);
    if (jt->id < 0 || jt->status < 0 || jt->created < 0 || jt->payload < 0 || jt->progress < 0)
        return err_new(ERR_DATA_CORRUPTED, "system.jobs is missing a column");
    return NULL;
}

/* ---- reading ---- */

struct raw_row {
    struct datum v[COLUMNS_MAX];
    bool any;
};

static char *
parse_failed(struct arena *a, struct error *e)
{
    char *text = arena_strdup(a, e->message);
    err_free(e);
    return text;
}

static void
record_of_row(struct arena *a, const struct jobs_table *jt, const struct raw_row *raw,
              struct job_record *r)
{
    *r = (struct job_record){0};
    r->id = raw->v[jt->id].i;
    r->status = raw->v[jt->status].null ? ""
                                        : slice_to_cstr(a, datum_slice(&raw->v[jt->status]));
    r->created_us = raw->v[jt->created].null ? 0 : raw->v[jt->created].i + PG_EPOCH_US;
    if (raw->v[jt->payload].null) {
        r->payload_error = "no payload";
    } else {
        struct error *e = PB_PARSE(a, payload, "job payload",
                                   datum_slice(&raw->v[jt->payload]), &r->payload);
        if (e != NULL) {
            r->payload = NULL;
            r->payload_error = parse_failed(a, e);
        }
    }
    if (!raw->v[jt->progress].null) {
        struct error *e = PB_PARSE(a, progress, "job progress",
                                   datum_slice(&raw->v[jt->progress]), &r->progress);
        if (e != NULL) {
            r->progress = NULL;
            r->progress_error = parse_failed(a, e);
        }
    }
}

/* Read rows of a span of the primary index; each in an arena of its own, given to fn. */
static struct error *
scan_rows(struct exec_ctx *x, const struct jobs_table *jt, struct span span, bool lock,
          struct error *(*fn)(void *arg, struct arena *a, const struct raw_row *raw), void *arg)
{
    struct arena *a = arena_create(NULL, "job rows");
    struct arena *row_arena = arena_create(a, "job row");
    bool needed[COLUMNS_MAX];
    struct raw_row row = {.any = false};
    struct row_decoder *d;
    struct kv_scan *scan = NULL;
    struct error *err;
    memset(needed, 1, sizeof(needed));
    for (int i = 0; i < COLUMNS_MAX; i++)
        row.v[i] = DATUM_NULL;
    struct row_decoder_opts opts = {.table = jt->t, .index = table_primary(jt->t), .needed = needed};
    ERR_GOTO(row_decoder_create(a, &opts, &d), out);
    struct kv_scan_opts so = {.span = span, .lock = lock, .fill_cache = true};
    ERR_GOTO(kv_scan_open(x->txn, &so, &scan), out);
    for (;;) {
        struct kv_entry e;
        bool more, starts, skip;
        ERR_GOTO(kv_scan_next(scan, &e, &more), out);
        if (!more)
            break;
        if (row.any && !row_continues(d, e.key)) {
            ERR_GOTO(fn(arg, row_arena, &row), out);
            row.any = false;
            arena_reset(row_arena);
        }
        struct slice key = slice_dup(row_arena, e.key), value = slice_dup(row_arena, e.value);
        ERR_GOTO(row_decode(d, key, value, row_arena, row.v, &starts, &skip), out);
        row.any |= !skip;
    }
    err = row.any ? fn(arg, row_arena, &row) : NULL;
out:
    kv_scan_close(scan);
    arena_destroy(a);
    return err;
}

struct get_arg {
    struct arena *a;
    const struct jobs_table *jt;
    struct job_record *out;
    struct raw_row *raw; /* copies of values, when wanted */
    bool found;
};

static struct error *
get_row(void *arg, struct arena *row_arena, const struct raw_row *raw)
{
    struct get_arg *g = arg;
    (void)row_arena;
    for (int i = 0; i < g->jt->t->n_all_columns; i++)
        g->raw->v[i] = datum_copy(g->a, g->jt->t->columns[i].type, &raw->v[i]);
    g->found = true;
    if (g->out != NULL)
        record_of_row(g->a, g->jt, g->raw, g->out);
    return NULL;
}

static struct error *
get_raw(struct exec_ctx *x, const struct jobs_table *jt, struct arena *a, int64_t id, bool lock,
        struct job_record *out, struct raw_row *raw, bool *found)
{
    struct str start, end;
    struct datum d = datum_int(id);
    str_init_arena(&start, a, 64);
    ERR_TRY(row_key_prefix(&start, jt->t, table_primary(jt->t), &d, 1));
    str_init_arena(&end, a, 64);
    str_append_slice(&end, str_slice(&start));
    VERIFY(key_prefix_end(&end));
    for (int i = 0; i < COLUMNS_MAX; i++)
        raw->v[i] = DATUM_NULL;
    struct get_arg g = {.a = a, .jt = jt, .out = out, .raw = raw};
    ERR_TRY(scan_rows(x, jt, (struct span){str_slice(&start), str_slice(&end)}, lock, get_row, &g));
    *found = g.found;
    return NULL;
}

struct error *
job_record_get(struct exec_ctx *x, struct arena *a, int64_t id, struct job_record *out,
               bool *found)
{
    struct jobs_table jt;
    struct raw_row raw;
    ERR_TRY(jobs_table(x, &jt));
    return get_raw(x, &jt, a, id, false, out, &raw, found);
}

struct scan_arg {
    const struct jobs_table *jt;
    struct error *(*fn)(void *arg, const struct job_record *r);
    void *arg;
};

static struct error *
scan_row(void *arg, struct arena *a, const struct raw_row *raw)
{
    struct scan_arg *s = arg;
    struct job_record r;
    record_of_row(a, s->jt, raw, &r);
    return s->fn(s->arg, &r);
}

struct error *
job_record_scan(struct exec_ctx *x, struct error *(*fn)(void *arg, const struct job_record *r),
                void *arg)
{
    struct jobs_table jt;
    ERR_TRY(jobs_table(x, &jt));
    struct scan_arg s = {&jt, fn, arg};
    struct arena *a = arena_create(NULL, "job scan");
    struct span span = row_index_span(a, jt.t, table_primary(jt.t));
    struct error *e = scan_rows(x, &jt, span, false, scan_row, &s);
    arena_destroy(a);
    return e;
}

/* ---- writing ---- */

struct pair {
    struct slice key, value;
};
struct pairs {
    struct arena *a;
    struct pair v[32];
    size_t n;
};

static struct error *
collect(void *arg, struct slice key, struct slice value)
{
    struct pairs *p = arg;
    VERIFY(p->n < sizeof(p->v) / sizeof(p->v[0]));
    p->v[p->n++] = (struct pair){slice_dup(p->a, key), slice_dup(p->a, value)};
    return NULL;
}

static struct error *
encode_all(struct arena *a, const struct table *t, const struct datum *row, struct pairs *out)
{
    out->a = a;
    out->n = 0;
    for (int i = 0; i < t->n_indexes; i++)
        ERR_TRY(row_encode(a, t, &t->indexes[i], row, collect, out));
    return NULL;
}

static const struct pair *
pair_find(const struct pairs *p, struct slice key)
{
    for (size_t i = 0; i < p->n; i++)
        if (slice_eq(p->v[i].key, key))
            return &p->v[i];
    return NULL;
}

/* Write the difference between two states of a row; old or new may be NULL. */
static struct error *
write_diff(struct exec_ctx *x, struct arena *a, const struct table *t, const struct datum *old,
           const struct datum *new)
{
    struct pairs before = {.n = 0}, after = {.n = 0};
    if (old != NULL)
        ERR_TRY(encode_all(a, t, old, &before));
    if (new != NULL)
        ERR_TRY(encode_all(a, t, new, &after));
    for (size_t i = 0; i < before.n; i++)
        if (pair_find(&after, before.v[i].key) == NULL)
            ERR_TRY(kv_del(x->txn, before.v[i].key));
    for (size_t i = 0; i < after.n; i++) {
        const struct pair *p = pair_find(&before, after.v[i].key);
        if (p == NULL || !slice_eq(p->value, after.v[i].value))
            ERR_TRY(kv_put(x->txn, after.v[i].key, after.v[i].value));
    }
    kv_txn_step(x->txn);
    return NULL;
}

struct error *
job_record_put(struct exec_ctx *x, const struct job_record *r)
{
    struct jobs_table jt;
    struct raw_row old;
    bool found;
    ERR_TRY(jobs_table(x, &jt));
    ERR_TRY(get_raw(x, &jt, x->arena, r->id, true, NULL, &old, &found));
    struct datum row[COLUMNS_MAX];
    for (int i = 0; i < COLUMNS_MAX; i++)
        row[i] = found ? old.v[i] : DATUM_NULL;
    row[jt.id] = datum_int(r->id);
    row[jt.status] = datum_cstr(r->status);
    row[jt.created] = datum_int(r->created_us - PG_EPOCH_US);
    struct slice b = pb_pack(x->arena, PB_BASE(r->payload));
    row[jt.payload] = datum_bytes(b.ptr, b.len);
    if (r->progress != NULL) {
        b = pb_pack(x->arena, PB_BASE(r->progress));
        row[jt.progress] = datum_bytes(b.ptr, b.len);
    }
    return write_diff(x, x->arena, jt.t, found ? old.v : NULL, row);
}

struct error *
job_record_delete(struct exec_ctx *x, int64_t id)
{
    struct jobs_table jt;
    struct raw_row old;
    bool found;
    ERR_TRY(jobs_table(x, &jt));
    ERR_TRY(get_raw(x, &jt, x->arena, id, true, NULL, &old, &found));
    return found ? write_diff(x, x->arena, jt.t, old.v, NULL) : NULL;
}

/* ---- kinds ---- */

bool
job_status_is_terminal(const char *s)
{
    return strcmp(s, "succeeded") == 0 || strcmp(s, "failed") == 0 || strcmp(s, "canceled") == 0;
}

enum job_type
job_type_of(const Amberdb__Payload *p)
{
    switch (p->details_case) {
    case AMBERDB__PAYLOAD__DETAILS_BACKUP:
        return JOB_BACKUP;
    case AMBERDB__PAYLOAD__DETAILS_RESTORE:
        return JOB_RESTORE;
    case AMBERDB__PAYLOAD__DETAILS_SCHEMA_CHANGE:
        return JOB_SCHEMA_CHANGE;
    case AMBERDB__PAYLOAD__DETAILS_IMPORT:
        return JOB_IMPORT;
    case AMBERDB__PAYLOAD__DETAILS_CHANGEFEED:
        return JOB_CHANGEFEED;
    case AMBERDB__PAYLOAD__DETAILS_CREATE_STATS:
        return JOB_CREATE_STATS;
    case AMBERDB__PAYLOAD__DETAILS_SCHEMA_CHANGE_GC:
        return JOB_SCHEMA_CHANGE_GC;
    default:
        return JOB_UNKNOWN;
    }
}

const char *
job_type_name(const Amberdb__Payload *p)
{
    static const char by_itself[] = "\x0a\x08__auto__"; /* CreateStatsDetails.name, the first field */
    switch (job_type_of(p)) {
    case JOB_BACKUP:
        return "BACKUP";
    case JOB_RESTORE:
        return "RESTORE";
    case JOB_SCHEMA_CHANGE:
        return "SCHEMA CHANGE";
    case JOB_IMPORT:
        return "IMPORT";
    case JOB_CHANGEFEED:
        return "CHANGEFEED";
    case JOB_CREATE_STATS:
        /* SOURCE: CockroachDB v20.1 jobspb.DetailsType: by the name in the details. */
        return p->create_stats.len >= sizeof(by_itself) - 1 &&
                       memcmp(p->create_stats.data, by_itself, sizeof(by_itself) - 1) == 0
                   ? "AUTO CREATE STATS"
                   : "CREATE STATS";
    case JOB_SCHEMA_CHANGE_GC:
        return "SCHEMA CHANGE GC";
    case JOB_UNKNOWN:
        break;
    }
    return "";
}

const struct job_ops *
job_ops_find(enum job_type t)
{
    static const struct job_ops *const all[] = {
#define JOB_KIND(x) &job_ops_##x,
#include "executor/jobs/job_kinds.def"
#undef JOB_KIND
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i]->type == t)
            return all[i];
    return NULL;
}
