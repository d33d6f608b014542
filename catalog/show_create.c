#include "config.h"

#include "catalog/show_create.h"

#include "catalog/partition.h"
#include "catalog/pb.h"
#include "types/sqltext.h"

enum { COMMENT_TABLE = 1, COMMENT_COLUMN = 2, COMMENT_INDEX = 3 };

#define MAX_DEPTH 32
#define UNKNOWN "??" "?" /* what v20.1 prints; apart, as ?? and ) would be a trigraph */

struct show {
    struct str *s;
    struct arena *a;
    const struct table *t;
    const struct show_create_opts *o;
};

static void
name(struct str *s, const char *n)
{
    sql_quote_ident(s, slice_cstr(pb_str(n)));
}

static void
names(struct str *s, char *const *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            str_append_cstr(s, ", ");
        name(s, v[i]);
    }
}

static const char *
column_name_by_id(const pb_table *t, uint32_t id)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (PB_GET(t->columns[i], id) == id)
            return pb_str(t->columns[i]->name);
    for (size_t i = 0; i < t->n_mutations; i++) {
        const Amberdb__DescriptorMutation *m = t->mutations[i];
        if (m->descriptor_case == AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_COLUMN &&
            PB_GET(m->column, id) == id)
            return pb_str(m->column->name);
    }
    return NULL;
}

static const pb_descriptor *
lookup(const struct show *sh, uint32_t id)
{
    return sh->o->lookup != NULL ? sh->o->lookup(sh->o->arg, id) : NULL;
}

/* A table elsewhere in the text: with its database when that is another one. */
static void
other_table(const struct show *sh, const pb_table *other)
{
    const pb_descriptor *db = NULL;
    if (sh->o->qualify_other_databases && PB_GET(other, parent_id) != sh->t->parent_id)
        db = lookup(sh, PB_GET(other, parent_id));
    if (db != NULL) {
        name(sh->s, pb_descriptor_name(db));
        str_append_cstr(sh->s, ".public.");
    }
    name(sh->s, other->name);
}

/* ---- the parts of a table ---- */

static void
column(const struct show *sh, const struct column *c)
{
    name(sh->s, c->name);
    str_append_char(sh->s, ' ');
    type_sql(sh->s, c->type);
    str_append_cstr(sh->s, c->nullable ? " NULL" : " NOT NULL");
    if (c->default_expr != NULL)
        str_printf(sh->s, " DEFAULT %s", c->default_expr);
    if (c->compute_expr != NULL)
        str_printf(sh->s, " AS (%s) STORED", c->compute_expr);
}

static bool
is_sharded(const pb_index *ix)
{
    return ix->sharded != NULL && PB_GET(ix->sharded, is_sharded);
}

static void
index_columns(const struct show *sh, const pb_index *ix)
{
    size_t first = is_sharded(ix) ? 1 : 0;
    for (size_t i = first; i < ix->n_column_names; i++) {
        if (i > first)
            str_append_cstr(sh->s, ", ");
        name(sh->s, ix->column_names[i]);
        if (PB_GET(ix, type) != AMBERDB__INDEX_TYPE__INVERTED && i < ix->n_column_directions)
            str_append_cstr(sh->s, ix->column_directions[i] == AMBERDB__DIRECTION__DESC ? " DESC"
                                                                                       : " ASC");
    }
}

static void
bucket_count(const struct show *sh, const pb_index *ix)
{
    if (is_sharded(ix))
        str_printf(sh->s, " USING HASH WITH BUCKET_COUNT = %d",
                   (int)PB_GET(ix->sharded, shard_buckets));
}

static void
primary_key(const struct show *sh)
{
    const struct index *pk = table_primary(sh->t);
    if (pk == NULL || (sh->t->columns[pk->keys[0]].hidden && !is_sharded(pk->pb)))
        return;
    str_append_cstr(sh->s, ",\n\tCONSTRAINT ");
    name(sh->s, pk->name);
    str_append_cstr(sh->s, " PRIMARY KEY (");
    index_columns(sh, pk->pb);
    str_append_char(sh->s, ')');
    bucket_count(sh, pk->pb);
}

static const char *
action_name(int action)
{
    switch (action) {
    case AMBERDB__ACTION__RESTRICT:
        return "RESTRICT";
    case AMBERDB__ACTION__SET_NULL:
        return "SET NULL";
    case AMBERDB__ACTION__SET_DEFAULT:
        return "SET DEFAULT";
    case AMBERDB__ACTION__CASCADE:
        return "CASCADE";
    default:
        return NULL;
    }
}

static void
column_ids(const struct show *sh, const pb_table *t, const uint32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *c = column_name_by_id(t, ids[i]);
        if (i > 0)
            str_append_cstr(sh->s, ", ");
        name(sh->s, c != NULL ? c : UNKNOWN);
    }
}

static void
foreign_key(const struct show *sh, const Amberdb__ForeignKeyConstraint *fk)
{
    uint32_t ref_id = PB_GET(fk, referenced_table_id);
    const pb_table *ref =
        ref_id == sh->t->id ? sh->t->pb : pb_descriptor_table(lookup(sh, ref_id));
    const char *action;

    if (ref == NULL && sh->o->omit_missing_fks)
        return;
    str_append_cstr(sh->s, ",\n\tCONSTRAINT ");
    name(sh->s, fk->name);
    str_append_cstr(sh->s, " FOREIGN KEY (");
    if (ref == NULL) {
        str_printf(sh->s, "%s) REFERENCES [%u as ref](%s)", UNKNOWN, ref_id, UNKNOWN);
    } else {
        column_ids(sh, sh->t->pb, fk->origin_column_ids, fk->n_origin_column_ids);
        str_append_cstr(sh->s, ") REFERENCES ");
        other_table(sh, ref);
        str_append_char(sh->s, '(');
        column_ids(sh, ref, fk->referenced_column_ids, fk->n_referenced_column_ids);
        str_append_char(sh->s, ')');
    }
    if (PB_GET(fk, match) == AMBERDB__MATCH__FULL)
        str_append_cstr(sh->s, " MATCH FULL");
    else if (PB_GET(fk, match) == AMBERDB__MATCH__PARTIAL)
        str_append_cstr(sh->s, " MATCH PARTIAL");
    action = action_name((int)PB_GET(fk, on_delete));
    if (action != NULL)
        str_printf(sh->s, " ON DELETE %s", action);
    action = action_name((int)PB_GET(fk, on_update));
    if (action != NULL)
        str_printf(sh->s, " ON UPDATE %s", action);
}

static void
interleave(const struct show *sh, const pb_index *ix)
{
    const Amberdb__InterleaveDescriptor *il = ix->interleave;
    if (il == NULL || il->n_ancestors == 0)
        return;
    uint64_t shared = 0;
    for (size_t i = 0; i < il->n_ancestors; i++)
        shared += PB_GET(il->ancestors[i], shared_prefix_len);
    if (shared > ix->n_column_names)
        shared = ix->n_column_names;
    uint32_t parent_id = PB_GET(il->ancestors[il->n_ancestors - 1], table_id);
    const pb_table *parent = pb_descriptor_table(lookup(sh, parent_id));
    str_append_cstr(sh->s, " INTERLEAVE IN PARENT ");
    if (parent != NULL)
        other_table(sh, parent);
    else
        str_printf(sh->s, "\"[%u as parent]\"", parent_id);
    str_append_cstr(sh->s, " (");
    names(sh->s, ix->column_names, (size_t)shared);
    str_append_char(sh->s, ')');
}

/* One bound or list value. */
static struct error *
tuple(const struct show *sh, const struct index *ix, int first, int n, struct slice bytes)
{
    struct partition_tuple tup;
    ERR_TRY(partition_tuple_decode(sh->a, sh->t, ix, first, n, bytes, &tup));
    partition_tuple_format(sh->s, sh->t, ix, first, &tup);
    return NULL;
}

static struct error *partitioning(const struct show *sh, const struct index *ix,
                                  const Amberdb__PartitioningDescriptor *p, int indent, int first);

static struct error *
list_partition(const struct show *sh, const struct index *ix, const Amberdb__PartitionList *l,
               int indent, int first, int n)
{
    name(sh->s, l->name);
    str_append_cstr(sh->s, " VALUES IN (");
    for (size_t j = 0; j < l->n_values; j++) {
        if (j > 0)
            str_append_cstr(sh->s, ", ");
        ERR_TRY(tuple(sh, ix, first, n, pb_bytes(l->values[j])));
    }
    str_append_char(sh->s, ')');
    return partitioning(sh, ix, l->subpartitioning, indent + 1, first + n);
}

/* v20.1 quotes the names of list partitions, but neither columns nor range partitions. */
static struct error *
partitioning(const struct show *sh, const struct index *ix,
             const Amberdb__PartitioningDescriptor *p, int indent, int first)
{
    int64_t n = p == NULL ? 0 : PB_GET(p, num_columns);
    if (n == 0)
        return NULL;
    if (n > ix->n_keys - first || indent > MAX_DEPTH || (p->n_list == 0) == (p->n_range == 0))
        return err_new(ERR_DATA_CORRUPTED, "invalid partition descriptor of index \"%s\"",
                       ix->name);
    str_printf(sh->s, " PARTITION BY %s (", p->n_list > 0 ? "LIST" : "RANGE");
    for (int i = 0; i < n; i++)
        str_printf(sh->s, "%s%s", i > 0 ? ", " : "", sh->t->columns[ix->keys[first + i]].name);
    str_append_cstr(sh->s, ") (");
    for (size_t i = 0; i < p->n_list + p->n_range; i++) {
        str_append_cstr(sh->s, i > 0 ? ", \n" : "\n");
        str_append_fill(sh->s, '\t', (size_t)indent + 1);
        str_append_cstr(sh->s, "PARTITION ");
        if (p->n_list > 0) {
            ERR_TRY(list_partition(sh, ix, p->list[i], indent, first, (int)n));
            continue;
        }
        const Amberdb__PartitionRange *r = p->range[i];
        str_printf(sh->s, "%s VALUES FROM ", pb_str(r->name));
        ERR_TRY(tuple(sh, ix, first, (int)n, pb_bytes(r->from_inclusive)));
        str_append_cstr(sh->s, " TO ");
        ERR_TRY(tuple(sh, ix, first, (int)n, pb_bytes(r->to_exclusive)));
    }
    str_append_char(sh->s, '\n');
    str_append_fill(sh->s, '\t', (size_t)indent);
    str_append_char(sh->s, ')');
    return NULL;
}

static struct error *
secondary_index(const struct show *sh, const struct index *ix)
{
    str_append_cstr(sh->s, ",\n\t");
    if (ix->unique)
        str_append_cstr(sh->s, "UNIQUE ");
    if (ix->inverted)
        str_append_cstr(sh->s, "INVERTED ");
    str_append_cstr(sh->s, "INDEX ");
    name(sh->s, ix->name);
    str_append_cstr(sh->s, " (");
    index_columns(sh, ix->pb);
    str_append_char(sh->s, ')');
    bucket_count(sh, ix->pb);
    if (ix->pb->n_store_column_names > 0) {
        str_append_cstr(sh->s, " STORING (");
        names(sh->s, ix->pb->store_column_names, ix->pb->n_store_column_names);
        str_append_char(sh->s, ')');
    }
    interleave(sh, ix->pb);
    return partitioning(sh, ix, ix->pb->partitioning, 1, 0);
}

static void
families(const struct show *sh)
{
    const pb_table *pb = sh->t->pb;
    for (size_t i = 0; i < pb->n_families; i++) {
        const Amberdb__ColumnFamilyDescriptor *f = pb->families[i];
        bool any = false;
        str_append_cstr(sh->s, ",\n\tFAMILY ");
        name(sh->s, f->name);
        str_append_cstr(sh->s, " (");
        for (size_t j = 0; j < f->n_column_ids && j < f->n_column_names; j++) {
            int o = table_column_ordinal(sh->t, f->column_ids[j]);
            if (o < 0 || o >= sh->t->n_columns)
                continue; /* being added or dropped */
            if (any)
                str_append_cstr(sh->s, ", ");
            name(sh->s, f->column_names[j]);
            any = true;
        }
        str_append_char(sh->s, ')');
    }
}

static void
check(const struct show *sh, const Amberdb__CheckConstraint *c)
{
    if (PB_GET(c, hidden))
        return;
    str_append_cstr(sh->s, ",\n\t");
    if (pb_str(c->name)[0] != '\0') {
        str_append_cstr(sh->s, "CONSTRAINT ");
        name(sh->s, c->name);
        str_append_char(sh->s, ' ');
    }
    str_printf(sh->s, "CHECK (%s)", pb_str(c->expr));
}

/* While one is validated or dropped, it stands both in checks and in a mutation: shown once. */
static void
checks(const struct show *sh)
{
    const pb_table *pb = sh->t->pb;
    for (size_t i = 0; i < pb->n_checks; i++) {
        int validity = (int)PB_GET(pb->checks[i], validity);
        if (validity != AMBERDB__CONSTRAINT_VALIDITY__VALIDATING &&
            validity != AMBERDB__CONSTRAINT_VALIDITY__DROPPING)
            check(sh, pb->checks[i]);
    }
    for (size_t i = 0; i < pb->n_mutations; i++) {
        const Amberdb__DescriptorMutation *m = pb->mutations[i];
        if (m->descriptor_case == AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_CONSTRAINT &&
            PB_GET(m->constraint, constraint_type) ==
                AMBERDB__CONSTRAINT_TYPE__CONSTRAINT_CHECK &&
            m->constraint->check != NULL)
            check(sh, m->constraint->check);
    }
}

static void
comment(const struct show *sh, int type, uint32_t sub, const char *kind, const char *sep,
        const char *part)
{
    const char *text = sh->o->comment == NULL
                           ? NULL
                           : sh->o->comment(sh->o->arg, type, sh->t->id, sub);
    if (text == NULL)
        return;
    str_printf(sh->s, ";\nCOMMENT ON %s ", kind);
    name(sh->s, sh->t->name);
    str_append_cstr(sh->s, sep);
    if (part != NULL)
        name(sh->s, part);
    str_append_cstr(sh->s, " IS ");
    sql_quote_string(sh->s, slice_cstr(text));
}

static void
comments(const struct show *sh)
{
    if (sh->o->comment == NULL)
        return;
    comment(sh, COMMENT_TABLE, 0, "TABLE", "", NULL);
    for (int i = 0; i < sh->t->n_columns; i++)
        comment(sh, COMMENT_COLUMN, sh->t->columns[i].id, "COLUMN", ".", sh->t->columns[i].name);
    for (int i = 0; i < sh->t->n_indexes; i++)
        comment(sh, COMMENT_INDEX, sh->t->indexes[i].id, "INDEX", "@", sh->t->indexes[i].name);
}

/* ---- whole objects ---- */

static void
view(const struct show *sh)
{
    str_printf(sh->s, "CREATE %sVIEW ", sh->t->is_temporary ? "TEMP " : "");
    name(sh->s, sh->t->name);
    str_append_cstr(sh->s, " (");
    for (int i = 0; i < sh->t->n_columns; i++) {
        if (i > 0)
            str_append_cstr(sh->s, ", ");
        name(sh->s, sh->t->columns[i].name);
    }
    str_printf(sh->s, ") AS %s", pb_str(sh->t->pb->view_query));
}

static void
sequence(const struct show *sh)
{
    const Amberdb__SequenceOpts *o = sh->t->pb->sequence_opts;
    str_printf(sh->s, "CREATE %sSEQUENCE ", sh->t->is_temporary ? "TEMP " : "");
    name(sh->s, sh->t->name);
    str_printf(sh->s, " MINVALUE %lld MAXVALUE %lld INCREMENT %lld START %lld%s",
               (long long)PB_GET(o, min_value), (long long)PB_GET(o, max_value),
               (long long)PB_GET(o, increment), (long long)PB_GET(o, start),
               PB_GET(o, virtual_) ? " VIRTUAL" : "");
}

static struct error *
table(const struct show *sh)
{
    const struct table *t = sh->t;
    bool first = true;

    str_printf(sh->s, "CREATE %sTABLE ", t->is_temporary ? "TEMP " : "");
    name(sh->s, t->name);
    str_append_cstr(sh->s, " (");
    for (int i = 0; i < t->n_columns; i++) {
        if (t->columns[i].hidden)
            continue;
        str_append_cstr(sh->s, first ? "\n\t" : ",\n\t");
        column(sh, &t->columns[i]);
        first = false;
    }
    if (t->pb == NULL) { /* virtual */
        str_append_cstr(sh->s, "\n)");
        return NULL;
    }
    primary_key(sh);
    for (size_t i = 0; i < t->held->n_outbound_fks; i++)
        foreign_key(sh, t->held->outbound_fks[i]);
    for (int i = 1; i < t->n_indexes; i++)
        ERR_TRY(secondary_index(sh, &t->indexes[i]));
    families(sh);
    checks(sh);
    str_append_cstr(sh->s, "\n)");
    if (t->n_indexes > 0) {
        interleave(sh, t->indexes[0].pb);
        ERR_TRY(partitioning(sh, &t->indexes[0], t->indexes[0].pb->partitioning, 0, 0));
    }
    comments(sh);
    const char *zones = sh->o->zone_sql != NULL ? sh->o->zone_sql(sh->o->arg, t) : NULL;
    if (zones != NULL)
        str_printf(sh->s, ";\n%s", zones);
    return NULL;
}

struct error *
show_create(struct str *s, const struct table *t, const struct show_create_opts *o)
{
    static const struct show_create_opts none;
    struct arena *a = arena_create(s->arena, "show create");
    struct show sh = {s, a, t, o != NULL ? o : &none};
    struct error *e = NULL;
    if (t->is_view)
        view(&sh);
    else if (t->is_sequence)
        sequence(&sh);
    else
        e = table(&sh);
    arena_destroy(a);
    return e != NULL ? e : str_error(s);
}
