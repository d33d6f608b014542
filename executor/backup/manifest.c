/* Manifests and the other small files of a backup: bytes to messages and back, and what must hold
 * of them before anything is believed.
 *
 * v20.1 puts no checksum on a manifest. Ours carry one: as the very last field, with a number that
 * v20.1 skips, stands the SHA-512 of everything before it.
 *
 *     ... the message ... | ca 3e | 40 | 64 bytes        field 1001, length-delimited
 *
 * A manifest whose build information names amberdb must have it. */
#include "config.h"

#include "executor/backup/backup_int.h"

#include <stdlib.h>

#include <libdeflate.h>

#include "base/hash.h"

#define MANIFEST_MAX ((size_t)256 << 20) /* bytes, unpacked; a million files take about 200 MB */
#define SMALL_FILE_MAX ((size_t)4 << 10) /* encryption-info */
#define TRAILER_HEAD "\xca\x3e\x40"
#define TRAILER_HEAD_LEN 3
#define TRAILER_LEN (TRAILER_HEAD_LEN + SHA512_LEN)
#define FORMAT_VERSION_MAX 1

static struct error *
bad(const char *name, const char *what)
{
    return err_new(ERR_DATA_CORRUPTED, "%s: %s", name, what);
}

/* ---- the envelope ---- */

static void
digest(struct slice b, uint8_t out[SHA512_LEN])
{
    struct sha512 *h = sha512_create();
    sha512_update(h, b.ptr, b.len);
    sha512_final(h, out);
}

static struct slice
seal(struct arena *a, struct slice packed)
{
    uint8_t *p = arena_alloc(a, packed.len + TRAILER_LEN);
    memcpy(p, packed.ptr, packed.len);
    memcpy(p + packed.len, TRAILER_HEAD, TRAILER_HEAD_LEN);
    digest(packed, p + packed.len + TRAILER_HEAD_LEN);
    return slice_make(p, packed.len + TRAILER_LEN);
}

/* Take the checksum off; *sealed false when there is none. */
static struct error *
unseal(const char *name, struct slice *bytes, bool *sealed)
{
    uint8_t sum[SHA512_LEN];
    *sealed = false;
    if (bytes->len < TRAILER_LEN)
        return NULL;
    struct slice body = {bytes->ptr, bytes->len - TRAILER_LEN};
    const uint8_t *t = bytes->ptr + body.len;
    if (memcmp(t, TRAILER_HEAD, TRAILER_HEAD_LEN) != 0)
        return NULL;
    digest(body, sum);
    if (memcmp(sum, t + TRAILER_HEAD_LEN, SHA512_LEN) != 0)
        return bad(name, "checksum mismatch");
    *bytes = body;
    *sealed = true;
    return NULL;
}

static struct error *
gunzip(struct arena *a, const char *name, struct slice *bytes)
{
    if (bytes->len < 18 || bytes->ptr[0] != 0x1f || bytes->ptr[1] != 0x8b)
        return NULL;
    const uint8_t *t = bytes->ptr + bytes->len - 4;
    size_t len = (size_t)t[0] | (size_t)t[1] << 8 | (size_t)t[2] << 16 | (size_t)t[3] << 24;
    if (len > MANIFEST_MAX)
        return bad(name, "compressed manifest is too large");
    void *out;
    ERR_TRY(arena_try_alloc(a, len + 1, &out));
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    if (d == NULL)
        return err_out_of_memory();
    size_t got = 0;
    enum libdeflate_result r = libdeflate_gzip_decompress(d, bytes->ptr, bytes->len, out, len, &got);
    libdeflate_free_decompressor(d);
    if (r != LIBDEFLATE_SUCCESS || got != len)
        return bad(name, "damaged gzip data");
    *bytes = slice_make(out, len);
    return NULL;
}

/* ---- what must hold ---- */

static bool
name_is_plain(const char *s)
{
    return *s != '\0' && strchr(s, '/') == NULL && strcmp(s, ".") != 0 && strcmp(s, "..") != 0;
}

static struct error *
check_span(const char *name, const pb_span *s)
{
    if (span_key(s).len == 0 || slice_cmp(span_key(s), span_end(s)) >= 0)
        return bad(name, "a span is empty or reversed");
    return NULL;
}

static struct error *
check_time(const char *name, const Amberdb__Timestamp *t)
{
    struct hlc h = pb_hlc(t);
    if (h.wall < 0 || h.logical < 0)
        return bad(name, "a time is negative");
    return NULL;
}

static bool
has_locality(const pb_manifest *m, const char *kv)
{
    for (size_t i = 0; i < m->n_locality_kvs; i++)
        if (strcmp(m->locality_kvs[i], kv) == 0)
            return true;
    return false;
}

static struct error *
check_file(const char *name, const pb_manifest *m, const pb_file *f)
{
    const char *path = pb_str(f->path);
    ERR_TRY(check_span(name, f->span));
    ERR_TRY(check_time(name, f->start_time));
    ERR_TRY(check_time(name, f->end_time));
    if (*path == '\0' || *path == '/' || strstr(path, "..") != NULL)
        return bad(name, "a data file has no usable name");
    if (f->has_sha512 && f->sha512.len != 0 && f->sha512.len != SHA512_LEN)
        return bad(name, "a data file's checksum has a wrong length");
    const char *kv = pb_str(f->locality_kv);
    if (m != NULL && *kv != '\0' && !has_locality(m, kv))
        return bad(name, "a data file lies in an unknown locality");
    if (f->entry_counts != NULL &&
        (PB_GET(f->entry_counts, data_size) < 0 || PB_GET(f->entry_counts, rows) < 0 ||
         PB_GET(f->entry_counts, index_entries) < 0))
        return bad(name, "a data file's counts are negative");
    return NULL;
}

static struct error *
check_descriptor(const char *name, const pb_descriptor *d)
{
    if (pb_descriptor_table(d) == NULL && pb_descriptor_database(d) == NULL)
        return bad(name, "a descriptor is neither a table nor a database "
                         "(was the backup written by a later version?)");
    if (pb_descriptor_id(d) == 0 || *pb_str(pb_descriptor_name(d)) == '\0')
        return bad(name, "a descriptor has no id or no name");
    return NULL;
}

static int
by_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static struct error *
check_descriptors(struct arena *a, const char *name, const pb_manifest *m)
{
    uint32_t *ids = ARENA_ARRAY(a, uint32_t, m->n_descriptors + 1);
    for (size_t i = 0; i < m->n_descriptors; i++) {
        ERR_TRY(check_descriptor(name, m->descriptors[i]));
        ids[i] = pb_descriptor_id(m->descriptors[i]);
    }
    qsort(ids, m->n_descriptors, sizeof(*ids), by_u32);
    for (size_t i = 1; i < m->n_descriptors; i++)
        if (ids[i] == ids[i - 1])
            return bad(name, "two descriptors have the same id");
    struct hlc last = HLC_MIN;
    for (size_t i = 0; i < m->n_descriptor_changes; i++) {
        const Amberdb__DescriptorRevision *r = m->descriptor_changes[i];
        ERR_TRY(check_time(name, r->time));
        if (hlc_cmp(pb_hlc(r->time), last) < 0)
            return bad(name, "descriptor revisions are not in order of time");
        last = pb_hlc(r->time);
        if (r->desc != NULL)
            ERR_TRY(check_descriptor(name, r->desc));
    }
    return NULL;
}

static struct error *
check_manifest(struct arena *a, const char *name, const pb_manifest *m)
{
    if (PB_GET(m, format_version) > FORMAT_VERSION_MAX)
        return err_new(ERR_UNCATEGORIZED,
                       "%s: backup format version %u is not supported (was the backup written by a "
                       "later version?)", name, PB_GET(m, format_version));
    if (PB_GET(m, mvcc_filter) > AMBERDB__MVCCFILTER__MVCC_ALL || (int)PB_GET(m, mvcc_filter) < 0)
        return bad(name, "unknown MVCC filter");
    if (PB_GET(m, descriptor_coverage) < 0 || PB_GET(m, descriptor_coverage) > 1)
        return bad(name, "unknown descriptor coverage");
    ERR_TRY(check_time(name, m->start_time));
    ERR_TRY(check_time(name, m->end_time));
    ERR_TRY(check_time(name, m->revision_start_time));
    if (hlc_is_empty(pb_hlc(m->end_time)) || m->build_info == NULL) /* all versions write both */
        return bad(name, "not a backup manifest, or one that is not complete");
    if (hlc_cmp(pb_hlc(m->start_time), pb_hlc(m->end_time)) > 0)
        return bad(name, "ends before it starts");
    if (m->n_locality_kvs != m->n_partition_descriptor_filenames)
        return bad(name, "localities and their manifests do not match");
    for (size_t i = 0; i < m->n_partition_descriptor_filenames; i++)
        if (!name_is_plain(m->partition_descriptor_filenames[i]))
            return bad(name, "a locality's manifest has no usable name");
    for (size_t i = 0; i < m->n_spans; i++)
        ERR_TRY(check_span(name, m->spans[i]));
    for (size_t i = 0; i < m->n_introduced_spans; i++)
        ERR_TRY(check_span(name, m->introduced_spans[i]));
    for (size_t i = 0; i < m->n_files; i++)
        ERR_TRY(check_file(name, m, m->files[i]));
    return check_descriptors(a, name, m);
}

/* ---- manifests ---- */

/* SOURCE: backup-format 4.1: a file without a name is none. */
static void
drop_nameless_files(pb_manifest *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_files; i++)
        if (*pb_str(m->files[i]->path) != '\0')
            m->files[n++] = m->files[i];
    m->n_files = n;
}

static struct error *
appears_encrypted(void)
{
    /* SOURCE: CockroachDB v20.1 readBackupManifest; "encrypt" parsed as a message fails at its first
     * byte: field 12 with wire type 5. */
    return err_new(ERR_UNCATEGORIZED,
                   "file appears encrypted -- try specifying \"encryption_passphrase\": "
                   "proto: wrong wireType = 5 for field EntryCounts");
}

struct error *
manifest_parse(struct arena *a, const char *name, struct slice bytes, pb_manifest **out)
{
    bool sealed;
    if (crypt_is_sealed(bytes))
        return appears_encrypted();
    ERR_TRY(gunzip(a, name, &bytes));
    ERR_TRY(unseal(name, &bytes, &sealed));
    ERR_TRY(PB_PARSE(a, backup_manifest, name, bytes, out));
    pb_manifest *m = *out;
    if (!sealed && m->build_info != NULL &&
        strstr(pb_str(m->build_info->distribution), "amberdb") != NULL)
        return bad(name, "checksum is missing");
    drop_nameless_files(m);
    return check_manifest(a, name, m);
}

struct slice
manifest_pack(struct arena *a, pb_manifest *m)
{
    return seal(a, pb_pack(a, PB_BASE(m)));
}

struct error *
manifest_read(struct arena *a, struct sink *s, const char *name, pb_manifest **out)
{
    struct arena *scratch = arena_create(NULL, "manifest bytes");
    struct slice bytes;
    struct error *e = sink_read_all(s, scratch, name, MANIFEST_MAX, &bytes);
    if (e == NULL)
        e = manifest_parse(a, name, bytes, out);
    arena_destroy(scratch);
    return e;
}

struct error *
manifest_write(struct sink *s, const char *name, pb_manifest *m)
{
    struct arena *a = arena_create(NULL, "manifest bytes");
    struct error *e = sink_write_all(s, name, manifest_pack(a, m));
    arena_destroy(a);
    return e;
}

/* ---- locality manifests ---- */

struct error *
part_read(struct arena *a, struct sink *s, const char *name,
          Amberdb__BackupPartitionDescriptor **out)
{
    struct slice bytes;
    bool sealed;
    ERR_TRY(sink_read_all(s, a, name, MANIFEST_MAX, &bytes));
    if (crypt_is_sealed(bytes))
        return appears_encrypted();
    ERR_TRY(unseal(name, &bytes, &sealed));
    ERR_TRY(PB_PARSE(a, backup_partition_descriptor, name, bytes, out));
    if (*pb_str((*out)->locality_kv) == '\0' || !(*out)->has_backup_id ||
        (*out)->backup_id.len != 16)
        return bad(name, "not a locality's manifest");
    for (size_t i = 0; i < (*out)->n_files; i++)
        ERR_TRY(check_file(name, NULL, (*out)->files[i]));
    return NULL;
}

struct error *
part_write(struct sink *s, const char *name, Amberdb__BackupPartitionDescriptor *p)
{
    struct arena *a = arena_create(NULL, "manifest bytes");
    struct error *e = sink_write_all(s, name, seal(a, pb_pack(a, PB_BASE(p))));
    arena_destroy(a);
    return e;
}

/* ---- encryption-info ---- */

struct error *
encryption_read(struct arena *a, struct sink *s, const char *passphrase, struct crypt_key *out,
                struct slice *salt)
{
    struct slice bytes;
    Amberdb__EncryptionInfo *info;
    struct error *e = sink_read_all(s, a, ENCRYPTION_FILE, SMALL_FILE_MAX, &bytes);
    if (e == NULL)
        e = PB_PARSE(a, encryption_info, ENCRYPTION_FILE, bytes, &info);
    if (e != NULL)
        return err_wrap(store_error(e), "could not find or read encryption information");
    if (PB_GET(info, scheme) != AMBERDB__SCHEME__AES256GCM || !info->has_salt ||
        info->salt.len != CRYPT_SALT_LEN)
        return bad(ENCRYPTION_FILE, "unknown encryption scheme");
    *salt = pb_bytes(info->salt);
    return crypt_derive(slice_cstr(passphrase), *salt, out);
}

struct error *
encryption_write(struct sink *s, struct slice salt)
{
    struct arena *a = arena_create(NULL, "encryption info");
    Amberdb__EncryptionInfo *info = PB_NEW(a, EncryptionInfo, encryption_info);
    pb_set_bytes(a, &info->salt, &info->has_salt, salt);
    struct error *e = sink_write_all(s, ENCRYPTION_FILE, pb_pack(a, PB_BASE(info)));
    arena_destroy(a);
    return e;
}
