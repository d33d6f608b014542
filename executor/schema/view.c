/* CREATE VIEW: the query is kept as text in which every relation has its full name, and every relation
 * that it reads knows the view. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "catalog/build.h"
#include "grammar/parse.h"
#include "grammar/print.h"
#include "types/session_hooks.h"

/* ---- what the query reads -------------------------------------------------------------------- */

struct cte_name {
    const struct cte_name *next;
    struct slice name;
};

struct relation_use {          /* one table reference */
    struct relation_use *next;
    const struct table *t;
    uint32_t index_id;         /* forced; 0: none */
    struct slice alias;
};

struct mention {               /* a column's name, perhaps with a qualifier */
    struct mention *next;
    struct slice qualifier, name;
};

struct walk {
    struct exec_ctx *x;
    const struct cte_name *ctes;
    struct relation_use *uses;
    struct mention *mentions;
};

static struct error *walk_select(struct walk *w, struct ast_select *s);
static struct error *walk_expr(struct walk *w, struct ast_expr *e);
static struct error *walk_ref(struct walk *w, struct ast_table_ref *r);

static void
mention(struct walk *w, struct slice qualifier, struct slice name)
{
    struct mention *m = ARENA_NEW(w->x->arena, struct mention);
    *m = (struct mention){w->mentions, qualifier, name};
    w->mentions = m;
}

static struct error *
walk_exprs(struct walk *w, const struct ast_exprs *l)
{
    for (int i = 0; i < l->count; i++)
        ERR_TRY(walk_expr(w, l->items[i]));
    return NULL;
}

static struct error *
walk_order(struct walk *w, struct ast_order_by *o)
{
    for (int i = 0; i < o->count; i++)
        ERR_TRY(walk_expr(w, o->items[i].expr));
    return NULL;
}

static struct error *
walk_window(struct walk *w, struct ast_window *win)
{
    if (win == NULL)
        return NULL;
    ERR_TRY(walk_exprs(w, &win->partitions));
    ERR_TRY(walk_order(w, &win->order_by));
    if (win->frame == NULL)
        return NULL;
    ERR_TRY(walk_expr(w, win->frame->start.expr));
    return win->frame->has_end ? walk_expr(w, win->frame->end.expr) : NULL;
}

static struct error *
refuse_star(void)
{
    return err_unimplemented(10028, "views do not currently support * expressions");
}

static bool
is_count_star(const struct ast_func *f)
{
    return f->args.count == 1 && f->args.items[0]->kind == AST_EXPR_COLUMN &&
           f->args.items[0]->column.star && f->args.items[0]->column.count == 0;
}

/* nextval('s'): the view depends on the sequence. */
static struct error *
note_sequence(struct walk *w, const struct ast_func *f)
{
    static const char *const names[] = {"nextval", "currval", "setval"};
    struct slice name = f->parts[f->part_count - 1];
    bool known = false;
    for (int i = 0; i < 3; i++)
        known = known || slice_eq(name, slice_cstr(names[i]));
    if (!known || f->args.count == 0)
        return NULL;
    const struct ast_expr *e = f->args.items[0];
    while (e->kind == AST_EXPR_CAST || e->kind == AST_EXPR_ANNOTATE)
        e = e->cast.expr;
    if (e->kind != AST_EXPR_STRING)
        return NULL;
    const struct eval_env *env = &w->x->env;
    const struct table *t;
    uint32_t id;
    ERR_TRY(env->hooks->name_to_oid(env, TYPE_REGCLASS.oid, e->string.text, &id));
    ERR_TRY(catalog_table_by_id(w->x->catalog, id, &t));
    if (t == NULL || !t->is_sequence)
        return NULL; /* told of when the view is read */
    struct relation_use *u = ARENA_NEW(w->x->arena, struct relation_use);
    *u = (struct relation_use){.next = w->uses, .t = t};
    w->uses = u;
    return NULL;
}

static struct error *
walk_func(struct walk *w, struct ast_func *f)
{
    ERR_TRY(note_sequence(w, f));
    if (!is_count_star(f))
        ERR_TRY(walk_exprs(w, &f->args));
    ERR_TRY(walk_order(w, &f->order_by));
    ERR_TRY(walk_expr(w, f->filter));
    return walk_window(w, f->over);
}

static struct error *
walk_case(struct walk *w, struct ast_case *c)
{
    ERR_TRY(walk_expr(w, c->operand));
    for (int i = 0; i < c->count; i++) {
        ERR_TRY(walk_expr(w, c->items[i].cond));
        ERR_TRY(walk_expr(w, c->items[i].value));
    }
    return walk_expr(w, c->otherwise);
}

static struct error *
walk_subscript(struct walk *w, struct ast_subscript *s)
{
    for (int i = 0; i < s->count; i++) {
        ERR_TRY(walk_expr(w, s->items[i].begin));
        ERR_TRY(walk_expr(w, s->items[i].end));
    }
    return walk_expr(w, s->base);
}

static struct error *
walk_two(struct walk *w, struct ast_expr *a, struct ast_expr *b)
{
    ERR_TRY(walk_expr(w, a));
    return walk_expr(w, b);
}

static struct error *
walk_expr(struct walk *w, struct ast_expr *e)
{
    if (e == NULL)
        return NULL;
    switch (e->kind) {
    case AST_EXPR_COLUMN:
        if (e->column.star)
            return refuse_star();
        mention(w, e->column.count > 1 ? e->column.parts[e->column.count - 2] : SLICE_NULL,
                e->column.parts[e->column.count - 1]);
        return NULL;
    case AST_EXPR_UNARY:
    case AST_EXPR_NOT:
        return walk_expr(w, e->unary.expr);
    case AST_EXPR_BINARY:
    case AST_EXPR_AND:
    case AST_EXPR_OR:
        return walk_two(w, e->binary.left, e->binary.right);
    case AST_EXPR_COMPARISON:
        return walk_two(w, e->comparison.left, e->comparison.right);
    case AST_EXPR_BETWEEN:
        ERR_TRY(walk_expr(w, e->between.expr));
        return walk_two(w, e->between.low, e->between.high);
    case AST_EXPR_IS_OF:
        return walk_expr(w, e->is_of.expr);
    case AST_EXPR_PAREN:
        return walk_expr(w, e->inner);
    case AST_EXPR_CASE:
        return walk_case(w, e->case_);
    case AST_EXPR_COALESCE:
    case AST_EXPR_NULLIF:
    case AST_EXPR_IF:
    case AST_EXPR_IFERROR:
    case AST_EXPR_ISERROR:
        return walk_exprs(w, &e->call.args);
    case AST_EXPR_FUNC:
        return walk_func(w, e->func);
    case AST_EXPR_CAST:
    case AST_EXPR_ANNOTATE:
        return walk_expr(w, e->cast.expr);
    case AST_EXPR_COLLATE:
        return walk_expr(w, e->collate.expr);
    case AST_EXPR_SUBSCRIPT:
        return walk_subscript(w, e->subscript);
    case AST_EXPR_FIELD:
        if (e->field.star)
            return refuse_star();
        return walk_expr(w, e->field.expr);
    case AST_EXPR_TUPLE:
        return walk_exprs(w, &e->tuple.exprs);
    case AST_EXPR_ARRAY:
        return walk_exprs(w, &e->list);
    case AST_EXPR_ARRAY_SUBQUERY:
    case AST_EXPR_SUBQUERY:
    case AST_EXPR_EXISTS:
        return walk_select(w, e->subquery.select);
    default:
        return NULL;
    }
}

/* ---- relations ------------------------------------------------------------------------------- */

static void
mention_all(struct walk *w, const struct table *t, struct slice qualifier)
{
    for (int i = 0; i < t->n_columns; i++)
        mention(w, qualifier, slice_cstr(t->columns[i].name));
}

static struct error *
note_relation(struct walk *w, struct ast_table_ref *r, const struct table *t)
{
    struct relation_use *u = ARENA_NEW(w->x->arena, struct relation_use);
    *u = (struct relation_use){.next = w->uses, .t = t};
    u->alias = r->has_alias && r->alias.name.len > 0 ? r->alias.name : slice_cstr(t->name);
    if (r->flags != NULL && r->flags->index.len > 0) {
        const struct index *ix = table_index(t, ddl_text(w->x, r->flags->index));
        u->index_id = ix != NULL ? ix->id : 0;
    } else if (r->flags != NULL) {
        u->index_id = (uint32_t)r->flags->index_id;
    }
    /* AS a (x, y) renames: whichever is used is not known by its name. */
    if (t->is_view || (r->has_alias && r->alias.columns.count > 0))
        mention_all(w, t, u->alias);
    w->uses = u;
    return NULL;
}

static struct error *
walk_name(struct walk *w, struct ast_table_ref *r)
{
    struct exec_ctx *x = w->x;
    struct object_name name = ddl_object_name(x, &r->name);
    const struct table *t;
    const struct database *db;
    const char *schema;
    for (const struct cte_name *c = w->ctes; c != NULL && r->name.count == 1; c = c->next)
        if (slice_eq(c->name, r->name.object))
            return NULL;
    ERR_TRY(catalog_resolve(x->catalog, &x->names, &name, &t, &db, &schema));
    if (t == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation \"%s\" does not exist",
                       ddl_name_shown(x, &r->name));
    if (!t->is_virtual) {
        ERR_TRY(catalog_database_by_id(x->catalog, t->parent_id, &db));
        if (!t->is_temporary)
            schema = "public";
    }
    r->name.catalog = slice_cstr(db != NULL ? arena_strdup(x->arena, db->name) : "");
    r->name.schema = slice_cstr(arena_strdup(x->arena, schema));
    r->name.count = 3;
    return t->is_virtual ? NULL : note_relation(w, r, t);
}

static struct error *
walk_join(struct walk *w, struct ast_join *j)
{
    ERR_TRY(walk_ref(w, j->left));
    ERR_TRY(walk_ref(w, j->right));
    ERR_TRY(walk_expr(w, j->on));
    for (int i = 0; i < j->using_columns.count; i++)
        mention(w, SLICE_NULL, j->using_columns.items[i].text);
    if (j->natural)
        for (const struct relation_use *u = w->uses; u != NULL; u = u->next)
            mention_all(w, u->t, u->alias);
    return NULL;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/opt/optbuilder/builder.go, insideViewDef. */
static struct error *
refuse_change(const struct ast_stmt *s)
{
    const char *what = s->kind == AST_STMT_INSERT   ? s->insert->upsert ? "UPSERT" : "INSERT"
                       : s->kind == AST_STMT_UPDATE ? "UPDATE"
                       : s->kind == AST_STMT_DELETE ? "DELETE"
                                                    : NULL;
    return what == NULL ? NULL
                        : err_new(ERR_SYNTAX, "%s cannot be used inside a view definition", what);
}

/* [statement] */
static struct error *
walk_source(struct walk *w, struct ast_stmt *s)
{
    ERR_TRY(refuse_change(s));
    return s->kind == AST_STMT_SELECT ? walk_select(w, s->select) : NULL;
}

static struct error *
walk_ref(struct walk *w, struct ast_table_ref *r)
{
    const struct table *t;
    switch (r->kind) {
    case AST_TABLE_NAME:
        return walk_name(w, r);
    case AST_TABLE_NUMERIC:
        ERR_TRY(catalog_table_by_id(w->x->catalog, (uint32_t)r->numeric->table_id, &t));
        if (t == NULL)
            return NULL; /* planning said so */
        ERR_TRY(note_relation(w, r, t));
        mention_all(w, t, w->uses->alias);
        return NULL;
    case AST_TABLE_SUBQUERY:
        return walk_select(w, r->select);
    case AST_TABLE_FUNCS:
        return walk_exprs(w, &r->funcs.calls);
    case AST_TABLE_JOIN:
        return walk_join(w, r->join);
    case AST_TABLE_STMT:
        return walk_source(w, r->stmt);
    case AST_TABLE_PAREN:
        return walk_ref(w, r->inner);
    }
    return NULL;
}

/* ---- queries --------------------------------------------------------------------------------- */

static struct error *
walk_clause(struct walk *w, struct ast_select_clause *c)
{
    if (c->as_of != NULL)
        return err_new(ERR_SYNTAX, "AS OF SYSTEM TIME must be provided on a top-level statement");
    for (int i = 0; i < c->from.count; i++)
        ERR_TRY(walk_ref(w, c->from.items[i]));
    if (c->table_form)
        return refuse_star();
    ERR_TRY(walk_exprs(w, &c->distinct_on));
    for (int i = 0; i < c->items.count; i++)
        ERR_TRY(walk_expr(w, c->items.items[i].expr));
    ERR_TRY(walk_expr(w, c->where));
    ERR_TRY(walk_exprs(w, &c->group_by));
    ERR_TRY(walk_expr(w, c->having));
    for (int i = 0; i < c->windows.count; i++)
        ERR_TRY(walk_window(w, c->windows.items[i]));
    return NULL;
}

static struct error *
walk_with(struct walk *w, struct ast_with *with)
{
    for (int i = 0; with != NULL && i < with->count; i++) {
        struct ast_cte *c = &with->items[i];
        struct cte_name *n = ARENA_NEW(w->x->arena, struct cte_name);
        *n = (struct cte_name){w->ctes, c->name.name};
        if (with->recursive)
            w->ctes = n;
        ERR_TRY(walk_source(w, c->stmt));
        w->ctes = n;
    }
    return NULL;
}

static struct error *
walk_body(struct walk *w, struct ast_select *s)
{
    ERR_TRY(walk_with(w, s->with));
    switch (s->kind) {
    case AST_SELECT_CLAUSE:
        ERR_TRY(walk_clause(w, s->clause));
        break;
    case AST_SELECT_VALUES:
        for (int i = 0; i < s->values->count; i++)
            ERR_TRY(walk_exprs(w, &s->values->items[i]));
        break;
    case AST_SELECT_SETOP:
        ERR_TRY(walk_select(w, s->setop.left));
        ERR_TRY(walk_select(w, s->setop.right));
        break;
    case AST_SELECT_PAREN:
        ERR_TRY(walk_select(w, s->inner));
        break;
    }
    ERR_TRY(walk_order(w, &s->order_by));
    ERR_TRY(walk_expr(w, s->limit));
    return walk_expr(w, s->offset);
}

static struct error *
walk_select(struct walk *w, struct ast_select *s)
{
    const struct cte_name *outside = w->ctes;
    struct error *err = walk_body(w, s);
    w->ctes = outside;
    return err;
}

/* ---- dependencies ---------------------------------------------------------------------------- */

static bool
is_mentioned(const struct walk *w, const struct relation_use *u, const char *column)
{
    for (const struct mention *m = w->mentions; m != NULL; m = m->next)
        if (slice_eq(m->name, slice_cstr(column)) &&
            (m->qualifier.len == 0 || slice_eq(m->qualifier, u->alias)))
            return true;
    return false;
}

/* One reference for each relation and index read. */
static struct error *
link_one(struct walk *w, pb_table *view, const struct relation_use *u)
{
    struct exec_ctx *x = w->x;
    Amberdb__Reference *ref = NULL;
    pb_table *t;
    ERR_TRY(ddl_mutable(x, u->t->id, &t));
    for (size_t i = 0; i < t->n_depended_on_by; i++)
        if (t->depended_on_by[i]->id == view->id &&
            PB_GET(t->depended_on_by[i], index_id) == u->index_id)
            ref = t->depended_on_by[i];
    if (ref == NULL) {
        ref = PB_NEW(x->arena, Reference, reference);
        PB_SET(ref, id, view->id);
        PB_SET(ref, index_id, u->index_id);
        PB_PUSH(x->arena, t->depended_on_by, t->n_depended_on_by, ref);
    }
    for (int i = 0; i < u->t->n_columns; i++) {
        uint32_t id = u->t->columns[i].id;
        if (is_mentioned(w, u, u->t->columns[i].name) &&
            !pb_u32_contains(ref->column_ids, ref->n_column_ids, id))
            PB_PUSH(x->arena, ref->column_ids, ref->n_column_ids, id);
    }
    return catalog_write_table(x->catalog, t);
}

/* ---- the statement --------------------------------------------------------------------------- */

static struct error *
view_columns(struct exec_ctx *x, const struct ast_create_view *n, pb_table *view)
{
    const struct plan_column *cols;
    int n_cols;
    ERR_TRY(exec_select_columns(x, n->select, &n_cols, &cols));
    if (n->columns.count > 0 && n->columns.count != n_cols)
        return err_new(ERR_SYNTAX,
                       "CREATE VIEW specifies %d column name%s, but data source has %d column%s",
                       n->columns.count, n->columns.count == 1 ? "" : "s", n_cols,
                       n_cols == 1 ? "" : "s");
    for (int i = 0; i < n_cols; i++) {
        const char *name = n->columns.count > 0 ? ddl_text(x, n->columns.items[i].text)
                                                : cols[i].name;
        ERR_TRY(ddl_check_value_type(x, cols[i].type));
        pb_column *c = build_column(x->arena, name, cols[i].type, true);
        PB_PUSH(x->arena, view->columns, view->n_columns, c);
    }
    return NULL;
}

/* What reads a temporary table is temporary. */
static struct error *
view_persistence(struct walk *w, const struct ast_create_view *n, struct ddl_target *to,
                 pb_table *view)
{
    struct exec_ctx *x = w->x;
    for (const struct relation_use *u = w->uses; u != NULL && !to->temporary; u = u->next)
        if (u->t->is_temporary) {
            struct ast_object_name own = n->name;
            if (own.count < 3)
                own.catalog = slice_cstr(to->db->name);
            own.schema = SLICE_LIT("pg_temp");
            own.count = 3;
            ERR_TRY(ddl_new_relation(x, &own, true, false, to));
            exec_notice(x, err_new(ERR_SUCCESSFUL_COMPLETION,
                                   "view \"%s\" will be a temporary view", view->name));
        }
    if (to->temporary) {
        PB_SET(view, temporary, true);
        PB_SET(view, unexposed_parent_schema_id, to->schema_id);
    }
    return NULL;
}

static struct error *
create_view_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_create_view *n = s->create_view;
    struct walk w = {.x = x};
    struct ddl_target to;
    const struct table *made;
    struct ast_stmt *own; /* a tree of our own, to be changed */
    struct str text;
    uint32_t id;
    (void)rows;
    (void)tag;
    ERR_TRY(ddl_new_relation(x, &n->name, n->temporary, n->if_not_exists, &to));
    if (to.exists)
        return NULL;
    pb_table *view = build_table(x->arena, to.db->id, ddl_text(x, n->name.object));
    ERR_TRY(parse_one(x->arena, s->source, &own));
    if (own->kind != AST_STMT_CREATE_VIEW)
        return err_new(ERR_INTERNAL, "CREATE VIEW without its text");
    ERR_TRY(walk_select(&w, own->create_view->select));
    ERR_TRY(view_columns(x, n, view));
    ERR_TRY(view_persistence(&w, n, &to, view));
    str_init_arena(&text, x->arena, STR_MAX_DEFAULT);
    print_select(&text, own->create_view->select, NULL);
    ERR_TRY(str_error(&text));
    ERR_TRY(catalog_new_id(x->catalog, &id));
    PB_SET(view, id, id);
    view->privileges =
        (Amberdb__PrivilegeDescriptor *)(void *)pb_copy(x->arena, PB_BASE(to.db->pb->privileges));
    view->view_query = arena_strdup(x->arena, str_cstr(&text));
    for (const struct relation_use *u = w.uses; u != NULL; u = u->next)
        if (!pb_u32_contains(view->depends_on, view->n_depends_on, u->t->id))
            PB_PUSH(x->arena, view->depends_on, view->n_depends_on, u->t->id);
    ERR_TRY(build_finish_table(x->arena, view));
    ERR_TRY(catalog_put_descriptor(x->catalog, id, pb_descriptor_of_table(x->arena, view)));
    ERR_TRY(ddl_put_name(x, view));
    for (const struct relation_use *u = w.uses; u != NULL; u = u->next)
        ERR_TRY(link_one(&w, view, u));
    ERR_TRY(catalog_table_by_id(x->catalog, id, &made));
    struct ddl_field fields[] = {{"ViewName", ddl_qualified(x, made), false},
                                 {"ViewQuery", view->view_query, false}};
    return ddl_event(x, "create_view", id, NO_STATEMENT, 2, fields);
}

static const struct statement_ops view_ops[] = {
    {.kind = AST_STMT_CREATE_VIEW, .tag = "CREATE VIEW", .flags = STMT_WRITES | STMT_DDL,
     .run = create_view_run},
};

const struct statement_family statement_family_view = {view_ops,
                                                       sizeof(view_ops) / sizeof(view_ops[0])};
