/* executor/backup/restore_int.h - what the parts of RESTORE share. */
#ifndef AMBERDB_EXECUTOR_BACKUP_RESTORE_INT_H
#define AMBERDB_EXECUTOR_BACKUP_RESTORE_INT_H

#include "executor/backup/backup_int.h"

struct rewrite {
    uint32_t old_id, new_id, new_parent; /* databases: parent 0 */
    bool database;
};
struct rewrites {
    struct rewrite *v; /* by old id */
    size_t n;
};
const struct rewrite *rewrite_of(const struct rewrites *r, uint32_t old_id); /* NULL: none */

struct restore_skips {
    bool foreign_keys, sequences, sequence_owners, views;
};

struct db_rename {
    const char *old_name, *new_name;
};

struct restore_plan {
    struct arena *a;
    struct node *node;
    struct backup_chain chain;
    struct hlc as_of;             /* empty: the end of the last layer */
    bool cluster;
    const char *into_db;          /* NULL */
    const char *new_db_name;      /* NULL */
    size_t n_renames;             /* of databases in views; else into_db or new_db_name is meant */
    const struct db_rename *renames;
    bool schema_only, verify_data;
    struct restore_skips skips;
    struct desc_list all;         /* descriptors at that time */
    struct resolved sel;          /* those to restore, old ids */
    /* made anew by each attempt of the transaction: */
    struct rewrites rewrites;
    struct desc_list new_dbs;     /* databases to create, new ids */
    uint32_t next_id, ids_left;   /* taken from the catalog together */
    pb_table **tables;            /* to create: sel.tables in the same order, rewritten */
    size_t n_tables;
};

struct layer_uris {
    const struct ast_uri_layers *from;
    bool latest;
    const struct ast_expr *subdir; /* NULL */
    const char *op;                /* "RESTORE", for errors */
};

/* ---- restore_plan.c: dependencies, names, ids ---- */

struct error *restore_check_dependencies(struct restore_plan *p) ERR_MUST_USE;
/* In the transaction that will create everything. */
struct error *restore_assign_ids(struct exec_ctx *x, struct restore_plan *p) ERR_MUST_USE;
/* The next of p's new ids; where there is none left, that many are taken. */
struct error *restore_take_id(struct exec_ctx *x, struct restore_plan *p, size_t wanted, uint32_t *id)
    ERR_MUST_USE;
/* Checks of a cluster restore: 1 layer kind, 2 emptiness. */
struct error *restore_check_cluster(struct exec_ctx *x, const struct restore_plan *p) ERR_MUST_USE;

/* ---- restore_desc.c: descriptors under their new ids ---- */

/* What indexes say of those that they are interleaved with. */
void restore_rewrite_indexes(const struct rewrites *r, pb_table *t);

/* p->tables from sel.tables. db_name: new database name for views with into_db. */
struct error *restore_rewrite_tables(struct restore_plan *p) ERR_MUST_USE;

/* ---- restore_fetch.c: files brought ahead of their use ---- */

struct fetcher;
struct fetcher *fetcher_create(struct arena *a, size_t n_files, const struct cancel *cancel);
/* One use of the file, in the order of uses. Files that are mapped where they lie are not brought. */
void fetcher_add(struct fetcher *f, const struct cover_file *cf);
struct error *fetcher_start(struct fetcher *f) ERR_MUST_USE;
bool fetcher_has(const struct fetcher *f, const struct cover_file *cf);
/* Waits for the file. False: it is none of them, or could not be read. True is one more use of it. */
bool fetch_hold(struct fetcher *f, const struct cover_file *cf, struct slice *map);
void fetch_release(struct fetcher *f, const struct cover_file *cf); /* one use less */
void fetcher_destroy(struct fetcher *f);

/* ---- restore_keys.c: keys and values under their new ids ---- */

struct key_rewriter;
/* tables: old descriptors. Shared by threads once made. */
struct error *key_rewriter_create(struct arena *a, const struct rewrites *r,
                                  pb_table *const *tables, size_t n, struct key_rewriter **out)
    ERR_MUST_USE;
/* Per thread: buffers and the last prefix. */
struct key_rewrite_state {
    const struct key_rewriter *kr;
    struct str key, value;
    struct str old_prefix, new_prefix; /* of the index seen last; plain ones only */
    bool prefix_known;                /* and the key in hand begins with it */
    bool same_index;                  /* nor is it of another index than the key before */
    uint32_t *shifts;                 /* shift_of, those that were needed yet */
    size_t n_shifts;
};
/* A bound of a scan, which may end within a key, under the other ids; these must be in the same order
 * as the ones that they replace. Appended to out. */
struct error *key_rewrite_bound(const struct key_rewriter *kr, struct slice bound, struct str *out)
    ERR_MUST_USE;
void key_rewrite_init(struct key_rewrite_state *s, const struct key_rewriter *kr, struct arena *a);
/* *keep false: the pair belongs to nothing that is restored. Results live until the next call. */
struct error *key_rewrite_key(struct key_rewrite_state *s, struct slice key, struct slice *new_key,
                              bool *keep) ERR_MUST_USE;
/* A copy of its value, made to fit the key that came out last. A wrong checksum stays wrong. */
struct error *key_rewrite_seal(struct key_rewrite_state *s, uint8_t *value, size_t len,
                               struct slice new_key) ERR_MUST_USE;
/* Both. */
struct error *key_rewrite(struct key_rewrite_state *s, struct slice key, struct slice value,
                          struct slice *new_key, struct slice *new_value, bool *keep) ERR_MUST_USE;

/* ---- restore_ingest.c: the data ---- */

struct ingest_opts {
    struct node *node;
    const struct cancel *cancel;
    struct engine_fence fence;     /* of writes to a shared store */
    const struct backup_chain *chain;
    struct hlc as_of;              /* empty: no limit */
    const struct span_list *wanted; /* old ids */
    const struct key_rewriter *keys;
    const uint64_t *primary;       /* new ids */
    size_t n_primary;
    bool check_only;               /* read and checked, values too; nothing is written */
    struct slice high_water;       /* old key: what lies below is there already */
    struct span_list done;         /* and what lies in these */
    /* Everything below `mark` is in the store now. */
    struct error *(*save)(void *arg, struct slice mark, double fraction);
    void *arg;
};
struct error *ingest_run(struct arena *a, const struct ingest_opts *o, struct row_counter *total)
    ERR_MUST_USE;
/* What ingest_run would bring, in the order of old keys, with the bytes of it that lie in files. */
struct ingest_span {
    struct span span;
    int64_t weight;
};
struct error *ingest_spans(struct arena *a, const struct ingest_opts *o, struct ingest_span **out,
                           size_t *n) ERR_MUST_USE;

/* ---- restore_cut.c ---- */

/* Keys inside the interval, rising, each the beginning of a row, that part its largest file into pieces of
 * about so many bytes. None where it is small, cannot be mapped (each reader would fetch all of it), or is
 * damaged. */
void restore_cuts(struct arena *a, const struct cover_interval *iv, int64_t piece_bytes,
                  struct slice **cuts, size_t *n);

/* ---- restore_work.c: the same by the processes over one store ---- */

/* A RESTORE under way. */
struct restore_job {
    struct job *j;            /* NULL on a node that works for another's */
    struct node *node;
    const struct cancel *cancel;
    struct arena *a;
    Amberdb__RestoreDetails *d;
    struct backup_chain chain;
    struct rewrites rewrites;
    pb_table **old_tables;
    size_t n_old;
    uint32_t temp_db; /* cluster: crdb_temp_system; 0 */
};
/* id: of the job, whose manifests may be at hand; 0: they are read. */
struct error *restore_job_open(struct node *n, const struct cancel *cancel,
                               Amberdb__RestoreDetails *d, int64_t id, struct arena *a,
                               struct restore_job *r) ERR_MUST_USE;
/* All but wanted, done, high_water, save and fence. */
struct error *restore_ingest_opts(struct restore_job *r, bool check_only,
                                  struct ingest_opts *o) ERR_MUST_USE;
/* Begin a turn of the job's fence: whoever brought data for it before writes no more. Its writes come
 * after this. Nothing where the store has one process. */
struct error *restore_next_turn(struct job *j) ERR_MUST_USE;
struct engine_fence restore_fence(const struct job *j);
Amberdb__RestoreProgress *restore_progress(struct job *j); /* made when there is none */
/* ingest_run by all nodes; it counts, too, what they did for earlier coordinators. */
struct error *restore_work_run(struct restore_job *r, struct ingest_opts *o,
                               struct row_counter *total) ERR_MUST_USE;

/* ---- restore_collate.c ---- */

/* Keys of collated strings made anew, of the tables (new ids) whose data have come. */
struct error *restore_collated_keys(struct job *j, pb_table *const *tables, size_t n) ERR_MUST_USE;

bool restore_collated_key(const struct table *t, const struct index *ix); /* has it such columns? */

/* ---- restore_schema.c: schema changes that were under way ---- */

/* Before a table is public: data of its half-made indexes go. */
struct error *restore_drop_partial_indexes(struct node *n, const pb_table *t) ERR_MUST_USE;
/* After that: its mutations are finished, or taken back when its rows contradict them. */
struct error *restore_finish_schema_changes(struct job *j, uint32_t table_id) ERR_MUST_USE;

/* ---- restore_full.c: system tables of a cluster restore ---- */

struct error *restore_system_tables(struct job *j, Amberdb__RestoreDetails *d, uint32_t temp_db)
    ERR_MUST_USE;

/* ---- restore.c ---- */

/* The chain that the statement's URIs name. */
struct error *restore_open_layers(struct exec_ctx *x, const struct layer_uris *u,
                                  const char *passphrase, struct backup_chain *out) ERR_MUST_USE;
struct error *restore_check_coverage(struct restore_plan *p) ERR_MUST_USE;
/* p->new_dbs and p->tables into the catalog. */
struct error *restore_write_descriptors(struct exec_ctx *x, struct restore_plan *p) ERR_MUST_USE;
/* Where the layers are, and which id becomes which. */
Amberdb__RestoreDetails *restore_details(struct arena *a, const struct restore_plan *p);
/* The last layer's, for the tables that have a new id. */
struct error *restore_insert_statistics(struct exec_ctx *x, const struct backup_chain *c,
                                        const struct rewrites *r) ERR_MUST_USE;

struct error *drop_table_data(struct node *n, uint32_t table_id) ERR_MUST_USE;

#endif
