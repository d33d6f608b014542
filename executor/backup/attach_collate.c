/* Indexes of an attached table whose keys hold collated strings: the backup's are in the order of other
 * weights than this server's. All rows are read once, when the first query wants such an index; their
 * entries, under keys made anew, go sorted into files of the node's temporary folder, RUN_BYTES at a
 * time, which attach_source.c merges as it does the backup's own. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "catalog/row.h"
#include "executor/backup/attach_int.h"
#include "executor/backup/merge.h"
#include "executor/backup/restore_int.h"
#include "executor/node.h"
#include "storage/sst.h"

#define RUN_BYTES ((size_t)32 << 20)
#define CANCEL_PAIRS 1024

struct pair {
    struct slice key, value;
    struct hlc ts;
};

struct sorter {
    struct node *node;
    const struct collated_tables *all;
    const struct collated_table *of; /* the one in hand */
    const struct table *t;  /* its */
    struct arena *maps;     /* the caller's: files stay mapped as long as it lives */
    struct arena *run;      /* the pairs of the run in hand */
    struct pair *v;
    size_t n, cap, bytes, run_bytes;
    uint64_t n_all;         /* pairs of all runs */
    struct hlc ts;          /* of the row in hand */
    struct slice *runs;
    size_t n_runs;
    int fd;
    const char *path;
};

static int
by_key(const void *pa, const void *pb)
{
    const struct pair *a = pa, *b = pb;
    return slice_cmp(a->key, b->key);
}

static struct error *
same_key(const struct sorter *s)
{
    return err_new(ERR_UNIQUE_VIOLATION, "two rows of table \"%s\" have the same collated key",
                   s->t->name);
}

static struct error *
write_out(void *arg, const void *p, size_t len)
{
    struct sorter *s = arg;
    return fd_write_all(s->fd, s->path, p, len);
}

static struct error *
write_pairs(struct sorter *s)
{
    struct sst_writer_opts o = {.for_ingest = true, .no_compression = true};
    struct sst_writer *w;
    ERR_TRY(sst_writer_open(&o, write_out, s, &w));
    struct error *e = NULL;
    for (size_t i = 0; i < s->n && e == NULL; i++)
        e = sst_writer_add(w, s->v[i].key, s->v[i].ts, s->v[i].value);
    if (e == NULL)
        e = sst_writer_finish(w);
    sst_writer_close(w);
    return e;
}

struct mapping {
    void *ptr;
    size_t len;
};

static void
unmap(void *arg)
{
    struct mapping *m = arg;
    munmap(m->ptr, m->len);
}

static struct error *
map_run(struct sorter *s)
{
    off_t size = lseek(s->fd, 0, SEEK_END);
    void *p = size <= 0 ? MAP_FAILED : mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, s->fd, 0);
    if (p == MAP_FAILED)
        return err_errno(errno, "map %s", s->path);
    struct mapping *m = ARENA_NEW(s->maps, struct mapping);
    *m = (struct mapping){p, (size_t)size};
    arena_on_free(s->maps, unmap, m);
    struct slice run = slice_make(p, (size_t)size);
    PB_PUSH(s->maps, s->runs, s->n_runs, run);
    return NULL;
}

/* The run in hand into a file, which has no name once it is mapped. */
static struct error *
end_run(struct sorter *s)
{
    if (s->n == 0)
        return NULL;
    qsort(s->v, s->n, sizeof(*s->v), by_key);
    for (size_t i = 1; i < s->n; i++)
        if (slice_eq(s->v[i - 1].key, s->v[i].key))
            return same_key(s);
    s->path = arena_printf(s->maps, "%s/collated-%016llx", s->node->opts.temp_dir,
                           (unsigned long long)random_u64());
    s->fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (s->fd < 0)
        return err_errno(errno, "open %s", s->path);
    struct error *e = write_pairs(s);
    if (e == NULL)
        e = map_run(s);
    close(s->fd);
    unlink(s->path);
    arena_reset(s->run);
    s->n_all += s->n;
    s->n = s->bytes = 0;
    return e;
}

/* Merged, runs show one of two equal keys: is each pair there? */
static struct error *
check_runs(const struct sorter *s, struct arena *a, const struct cancel *cancel)
{
    struct merge_input *in = ARENA_ARRAY(a, struct merge_input, s->n_runs + 1);
    struct merge_input **all = ARENA_ARRAY(a, struct merge_input *, s->n_runs + 1);
    struct engine_version v;
    struct merge m;
    uint64_t n = 0;
    size_t open = 0;
    bool more = true;
    struct error *e = NULL;
    for (; open < s->n_runs && e == NULL; open += e == NULL) {
        struct sst_source src = {.size = s->runs[open].len, .mem = s->runs[open].ptr};
        in[open] = (struct merge_input){.name = "collated keys", .map = s->runs[open], .mapped = true};
        all[open] = &in[open];
        e = sst_reader_open(in[open].name, &src, &in[open].reader);
    }
    if (e == NULL) {
        e = merge_open(&m, a, all, open, collated_span(a, s->all), HLC_MIN);
        while (e == NULL && more) {
            e = merge_next(&m, &v, &more);
            if (e == NULL && ++n % CANCEL_PAIRS == 0)
                e = cancel_check(cancel);
        }
        merge_close(&m);
    }
    while (open > 0)
        sst_reader_close(in[--open].reader);
    return e == NULL && n - 1 != s->n_all ? same_key(s) : e;
}

static struct error *
add_pair(void *arg, struct slice key, struct slice value)
{
    struct sorter *s = arg;
    if (s->n == s->cap) {
        s->cap = s->cap == 0 ? 1024 : 2 * s->cap;
        s->v = xrealloc(s->v, s->cap * sizeof(*s->v));
    }
    s->v[s->n++] = (struct pair){slice_dup(s->run, key), slice_dup(s->run, value), s->ts};
    s->bytes += key.len + value.len + sizeof(struct pair);
    return NULL;
}

static struct error *
add_row(struct sorter *s, struct arena *scratch, const struct datum *row)
{
    for (int i = 0; i < s->t->n_indexes; i++)
        if (s->of->wanted[i])
            ERR_TRY(row_encode(scratch, s->t, &s->t->indexes[i], row, add_pair, s));
    return s->bytes < s->run_bytes ? NULL : end_run(s);
}

static struct error *
sort_rows(struct sorter *s, struct engine_iter *rows, struct arena *a, const struct cancel *cancel)
{
    const struct table *t = s->t;
    struct datum *row = ARENA_ARRAY(a, struct datum, (size_t)t->n_all_columns + 1);
    bool *needed = ARENA_ARRAY(a, bool, (size_t)t->n_all_columns + 1);
    struct arena *row_arena = arena_create(a, "collated row");
    struct row_decoder *d;
    bool any = false;
    memset(needed, true, (size_t)t->n_all_columns);
    for (int i = 0; i < t->n_all_columns; i++)
        row[i] = DATUM_NULL;
    struct row_decoder_opts o = {.table = t, .index = &t->indexes[0], .needed = needed,
                                 .exact_zero = true};
    ERR_TRY(row_decoder_create(a, &o, &d));
    row_decoder_reset(d);
    for (;;) {
        struct engine_version v;
        bool more, starts, skip = false;
        ERR_TRY(engine_iter_next(rows, &v, &more));
        if (any && (!more || !row_continues(d, v.key))) {
            ERR_TRY(add_row(s, row_arena, row));
            ERR_TRY(cancel_check(cancel));
            arena_reset(row_arena);
            row_decoder_reset(d);
            any = false;
        }
        if (!more)
            return NULL;
        ERR_TRY(row_decode(d, slice_dup(row_arena, v.key), slice_dup(row_arena, v.value), row_arena,
                           row, &starts, &skip));
        if (skip) { /* another table's, behind all of a row of this one */
            if (!any)
                arena_reset(row_arena);
            continue;
        }
        s->ts = any && hlc_cmp(v.ts, s->ts) < 0 ? s->ts : v.ts;
        any = true;
    }
}

static struct error *
sort_table(struct sorter *s, const struct collated_table *of, struct arena *a,
           const struct cancel *cancel)
{
    struct engine_iter *rows;
    s->of = of;
    s->t = of->t;
    ERR_TRY(s->all->rows(s->all->arg, of->t, &rows));
    struct error *e = sort_rows(s, rows, a, cancel);
    engine_iter_close(rows);
    return e;
}

struct span
collated_span(struct arena *a, const struct collated_tables *ts)
{
    uint32_t first = ts->v[0].t->id, last = first;
    for (size_t i = 1; i < ts->n; i++) {
        first = ts->v[i].t->id < first ? ts->v[i].t->id : first;
        last = ts->v[i].t->id > last ? ts->v[i].t->id : last;
    }
    return (struct span){row_table_span(a, first).start, row_table_span(a, last).end};
}

struct error *
attach_collate(struct node *n, const struct collated_tables *ts, const struct cancel *cancel,
               struct arena *maps, struct slice **runs, size_t *n_runs)
{
    struct arena *a = arena_create(NULL, "collated keys");
    struct sorter s = {.node = n, .all = ts, .maps = maps, .run = arena_create(a, "collated run")};
    const char *test = getenv("AMBERDB_TEST_ATTACH_RUN"); /* so that small tables make several */
    struct error *e = NULL;
    s.run_bytes = test != NULL ? (size_t)strtoull(test, NULL, 10) : RUN_BYTES;
    for (size_t i = 0; i < ts->n && e == NULL; i++)
        e = sort_table(&s, &ts->v[i], a, cancel);
    if (e == NULL)
        e = end_run(&s);
    if (e == NULL && s.n_runs > 1)
        e = check_runs(&s, a, cancel);
    xfree(s.v);
    arena_destroy(a);
    *runs = s.runs;
    *n_runs = s.n_runs;
    return e;
}
