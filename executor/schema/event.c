/* What a schema change leaves to be read later: rows of system.eventlog and of system.jobs.
 *
 * A change is complete when its transaction commits, so its job is written by the same transaction,
 * as one that has succeeded (but see online.c). One that found bad rows is a failed job, written once the
 * transaction has been rolled back. Data that was dropped is a job of its own, which ends when gc.c has
 * removed it. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "base/hash.h"
#include "catalog/build.h"
#include "executor/jobs/jobs.h"
#include "executor/session_int.h"
#include "executor/settings.h"
#include "grammar/print.h"

/* ---- events ---------------------------------------------------------------------------------- */

/* As Go's encoding/json writes strings. */
static void
put_json_string(struct str *s, const char *text)
{
    str_append_char(s, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            str_printf(s, "\\%c", *p);
        else if (*p == '\n')
            str_append_cstr(s, "\\n");
        else if (*p == '\r')
            str_append_cstr(s, "\\r");
        else if (*p == '\t')
            str_append_cstr(s, "\\t");
        else if (*p < 0x20 || *p == '<' || *p == '>' || *p == '&')
            str_printf(s, "\\u%04x", *p);
        else
            str_append_char(s, (char)*p);
    }
    str_append_char(s, '"');
}

static void
put_field(struct str *s, const struct ddl_field *f)
{
    if (s->len > 1)
        str_append_char(s, ',');
    put_json_string(s, f->key);
    str_append_char(s, ':');
    if (f->raw)
        str_append_cstr(s, f->value);
    else
        put_json_string(s, f->value);
}

const char *
ddl_json_list(struct exec_ctx *x, const char *const *v, size_t n)
{
    struct str s;
    if (n == 0)
        return "null";
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    for (size_t i = 0; i < n; i++) {
        str_append_char(&s, i == 0 ? '[' : ',');
        put_json_string(&s, v[i]);
    }
    str_append_char(&s, ']');
    return str_cstr(&s);
}

static const char *
statement_text(struct exec_ctx *x, const struct print_opts *opts)
{
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    print_stmt(&s, x->stmt, opts);
    return str_cstr(&s);
}

static struct error *
put_event(struct exec_ctx *x, const char *type, uint32_t target, const struct str *info)
{
    static const struct type *const types[] = {&TYPE_STRING, &TYPE_INT8, &TYPE_INT8,
                                               &TYPE_STRING, &TYPE_BYTES};
    uint8_t *unique = arena_alloc(x->arena, 16);
    ERR_TRY(str_error(info));
    uuid_v4(unique);
    struct datum params[] = {datum_cstr(type), datum_int(target), datum_int(x->node->node_id),
                             datum_bytes(info->ptr, info->len), datum_bytes(unique, 16)};
    return exec_sql(x, EXEC_ROOT, NULL, NULL, 5, types, params,
                    "INSERT INTO system.public.eventlog "
                    "(timestamp, \"eventType\", \"targetID\", \"reportingID\", info, \"uniqueID\") "
                    "VALUES (now()::TIMESTAMP, $1, $2, $3, $4, $5)");
}

struct error *
event_plain(struct exec_ctx *x, const char *type, uint32_t target)
{
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    str_append_cstr(&s, "{}");
    return put_event(x, type, target, &s);
}

struct error *
ddl_event(struct exec_ctx *x, const char *type, uint32_t target, int n_names, int n,
          const struct ddl_field *fields)
{
    struct ddl_field statement = {"Statement", statement_text(x, NULL), false};
    struct ddl_field user = {"User", x->user, false};
    struct str info;
    str_init_arena(&info, x->arena, STR_MAX_DEFAULT);
    str_append_char(&info, '{');
    for (int i = 0; i <= n; i++) {
        if (i == n_names)
            put_field(&info, &statement);
        if (i == (n_names < 0 ? n : n_names))
            put_field(&info, &user);
        if (i < n)
            put_field(&info, &fields[i]);
    }
    str_append_char(&info, '}');
    return put_event(x, type, target, &info);
}

struct error *
ddl_event_named(struct exec_ctx *x, const char *type, uint32_t target, const char *key,
                const char *name)
{
    return ddl_event(x, type, target, 1, 1, &(struct ddl_field){key, name, false});
}

struct error *
ddl_event_mutation(struct exec_ctx *x, const char *type, uint32_t target, uint32_t mutation_id)
{
    struct str info;
    str_init_arena(&info, x->arena, 64);
    str_printf(&info, "{\"MutationID\":%u}", mutation_id);
    return put_event(x, type, target, &info);
}

struct error *
ddl_event_reversed(struct exec_ctx *x, uint32_t target, uint32_t mutation_id, const char *error)
{
    struct ddl_field e = {"Error", error, false};
    struct ddl_field id = {"MutationID", arena_printf(x->arena, "%u", mutation_id), true};
    struct str info;
    str_init_arena(&info, x->arena, STR_MAX_DEFAULT);
    str_append_char(&info, '{');
    put_field(&info, &e);
    put_field(&info, &id);
    str_append_char(&info, '}');
    return put_event(x, "reverse_schema_change", target, &info);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static bool
print_qualified(struct str *out, const struct ast_object_name *n, void *arg)
{
    struct exec_ctx *x = arg;
    struct object_name name = ddl_object_name(x, n);
    const struct database *db = NULL;
    struct error *e = catalog_resolve_target(x->catalog, &x->names, &name, &db);
    err_free(e);
    if (e != NULL || db == NULL)
        return false;
    print_name(out, slice_cstr(db->name));
    str_append_cstr(out, n->count == 3 ? "." : ".public.");
    if (n->count == 3) {
        print_name(out, n->schema);
        str_append_char(out, '.');
    }
    print_name(out, n->object);
    return true;
}

const char *
ddl_job_text(struct exec_ctx *x)
{
    struct print_opts opts = {.object_name = print_qualified, .arg = x};
    return statement_text(x, &opts);
}

static Amberdb__Payload *
new_payload(struct exec_ctx *x, const char *text, uint32_t table_id)
{
    Amberdb__Payload *p = PB_NEW(x->arena, Payload, payload);
    p->description = arena_strdup(x->arena, text);
    p->username = arena_strdup(x->arena, x->user);
    if (table_id != 0)
        PB_PUSH(x->arena, p->descriptor_ids, p->n_descriptor_ids, table_id);
    return p;
}

static void
set_schema_change(struct exec_ctx *x, Amberdb__Payload *p, uint32_t table_id, uint32_t mutation_id)
{
    p->schema_change = PB_NEW(x->arena, SchemaChangeDetails, schema_change_details);
    p->details_case = AMBERDB__PAYLOAD__DETAILS_SCHEMA_CHANGE;
    PB_SET(p->schema_change, table_id, table_id);
    PB_SET(p->schema_change, mutation_id, mutation_id);
    PB_SET(p->schema_change, format_version, 1);
}

static struct error *
put_job(struct exec_ctx *x, Amberdb__Payload *p, const char *status, double fraction,
        const char *running_status, int64_t *id)
{
    int64_t now_us = wall_now_ns() / 1000;
    Amberdb__Progress *progress = PB_NEW(x->arena, Progress, progress);
    progress->progress_case = AMBERDB__PROGRESS__PROGRESS_FRACTION_COMPLETED;
    progress->fraction_completed = (float)fraction;
    PB_SET(progress, modified_micros, now_us);
    if (running_status != NULL)
        progress->running_status = arena_strdup(x->arena, running_status);
    p->lease = PB_NEW(x->arena, JobLease, job_lease);
    PB_SET(p->lease, node_id, x->node->node_id);
    PB_SET(p->lease, epoch, x->node->epoch);
    PB_SET(p, started_micros, now_us);
    if (job_status_is_terminal(status))
        PB_SET(p, finished_micros, now_us);
    struct job_record r = {.id = unique_int(x->node->node_id), .status = status,
                           .created_us = now_us, .payload = p, .progress = progress};
    if (id != NULL)
        *id = r.id;
    return job_record_put(x, &r);
}

/* Between BEGIN and COMMIT all changes of a table are one job and one mutation.
 * SOURCE: CockroachDB v20.1 pkg/sql/table.go, createOrUpdateSchemaChangeJob. */
struct ddl_txn_job {
    struct ddl_txn_job *next;
    uint32_t table_id, mutation_id;
    int64_t id;              /* 0: not written yet */
    const char *text;        /* of all statements so far */
};

/* NULL outside of BEGIN and COMMIT. */
static struct ddl_txn_job *
txn_job(struct exec_ctx *x, uint32_t table_id)
{
    if (!exec_in_explicit_txn(x) || table_id == 0)
        return NULL;
    struct ddl_txn_job *j = x->txn_state->ddl_jobs;
    while (j != NULL && j->table_id != table_id)
        j = j->next;
    if (j != NULL)
        return j;
    j = ARENA_NEW(exec_txn_arena(x), struct ddl_txn_job);
    j->table_id = table_id;
    j->next = x->txn_state->ddl_jobs;
    x->txn_state->ddl_jobs = j;
    return j;
}

static struct error *
add_to_job(struct exec_ctx *x, struct ddl_txn_job *j, const char *text)
{
    struct job_record r;
    bool found;
    ERR_TRY(job_record_get(x, x->arena, j->id, &r, &found));
    if (!found || r.payload == NULL)
        return err_new(ERR_INTERNAL, "the job of the transaction's changes is gone");
    j->text = arena_printf(exec_txn_arena(x), "%s;%s", j->text, text);
    r.payload->description = arena_strdup(x->arena, j->text);
    return job_record_put(x, &r);
}

struct error *
ddl_job(struct exec_ctx *x, const char *text, uint32_t table_id, uint32_t mutation_id)
{
    struct ddl_txn_job *j = txn_job(x, table_id);
    if (j != NULL && j->id != 0)
        return add_to_job(x, j, text);
    Amberdb__Payload *p = new_payload(x, text, table_id);
    int64_t id;
    set_schema_change(x, p, table_id, mutation_id);
    ERR_TRY(put_job(x, p, "succeeded", 1, NULL, &id));
    if (j != NULL) {
        j->id = id;
        j->text = arena_strdup(exec_txn_arena(x), text);
    }
    if (mutation_id == 0)
        return NULL;
    return ddl_event_mutation(x, "finish_schema_change", table_id, mutation_id);
}

struct error *
ddl_gc_job(struct exec_ctx *x, const char *text, uint32_t parent_id, const uint32_t *indexes,
           size_t n_indexes, const uint32_t *tables, size_t n_tables)
{
    const char *gc_text = arena_printf(x->arena, "GC for %s", text);
    Amberdb__Payload *p = new_payload(x, gc_text, 0);
    Amberdb__SchemaChangeGCDetails *d = PB_NEW(x->arena, SchemaChangeGCDetails,
                                               schema_change_gcdetails);
    p->schema_change_gc = d;
    p->details_case = AMBERDB__PAYLOAD__DETAILS_SCHEMA_CHANGE_GC;
    PB_SET(p, noncancelable, 1);
    PB_SET(d, parent_id, parent_id);
    for (size_t i = 0; i < n_indexes; i++) {
        Amberdb__DroppedIndex *ix = PB_NEW(x->arena, DroppedIndex, dropped_index);
        PB_SET(ix, index_id, indexes[i]);
        PB_SET(ix, drop_time, wall_now_ns());
        PB_PUSH(x->arena, d->indexes, d->n_indexes, ix);
    }
    for (size_t i = 0; i < n_tables; i++) {
        Amberdb__DroppedID *t = PB_NEW(x->arena, DroppedID, dropped_id);
        PB_SET(t, id, tables[i]);
        PB_SET(t, drop_time, wall_now_ns());
        PB_PUSH(x->arena, d->tables, d->n_tables, t);
    }
    return put_job(x, p, "running", 0, "waiting for GC TTL", NULL);
}

/* ---- statistics ------------------------------------------------------------------------------ */

const char *
ddl_full_name(struct exec_ctx *x, const struct table *t)
{
    const struct database *db = NULL;
    const char *schema = "public";
    err_free(catalog_database_by_id(x->catalog, t->parent_id, &db));
    if (t->is_temporary && x->names.temp_schema != NULL)
        schema = x->names.temp_schema;
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    print_name(&s, slice_cstr(db == NULL ? "" : db->name));
    str_append_char(&s, '.');
    print_name(&s, slice_cstr(schema));
    str_append_char(&s, '.');
    print_name(&s, slice_cstr(t->name));
    return str_cstr(&s);
}

const char *
ddl_statement_text(struct exec_ctx *x)
{
    return statement_text(x, NULL);
}

struct error *
ddl_stats_event(struct exec_ctx *x, uint32_t table_id, const char *name, const char *statement)
{
    struct ddl_field fields[] = {{"TableName", name, false}, {"Statement", statement, false}};
    struct str info;
    if (!settings_bool(x->node, "sql.stats.post_events.enabled"))
        return NULL;
    str_init_arena(&info, x->arena, STR_MAX_DEFAULT);
    str_append_char(&info, '{');
    put_field(&info, &fields[0]);
    put_field(&info, &fields[1]);
    str_append_char(&info, '}');
    return put_event(x, "create_statistics", table_id, &info);
}

/* ---- jobs that failed ------------------------------------------------------------------------ */

struct failed {
    const char *user, *text, *error;
    uint32_t table_id, mutation; /* mutation: once told; 0: the table is not there */
    uint32_t given;              /* the number that it has; 0: none yet */
};

static struct error *
put_failed(struct exec_ctx *x, void *arg)
{
    struct failed *f = arg;
    const struct table *t;
    ERR_TRY(catalog_table_by_id(x->catalog, f->table_id, &t));
    f->mutation = 0;
    if (t != NULL) {
        f->mutation = f->given;
        if (f->given == 0)
            ERR_TRY(ddl_take_mutation_id(x, f->table_id, &f->mutation));
        ERR_TRY(ddl_event_reversed(x, f->table_id, f->mutation, f->error));
    }
    Amberdb__Payload *p = new_payload(x, f->text, f->table_id);
    p->username = arena_strdup(x->arena, f->user);
    p->error = arena_strdup(x->arena, f->error);
    set_schema_change(x, p, f->table_id, f->mutation);
    return put_job(x, p, "failed", 0, NULL, NULL);
}

static struct error *
put_reversed(struct exec_ctx *x, void *arg)
{
    const struct failed *f = arg;
    if (f->mutation == 0)
        return NULL;
    return ddl_event_mutation(x, "finish_schema_change_rollback", f->table_id, f->mutation);
}

/* As v20.1 tells of a mutation that it gave up, then of that it is undone. */
static struct error *
tell_failed(struct node *n, struct failed *f)
{
    ERR_TRY(exec_txn(n, NULL, "system", HLC_MIN, NULL, put_failed, f));
    return exec_txn(n, NULL, "system", HLC_MIN, NULL, put_reversed, f);
}

static struct error *
after_rollback(struct node *n, void *arg, bool committed)
{
    if (committed)
        return NULL;
    return tell_failed(n, arg);
}

/* Errors that v20.1 finds after the statement: in what the backfill reads. */
static bool
is_of_backfill(const struct error *e)
{
    return err_is(e, ERR_UNIQUE_VIOLATION) || err_is(e, ERR_CHECK_VIOLATION) ||
           (err_is(e, ERR_FOREIGN_KEY_VIOLATION) &&
            strncmp(e->message, "foreign key violation", 21) == 0);
}

struct error *
ddl_job_failed(struct exec_ctx *x, uint32_t table_id, struct error *e)
{
    if (e == NULL || !is_of_backfill(e) || x->txn_state == NULL)
        return e;
    struct arena *a = exec_txn_arena(x);
    struct failed *f = ARENA_NEW(a, struct failed);
    f->user = arena_strdup(a, x->user);
    f->text = arena_strdup(a, ddl_job_text(x));
    f->error = arena_strdup(a, e->message);
    f->table_id = table_id;
    exec_on_txn_end(x, after_rollback, f);
    return e;
}

/* ---- changes that fail at COMMIT ------------------------------------------------------------- */

void
ddl_undo_point(struct exec_ctx *x, uint32_t table_id, struct ddl_undo *u)
{
    *u = (struct ddl_undo){exec_in_explicit_txn(x) && !catalog_is_new(x->catalog, table_id), 0};
    if (u->taken)
        u->token = kv_txn_savepoint(x->txn);
}

struct put_off {
    struct failed job;
    const char *code;
};

static struct error *
after_commit(struct node *n, void *arg, bool committed)
{
    struct put_off *p = arg;
    if (!committed)
        return NULL;
    ERR_TRY(tell_failed(n, &p->job));
    return err_hint(err_new(ERR_TRANSACTION_COMMITTED_WITH_SCHEMA_CHANGE_FAILURE,
                            "transaction committed but schema change aborted with error: (%s): %s",
                            p->code, p->job.error),
                    "Some of the non-DDL statements may have committed successfully, but some of "
                    "the DDL statement(s) failed.\nManual inspection may be required to determine "
                    "the actual state of the database.\n--\nSee: "
                    "https://go.crdb.dev/issue/42061");
}

static bool
was_reference(const pb_table *before, const Amberdb__ForeignKeyConstraint *fk)
{
    for (size_t i = 0; i < before->n_outbound_fks; i++) {
        const Amberdb__ForeignKeyConstraint *g = before->outbound_fks[i];
        if (g->referenced_table_id == fk->referenced_table_id &&
            g->n_origin_column_ids == fk->n_origin_column_ids &&
            memcmp(g->origin_column_ids, fk->origin_column_ids,
                   fk->n_origin_column_ids * sizeof(fk->origin_column_ids[0])) == 0)
            return true;
    }
    return false;
}

static bool
was_check(const pb_table *before, const Amberdb__CheckConstraint *c)
{
    for (size_t i = 0; i < before->n_checks; i++)
        if (strcmp(pb_str(before->checks[i]->expr), pb_str(c->expr)) == 0)
            return true;
    return false;
}

static struct error *
undo_constraints(struct exec_ctx *x, const pb_table *before, uint32_t table_id)
{
    pb_table *t;
    ERR_TRY(ddl_mutable(x, table_id, &t));
    for (size_t i = t->n_checks; i-- > 0;)
        if (!was_check(before, t->checks[i]))
            PB_REMOVE(t->checks, t->n_checks, i);
    ERR_TRY(catalog_write_table(x->catalog, t));
    for (size_t i = t->n_outbound_fks; i-- > 0;) {
        if (!was_reference(before, t->outbound_fks[i]))
            ERR_TRY(ddl_remove_foreign_key(x, table_id, t->outbound_fks[i]->name));
        ERR_TRY(ddl_mutable(x, table_id, &t));
    }
    return NULL;
}

/* A change is given up with all that the transaction added to the table before: they are one job. What
 * it dropped stays dropped. */
static struct error *
undo_additions(struct exec_ctx *x, uint32_t table_id)
{
    const pb_table *before = catalog_table_before(x->catalog, table_id);
    pb_table *t;
    if (before == NULL)
        return NULL;
    ERR_TRY(undo_constraints(x, before, table_id));
    ERR_TRY(ddl_mutable(x, table_id, &t));
    for (size_t i = t->n_indexes; i-- > 0;) {
        if (build_find_index_by_id(before, t->indexes[i]->id) == NULL)
            ERR_TRY(ddl_remove_index(x, table_id, t->indexes[i]->id, true));
        ERR_TRY(ddl_mutable(x, table_id, &t));
    }
    for (size_t i = t->n_columns; i-- > 0;) {
        bool was = false;
        for (size_t k = 0; k < before->n_columns; k++)
            was = was || before->columns[k]->id == t->columns[i]->id;
        if (!was)
            ERR_TRY(ddl_take_column(x, table_id, t->columns[i]->id, false));
        ERR_TRY(ddl_mutable(x, table_id, &t));
    }
    return NULL;
}

struct error *
ddl_put_off(struct exec_ctx *x, const struct ddl_undo *u, uint32_t table_id, struct error *e)
{
    if (e == NULL || !u->taken || !(is_of_backfill(e) || err_is(e, ERR_NOT_NULL_VIOLATION)))
        return e;
    struct arena *a = exec_txn_arena(x);
    struct put_off *p = ARENA_NEW(a, struct put_off);
    struct ddl_txn_job *j = txn_job(x, table_id);
    p->job.user = arena_strdup(a, x->user);
    p->job.text = j != NULL && j->id != 0
                      ? arena_printf(a, "%s;%s", j->text, ddl_job_text(x))
                      : arena_strdup(a, ddl_job_text(x));
    p->job.error = arena_strdup(a, e->message);
    p->job.table_id = table_id;
    p->code = arena_strdup(a, errcode_sqlstate(e->code));
    kv_txn_rollback_to(x->txn, u->token);
    catalog_txn_rolled_back(x->catalog);
    exec_on_txn_end(x, after_commit, p);
    err_free(e);
    if (j != NULL && j->id != 0) {
        static const struct type *const types[] = {&TYPE_INT8, &TYPE_STRING};
        struct datum params[] = {
            datum_int(table_id),
            datum_cstr(arena_printf(x->arena, "{\"MutationID\":%u}", j->mutation_id))};
        p->job.given = j->mutation_id;
        ERR_TRY(job_record_delete(x, j->id));
        ERR_TRY(exec_sql(x, EXEC_ROOT, NULL, NULL, 2, types, params,
                         "DELETE FROM system.public.eventlog WHERE timestamp = now()::TIMESTAMP "
                         "AND \"eventType\" = 'finish_schema_change' AND \"targetID\" = $1 AND info = $2"));
        ERR_TRY(undo_additions(x, table_id));
    }
    if (j != NULL)
        *j = (struct ddl_txn_job){.next = j->next, .table_id = table_id};
    return NULL;
}

struct error *
ddl_take_mutation_id(struct exec_ctx *x, uint32_t table_id, uint32_t *id)
{
    struct ddl_txn_job *j = txn_job(x, table_id);
    pb_table *t;
    if (j != NULL && j->id != 0 && j->mutation_id != 0) {
        *id = j->mutation_id;
        return NULL;
    }
    ERR_TRY(ddl_mutable(x, table_id, &t));
    *id = PB_GET(t, next_mutation_id) > 0 ? PB_GET(t, next_mutation_id) : 1;
    PB_SET(t, next_mutation_id, *id + 1);
    if (j != NULL)
        j->mutation_id = *id;
    return catalog_write_table(x->catalog, t);
}
