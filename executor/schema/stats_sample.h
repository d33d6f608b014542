/* executor/schema/stats_sample.h - what one pass over a table's rows leaves for its statistics.
 *
 * Memory is bounded whatever the table holds: of each list of columns its distinct values, exactly up to
 * some thousands and else as a guess, and a random sample of the values that histograms are made of.
 * Threads: one.
 */
#ifndef AMBERDB_EXECUTOR_SCHEMA_STATS_SAMPLE_H
#define AMBERDB_EXECUTOR_SCHEMA_STATS_SAMPLE_H

#include "catalog/desc.h"
#include "catalog/pb.h"
#include "types/datum.h"

struct stats_sample;

/* A list of columns, by ordinal; histogram: of a single column. */
struct stats_columns {
    const int *ordinals;
    int n;
    bool histogram;
};

struct stats_sample *stats_sample_create(struct arena *a, const struct table *t,
                                         const struct stats_columns *lists, int n);
void stats_sample_destroy(struct stats_sample *s); /* NULL is fine */
/* n rows: columns[i] is column i of the table, for those that the lists name; others are not looked at. */
struct error *stats_sample_add(struct stats_sample *s, struct datum *const *columns,
                               int n) ERR_MUST_USE;
uint64_t stats_sample_rows(const struct stats_sample *s);
/* Rows, distinct values (NULL is one), rows in which all columns of the list are NULL. */
void stats_sample_counts(const struct stats_sample *s, int list, int64_t counts[3]);
/* The histogram of a list, its memory from a; NULL where it has none, or only NULLs. */
Amberdb__HistogramData *stats_sample_histogram(struct stats_sample *s, struct arena *a, int list);

#endif
