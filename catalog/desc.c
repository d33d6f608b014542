#include "config.h"

#include "catalog/desc.h"

#include <stdlib.h>

#include "catalog/pb.h"
#include "catalog/row_int.h"

/* ---- messages ---- */

pb_table *
pb_table_copy(struct arena *a, const pb_table *t)
{
    return (pb_table *)(void *)pb_copy(a, PB_BASE(t));
}

pb_database *
pb_database_copy(struct arena *a, const pb_database *d)
{
    return (pb_database *)(void *)pb_copy(a, PB_BASE(d));
}

struct error *
pb_descriptor_parse(struct arena *a, struct slice bytes, pb_descriptor **out)
{
    return PB_PARSE(a, descriptor, "descriptor", bytes, out);
}

struct slice
pb_descriptor_pack(struct arena *a, const pb_descriptor *d)
{
    return pb_pack(a, PB_BASE(d));
}

pb_descriptor *
pb_descriptor_of_table(struct arena *a, pb_table *t)
{
    pb_descriptor *d = PB_NEW(a, Descriptor, descriptor);
    d->union_case = AMBERDB__DESCRIPTOR__UNION_TABLE;
    d->table = t;
    return d;
}

pb_descriptor *
pb_descriptor_of_database(struct arena *a, pb_database *db)
{
    pb_descriptor *d = PB_NEW(a, Descriptor, descriptor);
    d->union_case = AMBERDB__DESCRIPTOR__UNION_DATABASE;
    d->database = db;
    return d;
}

const pb_table *
pb_descriptor_table(const pb_descriptor *d)
{
    return d != NULL && d->union_case == AMBERDB__DESCRIPTOR__UNION_TABLE ? d->table : NULL;
}

const pb_database *
pb_descriptor_database(const pb_descriptor *d)
{
    return d != NULL && d->union_case == AMBERDB__DESCRIPTOR__UNION_DATABASE ? d->database : NULL;
}

uint32_t
pb_descriptor_id(const pb_descriptor *d)
{
    const pb_table *t = pb_descriptor_table(d);
    const pb_database *db = pb_descriptor_database(d);
    return t != NULL ? PB_GET(t, id) : db != NULL ? PB_GET(db, id) : 0;
}

const char *
pb_descriptor_name(const pb_descriptor *d)
{
    const pb_table *t = pb_descriptor_table(d);
    const pb_database *db = pb_descriptor_database(d);
    return t != NULL ? pb_str(t->name) : db != NULL ? pb_str(db->name) : "";
}

/* ---- a table from its message ---- */

#define MAX_TABLE_PRODUCT ((size_t)100 * 1000 * 1000)

struct id_ordinal {
    uint32_t id;
    int ordinal;
};

struct build {
    struct arena *a;
    struct table *t;
    struct column *columns;
    struct index *indexes;
    struct id_ordinal *ids; /* of columns, by id */
    const bool *none_composite;
};

static struct error *
corrupt(const struct table *t, const char *what, uint32_t id)
{
    return err_new(ERR_DATA_CORRUPTED, "descriptor of table \"%s\" (%u): %s %u", t->name, t->id,
                   what, id);
}

static int
compare_ids(const void *x, const void *y)
{
    const struct id_ordinal *a = x, *b = y;
    return (a->id > b->id) - (a->id < b->id);
}

static int
find_ordinal(const struct build *b, uint32_t id)
{
    struct id_ordinal key = {id, 0};
    const struct id_ordinal *f =
        bsearch(&key, b->ids, (size_t)b->t->n_all_columns, sizeof(key), compare_ids);
    return f == NULL ? -1 : f->ordinal;
}

static struct error *
mutation_state(const struct build *b, const Amberdb__DescriptorMutation *m, enum desc_state *out)
{
    switch (PB_GET(m, state)) {
    case AMBERDB__MUTATION_STATE__DELETE_ONLY:
        *out = DESC_DELETE_ONLY;
        return NULL;
    case AMBERDB__MUTATION_STATE__DELETE_AND_WRITE_ONLY:
        *out = DESC_WRITE_ONLY;
        return NULL;
    default:
        return corrupt(b->t, "mutation without a state,", PB_GET(m, mutation_id));
    }
}

static struct error *
add_column(struct build *b, const pb_column *pb, enum desc_state state)
{
    struct column *c = &b->columns[b->t->n_all_columns++];
    c->id = PB_GET(pb, id);
    c->name = pb_str(pb->name);
    c->type = type_from_pb(b->a, pb->type);
    c->nullable = PB_GET(pb, nullable);
    c->hidden = PB_GET(pb, hidden);
    c->default_expr = pb->default_expr;
    c->compute_expr = pb->compute_expr;
    c->state = state;
    c->pb = pb;
    if (c->id == 0)
        return corrupt(b->t, "column without an id, ordinal", (uint32_t)b->t->n_all_columns);
    if (c->type == NULL)
        return corrupt(b->t, "unreadable type of column", c->id);
    return NULL;
}

static struct error *
build_columns(struct build *b, const pb_table *pb)
{
    struct table *t = b->t;
    b->columns = ARENA_ARRAY(b->a, struct column, pb->n_columns + pb->n_mutations + 1);
    for (size_t i = 0; i < pb->n_columns; i++)
        ERR_TRY(add_column(b, pb->columns[i], DESC_PUBLIC));
    t->n_columns = t->n_all_columns;
    for (size_t i = 0; i < pb->n_mutations; i++) {
        const Amberdb__DescriptorMutation *m = pb->mutations[i];
        enum desc_state state = DESC_PUBLIC;
        if (m->descriptor_case != AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_COLUMN)
            continue;
        ERR_TRY(mutation_state(b, m, &state));
        ERR_TRY(add_column(b, m->column, state));
    }
    t->columns = b->columns;

    b->ids = ARENA_ARRAY(b->a, struct id_ordinal, (size_t)t->n_all_columns + 1);
    for (int i = 0; i < t->n_all_columns; i++)
        b->ids[i] = (struct id_ordinal){b->columns[i].id, i};
    qsort(b->ids, (size_t)t->n_all_columns, sizeof(b->ids[0]), compare_ids);
    for (int i = 1; i < t->n_all_columns; i++)
        if (b->ids[i].id == b->ids[i - 1].id)
            return corrupt(t, "duplicate column id", b->ids[i].id);

    for (size_t f = 0; f < pb->n_families; f++)
        for (size_t i = 0; i < pb->families[f]->n_column_ids; i++) {
            int o = find_ordinal(b, pb->families[f]->column_ids[i]);
            if (o >= 0)
                b->columns[o].family = PB_GET(pb->families[f], id);
        }
    return NULL;
}

/* Ordinals of a list of column ids. */
static struct error *
ordinals(const struct build *b, const uint32_t *ids, size_t n, const int **out, int *n_out)
{
    int *v = ARENA_ARRAY(b->a, int, n + 1);
    for (size_t i = 0; i < n; i++) {
        v[i] = find_ordinal(b, ids[i]);
        if (v[i] < 0)
            return corrupt(b->t, "index of unknown column", ids[i]);
    }
    *out = v;
    *n_out = (int)n;
    return NULL;
}

static struct error *
check_ancestors(const struct build *b, const pb_index *pb)
{
    uint64_t shared = 0;
    if (pb->interleave == NULL)
        return NULL;
    if (pb->interleave->n_ancestors > 0 &&
        PB_GET(pb, type) == AMBERDB__INDEX_TYPE__INVERTED)
        return corrupt(b->t, "interleaved inverted index", PB_GET(pb, id));
    for (size_t i = 0; i < pb->interleave->n_ancestors; i++)
        shared += PB_GET(pb->interleave->ancestors[i], shared_prefix_len);
    if (shared > pb->n_column_ids)
        return corrupt(b->t, "interleaved prefix too long, index", PB_GET(pb, id));
    return NULL;
}

static struct error *
add_index(struct build *b, const pb_index *pb, bool primary, enum desc_state state, bool adding)
{
    struct index *ix = &b->indexes[b->t->n_all_indexes++];
    ix->id = PB_GET(pb, id);
    ix->name = pb_str(pb->name);
    ix->primary = primary;
    ix->unique = primary || PB_GET(pb, unique);
    ix->inverted = PB_GET(pb, type) == AMBERDB__INDEX_TYPE__INVERTED;
    ix->primary_encoding = primary || PB_GET(pb, encoding_type) == 1;
    ix->version = PB_GET(pb, version);
    ix->state = state;
    ix->adding = adding;
    ix->pb = pb;
    if (ix->id == 0)
        return corrupt(b->t, "index without an id, number", (uint32_t)b->t->n_all_indexes);
    if (pb->n_column_ids == 0)
        return corrupt(b->t, "no columns in index", ix->id);
    ERR_TRY(ordinals(b, pb->column_ids, pb->n_column_ids, &ix->keys, &ix->n_keys));
    if (pb->n_column_directions != pb->n_column_ids)
        return corrupt(b->t, "directions missing in index", ix->id);
    if (ix->inverted && (ix->n_keys != 1 || primary))
        return corrupt(b->t, "inverted index of several columns,", ix->id);
    uint8_t *desc = ARENA_ARRAY(b->a, uint8_t, (size_t)ix->n_keys);
    for (int i = 0; i < ix->n_keys; i++)
        desc[i] = pb->column_directions[i] == AMBERDB__DIRECTION__DESC;
    ix->desc = desc;
    ERR_TRY(ordinals(b, pb->extra_column_ids, pb->n_extra_column_ids, &ix->extra, &ix->n_extra));
    ERR_TRY(ordinals(b, pb->store_column_ids, pb->n_store_column_ids, &ix->stored, &ix->n_stored));
    ERR_TRY(check_ancestors(b, pb));

    /* Secondary indexes go by the list that was made with them, as v20.1 does. */
    if (!ix->primary_encoding && pb->n_composite_column_ids == 0) {
        ix->composite = b->none_composite;
        return NULL;
    }
    bool *composite = ARENA_ARRAY(b->a, bool, (size_t)b->t->n_all_columns + 1);
    if (ix->primary_encoding) {
        for (int i = 0; i < ix->n_keys; i++)
            composite[ix->keys[i]] = type_is_composite_key(b->columns[ix->keys[i]].type);
    } else {
        for (size_t i = 0; i < pb->n_composite_column_ids; i++) {
            int o = find_ordinal(b, pb->composite_column_ids[i]);
            if (o >= 0 && !(ix->inverted && o == ix->keys[0]))
                composite[o] = true;
        }
    }
    ix->composite = composite;
    return NULL;
}

static struct error *
build_indexes(struct build *b, const pb_table *pb)
{
    struct table *t = b->t;
    b->indexes = ARENA_ARRAY(b->a, struct index, pb->n_indexes + pb->n_mutations + 1);
    t->indexes = b->indexes;
    b->none_composite = ARENA_ARRAY(b->a, bool, (size_t)t->n_all_columns + 1);
    if (t->is_view)
        return NULL;
    if (pb->primary_index == NULL)
        return corrupt(t, "no primary index in table", t->id);
    ERR_TRY(add_index(b, pb->primary_index, true, DESC_PUBLIC, false));
    for (size_t i = 0; i < pb->n_indexes; i++)
        ERR_TRY(add_index(b, pb->indexes[i], false, DESC_PUBLIC, false));
    t->n_indexes = t->n_all_indexes;
    for (size_t i = 0; i < pb->n_mutations; i++) {
        const Amberdb__DescriptorMutation *m = pb->mutations[i];
        enum desc_state state = DESC_PUBLIC;
        if (m->descriptor_case != AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_INDEX)
            continue;
        ERR_TRY(mutation_state(b, m, &state));
        ERR_TRY(add_index(b, m->index, false, state,
                          PB_GET(m, direction) == AMBERDB__MUTATION_DIRECTION__MUTATION_ADD));
    }
    for (int i = 0; i < t->n_all_indexes; i++) {
        for (int j = 0; j < i; j++)
            if (b->indexes[j].id == b->indexes[i].id)
                return corrupt(t, "duplicate index id", b->indexes[i].id);
        b->indexes[i].plan = row_plan_build(b->a, t, &b->indexes[i]);
    }
    return NULL;
}

static size_t
count_index(const pb_index *ix)
{
    return ix == NULL ? 1
                      : 1 + ix->n_column_ids + ix->n_extra_column_ids + ix->n_store_column_ids +
                            ix->n_interleaved_by + ix->n_composite_column_ids;
}

struct error *
table_pb_check_size(const pb_table *pb)
{
    size_t columns = pb->n_columns + pb->n_mutations + 1;
    size_t others = columns + count_index(pb->primary_index);
    for (size_t i = 0; i < pb->n_indexes; i++)
        others += count_index(pb->indexes[i]);
    for (size_t i = 0; i < pb->n_mutations; i++)
        if (pb->mutations[i]->descriptor_case ==
            AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_INDEX)
            others += count_index(pb->mutations[i]->index);
    for (size_t i = 0; i < pb->n_families; i++)
        others += 1 + pb->families[i]->n_column_ids;
    for (size_t i = 0; i < pb->n_checks; i++)
        others += 1 + strlen(pb_str(pb->checks[i]->expr)) / 4;
    size_t pairs = 1 + pb->n_indexes + pb->n_mutations + pb->n_families;
    if (columns > MAX_TABLE_PRODUCT / others || pairs > MAX_TABLE_PRODUCT / pairs)
        return err_new(ERR_DATA_CORRUPTED,
                       "descriptor of table \"%s\" (%u): too many columns, families or indexes",
                       pb_str(pb->name), PB_GET(pb, id));
    return NULL;
}

struct error *
table_from_pb(struct arena *a, const pb_table *pb, const struct table **out)
{
    struct table *t = ARENA_NEW(a, struct table);
    struct build b = {.a = a, .t = t};

    *out = NULL;
    t->id = PB_GET(pb, id);
    t->parent_id = PB_GET(pb, parent_id);
    t->name = pb_str(pb->name);
    t->version = PB_GET(pb, version);
    t->modification_time = pb_hlc(pb->modification_time);
    t->is_view = pb_str(pb->view_query)[0] != '\0';
    t->is_sequence = pb->sequence_opts != NULL;
    t->is_temporary = PB_GET(pb, temporary);
    t->pb = t->held = pb;
    ERR_TRY(table_pb_check_size(pb));
    ERR_TRY(build_columns(&b, pb));
    ERR_TRY(build_indexes(&b, pb));
    *out = t;
    return NULL;
}

static const pb_column *
column_before(const pb_table *before, uint32_t id)
{
    for (size_t i = 0; i < before->n_columns; i++)
        if (before->columns[i]->id == id)
            return before->columns[i];
    return NULL;
}

static bool
same_key(const pb_table *before, const struct table *t)
{
    return before->primary_index != NULL && PB_GET(before->primary_index, id) == t->indexes[0].id;
}

/* A new primary key gives its table's indexes new ids: they keep their names. */
static bool
had_index(const pb_table *before, const struct table *t, const struct index *ix)
{
    bool by_name = !same_key(before, t);
    if (ix->primary)
        return true;
    for (size_t i = 0; i < before->n_indexes; i++)
        if (before->indexes[i]->id == ix->id ||
            (by_name && strcmp(pb_str(before->indexes[i]->name), ix->name) == 0))
            return true;
    return false;
}

/* NULL may still be where it might be before, and where rows get no value yet. */
static bool
show_columns(struct column *columns, const struct table *t, int n_shown, const pb_table *before)
{
    bool any = n_shown < t->n_columns;
    for (int i = 0; i < t->n_columns; i++) {
        const pb_column *was = column_before(before, columns[i].id);
        bool nullable = i >= n_shown || (was != NULL && PB_GET(was, nullable));
        any = any || (nullable && !columns[i].nullable);
        columns[i].nullable = columns[i].nullable || nullable;
        if (i >= n_shown)
            columns[i].state = DESC_WRITE_ONLY;
    }
    return any;
}

/* Whether values are unique is found when the transaction is over; an old primary key is so at once. */
static void
show_indexes(struct index *indexes, const struct table *t, int n_shown, const pb_table *before)
{
    bool same = same_key(before, t);
    for (int i = n_shown; i < t->n_indexes; i++) {
        indexes[i].state = indexes[i].unique && same ? DESC_DELETE_ONLY : DESC_WRITE_ONLY;
        indexes[i].adding = true;
    }
}

const struct table *
table_without_additions(struct arena *a, const struct table *t, const pb_table *before)
{
    int n_columns = t->n_columns, n_indexes = t->n_indexes;
    if (n_indexes == 0) /* a view */
        return t;
    while (n_columns > 0 && column_before(before, t->columns[n_columns - 1].id) == NULL)
        n_columns--;
    while (n_indexes > 0 && !had_index(before, t, &t->indexes[n_indexes - 1]))
        n_indexes--;
    struct column *columns = ARENA_ARRAY(a, struct column, (size_t)t->n_all_columns + 1);
    memcpy(columns, t->columns, (size_t)t->n_all_columns * sizeof(*columns));
    bool any = show_columns(columns, t, n_columns, before);
    if (!any && n_indexes == t->n_indexes)
        return t;
    struct table *shown = ARENA_NEW(a, struct table);
    struct index *indexes = ARENA_ARRAY(a, struct index, (size_t)t->n_all_indexes + 1);
    memcpy(indexes, t->indexes, (size_t)t->n_all_indexes * sizeof(*indexes));
    show_indexes(indexes, t, n_indexes, before);
    *shown = *t;
    shown->n_columns = n_columns;
    shown->columns = columns;
    shown->n_indexes = n_indexes;
    shown->indexes = indexes;
    return shown;
}

/* ---- look-up ---- */

const struct column *
table_column(const struct table *t, const char *name)
{
    for (int i = 0; i < t->n_columns; i++)
        if (strcmp(t->columns[i].name, name) == 0)
            return &t->columns[i];
    return NULL;
}

struct error *
table_check_key(const struct table *t)
{
    if (t->pb == NULL || t->pb->primary_index == NULL || !PB_GET(t->pb->primary_index, disabled))
        return NULL;
    return err_new(ERR_UNCATEGORIZED, "requested table does not have a primary key");
}

int
table_column_ordinal(const struct table *t, uint32_t column_id)
{
    for (int i = 0; i < t->n_all_columns; i++)
        if (t->columns[i].id == column_id)
            return i;
    return -1;
}

const struct index *
table_index(const struct table *t, const char *name)
{
    for (int i = 0; i < t->n_indexes; i++)
        if (strcmp(t->indexes[i].name, name) == 0)
            return &t->indexes[i];
    return NULL;
}

const struct index *
table_index_by_id(const struct table *t, uint32_t id)
{
    for (int i = 0; i < t->n_all_indexes; i++)
        if (t->indexes[i].id == id)
            return &t->indexes[i];
    return NULL;
}

const struct index *
table_primary(const struct table *t)
{
    return t->n_indexes > 0 ? &t->indexes[0] : NULL;
}
