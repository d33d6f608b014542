/* nodelocal://<node>/<path>: files below the node's external I/O directory (sinks.md 8); of another node,
 * see nodelocal_peer.c.
 *
 * A path must stay below the directory, by its text (`..` is resolved lexically) and by what links make of
 * it: one that leads out is refused, and is not listed. Whoever wants other disks there mounts them. */
#include "config.h"

#include "sinks/uri_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"

#define LIST_DEPTH_MAX 32 /* folders below each other; guards against loops of links */

struct nodelocal {
    struct sink sink;
    char *root; /* clean absolute external I/O directory */
    char *base; /* clean absolute path of this sink, at or below root */
};

struct nodelocal_file {
    struct sink_file file;
    int fd;
    char *path, *temp;
};

static const struct sink_vt nodelocal_vt;

/* Lexical clean of an absolute path: no empty, "." or ".." parts. ".." above "/" stays at "/". */
static char *
path_clean(struct arena *a, const char *path)
{
    char *out = arena_alloc(a, strlen(path) + 2);
    size_t n = 0;
    for (const char *p = path; *p != '\0';) {
        while (*p == '/')
            p++;
        size_t len = strcspn(p, "/");
        if (len == 2 && p[0] == '.' && p[1] == '.') {
            while (n > 0 && out[--n] != '/')
                ;
        } else if (len > 0 && !(len == 1 && p[0] == '.')) {
            out[n++] = '/';
            memcpy(out + n, p, len);
            n += len;
        }
        p += len;
    }
    if (n == 0)
        out[n++] = '/';
    out[n] = '\0';
    return out;
}

static bool
path_below(const char *path, const char *root)
{
    size_t n = strlen(root);
    if (n == 1)
        return true;
    return strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Does as much of the path as exists lie below the root, links followed? */
static bool
really_below(const struct nodelocal *s, const char *path)
{
    struct arena *a = arena_create(NULL, "real path");
    char *root = realpath(s->root, NULL), *real = NULL;
    char *p = arena_strdup(a, path);
    while (root != NULL && (real = realpath(p, NULL)) == NULL && strlen(p) > strlen(s->root))
        *strrchr(p, '/') = '\0';
    bool below = root == NULL || real == NULL || path_below(real, root);
    free(real) /* libc's own */;
    free(root) /* libc's own */;
    arena_destroy(a);
    return below;
}

static struct error *
full_path(const struct nodelocal *s, struct arena *a, const char *name, char **out)
{
    *out = path_clean(a, arena_printf(a, "%s/%s", s->base, name));
    if (!path_below(*out, s->root) || !really_below(s, *out))
        return err_new(ERR_UNCATEGORIZED,
                       "local file access to paths outside of external-io-dir is not allowed: %s",
                       name);
    return NULL;
}

static bool
is_node_id(const char *host)
{
    if (strcmp(host, "self") == 0)
        return true;
    for (const char *p = host; *p != '\0'; p++)
        if (*p < '0' || *p > '9' || p - host > 9)
            return false;
    return true;
}

static struct error *
outside(const char *path)
{
    return err_new(ERR_UNCATEGORIZED,
                   "local file access to paths outside of external-io-dir is not allowed: %s", path);
}

static struct error *
open_below(const struct io_config *io, const char *path, struct sink **out)
{
    if (*io->external_io_dir == '\0')
        return err_new(ERR_UNCATEGORIZED, "local file access is disabled");
    struct arena *a = arena_create(NULL, "nodelocal open");
    char *root = path_clean(a, io->external_io_dir);
    char *base = path_clean(a, arena_printf(a, "%s/%s", root, path));
    if (!path_below(base, root)) {
        arena_destroy(a);
        return outside(path);
    }
    struct nodelocal *s = xcalloc(1, sizeof(*s));
    s->sink.vt = &nodelocal_vt;
    s->root = xstrdup(root);
    s->base = xstrdup(base);
    arena_destroy(a);
    *out = &s->sink;
    return NULL;
}

static struct error *
open_of_node(const struct io_config *io, uint32_t node, const char *path, struct sink **out)
{
    static const char root[] = "/extern"; /* whatever it is called there */
    struct io_peer p;
    struct arena *a = arena_create(NULL, "nodelocal open");
    char *base = path_clean(a, arena_printf(a, "%s/%s", root, path));
    struct error *e = NULL;
    if (!path_below(base, root))
        e = outside(path);
    else if (io->peer == NULL)
        e = err_new(ERR_UNCATEGORIZED,
                    "failed to create blob client: connecting to node %u: unable to look up "
                    "descriptor for n%u", node, node);
    else
        e = io->peer(io->peer_arg, a, node, &p);
    base += strlen(root);
    if (e == NULL && p.io != NULL)
        e = open_below(p.io, path, out);
    else if (e == NULL)
        e = nodelocal_peer_open(&p, node, *base == '/' ? base + 1 : base, out);
    arena_destroy(a);
    return e;
}

struct error *
nodelocal_open(const struct io_config *io, const struct uri *u, const char *text,
               struct sink **out)
{
    if (*u->host == '\0')
        return err_new(ERR_UNCATEGORIZED,
                       "host component of nodelocal URI must be a node ID "
                       "(use 'self' to specify each node should access its own local filesystem)");
    if (!is_node_id(u->host))
        return err_new(ERR_UNCATEGORIZED,
                       "host component of nodelocal URI must be a node ID: %s", text);
    if (*u->path == '\0')
        return err_new(ERR_UNCATEGORIZED, "Local storage requested but path not provided");
    uint32_t node = strcmp(u->host, "self") == 0 ? 0 : (uint32_t)strtoul(u->host, NULL, 10);
    if (node != 0 && node != io->node_id)
        return open_of_node(io, node, u->path, out);
    return open_below(io, u->path, out);
}

struct error *
sink_open_own(const struct io_config *io, struct sink **out)
{
    return open_below(io, "", out);
}

static void
nodelocal_close(struct sink *sink)
{
    struct nodelocal *s = (struct nodelocal *)sink;
    xfree(s->root);
    xfree(s->base);
    xfree(s);
}

static struct error *
os_error(int errnum, const char *what, const char *path)
{
    char buf[128];
    enum errcode code = errnum == ENOENT    ? ERR_UNDEFINED_FILE
                        : errnum == ENOSPC ? ERR_DISK_FULL
                                           : ERR_IO;
    const char *text = strerror_r(errnum, buf, sizeof(buf));
    /* SOURCE: Go's os package words errors "<op> <path>: <text>", text in lower case */
    char first = text[0] >= 'A' && text[0] <= 'Z' ? (char)(text[0] + 32) : text[0];
    return err_new(code, "%s %s: %c%s", what, path, first, text + 1);
}

static struct error *
open_file(const struct nodelocal *s, struct arena *a, const char *name, int *fd, uint64_t *size)
{
    char *path;
    struct stat st;
    ERR_TRY(full_path(s, a, name, &path));
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return os_error(errno, "open", path);
    if (fstat(*fd, &st) != 0) {
        struct error *e = os_error(errno, "stat", path);
        close(*fd);
        return e;
    }
    if (S_ISDIR(st.st_mode)) {
        close(*fd);
        const char *slash = strrchr(path, '/');
        return err_new(ERR_UNCATEGORIZED, "expected a file but \"%s\" is a directory", slash + 1);
    }
    *size = (uint64_t)st.st_size;
    return NULL;
}

static struct error *
nodelocal_size(struct sink *sink, const char *name, uint64_t *size)
{
    struct arena *a = arena_create(NULL, "nodelocal size");
    int fd;
    struct error *e = open_file((struct nodelocal *)sink, a, name, &fd, size);
    if (e == NULL)
        close(fd);
    arena_destroy(a);
    return e;
}

static struct error *
nodelocal_read(struct sink *sink, const char *name, uint64_t offset, size_t len, uint8_t *out)
{
    struct arena *a = arena_create(NULL, "nodelocal read");
    uint64_t size;
    int fd;
    struct error *e = open_file((struct nodelocal *)sink, a, name, &fd, &size);
    if (e != NULL)
        goto out;
    while (len > 0) {
        ssize_t n = pread(fd, out, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            e = n < 0 ? os_error(errno, "read", name)
                      : err_new(ERR_DATA_CORRUPTED, "read %s: unexpected EOF", name);
            break;
        }
        out += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    close(fd);
out:
    arena_destroy(a);
    return e;
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

static struct error *
nodelocal_map(struct sink *sink, struct arena *a, const char *name, struct slice *out)
{
    uint64_t size;
    int fd;
    ERR_TRY(open_file((struct nodelocal *)sink, a, name, &fd, &size));
    *out = SLICE_NULL;
    if (size > 0) {
        void *p = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) {
            struct error *e = os_error(errno, "mmap", name);
            close(fd);
            return e;
        }
        struct mapping *m = ARENA_NEW(a, struct mapping);
        *m = (struct mapping){p, (size_t)size};
        arena_on_free(a, unmap, m);
        *out = slice_make(p, (size_t)size);
    }
    close(fd);
    return NULL;
}

static struct error *
nodelocal_create(struct sink *sink, const char *name, struct sink_file **out)
{
    struct nodelocal *s = (struct nodelocal *)sink;
    struct arena *a = arena_create(NULL, "nodelocal create");
    char *path;
    struct error *e = full_path(s, a, name, &path);
    if (e != NULL)
        goto out;
    char *dir = arena_strndup(a, path, (size_t)(strrchr(path, '/') - path));
    if (*dir != '\0')
        e = dir_create_all(dir, 0755);
    if (e != NULL) {
        e = err_wrap(e, "creating target local directory \"%s\"", dir);
        goto out;
    }
    char *temp = arena_printf(a, "%s%llu.tmp", path, (unsigned long long)random_u64());
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        e = err_wrap(os_error(errno, "open", temp), "creating temporary file");
        goto out;
    }
    struct nodelocal_file *f = xcalloc(1, sizeof(*f));
    f->file.vt = &nodelocal_vt;
    f->fd = fd;
    f->path = xstrdup(path);
    f->temp = xstrdup(temp);
    *out = &f->file;
out:
    arena_destroy(a);
    return e;
}

static struct error *
nodelocal_write(struct sink_file *file, const void *p, size_t len)
{
    struct nodelocal_file *f = (struct nodelocal_file *)file;
    struct error *e = fd_write_early(f->fd, f->temp, p, len);
    return e != NULL ? err_wrap(e, "writing to temporary file \"%s\"", f->temp) : NULL;
}

static void
file_free(struct nodelocal_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    xfree(f->path);
    xfree(f->temp);
    xfree(f);
}

static void
nodelocal_abort(struct sink_file *file)
{
    struct nodelocal_file *f = (struct nodelocal_file *)file;
    unlink(f->temp);
    file_free(f);
}

static struct error *
nodelocal_commit(struct sink_file *file)
{
    struct nodelocal_file *f = (struct nodelocal_file *)file;
    struct error *e = fd_sync(f->fd, f->temp);
    if (e != NULL)
        e = err_wrap(e, "flushing temporary file \"%s\"", f->temp);
    else if (rename(f->temp, f->path) != 0)
        e = err_wrap(os_error(errno, "rename", f->temp),
                     "moving temporary file to final location \"%s\"", f->path);
    else
        e = dir_sync_of(f->path);
    if (e != NULL)
        unlink(f->temp);
    file_free(f);
    return e;
}

struct listing {
    const struct nodelocal *s;
    struct arena *a;
    char **names;
    size_t n, cap;
};

static struct error *
list_dir(struct listing *l, const char *dir, const char *relative, const char *prefix, int depth)
{
    DIR *d = opendir(dir);
    if (d == NULL)
        return errno == ENOENT || errno == ENOTDIR ? NULL : os_error(errno, "open", dir);
    struct error *e = NULL;
    struct dirent *de;
    while (e == NULL && (de = readdir(d)) != NULL) {
        if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
            continue;
        char *path = arena_printf(l->a, "%s/%s", dir, de->d_name);
        char *name = *relative != '\0' ? arena_printf(l->a, "%s/%s", relative, de->d_name)
                                       : arena_strdup(l->a, de->d_name);
        struct stat st;
        if (lstat(path, &st) != 0 || (S_ISLNK(st.st_mode) && !really_below(l->s, path)) ||
            stat(path, &st) != 0)
            continue; /* gone since, a link that dangles or leads out */
        size_t common = strlen(prefix) < strlen(name) ? strlen(prefix) : strlen(name);
        if (strncmp(name, prefix, common) != 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            if (depth < LIST_DEPTH_MAX)
                e = list_dir(l, path, name, prefix, depth + 1);
            continue;
        }
        if (strncmp(name, prefix, strlen(prefix)) != 0)
            continue;
        if (l->n == l->cap) {
            size_t cap = l->cap == 0 ? 64 : 2 * l->cap;
            l->names = arena_realloc(l->a, l->names, l->cap * sizeof(char *),
                                     cap * sizeof(char *));
            l->cap = cap;
        }
        l->names[l->n++] = name;
    }
    closedir(d);
    return e;
}

static int
by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct error *
nodelocal_list(struct sink *sink, struct arena *a, const char *prefix, char ***names, size_t *n)
{
    struct nodelocal *s = (struct nodelocal *)sink;
    struct listing l = {.s = s, .a = a};
    if (!really_below(s, s->base))
        return err_new(ERR_UNCATEGORIZED,
                       "local file access to paths outside of external-io-dir is not allowed: %s",
                       prefix);
    ERR_TRY(list_dir(&l, s->base, "", prefix, 0));
    if (l.n > 1)
        qsort(l.names, l.n, sizeof(char *), by_bytes);
    *names = l.names;
    *n = l.n;
    return NULL;
}

static struct error *
nodelocal_remove(struct sink *sink, const char *name)
{
    struct arena *a = arena_create(NULL, "nodelocal remove");
    char *path;
    struct error *e = full_path((struct nodelocal *)sink, a, name, &path);
    if (e != NULL)
        e = err_wrap(e, "deleting file");
    else if (remove(path) != 0)
        e = os_error(errno, "remove", path);
    arena_destroy(a);
    return e;
}

static const struct sink_vt nodelocal_vt = {
    .name = "nodelocal",
    .can_list = true,
    .size = nodelocal_size,
    .read = nodelocal_read,
    .map = nodelocal_map,
    .create = nodelocal_create,
    .write = nodelocal_write,
    .commit = nodelocal_commit,
    .abort = nodelocal_abort,
    .list = nodelocal_list,
    .remove = nodelocal_remove,
    .close = nodelocal_close,
};
