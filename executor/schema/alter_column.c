/* ALTER TABLE: ADD COLUMN, DROP COLUMN, ALTER COLUMN. */
#include "config.h"

#include "executor/schema/mutations.h"
#include "executor/schema/schema_int.h"

#include "catalog/build.h"
#include "grammar/print.h"

/* ---- ADD COLUMN ------------------------------------------------------------------------------ */

static struct error *
into_family(struct exec_ctx *x, pb_table *t, const pb_column *c, const struct ast_col_qual *q)
{
    const char *name = q->family.len > 0 ? ddl_text(x, q->family) : NULL;
    Amberdb__ColumnFamilyDescriptor *f = NULL;
    for (size_t i = 0; i < t->n_families && name != NULL; i++)
        if (strcmp(pb_str(t->families[i]->name), name) == 0)
            f = t->families[i];
    if (f == NULL && !q->family_create)
        return err_new(ERR_UNCATEGORIZED, "unknown family \"%s\"", pb_str(name));
    if (f != NULL && q->family_create && !q->family_if_not_exists)
        return err_new(ERR_UNCATEGORIZED, "family \"%s\" already exists", name);
    if (f == NULL) {
        f = build_family(x->arena, name);
        PB_PUSH(x->arena, t->families, t->n_families, f);
    }
    PB_PUSH(x->arena, f->column_names, f->n_column_names, c->name);
    return NULL;
}

static const pb_column *
column_by_id(const pb_table *t, uint32_t id)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (t->columns[i]->id == id)
            return t->columns[i];
    return NULL;
}

static bool
was_dropped(const pb_table *before, const pb_table *t, const char *name)
{
    if (before == NULL || build_find_column(t, name) != NULL)
        return false;
    for (size_t i = 0; i < before->n_columns; i++)
        if (strcmp(before->columns[i]->name, name) == 0 &&
            column_by_id(t, before->columns[i]->id) == NULL)
            return true;
    return false;
}

bool
ddl_column_dropped(struct exec_ctx *x, const pb_table *t, const char *name)
{
    return was_dropped(catalog_table_before(x->catalog, t->id), t, name);
}

static struct error *
check_new_column(struct alter *a, const pb_table *t, const struct ast_alter_cmd *c, bool *skip)
{
    const char *name = ddl_text(a->x, c->column->name);
    bool dropped = was_dropped(alter_before(a), t, name);
    *skip = false;
    if (build_find_column(t, name) == NULL && !dropped)
        return NULL;
    if (dropped || mutation_drops_column(t, name))
        return err_new(ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "column \"%s\" being dropped, try again later", name);
    *skip = true;
    if (c->if_exists)
        return NULL;
    return err_new(ERR_DUPLICATE_COLUMN, "column \"%s\" of relation \"%s\" already exists", name,
                   a->shown);
}

/* CHECK and REFERENCES of the definition, once the column is there. */
static struct error *
column_constraints(struct alter *a, const struct ast_column_def *def,
                   const struct ddl_column_extra *extra)
{
    struct exec_ctx *x = a->x;
    for (int i = 0; i < extra->n_checks; i++) {
        struct ast_table_def check = {.kind = AST_DEF_CHECK,
                                      .name = extra->checks[i]->constraint_name,
                                      .check = extra->checks[i]->expr};
        struct ast_alter_cmd cmd = {.kind = AST_ALTER_ADD_CONSTRAINT, .def = &check};
        ERR_TRY(alter_add_constraint(a, &cmd));
    }
    for (int i = 0; i < extra->n_references; i++) {
        struct ast_name *one = ARENA_NEW(x->arena, struct ast_name);
        struct ast_foreign_key *fk = ARENA_NEW(x->arena, struct ast_foreign_key);
        *one = (struct ast_name){.text = def->name};
        *fk = *extra->references[i]->fk;
        fk->columns = (struct ast_names){.items = one, .count = 1, .cap = 1};
        struct ast_table_def ref = {.kind = AST_DEF_FOREIGN_KEY,
                                    .name = extra->references[i]->constraint_name,
                                    .fk = fk};
        struct ast_alter_cmd cmd = {.kind = AST_ALTER_ADD_CONSTRAINT, .def = &ref};
        ERR_TRY(alter_add_constraint(a, &cmd));
    }
    return NULL;
}

/* Rows that are there would have no value. v20.1 looks at once, whatever else waits for COMMIT. */
static struct error *
refuse_without_value(struct alter *a, const struct table *before, const pb_column *c,
                     const struct ddl_column_extra *extra)
{
    bool empty;
    if (c->nullable || c->default_expr != NULL || extra->computed != NULL)
        return NULL;
    ERR_TRY(ddl_table_is_empty(a->x, before, &empty));
    if (empty)
        return NULL;
    a->at_once = true;
    return err_table(err_new(ERR_NOT_NULL_VIOLATION,
                             "null value in column \"%s\" violates not-null constraint", c->name),
                     before->name, c->name, NULL);
}

struct error *
alter_add_column(struct alter *a, const struct ast_alter_cmd *cmd)
{
    struct exec_ctx *x = a->x;
    struct ddl_column_extra extra;
    const struct table *before, *after;
    pb_table *t;
    pb_column *c;
    pb_index *unique = NULL;
    bool skip;
    ERR_TRY(ddl_mutable(x, a->id, &t));
    ERR_TRY(alter_table_now(a, &before));
    ERR_TRY(ddl_column(x, cmd->column, t, &c, &extra));
    ERR_TRY(check_new_column(a, t, cmd, &skip));
    if (skip)
        return NULL;
    if (extra.primary_key != NULL)
        return err_new(ERR_INVALID_TABLE_DEFINITION,
                       "multiple primary keys for table \"%s\" are not allowed", t->name);
    ERR_TRY(refuse_without_value(a, before, c, &extra));
    PB_PUSH(x->arena, t->columns, t->n_columns, c);
    if (extra.family != NULL)
        ERR_TRY(into_family(x, t, c, extra.family));
    if (extra.computed != NULL)
        c->compute_expr = arena_strdup(x->arena, "NULL");
    ERR_TRY(build_finish_table(x->arena, t));
    if (extra.computed != NULL) {
        const struct table *view;
        ERR_TRY(table_from_pb(x->arena, t, &view));
        ERR_TRY(ddl_set_computed(x, view, extra.computed->expr, c));
    }
    ERR_TRY(catalog_write_table(x->catalog, t));
    ERR_TRY(ddl_link_sequences(x, t));
    ERR_TRY(alter_table_now(a, &after));
    if (c->default_expr != NULL || c->compute_expr != NULL || !c->nullable) {
        if (a->for_job)
            a->rows_left = true;
        else
            ERR_TRY(ddl_rewrite_rows(x, before, after, NULL));
    }
    if (extra.unique != NULL) {
        ERR_TRY(ddl_mutable(x, a->id, &t));
        unique = build_index(x->arena,
                             extra.key_name.len > 0 ? ddl_text(x, extra.key_name) : NULL,
                             true);
        if (!type_is_indexable(type_from_pb(x->arena, c->type)))
            return err_unimplemented(35730, "column %s is of type %s and thus is not indexable",
                                     c->name,
                                     type_name_str(x->arena, type_from_pb(x->arena, c->type)));
        build_index_column(x->arena, unique, c->name, false);
        PB_PUSH(x->arena, t->indexes, t->n_indexes, unique);
        ERR_TRY(build_finish_table(x->arena, t));
        ERR_TRY(catalog_write_table(x->catalog, t));
        ERR_TRY(alter_table_now(a, &after));
        if (a->for_job)
            a->rows_left = true;
        else
            ERR_TRY(ddl_fill_index(x, after, unique->id));
    }
    return column_constraints(a, cmd->column, &extra);
}

/* ---- DROP COLUMN ----------------------------------------------------------------------------- */

struct uses_column {
    int ordinal;
    bool found;
};

static void
note_use(void *arg, const struct expr *e)
{
    struct uses_column *u = arg;
    if (e->kind == EXPR_COLUMN && e->index == u->ordinal)
        u->found = true;
}

struct error *
ddl_expression_uses(struct exec_ctx *x, const struct table *t, const char *sql, uint32_t column_id,
                    bool *yes)
{
    struct uses_column u = {.ordinal = table_column_ordinal(t, column_id)};
    struct expr *e;
    ERR_TRY(plan_stored_expr(exec_planner(x), scope_of_table(x->arena, t, t->name), sql, NULL,
                             &e));
    expr_walk(e, note_use, &u);
    *yes = u.found;
    return NULL;
}

static struct error *
refuse_drop(struct alter *a, const struct table *t, const struct column *c)
{
    struct exec_ctx *x = a->x;
    for (int i = 0; i < t->indexes[0].n_keys; i++)
        if (t->columns[t->indexes[0].keys[i]].id == c->id)
            return err_new(ERR_INVALID_COLUMN_REFERENCE,
                           "column \"%s\" is referenced by the primary key", c->name);
    for (int i = 0; i < t->n_columns; i++) {
        bool uses;
        if (t->columns[i].compute_expr == NULL || t->columns[i].id == c->id)
            continue;
        ERR_TRY(ddl_expression_uses(x, t, t->columns[i].compute_expr, c->id, &uses));
        if (uses)
            return err_new(ERR_INVALID_COLUMN_REFERENCE,
                           "column \"%s\" is referenced by computed column \"%s\"", c->name,
                           t->columns[i].name);
    }
    return NULL;
}

/* The sequences that the column's default uses forget it. */
static struct error *
forget_sequences(struct exec_ctx *x, uint32_t table_id, const pb_column *c)
{
    for (size_t i = 0; i < c->n_uses_sequence_ids; i++) {
        pb_table *s;
        ERR_TRY(ddl_mutable(x, c->uses_sequence_ids[i], &s));
        for (size_t r = 0; r < s->n_depended_on_by; r++) {
            Amberdb__Reference *ref = s->depended_on_by[r];
            if (ref->id != table_id)
                continue;
            for (size_t k = 0; k < ref->n_column_ids; k++)
                if (ref->column_ids[k] == c->id) {
                    PB_REMOVE(ref->column_ids, ref->n_column_ids, k);
                    k--;
                }
            if (ref->n_column_ids == 0) {
                PB_REMOVE(s->depended_on_by, s->n_depended_on_by, r);
                r--;
            }
        }
        ERR_TRY(catalog_write_table(x->catalog, s));
    }
    return NULL;
}

/* Sequences that the column owns go with it. */
static struct error *
sequences_gone(struct exec_ctx *x, const struct table *t, uint32_t column_id, bool cascade)
{
    const pb_column *c = build_find_column_by_id(t->pb, column_id);
    ERR_TRY(forget_sequences(x, t->id, c));
    ERR_TRY(ddl_check_owned(x, t->pb, c, true, cascade));
    for (size_t i = 0; i < c->n_owns_sequence_ids; i++) {
        const pb_descriptor *d;
        ERR_TRY(catalog_descriptor(x->catalog, c->owns_sequence_ids[i], &d));
        if (d != NULL && d->table != NULL && d->table->state == AMBERDB__STATE__PUBLIC)
            ERR_TRY(ddl_drop_table(x, c->owns_sequence_ids[i], false));
    }
    return NULL;
}

static bool
index_uses(const struct index *ix, int ordinal)
{
    for (int i = 0; i < ix->n_keys; i++)
        if (ix->keys[i] == ordinal)
            return true;
    for (int i = 0; i < ix->n_stored; i++)
        if (ix->stored[i] == ordinal)
            return true;
    return false;
}

/* Those that others know, too: what the transaction adds stays until it is there. */
static struct error *
indexes_gone(struct alter *a, uint32_t column_id, bool cascade)
{
    const pb_table *committed = alter_before(a);
    const struct table *t;
    ERR_TRY(alter_table_now(a, &t));
    for (int i = 1; i < t->n_indexes; i++) {
        if (!index_uses(&t->indexes[i], table_column_ordinal(t, column_id)))
            continue;
        if (committed != NULL && !ddl_has_index(committed, t->indexes[i].id))
            return ddl_refuse_added_index(t->indexes[i].name);
        ERR_TRY(ddl_remove_index(a->x, a->id, t->indexes[i].id, cascade, a->for_job));
        ERR_TRY(alter_table_now(a, &t));
        i = 0;
    }
    return NULL;
}

/* Foreign keys from the column that stand on an index without it cannot be; those left here lean on
 * the primary key or a wider index. */
static struct error *
foreign_keys_gone(struct alter *a, uint32_t column_id)
{
    pb_table *t;
    ERR_TRY(ddl_mutable(a->x, a->id, &t));
    for (size_t i = 0; i < t->n_outbound_fks; i++) {
        const Amberdb__ForeignKeyConstraint *fk = t->outbound_fks[i];
        if (pb_u32_contains(fk->origin_column_ids, fk->n_origin_column_ids, column_id)) {
            ERR_TRY(ddl_remove_foreign_key(a->x, a->id, fk->name));
            return foreign_keys_gone(a, column_id);
        }
    }
    return NULL;
}

static void
out_of_families(pb_table *t, uint32_t column_id)
{
    for (size_t i = 0; i < t->n_families; i++) {
        Amberdb__ColumnFamilyDescriptor *f = t->families[i];
        for (size_t k = 0; k < f->n_column_ids; k++)
            if (f->column_ids[k] == column_id) {
                size_t names = f->n_column_names;
                PB_REMOVE(f->column_names, names, k);
                f->n_column_names = names;
                PB_REMOVE(f->column_ids, f->n_column_ids, k);
                k--;
            }
        if (f->default_column_id == column_id)
            f->default_column_id = 0;
        /* The first family stays even when it is empty: it holds the row's existence. */
        if (f->n_column_ids == 0 && i > 0) {
            PB_REMOVE(t->families, t->n_families, i);
            i--;
        }
    }
}

struct error *
ddl_take_column(struct exec_ctx *x, uint32_t table_id, uint32_t column_id, bool for_job)
{
    const struct table *before, *after;
    pb_table *t;
    ERR_TRY(catalog_table_by_id(x->catalog, table_id, &before));
    ERR_TRY(ddl_mutable(x, table_id, &t));
    for (size_t i = 0; i < t->n_checks; i++) {
        bool uses;
        ERR_TRY(ddl_expression_uses(x, before, t->checks[i]->expr, column_id, &uses));
        if (uses) {
            PB_REMOVE(t->checks, t->n_checks, i);
            i--;
        }
    }
    out_of_families(t, column_id);
    for (size_t i = 0; i < t->n_columns; i++)
        if (t->columns[i]->id == column_id) {
            PB_REMOVE(t->columns, t->n_columns, i);
            break;
        }
    ERR_TRY(catalog_write_table(x->catalog, t));
    ERR_TRY(catalog_table_by_id(x->catalog, table_id, &after));
    if (!for_job)
        ERR_TRY(ddl_rewrite_rows(x, before, after, NULL));
    static const struct type *const types[] = {&TYPE_INT8, &TYPE_INT8};
    struct datum params[] = {datum_int(table_id), datum_int(column_id)};
    return exec_sql(x, EXEC_ROOT, NULL, NULL, 2, types, params,
                    "DELETE FROM system.public.comments WHERE type = 2 AND object_id = $1 AND "
                    "sub_id = $2");
}

static struct error *
refuse_added_column(const char *name)
{
    return err_new(ERR_UNCATEGORIZED,
                   "column \"%s\" in the middle of being added, try again later", name);
}

struct error *
alter_drop_column(struct alter *a, const struct ast_alter_cmd *cmd)
{
    struct exec_ctx *x = a->x;
    const char *name = ddl_text(x, cmd->name);
    const struct table *before;
    bool cascade = cmd->behavior == AST_DROP_CASCADE;
    if (exec_planner(x)->safe_updates)
        return err_new(ERR_WARNING, "rejected: ALTER TABLE DROP COLUMN will remove all data in "
                                    "that column (sql_safe_updates = true)");
    ERR_TRY(alter_table_now(a, &before));
    const struct column *c = table_column(before, name);
    if (c == NULL && mutation_drops_column(before->pb, name))
        return NULL;
    if (c == NULL && build_find_column(before->pb, name) != NULL)
        return refuse_added_column(name);
    if (c == NULL) {
        if (cmd->if_exists || was_dropped(alter_before(a), before->pb, name))
            return NULL;
        return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", name);
    }
    uint32_t id = c->id;
    const pb_table *committed = alter_before(a);
    if (committed != NULL && column_by_id(committed, id) == NULL)
        return refuse_added_column(name);
    ERR_TRY(ddl_refuse_index_of(before, id));
    ERR_TRY(ddl_views_gone(x, a->id, id, 0, cascade, "drop", "column", name));
    ERR_TRY(refuse_drop(a, before, c));
    ERR_TRY(indexes_gone(a, id, cascade));
    ERR_TRY(alter_refuse_added_checks(a, before, id));
    ERR_TRY(foreign_keys_gone(a, id));
    ERR_TRY(sequences_gone(x, before, id, cascade));
    a->rows_left = a->rows_left || a->for_job;
    return ddl_take_column(x, a->id, id, a->for_job);
}

/* ---- ALTER COLUMN ---------------------------------------------------------------------------- */

static struct error *
set_default(struct alter *a, pb_table *t, pb_column *c, const struct ast_alter_cmd *cmd)
{
    struct exec_ctx *x = a->x;
    if (c->compute_expr != NULL)
        return err_new(ERR_INVALID_COLUMN_DEFINITION,
                       "computed columns cannot have default values");
    ERR_TRY(forget_sequences(x, t->id, c));
    c->n_uses_sequence_ids = 0;
    c->default_expr = NULL;
    if (cmd->expr != NULL)
        ERR_TRY(ddl_set_default(x, cmd->expr, type_from_pb(x->arena, c->type), c));
    ERR_TRY(catalog_write_table(x->catalog, t));
    return ddl_link_sequences(x, t);
}

static struct error *
drop_not_null(struct alter *a, pb_table *t, pb_column *c)
{
    for (size_t i = 0; i < t->primary_index->n_column_ids; i++)
        if (t->primary_index->column_ids[i] == c->id)
            return err_new(ERR_INVALID_TABLE_DEFINITION, "column \"%s\" is in a primary index",
                           c->name);
    PB_SET(c, nullable, 1);
    return catalog_write_table(a->x->catalog, t);
}

/* Between BEGIN and COMMIT v20.1 only queues NOT NULL and its end, and looks no further than the first of
 * them. *as_it_was: the column as others see it. */
static struct error *
refuse_not_null_twice(const struct alter *a, const pb_column *c, bool *as_it_was)
{
    const pb_table *before = alter_before(a);
    const pb_column *old = before == NULL ? NULL : column_by_id(before, c->id);
    *as_it_was = old == NULL || !old->nullable == !c->nullable;
    if (*as_it_was)
        return NULL;
    return err_new(ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "constraint in the middle of being %s",
                   old->nullable ? "added" : "dropped, try again later");
}

struct error *
alter_column(struct alter *a, const struct ast_alter_cmd *cmd)
{
    struct exec_ctx *x = a->x;
    const char *name = ddl_text(x, cmd->name);
    const struct table *now;
    pb_table *t;
    ERR_TRY(ddl_mutable(x, a->id, &t));
    ERR_TRY(alter_table_now(a, &now));
    pb_column *c = build_find_column(t, name);
    bool as_it_was;
    if (was_dropped(alter_before(a), t, name) || (c != NULL && mutation_drops_column(t, name)))
        return err_new(ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "column \"%s\" in the middle of being dropped", name);
    if (c == NULL)
        return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", name);
    if (column_by_id(t, PB_GET(c, id)) == NULL)
        return refuse_added_column(name);
    switch (cmd->kind) {
    case AST_ALTER_SET_DEFAULT:
        return set_default(a, t, c, cmd);
    case AST_ALTER_SET_NOT_NULL:
        ERR_TRY(refuse_not_null_twice(a, c, &as_it_was));
        if (!c->nullable)
            return NULL;
        if (a->for_job)
            a->rows_left = true;
        else if (!a->at_commit)
            ERR_TRY(ddl_validate_not_null(x, now, name));
        PB_SET(c, nullable, 0);
        return catalog_write_table(x->catalog, t);
    case AST_ALTER_DROP_NOT_NULL:
        err_free(refuse_not_null_twice(a, c, &as_it_was));
        return as_it_was ? drop_not_null(a, t, c) : NULL;
    case AST_ALTER_DROP_STORED:
        if (c->compute_expr == NULL)
            return err_new(ERR_INVALID_COLUMN_DEFINITION, "column \"%s\" is not a computed column",
                           name);
        c->compute_expr = NULL;
        return catalog_write_table(x->catalog, t);
    case AST_ALTER_TYPE:
        return alter_type(a, t, c, cmd);
    default:
        return NULL;
    }
}
