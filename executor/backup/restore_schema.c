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
#include "executor/schema/mutations.h"
#include "executor/schema/schema_int.h"
#include "types/keyenc.h"

struct error *
restore_drop_partial_indexes(struct node *n, const pb_table *t)
{
    for (size_t i = 0; i < t->n_mutations; i++) {
        const pb_mutation *m = t->mutations[i];
        if (!MUTATION_IS(m, INDEX) || !mutation_adds(m) ||
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

/* ---- its job ---- */

static const char *
describe(struct arena *a, const pb_table *t, pb_mutation *const *v, size_t n)
{
    const char *comma = "";
    struct str out, *s = &out;
    str_init_arena(s, a, STR_MAX_DEFAULT);
    str_printf(s, "RESTORING: schema change on %s ", pb_str(t->name));
    for (size_t i = 0; i < n; i++) {
        const char *verb = mutation_adds(v[i]) ? "adding" : "dropping";
        if (MUTATION_IS(v[i], PRIMARY_KEY_SWAP))
            str_printf(s, "%schanging primary key", comma);
        else if (MUTATION_IS(v[i], INDEX))
            str_printf(s, "%s%s index %s", comma, verb, pb_str(v[i]->index->name));
        else if (MUTATION_IS(v[i], COLUMN))
            str_printf(s, "%s%s column %s", comma, verb, pb_str(v[i]->column->name));
        else if (MUTATION_IS(v[i], CONSTRAINT))
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

/* The rows of the new form, the entries of the new indexes. */
static struct error *
bring_rows(struct exec_ctx *x, pb_table *base, pb_mutation *const *v, size_t n, bool rewrite)
{
    const struct table *before, *after;
    for (size_t i = 0; i < n; i++) /* rows have no values of them: each gets one */
        if (MUTATION_IS(v[i], COLUMN) && mutation_adds(v[i]))
            mutation_forget_column(base, PB_GET(v[i]->column, id));
    ERR_TRY(table_from_pb(x->arena, base, &before));
    ERR_TRY(catalog_table_by_id(x->catalog, before->id, &after));
    if (after == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation [%u] does not exist", before->id);
    if (rewrite)
        ERR_TRY(ddl_rewrite_rows(x, before, after, NULL));
    for (size_t i = 0; i < n; i++) {
        if (!MUTATION_IS(v[i], INDEX) || !mutation_adds(v[i]))
            continue;
        const struct index *ix = table_index_by_id(after, PB_GET(v[i]->index, id));
        if (ix == NULL || ix->primary)
            continue;
        kv_txn_step(x->txn);
        ERR_TRY(ddl_backfill_index(x, after, ix, NULL));
    }
    for (size_t i = 0; i < n; i++)
        if (MUTATION_IS(v[i], CONSTRAINT) && mutation_adds(v[i]))
            ERR_TRY(mutation_validate(x, after, v[i]->constraint));
    return NULL;
}

static struct error *
clear_among(struct exec_ctx *x, const struct table *t, uint32_t index_id)
{
    const struct index *ix = table_index_by_id(t, index_id);
    return ix != NULL && ddl_is_interleaved(ix->pb) ? ddl_clear_index(x, t, ix, NULL) : NULL;
}

/* Entries among another table's rows were in the backup, as many as there were: they go before their index
 * does, or is made. was: with the mutations. */
static struct error *
clear_entries(struct exec_ctx *x, const pb_table *was, pb_mutation *const *v, size_t n)
{
    const struct table *t;
    ERR_TRY(table_from_pb(x->arena, was, &t));
    for (size_t i = 0; i < n; i++) {
        if (MUTATION_IS(v[i], INDEX))
            ERR_TRY(clear_among(x, t, PB_GET(v[i]->index, id)));
        if (MUTATION_IS(v[i], INDEX) && !mutation_adds(v[i]))
            ERR_TRY(mutation_unlink_index(x, was, v[i]->index));
        if (!MUTATION_IS(v[i], PRIMARY_KEY_SWAP))
            continue;
        const Amberdb__PrimaryKeySwap *s = v[i]->primary_key_swap;
        for (size_t k = 0; k < s->n_old_indexes; k++)
            ERR_TRY(clear_among(x, t, s->old_indexes[k]));
    }
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
    const pb_table *was = pb_table_copy(x->arena, t);
    pb_mutation **v = mutations_take(x->arena, t, PB_GET(t->mutations[0], mutation_id), &n);
    pb_table *base = pb_table_copy(x->arena, t);
    ERR_TRY(clear_entries(x, was, v, n));
    const char *description = describe(x->arena, t, v, n);
    ERR_TRY(mutations_apply(x, t, v, n, &rewrite));
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
    const pb_table *was = pb_table_copy(x->arena, t);
    pb_mutation **v = mutations_take(x->arena, t, PB_GET(t->mutations[0], mutation_id), &n);
    const char *description = describe(x->arena, t, v, n);
    for (size_t i = 0; i < n; i++)
        if (MUTATION_IS(v[i], INDEX) && mutation_adds(v[i]))
            ERR_TRY(clear_entries(x, was, &v[i], 1));
    ERR_TRY(mutations_undo(x, t, v, n));
    ERR_TRY(catalog_write_table(x->catalog, t));
    return job_over(x, t, v[0], description, c->user, c->error);
}

struct error *
restore_finish_schema_changes(struct job *j, uint32_t table_id)
{
    struct change c = {.table_id = table_id, .user = pb_str(j->payload->username), .more = true};
    while (c.more) {
        struct error *e = exec_txn(j->node, NULL, "system", HLC_MIN, &j->cancel, finish_txn, &c);
        if (e == NULL)
            continue;
        if (!mutation_contradicted(e))
            return e;
        c.error = arena_strdup(j->arena, e->message);
        c.more = true;
        err_free(e);
        ERR_TRY(exec_txn(j->node, NULL, "system", HLC_MIN, &j->cancel, undo_txn, &c));
    }
    return NULL;
}
