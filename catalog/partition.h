/* catalog/partition.h - the tuples of values that bound partitions.
 *
 * SOURCE: backup-format 3.2, PartitioningDescriptor (CockroachDB v20.1
 * pkg/sql/sqlbase/partition.go). A tuple is the value encodings of its datums one after another;
 * DEFAULT, MINVALUE and MAXVALUE are a NOT NULL tag and a code, and nothing but the same may follow.
 */
#ifndef AMBERDB_CATALOG_PARTITION_H
#define AMBERDB_CATALOG_PARTITION_H

#include "catalog/desc.h"
#include "types/datum.h"

enum partition_special { /* as on disk */
    PARTITION_DEFAULT = 0,
    PARTITION_MAXVALUE = 1,
    PARTITION_MINVALUE = 2,
};

struct partition_tuple {
    int n_datums;
    const struct datum *datums;  /* of the columns from `first` on */
    int n_special;               /* how many special values follow */
    enum partition_special special;
};

/* first: the ordinal within index->keys of the partitioning's first column (more than 0 for
 * subpartitions); n: its number of columns. */
struct error *partition_tuple_decode(struct arena *a, const struct table *t,
                                     const struct index *ix, int first, int n, struct slice bytes,
                                     struct partition_tuple *out) ERR_MUST_USE;
struct error *partition_tuple_encode(struct str *s, const struct table *t, const struct index *ix,
                                     int first, const struct partition_tuple *tuple) ERR_MUST_USE;
/* (1, 'a', DEFAULT) */
void partition_tuple_format(struct str *s, const struct table *t, const struct index *ix,
                            int first, const struct partition_tuple *tuple);
/* Names unique in the index, list or range, tuples readable, ranges in order, not on interleaved
 * children. XX001. */
struct error *partitioning_validate(const struct table *t, const struct index *ix) ERR_MUST_USE;

#endif
