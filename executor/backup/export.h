/* executor/backup/export.h - spans of the store into data files: the working half of BACKUP.
 *
 * Two threads take pieces of spans, iterate over the store's versions and write SST files, hashing
 * and (when the sink does) encrypting on the way. A piece is about EXPORT_PIECE_BYTES, so that memory
 * is bounded and both threads have work; a file never splits a row.
 *
 * Threads: export_run belongs to the job's thread; the callback `saved` comes from it.
 */
#ifndef AMBERDB_EXECUTOR_BACKUP_EXPORT_H
#define AMBERDB_EXECUTOR_BACKUP_EXPORT_H

#include "executor/backup/backup_int.h"

struct export_dest {
    struct sink *sink;       /* shared by the threads */
    const char *locality_kv; /* "" = default */
};

struct export_item {
    struct span span;
    const struct export_dest *dest;
    struct hlc since, ts;    /* (since, ts]; since empty: from the beginning */
    bool explicit_times;     /* write them into the file entry (introduced spans) */
};

struct export_opts {
    struct node *node;
    struct job *job;
    bool all_versions;
    const struct export_item *items;
    size_t n_items;
    const uint64_t *primary; /* for counting rows */
    size_t n_primary;
    /* Every now and then, with all files so far: write the checkpoint. */
    struct error *(*save)(void *arg, pb_file *const *files, size_t n);
    void *arg;
    double fraction_before;  /* of the job, done by earlier runs */
};

/* Files written: appended to *files (in arena a) even when it fails. */
struct file_list {
    pb_file **v;
    size_t n, cap;
};
void file_list_add(struct arena *a, struct file_list *l, pb_file *f);
struct error *export_run(struct arena *a, const struct export_opts *o, struct file_list *files)
    ERR_MUST_USE;

#endif
