/* executor/show/cat_hooks.c - what the builtins of pg_catalog ask: OIDs to names, definitions and
 * comments, and names to OIDs.
 *
 * They look in the session's current database, as pg_catalog does.
 */
#include "config.h"

#include "executor/show/cat_int.h"

#include <stdlib.h>

#include "catalog/pb.h"
#include "grammar/parse.h"
#include "types/sqltext.h"

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

/* ---- indexes and constraints by OID ------------------------------------------------------------ */

struct cat_object {
    uint32_t oid;
    const struct index *index;                /* one of the two */
    const struct cat_constraint *constraint;
    const struct cat_rel *rel;
};

/* Made at the first call in a statement: the functions that look here are called for each row. */
struct cat_objects {
    struct arena *arena;
    struct cat_object *v;
    size_t n, cap;
};

static void
add_object(struct cat_objects *l, struct cat_object o)
{
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 64 : 2 * l->cap;
        l->v = arena_realloc(l->arena, l->v, l->cap * sizeof(*l->v), cap * sizeof(*l->v));
        l->cap = cap;
    }
    l->v[l->n++] = o;
}

static struct error *
add_objects(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct cat_objects *l = arg;
    const struct cat_rel *rel = arena_memdup(l->arena, r, sizeof(*r));
    struct cat_constraint *v;
    int n;
    if (r->t->is_view || r->t->is_sequence)
        return NULL;
    for (int i = 0; i < r->t->n_indexes; i++)
        add_object(l, (struct cat_object){.oid = cat_oid_index(r->t->id, r->t->indexes[i].id),
                                          .index = &r->t->indexes[i],
                                          .rel = rel});
    ERR_TRY(cat_constraints(x, r, &v, &n));
    for (int i = 0; i < n; i++)
        add_object(l, (struct cat_object){.oid = v[i].oid, .constraint = &v[i], .rel = rel});
    return NULL;
}

static int
object_order(const void *a, const void *b)
{
    uint32_t x = ((const struct cat_object *)a)->oid, y = ((const struct cat_object *)b)->oid;
    return (x > y) - (x < y);
}

static struct error *
find_object(struct exec_ctx *x, uint32_t oid, const struct cat_object **out)
{
    struct cat_objects *l = x->cat_objects;
    struct cat_object key = {.oid = oid};
    *out = NULL;
    if (l == NULL) {
        struct virtual_scan v = {.key_ordinal = -1};
        l = ARENA_NEW(x->arena, struct cat_objects);
        l->arena = x->arena;
        ERR_TRY(current_database(x, &v.database));
        if (v.database != NULL)
            ERR_TRY(cat_relations(x, &v, CAT_HIDE_VIRTUAL, add_objects, l));
        if (l->n > 1)
            qsort(l->v, l->n, sizeof(*l->v), object_order);
        x->cat_objects = l;
    }
    if (l->n > 0)
        *out = bsearch(&key, l->v, l->n, sizeof(*l->v), object_order);
    return NULL;
}

static struct error *
index_definition(struct exec_ctx *x, uint32_t oid, int column, const char **text)
{
    const struct cat_object *o;
    ERR_TRY(find_object(x, oid, &o));
    if (o == NULL || o->index == NULL)
        return NULL;
    if (column == 0)
        return cat_index_def(x, o->rel, o->index, text);
    *text = column > 0 && column <= o->index->n_keys
                ? o->rel->t->columns[o->index->keys[column - 1]].name
                : "";
    return NULL;
}

static struct error *
constraint_definition(struct exec_ctx *x, uint32_t oid, const char **text)
{
    const struct cat_object *o;
    ERR_TRY(find_object(x, oid, &o));
    return o != NULL && o->constraint != NULL
               ? cat_constraint_def(x, o->rel, o->constraint, text)
               : NULL;
}

/* ---- definitions, comments, roles --------------------------------------------------------------- */

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
    const struct table *t;
    const struct cat_function *f;
    (void)pretty;
    *text = NULL;
    if (x->catalog == NULL)
        return NULL;
    switch ((int)kind) {
    case EVAL_INDEX:
        return index_definition(x, oid, column, text);
    case EVAL_CONSTRAINT:
        return constraint_definition(x, oid, text);
    case EVAL_FUNCTION:
        f = find_function(oid);
        if (f != NULL)
            *text = function_part(x, f, column);
        break;
    case EVAL_VIEW:
        ERR_TRY(catalog_table_by_id(x->catalog, oid, &t));
        if (t != NULL && t->is_view)
            *text = arena_strdup(x->arena, pb_str(t->pb->view_query));
        break;
    default:
        break;
    }
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
        const struct cat_object *o;
        ERR_TRY(find_object(x, oid, &o));
        *found = *visible = o != NULL && o->index != NULL;
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
    const struct cat_object *o;
    ERR_TRY(find_object(x, oid, &o));
    *name = o != NULL && o->index != NULL ? o->index->name : NULL;
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

/* +(bigint,bigint), -(NONE,bigint) */
struct operator_text {
    struct arena *arena;
    uint32_t oid;
    const char *name, *given;
};

static struct error *
operator_text(const struct cat_operator *o, void *arg)
{
    struct operator_text *w = arg;
    if (w->given == NULL && o->oid != w->oid)
        return NULL;
    const char *text = arena_printf(
        w->arena, "%s(%s,%s)", o->name,
        o->left != NULL ? type_pg_name_str(w->arena, o->left) : "NONE",
        type_pg_name_str(w->arena, o->right));
    if (w->given == NULL) {
        w->name = text;
    } else if (strcmp(text, w->given) == 0) {
        w->name = text;
        w->oid = o->oid;
    }
    return NULL;
}

static struct error *
operator_name(struct arena *a, uint32_t oid, const char **name)
{
    struct operator_text w = {a, oid, NULL, NULL};
    ERR_TRY(cat_operators(operator_text, &w));
    *name = w.name;
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
    if (kind == TYPE_REGOPERATOR.oid)
        return operator_name(env->arena, oid, name);
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
    const char *shown = slice_to_cstr(x->arena, name);
    struct error *e = parse_table_name(x->arena, name, &n);
    if (e == NULL) {
        struct object_name o = {
            .catalog = n.count >= 3 ? show_text(x, n.catalog) : NULL,
            .schema = n.count >= 2 ? show_text(x, n.schema) : NULL,
            .object = show_text(x, n.object),
        };
        ERR_TRY(catalog_resolve(x->catalog, &x->names, &o, &t, NULL, NULL));
        shown = arena_printf(x->arena, "%s%s%s%s%s", n.count >= 3 ? o.catalog : "",
                             n.count >= 3 ? "." : "", n.count >= 2 ? o.schema : "",
                             n.count >= 2 ? "." : "", o.object);
    }
    err_free(e);
    if (t == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation \"%s\" does not exist", shown);
    *oid = t->id;
    return NULL;
}

/* f, pg_catalog.f; regprocedure: f(bigint, text). Argument types that no overload has are ignored, as
 * v20.1 does with all: clients write array_in(cstring,oid,integer). */
static struct error *
function_oid(struct exec_ctx *x, struct slice name, bool procedure, uint32_t *oid)
{
    bool prefixed = slice_has_prefix(name, SLICE_LIT("pg_catalog."));
    if (prefixed)
        name = slice_make(name.ptr + 11, name.len - 11);
    char *text = slice_to_cstr(x->arena, name);
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
    struct slice bare = sql_call_name(name);
    if (found == NULL && bare.len != name.len) /* max(int) is looked up as max */
        return function_oid(x, bare, false, oid);
    if (found == NULL) {
        int dots = 0;
        for (const char *p = text; *p != '\0'; p++)
            dots += *p == '.';
        if (dots > 2)
            return err_new(ERR_SYNTAX, "invalid function name: %s", text);
        return err_new(ERR_UNDEFINED_FUNCTION, "unknown function: %s%s()",
                       prefixed ? "pg_catalog." : "", text);
    }
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

/* name(type,type), the types by their names in SQL, NONE for the left one of a prefix operator. */
static struct error *
operator_oid(struct exec_ctx *x, struct slice name, uint32_t *oid)
{
    const char *text = slice_to_cstr(x->arena, name);
    struct operator_text w = {arena_create(x->arena, "operators"), 0, NULL, text};
    struct error *e = cat_operators(operator_text, &w);
    if (e == NULL && w.name == NULL)
        e = err_new(ERR_UNDEFINED_FUNCTION, "operator does not exist: %s", text);
    *oid = w.oid;
    arena_destroy(w.arena);
    return e;
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
    if (kind == TYPE_REGOPERATOR.oid)
        return operator_oid(x, name, oid);
    return type_oid(name, oid);
}
