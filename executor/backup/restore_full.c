/* The last phase of a cluster restore: system tables, one transaction each, out of the temporary
 * database. SOURCE: restore-mechanics 8, semantics 7.1. */
#include "config.h"

#include "executor/backup/restore_int.h"

#include <stdlib.h>

#include "executor/node.h"

/* What a cluster keeps of its own: names in system.settings. */
#define OWN_SETTINGS "('version')"

struct step {
    struct job *j;
    Amberdb__RestoreDetails *d;
    const char *table;
    uint32_t temp_db;
};

static struct error *
run(struct exec_ctx *x, const char *sql)
{
    ERR_TRY(exec_sql(x, EXEC_ROOT, NULL, NULL, 0, NULL, NULL, sql));
    kv_txn_step(x->txn);
    return NULL;
}

static struct error *
copy_all(struct exec_ctx *x, const char *table)
{
    ERR_TRY(run(x, arena_printf(x->arena, "DELETE FROM system.%s WHERE true", table)));
    return run(x, arena_printf(x->arena, "INSERT INTO system.%s SELECT * FROM "
                               SYSTEM_TABLES_RESTORED_DB ".%s", table, table));
}

static struct error *
copy_settings(struct exec_ctx *x)
{
    ERR_TRY(run(x, "DELETE FROM system.settings WHERE name NOT IN " OWN_SETTINGS));
    return run(x, "INSERT INTO system.settings SELECT * FROM " SYSTEM_TABLES_RESTORED_DB
                  ".settings WHERE name NOT IN (SELECT name FROM system.settings) AND name NOT IN "
                  OWN_SETTINGS);
}

/* ---- jobs: the old cluster's are added; those that had not ended never run here ---- */

struct row_copy {
    struct exec_ctx *x;
    int64_t own_id;
};

static struct error *
copy_job(struct exec_ctx *x, const struct datum *row)
{
    struct job_record existing, r = {0};
    bool found;
    r.id = row[0].i;
    ERR_TRY(job_record_get(x, x->arena, r.id, &existing, &found));
    if (found || row[3].null)
        return NULL;
    struct error *e = PB_PARSE(x->arena, payload, "job payload", datum_slice(&row[3]), &r.payload);
    if (e == NULL && !row[4].null)
        e = PB_PARSE(x->arena, progress, "job progress", datum_slice(&row[4]), &r.progress);
    if (e != NULL) { /* damaged in the old cluster already: nothing is lost */
        err_free(e);
        return NULL;
    }
    r.status = slice_to_cstr(x->arena, datum_slice(&row[1]));
    r.created_us = row[2].i + PG_EPOCH_US;
    if (!job_status_is_terminal(r.status)) {
        r.status = "canceled";
        r.payload->error = arena_strdup(x->arena, "job restored from backup");
        r.payload->lease = NULL;
        PB_SET(r.payload, finished_micros, wall_now_ns() / 1000);
    }
    return job_record_put(x, &r);
}

#define JOBS_MAX 1000000

static struct error *
copy_jobs(struct exec_ctx *x)
{
    struct datum **rows;
    size_t n;
    ERR_TRY(exec_query(x, EXEC_ROOT, x->arena, 0, NULL, NULL,
                       "SELECT id, status, created, payload, progress FROM "
                       SYSTEM_TABLES_RESTORED_DB ".jobs ORDER BY id", JOBS_MAX, &rows, &n));
    for (size_t i = 0; i < n; i++)
        ERR_TRY(copy_job(x, rows[i]));
    return NULL;
}

static struct error *
step_txn(struct exec_ctx *x, void *arg)
{
    struct step *s = arg;
    if (strcmp(s->table, "jobs") == 0)
        ERR_TRY(copy_jobs(x));
    else if (strcmp(s->table, "settings") == 0)
        ERR_TRY(copy_settings(x));
    else
        ERR_TRY(copy_all(x, s->table));
    size_t n = s->d->n_system_tables_restored;
    PB_PUSH(s->j->arena, s->d->system_tables_restored, s->d->n_system_tables_restored,
            arena_strdup(s->j->arena, s->table));
    struct error *e = job_save_txn(s->j, x);
    s->d->n_system_tables_restored = n; /* counted by the caller after the commit */
    return e;
}

static bool
is_done(const Amberdb__RestoreDetails *d, const char *table)
{
    for (size_t i = 0; i < d->n_system_tables_restored; i++)
        if (strcmp(d->system_tables_restored[i], table) == 0)
            return true;
    return false;
}

static const pb_table *
restored(const Amberdb__RestoreDetails *d, uint32_t temp_db, const char *table)
{
    for (size_t i = 0; i < d->n_table_descs; i++)
        if (PB_GET(d->table_descs[i], parent_id) == temp_db &&
            strcmp(pb_str(d->table_descs[i]->name), table) == 0)
            return d->table_descs[i];
    return NULL;
}

/* ---- the temporary database goes ---- */

static struct error *
drop_txn(struct exec_ctx *x, void *arg)
{
    struct step *s = arg;
    const pb_descriptor *db;
    ERR_TRY(catalog_descriptor(x->catalog, s->temp_db, &db));
    if (db == NULL)
        return NULL;
    for (size_t i = 0; i < s->d->n_table_descs; i++) {
        const pb_table *t = s->d->table_descs[i];
        const pb_descriptor *d;
        if (PB_GET(t, parent_id) != s->temp_db)
            continue;
        ERR_TRY(catalog_descriptor(x->catalog, PB_GET(t, id), &d));
        if (d == NULL)
            continue;
        ERR_TRY(catalog_namespace_delete(x->catalog, s->temp_db, ID_PUBLIC_SCHEMA,
                                         pb_str(t->name)));
        ERR_TRY(catalog_delete_descriptor(x->catalog, PB_GET(t, id)));
    }
    ERR_TRY(catalog_namespace_delete(x->catalog, ID_ROOT, ID_ROOT, pb_descriptor_name(db)));
    return catalog_delete_descriptor(x->catalog, s->temp_db);
}

struct error *
restore_system_tables(struct job *j, Amberdb__RestoreDetails *d, uint32_t temp_db)
{
    struct step s = {.j = j, .d = d, .temp_db = temp_db};
    for (int i = 0; cluster_system_tables[i] != NULL; i++) {
        s.table = cluster_system_tables[i];
        if (is_done(d, s.table) || restored(d, temp_db, s.table) == NULL)
            continue;
        struct error *e = exec_txn(j->node, NULL, "system", HLC_MIN, NULL, step_txn, &s);
        if (e != NULL)
            return err_wrap(e, "restoring system table %s", s.table);
        d->n_system_tables_restored++;
    }
    ERR_TRY(exec_txn(j->node, NULL, "system", HLC_MIN, NULL, drop_txn, &s));
    for (size_t i = 0; i < d->n_table_descs; i++)
        if (PB_GET(d->table_descs[i], parent_id) == temp_db)
            ERR_TRY(drop_table_data(j->node, PB_GET(d->table_descs[i], id)));
    return NULL;
}
