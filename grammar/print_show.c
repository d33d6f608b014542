/* grammar/print_show.c - the SHOW family back to text. */
#include "config.h"

#include "grammar/lexer.h"
#include "grammar/print_int.h"

static void
pr_from_database(struct printer *p, const struct ast_show *s)
{
    if (s->has_database) {
        P(" FROM ");
        PN(s->database);
    }
}

/* FROM TABLE t | INDEX t@i | DATABASE d */
static void
pr_from_any(struct printer *p, const struct ast_show *s)
{
    if (s->has_database) {
        P(" FROM DATABASE ");
        PN(s->database);
    } else if (s->index != NULL) {
        P(" FROM INDEX ");
        pr_index_name(p, s->index);
    } else {
        P(" FROM TABLE ");
        pr_object_name(p, &s->table);
    }
}

static void
pr_grants(struct printer *p, const struct ast_show *s)
{
    P("SHOW GRANTS");
    if (s->kind == AST_SHOW_ROLE_GRANTS || s->targets.kind != AST_TARGET_CLUSTER) {
        P(" ON ");
        pr_targets(p, &s->targets);
    }
    if (s->grantees.count > 0) {
        P(" FOR ");
        pr_names(p, &s->grantees);
    }
}

static void
pr_with_comment(struct printer *p, const struct ast_show *s)
{
    if (s->with_comment)
        P(" WITH COMMENT");
}

static void
pr_cluster_list(struct printer *p, const struct ast_show *s, const char *word)
{
    str_printf(p->out, "SHOW %s%s%s", s->all ? "ALL " : "", s->cluster ? "CLUSTER " : "LOCAL ", word);
}

static void
pr_jobs(struct printer *p, const struct ast_show *s)
{
    str_append_cstr(p->out, s->automatic ? "SHOW AUTOMATIC JOBS" : "SHOW JOBS");
    if (s->block)
        P(" WHEN COMPLETE");
    if (s->jobs != NULL) {
        P(" ");
        pr_select(p, s->jobs);
    }
}

static void
pr_show_data(struct printer *p, const struct ast_show *s)
{
    switch (s->kind) {
    case AST_SHOW_STATISTICS:
        P("SHOW STATISTICS ");
        if (s->using_json)
            P("USING JSON ");
        P("FOR TABLE ");
        pr_object_name(p, &s->table);
        break;
    case AST_SHOW_HISTOGRAM:
        P("SHOW HISTOGRAM ");
        pr_int(p, s->id);
        break;
    case AST_SHOW_RANGES:
        P("SHOW RANGES");
        pr_from_any(p, s);
        break;
    case AST_SHOW_RANGE_FOR_ROW:
        P("SHOW RANGE");
        pr_from_any(p, s);
        P(" FOR ROW (");
        pr_exprs(p, &s->exprs);
        P(")");
        break;
    case AST_SHOW_PARTITIONS:
        P("SHOW PARTITIONS");
        pr_from_any(p, s);
        break;
    case AST_SHOW_ZONE_CONFIG:
        if (s->zone.kind == AST_ZONE_ALL) {
            P("SHOW ZONE CONFIGURATIONS");
        } else {
            P("SHOW ZONE CONFIGURATION FOR ");
            pr_zone_target(p, &s->zone);
        }
        break;
    case AST_SHOW_SYNTAX:
        P("SHOW SYNTAX ");
        print_string_literal(p->out, s->name);
        break;
    case AST_SHOW_TRACE:
        str_printf(p->out, "SHOW %s%sTRACE FOR SESSION", s->compact ? "COMPACT " : "",
                   s->kv ? "KV " : s->replica ? "EXPERIMENTAL_REPLICA " : "");
        break;
    case AST_SHOW_FINGERPRINTS:
        P("SHOW EXPERIMENTAL_FINGERPRINTS FROM TABLE ");
        pr_object_name(p, &s->table);
        pr_as_of(p, s->as_of);
        break;
    default:
        break;
    }
}

/* After SHOW a keyword begins another statement, but for these. */
static void
pr_variable(struct printer *p, struct slice name)
{
    char category;
    bool bare = keyword_lookup(name, &category) == 0 || slice_eq(name, SLICE_LIT("database")) ||
                slice_eq(name, SLICE_LIT("locality"));
    if (bare) {
        pr_dotted(p, name);
    } else {
        P("\"");
        PS(name);
        P("\"");
    }
}

static void
pr_show(struct printer *p, const struct ast_show *s)
{
    switch (s->kind) {
    case AST_SHOW_VAR:
        P("SHOW ");
        pr_variable(p, s->name);
        break;
    case AST_SHOW_ALL_VARS: P("SHOW ALL"); break;
    case AST_SHOW_CLUSTER_SETTING:
        P("SHOW CLUSTER SETTING ");
        pr_dotted(p, s->name);
        break;
    case AST_SHOW_CLUSTER_SETTINGS:
        str_append_cstr(p->out, s->all ? "SHOW ALL CLUSTER SETTINGS" : "SHOW PUBLIC CLUSTER SETTINGS");
        break;
    case AST_SHOW_DATABASES:
        P("SHOW DATABASES");
        pr_with_comment(p, s);
        break;
    case AST_SHOW_SCHEMAS:
        P("SHOW SCHEMAS");
        pr_from_database(p, s);
        break;
    case AST_SHOW_SEQUENCES:
        P("SHOW SEQUENCES");
        pr_from_database(p, s);
        break;
    case AST_SHOW_TABLES:
        P("SHOW TABLES");
        if (s->table.count > 0) {
            P(" FROM ");
            pr_object_name(p, &s->table);
        }
        pr_with_comment(p, s);
        break;
    case AST_SHOW_COLUMNS:
    case AST_SHOW_INDEXES:
        str_append_cstr(p->out, s->kind == AST_SHOW_COLUMNS ? "SHOW COLUMNS FROM " : "SHOW INDEXES FROM ");
        pr_object_name(p, &s->table);
        pr_with_comment(p, s);
        break;
    case AST_SHOW_DATABASE_INDEXES:
        P("SHOW INDEXES FROM DATABASE ");
        PN(s->database);
        pr_with_comment(p, s);
        break;
    case AST_SHOW_CONSTRAINTS:
        P("SHOW CONSTRAINTS FROM ");
        pr_object_name(p, &s->table);
        break;
    case AST_SHOW_CREATE:
        P("SHOW CREATE ");
        pr_object_name(p, &s->table);
        break;
    case AST_SHOW_GRANTS:
    case AST_SHOW_ROLE_GRANTS: pr_grants(p, s); break;
    case AST_SHOW_USERS: P("SHOW USERS"); break;
    case AST_SHOW_ROLES: P("SHOW ROLES"); break;
    case AST_SHOW_JOBS: pr_jobs(p, s); break;
    case AST_SHOW_QUERIES: pr_cluster_list(p, s, "QUERIES"); break;
    case AST_SHOW_SESSIONS: pr_cluster_list(p, s, "SESSIONS"); break;
    case AST_SHOW_TRANSACTIONS: pr_cluster_list(p, s, "TRANSACTIONS"); break;
    case AST_SHOW_TRANSACTION_STATUS: P("SHOW TRANSACTION STATUS"); break;
    case AST_SHOW_SAVEPOINT_STATUS: P("SHOW SAVEPOINT STATUS"); break;
    case AST_SHOW_LAST_QUERY_STATISTICS: P("SHOW LAST QUERY STATISTICS"); break;
    case AST_SHOW_LOCALITY: P("SHOW LOCALITY"); break;
    case AST_SHOW_STATISTICS:
    case AST_SHOW_HISTOGRAM:
    case AST_SHOW_RANGES:
    case AST_SHOW_RANGE_FOR_ROW:
    case AST_SHOW_PARTITIONS:
    case AST_SHOW_ZONE_CONFIG:
    case AST_SHOW_SYNTAX:
    case AST_SHOW_TRACE:
    case AST_SHOW_FINGERPRINTS: pr_show_data(p, s); break;
    }
}

bool
pr_show_stmt(struct printer *p, const struct ast_stmt *s)
{
    if (s->kind != AST_STMT_SHOW)
        return false;
    pr_show(p, s->show);
    return true;
}
