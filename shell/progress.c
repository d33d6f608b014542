/* A bar while a BACKUP, RESTORE or IMPORT runs at a terminal, and what Ctrl-C means then.
 *
 * A second connection, opened once the statement has taken a moment, asks for the job's progress; the
 * first one waits for the statement's answer. The job goes on without its client, so that Ctrl-C asks what
 * shall become of it. */
#include "config.h"

#include "shell/shell_int.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

#define QUIET_NS INT64_C(300000000)  /* statements that are faster show nothing */
#define ASK_NS INT64_C(500000000)    /* between questions to the server */
#define DRAW_MS 200
#define BAR_WIDTH 30
#define CONN_OPTIONS_MAX 64

struct progress {
    struct shell *sh;
    const char *what;     /* "BACKUP" */
    PGconn *conn;         /* NULL: none yet */
    bool gave_up;         /* it cannot be had */
    int64_t start_ns, asked_ns;
    char job[24];         /* its id; "" not known yet */
    double fraction, first_fraction;
    int64_t first_ns;     /* when first_fraction was seen; 0: not yet */
    int drawn;            /* columns of the bar on the screen */
};

/* ---- the second connection ---- */

static void
open_second(struct progress *p)
{
    const char *keys[CONN_OPTIONS_MAX + 1], *values[CONN_OPTIONS_MAX + 1];
    PQconninfoOption *o = PQconninfo(p->sh->conn);
    int n = 0;
    for (PQconninfoOption *i = o; i != NULL && i->keyword != NULL && n < CONN_OPTIONS_MAX; i++)
        if (i->val != NULL && *i->val != '\0') {
            keys[n] = i->keyword;
            values[n++] = i->val;
        }
    keys[n] = values[n] = NULL;
    p->conn = PQconnectdbParams(keys, values, 0);
    PQconninfoFree(o);
    if (PQstatus(p->conn) != CONNECTION_OK) {
        PQfinish(p->conn);
        p->conn = NULL;
        p->gave_up = true;
    }
}

/* One row's first columns, copied; false when there is none. */
static bool
ask(struct progress *p, const char *sql, char *a, size_t a_size, char *b, size_t b_size)
{
    PGresult *r = PQexec(p->conn, sql);
    bool ok = PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) > 0 && PQnfields(r) >= 2;
    if (ok) {
        snprintf(a, a_size, "%s", PQgetvalue(r, 0, 0));
        snprintf(b, b_size, "%s", PQgetvalue(r, 0, 1));
    }
    PQclear(r);
    return ok;
}

/* The job is the first of its kind that this user made after the statement began. */
static void
ask_server(struct progress *p)
{
    char sql[512], fraction[64];
    int64_t now = monotonic_now_ns();
    p->asked_ns = now;
    if (p->conn == NULL && !p->gave_up)
        open_second(p);
    if (p->conn == NULL)
        return;
    if (*p->job == '\0')
        snprintf(sql, sizeof(sql),
                 "SELECT job_id, fraction_completed FROM crdb_internal.jobs WHERE job_type = '%s' AND "
                 "user_name = current_user() AND status IN ('pending', 'running') AND created >= "
                 "now()::TIMESTAMP - '%" PRId64 "ms'::INTERVAL ORDER BY created LIMIT 1",
                 p->what, (now - p->start_ns) / 1000000 + 50);
    else
        snprintf(sql, sizeof(sql),
                 "SELECT job_id, fraction_completed FROM crdb_internal.jobs WHERE job_id = %s", p->job);
    if (!ask(p, sql, p->job, sizeof(p->job), fraction, sizeof(fraction)))
        return;
    p->fraction = strtod(fraction, NULL);
    if (p->first_ns == 0) {
        p->first_ns = now;
        p->first_fraction = p->fraction;
    }
}

/* ---- the bar ---- */

static int
columns(void)
{
    struct winsize w;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

static void
erase(struct progress *p)
{
    if (p->drawn > 0)
        fprintf(stderr, "\r%*s\r", p->drawn, "");
    p->drawn = 0;
    fflush(stderr);
}

static void
format_time(char *out, size_t size, double seconds)
{
    int64_t s = (int64_t)(seconds + 0.5);
    if (s >= 3600)
        snprintf(out, size, "%" PRId64 "h%02dm", s / 3600, (int)(s / 60 % 60));
    else if (s >= 60)
        snprintf(out, size, "%dm%02ds", (int)(s / 60), (int)(s % 60));
    else
        snprintf(out, size, "%ds", (int)s);
}

static void
draw(struct progress *p)
{
    char line[256], bar[BAR_WIDTH + 1], left[32] = "", spent[32];
    int64_t now = monotonic_now_ns();
    double per_second = 0;
    if (*p->job == '\0')
        return;
    int filled = (int)(p->fraction * BAR_WIDTH);
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < filled ? '=' : i == filled ? '>' : ' ';
    bar[BAR_WIDTH] = '\0';
    format_time(spent, sizeof(spent), (double)(now - p->start_ns) / 1e9);
    if (p->fraction > p->first_fraction && now > p->first_ns)
        per_second = (p->fraction - p->first_fraction) / ((double)(now - p->first_ns) / 1e9);
    int n = snprintf(line, sizeof(line), "%s [%s] %3d%%  %s", p->what, bar,
                     (int)(p->fraction * 100), spent);
    if (per_second > 0) {
        format_time(left, sizeof(left), (1 - p->fraction) / per_second);
        n += snprintf(line + n, sizeof(line) - (size_t)n, "  %.2g%%/s, %s left", per_second * 100,
                      left);
    }
    if (n > columns() - 1)
        n = columns() - 1;
    fprintf(stderr, "\r%.*s%*s", n, line, p->drawn > n ? p->drawn - n : 0, "");
    p->drawn = n > p->drawn ? n : p->drawn;
    fflush(stderr);
}

/* ---- Ctrl-C ---- */

static void
control(struct progress *p, const char *verb)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "%s JOB %s", verb, p->job);
    PGresult *r = PQexec(p->conn, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        fprintf(stderr, "ERROR: %s", PQresultErrorMessage(r));
    PQclear(r);
}

static void
stop_waiting(struct progress *p)
{
    char text[256];
    PGcancel *c = PQgetCancel(p->sh->conn);
    if (c != NULL && PQcancel(c, text, sizeof(text)) != 1)
        fprintf(stderr, "ERROR: %s\n", text);
    PQfreeCancel(c);
}

/* One line of the terminal; its first letter, 0 for none. Ctrl-C again is `c`. */
static char
read_answer(void)
{
    char line[64];
    if (!wait_for_input())
        return 'c';
    ssize_t n = read(STDIN_FILENO, line, sizeof(line));
    return n > 0 && line[0] != '\n' ? line[0] : '\0';
}

static void
ask_user(struct progress *p)
{
    erase(p);
    if (*p->job == '\0' || p->conn == NULL) { /* there is no job yet that could go on */
        stop_waiting(p);
        return;
    }
    fprintf(stderr, "\n%s job %s is at %d%%: (c)ancel it, (p)ause it, let it run without you (d), or "
                    "wait on (Enter)? ", p->what, p->job, (int)(p->fraction * 100));
    fflush(stderr);
    char answer = read_answer();
    forget_interrupt();
    if (answer == 'c' || answer == 'C') {
        control(p, "CANCEL");
    } else if (answer == 'p' || answer == 'P') {
        control(p, "PAUSE");
        fprintf(stderr, "RESUME JOB %s; lets it go on.\n", p->job);
    } else if (answer == 'd' || answer == 'D') {
        stop_waiting(p);
        fprintf(stderr, "The job runs on; SHOW JOB WHEN COMPLETE %s; waits for its end.\n", p->job);
    }
}

/* ---- the statement ---- */

static const char *
skip_blanks(const char *p)
{
    return p + strspn(p, " \t\r\n>");
}

/* Behind the word, when the text begins with it; else NULL. */
static const char *
behind_word(const char *p, const char *word)
{
    size_t n = strlen(word);
    p = skip_blanks(p);
    if (strncasecmp(p, word, n) != 0 || isalnum((unsigned char)p[n]) || p[n] == '_')
        return NULL;
    return p + n;
}

/* BACKUP, RESTORE or IMPORT, when the statement begins with it. */
static const char *
kind_of(const char *sql)
{
    static const char *const kinds[] = {"BACKUP", "RESTORE", "IMPORT"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (behind_word(sql, kinds[i]) != NULL)
            return kinds[i];
    return NULL;
}

/* A name, folded as the server does; behind it, or NULL where there is none that fits. */
static const char *
take_name(const char *p, char *out, size_t size)
{
    size_t n = 0;
    p = skip_blanks(p);
    bool quoted = *p == '"';
    for (p += quoted; *p != '\0'; p++) {
        if (quoted && *p == '"' && *++p != '"')
            break;
        if (!quoted && strchr(" \t\r\n(;", *p) != NULL)
            break;
        if (n + 1 >= size)
            return NULL;
        out[n++] = quoted ? *p : (char)tolower((unsigned char)*p);
    }
    out[n] = '\0';
    return n > 0 ? p : NULL;
}

/* Behind a list in parentheses, if there is one. */
static const char *
skip_list(const char *p)
{
    p = skip_blanks(p);
    if (*p != '(')
        return p;
    int depth = 0;
    for (; *p != '\0'; p++) {
        depth += *p == '(';
        depth -= *p == ')';
        if (depth == 0)
            return p + 1;
    }
    return p;
}

static struct shell_prepared *
find_prepared(struct shell *sh, const char *name)
{
    for (int i = 0; i < SHELL_PREPARED_MAX; i++)
        if (sh->prepared[i].what != NULL && strcmp(sh->prepared[i].name, name) == 0)
            return &sh->prepared[i];
    return NULL;
}

void
progress_note(struct shell *sh, const char *sql)
{
    char name[sizeof(sh->prepared[0].name)];
    const char *p = behind_word(sql, "PREPARE");
    if (p == NULL || (p = take_name(p, name, sizeof(name))) == NULL)
        return;
    struct shell_prepared *was = find_prepared(sh, name);
    if (was != NULL)
        was->what = NULL;
    p = behind_word(skip_list(p), "AS");
    const char *what = p != NULL ? kind_of(p) : NULL;
    if (what == NULL)
        return;
    struct shell_prepared *to = &sh->prepared[sh->next_prepared++ % SHELL_PREPARED_MAX];
    snprintf(to->name, sizeof(to->name), "%s", name);
    to->what = what;
}

/* What the statement runs: itself, or what was prepared. */
static const char *
runs_what(struct shell *sh, const char *sql)
{
    char name[sizeof(sh->prepared[0].name)];
    const char *p = behind_word(sql, "EXECUTE");
    if (p == NULL)
        return kind_of(sql);
    const struct shell_prepared *of = take_name(p, name, sizeof(name)) ? find_prepared(sh, name) : NULL;
    return of != NULL ? of->what : NULL;
}

bool
progress_wanted(struct shell *sh, const char *sql)
{
    return sh->interactive && sh->depth == 0 && runs_what(sh, sql) != NULL && isatty(STDERR_FILENO) &&
           isatty(STDIN_FILENO);
}

void
progress_wait(struct shell *sh, const char *sql)
{
    struct progress p = {.sh = sh, .what = runs_what(sh, sql), .start_ns = monotonic_now_ns()};
    forget_interrupt();
    while (PQconsumeInput(sh->conn) == 1 && PQisBusy(sh->conn)) {
        struct pollfd fd = {.fd = PQsocket(sh->conn), .events = POLLIN};
        poll(&fd, 1, DRAW_MS); /* ends early by a signal, too */
        if (was_interrupted()) {
            forget_interrupt();
            ask_user(&p);
            continue;
        }
        int64_t now = monotonic_now_ns();
        if (fd.revents != 0 || now - p.start_ns < QUIET_NS)
            continue;
        if (now - p.asked_ns >= ASK_NS)
            ask_server(&p);
        draw(&p);
    }
    erase(&p);
    if (p.conn != NULL)
        PQfinish(p.conn);
}
