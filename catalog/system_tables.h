/* catalog/system_tables.h - the tables of database `system` as v20.1 makes them, and a new store.
 *
 * SOURCE: kv-encoding 12, CockroachDB v20.1 pkg/sql/sqlbase/system.go; eight of them are compared
 * byte for byte with a real backup in regress/unit/test_catalog.c.
 */
#ifndef AMBERDB_CATALOG_SYSTEM_TABLES_H
#define AMBERDB_CATALOG_SYSTEM_TABLES_H

#include "catalog/desc.h"
#include "storage/txn.h"

#define SYSTEM_TABLE_COUNT 26

/* Descriptor i of 0 .. SYSTEM_TABLE_COUNT-1, in the arena: version 1, times empty (readers take
 * them from the row's timestamp). */
pb_table *system_table(struct arena *a, int i);
pb_database *system_database(struct arena *a);

/* Exact mask of the privileges that root and admin have on a system object; 2 (ALL) for others. */
uint32_t system_privileges(uint32_t id);

/* Keys and values that are written below SQL. Sealed. */
void system_descriptor_key(struct str *s, uint32_t id);
void system_namespace_key(struct str *s, uint32_t parent, uint32_t schema, const char *name);
void system_namespace_old_key(struct str *s, uint32_t parent, const char *name);
void system_bytes_value(struct str *s, struct slice key, struct slice bytes);
void system_int_value(struct str *s, struct slice key, int64_t v);

/* All rows of a new store into the transaction: descriptors, names, zones, settings, root, admin,
 * the id counter, defaultdb and postgres. */
struct error *system_bootstrap(struct kv_txn *t, struct arena *a) ERR_MUST_USE;

#endif
