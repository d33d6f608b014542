#include "config.h"

#include "sinks/uri_int.h"

#include "base/fault.h"

struct error *
sink_open(const struct io_config *io, const char *text, struct sink **out)
{
    FAULT_TRY(sink_open);
    struct arena *a = arena_create(NULL, "sink open");
    struct uri u;
    char *rest, *locality;
    struct error *err;
    *out = NULL;
    ERR_GOTO(uri_split_locality(a, text, &rest, &locality), out);
    ERR_GOTO(uri_parse(a, rest, &u), out);
    if (strcmp(u.scheme, "nodelocal") == 0)
        err = nodelocal_open(io, &u, rest, out);
    else if (strcmp(u.scheme, "http") == 0 || strcmp(u.scheme, "https") == 0)
        err = http_open(io, &u, out);
    else if (strcmp(u.scheme, "s3") == 0)
        err = s3_open(io, &u, out);
    else if (strcmp(u.scheme, "userfile") == 0 && io->userfile_open != NULL)
        err = io->userfile_open(io->userfile_arg, u.host, u.path, out);
    else if (strcmp(u.scheme, "azure") == 0)
        err = azure_open(io, &u, out);
    else if (strcmp(u.scheme, "gs") == 0)
        err = gs_open(io, &u, out);
    else if (strcmp(u.scheme, "workload") == 0 || strcmp(u.scheme, "experimental-workload") == 0)
        err = workload_open(&u, out);
    else
        err = err_new(ERR_UNCATEGORIZED, "unsupported storage scheme: \"%s\"", u.scheme);
    if (err == NULL)
        (*out)->redacted_uri = xstrdup(uri_redact(a, rest));
out:
    arena_destroy(a);
    return err;
}

void
sink_close(struct sink *s)
{
    if (s == NULL)
        return;
    xfree(s->redacted_uri);
    s->vt->close(s);
}

void
sink_set_cancel(struct sink *s, const struct cancel *c)
{
    for (; s != NULL; s = s->inner)
        s->cancel = c;
}

struct error *
sink_size(struct sink *s, const char *name, uint64_t *size)
{
    FAULT_TRY(sink_read);
    return s->vt->size(s, name, size);
}

struct error *
sink_read(struct sink *s, const char *name, uint64_t offset, size_t len, uint8_t *out)
{
    FAULT_TRY(sink_read);
    return s->vt->read(s, name, offset, len, out);
}

struct error *
sink_read_all(struct sink *s, struct arena *a, const char *name, size_t max, struct slice *out)
{
    uint64_t size;
    if (s->vt->read_all != NULL) {
        FAULT_TRY(sink_read);
        return s->vt->read_all(s, a, name, max, out);
    }
    ERR_TRY(sink_size(s, name, &size));
    if (size > max)
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "%s: file of %llu bytes is larger than %zu",
                       name, (unsigned long long)size, max);
    void *buf;
    ERR_TRY(arena_try_alloc(a, (size_t)size + 1, &buf));
    ERR_TRY(sink_read(s, name, 0, (size_t)size, buf));
    *out = slice_make(buf, (size_t)size);
    return NULL;
}

struct error *
sink_map(struct sink *s, struct arena *a, const char *name, struct slice *out)
{
    FAULT_TRY(sink_read);
    if (s->vt->map != NULL)
        return s->vt->map(s, a, name, out);
    return sink_read_all(s, a, name, SIZE_MAX >> 1, out);
}

struct error *
sink_create(struct sink *s, const char *name, struct sink_file **out)
{
    FAULT_TRY(sink_write);
    return s->vt->create(s, name, out);
}

struct error *
sink_write(struct sink_file *f, const void *p, size_t len)
{
    FAULT_TRY(sink_write);
    return f->vt->write(f, p, len);
}

struct error *
sink_commit(struct sink_file *f)
{
    if (fault_hit(FAULT_sink_write)) {
        f->vt->abort(f);
        return fault_error(FAULT_sink_write);
    }
    return f->vt->commit(f);
}

void
sink_abort(struct sink_file *f)
{
    if (f != NULL)
        f->vt->abort(f);
}

struct error *
sink_write_all(struct sink *s, const char *name, struct slice bytes)
{
    struct sink_file *f;
    ERR_TRY(sink_create(s, name, &f));
    struct error *e = sink_write(f, bytes.ptr, bytes.len);
    if (e != NULL) {
        sink_abort(f);
        return e;
    }
    return sink_commit(f);
}

struct error *
sink_list(struct sink *s, struct arena *a, const char *prefix, char ***names, size_t *n)
{
    FAULT_TRY(sink_list);
    if (s->vt->list == NULL)
        return err_new(ERR_UNCATEGORIZED, "%s storage does not support listing", s->vt->name);
    return s->vt->list(s, a, prefix, names, n);
}

struct error *
sink_remove(struct sink *s, const char *name)
{
    FAULT_TRY(sink_delete);
    return s->vt->remove(s, name);
}
