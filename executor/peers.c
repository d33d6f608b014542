/* executor/peers.c - see peers.h. */
#include "config.h"

#include "executor/peers.h"

#include "base/enc.h"
#include "executor/cluster.h"
#include "executor/node.h"
#include "executor/node_control.h"

#define READ_MAX ((int64_t)16 << 20)

/* ---- asking ---- */

/* 'text', as libpq reads it. */
static void
add_setting(struct str *s, const char *name, const char *value, size_t len)
{
    str_printf(s, "%s='", name);
    for (size_t i = 0; i < len; i++) {
        if (value[i] == '\'' || value[i] == '\\')
            str_append_char(s, '\\');
        str_append_char(s, value[i]);
    }
    str_append_cstr(s, "' ");
}

static void
add_text(struct str *s, const char *name, const char *value)
{
    add_setting(s, name, value, strlen(value));
}

static const char *
conninfo(const struct node *n, struct arena *a, const char *address)
{
    struct str s;
    const char *colon = strrchr(address, ':');
    size_t len = colon != NULL ? (size_t)(colon - address) : strlen(address);
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    if (len >= 2 && address[0] == '[') /* an IPv6 address */
        add_setting(&s, "host", address + 1, len - 2);
    else
        add_setting(&s, "host", len > 0 ? address : "localhost", len > 0 ? len : strlen("localhost"));
    if (colon != NULL)
        add_text(&s, "port", colon + 1);
    add_text(&s, "dbname", "system");
    add_text(&s, "application_name", NODE_CONTROL_APPLICATION);
    str_append_cstr(&s, "connect_timeout=10 tcp_user_timeout=30000 ");
    if (n->opts.insecure) {
        str_append_cstr(&s, "user=root sslmode=disable");
        return str_cstr(&s);
    }
    const char *dir = n->opts.certs_dir != NULL ? n->opts.certs_dir : "";
    str_append_cstr(&s, "user=node sslmode=verify-ca ");
    add_text(&s, "sslrootcert", arena_printf(a, "%s/ca.crt", dir));
    add_text(&s, "sslcert", arena_printf(a, "%s/node.crt", dir));
    add_text(&s, "sslkey", arena_printf(a, "%s/node.key", dir));
    return str_cstr(&s);
}

struct error *
peers_find(void *arg, struct arena *a, uint32_t id, struct io_peer *out)
{
    struct node *n = arg;
    size_t all;
    const struct cluster_node *v = cluster_all_nodes(n->cluster, a, &all), *found = NULL;
    for (size_t i = 0; i < all; i++)
        if (v[i].id == id)
            found = &v[i];
    if (found == NULL)
        return err_new(ERR_UNCATEGORIZED,
                       "failed to create blob client: connecting to node %u: unable to look up "
                       "descriptor for n%u", id, id);
    *out = (struct io_peer){.io = found->io, .address = found->sql_address};
    if (out->io == NULL)
        out->conninfo = conninfo(n, a, found->sql_address);
    return NULL;
}

/* ---- answering ---- */

static struct error *
list(struct sink *s, struct arena *a, const char *path, int64_t skip, struct slice *out)
{
    char **names;
    size_t n;
    struct str text;
    ERR_TRY(sink_list(s, a, path, &names, &n));
    str_init_arena(&text, a, STR_MAX_DEFAULT);
    for (size_t i = 0; i < n; i++)
        if (skip >= 0 && strlen(names[i]) > (size_t)skip)
            str_append(&text, names[i] + skip, strlen(names[i]) - (size_t)skip + 1);
    ERR_TRY(str_error(&text));
    *out = str_slice(&text);
    return NULL;
}

static struct error *
answer(struct sink *s, struct exec_ctx *x, const char *what, const char *path, int64_t offset,
       int64_t len, struct slice *out)
{
    if (strcmp(what, "size") == 0) {
        uint64_t size;
        uint8_t *b = arena_alloc(x->arena, 8);
        ERR_TRY(sink_size(s, path, &size));
        enc_put_be64(b, size);
        *out = slice_make(b, 8);
        return NULL;
    }
    if (strcmp(what, "read") == 0) {
        void *p;
        if (offset < 0 || len < 0 || len > READ_MAX)
            return err_new(ERR_INVALID_PARAMETER_VALUE, "not a range of a file");
        ERR_TRY(arena_try_alloc(x->arena, (size_t)len, &p));
        ERR_TRY(sink_read(s, path, (uint64_t)offset, (size_t)len, p));
        *out = slice_make(p, (size_t)len);
        return NULL;
    }
    if (strcmp(what, "list") == 0)
        return list(s, x->arena, path, len, out);
    if (strcmp(what, "remove") == 0)
        return sink_remove(s, path);
    return err_new(ERR_INVALID_PARAMETER_VALUE, "unknown question about files: %s", what);
}

struct error *
peers_file(struct exec_ctx *x, const char *what, const char *path, int64_t offset, int64_t len,
           struct slice *out)
{
    struct sink *s;
    *out = slice_make("", 0);
    ERR_TRY(catalog_check_admin(x->catalog, x->user, "access files of a node"));
    ERR_TRY(sink_open_own(x->node->io, &s));
    struct error *e = answer(s, x, what, path, offset, len, out);
    sink_close(s);
    return e;
}
