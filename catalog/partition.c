#include "config.h"

#include "catalog/partition.h"

#include "catalog/pb.h"
#include "types/valueenc.h"

enum { ELEMENT_NOT_NULL = 2 };

#define MAX_DEPTH 32

static struct error *
bad(const struct index *ix, const char *what)
{
    return err_new(ERR_DATA_CORRUPTED, "partitioning of index \"%s\": %s", ix->name, what);
}

struct error *
partition_tuple_decode(struct arena *a, const struct table *t, const struct index *ix, int first,
                       int n, struct slice bytes, struct partition_tuple *out)
{
    struct reader r = reader_make(bytes);
    *out = (struct partition_tuple){0};
    if (n <= 0 || first < 0 || n > ix->n_keys - first)
        return bad(ix, "more columns than the index has");
    struct datum *v = ARENA_ARRAY(a, struct datum, (size_t)n);
    out->datums = v;
    for (int i = 0; i < n; i++) {
        uint32_t delta, element;
        ERR_TRY(value_get_tag(&r, &delta, &element));
        if (element == ELEMENT_NOT_NULL) {
            unsigned code = reader_u8(&r); /* a non-sorting uvarint, but none is above 2 */
            if (r.failed || code > PARTITION_MINVALUE ||
                (out->n_special > 0 && out->special != (enum partition_special)code))
                return bad(ix, "unexpected special value");
            out->special = (enum partition_special)code;
            out->n_special++;
            continue;
        }
        if (out->n_special > 0)
            return bad(ix, "a value behind a special one");
        const struct type *type = t->columns[ix->keys[first + i]].type;
        ERR_TRY(value_get_body(&r, a, element, type, &v[out->n_datums++]));
    }
    if (reader_left(&r) > 0)
        return bad(ix, "more bytes than a tuple has");
    return NULL;
}

struct error *
partition_tuple_encode(struct str *s, const struct table *t, const struct index *ix, int first,
                       const struct partition_tuple *tuple)
{
    for (int i = 0; i < tuple->n_datums; i++)
        ERR_TRY(value_put_element(s, 0, t->columns[ix->keys[first + i]].type, &tuple->datums[i]));
    for (int i = 0; i < tuple->n_special; i++) {
        str_append_char(s, ELEMENT_NOT_NULL);
        str_append_char(s, (char)tuple->special);
    }
    return str_error(s);
}

void
partition_tuple_format(struct str *s, const struct table *t, const struct index *ix, int first,
                       const struct partition_tuple *tuple)
{
    static const char *const names[] = {"DEFAULT", "MAXVALUE", "MINVALUE"};
    struct eval_env env = {.arena = s->arena};

    str_append_char(s, '(');
    for (int i = 0; i < tuple->n_datums + tuple->n_special; i++) {
        if (i > 0)
            str_append_cstr(s, ", ");
        if (i < tuple->n_datums)
            datum_format_sql(s, t->columns[ix->keys[first + i]].type, &tuple->datums[i], false,
                             &env);
        else
            str_append_cstr(s, names[tuple->special]);
    }
    str_append_char(s, ')');
}

/* ---- validation ---- */

/* Compares bounds; a special value is below or above every datum. */
static int
compare_bounds(const struct table *t, const struct index *ix, int first,
               const struct partition_tuple *x, const struct partition_tuple *y)
{
    int n = x->n_datums + x->n_special;
    for (int i = 0; i < n; i++) {
        bool xs = i >= x->n_datums, ys = i >= y->n_datums;
        int xv = !xs ? 0 : x->special == PARTITION_MINVALUE ? -1 : 1;
        int yv = !ys ? 0 : y->special == PARTITION_MINVALUE ? -1 : 1;
        if (xs && ys)
            return (xv > yv) - (xv < yv);
        if (xv != yv)
            return xv < yv ? -1 : 1;
        int c = datum_compare(t->columns[ix->keys[first + i]].type, &x->datums[i], &y->datums[i]);
        if (c != 0)
            return c;
    }
    return 0;
}

struct names {
    struct arena *a;
    const char **v;
    size_t n, cap;
};

static struct error *
add_name(struct names *names, const struct index *ix, const char *name)
{
    if (name == NULL || name[0] == '\0')
        return bad(ix, "a partition without a name");
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->v[i], name) == 0)
            return err_new(ERR_DATA_CORRUPTED,
                           "PARTITION %s: name must be unique (used twice in index \"%s\")", name,
                           ix->name);
    if (names->n == names->cap) {
        size_t cap = names->cap == 0 ? 16 : names->cap * 2;
        names->v = arena_realloc(names->a, names->v, names->cap * sizeof(*names->v),
                                 cap * sizeof(*names->v));
        names->cap = cap;
    }
    names->v[names->n++] = name;
    return NULL;
}

static struct error *
validate_ranges(struct names *names, const struct table *t, const struct index *ix, int first,
                const Amberdb__PartitioningDescriptor *p)
{
    int n = (int)PB_GET(p, num_columns);
    struct partition_tuple last_to = {0};
    for (size_t i = 0; i < p->n_range; i++) {
        const Amberdb__PartitionRange *r = p->range[i];
        struct partition_tuple from, to;
        ERR_TRY(add_name(names, ix, r->name));
        ERR_TRY(partition_tuple_decode(names->a, t, ix, first, n, pb_bytes(r->from_inclusive),
                                       &from));
        ERR_TRY(partition_tuple_decode(names->a, t, ix, first, n, pb_bytes(r->to_exclusive), &to));
        if (compare_bounds(t, ix, first, &from, &to) >= 0)
            return bad(ix, "an empty range");
        if (i > 0 && compare_bounds(t, ix, first, &last_to, &from) > 0)
            return bad(ix, "ranges overlap");
        last_to = to;
    }
    return NULL;
}

static struct error *
validate_level(struct names *names, const struct table *t, const struct index *ix, int first,
               const Amberdb__PartitioningDescriptor *p, int depth)
{
    int64_t n = p == NULL ? 0 : PB_GET(p, num_columns);
    if (n == 0)
        return NULL;
    if (depth > MAX_DEPTH || n > ix->n_keys - first)
        return bad(ix, "more columns than the index has");
    if ((p->n_list > 0) == (p->n_range > 0))
        return bad(ix, "neither by list nor by range");
    for (size_t i = 0; i < p->n_list; i++) {
        const Amberdb__PartitionList *l = p->list[i];
        struct partition_tuple tuple;
        ERR_TRY(add_name(names, ix, l->name));
        if (l->n_values == 0)
            return bad(ix, "a partition without values");
        for (size_t j = 0; j < l->n_values; j++)
            ERR_TRY(partition_tuple_decode(names->a, t, ix, first, (int)n, pb_bytes(l->values[j]),
                                           &tuple));
        ERR_TRY(validate_level(names, t, ix, first + (int)n, l->subpartitioning, depth + 1));
    }
    return validate_ranges(names, t, ix, first, p);
}

struct error *
partitioning_validate(const struct table *t, const struct index *ix)
{
    const Amberdb__PartitioningDescriptor *p = ix->pb->partitioning;
    if (p == NULL || PB_GET(p, num_columns) == 0)
        return NULL;
    if (ix->pb->interleave != NULL && ix->pb->interleave->n_ancestors > 0)
        return bad(ix, "an interleaved index cannot be partitioned");
    struct arena *a = arena_create(NULL, "partitions");
    struct names names = {.a = a};
    struct error *e = validate_level(&names, t, ix, 0, p, 0);
    arena_destroy(a);
    return e;
}
