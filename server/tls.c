#include "config.h"

#include "server/tls.h"

#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/file.h"

struct tls_context {
    SSL_CTX *ctx;
};

struct tls_stream {
    SSL *ssl;
};

static struct error *
tls_error(enum errcode code, const char *what)
{
    char text[256];
    unsigned long e = ERR_get_error();
    ERR_error_string_n(e, text, sizeof(text));
    ERR_clear_error();
    return err_new(code, "%s: %s", what, e != 0 ? text : "unknown TLS error");
}

/* SOURCE: CockroachDB refuses keys that others than the owner may touch. */
static struct error *
check_key_mode(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return err_new(ERR_CONFIG_FILE, "cannot read %s", path);
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return err_new(ERR_CONFIG_FILE, "key file %s has permissions %03o, exceeds 700", path,
                       (unsigned)st.st_mode & 0777u);
    return NULL;
}

struct error *
tls_context_open(const char *certs_dir, struct tls_context **out)
{
    struct arena *a = arena_create(NULL, "tls");
    const char *cert = path_join(a, certs_dir, "node.crt");
    const char *key = path_join(a, certs_dir, "node.key");
    const char *ca = path_join(a, certs_dir, "ca.crt");
    struct error *err = NULL;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL) {
        err = tls_error(ERR_CONFIG_FILE, "TLS");
        goto out;
    }
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    ERR_GOTO(check_key_mode(key), out);
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        err = tls_error(ERR_CONFIG_FILE, cert);
    else if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
        err = tls_error(ERR_CONFIG_FILE, key);
    else if (SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1)
        err = tls_error(ERR_CONFIG_FILE, ca);
    if (err != NULL)
        goto out;
    SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(ca));
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    static const unsigned char session_id[] = "amberdb";
    SSL_CTX_set_session_id_context(ctx, session_id, sizeof(session_id) - 1);
    struct tls_context *t = xcalloc(1, sizeof(*t));
    t->ctx = ctx;
    *out = t;
out:
    if (err != NULL && ctx != NULL)
        SSL_CTX_free(ctx);
    arena_destroy(a);
    return err;
}

void
tls_context_close(struct tls_context *t)
{
    if (t == NULL)
        return;
    SSL_CTX_free(t->ctx);
    xfree(t);
}

struct error *
tls_accept(struct tls_context *t, int fd, struct tls_stream **out)
{
    SSL *ssl = SSL_new(t->ctx);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || SSL_accept(ssl) != 1) {
        struct error *e = tls_error(ERR_PROTOCOL_VIOLATION, "TLS handshake");
        SSL_free(ssl);
        return e;
    }
    struct tls_stream *s = xcalloc(1, sizeof(*s));
    s->ssl = ssl;
    *out = s;
    return NULL;
}

ssize_t
tls_read(struct tls_stream *s, void *buf, size_t len)
{
    size_t n;
    if (SSL_read_ex(s->ssl, buf, len, &n) == 1)
        return (ssize_t)n;
    int why = SSL_get_error(s->ssl, 0);
    ERR_clear_error();
    return why == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

ssize_t
tls_write(struct tls_stream *s, const void *buf, size_t len)
{
    size_t n;
    if (SSL_write_ex(s->ssl, buf, len, &n) == 1)
        return (ssize_t)n;
    ERR_clear_error();
    return -1;
}

bool
tls_has_input(const struct tls_stream *s)
{
    return SSL_pending(s->ssl) > 0;
}

char *
tls_client_name(const struct tls_stream *s, struct arena *a)
{
    char name[256];
    X509 *cert = SSL_get1_peer_certificate(s->ssl);
    if (cert == NULL)
        return NULL;
    int n = X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name,
                                      sizeof(name));
    X509_free(cert);
    /* A name with a NUL inside is nobody's. */
    return n > 0 && strlen(name) == (size_t)n ? arena_strdup(a, name) : NULL;
}

void
tls_stream_close(struct tls_stream *s)
{
    if (s == NULL)
        return;
    SSL_shutdown(s->ssl);
    ERR_clear_error();
    SSL_free(s->ssl);
    xfree(s);
}
