#include "config.h"

#include "catalog/system_tables.h"

#include "base/hash.h"
#include "catalog/build.h"
#include "catalog/catalog.h"
#include "catalog/pb.h"
#include "catalog/row.h"
#include "catalog/sysrow.h"
#include "types/keyenc.h"
#include "types/valueenc.h"

enum { READ_ONLY = 48, READ_WRITE = 496, ALL = 2, SELECT_ONLY = 32 };

/* Types by letter: i INT8, s STRING, y BYTES, b BOOL, t TIMESTAMP, z TIMESTAMPTZ, d DECIMAL,
 * l DECIMAL(18,15), u UUID, j JSONB, I INT8[]. A column is nullable when its letter is followed by
 * '?'. */
struct system_column {
    const char *name, *type, *default_expr;
};

struct system_index {
    const char *name; /* NULL: automatic */
    const char *columns[3], *store;
};

struct system_table {
    uint32_t id;
    const char *name;
    uint32_t privileges;
    bool public_select;
    struct system_column columns[10];
    const char *pk[5];
    struct system_index indexes[3];
    struct { /* declared ones; without any, each column has its own as before families existed */
        const char *name; /* "": automatic */
        const char *columns[10];
    } families[3];
    struct {
        const char *name, *expr;
    } check;
};

#define NOW "now():::TIMESTAMP"
#define ROWID "unique_rowid()"

static const struct system_table tables[SYSTEM_TABLE_COUNT] = {
    {.id = ID_NAMESPACE_OLD, .name = "namespace", .privileges = READ_ONLY,
     .columns = {{"parentID", "i", NULL}, {"name", "s", NULL}, {"id", "i?", NULL}},
     .pk = {"parentID", "name"}},
    {.id = ID_DESCRIPTOR, .name = "descriptor", .privileges = READ_ONLY,
     .columns = {{"id", "i", NULL}, {"descriptor", "y?", NULL}},
     .pk = {"id"}},
    {.id = ID_USERS, .name = "users", .privileges = READ_WRITE,
     .columns = {{"username", "s", NULL}, {"hashedPassword", "y?", NULL}, {"isRole", "b", "false"}},
     .pk = {"username"}},
    {.id = ID_ZONES, .name = "zones", .privileges = READ_WRITE,
     .columns = {{"id", "i", NULL}, {"config", "y?", NULL}},
     .pk = {"id"}},
    {.id = ID_SETTINGS, .name = "settings", .privileges = READ_WRITE,
     .columns = {{"name", "s", NULL}, {"value", "s", NULL}, {"lastUpdated", "t", NOW},
                 {"valueType", "s?", NULL}},
     .pk = {"name"},
     .families = {{"", {"name", "value", "lastUpdated", "valueType"}}}},
    {.id = ID_LEASE, .name = "lease", .privileges = READ_WRITE,
     .columns = {{"descID", "i", NULL}, {"version", "i", NULL}, {"nodeID", "i", NULL},
                 {"expiration", "t", NULL}},
     .pk = {"descID", "version", "expiration", "nodeID"},
     .families = {{"", {"descID", "version", "nodeID", "expiration"}}}},
    {.id = ID_EVENTLOG, .name = "eventlog", .privileges = READ_WRITE,
     .columns = {{"timestamp", "t", NULL}, {"eventType", "s", NULL}, {"targetID", "i", NULL},
                 {"reportingID", "i", NULL}, {"info", "s?", NULL}, {"uniqueID", "y", "uuid_v4()"}},
     .pk = {"timestamp", "uniqueID"}},
    {.id = ID_RANGELOG, .name = "rangelog", .privileges = READ_WRITE,
     .columns = {{"timestamp", "t", NULL}, {"rangeID", "i", NULL}, {"storeID", "i", NULL},
                 {"eventType", "s", NULL}, {"otherRangeID", "i?", NULL}, {"info", "s?", NULL},
                 {"uniqueID", "i", ROWID}},
     .pk = {"timestamp", "uniqueID"}},
    {.id = ID_UI, .name = "ui", .privileges = READ_WRITE,
     .columns = {{"key", "s", NULL}, {"value", "y?", NULL}, {"lastUpdated", "t", NULL}},
     .pk = {"key"}},
    {.id = ID_JOBS, .name = "jobs", .privileges = READ_WRITE,
     .columns = {{"id", "i", ROWID}, {"status", "s", NULL}, {"created", "t", NOW},
                 {"payload", "y", NULL}, {"progress", "y?", NULL}},
     .pk = {"id"},
     .indexes = {{NULL, {"status", "created"}, NULL}},
     .families = {{"", {"id", "status", "created", "payload"}}, {"progress", {"progress"}}}},
    {.id = ID_WEB_SESSIONS, .name = "web_sessions", .privileges = READ_WRITE,
     .columns = {{"id", "i", ROWID}, {"hashedSecret", "y", NULL}, {"username", "s", NULL},
                 {"createdAt", "t", NOW}, {"expiresAt", "t", NULL}, {"revokedAt", "t?", NULL},
                 {"lastUsedAt", "t", NOW}, {"auditInfo", "s?", NULL}},
     .pk = {"id"},
     .indexes = {{NULL, {"expiresAt"}, NULL}, {NULL, {"createdAt"}, NULL}},
     .families = {{"",
                   {"id", "hashedSecret", "username", "createdAt", "expiresAt", "revokedAt",
                    "lastUsedAt", "auditInfo"}}}},
    {.id = ID_TABLE_STATISTICS, .name = "table_statistics", .privileges = READ_WRITE,
     .columns = {{"tableID", "i", NULL}, {"statisticID", "i", ROWID}, {"name", "s?", NULL},
                 {"columnIDs", "I", NULL}, {"createdAt", "t", NOW}, {"rowCount", "i", NULL},
                 {"distinctCount", "i", NULL}, {"nullCount", "i", NULL}, {"histogram", "y?", NULL}},
     .pk = {"tableID", "statisticID"},
     .families = {{"",
                   {"tableID", "statisticID", "name", "columnIDs", "createdAt", "rowCount",
                    "distinctCount", "nullCount", "histogram"}}}},
    {.id = ID_LOCATIONS, .name = "locations", .privileges = READ_WRITE,
     .columns = {{"localityKey", "s", NULL}, {"localityValue", "s", NULL}, {"latitude", "l", NULL},
                 {"longitude", "l", NULL}},
     .pk = {"localityKey", "localityValue"},
     .families = {{"", {"localityKey", "localityValue", "latitude", "longitude"}}}},
    {.id = ID_ROLE_MEMBERS, .name = "role_members", .privileges = READ_WRITE,
     .columns = {{"role", "s", NULL}, {"member", "s", NULL}, {"isAdmin", "b", NULL}},
     .pk = {"role", "member"},
     .indexes = {{NULL, {"role"}, NULL}, {NULL, {"member"}, NULL}}},
    {.id = ID_COMMENTS, .name = "comments", .privileges = READ_WRITE, .public_select = true,
     .columns = {{"type", "i", NULL}, {"object_id", "i", NULL}, {"sub_id", "i", NULL},
                 {"comment", "s", NULL}},
     .pk = {"type", "object_id", "sub_id"}},
    {.id = 25, .name = "replication_constraint_stats", .privileges = READ_WRITE,
     .columns = {{"zone_id", "i", NULL}, {"subzone_id", "i", NULL}, {"type", "s", NULL},
                 {"config", "s", NULL}, {"report_id", "i", NULL}, {"violation_start", "z?", NULL},
                 {"violating_ranges", "i", NULL}},
     .pk = {"zone_id", "subzone_id", "type", "config"},
     .families = {{"primary",
                   {"zone_id", "subzone_id", "type", "config", "report_id", "violation_start",
                    "violating_ranges"}}}},
    {.id = 26, .name = "replication_critical_localities", .privileges = READ_WRITE,
     .columns = {{"zone_id", "i", NULL}, {"subzone_id", "i", NULL}, {"locality", "s", NULL},
                 {"report_id", "i", NULL}, {"at_risk_ranges", "i", NULL}},
     .pk = {"zone_id", "subzone_id", "locality"},
     .families = {{"primary",
                   {"zone_id", "subzone_id", "locality", "report_id", "at_risk_ranges"}}}},
    {.id = 27, .name = "replication_stats", .privileges = READ_WRITE,
     .columns = {{"zone_id", "i", NULL}, {"subzone_id", "i", NULL}, {"report_id", "i", NULL},
                 {"total_ranges", "i", NULL}, {"unavailable_ranges", "i", NULL},
                 {"under_replicated_ranges", "i", NULL}, {"over_replicated_ranges", "i", NULL}},
     .pk = {"zone_id", "subzone_id"},
     .families = {{"primary",
                   {"zone_id", "subzone_id", "report_id", "total_ranges", "unavailable_ranges",
                    "under_replicated_ranges", "over_replicated_ranges"}}}},
    {.id = 28, .name = "reports_meta", .privileges = READ_WRITE,
     .columns = {{"id", "i", NULL}, {"generated", "z", NULL}},
     .pk = {"id"},
     .families = {{"primary", {"id", "generated"}}}},
    {.id = ID_NAMESPACE, .name = "namespace2", .privileges = READ_ONLY,
     .columns = {{"parentID", "i", NULL}, {"parentSchemaID", "i", NULL}, {"name", "s", NULL},
                 {"id", "i?", NULL}},
     .pk = {"parentID", "parentSchemaID", "name"}},
    {.id = 31, .name = "protected_ts_meta", .privileges = READ_ONLY,
     .columns = {{"singleton", "b", "true"}, {"version", "i", NULL}, {"num_records", "i", NULL},
                 {"num_spans", "i", NULL}, {"total_bytes", "i", NULL}},
     .pk = {"singleton"},
     .families = {{"primary",
                   {"singleton", "version", "num_records", "num_spans", "total_bytes"}}},
     .check = {"check_singleton", "singleton"}},
    {.id = 32, .name = "protected_ts_records", .privileges = READ_ONLY,
     .columns = {{"id", "u", NULL}, {"ts", "d", NULL}, {"meta_type", "s", NULL},
                 {"meta", "y?", NULL}, {"num_spans", "i", NULL}, {"spans", "y", NULL},
                 {"verified", "b", "false"}},
     .pk = {"id"},
     .families = {{"primary",
                   {"id", "ts", "meta_type", "meta", "num_spans", "spans", "verified"}}}},
    {.id = ID_ROLE_OPTIONS, .name = "role_options", .privileges = READ_WRITE,
     .columns = {{"username", "s", NULL}, {"option", "s", NULL}, {"value", "s?", NULL}},
     .pk = {"username", "option"},
     .families = {{"primary", {"username", "option", "value"}}}},
    {.id = 34, .name = "statement_bundle_chunks", .privileges = READ_WRITE,
     .columns = {{"id", "i", ROWID}, {"description", "s?", NULL}, {"data", "y", NULL}},
     .pk = {"id"},
     .families = {{"primary", {"id", "description", "data"}}}},
    {.id = 35, .name = "statement_diagnostics_requests", .privileges = READ_WRITE,
     .columns = {{"id", "i", ROWID}, {"completed", "b", "false"},
                 {"statement_fingerprint", "s", NULL}, {"statement_diagnostics_id", "i?", NULL},
                 {"requested_at", "z", NULL}},
     .pk = {"id"},
     .indexes = {{"completed_idx", {"completed", "id"}, "statement_fingerprint"}},
     .families = {{"primary",
                   {"id", "completed", "statement_fingerprint", "statement_diagnostics_id",
                    "requested_at"}}}},
    {.id = 36, .name = "statement_diagnostics", .privileges = READ_WRITE,
     .columns = {{"id", "i", ROWID}, {"statement_fingerprint", "s", NULL},
                 {"statement", "s", NULL}, {"collected_at", "z", NULL}, {"trace", "j?", NULL},
                 {"bundle_chunks", "I?", NULL}, {"error", "s?", NULL}},
     .pk = {"id"},
     .families = {{"primary",
                   {"id", "statement_fingerprint", "statement", "collected_at", "trace",
                    "bundle_chunks", "error"}}}},
};

/* ---- descriptors ---- */

static const struct type *
type_of_letter(struct arena *a, char c)
{
    switch (c) {
    case 'i':
        return &TYPE_INT8;
    case 's':
        return &TYPE_STRING;
    case 'y':
        return &TYPE_BYTES;
    case 'b':
        return &TYPE_BOOL;
    case 't':
        return &TYPE_TIMESTAMP;
    case 'z':
        return &TYPE_TIMESTAMPTZ;
    case 'd':
        return &TYPE_DECIMAL;
    case 'l':
        return type_decimal(a, 18, 15);
    case 'u':
        return &TYPE_UUID;
    case 'j':
        return &TYPE_JSONB;
    default:
        VERIFY(c == 'I');
        return type_array_of(a, &TYPE_INT8);
    }
}

static Amberdb__UserPrivileges *
grant(struct arena *a, const char *user, uint32_t mask)
{
    Amberdb__UserPrivileges *u = PB_NEW(a, UserPrivileges, user_privileges);
    u->user = arena_strdup(a, user);
    PB_SET(u, privileges, mask);
    return u;
}

static Amberdb__PrivilegeDescriptor *
privileges(struct arena *a, uint32_t mask, bool public_select)
{
    Amberdb__PrivilegeDescriptor *p = PB_NEW(a, PrivilegeDescriptor, privilege_descriptor);
    PB_PUSH(a, p->users, p->n_users, grant(a, "admin", mask));
    if (public_select)
        PB_PUSH(a, p->users, p->n_users, grant(a, "public", SELECT_ONLY));
    PB_PUSH(a, p->users, p->n_users, grant(a, "root", mask));
    return p;
}

Amberdb__PrivilegeDescriptor *
privileges_default(struct arena *a)
{
    return privileges(a, ALL, false);
}

uint32_t
system_privileges(uint32_t id)
{
    if (id == ID_SYSTEM_DB)
        return READ_ONLY;
    for (int i = 0; i < SYSTEM_TABLE_COUNT; i++)
        if (tables[i].id == id)
            return tables[i].privileges;
    return ALL;
}

static void
add_indexes(struct arena *a, pb_table *t, const struct system_table *st)
{
    t->primary_index = build_index(a, "primary", true);
    for (int i = 0; st->pk[i] != NULL; i++)
        build_index_column(a, t->primary_index, st->pk[i], false);
    for (int i = 0; st->indexes[i].columns[0] != NULL; i++) {
        pb_index *ix = build_index(a, st->indexes[i].name, false);
        for (int j = 0; j < 3 && st->indexes[i].columns[j] != NULL; j++)
            build_index_column(a, ix, st->indexes[i].columns[j], false);
        if (st->indexes[i].store != NULL)
            build_index_store(a, ix, st->indexes[i].store);
        PB_PUSH(a, t->indexes, t->n_indexes, ix);
    }
}

pb_table *
system_table(struct arena *a, int i)
{
    const struct system_table *st = &tables[i];
    pb_table *t = build_table(a, ID_SYSTEM_DB, st->name);

    PB_SET(t, id, st->id);
    t->privileges = privileges(a, st->privileges, st->public_select);
    for (int c = 0; c < 10 && st->columns[c].name != NULL; c++) {
        const struct system_column *sc = &st->columns[c];
        pb_column *col = build_column(a, sc->name, type_of_letter(a, sc->type[0]),
                                      sc->type[1] == '?');
        if (sc->default_expr != NULL)
            col->default_expr = arena_strdup(a, sc->default_expr);
        PB_PUSH(a, t->columns, t->n_columns, col);
    }
    add_indexes(a, t, st);
    for (int f = 0; f < 3 && st->families[f].name != NULL; f++) {
        Amberdb__ColumnFamilyDescriptor *fam = build_family(a, st->families[f].name);
        for (int c = 0; c < 10 && st->families[f].columns[c] != NULL; c++)
            PB_PUSH(a, fam->column_names, fam->n_column_names,
                    arena_strdup(a, st->families[f].columns[c]));
        PB_PUSH(a, t->families, t->n_families, fam);
    }
    if (st->check.name != NULL) {
        Amberdb__CheckConstraint *c = PB_NEW(a, CheckConstraint, check_constraint);
        c->name = arena_strdup(a, st->check.name);
        c->expr = arena_strdup(a, st->check.expr);
        PB_PUSH(a, c->column_ids, c->n_column_ids, 1);
        PB_PUSH(a, t->checks, t->n_checks, c);
    }
    struct error *e = build_finish_table(a, t);
    VERIFY(e == NULL); /* our own list above */
    return t;
}

pb_database *
system_database(struct arena *a)
{
    pb_database *d = build_database(a, ID_SYSTEM_DB, "system");
    d->privileges = privileges(a, READ_ONLY, false);
    return d;
}

/* ---- raw keys and values ---- */

void
system_descriptor_key(struct str *s, uint32_t id)
{
    key_put_uvarint(s, ID_DESCRIPTOR);
    key_put_uvarint(s, 1);
    key_put_varint(s, id);
    row_family_suffix(s, 2);
}

void
system_namespace_key(struct str *s, uint32_t parent, uint32_t schema, const char *name)
{
    key_put_uvarint(s, ID_NAMESPACE);
    key_put_uvarint(s, 1);
    key_put_varint(s, parent);
    key_put_varint(s, schema);
    key_put_bytes(s, slice_cstr(name));
    row_family_suffix(s, 4);
}

void
system_namespace_old_key(struct str *s, uint32_t parent, const char *name)
{
    key_put_uvarint(s, ID_NAMESPACE_OLD);
    key_put_uvarint(s, 1);
    key_put_varint(s, parent);
    key_put_bytes(s, slice_cstr(name));
    row_family_suffix(s, 3);
}

void
system_bytes_value(struct str *s, struct slice key, struct slice bytes)
{
    size_t start = s->len;
    value_open(s, VALUE_BYTES);
    str_append_slice(s, bytes);
    value_seal(s, start, key);
}

void
system_int_value(struct str *s, struct slice key, int64_t v)
{
    row_sequence_value(s, key, v); /* the same form */
}

/* ---- a new store ---- */

struct boot {
    struct kv_txn *t;
    struct arena *a;
    const struct table *tables[SYSTEM_TABLE_COUNT];
};

static struct error *
put_bytes(struct boot *b, struct str *key, struct slice bytes)
{
    struct str v;
    str_init_arena(&v, b->a, STR_MAX_DEFAULT);
    system_bytes_value(&v, str_slice(key), bytes);
    return kv_put(b->t, str_slice(key), str_slice(&v));
}

static struct error *
put_name(struct boot *b, uint32_t parent, uint32_t schema, const char *name, uint32_t id)
{
    struct str k, v;
    str_init_arena(&k, b->a, STR_MAX_DEFAULT);
    str_init_arena(&v, b->a, STR_MAX_DEFAULT);
    system_namespace_key(&k, parent, schema, name);
    system_int_value(&v, str_slice(&k), id);
    return kv_put(b->t, str_slice(&k), str_slice(&v));
}

static struct error *
put_descriptor(struct boot *b, pb_descriptor *d)
{
    struct str k;
    str_init_arena(&k, b->a, STR_MAX_DEFAULT);
    system_descriptor_key(&k, pb_descriptor_id(d));
    return put_bytes(b, &k, pb_descriptor_pack(b->a, d));
}

static struct error *
put_database(struct boot *b, pb_database *d)
{
    ERR_TRY(put_descriptor(b, pb_descriptor_of_database(b->a, d)));
    ERR_TRY(put_name(b, ID_ROOT, ID_ROOT, d->name, d->id));
    return put_name(b, d->id, ID_ROOT, "public", ID_PUBLIC_SCHEMA);
}

/* Zones are put below SQL, so they have no family 0. SOURCE: cluster.md 2 and a real backup. */
static struct error *
put_zone(struct boot *b, uint32_t id, bool sizes, int32_t ttl, int32_t replicas)
{
    Amberdb__ZoneConfig *z = PB_NEW(b->a, ZoneConfig, zone_config);
    struct str k;
    if (sizes) {
        PB_SET(z, range_min_bytes, 134217728);
        PB_SET(z, range_max_bytes, 536870912);
    }
    z->gc = PB_NEW(b->a, GCPolicy, gcpolicy);
    PB_SET(z->gc, ttl_seconds, ttl);
    if (replicas > 0)
        PB_SET(z, num_replicas, replicas);
    str_init_arena(&k, b->a, STR_MAX_DEFAULT);
    key_put_uvarint(&k, ID_ZONES);
    key_put_uvarint(&k, 1);
    key_put_varint(&k, id);
    row_family_suffix(&k, 2);
    return put_bytes(b, &k, pb_pack(b->a, PB_BASE(z)));
}

static const struct table *
table_of(const struct boot *b, uint32_t id)
{
    for (int i = 0; i < SYSTEM_TABLE_COUNT; i++)
        if (b->tables[i]->id == id)
            return b->tables[i];
    return NULL;
}

static struct error *
put_user(struct boot *b, const char *name, bool is_role)
{
    struct datum row[3] = {datum_cstr(name), datum_bytes("", 0), datum_bool(is_role)};
    struct datum option[3] = {datum_cstr(name), datum_cstr("CREATEROLE"), DATUM_NULL};
    ERR_TRY(sys_table_put(b->t, b->a, table_of(b, ID_USERS), row));
    return sys_table_put(b->t, b->a, table_of(b, ID_ROLE_OPTIONS), option);
}

static struct error *
put_setting(struct boot *b, const char *name, struct datum value, const char *type)
{
    int64_t now = wall_now_ns() / 1000 - PG_EPOCH_US;
    struct datum row[4] = {datum_cstr(name), value, datum_int(now), datum_cstr(type)};
    return sys_table_put(b->t, b->a, table_of(b, ID_SETTINGS), row);
}

static struct error *
put_settings(struct boot *b)
{
    /* clusterversion.ClusterVersion{20.1}, a message in a message. */
    static const char version[] = "\x12\x08\x08\x14\x10\x01\x18\x00\x20\x00";
    uint8_t u[16];
    uuid_v4(u);
    char *secret = arena_printf(b->a,
                                "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                                u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10],
                                u[11], u[12], u[13], u[14], u[15]);
    ERR_TRY(put_setting(b, "cluster.secret", datum_cstr(secret), "s"));
    return put_setting(b, "version", datum_bytes(version, sizeof(version) - 1), "m");
}

static struct error *
put_rows(struct boot *b)
{
    struct datum member[3] = {datum_cstr("admin"), datum_cstr("root"), datum_bool(true)};
    struct str k, v;

    ERR_TRY(put_zone(b, 0, true, 90000, 3));
    ERR_TRY(put_zone(b, ID_SYSTEM_DB, true, 90000, 5));
    ERR_TRY(put_zone(b, 16, true, 3600, 5));  /* meta */
    ERR_TRY(put_zone(b, 17, true, 90000, 5)); /* system ranges */
    ERR_TRY(put_zone(b, 22, true, 600, 5));   /* liveness */
    ERR_TRY(put_zone(b, 25, false, 600, 0));
    ERR_TRY(put_zone(b, 27, false, 600, 0));
    ERR_TRY(put_settings(b));
    ERR_TRY(put_user(b, "admin", true));
    ERR_TRY(put_user(b, "root", false));
    ERR_TRY(sys_table_put(b->t, b->a, table_of(b, ID_ROLE_MEMBERS), member));
    str_init_arena(&k, b->a, 64);
    str_init_arena(&v, b->a, 64);
    row_sequence_key(&k, ID_IDGEN);
    system_int_value(&v, str_slice(&k), ID_FIRST_USER);
    return kv_put(b->t, str_slice(&k), str_slice(&v));
}

struct error *
system_bootstrap(struct kv_txn *t, struct arena *a)
{
    struct boot b = {.t = t, .a = a};

    ERR_TRY(put_database(&b, system_database(a)));
    for (int i = 0; i < SYSTEM_TABLE_COUNT; i++) {
        pb_table *pb = system_table(a, i);
        ERR_TRY(table_from_pb(a, pb, &b.tables[i]));
        ERR_TRY(put_descriptor(&b, pb_descriptor_of_table(a, pb)));
        ERR_TRY(put_name(&b, ID_SYSTEM_DB, ID_PUBLIC_SCHEMA, pb->name, pb->id));
    }
    ERR_TRY(put_database(&b, build_database(a, ID_DEFAULTDB, "defaultdb")));
    ERR_TRY(put_database(&b, build_database(a, ID_POSTGRES, "postgres")));
    return put_rows(&b);
}
