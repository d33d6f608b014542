/* catalog/desc.h - descriptors in the form that planner and executor use.
 *
 * What is stored is a protobuf (catalog/amberdb.proto, generated catalog/amberdb.pb-c.h). A struct
 * table wraps one: types resolved, ids turned into ordinals, mutations sorted in. Immutable, shared
 * between threads, kept alive by a reference count (table_ref, table_unref); a transaction's
 * uncommitted tables live in its arena with the same shape.
 */
#ifndef AMBERDB_CATALOG_DESC_H
#define AMBERDB_CATALOG_DESC_H

#include "base/clock.h"
#include "catalog/amberdb.pb-c.h"
#include "types/type.h"

typedef Amberdb__Descriptor pb_descriptor;
typedef Amberdb__TableDescriptor pb_table;
typedef Amberdb__DatabaseDescriptor pb_database;
typedef Amberdb__ColumnDescriptor pb_column;
typedef Amberdb__IndexDescriptor pb_index;

enum desc_state { /* of a column or index */
    DESC_PUBLIC,
    DESC_WRITE_ONLY,  /* being added or dropped: written and deleted, not read */
    DESC_DELETE_ONLY, /* only deletions reach it */
};

struct column {
    uint32_t id;
    const char *name;
    const struct type *type;
    bool nullable, hidden;
    const char *default_expr; /* SQL text or NULL */
    const char *compute_expr; /* SQL text or NULL */
    enum desc_state state;
    uint32_t family;          /* its column family's id */
    const pb_column *pb;
};

struct index {
    uint32_t id;
    const char *name;
    bool primary;           /* the table's primary index */
    bool unique, inverted;
    bool primary_encoding;  /* rows as in a primary index: it is one, or encoding_type is 1 */
    uint32_t version;
    enum desc_state state;
    bool adding;            /* in a mutation that adds it (else one that drops it) */
    int n_keys;             /* columns named in the index, by ordinal into table.columns */
    const int *keys;
    const uint8_t *desc;    /* 1 = descending, parallel to keys */
    int n_extra;            /* implicit columns behind the key: the missing primary key columns,
                             * and the stored ones of 1.0's STORING format */
    const int *extra;
    int n_stored;
    const int *stored;
    const bool *composite;  /* by column ordinal: its datum may be stored besides the key */
    const pb_index *pb;     /* interleave, partitioning, sharding */
    const struct row_plan *plan; /* how rows are laid out: row.c's own; NULL for virtual tables */
};

struct table {
    uint32_t id, parent_id;
    const char *name;
    uint32_t version;
    struct hlc modification_time;
    bool is_view, is_sequence, is_temporary, is_virtual;
    int n_columns;               /* public ones: columns[0..n_columns) */
    int n_all_columns;           /* then those in mutations */
    const struct column *columns;
    int n_indexes;               /* public: indexes[0] is the primary; 0 for views */
    int n_all_indexes;           /* then those in mutations */
    const struct index *indexes;
    const pb_table *pb;
    const pb_table *held;        /* whose checks and foreign keys rows have to keep: pb, or a copy without
                                  * those that the transaction itself adds */
    void *opaque;                /* virtual tables: who makes the rows */
};

struct database {
    uint32_t id;
    const char *name;
    const pb_database *pb;
};

/* Build from a descriptor message; everything in the arena, pb borrowed (must live as long).
 * XX001 when the descriptor contradicts itself. */
struct error *table_from_pb(struct arena *a, const pb_table *pb, const struct table **out)
    ERR_MUST_USE;
/* A table in which the columns and indexes that `before` has not are those of mutations: write only, unique
 * indexes delete only; and columns that were nullable are. t itself when there are none. They have to
 * stand behind the others. */
const struct table *table_without_additions(struct arena *a, const struct table *t,
                                            const pb_table *before);
const struct column *table_column(const struct table *t, const char *name); /* public ones; NULL */
int table_column_ordinal(const struct table *t, uint32_t column_id);        /* any; -1 */
/* XXUUU requested table does not have a primary key: dropped in this transaction, none added yet. */
struct error *table_check_key(const struct table *t) ERR_MUST_USE;
const struct index *table_index(const struct table *t, const char *name);   /* public; NULL */
const struct index *table_index_by_id(const struct table *t, uint32_t id);  /* any; NULL */
const struct index *table_primary(const struct table *t);                   /* NULL: a view */

/* Upgraded (backup-format 4.4); NULL when it is no type of a column or expression. */
const struct type *type_from_pb(struct arena *a, const Amberdb__InternalType *pb);
/* With the old fields that v20.1 still writes. */
Amberdb__InternalType *type_to_pb(struct arena *a, const struct type *t);

/* Deep copies whose memory is the arena's, for changing. */
pb_table *pb_table_copy(struct arena *a, const pb_table *t);
pb_database *pb_database_copy(struct arena *a, const pb_database *d);
/* Parse and pack; unknown fields kept. More in catalog/pb.h. */
struct error *pb_descriptor_parse(struct arena *a, struct slice bytes, pb_descriptor **out)
    ERR_MUST_USE;
struct slice pb_descriptor_pack(struct arena *a, const pb_descriptor *d);
pb_descriptor *pb_descriptor_of_table(struct arena *a, pb_table *t); /* the wrapping message */
pb_descriptor *pb_descriptor_of_database(struct arena *a, pb_database *d);
/* What a descriptor holds, or NULL. */
const pb_table *pb_descriptor_table(const pb_descriptor *d);
const pb_database *pb_descriptor_database(const pb_descriptor *d);
uint32_t pb_descriptor_id(const pb_descriptor *d);
const char *pb_descriptor_name(const pb_descriptor *d);

/* The upgrades of backup-format 4.3 (modification time, types, families, privileges, checks) and,
 * over all given tables, old foreign keys. In place; idempotent. mvcc_time: when this version was
 * written, empty when not known. */
struct error *desc_upgrade_table(struct arena *a, pb_table *t, struct hlc mvcc_time) ERR_MUST_USE;
struct error *desc_upgrade_foreign_keys(struct arena *a, pb_table **tables, size_t n,
                                        bool skip_missing) ERR_MUST_USE;
/* restore-mechanics 7; parents and other sides are looked up by the callback (NULL = not there). */
struct error *desc_validate_table(const pb_table *t,
                                  const pb_descriptor *(*lookup)(void *arg, uint32_t id),
                                  void *arg) ERR_MUST_USE;

#endif
