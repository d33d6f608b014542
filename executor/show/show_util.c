#include "config.h"

#include "executor/show/show_int.h"

#include "catalog/pb.h"
#include "catalog/show_create.h"
#include "catalog/sysrow.h"
#include "executor/schema/zone.h"
#include "grammar/print.h"

const char *const builtin_schemas[4] = {"crdb_internal", "information_schema", "pg_catalog",
                                        "public"};

const char *
show_text(struct exec_ctx *x, struct slice s)
{
    return slice_to_cstr(x->arena, s);
}

static struct object_name
object_name(struct exec_ctx *x, const struct ast_object_name *n)
{
    return (struct object_name){
        .catalog = n->count >= 3 ? show_text(x, n->catalog) : NULL,
        .schema = n->count >= 2 ? show_text(x, n->schema) : NULL,
        .object = show_text(x, n->object),
        .position = n->pos,
    };
}

struct error *
show_is_visible(struct exec_ctx *x, const Amberdb__PrivilegeDescriptor *p, bool *yes)
{
    const char *const *roles;
    size_t n;
    ERR_TRY(catalog_is_admin(x->catalog, x->user, yes));
    if (*yes || p == NULL)
        return NULL;
    ERR_TRY(catalog_roles_of(x->catalog, x->user, &roles, &n));
    for (size_t i = 0; i < p->n_users; i++) {
        const char *u = p->users[i]->user;
        bool ours = strcmp(u, x->user) == 0 || strcmp(u, "public") == 0;
        for (size_t r = 0; r < n; r++)
            ours = ours || strcmp(u, roles[r]) == 0;
        *yes = *yes || (ours && PB_GET(p->users[i], privileges) != 0);
    }
    return NULL;
}

struct error *
show_find_table(struct exec_ctx *x, const struct ast_object_name *n, const struct table **out,
                const struct database **db, const char **schema)
{
    struct object_name name = object_name(x, n);
    ERR_TRY(catalog_resolve(x->catalog, &x->names, &name, out, db, schema));
    if (*out != NULL)
        return NULL;
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    print_object_name(&s, n, NULL);
    return err_new(ERR_UNDEFINED_TABLE, "relation \"%s\" does not exist", str_cstr(&s));
}

struct error *
show_table(struct exec_ctx *x, const struct ast_object_name *n, const struct table **out,
           const struct database **db, const char **schema)
{
    ERR_TRY(show_find_table(x, n, out, db, schema));
    bool visible = (*out)->is_virtual;
    if (!visible)
        ERR_TRY(show_is_visible(x, (*out)->pb->privileges, &visible));
    if (!visible)
        return err_new(ERR_INSUFFICIENT_PRIVILEGE, "user %s has no privileges on relation %s",
                       x->user, (*out)->name);
    return NULL;
}

struct error *
show_no_target(void)
{
    return err_new(ERR_INVALID_SCHEMA_NAME, "target database or schema does not exist");
}

/* Is there such a schema in the database? */
static struct error *
schema_exists(struct exec_ctx *x, const struct database *db, const char *schema, bool *yes)
{
    uint32_t id = 0;
    *yes = false;
    if (strcmp(schema, "pg_temp") == 0 && x->names.temp_schema != NULL)
        schema = x->names.temp_schema;
    for (size_t i = 0; i < 4; i++)
        *yes = *yes || strcmp(builtin_schemas[i], schema) == 0;
    if (!*yes)
        ERR_TRY(catalog_namespace_get(x->catalog, db->id, 0, schema, &id));
    *yes = *yes || id != 0;
    return NULL;
}

struct error *
show_prefix(struct exec_ctx *x, const struct ast_object_name *n, const struct database **db,
            const char **schema)
{
    const char *last = n->count > 0 ? show_text(x, n->object) : NULL;
    bool found = true;
    *schema = "public";
    *db = NULL;
    if (n->count >= 2) {
        *schema = last;
        ERR_TRY(catalog_database_by_name(x->catalog, show_text(x, n->schema), db));
        if (*db != NULL)
            ERR_TRY(schema_exists(x, *db, last, &found));
    } else {
        if (*x->database != '\0')
            ERR_TRY(catalog_database_by_name(x->catalog, x->database, db));
        if (n->count == 0 && *x->database == '\0')
            return err_new(ERR_INVALID_NAME, "no database specified");
        if (n->count == 1) {
            found = false;
            if (*db != NULL)
                ERR_TRY(schema_exists(x, *db, last, &found));
            if (found)
                *schema = last;
            else
                ERR_TRY(catalog_database_by_name(x->catalog, last, db));
            found = true;
        }
    }
    if (*db == NULL || !found)
        return show_no_target();
    if (strcmp(*schema, "pg_temp") == 0)
        *schema = x->names.temp_schema;
    return NULL;
}

struct error *
show_database(struct exec_ctx *x, struct slice name, bool given, const struct database **out)
{
    const char *text = given ? show_text(x, name) : x->database;
    *out = NULL;
    if (*text == '\0')
        return NULL;
    ERR_TRY(catalog_database_by_name(x->catalog, text, out));
    if (*out == NULL)
        return err_new(ERR_INVALID_CATALOG_NAME, "database \"%s\" does not exist", text);
    return NULL;
}

struct error *
show_comment(struct exec_ctx *x, int type, uint32_t object, uint32_t sub, const char **out)
{
    struct datum key[] = {datum_int(type), datum_int(object), datum_int(sub)}, row[4];
    bool found;
    *out = NULL;
    ERR_TRY(sys_get(x->catalog, x->arena, ID_COMMENTS, key, 3, row, &found));
    if (found && !row[3].null)
        *out = slice_to_cstr(x->arena, datum_slice(&row[3]));
    return NULL;
}

/* ---- SHOW CREATE's look-ups ---------------------------------------------------------------- */

struct lookups {
    struct exec_ctx *x;
    struct error *err; /* the first failure; callbacks cannot return one */
    bool zones;        /* the table or a part of it has a zone configuration */
};

static const pb_descriptor *
lookup_descriptor(void *arg, uint32_t id)
{
    struct lookups *l = arg;
    const pb_descriptor *d = NULL;
    struct error *e = l->err == NULL ? catalog_descriptor(l->x->catalog, id, &d) : NULL;
    if (e != NULL)
        l->err = e;
    return d;
}

static const char *
lookup_comment(void *arg, int type, uint32_t object, uint32_t sub)
{
    struct lookups *l = arg;
    const char *text = NULL;
    struct error *e = l->err == NULL ? show_comment(l->x, type, object, sub, &text) : NULL;
    if (e != NULL)
        l->err = e;
    return text;
}

static const char *
lookup_zones(void *arg, const struct table *t)
{
    struct lookups *l = arg;
    const char *text = NULL;
    struct error *e = l->err == NULL ? zone_table_sql(l->x, t, &text) : NULL;
    if (e != NULL)
        l->err = e;
    l->zones = text != NULL && *text != '\0';
    return text;
}

static bool
is_partitioned(const struct table *t)
{
    for (int i = 0; i < t->n_indexes && !t->is_view && !t->is_virtual; i++) {
        const Amberdb__PartitioningDescriptor *p = t->indexes[i].pb->partitioning;
        if (p != NULL && p->num_columns > 0)
            return true;
    }
    return false;
}

struct error *
show_create_text(struct exec_ctx *x, const struct table *t, bool with_comments, char **out)
{
    struct lookups l = {.x = x};
    struct show_create_opts o = {
        .lookup = lookup_descriptor,
        .arg = &l,
        .comment = with_comments ? lookup_comment : NULL,
        .zone_sql = with_comments ? lookup_zones : NULL,
        .qualify_other_databases = true,
    };
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    struct error *e = show_create(&s, t, &o);
    if (l.err != NULL) {
        err_free(e);
        return l.err;
    }
    ERR_TRY(e);
    if (with_comments && !l.zones && is_partitioned(t))
        str_append_cstr(&s, "\n-- Warning: Partitioned table with no zone configurations.");
    *out = arena_strdup(x->arena, str_cstr(&s));
    return NULL;
}
