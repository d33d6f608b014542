/* SHOW CONSTRAINTS. */
#include "config.h"

#include "executor/show/cat_int.h"

static const struct result_column constraint_columns[] = {{"table_name", &TYPE_NAME, 0, 0},
                                                          {"constraint_name", &TYPE_NAME, 0, 0},
                                                          {"constraint_type", &TYPE_STRING, 0, 0},
                                                          {"details", &TYPE_STRING, 0, 0},
                                                          {"validated", &TYPE_BOOL, 0, 0}};
STATEMENT_COLUMNS(show_constraints_columns, constraint_columns)

static struct error *
show_constraints_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows,
                     char **tag)
{
    static const char *const types[] = {"CHECK", "FOREIGN KEY", "PRIMARY KEY", "UNIQUE"};
    struct cat_rel r = {0};
    struct cat_constraint *v;
    int n;
    (void)tag;
    ERR_TRY(show_table(x, &s->show->table, &r.t, &r.db, &r.schema));
    ERR_TRY(cat_constraints(x, &r, &v, &n));
    for (int i = 0; i < n; i++) {
        const char *details;
        ERR_TRY(cat_constraint_def(x, &r, &v[i], &details));
        struct datum row[5] = {T(r.t->name), T(v[i].name), T(types[v[i].kind]), T(details),
                               B(v[i].validated)};
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
