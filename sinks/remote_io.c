/* Reading that goes on where it broke off; writing in parts. What all sinks behind HTTP share. */
#include "config.h"

#include "sinks/remote_int.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"

#define WHOLE_TRIES 3
#define HTTP_NO_SUCH_RANGE 416

/* ---- reading ---- */

void
fetch_headers(struct remote_fetch *f, struct arena *a, struct http_request *q)
{
    uint64_t from = f->offset + f->got;
    f->skip = 0;
    f->begun = false;
    if (f->out != NULL)
        http_add_header(q, "range", arena_printf(a, "bytes=%" PRIu64 "-%" PRIu64, from,
                                                 f->offset + f->len - 1));
    else if (from > 0 || f->sized)
        http_add_header(q, "range", arena_printf(a, "bytes=%" PRIu64 "-", from));
    if (f->etag != NULL && f->got > 0 && strncmp(f->etag, "W/", 2) != 0)
        http_add_header(q, "if-match", f->etag);
}

/* The first bytes of an answer: where in the file do they lie? */
static void
fetch_begin(struct remote_fetch *f, const struct http_response *resp)
{
    uint64_t from = f->offset + f->got, first = 0;
    const char *range = http_header(resp, "content-range");
    const char *length = http_header(resp, "content-length");
    const char *etag = http_header(resp, "etag");
    if (resp->status == 206) {
        char *end;
        if (range == NULL || strncmp(range, "bytes ", 6) != 0 || range[6] < '0' || range[6] > '9') {
            snprintf(f->bad_text, sizeof(f->bad_text), "malformed Content-Range header: %.100s",
                     range != NULL ? range : "");
            f->bad = range == NULL ? "http server does not honor download resume" : f->bad_text;
            return;
        }
        first = strtoull(range + 6, &end, 10);
        const char *slash = strchr(end, '/');
        if (slash != NULL && slash[1] >= '0' && slash[1] <= '9') {
            f->total = strtoull(slash + 1, NULL, 10);
            f->known = f->total_is_told = true;
        }
        if (first != from) {
            snprintf(f->bad_text, sizeof(f->bad_text),
                     "expected resume position %" PRIu64 ", found %" PRIu64
                     " instead in Content-Range header: %.100s", from, first, range);
            f->bad = f->bad_text;
        }
    } else {
        if (length != NULL && *length >= '0' && *length <= '9') {
            f->total = strtoull(length, NULL, 10);
            f->known = true;
        }
        f->skip = from; /* all of it comes again */
    }
    if (etag != NULL && f->etag == NULL)
        f->etag = xstrdup(etag);
}

bool
fetch_receive(void *arg, const struct http_response *resp, const uint8_t *p, size_t n)
{
    struct remote_fetch *f = arg;
    if (!f->begun)
        fetch_begin(f, resp);
    f->begun = true;
    if (f->bad != NULL)
        return false;
    size_t skip = f->skip < n ? (size_t)f->skip : n;
    f->skip -= skip;
    p += skip;
    n -= skip;
    if (f->out != NULL) {
        size_t room = (size_t)(f->len - f->got), take = n < room ? n : room;
        if (take > 0)
            memcpy(f->out + f->got, p, take);
        f->got += take;
        return n == take;
    }
    if (f->text != NULL) {
        str_append(f->text, p, n);
        f->got += n;
        return !f->text->failed;
    }
    while (n > 0) {
        ssize_t done = pwrite(f->fd, p, n, (off_t)f->got);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            f->os_errno = errno;
            return false;
        }
        f->got += (uint64_t)done;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

bool
fetch_unfinished(struct remote_fetch *f, const struct http_response *resp, const char **why)
{
    *why = "unexpected EOF";
    if (f->out != NULL && f->got < f->len && f->known && f->offset + f->got >= f->total)
        f->bad = *why; /* that is all there is */
    if (f->out != NULL)
        return f->got < f->len;
    if (f->text != NULL && f->text->failed)
        return false;
    if (!f->begun) { /* without a body */
        if (resp->status == HTTP_NO_SUCH_RANGE)
            return false; /* an empty file */
        const char *length = http_header(resp, "content-length");
        return f->got > 0 || (length != NULL && strcmp(length, "0") != 0);
    }
    return f->known && f->got < f->total;
}

struct error *
fetch_broken(const struct remote_fetch *f)
{
    if (f->os_errno != 0)
        return err_errno(f->os_errno, "writing to temporary file");
    return err_new(ERR_DATA_CORRUPTED, "%s", f->bad);
}

struct error *
remote_fetch(struct remote *r, struct arena *a, struct remote_call *c, struct remote_fetch *f)
{
    struct http_response resp;
    c->fetch = f;
    struct error *e = remote_call(r, a, c, &resp);
    xfree(f->etag);
    f->etag = NULL;
    if (e == NULL && f->text != NULL)
        e = str_error(f->text);
    return e;
}

struct error *
remote_read(struct sink *s, remote_get_fn get, const char *name, uint64_t offset, size_t len,
            uint8_t *out)
{
    struct remote *r = (struct remote *)s;
    struct remote_call c = {.method = "GET", .body_fd = -1};
    struct remote_fetch f = {.out = out, .offset = offset, .len = len, .fd = -1};
    if (len == 0)
        return NULL;
    struct arena *a = arena_create(NULL, "remote read");
    get(r, remote_key(r, a, name), &c);
    struct error *e = remote_fetch(r, a, &c, &f);
    arena_destroy(a);
    return e;
}

/* One try at all of it; *told: the server has said how long it is, and it is all there. */
static struct error *
fetch_once(struct remote *r, struct arena *a, remote_get_fn get, const char *name,
           struct remote_fetch *f, bool *told)
{
    struct remote_call c = {.method = "GET", .body_fd = -1};
    f->got = 0;
    f->known = f->total_is_told = false;
    f->bad = NULL;
    if (f->text != NULL)
        str_clear(f->text);
    c.also_fine = f->sized ? HTTP_NO_SUCH_RANGE : 0;
    get(r, remote_key(r, a, name), &c);
    struct error *e = remote_fetch(r, a, &c, f);
    *told = e == NULL && f->total_is_told && f->got == f->total;
    return e;
}

/* All of it. An answer that somebody on the way cut short may look whole: its own length is no proof. So
 * all bytes from the first on are asked for, and the server says of how many these are; of one that knows
 * no ranges the size is asked for apart. */
static struct error *
fetch_whole(struct sink *s, remote_get_fn get, const char *name, struct remote_fetch *f)
{
    struct remote *r = (struct remote *)s;
    struct arena *a = arena_create(NULL, "remote fetch");
    struct error *e = NULL;
    uint64_t size = 0;
    bool told = false;
    f->sized = true;
    for (int i = 0; i < WHOLE_TRIES; i++) {
        e = fetch_once(r, a, get, name, f, &told);
        if (e != NULL && f->bad != NULL && f->sized && f->got == 0) { /* it has its own idea of ranges */
            err_free(e);
            f->sized = false;
            e = fetch_once(r, a, get, name, f, &told);
        }
        size = f->got;
        if (e == NULL && !told)
            e = s->vt->size(s, name, &size);
        if (e != NULL || size == f->got)
            break;
    }
    arena_destroy(a);
    if (e == NULL && size != f->got)
        e = err_new(ERR_DATA_CORRUPTED, "%s: unexpected EOF after %" PRIu64 " of %" PRIu64 " bytes",
                    name, f->got, size);
    return e;
}

struct error *
remote_read_all(struct sink *s, remote_get_fn get, struct arena *a, const char *name, size_t max,
                struct slice *out)
{
    struct str text;
    str_init(&text, max);
    struct remote_fetch f = {.text = &text, .fd = -1};
    struct error *e = fetch_whole(s, get, name, &f);
    if (text.failed) {
        err_free(e);
        e = err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "%s: file is larger than %zu bytes", name, max);
    }
    void *copy = NULL;
    if (e == NULL)
        e = arena_try_alloc(a, text.len + 1, &copy);
    if (e == NULL) {
        memcpy(copy, str_cstr(&text), text.len + 1);
        *out = slice_make(copy, text.len);
    }
    str_release(&text);
    return e;
}

/* An open file that nobody else finds and that goes with its descriptor. */
static struct error *
temp_file(const struct remote *r, int *fd)
{
    const char *dir = r->io->temp_dir != NULL ? r->io->temp_dir : "/tmp";
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s/sink-%016" PRIx64, dir, random_u64());
    VERIFY(n > 0 && (size_t)n < sizeof(path));
    *fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (*fd < 0)
        return err_errno(errno, "open %s", path);
    unlink(path);
    return NULL;
}

struct mapping {
    void *p;
    size_t len;
};

static void
unmap(void *arg)
{
    struct mapping *m = arg;
    munmap(m->p, m->len);
}

struct error *
remote_map(struct sink *s, remote_get_fn get, struct arena *a, const char *name, struct slice *out)
{
    struct remote_fetch f = {.fd = -1};
    *out = SLICE_NULL;
    ERR_TRY(temp_file((struct remote *)s, &f.fd));
    struct error *e = fetch_whole(s, get, name, &f);
    if (e == NULL && f.got > 0) {
        void *p = mmap(NULL, (size_t)f.got, PROT_READ, MAP_SHARED, f.fd, 0);
        if (p == MAP_FAILED) {
            e = err_errno(errno, "mmap");
        } else {
            struct mapping *m = ARENA_NEW(a, struct mapping);
            *m = (struct mapping){p, (size_t)f.got};
            arena_on_free(a, unmap, m);
            *out = slice_make(p, (size_t)f.got);
        }
    }
    close(f.fd);
    return e;
}

/* ---- writing ---- */

#define BUF_FIRST ((size_t)256 << 10)
#define WAIT_NS INT64_C(100000000)

struct remote_file {
    struct sink_file file;
    struct remote *r;
    struct arena *a; /* of the file */
    char *key;
    uint8_t *buf;
    size_t len, cap;
    int parts;
    uint64_t sent; /* before buf */
    char *name;    /* relative to the sink */
    int fd;        /* of a service without parts, once a file is large */
    /* A thread sends one part while the next one gathers, or what is in fd while that grows; it starts
     * with the first part. */
    bool started;
    pthread_t thread;
    struct mutex lock;
    struct cond changed;
    /* under lock */
    bool busy, stop, last;
    struct slice part; /* being sent: the thread's while busy */
    uint64_t part_offset;
    struct error *failed; /* of a part; no more are sent */
    bool dead;            /* one has failed */
    bool complete;        /* fd holds the whole file */
    /* the thread's until it is joined */
    bool begun;
    void *state;
    uint8_t *spare; /* the buffer that is not buf; the thread's while busy */
    size_t spare_cap;
};

struct error *
remote_create(struct sink *s, const char *name, struct sink_file **out)
{
    struct remote *r = (struct remote *)s;
    struct remote_file *f = xcalloc(1, sizeof(*f));
    f->file.vt = s->vt;
    f->r = r;
    f->fd = -1;
    mutex_init(&f->lock, RANK_LEAF);
    cond_init(&f->changed);
    f->a = arena_create(NULL, "remote file");
    f->key = remote_key(r, f->a, name);
    f->name = arena_strdup(f->a, name);
    *out = &f->file;
    return NULL;
}

static struct error *
send_part(struct remote_file *f, int number)
{
    const struct remote_service *v = f->r->service;
    if (!f->begun)
        ERR_TRY(v->begin(f->r, f->a, f->key, &f->state));
    f->begun = true;
    struct arena *work = arena_create(NULL, "part");
    struct error *e = v->part(f->r, work, f->key, f->state, number, f->part_offset, f->part,
                              f->last);
    arena_destroy(work);
    return e;
}

static void *
sender(void *arg)
{
    struct remote_file *f = arg;
    int number = 0;
    mutex_lock(&f->lock);
    for (;;) {
        while (!f->busy && !f->stop)
            cond_wait(&f->changed, &f->lock);
        if (!f->busy)
            break;
        mutex_unlock(&f->lock);
        struct error *e = send_part(f, ++number);
        mutex_lock(&f->lock);
        f->busy = false;
        f->failed = e;
        f->dead = e != NULL;
        cond_broadcast(&f->changed);
        if (e != NULL)
            break;
    }
    mutex_unlock(&f->lock);
    return NULL;
}

/* Until the part at hand is sent; its error. */
static struct error *
wait_sent(struct remote_file *f)
{
    mutex_lock(&f->lock);
    while (f->busy)
        cond_wait(&f->changed, &f->lock);
    struct error *e = f->failed;
    f->failed = NULL;
    if (e == NULL && f->dead)
        e = err_new(ERR_UNCATEGORIZED, "an earlier part of the file could not be sent");
    mutex_unlock(&f->lock);
    return e;
}

/* Tell the thread, by stop or complete, that there is nothing more, and wait for its end; what failed. */
static struct error *
end_thread(struct remote_file *f, bool *told)
{
    mutex_lock(&f->lock);
    *told = true;
    cond_broadcast(&f->changed);
    mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    f->started = false;
    struct error *e = f->failed;
    f->failed = NULL;
    return e;
}

static void
join_sender(struct remote_file *f)
{
    if (!f->started)
        return;
    err_free(wait_sent(f));
    err_free(end_thread(f, &f->stop));
}

static void
file_free(struct remote_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    xfree(f->buf);
    xfree(f->spare);
    mutex_destroy(&f->lock);
    cond_destroy(&f->changed);
    arena_destroy(f->a);
    xfree(f);
}

/* Hand buf to the thread, and take the other one. */
static struct error *
hand_over(struct remote_file *f, bool last)
{
    if (!f->started)
        ERR_TRY(thread_start(&f->thread, "sender", sender, f));
    f->started = true;
    ERR_TRY(wait_sent(f));
    uint8_t *buf = f->buf;
    size_t cap = f->cap;
    f->buf = f->spare;
    f->cap = f->spare_cap;
    f->spare = buf;
    f->spare_cap = cap;
    mutex_lock(&f->lock);
    f->part = slice_make(buf, f->len);
    f->part_offset = f->sent;
    f->last = last;
    f->busy = true;
    cond_broadcast(&f->changed);
    mutex_unlock(&f->lock);
    f->parts++;
    return last ? wait_sent(f) : NULL;
}

/* ---- a file that is sent while it grows ---- */

/* Of the file's thread: wait until there is more of it. */
static ssize_t
send_some(void *arg, uint64_t offset, uint8_t *to, size_t n)
{
    struct remote_file *f = arg;
    ssize_t got;
    mutex_lock(&f->lock);
    while (!f->stop && !f->complete && f->sent <= offset &&
           !cancel_requested(f->r->sink.cancel))
        cond_wait_ns(&f->changed, &f->lock, WAIT_NS);
    uint64_t left = f->sent - offset;
    bool end = f->complete && left == 0;
    mutex_unlock(&f->lock);
    if (end)
        return 0;
    if (left == 0) /* given up */
        return -1;
    do
        got = pread(f->fd, to, left < n ? (size_t)left : n, (off_t)offset);
    while (got < 0 && errno == EINTR);
    return got > 0 ? got : -1;
}

static void *
streamer(void *arg)
{
    struct remote_file *f = arg;
    struct arena *work = arena_create(NULL, "stream");
    f->failed = f->r->service->stream(f->r, work, f->key, send_some, f);
    arena_destroy(work);
    return NULL;
}

/* Does the server have all of it? Servers that know no such bodies refuse them, or take them for empty. */
static bool
stream_end(struct remote_file *f)
{
    uint64_t there = 0;
    struct error *e = end_thread(f, &f->complete);
    if (e == NULL)
        e = f->r->sink.vt->size(&f->r->sink, f->name, &there);
    bool good = e == NULL && there == f->sent;
    err_free(e);
    return good;
}

/* What is gathered goes into the file, from where a thread sends it on. */
static struct error *
gather(struct remote_file *f, bool last)
{
    if (f->fd < 0)
        ERR_TRY(temp_file(f->r, &f->fd));
    ERR_TRY(fd_write_all(f->fd, "temporary file", f->buf, f->len));
    mutex_lock(&f->lock);
    f->sent += f->len;
    cond_broadcast(&f->changed);
    mutex_unlock(&f->lock);
    f->len = 0;
    if (last || f->started || f->r->service->stream == NULL || f->r->no_streams)
        return NULL;
    ERR_TRY(thread_start(&f->thread, "sender", streamer, f));
    f->started = true;
    return NULL;
}

/* All is in the file: the server has it already, or gets it once more, with its length. */
static struct error *
put_gathered(struct remote_file *f, struct arena *work)
{
    bool streamed = f->started;
    if (streamed && stream_end(f))
        return NULL;
    ERR_TRY(cancel_check(f->r->sink.cancel));
    ERR_TRY(f->r->service->put(f->r, work, f->key, SLICE_NULL, f->fd, f->sent));
    if (streamed)
        f->r->no_streams = true;
    return NULL;
}

/* Send what is gathered. */
static struct error *
flush(struct remote_file *f, bool last)
{
    if (f->r->service->begin == NULL)
        return gather(f, last);
    ERR_TRY(hand_over(f, last));
    f->sent += f->len;
    f->len = 0;
    return NULL;
}

/* Parts grow with the file, so that ten thousand are enough for half a terabyte. */
static size_t
part_bytes(const struct remote_file *f)
{
    int doublings = f->parts / 1000;
    return f->r->service->part_bytes << (doublings < 2 ? doublings : 2);
}

struct error *
remote_write(struct sink_file *file, const void *p, size_t len)
{
    struct remote_file *f = (struct remote_file *)file;
    const uint8_t *b = p;
    while (len > 0) {
        size_t part = part_bytes(f);
        if (f->len >= part) /* the last part is sent by commit, and is never empty */
            ERR_TRY(flush(f, false));
        if (f->len == f->cap && f->cap < part) {
            f->cap = f->cap == 0 ? BUF_FIRST : 2 * f->cap;
            f->cap = f->cap < part ? f->cap : part;
            f->buf = xrealloc(f->buf, f->cap);
        }
        size_t room = f->cap - f->len, n = len < room ? len : room;
        memcpy(f->buf + f->len, b, n);
        f->len += n;
        b += n;
        len -= n;
    }
    return NULL;
}

void
remote_abort(struct sink_file *file)
{
    struct remote_file *f = (struct remote_file *)file;
    if (f->started && f->fd >= 0)
        err_free(end_thread(f, &f->stop));
    join_sender(f);
    if (f->begun)
        f->r->service->cancel(f->r, f->key, f->state);
    file_free(f);
}

struct error *
remote_commit(struct sink_file *file)
{
    struct remote_file *f = (struct remote_file *)file;
    const struct remote_service *v = f->r->service;
    struct error *e;
    struct arena *work = arena_create(NULL, "commit");
    if (f->fd >= 0) {
        e = flush(f, true);
        if (e == NULL)
            e = put_gathered(f, work);
        else if (f->started)
            err_free(end_thread(f, &f->stop));
    } else if (f->started) {
        e = flush(f, true);
        join_sender(f);
        if (e == NULL)
            e = v->finish(f->r, work, f->key, f->state);
        if (e != NULL && f->begun)
            v->cancel(f->r, f->key, f->state);
    } else {
        e = v->put(f->r, work, f->key, slice_make(f->buf, f->len), -1, f->len);
    }
    arena_destroy(work);
    file_free(f);
    return e;
}
