/* regress/serial/scenarios.c - known conflicts, step by step: who waits, who restarts, with which words. */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "base/clock.h"
#include "regress/serial/serial.h"

#define SESSIONS 4
#define ANSWER_MAX 4000
#define WAIT_MS 150      /* a statement without an answer after that waits */
#define ANSWER_MS 10000  /* one that waits longer hangs */

/* A step: session, statement; the answer is added to the transcript. "&" before the statement: it must
 * wait. "=": the answer of the one that waited. */
struct scenario {
    const char *name;
    const char *steps[24]; /* "1 SELECT ..." */
    const char *transcript;
};

#define RETRY \
    "40001 restart transaction: TransactionRetryWithProtoRefreshError: TransactionRetryError: retry txn " \
    "(RETRY_SERIALIZABLE)"

static const struct scenario scenarios[] = {
    {"lost update: the second writer restarts",
     {"1 BEGIN", "1 SELECT v FROM s WHERE k = 1", "2 BEGIN", "2 SELECT v FROM s WHERE k = 1",
      "1 UPDATE s SET v = 11 WHERE k = 1", "1 COMMIT", "2 UPDATE s SET v = 12 WHERE k = 1",
      "2 ROLLBACK", "1 SELECT v FROM s WHERE k = 1"},
     "1: BEGIN\n1: 10\n2: BEGIN\n2: 10\n1: UPDATE 1\n1: COMMIT\n2: " RETRY "\n2: ROLLBACK\n1: 11\n"},
    {"a blind writer waits and goes on",
     {"1 BEGIN", "1 UPDATE s SET v = v + 1 WHERE k = 1", "2 BEGIN",
      "2 &UPDATE s SET v = v + 10 WHERE k = 1", "1 COMMIT", "2 =", "2 COMMIT",
      "1 SELECT v FROM s WHERE k = 1"},
     "1: BEGIN\n1: UPDATE 1\n2: BEGIN\n2: waits\n1: COMMIT\n2: UPDATE 1\n2: COMMIT\n1: 21\n"},
    {"write skew: one of two restarts",
     {"1 BEGIN", "1 SELECT sum(v) FROM s", "2 BEGIN", "2 SELECT sum(v) FROM s",
      "1 UPDATE s SET v = 0 WHERE k = 1", "2 UPDATE s SET v = 0 WHERE k = 2", "1 COMMIT", "2 COMMIT",
      "1 SELECT sum(v) FROM s"},
     "1: BEGIN\n1: 60\n2: BEGIN\n2: 60\n1: UPDATE 1\n2: UPDATE 1\n1: COMMIT\n2: " RETRY "\n1: 50\n"},
    {"a phantom: the reader of the range restarts",
     {"1 BEGIN", "1 SELECT count(*) FROM s WHERE v > 15", "2 INSERT INTO s VALUES (4, 40)",
      "1 INSERT INTO s VALUES (5, 3)", "1 COMMIT", "1 SELECT count(*) FROM s"},
     "1: BEGIN\n1: 2\n2: INSERT 0 1\n1: INSERT 0 1\n1: " RETRY "\n1: 4\n"},
    {"a row deleted: the reader of the range restarts",
     {"1 BEGIN", "1 SELECT count(*) FROM s@s_v_idx WHERE v > 15", "2 DELETE FROM s WHERE k = 3",
      "1 UPDATE s SET v = 3 WHERE k = 1", "1 COMMIT", "1 SELECT count(*) FROM s"},
     "1: BEGIN\n1: 2\n2: DELETE 1\n1: UPDATE 1\n1: " RETRY "\n1: 2\n"},
    {"a reader sees one state, and need not restart",
     {"1 BEGIN", "1 SELECT sum(v) FROM s", "2 UPDATE s SET v = 0 WHERE k = 1", "1 SELECT sum(v) FROM s",
      "1 COMMIT", "1 SELECT sum(v) FROM s"},
     "1: BEGIN\n1: 60\n2: UPDATE 1\n1: 60\n1: COMMIT\n1: 50\n"},
    {"a deadlock is found, one of two goes on",
     {"1 BEGIN PRIORITY HIGH", "1 UPDATE s SET v = 1 WHERE k = 1", "2 BEGIN PRIORITY LOW",
      "2 UPDATE s SET v = 2 WHERE k = 2", "1 &UPDATE s SET v = 1 WHERE k = 2",
      "2 UPDATE s SET v = 2 WHERE k = 1", "1 =", "2 ROLLBACK", "1 COMMIT", "1 SELECT sum(v) FROM s"},
     "1: BEGIN\n1: UPDATE 1\n2: BEGIN\n2: UPDATE 1\n1: waits\n"
     "2: 40001 restart transaction: TransactionRetryWithProtoRefreshError: "
     "TransactionAbortedError(ABORT_REASON_PUSHER_ABORTED)\n"
     "1: UPDATE 1\n2: ROLLBACK\n1: COMMIT\n1: 32\n"},
    {"writers of one row come in the order in which they asked",
     {"1 BEGIN", "1 SELECT v FROM s WHERE k = 1 FOR UPDATE", "2 &UPDATE s SET v = v * 2 WHERE k = 1",
      "3 &UPDATE s SET v = v + 3 WHERE k = 1", "4 &UPDATE s SET v = v * 5 WHERE k = 1",
      "1 UPDATE s SET v = v + 1 WHERE k = 1", "1 COMMIT", "2 =", "3 =", "4 =",
      "1 SELECT v FROM s WHERE k = 1"},
     "1: BEGIN\n1: 10\n2: waits\n3: waits\n4: waits\n1: UPDATE 1\n1: COMMIT\n2: UPDATE 1\n3: UPDATE 1\n"
     "4: UPDATE 1\n1: 125\n"},
    {"a unique index: the second waits, then is refused",
     {"1 BEGIN", "1 INSERT INTO s VALUES (7, 70)", "2 &INSERT INTO s VALUES (7, 71)", "1 COMMIT", "2 =",
      "1 BEGIN", "1 INSERT INTO s VALUES (8, 80)", "2 &INSERT INTO s VALUES (8, 81)", "1 ROLLBACK",
      "2 =", "1 SELECT v FROM s WHERE k = 8"},
     "1: BEGIN\n1: INSERT 0 1\n2: waits\n1: COMMIT\n"
     "2: 23505 duplicate key value (k)=(7) violates unique constraint \"primary\"\n"
     "1: BEGIN\n1: INSERT 0 1\n2: waits\n1: ROLLBACK\n2: INSERT 0 1\n1: 81\n"},
    {"a foreign key: the parent cannot go while a child comes",
     {"1 BEGIN", "1 INSERT INTO child VALUES (1, 2)", "2 BEGIN", "2 DELETE FROM s WHERE k = 2", "1 COMMIT",
      "2 COMMIT", "1 SELECT count(*) FROM child JOIN s ON s.k = child.s"},
     "1: BEGIN\n1: INSERT 0 1\n2: BEGIN\n2: DELETE 1\n1: COMMIT\n2: " RETRY "\n1: 1\n"},
    {"after a restart the transaction is over until it is rolled back",
     {"1 BEGIN", "1 SELECT v FROM s WHERE k = 1", "2 UPDATE s SET v = 0 WHERE k = 1",
      "1 UPDATE s SET v = 1 WHERE k = 1", "1 SELECT 1", "1 ROLLBACK", "1 SELECT v FROM s WHERE k = 1"},
     "1: BEGIN\n1: 10\n2: UPDATE 1\n1: " RETRY "\n1: 25P02 current transaction is aborted, commands "
     "ignored until end of transaction block\n1: ROLLBACK\n1: 0\n"},
    {"cockroach_restart: rolled back to, it begins again",
     {"1 BEGIN", "1 SAVEPOINT cockroach_restart", "1 SELECT v FROM s WHERE k = 1",
      "2 UPDATE s SET v = 5 WHERE k = 1", "1 UPDATE s SET v = 1 WHERE k = 1",
      "1 ROLLBACK TO SAVEPOINT cockroach_restart", "1 SELECT v FROM s WHERE k = 1",
      "1 UPDATE s SET v = v + 1 WHERE k = 1", "1 RELEASE SAVEPOINT cockroach_restart", "1 COMMIT",
      "1 SELECT v FROM s WHERE k = 1"},
     "1: BEGIN\n1: SAVEPOINT\n1: 10\n2: UPDATE 1\n1: " RETRY "\n1: ROLLBACK\n1: 5\n1: UPDATE 1\n"
     "1: COMMIT\n1: COMMIT\n1: 6\n"},
    {"cockroach_restart: a RELEASE that fails can be rolled back to, too",
     {"1 BEGIN", "1 SAVEPOINT cockroach_restart", "1 SELECT v FROM s WHERE k = 1",
      "2 UPDATE s SET v = 5 WHERE k = 1", "1 UPDATE s SET v = 1 WHERE k = 2",
      "1 RELEASE SAVEPOINT cockroach_restart", "1 SELECT 1", "1 ROLLBACK TO SAVEPOINT cockroach_restart",
      "1 SELECT sum(v) FROM s", "1 RELEASE SAVEPOINT cockroach_restart", "1 COMMIT"},
     "1: BEGIN\n1: SAVEPOINT\n1: 10\n2: UPDATE 1\n1: UPDATE 1\n1: " RETRY "\n1: 25P02 current transaction "
     "is aborted, commands ignored until end of transaction block\n1: ROLLBACK\n1: 55\n1: COMMIT\n"
     "1: COMMIT\n"},
    {"a transaction that is one query runs again by itself",
     {"1 &BEGIN; SELECT v FROM s WHERE k = 1; SELECT pg_sleep(0.5) IS NULL; "
      "UPDATE s SET v = v + 1 WHERE k = 1; COMMIT; SELECT v FROM s WHERE k = 1",
      "2 UPDATE s SET v = 50 WHERE k = 1", "1 ="},
     "1: waits\n2: UPDATE 1\n1: BEGIN\n1: 50\n1: f\n1: UPDATE 1\n1: COMMIT\n1: 51\n"},
    {"so it does when its COMMIT meets the conflict, and when BEGIN came before",
     {"1 BEGIN", "1 SAVEPOINT cockroach_restart",
      "1 &SELECT v FROM s WHERE k = 1; SAVEPOINT part; UPDATE s SET v = v + 1 WHERE k = 2; "
      "SELECT pg_sleep(0.5) IS NULL; RELEASE SAVEPOINT part; RELEASE SAVEPOINT cockroach_restart; COMMIT",
      "2 UPDATE s SET v = 50 WHERE k = 1", "1 =", "1 SELECT sum(v) FROM s"},
     "1: BEGIN\n1: SAVEPOINT\n1: waits\n2: UPDATE 1\n1: 50\n1: SAVEPOINT\n1: UPDATE 1\n1: f\n1: RELEASE\n"
     "1: COMMIT\n1: COMMIT\n1: 101\n"},
    {"but not once a part of its results has been sent",
     {"1 &BEGIN; SELECT v, repeat('x', 20000) FROM s WHERE k = 1; SELECT pg_sleep(0.5) IS NULL; "
      "UPDATE s SET v = v + 1 WHERE k = 1; COMMIT",
      "2 UPDATE s SET v = 50 WHERE k = 1", "1 =", "1 ROLLBACK", "1 SELECT v FROM s WHERE k = 1"},
     "2: UPDATE 1\n1: BEGIN\n1: 10\n1: f\n1: " RETRY "\n1: ROLLBACK\n1: 50\n"},
    {"nor when its first statements were another query's",
     {"1 BEGIN", "1 SELECT v FROM s WHERE k = 1", "2 UPDATE s SET v = 50 WHERE k = 1",
      "1 SELECT 1; UPDATE s SET v = v + 1 WHERE k = 1; COMMIT", "1 ROLLBACK"},
     "1: BEGIN\n1: 10\n2: UPDATE 1\n1: 1\n1: " RETRY "\n1: ROLLBACK\n"},
    {"a connection that is lost gives its locks back",
     {"3 BEGIN", "3 UPDATE s SET v = 1 WHERE k = 1", "2 &UPDATE s SET v = v + 1 WHERE k = 1", "3 bye",
      "2 =", "1 SELECT v FROM s WHERE k = 1"},
     "3: BEGIN\n3: UPDATE 1\n2: waits\n2: UPDATE 1\n1: 11\n"},
};

static PGconn *sessions[SESSIONS + 1];
static int failed;

static PGconn *
session(int i)
{
    if (sessions[i] == NULL)
        sessions[i] = PQconnectdb("dbname=serial");
    return sessions[i];
}

static bool
has_answer(PGconn *c, int ms)
{
    int64_t end = monotonic_now_ns() + (int64_t)ms * 1000000;
    while (PQconsumeInput(c) == 1 && PQisBusy(c)) {
        if (monotonic_now_ns() > end)
            return false;
        usleep(1000);
    }
    return true;
}

static void
put_answer(PGconn *c, int i, char *out)
{
    size_t n = strlen(out);
    if (!has_answer(c, ANSWER_MS)) {
        snprintf(out + n, ANSWER_MAX - n, "%d: hangs\n", i);
        return;
    }
    for (PGresult *r; (r = PQgetResult(c)) != NULL; PQclear(r)) {
        n = strlen(out);
        if (PQresultStatus(r) == PGRES_TUPLES_OK)
            snprintf(out + n, ANSWER_MAX - n, "%d: %s\n", i, PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "-");
        else if (PQresultStatus(r) == PGRES_COMMAND_OK)
            snprintf(out + n, ANSWER_MAX - n, "%d: %s\n", i, PQcmdStatus(r));
        else
            snprintf(out + n, ANSWER_MAX - n, "%d: %s %s\n", i, PQresultErrorField(r, PG_DIAG_SQLSTATE),
                     PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY));
    }
}

static void
step(const char *text, char *out)
{
    int i = text[0] - '0';
    const char *sql = text + 2;
    PGconn *c = session(i);
    if (strcmp(sql, "=") == 0) {
        put_answer(c, i, out);
    } else if (strcmp(sql, "bye") == 0) {
        PQfinish(c);
        sessions[i] = NULL;
    } else if (*sql == '&') {
        PQsendQuery(c, sql + 1);
        size_t n = strlen(out);
        if (!has_answer(c, WAIT_MS))
            snprintf(out + n, ANSWER_MAX - n, "%d: waits\n", i);
    } else {
        PQsendQuery(c, sql);
        put_answer(c, i, out);
    }
}

static void
print_lines(const char *head, const char *text)
{
    printf("#   %s\n", head);
    while (*text != '\0') {
        int n = (int)strcspn(text, "\n");
        printf("#     %.*s\n", n, text);
        text += n + (text[n] == '\n');
    }
}

int
scenarios_run(int number)
{
    for (size_t k = 0; k < sizeof(scenarios) / sizeof(scenarios[0]); k++) {
        const struct scenario *s = &scenarios[k];
        char out[ANSWER_MAX] = "";
        PQclear(PQexec(session(1), "DROP TABLE IF EXISTS child, s"));
        PQclear(PQexec(session(1), "CREATE TABLE s (k INT PRIMARY KEY, v INT, INDEX s_v_idx (v))"));
        PQclear(PQexec(session(1), "CREATE TABLE child (k INT PRIMARY KEY, s INT REFERENCES s (k))"));
        PQclear(PQexec(session(1), "INSERT INTO s VALUES (1, 10), (2, 20), (3, 30)"));
        for (int i = 0; i < 24 && s->steps[i] != NULL; i++)
            step(s->steps[i], out);
        for (int i = 1; i <= SESSIONS; i++)
            if (sessions[i] != NULL && PQtransactionStatus(sessions[i]) != PQTRANS_IDLE)
                PQreset(sessions[i]);
        bool ok = strcmp(out, s->transcript) == 0;
        printf("%s %d - %s\n", ok ? "ok" : "not ok", number++, s->name);
        if (!ok) {
            failed++;
            print_lines("expected", s->transcript);
            print_lines("got", out);
        }
        fflush(stdout);
    }
    for (int i = 1; i <= SESSIONS; i++)
        if (sessions[i] != NULL)
            PQfinish(sessions[i]);
    return number;
}

int
scenarios_failed(void)
{
    return failed;
}
