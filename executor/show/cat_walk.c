/* executor/show/cat_walk.c - databases, schemas, relations and roles, as one user may see them. */
#include "config.h"

#include "executor/show/cat_int.h"

#include <stdlib.h>

#include "catalog/pb.h"
#include "catalog/sysrow.h"

/* ---- arrays ---- */

static struct datum
array_datum(struct arena *a, const struct type *elem, struct datum *v, int n)
{
    struct array *arr = ARENA_NEW(a, struct array);
    *arr = (struct array){.n = n, .elem = elem, .v = v};
    return (struct datum){.arr = arr};
}

struct datum
cat_array(struct arena *a, const struct type *elem, const int64_t *v, int n)
{
    struct datum *d = ARENA_ARRAY(a, struct datum, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        d[i] = datum_int(v[i]);
    return array_datum(a, elem, d, n);
}

struct datum
cat_text_array(struct arena *a, const struct type *elem, const char *const *v, int n)
{
    struct datum *d = ARENA_ARRAY(a, struct datum, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        d[i] = datum_cstr(v[i]);
    return array_datum(a, elem, d, n);
}

/* ---- what a user may see ---- */

struct viewer {
    const char *user;
    bool admin;
    const char *const *roles;
    size_t n_roles;
};

static struct error *
viewer_init(struct exec_ctx *x, struct viewer *w)
{
    *w = (struct viewer){.user = x->user};
    ERR_TRY(catalog_is_admin(x->catalog, x->user, &w->admin));
    if (!w->admin)
        ERR_TRY(catalog_roles_of(x->catalog, x->user, &w->roles, &w->n_roles));
    return NULL;
}

static bool
viewer_sees(const struct viewer *w, const Amberdb__PrivilegeDescriptor *p)
{
    if (w->admin)
        return true;
    for (size_t i = 0; p != NULL && i < p->n_users; i++) {
        const char *u = p->users[i]->user;
        if (PB_GET(p->users[i], privileges) == 0)
            continue;
        if (strcmp(u, w->user) == 0 || strcmp(u, "public") == 0)
            return true;
        for (size_t r = 0; r < w->n_roles; r++)
            if (strcmp(u, w->roles[r]) == 0)
                return true;
    }
    return false;
}

/* ---- databases ---- */

static int
database_by_name(const void *a, const void *b)
{
    return strcmp((*(const struct database *const *)a)->name,
                  (*(const struct database *const *)b)->name);
}

struct error *
cat_databases(struct exec_ctx *x, const struct database *only, cat_db_fn fn, void *arg)
{
    const struct database **v;
    struct viewer w;
    size_t n;
    ERR_TRY(viewer_init(x, &w));
    ERR_TRY(catalog_list_databases(x->catalog, x->arena, &v, &n));
    qsort(v, n, sizeof(*v), database_by_name);
    for (size_t i = 0; i < n; i++)
        if ((only == NULL || only->id == v[i]->id) && viewer_sees(&w, v[i]->pb->privileges))
            ERR_TRY(fn(x, v[i], arg));
    return NULL;
}

/* ---- schemas ---- */

struct temp_schema {
    uint32_t id;
    const char *name;
};

struct temp_schemas {
    struct arena *arena;
    struct temp_schema *v;
    size_t n, cap;
};

static struct error *
add_temp_schema(void *arg, const struct datum *row, bool *stop)
{
    struct temp_schemas *t = arg;
    struct slice name = datum_slice(&row[2]);
    (void)stop;
    /* Rows of parent schema 0 are the database's schemas; for parent database 0, databases. */
    if (row[1].i != 0 || !slice_has_prefix(name, SLICE_LIT("pg_temp_")))
        return NULL;
    if (t->n == t->cap) {
        size_t cap = t->cap == 0 ? 8 : 2 * t->cap;
        t->v = arena_realloc(t->arena, t->v, t->cap * sizeof(*t->v), cap * sizeof(*t->v));
        t->cap = cap;
    }
    t->v[t->n++] = (struct temp_schema){(uint32_t)row[3].i, slice_to_cstr(t->arena, name)};
    return NULL;
}

static struct error *
load_temp_schemas(struct exec_ctx *x, uint32_t db, struct temp_schemas *t)
{
    struct datum prefix[2] = {datum_int(db), datum_int(0)};
    *t = (struct temp_schemas){.arena = x->arena};
    return sys_scan(x->catalog, ID_NAMESPACE, NULL, prefix, 2, add_temp_schema, t);
}

static const char *
temp_schema_name(const struct temp_schemas *t, uint32_t id)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->v[i].id == id)
            return t->v[i].name;
    return "public";
}

struct error *
cat_schema_of(struct exec_ctx *x, const struct table *t, const char **name)
{
    struct temp_schemas temp;
    const struct virtual_table *v = t->opaque;
    *name = t->is_virtual ? v->schema : "public";
    if (t->is_virtual || !t->is_temporary)
        return NULL;
    ERR_TRY(load_temp_schemas(x, t->parent_id, &temp));
    *name = temp_schema_name(&temp, PB_GET(t->pb, unexposed_parent_schema_id));
    return NULL;
}

struct error *
cat_schemas(struct exec_ctx *x, const struct database *db, const char *const **names, size_t *n)
{
    struct temp_schemas temp;
    ERR_TRY(load_temp_schemas(x, db->id, &temp));
    const char **v = ARENA_ARRAY(x->arena, const char *, temp.n + 4);
    *n = 0;
    for (size_t i = 0; i < 4; i++)
        v[(*n)++] = builtin_schemas[i];
    for (size_t i = 0; i < temp.n; i++)
        v[(*n)++] = temp.v[i].name;
    *names = v;
    return NULL;
}

/* ---- relations ---- */

static int
table_by_id(const void *a, const void *b)
{
    uint32_t x = (*(const struct table *const *)a)->id, y = (*(const struct table *const *)b)->id;
    return (x > y) - (x < y);
}

static int
virtual_by_name(const void *a, const void *b)
{
    const struct virtual_table *x = (*(const struct table *const *)a)->opaque;
    const struct virtual_table *y = (*(const struct table *const *)b)->opaque;
    int c = strcmp(x->schema, y->schema);
    return c != 0 ? c : strcmp(x->name, y->name);
}

struct relation_walk {
    struct viewer viewer;
    unsigned flags;
    cat_rel_fn fn;
    void *arg;
};

static struct error *
walk_virtual(struct exec_ctx *x, const struct database *db, const struct relation_walk *w)
{
    const struct virtual_registry *r = virtual_tables();
    int n = virtual_count(r);
    const struct table **v = ARENA_ARRAY(x->arena, const struct table *, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        v[i] = virtual_at(r, i);
    qsort(v, (size_t)n, sizeof(*v), virtual_by_name);
    for (int i = 0; i < n; i++) {
        const struct virtual_table *vt = v[i]->opaque;
        if (vt->comment == NULL)
            continue;
        struct cat_rel rel = {v[i], db, vt->schema, cat_oid_schema(db->id, vt->schema)};
        ERR_TRY(w->fn(x, &rel, w->arg));
    }
    return NULL;
}

static struct error *
walk_database(struct exec_ctx *x, const struct database *db, const struct relation_walk *w)
{
    const struct table **v;
    struct temp_schemas temp;
    size_t n;
    uint32_t public_oid = cat_oid_schema(db->id, "public");
    if (w->flags & CAT_VIRTUAL)
        ERR_TRY(walk_virtual(x, db, w));
    ERR_TRY(load_temp_schemas(x, db->id, &temp));
    ERR_TRY(catalog_list_tables(x->catalog, x->arena, db->id, &v, &n));
    qsort(v, n, sizeof(*v), table_by_id);
    for (size_t i = 0; i < n; i++) {
        if (i % 1000 == 999)
            ERR_TRY(cancel_check(x->cancel));
        if (!viewer_sees(&w->viewer, v[i]->pb->privileges))
            continue;
        struct cat_rel rel = {v[i], db, "public", public_oid};
        if (v[i]->is_temporary) {
            rel.schema = temp_schema_name(&temp, PB_GET(v[i]->pb, unexposed_parent_schema_id));
            rel.schema_oid = cat_oid_schema(db->id, rel.schema);
        }
        ERR_TRY(w->fn(x, &rel, w->arg));
    }
    return NULL;
}

struct error *
cat_relations(struct exec_ctx *x, const struct virtual_scan *v, unsigned flags, cat_rel_fn fn,
              void *arg)
{
    struct relation_walk w = {.flags = flags, .fn = fn, .arg = arg};
    const struct database **dbs;
    size_t n;
    ERR_TRY(viewer_init(x, &w.viewer));
    if (v->database != NULL)
        return walk_database(x, v->database, &w);
    ERR_TRY(catalog_list_databases(x->catalog, x->arena, &dbs, &n));
    qsort(dbs, n, sizeof(*dbs), database_by_name);
    for (size_t i = 0; i < n; i++)
        ERR_TRY(walk_database(x, dbs[i], &w));
    return NULL;
}

/* ---- roles ---- */

struct role_list {
    struct exec_ctx *x;
    struct cat_role *v;
    size_t n, cap;
    struct cat_role *last; /* options come by name too */
};

static struct error *
add_role(void *arg, const struct datum *row, bool *stop)
{
    struct role_list *l = arg;
    (void)stop;
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 16 : 2 * l->cap;
        l->v = arena_realloc(l->x->arena, l->v, l->cap * sizeof(*l->v), cap * sizeof(*l->v));
        l->cap = cap;
    }
    l->v[l->n++] = (struct cat_role){
        .name = slice_to_cstr(l->x->arena, datum_slice(&row[0])),
        .is_role = !row[2].null && row[2].i != 0,
        .valid_until = DATUM_NULL,
    };
    return NULL;
}

static int
role_by_name(const void *key, const void *role)
{
    return strcmp(key, ((const struct cat_role *)role)->name);
}

static int
role_order(const void *a, const void *b)
{
    return strcmp(((const struct cat_role *)a)->name, ((const struct cat_role *)b)->name);
}

static struct error *
add_option(void *arg, const struct datum *row, bool *stop)
{
    struct role_list *l = arg;
    const char *user = slice_to_cstr(l->x->arena, datum_slice(&row[0]));
    struct slice option = datum_slice(&row[1]);
    struct cat_role *r = bsearch(user, l->v, l->n, sizeof(*l->v), role_by_name);
    (void)stop;
    if (r == NULL)
        return NULL;
    if (slice_eq(option, SLICE_LIT("CREATEROLE")))
        r->create_role = true;
    if (slice_eq(option, SLICE_LIT("NOLOGIN")))
        r->no_login = true;
    if (slice_eq(option, SLICE_LIT("VALID UNTIL")) && !row[2].null) {
        struct error *e = datum_parse(&l->x->env, &TYPE_TIMESTAMPTZ, datum_slice(&row[2]),
                                      &r->valid_until);
        if (e != NULL)
            r->valid_until = DATUM_NULL;
        err_free(e);
    }
    return NULL;
}

struct error *
cat_roles(struct exec_ctx *x, struct cat_role **v, size_t *n)
{
    struct role_list l = {.x = x};
    ERR_TRY(sys_scan(x->catalog, ID_USERS, NULL, NULL, 0, add_role, &l));
    if (l.n > 1)
        qsort(l.v, l.n, sizeof(*l.v), role_order);
    ERR_TRY(sys_scan(x->catalog, ID_ROLE_OPTIONS, NULL, NULL, 0, add_option, &l));
    *v = l.v;
    *n = l.n;
    return NULL;
}

/* ---- comments ---- */

struct comment_row {
    int type;
    uint32_t object, sub;
    const char *text;
};

struct cat_comments {
    struct arena *arena;
    struct comment_row *v;
    size_t n, cap;
};

static struct error *
add_comment(void *arg, const struct datum *row, bool *stop)
{
    struct cat_comments *c = arg;
    (void)stop;
    if (c->n == c->cap) {
        size_t cap = c->cap == 0 ? 16 : 2 * c->cap;
        c->v = arena_realloc(c->arena, c->v, c->cap * sizeof(*c->v), cap * sizeof(*c->v));
        c->cap = cap;
    }
    c->v[c->n++] = (struct comment_row){(int)row[0].i, (uint32_t)row[1].i, (uint32_t)row[2].i,
                                        slice_to_cstr(c->arena, datum_slice(&row[3]))};
    return NULL;
}

static int
comment_order(const void *a, const void *b)
{
    const struct comment_row *x = a, *y = b;
    if (x->type != y->type)
        return x->type < y->type ? -1 : 1;
    if (x->object != y->object)
        return x->object < y->object ? -1 : 1;
    return (x->sub > y->sub) - (x->sub < y->sub);
}

struct error *
cat_comments_load(struct exec_ctx *x, struct cat_comments **out)
{
    struct cat_comments *c = ARENA_NEW(x->arena, struct cat_comments);
    c->arena = x->arena;
    ERR_TRY(sys_scan(x->catalog, ID_COMMENTS, NULL, NULL, 0, add_comment, c));
    if (c->n > 1)
        qsort(c->v, c->n, sizeof(*c->v), comment_order);
    *out = c;
    return NULL;
}

const char *
cat_comment(const struct cat_comments *c, int type, uint32_t object, uint32_t sub)
{
    struct comment_row key = {type, object, sub, NULL};
    const struct comment_row *r =
        c->n == 0 ? NULL : bsearch(&key, c->v, c->n, sizeof(*c->v), comment_order);
    return r != NULL ? r->text : NULL;
}
