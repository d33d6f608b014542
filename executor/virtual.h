/* executor/virtual.h - tables whose rows are made when they are asked for.
 *
 * pg_catalog, information_schema, crdb_internal. executor/show/ has one file per group of tables;
 * each file is a static array of struct virtual_table and a row in virtual_tables.def. Columns are
 * declared as in CREATE TABLE and parsed once per process.
 *
 *     static struct error *
 *     pg_database_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows) ...
 *
 *     static const struct virtual_table pg_tables_a[] = {
 *         { "pg_catalog", "pg_database", "oid OID, datname NAME NOT NULL, ...", pg_database_rows },
 *     };
 *     const struct virtual_group virtual_group_pg_a = { pg_tables_a, N };
 */
#ifndef AMBERDB_EXECUTOR_VIRTUAL_H
#define AMBERDB_EXECUTOR_VIRTUAL_H

#include "executor/exec.h"

struct virtual_scan {
    const struct table *table;
    const struct database *database; /* the one that was named; NULL for "".schema.table: all */
    /* WHERE has column `key_ordinal` = key: rows that do not match may be left out (or not). -1 */
    int key_ordinal;
    struct datum key;
    const bool *needed;              /* by column; others may be given as NULL */
};

struct virtual_table {
    const char *schema, *name;
    const char *columns;             /* "oid OID, relname NAME NOT NULL, x INT HIDDEN, ..." */
    struct error *(*rows)(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows);
    const char *comment;             /* NULL: not in v20.1; there for those who name it, in no list */
};

struct virtual_group {
    const struct virtual_table *v;
    size_t n;
};

/* executor/virtual_groups.def lists them: GROUP(x) is `virtual_group_x`. */
#define GROUP(x) extern const struct virtual_group virtual_group_##x;
#include "executor/virtual_groups.def"
#undef GROUP

/* The struct table of a virtual table: is_virtual, opaque = struct virtual_table. Ids are
 * those of virtual_ids.def. Made once per process, shared. executor/virtual.c */
struct virtual_registry;
struct error *virtual_registry_create(struct virtual_registry **out) ERR_MUST_USE;
void virtual_registry_destroy(struct virtual_registry *r);
const struct table *virtual_find(const struct virtual_registry *r, const char *schema,
                                 const char *name);
const struct table *virtual_by_id(const struct virtual_registry *r, uint32_t id);
bool virtual_schema_exists(const char *schema);
/* All of them, for catalogs that list themselves. */
int virtual_count(const struct virtual_registry *r);
const struct table *virtual_at(const struct virtual_registry *r, int i);
/* The process-wide one (made at first use, immutable). */
const struct virtual_registry *virtual_tables(void);

#endif
