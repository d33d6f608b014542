/* Temporary objects: relations in a schema pg_temp_<session id> that each database gets when it is
 * first needed. They go with the session.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/temporary_schema.go.
 */
#include "config.h"

#include "executor/schema/schema_int.h"

#include <stdlib.h>

#include "catalog/sysrow.h"
#include "executor/session_int.h"
#include "executor/temporary.h"

/* ---- names ----------------------------------------------------------------------------------- */

struct error *
ddl_temporary_name(struct exec_ctx *x, struct object_name *name, bool *temporary)
{
    const char *own = x->session != NULL ? x->session->temp_schema : "";
    bool first = x->names.n_search_path > 0 && strcmp(x->names.search_path[0], "pg_temp") == 0;
    if (name->schema == NULL) {
        *temporary = *temporary || first;
        return NULL;
    }
    if (strcmp(name->schema, "pg_temp") == 0 || strcmp(name->schema, own) == 0) {
        *temporary = true;
        name->schema = "public"; /* the database is looked for by it */
        return NULL;
    }
    if (*temporary && (name->catalog != NULL || strcmp(name->schema, "public") == 0))
        return err_new(ERR_INVALID_TABLE_DEFINITION,
                       "cannot create temporary relation in non-temporary schema");
    return NULL;
}

static struct error *
refuse(void)
{
    return err_hint(
        err_new(ERR_FEATURE_NOT_SUPPORTED, "temporary tables are only supported experimentally"),
        "See: https://go.crdb.dev/issue/46260\n--\n"
        "You can enable temporary tables by running "
        "`SET experimental_enable_temp_tables = 'on'`.");
}

struct error *
ddl_temporary_schema(struct exec_ctx *x, const struct database *db, uint32_t *id)
{
    struct session *s = x->session;
    if (s == NULL || !var_bool(s, "experimental_enable_temp_tables"))
        return refuse();
    s->has_temporary = true;
    x->names.temp_schema = s->temp_schema;
    ERR_TRY(catalog_namespace_get(x->catalog, db->id, ID_ROOT, s->temp_schema, id));
    if (*id != 0)
        return NULL;
    ERR_TRY(catalog_new_id(x->catalog, id));
    return catalog_namespace_put(x->catalog, db->id, ID_ROOT, s->temp_schema, *id);
}

/* ---- the end --------------------------------------------------------------------------------- */

struct schema_row {
    uint32_t database_id, id;
    const char *name;
};

struct schema_rows {
    struct exec_ctx *x;
    const char *wanted; /* NULL: all */
    uint32_t of_node;   /* not 0: of sessions of this node */
    struct schema_row *v;
    size_t n, cap;
};

/* The last 16 bits of a session id are its node's. */
static bool
is_of_node(struct exec_ctx *x, struct slice name, uint32_t node_id)
{
    const char *low = strrchr(slice_to_cstr(x->arena, name), '_');
    return (strtoull(low + 1, NULL, 10) & 0xffff) == (node_id & 0xffff);
}

static struct error *
note_schema(void *arg, const struct datum *row, bool *stop)
{
    struct schema_rows *l = arg;
    struct slice name = datum_slice(&row[2]);
    (void)stop;
    if (row[0].i == 0 || row[1].i != 0 || !slice_has_prefix(name, SLICE_LIT("pg_temp_")))
        return NULL;
    if ((l->wanted != NULL && !slice_eq(name, slice_cstr(l->wanted))) ||
        (l->of_node != 0 && !is_of_node(l->x, name, l->of_node)))
        return NULL;
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 8 : 2 * l->cap;
        l->v = arena_realloc(l->x->arena, l->v, l->cap * sizeof(*l->v), cap * sizeof(*l->v));
        l->cap = cap;
    }
    l->v[l->n++] = (struct schema_row){(uint32_t)row[0].i, (uint32_t)row[3].i,
                                       slice_to_cstr(l->x->arena, name)};
    return NULL;
}

static struct error *
forget_schemas(struct exec_ctx *x, const struct schema_rows *l)
{
    for (size_t i = 0; i < l->n; i++)
        ERR_TRY(catalog_namespace_delete(x->catalog, l->v[i].database_id, ID_ROOT, l->v[i].name));
    return NULL;
}

struct error *
ddl_temporary_schemas_gone(struct exec_ctx *x, uint32_t database_id)
{
    struct schema_rows l = {.x = x};
    struct datum prefix[2] = {datum_int(database_id), datum_int(0)};
    ERR_TRY(sys_scan(x->catalog, ID_NAMESPACE, NULL, prefix, 2, note_schema, &l));
    return forget_schemas(x, &l);
}

/* Everything in a session's temporary schemas, then these. */
static struct error *
drop_in_txn(struct exec_ctx *x, void *arg)
{
    struct schema_rows l = {.x = x, .wanted = arg, .of_node = arg == NULL ? x->node->node_id : 0};
    ERR_TRY(sys_scan(x->catalog, ID_NAMESPACE, NULL, NULL, 0, note_schema, &l));
    for (size_t i = 0; i < l.n; i++) {
        const struct table **tables;
        size_t n;
        ERR_TRY(catalog_list_tables(x->catalog, x->arena, l.v[i].database_id, &tables, &n));
        for (size_t k = 0; k < n; k++)
            if (tables[k]->is_temporary &&
                PB_GET(tables[k]->pb, unexposed_parent_schema_id) == l.v[i].id)
                ERR_TRY(ddl_drop_table(x, tables[k]->id, true));
    }
    return forget_schemas(x, &l);
}

void
temporary_drop(struct node *n, const char *schema)
{
    /* Nobody waits for an answer; what cannot be dropped now goes at the next start. */
    err_free(exec_txn(n, "root", "", HLC_MIN, NULL, drop_in_txn, (void *)(uintptr_t)schema));
}
