/* CREATE SEQUENCE, ALTER SEQUENCE, and the sequences that SERIAL columns make. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "catalog/build.h"
#include "catalog/row.h"

/* ---- options --------------------------------------------------------------------------------- */

static struct error *
bad_option(const char *what, int64_t a, const char *how, int64_t b)
{
    return err_new(ERR_INVALID_PARAMETER_VALUE, "%s (%lld) %s (%lld)", what, (long long)a, how,
                   (long long)b);
}

static struct error *
one_option(Amberdb__SequenceOpts *o, const struct ast_seq_option *n)
{
    switch (n->kind) {
    case AST_SEQ_CYCLE:
        return err_unimplemented(20961, "CYCLE option is not supported");
    case AST_SEQ_CACHE:
        if (n->value < 1)
            return err_new(ERR_INVALID_PARAMETER_VALUE, "CACHE (%lld) must be greater than zero",
                           (long long)n->value);
        if (n->value > 1)
            return err_unimplemented(32567, "CACHE values larger than 1 are not supported, found "
                                            "%lld", (long long)n->value);
        return NULL;
    case AST_SEQ_MINVALUE:
        if (!n->none)
            PB_SET(o, min_value, n->value);
        return NULL;
    case AST_SEQ_MAXVALUE:
        if (!n->none)
            PB_SET(o, max_value, n->value);
        return NULL;
    case AST_SEQ_START:
        PB_SET(o, start, n->value);
        return NULL;
    case AST_SEQ_VIRTUAL:
        PB_SET(o, virtual_, 1);
        return NULL;
    case AST_SEQ_RESTART:
        return err_unimplemented(20755, "RESTART option is not supported");
    default:
        return NULL;
    }
}

/* SOURCE: CockroachDB v20.1 pkg/sql/sequence.go, assignSequenceOptions */
static struct error *
set_options(const struct ast_sequence_stmt *n, Amberdb__SequenceOpts *o, bool fresh)
{
    bool start_given = false;
    for (int i = 0; i < n->count; i++)
        if (n->items[i].kind == AST_SEQ_INCREMENT)
            PB_SET(o, increment, n->items[i].value);
    if (o->increment == 0)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "INCREMENT must not be zero");
    if (fresh) {
        PB_SET(o, min_value, o->increment > 0 ? 1 : INT64_MIN);
        PB_SET(o, max_value, o->increment > 0 ? INT64_MAX : -1);
    }
    for (int i = 0; i < n->count; i++) {
        for (int k = 0; k < i; k++)
            if (n->items[k].kind == n->items[i].kind)
                return err_new(ERR_SYNTAX, "conflicting or redundant options");
        ERR_TRY(one_option(o, &n->items[i]));
        start_given = start_given || n->items[i].kind == AST_SEQ_START;
    }
    if (fresh && !start_given)
        PB_SET(o, start, o->increment > 0 ? o->min_value : o->max_value);
    if (o->min_value > o->max_value)
        return bad_option("MINVALUE", o->min_value, "must be less than MAXVALUE", o->max_value);
    if (o->start < o->min_value)
        return bad_option("START value", o->start, "cannot be less than MINVALUE", o->min_value);
    if (o->start > o->max_value)
        return bad_option("START value", o->start, "cannot be greater than MAXVALUE",
                          o->max_value);
    return NULL;
}

/* ---- OWNED BY -------------------------------------------------------------------------------- */

static struct error *
disown(struct exec_ctx *x, uint32_t sequence_id, const Amberdb__SequenceOpts *o)
{
    const pb_descriptor *d;
    pb_table *t;
    uint32_t owner = o->sequence_owner != NULL ? o->sequence_owner->owner_table_id : 0;
    if (owner == 0)
        return NULL;
    ERR_TRY(catalog_descriptor(x->catalog, owner, &d));
    if (d == NULL || d->table == NULL)
        return NULL;
    ERR_TRY(ddl_mutable(x, owner, &t));
    for (size_t c = 0; c < t->n_columns; c++)
        for (size_t i = 0; i < t->columns[c]->n_owns_sequence_ids; i++)
            if (t->columns[c]->owns_sequence_ids[i] == sequence_id) {
                PB_REMOVE(t->columns[c]->owns_sequence_ids, t->columns[c]->n_owns_sequence_ids, i);
                i--;
            }
    return catalog_write_table(x->catalog, t);
}

static struct error *
find_owner(struct exec_ctx *x, const struct ast_expr *e, const struct table **t,
           const struct column **c)
{
    int n = e->column.count;
    struct ast_object_name name = {.count = n - 1, .pos = e->pos};
    if (n < 2)
        return err_new(ERR_SYNTAX, "column name must be qualified");
    name.object = e->column.parts[n - 2];
    if (n >= 3)
        name.schema = e->column.parts[n - 3];
    if (n >= 4)
        name.catalog = e->column.parts[n - 4];
    ERR_TRY(ddl_relation(x, &name, DDL_TABLE, false, PRIV_CREATE, t, NULL));
    *c = table_column(*t, ddl_text(x, e->column.parts[n - 1]));
    if (*c == NULL)
        return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist",
                       ddl_text(x, e->column.parts[n - 1]));
    return NULL;
}

/* The sequence's descriptor is in the catalog; it is written again. */
static struct error *
own(struct exec_ctx *x, uint32_t sequence_id, const struct ast_sequence_stmt *n)
{
    for (int i = 0; i < n->count; i++) {
        const struct ast_seq_option *o = &n->items[i];
        const struct table *t;
        const struct column *c = NULL;
        pb_table *s, *owner;
        if (o->kind != AST_SEQ_OWNED_BY)
            continue;
        ERR_TRY(ddl_mutable(x, sequence_id, &s));
        ERR_TRY(disown(x, sequence_id, s->sequence_opts));
        s->sequence_opts->sequence_owner = PB_NEW(x->arena, SequenceOwner, sequence_owner);
        if (!o->none) {
            ERR_TRY(find_owner(x, o->owner, &t, &c));
            VERIFY(c != NULL);
            PB_SET(s->sequence_opts->sequence_owner, owner_table_id, t->id);
            PB_SET(s->sequence_opts->sequence_owner, owner_column_id, c->id);
            ERR_TRY(ddl_mutable(x, t->id, &owner));
            pb_column *oc = build_find_column_by_id(owner, c->id);
            PB_PUSH(x->arena, oc->owns_sequence_ids, oc->n_owns_sequence_ids, sequence_id);
            ERR_TRY(catalog_write_table(x->catalog, owner));
        }
        return catalog_write_table(x->catalog, s);
    }
    return NULL;
}

/* ---- CREATE ---------------------------------------------------------------------------------- */

static struct error *
put_value(struct exec_ctx *x, uint32_t id, int64_t value)
{
    struct str key, sealed;
    str_init_arena(&key, x->arena, STR_MAX_DEFAULT);
    str_init_arena(&sealed, x->arena, STR_MAX_DEFAULT);
    row_sequence_key(&key, id);
    row_sequence_value(&sealed, str_slice(&key), value);
    return kv_put(x->txn, str_slice(&key), str_slice(&sealed));
}

static struct error *
make_sequence(struct exec_ctx *x, const struct ddl_target *to, const char *name,
              Amberdb__SequenceOpts *o, uint32_t *id)
{
    pb_table *t = build_sequence(x->arena, to->db->id, name, o);
    ERR_TRY(catalog_new_id(x->catalog, id));
    PB_SET(t, id, *id);
    t->privileges =
        (Amberdb__PrivilegeDescriptor *)(void *)pb_copy(x->arena, PB_BASE(to->db->pb->privileges));
    if (to->temporary) {
        PB_SET(t, temporary, true);
        PB_SET(t, unexposed_parent_schema_id, to->schema_id);
    }
    ERR_TRY(catalog_put_descriptor(x->catalog, *id, pb_descriptor_of_table(x->arena, t)));
    ERR_TRY(ddl_put_name(x, t));
    /* nextval steps first. Wraps for the widest sequences, as it does in v20.1. */
    return put_value(x, *id, (int64_t)((uint64_t)o->start - (uint64_t)o->increment));
}

static struct error *
create_sequence_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows,
                    char **tag)
{
    const struct ast_sequence_stmt *n = s->create_sequence;
    struct ddl_target to;
    const struct table *t;
    uint32_t id;
    (void)rows;
    (void)tag;
    ERR_TRY(ddl_new_relation(x, &n->name, n->temporary, n->if_exists, &to));
    if (to.exists)
        return NULL;
    Amberdb__SequenceOpts *o = PB_NEW(x->arena, SequenceOpts, sequence_opts);
    o->sequence_owner = PB_NEW(x->arena, SequenceOwner, sequence_owner);
    PB_SET(o, increment, 1);
    ERR_TRY(set_options(n, o, true));
    ERR_TRY(make_sequence(x, &to, ddl_text(x, n->name.object), o, &id));
    ERR_TRY(own(x, id, n));
    ERR_TRY(catalog_table_by_id(x->catalog, id, &t));
    return ddl_event_named(x, "create_sequence", id, "SequenceName", ddl_qualified(x, t));
}

struct error *
ddl_serial_sequence(struct exec_ctx *x, const pb_table *t, const char *column, bool virtual_,
                    const char **name)
{
    static const struct ast_sequence_stmt no_options;
    struct ddl_target to = {.schema_id = PB_GET(t, unexposed_parent_schema_id),
                            .temporary = PB_GET(t, temporary)};
    const char *base = arena_printf(x->arena, "%s_%s_seq", t->name, column);
    uint32_t taken, id;
    *name = base;
    ERR_TRY(catalog_database_by_id(x->catalog, t->parent_id, &to.db));
    if (to.db == NULL)
        return err_new(ERR_INTERNAL, "no database for the sequence of a SERIAL column");
    for (unsigned i = 1;; i++) {
        ERR_TRY(catalog_namespace_get(x->catalog, t->parent_id, to.schema_id, *name, &taken));
        if (taken == 0)
            break;
        *name = arena_printf(x->arena, "%s%u", base, i);
    }
    Amberdb__SequenceOpts *o = PB_NEW(x->arena, SequenceOpts, sequence_opts);
    o->sequence_owner = PB_NEW(x->arena, SequenceOwner, sequence_owner);
    PB_SET(o, increment, 1);
    PB_SET(o, virtual_, virtual_);
    ERR_TRY(set_options(&no_options, o, true));
    return make_sequence(x, &to, *name, o, &id);
}

/* ---- ALTER ----------------------------------------------------------------------------------- */

/* A sequence that ran past its old end goes on from that end when there is more room. */
static struct error *
back_in_range(struct exec_ctx *x, const pb_table *t, const Amberdb__SequenceOpts *old)
{
    const Amberdb__SequenceOpts *o = t->sequence_opts;
    struct slice stored;
    struct str key;
    bool found;
    int64_t v;
    str_init_arena(&key, x->arena, STR_MAX_DEFAULT);
    row_sequence_key(&key, t->id);
    ERR_TRY(kv_get(x->txn, str_slice(&key), x->arena, &found, &stored, NULL));
    if (!found)
        return NULL;
    ERR_TRY(row_sequence_decode(stored, &v));
    if (o->increment > 0 && o->max_value > old->max_value && v > old->max_value)
        return put_value(x, t->id, old->max_value);
    if (o->increment < 0 && o->min_value < old->min_value && v < old->min_value)
        return put_value(x, t->id, old->min_value);
    return NULL;
}

static struct error *
alter_sequence_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_sequence_stmt *n = s->alter_sequence;
    const struct table *t;
    pb_table *pb;
    (void)rows;
    (void)tag;
    ERR_TRY(ddl_relation(x, &n->name, DDL_SEQUENCE, n->if_exists, PRIV_CREATE, &t, NULL));
    if (t == NULL)
        return NULL;
    ERR_TRY(ddl_check_table(x, t, PRIV_CREATE));
    ERR_TRY(ddl_mutable(x, t->id, &pb));
    Amberdb__SequenceOpts old = *pb->sequence_opts;
    ERR_TRY(set_options(n, pb->sequence_opts, false));
    ERR_TRY(back_in_range(x, pb, &old));
    ERR_TRY(catalog_write_table(x->catalog, pb));
    ERR_TRY(own(x, pb->id, n));
    ERR_TRY(catalog_table_by_id(x->catalog, pb->id, &t));
    ERR_TRY(ddl_event_named(x, "alter_sequence", pb->id, "SequenceName", ddl_qualified(x, t)));
    return ddl_job(x, ddl_job_text(x), pb->id, 0);
}

static const struct statement_ops sequence_ops[] = {
    {.kind = AST_STMT_CREATE_SEQUENCE, .tag = "CREATE SEQUENCE", .flags = STMT_WRITES | STMT_DDL,
     .run = create_sequence_run},
    {.kind = AST_STMT_ALTER_SEQUENCE, .tag = "ALTER SEQUENCE", .flags = STMT_WRITES | STMT_DDL,
     .run = alter_sequence_run},
};

const struct statement_family statement_family_sequence_ddl = {
    sequence_ops, sizeof(sequence_ops) / sizeof(sequence_ops[0])};
