/* executor/show/is_constraints.c - information_schema: constraints.
 *
 * SOURCE of columns and values: CockroachDB v20.1 pkg/sql/information_schema.go. As in PostgreSQL,
 * NOT NULL columns count as checks here, with made-up names.
 */
#include "config.h"

#include "executor/show/cat_int.h"

#include "catalog/pb.h"

struct out {
    struct row_sink *rows;
};

#define ROWS_OF_RELATIONS(fn, each)                                                 \
    static struct error *fn(struct exec_ctx *x, const struct virtual_scan *v,       \
                            struct row_sink *rows)                                  \
    {                                                                               \
        struct out o = {rows};                                                      \
        return cat_relations(x, v, CAT_HIDE_VIRTUAL, each, &o);                     \
    }

static bool
is_table(const struct table *t)
{
    return !t->is_view && !t->is_sequence;
}

static const char *
not_null_name(struct exec_ctx *x, const struct cat_rel *r, int column)
{
    return arena_printf(x->arena, "%u_%u_%d_not_null", r->schema_oid, r->t->id, column + 1);
}

static bool
has_not_null(const struct column *c)
{
    return !c->hidden && !c->nullable;
}

/* ---- check_constraints, table_constraints ---------------------------------------------------- */

static struct error *
checks_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    struct cat_constraint *v;
    int n;
    ERR_TRY(cat_constraints(x, r, &v, &n));
    for (int i = 0; i < n; i++) {
        if (v[i].kind != CAT_CHECK)
            continue;
        const struct datum row[] = {
            T(r->db->name), T(r->schema), T(v[i].name),
            T(arena_printf(x->arena, "((%s))", pb_str(v[i].check->expr)))};
        ERR_TRY(row_put(o->rows, row));
    }
    for (int i = 0; i < r->t->n_columns && is_table(r->t); i++) {
        const struct column *c = &r->t->columns[i];
        const struct datum row[] = {T(r->db->name), T(r->schema), T(not_null_name(x, r, i)),
                                    T(arena_printf(x->arena, "%s IS NOT NULL", c->name))};
        if (has_not_null(c))
            ERR_TRY(row_put(o->rows, row));
    }
    return NULL;
}
ROWS_OF_RELATIONS(check_constraints_rows, checks_of)

static struct error *
put_table_constraint(struct out *o, const struct cat_rel *r, const char *name, const char *type)
{
    const struct datum row[] = {T(r->db->name), T(r->schema), T(name), T(r->db->name),
                                T(r->schema), T(r->t->name), T(type), YES_NO(false),
                                YES_NO(false)};
    return row_put(o->rows, row);
}

static struct error *
table_constraints_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    static const char *const types[] = {"CHECK", "FOREIGN KEY", "PRIMARY KEY", "UNIQUE"};
    struct cat_constraint *v;
    int n;
    ERR_TRY(cat_constraints(x, r, &v, &n));
    for (int i = 0; i < n; i++)
        ERR_TRY(put_table_constraint(arg, r, v[i].name, types[v[i].kind]));
    for (int i = 0; i < r->t->n_columns && is_table(r->t); i++)
        if (has_not_null(&r->t->columns[i]))
            ERR_TRY(put_table_constraint(arg, r, not_null_name(x, r, i), "CHECK"));
    return NULL;
}
ROWS_OF_RELATIONS(table_constraints_rows, table_constraints_of)

/* ---- columns of constraints ------------------------------------------------------------------ */

static struct error *
column_usage_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    struct cat_constraint *v;
    int n;
    ERR_TRY(cat_constraints(x, r, &v, &n));
    for (int i = 0; i < n; i++) {
        const struct cat_constraint *c = &v[i];
        const struct table *t = r->t;
        const uint32_t *ids = c->columns;
        const struct database *db = r->db;
        if (c->kind == CAT_FK) { /* the columns that are referenced */
            if (c->other == NULL)
                continue;
            t = c->other;
            ids = c->fk->referenced_column_ids;
            ERR_TRY(catalog_database_by_id(x->catalog, t->parent_id, &db));
        }
        for (int k = 0; k < c->n_columns && db != NULL; k++) {
            const struct datum row[] = {T(db->name), T(r->schema), T(t->name),
                                        T(cat_column_name(t, ids[k])), T(r->db->name),
                                        T(r->schema), T(c->name)};
            ERR_TRY(row_put(o->rows, row));
        }
    }
    return NULL;
}
ROWS_OF_RELATIONS(constraint_column_usage_rows, column_usage_of)

static struct error *
key_columns_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    struct cat_constraint *v;
    int n;
    ERR_TRY(cat_constraints(x, r, &v, &n));
    for (int i = 0; i < n; i++)
        for (int k = 0; k < v[i].n_columns && v[i].kind != CAT_CHECK; k++) {
            const struct datum row[] = {T(r->db->name), T(r->schema), T(v[i].name),
                                        T(r->db->name), T(r->schema), T(r->t->name),
                                        T(cat_column_name(r->t, v[i].columns[k])), I(k + 1),
                                        v[i].kind == CAT_FK ? I(k + 1) : NUL};
            ERR_TRY(row_put(o->rows, row));
        }
    return NULL;
}
ROWS_OF_RELATIONS(key_column_usage_rows, key_columns_of)

/* ---- referential_constraints ----------------------------------------------------------------- */

static const char *
rule_name(int action)
{
    static const char *const names[] = {"NO ACTION", "RESTRICT", "SET NULL", "SET DEFAULT",
                                        "CASCADE"};
    return action >= 0 && action < 5 ? names[action] : names[0];
}

static struct error *
references_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    static const char *const matches[] = {"NONE", "FULL", "PARTIAL"};
    struct out *o = arg;
    struct cat_constraint *v;
    int n;
    ERR_TRY(cat_constraints(x, r, &v, &n));
    for (int i = 0; i < n; i++) {
        const Amberdb__ForeignKeyConstraint *fk = v[i].fk;
        const struct table *other = v[i].other;
        if (fk == NULL || other == NULL)
            continue;
        const struct index *ix =
            cat_fk_index(other, fk->referenced_column_ids, fk->n_referenced_column_ids);
        const struct datum row[] = {
            T(r->db->name), T(r->schema), T(v[i].name), T(r->db->name), T(r->schema),
            T(ix != NULL ? ix->name : NULL), T(matches[(unsigned)PB_GET(fk, match) % 3]),
            T(rule_name((int)PB_GET(fk, on_update))), T(rule_name((int)PB_GET(fk, on_delete))),
            T(r->t->name), T(other->name)};
        ERR_TRY(row_put(o->rows, row));
    }
    return NULL;
}
ROWS_OF_RELATIONS(referential_constraints_rows, references_of)

#define NN " STRING NOT NULL, "

static const struct virtual_table tables[] = {
    {"information_schema", "check_constraints",
     "constraint_catalog" NN "constraint_schema" NN "constraint_name" NN
     "check_clause STRING NOT NULL",
     check_constraints_rows, "check constraints"},
    {"information_schema", "constraint_column_usage",
     "table_catalog" NN "table_schema" NN "table_name" NN "column_name" NN
     "constraint_catalog" NN "constraint_schema" NN "constraint_name STRING NOT NULL",
     constraint_column_usage_rows, "columns usage by constraints"},
    {"information_schema", "key_column_usage",
     "constraint_catalog" NN "constraint_schema" NN "constraint_name" NN "table_catalog" NN
     "table_schema" NN "table_name" NN "column_name" NN
     "ordinal_position INT NOT NULL, position_in_unique_constraint INT",
     key_column_usage_rows, "column usage by indexes and key constraints"},
    {"information_schema", "referential_constraints",
     "constraint_catalog" NN "constraint_schema" NN "constraint_name" NN
     "unique_constraint_catalog" NN "unique_constraint_schema" NN
     "unique_constraint_name STRING, match_option" NN "update_rule" NN "delete_rule" NN
     "table_name" NN "referenced_table_name STRING NOT NULL",
     referential_constraints_rows, "foreign key constraints"},
    {"information_schema", "table_constraints",
     "constraint_catalog" NN "constraint_schema" NN "constraint_name" NN "table_catalog" NN
     "table_schema" NN "table_name" NN "constraint_type" NN "is_deferrable" NN
     "initially_deferred STRING NOT NULL",
     table_constraints_rows, "table constraints"},
};
VIRTUAL_GROUP(is_constraints, tables);
