/* RESTORE, before anything is written: what depends on what, names, ids.
 * SOURCE: restore-mechanics 3, 6, 8; statements 2.4 for texts and their order. */
#include "config.h"

#include "executor/backup/restore_int.h"

#include "executor/node.h"

#define OPTION_HINT "(or \"%s\" option)"

static const pb_table *
selected(const struct restore_plan *p, uint32_t id)
{
    pb_descriptor *d = desc_by_id(&p->sel.tables, id);
    return d != NULL ? pb_descriptor_table(d) : NULL;
}

/* ---- dependencies ---- */

/* Take views out that need something missing, and views on those, until nothing changes. */
static struct error *
check_views(struct restore_plan *p)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < p->sel.tables.n && !changed; i++) {
            const pb_table *t = pb_descriptor_table(p->sel.tables.v[i]);
            if (*pb_str(t->view_query) == '\0')
                continue;
            for (size_t k = 0; k < t->n_depends_on; k++) {
                if (selected(p, t->depends_on[k]) != NULL)
                    continue;
                if (!p->skips.views)
                    return err_new(ERR_UNCATEGORIZED,
                                   "cannot restore view \"%s\" without restoring referenced table "
                                   OPTION_HINT, pb_str(t->name), "skip_missing_views");
                PB_REMOVE(p->sel.tables.v, p->sel.tables.n, i);
                changed = true;
                break;
            }
        }
    }
    return NULL;
}

static struct error *
check_columns(const struct restore_plan *p, const pb_table *t, const pb_column *c)
{
    for (size_t i = 0; i < c->n_uses_sequence_ids && !p->skips.sequences; i++)
        if (selected(p, c->uses_sequence_ids[i]) == NULL)
            return err_new(ERR_UNCATEGORIZED,
                           "cannot restore table \"%s\" without referenced sequence %u "
                           OPTION_HINT, pb_str(t->name), c->uses_sequence_ids[i],
                           "skip_missing_sequences");
    for (size_t i = 0; i < c->n_owns_sequence_ids && !p->skips.sequence_owners; i++)
        if (selected(p, c->owns_sequence_ids[i]) == NULL)
            return err_new(ERR_UNCATEGORIZED,
                           "cannot restore table \"%s\" without referenced sequence %u "
                           OPTION_HINT, pb_str(t->name), c->owns_sequence_ids[i],
                           "skip_missing_sequence_owners");
    return NULL;
}

static struct error *
check_table(const struct restore_plan *p, const pb_table *t)
{
    for (size_t i = 0; i < t->n_outbound_fks && !p->skips.foreign_keys; i++) {
        uint32_t id = PB_GET(t->outbound_fks[i], referenced_table_id);
        if (selected(p, id) == NULL)
            return err_new(ERR_UNCATEGORIZED,
                           "cannot restore table \"%s\" without referenced table %u " OPTION_HINT,
                           pb_str(t->name), id, "skip_missing_foreign_keys");
    }
    for (size_t i = 0; i < t->n_columns; i++)
        ERR_TRY(check_columns(p, t, t->columns[i]));
    if (t->sequence_opts == NULL || t->sequence_opts->sequence_owner == NULL ||
        p->skips.sequence_owners)
        return NULL;
    uint32_t owner = PB_GET(t->sequence_opts->sequence_owner, owner_table_id);
    if (owner != 0 && selected(p, owner) == NULL)
        return err_new(ERR_UNCATEGORIZED,
                       "cannot restore sequence \"%s\" without referenced owner table %u "
                       OPTION_HINT, pb_str(t->name), owner, "skip_missing_sequence_owners");
    return NULL;
}

static struct error *
check_index(const struct restore_plan *p, const pb_table *t, const pb_index *ix)
{
    for (size_t i = 0; ix->interleave != NULL && i < ix->interleave->n_ancestors; i++) {
        uint32_t id = PB_GET(ix->interleave->ancestors[i], table_id);
        if (selected(p, id) == NULL)
            return err_new(ERR_UNCATEGORIZED,
                           "cannot restore table \"%s\" without interleave parent %u",
                           pb_str(t->name), id);
    }
    for (size_t i = 0; i < ix->n_interleaved_by; i++) {
        uint32_t id = PB_GET(ix->interleaved_by[i], table);
        if (selected(p, id) == NULL)
            return err_new(ERR_UNCATEGORIZED,
                           "cannot restore table \"%s\" without interleave child table %u",
                           pb_str(t->name), id);
    }
    return NULL;
}

static struct error *
check_interleaves(const struct restore_plan *p, const pb_table *t)
{
    if (t->primary_index != NULL)
        ERR_TRY(check_index(p, t, t->primary_index));
    for (size_t i = 0; i < t->n_indexes; i++)
        ERR_TRY(check_index(p, t, t->indexes[i]));
    for (size_t i = 0; i < t->n_mutations; i++)
        if (t->mutations[i]->descriptor_case ==
                AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_INDEX &&
            PB_GET(t->mutations[i], direction) == AMBERDB__MUTATION_DIRECTION__MUTATION_ADD)
            ERR_TRY(check_index(p, t, t->mutations[i]->index));
    return NULL;
}

struct error *
restore_check_dependencies(struct restore_plan *p)
{
    ERR_TRY(check_views(p));
    for (size_t i = 0; i < p->sel.tables.n; i++)
        ERR_TRY(check_table(p, pb_descriptor_table(p->sel.tables.v[i])));
    for (size_t i = 0; i < p->sel.tables.n; i++)
        ERR_TRY(check_interleaves(p, pb_descriptor_table(p->sel.tables.v[i])));
    return NULL;
}

/* ---- cluster ---- */

struct error *
restore_check_cluster(struct exec_ctx *x, const struct restore_plan *p)
{
    const pb_descriptor **v;
    size_t n, found = 0;
    (void)p;
    ERR_TRY(catalog_list(x->catalog, x->arena, 0, &v, &n));
    for (size_t i = 0; i < n; i++) {
        const pb_table *t = pb_descriptor_table(v[i]);
        uint32_t id = pb_descriptor_id(v[i]);
        if (t == NULL)
            found += id != ID_SYSTEM_DB && id != ID_DEFAULTDB && id != ID_POSTGRES;
        else
            found += PB_GET(t, parent_id) != ID_SYSTEM_DB &&
                     PB_GET(t, state) != AMBERDB__STATE__DROP;
    }
    if (found > 0)
        return err_new(ERR_UNCATEGORIZED,
                       "full cluster restore can only be run on a cluster with no tables or "
                       "databases but found %zu descriptors", found);
    return NULL;
}

/* ---- names and ids ---- */

const struct rewrite *
rewrite_of(const struct rewrites *r, uint32_t old_id)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->v[i].old_id == old_id)
            return &r->v[i];
    return NULL;
}

static void
add_rewrite(struct restore_plan *p, uint32_t old_id, uint32_t new_id, uint32_t parent, bool db)
{
    struct rewrite w = {old_id, new_id, parent, db};
    PB_GROW(p->a, p->rewrites.v, p->rewrites.n, w);
}

static const char *
backup_database_name(const struct restore_plan *p, uint32_t id)
{
    pb_descriptor *d = desc_by_id(&p->all, id);
    return d != NULL && pb_descriptor_database(d) != NULL ? pb_descriptor_name(d) : NULL;
}

static bool
is_default_database(const char *name)
{
    return strcmp(name, "defaultdb") == 0 || strcmp(name, "postgres") == 0;
}

struct error *
restore_take_id(struct exec_ctx *x, struct restore_plan *p, size_t wanted, uint32_t *id)
{
    if (p->ids_left == 0) {
        ERR_TRY(catalog_new_ids(x->catalog, (uint32_t)wanted, &p->next_id));
        p->ids_left = (uint32_t)wanted;
    }
    *id = p->next_id++;
    p->ids_left--;
    return NULL;
}

/* Cluster: an id is kept when nobody has it here. Else all come together. */
static struct error *
choose_id(struct exec_ctx *x, struct restore_plan *p, uint32_t old_id, uint32_t *id)
{
    const pb_descriptor *taken = NULL;
    if (p->cluster && old_id > ID_POSTGRES)
        ERR_TRY(catalog_descriptor(x->catalog, old_id, &taken));
    if (p->cluster && old_id > ID_POSTGRES && taken == NULL) {
        *id = old_id;
        return NULL;
    }
    return restore_take_id(x, p, p->cluster ? 1 : p->sel.requested_dbs.n + p->sel.tables.n, id);
}

static struct error *
new_database(struct exec_ctx *x, struct restore_plan *p, const char *name, uint32_t old_id,
             const Amberdb__PrivilegeDescriptor *privileges)
{
    uint32_t id;
    const struct database *exists;
    ERR_TRY(catalog_database_by_name(x->catalog, name, &exists));
    if (exists != NULL)
        return err_new(ERR_UNCATEGORIZED, "database \"%s\" already exists", name);
    ERR_TRY(choose_id(x, p, old_id, &id));
    pb_database *db = PB_NEW(p->a, DatabaseDescriptor, database_descriptor);
    db->name = arena_strdup(p->a, name);
    PB_SET(db, id, id);
    db->privileges = privileges != NULL && p->cluster
                         ? (Amberdb__PrivilegeDescriptor *)pb_copy(p->a, PB_BASE(privileges))
                         : privileges_default(p->a);
    desc_list_add(p->a, &p->new_dbs, pb_descriptor_of_database(p->a, db));
    add_rewrite(p, old_id, id, 0, true);
    return NULL;
}

static struct error *
check_name_free(struct exec_ctx *x, uint32_t parent, const char *name)
{
    uint32_t id;
    ERR_TRY(catalog_namespace_get(x->catalog, parent, ID_PUBLIC_SCHEMA, name, &id));
    if (id != 0)
        return err_new(ERR_DUPLICATE_RELATION, "relation \"%s\" already exists", name);
    return NULL;
}

/* The database into which a table goes: one that is made here, or an existing one that has no relation
 * of that name and lets the user make one. */
static struct error *
parent_of(struct exec_ctx *x, struct restore_plan *p, const pb_table *t, uint32_t *parent)
{
    uint32_t old = PB_GET(t, parent_id);
    const struct rewrite *w = rewrite_of(&p->rewrites, old);
    const struct database *db;
    const pb_descriptor *d;
    if (w != NULL && w->database && p->into_db == NULL) {
        *parent = w->new_id;
        return NULL;
    }
    const char *name = p->into_db != NULL ? p->into_db : backup_database_name(p, old);
    if (name == NULL)
        return err_new(ERR_UNCATEGORIZED, "no database with ID %u in backup for table \"%s\"", old,
                       pb_str(t->name));
    ERR_TRY(catalog_database_by_name(x->catalog, name, &db));
    if (db == NULL)
        return err_new(ERR_UNCATEGORIZED,
                       "a database named \"%s\" needs to exist to restore table \"%s\"", name,
                       pb_str(t->name));
    ERR_TRY(check_name_free(x, db->id, pb_str(t->name)));
    ERR_TRY(catalog_descriptor(x->catalog, db->id, &d));
    ERR_TRY(catalog_check_privilege(x->catalog, x->user, d, PRIV_CREATE));
    *parent = db->id;
    return NULL;
}

static struct error *
raise_counter(struct exec_ctx *x, const struct restore_plan *p)
{
    uint32_t max = ID_FIRST_USER;
    for (size_t i = 0; i < p->all.n; i++)
        if (pb_descriptor_id(p->all.v[i]) > max)
            max = pb_descriptor_id(p->all.v[i]);
    if (max >= KV_FOREIGN_TABLE_MIN - 1)
        return err_new(ERR_DATA_CORRUPTED, "descriptor id %u in backup is out of range", max);
    return catalog_raise_id_counter(x->catalog, max + 1);
}

static bool
is_system(const struct restore_plan *p, const pb_table *t)
{
    return p->cluster && PB_GET(t, parent_id) == ID_SYSTEM_DB;
}

struct error *
restore_assign_ids(struct exec_ctx *x, struct restore_plan *p)
{
    p->rewrites = (struct rewrites){0};
    p->new_dbs = (struct desc_list){0};
    p->ids_left = 0;
    if (p->cluster)
        ERR_TRY(raise_counter(x, p));
    for (size_t i = 0; i < p->sel.databases.n; i++) {
        const pb_database *d = pb_descriptor_database(p->sel.databases.v[i]);
        uint32_t id = PB_GET(d, id);
        bool make = p->cluster ? id != ID_SYSTEM_DB && !is_default_database(pb_str(d->name))
                               : id_has(&p->sel.requested_dbs, id);
        const char *name = p->new_db_name != NULL ? p->new_db_name : pb_str(d->name);
        if (make)
            ERR_TRY(new_database(x, p, name, id, d->privileges));
    }
    if (p->cluster)
        ERR_TRY(new_database(x, p, SYSTEM_TABLES_RESTORED_DB, ID_SYSTEM_DB, NULL));
    size_t first_table = p->rewrites.n;
    for (size_t i = 0; i < p->sel.tables.n; i++) {
        const pb_table *t = pb_descriptor_table(p->sel.tables.v[i]);
        uint32_t parent = 0;
        ERR_TRY(parent_of(x, p, t, &parent));
        for (size_t k = first_table; p->into_db != NULL && k < p->rewrites.n; k++)
            if (strcmp(pb_str(pb_descriptor_table(p->sel.tables.v[k - first_table])->name),
                       pb_str(t->name)) == 0)
                return err_new(ERR_DUPLICATE_RELATION, "relation \"%s\" already exists",
                               pb_str(t->name));
        add_rewrite(p, PB_GET(t, id), 0, parent, false);
    }
    /* user tables first, so that a cluster's own ids stay in front of those of its system tables */
    for (int system = 0; system <= 1; system++)
        for (size_t i = 0; i < p->sel.tables.n; i++) {
            const pb_table *t = pb_descriptor_table(p->sel.tables.v[i]);
            if (is_system(p, t) == (system == 1))
                ERR_TRY(choose_id(x, p, PB_GET(t, id), &p->rewrites.v[first_table + i].new_id));
        }
    return NULL;
}
