/* executor/schema/zone.h - zone configurations: rows of system.zones, a ZoneConfig message each, with
 * the configurations of indexes and partitions (subzones) inside their table's.
 *
 * A row that is there for its subzones only is a placeholder: num_replicas is 0.
 * SOURCE: cluster.md 2 to 5; CockroachDB v20.1 pkg/sql/set_zone_config.go, pkg/config/zonepb.
 */
#ifndef AMBERDB_EXECUTOR_SCHEMA_ZONE_H
#define AMBERDB_EXECUTOR_SCHEMA_ZONE_H

#include "catalog/catalog.h"
#include "executor/exec.h"

/* ---- zone.c ---- */

bool zone_is_placeholder(const Amberdb__ZoneConfig *z);
Amberdb__ZoneConfig *zone_new(struct arena *a); /* everything inherited */
/* The stored configuration of an index (partition NULL) or partition; NULL when there is none. */
const Amberdb__ZoneConfig *zone_subzone(const Amberdb__ZoneConfig *z, uint32_t index_id,
                                        const char *partition);
struct error *zone_put(struct exec_ctx *x, uint32_t id, Amberdb__ZoneConfig *z) ERR_MUST_USE;
struct error *zone_delete(struct exec_ctx *x, uint32_t id) ERR_MUST_USE;
/* With the spans of its subzones; a placeholder without subzones goes. */
struct error *zone_store_table(struct exec_ctx *x, const struct table *t, Amberdb__ZoneConfig *z)
    ERR_MUST_USE;
bool zone_has_partition(const Amberdb__PartitioningDescriptor *p, const char *name);
/* Subzones of indexes and partitions that the table has no more are dropped. */
struct error *zone_forget_partitions(struct exec_ctx *x, const struct table *t) ERR_MUST_USE;

/* What is missing in z is taken from base. */
void zone_inherit(Amberdb__ZoneConfig *z, const Amberdb__ZoneConfig *base);
struct zone_source {           /* whose zone applies */
    enum {
        ZONE_FROM_DEFAULT, ZONE_FROM_DATABASE, ZONE_FROM_SELF, ZONE_FROM_INDEX,
        ZONE_FROM_PARTITION,
    } kind;
    uint32_t database_id;
};
/* The effective configuration of an object. index_id 0: of the table itself, a database, or a range by
 * its id; partition NULL: of the index. source may be NULL. */
struct error *zone_effective(struct exec_ctx *x, uint32_t id, uint32_t index_id,
                             const char *partition, Amberdb__ZoneConfig **out,
                             struct zone_source *source) ERR_MUST_USE;

/* "range_min_bytes = 1,\n..." : the variables that are set, each line behind `indent`. */
void zone_vars(struct arena *a, struct str *s, const Amberdb__ZoneConfig *z, const char *indent);
void zone_constraints_text(struct str *s, const Amberdb__ZoneConfig *z);
void zone_preferences_text(struct str *s, const Amberdb__ZoneConfig *z);
/* ALTER <target> CONFIGURE ZONE USING\n\t... */
char *zone_sql(struct arena *a, const char *target, const Amberdb__ZoneConfig *z);
/* INDEX d.public.t@i, PARTITION p OF INDEX d.public.t@i; NULL when the index is gone. */
char *zone_subzone_target(struct exec_ctx *x, const struct table *t, const Amberdb__Subzone *sub);
/* All that is stored for a table, its indexes and partitions, as SHOW CREATE TABLE appends it; NULL
 * when nothing is. */
struct error *zone_table_sql(struct exec_ctx *x, const struct table *t, const char **out)
    ERR_MUST_USE;

/* ---- zone_yaml.c: the texts of constraints and lease_preferences, and whole configurations ---- */

/* A whole one, as crdb_internal.zones has it. */
const char *zone_yaml_text(struct arena *a, const Amberdb__ZoneConfig *z);

struct error *zone_parse_constraints(struct arena *a, struct slice yaml, Amberdb__ZoneConfig *z)
    ERR_MUST_USE;
struct error *zone_parse_preferences(struct arena *a, struct slice yaml, Amberdb__ZoneConfig *z)
    ERR_MUST_USE;
/* CONFIGURE ZONE = '...': sets what the text names. */
struct error *zone_parse_config(struct arena *a, struct slice yaml, Amberdb__ZoneConfig *z)
    ERR_MUST_USE;

/* ---- zone_spans.c: which keys belong to which subzone ---- */

struct error *zone_spans(struct exec_ctx *x, const struct table *t, Amberdb__ZoneConfig *z)
    ERR_MUST_USE;

/* ---- zone_config.c: what a statement names ---- */

struct zone_target {
    uint32_t id;               /* of the row: table, database or range */
    const struct table *t;     /* tables, indexes, partitions */
    const struct database *db; /* databases */
    const struct index *ix;    /* indexes, partitions */
    const char *partition;     /* or NULL */
    const char *text;          /* as typed: TABLE t, RANGE default */
};
/* One target but for PARTITION .. OF INDEX t@*, which may be any number. */
struct error *zone_resolve(struct exec_ctx *x, const struct ast_zone_target *n,
                           struct zone_target **out, size_t *n_out) ERR_MUST_USE;
/* default, meta, liveness, system, timeseries; NULL for other ids. */
const char *zone_range_name(uint32_t id);

#endif
