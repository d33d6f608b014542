/* sinks/sink.h - where backups lie: one interface over nodelocal, s3, gs, azure, http.
 *
 * A sink is a directory of files behind a URI. Names are relative, with '/' between parts. A
 * written file appears whole or not at all. Retries, timeouts and credentials are the sink's.
 * Encryption (sinks/encrypt.h) and locality are wrappers with the same interface. A sink may be
 * used by several threads; one sink_file by one.
 */
#ifndef AMBERDB_SINKS_SINK_H
#define AMBERDB_SINKS_SINK_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "base/thread.h"

struct sink;
struct sink_file; /* being written */

/* Connections and access tokens that the sinks of a process share. Thread safe. */
struct sink_net;
struct sink_net *sink_net_create(void);
void sink_net_destroy(struct sink_net *net);

/* Another node: of this process, or where it is (for libpq, and for messages). */
struct io_peer {
    const struct io_config *io; /* NULL: conninfo */
    const char *conninfo, *address;
};

struct io_config {             /* of the node; immutable */
    const char *external_io_dir; /* "" = local file access is disabled */
    const char *temp_dir;        /* for files on their way; NULL = /tmp */
    struct sink_net *net;        /* NULL: each sink has its own */
    bool disable_http, disable_implicit_credentials;
    uint32_t node_id;
    /* userfile://: who keeps files in tables opens them. NULL: there is no such scheme. */
    struct error *(*userfile_open)(void *arg, const char *host, const char *path,
                                   struct sink **out);
    void *userfile_arg;
    /* Whose files nodelocal://N are, of a node N that is not this one; an error when there is none. NULL:
     * there are no others. */
    struct error *(*peer)(void *arg, struct arena *a, uint32_t node, struct io_peer *out);
    void *peer_arg;
    /* cloudstorage.* cluster settings are asked for by name; NULL = unset. Thread safe. */
    const char *(*setting)(void *arg, struct arena *a, const char *name);
    void *setting_arg;
};

struct sink_vt {
    const char *name;      /* "nodelocal" */
    bool can_list;
    /* Required. 58P01 when it is not there, with the sink's own words (nodelocal:
     * "open <path>: no such file or directory"). */
    struct error *(*size)(struct sink *s, const char *name, uint64_t *size);
    /* Required. Exactly len bytes at offset; the caller knows the size. */
    struct error *(*read)(struct sink *s, const char *name, uint64_t offset, size_t len,
                          uint8_t *out);
    /* Optional. The whole file, at most max bytes; NULL slot: size, then read. */
    struct error *(*read_all)(struct sink *s, struct arena *a, const char *name, size_t max,
                              struct slice *out);
    /* Optional. A mapped file for as long as `a` lives; NULL slot: read instead. */
    struct error *(*map)(struct sink *s, struct arena *a, const char *name, struct slice *out);
    /* Required. Parent directories come into being. */
    struct error *(*create)(struct sink *s, const char *name, struct sink_file **out);
    struct error *(*write)(struct sink_file *f, const void *p, size_t len);
    struct error *(*commit)(struct sink_file *f); /* durable and visible; frees f whatever happens */
    void (*abort)(struct sink_file *f);           /* nothing is left; frees f */
    /* With can_list; else it may refuse in words of its own. Names below prefix, recursively, relative to
     * the sink, sorted bytewise. */
    struct error *(*list)(struct sink *s, struct arena *a, const char *prefix, char ***names,
                          size_t *n);
    struct error *(*remove)(struct sink *s, const char *name);
    void (*close)(struct sink *s);
};

struct sink {
    const struct sink_vt *vt;
    struct sink *inner;          /* of a wrapper; NULL */
    const struct cancel *cancel; /* ends waits of the network; NULL = nothing does */
    char *redacted_uri; /* for messages */
};
struct sink_file {
    const struct sink_vt *vt;
};

/* uri: with all parameters but COCKROACH_LOCALITY, which is ignored here. Errors of
 * statements.md 0.5. */
struct error *sink_open(const struct io_config *io, const char *uri, struct sink **out)
    ERR_MUST_USE;
/* All of the node's own external I/O directory. */
struct error *sink_open_own(const struct io_config *io, struct sink **out) ERR_MUST_USE;
void sink_close(struct sink *s);
/* Whose request ends what s is waiting for, with 57014; NULL = nobody's. Not while s is in use. */
void sink_set_cancel(struct sink *s, const struct cancel *c);
struct error *sink_size(struct sink *s, const char *name, uint64_t *size) ERR_MUST_USE;
struct error *sink_read(struct sink *s, const char *name, uint64_t offset, size_t len,
                        uint8_t *out) ERR_MUST_USE;
/* The whole file, at most max bytes (54000 beyond). */
struct error *sink_read_all(struct sink *s, struct arena *a, const char *name, size_t max,
                            struct slice *out) ERR_MUST_USE;
struct error *sink_map(struct sink *s, struct arena *a, const char *name, struct slice *out)
    ERR_MUST_USE; /* maps, or reads all into the arena */
struct error *sink_create(struct sink *s, const char *name, struct sink_file **out) ERR_MUST_USE;
struct error *sink_write(struct sink_file *f, const void *p, size_t len) ERR_MUST_USE;
struct error *sink_commit(struct sink_file *f) ERR_MUST_USE;
void sink_abort(struct sink_file *f); /* NULL is fine */
struct error *sink_write_all(struct sink *s, const char *name, struct slice bytes) ERR_MUST_USE;
struct error *sink_list(struct sink *s, struct arena *a, const char *prefix, char ***names,
                        size_t *n) ERR_MUST_USE;
struct error *sink_remove(struct sink *s, const char *name) ERR_MUST_USE;

/* URIs as text. */
char *uri_redact(struct arena *a, const char *uri);  /* statements.md 0.6: secrets -> redacted */
char *uri_join(struct arena *a, const char *uri, const char *subdir); /* path part + "/" + subdir */
/* "s3://b/d/x%20y.csv?k=v" is the folder "s3://b/d/?k=v" and the name "x y.csv", "" behind a last '/'. With a
 * character of `before` (NULL: none) in the path, the name begins behind the last '/' in front of it, and may
 * have more of them. */
void uri_split_file(struct arena *a, const char *uri, const char *before, char **dir, char **name);
/* Takes COCKROACH_LOCALITY out; *locality NULL when absent. */
struct error *uri_split_locality(struct arena *a, const char *uri, char **rest, char **locality)
    ERR_MUST_USE;

#endif
