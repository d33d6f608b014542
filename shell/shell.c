/* amberdb sql: flags and the connection. */
#include "config.h"

#include "shell/shell.h"

#include "shell/shell_int.h"

#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"

#define EXECUTE_MAX 1000 /* -e flags on one command line */

enum { OPT_URL = 256, OPT_HOST, OPT_FORMAT, OPT_ECHO, OPT_INSECURE, OPT_SET, OPT_CERTS_DIR,
       OPT_SAFE_UPDATES, OPT_HELP };

static const struct option options[] = {
    {"execute", required_argument, NULL, 'e'},   {"file", required_argument, NULL, 'f'},
    {"url", required_argument, NULL, OPT_URL},   {"host", required_argument, NULL, OPT_HOST},
    {"port", required_argument, NULL, 'p'},      {"user", required_argument, NULL, 'u'},
    {"database", required_argument, NULL, 'd'},  {"format", required_argument, NULL, OPT_FORMAT},
    {"echo-sql", no_argument, NULL, OPT_ECHO},   {"insecure", no_argument, NULL, OPT_INSECURE},
    {"set", required_argument, NULL, OPT_SET},   {"certs-dir", required_argument, NULL, OPT_CERTS_DIR},
    {"safe-updates", optional_argument, NULL, OPT_SAFE_UPDATES},
    {"help", no_argument, NULL, OPT_HELP},       {0},
};

struct sql_flags {
    const char *url, *host, *port, *user, *database, *format, *certs_dir;
    bool echo, insecure;
    int safe_updates; /* -1 not said */
    int n_sets;
    const char *sets[EXECUTE_MAX];
    int n_inputs; /* -e texts and -f files, in order */
    struct {
        char kind;
        const char *text;
    } inputs[EXECUTE_MAX];
};

static void
print_sql_help(void)
{
    printf("Usage:\n  amberdb sql [FLAGS] [FILE]\n\nFlags:\n"
           "  -e, --execute=SQL     run the statements and leave; may be repeated\n"
           "  -f, --file=FILE       run a file and leave (- is standard input)\n"
           "      --url=URL         postgresql://user@host:port/database?sslmode=...\n"
           "      --host=HOST[:PORT], -p, --port=PORT, -u, --user=USER, -d, --database=NAME\n"
           "      --insecure        without TLS\n"
           "      --certs-dir=DIR   client certificates and the CA\n"
           "      --format=FORMAT   table, csv, tsv, records, raw, sql, html\n"
           "      --set=OPTION=VAL  as \\set\n"
           "      --echo-sql        print each statement before it runs\n"
           "      --safe-updates    refuse UPDATE and DELETE without WHERE (on when interactive)\n");
}

static int
add_input(struct sql_flags *f, char kind, const char *text)
{
    if (f->n_inputs == EXECUTE_MAX) {
        fprintf(stderr, "amberdb sql: more than %d -e and -f flags\n", EXECUTE_MAX);
        return 2;
    }
    f->inputs[f->n_inputs].kind = kind;
    f->inputs[f->n_inputs++].text = text;
    return 0;
}

/* 0: go on; else the exit code + 1. */
static int
parse_flags(int argc, char **argv, struct sql_flags *f)
{
    int c, rc = 0;
    optind = 1;
    while (rc == 0 && (c = getopt_long(argc, argv, "e:f:p:u:d:", options, NULL)) != -1) {
        switch (c) {
        case 'e':
        case 'f':
            rc = add_input(f, (char)c, optarg);
            break;
        case 'p':
            f->port = optarg;
            break;
        case 'u':
            f->user = optarg;
            break;
        case 'd':
            f->database = optarg;
            break;
        case OPT_URL:
            f->url = optarg;
            break;
        case OPT_HOST:
            f->host = optarg;
            break;
        case OPT_FORMAT:
            f->format = optarg;
            break;
        case OPT_ECHO:
            f->echo = true;
            break;
        case OPT_INSECURE:
            f->insecure = true;
            break;
        case OPT_SET:
            if (f->n_sets < EXECUTE_MAX)
                f->sets[f->n_sets++] = optarg;
            break;
        case OPT_CERTS_DIR:
            f->certs_dir = optarg;
            break;
        case OPT_SAFE_UPDATES:
            f->safe_updates = optarg == NULL || strcmp(optarg, "false") != 0;
            break;
        case OPT_HELP:
            print_sql_help();
            return 1;
        default:
            return 2;
        }
    }
    for (; rc == 0 && optind < argc; optind++)
        rc = add_input(f, 'f', argv[optind]);
    return rc;
}

struct params {
    int n;
    const char *names[16], *values[16];
};

static void
add_param(struct params *p, const char *name, const char *value)
{
    if (value == NULL)
        return;
    p->names[p->n] = name;
    p->values[p->n++] = value;
}

static void
add_certs(struct params *p, struct arena *a, const char *dir, const char *user)
{
    add_param(p, "sslmode", "verify-full");
    add_param(p, "sslrootcert", path_join(a, dir, "ca.crt"));
    const char *cert = path_join(a, dir, arena_printf(a, "client.%s.crt", user));
    if (!file_exists(cert))
        return;
    add_param(p, "sslcert", cert);
    add_param(p, "sslkey", path_join(a, dir, arena_printf(a, "client.%s.key", user)));
}

static PGconn *
connect_server(struct arena *a, const struct sql_flags *f)
{
    struct params p = {0};
    const char *host = f->host != NULL ? f->host : "localhost";
    const char *port = f->port;
    const char *colon = strrchr(host, ':');
    if (colon != NULL && port == NULL) {
        port = colon + 1;
        host = arena_strndup(a, host, (size_t)(colon - host));
    }
    /* What the URL says wins over what stands before it. */
    add_param(&p, "host", host);
    add_param(&p, "port", port != NULL ? port : "26257");
    const char *user = f->user != NULL ? f->user : "root";
    add_param(&p, "user", user);
    if (f->certs_dir != NULL && !f->insecure)
        add_certs(&p, a, f->certs_dir, user);
    else if (f->insecure)
        add_param(&p, "sslmode", "disable");
    add_param(&p, "client_encoding", "UTF8");
    add_param(&p, "fallback_application_name", "$ amberdb sql");
    /* Only the first dbname may be a URL. */
    if (f->url != NULL)
        add_param(&p, "dbname", f->url);
    if (f->url == NULL || f->database != NULL)
        add_param(&p, "dbname", f->database != NULL ? f->database : "defaultdb");
    p.names[p.n] = p.values[p.n] = NULL;
    return PQconnectdbParams(p.names, p.values, 1);
}

int
shell_connect(int argc, char **argv, struct arena *a, int *n_args, const char **args,
              PGconn **out)
{
    struct sql_flags *f = ARENA_NEW(a, struct sql_flags);
    f->safe_updates = -1;
    int rc = parse_flags(argc, argv, f);
    if (rc != 0)
        return rc;
    *n_args = 0;
    for (int i = 0; i < f->n_inputs && *n_args < SHELL_ARGS_MAX; i++)
        args[(*n_args)++] = f->inputs[i].text;
    *out = connect_server(a, f);
    if (PQstatus(*out) == CONNECTION_OK)
        return 0;
    fprintf(stderr, "ERROR: cannot connect: %s", PQerrorMessage(*out));
    return 2;
}

static void
print_notice(void *arg, const PGresult *r)
{
    (void)arg;
    const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY);
    const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *hint = PQresultErrorField(r, PG_DIAG_MESSAGE_HINT);
    if (message == NULL)
        return;
    fflush(stdout);
    fprintf(stderr, "%s: %s\n", severity != NULL ? severity : "NOTICE", message);
    if (hint != NULL)
        fprintf(stderr, "HINT: %s\n", hint);
}

static void
greet(struct shell *sh)
{
    printf("#\n# Welcome to the amberdb SQL shell.\n"
           "# All statements must be terminated by a semicolon.\n"
           "# To exit, type: \\q.\n#\n");
    const char *version = PQparameterStatus(sh->conn, "crdb_version");
    if (version != NULL)
        printf("# Server version: %s\n#\n", version);
}

static void
run_inputs(struct shell *sh, const struct sql_flags *f)
{
    for (int i = 0; i < f->n_inputs && !sh->quit; i++) {
        if (f->inputs[i].kind == 'f') {
            run_file(sh, f->inputs[i].text);
        } else {
            struct arena *a = arena_create(NULL, "-e");
            char *copy = arena_strdup(a, f->inputs[i].text), *line = copy, *next;
            for (; line != NULL && !sh->quit; line = next) {
                next = strchr(line, '\n');
                if (next != NULL)
                    *next++ = '\0';
                run_line(sh, line);
            }
            run_end_of_input(sh);
            arena_destroy(a);
        }
    }
    if (f->n_inputs > 0)
        return;
    if (sh->interactive)
        edit_loop(sh);
    else
        run_file(sh, "-");
}

int
cmd_sql(int argc, char **argv)
{
    static struct sql_flags f;
    f = (struct sql_flags){.safe_updates = -1};
    int rc = parse_flags(argc, argv, &f);
    if (rc != 0)
        return rc - 1;
    struct scanner scanner;
    struct shell sh = {.out = stdout, .echo = f.echo, .scanner = &scanner};
    sh.interactive = f.n_inputs == 0 && isatty(STDIN_FILENO);
    sh.errexit = !sh.interactive;
    sh.show_times = sh.interactive;
    sh.format = isatty(STDOUT_FILENO) ? FORMAT_TABLE : FORMAT_TSV;
    if (f.format != NULL && !format_by_name(f.format, &sh.format)) {
        fprintf(stderr, "amberdb sql: unknown format \"%s\"\n", f.format);
        return 1;
    }
    sh.arena = arena_create(NULL, "shell");
    scanner_init(&scanner);
    sh.conn = connect_server(sh.arena, &f);
    if (PQstatus(sh.conn) != CONNECTION_OK) {
        fprintf(stderr, "ERROR: cannot connect: %s", PQerrorMessage(sh.conn));
        sh.failed = true;
    } else {
        PQsetNoticeReceiver(sh.conn, print_notice, NULL);
        install_cancel(&sh);
        if (sh.interactive)
            greet(&sh);
        if (f.safe_updates == 1 || (f.safe_updates == -1 && sh.interactive))
            PQclear(PQexec(sh.conn, "SET sql_safe_updates = on"));
        for (int i = 0; i < f.n_sets; i++)
            run_meta(&sh, arena_printf(sh.arena, "\\set %s", f.sets[i]));
        run_inputs(&sh, &f);
    }
    if (sh.out != stdout)
        fclose(sh.out);
    PQfinish(sh.conn);
    scanner_release(&scanner);
    arena_destroy(sh.arena);
    return sh.failed ? 1 : 0;
}

struct error *
shell_run_all(const char *url, const char *const *statements)
{
    PGconn *c = PQconnectdb(url);
    struct error *err = NULL;
    if (PQstatus(c) != CONNECTION_OK)
        err = err_new(ERR_CONNECTION_FAILURE, "%s", PQerrorMessage(c));
    for (int i = 0; err == NULL && statements[i] != NULL; i++) {
        PGresult *res = PQexec(c, statements[i]);
        if (PQresultStatus(res) != PGRES_COMMAND_OK)
            err = err_new(ERR_INTERNAL, "%s", PQerrorMessage(c));
        PQclear(res);
    }
    PQfinish(c);
    return err;
}
