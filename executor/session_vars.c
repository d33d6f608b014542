#include "config.h"

#include "executor/session_int.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/name_index.h"
#include "executor/settings.h"
#include "executor/trace.h"

/* Session variables: sql.md 3. One row each; how a value is checked hangs on its kind.
 * SOURCE: CockroachDB v20.1 pkg/sql/vars.go. */

enum var_kind {
    VAR_TEXT,       /* anything */
    VAR_BOOL,
    VAR_INT,
    VAR_ENUM,       /* one of `values` */
    VAR_READ_ONLY,
    VAR_SPECIAL,    /* a function of its own, by name */
};

struct var_def {
    const char *name;
    enum var_kind kind;
    const char *def;      /* NULL: dynamic, see dynamic_value */
    const char *values;
    bool hidden;
};

/* In order of name. */
static const struct var_def vars[] = {
    {"allow_prepare_as_opt_plan", VAR_BOOL, "off", NULL, true},
    {"application_name", VAR_SPECIAL, "", NULL, false},
    {"bytea_output", VAR_ENUM, "hex", "hex,escape,base64", false},
    {"client_encoding", VAR_SPECIAL, "UTF8", NULL, false},
    {"client_min_messages", VAR_SPECIAL, "notice",
     "debug5,debug4,debug3,debug2,debug1,debug,log,notice,warning,error,fatal,panic,notice", false},
    {"crdb_version", VAR_READ_ONLY, NULL, NULL, false},
    {"database", VAR_SPECIAL, "defaultdb", NULL, false},
    {"datestyle", VAR_SPECIAL, "ISO, MDY", NULL, false},
    {"default_int_size", VAR_SPECIAL, "8", NULL, false},
    {"default_tablespace", VAR_SPECIAL, "", NULL, false},
    {"default_transaction_isolation", VAR_SPECIAL, "serializable", NULL, false},
    {"default_transaction_read_only", VAR_BOOL, "off", NULL, false},
    {"distsql", VAR_ENUM, "auto", "off,on,auto,always,2.0-auto,2.0-off", false},
    {"enable_implicit_select_for_update", VAR_BOOL, "on", NULL, false},
    {"enable_insert_fast_path", VAR_BOOL, "on", NULL, false},
    {"enable_zigzag_join", VAR_BOOL, "on", NULL, false},
    {"experimental_enable_hash_sharded_indexes", VAR_BOOL, "off", NULL, false},
    {"experimental_enable_temp_tables", VAR_BOOL, "off", NULL, false},
    {"experimental_serial_normalization", VAR_ENUM, "rowid", "rowid,virtual_sequence,sql_sequence",
     false},
    {"extra_float_digits", VAR_SPECIAL, "0", NULL, false},
    {"force_savepoint_restart", VAR_BOOL, "off", NULL, false},
    {"idle_in_transaction_session_timeout", VAR_SPECIAL, "0", NULL, false},
    {"integer_datetimes", VAR_READ_ONLY, "on", NULL, false},
    {"intervalstyle", VAR_SPECIAL, "postgres", NULL, false},
    {"locality", VAR_READ_ONLY, NULL, NULL, false},
    {"lock_timeout", VAR_SPECIAL, "0", NULL, false},
    {"max_identifier_length", VAR_READ_ONLY, "128", NULL, false},
    {"max_index_keys", VAR_READ_ONLY, "32", NULL, false},
    {"node_id", VAR_READ_ONLY, NULL, NULL, false},
    {"optimizer", VAR_ENUM, "on", "on", false},
    {"optimizer_foreign_keys", VAR_BOOL, "on", NULL, false},
    {"reorder_joins_limit", VAR_INT, "4", NULL, false},
    {"require_explicit_primary_keys", VAR_BOOL, "off", NULL, false},
    {"results_buffer_size", VAR_READ_ONLY, "16384", NULL, false},
    {"row_security", VAR_SPECIAL, "off", NULL, false},
    {"save_tables_prefix", VAR_SPECIAL, "", NULL, true},
    {"search_path", VAR_SPECIAL, "public", NULL, false},
    {"server_encoding", VAR_READ_ONLY, "UTF8", NULL, false},
    {"server_version", VAR_READ_ONLY, "9.5.0", NULL, false},
    {"server_version_num", VAR_READ_ONLY, "90500", NULL, false},
    {"session_authorization", VAR_READ_ONLY, NULL, NULL, true},
    {"session_id", VAR_READ_ONLY, NULL, NULL, false},
    {"session_user", VAR_READ_ONLY, NULL, NULL, false},
    {"sql_safe_updates", VAR_BOOL, "off", NULL, false},
    {"ssl_renegotiation_limit", VAR_SPECIAL, "0", NULL, true},
    {"standard_conforming_strings", VAR_SPECIAL, "on", NULL, false},
    {"statement_timeout", VAR_SPECIAL, "0", NULL, false},
    {"strict_ddl_atomicity", VAR_BOOL, "off", NULL, true},
    {"synchronize_seqscans", VAR_SPECIAL, "on", NULL, false},
    {"timezone", VAR_SPECIAL, "UTC", NULL, false},
    {"tracing", VAR_READ_ONLY, NULL, NULL, false},
    {"transaction_isolation", VAR_SPECIAL, "serializable", NULL, false},
    {"transaction_priority", VAR_READ_ONLY, NULL, NULL, false},
    {"transaction_read_only", VAR_SPECIAL, NULL, NULL, false},
    {"transaction_status", VAR_READ_ONLY, NULL, NULL, false},
    {"vectorize", VAR_ENUM, "auto", "off,auto,on,experimental_always", false},
    {"vectorize_row_count_threshold", VAR_INT, "1000", NULL, false},
};
#define N_VARS ((int)(sizeof(vars) / sizeof(vars[0])))

/* PostgreSQL has these; v20.1 knows that it does not. */
static const char *const unsupported[] = {
    "allow_system_table_mods", "array_nulls", "backend_flush_after", "backslash_quote",
    "check_function_bodies", "commit_delay", "commit_siblings", "constraint_exclusion",
    "cpu_index_tuple_cost", "cpu_operator_cost", "cpu_tuple_cost", "cursor_tuple_fraction",
    "deadlock_timeout", "debug_deadlocks", "debug_pretty_print", "default_statistics_target",
    "default_text_search_config", "default_transaction_deferrable", "default_with_oids",
    "dynamic_library_path", "effective_cache_size", "enable_bitmapscan", "enable_hashagg",
    "enable_hashjoin", "enable_indexonlyscan", "enable_indexscan", "enable_material",
    "enable_mergejoin", "enable_nestloop", "enable_seqscan", "enable_sort", "enable_tidscan",
    "escape_string_warning", "exit_on_error", "force_parallel_mode", "from_collapse_limit", "geqo",
    "gin_fuzzy_search_limit", "gin_pending_list_limit", "ignore_checksum_failure",
    "join_collapse_limit", "lc_messages", "lc_monetary", "lc_numeric", "lc_time",
    "lo_compat_privileges", "local_preload_libraries", "log_btree_build_stats", "log_duration",
    "log_error_verbosity", "log_executor_stats", "log_lock_waits", "log_min_duration_statement",
    "log_min_error_statement", "log_min_messages", "log_parser_stats", "log_planner_stats",
    "log_statement", "log_statement_stats", "log_temp_files", "maintenance_work_mem",
    "max_parallel_workers", "max_stack_depth", "operator_precedence_warning",
    "password_encryption", "quote_all_identifiers", "random_page_cost", "replacement_sort_tuples",
    "seed", "seq_page_cost", "session_preload_libraries", "session_replication_role",
    "synchronous_commit", "tcp_keepalives_count", "tcp_keepalives_idle", "tcp_keepalives_interval",
    "temp_buffers", "temp_file_limit", "temp_tablespaces", "timezone_abbreviations",
    "trace_lock_oidmin", "track_activities", "track_counts", "track_functions", "track_io_timing",
    "transaction_deferrable", "transform_null_equals", "update_process_title",
    "vacuum_cost_delay", "vacuum_cost_limit", "wal_compression", "work_mem", "xmlbinary",
    "xmloption", "zero_damaged_pages",
};

static struct name_index name_index;
static pthread_once_t index_once = PTHREAD_ONCE_INIT;

static const char *
name_of(int i)
{
    return vars[i].name;
}

static void
build_index(void)
{
    name_index_build(&name_index, N_VARS, name_of);
}

static int
find_var(const char *name)
{
    pthread_once(&index_once, build_index);
    if (strcasecmp(name, "time zone") == 0)
        name = "timezone";
    return name_index_find(&name_index, name);
}

static struct error *
unknown_var(const char *name)
{
    for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]); i++)
        if (strcasecmp(unsupported[i], name) == 0)
            return err_unimplemented(0, "the configuration setting \"%s\" is not supported", name);
    return err_new(ERR_UNDEFINED_OBJECT, "unrecognized configuration parameter \"%s\"", name);
}

int
var_count(void)
{
    return N_VARS;
}

const char *
var_name_at(int i, bool *hidden)
{
    *hidden = vars[i].hidden;
    return vars[i].name;
}

/* ---- reading -------------------------------------------------------------------------------- */

static const char *
dynamic_value(struct session *s, struct arena *a, const char *name)
{
    if (strcmp(name, "crdb_version") == 0)
        return exec_eval_hooks.version(NULL);
    if (strcmp(name, "locality") == 0)
        return s->node->opts.locality == NULL ? "" : s->node->opts.locality;
    if (strcmp(name, "node_id") == 0)
        return arena_printf(a, "%u", s->node->node_id);
    if (strcmp(name, "tracing") == 0)
        return trace_mode(s);
    if (strcmp(name, "session_user") == 0 || strcmp(name, "session_authorization") == 0)
        return s->user;
    if (strcmp(name, "session_id") == 0) {
        char *hex = arena_alloc(a, 33);
        for (int i = 0; i < 16; i++)
            snprintf(hex + 2 * i, 3, "%02x", s->id[i]);
        return hex;
    }
    if (strcmp(name, "transaction_priority") == 0)
        return s->txn == NULL || s->txn->priority == 0 ? "normal"
               : s->txn->priority < 0                  ? "low"
                                                       : "high";
    if (strcmp(name, "transaction_read_only") == 0)
        return s->txn != NULL && !s->txn->implicit ? (s->txn->read_only ? "on" : "off")
                                                   : var_get(s, "default_transaction_read_only");
    if (strcmp(name, "transaction_status") == 0) {
        static const char *const names[] = {"NoTxn", "Open", "Aborted", "CommitWait"};
        return s->txn_state == TXN_OPEN && s->implicit_open ? "NoTxn" : names[s->txn_state];
    }
    return "";
}

const char *
var_get(struct session *s, const char *name)
{
    int i = find_var(name);

    if (i < 0)
        return strcmp(name, "is_superuser") == 0 ? (strcmp(s->user, "root") == 0 ? "on" : "off") : NULL;
    if (s->vars[i].value != NULL)
        return s->vars[i].value;
    return vars[i].def != NULL ? vars[i].def : dynamic_value(s, s->arena, vars[i].name);
}

bool
var_bool(struct session *s, const char *name)
{
    const char *v = var_get(s, name);

    return v != NULL && strcmp(v, "on") == 0;
}

int64_t
var_int(struct session *s, const char *name)
{
    const char *v = var_get(s, name);

    return v == NULL ? 0 : strtoll(v, NULL, 10);
}

struct error *
var_show(struct session *s, struct arena *a, const char *name, const char **value)
{
    int i = find_var(name);

    if (i < 0)
        return unknown_var(name);
    /* A copy: the same statement may set it anew, in place. */
    *value = s->vars[i].value != NULL ? arena_strdup(a, s->vars[i].value)
             : vars[i].def != NULL    ? vars[i].def
                                      : dynamic_value(s, a, vars[i].name);
    return NULL;
}

bool
var_takes_list(const char *name)
{
    return strcasecmp(name, "search_path") == 0 || strcasecmp(name, "datestyle") == 0 ||
           find_var(name) < 0;
}

bool
var_wants_number(const char *name)
{
    int i = find_var(name);
    return i >= 0 && (vars[i].kind == VAR_INT || strcmp(vars[i].name, "default_int_size") == 0 ||
                      strcmp(vars[i].name, "extra_float_digits") == 0);
}

bool
var_wants_text(const char *name)
{
    static const char *const others[] = {
        "default_int_size", "extra_float_digits", "idle_in_transaction_session_timeout",
        "lock_timeout", "row_security", "ssl_renegotiation_limit", "standard_conforming_strings",
        "statement_timeout", "synchronize_seqscans", "timezone", "transaction_read_only",
    };
    int i = find_var(name);

    if (i < 0 || (vars[i].kind != VAR_TEXT && vars[i].kind != VAR_ENUM &&
                  vars[i].kind != VAR_SPECIAL))
        return false;
    for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++)
        if (strcmp(vars[i].name, others[k]) == 0)
            return false;
    return true;
}

/* ---- writing -------------------------------------------------------------------------------- */

static struct error *
bad_value(const struct var_def *d, const char *value)
{
    struct error *e = err_new(ERR_INVALID_PARAMETER_VALUE,
                              "invalid value for parameter \"%s\": \"%s\"", d->name, value);

    return d->values == NULL ? e : err_hint(e, "Available values: %s", d->values);
}

/* A variable that takes one value only: clients set it out of habit. */
static struct error *
bad_compat(const char *name, const char *value, const char *allowed)
{
    struct error *e = err_new(ERR_INVALID_PARAMETER_VALUE,
                              "invalid value for parameter \"%s\": \"%s\"", name, value);

    e = err_detail(e, "this parameter is currently recognized only for compatibility and has no "
                      "effect in CockroachDB.");
    return err_hint(e, "Available values: %s", allowed);
}

static bool
in_list(const char *list, const char *v, struct arena *a, const char **out)
{
    size_t len = strlen(v);

    for (const char *p = list; *p != '\0';) {
        size_t n = strcspn(p, ",");
        if (n == len && strncasecmp(p, v, n) == 0) {
            *out = arena_strndup(a, p, n);
            return true;
        }
        p += n + (p[n] == ',');
    }
    return false;
}

static bool
parse_bool(const char *v, bool *out)
{
    static const char *const yes[] = {"on", "true", "yes", "1", "t", "y"};
    static const char *const no[] = {"off", "false", "no", "0", "f", "n"};

    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (strcasecmp(v, yes[i]) == 0) {
            *out = true;
            return true;
        }
        if (strcasecmp(v, no[i]) == 0) {
            *out = false;
            return true;
        }
    }
    return false;
}

static bool
parse_int(const char *v, int64_t *out)
{
    char *end;

    *out = strtoll(v, &end, 10);
    return *v != '\0' && *end == '\0';
}

static struct error *
only_zero(const struct var_def *d, const char *v)
{
    int64_t n;

    if (parse_int(v, &n) && n == 0)
        return NULL;
    if (strcmp(v, "0s") == 0)
        return NULL;
    return bad_compat(d->name, v, "0");
}

/* Milliseconds, or an interval. */
static struct error *
set_timeout(struct session *s, const struct var_def *d, const char *v, const char **out)
{
    int64_t ms;

    if (!parse_int(v, &ms)) {
        struct eval_env env = {.arena = s->arena, .timezone = TIMEZONE_UTC};
        struct datum iv;
        struct error *e = datum_parse(&env, &TYPE_INTERVAL, slice_cstr(v), &iv);
        if (e != NULL) {
            err_free(e);
            return bad_value(d, v);
        }
        ms = iv.iv->nanos / 1000000 + iv.iv->days * 86400000;
    }
    if (ms < 0)
        return err_detail(bad_value(d, v), "%s cannot have a negative duration", d->name);
    *out = arena_printf(s->arena, "%lld", (long long)ms);
    return NULL;
}

static struct error *
set_database(struct session *s, struct exec_ctx *x, const char *v)
{
    const struct database *db = NULL;

    if (*v == '\0') {
        if (var_bool(s, "sql_safe_updates"))
            return err_new(ERR_WARNING,
                           "rejected: SET database to empty string (sql_safe_updates = true)");
        return NULL;
    }
    if (x == NULL || x->catalog == NULL)
        return NULL;
    ERR_TRY(catalog_database_by_name(x->catalog, v, &db));
    if (db == NULL)
        return err_new(ERR_INVALID_CATALOG_NAME, "database \"%s\" does not exist", v);
    return NULL;
}

static struct error *
set_timezone(struct session *s, const char *v, const char **out)
{
    struct arena *a = arena_create(s->arena, "time zone");
    const struct timezone_info *tz;
    const char *name = strcasecmp(v, "local") == 0 || strcasecmp(v, "default") == 0 ? "UTC" : v;
    struct error *e = timezone_lookup(a, slice_cstr(name), &tz);

    if (e != NULL) {
        int64_t n;
        const char *quote = parse_int(v, &n) ? "" : "'";
        struct error *f = err_new(ERR_INVALID_PARAMETER_VALUE,
                                  "invalid value for parameter \"timezone\": \"%s%s%s\"", quote, v,
                                  quote);
        f = err_detail(f, "cannot find time zone \"%s\": %s", v, e->message);
        err_free(e);
        arena_destroy(a);
        return f;
    }
    s->timezone = tz;
    *out = arena_strdup(s->arena, timezone_name(tz));
    return NULL;
}

/* Letters and digits only, lower case. */
static const char *
clean_encoding(struct arena *a, const char *v)
{
    char *out = arena_alloc(a, strlen(v) + 1), *o = out;

    for (; *v != '\0'; v++) {
        if (*v >= 'A' && *v <= 'Z')
            *o++ = (char)(*v + 32);
        else if ((*v >= 'a' && *v <= 'z') || (*v >= '0' && *v <= '9'))
            *o++ = *v;
    }
    *o = '\0';
    return out;
}

static struct error *
set_special(struct session *s, struct exec_ctx *x, const struct var_def *d, const char *v,
            const char **out)
{
    int64_t n;
    bool b;

    *out = v;
    if (strcmp(d->name, "timezone") == 0)
        return set_timezone(s, v, out);
    if (strcmp(d->name, "database") == 0)
        return set_database(s, x, v);
    if (strcmp(d->name, "statement_timeout") == 0)
        return set_timeout(s, d, v, out);
    if (strcmp(d->name, "lock_timeout") == 0 ||
        strcmp(d->name, "idle_in_transaction_session_timeout") == 0 ||
        strcmp(d->name, "ssl_renegotiation_limit") == 0) {
        *out = "0";
        return only_zero(d, v);
    }
    if (strcmp(d->name, "extra_float_digits") == 0) {
        if (!parse_int(v, &n))
            return bad_value(d, v);
        if (n < -15 || n > 3)
            return err_new(ERR_INVALID_PARAMETER_VALUE,
                           "%lld is outside the valid range for parameter \"extra_float_digits\" "
                           "(-15 .. 3)",
                           (long long)n);
        return NULL;
    }
    if (strcmp(d->name, "client_encoding") == 0) {
        const char *clean = clean_encoding(s->arena, v);
        if (strcmp(clean, "utf8") != 0 && strcmp(clean, "unicode") != 0 &&
            strcmp(clean, "cp65001") != 0)
            return err_unimplemented(35882, "unimplemented client encoding: \"%s\"", clean);
        *out = "UTF8";
        return NULL;
    }
    if (strcmp(d->name, "datestyle") == 0) {
        if (strcasecmp(v, "iso") != 0 && strcasecmp(v, "iso, mdy") != 0 &&
            strcasecmp(v, "iso,mdy") != 0 && strcasecmp(v, "mdy") != 0)
            return bad_compat("DateStyle", v, "ISO,ISO, MDY");
        *out = "ISO, MDY";
        return NULL;
    }
    if (strcmp(d->name, "intervalstyle") == 0) {
        *out = "postgres";
        return strcasecmp(v, "postgres") == 0 ? NULL
                                              : err_hint(err_new(ERR_INVALID_PARAMETER_VALUE,
                                                                 "invalid value for parameter "
                                                                 "\"IntervalStyle\": \"%s\"", v),
                                                         "Available values: postgres");
    }
    if (strcmp(d->name, "default_tablespace") == 0)
        return *v == '\0' ? NULL : bad_value(d, v);
    if (strcmp(d->name, "save_tables_prefix") == 0)
        return *v == '\0' ? NULL
                          : err_unimplemented(0, "the configuration setting \"%s\" is not supported",
                                              d->name);
    if (strcmp(d->name, "standard_conforming_strings") == 0) {
        *out = "on";
        return parse_bool(v, &b) && b ? NULL : bad_compat(d->name, v, "on");
    }
    if (strcmp(d->name, "client_min_messages") == 0) {
        /* Taken, and without effect: SHOW goes on to say notice. */
        *out = "notice";
        return in_list(d->values, v, s->arena, &(const char *){NULL})
                   ? NULL
                   : bad_compat(d->name, v, d->values);
    }
    if (strcmp(d->name, "default_int_size") == 0) {
        if (!parse_int(v, &n))
            return bad_value(d, v);
        return n == 4 || n == 8 ? NULL
                                : err_new(ERR_INVALID_PARAMETER_VALUE,
                                          "only 4 or 8 are supported by default_int_size");
    }
    if (strcmp(d->name, "row_security") == 0 || strcmp(d->name, "synchronize_seqscans") == 0) {
        *out = d->def;
        return parse_bool(v, &b) ? NULL : bad_compat(d->name, v, d->def);
    }
    if (strcmp(d->name, "default_transaction_isolation") == 0 ||
        strcmp(d->name, "transaction_isolation") == 0) {
        const char *level;
        if (!in_list("serializable,snapshot,read committed,read uncommitted,repeatable read,default",
                     v, s->arena, &level))
            return err_hint(bad_value(d, v), "Available values: serializable");
        *out = "serializable";
        return NULL;
    }
    if (strcmp(d->name, "transaction_read_only") == 0) {
        if (!parse_bool(v, &b))
            return err_new(ERR_INVALID_PARAMETER_VALUE,
                           "parameter \"%s\" requires a Boolean value", d->name);
        if (s->txn != NULL && !s->txn->implicit)
            s->txn->read_only = b || s->txn->fixed_time;
        *out = NULL;
        return NULL;
    }
    return NULL;
}

static struct error *
check_value(struct session *s, struct exec_ctx *x, const struct var_def *d, const char *v,
            const char **out)
{
    int64_t n;
    bool b;

    *out = v;
    switch (d->kind) {
    case VAR_TEXT:
        return NULL;
    case VAR_BOOL:
        if (!parse_bool(v, &b))
            return err_new(ERR_INVALID_PARAMETER_VALUE,
                           "parameter \"%s\" requires a Boolean value", d->name);
        *out = b ? "on" : "off";
        return NULL;
    case VAR_INT:
        if (!parse_int(v, &n))
            return bad_value(d, v);
        return n >= 0 ? NULL
                      : err_new(ERR_INVALID_PARAMETER_VALUE, "cannot set %s to a negative value: %lld",
                                d->name, (long long)n);
    case VAR_ENUM:
        return in_list(d->values, v, s->arena, out) ? NULL : bad_value(d, v);
    case VAR_READ_ONLY:
        return err_new(ERR_CANT_CHANGE_RUNTIME_PARAM, "parameter \"%s\" cannot be changed", d->name);
    case VAR_SPECIAL:
        return set_special(s, x, d, v, out);
    }
    return NULL;
}

/* Values are replaced in place so that a session that sets the same variable for ever does not grow. */
static void
store(struct session *s, int i, const char *v)
{
    char *old = s->vars[i].value;

    s->vars_generation++;
    if (v == NULL)
        s->vars[i].value = NULL;
    else if (old != NULL && strlen(old) >= strlen(v) && old != s->vars[i].reset)
        memmove(old, v, strlen(v) + 1);
    else
        s->vars[i].value = arena_strdup(s->arena, v);
}

static void
announce(struct session *s, int i, struct result_sink *out)
{
    if (strcmp(vars[i].name, "application_name") == 0)
        s->shown_application = arena_strdup(s->arena, var_get(s, "application_name"));
    if (out == NULL || out->parameter == NULL)
        return;
    if (strcmp(vars[i].name, "application_name") == 0)
        out->parameter(out, "application_name", var_get(s, "application_name"));
    else if (strcmp(vars[i].name, "timezone") == 0)
        out->parameter(out, "TimeZone", var_get(s, "timezone"));
}

struct error *
var_set(struct session *s, struct exec_ctx *x, struct result_sink *out, const char *name,
        const char *value, bool reset)
{
    int i = find_var(name);

    if (i < 0)
        return unknown_var(name);
    if (vars[i].kind == VAR_READ_ONLY)
        return err_new(ERR_CANT_CHANGE_RUNTIME_PARAM, "parameter \"%s\" cannot be changed",
                       vars[i].name);
    if (reset) {
        value = s->vars[i].reset != NULL ? s->vars[i].reset : vars[i].def;
        if (value == NULL)
            return NULL;
    }
    const char *v;
    ERR_TRY(check_value(s, reset ? NULL : x, &vars[i], value, &v));
    store(s, i, v);
    announce(s, i, out);
    return NULL;
}

void
vars_reset_all(struct session *s, struct result_sink *out)
{
    for (int i = 0; i < N_VARS; i++)
        if (vars[i].kind != VAR_READ_ONLY && s->vars[i].value != NULL)
            err_free(var_set(s, NULL, out, vars[i].name, NULL, true));
}

/* What sql.defaults.* say for new sessions. */
static void
session_defaults(struct session *s)
{
    static const struct {
        const char *setting, *var;
        const char *values[4]; /* of an enum or a bool; none: the number itself */
    } from[] = {
        {"sql.defaults.default_int_size", "default_int_size", {NULL}},
        {"sql.defaults.serial_normalization", "experimental_serial_normalization",
         {"rowid", "virtual_sequence", "sql_sequence"}},
        {"sql.defaults.vectorize", "vectorize", {"auto", "off", "on", "experimental_always"}},
        {"sql.defaults.results_buffer.size", "results_buffer_size", {NULL}},
        {"sql.defaults.distsql", "distsql", {"off", "auto", "on"}},
        {"sql.defaults.experimental_hash_sharded_indexes.enabled",
         "experimental_enable_hash_sharded_indexes", {"off", "on"}},
        {"sql.defaults.experimental_temporary_tables.enabled", "experimental_enable_temp_tables",
         {"off", "on"}},
        {"sql.defaults.implicit_select_for_update.enabled", "enable_implicit_select_for_update",
         {"off", "on"}},
        {"sql.defaults.insert_fast_path.enabled", "enable_insert_fast_path", {"off", "on"}},
        {"sql.defaults.optimizer_foreign_keys.enabled", "optimizer_foreign_keys", {"off", "on"}},
        {"sql.defaults.reorder_joins_limit", "reorder_joins_limit", {NULL}},
        {"sql.defaults.require_explicit_primary_keys.enabled", "require_explicit_primary_keys",
         {"off", "on"}},
        {"sql.defaults.vectorize_row_count_threshold", "vectorize_row_count_threshold", {NULL}},
        {"sql.defaults.zigzag_join.enabled", "enable_zigzag_join", {"off", "on"}},
    };

    for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
        const struct setting_def *d = setting_find(from[i].setting);
        int64_t n = d->type == 'b' ? settings_bool(s->node, from[i].setting)
                                   : settings_int(s->node, from[i].setting);
        int k = find_var(from[i].var);
        bool is_enum = from[i].values[0] != NULL;
        if (is_enum && (n < 0 || n > 3 || from[i].values[n] == NULL))
            continue;
        const char *v = is_enum ? from[i].values[n] : arena_printf(s->arena, "%lld", (long long)n);
        if (vars[k].def != NULL && strcmp(v, vars[k].def) == 0)
            continue;
        s->vars[k].value = arena_strdup(s->arena, v);
        s->vars[k].reset = arena_strdup(s->arena, v);
    }
}

struct error *
vars_init(struct session *s, const struct session_args *a)
{
    s->vars = ARENA_ARRAY(s->arena, struct session_var, N_VARS);
    s->shown_application = "";
    session_defaults(s);
    int db = find_var("database");
    if (a->database != NULL && *a->database != '\0') {
        s->vars[db].value = arena_strdup(s->arena, a->database);
        s->vars[db].reset = arena_strdup(s->arena, a->database);
    }
    for (int i = 0; i < a->n_settings; i++) {
        const char *name = a->setting_names[i], *value = a->setting_values[i], *v;
        int k = find_var(name);
        if (strcmp(name, "options") == 0 || k < 0)
            continue;
        if (strcmp(vars[k].name, "results_buffer_size") == 0) {
            s->vars[k].value = arena_strdup(s->arena, value);
            continue;
        }
        ERR_TRY(check_value(s, NULL, &vars[k], value, &v));
        store(s, k, v);
        s->vars[k].reset = v == NULL ? NULL : arena_strdup(s->arena, v);
        announce(s, k, NULL);
    }
    return NULL;
}
