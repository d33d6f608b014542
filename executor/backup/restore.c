/* RESTORE: the statement and its job.
 *
 *     restore_run        options -> layers -> time -> targets -> dependencies -> coverage
 *                        -> one transaction: ids, OFFLINE descriptors, names, the job's row -> wait
 *     restore_resume     data -> one transaction: PUBLIC, statistics -> (cluster) system tables
 *     restore_revert     the data, then names and descriptors go
 *
 * SOURCE: statements 2, restore-mechanics, jobs 7. */
#include "config.h"

#include "executor/backup/destinations.h"
#include "executor/backup/restore_int.h"
#include "executor/backup/shelf.h"
#include "executor/backup/work.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/thread.h"
#include "catalog/sysrow.h"
#include "executor/auto_stats.h"
#include "executor/node.h"
#include "executor/statement.h"
#include "grammar/print.h"
#include "types/keyenc.h"

enum {
    OPT_INTO_DB,
    OPT_SKIP_FKS,
    OPT_SKIP_SEQUENCES,
    OPT_SKIP_OWNERS,
    OPT_SKIP_VIEWS,
    OPT_PASSPHRASE,
    OPT_NEW_DB_NAME,
    OPT_SCHEMA_ONLY,
    OPT_VERIFY,
    OPT_DETACHED,
    OPT_COUNT,
};
static const struct option_def option_defs[OPT_COUNT] = {
    {"into_db", OPTION_VALUE},
    {"skip_missing_foreign_keys", OPTION_FLAG},
    {"skip_missing_sequences", OPTION_FLAG},
    {"skip_missing_sequence_owners", OPTION_FLAG},
    {"skip_missing_views", OPTION_FLAG},
    {"encryption_passphrase", OPTION_VALUE},
    /* ours, as in later versions of CockroachDB */
    {"new_db_name", OPTION_VALUE},
    {"schema_only", OPTION_FLAG},
    {"verify_backup_table_data", OPTION_FLAG},
    {"detached", OPTION_FLAG},
};

/* ---- the statement ---- */

struct statement {
    const struct ast_restore *ast;
    struct restore_plan plan;
    const char *description;
    int64_t job_id;
};

static struct error *
admin_txn(struct exec_ctx *x, void *arg)
{
    return catalog_check_admin(x->catalog, x->user, arg);
}

static struct error *
cluster_txn(struct exec_ctx *x, void *arg)
{
    return restore_check_cluster(x, arg);
}

struct error *
restore_open_layers(struct exec_ctx *x, const struct layer_uris *u, const char *passphrase,
                    struct backup_chain *out)
{
    const struct ast_uri_layers *from = u->from;
    struct uri_list *l = ARENA_ARRAY(x->arena, struct uri_list, from->count + 1);
    bool collection = u->latest || u->subdir != NULL;
    char *dir = NULL;
    if (from->count == 0)
        return err_new(ERR_UNCATEGORIZED, "invalid base backup specified");
    if (collection && from->count > 1)
        return err_new(ERR_UNCATEGORIZED, "a collection is one destination, or one list of its "
                                          "localities");
    for (int i = 0; i < from->count; i++) {
        ERR_TRY(strings_eval(x, &from->items[i], u->op, &l[i].v, &l[i].n));
        for (int k = 0; k < l[i].n; k++) {
            char *kv;
            ERR_TRY(uri_split_locality(x->arena, l[i].v[k], &l[i].v[k], &kv));
            if (collection && k == 0)
                ERR_TRY(collection_dir(x, l[i].v[0], u->latest, u->subdir, u->op, &dir));
            if (collection)
                l[i].v[k] = uri_join(x->arena, l[i].v[k], dir);
        }
    }
    return chain_open(x->node, x->arena, x->cancel, l, from->count, passphrase, 0, out);
}

/* What the targets come to in the backup at that time. */
static struct error *
select_targets(struct exec_ctx *x, struct statement *s)
{
    struct restore_plan *p = &s->plan;
    const struct backup_layer *last = &p->chain.v[p->chain.n - 1];
    const pb_manifest *m = last->m;
    ERR_TRY(chain_descriptors(p->a, &p->chain, p->as_of, p->skips.foreign_keys, &p->all.v,
                              &p->all.n));
    if (p->cluster) {
        targets_cluster(p->a, &p->all, &p->sel);
        return NULL;
    }
    ERR_TRY(targets_resolve(p->a, &p->all, &s->ast->targets, x->database, &p->sel));
    for (size_t i = 0; i < p->sel.complete_dbs.n && PB_GET(m, format_version) >= 1; i++) {
        uint32_t id = p->sel.complete_dbs.v[i];
        if (pb_u32_contains(m->complete_dbs, m->n_complete_dbs, id))
            continue;
        return err_new(ERR_UNCATEGORIZED,
                       "cannot RESTORE %s from a backup of individual tables (use SHOW BACKUP to "
                       "determine available tables)",
                       id_has(&p->sel.requested_dbs, id) ? "DATABASE" : "<database>.*");
    }
    if (p->sel.tables.n == 0 && p->sel.requested_dbs.n == 0) {
        struct str text;
        str_init_arena(&text, p->a, STR_MAX_DEFAULT);
        for (int i = 0; i < s->ast->targets.tables.count; i++) {
            const struct ast_table_pattern *t = &s->ast->targets.tables.items[i];
            str_append_cstr(&text, i == 0 ? "TABLE " : ", ");
            if (t->star) {
                if (t->name.count > 1) {
                    print_name(&text, t->name.catalog);
                    str_append_char(&text, '.');
                }
                if (t->name.count > 0) {
                    print_name(&text, t->name.schema);
                    str_append_char(&text, '.');
                }
                str_append_char(&text, '*');
            } else {
                print_object_name(&text, &t->name, NULL);
            }
        }
        return err_new(ERR_UNCATEGORIZED, "no tables or databases matched the given targets: %s",
                       str_cstr(&text));
    }
    if (p->into_db != NULL && p->sel.requested_dbs.n > 0)
        return err_new(ERR_UNCATEGORIZED,
                       "cannot use \"into_db\" option when restoring database(s)");
    if (p->new_db_name != NULL && (p->sel.requested_dbs.n != 1 || p->sel.databases.n != 1))
        return err_new(ERR_UNCATEGORIZED, "new_db_name can only be used for RESTORE DATABASE with "
                                          "a single target database");
    return NULL;
}

struct error *
restore_check_coverage(struct restore_plan *p)
{
    struct span_list wanted = {0};
    for (size_t i = 0; i < p->sel.tables.n; i++)
        ERR_TRY(table_spans(p->a, pb_descriptor_table(p->sel.tables.v[i]), &wanted));
    span_list_sort(&wanted);
    struct arena *scratch = arena_create(NULL, "coverage");
    struct coverage c = {.layers = p->chain.v, .n_layers = p->chain.n, .wanted = &wanted,
                         .end = chain_end(&p->chain)};
    struct error *e = coverage_check(scratch, &c);
    arena_destroy(scratch);
    return e != NULL ? err_wrap(e, "making import requests for %zu backups", p->chain.n) : NULL;
}

/* ---- the transaction that makes everything ---- */

struct lookup {
    const struct restore_plan *p;
    struct exec_ctx *x;
};

static const pb_descriptor *
lookup_new(void *arg, uint32_t id)
{
    const struct lookup *l = arg;
    const pb_descriptor *d = NULL;
    for (size_t i = 0; i < l->p->new_dbs.n; i++)
        if (pb_descriptor_id(l->p->new_dbs.v[i]) == id)
            return l->p->new_dbs.v[i];
    for (size_t i = 0; i < l->p->n_tables; i++)
        if (PB_GET(l->p->tables[i], id) == id)
            return pb_descriptor_of_table(l->p->a, l->p->tables[i]);
    err_free(catalog_descriptor(l->x->catalog, id, &d));
    return d;
}

static struct error *
write_table(struct exec_ctx *x, struct restore_plan *p, pb_table *t)
{
    uint32_t id = PB_GET(t, id), parent = PB_GET(t, parent_id);
    if (t->privileges == NULL) {
        const pb_descriptor *db;
        ERR_TRY(catalog_descriptor(x->catalog, parent, &db));
        const pb_database *d = db != NULL ? pb_descriptor_database(db) : NULL;
        t->privileges = d != NULL && d->privileges != NULL
                            ? (Amberdb__PrivilegeDescriptor *)pb_copy(p->a,
                                                                      PB_BASE(d->privileges))
                            : privileges_default(p->a);
    }
    ERR_TRY(catalog_put_descriptor(x->catalog, id, pb_descriptor_of_table(p->a, t)));
    return catalog_namespace_put(x->catalog, parent, ID_PUBLIC_SCHEMA, pb_str(t->name), id);
}

static Amberdb__StringMapEntry *
map_entry(struct arena *a, const char *key, const char *value)
{
    Amberdb__StringMapEntry *e = PB_NEW(a, StringMapEntry, string_map_entry);
    e->key = arena_strdup(a, key);
    e->value = arena_strdup(a, value);
    return e;
}

Amberdb__RestoreDetails *
restore_details(struct arena *a, const struct restore_plan *p)
{
    Amberdb__RestoreDetails *d = PB_NEW(a, RestoreDetails, restore_details);
    for (size_t i = 0; i < p->rewrites.n; i++) {
        const struct rewrite *w = &p->rewrites.v[i];
        Amberdb__TableRewriteEntry *e = PB_NEW(a, TableRewriteEntry, table_rewrite_entry);
        PB_SET(e, key, w->old_id);
        e->value = PB_NEW(a, TableRewrite, table_rewrite);
        PB_SET(e->value, table_id, w->new_id);
        PB_SET(e->value, parent_id, w->new_parent);
        PB_GROW(a, d->table_rewrites, d->n_table_rewrites, e);
    }
    for (size_t i = 0; i < p->chain.n; i++) {
        const struct backup_layer *l = &p->chain.v[i];
        Amberdb__BackupLocalityInfo *info = PB_NEW(a, BackupLocalityInfo, backup_locality_info);
        PB_PUSH(a, d->uris, d->n_uris, arena_strdup(a, l->uri));
        for (size_t k = 0; k < l->n_parts; k++)
            PB_PUSH(a, info->uris_by_original_locality_kv, info->n_uris_by_original_locality_kv,
                    map_entry(a, l->parts[k].kv, l->parts[k].uri));
        PB_PUSH(a, d->backup_locality_info, d->n_backup_locality_info, info);
    }
    if (!hlc_is_empty(p->as_of))
        d->end_time = pb_timestamp(a, p->as_of);
    d->table_descs = arena_memdup(a, p->tables, p->n_tables * sizeof(*p->tables));
    d->n_table_descs = p->n_tables;
    if (p->into_db != NULL)
        d->override_db = arena_strdup(a, p->into_db);
    PB_SET(d, prepare_completed, true);
    PB_SET(d, schema_only, p->schema_only);
    PB_SET(d, verify_data, p->verify_data);
    PB_SET(d, descriptor_coverage, p->cluster ? 1 : 0);
    if (p->chain.encrypted) {
        d->encryption = PB_NEW(a, FileEncryptionOptions, file_encryption_options);
        pb_set_bytes(a, &d->encryption->key, &d->encryption->has_key,
                     slice_make(p->chain.key.bytes, CRYPT_KEY_LEN));
    }
    for (size_t i = 0; i < p->new_dbs.n; i++)
        PB_PUSH(a, d->new_database_ids, d->n_new_database_ids,
                pb_descriptor_id(p->new_dbs.v[i]));
    return d;
}

static struct error *
create_job(struct exec_ctx *x, struct statement *s)
{
    struct restore_plan *p = &s->plan;
    Amberdb__Payload *pl = PB_NEW(x->arena, Payload, payload);
    pl->details_case = AMBERDB__PAYLOAD__DETAILS_RESTORE;
    pl->restore = restore_details(x->arena, p);
    for (size_t i = 0; i < p->new_dbs.n; i++)
        PB_GROW(x->arena, pl->descriptor_ids, pl->n_descriptor_ids,
                pb_descriptor_id(p->new_dbs.v[i]));
    for (size_t i = 0; i < p->n_tables; i++)
        PB_GROW(x->arena, pl->descriptor_ids, pl->n_descriptor_ids, PB_GET(p->tables[i], id));
    Amberdb__Progress *pr = PB_NEW(x->arena, Progress, progress);
    pr->details_case = AMBERDB__PROGRESS__DETAILS_RESTORE;
    pr->restore = PB_NEW(x->arena, RestoreProgress, restore_progress);
    ERR_TRY(job_create(x, pl, pr, s->description, &s->job_id));
    shelf_put(x->node->shelf, s->job_id, &p->chain);
    return NULL;
}

struct error *
restore_write_descriptors(struct exec_ctx *x, struct restore_plan *p)
{
    struct lookup l = {p, x};
    for (size_t i = 0; i < p->new_dbs.n; i++) {
        const pb_descriptor *d = p->new_dbs.v[i];
        ERR_TRY(catalog_put_descriptor(x->catalog, pb_descriptor_id(d), d));
        ERR_TRY(catalog_namespace_put(x->catalog, ID_ROOT, ID_ROOT, pb_descriptor_name(d),
                                      pb_descriptor_id(d)));
    }
    for (size_t i = 0; i < p->n_tables; i++)
        ERR_TRY(write_table(x, p, p->tables[i]));
    for (size_t i = 0; i < p->n_tables; i++) {
        struct error *e = desc_validate_table(p->tables[i], lookup_new, &l);
        if (e != NULL)
            return err_wrap(e, "table \"%s\" in backup", pb_str(p->tables[i]->name));
    }
    return NULL;
}

static struct error *
create_txn(struct exec_ctx *x, void *arg)
{
    struct statement *s = arg;
    struct restore_plan *p = &s->plan;
    if (p->cluster)
        ERR_TRY(restore_check_cluster(x, p));
    ERR_TRY(restore_assign_ids(x, p));
    ERR_TRY(restore_rewrite_tables(p));
    ERR_TRY(restore_write_descriptors(x, p));
    return create_job(x, s);
}

/* verify_backup_table_data alone: the data are read and checked, under their own ids. */
static bool
writes_nothing(const struct restore_plan *p)
{
    return p->verify_data && !p->schema_only;
}

static struct error *
create_check_txn(struct exec_ctx *x, void *arg)
{
    struct statement *s = arg;
    struct restore_plan *p = &s->plan;
    p->rewrites = (struct rewrites){0};
    p->n_tables = 0;
    for (size_t i = 0; i < p->sel.tables.n; i++) {
        const pb_table *t = pb_descriptor_table(p->sel.tables.v[i]);
        struct rewrite w = {PB_GET(t, id), PB_GET(t, id), PB_GET(t, parent_id), false};
        PB_GROW(p->a, p->rewrites.v, p->rewrites.n, w);
    }
    return create_job(x, s);
}

static struct error *
restore_run(struct exec_ctx *x, const struct ast_stmt *st, struct row_sink *rows, char **tag)
{
    struct option_value o[OPT_COUNT];
    struct statement s = {.ast = st->restore, .plan = {.a = x->arena, .node = x->node}};
    struct restore_plan *p = &s.plan;
    char action[] = "RESTORE";
    (void)tag;
    ERR_TRY(options_eval(x, &s.ast->options, option_defs, OPT_COUNT, o));
    ERR_TRY(exec_txn(x->node, x->user, x->database, HLC_MIN, x->cancel, admin_txn, action));
    if (s.ast->as_of != NULL)
        ERR_TRY(exec_as_of(x, s.ast->as_of, &p->as_of));
    p->into_db = o[OPT_INTO_DB].value;
    p->skips = (struct restore_skips){o[OPT_SKIP_FKS].set, o[OPT_SKIP_SEQUENCES].set,
                                      o[OPT_SKIP_OWNERS].set, o[OPT_SKIP_VIEWS].set};
    p->cluster = s.ast->targets.kind == AST_TARGET_CLUSTER;
    p->new_db_name = o[OPT_NEW_DB_NAME].value;
    p->schema_only = o[OPT_SCHEMA_ONLY].set;
    p->verify_data = o[OPT_VERIFY].set;
    if (p->cluster && (p->new_db_name != NULL || p->schema_only))
        return err_new(ERR_UNCATEGORIZED, "%s cannot be used with a full cluster RESTORE",
                       p->new_db_name != NULL ? "new_db_name" : "schema_only");
    s.description = describe_stmt(x, st);
    struct layer_uris from = {&s.ast->from, s.ast->latest, s.ast->subdir, "RESTORE"};
    ERR_TRY(restore_open_layers(x, &from, o[OPT_PASSPHRASE].value, &p->chain));
    if (!hlc_is_empty(p->as_of))
        ERR_TRY(chain_truncate(&p->chain, &p->as_of));
    if (p->cluster && PB_GET(p->chain.v[0].m, descriptor_coverage) != 1)
        return err_new(ERR_UNCATEGORIZED,
                       "full cluster RESTORE can only be used on full cluster BACKUP files");
    if (p->cluster && !writes_nothing(p)) {
        ERR_TRY(exec_txn(x->node, x->user, x->database, HLC_MIN, x->cancel, cluster_txn, p));
    }
    ERR_TRY(select_targets(x, &s));
    if (!writes_nothing(p))
        ERR_TRY(restore_check_dependencies(p));
    ERR_TRY(restore_check_coverage(p));
    ERR_TRY(exec_txn(x->node, x->user, x->database, HLC_MIN, x->cancel,
                     writes_nothing(p) ? create_check_txn : create_txn, &s));
    return o[OPT_DETACHED].set ? put_job_id(rows, s.job_id)
                               : job_wait(x->node, s.job_id, x->cancel, rows);
}

static struct error *
restore_columns(struct exec_ctx *x, const struct ast_stmt *st, int *n,
                const struct result_column **cols)
{
    (void)x;
    return backup_columns_of(&st->restore->options, n, cols);
}

/* ---- the job ---- */

static struct error *
save_mark(void *arg, struct slice mark, double fraction)
{
    struct restore_job *r = arg;
    struct job *j = r->j;
    Amberdb__RestoreProgress *p = restore_progress(j);
    pb_set_bytes(j->arena, &p->high_water, &p->has_high_water, mark);
    return fraction >= 1 ? job_save(j) : job_progress(j, fraction, NULL);
}

struct error *
restore_job_open(struct node *n, const struct cancel *cancel, Amberdb__RestoreDetails *d, int64_t id,
                 struct arena *a, struct restore_job *r)
{
    *r = (struct restore_job){.node = n, .cancel = cancel, .a = a, .d = d};
    struct hlc t = pb_hlc(r->d->end_time);
    pb_descriptor **all;
    size_t n_all;
    ERR_TRY(chain_reopen(n, a, r->d, id, cancel, &r->chain));
    if (r->chain.n == 0)
        return err_new(ERR_DATA_CORRUPTED, "the job names no backup");
    ERR_TRY(chain_descriptors(a, &r->chain, t, true, &all, &n_all));
    for (size_t i = 0; i < r->d->n_table_rewrites; i++) {
        const Amberdb__TableRewriteEntry *e = r->d->table_rewrites[i];
        if (e->value == NULL)
            continue;
        struct rewrite w = {PB_GET(e, key), PB_GET(e->value, table_id),
                            PB_GET(e->value, parent_id), PB_GET(e->value, parent_id) == 0};
        PB_GROW(a, r->rewrites.v, r->rewrites.n, w);
        if (w.database && w.old_id == ID_SYSTEM_DB)
            r->temp_db = w.new_id;
    }
    r->old_tables = ARENA_ARRAY(a, pb_table *, n_all + 1);
    for (size_t i = 0; i < n_all; i++)
        if (all[i]->union_case == AMBERDB__DESCRIPTOR__UNION_TABLE &&
            rewrite_of(&r->rewrites, pb_descriptor_id(all[i])) != NULL)
            r->old_tables[r->n_old++] = all[i]->table;
    return NULL;
}

static struct error *
save_fraction(void *arg, struct slice mark, double fraction)
{
    struct restore_job *r = arg;
    (void)mark;
    return job_progress(r->j, fraction, NULL);
}

struct error *
restore_ingest_opts(struct restore_job *r, bool check_only, struct ingest_opts *o)
{
    struct key_rewriter *keys;
    ERR_TRY(key_rewriter_create(r->a, &r->rewrites, r->old_tables, r->n_old, &keys));
    bool made = r->d->n_table_descs > 0; /* else ids stay as they are */
    pb_table **counted = made ? r->d->table_descs : r->old_tables;
    size_t n_counted = made ? r->d->n_table_descs : r->n_old;
    *o = (struct ingest_opts){
        .node = r->node,
        .cancel = r->cancel,
        .chain = &r->chain,
        .as_of = pb_hlc(r->d->end_time),
        .keys = keys,
        .primary = primary_ids(r->a, counted, n_counted),
        .n_primary = n_counted,
        .check_only = check_only,
    };
    return NULL;
}

/* check: everything is read and held against its checksums, nothing written. */
static struct error *
run_data(struct restore_job *r, bool check, struct row_counter *total)
{
    struct span_list wanted = {0};
    struct ingest_opts o;
    for (size_t i = 0; i < r->n_old; i++)
        if (check || !PB_GET(r->d, schema_only) || r->old_tables[i]->sequence_opts != NULL)
            ERR_TRY(table_spans(r->a, r->old_tables[i], &wanted));
    span_list_sort(&wanted);
    ERR_TRY(restore_ingest_opts(r, check, &o));
    const Amberdb__Progress *pr = r->j->progress;
    if (!check && pr->details_case == AMBERDB__PROGRESS__DETAILS_RESTORE && pr->restore != NULL)
        o.high_water = slice_dup(r->a, pb_bytes(pr->restore->high_water));
    o.fence = restore_fence(r->j);
    o.wanted = &wanted;
    o.save = check ? save_fraction : save_mark;
    o.arg = r;
    return restore_work_run(r, &o, total);
}

static struct error *
bring_data(struct restore_job *r, struct row_counter *total)
{
    struct row_counter of_sequences = {0};
    bool check = PB_GET(r->d, verify_data);
    if (check)
        ERR_TRY(run_data(r, true, total));
    if (check && !PB_GET(r->d, schema_only))
        return NULL;
    return run_data(r, false, check ? &of_sequences : total);
}

/* ---- publishing ---- */

static struct error *
insert_statistic(struct exec_ctx *x, const Amberdb__TableStatisticProto *t, uint32_t table)
{
    struct datum row[9];
    struct array *ids = ARENA_NEW(x->arena, struct array);
    struct datum *v = ARENA_ARRAY(x->arena, struct datum, t->n_column_ids + 1);
    for (size_t i = 0; i < t->n_column_ids; i++)
        v[i] = datum_int(t->column_ids[i]);
    *ids = (struct array){(int)t->n_column_ids, &TYPE_INT8, v};
    row[0] = datum_int(table);
    row[1] = datum_int(unique_int(x->node->node_id));
    row[2] = *pb_str(t->name) != '\0' ? datum_cstr(t->name) : DATUM_NULL;
    row[3] = (struct datum){.arr = ids};
    row[4] = datum_int(wall_now_ns() / 1000 - PG_EPOCH_US);
    row[5] = datum_int((int64_t)PB_GET(t, row_count));
    row[6] = datum_int((int64_t)PB_GET(t, distinct_count));
    row[7] = datum_int((int64_t)PB_GET(t, null_count));
    row[8] = DATUM_NULL;
    if (t->histogram_data != NULL) {
        struct slice h = pb_pack(x->arena, PB_BASE(t->histogram_data));
        row[8] = datum_bytes(h.ptr, h.len);
    }
    return sys_put(x->catalog, ID_TABLE_STATISTICS, row);
}

struct error *
restore_insert_statistics(struct exec_ctx *x, const struct backup_chain *c, const struct rewrites *r)
{
    const pb_manifest *m = c->v[c->n - 1].m;
    for (size_t i = 0; i < m->n_statistics; i++) {
        const struct rewrite *w = rewrite_of(r, PB_GET(m->statistics[i], table_id));
        if (w != NULL && !w->database)
            ERR_TRY(insert_statistic(x, m->statistics[i], w->new_id));
    }
    return NULL;
}

static struct error *
publish_txn(struct exec_ctx *x, void *arg)
{
    struct restore_job *r = arg;
    for (size_t i = 0; i < r->d->n_table_descs; i++) {
        uint32_t id = PB_GET(r->d->table_descs[i], id);
        const pb_descriptor *d;
        ERR_TRY(catalog_descriptor(x->catalog, id, &d));
        const pb_table *old = d != NULL ? pb_descriptor_table(d) : NULL;
        if (old == NULL || PB_GET(old, state) != AMBERDB__STATE__OFFLINE)
            return err_new(ERR_UNCATEGORIZED, "table %u is not offline any more", id);
        pb_table *t = pb_table_copy(x->arena, old);
        PB_SET(t, state, AMBERDB__STATE__PUBLIC);
        PB_SET(t, version, PB_GET(t, version) + 1);
        t->offline_reason = NULL;
        ERR_TRY(catalog_put_descriptor(x->catalog, id, pb_descriptor_of_table(x->arena, t)));
    }
    if (!PB_GET(r->d, stats_inserted) && !PB_GET(r->d, schema_only))
        ERR_TRY(restore_insert_statistics(x, &r->chain, &r->rewrites));
    PB_SET(r->d, stats_inserted, true);
    PB_SET(r->d, tables_published, true);
    struct error *e = job_save_txn(r->j, x);
    if (e != NULL) { /* it may be tried again */
        PB_SET(r->d, stats_inserted, false);
        PB_SET(r->d, tables_published, false);
    }
    return e;
}

static struct error *
publish(struct restore_job *r)
{
    for (size_t i = 0; i < r->d->n_table_descs; i++)
        ERR_TRY(restore_drop_partial_indexes(r->j->node, r->d->table_descs[i]));
    FAULT_TRY(restore_publish);
    ERR_TRY(cancel_check(&r->j->cancel));
    PB_SET(r->d, tables_published, false);
    struct error *e = exec_txn(r->j->node, NULL, "system", HLC_MIN, &r->j->cancel, publish_txn, r);
    if (e != NULL)
        PB_SET(r->d, tables_published, false);
    for (size_t i = 0; e == NULL && i < r->d->n_table_descs; i++)
        auto_stats_note(r->j->node, PB_GET(r->d->table_descs[i], id), AUTO_STATS_MANY);
    return e;
}

/* ---- after that: files of ours instead of ingested ones, in the background ---- */

struct compaction {
    struct node *node;
    size_t n;
    uint32_t ids[];
};

static struct span
tables_span(struct arena *a, uint32_t first, uint32_t last)
{
    struct str s, e;
    str_init_arena(&s, a, 16);
    key_put_uvarint(&s, first);
    str_init_arena(&e, a, 16);
    key_put_uvarint(&e, last);
    VERIFY(key_prefix_end(&e));
    return (struct span){str_slice(&s), str_slice(&e)};
}

static void
compact(void *arg)
{
    struct compaction *c = arg;
    struct arena *a = arena_create(NULL, "compact");
    for (size_t i = 0; i < c->n && !cancel_requested(&c->node->shutdown); i++) {
        uint32_t first = c->ids[i];
        while (i + 1 < c->n && c->ids[i + 1] == c->ids[i] + 1) /* together: each one costs, however little */
            i++;
        struct error *e =
            engine_compact(kv_db_engine(c->node->db), tables_span(a, first, c->ids[i]));
        if (e != NULL)
            log_warning("compacting restored table %u: %s", first, e->message);
        err_free(e);
    }
    arena_destroy(a);
    xfree(c);
}

static void
compact_later(struct restore_job *r)
{
    size_t n = r->d->n_table_descs;
    if (r->j->node->workers == NULL || kv_db_engine(r->j->node->db)->vt->compact == NULL || n == 0)
        return;
    struct compaction *c = xcalloc(1, sizeof(*c) + n * sizeof(c->ids[0]));
    c->node = r->j->node;
    c->n = n;
    for (size_t i = 0; i < n; i++)
        c->ids[i] = PB_GET(r->d->table_descs[i], id);
    pool_submit(r->j->node->workers, compact, c);
}

/* Paused, or the node ends: others go on with units that they have, unless somebody wants it to stop. */
static struct error *
bring_data_or_leave(struct restore_job *r, struct row_counter *total)
{
    struct error *e = restore_next_turn(r->j);
    if (e == NULL)
        e = bring_data(r, total);
    if (e != NULL && atomic_load(&r->j->cancel.reason) == CANCEL_USER)
        err_free(work_clear(r->j, false));
    if (e == NULL)
        e = restore_next_turn(r->j); /* from here on nothing of it is written any more */
    return e;
}

static struct error *
restore_resume(struct job *j, struct row_sink *rows)
{
    struct arena *a = arena_create(j->arena, "restore");
    struct restore_job r;
    struct row_counter total = {0};
    bool brought = false;
    ERR_TRY(restore_job_open(j->node, &j->cancel, j->payload->restore, j->id, a, &r));
    r.j = j;
    if (PB_GET(r.d, verify_data) && !PB_GET(r.d, schema_only)) {
        ERR_TRY(bring_data_or_leave(&r, &total));
        err_free(work_forget(j)); /* what is left is no harm */
        return put_result_row(rows, j->id, &total);
    }
    if (!PB_GET(r.d, tables_published)) {
        ERR_TRY(bring_data_or_leave(&r, &total));
        if (!chain_has_our_collation(&r.chain))
            ERR_TRY(restore_collated_keys(j, r.d->table_descs, r.d->n_table_descs));
        ERR_TRY(publish(&r));
        brought = true;
    }
    err_free(work_forget(j));
    for (size_t i = 0; i < r.d->n_table_descs; i++)
        ERR_TRY(restore_finish_schema_changes(j, PB_GET(r.d->table_descs[i], id)));
    if (PB_GET(r.d, descriptor_coverage) == 1 && r.temp_db != 0)
        ERR_TRY(restore_system_tables(j, r.d, r.temp_db));
    if (brought && !PB_GET(r.d, descriptor_coverage))
        compact_later(&r);
    return put_result_row(rows, j->id, &total);
}

/* ---- undoing ---- */

struct error *
drop_table_data(struct node *n, uint32_t table_id)
{
    struct arena *a = arena_create(NULL, "drop data");
    struct engine *engine = kv_db_engine(n->db);
    struct span s = tables_span(a, table_id, table_id);
    struct error *e = engine_drop_span(engine, s);
    if (e == NULL && engine->vt->compact != NULL)
        err_free(engine_compact(engine, s)); /* the disk's room back at once, if it can be had */
    arena_destroy(a);
    return e;
}

static struct error *
drop_database_if_empty(struct exec_ctx *x, uint32_t id)
{
    const pb_descriptor *d;
    const pb_descriptor **tables;
    size_t n;
    ERR_TRY(catalog_descriptor(x->catalog, id, &d));
    if (d == NULL || pb_descriptor_database(d) == NULL)
        return NULL;
    ERR_TRY(catalog_list(x->catalog, x->arena, id, &tables, &n));
    for (size_t i = 0; i < n; i++)
        if (pb_descriptor_table(tables[i]) != NULL &&
            PB_GET(pb_descriptor_table(tables[i]), state) != AMBERDB__STATE__DROP)
            return NULL; /* somebody's table: the database stays */
    ERR_TRY(catalog_namespace_delete(x->catalog, ID_ROOT, ID_ROOT, pb_descriptor_name(d)));
    uint32_t public_id;
    ERR_TRY(catalog_namespace_get(x->catalog, id, ID_ROOT, "public", &public_id));
    if (public_id != 0)
        ERR_TRY(catalog_namespace_delete(x->catalog, id, ID_ROOT, "public"));
    return catalog_delete_descriptor(x->catalog, id);
}

static struct error *
forget_txn(struct exec_ctx *x, void *arg)
{
    const Amberdb__RestoreDetails *d = arg;
    for (size_t i = 0; i < d->n_table_descs; i++) {
        const pb_table *t = d->table_descs[i];
        uint32_t id = PB_GET(t, id), named;
        ERR_TRY(catalog_namespace_get(x->catalog, PB_GET(t, parent_id), ID_PUBLIC_SCHEMA,
                                      pb_str(t->name), &named));
        if (named == id)
            ERR_TRY(catalog_namespace_delete(x->catalog, PB_GET(t, parent_id), ID_PUBLIC_SCHEMA,
                                             pb_str(t->name)));
        const pb_descriptor *now;
        ERR_TRY(catalog_descriptor(x->catalog, id, &now));
        if (now != NULL)
            ERR_TRY(catalog_delete_descriptor(x->catalog, id));
    }
    kv_txn_step(x->txn);
    for (size_t i = 0; i < d->n_new_database_ids; i++)
        ERR_TRY(drop_database_if_empty(x, d->new_database_ids[i]));
    return NULL;
}

static struct error *
restore_revert(struct job *j)
{
    const Amberdb__RestoreDetails *d = j->payload->restore;
    ERR_TRY(work_forget(j));
    if (PB_GET(d, tables_published))
        return NULL; /* whole, and maybe in use */
    ERR_TRY(restore_next_turn(j));
    for (size_t i = 0; i < d->n_table_descs; i++)
        ERR_TRY(drop_table_data(j->node, PB_GET(d->table_descs[i], id)));
    return exec_txn(j->node, NULL, "system", HLC_MIN, NULL, forget_txn,
                    (void *)(uintptr_t)d);
}

/* Whether all of its URIs answer to fn. */
static bool
all_uris(const Amberdb__RestoreDetails *d, bool (*fn)(struct node *n, const char *uri), struct node *n)
{
    bool yes = true;
    for (size_t i = 0; i < d->n_uris; i++)
        yes = yes && fn(n, d->uris[i]);
    for (size_t i = 0; i < d->n_backup_locality_info; i++) {
        const Amberdb__BackupLocalityInfo *l = d->backup_locality_info[i];
        for (size_t k = 0; k < l->n_uris_by_original_locality_kv; k++)
            yes = yes && fn(n, pb_str(l->uris_by_original_locality_kv[k]->value));
    }
    return yes;
}

static bool
restore_suits(struct node *n, const Amberdb__Payload *p)
{
    return all_uris(p->restore, node_reaches, n);
}

static bool
restore_leans(const Amberdb__Payload *p)
{
    return !all_uris(p->restore, uri_is_nobodys, NULL);
}

const struct job_ops job_ops_restore = {
    .type = JOB_RESTORE,
    .name = "RESTORE",
    .columns = backup_result_columns,
    .n_columns = 6,
    .resume = restore_resume,
    .revert = restore_revert,
    .suits = restore_suits,
    .leans = restore_leans,
};

static struct error *
restore_prepare(struct exec_ctx *x, const struct ast_stmt *st)
{
    return backup_placeholders(x, st, option_defs, OPT_COUNT);
}

static const struct statement_ops restore_ops[] = {
    {.kind = AST_STMT_RESTORE, .tag = "RESTORE ", .name = "RESTORE",
     .flags = STMT_NO_TXN | STMT_NOT_IN_TXN | STMT_ADMIN, .placeholders = restore_prepare,
     .columns = restore_columns, .run = restore_run},
};
const struct statement_family statement_family_restore = {
    restore_ops, sizeof(restore_ops) / sizeof(restore_ops[0])};
