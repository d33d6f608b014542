/* executor/show/pg_objects.c - pg_catalog's tables of databases, schemas, roles, comments, settings.
 *
 * SOURCE of columns and values: CockroachDB v20.1 pkg/sql/pg_catalog.go.
 */
#include "config.h"

#include "executor/show/cat_int.h"

#include "catalog/sysrow.h"
#include "executor/session_int.h"

/* ---- pg_database, pg_namespace --------------------------------------------------------------- */

static struct error *
put_database(struct exec_ctx *x, const struct database *db, void *arg)
{
    const struct datum row[] = {
        I(db->id), T(db->name), NUL, I(6), T("en_US.utf8"), T("en_US.utf8"), B(false), B(true),
        I(-1), NUL, NUL, NUL, I(0), NUL, T("c"), NUL,
    };
    (void)x;
    return row_put(arg, row);
}

static struct error *
pg_database_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    (void)v;
    return cat_databases(x, NULL, put_database, rows);
}

static struct error *
put_namespaces(struct exec_ctx *x, const struct database *db, void *arg)
{
    const char *const *v;
    size_t n;
    ERR_TRY(cat_schemas(x, db, &v, &n));
    for (size_t i = 0; i < n; i++) {
        const struct datum row[] = {I(cat_oid_schema(db->id, v[i])), T(v[i]), NUL, NUL};
        ERR_TRY(row_put(arg, row));
    }
    return NULL;
}

/* Schemas have no privileges of their own: who is in a database sees them. */
static struct error *
pg_namespace_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    if (v->database != NULL)
        return put_namespaces(x, v->database, rows);
    return cat_databases(x, NULL, put_namespaces, rows);
}

/* ---- roles ----------------------------------------------------------------------------------- */

static bool
is_super(const struct cat_role *r)
{
    return strcmp(r->name, "root") == 0 || strcmp(r->name, "admin") == 0;
}

static bool
can_login(const struct cat_role *r)
{
    return !r->is_role && !r->no_login;
}

static struct error *
pg_roles_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    struct cat_role *r;
    size_t n;
    (void)v;
    ERR_TRY(cat_roles(x, &r, &n));
    for (size_t i = 0; i < n; i++) {
        bool super = is_super(&r[i]);
        const struct datum row[] = {
            I(cat_oid_user(r[i].name)), T(r[i].name), B(super), B(r[i].is_role),
            B(super || r[i].create_role), B(super), B(false), B(can_login(&r[i])), B(false),
            I(-1), T("********"), r[i].valid_until, B(false), NUL,
        };
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
pg_authid_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    struct cat_role *r;
    size_t n;
    (void)v;
    ERR_TRY(cat_roles(x, &r, &n));
    for (size_t i = 0; i < n; i++) {
        bool super = is_super(&r[i]);
        const struct datum row[] = {
            I(cat_oid_user(r[i].name)), T(r[i].name), B(super), B(r[i].is_role),
            B(super || r[i].create_role), B(super), B(can_login(&r[i])), B(false), B(false),
            I(-1), T("********"), r[i].valid_until,
        };
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
pg_user_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    struct cat_role *r;
    size_t n;
    (void)v;
    ERR_TRY(cat_roles(x, &r, &n));
    for (size_t i = 0; i < n; i++) {
        const struct datum row[] = {T(r[i].name), I(cat_oid_user(r[i].name)), B(is_super(&r[i])),
                                    B(is_super(&r[i])), B(false), B(false), T("********"),
                                    r[i].valid_until, NUL};
        if (!r[i].is_role)
            ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

struct member_rows {
    struct exec_ctx *x;
    struct row_sink *rows;
};

static struct error *
put_member(void *arg, const struct datum *in, bool *stop)
{
    struct member_rows *m = arg;
    const char *role = slice_to_cstr(m->x->arena, datum_slice(&in[0]));
    const char *member = slice_to_cstr(m->x->arena, datum_slice(&in[1]));
    const struct datum row[] = {I(cat_oid_user(role)), I(cat_oid_user(member)), NUL,
                                B(!in[2].null && in[2].i != 0)};
    (void)stop;
    return row_put(m->rows, row);
}

static struct error *
pg_auth_members_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    struct member_rows m = {x, rows};
    (void)v;
    return sys_scan(x->catalog, ID_ROLE_MEMBERS, NULL, NULL, 0, put_member, &m);
}

/* ---- comments -------------------------------------------------------------------------------- */

struct description_rows {
    struct row_sink *rows;
    const struct cat_comments *comments;
    uint32_t class;
};

static struct error *
put_description(struct description_rows *d, uint32_t object, uint32_t sub, const char *text)
{
    const struct datum row[] = {I(object), I(d->class), I(sub), T(text)};
    return text != NULL ? row_put(d->rows, row) : NULL;
}

static struct error *
descriptions_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct description_rows *d = arg;
    const struct table *t = r->t;
    const struct virtual_table *v = t->opaque;
    (void)x;
    if (t->is_virtual)
        return put_description(d, t->id, 0, v->comment);
    ERR_TRY(put_description(d, t->id, 0, cat_comment(d->comments, 1, t->id, 0)));
    for (int i = 0; i < t->n_columns; i++)
        ERR_TRY(put_description(d, t->id, t->columns[i].id,
                                cat_comment(d->comments, 2, t->id, t->columns[i].id)));
    for (int i = 0; i < t->n_indexes && !t->is_sequence; i++)
        ERR_TRY(put_description(d, cat_oid_index(t->id, t->indexes[i].id), 0,
                                cat_comment(d->comments, 3, t->id, t->indexes[i].id)));
    return NULL;
}

static struct error *
pg_description_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    struct cat_comments *c;
    ERR_TRY(cat_comments_load(x, &c));
    struct description_rows d = {rows, c, cat_oid_virtual("pg_catalog", "pg_class")};
    return cat_relations(x, v, CAT_VIRTUAL, descriptions_of, &d);
}

static struct error *
put_shared_description(struct exec_ctx *x, const struct database *db, void *arg)
{
    struct description_rows *d = arg;
    const char *text = cat_comment(d->comments, 0, db->id, 0);
    const struct datum row[] = {I(db->id), I(d->class), T(text)};
    (void)x;
    return text != NULL ? row_put(d->rows, row) : NULL;
}

static struct error *
pg_shdescription_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    struct cat_comments *c;
    (void)v;
    ERR_TRY(cat_comments_load(x, &c));
    struct description_rows d = {rows, c, cat_oid_virtual("pg_catalog", "pg_database")};
    return cat_databases(x, NULL, put_shared_description, &d);
}

/* ---- the session ----------------------------------------------------------------------------- */

static struct error *
pg_settings_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    (void)v;
    for (int i = 0; x->session != NULL && i < var_count(); i++) {
        bool hidden = false;
        const char *name = var_name_at(i, &hidden), *value;
        if (hidden)
            continue;
        ERR_TRY(var_show(x->session, x->arena, name, &value));
        const struct datum row[] = {T(name), T(value), NUL, NUL, NUL, NUL, T("user"),
                                    T("string"), NUL, NUL, NUL, NUL, T(value), T(value), NUL,
                                    NUL, B(false)};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
pg_prepared_statements_rows(struct exec_ctx *x, const struct virtual_scan *v,
                            struct row_sink *rows)
{
    (void)v;
    for (struct prepared *p = x->session != NULL ? x->session->prepared : NULL; p != NULL;
         p = p->next) {
        int64_t *oids = ARENA_ARRAY(x->arena, int64_t, (size_t)p->n_params + 1);
        if (*p->name == '\0')
            continue;
        for (int i = 0; i < p->n_params; i++)
            oids[i] = p->param_types[i] != NULL ? p->param_types[i]->oid : 0;
        const struct datum row[] = {T(p->name), datum_bytes(p->sql.ptr, p->sql.len), NUL,
                                    cat_array(x->arena, &TYPE_REGTYPE, oids, p->n_params),
                                    B(p->from_sql)};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
pg_tablespace_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    const struct datum row[] = {I(0), T("pg_default"), NUL, NUL, NUL, NUL};
    (void)x;
    (void)v;
    return row_put(rows, row);
}

#define PG_SETTINGS                                                                           \
    "name STRING, setting STRING, unit STRING, category STRING, short_desc STRING, "          \
    "extra_desc STRING, context STRING, vartype STRING, source STRING, min_val STRING, "      \
    "max_val STRING, enumvals STRING, boot_val STRING, reset_val STRING, sourcefile STRING, " \
    "sourceline INT4, pending_restart BOOL"

static const struct virtual_table tables[] = {
    {"pg_catalog", "pg_auth_members",
     "roleid OID, member OID, grantor OID, admin_option BOOL", pg_auth_members_rows,
     "role membership"},
    {"pg_catalog", "pg_authid",
     "oid OID, rolname NAME, rolsuper BOOL, rolinherit BOOL, rolcreaterole BOOL, "
     "rolcreatedb BOOL, rolcanlogin BOOL, rolreplication BOOL, rolbypassrls BOOL, "
     "rolconnlimit INT4, rolpassword STRING, rolvaliduntil TIMESTAMPTZ",
     pg_authid_rows, "authorization identifiers - differs from postgres as we do not display "
                     "passwords, and thus do not require admin privileges for access."},
    {"pg_catalog", "pg_database",
     "oid OID, datname NAME, datdba OID, encoding INT4, datcollate STRING, datctype STRING, "
     "datistemplate BOOL, datallowconn BOOL, datconnlimit INT4, datlastsysoid OID, "
     "datfrozenxid INT, datminmxid INT, dattablespace OID, datacl STRING[], "
     "datlocprovider CHAR HIDDEN, daticulocale STRING HIDDEN",
     pg_database_rows, "available databases (incomplete)"},
    {"pg_catalog", "pg_description",
     "objoid OID, classoid OID, objsubid INT4, description STRING", pg_description_rows,
     "object comments"},
    {"pg_catalog", "pg_namespace",
     "oid OID, nspname NAME NOT NULL, nspowner OID, nspacl STRING[]", pg_namespace_rows,
     "available namespaces (incomplete; namespaces and databases are congruent in CockroachDB)"},
    {"pg_catalog", "pg_prepared_statements",
     "name STRING, statement STRING, prepare_time TIMESTAMPTZ, parameter_types REGTYPE[], "
     "from_sql BOOL",
     pg_prepared_statements_rows, "prepared statements"},
    {"pg_catalog", "pg_roles",
     "oid OID, rolname NAME, rolsuper BOOL, rolinherit BOOL, rolcreaterole BOOL, "
     "rolcreatedb BOOL, rolcatupdate BOOL, rolcanlogin BOOL, rolreplication BOOL, "
     "rolconnlimit INT4, rolpassword STRING, rolvaliduntil TIMESTAMPTZ, rolbypassrls BOOL, "
     "rolconfig STRING[]",
     pg_roles_rows, "database roles"},
    {"pg_catalog", "pg_settings", PG_SETTINGS, pg_settings_rows,
     "session variables (incomplete)"},
    {"pg_catalog", "pg_shdescription", "objoid OID, classoid OID, description STRING",
     pg_shdescription_rows, "shared object comments"},
    {"pg_catalog", "pg_tablespace",
     "oid OID, spcname NAME, spcowner OID, spclocation STRING, spcacl STRING[], "
     "spcoptions STRING[]",
     pg_tablespace_rows,
     "available tablespaces (incomplete; concept inapplicable to CockroachDB)"},
    {"pg_catalog", "pg_user",
     "usename NAME, usesysid OID, usecreatedb BOOL, usesuper BOOL, userepl BOOL, "
     "usebypassrls BOOL, passwd STRING, valuntil TIMESTAMPTZ, useconfig STRING[]",
     pg_user_rows, "database users"},
};
VIRTUAL_GROUP(pg_objects, tables);
