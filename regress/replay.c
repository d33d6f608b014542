/* regress/replay.c - replays one section of a recorded EXPECT.json against a running server.
 *
 *     replay [-m MAX] [-x EXT] [-d DIFFERS] -c CONNINFO FILE SECTION
 *     replay -l FILE                      lists the sections: fresh or old, steps, name
 *
 * The file holds what CockroachDB v20.1.5 answered to each step. Column names, type oids, rows,
 * NULLs, command tags and errors (SQLSTATE and message) must be the same. Left out of account:
 * values of columns named job_id. "{ext}" in a recorded error stands for EXT. A line of DIFFERS,
 * "section<TAB>start of the SQL text<TAB>reason", excuses a step whose answer we change on purpose.
 *
 * Prints differences as TAP comments, MAX of them (default 3); exit status 0 all the same, 1 not,
 * 2 could not be run.
 */
#include "config.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>
#include <yajl/yajl_tree.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/slice.h"

#define EXPECT_MAX_BYTES ((size_t)64 << 20)
#define SHOWN_SQL_CHARS 300
#define SHOWN_VALUE_CHARS 400

struct replay {
    struct arena *arena;
    PGconn *conn;
    const char *conninfo;
    const char *ext;
    const char *section;
    const char *differs; /* text of that file, or "" */
    int steps, bad, excused, shown_max;
};

static yajl_val
get(yajl_val v, const char *key, yajl_type type)
{
    const char *path[] = {key, NULL};
    return yajl_tree_get(v, path, type);
}

static const char *
get_text(yajl_val v, const char *key)
{
    yajl_val s = get(v, key, yajl_t_string);
    return s == NULL ? NULL : s->u.string;
}

static size_t
array_len(yajl_val v)
{
    return v == NULL || !YAJL_IS_ARRAY(v) ? 0 : v->u.array.len;
}

static yajl_val
array_at(yajl_val v, size_t i)
{
    return v->u.array.values[i];
}

static const char *
string_at(yajl_val v, size_t i)
{
    yajl_val s = array_at(v, i);
    return YAJL_IS_STRING(s) ? s->u.string : "?";
}

/* Text as a TAP comment shows it: control characters escaped, cut at max. */
static const char *
shown(struct replay *r, const char *s, size_t max)
{
    if (s == NULL)
        return "NULL";
    struct str out;
    str_init_arena(&out, r->arena, STR_MAX_DEFAULT);
    for (; *s != '\0' && out.len < max; s++) {
        if (*s == '\n')
            str_append_cstr(&out, "\\n");
        else if (iscntrl((unsigned char)*s))
            str_printf(&out, "\\x%02x", (unsigned char)*s);
        else
            str_append_char(&out, *s);
    }
    if (*s != '\0')
        str_append_cstr(&out, "...");
    return str_cstr(&out);
}

static bool excused(struct replay *r, const char *sql);

/* Report a difference of a step; false, so that callers can return it. */
static bool
differs(struct replay *r, const char *sql, const char *what, const char *expected, const char *got)
{
    if (excused(r, sql)) {
        r->excused++;
        return true;
    }
    if (r->bad++ < r->shown_max) {
        printf("# step %d: %s\n", r->steps, shown(r, sql, SHOWN_SQL_CHARS));
        printf("#   %s\n#     expected %s\n#     got      %s\n", what,
               shown(r, expected, SHOWN_VALUE_CHARS), shown(r, got, SHOWN_VALUE_CHARS));
    }
    return false;
}

static bool
excused(struct replay *r, const char *sql)
{
    for (const char *line = r->differs; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        const char *tab = memchr(line, '\t', len);
        if (line[0] != '#' && tab != NULL) {
            size_t section_len = (size_t)(tab - line);
            const char *start = tab + 1;
            size_t start_len = strcspn(start, "\t\n");
            if (section_len == strlen(r->section) &&
                memcmp(line, r->section, section_len) == 0 &&
                strncmp(sql, start, start_len) == 0)
                return true;
        }
        line += len + (line[len] == '\n');
    }
    return false;
}

/* The recorded text with {ext} put in. */
static const char *
with_ext(struct replay *r, const char *text)
{
    struct str out;
    str_init_arena(&out, r->arena, STR_MAX_DEFAULT);
    for (const char *at = text;;) {
        const char *hit = strstr(at, "{ext}");
        if (hit == NULL) {
            str_append_cstr(&out, at);
            return str_cstr(&out);
        }
        str_append(&out, at, (size_t)(hit - at));
        str_append_cstr(&out, r->ext);
        at = hit + 5;
    }
}

static const char *
error_text(struct replay *r, const PGresult *res)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    return arena_printf(r->arena, "%s: %s", state == NULL ? "?????" : state,
                        message == NULL ? PQerrorMessage(r->conn) : message);
}

static bool
same_columns(struct replay *r, const char *sql, yajl_val step, const PGresult *res)
{
    yajl_val columns = get(step, "columns", yajl_t_array);
    yajl_val oids = get(step, "oids", yajl_t_array);
    struct str expected, got;
    str_init_arena(&expected, r->arena, STR_MAX_DEFAULT);
    str_init_arena(&got, r->arena, STR_MAX_DEFAULT);
    for (size_t i = 0; i < array_len(columns); i++)
        str_printf(&expected, "%s:%lld ", string_at(columns, i),
                   i < array_len(oids) ? YAJL_GET_INTEGER(array_at(oids, i)) : 0);
    for (int i = 0; i < PQnfields(res); i++)
        str_printf(&got, "%s:%u ", PQfname(res, i), PQftype(res, i));
    if (strcmp(str_cstr(&expected), str_cstr(&got)) == 0)
        return true;
    return differs(r, sql, "columns", str_cstr(&expected), str_cstr(&got));
}

static bool
same_rows(struct replay *r, const char *sql, yajl_val step, const PGresult *res)
{
    yajl_val rows = get(step, "rows", yajl_t_array);
    size_t n = array_len(rows);
    for (size_t i = 0; i < n && i < (size_t)PQntuples(res); i++) {
        yajl_val row = array_at(rows, i);
        for (size_t k = 0; k < array_len(row); k++) {
            yajl_val cell = array_at(row, k);
            const char *want = YAJL_IS_STRING(cell) ? cell->u.string : NULL;
            const char *got =
                PQgetisnull(res, (int)i, (int)k) ? NULL : PQgetvalue(res, (int)i, (int)k);
            const char *name = PQfname(res, (int)k);
            if (name == NULL)
                return differs(r, sql, "columns", "more", "fewer");
            if (strcmp(name, "job_id") == 0 && want != NULL && got != NULL)
                continue;
            if ((want == NULL) != (got == NULL) || (want != NULL && strcmp(want, got) != 0))
                return differs(r, sql, arena_printf(r->arena, "row %zu, column %s", i + 1, name),
                               want, got);
        }
    }
    if (n != (size_t)PQntuples(res))
        return differs(r, sql, "number of rows", arena_printf(r->arena, "%zu", n),
                       arena_printf(r->arena, "%d", PQntuples(res)));
    return true;
}

static bool
same_answer(struct replay *r, const char *sql, yajl_val step, PGresult *res)
{
    const char *want_error = get_text(step, "error");
    ExecStatusType status = PQresultStatus(res);
    bool failed = status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK &&
                  status != PGRES_EMPTY_QUERY;
    if (want_error != NULL)
        want_error = with_ext(r, want_error);
    if (failed || want_error != NULL) {
        const char *got = failed ? error_text(r, res) : PQcmdStatus(res);
        if (failed && want_error != NULL && strcmp(want_error, got) == 0)
            return true;
        return differs(r, sql, failed ? "error" : "no error",
                       want_error == NULL ? get_text(step, "tag") : want_error, got);
    }
    if (!same_columns(r, sql, step, res) || !same_rows(r, sql, step, res))
        return false;
    const char *tag = get_text(step, "tag");
    if (tag != NULL && strcmp(tag, PQcmdStatus(res)) != 0)
        return differs(r, sql, "tag", tag, PQcmdStatus(res));
    return true;
}

/* "user=alice password=..." : a connection of its own, without root's certificate, recorded as OK or
 * an error. */
static void
login_step(struct replay *r, const char *sql, yajl_val step)
{
    PGconn *c = PQconnectdb(arena_printf(r->arena, "%s sslcert=none sslkey=none %s", r->conninfo,
                                         sql));
    bool ok = PQstatus(c) == CONNECTION_OK;
    bool want_ok = get_text(step, "error") == NULL;
    if (ok != want_ok)
        (void)differs(r, sql, "login", want_ok ? "OK" : get_text(step, "error"),
                      ok ? "OK" : PQerrorMessage(c));
    PQfinish(c);
}

/* false: the server is gone. */
static bool
run_step(struct replay *r, yajl_val step)
{
    const char *kind = get_text(step, "kind");
    const char *sql = get_text(step, "sql");
    r->steps++;
    if (strcmp(kind, "comment") == 0)
        return true;
    if (strcmp(kind, "login") == 0) {
        login_step(r, sql, step);
        return true;
    }
    PGresult *res = PQexec(r->conn, sql);
    if (PQstatus(r->conn) != CONNECTION_OK) {
        (void)differs(r, sql, "connection", "an answer", PQerrorMessage(r->conn));
        PQclear(res);
        return false;
    }
    (void)same_answer(r, sql, step, res);
    PQclear(res);
    return true;
}

static bool
run_settings(struct replay *r, yajl_val root)
{
    yajl_val settings = get(root, "session_settings", yajl_t_array);
    for (size_t i = 0; i < array_len(settings); i++) {
        PGresult *res = PQexec(r->conn, string_at(settings, i));
        bool ok = PQresultStatus(res) == PGRES_COMMAND_OK;
        PQclear(res);
        if (!ok) {
            printf("# %s: %s", string_at(settings, i), PQerrorMessage(r->conn));
            return false;
        }
    }
    return true;
}

static void
no_notices(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

static int
run_section(struct replay *r, yajl_val root, yajl_val section)
{
    r->conn = PQconnectdb(r->conninfo);
    if (PQstatus(r->conn) != CONNECTION_OK) {
        printf("# %s", PQerrorMessage(r->conn));
        PQfinish(r->conn);
        return 2;
    }
    PQsetNoticeReceiver(r->conn, no_notices, NULL);
    int rc = 2;
    if (run_settings(r, root)) {
        yajl_val steps = get(section, "steps", yajl_t_array);
        for (size_t i = 0; i < array_len(steps); i++)
            if (!run_step(r, array_at(steps, i)))
                break;
        printf("# %d steps, %d differ, %d excused\n", r->steps, r->bad, r->excused);
        rc = r->bad == 0 ? 0 : 1;
    }
    PQfinish(r->conn);
    return rc;
}

static int
list_sections(yajl_val root)
{
    yajl_val sections = get(root, "sections", yajl_t_array);
    for (size_t i = 0; i < array_len(sections); i++) {
        yajl_val s = array_at(sections, i);
        printf("%s %zu %s\n", get(s, "fresh_cluster", yajl_t_true) != NULL ? "fresh" : "old",
               array_len(get(s, "steps", yajl_t_array)), get_text(s, "name"));
    }
    return 0;
}

static yajl_val
load(struct arena *a, const char *path)
{
    struct slice bytes;
    struct error *err = file_read(a, path, EXPECT_MAX_BYTES, &bytes);
    if (err != NULL) {
        printf("# %s\n", err->message);
        err_free(err);
        return NULL;
    }
    char message[256] = "";
    yajl_val root = yajl_tree_parse((const char *)bytes.ptr, message, sizeof(message));
    if (root == NULL)
        printf("# %s: %s\n", path, message);
    return root;
}

static int
run(struct replay *r, const char *file, bool list)
{
    yajl_val root = load(r->arena, file);
    if (root == NULL)
        return 2;
    int rc = 2;
    if (list) {
        rc = list_sections(root);
    } else {
        yajl_val sections = get(root, "sections", yajl_t_array), section = NULL;
        for (size_t i = 0; i < array_len(sections); i++)
            if (strcmp(get_text(array_at(sections, i), "name"), r->section) == 0)
                section = array_at(sections, i);
        if (section == NULL)
            printf("# %s has no section \"%s\"\n", file, r->section);
        else
            rc = run_section(r, root, section);
    }
    yajl_tree_free(root);
    return rc;
}

int
main(int argc, char **argv)
{
    struct replay r = {.shown_max = 3, .ext = "{ext}", .differs = "", .section = ""};
    r.arena = arena_create(NULL, "replay");
    bool list = false;
    int opt;
    while ((opt = getopt(argc, argv, "lm:x:d:c:")) != -1) {
        struct slice text;
        switch (opt) {
        case 'l':
            list = true;
            break;
        case 'm':
            r.shown_max = (int)strtoll(optarg, NULL, 10);
            break;
        case 'x':
            r.ext = optarg;
            break;
        case 'c':
            r.conninfo = optarg;
            break;
        case 'd':
            if (file_exists(optarg)) {
                struct error *err = file_read(r.arena, optarg, EXPECT_MAX_BYTES, &text);
                if (err == NULL)
                    r.differs = (const char *)text.ptr;
                err_free(err);
            }
            break;
        default:
            return 2;
        }
    }
    if (argc - optind != (list ? 1 : 2) || (!list && r.conninfo == NULL)) {
        fprintf(stderr, "usage: replay -c CONNINFO [-x EXT] [-d DIFFERS] [-m MAX] FILE SECTION\n"
                        "       replay -l FILE\n");
        return 2;
    }
    if (!list)
        r.section = argv[optind + 1];
    int rc = run(&r, argv[optind], list);
    arena_destroy(r.arena);
    return rc;
}
