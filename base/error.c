/* base/error.c - making, decorating and freeing errors. See error.h. */
#include "config.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char sqlstates[][6] = {
#define ERRCODE(name, sqlstate) sqlstate,
#include "base/errcodes.def"
#undef ERRCODE
};

_Static_assert(sizeof(sqlstates) / sizeof(sqlstates[0]) == ERRCODE_COUNT, "one SQLSTATE a code");

static char oom_message[] = "out of memory";
/* Shared by all threads and never changed: every function below leaves it alone. */
static struct error oom_error = {
    .code = ERR_OUT_OF_MEMORY,
    .sqlstate = "53200",
    .file = __FILE__,
    .message = oom_message,
};

struct error *
err_out_of_memory(void)
{
    return &oom_error;
}

const char *
errcode_sqlstate(enum errcode code)
{
    return (unsigned)code < ERRCODE_COUNT ? sqlstates[code] : "XX000";
}

bool
err_is(const struct error *e, enum errcode code)
{
    return e != NULL && e->code == code;
}

/* NULL when memory is out. */
static char *format(const char *fmt, va_list ap) ERR_PRINTF(1, 0);

static char *
format(const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *s = n < 0 ? NULL : malloc((size_t)n + 1);
    if (s != NULL)
        vsnprintf(s, (size_t)n + 1, fmt, again);
    va_end(again);
    return s;
}

static void
replace(char **field, char *text)
{
    free(*field);
    *field = text;
}

static void
replace_copy(char **field, const char *text)
{
    replace(field, text == NULL ? NULL : strdup(text));
}

struct error *
err_newv_at(const char *file, int line, enum errcode code, const char *fmt, va_list ap)
{
    struct error *e = calloc(1, sizeof(*e));
    if (e == NULL)
        return &oom_error;
    e->message = format(fmt, ap);
    if (e->message == NULL) {
        free(e);
        return &oom_error;
    }
    e->code = code;
    memcpy(e->sqlstate, errcode_sqlstate(code), sizeof(sqlstates[0]));
    e->file = file;
    e->line = line;
    return e;
}

struct error *
err_new_at(const char *file, int line, enum errcode code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct error *e = err_newv_at(file, line, code, fmt, ap);
    va_end(ap);
    return e;
}

struct error *
err_detail(struct error *e, const char *fmt, ...)
{
    if (e == NULL || e == &oom_error)
        return e;
    va_list ap;
    va_start(ap, fmt);
    replace(&e->detail, format(fmt, ap));
    va_end(ap);
    return e;
}

struct error *
err_hint(struct error *e, const char *fmt, ...)
{
    if (e == NULL || e == &oom_error)
        return e;
    va_list ap;
    va_start(ap, fmt);
    replace(&e->hint, format(fmt, ap));
    va_end(ap);
    return e;
}

struct error *
err_at(struct error *e, int position)
{
    if (e != NULL && e != &oom_error && e->position == 0)
        e->position = position;
    return e;
}

struct error *
err_sqlstate(struct error *e, const char *sqlstate)
{
    if (e == NULL || e == &oom_error || strlen(sqlstate) >= sizeof(e->sqlstate))
        return e;
    memcpy(e->sqlstate, sqlstate, strlen(sqlstate) + 1);
    for (int i = 0; i < ERRCODE_COUNT; i++) {
        if (strcmp(sqlstates[i], sqlstate) == 0) {
            e->code = (enum errcode)i;
            break;
        }
    }
    return e;
}

struct error *
err_schema(struct error *e, const char *schema)
{
    if (e != NULL && e != &oom_error)
        replace_copy(&e->schema_name, schema);
    return e;
}

struct error *
err_table(struct error *e, const char *table, const char *column, const char *constraint)
{
    if (e == NULL || e == &oom_error)
        return e;
    replace_copy(&e->table_name, table);
    replace_copy(&e->column_name, column);
    replace_copy(&e->constraint_name, constraint);
    return e;
}

struct error *
err_wrap(struct error *e, const char *fmt, ...)
{
    if (e == NULL || e == &oom_error)
        return e;
    va_list ap;
    va_start(ap, fmt);
    char *context = format(fmt, ap);
    va_end(ap);
    if (context == NULL)
        return e;
    struct error *w = err_new_at(e->file, e->line, e->code, "%s: %s", context, e->message);
    free(context);
    if (w == &oom_error)
        return e;
    memcpy(w->sqlstate, e->sqlstate, sizeof(w->sqlstate));
    w->position = e->position;
    w->detail = e->detail;
    w->hint = e->hint;
    w->schema_name = e->schema_name;
    w->table_name = e->table_name;
    w->column_name = e->column_name;
    w->constraint_name = e->constraint_name;
    e->detail = e->hint = NULL;
    e->schema_name = e->table_name = e->column_name = e->constraint_name = NULL;
    w->cause = e;
    return w;
}

struct error *
err_unimplemented_at(const char *file, int line, int issue, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *what = format(fmt, ap);
    va_end(ap);
    if (what == NULL)
        return &oom_error;
    struct error *e =
        err_new_at(file, line, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: %s", what);
    free(what);
    if (issue == 0)
        return err_hint(e, "You have attempted to use a feature that is not yet implemented.");
    return err_hint(e,
                    "You have attempted to use a feature that is not yet implemented.\n"
                    "See: https://go.crdb.dev/issue/%d",
                    issue);
}

static enum errcode
code_of_errno(int errnum)
{
    switch (errnum) {
    case ENOSPC:
    case EDQUOT:
        return ERR_DISK_FULL;
    case ENOENT:
        return ERR_UNDEFINED_FILE;
    case ENOMEM:
        return ERR_OUT_OF_MEMORY;
    case EMFILE:
    case ENFILE:
    case EAGAIN:
        return ERR_INSUFFICIENT_RESOURCES;
    default:
        return ERR_IO;
    }
}

struct error *
err_errno_at(const char *file, int line, int errnum, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *what = format(fmt, ap);
    va_end(ap);
    if (what == NULL)
        return &oom_error;
    char buf[128];
    const char *text = strerror_r(errnum, buf, sizeof(buf)); /* the GNU form */
    struct error *e = err_new_at(file, line, code_of_errno(errnum), "%s: %s", what, text);
    free(what);
    return e;
}

void
err_free(struct error *e)
{
    while (e != NULL && e != &oom_error) {
        struct error *cause = e->cause;
        free(e->message);
        free(e->detail);
        free(e->hint);
        free(e->schema_name);
        free(e->table_name);
        free(e->column_name);
        free(e->constraint_name);
        free(e);
        e = cause;
    }
}

void
assert_failed(const char *file, int line, const char *cond)
{
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, cond);
    fflush(stderr);
    abort();
}
