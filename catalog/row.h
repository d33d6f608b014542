/* catalog/row.h - rows as key-value pairs and back, by the table's descriptor.
 *
 * SOURCE: kv-encoding 6 to 10 (primary and secondary indexes, families, inverted, interleaved,
 * old STORING, composite values, sequences). A row here is an array of datums by column ordinal of
 * struct table (all columns, mutations included).
 */
#ifndef AMBERDB_CATALOG_ROW_H
#define AMBERDB_CATALOG_ROW_H

#include "catalog/desc.h"
#include "storage/txn.h"
#include "types/datum.h"

/* ---- keys ---- */

/* Table and index prefix with interleave ancestors as far as they have no columns: for a plain
 * index: table id, index id. */
void row_index_prefix(struct str *s, const struct table *t, const struct index *ix);
struct span row_index_span(struct arena *a, const struct table *t, const struct index *ix);
struct span row_table_span(struct arena *a, uint32_t table_id);
/* Key up to the first n_vals key columns (n_vals <= n_keys; vals[i] is that of keys[i]), ancestors'
 * parts and 0xfe sentinels where they belong, no family suffix. For constraints: also usable as a
 * prefix. */
/* A whole key but for the family suffix, extra columns where they belong; row by ordinal. Not for
 * inverted indexes. */
struct error *row_key(struct str *s, const struct table *t, const struct index *ix,
                      const struct datum *row) ERR_MUST_USE;
struct error *row_key_prefix(struct str *s, const struct table *t, const struct index *ix,
                             const struct datum *vals, int n_vals) ERR_MUST_USE;
void row_family_suffix(struct str *s, uint32_t family_id);

/* ---- writing ---- */

typedef struct error *(*row_emit_fn)(void *arg, struct slice key, struct slice value);

/* Every pair of the row in this index: sealed values. For a primary index one per non-empty family,
 * for a secondary one or more, for an inverted one per element. row: by ordinal, NULLs included. */
struct error *row_encode(struct arena *scratch, const struct table *t, const struct index *ix,
                         const struct datum *row, row_emit_fn emit, void *arg) ERR_MUST_USE;
/* Only the keys (deletions): value slices are empty. */
struct error *row_encode_keys(struct arena *scratch, const struct table *t, const struct index *ix,
                              const struct datum *row, row_emit_fn emit, void *arg) ERR_MUST_USE;

/* ---- reading ---- */

struct row_decoder;

struct row_decoder_opts {
    const struct table *table;
    const struct index *index;
    const bool *needed;  /* by ordinal; columns not needed are not decoded (their datums untouched) */
    bool exact_zero;     /* a FLOAT's zero in a key is +0 unless its value says -0 (a descending key
                            alone reads as -0): for rows that will be written again */
};

/* In the arena. One thread at a time. */
struct error *row_decoder_create(struct arena *a, const struct row_decoder_opts *o,
                                 struct row_decoder **out) ERR_MUST_USE;
/* Feed the pairs of a scan in key order. *starts_new: this pair began another row: the needed
 * columns of row were set to NULL before it was read (so a caller that still wants the row before
 * asks row_continues first, and passes another array here). Pairs of other tables (interleaved) set
 * *skip. Datums borrow from key and value bytes where they can; what must be unescaped or built is
 * allocated in data. The caller copies bytes that the scan will overwrite (or keeps batches of
 * borrowed entries). Bytes that are no row of the index: XX001. */
struct error *row_decode(struct row_decoder *d, struct slice key, struct slice value,
                         struct arena *data, struct datum *row, bool *starts_new, bool *skip)
    ERR_MUST_USE;
/* Does this pair belong to the row begun last (or to another table's row, to be skipped)? Always
 * false after a reset and for single pairs. */
bool row_continues(const struct row_decoder *d, struct slice key);
/* Before the first pair and after a row was taken. */
void row_decoder_reset(struct row_decoder *d);
/* Does each pair make a row (single family or inverted, not interleaved)? Then starts_new is always
 * true and no look-ahead is needed. Entries of an inverted index give the columns behind the
 * element; the indexed column stays NULL. */
bool row_decoder_single_pair(const struct row_decoder *d);
/* Can the span hold one key of the index only? Then that key. */
bool row_decoder_only_key(const struct row_decoder *d, struct span s, struct str *key);
/* Scans use this to tell two rows' keys apart: length of the key without its family suffix. */
struct error *row_key_length(const struct row_decoder *d, struct slice key, size_t *len)
    ERR_MUST_USE;

/* ---- sequences ---- */
void row_sequence_key(struct str *s, uint32_t sequence_id);
void row_sequence_value(struct str *s, struct slice key, int64_t stored); /* sealed */
struct error *row_sequence_decode(struct slice value, int64_t *stored) ERR_MUST_USE;

#endif
