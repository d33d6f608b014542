/* grammar/print_query.c - SELECT and friends, INSERT, UPDATE, DELETE back to text.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/sem/tree: select.go, insert.go, update.go, delete.go, with.go. */
#include "config.h"

#include "grammar/print_int.h"

void
pr_as_of(struct printer *p, const struct ast_expr *e)
{
    if (e == NULL)
        return;
    P(" AS OF SYSTEM TIME ");
    pr_expr(p, e);
}

/* After AS: `of` would begin AS OF SYSTEM TIME. */
static bool
pr_of(struct printer *p, struct slice name)
{
    if (!slice_eq(name, SLICE_LIT("of")))
        return false;
    P("\"of\"");
    return true;
}

static void
pr_alias(struct printer *p, const struct ast_alias *a)
{
    if (!pr_of(p, a->name))
        PN(a->name);
    if (a->columns.count > 0) {
        P(" (");
        pr_names(p, &a->columns);
        P(")");
    }
}

static void
pr_with(struct printer *p, const struct ast_with *w)
{
    static const char *const materialize[] = {
        [AST_MTR_DEFAULT] = " AS (",
        [AST_MTR_ALWAYS] = " AS MATERIALIZED (",
        [AST_MTR_NEVER] = " AS NOT MATERIALIZED (",
    };
    if (w == NULL)
        return;
    P("WITH ");
    if (w->recursive)
        P("RECURSIVE ");
    for (int i = 0; i < w->count; i++) {
        if (i > 0)
            P(", ");
        pr_alias(p, &w->items[i].name);
        str_append_cstr(p->out, materialize[w->items[i].materialize]);
        pr_stmt(p, w->items[i].stmt);
        P(")");
    }
    P(" ");
}

static void
pr_items(struct printer *p, const struct ast_select_items *l)
{
    for (int i = 0; i < l->count; i++) {
        if (i > 0)
            P(", ");
        pr_expr(p, l->items[i].expr);
        if (l->items[i].has_alias) {
            P(" AS ");
            if (!pr_of(p, l->items[i].alias))
                print_unrestricted_name(p->out, l->items[i].alias);
        }
    }
}

static void
pr_index_flags(struct printer *p, const struct ast_index_flags *f)
{
    bool plain = !f->no_index_join && !f->ignore_foreign_keys && f->direction == AST_INDEX_DIR_ANY;
    bool forced = f->index.len > 0 || f->index_id != 0;
    const char *comma = "";

    P("@");
    if (!plain)
        P("{");
    if (forced) {
        if (!plain)
            P("FORCE_INDEX=");
        if (f->index.len > 0) {
            print_unrestricted_name(p->out, f->index);
        } else {
            P("[");
            pr_int(p, f->index_id);
            P("]");
        }
        if (f->direction != AST_INDEX_DIR_ANY)
            str_append_cstr(p->out, f->direction == AST_INDEX_DIR_ASC ? ",ASC" : ",DESC");
        comma = ",";
    }
    if (f->no_index_join) {
        str_printf(p->out, "%sNO_INDEX_JOIN", comma);
        comma = ",";
    }
    if (f->ignore_foreign_keys)
        str_printf(p->out, "%sIGNORE_FOREIGN_KEYS", comma);
    if (!plain)
        P("}");
}

static void pr_table_ref(struct printer *p, const struct ast_table_ref *t);

static void
pr_join(struct printer *p, const struct ast_join *j)
{
    static const char *const types[] = {
        [AST_JOIN_INNER] = "INNER ", [AST_JOIN_LEFT] = "LEFT ", [AST_JOIN_RIGHT] = "RIGHT ",
        [AST_JOIN_FULL] = "FULL ",   [AST_JOIN_CROSS] = "CROSS ",
    };
    static const char *const hints[] = {
        [AST_JOIN_HINT_NONE] = "",
        [AST_JOIN_HINT_HASH] = "HASH ",
        [AST_JOIN_HINT_MERGE] = "MERGE ",
        [AST_JOIN_HINT_LOOKUP] = "LOOKUP ",
    };
    pr_table_ref(p, j->left);
    P(" ");
    if (j->natural)
        P("NATURAL ");
    if (j->type != AST_JOIN_INNER || j->inner_written) {
        str_append_cstr(p->out, types[j->type]);
        str_append_cstr(p->out, hints[j->hint]);
    }
    P("JOIN ");
    pr_table_ref(p, j->right);
    if (j->on != NULL) {
        P(" ON ");
        pr_expr(p, j->on);
    } else if (j->using_columns.count > 0) {
        P(" USING (");
        pr_names(p, &j->using_columns);
        P(")");
    }
}

static void
pr_numeric(struct printer *p, const struct ast_numeric_ref *n)
{
    P("[");
    pr_int(p, n->table_id);
    if (n->has_columns) {
        P("(");
        for (int i = 0; i < n->count; i++) {
            if (i > 0)
                P(", ");
            pr_int(p, n->items[i]);
        }
        P(")");
    }
    if (n->alias.name.len > 0) {
        P(" AS ");
        pr_alias(p, &n->alias);
    }
    P("]");
}

static void
pr_table_ref(struct printer *p, const struct ast_table_ref *t)
{
    if (t->lateral)
        P("LATERAL ");
    switch (t->kind) {
    case AST_TABLE_NAME: pr_object_name(p, &t->name); break;
    case AST_TABLE_NUMERIC: pr_numeric(p, t->numeric); break;
    case AST_TABLE_SUBQUERY: pr_select(p, t->select); break;
    case AST_TABLE_FUNCS:
        P("ROWS FROM (");
        pr_exprs(p, &t->funcs.calls);
        P(")");
        break;
    case AST_TABLE_JOIN: pr_join(p, t->join); break;
    case AST_TABLE_STMT:
        P("[");
        pr_stmt(p, t->stmt);
        P("]");
        break;
    case AST_TABLE_PAREN:
        P("(");
        pr_table_ref(p, t->inner);
        P(")");
        break;
    }
    if (t->flags != NULL)
        pr_index_flags(p, t->flags);
    if (t->ordinality)
        P(" WITH ORDINALITY");
    if (t->has_alias) {
        P(" AS ");
        pr_alias(p, &t->alias);
    }
}

static void
pr_table_refs(struct printer *p, const struct ast_table_refs *l)
{
    for (int i = 0; i < l->count; i++) {
        if (i > 0)
            P(", ");
        pr_table_ref(p, l->items[i]);
    }
}

static void
pr_clause(struct printer *p, const struct ast_select_clause *c)
{
    if (c->table_form) {
        P("TABLE ");
        pr_table_ref(p, c->from.items[0]);
        return;
    }
    P("SELECT ");
    if (c->distinct)
        P("DISTINCT ");
    if (c->distinct_on_given) {
        P("DISTINCT ON (");
        pr_exprs(p, &c->distinct_on);
        P(") ");
    }
    pr_items(p, &c->items);
    if (c->from.count > 0) {
        P(" FROM ");
        pr_table_refs(p, &c->from);
        pr_as_of(p, c->as_of);
    }
    if (c->where != NULL) {
        P(" WHERE ");
        pr_expr(p, c->where);
    }
    if (c->group_by.count > 0) {
        P(" GROUP BY ");
        pr_exprs(p, &c->group_by);
    }
    if (c->having != NULL) {
        P(" HAVING ");
        pr_expr(p, c->having);
    }
    for (int i = 0; i < c->windows.count; i++) {
        str_append_cstr(p->out, i == 0 ? " WINDOW " : ", ");
        PN(c->windows.items[i]->name);
        P(" AS ");
        pr_window_spec(p, c->windows.items[i]);
    }
}

static void
pr_values(struct printer *p, const struct ast_values *v)
{
    P("VALUES ");
    for (int i = 0; i < v->count; i++) {
        str_append_cstr(p->out, i == 0 ? "(" : ", (");
        pr_elements(p, &v->items[i]);
        P(")");
        if (p->opts->hide_constants && v->count > 1) {
            P(", (");
            pr_more(p, v->count - 1);
            P(")");
            return;
        }
    }
}

static void
pr_setop(struct printer *p, const struct ast_select *s)
{
    static const char *const ops[] = {[AST_SETOP_UNION] = " UNION",
                                      [AST_SETOP_INTERSECT] = " INTERSECT",
                                      [AST_SETOP_EXCEPT] = " EXCEPT"};
    pr_select(p, s->setop.left);
    str_append_cstr(p->out, ops[s->setop.op]);
    if (s->setop.all)
        P(" ALL");
    P(" ");
    pr_select(p, s->setop.right);
}

static void
pr_limit(struct printer *p, const struct ast_expr *limit, const struct ast_expr *offset)
{
    if (limit != NULL) {
        P(" LIMIT ");
        pr_expr(p, limit);
    }
    if (offset != NULL) {
        P(" OFFSET ");
        pr_expr(p, offset);
    }
}

static void
pr_locking(struct printer *p, const struct ast_locking *l)
{
    static const char *const strengths[] = {
        [AST_LOCK_KEY_SHARE] = " FOR KEY SHARE",
        [AST_LOCK_SHARE] = " FOR SHARE",
        [AST_LOCK_NO_KEY_UPDATE] = " FOR NO KEY UPDATE",
        [AST_LOCK_UPDATE] = " FOR UPDATE",
    };
    static const char *const waits[] = {[AST_LOCK_WAIT_BLOCK] = "",
                                        [AST_LOCK_WAIT_SKIP] = " SKIP LOCKED",
                                        [AST_LOCK_WAIT_ERROR] = " NOWAIT"};
    for (int i = 0; i < l->count; i++) {
        str_append_cstr(p->out, strengths[l->items[i].strength]);
        if (l->items[i].targets.count > 0) {
            P(" OF ");
            pr_object_names(p, &l->items[i].targets);
        }
        str_append_cstr(p->out, waits[l->items[i].wait]);
    }
}

void
pr_select(struct printer *p, const struct ast_select *s)
{
    pr_with(p, s->with);
    switch (s->kind) {
    case AST_SELECT_CLAUSE: pr_clause(p, s->clause); break;
    case AST_SELECT_VALUES: pr_values(p, s->values); break;
    case AST_SELECT_SETOP: pr_setop(p, s); break;
    case AST_SELECT_PAREN:
        P("(");
        pr_select(p, s->inner);
        P(")");
        break;
    }
    if (s->order_by.count > 0) {
        P(" ");
        pr_order_by(p, &s->order_by);
    }
    pr_limit(p, s->limit, s->offset);
    pr_locking(p, &s->locking);
}

static void
pr_returning(struct printer *p, const struct ast_returning *r)
{
    if (r->kind == AST_RETURNING_NOTHING) {
        P(" RETURNING NOTHING");
    } else if (r->kind == AST_RETURNING_ITEMS) {
        P(" RETURNING ");
        pr_items(p, &r->items);
    }
}

static void
pr_sets(struct printer *p, const struct ast_set_clauses *l)
{
    for (int i = 0; i < l->count; i++) {
        const struct ast_set_clause *s = &l->items[i];
        if (i > 0)
            P(", ");
        if (s->tuple)
            P("(");
        pr_names(p, &s->columns);
        if (s->tuple)
            P(")");
        P(" = ");
        pr_expr(p, s->value);
    }
}

static void
pr_on_conflict(struct printer *p, const struct ast_on_conflict *c)
{
    P(" ON CONFLICT");
    if (c->columns.count > 0) {
        P(" (");
        pr_names(p, &c->columns);
        P(")");
    }
    if (c->do_nothing) {
        P(" DO NOTHING");
        return;
    }
    P(" DO UPDATE SET ");
    pr_sets(p, &c->set);
    if (c->where != NULL) {
        P(" WHERE ");
        pr_expr(p, c->where);
    }
}

static void
pr_insert(struct printer *p, const struct ast_insert *i)
{
    pr_with(p, i->with);
    str_append_cstr(p->out, i->upsert ? "UPSERT INTO " : "INSERT INTO ");
    pr_table_ref(p, i->table);
    if (i->columns.count > 0) {
        P("(");
        pr_names(p, &i->columns);
        P(")");
    }
    if (i->default_values) {
        P(" DEFAULT VALUES");
    } else {
        P(" ");
        pr_select(p, i->select);
    }
    if (i->on_conflict != NULL)
        pr_on_conflict(p, i->on_conflict);
    pr_returning(p, &i->returning);
}

static void
pr_where_order_limit(struct printer *p, const struct ast_expr *where, const struct ast_order_by *order,
                     const struct ast_expr *limit, const struct ast_expr *offset)
{
    if (where != NULL) {
        P(" WHERE ");
        pr_expr(p, where);
    }
    if (order->count > 0) {
        P(" ");
        pr_order_by(p, order);
    }
    pr_limit(p, limit, offset);
}

static void
pr_update(struct printer *p, const struct ast_update *u)
{
    pr_with(p, u->with);
    P("UPDATE ");
    pr_table_ref(p, u->table);
    P(" SET ");
    pr_sets(p, &u->set);
    if (u->from.count > 0) {
        P(" FROM ");
        pr_table_refs(p, &u->from);
    }
    pr_where_order_limit(p, u->where, &u->order_by, u->limit, u->offset);
    pr_returning(p, &u->returning);
}

static void
pr_delete(struct printer *p, const struct ast_delete *d)
{
    pr_with(p, d->with);
    P("DELETE FROM ");
    pr_table_ref(p, d->table);
    pr_where_order_limit(p, d->where, &d->order_by, d->limit, d->offset);
    pr_returning(p, &d->returning);
}

bool
pr_query_stmt(struct printer *p, const struct ast_stmt *s)
{
    switch (s->kind) {
    case AST_STMT_SELECT: pr_select(p, s->select); return true;
    case AST_STMT_INSERT: pr_insert(p, s->insert); return true;
    case AST_STMT_UPDATE: pr_update(p, s->update); return true;
    case AST_STMT_DELETE: pr_delete(p, s->delete_); return true;
    default: return false;
    }
}

void
print_select(struct str *out, const struct ast_select *select, const struct print_opts *opts)
{
    struct printer p = {out, opts != NULL ? opts : &print_opts_none};
    pr_select(&p, select);
}
