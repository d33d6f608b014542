#include "config.h"

#include "executor/schema/schema_int.h"

#include "executor/session.h"
#include "grammar/print.h"

const char *
ddl_text(struct exec_ctx *x, struct slice s)
{
    return slice_to_cstr(x->arena, s);
}

struct object_name
ddl_object_name(struct exec_ctx *x, const struct ast_object_name *n)
{
    return (struct object_name){
        .catalog = n->count >= 3 ? ddl_text(x, n->catalog) : NULL,
        .schema = n->count >= 2 ? ddl_text(x, n->schema) : NULL,
        .object = ddl_text(x, n->object),
        .position = n->pos,
    };
}

const char *
ddl_name_shown(struct exec_ctx *x, const struct ast_object_name *n)
{
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    print_object_name(&s, n, NULL);
    return str_cstr(&s);
}

struct error *
ddl_database(struct exec_ctx *x, struct slice name, bool if_exists, const struct database **out)
{
    if (name.len == 0)
        return err_new(ERR_SYNTAX, "empty database name");
    ERR_TRY(catalog_database_by_name(x->catalog, ddl_text(x, name), out));
    if (*out == NULL && !if_exists)
        return err_new(ERR_INVALID_CATALOG_NAME, "database \"%s\" does not exist",
                       ddl_text(x, name));
    return NULL;
}

static const char *const relation_words[] = {"relation", "table", "view", "sequence", "table"};

struct error *
ddl_relation(struct exec_ctx *x, const struct ast_object_name *n, enum ddl_relation kind,
             bool if_exists, enum privilege wanted, const struct table **out,
             const struct database **db)
{
    struct object_name name = ddl_object_name(x, n);
    const struct database *found_db;
    const char *schema;
    ERR_TRY(catalog_resolve(x->catalog, &x->names, &name, out, &found_db, &schema));
    if (db != NULL)
        *db = found_db;
    if (*out == NULL) {
        if (if_exists)
            return NULL;
        return err_new(ERR_UNDEFINED_TABLE, "relation \"%s\" does not exist",
                       ddl_name_shown(x, n));
    }
    const struct table *t = *out;
    if (t->is_virtual)
        return err_new(ERR_INSUFFICIENT_PRIVILEGE,
                       "user %s does not have %s privilege on relation %s", x->user,
                       privilege_names[wanted], t->name);
    bool fits = kind == DDL_ANY || (kind == DDL_VIEW && t->is_view) ||
                (kind == DDL_SEQUENCE && t->is_sequence) ||
                ((kind == DDL_TABLE || kind == DDL_KEYLESS_TABLE) && !t->is_view &&
                 !t->is_sequence);
    if (!fits)
        return err_new(ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a %s", t->name,
                       relation_words[kind]);
    return kind == DDL_KEYLESS_TABLE ? NULL : table_check_key(t);
}

struct error *
ddl_check_table(struct exec_ctx *x, const struct table *t, enum privilege p)
{
    const pb_descriptor *d;
    ERR_TRY(catalog_descriptor(x->catalog, t->id, &d));
    return catalog_check_privilege(x->catalog, x->user, d, p);
}

struct error *
ddl_check_database(struct exec_ctx *x, const struct database *db, enum privilege p)
{
    const pb_descriptor *d;
    ERR_TRY(catalog_descriptor(x->catalog, db->id, &d));
    return catalog_check_privilege(x->catalog, x->user, d, p);
}

struct error *
ddl_new_relation(struct exec_ctx *x, const struct ast_object_name *n, bool temporary,
                 bool if_not_exists, struct ddl_target *out)
{
    struct object_name name = ddl_object_name(x, n);
    uint32_t id;
    *out = (struct ddl_target){.schema_id = ID_PUBLIC_SCHEMA};
    ERR_TRY(ddl_temporary_name(x, &name, &temporary));
    ERR_TRY(catalog_resolve_target(x->catalog, &x->names, &name, &out->db));
    ERR_TRY(ddl_check_database(x, out->db, PRIV_CREATE));
    out->temporary = temporary;
    if (temporary)
        ERR_TRY(ddl_temporary_schema(x, out->db, &out->schema_id));
    ERR_TRY(catalog_namespace_get(x->catalog, out->db->id, out->schema_id, name.object, &id));
    if (id == 0 && !catalog_name_is_draining(x->catalog, out->db->id, out->schema_id, name.object))
        return NULL;
    out->exists = true;
    if (if_not_exists) /* of a name that is not free yet, too */
        return NULL;
    return err_new(ERR_DUPLICATE_RELATION, "relation \"%s\" already exists", name.object);
}

struct error *
ddl_put_name(struct exec_ctx *x, const pb_table *t)
{
    return catalog_namespace_put(x->catalog, t->parent_id, PB_GET(t, unexposed_parent_schema_id),
                                 t->name, t->id);
}

const char *
ddl_qualified(struct exec_ctx *x, const struct table *t)
{
    const struct database *db = NULL;
    struct str s;
    err_free(catalog_database_by_id(x->catalog, t->parent_id, &db));
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    print_name(&s, slice_cstr(db != NULL ? db->name : ""));
    str_append_cstr(&s, t->is_temporary ? ".pg_temp." : ".public.");
    print_name(&s, slice_cstr(t->name));
    return str_cstr(&s);
}

struct error *
ddl_mutable(struct exec_ctx *x, uint32_t id, pb_table **out)
{
    return catalog_mutable_table(x->catalog, x->arena, id, out);
}

struct error *
ddl_note_change(struct exec_ctx *x, const struct table *t, enum catalog_change change)
{
    const char *strict = x->session != NULL ? session_setting(x->session, "strict_ddl_atomicity") : "";
    ERR_TRY(catalog_note_change(x->catalog, t, change));
    if (!exec_in_explicit_txn(x) || catalog_is_new(x->catalog, t->id) ||
        (strcmp(strict, "on") != 0 && strcmp(strict, "true") != 0))
        return NULL;
    return err_hint(err_new(ERR_FEATURE_NOT_SUPPORTED,
                            "unimplemented: cannot run this DDL statement inside a multi-statement "
                            "transaction as its atomicity cannot be guaranteed"),
                    "You have attempted to use a feature that is not yet implemented.\n"
                    "See: https://go.crdb.dev/issue/42061\n--\n"
                    "Set the session variable strict_ddl_atomicity to false if you are willing to "
                    "accept atomicity violations.");
}

struct error *
ddl_unknown_column(struct exec_ctx *x, struct error *err, const struct ast_expr *e)
{
    if (err == NULL || !err_is(err, ERR_UNDEFINED_COLUMN))
        return err;
    const char *start = strchr(err->message, '"');
    const char *end = start != NULL ? strrchr(err->message, '"') : NULL;
    struct str s;
    if (end == NULL || end == start)
        return err;
    const char *name = arena_strndup(x->arena, start + 1, (size_t)(end - start - 1));
    const char *dot = strrchr(name, '.');
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    print_expr(&s, e, NULL);
    err_free(err);
    return err_new(ERR_INVALID_TABLE_DEFINITION, "column \"%s\" not found, referenced in \"%s\"",
                   dot != NULL ? dot + 1 : name, str_cstr(&s));
}
