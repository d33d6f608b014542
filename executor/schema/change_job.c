/* The jobs SCHEMA CHANGE of statements: rows that say that it is done, or failed; between BEGIN and COMMIT
 * one for all changes of a table, which may fail, or begin its work, at COMMIT. */
#include "config.h"

#include "catalog/build.h"
#include "executor/exec.h"
#include "executor/jobs/jobs.h"
#include "executor/node.h"
#include "executor/schema/schema_int.h"
#include "executor/session_int.h"

static void
set_schema_change(struct exec_ctx *x, Amberdb__Payload *p, uint32_t table_id, uint32_t mutation_id)
{
    p->schema_change = PB_NEW(x->arena, SchemaChangeDetails, schema_change_details);
    p->details_case = AMBERDB__PAYLOAD__DETAILS_SCHEMA_CHANGE;
    PB_SET(p->schema_change, table_id, table_id);
    PB_SET(p->schema_change, mutation_id, mutation_id);
    PB_SET(p->schema_change, format_version, 1);
}

/* Between BEGIN and COMMIT all changes of a table are one job and one mutation.
 * SOURCE: CockroachDB v20.1 pkg/sql/table.go, createOrUpdateSchemaChangeJob. */
struct ddl_txn_job {
    struct ddl_txn_job *next;
    uint32_t table_id, mutation_id;
    int64_t id;              /* 0: not written yet */
    const char *text;        /* of all statements so far */
    bool rows_left;          /* for a job that begins at COMMIT */
    bool drops_left;         /* as mutations, for such a job */
    bool finishes;           /* an event at COMMIT says so */
};

/* NULL outside of BEGIN and COMMIT. */
static struct ddl_txn_job *
txn_job(struct exec_ctx *x, uint32_t table_id)
{
    if (!exec_in_explicit_txn(x) || table_id == 0)
        return NULL;
    struct ddl_txn_job *j = x->txn_state->ddl_jobs;
    while (j != NULL && j->table_id != table_id)
        j = j->next;
    if (j != NULL)
        return j;
    j = ARENA_NEW(exec_txn_arena(x), struct ddl_txn_job);
    j->table_id = table_id;
    j->next = x->txn_state->ddl_jobs;
    x->txn_state->ddl_jobs = j;
    return j;
}

static struct error *
add_to_job(struct exec_ctx *x, struct ddl_txn_job *j, const char *text)
{
    struct job_record r;
    bool found;
    ERR_TRY(job_record_get(x, x->arena, j->id, &r, &found));
    if (!found || r.payload == NULL)
        return err_new(ERR_INTERNAL, "the job of the transaction's changes is gone");
    j->text = arena_printf(exec_txn_arena(x), "%s;%s", j->text, text);
    r.payload->description = arena_strdup(x->arena, j->text);
    return job_record_put(x, &r);
}

static struct error *end_changes(struct exec_ctx *x);

struct error *
ddl_job(struct exec_ctx *x, const char *text, uint32_t table_id, uint32_t mutation_id)
{
    struct ddl_txn_job *j = txn_job(x, table_id);
    if (j != NULL && j->id != 0)
        return add_to_job(x, j, text);
    Amberdb__Payload *p = ddl_payload(x, text, table_id);
    int64_t id;
    set_schema_change(x, p, table_id, mutation_id);
    ERR_TRY(ddl_put_job(x, p, "succeeded", 1, NULL, &id));
    if (j != NULL) { /* it may yet fail, or become a job that begins at COMMIT */
        j->id = id;
        j->text = arena_strdup(exec_txn_arena(x), text);
        j->finishes = mutation_id != 0;
        exec_before_commit(x, end_changes);
        return NULL;
    }
    if (mutation_id == 0)
        return NULL;
    return ddl_event_mutation(x, "finish_schema_change", table_id, mutation_id);
}

struct error *
ddl_take_mutation_id(struct exec_ctx *x, uint32_t table_id, uint32_t *id)
{
    struct ddl_txn_job *j = txn_job(x, table_id);
    pb_table *t;
    if (j != NULL && j->id != 0 && j->mutation_id != 0) {
        *id = j->mutation_id;
        return NULL;
    }
    ERR_TRY(ddl_mutable(x, table_id, &t));
    *id = PB_GET(t, next_mutation_id) > 0 ? PB_GET(t, next_mutation_id) : 1;
    PB_SET(t, next_mutation_id, *id + 1);
    if (j != NULL)
        j->mutation_id = *id;
    return catalog_write_table(x->catalog, t);
}

/* ---- jobs that failed ------------------------------------------------------------------------ */

struct failed {
    const char *user, *text, *error;
    uint32_t table_id, mutation; /* mutation: once told; 0: the table is not there */
    uint32_t given;              /* the number that it has; 0: none yet */
};

static struct error *
put_failed(struct exec_ctx *x, void *arg)
{
    struct failed *f = arg;
    const struct table *t;
    ERR_TRY(catalog_table_by_id(x->catalog, f->table_id, &t));
    f->mutation = 0;
    if (t != NULL) {
        f->mutation = f->given;
        if (f->given == 0)
            ERR_TRY(ddl_take_mutation_id(x, f->table_id, &f->mutation));
        ERR_TRY(ddl_event_reversed(x, f->table_id, f->mutation, f->error));
    }
    Amberdb__Payload *p = ddl_payload(x, f->text, f->table_id);
    p->username = arena_strdup(x->arena, f->user);
    p->error = arena_strdup(x->arena, f->error);
    set_schema_change(x, p, f->table_id, f->mutation);
    return ddl_put_job(x, p, "failed", 0, NULL, NULL);
}

static struct error *
put_reversed(struct exec_ctx *x, void *arg)
{
    const struct failed *f = arg;
    if (f->mutation == 0)
        return NULL;
    return ddl_event_mutation(x, "finish_schema_change_rollback", f->table_id, f->mutation);
}

/* As v20.1 tells of a mutation that it gave up, then of that it is undone. */
static struct error *
tell_failed(struct node *n, struct failed *f)
{
    ERR_TRY(exec_txn(n, NULL, "system", HLC_MIN, NULL, put_failed, f));
    return exec_txn(n, NULL, "system", HLC_MIN, NULL, put_reversed, f);
}

static struct error *
after_rollback(struct node *n, void *arg, bool committed)
{
    if (committed)
        return NULL;
    return tell_failed(n, arg);
}

/* Errors that v20.1 finds after the statement: in what the backfill reads. */
static bool
is_of_backfill(const struct error *e)
{
    return err_is(e, ERR_UNIQUE_VIOLATION) || err_is(e, ERR_CHECK_VIOLATION) ||
           (err_is(e, ERR_FOREIGN_KEY_VIOLATION) &&
            strncmp(e->message, "foreign key violation", 21) == 0);
}

struct error *
ddl_job_failed(struct exec_ctx *x, uint32_t table_id, struct error *e)
{
    if (e == NULL || !is_of_backfill(e) || x->txn_state == NULL)
        return e;
    struct arena *a = exec_txn_arena(x);
    struct failed *f = ARENA_NEW(a, struct failed);
    f->user = arena_strdup(a, x->user);
    f->text = arena_strdup(a, ddl_job_text(x));
    f->error = arena_strdup(a, e->message);
    f->table_id = table_id;
    exec_on_txn_end(x, after_rollback, f);
    return e;
}

/* ---- changes that fail at COMMIT ------------------------------------------------------------- */

void
ddl_undo_point(struct exec_ctx *x, uint32_t table_id, struct ddl_undo *u)
{
    *u = (struct ddl_undo){exec_in_explicit_txn(x) && !catalog_is_new(x->catalog, table_id), 0};
    if (u->taken)
        u->token = kv_txn_savepoint(x->txn);
}

struct error *
ddl_committed_without(const char *code, const char *message)
{
    return err_hint(err_new(ERR_TRANSACTION_COMMITTED_WITH_SCHEMA_CHANGE_FAILURE,
                            "transaction committed but schema change aborted with error: (%s): %s",
                            code, message),
                    "Some of the non-DDL statements may have committed successfully, but some of "
                    "the DDL statement(s) failed.\nManual inspection may be required to determine "
                    "the actual state of the database.\n--\nSee: "
                    "https://go.crdb.dev/issue/42061");
}

struct put_off {
    struct failed job;
    const char *code;
};

static struct error *
after_commit(struct node *n, void *arg, bool committed)
{
    struct put_off *p = arg;
    if (!committed)
        return NULL;
    ERR_TRY(tell_failed(n, &p->job));
    return ddl_committed_without(p->code, p->job.error);
}

static struct error *
undo_constraints(struct exec_ctx *x, const pb_table *before, uint32_t table_id)
{
    pb_table *t;
    ERR_TRY(ddl_mutable(x, table_id, &t));
    for (size_t i = t->n_checks; i-- > 0;)
        if (catalog_adds_check(x->catalog, table_id, t->checks[i]))
            PB_REMOVE(t->checks, t->n_checks, i);
    for (size_t i = 0; i < t->n_columns; i++) {
        const pb_column *was = build_find_column_by_id(before, PB_GET(t->columns[i], id));
        if (was != NULL && PB_GET(was, nullable))
            PB_SET(t->columns[i], nullable, 1);
    }
    ERR_TRY(catalog_write_table(x->catalog, t));
    for (size_t i = t->n_outbound_fks; i-- > 0;) {
        if (catalog_adds_reference(x->catalog, t->outbound_fks[i]))
            ERR_TRY(ddl_remove_foreign_key(x, table_id, t->outbound_fks[i]->name));
        ERR_TRY(ddl_mutable(x, table_id, &t));
    }
    return NULL;
}

/* A change is given up with all that the transaction added to the table before: they are one job. What
 * it dropped stays dropped. */
static struct error *
undo_additions(struct exec_ctx *x, uint32_t table_id)
{
    const pb_table *before = catalog_table_before(x->catalog, table_id);
    pb_table *t;
    if (before == NULL)
        return NULL;
    ERR_TRY(undo_constraints(x, before, table_id));
    ERR_TRY(ddl_mutable(x, table_id, &t));
    for (size_t i = t->n_indexes; i-- > 0;) {
        if (build_find_index_by_id(before, t->indexes[i]->id) == NULL)
            ERR_TRY(ddl_remove_index(x, table_id, t->indexes[i]->id, true, false));
        ERR_TRY(ddl_mutable(x, table_id, &t));
    }
    for (size_t i = t->n_columns; i-- > 0;) {
        bool was = false;
        for (size_t k = 0; k < before->n_columns; k++)
            was = was || before->columns[k]->id == t->columns[i]->id;
        if (!was)
            ERR_TRY(ddl_take_column(x, table_id, t->columns[i]->id, false));
        ERR_TRY(ddl_mutable(x, table_id, &t));
    }
    return NULL;
}

/* The drops of a change that was given up are another. */
static struct error *
go_on_dropping(struct exec_ctx *x, struct ddl_txn_job *j, const struct ddl_txn_job *was)
{
    pb_table *t;
    uint32_t id;
    ERR_TRY(ddl_take_mutation_id(x, j->table_id, &id));
    ERR_TRY(ddl_mutable(x, j->table_id, &t));
    for (size_t i = 0; i < t->n_mutations; i++)
        if (PB_GET(t->mutations[i], mutation_id) == was->mutation_id)
            PB_SET(t->mutations[i], mutation_id, id);
    ERR_TRY(catalog_write_table(x->catalog, t));
    j->drops_left = true;
    return ddl_job(x, was->text, j->table_id, id);
}

static struct put_off *
put_off(struct exec_ctx *x, uint32_t table_id, const char *text, struct error *e)
{
    struct arena *a = exec_txn_arena(x);
    struct put_off *p = ARENA_NEW(a, struct put_off);
    p->job.user = arena_strdup(a, x->user);
    p->job.text = text;
    p->job.error = arena_strdup(a, e->message);
    p->job.table_id = table_id;
    p->code = arena_strdup(a, errcode_sqlstate(e->code));
    exec_on_txn_end(x, after_commit, p);
    err_free(e);
    return p;
}

/* The table's job with all that the transaction added; what it dropped goes on. */
static struct error *
give_up(struct exec_ctx *x, struct ddl_txn_job *j, struct put_off *p)
{
    const struct ddl_txn_job was = *j;
    if (j->id != 0) {
        p->job.given = j->mutation_id;
        ERR_TRY(job_record_delete(x, j->id));
        ERR_TRY(undo_additions(x, j->table_id));
    }
    *j = (struct ddl_txn_job){.next = j->next, .table_id = j->table_id};
    return was.drops_left ? go_on_dropping(x, j, &was) : NULL;
}

/* Is it of a change that v20.1 carries out after the COMMIT? */
static bool
can_wait(const struct error *e)
{
    return is_of_backfill(e) || err_is(e, ERR_NOT_NULL_VIOLATION);
}

struct error *
ddl_put_off(struct exec_ctx *x, const struct ddl_undo *u, uint32_t table_id, struct error *e)
{
    if (e == NULL || !u->taken || !can_wait(e))
        return e;
    struct arena *a = exec_txn_arena(x);
    struct ddl_txn_job *j = txn_job(x, table_id);
    const char *text = j != NULL && j->id != 0
                           ? arena_printf(a, "%s;%s", j->text, ddl_job_text(x))
                           : arena_strdup(a, ddl_job_text(x));
    kv_txn_rollback_to(x->txn, u->token);
    catalog_txn_rolled_back(x->catalog);
    struct put_off *p = put_off(x, table_id, text, e);
    return j != NULL ? give_up(x, j, p) : NULL;
}

/* ---- rows that wait for COMMIT --------------------------------------------------------------- */

struct error *
ddl_leave_rows(struct exec_ctx *x, const char *text, uint32_t table_id, const pb_table *before,
               uint32_t mutation_id)
{
    struct ddl_txn_job *j = txn_job(x, table_id);
    bool drops;
    ERR_TRY(ddl_defer_losses(x, table_id, before, mutation_id, &drops));
    if (j == NULL)
        return ddl_start_job(x, text, table_id, before, mutation_id);
    ERR_TRY(ddl_job(x, text, table_id, mutation_id));
    j->drops_left |= drops;
    j->rows_left = true;
    exec_before_commit(x, end_changes);
    return NULL;
}

/* A new column's NULLs, where writers knew of no value for it. */
struct no_null {
    const struct table *t;
    int column;
};

static struct error *
refuse_null(void *arg, const struct datum *row, bool *stop)
{
    const struct no_null *n = arg;
    const char *name = n->t->columns[n->column].name;
    (void)stop;
    if (!row[n->column].null)
        return NULL;
    return err_table(err_new(ERR_NOT_NULL_VIOLATION,
                             "null value in column \"%s\" violates not-null constraint", name),
                     n->t->name, name, NULL);
}

static struct error *
validate_columns(struct exec_ctx *x, const struct table *now, const pb_table *before)
{
    for (int i = 0; i < now->n_columns; i++) {
        const pb_column *was = build_find_column_by_id(before, now->columns[i].id);
        struct no_null n = {now, i};
        if (was == NULL && !now->columns[i].nullable)
            ERR_TRY(ddl_each_row(x, now, NULL, NULL, refuse_null, &n));
    }
    return NULL;
}

static struct error *
validate_additions(struct exec_ctx *x, const struct table *now, const pb_table *before)
{
    const Amberdb__ConstraintValidity validated = AMBERDB__CONSTRAINT_VALIDITY__VALIDATED;
    for (size_t i = 0; i < now->pb->n_checks; i++) {
        const Amberdb__CheckConstraint *k = now->pb->checks[i];
        if (catalog_adds_check(x->catalog, now->id, k) && PB_GET(k, validity) == validated)
            ERR_TRY(ddl_validate_check(x, now, pb_str(k->expr)));
    }
    for (size_t i = 0; i < now->pb->n_outbound_fks; i++) {
        const Amberdb__ForeignKeyConstraint *fk = now->pb->outbound_fks[i];
        if (catalog_adds_reference(x->catalog, fk) && PB_GET(fk, validity) == validated)
            ERR_TRY(ddl_validate_foreign_key(x, now, pb_str(fk->name)));
    }
    for (int i = 0; i < now->n_columns; i++) {
        const pb_column *was = build_find_column_by_id(before, now->columns[i].id);
        if (was != NULL && PB_GET(was, nullable) && !now->columns[i].nullable)
            ERR_TRY(ddl_validate_not_null(x, now, now->columns[i].name));
    }
    return NULL;
}

/* The table as statements write it. */
static struct error *
table_seen(struct exec_ctx *x, uint32_t table_id, const struct table **seen)
{
    bool was = catalog_see_additions(x->catalog, false);
    struct error *err = catalog_table_by_id(x->catalog, table_id, seen);
    catalog_see_additions(x->catalog, was);
    return err;
}

struct error *
ddl_bring_rows(struct exec_ctx *x, uint32_t table_id)
{
    struct ddl_txn_job *j = txn_job(x, table_id);
    const pb_table *before_pb = catalog_table_before(x->catalog, table_id);
    const struct table *before, *now, *seen;
    if (j == NULL || !j->rows_left || before_pb == NULL)
        return NULL;
    ERR_TRY(table_from_pb(x->arena, before_pb, &before));
    ERR_TRY(catalog_table_by_id(x->catalog, table_id, &now));
    ERR_TRY(table_seen(x, table_id, &seen));
    if (now == NULL || seen == NULL)
        return NULL;
    struct ddl_piece all = {.max_rows = UINT64_MAX, .max_bytes = SIZE_MAX, .seen = seen};
    if (now->n_columns > seen->n_columns)
        ERR_TRY(ddl_rewrite_rows(x, before, now, &all));
    for (int i = 1; i < now->n_indexes; i++)
        if (build_find_index_by_id(before_pb, now->indexes[i].id) == NULL)
            ERR_TRY(ddl_backfill_index(x, now, &now->indexes[i], &all));
    ERR_TRY(validate_additions(x, now, before_pb));
    j->rows_left = false;
    return NULL;
}

/* ---- COMMIT ---------------------------------------------------------------------------------- */

/* What rows were not held to by the transaction's statements. */
static struct error *
complete_additions(struct exec_ctx *x, const struct table *now, const pb_table *before)
{
    const struct table *seen;
    struct ddl_piece all = {.max_rows = UINT64_MAX, .max_bytes = SIZE_MAX};
    ERR_TRY(table_seen(x, now->id, &seen));
    ERR_TRY(validate_columns(x, now, before));
    for (int i = 0; seen != NULL && i < seen->n_all_indexes; i++) {
        const struct index *ix = table_index_by_id(now, seen->indexes[i].id);
        if (i >= seen->n_indexes && i < now->n_indexes && seen->indexes[i].state == DESC_DELETE_ONLY)
            ERR_TRY(ddl_backfill_index(x, now, ix, &all));
    }
    return validate_additions(x, now, before);
}

/* Where rows are left, what the transaction added to the table becomes mutations, and a job on them begins;
 * else the change is done, or given up. */
static struct error *
end_change(struct exec_ctx *x, struct ddl_txn_job *j)
{
    const pb_table *before = catalog_table_before(x->catalog, j->table_id);
    const struct table *t;
    ERR_TRY(catalog_table_by_id(x->catalog, j->table_id, &t));
    if (before != NULL && t != NULL && !j->rows_left) {
        struct error *err = complete_additions(x, t, before);
        if (err != NULL && !can_wait(err))
            return err;
        if (err != NULL)
            ERR_TRY(give_up(x, j, put_off(x, j->table_id, j->text, err)));
        ERR_TRY(catalog_table_by_id(x->catalog, j->table_id, &t));
    }
    if (j->id == 0)
        return NULL;
    if (!(j->rows_left || j->drops_left) || before == NULL || t == NULL)
        return j->finishes ? ddl_event_mutation(x, "finish_schema_change", j->table_id, j->mutation_id)
                           : NULL;
    ERR_TRY(job_record_delete(x, j->id));
    return ddl_start_job(x, j->text, j->table_id, j->rows_left ? before : t->pb,
                         j->mutation_id);
}

static struct error *
end_changes(struct exec_ctx *x)
{
    for (struct ddl_txn_job *j = x->txn_state->ddl_jobs; j != NULL; j = j->next)
        if (j->id != 0)
            ERR_TRY(end_change(x, j));
    return NULL;
}
