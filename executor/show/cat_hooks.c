/* executor/show/cat_hooks.c - what the builtins of pg_catalog ask: OIDs to names, definitions and
 * comments, and names to OIDs.
 *
 * They look in the session's current database, as pg_catalog does.
 */
#include "config.h"

#include "executor/show/cat_int.h"

#include "catalog/pb.h"
#include "grammar/parse.h"

static struct exec_ctx *
context(const struct eval_env *env)
{
    return env->session;
}

static struct error *
current_database(struct exec_ctx *x, const struct database **db)
{
    *db = NULL;
    if (x->catalog == NULL || x->database == NULL || *x->database == '\0')
        return NULL;
    return catalog_database_by_name(x->catalog, x->database, db);
}

/* ---- search by OID --------------------------------------------------------------------------- */

struct search {
    uint32_t oid;
    enum eval_object kind;
    int column;
    const char *found;
};

static struct error *
search_index(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct search *s = arg;
    for (int i = 0; i < r->t->n_indexes && s->found == NULL; i++) {
        const struct index *ix = &r->t->indexes[i];
        if (cat_oid_index(r->t->id, ix->id) != s->oid)
            continue;
        if (s->kind != EVAL_INDEX)
            s->found = ix->name;
        else if (s->column == 0)
            ERR_TRY(cat_index_def(x, r, ix, &s->found));
        else if (s->column > 0 && s->column <= ix->n_keys)
            s->found = r->t->columns[ix->keys[s->column - 1]].name;
        else
            s->found = "";
    }
    return NULL;
}

static struct error *
search_constraint(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct search *s = arg;
    struct cat_constraint *v;
    int n;
    if (s->found != NULL)
        return NULL;
    ERR_TRY(cat_constraints(x, r, &v, &n));
    for (int i = 0; i < n; i++)
        if (v[i].oid == s->oid)
            return cat_constraint_def(x, r, &v[i], &s->found);
    return NULL;
}

static struct error *
search_relations(struct exec_ctx *x, cat_rel_fn fn, struct search *s)
{
    struct virtual_scan v = {.key_ordinal = -1};
    ERR_TRY(current_database(x, &v.database));
    return v.database == NULL ? NULL : cat_relations(x, &v, CAT_HIDE_VIRTUAL, fn, s);
}

static const struct cat_function *
find_function(uint32_t oid)
{
    size_t n;
    const struct cat_function *v = cat_functions(&n);
    for (size_t i = 0; i < n; i++)
        if (v[i].oid == oid)
            return &v[i];
    return NULL;
}

static const char *
function_part(struct exec_ctx *x, const struct cat_function *f, int part)
{
    if (part != 0)
        return f->pg_arguments;
    return arena_printf(x->arena, "%s%s", f->returns_set ? "SETOF " : "",
                        f->ret != NULL ? type_pg_name_str(x->arena, f->ret) : "anyelement");
}

struct error *
cat_hook_definition(const struct eval_env *env, enum eval_object kind, uint32_t oid, int column,
                    bool pretty, const char **text)
{
    struct exec_ctx *x = context(env);
    struct search s = {.oid = oid, .kind = kind, .column = column};
    const struct table *t;
    const struct cat_function *f;
    (void)pretty;
    *text = NULL;
    if (x->catalog == NULL)
        return NULL;
    switch ((int)kind) {
    case EVAL_INDEX:
        ERR_TRY(search_relations(x, search_index, &s));
        break;
    case EVAL_CONSTRAINT:
        ERR_TRY(search_relations(x, search_constraint, &s));
        break;
    case EVAL_FUNCTION:
        f = find_function(oid);
        if (f != NULL)
            s.found = function_part(x, f, column);
        break;
    case EVAL_VIEW:
        ERR_TRY(catalog_table_by_id(x->catalog, oid, &t));
        if (t != NULL && t->is_view)
            s.found = arena_strdup(x->arena, pb_str(t->pb->view_query));
        break;
    default:
        break;
    }
    *text = s.found;
    return NULL;
}

struct error *
cat_hook_comment(const struct eval_env *env, enum eval_object kind, uint32_t oid, int column,
                 const char **text)
{
    struct exec_ctx *x = context(env);
    *text = NULL;
    if (x->catalog == NULL)
        return NULL;
    if (kind == EVAL_DATABASE)
        return show_comment(x, 0, oid, 0, text);
    if (kind == EVAL_COLUMN)
        return show_comment(x, 2, oid, (uint32_t)column, text);
    const struct table *t = virtual_by_id(virtual_tables(), oid);
    if (t != NULL) {
        *text = ((const struct virtual_table *)t->opaque)->comment;
        return NULL;
    }
    return show_comment(x, 1, oid, 0, text);
}

struct error *
cat_hook_role_name(const struct eval_env *env, uint32_t oid, const char **name)
{
    struct exec_ctx *x = context(env);
    struct cat_role *v;
    size_t n;
    *name = NULL;
    if (x->catalog == NULL)
        return NULL;
    ERR_TRY(cat_roles(x, &v, &n));
    for (size_t i = 0; i < n && *name == NULL; i++)
        if (cat_oid_user(v[i].name) == oid)
            *name = v[i].name;
    return NULL;
}

static bool
on_path(const struct exec_ctx *x, const char *schema)
{
    if (strcmp(schema, "pg_catalog") == 0 || strncmp(schema, "pg_temp", 7) == 0)
        return true;
    for (int i = 0; i < x->names.n_search_path; i++)
        if (strcmp(x->names.search_path[i], schema) == 0)
            return true;
    return false;
}

struct error *
cat_hook_table_is_visible(const struct eval_env *env, uint32_t oid, bool *found, bool *visible)
{
    struct exec_ctx *x = context(env);
    const struct database *db;
    const char *schema;
    const struct table *t = virtual_by_id(virtual_tables(), oid);
    *found = *visible = false;
    if (t == NULL && x->catalog != NULL)
        ERR_TRY(catalog_table_by_id(x->catalog, oid, &t));
    if (t == NULL) { /* indexes have rows in pg_class too */
        struct search s = {.oid = oid, .kind = EVAL_TABLE};
        ERR_TRY(search_relations(x, search_index, &s));
        *found = *visible = s.found != NULL;
        return NULL;
    }
    ERR_TRY(current_database(x, &db));
    ERR_TRY(cat_schema_of(x, t, &schema));
    *found = true;
    *visible = (t->is_virtual || (db != NULL && db->id == t->parent_id)) && on_path(x, schema);
    return NULL;
}

/* ---- OIDs to names --------------------------------------------------------------------------- */

static struct error *
relation_name(struct exec_ctx *x, uint32_t oid, const char **name)
{
    const struct table *t = virtual_by_id(virtual_tables(), oid);
    if (t == NULL)
        ERR_TRY(catalog_table_by_id(x->catalog, oid, &t));
    if (t != NULL) {
        *name = t->name;
        return NULL;
    }
    struct search s = {.oid = oid, .kind = EVAL_TABLE};
    ERR_TRY(search_relations(x, search_index, &s));
    *name = s.found;
    return NULL;
}

static struct error *
schema_name(struct exec_ctx *x, uint32_t oid, const char **name)
{
    const struct database *db;
    const char *const *v;
    size_t n;
    ERR_TRY(current_database(x, &db));
    if (db == NULL)
        return NULL;
    ERR_TRY(cat_schemas(x, db, &v, &n));
    for (size_t i = 0; i < n && *name == NULL; i++)
        if (cat_oid_schema(db->id, v[i]) == oid)
            *name = v[i];
    return NULL;
}

struct error *
cat_hook_oid_to_name(const struct eval_env *env, uint32_t kind, uint32_t oid, const char **name)
{
    struct exec_ctx *x = context(env);
    *name = NULL;
    if (x->catalog == NULL || oid == 0)
        return NULL;
    if (kind == TYPE_REGCLASS.oid)
        return relation_name(x, oid, name);
    if (kind == TYPE_REGNAMESPACE.oid)
        return schema_name(x, oid, name);
    if (kind == TYPE_REGPROC.oid || kind == TYPE_REGPROCEDURE.oid) {
        const struct cat_function *f = find_function(oid);
        *name = f != NULL ? f->name : NULL;
    }
    if (kind == TYPE_REGTYPE.oid) {
        const struct type *t = type_from_oid(oid);
        if (t != NULL)
            *name = type_pg_name_str(env->arena, t);
    }
    return NULL;
}

/* ---- names to OIDs --------------------------------------------------------------------------- */

static struct error *
relation_oid(struct exec_ctx *x, struct slice name, uint32_t *oid)
{
    struct ast_object_name n;
    const struct table *t = NULL;
    struct error *e = parse_table_name(x->arena, name, &n);
    if (e == NULL) {
        struct object_name o = {
            .catalog = n.count >= 3 ? show_text(x, n.catalog) : NULL,
            .schema = n.count >= 2 ? show_text(x, n.schema) : NULL,
            .object = show_text(x, n.object),
        };
        ERR_TRY(catalog_resolve(x->catalog, &x->names, &o, &t, NULL, NULL));
    }
    err_free(e);
    if (t == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation \"%.*s\" does not exist", (int)name.len,
                       (const char *)name.ptr);
    *oid = t->id;
    return NULL;
}

/* f, pg_catalog.f; regprocedure: f(bigint, text) */
static struct error *
function_oid(struct exec_ctx *x, struct slice name, bool procedure, uint32_t *oid)
{
    if (slice_has_prefix(name, SLICE_LIT("pg_catalog.")))
        name = slice_make(name.ptr + 11, name.len - 11);
    const char *text = slice_to_cstr(x->arena, name);
    bool with_arguments = procedure && strchr(text, '(') != NULL;
    size_t n;
    const struct cat_function *v = cat_functions(&n), *found = NULL;
    for (size_t i = 0; i < n; i++) {
        const char *written =
            with_arguments ? arena_printf(x->arena, "%s(%s)", v[i].name, v[i].pg_arguments)
                           : v[i].name;
        if (strcmp(written, text) != 0)
            continue;
        if (found != NULL)
            return err_new(ERR_AMBIGUOUS_ALIAS, "more than one function named '%s'", text);
        found = &v[i];
    }
    if (found == NULL)
        return err_new(ERR_UNDEFINED_FUNCTION, "unknown function: %s()", text);
    *oid = found->oid;
    return NULL;
}

static struct error *
schema_oid(struct exec_ctx *x, struct slice name, uint32_t *oid)
{
    const struct database *db;
    const char *const *v = NULL;
    size_t n = 0;
    ERR_TRY(current_database(x, &db));
    if (db != NULL)
        ERR_TRY(cat_schemas(x, db, &v, &n));
    for (size_t i = 0; i < n; i++)
        if (slice_eq(slice_cstr(v[i]), name)) {
            *oid = cat_oid_schema(db->id, v[i]);
            return NULL;
        }
    return err_new(ERR_UNDEFINED_OBJECT, "namespace '%.*s' does not exist", (int)name.len,
                   (const char *)name.ptr);
}

/* Types that functions of PostgreSQL have and tables cannot: clients compare with them. */
static const struct {
    const char *name;
    uint32_t oid;
} pseudo_types[] = {
    {"cstring", 2275}, {"internal", 2281}, {"trigger", 2279},
    {"event_trigger", 3838}, {"language_handler", 2280}, {"void", 2278},
};

static struct error *
type_oid(struct slice name, uint32_t *oid)
{
    struct slice bare = name;
    const struct type *t;
    if (slice_has_prefix(bare, SLICE_LIT("pg_catalog.")))
        bare = slice_make(bare.ptr + 11, bare.len - 11);
    for (size_t i = 0; i < sizeof(pseudo_types) / sizeof(pseudo_types[0]); i++)
        if (slice_eq(bare, slice_cstr(pseudo_types[i].name))) {
            *oid = pseudo_types[i].oid;
            return NULL;
        }
    for (int i = 0; (t = cat_type_at(i)) != NULL; i++)
        if (slice_eq(bare, slice_cstr(type_typname(t)))) {
            *oid = t->oid;
            return NULL;
        }
    return err_new(ERR_UNDEFINED_OBJECT, "type '%.*s' does not exist", (int)name.len,
                   (const char *)name.ptr);
}

struct error *
cat_hook_name_to_oid(const struct eval_env *env, uint32_t kind, struct slice name, uint32_t *oid)
{
    struct exec_ctx *x = context(env);
    *oid = 0;
    if (x->catalog != NULL && kind == TYPE_REGCLASS.oid)
        return relation_oid(x, name, oid);
    if (x->catalog != NULL && kind == TYPE_REGNAMESPACE.oid)
        return schema_oid(x, name, oid);
    if (kind == TYPE_REGPROC.oid || kind == TYPE_REGPROCEDURE.oid)
        return function_oid(x, name, kind == TYPE_REGPROCEDURE.oid, oid);
    return type_oid(name, oid);
}
