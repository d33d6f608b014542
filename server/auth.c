#include "config.h"

#include "server/auth.h"

#include "catalog/sysrow.h"
#include "executor/password.h"

struct account {
    bool exists, no_login, has_expiry;
    int64_t expires_us;
    struct slice hash;
    struct arena *arena;
};

static struct error *
note_option(void *arg, const struct datum *row, bool *stop)
{
    struct account *a = arg;
    struct slice option = datum_slice(&row[1]);
    (void)stop;
    if (slice_eq(option, SLICE_LIT("NOLOGIN")))
        a->no_login = true;
    if (!slice_eq(option, SLICE_LIT("VALID UNTIL")) || row[2].null)
        return NULL;
    struct eval_env env = {.arena = a->arena};
    struct datum until;
    ERR_TRY(datum_parse(&env, &TYPE_TIMESTAMPTZ, datum_slice(&row[2]), &until));
    a->has_expiry = true;
    a->expires_us = until.i;
    return NULL;
}

static struct error *
read_account(struct connection *c, const char *user, struct account *out)
{
    struct kv_txn *txn;
    struct datum key = datum_cstr(user);
    bool is_role;
    ERR_TRY(kv_txn_begin(c->node->db, &(struct kv_txn_opts){.read_only = true}, &txn));
    struct catalog_txn *ct = catalog_txn_begin(c->node->catalog, txn, out->arena);
    struct error *err;
    ERR_GOTO(catalog_user_exists(ct, user, &out->exists, &is_role), out);
    if (!out->exists)
        goto out;
    ERR_GOTO(catalog_user_password(ct, out->arena, user, &out->hash), out);
    if (strcmp(user, "root") != 0) /* root can always log in */
        err = sys_scan(ct, ID_ROLE_OPTIONS, NULL, &key, 1, note_option, out);
out:
    catalog_txn_end(ct, false, HLC_MIN);
    kv_txn_rollback(txn);
    return err;
}

static struct error *
failed(const char *user)
{
    return err_new(ERR_UNCATEGORIZED, "password authentication failed for user %s", user);
}

static struct error *
ask_password(struct connection *c, struct slice *out)
{
    struct wire *w = &c->wire;
    char type;
    bool eof;
    wire_begin(w, 'R');
    wire_u32(w, 3); /* AuthenticationCleartextPassword */
    wire_end(w);
    ERR_TRY(wire_flush(w));
    ERR_TRY(wire_read_message(w, &type, out, &eof));
    if (eof || type != 'p')
        return err_new(ERR_PROTOCOL_VIOLATION, "expected a password message");
    struct reader r = reader_make(*out);
    const char *password = payload_cstr(&r);
    if (r.failed)
        return err_new(ERR_PROTOCOL_VIOLATION, "invalid password message");
    *out = slice_cstr(password);
    return NULL;
}

static struct error *
check_credentials(struct connection *c, const char *user, const struct account *acc)
{
    struct slice password;
    if (c->wire.tls == NULL)
        return err_new(ERR_PROTOCOL_VIOLATION,
                       "node is running secure mode, SSL connection required");
    const char *name = tls_client_name(c->wire.tls, acc->arena);
    if (name != NULL)
        return strcmp(name, user) == 0
                   ? NULL
                   : err_new(ERR_UNCATEGORIZED, "requested user is %s, but certificate is for [%s]",
                             user, name);
    ERR_TRY(ask_password(c, &password));
    if (password.len == 0 || !password_matches(password, acc->hash))
        return failed(user);
    int64_t now_us = wall_now_ns() / 1000 - PG_EPOCH_US;
    if (acc->has_expiry && acc->expires_us < now_us)
        return err_new(ERR_UNCATEGORIZED, "password is expired");
    return NULL;
}

bool
is_other_node(const struct connection *c, const char *user)
{
    if (c->node->opts.insecure || c->wire.tls == NULL || strcmp(user, NODE_USER) != 0)
        return false;
    const char *name = tls_client_name(c->wire.tls, c->arena);
    return name != NULL && strcmp(name, NODE_USER) == 0;
}

struct error *
authenticate(struct connection *c, const char *user)
{
    if (is_other_node(c, user))
        return NULL;
    struct account acc = {.arena = arena_create(c->arena, "authentication")};
    struct error *e = read_account(c, user, &acc);
    if (e == NULL && !acc.exists)
        e = failed(user);
    if (e == NULL && acc.no_login)
        e = err_new(ERR_UNCATEGORIZED, "%s does not have login privilege", user);
    if (e == NULL && !c->node->opts.insecure)
        e = check_credentials(c, user, &acc);
    arena_destroy(acc.arena);
    return e;
}
