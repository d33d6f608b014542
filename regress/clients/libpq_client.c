/* regress/clients/libpq_client.c - libpq against the server of PGHOST, PGPORT; TAP.
 *
 * Every common type: a parameter as text and as binary, the result as text and as binary. The binary
 * forms are written out here in hexadecimal, as PostgreSQL's documentation and send functions have
 * them, so nothing of the server's own code takes part.
 */
#include "config.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#define BYTES_MAX 64

static int tests, failed;

static void
same(const char *name, const char *got, const char *want)
{
    bool ok = strcmp(got, want) == 0;
    printf("%s %d - %s\n", ok ? "ok" : "not ok", ++tests, name);
    if (!ok) {
        printf("#   expected %s\n#   got      %s\n", want, got);
        failed++;
    }
}

static const struct kind {
    const char *type;
    Oid oid;
    const char *text, *hex;
} kinds[] = {
    {"BOOL", 16, "t", "01"},
    {"INT2", 21, "-2", "fffe"},
    {"INT4", 23, "65537", "00010001"},
    {"INT8", 20, "-9223372036854775808", "8000000000000000"},
    {"FLOAT4", 700, "1.5", "3fc00000"},
    {"FLOAT8", 701, "-0.25", "bfd0000000000000"},
    /* digits, weight, sign, scale; then groups of four decimal digits */
    {"DECIMAL", 1700, "12345.678", "0003000100000003000109291a7c"},
    {"DECIMAL", 1700, "-0.00001", "0001fffe40000005" "03e8"},
    {"DECIMAL", 1700, "NaN", "00000000c0000000"},
    {"STRING", 25, "x'y", "782779"},
    {"VARCHAR", 1043, "", ""},
    {"BYTES", 17, "\\x00ff", "00ff"},
    /* days since 2000-01-01 */
    {"DATE", 1082, "2000-01-11", "0000000a"},
    {"DATE", 1082, "infinity", "7fffffff"},
    /* microseconds of the day; since 2000-01-01 */
    {"TIME", 1083, "00:00:01.000002", "00000000000f4242"},
    {"TIMETZ", 1266, "00:00:01+01:00", "00000000000f4240fffff1f0"},
    {"TIMESTAMP", 1114, "1999-12-31 23:59:59", "fffffffffff0bdc0"},
    {"TIMESTAMPTZ", 1184, "2000-01-01 00:00:01+00:00", "00000000000f4240"},
    /* microseconds, days, months */
    {"INTERVAL", 1186, "1 year 2 mons 3 days 00:00:01", "00000000000f4240000000030000000e"},
    {"UUID", 2950, "01234567-89ab-cdef-0123-456789abcdef", "0123456789abcdef0123456789abcdef"},
    /* family, mask bits, is a network, length, address */
    {"INET", 869, "10.1.0.0/16", "021000040a010000"},
    /* number of bits, bits from the left */
    {"VARBIT", 1562, "10110", "00000005b0"},
    {"JSONB", 3802, "{\"a\": [1, null]}", "017b2261223a205b312c206e756c6c5d7d"},
    {"OID", 26, "70000", "00011170"},
    /* dimensions, has NULLs, element type, size, lower bound; then length and bytes of each */
    {"INT8[]", 1016, "{1,NULL}",
     "00000001" "00000001" "00000014" "00000002" "00000001" "00000008" "0000000000000001" "ffffffff"},
    {"STRING[]", 1009, "{a,\"b c\"}",
     "00000001" "00000000" "00000019" "00000002" "00000001" "00000001" "61" "00000003" "622063"},
};

static size_t
from_hex(const char *hex, char *out)
{
    size_t n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (char)strtoul(pair, NULL, 16);
    }
    return n;
}

static void
to_hex(const char *bytes, int n, char *out)
{
    for (int i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", (unsigned char)bytes[i]);
    out[2 * n] = '\0';
}

static PGresult *
must(PGconn *c, PGresult *r)
{
    if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK) {
        printf("not ok - ended early\n# %s\n", PQerrorMessage(c));
        exit(1);
    }
    return r;
}

static void
run(PGconn *c, const char *sql)
{
    PQclear(must(c, PQexec(c, sql)));
}

/* One parameter through a table and back. */
static void
round_trip(PGconn *c, int id, const struct kind *k, int in_format, int out_format)
{
    char bytes[BYTES_MAX], text[256], key[16], name[160], got[512];
    bool binary = in_format == 1;
    size_t n = from_hex(k->hex, bytes);
    snprintf(key, sizeof(key), "%d", id);
    const char *values[2] = {key, binary ? bytes : k->text};
    int lengths[2] = {0, (int)n}, formats[2] = {0, in_format};
    Oid types[2] = {20, k->oid};

    snprintf(name, sizeof(name), "%s %.40s: parameter %s, result %s", k->type, k->text,
             binary ? "binary" : "text", out_format == 1 ? "binary" : "text");
    snprintf(text, sizeof(text), "UPSERT INTO k%d VALUES ($1, $2)", id);
    PGresult *r = PQexecParams(c, text, 2, types, values, lengths, formats, 0);
    if (PQresultStatus(r) != PGRES_COMMAND_OK) {
        same(name, PQresultErrorMessage(r), "no error");
        PQclear(r);
        return;
    }
    PQclear(r);
    snprintf(text, sizeof(text), "SELECT v FROM k%d WHERE k = $1", id);
    r = must(c, PQexecParams(c, text, 1, types, values, NULL, NULL, out_format));
    if (PQntuples(r) != 1)
        snprintf(got, sizeof(got), "%d rows", PQntuples(r));
    else if (out_format == 1 && PQgetlength(r, 0, 0) <= BYTES_MAX)
        to_hex(PQgetvalue(r, 0, 0), PQgetlength(r, 0, 0), got);
    else
        snprintf(got, sizeof(got), "%s", PQgetvalue(r, 0, 0));
    same(name, got, out_format == 1 ? k->hex : k->text);
    if (PQftype(r, 0) != k->oid) {
        snprintf(got, sizeof(got), "%u", PQftype(r, 0));
        snprintf(text, sizeof(text), "%u", k->oid);
        same("type id", got, text);
    }
    PQclear(r);
}

static void
every_kind(PGconn *c)
{
    for (int i = 0; i < (int)(sizeof(kinds) / sizeof(kinds[0])); i++) {
        char text[128];
        snprintf(text, sizeof(text), "CREATE TABLE k%d (k INT PRIMARY KEY, v %s)", i, kinds[i].type);
        run(c, text);
        for (int formats = 0; formats < 4; formats++)
            round_trip(c, i, &kinds[i], formats & 1, formats >> 1);
    }
}

/* The server says which types the parameters have; one statement, many executions. */
static void
prepared(PGconn *c)
{
    run(c, "CREATE TABLE kv (k INT PRIMARY KEY, v STRING)");
    PQclear(must(c, PQprepare(c, "put", "INSERT INTO kv VALUES ($1, $2)", 0, NULL)));
    PGresult *r = must(c, PQdescribePrepared(c, "put"));
    char got[64];
    snprintf(got, sizeof(got), "%d: %u, %u", PQnparams(r), PQparamtype(r, 0), PQparamtype(r, 1));
    same("described parameters", got, "2: 20, 25");
    PQclear(r);
    for (int i = 0; i < 50; i++) {
        char key[16];
        snprintf(key, sizeof(key), "%d", i);
        const char *values[2] = {key, i % 2 == 0 ? "even" : NULL};
        PQclear(must(c, PQexecPrepared(c, "put", 2, values, NULL, NULL, 0)));
    }
    r = must(c, PQexec(c, "SELECT count(*), count(v) FROM kv"));
    snprintf(got, sizeof(got), "%s, %s", PQgetvalue(r, 0, 0), PQgetvalue(r, 0, 1));
    same("fifty executions", got, "50, 25");
    PQclear(r);
}

/* Statements sent ahead of their answers: one that fails takes the rest up to the sync along. */
static void
pipelined(PGconn *c)
{
    char got[512] = "";
    const char *const texts[] = {"SELECT 1", "SELECT 1 / (SELECT 0)", "SELECT 3"};
    PQenterPipelineMode(c);
    for (int i = 0; i < 3; i++)
        PQsendQueryParams(c, texts[i], 0, NULL, NULL, NULL, NULL, 0);
    PQpipelineSync(c);
    PQsendQueryParams(c, "SELECT 4", 0, NULL, NULL, NULL, NULL, 0);
    PQpipelineSync(c);
    for (int syncs = 0; syncs < 2;) {
        PGresult *r = PQgetResult(c);
        if (r == NULL)
            continue;
        size_t n = strlen(got);
        snprintf(got + n, sizeof(got) - n, "%s%s ", PQresStatus(PQresultStatus(r)) + strlen("PGRES_"),
                 PQntuples(r) == 1 ? PQgetvalue(r, 0, 0) : "");
        syncs += PQresultStatus(r) == PGRES_PIPELINE_SYNC;
        PQclear(r);
    }
    PQexitPipelineMode(c);
    same("a pipeline", got,
         "TUPLES_OK1 FATAL_ERROR PIPELINE_ABORTED PIPELINE_SYNC TUPLES_OK4 PIPELINE_SYNC ");
}

static void
row_by_row(PGconn *c)
{
    int rows = 0;
    PQsendQuery(c, "SELECT generate_series(1, 20000)");
    PQsetSingleRowMode(c);
    for (PGresult *r; (r = PQgetResult(c)) != NULL; PQclear(r))
        rows += PQresultStatus(r) == PGRES_SINGLE_TUPLE;
    char got[16];
    snprintf(got, sizeof(got), "%d", rows);
    same("row by row", got, "20000");
}

static void
copied(PGconn *c)
{
    run(c, "CREATE TABLE cp (k INT PRIMARY KEY, v STRING)");
    PQclear(PQexec(c, "COPY cp FROM STDIN"));
    for (int i = 0; i < 1000; i++) {
        char line[64];
        snprintf(line, sizeof(line), "%d\ttab\\tnewline\\n%d\n", i, i);
        PQputCopyData(c, line, (int)strlen(line));
    }
    PQputCopyEnd(c, NULL);
    PGresult *r = must(c, PQgetResult(c));
    same("COPY", PQcmdStatus(r), "COPY 1000");
    PQclear(r);
    PQclear(PQgetResult(c));
    PQclear(PQexec(c, "COPY cp FROM STDIN"));
    PQputCopyData(c, "5000\tx\n", 7);
    PQputCopyEnd(c, "the client does not want to");
    r = PQgetResult(c);
    same("COPY that the client gives up", PQresultStatus(r) == PGRES_FATAL_ERROR ? "error" : "none",
         "error");
    PQclear(r);
    PQclear(PQgetResult(c));
    r = must(c, PQexec(c, "SELECT count(*) FROM cp WHERE v LIKE e'tab\tnewline\n%'"));
    same("what was copied", PQgetvalue(r, 0, 0), "1000");
    PQclear(r);
}

static void
retried(PGconn *c, PGconn *other)
{
    char got[64], state[8] = "";
    int attempts = 0;
    for (bool done = false; !done && attempts < 10;) {
        attempts++;
        run(c, "BEGIN");
        run(c, "SELECT v FROM kv WHERE k = 8");
        if (attempts == 1)
            run(other, "UPDATE kv SET v = 'theirs' WHERE k = 8");
        PGresult *r = PQexec(c, "UPDATE kv SET v = v || ', mine' WHERE k = 8");
        if (PQresultStatus(r) == PGRES_COMMAND_OK) {
            PQclear(r);
            r = PQexec(c, "COMMIT");
        }
        done = PQresultStatus(r) == PGRES_COMMAND_OK;
        if (!done) {
            snprintf(state, sizeof(state), "%s", PQresultErrorField(r, PG_DIAG_SQLSTATE));
            run(c, "ROLLBACK");
        }
        PQclear(r);
    }
    PGresult *r = must(c, PQexec(c, "SELECT v FROM kv WHERE k = 8"));
    snprintf(got, sizeof(got), "%d, %s, %s", attempts, state, PQgetvalue(r, 0, 0));
    PQclear(r);
    same("a conflicting transaction, retried", got, "2, 40001, theirs, mine");
}

static void *
cancel_soon(void *arg)
{
    char text[256];
    usleep(200000);
    PQcancel(arg, text, sizeof(text));
    return NULL;
}

static void
canceled(PGconn *c)
{
    pthread_t thread;
    PGcancel *handle = PQgetCancel(c);
    if (pthread_create(&thread, NULL, cancel_soon, handle) != 0)
        exit(1);
    PGresult *r = PQexec(c, "SELECT pg_sleep(60)");
    pthread_join(thread, NULL);
    PQfreeCancel(handle);
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    same("a canceled statement", state != NULL ? state : "no error", "57014");
    PQclear(r);
    r = must(c, PQexec(c, "SELECT 'alive'"));
    same("and the connection goes on", PQgetvalue(r, 0, 0), "alive");
    PQclear(r);
}

static void
errors(PGconn *c)
{
    char got[512];
    PGresult *r = PQexec(c, "INSERT INTO kv VALUES (1, 'x')");
    snprintf(got, sizeof(got), "%s %s", PQresultErrorField(r, PG_DIAG_SQLSTATE),
             PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY));
    same("a duplicate", got,
         "23505 duplicate key value (k)=(1) violates unique constraint \"primary\"");
    PQclear(r);
    const char *values[1] = {"abcd"};
    int lengths[1] = {4}, formats[1] = {1};
    r = PQexecParams(c, "SELECT $1::INT8", 1, NULL, values, lengths, formats, 0);
    snprintf(got, sizeof(got), "%s", PQresultErrorMessage(r));
    same("four bytes for an INT8 parameter", got,
         "ERROR:  error in argument for $1: int8 requires 8 bytes for binary format\n");
    PQclear(r);
    r = must(c, PQexec(c, "SELECT 'alive'"));
    same("the connection goes on", PQgetvalue(r, 0, 0), "alive");
    PQclear(r);
}

int
main(void)
{
    PGconn *c = PQconnectdb("dbname=defaultdb"), *other = NULL;
    if (PQstatus(c) == CONNECTION_OK) {
        run(c, "CREATE DATABASE libpq");
        PQfinish(c);
        c = PQconnectdb("dbname=libpq");
        other = PQconnectdb("dbname=libpq");
    }
    if (PQstatus(c) != CONNECTION_OK || PQstatus(other) != CONNECTION_OK) {
        printf("not ok - no connection\n# %s\n1..0\n", PQerrorMessage(c));
        return 1;
    }
    every_kind(c);
    prepared(c);
    pipelined(c);
    row_by_row(c);
    copied(c);
    retried(c, other);
    canceled(c);
    errors(c);
    PQfinish(c);
    PQfinish(other);
    printf("1..%d\n", tests);
    return failed > 0;
}
