/* amberdb cert create-ca | create-node | create-client | list: certificates in CockroachDB's layout.
 *
 *   --certs-dir  ca.crt, node.crt, node.key, client.<user>.crt, client.<user>.key
 *   --ca-key     the CA's private key, kept elsewhere
 */
#include "config.h"

#include "server/server.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "base/hash.h"

#define CA_DAYS 3660   /* ten years */
#define CERT_DAYS 1830 /* five years; CockroachDB's lifetimes */

struct cert_flags {
    const char *certs_dir, *ca_key;
    int key_bits;
    bool overwrite, allow_reuse;
    int n;          /* what is left: hosts, a user */
    char **args;
};

enum { OPT_CERTS_DIR = 256, OPT_CA_KEY, OPT_KEY_SIZE, OPT_OVERWRITE, OPT_REUSE, OPT_HELP };

static const struct option options[] = {
    {"certs-dir", required_argument, NULL, OPT_CERTS_DIR},
    {"ca-key", required_argument, NULL, OPT_CA_KEY},
    {"key-size", required_argument, NULL, OPT_KEY_SIZE},
    {"overwrite", no_argument, NULL, OPT_OVERWRITE},
    {"allow-ca-key-reuse", no_argument, NULL, OPT_REUSE},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

static int
usage(FILE *f, int rc)
{
    fprintf(f, "Usage:\n"
               "  amberdb cert create-ca --certs-dir=DIR --ca-key=FILE [--allow-ca-key-reuse]\n"
               "  amberdb cert create-node HOST... --certs-dir=DIR --ca-key=FILE\n"
               "  amberdb cert create-client USER --certs-dir=DIR --ca-key=FILE\n"
               "  amberdb cert list --certs-dir=DIR\n"
               "Flags: --key-size=BITS (2048), --overwrite\n");
    return rc;
}

/* ---- keys and certificates ------------------------------------------------------------------- */

static struct error *
ssl_error(const char *what)
{
    return err_new(ERR_CONFIG_FILE, "%s failed", what);
}

static struct error *
open_new(const struct cert_flags *f, const char *path, mode_t mode, FILE **out)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (f->overwrite ? O_TRUNC : O_EXCL), mode);
    if (fd < 0 && file_exists(path))
        return err_new(ERR_CONFIG_FILE, "%s exists; say --overwrite to replace it", path);
    if (fd < 0)
        return err_new(ERR_CONFIG_FILE, "cannot create %s", path);
    fchmod(fd, mode);
    *out = fdopen(fd, "w");
    return NULL;
}

static struct error *
write_key(const struct cert_flags *f, const char *path, EVP_PKEY *key)
{
    FILE *file;
    ERR_TRY(open_new(f, path, 0600, &file));
    int ok = PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    return fclose(file) == 0 && ok == 1 ? NULL : ssl_error("writing a key");
}

static struct error *
write_cert(const struct cert_flags *f, const char *path, X509 *cert)
{
    FILE *file;
    ERR_TRY(open_new(f, path, 0644, &file));
    int ok = PEM_write_X509(file, cert);
    return fclose(file) == 0 && ok == 1 ? NULL : ssl_error("writing a certificate");
}

static struct error *
read_ca(struct arena *a, const struct cert_flags *f, X509 **cert, EVP_PKEY **key)
{
    const char *path = path_join(a, f->certs_dir, "ca.crt");
    FILE *file = fopen(path, "re");
    *cert = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    if (file != NULL)
        fclose(file);
    if (*cert == NULL)
        return err_new(ERR_CONFIG_FILE, "cannot read %s; run \"amberdb cert create-ca\" first",
                       path);
    file = fopen(f->ca_key, "re");
    *key = file != NULL ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    if (file != NULL)
        fclose(file);
    if (*key == NULL) {
        X509_free(*cert);
        return err_new(ERR_CONFIG_FILE, "cannot read the CA key %s", f->ca_key);
    }
    return NULL;
}

static bool
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = e != NULL && X509_add_ext(cert, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

/* An unsigned certificate for key; extensions and signature are the caller's. */
static X509 *
new_cert(EVP_PKEY *key, const char *cn, const X509 *issuer, int days)
{
    uint8_t serial[16];
    X509 *c = X509_new();
    BIGNUM *n;
    random_bytes(serial, sizeof(serial));
    serial[0] &= 0x7f;
    n = BN_bin2bn(serial, sizeof(serial), NULL);
    if (c == NULL || n == NULL || BN_to_ASN1_INTEGER(n, X509_get_serialNumber(c)) == NULL) {
        BN_free(n);
        X509_free(c);
        return NULL;
    }
    BN_free(n);
    X509_set_version(c, 2);
    X509_gmtime_adj(X509_getm_notBefore(c), -3600); /* clocks of clients may be a little behind */
    X509_gmtime_adj(X509_getm_notAfter(c), (long)days * 86400);
    X509_set_pubkey(c, key);
    X509_NAME *name = X509_get_subject_name(c);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"amberdb", -1, -1,
                               0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
    X509_set_issuer_name(c, issuer != NULL ? X509_get_subject_name(issuer) : name);
    return c;
}

/* ---- commands --------------------------------------------------------------------------------- */

static struct error *
create_ca(struct arena *a, const struct cert_flags *f)
{
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    struct error *err = NULL;
    ERR_TRY(dir_create_all(f->certs_dir, 0700));
    if (f->allow_reuse && file_exists(f->ca_key)) {
        FILE *file = fopen(f->ca_key, "re");
        key = file != NULL ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
        if (file != NULL)
            fclose(file);
        if (key == NULL)
            return err_new(ERR_CONFIG_FILE, "cannot read the CA key %s", f->ca_key);
    } else {
        key = EVP_RSA_gen((unsigned)f->key_bits);
        if (key == NULL)
            return ssl_error("making a key");
        ERR_GOTO(write_key(f, f->ca_key, key), out);
    }
    cert = new_cert(key, "amberdb CA", NULL, CA_DAYS);
    if (cert == NULL || !add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE") ||
        !add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature") ||
        !add_extension(cert, cert, NID_subject_key_identifier, "hash") ||
        X509_sign(cert, key, EVP_sha256()) == 0)
        err = ssl_error("making the CA certificate");
    if (err == NULL)
        err = write_cert(f, path_join(a, f->certs_dir, "ca.crt"), cert);
out:
    X509_free(cert);
    EVP_PKEY_free(key);
    return err;
}

/* DNS:localhost,IP:127.0.0.1,... */
static char *
alt_names(struct arena *a, const struct cert_flags *f)
{
    struct str s;
    uint8_t address[16];
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    for (int i = 0; i < f->n; i++) {
        bool ip = inet_pton(AF_INET, f->args[i], address) == 1 ||
                  inet_pton(AF_INET6, f->args[i], address) == 1;
        str_printf(&s, "%s%s:%s", i > 0 ? "," : "", ip ? "IP" : "DNS", f->args[i]);
    }
    return arena_strdup(a, str_cstr(&s));
}

static struct error *
create_signed(struct arena *a, const struct cert_flags *f, const char *cn, const char *file_base,
              const char *usage_text, const char *names)
{
    X509 *ca, *cert = NULL;
    EVP_PKEY *ca_key, *key;
    struct error *err;
    ERR_TRY(read_ca(a, f, &ca, &ca_key));
    key = EVP_RSA_gen((unsigned)f->key_bits);
    cert = key != NULL ? new_cert(key, cn, ca, CERT_DAYS) : NULL;
    if (cert == NULL ||
        !add_extension(cert, ca, NID_key_usage, "critical,digitalSignature,keyEncipherment") ||
        !add_extension(cert, ca, NID_ext_key_usage, usage_text) ||
        (names != NULL && !add_extension(cert, ca, NID_subject_alt_name, names)) ||
        X509_sign(cert, ca_key, EVP_sha256()) == 0) {
        err = ssl_error("making the certificate");
        goto out;
    }
    ERR_GOTO(write_key(f, path_join(a, f->certs_dir, arena_printf(a, "%s.key", file_base)), key),
             out);
    err = write_cert(f, path_join(a, f->certs_dir, arena_printf(a, "%s.crt", file_base)), cert);
out:
    X509_free(cert);
    EVP_PKEY_free(key);
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    return err;
}

static void
print_cert(const char *path, const char *name)
{
    FILE *file = fopen(path, "re");
    X509 *c = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    BIO *out = BIO_new_fp(stdout, BIO_NOCLOSE);
    if (file != NULL)
        fclose(file);
    if (c == NULL) {
        printf("%-32s unreadable\n", name);
    } else {
        printf("%-32s expires ", name);
        fflush(stdout);
        ASN1_TIME_print(out, X509_get0_notAfter(c));
        BIO_printf(out, "   ");
        X509_NAME_print_ex(out, X509_get_subject_name(c), 0, XN_FLAG_ONELINE);
        BIO_printf(out, "\n");
    }
    BIO_free(out);
    X509_free(c);
}

static struct error *
list_certs(struct arena *a, const struct cert_flags *f)
{
    char **names;
    size_t n;
    ERR_TRY(dir_list(a, f->certs_dir, &names, &n));
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(names[i]);
        if (len > 4 && strcmp(names[i] + len - 4, ".crt") == 0)
            print_cert(path_join(a, f->certs_dir, names[i]), names[i]);
    }
    return NULL;
}

static struct error *
run_command(struct arena *a, const char *command, const struct cert_flags *f)
{
    if (strcmp(command, "list") == 0)
        return list_certs(a, f);
    if (f->ca_key == NULL)
        return err_new(ERR_CONFIG_FILE, "--ca-key is needed");
    if (strcmp(command, "create-ca") == 0)
        return create_ca(a, f);
    if (strcmp(command, "create-node") == 0 && f->n > 0)
        return create_signed(a, f, "node", "node", "serverAuth,clientAuth", alt_names(a, f));
    if (strcmp(command, "create-client") == 0 && f->n == 1)
        return create_signed(a, f, f->args[0], arena_printf(a, "client.%s", f->args[0]),
                             "clientAuth", NULL);
    return err_new(ERR_CONFIG_FILE, "unknown command or missing argument: cert %s", command);
}

int
cmd_cert(int argc, char **argv)
{
    struct cert_flags f = {.certs_dir = getenv("AMBERDB_CERTS_DIR"), .key_bits = 2048};
    int c;
    if (argc < 2 || argv[1][0] == '-')
        return usage(argc < 2 ? stderr : stdout, argc < 2);
    optind = 2;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case OPT_CERTS_DIR:
            f.certs_dir = optarg;
            break;
        case OPT_CA_KEY:
            f.ca_key = optarg;
            break;
        case OPT_KEY_SIZE:
            f.key_bits = (int)strtoll(optarg, NULL, 10);
            break;
        case OPT_OVERWRITE:
            f.overwrite = true;
            break;
        case OPT_REUSE:
            f.allow_reuse = true;
            break;
        case OPT_HELP:
            return usage(stdout, 0);
        default:
            return usage(stderr, 2);
        }
    }
    if (f.certs_dir == NULL || f.key_bits < 2048 || f.key_bits > 16384)
        return usage(stderr, 2);
    f.n = argc - optind;
    f.args = argv + optind;
    struct arena *a = arena_create(NULL, "cert");
    struct error *e = run_command(a, argv[1], &f);
    int rc = e != NULL;
    if (e != NULL)
        fprintf(stderr, "amberdb cert: %s\n", e->message);
    err_free(e);
    arena_destroy(a);
    return rc;
}
