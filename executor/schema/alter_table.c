/* ALTER TABLE: its commands one after the other, each complete before the next begins. */
#include "config.h"

#include "executor/schema/mutations.h"
#include "executor/schema/schema_int.h"

#include "catalog/build.h"

struct error *
alter_table_now(struct alter *a, const struct table **out)
{
    ERR_TRY(catalog_table_by_id(a->x->catalog, a->id, out));
    if (*out == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation \"%s\" does not exist", a->shown);
    return NULL;
}

static struct error *
audit(struct alter *a, const struct ast_alter_cmd *c)
{
    pb_table *t;
    ERR_TRY(catalog_check_admin(a->x->catalog, a->x->user, "change auditing settings on a table"));
    ERR_TRY(ddl_mutable(a->x, a->id, &t));
    PB_SET(t, audit_mode, c->audit_read_write ? AMBERDB__AUDIT_MODE__AUDIT_READWRITE
                                              : AMBERDB__AUDIT_MODE__AUDIT_DISABLED);
    return catalog_write_table(a->x->catalog, t);
}

static bool
makes_key(const struct ast_alter_cmd *c)
{
    return c->kind == AST_ALTER_PRIMARY_KEY ||
           (c->kind == AST_ALTER_ADD_CONSTRAINT && c->def->kind == AST_DEF_PRIMARY_KEY);
}

static struct error *
note_change(struct alter *a, const struct ast_alter_cmd *c)
{
    const struct table *t;
    bool new_key = makes_key(c);
    if (!new_key && c->kind != AST_ALTER_ADD_COLUMN && c->kind != AST_ALTER_DROP_COLUMN &&
        c->kind != AST_ALTER_SET_NOT_NULL && c->kind != AST_ALTER_ADD_CONSTRAINT)
        return NULL;
    a->mutated = true;
    ERR_TRY(alter_table_now(a, &t));
    return ddl_note_change(a->x, t, new_key ? CHANGE_PRIMARY_KEY : CHANGE_MUTATION);
}

/* v20.1 queues these, too. */
static struct error *
refuse_while_key_changes(struct alter *a, const struct ast_alter_cmd *c)
{
    const struct table *t;
    if (c->kind != AST_ALTER_DROP_CONSTRAINT && c->kind != AST_ALTER_DROP_NOT_NULL)
        return NULL;
    ERR_TRY(alter_table_now(a, &t));
    if (!mutation_changes_key(t->pb))
        return NULL;
    return catalog_note_change(a->x->catalog, t, CHANGE_MUTATION);
}

static struct error *
command(struct alter *a, const struct ast_alter_cmd *c)
{
    const struct table *t;
    ERR_TRY(refuse_while_key_changes(a, c));
    ERR_TRY(note_change(a, c));
    switch (c->kind) {
    case AST_ALTER_ADD_COLUMN:
        return alter_add_column(a, c);
    case AST_ALTER_DROP_COLUMN:
        return alter_drop_column(a, c);
    case AST_ALTER_SET_DEFAULT:
    case AST_ALTER_SET_NOT_NULL:
    case AST_ALTER_DROP_NOT_NULL:
    case AST_ALTER_DROP_STORED:
    case AST_ALTER_TYPE:
        return alter_column(a, c);
    case AST_ALTER_ADD_CONSTRAINT:
        return alter_add_constraint(a, c);
    case AST_ALTER_PRIMARY_KEY:
        return alter_primary_key(a, c->def->index);
    case AST_ALTER_DROP_CONSTRAINT:
        return alter_drop_constraint(a, c);
    case AST_ALTER_VALIDATE_CONSTRAINT:
        return alter_validate_constraint(a, c);
    case AST_ALTER_RENAME_CONSTRAINT:
        return alter_rename_constraint(a, c);
    case AST_ALTER_RENAME_TABLE:
        ERR_TRY(alter_table_now(a, &t));
        return ddl_rename_table(a->x, t, &c->new_table);
    case AST_ALTER_RENAME_COLUMN:
        ERR_TRY(alter_table_now(a, &t));
        return ddl_rename_column(a->x, t, ddl_text(a->x, c->name), ddl_text(a->x, c->new_name));
    case AST_ALTER_PARTITION_BY:
        ERR_TRY(alter_table_now(a, &t));
        return ddl_partition_index(a->x, a->id, t->indexes[0].id, c->partition_by);
    case AST_ALTER_INJECT_STATS:
        ERR_TRY(alter_table_now(a, &t));
        return ddl_inject_statistics(a->x, t, c->expr);
    case AST_ALTER_AUDIT:
        return audit(a, c);
    }
    return NULL;
}

/* The event, the job, and one for the data of dropped indexes. */
static struct error *
finish(struct alter *a, const pb_table *before, size_t n_dropped)
{
    struct exec_ctx *x = a->x;
    const struct table *t;
    uint32_t mutation = 0, *gone;
    if (a->mutated)
        ERR_TRY(ddl_take_mutation_id(x, a->id, &mutation));
    ERR_TRY(alter_table_now(a, &t));
    struct ddl_field fields[] = {
        {"TableName", ddl_qualified(x, t), false},
        {"MutationID", arena_printf(x->arena, "%u", mutation), true},
        {"CascadeDroppedViews", "null", true},
    };
    ERR_TRY(ddl_event(x, "alter_table", t->id, 1, 3, fields));
    if (a->rows_left)
        ERR_TRY(ddl_leave_rows(x, a->text, t->id, before, mutation));
    else
        ERR_TRY(ddl_job(x, a->text, t->id, mutation));
    ERR_TRY(alter_table_now(a, &t));
    if (t->pb->n_gc_mutations <= n_dropped)
        return NULL;
    size_t n = t->pb->n_gc_mutations - n_dropped;
    gone = ARENA_ARRAY(x->arena, uint32_t, n);
    for (size_t i = 0; i < n; i++)
        gone[i] = (uint32_t)t->pb->gc_mutations[n_dropped + i]->index_id;
    return ddl_gc_job(x, a->text, t->id, gone, n, NULL, 0);
}

/* VALIDATE looks at the rows at once, wherever it stands. */
static bool
validates(const struct ast_alter_table *n)
{
    for (int i = 0; i < n->count; i++)
        if (n->items[i].kind == AST_ALTER_VALIDATE_CONSTRAINT)
            return true;
    return false;
}

/* Where a new key is by itself, or right behind the end of the old one; entries that lie among another
 * table's rows do not wait for the garbage collector. */
static bool
key_can_follow(const struct ast_alter_table *n, const pb_table *t)
{
    const struct ast_alter_cmd *last = &n->items[n->count - 1];
    bool alone = n->count == 1 || (n->count == 2 && n->items[0].kind == AST_ALTER_DROP_CONSTRAINT);
    if (!alone || !makes_key(last))
        return false;
    bool interleaved = last->def->index->interleave != NULL || ddl_is_interleaved(t->primary_index);
    for (size_t i = 0; i < t->n_indexes; i++)
        interleaved = interleaved || ddl_is_interleaved(t->indexes[i]);
    return !interleaved;
}

static bool
rows_can_follow(const struct ast_alter_table *n, const pb_table *t)
{
    for (int i = 0; i < n->count; i++) {
        if (makes_key(&n->items[i]))
            return key_can_follow(n, t);
        if (n->items[i].kind == AST_ALTER_VALIDATE_CONSTRAINT)
            return false;
    }
    return true;
}

/* Names, defaults and the like do not look at rows. */
static bool
looks_at_rows(const struct ast_alter_table *n)
{
    for (int i = 0; i < n->count; i++)
        switch (n->items[i].kind) {
        case AST_ALTER_ADD_COLUMN:
        case AST_ALTER_DROP_COLUMN:
        case AST_ALTER_ADD_CONSTRAINT:
        case AST_ALTER_VALIDATE_CONSTRAINT:
        case AST_ALTER_SET_NOT_NULL:
        case AST_ALTER_PRIMARY_KEY:
            return true;
        default:
            break;
        }
    return false;
}

static struct error *
whether_for_job(struct alter *a, const struct ast_alter_table *n, const struct table *t)
{
    return looks_at_rows(n) && rows_can_follow(n, t->pb) ? ddl_is_for_job(a->x, t, &a->for_job) : NULL;
}

const pb_table *
alter_before(const struct alter *a)
{
    const pb_table *before = catalog_table_before(a->x->catalog, a->id);
    return before != NULL ? before : a->before;
}

static struct error *
alter_table_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_alter_table *n = s->alter_table;
    const struct table *t;
    (void)rows;
    (void)tag;
    ERR_TRY(ddl_relation(x, &n->table, DDL_KEYLESS_TABLE, n->if_exists, PRIV_CREATE, &t, NULL));
    if (t == NULL)
        return NULL;
    ERR_TRY(ddl_check_table(x, t, PRIV_CREATE));
    struct alter a = {.x = x, .id = t->id, .shown = t->name, .text = ddl_job_text(x),
                      .at_commit = exec_in_explicit_txn(x) && !catalog_is_new(x->catalog, t->id)};
    const pb_table *before = t->pb;
    if (n->count > 1)
        a.before = before;
    struct ddl_undo undo = {0};
    ERR_TRY(whether_for_job(&a, n, t));
    if (!validates(n))
        ddl_undo_point(x, a.id, &undo);
    if (!a.for_job && looks_at_rows(n)) {
        struct error *err = ddl_bring_rows(x, a.id);
        if (err != NULL)
            return ddl_put_off(x, &undo, a.id, err);
    }
    for (int i = 0; i < n->count; i++) {
        struct error *err = command(&a, &n->items[i]);
        if (err != NULL && undo.taken && !a.at_once)
            return ddl_put_off(x, &undo, a.id, err);
        if (!validates(n))
            err = ddl_job_failed(x, a.id, err);
        ERR_TRY(err);
        kv_txn_step(x->txn);
    }
    return finish(&a, before, before->n_gc_mutations);
}

static struct error *
alter_index_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_alter_index *n = s->alter_index;
    struct found_index f;
    (void)rows;
    (void)tag;
    ERR_TRY(ddl_find_index(x, &n->index, n->if_exists, &f));
    if (f.ix == NULL)
        return NULL;
    ERR_TRY(ddl_check_table(x, f.t, PRIV_CREATE));
    const char *name = ddl_qualified(x, f.t);
    const char *index_name = arena_strdup(x->arena, f.ix->name);
    uint32_t table_id = f.t->id, index_id = f.ix->id;
    for (int i = 0; i < n->count; i++)
        if (n->items[i].kind == AST_ALTER_PARTITION_BY)
            ERR_TRY(ddl_partition_index(x, table_id, index_id, n->items[i].partition_by));
    struct ddl_field fields[] = {{"TableName", name, false},
                                 {"IndexName", index_name, false},
                                 {"MutationID", "0", true}};
    ERR_TRY(ddl_event(x, "alter_index", table_id, 2, 3, fields));
    return ddl_job(x, ddl_job_text(x), table_id, 0);
}

static const struct statement_ops alter_table_ops[] = {
    {.kind = AST_STMT_ALTER_TABLE, .tag = "ALTER TABLE", .flags = STMT_WRITES | STMT_DDL,
     .run = alter_table_run},
    {.kind = AST_STMT_ALTER_INDEX, .tag = "ALTER INDEX", .flags = STMT_WRITES | STMT_DDL,
     .run = alter_index_run},
};

const struct statement_family statement_family_alter_table = {
    alter_table_ops, sizeof(alter_table_ops) / sizeof(alter_table_ops[0])};
