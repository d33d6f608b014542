/* Records to rows of a table. */
#include "config.h"

#include "executor/import/import_int.h"

#include <string.h>

struct row_maker {
    struct exec_ctx *x;
    const struct import_batch *b;
    const struct table *t;
    struct plan_target target;
    struct mut_table *mt;
    struct arena *arena;       /* one row */
    int n_cols;
    int *ordinals;             /* of the columns that fields are for */
    struct expr **defaults;    /* of the others, by ordinal */
    struct datum *row;
};

static struct error *
choose_columns(struct row_maker *m)
{
    size_t n = (size_t)m->t->n_all_columns + 1;
    struct arena *a = m->x->arena;
    bool *given = ARENA_ARRAY(a, bool, n);
    m->ordinals = ARENA_ARRAY(a, int, n);
    m->defaults = ARENA_ARRAY(a, struct expr *, n);
    for (size_t i = 0; i < m->b->n_columns; i++) {
        int k = 0;
        while (k < m->t->n_columns && strcmp(m->t->columns[k].name, m->b->columns[i]) != 0)
            k++;
        if (k == m->t->n_columns)
            return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", m->b->columns[i]);
        if (given[k])
            return err_new(ERR_SYNTAX, "multiple assignments to the same column \"%s\"", m->b->columns[i]);
        given[k] = true;
        m->ordinals[m->n_cols++] = k;
    }
    for (int k = 0; k < m->t->n_columns && m->b->n_columns == 0; k++)
        if (!m->t->columns[k].hidden && m->t->columns[k].compute_expr == NULL)
            m->ordinals[m->n_cols++] = k;
    for (int i = 0; i < m->n_cols; i++)
        given[m->ordinals[i]] = true;
    for (int k = 0; k < m->t->n_all_columns; k++) {
        const struct column *c = &m->t->columns[k];
        if (!given[k] && c->default_expr != NULL && c->compute_expr == NULL)
            ERR_TRY(plan_stored_expr(exec_planner(m->x), NULL, c->default_expr, c->type, &m->defaults[k]));
    }
    return NULL;
}

static struct error *
parse_fields(struct row_maker *m, const struct import_record *rec)
{
    struct eval_env env = m->x->env;
    int n = rec->n;
    env.arena = m->arena;
    if (n == m->n_cols + 1 && rec->fields[m->n_cols].text.len == 0 &&
        PB_GET(m->b->d->format, format) == AMBERDB__IMPORT_FORMAT__KIND__CSV)
        n--; /* a comma at the end */
    if (n != m->n_cols)
        return err_new(ERR_UNCATEGORIZED, "expected %d fields, got %d", m->n_cols, rec->n);
    for (int i = 0; i < n; i++) {
        const struct column *c = &m->t->columns[m->ordinals[i]];
        struct error *e;
        if (rec->fields[i].null)
            continue;
        e = datum_parse(&env, c->type, rec->fields[i].text, &m->row[m->ordinals[i]]);
        if (e != NULL)
            return err_wrap(e, "parse \"%s\" as %s", c->name, type_sql_str(m->arena, c->type));
    }
    return NULL;
}

static struct error *
make_row(struct row_maker *m, const struct import_record *rec)
{
    struct eval_env env = m->x->env;
    arena_reset(m->arena);
    env.arena = m->arena;
    for (int i = 0; i < m->t->n_all_columns; i++)
        m->row[i] = DATUM_NULL;
    ERR_TRY(parse_fields(m, rec));
    for (int i = 0; i < m->t->n_all_columns; i++)
        if (m->defaults[i] != NULL)
            ERR_TRY(expr_eval(m->defaults[i], &env, &m->x->state, NULL, &m->row[i]));
    return mut_prepare_row(m->mt, m->arena, m->row, NULL);
}

static struct error *
insert_record(struct row_maker *m, const struct import_record *rec)
{
    struct error *e = make_row(m, rec);
    if (e != NULL)
        return import_row_error(e, m->b->d->format, rec);
    e = mut_check_row(m->mt, m->arena, m->row);
    if (e == NULL)
        e = mut_insert(m->mt, m->arena, m->row, MUT_INSERT);
    return e != NULL ? err_wrap(e, "row %lld", (long long)rec->number) : NULL;
}

struct error *
import_table(struct exec_ctx *x, const Amberdb__ImportDetails__Table *to, const struct table **t)
{
    uint32_t id = PB_GET(to->desc, id);
    catalog_see_offline(x->catalog, true);
    ERR_TRY(catalog_table_by_id(x->catalog, id, t));
    if (*t == NULL || PB_GET((*t)->pb, state) != AMBERDB__STATE__OFFLINE)
        return err_new(ERR_UNCATEGORIZED, "table %u is not offline any more", id);
    return NULL;
}

static struct error *
make_rows(struct row_maker *m)
{
    const struct import_batch *b = m->b;
    for (size_t i = 0; i < b->n; i++) {
        if (i % 1000 == 0)
            ERR_TRY(cancel_check(m->x->cancel));
        struct error *e = insert_record(m, &b->v[i]);
        if (e != NULL)
            return err_wrap(e, "%s", b->file);
    }
    return NULL;
}

struct error *
import_write_rows(struct exec_ctx *x, const struct import_batch *b, struct mut_written *written)
{
    struct row_maker m = {.x = x, .b = b};
    struct mutator *mutator;
    const struct database *db;
    ERR_TRY(import_table(x, b->to, &m.t));
    if (m.t->n_indexes == 0)
        return err_new(ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a table", m.t->name);
    ERR_TRY(catalog_database_by_id(x->catalog, m.t->parent_id, &db));
    ERR_TRY(plan_target_init(exec_planner(x), &m.target, m.t, db));
    m.target.ignore_fks = true;
    m.arena = arena_create(x->arena, "row");
    m.row = ARENA_ARRAY(x->arena, struct datum, (size_t)m.t->n_all_columns + 1);
    ERR_TRY(choose_columns(&m));
    ERR_TRY(mutator_create(x, x->arena, &mutator));
    ERR_TRY(mutator_table(mutator, m.t, &m.target, &m.mt));
    ERR_TRY(make_rows(&m));
    *written = mut_written(m.mt);
    return mutator_finish(mutator);
}
