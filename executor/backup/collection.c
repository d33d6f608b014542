/* Collections, as CockroachDB has them from v20.2 on: a folder of full backups named for their times,
 * each with its appended layers, and a file that names the newest.
 *
 *     2026/11/29-104512.08/BACKUP, ...             BACKUP INTO
 *     2026/11/29-104512.08/20261130/...            BACKUP INTO LATEST IN, appended as anywhere
 *     LATEST                                       "2026/11/29-104512.08"
 *
 * A folder of it is an ordinary backup, and can be used as one by its own URI. */
#include "config.h"

#include "executor/backup/backup_int.h"

#include <time.h>

#include "executor/node.h"

#define LATEST_MAX 1000
#define COLLECTION_MAX 100000

char *
collection_new_dir(struct arena *a, struct hlc end)
{
    time_t sec = (time_t)(end.wall / 1000000000);
    struct tm tm;
    gmtime_r(&sec, &tm);
    return arena_printf(a, "%04d/%02d/%02d-%02d%02d%02d.%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                        tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                        (int)(end.wall % 1000000000 / 10000000));
}

static bool
is_plain_path(const char *s)
{
    return *s != '\0' && *s != '/' && strstr(s, "..") == NULL && strpbrk(s, "?#\n") == NULL;
}

static struct error *
read_latest(struct node *n, struct arena *a, const char *uri, char **out)
{
    struct sink *s;
    struct slice bytes;
    ERR_TRY(open_sink(n, a, uri, NULL, &s));
    struct error *e = sink_read_all(s, a, LATEST_FILE, LATEST_MAX, &bytes);
    if (e != NULL)
        return err_wrap(store_error(e), "finding the latest backup of the collection");
    *out = slice_to_cstr(a, bytes);
    (*out)[strcspn(*out, "\n")] = '\0';
    while (**out == '/')
        (*out)++;
    if (!is_plain_path(*out))
        return err_new(ERR_DATA_CORRUPTED, "%s: not the name of a backup", LATEST_FILE);
    return NULL;
}

struct error *
collection_dir(struct exec_ctx *x, const char *uri, bool latest, const struct ast_expr *subdir,
               const char *op, char **out)
{
    if (latest)
        return read_latest(x->node, x->arena, uri, out);
    ERR_TRY(string_eval(x, subdir, op, out));
    while (**out == '/')
        (*out)++;
    if (!is_plain_path(*out))
        return err_new(ERR_INVALID_PARAMETER_VALUE, "\"%s\" is not a backup of a collection", *out);
    return NULL;
}

struct error *
collection_set_latest(struct node *n, struct arena *a, const char *uri, const char *dir)
{
    struct sink *s;
    ERR_TRY(open_sink(n, a, uri, NULL, &s));
    return sink_write_all(s, LATEST_FILE, slice_cstr(dir));
}

static bool
digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return true;
}

/* 2026/11/29-104512.08/BACKUP */
static bool
is_full_backup(const char *s)
{
    return strlen(s) == 27 && digits(s, 4) && s[4] == '/' && digits(s + 5, 2) && s[7] == '/' &&
           digits(s + 8, 2) && s[10] == '-' && digits(s + 11, 6) && s[17] == '.' &&
           digits(s + 18, 2) && strcmp(s + 20, "/" BACKUP_FILE) == 0;
}

struct error *
collection_list(struct node *n, struct arena *a, const char *uri, char ***dirs, size_t *n_dirs)
{
    struct sink *s;
    char **names;
    size_t n_names;
    *n_dirs = 0;
    ERR_TRY(open_sink(n, a, uri, NULL, &s));
    if (!s->vt->can_list)
        return err_new(ERR_UNCATEGORIZED, "%s storage does not support listing", s->vt->name);
    ERR_TRY(sink_list(s, a, "", &names, &n_names));
    *dirs = ARENA_ARRAY(a, char *, n_names + 1);
    for (size_t i = 0; i < n_names && *n_dirs < COLLECTION_MAX; i++)
        if (is_full_backup(names[i]))
            (*dirs)[(*n_dirs)++] = arena_strndup(a, names[i], strlen(names[i]) - 7);
    return NULL;
}
