/* executor/show/crdb_schema.c - crdb_internal: descriptors as tables.
 *
 * SOURCE of columns and values: CockroachDB v20.1 pkg/sql/crdb_internal.go.
 */
#include "config.h"

#include "executor/show/cat_int.h"

#include "catalog/partition.h"
#include "catalog/pb.h"
#include "catalog/show_create.h"
#include "executor/schema/zone.h"
#include "grammar/print.h"
#include "types/decimal.h"

struct out {
    struct row_sink *rows;
};

#define ROWS_OF_RELATIONS(fn, flags, each)                                          \
    static struct error *fn(struct exec_ctx *x, const struct virtual_scan *v,       \
                            struct row_sink *rows)                                  \
    {                                                                               \
        struct out o = {rows};                                                      \
        return cat_relations(x, v, flags, each, &o);                                \
    }

/* ---- tables: of all databases, dropped and offline ones too ------------------------------------ */

static struct datum
timestamp_ns(int64_t ns)
{
    return I(ns / 1000 - PG_EPOCH_US);
}

static struct datum
hlc_decimal(struct arena *a, struct hlc t)
{
    char text[HLC_STR_MAX];
    const struct decimal *d;
    hlc_format_decimal(t, text);
    if (!decimal_parse(a, slice_cstr(text), &d))
        return NUL;
    return (struct datum){.dec = d};
}

static struct datum
modified(struct arena *a, const pb_table *t, bool logical)
{
    struct hlc h = {0};
    if (t->modification_time != NULL) {
        h.wall = PB_GET(t->modification_time, wall_time);
        h.logical = PB_GET(t->modification_time, logical);
    }
    return logical ? hlc_decimal(a, h) : timestamp_ns(h.wall);
}

static struct error *
put_table(struct exec_ctx *x, struct row_sink *rows, const pb_table *t, const char *db)
{
    static const char *const states[] = {"PUBLIC", "ADD", "DROP", "OFFLINE"};
    const Amberdb__SchemaChangeLease *lease = t->lease;
    const struct datum row[] = {
        I(PB_GET(t, id)), I(PB_GET(t, parent_id)), T(pb_str(t->name)), T(db),
        I(PB_GET(t, version)), modified(x->arena, t, false), modified(x->arena, t, true),
        T("InterleavedFormatVersion"), T(states[(unsigned)PB_GET(t, state) % 4]),
        lease != NULL ? I(PB_GET(lease, node_id)) : NUL,
        lease != NULL ? timestamp_ns(PB_GET(lease, expiration_time)) : NUL,
        PB_GET(t, drop_time) != 0 ? timestamp_ns(PB_GET(t, drop_time)) : NUL,
        T(PB_GET(t, audit_mode) == AMBERDB__AUDIT_MODE__AUDIT_READWRITE ? "READWRITE"
                                                                         : "DISABLED"),
        T("public"),
    };
    return row_put(rows, row);
}

static struct error *
put_virtual_table(struct exec_ctx *x, struct row_sink *rows, const struct table *t)
{
    const struct virtual_table *v = t->opaque;
    if (v->comment == NULL)
        return NULL;
    const struct datum row[] = {
        I(t->id), I(0), T(t->name), NUL, I(1), timestamp_ns(0),
        hlc_decimal(x->arena, (struct hlc){0}), T("InterleavedFormatVersion"), T("PUBLIC"), NUL,
        NUL, NUL, T("DISABLED"), T(v->schema),
    };
    return row_put(rows, row);
}

static struct error *
tables_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    const pb_descriptor **all;
    size_t n;
    (void)v;
    ERR_TRY(catalog_list(x->catalog, x->arena, 0, &all, &n));
    for (size_t i = 0; i < n; i++) {
        const pb_table *t = pb_descriptor_table(all[i]);
        const struct database *db;
        bool visible;
        if (t == NULL)
            continue;
        ERR_TRY(show_is_visible(x, t->privileges, &visible));
        if (!visible)
            continue;
        ERR_TRY(catalog_database_by_id(x->catalog, PB_GET(t, parent_id), &db));
        ERR_TRY(put_table(x, rows, t, db != NULL ? db->name
                                                 : arena_printf(x->arena, "[%u]",
                                                                PB_GET(t, parent_id))));
    }
    for (int i = 0; i < virtual_count(virtual_tables()); i++)
        ERR_TRY(put_virtual_table(x, rows, virtual_at(virtual_tables(), i)));
    return NULL;
}

/* ---- create_statements ------------------------------------------------------------------------- */

struct lookups {
    struct exec_ctx *x;
    struct error *err;
};

static const pb_descriptor *
lookup_descriptor(void *arg, uint32_t id)
{
    struct lookups *l = arg;
    const pb_descriptor *d = NULL;
    struct error *e = l->err == NULL ? catalog_descriptor(l->x->catalog, id, &d) : NULL;
    if (e != NULL)
        l->err = e;
    return d;
}

/* Without foreign keys, which the two lists of statements then add and check. */
static struct error *
create_without_fks(struct exec_ctx *x, const struct table *t, const char **out)
{
    struct lookups l = {.x = x};
    struct show_create_opts o = {.lookup = lookup_descriptor, .arg = &l,
                                 .qualify_other_databases = true};
    struct table bare = *t;
    pb_table pb;
    struct str s;
    if (!t->is_virtual) {
        pb = *t->pb;
        pb.n_outbound_fks = 0;
        bare.pb = bare.held = &pb;
    }
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    struct error *e = show_create(&s, &bare, &o);
    if (l.err != NULL) {
        err_free(e);
        return l.err;
    }
    *out = str_cstr(&s);
    return e;
}

static const char *
quoted(struct exec_ctx *x, const char *name)
{
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    print_name(&s, slice_cstr(name));
    return str_cstr(&s);
}

static struct error *
fk_statements(struct exec_ctx *x, const struct cat_rel *r, struct datum *alter,
              struct datum *validate)
{
    struct cat_constraint *v;
    int n, count = 0;
    ERR_TRY(cat_constraints(x, r, &v, &n));
    const char **adds = ARENA_ARRAY(x->arena, const char *, (size_t)n + 1);
    const char **checks = ARENA_ARRAY(x->arena, const char *, (size_t)n + 1);
    const char *table = quoted(x, r->t->name);
    for (int i = 0; i < n; i++) {
        const char *def;
        if (v[i].kind != CAT_FK)
            continue;
        ERR_TRY(cat_constraint_def(x, r, &v[i], &def));
        const char *name = quoted(x, v[i].name);
        adds[count] = arena_printf(x->arena, "ALTER TABLE %s ADD CONSTRAINT %s %s", table, name,
                                   def);
        checks[count++] = arena_printf(x->arena, "ALTER TABLE %s VALIDATE CONSTRAINT %s", table,
                                       name);
    }
    *alter = cat_text_array(x->arena, &TYPE_STRING, adds, count);
    *validate = cat_text_array(x->arena, &TYPE_STRING, checks, count);
    return NULL;
}

static struct error *
create_statement_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    static const char *const states[] = {"PUBLIC", "ADD", "DROP", "OFFLINE"};
    struct out *o = arg;
    const struct table *t = r->t;
    struct datum alter, validate;
    char *create;
    const char *bare = "";
    ERR_TRY(show_create_text(x, t, !t->is_virtual, &create));
    ERR_TRY(create_without_fks(x, t, &bare));
    ERR_TRY(fk_statements(x, r, &alter, &validate));
    const struct datum row[] = {
        t->is_virtual ? NUL : I(r->db->id), T(r->db->name), T(r->schema), I(t->id),
        T(t->is_view ? "view" : t->is_sequence ? "sequence" : "table"), T(t->name), T(create),
        T(t->is_virtual ? "PUBLIC" : states[(unsigned)PB_GET(t->pb, state) % 4]), T(bare), alter,
        validate, cat_text_array(x->arena, &TYPE_STRING, NULL, 0),
    };
    return row_put(o->rows, row);
}
ROWS_OF_RELATIONS(create_statements_rows, CAT_VIRTUAL, create_statement_of)

/* ---- columns ----------------------------------------------------------------------------------- */

static const char *
family_name(enum type_family f)
{
    switch (f) {
    case FAMILY_BOOL: return "BoolFamily";
    case FAMILY_INT: return "IntFamily";
    case FAMILY_FLOAT: return "FloatFamily";
    case FAMILY_DECIMAL: return "DecimalFamily";
    case FAMILY_DATE: return "DateFamily";
    case FAMILY_TIMESTAMP: return "TimestampFamily";
    case FAMILY_INTERVAL: return "IntervalFamily";
    case FAMILY_STRING: return "StringFamily";
    case FAMILY_BYTES: return "BytesFamily";
    case FAMILY_TIMESTAMPTZ: return "TimestampTZFamily";
    case FAMILY_COLLATED_STRING: return "CollatedStringFamily";
    case FAMILY_OID: return "OidFamily";
    case FAMILY_UNKNOWN: return "UnknownFamily";
    case FAMILY_UUID: return "UuidFamily";
    case FAMILY_ARRAY: return "ArrayFamily";
    case FAMILY_INET: return "INetFamily";
    case FAMILY_TIME: return "TimeFamily";
    case FAMILY_JSON: return "JsonFamily";
    case FAMILY_TIMETZ: return "TimeTZFamily";
    case FAMILY_TUPLE: return "TupleFamily";
    case FAMILY_BIT: return "BitFamily";
    case FAMILY_ANY: break;
    }
    return "AnyFamily";
}

/* The message behind the type, in protobuf's text form. */
static void
type_debug(struct str *s, const struct type *t)
{
    str_printf(s, "family:%s width:%d precision:%d locale:\"%s\" visible_type:0 oid:%u ",
               family_name(t->family), (int)t->width, (int)t->precision,
               t->locale != NULL ? t->locale : "", t->oid);
    if (t->family == FAMILY_ARRAY) {
        str_append_cstr(s, "array_contents:<");
        type_debug(s, t->elem);
        str_append_cstr(s, "> ");
    }
    str_printf(s, "time_precision_is_set:%s", t->time_precision_is_set ? "true" : "false");
}

static struct error *
columns_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    for (int i = 0; i < r->t->n_columns; i++) {
        const struct column *c = &r->t->columns[i];
        struct str type;
        str_init_arena(&type, x->arena, STR_MAX_DEFAULT);
        type_debug(&type, c->type);
        const struct datum row[] = {I(r->t->id), T(r->t->name), I(c->id), T(c->name),
                                    T(str_cstr(&type)), B(c->nullable), T(c->default_expr),
                                    B(c->hidden)};
        ERR_TRY(row_put(o->rows, row));
    }
    return NULL;
}
ROWS_OF_RELATIONS(table_columns_rows, CAT_VIRTUAL, columns_of)

/* ---- indexes ----------------------------------------------------------------------------------- */

static int
index_count(const struct table *t)
{
    return t->is_view || t->is_sequence || t->is_virtual ? 0 : t->n_indexes;
}

static struct error *
indexes_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    (void)x;
    for (int i = 0; i < index_count(r->t); i++) {
        const struct index *ix = &r->t->indexes[i];
        const struct datum row[] = {I(r->t->id), T(r->t->name), I(ix->id), T(ix->name),
                                    T(ix->primary ? "primary" : "secondary"),
                                    B(ix->unique || ix->primary), B(ix->inverted)};
        ERR_TRY(row_put(o->rows, row));
    }
    return NULL;
}
ROWS_OF_RELATIONS(table_indexes_rows, CAT_HIDE_VIRTUAL, indexes_of)

struct index_columns {
    struct out *o;
    const struct table *t;
    const struct index *ix;
};

static struct error *
put_index_column(const struct index_columns *c, const char *kind, uint32_t id, const char *direction)
{
    const struct datum row[] = {I(c->t->id), T(c->t->name), I(c->ix->id), T(c->ix->name), T(kind),
                                I(id), T(cat_column_name(c->t, id)), T(direction)};
    return row_put(c->o->rows, row);
}

static struct error *
index_columns_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    (void)x;
    for (int i = 0; i < index_count(r->t); i++) {
        const struct index *ix = &r->t->indexes[i];
        struct index_columns c = {arg, r->t, ix};
        const pb_index *pb = ix->pb;
        for (int k = 0; k < ix->n_keys; k++)
            ERR_TRY(put_index_column(&c, "key", r->t->columns[ix->keys[k]].id,
                                     ix->desc[k] ? "DESC" : "ASC"));
        for (size_t k = 0; pb != NULL && k < pb->n_store_column_ids; k++)
            ERR_TRY(put_index_column(&c, "storing", pb->store_column_ids[k], NULL));
        for (size_t k = 0; pb != NULL && k < pb->n_extra_column_ids; k++)
            ERR_TRY(put_index_column(&c, "extra", pb->extra_column_ids[k], NULL));
        for (size_t k = 0; pb != NULL && k < pb->n_composite_column_ids; k++)
            ERR_TRY(put_index_column(&c, "composite", pb->composite_column_ids[k], NULL));
    }
    return NULL;
}
ROWS_OF_RELATIONS(index_columns_rows, CAT_HIDE_VIRTUAL, index_columns_of)

/* ---- dependencies ------------------------------------------------------------------------------ */

static const char *
id_list(struct arena *a, const uint32_t *ids, size_t n)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_append_cstr(&s, "Columns: [");
    for (size_t i = 0; i < n; i++)
        str_printf(&s, "%s%u", i > 0 ? " " : "", ids[i]);
    str_append_char(&s, ']');
    return str_cstr(&s);
}

static struct error *
put_backward(struct out *o, const struct cat_rel *r, struct datum index, struct datum column,
             uint32_t on, const char *type, struct datum on_index, struct datum name)
{
    const struct datum row[] = {I(r->t->id), T(r->t->name), index, column, I(on), T(type),
                                on_index, name, NUL};
    return row_put(o->rows, row);
}

static struct error *
backward_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    const pb_table *pb = r->t->pb;
    for (size_t i = 0; i < pb->n_outbound_fks; i++) {
        const Amberdb__ForeignKeyConstraint *fk = pb->outbound_fks[i];
        const struct table *other;
        ERR_TRY(catalog_table_by_id(x->catalog, fk->referenced_table_id, &other));
        const struct index *ix = other == NULL ? NULL
                                               : cat_fk_index(other, fk->referenced_column_ids,
                                                              fk->n_referenced_column_ids);
        ERR_TRY(put_backward(arg, r, NUL, NUL, fk->referenced_table_id, "fk",
                             ix != NULL ? I(ix->id) : NUL, T(fk->name)));
    }
    for (int i = 0; i < index_count(r->t); i++) {
        const Amberdb__InterleaveDescriptor *il =
            r->t->indexes[i].pb != NULL ? r->t->indexes[i].pb->interleave : NULL;
        for (size_t k = 0; il != NULL && k < il->n_ancestors; k++)
            ERR_TRY(put_backward(arg, r, I(r->t->indexes[i].id), NUL, il->ancestors[k]->table_id,
                                 "interleave", I(il->ancestors[k]->index_id), NUL));
    }
    for (size_t i = 0; i < pb->n_depends_on; i++)
        ERR_TRY(put_backward(arg, r, NUL, NUL, pb->depends_on[i], "view", NUL, NUL));
    for (int i = 0; i < r->t->n_columns; i++) {
        const pb_column *c = r->t->columns[i].pb;
        for (size_t k = 0; c != NULL && k < c->n_uses_sequence_ids; k++)
            ERR_TRY(put_backward(arg, r, NUL, I(r->t->columns[i].id), c->uses_sequence_ids[k],
                                 "sequence", NUL, NUL));
    }
    return NULL;
}
ROWS_OF_RELATIONS(backward_dependencies_rows, CAT_HIDE_VIRTUAL, backward_of)

static struct error *
put_forward(struct out *o, const struct cat_rel *r, struct datum index, uint32_t by,
            const char *type, struct datum by_index, struct datum name, struct datum details)
{
    const struct datum row[] = {I(r->t->id), T(r->t->name), index, I(by), T(type), by_index, name,
                                details};
    return row_put(o->rows, row);
}

static struct error *
forward_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    const pb_table *pb = r->t->pb;
    for (size_t i = 0; i < pb->n_inbound_fks; i++)
        ERR_TRY(put_forward(arg, r, NUL, pb->inbound_fks[i]->origin_table_id, "fk", NUL,
                            T(pb->inbound_fks[i]->name), NUL));
    for (int i = 0; i < index_count(r->t); i++) {
        const pb_index *ix = r->t->indexes[i].pb;
        for (size_t k = 0; ix != NULL && k < ix->n_interleaved_by; k++)
            ERR_TRY(put_forward(arg, r, I(r->t->indexes[i].id), ix->interleaved_by[k]->table,
                                "interleave", I(ix->interleaved_by[k]->index), NUL, NUL));
    }
    for (size_t i = 0; i < pb->n_depended_on_by; i++) {
        const Amberdb__Reference *ref = pb->depended_on_by[i];
        ERR_TRY(put_forward(arg, r, NUL, ref->id, r->t->is_sequence ? "sequence" : "view",
                            PB_GET(ref, index_id) != 0 ? I(ref->index_id) : NUL, NUL,
                            T(id_list(x->arena, ref->column_ids, ref->n_column_ids))));
    }
    return NULL;
}
ROWS_OF_RELATIONS(forward_dependencies_rows, CAT_HIDE_VIRTUAL, forward_of)

/* ---- schema_changes: mutations in work ----------------------------------------------------------- */

static struct error *
put_mutation(struct out *o, const struct cat_rel *r, const Amberdb__DescriptorMutation *m)
{
    static const char *const states[] = {"UNKNOWN", "DELETE_ONLY", "DELETE_AND_WRITE_ONLY"};
    static const char *const directions[] = {"NONE", "ADD", "DROP"};
    const char *type = "UNKNOWN";
    struct datum id = NUL, name = NUL;
    switch ((int)m->descriptor_case) {
    case AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_COLUMN:
        type = "COLUMN";
        id = I(PB_GET(m->column, id));
        name = T(pb_str(m->column->name));
        break;
    case AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_INDEX:
        type = "INDEX";
        id = I(PB_GET(m->index, id));
        name = T(pb_str(m->index->name));
        break;
    case AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_CONSTRAINT:
        type = "CONSTRAINT VALIDATION";
        name = T(pb_str(m->constraint->name));
        break;
    default:
        break;
    }
    const struct datum row[] = {I(r->t->id), I(r->t->parent_id), T(r->t->name), T(type), id, name,
                                T(states[(unsigned)PB_GET(m, state) % 3]),
                                T(directions[(unsigned)PB_GET(m, direction) % 3])};
    return row_put(o->rows, row);
}

static struct error *
schema_changes_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    (void)x;
    for (size_t i = 0; i < r->t->pb->n_mutations; i++)
        ERR_TRY(put_mutation(arg, r, r->t->pb->mutations[i]));
    return NULL;
}
ROWS_OF_RELATIONS(schema_changes_rows, CAT_HIDE_VIRTUAL, schema_changes_of)

/* ---- partitions -------------------------------------------------------------------------------- */

struct partition_walk {
    struct out *o;
    const struct table *t;
    const struct index *ix;
};

static struct error *put_partitions(struct exec_ctx *x, const struct partition_walk *w,
                                    const Amberdb__PartitioningDescriptor *p, int first,
                                    const char *parent);

static struct error *
tuple_text(struct exec_ctx *x, const struct partition_walk *w, int first, int n,
           ProtobufCBinaryData bytes, struct str *s)
{
    struct partition_tuple tuple;
    ERR_TRY(partition_tuple_decode(x->arena, w->t, w->ix, first, n,
                                   slice_make(bytes.data, bytes.len), &tuple));
    partition_tuple_format(s, w->t, w->ix, first, &tuple);
    return NULL;
}

/* Whose zone applies to the partition: an object, and of that the so many-th subzone, or 0. */
static struct error *
partition_zone(struct exec_ctx *x, const struct partition_walk *w, const char *name, int64_t *id,
               int64_t *subzone)
{
    Amberdb__ZoneConfig *z;
    struct zone_source from;
    const char *of = "";
    ERR_TRY(zone_effective(x, w->t->id, w->ix->id, name, &z, &from));
    *id = from.kind == ZONE_FROM_DEFAULT    ? 0
          : from.kind == ZONE_FROM_DATABASE ? from.database_id
                                            : w->t->id;
    *subzone = 0;
    if (from.kind == ZONE_FROM_PARTITION)
        of = name;
    else if (from.kind != ZONE_FROM_INDEX)
        return NULL;
    ERR_TRY(catalog_zone(x->catalog, x->arena, w->t->id, &z));
    for (size_t i = 0; i < z->n_subzones; i++)
        if (PB_GET(z->subzones[i], index_id) == w->ix->id &&
            strcmp(pb_str(z->subzones[i]->partition_name), of) == 0)
            *subzone = (int64_t)i + 1;
    return NULL;
}

static struct error *
put_partition(struct exec_ctx *x, const struct partition_walk *w, int first, int n,
              const char *parent, const char *name, struct datum list, struct datum range)
{
    struct str columns;
    int64_t zone, subzone;
    ERR_TRY(partition_zone(x, w, name, &zone, &subzone));
    str_init_arena(&columns, x->arena, STR_MAX_DEFAULT);
    for (int i = first; i < first + n && i < w->ix->n_keys; i++)
        str_printf(&columns, "%s%s", i > first ? ", " : "",
                   w->t->columns[w->ix->keys[i]].name);
    const struct datum row[] = {I(w->t->id), I(w->ix->id), T(parent), T(name), I(n),
                                T(str_cstr(&columns)), list, range, I(zone), I(subzone)};
    return row_put(w->o->rows, row);
}

static struct error *
put_list_partition(struct exec_ctx *x, const struct partition_walk *w,
                   const Amberdb__PartitioningDescriptor *p,
                   const Amberdb__PartitionList *l, int first, const char *parent)
{
    int n = (int)PB_GET(p, num_columns);
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    for (size_t i = 0; i < l->n_values; i++) {
        str_append_cstr(&s, i > 0 ? ", " : "");
        ERR_TRY(tuple_text(x, w, first, n, l->values[i], &s));
    }
    ERR_TRY(put_partition(x, w, first, n, parent, pb_str(l->name), T(str_cstr(&s)), NUL));
    return put_partitions(x, w, l->subpartitioning, first + n, pb_str(l->name));
}

static struct error *
put_partitions(struct exec_ctx *x, const struct partition_walk *w,
               const Amberdb__PartitioningDescriptor *p, int first, const char *parent)
{
    if (p == NULL || PB_GET(p, num_columns) == 0)
        return NULL;
    int n = (int)PB_GET(p, num_columns);
    for (size_t i = 0; i < p->n_list; i++)
        ERR_TRY(put_list_partition(x, w, p, p->list[i], first, parent));
    for (size_t i = 0; i < p->n_range; i++) {
        const Amberdb__PartitionRange *r = p->range[i];
        struct str s;
        str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
        ERR_TRY(tuple_text(x, w, first, n, r->from_inclusive, &s));
        str_append_cstr(&s, " TO ");
        ERR_TRY(tuple_text(x, w, first, n, r->to_exclusive, &s));
        ERR_TRY(put_partition(x, w, first, n, parent, pb_str(r->name), NUL, T(str_cstr(&s))));
    }
    return NULL;
}

static struct error *
partitions_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    for (int i = 0; i < index_count(r->t); i++) {
        struct partition_walk w = {arg, r->t, &r->t->indexes[i]};
        if (w.ix->pb != NULL)
            ERR_TRY(put_partitions(x, &w, w.ix->pb->partitioning, 0, NULL));
    }
    return NULL;
}
ROWS_OF_RELATIONS(partitions_rows, CAT_HIDE_VIRTUAL, partitions_of)

/* ---- predefined_comments ------------------------------------------------------------------------- */

static struct error *
predefined_comments_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    const struct virtual_registry *r = virtual_tables();
    (void)x;
    (void)v;
    for (int i = 0; i < virtual_count(r); i++) {
        const struct table *t = virtual_at(r, i);
        const struct virtual_table *vt = t->opaque;
        const struct datum row[] = {I(1), I(t->id), I(0), T(vt->comment)};
        if (vt->comment != NULL)
            ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

#define TABLES                                                                              \
    "table_id INT NOT NULL, parent_id INT NOT NULL, name STRING NOT NULL, "                 \
    "database_name STRING, version INT NOT NULL, mod_time TIMESTAMP NOT NULL, "             \
    "mod_time_logical DECIMAL NOT NULL, format_version STRING NOT NULL, "                   \
    "state STRING NOT NULL, sc_lease_node_id INT, sc_lease_expiration_time TIMESTAMP, "     \
    "drop_time TIMESTAMP, audit_mode STRING NOT NULL, schema_name STRING NOT NULL"

#define CREATE_STATEMENTS                                                                    \
    "database_id INT, database_name STRING, schema_name STRING NOT NULL, "                   \
    "descriptor_id INT, descriptor_type STRING NOT NULL, descriptor_name STRING NOT NULL, "  \
    "create_statement STRING NOT NULL, state STRING NOT NULL, create_nofks STRING NOT NULL, " \
    "alter_statements STRING[] NOT NULL, validate_statements STRING[] NOT NULL, "            \
    "zone_configuration_statements STRING[] NOT NULL"

static const struct virtual_table tables[] = {
    {"crdb_internal", "backward_dependencies",
     "descriptor_id INT, descriptor_name STRING NOT NULL, index_id INT, column_id INT, "
     "dependson_id INT NOT NULL, dependson_type STRING NOT NULL, dependson_index_id INT, "
     "dependson_name STRING, dependson_details STRING",
     backward_dependencies_rows,
     "backward inter-descriptor dependencies starting from tables accessible by current user in "
     "current database (KV scan)"},
    {"crdb_internal", "create_statements", CREATE_STATEMENTS, create_statements_rows,
     "CREATE and ALTER statements for all tables accessible by current user in current database "
     "(KV scan)"},
    {"crdb_internal", "forward_dependencies",
     "descriptor_id INT, descriptor_name STRING NOT NULL, index_id INT, "
     "dependedonby_id INT NOT NULL, dependedonby_type STRING NOT NULL, "
     "dependedonby_index_id INT, dependedonby_name STRING, dependedonby_details STRING",
     forward_dependencies_rows,
     "forward inter-descriptor dependencies starting from tables accessible by current user in "
     "current database (KV scan)"},
    {"crdb_internal", "index_columns",
     "descriptor_id INT, descriptor_name STRING NOT NULL, index_id INT NOT NULL, "
     "index_name STRING NOT NULL, column_type STRING NOT NULL, column_id INT NOT NULL, "
     "column_name STRING, column_direction STRING",
     index_columns_rows,
     "index columns for all indexes accessible by current user in current database (KV scan)"},
    {"crdb_internal", "partitions",
     "table_id INT NOT NULL, index_id INT NOT NULL, parent_name STRING, name STRING NOT NULL, "
     "columns INT NOT NULL, column_names STRING, list_value STRING, range_value STRING, "
     "zone_id INT, subzone_id INT",
     partitions_rows,
     "defined partitions for all tables/indexes accessible by the current user in the current "
     "database (KV scan)"},
    {"crdb_internal", "predefined_comments",
     "type INT, object_id INT, sub_id INT, comment STRING", predefined_comments_rows,
     "comments for predefined virtual tables (RAM/static)"},
    {"crdb_internal", "schema_changes",
     "table_id INT NOT NULL, parent_id INT NOT NULL, name STRING NOT NULL, "
     "type STRING NOT NULL, target_id INT, target_name STRING, state STRING NOT NULL, "
     "direction STRING NOT NULL",
     schema_changes_rows,
     "ongoing schema changes, across all descriptors accessible by current user (KV scan; "
     "expensive!)"},
    {"crdb_internal", "table_columns",
     "descriptor_id INT, descriptor_name STRING NOT NULL, column_id INT NOT NULL, "
     "column_name STRING NOT NULL, column_type STRING NOT NULL, nullable BOOL NOT NULL, "
     "default_expr STRING, hidden BOOL NOT NULL",
     table_columns_rows,
     "details for all columns accessible by current user in current database (KV scan)"},
    {"crdb_internal", "table_indexes",
     "descriptor_id INT, descriptor_name STRING NOT NULL, index_id INT NOT NULL, "
     "index_name STRING NOT NULL, index_type STRING NOT NULL, is_unique BOOL NOT NULL, "
     "is_inverted BOOL NOT NULL",
     table_indexes_rows,
     "indexes accessible by current user in current database (KV scan)"},
    {"crdb_internal", "tables", TABLES, tables_rows,
     "table descriptors accessible by current user, including non-public and virtual (KV scan; "
     "expensive!)"},
};
VIRTUAL_GROUP(crdb_schema, tables);
