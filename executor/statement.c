#include "config.h"

#include "executor/statement.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "catalog/catalog.h"
#include "executor/plan_cache.h"
#include "executor/relational/cte.h"
#include "executor/relational/rel_int.h"
#include "executor/relational/subquery.h"
#include "executor/session_int.h"
#include "executor/table_stats.h"
#include "executor/trace.h"
#include "executor/virtual.h"
#include "grammar/parse.h"
#include "planner/as_of.h"

/* ---- the table ------------------------------------------------------------------------------ */

static const struct statement_family *const families[] = {
#define FAMILY(x) &statement_family_##x,
#include "executor/statement_families.def"
#undef FAMILY
};

/* By kind, but for SHOW. */
static const struct statement_ops *by_kind[AST_STMT_KIND_COUNT];
static pthread_once_t by_kind_once = PTHREAD_ONCE_INIT;

static void
build_by_kind(void)
{
    for (size_t f = sizeof(families) / sizeof(families[0]); f-- > 0;)
        for (size_t i = families[f]->n; i-- > 0;)
            by_kind[families[f]->v[i].kind] = &families[f]->v[i]; /* the first of its kind stays */
}

const struct statement_ops *
statement_find(const struct ast_stmt *s)
{
    pthread_once(&by_kind_once, build_by_kind);
    if (s->kind != AST_STMT_SHOW)
        return by_kind[s->kind];
    for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++)
        for (size_t i = 0; i < families[f]->n; i++) {
            const struct statement_ops *o = &families[f]->v[i];
            if (o->kind == AST_STMT_SHOW && o->show_kind == (int)s->show->kind)
                return o;
        }
    return NULL;
}

bool
stmt_is_planned(const struct ast_stmt *s)
{
    return s->kind == AST_STMT_SELECT || s->kind == AST_STMT_INSERT ||
           s->kind == AST_STMT_UPDATE || s->kind == AST_STMT_DELETE || s->kind == AST_STMT_EXPLAIN;
}

static struct error *
not_supported(const struct ast_stmt *s)
{
    char name[64];
    snprintf(name, sizeof(name), "%s", ast_stmt_kind_name(s->kind));
    for (char *c = name; *c != '\0'; c++)
        *c = *c == '_' ? ' ' : *c;
    return err_unimplemented(0, "%s", name);
}

/* ---- contexts ------------------------------------------------------------------------------- */

static const struct table *
find_virtual(void *arg, const struct database *db, const char *schema, const char *name)
{
    (void)arg;
    (void)db;
    return virtual_find(virtual_tables(), schema, name);
}

static void
resolver_init(struct exec_ctx *x, const char *search_path)
{
    const char **v = ARENA_ARRAY(x->arena, const char *, 64);
    char *path = arena_strdup(x->arena, search_path), *save = NULL;
    int n = 0;

    for (char *p = strtok_r(path, ",", &save); p != NULL && n < 64; p = strtok_r(NULL, ",", &save)) {
        while (*p == ' ')
            p++;
        size_t len = strlen(p);
        while (len > 0 && p[len - 1] == ' ')
            p[--len] = '\0';
        if (len >= 2 && p[0] == '"' && p[len - 1] == '"') {
            p[len - 1] = '\0';
            p++;
        }
        if (*p != '\0')
            v[n++] = p;
    }
    x->names.database = x->database;
    x->names.search_path = v;
    x->names.n_search_path = n;
    x->names.virtual_table = find_virtual;
    x->names.virtual_arg = x;
}

struct error *
exec_ctx_create(struct node *n, struct session *s, struct arena *a, struct exec_txn_state *t,
                const char *user, const char *database, const struct cancel *cancel,
                struct exec_ctx **out)
{
    struct exec_ctx *x = ARENA_NEW(a, struct exec_ctx);

    x->node = n;
    x->session = s;
    x->arena = a;
    x->user = user;
    x->database = arena_strdup(a, database); /* set_config may change it in place */
    x->cancel = cancel;
    x->budget = n->sql_memory;
    x->trace_kv = s != NULL && s->trace_kv;
    x->txn_state = t;
    if (t != NULL) {
        x->txn = t->kv;
        x->catalog = t->catalog;
        x->implicit_txn = t->implicit;
        if (!t->implicit)
            catalog_hide_additions(t->catalog);
    }
    struct eval_env *env = &x->env;
    env->arena = a;
    env->user = user;
    env->database = x->database;
    env->timezone = TIMEZONE_UTC;
    env->default_int_size = 8;
    env->cancel = cancel;
    env->hooks = &exec_eval_hooks.base;
    env->session = x;
    env->stmt_time_us = wall_now_ns() / 1000 - (int64_t)946684800 * 1000000;
    env->txn_time_us = t != NULL ? t->time_us : env->stmt_time_us;
    if (env->stmt_time_us < env->txn_time_us) /* which is rounded up */
        env->stmt_time_us = env->txn_time_us;
    env->txn_hlc = t != NULL ? kv_txn_read_ts(t->kv) : clock_now(n->clock);
    if (s != NULL) {
        const char *bytea = var_get(s, "bytea_output");
        env->timezone = s->timezone;
        env->extra_float_digits = (int)var_int(s, "extra_float_digits");
        env->default_int_size = (int)var_int(s, "default_int_size");
        env->bytea_output = strcmp(bytea, "escape") == 0   ? BYTEA_ESCAPE
                            : strcmp(bytea, "base64") == 0 ? BYTEA_BASE64
                                                           : BYTEA_HEX;
    }
    resolver_init(x, s != NULL ? var_get(s, "search_path") : "public");
    x->names.temp_schema = s != NULL && s->has_temporary ? s->temp_schema : NULL;
    x->state.exec = x;
    x->state.subquery = subquery_eval;
    *out = x;
    return NULL;
}

/* ---- planning ------------------------------------------------------------------------------- */

static struct error *
hook_columns(void *arg, const struct ast_stmt *s, int *n, const struct plan_column **cols)
{
    struct exec_ctx *x = arg;
    const struct statement_ops *o = statement_find(s);
    const struct result_column *rc;

    if (o == NULL)
        return not_supported(s);
    *n = -1;
    if (o->placeholders != NULL)
        ERR_TRY(o->placeholders(x, s));
    if (o->columns == NULL)
        return NULL;
    ERR_TRY(o->columns(x, s, n, &rc));
    if (*n < 0)
        return NULL;
    struct plan_column *c = ARENA_ARRAY(x->arena, struct plan_column, (size_t)*n + 1);
    for (int i = 0; i < *n; i++)
        c[i] = (struct plan_column){
            .name = rc[i].name, .type = rc[i].type, .hidden = rc[i].attnum == COLUMN_HIDDEN};
    *cols = c;
    return NULL;
}

struct error *
exec_rewrite(struct exec_ctx *x, const struct ast_stmt *s, struct ast_stmt **out)
{
    const struct statement_ops *o = statement_find(s);
    char *sql;

    *out = NULL;
    if (o == NULL || o->rewrite == NULL)
        return NULL;
    ERR_TRY(o->rewrite(x, s, &sql));
    if (sql == NULL)
        return NULL;
    return parse_one(x->arena, slice_cstr(sql), out);
}

static struct error *
hook_rewrite(void *arg, const struct ast_stmt *s, struct ast_select **out)
{
    struct ast_stmt *r;

    *out = NULL;
    ERR_TRY(exec_rewrite(arg, s, &r));
    if (r != NULL && r->kind == AST_STMT_SELECT)
        *out = r->select;
    return NULL;
}

static const struct table_stats *
hook_stats(void *arg, const struct table *t)
{
    return table_stats_get(arg, t);
}

static const struct planner_hooks planner_hooks = {.statement_columns = hook_columns,
                                                   .statement_rewrite = hook_rewrite,
                                                   .table_stats = hook_stats};

static struct planner *
planner_new(struct exec_ctx *x, struct placeholder_types *ph)
{
    struct planner *p = ARENA_NEW(x->arena, struct planner);

    p->arena = x->arena;
    p->catalog = x->catalog;
    p->names = &x->names;
    p->env = &x->env;
    p->placeholders = ph;
    p->user = x->user;
    p->hooks = &planner_hooks;
    p->hook_arg = x;
    p->clock = x->node->clock;
    p->read_only_as_of = x->txn_state != NULL && x->txn_state->fixed_time;
    p->internal = x->session == NULL;
    if (x->session != NULL) {
        p->safe_updates = var_bool(x->session, "sql_safe_updates");
        p->legacy_fk_messages = !var_bool(x->session, "optimizer_foreign_keys");
    }
    return p;
}

struct planner *
exec_planner(struct exec_ctx *x)
{
    if (x->planner == NULL)
        x->planner = planner_new(x, x->placeholders);
    return x->planner;
}

struct error *
exec_plan(struct exec_ctx *x, const struct ast_stmt *stmt, struct placeholder_types *ph,
          struct plan_root **out)
{
    x->placeholders = ph;
    x->planner = planner_new(x, ph);
    return plan_statement(x->planner, stmt, out);
}

struct error *
exec_plan_in(struct exec_ctx *x, struct arena *a, const struct ast_stmt *stmt,
             struct placeholder_types *ph, struct planner **planner, struct plan_root **out)
{
    struct planner *p = planner_new(x, ph);
    struct eval_env *env = ARENA_NEW(x->arena, struct eval_env);

    *env = x->env;
    env->arena = a;
    p->env = env;
    p->arena = a;
    x->placeholders = ph;
    /* What is planned while the statement runs (cascades) belongs to this execution only. */
    x->planner = NULL;
    *planner = p;
    return plan_statement(p, stmt, out);
}

static struct error *
plan_it(struct exec_ctx *x, const struct ast_stmt *stmt, struct placeholder_types *ph,
        const struct plan_root **out)
{
    int64_t start = monotonic_now_ns();
    struct plan_root *root = NULL;

    if (x->prepared != NULL && x->prepared->stmt == stmt) {
        ERR_TRY(plan_cache_get(x, x->prepared, ph, out));
    } else {
        ERR_TRY(exec_plan(x, stmt, ph, &root));
        *out = root;
    }
    if (x->session != NULL)
        x->session->plan_ns = monotonic_now_ns() - start;
    return NULL;
}

struct error *
exec_start(struct exec_ctx *x, const struct plan_root *root, struct op **out)
{
    x->plan = root;
    x->subqueries = ARENA_ARRAY(x->arena, struct subquery_state *, (size_t)root->n_subqueries + 1);
    x->ctes = ARENA_ARRAY(x->arena, struct cte_state *, (size_t)root->n_ctes + 1);
    for (int i = 0; i < root->n_with; i++)
        ERR_TRY(cte_run(x, root->with[i]));
    ERR_TRY(exec_build(x, &x->state, root->node, out));
    return op_open(*out);
}

static void
columns_of_plan(struct exec_ctx *x, const struct plan_root *r, int *n, struct result_column **cols)
{
    struct result_column *c = ARENA_ARRAY(x->arena, struct result_column, (size_t)r->n_visible + 1);

    for (int i = 0; i < r->n_visible; i++) {
        const struct plan_column *pc = &r->node->cols[r->visible[i]];
        c[i] = (struct result_column){.name = pc->name == NULL ? "?column?" : pc->name,
                                      .type = pc->type,
                                      .table_id = pc->table_id,
                                      .attnum = (int16_t)pc->column_id};
    }
    *n = r->returns_rows ? r->n_visible : -1;
    *cols = c;
}

/* A client sees what is in front of hidden columns. */
static void
leave_hidden(int *n, const struct result_column *c)
{
    while (*n > 0 && c[*n - 1].attnum == COLUMN_HIDDEN)
        (*n)--;
}

struct error *
exec_describe(struct exec_ctx *x, const struct ast_stmt *stmt, struct placeholder_types *ph,
              int *n, struct result_column **cols)
{
    const struct plan_root *root;
    struct ast_stmt *rewritten;

    *n = -1;
    *cols = NULL;
    if (stmt_is_planned(stmt)) {
        ERR_TRY(plan_it(x, stmt, ph, &root));
        columns_of_plan(x, root, n, cols);
        return NULL;
    }
    const struct statement_ops *o = statement_find(stmt);
    if (o == NULL)
        return NULL;
    ERR_TRY(exec_rewrite(x, stmt, &rewritten));
    if (rewritten != NULL)
        return exec_describe(x, rewritten, ph, n, cols);
    x->placeholders = ph;
    if (o->placeholders != NULL)
        ERR_TRY(o->placeholders(x, stmt));
    if (o->columns == NULL)
        return NULL;
    const struct result_column *c;
    ERR_TRY(o->columns(x, stmt, n, &c));
    leave_hidden(n, c);
    if (*n >= 0)
        *cols = arena_memdup(x->arena, c, (size_t)*n * sizeof(*c));
    return NULL;
}

void
exec_type_placeholder(struct exec_ctx *x, const struct ast_expr *e, const struct type *type)
{
    struct placeholder_types *ph = x->placeholders;
    if (e == NULL || e->kind != AST_EXPR_PLACEHOLDER || ph == NULL)
        return;
    int i = e->placeholder - 1;
    if (i >= 0 && i < ph->n && ph->v[i] == NULL)
        ph->v[i] = type;
}

/* ---- running -------------------------------------------------------------------------------- */

static struct error *
send_plan_rows(struct exec_ctx *x, const struct plan_root *root, struct op *op,
               struct result_sink *out, const struct result_column *cols, int64_t *rows)
{
    struct batch view;

    batch_init(x->arena, &view, root->n_visible, false);
    for (;;) {
        struct batch *b;
        ERR_TRY(op_next(op, &b));
        if (b->n == 0)
            return NULL;
        *rows += batch_live(b);
        if (!root->returns_rows || out == NULL)
            continue;
        for (int i = 0; i < root->n_visible; i++)
            view.cols[i] = b->cols[root->visible[i]];
        view.n = b->n;
        view.sel = b->sel;
        view.n_sel = b->n_sel;
        if (cols != NULL)
            trace_output(x, &view, root->n_visible, cols);
        if (batch_live(b) > 0)
            ERR_TRY(out->rows(out, &view, &x->env));
    }
}

static const char *
writing_name(const struct ast_stmt *s)
{
    if (s->kind == AST_STMT_EXPLAIN)
        return writing_name(s->explain->stmt);
    return s->kind == AST_STMT_INSERT   ? (s->insert->upsert ? "UPSERT" : "INSERT")
           : s->kind == AST_STMT_UPDATE ? "UPDATE"
           : s->kind == AST_STMT_DELETE ? "DELETE"
                                        : "SELECT";
}

struct error *
exec_check_writes(const struct exec_ctx *x, const struct plan_root *root, const struct ast_stmt *stmt)
{
    if ((!root->mutates && root->locks == NULL) || x->txn_state == NULL || !x->txn_state->read_only)
        return NULL;
    return err_new(ERR_READ_ONLY_SQL_TRANSACTION, "cannot execute %s in a read-only transaction",
                   root->mutates ? writing_name(stmt) : root->locks);
}

static struct error *
run_plan(struct exec_ctx *x, const struct ast_stmt *stmt, struct placeholder_types *ph,
         struct result_sink *out, bool describe, const char *tag)
{
    const struct plan_root *root;
    struct op *op = NULL;
    struct result_column *cols;
    int64_t rows = 0;
    int n;

    ERR_TRY(plan_it(x, stmt, ph, &root));
    ERR_TRY(exec_check_writes(x, root, stmt));
    columns_of_plan(x, root, &n, &cols);
    if (describe && n >= 0)
        ERR_TRY(out->columns(out, n, cols));
    trace_flow(x);
    ERR_TRY(exec_start(x, root, &op));
    struct error *err =
        send_plan_rows(x, root, op, out, trace_has_results(x->session) ? cols : NULL, &rows);
    op_close(op);
    if (err != NULL)
        return err;
    if (x->txn != NULL)
        kv_txn_step(x->txn);
    x->tag = arena_printf(x->arena, "%s%lld", tag != NULL ? tag : root->tag, (long long)rows);
    return NULL;
}

/* Rows of a function, gathered into batches. */
struct client_rows {
    struct row_sink sink;
    struct exec_ctx *x;
    struct result_sink *out;
    struct batch batch;
    struct arena *arena;
    const struct result_column *cols;
    int n_cols;
    int64_t rows;
};

static struct error *
client_rows_flush(struct client_rows *c)
{
    if (c->batch.n == 0)
        return NULL;
    struct error *e = c->out == NULL ? NULL : c->out->rows(c->out, &c->batch, &c->x->env);
    c->batch.n = 0;
    arena_reset(c->arena);
    return e;
}

static struct error *
client_rows_put(struct row_sink *s, const struct datum *row)
{
    struct client_rows *c = (struct client_rows *)s;

    for (int i = 0; i < c->n_cols; i++)
        c->batch.cols[i][c->batch.n] = datum_copy(c->arena, c->cols[i].type, &row[i]);
    c->batch.n++;
    c->rows++;
    return c->batch.n == BATCH_ROWS ? client_rows_flush(c) : NULL;
}

static const char *
name_of(const struct statement_ops *o, struct arena *a)
{
    const char *n = o->name != NULL ? o->name : o->tag;
    size_t len = n == NULL ? 0 : strlen(n);

    return n == NULL ? ast_stmt_kind_name(o->kind)
                     : arena_strndup(a, n, len > 0 && n[len - 1] == ' ' ? len - 1 : len);
}

static struct error *
run_function(struct exec_ctx *x, const struct statement_ops *o, const struct ast_stmt *stmt,
             struct result_sink *out, bool describe)
{
    struct client_rows c = {.sink = {client_rows_put}, .x = x, .out = out, .n_cols = -1};
    char *tag = NULL;

    if ((o->flags & STMT_WRITES) && x->txn_state != NULL && x->txn_state->read_only)
        return err_new(ERR_READ_ONLY_SQL_TRANSACTION,
                       "cannot execute %s in a read-only transaction", name_of(o, x->arena));
    if (o->columns != NULL) {
        ERR_TRY(o->columns(x, stmt, &c.n_cols, &c.cols));
        leave_hidden(&c.n_cols, c.cols);
        if (c.n_cols >= 0 && describe)
            ERR_TRY(out->columns(out, c.n_cols, c.cols));
    }
    c.arena = arena_create(x->arena, "rows");
    batch_init(x->arena, &c.batch, c.n_cols < 0 ? 0 : c.n_cols, true);
    if (o->flags & STMT_DDL)
        exec_mark_ddl(x);
    if (o->run == NULL)
        return not_supported(stmt);
    /* Views and tables are made of what queries see. */
    bool see = (o->flags & STMT_DDL) && o->kind != AST_STMT_CREATE_VIEW &&
               o->kind != AST_STMT_CREATE_TABLE && x->catalog != NULL;
    bool was = see && catalog_see_additions(x->catalog, true);
    struct error *err = o->run(x, stmt, &c.sink, &tag);
    if (see)
        catalog_see_additions(x->catalog, was);
    ERR_TRY(err);
    ERR_TRY(client_rows_flush(&c));
    if (x->txn != NULL)
        kv_txn_step(x->txn);
    const char *t = tag != NULL ? tag : o->tag != NULL ? o->tag : ast_stmt_kind_name(o->kind);
    size_t len = strlen(t);
    x->tag = len > 0 && t[len - 1] == ' ' ? arena_printf(x->arena, "%s%lld", t, (long long)c.rows)
                                          : arena_strdup(x->arena, t);
    return NULL;
}

struct error *
exec_run(struct exec_ctx *x, const struct ast_stmt *stmt, struct placeholder_types *ph,
         struct result_sink *out, bool describe)
{
    struct ast_stmt *rewritten;

    x->stmt = stmt;
    x->placeholders = ph;
    if (stmt_is_planned(stmt))
        return run_plan(x, stmt, ph, out, describe, NULL);
    const struct statement_ops *o = statement_find(stmt);
    if (o == NULL)
        return not_supported(stmt);
    ERR_TRY(exec_rewrite(x, stmt, &rewritten));
    if (rewritten != NULL)
        return run_plan(x, rewritten, ph, out, describe, o->tag);
    return run_function(x, o, stmt, out, describe);
}

/* ---- services for running statements -------------------------------------------------------- */

void
exec_notice(struct exec_ctx *x, struct error *e)
{
    if (x->client != NULL && x->client->notice != NULL)
        x->client->notice(x->client, e, "NOTICE");
    err_free(e);
}

void
exec_on_txn_end(struct exec_ctx *x, struct error *(*fn)(struct node *n, void *arg, bool committed),
                void *arg)
{
    struct exec_txn_state *t = x->txn_state;
    struct txn_end_hook *h = ARENA_NEW(t->arena, struct txn_end_hook);

    h->fn = fn;
    h->arg = arg;
    *t->hooks_end = h;
    t->hooks_end = &h->next;
}

void
exec_before_commit(struct exec_ctx *x, struct error *(*fn)(struct exec_ctx *x))
{
    struct arena *a = exec_txn_arena(x);
    struct txn_before_commit *b = ARENA_NEW(a, struct txn_before_commit);
    VERIFY(x->txn_state->before_commit == NULL || x->txn_state->before_commit->fn == fn);
    *b = (struct txn_before_commit){.fn = fn, .session = x->session, .cancel = x->cancel,
                                    .user = arena_strdup(a, x->user),
                                    .database = arena_strdup(a, x->database)};
    x->txn_state->before_commit = b;
}

struct arena *
exec_txn_arena(struct exec_ctx *x)
{
    return x->txn_state->arena;
}

bool
exec_in_explicit_txn(const struct exec_ctx *x)
{
    return x->txn_state != NULL && !x->txn_state->implicit;
}

void
exec_mark_ddl(struct exec_ctx *x)
{
    if (x->txn_state != NULL)
        x->txn_state->ddl++;
}

struct inner_sink {
    struct result_sink base;
    struct row_sink *rows;
    struct arena *a;
    int n_cols;
    int64_t n;
    bool has_columns;
};

static struct error *
inner_columns(struct result_sink *s, int n, const struct result_column *cols)
{
    (void)cols;
    ((struct inner_sink *)s)->n_cols = n;
    ((struct inner_sink *)s)->has_columns = true;
    return NULL;
}

static struct error *
inner_rows(struct result_sink *s, const struct batch *b, const struct eval_env *env)
{
    struct inner_sink *i = (struct inner_sink *)s;
    struct datum *row = ARENA_ARRAY(i->a, struct datum, (size_t)b->n_cols + 1);
    int live = batch_live(b);

    (void)env;
    i->n += live;
    if (i->rows == NULL)
        return NULL;
    for (int k = 0; k < live; k++) {
        batch_get_row(b, batch_row(b, k), row);
        ERR_TRY(row_put(i->rows, row));
    }
    return NULL;
}

static struct error *
inner_complete(struct result_sink *s, const char *tag)
{
    (void)s;
    (void)tag;
    return NULL;
}

static void
inner_sink_init(struct inner_sink *s, struct arena *a, struct row_sink *rows)
{
    memset(s, 0, sizeof(*s));
    s->base.columns = inner_columns;
    s->base.rows = inner_rows;
    s->base.complete = inner_complete;
    s->rows = rows;
    s->a = a;
}

/* The number at the end of a tag: rows that a mutation changed. */
static int64_t
tag_count(const char *tag)
{
    const char *p = tag == NULL ? NULL : strrchr(tag, ' ');

    return p == NULL ? 0 : strtoll(p + 1, NULL, 10);
}

static struct error *
inner_run(struct exec_ctx *x, unsigned flags, struct arena *a, struct row_sink *rows,
          int64_t *n_rows, int n_params, const struct type *const *types,
          const struct datum *params, const char *sql)
{
    struct exec_ctx *in;
    struct ast_stmt *stmt;
    struct inner_sink sink;
    const char *user = flags & EXEC_ROOT ? "root" : x->user;

    ERR_TRY(parse_one(a, slice_cstr(arena_strdup(a, sql)), &stmt));
    ERR_TRY(exec_ctx_create(x->node, flags & EXEC_ROOT ? NULL : x->session, a, x->txn_state, user,
                            x->database, x->cancel, &in));
    in->txn = x->txn;
    in->catalog = x->catalog;
    in->sql = slice_cstr(sql);
    in->env.placeholders = params;
    in->env.n_placeholders = n_params;
    if (flags & EXEC_ROOT) {
        in->env.timezone = x->env.timezone;
        in->env.default_int_size = x->env.default_int_size;
    }
    inner_sink_init(&sink, a, rows);
    struct placeholder_types *ph = ARENA_NEW(a, struct placeholder_types);
    bool *from = ARENA_ARRAY(a, bool, (size_t)n_params + 1);
    const struct type **t = ARENA_ARRAY(a, const struct type *, (size_t)n_params + 1);
    for (int i = 0; i < n_params; i++) {
        t[i] = types[i];
        from[i] = true;
    }
    *ph = (struct placeholder_types){.n = n_params, .v = t, .from_client = from};
    kv_txn_step(x->txn);
    ERR_TRY(exec_run(in, stmt, ph, &sink.base, true));
    if (n_rows != NULL)
        *n_rows = sink.has_columns ? sink.n : tag_count(in->tag);
    return NULL;
}

struct error *
exec_sql(struct exec_ctx *x, unsigned flags, struct row_sink *rows, int64_t *n_rows, int n_params,
         const struct type *const *types, const struct datum *params, const char *sql)
{
    struct arena *a = arena_create(x->arena, "inner statement");
    struct error *e = inner_run(x, flags, a, rows, n_rows, n_params, types, params, sql);

    arena_destroy(a);
    return e;
}

struct query_sink {
    struct inner_sink base;
    struct arena *keep;
    struct datum **v;
    size_t n, cap, max;
    const struct type **types;
};

static struct error *
query_columns(struct result_sink *s, int n, const struct result_column *cols)
{
    struct query_sink *q = (struct query_sink *)s;

    q->types = ARENA_ARRAY(q->base.a, const struct type *, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        q->types[i] = cols[i].type;
    return inner_columns(s, n, cols);
}

static struct error *
query_rows(struct result_sink *s, const struct batch *b, const struct eval_env *env)
{
    struct query_sink *q = (struct query_sink *)s;
    int live = batch_live(b);

    (void)env;
    for (int k = 0; k < live; k++) {
        int r = batch_row(b, k);
        if (q->n >= q->max)
            return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "an internal query gave more than %zu rows",
                           q->max);
        if (q->n == q->cap) {
            size_t cap = q->cap == 0 ? 16 : q->cap * 2;
            q->v = arena_realloc(q->keep, q->v, q->cap * sizeof(*q->v), cap * sizeof(*q->v));
            q->cap = cap;
        }
        struct datum *row = ARENA_ARRAY(q->keep, struct datum, (size_t)b->n_cols + 1);
        for (int c = 0; c < b->n_cols; c++)
            row[c] = b->cols[c] == NULL ? DATUM_NULL
                                        : datum_copy(q->keep, q->types[c], &b->cols[c][r]);
        q->v[q->n++] = row;
    }
    return NULL;
}

struct error *
exec_query(struct exec_ctx *x, unsigned flags, struct arena *a, int n_params,
           const struct type *const *types, const struct datum *params, const char *sql,
           size_t max_rows, struct datum ***out, size_t *n)
{
    struct arena *work = arena_create(x->arena, "inner query");
    struct query_sink q = {.keep = a, .max = max_rows};
    struct exec_ctx *in;
    struct ast_stmt *stmt;
    struct error *err;
    const char *user = flags & EXEC_ROOT ? "root" : x->user;

    inner_sink_init(&q.base, work, NULL);
    q.base.base.columns = query_columns;
    q.base.base.rows = query_rows;
    ERR_GOTO(parse_one(work, slice_cstr(arena_strdup(work, sql)), &stmt), out);
    ERR_GOTO(exec_ctx_create(x->node, flags & EXEC_ROOT ? NULL : x->session, work, x->txn_state,
                             user, x->database, x->cancel, &in), out);
    in->txn = x->txn;
    in->catalog = x->catalog;
    in->env.placeholders = params;
    in->env.n_placeholders = n_params;
    struct placeholder_types ph = {.n = n_params};
    ph.v = ARENA_ARRAY(work, const struct type *, (size_t)n_params + 1);
    bool *from = ARENA_ARRAY(work, bool, (size_t)n_params + 1);
    for (int i = 0; i < n_params; i++) {
        ph.v[i] = types[i];
        from[i] = true;
    }
    ph.from_client = from;
    kv_txn_step(x->txn);
    ERR_GOTO(exec_run(in, stmt, &ph, &q.base.base, true), out);
    *out = q.v;
    *n = q.n;
out:
    arena_destroy(work);
    return err;
}

struct error *
exec_txn(struct node *n, const char *user, const char *database, struct hlc read_ts,
         const struct cancel *cancel, struct error *(*fn)(struct exec_ctx *x, void *arg), void *arg)
{
    for (int attempt = 0;; attempt++) {
        struct arena *a = arena_create(NULL, "internal transaction");
        struct exec_txn_state *t;
        struct exec_ctx *x;
        struct error *err = txn_state_begin(n, a, read_ts, !hlc_is_empty(read_ts), 0, cancel, &t);
        if (err == NULL) {
            t->implicit = true;
            err = exec_ctx_create(n, NULL, a, t, user == NULL ? "root" : user,
                                  database == NULL ? "" : database, cancel, &x);
            if (err == NULL)
                err = fn(x, arg);
            if (err == NULL)
                err = txn_state_commit(t);
            else
                txn_state_rollback(t);
        }
        arena_destroy(a);
        if (err == NULL || !err_is(err, ERR_SERIALIZATION_FAILURE) || attempt > 100)
            return err;
        struct error *stop = cancel_check(cancel);
        if (stop != NULL) {
            err_free(err);
            return stop;
        }
        err_free(err);
        int64_t wait_us = 1000L << (attempt < 8 ? attempt : 8);
        struct timespec ts = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};
        nanosleep(&ts, NULL);
    }
}

struct error *
exec_eval_const(struct exec_ctx *x, const struct ast_expr *e, const struct type *type,
                const char *context, struct datum *out)
{
    struct type_ctx c;
    struct expr *typed;

    type_ctx_init(&c, exec_planner(x), NULL, context,
                  REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS | REJECT_COLUMNS |
                      REJECT_SUBQUERIES);
    ERR_TRY(type_expr_as(&c, e, type, context, &typed));
    return expr_eval(typed, &x->env, &x->state, NULL, out);
}

struct error *
exec_as_of(struct exec_ctx *x, const struct ast_expr *e, struct hlc *out)
{
    struct type_ctx c;

    type_ctx_init(&c, exec_planner(x), NULL, "AS OF SYSTEM TIME", 0);
    return eval_as_of(&c, e, clock_now(x->node->clock), out);
}

struct error *
exec_select_columns(struct exec_ctx *x, const struct ast_select *s, int *n,
                    const struct plan_column **cols)
{
    struct ast_stmt *stmt = ARENA_NEW(x->arena, struct ast_stmt);
    struct plan_root *root;
    struct planner *p = planner_new(x, x->placeholders);

    stmt->kind = AST_STMT_SELECT;
    stmt->select = (struct ast_select *)(uintptr_t)s;
    ERR_TRY(plan_statement(p, stmt, &root));
    *n = root->node->n_cols;
    *cols = root->node->cols;
    return NULL;
}

struct error *
exec_select(struct exec_ctx *x, const struct ast_select *s, struct row_sink *rows)
{
    return exec_select_as(x, s, &(struct exec_wanted){0}, rows);
}

static struct error *
plan_wanted(struct exec_ctx *x, const struct ast_select *s, const struct exec_wanted *w,
            struct plan_root **root)
{
    struct ast_stmt *stmt = ARENA_NEW(x->arena, struct ast_stmt);
    struct planner *p = planner_new(x, x->placeholders);

    stmt->kind = AST_STMT_SELECT;
    stmt->select = (struct ast_select *)(uintptr_t)s;
    p->wanted = w->types;
    p->n_wanted = w->n;
    ERR_TRY(plan_statement(p, stmt, root));
    return w->check == NULL ? NULL : w->check(w->arg, (*root)->node->n_cols, (*root)->node->cols);
}

struct error *
exec_type_select(struct exec_ctx *x, const struct ast_select *s, const struct exec_wanted *w)
{
    struct plan_root *root;

    return plan_wanted(x, s, w, &root);
}

struct error *
exec_select_as(struct exec_ctx *x, const struct ast_select *s, const struct exec_wanted *w,
               struct row_sink *rows)
{
    struct plan_root *root;
    struct op *op;
    struct inner_sink sink;
    int64_t n = 0;

    ERR_TRY(plan_wanted(x, s, w, &root));
    inner_sink_init(&sink, x->arena, rows);
    /* The statement around it may have states of its own: the slots are the query's while it runs. */
    struct subquery_state **subqueries = x->subqueries;
    struct cte_state **ctes = x->ctes;
    struct error *err = exec_start(x, root, &op);
    if (err == NULL) {
        err = send_plan_rows(x, root, op, &sink.base, NULL, &n);
        op_close(op);
    }
    x->subqueries = subqueries;
    x->ctes = ctes;
    return err;
}
