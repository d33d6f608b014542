/* What BACKUP and RESTORE name: databases, tables, patterns, resolved in a set of descriptors (the
 * catalog's, or a manifest's). SOURCE: statements 1.3, restore-mechanics 3. */
#include "config.h"

#include "executor/backup/backup_int.h"

#include <stdlib.h>

#include "grammar/print.h"
#include "types/keyenc.h"

const char *const cluster_system_tables[] = {"users",    "zones", "settings", "locations",
                                             "role_members", "role_options", "ui", "comments",
                                             "jobs",     NULL};

bool
is_cluster_system_table(const char *name)
{
    for (int i = 0; cluster_system_tables[i] != NULL; i++)
        if (strcmp(cluster_system_tables[i], name) == 0)
            return true;
    return false;
}

/* ---- lists ---- */

void
desc_list_add(struct arena *a, struct desc_list *l, pb_descriptor *d)
{
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 32 : 2 * l->cap;
        l->v = arena_realloc(a, l->v, l->cap * sizeof(*l->v), cap * sizeof(*l->v));
        l->cap = cap;
    }
    l->v[l->n++] = d;
}

pb_descriptor *
desc_by_id(const struct desc_list *l, uint32_t id)
{
    for (size_t i = 0; i < l->n; i++)
        if (pb_descriptor_id(l->v[i]) == id)
            return l->v[i];
    return NULL;
}

static int
by_id(const void *a, const void *b)
{
    uint32_t x = pb_descriptor_id(*(pb_descriptor *const *)a);
    uint32_t y = pb_descriptor_id(*(pb_descriptor *const *)b);
    return (x > y) - (x < y);
}

void
desc_sort_by_id(struct desc_list *l)
{
    if (l->n > 1)
        qsort(l->v, l->n, sizeof(*l->v), by_id);
}

bool
id_has(const struct id_list *l, uint32_t id)
{
    return pb_u32_contains(l->v, l->n, id);
}

void
id_add(struct arena *a, struct id_list *l, uint32_t id)
{
    if (!id_has(l, id))
        PB_PUSH(a, l->v, l->n, id);
}

/* ---- resolution ---- */

struct resolver {
    struct arena *a;
    const struct desc_list *all;
    const char *current_db;
    struct resolved *out;
};

static bool
is_public(const pb_table *t)
{
    return PB_GET(t, state) == AMBERDB__STATE__PUBLIC && !PB_GET(t, temporary);
}

static pb_descriptor *
database_named(const struct resolver *r, struct slice name)
{
    for (size_t i = 0; i < r->all->n; i++) {
        const pb_database *d = pb_descriptor_database(r->all->v[i]);
        if (d != NULL && slice_eq(slice_cstr(pb_str(d->name)), name))
            return r->all->v[i];
    }
    return NULL;
}

/* The public table of that name; *any: there is one in some other state. */
static pb_descriptor *
table_named(const struct resolver *r, uint32_t db, struct slice name, bool *any)
{
    for (size_t i = 0; i < r->all->n; i++) {
        const pb_table *t = pb_descriptor_table(r->all->v[i]);
        if (t == NULL || PB_GET(t, parent_id) != db ||
            !slice_eq(slice_cstr(pb_str(t->name)), name))
            continue;
        if (is_public(t))
            return r->all->v[i];
        *any = true;
    }
    return NULL;
}

static void
add(struct resolver *r, struct desc_list *l, pb_descriptor *d)
{
    if (desc_by_id(l, pb_descriptor_id(d)) == NULL)
        desc_list_add(r->a, l, d);
}

static void
add_database_tables(struct resolver *r, uint32_t db)
{
    for (size_t i = 0; i < r->all->n; i++) {
        const pb_table *t = pb_descriptor_table(r->all->v[i]);
        if (t != NULL && PB_GET(t, parent_id) == db && is_public(t))
            add(r, &r->out->tables, r->all->v[i]);
    }
}

/* The database that qualifiers mean: schema.x and db.x look alike. NULL: none. */
static pb_descriptor *
qualified_database(const struct resolver *r, struct slice catalog, struct slice schema, int parts)
{
    struct slice public = SLICE_LIT("public"), current = slice_cstr(r->current_db);
    if (parts == 0)
        return current.len > 0 ? database_named(r, current) : NULL;
    if (parts == 2)
        return slice_eq(schema, public) ? database_named(r, catalog) : NULL;
    if (slice_eq(schema, public) && current.len > 0 && database_named(r, current) != NULL)
        return database_named(r, current);
    return database_named(r, schema);
}

static struct error *
resolve_star(struct resolver *r, const struct ast_table_pattern *p)
{
    pb_descriptor *db = qualified_database(r, p->name.catalog, p->name.schema, p->name.count);
    if (db == NULL) {
        struct str s;
        str_init_arena(&s, r->a, STR_MAX_DEFAULT);
        if (p->name.count == 2) {
            print_name(&s, p->name.catalog);
            str_append_char(&s, '.');
        }
        if (p->name.count >= 1) {
            print_name(&s, p->name.schema);
            str_append_char(&s, '.');
        }
        return err_new(ERR_INVALID_CATALOG_NAME,
                       "\"%s*\" does not match any valid database or schema", str_cstr(&s));
    }
    uint32_t id = pb_descriptor_id(db);
    add(r, &r->out->databases, db);
    id_add(r->a, &r->out->complete_dbs, id);
    r->out->star = true;
    add_database_tables(r, id);
    return NULL;
}

static struct error *
resolve_table(struct resolver *r, const struct ast_table_pattern *p)
{
    bool other_state = false;
    pb_descriptor *d = NULL, *db = qualified_database(r, p->name.catalog, p->name.schema,
                                                     p->name.count - 1);
    if (db != NULL)
        d = table_named(r, pb_descriptor_id(db), p->name.object, &other_state);
    if (d == NULL) {
        struct str s;
        str_init_arena(&s, r->a, STR_MAX_DEFAULT);
        struct ast_object_name n = p->name;
        if (other_state && n.count == 2) {
            n.catalog = slice_cstr(pb_descriptor_name(db));
            n.schema = SLICE_LIT("public");
            n.count = 3;
        }
        print_object_name(&s, &n, NULL);
        return err_new(ERR_UNCATEGORIZED, "table \"%s\" does not exist", str_cstr(&s));
    }
    add(r, &r->out->databases, db);
    add(r, &r->out->tables, d);
    return NULL;
}

struct error *
targets_resolve(struct arena *a, const struct desc_list *all, const struct ast_targets *t,
                const char *current_db, struct resolved *out)
{
    struct resolver r = {a, all, current_db, out};
    *out = (struct resolved){0};
    if (t->kind == AST_TARGET_DATABASES)
        for (int i = 0; i < t->names.count; i++) {
            pb_descriptor *db = database_named(&r, t->names.items[i].text);
            if (db == NULL)
                return err_new(ERR_UNCATEGORIZED, "unknown database \"%s\"",
                               slice_to_cstr(a, t->names.items[i].text));
            uint32_t id = pb_descriptor_id(db);
            add(&r, &out->databases, db);
            id_add(a, &out->requested_dbs, id);
            id_add(a, &out->complete_dbs, id);
            add_database_tables(&r, id);
        }
    for (int i = 0; t->kind == AST_TARGET_TABLES && i < t->tables.count; i++) {
        const struct ast_table_pattern *p = &t->tables.items[i];
        ERR_TRY(p->star ? resolve_star(&r, p) : resolve_table(&r, p));
    }
    desc_sort_by_id(&out->databases);
    desc_sort_by_id(&out->tables);
    return NULL;
}

void
targets_cluster(struct arena *a, const struct desc_list *all, struct resolved *out)
{
    *out = (struct resolved){0};
    for (size_t i = 0; i < all->n; i++) {
        pb_descriptor *d = all->v[i];
        const pb_table *t = pb_descriptor_table(d);
        if (t == NULL) {
            desc_list_add(a, &out->databases, d);
            if (pb_descriptor_id(d) != ID_SYSTEM_DB)
                id_add(a, &out->complete_dbs, pb_descriptor_id(d));
        } else if (PB_GET(t, parent_id) == ID_SYSTEM_DB) {
            if (is_cluster_system_table(pb_str(t->name)))
                desc_list_add(a, &out->tables, d);
        } else if ((PB_GET(t, state) == AMBERDB__STATE__PUBLIC ||
                    PB_GET(t, state) == AMBERDB__STATE__ADD) &&
                   !PB_GET(t, temporary)) {
            desc_list_add(a, &out->tables, d);
        }
    }
    desc_sort_by_id(&out->databases);
    desc_sort_by_id(&out->tables);
}

/* ---- spans ---- */

void
span_list_add(struct arena *a, struct span_list *l, struct span s)
{
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 32 : 2 * l->cap;
        l->v = arena_realloc(a, l->v, l->cap * sizeof(*l->v), cap * sizeof(*l->v));
        l->cap = cap;
    }
    l->v[l->n++] = s;
}

static int
by_start(const void *pa, const void *pb)
{
    const struct span *a = pa, *b = pb;
    int c = slice_cmp(a->start, b->start);
    return c != 0 ? c : slice_cmp(a->end, b->end);
}

void
span_list_sort(struct span_list *l)
{
    size_t n = 0;
    if (l->n > 1)
        qsort(l->v, l->n, sizeof(*l->v), by_start);
    for (size_t i = 0; i < l->n; i++)
        if (n == 0 || !slice_eq(l->v[n - 1].start, l->v[i].start) ||
            !slice_eq(l->v[n - 1].end, l->v[i].end))
            l->v[n++] = l->v[i];
    l->n = n;
}

static struct span
index_span(struct arena *a, const pb_table *t, const pb_index *ix)
{
    uint32_t table = PB_GET(t, id), index = PB_GET(ix, id);
    if (ix->interleave != NULL && ix->interleave->n_ancestors > 0) {
        table = PB_GET(ix->interleave->ancestors[0], table_id);
        index = PB_GET(ix->interleave->ancestors[0], index_id);
    }
    struct str s, e;
    str_init_arena(&s, a, 64);
    key_put_uvarint(&s, table);
    key_put_uvarint(&s, index);
    str_init_arena(&e, a, 64);
    str_append_slice(&e, str_slice(&s));
    VERIFY(key_prefix_end(&e));
    return (struct span){str_slice(&s), str_slice(&e)};
}

struct error *
table_spans(struct arena *a, const pb_table *t, struct span_list *out)
{
    const pb_index *pk = t->primary_index;
    if (*pb_str(t->view_query) != '\0' || pk == NULL || PB_GET(pk, id) == 0)
        return NULL; /* a view */
    span_list_add(a, out, index_span(a, t, pk));
    for (size_t i = 0; i < t->n_indexes; i++)
        span_list_add(a, out, index_span(a, t, t->indexes[i]));
    for (size_t i = 0; i < t->n_mutations; i++) {
        const Amberdb__DescriptorMutation *m = t->mutations[i];
        if (m->descriptor_case == AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_INDEX &&
            PB_GET(m, direction) == AMBERDB__MUTATION_DIRECTION__MUTATION_ADD)
            span_list_add(a, out, index_span(a, t, m->index));
    }
    return NULL;
}
