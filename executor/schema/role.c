/* CREATE, ALTER, DROP of users and roles; GRANT and REVOKE of roles. */
#include "config.h"

#include "executor/password.h"
#include "executor/schema/schema_int.h"
#include "types/sqltext.h"

static const struct type *const two_texts[] = {&TYPE_STRING, &TYPE_STRING, &TYPE_STRING};

static struct error *
run_sql(struct exec_ctx *x, int n, const struct datum *params, const char *sql)
{
    return exec_sql(x, EXEC_ROOT, NULL, NULL, n, two_texts, params, sql);
}

/* Lower case, checked; 42602 and 42939. */
static struct error *
user_name(struct exec_ctx *x, const struct ast_expr *e, const char **out)
{
    struct datum d;
    ERR_TRY(exec_eval_const(x, e, &TYPE_STRING, "CREATE USER", &d));
    char *name = slice_to_cstr(x->arena, d.null ? SLICE_LIT("") : datum_slice(&d));
    for (char *p = name; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    if (*name == '\0')
        return err_new(ERR_UNCATEGORIZED, "no username specified");
    if (!sql_is_user_name(slice_cstr(name)))
        return err_hint(err_new(ERR_INVALID_NAME, "username \"%s\" invalid", name),
                        "Usernames are case insensitive, must start with a letter, digit or "
                        "underscore, may contain letters, digits, dashes, periods, or "
                        "underscores, and must not exceed 63 characters.");
    if (strcmp(name, "node") == 0)
        return err_new(ERR_RESERVED_NAME, "username \"node\" reserved");
    *out = name;
    return NULL;
}

static struct error *
check_createrole(struct exec_ctx *x)
{
    struct datum user = datum_cstr(x->user), **rows;
    bool admin;
    size_t n;
    ERR_TRY(catalog_is_admin(x->catalog, x->user, &admin));
    if (admin)
        return NULL;
    ERR_TRY(exec_query(x, EXEC_ROOT, x->arena, 1, two_texts, &user,
                       "SELECT 1 FROM system.public.role_options "
                       "WHERE username = $1 AND option = 'CREATEROLE'", 1, &rows, &n));
    if (n == 0)
        return err_new(ERR_INSUFFICIENT_PRIVILEGE, "user %s does not have CREATEROLE privilege",
                       x->user);
    return NULL;
}

/* ---- options --------------------------------------------------------------------------------- */

static bool
key_is(const struct ast_kv_option *o, const char *key)
{
    return slice_eq(o->key, slice_cstr(key));
}

static struct error *
check_options(const struct ast_kv_options *o)
{
    static const char *const opposites[][2] = {{"CREATEROLE", "NOCREATEROLE"},
                                               {"LOGIN", "NOLOGIN"}};
    for (int i = 0; i < o->count; i++)
        for (int k = 0; k < i; k++) {
            if (slice_eq(o->items[i].key, o->items[k].key))
                return err_new(ERR_SYNTAX, "redundant role options");
            for (size_t p = 0; p < 2; p++)
                if ((key_is(&o->items[i], opposites[p][0]) && key_is(&o->items[k], opposites[p][1])) ||
                    (key_is(&o->items[i], opposites[p][1]) && key_is(&o->items[k], opposites[p][0])))
                    return err_new(ERR_SYNTAX, "conflicting role options");
        }
    return NULL;
}

static struct error *
set_option(struct exec_ctx *x, const char *user, const char *option, bool on, struct datum value)
{
    struct datum params[] = {datum_cstr(user), datum_cstr(option), value};
    ERR_TRY(run_sql(x, 2, params, "DELETE FROM system.public.role_options WHERE username = $1 "
                                  "AND option = $2"));
    if (!on)
        return NULL;
    return run_sql(x, 3, params, "INSERT INTO system.public.role_options VALUES ($1, $2, $3)");
}

static struct error *
set_password(struct exec_ctx *x, const char *user, const struct datum *v)
{
    static const struct type *const types[] = {&TYPE_STRING, &TYPE_BYTES};
    char *hash = arena_strdup(x->arena, "");
    if (!v->null && x->node->opts.insecure)
        return err_new(ERR_INVALID_PASSWORD,
                       "setting or updating a password is not supported in insecure mode");
    if (!v->null && v->len == 0)
        return err_new(ERR_UNCATEGORIZED, "empty passwords are not permitted");
    if (!v->null)
        ERR_TRY(password_hash(x->arena, datum_slice(v), &hash));
    struct datum params[] = {datum_cstr(user), datum_cstr(hash)};
    return exec_sql(x, EXEC_ROOT, NULL, NULL, 2, types, params,
                    "UPDATE system.public.users SET \"hashedPassword\" = $2 WHERE username = $1");
}

static struct error *
apply_option(struct exec_ctx *x, const char *user, const struct ast_kv_option *o)
{
    struct datum v = DATUM_NULL;
    if (key_is(o, "CREATEROLE") || key_is(o, "NOCREATEROLE"))
        return set_option(x, user, "CREATEROLE", key_is(o, "CREATEROLE"), DATUM_NULL);
    if (key_is(o, "LOGIN") || key_is(o, "NOLOGIN"))
        return set_option(x, user, "NOLOGIN", key_is(o, "NOLOGIN"), DATUM_NULL);
    if (o->value != NULL)
        ERR_TRY(exec_eval_const(x, o->value, &TYPE_STRING, "role option", &v));
    if (key_is(o, "PASSWORD")) {
        return set_password(x, user, &v);
    }
    if (v.null)
        return set_option(x, user, "VALID UNTIL", true, v);
    struct datum ts, text;
    ERR_TRY(datum_parse(&x->env, &TYPE_TIMESTAMPTZ, datum_slice(&v), &ts));
    ERR_TRY(datum_cast(&x->env, &TYPE_TIMESTAMPTZ, &ts, &TYPE_STRING, &text));
    return set_option(x, user, "VALID UNTIL", true, text);
}

static struct error *
apply_options(struct exec_ctx *x, const char *user, const struct ast_kv_options *o)
{
    for (int i = 0; i < o->count; i++)
        ERR_TRY(apply_option(x, user, &o->items[i]));
    return NULL;
}

/* ---- CREATE, ALTER, DROP --------------------------------------------------------------------- */

static struct error *
create_role_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_role_stmt *n = s->create_role;
    const char *name;
    bool exists, is_role;
    (void)rows;
    (void)tag;
    ERR_TRY(check_createrole(x));
    ERR_TRY(check_options(&n->options));
    ERR_TRY(user_name(x, n->name, &name));
    if (strcmp(name, "public") == 0)
        return err_new(ERR_RESERVED_NAME, "role name \"public\" is reserved");
    ERR_TRY(catalog_user_exists(x->catalog, name, &exists, &is_role));
    if (exists && n->if_exists)
        return NULL;
    if (exists)
        return err_new(ERR_DUPLICATE_OBJECT, "a role/user named %s already exists", name);
    struct datum params[] = {datum_cstr(name)};
    ERR_TRY(run_sql(x, 1, params,
                    n->is_role ? "INSERT INTO system.public.users VALUES ($1, '', true)"
                               : "INSERT INTO system.public.users VALUES ($1, '', false)"));
    bool login_given = false;
    for (int i = 0; i < n->options.count; i++)
        login_given = login_given || key_is(&n->options.items[i], "LOGIN");
    if (n->is_role && !login_given)
        ERR_TRY(set_option(x, name, "NOLOGIN", true, DATUM_NULL));
    return apply_options(x, name, &n->options);
}

static struct error *
alter_role_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_role_stmt *n = s->alter_role;
    const char *name;
    bool exists, is_role;
    (void)rows;
    (void)tag;
    ERR_TRY(check_createrole(x));
    ERR_TRY(check_options(&n->options));
    ERR_TRY(user_name(x, n->name, &name));
    if (strcmp(name, "admin") == 0)
        return err_new(ERR_INSUFFICIENT_PRIVILEGE, "cannot edit admin role");
    ERR_TRY(catalog_user_exists(x->catalog, name, &exists, &is_role));
    if (!exists && n->if_exists)
        return NULL;
    if (!exists)
        return err_new(ERR_UNCATEGORIZED, "role/user %s does not exist", name);
    return apply_options(x, name, &n->options);
}

static bool
has_grants(const Amberdb__PrivilegeDescriptor *p, const char *const *users, int n_users)
{
    for (size_t u = 0; p != NULL && u < p->n_users; u++)
        for (int i = 0; i < n_users; i++)
            if (strcmp(p->users[u]->user, users[i]) == 0)
                return true;
    return false;
}

/* Databases first, then tables, each by id. SOURCE: CockroachDB v20.1 pkg/sql/drop_role.go. */
static struct error *
check_no_grants(struct exec_ctx *x, const char *const *users, int n_users)
{
    const pb_descriptor **all;
    struct str on, names;
    size_t n;
    str_init_arena(&on, x->arena, STR_MAX_DEFAULT);
    str_init_arena(&names, x->arena, STR_MAX_DEFAULT);
    ERR_TRY(catalog_list(x->catalog, x->arena, 0, &all, &n));
    for (size_t i = 0; i < n; i++) {
        const pb_database *d = pb_descriptor_database(all[i]);
        if (d == NULL || !has_grants(d->privileges, users, n_users))
            continue;
        str_append_cstr(&on, on.len > 0 ? ", " : "");
        sql_quote_ident(&on, slice_cstr(d->name));
    }
    for (size_t i = 0; i < n; i++) {
        const pb_table *t = pb_descriptor_table(all[i]);
        const struct database *db = NULL;
        if (t == NULL || t->state == AMBERDB__STATE__DROP ||
            !has_grants(t->privileges, users, n_users))
            continue;
        ERR_TRY(catalog_database_by_id(x->catalog, t->parent_id, &db));
        str_append_cstr(&on, on.len > 0 ? ", " : "");
        sql_quote_ident(&on, slice_cstr(db != NULL ? db->name : "?"));
        str_append_cstr(&on, ".public.");
        sql_quote_ident(&on, slice_cstr(t->name));
    }
    if (on.len == 0)
        return NULL;
    for (int i = 0; i < n_users; i++) {
        str_append_cstr(&names, i > 0 ? ", " : "");
        sql_quote_ident(&names, slice_cstr(users[i]));
    }
    const char *s = n_users == 1 ? "" : "s";
    return err_new(ERR_GROUPING, "cannot drop role%s/user%s %s: grants still exist on %s", s, s,
                   str_cstr(&names), str_cstr(&on));
}

static struct error *
drop_one_role(struct exec_ctx *x, const char *name, bool if_exists)
{
    static const char *const deletes[] = {
        "DELETE FROM system.public.users WHERE username = $1",
        "DELETE FROM system.public.role_members WHERE role = $1 OR member = $1",
        "DELETE FROM system.public.role_options WHERE username = $1",
    };
    bool exists, is_role;
    if (strcmp(name, "admin") == 0 || strcmp(name, "public") == 0)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "cannot drop special role %s", name);
    if (strcmp(name, "root") == 0)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "cannot drop special user %s", name);
    ERR_TRY(catalog_user_exists(x->catalog, name, &exists, &is_role));
    if (!exists && if_exists)
        return NULL;
    if (!exists)
        return err_new(ERR_UNCATEGORIZED, "role/user %s does not exist", name);
    struct datum params[] = {datum_cstr(name)};
    for (size_t i = 0; i < sizeof(deletes) / sizeof(deletes[0]); i++)
        ERR_TRY(run_sql(x, 1, params, deletes[i]));
    return NULL;
}

static struct error *
drop_role_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_drop_role *n = s->drop_role;
    const char **names = ARENA_ARRAY(x->arena, const char *, (size_t)n->names.count + 1);
    (void)rows;
    (void)tag;
    ERR_TRY(check_createrole(x));
    for (int i = 0; i < n->names.count; i++)
        ERR_TRY(user_name(x, n->names.items[i], &names[i]));
    ERR_TRY(check_no_grants(x, names, n->names.count));
    for (int i = 0; i < n->names.count; i++)
        ERR_TRY(drop_one_role(x, names[i], n->if_exists));
    return NULL;
}

/* ---- membership ------------------------------------------------------------------------------ */

/* Is `member` in `role`, directly or through others? */
static struct error *
is_member(struct exec_ctx *x, const char *member, const char *role, bool *yes)
{
    struct datum params[] = {datum_cstr(member), datum_cstr(role)}, **rows;
    size_t n;
    ERR_TRY(exec_query(x, EXEC_ROOT, x->arena, 2, two_texts, params,
                       "WITH RECURSIVE m (r) AS (SELECT role FROM system.public.role_members "
                       "WHERE member = $1 UNION SELECT rm.role FROM system.public.role_members AS "
                       "rm JOIN m ON rm.member = m.r) SELECT 1 FROM m WHERE r = $2 LIMIT 1",
                       1, &rows, &n));
    *yes = n > 0;
    return NULL;
}

/* Members with the admin option, directly or through roles; for admin itself, nobody else. */
static struct error *
check_role_admin(struct exec_ctx *x, const char *role)
{
    struct datum params[] = {datum_cstr(role), datum_cstr(x->user)}, **rows;
    bool admin;
    size_t n;
    ERR_TRY(catalog_is_admin(x->catalog, x->user, &admin));
    if (admin && strcmp(role, "admin") != 0)
        return NULL;
    ERR_TRY(exec_query(x, EXEC_ROOT, x->arena, 2, two_texts, params,
                       "WITH RECURSIVE m (r) AS (SELECT $2::STRING UNION SELECT rm.role FROM "
                       "system.public.role_members AS rm JOIN m ON rm.member = m.r) "
                       "SELECT 1 FROM system.public.role_members WHERE role = $1 AND \"isAdmin\" "
                       "AND member IN (SELECT r FROM m)", 1, &rows, &n));
    if (n > 0)
        return NULL;
    return err_new(ERR_INSUFFICIENT_PRIVILEGE, "%s is not a role admin for role %s", x->user, role);
}

static struct error *
must_exist(struct exec_ctx *x, const char *name)
{
    bool exists, is_role;
    ERR_TRY(catalog_user_exists(x->catalog, name, &exists, &is_role));
    if (!exists)
        return err_new(ERR_UNDEFINED_OBJECT, "role/user %s does not exist", name);
    return NULL;
}

static struct error *
grant_one_role(struct exec_ctx *x, const char *role, const char *member, bool admin_option)
{
    struct datum params[] = {datum_cstr(role), datum_cstr(member)};
    bool cycle = strcmp(role, member) == 0;
    if (cycle)
        return err_new(ERR_INVALID_GRANT_OPERATION, "%s cannot be a member of itself", role);
    ERR_TRY(is_member(x, role, member, &cycle));
    if (cycle)
        return err_new(ERR_INVALID_GRANT_OPERATION,
                       "making %s a member of %s would create a cycle", member, role);
    if (admin_option)
        return run_sql(x, 2, params,
                       "UPSERT INTO system.public.role_members (role, member, \"isAdmin\") "
                       "VALUES ($1, $2, true)");
    return run_sql(x, 2, params,
                   "INSERT INTO system.public.role_members (role, member, \"isAdmin\") "
                   "VALUES ($1, $2, false) ON CONFLICT (role, member) DO NOTHING");
}

static struct error *
revoke_one_role(struct exec_ctx *x, const char *role, const char *member, bool admin_option)
{
    struct datum params[] = {datum_cstr(role), datum_cstr(member)};
    if (strcmp(role, "admin") == 0 && strcmp(member, "root") == 0)
        return err_new(ERR_OBJECT_IN_USE,
                       "role/user root cannot be removed from role admin or lose the ADMIN "
                       "OPTION");
    return run_sql(x, 2, params,
                   admin_option ? "UPDATE system.public.role_members SET \"isAdmin\" = false "
                                  "WHERE role = $1 AND member = $2"
                                : "DELETE FROM system.public.role_members "
                                  "WHERE role = $1 AND member = $2");
}

static struct error *
grant_role_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    bool revoke = s->kind == AST_STMT_REVOKE_ROLE;
    const struct ast_grant_role *n = revoke ? s->revoke_role : s->grant_role;
    (void)rows;
    (void)tag;
    for (int r = 0; r < n->roles.count; r++)
        ERR_TRY(check_role_admin(x, ddl_text(x, n->roles.items[r].text)));
    for (int r = 0; r < n->roles.count; r++)
        ERR_TRY(must_exist(x, ddl_text(x, n->roles.items[r].text)));
    for (int m = 0; m < n->members.count; m++)
        ERR_TRY(must_exist(x, ddl_text(x, n->members.items[m].text)));
    for (int r = 0; r < n->roles.count; r++)
        for (int m = 0; m < n->members.count; m++) {
            const char *role = ddl_text(x, n->roles.items[r].text);
            const char *member = ddl_text(x, n->members.items[m].text);
            ERR_TRY(revoke ? revoke_one_role(x, role, member, n->admin_option)
                           : grant_one_role(x, role, member, n->admin_option));
        }
    return NULL;
}

static const struct statement_ops role_ops[] = {
    {.kind = AST_STMT_CREATE_ROLE, .tag = "CREATE ROLE", .flags = STMT_WRITES,
     .run = create_role_run},
    {.kind = AST_STMT_ALTER_ROLE, .tag = "ALTER ROLE", .flags = STMT_WRITES,
     .run = alter_role_run},
    {.kind = AST_STMT_DROP_ROLE, .tag = "DROP ROLE", .flags = STMT_WRITES, .run = drop_role_run},
    {.kind = AST_STMT_GRANT_ROLE, .tag = "GRANT", .flags = STMT_WRITES, .run = grant_role_run},
    {.kind = AST_STMT_REVOKE_ROLE, .tag = "REVOKE", .flags = STMT_WRITES, .run = grant_role_run},
};

const struct statement_family statement_family_role = {role_ops,
                                                       sizeof(role_ops) / sizeof(role_ops[0])};
