/* regress/fuzz/fuzz_row.c - a row's pairs: byte 0 picks the index, then pairs of a length byte, that
 * many bytes of key, a length byte, that many of value. Whatever decodes from a primary index is
 * encoded again and decoded to the same. */
#include "config.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "catalog/build.h"
#include "catalog/pb.h"
#include "catalog/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define N_COLUMNS 12

static void
add_index(struct arena *a, pb_table *t, const char *name, bool unique, bool inverted,
          const char *c1, const char *c2, const char *store)
{
    pb_index *ix = build_index(a, name, unique);
    build_index_column(a, ix, c1, false);
    if (c2 != NULL)
        build_index_column(a, ix, c2, true);
    if (store != NULL)
        build_index_store(a, ix, store);
    if (inverted)
        PB_SET(ix, type, AMBERDB__INDEX_TYPE__INVERTED);
    PB_PUSH(a, t->indexes, t->n_indexes, ix);
}

static const struct table *
make_table(struct arena *a, bool interleaved)
{
    const struct type *types[N_COLUMNS] = {
        &TYPE_INT8,  &TYPE_STRING,    &TYPE_DECIMAL, &TYPE_FLOAT8, &TYPE_TIMESTAMP, &TYPE_INTERVAL,
        &TYPE_JSONB, &TYPE_INT8_ARRAY, &TYPE_INET,   &TYPE_UUID,   &TYPE_VARBIT,    &TYPE_TIMETZ};
    pb_table *pb = build_table(a, 50, "t");
    const struct table *t;

    PB_SET(pb, id, 53);
    for (int i = 0; i < N_COLUMNS; i++)
        PB_PUSH(a, pb->columns, pb->n_columns,
                build_column(a, arena_printf(a, "c%d", i), types[i], true));
    for (int f = 0; f < 3; f++) {
        Amberdb__ColumnFamilyDescriptor *fam = build_family(a, NULL);
        for (int i = 0; i < N_COLUMNS; i++)
            if (f == (i == 8 ? 2 : i % 2))
                PB_PUSH(a, fam->column_names, fam->n_column_names, arena_printf(a, "c%d", i));
        PB_PUSH(a, pb->families, pb->n_families, fam);
    }
    pb->primary_index = build_index(a, "primary", true);
    build_index_column(a, pb->primary_index, "c0", false);
    build_index_column(a, pb->primary_index, "c2", true);
    add_index(a, pb, "i1", false, false, "c1", "c3", "c6");
    add_index(a, pb, "i2", true, false, "c4", NULL, "c8");
    add_index(a, pb, "i3", false, true, "c6", NULL, NULL);
    add_index(a, pb, "i4", false, false, "c10", "c11", NULL);
    struct error *err = build_finish_table(a, pb);
    VERIFY(err == NULL);
    if (interleaved) {
        Amberdb__Ancestor *an = PB_NEW(a, Ancestor, ancestor);
        PB_SET(an, table_id, 52);
        PB_SET(an, index_id, 1);
        PB_SET(an, shared_prefix_len, 1);
        pb->primary_index->interleave = PB_NEW(a, InterleaveDescriptor, interleave_descriptor);
        PB_PUSH(a, pb->primary_index->interleave->ancestors,
                pb->primary_index->interleave->n_ancestors, an);
    }
    err = table_from_pb(a, pb, &t);
    VERIFY(err == NULL);
    return t;
}

struct again {
    struct arena *a;
    struct row_decoder *d;
    struct datum row[N_COLUMNS];
};

static struct error *
decode_again(void *arg, struct slice key, struct slice value)
{
    struct again *g = arg;
    bool starts_new, skip;
    struct slice k = slice_dup(g->a, key), v = slice_dup(g->a, value);
    struct error *err = row_decode(g->d, k, v, g->a, g->row, &starts_new, &skip);
    VERIFY(err == NULL && !skip);
    return NULL;
}

static void
there_and_back(struct arena *a, const struct table *t, const struct datum *row)
{
    struct row_decoder_opts o = {.table = t, .index = &t->indexes[0]};
    struct again g = {.a = a};
    struct error *err = row_decoder_create(a, &o, &g.d);
    VERIFY(err == NULL);
    err = row_encode(a, t, &t->indexes[0], row, decode_again, &g);
    if (err != NULL) { /* an interval that no key can hold */
        err_free(err);
        return;
    }
    for (int i = 0; i < N_COLUMNS; i++)
        VERIFY(datum_equal(t->columns[i].type, &row[i], &g.row[i]));
}

static struct slice
take(const uint8_t **data, size_t *size)
{
    size_t n = 0;
    if (*size > 0) {
        n = (*data)[0];
        ++*data;
        --*size;
        n = n < *size ? n : *size;
    }
    struct slice s = slice_make(*data, n);
    *data += n;
    *size -= n;
    return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct arena *a = arena_create(NULL, "fuzz");
    const struct table *t = make_table(a, data[0] & 8);
    int which = data[0] & 7;
    struct row_decoder_opts o = {.table = t, .index = &t->indexes[which % t->n_indexes]};
    struct row_decoder *d;
    struct datum row[N_COLUMNS];
    bool have = false, whole = true;
    struct error *err = row_decoder_create(a, &o, &d);
    VERIFY(err == NULL);
    for (int i = 0; i < N_COLUMNS; i++)
        row[i] = DATUM_NULL;
    for (data++, size--; size > 0;) {
        struct slice key = take(&data, &size), value = take(&data, &size);
        bool starts_new, skip;
        if (have && whole && o.index->primary && !row_continues(d, key))
            there_and_back(a, t, row);
        err = row_decode(d, key, value, a, row, &starts_new, &skip);
        if (err != NULL) {
            VERIFY(err_is(err, ERR_DATA_CORRUPTED));
            err_free(err);
            whole = false;
            continue;
        }
        if (starts_new)
            whole = true;
        have |= !skip;
    }
    if (have && whole && o.index->primary)
        there_and_back(a, t, row);
    arena_destroy(a);
    return 0;
}
