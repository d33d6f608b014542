/* storage/sst.h - the data files of backups: LevelDB-format block tables of MVCC keys.
 *
 * SOURCE: backup-format 6, storage-notes 1-3. Both are our own code because backups are what
 * amberdb is for. The reader takes both footers, verifies every block's checksum, and treats each
 * byte as hostile: XX001 with the file's name, never a crash, never fewer rows without an error.
 */
#ifndef AMBERDB_STORAGE_SST_H
#define AMBERDB_STORAGE_SST_H

#include "storage/engine.h"

/* ---- reading ---- */

struct sst_reader;
struct sst_iter;

struct sst_props {
    uint64_t num_entries, raw_key_size, raw_value_size;
    bool has_bounds;
    struct hlc ts_min, ts_max;
    bool one_sequence;      /* written to be ingested: the store keeps the sequence number of all */
    bool compression_known; /* the file names a compression that the readers unpack */
};

/* Random access to a file's bytes: a whole file in memory, a mapped file, or ranged reads of a
 * sink. read must fill exactly len bytes at offset (checked against size by the caller). */
struct sst_source {
    void *arg;
    uint64_t size;
    const uint8_t *mem; /* not NULL: all bytes are here and read is not called */
    struct error *(*read)(void *arg, uint64_t offset, size_t len, uint8_t *out);
};

/* name: for messages, copied. The source must outlive the reader; arg is not owned. Holds at most
 * the index block and the blocks of open iterators. */
struct error *sst_reader_open(const char *name, const struct sst_source *src,
                              struct sst_reader **out) ERR_MUST_USE;
void sst_reader_close(struct sst_reader *r);
const struct sst_props *sst_reader_props(const struct sst_reader *r);
/* For many seeks: find blocks by halving. Before iterators are open. */
struct error *sst_reader_index(struct sst_reader *r) ERR_MUST_USE;
struct error *sst_iter_open(struct sst_reader *r, struct sst_iter **out) ERR_MUST_USE;
/* First entry with key >= key (any timestamp). An empty key: the start. */
struct error *sst_iter_seek(struct sst_iter *it, struct slice key) ERR_MUST_USE;
struct error *sst_iter_next(struct sst_iter *it, struct engine_version *v, bool *more) ERR_MUST_USE;
/* The entry shown last is another version of the key before it. */
bool sst_iter_same_key(const struct sst_iter *it);
void sst_iter_close(struct sst_iter *it);
/* A key before `key`, no more than about a block of entries away from it; appended to out. Nothing: the
 * file's first block reaches it. For walking backwards. */
struct error *sst_reader_before(const struct sst_reader *r, struct slice key, struct str *out)
    ERR_MUST_USE;
/* Keys, rising, that part the file's blocks into `pieces` of about the same number; fewer where there are few
 * blocks. In the arena. They need not be keys of entries. */
struct error *sst_reader_cuts(const struct sst_reader *r, struct arena *a, size_t pieces,
                              struct slice **out, size_t *n) ERR_MUST_USE;

/* ---- writing ---- */

struct sst_writer;

/* Where bytes go, in order; called with large pieces. */
typedef struct error *(*sst_sink_fn)(void *arg, const void *ptr, size_t len);

struct sst_writer_opts {
    bool no_compression;
    bool for_ingest; /* may use what RocksDB reads and CockroachDB does not; else 20.1's bytes */
};

struct error *sst_writer_open(const struct sst_writer_opts *o, sst_sink_fn sink, void *arg,
                              struct sst_writer **out) ERR_MUST_USE;
/* Strictly increasing (key ascending, ts descending): XX000 otherwise. */
struct error *sst_writer_add(struct sst_writer *w, struct slice key, struct hlc ts,
                             struct slice value) ERR_MUST_USE;
/* Whether that may be added next. */
bool sst_writer_takes(const struct sst_writer *w, struct slice key, struct hlc ts);
/* The value added last, to be changed in place; until the next call. */
uint8_t *sst_writer_value(struct sst_writer *w);
/* The same entries as a finished block (engine_iter_block), which is stored as it is. */
struct error *sst_writer_add_block(struct sst_writer *w, const struct engine_version *v, size_t n,
                                   struct slice block) ERR_MUST_USE;
uint64_t sst_writer_entries(const struct sst_writer *w);
uint64_t sst_writer_bytes(const struct sst_writer *w); /* logical: keys and values so far */
struct error *sst_writer_finish(struct sst_writer *w) ERR_MUST_USE; /* then still close */
void sst_writer_close(struct sst_writer *w);

#endif
