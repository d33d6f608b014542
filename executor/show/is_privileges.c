/* executor/show/is_privileges.c - information_schema: privileges and roles.
 *
 * SOURCE of columns and values: CockroachDB v20.1 pkg/sql/information_schema.go.
 */
#include "config.h"

#include "executor/show/cat_int.h"

#include "catalog/pb.h"
#include "catalog/sysrow.h"

struct out {
    struct row_sink *rows;
};

/* Calls fn for each grantee and privilege; ALL is one. */
typedef struct error *(*grant_fn)(void *arg, const char *grantee, const char *privilege);

static struct error *
each_grant(const Amberdb__PrivilegeDescriptor *p, grant_fn fn, void *arg)
{
    for (size_t u = 0; p != NULL && u < p->n_users; u++) {
        uint32_t mask = PB_GET(p->users[u], privileges);
        for (int k = PRIV_ALL; k <= PRIV_ZONECONFIG; k++) {
            if ((mask & 1u << k) == 0)
                continue;
            ERR_TRY(fn(arg, p->users[u]->user, privilege_names[k]));
            if (k == PRIV_ALL)
                break;
        }
    }
    return NULL;
}

/* ---- schema_privileges ----------------------------------------------------------------------- */

struct schema_grants {
    struct row_sink *rows;
    const char *db, *schema;
};

static struct error *
put_schema_grant(void *arg, const char *grantee, const char *privilege)
{
    struct schema_grants *g = arg;
    const struct datum row[] = {T(grantee), T(g->db), T(g->schema), T(privilege), NUL};
    return row_put(g->rows, row);
}

static struct error *
put_schema_privileges(struct exec_ctx *x, const struct database *db, void *arg)
{
    const char *const *v;
    size_t n;
    ERR_TRY(cat_schemas(x, db, &v, &n));
    for (size_t i = 0; i < n; i++) {
        struct schema_grants g = {arg, db->name, v[i]};
        ERR_TRY(each_grant(db->pb->privileges, put_schema_grant, &g));
    }
    return NULL;
}

static struct error *
schema_privileges_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    return cat_databases(x, v->database, put_schema_privileges, rows);
}

/* ---- table_privileges, role_table_grants ----------------------------------------------------- */

struct table_grants {
    struct row_sink *rows;
    const struct cat_rel *r;
};

static struct error *
put_table_grant(void *arg, const char *grantee, const char *privilege)
{
    struct table_grants *g = arg;
    const struct cat_rel *r = g->r;
    const struct datum row[] = {NUL, T(grantee), T(r->db->name), T(r->schema), T(r->t->name),
                                T(privilege), NUL, YES_NO(strcmp(privilege, "SELECT") == 0)};
    return row_put(g->rows, row);
}

static struct error *
table_grants_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    struct table_grants g = {o->rows, r};
    (void)x;
    if (r->t->is_virtual)
        return put_table_grant(&g, "public", "SELECT");
    return each_grant(r->t->pb->privileges, put_table_grant, &g);
}

static struct error *
table_privileges_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    struct out o = {rows};
    return cat_relations(x, v, CAT_VIRTUAL, table_grants_of, &o);
}

/* ---- column_privileges ----------------------------------------------------------------------- */

static struct error *
put_column_grants(struct out *o, const struct cat_rel *r, const char *grantee, uint32_t mask)
{
    static const enum privilege kinds[] = {PRIV_SELECT, PRIV_INSERT, PRIV_UPDATE};
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        if ((mask & (1u << kinds[k] | 1u << PRIV_ALL)) == 0)
            continue;
        for (int i = 0; i < r->t->n_columns; i++) {
            const struct datum row[] = {NUL, T(grantee), T(r->db->name), T(r->schema),
                                        T(r->t->name), T(r->t->columns[i].name),
                                        T(privilege_names[kinds[k]]), NUL};
            ERR_TRY(row_put(o->rows, row));
        }
    }
    return NULL;
}

static struct error *
column_grants_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    (void)x;
    if (r->t->is_virtual)
        return put_column_grants(arg, r, "public", 1u << PRIV_SELECT);
    const Amberdb__PrivilegeDescriptor *p = r->t->pb->privileges;
    for (size_t u = 0; p != NULL && u < p->n_users; u++)
        ERR_TRY(put_column_grants(arg, r, p->users[u]->user, PB_GET(p->users[u], privileges)));
    return NULL;
}

static struct error *
column_privileges_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    struct out o = {rows};
    return cat_relations(x, v, CAT_VIRTUAL, column_grants_of, &o);
}

/* ---- user_privileges ------------------------------------------------------------------------- */

static struct error *
put_user_privileges(struct exec_ctx *x, const struct database *db, void *arg)
{
    static const char *const users[] = {"root", "admin"};
    (void)x;
    for (size_t u = 0; u < 2; u++)
        for (int k = PRIV_ALL; k <= PRIV_ZONECONFIG; k++) {
            const struct datum row[] = {T(users[u]), T(db->name), T(privilege_names[k]), NUL};
            ERR_TRY(row_put(arg, row));
        }
    return NULL;
}

static struct error *
user_privileges_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    return cat_databases(x, v->database, put_user_privileges, rows);
}

/* ---- roles of the current user --------------------------------------------------------------- */

struct memberships {
    struct exec_ctx *x;
    const char *const *roles;
    bool *admin; /* parallel: some membership on the way has the admin option */
    size_t n;
};

static struct error *
note_admin(void *arg, const struct datum *row, bool *stop)
{
    struct memberships *m = arg;
    struct slice role = datum_slice(&row[0]), member = datum_slice(&row[1]);
    bool ours = slice_eq(member, slice_cstr(m->x->user));
    (void)stop;
    if (row[2].null || row[2].i == 0)
        return NULL;
    for (size_t i = 0; i < m->n; i++)
        ours |= slice_eq(member, slice_cstr(m->roles[i]));
    for (size_t i = 0; i < m->n; i++)
        if (ours && slice_eq(role, slice_cstr(m->roles[i])))
            m->admin[i] = true;
    return NULL;
}

static struct error *
load_memberships(struct exec_ctx *x, struct memberships *m)
{
    *m = (struct memberships){.x = x};
    ERR_TRY(catalog_roles_of(x->catalog, x->user, &m->roles, &m->n));
    m->admin = ARENA_ARRAY(x->arena, bool, m->n + 1);
    return sys_scan(x->catalog, ID_ROLE_MEMBERS, NULL, NULL, 0, note_admin, m);
}

static struct error *
put_roles(struct exec_ctx *x, struct row_sink *rows, bool only_admin)
{
    struct memberships m;
    ERR_TRY(load_memberships(x, &m));
    for (size_t i = 0; i < m.n; i++) {
        const struct datum row[] = {T(x->user), T(m.roles[i]), YES_NO(m.admin[i])};
        if (m.admin[i] || !only_admin)
            ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
administrable_roles_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    (void)v;
    return put_roles(x, rows, true);
}

static struct error *
applicable_roles_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    (void)v;
    return put_roles(x, rows, false);
}

static struct error *
enabled_roles_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    struct memberships m;
    const struct datum self[] = {T(x->user)};
    (void)v;
    ERR_TRY(load_memberships(x, &m));
    ERR_TRY(row_put(rows, self));
    for (size_t i = 0; i < m.n; i++) {
        const struct datum row[] = {T(m.roles[i])};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

#define NN " STRING NOT NULL, "
#define TABLE_GRANTS                                                                  \
    "grantor STRING, grantee" NN "table_catalog" NN "table_schema" NN "table_name" NN \
    "privilege_type" NN "is_grantable STRING, with_hierarchy STRING"

static const struct virtual_table tables[] = {
    {"information_schema", "administrable_role_authorizations",
     "grantee" NN "role_name" NN "is_grantable STRING NOT NULL", administrable_roles_rows,
     "roles for which the current user has admin option"},
    {"information_schema", "applicable_roles",
     "grantee" NN "role_name" NN "is_grantable STRING NOT NULL", applicable_roles_rows,
     "roles available to the current user"},
    {"information_schema", "column_privileges",
     "grantor STRING, grantee" NN "table_catalog" NN "table_schema" NN "table_name" NN
     "column_name" NN "privilege_type" NN "is_grantable STRING",
     column_privileges_rows, "column privilege grants (incomplete)"},
    {"information_schema", "enabled_roles", "role_name STRING NOT NULL", enabled_roles_rows,
     "roles for the current user"},
    {"information_schema", "role_table_grants", TABLE_GRANTS, table_privileges_rows,
     "privileges granted on table or views (incomplete; see also "
     "information_schema.table_privileges; may contain excess users or roles)"},
    {"information_schema", "schema_privileges",
     "grantee" NN "table_catalog" NN "table_schema" NN "privilege_type" NN "is_grantable STRING",
     schema_privileges_rows,
     "schema privileges (incomplete; may contain excess users or roles)"},
    {"information_schema", "table_privileges", TABLE_GRANTS, table_privileges_rows,
     "privileges granted on table or views (incomplete; may contain excess users or roles)"},
    {"information_schema", "user_privileges",
     "grantee" NN "table_catalog" NN "privilege_type" NN "is_grantable STRING",
     user_privileges_rows, "grantable privileges (incomplete)"},
};
VIRTUAL_GROUP(is_privileges, tables);
