/* catalog/auth.c - who may do what: privileges of objects, roles, users; and zone configurations.
 *
 * SOURCE: sql.md 16 (CockroachDB v20.1 pkg/sql/authorization.go, pkg/sql/sqlbase/privilege.go).
 */
#include "config.h"

#include "catalog/catalog.h"

#include <stdlib.h>

#include "catalog/catalog_int.h"
#include "catalog/pb.h"
#include "catalog/sysrow.h"

#define DEFAULT_TTL_SECONDS 90000

const char *const privilege_names[10] = {
    NULL,     "ALL",    "CREATE", "DROP",   "GRANT",
    "SELECT", "INSERT", "DELETE", "UPDATE", "ZONECONFIG",
};

/* root's internal twin: runs what the server does for itself. */
static bool
is_node(const char *user)
{
    return strcmp(user, "node") == 0;
}

static uint32_t
mask_of(const Amberdb__PrivilegeDescriptor *p, const char *user)
{
    for (size_t i = 0; p != NULL && i < p->n_users; i++)
        if (strcmp(pb_str(p->users[i]->user), user) == 0)
            return PB_GET(p->users[i], privileges);
    return 0;
}

bool
privileges_include(const Amberdb__PrivilegeDescriptor *p, const char *user_or_role,
                   enum privilege priv)
{
    return (mask_of(p, user_or_role) & (1u << PRIV_ALL | 1u << priv)) != 0;
}

static const Amberdb__PrivilegeDescriptor *
privileges_of(const pb_descriptor *d)
{
    const pb_table *t = pb_descriptor_table(d);
    const pb_database *db = pb_descriptor_database(d);
    return t != NULL ? t->privileges : db != NULL ? db->privileges : NULL;
}

/* ---- roles ---- */

struct role_list {
    const char **v;
    size_t n, cap;
};

struct role_search {
    struct arena *a;
    struct role_list *roles;
};

static struct error *
add_role(void *arg, const struct datum *row, bool *stop)
{
    struct role_search *s = arg;
    struct role_list *l = s->roles;
    char *role = slice_to_cstr(s->a, datum_slice(&row[0]));
    (void)stop;
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->v[i], role) == 0)
            return NULL;
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 8 : l->cap * 2;
        l->v = arena_realloc(s->a, l->v, l->cap * sizeof(*l->v), cap * sizeof(*l->v));
        l->cap = cap;
    }
    l->v[l->n++] = role;
    return NULL;
}

struct error *
catalog_roles_of(struct catalog_txn *ct, const char *user, const char *const **roles, size_t *n)
{
    struct role_list *l = map_get(&ct->roles, slice_cstr(user));
    if (l == NULL) {
        l = ARENA_NEW(ct->a, struct role_list);
        struct role_search s = {ct->a, l};
        struct datum member = datum_cstr(user);
        ERR_TRY(sys_scan(ct, ID_ROLE_MEMBERS, "role_members_member_idx", &member, 1, add_role, &s));
        for (size_t i = 0; i < l->n; i++) { /* grows while we walk it */
            member = datum_cstr(l->v[i]);
            ERR_TRY(sys_scan(ct, ID_ROLE_MEMBERS, "role_members_member_idx", &member, 1, add_role,
                             &s));
        }
        map_put(&ct->roles, slice_cstr(user), l);
    }
    *roles = l->v;
    *n = l->n;
    return NULL;
}

/* The union of what user, public and user's roles have. */
static struct error *
effective_mask(struct catalog_txn *ct, const char *user, const pb_descriptor *d, uint32_t want,
               uint32_t *mask)
{
    const Amberdb__PrivilegeDescriptor *p = privileges_of(d);
    const char *const *roles;
    size_t n;

    *mask = is_node(user) ? 1u << PRIV_ALL : mask_of(p, user) | mask_of(p, "public");
    if ((*mask & want) != 0)
        return NULL;
    ERR_TRY(catalog_roles_of(ct, user, &roles, &n));
    for (size_t i = 0; i < n; i++)
        *mask |= mask_of(p, roles[i]);
    return NULL;
}

/* Tables of an attached backup are only read, whatever has been granted on them. */
static struct error *
check_attached(const pb_descriptor *d, enum privilege priv)
{
    const pb_database *db = pb_descriptor_database(d);
    bool attached = db != NULL ? db->attached != NULL
                               : pb_descriptor_id(d) >= KV_FOREIGN_TABLE_MIN;
    if (!attached || priv == PRIV_SELECT || priv == PRIV_GRANT)
        return NULL;
    return err_hint(err_new(ERR_INSUFFICIENT_PRIVILEGE,
                            "%s \"%s\" belongs to an attached backup, which can only be read",
                            db != NULL ? "database" : "relation", pb_descriptor_name(d)),
                    "DETACH BACKUP takes it away, RESTORE brings a copy that can be changed.");
}

struct error *
catalog_check_privilege(struct catalog_txn *ct, const char *user, const pb_descriptor *d,
                        enum privilege priv)
{
    uint32_t mask, want = 1u << PRIV_ALL | 1u << priv;
    ERR_TRY(check_attached(d, priv));
    ERR_TRY(effective_mask(ct, user, d, want, &mask));
    if ((mask & want) != 0)
        return NULL;
    return err_new(ERR_INSUFFICIENT_PRIVILEGE, "user %s does not have %s privilege on %s %s", user,
                   privilege_names[priv],
                   pb_descriptor_database(d) != NULL ? "database" : "relation",
                   pb_descriptor_name(d));
}

struct error *
catalog_check_any_privilege(struct catalog_txn *ct, const char *user, const pb_descriptor *d)
{
    uint32_t mask;
    ERR_TRY(effective_mask(ct, user, d, UINT32_MAX, &mask));
    if (mask != 0)
        return NULL;
    return err_new(ERR_INSUFFICIENT_PRIVILEGE, "user %s has no privileges on %s %s", user,
                   pb_descriptor_database(d) != NULL ? "database" : "relation",
                   pb_descriptor_name(d));
}

struct error *
catalog_is_admin(struct catalog_txn *ct, const char *user, bool *yes)
{
    const char *const *roles;
    size_t n;
    *yes = strcmp(user, "root") == 0 || is_node(user);
    if (*yes)
        return NULL;
    ERR_TRY(catalog_roles_of(ct, user, &roles, &n));
    for (size_t i = 0; i < n; i++)
        *yes |= strcmp(roles[i], "admin") == 0;
    return NULL;
}

struct error *
catalog_check_admin(struct catalog_txn *ct, const char *user, const char *action)
{
    bool yes;
    ERR_TRY(catalog_is_admin(ct, user, &yes));
    if (yes)
        return NULL;
    return err_new(ERR_INSUFFICIENT_PRIVILEGE,
                   "only users with the admin role are allowed to %s", action);
}

/* ---- users ---- */

enum { USERS_NAME, USERS_PASSWORD, USERS_IS_ROLE, USERS_COLUMNS };

/* A later column of the table must not overrun us: room for what sys_get writes. */
static struct error *
user_row(struct catalog_txn *ct, struct arena *a, const char *name, struct datum **row,
         bool *found)
{
    const struct table *t;
    struct datum key = datum_cstr(name);
    *found = false;
    ERR_TRY(catalog_table_by_id(ct, ID_USERS, &t));
    if (t == NULL || t->n_columns < USERS_COLUMNS)
        return err_new(ERR_DATA_CORRUPTED, "system.users is not what it should be");
    *row = ARENA_ARRAY(a, struct datum, (size_t)t->n_all_columns);
    return sys_get(ct, a, ID_USERS, &key, 1, *row, found);
}

struct error *
catalog_user_exists(struct catalog_txn *ct, const char *name, bool *exists, bool *is_role)
{
    struct datum *row;
    bool found;
    ERR_TRY(user_row(ct, ct->a, name, &row, &found));
    *exists = found;
    if (is_role != NULL)
        *is_role = found && !row[USERS_IS_ROLE].null && row[USERS_IS_ROLE].i != 0;
    return NULL;
}

struct error *
catalog_user_password(struct catalog_txn *ct, struct arena *a, const char *name,
                      struct slice *bcrypt)
{
    struct datum *row;
    bool found;
    *bcrypt = SLICE_NULL;
    ERR_TRY(user_row(ct, a, name, &row, &found));
    if (found && !row[USERS_PASSWORD].null)
        *bcrypt = datum_slice(&row[USERS_PASSWORD]);
    return NULL;
}

/* ---- zones ---- */

struct error *
catalog_zone(struct catalog_txn *ct, struct arena *a, uint32_t id, Amberdb__ZoneConfig **out)
{
    struct datum key = datum_int(id), *row;
    const struct table *t;
    bool found;

    *out = NULL;
    ERR_TRY(catalog_table_by_id(ct, ID_ZONES, &t));
    if (t == NULL || t->n_columns < 2)
        return err_new(ERR_DATA_CORRUPTED, "system.zones is not what it should be");
    row = ARENA_ARRAY(a, struct datum, (size_t)t->n_all_columns);
    ERR_TRY(sys_get(ct, a, ID_ZONES, &key, 1, row, &found));
    if (!found || row[1].null)
        return NULL;
    return PB_PARSE(a, zone_config, "zone configuration", datum_slice(&row[1]), out);
}

struct zone_ttl {
    uint32_t id;
    int32_t seconds;
};

struct catalog_ttls {
    struct arena *a;
    struct zone_ttl *v; /* of zones that set it, ascending */
    size_t n, cap;
};

static struct error *
add_ttl(void *arg, const struct datum *row, bool *stop)
{
    struct catalog_ttls *l = arg;
    Amberdb__ZoneConfig *z;
    (void)stop;
    if (row[1].null)
        return NULL;
    ERR_TRY(PB_PARSE(l->a, zone_config, "zone configuration", datum_slice(&row[1]), &z));
    if (z->gc == NULL)
        return NULL;
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 16 : l->cap * 2;
        l->v = arena_realloc(l->a, l->v, l->cap * sizeof(*l->v), cap * sizeof(*l->v));
        l->cap = cap;
    }
    l->v[l->n++] = (struct zone_ttl){(uint32_t)row[0].i, PB_GET(z->gc, ttl_seconds)};
    return NULL;
}

struct error *
catalog_ttls_read(struct catalog_txn *ct, struct arena *a, struct catalog_ttls **out)
{
    *out = ARENA_NEW(a, struct catalog_ttls);
    (*out)->a = a;
    return sys_scan(ct, ID_ZONES, NULL, NULL, 0, add_ttl, *out);
}

static int
ttl_cmp(const void *a, const void *b)
{
    uint32_t x = ((const struct zone_ttl *)a)->id, y = ((const struct zone_ttl *)b)->id;
    return (x > y) - (x < y);
}

int32_t
catalog_gc_ttl(const struct catalog_ttls *l, const pb_table *t)
{
    const uint32_t chain[] = {PB_GET(t, id), PB_GET(t, parent_id), 0 /* RANGE default */};

    for (size_t i = 0; l->n > 0 && i < sizeof(chain) / sizeof(chain[0]); i++) {
        struct zone_ttl key = {.id = chain[i]};
        const struct zone_ttl *z = bsearch(&key, l->v, l->n, sizeof(key), ttl_cmp);
        if (z != NULL)
            return z->seconds;
    }
    return DEFAULT_TTL_SECONDS;
}
