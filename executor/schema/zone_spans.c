/* Which keys of a table belong to which subzone: spans in order, without overlaps, keys without the
 * table's prefix, the end left out when it is the end of the start's prefix.
 * SOURCE: CockroachDB v20.1 pkg/sql/partition_utils.go, GenerateSubzoneSpans. */
#include "config.h"

#include "executor/schema/zone.h"

#include "catalog/partition.h"
#include "catalog/pb.h"
#include "catalog/row.h"
#include "types/keyenc.h"

struct piece {
    struct slice start, end;
    int32_t subzone;
};

struct cover {
    struct exec_ctx *x;
    const struct table *t;
    const Amberdb__ZoneConfig *z;
    size_t prefix_len;         /* of the table's own key */
    size_t n;
    struct piece *v;           /* sorted */
};

static int32_t
subzone_number(const struct cover *c, uint32_t index_id, const char *partition)
{
    for (size_t i = 0; i < c->z->n_subzones; i++)
        if (PB_GET(c->z->subzones[i], index_id) == index_id &&
            strcmp(pb_str(c->z->subzones[i]->partition_name), partition) == 0)
            return (int32_t)i;
    return -1;
}

/* The new piece wins over what is there. */
static void
overlay(struct cover *c, struct slice start, struct slice end, int32_t subzone)
{
    struct arena *a = c->x->arena;
    struct piece *out = ARENA_ARRAY(a, struct piece, 2 * c->n + 2);
    size_t n = 0;
    bool placed = false;
    for (size_t i = 0; i < c->n; i++) {
        struct piece p = c->v[i];
        if (slice_cmp(p.end, start) <= 0) {
            out[n++] = p;
            continue;
        }
        if (slice_cmp(p.start, start) < 0)
            out[n++] = (struct piece){p.start, start, p.subzone};
        if (!placed)
            out[n++] = (struct piece){start, end, subzone};
        placed = true;
        if (slice_cmp(p.end, end) > 0)
            out[n++] = (struct piece){slice_cmp(p.start, end) > 0 ? p.start : end, p.end,
                                      p.subzone};
    }
    if (!placed)
        out[n++] = (struct piece){start, end, subzone};
    c->v = out;
    c->n = n;
}

static struct error *
key_of(struct cover *c, const struct index *ix, const struct datum *vals, int n, bool end,
       struct slice *out)
{
    struct str s;
    str_init_arena(&s, c->x->arena, STR_MAX_DEFAULT);
    if (n == 0)
        row_index_prefix(&s, c->t, ix);
    else
        ERR_TRY(row_key_prefix(&s, c->t, ix, vals, n));
    if (end && !key_prefix_end(&s))
        return err_new(ERR_INTERNAL, "a key prefix has no end");
    ERR_TRY(str_error(&s));
    struct slice whole = str_slice(&s);
    *out = (struct slice){whole.ptr + c->prefix_len, whole.len - c->prefix_len};
    return NULL;
}

/* Values of the columns before a subpartitioning, then a tuple's. */
static struct error *
tuple_key(struct cover *c, const struct index *ix, const struct datum *outer, int n_outer, int n,
          struct slice bytes, bool range_bound, struct datum *vals, int *n_vals, struct slice *start)
{
    struct partition_tuple tup;
    ERR_TRY(partition_tuple_decode(c->x->arena, c->t, ix, n_outer, n, bytes, &tup));
    if (n_outer > 0)
        memcpy(vals, outer, (size_t)n_outer * sizeof(*vals));
    memcpy(vals + n_outer, tup.datums, (size_t)tup.n_datums * sizeof(*vals));
    *n_vals = n_outer + tup.n_datums;
    bool end = range_bound && tup.n_special > 0 && tup.special == PARTITION_MAXVALUE;
    return key_of(c, ix, vals, *n_vals, end, start);
}

/* DEFAULT values first, so that more specific ones lie over them; subpartitions over their parent. */
static struct error *
partitions(struct cover *c, const struct index *ix, const Amberdb__PartitioningDescriptor *p,
           const struct datum *outer, int n_outer)
{
    int n = p != NULL ? (int)PB_GET(p, num_columns) : 0;
    if (n == 0 || n > ix->n_keys - n_outer)
        return NULL;
    struct datum *vals = ARENA_ARRAY(c->x->arena, struct datum, (size_t)ix->n_keys + 1);
    struct slice start, end;
    int n_vals;
    for (int given = 0; given <= n; given++)
        for (size_t i = 0; i < p->n_list; i++) {
            int32_t subzone = subzone_number(c, ix->id, pb_str(p->list[i]->name));
            for (size_t k = 0; k < p->list[i]->n_values; k++) {
                ERR_TRY(tuple_key(c, ix, outer, n_outer, n, pb_bytes(p->list[i]->values[k]), false,
                                  vals, &n_vals, &start));
                if (n_vals - n_outer != given)
                    continue;
                ERR_TRY(key_of(c, ix, vals, n_vals, true, &end));
                if (subzone >= 0)
                    overlay(c, start, end, subzone);
                if (given == n)
                    ERR_TRY(partitions(c, ix, p->list[i]->subpartitioning, vals, n_vals));
            }
        }
    for (size_t i = 0; i < p->n_range; i++) {
        int32_t subzone = subzone_number(c, ix->id, pb_str(p->range[i]->name));
        ERR_TRY(tuple_key(c, ix, outer, n_outer, n, pb_bytes(p->range[i]->from_inclusive), true,
                          vals, &n_vals, &start));
        ERR_TRY(tuple_key(c, ix, outer, n_outer, n, pb_bytes(p->range[i]->to_exclusive), true,
                          vals, &n_vals, &end));
        if (subzone >= 0)
            overlay(c, start, end, subzone);
    }
    return NULL;
}

struct error *
zone_spans(struct exec_ctx *x, const struct table *t, Amberdb__ZoneConfig *z)
{
    struct cover c = {.x = x, .t = t, .z = z};
    c.prefix_len = row_table_span(x->arena, t->id).start.len;
    z->n_subzone_spans = 0;
    for (int i = 0; i < t->n_indexes; i++) {
        const struct index *ix = &t->indexes[i];
        int32_t subzone = subzone_number(&c, ix->id, "");
        struct slice start, end;
        if (ix->pb->interleave != NULL && ix->pb->interleave->n_ancestors > 0)
            continue;
        ERR_TRY(key_of(&c, ix, NULL, 0, false, &start));
        ERR_TRY(key_of(&c, ix, NULL, 0, true, &end));
        if (subzone >= 0)
            overlay(&c, start, end, subzone);
        ERR_TRY(partitions(&c, ix, ix->pb->partitioning, NULL, 0));
    }
    for (size_t i = 0; i < c.n; i++) {
        Amberdb__SubzoneSpan *s = PB_NEW(x->arena, SubzoneSpan, subzone_span);
        struct str prefix;
        pb_set_bytes(x->arena, &s->key, &s->has_key, c.v[i].start);
        str_init_arena(&prefix, x->arena, STR_MAX_DEFAULT);
        str_append_slice(&prefix, c.v[i].start);
        if (!key_prefix_end(&prefix) || !slice_eq(str_slice(&prefix), c.v[i].end))
            pb_set_bytes(x->arena, &s->end_key, &s->has_end_key, c.v[i].end);
        PB_SET(s, subzone_index, c.v[i].subzone);
        PB_PUSH(x->arena, z->subzone_spans, z->n_subzone_spans, s);
    }
    return NULL;
}
