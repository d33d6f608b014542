#include "config.h"

#include "sinks/encrypt.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/file.h"
#include "base/hash.h"

#define ROUNDS 64000
#define MAGIC "encrypt"
#define MAGIC_LEN 7
#define SEAL_VERSION 1
#define NONCE_LEN 12
#define HEADER_LEN 20
#define TAG_LEN 16
#define PIECE ((size_t)1 << 20)
_Static_assert(HEADER_LEN + TAG_LEN == CRYPT_OVERHEAD, "header and tag");

struct encrypted {
    struct sink sink;
    struct sink *inner;
    struct crypt_key key;
    char *temp_dir;
};

struct encrypted_file {
    struct sink_file file;
    struct sink_file *inner;
    EVP_CIPHER_CTX *ctx;
    uint8_t *out;
};

static const struct sink_vt encrypted_vt;

static struct error *
openssl_failed(const char *what)
{
    return err_new(ERR_INTERNAL, "%s failed", what);
}

struct error *
crypt_derive(struct slice passphrase, struct slice salt, struct crypt_key *out)
{
    if (PKCS5_PBKDF2_HMAC((const char *)passphrase.ptr, (int)passphrase.len, salt.ptr,
                          (int)salt.len, ROUNDS, EVP_sha256(), CRYPT_KEY_LEN, out->bytes) != 1)
        return openssl_failed("key derivation");
    return NULL;
}

bool
crypt_is_sealed(struct slice b)
{
    return b.len >= MAGIC_LEN && memcmp(b.ptr, MAGIC, MAGIC_LEN) == 0;
}

/* ---- reading ---- */

static struct error *
encrypted_size(struct sink *sink, const char *name, uint64_t *size)
{
    uint64_t sealed;
    ERR_TRY(sink_size(((struct encrypted *)sink)->inner, name, &sealed));
    if (sealed < CRYPT_OVERHEAD)
        return err_new(ERR_UNCATEGORIZED, "file does not appear to be encrypted");
    *size = sealed - CRYPT_OVERHEAD;
    return NULL;
}

static struct error *
decrypt_init(const struct encrypted *s, const uint8_t *header, EVP_CIPHER_CTX **out)
{
    if (memcmp(header, MAGIC, MAGIC_LEN) != 0)
        return err_new(ERR_UNCATEGORIZED, "file does not appear to be encrypted");
    if (header[MAGIC_LEN] != SEAL_VERSION)
        return err_new(ERR_UNCATEGORIZED, "unexpected encryption scheme/config version %d",
                       header[MAGIC_LEN]);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    if (c == NULL || EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, s->key.bytes,
                                        header + MAGIC_LEN + 1) != 1) {
        EVP_CIPHER_CTX_free(c);
        return openssl_failed("decryption");
    }
    *out = c;
    return NULL;
}

typedef struct error *(*piece_fn)(void *arg, uint64_t offset, const uint8_t *p, size_t len);

/* Where sealed bytes come from: all are at hand, or a file is read piece by piece. */
struct sealed {
    struct slice bytes;
    struct sink *sink; /* NULL: bytes */
    const char *name;
    uint64_t size;
    uint8_t *piece;
};

static struct error *
sealed_piece(const struct sealed *b, uint64_t at, size_t len, const uint8_t **out)
{
    *out = b->sink != NULL ? b->piece : b->bytes.ptr + at;
    return b->sink != NULL ? sink_read(b->sink, b->name, at, len, b->piece) : NULL;
}

/* Give the whole plaintext to fn, piece by piece, then check the tag. What fn got is not to be used
 * before this has returned NULL. */
static struct error *
decrypt_sealed(const struct encrypted *s, const struct sealed *b, piece_fn fn, void *arg)
{
    EVP_CIPHER_CTX *c = NULL;
    const uint8_t *in;
    uint8_t tag[TAG_LEN];
    struct error *err;
    int n = 0;
    if (b->size < CRYPT_OVERHEAD)
        return err_new(ERR_UNCATEGORIZED, "file does not appear to be encrypted");
    uint8_t *out = xmalloc(PIECE);
    uint64_t left = b->size - CRYPT_OVERHEAD, done = 0;
    ERR_GOTO(sealed_piece(b, 0, HEADER_LEN, &in), out);
    ERR_GOTO(decrypt_init(s, in, &c), out);
    while (left > 0) {
        size_t len = left < PIECE ? (size_t)left : PIECE;
        ERR_GOTO(sealed_piece(b, HEADER_LEN + done, len, &in), out);
        if (EVP_DecryptUpdate(c, out, &n, in, (int)len) != 1 || n != (int)len) {
            err = openssl_failed("decryption");
            goto out;
        }
        ERR_GOTO(fn(arg, done, out, len), out);
        done += len;
        left -= len;
    }
    ERR_GOTO(sealed_piece(b, b->size - TAG_LEN, TAG_LEN, &in), out);
    memcpy(tag, in, TAG_LEN);
    if (EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_LEN, tag) != 1 ||
        EVP_DecryptFinal_ex(c, out, &n) != 1)
        err = err_new(ERR_UNCATEGORIZED, "cipher: message authentication failed");
out:
    EVP_CIPHER_CTX_free(c);
    xfree(out);
    return err;
}

/* The same of a file: of another machine it comes in one piece where sinks can map it. */
static struct error *
decrypt_stream(struct encrypted *s, const char *name, piece_fn fn, void *arg)
{
    struct arena *a = arena_create(NULL, "sealed file");
    struct sealed b = {.name = name};
    struct error *e;
    if (s->inner->vt->map != NULL) {
        e = sink_map(s->inner, a, name, &b.bytes);
        b.size = b.bytes.len;
    } else {
        b.sink = s->inner;
        b.piece = arena_alloc(a, PIECE);
        e = sink_size(s->inner, name, &b.size);
    }
    if (e == NULL)
        e = decrypt_sealed(s, &b, fn, arg);
    arena_destroy(a);
    return e;
}

struct wanted {
    uint64_t offset;
    size_t len;
    uint8_t *out;
};

static struct error *
copy_wanted(void *arg, uint64_t offset, const uint8_t *p, size_t len)
{
    struct wanted *w = arg;
    uint64_t from = offset > w->offset ? offset : w->offset;
    uint64_t to = offset + len < w->offset + w->len ? offset + len : w->offset + w->len;
    if (from < to)
        memcpy(w->out + (from - w->offset), p + (from - offset), (size_t)(to - from));
    return NULL;
}

static struct error *
encrypted_read(struct sink *sink, const char *name, uint64_t offset, size_t len, uint8_t *out)
{
    struct wanted w = {offset, len, out};
    return decrypt_stream((struct encrypted *)sink, name, copy_wanted, &w);
}

struct spill {
    int fd;
    const char *path;
    uint64_t size;
};

static struct error *
write_spill(void *arg, uint64_t offset, const uint8_t *p, size_t len)
{
    struct spill *sp = arg;
    sp->size = offset + len;
    return fd_write_all(sp->fd, sp->path, p, len);
}

static struct error *
copy_piece(void *arg, uint64_t offset, const uint8_t *p, size_t len)
{
    memcpy((uint8_t *)arg + offset, p, len);
    return NULL;
}

static struct error *
encrypted_read_all(struct sink *sink, struct arena *a, const char *name, size_t max,
                   struct slice *out)
{
    struct encrypted *s = (struct encrypted *)sink;
    struct arena *work = arena_create(NULL, "sealed file");
    struct sealed b = {.name = name};
    void *p = NULL;
    struct error *e = sink_read_all(s->inner, work, name, max + CRYPT_OVERHEAD, &b.bytes);
    b.size = b.bytes.len;
    if (e == NULL)
        e = arena_try_alloc(a, b.bytes.len + 1, &p);
    if (e == NULL)
        e = decrypt_sealed(s, &b, copy_piece, p);
    if (e == NULL)
        *out = slice_make(p, b.bytes.len - CRYPT_OVERHEAD);
    arena_destroy(work);
    return e;
}

struct mapping {
    void *p;
    size_t len;
};

static void
unmap(void *arg)
{
    struct mapping *m = arg;
    munmap(m->p, m->len);
}

static struct error *
encrypted_map(struct sink *sink, struct arena *a, const char *name, struct slice *out)
{
    struct encrypted *s = (struct encrypted *)sink;
    struct spill sp = {.path = arena_printf(a, "%s/decrypt-%016llx", s->temp_dir,
                                            (unsigned long long)random_u64())};
    sp.fd = open(sp.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (sp.fd < 0)
        return err_errno(errno, "open %s", sp.path);
    unlink(sp.path);
    struct error *e = decrypt_stream(s, name, write_spill, &sp);
    *out = SLICE_NULL;
    if (e == NULL && sp.size > 0) {
        void *p = mmap(NULL, (size_t)sp.size, PROT_READ, MAP_SHARED, sp.fd, 0);
        if (p == MAP_FAILED) {
            e = err_errno(errno, "mmap %s", sp.path);
        } else {
            struct mapping *m = ARENA_NEW(a, struct mapping);
            *m = (struct mapping){p, (size_t)sp.size};
            arena_on_free(a, unmap, m);
            *out = slice_make(p, (size_t)sp.size);
        }
    }
    close(sp.fd);
    return e;
}

/* ---- writing ---- */

static void
file_free(struct encrypted_file *f)
{
    EVP_CIPHER_CTX_free(f->ctx);
    xfree(f->out);
    xfree(f);
}

static struct error *
encrypted_create(struct sink *sink, const char *name, struct sink_file **out)
{
    struct encrypted *s = (struct encrypted *)sink;
    uint8_t header[HEADER_LEN];
    struct encrypted_file *f = xcalloc(1, sizeof(*f));
    f->file.vt = &encrypted_vt;
    f->out = xmalloc(PIECE);
    memcpy(header, MAGIC, MAGIC_LEN);
    header[MAGIC_LEN] = SEAL_VERSION;
    random_bytes(header + MAGIC_LEN + 1, NONCE_LEN);
    f->ctx = EVP_CIPHER_CTX_new();
    if (f->ctx == NULL || EVP_EncryptInit_ex(f->ctx, EVP_aes_256_gcm(), NULL, s->key.bytes,
                                             header + MAGIC_LEN + 1) != 1) {
        file_free(f);
        return openssl_failed("encryption");
    }
    struct error *e = sink_create(s->inner, name, &f->inner);
    if (e == NULL) {
        e = sink_write(f->inner, header, sizeof(header));
        if (e != NULL)
            sink_abort(f->inner);
    }
    if (e != NULL) {
        file_free(f);
        return e;
    }
    *out = &f->file;
    return NULL;
}

static struct error *
encrypted_write(struct sink_file *file, const void *p, size_t len)
{
    struct encrypted_file *f = (struct encrypted_file *)file;
    const uint8_t *b = p;
    while (len > 0) {
        size_t piece = len < PIECE ? len : PIECE;
        int n = 0;
        if (EVP_EncryptUpdate(f->ctx, f->out, &n, b, (int)piece) != 1 || n != (int)piece)
            return openssl_failed("encryption");
        ERR_TRY(sink_write(f->inner, f->out, piece));
        b += piece;
        len -= piece;
    }
    return NULL;
}

static void
encrypted_abort(struct sink_file *file)
{
    struct encrypted_file *f = (struct encrypted_file *)file;
    sink_abort(f->inner);
    file_free(f);
}

static struct error *
encrypted_commit(struct sink_file *file)
{
    struct encrypted_file *f = (struct encrypted_file *)file;
    uint8_t tag[TAG_LEN];
    int n = 0;
    struct error *e = NULL;
    if (EVP_EncryptFinal_ex(f->ctx, f->out, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(f->ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN, tag) != 1)
        e = openssl_failed("encryption");
    if (e == NULL)
        e = sink_write(f->inner, tag, sizeof(tag));
    if (e != NULL)
        sink_abort(f->inner);
    else
        e = sink_commit(f->inner);
    file_free(f);
    return e;
}

/* ---- the rest goes through ---- */

static struct error *
encrypted_list(struct sink *sink, struct arena *a, const char *prefix, char ***names, size_t *n)
{
    return sink_list(((struct encrypted *)sink)->inner, a, prefix, names, n);
}

static struct error *
encrypted_remove(struct sink *sink, const char *name)
{
    return sink_remove(((struct encrypted *)sink)->inner, name);
}

static void
encrypted_close(struct sink *sink)
{
    struct encrypted *s = (struct encrypted *)sink;
    sink_close(s->inner);
    OPENSSL_cleanse(s->key.bytes, sizeof(s->key.bytes));
    xfree(s->temp_dir);
    xfree(s);
}

static const struct sink_vt encrypted_vt = {
    .name = "encrypted",
    .can_list = true,
    .size = encrypted_size,
    .read = encrypted_read,
    .read_all = encrypted_read_all,
    .map = encrypted_map,
    .create = encrypted_create,
    .write = encrypted_write,
    .commit = encrypted_commit,
    .abort = encrypted_abort,
    .list = encrypted_list,
    .remove = encrypted_remove,
    .close = encrypted_close,
};

struct sink *
sink_encrypted(struct sink *inner, const struct crypt_key *key, const char *temp_dir)
{
    struct encrypted *s = xcalloc(1, sizeof(*s));
    s->sink.vt = &encrypted_vt;
    s->sink.inner = inner;
    s->sink.cancel = inner->cancel;
    s->sink.redacted_uri = xstrdup(inner->redacted_uri);
    s->inner = inner;
    s->key = *key;
    s->temp_dir = xstrdup(temp_dir);
    return &s->sink;
}
