/* executor/backup/merge.h - the files of an interval, merged: what RESTORE ingests and attached backups
 * show.
 *
 * Ownership: inputs are the caller's and outlive the merge. A version is borrowed until the next call.
 * Threads:   a merge and its inputs belong to one thread.
 */
#ifndef AMBERDB_EXECUTOR_BACKUP_MERGE_H
#define AMBERDB_EXECUTOR_BACKUP_MERGE_H

#include "executor/backup/backup_int.h"
#include "storage/sst.h"

/* An open data file. */
struct merge_input {
    const char *name;
    struct sst_reader *reader;
    struct slice map;
    bool mapped;       /* from a file: its pages are given back to the system as they are walked */
    size_t walked;     /* bytes read since */
    struct hlc newest; /* no version may be later; empty: not checked */
    /* An iterator that a merge has left behind its span: the next one goes on with it. */
    bool keep;            /* do so: spans outlive the input, and one merge at a time reads it */
    struct sst_iter *it;  /* NULL: none */
    struct slice it_at;   /* the end of that span */
    struct engine_version it_v; /* the first entry at or behind it */
    bool it_over;         /* there is none */
};
void merge_input_release(struct merge_input *in); /* iterator and reader */

struct merge_source {
    struct merge_input *in;
    struct sst_iter *it;
    struct engine_version v;
    bool more;
    bool over; /* nothing more in the file; else more is of the span */
};
struct merge {
    struct merge_source *v;
    size_t n;
    struct merge_source *due;   /* whose version was handed out */
    struct merge_source *rival; /* the first of the others; NULL: there is none */
    bool tied;                  /* and it stood at due's key */
    struct slice end;
    struct hlc limit;
    bool taken;                 /* the newest version of due's key has come out */
    bool good;                  /* all sources are at the end */
};

/* Keys of the span, whose bytes are the caller's; limit empty: no limit. Inputs in the order of their
 * layers. merge_close is due after an error, too. */
struct error *merge_open(struct merge *m, struct arena *a, struct merge_input *const *in, size_t n,
                         struct span span, struct hlc limit) ERR_MUST_USE;
struct error *merge_next(struct merge *m, struct engine_version *v, bool *more) ERR_MUST_USE;
void merge_close(struct merge *m);

/* The files of the interval in hand stay open while the next one needs them, too. */
struct merge_file { /* begins the caller's own struct */
    struct merge_file *next;
    uint32_t index;
    bool wanted;
    struct merge_input in;
};
struct merge_files {
    struct merge_file *first;
    struct error *(*open)(void *arg, const struct cover_file *cf, struct merge_file **out);
    void (*close)(struct merge_file *f);
    void *arg;
};
struct error *merge_files_open(struct merge_files *fs, struct arena *a,
                               const struct cover_interval *iv, struct merge_input ***in)
    ERR_MUST_USE;
void merge_files_close(struct merge_files *fs);
/* Up to SHA512_LANES mapped files at once, which is faster. */
void merge_verify_mapped(const pb_file *const *f, const struct slice *bytes, size_t n, bool *good);
/* The SHA-512 that the manifest has of a file. */
struct error *merge_verify(const pb_file *f, struct slice bytes, bool mapped) ERR_MUST_USE;

#endif
