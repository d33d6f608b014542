/* executor/schema/schema_int.h - what the DDL statements share. */
#ifndef AMBERDB_EXECUTOR_SCHEMA_INT_H
#define AMBERDB_EXECUTOR_SCHEMA_INT_H

#include "catalog/pb.h"
#include "executor/statement.h"

const char *ddl_text(struct exec_ctx *x, struct slice s); /* a slice as a C string in x->arena */
struct object_name ddl_object_name(struct exec_ctx *x, const struct ast_object_name *n);
const char *ddl_name_shown(struct exec_ctx *x, const struct ast_object_name *n); /* as typed */

/* A database by name; 3D000 `database "d" does not exist`, or *out NULL with if_exists. 42601 for an
 * empty name. */
struct error *ddl_database(struct exec_ctx *x, struct slice name, bool if_exists,
                           const struct database **out) ERR_MUST_USE;

/* DDL_KEYLESS_TABLE: one whose primary key this transaction has dropped is fine. */
enum ddl_relation { DDL_ANY, DDL_TABLE, DDL_VIEW, DDL_SEQUENCE, DDL_KEYLESS_TABLE };
/* An existing relation of that kind. 42P01 when it is not there (*out NULL with if_exists), 42809
 * `"x" is not a table` for another kind. Of virtual ones nobody has but SELECT: 42501, which names wanted. */
struct error *ddl_relation(struct exec_ctx *x, const struct ast_object_name *n,
                           enum ddl_relation kind, bool if_exists, enum privilege wanted,
                           const struct table **out,
                           const struct database **db) ERR_MUST_USE;
/* 42501 user u does not have <PRIV> privilege on relation/database d. */
struct error *ddl_check_table(struct exec_ctx *x, const struct table *t, enum privilege p)
    ERR_MUST_USE;
struct error *ddl_check_database(struct exec_ctx *x, const struct database *db, enum privilege p)
    ERR_MUST_USE;
/* Where a new relation goes, with the CREATE privilege on the database checked; 42P07 when the name
 * is taken (`exists` instead when if_not_exists). temporary: CREATE TEMP; a name in pg_temp says
 * so, too. */
struct ddl_target {
    const struct database *db;
    uint32_t schema_id;
    bool temporary, exists;
};
struct error *ddl_new_relation(struct exec_ctx *x, const struct ast_object_name *n, bool temporary,
                               bool if_not_exists, struct ddl_target *out) ERR_MUST_USE;
/* system.namespace's row of a relation that has its id. */
struct error *ddl_put_name(struct exec_ctx *x, const pb_table *t) ERR_MUST_USE;

/* temporary.c */
/* A name in pg_temp is temporary and loses its schema; a temporary one in another is refused. */
struct error *ddl_temporary_name(struct exec_ctx *x, struct object_name *name,
                                 bool *temporary) ERR_MUST_USE;
/* The id of the session's temporary schema in a database, made when it is not there. 0A000 unless
 * experimental_enable_temp_tables. */
struct error *ddl_temporary_schema(struct exec_ctx *x, const struct database *db,
                                   uint32_t *id) ERR_MUST_USE;
/* Forget all temporary schemas of a database that is dropped. */
struct error *ddl_temporary_schemas_gone(struct exec_ctx *x, uint32_t database_id) ERR_MUST_USE;

/* "db.public.t" with quotes where needed. */
const char *ddl_qualified(struct exec_ctx *x, const struct table *t);

/* A mutable copy of another relation, the same one for the whole statement transaction: edits through
 * several paths meet. */
struct error *ddl_mutable(struct exec_ctx *x, uint32_t id, pb_table **out) ERR_MUST_USE;

/* event.c: a row of system.eventlog, its info in v20.1's order: n_names of the n fields, the statement,
 * the user, the other fields. */
struct ddl_field {
    const char *key, *value;
    bool raw;               /* value is JSON as it is */
};
enum { NO_STATEMENT = -1 }; /* as n_names: the fields and the user */
struct error *ddl_event(struct exec_ctx *x, const char *type, uint32_t target, int n_names, int n,
                        const struct ddl_field *fields) ERR_MUST_USE;
/* Without any field. */
struct error *event_plain(struct exec_ctx *x, const char *type, uint32_t target) ERR_MUST_USE;
struct error *ddl_event_named(struct exec_ctx *x, const char *type, uint32_t target, const char *key,
                              const char *name) ERR_MUST_USE;
const char *ddl_json_list(struct exec_ctx *x, const char *const *v, size_t n); /* null when empty */
/* The statement with full names, as jobs describe themselves. To be taken before names change. */
const char *ddl_job_text(struct exec_ctx *x);
Amberdb__Payload *ddl_payload(struct exec_ctx *x, const char *text, uint32_t table_id);
/* A row of system.jobs. running_status and id may be NULL. */
struct error *ddl_put_job(struct exec_ctx *x, Amberdb__Payload *p, const char *status,
                          double fraction, const char *running_status, int64_t *id) ERR_MUST_USE;

/* change_job.c: a SCHEMA CHANGE job that is done when the transaction commits; mutation_id 0: none. */
struct error *ddl_job(struct exec_ctx *x, const char *text, uint32_t table_id,
                      uint32_t mutation_id) ERR_MUST_USE;
/* {"MutationID":n} */
struct error *ddl_event_mutation(struct exec_ctx *x, const char *type, uint32_t target,
                                 uint32_t mutation_id) ERR_MUST_USE;
/* reverse_schema_change: why it is taken back. */
struct error *ddl_event_reversed(struct exec_ctx *x, uint32_t target, uint32_t mutation_id,
                                 const char *error) ERR_MUST_USE;
/* A SCHEMA CHANGE GC job: "GC for <text>", of tables or of a table's indexes. */
struct error *ddl_gc_job(struct exec_ctx *x, const char *text, uint32_t parent_id,
                         const uint32_t *indexes, size_t n_indexes, const uint32_t *tables,
                         size_t n_tables) ERR_MUST_USE;
/* e, of a change: when it came of rows that are there, a failed job follows the rollback. */
struct error *ddl_job_failed(struct exec_ctx *x, uint32_t table_id, struct error *e) ERR_MUST_USE;
/* A change of rows that are there fails, between BEGIN and COMMIT, at COMMIT: its statement is undone and
 * the error of COMMIT is XXA00, the rest is committed. To be taken before the statement does anything. */
struct ddl_undo {
    bool taken;
    uint64_t token;
};
void ddl_undo_point(struct exec_ctx *x, uint32_t table_id, struct ddl_undo *u);
struct error *ddl_put_off(struct exec_ctx *x, const struct ddl_undo *u, uint32_t table_id,
                          struct error *e) ERR_MUST_USE;
/* "db.schema.t", with quotes where they are needed. */
const char *ddl_full_name(struct exec_ctx *x, const struct table *t);
const char *ddl_statement_text(struct exec_ctx *x); /* as events tell it: names as they were written */
/* The event create_statistics, if sql.stats.post_events asks for it. */
struct error *ddl_stats_event(struct exec_ctx *x, uint32_t table_id, const char *name,
                              const char *statement) ERR_MUST_USE;
/* XXA00 transaction committed but schema change aborted with error: (23505): ... */
struct error *ddl_committed_without(const char *code, const char *message) ERR_MUST_USE;
/* A job brings the rows for what `before` has not (ddl_start_job): from the statement's end on, or from
 * COMMIT on, for all that the transaction added to the table. */
struct error *ddl_leave_rows(struct exec_ctx *x, const char *text, uint32_t table_id,
                             const pb_table *before, uint32_t mutation_id) ERR_MUST_USE;
/* Rows that wait for COMMIT come now: what follows looks at them. */
struct error *ddl_bring_rows(struct exec_ctx *x, uint32_t table_id) ERR_MUST_USE;
/* The number of the change that the statement makes to the table. */
struct error *ddl_take_mutation_id(struct exec_ctx *x, uint32_t table_id, uint32_t *id)
    ERR_MUST_USE;

/* column.c: a column definition as a descriptor's column. What the definition says besides the
 * column itself is left in `extra`. t: the relation it goes into; its name and schema are read. */
struct ddl_column_extra {
    const struct ast_col_qual *primary_key, *unique, *family;
    struct slice key_name;                  /* of either: the last one given; empty: none */
    int n_checks, n_references;
    const struct ast_col_qual **checks, **references;
    const struct ast_col_qual *computed;    /* typed later, over the whole table */
};
struct error *ddl_column(struct exec_ctx *x, const struct ast_column_def *def, const pb_table *t,
                         pb_column **out, struct ddl_column_extra *extra) ERR_MUST_USE;
struct error *ddl_column_type(struct exec_ctx *x, const struct ast_type *n,
                              const struct type **out) ERR_MUST_USE;
/* 42P16 when a query's column of type t cannot be one of a table or view. */
struct error *ddl_check_value_type(struct exec_ctx *x, const struct type *t) ERR_MUST_USE;
/* The columns of t, to be named with table, schema and database in front, too. */
struct error *ddl_scope(struct exec_ctx *x, const struct table *t, struct scope **out) ERR_MUST_USE;
/* XXUUU expected <what> expression to have type ... */
struct error *ddl_wrong_type(struct exec_ctx *x, const char *what, const struct ast_expr *ast,
                             const struct type *has, const struct type *wanted) ERR_MUST_USE;
/* Type a DEFAULT for a column and store it: default_expr and uses_sequence_ids. */
struct error *ddl_set_default(struct exec_ctx *x, const struct ast_expr *e, const struct type *type,
                              pb_column *c) ERR_MUST_USE;
/* A computed column's expression, over the table's columns. */
struct error *ddl_set_computed(struct exec_ctx *x, const struct table *t, const struct ast_expr *e,
                               pb_column *c) ERR_MUST_USE;
/* Tell the sequences that t's columns use about it; t has its id. */
struct error *ddl_link_sequences(struct exec_ctx *x, const pb_table *t) ERR_MUST_USE;

/* sequence_ddl.c: the sequence <table>_<column>_seq of a SERIAL column, with a number when the name is
 * taken. */
struct error *ddl_serial_sequence(struct exec_ctx *x, const pb_table *t, const char *column,
                                  bool virtual_, const char **name) ERR_MUST_USE;
/* The 42703 of an expression over a table as 42P16 column "b" not found, referenced in "b > 1". Other
 * errors and NULL pass. */
struct error *ddl_unknown_column(struct exec_ctx *x, struct error *err,
                                 const struct ast_expr *e) ERR_MUST_USE;
/* shard.c: crdb_internal_<columns>_shard_<n> */
char *build_shard_name(struct arena *a, const char *const *columns, size_t n, int buckets);
/* Put the hidden shard column in front of the index; it and its check are added to t. Once columns have
 * ids, ddl_shard_checks completes the checks. */
struct error *ddl_shard_index(struct exec_ctx *x, pb_table *t, pb_index *ix,
                              const struct ast_sharded *n, bool interleaved,
                              bool partitioned) ERR_MUST_USE;
/* alter_column.c: does a stored expression of t read the column? */
struct error *ddl_expression_uses(struct exec_ctx *x, const struct table *t, const char *sql,
                                  uint32_t column_id, bool *yes) ERR_MUST_USE;
/* After an index was removed: its shard column goes when no other index uses it. */
struct error *ddl_shard_gone(struct exec_ctx *x, uint32_t table_id, const char *shard,
                             bool for_job) ERR_MUST_USE;
void ddl_shard_checks(struct exec_ctx *x, pb_table *t);

/* constraint.c */
struct error *ddl_add_check(struct exec_ctx *x, pb_table *t, const struct table *view,
                            struct slice name, const struct ast_expr *e) ERR_MUST_USE;
/* Adds to t's outbound keys and, when the other table is another one, writes its inbound side. */
struct error *ddl_add_foreign_key(struct exec_ctx *x, pb_table *t, struct slice name,
                                  const struct ast_names *columns,
                                  const struct ast_foreign_key *fk, bool make_index) ERR_MUST_USE;

/* A check or an outbound foreign key of that name. */
bool ddl_has_constraint(const pb_table *t, const char *name);
/* Between BEGIN and COMMIT: the transaction has dropped a column of that name, and t has no other. */
bool ddl_column_dropped(struct exec_ctx *x, const pb_table *t, const char *name);
/* Both sides of a foreign key, by its name at the origin. */
struct error *ddl_remove_foreign_key(struct exec_ctx *x, uint32_t origin_id, const char *name)
    ERR_MUST_USE;
struct error *ddl_rename_foreign_key(struct exec_ctx *x, uint32_t origin_id, const char *name,
                                     const char *new_name) ERR_MUST_USE;
struct error *ddl_foreign_key_validity(struct exec_ctx *x, uint32_t origin_id, const char *name,
                                       Amberdb__ConstraintValidity validity) ERR_MUST_USE;

/* partition.c: PARTITION BY for an index whose columns have ids. */
struct error *ddl_partitioning(struct exec_ctx *x, pb_table *t, pb_index *ix,
                               const struct ast_partition_by *n) ERR_MUST_USE;
struct error *ddl_partition_index(struct exec_ctx *x, uint32_t table_id, uint32_t index_id,
                                  const struct ast_partition_by *n) ERR_MUST_USE;
/* histogram.c */
bool ddl_histogram_of(const struct type *t); /* may columns of the type have one? */
struct error *ddl_histogram_inject(struct exec_ctx *x, const struct datum *buckets,
                                   const struct type *t, struct datum *out) ERR_MUST_USE;
struct error *ddl_histogram_json(struct exec_ctx *x, const struct datum *bytes,
                                 struct str *out) ERR_MUST_USE;

/* statistics.c: counts: rows, distinct values, NULLs; created NULL: now. replace: instead of older ones of
 * the same columns, but for some of those that were made by themselves. */
struct error *ddl_put_statistic(struct exec_ctx *x, uint32_t table_id, struct datum name,
                                const int64_t *ids, int n, const int64_t counts[3],
                                struct datum created, struct datum histogram,
                                bool replace) ERR_MUST_USE;
struct error *ddl_inject_statistics(struct exec_ctx *x, const struct table *t,
                                    const struct ast_expr *json) ERR_MUST_USE;

/* index.c: an index definition as a descriptor's index, names only. */
/* A hash-sharded one adds its hidden column to t. */
struct error *ddl_index(struct exec_ctx *x, pb_table *t, const struct ast_index_def *def,
                        bool unique, pb_index **out) ERR_MUST_USE;
/* INTERLEAVE IN PARENT for an index of t whose columns have ids; the parent's side is written by
 * ddl_link_interleaves once t has its id. */
struct error *ddl_interleave(struct exec_ctx *x, pb_table *t, pb_index *ix,
                             const struct ast_interleave *n) ERR_MUST_USE;
struct error *ddl_link_interleaves(struct exec_ctx *x, const pb_table *t, const pb_index *ix)
    ERR_MUST_USE;
/* An index was added to the table that was `before`: fill its hidden shard column, then the index.
 * The descriptor is written. Entries of a unique one that the transaction adds to a table from before it
 * come at COMMIT: writers do not look for duplicates until then. */
struct error *ddl_fill_index(struct exec_ctx *x, const struct table *before, uint32_t index_id)
    ERR_MUST_USE;
/* Rows are gone through in pieces of a transaction each where writers shall not have to wait for all. */
struct ddl_piece {
    struct slice from;         /* the key to begin with; empty: the first */
    struct slice to;           /* the last key that matters; empty: all do */
    uint64_t max_rows;
    size_t max_bytes;          /* of what is written; looked at after each row */
    const struct table *seen;  /* ddl_rewrite_rows: the table as its writers know it */
    bool rows_alone;           /* rows that come between do not matter: only those read count as read */
    bool lock;                 /* so that those read stay */
    /* out */
    uint64_t rows;
    size_t bytes;
    struct slice first;        /* key of the first row, in x->arena; empty: there was none */
    struct slice next;         /* what `from` is of the next piece, in x->arena; empty: that was the last */
};

/* backfill.c: write the entries of a new index for every row that x's transaction sees. 23505 for
 * duplicates. piece (NULL: all rows): entries that are there already, of the same rows, are fine. */
struct error *ddl_backfill_index(struct exec_ctx *x, const struct table *t, const struct index *ix,
                                 struct ddl_piece *piece) ERR_MUST_USE;

/* clear_index.c: has the index another table's rows around its entries? Then they go with it. */
bool ddl_is_interleaved(const pb_index *ix);
/* Remove the entries, which nobody writes any more, of an interleaved index. piece (NULL: all): max_rows
 * counts all keys that are looked at. */
struct error *ddl_clear_index(struct exec_ctx *x, const struct table *t, const struct index *ix,
                              struct ddl_piece *piece) ERR_MUST_USE;
/* Is the table around the entries another one, that stays? Not when it is `root`. */
struct error *ddl_lies_among(struct exec_ctx *x, const struct table *t, const struct index *ix,
                             uint32_t root, bool *yes) ERR_MUST_USE;
/* uninterleave.c: the index is interleaved in table `gone`, maybe through others, no more: it and those in it
 * have their entries moved. */
struct error *ddl_uninterleave(struct exec_ctx *x, uint32_t table_id, uint32_t index_id,
                               uint32_t gone) ERR_MUST_USE;
/* Those of all indexes of a table that goes, but where the table around them does, too, or is `root`. */
struct error *ddl_clear_interleaved(struct exec_ctx *x, const pb_table *t, uint32_t root) ERR_MUST_USE;

struct error *ddl_duplicate_key(struct exec_ctx *x, const struct table *t, const struct index *ix,
                                const struct datum *row) ERR_MUST_USE; /* 23505 */

/* online.c: a change whose rows a job brings while others read and write the table. */
/* Is it for a job? Not when there are few rows, nor in a table that the transaction made. */
struct error *ddl_is_for_job(struct exec_ctx *x, const struct table *t, bool *yes) ERR_MUST_USE;
/* The written descriptor lacks columns or interleaved indexes of `before`, or has another primary key, but
 * the rows are as they were: that becomes mutations. */
struct error *ddl_defer_losses(struct exec_ctx *x, uint32_t table_id, const pb_table *before,
                               uint32_t mutation_id, bool *any) ERR_MUST_USE;
/* The written descriptor of a table has what `before` has not, but no row knows of it: that becomes
 * mutations with this id, and a job begins on them, and on those that are there, at the commit. The
 * statement, or COMMIT, waits for its end. text: of the job. */
struct error *ddl_start_job(struct exec_ctx *x, const char *text, uint32_t table_id,
                            const pb_table *before, uint32_t mutation_id) ERR_MUST_USE;

/* rows.c: the rows that x's transaction sees. */
typedef struct error *(*ddl_row_fn)(void *arg, const struct datum *row, bool *stop);
/* fn for each row, by ordinal; borrowed until the next. needed: by ordinal, NULL for all columns. piece may
 * be NULL. */
struct error *ddl_each_row(struct exec_ctx *x, const struct table *t, const bool *needed,
                           struct ddl_piece *piece, ddl_row_fn fn, void *arg) ERR_MUST_USE;
struct error *ddl_table_is_empty(struct exec_ctx *x, const struct table *t, bool *empty)
    ERR_MUST_USE;
/* Write every row of `from` as a row of `to`, the same table after a change of its columns: new ones
 * get their default or computed value (23502 when that is NULL and may not be), lost ones go. Primary
 * index only; but what writers have put into indexes under way by values that go now, goes too, when
 * piece->seen is given. */
struct error *ddl_rewrite_rows(struct exec_ctx *x, const struct table *from,
                               const struct table *to, struct ddl_piece *piece) ERR_MUST_USE;
/* 23514 validation of CHECK "b > 0" failed on row: a=1, b=-1 */
struct error *ddl_validate_check(struct exec_ctx *x, const struct table *t, const char *sql)
    ERR_MUST_USE;
struct error *ddl_validate_not_null(struct exec_ctx *x, const struct table *t,
                                    const char *column) ERR_MUST_USE;
/* An outbound key by name. 23503 foreign key violation: "c" row p=2, id=1 has no match in "p" */
struct error *ddl_validate_foreign_key(struct exec_ctx *x, const struct table *t,
                                       const char *name) ERR_MUST_USE;

/* alter_*.c: one command of ALTER TABLE. Each reads the descriptor anew and writes it. */
struct alter {
    struct exec_ctx *x;
    uint32_t id;
    const char *shown;         /* the table's name */
    const char *text;          /* of the job */
    bool mutated;              /* v20.1 would have queued mutations */
    bool for_job;              /* leave the rows alone */
    bool at_commit;            /* rows are held to constraints by end_changes */
    bool rows_left;            /* that was done */
    bool at_once;              /* the error is no matter of COMMIT */
    const pb_table *before;    /* as the first of several commands found it */
};
/* The table without what the transaction and this statement's commands did to it, which v20.1 only queues:
 * that is not there yet, or still there. NULL: nothing was done. */
const pb_table *alter_before(const struct alter *a);
struct error *alter_add_column(struct alter *a, const struct ast_alter_cmd *c) ERR_MUST_USE;
struct error *alter_drop_column(struct alter *a, const struct ast_alter_cmd *c) ERR_MUST_USE;
struct error *alter_column(struct alter *a, const struct ast_alter_cmd *c) ERR_MUST_USE;
/* alter_type.c: [SET DATA] TYPE of a column of t, which is written. */
struct error *alter_type(struct alter *a, pb_table *t, pb_column *c,
                         const struct ast_alter_cmd *cmd) ERR_MUST_USE;
struct error *alter_add_constraint(struct alter *a, const struct ast_alter_cmd *c) ERR_MUST_USE;
struct error *alter_drop_constraint(struct alter *a, const struct ast_alter_cmd *c) ERR_MUST_USE;
/* XXUUU when a check that names the column is being added. */
struct error *alter_refuse_added_checks(struct alter *a, const struct table *t, uint32_t column_id)
    ERR_MUST_USE;
struct error *alter_validate_constraint(struct alter *a, const struct ast_alter_cmd *c)
    ERR_MUST_USE;
struct error *alter_rename_constraint(struct alter *a, const struct ast_alter_cmd *c)
    ERR_MUST_USE;
/* Take a column out of the table, with its checks and comment; the rows are written again, unless a job
 * will. Nothing else may use it. */
struct error *ddl_take_column(struct exec_ctx *x, uint32_t table_id, uint32_t column_id,
                              bool for_job) ERR_MUST_USE;
/* The old key becomes a unique index, unless it was dropped or the hidden rowid. */
struct error *alter_primary_key(struct alter *a, const struct ast_index_def *def) ERR_MUST_USE;
bool ddl_has_rowid_key(const pb_table *t);
/* The table as x's transaction sees it now. */
struct error *alter_table_now(struct alter *a, const struct table **out) ERR_MUST_USE;

/* rename.c */
struct error *ddl_rename_table(struct exec_ctx *x, const struct table *t,
                               const struct ast_object_name *new_name) ERR_MUST_USE;
struct error *ddl_rename_column(struct exec_ctx *x, const struct table *t, const char *from,
                                const char *to) ERR_MUST_USE;
/* 2BP01 cannot <verb> <kind> "n" because view "v" depends on it, for the first view among t's
 * dependents for which column (0: any) or index (0: any) matters; with cascade the views go. */
struct error *ddl_views_gone(struct exec_ctx *x, uint32_t table_id, uint32_t column_id,
                             uint32_t index_id, bool cascade, const char *verb, const char *kind,
                             const char *name) ERR_MUST_USE;

/* index.c */
struct found_index {
    const struct table *t;
    const struct index *ix;
};
/* t@i, or an index named alone; XXUUU/42704 when there is none (ix NULL with if_exists). */
struct error *ddl_find_index(struct exec_ctx *x, const struct ast_index_name *n, bool if_exists,
                             struct found_index *out) ERR_MUST_USE;
bool ddl_has_index(const pb_table *t, uint32_t id);
/* Has the transaction itself dropped an index of that name, or does a job remove it? */
bool ddl_drops_index(struct exec_ctx *x, const pb_table *t, const char *name);
/* "index ... in the middle of being added": XXUUU */
struct error *ddl_refuse_added_index(const char *name) ERR_MUST_USE;
/* XXUUU when a job adds an index that has the column. */
struct error *ddl_refuse_index_of(const struct table *t, uint32_t column_id) ERR_MUST_USE;
struct error *ddl_unlink_interleave(struct exec_ctx *x, uint32_t parent_id, uint32_t table_id,
                                    uint32_t index_id) ERR_MUST_USE;
/* The same in a copy of the table itself that is to be written. */
void ddl_unlink_own(pb_table *t, uint32_t index_id);
/* Take an index out of t (not the primary one), with foreign keys and views that need it when
 * cascade. The descriptor is written. for_job: values of its shard column, and entries among another
 * table's rows, stay. */
struct error *ddl_remove_index(struct exec_ctx *x, uint32_t table_id, uint32_t index_id,
                               bool cascade, bool for_job) ERR_MUST_USE;

/* drop.c: take a relation out of the catalog; its data go when its TTL has passed. cascade: views and
 * foreign keys that depend on it go too. */
/* catalog_note_change; besides, 0A000 between BEGIN and COMMIT when the session wants all or nothing
 * (strict_ddl_atomicity): rows are looked at only after the COMMIT. */
struct error *ddl_note_change(struct exec_ctx *x, const struct table *t,
                              enum catalog_change change) ERR_MUST_USE;

struct error *ddl_drop_table(struct exec_ctx *x, uint32_t id, bool cascade) ERR_MUST_USE;
/* A view that goes with what is below it, and views over it; the user must have DROP on them. */
struct error *ddl_drop_view(struct exec_ctx *x, uint32_t id) ERR_MUST_USE;
/* "cannot <verb> <kind> "name" because view ... depends on it", of t. */
struct error *ddl_view_error(struct exec_ctx *x, const pb_table *t, const pb_table *view, const char *verb,
                             const char *kind, const char *name) ERR_MUST_USE;
/* All of them, and what leans on any. */
struct error *ddl_drop_tables(struct exec_ctx *x, const struct table *const *tables, size_t n) ERR_MUST_USE;

/* 2BP01 when something else uses a sequence that column c of t owns; `column`: the column goes, not t. */
struct error *ddl_check_owned(struct exec_ctx *x, const pb_table *t, const pb_column *c, bool column,
                              bool cascade) ERR_MUST_USE;

#endif
