/* Schema changes that were under way when the backup was made: finished, in the transaction that
 * publishes the table. SOURCE: restore-mechanics 9.
 *
 *     index, ADD          its entries are made anew from the rows; a duplicate in a unique one takes
 *                         the index back, as v20.1's validation would
 *     index, DROP         forgotten; its data were not in the backup
 *     column, ADD         public; rows that lack it get the default once the table is visible
 *                         (restore_fill_columns)
 *     column, DROP        forgotten; what rows still hold of it is skipped by readers
 *     constraint          ADD: part of the table, unvalidated until checked; DROP: forgotten
 *     primaryKeySwap      the new index becomes the primary one
 */
#include "config.h"

#include "executor/backup/restore_int.h"

#include "executor/node.h"
#include "executor/schema/schema_int.h"
#include "grammar/print.h"
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

/* ---- primary key ---- */

static void
swap_primary_key(struct arena *a, pb_table *t, const Amberdb__PrimaryKeySwap *s)
{
    uint32_t new_id = PB_GET(s, new_primary_index_id);
    for (size_t i = 0; i < t->n_indexes; i++) {
        if (PB_GET(t->indexes[i], id) != new_id)
            continue;
        t->primary_index = t->indexes[i];
        PB_REMOVE(t->indexes, t->n_indexes, i);
        t->primary_index->name = arena_strdup(a, "primary");
        break;
    }
    for (size_t k = 0; k < s->n_old_indexes && k < s->n_new_indexes; k++) {
        char *name = NULL;
        for (size_t i = 0; i < t->n_indexes; i++)
            if (PB_GET(t->indexes[i], id) == s->old_indexes[k]) {
                name = t->indexes[i]->name;
                PB_REMOVE(t->indexes, t->n_indexes, i);
                break;
            }
        for (size_t i = 0; i < t->n_indexes && name != NULL; i++)
            if (PB_GET(t->indexes[i], id) == s->new_indexes[k])
                t->indexes[i]->name = name;
    }
}

/* ---- constraints ---- */

static void
finish_constraint(pb_table *t, const Amberdb__ConstraintToUpdate *c, bool add)
{
    const char *name = pb_str(c->name);
    for (size_t i = 0; i < t->n_checks;) {
        Amberdb__CheckConstraint *k = t->checks[i];
        if (strcmp(pb_str(k->name), name) != 0 ||
            PB_GET(c, constraint_type) == AMBERDB__CONSTRAINT_TYPE__CONSTRAINT_FOREIGN_KEY) {
            i++;
            continue;
        }
        bool not_null = PB_GET(k, is_non_null_constraint);
        if (add && !not_null) {
            PB_SET(k, validity, AMBERDB__CONSTRAINT_VALIDITY__UNVALIDATED);
            i++;
        } else {
            PB_REMOVE(t->checks, t->n_checks, i);
        }
    }
    for (size_t i = 0; i < t->n_outbound_fks;) {
        Amberdb__ForeignKeyConstraint *f = t->outbound_fks[i];
        if (strcmp(pb_str(f->name), name) != 0 ||
            PB_GET(c, constraint_type) != AMBERDB__CONSTRAINT_TYPE__CONSTRAINT_FOREIGN_KEY) {
            i++;
        } else if (add) {
            PB_SET(f, validity, AMBERDB__CONSTRAINT_VALIDITY__UNVALIDATED);
            i++;
        } else {
            PB_REMOVE(t->outbound_fks, t->n_outbound_fks, i);
        }
    }
}

/* ---- all of them ---- */

static struct error *
job_done(struct exec_ctx *x, const pb_table *t, const pb_mutation *m, const char *user)
{
    struct job_record r = {.id = unique_int(x->node->node_id), .status = "succeeded",
                           .created_us = wall_now_ns() / 1000};
    Amberdb__Payload *p = PB_NEW(x->arena, Payload, payload);
    p->details_case = AMBERDB__PAYLOAD__DETAILS_SCHEMA_CHANGE;
    p->schema_change = PB_NEW(x->arena, SchemaChangeDetails, schema_change_details);
    PB_SET(p->schema_change, table_id, PB_GET(t, id));
    PB_SET(p->schema_change, mutation_id, PB_GET(m, mutation_id));
    PB_SET(p->schema_change, format_version, 1);
    p->description = KIND(m, INDEX)
                         ? arena_printf(x->arena, "RESTORING: schema change on %s %s index %s",
                                        pb_str(t->name), adds(m) ? "adding" : "dropping",
                                        pb_str(m->index->name))
                         : arena_printf(x->arena, "RESTORING: schema change on %s",
                                        pb_str(t->name));
    p->username = arena_strdup(x->arena, user);
    PB_PUSH(x->arena, p->descriptor_ids, p->n_descriptor_ids, PB_GET(t, id));
    PB_SET(p, started_micros, r.created_us);
    PB_SET(p, finished_micros, r.created_us);
    r.payload = p;
    r.progress = PB_NEW(x->arena, Progress, progress);
    r.progress->progress_case = AMBERDB__PROGRESS__PROGRESS_FRACTION_COMPLETED;
    r.progress->fraction_completed = 1;
    PB_SET(r.progress, modified_micros, r.created_us);
    return job_record_put(x, &r);
}

/* Rows' entries of the indexes that were being added. */
static struct error *
backfill(struct exec_ctx *x, pb_table *t, const uint32_t *ids, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        const struct table *view;
        ERR_TRY(table_from_pb(x->arena, pb_table_copy(x->arena, t), &view));
        const struct index *ix = table_index_by_id(view, ids[k]);
        if (ix == NULL)
            continue;
        struct error *e = ddl_backfill_index(x, view, ix);
        if (e == NULL)
            continue;
        if (!err_is(e, ERR_UNIQUE_VIOLATION))
            return e;
        err_free(e);
        for (size_t i = 0; i < t->n_indexes; i++)
            if (PB_GET(t->indexes[i], id) == ids[k]) {
                PB_REMOVE(t->indexes, t->n_indexes, i);
                break;
            }
    }
    return NULL;
}

struct error *
restore_finish_mutations(struct exec_ctx *x, pb_table *t, const char *restored_by)
{
    uint32_t *added = NULL, last_id = 0;
    size_t n_added = 0;
    for (size_t i = 0; i < t->n_mutations; i++) {
        pb_mutation *m = t->mutations[i];
        if (PB_GET(m, mutation_id) != last_id || i == 0)
            ERR_TRY(job_done(x, t, m, restored_by));
        last_id = PB_GET(m, mutation_id);
        if (KIND(m, INDEX) && adds(m)) {
            PB_PUSH(x->arena, t->indexes, t->n_indexes, m->index);
            PB_PUSH(x->arena, added, n_added, PB_GET(m->index, id));
        } else if (KIND(m, COLUMN) && adds(m)) {
            PB_PUSH(x->arena, t->columns, t->n_columns, m->column);
        } else if (KIND(m, COLUMN)) {
            forget_column(x->arena, t, PB_GET(m->column, id));
        } else if (KIND(m, CONSTRAINT)) {
            finish_constraint(t, m->constraint, adds(m));
        } else if (KIND(m, PRIMARY_KEY_SWAP) && adds(m)) {
            swap_primary_key(x->arena, t, m->primary_key_swap);
        }
    }
    t->n_mutations = 0;
    t->n_mutation_jobs = 0;
    return backfill(x, t, added, n_added);
}

/* ---- columns that were being added: values for rows that the backfill had not reached ---- */

struct fill {
    const pb_table *t;
    const char *column;
    bool computed;
};

static struct error *
fill_txn(struct exec_ctx *x, void *arg)
{
    const struct fill *f = arg;
    const struct database *db;
    struct str s;
    ERR_TRY(catalog_database_by_id(x->catalog, PB_GET(f->t, parent_id), &db));
    if (db == NULL)
        return NULL;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    str_append_cstr(&s, "UPDATE ");
    print_name(&s, slice_cstr(db->name));
    str_append_cstr(&s, ".public.");
    print_name(&s, slice_cstr(pb_str(f->t->name)));
    str_append_cstr(&s, " SET ");
    /* a computed column follows when any other one is written */
    const char *set = f->computed ? pb_str(f->t->primary_index->column_names[0]) : f->column;
    print_name(&s, slice_cstr(set));
    str_append_cstr(&s, " = ");
    if (f->computed)
        print_name(&s, slice_cstr(set));
    else
        str_append_cstr(&s, "DEFAULT");
    str_append_cstr(&s, " WHERE ");
    print_name(&s, slice_cstr(f->column));
    str_append_cstr(&s, " IS NULL");
    return exec_sql(x, EXEC_ROOT, NULL, NULL, 0, NULL, NULL, str_cstr(&s));
}

struct error *
restore_fill_columns(struct job *j, const pb_table *t)
{
    for (size_t i = 0; i < t->n_mutations; i++) {
        const pb_mutation *m = t->mutations[i];
        if (!KIND(m, COLUMN) || !adds(m))
            continue;
        bool computed = m->column->compute_expr != NULL;
        if (!computed && m->column->default_expr == NULL)
            continue;
        if (computed && (t->primary_index == NULL || t->primary_index->n_column_names == 0))
            continue;
        struct fill f = {t, pb_str(m->column->name), computed};
        ERR_TRY(exec_txn(j->node, NULL, "system", HLC_MIN, &j->cancel, fill_txn, &f));
    }
    return NULL;
}
