/* grammar/ast_ddl.h - statements that define or change the schema.
 *
 * Ownership, threads and positions: see ast_expr.h.
 */
#ifndef AMBERDB_GRAMMAR_AST_DDL_H
#define AMBERDB_GRAMMAR_AST_DDL_H

#include "grammar/ast_expr.h"

enum ast_drop_behavior { AST_DROP_DEFAULT, AST_DROP_RESTRICT, AST_DROP_CASCADE };

/* ---- Indexes, partitions, constraints ---------------------------------------------------- */

struct ast_index_elem {
    struct slice column;
    enum ast_direction direction;
    int pos;
};
struct ast_index_elems { AST_LIST_FIELDS(struct ast_index_elem); };

struct ast_interleave {     /* INTERLEAVE IN PARENT p (a, b) [CASCADE|RESTRICT] */
    struct ast_object_name parent;
    struct ast_names columns;
    enum ast_drop_behavior behavior;
    int pos;
};

struct ast_partition_by;
struct ast_partition {
    struct slice name;
    struct ast_exprs values;    /* LIST: VALUES IN; an element is an expression, tuple or DEFAULT */
    struct ast_exprs from, to;  /* RANGE: VALUES FROM (..) TO (..); MINVALUE, MAXVALUE */
    struct ast_partition_by *sub; /* NULL without */
    int pos;
};
enum ast_partition_kind { AST_PARTITION_LIST, AST_PARTITION_RANGE, AST_PARTITION_NOTHING };
struct ast_partition_by {
    enum ast_partition_kind kind;
    struct ast_names columns;
    AST_LIST_FIELDS(struct ast_partition);
    int pos;
};

struct ast_sharded {        /* USING HASH WITH BUCKET_COUNT = e */
    struct ast_expr *buckets;
};

struct ast_index_def {
    struct slice name;      /* len 0: unnamed; for UNIQUE and PRIMARY KEY the CONSTRAINT name */
    bool if_not_exists;
    struct ast_index_elems columns;
    struct ast_names storing;
    bool inverted;
    struct ast_sharded *sharded; /* NULL: none */
    struct ast_interleave *interleave;
    struct ast_partition_by *partition_by;
    int pos;
};

enum ast_fk_match { AST_MATCH_SIMPLE, AST_MATCH_FULL };
enum ast_fk_action {
    AST_FK_NO_ACTION,
    AST_FK_RESTRICT,
    AST_FK_SET_NULL,
    AST_FK_SET_DEFAULT,
    AST_FK_CASCADE,
};
struct ast_foreign_key {
    struct ast_names columns; /* empty for a column's REFERENCES */
    struct ast_object_name table;
    struct ast_names ref_columns; /* empty: the primary key */
    enum ast_fk_match match;
    enum ast_fk_action on_delete, on_update;
};

/* ---- CREATE TABLE ------------------------------------------------------------------------ */

enum ast_col_qual_kind {
    AST_COL_NOT_NULL,
    AST_COL_NULL,
    AST_COL_DEFAULT,        /* expr */
    AST_COL_PRIMARY_KEY,    /* sharded or NULL */
    AST_COL_UNIQUE,
    AST_COL_CHECK,          /* expr */
    AST_COL_REFERENCES,     /* fk */
    AST_COL_COMPUTED,       /* expr: AS (e) STORED */
    AST_COL_FAMILY,         /* family, family_create, family_if_not_exists */
    AST_COL_COLLATE,        /* moved into the type by the parser; never seen by others */
};
struct ast_col_qual {
    enum ast_col_qual_kind kind;
    struct slice constraint_name; /* CONSTRAINT n in front; len 0: none */
    struct ast_expr *expr;
    struct ast_sharded *sharded;
    struct ast_foreign_key *fk;
    struct slice family;
    bool family_create, family_if_not_exists;
    int pos;
};

struct ast_column_def {
    struct slice name;
    struct ast_type *type;  /* NULL only in CREATE TABLE t (a, b) AS */
    AST_LIST_FIELDS(struct ast_col_qual); /* in the order written */
    int pos;
};

enum ast_table_def_kind {
    AST_DEF_COLUMN,         /* column */
    AST_DEF_INDEX,          /* index (inverted in it) */
    AST_DEF_UNIQUE,         /* index */
    AST_DEF_PRIMARY_KEY,    /* index */
    AST_DEF_FAMILY,         /* name, columns */
    AST_DEF_CHECK,          /* name, check */
    AST_DEF_FOREIGN_KEY,    /* name, fk */
};
struct ast_table_def {
    enum ast_table_def_kind kind;
    struct slice name;      /* FAMILY, CHECK, FOREIGN KEY; len 0: unnamed */
    struct ast_column_def *column;
    struct ast_index_def *index;
    struct ast_names columns;
    struct ast_expr *check;
    struct ast_foreign_key *fk;
    int pos;
};
struct ast_table_defs { AST_LIST_FIELDS(struct ast_table_def); };

enum ast_on_commit { AST_ON_COMMIT_UNSET, AST_ON_COMMIT_PRESERVE_ROWS };

struct ast_create_table {
    struct ast_object_name name;
    bool if_not_exists;
    bool temporary;
    struct ast_table_defs defs; /* with as_select: columns without type, families, primary key */
    struct ast_interleave *interleave;
    struct ast_partition_by *partition_by;
    enum ast_on_commit on_commit;
    struct ast_kv_options *storage_params; /* WITH (fillfactor = 100): any values; NULL without */
    struct ast_select *as_select; /* CREATE TABLE .. AS; NULL without */
};

struct ast_create_index {
    struct ast_object_name table;
    bool unique;
    bool concurrently;
    struct ast_index_def def; /* name, if_not_exists, columns, storing, ... */
};

struct ast_create_view {
    struct ast_object_name name;
    bool if_not_exists;
    bool temporary;
    struct ast_names columns;
    struct ast_select *select;
};

/* ---- Sequences --------------------------------------------------------------------------- */

enum ast_seq_option_kind {
    AST_SEQ_AS,             /* type */
    AST_SEQ_CYCLE,
    AST_SEQ_NO_CYCLE,
    AST_SEQ_OWNED_BY,       /* owner; none: OWNED BY NONE */
    AST_SEQ_CACHE,          /* value */
    AST_SEQ_INCREMENT,      /* value, word: BY written */
    AST_SEQ_MINVALUE,       /* value; none: NO MINVALUE */
    AST_SEQ_MAXVALUE,       /* value; none: NO MAXVALUE */
    AST_SEQ_START,          /* value, word: WITH written */
    AST_SEQ_RESTART,        /* value; none: RESTART alone (ALTER) */
    AST_SEQ_VIRTUAL,
};
struct ast_seq_option {
    enum ast_seq_option_kind kind;
    int64_t value;
    bool none;
    bool word;
    struct ast_type *type;
    struct ast_expr *owner; /* AST_EXPR_COLUMN */
    int pos;
};
struct ast_sequence_stmt {  /* CREATE_SEQUENCE, ALTER_SEQUENCE */
    struct ast_object_name name;
    bool if_exists;         /* IF NOT EXISTS for CREATE, IF EXISTS for ALTER */
    bool temporary;
    AST_LIST_FIELDS(struct ast_seq_option);
};

/* ---- Databases, schemas ------------------------------------------------------------------ */

struct ast_create_database {
    struct slice name;
    bool if_not_exists;
    struct slice template_, encoding, collate, ctype; /* len 0: not given */
    int pos;
};
struct ast_create_schema { struct slice name; bool if_not_exists; int pos; };
struct ast_drop_database {
    struct slice name;
    bool if_exists;
    enum ast_drop_behavior behavior;
    int pos;
};
struct ast_rename_database { struct slice name, new_name; int pos; };

/* ---- ALTER TABLE, ALTER INDEX ------------------------------------------------------------ */

enum ast_alter_kind {
    AST_ALTER_ADD_COLUMN,   /* column, if_exists = IF NOT EXISTS */
    AST_ALTER_DROP_COLUMN,  /* name, if_exists, behavior */
    AST_ALTER_SET_DEFAULT,  /* name, expr (NULL: DROP DEFAULT) */
    AST_ALTER_SET_NOT_NULL, /* name */
    AST_ALTER_DROP_NOT_NULL,
    AST_ALTER_DROP_STORED,
    AST_ALTER_TYPE,         /* name, type, collation, using_expr */
    AST_ALTER_ADD_CONSTRAINT, /* def, not_valid */
    AST_ALTER_PRIMARY_KEY,  /* def (index with columns, sharded, interleave) */
    AST_ALTER_DROP_CONSTRAINT, /* name, if_exists, behavior */
    AST_ALTER_VALIDATE_CONSTRAINT, /* name */
    AST_ALTER_RENAME_TABLE, /* new_table */
    AST_ALTER_RENAME_COLUMN, /* name, new_name */
    AST_ALTER_RENAME_CONSTRAINT, /* name, new_name */
    AST_ALTER_INJECT_STATS, /* expr */
    AST_ALTER_PARTITION_BY, /* partition_by */
    AST_ALTER_AUDIT,        /* audit_read_write: EXPERIMENTAL_AUDIT SET READ WRITE | OFF */
};
struct ast_alter_cmd {
    enum ast_alter_kind kind;
    struct slice name, new_name;
    bool if_exists;
    bool column_word;       /* COLUMN was written (ADD, DROP, ALTER, RENAME) */
    enum ast_drop_behavior behavior;
    struct ast_column_def *column;
    struct ast_type *type;
    struct slice collation;
    struct ast_expr *expr, *using_expr;
    struct ast_table_def *def;
    bool not_valid;
    struct ast_object_name new_table;
    struct ast_partition_by *partition_by;
    bool audit_read_write;
    int pos;
};
struct ast_alter_table {
    struct ast_object_name table;
    bool if_exists;
    AST_LIST_FIELDS(struct ast_alter_cmd);
};
struct ast_alter_index {    /* ALTER INDEX t@i PARTITION BY .. */
    struct ast_index_name index;
    bool if_exists;
    AST_LIST_FIELDS(struct ast_alter_cmd);
};

enum ast_relation_kind { AST_RELATION_TABLE, AST_RELATION_VIEW, AST_RELATION_SEQUENCE };
struct ast_rename_table {
    enum ast_relation_kind relation;
    struct ast_object_name name, new_name;
    bool if_exists;
};
struct ast_rename_column {
    struct ast_object_name table;
    struct slice name, new_name;
    bool if_exists;
    int pos;
};
struct ast_rename_index {
    struct ast_index_name index;
    struct slice new_name;
    bool if_exists;
};

struct ast_drop {           /* DROP_TABLE, DROP_VIEW, DROP_SEQUENCE */
    struct ast_object_names names;
    bool if_exists;
    enum ast_drop_behavior behavior;
};
struct ast_drop_index {
    struct ast_index_names indexes;
    bool if_exists;
    bool concurrently;
    enum ast_drop_behavior behavior;
};
struct ast_truncate {
    struct ast_object_names tables;
    enum ast_drop_behavior behavior;
};

/* ---- Ranges ------------------------------------------------------------------------------ */

/* All: ALTER TABLE t (index.has_table, index.index empty) or ALTER INDEX t@i. */
struct ast_range_target {
    bool is_index;
    struct ast_object_name table;
    struct ast_index_name index;
};
struct ast_split {
    struct ast_range_target target;
    struct ast_select *rows;
    struct ast_expr *expiration; /* WITH EXPIRATION e */
};
struct ast_unsplit {
    struct ast_range_target target;
    bool all;
    struct ast_select *rows;
};
struct ast_scatter {
    struct ast_range_target target;
    bool from_to;           /* FROM (..) TO (..) */
    struct ast_exprs from, to;
};
struct ast_relocate {
    struct ast_range_target target;
    bool lease;             /* EXPERIMENTAL_RELOCATE LEASE */
    struct ast_select *rows;
};

/* ---- Zone configurations ----------------------------------------------------------------- */

enum ast_zone_kind {
    AST_ZONE_NONE,
    AST_ZONE_ALL,           /* SHOW ALL ZONE CONFIGURATIONS */
    AST_ZONE_RANGE,         /* name: default, liveness, meta, system, timeseries */
    AST_ZONE_DATABASE,      /* name */
    AST_ZONE_TABLE,         /* table */
    AST_ZONE_INDEX,         /* index */
    AST_ZONE_PARTITION_OF_TABLE, /* partition, table */
    AST_ZONE_PARTITION_OF_INDEX, /* partition, index (index.all: every index, t@*) */
};
struct ast_zone_target {
    enum ast_zone_kind kind;
    struct slice name;
    struct ast_object_name table;
    struct ast_index_name index;
    struct slice partition;
    int pos;
};

struct ast_zone_option {
    struct slice key;       /* gc.ttlseconds, constraints, .. */
    struct ast_expr *value; /* NULL: COPY FROM PARENT */
    int pos;
};
enum ast_zone_action {
    AST_ZONE_SET,           /* USING k = v, .. */
    AST_ZONE_USING_DEFAULT,
    AST_ZONE_DISCARD,
    AST_ZONE_YAML,          /* CONFIGURE ZONE = e */
};
struct ast_set_zone_config {
    struct ast_zone_target target;
    enum ast_zone_action action;
    struct ast_expr *yaml;
    AST_LIST_FIELDS(struct ast_zone_option);
};

/* ---- COMMENT ON -------------------------------------------------------------------------- */

enum ast_comment_kind { AST_COMMENT_DATABASE, AST_COMMENT_TABLE, AST_COMMENT_COLUMN, AST_COMMENT_INDEX };
struct ast_comment {
    enum ast_comment_kind kind;
    struct slice database;
    struct ast_object_name table;
    struct ast_expr *column; /* AST_EXPR_COLUMN: t.c, .. */
    struct ast_index_name index;
    bool null;              /* IS NULL */
    struct slice text;
    int pos;
};

#endif
