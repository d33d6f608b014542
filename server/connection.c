/* One client's life: start-up, authentication, then messages until it leaves. */
#include "config.h"

#include "server/auth.h"
#include "server/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

#define PROTOCOL_3_0 196608
#define CANCEL_REQUEST 80877102
#define SSL_REQUEST 80877103
#define GSSENC_REQUEST 80877104
#define MAX_PARAMS 65535

/* ---- start-up ---------------------------------------------------------------------------- */

struct startup {
    const char *user, *database;
    int n;
    const char **names, **values;
};

static struct error *
parse_startup(struct connection *c, struct reader *r, struct startup *out)
{
    int cap = 0;
    *out = (struct startup){0};
    for (;;) {
        const char *name = payload_cstr(r);
        if (r->failed)
            return err_new(ERR_PROTOCOL_VIOLATION, "error reading key name: no terminator");
        if (*name == '\0')
            return NULL;
        const char *value = payload_cstr(r);
        if (r->failed)
            return err_new(ERR_PROTOCOL_VIOLATION, "error reading value for key \"%s\"", name);
        value = arena_strdup(c->arena, value);
        if (strcmp(name, "user") == 0) {
            char *user = arena_strdup(c->arena, value);
            for (char *p = user; *p != '\0'; p++)
                if (*p >= 'A' && *p <= 'Z')
                    *p = (char)(*p + 32);
            out->user = user;
        } else if (strcmp(name, "database") == 0) {
            out->database = value;
        } else if (strcmp(name, "options") != 0) {
            if (out->n == cap) {
                int more = cap == 0 ? 8 : 2 * cap;
                size_t old = (size_t)cap * sizeof(char *), new = (size_t)more * sizeof(char *);
                out->names = arena_realloc(c->arena, out->names, old, new);
                out->values = arena_realloc(c->arena, out->values, old, new);
                cap = more;
            }
            out->names[out->n] = arena_strdup(c->arena, name);
            out->values[out->n++] = value;
        }
    }
}

static const char *
startup_value(const struct startup *st, const char *name)
{
    for (int i = 0; i < st->n; i++)
        if (strcmp(st->names[i], name) == 0)
            return st->values[i];
    return NULL;
}

static void
send_ready(struct connection *c)
{
    wire_begin(&c->wire, 'Z');
    wire_u8(&c->wire, (uint8_t)session_txn_status(c->session));
    wire_end(&c->wire);
}

static void
send_welcome(struct connection *c, const char *user)
{
    static const char *const settings[][2] = {
        {"server_version", "server_version"},
        {"server_encoding", "server_encoding"},
        {"client_encoding", "client_encoding"},
        {"application_name", "application_name"},
        {"DateStyle", "datestyle"},
        {"IntervalStyle", "intervalstyle"},
        {"TimeZone", "timezone"},
        {"integer_datetimes", "integer_datetimes"},
        {"standard_conforming_strings", "standard_conforming_strings"},
        {"crdb_version", "crdb_version"},
    };
    struct wire *w = &c->wire;
    wire_begin(w, 'R');
    wire_u32(w, 0);
    wire_end(w);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        const char *v = session_setting(c->session, settings[i][1]);
        send_parameter(w, settings[i][0], v != NULL ? v : "");
    }
    send_parameter(w, "session_authorization", user);
    send_parameter(w, "is_superuser", strcmp(user, "root") == 0 ? "on" : "off");
    wire_begin(w, 'K');
    wire_u32(w, c->backend_pid);
    wire_u32(w, c->cancel_secret);
    wire_end(w);
    send_ready(c);
}

/* The answer to SSLRequest, and the handshake when it is yes. What a client sent behind the request in
 * the clear must not be taken for its encrypted start-up packet. */
static struct error *
negotiate(struct connection *c, bool tls)
{
    struct tls_context *ctx = server_tls(c->server);
    bool yes = tls && ctx != NULL && c->wire.tls == NULL;
    if (yes && c->wire.in.len > c->wire.in_pos)
        return err_new(ERR_PROTOCOL_VIOLATION, "received unencrypted data after SSL request");
    wire_bytes(&c->wire, yes ? "S" : "N", 1);
    ERR_TRY(wire_flush(&c->wire));
    return yes ? tls_accept(ctx, c->wire.fd, &c->wire.tls) : NULL;
}

/* "16384", "64KiB", "1MB" */
static size_t
buffer_size(const char *text)
{
    static const struct {
        const char *unit;
        size_t factor;
    } units[] = {{"KB", 1000}, {"KiB", 1024}, {"MB", 1000000}, {"MiB", 1048576}};
    char *end = NULL;
    size_t n = text == NULL ? 0 : strtoul(text, &end, 10);
    for (size_t i = 0; end != NULL && i < sizeof(units) / sizeof(units[0]); i++)
        if (strcasecmp(end + strspn(end, " "), units[i].unit) == 0)
            return n * units[i].factor;
    return n;
}

/* *serve false: the connection is over without an error (a cancel request, or the client left). */
static struct error *
start_up(struct connection *c, bool *serve)
{
    struct slice payload;
    bool eof;
    *serve = false;
    for (;;) {
        ERR_TRY(wire_read_startup(&c->wire, &payload, &eof));
        if (eof)
            return NULL;
        struct reader r = reader_make(payload);
        uint32_t code = reader_be32(&r);
        if (code == SSL_REQUEST || code == GSSENC_REQUEST) {
            ERR_TRY(negotiate(c, code == SSL_REQUEST));
            continue;
        }
        if (code == CANCEL_REQUEST) {
            uint32_t pid = reader_be32(&r), secret = reader_be32(&r);
            if (!r.failed)
                server_cancel(c->server, pid, secret);
            return NULL;
        }
        if (code != PROTOCOL_3_0)
            return err_new(ERR_PROTOCOL_VIOLATION, "unknown protocol version %u", code);
        struct startup st;
        ERR_TRY(parse_startup(c, &r, &st));
        if (st.user == NULL || *st.user == '\0')
            return err_new(ERR_UNCATEGORIZED, "no user specified in startup packet");
        ERR_TRY(server_find_node(c->server, c, startup_value(&st, "application_name"), st.user));
        if (!server_admits(c->server, c, startup_value(&st, "application_name")))
            return err_new(ERR_ADMIN_SHUTDOWN, "server is not accepting clients");
        ERR_TRY(authenticate(c, st.user));
        struct session_args args = {
            .user = is_other_node(c, st.user) ? "root" : st.user,
            .database = st.database,
            .client_address = c->client_address,
            .n_settings = st.n,
            .setting_names = st.names,
            .setting_values = st.values,
        };
        struct session *session;
        ERR_TRY(session_create(c->node, &args, &session));
        server_set_session(c->server, c, session);
        c->results_buffer = buffer_size(session_setting(session, "results_buffer_size"));
        send_welcome(c, st.user);
        ERR_TRY(wire_flush(&c->wire));
        *serve = true;
        return NULL;
    }
}

/* ---- extended protocol ------------------------------------------------------------------- */

static struct error *
malformed(const char *message)
{
    return err_new(ERR_PROTOCOL_VIOLATION, "invalid %s message", message);
}

static void
send_simple(struct connection *c, char type)
{
    wire_begin(&c->wire, type);
    wire_end(&c->wire);
}

static struct error *
on_parse(struct connection *c, struct arena *a, struct reader *r)
{
    const char *name = payload_cstr(r);
    const char *sql = payload_cstr(r);
    int n = reader_be16(r);
    uint32_t *oids = ARENA_ARRAY(a, uint32_t, (size_t)n + 1);
    for (int i = 0; i < n && !r->failed; i++)
        oids[i] = reader_be32(r);
    if (r->failed)
        return malformed("Parse");
    ERR_TRY(session_parse(c->session, name, slice_cstr(sql), n, oids));
    send_simple(c, '1');
    return NULL;
}

static int16_t
format_of(int n, const int16_t *formats, int i)
{
    return n == 0 ? 0 : n == 1 ? formats[0] : formats[i];
}

static struct error *
read_formats(struct arena *a, struct reader *r, const char *what, int *n, int16_t **out)
{
    *n = reader_be16(r);
    *out = ARENA_ARRAY(a, int16_t, (size_t)*n + 1);
    for (int i = 0; i < *n && !r->failed; i++) {
        (*out)[i] = (int16_t)reader_be16(r);
        if (!r->failed && (*out)[i] != 0 && (*out)[i] != 1)
            return err_new(ERR_PROTOCOL_VIOLATION, "unsupported format code: %d", (*out)[i]);
    }
    return r->failed ? malformed(what) : NULL;
}

static struct error *
on_bind(struct connection *c, struct arena *a, struct reader *r)
{
    const char *portal = payload_cstr(r);
    const char *statement = payload_cstr(r);
    int n_formats, n_results;
    int16_t *formats, *results;
    struct prepared *p;
    ERR_TRY(read_formats(a, r, "Bind", &n_formats, &formats));
    int n = reader_be16(r);
    if (r->failed)
        return malformed("Bind");
    ERR_TRY(session_find_prepared(c->session, statement, &p));
    if (n != prepared_n_params(p))
        return err_new(ERR_PROTOCOL_VIOLATION, "expected %d arguments, got %d",
                       prepared_n_params(p), n);
    if (n_formats > 1 && n_formats != n)
        return err_new(ERR_PROTOCOL_VIOLATION,
                       "wrong number of format codes specified: %d for %d arguments", n_formats, n);
    struct datum *params = ARENA_ARRAY(a, struct datum, (size_t)n + 1);
    struct eval_env env;
    session_env(c->session, a, &env);
    for (int i = 0; i < n; i++) {
        uint32_t len = reader_be32(r);
        params[i] = DATUM_NULL;
        if (len == UINT32_MAX)
            continue;
        struct slice bytes = reader_bytes(r, len);
        if (r->failed)
            return malformed("Bind");
        const struct type *t = type_without_modifiers(a, prepared_param_type(p, i));
        struct error *e = format_of(n_formats, formats, i) == 1
                              ? datum_from_binary(&env, t, bytes, &params[i])
                              : datum_parse(&env, t, bytes, &params[i]);
        if (e != NULL)
            return err_wrap(e, "error in argument for $%d", i + 1);
    }
    ERR_TRY(read_formats(a, r, "Bind", &n_results, &results));
    const struct result_column *cols;
    int n_cols = prepared_columns(p, &cols);
    if (n_results > 1 && n_results != n_cols)
        return err_new(ERR_PROTOCOL_VIOLATION,
                       "expected 0, 1, or %d for number of format codes, got %d",
                       n_cols < 0 ? 0 : n_cols, n_results);
    ERR_TRY(session_bind(c->session, portal, statement, n, params, n_results, results));
    send_simple(c, '2');
    return NULL;
}

static struct error *
on_describe(struct connection *c, struct reader *r)
{
    struct wire *w = &c->wire;
    const struct result_column *cols;
    int n;
    char what = (char)reader_u8(r);
    const char *name = payload_cstr(r);
    if (r->failed || (what != 'S' && what != 'P'))
        return malformed("Describe");
    if (what == 'S') {
        struct prepared *p;
        ERR_TRY(session_find_prepared(c->session, name, &p));
        int n_params = prepared_n_params(p);
        wire_begin(w, 't');
        wire_u16(w, (uint16_t)n_params);
        for (int i = 0; i < n_params; i++)
            wire_u32(w, prepared_param_type(p, i)->oid);
        wire_end(w);
        n = prepared_columns(p, &cols);
        if (n >= 0)
            ERR_TRY(send_row_description(w, n, cols, 0, NULL));
    } else {
        struct portal *p;
        const int16_t *formats;
        ERR_TRY(session_find_portal(c->session, name, &p));
        n = portal_columns(p, &cols);
        if (n >= 0) {
            int n_formats = portal_formats(p, &formats);
            ERR_TRY(send_row_description(w, n, cols, n_formats, formats));
        }
    }
    if (n < 0)
        send_simple(c, 'n');
    return NULL;
}

static struct error *
on_execute(struct connection *c, struct reader *r)
{
    const char *name = payload_cstr(r);
    int64_t max_rows = (int32_t)reader_be32(r);
    struct portal *p;
    bool suspended = false;
    if (r->failed)
        return malformed("Execute");
    ERR_TRY(session_find_portal(c->session, name, &p));
    const int16_t *formats;
    int n_formats = portal_formats(p, &formats);
    struct wire_sink sink;
    wire_sink_init(&sink, c, false, n_formats, formats);
    ERR_TRY(session_execute(c->session, p, max_rows > 0 ? max_rows : 0, &sink.base, &suspended));
    if (suspended)
        send_simple(c, 's');
    return NULL;
}

static struct error *
on_close(struct connection *c, struct reader *r)
{
    char what = (char)reader_u8(r);
    const char *name = payload_cstr(r);
    if (r->failed || (what != 'S' && what != 'P'))
        return malformed("Close");
    if (what == 'S')
        session_close_prepared(c->session, name);
    else
        session_close_portal(c->session, name);
    send_simple(c, '3');
    return NULL;
}

/* ---- the loop ---------------------------------------------------------------------------- */

static struct error *
on_query(struct connection *c, struct arena *a, struct reader *r)
{
    /* A copy: COPY reads further messages into the input buffer while the text is in use. */
    const char *sql = arena_strdup(a, payload_cstr(r));
    if (r->failed)
        return malformed("Query");
    struct wire_sink sink;
    wire_sink_init(&sink, c, true, 0, NULL);
    return session_simple(c->session, slice_cstr(sql), &sink.base);
}

static struct error *
dispatch(struct connection *c, struct arena *a, char type, struct reader *r)
{
    switch (type) {
    case 'Q':
        return on_query(c, a, r);
    case 'P':
        return on_parse(c, a, r);
    case 'B':
        return on_bind(c, a, r);
    case 'D':
        return on_describe(c, r);
    case 'E':
        return on_execute(c, r);
    case 'C':
        return on_close(c, r);
    case 'H':
        return wire_flush(&c->wire);
    case 'S':
        return session_sync(c->session);
    case 'c':
    case 'd':
    case 'f':
        return NULL; /* the rest of a COPY that has failed */
    default:
        return err_new(ERR_PROTOCOL_VIOLATION, "unrecognized client message type 0x%02x",
                       (uint8_t)type);
    }
}

static void
serve(struct connection *c)
{
    struct arena *a = arena_create(c->arena, "message");
    bool skip = false; /* after an error in the extended protocol: until Sync */
    bool asked = false; /* the client waits for what was sent so far */
    for (;;) {
        struct slice payload;
        char type;
        bool eof;
        /* Answers leave before we wait for the client. */
        if (c->wire.out.len > 0 && !wire_has_input(&c->wire, !asked)) {
            struct error *e = wire_flush(&c->wire);
            if (e != NULL) {
                err_free(e);
                break;
            }
        }
        struct error *e = wire_read_message(&c->wire, &type, &payload, &eof);
        bool too_large = err_is(e, ERR_PROGRAM_LIMIT_EXCEEDED); /* and skipped */
        if ((e != NULL && !too_large) || eof || type == 'X') {
            if (e != NULL && !c->wire.broken)
                send_error(&c->wire, e, "FATAL");
            err_free(e);
            break;
        }
        if (skip && type != 'S') {
            err_free(e);
            continue;
        }
        if (!too_large) {
            atomic_store(&c->busy, true);
            struct reader r = reader_make(payload);
            e = dispatch(c, a, type, &r);
            atomic_store(&c->busy, false);
        }
        if (e != NULL) {
            send_error(&c->wire, e, "ERROR");
            skip = strchr("PBDEC", type) != NULL;
            if (skip || too_large)
                session_failed(c->session);
            err_free(e);
        }
        if (type == 'S')
            skip = false;
        if (type == 'Q' || type == 'S')
            send_ready(c);
        asked = type == 'Q' || type == 'S' || type == 'H';
        arena_reset(a);
        if (c->wire.broken || atomic_load(&c->draining))
            break;
    }
    if (atomic_load(&c->draining) && !c->wire.broken) {
        struct error *e = err_new(ERR_ADMIN_SHUTDOWN, "server is shutting down");
        send_error(&c->wire, e, "FATAL");
        err_free(e);
    }
    err_free(wire_flush(&c->wire));
    arena_destroy(a);
}

void
connection_run(struct connection *c)
{
    bool ok;
    c->arena = arena_create(NULL, "connection");
    struct error *e = start_up(c, &ok);
    if (e != NULL) {
        log_info("client %s: %s", c->client_address, e->message);
        send_error(&c->wire, e, "ERROR");
        err_free(e);
        err_free(wire_flush(&c->wire));
    } else if (ok) {
        serve(c);
    }
    struct session *session = c->session;
    server_set_session(c->server, c, NULL);
    if (session != NULL)
        session_destroy(session);
    wire_release(&c->wire);
    arena_destroy(c->arena);
}
