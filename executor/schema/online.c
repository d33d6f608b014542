/* Changes of large tables: the statement only says in the descriptor what is to come, and a job brings
 * the rows (schema_change.c) while others read and write the table.
 *
 *     statement       descriptor with mutations that write only; the job's row; COMMIT
 *     from then on    writers maintain the new columns and indexes and keep the new constraints
 *     job             the rows that were there, piece by piece; then all of it becomes public
 *
 * A column that is dropped is so for everybody at once, and the job takes its values out of the rows.
 *
 * Every transaction tracks the descriptors it goes by, so one that began before the change cannot commit
 * after it, and there is no time in which some writers know of it and others do not. So mutations begin
 * in the state in which v20.1's end.
 *
 * Between BEGIN and COMMIT a statement leaves the rows alone, too (ddl_leave_rows). What it drops becomes
 * mutations with it; what the transaction added to a table does so all at once, right before COMMIT.
 *
 * A table with few rows is changed in the statement's own transaction, which costs less. */
#include "config.h"

#include "catalog/build.h"
#include "catalog/row.h"
#include "executor/jobs/jobs.h"
#include "executor/schema/mutations.h"
#include "executor/schema/schema_int.h"
#include "grammar/print.h"

#define FEW_KEYS 5000 /* of the primary index: written and checked in a few milliseconds */
#define SCAN_KEYS 256

/* ---- which changes --------------------------------------------------------------------------- */

static struct error *
has_many_keys(struct exec_ctx *x, const struct table *t, bool *yes)
{
    struct kv_scan_opts o = {.span = row_index_span(x->arena, t, &t->indexes[0]),
                             .no_track = true, .fill_cache = true};
    struct kv_entry *entries = ARENA_ARRAY(x->arena, struct kv_entry, SCAN_KEYS);
    struct kv_scan *scan;
    size_t n = SCAN_KEYS, seen = 0;
    struct error *err = NULL;
    ERR_TRY(kv_scan_open(x->txn, &o, &scan));
    while (err == NULL && n > 0 && seen < FEW_KEYS) {
        err = kv_scan_batch(scan, entries, SCAN_KEYS, &n);
        seen += n;
    }
    kv_scan_close(scan);
    *yes = seen >= FEW_KEYS;
    return err;
}

struct error *
ddl_is_for_job(struct exec_ctx *x, const struct table *t, bool *yes)
{
    *yes = false;
    if (x->session == NULL || x->txn_state == NULL || catalog_is_new(x->catalog, t->id))
        return NULL;
    return has_many_keys(x, t, yes);
}

/* ---- additions become mutations -------------------------------------------------------------- */

struct deferral {
    struct exec_ctx *x;
    pb_table *t;
    const pb_table *before;
    uint32_t mutation_id;
};

static void
push_mutation(struct deferral *d, pb_mutation *m)
{
    PB_SET(m, state, AMBERDB__MUTATION_STATE__DELETE_AND_WRITE_ONLY);
    PB_PUSH(d->x->arena, d->t->mutations, d->t->n_mutations, m);
}

static void
defer_columns(struct deferral *d)
{
    for (size_t i = 0; i < d->t->n_columns;) {
        pb_column *c = d->t->columns[i];
        if (build_find_column_by_id(d->before, PB_GET(c, id)) != NULL) {
            i++;
            continue;
        }
        PB_REMOVE(d->t->columns, d->t->n_columns, i);
        push_mutation(d, build_mutation_column(d->x->arena, c, true, d->mutation_id));
    }
}

static void
defer_indexes(struct deferral *d)
{
    for (size_t i = 0; i < d->t->n_indexes;) {
        pb_index *ix = d->t->indexes[i];
        if (build_find_index_by_id(d->before, PB_GET(ix, id)) != NULL) {
            i++;
            continue;
        }
        PB_REMOVE(d->t->indexes, d->t->n_indexes, i);
        push_mutation(d, build_mutation_index(d->x->arena, ix, true, d->mutation_id));
    }
}

static void
defer_constraint(struct deferral *d, Amberdb__ConstraintToUpdate *c)
{
    pb_mutation *m = PB_NEW(d->x->arena, DescriptorMutation, descriptor_mutation);
    m->descriptor_case = AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_CONSTRAINT;
    m->constraint = c;
    PB_SET(m, direction, AMBERDB__MUTATION_DIRECTION__MUTATION_ADD);
    PB_SET(m, mutation_id, d->mutation_id);
    push_mutation(d, m);
}

static Amberdb__ConstraintToUpdate *
new_constraint(struct deferral *d, Amberdb__ConstraintType type, const char *name)
{
    Amberdb__ConstraintToUpdate *c = PB_NEW(d->x->arena, ConstraintToUpdate,
                                            constraint_to_update);
    PB_SET(c, constraint_type, type);
    c->name = arena_strdup(d->x->arena, name);
    return c;
}

/* Writers keep them from now on; the rows that are there are looked at later. */
static void
defer_checks(struct deferral *d)
{
    for (size_t i = 0; i < d->t->n_checks; i++) {
        Amberdb__CheckConstraint *k = d->t->checks[i];
        if (ddl_has_constraint(d->before, pb_str(k->name)) ||
            PB_GET(k, validity) != AMBERDB__CONSTRAINT_VALIDITY__VALIDATED)
            continue;
        PB_SET(k, validity, AMBERDB__CONSTRAINT_VALIDITY__VALIDATING);
        Amberdb__ConstraintToUpdate *c =
            new_constraint(d, AMBERDB__CONSTRAINT_TYPE__CONSTRAINT_CHECK, pb_str(k->name));
        c->check = k;
        defer_constraint(d, c);
    }
}

/* The other table's side is told by ddl_foreign_key_validity. */
static struct error *
defer_foreign_keys(struct deferral *d)
{
    for (size_t i = 0; i < d->t->n_outbound_fks; i++) {
        Amberdb__ForeignKeyConstraint *fk = d->t->outbound_fks[i];
        const char *name = pb_str(fk->name);
        if (ddl_has_constraint(d->before, name) ||
            PB_GET(fk, validity) != AMBERDB__CONSTRAINT_VALIDITY__VALIDATED)
            continue;
        Amberdb__ConstraintToUpdate *c =
            new_constraint(d, AMBERDB__CONSTRAINT_TYPE__CONSTRAINT_FOREIGN_KEY, name);
        c->foreign_key = fk;
        defer_constraint(d, c);
        ERR_TRY(catalog_write_table(d->x->catalog, d->t));
        ERR_TRY(ddl_foreign_key_validity(d->x, d->t->id, name,
                                         AMBERDB__CONSTRAINT_VALIDITY__VALIDATING));
    }
    return NULL;
}

/* A column that shall not be NULL any more is held to it by a check until its rows were looked at. */
static void
defer_not_null(struct deferral *d)
{
    struct arena *a = d->x->arena;
    for (size_t i = 0; i < d->t->n_columns; i++) {
        pb_column *c = d->t->columns[i];
        const pb_column *was = build_find_column_by_id(d->before, PB_GET(c, id));
        if (was == NULL || !PB_GET(was, nullable) || PB_GET(c, nullable))
            continue;
        struct str s;
        str_init_arena(&s, a, STR_MAX_DEFAULT);
        print_name(&s, slice_cstr(c->name));
        str_append_cstr(&s, " IS NOT NULL");
        Amberdb__CheckConstraint *k = PB_NEW(a, CheckConstraint, check_constraint);
        k->expr = arena_strdup(a, str_cstr(&s));
        k->name = arena_printf(a, "%s_auto_not_null", c->name);
        PB_SET(k, validity, AMBERDB__CONSTRAINT_VALIDITY__VALIDATING);
        PB_SET(k, is_non_null_constraint, 1);
        PB_PUSH(a, k->column_ids, k->n_column_ids, PB_GET(c, id));
        PB_PUSH(a, d->t->checks, d->t->n_checks, k);
        PB_SET(c, nullable, 1);
        Amberdb__ConstraintToUpdate *u =
            new_constraint(d, AMBERDB__CONSTRAINT_TYPE__CONSTRAINT_NOT_NULL, k->name);
        u->check = k;
        PB_SET(u, not_null_column, PB_GET(c, id));
        defer_constraint(d, u);
    }
}

/* ---- what goes ------------------------------------------------------------------------------- */

static Amberdb__ColumnFamilyDescriptor *
family_by_id(const pb_table *t, uint32_t id)
{
    for (size_t i = 0; i < t->n_families; i++)
        if (PB_GET(t->families[i], id) == id)
            return t->families[i];
    return NULL;
}

/* A family that went with its only column comes back to where it was. */
static Amberdb__ColumnFamilyDescriptor *
restored_family(struct arena *a, pb_table *t, const Amberdb__ColumnFamilyDescriptor *was, size_t at)
{
    Amberdb__ColumnFamilyDescriptor *f = family_by_id(t, PB_GET(was, id));
    if (f != NULL)
        return f;
    f = (Amberdb__ColumnFamilyDescriptor *)pb_copy(a, PB_BASE(was));
    f->n_column_ids = f->n_column_names = 0;
    PB_SET(f, default_column_id, 0);
    PB_PUSH(a, t->families, t->n_families, f);
    for (size_t i = t->n_families - 1; i > at; i--) {
        t->families[i] = t->families[i - 1];
        t->families[i - 1] = f;
    }
    return f;
}

static void
back_to_family(struct arena *a, pb_table *t, const pb_table *before, const pb_column *c)
{
    uint32_t id = PB_GET(c, id);
    for (size_t i = 0; i < before->n_families; i++) {
        const Amberdb__ColumnFamilyDescriptor *was = before->families[i];
        if (!pb_u32_contains(was->column_ids, was->n_column_ids, id))
            continue;
        Amberdb__ColumnFamilyDescriptor *f = restored_family(a, t, was, i);
        PB_PUSH(a, f->column_ids, f->n_column_ids, id);
        PB_PUSH(a, f->column_names, f->n_column_names, arena_strdup(a, c->name));
        if (PB_GET(was, default_column_id) == id)
            PB_SET(f, default_column_id, id);
        return;
    }
}

/* Dropped columns have left their families, too; readers and writers go on to know these until no row
 * has a value of such a column. Their sequences have forgotten them for good. */
static bool
defer_drops(struct deferral *d)
{
    struct arena *a = d->x->arena;
    bool any = false;
    for (size_t i = 0; i < d->before->n_columns; i++) {
        const pb_column *was = d->before->columns[i];
        if (build_find_column_by_id(d->t, PB_GET(was, id)) != NULL)
            continue;
        pb_column *c = (pb_column *)pb_copy(a, PB_BASE(was));
        c->n_uses_sequence_ids = c->n_owns_sequence_ids = 0;
        pb_mutation *m = build_mutation_column(a, c, false, d->mutation_id);
        PB_SET(m, state, AMBERDB__MUTATION_STATE__DELETE_ONLY);
        PB_PUSH(a, d->t->mutations, d->t->n_mutations, m);
        back_to_family(a, d->t, d->before, c);
        any = true;
    }
    return any;
}

/* Entries among another table's rows: the job takes them out, and writers do so until then. */
static bool
defer_lost_indexes(struct deferral *d)
{
    struct arena *a = d->x->arena;
    bool any = false;
    for (size_t i = 0; i < d->before->n_indexes; i++) {
        const pb_index *was = d->before->indexes[i];
        if (!ddl_is_interleaved(was) || build_find_index_by_id(d->t, PB_GET(was, id)) != NULL)
            continue;
        pb_mutation *m = build_mutation_index(a, (pb_index *)pb_copy(a, PB_BASE(was)), false,
                                              d->mutation_id);
        PB_SET(m, state, AMBERDB__MUTATION_STATE__DELETE_ONLY);
        PB_PUSH(a, d->t->mutations, d->t->n_mutations, m);
        any = true;
    }
    return any;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/alter_primary_key.go: names while the rows are brought. */
static void
name_for_now(struct deferral *d, Amberdb__PrimaryKeySwap *s)
{
    struct arena *a = d->x->arena;
    pb_table *t = d->t;
    if (strcmp(t->primary_index->name, "primary") == 0)
        t->primary_index->name = arena_strdup(a, NEW_KEY_NAME);
    for (size_t i = 0; i < t->n_indexes; i++)
        for (size_t k = 0; k < d->before->n_indexes; k++) {
            const pb_index *was = d->before->indexes[k];
            if (PB_GET(t->indexes[i], id) == PB_GET(was, id) ||
                strcmp(t->indexes[i]->name, was->name) != 0)
                continue;
            PB_PUSH(a, s->old_indexes, s->n_old_indexes, PB_GET(was, id));
            PB_PUSH(a, s->new_indexes, s->n_new_indexes, PB_GET(t->indexes[i], id));
            t->indexes[i]->name = arena_printf(a, "%s_rewrite_for_primary_key_change", was->name);
            break;
        }
}

/* Until the rows are in the new primary index the old one is it, with the secondary indexes that it had. */
static void
keep_old_key(struct deferral *d)
{
    const pb_table *was = pb_table_copy(d->x->arena, d->before);
    d->t->primary_index = was->primary_index;
    PB_SET(d->t->primary_index, disabled, 0);
    d->t->indexes = was->indexes;
    d->t->n_indexes = was->n_indexes;
    d->t->n_gc_mutations = was->n_gc_mutations;
}

static bool
defer_new_key(struct deferral *d)
{
    struct arena *a = d->x->arena;
    pb_index *new_key = d->t->primary_index;
    if (PB_GET(new_key, id) == PB_GET(d->before->primary_index, id))
        return false;
    pb_mutation *m = PB_NEW(a, DescriptorMutation, descriptor_mutation);
    m->descriptor_case = AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_PRIMARY_KEY_SWAP;
    m->primary_key_swap = PB_NEW(a, PrimaryKeySwap, primary_key_swap);
    PB_SET(m->primary_key_swap, new_primary_index_id, PB_GET(new_key, id));
    PB_SET(m->primary_key_swap, old_primary_index_id, PB_GET(d->before->primary_index, id));
    PB_SET(m, direction, AMBERDB__MUTATION_DIRECTION__MUTATION_ADD);
    PB_SET(m, mutation_id, d->mutation_id);
    name_for_now(d, m->primary_key_swap);
    defer_columns(d); /* a shard's, with its check */
    defer_checks(d);
    push_mutation(d, build_mutation_index(a, new_key, true, d->mutation_id));
    defer_indexes(d);
    push_mutation(d, m);
    keep_old_key(d);
    return true;
}

struct error *
ddl_defer_losses(struct exec_ctx *x, uint32_t table_id, const pb_table *before, uint32_t mutation_id,
                 bool *any)
{
    struct deferral d = {.x = x, .before = before, .mutation_id = mutation_id};
    ERR_TRY(ddl_mutable(x, table_id, &d.t));
    *any = defer_drops(&d);
    *any |= defer_lost_indexes(&d);
    *any |= defer_new_key(&d);
    return *any ? catalog_write_table(x->catalog, d.t) : NULL;
}

/* ---- the job --------------------------------------------------------------------------------- */

struct waiting {
    int64_t id;
    const struct cancel *cancel;
    struct arena *arena;
    bool explicit_txn; /* COMMIT waits, and all else is committed */
};

/* The job goes on when the statement is canceled. */
static struct error *
wait_for_job(struct node *n, void *arg, bool committed)
{
    const struct waiting *w = arg;
    struct error *err = committed ? job_wait(n, w->id, w->cancel, NULL) : NULL;
    if (err == NULL || !w->explicit_txn || cancel_requested(w->cancel))
        return err;
    const char *code = arena_strdup(w->arena, errcode_sqlstate(err->code));
    const char *message = arena_strdup(w->arena, err->message);
    err_free(err);
    return ddl_committed_without(code, message);
}

static bool
only_drops(const pb_table *t, uint32_t mutation_id)
{
    for (size_t i = 0; i < t->n_mutations; i++)
        if (PB_GET(t->mutations[i], mutation_id) == mutation_id && mutation_adds(t->mutations[i]))
            return false;
    return true;
}

struct error *
ddl_start_job(struct exec_ctx *x, const char *text, uint32_t table_id, const pb_table *before,
              uint32_t mutation_id)
{
    struct deferral d = {.x = x, .before = before, .mutation_id = mutation_id};
    struct waiting *w = ARENA_NEW(exec_txn_arena(x), struct waiting);
    ERR_TRY(ddl_mutable(x, table_id, &d.t));
    defer_columns(&d);
    defer_indexes(&d);
    defer_checks(&d);
    defer_not_null(&d);
    ERR_TRY(defer_foreign_keys(&d));

    Amberdb__Payload *p = PB_NEW(x->arena, Payload, payload);
    p->schema_change = PB_NEW(x->arena, SchemaChangeDetails, schema_change_details);
    p->details_case = AMBERDB__PAYLOAD__DETAILS_SCHEMA_CHANGE;
    PB_SET(p->schema_change, table_id, table_id);
    PB_SET(p->schema_change, mutation_id, mutation_id);
    PB_SET(p->schema_change, format_version, 1);
    PB_PUSH(x->arena, p->descriptor_ids, p->n_descriptor_ids, table_id);
    if (only_drops(d.t, mutation_id)) /* values are lost already */
        PB_SET(p, noncancelable, 1);
    ERR_TRY(job_create(x, p, NULL, text, &w->id));
    w->cancel = x->cancel;
    w->arena = exec_txn_arena(x);
    w->explicit_txn = exec_in_explicit_txn(x);
    exec_on_txn_end(x, wait_for_job, w);

    Amberdb__MutationJob *j = PB_NEW(x->arena, MutationJob, mutation_job);
    PB_SET(j, mutation_id, mutation_id);
    PB_SET(j, job_id, w->id);
    PB_PUSH(x->arena, d.t->mutation_jobs, d.t->n_mutation_jobs, j);
    return catalog_write_table(x->catalog, d.t);
}
