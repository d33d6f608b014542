/* Statements to the server and answers back; lines and files into statements. */
#include "config.h"

#include "shell/shell_int.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

#define FILE_DEPTH_MAX 16 /* \i inside \i */

static PGcancel *_Atomic cancel_handle; /* what Ctrl-C cancels; set while a statement runs */
static volatile sig_atomic_t interrupts;

static void
on_interrupt(int sig)
{
    (void)sig;
    char text[256];
    PGcancel *c = cancel_handle;
    int saved = errno;
    if (c != NULL)
        PQcancel(c, text, sizeof(text)); /* documented as safe in a signal handler */
    else
        interrupts = 1;
    errno = saved;
}

bool
was_interrupted(void)
{
    return interrupts != 0;
}

void
forget_interrupt(void)
{
    interrupts = 0;
}

bool
wait_for_input(void)
{
    /* the signal comes only within ppoll: one that came just before a read would not end it */
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    sigset_t block, before;
    sigemptyset(&block);
    sigaddset(&block, SIGINT);
    sigprocmask(SIG_BLOCK, &block, &before);
    while (!was_interrupted() && ppoll(&p, 1, NULL, &before) < 0 && errno == EINTR) {
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return !was_interrupted();
}

void
install_cancel(struct shell *sh)
{
    struct sigaction sa = {.sa_handler = on_interrupt}; /* reading a line ends, so no SA_RESTART */
    if (sh->interactive)
        sigaction(SIGINT, &sa, NULL);
}

static void
print_error(const PGresult *r, PGconn *conn)
{
    const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY);
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *detail = PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(r, PG_DIAG_MESSAGE_HINT);
    fflush(stdout);
    if (message == NULL) {
        fprintf(stderr, "ERROR: %s", PQerrorMessage(conn));
        return;
    }
    fprintf(stderr, "%s: %s\n", severity != NULL ? severity : "ERROR", message);
    if (state != NULL && strcmp(state, "XXUUU") != 0)
        fprintf(stderr, "SQLSTATE: %s\n", state);
    if (detail != NULL)
        fprintf(stderr, "DETAIL: %s\n", detail);
    if (hint != NULL)
        fprintf(stderr, "HINT: %s\n", hint);
}

static bool
send_copy_data(struct shell *sh)
{
    struct str line;
    bool ok = true;
    str_init(&line, STR_MAX_DEFAULT);
    while (ok && read_copy_line(sh, &line)) {
        if (line.len >= 2 && line.ptr[0] == '\\' && line.ptr[1] == '.' &&
            (line.len == 2 || line.ptr[2] == '\r' || line.ptr[2] == '\n'))
            break;
        ok = PQputCopyData(sh->conn, line.ptr, (int)line.len) == 1;
    }
    ok = PQputCopyEnd(sh->conn, NULL) == 1 && ok;
    str_release(&line);
    return ok;
}

static void
receive_copy_data(struct shell *sh)
{
    char *buf;
    int n;
    while ((n = PQgetCopyData(sh->conn, &buf, 0)) > 0) {
        fwrite(buf, 1, (size_t)n, sh->out);
        PQfreemem(buf);
    }
}

/* Every result of one query text; false when it failed. */
static bool
handle_results(struct shell *sh)
{
    struct printer *p = NULL;
    bool ok = true;
    PGresult *r;
    while ((r = PQgetResult(sh->conn)) != NULL) {
        switch (PQresultStatus(r)) {
        case PGRES_SINGLE_TUPLE:
        case PGRES_TUPLES_OK:
            if (p == NULL)
                p = printer_open(sh);
            printer_rows(p, r);
            if (PQresultStatus(r) == PGRES_TUPLES_OK) {
                printer_close(p, true);
                p = NULL;
            }
            break;
        case PGRES_COMMAND_OK:
            if (*PQcmdStatus(r) != '\0' && sh->format != FORMAT_CSV)
                fprintf(sh->out, "%s\n", PQcmdStatus(r));
            break;
        case PGRES_COPY_IN:
            send_copy_data(sh);
            break;
        case PGRES_COPY_OUT:
            receive_copy_data(sh);
            break;
        case PGRES_EMPTY_QUERY:
            break;
        default:
            if (p != NULL)
                printer_close(p, false);
            p = NULL;
            print_error(r, sh->conn);
            ok = false;
            break;
        }
        PQclear(r);
        if (PQstatus(sh->conn) == CONNECTION_BAD)
            break;
    }
    if (p != NULL)
        printer_close(p, false);
    return ok;
}

static void
reconnect(struct shell *sh)
{
    if (PQstatus(sh->conn) != CONNECTION_BAD)
        return;
    fprintf(stderr, "warning: connection lost; opening a new one: all session settings are lost\n");
    PQreset(sh->conn);
    if (PQstatus(sh->conn) == CONNECTION_BAD) {
        fprintf(stderr, "ERROR: %s", PQerrorMessage(sh->conn));
        if (!sh->interactive)
            sh->quit = true;
    }
}

bool
run_statement(struct shell *sh, const char *sql)
{
    if (sh->echo)
        fprintf(sh->out, "> %s\n", sql);
    int64_t start = monotonic_now_ns();
    if (PQsendQuery(sh->conn, sql) != 1) {
        fprintf(stderr, "ERROR: %s", PQerrorMessage(sh->conn));
        sh->failed = true;
        reconnect(sh);
        return false;
    }
    PQsetSingleRowMode(sh->conn);
    if (progress_wanted(sh, sql))
        progress_wait(sh, sql);
    PGcancel *c = PQgetCancel(sh->conn);
    cancel_handle = c;
    bool ok = handle_results(sh);
    cancel_handle = NULL;
    PQfreeCancel(c);
    if (sh->show_times)
        fprintf(sh->out, "\nTime: %.3fms\n\n", (double)(monotonic_now_ns() - start) / 1e6);
    fflush(sh->out);
    if (ok)
        progress_note(sh, sql);
    if (!ok) {
        sh->failed = true;
        reconnect(sh);
        if (sh->errexit)
            sh->quit = true;
    }
    return ok;
}

/* ---- lines ---------------------------------------------------------------------------------- */

static bool
is_meta(const struct shell *sh, const char *line)
{
    while (isspace((unsigned char)*line))
        line++;
    /* A lone backslash while a statement is pending continues it. */
    if (*line != '\\')
        return false;
    const char *rest = line + 1;
    while (isspace((unsigned char)*rest))
        rest++;
    return !(scanner_pending(sh->scanner) && *rest == '\0');
}

void
run_line(struct shell *sh, const char *line)
{
    if (sh->scanner->state == SCAN_PLAIN && is_meta(sh, line)) {
        run_meta(sh, line);
        return;
    }
    if (!scanner_pending(sh->scanner) && run_word(sh, line))
        return;
    const char *p = line, *end = line + strlen(line);
    while (!sh->quit && scanner_feed(sh->scanner, &p, end)) {
        run_statement(sh, str_cstr(&sh->scanner->pending));
        scanner_reset(sh->scanner);
    }
    const char *newline = "\n";
    scanner_feed(sh->scanner, &newline, newline + 1);
}

void
run_end_of_input(struct shell *sh)
{
    if (sh->scanner->has_token && !sh->quit)
        run_statement(sh, str_cstr(&sh->scanner->pending));
    scanner_reset(sh->scanner);
}

static FILE *input; /* where lines come from while a file runs: COPY's data follow in it */

static bool
read_line(FILE *f, struct str *line)
{
    char *buf = NULL;
    size_t cap = 0;
    ssize_t n = getline(&buf, &cap, f);
    str_clear(line);
    if (n > 0)
        str_append(line, buf, (size_t)n);
    free(buf); /* getline's own */
    return n > 0;
}

bool
read_copy_line(struct shell *sh, struct str *line)
{
    (void)sh;
    return read_line(input != NULL ? input : stdin, line);
}

void
run_stream(struct shell *sh, FILE *f)
{
    FILE *outer = input;
    input = f;
    sh->depth++;
    struct str line;
    str_init(&line, STR_MAX_DEFAULT);
    while (!sh->quit && read_line(f, &line)) {
        while (line.len > 0 && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
            line.ptr[--line.len] = '\0';
        run_line(sh, str_cstr(&line));
    }
    run_end_of_input(sh);
    str_release(&line);
    sh->depth--;
    input = outer;
}

bool
run_file(struct shell *sh, const char *path)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (f == NULL || sh->depth >= FILE_DEPTH_MAX) {
        if (f == NULL)
            fprintf(stderr, "amberdb sql: %s: %s\n", path, strerror(errno));
        else
            fprintf(stderr, "amberdb sql: %s: files include each other too deeply\n", path);
        if (f != NULL && f != stdin)
            fclose(f);
        sh->failed = true;
        return false;
    }
    run_stream(sh, f);
    if (f != stdin)
        fclose(f);
    return true;
}
