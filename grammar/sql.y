/* grammar/sql.y - CockroachDB v20.1's SQL.
 *
 * Pure: builds one statement in one arena, looks at no catalog and no setting. Statements are split
 * at `;` by the caller (parse.c), which hands out a start token first. Every `error` alternative
 * only adds the hint of the innermost construct (try \h ...) and gives up.
 *
 * Sections: 1 declarations, 2 statements, 3 backup and jobs, 4 schema changes, 5 sessions and SHOW,
 * 6 queries and DML, 7 types, 8 expressions, 9 names, 10 keyword classes.
 */
%code requires {
#include "grammar/ast.h"
#include "grammar/gram_int.h"
}

%code top {
#include "config.h"
}

%code {
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int gram_lex(YYSTYPE *value, YYLTYPE *loc, struct gram *g);
static void gram_error(YYLTYPE *loc, struct gram *g, const char *message);

/* Slots of the parser's stack: about fifteen for a level of nested subqueries. */
#define YYMAXDEPTH (PARSE_MAX_DEPTH * 20)
/* A rule begins where its first part does; an empty one where the last token ended. */
#define YYLLOC_DEFAULT(current, rhs, n) ((current) = (n) != 0 ? YYRHSLOC(rhs, 1) : YYRHSLOC(rhs, 0))

#define NEW(type) ((type *)arena_zalloc(g->arena, sizeof(type)))
#define PUSH(list, ...) GRAM_PUSH(g, list, __VA_ARGS__)
/* A new list of one. */
#define LIST1(type, ...)             \
    __extension__({                  \
        type *list_ = NEW(type);     \
        GRAM_PUSH(g, list_, __VA_ARGS__); \
        list_;                       \
    })
/* A new struct with these members set. */
#define MAKE(type, ...)                    \
    __extension__({                        \
        type *made_ = NEW(type);           \
        *made_ = (type){__VA_ARGS__};      \
        made_;                             \
    })
#define STMT(kind, loc, node) gram_stmt_any(g, AST_STMT_##kind, (loc).pos, (node))
#define FAIL(reason)                       \
    do {                                   \
        gram_syntax_error(g, (reason));    \
        YYABORT;                           \
    } while (0)
#define UNIMPLEMENTED(issue)               \
    do {                                   \
        gram_unimplemented(g, (issue));    \
        YYABORT;                           \
    } while (0)
#define HELP(topic)                        \
    do {                                   \
        gram_help(g, (topic));             \
        YYABORT;                           \
    } while (0)
#define TRY(ok)                            \
    do {                                   \
        if (!(ok))                         \
            YYABORT;                       \
    } while (0)
/* INTO LATEST IN, FROM LATEST IN: a bare word, so that `latest` stays a name elsewhere. */
static bool
is_latest(const struct ast_expr *e)
{
    return e->kind == AST_EXPR_STRING && e->string.text.len == 6 &&
           strncasecmp((const char *)e->string.text.ptr, "latest", 6) == 0;
}

static struct ast_expr *
subdir_of(struct ast_expr *e)
{
    return is_latest(e) ? NULL : e;
}

static double
throttling(struct gram *g, struct ast_name number)
{
    return strtod(slice_to_cstr(g->arena, number.text), NULL);
}

/* Each at most once; -1: no THROTTLING. SOURCE: CockroachDB v20.1 pkg/sql/sem/tree/create.go, CombineWith */
static bool
add_stats_options(struct gram *g, struct ast_create_stats *s, const struct ast_create_stats *more)
{
    const char *twice = NULL;
    if (more->throttling >= 0 && s->throttling >= 0)
        twice = "THROTTLING specified multiple times";
    else if (more->as_of != NULL && s->as_of != NULL)
        twice = "AS OF specified multiple times";
    if (twice != NULL) {
        gram_syntax_error(g, twice);
        return false;
    }
    s->throttling = more->throttling >= 0 ? more->throttling : s->throttling;
    s->as_of = more->as_of != NULL ? more->as_of : s->as_of;
    return true;
}

/* Privileges are kept in upper case; NULL when one is not known. */
static struct ast_names *
upper_privileges(struct gram *g, struct ast_names *l)
{
    static const char *const known[] = {"ALL",    "CREATE", "DROP",   "GRANT",     "SELECT",
                                        "INSERT", "DELETE", "UPDATE", "ZONECONFIG"};
    for (int i = 0; i < l->count; i++) {
        struct slice upper = gram_upper(g, l->items[i].text);
        bool found = false;
        for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
            found = found || slice_eq(upper, slice_cstr(known[k]));
        if (!found) {
            gram_syntax_error(g, arena_printf(g->arena, "not a valid privilege: \"%.*s\"",
                                              (int)l->items[i].text.len, l->items[i].text.ptr));
            return NULL;
        }
        l->items[i].text = upper;
    }
    return l;
}

/* The members of a list, or none. */
#define OR_EMPTY(type, list) ((list) != NULL ? *(list) : (type){0})
}

%define api.pure full
%define api.prefix {gram_}
%define api.location.type {struct gram_loc}
%define parse.error simple
%param {struct gram *g}
%locations
%expect 0

%initial-action {
    @$ = (struct gram_loc){0, 0, 0};
}

%union {
    struct ast_name name;
    int ival;
    int64_t i64;
    bool flag;
    struct slice slice;
    struct ast_names *names;
    struct ast_expr *expr;
    struct ast_exprs *exprs;
    struct ast_type *type;
    struct ast_types *types;
    struct ast_object_name *oname;
    struct ast_object_names *onames;
    struct ast_index_name *iname;
    struct ast_index_names *inames;
    struct ast_stmt *stmt;
    struct ast_select *select;
    struct ast_select_clause *clause;
    struct ast_select_item *item;
    struct ast_select_items *items;
    struct ast_values *values;
    struct ast_with *with;
    struct ast_cte *cte;
    struct ast_order_by *order_by;
    struct ast_order_item *order_item;
    struct ast_limit *limit;
    struct ast_locking *locking;
    struct ast_lock_item *lock_item;
    struct ast_windows *windows;
    struct ast_window *window;
    struct ast_window_frame *frame;
    struct ast_frame_bound *bound;
    struct ast_table_ref *table_ref;
    struct ast_table_refs *table_refs;
    struct ast_index_flags *index_flags;
    struct ast_join *join;
    struct ast_alias *alias;
    struct ast_numeric_ref *numeric;
    struct ast_func *func;
    struct ast_case *case_;
    struct ast_subscript *subscript;
    struct ast_subscript_item *subscript_item;
    struct ast_insert *insert;
    struct ast_on_conflict *on_conflict;
    struct ast_returning *returning;
    struct ast_set_clauses *sets;
    struct ast_set_clause *set;
    struct ast_targets *targets;
    struct ast_table_patterns *patterns;
    struct ast_kv_options *options;
    struct ast_kv_option *option;
    struct ast_uri_layers *layers;
    struct ast_show *show;
    struct ast_txn_modes *modes;
    struct ast_table_def *def;
    struct ast_table_defs *defs;
    struct ast_column_def *column;
    struct ast_col_qual *qual;
    struct ast_index_def *index_def;
    struct ast_index_elem *index_elem;
    struct ast_index_elems *index_elems;
    struct ast_interleave *interleave;
    struct ast_partition_by *partition_by;
    struct ast_partition *partition;
    struct ast_sharded *sharded;
    struct ast_foreign_key *fk;
    struct ast_alter_table *alter;
    struct ast_alter_cmd *cmd;
    struct ast_sequence_stmt *sequence;
    struct ast_seq_option *seq_option;
    struct ast_create_database *create_db;
    struct ast_zone_target *zone;
    struct ast_set_zone_config *zone_config;
    struct ast_zone_option *zone_option;
    struct ast_scrub *scrub;
    struct ast_scrub_option *scrub_option;
    struct ast_copy *copy;
    struct ast_create_stats *stats;
    struct ast_range_target *range_target;
}

%token END 0 "EOF"
%token START_STMT START_EXPR START_TYPE START_NAME
%token LEX_ERROR LEX_UNKNOWN
%token <name> IDENT SCONST BCONST BITCONST ICONST FCONST
%token <ival> PLACEHOLDER
%token NOT_EQUALS NOT_REGMATCH REGIMATCH NOT_REGIMATCH LESS_EQUALS GREATER_EQUALS LSHIFT RSHIFT
%token INET_CONTAINED_BY_OR_EQUALS INET_CONTAINS_OR_EQUALS CONTAINED_BY CONTAINS AND_AND CONCAT SQRT
%token CBRT FLOORDIV FETCHVAL FETCHTEXT FETCHVAL_PATH FETCHTEXT_PATH REMOVE_PATH JSON_SOME_EXISTS
%token JSON_ALL_EXISTS TYPECAST TYPEANNOTATE DOT_DOT
/* one token of lookahead, resolved by gram_lex */
%token <name> NOT_LA WITH_LA AS_LA
%token <name> K_ABORT K_ACTION K_ADD K_ADMIN K_AGGREGATE K_ALL K_ALTER K_ANALYSE K_ANALYZE
    K_AND K_ANNOTATE_TYPE K_ANY K_ARRAY K_AS K_ASC K_ASYMMETRIC K_AT K_ATTACH
    K_AUTHORIZATION K_AUTOMATIC K_BACKUP K_BACKUPS K_BEGIN K_BETWEEN K_BIGINT K_BIT
    K_BOOLEAN K_BOTH K_BUCKET_COUNT K_BUNDLE K_BY K_CACHE K_CANCEL K_CASCADE K_CASE K_CAST
    K_CHANGEFEED K_CHAR K_CHARACTER K_CHARACTERISTICS K_CHECK K_CLOSE K_CLUSTER K_COALESCE
    K_COLLATE K_COLLATION K_COLUMN K_COLUMNS K_COMMENT K_COMMIT K_COMMITTED K_COMPACT
    K_COMPLETE K_CONCURRENTLY K_CONFIGURATION K_CONFIGURATIONS K_CONFIGURE K_CONFLICT
    K_CONSTRAINT K_CONSTRAINTS K_CONVERSION K_COPY K_COVERING K_CREATE K_CREATEROLE K_CROSS
    K_CUBE K_CURRENT K_CURRENT_CATALOG K_CURRENT_DATE K_CURRENT_ROLE K_CURRENT_SCHEMA
    K_CURRENT_TIME K_CURRENT_TIMESTAMP K_CURRENT_USER K_CYCLE K_DATA K_DATABASE K_DATABASES
    K_DAY K_DEALLOCATE K_DEC K_DECIMAL K_DECLARE K_DEFAULT K_DEFERRABLE K_DEFERRED K_DELETE
    K_DESC K_DETACH K_DISCARD K_DISTINCT K_DO K_DOMAIN K_DOUBLE K_DROP K_ELSE K_ENCODING
    K_END K_ENUM K_ESCAPE K_EXCEPT K_EXCLUDE K_EXECUTE K_EXISTS K_EXPERIMENTAL
    K_EXPERIMENTAL_AUDIT K_EXPERIMENTAL_CHANGEFEED K_EXPERIMENTAL_FINGERPRINTS
    K_EXPERIMENTAL_RANGES K_EXPERIMENTAL_RELOCATE K_EXPERIMENTAL_REPLICA K_EXPIRATION
    K_EXPLAIN K_EXPORT K_EXTENSION K_EXTRACT K_EXTRACT_DURATION K_FALSE K_FAMILY K_FETCH
    K_FILES K_FILTER K_FIRST K_FLOAT K_FOLLOWING K_FOR K_FORCE_INDEX K_FOREIGN K_FROM K_FULL
    K_FUNCTION K_GLOBAL K_GRANT K_GRANTS K_GREATEST K_GROUP K_GROUPING K_GROUPS K_HASH
    K_HAVING K_HIGH K_HISTOGRAM K_HOUR K_IF K_IFERROR K_IFNULL K_IGNORE_FOREIGN_KEYS K_ILIKE
    K_IMMEDIATE K_IMPORT K_IN K_INCLUDE K_INCREMENT K_INCREMENTAL K_INDEX K_INDEXES
    K_INITIALLY K_INJECT K_INNER K_INSERT K_INT K_INTEGER K_INTERLEAVE K_INTERSECT
    K_INTERVAL K_INTO K_INVERTED K_IS K_ISERROR K_ISNULL K_ISOLATION K_JOB K_JOBS K_JOIN
    K_JSON K_KEY K_KEYS K_KV K_LANGUAGE K_LAST K_LATERAL K_LC_COLLATE K_LC_CTYPE
    K_LEADING K_LEASE K_LEAST K_LEFT K_LEVEL K_LIKE K_LIMIT K_LIST K_LOCAL K_LOCALITY
    K_LOCALTIME K_LOCALTIMESTAMP K_LOCKED K_LOGIN K_LOOKUP K_LOW K_MATCH K_MATERIALIZED
    K_MAXVALUE K_MERGE K_MINUTE K_MINVALUE K_MONTH K_NAMES K_NAN K_NATURAL K_NEXT K_NO
    K_NOCREATEROLE K_NOLOGIN K_NONE K_NORMAL K_NOT K_NOTHING K_NOTNULL K_NOWAIT
    K_NO_INDEX_JOIN K_NULL K_NULLIF K_NULLS K_NUMERIC K_OF K_OFF K_OFFSET K_OIDS K_ON K_ONLY
    K_OPERATOR K_OPT K_OPTION K_OPTIONS K_OR K_ORDER K_ORDINALITY K_OTHERS K_OUT K_OUTER
    K_OVER K_OVERLAPS K_OVERLAY K_OWNED K_PARENT K_PARTIAL K_PARTITION K_PARTITIONS
    K_PASSWORD K_PAUSE K_PHYSICAL K_PLACING K_PLAN K_PLANS K_POSITION K_PRECEDING
    K_PRECISION K_PREPARE K_PRESERVE K_PRIMARY K_PRIORITY K_PUBLIC K_PUBLICATION K_QUERIES
    K_QUERY K_RANGE K_RANGES K_READ K_REAL K_RECURSIVE K_REF K_REFERENCES K_REINDEX
    K_RELEASE K_RENAME K_REPEATABLE K_REPLACE K_RESET K_RESTORE K_RESTRICT K_RESUME
    K_RETURNING K_REVOKE K_RIGHT K_ROLE K_ROLES K_ROLLBACK K_ROLLUP K_ROW K_ROWS K_RULE
    K_SAVEPOINT K_SCATTER K_SCHEMA K_SCHEMAS K_SCRUB K_SEARCH K_SECOND K_SELECT K_SEQUENCE
    K_SEQUENCES K_SERIALIZABLE K_SERVER K_SESSION K_SESSIONS K_SESSION_USER K_SET K_SETTING
    K_SETTINGS K_SHARE K_SHOW K_SIMILAR K_SIMPLE K_SKIP K_SMALLINT K_SNAPSHOT K_SOME K_SPLIT
    K_SQL K_START K_STATISTICS K_STATUS K_STDIN K_STDOUT K_STORE K_STORED K_STORING K_STRICT
    K_STRING K_SUBSCRIPTION K_SUBSTRING K_SYMMETRIC K_SYNTAX K_SYSTEM K_TABLE K_TABLES
    K_TEMP K_TEMPLATE K_TEMPORARY K_THEN K_THROTTLING K_TIES K_TIME K_TIMESTAMP
    K_TIMESTAMPTZ K_TIMETZ K_TO K_TRACE K_TRAILING K_TRANSACTION K_TREAT K_TRIGGER K_TRIM
    K_TRUE K_TRUNCATE K_TRUSTED K_TYPE K_UNBOUNDED K_UNCOMMITTED K_UNION K_UNIQUE K_UNKNOWN
    K_UNLOGGED K_UNSPLIT K_UNTIL K_UPDATE K_UPSERT K_USE K_USER K_USERS K_USING K_VALID
    K_VALIDATE K_VALUE K_VALUES K_VARBIT K_VARCHAR K_VARIADIC K_VARYING K_VIEW K_VIRTUAL
    K_WHEN K_WHERE K_WINDOW K_WITH K_WITHIN K_WITHOUT K_WORK K_WRITE K_YEAR K_ZONE

/* From here on: lowest precedence first. */
%nonassoc K_VALUES
%nonassoc K_SET
%left     K_UNION K_EXCEPT
%left     K_INTERSECT
%left     K_OR
%left     K_AND
%right    K_NOT
%nonassoc K_IS K_ISNULL K_NOTNULL
%nonassoc '<' '>' '=' LESS_EQUALS GREATER_EQUALS NOT_EQUALS
%nonassoc '~' K_BETWEEN K_IN K_LIKE K_ILIKE K_SIMILAR NOT_REGMATCH REGIMATCH NOT_REGIMATCH NOT_LA
%nonassoc K_ESCAPE
%nonassoc K_OVERLAPS
%left     POSTFIXOP
/* names that may follow an expression bind less than operators */
%nonassoc K_UNBOUNDED
%nonassoc IDENT K_NULL K_PARTITION K_RANGE K_ROWS K_GROUPS K_PRECEDING K_FOLLOWING K_CUBE K_ROLLUP
%left     CONTAINS CONTAINED_BY '?' JSON_SOME_EXISTS JSON_ALL_EXISTS
%left     CONCAT FETCHVAL FETCHTEXT FETCHVAL_PATH FETCHTEXT_PATH REMOVE_PATH K_OPERATOR
%left     '|'
%left     '#'
%left     '&'
%left     LSHIFT RSHIFT INET_CONTAINS_OR_EQUALS INET_CONTAINED_BY_OR_EQUALS AND_AND SQRT CBRT
%left     '+' '-'
%left     '*' '/' FLOORDIV '%'
%left     '^'
%left     K_AT
%left     K_COLLATE
%right    UMINUS
%left     '[' ']'
%left     '(' ')'
%left     TYPEANNOTATE
%left     TYPECAST
%left     '.'
/* not part of expressions in their JOIN use; high, so that they may name functions */
%left     K_JOIN K_CROSS K_LEFT K_FULL K_RIGHT K_INNER K_NATURAL

%type <stmt> stmt preparable_stmt row_source_stmt
%type <stmt> alter_stmt backup_stmt restore_stmt cancel_stmt create_stmt delete_stmt drop_stmt
%type <stmt> explain_stmt export_stmt import_stmt insert_stmt pause_resume_stmt reset_stmt scrub_stmt
%type <stmt> set_stmt show_stmt truncate_stmt update_stmt upsert_stmt copy_stmt prepare_stmt opt_plan
%type <stmt> execute_stmt deallocate_stmt discard_stmt grant_stmt revoke_stmt savepoint_stmt
%type <stmt> release_stmt transaction_stmt comment_stmt attach_stmt create_table_stmt create_index_stmt
%type <stmt> create_view_stmt create_sequence_stmt create_database_stmt create_schema_stmt
%type <stmt> create_role_stmt create_stats_stmt create_changefeed_stmt create_unsupported
%type <stmt> alter_table_stmt alter_index_stmt alter_database_stmt alter_view_stmt alter_sequence_stmt
%type <stmt> alter_range_stmt alter_role_stmt alter_partition_stmt alter_unsupported set_var_stmt

%type <name> explain_option name column_name insert_column_item table_alias_name type_function_name unrestricted_name
%type <name> non_reserved_word non_reserved_word_or_sconst bare_label extract_arg
%type <name> unreserved_keyword col_name_keyword type_func_name_keyword reserved_keyword
%type <name> collation_name opt_name opt_window_name session_var window_ref
%type <name> opt_family_name 
%type <names> explain_options name_list insert_column_list opt_column_list var_name db_object_parts
%type <names> prefixed_path privileges privilege_list opt_storing opt_grantees
%type <names> copy_columns
%type <oname> db_object_name table_name altered_table opt_from_table
%type <onames> table_name_list altered_tables
%type <iname> table_index_name
%type <inames> table_index_name_list
%type <flag> opt_temp opt_temp_table opt_on_commit opt_unique opt_with_comment opt_ordinality all_or_distinct
%type <flag> opt_cluster opt_compact opt_column_word
%type <flag> opt_concurrently user_or_role opt_validate
%type <ival> opt_asc_desc opt_nulls_order opt_drop_behavior sub_type subquery_op math_op join_type
%type <ival> opt_join_hint interval_qualifier opt_interval_qualifier key_match reference_action
%type <ival> iso_level user_priority rw_mode lock_strength opt_wait opt_float first_or_next
%type <ival> row_or_rows trim_side job_word operator_op opt_mtr frame_exclusion opt_varying
%type <i64> iconst64 signed_iconst64 opt_timezone
%type <expr> a_expr b_expr c_expr d_expr func_expr func_expr_windowless func_common string_or_placeholder
%type <expr> opt_where opt_having as_of opt_as_of case_default opt_case_arg in_expr array_expr
%type <expr> var_value extra_var_value opt_expiration numeric_only timezone_value subquery_or_expr
%type <expr> opt_filter column_path column_path_with_star tuple_unambiguous row labeled_row
%type <expr> opt_in_path select_fetch_value limit_value partition_value bucket_count
%type <expr> copy_value opt_alter_using opt_encoding_like
%type <exprs> expr_list opt_expr_list var_list string_list uri_layer opt_incremental
%type <exprs> group_clause substr_list overlay_list trim_list extract_list position_list
%type <exprs> array_expr_list rowsfrom_list execute_params partition_values
%type <type> typename simple_typename const_typename cast_target interval_type
%type <types> type_list opt_prepare_types
%type <select> select_stmt select_no_parens select_with_parens select_clause simple_select
%type <select> simple_select_clause set_operation table_clause
%type <values> values_clause
%type <clause> from_clause
%type <item> target_elem
%type <items> target_list opt_target_list
%type <with> with_clause opt_with_clause cte_list
%type <cte> common_table_expr
%type <order_by> sort_clause opt_sort_clause sortby_list
%type <order_item> sortby
%type <limit> select_limit opt_select_limit limit_clause offset_clause
%type <locking> for_locking opt_for_locking for_locking_items
%type <lock_item> for_locking_item
%type <windows> window_clause window_definitions
%type <window> window_definition window_specification over_clause
%type <frame> frame_clause frame_extent
%type <bound> frame_bound
%type <table_ref> table_ref joined_table relation_expr func_table insert_target dml_table
%type <table_ref> numeric_table_ref
%type <table_refs> from_list opt_from_list
%type <index_flags> opt_index_flags index_flag index_flag_list
%type <join> join_qual
%type <alias> alias_clause opt_alias_clause
%type <numeric> opt_tableref_columns tableref_columns
%type <func> func_application func_name
%type <case_> when_list
%type <subscript> array_subscripts
%type <subscript_item> array_subscript
%type <insert> insert_rest
%type <on_conflict> on_conflict
%type <returning> returning_clause
%type <sets> set_clause_list
%type <set> set_clause
%type <targets> targets grant_targets opt_changefeed_targets
%type <patterns> table_pattern_list
%type <options> opt_with_options kv_option_list opt_role_options role_options
%type <options> opt_table_with storage_params
%type <option> kv_option role_option storage_param
%type <layers> uri_layers
%type <modes> transaction_mode_list transaction_mode opt_transaction_modes
%type <def> table_elem table_constraint constraint_elem family_def index_def create_as_def
%type <defs> table_elem_list opt_table_elem_list create_as_defs
%type <column> column_def col_quals create_as_quals
%type <qual> col_qual col_qual_elem
%type <index_def> index_tail
%type <index_elem> index_elem
%type <index_elems> index_params
%type <interleave> opt_interleave
%type <partition_by> partition_by opt_partition_by list_partitions range_partitions
%type <partition> list_partition range_partition
%type <sharded> opt_hash_sharded
%type <fk> references reference_actions
%type <alter> alter_cmds
%type <cmd> alter_cmd
%type <sequence> opt_seq_options seq_options
%type <seq_option> seq_option
%type <create_db> opt_db_options
%type <zone> zone_target
%type <zone_config> zone_action zone_options
%type <zone_option> zone_option
%type <scrub> opt_scrub_options scrub_options
%type <scrub_option> scrub_option
%type <copy> copy_options copy_legacy copy_generic
%type <range_target> alter_range_table alter_range_index
%type <stats> create_stats_target opt_stats_options stats_options stats_option

%start start
%%

start:
    START_STMT stmt { g->stmt = $2; }
    | START_EXPR a_expr { g->expr = $2; }
    | START_TYPE typename { g->type = $2; }
    | START_NAME db_object_name { g->object_name = $2; }
    ;

/* ==== 2 statements ========================================================================== */

stmt:
    preparable_stmt
    | copy_stmt
    | comment_stmt
    | prepare_stmt
    | execute_stmt
    | deallocate_stmt
    | discard_stmt
    | grant_stmt
    | revoke_stmt
    | savepoint_stmt
    | release_stmt
    | transaction_stmt
    | K_REINDEX K_TABLE error { gram_unimplemented(g, -1); gram_hint(g, "CockroachDB does not require reindexing."); YYABORT; }
    | K_REINDEX K_INDEX error { gram_unimplemented(g, -1); gram_hint(g, "CockroachDB does not require reindexing."); YYABORT; }
    | K_REINDEX K_DATABASE error { gram_unimplemented(g, -1); gram_hint(g, "CockroachDB does not require reindexing."); YYABORT; }
    | K_REINDEX K_SYSTEM error { gram_unimplemented(g, -1); gram_hint(g, "CockroachDB does not require reindexing."); YYABORT; }
    ;

preparable_stmt:
    alter_stmt
    | attach_stmt
    | backup_stmt
    | cancel_stmt
    | create_stmt
    | drop_stmt
    | import_stmt
    | pause_resume_stmt
    | reset_stmt
    | restore_stmt
    | export_stmt
    | scrub_stmt
    | set_stmt
    | truncate_stmt
    | row_source_stmt
    ;

row_source_stmt:
    delete_stmt
    | explain_stmt
    | insert_stmt
    | select_stmt { $$ = gram_stmt(g, AST_STMT_SELECT, @1.pos, $1, $1->depth); }
    | show_stmt
    | update_stmt
    | upsert_stmt
    ;

explain_stmt:
    K_EXPLAIN preparable_stmt { TRY($$ = gram_explain(g, @1.pos, false, NULL, $2)); }
    | K_EXPLAIN analyze preparable_stmt { TRY($$ = gram_explain(g, @1.pos, true, NULL, $3)); }
    | K_EXPLAIN '(' explain_options ')' preparable_stmt {
        TRY($$ = gram_explain(g, @1.pos, false, $3, $5));
    }
    | K_EXPLAIN analyze '(' explain_options ')' preparable_stmt {
        TRY($$ = gram_explain(g, @1.pos, true, $4, $6));
    }
    | K_EXPLAIN error { HELP("EXPLAIN"); }
    ;

analyze:
    K_ANALYZE
    | K_ANALYSE
    ;

explain_options:
    explain_option { $$ = LIST1(struct ast_names, $1); }
    | explain_options ',' explain_option { $$ = $1; PUSH($$, $3); }
    ;

explain_option:
    non_reserved_word
    | K_ANALYZE { $$ = (struct ast_name){.text = slice_cstr("analyze"), .pos = @1.pos}; }
    ;

opt_plan:
    K_OPT K_PLAN SCONST { $$ = STMT(OPT_PLAN, @1, MAKE(struct ast_opt_plan, .text = $3.text)); }
    ;

prepare_stmt:
    K_PREPARE name opt_prepare_types K_AS preparable_stmt {
        $$ = gram_stmt(g, AST_STMT_PREPARE, @1.pos,
            MAKE(struct ast_prepare, .name = $2.text, .types = OR_EMPTY(struct ast_types, $3), .stmt = $5,
                 .pos = $2.pos), $5->depth);
    }
    | K_PREPARE name opt_prepare_types K_AS opt_plan {
        $$ = STMT(PREPARE, @1,
            MAKE(struct ast_prepare, .name = $2.text, .types = OR_EMPTY(struct ast_types, $3), .pos = $2.pos,
                 .stmt = $5));
    }
    | K_PREPARE error { HELP("PREPARE"); }
    ;

opt_prepare_types:
    %empty { $$ = NULL; }
    | '(' type_list ')' { $$ = $2; }
    ;

type_list:
    typename { $$ = LIST1(struct ast_types, $1); }
    | type_list ',' typename { $$ = $1; PUSH($$, $3); }
    ;

execute_stmt:
    K_EXECUTE name execute_params {
        $$ = STMT(EXECUTE, @1, MAKE(struct ast_execute, .name = $2.text, .pos = $2.pos,
            .params = OR_EMPTY(struct ast_exprs, $3)));
    }
    | K_EXECUTE name execute_params K_DISCARD K_ROWS {
        $$ = STMT(EXECUTE, @1, MAKE(struct ast_execute, .name = $2.text, .pos = $2.pos,
            .params = OR_EMPTY(struct ast_exprs, $3), .discard_rows = true));
    }
    | K_EXECUTE error { HELP("EXECUTE"); }
    ;

execute_params:
    %empty { $$ = NULL; }
    | '(' expr_list ')' { $$ = $2; }
    ;

deallocate_stmt:
    K_DEALLOCATE name { $$ = STMT(DEALLOCATE, @1, MAKE(struct ast_deallocate, .name = $2.text, .pos = $2.pos)); }
    | K_DEALLOCATE K_PREPARE name { $$ = STMT(DEALLOCATE, @1, MAKE(struct ast_deallocate, .name = $3.text, .pos = $3.pos)); }
    | K_DEALLOCATE K_ALL { $$ = STMT(DEALLOCATE, @1, MAKE(struct ast_deallocate, .all = true)); }
    | K_DEALLOCATE K_PREPARE K_ALL { $$ = STMT(DEALLOCATE, @1, MAKE(struct ast_deallocate, .all = true)); }
    | K_DEALLOCATE error { HELP("DEALLOCATE"); }
    ;

discard_stmt:
    K_DISCARD K_ALL { $$ = STMT(DISCARD, @1, NULL); }
    | K_DISCARD K_PLANS { UNIMPLEMENTED(0); }
    | K_DISCARD K_SEQUENCES { UNIMPLEMENTED(0); }
    | K_DISCARD K_TEMP { UNIMPLEMENTED(0); }
    | K_DISCARD K_TEMPORARY { UNIMPLEMENTED(0); }
    | K_DISCARD error { HELP("DISCARD"); }
    ;

/* ---- transactions ---- */

transaction_stmt:
    K_BEGIN opt_transaction opt_transaction_modes { $$ = STMT(BEGIN, @1, $3); }
    | K_BEGIN error { HELP("BEGIN"); }
    | K_START K_TRANSACTION opt_transaction_modes { $$ = STMT(BEGIN, @1, $3); }
    | K_START error { HELP("BEGIN"); }
    | K_COMMIT opt_transaction { $$ = STMT(COMMIT, @1, NULL); }
    | K_COMMIT error { HELP("COMMIT"); }
    | K_END opt_transaction { $$ = STMT(COMMIT, @1, NULL); }
    | K_END error { HELP("COMMIT"); }
    | K_ABORT opt_transaction { $$ = STMT(ROLLBACK, @1, NULL); }
    | K_ABORT error { HELP("ABORT"); }
    | K_ROLLBACK opt_transaction { $$ = STMT(ROLLBACK, @1, NULL); }
    | K_ROLLBACK opt_transaction K_TO K_SAVEPOINT name {
        $$ = STMT(ROLLBACK_TO, @1, MAKE(struct ast_savepoint, .name = $5.text, .pos = $5.pos));
    }
    | K_ROLLBACK opt_transaction K_TO name {
        $$ = STMT(ROLLBACK_TO, @1, MAKE(struct ast_savepoint, .name = $4.text, .pos = $4.pos));
    }
    | K_ROLLBACK error { HELP("ROLLBACK"); }
    ;

opt_transaction:
    %empty
    | K_TRANSACTION
    | K_WORK
    ;

savepoint_stmt:
    K_SAVEPOINT name { $$ = STMT(SAVEPOINT, @1, MAKE(struct ast_savepoint, .name = $2.text, .pos = $2.pos)); }
    | K_SAVEPOINT error { HELP("SAVEPOINT"); }
    ;

release_stmt:
    K_RELEASE K_SAVEPOINT name { $$ = STMT(RELEASE, @1, MAKE(struct ast_savepoint, .name = $3.text, .pos = $3.pos)); }
    | K_RELEASE name { $$ = STMT(RELEASE, @1, MAKE(struct ast_savepoint, .name = $2.text, .pos = $2.pos)); }
    | K_RELEASE error { HELP("RELEASE"); }
    ;

opt_transaction_modes:
    %empty { $$ = NEW(struct ast_txn_modes); }
    | transaction_mode_list
    ;

transaction_mode_list:
    transaction_mode
    | transaction_mode_list opt_comma transaction_mode { $$ = $1; TRY(gram_txn_modes_merge(g, $$, $3)); }
    ;

opt_comma:
    %empty
    | ','
    ;

transaction_mode:
    K_ISOLATION K_LEVEL iso_level { $$ = MAKE(struct ast_txn_modes, .isolation = (enum ast_isolation)$3); }
    | K_PRIORITY user_priority { $$ = MAKE(struct ast_txn_modes, .priority = (enum ast_priority)$2); }
    | rw_mode { $$ = MAKE(struct ast_txn_modes, .rw = (enum ast_rw_mode)$1); }
    | as_of { $$ = MAKE(struct ast_txn_modes, .as_of = $1); }
    ;

iso_level:
    K_READ K_UNCOMMITTED { $$ = AST_ISO_SERIALIZABLE; }
    | K_READ K_COMMITTED { $$ = AST_ISO_SERIALIZABLE; }
    | K_SNAPSHOT { $$ = AST_ISO_SERIALIZABLE; }
    | K_REPEATABLE K_READ { $$ = AST_ISO_SERIALIZABLE; }
    | K_SERIALIZABLE { $$ = AST_ISO_SERIALIZABLE; }
    ;

user_priority:
    K_LOW { $$ = AST_PRIO_LOW; }
    | K_NORMAL { $$ = AST_PRIO_NORMAL; }
    | K_HIGH { $$ = AST_PRIO_HIGH; }
    ;

rw_mode:
    K_READ K_ONLY { $$ = AST_RW_READ_ONLY; }
    | K_READ K_WRITE { $$ = AST_RW_READ_WRITE; }
    ;

from_or_for:
    K_FROM
    | K_FOR
    ;

/* ---- users, roles, privileges ---- */

user_or_role:
    K_USER { $$ = false; }
    | K_ROLE { $$ = true; }
    ;

create_role_stmt:
    K_CREATE user_or_role string_or_placeholder opt_role_options {
        $$ = STMT(CREATE_ROLE, @1, MAKE(struct ast_role_stmt, .is_role = $2, .name = $3, .options = *$4));
    }
    | K_CREATE user_or_role K_IF K_NOT K_EXISTS string_or_placeholder opt_role_options {
        $$ = STMT(CREATE_ROLE, @1, MAKE(struct ast_role_stmt, .is_role = $2, .if_exists = true, .name = $6, .options = *$7));
    }
    | K_CREATE user_or_role error { HELP("CREATE ROLE"); }
    ;

alter_role_stmt:
    K_ALTER user_or_role string_or_placeholder opt_role_options {
        $$ = STMT(ALTER_ROLE, @1, MAKE(struct ast_role_stmt, .is_role = $2, .name = $3, .options = *$4));
    }
    | K_ALTER user_or_role K_IF K_EXISTS string_or_placeholder opt_role_options {
        $$ = STMT(ALTER_ROLE, @1, MAKE(struct ast_role_stmt, .is_role = $2, .if_exists = true, .name = $5, .options = *$6));
    }
    | K_ALTER user_or_role error { HELP("ALTER ROLE"); }
    ;

opt_role_options:
    %empty { $$ = NEW(struct ast_kv_options); }
    | K_WITH role_options { $$ = $2; }
    | role_options
    ;

role_options:
    role_option { $$ = LIST1(struct ast_kv_options, *$1); }
    | role_options role_option { $$ = $1; PUSH($$, *$2); }
    ;

role_option:
    K_CREATEROLE { $$ = MAKE(struct ast_kv_option, .key = SLICE_LIT("CREATEROLE"), .pos = @1.pos); }
    | K_NOCREATEROLE { $$ = MAKE(struct ast_kv_option, .key = SLICE_LIT("NOCREATEROLE"), .pos = @1.pos); }
    | K_LOGIN { $$ = MAKE(struct ast_kv_option, .key = SLICE_LIT("LOGIN"), .pos = @1.pos); }
    | K_NOLOGIN { $$ = MAKE(struct ast_kv_option, .key = SLICE_LIT("NOLOGIN"), .pos = @1.pos); }
    | K_PASSWORD string_or_placeholder {
        $$ = MAKE(struct ast_kv_option, .key = SLICE_LIT("PASSWORD"), .has_value = true, .value = $2, .pos = @1.pos);
    }
    | K_PASSWORD K_NULL {
        $$ = MAKE(struct ast_kv_option, .key = SLICE_LIT("PASSWORD"), .has_value = true,
            .value = gram_expr(g, AST_EXPR_NULL, @2.pos), .pos = @1.pos);
    }
    | K_VALID K_UNTIL string_or_placeholder {
        $$ = MAKE(struct ast_kv_option, .key = SLICE_LIT("VALID UNTIL"), .has_value = true, .value = $3, .pos = @1.pos);
    }
    | K_VALID K_UNTIL K_NULL {
        $$ = MAKE(struct ast_kv_option, .key = SLICE_LIT("VALID UNTIL"), .has_value = true,
            .value = gram_expr(g, AST_EXPR_NULL, @3.pos), .pos = @1.pos);
    }
    ;

grant_stmt:
    K_GRANT privileges K_ON grant_targets K_TO name_list {
        $$ = STMT(GRANT, @1, MAKE(struct ast_grant, .privileges = *$2, .targets = *$4, .grantees = *$6));
    }
    | K_GRANT K_ALL opt_privileges K_ON grant_targets K_TO name_list {
        $$ = STMT(GRANT, @1, MAKE(struct ast_grant, .all = true, .targets = *$5, .grantees = *$7));
    }
    | K_GRANT privilege_list K_TO name_list {
        $$ = STMT(GRANT_ROLE, @1, MAKE(struct ast_grant_role, .roles = *$2, .members = *$4));
    }
    | K_GRANT privilege_list K_TO name_list K_WITH K_ADMIN K_OPTION {
        $$ = STMT(GRANT_ROLE, @1, MAKE(struct ast_grant_role, .roles = *$2, .members = *$4, .admin_option = true));
    }
    | K_GRANT error { HELP("GRANT"); }
    ;

revoke_stmt:
    K_REVOKE privileges K_ON grant_targets K_FROM name_list {
        $$ = STMT(REVOKE, @1, MAKE(struct ast_grant, .privileges = *$2, .targets = *$4, .grantees = *$6));
    }
    | K_REVOKE K_ALL opt_privileges K_ON grant_targets K_FROM name_list {
        $$ = STMT(REVOKE, @1, MAKE(struct ast_grant, .all = true, .targets = *$5, .grantees = *$7));
    }
    | K_REVOKE privilege_list K_FROM name_list {
        $$ = STMT(REVOKE_ROLE, @1, MAKE(struct ast_grant_role, .roles = *$2, .members = *$4));
    }
    | K_REVOKE K_ADMIN K_OPTION K_FOR privilege_list K_FROM name_list {
        $$ = STMT(REVOKE_ROLE, @1, MAKE(struct ast_grant_role, .roles = *$5, .members = *$7, .admin_option = true));
    }
    | K_REVOKE error { HELP("REVOKE"); }
    ;

privileges:
    privilege_list {
        $$ = upper_privileges(g, $1);
        TRY($$ != NULL);
    }
    ;

/* Privileges, or roles: told apart by what follows, so names stay as written (folded). */
privilege_list:
    name { $$ = LIST1(struct ast_names, $1); }
    | K_CREATE { $$ = LIST1(struct ast_names, $1); }
    | K_GRANT { $$ = LIST1(struct ast_names, $1); }
    | K_SELECT { $$ = LIST1(struct ast_names, $1); }
    | privilege_list ',' name { $$ = $1; PUSH($$, $3); }
    | privilege_list ',' K_CREATE { $$ = $1; PUSH($$, $3); }
    | privilege_list ',' K_GRANT { $$ = $1; PUSH($$, $3); }
    | privilege_list ',' K_SELECT { $$ = $1; PUSH($$, $3); }
    ;

opt_privileges:
    %empty
    | IDENT {
        if (!slice_eq($1.text, SLICE_LIT("privileges")))
            FAIL(NULL);
    }
    ;

grant_targets:
    targets
    ;

/* Table patterns are read as column references, which covers t, d.t, *, d.*, d.s.*. */
targets:
    column_path_with_star {
        $$ = MAKE(struct ast_targets, .kind = AST_TARGET_TABLES);
        struct ast_table_pattern p;
        TRY(gram_table_pattern(g, $1, &p));
        PUSH(&$$->tables, p);
    }
    | '*' {
        $$ = MAKE(struct ast_targets, .kind = AST_TARGET_TABLES);
        PUSH(&$$->tables, (struct ast_table_pattern){.star = true, .name.pos = @1.pos});
    }
    | column_path_with_star ',' table_pattern_list {
        $$ = MAKE(struct ast_targets, .kind = AST_TARGET_TABLES);
        struct ast_table_pattern p;
        TRY(gram_table_pattern(g, $1, &p));
        PUSH(&$$->tables, p);
        for (int i = 0; i < $3->count; i++)
            PUSH(&$$->tables, $3->items[i]);
    }
    | '*' ',' table_pattern_list {
        $$ = MAKE(struct ast_targets, .kind = AST_TARGET_TABLES);
        PUSH(&$$->tables, (struct ast_table_pattern){.star = true, .name.pos = @1.pos});
        for (int i = 0; i < $3->count; i++)
            PUSH(&$$->tables, $3->items[i]);
    }
    | K_TABLE table_pattern_list { $$ = MAKE(struct ast_targets, .kind = AST_TARGET_TABLES, .tables = *$2); }
    | K_DATABASE name_list { $$ = MAKE(struct ast_targets, .kind = AST_TARGET_DATABASES, .names = *$2); }
    ;

table_pattern_list:
    column_path_with_star {
        struct ast_table_pattern p;
        TRY(gram_table_pattern(g, $1, &p));
        $$ = LIST1(struct ast_table_patterns, p);
    }
    | '*' { $$ = LIST1(struct ast_table_patterns, (struct ast_table_pattern){.star = true, .name.pos = @1.pos}); }
    | table_pattern_list ',' column_path_with_star {
        struct ast_table_pattern p;
        TRY(gram_table_pattern(g, $3, &p));
        $$ = $1;
        PUSH($$, p);
    }
    | table_pattern_list ',' '*' {
        $$ = $1;
        PUSH($$, (struct ast_table_pattern){.star = true, .name.pos = @3.pos});
    }
    ;

/* ---- COPY, COMMENT ON, TRUNCATE, SCRUB ---- */

copy_stmt:
    K_COPY table_name copy_columns K_FROM K_STDIN copy_options {
        $6->table = *$2;
        $6->columns = OR_EMPTY(struct ast_names, $3);
        $$ = STMT(COPY, @1, $6);
    }
    | K_COPY table_name copy_columns K_TO K_STDOUT copy_options {
        $6->to = true;
        $6->table = *$2;
        $6->columns = OR_EMPTY(struct ast_names, $3);
        $$ = STMT(COPY, @1, $6);
    }
    | K_COPY '(' row_source_stmt ')' K_TO K_STDOUT copy_options {
        $7->to = true;
        if ($3->kind == AST_STMT_SELECT)
            $7->query = $3->select;
        else
            $7->query_stmt = $3;
        $$ = STMT(COPY, @1, $7);
    }
    | K_COPY error { HELP("COPY"); }
    ;

copy_columns:
    opt_column_list
    ;

copy_options:
    %empty { $$ = NEW(struct ast_copy); }
    | copy_legacy
    | K_WITH copy_legacy { $$ = $2; }
    | '(' copy_generic ')' { $$ = $2; }
    | K_WITH '(' copy_generic ')' { $$ = $3; }
    ;

copy_legacy:
    IDENT copy_value { $$ = NEW(struct ast_copy); TRY(gram_copy_option(g, $$, $1, $2, NULL)); }
    | K_NULL copy_value { $$ = NEW(struct ast_copy); TRY(gram_copy_option(g, $$, $1, $2, NULL)); }
    | K_ESCAPE copy_value { $$ = NEW(struct ast_copy); TRY(gram_copy_option(g, $$, $1, $2, NULL)); }
    | K_ENCODING copy_value { $$ = NEW(struct ast_copy); TRY(gram_copy_option(g, $$, $1, $2, NULL)); }
    | copy_legacy IDENT copy_value { $$ = $1; TRY(gram_copy_option(g, $$, $2, $3, NULL)); }
    | copy_legacy K_NULL copy_value { $$ = $1; TRY(gram_copy_option(g, $$, $2, $3, NULL)); }
    | copy_legacy K_ESCAPE copy_value { $$ = $1; TRY(gram_copy_option(g, $$, $2, $3, NULL)); }
    | copy_legacy K_ENCODING copy_value { $$ = $1; TRY(gram_copy_option(g, $$, $2, $3, NULL)); }
    ;

copy_value:
    %empty { $$ = NULL; }
    | SCONST { $$ = gram_text(g, AST_EXPR_STRING, $1); }
    | K_AS SCONST { $$ = gram_text(g, AST_EXPR_STRING, $2); }
    | '=' SCONST { $$ = gram_text(g, AST_EXPR_STRING, $2); }
    ;

copy_generic:
    unrestricted_name { $$ = NEW(struct ast_copy); TRY(gram_copy_option(g, $$, $1, NULL, NULL)); }
    | unrestricted_name opt_encoding_like { $$ = NEW(struct ast_copy); TRY(gram_copy_option(g, $$, $1, $2, NULL)); }
    | unrestricted_name '(' name_list ')' { $$ = NEW(struct ast_copy); TRY(gram_copy_option(g, $$, $1, NULL, $3)); }
    | copy_generic ',' unrestricted_name { $$ = $1; TRY(gram_copy_option(g, $$, $3, NULL, NULL)); }
    | copy_generic ',' unrestricted_name opt_encoding_like { $$ = $1; TRY(gram_copy_option(g, $$, $3, $4, NULL)); }
    | copy_generic ',' unrestricted_name '(' name_list ')' { $$ = $1; TRY(gram_copy_option(g, $$, $3, NULL, $5)); }
    ;

opt_encoding_like:
    SCONST { $$ = gram_text(g, AST_EXPR_STRING, $1); }
    | non_reserved_word { $$ = gram_text(g, AST_EXPR_STRING, $1); }
    | K_TRUE { $$ = gram_bool(g, @1.pos, true); }
    | K_FALSE { $$ = gram_bool(g, @1.pos, false); }
    | K_ON { $$ = gram_bool(g, @1.pos, true); }
    | ICONST { $$ = gram_number(g, $1, AST_EXPR_INT); }
    | '*' { $$ = gram_column(g, &(struct ast_names){0}, true, @1.pos); }
    ;

comment_stmt:
    K_COMMENT K_ON K_DATABASE name K_IS SCONST {
        $$ = STMT(COMMENT, @1, MAKE(struct ast_comment, .kind = AST_COMMENT_DATABASE, .database = $4.text, .text = $6.text, .pos = $4.pos));
    }
    | K_COMMENT K_ON K_DATABASE name K_IS K_NULL {
        $$ = STMT(COMMENT, @1, MAKE(struct ast_comment, .kind = AST_COMMENT_DATABASE, .database = $4.text, .null = true, .pos = $4.pos));
    }
    | K_COMMENT K_ON K_TABLE table_name K_IS SCONST {
        $$ = STMT(COMMENT, @1, MAKE(struct ast_comment, .kind = AST_COMMENT_TABLE, .table = *$4, .text = $6.text, .pos = @4.pos));
    }
    | K_COMMENT K_ON K_TABLE table_name K_IS K_NULL {
        $$ = STMT(COMMENT, @1, MAKE(struct ast_comment, .kind = AST_COMMENT_TABLE, .table = *$4, .null = true, .pos = @4.pos));
    }
    | K_COMMENT K_ON K_COLUMN column_path K_IS SCONST {
        $$ = STMT(COMMENT, @1, MAKE(struct ast_comment, .kind = AST_COMMENT_COLUMN, .column = $4, .text = $6.text, .pos = @4.pos));
    }
    | K_COMMENT K_ON K_COLUMN column_path K_IS K_NULL {
        $$ = STMT(COMMENT, @1, MAKE(struct ast_comment, .kind = AST_COMMENT_COLUMN, .column = $4, .null = true, .pos = @4.pos));
    }
    | K_COMMENT K_ON K_INDEX table_index_name K_IS SCONST {
        $$ = STMT(COMMENT, @1, MAKE(struct ast_comment, .kind = AST_COMMENT_INDEX, .index = *$4, .text = $6.text, .pos = @4.pos));
    }
    | K_COMMENT K_ON K_INDEX table_index_name K_IS K_NULL {
        $$ = STMT(COMMENT, @1, MAKE(struct ast_comment, .kind = AST_COMMENT_INDEX, .index = *$4, .null = true, .pos = @4.pos));
    }
    ;

truncate_stmt:
    K_TRUNCATE opt_table altered_tables opt_drop_behavior {
        $$ = STMT(TRUNCATE, @1, MAKE(struct ast_truncate, .tables = *$3, .behavior = (enum ast_drop_behavior)$4));
    }
    | K_TRUNCATE error { HELP("TRUNCATE"); }
    ;

opt_table:
    %empty
    | K_TABLE
    ;

scrub_stmt:
    K_EXPERIMENTAL K_SCRUB K_TABLE table_name opt_as_of opt_scrub_options {
        $6->name = *$4;
        $6->as_of = $5;
        $$ = STMT(SCRUB, @1, $6);
    }
    | K_EXPERIMENTAL K_SCRUB K_DATABASE name opt_as_of {
        $$ = STMT(SCRUB, @1, MAKE(struct ast_scrub, .database = true, .name = *gram_object_name1(g, $4), .as_of = $5));
    }
    | K_EXPERIMENTAL K_SCRUB error { HELP("SCRUB"); }
    ;

opt_scrub_options:
    %empty { $$ = NEW(struct ast_scrub); }
    | K_WITH K_OPTIONS scrub_options { $$ = $3; }
    ;

scrub_options:
    scrub_option { $$ = LIST1(struct ast_scrub, *$1); }
    | scrub_options ',' scrub_option { $$ = $1; PUSH($$, *$3); }
    ;

scrub_option:
    K_INDEX K_ALL { $$ = MAKE(struct ast_scrub_option, .kind = AST_SCRUB_INDEX); }
    | K_INDEX '(' name_list ')' { $$ = MAKE(struct ast_scrub_option, .kind = AST_SCRUB_INDEX, .names = *$3); }
    | K_CONSTRAINT K_ALL { $$ = MAKE(struct ast_scrub_option, .kind = AST_SCRUB_CONSTRAINT); }
    | K_CONSTRAINT '(' name_list ')' { $$ = MAKE(struct ast_scrub_option, .kind = AST_SCRUB_CONSTRAINT, .names = *$3); }
    | K_PHYSICAL { $$ = MAKE(struct ast_scrub_option, .kind = AST_SCRUB_PHYSICAL); }
    ;

/* ==== 3 backup and jobs ===================================================================== */

backup_stmt:
    K_BACKUP K_TO uri_layer opt_as_of opt_incremental opt_with_options {
        $$ = STMT(BACKUP, @1, MAKE(struct ast_backup, .to = *$3, .as_of = $4,
            .incremental_from = OR_EMPTY(struct ast_exprs, $5), .options = *$6));
    }
    | K_BACKUP targets K_TO uri_layer opt_as_of opt_incremental opt_with_options {
        $$ = STMT(BACKUP, @1, MAKE(struct ast_backup, .targets = *$2, .to = *$4, .as_of = $5,
            .incremental_from = OR_EMPTY(struct ast_exprs, $6), .options = *$7));
    }
    | K_BACKUP K_INTO uri_layer opt_as_of opt_with_options {
        $$ = STMT(BACKUP, @1, MAKE(struct ast_backup, .into = true, .to = *$3, .as_of = $4, .options = *$5));
    }
    | K_BACKUP K_INTO string_or_placeholder K_IN uri_layer opt_as_of opt_with_options {
        $$ = STMT(BACKUP, @1, MAKE(struct ast_backup, .into = true, .subdir = subdir_of($3), .latest = is_latest($3), .to = *$5, .as_of = $6, .options = *$7));
    }
    | K_BACKUP targets K_INTO uri_layer opt_as_of opt_with_options {
        $$ = STMT(BACKUP, @1, MAKE(struct ast_backup, .targets = *$2, .into = true, .to = *$4, .as_of = $5, .options = *$6));
    }
    | K_BACKUP targets K_INTO string_or_placeholder K_IN uri_layer opt_as_of opt_with_options {
        $$ = STMT(BACKUP, @1, MAKE(struct ast_backup, .targets = *$2, .into = true, .subdir = subdir_of($4), .latest = is_latest($4), .to = *$6, .as_of = $7, .options = *$8));
    }
    | K_BACKUP error { HELP("BACKUP"); }
    ;

restore_stmt:
    K_RESTORE K_FROM uri_layers opt_as_of opt_with_options {
        $$ = STMT(RESTORE, @1, MAKE(struct ast_restore, .from = *$3, .as_of = $4, .options = *$5));
    }
    | K_RESTORE K_FROM string_or_placeholder K_IN uri_layers opt_as_of opt_with_options {
        $$ = STMT(RESTORE, @1, MAKE(struct ast_restore, .subdir = subdir_of($3), .latest = is_latest($3), .from = *$5, .as_of = $6, .options = *$7));
    }
    | K_RESTORE targets K_FROM uri_layers opt_as_of opt_with_options {
        $$ = STMT(RESTORE, @1, MAKE(struct ast_restore, .targets = *$2, .from = *$4, .as_of = $5, .options = *$6));
    }
    | K_RESTORE targets K_FROM string_or_placeholder K_IN uri_layers opt_as_of opt_with_options {
        $$ = STMT(RESTORE, @1, MAKE(struct ast_restore, .targets = *$2, .subdir = subdir_of($4), .latest = is_latest($4), .from = *$6, .as_of = $7, .options = *$8));
    }
    | K_RESTORE error { HELP("RESTORE"); }
    ;

attach_stmt:
    K_ATTACH K_BACKUP uri_layers K_AS name opt_as_of opt_with_options {
        $$ = STMT(ATTACH_BACKUP, @1, MAKE(struct ast_attach_backup, .from = *$3, .database = $5.text, .pos = $5.pos, .as_of = $6, .options = *$7));
    }
    | K_ATTACH error { HELP("ATTACH BACKUP"); }
    | K_DETACH K_BACKUP name { $$ = STMT(DETACH_BACKUP, @1, MAKE(struct ast_detach_backup, .database = $3.text, .pos = $3.pos)); }
    | K_DETACH K_BACKUP K_IF K_EXISTS name {
        $$ = STMT(DETACH_BACKUP, @1, MAKE(struct ast_detach_backup, .database = $5.text, .if_exists = true, .pos = $5.pos));
    }
    | K_DETACH error { HELP("DETACH BACKUP"); }
    ;

/* One layer: a URI, or the parts of a locality-aware one. */
uri_layer:
    string_or_placeholder { $$ = LIST1(struct ast_exprs, $1); }
    | '(' string_list ')' { $$ = $2; }
    ;

uri_layers:
    uri_layer { $$ = LIST1(struct ast_uri_layers, *$1); }
    | uri_layers ',' uri_layer { $$ = $1; PUSH($$, *$3); }
    ;

string_list:
    string_or_placeholder { $$ = LIST1(struct ast_exprs, $1); }
    | string_list ',' string_or_placeholder { $$ = $1; PUSH($$, $3); }
    ;

opt_incremental:
    %empty { $$ = NULL; }
    | K_INCREMENTAL K_FROM string_list { $$ = $3; }
    ;

string_or_placeholder:
    non_reserved_word_or_sconst { $$ = gram_text(g, AST_EXPR_STRING, $1); }
    | PLACEHOLDER { $$ = gram_placeholder(g, @1.pos, $1); }
    ;

opt_with_options:
    %empty { $$ = NEW(struct ast_kv_options); }
    | K_WITH kv_option_list { $$ = $2; }
    | K_WITH K_OPTIONS '(' kv_option_list ')' { $$ = $4; }
    ;

kv_option_list:
    kv_option { $$ = LIST1(struct ast_kv_options, *$1); }
    | kv_option_list ',' kv_option { $$ = $1; PUSH($$, *$3); }
    ;

kv_option:
    name { $$ = MAKE(struct ast_kv_option, .key = $1.text, .pos = $1.pos); }
    | name '=' string_or_placeholder { $$ = MAKE(struct ast_kv_option, .key = $1.text, .has_value = true, .value = $3, .pos = $1.pos); }
    | SCONST { $$ = MAKE(struct ast_kv_option, .key = $1.text, .pos = $1.pos); }
    | SCONST '=' string_or_placeholder { $$ = MAKE(struct ast_kv_option, .key = $1.text, .has_value = true, .value = $3, .pos = $1.pos); }
    ;

as_of:
    AS_LA K_OF K_SYSTEM K_TIME a_expr { $$ = $5; }
    ;

opt_as_of:
    %empty { $$ = NULL; }
    | as_of
    ;

export_stmt:
    K_EXPORT K_INTO non_reserved_word string_or_placeholder opt_with_options K_FROM select_stmt {
        $$ = STMT(EXPORT, @1, MAKE(struct ast_export, .format = gram_upper(g, $3.text), .uri = $4, .options = *$5, .query = $7));
    }
    | K_EXPORT error { HELP("EXPORT"); }
    ;

import_stmt:
    K_IMPORT non_reserved_word '(' string_or_placeholder ')' opt_with_options {
        $$ = STMT(IMPORT, @1, MAKE(struct ast_import, .bundle = true, .format = gram_upper(g, $2.text), .files = *LIST1(struct ast_exprs, $4), .options = *$6));
    }
    | K_IMPORT non_reserved_word string_or_placeholder opt_with_options {
        $$ = STMT(IMPORT, @1, MAKE(struct ast_import, .bundle = true, .format = gram_upper(g, $2.text), .files = *LIST1(struct ast_exprs, $3), .options = *$4));
    }
    | K_IMPORT K_TABLE table_name K_FROM non_reserved_word '(' string_or_placeholder ')' opt_with_options {
        $$ = STMT(IMPORT, @1, MAKE(struct ast_import, .bundle = true, .table = *$3, .format = gram_upper(g, $5.text), .files = *LIST1(struct ast_exprs, $7), .options = *$9));
    }
    | K_IMPORT K_TABLE table_name K_FROM non_reserved_word string_or_placeholder opt_with_options {
        $$ = STMT(IMPORT, @1, MAKE(struct ast_import, .bundle = true, .table = *$3, .format = gram_upper(g, $5.text), .files = *LIST1(struct ast_exprs, $6), .options = *$7));
    }
    | K_IMPORT K_TABLE table_name K_CREATE K_USING string_or_placeholder non_reserved_word K_DATA '(' string_list ')' opt_with_options {
        $$ = STMT(IMPORT, @1, MAKE(struct ast_import, .table = *$3, .create_file = $6, .format = gram_upper(g, $7.text), .files = *$10, .options = *$12));
    }
    | K_IMPORT K_TABLE table_name '(' table_elem_list ')' non_reserved_word K_DATA '(' string_list ')' opt_with_options {
        $$ = STMT(IMPORT, @1, MAKE(struct ast_import, .table = *$3, .create_defs = *$5, .format = gram_upper(g, $7.text), .files = *$10, .options = *$12));
    }
    | K_IMPORT K_INTO table_name opt_column_list non_reserved_word K_DATA '(' string_list ')' opt_with_options {
        $$ = STMT(IMPORT, @1, MAKE(struct ast_import, .into = true, .table = *$3, .into_columns = OR_EMPTY(struct ast_names, $4),
            .format = gram_upper(g, $5.text), .files = *$8, .options = *$10));
    }
    | K_IMPORT error { HELP("IMPORT"); }
    ;

job_word:
    K_PAUSE { $$ = AST_JOB_PAUSE; }
    | K_RESUME { $$ = AST_JOB_RESUME; }
    ;

pause_resume_stmt:
    job_word K_JOB a_expr {
        $$ = STMT(JOB_CONTROL, @1, MAKE(struct ast_job_control, .command = (enum ast_job_command)$1, .jobs = gram_values_of_one(g, $3)));
    }
    | job_word K_JOBS select_stmt {
        $$ = STMT(JOB_CONTROL, @1, MAKE(struct ast_job_control, .command = (enum ast_job_command)$1, .jobs = $3));
    }
    | job_word error { HELP($1 == AST_JOB_PAUSE ? "PAUSE JOBS" : "RESUME JOBS"); }
    ;

cancel_stmt:
    K_CANCEL K_JOB a_expr {
        $$ = STMT(JOB_CONTROL, @1, MAKE(struct ast_job_control, .command = AST_JOB_CANCEL, .jobs = gram_values_of_one(g, $3)));
    }
    | K_CANCEL K_JOBS select_stmt {
        $$ = STMT(JOB_CONTROL, @1, MAKE(struct ast_job_control, .command = AST_JOB_CANCEL, .jobs = $3));
    }
    | K_CANCEL K_JOB error { HELP("CANCEL JOBS"); }
    | K_CANCEL K_JOBS error { HELP("CANCEL JOBS"); }
    | K_CANCEL K_QUERY a_expr { $$ = STMT(CANCEL_QUERIES, @1, MAKE(struct ast_cancel, .ids = gram_values_of_one(g, $3))); }
    | K_CANCEL K_QUERY K_IF K_EXISTS a_expr {
        $$ = STMT(CANCEL_QUERIES, @1, MAKE(struct ast_cancel, .ids = gram_values_of_one(g, $5), .if_exists = true));
    }
    | K_CANCEL K_QUERIES select_stmt { $$ = STMT(CANCEL_QUERIES, @1, MAKE(struct ast_cancel, .ids = $3)); }
    | K_CANCEL K_QUERIES K_IF K_EXISTS select_stmt { $$ = STMT(CANCEL_QUERIES, @1, MAKE(struct ast_cancel, .ids = $5, .if_exists = true)); }
    | K_CANCEL K_QUERY error { HELP("CANCEL QUERIES"); }
    | K_CANCEL K_QUERIES error { HELP("CANCEL QUERIES"); }
    | K_CANCEL K_SESSION a_expr { $$ = STMT(CANCEL_SESSIONS, @1, MAKE(struct ast_cancel, .ids = gram_values_of_one(g, $3))); }
    | K_CANCEL K_SESSION K_IF K_EXISTS a_expr {
        $$ = STMT(CANCEL_SESSIONS, @1, MAKE(struct ast_cancel, .ids = gram_values_of_one(g, $5), .if_exists = true));
    }
    | K_CANCEL K_SESSIONS select_stmt { $$ = STMT(CANCEL_SESSIONS, @1, MAKE(struct ast_cancel, .ids = $3)); }
    | K_CANCEL K_SESSIONS K_IF K_EXISTS select_stmt { $$ = STMT(CANCEL_SESSIONS, @1, MAKE(struct ast_cancel, .ids = $5, .if_exists = true)); }
    | K_CANCEL K_SESSION error { HELP("CANCEL SESSIONS"); }
    | K_CANCEL K_SESSIONS error { HELP("CANCEL SESSIONS"); }
    | K_CANCEL error { HELP("CANCEL"); }
    ;

/* ==== 4 schema changes ====================================================================== */

create_stmt:
    create_role_stmt
    | create_database_stmt
    | create_schema_stmt
    | create_table_stmt
    | create_index_stmt
    | create_view_stmt
    | create_sequence_stmt
    | create_stats_stmt
    | create_changefeed_stmt
    | create_unsupported
    | K_CREATE error { HELP("CREATE"); }
    ;

create_unsupported:
    K_CREATE K_AGGREGATE error { UNIMPLEMENTED(0); $$ = NULL; }
    | K_CREATE K_CAST error { UNIMPLEMENTED(0); $$ = NULL; }
    | K_CREATE K_CONVERSION error { UNIMPLEMENTED(0); $$ = NULL; }
    | K_CREATE K_DEFAULT K_CONVERSION error { UNIMPLEMENTED(0); $$ = NULL; }
    | K_CREATE K_EXTENSION error { UNIMPLEMENTED(0); $$ = NULL; }
    | K_CREATE K_FOREIGN K_TABLE error { UNIMPLEMENTED(0); $$ = NULL; }
    | K_CREATE K_FOREIGN K_DATA error { UNIMPLEMENTED(0); $$ = NULL; }
    | K_CREATE K_FUNCTION error { UNIMPLEMENTED(17511); $$ = NULL; }
    | K_CREATE K_OR K_REPLACE K_FUNCTION error { UNIMPLEMENTED(17511); $$ = NULL; }
    | K_CREATE K_OR K_REPLACE opt_temp K_VIEW error { UNIMPLEMENTED(24897); $$ = NULL; }
    | K_CREATE K_LANGUAGE error { UNIMPLEMENTED(17511); $$ = NULL; }
    | K_CREATE K_MATERIALIZED K_VIEW error { UNIMPLEMENTED(41649); $$ = NULL; }
    | K_CREATE K_OPERATOR error { UNIMPLEMENTED(0); $$ = NULL; }
    | K_CREATE K_PUBLICATION error { UNIMPLEMENTED(0); $$ = NULL; }
    | K_CREATE K_RULE error { UNIMPLEMENTED(0); $$ = NULL; }
    | K_CREATE K_SERVER error { UNIMPLEMENTED(0); $$ = NULL; }
    | K_CREATE K_SUBSCRIPTION error { UNIMPLEMENTED(0); $$ = NULL; }
    | K_CREATE K_TRIGGER error { UNIMPLEMENTED(28296); $$ = NULL; }
    | K_CREATE K_CONSTRAINT K_TRIGGER error { UNIMPLEMENTED(28296); $$ = NULL; }
    | K_CREATE K_DOMAIN error { UNIMPLEMENTED(27796); $$ = NULL; }
    | K_CREATE K_TYPE db_object_name K_AS '(' error { UNIMPLEMENTED(27792); $$ = NULL; }
    | K_CREATE K_TYPE db_object_name K_AS K_ENUM error { UNIMPLEMENTED(24873); $$ = NULL; }
    | K_CREATE K_TYPE db_object_name K_AS K_RANGE error { UNIMPLEMENTED(27791); $$ = NULL; }
    | K_CREATE K_TYPE db_object_name '(' error { UNIMPLEMENTED(27793); $$ = NULL; }
    | K_CREATE K_TYPE db_object_name { UNIMPLEMENTED(27793); $$ = NULL; }
    ;

create_database_stmt:
    K_CREATE K_DATABASE name opt_db_options {
        $4->name = $3.text;
        $4->pos = $3.pos;
        $$ = STMT(CREATE_DATABASE, @1, $4);
    }
    | K_CREATE K_DATABASE K_IF K_NOT K_EXISTS name opt_db_options {
        $7->name = $6.text;
        $7->pos = $6.pos;
        $7->if_not_exists = true;
        $$ = STMT(CREATE_DATABASE, @1, $7);
    }
    | K_CREATE K_DATABASE error { HELP("CREATE DATABASE"); }
    ;

/* Each at most once in v20.1's order; any order is taken here. */
opt_db_options:
    %empty { $$ = NEW(struct ast_create_database); }
    | opt_db_options opt_with_word K_TEMPLATE opt_equal non_reserved_word_or_sconst { $$ = $1; $$->template_ = $5.text; }
    | opt_db_options opt_with_word K_ENCODING opt_equal non_reserved_word_or_sconst { $$ = $1; $$->encoding = $5.text; }
    | opt_db_options opt_with_word K_LC_COLLATE opt_equal non_reserved_word_or_sconst { $$ = $1; $$->collate = $5.text; }
    | opt_db_options opt_with_word K_LC_CTYPE opt_equal non_reserved_word_or_sconst { $$ = $1; $$->ctype = $5.text; }
    ;

opt_with_word:
    %empty
    | K_WITH
    ;

opt_equal:
    %empty
    | '='
    ;

create_schema_stmt:
    K_CREATE K_SCHEMA name { $$ = STMT(CREATE_SCHEMA, @1, MAKE(struct ast_create_schema, .name = $3.text, .pos = $3.pos)); }
    | K_CREATE K_SCHEMA K_IF K_NOT K_EXISTS name {
        $$ = STMT(CREATE_SCHEMA, @1, MAKE(struct ast_create_schema, .name = $6.text, .if_not_exists = true, .pos = $6.pos));
    }
    | K_CREATE K_SCHEMA error { HELP("CREATE SCHEMA"); }
    ;

create_stats_stmt:
    K_CREATE K_STATISTICS name K_ON name_list K_FROM create_stats_target opt_stats_options {
        $8->name = $3.text;
        $8->pos = $3.pos;
        $8->columns = *$5;
        $8->table = $7->table;
        $8->table_id = $7->table_id;
        $$ = STMT(CREATE_STATS, @1, $8);
    }
    | K_CREATE K_STATISTICS name K_FROM create_stats_target opt_stats_options {
        $6->name = $3.text;
        $6->pos = $3.pos;
        $6->table = $5->table;
        $6->table_id = $5->table_id;
        $$ = STMT(CREATE_STATS, @1, $6);
    }
    | K_CREATE K_STATISTICS error { HELP("CREATE STATISTICS"); }
    ;

create_stats_target:
    table_name { $$ = MAKE(struct ast_create_stats, .table = *$1); }
    | '[' iconst64 ']' { $$ = MAKE(struct ast_create_stats, .table_id = $2); }
    ;

/* AS OF alone is short for WITH OPTIONS AS OF. */
opt_stats_options:
    opt_as_of { $$ = MAKE(struct ast_create_stats, .as_of = $1, .throttling = -1); }
    | K_WITH K_OPTIONS stats_options { $$ = $3; }
    ;

stats_options:
    stats_option
    | stats_options stats_option { TRY(add_stats_options(g, $1, $2)); $$ = $1; }
    ;

stats_option:
    K_THROTTLING FCONST {
        $$ = MAKE(struct ast_create_stats, .throttling = throttling(g, $2));
        if ($$->throttling >= 1)
            FAIL("THROTTLING fraction must be between 0 and 1");
    }
    | as_of { $$ = MAKE(struct ast_create_stats, .as_of = $1, .throttling = -1); }
    ;

create_changefeed_stmt:
    K_CREATE K_CHANGEFEED K_FOR opt_changefeed_targets K_INTO string_or_placeholder opt_with_options {
        $$ = STMT(CREATE_CHANGEFEED, @1, MAKE(struct ast_changefeed, .targets = *$4, .sink = $6, .options = *$7));
    }
    | K_CREATE K_CHANGEFEED K_FOR opt_changefeed_targets opt_with_options {
        $$ = STMT(CREATE_CHANGEFEED, @1, MAKE(struct ast_changefeed, .targets = *$4, .options = *$5));
    }
    | K_EXPERIMENTAL K_CHANGEFEED K_FOR opt_changefeed_targets opt_with_options {
        $$ = STMT(CREATE_CHANGEFEED, @1, MAKE(struct ast_changefeed, .targets = *$4, .options = *$5, .experimental = true));
    }
    | K_CREATE K_CHANGEFEED error { HELP("CREATE CHANGEFEED"); }
    ;

opt_changefeed_targets:
    targets
    ;

opt_temp:
    %empty { $$ = false; }
    | K_TEMPORARY { $$ = true; }
    | K_TEMP { $$ = true; }
    ;

opt_temp_table:
    opt_temp
    | K_LOCAL K_TEMPORARY { $$ = true; }
    | K_LOCAL K_TEMP { $$ = true; }
    | K_GLOBAL K_TEMPORARY { $$ = true; }
    | K_GLOBAL K_TEMP { $$ = true; }
    | K_UNLOGGED { UNIMPLEMENTED(0); $$ = false; }
    ;

create_table_stmt:
    K_CREATE opt_temp_table K_TABLE table_name '(' opt_table_elem_list ')' opt_interleave opt_partition_by opt_table_with opt_on_commit {
        $$ = STMT(CREATE_TABLE, @1, MAKE(struct ast_create_table, .temporary = $2, .on_commit = $11 ? AST_ON_COMMIT_PRESERVE_ROWS : AST_ON_COMMIT_UNSET, .storage_params = $10, .name = *$4, .defs = *$6, .interleave = $8, .partition_by = $9));
    }
    | K_CREATE opt_temp_table K_TABLE K_IF K_NOT K_EXISTS table_name '(' opt_table_elem_list ')' opt_interleave opt_partition_by opt_table_with opt_on_commit {
        $$ = STMT(CREATE_TABLE, @1, MAKE(struct ast_create_table, .temporary = $2, .on_commit = $14 ? AST_ON_COMMIT_PRESERVE_ROWS : AST_ON_COMMIT_UNSET, .storage_params = $13, .if_not_exists = true, .name = *$7, .defs = *$9, .interleave = $11, .partition_by = $12));
    }
    | K_CREATE opt_temp_table K_TABLE table_name opt_table_with K_AS select_stmt opt_create_as_data opt_on_commit {
        $$ = gram_stmt(g, AST_STMT_CREATE_TABLE, @1.pos, MAKE(struct ast_create_table, .temporary = $2, .on_commit = $9 ? AST_ON_COMMIT_PRESERVE_ROWS : AST_ON_COMMIT_UNSET, .storage_params = $5, .name = *$4, .as_select = $7), $7->depth);
    }
    | K_CREATE opt_temp_table K_TABLE K_IF K_NOT K_EXISTS table_name opt_table_with K_AS select_stmt opt_create_as_data opt_on_commit {
        $$ = gram_stmt(g, AST_STMT_CREATE_TABLE, @1.pos, MAKE(struct ast_create_table, .temporary = $2, .on_commit = $12 ? AST_ON_COMMIT_PRESERVE_ROWS : AST_ON_COMMIT_UNSET, .storage_params = $8, .if_not_exists = true, .name = *$7, .as_select = $10), $10->depth);
    }
    | K_CREATE opt_temp_table K_TABLE table_name '(' create_as_defs ')' opt_table_with K_AS select_stmt opt_create_as_data opt_on_commit {
        $$ = gram_stmt(g, AST_STMT_CREATE_TABLE, @1.pos, MAKE(struct ast_create_table, .temporary = $2, .on_commit = $12 ? AST_ON_COMMIT_PRESERVE_ROWS : AST_ON_COMMIT_UNSET, .storage_params = $8, .name = *$4, .defs = *$6, .as_select = $10), $10->depth);
    }
    | K_CREATE opt_temp_table K_TABLE K_IF K_NOT K_EXISTS table_name '(' create_as_defs ')' opt_table_with K_AS select_stmt opt_create_as_data opt_on_commit {
        $$ = gram_stmt(g, AST_STMT_CREATE_TABLE, @1.pos, MAKE(struct ast_create_table, .temporary = $2, .on_commit = $15 ? AST_ON_COMMIT_PRESERVE_ROWS : AST_ON_COMMIT_UNSET, .storage_params = $11, .if_not_exists = true, .name = *$7, .defs = *$9, .as_select = $13), $13->depth);
    }
    | K_CREATE opt_temp_table K_TABLE error { HELP("CREATE TABLE"); }
    ;

opt_create_as_data:
    %empty
    | K_WITH K_DATA { UNIMPLEMENTED(0); }
    | K_WITH K_NO K_DATA { UNIMPLEMENTED(0); }
    ;

opt_table_with:
    %empty { $$ = NULL; }
    | K_WITHOUT K_OIDS { $$ = NULL; }
    | K_WITH K_OIDS { UNIMPLEMENTED(0); $$ = NULL; }
    | K_WITH '(' storage_params ')' { $$ = $3; }
    ;

storage_params:
    storage_param { $$ = LIST1(struct ast_kv_options, *$1); }
    | storage_params ',' storage_param { $$ = $1; PUSH($$, *$3); }
    ;

storage_param:
    name '=' d_expr { $$ = MAKE(struct ast_kv_option, .key = $1.text, .has_value = true, .value = $3, .pos = $1.pos); }
    | SCONST '=' d_expr { $$ = MAKE(struct ast_kv_option, .key = $1.text, .has_value = true, .value = $3, .pos = $1.pos); }
    ;

opt_on_commit:
    %empty { $$ = false; }
    | K_ON K_COMMIT K_PRESERVE K_ROWS { $$ = true; }
    | K_ON K_COMMIT K_DELETE K_ROWS { UNIMPLEMENTED(46556); $$ = false; }
    | K_ON K_COMMIT K_DROP { UNIMPLEMENTED(46556); $$ = false; }
    ;

/* CREATE TABLE t (a, b PRIMARY KEY, FAMILY f (a)) AS: the first is a column. */
create_as_defs:
    column_name create_as_quals {
        $2->name = $1.text;
        $2->pos = $1.pos;
        $$ = LIST1(struct ast_table_defs, (struct ast_table_def){.kind = AST_DEF_COLUMN, .column = $2, .pos = $1.pos});
    }
    | create_as_defs ',' create_as_def { $$ = $1; PUSH($$, *$3); }
    ;

create_as_def:
    column_name create_as_quals {
        $2->name = $1.text;
        $2->pos = $1.pos;
        $$ = MAKE(struct ast_table_def, .kind = AST_DEF_COLUMN, .column = $2, .pos = $1.pos);
    }
    | family_def
    | K_PRIMARY K_KEY '(' index_params ')' {
        struct ast_index_def *d = MAKE(struct ast_index_def, .columns = *$4, .pos = @1.pos);
        $$ = MAKE(struct ast_table_def, .kind = AST_DEF_PRIMARY_KEY, .index = d, .pos = @1.pos);
    }
    ;

create_as_quals:
    %empty { $$ = NEW(struct ast_column_def); }
    | create_as_quals K_PRIMARY K_KEY {
        $$ = $1;
        PUSH($$, (struct ast_col_qual){.kind = AST_COL_PRIMARY_KEY, .pos = @2.pos});
    }
    | create_as_quals K_FAMILY name {
        $$ = $1;
        PUSH($$, (struct ast_col_qual){.kind = AST_COL_FAMILY, .family = $3.text, .pos = @2.pos});
    }
    ;

opt_table_elem_list:
    %empty { $$ = NEW(struct ast_table_defs); }
    | table_elem_list
    ;

table_elem_list:
    table_elem { $$ = LIST1(struct ast_table_defs, *$1); }
    | table_elem_list ',' table_elem { $$ = $1; PUSH($$, *$3); }
    ;

table_elem:
    column_def { $$ = MAKE(struct ast_table_def, .kind = AST_DEF_COLUMN, .column = $1, .pos = @1.pos); }
    | index_def
    | family_def
    | table_constraint opt_validate_behavior
    | K_LIKE table_name error { UNIMPLEMENTED(30840); }
    ;

opt_validate_behavior:
    %empty
    | K_NOT K_VALID { UNIMPLEMENTED(0); }
    ;

column_def:
    column_name typename col_quals {
        $$ = $3;
        $$->name = $1.text;
        $$->pos = $1.pos;
        $$->type = $2;
        TRY(gram_column_quals(g, $$));
    }
    ;

col_quals:
    %empty { $$ = NEW(struct ast_column_def); }
    | col_quals col_qual { $$ = $1; PUSH($$, *$2); }
    ;

col_qual:
    K_CONSTRAINT name col_qual_elem { $$ = $3; $$->constraint_name = $2.text; $$->pos = @1.pos; }
    | col_qual_elem
    | K_COLLATE collation_name {
        $$ = MAKE(struct ast_col_qual, .kind = AST_COL_COLLATE, .family = $2.text, .pos = @1.pos);
    }
    | K_FAMILY name { $$ = MAKE(struct ast_col_qual, .kind = AST_COL_FAMILY, .family = $2.text, .pos = @1.pos); }
    | K_CREATE K_FAMILY name {
        $$ = MAKE(struct ast_col_qual, .kind = AST_COL_FAMILY, .family = $3.text, .family_create = true, .pos = @1.pos);
    }
    | K_CREATE K_FAMILY { $$ = MAKE(struct ast_col_qual, .kind = AST_COL_FAMILY, .family_create = true, .pos = @1.pos); }
    | K_CREATE K_IF K_NOT K_EXISTS K_FAMILY name {
        $$ = MAKE(struct ast_col_qual, .kind = AST_COL_FAMILY, .family = $6.text, .family_create = true, .family_if_not_exists = true, .pos = @1.pos);
    }
    ;

col_qual_elem:
    K_NOT K_NULL { $$ = MAKE(struct ast_col_qual, .kind = AST_COL_NOT_NULL, .pos = @1.pos); }
    | K_NULL { $$ = MAKE(struct ast_col_qual, .kind = AST_COL_NULL, .pos = @1.pos); }
    | K_UNIQUE { $$ = MAKE(struct ast_col_qual, .kind = AST_COL_UNIQUE, .pos = @1.pos); }
    | K_PRIMARY K_KEY opt_hash_sharded {
        $$ = MAKE(struct ast_col_qual, .kind = AST_COL_PRIMARY_KEY, .sharded = $3, .pos = @1.pos);
    }
    | K_CHECK '(' a_expr ')' { $$ = MAKE(struct ast_col_qual, .kind = AST_COL_CHECK, .expr = $3, .pos = @1.pos); }
    | K_DEFAULT b_expr { $$ = MAKE(struct ast_col_qual, .kind = AST_COL_DEFAULT, .expr = $2, .pos = @1.pos); }
    | K_REFERENCES references { $$ = MAKE(struct ast_col_qual, .kind = AST_COL_REFERENCES, .fk = $2, .pos = @1.pos); }
    | K_AS '(' a_expr ')' K_STORED { $$ = MAKE(struct ast_col_qual, .kind = AST_COL_COMPUTED, .expr = $3, .pos = @1.pos); }
    | K_AS '(' a_expr ')' K_VIRTUAL { UNIMPLEMENTED(0); }
    | K_AS error {
        gram_syntax_instead(g, "use AS ( <expr> ) STORED");
        YYABORT;
    }
    ;

opt_hash_sharded:
    %empty { $$ = NULL; }
    | K_USING K_HASH K_WITH K_BUCKET_COUNT '=' bucket_count { $$ = MAKE(struct ast_sharded, .buckets = $6); }
    ;

bucket_count:
    b_expr
    ;

references:
    table_name opt_column_list key_match reference_actions {
        $$ = $4;
        $$->table = *$1;
        $$->ref_columns = OR_EMPTY(struct ast_names, $2);
        $$->match = (enum ast_fk_match)$3;
    }
    ;

key_match:
    %empty { $$ = AST_MATCH_SIMPLE; }
    | K_MATCH K_SIMPLE { $$ = AST_MATCH_SIMPLE; }
    | K_MATCH K_FULL { $$ = AST_MATCH_FULL; }
    | K_MATCH K_PARTIAL { UNIMPLEMENTED(20305); $$ = 0; }
    ;

reference_actions:
    %empty { $$ = NEW(struct ast_foreign_key); }
    | K_ON K_DELETE reference_action { $$ = MAKE(struct ast_foreign_key, .on_delete = (enum ast_fk_action)$3); }
    | K_ON K_UPDATE reference_action { $$ = MAKE(struct ast_foreign_key, .on_update = (enum ast_fk_action)$3); }
    | K_ON K_DELETE reference_action K_ON K_UPDATE reference_action {
        $$ = MAKE(struct ast_foreign_key, .on_delete = (enum ast_fk_action)$3, .on_update = (enum ast_fk_action)$6);
    }
    | K_ON K_UPDATE reference_action K_ON K_DELETE reference_action {
        $$ = MAKE(struct ast_foreign_key, .on_update = (enum ast_fk_action)$3, .on_delete = (enum ast_fk_action)$6);
    }
    ;

reference_action:
    K_NO K_ACTION { $$ = AST_FK_NO_ACTION; }
    | K_RESTRICT { $$ = AST_FK_RESTRICT; }
    | K_CASCADE { $$ = AST_FK_CASCADE; }
    | K_SET K_NULL { $$ = AST_FK_SET_NULL; }
    | K_SET K_DEFAULT { $$ = AST_FK_SET_DEFAULT; }
    ;

family_def:
    K_FAMILY opt_family_name '(' name_list ')' {
        $$ = MAKE(struct ast_table_def, .kind = AST_DEF_FAMILY, .name = $2.text, .columns = *$4, .pos = @1.pos);
    }
    ;

opt_family_name:
    opt_name
    ;

opt_name:
    %empty { $$ = (struct ast_name){0}; }
    | name
    ;

index_tail:
    '(' index_params ')' opt_hash_sharded opt_storing opt_interleave opt_partition_by opt_index_where {
        $$ = MAKE(struct ast_index_def, .columns = *$2, .sharded = $4, .storing = OR_EMPTY(struct ast_names, $5),
            .interleave = $6, .partition_by = $7);
    }
    ;

opt_index_where:
    %empty
    | K_WHERE error { UNIMPLEMENTED(9683); }
    ;

index_def:
    K_INDEX opt_name index_tail {
        $3->name = $2.text;
        $3->pos = @1.pos;
        $$ = MAKE(struct ast_table_def, .kind = AST_DEF_INDEX, .index = $3, .pos = @1.pos);
    }
    | K_UNIQUE K_INDEX opt_name index_tail {
        $4->name = $3.text;
        $4->pos = @1.pos;
        $$ = MAKE(struct ast_table_def, .kind = AST_DEF_UNIQUE, .index = $4, .pos = @1.pos);
    }
    | K_INVERTED K_INDEX opt_name index_tail {
        $4->name = $3.text;
        $4->inverted = true;
        $4->pos = @1.pos;
        $$ = MAKE(struct ast_table_def, .kind = AST_DEF_INDEX, .index = $4, .pos = @1.pos);
    }
    ;

table_constraint:
    K_CONSTRAINT name constraint_elem {
        $$ = $3;
        $$->name = $2.text;
        $$->pos = @1.pos;
        if ($$->index != NULL)
            $$->index->name = $2.text;
    }
    | constraint_elem
    ;

constraint_elem:
    K_CHECK '(' a_expr ')' opt_deferrable { $$ = MAKE(struct ast_table_def, .kind = AST_DEF_CHECK, .check = $3, .pos = @1.pos); }
    | K_UNIQUE '(' index_params ')' opt_storing opt_interleave opt_partition_by opt_deferrable opt_index_where {
        struct ast_index_def *d = MAKE(struct ast_index_def, .columns = *$3, .storing = OR_EMPTY(struct ast_names, $5),
            .interleave = $6, .partition_by = $7, .pos = @1.pos);
        $$ = MAKE(struct ast_table_def, .kind = AST_DEF_UNIQUE, .index = d, .pos = @1.pos);
    }
    | K_PRIMARY K_KEY '(' index_params ')' opt_hash_sharded opt_interleave {
        struct ast_index_def *d = MAKE(struct ast_index_def, .columns = *$4, .sharded = $6, .interleave = $7, .pos = @1.pos);
        $$ = MAKE(struct ast_table_def, .kind = AST_DEF_PRIMARY_KEY, .index = d, .pos = @1.pos);
    }
    | K_FOREIGN K_KEY '(' name_list ')' K_REFERENCES references opt_deferrable {
        $7->columns = *$4;
        $$ = MAKE(struct ast_table_def, .kind = AST_DEF_FOREIGN_KEY, .fk = $7, .pos = @1.pos);
    }
    | K_EXCLUDE K_USING error { UNIMPLEMENTED(46657); }
    ;

/* DEFERRABLE is a plain syntax error in v20.1, so nothing stands here for it. */
opt_deferrable:
    %empty
    ;

opt_storing:
    %empty { $$ = NULL; }
    | storing '(' name_list ')' { $$ = $3; }
    ;

storing:
    K_COVERING
    | K_STORING
    | K_INCLUDE
    ;

opt_interleave:
    %empty { $$ = NULL; }
    | K_INTERLEAVE K_IN K_PARENT table_name '(' name_list ')' opt_drop_behavior {
        $$ = MAKE(struct ast_interleave, .parent = *$4, .columns = *$6, .behavior = (enum ast_drop_behavior)$8, .pos = @1.pos);
    }
    ;

opt_partition_by:
    %empty { $$ = NULL; }
    | partition_by
    ;

partition_by:
    K_PARTITION K_BY K_LIST '(' name_list ')' '(' list_partitions ')' {
        $$ = $8;
        $$->kind = AST_PARTITION_LIST;
        $$->columns = *$5;
        $$->pos = @1.pos;
    }
    | K_PARTITION K_BY K_RANGE '(' name_list ')' '(' range_partitions ')' {
        $$ = $8;
        $$->kind = AST_PARTITION_RANGE;
        $$->columns = *$5;
        $$->pos = @1.pos;
    }
    | K_PARTITION K_BY K_NOTHING { $$ = MAKE(struct ast_partition_by, .kind = AST_PARTITION_NOTHING, .pos = @1.pos); }
    ;

list_partitions:
    list_partition { $$ = LIST1(struct ast_partition_by, *$1); }
    | list_partitions ',' list_partition { $$ = $1; PUSH($$, *$3); }
    ;

list_partition:
    K_PARTITION unrestricted_name K_VALUES K_IN '(' partition_values ')' opt_partition_by {
        $$ = MAKE(struct ast_partition, .name = $2.text, .values = *$6, .sub = $8, .pos = $2.pos);
    }
    ;

range_partitions:
    range_partition { $$ = LIST1(struct ast_partition_by, *$1); }
    | range_partitions ',' range_partition { $$ = $1; PUSH($$, *$3); }
    ;

range_partition:
    K_PARTITION unrestricted_name K_VALUES K_FROM '(' partition_values ')' K_TO '(' partition_values ')' opt_partition_by {
        $$ = MAKE(struct ast_partition, .name = $2.text, .from = *$6, .to = *$10, .sub = $12, .pos = $2.pos);
    }
    ;

partition_values:
    partition_value { $$ = LIST1(struct ast_exprs, $1); }
    | partition_values ',' partition_value { $$ = $1; PUSH($$, $3); }
    ;

/* DEFAULT, MINVALUE and MAXVALUE are recognised as expressions (c_expr, column names). */
partition_value:
    a_expr {
        $$ = $1;
        if ($1->kind == AST_EXPR_COLUMN && $1->column.count == 1 && !$1->column.star) {
            if (slice_eq($1->column.parts[0], SLICE_LIT("minvalue")))
                $$ = gram_expr(g, AST_EXPR_MINVALUE, $1->pos);
            else if (slice_eq($1->column.parts[0], SLICE_LIT("maxvalue")))
                $$ = gram_expr(g, AST_EXPR_MAXVALUE, $1->pos);
        }
    }
    ;

create_index_stmt:
    K_CREATE opt_unique K_INDEX opt_concurrently opt_name K_ON table_name opt_index_method index_tail {
        $9->name = $5.text;
        $9->pos = $5.pos;
        $9->inverted = $<flag>8;
        $$ = STMT(CREATE_INDEX, @1, MAKE(struct ast_create_index, .table = *$7, .unique = $2, .concurrently = $4, .def = *$9));
    }
    | K_CREATE opt_unique K_INDEX opt_concurrently K_IF K_NOT K_EXISTS name K_ON table_name opt_index_method index_tail {
        $12->name = $8.text;
        $12->pos = $8.pos;
        $12->if_not_exists = true;
        $12->inverted = $<flag>11;
        $$ = STMT(CREATE_INDEX, @1, MAKE(struct ast_create_index, .table = *$10, .unique = $2, .concurrently = $4, .def = *$12));
    }
    | K_CREATE opt_unique K_INVERTED K_INDEX opt_concurrently opt_name K_ON table_name index_tail {
        $9->name = $6.text;
        $9->pos = $6.pos;
        $9->inverted = true;
        $$ = STMT(CREATE_INDEX, @1, MAKE(struct ast_create_index, .table = *$8, .unique = $2, .concurrently = $5, .def = *$9));
    }
    | K_CREATE opt_unique K_INVERTED K_INDEX opt_concurrently K_IF K_NOT K_EXISTS name K_ON table_name index_tail {
        $12->name = $9.text;
        $12->pos = $9.pos;
        $12->if_not_exists = true;
        $12->inverted = true;
        $$ = STMT(CREATE_INDEX, @1, MAKE(struct ast_create_index, .table = *$11, .unique = $2, .concurrently = $5, .def = *$12));
    }
    | K_CREATE opt_unique K_INDEX error { HELP("CREATE INDEX"); }
    ;

opt_unique:
    %empty { $$ = false; }
    | K_UNIQUE { $$ = true; }
    ;

opt_concurrently:
    %empty { $$ = false; }
    | K_CONCURRENTLY { $$ = true; }
    ;

opt_index_method:
    %empty { $<flag>$ = false; }
    | K_USING name {
        if (slice_eq($2.text, SLICE_LIT("gin"))) {
            $<flag>$ = true;
        } else if (slice_eq($2.text, SLICE_LIT("btree"))) {
            $<flag>$ = false;
        } else if (slice_eq($2.text, SLICE_LIT("hash")) || slice_eq($2.text, SLICE_LIT("gist")) ||
                   slice_eq($2.text, SLICE_LIT("spgist")) || slice_eq($2.text, SLICE_LIT("brin"))) {
            UNIMPLEMENTED(0);
        } else {
            FAIL(arena_printf(g->arena, "unrecognized access method: %.*s", (int)$2.text.len, $2.text.ptr));
        }
    }
    ;

index_params:
    index_elem { $$ = LIST1(struct ast_index_elems, *$1); }
    | index_params ',' index_elem { $$ = $1; PUSH($$, *$3); }
    ;

index_elem:
    a_expr opt_asc_desc opt_nulls_order {
        $$ = NEW(struct ast_index_elem);
        TRY(gram_check_nulls_order(g, (enum ast_direction)$2, $3));
        TRY(gram_index_elem(g, $1, (enum ast_direction)$2, $$));
    }
    ;

opt_asc_desc:
    %empty { $$ = AST_DIR_DEFAULT; }
    | K_ASC { $$ = AST_DIR_ASC; }
    | K_DESC { $$ = AST_DIR_DESC; }
    ;

opt_nulls_order:
    %empty { $$ = 0; }
    | K_NULLS K_FIRST { $$ = 1; }
    | K_NULLS K_LAST { $$ = 2; }
    ;

create_view_stmt:
    K_CREATE opt_temp K_VIEW table_name opt_column_list K_AS select_stmt {
        $$ = gram_stmt(g, AST_STMT_CREATE_VIEW, @1.pos, MAKE(struct ast_create_view, .temporary = $2, .name = *$4, .columns = OR_EMPTY(struct ast_names, $5), .select = $7), $7->depth);
    }
    | K_CREATE opt_temp K_VIEW K_IF K_NOT K_EXISTS table_name opt_column_list K_AS select_stmt {
        $$ = gram_stmt(g, AST_STMT_CREATE_VIEW, @1.pos, MAKE(struct ast_create_view, .temporary = $2, .if_not_exists = true, .name = *$7, .columns = OR_EMPTY(struct ast_names, $8), .select = $10), $10->depth);
    }
    | K_CREATE opt_temp K_VIEW error { HELP("CREATE VIEW"); }
    ;

create_sequence_stmt:
    K_CREATE opt_temp K_SEQUENCE table_name opt_seq_options {
        $5->temporary = $2;
        $5->name = *$4;
        $$ = STMT(CREATE_SEQUENCE, @1, $5);
    }
    | K_CREATE opt_temp K_SEQUENCE K_IF K_NOT K_EXISTS table_name opt_seq_options {
        $8->temporary = $2;
        $8->if_exists = true;
        $8->name = *$7;
        $$ = STMT(CREATE_SEQUENCE, @1, $8);
    }
    | K_CREATE opt_temp K_SEQUENCE error { HELP("CREATE SEQUENCE"); }
    ;

opt_seq_options:
    %empty { $$ = NEW(struct ast_sequence_stmt); }
    | seq_options
    ;

seq_options:
    seq_option { $$ = LIST1(struct ast_sequence_stmt, *$1); }
    | seq_options seq_option { $$ = $1; PUSH($$, *$2); }
    ;

seq_option:
    K_AS typename { $$ = MAKE(struct ast_seq_option, .kind = AST_SEQ_AS, .type = $2, .pos = @1.pos); }
    | K_CYCLE { $$ = MAKE(struct ast_seq_option, .kind = AST_SEQ_CYCLE, .pos = @1.pos); }
    | K_NO K_CYCLE { $$ = MAKE(struct ast_seq_option, .kind = AST_SEQ_NO_CYCLE, .pos = @1.pos); }
    | K_OWNED K_BY K_NONE { $$ = MAKE(struct ast_seq_option, .kind = AST_SEQ_OWNED_BY, .none = true, .pos = @1.pos); }
    | K_OWNED K_BY column_path { $$ = MAKE(struct ast_seq_option, .kind = AST_SEQ_OWNED_BY, .owner = $3, .pos = @1.pos); }
    | K_CACHE signed_iconst64 { $$ = MAKE(struct ast_seq_option, .kind = AST_SEQ_CACHE, .value = $2, .pos = @1.pos); }
    | K_INCREMENT signed_iconst64 { $$ = MAKE(struct ast_seq_option, .kind = AST_SEQ_INCREMENT, .value = $2, .pos = @1.pos); }
    | K_INCREMENT K_BY signed_iconst64 { $$ = MAKE(struct ast_seq_option, .kind = AST_SEQ_INCREMENT, .value = $3, .word = true, .pos = @1.pos); }
    | K_MINVALUE signed_iconst64 { $$ = MAKE(struct ast_seq_option, .kind = AST_SEQ_MINVALUE, .value = $2, .pos = @1.pos); }
    | K_NO K_MINVALUE { $$ = MAKE(struct ast_seq_option, .kind = AST_SEQ_MINVALUE, .none = true, .pos = @1.pos); }
    | K_MAXVALUE signed_iconst64 { $$ = MAKE(struct ast_seq_option, .kind = AST_SEQ_MAXVALUE, .value = $2, .pos = @1.pos); }
    | K_NO K_MAXVALUE { $$ = MAKE(struct ast_seq_option, .kind = AST_SEQ_MAXVALUE, .none = true, .pos = @1.pos); }
    | K_START signed_iconst64 { $$ = MAKE(struct ast_seq_option, .kind = AST_SEQ_START, .value = $2, .pos = @1.pos); }
    | K_START K_WITH signed_iconst64 { $$ = MAKE(struct ast_seq_option, .kind = AST_SEQ_START, .value = $3, .word = true, .pos = @1.pos); }
    | K_VIRTUAL { $$ = MAKE(struct ast_seq_option, .kind = AST_SEQ_VIRTUAL, .pos = @1.pos); }
    ;

/* ---- ALTER ---- */

alter_stmt:
    alter_table_stmt
    | alter_index_stmt
    | alter_view_stmt
    | alter_sequence_stmt
    | alter_database_stmt
    | alter_range_stmt
    | alter_partition_stmt
    | alter_role_stmt
    | alter_unsupported
    | K_ALTER error { HELP("ALTER"); }
    ;

alter_unsupported:
    K_ALTER K_DOMAIN error { UNIMPLEMENTED(0); $$ = NULL; }
    | K_ALTER K_AGGREGATE error { UNIMPLEMENTED(0); $$ = NULL; }
    | K_ALTER K_FUNCTION error { UNIMPLEMENTED(0); $$ = NULL; }
    | K_ALTER K_TYPE error { UNIMPLEMENTED(0); $$ = NULL; }
    ;

alter_table_stmt:
    K_ALTER K_TABLE altered_table alter_cmds {
        $4->table = *$3;
        if ($4->count == 1 && $4->items[0].kind == AST_ALTER_RENAME_COLUMN)
            $$ = STMT(RENAME_COLUMN, @1, MAKE(struct ast_rename_column, .table = *$3, .name = $4->items[0].name, .new_name = $4->items[0].new_name, .pos = $4->items[0].pos));
        else
            $$ = STMT(ALTER_TABLE, @1, $4);
    }
    | K_ALTER K_TABLE K_IF K_EXISTS altered_table alter_cmds {
        $6->table = *$5;
        $6->if_exists = true;
        if ($6->count == 1 && $6->items[0].kind == AST_ALTER_RENAME_COLUMN)
            $$ = STMT(RENAME_COLUMN, @1, MAKE(struct ast_rename_column, .table = *$5, .name = $6->items[0].name, .new_name = $6->items[0].new_name, .if_exists = true, .pos = $6->items[0].pos));
        else
            $$ = STMT(ALTER_TABLE, @1, $6);
    }
    | K_ALTER K_TABLE altered_table K_RENAME K_TO table_name {
        $$ = STMT(RENAME_TABLE, @1, MAKE(struct ast_rename_table, .relation = AST_RELATION_TABLE, .name = *$3, .new_name = *$6));
    }
    | K_ALTER K_TABLE K_IF K_EXISTS altered_table K_RENAME K_TO table_name {
        $$ = STMT(RENAME_TABLE, @1, MAKE(struct ast_rename_table, .relation = AST_RELATION_TABLE, .name = *$5, .new_name = *$8, .if_exists = true));
    }
    | K_ALTER K_TABLE table_name K_CONFIGURE K_ZONE zone_action {
        $6->target = (struct ast_zone_target){.kind = AST_ZONE_TABLE, .table = *$3, .pos = @3.pos};
        $$ = STMT(SET_ZONE_CONFIG, @1, $6);
    }
    | alter_range_table K_SPLIT K_AT select_stmt opt_expiration {
        $$ = STMT(SPLIT, @1, MAKE(struct ast_split, .target = *$1, .rows = $4, .expiration = $5));
    }
    | alter_range_table K_UNSPLIT K_AT select_stmt { $$ = STMT(UNSPLIT, @1, MAKE(struct ast_unsplit, .target = *$1, .rows = $4)); }
    | alter_range_table K_UNSPLIT K_ALL { $$ = STMT(UNSPLIT, @1, MAKE(struct ast_unsplit, .target = *$1, .all = true)); }
    | alter_range_table K_SCATTER { $$ = STMT(SCATTER, @1, MAKE(struct ast_scatter, .target = *$1)); }
    | alter_range_table K_SCATTER K_FROM '(' expr_list ')' K_TO '(' expr_list ')' {
        $$ = STMT(SCATTER, @1, MAKE(struct ast_scatter, .target = *$1, .from_to = true, .from = *$5, .to = *$9));
    }
    | alter_range_table K_EXPERIMENTAL_RELOCATE select_stmt { $$ = STMT(RELOCATE, @1, MAKE(struct ast_relocate, .target = *$1, .rows = $3)); }
    | alter_range_table K_EXPERIMENTAL_RELOCATE K_LEASE select_stmt {
        $$ = STMT(RELOCATE, @1, MAKE(struct ast_relocate, .target = *$1, .lease = true, .rows = $4));
    }
    | K_ALTER K_TABLE error { HELP("ALTER TABLE"); }
    ;

alter_range_table:
    K_ALTER K_TABLE table_name { $$ = MAKE(struct ast_range_target, .table = *$3); }
    ;

alter_range_index:
    K_ALTER K_INDEX table_index_name { $$ = MAKE(struct ast_range_target, .is_index = true, .index = *$3); }
    ;

opt_expiration:
    %empty { $$ = NULL; }
    | K_WITH K_EXPIRATION a_expr { $$ = $3; }
    ;

alter_index_stmt:
    K_ALTER K_INDEX table_index_name K_RENAME K_TO name {
        $$ = STMT(RENAME_INDEX, @1, MAKE(struct ast_rename_index, .index = *$3, .new_name = $6.text));
    }
    | K_ALTER K_INDEX K_IF K_EXISTS table_index_name K_RENAME K_TO name {
        $$ = STMT(RENAME_INDEX, @1, MAKE(struct ast_rename_index, .index = *$5, .new_name = $8.text, .if_exists = true));
    }
    | K_ALTER K_INDEX table_index_name partition_by {
        struct ast_alter_index *a = MAKE(struct ast_alter_index, .index = *$3);
        PUSH(a, (struct ast_alter_cmd){.kind = AST_ALTER_PARTITION_BY, .partition_by = $4, .pos = @4.pos});
        $$ = STMT(ALTER_INDEX, @1, a);
    }
    | K_ALTER K_INDEX K_IF K_EXISTS table_index_name partition_by {
        struct ast_alter_index *a = MAKE(struct ast_alter_index, .index = *$5, .if_exists = true);
        PUSH(a, (struct ast_alter_cmd){.kind = AST_ALTER_PARTITION_BY, .partition_by = $6, .pos = @6.pos});
        $$ = STMT(ALTER_INDEX, @1, a);
    }
    | K_ALTER K_INDEX table_index_name K_CONFIGURE K_ZONE zone_action {
        $6->target = (struct ast_zone_target){.kind = AST_ZONE_INDEX, .index = *$3, .pos = @3.pos};
        $$ = STMT(SET_ZONE_CONFIG, @1, $6);
    }
    | alter_range_index K_SPLIT K_AT select_stmt opt_expiration {
        $$ = STMT(SPLIT, @1, MAKE(struct ast_split, .target = *$1, .rows = $4, .expiration = $5));
    }
    | alter_range_index K_UNSPLIT K_AT select_stmt { $$ = STMT(UNSPLIT, @1, MAKE(struct ast_unsplit, .target = *$1, .rows = $4)); }
    | alter_range_index K_UNSPLIT K_ALL { $$ = STMT(UNSPLIT, @1, MAKE(struct ast_unsplit, .target = *$1, .all = true)); }
    | alter_range_index K_SCATTER { $$ = STMT(SCATTER, @1, MAKE(struct ast_scatter, .target = *$1)); }
    | alter_range_index K_SCATTER K_FROM '(' expr_list ')' K_TO '(' expr_list ')' {
        $$ = STMT(SCATTER, @1, MAKE(struct ast_scatter, .target = *$1, .from_to = true, .from = *$5, .to = *$9));
    }
    | alter_range_index K_EXPERIMENTAL_RELOCATE select_stmt { $$ = STMT(RELOCATE, @1, MAKE(struct ast_relocate, .target = *$1, .rows = $3)); }
    | alter_range_index K_EXPERIMENTAL_RELOCATE K_LEASE select_stmt {
        $$ = STMT(RELOCATE, @1, MAKE(struct ast_relocate, .target = *$1, .lease = true, .rows = $4));
    }
    | K_ALTER K_INDEX error { HELP("ALTER INDEX"); }
    ;

alter_view_stmt:
    K_ALTER K_VIEW table_name K_RENAME K_TO table_name {
        $$ = STMT(RENAME_TABLE, @1, MAKE(struct ast_rename_table, .relation = AST_RELATION_VIEW, .name = *$3, .new_name = *$6));
    }
    | K_ALTER K_VIEW K_IF K_EXISTS table_name K_RENAME K_TO table_name {
        $$ = STMT(RENAME_TABLE, @1, MAKE(struct ast_rename_table, .relation = AST_RELATION_VIEW, .name = *$5, .new_name = *$8, .if_exists = true));
    }
    | K_ALTER K_VIEW error { HELP("ALTER VIEW"); }
    ;

alter_sequence_stmt:
    K_ALTER K_SEQUENCE table_name K_RENAME K_TO table_name {
        $$ = STMT(RENAME_TABLE, @1, MAKE(struct ast_rename_table, .relation = AST_RELATION_SEQUENCE, .name = *$3, .new_name = *$6));
    }
    | K_ALTER K_SEQUENCE K_IF K_EXISTS table_name K_RENAME K_TO table_name {
        $$ = STMT(RENAME_TABLE, @1, MAKE(struct ast_rename_table, .relation = AST_RELATION_SEQUENCE, .name = *$5, .new_name = *$8, .if_exists = true));
    }
    | K_ALTER K_SEQUENCE table_name seq_options {
        $4->name = *$3;
        $$ = STMT(ALTER_SEQUENCE, @1, $4);
    }
    | K_ALTER K_SEQUENCE K_IF K_EXISTS table_name seq_options {
        $6->name = *$5;
        $6->if_exists = true;
        $$ = STMT(ALTER_SEQUENCE, @1, $6);
    }
    | K_ALTER K_SEQUENCE error { HELP("ALTER SEQUENCE"); }
    ;

alter_database_stmt:
    K_ALTER K_DATABASE name K_RENAME K_TO name {
        $$ = STMT(RENAME_DATABASE, @1, MAKE(struct ast_rename_database, .name = $3.text, .new_name = $6.text, .pos = $3.pos));
    }
    | K_ALTER K_DATABASE name K_CONFIGURE K_ZONE zone_action {
        $6->target = (struct ast_zone_target){.kind = AST_ZONE_DATABASE, .name = $3.text, .pos = $3.pos};
        $$ = STMT(SET_ZONE_CONFIG, @1, $6);
    }
    | K_ALTER K_DATABASE error { HELP("ALTER DATABASE"); }
    ;

alter_range_stmt:
    K_ALTER K_RANGE unrestricted_name K_CONFIGURE K_ZONE zone_action {
        $6->target = (struct ast_zone_target){.kind = AST_ZONE_RANGE, .name = $3.text, .pos = $3.pos};
        $$ = STMT(SET_ZONE_CONFIG, @1, $6);
    }
    | K_ALTER K_RANGE error { HELP("ALTER RANGE"); }
    ;

alter_partition_stmt:
    K_ALTER K_PARTITION unrestricted_name K_OF K_TABLE table_name K_CONFIGURE K_ZONE zone_action {
        $9->target = (struct ast_zone_target){.kind = AST_ZONE_PARTITION_OF_TABLE, .partition = $3.text, .table = *$6, .pos = $3.pos};
        $$ = STMT(SET_ZONE_CONFIG, @1, $9);
    }
    | K_ALTER K_PARTITION unrestricted_name K_OF K_INDEX table_index_name K_CONFIGURE K_ZONE zone_action {
        $9->target = (struct ast_zone_target){.kind = AST_ZONE_PARTITION_OF_INDEX, .partition = $3.text, .index = *$6, .pos = $3.pos};
        $$ = STMT(SET_ZONE_CONFIG, @1, $9);
    }
    | K_ALTER K_PARTITION unrestricted_name K_OF K_INDEX table_name '@' '*' K_CONFIGURE K_ZONE zone_action {
        $11->target = (struct ast_zone_target){.kind = AST_ZONE_PARTITION_OF_INDEX, .partition = $3.text,
            .index = {.table = *$6, .has_table = true, .all = true, .pos = @6.pos}, .pos = $3.pos};
        $$ = STMT(SET_ZONE_CONFIG, @1, $11);
    }
    | K_ALTER K_PARTITION unrestricted_name K_OF K_TABLE table_name '@' partition_index K_CONFIGURE K_ZONE zone_action {
        $$ = NULL;
        (void)$11;
        gram_syntax_error(g, "index name should not be specified in ALTER PARTITION ... OF TABLE");
        gram_hint(g, "try ALTER PARTITION ... OF INDEX");
        YYABORT;
    }
    | K_ALTER K_PARTITION error { HELP("ALTER PARTITION"); }
    ;

partition_index:
    unrestricted_name { (void)$1; }
    | '*'
    ;

zone_action:
    K_USING zone_options { $$ = $2; }
    | K_USING K_DEFAULT { $$ = MAKE(struct ast_set_zone_config, .action = AST_ZONE_USING_DEFAULT); }
    | K_DISCARD { $$ = MAKE(struct ast_set_zone_config, .action = AST_ZONE_DISCARD); }
    | to_or_eq a_expr { $$ = MAKE(struct ast_set_zone_config, .action = AST_ZONE_YAML, .yaml = $2); }
    ;

zone_options:
    zone_option { $$ = LIST1(struct ast_set_zone_config, *$1); }
    | zone_options ',' zone_option { $$ = $1; PUSH($$, *$3); }
    ;

zone_option:
    var_name '=' K_COPY K_FROM K_PARENT { $$ = MAKE(struct ast_zone_option, .key = gram_join_dotted(g, $1), .pos = @1.pos); }
    | var_name '=' var_value { $$ = MAKE(struct ast_zone_option, .key = gram_join_dotted(g, $1), .value = $3, .pos = @1.pos); }
    ;

to_or_eq:
    '='
    | K_TO
    ;

alter_cmds:
    alter_cmd { $$ = LIST1(struct ast_alter_table, *$1); }
    | alter_cmds ',' alter_cmd { $$ = $1; PUSH($$, *$3); }
    ;

opt_column_word:
    %empty { $$ = false; }
    | K_COLUMN { $$ = true; }
    ;

alter_cmd:
    K_RENAME opt_column_word column_name K_TO column_name {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_RENAME_COLUMN, .column_word = $2, .name = $3.text, .new_name = $5.text, .pos = $3.pos);
    }
    | K_RENAME K_CONSTRAINT name K_TO name {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_RENAME_CONSTRAINT, .name = $3.text, .new_name = $5.text, .pos = $3.pos);
    }
    | K_ADD column_def { $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_ADD_COLUMN, .column = $2, .pos = @2.pos); }
    | K_ADD K_IF K_NOT K_EXISTS column_def {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_ADD_COLUMN, .if_exists = true, .column = $5, .pos = @5.pos);
    }
    | K_ADD K_COLUMN column_def {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_ADD_COLUMN, .column_word = true, .column = $3, .pos = @3.pos);
    }
    | K_ADD K_COLUMN K_IF K_NOT K_EXISTS column_def {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_ADD_COLUMN, .column_word = true, .if_exists = true, .column = $6, .pos = @6.pos);
    }
    | K_ALTER opt_column_word column_name K_SET K_DEFAULT a_expr {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_SET_DEFAULT, .column_word = $2, .name = $3.text, .expr = $6, .pos = $3.pos);
    }
    | K_ALTER opt_column_word column_name K_DROP K_DEFAULT {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_SET_DEFAULT, .column_word = $2, .name = $3.text, .pos = $3.pos);
    }
    | K_ALTER opt_column_word column_name K_DROP K_NOT K_NULL {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_DROP_NOT_NULL, .column_word = $2, .name = $3.text, .pos = $3.pos);
    }
    | K_ALTER opt_column_word column_name K_DROP K_STORED {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_DROP_STORED, .column_word = $2, .name = $3.text, .pos = $3.pos);
    }
    | K_ALTER opt_column_word column_name K_SET K_NOT K_NULL {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_SET_NOT_NULL, .column_word = $2, .name = $3.text, .pos = $3.pos);
    }
    | K_ALTER opt_column_word column_name opt_set_data K_TYPE typename opt_alter_collate opt_alter_using {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_TYPE, .column_word = $2, .name = $3.text, .type = $6, .collation = $<slice>7, .using_expr = $8, .pos = $3.pos);
    }
    | K_DROP opt_column_word K_IF K_EXISTS column_name opt_drop_behavior {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_DROP_COLUMN, .column_word = $2, .if_exists = true, .name = $5.text, .behavior = (enum ast_drop_behavior)$6, .pos = $5.pos);
    }
    | K_DROP opt_column_word column_name opt_drop_behavior {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_DROP_COLUMN, .column_word = $2, .name = $3.text, .behavior = (enum ast_drop_behavior)$4, .pos = $3.pos);
    }
    | K_ADD table_constraint opt_validate {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_ADD_CONSTRAINT, .def = $2, .not_valid = $3, .pos = @2.pos);
    }
    | K_ALTER K_CONSTRAINT name error { UNIMPLEMENTED(31632); }
    | K_ALTER K_PRIMARY K_KEY K_USING K_COLUMNS '(' index_params ')' opt_hash_sharded opt_interleave {
        struct ast_index_def *d = MAKE(struct ast_index_def, .columns = *$7, .sharded = $9, .interleave = $10, .pos = @1.pos);
        struct ast_table_def *def = MAKE(struct ast_table_def, .kind = AST_DEF_PRIMARY_KEY, .index = d, .pos = @1.pos);
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_PRIMARY_KEY, .def = def, .pos = @1.pos);
    }
    | K_VALIDATE K_CONSTRAINT name { $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_VALIDATE_CONSTRAINT, .name = $3.text, .pos = $3.pos); }
    | K_DROP K_CONSTRAINT K_IF K_EXISTS name opt_drop_behavior {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_DROP_CONSTRAINT, .if_exists = true, .name = $5.text, .behavior = (enum ast_drop_behavior)$6, .pos = $5.pos);
    }
    | K_DROP K_CONSTRAINT name opt_drop_behavior {
        $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_DROP_CONSTRAINT, .name = $3.text, .behavior = (enum ast_drop_behavior)$4, .pos = $3.pos);
    }
    | K_EXPERIMENTAL_AUDIT K_SET K_READ K_WRITE { $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_AUDIT, .audit_read_write = true, .pos = @1.pos); }
    | K_EXPERIMENTAL_AUDIT K_SET K_OFF { $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_AUDIT, .pos = @1.pos); }
    | partition_by { $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_PARTITION_BY, .partition_by = $1, .pos = @1.pos); }
    | K_INJECT K_STATISTICS a_expr { $$ = MAKE(struct ast_alter_cmd, .kind = AST_ALTER_INJECT_STATS, .expr = $3, .pos = @1.pos); }
    ;

opt_set_data:
    %empty
    | K_SET K_DATA
    ;

opt_alter_collate:
    %empty { $<slice>$ = SLICE_NULL; }
    | K_COLLATE collation_name { $<slice>$ = $2.text; }
    ;

opt_alter_using:
    %empty { $$ = NULL; }
    | K_USING a_expr { $$ = $2; }
    ;

opt_validate:
    %empty { $$ = false; }
    | K_NOT K_VALID { $$ = true; }
    ;

opt_drop_behavior:
    %empty { $$ = AST_DROP_DEFAULT; }
    | K_CASCADE { $$ = AST_DROP_CASCADE; }
    | K_RESTRICT { $$ = AST_DROP_RESTRICT; }
    ;

/* ---- DROP ---- */

drop_stmt:
    K_DROP K_DATABASE name opt_drop_behavior {
        $$ = STMT(DROP_DATABASE, @1, MAKE(struct ast_drop_database, .name = $3.text, .behavior = (enum ast_drop_behavior)$4, .pos = $3.pos));
    }
    | K_DROP K_DATABASE K_IF K_EXISTS name opt_drop_behavior {
        $$ = STMT(DROP_DATABASE, @1, MAKE(struct ast_drop_database, .name = $5.text, .if_exists = true, .behavior = (enum ast_drop_behavior)$6, .pos = $5.pos));
    }
    | K_DROP K_DATABASE error { HELP("DROP DATABASE"); }
    | K_DROP K_TABLE table_name_list opt_drop_behavior {
        $$ = STMT(DROP_TABLE, @1, MAKE(struct ast_drop, .names = *$3, .behavior = (enum ast_drop_behavior)$4));
    }
    | K_DROP K_TABLE K_IF K_EXISTS table_name_list opt_drop_behavior {
        $$ = STMT(DROP_TABLE, @1, MAKE(struct ast_drop, .names = *$5, .if_exists = true, .behavior = (enum ast_drop_behavior)$6));
    }
    | K_DROP K_TABLE error { HELP("DROP TABLE"); }
    | K_DROP K_VIEW table_name_list opt_drop_behavior {
        $$ = STMT(DROP_VIEW, @1, MAKE(struct ast_drop, .names = *$3, .behavior = (enum ast_drop_behavior)$4));
    }
    | K_DROP K_VIEW K_IF K_EXISTS table_name_list opt_drop_behavior {
        $$ = STMT(DROP_VIEW, @1, MAKE(struct ast_drop, .names = *$5, .if_exists = true, .behavior = (enum ast_drop_behavior)$6));
    }
    | K_DROP K_VIEW error { HELP("DROP VIEW"); }
    | K_DROP K_SEQUENCE table_name_list opt_drop_behavior {
        $$ = STMT(DROP_SEQUENCE, @1, MAKE(struct ast_drop, .names = *$3, .behavior = (enum ast_drop_behavior)$4));
    }
    | K_DROP K_SEQUENCE K_IF K_EXISTS table_name_list opt_drop_behavior {
        $$ = STMT(DROP_SEQUENCE, @1, MAKE(struct ast_drop, .names = *$5, .if_exists = true, .behavior = (enum ast_drop_behavior)$6));
    }
    | K_DROP K_SEQUENCE error { HELP("DROP SEQUENCE"); }
    | K_DROP K_INDEX opt_concurrently table_index_name_list opt_drop_behavior {
        $$ = STMT(DROP_INDEX, @1, MAKE(struct ast_drop_index, .concurrently = $3, .indexes = *$4, .behavior = (enum ast_drop_behavior)$5));
    }
    | K_DROP K_INDEX opt_concurrently K_IF K_EXISTS table_index_name_list opt_drop_behavior {
        $$ = STMT(DROP_INDEX, @1, MAKE(struct ast_drop_index, .concurrently = $3, .if_exists = true, .indexes = *$6, .behavior = (enum ast_drop_behavior)$7));
    }
    | K_DROP K_INDEX error { HELP("DROP INDEX"); }
    | K_DROP user_or_role string_list { $$ = STMT(DROP_ROLE, @1, MAKE(struct ast_drop_role, .is_role = $2, .names = *$3)); }
    | K_DROP user_or_role K_IF K_EXISTS string_list {
        $$ = STMT(DROP_ROLE, @1, MAKE(struct ast_drop_role, .is_role = $2, .if_exists = true, .names = *$5));
    }
    | K_DROP user_or_role error { HELP("DROP ROLE"); }
    | K_DROP K_AGGREGATE error { UNIMPLEMENTED(0); }
    | K_DROP K_CAST error { UNIMPLEMENTED(0); }
    | K_DROP K_CONVERSION error { UNIMPLEMENTED(0); }
    | K_DROP K_DOMAIN error { UNIMPLEMENTED(27796); }
    | K_DROP K_EXTENSION error { UNIMPLEMENTED(0); }
    | K_DROP K_COLLATION error { UNIMPLEMENTED(0); }
    | K_DROP K_FOREIGN K_TABLE error { UNIMPLEMENTED(0); }
    | K_DROP K_FOREIGN K_DATA error { UNIMPLEMENTED(0); }
    | K_DROP K_FUNCTION error { UNIMPLEMENTED(17511); }
    | K_DROP K_LANGUAGE error { UNIMPLEMENTED(17511); }
    | K_DROP K_OPERATOR error { UNIMPLEMENTED(0); }
    | K_DROP K_PUBLICATION error { UNIMPLEMENTED(0); }
    | K_DROP K_RULE error { UNIMPLEMENTED(0); }
    | K_DROP K_SCHEMA error { UNIMPLEMENTED(26443); }
    | K_DROP K_SERVER error { UNIMPLEMENTED(0); }
    | K_DROP K_SUBSCRIPTION error { UNIMPLEMENTED(0); }
    | K_DROP K_TRIGGER error { UNIMPLEMENTED(28296); }
    | K_DROP K_TYPE error { UNIMPLEMENTED(27793); }
    | K_DROP error { HELP("DROP"); }
    ;

table_name_list:
    table_name { $$ = LIST1(struct ast_object_names, *$1); }
    | table_name_list ',' table_name { $$ = $1; PUSH($$, *$3); }
    ;

altered_tables:
    altered_table { $$ = LIST1(struct ast_object_names, *$1); }
    | altered_tables ',' altered_table { $$ = $1; PUSH($$, *$3); }
    ;

table_index_name_list:
    table_index_name { $$ = LIST1(struct ast_index_names, *$1); }
    | table_index_name_list ',' table_index_name { $$ = $1; PUSH($$, *$3); }
    ;

/* ==== 5 sessions and SHOW =================================================================== */

set_stmt:
    K_SET set_var_stmt { $$ = $2; $$->pos = @1.pos; }
    | K_SET K_SESSION set_var_stmt { $$ = $3; $$->pos = @1.pos; }
    | K_SET K_LOCAL error { UNIMPLEMENTED(32562); }
    | K_SET K_TRANSACTION transaction_mode_list { $$ = STMT(SET_TRANSACTION, @1, $3); }
    | K_SET K_SESSION K_TRANSACTION transaction_mode_list { $$ = STMT(SET_TRANSACTION, @1, $4); }
    | K_SET K_SESSION K_CHARACTERISTICS K_AS K_TRANSACTION transaction_mode_list {
        $$ = STMT(SET_SESSION_CHARACTERISTICS, @1, $6);
    }
    | K_SET K_CLUSTER K_SETTING var_name to_or_eq var_value {
        $$ = STMT(SET_CLUSTER_SETTING, @1, MAKE(struct ast_cluster_setting, .name = gram_join_dotted(g, $4), .value = $6, .pos = @4.pos));
    }
    | K_USE var_value {
        $$ = STMT(SET_VAR, @1, MAKE(struct ast_set_var, .name = SLICE_LIT("database"), .values = *LIST1(struct ast_exprs, $2), .pos = @1.pos));
    }
    | K_USE error { HELP("USE"); }
    | K_SET K_TRANSACTION error { HELP("SET TRANSACTION"); }
    | K_SET K_CLUSTER error { HELP("SET CLUSTER SETTING"); }
    | K_SET error { HELP("SET SESSION"); }
    ;

set_var_stmt:
    var_name to_or_eq var_list {
        $$ = gram_set_generic(g, @1.pos, (struct ast_name){gram_join_dotted(g, $1), @1.pos}, $3);
    }
    | K_NAMES var_list { $$ = gram_set_generic(g, @1.pos, (struct ast_name){SLICE_LIT("client_encoding"), @1.pos}, $2); }
    | K_NAMES {
        $$ = gram_set_generic(g, @1.pos, (struct ast_name){SLICE_LIT("client_encoding"), @1.pos},
            LIST1(struct ast_exprs, gram_expr(g, AST_EXPR_DEFAULT, @1.pos)));
    }
    | K_SCHEMA SCONST {
        $$ = gram_set_generic(g, @1.pos, (struct ast_name){SLICE_LIT("search_path"), @1.pos},
            LIST1(struct ast_exprs, gram_text(g, AST_EXPR_STRING, $2)));
    }
    | K_TIME K_ZONE timezone_value {
        $$ = gram_set_generic(g, @1.pos, (struct ast_name){SLICE_LIT("timezone"), @1.pos}, LIST1(struct ast_exprs, $3));
    }
    | var_name K_FROM K_CURRENT { UNIMPLEMENTED(0); $$ = NULL; }
    ;

timezone_value:
    SCONST { $$ = gram_text(g, AST_EXPR_STRING, $1); }
    | IDENT { $$ = gram_text(g, AST_EXPR_STRING, $1); }
    | K_INTERVAL SCONST opt_interval_qualifier {
        struct ast_type *t = gram_type_interval(g, @1.pos, $3 & 0xff, ($3 >> 8) - 1);
        $$ = gram_cast(g, @1.pos, gram_text(g, AST_EXPR_STRING, $2), t, AST_CAST_PREPEND);
    }
    | numeric_only
    | K_DEFAULT { $$ = gram_expr(g, AST_EXPR_DEFAULT, @1.pos); }
    | K_LOCAL { $$ = gram_text(g, AST_EXPR_STRING, (struct ast_name){SLICE_LIT("UTC"), @1.pos}); }
    ;

numeric_only:
    ICONST { $$ = gram_number(g, $1, AST_EXPR_INT); }
    | FCONST { $$ = gram_number(g, $1, AST_EXPR_DECIMAL); }
    | '-' ICONST { $$ = gram_negate(g, @1.pos, gram_number(g, $2, AST_EXPR_INT)); }
    | '-' FCONST { $$ = gram_negate(g, @1.pos, gram_number(g, $2, AST_EXPR_DECIMAL)); }
    | '+' ICONST { $$ = gram_number(g, $2, AST_EXPR_INT); }
    | '+' FCONST { $$ = gram_number(g, $2, AST_EXPR_DECIMAL); }
    ;

var_list:
    var_value { $$ = LIST1(struct ast_exprs, $1); }
    | var_list ',' var_value { $$ = $1; PUSH($$, $3); }
    ;

var_value:
    a_expr
    | extra_var_value
    ;

extra_var_value:
    K_ON { $$ = gram_column1(g, $1); }
    | K_NOTHING { $$ = gram_column1(g, $1); }
    | K_INDEX { $$ = gram_column1(g, $1); }
    | K_NONE { $$ = gram_column1(g, $1); }
    ;

/* Dotted: cluster settings, zone options. */
var_name:
    name { $$ = LIST1(struct ast_names, $1); }
    | var_name '.' unrestricted_name { $$ = $1; PUSH($$, $3); }
    ;


reset_stmt:
    K_RESET session_var {
        $$ = gram_set_generic(g, @1.pos, $2, LIST1(struct ast_exprs, gram_expr(g, AST_EXPR_DEFAULT, @1.pos)));
        if ($$->kind == AST_STMT_SET_VAR)
            $$->set_var->reset = true;
    }
    | K_RESET K_SESSION session_var {
        $$ = gram_set_generic(g, @1.pos, $3, LIST1(struct ast_exprs, gram_expr(g, AST_EXPR_DEFAULT, @1.pos)));
        if ($$->kind == AST_STMT_SET_VAR)
            $$->set_var->reset = true;
    }
    | K_RESET K_CLUSTER K_SETTING var_name {
        $$ = STMT(SET_CLUSTER_SETTING, @1, MAKE(struct ast_cluster_setting, .name = gram_join_dotted(g, $4),
            .value = gram_expr(g, AST_EXPR_DEFAULT, @1.pos), .pos = @4.pos));
    }
    | K_RESET K_CLUSTER error { HELP("RESET CLUSTER SETTING"); }
    | K_RESET error { HELP("RESET"); }
    ;

session_var:
    IDENT
    | session_var '.' unrestricted_name {
        struct ast_names parts = {0};
        PUSH(&parts, $1);
        PUSH(&parts, $3);
        $$ = (struct ast_name){gram_join_dotted(g, &parts), @1.pos};
    }
    | K_ALL
    | K_DATABASE
    | K_LOCALITY
    | K_NAMES { $$ = (struct ast_name){SLICE_LIT("client_encoding"), @1.pos}; }
    | K_SESSION_USER
    | K_TIME K_ZONE { $$ = (struct ast_name){SLICE_LIT("timezone"), @1.pos}; }
    ;

show_stmt:
    K_SHOW session_var {
        $$ = slice_eq($2.text, SLICE_LIT("all"))
            ? STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_ALL_VARS, .pos = $2.pos))
            : STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_VAR, .name = lex_fold_name(g->arena, $2.text), .pos = $2.pos));
    }
    | K_SHOW K_SESSION session_var {
        $$ = slice_eq($3.text, SLICE_LIT("all"))
            ? STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_ALL_VARS, .pos = $3.pos))
            : STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_VAR, .name = lex_fold_name(g->arena, $3.text), .pos = $3.pos));
    }
    | K_SHOW K_SESSION error { HELP("SHOW SESSION"); }
    | K_SHOW K_CLUSTER K_SETTING var_name {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_CLUSTER_SETTING, .name = gram_join_dotted(g, $4), .pos = @4.pos));
    }
    | K_SHOW K_CLUSTER K_SETTING K_ALL { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_CLUSTER_SETTINGS, .all = true)); }
    | K_SHOW K_CLUSTER K_SETTINGS { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_CLUSTER_SETTINGS)); }
    | K_SHOW K_ALL K_CLUSTER K_SETTINGS { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_CLUSTER_SETTINGS, .all = true)); }
    | K_SHOW K_PUBLIC K_CLUSTER K_SETTINGS { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_CLUSTER_SETTINGS)); }
    | K_SHOW K_CLUSTER error { HELP("SHOW CLUSTER SETTING"); }
    | K_SHOW K_DATABASES opt_with_comment { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_DATABASES, .with_comment = $3)); }
    | K_SHOW K_DATABASES error { HELP("SHOW DATABASES"); }
    | K_SHOW K_SCHEMAS { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_SCHEMAS)); }
    | K_SHOW K_SCHEMAS K_FROM name {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_SCHEMAS, .database = $4.text, .has_database = true, .pos = $4.pos));
    }
    | K_SHOW K_SCHEMAS error { HELP("SHOW SCHEMAS"); }
    | K_SHOW K_SEQUENCES { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_SEQUENCES)); }
    | K_SHOW K_SEQUENCES K_FROM name {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_SEQUENCES, .database = $4.text, .has_database = true, .pos = $4.pos));
    }
    | K_SHOW K_SEQUENCES error { HELP("SHOW SEQUENCES"); }
    | K_SHOW K_TABLES opt_from_table opt_with_comment {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_TABLES, .table = OR_EMPTY(struct ast_object_name, $3), .with_comment = $4, .pos = @3.pos));
    }
    | K_SHOW K_TABLES error { HELP("SHOW TABLES"); }
    | K_SHOW K_COLUMNS K_FROM table_name opt_with_comment {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_COLUMNS, .table = *$4, .with_comment = $5, .pos = @4.pos));
    }
    | K_SHOW K_COLUMNS error { HELP("SHOW COLUMNS"); }
    | K_SHOW index_word K_FROM table_name opt_with_comment {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_INDEXES, .table = *$4, .with_comment = $5, .pos = @4.pos));
    }
    | K_SHOW index_word K_FROM K_DATABASE name opt_with_comment {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_DATABASE_INDEXES, .database = $5.text, .has_database = true, .with_comment = $6, .pos = $5.pos));
    }
    | K_SHOW index_word error { HELP("SHOW INDEXES"); }
    | K_SHOW K_CONSTRAINT K_FROM table_name { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_CONSTRAINTS, .table = *$4, .pos = @4.pos)); }
    | K_SHOW K_CONSTRAINTS K_FROM table_name { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_CONSTRAINTS, .table = *$4, .pos = @4.pos)); }
    | K_SHOW K_CONSTRAINTS error { HELP("SHOW CONSTRAINTS"); }
    | K_SHOW K_CREATE table_name { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_CREATE, .table = *$3, .pos = @3.pos)); }
    | K_SHOW K_CREATE K_TABLE table_name { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_CREATE, .table = *$4, .pos = @4.pos)); }
    | K_SHOW K_CREATE K_VIEW table_name { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_CREATE, .table = *$4, .pos = @4.pos)); }
    | K_SHOW K_CREATE K_SEQUENCE table_name { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_CREATE, .table = *$4, .pos = @4.pos)); }
    | K_SHOW K_CREATE error { HELP("SHOW CREATE"); }
    | K_SHOW K_GRANTS opt_grantees {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_GRANTS, .grantees = OR_EMPTY(struct ast_names, $3)));
    }
    | K_SHOW K_GRANTS K_ON targets opt_grantees {
        bool role = $4->kind == AST_TARGET_TABLES && $4->tables.count == 1 && !$4->tables.items[0].star &&
            $4->tables.items[0].name.count == 1 && slice_eq($4->tables.items[0].name.object, SLICE_LIT("role"));
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = role ? AST_SHOW_ROLE_GRANTS : AST_SHOW_GRANTS,
            .targets = role ? (struct ast_targets){.kind = AST_TARGET_ROLES} : *$4, .grantees = OR_EMPTY(struct ast_names, $5)));
    }
    | K_SHOW K_GRANTS K_ON K_ROLE name_list opt_grantees {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_ROLE_GRANTS,
            .targets = {.kind = AST_TARGET_ROLES, .names = *$5}, .grantees = OR_EMPTY(struct ast_names, $6)));
    }
    | K_SHOW K_GRANTS error { HELP("SHOW GRANTS"); }
    | K_SHOW K_USERS { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_USERS)); }
    | K_SHOW K_USERS error { HELP("SHOW USERS"); }
    | K_SHOW K_ROLES { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_ROLES)); }
    | K_SHOW K_ROLES error { HELP("SHOW ROLES"); }
    | K_SHOW K_STATISTICS K_FOR K_TABLE table_name {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_STATISTICS, .table = *$5, .pos = @5.pos));
    }
    | K_SHOW K_STATISTICS K_USING K_JSON K_FOR K_TABLE table_name {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_STATISTICS, .using_json = true, .table = *$7, .pos = @7.pos));
    }
    | K_SHOW K_STATISTICS error { HELP("SHOW STATISTICS"); }
    | K_SHOW K_HISTOGRAM ICONST {
        struct ast_show *s = MAKE(struct ast_show, .kind = AST_SHOW_HISTOGRAM, .pos = $3.pos);
        TRY(gram_int64(g, $3.text, false, &s->id));
        $$ = STMT(SHOW, @1, s);
    }
    | K_SHOW K_HISTOGRAM error { HELP("SHOW HISTOGRAM"); }
    | K_SHOW K_JOBS { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_JOBS)); }
    | K_SHOW K_AUTOMATIC K_JOBS { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_JOBS, .automatic = true)); }
    | K_SHOW K_JOBS select_stmt { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_JOBS, .jobs = $3)); }
    | K_SHOW K_JOBS K_WHEN K_COMPLETE select_stmt { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_JOBS, .block = true, .jobs = $5)); }
    | K_SHOW K_JOB a_expr { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_JOBS, .jobs = gram_values_of_one(g, $3))); }
    | K_SHOW K_JOB K_WHEN K_COMPLETE a_expr {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_JOBS, .block = true, .jobs = gram_values_of_one(g, $5)));
    }
    | K_SHOW K_JOBS error { HELP("SHOW JOBS"); }
    | K_SHOW K_JOB error { HELP("SHOW JOBS"); }
    | K_SHOW opt_cluster K_QUERIES { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_QUERIES, .cluster = $2)); }
    | K_SHOW K_ALL opt_cluster K_QUERIES { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_QUERIES, .all = true, .cluster = $3)); }
    | K_SHOW opt_cluster K_SESSIONS { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_SESSIONS, .cluster = $2)); }
    | K_SHOW K_ALL opt_cluster K_SESSIONS { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_SESSIONS, .all = true, .cluster = $3)); }
    | K_SHOW K_RANGES K_FROM K_TABLE table_name { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_RANGES, .table = *$5, .pos = @5.pos)); }
    | K_SHOW K_RANGES K_FROM K_INDEX table_index_name { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_RANGES, .index = $5, .pos = @5.pos)); }
    | K_SHOW K_RANGES K_FROM K_DATABASE name {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_RANGES, .database = $5.text, .has_database = true, .pos = $5.pos));
    }
    | K_SHOW K_EXPERIMENTAL_RANGES K_FROM K_TABLE table_name { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_RANGES, .table = *$5, .pos = @5.pos)); }
    | K_SHOW K_EXPERIMENTAL_RANGES K_FROM K_INDEX table_index_name { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_RANGES, .index = $5, .pos = @5.pos)); }
    | K_SHOW K_RANGES error { HELP("SHOW RANGES"); }
    | K_SHOW K_RANGE K_FROM K_TABLE table_name K_FOR K_ROW '(' expr_list ')' {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_RANGE_FOR_ROW, .table = *$5, .exprs = *$9, .pos = @5.pos));
    }
    | K_SHOW K_RANGE K_FROM K_INDEX table_index_name K_FOR K_ROW '(' expr_list ')' {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_RANGE_FOR_ROW, .index = $5, .exprs = *$9, .pos = @5.pos));
    }
    | K_SHOW K_RANGE error { HELP("SHOW RANGE"); }
    | K_SHOW K_PARTITIONS K_FROM K_TABLE table_name { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_PARTITIONS, .table = *$5, .pos = @5.pos)); }
    | K_SHOW K_PARTITIONS K_FROM K_DATABASE name {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_PARTITIONS, .database = $5.text, .has_database = true, .pos = $5.pos));
    }
    | K_SHOW K_PARTITIONS K_FROM K_INDEX table_index_name { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_PARTITIONS, .index = $5, .pos = @5.pos)); }
    | K_SHOW K_PARTITIONS K_FROM K_INDEX table_name '@' '*' {
        struct ast_index_name *i = MAKE(struct ast_index_name, .table = *$5, .has_table = true, .all = true, .pos = @5.pos);
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_PARTITIONS, .index = i, .pos = @5.pos));
    }
    | K_SHOW K_PARTITIONS error { HELP("SHOW PARTITIONS"); }
    | K_SHOW K_ZONE K_CONFIGURATION from_or_for zone_target { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_ZONE_CONFIG, .zone = *$5)); }
    | K_SHOW K_ZONE K_CONFIGURATIONS { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_ZONE_CONFIG, .zone = {.kind = AST_ZONE_ALL})); }
    | K_SHOW K_ALL K_ZONE K_CONFIGURATIONS { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_ZONE_CONFIG, .zone = {.kind = AST_ZONE_ALL})); }
    | K_SHOW K_TRANSACTION K_ISOLATION K_LEVEL {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_VAR, .name = SLICE_LIT("transaction_isolation")));
    }
    | K_SHOW K_TRANSACTION K_PRIORITY {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_VAR, .name = SLICE_LIT("transaction_priority")));
    }
    | K_SHOW K_TRANSACTION K_STATUS { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_TRANSACTION_STATUS)); }
    | K_SHOW K_TRANSACTION error { HELP("SHOW TRANSACTION"); }
    | K_SHOW K_SAVEPOINT K_STATUS { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_SAVEPOINT_STATUS)); }
    | K_SHOW K_SAVEPOINT error { HELP("SHOW SAVEPOINT"); }
    | K_SHOW K_LAST K_QUERY K_STATISTICS { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_LAST_QUERY_STATISTICS)); }
    | K_SHOW K_SYNTAX SCONST { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_SYNTAX, .name = $3.text, .pos = $3.pos)); }
    | K_SHOW K_SYNTAX error { HELP("SHOW SYNTAX"); }
    | K_SHOW opt_compact K_TRACE K_FOR K_SESSION { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_TRACE, .compact = $2)); }
    | K_SHOW opt_compact K_KV K_TRACE K_FOR K_SESSION { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_TRACE, .kv = true, .compact = $2)); }
    | K_SHOW opt_compact K_EXPERIMENTAL_REPLICA K_TRACE K_FOR K_SESSION { $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_TRACE, .replica = true, .compact = $2)); }
    | K_SHOW K_EXPERIMENTAL_FINGERPRINTS K_FROM K_TABLE table_name {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_FINGERPRINTS, .table = *$5, .pos = @5.pos));
    }
    | K_SHOW K_EXPERIMENTAL_FINGERPRINTS K_FROM K_TABLE table_name as_of {
        $$ = STMT(SHOW, @1, MAKE(struct ast_show, .kind = AST_SHOW_FINGERPRINTS, .table = *$5, .as_of = $6, .pos = @5.pos));
    }
    | K_SHOW K_BACKUP string_or_placeholder opt_in_path opt_with_options {
        struct ast_show_backup *b = MAKE(struct ast_show_backup, .uri = $3, .options = *$5);
        if ($4 != NULL) {
            b->uri = $4;
            b->latest = is_latest($3);
            b->subdir = subdir_of($3);
        }
        $$ = STMT(SHOW_BACKUP, @1, b);
    }
    | K_SHOW K_BACKUP K_SCHEMAS string_or_placeholder opt_with_options {
        $$ = STMT(SHOW_BACKUP, @1, MAKE(struct ast_show_backup, .kind = AST_SHOW_BACKUP_SCHEMAS, .uri = $4, .options = *$5));
    }
    | K_SHOW K_BACKUP K_RANGES string_or_placeholder opt_with_options {
        $$ = STMT(SHOW_BACKUP, @1, MAKE(struct ast_show_backup, .kind = AST_SHOW_BACKUP_RANGES, .uri = $4, .options = *$5));
    }
    | K_SHOW K_BACKUP K_FILES string_or_placeholder opt_with_options {
        $$ = STMT(SHOW_BACKUP, @1, MAKE(struct ast_show_backup, .kind = AST_SHOW_BACKUP_FILES, .uri = $4, .options = *$5));
    }
    | K_SHOW K_BACKUPS K_IN string_or_placeholder opt_with_options {
        $$ = STMT(SHOW_BACKUP, @1, MAKE(struct ast_show_backup, .kind = AST_SHOW_BACKUPS_IN, .uri = $4, .options = *$5));
    }
    | K_SHOW K_BACKUP error { HELP("SHOW BACKUP"); }
    | K_SHOW K_BACKUPS error { HELP("SHOW BACKUP"); }
    | K_SHOW error { HELP("SHOW"); }
    ;

opt_in_path:
    %empty { $$ = NULL; }
    | K_IN string_or_placeholder { $$ = $2; }
    ;

index_word:
    K_INDEX
    | K_INDEXES
    | K_KEYS
    ;

opt_with_comment:
    %empty { $$ = false; }
    | K_WITH K_COMMENT { $$ = true; }
    ;

opt_from_table:
    %empty { $$ = NULL; }
    | K_FROM db_object_name { $$ = $2; }
    ;

opt_grantees:
    %empty { $$ = NULL; }
    | K_FOR name_list { $$ = $2; }
    ;

/* SHOW QUERIES means the cluster's in v20.1. */
opt_cluster:
    %empty { $$ = true; }
    | K_CLUSTER { $$ = true; }
    | K_LOCAL { $$ = false; }
    ;

opt_compact:
    %empty { $$ = false; }
    | K_COMPACT { $$ = true; }
    ;

zone_target:
    K_RANGE unrestricted_name { $$ = MAKE(struct ast_zone_target, .kind = AST_ZONE_RANGE, .name = $2.text, .pos = $2.pos); }
    | K_DATABASE name { $$ = MAKE(struct ast_zone_target, .kind = AST_ZONE_DATABASE, .name = $2.text, .pos = $2.pos); }
    | K_TABLE table_name { $$ = MAKE(struct ast_zone_target, .kind = AST_ZONE_TABLE, .table = *$2, .pos = @2.pos); }
    | K_TABLE table_name K_PARTITION unrestricted_name {
        $$ = MAKE(struct ast_zone_target, .kind = AST_ZONE_PARTITION_OF_TABLE, .table = *$2, .partition = $4.text, .pos = $4.pos);
    }
    | K_INDEX table_index_name { $$ = MAKE(struct ast_zone_target, .kind = AST_ZONE_INDEX, .index = *$2, .pos = @2.pos); }
    | K_INDEX table_index_name K_PARTITION unrestricted_name {
        $$ = MAKE(struct ast_zone_target, .kind = AST_ZONE_PARTITION_OF_INDEX, .index = *$2, .partition = $4.text, .pos = $4.pos);
    }
    | K_PARTITION unrestricted_name K_OF K_TABLE table_name {
        $$ = MAKE(struct ast_zone_target, .kind = AST_ZONE_PARTITION_OF_TABLE, .table = *$5, .partition = $2.text, .pos = $2.pos);
    }
    | K_PARTITION unrestricted_name K_OF K_INDEX table_index_name {
        $$ = MAKE(struct ast_zone_target, .kind = AST_ZONE_PARTITION_OF_INDEX, .index = *$5, .partition = $2.text, .pos = $2.pos);
    }
    ;

/* ==== 6 queries and DML ===================================================================== */

delete_stmt:
    opt_with_clause K_DELETE K_FROM dml_table opt_delete_using opt_where opt_sort_clause opt_select_limit returning_clause {
        struct ast_limit l = OR_EMPTY(struct ast_limit, $8);
        $$ = gram_delete(g, @2.pos, MAKE(struct ast_delete, .with = $1, .table = $4, .where = $6,
            .order_by = OR_EMPTY(struct ast_order_by, $7), .limit = l.limit, .limit_all = l.all, .offset = l.offset, .returning = *$9));
    }
    | opt_with_clause K_DELETE error { HELP("DELETE"); }
    ;

opt_delete_using:
    %empty
    | K_USING from_list { UNIMPLEMENTED(40963); }
    ;

/* A table with an alias, for UPDATE and DELETE. */
dml_table:
    relation_expr opt_index_flags %prec UMINUS { $$ = $1; $$->flags = $2; }
    | relation_expr opt_index_flags table_alias_name {
        $$ = $1;
        gram_decorate($$, $2, false, MAKE(struct ast_alias, .name = $3.text, .pos = $3.pos));
    }
    | relation_expr opt_index_flags K_AS table_alias_name {
        $$ = $1;
        gram_decorate($$, $2, false, MAKE(struct ast_alias, .name = $4.text, .pos = $4.pos));
    }
    | numeric_table_ref opt_index_flags { $$ = $1; $$->flags = $2; }
    ;

update_stmt:
    opt_with_clause K_UPDATE dml_table K_SET set_clause_list opt_from_list opt_where opt_sort_clause opt_select_limit returning_clause {
        struct ast_limit l = OR_EMPTY(struct ast_limit, $9);
        $$ = gram_update(g, @2.pos, MAKE(struct ast_update, .with = $1, .table = $3, .set = *$5,
            .from = OR_EMPTY(struct ast_table_refs, $6), .where = $7,
            .order_by = OR_EMPTY(struct ast_order_by, $8), .limit = l.limit, .limit_all = l.all, .offset = l.offset, .returning = *$10));
    }
    | opt_with_clause K_UPDATE error { HELP("UPDATE"); }
    ;

opt_from_list:
    %empty { $$ = NULL; }
    | K_FROM from_list { $$ = $2; }
    ;

set_clause_list:
    set_clause { $$ = LIST1(struct ast_set_clauses, *$1); }
    | set_clause_list ',' set_clause { $$ = $1; PUSH($$, *$3); }
    ;

set_clause:
    column_name '=' a_expr { $$ = MAKE(struct ast_set_clause, .columns = *LIST1(struct ast_names, $1), .value = $3, .pos = $1.pos); }
    | column_name '.' error { UNIMPLEMENTED(27792); }
    | '(' insert_column_list ')' '=' in_expr {
        struct ast_expr *v = $5;
        $$ = MAKE(struct ast_set_clause, .tuple = true, .columns = *$2, .value = v, .pos = @1.pos);
    }
    ;

insert_stmt:
    opt_with_clause K_INSERT K_INTO insert_target insert_rest returning_clause {
        $$ = gram_insert(g, @2.pos, $1, false, $4, $5, NULL, $6);
    }
    | opt_with_clause K_INSERT K_INTO insert_target insert_rest on_conflict returning_clause {
        $$ = gram_insert(g, @2.pos, $1, false, $4, $5, $6, $7);
    }
    | opt_with_clause K_INSERT error { HELP("INSERT"); }
    ;

upsert_stmt:
    opt_with_clause K_UPSERT K_INTO insert_target insert_rest returning_clause {
        $$ = gram_insert(g, @2.pos, $1, true, $4, $5, NULL, $6);
    }
    | opt_with_clause K_UPSERT error { HELP("UPSERT"); }
    ;

insert_target:
    table_name {
        $$ = gram_table_ref(g, AST_TABLE_NAME, @1.pos, 0);
        $$->name = *$1;
    }
    | table_name K_AS table_alias_name {
        $$ = gram_table_ref(g, AST_TABLE_NAME, @1.pos, 0);
        $$->name = *$1;
        gram_decorate($$, NULL, false, MAKE(struct ast_alias, .name = $3.text, .pos = $3.pos));
    }
    | numeric_table_ref
    ;

insert_rest:
    select_stmt { $$ = MAKE(struct ast_insert, .select = $1); }
    | '(' insert_column_list ')' select_stmt { $$ = MAKE(struct ast_insert, .columns = *$2, .select = $4); }
    | K_DEFAULT K_VALUES { $$ = MAKE(struct ast_insert, .default_values = true); }
    ;

insert_column_list:
    insert_column_item { $$ = LIST1(struct ast_names, $1); }
    | insert_column_list ',' insert_column_item { $$ = $1; PUSH($$, $3); }
    ;

insert_column_item:
    column_name
    | column_name '.' error { UNIMPLEMENTED(27792); $$ = $1; }
    ;

on_conflict:
    K_ON K_CONFLICT opt_column_list opt_conflict_where K_DO K_UPDATE K_SET set_clause_list opt_where {
        $$ = MAKE(struct ast_on_conflict, .columns = OR_EMPTY(struct ast_names, $3), .set = *$8, .where = $9, .pos = @1.pos);
    }
    | K_ON K_CONFLICT opt_column_list opt_conflict_where K_DO K_NOTHING {
        $$ = MAKE(struct ast_on_conflict, .columns = OR_EMPTY(struct ast_names, $3), .do_nothing = true, .pos = @1.pos);
    }
    | K_ON K_CONFLICT K_ON K_CONSTRAINT name { UNIMPLEMENTED(28161); $$ = NULL; }
    ;

opt_conflict_where:
    %empty
    | K_WHERE error { UNIMPLEMENTED(32557); }
    ;

returning_clause:
    %empty { $$ = NEW(struct ast_returning); }
    | K_RETURNING target_list { $$ = MAKE(struct ast_returning, .kind = AST_RETURNING_ITEMS, .items = *$2); }
    | K_RETURNING K_NOTHING { $$ = MAKE(struct ast_returning, .kind = AST_RETURNING_NOTHING); }
    ;

/* ---- SELECT ---- */

select_stmt:
    select_no_parens %prec UMINUS
    | select_with_parens %prec UMINUS { $$ = $1; }
    ;

select_with_parens:
    '(' select_no_parens ')' { $$ = gram_select_paren(g, @1.pos, $2); }
    | '(' select_with_parens ')' { $$ = gram_select_paren(g, @1.pos, $2); }
    ;

select_no_parens:
    simple_select
    | select_clause sort_clause { $$ = gram_select_tail(g, NULL, $1, $2, NULL, NULL); }
    | select_clause opt_sort_clause for_locking opt_select_limit { $$ = gram_select_tail(g, NULL, $1, $2, $4, $3); }
    | select_clause opt_sort_clause select_limit opt_for_locking { $$ = gram_select_tail(g, NULL, $1, $2, $3, $4); }
    | with_clause select_clause { $$ = gram_select_tail(g, $1, $2, NULL, NULL, NULL); }
    | with_clause select_clause sort_clause { $$ = gram_select_tail(g, $1, $2, $3, NULL, NULL); }
    | with_clause select_clause opt_sort_clause for_locking opt_select_limit { $$ = gram_select_tail(g, $1, $2, $3, $5, $4); }
    | with_clause select_clause opt_sort_clause select_limit opt_for_locking { $$ = gram_select_tail(g, $1, $2, $3, $4, $5); }
    ;

for_locking:
    for_locking_items
    | K_FOR K_READ K_ONLY { $$ = NULL; }
    ;

opt_for_locking:
    %empty { $$ = NULL; }
    | for_locking
    ;

for_locking_items:
    for_locking_item { $$ = LIST1(struct ast_locking, *$1); }
    | for_locking_items for_locking_item { $$ = $1; PUSH($$, *$2); }
    ;

for_locking_item:
    lock_strength opt_locked_rels opt_wait {
        $$ = MAKE(struct ast_lock_item, .strength = (enum ast_lock_strength)$1, .wait = (enum ast_lock_wait)$3, .pos = @1.pos);
        if ($<onames>2 != NULL)
            $$->targets = *$<onames>2;
    }
    ;

lock_strength:
    K_FOR K_UPDATE { $$ = AST_LOCK_UPDATE; }
    | K_FOR K_NO K_KEY K_UPDATE { $$ = AST_LOCK_NO_KEY_UPDATE; }
    | K_FOR K_SHARE { $$ = AST_LOCK_SHARE; }
    | K_FOR K_KEY K_SHARE { $$ = AST_LOCK_KEY_SHARE; }
    ;

opt_locked_rels:
    %empty { $<onames>$ = NULL; }
    | K_OF table_name_list { $<onames>$ = $2; }
    ;

opt_wait:
    %empty { $$ = AST_LOCK_WAIT_BLOCK; }
    | K_SKIP K_LOCKED { $$ = AST_LOCK_WAIT_SKIP; }
    | K_NOWAIT { $$ = AST_LOCK_WAIT_ERROR; }
    ;

select_clause:
    simple_select
    | select_with_parens
    ;

simple_select:
    simple_select_clause
    | values_clause { $$ = gram_values(g, @1.pos, $1); }
    | table_clause
    | set_operation
    ;

simple_select_clause:
    K_SELECT opt_all opt_target_list from_clause opt_where group_clause opt_having window_clause {
        $4->items = *$3;
        $4->where = $5;
        $4->group_by = OR_EMPTY(struct ast_exprs, $6);
        $4->having = $7;
        $4->windows = OR_EMPTY(struct ast_windows, $8);
        $$ = gram_select_clause(g, @1.pos, $4);
    }
    | K_SELECT K_DISTINCT target_list from_clause opt_where group_clause opt_having window_clause {
        $4->distinct = true;
        $4->items = *$3;
        $4->where = $5;
        $4->group_by = OR_EMPTY(struct ast_exprs, $6);
        $4->having = $7;
        $4->windows = OR_EMPTY(struct ast_windows, $8);
        $$ = gram_select_clause(g, @1.pos, $4);
    }
    | K_SELECT K_DISTINCT K_ON '(' expr_list ')' target_list from_clause opt_where group_clause opt_having window_clause {
        $8->distinct_on_given = true;
        $8->distinct_on = *$5;
        $8->items = *$7;
        $8->where = $9;
        $8->group_by = OR_EMPTY(struct ast_exprs, $10);
        $8->having = $11;
        $8->windows = OR_EMPTY(struct ast_windows, $12);
        $$ = gram_select_clause(g, @1.pos, $8);
    }
    | K_SELECT error { HELP("SELECT"); }
    ;

opt_all:
    %empty
    | K_ALL
    ;

set_operation:
    select_clause K_UNION all_or_distinct select_clause { $$ = gram_setop(g, @1.pos, AST_SETOP_UNION, $3, $1, $4); }
    | select_clause K_INTERSECT all_or_distinct select_clause { $$ = gram_setop(g, @1.pos, AST_SETOP_INTERSECT, $3, $1, $4); }
    | select_clause K_EXCEPT all_or_distinct select_clause { $$ = gram_setop(g, @1.pos, AST_SETOP_EXCEPT, $3, $1, $4); }
    ;

all_or_distinct:
    %empty { $$ = false; }
    | K_ALL { $$ = true; }
    | K_DISTINCT { $$ = false; }
    ;

table_clause:
    K_TABLE table_name {
        struct ast_table_ref *t = gram_table_ref(g, AST_TABLE_NAME, @2.pos, 0);
        t->name = *$2;
        struct ast_select_clause *c = MAKE(struct ast_select_clause, .table_form = true);
        struct ast_expr *star = gram_column(g, &(struct ast_names){0}, true, @1.pos);
        PUSH(&c->items, (struct ast_select_item){.expr = star, .pos = @1.pos});
        PUSH(&c->from, t);
        $$ = gram_select_clause(g, @1.pos, c);
    }
    | K_TABLE error { HELP("TABLE"); }
    ;

values_clause:
    K_VALUES '(' expr_list ')' %prec UMINUS { $$ = LIST1(struct ast_values, *$3); }
    | values_clause ',' '(' expr_list ')' { $$ = $1; PUSH($$, *$4); }
    | K_VALUES error { HELP("VALUES"); }
    ;

with_clause:
    K_WITH cte_list { $$ = $2; $$->pos = @1.pos; }
    | K_WITH K_RECURSIVE cte_list { $$ = $3; $$->recursive = true; $$->pos = @1.pos; }
    ;

opt_with_clause:
    %empty %prec POSTFIXOP { $$ = NULL; }
    | with_clause
    ;

cte_list:
    common_table_expr { $$ = LIST1(struct ast_with, *$1); $$->depth = $1->stmt->depth + 1; }
    | cte_list ',' common_table_expr { $$ = $1; PUSH($$, *$3); $$->depth = gram_max($$->depth, $3->stmt->depth + 1); }
    ;

common_table_expr:
    table_alias_name opt_column_list K_AS opt_mtr '(' preparable_stmt ')' {
        $$ = MAKE(struct ast_cte, .name = {.name = $1.text, .columns = OR_EMPTY(struct ast_names, $2), .pos = $1.pos},
            .materialize = (enum ast_mtr)$4, .stmt = $6, .pos = $1.pos);
    }
    ;

opt_mtr:
    %empty { $$ = AST_MTR_DEFAULT; }
    | K_MATERIALIZED { $$ = AST_MTR_ALWAYS; }
    | K_NOT K_MATERIALIZED { $$ = AST_MTR_NEVER; }
    ;

opt_sort_clause:
    %empty { $$ = NULL; }
    | sort_clause
    ;

sort_clause:
    K_ORDER K_BY sortby_list { $$ = $3; }
    ;

sortby_list:
    sortby { $$ = LIST1(struct ast_order_by, *$1); }
    | sortby_list ',' sortby { $$ = $1; PUSH($$, *$3); }
    ;

sortby:
    a_expr opt_asc_desc opt_nulls_order {
        TRY(gram_check_nulls_order(g, (enum ast_direction)$2, $3));
        $$ = MAKE(struct ast_order_item, .kind = AST_ORDER_EXPR, .expr = $1, .direction = (enum ast_direction)$2, .pos = @1.pos);
    }
    | K_PRIMARY K_KEY table_name opt_asc_desc {
        $$ = MAKE(struct ast_order_item, .kind = AST_ORDER_PRIMARY_KEY, .table = *$3, .direction = (enum ast_direction)$4, .pos = @1.pos);
    }
    | K_INDEX table_name '@' unrestricted_name opt_asc_desc {
        $$ = MAKE(struct ast_order_item, .kind = AST_ORDER_INDEX, .table = *$2, .index = $4.text, .direction = (enum ast_direction)$5, .pos = @1.pos);
    }
    ;

opt_select_limit:
    %empty { $$ = NULL; }
    | select_limit
    ;

select_limit:
    limit_clause offset_clause { $$ = $1; $$->offset = $2->offset; }
    | offset_clause limit_clause { $$ = $2; $$->offset = $1->offset; }
    | limit_clause
    | offset_clause
    ;

limit_clause:
    K_LIMIT limit_value { $$ = MAKE(struct ast_limit, .limit = $2, .all = $2 == NULL); }
    | K_FETCH first_or_next row_or_rows K_ONLY {
        struct ast_expr *one = gram_number(g, (struct ast_name){SLICE_LIT("1"), @1.pos}, AST_EXPR_INT);
        $$ = MAKE(struct ast_limit, .limit = one);
    }
    | K_FETCH first_or_next select_fetch_value row_or_rows K_ONLY { $$ = MAKE(struct ast_limit, .limit = $3); }
    | K_LIMIT error { HELP("LIMIT"); }
    ;

limit_value:
    a_expr
    | K_ALL { $$ = NULL; }
    ;

offset_clause:
    K_OFFSET a_expr { $$ = MAKE(struct ast_limit, .offset = $2); }
    | K_OFFSET c_expr row_or_rows { $$ = MAKE(struct ast_limit, .offset = $2); }
    | K_OFFSET error { HELP("OFFSET"); }
    ;

select_fetch_value:
    c_expr
    | '+' ICONST { $$ = gram_number(g, $2, AST_EXPR_INT); }
    | '-' ICONST { $$ = gram_negate(g, @1.pos, gram_number(g, $2, AST_EXPR_INT)); }
    ;

first_or_next:
    K_FIRST { $$ = 0; }
    | K_NEXT { $$ = 0; }
    ;

row_or_rows:
    K_ROW { $$ = 0; }
    | K_ROWS { $$ = 0; }
    ;

group_clause:
    %empty { $$ = NULL; }
    | K_GROUP K_BY expr_list { $$ = $3; }
    ;

opt_having:
    %empty { $$ = NULL; }
    | K_HAVING a_expr { $$ = $2; }
    ;

opt_where:
    %empty { $$ = NULL; }
    | K_WHERE a_expr { $$ = $2; }
    ;

opt_target_list:
    %empty { $$ = NEW(struct ast_select_items); }
    | target_list
    ;

target_list:
    target_elem { $$ = LIST1(struct ast_select_items, *$1); }
    | target_list ',' target_elem { $$ = $1; PUSH($$, *$3); }
    ;

target_elem:
    a_expr K_AS unrestricted_name { $$ = MAKE(struct ast_select_item, .expr = $1, .alias = $3.text, .has_alias = true, .pos = @1.pos); }
    | a_expr bare_label { $$ = MAKE(struct ast_select_item, .expr = $1, .alias = $2.text, .has_alias = true, .pos = @1.pos); }
    | a_expr { $$ = MAKE(struct ast_select_item, .expr = $1, .pos = @1.pos); }
    | '*' { $$ = MAKE(struct ast_select_item, .expr = gram_column(g, &(struct ast_names){0}, true, @1.pos), .pos = @1.pos); }
    ;

/* Keywords that v20.1 did not have are still labels without AS. */
bare_label:
    IDENT
    | K_ATTACH
    | K_BACKUPS
    | K_DETACH
    | K_STDOUT
    ;

from_clause:
    %empty { $$ = NEW(struct ast_select_clause); }
    | K_FROM from_list opt_as_of { $$ = MAKE(struct ast_select_clause, .from = *$2, .as_of = $3); }
    | K_FROM error { HELP("<SOURCE>"); }
    ;

from_list:
    table_ref { $$ = LIST1(struct ast_table_refs, $1); }
    | from_list ',' table_ref { $$ = $1; PUSH($$, $3); }
    ;

table_ref:
    numeric_table_ref opt_index_flags opt_ordinality opt_alias_clause { $$ = $1; gram_decorate($$, $2, $3, $4); }
    | relation_expr opt_index_flags opt_ordinality opt_alias_clause { $$ = $1; gram_decorate($$, $2, $3, $4); }
    | select_with_parens opt_ordinality opt_alias_clause {
        $$ = gram_table_ref(g, AST_TABLE_SUBQUERY, @1.pos, $1->depth);
        $$->select = $1;
        gram_decorate($$, NULL, $2, $3);
    }
    | K_LATERAL select_with_parens opt_ordinality opt_alias_clause {
        $$ = gram_table_ref(g, AST_TABLE_SUBQUERY, @1.pos, $2->depth);
        $$->select = $2;
        $$->lateral = true;
        gram_decorate($$, NULL, $3, $4);
    }
    | joined_table
    | '(' joined_table ')' opt_ordinality alias_clause {
        $$ = gram_table_ref(g, AST_TABLE_PAREN, @1.pos, $2->depth);
        $$->inner = $2;
        gram_decorate($$, NULL, $4, $5);
    }
    | func_table opt_ordinality opt_alias_clause { $$ = $1; gram_decorate($$, NULL, $2, $3); }
    | K_LATERAL func_table opt_ordinality opt_alias_clause {
        $$ = $2;
        $$->lateral = true;
        gram_decorate($$, NULL, $3, $4);
    }
    | '[' row_source_stmt ']' opt_ordinality opt_alias_clause {
        $$ = gram_table_ref(g, AST_TABLE_STMT, @1.pos, $2->depth);
        $$->stmt = $2;
        gram_decorate($$, NULL, $4, $5);
    }
    ;

numeric_table_ref:
    '[' iconst64 opt_tableref_columns alias_clause ']' {
        $$ = gram_table_ref(g, AST_TABLE_NUMERIC, @1.pos, 0);
        $$->numeric = $3;
        $3->table_id = $2;
        $3->alias = *$4;
    }
    ;

opt_tableref_columns:
    %empty { $$ = NEW(struct ast_numeric_ref); }
    | '(' ')' { $$ = MAKE(struct ast_numeric_ref, .has_columns = true); }
    | '(' tableref_columns ')' { $$ = $2; }
    ;

tableref_columns:
    iconst64 { $$ = LIST1(struct ast_numeric_ref, $1); $$->has_columns = true; }
    | tableref_columns ',' iconst64 { $$ = $1; PUSH($$, $3); }
    ;

func_table:
    func_expr_windowless {
        $$ = gram_table_ref(g, AST_TABLE_FUNCS, @1.pos, $1->depth);
        PUSH(&$$->funcs.calls, $1);
    }
    | K_ROWS K_FROM '(' rowsfrom_list ')' {
        $$ = gram_table_ref(g, AST_TABLE_FUNCS, @1.pos, gram_depth_of_list($4));
        $$->funcs.calls = *$4;
        $$->funcs.rows_from = true;
    }
    ;

rowsfrom_list:
    func_expr_windowless { $$ = LIST1(struct ast_exprs, $1); }
    | rowsfrom_list ',' func_expr_windowless { $$ = $1; PUSH($$, $3); }
    ;

opt_ordinality:
    %empty { $$ = false; }
    | WITH_LA K_ORDINALITY { $$ = true; }
    ;

opt_index_flags:
    %empty { $$ = NULL; }
    | '@' unrestricted_name { $$ = MAKE(struct ast_index_flags, .index = $2.text); }
    | '@' '[' iconst64 ']' { $$ = MAKE(struct ast_index_flags, .index_id = $3); }
    | '@' '{' index_flag_list '}' { $$ = $3; TRY(gram_index_flags_check(g, $$)); }
    ;

index_flag_list:
    index_flag
    | index_flag_list ',' index_flag { $$ = $1; TRY(gram_index_flags_merge(g, $$, $3)); }
    ;

index_flag:
    K_FORCE_INDEX '=' unrestricted_name { $$ = MAKE(struct ast_index_flags, .index = $3.text); }
    | K_FORCE_INDEX '=' '[' iconst64 ']' { $$ = MAKE(struct ast_index_flags, .index_id = $4); }
    | K_ASC { $$ = MAKE(struct ast_index_flags, .direction = AST_INDEX_DIR_ASC); }
    | K_DESC { $$ = MAKE(struct ast_index_flags, .direction = AST_INDEX_DIR_DESC); }
    | K_NO_INDEX_JOIN { $$ = MAKE(struct ast_index_flags, .no_index_join = true); }
    | K_IGNORE_FOREIGN_KEYS { $$ = MAKE(struct ast_index_flags, .ignore_foreign_keys = true); }
    ;

joined_table:
    '(' joined_table ')' {
        $$ = gram_table_ref(g, AST_TABLE_PAREN, @1.pos, $2->depth);
        $$->inner = $2;
    }
    | table_ref K_CROSS opt_join_hint K_JOIN table_ref {
        $$ = gram_join(g, @1.pos, MAKE(struct ast_join, .type = AST_JOIN_CROSS, .hint = (enum ast_join_hint)$3, .left = $1, .right = $5));
    }
    | table_ref join_type opt_join_hint K_JOIN table_ref join_qual {
        $6->type = (enum ast_join_type)$2;
        $6->inner_written = $2 == AST_JOIN_INNER;
        $6->hint = (enum ast_join_hint)$3;
        $6->left = $1;
        $6->right = $5;
        $$ = gram_join(g, @1.pos, $6);
    }
    | table_ref K_JOIN table_ref join_qual {
        $4->left = $1;
        $4->right = $3;
        $$ = gram_join(g, @1.pos, $4);
    }
    | table_ref K_NATURAL join_type opt_join_hint K_JOIN table_ref {
        $$ = gram_join(g, @1.pos, MAKE(struct ast_join, .type = (enum ast_join_type)$3, .inner_written = $3 == AST_JOIN_INNER,
            .natural = true, .hint = (enum ast_join_hint)$4, .left = $1, .right = $6));
    }
    | table_ref K_NATURAL K_JOIN table_ref {
        $$ = gram_join(g, @1.pos, MAKE(struct ast_join, .natural = true, .left = $1, .right = $4));
    }
    ;

join_type:
    K_FULL opt_outer { $$ = AST_JOIN_FULL; }
    | K_LEFT opt_outer { $$ = AST_JOIN_LEFT; }
    | K_RIGHT opt_outer { $$ = AST_JOIN_RIGHT; }
    | K_INNER { $$ = AST_JOIN_INNER; }
    ;

opt_outer:
    %empty
    | K_OUTER
    ;

opt_join_hint:
    %empty { $$ = AST_JOIN_HINT_NONE; }
    | K_HASH { $$ = AST_JOIN_HINT_HASH; }
    | K_MERGE { $$ = AST_JOIN_HINT_MERGE; }
    | K_LOOKUP { $$ = AST_JOIN_HINT_LOOKUP; }
    ;

join_qual:
    K_USING '(' name_list ')' { $$ = MAKE(struct ast_join, .using_columns = *$3); }
    | K_ON a_expr { $$ = MAKE(struct ast_join, .on = $2); }
    ;

/* Without inheritance ONLY and * say nothing. */
altered_table:
    table_name
    | table_name '*'
    | K_ONLY table_name { $$ = $2; }
    | K_ONLY '(' table_name ')' { $$ = $3; }
    ;

relation_expr:
    table_name {
        $$ = gram_table_ref(g, AST_TABLE_NAME, @1.pos, 0);
        $$->name = *$1;
    }
    | table_name '*' {
        $$ = gram_table_ref(g, AST_TABLE_NAME, @1.pos, 0);
        $$->name = *$1;
    }
    | K_ONLY table_name {
        $$ = gram_table_ref(g, AST_TABLE_NAME, @2.pos, 0);
        $$->name = *$2;
    }
    | K_ONLY '(' table_name ')' {
        $$ = gram_table_ref(g, AST_TABLE_NAME, @3.pos, 0);
        $$->name = *$3;
    }
    ;

alias_clause:
    K_AS table_alias_name opt_column_list { $$ = MAKE(struct ast_alias, .name = $2.text, .columns = OR_EMPTY(struct ast_names, $3), .pos = $2.pos); }
    | table_alias_name opt_column_list { $$ = MAKE(struct ast_alias, .name = $1.text, .columns = OR_EMPTY(struct ast_names, $2), .pos = $1.pos); }
    ;

opt_alias_clause:
    %empty { $$ = NULL; }
    | alias_clause
    ;

window_clause:
    %empty { $$ = NULL; }
    | K_WINDOW window_definitions { $$ = $2; }
    ;

window_definitions:
    window_definition { $$ = LIST1(struct ast_windows, $1); }
    | window_definitions ',' window_definition { $$ = $1; PUSH($$, $3); }
    ;

window_definition:
    name K_AS window_specification { $$ = $3; $$->name = $1.text; $$->pos = $1.pos; }
    ;

over_clause:
    %empty { $$ = NULL; }
    | K_OVER window_specification { $$ = $2; }
    | K_OVER window_ref { $$ = MAKE(struct ast_window, .name = $2.text, .is_reference = true, .pos = $2.pos); }
    ;

window_ref:
    name
    ;

window_specification:
    '(' opt_window_name opt_partition_clause opt_sort_clause frame_clause ')' {
        $$ = MAKE(struct ast_window, .base_name = $2.text, .order_by = OR_EMPTY(struct ast_order_by, $4), .frame = $5, .pos = @1.pos);
        if ($<exprs>3 != NULL)
            $$->partitions = *$<exprs>3;
    }
    ;

opt_window_name:
    %empty %prec CONCAT { $$ = (struct ast_name){0}; }
    | name
    ;

opt_partition_clause:
    %empty { $<exprs>$ = NULL; }
    | K_PARTITION K_BY expr_list { $<exprs>$ = $3; }
    ;

frame_clause:
    %empty { $$ = NULL; }
    | K_RANGE frame_extent frame_exclusion { $$ = $2; $$->mode = AST_FRAME_RANGE; $$->exclusion = (enum ast_frame_exclusion)$3; }
    | K_ROWS frame_extent frame_exclusion { $$ = $2; $$->mode = AST_FRAME_ROWS; $$->exclusion = (enum ast_frame_exclusion)$3; }
    | K_GROUPS frame_extent frame_exclusion { $$ = $2; $$->mode = AST_FRAME_GROUPS; $$->exclusion = (enum ast_frame_exclusion)$3; }
    ;

frame_extent:
    frame_bound {
        if ($1->kind == AST_BOUND_UNBOUNDED_FOLLOWING)
            FAIL("frame start cannot be UNBOUNDED FOLLOWING");
        if ($1->kind == AST_BOUND_FOLLOWING)
            FAIL("frame starting from following row cannot end with current row");
        $$ = MAKE(struct ast_window_frame, .start = *$1);
    }
    | K_BETWEEN frame_bound K_AND frame_bound {
        if ($2->kind == AST_BOUND_UNBOUNDED_FOLLOWING)
            FAIL("frame start cannot be UNBOUNDED FOLLOWING");
        if ($4->kind == AST_BOUND_UNBOUNDED_PRECEDING)
            FAIL("frame end cannot be UNBOUNDED PRECEDING");
        if ($2->kind == AST_BOUND_CURRENT_ROW && $4->kind == AST_BOUND_PRECEDING)
            FAIL("frame starting from current row cannot have preceding rows");
        if ($2->kind == AST_BOUND_FOLLOWING && $4->kind == AST_BOUND_PRECEDING)
            FAIL("frame starting from following row cannot have preceding rows");
        if ($2->kind == AST_BOUND_FOLLOWING && $4->kind == AST_BOUND_CURRENT_ROW)
            FAIL("frame starting from following row cannot have preceding rows");
        $$ = MAKE(struct ast_window_frame, .start = *$2, .end = *$4, .has_end = true);
    }
    ;

frame_bound:
    K_UNBOUNDED K_PRECEDING { $$ = MAKE(struct ast_frame_bound, .kind = AST_BOUND_UNBOUNDED_PRECEDING); }
    | K_UNBOUNDED K_FOLLOWING { $$ = MAKE(struct ast_frame_bound, .kind = AST_BOUND_UNBOUNDED_FOLLOWING); }
    | K_CURRENT K_ROW { $$ = MAKE(struct ast_frame_bound, .kind = AST_BOUND_CURRENT_ROW); }
    | a_expr K_PRECEDING { $$ = MAKE(struct ast_frame_bound, .kind = AST_BOUND_PRECEDING, .expr = $1); }
    | a_expr K_FOLLOWING { $$ = MAKE(struct ast_frame_bound, .kind = AST_BOUND_FOLLOWING, .expr = $1); }
    ;

frame_exclusion:
    %empty { $$ = AST_EXCLUDE_NONE; }
    | K_EXCLUDE K_CURRENT K_ROW { $$ = AST_EXCLUDE_CURRENT_ROW; }
    | K_EXCLUDE K_GROUP { $$ = AST_EXCLUDE_GROUP; }
    | K_EXCLUDE K_TIES { $$ = AST_EXCLUDE_TIES; }
    | K_EXCLUDE K_NO K_OTHERS { $$ = AST_EXCLUDE_NONE; }
    ;

/* ==== 7 types =============================================================================== */

typename:
    simple_typename
    | simple_typename '[' ']' { $$ = gram_type_array(g, $1, -1); }
    | simple_typename '[' ICONST ']' {
        int64_t n;
        TRY(gram_int64(g, $3.text, false, &n));
        $$ = gram_type_array(g, $1, n);
    }
    | simple_typename '[' ']' '[' error { UNIMPLEMENTED(32552); }
    | simple_typename '[' ICONST ']' '[' error { UNIMPLEMENTED(32552); }
    | simple_typename K_ARRAY { $$ = gram_type_array(g, $1, -1); }
    | simple_typename K_ARRAY '[' ICONST ']' { $$ = gram_type_array(g, $1, -1); }
    ;

cast_target:
    typename
    ;

simple_typename:
    const_typename
    | interval_type
    | IDENT '(' iconst64 ')' {
        /* text(10) */
        if (!slice_eq($1.text, SLICE_LIT("text")))
            FAIL(NULL);
        $$ = gram_type_width(g, AST_TYPE_STRING, @1.pos, $3);
        TRY($$ != NULL);
    }
    | IDENT '.' unrestricted_name {
        if (!slice_eq($1.text, SLICE_LIT("pg_catalog"))) {
            gram_name_error(g, $1, &@1, err_new(ERR_SYNTAX, "type does not exist"));
            YYABORT;
        }
        $$ = gram_type_by_name(g, $3, &@3, true);
        TRY($$ != NULL);
    }
    ;

/* Types that may stand before a string literal. */
const_typename:
    K_INT { $$ = gram_type(g, AST_TYPE_INT, @1.pos); }
    | K_INTEGER { $$ = gram_type(g, AST_TYPE_INT, @1.pos); }
    | K_SMALLINT { $$ = gram_type(g, AST_TYPE_INT2, @1.pos); }
    | K_BIGINT { $$ = gram_type(g, AST_TYPE_INT8, @1.pos); }
    | K_REAL { $$ = gram_type(g, AST_TYPE_FLOAT4, @1.pos); }
    | K_FLOAT opt_float { $$ = gram_type_float(g, @1.pos, $2); TRY($$ != NULL); }
    | K_DOUBLE K_PRECISION { $$ = gram_type(g, AST_TYPE_FLOAT8, @1.pos); }
    | decimal_word { $$ = gram_type(g, AST_TYPE_DECIMAL, @1.pos); }
    | decimal_word '(' iconst64 ')' { $$ = gram_type_decimal(g, @1.pos, $3, 0); TRY($$ != NULL); }
    | decimal_word '(' iconst64 ',' iconst64 ')' { $$ = gram_type_decimal(g, @1.pos, $3, $5); TRY($$ != NULL); }
    | K_BOOLEAN { $$ = gram_type(g, AST_TYPE_BOOL, @1.pos); }
    | K_BIT opt_varying {
        $$ = gram_type(g, $2 ? AST_TYPE_VARBIT : AST_TYPE_BIT, @1.pos);
        $$->width = $2 ? 0 : 1;
    }
    | K_BIT opt_varying '(' iconst64 ')' { $$ = gram_type_width(g, $2 ? AST_TYPE_VARBIT : AST_TYPE_BIT, @1.pos, $4); TRY($$ != NULL); }
    | K_VARBIT { $$ = gram_type(g, AST_TYPE_VARBIT, @1.pos); }
    | K_VARBIT '(' iconst64 ')' { $$ = gram_type_width(g, AST_TYPE_VARBIT, @1.pos, $3); TRY($$ != NULL); }
    | char_word opt_varying {
        $$ = gram_type(g, $2 ? AST_TYPE_VARCHAR : AST_TYPE_CHAR, @1.pos);
        $$->width = $2 ? 0 : 1;
    }
    | char_word opt_varying '(' iconst64 ')' { $$ = gram_type_width(g, $2 ? AST_TYPE_VARCHAR : AST_TYPE_CHAR, @1.pos, $4); TRY($$ != NULL); }
    | K_VARCHAR { $$ = gram_type(g, AST_TYPE_VARCHAR, @1.pos); }
    | K_VARCHAR '(' iconst64 ')' { $$ = gram_type_width(g, AST_TYPE_VARCHAR, @1.pos, $3); TRY($$ != NULL); }
    | K_STRING { $$ = gram_type(g, AST_TYPE_STRING, @1.pos); }
    | K_STRING '(' iconst64 ')' { $$ = gram_type_width(g, AST_TYPE_STRING, @1.pos, $3); TRY($$ != NULL); }
    | K_TIME opt_timezone { $$ = gram_type(g, $2 ? AST_TYPE_TIMETZ : AST_TYPE_TIME, @1.pos); }
    | K_TIME '(' iconst64 ')' opt_timezone { $$ = gram_type_time(g, $5 ? AST_TYPE_TIMETZ : AST_TYPE_TIME, @1.pos, $3); TRY($$ != NULL); }
    | K_TIMETZ { $$ = gram_type(g, AST_TYPE_TIMETZ, @1.pos); }
    | K_TIMETZ '(' iconst64 ')' { $$ = gram_type_time(g, AST_TYPE_TIMETZ, @1.pos, $3); TRY($$ != NULL); }
    | K_TIMESTAMP opt_timezone { $$ = gram_type(g, $2 ? AST_TYPE_TIMESTAMPTZ : AST_TYPE_TIMESTAMP, @1.pos); }
    | K_TIMESTAMP '(' iconst64 ')' opt_timezone {
        $$ = gram_type_time(g, $5 ? AST_TYPE_TIMESTAMPTZ : AST_TYPE_TIMESTAMP, @1.pos, $3);
        TRY($$ != NULL);
    }
    | K_TIMESTAMPTZ { $$ = gram_type(g, AST_TYPE_TIMESTAMPTZ, @1.pos); }
    | K_TIMESTAMPTZ '(' iconst64 ')' { $$ = gram_type_time(g, AST_TYPE_TIMESTAMPTZ, @1.pos, $3); TRY($$ != NULL); }
    | K_JSON { $$ = gram_type(g, AST_TYPE_JSONB, @1.pos); }
    | IDENT { $$ = gram_type_by_name(g, $1, &@1, false); TRY($$ != NULL); }
    ;

decimal_word:
    K_DECIMAL
    | K_DEC
    | K_NUMERIC
    ;

char_word:
    K_CHAR
    | K_CHARACTER
    ;

opt_varying:
    %empty { $$ = 0; }
    | K_VARYING { $$ = 1; }
    ;

opt_float:
    %empty { $$ = -1; }
    | '(' ICONST ')' {
        int32_t n;
        TRY(gram_int32(g, $2.text, &n));
        $$ = n;
    }
    ;

opt_timezone:
    %empty { $$ = 0; }
    | WITH_LA K_TIME K_ZONE { $$ = 1; }
    | K_WITHOUT K_TIME K_ZONE { $$ = 0; }
    ;

interval_type:
    K_INTERVAL { $$ = gram_type_interval(g, @1.pos, AST_INTERVAL_ALL, -1); }
    | K_INTERVAL interval_qualifier { $$ = gram_type_interval(g, @1.pos, $2 & 0xff, ($2 >> 8) - 1); TRY($$ != NULL); }
    | K_INTERVAL '(' iconst64 ')' { $$ = gram_type_interval(g, @1.pos, AST_INTERVAL_ALL, $3); TRY($$ != NULL); }
    ;

opt_interval_qualifier:
    %empty { $$ = AST_INTERVAL_ALL; }
    | interval_qualifier
    ;

/* fields, and in the second byte the precision of seconds plus one */
interval_qualifier:
    K_YEAR { $$ = AST_INTERVAL_YEAR; }
    | K_MONTH { $$ = AST_INTERVAL_MONTH; }
    | K_DAY { $$ = AST_INTERVAL_DAY; }
    | K_HOUR { $$ = AST_INTERVAL_HOUR; }
    | K_MINUTE { $$ = AST_INTERVAL_MINUTE; }
    | interval_second { $$ = AST_INTERVAL_SECOND | $<ival>1; }
    | K_YEAR K_TO K_MONTH { $$ = AST_INTERVAL_YEAR_TO_MONTH; }
    | K_DAY K_TO K_HOUR { $$ = AST_INTERVAL_DAY_TO_HOUR; }
    | K_DAY K_TO K_MINUTE { $$ = AST_INTERVAL_DAY_TO_MINUTE; }
    | K_DAY K_TO interval_second { $$ = AST_INTERVAL_DAY_TO_SECOND | $<ival>3; }
    | K_HOUR K_TO K_MINUTE { $$ = AST_INTERVAL_HOUR_TO_MINUTE; }
    | K_HOUR K_TO interval_second { $$ = AST_INTERVAL_HOUR_TO_SECOND | $<ival>3; }
    | K_MINUTE K_TO interval_second { $$ = AST_INTERVAL_MINUTE_TO_SECOND | $<ival>3; }
    ;

interval_second:
    K_SECOND { $<ival>$ = 0; }
    | K_SECOND '(' ICONST ')' {
        int32_t n;
        TRY(gram_int32(g, $3.text, &n));
        if (n > 6)
            FAIL(arena_printf(g->arena, "precision %d out of range", n));
        $<ival>$ = (n + 1) << 8;
    }
    ;

/* ==== 8 expressions ========================================================================= */

a_expr:
    c_expr
    | a_expr TYPECAST cast_target { $$ = gram_cast(g, @1.pos, $1, $3, AST_CAST_SHORT); }
    | a_expr TYPEANNOTATE typename { $$ = gram_annotate(g, @1.pos, $1, $3, AST_CAST_SHORT); }
    | a_expr K_COLLATE collation_name { $$ = gram_collate(g, @1.pos, $1, $3.text); }
    | a_expr K_AT K_TIME K_ZONE a_expr %prec K_AT { $$ = gram_func(g, @1.pos, "timezone", 2, $5, $1); }
    | '+' a_expr %prec UMINUS { $$ = $2; }
    | '-' a_expr %prec UMINUS { $$ = gram_negate(g, @1.pos, $2); }
    | '~' a_expr %prec UMINUS { $$ = gram_unary(g, @1.pos, AST_UNARY_COMPLEMENT, $2); }
    | SQRT a_expr { $$ = gram_func(g, @1.pos, "sqrt", 1, $2); }
    | CBRT a_expr { $$ = gram_func(g, @1.pos, "cbrt", 1, $2); }
    | a_expr '+' a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_PLUS, $1, $3); }
    | a_expr '-' a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_MINUS, $1, $3); }
    | a_expr '*' a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_MULT, $1, $3); }
    | a_expr '/' a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_DIV, $1, $3); }
    | a_expr FLOORDIV a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_FLOORDIV, $1, $3); }
    | a_expr '%' a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_MOD, $1, $3); }
    | a_expr '^' a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_POW, $1, $3); }
    | a_expr '#' a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_BITXOR, $1, $3); }
    | a_expr '&' a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_BITAND, $1, $3); }
    | a_expr '|' a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_BITOR, $1, $3); }
    | a_expr LSHIFT a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_LSHIFT, $1, $3); }
    | a_expr RSHIFT a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_RSHIFT, $1, $3); }
    | a_expr CONCAT a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_CONCAT, $1, $3); }
    | a_expr FETCHVAL a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_JSON_FETCH, $1, $3); }
    | a_expr FETCHTEXT a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_JSON_FETCH_TEXT, $1, $3); }
    | a_expr FETCHVAL_PATH a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_JSON_FETCH_PATH, $1, $3); }
    | a_expr FETCHTEXT_PATH a_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_JSON_FETCH_TEXT_PATH, $1, $3); }
    | a_expr REMOVE_PATH a_expr { $$ = gram_func(g, @1.pos, "json_remove_path", 2, $1, $3); }
    | a_expr INET_CONTAINED_BY_OR_EQUALS a_expr { $$ = gram_func(g, @1.pos, "inet_contained_by_or_equals", 2, $1, $3); }
    | a_expr INET_CONTAINS_OR_EQUALS a_expr { $$ = gram_func(g, @1.pos, "inet_contains_or_equals", 2, $1, $3); }
    | a_expr AND_AND a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_OVERLAPS, $1, $3); }
    | a_expr '<' a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_LT, $1, $3); }
    | a_expr '>' a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_GT, $1, $3); }
    | a_expr '=' a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_EQ, $1, $3); }
    | a_expr LESS_EQUALS a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_LE, $1, $3); }
    | a_expr GREATER_EQUALS a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_GE, $1, $3); }
    | a_expr NOT_EQUALS a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_NE, $1, $3); }
    | a_expr '?' a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_JSON_EXISTS, $1, $3); }
    | a_expr JSON_SOME_EXISTS a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_JSON_SOME_EXISTS, $1, $3); }
    | a_expr JSON_ALL_EXISTS a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_JSON_ALL_EXISTS, $1, $3); }
    | a_expr CONTAINS a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_CONTAINS, $1, $3); }
    | a_expr CONTAINED_BY a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_CONTAINED_BY, $1, $3); }
    | a_expr K_OPERATOR '(' operator_op ')' a_expr %prec K_OPERATOR {
        $$ = $4 >= 0 ? gram_cmp(g, @1.pos, (enum ast_comparison_op)$4, $1, $6)
                     : gram_binary(g, @1.pos, (enum ast_binary_op)(-1 - $4), $1, $6);
    }
    | a_expr K_AND a_expr { $$ = gram_logic(g, @1.pos, AST_EXPR_AND, $1, $3); }
    | a_expr K_OR a_expr { $$ = gram_logic(g, @1.pos, AST_EXPR_OR, $1, $3); }
    | K_NOT a_expr { $$ = gram_not(g, @1.pos, $2); }
    | NOT_LA a_expr %prec K_NOT { $$ = gram_not(g, @1.pos, $2); }
    | a_expr K_LIKE a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_LIKE, $1, $3); }
    | a_expr K_LIKE a_expr K_ESCAPE a_expr %prec K_ESCAPE { $$ = gram_func(g, @1.pos, "like_escape", 3, $1, $3, $5); }
    | a_expr NOT_LA K_LIKE a_expr %prec NOT_LA { $$ = gram_cmp(g, @1.pos, AST_CMP_NOT_LIKE, $1, $4); }
    | a_expr NOT_LA K_LIKE a_expr K_ESCAPE a_expr %prec K_ESCAPE { $$ = gram_func(g, @1.pos, "not_like_escape", 3, $1, $4, $6); }
    | a_expr K_ILIKE a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_ILIKE, $1, $3); }
    | a_expr K_ILIKE a_expr K_ESCAPE a_expr %prec K_ESCAPE { $$ = gram_func(g, @1.pos, "ilike_escape", 3, $1, $3, $5); }
    | a_expr NOT_LA K_ILIKE a_expr %prec NOT_LA { $$ = gram_cmp(g, @1.pos, AST_CMP_NOT_ILIKE, $1, $4); }
    | a_expr NOT_LA K_ILIKE a_expr K_ESCAPE a_expr %prec K_ESCAPE { $$ = gram_func(g, @1.pos, "not_ilike_escape", 3, $1, $4, $6); }
    | a_expr K_SIMILAR K_TO a_expr %prec K_SIMILAR { $$ = gram_cmp(g, @1.pos, AST_CMP_SIMILAR, $1, $4); }
    | a_expr K_SIMILAR K_TO a_expr K_ESCAPE a_expr %prec K_ESCAPE { $$ = gram_func(g, @1.pos, "similar_to_escape", 3, $1, $4, $6); }
    | a_expr NOT_LA K_SIMILAR K_TO a_expr %prec NOT_LA { $$ = gram_cmp(g, @1.pos, AST_CMP_NOT_SIMILAR, $1, $5); }
    | a_expr NOT_LA K_SIMILAR K_TO a_expr K_ESCAPE a_expr %prec K_ESCAPE {
        $$ = gram_func(g, @1.pos, "not_similar_to_escape", 3, $1, $5, $7);
    }
    | a_expr '~' a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_REG, $1, $3); }
    | a_expr NOT_REGMATCH a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_NOT_REG, $1, $3); }
    | a_expr REGIMATCH a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_REGI, $1, $3); }
    | a_expr NOT_REGIMATCH a_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_NOT_REGI, $1, $3); }
    | a_expr K_IS K_NAN %prec K_IS {
        $$ = gram_cmp(g, @1.pos, AST_CMP_EQ, $1, gram_text(g, AST_EXPR_STRING, (struct ast_name){SLICE_LIT("NaN"), @3.pos}));
    }
    | a_expr K_IS K_NOT K_NAN %prec K_IS {
        $$ = gram_cmp(g, @1.pos, AST_CMP_NE, $1, gram_text(g, AST_EXPR_STRING, (struct ast_name){SLICE_LIT("NaN"), @4.pos}));
    }
    | a_expr K_IS K_NULL %prec K_IS { $$ = gram_cmp(g, @1.pos, AST_CMP_IS_NOT_DISTINCT, $1, gram_expr(g, AST_EXPR_NULL, @3.pos)); }
    | a_expr K_ISNULL %prec K_IS { $$ = gram_cmp(g, @1.pos, AST_CMP_IS_NOT_DISTINCT, $1, gram_expr(g, AST_EXPR_NULL, @2.pos)); }
    | a_expr K_IS K_NOT K_NULL %prec K_IS { $$ = gram_cmp(g, @1.pos, AST_CMP_IS_DISTINCT, $1, gram_expr(g, AST_EXPR_NULL, @4.pos)); }
    | a_expr K_NOTNULL %prec K_IS { $$ = gram_cmp(g, @1.pos, AST_CMP_IS_DISTINCT, $1, gram_expr(g, AST_EXPR_NULL, @2.pos)); }
    | a_expr K_IS K_TRUE %prec K_IS { $$ = gram_cmp(g, @1.pos, AST_CMP_IS_NOT_DISTINCT, $1, gram_bool(g, @3.pos, true)); }
    | a_expr K_IS K_NOT K_TRUE %prec K_IS { $$ = gram_cmp(g, @1.pos, AST_CMP_IS_DISTINCT, $1, gram_bool(g, @4.pos, true)); }
    | a_expr K_IS K_FALSE %prec K_IS { $$ = gram_cmp(g, @1.pos, AST_CMP_IS_NOT_DISTINCT, $1, gram_bool(g, @3.pos, false)); }
    | a_expr K_IS K_NOT K_FALSE %prec K_IS { $$ = gram_cmp(g, @1.pos, AST_CMP_IS_DISTINCT, $1, gram_bool(g, @4.pos, false)); }
    | a_expr K_IS K_UNKNOWN %prec K_IS { $$ = gram_cmp(g, @1.pos, AST_CMP_IS_NOT_DISTINCT, $1, gram_expr(g, AST_EXPR_NULL, @3.pos)); }
    | a_expr K_IS K_NOT K_UNKNOWN %prec K_IS { $$ = gram_cmp(g, @1.pos, AST_CMP_IS_DISTINCT, $1, gram_expr(g, AST_EXPR_NULL, @4.pos)); }
    | a_expr K_IS K_DISTINCT K_FROM a_expr %prec K_IS { $$ = gram_cmp(g, @1.pos, AST_CMP_IS_DISTINCT, $1, $5); }
    | a_expr K_IS K_NOT K_DISTINCT K_FROM a_expr %prec K_IS { $$ = gram_cmp(g, @1.pos, AST_CMP_IS_NOT_DISTINCT, $1, $6); }
    | a_expr K_IS K_OF '(' type_list ')' %prec K_IS { $$ = gram_is_of(g, @1.pos, $1, $5, false); }
    | a_expr K_IS K_NOT K_OF '(' type_list ')' %prec K_IS { $$ = gram_is_of(g, @1.pos, $1, $6, true); }
    | a_expr K_BETWEEN opt_asymmetric b_expr K_AND a_expr %prec K_BETWEEN { $$ = gram_between(g, @1.pos, $1, $4, $6, false, false); }
    | a_expr NOT_LA K_BETWEEN opt_asymmetric b_expr K_AND a_expr %prec NOT_LA { $$ = gram_between(g, @1.pos, $1, $5, $7, true, false); }
    | a_expr K_BETWEEN K_SYMMETRIC b_expr K_AND a_expr %prec K_BETWEEN { $$ = gram_between(g, @1.pos, $1, $4, $6, false, true); }
    | a_expr NOT_LA K_BETWEEN K_SYMMETRIC b_expr K_AND a_expr %prec NOT_LA { $$ = gram_between(g, @1.pos, $1, $5, $7, true, true); }
    | a_expr K_IN in_expr %prec K_IN { $$ = gram_cmp(g, @1.pos, AST_CMP_IN, $1, $3); }
    | a_expr NOT_LA K_IN in_expr %prec NOT_LA { $$ = gram_cmp(g, @1.pos, AST_CMP_NOT_IN, $1, $4); }
    | a_expr subquery_op sub_type a_expr %prec CONCAT {
        $$ = gram_cmp_quantified(g, @1.pos, $2, $3, $1, $4);
        TRY($$ != NULL);
    }
    | K_DEFAULT { $$ = gram_expr(g, AST_EXPR_DEFAULT, @1.pos); }
    ;

/* Operators that may follow without ambiguity: BETWEEN's bounds, column defaults, POSITION. */
b_expr:
    c_expr
    | b_expr TYPECAST cast_target { $$ = gram_cast(g, @1.pos, $1, $3, AST_CAST_SHORT); }
    | b_expr TYPEANNOTATE typename { $$ = gram_annotate(g, @1.pos, $1, $3, AST_CAST_SHORT); }
    | '+' b_expr %prec UMINUS { $$ = $2; }
    | '-' b_expr %prec UMINUS { $$ = gram_negate(g, @1.pos, $2); }
    | '~' b_expr %prec UMINUS { $$ = gram_unary(g, @1.pos, AST_UNARY_COMPLEMENT, $2); }
    | b_expr '+' b_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_PLUS, $1, $3); }
    | b_expr '-' b_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_MINUS, $1, $3); }
    | b_expr '*' b_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_MULT, $1, $3); }
    | b_expr '/' b_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_DIV, $1, $3); }
    | b_expr FLOORDIV b_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_FLOORDIV, $1, $3); }
    | b_expr '%' b_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_MOD, $1, $3); }
    | b_expr '^' b_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_POW, $1, $3); }
    | b_expr '#' b_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_BITXOR, $1, $3); }
    | b_expr '&' b_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_BITAND, $1, $3); }
    | b_expr '|' b_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_BITOR, $1, $3); }
    | b_expr LSHIFT b_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_LSHIFT, $1, $3); }
    | b_expr RSHIFT b_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_RSHIFT, $1, $3); }
    | b_expr CONCAT b_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_CONCAT, $1, $3); }
    | b_expr FETCHVAL b_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_JSON_FETCH, $1, $3); }
    | b_expr FETCHTEXT b_expr { $$ = gram_binary(g, @1.pos, AST_BINARY_JSON_FETCH_TEXT, $1, $3); }
    | b_expr '<' b_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_LT, $1, $3); }
    | b_expr '>' b_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_GT, $1, $3); }
    | b_expr '=' b_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_EQ, $1, $3); }
    | b_expr LESS_EQUALS b_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_LE, $1, $3); }
    | b_expr GREATER_EQUALS b_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_GE, $1, $3); }
    | b_expr NOT_EQUALS b_expr { $$ = gram_cmp(g, @1.pos, AST_CMP_NE, $1, $3); }
    | b_expr K_IS K_DISTINCT K_FROM b_expr %prec K_IS { $$ = gram_cmp(g, @1.pos, AST_CMP_IS_DISTINCT, $1, $5); }
    | b_expr K_IS K_NOT K_DISTINCT K_FROM b_expr %prec K_IS { $$ = gram_cmp(g, @1.pos, AST_CMP_IS_NOT_DISTINCT, $1, $6); }
    | b_expr K_IS K_OF '(' type_list ')' %prec K_IS { $$ = gram_is_of(g, @1.pos, $1, $5, false); }
    | b_expr K_IS K_NOT K_OF '(' type_list ')' %prec K_IS { $$ = gram_is_of(g, @1.pos, $1, $6, true); }
    ;

opt_asymmetric:
    %empty
    | K_ASYMMETRIC
    ;

c_expr:
    d_expr
    | d_expr array_subscripts { $$ = gram_subscript(g, @1.pos, $1, $2); }
    | K_CASE opt_case_arg when_list case_default K_END {
        $3->operand = $2;
        $3->otherwise = $4;
        $$ = gram_case(g, @1.pos, $3);
    }
    | K_EXISTS select_with_parens { $$ = gram_subquery(g, AST_EXPR_EXISTS, @1.pos, $2); }
    ;

opt_case_arg:
    %empty { $$ = NULL; }
    | a_expr
    ;

when_list:
    K_WHEN a_expr K_THEN a_expr { $$ = LIST1(struct ast_case, (struct ast_when){$2, $4}); }
    | when_list K_WHEN a_expr K_THEN a_expr { $$ = $1; PUSH($$, (struct ast_when){$3, $5}); }
    ;

case_default:
    %empty { $$ = NULL; }
    | K_ELSE a_expr { $$ = $2; }
    ;

array_subscripts:
    array_subscript { $$ = LIST1(struct ast_subscript, *$1); }
    | array_subscripts array_subscript { $$ = $1; PUSH($$, *$2); }
    ;

array_subscript:
    '[' a_expr ']' { $$ = MAKE(struct ast_subscript_item, .begin = $2); }
    | '[' subquery_or_expr ':' subquery_or_expr ']' { $$ = MAKE(struct ast_subscript_item, .begin = $2, .end = $4, .slice = true); }
    ;

subquery_or_expr:
    %empty { $$ = NULL; }
    | a_expr
    ;

d_expr:
    ICONST { $$ = gram_number(g, $1, AST_EXPR_INT); }
    | FCONST { $$ = gram_number(g, $1, AST_EXPR_DECIMAL); }
    | SCONST { $$ = gram_text(g, AST_EXPR_STRING, $1); }
    | BCONST { $$ = gram_text(g, AST_EXPR_BYTES, $1); }
    | BITCONST { $$ = gram_text(g, AST_EXPR_BIT, $1); }
    | const_typename SCONST { $$ = gram_cast(g, @1.pos, gram_text(g, AST_EXPR_STRING, $2), $1, AST_CAST_PREPEND); }
    | K_INTERVAL SCONST opt_interval_qualifier {
        struct ast_type *t = gram_type_interval(g, @1.pos, $3 & 0xff, ($3 >> 8) - 1);
        $$ = gram_cast(g, @1.pos, gram_text(g, AST_EXPR_STRING, $2), t, AST_CAST_PREPEND);
    }
    | K_INTERVAL '(' iconst64 ')' SCONST {
        struct ast_type *t = gram_type_interval(g, @1.pos, AST_INTERVAL_ALL, $3);
        TRY(t != NULL);
        $$ = gram_cast(g, @1.pos, gram_text(g, AST_EXPR_STRING, $5), t, AST_CAST_PREPEND);
    }
    | K_TRUE { $$ = gram_bool(g, @1.pos, true); }
    | K_FALSE { $$ = gram_bool(g, @1.pos, false); }
    | K_NULL { $$ = gram_expr(g, AST_EXPR_NULL, @1.pos); }
    | column_path_with_star
    | '@' ICONST {
        int32_t n;
        TRY(gram_int32(g, $2.text, &n));
        $$ = gram_expr(g, AST_EXPR_ORDINAL, @1.pos);
        $$->ordinal = n;
    }
    | PLACEHOLDER { $$ = gram_placeholder(g, @1.pos, $1); }
    | '(' a_expr ')' '.' '*' { $$ = gram_field(g, @1.pos, gram_paren(g, @1.pos, $2), SLICE_NULL, 0, true); }
    | '(' a_expr ')' '.' unrestricted_name { $$ = gram_field(g, @1.pos, gram_paren(g, @1.pos, $2), $5.text, 0, false); }
    | '(' a_expr ')' '.' '@' ICONST {
        int32_t n;
        TRY(gram_int32(g, $6.text, &n));
        if (n < 1)
            FAIL(NULL);
        $$ = gram_field(g, @1.pos, gram_paren(g, @1.pos, $2), SLICE_NULL, n, false);
    }
    | '(' a_expr ')' { $$ = gram_paren(g, @1.pos, $2); }
    | func_expr
    | select_with_parens %prec UMINUS { $$ = gram_subquery(g, AST_EXPR_SUBQUERY, @1.pos, $1); }
    | labeled_row
    | K_ARRAY select_with_parens %prec UMINUS { $$ = gram_subquery(g, AST_EXPR_ARRAY_SUBQUERY, @1.pos, $2); }
    | K_ARRAY row { $$ = gram_list(g, AST_EXPR_ARRAY, @1.pos, &$2->tuple.exprs); }
    | K_ARRAY array_expr { $$ = $2; }
    | K_GROUPING '(' expr_list ')' { UNIMPLEMENTED(0); $$ = NULL; }
    ;

func_application:
    func_name '(' ')' { $$ = $1; }
    | func_name '(' expr_list opt_sort_clause ')' {
        $$ = $1;
        $$->args = *$3;
        $$->order_by = OR_EMPTY(struct ast_order_by, $4);
    }
    | func_name '(' K_VARIADIC a_expr opt_sort_clause ')' { UNIMPLEMENTED(0); $$ = NULL; }
    | func_name '(' expr_list ',' K_VARIADIC a_expr opt_sort_clause ')' { UNIMPLEMENTED(0); $$ = NULL; }
    | func_name '(' K_ALL expr_list opt_sort_clause ')' {
        $$ = $1;
        $$->quantifier = AST_FUNC_ALL;
        $$->args = *$4;
        $$->order_by = OR_EMPTY(struct ast_order_by, $5);
    }
    | func_name '(' K_DISTINCT expr_list ')' {
        $$ = $1;
        $$->quantifier = AST_FUNC_DISTINCT;
        $$->args = *$4;
    }
    | func_name '(' K_DISTINCT expr_list sort_clause ')' {
        $$ = $1;
        $$->quantifier = AST_FUNC_DISTINCT;
        $$->args = *$4;
        $$->order_by = *$5;
    }
    | func_name '(' '*' ')' {
        $$ = $1;
        struct ast_expr *star = gram_column(g, &(struct ast_names){0}, true, @3.pos);
        PUSH(&$$->args, star);
    }
    | func_name '(' error { gram_help_function(g, $1); YYABORT; }
    ;

func_expr:
    func_application opt_within_group opt_filter over_clause {
        $1->filter = $3;
        $1->over = $4;
        $$ = gram_func_expr(g, @1.pos, $1);
    }
    | func_common
    ;

func_expr_windowless:
    func_application { $$ = gram_func_expr(g, @1.pos, $1); }
    | func_common
    ;

opt_within_group:
    %empty
    | K_WITHIN K_GROUP '(' sort_clause ')' { UNIMPLEMENTED(0); }
    ;

opt_filter:
    %empty { $$ = NULL; }
    | K_FILTER '(' K_WHERE a_expr ')' { $$ = $4; }
    ;

/* Calls with a syntax of their own. */
func_common:
    K_COLLATION K_FOR '(' a_expr ')' { $$ = gram_func(g, @1.pos, "pg_collation_for", 1, $4); }
    | K_CURRENT_DATE { $$ = gram_func(g, @1.pos, "current_date", 0); }
    | K_CURRENT_DATE '(' ')' { $$ = gram_func(g, @1.pos, "current_date", 0); }
    | K_CURRENT_SCHEMA { $$ = gram_func(g, @1.pos, "current_schema", 0); }
    | K_CURRENT_SCHEMA '(' ')' { $$ = gram_func(g, @1.pos, "current_schema", 0); }
    | K_CURRENT_CATALOG { $$ = gram_func(g, @1.pos, "current_database", 0); }
    | K_CURRENT_TIMESTAMP { $$ = gram_func(g, @1.pos, "current_timestamp", 0); }
    | K_CURRENT_TIMESTAMP '(' ')' { $$ = gram_func(g, @1.pos, "current_timestamp", 0); }
    | K_CURRENT_TIMESTAMP '(' a_expr ')' { $$ = gram_func(g, @1.pos, "current_timestamp", 1, $3); }
    | K_CURRENT_TIME { $$ = gram_func(g, @1.pos, "current_time", 0); }
    | K_CURRENT_TIME '(' ')' { $$ = gram_func(g, @1.pos, "current_time", 0); }
    | K_CURRENT_TIME '(' a_expr ')' { $$ = gram_func(g, @1.pos, "current_time", 1, $3); }
    | K_LOCALTIMESTAMP { $$ = gram_func(g, @1.pos, "localtimestamp", 0); }
    | K_LOCALTIMESTAMP '(' ')' { $$ = gram_func(g, @1.pos, "localtimestamp", 0); }
    | K_LOCALTIMESTAMP '(' a_expr ')' { $$ = gram_func(g, @1.pos, "localtimestamp", 1, $3); }
    | K_LOCALTIME { $$ = gram_func(g, @1.pos, "localtime", 0); }
    | K_LOCALTIME '(' ')' { $$ = gram_func(g, @1.pos, "localtime", 0); }
    | K_LOCALTIME '(' a_expr ')' { $$ = gram_func(g, @1.pos, "localtime", 1, $3); }
    | K_CURRENT_USER { $$ = gram_func(g, @1.pos, "current_user", 0); }
    | K_CURRENT_USER '(' ')' { $$ = gram_func(g, @1.pos, "current_user", 0); }
    | K_CURRENT_ROLE { $$ = gram_func(g, @1.pos, "current_user", 0); }
    | K_SESSION_USER { $$ = gram_func(g, @1.pos, "current_user", 0); }
    | K_SESSION_USER '(' ')' { $$ = gram_func(g, @1.pos, "current_user", 0); }
    | K_USER { $$ = gram_func(g, @1.pos, "current_user", 0); }
    | K_CAST '(' a_expr K_AS cast_target ')' { $$ = gram_cast(g, @1.pos, $3, $5, AST_CAST_EXPLICIT); }
    | K_ANNOTATE_TYPE '(' a_expr ',' typename ')' { $$ = gram_annotate(g, @1.pos, $3, $5, AST_CAST_EXPLICIT); }
    | K_IF '(' a_expr ',' a_expr ',' a_expr ')' { $$ = gram_call(g, @1.pos, AST_EXPR_IF, 3, $3, $5, $7); }
    | K_IFERROR '(' a_expr ',' a_expr ',' a_expr ')' { $$ = gram_call(g, @1.pos, AST_EXPR_IFERROR, 3, $3, $5, $7); }
    | K_IFERROR '(' a_expr ',' a_expr ')' { $$ = gram_call(g, @1.pos, AST_EXPR_IFERROR, 2, $3, $5); }
    | K_ISERROR '(' a_expr ')' { $$ = gram_call(g, @1.pos, AST_EXPR_ISERROR, 1, $3); }
    | K_ISERROR '(' a_expr ',' a_expr ')' { $$ = gram_call(g, @1.pos, AST_EXPR_ISERROR, 2, $3, $5); }
    | K_NULLIF '(' a_expr ',' a_expr ')' { $$ = gram_call(g, @1.pos, AST_EXPR_NULLIF, 2, $3, $5); }
    | K_IFNULL '(' a_expr ',' a_expr ')' {
        $$ = gram_call(g, @1.pos, AST_EXPR_COALESCE, 2, $3, $5);
        $$->call.ifnull = true;
    }
    | K_COALESCE '(' expr_list ')' { $$ = gram_call_list(g, @1.pos, AST_EXPR_COALESCE, $3); }
    | K_EXTRACT '(' extract_list ')' { $$ = gram_func_list(g, @1.pos, "extract", $3); }
    | K_EXTRACT '(' error { gram_help(g, "EXTRACT"); YYABORT; }
    | K_EXTRACT_DURATION '(' extract_list ')' { $$ = gram_func_list(g, @1.pos, "extract_duration", $3); }
    | K_OVERLAY '(' overlay_list ')' { $$ = gram_func_list(g, @1.pos, "overlay", $3); }
    | K_POSITION '(' position_list ')' { $$ = gram_func_list(g, @1.pos, "strpos", $3); }
    | K_SUBSTRING '(' substr_list ')' { $$ = gram_func_list(g, @1.pos, "substring", $3); }
    | K_TREAT '(' a_expr K_AS typename ')' { UNIMPLEMENTED(0); $$ = NULL; }
    | K_TRIM '(' trim_side trim_list ')' { $$ = gram_func_list(g, @1.pos, $3 == 1 ? "ltrim" : $3 == 2 ? "rtrim" : "btrim", $4); }
    | K_GREATEST '(' expr_list ')' { $$ = gram_func_list(g, @1.pos, "greatest", $3); }
    | K_GREATEST '(' error { gram_hint(g, "try \\hf greatest"); YYABORT; }
    | K_LEAST '(' expr_list ')' { $$ = gram_func_list(g, @1.pos, "least", $3); }
    | K_LEAST '(' error { gram_hint(g, "try \\hf least"); YYABORT; }
    ;

extract_list:
    extract_arg K_FROM a_expr { $$ = LIST1(struct ast_exprs, gram_text(g, AST_EXPR_STRING, $1)); PUSH($$, $3); }
    | expr_list
    ;

extract_arg:
    IDENT
    | K_YEAR
    | K_MONTH
    | K_DAY
    | K_HOUR
    | K_MINUTE
    | K_SECOND
    | SCONST
    ;

overlay_list:
    a_expr K_PLACING a_expr K_FROM a_expr K_FOR a_expr { $$ = LIST1(struct ast_exprs, $1); PUSH($$, $3); PUSH($$, $5); PUSH($$, $7); }
    | a_expr K_PLACING a_expr K_FROM a_expr { $$ = LIST1(struct ast_exprs, $1); PUSH($$, $3); PUSH($$, $5); }
    | expr_list
    ;

position_list:
    b_expr K_IN b_expr { $$ = LIST1(struct ast_exprs, $3); PUSH($$, $1); }
    | %empty { $$ = NEW(struct ast_exprs); }
    ;

substr_list:
    a_expr K_FROM a_expr K_FOR a_expr { $$ = LIST1(struct ast_exprs, $1); PUSH($$, $3); PUSH($$, $5); }
    | a_expr K_FOR a_expr K_FROM a_expr { $$ = LIST1(struct ast_exprs, $1); PUSH($$, $5); PUSH($$, $3); }
    | a_expr K_FROM a_expr { $$ = LIST1(struct ast_exprs, $1); PUSH($$, $3); }
    | a_expr K_FOR a_expr {
        $$ = LIST1(struct ast_exprs, $1);
        struct ast_expr *one = gram_number(g, (struct ast_name){SLICE_LIT("1"), @2.pos}, AST_EXPR_INT);
        PUSH($$, one);
        PUSH($$, $3);
    }
    | opt_expr_list
    ;

trim_side:
    %empty { $$ = 0; }
    | K_BOTH { $$ = 0; }
    | K_LEADING { $$ = 1; }
    | K_TRAILING { $$ = 2; }
    ;

trim_list:
    a_expr K_FROM expr_list { $$ = $3; PUSH($$, $1); }
    | K_FROM expr_list { $$ = $2; }
    | expr_list
    ;

row:
    K_ROW '(' opt_expr_list ')' { $$ = gram_tuple(g, @1.pos, $3, true); }
    | tuple_unambiguous
    ;

labeled_row:
    row
    | '(' row K_AS name_list ')' {
        $$ = $2;
        $$->tuple.labels = $4;
        if ($4->count != $2->tuple.exprs.count)
            FAIL(arena_printf(g->arena, "mismatch in tuple definition: %d expressions, %d labels",
                              $2->tuple.exprs.count, $4->count));
    }
    ;

/* Not to be taken for an expression in parentheses. */
tuple_unambiguous:
    '(' ')' { $$ = gram_tuple(g, @1.pos, NEW(struct ast_exprs), false); }
    | '(' a_expr ',' ')' { $$ = gram_tuple(g, @1.pos, LIST1(struct ast_exprs, $2), false); }
    | '(' a_expr ',' expr_list ')' {
        struct ast_exprs *l = NEW(struct ast_exprs);
        PUSH(l, $2);
        for (int i = 0; i < $4->count; i++)
            PUSH(l, $4->items[i]);
        $$ = gram_tuple(g, @1.pos, l, false);
    }
    ;

in_expr:
    select_with_parens { $$ = gram_subquery(g, AST_EXPR_SUBQUERY, @1.pos, $1); }
    | '(' ')' { $$ = gram_tuple(g, @1.pos, NEW(struct ast_exprs), false); }
    | '(' expr_list ')' { $$ = gram_tuple(g, @1.pos, $2, false); }
    | '(' expr_list ',' ')' { $$ = gram_tuple(g, @1.pos, $2, false); }
    ;

array_expr:
    '[' ']' { $$ = gram_list(g, AST_EXPR_ARRAY, @1.pos, NEW(struct ast_exprs)); }
    | '[' expr_list ']' { $$ = gram_list(g, AST_EXPR_ARRAY, @1.pos, $2); }
    | '[' array_expr_list ']' { $$ = gram_list(g, AST_EXPR_ARRAY, @1.pos, $2); }
    ;

array_expr_list:
    array_expr { $$ = LIST1(struct ast_exprs, $1); }
    | array_expr_list ',' array_expr { $$ = $1; PUSH($$, $3); }
    ;

expr_list:
    a_expr { $$ = LIST1(struct ast_exprs, $1); }
    | expr_list ',' a_expr { $$ = $1; PUSH($$, $3); }
    ;

opt_expr_list:
    %empty { $$ = NEW(struct ast_exprs); }
    | expr_list
    ;

sub_type:
    K_ANY { $$ = AST_QUANT_ANY; }
    | K_SOME { $$ = AST_QUANT_SOME; }
    | K_ALL { $$ = AST_QUANT_ALL; }
    ;

subquery_op:
    math_op
    | K_LIKE { $$ = AST_CMP_LIKE; }
    | NOT_LA K_LIKE { $$ = AST_CMP_NOT_LIKE; }
    | K_ILIKE { $$ = AST_CMP_ILIKE; }
    | NOT_LA K_ILIKE { $$ = AST_CMP_NOT_ILIKE; }
    ;

/* comparisons as they are, others as -1 - op */
math_op:
    '+' { $$ = -1 - AST_BINARY_PLUS; }
    | '-' { $$ = -1 - AST_BINARY_MINUS; }
    | '*' { $$ = -1 - AST_BINARY_MULT; }
    | '/' { $$ = -1 - AST_BINARY_DIV; }
    | FLOORDIV { $$ = -1 - AST_BINARY_FLOORDIV; }
    | '%' { $$ = -1 - AST_BINARY_MOD; }
    | '&' { $$ = -1 - AST_BINARY_BITAND; }
    | '|' { $$ = -1 - AST_BINARY_BITOR; }
    | '^' { $$ = -1 - AST_BINARY_POW; }
    | '#' { $$ = -1 - AST_BINARY_BITXOR; }
    | CONCAT { $$ = -1 - AST_BINARY_CONCAT; }
    | '<' { $$ = AST_CMP_LT; }
    | '>' { $$ = AST_CMP_GT; }
    | '=' { $$ = AST_CMP_EQ; }
    | LESS_EQUALS { $$ = AST_CMP_LE; }
    | GREATER_EQUALS { $$ = AST_CMP_GE; }
    | NOT_EQUALS { $$ = AST_CMP_NE; }
    | '~' { $$ = AST_CMP_REG; }
    | NOT_REGMATCH { $$ = AST_CMP_NOT_REG; }
    | REGIMATCH { $$ = AST_CMP_REGI; }
    | NOT_REGIMATCH { $$ = AST_CMP_NOT_REGI; }
    | CONTAINS { $$ = AST_CMP_CONTAINS; }
    | CONTAINED_BY { $$ = AST_CMP_CONTAINED_BY; }
    | AND_AND { $$ = AST_CMP_OVERLAPS; }
    ;

/* OPERATOR(pg_catalog.~), as psql writes */
operator_op:
    math_op
    | IDENT '.' math_op {
        if (!slice_eq($1.text, SLICE_LIT("pg_catalog")))
            FAIL(NULL);
        $$ = $3;
    }
    ;

collation_name:
    unrestricted_name
    | unrestricted_name '.' unrestricted_name { $$ = $3; }
    ;

/* ==== 9 names =============================================================================== */

column_path:
    name { $$ = gram_column1(g, $1); }
    | prefixed_path { $$ = gram_column(g, $1, false, @1.pos); }
    ;

column_path_with_star:
    column_path
    | name '.' '*' { $$ = gram_column(g, LIST1(struct ast_names, $1), true, @1.pos); }
    | prefixed_path '.' '*' {
        if ($1->count > 3)
            FAIL(NULL);
        $$ = gram_column(g, $1, true, @1.pos);
    }
    ;

/* two to four parts */
prefixed_path:
    name '.' unrestricted_name { $$ = LIST1(struct ast_names, $1); PUSH($$, $3); }
    | prefixed_path '.' unrestricted_name {
        if ($1->count > 3)
            FAIL(NULL);
        $$ = $1;
        PUSH($$, $3);
    }
    ;

func_name:
    type_function_name {
        $$ = NEW(struct ast_func);
        $$->parts = arena_alloc(g->arena, sizeof(struct slice));
        $$->parts[0] = $1.text;
        $$->part_count = 1;
    }
    | prefixed_path {
        $$ = NEW(struct ast_func);
        $$->part_count = $1->count;
        $$->parts = arena_alloc_array(g->arena, (size_t)$1->count, sizeof(struct slice));
        for (int i = 0; i < $1->count; i++)
            $$->parts[i] = $1->items[i].text;
    }
    ;

table_name:
    db_object_name
    ;

db_object_name:
    db_object_parts {
        $$ = gram_object_name(g, $1);
        if (gram_name_is_empty(g, $$))
            YYABORT;
    }
    ;

db_object_parts:
    name { $$ = LIST1(struct ast_names, $1); }
    | prefixed_path {
        if ($1->count > 3)
            FAIL(NULL);
        $$ = $1;
    }
    ;

table_index_name:
    table_name '@' unrestricted_name { $$ = gram_index_name(g, $1, $3); }
    | table_name { $$ = gram_index_name_alone(g, $1); }
    ;

name_list:
    name { $$ = LIST1(struct ast_names, $1); }
    | name_list ',' name { $$ = $1; PUSH($$, $3); }
    ;

opt_column_list:
    %empty { $$ = NULL; }
    | '(' name_list ')' { $$ = $2; }
    ;

table_alias_name:
    name
    ;

column_name:
    name
    ;

iconst64:
    ICONST { TRY(gram_int64(g, $1.text, false, &$$)); }
    ;

signed_iconst64:
    ICONST { TRY(gram_int64(g, $1.text, false, &$$)); }
    | '+' ICONST { TRY(gram_int64(g, $2.text, false, &$$)); }
    | '-' ICONST { TRY(gram_int64(g, $2.text, true, &$$)); }
    ;

non_reserved_word_or_sconst:
    non_reserved_word
    | SCONST
    ;

/* ==== 10 keyword classes ==================================================================== */

name:
    IDENT
    | unreserved_keyword
    | col_name_keyword
    ;

type_function_name:
    IDENT
    | unreserved_keyword
    | type_func_name_keyword
    ;

non_reserved_word:
    IDENT
    | unreserved_keyword
    | col_name_keyword
    | type_func_name_keyword
    ;

unrestricted_name:
    IDENT
    | unreserved_keyword
    | col_name_keyword
    | type_func_name_keyword
    | reserved_keyword
    ;

unreserved_keyword:
    K_ABORT | K_ACTION | K_ADD | K_ADMIN | K_AGGREGATE | K_ALTER | K_AT | K_ATTACH |
    K_AUTHORIZATION | K_AUTOMATIC | K_BACKUP | K_BACKUPS | K_BEGIN | K_BUCKET_COUNT | K_BUNDLE |
    K_BY | K_CACHE | K_CANCEL | K_CASCADE | K_CHANGEFEED | K_CLOSE | K_CLUSTER | K_COLUMNS |
    K_COMMENT | K_COMMIT | K_COMMITTED | K_COMPACT | K_COMPLETE | K_CONFIGURATION |
    K_CONFIGURATIONS | K_CONFIGURE | K_CONFLICT | K_CONSTRAINTS | K_CONVERSION | K_COPY |
    K_COVERING | K_CREATEROLE | K_CUBE | K_CURRENT | K_CYCLE | K_DATA | K_DATABASE | K_DATABASES
    | K_DAY | K_DEALLOCATE | K_DECLARE | K_DEFERRED | K_DELETE | K_DETACH | K_DISCARD | K_DOMAIN
    | K_DOUBLE | K_DROP | K_ENCODING | K_ENUM | K_ESCAPE | K_EXCLUDE | K_EXECUTE |
    K_EXPERIMENTAL | K_EXPERIMENTAL_AUDIT | K_EXPERIMENTAL_CHANGEFEED |
    K_EXPERIMENTAL_FINGERPRINTS | K_EXPERIMENTAL_RANGES | K_EXPERIMENTAL_RELOCATE |
    K_EXPERIMENTAL_REPLICA | K_EXPIRATION | K_EXPLAIN | K_EXPORT | K_EXTENSION | K_FILES |
    K_FILTER | K_FIRST | K_FOLLOWING | K_FORCE_INDEX | K_FUNCTION | K_GLOBAL | K_GRANTS |
    K_GROUPS | K_HASH | K_HIGH | K_HISTOGRAM | K_HOUR | K_IGNORE_FOREIGN_KEYS | K_IMMEDIATE |
    K_IMPORT | K_INCLUDE | K_INCREMENT | K_INCREMENTAL | K_INDEXES | K_INJECT | K_INSERT |
    K_INTERLEAVE | K_INVERTED | K_ISOLATION | K_JOB | K_JOBS | K_JSON | K_KEY | K_KEYS | K_KV |
    K_LANGUAGE | K_LAST | K_LC_COLLATE | K_LC_CTYPE | K_LEASE | K_LEVEL | K_LIST |
    K_LOCAL | K_LOCALITY | K_LOCKED | K_LOGIN | K_LOOKUP | K_LOW | K_MATCH | K_MATERIALIZED |
    K_MAXVALUE | K_MERGE | K_MINUTE | K_MINVALUE | K_MONTH | K_NAMES | K_NAN | K_NEXT | K_NO |
    K_NOCREATEROLE | K_NOLOGIN | K_NORMAL | K_NOWAIT | K_NO_INDEX_JOIN | K_NULLS | K_OF | K_OFF
    | K_OIDS | K_OPERATOR | K_OPT | K_OPTION | K_OPTIONS | K_ORDINALITY | K_OTHERS | K_OVER |
    K_OWNED | K_PARENT | K_PARTIAL | K_PARTITION | K_PARTITIONS | K_PASSWORD | K_PAUSE |
    K_PHYSICAL | K_PLAN | K_PLANS | K_PRECEDING | K_PREPARE | K_PRESERVE | K_PRIORITY | K_PUBLIC
    | K_PUBLICATION | K_QUERIES | K_QUERY | K_RANGE | K_RANGES | K_READ | K_RECURSIVE | K_REF |
    K_REINDEX | K_RELEASE | K_RENAME | K_REPEATABLE | K_REPLACE | K_RESET | K_RESTORE |
    K_RESTRICT | K_RESUME | K_REVOKE | K_ROLE | K_ROLES | K_ROLLBACK | K_ROLLUP | K_ROWS |
    K_RULE | K_SAVEPOINT | K_SCATTER | K_SCHEMA | K_SCHEMAS | K_SCRUB | K_SEARCH | K_SECOND |
    K_SEQUENCE | K_SEQUENCES | K_SERIALIZABLE | K_SERVER | K_SESSION | K_SESSIONS | K_SET |
    K_SETTING | K_SETTINGS | K_SHARE | K_SHOW | K_SIMPLE | K_SKIP | K_SNAPSHOT | K_SPLIT | K_SQL
    | K_START | K_STATISTICS | K_STATUS | K_STDIN | K_STDOUT | K_STORE | K_STORED | K_STORING |
    K_STRICT | K_SUBSCRIPTION | K_SYNTAX | K_SYSTEM | K_TABLES | K_TEMP | K_TEMPLATE |
    K_TEMPORARY | K_THROTTLING | K_TIES | K_TRACE | K_TRANSACTION | K_TRIGGER | K_TRUNCATE |
    K_TRUSTED | K_TYPE | K_UNBOUNDED | K_UNCOMMITTED | K_UNKNOWN | K_UNLOGGED | K_UNSPLIT |
    K_UNTIL | K_UPDATE | K_UPSERT | K_USE | K_USERS | K_VALID | K_VALIDATE | K_VALUE | K_VARYING
    | K_VIEW | K_WITHIN | K_WITHOUT | K_WRITE | K_YEAR | K_ZONE
    ;

col_name_keyword:
    K_ANNOTATE_TYPE | K_BETWEEN | K_BIGINT | K_BIT | K_BOOLEAN | K_CHAR | K_CHARACTER |
    K_CHARACTERISTICS | K_COALESCE | K_DEC | K_DECIMAL | K_EXISTS | K_EXTRACT |
    K_EXTRACT_DURATION | K_FLOAT | K_GREATEST | K_GROUPING | K_IF | K_IFERROR | K_IFNULL | K_INT
    | K_INTEGER | K_INTERVAL | K_ISERROR | K_LEAST | K_NULLIF | K_NUMERIC | K_OUT | K_OVERLAY |
    K_POSITION | K_PRECISION | K_REAL | K_ROW | K_SMALLINT | K_STRING | K_SUBSTRING | K_TIME |
    K_TIMESTAMP | K_TIMESTAMPTZ | K_TIMETZ | K_TREAT | K_TRIM | K_VALUES | K_VARBIT | K_VARCHAR
    | K_VIRTUAL | K_WORK
    ;

type_func_name_keyword:
    K_COLLATION | K_CROSS | K_FAMILY | K_FULL | K_ILIKE | K_INNER | K_IS | K_ISNULL | K_JOIN |
    K_LEFT | K_LIKE | K_NATURAL | K_NONE | K_NOTNULL | K_OUTER | K_OVERLAPS | K_RIGHT |
    K_SIMILAR
    ;

reserved_keyword:
    K_ALL | K_ANALYSE | K_ANALYZE | K_AND | K_ANY | K_ARRAY | K_AS | K_ASC | K_ASYMMETRIC |
    K_BOTH | K_CASE | K_CAST | K_CHECK | K_COLLATE | K_COLUMN | K_CONCURRENTLY | K_CONSTRAINT |
    K_CREATE | K_CURRENT_CATALOG | K_CURRENT_DATE | K_CURRENT_ROLE | K_CURRENT_SCHEMA |
    K_CURRENT_TIME | K_CURRENT_TIMESTAMP | K_CURRENT_USER | K_DEFAULT | K_DEFERRABLE | K_DESC |
    K_DISTINCT | K_DO | K_ELSE | K_END | K_EXCEPT | K_FALSE | K_FETCH | K_FOR | K_FOREIGN |
    K_FROM | K_GRANT | K_GROUP | K_HAVING | K_IN | K_INDEX | K_INITIALLY | K_INTERSECT | K_INTO
    | K_LATERAL | K_LEADING | K_LIMIT | K_LOCALTIME | K_LOCALTIMESTAMP | K_NOT | K_NOTHING |
    K_NULL | K_OFFSET | K_ON | K_ONLY | K_OR | K_ORDER | K_PLACING | K_PRIMARY | K_REFERENCES |
    K_RETURNING | K_SELECT | K_SESSION_USER | K_SOME | K_SYMMETRIC | K_TABLE | K_THEN | K_TO |
    K_TRAILING | K_TRUE | K_UNION | K_UNIQUE | K_USER | K_USING | K_VARIADIC | K_WHEN | K_WHERE
    | K_WINDOW | K_WITH
    ;
%%

static int
token_with_lookahead(struct gram *g, int id)
{
    if (id != K_NOT && id != K_WITH && id != K_AS)
        return id;
    if (!g->has_ahead) {
        lex_next(&g->lexer, &g->ahead);
        g->has_ahead = true;
    }
    int next = g->ahead.id;
    switch (id) {
    case K_NOT:
        if (next == K_BETWEEN || next == K_IN || next == K_LIKE || next == K_ILIKE || next == K_SIMILAR)
            return NOT_LA;
        break;
    case K_WITH:
        if (next == K_TIME || next == K_ORDINALITY)
            return WITH_LA;
        break;
    default:
        if (next == K_OF)
            return AS_LA;
        break;
    }
    return id;
}

static int
gram_lex(YYSTYPE *value, YYLTYPE *loc, struct gram *g)
{
    if (g->start_token != 0) {
        int id = g->start_token;
        g->start_token = 0;
        *loc = (struct gram_loc){0};
        return id;
    }
    if (g->has_ahead) {
        g->token = g->ahead;
        g->has_ahead = false;
    } else {
        lex_next(&g->lexer, &g->token);
    }
    struct lex_token *t = &g->token;
    *loc = (struct gram_loc){t->pos, t->start, t->end};
    if (t->id == ';' || t->id == 0)
        return END;
    g->stmt_end = t->end;
    if (g->too_deep)
        return LEX_ERROR;
    if (t->id == PLACEHOLDER) {
        value->ival = t->number;
        return PLACEHOLDER;
    }
    value->name = (struct ast_name){t->text, t->pos};
    return token_with_lookahead(g, t->id);
}

static void
gram_error(YYLTYPE *loc, struct gram *g, const char *message)
{
    (void)loc;
    if (strncmp(message, "memory exhausted", 16) == 0)
        g->too_deep = true;
    gram_syntax_error(g, NULL);
}
