/* ALTER TABLE: ADD, DROP, VALIDATE and RENAME CONSTRAINT. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "catalog/build.h"

/* ---- ADD ------------------------------------------------------------------------------------- */

static struct error *
add_unique(struct alter *a, const struct ast_index_def *def)
{
    struct exec_ctx *x = a->x;
    const struct table *before;
    pb_table *t;
    pb_index *ix;
    ERR_TRY(alter_table_now(a, &before));
    ERR_TRY(ddl_mutable(x, a->id, &t));
    if (def->name.len > 0 && build_constraint_name_taken(t, ddl_text(x, def->name)))
        return err_new(ERR_DUPLICATE_OBJECT, "duplicate constraint name: \"%s\"",
                       ddl_text(x, def->name));
    ERR_TRY(ddl_index(x, t, def, true, &ix));
    PB_PUSH(x->arena, t->indexes, t->n_indexes, ix);
    ERR_TRY(build_finish_table(x->arena, t));
    ddl_shard_checks(x, t);
    if (def->interleave != NULL)
        ERR_TRY(ddl_interleave(x, t, ix, def->interleave));
    if (def->partition_by != NULL)
        ERR_TRY(ddl_partitioning(x, t, ix, def->partition_by));
    ERR_TRY(catalog_write_table(x->catalog, t));
    ERR_TRY(ddl_link_interleaves(x, t, ix));
    if (!a->for_job)
        return ddl_fill_index(x, before, ix->id);
    a->rows_left = true;
    return NULL;
}

static struct error *
add_primary_key(struct alter *a, const struct ast_index_def *def)
{
    pb_table *t;
    ERR_TRY(ddl_mutable(a->x, a->id, &t));
    if (!PB_GET(t->primary_index, disabled) && !ddl_has_rowid_key(t))
        return err_new(ERR_INVALID_TABLE_DEFINITION,
                       "multiple primary keys for table \"%s\" are not allowed", t->name);
    return alter_primary_key(a, def);
}

static struct error *
add_check(struct alter *a, const struct ast_table_def *def, bool not_valid)
{
    struct exec_ctx *x = a->x;
    const struct table *now;
    pb_table *t;
    ERR_TRY(ddl_mutable(x, a->id, &t));
    ERR_TRY(alter_table_now(a, &now));
    ERR_TRY(ddl_add_check(x, t, now, def->name, def->check));
    Amberdb__CheckConstraint *c = t->checks[t->n_checks - 1];
    if (not_valid)
        PB_SET(c, validity, AMBERDB__CONSTRAINT_VALIDITY__UNVALIDATED);
    ERR_TRY(catalog_write_table(x->catalog, t));
    if (not_valid || (a->at_commit && !a->for_job && catalog_adds_check(x->catalog, a->id, c)))
        return NULL;
    if (!a->for_job)
        return ddl_validate_check(x, now, c->expr);
    a->rows_left = true;
    return NULL;
}

static struct error *
add_foreign_key(struct alter *a, const struct ast_table_def *def, bool not_valid)
{
    struct exec_ctx *x = a->x;
    const struct table *now;
    pb_table *t;
    bool empty;
    ERR_TRY(ddl_mutable(x, a->id, &t));
    ERR_TRY(alter_table_now(a, &now));
    ERR_TRY(ddl_table_is_empty(x, now, &empty));
    ERR_TRY(ddl_add_foreign_key(x, t, def->name, &def->fk->columns, def->fk, empty));
    const char *name = t->outbound_fks[t->n_outbound_fks - 1]->name;
    ERR_TRY(catalog_write_table(x->catalog, t));
    if (not_valid)
        return ddl_foreign_key_validity(x, a->id, name,
                                        AMBERDB__CONSTRAINT_VALIDITY__UNVALIDATED);
    if (empty)
        return NULL;
    uint32_t other = t->outbound_fks[t->n_outbound_fks - 1]->referenced_table_id;
    if (other != a->id) /* its unique index may have no entries yet */
        ERR_TRY(ddl_bring_rows(x, other));
    if (a->for_job) {
        a->rows_left = true;
        return NULL;
    }
    if (a->at_commit && catalog_adds_reference(x->catalog, t->outbound_fks[t->n_outbound_fks - 1]))
        return NULL;
    ERR_TRY(alter_table_now(a, &now));
    return ddl_validate_foreign_key(x, now, name);
}

/* ---- looking up by name ---------------------------------------------------------------------- */

struct found {
    pb_table *t;
    pb_index *index;
    Amberdb__CheckConstraint *check;
    size_t check_at;
    Amberdb__ForeignKeyConstraint *fk;
};

bool
ddl_has_constraint(const pb_table *t, const char *name)
{
    for (size_t i = 0; i < t->n_checks; i++)
        if (strcmp(pb_str(t->checks[i]->name), name) == 0)
            return true;
    for (size_t i = 0; i < t->n_outbound_fks; i++)
        if (strcmp(pb_str(t->outbound_fks[i]->name), name) == 0)
            return true;
    return false;
}

static bool
same_check(const Amberdb__CheckConstraint *c, const Amberdb__CheckConstraint *d)
{
    return strcmp(pb_str(c->expr), pb_str(d->expr)) == 0;
}

static bool
same_reference(const Amberdb__ForeignKeyConstraint *f, const Amberdb__ForeignKeyConstraint *g)
{
    return f->referenced_table_id == g->referenced_table_id &&
           f->n_origin_column_ids == g->n_origin_column_ids &&
           memcmp(f->origin_column_ids, g->origin_column_ids,
                  f->n_origin_column_ids * sizeof(f->origin_column_ids[0])) == 0;
}

/* Is a constraint of t one of `other` under another name, which t has no more (or not yet)? */
static bool
is_renamed(const pb_table *t, const char *name, const pb_table *other)
{
    for (size_t i = 0; i < t->n_checks; i++)
        for (size_t k = 0; k < other->n_checks; k++)
            if (strcmp(pb_str(t->checks[i]->name), name) == 0 &&
                same_check(t->checks[i], other->checks[k]) &&
                !ddl_has_constraint(t, pb_str(other->checks[k]->name)))
                return true;
    for (size_t i = 0; i < t->n_outbound_fks; i++)
        for (size_t k = 0; k < other->n_outbound_fks; k++)
            if (strcmp(pb_str(t->outbound_fks[i]->name), name) == 0 &&
                same_reference(t->outbound_fks[i], other->outbound_fks[k]) &&
                !ddl_has_constraint(t, pb_str(other->outbound_fks[k]->name)))
                return true;
    return false;
}

/* A check or reference that the transaction itself has added, or a job validates. */
static bool
is_being_added(const struct alter *a, const struct found *f, const char *name)
{
    const pb_table *before = alter_before(a);
    const Amberdb__ConstraintValidity validating = AMBERDB__CONSTRAINT_VALIDITY__VALIDATING;
    if ((f->check != NULL && PB_GET(f->check, validity) == validating) ||
        (f->fk != NULL && PB_GET(f->fk, validity) == validating))
        return true;
    return (f->check != NULL || f->fk != NULL) && before != NULL &&
           !ddl_has_constraint(before, name) && !is_renamed(f->t, name, before);
}

struct error *
alter_refuse_added_checks(struct alter *a, const struct table *t, uint32_t column_id)
{
    struct found f = {0};
    ERR_TRY(ddl_mutable(a->x, a->id, &f.t));
    for (f.check_at = 0; f.check_at < f.t->n_checks; f.check_at++) {
        bool uses;
        f.check = f.t->checks[f.check_at];
        ERR_TRY(ddl_expression_uses(a->x, t, f.check->expr, column_id, &uses));
        if (uses && is_being_added(a, &f, pb_str(f.check->name)))
            return err_new(ERR_UNCATEGORIZED,
                           "referencing constraint \"%s\" in the middle of being added, try again later",
                           pb_str(f.check->name));
    }
    return NULL;
}

/* Is name a constraint of t that no row was promised to hold? It goes at once. */
static bool
is_unvalidated(const pb_table *t, const char *name)
{
    for (size_t i = 0; i < t->n_checks; i++)
        if (strcmp(pb_str(t->checks[i]->name), name) == 0)
            return t->checks[i]->validity == AMBERDB__CONSTRAINT_VALIDITY__UNVALIDATED;
    for (size_t i = 0; i < t->n_outbound_fks; i++)
        if (strcmp(pb_str(t->outbound_fks[i]->name), name) == 0)
            return t->outbound_fks[i]->validity == AMBERDB__CONSTRAINT_VALIDITY__UNVALIDATED;
    return false;
}

static bool
is_being_dropped(const struct alter *a, const struct found *f, const char *name)
{
    const pb_table *before = alter_before(a);
    return f->index == NULL && f->check == NULL && f->fk == NULL && before != NULL &&
           ddl_has_constraint(before, name) && !is_unvalidated(before, name) &&
           !is_renamed(before, name, f->t);
}

/* 42704 constraint "x" does not exist; all NULL with if_exists. */
static struct error *
find_constraint(struct alter *a, const char *name, bool if_exists, struct found *f)
{
    *f = (struct found){0};
    ERR_TRY(ddl_mutable(a->x, a->id, &f->t));
    pb_index *ix = build_find_index(f->t, name);
    if (ix != NULL && (ix == f->t->primary_index || ix->unique))
        f->index = ix;
    for (size_t i = 0; i < f->t->n_checks; i++)
        if (strcmp(pb_str(f->t->checks[i]->name), name) == 0) {
            f->check = f->t->checks[i];
            f->check_at = i;
        }
    for (size_t i = 0; i < f->t->n_outbound_fks; i++)
        if (strcmp(pb_str(f->t->outbound_fks[i]->name), name) == 0)
            f->fk = f->t->outbound_fks[i];
    if (is_being_dropped(a, f, name))
        return err_unimplemented(42844, "constraint \"%s\" in the middle of being dropped", name);
    if (f->index == NULL && f->check == NULL && f->fk == NULL && !if_exists)
        return err_new(ERR_UNDEFINED_OBJECT, "constraint \"%s\" does not exist", name);
    return NULL;
}

/* The name of a constraint that the transaction has dropped is free after COMMIT.
 * SOURCE: CockroachDB v20.1 pkg/sql/sqlbase/structured.go, DropConstraint: it is there until then. */
static struct error *
refuse_freed_name(struct alter *a, const struct ast_table_def *def)
{
    bool with_index = def->kind == AST_DEF_UNIQUE || def->kind == AST_DEF_INDEX;
    struct slice name = with_index ? def->index->name : def->name;
    struct found f = {0};
    if (name.len == 0 || def->kind == AST_DEF_PRIMARY_KEY)
        return NULL;
    ERR_TRY(ddl_mutable(a->x, a->id, &f.t));
    if (ddl_has_constraint(f.t, ddl_text(a->x, name)) ||
        !is_being_dropped(a, &f, ddl_text(a->x, name)))
        return NULL;
    return err_new(ERR_DUPLICATE_OBJECT, "duplicate constraint name: \"%s\"", ddl_text(a->x, name));
}

struct error *
alter_add_constraint(struct alter *a, const struct ast_alter_cmd *cmd)
{
    const struct ast_table_def *def = cmd->def;
    ERR_TRY(refuse_freed_name(a, def));
    switch (def->kind) {
    case AST_DEF_UNIQUE:
    case AST_DEF_INDEX:
        return add_unique(a, def->index);
    case AST_DEF_PRIMARY_KEY:
        return add_primary_key(a, def->index);
    case AST_DEF_CHECK:
        return add_check(a, def, cmd->not_valid);
    case AST_DEF_FOREIGN_KEY:
        return add_foreign_key(a, def, cmd->not_valid);
    default:
        return err_unimplemented(0, "this constraint");
    }
}

/* ---- DROP, VALIDATE, RENAME ------------------------------------------------------------------ */

struct error *
alter_drop_constraint(struct alter *a, const struct ast_alter_cmd *cmd)
{
    const char *name = ddl_text(a->x, cmd->name);
    struct found f;
    ERR_TRY(find_constraint(a, name, cmd->if_exists, &f));
    if (is_being_added(a, &f, name))
        return err_unimplemented(42844, "constraint \"%s\" in the middle of being added, try again "
                                        "later", name);
    if (f.index != NULL && f.index == f.t->primary_index) {
        PB_SET(f.t->primary_index, disabled, 1); /* another has to come before the commit */
        return catalog_write_table(a->x->catalog, f.t);
    }
    if (f.index != NULL)
        return err_unimplemented(42840, "cannot drop UNIQUE constraint \"%s\" using ALTER TABLE "
                                        "DROP CONSTRAINT, use DROP INDEX CASCADE instead", name);
    if (f.fk != NULL)
        return ddl_remove_foreign_key(a->x, a->id, name);
    if (f.check == NULL)
        return NULL;
    PB_REMOVE(f.t->checks, f.t->n_checks, f.check_at);
    return catalog_write_table(a->x->catalog, f.t);
}

struct error *
alter_validate_constraint(struct alter *a, const struct ast_alter_cmd *cmd)
{
    const char *name = ddl_text(a->x, cmd->name);
    const struct table *now;
    struct found f;
    ERR_TRY(find_constraint(a, name, false, &f));
    if (is_being_added(a, &f, name))
        return err_new(ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "constraint \"%s\" in the middle of being added, try again later", name);
    ERR_TRY(alter_table_now(a, &now));
    if (f.check != NULL) {
        if (f.check->validity == AMBERDB__CONSTRAINT_VALIDITY__VALIDATED)
            return NULL;
        ERR_TRY(ddl_validate_check(a->x, now, f.check->expr));
        PB_SET(f.check, validity, AMBERDB__CONSTRAINT_VALIDITY__VALIDATED);
        return catalog_write_table(a->x->catalog, f.t);
    }
    if (f.fk != NULL) {
        if (f.fk->validity == AMBERDB__CONSTRAINT_VALIDITY__VALIDATED)
            return NULL;
        ERR_TRY(ddl_validate_foreign_key(a->x, now, name));
        return ddl_foreign_key_validity(a->x, a->id, name,
                                        AMBERDB__CONSTRAINT_VALIDITY__VALIDATED);
    }
    return NULL; /* indexes are validated while they are made */
}

struct error *
alter_rename_constraint(struct alter *a, const struct ast_alter_cmd *cmd)
{
    struct exec_ctx *x = a->x;
    const char *name = ddl_text(x, cmd->name), *to = ddl_text(x, cmd->new_name);
    struct found f;
    ERR_TRY(find_constraint(a, name, false, &f));
    if (strcmp(name, to) == 0)
        return NULL;
    if (to[0] == '\0')
        return err_new(ERR_SYNTAX, "empty constraint name");
    if (build_constraint_name_taken(f.t, to) || (f.index != NULL && build_find_index(f.t, to)))
        return err_new(ERR_DUPLICATE_OBJECT, "duplicate constraint name: \"%s\"", to);
    if (is_being_added(a, &f, name))
        return err_unimplemented(42844, "constraint \"%s\" in the middle of being added, try again "
                                        "later", name);
    if (f.fk != NULL)
        return ddl_rename_foreign_key(x, a->id, name, to);
    if (f.check != NULL) {
        f.check->name = arena_strdup(x->arena, to);
    } else {
        /* SOURCE: CockroachDB v20.1 pkg/sql/alter_table.go, depViewRenameError: the new name. */
        ERR_TRY(ddl_views_gone(x, a->id, 0, f.index->id, false, "rename", "index", to));
        f.index->name = arena_strdup(x->arena, to);
    }
    return catalog_write_table(x->catalog, f.t);
}
