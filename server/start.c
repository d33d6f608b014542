/* amberdb start and start-single-node: flags, start-up, signals, clean shutdown. */
#include "config.h"

#include "server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "catalog/catalog.h"

#define SHUTDOWN_GRACE_MS 5000
#define HEAPS_MAX 4
#define INIT_LOOK_MS 500

struct start_flags {
    const char *store, *listen_addr, *http_addr, *external_io_dir, *pid_file, *locality, *log_dir,
        *listening_url_file, *certs_dir, *advertise_addr, *join;
    const char *command; /* "start" or "start-single-node" */
    size_t max_sql_memory, cache;
    bool insecure, background, disable_http, disable_implicit;
};

enum flag_id {
    FLAG_STORE = 256, FLAG_LISTEN_ADDR, FLAG_HTTP_ADDR, FLAG_INSECURE, FLAG_EXTERNAL_IO_DIR,
    FLAG_BACKGROUND, FLAG_PID_FILE, FLAG_LOCALITY, FLAG_MAX_SQL_MEMORY, FLAG_CACHE, FLAG_LOG_DIR,
    FLAG_LISTENING_URL_FILE, FLAG_DISABLE_HTTP, FLAG_DISABLE_IMPLICIT, FLAG_CERTS_DIR, FLAG_ADVERTISE_ADDR,
    FLAG_JOIN, FLAG_HELP,
};

static const struct option options[] = {
    {"store", required_argument, NULL, FLAG_STORE},
    {"listen-addr", required_argument, NULL, FLAG_LISTEN_ADDR},
    {"http-addr", required_argument, NULL, FLAG_HTTP_ADDR},
    {"insecure", no_argument, NULL, FLAG_INSECURE},
    {"external-io-dir", required_argument, NULL, FLAG_EXTERNAL_IO_DIR},
    {"background", no_argument, NULL, FLAG_BACKGROUND},
    {"pid-file", required_argument, NULL, FLAG_PID_FILE},
    {"locality", required_argument, NULL, FLAG_LOCALITY},
    {"max-sql-memory", required_argument, NULL, FLAG_MAX_SQL_MEMORY},
    {"cache", required_argument, NULL, FLAG_CACHE},
    {"log-dir", required_argument, NULL, FLAG_LOG_DIR},
    {"listening-url-file", required_argument, NULL, FLAG_LISTENING_URL_FILE},
    {"external-io-disable-http", no_argument, NULL, FLAG_DISABLE_HTTP},
    {"external-io-disable-implicit-credentials", no_argument, NULL, FLAG_DISABLE_IMPLICIT},
    {"certs-dir", required_argument, NULL, FLAG_CERTS_DIR},
    {"advertise-addr", required_argument, NULL, FLAG_ADVERTISE_ADDR},
    {"join", required_argument, NULL, FLAG_JOIN},
    {"help", no_argument, NULL, FLAG_HELP},
    {0},
};

static bool
is_postgres_url(const char *s)
{
    return strncmp(s, "postgresql://", 13) == 0 || strncmp(s, "postgres://", 11) == 0;
}

static void
print_start_help(const char *command)
{
    printf("Usage:\n  amberdb %s [FLAGS]\n\nFlags:\n", command);
    printf("  --store=PATH             where data lives; type=mem for memory only;\n"
           "                           postgresql://... for a database of that protocol\n"
           "                           (default amberdb-data)\n"
           "  --listen-addr=HOST:PORT  for SQL clients (default localhost:26257)\n"
           "  --http-addr=HOST:PORT    for the console (default localhost:8080)\n"
           "  --advertise-addr=ADDR    what other nodes are told (default --listen-addr)\n"
           "  --certs-dir=DIR          ca.crt, node.crt, node.key: TLS, certificates and passwords\n"
           "  --insecure               no TLS, no passwords\n"
           "  --external-io-dir=DIR    root of nodelocal:// (default STORE/extern; \"disabled\")\n"
           "  --background             return once the server is ready, or waits for \"amberdb init\"\n"
           "  --pid-file=FILE          write the process id there\n"
           "  --listening-url-file=F   write the connection URL there\n"
           "  --locality=K=V,...       tiers, for locality-aware backups\n"
           "  --max-sql-memory=SIZE    for sorts, joins and groups: 128MiB, 25%%, .25\n"
           "  --cache=SIZE             for data blocks of the store (default 128MiB)\n"
           "  --log-dir=DIR            log to DIR/amberdb.log instead of standard error\n"
           "  --external-io-disable-http\n"
           "  --external-io-disable-implicit-credentials\n");
}

/* "64MiB", "1GB", "0.5GiB", "25%" or ".25" of memory. */
static bool
parse_size(const char *text, size_t *out)
{
    static const struct {
        const char *unit;
        double factor;
    } units[] = {{"", 1},       {"B", 1},          {"KB", 1e3},        {"KiB", 1024},
                 {"K", 1024},   {"MB", 1e6},       {"MiB", 1048576},   {"M", 1048576},
                 {"GB", 1e9},   {"GiB", 1073741824}, {"G", 1073741824}, {"TiB", 1099511627776.0}};
    char *end;
    double v = strtod(text, &end);
    if (end == text || v < 0)
        return false;
    double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGE_SIZE);
    if (strcmp(end, "%") == 0) {
        *out = (size_t)(memory * v / 100);
        return v <= 100;
    }
    if (*end == '\0' && v < 1) {
        *out = (size_t)(memory * v);
        return true;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcasecmp(end, units[i].unit) == 0) {
            *out = (size_t)(v * units[i].factor);
            return v * units[i].factor < 9e15;
        }
    return false;
}

static int
usage_error(const struct start_flags *f, const char *flag, const char *value)
{
    fprintf(stderr, "amberdb %s: invalid value \"%s\" for --%s\n", f->command, value, flag);
    return 2;
}

/* 0: go on; else the exit code + 1. */
static int
parse_flags(int argc, char **argv, struct start_flags *f)
{
    int c;
    optind = 1;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case FLAG_STORE:
            f->store = optarg;
            break;
        case FLAG_LISTEN_ADDR:
            f->listen_addr = optarg;
            break;
        case FLAG_HTTP_ADDR:
            f->http_addr = optarg;
            break;
        case FLAG_INSECURE:
            f->insecure = true;
            break;
        case FLAG_EXTERNAL_IO_DIR:
            f->external_io_dir = optarg;
            break;
        case FLAG_BACKGROUND:
            f->background = true;
            break;
        case FLAG_PID_FILE:
            f->pid_file = optarg;
            break;
        case FLAG_LOCALITY:
            f->locality = optarg;
            break;
        case FLAG_MAX_SQL_MEMORY:
            if (!parse_size(optarg, &f->max_sql_memory))
                return usage_error(f, "max-sql-memory", optarg);
            break;
        case FLAG_CACHE:
            if (!parse_size(optarg, &f->cache))
                return usage_error(f, "cache", optarg);
            break;
        case FLAG_LOG_DIR:
            f->log_dir = optarg;
            break;
        case FLAG_LISTENING_URL_FILE:
            f->listening_url_file = optarg;
            break;
        case FLAG_DISABLE_HTTP:
            f->disable_http = true;
            break;
        case FLAG_DISABLE_IMPLICIT:
            f->disable_implicit = true;
            break;
        case FLAG_CERTS_DIR:
            f->certs_dir = optarg;
            break;
        case FLAG_ADVERTISE_ADDR:
            f->advertise_addr = optarg;
            break;
        case FLAG_JOIN:
            f->join = optarg;
            break;
        case FLAG_HELP:
            print_start_help(f->command);
            return 1;
        default:
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "amberdb %s: unexpected argument \"%s\"\n", f->command, argv[optind]);
        return 2;
    }
    if (f->join != NULL && (strcmp(f->command, "start") != 0 || !is_postgres_url(f->store))) {
        fprintf(stderr, "amberdb %s: --join is for \"amberdb start\" with a store that nodes share, "
                        "--store=postgresql://...; they find each other there\n", f->command);
        return 2;
    }
    if (f->insecure == (f->certs_dir != NULL)) {
        fprintf(stderr, "amberdb %s: say --certs-dir=DIR (see \"amberdb cert\"), or "
                        "--insecure for no TLS and no passwords\n", f->command);
        return 2;
    }
    return 0;
}

/* --store=PATH | path=PATH[,attrs=..,size=..] | type=mem[,size=..] | postgresql://... */
struct store_spec {
    const char *path; /* NULL: memory, or elsewhere */
    const char *url;  /* as libpq takes it; may hold a password */
};

static struct error *
parse_store(struct arena *a, const char *text, struct store_spec *out)
{
    bool memory = false;
    *out = (struct store_spec){0};
    if (is_postgres_url(text)) {
        out->url = text;
        return NULL;
    }
    if (strchr(text, '=') == NULL) {
        out->path = text;
    } else {
        char *copy = arena_strdup(a, text), *save = NULL;
        for (char *part = strtok_r(copy, ",", &save); part != NULL;
             part = strtok_r(NULL, ",", &save)) {
            if (strncmp(part, "path=", 5) == 0)
                out->path = part + 5;
            else if (strcmp(part, "type=mem") == 0)
                memory = true;
            else if (strncmp(part, "size=", 5) != 0 && strncmp(part, "attrs=", 6) != 0)
                return err_new(ERR_CONFIG_FILE, "--store: unknown field \"%s\"", part);
        }
    }
    if (memory != (out->path == NULL))
        return err_new(ERR_CONFIG_FILE, "--store: a path or type=mem is needed");
    if (out->path != NULL && *out->path != '/') {
        char cwd[4096];
        if (getcwd(cwd, sizeof(cwd)) == NULL)
            return err_errno(errno, "current directory");
        out->path = path_join(a, cwd, out->path);
    }
    return NULL;
}

struct running {
    struct engine *engine;    /* until the node has it */
    struct node *node;
    struct server *sql;
    struct http_server *http;
    struct arena *arena;
    int ready_fd;             /* --background: the parent waits for a byte; -1: nobody does, or no more */
    bool end;                 /* SIGTERM came while it waited for its cluster */
};

static struct error *write_files(const struct start_flags *f, const struct running *r);

static int signal_pipe[2] = {-1, -1}; /* set before the handler is installed */

/* SIGTERM or SIGINT, now or within timeout_ms; -1: however long it takes. */
static bool
signal_came(int timeout_ms)
{
    struct pollfd p = {.fd = signal_pipe[0], .events = POLLIN};
    int n;
    while ((n = poll(&p, 1, timeout_ms)) < 0 && errno == EINTR)
        ;
    return n > 0;
}

static void
tell_ready(const struct start_flags *f, struct running *r)
{
    if (r->ready_fd < 0)
        return;
    ssize_t n = write(r->ready_fd, "r", 1);
    (void)n;
    close(r->ready_fd);
    r->ready_fd = -1;
    /* The terminal is the parent's. */
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    if (f->log_dir != NULL)
        dup2(null, STDERR_FILENO);
    close(null);
}

static struct error *
resolve_dirs(struct arena *a, const struct start_flags *f, const struct store_spec *store,
             struct node_opts *o)
{
    if (f->external_io_dir != NULL && strcmp(f->external_io_dir, "disabled") == 0)
        o->external_io_dir = "";
    else if (f->external_io_dir != NULL && *f->external_io_dir != '/')
        return err_new(ERR_CONFIG_FILE, "external-io-dir path must be absolute");
    else if (f->external_io_dir != NULL)
        o->external_io_dir = f->external_io_dir;
    else
        o->external_io_dir = store->path != NULL ? path_join(a, store->path, "extern") : "";
    if (store->path != NULL) {
        ERR_TRY(dir_create_all(store->path, 0755));
        o->temp_dir = path_join(a, store->path, "temp");
        o->no_jobs_file = path_join(a, store->path, "DISABLE_STARTING_BACKGROUND_JOBS");
    } else {
        char *temp;
        ERR_TRY(dir_create_temp(a, NULL, "amberdb", &temp));
        o->temp_dir = temp;
    }
    return NULL;
}

static struct error *
open_engine(const struct start_flags *f, const struct store_spec *store, struct running *r)
{
    if (store->url != NULL)
        return engine_postgres_open(store->url, &r->engine);
    if (store->path == NULL)
        return engine_memory_open(&r->engine);
    struct rocksdb_engine_opts e = {
        .path = path_join(r->arena, store->path, "store"),
        .cache_bytes = f->cache,
        .create = true,
    };
    return engine_rocksdb_open(&e, &r->engine);
}

/* A new store that several nodes are to share: whoever runs `amberdb init` says when they are a cluster. */
static struct error *
wait_for_init(const struct start_flags *f, struct running *r, const struct server_opts *so)
{
    bool there;
    ERR_TRY(catalog_is_initialized(r->engine, &there));
    if (there)
        return NULL;
    ERR_TRY(server_start(so, &r->sql));
    ERR_TRY(write_files(f, r));
    /* SOURCE: CockroachDB v20.1 pkg/cli/start.go. */
    log_info("initial startup completed, will now wait for `amberdb init`\n"
             "or a join to a running cluster to start accepting clients.");
    printf("AmberDB node starting\nstatus:     waiting for `amberdb init`\n");
    fflush(stdout);
    tell_ready(f, r);
    while (!there && !r->end && !server_told_to_init(r->sql)) {
        r->end = signal_came(INIT_LOOK_MS);
        struct error *e = catalog_is_initialized(r->engine, &there);
        if (e != NULL) /* it is away; we wait anyhow */
            log_warning("%s", e->message);
        err_free(e);
    }
    return NULL;
}

static struct error *
start_up(const struct start_flags *f, struct running *r)
{
    struct store_spec store;
    struct node_opts o = {
        .locality = f->locality != NULL ? f->locality : "",
        .sql_address = f->advertise_addr != NULL ? f->advertise_addr : f->listen_addr,
        .http_address = f->http_addr,
        .max_sql_memory = f->max_sql_memory,
        .insecure = f->insecure,
        .certs_dir = f->certs_dir,
        .external_io_disable_http = f->disable_http,
        .external_io_disable_implicit_credentials = f->disable_implicit,
    };
    ERR_TRY(parse_store(r->arena, f->store, &store));
    ERR_TRY(resolve_dirs(r->arena, f, &store, &o));
    ERR_TRY(open_engine(f, &store, r));
    struct server_opts so = {.listen_addr = f->listen_addr, .certs_dir = f->certs_dir, .may_quit = true};
    if (f->join != NULL)
        ERR_TRY(wait_for_init(f, r, &so));
    if (r->end)
        return NULL;
    o.engine = r->engine;
    r->engine = NULL;
    ERR_TRY(node_open(&o, &r->node));
    so.node = r->node;
    if (r->sql != NULL)
        server_serve(r->sql, r->node);
    else
        ERR_TRY(server_start(&so, &r->sql));
    if (f->http_addr != NULL)
        ERR_TRY(http_server_start(r->node, r->sql, f->http_addr, &r->http));
    return NULL;
}

static void
shut_down(struct running *r)
{
    if (r->http != NULL)
        http_server_stop(r->http);
    if (r->sql != NULL)
        server_stop(r->sql, SHUTDOWN_GRACE_MS);
    if (r->node != NULL)
        node_close(r->node);
    if (r->engine != NULL)
        engine_close(r->engine);
    arena_destroy(r->arena);
}

static const char *
sql_url(const struct start_flags *f, const struct running *r)
{
    if (f->insecure)
        return arena_printf(r->arena, "postgresql://root@%s?sslmode=disable",
                            server_address(r->sql));
    return arena_printf(r->arena,
                        "postgresql://root@%s?sslmode=verify-full&sslrootcert=%s/ca.crt&"
                        "sslcert=%s/client.root.crt&sslkey=%s/client.root.key",
                        server_address(r->sql), f->certs_dir, f->certs_dir, f->certs_dir);
}

static struct error *
write_files(const struct start_flags *f, const struct running *r)
{
    char *text = arena_printf(r->arena, "%ld\n", (long)getpid());
    if (f->pid_file != NULL)
        ERR_TRY(file_write_atomic(f->pid_file, slice_cstr(text), 0644));
    text = arena_printf(r->arena, "%s\n", sql_url(f, r));
    if (f->listening_url_file != NULL)
        ERR_TRY(file_write_atomic(f->listening_url_file, slice_cstr(text), 0644));
    return NULL;
}

static void
print_banner(const struct start_flags *f, const struct running *r)
{
    printf("AmberDB node starting\nbuild:      ");
    version_print(stdout);
    if (r->http != NULL)
        printf("webui:      http://%s\n", http_server_address(r->http));
    printf("sql:        %s\n", sql_url(f, r));
    const char *store = is_postgres_url(f->store) ? engine_postgres_name(r->arena, f->store) : f->store;
    printf("store:      %s\nexternal I/O path: %s\nstatus:     ready\n", store,
           *r->node->opts.external_io_dir != '\0' ? r->node->opts.external_io_dir : "disabled");
    fflush(stdout);
}

static void
on_signal(int sig)
{
    (void)sig;
    int saved = errno;
    ssize_t n = write(signal_pipe[1], "x", 1);
    (void)n;
    errno = saved;
}

static struct error *
install_signals(void)
{
    if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return err_errno(errno, "pipe");
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    return NULL;
}

/* --background: the parent waits until the child says that it is ready, or died. */
static int
wait_for_child(int fd, pid_t child)
{
    char c;
    ssize_t n;
    while ((n = read(fd, &c, 1)) < 0 && errno == EINTR)
        ;
    if (n == 1)
        return 0;
    int status = 0;
    waitpid(child, &status, 0);
    return 1;
}

static void
raise_file_limit(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
        l.rlim_cur = l.rlim_max;
        setrlimit(RLIMIT_NOFILE, &l);
    }
}

static struct error *
open_log(const struct start_flags *f, struct arena *a)
{
    if (f->log_dir == NULL)
        return NULL;
    ERR_TRY(dir_create_all(f->log_dir, 0755));
    char *path = path_join(a, f->log_dir, "amberdb.log");
    FILE *log = fopen(path, "ae");
    if (log == NULL)
        return err_errno(errno, "open %s", path);
    setvbuf(log, NULL, _IOLBF, 0);
    log_open(log, LOG_INFO);
    return NULL;
}

static int
serve_until_signal(const struct start_flags *f, int ready_fd)
{
    struct running r = {.arena = arena_create(NULL, "server"), .ready_fd = ready_fd};
    struct error *e = fault_init();
#ifdef __GLIBC__
    /* A heap per thread keeps what its thread freed: a hundred MiB and more where sessions come and go
     * and the store's cache frees what they allocated. */
    mallopt(M_ARENA_MAX, HEAPS_MAX);
#endif
    if (e == NULL)
        e = open_log(f, r.arena);
    if (e == NULL)
        e = install_signals();
    if (e == NULL)
        e = start_up(f, &r);
    if (e == NULL && !r.end)
        e = write_files(f, &r);
    if (e != NULL) {
        fprintf(stderr, "amberdb: cannot start: %s\n", e->message);
        if (e->hint != NULL)
            fprintf(stderr, "HINT: %s\n", e->hint);
        err_free(e);
        shut_down(&r);
        return 1;
    }
    if (!r.end) {
        print_banner(f, &r);
        tell_ready(f, &r);
        signal_came(-1);
    }
    log_info("shutting down");
    shut_down(&r);
    if (f->pid_file != NULL)
        err_free(file_remove(f->pid_file));
    if (ready_fd < 0)
        printf("server stopped\n");
    return 0;
}

static int
start(const char *command, int argc, char **argv)
{
    struct start_flags f = {
        .command = command,
        .store = "amberdb-data", .listen_addr = "localhost:26257", .http_addr = "localhost:8080"};
    int rc = parse_flags(argc, argv, &f);
    if (rc != 0)
        return rc - 1;
    if (*f.http_addr == '\0' || strcmp(f.http_addr, "disabled") == 0)
        f.http_addr = NULL;
    raise_file_limit();
    if (!f.background)
        return serve_until_signal(&f, -1);
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0) {
        perror("amberdb: pipe");
        return 1;
    }
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        perror("amberdb: fork");
        return 1;
    }
    if (child > 0) {
        close(ready[1]);
        return wait_for_child(ready[0], child);
    }
    close(ready[0]);
    setsid();
    return serve_until_signal(&f, ready[1]);
}

int
cmd_start(int argc, char **argv)
{
    return start("start", argc, argv);
}

int
cmd_start_single_node(int argc, char **argv)
{
    return start("start-single-node", argc, argv);
}
