/* grammar/print_misc.c - backups, jobs, sessions, users and the rest back to text.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/sem/tree: backup.go, grant.go, set.go, txn.go, explain.go ...
 * Options of BACKUP-like statements print in order of their keys, as job descriptions do. */
#include "config.h"

#include "grammar/print_int.h"

#include <string.h>

void
pr_uri(struct printer *p, const struct ast_expr *e)
{
    if (p->opts->uri != NULL && p->opts->uri(p->out, e, p->opts->arg))
        return;
    pr_expr(p, e);
}

static void
pr_uris(struct printer *p, const struct ast_exprs *l)
{
    for (int i = 0; i < l->count; i++) {
        if (i > 0)
            P(", ");
        pr_uri(p, l->items[i]);
    }
}

/* One layer: bare, or in parentheses with its parts. */
static void
pr_layer(struct printer *p, const struct ast_exprs *l)
{
    if (l->count != 1)
        P("(");
    pr_uris(p, l);
    if (l->count != 1)
        P(")");
}

static void
pr_layers(struct printer *p, const struct ast_uri_layers *l)
{
    for (int i = 0; i < l->count; i++) {
        if (i > 0)
            P(", ");
        pr_layer(p, &l->items[i]);
    }
}

/* The next option in order of keys after `after` (NULL: the first); of equal keys the last one. */
static const struct ast_kv_option *
next_option(const struct ast_kv_options *l, const struct ast_kv_option *after)
{
    const struct ast_kv_option *best = NULL;
    for (int i = 0; i < l->count; i++) {
        const struct ast_kv_option *o = &l->items[i];
        if (after != NULL && slice_cmp(o->key, after->key) <= 0)
            continue;
        if (best == NULL || slice_cmp(o->key, best->key) <= 0)
            best = o;
    }
    return best;
}

void
pr_kv_options(struct printer *p, const struct ast_kv_options *l)
{
    const struct ast_kv_option *o = NULL;
    const char *before = " WITH ";
    while ((o = next_option(l, o)) != NULL) {
        str_append_cstr(p->out, before);
        before = ", ";
        /* WITH TIME and WITH ORDINALITY are tokens of their own */
        if (slice_eq(o->key, SLICE_LIT("time")) || slice_eq(o->key, SLICE_LIT("ordinality"))) {
            P("\"");
            PS(o->key);
            P("\"");
        } else {
            PN(o->key);
        }
        if (!o->has_value)
            continue;
        P(" = ");
        if (p->opts->option == NULL || !p->opts->option(p->out, o->key, o->value, p->opts->arg))
            pr_expr(p, o->value);
    }
}

static void
pr_patterns(struct printer *p, const struct ast_table_patterns *l)
{
    for (int i = 0; i < l->count; i++) {
        const struct ast_table_pattern *t = &l->items[i];
        if (i > 0)
            P(", ");
        if (!t->star) {
            pr_object_name(p, &t->name);
            continue;
        }
        if (t->name.count > 1) {
            PN(t->name.catalog);
            P(".");
        }
        if (t->name.count > 0) {
            PN(t->name.schema);
            P(".");
        }
        P("*");
    }
}

void
pr_targets(struct printer *p, const struct ast_targets *t)
{
    switch (t->kind) {
    case AST_TARGET_CLUSTER: break;
    case AST_TARGET_DATABASES:
        P("DATABASE ");
        pr_names(p, &t->names);
        break;
    case AST_TARGET_TABLES:
        P("TABLE ");
        pr_patterns(p, &t->tables);
        break;
    case AST_TARGET_ROLES:
        P("ROLE");
        if (t->names.count > 0)
            P(" ");
        pr_names(p, &t->names);
        break;
    }
}

static void
pr_collection(struct printer *p, bool latest, const struct ast_expr *subdir)
{
    if (latest) {
        P("LATEST IN ");
    } else if (subdir != NULL) {
        pr_expr(p, subdir);
        P(" IN ");
    }
}

static void
pr_backup(struct printer *p, const struct ast_backup *b)
{
    P("BACKUP ");
    if (b->targets.kind != AST_TARGET_CLUSTER) {
        pr_targets(p, &b->targets);
        P(" ");
    }
    str_append_cstr(p->out, b->into ? "INTO " : "TO ");
    pr_collection(p, b->latest, b->subdir);
    pr_layer(p, &b->to);
    pr_as_of(p, b->as_of);
    if (b->incremental_from.count > 0) {
        P(" INCREMENTAL FROM ");
        pr_uris(p, &b->incremental_from);
    }
    pr_kv_options(p, &b->options);
}

static void
pr_restore(struct printer *p, const struct ast_restore *r)
{
    P("RESTORE ");
    if (r->targets.kind != AST_TARGET_CLUSTER) {
        pr_targets(p, &r->targets);
        P(" ");
    }
    P("FROM ");
    pr_collection(p, r->latest, r->subdir);
    pr_layers(p, &r->from);
    pr_as_of(p, r->as_of);
    pr_kv_options(p, &r->options);
}

static void
pr_show_backup(struct printer *p, const struct ast_show_backup *b)
{
    static const char *const words[] = {
        [AST_SHOW_BACKUP_DEFAULT] = "SHOW BACKUP ",
        [AST_SHOW_BACKUP_SCHEMAS] = "SHOW BACKUP SCHEMAS ",
        [AST_SHOW_BACKUP_RANGES] = "SHOW BACKUP RANGES ",
        [AST_SHOW_BACKUP_FILES] = "SHOW BACKUP FILES ",
        [AST_SHOW_BACKUPS_IN] = "SHOW BACKUPS IN ",
    };
    str_append_cstr(p->out, words[b->kind]);
    pr_collection(p, b->latest, b->subdir);
    pr_uri(p, b->uri);
    pr_kv_options(p, &b->options);
}

static void
pr_import(struct printer *p, const struct ast_import *i)
{
    P("IMPORT ");
    if (i->into) {
        P("INTO ");
        pr_object_name(p, &i->table);
        if (i->into_columns.count > 0) {
            P("(");
            pr_names(p, &i->into_columns);
            P(")");
        }
        P(" ");
    } else if (i->table.count > 0) {
        P("TABLE ");
        pr_object_name(p, &i->table);
        if (i->bundle) {
            P(" FROM ");
        } else if (i->create_file != NULL) {
            P(" CREATE USING ");
            pr_uri(p, i->create_file);
            P(" ");
        } else {
            P(" (");
            pr_table_defs(p, &i->create_defs);
            P(") ");
        }
    }
    PS(i->format);
    str_append_cstr(p->out, i->bundle ? " " : " DATA (");
    pr_uris(p, &i->files);
    if (!i->bundle)
        P(")");
    pr_kv_options(p, &i->options);
}

static bool
pr_backup_stmt(struct printer *p, const struct ast_stmt *s)
{
    switch (s->kind) {
    case AST_STMT_BACKUP: pr_backup(p, s->backup); return true;
    case AST_STMT_RESTORE: pr_restore(p, s->restore); return true;
    case AST_STMT_SHOW_BACKUP: pr_show_backup(p, s->show_backup); return true;
    case AST_STMT_ATTACH_BACKUP:
        P("ATTACH BACKUP ");
        pr_layers(p, &s->attach_backup->from);
        P(" AS ");
        PN(s->attach_backup->database);
        pr_as_of(p, s->attach_backup->as_of);
        pr_kv_options(p, &s->attach_backup->options);
        return true;
    case AST_STMT_DETACH_BACKUP:
        P("DETACH BACKUP ");
        if (s->detach_backup->if_exists)
            P("IF EXISTS ");
        PN(s->detach_backup->database);
        return true;
    case AST_STMT_EXPORT:
        P("EXPORT INTO ");
        PS(s->export_->format);
        P(" ");
        pr_uri(p, s->export_->uri);
        pr_kv_options(p, &s->export_->options);
        P(" FROM ");
        pr_select(p, s->export_->query);
        return true;
    case AST_STMT_IMPORT: pr_import(p, s->import); return true;
    case AST_STMT_CREATE_CHANGEFEED:
        str_append_cstr(p->out, s->create_changefeed->experimental ? "EXPERIMENTAL CHANGEFEED FOR "
                                                                    : "CREATE CHANGEFEED FOR ");
        pr_targets(p, &s->create_changefeed->targets);
        if (s->create_changefeed->sink != NULL) {
            P(" INTO ");
            pr_uri(p, s->create_changefeed->sink);
        }
        pr_kv_options(p, &s->create_changefeed->options);
        return true;
    default:
        return false;
    }
}

/* ---- sessions and transactions ---- */

static void
pr_txn_modes(struct printer *p, const struct ast_txn_modes *m)
{
    static const char *const priorities[] = {[AST_PRIO_UNSPECIFIED] = "", [AST_PRIO_LOW] = "LOW",
                                             [AST_PRIO_NORMAL] = "NORMAL", [AST_PRIO_HIGH] = "HIGH"};
    const char *comma = "";
    if (m->isolation != AST_ISO_UNSPECIFIED) {
        P(" ISOLATION LEVEL SERIALIZABLE");
        comma = ",";
    }
    if (m->priority != AST_PRIO_UNSPECIFIED) {
        str_printf(p->out, "%s PRIORITY %s", comma, priorities[m->priority]);
        comma = ",";
    }
    if (m->rw != AST_RW_UNSPECIFIED) {
        str_printf(p->out, "%s READ %s", comma, m->rw == AST_RW_READ_ONLY ? "ONLY" : "WRITE");
        comma = ",";
    }
    if (m->as_of != NULL) {
        str_append_cstr(p->out, comma);
        pr_as_of(p, m->as_of);
    }
}

static void
pr_explain(struct printer *p, const struct ast_explain *e)
{
    static const char *const modes[] = {
        [AST_EXPLAIN_PLAN] = NULL,   [AST_EXPLAIN_DISTSQL] = "DISTSQL", [AST_EXPLAIN_OPT] = "OPT",
        [AST_EXPLAIN_VEC] = "VEC",   [AST_EXPLAIN_DEBUG] = "DEBUG",
    };
    const struct {
        bool set;
        const char *word;
    } flags[] = {{e->verbose && !e->types, "VERBOSE"}, {e->types, "TYPES"}, {e->env, "ENV"},
                 {e->catalog, "CATALOG"}};
    const char *before = "(";

    P("EXPLAIN ");
    if (e->analyze)
        P("ANALYZE ");
    if (modes[e->mode] != NULL) {
        str_printf(p->out, "(%s", modes[e->mode]);
        before = ", ";
    }
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (flags[i].set) {
            str_printf(p->out, "%s%s", before, flags[i].word);
            before = ", ";
        }
    }
    if (before[0] == ',')
        P(") ");
    pr_stmt(p, e->stmt);
}

static bool
pr_session_stmt(struct printer *p, const struct ast_stmt *s)
{
    switch (s->kind) {
    case AST_STMT_SET_VAR:
        P("SET ");
        pr_dotted(p, s->set_var->name);
        P(" = ");
        pr_exprs(p, &s->set_var->values);
        return true;
    case AST_STMT_SET_TRACING:
        P("SET TRACING = ");
        pr_exprs(p, &s->set_tracing->values);
        return true;
    case AST_STMT_SET_TRANSACTION:
        P("SET TRANSACTION");
        pr_txn_modes(p, s->set_transaction);
        return true;
    case AST_STMT_SET_SESSION_CHARACTERISTICS:
        P("SET SESSION CHARACTERISTICS AS TRANSACTION");
        pr_txn_modes(p, s->set_session_characteristics);
        return true;
    case AST_STMT_SET_CLUSTER_SETTING:
        P("SET CLUSTER SETTING ");
        pr_dotted(p, s->set_cluster_setting->name);
        P(" = ");
        pr_expr(p, s->set_cluster_setting->value);
        return true;
    case AST_STMT_BEGIN:
        P("BEGIN TRANSACTION");
        pr_txn_modes(p, s->begin);
        return true;
    case AST_STMT_COMMIT: P("COMMIT TRANSACTION"); return true;
    case AST_STMT_ROLLBACK: P("ROLLBACK TRANSACTION"); return true;
    case AST_STMT_SAVEPOINT:
        P("SAVEPOINT ");
        PN(s->savepoint->name);
        return true;
    case AST_STMT_RELEASE:
        P("RELEASE SAVEPOINT ");
        PN(s->release->name);
        return true;
    case AST_STMT_ROLLBACK_TO:
        P("ROLLBACK TRANSACTION TO SAVEPOINT ");
        PN(s->rollback_to->name);
        return true;
    case AST_STMT_DISCARD: P("DISCARD ALL"); return true;
    case AST_STMT_EXPLAIN: pr_explain(p, s->explain); return true;
    default: return false;
    }
}

static void
pr_prepare(struct printer *p, const struct ast_prepare *s)
{
    P("PREPARE ");
    PN(s->name);
    for (int i = 0; i < s->types.count; i++) {
        str_append_cstr(p->out, i == 0 ? " (" : ", ");
        print_type(p->out, s->types.items[i]);
    }
    if (s->types.count > 0)
        P(")");
    P(" AS ");
    pr_stmt(p, s->stmt);
}

static void
pr_execute(struct printer *p, const struct ast_execute *e)
{
    P("EXECUTE ");
    PN(e->name);
    if (e->params.count > 0) {
        P(" (");
        pr_exprs(p, &e->params);
        P(")");
    }
    if (e->discard_rows)
        P(" DISCARD ROWS");
}

/* ---- users ---- */

static void
pr_role(struct printer *p, const struct ast_role_stmt *r, bool create)
{
    str_append_cstr(p->out, create ? "CREATE " : "ALTER ");
    str_append_cstr(p->out, r->is_role ? "ROLE " : "USER ");
    if (r->if_exists)
        str_append_cstr(p->out, create ? "IF NOT EXISTS " : "IF EXISTS ");
    pr_expr(p, r->name);
    if (r->options.count > 0)
        P(" WITH");
    for (int i = 0; i < r->options.count; i++) {
        const struct ast_kv_option *o = &r->options.items[i];
        P(" ");
        PS(o->key);
        if (!o->has_value)
            continue;
        P(" ");
        if (slice_eq(o->key, SLICE_LIT("PASSWORD")) && !p->opts->show_passwords)
            P("'*****'");
        else
            pr_expr(p, o->value);
    }
}

/* In upper case, when that reads back as the same word. */
static void
pr_privilege(struct printer *p, struct slice name)
{
    static const char *const words[] = {"CREATE", "GRANT", "SELECT"};
    char lower[32];
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (slice_eq(name, slice_cstr(words[i]))) {
            PS(name);
            return;
        }
    }
    if (name.len > sizeof(lower)) {
        PN(name);
        return;
    }
    for (size_t i = 0; i < name.len; i++) {
        char c = (char)name.ptr[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    struct slice folded = slice_make(lower, name.len);
    if (print_name_needs_quotes(folded))
        PN(folded);
    else
        PS(name);
}

static void
pr_grant(struct printer *p, const struct ast_grant *g, const char *verb, const char *to)
{
    str_append_cstr(p->out, verb);
    if (g->all)
        P("ALL");
    for (int i = 0; i < g->privileges.count; i++) {
        if (i > 0)
            P(", ");
        pr_privilege(p, g->privileges.items[i].text);
    }
    P(" ON ");
    pr_targets(p, &g->targets);
    str_append_cstr(p->out, to);
    pr_names(p, &g->grantees);
}

static bool
pr_user_stmt(struct printer *p, const struct ast_stmt *s)
{
    switch (s->kind) {
    case AST_STMT_CREATE_ROLE: pr_role(p, s->create_role, true); return true;
    case AST_STMT_ALTER_ROLE: pr_role(p, s->alter_role, false); return true;
    case AST_STMT_DROP_ROLE:
        str_append_cstr(p->out, s->drop_role->is_role ? "DROP ROLE " : "DROP USER ");
        if (s->drop_role->if_exists)
            P("IF EXISTS ");
        pr_exprs(p, &s->drop_role->names);
        return true;
    case AST_STMT_GRANT: pr_grant(p, s->grant, "GRANT ", " TO "); return true;
    case AST_STMT_REVOKE: pr_grant(p, s->revoke, "REVOKE ", " FROM "); return true;
    case AST_STMT_GRANT_ROLE:
        P("GRANT ");
        pr_names(p, &s->grant_role->roles);
        P(" TO ");
        pr_names(p, &s->grant_role->members);
        if (s->grant_role->admin_option)
            P(" WITH ADMIN OPTION");
        return true;
    case AST_STMT_REVOKE_ROLE:
        P("REVOKE ");
        if (s->revoke_role->admin_option)
            P("ADMIN OPTION FOR ");
        pr_names(p, &s->revoke_role->roles);
        P(" FROM ");
        pr_names(p, &s->revoke_role->members);
        return true;
    default: return false;
    }
}

/* ---- COPY and maintenance ---- */

static void
pr_copy_text(struct printer *p, const char **before, const char *word, bool has, struct slice text)
{
    if (!has)
        return;
    str_printf(p->out, "%s%s ", *before, word);
    print_string_literal(p->out, text);
    *before = ", ";
}

static void
pr_copy_names(struct printer *p, const char **before, const char *word, const struct ast_names *l)
{
    if (l->count == 0)
        return;
    str_printf(p->out, "%s%s (", *before, word);
    pr_names(p, l);
    P(")");
    *before = ", ";
}

static void
pr_copy(struct printer *p, const struct ast_copy *c)
{
    const char *before = " WITH (";
    P("COPY ");
    if (c->table.count > 0) {
        pr_object_name(p, &c->table);
        if (c->columns.count > 0) {
            P(" (");
            pr_names(p, &c->columns);
            P(")");
        }
    } else {
        P("(");
        if (c->query != NULL)
            pr_select(p, c->query);
        else
            pr_stmt(p, c->query_stmt);
        P(")");
    }
    str_append_cstr(p->out, c->to ? " TO STDOUT" : " FROM STDIN");
    if (c->format != AST_COPY_TEXT) {
        str_printf(p->out, "%sFORMAT %s", before, c->format == AST_COPY_CSV ? "csv" : "binary");
        before = ", ";
    }
    if (c->header) {
        str_printf(p->out, "%sHEADER true", before);
        before = ", ";
    }
    pr_copy_text(p, &before, "DELIMITER", c->has_delimiter, c->delimiter);
    pr_copy_text(p, &before, "NULL", c->has_null, c->null);
    pr_copy_text(p, &before, "QUOTE", c->has_quote, c->quote);
    pr_copy_text(p, &before, "ESCAPE", c->has_escape, c->escape);
    pr_copy_text(p, &before, "DESTINATION", c->has_destination, c->destination);
    pr_copy_text(p, &before, "ENCODING", c->encoding.len > 0, c->encoding);
    if (c->force_quote_all) {
        str_printf(p->out, "%sFORCE_QUOTE *", before);
        before = ", ";
    }
    pr_copy_names(p, &before, "FORCE_QUOTE", &c->force_quote);
    pr_copy_names(p, &before, "FORCE_NOT_NULL", &c->force_not_null);
    pr_copy_names(p, &before, "FORCE_NULL", &c->force_null);
    if (before[0] == ',')
        P(")");
}

static void
pr_scrub(struct printer *p, const struct ast_scrub *s)
{
    str_append_cstr(p->out, s->database ? "EXPERIMENTAL SCRUB DATABASE " : "EXPERIMENTAL SCRUB TABLE ");
    pr_object_name(p, &s->name);
    pr_as_of(p, s->as_of);
    for (int i = 0; i < s->count; i++) {
        const struct ast_scrub_option *o = &s->items[i];
        str_append_cstr(p->out, i == 0 ? " WITH OPTIONS " : ", ");
        if (o->kind == AST_SCRUB_PHYSICAL) {
            P("PHYSICAL");
            continue;
        }
        str_append_cstr(p->out, o->kind == AST_SCRUB_INDEX ? "INDEX " : "CONSTRAINT ");
        if (o->names.count == 0) {
            P("ALL");
            continue;
        }
        P("(");
        pr_names(p, &o->names);
        P(")");
    }
}

static void
pr_create_stats(struct printer *p, const struct ast_create_stats *s)
{
    P("CREATE STATISTICS ");
    PN(s->name);
    if (s->columns.count > 0) {
        P(" ON ");
        pr_names(p, &s->columns);
    }
    P(" FROM ");
    if (s->table_id != 0)
        str_printf(p->out, "[%lld]", (long long)s->table_id);
    else
        pr_object_name(p, &s->table);
    if (s->throttling > 0 || s->as_of != NULL)
        P(" WITH OPTIONS");
    if (s->throttling > 0) {
        /* the grammar wants a point in it */
        size_t before = p->out->len;
        str_printf(p->out, " THROTTLING %.15g", s->throttling);
        if (p->out->ptr != NULL && memchr(p->out->ptr + before, '.', p->out->len - before) == NULL)
            P(".0");
    }
    pr_as_of(p, s->as_of);
}

static void
pr_cancel(struct printer *p, const char *word, const struct ast_cancel *c)
{
    str_append_cstr(p->out, word);
    if (c->if_exists)
        P("IF EXISTS ");
    pr_select(p, c->ids);
}

bool
pr_misc_stmt(struct printer *p, const struct ast_stmt *s)
{
    static const char *const job_words[] = {[AST_JOB_PAUSE] = "PAUSE JOBS ",
                                            [AST_JOB_RESUME] = "RESUME JOBS ",
                                            [AST_JOB_CANCEL] = "CANCEL JOBS "};
    switch (s->kind) {
    case AST_STMT_JOB_CONTROL:
        str_append_cstr(p->out, job_words[s->job_control->command]);
        pr_select(p, s->job_control->jobs);
        return true;
    case AST_STMT_CANCEL_QUERIES: pr_cancel(p, "CANCEL QUERIES ", s->cancel_queries); return true;
    case AST_STMT_CANCEL_SESSIONS: pr_cancel(p, "CANCEL SESSIONS ", s->cancel_sessions); return true;
    case AST_STMT_COPY: pr_copy(p, s->copy); return true;
    case AST_STMT_SCRUB: pr_scrub(p, s->scrub); return true;
    case AST_STMT_CREATE_STATS: pr_create_stats(p, s->create_stats); return true;
    case AST_STMT_PREPARE: pr_prepare(p, s->prepare); return true;
    case AST_STMT_OPT_PLAN:
        P("OPT PLAN ");
        print_string_literal(p->out, s->opt_plan->text);
        return true;
    case AST_STMT_EXECUTE: pr_execute(p, s->execute); return true;
    case AST_STMT_DEALLOCATE:
        P("DEALLOCATE ");
        if (s->deallocate->all)
            P("ALL");
        else
            PN(s->deallocate->name);
        return true;
    default: return pr_backup_stmt(p, s) || pr_session_stmt(p, s) || pr_user_stmt(p, s);
    }
}

void
pr_stmt(struct printer *p, const struct ast_stmt *s)
{
    bool known = pr_query_stmt(p, s) || pr_ddl_stmt(p, s) || pr_show_stmt(p, s) || pr_misc_stmt(p, s);
    VERIFY(known);
}

void
print_stmt(struct str *out, const struct ast_stmt *stmt, const struct print_opts *opts)
{
    struct printer p = {out, opts != NULL ? opts : &print_opts_none};
    pr_stmt(&p, stmt);
}
