/* shell/shell_int.h - the parts of the shell: one struct shell from start to exit. */
#ifndef AMBERDB_SHELL_INT_H
#define AMBERDB_SHELL_INT_H

#include <stdbool.h>
#include <stdio.h>

#include <libpq-fe.h>

#include "base/slice.h"

enum shell_format { FORMAT_TABLE, FORMAT_CSV, FORMAT_TSV, FORMAT_RECORDS, FORMAT_RAW, FORMAT_SQL,
                    FORMAT_HTML };

/* A BACKUP, RESTORE or IMPORT that was prepared under a name. */
#define SHELL_PREPARED_MAX 16
struct shell_prepared {
    char name[64];            /* folded; "" none */
    const char *what;         /* "BACKUP" */
};

struct shell {
    PGconn *conn;
    struct arena *arena;
    enum shell_format format;
    FILE *out;                /* \o; stdout by default */
    bool interactive;         /* prompts, timings, safe updates */
    bool echo;                /* print each statement before it runs */
    bool show_times;
    bool errexit;             /* stop at the first error: batch mode */
    bool quit;
    bool failed;              /* a statement failed: exit code 1 */
    int depth;                /* of \i files */
    struct scanner *scanner;  /* what is pending */
    struct shell_prepared prepared[SHELL_PREPARED_MAX];
    int next_prepared;
};

/* ---- scan.c: where statements end ---- */

/* Feeds on lines; knows quotes, comments, dollar quotes and trailing backslashes. */
struct scanner {
    struct str pending;       /* text of the statement begun */
    enum { SCAN_PLAIN, SCAN_STRING, SCAN_ESTRING, SCAN_IDENT, SCAN_DOLLAR, SCAN_LINE_COMMENT,
           SCAN_BLOCK_COMMENT } state;
    int comment_depth;
    struct str tag;           /* of the open dollar quote */
    bool has_token;           /* something besides blanks and comments */
};
void scanner_init(struct scanner *s);
void scanner_release(struct scanner *s);
void scanner_reset(struct scanner *s);
/* Takes text from *p up to the next statement's end; true when pending holds a whole statement. */
bool scanner_feed(struct scanner *s, const char **p, const char *end);
bool scanner_pending(const struct scanner *s); /* a statement has begun */

/* ---- shell.c: for the other commands that are clients ---- */

#define SHELL_ARGS_MAX 16
/* Flags of the connection and what else stands on the command line. 0; else the exit code + 1. */
int shell_connect(int argc, char **argv, struct arena *a, int *n_args, const char **args,
                  PGconn **out);

/* ---- output.c ---- */

bool format_by_name(const char *name, enum shell_format *out);
/* A statement's rows arrive in pieces (single-row mode); the printer holds what its format needs. */
struct printer;
struct printer *printer_open(struct shell *sh);
void printer_rows(struct printer *p, const PGresult *res);
void printer_close(struct printer *p, bool complete); /* complete: print footers; frees p */

/* ---- run.c ---- */

bool run_statement(struct shell *sh, const char *sql); /* false: it failed */
void run_line(struct shell *sh, const char *line);     /* one line without its newline */
void run_end_of_input(struct shell *sh);               /* a last statement may lack its ; */
void run_stream(struct shell *sh, FILE *f);            /* its lines, to the end */
bool run_file(struct shell *sh, const char *path);     /* "-": standard input */
bool read_copy_line(struct shell *sh, struct str *line); /* from where statements come; false: end */
void install_cancel(struct shell *sh);                 /* Ctrl-C cancels what runs */
bool was_interrupted(void);                            /* Ctrl-C when nothing ran, not yet forgotten */
void forget_interrupt(void);
/* Until standard input has something to read; false after Ctrl-C, whenever it came since it was forgotten. */
bool wait_for_input(void);

/* ---- progress.c ---- */

/* Is sql, which was sent, a BACKUP, RESTORE or IMPORT at a terminal, or EXECUTE of one? Then progress_wait
 * until its answer comes. progress_note of what succeeded: PREPARE of one. */
bool progress_wanted(struct shell *sh, const char *sql);
void progress_wait(struct shell *sh, const char *sql);
void progress_note(struct shell *sh, const char *sql);

/* ---- meta.c ---- */

void run_meta(struct shell *sh, const char *line); /* begins with a backslash */
bool run_word(struct shell *sh, const char *line); /* help, quit, exit alone on a line; false: another */
const char *meta_name(int i);                      /* of the i-th command; NULL past the last */

/* ---- complete.c ---- */

size_t completion_word(const char *line, const char *cursor); /* bytes before the cursor to complete */
/* The number of candidates. *grown: the word as far as they agree, when that is further than it is;
 * *list: all of them. */
int completion_find(struct shell *sh, struct slice word, struct str *grown, struct str *list);

/* ---- edit.c ---- */

void edit_loop(struct shell *sh); /* the interactive session */

#endif
