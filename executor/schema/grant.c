/* GRANT and REVOKE of privileges on databases and tables. */
#include "config.h"

#include "executor/schema/schema_int.h"

#define ALL_MASK (1u << PRIV_ALL)

struct change {
    struct exec_ctx *x;
    bool revoke;
    uint32_t mask;
    const struct ast_names *grantees;
};

/* The grammar knows the names. */
static uint32_t
privilege_mask(const struct ast_grant *n)
{
    uint32_t mask = n->all ? ALL_MASK : 0;
    for (int i = 0; i < n->privileges.count; i++)
        for (int k = PRIV_ALL; k <= PRIV_ZONECONFIG; k++)
            if (slice_eq(n->privileges.items[i].text, slice_cstr(privilege_names[k])))
                mask |= 1u << k;
    return mask;
}

static Amberdb__UserPrivileges *
find_user(Amberdb__PrivilegeDescriptor *p, const char *user, size_t *at)
{
    for (*at = 0; *at < p->n_users; (*at)++) {
        int c = strcmp(p->users[*at]->user, user);
        if (c == 0)
            return p->users[*at];
        if (c > 0)
            break;
    }
    return NULL;
}
#include "catalog/system_tables.h"

/* SOURCE: CockroachDB v20.1 pkg/sql/sqlbase/privilege.go, Grant and Revoke. */
static void
grant_one(struct change *c, Amberdb__PrivilegeDescriptor *p, const char *user)
{
    size_t at;
    Amberdb__UserPrivileges *u = find_user(p, user, &at);
    if (u == NULL) {
        u = PB_NEW(c->x->arena, UserPrivileges, user_privileges);
        u->user = arena_strdup(c->x->arena, user);
        PB_SET(u, privileges, 0);
        PB_PUSH(c->x->arena, p->users, p->n_users, u);
        memmove(&p->users[at + 1], &p->users[at], (p->n_users - 1 - at) * sizeof(*p->users));
        p->users[at] = u;
    }
    if (u->privileges & ALL_MASK)
        return;
    PB_SET(u, privileges, c->mask & ALL_MASK ? ALL_MASK : u->privileges | c->mask);
}

static void
revoke_one(struct change *c, Amberdb__PrivilegeDescriptor *p, const char *user)
{
    size_t at;
    Amberdb__UserPrivileges *u = find_user(p, user, &at);
    if (u == NULL)
        return;
    uint32_t left = u->privileges;
    if (left & ALL_MASK)
        for (int k = PRIV_CREATE; k <= PRIV_ZONECONFIG; k++)
            left |= 1u << k;
    left &= ~(c->mask | ALL_MASK);
    if ((c->mask & ALL_MASK) || left == 0)
        PB_REMOVE(p->users, p->n_users, at);
    else
        PB_SET(u, privileges, left);
}

static void
put_privileges(struct str *s, uint32_t mask)
{
    for (int k = PRIV_ALL; k <= PRIV_ZONECONFIG; k++)
        if (mask & 1u << k)
            str_printf(s, "%s%s", s->len > 0 ? ", " : "", privilege_names[k]);
}

/* root and admin keep exactly what they must have. */
static struct error *
check_superusers(const Amberdb__PrivilegeDescriptor *before,
                 const Amberdb__PrivilegeDescriptor *after, uint32_t id)
{
    static const char *const superusers[] = {"root", "admin"};
    for (size_t i = 0; i < 2; i++) {
        const char *user = superusers[i];
        size_t at;
        const Amberdb__UserPrivileges *was =
            find_user((Amberdb__PrivilegeDescriptor *)(uintptr_t)before, user, &at);
        const Amberdb__UserPrivileges *is =
            find_user((Amberdb__PrivilegeDescriptor *)(uintptr_t)after, user, &at);
        if (is == NULL)
            return err_new(ERR_UNCATEGORIZED,
                           "user %s does not have privileges over system object with ID=%u", user,
                           id);
        uint32_t must = was != NULL ? was->privileges : ALL_MASK;
        if (is->privileges == must)
            continue;
        struct str s;
        struct error *e;
        str_init(&s, 256);
        put_privileges(&s, must);
        e = err_new(ERR_UNCATEGORIZED,
                    "user %s must have exactly %s privileges on system object with ID=%u", user,
                    str_cstr(&s), id);
        str_release(&s);
        return e;
    }
    return NULL;
}

/* On system objects nobody may have more than what the object allows. */
static struct error *
check_system(const Amberdb__PrivilegeDescriptor *p, uint32_t id)
{
    uint32_t allowed = system_privileges(id);

    for (size_t i = 0; i < p->n_users && !(allowed & ALL_MASK); i++) {
        uint32_t more = p->users[i]->privileges & ~allowed;
        struct str s;
        if (more == 0)
            continue;
        str_init(&s, 256);
        put_privileges(&s, more);
        struct error *e = err_new(ERR_UNCATEGORIZED,
                                  "user %s must not have %s privileges on system object with ID=%u",
                                  p->users[i]->user, str_cstr(&s), id);
        str_release(&s);
        return e;
    }
    return NULL;
}

static struct error *
change_privileges(struct change *c, Amberdb__PrivilegeDescriptor **privileges, uint32_t id)
{
    Amberdb__PrivilegeDescriptor *before = *privileges;
    Amberdb__PrivilegeDescriptor *p =
        (Amberdb__PrivilegeDescriptor *)(void *)pb_copy(c->x->arena, PB_BASE(before));
    for (int i = 0; i < c->grantees->count; i++) {
        const char *user = ddl_text(c->x, c->grantees->items[i].text);
        if (c->revoke)
            revoke_one(c, p, user);
        else
            grant_one(c, p, user);
    }
    ERR_TRY(check_superusers(before, p, id));
    ERR_TRY(check_system(p, id));
    *privileges = p;
    return NULL;
}

static struct error *
change_database(struct change *c, const struct database *db)
{
    const pb_descriptor *d;
    ERR_TRY(catalog_descriptor(c->x->catalog, db->id, &d));
    ERR_TRY(catalog_check_privilege(c->x->catalog, c->x->user, d, PRIV_GRANT));
    pb_descriptor *copy = (pb_descriptor *)(void *)pb_copy(c->x->arena, PB_BASE(d));
    ERR_TRY(change_privileges(c, &copy->database->privileges, db->id));
    return catalog_put_descriptor(c->x->catalog, db->id, copy);
}

static struct error *
change_table(struct change *c, const struct table *t)
{
    pb_table *pb;
    ERR_TRY(ddl_check_table(c->x, t, PRIV_GRANT));
    ERR_TRY(ddl_mutable(c->x, t->id, &pb));
    ERR_TRY(change_privileges(c, &pb->privileges, t->id));
    return catalog_write_table(c->x->catalog, pb);
}

/* The database whose tables a pattern means: schemas of the current one come before databases. */
static struct error *
pattern_database(struct exec_ctx *x, const struct ast_object_name *n, const struct database **db)
{
    bool public = slice_eq(n->schema, SLICE_LIT("public"));
    bool current = n->count == 0 || (n->count == 1 && public && x->database[0] != '\0');
    const char *name = current      ? x->database
                       : n->count == 1 ? ddl_text(x, n->schema)
                                       : ddl_text(x, n->catalog);

    *db = NULL;
    if (n->count < 2 || public)
        ERR_TRY(catalog_database_by_name(x->catalog, name, db));
    if (*db != NULL)
        return NULL;
    const char *prefix = n->count == 0   ? ""
                         : n->count == 1 ? arena_printf(x->arena, "%s.", ddl_text(x, n->schema))
                                         : arena_printf(x->arena, "%s.%s.", name,
                                                        ddl_text(x, n->schema));
    return err_new(ERR_INVALID_CATALOG_NAME, "\"%s*\" does not match any valid database or schema",
                   prefix);
}

static struct error *
change_pattern(struct change *c, const struct ast_table_pattern *p, size_t *n_changed)
{
    struct exec_ctx *x = c->x;
    const struct table *t, **tables;
    const struct database *db;
    size_t n;
    if (!p->star) {
        ERR_TRY(ddl_relation(x, &p->name, DDL_ANY, false, PRIV_GRANT, &t, NULL));
        ++*n_changed;
        return change_table(c, t);
    }
    ERR_TRY(pattern_database(x, &p->name, &db));
    ERR_TRY(catalog_list_tables(x->catalog, x->arena, db->id, &tables, &n));
    for (size_t i = 0; i < n; i++)
        ERR_TRY(change_table(c, tables[i]));
    *n_changed += n;
    return NULL;
}

static struct error *
grant_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    bool revoke = s->kind == AST_STMT_REVOKE;
    const struct ast_grant *n = revoke ? s->revoke : s->grant;
    struct change c = {
        .x = x, .revoke = revoke, .mask = privilege_mask(n), .grantees = &n->grantees};
    (void)rows;
    (void)tag;
    for (int i = 0; i < n->grantees.count; i++) {
        const char *user = ddl_text(x, n->grantees.items[i].text);
        bool exists = strcmp(user, "public") == 0, is_role;
        if (!exists)
            ERR_TRY(catalog_user_exists(x->catalog, user, &exists, &is_role));
        if (!exists)
            return err_new(ERR_UNCATEGORIZED, "user or role %s does not exist", user);
    }
    if (n->targets.kind == AST_TARGET_DATABASES) {
        for (int i = 0; i < n->targets.names.count; i++) {
            const struct database *db;
            ERR_TRY(ddl_database(x, n->targets.names.items[i].text, false, &db));
            ERR_TRY(change_database(&c, db));
        }
        return NULL;
    }
    size_t changed = 0;
    for (int i = 0; i < n->targets.tables.count; i++)
        ERR_TRY(change_pattern(&c, &n->targets.tables.items[i], &changed));
    return changed > 0 ? NULL : err_new(ERR_UNDEFINED_TABLE, "no object matched");
}

static const struct statement_ops grant_ops[] = {
    {.kind = AST_STMT_GRANT, .tag = "GRANT", .flags = STMT_WRITES | STMT_DDL, .run = grant_run},
    {.kind = AST_STMT_REVOKE, .tag = "REVOKE", .flags = STMT_WRITES | STMT_DDL, .run = grant_run},
};

const struct statement_family statement_family_grant = {grant_ops,
                                                        sizeof(grant_ops) / sizeof(grant_ops[0])};
