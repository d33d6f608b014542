/* SHOW CONSTRAINTS. */
#include "config.h"

#include "executor/show/show_int.h"

#include <stdlib.h>

#include "catalog/show_create.h"
#include "grammar/print.h"

static const struct result_column constraint_columns[] = {{"table_name", &TYPE_NAME, 0, 0},
                                                          {"constraint_name", &TYPE_NAME, 0, 0},
                                                          {"constraint_type", &TYPE_STRING, 0, 0},
                                                          {"details", &TYPE_STRING, 0, 0},
                                                          {"validated", &TYPE_BOOL, 0, 0}};
STATEMENT_COLUMNS(show_constraints_columns, constraint_columns)

struct constraint_row {
    const char *name, *type, *details;
    bool validated;
};

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct constraint_row *)a)->name,
                  ((const struct constraint_row *)b)->name);
}

static const char *
index_details(struct arena *a, const struct table *t, const struct index *ix)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_append_cstr(&s, ix->primary ? "PRIMARY KEY (" : "UNIQUE (");
    for (int i = 0; i < ix->n_keys; i++) {
        str_append_cstr(&s, i > 0 ? ", " : "");
        print_name(&s, slice_cstr(t->columns[ix->keys[i]].name));
        str_append_cstr(&s, ix->desc[i] ? " DESC" : " ASC");
    }
    str_append_char(&s, ')');
    return str_cstr(&s);
}

static void
put_columns(struct str *s, const struct table *t, const uint32_t *ids, size_t n)
{
    str_append_char(s, '(');
    for (size_t i = 0; i < n; i++) {
        int ordinal = table_column_ordinal(t, ids[i]);
        str_append_cstr(s, i > 0 ? ", " : "");
        if (ordinal >= 0)
            print_name(s, slice_cstr(t->columns[ordinal].name));
    }
    str_append_char(s, ')');
}

static const char *const action_names[] = {NULL, "RESTRICT", "SET NULL", "SET DEFAULT", "CASCADE"};

static struct error *
fk_details(struct exec_ctx *x, const struct table *t, const Amberdb__ForeignKeyConstraint *fk,
           const char **out)
{
    const struct table *other;
    struct str s;
    ERR_TRY(catalog_table_by_id(x->catalog, fk->referenced_table_id, &other));
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    str_append_cstr(&s, "FOREIGN KEY ");
    put_columns(&s, t, fk->origin_column_ids, fk->n_origin_column_ids);
    str_append_cstr(&s, " REFERENCES ");
    if (other != NULL) {
        if (other->parent_id != t->parent_id) {
            const struct database *db;
            ERR_TRY(catalog_database_by_id(x->catalog, other->parent_id, &db));
            if (db != NULL) {
                print_name(&s, slice_cstr(db->name));
                str_append_cstr(&s, ".public.");
            }
        }
        print_name(&s, slice_cstr(other->name));
        put_columns(&s, other, fk->referenced_column_ids, fk->n_referenced_column_ids);
    }
    if (fk->match == AMBERDB__MATCH__FULL)
        str_append_cstr(&s, " MATCH FULL");
    if (fk->on_delete != AMBERDB__ACTION__NO_ACTION)
        str_printf(&s, " ON DELETE %s", action_names[fk->on_delete]);
    if (fk->on_update != AMBERDB__ACTION__NO_ACTION)
        str_printf(&s, " ON UPDATE %s", action_names[fk->on_update]);
    *out = str_cstr(&s);
    return NULL;
}

static struct error *
show_constraints_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows,
                     char **tag)
{
    const struct table *t;
    (void)tag;
    ERR_TRY(show_table(x, &s->show->table, &t, NULL, NULL));
    if (t->is_virtual || t->is_view || t->is_sequence)
        return NULL;
    size_t cap = (size_t)t->n_indexes + t->pb->n_checks + t->pb->n_outbound_fks + 1, n = 0;
    struct constraint_row *v = ARENA_ARRAY(x->arena, struct constraint_row, cap);
    for (int i = 0; i < t->n_indexes; i++) {
        const struct index *ix = &t->indexes[i];
        if (ix->unique || ix->primary)
            v[n++] = (struct constraint_row){ix->name, ix->primary ? "PRIMARY KEY" : "UNIQUE",
                                             index_details(x->arena, t, ix), true};
    }
    for (size_t i = 0; i < t->pb->n_checks; i++) {
        const Amberdb__CheckConstraint *c = t->pb->checks[i];
        v[n++] = (struct constraint_row){
            c->name, "CHECK", arena_printf(x->arena, "CHECK ((%s))", c->expr),
            c->validity == AMBERDB__CONSTRAINT_VALIDITY__VALIDATED};
    }
    for (size_t i = 0; i < t->pb->n_outbound_fks; i++) {
        const Amberdb__ForeignKeyConstraint *fk = t->pb->outbound_fks[i];
        const char *details;
        ERR_TRY(fk_details(x, t, fk, &details));
        v[n++] = (struct constraint_row){fk->name, "FOREIGN KEY", details,
                                         fk->validity == AMBERDB__CONSTRAINT_VALIDITY__VALIDATED};
    }
    qsort(v, n, sizeof(*v), by_name);
    for (size_t i = 0; i < n; i++) {
        struct datum row[5] = {datum_cstr(t->name), datum_cstr(v[i].name), datum_cstr(v[i].type),
                               datum_cstr(v[i].details), datum_bool(v[i].validated)};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static const struct statement_ops show_constraints_ops[] = {
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_CONSTRAINTS, .tag = "SHOW CONSTRAINTS ",
     .columns = show_constraints_columns, .run = show_constraints_run},
};

const struct statement_family statement_family_show_constraints = {
    show_constraints_ops, sizeof(show_constraints_ops) / sizeof(show_constraints_ops[0])};
