/* Commands that begin with a backslash. One row each. */
#include "config.h"

#include "shell/shell_int.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

static void
meta_quit(struct shell *sh, const char *arg)
{
    (void)arg;
    sh->quit = true;
}

static void meta_help(struct shell *sh, const char *arg);

static void
meta_describe(struct shell *sh, const char *arg)
{
    struct str s;
    if (*arg == '\0') {
        run_statement(sh, "SHOW TABLES");
        return;
    }
    str_init(&s, STR_MAX_DEFAULT);
    str_printf(&s, "SHOW COLUMNS FROM %s", arg);
    run_statement(sh, str_cstr(&s));
    str_release(&s);
}

static void
meta_databases(struct shell *sh, const char *arg)
{
    (void)arg;
    run_statement(sh, "SHOW DATABASES");
}

static void
meta_tables(struct shell *sh, const char *arg)
{
    (void)arg;
    run_statement(sh, "SHOW TABLES");
}

static void
meta_users(struct shell *sh, const char *arg)
{
    (void)arg;
    run_statement(sh, "SHOW USERS");
}

static void
meta_include(struct shell *sh, const char *arg)
{
    if (*arg == '\0')
        fprintf(stderr, "usage: \\i FILE\n");
    else
        run_file(sh, arg);
}

static void
meta_output(struct shell *sh, const char *arg)
{
    if (sh->out != stdout)
        fclose(sh->out);
    sh->out = stdout;
    if (*arg == '\0')
        return;
    FILE *f = fopen(arg, "we");
    if (f == NULL) {
        fprintf(stderr, "\\o %s: %s\n", arg, strerror(errno));
        sh->failed = true;
        return;
    }
    sh->out = f;
}

static void
meta_echo(struct shell *sh, const char *arg)
{
    fprintf(sh->out, "%s\n", arg);
}

static void
meta_timing(struct shell *sh, const char *arg)
{
    (void)arg;
    sh->show_times = !sh->show_times;
    fprintf(sh->out, "timing is %s\n", sh->show_times ? "on" : "off");
}

static bool
set_flag(bool *flag, const char *value)
{
    *flag = strcmp(value, "false") != 0 && strcmp(value, "off") != 0 && strcmp(value, "0") != 0;
    return true;
}

/* \set [option[=value]] */
static void
meta_set(struct shell *sh, const char *arg)
{
    static const char *const names[] = {"table", "csv", "tsv", "records", "raw", "sql", "html"};
    char name[32] = "";
    size_t n = strcspn(arg, "= ");
    const char *value = arg + n + strspn(arg + n, "= ");
    if (n == 0) {
        fprintf(sh->out, "display_format  %s\necho            %s\nerrexit         %s\n"
                         "show_times      %s\n",
                names[sh->format], sh->echo ? "true" : "false", sh->errexit ? "true" : "false",
                sh->show_times ? "true" : "false");
        return;
    }
    memcpy(name, arg, n < sizeof(name) ? n : sizeof(name) - 1);
    bool ok = strcmp(name, "display_format") == 0 ? format_by_name(value, &sh->format)
              : strcmp(name, "echo") == 0         ? set_flag(&sh->echo, value)
              : strcmp(name, "errexit") == 0      ? set_flag(&sh->errexit, value)
              : strcmp(name, "show_times") == 0   ? set_flag(&sh->show_times, value)
                                                  : false;
    if (!ok)
        fprintf(stderr, "invalid \\set: %s\n", arg);
}

static void
meta_unset(struct shell *sh, const char *arg)
{
    if (strcmp(arg, "echo") == 0)
        sh->echo = false;
    else if (strcmp(arg, "errexit") == 0)
        sh->errexit = false;
    else if (strcmp(arg, "show_times") == 0)
        sh->show_times = false;
    else if (strcmp(arg, "display_format") == 0)
        sh->format = sh->interactive ? FORMAT_TABLE : FORMAT_TSV;
    else
        fprintf(stderr, "invalid \\unset: %s\n", arg);
}

static void
meta_show(struct shell *sh, const char *arg)
{
    (void)arg;
    if (scanner_pending(sh->scanner))
        fprintf(sh->out, "%s", str_cstr(&sh->scanner->pending));
    else
        fputs("No input so far. Did you mean SHOW?\n", stderr);
}

static void
meta_command(struct shell *sh, const char *arg)
{
    fflush(stdout);
    if (*arg == '\0')
        fprintf(stderr, "usage: \\! COMMAND\n");
    else if (system(arg) != 0)
        sh->failed = !sh->interactive;
}

static void
meta_pipe(struct shell *sh, const char *arg)
{
    FILE *f = *arg != '\0' ? popen(arg, "re") : NULL;
    if (f == NULL) {
        fprintf(stderr, "usage: \\| COMMAND\n");
        return;
    }
    run_stream(sh, f);
    if (pclose(f) != 0) {
        fprintf(stderr, "the command failed: %s\n", arg);
        sh->failed = true;
    }
}

/* Where a statement is described: the names of pages are those of the statements. */
static void
meta_syntax(struct shell *sh, const char *arg)
{
    char page[128] = "sql-statements";
    size_t n = 0;
    for (; arg[n] != '\0' && n < sizeof(page) - 1; n++)
        page[n] = arg[n] == ' ' ? '-' : (char)tolower((unsigned char)arg[n]);
    if (n > 0)
        page[n] = '\0';
    fprintf(sh->out, "See https://www.cockroachlabs.com/docs/v20.1/%s.html\n", page);
}

static void
meta_functions(struct shell *sh, const char *arg)
{
    if (*arg == '\0') {
        run_statement(sh, "SELECT DISTINCT function FROM crdb_internal.builtin_functions ORDER BY 1");
        return;
    }
    char *quoted = PQescapeLiteral(sh->conn, arg, strlen(arg));
    struct str s;
    str_init(&s, STR_MAX_DEFAULT);
    str_printf(&s, "SELECT function, signature, category FROM crdb_internal.builtin_functions "
                   "WHERE function = lower(%s) ORDER BY signature", quoted != NULL ? quoted : "''");
    PQfreemem(quoted);
    run_statement(sh, str_cstr(&s));
    str_release(&s);
}

static void
meta_reset_input(struct shell *sh, const char *arg)
{
    (void)arg;
    scanner_reset(sh->scanner);
}

static const struct {
    const char *name;
    void (*run)(struct shell *sh, const char *arg);
    const char *help;
} commands[] = {
    {"q", meta_quit, "leave"},
    {"quit", meta_quit, NULL},
    {"exit", meta_quit, NULL},
    {"?", meta_help, "this help"},
    {"h", meta_syntax, "[NAME]   where a statement is described"},
    {"hf", meta_functions, "[NAME]  functions, or the signatures of one"},
    {"d", meta_describe, "[TABLE]  list tables, or the columns of one"},
    {"dt", meta_tables, "list tables"},
    {"du", meta_users, "list users"},
    {"l", meta_databases, "list databases"},
    {"i", meta_include, "FILE     run the statements of a file"},
    {"o", meta_output, "[FILE]   send results to a file, or back to the screen"},
    {"echo", meta_echo, "TEXT  print it"},
    {"set", meta_set, "[OPTION=VALUE]  display_format, echo, errexit, show_times"},
    {"unset", meta_unset, "OPTION  set it back"},
    {"show", meta_show, "the statement begun so far"},
    {"!", meta_command, "COMMAND  run a command of the system"},
    {"|", meta_pipe, "COMMAND  run what a command of the system prints as statements"},
    {"timing", meta_timing, "show or hide how long statements take"},
    {"r", meta_reset_input, "forget the statement begun"},
};

static void
meta_help(struct shell *sh, const char *arg)
{
    (void)arg;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (commands[i].help != NULL)
            fprintf(sh->out, "  \\%-7s %s\n", commands[i].name, commands[i].help);
    fputs("A statement ends with a semicolon; Ctrl-C stops one that runs.\n", sh->out);
}

const char *
meta_name(int i)
{
    return (size_t)i < sizeof(commands) / sizeof(commands[0]) ? commands[i].name : NULL;
}

bool
run_word(struct shell *sh, const char *line)
{
    while (isspace((unsigned char)*line))
        line++;
    size_t n = strlen(line);
    while (n > 0 && isspace((unsigned char)line[n - 1]))
        n--;
    if (n == 4 && strncmp(line, "help", n) == 0)
        meta_help(sh, "");
    else if (n == 4 && (strncmp(line, "quit", n) == 0 || strncmp(line, "exit", n) == 0))
        meta_quit(sh, "");
    else
        return false;
    return true;
}

void
run_meta(struct shell *sh, const char *line)
{
    while (isspace((unsigned char)*line))
        line++;
    line++;
    size_t n = *line == '!' || *line == '|' ? 1 : strcspn(line, " \t");
    const char *arg = line + n;
    while (isspace((unsigned char)*arg))
        arg++;
    char copy[4096];
    size_t len = strlen(arg);
    if (len >= sizeof(copy)) {
        fprintf(stderr, "the argument of \\%.*s is too long\n", (int)n, line);
        return;
    }
    memcpy(copy, arg, len + 1);
    while (len > 0 && (isspace((unsigned char)copy[len - 1]) || copy[len - 1] == ';'))
        copy[--len] = '\0';
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strlen(commands[i].name) == n && strncmp(commands[i].name, line, n) == 0) {
            commands[i].run(sh, copy);
            return;
        }
    fprintf(stderr, "invalid command: \\%.*s. Try \\? for help.\n", (int)n, line);
    sh->failed = true;
    if (sh->errexit)
        sh->quit = true;
}
