/* userfile://database.schema.prefix/path: files kept in two tables of the database itself.
 *
 *     <prefix>_upload_files    filename, file_id, file_size, username, upload_time
 *     <prefix>_upload_payload  file_id, byte_offset, payload (pieces of a mebibyte)
 *
 * Pieces of a file are written as they come, each in a transaction of its own; the row of the file
 * comes last, in one with the end of what it replaces. So a file is there whole or not at all.
 * SOURCE: the layout is CockroachDB v20.2's; v20.1 has none of this. */
#include "config.h"

#include "executor/userfile.h"

#include <stdlib.h>

#include "base/hash.h"
#include "executor/exec.h"
#include "sinks/sink.h"

#define PIECE ((size_t)1 << 20)
#define DROP_ROWS "64"          /* pieces that one transaction deletes */
#define FILES_MAX ((size_t)1 << 20)
#define DEFAULT_TABLES "defaultdb.public.userfiles_root"
#define PARAMS_MAX 4

struct userfile {
    struct sink sink;
    struct node *node;
    char *files, *payload; /* names of the tables, quoted */
    char *base;            /* "/path" or "" */
};

struct userfile_file {
    struct sink_file file;
    struct userfile *s;
    char *name, *id;
    uint8_t *buf;
    size_t len;
    uint64_t size;
};

static const struct sink_vt userfile_vt;

/* ---- one statement in a transaction of its own ---- */

struct call {
    struct arena *a;
    const char *sql;
    int n;
    const struct type *types[PARAMS_MAX];
    struct datum params[PARAMS_MAX];
    size_t max_rows; /* 0: no rows wanted */
    struct datum **rows;
    size_t n_rows;
    int64_t affected;
};

static void
put_text(struct call *c, const char *text)
{
    c->types[c->n] = &TYPE_STRING;
    c->params[c->n++] = datum_cstr(text);
}

static void
put_int(struct call *c, uint64_t i)
{
    c->types[c->n] = &TYPE_INT8;
    c->params[c->n++] = datum_int((int64_t)i);
}

static struct error *
run_call(struct exec_ctx *x, void *arg)
{
    struct call *c = arg;
    if (c->max_rows > 0)
        return exec_query(x, EXEC_ROOT, c->a, c->n, c->types, c->params, c->sql, c->max_rows,
                          &c->rows, &c->n_rows);
    return exec_sql(x, EXEC_ROOT, NULL, &c->affected, c->n, c->types, c->params, c->sql);
}

static struct error *
call(const struct userfile *s, struct call *c)
{
    return exec_txn(s->node, NULL, NULL, HLC_MIN, s->sink.cancel, run_call, c);
}

/* ---- opening ---- */

/* "db.schema.prefix" -> quoted names of both tables. */
static bool
table_names(struct arena *a, const char *host, char **files, char **payload)
{
    struct str s;
    int dots = 0;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_append_char(&s, '"');
    for (const char *p = host; *p != '\0'; p++) {
        if (*p == '.') {
            if (p[1] == '\0' || p[1] == '.' || p == host || ++dots > 2)
                return false;
            str_append_cstr(&s, "\".\"");
        } else if (*p == '"') {
            str_append_cstr(&s, "\"\"");
        } else {
            str_append_char(&s, *p);
        }
    }
    *files = arena_printf(a, "%s_upload_files\"", str_cstr(&s));
    *payload = arena_printf(a, "%s_upload_payload\"", str_cstr(&s));
    return dots == 2;
}

static char *
clean(struct arena *a, const char *path)
{
    char *out = arena_alloc(a, strlen(path) + 2);
    size_t n = 0;
    for (const char *p = path; *p != '\0';) {
        p += strspn(p, "/");
        size_t len = strcspn(p, "/");
        if (len == 2 && p[0] == '.' && p[1] == '.') {
            while (n > 0 && out[--n] != '/')
                ;
        } else if (len > 0 && !(len == 1 && p[0] == '.')) {
            out[n++] = '/';
            memcpy(out + n, p, len);
            n += len;
        }
        p += len;
    }
    out[n] = '\0';
    return out;
}

struct error *
userfile_open(void *node, const char *host, const char *path, struct sink **out)
{
    struct arena *a = arena_create(NULL, "userfile open");
    char *files, *payload;
    struct error *e = NULL;
    if (!table_names(a, *host != '\0' ? host : DEFAULT_TABLES, &files, &payload)) {
        e = err_new(ERR_UNCATEGORIZED, "host component of userfile URI must be a fully qualified "
                                       "table name: %s", host);
    } else {
        struct userfile *s = xcalloc(1, sizeof(*s));
        s->sink.vt = &userfile_vt;
        s->node = node;
        s->files = xstrdup(files);
        s->payload = xstrdup(payload);
        s->base = xstrdup(clean(a, path));
        *out = &s->sink;
    }
    arena_destroy(a);
    return e;
}

static void
userfile_close(struct sink *sink)
{
    struct userfile *s = (struct userfile *)sink;
    xfree(s->files);
    xfree(s->payload);
    xfree(s->base);
    xfree(s);
}

static char *
full_name(const struct userfile *s, struct arena *a, const char *name)
{
    return clean(a, arena_printf(a, "%s/%s", s->base, name));
}

/* ---- reading ---- */

static struct error *
not_there(const char *name)
{
    return err_new(ERR_UNDEFINED_FILE, "file %s does not exist in the UserFileTable system", name);
}

/* Tables that are not there hold no files. */
static struct error *
no_tables(struct error *e)
{
    if (e == NULL || !(err_is(e, ERR_UNDEFINED_TABLE) || err_is(e, ERR_INVALID_CATALOG_NAME)))
        return e;
    err_free(e);
    return NULL;
}

static struct error *
find_file(const struct userfile *s, struct arena *a, const char *name, char **id, uint64_t *size)
{
    struct call c = {.a = a, .max_rows = 1,
                     .sql = arena_printf(a, "SELECT file_id::STRING, file_size FROM %s "
                                            "WHERE filename = $1", s->files)};
    char *full = full_name(s, a, name);
    put_text(&c, full);
    ERR_TRY(no_tables(call(s, &c)));
    if (c.n_rows == 0)
        return not_there(full);
    *id = slice_to_cstr(a, datum_slice(&c.rows[0][0]));
    *size = (uint64_t)c.rows[0][1].i;
    return NULL;
}

static struct error *
userfile_size(struct sink *sink, const char *name, uint64_t *size)
{
    struct arena *a = arena_create(NULL, "userfile size");
    char *id;
    struct error *e = find_file((struct userfile *)sink, a, name, &id, size);
    arena_destroy(a);
    return e;
}

/* Copy what of the piece at offset at lies in [offset, offset + len). */
static struct error *
read_piece(const struct userfile *s, struct arena *a, const char *id, uint64_t at, uint64_t offset,
           size_t len, uint8_t *out)
{
    struct call c = {.a = a, .max_rows = 1,
                     .sql = arena_printf(a, "SELECT payload FROM %s WHERE file_id = $1::UUID AND "
                                            "byte_offset = $2", s->payload)};
    put_text(&c, id);
    put_int(&c, at);
    ERR_TRY(call(s, &c));
    struct slice p = c.n_rows > 0 ? datum_slice(&c.rows[0][0]) : SLICE_NULL;
    uint64_t from = at > offset ? at : offset;
    uint64_t to = at + PIECE < offset + len ? at + PIECE : offset + len;
    if (to - at > p.len)
        return err_new(ERR_DATA_CORRUPTED, "userfile: unexpected EOF");
    memcpy(out + (from - offset), p.ptr + (from - at), (size_t)(to - from));
    return NULL;
}

static struct error *
userfile_read(struct sink *sink, const char *name, uint64_t offset, size_t len, uint8_t *out)
{
    struct userfile *s = (struct userfile *)sink;
    struct arena *a = arena_create(NULL, "userfile read"), *piece = arena_create(a, "piece");
    uint64_t size;
    char *id;
    struct error *e = find_file(s, a, name, &id, &size);
    for (uint64_t at = offset / PIECE * PIECE; e == NULL && at < offset + len; at += PIECE) {
        arena_reset(piece);
        e = read_piece(s, piece, id, at, offset, len, out);
    }
    arena_destroy(a);
    return e;
}

static struct error *
userfile_list(struct sink *sink, struct arena *a, const char *prefix, char ***names, size_t *n)
{
    struct userfile *s = (struct userfile *)sink;
    struct arena *work = arena_create(NULL, "userfile list");
    char *full = arena_printf(work, "%s/%s", s->base, prefix);
    struct call c = {.a = work, .max_rows = FILES_MAX,
                     .sql = arena_printf(work, "SELECT filename FROM %s WHERE filename >= $1 "
                                               "ORDER BY filename", s->files)};
    put_text(&c, full);
    *n = 0;
    *names = NULL;
    struct error *e = no_tables(call(s, &c));
    if (e == NULL) {
        *names = ARENA_ARRAY(a, char *, c.n_rows + 1);
        for (size_t i = 0; i < c.n_rows; i++) {
            struct slice name = datum_slice(&c.rows[i][0]);
            if (!slice_has_prefix(name, slice_cstr(full)))
                break;
            size_t skip = strlen(s->base) + 1;
            (*names)[(*n)++] = slice_to_cstr(a, slice_make(name.ptr + skip, name.len - skip));
        }
    }
    arena_destroy(work);
    return e;
}

/* ---- writing ---- */

static struct error *
make_tables(const struct userfile *s, struct arena *a)
{
    struct call files = {.a = a, .sql = arena_printf(a,
        "CREATE TABLE IF NOT EXISTS %s (filename STRING PRIMARY KEY, file_id UUID UNIQUE NOT NULL "
        "DEFAULT gen_random_uuid(), file_size INT8 NOT NULL, username STRING NOT NULL, "
        "upload_time TIMESTAMP NOT NULL DEFAULT now())", s->files)};
    struct call payload = {.a = a, .sql = arena_printf(a,
        "CREATE TABLE IF NOT EXISTS %s (file_id UUID, byte_offset INT8, payload BYTES NOT NULL, "
        "PRIMARY KEY (file_id, byte_offset))", s->payload)};
    ERR_TRY(call(s, &files));
    return call(s, &payload);
}

static struct error *
userfile_create(struct sink *sink, const char *name, struct sink_file **out)
{
    struct userfile *s = (struct userfile *)sink;
    struct arena *a = arena_create(NULL, "userfile create");
    struct error *e = make_tables(s, a);
    if (e == NULL) {
        struct userfile_file *f = xcalloc(1, sizeof(*f));
        uint8_t u[16];
        uuid_v4(u);
        f->file.vt = &userfile_vt;
        f->s = s;
        f->name = xstrdup(full_name(s, a, name));
        f->id = xstrdup(arena_printf(a, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
                                        "%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3], u[4],
                                     u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13],
                                     u[14], u[15]));
        f->buf = xmalloc(PIECE);
        *out = &f->file;
    }
    arena_destroy(a);
    return e;
}

static struct error *
flush(struct userfile_file *f)
{
    if (f->len == 0)
        return NULL;
    struct arena *a = arena_create(NULL, "userfile piece");
    struct call c = {.a = a, .sql = arena_printf(a, "INSERT INTO %s (file_id, byte_offset, payload) "
                                                    "VALUES ($1::UUID, $2, $3)", f->s->payload)};
    put_text(&c, f->id);
    put_int(&c, f->size);
    c.types[c.n] = &TYPE_BYTES;
    c.params[c.n++] = datum_bytes(f->buf, f->len);
    struct error *e = call(f->s, &c);
    f->size += f->len;
    f->len = 0;
    arena_destroy(a);
    return e;
}

static struct error *
userfile_write(struct sink_file *file, const void *p, size_t len)
{
    struct userfile_file *f = (struct userfile_file *)file;
    const uint8_t *b = p;
    while (len > 0) {
        size_t n = len < PIECE - f->len ? len : PIECE - f->len;
        memcpy(f->buf + f->len, b, n);
        f->len += n;
        b += n;
        len -= n;
        if (f->len == PIECE)
            ERR_TRY(flush(f));
    }
    return NULL;
}

static struct error *
drop_pieces(const struct userfile *s, struct arena *a, const char *id)
{
    struct call c = {.a = a, .sql = arena_printf(a, "DELETE FROM %s WHERE file_id = $1::UUID "
                                                    "LIMIT " DROP_ROWS, s->payload)};
    put_text(&c, id);
    do
        ERR_TRY(call(s, &c));
    while (c.affected > 0);
    return NULL;
}

static void
file_free(struct userfile_file *f)
{
    xfree(f->name);
    xfree(f->id);
    xfree(f->buf);
    xfree(f);
}

static void
userfile_abort(struct sink_file *file)
{
    struct userfile_file *f = (struct userfile_file *)file;
    struct userfile s = *f->s;
    struct arena *a = arena_create(NULL, "userfile abort");
    s.sink.cancel = NULL; /* cleaning up goes on */
    err_free(drop_pieces(&s, a, f->id)); /* no row names what may be left */
    arena_destroy(a);
    file_free(f);
}

struct swap {
    struct userfile_file *f;
    struct arena *a;
    char *old; /* id of what was replaced; NULL */
};

static struct error *
swap_rows(struct exec_ctx *x, void *arg)
{
    struct swap *w = arg;
    const struct userfile *s = w->f->s;
    struct call old = {.a = w->a, .max_rows = 1,
                       .sql = arena_printf(w->a, "SELECT file_id::STRING FROM %s "
                                                 "WHERE filename = $1", s->files)};
    struct call put = {.a = w->a,
                       .sql = arena_printf(w->a, "UPSERT INTO %s (filename, file_id, file_size, "
                                                 "username, upload_time) VALUES "
                                                 "($1, $2::UUID, $3, 'root', now())", s->files)};
    put_text(&old, w->f->name);
    put_text(&put, w->f->name);
    put_text(&put, w->f->id);
    put_int(&put, w->f->size);
    ERR_TRY(run_call(x, &old));
    w->old = old.n_rows > 0 ? slice_to_cstr(w->a, datum_slice(&old.rows[0][0])) : NULL;
    return run_call(x, &put);
}

static struct error *
userfile_commit(struct sink_file *file)
{
    struct userfile_file *f = (struct userfile_file *)file;
    struct arena *a = arena_create(NULL, "userfile commit");
    struct swap w = {f, a, NULL};
    struct error *e = flush(f);
    if (e == NULL)
        e = exec_txn(f->s->node, NULL, NULL, HLC_MIN, f->s->sink.cancel, swap_rows, &w);
    if (e == NULL && w.old != NULL)
        err_free(drop_pieces(f->s, a, w.old));
    arena_destroy(a);
    if (e != NULL)
        userfile_abort(file);
    else
        file_free(f);
    return e;
}

static struct error *
userfile_remove(struct sink *sink, const char *name)
{
    struct userfile *s = (struct userfile *)sink;
    struct arena *a = arena_create(NULL, "userfile remove");
    uint64_t size;
    char *id;
    struct error *e = find_file(s, a, name, &id, &size);
    if (e == NULL) {
        struct call c = {.a = a, .sql = arena_printf(a, "DELETE FROM %s WHERE file_id = $1::UUID",
                                                     s->files)};
        put_text(&c, id);
        e = call(s, &c);
    }
    if (e == NULL)
        e = drop_pieces(s, a, id);
    arena_destroy(a);
    return e;
}

static const struct sink_vt userfile_vt = {
    .name = "userfile",
    .can_list = true,
    .size = userfile_size,
    .read = userfile_read,
    .create = userfile_create,
    .write = userfile_write,
    .commit = userfile_commit,
    .abort = userfile_abort,
    .list = userfile_list,
    .remove = userfile_remove,
    .close = userfile_close,
};

/* ---- COPY crdb_internal.file_upload FROM STDIN WITH destination ---- */

/* "nodelocal://" of this node unless it says where. */
static struct error *
open_destination(struct node *n, struct arena *a, const char *to, struct sink **s, char **name)
{
    const char *slash;
    if (strstr(to, "://") == NULL) {
        while (*to == '/')
            to++;
        to = arena_printf(a, "nodelocal://self/%s", to);
    } else if (strncmp(to, "userfile://", 11) != 0 && strncmp(to, "nodelocal://", 12) != 0) {
        return err_new(ERR_INVALID_PARAMETER_VALUE, "files are uploaded to nodelocal and userfile");
    }
    const char *host = strstr(to, "://") + 3;
    slash = strrchr(host, '/');
    if (slash == NULL || slash[1] == '\0')
        return err_new(ERR_INVALID_PARAMETER_VALUE, "destination %s names no file", to);
    *name = arena_strdup(a, slash + 1);
    return sink_open(n->io, arena_printf(a, "%.*s/", (int)(slash - to), to), s);
}

static struct error *
receive(struct sink *s, const char *name, struct result_sink *out)
{
    struct sink_file *f;
    bool done = false;
    ERR_TRY(sink_create(s, name, &f));
    struct error *e = out->copy_in_start(out, 1, false);
    while (e == NULL && !done) {
        struct slice data = SLICE_NULL;
        e = out->copy_in_data(out, &data, &done);
        if (e == NULL && data.len > 0)
            e = sink_write(f, data.ptr, data.len);
    }
    if (e != NULL) {
        sink_abort(f);
        return e;
    }
    return sink_commit(f);
}

/* What another node writes here: sinks/nodelocal_peer.c. It takes the place of one that is there. */
#define PEER_FILE "node-file:"

struct error *
upload_file(struct exec_ctx *x, const char *destination, struct result_sink *out)
{
    struct sink *s;
    char *name = NULL;
    uint64_t size;
    ERR_TRY(catalog_check_admin(x->catalog, x->user, "upload to nodelocal"));
    if (out->copy_in_start == NULL)
        return err_unimplemented(0, "COPY here");
    x->tag = arena_strdup(x->arena, "COPY 1");
    if (strncmp(destination, PEER_FILE, strlen(PEER_FILE)) == 0) {
        ERR_TRY(sink_open_own(x->node->io, &s));
        struct error *err = receive(s, destination + strlen(PEER_FILE), out);
        sink_close(s);
        return err;
    }
    ERR_TRY(open_destination(x->node, x->arena, destination, &s, &name));
    struct error *e = sink_size(s, name, &size);
    if (e == NULL)
        e = err_new(ERR_UNCATEGORIZED, "destination file already exists for %s", destination);
    else if (err_is(e, ERR_UNDEFINED_FILE)) {
        err_free(e);
        e = receive(s, name, out);
    }
    sink_close(s);
    return e;
}
