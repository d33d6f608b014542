/* TRUNCATE: a table gets a new id, and so new storage; the old one is dropped. Everything that names
 * the old id is made to name the new one.
 * SOURCE: CockroachDB v20.1 pkg/sql/truncate.go; backup-format 3.2, replacement_of. */
#include "config.h"

#include "executor/schema/mutations.h"
#include "executor/schema/schema_int.h"

#include "catalog/build.h"

struct replaced {
    uint32_t old, new;
    const char *name;          /* qualified, for the event */
};

struct truncation {
    struct exec_ctx *x;
    bool cascade;
    size_t n, cap;
    struct replaced *v;
    uint32_t *others;          /* relations that refer to the truncated ones */
    size_t n_others;
};

static uint32_t
new_id(const struct truncation *c, uint32_t id)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->v[i].old == id)
            return c->v[i].new;
    return id;
}

static bool
is_listed(const struct truncation *c, uint32_t id)
{
    return new_id(c, id) != id;
}

/* ---- which tables ---------------------------------------------------------------------------- */

static struct error *add_table(struct truncation *c, const struct table *t);

static struct error *
add_dependent(struct truncation *c, const struct table *t, uint32_t id, const char *how)
{
    const struct table *other;
    if (is_listed(c, id))
        return NULL;
    ERR_TRY(catalog_table_by_id(c->x->catalog, id, &other));
    if (other == NULL)
        return NULL;
    if (!c->cascade)
        return err_new(ERR_UNCATEGORIZED, "\"%s\" is %s table \"%s\"", t->name, how, other->name);
    return add_table(c, other);
}

static struct error *
add_table(struct truncation *c, const struct table *t)
{
    if (is_listed(c, t->id))
        return NULL;
    ERR_TRY(ddl_check_table(c->x, t, PRIV_DROP));
    if (c->n == c->cap) {
        size_t cap = c->cap == 0 ? 8 : 2 * c->cap;
        c->v = arena_realloc(c->x->arena, c->v, c->n * sizeof(*c->v), cap * sizeof(*c->v));
        c->cap = cap;
    }
    struct replaced *r = &c->v[c->n];
    *r = (struct replaced){.old = t->id, .name = ddl_qualified(c->x, t)};
    ERR_TRY(catalog_new_id(c->x->catalog, &r->new));
    c->n++;
    return NULL;
}

/* With cascade the list grows while it is gone through. */
static struct error *
add_dependents(struct truncation *c)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct table *t;
        ERR_TRY(catalog_table_by_id(c->x->catalog, c->v[i].old, &t));
        for (size_t k = 0; k < t->pb->n_inbound_fks; k++)
            ERR_TRY(add_dependent(c, t, t->pb->inbound_fks[k]->origin_table_id,
                                  "referenced by foreign key from"));
        const pb_index *pk = t->pb->primary_index;
        for (size_t k = 0; k < pk->n_interleaved_by; k++)
            ERR_TRY(add_dependent(c, t, pk->interleaved_by[k]->table, "interleaved by"));
    }
    return NULL;
}

/* ---- ids in descriptors ---------------------------------------------------------------------- */

static void
renumber_index(const struct truncation *c, pb_index *ix)
{
    for (size_t i = 0; ix->interleave != NULL && i < ix->interleave->n_ancestors; i++)
        ix->interleave->ancestors[i]->table_id =
            new_id(c, ix->interleave->ancestors[i]->table_id);
    for (size_t i = 0; i < ix->n_interleaved_by; i++)
        ix->interleaved_by[i]->table = new_id(c, ix->interleaved_by[i]->table);
}

static void
renumber_keys(const struct truncation *c, Amberdb__ForeignKeyConstraint **v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        v[i]->origin_table_id = new_id(c, v[i]->origin_table_id);
        v[i]->referenced_table_id = new_id(c, v[i]->referenced_table_id);
    }
}

static void
renumber(const struct truncation *c, pb_table *t)
{
    if (t->primary_index != NULL)
        renumber_index(c, t->primary_index);
    for (size_t i = 0; i < t->n_indexes; i++)
        renumber_index(c, t->indexes[i]);
    renumber_keys(c, t->outbound_fks, t->n_outbound_fks);
    renumber_keys(c, t->inbound_fks, t->n_inbound_fks);
    for (size_t i = 0; i < t->n_depends_on; i++)
        t->depends_on[i] = new_id(c, t->depends_on[i]);
    for (size_t i = 0; i < t->n_depended_on_by; i++)
        t->depended_on_by[i]->id = new_id(c, t->depended_on_by[i]->id);
    Amberdb__SequenceOwner *owner =
        t->sequence_opts != NULL ? t->sequence_opts->sequence_owner : NULL;
    if (owner != NULL && owner->owner_table_id != 0)
        owner->owner_table_id = new_id(c, owner->owner_table_id);
}

static void
refer(struct truncation *c, uint32_t id)
{
    if (id != 0 && !is_listed(c, id) && !pb_u32_contains(c->others, c->n_others, id))
        PB_PUSH(c->x->arena, c->others, c->n_others, id);
}

/* Every relation that may name t. */
static void
collect_others(struct truncation *c, const pb_table *t)
{
    for (size_t i = 0; i < t->n_outbound_fks; i++)
        refer(c, t->outbound_fks[i]->referenced_table_id);
    for (size_t i = 0; i < t->n_inbound_fks; i++)
        refer(c, t->inbound_fks[i]->origin_table_id);
    for (size_t i = 0; i < t->n_depended_on_by; i++)
        refer(c, t->depended_on_by[i]->id);
    for (size_t i = 0; i < t->n_columns; i++) {
        for (size_t k = 0; k < t->columns[i]->n_uses_sequence_ids; k++)
            refer(c, t->columns[i]->uses_sequence_ids[k]);
        for (size_t k = 0; k < t->columns[i]->n_owns_sequence_ids; k++)
            refer(c, t->columns[i]->owns_sequence_ids[k]);
    }
    for (size_t i = 0; i <= t->n_indexes; i++) {
        const pb_index *ix = i == 0 ? t->primary_index : t->indexes[i - 1];
        for (size_t k = 0; ix->interleave != NULL && k < ix->interleave->n_ancestors; k++)
            refer(c, ix->interleave->ancestors[k]->table_id);
        for (size_t k = 0; k < ix->n_interleaved_by; k++)
            refer(c, ix->interleaved_by[k]->table);
    }
}

/* ---- one table ------------------------------------------------------------------------------- */

/* Comments and zone configurations follow the name. */
static struct error *
move_system_rows(struct exec_ctx *x, const struct replaced *r)
{
    static const struct type *const types[] = {&TYPE_INT8, &TYPE_INT8};
    static const char *const statements[] = {
        "INSERT INTO system.public.comments (type, object_id, sub_id, comment) SELECT type, $2, "
        "sub_id, comment FROM system.public.comments WHERE type IN (1, 2, 3) AND object_id = $1",
        "DELETE FROM system.public.comments WHERE type IN (1, 2, 3) AND object_id = $1 AND $2 != 0",
        "INSERT INTO system.public.zones (id, config) SELECT $2, config FROM system.public.zones "
        "WHERE id = $1",
    };
    struct datum params[] = {datum_int(r->old), datum_int(r->new)};
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        ERR_TRY(exec_sql(x, EXEC_ROOT, NULL, NULL, 2, types, params, statements[i]));
    return NULL;
}

/* Entries among another table's rows of an index that goes. */
static struct error *
clear_dropped(struct exec_ctx *x, const pb_table *was, pb_mutation *const *v, size_t n)
{
    const struct table *t;
    ERR_TRY(table_from_pb(x->arena, was, &t));
    for (size_t i = 0; i < n; i++) {
        if (!MUTATION_IS(v[i], INDEX) || mutation_adds(v[i]) || !ddl_is_interleaved(v[i]->index))
            continue;
        ERR_TRY(ddl_clear_index(x, t, table_index_by_id(t, PB_GET(v[i]->index, id)), NULL));
        ERR_TRY(mutation_unlink_index(x, was, v[i]->index));
    }
    return NULL;
}

/* What is being added to it is added: there are no rows to wait for. Its job finds the table gone. */
static struct error *
finish_mutations(struct exec_ctx *x, uint32_t id)
{
    pb_table *t;
    bool rewrite;
    ERR_TRY(ddl_mutable(x, id, &t));
    while (t->n_mutations > 0) {
        size_t n;
        const pb_table *was = pb_table_copy(x->arena, t);
        pb_mutation **v =
            mutations_take(x->arena, t, PB_GET(t->mutations[0], mutation_id), &n);
        ERR_TRY(clear_dropped(x, was, v, n));
        ERR_TRY(mutations_apply(x, t, v, n, &rewrite));
        ERR_TRY(catalog_write_table(x->catalog, t));
        for (size_t i = 0; i < n; i++)
            if (MUTATION_IS(v[i], CONSTRAINT) && v[i]->constraint->foreign_key != NULL)
                ERR_TRY(ddl_foreign_key_validity(x, id, pb_str(v[i]->constraint->name),
                                                 AMBERDB__CONSTRAINT_VALIDITY__VALIDATED));
        ERR_TRY(ddl_mutable(x, id, &t));
    }
    return NULL;
}

/* The table around its rows, when that is truncated, too: they go with it. */
static uint32_t
root_too(const struct truncation *c, const pb_table *t)
{
    const pb_index *pk = t->primary_index;
    uint32_t root = ddl_is_interleaved(pk) ? pk->interleave->ancestors[0]->table_id : 0;
    return root != 0 && is_listed(c, root) ? root : 0;
}

static struct error *
replace(struct truncation *c, const struct replaced *r)
{
    struct exec_ctx *x = c->x;
    pb_table *old, *t;
    ERR_TRY(finish_mutations(x, r->old));
    ERR_TRY(ddl_mutable(x, r->old, &old));
    ERR_TRY(ddl_clear_interleaved(x, old, root_too(c, old)));
    collect_others(c, old);
    t = pb_table_copy(x->arena, old);
    renumber(c, t);
    PB_SET(t, id, r->new);
    PB_SET(t, version, 1);
    t->modification_time = NULL;
    t->create_as_of_time = NULL;
    t->n_gc_mutations = 0;
    t->n_mutation_jobs = 0;
    t->lease = NULL;
    Amberdb__Replacement *of = PB_NEW(x->arena, Replacement, replacement);
    PB_SET(of, id, r->old);
    of->time = pb_timestamp(x->arena, kv_txn_read_ts(x->txn));
    t->replacement_of = of;
    pb_complete(x->arena, PB_BASE(t));
    PB_SET(old, state, AMBERDB__STATE__DROP);
    PB_SET(old, drop_time, wall_now_ns());
    ERR_TRY(catalog_write_table(x->catalog, old));
    ERR_TRY(catalog_put_descriptor(x->catalog, r->new, pb_descriptor_of_table(x->arena, t)));
    ERR_TRY(catalog_namespace_delete(x->catalog, t->parent_id,
                                     PB_GET(t, unexposed_parent_schema_id), t->name));
    ERR_TRY(catalog_namespace_put(x->catalog, t->parent_id,
                                  PB_GET(t, unexposed_parent_schema_id), t->name, r->new));
    return move_system_rows(x, r);
}

static struct error *
truncate_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_truncate *n = s->truncate;
    struct truncation c = {.x = x, .cascade = n->behavior == AST_DROP_CASCADE};
    (void)rows;
    (void)tag;
    for (int i = 0; i < n->tables.count; i++) {
        const struct table *t;
        ERR_TRY(ddl_relation(x, &n->tables.items[i], DDL_TABLE, false, PRIV_DROP, &t, NULL));
        if (t->id < ID_DEFAULTDB)
            return err_new(ERR_INSUFFICIENT_PRIVILEGE,
                           "user %s does not have DROP privilege on relation %s", x->user,
                           t->name);
        ERR_TRY(add_table(&c, t));
    }
    ERR_TRY(add_dependents(&c));
    for (size_t i = 0; i < c.n; i++)
        ERR_TRY(replace(&c, &c.v[i]));
    for (size_t i = 0; i < c.n_others; i++) {
        const pb_descriptor *d;
        pb_table *t;
        ERR_TRY(catalog_descriptor(x->catalog, c.others[i], &d));
        if (d == NULL || d->table == NULL)
            continue;
        ERR_TRY(ddl_mutable(x, c.others[i], &t));
        renumber(&c, t);
        ERR_TRY(catalog_write_table(x->catalog, t));
    }
    uint32_t *ids = ARENA_ARRAY(x->arena, uint32_t, c.n + 1);
    for (size_t i = 0; i < c.n; i++) {
        ids[i] = c.v[i].old;
        ERR_TRY(ddl_event_named(x, "truncate_table", c.v[i].old, "TableName", c.v[i].name));
    }
    if (c.n == 0)
        return NULL;
    const char *text = ddl_job_text(x);
    ERR_TRY(ddl_job(x, text, ids[0], 0));
    return ddl_gc_job(x, text, 0, NULL, 0, ids, c.n);
}

static const struct statement_ops truncate_ops[] = {
    {.kind = AST_STMT_TRUNCATE, .tag = "TRUNCATE", .flags = STMT_WRITES | STMT_DDL,
     .run = truncate_run},
};

const struct statement_family statement_family_truncate = {
    truncate_ops, sizeof(truncate_ops) / sizeof(truncate_ops[0])};
