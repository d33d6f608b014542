/* catalog/desc_validate.c - what a table descriptor must satisfy to be restored or written.
 *
 * SOURCE: restore-mechanics 7 (CockroachDB v20.1 pkg/sql/sqlbase/structured.go, Validate).
 */
#include "config.h"

#include "catalog/catalog.h"
#include "catalog/desc.h"
#include "catalog/partition.h"
#include "catalog/pb.h"
#include "catalog/row_int.h"

typedef const pb_descriptor *(*lookup_fn)(void *arg, uint32_t id);

#define BAD(...) err_new(ERR_DATA_CORRUPTED, __VA_ARGS__)

static const pb_column *
mutation_column(const Amberdb__DescriptorMutation *m)
{
    return m->descriptor_case == AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_COLUMN ? m->column
                                                                                 : NULL;
}

static const pb_index *
mutation_index(const Amberdb__DescriptorMutation *m)
{
    return m->descriptor_case == AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_INDEX ? m->index : NULL;
}

/* Column i, mutations behind the public ones; NULL for other mutations. */
static const pb_column *
column_at(const pb_table *t, size_t i)
{
    return i < t->n_columns ? t->columns[i] : mutation_column(t->mutations[i - t->n_columns]);
}

static const pb_column *
column_by_id(const pb_table *t, uint32_t id)
{
    for (size_t i = 0; i < t->n_columns + t->n_mutations; i++) {
        const pb_column *c = column_at(t, i);
        if (c != NULL && PB_GET(c, id) == id)
            return c;
    }
    return NULL;
}

static const pb_index *
index_by_id(const pb_table *t, uint32_t id)
{
    if (t->primary_index != NULL && PB_GET(t->primary_index, id) == id)
        return t->primary_index;
    for (size_t i = 0; i < t->n_indexes; i++)
        if (PB_GET(t->indexes[i], id) == id)
            return t->indexes[i];
    for (size_t i = 0; i < t->n_mutations; i++) {
        const pb_index *ix = mutation_index(t->mutations[i]);
        if (ix != NULL && PB_GET(ix, id) == id)
            return ix;
    }
    return NULL;
}

static struct error *
validate_columns(const pb_table *t)
{
    if (t->n_columns == 0)
        return BAD("table must contain at least 1 column");
    for (size_t i = 0; i < t->n_columns + t->n_mutations; i++) {
        const pb_column *c = column_at(t, i);
        if (c == NULL)
            continue;
        uint32_t id = PB_GET(c, id);
        if (pb_str(c->name)[0] == '\0')
            return BAD("empty column name");
        if (id == 0)
            return BAD("invalid column ID %u", id);
        for (size_t j = 0; j < i; j++) {
            const pb_column *d = column_at(t, j);
            if (d == NULL)
                continue;
            if (strcmp(pb_str(c->name), pb_str(d->name)) == 0)
                return BAD("duplicate column name: \"%s\"", c->name);
            if (PB_GET(d, id) == id)
                return BAD("column \"%s\" duplicate ID of column \"%s\": %u", c->name, d->name, id);
        }
        if (id >= PB_GET(t, next_column_id))
            return BAD("column \"%s\" invalid ID (%u) >= next column ID (%u)", c->name, id,
                       PB_GET(t, next_column_id));
    }
    return NULL;
}

static struct error *
validate_mutations(const pb_table *t)
{
    bool swap = false;
    for (size_t i = 0; i < t->n_mutations; i++) {
        const Amberdb__DescriptorMutation *m = t->mutations[i];
        uint32_t state = PB_GET(m, state), direction = PB_GET(m, direction);
        if (swap)
            return BAD("mutation behind a primary key swap");
        if (state != AMBERDB__MUTATION_STATE__DELETE_ONLY &&
            state != AMBERDB__MUTATION_STATE__DELETE_AND_WRITE_ONLY)
            return BAD("mutation in state UNKNOWN");
        if (direction != AMBERDB__MUTATION_DIRECTION__MUTATION_ADD &&
            direction != AMBERDB__MUTATION_DIRECTION__MUTATION_DROP)
            return BAD("mutation in direction NONE");
        if (m->descriptor_case == AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR__NOT_SET)
            return BAD("mutation without a column, index, constraint or primary key");
        swap = m->descriptor_case == AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_PRIMARY_KEY_SWAP;
    }
    return NULL;
}

static struct error *
validate_family(const pb_table *t, size_t i)
{
    const Amberdb__ColumnFamilyDescriptor *f = t->families[i];
    uint32_t id = PB_GET(f, id);
    if (pb_str(f->name)[0] == '\0')
        return BAD("empty family name");
    if (i == 0 && id != 0)
        return BAD("the 0th family must have ID 0");
    if (i > 0 && id <= PB_GET(t->families[i - 1], id))
        return BAD("family \"%s\" is not in order of IDs", f->name);
    for (size_t j = 0; j < i; j++)
        if (strcmp(f->name, pb_str(t->families[j]->name)) == 0)
            return BAD("duplicate family name: \"%s\"", f->name);
    if (id >= PB_GET(t, next_family_id))
        return BAD("family \"%s\" invalid family ID (%u) > next family ID (%u)", f->name, id,
                   PB_GET(t, next_family_id));
    if (f->n_column_ids != f->n_column_names)
        return BAD("mismatched column ID size (%zu) and name size (%zu)", f->n_column_ids,
                   f->n_column_names);
    for (size_t j = 0; j < f->n_column_ids; j++) {
        const pb_column *c = column_by_id(t, f->column_ids[j]);
        if (c == NULL)
            return BAD("family \"%s\" contains unknown column \"%u\"", f->name, f->column_ids[j]);
        if (strcmp(pb_str(c->name), pb_str(f->column_names[j])) != 0)
            return BAD("family \"%s\" column %u should have name \"%s\", but found name \"%s\"",
                       f->name, f->column_ids[j], pb_str(c->name), pb_str(f->column_names[j]));
    }
    return NULL;
}

static struct error *
validate_families(const pb_table *t)
{
    if (t->n_families == 0)
        return BAD("at least 1 column family must be specified");
    for (size_t i = 0; i < t->n_families; i++)
        ERR_TRY(validate_family(t, i));
    for (size_t i = 0; i < t->n_columns + t->n_mutations; i++) {
        const pb_column *c = column_at(t, i);
        int in = 0;
        if (c == NULL)
            continue;
        for (size_t j = 0; j < t->n_families; j++)
            for (size_t k = 0; k < t->families[j]->n_column_ids; k++)
                in += t->families[j]->column_ids[k] == PB_GET(c, id);
        if (in == 0)
            return BAD("column \"%s\" is not in any column family", pb_str(c->name));
        if (in > 1)
            return BAD("column %u is in more than one family", PB_GET(c, id));
    }
    return NULL;
}

/* A later column under the same name may stand in the index's list while a primary key changes. */
static struct error *
validate_index_columns(const pb_table *t, const pb_index *ix)
{
    if (ix->n_column_ids != ix->n_column_names)
        return BAD("mismatched column IDs (%zu) and names (%zu)", ix->n_column_ids,
                   ix->n_column_names);
    if (ix->n_column_ids != ix->n_column_directions)
        return BAD("mismatched column IDs (%zu) and directions (%zu)", ix->n_column_ids,
                   ix->n_column_directions);
    if (ix->n_column_ids == 0)
        return BAD("index \"%s\" must contain at least 1 column", ix->name);
    for (size_t i = 0; i < ix->n_column_ids; i++) {
        const pb_column *c = column_by_id(t, ix->column_ids[i]);
        const char *name = pb_str(ix->column_names[i]);
        if (c == NULL)
            return BAD("index \"%s\" contains unknown column \"%s\"", ix->name, name);
        if (strcmp(pb_str(c->name), name) != 0)
            return BAD("index \"%s\" column \"%s\" should have ID %u, but found the name of"
                       " another column",
                       ix->name, name, ix->column_ids[i]);
        for (size_t j = 0; j < i; j++)
            if (ix->column_ids[j] == ix->column_ids[i])
                return BAD("index \"%s\" contains duplicate column \"%s\"", ix->name, name);
    }
    return NULL;
}

static struct error *
validate_sharding(const pb_table *t, const pb_index *ix)
{
    const Amberdb__ShardedDescriptor *s = ix->sharded;
    if (s == NULL || !PB_GET(s, is_sharded))
        return NULL;
    bool found = false;
    for (size_t i = 0; i < t->n_columns + t->n_mutations; i++) {
        const pb_column *c = column_at(t, i);
        if (c == NULL)
            continue;
        found |= strcmp(pb_str(c->name), pb_str(s->name)) == 0;
        for (size_t j = 0; j < s->n_column_names; j++)
            if (strcmp(pb_str(c->name), pb_str(s->column_names[j])) == 0 &&
                c->compute_expr != NULL)
                return BAD("index \"%s\" is sharded by computed column \"%s\"", ix->name, c->name);
    }
    if (!found)
        return BAD("index \"%s\" refers to non-existent shard column \"%s\"", ix->name,
                   pb_str(s->name));
    return NULL;
}

/* Index i: 0 the primary one, then public ones, then those in mutations (NULL for others). */
static const pb_index *
index_at(const pb_table *t, size_t i)
{
    if (i == 0)
        return t->primary_index;
    i--;
    return i < t->n_indexes ? t->indexes[i] : mutation_index(t->mutations[i - t->n_indexes]);
}

/* One on its way out may have the name of another (a replaced primary index). */
static bool
index_dropping(const pb_table *t, size_t i)
{
    return i > t->n_indexes && PB_GET(t->mutations[i - 1 - t->n_indexes], direction) ==
                                   AMBERDB__MUTATION_DIRECTION__MUTATION_DROP;
}

static struct error *
validate_indexes(const pb_table *t)
{
    if (t->primary_index == NULL || t->primary_index->n_column_ids == 0)
        return BAD("table must contain a primary key");
    size_t n = 1 + t->n_indexes + t->n_mutations;
    for (size_t i = 0; i < n; i++) {
        const pb_index *ix = index_at(t, i);
        if (ix == NULL)
            continue;
        uint32_t id = PB_GET(ix, id);
        if (pb_str(ix->name)[0] == '\0')
            return BAD("empty index name");
        if (id == 0)
            return BAD("invalid index ID %u", id);
        for (size_t j = 0; j < i; j++) {
            const pb_index *o = index_at(t, j);
            if (o == NULL)
                continue;
            if (strcmp(ix->name, pb_str(o->name)) == 0 && !index_dropping(t, i) &&
                !index_dropping(t, j))
                return BAD("duplicate index name: \"%s\"", ix->name);
            if (PB_GET(o, id) == id)
                return BAD("index \"%s\" duplicate ID of index \"%s\": %u", ix->name, o->name, id);
        }
        if (id >= PB_GET(t, next_index_id))
            return BAD("index \"%s\" invalid index ID (%u) > next index ID (%u)", ix->name, id,
                       PB_GET(t, next_index_id));
        ERR_TRY(validate_index_columns(t, ix));
        ERR_TRY(validate_sharding(t, ix));
    }
    return NULL;
}

static struct error *
validate_privileges(const pb_table *t)
{
    static const char *const superusers[] = {"root", "admin"};
    if (PB_GET(t, parent_id) == ID_SYSTEM_DB)
        return NULL;
    for (int k = 0; k < 2; k++) {
        uint32_t mask = 0;
        for (size_t i = 0; t->privileges != NULL && i < t->privileges->n_users; i++)
            if (strcmp(pb_str(t->privileges->users[i]->user), superusers[k]) == 0)
                mask = PB_GET(t->privileges->users[i], privileges);
        if (mask == 0)
            return BAD("user %s does not have privileges over system object with ID=%u",
                       superusers[k], PB_GET(t, id));
        if (mask != 1u << PRIV_ALL)
            return BAD("user %s must have exactly ALL privileges on system object with ID=%u",
                       superusers[k], PB_GET(t, id));
    }
    return NULL;
}

/* ---- what must agree with other tables ---- */

static const pb_table *
other_table(const pb_table *t, uint32_t id, lookup_fn lookup, void *arg)
{
    return id == PB_GET(t, id) ? t : pb_descriptor_table(lookup(arg, id));
}

static bool
has_fk(Amberdb__ForeignKeyConstraint *const *v, size_t n, const Amberdb__ForeignKeyConstraint *c)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(pb_str(v[i]->name), pb_str(c->name)) == 0 &&
            PB_GET(v[i], origin_table_id) == PB_GET(c, origin_table_id) &&
            PB_GET(v[i], referenced_table_id) == PB_GET(c, referenced_table_id))
            return true;
    return false;
}

static struct error *
validate_foreign_keys(const pb_table *t, lookup_fn lookup, void *arg)
{
    for (size_t i = 0; i < t->n_outbound_fks; i++) {
        const Amberdb__ForeignKeyConstraint *c = t->outbound_fks[i];
        const pb_table *o = other_table(t, PB_GET(c, referenced_table_id), lookup, arg);
        if (o == NULL)
            return BAD("invalid foreign key: missing table=%u", PB_GET(c, referenced_table_id));
        if (!has_fk(o->inbound_fks, o->n_inbound_fks, c))
            return BAD("missing fk back reference \"%s\" to \"%s\" from \"%s\"", pb_str(c->name),
                       pb_str(t->name), pb_str(o->name));
    }
    for (size_t i = 0; i < t->n_inbound_fks; i++) {
        const Amberdb__ForeignKeyConstraint *c = t->inbound_fks[i];
        const pb_table *o = other_table(t, PB_GET(c, origin_table_id), lookup, arg);
        if (o == NULL)
            return BAD("invalid foreign key backreference: missing table=%u",
                       PB_GET(c, origin_table_id));
        if (!has_fk(o->outbound_fks, o->n_outbound_fks, c))
            return BAD("missing fk forward reference \"%s\" to \"%s\" from \"%s\"",
                       pb_str(c->name), pb_str(t->name), pb_str(o->name));
    }
    return NULL;
}

static struct error *
validate_interleave(const pb_table *t, const pb_index *ix, lookup_fn lookup, void *arg)
{
    const Amberdb__InterleaveDescriptor *il = ix->interleave;
    if (il != NULL && il->n_ancestors > 0) {
        const Amberdb__Ancestor *an = il->ancestors[il->n_ancestors - 1];
        const pb_table *p = other_table(t, PB_GET(an, table_id), lookup, arg);
        const pb_index *pi = p != NULL ? index_by_id(p, PB_GET(an, index_id)) : NULL;
        bool found = false;
        if (pi == NULL)
            return BAD("invalid interleave: missing table=%u index=%u", PB_GET(an, table_id),
                       PB_GET(an, index_id));
        for (size_t i = 0; i < pi->n_interleaved_by; i++)
            found |= PB_GET(pi->interleaved_by[i], table) == PB_GET(t, id) &&
                     PB_GET(pi->interleaved_by[i], index) == PB_GET(ix, id);
        if (!found)
            return BAD("missing interleave back reference to \"%s\"@\"%s\" from \"%s\"@\"%s\"",
                       pb_str(t->name), pb_str(ix->name), pb_str(p->name), pb_str(pi->name));
    }
    for (size_t i = 0; i < ix->n_interleaved_by; i++) {
        const Amberdb__ForeignKeyReference *ref = ix->interleaved_by[i];
        const pb_table *c = other_table(t, PB_GET(ref, table), lookup, arg);
        const pb_index *ci = c != NULL ? index_by_id(c, PB_GET(ref, index)) : NULL;
        if (ci == NULL)
            return BAD("invalid interleave backreference table=%u index=%u", PB_GET(ref, table),
                       PB_GET(ref, index));
        const Amberdb__InterleaveDescriptor *cil = ci->interleave;
        if (cil == NULL || cil->n_ancestors == 0 ||
            PB_GET(cil->ancestors[cil->n_ancestors - 1], table_id) != PB_GET(t, id) ||
            PB_GET(cil->ancestors[cil->n_ancestors - 1], index_id) != PB_GET(ix, id))
            return BAD("broken interleave backward reference from \"%s\"@\"%s\" to"
                       " \"%s\"@\"%s\"",
                       pb_str(t->name), pb_str(ix->name), pb_str(c->name), pb_str(ci->name));
    }
    return NULL;
}

static struct error *
validate_partitions(const pb_table *t)
{
    struct arena *a = arena_create(NULL, "validate");
    const struct table *built;
    struct error *e = table_from_pb(a, t, &built);
    for (int i = 0; e == NULL && i < built->n_all_indexes; i++)
        e = partitioning_validate(built, &built->indexes[i]);
    arena_destroy(a);
    return e;
}

/* All but the name and the id; relations that hold rows. */
static struct error *
validate_relation(const pb_table *t, lookup_fn lookup, void *arg)
{
    bool view = pb_str(t->view_query)[0] != '\0';
    uint32_t parent = PB_GET(t, parent_id), version = PB_GET(t, format_version);

    ERR_TRY(table_pb_check_size(t));
    if (parent == 0)
        return BAD("invalid parent ID %u", parent);
    if (lookup != NULL && pb_descriptor_database(lookup(arg, parent)) == NULL)
        return BAD("parentID %u does not exist", parent);
    if (version != 2 && version != 3)
        return BAD("table is encoded using using version %u, but this client only supports"
                   " version 2 and 3",
                   version);
    ERR_TRY(validate_columns(t));
    ERR_TRY(validate_mutations(t));
    if (!view) {
        ERR_TRY(validate_families(t));
        ERR_TRY(validate_indexes(t));
        ERR_TRY(validate_partitions(t));
    }
    ERR_TRY(validate_privileges(t));
    if (lookup == NULL)
        return NULL;
    ERR_TRY(validate_foreign_keys(t, lookup, arg));
    if (view || t->primary_index == NULL)
        return NULL;
    ERR_TRY(validate_interleave(t, t->primary_index, lookup, arg));
    for (size_t i = 0; i < t->n_indexes; i++)
        ERR_TRY(validate_interleave(t, t->indexes[i], lookup, arg));
    return NULL;
}

struct error *
desc_validate_table(const pb_table *t, lookup_fn lookup, void *arg)
{
    if (pb_str(t->name)[0] == '\0')
        return BAD("empty relation name");
    if (PB_GET(t, id) == 0)
        return BAD("invalid table ID %u", PB_GET(t, id));
    if (t->sequence_opts != NULL)
        return NULL;
    struct error *e = validate_relation(t, lookup, arg);
    return e != NULL ? err_wrap(e, "invalid table descriptor \"%s\" (%u)", t->name, PB_GET(t, id))
                     : NULL;
}
