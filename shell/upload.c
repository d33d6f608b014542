/* amberdb userfile, amberdb nodelocal: files to and from a running server. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/shell.h"
#include "shell/shell_int.h"

#include "base/arena.h"

#define PIECE ((size_t)256 << 10)
#define DEFAULT_PREFIX "userfile://defaultdb.public.userfiles_root/"

static int
usage(void)
{
    fprintf(stderr,
            "Usage:\n"
            "  amberdb userfile upload SOURCE [DESTINATION] [FLAGS]\n"
            "  amberdb userfile list [PATTERN] [FLAGS]\n"
            "  amberdb userfile get FILE [DESTINATION] [FLAGS]\n"
            "  amberdb userfile delete PATTERN [FLAGS]\n"
            "  amberdb nodelocal upload SOURCE DESTINATION [FLAGS]\n\n"
            "A file of userfile is a path, or userfile://db.schema.prefix/path. Flags are those of the\n"
            "connection, as of amberdb sql.\n");
    return 1;
}

static int
failed(const char *text)
{
    size_t n = strlen(text);
    fprintf(stderr, "%s%s", text, n > 0 && text[n - 1] == '\n' ? "" : "\n");
    return 1;
}

/* ---- names ---- */

struct place {
    char *files, *payload; /* quoted tables */
    const char *prefix;    /* userfile://db.schema.prefix */
    const char *path;      /* with '/' before it */
};

/* "userfile://db.schema.prefix/path" or "path". False: it is neither. */
static bool
parse_place(struct arena *a, const char *text, struct place *p)
{
    struct str s;
    if (strncmp(text, "userfile:///", 12) == 0)
        text += 12;
    if (strncmp(text, "userfile://", 11) != 0)
        text = arena_printf(a, DEFAULT_PREFIX "%s", text + strspn(text, "/"));
    const char *host = text + 11;
    size_t n = strcspn(host, "/");
    int dots = 0;
    p->prefix = arena_strndup(a, text, 11 + n);
    p->path = host[n] == '/' ? host + n : "/";
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_append_char(&s, '"');
    for (size_t i = 0; i < n; i++) {
        dots += host[i] == '.';
        if (host[i] == '.')
            str_append_cstr(&s, "\".\"");
        else if (host[i] == '"')
            str_append_cstr(&s, "\"\"");
        else
            str_append_char(&s, host[i]);
    }
    p->files = arena_printf(a, "%s_upload_files\"", str_cstr(&s));
    p->payload = arena_printf(a, "%s_upload_payload\"", str_cstr(&s));
    return dots == 2;
}

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* ---- upload ---- */

static bool
send_file(PGconn *c, FILE *f)
{
    char *buf = xmalloc(PIECE);
    bool good = true;
    size_t n;
    while (good && (n = fread(buf, 1, PIECE, f)) > 0)
        good = PQputCopyData(c, buf, (int)n) == 1;
    bool read = !ferror(f);
    xfree(buf);
    good = PQputCopyEnd(c, read ? NULL : "cannot read the file") == 1 && good && read;
    return good;
}

static int
upload(struct arena *a, PGconn *c, const char *source, const char *destination)
{
    FILE *f = fopen(source, "rb");
    if (f == NULL)
        return failed(arena_printf(a, "ERROR: open %s: no such file, or not readable", source));
    char *literal = PQescapeLiteral(c, destination, strlen(destination));
    PGresult *r = PQexec(c, arena_printf(a, "COPY crdb_internal.file_upload FROM STDIN WITH "
                                            "destination = %s", literal));
    PQfreemem(literal);
    int rc = 0;
    if (PQresultStatus(r) != PGRES_COPY_IN) {
        rc = failed(PQerrorMessage(c));
    } else {
        bool sent = send_file(c, f);
        PQclear(r);
        r = PQgetResult(c);
        if (!sent || PQresultStatus(r) != PGRES_COMMAND_OK)
            rc = failed(PQerrorMessage(c));
    }
    PQclear(r);
    fclose(f);
    if (rc == 0)
        printf("successfully uploaded to %s\n", destination);
    return rc;
}

/* ---- list, get, delete ---- */

/* Files whose name matches the pattern: * and ? do not match '/'; "" is all. NULL after a message. */
static PGresult *
matching(struct arena *a, PGconn *c, const struct place *p, const char *pattern)
{
    struct str re;
    str_init_arena(&re, a, STR_MAX_DEFAULT);
    bool all = *pattern == '\0';
    if (!all)
        str_append_char(&re, '^');
    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '*' || *pattern == '?')
            str_append_cstr(&re, *pattern == '*' ? "[^/]*" : "[^/]");
        else if (strchr(".+()[]{}^$|\\", *pattern) != NULL)
            str_printf(&re, "\\%c", *pattern);
        else
            str_append_char(&re, *pattern);
    }
    if (!all)
        str_append_char(&re, '$');
    const char *param = str_cstr(&re);
    PGresult *r = PQexecParams(c, arena_printf(a, "SELECT filename, file_id FROM %s WHERE filename ~ $1 "
                                                  "ORDER BY filename", p->files),
                               1, NULL, &param, NULL, NULL, 0);
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    if (PQresultStatus(r) == PGRES_TUPLES_OK || (state != NULL && strcmp(state, "42P01") == 0))
        return r; /* without tables there are no rows either */
    failed(PQerrorMessage(c));
    PQclear(r);
    return NULL;
}

static int
list(struct arena *a, PGconn *c, const char *pattern)
{
    struct place p;
    if (!parse_place(a, pattern, &p))
        return usage();
    PGresult *r = matching(a, c, &p, strcmp(p.path, "/") == 0 ? "" : p.path);
    if (r == NULL)
        return 1;
    for (int i = 0; i < PQntuples(r); i++)
        printf("%s%s\n", p.prefix, PQgetvalue(r, i, 0));
    PQclear(r);
    return 0;
}

static int
get_pieces(struct arena *a, PGconn *c, const struct place *p, const char *id, FILE *out)
{
    char at[32] = "-1";
    for (;;) {
        const char *params[] = {id, at};
        PGresult *r = PQexecParams(c, arena_printf(a, "SELECT byte_offset, payload FROM %s WHERE "
                                                      "file_id = $1::UUID AND byte_offset > $2::INT8 "
                                                      "ORDER BY byte_offset LIMIT 1", p->payload),
                                   2, NULL, params, NULL, NULL, 1);
        if (PQresultStatus(r) != PGRES_TUPLES_OK) {
            PQclear(r);
            return failed(PQerrorMessage(c));
        }
        if (PQntuples(r) == 0) {
            PQclear(r);
            return 0;
        }
        uint64_t offset = 0;
        for (int i = 0; i < 8; i++)
            offset = offset << 8 | (uint8_t)PQgetvalue(r, 0, 0)[i];
        snprintf(at, sizeof(at), "%llu", (unsigned long long)offset);
        size_t n = (size_t)PQgetlength(r, 0, 1);
        bool good = fwrite(PQgetvalue(r, 0, 1), 1, n, out) == n;
        PQclear(r);
        if (!good)
            return failed("ERROR: cannot write the file");
    }
}

static int
get(struct arena *a, PGconn *c, const char *file, const char *to)
{
    struct place p;
    if (!parse_place(a, file, &p))
        return usage();
    PGresult *r = matching(a, c, &p, p.path);
    if (r == NULL)
        return 1;
    if (PQntuples(r) == 0) {
        PQclear(r);
        return failed(arena_printf(a, "ERROR: no files matched %s", file));
    }
    int rc = 0;
    for (int i = 0; i < PQntuples(r) && rc == 0; i++) {
        const char *name = to != NULL ? to : base_name(PQgetvalue(r, i, 0));
        FILE *out = fopen(name, "wb");
        if (out == NULL) {
            rc = failed(arena_printf(a, "ERROR: cannot create %s", name));
            break;
        }
        rc = get_pieces(a, c, &p, PQgetvalue(r, i, 1), out);
        if (fclose(out) != 0 && rc == 0)
            rc = failed("ERROR: cannot write the file");
        if (rc == 0)
            printf("downloaded %s%s to %s\n", p.prefix, PQgetvalue(r, i, 0), name);
    }
    PQclear(r);
    return rc;
}

static int
delete_files(struct arena *a, PGconn *c, const char *pattern)
{
    struct place p;
    if (!parse_place(a, pattern, &p))
        return usage();
    PGresult *r = matching(a, c, &p, p.path);
    if (r == NULL)
        return 1;
    for (int i = 0; i < PQntuples(r); i++) {
        const char *id = PQgetvalue(r, i, 1);
        PGresult *d = PQexecParams(c, arena_printf(a, "DELETE FROM %s WHERE file_id = $1::UUID",
                                                   p.files), 1, NULL, &id, NULL, NULL, 0);
        PGresult *e = PQexecParams(c, arena_printf(a, "DELETE FROM %s WHERE file_id = $1::UUID",
                                                   p.payload), 1, NULL, &id, NULL, NULL, 0);
        bool good = PQresultStatus(d) == PGRES_COMMAND_OK && PQresultStatus(e) == PGRES_COMMAND_OK;
        PQclear(d);
        PQclear(e);
        if (!good) {
            PQclear(r);
            return failed(PQerrorMessage(c));
        }
        printf("deleted %s%s\n", p.prefix, PQgetvalue(r, i, 0));
    }
    PQclear(r);
    return 0;
}

/* ---- commands ---- */

static int
run_userfile(struct arena *a, PGconn *c, const char *verb, int n, const char **args)
{
    struct place p;
    if (strcmp(verb, "upload") == 0 && (n == 1 || n == 2)) {
        if (!parse_place(a, n == 2 ? args[1] : base_name(args[0]), &p))
            return usage();
        return upload(a, c, args[0], arena_printf(a, "%s%s", p.prefix, p.path));
    }
    if (strcmp(verb, "list") == 0 && n <= 1)
        return list(a, c, n == 1 ? args[0] : "");
    if (strcmp(verb, "get") == 0 && (n == 1 || n == 2))
        return get(a, c, args[0], n == 2 ? args[1] : NULL);
    if (strcmp(verb, "delete") == 0 && n == 1)
        return delete_files(a, c, args[0]);
    return usage();
}

static int
command(int argc, char **argv, bool userfile)
{
    const char *args[SHELL_ARGS_MAX];
    PGconn *c = NULL;
    int n;
    if (argc < 2 || strcmp(argv[1], "--help") == 0)
        return usage();
    struct arena *a = arena_create(NULL, "upload");
    int rc = shell_connect(argc - 1, argv + 1, a, &n, args, &c);
    if (rc != 0)
        rc--;
    else if (userfile)
        rc = run_userfile(a, c, argv[1], n, args);
    else if (strcmp(argv[1], "upload") == 0 && n == 2)
        rc = upload(a, c, args[0], args[1]);
    else
        rc = usage();
    PQfinish(c);
    arena_destroy(a);
    return rc;
}

int
cmd_userfile(int argc, char **argv)
{
    return command(argc, argv, true);
}

int
cmd_nodelocal(int argc, char **argv)
{
    return command(argc, argv, false);
}
