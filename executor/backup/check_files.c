/* SHOW BACKUP .. WITH check_files: every data file is there, and as long as a file can be. Only sizes are
 * asked for, of several files at a time: each may be a way to another machine. */
#include "config.h"

#include "executor/backup/backup_int.h"

#define ASKERS 8
#define MISSING_SHOWN 20

struct asked {
    const struct backup_layer *layer;
    const pb_file *file;
    uint64_t size;
    struct error *err;
};

struct check {
    struct asked *v;
    size_t n, next;
    struct mutex lock; /* guards next */
};

static void *
ask_sizes(void *arg)
{
    struct check *c = arg;
    for (;;) {
        mutex_lock(&c->lock);
        size_t i = c->next;
        c->next += i < c->n;
        mutex_unlock(&c->lock);
        if (i >= c->n)
            return NULL;
        struct asked *f = &c->v[i];
        f->err = sink_size(layer_file_sink(f->layer, f->file), pb_str(f->file->path), &f->size);
        if (f->err != NULL && !err_is(f->err, ERR_UNDEFINED_FILE)) { /* that is the answer */
            mutex_lock(&c->lock);
            c->next = c->n;
            mutex_unlock(&c->lock);
        }
    }
}

static struct error *
ask_all(struct check *c)
{
    pthread_t threads[ASKERS];
    int n = 0;
    struct error *err = NULL;
    mutex_init(&c->lock, RANK_LEAF);
    while (n < ASKERS && (size_t)n < c->n && err == NULL) {
        err = thread_start(&threads[n], "check files", ask_sizes, c);
        n += err == NULL;
    }
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    mutex_destroy(&c->lock);
    return err;
}

static struct error *
judge(struct arena *a, struct check *c)
{
    struct str missing;
    size_t n = 0;
    str_init_arena(&missing, a, STR_MAX_DEFAULT);
    for (size_t i = 0; i < c->n; i++) {
        struct asked *f = &c->v[i];
        const char *path = pb_str(f->file->path);
        if (f->err != NULL && !err_is(f->err, ERR_UNDEFINED_FILE)) {
            struct error *e = f->err;
            f->err = NULL;
            return err_wrap(e, "checking \"%s\"", path);
        }
        if ((f->err != NULL || f->size == 0) && n++ < MISSING_SHOWN)
            str_printf(&missing, "\n\t%s/%s", uri_redact(a, f->layer->uri), path);
    }
    if (n == 0)
        return NULL;
    if (n > MISSING_SHOWN)
        str_printf(&missing, "\n\tand %zu more", n - MISSING_SHOWN);
    return err_new(ERR_UNCATEGORIZED, "The following files are missing from the backup:%s",
                   str_cstr(&missing));
}

struct error *
chain_check_files(struct arena *a, const struct backup_chain *chain)
{
    struct check c = {0};
    size_t n = 0;
    for (size_t i = 0; i < chain->n; i++)
        n += chain->v[i].m->n_files;
    c.v = arena_zalloc(a, (n + 1) * sizeof(*c.v));
    for (size_t i = 0; i < chain->n; i++)
        for (size_t k = 0; k < chain->v[i].m->n_files; k++)
            c.v[c.n++] = (struct asked){.layer = &chain->v[i], .file = chain->v[i].m->files[k]};
    struct error *err = ask_all(&c);
    if (err == NULL)
        err = judge(a, &c);
    for (size_t i = 0; i < c.n; i++)
        err_free(c.v[i].err);
    return err;
}
