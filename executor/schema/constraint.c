/* CHECK and FOREIGN KEY constraints of descriptors. */
#include "config.h"

#include "executor/schema/mutations.h"
#include "executor/schema/schema_int.h"

#include "catalog/build.h"

/* ---- CHECK ----------------------------------------------------------------------------------- */

struct mentions {
    struct arena *a;
    const struct table *t;
    size_t n, cap;
    const char **names;
    uint32_t *ids;
};

static void
note_mention(void *arg, const struct expr *e)
{
    struct mentions *m = arg;
    if (e->kind != EXPR_COLUMN)
        return;
    if (m->n == m->cap) {
        size_t cap = m->cap == 0 ? 8 : 2 * m->cap;
        m->names = arena_realloc(m->a, m->names, m->n * sizeof(*m->names), cap * sizeof(*m->names));
        m->ids = arena_realloc(m->a, m->ids, m->n * sizeof(*m->ids), cap * sizeof(*m->ids));
        m->cap = cap;
    }
    m->names[m->n] = m->t->columns[e->index].name;
    m->ids[m->n++] = m->t->columns[e->index].id;
}

static struct error *
check_name(struct exec_ctx *x, const pb_table *t, struct slice name, const struct mentions *m,
           char **out)
{
    if (name.len == 0) {
        *out = build_check_name(x->arena, t, m->names, m->n);
        return NULL;
    }
    *out = arena_strndup(x->arena, (const char *)name.ptr, name.len);
    if (build_constraint_name_taken(t, *out))
        return err_new(ERR_DUPLICATE_OBJECT, "duplicate constraint name: \"%s\"", *out);
    return NULL;
}

struct error *
ddl_add_check(struct exec_ctx *x, pb_table *t, const struct table *view, struct slice name,
              const struct ast_expr *ast)
{
    struct type_ctx tc;
    struct expr *e;
    struct scope *scope;
    ERR_TRY(ddl_scope(x, view, &scope));
    type_ctx_init(&tc, exec_planner(x), scope, "CHECK",
                  REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS | REJECT_VARIABLES);
    ERR_TRY(ddl_unknown_column(x, type_expr_as(&tc, ast, &TYPE_BOOL, "CHECK", &e), ast));
    struct mentions m = {.a = x->arena, .t = view};
    expr_walk(e, note_mention, &m);
    Amberdb__CheckConstraint *c = PB_NEW(x->arena, CheckConstraint, check_constraint);
    ERR_TRY(expr_to_stored_sql(&tc, ast, e, false, &c->expr));
    ERR_TRY(check_name(x, t, name, &m, &c->name));
    PB_SET(c, validity, AMBERDB__CONSTRAINT_VALIDITY__VALIDATED);
    for (size_t i = 0; i < m.n; i++)
        if (!pb_u32_contains(c->column_ids, c->n_column_ids, m.ids[i]))
            PB_PUSH(x->arena, c->column_ids, c->n_column_ids, m.ids[i]);
    PB_PUSH(x->arena, t->checks, t->n_checks, c);
    return NULL;
}

/* ---- FOREIGN KEY ----------------------------------------------------------------------------- */

static const Amberdb__Action fk_actions[] = {
    [AST_FK_NO_ACTION] = AMBERDB__ACTION__NO_ACTION,
    [AST_FK_RESTRICT] = AMBERDB__ACTION__RESTRICT,
    [AST_FK_SET_NULL] = AMBERDB__ACTION__SET_NULL,
    [AST_FK_SET_DEFAULT] = AMBERDB__ACTION__SET_DEFAULT,
    [AST_FK_CASCADE] = AMBERDB__ACTION__CASCADE,
};

static struct error *
column_of(struct exec_ctx *x, const pb_table *t, struct slice name, const pb_column **out)
{
    const char *text = ddl_text(x, name);
    *out = build_find_column(t, text);
    if (*out == NULL || mutation_drops_column(t, text))
        return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", text);
    return NULL;
}

static bool
equal_ids(const pb_index *ix, const uint32_t *ids, size_t n)
{
    return ix->n_column_ids == n && memcmp(ix->column_ids, ids, n * sizeof(*ids)) == 0;
}

/* The unique index over exactly these columns, which a foreign key may point at: not one that the transaction
 * adds to a table from before it.
 * SOURCE: CockroachDB v20.1 pkg/sql/sqlbase/structured.go, FindFKReferencedIndex. */
static const pb_index *
referenced_index(struct exec_ctx *x, const pb_table *t, const uint32_t *ids, size_t n)
{
    const pb_table *before = catalog_table_before(x->catalog, PB_GET(t, id));
    if (equal_ids(t->primary_index, ids, n))
        return t->primary_index;
    for (size_t i = 0; i < t->n_indexes; i++)
        if (t->indexes[i]->unique && equal_ids(t->indexes[i], ids, n) &&
            (before == NULL || build_find_index_by_id(before, t->indexes[i]->id) != NULL))
            return t->indexes[i];
    return NULL;
}

/* An index that begins with these columns. */
static const pb_index *
origin_index(const pb_table *t, const uint32_t *ids, size_t n)
{
    for (size_t i = 0; i <= t->n_indexes; i++) {
        const pb_index *ix = i == 0 ? t->primary_index : t->indexes[i - 1];
        if (ix->n_column_ids >= n && memcmp(ix->column_ids, ids, n * sizeof(*ids)) == 0 &&
            ix->type == AMBERDB__INDEX_TYPE__FORWARD)
            return ix;
    }
    return NULL;
}

static struct error *
check_set_actions(const pb_table *t, const Amberdb__ForeignKeyConstraint *k,
                  const struct ast_foreign_key *fk, const char *db_name)
{
    bool null = fk->on_delete == AST_FK_SET_NULL || fk->on_update == AST_FK_SET_NULL;
    bool standard = fk->on_delete == AST_FK_SET_DEFAULT || fk->on_update == AST_FK_SET_DEFAULT;
    for (size_t i = 0; i < 2 * k->n_origin_column_ids; i++) {
        bool first = i < k->n_origin_column_ids;
        const pb_column *c = build_find_column_by_id(t, k->origin_column_ids[i % k->n_origin_column_ids]);
        if (first && null && !c->nullable)
            return err_new(ERR_INVALID_FOREIGN_KEY,
                           "cannot add a SET NULL cascading action on column \"%s.public.%s.%s\" "
                           "which has a NOT NULL constraint", db_name, t->name, c->name);
        if (!first && standard && !c->nullable && c->default_expr == NULL)
            return err_new(ERR_INVALID_FOREIGN_KEY,
                           "cannot add a SET DEFAULT cascading action on column "
                           "\"%s.public.%s.%s\" which has a NOT NULL constraint and a NULL default "
                           "expression", db_name, t->name, c->name);
    }
    return NULL;
}

static struct error *
make_origin_index(struct exec_ctx *x, pb_table *t, const struct ast_names *columns,
                  const char *fk_name)
{
    char *name = arena_printf(x->arena, "%s_auto_index_%s", t->name, fk_name);
    pb_index *ix = build_index(x->arena, name, false);
    for (int i = 0; i < columns->count; i++)
        build_index_column(x->arena, ix, ddl_text(x, columns->items[i].text), false);
    PB_PUSH(x->arena, t->indexes, t->n_indexes, ix);
    return build_finish_table(x->arena, t);
}

/* The referenced table's descriptor: t itself when it refers to itself, which may be new. */
static struct error *
referenced_table(struct exec_ctx *x, pb_table *t, const struct ast_object_name *n, pb_table **out)
{
    struct object_name name = ddl_object_name(x, n);
    const struct database *db;
    const struct table *other;
    const char *schema;
    if (strcmp(name.object, t->name) == 0) {
        ERR_TRY(catalog_resolve_target(x->catalog, &x->names, &name, &db));
        if (db->id == t->parent_id) {
            *out = t;
            return NULL;
        }
    }
    ERR_TRY(catalog_resolve(x->catalog, &x->names, &name, &other, &db, &schema));
    if (other == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation \"%s\" does not exist",
                       ddl_name_shown(x, n));
    if (other->is_view || other->is_sequence || other->is_virtual)
        return err_new(ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a table", other->name);
    if (other->id == t->id) {
        *out = t;
        return NULL;
    }
    return ddl_mutable(x, other->id, out);
}

static struct error *
origin_columns(struct exec_ctx *x, const pb_table *t, const struct ast_names *columns,
               Amberdb__ForeignKeyConstraint *c)
{
    for (int i = 0; i < columns->count; i++) {
        const pb_column *col;
        ERR_TRY(column_of(x, t, columns->items[i].text, &col));
        if (col->compute_expr != NULL)
            return err_new(ERR_INVALID_TABLE_DEFINITION,
                           "computed column \"%s\" cannot be a foreign key reference", col->name);
        PB_PUSH(x->arena, c->origin_column_ids, c->n_origin_column_ids, col->id);
    }
    return NULL;
}

static struct error *
match_columns(struct exec_ctx *x, const pb_table *t, const pb_table *other,
              const struct ast_foreign_key *fk, Amberdb__ForeignKeyConstraint *c)
{
    size_t n = c->n_origin_column_ids;
    size_t n_ref = fk->ref_columns.count > 0 ? (size_t)fk->ref_columns.count
                                             : other->primary_index->n_column_ids;
    for (size_t i = 0; i < n_ref; i++) {
        const pb_column *col;
        if (fk->ref_columns.count > 0)
            ERR_TRY(column_of(x, other, fk->ref_columns.items[i].text, &col));
        else
            col = build_find_column_by_id(other, other->primary_index->column_ids[i]);
        PB_PUSH(x->arena, c->referenced_column_ids, c->n_referenced_column_ids, col->id);
    }
    if (n_ref != n)
        return err_new(ERR_UNCATEGORIZED,
                       "%zu columns must reference exactly %zu columns in referenced table "
                       "(found %zu)", n, n, n_ref);
    for (size_t i = 0; i < n; i++) {
        const pb_column *mine = build_find_column_by_id(t, c->origin_column_ids[i]);
        const pb_column *col = build_find_column_by_id(other, c->referenced_column_ids[i]);
        const struct type *a = type_from_pb(x->arena, mine->type);
        const struct type *b = type_from_pb(x->arena, col->type);
        if (!type_equivalent(a, b))
            return err_new(ERR_DATATYPE_MISMATCH,
                           "type of \"%s\" (%s) does not match foreign key \"%s\".\"%s\" (%s)",
                           mine->name, type_name_str(x->arena, a), other->name, col->name,
                           type_name_str(x->arena, b));
    }
    return NULL;
}

static struct error *
reference_name(struct exec_ctx *x, const pb_table *t, const pb_table *other, struct slice name,
               const struct ast_names *columns, char **out)
{
    if (name.len == 0) {
        *out = build_fk_name(x->arena, t, ddl_text(x, columns->items[0].text), other->name);
        return NULL;
    }
    *out = arena_strndup(x->arena, (const char *)name.ptr, name.len);
    if (build_constraint_name_taken(t, *out))
        return err_new(ERR_DUPLICATE_OBJECT, "duplicate constraint name: \"%s\"", *out);
    return NULL;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/create_table.go, ResolveFK: what is looked at, one after the other. */
struct error *
ddl_add_foreign_key(struct exec_ctx *x, pb_table *t, struct slice name,
                    const struct ast_names *columns, const struct ast_foreign_key *fk,
                    bool make_index)
{
    pb_table *other;
    const struct database *db;
    Amberdb__ForeignKeyConstraint *c = PB_NEW(x->arena, ForeignKeyConstraint,
                                              foreign_key_constraint);
    ERR_TRY(origin_columns(x, t, columns, c));
    ERR_TRY(referenced_table(x, t, &fk->table, &other));
    if (PB_GET(t, temporary) != PB_GET(other, temporary)) {
        const char *kind = PB_GET(t, temporary) ? "temporary" : "permanent";
        return err_new(ERR_INVALID_TABLE_DEFINITION,
                       "constraints on %s tables may reference only %s tables", kind, kind);
    }
    if (other != t) {
        const struct table *shared;
        ERR_TRY(catalog_table_by_id(x->catalog, other->id, &shared));
        if (shared != NULL)
            ERR_TRY(ddl_check_table(x, shared, PRIV_CREATE));
    }
    ERR_TRY(catalog_database_by_id(x->catalog, t->parent_id, &db));
    ERR_TRY(match_columns(x, t, other, fk, c));
    ERR_TRY(reference_name(x, t, other, name, columns, &c->name));
    ERR_TRY(check_set_actions(t, c, fk, db != NULL ? db->name : ""));
    const pb_index *to = referenced_index(x, other, c->referenced_column_ids,
                                          c->n_referenced_column_ids);
    if (to == NULL)
        return err_new(ERR_FOREIGN_KEY_VIOLATION,
                       "there is no unique constraint matching given keys for referenced table %s",
                       other->name);
    const pb_index *from = origin_index(t, c->origin_column_ids, c->n_origin_column_ids);
    if (from == NULL && make_index) {
        ERR_TRY(make_origin_index(x, t, columns, c->name));
        from = origin_index(t, c->origin_column_ids, c->n_origin_column_ids);
    }
    if (from == NULL) {
        struct str list;
        str_init_arena(&list, x->arena, STR_MAX_DEFAULT);
        for (int i = 0; i < columns->count; i++)
            str_printf(&list, "%s\"%s\"", i > 0 ? ", " : "", ddl_text(x, columns->items[i].text));
        return err_new(ERR_FOREIGN_KEY_VIOLATION,
                       "foreign key requires an existing index on columns (%s)", str_cstr(&list));
    }
    PB_SET(c, origin_table_id, t->id);
    PB_SET(c, referenced_table_id, other->id);
    PB_SET(c, validity, AMBERDB__CONSTRAINT_VALIDITY__VALIDATED);
    PB_SET(c, on_delete, fk_actions[fk->on_delete]);
    PB_SET(c, on_update, fk_actions[fk->on_update]);
    PB_SET(c, match, fk->match == AST_MATCH_FULL ? AMBERDB__MATCH__FULL : AMBERDB__MATCH__SIMPLE);
    PB_SET(c, legacy_origin_index, from->id);
    PB_SET(c, legacy_referenced_index, to->id);
    PB_PUSH(x->arena, t->outbound_fks, t->n_outbound_fks, c);
    PB_PUSH(x->arena, other->inbound_fks, other->n_inbound_fks, c);
    return other != t ? catalog_write_table(x->catalog, other) : NULL;
}

/* ---- both sides of a foreign key ------------------------------------------------------------- */

enum fk_edit { FK_REMOVE, FK_RENAME, FK_VALIDITY };

struct fk_change {
    enum fk_edit edit;
    uint32_t origin_id;
    const char *name, *new_name;
    Amberdb__ConstraintValidity validity;
};

static void
edit_list(struct arena *a, Amberdb__ForeignKeyConstraint **v, size_t *n, const struct fk_change *c)
{
    for (size_t i = 0; i < *n; i++) {
        if (v[i]->origin_table_id != c->origin_id || strcmp(v[i]->name, c->name) != 0)
            continue;
        if (c->edit == FK_REMOVE) {
            PB_REMOVE(v, *n, i);
            i--;
        } else if (c->edit == FK_RENAME) {
            v[i]->name = arena_strdup(a, c->new_name);
        } else {
            PB_SET(v[i], validity, c->validity);
        }
    }
}

static struct error *
edit_foreign_key(struct exec_ctx *x, const struct fk_change *c)
{
    pb_table *t, *other;
    uint32_t other_id = 0;
    ERR_TRY(ddl_mutable(x, c->origin_id, &t));
    for (size_t i = 0; i < t->n_outbound_fks; i++)
        if (strcmp(t->outbound_fks[i]->name, c->name) == 0)
            other_id = t->outbound_fks[i]->referenced_table_id;
    edit_list(x->arena, t->outbound_fks, &t->n_outbound_fks, c);
    if (other_id == t->id)
        edit_list(x->arena, t->inbound_fks, &t->n_inbound_fks, c);
    ERR_TRY(catalog_write_table(x->catalog, t));
    if (other_id == t->id || other_id == 0)
        return NULL;
    ERR_TRY(ddl_mutable(x, other_id, &other));
    edit_list(x->arena, other->inbound_fks, &other->n_inbound_fks, c);
    return catalog_write_table(x->catalog, other);
}

struct error *
ddl_remove_foreign_key(struct exec_ctx *x, uint32_t origin_id, const char *name)
{
    struct fk_change c = {.edit = FK_REMOVE, .origin_id = origin_id, .name = name};
    return edit_foreign_key(x, &c);
}

struct error *
ddl_rename_foreign_key(struct exec_ctx *x, uint32_t origin_id, const char *name,
                       const char *new_name)
{
    struct fk_change c = {.edit = FK_RENAME, .origin_id = origin_id, .name = name,
                          .new_name = new_name};
    return edit_foreign_key(x, &c);
}

struct error *
ddl_foreign_key_validity(struct exec_ctx *x, uint32_t origin_id, const char *name,
                         Amberdb__ConstraintValidity validity)
{
    struct fk_change c = {.edit = FK_VALIDITY, .origin_id = origin_id, .name = name,
                          .validity = validity};
    return edit_foreign_key(x, &c);
}
