#include "config.h"

#include "planner/plan_int.h"

#include "grammar/parse.h"
#include "grammar/print.h"

/* ---- rels ----------------------------------------------------------------------------------- */

struct rel *
rel_of_table(struct planner *p, const struct table *t, const struct database *db,
             const char *schema, const char *alias, bool mutations)
{
    struct rel *r = ARENA_NEW(p->arena, struct rel);

    r->kind = REL_TABLE;
    r->table = t;
    r->database = db;
    r->schema = schema;
    r->alias = alias;
    r->n_cols = mutations ? t->n_all_columns : t->n_columns;
    if (p->hooks != NULL && p->hooks->table_stats != NULL)
        r->stats = p->hooks->table_stats(p->hook_arg, t);
    return r;
}

struct rel *
rel_of_node(struct planner *p, struct plan_node *n)
{
    struct rel *r = ARENA_NEW(p->arena, struct rel);

    r->kind = REL_NODE;
    r->node = n;
    r->n_cols = n->n_cols;
    return r;
}

struct rel *
rel_join(struct planner *p, enum plan_join_type t, struct rel *l, struct rel *r)
{
    struct rel *j = ARENA_NEW(p->arena, struct rel);

    j->kind = REL_JOIN;
    j->type = t;
    j->left = l;
    j->right = r;
    j->n_cols = l->n_cols + r->n_cols;
    return j;
}

/* Let a condition over r's wide row sink as deep as its meaning allows. */
void
rel_push(struct planner *p, struct rel *r, struct expr *cond)
{
    if (r->kind == REL_JOIN && !expr_is_volatile(cond)) {
        if (!r->apply)
            rel_narrow(p, r, cond);
        int nl = r->left->n_cols, nr = r->right->n_cols;
        bool left_ok = r->type != PLAN_JOIN_RIGHT && r->type != PLAN_JOIN_FULL;
        bool right_ok = r->type == PLAN_JOIN_INNER || r->type == PLAN_JOIN_RIGHT;
        if (left_ok && expr_columns_within(cond, 0, nl)) {
            rel_push(p, r->left, cond);
            return;
        }
        if (right_ok && !r->apply && expr_columns_within(cond, nl, nl + nr)) {
            rel_push(p, r->right, expr_shift(p->arena, cond, -nl, nl + nr));
            return;
        }
        if (r->type == PLAN_JOIN_INNER && expr_columns_within(cond, 0, nl + nr)) {
            expr_list_add(p->arena, &r->on, &r->n_on, &r->cap_on, cond);
            return;
        }
    }
    expr_list_add(p->arena, &r->conj, &r->n_conj, &r->cap_conj, cond);
}

/* ON: conditions of the join itself. */
void
rel_push_on(struct planner *p, struct rel *j, struct expr *cond)
{
    int nl = j->left->n_cols, nr = j->right->n_cols;

    if (!expr_is_volatile(cond)) {
        bool semi = j->type == PLAN_JOIN_SEMI;
        bool left_ok = semi || j->type == PLAN_JOIN_INNER || j->type == PLAN_JOIN_RIGHT;
        bool right_ok = semi || j->type == PLAN_JOIN_ANTI || j->type == PLAN_JOIN_INNER ||
                        j->type == PLAN_JOIN_LEFT;
        bool never = cond->kind == EXPR_CONST && (cond->value.null || !cond->value.i);
        if (right_ok && !j->apply && never) {
            rel_push(p, j->right, cond);
            return;
        }
        if (left_ok && expr_columns_within(cond, 0, nl)) {
            rel_push(p, j->left, cond);
            return;
        }
        if (right_ok && !j->apply && expr_columns_within(cond, nl, nl + nr)) {
            rel_push(p, j->right, expr_shift(p->arena, cond, -nl, nl + nr));
            return;
        }
    }
    expr_list_add(p->arena, &j->on, &j->n_on, &j->cap_on, cond);
}

struct error *
rel_index_flags(struct planner *p, struct rel *r, const struct ast_index_flags *f)
{
    if (f == NULL || r->kind != REL_TABLE)
        return NULL;
    if (f->index.len > 0) {
        char *name = slice_str(p, f->index);
        r->forced = table_index(r->table, name);
        if (r->forced == NULL)
            return err_new(ERR_UNDEFINED_OBJECT, "index \"%s\" not found", name);
    } else if (f->index_id != 0) {
        r->forced = table_index_by_id(r->table, (uint32_t)f->index_id);
        if (r->forced == NULL)
            return err_new(ERR_UNDEFINED_OBJECT, "index [%lld] not found", (long long)f->index_id);
    }
    r->force_asc = f->direction == AST_INDEX_DIR_ASC;
    r->force_desc = f->direction == AST_INDEX_DIR_DESC;
    r->no_index_join = f->no_index_join;
    return NULL;
}

/* ---- table references ----------------------------------------------------------------------- */

/* AS a (x, y): renames the visible columns in order. */
static struct error *
apply_alias(struct planner *p, struct scope *s, const struct ast_alias *alias, const char *what)
{
    const char *name = alias->name.len > 0 ? slice_str(p, alias->name) : NULL;
    int at = 0, visible = 0;

    for (int i = 0; i < s->n; i++)
        visible += !s->columns[i].hidden && !s->columns[i].qualified_only;
    if (alias->columns.count > visible)
        return err_new(ERR_INVALID_COLUMN_REFERENCE,
                       "source \"%s\" has %d columns available but %d columns specified",
                       name == NULL ? what : name, visible, alias->columns.count);
    for (int i = 0; i < s->n; i++) {
        struct scope_column *c = &s->columns[i];
        if (name != NULL) {
            c->table = name;
            c->schema = c->database = NULL;
        }
        if (!c->hidden && !c->qualified_only && at < alias->columns.count)
            c->name = slice_str(p, alias->columns.items[at++].text);
    }
    return NULL;
}

static struct scope *
scope_of_node(struct planner *p, const struct plan_node *n, const char *table, struct scope *outer)
{
    struct scope *s = scope_new(p, outer);

    for (int i = 0; i < n->n_cols; i++)
        scope_add(p, s,
                  (struct scope_column){.name = n->cols[i].name,
                                        .table = table,
                                        .type = n->cols[i].type,
                                        .hidden = n->cols[i].hidden,
                                        .index = i,
                                        .table_id = n->cols[i].table_id,
                                        .column_id = n->cols[i].column_id});
    return s;
}

static struct error *
plan_view(struct planner *p, const struct table *t, struct plan_node **out)
{
    struct ast_stmt *stmt;
    struct cte_binding *ctes = p->ctes;
    bool skip = p->skip_privileges;

    if (++p->depth > PLAN_MAX_DEPTH)
        return err_new(ERR_STATEMENT_TOO_COMPLEX, "views are nested too deeply");
    ERR_TRY(parse_one(p->arena, slice_cstr(arena_strdup(p->arena, t->pb->view_query)), &stmt));
    if (stmt->kind != AST_STMT_SELECT)
        return err_new(ERR_DATA_CORRUPTED, "view \"%s\" holds no query", t->name);
    p->ctes = NULL;
    p->skip_privileges = true;
    struct error *err = plan_select(p, NULL, stmt->select, NULL, 0, out);
    p->ctes = ctes;
    p->skip_privileges = skip;
    p->depth--;
    if (err != NULL)
        return err;
    /* The view's own column names. */
    int n = (*out)->n_cols;
    struct expr **exprs = ARENA_ARRAY(p->arena, struct expr *, (size_t)n + 1);
    struct plan_column *cols = ARENA_ARRAY(p->arena, struct plan_column, (size_t)n + 1);
    if (n != t->n_columns)
        return err_new(ERR_DATA_CORRUPTED, "view \"%s\" has %d columns, its query has %d", t->name,
                       t->n_columns, n);
    for (int i = 0; i < n; i++) {
        exprs[i] = expr_column(p->arena, (*out)->cols[i].type, i);
        cols[i] = (struct plan_column){.name = t->columns[i].name,
                                       .type = (*out)->cols[i].type,
                                       .table_id = t->id,
                                       .column_id = t->columns[i].id};
    }
    *out = plan_render_node(p, *out, n, exprs, cols);
    return NULL;
}

static struct error *
check_select(struct planner *p, const struct table *t)
{
    if (p->skip_privileges || t->is_virtual)
        return NULL;
    return plan_check_right(p, t, PRIV_SELECT);
}

static struct error *
table_source(struct planner *p, struct scope *outer, const struct table *t,
             const struct database *db, const char *schema, struct rel **rel, struct scope **scope)
{
    ERR_TRY(check_select(p, t));
    if (t->is_view && !t->is_virtual) {
        struct plan_node *n;
        ERR_TRY(plan_view(p, t, &n));
        *rel = rel_of_node(p, n);
        *scope = scope_of_node(p, n, t->name, outer);
    } else if (t->is_sequence) {
        /* Three as in v20.1; the others, hidden, are those of PostgreSQL 9.5 that psql's \d reads. */
        static const struct plan_column cols[SEQUENCE_SCAN_COLUMNS] = {
            {.name = "last_value", .type = &TYPE_INT8},
            {.name = "log_cnt", .type = &TYPE_INT8},
            {.name = "is_called", .type = &TYPE_BOOL},
            {.name = "start_value", .type = &TYPE_INT8, .hidden = true},
            {.name = "min_value", .type = &TYPE_INT8, .hidden = true},
            {.name = "max_value", .type = &TYPE_INT8, .hidden = true},
            {.name = "increment_by", .type = &TYPE_INT8, .hidden = true},
            {.name = "is_cycled", .type = &TYPE_BOOL, .hidden = true},
            {.name = "cache_value", .type = &TYPE_INT8, .hidden = true},
        };
        struct plan_sequence_scan *s =
            plan_node_new(p, PLAN_SEQUENCE_SCAN, sizeof(*s), SEQUENCE_SCAN_COLUMNS, 0);
        s->table = t;
        s->base.at_most_one = true;
        memcpy(s->base.cols, cols, sizeof(cols));
        *rel = rel_of_node(p, &s->base);
        *scope = scope_of_node(p, &s->base, t->name, outer);
    } else {
        *rel = rel_of_table(p, t, db, schema, t->name, false);
        *scope = scope_of_table(p->arena, t, NULL);
        (*scope)->outer = outer;
        /* The scope may grow when it is joined. */
        (*scope)->cap = (*scope)->n;
    }
    for (int i = 0; i < (*scope)->n; i++) {
        (*scope)->columns[i].schema = schema == NULL ? "public" : schema;
        (*scope)->columns[i].database = db == NULL ? NULL : db->name;
    }
    return NULL;
}

static struct error *
cte_source(struct planner *p, struct scope *outer, struct cte_binding *b, struct rel **rel,
           struct scope **scope)
{
    struct plan_cte *c = b->cte;
    struct plan_node *n;
    if (b->outer_refs && b->outer != outer)
        return err_new(ERR_FEATURE_NOT_SUPPORTED, "CTEs may not be correlated");
    /* Its rows differ with the row around it: made where they are read, not kept. */
    n = b->outer_refs ? c->plan : cte_scan_new(p, c, c->recursive && c->plan == NULL);
    struct scope *s = scope_new(p, outer);

    if (c->n_cols == 0 && c->plan != NULL && !mutation_returns(c->plan))
        return err_hint(err_new(ERR_FEATURE_NOT_SUPPORTED,
                                "WITH clause \"%s\" does not return any columns",
                                slice_str(p, b->name)),
                        "missing RETURNING clause?");
    c->uses++;
    for (int i = 0; i < c->n_cols; i++)
        scope_add(p, s,
                  (struct scope_column){.name = b->column_names != NULL ? b->column_names[i]
                                                                        : c->cols[i].name,
                                        .table = slice_str(p, b->name),
                                        .type = c->cols[i].type,
                                        .index = i});
    *rel = rel_of_node(p, n);
    *scope = s;
    return NULL;
}

/* ---- queries that only choose rows and columns --------------------------------------------- */

/* SELECT columns FROM .. [WHERE ..] and nothing else: it becomes part of the FROM around it, so that
 * conditions there choose its indexes. NULL: more than that. */
static const struct ast_select_clause *
plain_clause(const struct ast_select *s)
{
    const struct ast_select_clause *c;

    for (;; s = s->inner) {
        if (s->with != NULL || s->order_by.count > 0 || s->limit != NULL || s->limit_all ||
            s->offset != NULL || s->locking.count > 0)
            return NULL;
        if (s->kind != AST_SELECT_PAREN)
            break;
    }
    if (s->kind != AST_SELECT_CLAUSE)
        return NULL;
    c = s->clause;
    if (c->distinct || c->distinct_on_given || c->as_of != NULL || c->group_by.count > 0 ||
        c->having != NULL || c->windows.count > 0 || c->from.count == 0 || c->table_form)
        return NULL;
    for (int i = 0; i < c->items.count; i++)
        if (c->items.items[i].expr->kind != AST_EXPR_COLUMN)
            return NULL;
    return c;
}

/* *scope NULL: it is more and has to be planned as a query of its own. */
static struct error *
inline_select(struct planner *p, struct scope *outer, const struct ast_select *s,
              struct rel **rel, struct scope **scope)
{
    const struct ast_select_clause *cl = plain_clause(s);
    struct scope *from;
    struct rel *r;
    struct type_ctx c;
    struct item_list items = {0};

    *scope = NULL;
    if (cl == NULL)
        return NULL;
    ERR_TRY(plan_from(p, outer, &cl->from, &r, &from));
    ERR_TRY(plan_where(p, from, cl->where, &r));
    type_ctx_init(&c, p, from, "SELECT", REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
    ERR_TRY(plan_items(&c, &cl->items, NULL, 0, &items));
    for (int i = 0; i < items.n; i++) {
        if (items.exprs[i]->kind == EXPR_COLUMN)
            continue;
        /* A column of the query around it, say. */
        struct ast_select_clause *rest = arena_memdup(p->arena, cl, sizeof(*cl));
        struct select_parts parts = {.clause = rest, .order_by = &s->order_by};
        struct plan_node *n;
        rest->where = NULL; /* done */
        ERR_TRY(plan_select_rel(p, outer, r, from, &parts, &n));
        *rel = rel_of_node(p, n);
        *scope = scope_of_node(p, n, NULL, outer);
        return NULL;
    }
    struct scope *out = scope_new(p, outer);
    for (int i = 0; i < items.n; i++)
        scope_add(p, out,
                  (struct scope_column){.name = items.cols[i].name,
                                        .type = items.exprs[i]->type,
                                        .index = items.exprs[i]->index,
                                        .table_id = items.cols[i].table_id,
                                        .column_id = items.cols[i].column_id});
    *rel = r;
    *scope = out;
    return NULL;
}

static struct error *
inline_view(struct planner *p, struct scope *outer, const struct table *t,
            const struct database *db, const char *schema, struct rel **rel, struct scope **scope)
{
    struct ast_stmt *stmt;
    struct cte_binding *ctes = p->ctes;
    bool skip = p->skip_privileges;

    ERR_TRY(check_select(p, t));
    ERR_TRY(parse_one(p->arena, slice_cstr(arena_strdup(p->arena, t->pb->view_query)), &stmt));
    *scope = NULL;
    if (stmt->kind != AST_STMT_SELECT)
        return NULL;
    p->ctes = NULL;
    p->skip_privileges = true;
    struct error *err = inline_select(p, NULL, stmt->select, rel, scope);
    p->ctes = ctes;
    p->skip_privileges = skip;
    if (err != NULL || *scope == NULL)
        return err;
    if ((*scope)->n != t->n_columns)
        return err_new(ERR_DATA_CORRUPTED, "view \"%s\" has %d columns, its query has %d", t->name,
                       t->n_columns, (*scope)->n);
    (*scope)->outer = outer;
    for (int i = 0; i < t->n_columns; i++) {
        struct scope_column *c = &(*scope)->columns[i];
        c->name = t->columns[i].name;
        c->table = t->name;
        c->table_id = t->id;
        c->column_id = t->columns[i].id;
        c->schema = schema == NULL ? "public" : schema;
        c->database = db == NULL ? NULL : db->name;
    }
    return NULL;
}

static struct error *
name_source(struct planner *p, struct scope *outer, const struct ast_table_ref *r,
            struct rel **rel, struct scope **scope)
{
    const struct table *t;
    const struct database *db;
    const char *schema;

    if (r->name.count == 1) {
        struct cte_binding *b = find_cte(p, r->name.object);
        if (b != NULL && b->refused != NULL && b->refused_issue != 0)
            return err_unimplemented(b->refused_issue, "%s", b->refused);
        if (b != NULL && b->refused != NULL)
            return err_new(ERR_SYNTAX, "%s", b->refused);
        if (b != NULL && b->cte->recursive && b->cte->plan == NULL) {
            b->cte->many_places |=
                b->cte->place != NULL && b->cte->place != r->name.object.ptr;
            b->cte->place = r->name.object.ptr;
        }
        if (b != NULL)
            return cte_source(p, outer, b, rel, scope);
    }
    ERR_TRY(plan_resolve_table(p, &r->name, &t, &db, &schema));
    if (t->is_view && !t->is_virtual && r->flags == NULL) {
        ERR_TRY(inline_view(p, outer, t, db, schema, rel, scope));
        if (*scope != NULL)
            return NULL;
    }
    ERR_TRY(table_source(p, outer, t, db, schema, rel, scope));
    return rel_index_flags(p, *rel, r->flags);
}

struct error *
plan_check_column_ids(const struct ast_numeric_ref *r)
{
    if (!r->has_columns || r->count > 0)
        return NULL;
    return err_new(ERR_SYNTAX, "an explicit list of column IDs must include at least one column");
}

/* [53 AS t], [53(1,2) AS t] */
static struct error *
numeric_source(struct planner *p, struct scope *outer, const struct ast_table_ref *r,
               struct rel **rel, struct scope **scope)
{
    const struct ast_numeric_ref *nr = r->numeric;
    const struct table *t;
    const struct database *db = NULL;

    ERR_TRY(catalog_table_by_id(p->catalog, (uint32_t)nr->table_id, &t));
    if (t == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation \"[%lld]\" does not exist",
                       (long long)nr->table_id);
    ERR_TRY(catalog_database_by_id(p->catalog, t->parent_id, &db));
    plan_use_table(p, t);
    ERR_TRY(table_source(p, outer, t, db, NULL, rel, scope));
    ERR_TRY(rel_index_flags(p, *rel, r->flags));
    ERR_TRY(plan_check_column_ids(nr));
    if (nr->has_columns && t->is_view && !t->is_virtual)
        return err_new(ERR_FEATURE_NOT_SUPPORTED,
                       "cannot specify an explicit column list when accessing a view by reference");
    if (nr->has_columns && !t->is_sequence) {
        struct scope *all = *scope, *s = scope_new(p, outer);
        for (int i = 0; i < nr->count; i++) {
            bool found = false;
            for (int c = 0; c < all->n && !found; c++)
                if ((int64_t)all->columns[c].column_id == nr->items[i]) {
                    struct scope_column col = all->columns[c];
                    col.hidden = false;
                    scope_add(p, s, col);
                    found = true;
                }
            if (!found)
                return err_new(ERR_UNDEFINED_COLUMN, "column [%lld] does not exist",
                               (long long)nr->items[i]);
        }
        *scope = s;
    }
    if (nr->alias.name.len > 0)
        return apply_alias(p, *scope, &nr->alias, "table");
    return NULL;
}

/* f(), ROWS FROM (f(), g()): generators over one row. */
static struct error *
funcs_source(struct planner *p, struct scope *outer, const struct ast_table_ref *r,
             struct rel **rel, struct scope **scope)
{
    int n = r->funcs.calls.count, cols = 0;
    struct plan_project_set *ps;
    struct plan_generator *gens = ARENA_ARRAY(p->arena, struct plan_generator, (size_t)n + 1);
    const char **labels = ARENA_ARRAY(p->arena, const char *, (size_t)n + 1);
    struct type_ctx c;

    type_ctx_init(&c, p, scope_new(p, outer), "FROM", REJECT_AGGREGATES | REJECT_WINDOWS);
    for (int i = 0; i < n; i++) {
        struct generator_list list = {0};
        c.generators = &list;
        ERR_TRY(type_expr(&c, r->funcs.calls.items[i], NULL, &gens[i].call));
        labels[i] = plan_column_label(p->arena, r->funcs.calls.items[i]);
        gens[i].n_cols = 1;
        if (gens[i].call->kind == EXPR_GENERATOR) {
            gens[i].call = list.v[gens[i].call->index];
            gens[i].n_cols = gens[i].call->overload->gen->n_cols;
        } else if (list.n > 0) {
            return err_unimplemented(0, "nested set-returning functions in FROM");
        }
        cols += gens[i].n_cols;
    }
    ps = plan_node_new(p, PLAN_PROJECT_SET, sizeof(*ps), cols, 1);
    ps->base.children[0] = plan_one_row(p);
    ps->n = n;
    ps->gens = gens;
    struct scope *s = scope_new(p, outer);
    int at = 0;
    for (int i = 0; i < n; i++) {
        const struct expr *call = gens[i].call;
        bool gen = call->kind == EXPR_CALL && call->overload->is_generator;
        for (int k = 0; k < gens[i].n_cols; k++, at++) {
            const struct type *t =
                gen && plan_makes_rows(call) ? call->type->contents[k] : call->type;
            /* Generators name their columns; json_array_elements otherwise than in a SELECT list. */
            const char *name = gen ? call->overload->gen->col_names[k] : labels[i];
            ps->base.cols[at] = (struct plan_column){.name = name, .type = t};
            scope_add(p, s,
                      (struct scope_column){
                          .name = name, .table = labels[i], .type = t, .index = at});
        }
    }
    *rel = rel_of_node(p, &ps->base);
    *scope = s;
    /* An alias of a function with one column names the column too. */
    if (r->has_alias && r->alias.columns.count == 0 && n == 1 && cols == 1)
        s->columns[0].name = slice_str(p, r->alias.name);
    return NULL;
}

static bool
same_part(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool
scope_same_source(const struct scope_column *a, const struct scope_column *b)
{
    return a->table != NULL && same_part(a->table, b->table) && same_part(a->schema, b->schema) &&
           same_part(a->database, b->database);
}

struct error *
plan_check_duplicates(const struct scope *l, const struct scope *r)
{
    for (int i = 0; i < l->n; i++)
        for (int k = 0; k < r->n; k++)
            if (scope_same_source(&l->columns[i], &r->columns[k]))
                return err_new(ERR_DUPLICATE_ALIAS,
                               "source name \"%s\" specified more than once (missing AS clause)",
                               r->columns[k].table);
    return NULL;
}

/* Both scopes side by side; the right one's columns move by the left's width. */
static struct scope *
concat_scopes(struct planner *p, struct scope *outer, const struct scope *l, const struct scope *r,
              int shift)
{
    struct scope *s = scope_new(p, outer);

    for (int i = 0; i < l->n; i++)
        scope_add(p, s, l->columns[i]);
    for (int i = 0; i < r->n; i++) {
        struct scope_column c = r->columns[i];
        c.index += shift;
        scope_add(p, s, c);
    }
    return s;
}

static int
find_column(const struct scope *s, const char *name, int *count)
{
    int at = -1;

    *count = 0;
    for (int i = 0; i < s->n; i++)
        if (!s->columns[i].qualified_only && s->columns[i].name != NULL &&
            strcmp(s->columns[i].name, name) == 0) {
            (*count)++;
            at = i;
        }
    return at;
}

/* USING and NATURAL: one column for both sides, first. */
static struct error *
join_using(struct planner *p, struct scope *outer, struct rel *j, struct scope *l,
           struct scope *r, const char *const *names, int n, struct scope **out)
{
    struct scope *s = scope_new(p, outer);
    int nl = j->left->n_cols, nr = j->right->n_cols;
    struct expr **extra = ARENA_ARRAY(p->arena, struct expr *, (size_t)n + 1);

    for (int i = 0; i < n; i++) {
        int lc, rc;
        for (int k = 0; k < i; k++)
            if (strcmp(names[i], names[k]) == 0)
                return err_new(ERR_DUPLICATE_COLUMN,
                               "column \"%s\" appears more than once in USING clause", names[i]);
        int a = find_column(l, names[i], &lc), b = find_column(r, names[i], &rc);
        if (lc == 0 || rc == 0)
            return err_new(ERR_UNDEFINED_COLUMN,
                           "column \"%s\" specified in USING clause does not exist in %s table",
                           names[i], lc == 0 ? "left" : "right");
        if (lc > 1 || rc > 1)
            return err_new(ERR_AMBIGUOUS_COLUMN,
                           "common column name \"%s\" appears more than once in %s table",
                           names[i], lc > 1 ? "left" : "right");
        struct scope_column lcol = l->columns[a], rcol = r->columns[b];
        struct expr *le = expr_column(p->arena, lcol.type, lcol.index);
        struct expr *re = expr_column(p->arena, rcol.type, rcol.index + nl);
        struct type_ctx c;
        struct expr *eq;
        type_ctx_init(&c, p, NULL, "USING", 0);
        struct error *err = expr_compare(&c, CMP_EQ, le, re, &eq);
        if (err != NULL) {
            err_free(err);
            return err_new(ERR_DATATYPE_MISMATCH,
                           "JOIN/USING types %s for left and %s for right cannot be matched for "
                           "column \"%s\"",
                           type_name_str(p->arena, lcol.type), type_name_str(p->arena, rcol.type),
                           names[i]);
        }
        rel_push_on(p, j, eq);
        struct scope_column merged = lcol;
        merged.hidden = false;
        if (j->type == PLAN_JOIN_RIGHT) {
            merged = rcol;
            merged.index += nl;
        } else if (j->type == PLAN_JOIN_FULL) {
            struct expr *co = ARENA_NEW(p->arena, struct expr);
            co->kind = EXPR_COALESCE;
            co->type = lcol.type;
            co->n_args = 2;
            co->args = ARENA_ARRAY(p->arena, struct expr *, 2);
            co->args[0] = le;
            co->args[1] = re;
            extra[j->n_extra] = co;
            merged.index = nl + nr + j->n_extra++;
            merged.table_id = merged.column_id = 0;
        }
        merged.name = names[i];
        if (j->type == PLAN_JOIN_FULL)
            merged.table = merged.schema = merged.database = NULL;
        scope_add(p, s, merged);
        /* What the merged column is need not be there twice. */
        l->columns[a].qualified_only = true;
        l->columns[a].merged = j->type == PLAN_JOIN_INNER || j->type == PLAN_JOIN_LEFT;
        r->columns[b].qualified_only = true;
        r->columns[b].merged = j->type == PLAN_JOIN_RIGHT;
    }
    j->extra = extra;
    j->n_cols += j->n_extra;
    for (int i = 0; i < l->n; i++)
        if (!l->columns[i].merged)
            scope_add(p, s, l->columns[i]);
    for (int i = 0; i < r->n; i++) {
        struct scope_column c = r->columns[i];
        c.index += nl;
        if (!c.merged)
            scope_add(p, s, c);
    }
    *out = s;
    return NULL;
}

/* One that may read the columns to its left, but not aggregate them. */
static struct error *
plan_lateral_ref(struct planner *p, struct scope *left, const struct ast_table_ref *ref, struct rel **rel,
                 struct scope **scope)
{
    left->no_aggregates = "FROM clause of their own query level";
    struct error *err = plan_table_ref(p, left, ref, rel, scope);
    left->no_aggregates = NULL;
    return err;
}

static struct error *
join_source(struct planner *p, struct scope *outer, const struct ast_table_ref *ref,
            struct rel **rel, struct scope **scope)
{
    static const enum plan_join_type types[] = {
        [AST_JOIN_INNER] = PLAN_JOIN_INNER, [AST_JOIN_LEFT] = PLAN_JOIN_LEFT,
        [AST_JOIN_RIGHT] = PLAN_JOIN_RIGHT, [AST_JOIN_FULL] = PLAN_JOIN_FULL,
        [AST_JOIN_CROSS] = PLAN_JOIN_INNER};
    const struct ast_join *a = ref->join;
    struct rel *l, *r;
    struct scope *ls, *rs;
    bool lateral = a->right->lateral;

    ERR_TRY(plan_table_ref(p, outer, a->left, &l, &ls));
    bool gen = a->right->kind == AST_TABLE_FUNCS;
    if (lateral || gen) {
        ls->outer = outer;
        ERR_TRY(plan_lateral_ref(p, ls, a->right, &r, &rs));
    } else {
        ERR_TRY(plan_table_ref(p, outer, a->right, &r, &rs));
    }
    rs->outer = outer;
    ERR_TRY(plan_check_duplicates(ls, rs));
    struct rel *j = rel_join(p, types[a->type], l, r);
    if (a->hint == AST_JOIN_HINT_LOOKUP && (a->type == AST_JOIN_RIGHT || a->type == AST_JOIN_FULL))
        return err_new(ERR_SYNTAX, "LOOKUP can only be used with INNER or LEFT joins");
    j->hint = a->hint;
    if (lateral || gen) {
        if (r->kind == REL_NODE)
            ERR_TRY(plan_bind_outer(p, r->node, &j->n_params, &j->params));
        j->apply = j->n_params > 0;
        if (j->apply && (j->type == PLAN_JOIN_RIGHT || j->type == PLAN_JOIN_FULL))
            return err_new(ERR_INVALID_COLUMN_REFERENCE,
                           "the combining JOIN type must be INNER or LEFT for a LATERAL reference");
    }
    *rel = j;
    if (a->natural || a->using_columns.count > 0) {
        const char **names;
        int n = 0;
        if (a->natural) {
            names = ARENA_ARRAY(p->arena, const char *, (size_t)ls->n + 1);
            for (int i = 0; i < ls->n; i++) {
                int count;
                const struct scope_column *c = &ls->columns[i];
                if (c->hidden || c->qualified_only || c->name == NULL)
                    continue;
                int at = find_column(rs, c->name, &count);
                if (count > 0 && !rs->columns[at].hidden)
                    names[n++] = c->name;
            }
        } else {
            names = ARENA_ARRAY(p->arena, const char *, (size_t)a->using_columns.count + 1);
            for (int i = 0; i < a->using_columns.count; i++)
                names[n++] = slice_str(p, a->using_columns.items[i].text);
        }
        return join_using(p, outer, j, ls, rs, names, n, scope);
    }
    *scope = concat_scopes(p, outer, ls, rs, l->n_cols);
    if (a->on != NULL) {
        struct type_ctx c;
        struct expr *on, **v = NULL;
        int n = 0, cap = 0;
        type_ctx_init(&c, p, *scope, "ON", REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
        (*scope)->no_aggregates = "JOIN conditions";
        struct error *err = type_expr_as(&c, a->on, &TYPE_BOOL, "ON", &on);
        (*scope)->no_aggregates = NULL;
        ERR_TRY(err);
        conjuncts(p, on, &v, &n, &cap);
        for (int i = 0; i < n; i++)
            rel_push_on(p, j, v[i]);
    }
    return NULL;
}

static struct error *
add_ordinality(struct planner *p, struct rel **rel, struct scope *s)
{
    struct rel *r = *rel;
    bool *need = ARENA_ARRAY(p->arena, bool, (size_t)r->n_cols + 1);
    int *map = ARENA_ARRAY(p->arena, int, (size_t)r->n_cols + 1);
    struct plan_node *in;

    memset(need, true, (size_t)r->n_cols);
    ERR_TRY(rel_lower(p, r, need, NULL, &in, map));
    struct plan_ordinality *o = plan_node_new(p, PLAN_ORDINALITY, sizeof(*o), in->n_cols + 1, 1);
    memcpy(o->base.cols, in->cols, (size_t)in->n_cols * sizeof(in->cols[0]));
    o->base.cols[in->n_cols] = (struct plan_column){.name = "ordinality", .type = &TYPE_INT8};
    o->base.children[0] = in;
    o->base.n_ordering = in->n_ordering;
    o->base.ordering = in->ordering;
    for (int i = 0; i < s->n; i++)
        s->columns[i].index = map[s->columns[i].index];
    scope_add(p, s,
              (struct scope_column){.name = "ordinality",
                                    .table = s->n > 0 ? s->columns[0].table : NULL,
                                    .type = &TYPE_INT8,
                                    .index = in->n_cols});
    *rel = rel_of_node(p, &o->base);
    return NULL;
}

static bool
is_mutation(const struct ast_stmt *s)
{
    return s->kind == AST_STMT_INSERT || s->kind == AST_STMT_UPDATE || s->kind == AST_STMT_DELETE;
}

struct error *
plan_table_ref(struct planner *p, struct scope *outer, const struct ast_table_ref *r,
               struct rel **rel, struct scope **scope)
{
    struct plan_node *n;
    struct error *err = NULL;

    if (++p->depth > PLAN_MAX_DEPTH)
        return err_new(ERR_STATEMENT_TOO_COMPLEX, "the statement is nested too deeply");
    switch (r->kind) {
    case AST_TABLE_NAME:
        err = name_source(p, outer, r, rel, scope);
        break;
    case AST_TABLE_NUMERIC:
        err = numeric_source(p, outer, r, rel, scope);
        break;
    case AST_TABLE_SUBQUERY:
        *scope = NULL;
        if (!r->lateral)
            err = inline_select(p, outer, r->select, rel, scope);
        if (err == NULL && *scope == NULL)
            err = plan_select(p, outer, r->select, NULL, 0, &n);
        else
            n = NULL;
        if (err == NULL && n != NULL) {
            *rel = rel_of_node(p, n);
            *scope = scope_of_node(p, n, NULL, outer);
        }
        break;
    case AST_TABLE_FUNCS:
        err = funcs_source(p, outer, r, rel, scope);
        break;
    case AST_TABLE_JOIN:
        err = join_source(p, outer, r, rel, scope);
        break;
    case AST_TABLE_STMT:
        err = plan_row_source(p, r->stmt, &n);
        if (err == NULL && n->n_cols == 0 && is_mutation(r->stmt) && !mutation_returns(n)) {
            struct str text;
            str_init_arena(&text, p->arena, 1 << 20);
            print_stmt(&text, r->stmt, &(struct print_opts){0});
            err = err_new(ERR_UNDEFINED_COLUMN,
                          "statement source \"%s\" does not return any columns", str_cstr(&text));
        }
        if (err == NULL) {
            *rel = rel_of_node(p, n);
            *scope = scope_of_node(p, n, NULL, outer);
        }
        break;
    case AST_TABLE_PAREN:
        err = plan_table_ref(p, outer, r->inner, rel, scope);
        break;
    }
    p->depth--;
    if (err != NULL)
        return err;
    if (r->ordinality)
        ERR_TRY(add_ordinality(p, rel, *scope));
    if (r->has_alias) {
        ERR_TRY(apply_alias(p, *scope, &r->alias, "subquery"));
        if ((*rel)->kind == REL_TABLE && r->alias.name.len > 0)
            (*rel)->alias = slice_str(p, r->alias.name);
    }
    return NULL;
}

struct error *
plan_from(struct planner *p, struct scope *outer, const struct ast_table_refs *from,
          struct rel **rel, struct scope **scope)
{
    if (from->count == 0) {
        *rel = rel_of_node(p, plan_one_row(p));
        *scope = scope_new(p, outer);
        return NULL;
    }
    ERR_TRY(plan_table_ref(p, outer, from->items[0], rel, scope));
    for (int i = 1; i < from->count; i++) {
        const struct ast_table_ref *ref = from->items[i];
        struct rel *r;
        struct scope *rs;
        bool lateral = ref->lateral || ref->kind == AST_TABLE_FUNCS;
        (*scope)->outer = outer;
        if (lateral)
            ERR_TRY(plan_lateral_ref(p, *scope, ref, &r, &rs));
        else
            ERR_TRY(plan_table_ref(p, outer, ref, &r, &rs));
        ERR_TRY(plan_check_duplicates(*scope, rs));
        struct rel *j = rel_join(p, PLAN_JOIN_INNER, *rel, r);
        if (lateral && r->kind == REL_NODE) {
            ERR_TRY(plan_bind_outer(p, r->node, &j->n_params, &j->params));
            j->apply = j->n_params > 0;
        }
        *scope = concat_scopes(p, outer, *scope, rs, (*rel)->n_cols);
        *rel = j;
    }
    (*scope)->has_source = true;
    (*scope)->outer = outer;
    return NULL;
}
