/* ATTACH BACKUP and DETACH BACKUP: descriptors of tables whose rows stay in a backup.
 *
 *     attach_run   options -> layers -> time -> tables -> dependencies -> coverage
 *                  -> one transaction: databases, ids, PUBLIC descriptors, where the layers are
 *     detach_run   descriptors and names go; the backup is not touched
 *
 * The tables come under the database of the given name. When they are of several databases, each gets
 * one of its own, named <name>_<database>; so do the system tables of a cluster backup. */
#include "config.h"

#include "executor/backup/attach_int.h"
#include "executor/backup/restore_int.h"
#include "executor/statement.h"
#include "grammar/parse.h"

#define SYSTEM_NAME "system"

enum { OPT_PASSPHRASE, OPT_COUNT };
static const struct option_def option_defs[OPT_COUNT] = {
    {"encryption_passphrase", OPTION_VALUE},
};

struct attaching {
    const char *name;
    struct restore_plan plan;
    struct id_list groups; /* databases of the backup that have tables */
    uint32_t main_group;   /* the one whose tables come under the name itself; 0 */
    struct db_rename *renames;
};

static struct error *
admin_txn(struct exec_ctx *x, void *arg)
{
    return catalog_check_admin(x->catalog, x->user, arg);
}

/* ---- which tables ---- */

static bool
is_wanted(const struct restore_plan *p, const pb_table *t)
{
    if (t == NULL || PB_GET(t, state) != AMBERDB__STATE__PUBLIC || PB_GET(t, temporary))
        return false;
    return !p->cluster || PB_GET(t, parent_id) != ID_SYSTEM_DB ||
           is_cluster_system_table(pb_str(t->name));
}

/* One view that this server cannot parse keeps nobody from the tables. */
static void
check_view(struct exec_ctx *x, struct restore_plan *p, const pb_table *t, bool *usable)
{
    struct ast_stmt *query;
    if (*pb_str(t->view_query) == '\0')
        return;
    struct error *e = parse_one(p->a, slice_cstr(t->view_query), &query);
    if (e == NULL)
        return;
    exec_notice(x, err_new(ERR_SUCCESSFUL_COMPLETION,
                           "view \"%s\" is left out: its query cannot be read: %s", pb_str(t->name),
                           e->message));
    err_free(e);
    *usable = false;
}

static struct error *
select_tables(struct exec_ctx *x, struct attaching *s)
{
    struct restore_plan *p = &s->plan;
    ERR_TRY(chain_descriptors(p->a, &p->chain, p->as_of, true, &p->all.v, &p->all.n));
    for (size_t i = 0; i < p->all.n; i++) {
        pb_descriptor *d = p->all.v[i];
        bool usable = true;
        if (!is_wanted(p, pb_descriptor_table(d)))
            continue;
        check_view(x, p, d->table, &usable);
        if (usable)
            desc_list_add(p->a, &p->sel.tables, d);
    }
    if (p->sel.tables.n == 0)
        return err_new(ERR_UNCATEGORIZED, "the backup holds no tables to attach%s",
                       hlc_is_empty(p->as_of) ? "" : " at that time");
    desc_sort_by_id(&p->sel.tables);
    ERR_TRY(restore_check_dependencies(p));
    for (size_t i = 0; i < p->sel.tables.n; i++)
        id_add(p->a, &s->groups, PB_GET(pb_descriptor_table(p->sel.tables.v[i]), parent_id));
    return NULL;
}

static bool
is_system_group(const struct restore_plan *p, uint32_t id)
{
    return p->cluster && id == ID_SYSTEM_DB;
}

/* What the databases are called here. */
static struct error *
name_groups(struct attaching *s)
{
    struct restore_plan *p = &s->plan;
    size_t ordinary = 0;
    s->renames = ARENA_ARRAY(p->a, struct db_rename, s->groups.n + 1);
    for (size_t i = 0; i < s->groups.n; i++)
        if (!is_system_group(p, s->groups.v[i])) {
            s->main_group = s->groups.v[i];
            ordinary++;
        }
    if (ordinary != 1)
        s->main_group = 0;
    for (size_t i = 0; i < s->groups.n; i++) {
        uint32_t id = s->groups.v[i];
        pb_descriptor *d = desc_by_id(&p->all, id);
        const char *old = id == ID_SYSTEM_DB ? SYSTEM_NAME : NULL;
        if (d != NULL && pb_descriptor_database(d) != NULL)
            old = pb_descriptor_name(d);
        if (old == NULL)
            return err_new(ERR_DATA_CORRUPTED, "no database with ID %u in backup", id);
        const char *new = id == s->main_group ? s->name : arena_printf(p->a, "%s_%s", s->name, old);
        s->renames[i] = (struct db_rename){old, new};
    }
    p->renames = s->renames;
    p->n_renames = s->groups.n;
    return NULL;
}

/* ---- the transaction ---- */

static struct error *
make_database(struct exec_ctx *x, struct restore_plan *p, const char *name, size_t wanted, pb_database **out)
{
    const struct database *exists;
    uint32_t id;
    ERR_TRY(catalog_database_by_name(x->catalog, name, &exists));
    if (exists != NULL)
        return err_new(ERR_DUPLICATE_DATABASE, "database \"%s\" already exists", name);
    ERR_TRY(restore_take_id(x, p, wanted, &id));
    pb_database *db = PB_NEW(p->a, DatabaseDescriptor, database_descriptor);
    db->name = arena_strdup(p->a, name);
    PB_SET(db, id, id);
    db->privileges = privileges_default(p->a);
    desc_list_add(p->a, &p->new_dbs, pb_descriptor_of_database(p->a, db));
    *out = db;
    return NULL;
}

static void
add_rewrite(struct restore_plan *p, struct rewrite w)
{
    p->rewrites.v[p->rewrites.n++] = w;
}

/* Ids in the order of the old ones: attach_source.c leans on it. */
static struct error *
assign_ids(struct exec_ctx *x, struct attaching *s, pb_database **dbs)
{
    struct restore_plan *p = &s->plan;
    pb_database *db;
    p->rewrites = (struct rewrites){
        ARENA_ARRAY(p->a, struct rewrite, s->groups.n + p->sel.tables.n + 1), 0};
    p->new_dbs = (struct desc_list){0};
    p->ids_left = 0;
    size_t n_dbs = 1 + s->groups.n - (s->main_group != 0), wanted = n_dbs + p->sel.tables.n;
    ERR_TRY(make_database(x, p, s->name, wanted, &dbs[0]));
    for (size_t i = 0; i < s->groups.n; i++) {
        db = dbs[0];
        if (s->groups.v[i] != s->main_group)
            ERR_TRY(make_database(x, p, s->renames[i].new_name, wanted, &db));
        dbs[i + 1] = db;
        add_rewrite(p, (struct rewrite){s->groups.v[i], PB_GET(db, id), 0, true});
    }
    for (size_t i = 0; i < p->sel.tables.n; i++) {
        const pb_table *t = pb_descriptor_table(p->sel.tables.v[i]);
        const struct rewrite *parent = NULL;
        for (size_t k = 0; k < s->groups.n; k++)
            if (p->rewrites.v[k].old_id == PB_GET(t, parent_id))
                parent = &p->rewrites.v[k];
        uint32_t id;
        ERR_TRY(restore_take_id(x, p, wanted, &id));
        add_rewrite(p, (struct rewrite){PB_GET(t, id), KV_FOREIGN_TABLE_MIN + id, parent->new_id,
                                        false});
    }
    return NULL;
}

static void
record(struct attaching *s, pb_database **dbs)
{
    struct restore_plan *p = &s->plan;
    for (size_t i = 0; i <= s->groups.n; i++) {
        Amberdb__AttachedBackup *r = PB_NEW(p->a, AttachedBackup, attached_backup);
        r->name = arena_strdup(p->a, s->name);
        PB_SET(r, holder, PB_GET(dbs[0], id));
        if (dbs[i]->attached == NULL)
            dbs[i]->attached = r;
    }
    Amberdb__AttachedBackup *main = dbs[0]->attached;
    struct restore_plan bare = *p;
    bare.n_tables = 0;
    bare.new_dbs.n = 0;
    main->source = restore_details(p->a, &bare);
    main->layer_ids = ARENA_ARRAY(p->a, ProtobufCBinaryData, p->chain.n + 1);
    for (size_t i = 0; i < p->chain.n; i++) {
        uint8_t id[LAYER_ID_LEN];
        attach_layer_id(&p->chain.v[i], id);
        main->layer_ids[main->n_layer_ids++] =
            (ProtobufCBinaryData){LAYER_ID_LEN, arena_memdup(p->a, id, LAYER_ID_LEN)};
    }
}

static struct error *
attach_txn(struct exec_ctx *x, void *arg)
{
    struct attaching *s = arg;
    struct restore_plan *p = &s->plan;
    pb_database **dbs = ARENA_ARRAY(p->a, pb_database *, s->groups.n + 1);
    ERR_TRY(assign_ids(x, s, dbs));
    ERR_TRY(restore_rewrite_tables(p));
    for (size_t i = 0; i < p->n_tables; i++) {
        PB_SET(p->tables[i], state, AMBERDB__STATE__PUBLIC);
        p->tables[i]->offline_reason = NULL;
    }
    record(s, dbs);
    ERR_TRY(restore_write_descriptors(x, p));
    return restore_insert_statistics(x, &p->chain, &p->rewrites);
}

static struct error *
attach_run(struct exec_ctx *x, const struct ast_stmt *st, struct row_sink *rows, char **tag)
{
    const struct ast_attach_backup *ast = st->attach_backup;
    struct option_value o[OPT_COUNT];
    struct attaching s = {.name = slice_to_cstr(x->arena, ast->database),
                          .plan = {.a = x->arena, .node = x->node,
                                   .skips = {true, true, true, true}}};
    struct restore_plan *p = &s.plan;
    char action[] = "ATTACH BACKUP";
    (void)rows;
    (void)tag;
    ERR_TRY(options_eval(x, &ast->options, option_defs, OPT_COUNT, o));
    ERR_TRY(exec_txn(x->node, x->user, x->database, HLC_MIN, x->cancel, admin_txn, action));
    if (ast->as_of != NULL)
        ERR_TRY(exec_as_of(x, ast->as_of, &p->as_of));
    struct layer_uris from = {&ast->from, false, NULL, action};
    ERR_TRY(restore_open_layers(x, &from, o[OPT_PASSPHRASE].value, &p->chain));
    if (!hlc_is_empty(p->as_of))
        ERR_TRY(chain_truncate(&p->chain, &p->as_of));
    p->cluster = PB_GET(p->chain.v[0].m, descriptor_coverage) == 1;
    ERR_TRY(select_tables(x, &s));
    ERR_TRY(name_groups(&s));
    ERR_TRY(restore_check_coverage(p));
    /* Its tables get privileges as those of a database, not of a cluster. */
    p->cluster = false;
    return exec_txn(x->node, x->user, x->database, HLC_MIN, x->cancel, attach_txn, &s);
}

/* ---- DETACH ---- */

struct detaching {
    const char *name;
    bool if_exists;
    uint32_t holder; /* 0: nothing was detached */
};

/* A view outside that reads a table of the backup would be left without it. */
static struct error *
check_dependents(struct exec_ctx *x, const pb_table *t)
{
    for (size_t i = 0; i < t->n_depended_on_by; i++) {
        const struct table *view;
        uint32_t id = PB_GET(t->depended_on_by[i], id);
        if (id >= KV_FOREIGN_TABLE_MIN)
            continue;
        ERR_TRY(catalog_table_by_id(x->catalog, id, &view));
        if (view != NULL)
            return err_new(ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                           "cannot detach relation \"%s\" because view \"%s\" depends on it",
                           pb_str(t->name), view->name);
    }
    return NULL;
}

static struct error *
remove_statistics(struct exec_ctx *x, uint32_t table)
{
    static const struct type *const types[] = {&TYPE_INT8};
    struct datum params[] = {datum_int(table)};
    return exec_sql(x, EXEC_ROOT, NULL, NULL, 1, types, params,
                    "DELETE FROM system.public.table_statistics WHERE \"tableID\" = $1");
}

static struct error *
remove_database(struct exec_ctx *x, const pb_descriptor *db)
{
    const pb_descriptor **v;
    size_t n;
    uint32_t db_id = pb_descriptor_id(db), public_id;
    ERR_TRY(catalog_list(x->catalog, x->arena, db_id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        const pb_table *t = pb_descriptor_table(v[i]);
        if (t == NULL)
            continue;
        ERR_TRY(check_dependents(x, t));
        ERR_TRY(catalog_namespace_delete(x->catalog, db_id, ID_PUBLIC_SCHEMA, pb_str(t->name)));
        ERR_TRY(catalog_delete_descriptor(x->catalog, PB_GET(t, id)));
        ERR_TRY(remove_statistics(x, PB_GET(t, id)));
    }
    ERR_TRY(catalog_namespace_get(x->catalog, db_id, ID_ROOT, "public", &public_id));
    if (public_id != 0)
        ERR_TRY(catalog_namespace_delete(x->catalog, db_id, ID_ROOT, "public"));
    ERR_TRY(catalog_namespace_delete(x->catalog, ID_ROOT, ID_ROOT, pb_descriptor_name(db)));
    return catalog_delete_descriptor(x->catalog, db_id);
}

static struct error *
detach_txn(struct exec_ctx *x, void *arg)
{
    struct detaching *s = arg;
    const struct database *db;
    const pb_descriptor **v;
    size_t n;
    char action[] = "DETACH BACKUP";
    s->holder = 0;
    ERR_TRY(catalog_check_admin(x->catalog, x->user, action));
    ERR_TRY(catalog_database_by_name(x->catalog, s->name, &db));
    if (db == NULL && s->if_exists)
        return NULL;
    if (db == NULL)
        return err_new(ERR_INVALID_CATALOG_NAME, "database \"%s\" does not exist", s->name);
    const Amberdb__AttachedBackup *rec = db->pb->attached;
    if (rec == NULL)
        return err_new(ERR_WRONG_OBJECT_TYPE, "database \"%s\" is not an attached backup", s->name);
    if (PB_GET(rec, holder) != db->id)
        return err_hint(err_new(ERR_WRONG_OBJECT_TYPE,
                                "database \"%s\" belongs to the attached backup \"%s\"", s->name,
                                pb_str(rec->name)),
                        "DETACH BACKUP %s takes all of its databases away.", pb_str(rec->name));
    uint32_t holder = db->id;
    ERR_TRY(catalog_list(x->catalog, x->arena, 0, &v, &n));
    for (size_t i = 0; i < n; i++) {
        const pb_database *d = pb_descriptor_database(v[i]);
        if (d != NULL && d->attached != NULL && PB_GET(d->attached, holder) == holder)
            ERR_TRY(remove_database(x, v[i]));
    }
    s->holder = holder;
    return NULL;
}

static struct error *
detach_run(struct exec_ctx *x, const struct ast_stmt *st, struct row_sink *rows, char **tag)
{
    const struct ast_detach_backup *ast = st->detach_backup;
    struct detaching s = {slice_to_cstr(x->arena, ast->database), ast->if_exists, 0};
    (void)rows;
    (void)tag;
    ERR_TRY(exec_txn(x->node, x->user, x->database, HLC_MIN, x->cancel, detach_txn, &s));
    if (s.holder != 0)
        attachments_forget(x->node->attachments, s.holder);
    return NULL;
}

static struct error *
attach_prepare(struct exec_ctx *x, const struct ast_stmt *st)
{
    return backup_placeholders(x, st, option_defs, OPT_COUNT);
}

static const struct statement_ops attach_ops[] = {
    {.kind = AST_STMT_ATTACH_BACKUP, .tag = "ATTACH BACKUP",
     .flags = STMT_NO_TXN | STMT_NOT_IN_TXN | STMT_ADMIN, .placeholders = attach_prepare, .run = attach_run},
    {.kind = AST_STMT_DETACH_BACKUP, .tag = "DETACH BACKUP",
     .flags = STMT_NO_TXN | STMT_NOT_IN_TXN | STMT_ADMIN, .run = detach_run},
};
const struct statement_family statement_family_attach = {
    attach_ops, sizeof(attach_ops) / sizeof(attach_ops[0])};
