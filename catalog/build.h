/* catalog/build.h - making and changing table descriptors: names and ids as v20.1 gives them.
 *
 * The caller fills messages by names only; build_finish_table then gives ids, automatic names,
 * implicit columns, families and everything derived to what has none yet. Calling it again after a
 * change (a new column, a new index, either also inside a mutation) completes only what is new.
 * SOURCE: CockroachDB v20.1 pkg/sql/sqlbase/structured.go, AllocateIDs; sql.md 11.
 *
 *     pb_table *t = build_table(a, db->id, "t");
 *     pb_column *c = build_column(a, "k", &TYPE_INT8, false);
 *     PB_PUSH(a, t->columns, t->n_columns, c);
 *     pb_index *pk = build_index(a, "primary", true);
 *     build_index_column(a, pk, "k", false);
 *     t->primary_index = pk;
 *     ERR_TRY(build_finish_table(a, t));
 *     PB_SET(t, id, id);
 */
#ifndef AMBERDB_CATALOG_BUILD_H
#define AMBERDB_CATALOG_BUILD_H

#include "catalog/desc.h"

/* A physical table or, when the caller sets view_query, a view: version 1, format 3, no id. The
 * privileges are those of a fresh object (admin and root: ALL). */
pb_table *build_table(struct arena *a, uint32_t parent_id, const char *name);
pb_column *build_column(struct arena *a, const char *name, const struct type *type,
                        bool nullable);
/* name NULL: made up by build_finish_table. Version 1 as v20.1 has for all but indexes made for a
 * foreign key (the DDL sets those to 0), implicit primary keys and sequences. The DDL sets
 * created_explicitly, type, interleave and so on. */
pb_index *build_index(struct arena *a, const char *name, bool unique);
void build_index_column(struct arena *a, pb_index *ix, const char *column, bool descending);
void build_index_store(struct arena *a, pb_index *ix, const char *column); /* STORING */
Amberdb__ColumnFamilyDescriptor *build_family(struct arena *a, const char *name); /* NULL: made up */
Amberdb__DescriptorMutation *build_mutation_column(struct arena *a, pb_column *c, bool add,
                                                   uint32_t mutation_id);
Amberdb__DescriptorMutation *build_mutation_index(struct arena *a, pb_index *ix, bool add,
                                                  uint32_t mutation_id);
/* A whole sequence descriptor but for its id. */
pb_table *build_sequence(struct arena *a, uint32_t parent_id, const char *name,
                         Amberdb__SequenceOpts *opts);
pb_database *build_database(struct arena *a, uint32_t id, const char *name);

/* Errors in v20.1's words: duplicate column and index names (XXUUU), unknown columns (42703), stored
 * columns that the index has anyway (42701). */
struct error *build_finish_table(struct arena *a, pb_table *t) ERR_MUST_USE;
/* 54011 for a table that could not be read again, or is to have so many columns. */
struct error *build_not_too_large(const pb_table *t, size_t n_columns) ERR_MUST_USE;

/* ---- automatic names ---- */

/* prefix, or prefix_1, prefix_2 ... when taken. */
char *build_unique_name(struct arena *a, const char *prefix,
                        bool (*taken)(void *arg, const char *name), void *arg);
/* <table>_<columns>_key or _idx, with 1, 2 ... */
char *build_index_name(struct arena *a, const pb_table *t, const pb_index *ix);
/* check_<columns in order of mention>, with 1, 2 ... */
char *build_check_name(struct arena *a, const pb_table *t, const char *const *columns, size_t n);
/* fk_<first column>_ref_<table>, with _1, _2 ... */
char *build_fk_name(struct arena *a, const pb_table *t, const char *first_column,
                    const char *referenced_table);
/* Is the name that of an index, check, foreign key or pending constraint of the table? */
bool build_constraint_name_taken(const pb_table *t, const char *name);

/* ---- looking into messages being changed ---- */

pb_column *build_find_column(const pb_table *t, const char *name);        /* mutations too */
pb_column *build_find_column_by_id(const pb_table *t, uint32_t id);       /* mutations too */
pb_index *build_find_index(const pb_table *t, const char *name);          /* mutations too */
pb_index *build_find_index_by_id(const pb_table *t, uint32_t id);         /* mutations too */

#endif
