/* executor/relational/rel_int.h - shared by the operators: kept rows, spilling, hashing. */
#ifndef AMBERDB_EXECUTOR_RELATIONAL_REL_INT_H
#define AMBERDB_EXECUTOR_RELATIONAL_REL_INT_H

#include "executor/exec.h"

/* What an operator may hold before it spills: a part of --max-sql-memory. */
size_t rel_memory_limit(const struct exec_ctx *x);

/* ---- rows kept: in memory first, in a file of the node's temp_dir past the limit ------------ */

struct row_store;
struct row_reader;
/* types: n_cols of them, borrowed. Closed with the arena. limit 0: rel_memory_limit. */
struct row_store *row_store_create(struct exec_ctx *x, struct arena *a, int n_cols,
                                   const struct type *const *types, size_t limit);
struct error *row_store_add(struct row_store *s, const struct datum *row) ERR_MUST_USE;
struct error *row_store_add_batch(struct row_store *s, const struct batch *b) ERR_MUST_USE;
int64_t row_store_count(const struct row_store *s);
size_t row_store_bytes(const struct row_store *s);
void row_store_close(struct row_store *s); /* also by its arena; frees memory and file */
/* Readers: any number, after the last add. */
struct row_reader *row_reader_open(struct row_store *s, struct arena *a);
/* Decodes the next row into row[0..n_cols); valid until the next call. */
struct error *row_reader_next(struct row_reader *r, struct datum *row, bool *more) ERR_MUST_USE;
/* Up to BATCH_ROWS rows into b's vectors (batch_init'ed); valid until the next call. */
struct error *row_reader_batch(struct row_reader *r, struct batch *b) ERR_MUST_USE;

/* One datum as bytes and back, whatever its type. Decoded datums borrow from the bytes where they can;
 * the rest is allocated in a. */
void datum_pack(struct str *s, const struct type *t, const struct datum *d);
struct error *datum_unpack(const uint8_t **p, const uint8_t *end, const struct type *t,
                           struct arena *a, struct datum *out) ERR_MUST_USE;

/* ---- hash table of rows by key -------------------------------------------------------------- */

/* Open addressing over entries the caller allocates; an entry begins with struct hash_entry. */
struct hash_entry {
    uint64_t hash;
    struct hash_entry *next; /* same bucket */
};
struct row_hash {
    struct hash_entry **buckets;
    size_t n_buckets, n;
    struct arena *arena;
};
void row_hash_init(struct row_hash *h, struct arena *a);
void row_hash_add(struct row_hash *h, struct hash_entry *e);
/* Turns all buckets, which are newest first, around; once, and nothing is added afterwards. */
void row_hash_oldest_first(struct row_hash *h);
static inline struct hash_entry *
row_hash_bucket(const struct row_hash *h, uint64_t hash)
{
    return h->buckets[hash & (h->n_buckets - 1)];
}

/* hashes[i .. n) will be looked up one after the other: ask memory for what the next ones will touch.
 * Always inline: gcc takes a function that only prefetches for one without effect, and drops its calls. */
static inline __attribute__((always_inline)) void
row_hash_ahead(const struct row_hash *h, const uint64_t *hashes, int i, int n)
{
    if (i + 16 < n)
        __builtin_prefetch(&h->buckets[hashes[i + 16] & (h->n_buckets - 1)]);
    if (i + 8 < n) {
        const struct hash_entry *e = row_hash_bucket(h, hashes[i + 8]);
        __builtin_prefetch(e);
        __builtin_prefetch((const char *)e + 64);
    }
}

uint64_t row_key_hash(const struct datum *key, int n, const struct type *const *types,
                      uint64_t seed);
bool row_key_equal(const struct datum *a, const struct datum *b, int n,
                   const struct type *const *types);

/* ---- sorting -------------------------------------------------------------------------------- */

/* External sort of whole rows; stable. */
struct row_sorter;
struct row_sorter *row_sorter_create(struct exec_ctx *x, struct arena *a, int n_cols,
                                     const struct type *const *types, int n_keys,
                                     const struct plan_order *keys, int64_t top_k);
struct error *row_sorter_add_batch(struct row_sorter *s, const struct batch *b) ERR_MUST_USE;
struct error *row_sorter_add(struct row_sorter *s, const struct datum *row) ERR_MUST_USE;
struct error *row_sorter_finish(struct row_sorter *s) ERR_MUST_USE;
/* Rows in order; b's vectors; n = 0 at the end. Valid until the next call. */
struct error *row_sorter_batch(struct row_sorter *s, struct batch *b) ERR_MUST_USE;
struct error *row_sorter_next(struct row_sorter *s, const struct datum **row) ERR_MUST_USE;
void row_sorter_close(struct row_sorter *s);

/* ---- small helpers -------------------------------------------------------------------------- */

const struct type *const *plan_types(struct arena *a, const struct plan_node *n);
/* Copy row i of a batch (missing columns become NULL) to a datum array; borrows. */
void batch_get_row(const struct batch *b, int i, struct datum *row);
/* Begin a new output batch of an op: resets its arena, n = 0, sel = NULL. */
void op_begin_batch(struct op *o);
/* Append a row, copied into the op's batch arena. */
void op_put_row(struct op *o, const struct datum *row);
/* INT expression for LIMIT and the like: *null set for NULL. */
struct error *op_eval_int(struct op *o, const struct expr *e, int64_t *out, bool *null) ERR_MUST_USE;

/* Before a scan of a whole index is opened. scan_output_of_key: which of its output columns is the index's
 * k-th; -1: none, or o is no such scan. scan_narrow: it will read, once, only what starts with one of n
 * keys, each the values of the first n_keys columns; a lives until it is closed. */
int scan_output_of_key(const struct op *o, int k);
struct error *scan_narrow(struct op *o, struct arena *a, const struct datum *keys, int n_keys, int n)
    ERR_MUST_USE;
/* In the session's trace the scan's rows are deleted by their spans. */
void scan_trace_deletes(struct op *o);

/* The spans of a scan that is not open, for EXPLAIN; *none: nothing can match. */
struct error *scan_spans_text(struct op *o, struct str *out, bool *none) ERR_MUST_USE;

/* All makers: executor/exec.c dispatches by kind. */
#define X(K, k, name)                                                                       \
    struct error *make_##k(struct exec_ctx *x, struct exec_state *st,                       \
                           const struct plan_node *n, struct op **out) ERR_MUST_USE;
PLAN_KINDS(X)
#undef X

#endif
