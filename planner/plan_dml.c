#include "config.h"

#include <stdlib.h>

#include "planner/plan_int.h"
#include "planner/type_int.h"

/* INSERT, UPSERT, UPDATE, DELETE. */

/* ---- what all of them share ----------------------------------------------------------------- */

struct error *
plan_target_init(struct planner *p, struct plan_target *t, const struct table *table,
                 const struct database *db)
{
    /* Checks may be of columns that are being added. */
    struct table all = *table;
    all.n_columns = all.n_all_columns;
    struct scope *scope = scope_of_table(p->arena, &all, NULL);

    t->table = table;
    t->database = db;
    t->n_indexes = table->n_all_indexes;
    t->legacy_fk_messages = p->legacy_fk_messages;
    t->checks = ARENA_ARRAY(p->arena, struct plan_check, table->held->n_checks + 1);
    for (size_t i = 0; i < table->held->n_checks; i++) {
        const Amberdb__CheckConstraint *c = table->held->checks[i];
        struct plan_check *k = &t->checks[t->n_checks++];
        k->name = c->name;
        k->text = c->expr;
        ERR_TRY(plan_stored_expr(p, scope, c->expr, &TYPE_BOOL, &k->cond));
    }
    t->computed = ARENA_ARRAY(p->arena, struct plan_computed, (size_t)table->n_all_columns + 1);
    for (int i = 0; i < table->n_all_columns; i++) {
        const struct column *c = &table->columns[i];
        if (c->compute_expr == NULL || c->state == DESC_DELETE_ONLY)
            continue;
        t->computed[t->n_computed].ordinal = i;
        ERR_TRY(plan_stored_expr(p, scope, c->compute_expr, c->type,
                                 &t->computed[t->n_computed].expr));
        t->n_computed++;
    }
    return NULL;
}

static struct error *
check_right(struct planner *p, const struct table *t, enum privilege priv)
{
    if (p->skip_privileges)
        return NULL;
    if (t->is_virtual)
        return err_new(ERR_INSUFFICIENT_PRIVILEGE,
                       "user %s does not have %s privilege on relation %s", p->user,
                       privilege_names[priv], t->name);
    return plan_check_right(p, t, priv);
}

static struct error *
target_table(struct planner *p, const struct ast_table_ref *r, const struct table **t,
             const struct database **db, const char **alias)
{
    const char *schema;

    if (r->kind == AST_TABLE_NUMERIC) {
        ERR_TRY(catalog_table_by_id(p->catalog, (uint32_t)r->numeric->table_id, t));
        if (*t == NULL)
            return err_new(ERR_UNDEFINED_TABLE, "relation \"[%lld]\" does not exist",
                           (long long)r->numeric->table_id);
        ERR_TRY(catalog_database_by_id(p->catalog, (*t)->parent_id, db));
        plan_use_table(p, *t);
    } else if (r->kind == AST_TABLE_NAME) {
        ERR_TRY(plan_resolve_table(p, &r->name, t, db, &schema));
    } else {
        return err_new(ERR_SYNTAX, "the target of the statement is not a table");
    }
    if ((*t)->is_view || (*t)->is_sequence)
        return err_new(ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a table", (*t)->name);
    *alias = (*t)->name;
    if (r->kind == AST_TABLE_NUMERIC && r->numeric->alias.name.len > 0)
        *alias = slice_str(p, r->numeric->alias.name);
    if (r->has_alias && r->alias.name.len > 0)
        *alias = slice_str(p, r->alias.name);
    return r->kind == AST_TABLE_NUMERIC ? plan_check_column_ids(r->numeric) : NULL;
}

/* UPDATE and DELETE take no list of columns: [53(1, 2) AS t]. */
static struct error *
no_column_ids(const struct ast_table_ref *r, const char *statement)
{
    if (r->kind != AST_TABLE_NUMERIC || !r->numeric->has_columns)
        return NULL;
    return err_new(ERR_SYNTAX, "cannot specify a list of column IDs with %s", statement);
}

static int
column_ordinal(const struct table *t, const char *name)
{
    for (int i = 0; i < t->n_columns; i++)
        if (strcmp(t->columns[i].name, name) == 0)
            return i;
    return -1;
}

static struct error *
not_computed(const struct table *t, int i)
{
    if (t->columns[i].compute_expr == NULL)
        return NULL;
    return err_new(ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                   "cannot write directly to computed column \"%s\"", t->columns[i].name);
}

static struct error *
writable_column(struct planner *p, const struct table *t, struct slice name, bool *seen, int *out)
{
    char *s = slice_str(p, name);
    int i = column_ordinal(t, s);

    if (i < 0) {
        if (is_backfilled(t, name))
            return err_new(ERR_INVALID_COLUMN_REFERENCE, "column \"%s\" is being backfilled", s);
        return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", s);
    }
    ERR_TRY(not_computed(t, i)); /* not even to DEFAULT */
    if (seen[i])
        return err_new(ERR_SYNTAX, "multiple assignments to the same column \"%s\"", s);
    seen[i] = true;
    *out = i;
    return NULL;
}

static struct error *
default_expr(struct planner *p, const struct column *c, struct expr **out)
{
    if (c->default_expr == NULL) {
        *out = expr_const(p->arena, c->type, DATUM_NULL);
        return NULL;
    }
    return plan_stored_expr(p, NULL, c->default_expr, c->type, out);
}

bool
mutation_returns(const struct plan_node *n)
{
    switch (n->kind) {
    case PLAN_INSERT:
        return ((const struct plan_insert *)n)->returning;
    case PLAN_UPDATE:
        return ((const struct plan_update *)n)->returning;
    case PLAN_DELETE:
        return ((const struct plan_delete *)n)->returning;
    default:
        return true;
    }
}

/* Columns of a mutation's rows: the table's public ones, then further ones. */
static void
table_columns(struct plan_node *n, const struct table *t)
{
    for (int i = 0; i < t->n_columns; i++)
        n->cols[i] = (struct plan_column){.name = t->columns[i].name,
                                          .type = t->columns[i].type,
                                          .hidden = t->columns[i].hidden,
                                          .table_id = t->id,
                                          .column_id = t->columns[i].id};
}

static struct error *
plan_returning(struct planner *p, const struct ast_returning *r, struct scope *scope,
               struct plan_node *n, struct plan_node **out)
{
    struct type_ctx c;
    struct item_list items = {0};

    if (r->kind != AST_RETURNING_ITEMS) {
        *out = n;
        return NULL;
    }
    type_ctx_init(&c, p, scope, "RETURNING",
                  REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
    ERR_TRY(plan_items(&c, &r->items, NULL, 0, &items));
    /* Never in place: the mutation's own column list stays the table's. */
    struct plan_render *rn = plan_node_new(p, PLAN_RENDER, sizeof(*rn), items.n, 1);
    rn->base.children[0] = n;
    rn->exprs = items.exprs;
    memcpy(rn->base.cols, items.cols, (size_t)items.n * sizeof(items.cols[0]));
    *out = &rn->base;
    return NULL;
}

/* ---- INSERT --------------------------------------------------------------------------------- */

struct insert_plan {
    struct planner *p;
    const struct ast_insert *a;
    const struct ast_numeric_ref *ids; /* INTO [53(1, 2) AS t]: its columns; else NULL */
    const struct table *t;
    const struct database *db;
    const char *alias;
    int n_targets;
    int *targets;              /* ordinals */
    bool *given;               /* by ordinal */
    struct plan_node *source;
};

/* Are the columns said, by name or by number? */
static bool
named_columns(const struct insert_plan *s)
{
    return s->a->columns.count > 0 || s->ids != NULL;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* MATCH FULL of several columns: all of them are said, or none. */
static struct error *
whole_reference(const struct insert_plan *s, const Amberdb__ForeignKeyConstraint *fk)
{
    size_t n = fk->n_origin_column_ids;
    const char **missing = ARENA_ARRAY(s->p->arena, const char *, n + 1);
    size_t n_missing = 0;
    struct str text;

    if (n < 2 || fk->match != AMBERDB__MATCH__FULL)
        return NULL;
    for (int i = 0; i < s->t->n_columns; i++) {
        const struct column *c = &s->t->columns[i];
        for (size_t k = 0; k < n; k++)
            if (c->id == fk->origin_column_ids[k] && !s->given[i] && c->default_expr == NULL &&
                c->compute_expr == NULL)
                missing[n_missing++] = c->name;
    }
    if (n_missing == 0 || n_missing == n)
        return NULL;
    if (n_missing == 1)
        return err_new(ERR_UNCATEGORIZED, "missing value for column \"%s\" in multi-part foreign key",
                       missing[0]);
    qsort(missing, n_missing, sizeof(missing[0]), by_name);
    str_init_arena(&text, s->p->arena, 1 << 20);
    for (size_t k = 0; k < n_missing; k++)
        str_printf(&text, "%s\"%s\"", k > 0 ? " " : "", missing[k]);
    return err_new(ERR_UNCATEGORIZED, "missing values for columns [%s] in multi-part foreign key",
                   str_cstr(&text));
}

/* The columns that are named leave none out that has to be there. */
static struct error *
all_there(const struct insert_plan *s)
{
    const struct table *t = s->t;
    const struct index *pk = &t->indexes[0];

    for (int k = 0; k < pk->n_keys; k++) {
        const struct column *c = &t->columns[pk->keys[k]];
        if (!s->given[pk->keys[k]] && c->default_expr == NULL && c->compute_expr == NULL)
            return err_new(ERR_INVALID_FOREIGN_KEY, "missing \"%s\" primary key column", c->name);
    }
    for (size_t i = 0; i < t->pb->n_outbound_fks; i++)
        ERR_TRY(whole_reference(s, t->pb->outbound_fks[i]));
    return NULL;
}

static struct error *
insert_targets(struct insert_plan *s)
{
    struct planner *p = s->p;
    const struct table *t = s->t;

    s->targets = ARENA_ARRAY(p->arena, int, (size_t)t->n_columns + 1);
    s->given = ARENA_ARRAY(p->arena, bool, (size_t)t->n_all_columns + 1);
    if (s->ids != NULL) {
        if (s->a->columns.count > 0)
            return err_new(ERR_SYNTAX,
                           "cannot specify both a list of column IDs and a list of column names");
        for (int i = 0; i < s->ids->count; i++) {
            int o = 0;
            while (o < t->n_columns && (int64_t)t->columns[o].id != s->ids->items[i])
                o++;
            if (o == t->n_columns)
                return err_new(ERR_UNDEFINED_COLUMN, "column [%lld] does not exist",
                               (long long)s->ids->items[i]);
            ERR_TRY(writable_column(p, t, slice_cstr(t->columns[o].name), s->given, &o));
            s->targets[s->n_targets++] = o;
        }
        return all_there(s);
    }
    if (s->a->columns.count > 0) {
        for (int i = 0; i < s->a->columns.count; i++) {
            int o;
            ERR_TRY(writable_column(p, t, s->a->columns.items[i].text, s->given, &o));
            s->targets[s->n_targets++] = o;
        }
        return all_there(s);
    }
    for (int i = 0; i < t->n_columns; i++)
        if (!t->columns[i].hidden)
            s->targets[s->n_targets++] = i;
    return NULL;
}

static struct error *
count_error(const struct insert_plan *s, int exprs, bool more)
{
    return err_new(ERR_SYNTAX, "%s has more %s than %s, %d expressions for %d targets",
                   s->a->upsert ? "UPSERT" : "INSERT", more ? "expressions" : "target columns",
                   more ? "target columns" : "expressions", exprs, s->n_targets);
}

static struct error *
check_count(struct insert_plan *s, int exprs)
{
    for (int i = 0; i < s->n_targets && i < exprs; i++)
        ERR_TRY(not_computed(s->t, s->targets[i]));
    if (exprs > s->n_targets)
        return count_error(s, exprs, true);
    if (exprs < s->n_targets && named_columns(s))
        return count_error(s, exprs, false);
    s->n_targets = exprs;
    return NULL;
}

static const struct ast_select *
bare_values(const struct ast_select *s)
{
    while (s->kind == AST_SELECT_PAREN && s->with == NULL && s->order_by.count == 0 &&
           s->limit == NULL && s->offset == NULL)
        s = s->inner;
    if (s->kind != AST_SELECT_VALUES || s->with != NULL || s->order_by.count > 0 ||
        s->limit != NULL || s->offset != NULL)
        return NULL;
    return s;
}

static const struct ast_expr *
unparen(const struct ast_expr *e)
{
    while (e->kind == AST_EXPR_PAREN)
        e = e->inner;
    return e;
}

static struct error *
insert_values(struct insert_plan *s, const struct ast_values *a)
{
    struct planner *p = s->p;
    int n = a->count > 0 ? a->items[0].count : 0;

    ERR_TRY(check_count(s, n));
    struct plan_values *v = plan_node_new(p, PLAN_VALUES, sizeof(*v), n, 0);
    struct type_ctx c;
    v->n_rows = a->count;
    v->rows = ARENA_ARRAY(p->arena, struct expr **, (size_t)a->count + 1);
    v->base.rows = a->count;
    type_ctx_init(&c, p, NULL, "VALUES", REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
    for (int i = 0; i < n; i++)
        v->base.cols[i] = (struct plan_column){.name = s->t->columns[s->targets[i]].name,
                                               .type = s->t->columns[s->targets[i]].type};
    for (int r = 0; r < a->count; r++) {
        if (a->items[r].count != n)
            return err_new(ERR_SYNTAX,
                           "VALUES lists must all be the same length, expected %d columns, found %d",
                           n, a->items[r].count);
        v->rows[r] = ARENA_ARRAY(p->arena, struct expr *, (size_t)n + 1);
        for (int i = 0; i < n; i++) {
            const struct column *col = &s->t->columns[s->targets[i]];
            const struct ast_expr *e = a->items[r].items[i];
            if (unparen(e)->kind == AST_EXPR_DEFAULT) {
                ERR_TRY(default_expr(p, col, &v->rows[r][i]));
                continue;
            }
            ERR_TRY(type_expr_for_column(&c, e, col->type, col->name, &v->rows[r][i]));
        }
    }
    s->source = &v->base;
    return NULL;
}

static struct error *
insert_select(struct insert_plan *s)
{
    struct planner *p = s->p;
    const struct type **want = ARENA_ARRAY(p->arena, const struct type *, (size_t)s->n_targets + 1);
    struct plan_node *n;

    for (int i = 0; i < s->n_targets; i++)
        want[i] = s->t->columns[s->targets[i]].type;
    ERR_TRY(plan_select(p, NULL, s->a->select, want, s->n_targets, &n));
    ERR_TRY(check_count(s, n->n_cols));
    for (int i = 0; i < n->n_cols; i++) {
        const struct column *c = &s->t->columns[s->targets[i]];
        if (!type_equivalent(n->cols[i].type, c->type))
            return err_new(ERR_DATATYPE_MISMATCH,
                           "value type %s doesn't match type %s of column \"%s\"",
                           type_name_str(p->arena, n->cols[i].type),
                           type_name_str(p->arena, c->type), c->name);
    }
    s->source = n;
    return NULL;
}

static struct error *
insert_source(struct insert_plan *s)
{
    if (s->a->default_values || s->a->select == NULL) {
        s->n_targets = 0;
        s->source = plan_one_row(s->p);
        return NULL;
    }
    const struct ast_select *v = bare_values(s->a->select);
    if (v != NULL)
        ERR_TRY(insert_values(s, v->values));
    else
        ERR_TRY(insert_select(s));
    memset(s->given, 0, (size_t)s->t->n_all_columns);
    for (int i = 0; i < s->n_targets; i++)
        s->given[s->targets[i]] = true;
    return NULL;
}

static struct error *
insert_defaults(struct insert_plan *s, struct plan_insert *n)
{
    struct planner *p = s->p;
    const struct table *t = s->t;

    n->defaults = ARENA_ARRAY(p->arena, struct plan_default, (size_t)t->n_all_columns + 1);
    for (int i = 0; i < t->n_all_columns; i++) {
        const struct column *c = &t->columns[i];
        if (s->given[i] || c->compute_expr != NULL || c->state == DESC_DELETE_ONLY)
            continue;
        n->defaults[n->n_defaults].ordinal = i;
        ERR_TRY(default_expr(p, c, &n->defaults[n->n_defaults].expr));
        n->n_defaults++;
    }
    return NULL;
}

/* The unique index whose key columns are exactly the conflict target's. */
static const struct index *
arbiter(struct insert_plan *s, const struct ast_names *names)
{
    for (int i = 0; i < s->t->n_indexes; i++) {
        const struct index *ix = &s->t->indexes[i];
        int hits = 0;
        if (!ix->unique && !ix->primary)
            continue;
        for (int k = 0; k < ix->n_keys; k++)
            for (int c = 0; c < names->count; c++)
                if (slice_eq(names->items[c].text, slice_cstr(s->t->columns[ix->keys[k]].name)))
                    hits++;
        if (hits == ix->n_keys && ix->n_keys == names->count)
            return ix;
    }
    return NULL;
}

/* The columns of the table that a statement writes; under its own name it may be qualified. */
static struct scope *
target_scope(struct planner *p, const struct table *t, const struct database *db, const char *alias)
{
    struct scope *s = scope_of_table(p->arena, t, alias);

    for (int i = 0; i < s->n && db != NULL && strcmp(alias, t->name) == 0; i++) {
        s->columns[i].schema = t->is_temporary ? "pg_temp" : "public";
        s->columns[i].database = db->name;
    }
    return s;
}

/* Names of ON CONFLICT, in v20.1's order: `excluded`, which is behind the table's row (by ordinal). */
static struct scope *
conflict_scope(struct insert_plan *s)
{
    struct planner *p = s->p;
    struct scope *own = target_scope(p, s->t, s->db, s->alias), *all = scope_new(p, NULL);

    for (int i = 0; i < own->n; i++) {
        struct scope_column c = own->columns[i];
        c.table = "excluded";
        c.schema = c.database = NULL;
        c.index += s->t->n_all_columns;
        scope_add(p, all, c);
    }
    for (int i = 0; i < own->n; i++)
        scope_add(p, all, own->columns[i]);
    all->changed = s->t;
    return all;
}

/* SET a = e, (b, c) = (f, g) | (SELECT ..): one plan_set per column. */
static struct error *
plan_sets(struct planner *p, struct type_ctx *c, const struct table *t,
          const struct ast_set_clauses *set, struct plan_set **out, int *n_out)
{
    bool *seen = ARENA_ARRAY(p->arena, bool, (size_t)t->n_all_columns + 1);
    struct plan_set *v = ARENA_ARRAY(p->arena, struct plan_set, (size_t)t->n_columns + 1);
    int n = 0;

    for (int i = 0; i < set->count; i++) {
        const struct ast_set_clause *sc = &set->items[i];
        int first = n;
        for (int k = 0; k < sc->columns.count; k++) {
            int o;
            ERR_TRY(writable_column(p, t, sc->columns.items[k].text, seen, &o));
            v[n++].ordinal = o;
        }
        const struct ast_expr *e = unparen(sc->value);
        if (!sc->tuple || sc->columns.count == 1) {
            const struct column *col = &t->columns[v[first].ordinal];
            const struct ast_expr *one = sc->value;
            if (sc->tuple && e->kind == AST_EXPR_TUPLE && e->tuple.exprs.count == 1)
                one = e->tuple.exprs.items[0];
            if (unparen(one)->kind == AST_EXPR_DEFAULT) {
                ERR_TRY(default_expr(p, col, &v[first].expr));
            } else {
                ERR_TRY(type_expr_for_column(c, one, col->type, col->name, &v[first].expr));
            }
            continue;
        }
        if (e->kind == AST_EXPR_TUPLE) {
            if (e->tuple.exprs.count != sc->columns.count)
                return err_new(ERR_SYNTAX,
                               "number of columns (%d) does not match number of values (%d)",
                               sc->columns.count, e->tuple.exprs.count);
            for (int k = 0; k < sc->columns.count; k++) {
                const struct column *col = &t->columns[v[first + k].ordinal];
                const struct ast_expr *x = e->tuple.exprs.items[k];
                if (unparen(x)->kind == AST_EXPR_DEFAULT) {
                    ERR_TRY(default_expr(p, col, &v[first + k].expr));
                    continue;
                }
                ERR_TRY(type_expr_for_column(c, x, col->type, col->name, &v[first + k].expr));
            }
            continue;
        }
        if (e->kind != AST_EXPR_SUBQUERY)
            return err_unimplemented(0, "source for a multiple-column UPDATE item must be a "
                                        "sub-SELECT or ROW() expression; not supported: a single "
                                        "expression");
        struct subquery *q;
        ERR_TRY(plan_subquery(c, e->subquery.select, SUBQUERY_SCALAR, NULL, &q));
        if (q->plan->n_cols != sc->columns.count)
            return err_new(ERR_SYNTAX,
                           "number of columns (%d) does not match number of values (%d)",
                           sc->columns.count, q->plan->n_cols);
        const struct type **types =
            ARENA_ARRAY(p->arena, const struct type *, (size_t)q->plan->n_cols + 1);
        for (int k = 0; k < q->plan->n_cols; k++)
            types[k] = q->plan->cols[k].type;
        struct expr *sub = plan_subquery_expr(p->arena, q, NULL,
                                              type_tuple(p->arena, q->plan->n_cols, types, NULL));
        for (int k = 0; k < sc->columns.count; k++) {
            const struct column *col = &t->columns[v[first + k].ordinal];
            if (!type_equivalent(types[k], col->type))
                return err_new(ERR_DATATYPE_MISMATCH,
                               "value type %s doesn't match type %s of column \"%s\"",
                               type_name_str(p->arena, types[k]),
                               type_name_str(p->arena, col->type), col->name);
            struct expr *f = ARENA_NEW(p->arena, struct expr);
            f->kind = EXPR_FIELD;
            f->type = types[k];
            f->index = k;
            f->n_args = 1;
            f->args = ARENA_ARRAY(p->arena, struct expr *, 1);
            f->args[0] = sub;
            f->volatility = STABLE;
            v[first + k].expr = f;
        }
    }
    *out = v;
    *n_out = n;
    return NULL;
}

static struct error *
plan_on_conflict(struct insert_plan *s, struct plan_insert *n)
{
    const struct ast_on_conflict *oc = s->a->on_conflict;
    struct planner *p = s->p;

    for (int i = 0; i < oc->columns.count; i++) {
        char *name = slice_str(p, oc->columns.items[i].text);
        if (column_ordinal(s->t, name) < 0)
            return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", name);
    }
    if (oc->columns.count > 0 || !oc->do_nothing) {
        n->arbiter = oc->columns.count > 0 ? arbiter(s, &oc->columns) : NULL;
        if (n->arbiter == NULL)
            return err_new(ERR_INVALID_COLUMN_REFERENCE,
                           "there is no unique or exclusion constraint matching the ON CONFLICT "
                           "specification");
    }
    if (oc->do_nothing) {
        n->conflict = CONFLICT_NOTHING;
        return NULL;
    }
    n->conflict = CONFLICT_UPDATE;
    struct type_ctx c;
    struct scope *scope = conflict_scope(s);
    type_ctx_init(&c, p, scope, "UPDATE SET",
                  REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
    if (oc->where != NULL) {
        c.clause = "WHERE";
        /* v20.1 asks: is there no such row, OR is this so? */
        ERR_TRY(tc_require_bool(&c, oc->where, "OR argument", &n->conflict_where));
        c.clause = "UPDATE SET";
    }
    return plan_sets(p, &c, s->t, &oc->set, &n->sets, &n->n_sets);
}

static void
plan_upsert(struct insert_plan *s, struct plan_insert *n)
{
    struct planner *p = s->p;
    const struct index *pk = &s->t->indexes[0];
    bool list = named_columns(s), all = true;

    n->conflict = CONFLICT_UPSERT;
    n->upsert_word = true;
    n->arbiter = pk;
    n->sets = ARENA_ARRAY(p->arena, struct plan_set, (size_t)s->t->n_all_columns + 1);
    for (int i = 0; i < s->t->n_all_columns; i++) {
        const struct column *c = &s->t->columns[i];
        bool key = false;
        for (int k = 0; k < pk->n_keys; k++)
            key = key || pk->keys[k] == i;
        if (key || c->compute_expr != NULL || c->state == DESC_DELETE_ONLY)
            continue;
        if (list && !s->given[i]) {
            all = false;
            continue;
        }
        n->sets[n->n_sets++] = (struct plan_set){
            .ordinal = i, .expr = expr_column(p->arena, c->type, s->t->n_all_columns + i)};
    }
    n->blind_upsert = all && s->t->n_all_indexes == 1 && s->t->pb->n_outbound_fks == 0 &&
                      s->t->pb->n_inbound_fks == 0;
}

/* The documented procedures copy rows into these system tables: rows that are there are replaced. */
static bool
replaces_system_rows(const struct insert_plan *s)
{
    if (s->a->select == NULL || bare_values(s->a->select) != NULL || s->a->on_conflict != NULL)
        return false;
    switch (s->t->id) {
    case ID_USERS:
    case ID_ZONES:
    case ID_SETTINGS:
    case ID_UI:
    case ID_LOCATIONS:
    case ID_ROLE_MEMBERS:
    case ID_COMMENTS:
        return true;
    default:
        return false;
    }
}

struct error *
plan_insert(struct planner *p, const struct ast_insert *a, struct plan_node **out)
{
    struct insert_plan s = {.p = p, .a = a};
    struct cte_binding *ctes = p->ctes;

    if (a->with != NULL)
        ERR_TRY(plan_with(p, NULL, a->with));
    ERR_TRY(target_table(p, a->table, &s.t, &s.db, &s.alias));
    if (a->table->kind == AST_TABLE_NUMERIC && a->table->numeric->has_columns)
        s.ids = a->table->numeric;
    ERR_TRY(check_right(p, s.t, PRIV_INSERT));
    if (a->upsert || a->on_conflict != NULL)
        ERR_TRY(check_right(p, s.t, PRIV_SELECT));
    if (a->upsert || (a->on_conflict != NULL && !a->on_conflict->do_nothing))
        ERR_TRY(check_right(p, s.t, PRIV_UPDATE));
    ERR_TRY(insert_targets(&s));
    ERR_TRY(insert_source(&s));
    bool returning = a->returning.kind == AST_RETURNING_ITEMS;
    struct plan_insert *n =
        plan_node_new(p, PLAN_INSERT, sizeof(*n), returning ? s.t->n_columns : 0, 1);
    n->base.children[0] = s.source;
    ERR_TRY(plan_target_init(p, &n->target, s.t, s.db));
    n->target.ignore_fks = a->table->flags != NULL && a->table->flags->ignore_foreign_keys;
    n->n_values = s.n_targets;
    n->ordinals = s.targets;
    ERR_TRY(insert_defaults(&s, n));
    n->conflict = CONFLICT_ERROR;
    if (a->on_conflict != NULL)
        ERR_TRY(plan_on_conflict(&s, n));
    else if (a->upsert)
        plan_upsert(&s, n);
    else if (replaces_system_rows(&s)) {
        plan_upsert(&s, n);
        n->upsert_word = false;
        n->replace_existing = true;
    }
    n->returning = returning;
    if (returning) {
        ERR_TRY(check_right(p, s.t, PRIV_SELECT));
        table_columns(&n->base, s.t);
    }
    p->has_mutation = true;
    ERR_TRY(plan_returning(p, &a->returning, target_scope(p, s.t, s.db, s.alias), &n->base, out));
    p->ctes = ctes;
    return NULL;
}

/* ---- UPDATE, DELETE: the rows --------------------------------------------------------------- */

struct row_source {
    struct planner *p;
    const struct table *t;
    struct rel *rel;
    struct scope *scope;       /* table, then FROM */
    struct plan_node *node;    /* lowered, ordered, limited */
    int *map;                  /* wide -> node column */
};

/* An item of ORDER BY; its number is that of a column of the table, or of FROM behind it. */
static struct error *
source_order_item(struct row_source *s, struct type_ctx *c, const struct ast_expr *a,
                  struct expr **out)
{
    int64_t n;

    ERR_TRY(plan_no_constant(s->p, a, "ORDER BY"));
    if (!plan_is_ordinal(a, &n))
        return type_expr(c, a, NULL, out);
    if (n < 1 || n > s->scope->n)
        return err_new(ERR_INVALID_COLUMN_REFERENCE, "ORDER BY position %lld is not in select list",
                       (long long)n);
    const struct scope_column *k = &s->scope->columns[n - 1];
    *out = expr_column(s->p->arena, k->type, k->index);
    return NULL;
}

/* What ORDER BY says, column for column. */
static struct error *
source_order(struct row_source *s, const struct ast_order_by *ob, struct index_order *out)
{
    struct planner *p = s->p;
    struct type_ctx c;

    *out = (struct index_order){0};
    type_ctx_init(&c, p, s->scope, "ORDER BY",
                  REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
    for (int i = 0; ob != NULL && i < ob->count; i++) {
        const struct ast_order_item *o = &ob->items[i];
        struct expr *e;
        bool desc = o->direction == AST_DIR_DESC;
        struct index_order one = {1, &e, &desc};
        if (o->kind != AST_ORDER_EXPR)
            ERR_TRY(plan_index_order(p, s->scope, o, &one));
        else
            ERR_TRY(source_order_item(s, &c, o->expr, &e));
        size_t n = (size_t)(out->n + one.n) + 1;
        out->exprs = arena_realloc(p->arena, out->exprs, (size_t)out->n * sizeof(e),
                                   n * sizeof(e));
        out->desc = arena_realloc(p->arena, out->desc, (size_t)out->n * sizeof(desc),
                                  n * sizeof(desc));
        memcpy(out->exprs + out->n, one.exprs, (size_t)one.n * sizeof(e));
        memcpy(out->desc + out->n, one.desc, (size_t)one.n * sizeof(desc));
        out->n += one.n;
    }
    return NULL;
}

/* Lower with the columns that are needed; then ORDER BY and LIMIT. */
static struct error *
source_lower(struct row_source *s, const bool *need_more, const struct ast_order_by *ob,
             const struct ast_expr *limit, const struct ast_expr *offset)
{
    struct planner *p = s->p;
    struct rel *r = s->rel;
    bool *need = ARENA_ARRAY(p->arena, bool, (size_t)r->n_cols + 1);
    struct index_order by;

    ERR_TRY(source_order(s, ob, &by));
    memcpy(need, need_more, (size_t)r->n_cols);
    for (int i = 0; i < s->t->n_all_columns; i++)
        need[i] = true;
    for (int i = 0; i < by.n; i++)
        expr_mark_columns(by.exprs[i], need);
    s->map = ARENA_ARRAY(p->arena, int, (size_t)r->n_cols + 1);
    ERR_TRY(rel_lower(p, r, need, NULL, &s->node, s->map));
    if (by.n > 0) {
        struct plan_node *in = s->node;
        struct expr **e = ARENA_ARRAY(p->arena, struct expr *, (size_t)(in->n_cols + by.n) + 1);
        struct plan_column *cols =
            ARENA_ARRAY(p->arena, struct plan_column, (size_t)(in->n_cols + by.n) + 1);
        struct plan_order *keys = ARENA_ARRAY(p->arena, struct plan_order, (size_t)by.n + 1);
        memcpy(cols, in->cols, (size_t)in->n_cols * sizeof(cols[0]));
        for (int i = 0; i < in->n_cols; i++)
            e[i] = expr_column(p->arena, in->cols[i].type, i);
        for (int i = 0; i < by.n; i++) {
            e[in->n_cols + i] = expr_remap(p->arena, by.exprs[i], s->map);
            cols[in->n_cols + i] = (struct plan_column){.type = by.exprs[i]->type};
            keys[i] = (struct plan_order){.column = in->n_cols + i,
                                          .desc = by.desc[i]};
        }
        s->node = plan_render_node(p, in, in->n_cols + by.n, e, cols);
        struct plan_sort *sort = plan_node_new(p, PLAN_SORT, sizeof(*sort), s->node->n_cols, 1);
        memcpy(sort->base.cols, cols, (size_t)s->node->n_cols * sizeof(cols[0]));
        sort->base.children[0] = s->node;
        sort->n_keys = by.n;
        sort->keys = keys;
        s->node = &sort->base;
    }
    return plan_limit_node(p, NULL, limit, offset, s->node, &s->node);
}

static void
fetch_list(struct row_source *s, int *n, const int **fetch, struct plan_node **node)
{
    struct planner *p = s->p;
    int all = s->t->n_all_columns;
    int *f = ARENA_ARRAY(p->arena, int, (size_t)all + 1);
    int width = s->node->n_cols;
    bool straight = true;

    for (int i = 0; i < all; i++) {
        f[i] = i;
        straight = straight && s->map[i] == i;
    }
    if (!straight) {
        /* Table columns first, in order; then everything once more as it was. */
        struct expr **e = ARENA_ARRAY(p->arena, struct expr *, (size_t)(all + width) + 1);
        struct plan_column *cols =
            ARENA_ARRAY(p->arena, struct plan_column, (size_t)(all + width) + 1);
        for (int i = 0; i < all; i++) {
            cols[i] = s->node->cols[s->map[i]];
            e[i] = expr_column(p->arena, cols[i].type, s->map[i]);
        }
        for (int i = 0; i < width; i++) {
            cols[all + i] = s->node->cols[i];
            e[all + i] = expr_column(p->arena, cols[all + i].type, i);
        }
        s->node = plan_render_node(p, s->node, all + width, e, cols);
        for (int i = 0; i < s->rel->n_cols; i++)
            if (s->map[i] >= 0)
                s->map[i] += all;
        for (int i = 0; i < all; i++)
            s->map[i] = i;
    }
    *n = all;
    *fetch = f;
    *node = s->node;
}

static struct error *
source_init(struct row_source *s, struct planner *p, const struct table *t,
            const struct database *db, const char *alias, const struct ast_index_flags *flags)
{
    s->p = p;
    s->t = t;
    s->rel = rel_of_table(p, t, db, NULL, alias, true);
    s->rel->lock = s->rel->written = true;
    s->scope = target_scope(p, t, db, alias);
    s->scope->changed = t;
    return rel_index_flags(p, s->rel, flags);
}

struct error *
plan_update(struct planner *p, const struct ast_update *a, struct plan_node **out)
{
    const struct table *t;
    const struct database *db;
    const char *alias;
    struct row_source s = {0};
    struct cte_binding *ctes = p->ctes;
    struct type_ctx c;

    if (p->safe_updates && a->where == NULL)
        return err_new(ERR_WARNING,
                       "rejected: UPDATE without WHERE clause (sql_safe_updates = true)");
    if (a->order_by.count > 0 && a->limit == NULL && !a->limit_all && a->offset == NULL)
        return err_new(ERR_SYNTAX, "UPDATE statement requires LIMIT when ORDER BY is used");
    if (a->with != NULL)
        ERR_TRY(plan_with(p, NULL, a->with));
    ERR_TRY(target_table(p, a->table, &t, &db, &alias));
    ERR_TRY(check_right(p, t, PRIV_UPDATE));
    ERR_TRY(check_right(p, t, PRIV_SELECT));
    ERR_TRY(no_column_ids(a->table, "UPDATE"));
    ERR_TRY(source_init(&s, p, t, db, alias, a->table->flags));
    struct scope *from_scope = NULL;
    int wide = s.rel->n_cols;
    if (a->from.count > 0) {
        struct rel *fr;
        ERR_TRY(plan_from(p, NULL, &a->from, &fr, &from_scope));
        ERR_TRY(plan_check_duplicates(s.scope, from_scope));
        s.rel = rel_join(p, PLAN_JOIN_INNER, s.rel, fr);
        struct scope *all = scope_new(p, NULL);
        for (int i = 0; i < s.scope->n; i++)
            scope_add(p, all, s.scope->columns[i]);
        for (int i = 0; i < from_scope->n; i++) {
            struct scope_column k = from_scope->columns[i];
            k.index += wide;
            scope_add(p, all, k);
        }
        s.scope = all;
    }
    ERR_TRY(plan_where(p, s.scope, a->where, &s.rel));
    struct plan_update *n;
    struct plan_set *sets;
    int n_sets;
    type_ctx_init(&c, p, s.scope, "UPDATE SET",
                  REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS);
    ERR_TRY(plan_sets(p, &c, t, &a->set, &sets, &n_sets));
    bool returning = a->returning.kind == AST_RETURNING_ITEMS;
    bool *need = ARENA_ARRAY(p->arena, bool, (size_t)s.rel->n_cols + 1);
    for (int i = 0; i < n_sets; i++)
        expr_mark_columns(sets[i].expr, need);
    for (int i = 0; returning && from_scope != NULL && i < from_scope->n; i++)
        need[wide + from_scope->columns[i].index] = true;
    ERR_TRY(source_lower(&s, need, &a->order_by, a->limit_all ? NULL : a->limit, a->offset));
    int n_pass = returning && from_scope != NULL ? from_scope->n : 0;
    n = plan_node_new(p, PLAN_UPDATE, sizeof(*n), returning ? t->n_columns + n_pass : 0, 1);
    fetch_list(&s, &n->n_fetch, &n->fetch, &n->base.children[0]);
    ERR_TRY(plan_target_init(p, &n->target, t, db));
    n->target.ignore_fks = a->table->flags != NULL && a->table->flags->ignore_foreign_keys;
    for (int i = 0; i < n_sets; i++)
        sets[i].expr = expr_remap(p->arena, sets[i].expr, s.map);
    n->sets = sets;
    n->n_sets = n_sets;
    n->dedupe = a->from.count > 0;
    n->returning = returning;
    struct scope *ret = target_scope(p, t, db, alias);
    if (returning) {
        table_columns(&n->base, t);
        int *pass = ARENA_ARRAY(p->arena, int, (size_t)n_pass + 1);
        struct scope *all = scope_new(p, NULL);
        for (int i = 0; i < ret->n; i++)
            scope_add(p, all, ret->columns[i]);
        for (int i = 0; i < n_pass; i++) {
            struct scope_column k = from_scope->columns[i];
            pass[i] = s.map[wide + k.index];
            n->base.cols[t->n_columns + i] = (struct plan_column){.name = k.name, .type = k.type};
            k.index = t->n_columns + i;
            scope_add(p, all, k);
        }
        n->pass = pass;
        n->n_pass = n_pass;
        ret = all;
    }
    p->has_mutation = true;
    ERR_TRY(plan_returning(p, &a->returning, ret, &n->base, out));
    p->ctes = ctes;
    return NULL;
}

struct error *
plan_delete(struct planner *p, const struct ast_delete *a, struct plan_node **out)
{
    const struct table *t;
    const struct database *db;
    const char *alias;
    struct row_source s = {0};
    struct cte_binding *ctes = p->ctes;

    if (p->safe_updates && a->where == NULL)
        return err_new(ERR_WARNING,
                       "rejected: DELETE without WHERE clause (sql_safe_updates = true)");
    if (a->order_by.count > 0 && a->limit == NULL && !a->limit_all && a->offset == NULL)
        return err_new(ERR_SYNTAX, "DELETE statement requires LIMIT when ORDER BY is used");
    if (a->with != NULL)
        ERR_TRY(plan_with(p, NULL, a->with));
    ERR_TRY(target_table(p, a->table, &t, &db, &alias));
    ERR_TRY(check_right(p, t, PRIV_DELETE));
    ERR_TRY(no_column_ids(a->table, "DELETE"));
    ERR_TRY(check_right(p, t, PRIV_SELECT)); /* what is there has to be read */
    ERR_TRY(source_init(&s, p, t, db, alias, a->table->flags));
    ERR_TRY(plan_where(p, s.scope, a->where, &s.rel));
    bool *need = ARENA_ARRAY(p->arena, bool, (size_t)s.rel->n_cols + 1);
    ERR_TRY(source_lower(&s, need, &a->order_by, a->limit_all ? NULL : a->limit, a->offset));
    bool returning = a->returning.kind == AST_RETURNING_ITEMS;
    struct plan_delete *n =
        plan_node_new(p, PLAN_DELETE, sizeof(*n), returning ? t->n_columns : 0, 1);
    fetch_list(&s, &n->n_fetch, &n->fetch, &n->base.children[0]);
    n->target.table = t;
    n->target.database = db;
    n->target.n_indexes = t->n_all_indexes;
    n->target.legacy_fk_messages = p->legacy_fk_messages;
    n->target.ignore_fks = a->table->flags != NULL && a->table->flags->ignore_foreign_keys;
    n->returning = returning;
    if (returning)
        table_columns(&n->base, t);
    p->has_mutation = true;
    ERR_TRY(plan_returning(p, &a->returning, target_scope(p, t, db, alias), &n->base, out));
    p->ctes = ctes;
    return NULL;
}
