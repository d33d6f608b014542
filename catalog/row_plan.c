/* catalog/row_plan.c - the layout of an index's rows, worked out once.
 *
 * SOURCE: kv-encoding 6, 7, 9 (CockroachDB v20.1 pkg/sql/sqlbase/index_encoding.go, pkg/sql/row).
 */
#include "config.h"

#include <stdlib.h>

#include "catalog/pb.h"
#include "catalog/row_int.h"
#include "types/keyenc.h"

static struct slice
ids_key(struct arena *a, uint32_t table_id, uint32_t index_id)
{
    struct str s;
    str_init_arena(&s, a, 64);
    key_put_uvarint(&s, table_id);
    key_put_uvarint(&s, index_id);
    return str_slice(&s);
}

static void
plan_segments(struct arena *a, struct row_plan *p, const struct table *t, const struct index *ix)
{
    const Amberdb__InterleaveDescriptor *il = ix->pb->interleave;
    size_t n = il != NULL ? il->n_ancestors : 0;
    int first = 0;

    p->segments = ARENA_ARRAY(a, struct row_segment, n + 1);
    for (size_t i = 0; i < n; i++) {
        const Amberdb__Ancestor *an = il->ancestors[i];
        struct row_segment *seg = &p->segments[p->n_segments++];
        seg->ids = ids_key(a, PB_GET(an, table_id), PB_GET(an, index_id));
        seg->first = first;
        seg->n = (int)PB_GET(an, shared_prefix_len); /* their sum was checked */
        first += seg->n;
    }
    struct row_segment *own = &p->segments[p->n_segments++];
    own->ids = ids_key(a, t->id, ix->id);
    own->first = first;
    own->n = ix->n_keys - first;
    p->interleaved = n > 0 || ix->pb->n_interleaved_by > 0;
}

static void
set_suffix(struct row_family *f)
{
    struct str s;
    str_init(&s, 64);
    row_family_suffix(&s, f->id);
    memcpy(f->suffix, s.ptr, s.len);
    f->suffix_len = (uint8_t)s.len;
    str_release(&s);
}

static int
compare_columns(const void *x, const void *y)
{
    const struct row_value_column *a = x, *b = y;
    return (a->id > b->id) - (a->id < b->id);
}

static bool
is_key_column(const struct index *ix, int ordinal)
{
    for (int i = 0; i < ix->n_keys; i++)
        if (ix->keys[i] == ordinal)
            return true;
    return false;
}

static void
add_value_column(struct row_family *f, const struct table *t, int ordinal, bool only_composite)
{
    for (int i = 0; i < f->n; i++)
        if (f->columns[i].ordinal == ordinal) {
            f->columns[i].only_composite &= only_composite;
            return;
        }
    f->columns[f->n++] =
        (struct row_value_column){t->columns[ordinal].id, ordinal, only_composite};
}

/* Primary layout: each family, [0] being family 0 even where the descriptor lists none. */
static void
plan_primary(struct arena *a, struct row_plan *p, const struct table *t, const struct index *ix)
{
    const pb_table *pb = t->pb;
    p->families = ARENA_ARRAY(a, struct row_family, pb->n_families + 1);
    p->families[p->n_families++].default_ordinal = -1;
    for (size_t i = 0; i < pb->n_families; i++) {
        const Amberdb__ColumnFamilyDescriptor *fd = pb->families[i];
        uint32_t id = PB_GET(fd, id);
        struct row_family *f = id == 0 ? &p->families[0] : &p->families[p->n_families++];
        f->id = id;
        f->default_ordinal = fd->has_default_column_id && fd->default_column_id != 0
                                 ? table_column_ordinal(t, fd->default_column_id)
                                 : -1;
        f->untagged = id != 0 && fd->n_column_ids == 1 && f->default_ordinal >= 0 &&
                      fd->column_ids[0] == fd->default_column_id;
    }
    for (int i = 0; i < p->n_families; i++) {
        struct row_family *f = &p->families[i];
        int n = 0;
        for (int c = 0; c < t->n_all_columns; c++)
            n += t->columns[c].family == f->id;
        f->columns = ARENA_ARRAY(a, struct row_value_column, (size_t)n + 1);
        for (int c = 0; c < t->n_all_columns; c++) {
            if (t->columns[c].family != f->id)
                continue;
            bool in_key = is_key_column(ix, c);
            if (!in_key || ix->composite[c])
                f->columns[f->n++] =
                    (struct row_value_column){t->columns[c].id, c, in_key};
        }
    }
}

/* Secondary layout: composites and stored columns of family 0 in the first entry; from version 1 on,
 * stored columns of other families in entries of their own. */
static void
plan_secondary(struct arena *a, struct row_plan *p, const struct table *t, const struct index *ix)
{
    const pb_table *pb = t->pb;
    bool split = ix->version >= 1 && pb->n_families > 1;
    size_t max = (size_t)(ix->n_keys + ix->n_extra + ix->n_stored) + 1;

    p->families = ARENA_ARRAY(a, struct row_family, pb->n_families + 1);
    p->families[0].default_ordinal = -1;
    p->families[0].columns = ARENA_ARRAY(a, struct row_value_column, max);
    p->n_families = 1;
    for (int i = 0; i < ix->n_stored; i++) {
        int o = ix->stored[i];
        uint32_t id = split ? t->columns[o].family : 0;
        int at = 0;
        while (at < p->n_families && p->families[at].id != id)
            at++;
        if (at == p->n_families) {
            p->families[p->n_families++] = (struct row_family){
                .id = id, .default_ordinal = -1,
                .columns = ARENA_ARRAY(a, struct row_value_column, max)};
        }
        add_value_column(&p->families[at], t, o, false);
    }
    for (int i = 0; i < ix->n_keys; i++)
        if (ix->composite[ix->keys[i]])
            add_value_column(&p->families[0], t, ix->keys[i], true);
    for (int i = 0; i < ix->n_extra; i++)
        if (ix->composite[ix->extra[i]])
            add_value_column(&p->families[0], t, ix->extra[i], true);
    p->extra_in_key = !ix->unique || ix->inverted;
    p->has_extra_keys = ix->n_extra > 0;
}

static int
compare_families(const void *x, const void *y)
{
    const struct row_family *a = x, *b = y;
    return (a->id > b->id) - (a->id < b->id);
}

const struct row_plan *
row_plan_build(struct arena *a, const struct table *t, const struct index *ix)
{
    struct row_plan *p = ARENA_NEW(a, struct row_plan);
    plan_segments(a, p, t, ix);
    if (ix->primary_encoding)
        plan_primary(a, p, t, ix);
    else
        plan_secondary(a, p, t, ix);
    qsort(p->families, (size_t)p->n_families, sizeof(p->families[0]), compare_families);
    for (int i = 0; i < p->n_families; i++) {
        struct row_family *f = &p->families[i];
        qsort(f->columns, (size_t)f->n, sizeof(f->columns[0]), compare_columns);
        set_suffix(f);
    }
    return p;
}

const struct row_plan *
row_plan_of(struct arena *a, const struct table *t, const struct index *ix)
{
    return ix->plan != NULL ? ix->plan : row_plan_build(a, t, ix);
}
