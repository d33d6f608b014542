#include "config.h"

#include "executor/mutation/mut_int.h"

/* Rows to pairs, pairs to the transaction; NOT NULL, CHECK and UNIQUE on the way. */

struct error *
mutator_create(struct exec_ctx *x, struct arena *a, struct mutator **out)
{
    struct mutator *m = ARENA_NEW(a, struct mutator);

    m->x = x;
    m->arena = a;
    *out = m;
    return NULL;
}

const struct table *
mut_table_of(const struct mut_table *mt)
{
    return mt->t;
}

struct error *
mutator_table(struct mutator *m, const struct table *t, const struct plan_target *target,
              struct mut_table **out)
{
    for (struct mut_table *mt = m->tables; mt != NULL; mt = mt->next)
        if (mt->t->id == t->id) {
            if (mt->target == NULL)
                mt->target = target;
            *out = mt;
            return NULL;
        }
    struct mut_table *mt = ARENA_NEW(m->arena, struct mut_table);
    mt->m = m;
    mt->t = t;
    mt->next = m->tables;
    m->tables = mt;
    if (target == NULL) {
        struct plan_target *made = ARENA_NEW(m->arena, struct plan_target);
        const struct database *db = NULL;
        ERR_TRY(catalog_database_by_id(m->x->catalog, t->parent_id, &db));
        ERR_TRY(plan_target_init(exec_planner(m->x), made, t, db));
        target = made;
    }
    mt->target = target;
    mt->db = target->database;
    ERR_TRY(mut_load_fks(mt));
    *out = mt;
    return NULL;
}

struct error *
mut_prepare_row(struct mut_table *mt, struct arena *scratch, struct datum *row, const bool *changed)
{
    struct eval_env env = mt->m->x->env;
    const struct table *t = mt->t;

    env.arena = scratch;
    for (int i = 0; i < t->n_all_columns; i++)
        if ((changed == NULL || changed[i]) && !row[i].null)
            ERR_TRY(datum_adjust(&env, t->columns[i].type, t->columns[i].name, &row[i], &row[i]));
    for (int i = 0; i < mt->target->n_computed; i++) {
        const struct plan_computed *c = &mt->target->computed[i];
        const struct column *col = &t->columns[c->ordinal];
        ERR_TRY(expr_eval(c->expr, &env, &mt->m->x->state, row, &row[c->ordinal]));
        if (!row[c->ordinal].null)
            ERR_TRY(datum_adjust(&env, col->type, col->name, &row[c->ordinal], &row[c->ordinal]));
    }
    return NULL;
}

struct unfilled {
    const struct table *t;
    const struct datum *old;
    bool any;
};

static void
note_unfilled(void *arg, const struct expr *e)
{
    struct unfilled *u = arg;
    if (e->kind != EXPR_COLUMN || e->index < u->t->n_columns || e->index >= u->t->n_all_columns)
        return;
    const struct column *c = &u->t->columns[e->index];
    u->any = u->any || (c->state == DESC_WRITE_ONLY && c->compute_expr == NULL &&
                        u->old[e->index].null);
}

/* A row that an added column has not reached yet: the job that brings its value looks at it afterwards. */
static bool
is_unfilled(const struct mut_table *mt, const struct expr *e, const struct datum *old)
{
    struct unfilled u = {mt->t, old, false};
    if (old != NULL && mt->t->n_all_columns > mt->t->n_columns)
        expr_walk(e, note_unfilled, &u);
    return u.any;
}

static struct error *
null_value(const struct mut_table *mt, int ordinal)
{
    const char *name = mt->t->columns[ordinal].name;
    return err_table(err_new(ERR_NOT_NULL_VIOLATION,
                             "null value in column \"%s\" violates not-null constraint", name),
                     mt->t->name, name, NULL);
}

/* What is computed for a column that is being added may not be NULL where that may not. Others have their
 * default, or nothing yet. */
static struct error *
check_added(const struct mut_table *mt, const struct datum *old, const struct datum *row)
{
    for (int i = 0; i < mt->target->n_computed; i++) {
        const struct plan_computed *c = &mt->target->computed[i];
        if (c->ordinal >= mt->t->n_columns && !mt->t->columns[c->ordinal].nullable &&
            row[c->ordinal].null && !is_unfilled(mt, c->expr, old))
            return null_value(mt, c->ordinal);
    }
    return NULL;
}

struct error *
mut_check_updated_row(struct mut_table *mt, struct arena *scratch, const struct datum *old,
                      const struct datum *row)
{
    struct eval_env env = mt->m->x->env;

    env.arena = scratch;
    for (int i = 0; i < mt->t->n_columns; i++) {
        const struct column *c = &mt->t->columns[i];
        if (!c->nullable && row[i].null)
            return null_value(mt, i);
    }
    ERR_TRY(check_added(mt, old, row));
    for (int i = 0; i < mt->target->n_checks; i++) {
        const struct plan_check *k = &mt->target->checks[i];
        struct datum ok;
        if (is_unfilled(mt, k->cond, old))
            continue;
        ERR_TRY(expr_eval(k->cond, &env, &mt->m->x->state, row, &ok));
        if (!ok.null && !ok.i)
            return err_table(err_new(ERR_CHECK_VIOLATION,
                                     "failed to satisfy CHECK constraint (%s)", k->text),
                             mt->t->name, NULL, k->name);
    }
    return NULL;
}

struct error *
mut_check_row(struct mut_table *mt, struct arena *scratch, const struct datum *row)
{
    return mut_check_updated_row(mt, scratch, NULL, row);
}

/* ---- pairs ---------------------------------------------------------------------------------- */

struct pair {
    struct slice key, value;
};

struct pairs {
    struct arena *a;
    struct pair *v;
    int n, cap;
};

static struct error *
collect(void *arg, struct slice key, struct slice value)
{
    struct pairs *p = arg;

    if (p->n == p->cap) {
        int cap = p->cap == 0 ? 8 : p->cap * 2;
        p->v = arena_realloc(p->a, p->v, (size_t)p->cap * sizeof(p->v[0]),
                             (size_t)cap * sizeof(p->v[0]));
        p->cap = cap;
    }
    p->v[p->n++] = (struct pair){slice_dup(p->a, key), slice_dup(p->a, value)};
    return NULL;
}

static struct error *
duplicate_key(struct mut_table *mt, struct arena *scratch, const struct index *ix,
              const struct datum *row)
{
    struct str cols, vals;

    str_init_arena(&cols, scratch, STR_MAX_DEFAULT);
    str_init_arena(&vals, scratch, STR_MAX_DEFAULT);
    for (int i = 0; i < ix->n_keys; i++) {
        const struct column *c = &mt->t->columns[ix->keys[i]];
        if (i > 0) {
            str_append_char(&cols, ',');
            str_append_char(&vals, ',');
        }
        str_append_cstr(&cols, c->name);
        datum_format_sql(&vals, c->type, &row[ix->keys[i]], false, &mt->m->x->env);
    }
    return err_table(err_new(ERR_UNIQUE_VIOLATION,
                             "duplicate key value (%s)=(%s) violates unique constraint \"%s\"",
                             str_cstr(&cols), str_cstr(&vals), ix->name),
                     mt->t->name, NULL, ix->name);
}

static bool
key_has_null(const struct index *ix, const struct datum *row)
{
    for (int i = 0; i < ix->n_keys; i++)
        if (row[ix->keys[i]].null)
            return true;
    return false;
}

static struct error *
key_taken(struct mut_table *mt, struct arena *scratch, struct slice key, bool *taken)
{
    struct kv_txn *txn = mt->m->x->txn;
    struct slice value;

    mut_own_on(mt->m);
    struct error *e = kv_get(txn, key, scratch, taken, &value, NULL);
    mut_own_off(mt->m);
    return e;
}

static bool
writes(const struct index *ix)
{
    return ix->state != DESC_DELETE_ONLY;
}

static struct error *
first_key(void *arg, struct slice key, struct slice value)
{
    struct str *k = arg;

    (void)value;
    if (k->len == 0)
        str_append_slice(k, key);
    return NULL;
}

struct error *
mut_expect_row(struct mut_table *mt, struct arena *scratch, const struct datum *row, const bool *known,
               struct slice *keys, int *n)
{
    for (int i = 0; i < mt->t->n_all_indexes && *n < MUT_EXPECT_MAX; i++) {
        const struct index *ix = &mt->t->indexes[i];
        bool all = writes(ix) && (ix->unique || ix->primary) && !ix->inverted && !key_has_null(ix, row);
        for (int k = 0; k < ix->n_keys && all; k++)
            all = known[ix->keys[k]];
        if (!all)
            continue;
        struct str key;
        str_init_arena(&key, scratch, STR_MAX_DEFAULT);
        ERR_TRY(row_encode(scratch, mt->t, ix, row, first_key, &key));
        if (key.len > 0)
            keys[(*n)++] = str_slice(&key);
    }
    return NULL;
}

void
mut_keys_are_new(struct mut_table *mt)
{
    mt->new_keys = true;
}

struct error *
mut_insert(struct mut_table *mt, struct arena *scratch, const struct datum *row,
           enum mut_verb verb)
{
    mt->n_written++;
    ERR_TRY(mut_trace_insert(mt, scratch, row, false));
    for (int i = 0; i < mt->t->n_all_indexes; i++) {
        const struct index *ix = &mt->t->indexes[i];
        struct pairs p = {.a = scratch};
        if (!writes(ix))
            continue;
        ERR_TRY(row_encode(scratch, mt->t, ix, row, collect, &p));
        if (!mt->new_keys && (ix->unique || ix->primary) && p.n > 0 &&
            (ix->primary || !key_has_null(ix, row))) {
            bool taken;
            ERR_TRY(key_taken(mt, scratch, p.v[0].key, &taken));
            if (taken)
                return duplicate_key(mt, scratch, ix, row);
        }
        for (int k = 0; k < p.n; k++) {
            ERR_TRY(kv_put(mt->m->x->txn, p.v[k].key, p.v[k].value));
            mt->inserted.bytes += (int64_t)(p.v[k].key.len + p.v[k].value.len);
        }
        if (!ix->primary)
            mt->inserted.index_entries += ix->inverted ? p.n : p.n > 0;
    }
    mt->inserted.rows++;
    return mut_note_insert(mt, row, verb);
}

struct mut_written
mut_written(const struct mut_table *mt)
{
    return mt->inserted;
}

bool
mut_has_foreign_keys(const struct mut_table *mt)
{
    return mt->n_in > 0 || mt->n_out > 0;
}

struct error *
mut_spilled_duplicate(struct mut_table *mt, struct arena *scratch)
{
    struct slice key, value;
    bool found, starts_new, skip = false;
    ERR_TRY(kv_spill_duplicate(mt->m->x->txn, scratch, &found, &key, &value));
    for (int i = 0; found && i < mt->t->n_all_indexes; i++) {
        const struct index *ix = &mt->t->indexes[i];
        struct str prefix;
        str_init_arena(&prefix, scratch, STR_MAX_DEFAULT);
        ERR_TRY(row_key_prefix(&prefix, mt->t, ix, NULL, 0));
        if (!slice_has_prefix(key, str_slice(&prefix)))
            continue;
        size_t n = (size_t)mt->t->n_all_columns;
        bool *needed = ARENA_ARRAY(scratch, bool, n + 1);
        struct datum *row = ARENA_ARRAY(scratch, struct datum, n + 1);
        struct row_decoder_opts o = {.table = mt->t, .index = ix, .needed = needed};
        struct row_decoder *d;
        for (int c = 0; c < ix->n_keys; c++)
            needed[ix->keys[c]] = true;
        for (size_t c = 0; c < n; c++)
            row[c] = DATUM_NULL;
        ERR_TRY(row_decoder_create(scratch, &o, &d));
        ERR_TRY(row_decode(d, key, value, scratch, row, &starts_new, &skip));
        return duplicate_key(mt, scratch, ix, row);
    }
    return found ? err_new(ERR_INTERNAL, "a key was written twice") : NULL;
}

struct error *
mut_put_blind(struct mut_table *mt, struct arena *scratch, const struct datum *row)
{
    const struct index *pk = &mt->t->indexes[0];
    struct pairs p = {.a = scratch}, all = {.a = scratch};

    mt->n_written++;
    ERR_TRY(mut_trace_insert(mt, scratch, row, true));
    ERR_TRY(row_encode(scratch, mt->t, pk, row, collect, &p));
    ERR_TRY(row_encode_keys(scratch, mt->t, pk, row, collect, &all));
    /* Families that the new row leaves empty may be there from an older one. */
    for (int i = 0; i < all.n; i++) {
        bool written = false;
        for (int k = 0; k < p.n && !written; k++)
            written = slice_eq(all.v[i].key, p.v[k].key);
        if (!written)
            ERR_TRY(kv_del(mt->m->x->txn, all.v[i].key));
    }
    for (int k = 0; k < p.n; k++)
        ERR_TRY(kv_put(mt->m->x->txn, p.v[k].key, p.v[k].value));
    return NULL;
}

static const struct pair *
find_key(const struct pairs *p, struct slice key)
{
    for (int i = 0; i < p->n; i++)
        if (slice_eq(p->v[i].key, key))
            return &p->v[i];
    return NULL;
}

/* Is the entry for row's values in a unique index that is being added another row's? That one stays: the job
 * finds that the two do not go together, unless one of them has gone before. */
static struct error *
is_of_other_row(struct mut_table *mt, struct arena *scratch, const struct index *ix, const struct datum *row,
                bool *other)
{
    const struct index *pk = &mt->t->indexes[0];
    size_t n = (size_t)mt->t->n_all_columns;
    struct pairs own = {.a = scratch};
    bool there, starts_new, skip = false;
    struct slice value;

    *other = false;
    if (!ix->adding || !ix->unique || key_has_null(ix, row))
        return NULL;
    ERR_TRY(row_encode(scratch, mt->t, ix, row, collect, &own));
    if (own.n == 0)
        return NULL;
    mut_own_on(mt->m);
    struct error *e = kv_get(mt->m->x->txn, own.v[0].key, scratch, &there, &value, NULL);
    mut_own_off(mt->m);
    if (e != NULL || !there || slice_eq(value, own.v[0].value))
        return e;
    bool *needed = ARENA_ARRAY(scratch, bool, n + 1);
    struct datum *owner = ARENA_ARRAY(scratch, struct datum, n + 1);
    struct row_decoder_opts o = {.table = mt->t, .index = ix, .needed = needed};
    struct row_decoder *d;
    for (int k = 0; k < pk->n_keys; k++)
        needed[pk->keys[k]] = true;
    ERR_TRY(row_decoder_create(scratch, &o, &d));
    ERR_TRY(row_decode(d, own.v[0].key, value, scratch, owner, &starts_new, &skip));
    for (int k = 0; k < pk->n_keys && !*other; k++)
        *other = datum_compare(mt->t->columns[pk->keys[k]].type, &owner[pk->keys[k]],
                               &row[pk->keys[k]]) != 0;
    return NULL;
}

static struct error *
update_index(struct mut_table *mt, struct arena *scratch, const struct index *ix,
             const struct datum *old, const struct datum *row)
{
    struct kv_txn *txn = mt->m->x->txn;
    struct pairs was = {.a = scratch}, is = {.a = scratch};
    bool other;

    ERR_TRY(is_of_other_row(mt, scratch, ix, old, &other));
    ERR_TRY(row_encode(scratch, mt->t, ix, old, collect, &was));
    if (writes(ix))
        ERR_TRY(row_encode(scratch, mt->t, ix, row, collect, &is));
    bool moved = was.n == 0 || is.n == 0 || !slice_eq(was.v[0].key, is.v[0].key);
    if (moved && is.n > 0 && (ix->unique || ix->primary) &&
        (ix->primary || !key_has_null(ix, row))) {
        bool taken;
        ERR_TRY(key_taken(mt, scratch, is.v[0].key, &taken));
        if (taken && find_key(&was, is.v[0].key) == NULL)
            return duplicate_key(mt, scratch, ix, row);
    }
    if (other && !moved)
        return duplicate_key(mt, scratch, ix, row);
    for (int i = 0; i < was.n && !other; i++)
        if (find_key(&is, was.v[i].key) == NULL)
            ERR_TRY(kv_del(txn, was.v[i].key));
    for (int i = 0; i < is.n; i++) {
        const struct pair *same = find_key(&was, is.v[i].key);
        /* A mutation index may lack the entry of the old row: write it in any case. */
        if (same == NULL || !slice_eq(same->value, is.v[i].value) || ix->state != DESC_PUBLIC)
            ERR_TRY(kv_put(txn, is.v[i].key, is.v[i].value));
    }
    return NULL;
}

struct error *
mut_update(struct mut_table *mt, struct arena *scratch, const struct datum *old,
           const struct datum *row, enum mut_verb verb)
{
    mt->n_written++;
    ERR_TRY(mut_trace_update(mt, scratch, old, row));
    for (int i = 0; i < mt->t->n_all_indexes; i++)
        ERR_TRY(update_index(mt, scratch, &mt->t->indexes[i], old, row));
    return mut_note_update(mt, old, row, verb);
}

struct error *
mut_delete(struct mut_table *mt, struct arena *scratch, const struct datum *old)
{
    mt->n_written++;
    for (int i = 0; i < mt->t->n_all_indexes; i++) {
        struct pairs p = {.a = scratch};
        bool other;
        ERR_TRY(is_of_other_row(mt, scratch, &mt->t->indexes[i], old, &other));
        if (other)
            continue;
        ERR_TRY(row_encode_keys(scratch, mt->t, &mt->t->indexes[i], old, collect, &p));
        for (int k = 0; k < p.n; k++)
            ERR_TRY(kv_del(mt->m->x->txn, p.v[k].key));
    }
    return mut_note_delete(mt, old);
}

/* ---- finding rows --------------------------------------------------------------------------- */

static struct error *
open_reader(struct mut_table *mt)
{
    if (mt->reader != NULL)
        return NULL;
    bool *needed = ARENA_ARRAY(mt->m->arena, bool, (size_t)mt->t->n_all_columns + 1);
    memset(needed, true, (size_t)mt->t->n_all_columns);
    ERR_TRY(table_reader_create(mt->m->x, mt->m->arena, mt->t, &mt->t->indexes[0], needed, true,
                                &mt->reader));
    table_reader_trace(mt->reader, "table reader", true);
    return NULL;
}

struct error *
mut_read_primary(struct mut_table *mt, struct arena *scratch, const struct datum *keys,
                 struct datum **row)
{
    const struct index *pk = &mt->t->indexes[0];
    const struct datum *r = NULL;
    struct span span;

    *row = NULL;
    ERR_TRY(open_reader(mt));
    ERR_TRY(index_prefix_span(scratch, mt->t, pk, keys, pk->n_keys, &span));
    mut_own_on(mt->m);
    table_reader_start(mt->reader, &span, 1, false);
    struct error *e = table_reader_next(mt->reader, &r);
    if (e == NULL && r != NULL) {
        *row = ARENA_ARRAY(scratch, struct datum, (size_t)mt->t->n_all_columns + 1);
        for (int i = 0; i < mt->t->n_all_columns; i++)
            (*row)[i] = datum_copy(scratch, mt->t->columns[i].type, &r[i]);
    }
    table_reader_close(mt->reader);
    mut_own_off(mt->m);
    return e;
}

struct error *
mut_find(struct mut_table *mt, struct arena *scratch, const struct index *ix,
         const struct datum *row, struct datum **old)
{
    const struct index *pk = &mt->t->indexes[0];
    struct datum *keys = ARENA_ARRAY(scratch, struct datum, (size_t)pk->n_keys + 1);

    *old = NULL;
    if (ix->primary) {
        for (int i = 0; i < pk->n_keys; i++)
            keys[i] = row[pk->keys[i]];
        return mut_read_primary(mt, scratch, keys, old);
    }
    if (key_has_null(ix, row))
        return NULL;
    /* The entry of the unique index tells the primary key. */
    struct datum *vals = ARENA_ARRAY(scratch, struct datum, (size_t)ix->n_keys + 1);
    bool *needed = ARENA_ARRAY(scratch, bool, (size_t)mt->t->n_all_columns + 1);
    struct table_reader *r;
    struct span span;
    const struct datum *found = NULL;
    for (int i = 0; i < ix->n_keys; i++)
        vals[i] = row[ix->keys[i]];
    for (int i = 0; i < pk->n_keys; i++)
        needed[pk->keys[i]] = true;
    ERR_TRY(index_prefix_span(scratch, mt->t, ix, vals, ix->n_keys, &span));
    ERR_TRY(table_reader_create(mt->m->x, scratch, mt->t, ix, needed, false, &r));
    table_reader_trace(r, "table reader", true);
    mut_own_on(mt->m);
    table_reader_start(r, &span, 1, false);
    struct error *e = table_reader_next(r, &found);
    if (e == NULL && found != NULL)
        for (int i = 0; i < pk->n_keys; i++)
            keys[i] = datum_copy(scratch, mt->t->columns[pk->keys[i]].type, &found[pk->keys[i]]);
    table_reader_close(r);
    mut_own_off(mt->m);
    if (e != NULL || found == NULL)
        return e;
    return mut_read_primary(mt, scratch, keys, old);
}

struct error *
mut_find_any(struct mut_table *mt, struct arena *scratch, const struct datum *row, bool *found)
{
    *found = false;
    for (int i = 0; i < mt->t->n_all_indexes && !*found; i++) {
        const struct index *ix = &mt->t->indexes[i];
        struct pairs p = {.a = scratch};
        if (!writes(ix) || !(ix->unique || ix->primary) ||
            (!ix->primary && key_has_null(ix, row)))
            continue;
        ERR_TRY(row_encode_keys(scratch, mt->t, ix, row, collect, &p));
        if (p.n > 0)
            ERR_TRY(key_taken(mt, scratch, p.v[0].key, found));
    }
    return NULL;
}
