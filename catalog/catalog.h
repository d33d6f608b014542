/* catalog/catalog.h - what exists: databases, tables, names, privileges, settings, users.
 *
 * The catalog is data: rows of the system tables in the store, read and written through a kv_txn
 * like any other rows, in CockroachDB's bytes. A struct catalog (one per process) caches parsed
 * descriptors; a struct catalog_txn is the view of one transaction, with its own uncommitted
 * changes on top. Reading a descriptor tracks its key in the transaction, so that a concurrent
 * schema change makes the commit fail with 40001 instead of writing by an old schema.
 */
#ifndef AMBERDB_CATALOG_CATALOG_H
#define AMBERDB_CATALOG_CATALOG_H

#include "catalog/desc.h"
#include "storage/txn.h"

struct catalog;
struct catalog_txn;

/* Fixed ids. SOURCE: kv-encoding 12. */
enum {
    ID_ROOT = 0,
    ID_SYSTEM_DB = 1,
    ID_NAMESPACE_OLD = 2,
    ID_DESCRIPTOR = 3,
    ID_USERS = 4,
    ID_ZONES = 5,
    ID_SETTINGS = 6,
    ID_IDGEN = 7, /* no table: its only key counts descriptor ids */
    ID_LEASE = 11,
    ID_EVENTLOG = 12,
    ID_RANGELOG = 13,
    ID_UI = 14,
    ID_JOBS = 15,
    ID_WEB_SESSIONS = 19,
    ID_TABLE_STATISTICS = 20,
    ID_LOCATIONS = 21,
    ID_ROLE_MEMBERS = 23,
    ID_COMMENTS = 24,
    ID_PUBLIC_SCHEMA = 29,
    ID_NAMESPACE = 30,
    ID_ROLE_OPTIONS = 33,
    ID_DEFAULTDB = 50,
    ID_POSTGRES = 51,
    ID_FIRST_USER = 52,
};

/* Opens the catalog of a store; writes the system tables, defaultdb, postgres, root and admin when
 * the store is new (cluster id made then). */
/* Whether a store holds a cluster: one that does not gets it by catalog_open. */
struct error *catalog_is_initialized(struct engine *e, bool *yes) ERR_MUST_USE;
struct error *catalog_open(struct kv_db *db, struct catalog **out) ERR_MUST_USE;
void catalog_close(struct catalog *c);
const uint8_t *catalog_cluster_id(const struct catalog *c); /* 16 bytes */

struct catalog_txn *catalog_txn_begin(struct catalog *c, struct kv_txn *t, struct arena *a);
/* After the kv_txn committed (ok) or not: cached versions are brought up to date. */
void catalog_txn_end(struct catalog_txn *ct, bool committed, struct hlc commit_ts);
/* Keep every descriptor that this transaction has read valid memory until the arena is destroyed,
 * which must be before catalog_close. */
void catalog_pin(struct catalog_txn *ct, struct arena *a);
/* Another process over the store changed something: what is cached of it is forgotten. Called before any
 * transaction that can see it begins. */
void catalog_store_changed(struct catalog *c, const struct kv_change *change);

/* The same number again: no name or descriptor has changed in between. 0: cannot be told, for this
 * transaction changes some or reads an older state. */
uint64_t catalog_stamp(struct catalog_txn *ct);
bool catalog_txn_has_changes(const struct catalog_txn *ct);
/* Before the kv_txn's commit: what may stand within a transaction but not after it. */
struct error *catalog_txn_check(const struct catalog_txn *ct) ERR_MUST_USE;
/* After kv_txn_rollback_to: forget what this transaction changed; what of it is left is read back
 * from the kv_txn. Tables handed out before stay valid memory. */
void catalog_txn_rolled_back(struct catalog_txn *ct);
struct catalog *catalog_txn_catalog(const struct catalog_txn *ct);
struct kv_txn *catalog_txn_kv(const struct catalog_txn *ct);
struct arena *catalog_txn_arena(const struct catalog_txn *ct);
struct kv_db *catalog_db(const struct catalog *c);

/* ---- look-up; *out NULL when it is not there. Valid until the transaction ends. ---- */

struct error *catalog_database_by_name(struct catalog_txn *ct, const char *name,
                                       const struct database **out) ERR_MUST_USE;
struct error *catalog_database_by_id(struct catalog_txn *ct, uint32_t id,
                                     const struct database **out) ERR_MUST_USE;
/* Public tables, views, sequences only; offline and dropped ones are not there. catalog_see_offline
 * takes offline ones in (zone statements mean them, too) and returns what was set before. */
bool catalog_see_offline(struct catalog_txn *ct, bool see);
/* Between BEGIN and COMMIT: columns and indexes added to tables that were there before look like those of
 * mutations that write only (unique indexes: delete only), and constraints are not held yet; before all
 * else is asked. catalog_see_additions makes them public while schema statements run, and returns what
 * was set before. */
void catalog_hide_additions(struct catalog_txn *ct);
bool catalog_see_additions(struct catalog_txn *ct, bool see);
/* The table as it was before this transaction, where additions are hidden; else NULL. */
const pb_table *catalog_table_before(const struct catalog_txn *ct, uint32_t id);
/* Is a constraint of the table, or of the key's origin, one that is not held yet? Whoever adds such a one has
 * it validated before the commit. */
bool catalog_adds_check(const struct catalog_txn *ct, uint32_t table_id, const Amberdb__CheckConstraint *c);
bool catalog_adds_reference(const struct catalog_txn *ct, const Amberdb__ForeignKeyConstraint *fk);
struct error *catalog_table_by_name(struct catalog_txn *ct, uint32_t database_id,
                                    const char *name, const struct table **out) ERR_MUST_USE;
struct error *catalog_table_by_id(struct catalog_txn *ct, uint32_t id, const struct table **out)
    ERR_MUST_USE;
/* Any state, as stored, but that modification_time (and create_as_of_time of a first version) are
 * those of the row, as v20.1 fills them in. */
struct error *catalog_descriptor(struct catalog_txn *ct, uint32_t id, const pb_descriptor **out)
    ERR_MUST_USE;
/* By id: what has a name in the database; 0: all descriptors, dropped ones, too. */
struct error *catalog_list(struct catalog_txn *ct, struct arena *a, uint32_t database_id,
                           const pb_descriptor ***out, size_t *n) ERR_MUST_USE;
struct error *catalog_list_databases(struct catalog_txn *ct, struct arena *a,
                                     const struct database ***out, size_t *n) ERR_MUST_USE;
struct error *catalog_list_tables(struct catalog_txn *ct, struct arena *a, uint32_t database_id,
                                  const struct table ***out, size_t *n) ERR_MUST_USE;
/* The id under a name in system.namespace, 0 when free (offline tables hold their names). */
struct error *catalog_namespace_get(struct catalog_txn *ct, uint32_t parent, uint32_t schema,
                                    const char *name, uint32_t *id) ERR_MUST_USE;

/* ---- names of statements, resolved as sql.md 4.1 says ---- */

struct name_resolver {       /* what of the session matters */
    const char *database;    /* current; "" none */
    int n_search_path;
    const char *const *search_path;
    const char *temp_schema; /* what pg_temp means; NULL: nothing temporary was made */
    /* pg_catalog, information_schema, crdb_internal: provided by the executor; NULL = none there.
     * db is NULL for "".schema. */
    const struct table *(*virtual_table)(void *arg, const struct database *db, const char *schema,
                                         const char *name);
    void *virtual_arg;
};

struct object_name {         /* up to three parts, as parsed; catalog and schema may be NULL */
    const char *catalog, *schema, *object;
    int position;
};

/* Find an existing relation: *out NULL when there is none (the caller words the error, usually
 * 42P01 relation "x" does not exist with the name as typed). db_name/schema_name may be NULL. */
struct error *catalog_resolve(struct catalog_txn *ct, const struct name_resolver *r,
                              const struct object_name *n, const struct table **out,
                              const struct database **db, const char **schema_name) ERR_MUST_USE;
/* Where would a new relation of this name go? Errors: 42704 no database specified, 3F000 cannot
 * create "x" because the target database or schema does not exist. */
struct error *catalog_resolve_target(struct catalog_txn *ct, const struct name_resolver *r,
                                     const struct object_name *n, const struct database **db)
    ERR_MUST_USE;

/* ---- changes; visible to this transaction at once ---- */

/* Did this transaction make the table? */
bool catalog_is_new(const struct catalog_txn *ct, uint32_t id);
struct error *catalog_new_id(struct catalog_txn *ct, uint32_t *id) ERR_MUST_USE; /* never given back */
/* That many in a row, for the price of one: each is a synced commit. */
struct error *catalog_new_ids(struct catalog_txn *ct, uint32_t n, uint32_t *first) ERR_MUST_USE;
struct error *catalog_id_counter(struct catalog_txn *ct, uint32_t *next) ERR_MUST_USE;
struct error *catalog_raise_id_counter(struct catalog_txn *ct, uint32_t at_least) ERR_MUST_USE;
/* Insert or replace system.descriptor's row; d is copied. A table's version is set by the caller;
 * its modification_time is not stored (readers take the row's). */
struct error *catalog_put_descriptor(struct catalog_txn *ct, uint32_t id, const pb_descriptor *d)
    ERR_MUST_USE;
struct error *catalog_delete_descriptor(struct catalog_txn *ct, uint32_t id) ERR_MUST_USE;
struct error *catalog_namespace_put(struct catalog_txn *ct, uint32_t parent, uint32_t schema,
                                    const char *name, uint32_t id) ERR_MUST_USE;
struct error *catalog_namespace_delete(struct catalog_txn *ct, uint32_t parent, uint32_t schema,
                                       const char *name) ERR_MUST_USE;
/* Has the transaction taken the name from what had it? It is free when the transaction is over. */
bool catalog_name_is_draining(const struct catalog_txn *ct, uint32_t parent, uint32_t schema,
                              const char *name);
/* Common edits: read-modify-write of a table: a mutable copy, then catalog_write_table bumps its
 * version (once per transaction; not at all for a table that it created) and writes it. */
struct error *catalog_mutable_table(struct catalog_txn *ct, struct arena *a, uint32_t id,
                                    pb_table **out) ERR_MUST_USE;
struct error *catalog_write_table(struct catalog_txn *ct, pb_table *t) ERR_MUST_USE;
/* What v20.1 would queue as mutations: columns, indexes, constraints; or a new primary key. 0A000 when
 * the transaction has both for one table that was there before it, or a job changes its primary key. */
enum catalog_change { CHANGE_MUTATION, CHANGE_PRIMARY_KEY };
struct error *catalog_note_change(struct catalog_txn *ct, const struct table *t,
                                  enum catalog_change change) ERR_MUST_USE;

/* ---- privileges ---- */

enum privilege { /* bit n of the stored mask. SOURCE: backup-format 3.2 */
    PRIV_ALL = 1,
    PRIV_CREATE = 2,
    PRIV_DROP = 3,
    PRIV_GRANT = 4,
    PRIV_SELECT = 5,
    PRIV_INSERT = 6,
    PRIV_DELETE = 7,
    PRIV_UPDATE = 8,
    PRIV_ZONECONFIG = 9,
};
extern const char *const privilege_names[10];
bool privileges_include(const Amberdb__PrivilegeDescriptor *p, const char *user_or_role,
                        enum privilege priv);
/* Role memberships counted; 42501 "user u does not have SELECT privilege on relation t". */
struct error *catalog_check_privilege(struct catalog_txn *ct, const char *user,
                                      const pb_descriptor *d, enum privilege priv) ERR_MUST_USE;
/* 42501 "user u has no privileges on relation t" */
struct error *catalog_check_any_privilege(struct catalog_txn *ct, const char *user,
                                          const pb_descriptor *d) ERR_MUST_USE;
/* Every role that user is a member of, directly or not. */
struct error *catalog_roles_of(struct catalog_txn *ct, const char *user,
                               const char *const **roles, size_t *n) ERR_MUST_USE;
struct error *catalog_is_admin(struct catalog_txn *ct, const char *user, bool *yes) ERR_MUST_USE;
/* 42501 "only users with the admin role are allowed to <action>" */
struct error *catalog_check_admin(struct catalog_txn *ct, const char *user, const char *action)
    ERR_MUST_USE;
Amberdb__PrivilegeDescriptor *privileges_default(struct arena *a); /* root and admin: ALL */

/* ---- system rows by typed access: users, settings, comments, zones ---- */

struct error *catalog_user_exists(struct catalog_txn *ct, const char *name, bool *exists,
                                  bool *is_role) ERR_MUST_USE;
struct error *catalog_user_password(struct catalog_txn *ct, struct arena *a, const char *name,
                                    struct slice *bcrypt) ERR_MUST_USE;
/* The zone configuration stored for an object (0: RANGE default); *out NULL when there is none. */
struct error *catalog_zone(struct catalog_txn *ct, struct arena *a, uint32_t id,
                           Amberdb__ZoneConfig **out) ERR_MUST_USE;
/* gc.ttlseconds of all zones; what is in force for a table (table zone, database zone, RANGE default). */
struct catalog_ttls;
struct error *catalog_ttls_read(struct catalog_txn *ct, struct arena *a,
                                struct catalog_ttls **out) ERR_MUST_USE;
int32_t catalog_gc_ttl(const struct catalog_ttls *l, const pb_table *t);

#endif
