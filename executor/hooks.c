#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/row.h"
#include "executor/node_control.h"
#include "executor/peers.h"
#include "executor/ranges.h"
#include "executor/sequence.h"
#include "executor/session_int.h"
#include "executor/show/cat_int.h"
#include "executor/virtual.h"
#include "types/keyenc.h"

/* What functions ask of the session and the catalog: planner/eval_hooks.h. */

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "dev"
#endif
#if defined(__x86_64__)
#define PLATFORM "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define PLATFORM "aarch64-linux-gnu"
#else
#define PLATFORM "linux"
#endif

static struct exec_ctx *
ctx_of(const struct eval_env *env)
{
    return env->session;
}

/* ---- settings ------------------------------------------------------------------------------- */

static struct error *
current_setting(const struct eval_env *env, const char *name, bool missing_ok, const char **value)
{
    struct exec_ctx *x = ctx_of(env);

    *value = NULL;
    if (x->session == NULL)
        return err_unimplemented(0, "settings without a session");
    struct error *e = var_show(x->session, env->arena, name, value);
    if (e != NULL && missing_ok && err_is(e, ERR_UNDEFINED_OBJECT)) {
        err_free(e);
        return NULL;
    }
    return e;
}

static struct error *
set_config(const struct eval_env *env, const char *name, const char *value, bool is_local,
           const char **now)
{
    struct exec_ctx *x = ctx_of(env);

    if (is_local)
        return err_unimplemented(32562, "transaction-scoped settings are not supported");
    if (x->session == NULL)
        return err_unimplemented(0, "settings without a session");
    ERR_TRY(var_set(x->session, x, x->client, name, value, false));
    return var_show(x->session, env->arena, name, now);
}

static struct error *
current_schemas(const struct eval_env *env, bool implicit, int *n, const char *const **names)
{
    struct exec_ctx *x = ctx_of(env);
    const char **v = ARENA_ARRAY(env->arena, const char *, (size_t)x->names.n_search_path + 3);
    const char *temp = x->names.temp_schema; /* NULL: the session has made none */
    bool listed = false, temp_listed = false;
    const struct database *db = NULL;

    *n = 0;
    *names = v;
    for (int i = 0; i < x->names.n_search_path; i++) {
        listed = listed || strcmp(x->names.search_path[i], "pg_catalog") == 0;
        temp_listed = temp_listed || strcmp(x->names.search_path[i], "pg_temp") == 0;
    }
    if (*x->database == '\0')
        return NULL;
    if (x->catalog != NULL)
        ERR_TRY(catalog_database_by_name(x->catalog, x->database, &db));
    if (implicit && temp != NULL && !temp_listed)
        v[(*n)++] = temp;
    if (implicit && !listed)
        v[(*n)++] = "pg_catalog";
    for (int i = 0; i < x->names.n_search_path; i++) {
        const char *s = x->names.search_path[i];
        if (strcmp(s, "pg_temp") == 0 && temp != NULL)
            s = temp;
        else if (!(strcmp(s, "public") == 0 && db != NULL) && !virtual_schema_exists(s))
            continue;
        v[(*n)++] = s;
    }
    return NULL;
}

/* ---- privileges ----------------------------------------------------------------------------- */

static struct error *
is_admin(const struct eval_env *env, bool *out)
{
    struct exec_ctx *x = ctx_of(env);

    *out = strcmp(x->user, "root") == 0;
    return *out || x->catalog == NULL ? NULL : catalog_is_admin(x->catalog, x->user, out);
}

static struct error *
user_of_query(struct exec_ctx *x, const struct eval_privilege_query *q, const char **user)
{
    bool exists, role;

    *user = x->user;
    if (q->user_by_oid) {
        struct cat_role *v;
        size_t n;
        ERR_TRY(cat_roles(x, &v, &n));
        *user = NULL;
        for (size_t i = 0; i < n; i++)
            if (cat_oid_user(v[i].name) == q->user_oid)
                *user = v[i].name;
        return NULL;
    }
    if (q->user == NULL)
        return NULL;
    *user = q->user;
    if (strcmp(q->user, "root") == 0 || strcmp(q->user, "public") == 0)
        return NULL;
    ERR_TRY(catalog_user_exists(x->catalog, q->user, &exists, &role));
    if (!exists)
        return err_new(ERR_UNDEFINED_OBJECT, "role '%s' does not exist", q->user);
    return NULL;
}

/* The descriptor that a query is about; *t for tables that everyone may read. */
static struct error *
object_of_query(struct exec_ctx *x, const struct eval_privilege_query *q, const pb_descriptor **d,
                const struct table **t)
{
    *d = NULL;
    *t = NULL;
    if (q->kind == EVAL_DATABASE) {
        const struct database *db = NULL;
        if (q->by_oid) {
            ERR_TRY(catalog_database_by_id(x->catalog, q->oid, &db));
        } else {
            char *name = slice_to_cstr(x->arena, q->name);
            ERR_TRY(catalog_database_by_name(x->catalog, name, &db));
            if (db == NULL)
                return err_new(ERR_INVALID_CATALOG_NAME, "database '%s' does not exist", name);
        }
        return db == NULL ? NULL : catalog_descriptor(x->catalog, db->id, d);
    }
    uint32_t oid = q->oid;
    if (!q->by_oid)
        ERR_TRY(cat_hook_name_to_oid(&x->env, TYPE_REGCLASS.oid, q->name, &oid));
    const struct table *v = virtual_by_id(virtual_tables(), oid);
    if (v != NULL)
        *t = v;
    else
        ERR_TRY(catalog_table_by_id(x->catalog, oid, t));
    if (q->kind == EVAL_SEQUENCE && *t != NULL && !(*t)->is_sequence && q->by_oid)
        return err_new(ERR_WRONG_OBJECT_TYPE, "%u is not a sequence", oid);
    if (q->kind == EVAL_SEQUENCE && *t != NULL && !(*t)->is_sequence)
        return err_new(ERR_WRONG_OBJECT_TYPE, "'%.*s' is not a sequence", (int)q->name.len,
                       (const char *)q->name.ptr);
    return v != NULL || *t == NULL ? NULL : catalog_descriptor(x->catalog, oid, d);
}

/* SOURCE: CockroachDB v20.1 pkg/sql/sem/builtins/pg_builtins.go: what the current database has, all its
 * schemas have. */
static struct error *
schema_of_query(struct exec_ctx *x, const struct eval_privilege_query *q, const pb_descriptor **d)
{
    const struct database *db = NULL;
    const char *name = NULL;

    *d = NULL;
    if (q->by_oid) {
        ERR_TRY(cat_hook_oid_to_name(&x->env, TYPE_REGNAMESPACE.oid, q->oid, &name));
    } else {
        name = slice_to_cstr(x->arena, q->name);
        if (strcmp(name, "public") != 0 && !virtual_schema_exists(name))
            return err_new(ERR_INVALID_SCHEMA_NAME, "schema '%s' does not exist", name);
    }
    if (name != NULL)
        ERR_TRY(catalog_database_by_name(x->catalog, x->database, &db));
    return db == NULL ? NULL : catalog_descriptor(x->catalog, db->id, d);
}

/* Functions, types, tablespaces and the like: all may use what there is. */
static struct error *
anybody_may(struct exec_ctx *x, const struct eval_privilege_query *q,
            enum eval_privilege_answer *out)
{
    static const char *const words[] = {[EVAL_TABLESPACE] = "tablespace",
                                        [EVAL_LANGUAGE] = "language",
                                        [EVAL_SERVER] = "server",
                                        [EVAL_FOREIGN_DATA_WRAPPER] = "foreign-data wrapper"};
    bool function = q->kind == EVAL_FUNCTION;
    const char *name = NULL;
    struct datum found;

    *out = EVAL_YES;
    if (q->kind == EVAL_TABLESPACE &&
        (q->by_oid ? q->oid == 0 : slice_eq(q->name, SLICE_LIT("pg_default"))))
        return NULL;
    if (!q->by_oid && words[q->kind] != NULL)
        return err_new(ERR_UNDEFINED_OBJECT, "%s '%.*s' does not exist", words[q->kind],
                       (int)q->name.len, (const char *)q->name.ptr);
    if (words[q->kind] != NULL) {
        *out = EVAL_NULL;
        return NULL;
    }
    if (!q->by_oid)
        return datum_parse(&x->env, function ? &TYPE_REGPROC : &TYPE_REGTYPE, q->name, &found);
    ERR_TRY(cat_hook_oid_to_name(&x->env, function ? TYPE_REGPROC.oid : TYPE_REGTYPE.oid, q->oid, &name));
    if (name == NULL)
        *out = EVAL_NULL;
    return NULL;
}

static enum privilege
privilege_by_name(const char *name)
{
    for (int i = PRIV_ALL; i <= PRIV_ZONECONFIG; i++)
        if (privilege_names[i] != NULL && strcmp(privilege_names[i], name) == 0)
            return (enum privilege)i;
    return PRIV_ALL;
}

static struct error *
has_privilege(const struct eval_env *env, const struct eval_privilege_query *q,
              enum eval_privilege_answer *out)
{
    struct exec_ctx *x = ctx_of(env);
    const pb_descriptor *d;
    const struct table *t;
    const char *user;

    *out = EVAL_NO;
    ERR_TRY(user_of_query(x, q, &user));
    if (user == NULL)
        return NULL;
    if (q->kind >= EVAL_TYPE)
        return anybody_may(x, q, out);
    *out = EVAL_NULL;
    t = NULL;
    ERR_TRY(q->kind == EVAL_SCHEMA ? schema_of_query(x, q, &d) : object_of_query(x, q, &d, &t));
    if (q->privilege == NULL) {
        *out = d != NULL || t != NULL ? EVAL_YES : EVAL_NULL;
        return NULL;
    }
    if (t != NULL && t->is_virtual) {
        *out = strcmp(q->privilege, "SELECT") == 0 ? EVAL_YES : EVAL_NO;
        return NULL;
    }
    if (d == NULL)
        return NULL;
    if (q->kind == EVAL_COLUMN && t != NULL && !q->any_column) {
        bool found = false;
        for (int i = 0; i < t->n_columns; i++)
            found = found || (q->column_by_number
                                  ? (int64_t)t->columns[i].id == q->column_number
                                  : slice_eq(q->column, slice_cstr(t->columns[i].name)));
        if (!found && q->column_by_number)
            return NULL;
        if (!found)
            return err_new(ERR_UNDEFINED_COLUMN, "column \"%.*s\" does not exist",
                           (int)q->column.len, (const char *)q->column.ptr);
    }
    struct error *e = catalog_check_privilege(x->catalog, user, d,
                                              privilege_by_name(q->privilege));
    if (e == NULL && q->grant_option)
        e = catalog_check_privilege(x->catalog, user, d, PRIV_GRANT);
    *out = e == NULL ? EVAL_YES : EVAL_NO;
    if (e != NULL && !err_is(e, ERR_INSUFFICIENT_PRIVILEGE))
        return e;
    err_free(e);
    return NULL;
}

/* ---- the cluster ---------------------------------------------------------------------------- */

static struct error *
cluster_id(const struct eval_env *env, uint8_t uuid[16])
{
    memcpy(uuid, catalog_cluster_id(ctx_of(env)->node->catalog), 16);
    return NULL;
}

static struct error *
cluster_name(const struct eval_env *env, const char **name)
{
    (void)env;
    *name = "";
    return NULL;
}

static uint32_t
node_id(const struct eval_env *env)
{
    return ctx_of(env)->node->node_id;
}

static const char *
version(const struct eval_env *env)
{
    (void)env;
    return "CockroachDB CCL v20.1.5 compatible (amberdb " PACKAGE_VERSION ", " PLATFORM ")";
}

static struct error *
notice(const struct eval_env *env, const char *text)
{
    exec_notice(ctx_of(env), err_new(ERR_SUCCESSFUL_COMPLETION, "%s", text));
    return NULL;
}

static struct error *
namespace_id(const struct eval_env *env, uint32_t parent, const char *name, bool *found,
             uint32_t *id)
{
    struct exec_ctx *x = ctx_of(env);

    ERR_TRY(catalog_namespace_get(x->catalog, parent, parent == 0 ? 0 : ID_PUBLIC_SCHEMA, name, id));
    *found = *id != 0;
    return NULL;
}

static struct error *
zone_config(const struct eval_env *env, uint32_t id, bool *found, struct slice *bytes)
{
    struct exec_ctx *x = ctx_of(env);
    const struct type *types[1] = {&TYPE_INT8};
    struct datum params[1] = {datum_int(id)}, **rows;
    size_t n;

    *found = false;
    ERR_TRY(exec_query(x, EXEC_ROOT, env->arena, 1, types, params,
                       "SELECT config FROM system.zones WHERE id = $1", 2, &rows, &n));
    if (n > 0 && !rows[0][0].null) {
        *found = true;
        *bytes = datum_slice(&rows[0][0]);
    }
    return NULL;
}

static struct error *
encode_key(const struct eval_env *env, uint32_t table, uint32_t index, const struct type *tuple,
           const struct datum *d, struct slice *key)
{
    struct exec_ctx *x = ctx_of(env);
    const struct table *t = NULL;
    struct str s;

    ERR_TRY(catalog_table_by_id(x->catalog, table, &t));
    if (t == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation \"[%u]\" does not exist", table);
    const struct index *ix = table_index_by_id(t, index);
    if (ix == NULL)
        return err_new(ERR_UNDEFINED_OBJECT, "index \"[%u]\" does not exist", index);
    if (tuple->n != ix->n_keys)
        return err_new(ERR_UNCATEGORIZED,
                       "number of values must equal number of columns in index \"%s\"", ix->name);
    struct datum *vals = ARENA_ARRAY(env->arena, struct datum, (size_t)ix->n_keys + 1);
    for (int i = 0; i < ix->n_keys; i++) {
        const struct type *want = t->columns[ix->keys[i]].type;
        vals[i] = d->tup[i];
        if (!vals[i].null && !type_equivalent(tuple->contents[i], want))
            return err_new(ERR_DATATYPE_MISMATCH, "value type %s doesn't match type %s of column \"%s\"",
                           type_name_str(env->arena, tuple->contents[i]),
                           type_name_str(env->arena, want), t->columns[ix->keys[i]].name);
    }
    str_init_arena(&s, env->arena, STR_MAX_DEFAULT);
    ERR_TRY(row_key_prefix(&s, t, ix, vals, ix->n_keys));
    *key = str_slice(&s);
    return str_error(&s);
}

static struct error *
pretty_key(const struct eval_env *env, struct slice key, int skip, const char **text)
{
    struct str s;

    str_init_arena(&s, env->arena, STR_MAX_DEFAULT);
    key_pretty_bound(&s, key);
    const char *p = str_cstr(&s);
    /* "/Table" and so many fields more; nothing when there are fewer. */
    for (int i = 0; i <= skip && *p != '\0'; i++) {
        const char *next = strchr(p + 1, '/');
        p = next != NULL ? next : "";
    }
    *text = p;
    return str_error(&s);
}

static struct error *
range_stats(const struct eval_env *env, struct slice key, const char **json)
{
    struct exec_ctx *x = ctx_of(env);
    struct table_range r;
    uint64_t bytes = 0;

    ERR_TRY(range_of_key(x, key, &r));
    ERR_TRY(engine_span_stats(x->node->engine, (struct span){r.r.start, r.r.end}, &bytes));
    *json = arena_printf(env->arena, "{\"key_bytes\": 0, \"val_bytes\": %llu}",
                         (unsigned long long)bytes);
    return NULL;
}

static struct error *
lease_holder(const struct eval_env *env, struct slice key, int64_t *node)
{
    struct table_range r;

    ERR_TRY(range_of_key(ctx_of(env), key, &r));
    *node = r.r.holder;
    return NULL;
}

static struct error *
locality_value(const struct eval_env *env, const char *key, const char **value)
{
    const char *l = ctx_of(env)->node->opts.locality;
    size_t n = strlen(key);

    *value = NULL;
    for (const char *p = l == NULL ? "" : l; *p != '\0';) {
        size_t len = strcspn(p, ",");
        if (len > n && strncmp(p, key, n) == 0 && p[n] == '=') {
            *value = arena_strndup(env->arena, p + n + 1, len - n - 1);
            return NULL;
        }
        p += len + (p[len] == ',');
    }
    return NULL;
}

static struct error *
hook_node_control(const struct eval_env *env, const char *action, int64_t node, int64_t *left)
{
    return node_control(ctx_of(env), action, node, left);
}

static struct error *
hook_node_file(const struct eval_env *env, const char *what, const char *path, int64_t offset,
               int64_t len, struct slice *out)
{
    return peers_file(ctx_of(env), what, path, offset, len, out);
}

static struct error *
table_size(const struct eval_env *env, uint32_t oid, int64_t *bytes)
{
    struct exec_ctx *x = ctx_of(env);
    uint64_t n = 0;

    ERR_TRY(engine_span_stats(x->node->engine, row_table_span(env->arena, oid), &n));
    *bytes = (int64_t)n;
    return NULL;
}

static struct error *
database_size(const struct eval_env *env, uint32_t oid, const char *name, int64_t *bytes)
{
    struct exec_ctx *x = ctx_of(env);
    const struct database *db;
    const struct table **v;
    size_t n;

    *bytes = -1;
    if (name != NULL)
        ERR_TRY(catalog_database_by_name(x->catalog, name, &db));
    else
        ERR_TRY(catalog_database_by_id(x->catalog, oid, &db));
    if (db == NULL)
        return NULL;
    *bytes = 0;
    ERR_TRY(catalog_list_tables(x->catalog, env->arena, db->id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        int64_t size;
        ERR_TRY(table_size(env, v[i]->id, &size));
        *bytes += size;
    }
    return NULL;
}

static struct error *
all_size(const struct eval_env *env, int64_t *bytes)
{
    struct exec_ctx *x = ctx_of(env);
    const struct database **v;
    size_t n;

    *bytes = 0;
    ERR_TRY(catalog_list_databases(x->catalog, env->arena, &v, &n));
    for (size_t i = 0; i < n; i++) {
        int64_t size;
        ERR_TRY(database_size(env, v[i]->id, NULL, &size));
        *bytes += size > 0 ? size : 0;
    }
    return NULL;
}

static struct error *
inet_client(const struct eval_env *env, const char **address, int *port)
{
    (void)env;
    *address = "::";
    *port = 0;
    return NULL;
}

const struct eval_hooks exec_eval_hooks = {
    .base = {.oid_to_name = cat_hook_oid_to_name, .name_to_oid = cat_hook_name_to_oid},
    .nextval = sequence_nextval,
    .currval = sequence_currval,
    .lastval = sequence_lastval,
    .setval = sequence_setval,
    .sequence_parameters = sequence_parameters,
    .current_setting = current_setting,
    .set_config = set_config,
    .current_schemas = current_schemas,
    .object_definition = cat_hook_definition,
    .object_comment = cat_hook_comment,
    .role_name = cat_hook_role_name,
    .table_is_visible = cat_hook_table_is_visible,
    .has_privilege = has_privilege,
    .is_admin = is_admin,
    .table_size = table_size,
    .database_size = database_size,
    .all_size = all_size,
    .cluster_id = cluster_id,
    .cluster_name = cluster_name,
    .node_id = node_id,
    .version = version,
    .notice = notice,
    .namespace_id = namespace_id,
    .zone_config = zone_config,
    .encode_key = encode_key,
    .pretty_key = pretty_key,
    .range_stats = range_stats,
    .lease_holder = lease_holder,
    .locality_value = locality_value,
    .inet_client = inet_client,
    .node_control = hook_node_control,
    .node_file = hook_node_file,
};
