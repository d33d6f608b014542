/* Where the largest file of an interval can be cut, so that several threads and nodes bring it. See
 * restore_int.h. */
#include "config.h"

#include "executor/backup/restore_int.h"

#include "base/log.h"
#include "storage/sst.h"

/* Files have at most so many pieces; an exported file has about 128 MiB. */
#define PIECES_MAX 256

static int64_t
bytes_of(const pb_file *f)
{
    return f->entry_counts != NULL ? PB_GET(f->entry_counts, data_size) : 0;
}

static const struct cover_file *
largest(const struct cover_interval *iv)
{
    const struct cover_file *best = &iv->files[0];
    for (size_t i = 1; i < iv->n_files; i++)
        if (bytes_of(iv->files[i].file) > bytes_of(best->file))
            best = &iv->files[i];
    return best;
}

/* A row is not cut: its rows are counted where it begins. */
static struct error *
row_at(struct sst_reader *r, struct arena *a, struct slice key, struct slice *row)
{
    struct sst_iter *it;
    struct engine_version v;
    bool more = false;
    *row = SLICE_NULL;
    ERR_TRY(sst_iter_open(r, &it));
    struct error *err = sst_iter_seek(it, key);
    if (err == NULL)
        err = sst_iter_next(it, &v, &more);
    if (err == NULL && more)
        *row = slice_dup(a, slice_make(v.key.ptr, row_prefix_length(v.key)));
    sst_iter_close(it);
    return err;
}

static struct error *
cuts_of(struct sst_reader *r, struct arena *a, struct span s, size_t pieces, struct slice *cuts, size_t *n)
{
    struct slice *keys;
    size_t n_keys;
    ERR_TRY(sst_reader_cuts(r, a, pieces, &keys, &n_keys));
    for (size_t i = 0; i < n_keys; i++) {
        struct slice row;
        if (slice_cmp(keys[i], s.start) <= 0 || slice_cmp(keys[i], s.end) >= 0)
            continue;
        ERR_TRY(row_at(r, a, keys[i], &row));
        bool rises = slice_cmp(row, *n > 0 ? cuts[*n - 1] : s.start) > 0;
        if (rises && slice_cmp(row, s.end) < 0)
            cuts[(*n)++] = row;
    }
    return NULL;
}

void
restore_cuts(struct arena *a, const struct cover_interval *iv, int64_t piece_bytes, struct slice **cuts,
             size_t *n)
{
    const struct cover_file *cf = largest(iv);
    struct sink *s = layer_file_sink(cf->layer, cf->file);
    int64_t pieces = bytes_of(cf->file) / piece_bytes;
    /* Only of a file that is mapped where it lies: others would be brought twice, and here one by one. */
    bool local = s->inner == NULL && strcmp(s->vt->name, "nodelocal") == 0;
    *n = 0;
    if (pieces < 2 || s->vt->map == NULL || !local)
        return;
    if (pieces > PIECES_MAX)
        pieces = PIECES_MAX;
    struct arena *scratch = arena_create(NULL, "cuts of a file");
    struct sst_reader *r = NULL;
    struct sst_source src = {0};
    struct slice map;
    *cuts = ARENA_ARRAY(a, struct slice, (size_t)pieces);
    struct error *err = sink_map(s, scratch, cf->file->path, &map);
    if (err == NULL) {
        src = (struct sst_source){.size = map.len, .mem = map.ptr};
        err = sst_reader_open(cf->file->path, &src, &r);
    }
    if (err == NULL)
        err = cuts_of(r, a, iv->span, (size_t)pieces, *cuts, n);
    if (err != NULL) { /* who reads it says what is wrong with it */
        log_info("%s is restored as one piece: %s", cf->file->path, err->message);
        *n = 0;
    }
    err_free(err);
    if (r != NULL)
        sst_reader_close(r);
    arena_destroy(scratch);
}
