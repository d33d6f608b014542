/* executor/backup/backup_int.h - shapes that BACKUP, RESTORE and SHOW BACKUP share.
 *
 *     BACKUP    targets -> spans -> coverage of earlier layers -> job: export -> manifest
 *     RESTORE   layers -> descriptors at a time -> targets -> rewrite -> job: ingest -> publish
 *
 * Ownership: everything is in the arena that a function is given, sinks too (closed with it).
 * Format:    SOURCE backup-format, restore-mechanics.
 */
#ifndef AMBERDB_EXECUTOR_BACKUP_BACKUP_INT_H
#define AMBERDB_EXECUTOR_BACKUP_BACKUP_INT_H

#include "base/enc.h"
#include "catalog/pb.h"
#include "executor/exec.h"
#include "executor/jobs/jobs.h"
#include "grammar/ast.h"
#include "sinks/encrypt.h"
#include "sinks/sink.h"

typedef Amberdb__BackupManifest pb_manifest;
typedef Amberdb__File pb_file;
typedef Amberdb__Span pb_span;

#define BACKUP_FILE "BACKUP"
#define BACKUP_FILE_LATER "BACKUP_MANIFEST"
#define CHECKPOINT_FILE "BACKUP-CHECKPOINT"
#define ENCRYPTION_FILE "encryption-info"
#define LATEST_FILE "LATEST"
#define SYSTEM_TABLES_RESTORED_DB "crdb_temp_system"

/* ---- options (options.c) ---- */

enum option_kind { OPTION_FLAG, OPTION_VALUE };
struct option_def {
    const char *name;
    enum option_kind kind;
};
struct option_value {
    bool set;
    const char *value; /* OPTION_VALUE */
};
/* values[i] is that of defs[i]. Errors of statements.md 0.1. */
struct error *options_eval(struct exec_ctx *x, const struct ast_kv_options *o,
                           const struct option_def *defs, int n, struct option_value *values)
    ERR_MUST_USE;
/* A URI or the like: a string expression. op: "BACKUP", for the error. */
struct error *string_eval(struct exec_ctx *x, const struct ast_expr *e, const char *op, char **out)
    ERR_MUST_USE;
struct error *strings_eval(struct exec_ctx *x, const struct ast_exprs *e, const char *op,
                           char ***out, int *n) ERR_MUST_USE;
/* Before a statement of the family runs: placeholders of URIs, values and times are strings; are there
 * only options of its own, with values where they take one? */
struct error *backup_placeholders(struct exec_ctx *x, const struct ast_stmt *s,
                                  const struct option_def *defs, int n) ERR_MUST_USE;
bool option_named(const struct ast_kv_options *o, const char *name); /* is it there at all? */
/* WITH detached: the job's id is the result. */
struct error *backup_columns_of(const struct ast_kv_options *o, int *n,
                                const struct result_column **cols) ERR_MUST_USE;
struct error *put_job_id(struct row_sink *rows, int64_t id) ERR_MUST_USE;
/* The statement as jobs show it: URIs and the passphrase redacted, placeholders filled in. */
char *describe_stmt(struct exec_ctx *x, const struct ast_stmt *s);

/* ---- collections (collection.c) ---- */

/* The folder of a full backup that ends then. */
char *collection_new_dir(struct arena *a, struct hlc end);
/* The one that is meant: LATEST, or what subdir says. */
struct error *collection_dir(struct exec_ctx *x, const char *uri, bool latest,
                             const struct ast_expr *subdir, const char *op, char **out)
    ERR_MUST_USE;
struct error *collection_set_latest(struct node *n, struct arena *a, const char *uri,
                                    const char *dir) ERR_MUST_USE;
/* Full backups in order of their times. */
struct error *collection_list(struct node *n, struct arena *a, const char *uri, char ***dirs,
                              size_t *n_dirs) ERR_MUST_USE;

/* ---- manifests (manifest.c) ---- */

/* Parse, verify and check; name is for messages. */
struct error *manifest_parse(struct arena *a, const char *name, struct slice bytes,
                             pb_manifest **out) ERR_MUST_USE;
struct slice manifest_pack(struct arena *a, pb_manifest *m); /* with our checksum behind it */
struct error *manifest_read(struct arena *a, struct sink *s, const char *name, pb_manifest **out)
    ERR_MUST_USE;
struct error *manifest_write(struct sink *s, const char *name, pb_manifest *m) ERR_MUST_USE;
struct error *part_read(struct arena *a, struct sink *s, const char *name,
                        Amberdb__BackupPartitionDescriptor **out) ERR_MUST_USE;
struct error *part_write(struct sink *s, const char *name, Amberdb__BackupPartitionDescriptor *p)
    ERR_MUST_USE;
/* The key of an encrypted backup from the salt in encryption-info of s. */
struct error *encryption_read(struct arena *a, struct sink *s, const char *passphrase,
                              struct crypt_key *out, struct slice *salt) ERR_MUST_USE;
struct error *encryption_write(struct sink *s, struct slice salt) ERR_MUST_USE;

static inline struct slice
span_key(const pb_span *s)
{
    return s == NULL ? SLICE_NULL : pb_bytes(s->key);
}
static inline struct slice
span_end(const pb_span *s)
{
    return s == NULL ? SLICE_NULL : pb_bytes(s->end_key);
}

/* ---- layers (layers.c) ---- */

struct layer_part {
    const char *kv, *uri;
    struct sink *sink;
};
struct backup_layer {
    pb_manifest *m;
    struct hlc start, end;
    const char *uri;      /* the default one, as given, sub-directory included */
    struct sink *sink;    /* the default one; decrypts when the chain is encrypted */
    size_t n_parts;
    struct layer_part *parts;
};
struct backup_chain {
    struct arena *a;
    struct node *node;
    const struct cancel *cancel; /* of who reads it */
    bool encrypted;
    struct crypt_key key;
    struct slice salt;
    const char *failed_uri; /* where reading a layer failed; NULL: before that */
    size_t n;
    struct backup_layer *v;
};
struct uri_list {
    int n;
    char **v;
};

enum chain_flags {
    CHAIN_NO_PARTS = 1,   /* only manifests are wanted */
    CHAIN_NO_SEARCH = 2,  /* do not look for appended layers */
    CHAIN_SHOW = 4,       /* errors as SHOW BACKUP words them */
};
/* Layers as RESTORE .. FROM lists them (one: appended ones are looked for). passphrase NULL: none. */
struct error *chain_open(struct node *n, struct arena *a, const struct cancel *cancel,
                         const struct uri_list *layers,
                         int n_layers, const char *passphrase, unsigned flags,
                         struct backup_chain *out) ERR_MUST_USE;
/* As a job recorded them. id: of the job whose manifests may be on the shelf; 0: none. */
struct error *chain_reopen(struct node *n, struct arena *a, const Amberdb__RestoreDetails *d, int64_t id,
                           const struct cancel *cancel, struct backup_chain *out) ERR_MUST_USE;
/* Whose request ends waits for the destinations of all layers. */
void chain_set_cancel(struct backup_chain *c, const struct cancel *cancel);
/* Appended layers below s, in order: "20200423/174501.07". */
struct error *chain_find_appended(struct arena *a, struct sink *s, char ***dirs, size_t *n)
    ERR_MUST_USE;
struct sink *layer_file_sink(const struct backup_layer *l, const pb_file *f);
const char *layer_file_uri(const struct backup_layer *l, const pb_file *f);
/* Whether all data files are there; their sizes are asked for, of several at a time. */
struct error *chain_check_files(struct arena *a, const struct backup_chain *chain) ERR_MUST_USE;
/* A sink that lives as long as the arena. key NULL: as it is. */
struct error *open_sink(struct node *n, struct arena *a, const char *uri,
                        const struct crypt_key *key, struct sink **out) ERR_MUST_USE;
/* Restrict to what AS OF SYSTEM TIME *t needs; may move *t to a layer's end. */
struct error *chain_truncate(struct backup_chain *c, struct hlc *t) ERR_MUST_USE;
struct hlc chain_end(const struct backup_chain *c); /* greatest end_time */
/* Were keys of collated strings made with the weights that are in use here? */
bool chain_has_our_collation(const struct backup_chain *c);

/* Upgraded descriptors as of t (empty: the end of the last layer), by id. */
struct error *chain_descriptors(struct arena *a, const struct backup_chain *c, struct hlc t,
                                bool skip_missing_fks, pb_descriptor ***out, size_t *n)
    ERR_MUST_USE;
/* Upgraded descriptors of one layer, in its order; for SHOW. */
struct error *layer_descriptors(struct arena *a, const struct backup_layer *l, pb_descriptor ***out,
                                size_t *n) ERR_MUST_USE;

/* ---- targets (targets.c) ---- */

struct desc_list {
    pb_descriptor **v;
    size_t n, cap;
};
void desc_list_add(struct arena *a, struct desc_list *l, pb_descriptor *d);
pb_descriptor *desc_by_id(const struct desc_list *l, uint32_t id);
void desc_sort_by_id(struct desc_list *l);

struct id_list {
    uint32_t *v;
    size_t n;
};
void id_add(struct arena *a, struct id_list *l, uint32_t id); /* once */
bool id_has(const struct id_list *l, uint32_t id);

struct resolved {
    struct desc_list databases;  /* those of the tables too */
    struct desc_list tables;     /* sorted by id */
    struct id_list requested_dbs; /* DATABASE d */
    struct id_list complete_dbs; /* DATABASE d, d.* */
    bool star;                   /* some pattern was d.* */
};
struct error *targets_resolve(struct arena *a, const struct desc_list *all,
                              const struct ast_targets *t, const char *current_db,
                              struct resolved *out) ERR_MUST_USE;
/* Everything that a cluster backup holds. */
void targets_cluster(struct arena *a, const struct desc_list *all, struct resolved *out);
bool is_cluster_system_table(const char *name);
extern const char *const cluster_system_tables[]; /* in the order in which they are restored; NULL */

/* Spans of the table's indexes (interleaved: of the root), public and being added. */
struct span_list {
    struct span *v;
    size_t n, cap;
};
void span_list_add(struct arena *a, struct span_list *l, struct span s);
void span_list_sort(struct span_list *l); /* by start; equal ones once */
struct error *table_spans(struct arena *a, const pb_table *t, struct span_list *out) ERR_MUST_USE;

/* ---- coverage (coverage.c) ---- */

struct cover_file {
    const struct backup_layer *layer;
    uint32_t layer_index;
    const pb_file *file;
    uint32_t index;      /* of the file in all files of the chain */
};
struct cover_interval {
    struct span span;
    size_t n_files;
    struct cover_file *files; /* layers in order */
};
/* Cut the key space where any layer's spans or files begin or end; check that the layers cover the
 * wanted intervals from 0 to `end` without a hole. missing: called for a wanted interval that nothing
 * covers (introduced in an incremental); NULL: that is an error. Each wanted interval in key order to
 * each (may be NULL). */
struct coverage {
    const struct backup_layer *layers;
    size_t n_layers;
    const struct span_list *wanted; /* sorted, may overlap */
    struct hlc end;
    struct error *(*missing)(void *arg, struct span s);
    struct error *(*each)(void *arg, const struct cover_interval *iv);
    void *arg;
};
struct error *coverage_check(struct arena *scratch, const struct coverage *c) ERR_MUST_USE;

/* ---- counting rows (row_count.c) ---- */

struct row_counter {
    struct str prev;     /* row prefix seen last */
    int64_t rows, index_entries, data_size;
    const uint64_t *primary; /* (table << 32 | index), sorted */
    size_t n_primary;
    uint8_t index_prefix[2 * ENC_UVARINT_MAX]; /* of the index seen last; how long; is it primary */
    size_t index_len;
    bool in_primary;
};
void row_counter_init(struct row_counter *c, struct arena *a, const uint64_t *primary,
                      size_t n_primary);
void row_counter_add(struct row_counter *c, struct slice key, size_t value_len);
/* (table id << 32 | primary index id) of tables, sorted. */
uint64_t *primary_ids(struct arena *a, pb_table *const *tables, size_t n);
/* Length of the key without its column family suffix; the whole length when there is none. */
size_t row_prefix_length(struct slice key);
struct error *put_result_row(struct row_sink *rows, int64_t job_id, const struct row_counter *c)
    ERR_MUST_USE;
extern const struct result_column backup_result_columns[6];

void hlc_text(struct hlc t, char out[HLC_STR_MAX]); /* seconds.nanos,logical */
char *key_text(struct arena *a, struct slice key);
/* A file that is not there, as clients know it: XXUUU. Takes e, which may be NULL. */
struct error *store_error(struct error *e) ERR_MUST_USE;
char *span_text(struct arena *a, struct span s); /* /Table/53/{1-2} */

#endif
