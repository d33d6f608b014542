/* executor/relational/table_reader.h - rows of an index, decoded: under scans, joins and mutations.
 *
 * Values given out are valid until the reader's next call. One thread.
 */
#ifndef AMBERDB_EXECUTOR_RELATIONAL_TABLE_READER_H
#define AMBERDB_EXECUTOR_RELATIONAL_TABLE_READER_H

#include "catalog/row.h"
#include "executor/exec.h"

struct table_reader;

/* needed: by column ordinal (n_all_columns). Lives in the arena. */
struct error *table_reader_create(struct exec_ctx *x, struct arena *a, const struct table *t,
                                  const struct index *ix, const bool *needed, bool lock,
                                  struct table_reader **out) ERR_MUST_USE;
/* Of scans only the first so many rows are locked: what is written of the others is locked then, and the
 * locks of a long scan with a filter would be many. Single rows, read by their keys, are always. */
void table_reader_lock_first(struct table_reader *r, int rows);
/* What is scanned is much, and not of interest again soon: it is not to push other rows out of the cache. */
void table_reader_scan_long(struct table_reader *r);
/* What is read does not count as read; who reads tracks what matters. */
void table_reader_no_track(struct table_reader *r);
/* Read these spans next, in the order given; each is borrowed until the reader moves past it. */
void table_reader_start(struct table_reader *r, const struct span *spans, int n, bool reverse);
/* The same of ascending, disjoint spans. Where many rows are wanted of those between the first and the last,
 * one scan finds them all. */
struct error *table_reader_start_sorted(struct table_reader *r, const struct span *spans, int n)
    ERR_MUST_USE;
/* Spans of the index that will be read soon: rows that are one key are fetched together, where the store
 * makes that cheaper (kv_prefetches). Of more spans than so many the rest is left. */
#define TABLE_READER_PREFETCH 128
struct error *table_reader_prefetch(struct table_reader *r, const struct span *spans, int n) ERR_MUST_USE;
/* Which of the spans the row that table_reader_next gave last is of. */
int table_reader_span(const struct table_reader *r);
/* Up to max rows (<= BATCH_ROWS): cols[i][k] = column ordinals[i] of row k. *n = 0 at the end. */
struct error *table_reader_batch(struct table_reader *r, int max, int n_out, const int *ordinals,
                                 struct datum **cols, int *n) ERR_MUST_USE;
/* Where each pair is a row: from now on, or no more, batches leave out what is not marked in `first`, until
 * table_reader_rest decodes it for the rows of the last batch that a filter has let pass. */
struct error *table_reader_put_off(struct table_reader *r, const bool *first) ERR_MUST_USE;
void table_reader_set_put_off(struct table_reader *r, bool on);
struct error *table_reader_rest(struct table_reader *r, int n_out, const int *ordinals,
                                struct batch *b) ERR_MUST_USE;
/* One row by ordinal; NULL at the end. */
struct error *table_reader_next(struct table_reader *r, const struct datum **row) ERR_MUST_USE;
/* The rows are noted in the session's trace as read by this operation; with spans those, too. Nothing
 * unless keys and values are traced. */
void table_reader_trace(struct table_reader *r, const char *operation, bool spans);
void table_reader_close(struct table_reader *r);

/* The span of all keys that start with n values of the index's key. */
struct error *index_prefix_span(struct arena *a, const struct table *t, const struct index *ix,
                                const struct datum *vals, int n, struct span *out) ERR_MUST_USE;

#endif
