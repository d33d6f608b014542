/* workload:///<format>/<generator>/<table>: rows that a generator makes, which IMPORT alone could read. There
 * is no IMPORT and no generator here: the URI is checked, and whatever is asked of it is refused in v20.1's
 * words. SOURCE: sinks 9. */
#include "config.h"

#include "sinks/uri_int.h"

#include <errno.h>
#include <stdlib.h>

static struct error *
refuse(const char *what)
{
    return err_new(ERR_UNCATEGORIZED, "workload storage does not support %s", what);
}

static struct error *
workload_size(struct sink *s, const char *name, uint64_t *size)
{
    (void)s, (void)name, (void)size;
    return refuse("sizing");
}

static struct error *
no_rows(const char *name)
{
    return *name != '\0' ? err_new(ERR_UNCATEGORIZED, "basenames are not supported by workload storage")
                         : err_unimplemented(0, "rows of workload generators");
}

static struct error *
workload_read(struct sink *s, const char *name, uint64_t offset, size_t len, uint8_t *out)
{
    (void)s, (void)offset, (void)len, (void)out;
    return no_rows(name);
}

static struct error *
workload_read_all(struct sink *s, struct arena *a, const char *name, size_t max, struct slice *out)
{
    (void)s, (void)a, (void)max, (void)out;
    return no_rows(name);
}

static struct error *
workload_create(struct sink *s, const char *name, struct sink_file **out)
{
    (void)s, (void)name, (void)out;
    return refuse("writes");
}

static struct error *
workload_list(struct sink *s, struct arena *a, const char *prefix, char ***names, size_t *n)
{
    (void)s, (void)a, (void)prefix, (void)names, (void)n;
    return refuse("listing files");
}

static struct error *
workload_remove(struct sink *s, const char *name)
{
    (void)s, (void)name;
    return refuse("deletes");
}

static void
workload_close(struct sink *s)
{
    xfree(s);
}

static const struct sink_vt workload_vt = {
    .name = "workload",
    .can_list = false,
    .size = workload_size,
    .read = workload_read,
    .read_all = workload_read_all,
    .create = workload_create,
    .list = workload_list,
    .remove = workload_remove,
    .close = workload_close,
};

/* As the language that v20.1 is written in says it. */
static struct error *
check_number(const struct uri *u, const char *name)
{
    const char *text = uri_param(u, name);
    char *end;
    if (text == NULL)
        return NULL;
    errno = 0;
    (void)strtoll(text, &end, 10);
    if (errno == ERANGE)
        return err_new(ERR_UNCATEGORIZED, "strconv.ParseInt: parsing \"%s\": value out of range", text);
    if (*text == '\0' || *text == ' ' || *end != '\0')
        return err_new(ERR_UNCATEGORIZED, "strconv.ParseInt: parsing \"%s\": invalid syntax", text);
    return NULL;
}

struct error *
workload_open(const struct uri *u, struct sink **out)
{
    const char *path = u->path, *format = path + (*path == '/');
    size_t parts = 1;
    for (const char *p = format; *p != '\0'; p++)
        parts += *p == '/';
    if (parts != 3)
        return err_new(ERR_UNCATEGORIZED, "path must be of the form /<format>/<generator>/<table>: %s", path);
    size_t len = strcspn(format, "/");
    if (uri_param(u, "version") == NULL)
        return err_new(ERR_UNCATEGORIZED, "parameter version is required");
    ERR_TRY(check_number(u, "row-start"));
    ERR_TRY(check_number(u, "row-end"));
    if (strncmp(format, "csv/", 4) != 0)
        return err_new(ERR_UNCATEGORIZED, "unsupported format: %.*s", (int)len, format);
    struct sink *s = xcalloc(1, sizeof(*s));
    s->vt = &workload_vt;
    *out = s;
    return NULL;
}
