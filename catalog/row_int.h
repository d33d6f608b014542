/* catalog/row_int.h - how the rows of one index are laid out, computed once per descriptor.
 *
 * Inside catalog/ only. A plan is immutable and lives as long as its table.
 */
#ifndef AMBERDB_CATALOG_ROW_INT_H
#define AMBERDB_CATALOG_ROW_INT_H

#include "base/enc.h"
#include "catalog/row.h"

/* Keys are made of segments: the ancestors of an interleaved index, root first, then the index
 * itself. A plain index has one. Behind each segment but the last stands 0xfe. */
struct row_segment {
    struct slice ids; /* table id, index id, encoded */
    int first, n;     /* its columns: keys[first .. first+n) */
};

struct row_value_column {
    uint32_t id;
    int ordinal;
    bool only_composite; /* is in the key: written only when the key loses something */
};

struct row_family {
    uint32_t id;
    uint8_t suffix[ENC_UVARINT_MAX * 2];
    uint8_t suffix_len;
    bool untagged;       /* one column, written without tags */
    int default_ordinal; /* of default_column_id; -1 none */
    int n;
    struct row_value_column *columns; /* ascending ids */
};

struct row_plan {
    int n_segments;
    struct row_segment *segments;
    bool interleaved;    /* has ancestors or children: keys must be walked */
    int n_families;      /* [0] is family 0. Secondary: those of stored columns */
    struct row_family *families;
    bool extra_in_key;   /* always: the index is not unique */
    bool has_extra_keys; /* secondary and inverted: extra columns exist in key or value */
};

const struct row_plan *row_plan_build(struct arena *a, const struct table *t,
                                      const struct index *ix);
const struct row_plan *row_plan_of(struct arena *a, const struct table *t, const struct index *ix);

/* Work on descriptors is quadratic in places: XX001 for one far larger than any of use. */
struct error *table_pb_check_size(const pb_table *pb) ERR_MUST_USE;

#endif
