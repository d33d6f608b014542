/* Rows that are there when the schema changes: written again in a new form, or held against a new
 * constraint. All of it inside the statement's transaction, which sees its own writes. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "catalog/build.h"
#include "catalog/row.h"
#include "executor/relational/table_reader.h"
#include "grammar/print.h"

#define CHECK_CANCEL_EVERY 1024 /* rows */

/* ---- a walk over a table's rows -------------------------------------------------------------- */

/* The keys of a row and what is interleaved in it. */
static struct error *
span_of_row(struct arena *a, const struct table *t, const struct datum *row, struct span *out)
{
    const struct index *primary = &t->indexes[0];
    struct datum *key = ARENA_ARRAY(a, struct datum, (size_t)primary->n_keys + 1);
    for (int i = 0; i < primary->n_keys; i++)
        key[i] = row[primary->keys[i]];
    return index_prefix_span(a, t, primary, key, primary->n_keys, out);
}

static struct error *
key_behind(struct exec_ctx *x, const struct table *t, const struct datum *row, struct slice *out)
{
    struct span span;
    ERR_TRY(span_of_row(x->arena, t, row, &span));
    *out = span.end;
    return NULL;
}

static struct error *
note_first(struct exec_ctx *x, const struct table *t, const struct datum *row, struct ddl_piece *piece)
{
    struct span span;
    ERR_TRY(span_of_row(x->arena, t, row, &span));
    piece->first = span.start;
    return NULL;
}

static struct error *
track_row(struct exec_ctx *x, const struct table *t, const struct datum *row, struct arena *scratch)
{
    struct span span;
    arena_reset(scratch);
    ERR_TRY(span_of_row(scratch, t, row, &span));
    return kv_track_read(x->txn, span);
}

static bool
piece_is_full(struct ddl_piece *p)
{
    p->rows++;
    return p->rows >= p->max_rows || p->bytes >= p->max_bytes;
}

/* Behind the key, where that is in the span. */
static void
end_at(struct exec_ctx *x, struct span *span, struct slice last)
{
    if (slice_cmp(last, span->start) < 0 || slice_cmp(last, span->end) >= 0)
        return;
    uint8_t *key = arena_alloc(x->arena, last.len + 1);
    memcpy(key, last.ptr, last.len);
    key[last.len] = 0;
    span->end = slice_make(key, last.len + 1);
}

struct error *
ddl_each_row(struct exec_ctx *x, const struct table *t, const bool *needed,
             struct ddl_piece *piece, ddl_row_fn fn, void *arg)
{
    const struct index *primary = &t->indexes[0];
    struct span span = row_index_span(x->arena, t, primary);
    struct table_reader *reader = NULL;
    struct error *err = NULL;
    bool stop = false, alone = piece != NULL && piece->rows_alone;
    struct arena *scratch = arena_create(x->arena, "keys of rows");
    if (needed == NULL) {
        bool *all = arena_alloc(x->arena, (size_t)t->n_all_columns + 1);
        memset(all, true, (size_t)t->n_all_columns + 1);
        needed = all;
    }
    if (piece != NULL) {
        piece->rows = piece->bytes = 0;
        piece->first = piece->next = (struct slice){0};
        end_at(x, &span, piece->to);
        if (piece->from.len > 0)
            span.start = piece->from;
    }
    if (slice_cmp(span.start, span.end) >= 0)
        goto out;
    kv_txn_step(x->txn);
    ERR_TRY(table_reader_create(x, x->arena, t, primary, needed, piece != NULL && piece->lock, &reader));
    if (alone)
        table_reader_no_track(reader);
    table_reader_start(reader, &span, 1, false);
    for (uint64_t n = 0; !stop; n++) {
        const struct datum *row;
        if (n % CHECK_CANCEL_EVERY == 0)
            ERR_GOTO(cancel_check(x->cancel), out);
        ERR_GOTO(table_reader_next(reader, &row), out);
        if (row == NULL)
            break;
        if (alone)
            ERR_GOTO(track_row(x, t, row, scratch), out);
        if (piece != NULL && n == 0)
            ERR_GOTO(note_first(x, t, row, piece), out);
        ERR_GOTO(fn(arg, row, &stop), out);
        if (piece != NULL && piece_is_full(piece)) {
            err = key_behind(x, t, row, &piece->next);
            break;
        }
    }
out:
    if (reader != NULL)
        table_reader_close(reader);
    arena_destroy(scratch);
    return err;
}

static struct error *
note_row(void *arg, const struct datum *row, bool *stop)
{
    (void)row;
    *(bool *)arg = false;
    *stop = true;
    return NULL;
}

struct error *
ddl_table_is_empty(struct exec_ctx *x, const struct table *t, bool *empty)
{
    *empty = true;
    return ddl_each_row(x, t, NULL, NULL, note_row, empty);
}

/* a=1, b='x' */
static void
labelled(struct exec_ctx *x, struct str *s, const struct table *t, const int *ordinals, int n,
         const struct datum *row)
{
    for (int i = 0; i < n; i++) {
        const struct column *c = &t->columns[ordinals[i]];
        str_printf(s, "%s%s=", i > 0 ? ", " : "", c->name);
        datum_format_sql(s, c->type, &row[ordinals[i]], false, &x->env);
    }
}

/* ---- the rows written again ------------------------------------------------------------------ */

struct key_list {
    size_t n, cap;
    struct slice *v;
};

struct rewrite {
    struct exec_ctx *x;
    const struct table *from, *to; /* from: as rows are read */
    int *source;               /* per column of `to`: its ordinal in `from`, -1: new */
    const struct index **stale; /* indexes under way of `from` with columns that are new */
    int n_stale;
    struct expr **exprs;       /* of new columns: default or computed; NULL: NULL */
    struct arena *arena;       /* of one row */
    struct datum *row;
    struct key_list old, new;
    bool new_index;            /* another primary index: its keys may collide */
    struct ddl_piece *piece;   /* may be NULL */
};

static void
push_key(struct rewrite *w, struct key_list *l, struct slice key)
{
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 8 : 2 * l->cap;
        struct slice *v = ARENA_ARRAY(w->x->arena, struct slice, cap);
        if (l->n > 0)
            memcpy(v, l->v, l->n * sizeof(*v));
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n++] = (struct slice){arena_memdup(w->arena, key.ptr, key.len), key.len};
}

static struct error *
note_old(void *arg, struct slice key, struct slice value)
{
    struct rewrite *w = arg;
    (void)value;
    push_key(w, &w->old, key);
    return NULL;
}

static struct error *
put_new(void *arg, struct slice key, struct slice value)
{
    struct rewrite *w = arg;
    bool taken = false;
    struct slice old;
    push_key(w, &w->new, key);
    if (w->new_index) {
        kv_txn_set_read_own(w->x->txn, true);
        struct error *err = kv_get(w->x->txn, key, w->arena, &taken, &old, NULL);
        kv_txn_set_read_own(w->x->txn, false);
        ERR_TRY(err);
    }
    if (taken)
        return ddl_duplicate_key(w->x, w->to, &w->to->indexes[0], w->row);
    if (w->piece != NULL)
        w->piece->bytes += key.len + value.len;
    return kv_put(w->x->txn, key, value);
}

static struct error *
remove_entry(void *arg, struct slice key, struct slice value)
{
    struct rewrite *w = arg;
    struct slice old;
    bool found;
    (void)value;
    ERR_TRY(kv_get(w->x->txn, key, w->arena, &found, &old, NULL));
    return found ? kv_del(w->x->txn, key) : NULL;
}

static struct error *
compute(struct rewrite *w, bool computed)
{
    for (int i = 0; i < w->to->n_columns; i++) {
        const struct column *c = &w->to->columns[i];
        if (w->source[i] >= 0 || (c->compute_expr != NULL) != computed)
            continue;
        w->row[i] = DATUM_NULL;
        if (w->exprs[i] != NULL) {
            ERR_TRY(expr_eval(w->exprs[i], &w->x->env, &w->x->state, w->row, &w->row[i]));
            struct datum fitted;
            ERR_TRY(datum_adjust(&w->x->env, c->type, c->name, &w->row[i], &fitted));
            w->row[i] = fitted;
        }
        if (w->row[i].null && !c->nullable)
            return err_table(err_new(ERR_NOT_NULL_VIOLATION,
                                     "null value in column \"%s\" violates not-null constraint",
                                     c->name), w->to->name, c->name, NULL);
    }
    return NULL;
}

static struct error *
rewrite_row(void *arg, const struct datum *row, bool *stop)
{
    struct rewrite *w = arg;
    (void)stop;
    arena_reset(w->arena);
    w->x->env.arena = w->arena;
    for (int i = 0; i < w->to->n_all_columns; i++)
        w->row[i] = w->source[i] >= 0 ? row[w->source[i]] : DATUM_NULL;
    ERR_TRY(compute(w, false));
    ERR_TRY(compute(w, true));
    w->old.n = w->new.n = 0;
    ERR_TRY(row_encode_keys(w->arena, w->from, &w->from->indexes[0], row, note_old, w));
    ERR_TRY(row_encode(w->arena, w->to, &w->to->indexes[0], w->row, put_new, w));
    for (size_t i = 0; i < w->old.n; i++) {
        bool kept = false;
        for (size_t k = 0; k < w->new.n && !kept; k++)
            kept = slice_eq(w->old.v[i], w->new.v[k]);
        if (!kept)
            ERR_TRY(kv_del(w->x->txn, w->old.v[i]));
    }
    for (int i = 0; i < w->n_stale; i++)
        ERR_TRY(row_encode_keys(w->arena, w->from, w->stale[i], row, remove_entry, w));
    return NULL;
}

static bool
is_new(const struct rewrite *w, const int *ordinals, int n, const struct table *known)
{
    for (int i = 0; i < n; i++)
        if (table_column_ordinal(known, w->from->columns[ordinals[i]].id) < 0)
            return true;
    return false;
}

/* A row that was written since the change began has values of the new columns, and entries by them. */
static void
find_stale(struct rewrite *w, const struct table *known)
{
    w->stale = ARENA_ARRAY(w->x->arena, const struct index *, (size_t)w->from->n_all_indexes + 1);
    for (int i = w->from->n_indexes; i < w->from->n_all_indexes; i++) {
        const struct index *ix = &w->from->indexes[i];
        if (ix->adding && (is_new(w, ix->keys, ix->n_keys, known) ||
                           is_new(w, ix->stored, ix->n_stored, known)))
            w->stale[w->n_stale++] = ix;
    }
}

struct error *
ddl_rewrite_rows(struct exec_ctx *x, const struct table *from, const struct table *to,
                 struct ddl_piece *piece)
{
    bool shared = piece != NULL && piece->seen != NULL;
    struct rewrite w = {.x = x, .from = shared ? piece->seen : from, .to = to, .piece = piece};
    size_t n = (size_t)to->n_all_columns + 1;
    struct scope *scope = scope_of_table(x->arena, to, to->name);
    struct arena *before = x->env.arena;
    w.source = ARENA_ARRAY(x->arena, int, n);
    w.exprs = arena_zalloc(x->arena, n * sizeof(*w.exprs));
    w.row = ARENA_ARRAY(x->arena, struct datum, n);
    for (int i = 0; i < to->n_all_columns; i++) {
        const struct column *c = &to->columns[i];
        const char *sql = c->compute_expr != NULL ? c->compute_expr : c->default_expr;
        w.source[i] = table_column_ordinal(from, c->id) < 0 ? -1
                                                            : table_column_ordinal(w.from, c->id);
        if (w.source[i] < 0 && sql != NULL)
            ERR_TRY(plan_stored_expr(exec_planner(x), scope, sql, c->type, &w.exprs[i]));
    }
    w.new_index = from->indexes[0].id != to->indexes[0].id;
    if (shared)
        find_stale(&w, from);
    w.arena = arena_create(x->arena, "rewrite");
    struct error *err = ddl_each_row(x, w.from, NULL, piece, rewrite_row, &w);
    x->env.arena = before;
    arena_destroy(w.arena);
    return err;
}

/* ---- CHECK and NOT NULL ---------------------------------------------------------------------- */

struct validation {
    struct exec_ctx *x;
    const struct table *t;
    struct expr *e;
    const char *text;
    const char *prefix;
    struct arena *arena;
};

static struct error *
validate_row(void *arg, const struct datum *row, bool *stop)
{
    struct validation *v = arg;
    struct datum ok;
    (void)stop;
    arena_reset(v->arena);
    v->x->env.arena = v->arena;
    ERR_TRY(expr_eval(v->e, &v->x->env, &v->x->state, row, &ok));
    if (ok.null || ok.i != 0)
        return NULL;
    struct str s;
    int *all = ARENA_ARRAY(v->arena, int, (size_t)v->t->n_columns + 1);
    for (int i = 0; i < v->t->n_columns; i++)
        all[i] = i;
    str_init_arena(&s, v->x->arena, STR_MAX_DEFAULT);
    labelled(v->x, &s, v->t, all, v->t->n_columns, row);
    return err_new(ERR_CHECK_VIOLATION, "%svalidation of CHECK \"%s\" failed on row: %s",
                   v->prefix, v->text, str_cstr(&s));
}

static struct error *
validate_expr(struct exec_ctx *x, const struct table *t, const char *sql, const char *prefix)
{
    struct validation v = {.x = x, .t = t, .text = sql, .prefix = prefix};
    struct arena *before = x->env.arena;
    ERR_TRY(plan_stored_expr(exec_planner(x), scope_of_table(x->arena, t, t->name), sql,
                             &TYPE_BOOL, &v.e));
    v.arena = arena_create(x->arena, "validate");
    struct error *err = ddl_each_row(x, t, NULL, NULL, validate_row, &v);
    x->env.arena = before;
    arena_destroy(v.arena);
    return err;
}

struct error *
ddl_validate_check(struct exec_ctx *x, const struct table *t, const char *sql)
{
    return validate_expr(x, t, sql, "");
}

struct error *
ddl_validate_not_null(struct exec_ctx *x, const struct table *t, const char *column)
{
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    print_name(&s, slice_cstr(column));
    str_append_cstr(&s, " IS NOT NULL");
    return validate_expr(x, t, str_cstr(&s), "validation of NOT NULL constraint failed: ");
}

/* ---- FOREIGN KEY ----------------------------------------------------------------------------- */

struct fk_validation {
    struct exec_ctx *x;
    const struct table *t, *other;
    const struct index *ix;    /* the unique one referenced */
    const Amberdb__ForeignKeyConstraint *fk;
    int n;
    int *mine;                 /* ordinals in t, in the order of ix's key */
    int *shown;                /* what a message shows: the key's columns, then the primary key's */
    int n_shown;
    struct arena *arena;
};

static struct error *
fk_row(void *arg, const struct datum *row, bool *stop)
{
    struct fk_validation *v = arg;
    int n_null = 0;
    struct str s;
    (void)stop;
    arena_reset(v->arena);
    struct datum *vals = ARENA_ARRAY(v->arena, struct datum, (size_t)v->n + 1);
    for (int i = 0; i < v->n; i++) {
        vals[i] = row[v->mine[i]];
        n_null += vals[i].null;
    }
    if (n_null > 0) {
        if (v->fk->match != AMBERDB__MATCH__FULL || n_null == v->n)
            return NULL;
        str_init_arena(&s, v->x->arena, STR_MAX_DEFAULT);
        labelled(v->x, &s, v->t, v->shown, v->n, row);
        return err_new(ERR_FOREIGN_KEY_VIOLATION,
                       "foreign key violation: MATCH FULL does not allow mixing of null and "
                       "nonnull values %s for %s", str_cstr(&s), v->fk->name);
    }
    struct span span;
    struct table_reader *reader;
    const struct datum *found;
    bool *needed = arena_zalloc(v->arena, (size_t)v->other->n_all_columns + 1);
    ERR_TRY(index_prefix_span(v->arena, v->other, v->ix, vals, v->n, &span));
    ERR_TRY(table_reader_create(v->x, v->arena, v->other, v->ix, needed, false, &reader));
    table_reader_start(reader, &span, 1, false);
    struct error *err = table_reader_next(reader, &found);
    table_reader_close(reader);
    if (err != NULL || found != NULL)
        return err;
    str_init_arena(&s, v->x->arena, STR_MAX_DEFAULT);
    labelled(v->x, &s, v->t, v->shown, v->n_shown, row);
    return err_new(ERR_FOREIGN_KEY_VIOLATION,
                   "foreign key violation: \"%s\" row %s has no match in \"%s\"", v->t->name,
                   str_cstr(&s), v->other->name);
}

struct error *
ddl_validate_foreign_key(struct exec_ctx *x, const struct table *t, const char *name)
{
    struct fk_validation v = {.x = x, .t = t};
    for (size_t i = 0; i < t->pb->n_outbound_fks; i++)
        if (strcmp(t->pb->outbound_fks[i]->name, name) == 0)
            v.fk = t->pb->outbound_fks[i];
    if (v.fk == NULL)
        return NULL;
    ERR_TRY(catalog_table_by_id(x->catalog, v.fk->referenced_table_id, &v.other));
    if (v.other == NULL)
        return NULL;
    v.n = (int)v.fk->n_origin_column_ids;
    v.mine = ARENA_ARRAY(x->arena, int, (size_t)v.n + 1);
    v.shown = ARENA_ARRAY(x->arena, int, (size_t)(v.n + t->indexes[0].n_keys) + 1);
    for (int k = 0; k < v.other->n_indexes && v.ix == NULL; k++) {
        const struct index *ix = &v.other->indexes[k];
        int matched = 0;
        if (!ix->unique || ix->n_keys != v.n)
            continue;
        for (int i = 0; i < v.n; i++)
            for (int j = 0; j < v.n; j++)
                if (v.other->columns[ix->keys[i]].id == v.fk->referenced_column_ids[j]) {
                    v.mine[i] = table_column_ordinal(t, v.fk->origin_column_ids[j]);
                    matched++;
                }
        if (matched == v.n)
            v.ix = ix;
    }
    if (v.ix == NULL)
        return NULL;
    for (int i = 0; i < v.n; i++)
        v.shown[v.n_shown++] = table_column_ordinal(t, v.fk->origin_column_ids[i]);
    for (int i = 0; i < t->indexes[0].n_keys; i++) {
        bool there = false;
        for (int k = 0; k < v.n_shown; k++)
            there = there || v.shown[k] == t->indexes[0].keys[i];
        if (!there)
            v.shown[v.n_shown++] = t->indexes[0].keys[i];
    }
    v.arena = arena_create(x->arena, "validate");
    struct error *err = ddl_each_row(x, t, NULL, NULL, fk_row, &v);
    arena_destroy(v.arena);
    return err;
}
