/* base/file.c - whole files and folders. See file.h. */
#include "config.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/hash.h"

#define TREE_OPEN_MAX 32 /* descriptors that a tree walk may hold */

static struct error *
open_file(const char *path, int flags, unsigned mode, int *out)
{
    FAULT_TRY(file_open);
    do
        *out = open(path, flags | O_CLOEXEC, mode);
    while (*out < 0 && errno == EINTR);
    if (*out < 0)
        return err_errno(errno, "open %s", path);
    return NULL;
}

static struct error *
read_fd(struct arena *a, int fd, const char *path, size_t max, struct slice *out)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_errno(errno, "stat %s", path);
    if (S_ISDIR(st.st_mode))
        return err_errno(EISDIR, "read %s", path);
    /* The size is a hint: the file may grow, or be a pipe. */
    size_t first = st.st_size > 0 && (uint64_t)st.st_size <= max ? (size_t)st.st_size + 1 : 4096;
    if ((uint64_t)st.st_size > max)
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "%s is larger than %zu bytes", path, max);
    size_t cap = first, len = 0;
    void *buf;
    ERR_TRY(arena_try_alloc(a, cap + 1, &buf));
    for (;;) {
        FAULT_TRY(file_read);
        ssize_t n = read(fd, (char *)buf + len, cap - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(errno, "read %s", path);
        if (n == 0)
            break;
        len += (size_t)n;
        if (len > max)
            return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "%s is larger than %zu bytes", path, max);
        if (len == cap) {
            buf = arena_realloc(a, buf, cap + 1, cap * 2 + 1);
            cap *= 2;
        }
    }
    ((char *)buf)[len] = '\0';
    *out = slice_make(buf, len);
    return NULL;
}

struct error *
file_read(struct arena *a, const char *path, size_t max, struct slice *out)
{
    int fd;
    ERR_TRY(open_file(path, O_RDONLY, 0, &fd));
    struct error *err = read_fd(a, fd, path, max, out);
    close(fd);
    return err;
}

struct error *
fd_write_all(int fd, const char *path, const void *p, size_t len)
{
    const uint8_t *at = p;
    FAULT_TRY(file_write);
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(errno, "write %s", path);
        at += n;
        len -= (size_t)n;
    }
    return NULL;
}

struct error *
fd_write_early(int fd, const char *path, const void *p, size_t len)
{
    ERR_TRY(fd_write_all(fd, path, p, len));
    off_t end = lseek(fd, 0, SEEK_CUR);
    if (end >= (off_t)len) /* only a hint: what it could not do the sync does */
        (void)sync_file_range(fd, end - (off_t)len, (off_t)len, SYNC_FILE_RANGE_WRITE);
    return NULL;
}

struct error *
fd_sync(int fd, const char *path)
{
    FAULT_TRY(file_sync);
    if (fsync(fd) != 0)
        return err_errno(errno, "sync %s", path);
    return NULL;
}

struct error *
dir_sync_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash == NULL   ? strdup(".")
                : slash == path ? strdup("/")
                                : strndup(path, (size_t)(slash - path));
    if (dir == NULL)
        return err_out_of_memory();
    int fd;
    struct error *err = open_file(dir, O_RDONLY | O_DIRECTORY, 0, &fd);
    if (err == NULL) {
        err = fd_sync(fd, dir);
        close(fd);
    }
    free(dir);
    return err;
}

struct error *
file_write_atomic(const char *path, struct slice bytes, unsigned mode)
{
    struct error *err;
    size_t tmp_len = strlen(path) + 32;
    char *tmp = xmalloc(tmp_len);
    snprintf(tmp, tmp_len, "%s.tmp-%016llx", path, (unsigned long long)random_u64());
    int fd = -1;
    bool made = false;
    ERR_GOTO(open_file(tmp, O_WRONLY | O_CREAT | O_EXCL, mode, &fd), out);
    made = true;
    ERR_GOTO(fd_write_all(fd, path, bytes.ptr, bytes.len), out);
    ERR_GOTO(fd_sync(fd, path), out);
    int rc = close(fd);
    fd = -1;
    if (rc != 0) {
        err = err_errno(errno, "close %s", path);
        goto out;
    }
    if (fault_hit(FAULT_file_rename)) {
        err = fault_error(FAULT_file_rename);
        goto out;
    }
    if (rename(tmp, path) != 0) {
        err = err_errno(errno, "rename to %s", path);
        goto out;
    }
    made = false;
    err = dir_sync_of(path);
out:
    if (fd >= 0)
        close(fd);
    if (made)
        unlink(tmp);
    xfree(tmp);
    return err;
}

bool
file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

struct error *
file_size(const char *path, uint64_t *out)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return err_errno(errno, "stat %s", path);
    *out = (uint64_t)st.st_size;
    return NULL;
}

struct error *
file_remove(const char *path)
{
    if (unlink(path) != 0)
        return err_errno(errno, "remove %s", path);
    return NULL;
}

static bool
is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

struct error *
dir_create_all(const char *path, unsigned mode)
{
    struct error *err = NULL;
    char *p = xstrdup(path);
    for (char *at = p + 1; err == NULL && at[-1] != '\0'; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char was = *at;
        *at = '\0';
        if (mkdir(p, mode) != 0) {
            int e = errno;
            if (!is_dir(p))
                err = err_errno(e, "create folder %s", p);
        }
        *at = was;
    }
    xfree(p);
    return err;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

struct error *
dir_remove_tree(const char *path)
{
    if (nftw(path, remove_entry, TREE_OPEN_MAX, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        return err_errno(errno, "remove %s", path);
    return NULL;
}

struct error *
dir_create_temp(struct arena *a, const char *base, const char *prefix, char **out)
{
    if (base == NULL)
        base = getenv("TMPDIR");
    if (base == NULL || base[0] == '\0')
        base = "/tmp";
    char *path = arena_printf(a, "%s/%sXXXXXX", base, prefix);
    if (mkdtemp(path) == NULL)
        return err_errno(errno, "create folder in %s", base);
    *out = path;
    return NULL;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct error *
dir_list(struct arena *a, const char *path, char ***names, size_t *count)
{
    DIR *d = opendir(path);
    if (d == NULL)
        return err_errno(errno, "open folder %s", path);
    size_t cap = 16, n = 0;
    char **list = arena_alloc(a, cap * sizeof(*list));
    struct dirent *e;
    while (errno = 0, (e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (n == cap) {
            list = arena_realloc(a, list, cap * sizeof(*list), 2 * cap * sizeof(*list));
            cap *= 2;
        }
        list[n++] = arena_strdup(a, e->d_name);
    }
    int failed = errno;
    closedir(d);
    if (failed != 0)
        return err_errno(failed, "read folder %s", path);
    qsort(list, n, sizeof(*list), compare_names);
    *names = list;
    *count = n;
    return NULL;
}

char *
path_join(struct arena *a, const char *dir, const char *name)
{
    size_t n = strlen(dir);
    bool slash = n > 0 && dir[n - 1] == '/';
    return arena_printf(a, "%s%s%s", dir, slash ? "" : "/", name);
}
