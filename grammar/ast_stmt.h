/* grammar/ast_stmt.h - statements as the parser leaves them: queries, DML, utility statements.
 *
 * DDL is in ast_ddl.h. Ownership, threads and positions: see ast_expr.h.
 * A statement is a kind and one pointer of the union with the same name; kinds that carry nothing
 * have no pointer.
 */
#ifndef AMBERDB_GRAMMAR_AST_STMT_H
#define AMBERDB_GRAMMAR_AST_STMT_H

#include "grammar/ast_ddl.h"
#include "grammar/ast_expr.h"

/* ---- Queries ----------------------------------------------------------------------------- */

enum ast_mtr { AST_MTR_DEFAULT, AST_MTR_ALWAYS, AST_MTR_NEVER }; /* AS [NOT] MATERIALIZED */

struct ast_alias {
    struct slice name;      /* len 0: none */
    struct ast_names columns;
    int pos;
};

struct ast_cte {
    struct ast_alias name;
    enum ast_mtr materialize;
    struct ast_stmt *stmt;
    int pos;
};

struct ast_with {
    int depth;
    bool recursive;
    AST_LIST_FIELDS(struct ast_cte);
    int pos;
};

enum ast_join_type {
    AST_JOIN_INNER,
    AST_JOIN_LEFT,
    AST_JOIN_RIGHT,
    AST_JOIN_FULL,
    AST_JOIN_CROSS,
};
enum ast_join_hint { AST_JOIN_HINT_NONE, AST_JOIN_HINT_HASH, AST_JOIN_HINT_MERGE, AST_JOIN_HINT_LOOKUP };

struct ast_join {
    enum ast_join_type type;
    bool inner_written;     /* INNER was written (needed with hints) */
    bool natural;
    enum ast_join_hint hint;
    struct ast_table_ref *left, *right;
    struct ast_expr *on;    /* ON e */
    struct ast_names using_columns; /* USING (a, b) when count > 0 */
};

enum ast_index_flag_direction { AST_INDEX_DIR_ANY, AST_INDEX_DIR_ASC, AST_INDEX_DIR_DESC };

/* t@i, t@[2], t@{FORCE_INDEX=i,ASC}, t@{NO_INDEX_JOIN}, t@{IGNORE_FOREIGN_KEYS} */
struct ast_index_flags {
    struct slice index;     /* forced, len 0: none */
    int64_t index_id;       /* forced by number, 0: none */
    enum ast_index_flag_direction direction;
    bool no_index_join;
    bool ignore_foreign_keys;
};

enum ast_table_ref_kind {
    AST_TABLE_NAME,         /* name, flags */
    AST_TABLE_NUMERIC,      /* numeric: [53(1,2) AS t] */
    AST_TABLE_SUBQUERY,     /* select */
    AST_TABLE_FUNCS,        /* funcs: ROWS FROM (f(), g()), or one plain call */
    AST_TABLE_JOIN,         /* join */
    AST_TABLE_STMT,         /* stmt: [SHOW TABLES] */
    AST_TABLE_PAREN,        /* inner: (a JOIN b), written parentheses */
};

struct ast_numeric_ref {
    int64_t table_id;
    bool has_columns;
    AST_LIST_FIELDS(int64_t); /* column ids */
    struct ast_alias alias; /* inside the brackets */
};

struct ast_table_ref {
    enum ast_table_ref_kind kind;
    int pos;
    int depth;              /* as in ast_expr */
    union {
        struct ast_object_name name;
        struct ast_numeric_ref *numeric;
        struct ast_select *select;
        struct { struct ast_exprs calls; bool rows_from; } funcs;
        struct ast_join *join;
        struct ast_stmt *stmt;
        struct ast_table_ref *inner;
    };
    struct ast_index_flags *flags; /* NAME, NUMERIC; NULL: none */
    bool ordinality;        /* WITH ORDINALITY */
    bool lateral;
    bool has_alias;
    struct ast_alias alias;
};
struct ast_table_refs { AST_LIST_FIELDS(struct ast_table_ref *); };

struct ast_select_item {
    struct ast_expr *expr;  /* star: AST_EXPR_COLUMN or AST_EXPR_FIELD with star */
    struct slice alias;     /* len 0: none */
    bool has_alias;
    int pos;
};
struct ast_select_items { AST_LIST_FIELDS(struct ast_select_item); };

struct ast_select_clause {
    bool distinct;
    bool distinct_on_given;
    struct ast_exprs distinct_on;
    struct ast_select_items items;
    struct ast_table_refs from;
    struct ast_expr *as_of; /* AS OF SYSTEM TIME e */
    struct ast_expr *where;
    struct ast_exprs group_by;
    struct ast_expr *having;
    struct ast_windows windows;
    bool table_form;        /* TABLE t: from holds t */
};

/* A subquery (in FROM, an expression, IN) is an AST_SELECT_PAREN around the query itself. */
enum ast_select_kind { AST_SELECT_CLAUSE, AST_SELECT_VALUES, AST_SELECT_SETOP, AST_SELECT_PAREN };
enum ast_setop { AST_SETOP_UNION, AST_SETOP_INTERSECT, AST_SETOP_EXCEPT };

struct ast_values_row { AST_LIST_FIELDS(struct ast_expr *); };
struct ast_values { AST_LIST_FIELDS(struct ast_exprs); }; /* one ast_exprs a row */

enum ast_lock_strength {
    AST_LOCK_KEY_SHARE, /* FOR KEY SHARE */
    AST_LOCK_SHARE,
    AST_LOCK_NO_KEY_UPDATE,
    AST_LOCK_UPDATE,
};
enum ast_lock_wait { AST_LOCK_WAIT_BLOCK, AST_LOCK_WAIT_SKIP, AST_LOCK_WAIT_ERROR };
struct ast_lock_item {
    enum ast_lock_strength strength;
    struct ast_object_names targets; /* OF t, ..; count 0: all */
    enum ast_lock_wait wait;
    int pos;
};
struct ast_locking { AST_LIST_FIELDS(struct ast_lock_item); };

struct ast_select {
    int pos;
    int depth;              /* as in ast_expr */
    struct ast_with *with;  /* NULL: none */
    enum ast_select_kind kind;
    union {
        struct ast_select_clause *clause;
        struct ast_values *values;
        struct {
            enum ast_setop op;
            bool all;
            struct ast_select *left, *right;
        } setop;
        struct ast_select *inner; /* ( .. ) */
    };
    struct ast_order_by order_by;
    struct ast_expr *limit; /* NULL: none; LIMIT ALL leaves limit_all */
    bool limit_all;
    struct ast_expr *offset;
    struct ast_locking locking;
};

/* ---- INSERT, UPDATE, DELETE -------------------------------------------------------------- */

enum ast_returning_kind { AST_RETURNING_NONE, AST_RETURNING_ITEMS, AST_RETURNING_NOTHING };
struct ast_returning {
    enum ast_returning_kind kind;
    struct ast_select_items items;
};

struct ast_set_clause {
    bool tuple;             /* (a, b) = .. */
    struct ast_names columns;
    struct ast_expr *value; /* tuple: AST_EXPR_TUPLE, AST_EXPR_SUBQUERY or other */
    int pos;
};
struct ast_set_clauses { AST_LIST_FIELDS(struct ast_set_clause); };

struct ast_on_conflict {
    struct ast_names columns;
    bool do_nothing;
    struct ast_set_clauses set;
    struct ast_expr *where;
    int pos;
};

struct ast_insert {
    struct ast_with *with;
    bool upsert;
    struct ast_table_ref *table; /* NAME or NUMERIC, perhaps with alias */
    struct ast_names columns;
    bool default_values;    /* DEFAULT VALUES; select is NULL */
    struct ast_select *select;
    struct ast_on_conflict *on_conflict;
    struct ast_returning returning;
};

struct ast_update {
    struct ast_with *with;
    struct ast_table_ref *table;
    struct ast_set_clauses set;
    struct ast_table_refs from;
    struct ast_expr *where;
    struct ast_order_by order_by;
    struct ast_expr *limit;
    bool limit_all;
    struct ast_expr *offset;
    struct ast_returning returning;
};

struct ast_delete {
    struct ast_with *with;
    struct ast_table_ref *table;
    struct ast_expr *where;
    struct ast_order_by order_by;
    struct ast_expr *limit;
    bool limit_all;
    struct ast_expr *offset;
    struct ast_returning returning;
};

/* COPY t [(cols)] FROM STDIN / COPY t | (query) TO STDOUT, with PostgreSQL's options. */
enum ast_copy_format { AST_COPY_TEXT, AST_COPY_CSV, AST_COPY_BINARY };
struct ast_copy {
    bool to;                /* TO STDOUT */
    struct ast_object_name table; /* count 0 with query */
    struct ast_names columns;
    struct ast_select *query;
    struct ast_stmt *query_stmt; /* INSERT/UPDATE/DELETE .. RETURNING; else NULL */
    enum ast_copy_format format;
    bool header;
    bool has_delimiter, has_null, has_quote, has_escape;
    struct slice delimiter, null, quote, escape;
    struct slice encoding;  /* len 0: none */
    bool has_destination;   /* COPY crdb_internal.file_upload */
    struct slice destination;
    struct ast_names force_quote, force_not_null, force_null; /* parsed; columns or `*` */
    bool force_quote_all;
    int pos;
};

/* ---- Sessions, transactions -------------------------------------------------------------- */

enum ast_set_scope { AST_SET_SESSION, AST_SET_LOCAL };

/* SET x = a, b; RESET x (values: one DEFAULT, reset set); SET TIME ZONE; USE; SET NAMES; SET SCHEMA. */
struct ast_set_var {
    struct slice name;      /* lower case; dotted names joined with '.' */
    struct ast_exprs values;
    bool reset;
    int pos;
};

enum ast_isolation { AST_ISO_UNSPECIFIED, AST_ISO_SERIALIZABLE };
enum ast_priority { AST_PRIO_UNSPECIFIED, AST_PRIO_LOW, AST_PRIO_NORMAL, AST_PRIO_HIGH };
enum ast_rw_mode { AST_RW_UNSPECIFIED, AST_RW_READ_ONLY, AST_RW_READ_WRITE };
struct ast_txn_modes {
    enum ast_isolation isolation; /* every level is read as SERIALIZABLE */
    enum ast_priority priority;
    enum ast_rw_mode rw;
    struct ast_expr *as_of;
};

struct ast_set_tracing { struct ast_exprs values; };

struct ast_cluster_setting {    /* SET/RESET CLUSTER SETTING */
    struct slice name;
    struct ast_expr *value; /* AST_EXPR_DEFAULT for DEFAULT and RESET */
    int pos;
};

struct ast_savepoint { struct slice name; int pos; }; /* SAVEPOINT, RELEASE, ROLLBACK TO */

struct ast_prepare {
    struct slice name;
    struct ast_types types;
    struct ast_stmt *stmt;
    int pos;
};
struct ast_opt_plan { /* PREPARE p AS OPT PLAN 'text' */
    struct slice text;
};
struct ast_execute {
    struct slice name;
    struct ast_exprs params;
    bool discard_rows;
    int pos;
};
struct ast_deallocate { struct slice name; bool all; int pos; };

enum ast_explain_mode {
    AST_EXPLAIN_PLAN,
    AST_EXPLAIN_DISTSQL,
    AST_EXPLAIN_OPT,
    AST_EXPLAIN_VEC,
    AST_EXPLAIN_DEBUG,      /* ANALYZE (DEBUG) */
};
struct ast_explain {
    enum ast_explain_mode mode;
    bool analyze;
    bool verbose, types, env, catalog; /* flags */
    struct ast_stmt *stmt;
};

/* ---- Users and privileges ---------------------------------------------------------------- */

struct ast_kv_option {
    struct slice key;       /* folded unless written as a string */
    bool has_value;
    struct ast_expr *value; /* string, placeholder or NULL literal; NULL without */
    int pos;
};
struct ast_kv_options { AST_LIST_FIELDS(struct ast_kv_option); };

/* keys: CREATEROLE NOCREATEROLE LOGIN NOLOGIN PASSWORD "VALID UNTIL" (upper case). */
struct ast_role_stmt {      /* CREATE_ROLE, ALTER_ROLE */
    bool is_role;           /* ROLE, else USER */
    bool if_exists;         /* IF NOT EXISTS for create, IF EXISTS for alter */
    struct ast_expr *name;  /* string or placeholder */
    struct ast_kv_options options;
};
struct ast_drop_role {
    bool is_role;
    bool if_exists;
    struct ast_exprs names;
};

enum ast_target_kind {
    AST_TARGET_CLUSTER,     /* none given */
    AST_TARGET_DATABASES,
    AST_TARGET_TABLES,
    AST_TARGET_ROLES,       /* SHOW GRANTS ON ROLE */
};
struct ast_targets {
    enum ast_target_kind kind;
    struct ast_names names; /* databases, roles */
    struct ast_table_patterns tables;
};

struct ast_grant {          /* GRANT and REVOKE of privileges */
    bool all;
    struct ast_names privileges; /* upper case; the names are checked by the planner */
    struct ast_targets targets;
    struct ast_names grantees;
};
struct ast_grant_role {     /* GRANT_ROLE, REVOKE_ROLE */
    struct ast_names roles;
    struct ast_names members;
    bool admin_option;
};

/* ---- Jobs, queries, sessions ------------------------------------------------------------- */

enum ast_job_command { AST_JOB_PAUSE, AST_JOB_RESUME, AST_JOB_CANCEL };
struct ast_job_control {
    enum ast_job_command command;
    struct ast_select *jobs; /* JOB e reads VALUES (e) */
};
struct ast_cancel {         /* CANCEL_QUERIES, CANCEL_SESSIONS */
    struct ast_select *ids;
    bool if_exists;
};

/* ---- Backups ----------------------------------------------------------------------------- */

struct ast_backup {
    struct ast_targets targets;
    bool into;              /* BACKUP INTO: a collection */
    bool latest;            /* INTO LATEST IN */
    struct ast_expr *subdir; /* INTO 'subdir' IN; NULL without */
    struct ast_exprs to;    /* the URIs of the one layer written */
    struct ast_expr *as_of;
    struct ast_exprs incremental_from;
    struct ast_kv_options options;
};

struct ast_uri_layers { AST_LIST_FIELDS(struct ast_exprs); }; /* one ast_exprs of URIs a layer */

struct ast_restore {
    struct ast_targets targets;
    bool latest;            /* FROM LATEST IN */
    struct ast_expr *subdir; /* FROM 'subdir' IN; NULL without */
    struct ast_uri_layers from;
    struct ast_expr *as_of;
    struct ast_kv_options options;
};

enum ast_show_backup_kind {
    AST_SHOW_BACKUP_DEFAULT,
    AST_SHOW_BACKUP_SCHEMAS,
    AST_SHOW_BACKUP_RANGES,
    AST_SHOW_BACKUP_FILES,
    AST_SHOW_BACKUPS_IN,    /* SHOW BACKUPS IN 'collection' */
};
struct ast_show_backup {
    enum ast_show_backup_kind kind;
    struct ast_expr *uri;
    bool latest;            /* SHOW BACKUP LATEST IN */
    struct ast_expr *subdir; /* SHOW BACKUP 'subdir' IN 'collection' */
    struct ast_kv_options options;
};

struct ast_attach_backup {
    struct ast_uri_layers from;
    struct slice database;
    struct ast_expr *as_of;
    struct ast_kv_options options;
    int pos;
};
struct ast_detach_backup { struct slice database; bool if_exists; int pos; };

struct ast_export {
    struct slice format;    /* upper case: CSV */
    struct ast_expr *uri;
    struct ast_select *query;
    struct ast_kv_options options;
};
struct ast_import {
    bool bundle;            /* IMPORT [TABLE t FROM] PGDUMP 'uri' */
    bool into;              /* IMPORT INTO t (cols) */
    struct ast_object_name table; /* count 0: none */
    struct ast_names into_columns;
    struct ast_expr *create_file; /* CREATE USING 'uri' */
    struct ast_table_defs create_defs; /* IMPORT TABLE t (defs) */
    struct slice format;    /* upper case */
    struct ast_exprs files;
    struct ast_kv_options options;
};
struct ast_changefeed {
    struct ast_targets targets;
    struct ast_expr *sink;  /* INTO; NULL without */
    struct ast_kv_options options;
    bool experimental;
};

/* ---- Maintenance ------------------------------------------------------------------------- */

struct ast_scrub_option {
    enum { AST_SCRUB_PHYSICAL, AST_SCRUB_INDEX, AST_SCRUB_CONSTRAINT } kind;
    struct ast_names names; /* count 0: ALL (index, constraint) */
};
struct ast_scrub {
    bool database;
    struct ast_object_name name; /* database name in object */
    AST_LIST_FIELDS(struct ast_scrub_option);
    struct ast_expr *as_of;
};

struct ast_create_stats {
    struct slice name;
    struct ast_names columns;
    struct ast_object_name table;
    int64_t table_id;       /* FROM [53] */
    double throttling;      /* WITH OPTIONS THROTTLING f; -1 none */
    struct ast_expr *as_of;
    int pos;
};

/* ---- SHOW -------------------------------------------------------------------------------- */

enum ast_show_kind {
    AST_SHOW_VAR,           /* name */
    AST_SHOW_ALL_VARS,
    AST_SHOW_CLUSTER_SETTING, /* name */
    AST_SHOW_CLUSTER_SETTINGS, /* all: ALL (else PUBLIC) */
    AST_SHOW_DATABASES,     /* with_comment */
    AST_SHOW_SCHEMAS,       /* database */
    AST_SHOW_TABLES,        /* prefix (object = last part), with_comment */
    AST_SHOW_COLUMNS,       /* table, with_comment */
    AST_SHOW_INDEXES,       /* table, with_comment */
    AST_SHOW_DATABASE_INDEXES, /* database, with_comment */
    AST_SHOW_CONSTRAINTS,   /* table */
    AST_SHOW_CREATE,        /* table */
    AST_SHOW_SEQUENCES,     /* database */
    AST_SHOW_GRANTS,        /* targets (CLUSTER = none given), grantees */
    AST_SHOW_ROLE_GRANTS,   /* targets.names = roles, grantees */
    AST_SHOW_USERS,
    AST_SHOW_ROLES,
    AST_SHOW_STATISTICS,    /* table, using_json */
    AST_SHOW_HISTOGRAM,     /* id */
    AST_SHOW_JOBS,          /* automatic, block (WHEN COMPLETE), jobs select or NULL */
    AST_SHOW_QUERIES,       /* cluster, all */
    AST_SHOW_SESSIONS,      /* cluster, all */
    AST_SHOW_TRANSACTIONS,  /* cluster, all */
    AST_SHOW_RANGES,        /* table, index or database */
    AST_SHOW_RANGE_FOR_ROW, /* index or table, exprs */
    AST_SHOW_PARTITIONS,    /* table, index or database */
    AST_SHOW_ZONE_CONFIG,   /* zone; zone.kind AST_ZONE_ALL for SHOW ZONE CONFIGURATIONS */
    AST_SHOW_TRANSACTION_STATUS,
    AST_SHOW_SAVEPOINT_STATUS,
    AST_SHOW_LAST_QUERY_STATISTICS,
    AST_SHOW_SYNTAX,        /* name: the text */
    AST_SHOW_TRACE,         /* kv, compact */
    AST_SHOW_FINGERPRINTS,  /* table */
    AST_SHOW_LOCALITY,      /* answered as the variable `locality` */
};

struct ast_show {
    enum ast_show_kind kind;
    int pos;
    struct slice name;
    struct ast_object_name table; /* count 0: none */
    struct ast_index_name *index; /* NULL: none */
    struct slice database;  /* len 0: current */
    bool has_database;
    bool with_comment;
    bool all;               /* CLUSTER SETTINGS: ALL; QUERIES, SESSIONS: ALL (internal ones too) */
    bool cluster;           /* QUERIES, SESSIONS: CLUSTER, else LOCAL */
    bool automatic;
    bool block;             /* WHEN COMPLETE */
    bool using_json;
    bool kv, replica, compact; /* TRACE */
    int64_t id;
    struct ast_targets targets;
    struct ast_names grantees;
    struct ast_select *jobs;
    struct ast_exprs exprs;
    struct ast_zone_target zone;
    struct ast_expr *as_of; /* FINGERPRINTS */
};

/* ---- Statement --------------------------------------------------------------------------- */

/* X(KIND, member type, member): the union member is a pointer. */
#define AST_STMT_LIST(X)                                          \
    X(SELECT, struct ast_select, select)                          \
    X(INSERT, struct ast_insert, insert)                          \
    X(UPDATE, struct ast_update, update)                          \
    X(DELETE, struct ast_delete, delete_)                         \
    X(TRUNCATE, struct ast_truncate, truncate)                    \
    X(COPY, struct ast_copy, copy)                                \
    X(CREATE_DATABASE, struct ast_create_database, create_database) \
    X(CREATE_SCHEMA, struct ast_create_schema, create_schema)     \
    X(CREATE_TABLE, struct ast_create_table, create_table)        \
    X(CREATE_INDEX, struct ast_create_index, create_index)        \
    X(CREATE_VIEW, struct ast_create_view, create_view)           \
    X(CREATE_SEQUENCE, struct ast_sequence_stmt, create_sequence) \
    X(ALTER_SEQUENCE, struct ast_sequence_stmt, alter_sequence)   \
    X(ALTER_TABLE, struct ast_alter_table, alter_table)           \
    X(ALTER_INDEX, struct ast_alter_index, alter_index)           \
    X(RENAME_DATABASE, struct ast_rename_database, rename_database) \
    X(RENAME_TABLE, struct ast_rename_table, rename_table)        \
    X(RENAME_COLUMN, struct ast_rename_column, rename_column)     \
    X(RENAME_INDEX, struct ast_rename_index, rename_index)        \
    X(DROP_DATABASE, struct ast_drop_database, drop_database)     \
    X(DROP_TABLE, struct ast_drop, drop_table)                    \
    X(DROP_VIEW, struct ast_drop, drop_view)                      \
    X(DROP_SEQUENCE, struct ast_drop, drop_sequence)              \
    X(DROP_INDEX, struct ast_drop_index, drop_index)              \
    X(SPLIT, struct ast_split, split)                             \
    X(UNSPLIT, struct ast_unsplit, unsplit)                       \
    X(SCATTER, struct ast_scatter, scatter)                       \
    X(RELOCATE, struct ast_relocate, relocate)                    \
    X(SET_ZONE_CONFIG, struct ast_set_zone_config, set_zone_config) \
    X(COMMENT, struct ast_comment, comment)                       \
    X(CREATE_STATS, struct ast_create_stats, create_stats)        \
    X(SCRUB, struct ast_scrub, scrub)                             \
    X(CREATE_ROLE, struct ast_role_stmt, create_role)             \
    X(ALTER_ROLE, struct ast_role_stmt, alter_role)               \
    X(DROP_ROLE, struct ast_drop_role, drop_role)                 \
    X(GRANT, struct ast_grant, grant)                             \
    X(REVOKE, struct ast_grant, revoke)                           \
    X(GRANT_ROLE, struct ast_grant_role, grant_role)              \
    X(REVOKE_ROLE, struct ast_grant_role, revoke_role)            \
    X(SET_VAR, struct ast_set_var, set_var)                       \
    X(SET_TRANSACTION, struct ast_txn_modes, set_transaction)     \
    X(SET_SESSION_CHARACTERISTICS, struct ast_txn_modes, set_session_characteristics) \
    X(SET_TRACING, struct ast_set_tracing, set_tracing)           \
    X(SET_CLUSTER_SETTING, struct ast_cluster_setting, set_cluster_setting) \
    X(SHOW, struct ast_show, show)                                \
    X(BEGIN, struct ast_txn_modes, begin)                         \
    X(COMMIT, void, none_commit)                                  \
    X(ROLLBACK, void, none_rollback)                              \
    X(SAVEPOINT, struct ast_savepoint, savepoint)                 \
    X(RELEASE, struct ast_savepoint, release)                     \
    X(ROLLBACK_TO, struct ast_savepoint, rollback_to)             \
    X(PREPARE, struct ast_prepare, prepare)                       \
    X(OPT_PLAN, struct ast_opt_plan, opt_plan)                    \
    X(EXECUTE, struct ast_execute, execute)                       \
    X(DEALLOCATE, struct ast_deallocate, deallocate)              \
    X(DISCARD, void, none_discard)                                \
    X(EXPLAIN, struct ast_explain, explain)                       \
    X(JOB_CONTROL, struct ast_job_control, job_control)           \
    X(CANCEL_QUERIES, struct ast_cancel, cancel_queries)          \
    X(CANCEL_SESSIONS, struct ast_cancel, cancel_sessions)        \
    X(BACKUP, struct ast_backup, backup)                          \
    X(RESTORE, struct ast_restore, restore)                       \
    X(SHOW_BACKUP, struct ast_show_backup, show_backup)           \
    X(ATTACH_BACKUP, struct ast_attach_backup, attach_backup)     \
    X(DETACH_BACKUP, struct ast_detach_backup, detach_backup)     \
    X(EXPORT, struct ast_export, export_)                         \
    X(IMPORT, struct ast_import, import)                          \
    X(CREATE_CHANGEFEED, struct ast_changefeed, create_changefeed)

enum ast_stmt_kind {
#define X(kind, type, member) AST_STMT_##kind,
    AST_STMT_LIST(X)
#undef X
    AST_STMT_KIND_COUNT
};

struct ast_stmt {
    enum ast_stmt_kind kind;
    int pos;
    int depth;              /* as in ast_expr */
    struct slice source;    /* top level: its own text in the SQL given, without `;` and blanks around */
    int placeholder_count;  /* top level: the highest $n in it */
    union {
#define X(kind, type, member) type *member;
        AST_STMT_LIST(X)
#undef X
        void *node;
    };
};

struct ast_stmt_list { AST_LIST_FIELDS(struct ast_stmt *); };

const char *ast_stmt_kind_name(enum ast_stmt_kind kind); /* "CREATE_TABLE", for messages of ours */

#endif
