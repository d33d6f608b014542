/* Table descriptors under their new ids. SOURCE: restore-mechanics 6 (CockroachDB v20.1
 * RewriteTableDescs). */
#include "config.h"

#include "executor/backup/restore_int.h"

#include "grammar/parse.h"
#include "grammar/print.h"

static uint32_t
new_id(const struct rewrites *r, uint32_t old)
{
    const struct rewrite *w = rewrite_of(r, old);
    return w != NULL && !w->database ? w->new_id : 0;
}

/* ---- indexes ---- */

static void
rewrite_index(const struct rewrites *r, pb_index *ix)
{
    if (ix->interleave != NULL)
        for (size_t i = 0; i < ix->interleave->n_ancestors; i++) {
            Amberdb__Ancestor *a = ix->interleave->ancestors[i];
            PB_SET(a, table_id, new_id(r, PB_GET(a, table_id)));
        }
    for (size_t i = 0; i < ix->n_interleaved_by; i++) {
        Amberdb__ForeignKeyReference *f = ix->interleaved_by[i];
        PB_SET(f, table, new_id(r, PB_GET(f, table)));
    }
}

void
restore_rewrite_indexes(const struct rewrites *r, pb_table *t)
{
    if (t->primary_index != NULL)
        rewrite_index(r, t->primary_index);
    for (size_t i = 0; i < t->n_indexes; i++)
        rewrite_index(r, t->indexes[i]);
    for (size_t i = 0; i < t->n_mutations; i++)
        if (t->mutations[i]->descriptor_case == AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_INDEX)
            rewrite_index(r, t->mutations[i]->index);
}

/* ---- references ---- */

static void
rewrite_fks(const struct rewrites *r, Amberdb__ForeignKeyConstraint **v, size_t *n)
{
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        uint32_t origin = new_id(r, PB_GET(v[i], origin_table_id));
        uint32_t referenced = new_id(r, PB_GET(v[i], referenced_table_id));
        if (origin == 0 || referenced == 0)
            continue;
        PB_SET(v[i], origin_table_id, origin);
        PB_SET(v[i], referenced_table_id, referenced);
        v[kept++] = v[i];
    }
    *n = kept;
}

/* Ids of sequences; false when one is missing. */
static bool
rewrite_ids(const struct rewrites *r, uint32_t *v, size_t *n)
{
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++)
        if (new_id(r, v[i]) != 0)
            v[kept++] = new_id(r, v[i]);
    bool all = kept == *n;
    *n = kept;
    return all;
}

static void
rewrite_column(const struct rewrites *r, pb_column *c)
{
    if (!rewrite_ids(r, c->uses_sequence_ids, &c->n_uses_sequence_ids)) {
        c->n_uses_sequence_ids = 0;
        c->default_expr = NULL;
    }
    rewrite_ids(r, c->owns_sequence_ids, &c->n_owns_sequence_ids);
}

/* v20.1 leaves the ids of a key that is being added as they were, which then may be other tables'. */
static void
rewrite_constraint(const struct rewrites *r, Amberdb__ConstraintToUpdate *c)
{
    Amberdb__ForeignKeyConstraint *f = c->foreign_key;
    if (f == NULL || PB_GET(f, referenced_table_id) == 0)
        return;
    PB_SET(f, origin_table_id, new_id(r, PB_GET(f, origin_table_id)));
    PB_SET(f, referenced_table_id, new_id(r, PB_GET(f, referenced_table_id)));
}

static void
rewrite_references(struct restore_plan *p, pb_table *t)
{
    const struct rewrites *r = &p->rewrites;
    rewrite_fks(r, t->outbound_fks, &t->n_outbound_fks);
    rewrite_fks(r, t->inbound_fks, &t->n_inbound_fks);
    rewrite_ids(r, t->depends_on, &t->n_depends_on);
    size_t kept = 0;
    for (size_t i = 0; i < t->n_depended_on_by; i++) {
        Amberdb__Reference *ref = t->depended_on_by[i];
        uint32_t id = new_id(r, PB_GET(ref, id));
        if (id == 0)
            continue;
        PB_SET(ref, id, id);
        t->depended_on_by[kept++] = ref;
    }
    t->n_depended_on_by = kept;
    for (size_t i = 0; i < t->n_columns; i++)
        rewrite_column(r, t->columns[i]);
    for (size_t i = 0; i < t->n_mutations; i++)
        if (t->mutations[i]->descriptor_case == AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_COLUMN)
            rewrite_column(r, t->mutations[i]->column);
    for (size_t i = 0; i < t->n_mutations; i++)
        if (t->mutations[i]->descriptor_case ==
            AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_CONSTRAINT)
            rewrite_constraint(r, t->mutations[i]->constraint);
    Amberdb__SequenceOwner *o = t->sequence_opts != NULL ? t->sequence_opts->sequence_owner : NULL;
    if (o == NULL || PB_GET(o, owner_table_id) == 0)
        return;
    uint32_t id = new_id(r, PB_GET(o, owner_table_id));
    PB_SET(o, owner_table_id, id);
    if (id == 0)
        PB_SET(o, owner_column_id, 0);
}

/* ---- views ---- */

/* The database that a name in a view is qualified with; empty: none. Up to 2.0 views say db.table. */
static struct slice
view_database(const struct restore_plan *p, const struct ast_object_name *n)
{
    if (n->count == 3)
        return n->catalog;
    for (size_t i = 0; n->count == 2 && i < p->all.n; i++)
        if (pb_descriptor_database(p->all.v[i]) != NULL &&
            slice_eq(n->schema, slice_cstr(pb_descriptor_name(p->all.v[i]))))
            return n->schema;
    return SLICE_NULL;
}

static bool
view_name(struct str *out, const struct ast_object_name *n, void *arg)
{
    const struct restore_plan *p = arg;
    const char *db = p->into_db != NULL ? p->into_db : p->new_db_name;
    struct slice old = view_database(p, n);
    for (size_t i = 0; i < p->n_renames; i++)
        if (slice_eq(old, slice_cstr(p->renames[i].old_name)))
            db = p->renames[i].new_name;
    if (old.len == 0 || db == NULL)
        return false;
    struct ast_object_name copy = *n;
    copy.count = 3;
    copy.catalog = slice_cstr(db);
    if (n->count == 2)
        copy.schema = SLICE_LIT("public");
    print_object_name(out, &copy, NULL);
    return true;
}

static struct error *
rewrite_view(struct restore_plan *p, pb_table *t)
{
    struct ast_stmt *s;
    struct str out;
    struct print_opts o = {.object_name = view_name, .arg = p};
    struct error *e = parse_one(p->a, slice_cstr(t->view_query), &s);
    if (e == NULL && s->kind != AST_STMT_SELECT)
        e = err_new(ERR_SYNTAX, "not a query");
    if (e != NULL)
        return err_wrap(e, "failed to parse underlying query from view \"%s\"", pb_str(t->name));
    str_init_arena(&out, p->a, STR_MAX_DEFAULT);
    print_stmt(&out, s, &o);
    t->view_query = arena_strdup(p->a, str_cstr(&out));
    return NULL;
}

/* ---- all of it ---- */

static const Amberdb__PrivilegeDescriptor *
privileges_of_new_db(const struct restore_plan *p, uint32_t id)
{
    for (size_t i = 0; i < p->new_dbs.n; i++)
        if (pb_descriptor_id(p->new_dbs.v[i]) == id)
            return pb_descriptor_database(p->new_dbs.v[i])->privileges;
    return NULL;
}

static void
set_privileges(struct restore_plan *p, pb_table *t, uint32_t old_parent)
{
    const Amberdb__PrivilegeDescriptor *pr = privileges_of_new_db(p, PB_GET(t, parent_id));
    if (p->cluster && old_parent != ID_SYSTEM_DB && t->privileges != NULL)
        return; /* kept */
    if (pr != NULL)
        t->privileges = (Amberdb__PrivilegeDescriptor *)pb_copy(p->a, PB_BASE(pr));
    else
        t->privileges = NULL; /* the existing database's: set by the caller */
}

struct error *
restore_rewrite_tables(struct restore_plan *p)
{
    p->n_tables = 0;
    p->tables = ARENA_ARRAY(p->a, pb_table *, p->sel.tables.n + 1);
    for (size_t i = 0; i < p->sel.tables.n; i++) {
        pb_table *t = pb_table_copy(p->a, pb_descriptor_table(p->sel.tables.v[i]));
        uint32_t old_parent = PB_GET(t, parent_id);
        const struct rewrite *w = rewrite_of(&p->rewrites, PB_GET(t, id));
        VERIFY(w != NULL && w->new_id != 0);
        PB_SET(t, id, w->new_id);
        PB_SET(t, parent_id, w->new_parent);
        bool renamed = p->into_db != NULL || p->new_db_name != NULL || p->n_renames > 0;
        if (renamed && *pb_str(t->view_query) != '\0')
            ERR_TRY(rewrite_view(p, t));
        restore_rewrite_indexes(&p->rewrites, t);
        rewrite_references(p, t);
        set_privileges(p, t, old_parent);
        t->lease = NULL;
        t->n_mutation_jobs = 0;
        PB_SET(t, unexposed_parent_schema_id, ID_PUBLIC_SCHEMA);
        PB_SET(t, version, PB_GET(t, version) + 1);
        PB_SET(t, state, AMBERDB__STATE__OFFLINE);
        t->offline_reason = arena_strdup(p->a, "restoring");
        t->modification_time = NULL;
        p->tables[p->n_tables++] = t;
    }
    return NULL;
}
