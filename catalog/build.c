#include "config.h"

#include "catalog/build.h"

#include "catalog/catalog.h"
#include "catalog/pb.h"
#include "catalog/row_int.h"

enum { FORMAT_VERSION = 3, INDEX_VERSION_FAMILIES = 1 };

/* ---- empty messages ---- */

pb_table *
build_table(struct arena *a, uint32_t parent_id, const char *name)
{
    pb_table *t = PB_NEW(a, TableDescriptor, table_descriptor);
    t->name = arena_strdup(a, name);
    PB_SET(t, parent_id, parent_id);
    PB_SET(t, version, 1);
    PB_SET(t, format_version, FORMAT_VERSION);
    PB_SET(t, unexposed_parent_schema_id, ID_PUBLIC_SCHEMA);
    t->privileges = privileges_default(a);
    return t;
}

pb_column *
build_column(struct arena *a, const char *name, const struct type *type, bool nullable)
{
    pb_column *c = PB_NEW(a, ColumnDescriptor, column_descriptor);
    c->name = arena_strdup(a, name);
    c->type = type_to_pb(a, type);
    PB_SET(c, nullable, nullable);
    return c;
}

pb_index *
build_index(struct arena *a, const char *name, bool unique)
{
    pb_index *ix = PB_NEW(a, IndexDescriptor, index_descriptor);
    ix->name = arena_strdup(a, name != NULL ? name : "");
    PB_SET(ix, unique, unique);
    PB_SET(ix, version, INDEX_VERSION_FAMILIES);
    return ix;
}

void
build_index_column(struct arena *a, pb_index *ix, const char *column, bool descending)
{
    PB_PUSH(a, ix->column_names, ix->n_column_names, arena_strdup(a, column));
    PB_PUSH(a, ix->column_directions, ix->n_column_directions,
            descending ? AMBERDB__DIRECTION__DESC : AMBERDB__DIRECTION__ASC);
}

void
build_index_store(struct arena *a, pb_index *ix, const char *column)
{
    PB_PUSH(a, ix->store_column_names, ix->n_store_column_names, arena_strdup(a, column));
}

Amberdb__ColumnFamilyDescriptor *
build_family(struct arena *a, const char *name)
{
    Amberdb__ColumnFamilyDescriptor *f =
        PB_NEW(a, ColumnFamilyDescriptor, column_family_descriptor);
    f->name = arena_strdup(a, name != NULL ? name : "");
    return f;
}

static Amberdb__DescriptorMutation *
build_mutation(struct arena *a, bool add, uint32_t mutation_id)
{
    Amberdb__DescriptorMutation *m = PB_NEW(a, DescriptorMutation, descriptor_mutation);
    PB_SET(m, state,
           add ? AMBERDB__MUTATION_STATE__DELETE_ONLY
               : AMBERDB__MUTATION_STATE__DELETE_AND_WRITE_ONLY);
    PB_SET(m, direction,
           add ? AMBERDB__MUTATION_DIRECTION__MUTATION_ADD
               : AMBERDB__MUTATION_DIRECTION__MUTATION_DROP);
    PB_SET(m, mutation_id, mutation_id);
    return m;
}

Amberdb__DescriptorMutation *
build_mutation_column(struct arena *a, pb_column *c, bool add, uint32_t mutation_id)
{
    Amberdb__DescriptorMutation *m = build_mutation(a, add, mutation_id);
    m->descriptor_case = AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_COLUMN;
    m->column = c;
    return m;
}

Amberdb__DescriptorMutation *
build_mutation_index(struct arena *a, pb_index *ix, bool add, uint32_t mutation_id)
{
    Amberdb__DescriptorMutation *m = build_mutation(a, add, mutation_id);
    m->descriptor_case = AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_INDEX;
    m->index = ix;
    return m;
}

/* SOURCE: backup-format 4.5: index 1 `primary`, not unique, one family, every next id 0. */
pb_table *
build_sequence(struct arena *a, uint32_t parent_id, const char *name,
               Amberdb__SequenceOpts *opts)
{
    pb_table *t = build_table(a, parent_id, name);
    pb_column *c = build_column(a, "value", &TYPE_INT8, false);
    pb_index *pk = build_index(a, "primary", false);
    Amberdb__ColumnFamilyDescriptor *f = build_family(a, "primary");

    PB_SET(c, id, 1);
    PB_PUSH(a, t->columns, t->n_columns, c);
    PB_SET(pk, id, 1);
    PB_SET(pk, version, 0);
    build_index_column(a, pk, "value", false);
    PB_PUSH(a, pk->column_ids, pk->n_column_ids, 1);
    t->primary_index = pk;
    PB_PUSH(a, f->column_names, f->n_column_names, arena_strdup(a, "value"));
    PB_PUSH(a, f->column_ids, f->n_column_ids, 1);
    PB_SET(f, default_column_id, 1);
    PB_PUSH(a, t->families, t->n_families, f);
    t->sequence_opts = opts;
    pb_complete(a, PB_BASE(t));
    return t;
}

pb_database *
build_database(struct arena *a, uint32_t id, const char *name)
{
    pb_database *d = PB_NEW(a, DatabaseDescriptor, database_descriptor);
    d->name = arena_strdup(a, name);
    PB_SET(d, id, id);
    d->privileges = privileges_default(a);
    return d;
}

/* ---- looking in ---- */

static pb_column *
column_at(const pb_table *t, size_t i)
{
    if (i < t->n_columns)
        return t->columns[i];
    const Amberdb__DescriptorMutation *m = t->mutations[i - t->n_columns];
    return m->descriptor_case == AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_COLUMN ? m->column
                                                                                 : NULL;
}

/* 0 the primary index, then the public ones, then those in mutations. */
static pb_index *
index_at(const pb_table *t, size_t i)
{
    if (i == 0)
        return t->primary_index;
    if (i <= t->n_indexes)
        return t->indexes[i - 1];
    const Amberdb__DescriptorMutation *m = t->mutations[i - 1 - t->n_indexes];
    return m->descriptor_case == AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_INDEX ? m->index : NULL;
}

static size_t
count_columns(const pb_table *t)
{
    return t->n_columns + t->n_mutations;
}

static size_t
count_indexes(const pb_table *t)
{
    return 1 + t->n_indexes + t->n_mutations;
}

pb_column *
build_find_column(const pb_table *t, const char *name)
{
    for (size_t i = 0; i < count_columns(t); i++) {
        pb_column *c = column_at(t, i);
        if (c != NULL && strcmp(pb_str(c->name), name) == 0)
            return c;
    }
    return NULL;
}

pb_column *
build_find_column_by_id(const pb_table *t, uint32_t id)
{
    for (size_t i = 0; i < count_columns(t); i++) {
        pb_column *c = column_at(t, i);
        if (c != NULL && PB_GET(c, id) == id)
            return c;
    }
    return NULL;
}

pb_index *
build_find_index(const pb_table *t, const char *name)
{
    for (size_t i = 0; i < count_indexes(t); i++) {
        pb_index *ix = index_at(t, i);
        if (ix != NULL && strcmp(pb_str(ix->name), name) == 0)
            return ix;
    }
    return NULL;
}

pb_index *
build_find_index_by_id(const pb_table *t, uint32_t id)
{
    for (size_t i = 0; i < count_indexes(t); i++) {
        pb_index *ix = index_at(t, i);
        if (ix != NULL && PB_GET(ix, id) == id)
            return ix;
    }
    return NULL;
}

/* ---- names ---- */

char *
build_unique_name(struct arena *a, const char *prefix,
                  bool (*taken)(void *arg, const char *name), void *arg)
{
    char *name = arena_strdup(a, prefix);
    for (unsigned i = 1; taken(arg, name); i++)
        name = arena_printf(a, "%s_%u", prefix, i);
    return name;
}

static size_t
explicit_start(const pb_index *ix)
{
    return ix->sharded != NULL && PB_GET(ix->sharded, is_sharded) ? 1 : 0;
}

char *
build_index_name(struct arena *a, const pb_table *t, const pb_index *ix)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_append_cstr(&s, pb_str(t->name));
    for (size_t i = 0; i < ix->n_column_names; i++)
        str_printf(&s, "_%s", ix->column_names[i]);
    str_append_cstr(&s, PB_GET(ix, unique) ? "_key" : "_idx");
    char *base = arena_strdup(a, str_cstr(&s)), *name = base;
    for (unsigned i = 1; build_find_index(t, name) != NULL; i++)
        name = arena_printf(a, "%s%u", base, i);
    return name;
}

bool
build_constraint_name_taken(const pb_table *t, const char *name)
{
    const pb_index *ix = build_find_index(t, name);
    if (ix != NULL && (ix == t->primary_index || PB_GET(ix, unique)))
        return true;
    for (size_t i = 0; i < t->n_checks; i++)
        if (strcmp(pb_str(t->checks[i]->name), name) == 0)
            return true;
    for (size_t i = 0; i < t->n_outbound_fks; i++)
        if (strcmp(pb_str(t->outbound_fks[i]->name), name) == 0)
            return true;
    for (size_t i = 0; i < t->n_mutations; i++)
        if (t->mutations[i]->descriptor_case ==
                AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_CONSTRAINT &&
            strcmp(pb_str(t->mutations[i]->constraint->name), name) == 0)
            return true;
    return false;
}

char *
build_check_name(struct arena *a, const pb_table *t, const char *const *columns, size_t n)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_append_cstr(&s, "check");
    for (size_t i = 0; i < n; i++)
        str_printf(&s, "_%s", columns[i]);
    char *base = arena_strdup(a, str_cstr(&s)), *name = base;
    for (unsigned i = 1; build_constraint_name_taken(t, name); i++)
        name = arena_printf(a, "%s%u", base, i);
    return name;
}

static bool
taken_in_table(void *t, const char *name)
{
    return build_constraint_name_taken(t, name);
}

char *
build_fk_name(struct arena *a, const pb_table *t, const char *first_column,
              const char *referenced_table)
{
    union { /* the callback only reads */
        const pb_table *in;
        void *out;
    } arg = {.in = t};
    return build_unique_name(a, arena_printf(a, "fk_%s_ref_%s", first_column, referenced_table),
                             taken_in_table, arg.out);
}

static bool
column_taken(void *t, const char *name)
{
    return build_find_column(t, name) != NULL;
}

/* ---- allocating ids ---- */

static bool
is_physical(const pb_table *t)
{
    return pb_str(t->view_query)[0] == '\0';
}

/* No primary key: the hidden column rowid. */
static void
ensure_primary_key(struct arena *a, pb_table *t)
{
    if (t->primary_index != NULL && t->primary_index->n_column_names > 0)
        return;
    char *name = build_unique_name(a, "rowid", column_taken, t);
    pb_column *c = build_column(a, name, &TYPE_INT8, false);
    c->default_expr = arena_strdup(a, "unique_rowid()");
    PB_SET(c, hidden, 1);
    PB_PUSH(a, t->columns, t->n_columns, c);
    t->primary_index = build_index(a, "primary", true);
    PB_SET(t->primary_index, version, 0); /* as v20.1 has it for this one */
    build_index_column(a, t->primary_index, name, false);
}

static struct error *
allocate_column_ids(pb_table *t)
{
    if (PB_GET(t, next_column_id) == 0)
        PB_SET(t, next_column_id, 1);
    for (size_t i = 0; i < count_columns(t); i++) {
        pb_column *c = column_at(t, i);
        if (c == NULL)
            continue;
        for (size_t j = 0; j < i; j++) {
            const pb_column *o = column_at(t, j);
            if (o != NULL && strcmp(pb_str(o->name), pb_str(c->name)) == 0)
                return err_new(ERR_UNCATEGORIZED, "duplicate column name: \"%s\"", c->name);
        }
        if (PB_GET(c, id) == 0) {
            PB_SET(c, id, t->next_column_id);
            t->next_column_id++;
        }
    }
    return NULL;
}

static struct error *
id_of_column(const pb_table *t, const char *name, uint32_t *id)
{
    const pb_column *c = build_find_column(t, name);
    if (c == NULL)
        return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", name);
    *id = PB_GET(c, id);
    return NULL;
}

static bool
index_contains(const pb_index *ix, uint32_t id)
{
    return pb_u32_contains(ix->column_ids, ix->n_column_ids, id) ||
           pb_u32_contains(ix->extra_column_ids, ix->n_extra_column_ids, id) ||
           pb_u32_contains(ix->store_column_ids, ix->n_store_column_ids, id);
}

/* The implicit and stored columns of a secondary index. */
static struct error *
fill_secondary(struct arena *a, const pb_table *t, pb_index *ix)
{
    const pb_index *pk = t->primary_index;
    for (size_t i = 0; i < pk->n_column_ids; i++)
        if (!pb_u32_contains(ix->column_ids, ix->n_column_ids, pk->column_ids[i]))
            PB_PUSH(a, ix->extra_column_ids, ix->n_extra_column_ids, pk->column_ids[i]);
    for (size_t i = 0; i < ix->n_store_column_names; i++) {
        const char *name = ix->store_column_names[i];
        uint32_t id = 0;
        ERR_TRY(id_of_column(t, name, &id));
        if (pb_u32_contains(pk->column_ids, pk->n_column_ids, id))
            return err_detail(err_new(ERR_DUPLICATE_COLUMN,
                                      "index \"%s\" already contains column \"%s\"", ix->name,
                                      name),
                              "column \"%s\" is part of the primary index and therefore implicit"
                              " in all indexes",
                              name);
        if (index_contains(ix, id))
            return err_new(ERR_DUPLICATE_COLUMN, "index \"%s\" already contains column \"%s\"",
                           ix->name, name);
        PB_PUSH(a, ix->store_column_ids, ix->n_store_column_ids, id);
    }
    return NULL;
}

static void
fill_composites(struct arena *a, const pb_table *t, pb_index *ix)
{
    const uint32_t *lists[] = {ix->column_ids, ix->extra_column_ids};
    size_t counts[] = {ix->n_column_ids, ix->n_extra_column_ids};
    ix->n_composite_column_ids = 0;
    for (int l = 0; l < 2; l++)
        for (size_t i = 0; i < counts[l]; i++) {
            const pb_column *c = build_find_column_by_id(t, lists[l][i]);
            const struct type *type = c != NULL ? type_from_pb(a, c->type) : NULL;
            if (type != NULL && type_is_composite_key(type))
                PB_PUSH(a, ix->composite_column_ids, ix->n_composite_column_ids, lists[l][i]);
        }
}

static struct error *
fill_index(struct arena *a, pb_table *t, pb_index *ix)
{
    PB_SET(ix, id, t->next_index_id);
    t->next_index_id++;
    for (size_t i = ix->n_column_ids; i < ix->n_column_names; i++) {
        uint32_t id = 0;
        ERR_TRY(id_of_column(t, ix->column_names[i], &id));
        if (pb_u32_contains(ix->column_ids, ix->n_column_ids, id))
            return err_new(ERR_UNCATEGORIZED, "index \"%s\" contains duplicate column \"%s\"",
                           ix->name, ix->column_names[i]);
        PB_PUSH(a, ix->column_ids, ix->n_column_ids, id);
    }
    if (ix != t->primary_index && PB_GET(ix, encoding_type) == 0)
        ERR_TRY(fill_secondary(a, t, ix));
    fill_composites(a, t, ix);
    return NULL;
}

static struct error *
allocate_index_ids(struct arena *a, pb_table *t)
{
    if (PB_GET(t, next_index_id) == 0)
        PB_SET(t, next_index_id, 1);
    if (pb_str(t->primary_index->name)[0] == '\0')
        t->primary_index->name = arena_strdup(a, "primary");
    for (size_t i = 1; i < count_indexes(t); i++) {
        pb_index *ix = index_at(t, i);
        if (ix != NULL && pb_str(ix->name)[0] == '\0')
            ix->name = build_index_name(a, t, ix);
    }
    for (size_t i = 0; i < count_indexes(t); i++) {
        pb_index *ix = index_at(t, i);
        if (ix == NULL)
            continue;
        for (size_t j = 0; j < i; j++) {
            const pb_index *o = index_at(t, j);
            if (o != NULL && strcmp(o->name, ix->name) == 0)
                return err_new(ERR_UNCATEGORIZED, "duplicate index name: \"%s\"", ix->name);
        }
        if (PB_GET(ix, id) == 0)
            ERR_TRY(fill_index(a, t, ix));
    }
    return NULL;
}

/* ---- families ---- */

static struct error *
family_columns(struct arena *a, const pb_table *t, Amberdb__ColumnFamilyDescriptor *f)
{
    for (size_t i = f->n_column_ids; i < f->n_column_names; i++) {
        uint32_t id = 0;
        ERR_TRY(id_of_column(t, f->column_names[i], &id));
        PB_PUSH(a, f->column_ids, f->n_column_ids, id);
    }
    return NULL;
}

static void
add_to_family(struct arena *a, Amberdb__ColumnFamilyDescriptor *f, const pb_column *c)
{
    PB_PUSH(a, f->column_names, f->n_column_names, arena_strdup(a, c->name));
    PB_PUSH(a, f->column_ids, f->n_column_ids, PB_GET(c, id));
}

/* Family 0, but system tables keep the layout from before families: one for each column. */
static Amberdb__ColumnFamilyDescriptor *
family_of_column(const pb_table *t, const pb_column *c)
{
    for (size_t i = 0; i < t->n_families; i++)
        if (pb_u32_contains(t->families[i]->column_ids, t->families[i]->n_column_ids,
                            PB_GET(c, id)))
            return t->families[i];
    return NULL;
}

/* The hidden column of a sharded index goes where the first column of the index was put. */
static void
place_shard(struct arena *a, pb_table *t, const pb_index *ix)
{
    if (explicit_start(ix) == 0 || ix->sharded->n_column_names == 0)
        return;
    const pb_column *shard = build_find_column(t, pb_str(ix->sharded->name));
    const pb_column *first = build_find_column(t, ix->sharded->column_names[0]);
    Amberdb__ColumnFamilyDescriptor *f = first != NULL ? family_of_column(t, first) : NULL;
    if (shard != NULL && f != NULL && family_of_column(t, shard) == NULL)
        add_to_family(a, f, shard);
}

static void
place_column(struct arena *a, pb_table *t, const pb_column *c)
{
    const pb_index *pk = t->primary_index;
    uint32_t id = PB_GET(c, id);
    if (family_of_column(t, c) != NULL)
        return;
    if (PB_GET(t, parent_id) != ID_SYSTEM_DB ||
        pb_u32_contains(pk->column_ids, pk->n_column_ids, id)) {
        add_to_family(a, t->families[0], c);
        return;
    }
    Amberdb__ColumnFamilyDescriptor *f = build_family(a, NULL);
    PB_SET(f, id, id);
    add_to_family(a, f, c);
    PB_PUSH(a, t->families, t->n_families, f);
    if (id >= PB_GET(t, next_family_id))
        PB_SET(t, next_family_id, id + 1);
}

static void
name_family(struct arena *a, const pb_table *t, Amberdb__ColumnFamilyDescriptor *f)
{
    const pb_index *pk = t->primary_index;
    if (pb_str(f->name)[0] == '\0') {
        struct str s;
        str_init_arena(&s, a, STR_MAX_DEFAULT);
        str_printf(&s, "fam_%u", PB_GET(f, id));
        for (size_t i = 0; i < f->n_column_names; i++)
            str_printf(&s, "_%s", f->column_names[i]);
        f->name = arena_strdup(a, str_cstr(&s));
    }
    if (PB_GET(f, default_column_id) != 0)
        return;
    uint32_t only = 0;
    int count = 0;
    for (size_t i = 0; i < f->n_column_ids; i++)
        if (!pb_u32_contains(pk->column_ids, pk->n_column_ids, f->column_ids[i])) {
            only = f->column_ids[i];
            count++;
        }
    PB_SET(f, default_column_id, count == 1 ? only : 0);
}

static struct error *
allocate_family_ids(struct arena *a, pb_table *t)
{
    if (PB_GET(t, next_family_id) == 0) {
        if (t->n_families == 0)
            PB_PUSH(a, t->families, t->n_families, build_family(a, "primary"));
        PB_SET(t, next_family_id, 1);
    }
    for (size_t i = 0; i < t->n_families; i++) {
        Amberdb__ColumnFamilyDescriptor *f = t->families[i];
        if (i > 0 && PB_GET(f, id) == 0) {
            PB_SET(f, id, t->next_family_id);
            t->next_family_id++;
        }
        ERR_TRY(family_columns(a, t, f));
    }
    for (size_t i = 0; i < count_indexes(t); i++)
        if (index_at(t, i) != NULL)
            place_shard(a, t, index_at(t, i));
    for (size_t i = 0; i < count_columns(t); i++)
        if (column_at(t, i) != NULL)
            place_column(a, t, column_at(t, i));
    for (size_t i = 0; i < t->n_families; i++)
        name_family(a, t, t->families[i]);
    return NULL;
}

/* With a family for all. */
#define MAX_COLUMNS 7000

struct error *
build_not_too_large(const pb_table *t, size_t n_columns)
{
    struct error *err = n_columns > MAX_COLUMNS ? NULL : table_pb_check_size(t);
    if (err == NULL && n_columns <= MAX_COLUMNS)
        return NULL;
    err_free(err);
    return err_new(ERR_TOO_MANY_COLUMNS, "table \"%s\" has too many columns, families or indexes",
                   pb_str(t->name));
}

struct error *
build_finish_table(struct arena *a, pb_table *t)
{
    if (is_physical(t))
        ensure_primary_key(a, t);
    if (PB_GET(t, version) == 0)
        PB_SET(t, version, 1);
    if (PB_GET(t, next_mutation_id) == 0)
        PB_SET(t, next_mutation_id, 1);
    ERR_TRY(allocate_column_ids(t));
    if (is_physical(t)) {
        ERR_TRY(allocate_index_ids(a, t));
        ERR_TRY(allocate_family_ids(a, t));
    }
    pb_complete(a, PB_BASE(t));
    return build_not_too_large(t, 0);
}
