/* executor/schema/zone.h - zone configurations: rows of system.zones, a ZoneConfig message each, with
 * the configurations of indexes and partitions (subzones) inside their table's.
 * SOURCE: cluster.md 2 to 5; CockroachDB v20.1 pkg/sql/set_zone_config.go, pkg/config/zonepb.
 */
#ifndef AMBERDB_EXECUTOR_SCHEMA_ZONE_H
#define AMBERDB_EXECUTOR_SCHEMA_ZONE_H

#include "catalog/catalog.h"
#include "executor/exec.h"

/* Subzones of partitions that the table has no more are dropped. */
struct error *zone_forget_partitions(struct exec_ctx *x, const struct table *t) ERR_MUST_USE;

/* "\n\trange_min_bytes = 1,\n\t..." : the variables that are set, in v20.1's order; "" when none is.
 * Each line begins with `indent`. */
void zone_vars(struct str *s, const Amberdb__ZoneConfig *z, const char *indent);
/* Everything stored for a table and its indexes and partitions, as SHOW CREATE TABLE appends it:
 * "ALTER TABLE d.public.t CONFIGURE ZONE USING\n\t...;\nALTER ..." or NULL. */
struct error *zone_table_sql(struct exec_ctx *x, const struct table *t, const char **out)
    ERR_MUST_USE;
/* What is missing in z is taken from base. */
void zone_inherit(Amberdb__ZoneConfig *z, const Amberdb__ZoneConfig *base);
/* The effective configuration of an object: index_id 0: of the table itself (or a database, or a range
 * by its id); partition NULL: of the index. *own: the object has a zone of its own (may be NULL). */
struct error *zone_effective(struct exec_ctx *x, uint32_t id, uint32_t index_id,
                             const char *partition, Amberdb__ZoneConfig **out, bool *own)
    ERR_MUST_USE;
/* The stored configuration of an index or partition; NULL when there is none. */
const Amberdb__ZoneConfig *zone_subzone(const Amberdb__ZoneConfig *z, uint32_t index_id,
                                        const char *partition);

#endif
