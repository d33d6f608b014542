/* executor/backup/export.h - spans of the store into data files: the working half of BACKUP.
 *
 * Two threads take pieces of spans, up to four at a time, iterate over the store's versions and write
 * SST files, hashing and (when the sink does) encrypting on the way. Pieces are cut so that both threads
 * have work to the end; a file never splits a row.
 *
 * Threads: export_run belongs to one thread; the callbacks `save` and `progress` come from it.
 */
#ifndef AMBERDB_EXECUTOR_BACKUP_EXPORT_H
#define AMBERDB_EXECUTOR_BACKUP_EXPORT_H

#include "executor/backup/backup_int.h"

struct export_dest {
    struct sink *sink;       /* shared by the threads */
    const char *locality_kv; /* "" = default */
    uint32_t node;           /* whose files these are (nodelocal://N); 0: any node reaches it */
};

struct export_item {
    struct span span;
    const struct export_dest *dest;
    struct hlc since, ts;    /* (since, ts]; since empty: from the beginning */
    bool explicit_times;     /* write them into the file entry (introduced spans) */
    uint32_t node;           /* who should do it; 0: anybody */
};

/* A part of an item that one thread does. */
struct export_piece {
    struct export_item item; /* its span narrowed */
    uint64_t weight;         /* bytes, estimated */
};
struct error *export_cut(struct arena *a, struct node *n, const struct export_item *items,
                         size_t n_items, struct export_piece **pieces, size_t *n_pieces) ERR_MUST_USE;

struct export_opts {
    struct node *node;
    const struct cancel *cancel;
    bool all_versions;
    const struct export_piece *pieces;
    size_t n_pieces;
    size_t n_ranges;         /* that they were cut from, for messages */
    const uint64_t *primary; /* for counting rows */
    size_t n_primary;
    /* Every now and then, with all files so far: write the checkpoint. */
    struct error *(*save)(void *arg, pb_file *const *files, size_t n);
    /* More often: what is done of all, 0 to 1. Either may be NULL. */
    struct error *(*progress)(void *arg, double done);
    void *arg;
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
