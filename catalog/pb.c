#include "config.h"

#include "catalog/pb.h"

#include "base/enc.h"

/* A field that is given more often than this though it is single would be merged again and again,
 * in quadratic time; no writer does it. */
#define MAX_MERGES 16

/* ---- memory ---- */

struct budgeted {
    struct arena *arena;
    struct error *refused; /* the first time that its budget did */
};

static void *
alloc_in_budget(void *arg, size_t size)
{
    struct budgeted *b = arg;
    void *p = NULL;
    if (b->refused == NULL)
        b->refused = arena_try_alloc(b->arena, size, &p);
    return b->refused == NULL ? p : NULL;
}

/* For copies of what is in memory already: no budget refuses them. */
static void *
force_in_arena(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void
free_in_arena(void *arena, void *p)
{
    (void)arena;
    (void)p;
}

ProtobufCMessage *
pb_new(struct arena *a, const ProtobufCMessageDescriptor *d)
{
    ProtobufCMessage *m = arena_zalloc(a, d->sizeof_message);
    protobuf_c_message_init(d, m);
    return m;
}

/* ---- bounds ---- */

struct scan {
    size_t structs;     /* bytes that the structs will take */
    size_t max_structs;
};

static bool scan_message(struct scan *sc, const ProtobufCMessageDescriptor *d, struct reader r,
                         int depth);

/* One field's body; false when it is out of bounds or malformed. */
static bool
scan_field(struct scan *sc, const ProtobufCFieldDescriptor *f, struct reader *r, unsigned wire,
           uint8_t *merges, int depth)
{
    uint64_t v;
    size_t n;

    switch (wire) {
    case 0:
        n = enc_get_uvarint(r->ptr, reader_left(r), &v);
        if (n == 0)
            return false;
        r->ptr += n;
        break;
    case 1:
    case 5:
        n = wire == 1 ? 8 : 4;
        if (reader_left(r) < n)
            return false;
        r->ptr += n;
        break;
    case 2: {
        n = enc_get_uvarint(r->ptr, reader_left(r), &v);
        if (n == 0 || v > reader_left(r) - n)
            return false;
        r->ptr += n;
        struct slice body = {r->ptr, (size_t)v};
        r->ptr += v;
        if (f == NULL)
            break;
        if (f->type != PROTOBUF_C_TYPE_MESSAGE) {
            sc->structs += 8 * (f->label == PROTOBUF_C_LABEL_REPEATED ? (size_t)v : 1);
            break;
        }
        if (f->label != PROTOBUF_C_LABEL_REPEATED && ++*merges > MAX_MERGES)
            return false;
        sc->structs += 8;
        if (!scan_message(sc, f->descriptor, reader_make(body), depth + 1))
            return false;
        break;
    }
    default: /* groups are not read by protobuf-c either */
        return false;
    }
    if (f == NULL)
        sc->structs += sizeof(ProtobufCMessageUnknownField);
    else if (f->label == PROTOBUF_C_LABEL_REPEATED)
        sc->structs += 16;
    return true;
}

static bool
scan_message(struct scan *sc, const ProtobufCMessageDescriptor *d, struct reader r, int depth)
{
    if (depth > PB_MAX_DEPTH)
        return false;
    sc->structs += d->sizeof_message;
    uint8_t merges[64] = {0};
    while (r.ptr < r.end) {
        uint64_t tag;
        size_t n = enc_get_uvarint(r.ptr, reader_left(&r), &tag);
        if (n == 0 || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
            return false;
        r.ptr += n;
        const ProtobufCFieldDescriptor *f =
            protobuf_c_message_descriptor_get_field(d, (unsigned)(tag >> 3));
        size_t at = f == NULL ? 0 : (size_t)(f - d->fields) % sizeof(merges);
        if (!scan_field(sc, f, &r, (unsigned)(tag & 7), &merges[at], depth))
            return false;
        if (sc->structs > sc->max_structs)
            return false;
    }
    return true;
}

struct error *
pb_parse(struct arena *a, const ProtobufCMessageDescriptor *d, const char *what,
         struct slice bytes, ProtobufCMessage **out)
{
    struct scan sc = {0, ((size_t)32 << 20) + bytes.len * 64};
    *out = NULL;
    if (!scan_message(&sc, d, reader_make(bytes), 0))
        return err_new(ERR_DATA_CORRUPTED, "%s: malformed protocol buffer", what);
    struct budgeted b = {a, NULL};
    ProtobufCAllocator alloc = {alloc_in_budget, free_in_arena, &b};
    *out = protobuf_c_message_unpack(d, &alloc, bytes.len, bytes.ptr);
    if (b.refused != NULL)
        return b.refused;
    if (*out == NULL)
        return err_new(ERR_DATA_CORRUPTED, "%s: malformed protocol buffer", what);
    return NULL;
}

/* ---- writing rules ---- */

/* A message type: how v20.1 declares it, which of its fields have presence there (may be left out),
 * and which bytes fields are uuids (always written, 16 bytes). Lists end with 0. */
struct rule {
    const ProtobufCMessageDescriptor *desc;
    bool proto3;
    uint16_t optional[5];
    uint16_t uuids[3];
};

#define P2(lower, ...) {&amberdb__##lower##__descriptor, false, {__VA_ARGS__}, {0}}
#define P3(lower, ...) {&amberdb__##lower##__descriptor, true, {__VA_ARGS__}, {0}}

static const struct rule rules[] = {
    /* The frequent ones first. */
    P3(timestamp, 0),
    P3(span, 0),
    P3(file, 0),
    P3(row_count, 0),
    P2(internal_type, 5, 7, 11, 13, 0),
    P2(column_descriptor, 5, 11, 0),
    P2(index_descriptor, 0),
    P2(foreign_key_reference, 0),
    P2(interleave_descriptor, 0),
    P2(partitioning_descriptor, 0),
    P2(sharded_descriptor, 0),
    P2(column_family_descriptor, 0),
    P2(table_descriptor, 13, 15, 28, 0),
    P2(descriptor, 0),
    P2(database_descriptor, 3, 10001, 0),
    P3(attached_backup, 3, 0),
    P2(privilege_descriptor, 0),
    P2(user_privileges, 0),
    P2(schema_change_lease, 0),
    P2(foreign_key_constraint, 0),
    P2(ancestor, 0),
    P2(partition_list, 0),
    P2(partition_range, 2, 3, 0),
    P2(descriptor_mutation, 0),
    P2(constraint_to_update, 0),
    P2(primary_key_swap, 0),
    P2(check_constraint, 0),
    P2(name_info, 0),
    P2(reference, 0),
    P2(mutation_job, 0),
    P2(sequence_opts, 0),
    P2(sequence_owner, 0),
    P2(replacement, 0),
    P2(gcdescriptor_mutation, 0),
    P2(interval_duration_field, 0),
    {&amberdb__backup_manifest__descriptor, true, {0}, {9, 18, 0}},
    {&amberdb__backup_partition_descriptor__descriptor, true, {0}, {3, 0}},
    P3(descriptor_revision, 3, 0),
    P3(encryption_info, 0),
    P2(info, 10000, 0),
    P3(external_storage, 4, 5, 6, 7, 0),
    P3(local_file_path, 0),
    P3(http, 0),
    P3(s3, 0),
    P3(gcs, 0),
    P3(azure, 0),
    P3(workload, 0),
    P3(table_statistic_proto, 9, 0),
    P3(google_timestamp, 0),
    P3(histogram_data, 0),
    P3(bucket, 0),
    P2(zone_config, 2, 3, 4, 5, 0),
    P2(gcpolicy, 0),
    P2(constraints, 0),
    P2(constraint, 0),
    P2(lease_preference, 0),
    P2(subzone, 0),
    P2(subzone_span, 1, 2, 0),
    P3(payload, 9, 19, 0),
    P3(create_stats_details, 5, 0),
    P3(create_stats_details__col_stat, 0),
    P3(import_details, 0),
    P3(import_details__table, 0),
    P3(import_format, 0),
    P3(import_csv, 3, 0),
    P3(import_delimited, 1002, 0),
    P3(import_pg_copy, 0),
    P3(import_progress, 0),
    P3(job_lease, 0),
    P3(schema_change_details, 0),
    P3(resume_span_list, 0),
    P3(dropped_table_details, 0),
    P3(schema_change_gcdetails, 0),
    P3(dropped_index, 0),
    P3(dropped_id, 0),
    P3(progress, 0),
    P3(schema_change_gcprogress, 0),
    P3(gcindex_progress, 0),
    P3(gctable_progress, 0),
    P3(string_map_entry, 0),
    P3(file_encryption_options, 0),
    P3(backup_details, 6, 7, 0),
    P3(backup_progress, 0),
    P3(restore_details, 12, 0),
    P3(restore_progress, 0),
    P3(table_rewrite, 0),
    P3(table_rewrite_entry, 2, 0),
    P3(backup_locality_info, 0),
};

static const struct rule *
rule_of(const ProtobufCMessageDescriptor *d)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (rules[i].desc == d)
            return &rules[i];
    return NULL;
}

static bool
listed(const uint16_t *list, size_t max, uint32_t id)
{
    for (size_t i = 0; i < max && list[i] != 0; i++)
        if (list[i] == id)
            return true;
    return false;
}

static bool
is_zero(const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++)
        if (b[i] != 0)
            return false;
    return true;
}

static size_t
scalar_size(ProtobufCType t)
{
    switch (t) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
        return 4;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return 0;
}

/* A single field without presence in v20.1. */
static void
complete_plain(struct arena *a, const struct rule *rule, const ProtobufCFieldDescriptor *f,
               uint8_t *base)
{
    void *p = base + f->offset;
    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE: {
        ProtobufCMessage **mp = p;
        if (*mp == NULL)
            *mp = pb_new(a, f->descriptor);
        break;
    }
    case PROTOBUF_C_TYPE_STRING: {
        char **sp = p;
        if (!rule->proto3 && *sp == NULL)
            *sp = arena_strdup(a, "");
        else if (rule->proto3 && *sp != NULL && **sp == '\0')
            *sp = NULL;
        break;
    }
    case PROTOBUF_C_TYPE_BYTES: {
        ProtobufCBinaryData *d = p;
        protobuf_c_boolean *has = (protobuf_c_boolean *)(void *)(base + f->quantifier_offset);
        if (listed(rule->uuids, 3, f->id)) {
            if (!*has || d->len == 0) {
                d->data = arena_zalloc(a, 16);
                d->len = 16;
            }
            *has = 1;
        } else {
            if (!*has)
                *d = (ProtobufCBinaryData){0, NULL};
            *has = !rule->proto3 || d->len > 0;
        }
        break;
    }
    default: {
        protobuf_c_boolean *has = (protobuf_c_boolean *)(void *)(base + f->quantifier_offset);
        size_t n = scalar_size(f->type);
        if (!*has)
            memset(p, 0, n);
        *has = !rule->proto3 || !is_zero(p, n);
        break;
    }
    }
}

static bool
field_present(const ProtobufCFieldDescriptor *f, const uint8_t *base)
{
    uint32_t which;
    if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
        return true;
    memcpy(&which, base + f->quantifier_offset, sizeof(which));
    return which == f->id;
}

void
pb_complete(struct arena *a, ProtobufCMessage *m)
{
    const ProtobufCMessageDescriptor *d = m->descriptor;
    const struct rule *rule = rule_of(d);
    uint8_t *base = (uint8_t *)m;

    VERIFY(rule != NULL);
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            if (f->type != PROTOBUF_C_TYPE_MESSAGE)
                continue;
            size_t n;
            memcpy(&n, base + f->quantifier_offset, sizeof(n));
            ProtobufCMessage **v;
            memcpy(&v, base + f->offset, sizeof(v));
            for (size_t j = 0; j < n; j++)
                pb_complete(a, v[j]);
            continue;
        }
        if (!field_present(f, base))
            continue;
        if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 && !listed(rule->optional, 5, f->id) &&
            f->id < 1000)
            complete_plain(a, rule, f, base);
        if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
            ProtobufCMessage *sub;
            memcpy(&sub, base + f->offset, sizeof(sub));
            if (sub != NULL)
                pb_complete(a, sub);
        }
    }
}

struct slice
pb_pack_as_is(struct arena *a, const ProtobufCMessage *m)
{
    size_t n = protobuf_c_message_get_packed_size(m);
    uint8_t *p = arena_alloc(a, n);
    size_t wrote = protobuf_c_message_pack(m, p);
    VERIFY(wrote == n);
    return slice_make(p, n);
}

ProtobufCMessage *
pb_copy(struct arena *a, const ProtobufCMessage *m)
{
    struct slice b = pb_pack_as_is(a, m);
    ProtobufCAllocator alloc = {force_in_arena, free_in_arena, a};
    ProtobufCMessage *c = protobuf_c_message_unpack(m->descriptor, &alloc, b.len, b.ptr);
    VERIFY(c != NULL); /* our own bytes; out of memory aborts as everywhere */
    return c;
}

struct slice
pb_pack(struct arena *a, const ProtobufCMessage *m)
{
    /* Completing writes into the message: m, or what hangs on it, may be shared or outlive a. */
    ProtobufCMessage *copy = pb_copy(a, m);
    pb_complete(a, copy);
    return pb_pack_as_is(a, copy);
}

/* ---- small things ---- */

Amberdb__Timestamp *
pb_timestamp(struct arena *a, struct hlc t)
{
    Amberdb__Timestamp *p = PB_NEW(a, Timestamp, timestamp);
    PB_SET(p, wall_time, t.wall);
    PB_SET(p, logical, (int32_t)t.logical);
    return p;
}

struct hlc
pb_hlc(const Amberdb__Timestamp *t)
{
    struct hlc h = {0};
    if (t != NULL) {
        h.wall = PB_GET(t, wall_time);
        h.logical = PB_GET(t, logical);
    }
    return h;
}

bool
pb_u32_contains(const uint32_t *v, size_t n, uint32_t x)
{
    for (size_t i = 0; i < n; i++)
        if (v[i] == x)
            return true;
    return false;
}
