/* SHOW GRANTS ON DATABASE and ON TABLE: read from descriptors, sorted by all columns. */
#include "config.h"

#include "executor/show/show_int.h"

#include <stdlib.h>

#include "grammar/print.h"

static const struct result_column database_grant_columns[] = {
    {"database_name", &TYPE_STRING, 0, 0},
    {"schema_name", &TYPE_STRING, 0, 0},
    {"grantee", &TYPE_STRING, 0, 0},
    {"privilege_type", &TYPE_STRING, 0, 0}};
static const struct result_column table_grant_columns[] = {
    {"database_name", &TYPE_STRING, 0, 0}, {"schema_name", &TYPE_STRING, 0, 0},
    {"table_name", &TYPE_STRING, 0, 0},    {"grantee", &TYPE_STRING, 0, 0},
    {"privilege_type", &TYPE_STRING, 0, 0}};

static bool
on_database(const struct ast_stmt *s)
{
    return s->show->targets.kind == AST_TARGET_DATABASES;
}

static struct error *
show_grants_columns(struct exec_ctx *x, const struct ast_stmt *s, int *n,
                    const struct result_column **cols)
{
    (void)x;
    *n = on_database(s) ? 4 : 5;
    *cols = on_database(s) ? database_grant_columns : table_grant_columns;
    return NULL;
}

struct grant_row {
    const char *v[5]; /* database, schema, table, grantee, privilege; table "" for databases */
};

struct grants {
    struct exec_ctx *x;
    const struct ast_names *grantees;
    struct grant_row *v;
    size_t n, cap;
};

static int
by_all(const void *a, const void *b)
{
    const struct grant_row *x = a, *y = b;
    for (int i = 0; i < 5; i++) {
        int c = strcmp(x->v[i], y->v[i]);
        if (c != 0)
            return c;
    }
    return 0;
}

static bool
wanted(const struct grants *g, const char *user)
{
    if (g->grantees->count == 0)
        return true;
    for (int i = 0; i < g->grantees->count; i++)
        if (slice_eq(g->grantees->items[i].text, slice_cstr(user)))
            return true;
    return false;
}

static void
add(struct grants *g, const char *db, const char *schema, const char *table,
    const Amberdb__PrivilegeDescriptor *p)
{
    for (size_t u = 0; p != NULL && u < p->n_users; u++) {
        uint32_t mask = p->users[u]->privileges;
        if (!wanted(g, p->users[u]->user))
            continue;
        for (int k = PRIV_ALL; k <= PRIV_ZONECONFIG; k++) {
            if ((mask & 1u << k) == 0)
                continue;
            if (g->n == g->cap) {
                size_t cap = g->cap == 0 ? 64 : 2 * g->cap;
                g->v = arena_realloc(g->x->arena, g->v, g->cap * sizeof(*g->v),
                                     cap * sizeof(*g->v));
                g->cap = cap;
            }
            g->v[g->n++] = (struct grant_row){
                {db, schema, table, p->users[u]->user, privilege_names[k]}};
            if (k == PRIV_ALL)
                break; /* ALL is one row */
        }
    }
}

static struct error *
add_database(struct grants *g, const struct database *db)
{
    for (size_t i = 0; i < 4; i++)
        add(g, db->name, builtin_schemas[i], "", db->pb->privileges);
    return NULL;
}

static struct error *
add_tables_of(struct grants *g, const struct database *db)
{
    const struct table **tables;
    size_t n;
    ERR_TRY(catalog_list_tables(g->x->catalog, g->x->arena, db->id, &tables, &n));
    for (size_t i = 0; i < n; i++)
        add(g, db->name, "public", tables[i]->name, tables[i]->pb->privileges);
    return NULL;
}

static struct error *
add_pattern(struct grants *g, const struct ast_table_pattern *p)
{
    struct exec_ctx *x = g->x;
    const struct database *db;
    if (p->star) {
        struct slice name = p->name.count >= 2   ? p->name.catalog
                            : p->name.count == 1 ? p->name.schema
                                                 : SLICE_NULL;
        if (p->name.count == 1 && slice_eq(name, SLICE_LIT("public")))
            name = SLICE_NULL;
        ERR_TRY(show_database(x, name, name.len > 0, &db));
        return db != NULL ? add_tables_of(g, db) : NULL;
    }
    const struct table *t;
    const char *schema;
    ERR_TRY(show_table(x, &p->name, &t, &db, &schema));
    if (!t->is_virtual)
        add(g, db->name, schema, t->name, t->pb->privileges);
    return NULL;
}

/* Without targets: every database's schemas and tables of the current one. */
static struct error *
add_everything(struct grants *g)
{
    const struct database *db;
    ERR_TRY(show_database(g->x, SLICE_NULL, false, &db));
    if (db == NULL)
        return NULL;
    return add_tables_of(g, db);
}

static struct error *
show_grants_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_targets *t = &s->show->targets;
    struct grants g = {.x = x, .grantees = &s->show->grantees};
    (void)tag;
    if (on_database(s)) {
        for (int i = 0; i < t->names.count; i++) {
            const struct database *db;
            ERR_TRY(show_database(x, t->names.items[i].text, true, &db));
            ERR_TRY(add_database(&g, db));
        }
    } else if (t->kind == AST_TARGET_TABLES) {
        for (int i = 0; i < t->tables.count; i++)
            ERR_TRY(add_pattern(&g, &t->tables.items[i]));
    } else {
        ERR_TRY(add_everything(&g));
    }
    if (g.n > 0)
        qsort(g.v, g.n, sizeof(*g.v), by_all);
    for (size_t i = 0; i < g.n; i++) {
        const char *const *v = g.v[i].v;
        if (i > 0 && by_all(&g.v[i], &g.v[i - 1]) == 0)
            continue;
        struct datum row[5] = {datum_cstr(v[0]), datum_cstr(v[1]), datum_cstr(v[2]),
                               datum_cstr(v[3]), datum_cstr(v[4])};
        if (on_database(s)) {
            row[2] = row[3];
            row[3] = row[4];
        }
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static const struct statement_ops show_grants_ops[] = {
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_GRANTS, .tag = "SHOW GRANTS ",
     .columns = show_grants_columns, .run = show_grants_run},
};

const struct statement_family statement_family_show_grants = {
    show_grants_ops, sizeof(show_grants_ops) / sizeof(show_grants_ops[0])};
