/* Mutations of a table: carried out in its descriptor, or taken back. */
#include "config.h"

#include "executor/schema/mutations.h"

#include "catalog/build.h"
#include "executor/schema/schema_int.h"

bool
mutation_adds(const pb_mutation *m)
{
    return PB_GET(m, direction) == AMBERDB__MUTATION_DIRECTION__MUTATION_ADD;
}

bool
mutation_changes_key(const pb_table *t)
{
    for (size_t i = 0; i < t->n_mutations; i++)
        if (MUTATION_IS(t->mutations[i], PRIMARY_KEY_SWAP))
            return true;
    return false;
}

bool
mutation_drops_column(const pb_table *t, const char *name)
{
    for (size_t i = 0; i < t->n_mutations; i++)
        if (MUTATION_IS(t->mutations[i], COLUMN) && !mutation_adds(t->mutations[i]) &&
            strcmp(t->mutations[i]->column->name, name) == 0)
            return true;
    return false;
}

bool
mutation_drops_index(const pb_table *t, const char *name)
{
    for (size_t i = 0; i < t->n_mutations; i++)
        if (MUTATION_IS(t->mutations[i], INDEX) && !mutation_adds(t->mutations[i]) &&
            strcmp(t->mutations[i]->index->name, name) == 0)
            return true;
    return false;
}

bool
mutation_contradicted(const struct error *e)
{
    return err_is(e, ERR_UNIQUE_VIOLATION) || err_is(e, ERR_CHECK_VIOLATION) ||
           err_is(e, ERR_FOREIGN_KEY_VIOLATION) || err_is(e, ERR_NOT_NULL_VIOLATION);
}

/* ---- columns ---- */

void
mutation_forget_column(pb_table *t, uint32_t id)
{
    for (size_t f = 0; f < t->n_families; f++) {
        Amberdb__ColumnFamilyDescriptor *fam = t->families[f];
        for (size_t i = 0; i < fam->n_column_ids;) {
            if (fam->column_ids[i] != id) {
                i++;
                continue;
            }
            PB_REMOVE(fam->column_ids, fam->n_column_ids, i);
            if (i < fam->n_column_names)
                PB_REMOVE(fam->column_names, fam->n_column_names, i);
        }
        if (PB_GET(fam, default_column_id) == id)
            PB_SET(fam, default_column_id, 0);
    }
    for (size_t f = 1; f < t->n_families;)
        if (t->families[f]->n_column_ids == 0)
            PB_REMOVE(t->families, t->n_families, f);
        else
            f++;
}

/* ---- indexes ---- */

static void
forget_index(pb_table *t, uint32_t id)
{
    for (size_t i = 0; i < t->n_indexes;)
        if (PB_GET(t->indexes[i], id) == id)
            PB_REMOVE(t->indexes, t->n_indexes, i);
        else
            i++;
}

void
mutation_collect_index(struct arena *a, pb_table *t, uint32_t id)
{
    Amberdb__GCDescriptorMutation *g = PB_NEW(a, GCDescriptorMutation, gcdescriptor_mutation);
    PB_SET(g, index_id, (int64_t)id);
    PB_SET(g, drop_time, wall_now_ns());
    PB_PUSH(a, t->gc_mutations, t->n_gc_mutations, g);
}

struct error *
mutation_unlink_index(struct exec_ctx *x, const pb_table *t, const pb_index *ix)
{
    size_t n = ix->interleave != NULL ? ix->interleave->n_ancestors : 0;
    if (n == 0)
        return NULL;
    return ddl_unlink_interleave(x, PB_GET(ix->interleave->ancestors[n - 1], table_id), PB_GET(t, id),
                                 PB_GET(ix, id));
}

static struct error *
swap_primary_key(struct exec_ctx *x, pb_table *t, const Amberdb__PrimaryKeySwap *s)
{
    struct arena *a = x->arena;
    uint32_t new_id = PB_GET(s, new_primary_index_id);
    for (size_t i = 0; i < t->n_indexes; i++) {
        if (PB_GET(t->indexes[i], id) != new_id)
            continue;
        const pb_index *old = t->primary_index;
        ERR_TRY(mutation_unlink_index(x, t, old));
        mutation_collect_index(a, t, PB_GET(old, id));
        t->primary_index = t->indexes[i];
        PB_REMOVE(t->indexes, t->n_indexes, i);
        if (strcmp(pb_str(t->primary_index->name), NEW_KEY_NAME) == 0)
            t->primary_index->name = arena_strdup(a, "primary");
        t->primary_index->n_store_column_ids = t->primary_index->n_store_column_names = 0;
        break;
    }
    for (size_t k = 0; k < s->n_old_indexes && k < s->n_new_indexes; k++) {
        char *name = NULL;
        for (size_t i = 0; i < t->n_indexes; i++)
            if (PB_GET(t->indexes[i], id) == s->old_indexes[k]) {
                name = t->indexes[i]->name;
                ERR_TRY(mutation_unlink_index(x, t, t->indexes[i]));
            }
        if (name != NULL) {
            forget_index(t, s->old_indexes[k]);
            mutation_collect_index(a, t, s->old_indexes[k]);
        }
        for (size_t i = 0; i < t->n_indexes && name != NULL; i++)
            if (PB_GET(t->indexes[i], id) == s->new_indexes[k])
                t->indexes[i]->name = name;
    }
    return NULL;
}

/* ---- constraints ---- */

static Amberdb__CheckConstraint *
find_check(const pb_table *t, const char *name, size_t *at)
{
    for (size_t i = 0; i < t->n_checks; i++)
        if (strcmp(pb_str(t->checks[i]->name), name) == 0) {
            *at = i;
            return t->checks[i];
        }
    return NULL;
}

static void
forget_fk(pb_table *t, uint32_t origin, const char *name, bool inbound)
{
    Amberdb__ForeignKeyConstraint **v = inbound ? t->inbound_fks : t->outbound_fks;
    size_t *n = inbound ? &t->n_inbound_fks : &t->n_outbound_fks;
    for (size_t i = 0; i < *n;)
        if (PB_GET(v[i], origin_table_id) == origin && strcmp(pb_str(v[i]->name), name) == 0)
            PB_REMOVE(v, *n, i);
        else
            i++;
}

/* Both sides of a foreign key out of t and the table it refers to. */
static struct error *
drop_fk(struct exec_ctx *x, pb_table *t, const Amberdb__ForeignKeyConstraint *fk, const char *name)
{
    uint32_t id = PB_GET(t, id), other_id = PB_GET(fk, referenced_table_id);
    pb_table *other;
    const pb_descriptor *d;
    for (size_t i = 0; i < t->n_outbound_fks; i++)
        if (strcmp(pb_str(t->outbound_fks[i]->name), name) == 0)
            other_id = PB_GET(t->outbound_fks[i], referenced_table_id);
    forget_fk(t, id, name, false);
    if (other_id == id)
        forget_fk(t, id, name, true);
    if (other_id == id || other_id == 0)
        return NULL;
    ERR_TRY(catalog_descriptor(x->catalog, other_id, &d));
    if (d == NULL || pb_descriptor_table(d) == NULL)
        return NULL;
    ERR_TRY(catalog_mutable_table(x->catalog, x->arena, other_id, &other));
    forget_fk(other, id, name, true);
    return catalog_write_table(x->catalog, other);
}

/* A foreign key that its mutation alone holds so far becomes the table's. */
static struct error *
add_fk(struct exec_ctx *x, pb_table *t, const Amberdb__ForeignKeyConstraint *fk)
{
    uint32_t id = PB_GET(t, id), other_id = PB_GET(fk, referenced_table_id);
    for (size_t i = 0; i < t->n_outbound_fks; i++)
        if (strcmp(pb_str(t->outbound_fks[i]->name), pb_str(fk->name)) == 0) {
            PB_SET(t->outbound_fks[i], validity, AMBERDB__CONSTRAINT_VALIDITY__VALIDATED);
            return NULL;
        }
    if (other_id == 0)
        return NULL; /* the other table is not restored */
    Amberdb__ForeignKeyConstraint *copy =
        (Amberdb__ForeignKeyConstraint *)pb_copy(x->arena, PB_BASE(fk));
    PB_SET(copy, origin_table_id, id);
    PB_SET(copy, validity, AMBERDB__CONSTRAINT_VALIDITY__VALIDATED);
    PB_PUSH(x->arena, t->outbound_fks, t->n_outbound_fks, copy);
    if (other_id == id) {
        PB_PUSH(x->arena, t->inbound_fks, t->n_inbound_fks, copy);
        return NULL;
    }
    pb_table *other;
    ERR_TRY(catalog_mutable_table(x->catalog, x->arena, other_id, &other));
    PB_PUSH(x->arena, other->inbound_fks, other->n_inbound_fks, copy);
    return catalog_write_table(x->catalog, other);
}

/* Into the table; validate comes when the rows are as they will be. */
static struct error *
add_constraint(struct exec_ctx *x, pb_table *t, const Amberdb__ConstraintToUpdate *c)
{
    size_t at = 0;
    const char *name = pb_str(c->name);
    if (PB_GET(c, constraint_type) == AMBERDB__CONSTRAINT_TYPE__CONSTRAINT_FOREIGN_KEY)
        return c->foreign_key != NULL ? add_fk(x, t, c->foreign_key) : NULL;
    Amberdb__CheckConstraint *k = find_check(t, name, &at);
    if (PB_GET(c, constraint_type) == AMBERDB__CONSTRAINT_TYPE__CONSTRAINT_NOT_NULL) {
        pb_column *col = build_find_column_by_id(t, PB_GET(c, not_null_column));
        if (k != NULL && PB_GET(k, is_non_null_constraint))
            PB_REMOVE(t->checks, t->n_checks, at);
        if (col != NULL)
            PB_SET(col, nullable, 0);
        return NULL;
    }
    if (k == NULL && c->check != NULL) {
        k = (Amberdb__CheckConstraint *)pb_copy(x->arena, PB_BASE(c->check));
        PB_PUSH(x->arena, t->checks, t->n_checks, k);
    }
    if (k != NULL)
        PB_SET(k, validity, AMBERDB__CONSTRAINT_VALIDITY__VALIDATED);
    return NULL;
}

static struct error *
drop_constraint(struct exec_ctx *x, pb_table *t, const Amberdb__ConstraintToUpdate *c)
{
    size_t at = 0;
    if (PB_GET(c, constraint_type) == AMBERDB__CONSTRAINT_TYPE__CONSTRAINT_FOREIGN_KEY)
        return c->foreign_key != NULL ? drop_fk(x, t, c->foreign_key, pb_str(c->name)) : NULL;
    if (find_check(t, pb_str(c->name), &at) != NULL)
        PB_REMOVE(t->checks, t->n_checks, at);
    return NULL;
}

struct error *
mutation_validate(struct exec_ctx *x, const struct table *now,
                  const Amberdb__ConstraintToUpdate *c)
{
    size_t at;
    const Amberdb__CheckConstraint *k;
    const pb_column *col;
    switch (PB_GET(c, constraint_type)) {
    case AMBERDB__CONSTRAINT_TYPE__CONSTRAINT_FOREIGN_KEY:
        return ddl_validate_foreign_key(x, now, pb_str(c->name));
    case AMBERDB__CONSTRAINT_TYPE__CONSTRAINT_NOT_NULL:
        col = build_find_column_by_id(now->pb, PB_GET(c, not_null_column));
        return col != NULL ? ddl_validate_not_null(x, now, pb_str(col->name)) : NULL;
    default:
        k = find_check(now->pb, pb_str(c->name), &at);
        return k != NULL ? ddl_validate_check(x, now, pb_str(k->expr)) : NULL;
    }
}

/* ---- all of an id ---- */

pb_mutation **
mutations_take(struct arena *a, pb_table *t, uint32_t id, size_t *n)
{
    pb_mutation **v = NULL;
    *n = 0;
    for (size_t i = 0; i < t->n_mutations;) {
        if (PB_GET(t->mutations[i], mutation_id) != id) {
            i++;
            continue;
        }
        PB_PUSH(a, v, *n, t->mutations[i]);
        PB_REMOVE(t->mutations, t->n_mutations, i);
    }
    for (size_t i = 0; i < t->n_mutation_jobs;)
        if (PB_GET(t->mutation_jobs[i], mutation_id) == id)
            PB_REMOVE(t->mutation_jobs, t->n_mutation_jobs, i);
        else
            i++;
    return v;
}

struct error *
mutations_apply(struct exec_ctx *x, pb_table *t, pb_mutation *const *v, size_t n, bool *rewrite)
{
    for (size_t i = 0; i < n; i++) {
        pb_mutation *m = v[i];
        if (MUTATION_IS(m, INDEX) && mutation_adds(m)) {
            PB_PUSH(x->arena, t->indexes, t->n_indexes, m->index);
        } else if (MUTATION_IS(m, COLUMN) && mutation_adds(m)) {
            PB_PUSH(x->arena, t->columns, t->n_columns, m->column);
            *rewrite = true;
        } else if (MUTATION_IS(m, COLUMN)) {
            mutation_forget_column(t, PB_GET(m->column, id));
        } else if (MUTATION_IS(m, CONSTRAINT)) {
            ERR_TRY(mutation_adds(m) ? add_constraint(x, t, m->constraint)
                            : drop_constraint(x, t, m->constraint));
        } else if (MUTATION_IS(m, PRIMARY_KEY_SWAP) && mutation_adds(m)) {
            ERR_TRY(swap_primary_key(x, t, m->primary_key_swap));
            *rewrite = true;
        }
    }
    return NULL;
}

struct error *
mutations_undo(struct exec_ctx *x, pb_table *t, pb_mutation *const *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        pb_mutation *m = v[i];
        if (MUTATION_IS(m, COLUMN) && mutation_adds(m))
            mutation_forget_column(t, PB_GET(m->column, id));
        else if (MUTATION_IS(m, COLUMN))
            PB_PUSH(x->arena, t->columns, t->n_columns, m->column);
        else if (MUTATION_IS(m, CONSTRAINT) && mutation_adds(m))
            ERR_TRY(drop_constraint(x, t, m->constraint));
        else if (MUTATION_IS(m, INDEX) && mutation_adds(m)) {
            ERR_TRY(mutation_unlink_index(x, t, m->index));
            ddl_unlink_own(t, PB_GET(m->index, id));
            if (!ddl_is_interleaved(m->index))
                mutation_collect_index(x->arena, t, PB_GET(m->index, id));
        }
    }
    return NULL;
}
