/* Schema changes that were under way when the backup was made: finished once the tables are public, as
 * v20.1's jobs do. SOURCE: restore-mechanics 9.
 *
 *     restore_finish_schema_changes     per table and mutation id, one transaction each:
 *         index, ADD          its entries are made anew from the rows
 *         index, DROP         forgotten; its data were not in the backup
 *         column, ADD         public; every row is written with its default or computed value
 *         column, DROP        forgotten; what rows still hold of it is skipped by readers
 *         constraint          ADD: validated, part of the table; DROP: forgotten
 *         primaryKeySwap      rows move to the new index
 *     When rows contradict it (a duplicate, a failing check) the whole id is taken back, and its job
 *     has failed. What is left in the descriptor's mutations is what is still to do after a crash.
 */
#include "config.h"

#include "executor/backup/restore_int.h"

#include "catalog/build.h"
#include "executor/node.h"
#include "executor/schema/schema_int.h"
#include "types/keyenc.h"

typedef Amberdb__DescriptorMutation pb_mutation;

#define KIND(m, k) \
    ((m)->descriptor_case == AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_##k)

/* Rolled-back mutations carry their direction already turned. */
static bool
adds(const pb_mutation *m)
{
    return PB_GET(m, direction) == AMBERDB__MUTATION_DIRECTION__MUTATION_ADD;
}

struct error *
restore_drop_partial_indexes(struct node *n, const pb_table *t)
{
    for (size_t i = 0; i < t->n_mutations; i++) {
        const pb_mutation *m = t->mutations[i];
        if (!KIND(m, INDEX) || !adds(m) ||
            (m->index->interleave != NULL && m->index->interleave->n_ancestors > 0))
            continue;
        struct arena *a = arena_create(NULL, "partial index");
        struct str s, e;
        str_init_arena(&s, a, 32);
        key_put_uvarint(&s, PB_GET(t, id));
        key_put_uvarint(&s, PB_GET(m->index, id));
        str_init_arena(&e, a, 32);
        str_append_slice(&e, str_slice(&s));
        VERIFY(key_prefix_end(&e));
        struct error *err = engine_drop_span(kv_db_engine(n->db),
                                             (struct span){str_slice(&s), str_slice(&e)});
        arena_destroy(a);
        if (err != NULL)
            return err;
    }
    return NULL;
}

/* ---- columns ---- */

static void
forget_column(struct arena *a, pb_table *t, uint32_t id)
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
    (void)a;
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

/* Its data go when the garbage collector comes. */
static void
collect_index_later(struct arena *a, pb_table *t, uint32_t id)
{
    Amberdb__GCDescriptorMutation *g = PB_NEW(a, GCDescriptorMutation, gcdescriptor_mutation);
    PB_SET(g, index_id, (int64_t)id);
    PB_SET(g, drop_time, wall_now_ns());
    PB_PUSH(a, t->gc_mutations, t->n_gc_mutations, g);
}

static void
swap_primary_key(struct arena *a, pb_table *t, const Amberdb__PrimaryKeySwap *s)
{
    uint32_t new_id = PB_GET(s, new_primary_index_id);
    for (size_t i = 0; i < t->n_indexes; i++) {
        if (PB_GET(t->indexes[i], id) != new_id)
            continue;
        collect_index_later(a, t, PB_GET(t->primary_index, id));
        t->primary_index = t->indexes[i];
        PB_REMOVE(t->indexes, t->n_indexes, i);
        t->primary_index->name = arena_strdup(a, "primary");
        break;
    }
    for (size_t k = 0; k < s->n_old_indexes && k < s->n_new_indexes; k++) {
        char *name = NULL;
        for (size_t i = 0; i < t->n_indexes; i++)
            if (PB_GET(t->indexes[i], id) == s->old_indexes[k])
                name = t->indexes[i]->name;
        if (name != NULL) {
            forget_index(t, s->old_indexes[k]);
            collect_index_later(a, t, s->old_indexes[k]);
        }
        for (size_t i = 0; i < t->n_indexes && name != NULL; i++)
            if (PB_GET(t->indexes[i], id) == s->new_indexes[k])
                t->indexes[i]->name = name;
    }
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

static struct error *
validate(struct exec_ctx *x, const struct table *now, const Amberdb__ConstraintToUpdate *c)
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

/* ---- its job ---- */

static const char *
describe(struct arena *a, const pb_table *t, pb_mutation *const *v, size_t n)
{
    const char *comma = "";
    struct str out, *s = &out;
    str_init_arena(s, a, STR_MAX_DEFAULT);
    str_printf(s, "RESTORING: schema change on %s ", pb_str(t->name));
    for (size_t i = 0; i < n; i++) {
        const char *verb = adds(v[i]) ? "adding" : "dropping";
        if (KIND(v[i], PRIMARY_KEY_SWAP))
            str_printf(s, "%schanging primary key", comma);
        else if (KIND(v[i], INDEX))
            str_printf(s, "%s%s index %s", comma, verb, pb_str(v[i]->index->name));
        else if (KIND(v[i], COLUMN))
            str_printf(s, "%s%s column %s", comma, verb, pb_str(v[i]->column->name));
        else if (KIND(v[i], CONSTRAINT))
            str_printf(s, "%s%s constraint %s", comma, verb, pb_str(v[i]->constraint->name));
        comma = ", ";
    }
    return str_cstr(s);
}

/* The change is over: SHOW JOBS has it, with the error that took it back. */
static struct error *
job_over(struct exec_ctx *x, const pb_table *t, const pb_mutation *m, const char *description,
         const char *user, const char *error)
{
    struct job_record r = {.id = unique_int(x->node->node_id),
                           .status = error != NULL ? "failed" : "succeeded",
                           .created_us = wall_now_ns() / 1000};
    Amberdb__Payload *p = PB_NEW(x->arena, Payload, payload);
    p->details_case = AMBERDB__PAYLOAD__DETAILS_SCHEMA_CHANGE;
    p->schema_change = PB_NEW(x->arena, SchemaChangeDetails, schema_change_details);
    PB_SET(p->schema_change, table_id, PB_GET(t, id));
    PB_SET(p->schema_change, mutation_id, PB_GET(m, mutation_id));
    PB_SET(p->schema_change, format_version, 1);
    p->description = arena_strdup(x->arena, description);
    p->username = arena_strdup(x->arena, user);
    if (error != NULL)
        p->error = arena_strdup(x->arena, error);
    PB_PUSH(x->arena, p->descriptor_ids, p->n_descriptor_ids, PB_GET(t, id));
    PB_SET(p, started_micros, r.created_us);
    PB_SET(p, finished_micros, r.created_us);
    r.payload = p;
    r.progress = PB_NEW(x->arena, Progress, progress);
    r.progress->progress_case = AMBERDB__PROGRESS__PROGRESS_FRACTION_COMPLETED;
    r.progress->fraction_completed = error != NULL ? 0 : 1;
    PB_SET(r.progress, modified_micros, r.created_us);
    return job_record_put(x, &r);
}

/* ---- one id ---- */

struct change {
    uint32_t table_id;
    const char *user, *error; /* error: it is to be taken back */
    bool more;                /* there was one */
};

/* The first id's mutations out of t. */
static pb_mutation **
take_first(struct arena *a, pb_table *t, size_t *n)
{
    uint32_t id = PB_GET(t->mutations[0], mutation_id);
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

/* Everything into the descriptor. *rewrite: rows have to be written anew. */
static struct error *
apply(struct exec_ctx *x, pb_table *t, pb_mutation *const *v, size_t n, bool *rewrite)
{
    for (size_t i = 0; i < n; i++) {
        pb_mutation *m = v[i];
        if (KIND(m, INDEX) && adds(m)) {
            PB_PUSH(x->arena, t->indexes, t->n_indexes, m->index);
        } else if (KIND(m, COLUMN) && adds(m)) {
            PB_PUSH(x->arena, t->columns, t->n_columns, m->column);
            *rewrite = true;
        } else if (KIND(m, COLUMN)) {
            forget_column(x->arena, t, PB_GET(m->column, id));
        } else if (KIND(m, CONSTRAINT)) {
            ERR_TRY(adds(m) ? add_constraint(x, t, m->constraint)
                            : drop_constraint(x, t, m->constraint));
        } else if (KIND(m, PRIMARY_KEY_SWAP) && adds(m)) {
            swap_primary_key(x->arena, t, m->primary_key_swap);
            *rewrite = true;
        }
    }
    return NULL;
}

/* The rows of the new form, the entries of the new indexes. */
static struct error *
bring_rows(struct exec_ctx *x, pb_table *base, pb_mutation *const *v, size_t n, bool rewrite)
{
    const struct table *before, *after;
    for (size_t i = 0; i < n; i++) /* rows have no values of them: each gets one */
        if (KIND(v[i], COLUMN) && adds(v[i]))
            forget_column(x->arena, base, PB_GET(v[i]->column, id));
    ERR_TRY(table_from_pb(x->arena, base, &before));
    ERR_TRY(catalog_table_by_id(x->catalog, before->id, &after));
    if (after == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation [%u] does not exist", before->id);
    if (rewrite)
        ERR_TRY(ddl_rewrite_rows(x, before, after));
    for (size_t i = 0; i < n; i++) {
        if (!KIND(v[i], INDEX) || !adds(v[i]))
            continue;
        const struct index *ix = table_index_by_id(after, PB_GET(v[i]->index, id));
        if (ix == NULL || ix->primary)
            continue;
        kv_txn_step(x->txn);
        ERR_TRY(ddl_backfill_index(x, after, ix));
    }
    for (size_t i = 0; i < n; i++)
        if (KIND(v[i], CONSTRAINT) && adds(v[i]))
            ERR_TRY(validate(x, after, v[i]->constraint));
    return NULL;
}

static struct error *
finish_txn(struct exec_ctx *x, void *arg)
{
    struct change *c = arg;
    const pb_descriptor *d;
    pb_table *t;
    size_t n;
    bool rewrite = false;
    c->more = false;
    ERR_TRY(catalog_descriptor(x->catalog, c->table_id, &d));
    if (d == NULL || pb_descriptor_table(d) == NULL || pb_descriptor_table(d)->n_mutations == 0 ||
        PB_GET(pb_descriptor_table(d), state) != AMBERDB__STATE__PUBLIC)
        return NULL;
    c->more = true;
    ERR_TRY(catalog_mutable_table(x->catalog, x->arena, c->table_id, &t));
    pb_mutation **v = take_first(x->arena, t, &n);
    pb_table *base = pb_table_copy(x->arena, t);
    const char *description = describe(x->arena, t, v, n);
    ERR_TRY(apply(x, t, v, n, &rewrite));
    ERR_TRY(catalog_write_table(x->catalog, t));
    ERR_TRY(bring_rows(x, base, v, n, rewrite));
    return job_over(x, t, v[0], description, c->user, NULL);
}

/* Take it back: what was to be added goes, a column that was to be dropped stays. */
static struct error *
undo_txn(struct exec_ctx *x, void *arg)
{
    struct change *c = arg;
    pb_table *t;
    size_t n;
    ERR_TRY(catalog_mutable_table(x->catalog, x->arena, c->table_id, &t));
    if (t->n_mutations == 0)
        return NULL;
    pb_mutation **v = take_first(x->arena, t, &n);
    const char *description = describe(x->arena, t, v, n);
    for (size_t i = 0; i < n; i++) {
        if (KIND(v[i], COLUMN) && adds(v[i]))
            forget_column(x->arena, t, PB_GET(v[i]->column, id));
        else if (KIND(v[i], COLUMN))
            PB_PUSH(x->arena, t->columns, t->n_columns, v[i]->column);
        else if (KIND(v[i], CONSTRAINT) && adds(v[i]))
            ERR_TRY(drop_constraint(x, t, v[i]->constraint));
        else if (KIND(v[i], INDEX) && adds(v[i]))
            collect_index_later(x->arena, t, PB_GET(v[i]->index, id));
    }
    ERR_TRY(catalog_write_table(x->catalog, t));
    return job_over(x, t, v[0], description, c->user, c->error);
}

static bool
rows_contradict(const struct error *e)
{
    return err_is(e, ERR_UNIQUE_VIOLATION) || err_is(e, ERR_CHECK_VIOLATION) ||
           err_is(e, ERR_FOREIGN_KEY_VIOLATION) || err_is(e, ERR_NOT_NULL_VIOLATION);
}

struct error *
restore_finish_schema_changes(struct job *j, uint32_t table_id)
{
    struct change c = {.table_id = table_id, .user = pb_str(j->payload->username), .more = true};
    while (c.more) {
        struct error *e = exec_txn(j->node, NULL, "system", HLC_MIN, &j->cancel, finish_txn, &c);
        if (e == NULL)
            continue;
        if (!rows_contradict(e))
            return e;
        c.error = arena_strdup(j->arena, e->message);
        c.more = true;
        err_free(e);
        ERR_TRY(exec_txn(j->node, NULL, "system", HLC_MIN, &j->cancel, undo_txn, &c));
    }
    return NULL;
}
