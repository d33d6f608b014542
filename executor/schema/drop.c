/* DROP TABLE, VIEW, SEQUENCE.
 *
 * A dropped relation's descriptor stays in state DROP, without its name, until the data's TTL has
 * passed (executor/gc.c): reads AS OF an earlier time find it, and nobody else does. */
#include "config.h"

#include "executor/schema/mutations.h"
#include "executor/schema/schema_int.h"

#include "catalog/row.h"

/* ---- links from other relations -------------------------------------------------------------- */

static bool
is_dropped(const pb_descriptor *d)
{
    return d == NULL || d->table == NULL || d->table->state == AMBERDB__STATE__DROP;
}

/* What goes besides the relation: with CASCADE whatever leans on it, else what the statement names. */
struct dropping {
    bool cascade;
    bool asked;                /* by a statement that names them: privileges on the rest are checked */
    const struct table *const *named;
    int n;
    uint32_t root;             /* the table that it is interleaved in, when that goes, too; 0: none */
};

static bool
is_named(const struct dropping *w, uint32_t id)
{
    for (int i = 0; i < w->n; i++)
        if (w->named[i]->id == id)
            return true;
    return false;
}

static bool
may_go(const struct dropping *w, uint32_t id)
{
    return w->cascade || is_named(w, id);
}

/* What CASCADE changes or drops is the user's to change or drop. */
static struct error *
check_besides(struct exec_ctx *x, const struct dropping *w, uint32_t id, enum privilege priv)
{
    const struct table *t;
    if (!w->asked || is_named(w, id))
        return NULL;
    ERR_TRY(catalog_table_by_id(x->catalog, id, &t));
    return t == NULL ? NULL : ddl_check_table(x, t, priv);
}

static struct error *drop_table(struct exec_ctx *x, uint32_t id, const struct dropping *w) ERR_MUST_USE;

static struct error *
check_foreign_key(struct exec_ctx *x, const pb_table *t, uint32_t origin, const struct dropping *w)
{
    const pb_descriptor *d;
    if (origin == t->id)
        return NULL;
    ERR_TRY(catalog_descriptor(x->catalog, origin, &d));
    if (is_dropped(d))
        return NULL;
    if (!may_go(w, origin))
        return err_new(ERR_UNCATEGORIZED, "\"%s\" is referenced by foreign key from table \"%s\"",
                       t->name, d->table->name);
    return check_besides(x, w, origin, PRIV_CREATE);
}

static struct error *
check_child(struct exec_ctx *x, const pb_table *t, uint32_t child, const struct dropping *w)
{
    const pb_descriptor *d;
    if (child == t->id)
        return NULL;
    ERR_TRY(catalog_descriptor(x->catalog, child, &d));
    if (is_dropped(d))
        return NULL;
    if (!may_go(w, child))
        return err_new(ERR_UNCATEGORIZED, "\"%s\" is interleaved by table \"%s\"", t->name,
                       d->table->name);
    return check_besides(x, w, child, PRIV_CREATE);
}

static struct error *
check_view(struct exec_ctx *x, const pb_table *t, uint32_t view, const struct dropping *w)
{
    const pb_descriptor *d;
    ERR_TRY(catalog_descriptor(x->catalog, view, &d));
    if (is_dropped(d))
        return NULL;
    if (!may_go(w, view))
        return ddl_view_error(x, t, d->table, "drop", "relation", t->name);
    return check_besides(x, w, view, PRIV_DROP);
}

/* What leans on a table or view, in the order that it is told of. Sequences: dependents_gone.
 * SOURCE: CockroachDB v20.1 pkg/sql/drop_table.go (DropTable) */
static struct error *
check_links(struct exec_ctx *x, const pb_table *t, const struct dropping *w)
{
    const pb_index *primary = t->primary_index;
    for (size_t i = 0; i < t->n_inbound_fks; i++)
        ERR_TRY(check_foreign_key(x, t, t->inbound_fks[i]->origin_table_id, w));
    for (size_t i = 0; primary != NULL && i < primary->n_interleaved_by; i++)
        ERR_TRY(check_child(x, t, primary->interleaved_by[i]->table, w));
    for (size_t i = 0; t->sequence_opts == NULL && i < t->n_depended_on_by; i++)
        ERR_TRY(check_view(x, t, t->depended_on_by[i]->id, w));
    for (size_t c = 0; c < t->n_columns; c++)
        ERR_TRY(ddl_check_owned(x, t, t->columns[c], false, w->cascade));
    return NULL;
}

static struct error *
foreign_keys_gone(struct exec_ctx *x, pb_table *t)
{
    for (size_t i = 0; i < t->n_inbound_fks; i++) {
        const Amberdb__ForeignKeyConstraint *fk = t->inbound_fks[i];
        const pb_descriptor *d;
        if (fk->origin_table_id == t->id)
            continue;
        ERR_TRY(catalog_descriptor(x->catalog, fk->origin_table_id, &d));
        if (is_dropped(d))
            continue;
        pb_table *origin;
        ERR_TRY(ddl_mutable(x, fk->origin_table_id, &origin));
        for (size_t j = 0; j < origin->n_outbound_fks; j++)
            if (origin->outbound_fks[j]->referenced_table_id == t->id &&
                strcmp(origin->outbound_fks[j]->name, fk->name) == 0) {
                PB_REMOVE(origin->outbound_fks, origin->n_outbound_fks, j);
                j--;
            }
        ERR_TRY(catalog_write_table(x->catalog, origin));
    }
    for (size_t i = 0; i < t->n_outbound_fks; i++) {
        uint32_t other_id = t->outbound_fks[i]->referenced_table_id;
        const pb_descriptor *d;
        if (other_id == t->id)
            continue;
        ERR_TRY(catalog_descriptor(x->catalog, other_id, &d));
        if (is_dropped(d))
            continue;
        pb_table *other;
        ERR_TRY(ddl_mutable(x, other_id, &other));
        for (size_t j = 0; j < other->n_inbound_fks; j++)
            if (other->inbound_fks[j]->origin_table_id == t->id) {
                PB_REMOVE(other->inbound_fks, other->n_inbound_fks, j);
                j--;
            }
        ERR_TRY(catalog_write_table(x->catalog, other));
    }
    return NULL;
}

/* The primary one, the others, those of mutations (NULL: it is one of something else). */
static const pb_index *
index_at(const pb_table *t, size_t i)
{
    if (i == 0)
        return t->primary_index;
    if (i <= t->n_indexes)
        return t->indexes[i - 1];
    const pb_mutation *m = t->mutations[i - 1 - t->n_indexes];
    return MUTATION_IS(m, INDEX) ? m->index : NULL;
}

static struct error *
interleaves_gone(struct exec_ctx *x, pb_table *t, const struct dropping *w)
{
    const Amberdb__IndexDescriptor *primary = t->primary_index;
    struct dropping inner = *w;
    if (!ddl_is_interleaved(primary))
        inner.root = t->id;
    /* Children that go, and those that stay on their own. */
    for (size_t i = 0; primary != NULL && i < primary->n_interleaved_by; i++) {
        uint32_t child = primary->interleaved_by[i]->table;
        const pb_descriptor *d;
        if (child == t->id)
            continue;
        ERR_TRY(catalog_descriptor(x->catalog, child, &d));
        if (is_dropped(d))
            continue;
        if (is_named(w, child)) {
            ERR_TRY(drop_table(x, child, &inner));
            continue;
        }
        ERR_TRY(ddl_uninterleave(x, child, primary->interleaved_by[i]->index, t->id));
    }
    ERR_TRY(ddl_clear_interleaved(x, t, w->root));
    for (size_t k = 0; k <= t->n_indexes + t->n_mutations && primary != NULL; k++) {
        const pb_index *ix = index_at(t, k);
        if (!ddl_is_interleaved(ix))
            continue;
        uint32_t parent = ix->interleave->ancestors[ix->interleave->n_ancestors - 1]->table_id;
        const pb_descriptor *d;
        ERR_TRY(catalog_descriptor(x->catalog, parent, &d));
        if (parent == t->id || is_dropped(d))
            continue;
        pb_table *p;
        ERR_TRY(ddl_mutable(x, parent, &p));
        for (size_t j = 0; j < p->primary_index->n_interleaved_by; j++)
            if (p->primary_index->interleaved_by[j]->table == t->id) {
                PB_REMOVE(p->primary_index->interleaved_by, p->primary_index->n_interleaved_by, j);
                j--;
            }
        ERR_TRY(catalog_write_table(x->catalog, p));
    }
    return NULL;
}

/* Views (and, for sequences, tables) that lean on the relation. */
static struct error *
dependents_gone(struct exec_ctx *x, pb_table *t, const struct dropping *w)
{
    for (size_t i = 0; i < t->n_depended_on_by; i++) {
        uint32_t id = t->depended_on_by[i]->id;
        const pb_descriptor *d;
        ERR_TRY(catalog_descriptor(x->catalog, id, &d));
        if (is_dropped(d))
            continue;
        bool is_view = d->table->view_query != NULL && *d->table->view_query != '\0';
        if (t->sequence_opts != NULL && !(is_view && may_go(w, id))) {
            if (!w->cascade)
                return err_new(ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                               "cannot drop sequence %s because other objects depend on it",
                               t->name);
            pb_table *user;
            ERR_TRY(ddl_mutable(x, id, &user));
            for (size_t c = 0; c < user->n_columns; c++)
                if (pb_u32_contains(user->columns[c]->uses_sequence_ids,
                                    user->columns[c]->n_uses_sequence_ids, t->id)) {
                    user->columns[c]->default_expr = NULL;
                    user->columns[c]->n_uses_sequence_ids = 0;
                }
            ERR_TRY(catalog_write_table(x->catalog, user));
            continue;
        }
        ERR_TRY(check_view(x, t, id, w));
        ERR_TRY(drop_table(x, id, w));
    }
    return NULL;
}

static struct error *
remove_back_reference(struct exec_ctx *x, uint32_t from, uint32_t id)
{
    const pb_descriptor *d;
    ERR_TRY(catalog_descriptor(x->catalog, from, &d));
    if (is_dropped(d))
        return NULL;
    pb_table *other;
    ERR_TRY(ddl_mutable(x, from, &other));
    for (size_t j = 0; j < other->n_depended_on_by; j++)
        if (other->depended_on_by[j]->id == id) {
            PB_REMOVE(other->depended_on_by, other->n_depended_on_by, j);
            j--;
        }
    return catalog_write_table(x->catalog, other);
}

/* Does anything but the column (the table, with no column) use the sequence that it owns? */
static bool
is_used_elsewhere(const pb_table *sequence, const pb_table *owner, const pb_column *c)
{
    for (size_t i = 0; i < sequence->n_depended_on_by; i++) {
        const Amberdb__Reference *ref = sequence->depended_on_by[i];
        if (ref->id != owner->id)
            return true;
        for (size_t k = 0; c != NULL && k < ref->n_column_ids; k++)
            if (ref->column_ids[k] != c->id)
                return true;
    }
    return false;
}

/* Sequences go with the column that owns them, so nobody else may use them. */
struct error *
ddl_check_owned(struct exec_ctx *x, const pb_table *t, const pb_column *c, bool column, bool cascade)
{
    for (size_t i = 0; i < c->n_owns_sequence_ids; i++) {
        const pb_descriptor *d;
        ERR_TRY(catalog_descriptor(x->catalog, c->owns_sequence_ids[i], &d));
        if (is_dropped(d) || !is_used_elsewhere(d->table, t, column ? c : NULL))
            continue;
        if (cascade)
            return err_unimplemented(20965, "DROP SEQUENCE CASCADE is currently unimplemented");
        return err_new(ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                       "cannot drop table %s because other objects depend on it", t->name);
    }
    return NULL;
}

/* What the relation itself leans on: tables under a view, sequences of columns, owners. */
static struct error *
references_gone(struct exec_ctx *x, pb_table *t)
{
    for (size_t i = 0; i < t->n_depends_on; i++)
        ERR_TRY(remove_back_reference(x, t->depends_on[i], t->id));
    for (size_t c = 0; c < t->n_columns; c++) {
        const pb_column *col = t->columns[c];
        for (size_t i = 0; i < col->n_uses_sequence_ids; i++)
            ERR_TRY(remove_back_reference(x, col->uses_sequence_ids[i], t->id));
        for (size_t i = 0; i < col->n_owns_sequence_ids; i++) {
            const pb_descriptor *d;
            ERR_TRY(catalog_descriptor(x->catalog, col->owns_sequence_ids[i], &d));
            if (!is_dropped(d))
                ERR_TRY(ddl_drop_table(x, col->owns_sequence_ids[i], true));
        }
    }
    const Amberdb__SequenceOwner *owner =
        t->sequence_opts != NULL ? t->sequence_opts->sequence_owner : NULL;
    if (owner == NULL || owner->owner_table_id == 0)
        return NULL;
    const pb_descriptor *d;
    ERR_TRY(catalog_descriptor(x->catalog, owner->owner_table_id, &d));
    if (is_dropped(d))
        return NULL;
    pb_table *table;
    ERR_TRY(ddl_mutable(x, owner->owner_table_id, &table));
    for (size_t c = 0; c < table->n_columns; c++)
        for (size_t i = 0; i < table->columns[c]->n_owns_sequence_ids; i++)
            if (table->columns[c]->owns_sequence_ids[i] == t->id) {
                PB_REMOVE(table->columns[c]->owns_sequence_ids,
                          table->columns[c]->n_owns_sequence_ids, i);
                i--;
            }
    return catalog_write_table(x->catalog, table);
}

/* ---- the relation ---------------------------------------------------------------------------- */

static struct error *
drop_table(struct exec_ctx *x, uint32_t id, const struct dropping *w)
{
    const pb_descriptor *d;
    pb_table *t;
    ERR_TRY(catalog_descriptor(x->catalog, id, &d));
    if (is_dropped(d))
        return NULL;
    ERR_TRY(ddl_mutable(x, id, &t));
    ERR_TRY(dependents_gone(x, t, w));
    ERR_TRY(interleaves_gone(x, t, w));
    ERR_TRY(foreign_keys_gone(x, t));
    /* In state DROP before its references are followed: cycles end here. */
    ERR_TRY(ddl_mutable(x, id, &t));
    PB_SET(t, state, AMBERDB__STATE__DROP);
    PB_SET(t, drop_time, wall_now_ns());
    ERR_TRY(catalog_write_table(x->catalog, t));
    ERR_TRY(catalog_namespace_delete(x->catalog, t->parent_id,
                                     PB_GET(t, unexposed_parent_schema_id), t->name));
    ERR_TRY(references_gone(x, t));
    static const struct type *const types[] = {&TYPE_INT8};
    struct datum params[] = {datum_int(id)};
    return exec_sql(x, EXEC_ROOT, NULL, NULL, 1, types, params,
                    "DELETE FROM system.public.comments WHERE type IN (1, 2, 3) AND object_id = $1");
}

struct error *
ddl_drop_table(struct exec_ctx *x, uint32_t id, bool cascade)
{
    return drop_table(x, id, &(struct dropping){.cascade = cascade});
}

struct error *
ddl_drop_view(struct exec_ctx *x, uint32_t id)
{
    const struct dropping w = {.cascade = true, .asked = true};
    ERR_TRY(check_besides(x, &w, id, PRIV_DROP));
    return drop_table(x, id, &w);
}

struct error *
ddl_drop_tables(struct exec_ctx *x, const struct table *const *tables, size_t n)
{
    struct dropping w = {.cascade = true, .named = tables, .n = (int)n};
    for (size_t i = 0; i < n; i++)
        ERR_TRY(drop_table(x, tables[i]->id, &w));
    return NULL;
}

static struct error *
drop_relations(struct exec_ctx *x, const struct ast_drop *n, enum ddl_relation kind,
               const char *event, const char *key)
{
    const struct table **v = ARENA_ARRAY(x->arena, const struct table *, (size_t)n->names.count + 1);
    int found = 0;
    /* All are checked before the first one goes. */
    for (int i = 0; i < n->names.count; i++) {
        ERR_TRY(ddl_relation(x, &n->names.items[i], kind, n->if_exists, PRIV_DROP, &v[found], NULL));
        if (v[found] == NULL)
            continue;
        ERR_TRY(ddl_check_table(x, v[found], PRIV_DROP));
        found++;
    }
    const char *text = ddl_job_text(x);
    uint32_t *ids = ARENA_ARRAY(x->arena, uint32_t, (size_t)found + 1);
    struct dropping w = {
        .cascade = n->behavior == AST_DROP_CASCADE, .asked = true, .named = v, .n = found};
    for (int i = 0; i < found; i++)
        ERR_TRY(check_links(x, v[i]->pb, &w));
    for (int i = 0; i < found; i++) {
        struct ddl_field fields[] = {{key, ddl_qualified(x, v[i]), false},
                                     {"CascadeDroppedViews", "null", true}};
        ids[i] = v[i]->id;
        ERR_TRY(drop_table(x, v[i]->id, &w));
        ERR_TRY(ddl_event(x, event, v[i]->id, 1, kind == DDL_SEQUENCE ? 1 : 2, fields));
    }
    if (found == 0)
        return NULL;
    ERR_TRY(ddl_job(x, text, ids[0], 0));
    return kind == DDL_VIEW ? NULL : ddl_gc_job(x, text, 0, NULL, 0, ids, (size_t)found);
}

static struct error *
drop_table_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    (void)rows;
    (void)tag;
    return drop_relations(x, s->drop_table, DDL_TABLE, "drop_table", "TableName");
}

static struct error *
drop_view_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    (void)rows;
    (void)tag;
    return drop_relations(x, s->drop_view, DDL_VIEW, "drop_view", "ViewName");
}

static struct error *
drop_sequence_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    (void)rows;
    (void)tag;
    /* Not even CASCADE takes a sequence from the defaults that use it. */
    struct ast_drop n = *s->drop_sequence;
    n.behavior = AST_DROP_DEFAULT;
    return drop_relations(x, &n, DDL_SEQUENCE, "drop_sequence", "SequenceName");
}

static const struct statement_ops drop_ops[] = {
    {.kind = AST_STMT_DROP_TABLE, .tag = "DROP TABLE", .flags = STMT_WRITES | STMT_DDL,
     .run = drop_table_run},
    {.kind = AST_STMT_DROP_VIEW, .tag = "DROP VIEW", .flags = STMT_WRITES | STMT_DDL,
     .run = drop_view_run},
    {.kind = AST_STMT_DROP_SEQUENCE, .tag = "DROP SEQUENCE", .flags = STMT_WRITES | STMT_DDL,
     .run = drop_sequence_run},
};

const struct statement_family statement_family_drop = {drop_ops,
                                                       sizeof(drop_ops) / sizeof(drop_ops[0])};
