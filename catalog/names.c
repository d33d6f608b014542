/* catalog/names.c - names of statements to objects.
 *
 * SOURCE: sql.md 4.1 (CockroachDB v20.1 pkg/sql/sem/tree/name_resolution.go). a.b is schema a of
 * the current database when that has it, else table b of database a. A bare name is looked for in
 * the temporary schema and in pg_catalog, then along the search path.
 */
#include "config.h"

#include "catalog/catalog.h"
#include "catalog/pb.h"

struct lookup {
    struct catalog_txn *ct;
    const struct name_resolver *r;
    const struct table *table;
    const struct database *db;
    const char *schema;
};

static bool
is_virtual_schema(const char *s)
{
    return strcmp(s, "pg_catalog") == 0 || strcmp(s, "information_schema") == 0 ||
           strcmp(s, "crdb_internal") == 0;
}

static bool
is_set(const char *s)
{
    return s != NULL && s[0] != '\0';
}

/* The id of a schema in a database, 0 when there is none. `public` is there without a row. */
static struct error *
schema_id(struct catalog_txn *ct, uint32_t database_id, const char *schema, uint32_t *id)
{
    if (strcmp(schema, "public") == 0) {
        *id = ID_PUBLIC_SCHEMA;
        return NULL;
    }
    return catalog_namespace_get(ct, database_id, ID_ROOT, schema, id);
}

/* Names that PostgreSQL has there are known, if only by name. */
static struct error *
check_missing(const char *schema, const char *object)
{
    static const char *const missing[][2] = {
#define MISSING(s, n) {s, n},
#include "catalog/virtual_missing.def"
#undef MISSING
    };
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
        if (strcmp(missing[i][1], object) == 0 && strcmp(missing[i][0], schema) == 0)
            return err_unimplemented(0, "virtual schema table not implemented: %s.%s", schema,
                                     object);
    return NULL;
}

/* One place: l->table stays NULL when the object is not there. explicit_db: the database was
 * written, so that "" means all of them. */
static struct error *
look_in(struct lookup *l, const char *database, bool explicit_db, const char *schema,
        const char *object)
{
    const struct database *db = NULL;
    uint32_t sid, id;

    if (strcmp(schema, "pg_temp") == 0) {
        if (!is_set(l->r->temp_schema))
            return NULL;
        schema = l->r->temp_schema;
    }
    if (is_set(database)) {
        ERR_TRY(catalog_database_by_name(l->ct, database, &db));
        if (db == NULL)
            return NULL;
    }
    if (is_virtual_schema(schema)) {
        if (l->r->virtual_table == NULL)
            return NULL;
        l->table = l->r->virtual_table(l->r->virtual_arg, db, schema, object);
        if (l->table == NULL)
            return check_missing(schema, object);
        if (l->table != NULL && db == NULL && (!explicit_db || strcmp(schema, "pg_catalog") == 0))
            return err_hint(err_new(ERR_UNDEFINED_OBJECT,
                                    "cannot access virtual schema in anonymous database"),
                            "verify that the current database is set");
    } else if (db != NULL) {
        if (strcmp(schema, "public") == 0) {
            ERR_TRY(catalog_table_by_name(l->ct, db->id, object, &l->table));
        } else {
            ERR_TRY(schema_id(l->ct, db->id, schema, &sid));
            if (sid == 0)
                return NULL;
            ERR_TRY(catalog_namespace_get(l->ct, db->id, sid, object, &id));
            if (id != 0)
                ERR_TRY(catalog_table_by_id(l->ct, id, &l->table));
        }
    }
    if (l->table != NULL) {
        l->db = db;
        l->schema = schema;
    }
    return NULL;
}

static struct error *
look_along_path(struct lookup *l, const char *object)
{
    const struct name_resolver *r = l->r;
    bool listed = false, temp_listed = false;
    for (int i = 0; i < r->n_search_path; i++) {
        listed |= strcmp(r->search_path[i], "pg_catalog") == 0;
        temp_listed |= strcmp(r->search_path[i], "pg_temp") == 0;
    }
    if (!temp_listed)
        ERR_TRY(look_in(l, r->database, false, "pg_temp", object));
    if (!listed && l->table == NULL)
        ERR_TRY(look_in(l, r->database, false, "pg_catalog", object));
    for (int i = 0; i < r->n_search_path && l->table == NULL; i++)
        ERR_TRY(look_in(l, r->database, false, r->search_path[i], object));
    return NULL;
}

struct error *
catalog_resolve(struct catalog_txn *ct, const struct name_resolver *r,
                const struct object_name *n, const struct table **out, const struct database **db,
                const char **schema_name)
{
    struct lookup l = {.ct = ct, .r = r};
    const char *object = n->object != NULL ? n->object : "";

    if (n->catalog != NULL) {
        ERR_TRY(look_in(&l, n->catalog, true, n->schema != NULL ? n->schema : "public", object));
    } else if (n->schema != NULL) {
        ERR_TRY(look_in(&l, r->database, false, n->schema, object));
        if (l.table == NULL && is_set(n->schema))
            ERR_TRY(look_in(&l, n->schema, true, "public", object));
    } else {
        ERR_TRY(look_along_path(&l, object));
    }
    *out = l.table;
    if (db != NULL)
        *db = l.db;
    if (schema_name != NULL)
        *schema_name = l.schema;
    return NULL;
}

/* ---- targets ---- */

/* Is there a schema of this name to put things into? *db NULL: no. */
static struct error *
look_for_schema(struct catalog_txn *ct, const char *database, const char *schema,
                const struct database **db)
{
    uint32_t id = 0;
    *db = NULL;
    if (!is_set(database))
        return NULL;
    ERR_TRY(catalog_database_by_name(ct, database, db));
    if (*db == NULL || is_virtual_schema(schema)) /* refused later, when it is the one meant */
        return NULL;
    ERR_TRY(schema_id(ct, (*db)->id, schema, &id));
    if (id == 0)
        *db = NULL;
    return NULL;
}

static char *
as_typed(struct arena *a, const struct object_name *n)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    if (n->catalog != NULL)
        str_printf(&s, "%s.", n->catalog);
    if (n->schema != NULL)
        str_printf(&s, "%s.", n->schema);
    str_append_cstr(&s, pb_str(n->object));
    return arena_strdup(a, str_cstr(&s));
}

struct error *
catalog_resolve_target(struct catalog_txn *ct, const struct name_resolver *r,
                       const struct object_name *n, const struct database **db)
{
    const char *schema = "public";

    *db = NULL;
    if (n->catalog != NULL) {
        schema = n->schema != NULL ? n->schema : "public";
        ERR_TRY(look_for_schema(ct, n->catalog, schema, db));
    } else if (n->schema != NULL) {
        schema = n->schema;
        ERR_TRY(look_for_schema(ct, r->database, schema, db));
        if (*db == NULL) {
            schema = "public";
            ERR_TRY(look_for_schema(ct, n->schema, schema, db));
        }
    } else {
        for (int i = 0; i < r->n_search_path && *db == NULL; i++) {
            schema = r->search_path[i];
            ERR_TRY(look_for_schema(ct, r->database, schema, db));
        }
    }
    if (*db == NULL && n->schema == NULL && n->catalog == NULL)
        return err_at(err_new(ERR_UNDEFINED_OBJECT, "no database specified"), n->position);
    if (*db == NULL)
        return err_at(err_hint(err_new(ERR_INVALID_SCHEMA_NAME,
                                       "cannot create \"%s\" because the target database or"
                                       " schema does not exist",
                                       as_typed(catalog_txn_arena(ct), n)),
                               "verify that the current database and search_path are valid and/or"
                               " the target database exists"),
                      n->position);
    if (is_virtual_schema(schema))
        return err_at(err_new(ERR_INVALID_NAME, "schema cannot be modified: \"%s\"", schema),
                      n->position);
    return NULL;
}
