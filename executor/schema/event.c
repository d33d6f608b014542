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

Amberdb__Payload *
ddl_payload(struct exec_ctx *x, const char *text, uint32_t table_id)
{
    Amberdb__Payload *p = PB_NEW(x->arena, Payload, payload);
    p->description = arena_strdup(x->arena, text);
    p->username = arena_strdup(x->arena, x->user);
    if (table_id != 0)
        PB_PUSH(x->arena, p->descriptor_ids, p->n_descriptor_ids, table_id);
    return p;
}

struct error *
ddl_put_job(struct exec_ctx *x, Amberdb__Payload *p, const char *status, double fraction,
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

struct error *
ddl_gc_job(struct exec_ctx *x, const char *text, uint32_t parent_id, const uint32_t *indexes,
           size_t n_indexes, const uint32_t *tables, size_t n_tables)
{
    const char *gc_text = arena_printf(x->arena, "GC for %s", text);
    Amberdb__Payload *p = ddl_payload(x, gc_text, 0);
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
    return ddl_put_job(x, p, "running", 0, "waiting for GC TTL", NULL);
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
