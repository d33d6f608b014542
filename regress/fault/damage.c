/* regress/fault/damage.c - damages a small backup in every way in turn and restores from it; TAP.
 *
 *     damage CONNINFO EXTERN [STRIDE]
 *
 * EXTERN is the server's --external-io-dir. STRIDE 1 (the default) damages every byte, n every n-th.
 * After each damage, RESTORE must fail with an error of its own, or give a whole table; the server
 * must live on, the connection must be usable and nothing may be left behind. A data file carries a
 * SHA-512 in the manifest, so damage to it must never pass; the manifest itself has no checksum.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/arena.h"
#include "base/file.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define SHOWN_MAX 5

struct damage {
    struct arena *arena;
    PGconn *conn;
    char *dir;             /* of the backup */
    long stride;
    int test;              /* TAP number */
    int bad, tried, passed; /* of the test at hand */
    bool failed;           /* any test */
};

static void
complain(struct damage *d, const char *what, const char *detail)
{
    if (d->bad++ < SHOWN_MAX)
        printf("# %s: %s\n", what, detail);
}

/* true when it succeeded; the SQLSTATE goes to state. */
static bool
run(struct damage *d, const char *sql, char state[6])
{
    PGresult *res = PQexec(d->conn, sql);
    ExecStatusType status = PQresultStatus(res);
    bool ok = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    const char *code = ok ? "00000" : PQresultErrorField(res, PG_DIAG_SQLSTATE);
    snprintf(state, 6, "%s", code == NULL ? "?????" : code);
    PQclear(res);
    if (PQstatus(d->conn) != CONNECTION_OK) {
        printf("Bail out! the connection is gone after: %s\n", sql);
        exit(1);
    }
    return ok;
}

static const char *
ask(struct damage *d, const char *sql)
{
    PGresult *res = PQexec(d->conn, sql);
    const char *out = "?";
    if (PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1)
        out = arena_strdup(d->arena, PQgetvalue(res, 0, 0));
    else
        out = arena_printf(d->arena, "error: %s", PQresultErrorMessage(res));
    PQclear(res);
    return out;
}

/* Restore from what is there now. must_fail: the damage cannot pass unseen. */
static void
try_restore(struct damage *d, const char *what, bool must_fail)
{
    char state[6];
    struct arena *before = d->arena;
    d->arena = arena_create(before, "try");
    d->tried++;
    bool ok = run(d, "RESTORE damage.* FROM 'nodelocal://1/damage' WITH into_db = 'damaged'", state);
    if (ok && must_fail)
        complain(d, what, "was restored");
    if (!ok && strcmp(state, "XX000") == 0)
        complain(d, what, "an internal error");
    if (ok) {
        d->passed++;
        if (!run(d, "DROP DATABASE damaged CASCADE", state) ||
            !run(d, "CREATE DATABASE damaged", state))
            complain(d, what, "the restored tables cannot be dropped");
    } else {
        const char *left = ask(d, "SELECT count(*) FROM [SHOW TABLES FROM damaged]");
        if (strcmp(left, "0") != 0)
            complain(d, what, arena_printf(d->arena, "tables left behind: %s", left));
    }
    arena_destroy(d->arena);
    d->arena = before;
}

static void
verdict(struct damage *d, const char *what)
{
    d->test++;
    printf("%s %d - %s: %d damages, %d of them harmless\n", d->bad == 0 ? "ok" : "not ok", d->test,
           what, d->tried, d->passed);
    fflush(stdout);
    d->failed = d->failed || d->bad > 0;
    d->bad = d->tried = d->passed = 0;
}

static void
must(struct error *err)
{
    if (err == NULL)
        return;
    printf("Bail out! %s\n", err->message);
    exit(1);
}

static void
write_plain(const char *path, const void *p, size_t len)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(p, 1, len, f) != len || fclose(f) != 0) {
        printf("Bail out! cannot write %s\n", path);
        exit(1);
    }
}

static void
damage_file(struct damage *d, const char *name)
{
    bool data = strstr(name, ".sst") != NULL;
    char *path = path_join(d->arena, d->dir, name);
    struct slice good;
    must(file_read(d->arena, path, FILE_MAX_BYTES, &good));
    uint8_t *bytes = arena_memdup(d->arena, good.ptr, good.len);
    char what[128];
    const uint8_t masks[] = {0xff, 0x01, 0x80};
    for (size_t i = 0; i < good.len; i += (size_t)d->stride) {
        bytes[i] ^= masks[i % 3];
        write_plain(path, bytes, good.len);
        snprintf(what, sizeof(what), "%s, byte %zu of %zu flipped", name, i, good.len);
        try_restore(d, what, data);
        bytes[i] = good.ptr[i];
    }
    verdict(d, data ? "a byte of a data file flipped" : "a byte of the manifest flipped");
    for (size_t len = 0; len < good.len; len += (size_t)d->stride * 4) {
        write_plain(path, bytes, len);
        snprintf(what, sizeof(what), "%s cut to %zu of %zu", name, len, good.len);
        try_restore(d, what, data || len == 0);
    }
    verdict(d, data ? "a data file cut short" : "the manifest cut short");
    remove(path);
    try_restore(d, name, true);
    verdict(d, data ? "a data file gone" : "the manifest gone");
    if (!data) {
        /* format_version, field 8, once more: the last one counts */
        static const uint8_t future[] = {0x40, 0x63};
        memcpy(bytes = arena_alloc(d->arena, good.len + sizeof(future)), good.ptr, good.len);
        memcpy(bytes + good.len, future, sizeof(future));
        write_plain(path, bytes, good.len + sizeof(future));
        try_restore(d, "format version 99", true);
        verdict(d, "a manifest of an unknown format");
    }
    write_plain(path, good.ptr, good.len);
}

static void
run_all(struct damage *d)
{
    static const char *const setup[] = {
        "DROP DATABASE IF EXISTS damage CASCADE",
        "CREATE DATABASE damage",
        "CREATE TABLE damage.t (k INT PRIMARY KEY, v STRING, INDEX v_idx (v))",
        "INSERT INTO damage.t VALUES (1, 'one'), (2, 'two'), (3, NULL)",
        "BACKUP DATABASE damage TO 'nodelocal://1/damage'",
        "CREATE DATABASE damaged",
    };
    char state[6];
    for (size_t i = 0; i < sizeof(setup) / sizeof(setup[0]); i++)
        if (!run(d, setup[i], state)) {
            printf("Bail out! %s: %s", setup[i], PQerrorMessage(d->conn));
            exit(1);
        }
    char **names;
    size_t count;
    must(dir_list(d->arena, d->dir, &names, &count));
    for (size_t i = 0; i < count; i++)
        damage_file(d, names[i]);
    if (!run(d, "RESTORE damage.* FROM 'nodelocal://1/damage' WITH into_db = 'damaged'", state))
        complain(d, "undamaged again", PQerrorMessage(d->conn));
    const char *got = ask(d, "SELECT count(*)::STRING || sum(k)::STRING FROM damaged.t");
    if (strcmp(got, "36") != 0)
        complain(d, "undamaged again", got);
    verdict(d, "the backup put right again");
    printf("1..%d\n", d->test);
}

int
main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: damage CONNINFO EXTERN [STRIDE]\n");
        return 2;
    }
    struct damage d = {.stride = 1};
    if (argc == 4)
        d.stride = (long)strtoll(argv[3], NULL, 10);
    if (d.stride < 1)
        d.stride = 1;
    d.arena = arena_create(NULL, "damage");
    d.dir = path_join(d.arena, argv[2], "damage");
    d.conn = PQconnectdb(argv[1]);
    if (PQstatus(d.conn) != CONNECTION_OK) {
        printf("Bail out! %s", PQerrorMessage(d.conn));
        return 1;
    }
    run_all(&d);
    PQfinish(d.conn);
    arena_destroy(d.arena);
    return d.failed ? 1 : 0;
}
