#include "config.h"

#include "executor/mutation/mut_int.h"

#include "base/hash.h"
#include "executor/auto_stats.h"

/* Foreign keys: noted while rows are written, checked and followed when the statement ends.
 * SOURCE: CockroachDB v20.1 pkg/sql/opt/exec/execbuilder/mutation.go, pkg/sql/row/fk_*.go,
 * pkg/sql/row/cascader.go. */

#define MAX_CASCADE_STEPS 100000

struct noted {
    struct hash_entry h;
    struct datum *v;
};

static bool
acts(Amberdb__Action a)
{
    return a == AMBERDB__ACTION__CASCADE || a == AMBERDB__ACTION__SET_NULL ||
           a == AMBERDB__ACTION__SET_DEFAULT;
}

/* ---- loading -------------------------------------------------------------------------------- */

static struct error *
load_one(struct mut_table *mt, const Amberdb__ForeignKeyConstraint *pb, bool outbound,
         struct mut_fk *fk)
{
    struct arena *a = mt->m->arena;
    uint32_t other = outbound ? pb->referenced_table_id : pb->origin_table_id;
    int n = (int)pb->n_origin_column_ids;
    int *own = ARENA_ARRAY(a, int, (size_t)n + 1), *others = ARENA_ARRAY(a, int, (size_t)n + 1);

    fk->pb = pb;
    fk->self = other == mt->t->id;
    if (fk->self)
        fk->other = mt->t;
    else
        ERR_TRY(catalog_table_by_id(mt->m->x->catalog, other, &fk->other));
    if (fk->other == NULL)
        return NULL;
    const struct table *origin = outbound ? mt->t : fk->other;
    const struct table *referenced = outbound ? fk->other : mt->t;
    for (int i = 0; i < n; i++) {
        int o = table_column_ordinal(origin, pb->origin_column_ids[i]);
        int r = table_column_ordinal(referenced, pb->referenced_column_ids[i]);
        if (o < 0 || r < 0)
            return err_new(ERR_DATA_CORRUPTED, "foreign key \"%s\" names columns that are not there",
                           pb->name);
        own[i] = outbound ? o : r;
        others[i] = outbound ? r : o;
    }
    fk->n = n;
    fk->own = own;
    fk->others = others;
    /* out: values, verb; in: old values, new values, verb */
    int width = outbound ? n : 2 * n;
    fk->types = ARENA_ARRAY(a, const struct type *, (size_t)width + 2);
    for (int i = 0; i < width; i++)
        fk->types[i] = mt->t->columns[own[i % n]].type;
    fk->types[width] = &TYPE_INT8;
    row_hash_init(&fk->seen, a);
    return NULL;
}

struct error *
mut_load_fks(struct mut_table *mt)
{
    const pb_table *pb = mt->t->held;
    struct arena *a = mt->m->arena;

    if (mt->target->ignore_fks)
        return NULL;
    mt->out = ARENA_ARRAY(a, struct mut_fk, pb->n_outbound_fks + 1);
    mt->in = ARENA_ARRAY(a, struct mut_fk, pb->n_inbound_fks + 1);
    for (size_t i = 0; i < pb->n_outbound_fks; i++) {
        struct mut_fk *fk = &mt->out[mt->n_out];
        if (pb->outbound_fks[i]->validity == AMBERDB__CONSTRAINT_VALIDITY__DROPPING)
            continue;
        ERR_TRY(load_one(mt, pb->outbound_fks[i], true, fk));
        if (fk->other != NULL)
            mt->n_out++;
    }
    for (size_t i = 0; i < pb->n_inbound_fks; i++) {
        struct mut_fk *fk = &mt->in[mt->n_in];
        if (pb->inbound_fks[i]->validity == AMBERDB__CONSTRAINT_VALIDITY__DROPPING)
            continue;
        ERR_TRY(load_one(mt, pb->inbound_fks[i], false, fk));
        if (fk->other == NULL)
            continue;
        mt->n_in++;
        mt->cascades_in = mt->cascades_in || acts(fk->pb->on_delete) || acts(fk->pb->on_update);
    }
    mt->m->legacy = mt->m->legacy || mt->target->legacy_fk_messages;
    return NULL;
}

/* ---- messages ------------------------------------------------------------------------------- */

static const char *
verb_name(enum mut_verb v)
{
    static const char *const names[] = {"insert", "upsert", "update", "delete"};

    return names[v];
}

static void
put_names(struct str *s, const struct table *t, const int *ordinals, int n, const char *sep)
{
    for (int i = 0; i < n; i++) {
        if (i > 0)
            str_append_cstr(s, sep);
        str_append_cstr(s, t->columns[ordinals[i]].name);
    }
}

static void
put_values(struct mutator *m, struct str *s, const struct type *const *types,
           const struct datum *v, int n, const char *sep)
{
    for (int i = 0; i < n; i++) {
        if (i > 0)
            str_append_cstr(s, sep);
        if (v[i].null)
            str_append_cstr(s, "NULL");
        else
            datum_format_sql(s, types[i], &v[i], false, &m->x->env);
    }
}

static const struct index *
find_index(const struct table *t, const int *cols, int n, bool unique, int *order)
{
    for (int i = 0; i < t->n_indexes; i++) {
        const struct index *ix = &t->indexes[i];
        int k = 0;
        if (ix->inverted || ix->n_keys < n || (unique && (!(ix->unique || ix->primary) || ix->n_keys != n)))
            continue;
        for (; k < n; k++) {
            order[k] = -1;
            for (int c = 0; c < n; c++)
                if (cols[c] == ix->keys[k])
                    order[k] = c;
            if (order[k] < 0)
                break;
        }
        if (k == n)
            return ix;
    }
    return NULL;
}

static struct error *
full_mix(struct mut_table *mt, const struct mut_fk *fk, const struct datum *v, enum mut_verb verb)
{
    struct str s;

    str_init_arena(&s, mt->m->arena, STR_MAX_DEFAULT);
    if (mt->m->legacy) {
        put_values(mt->m, &s, fk->types, v, fk->n, " ");
        return err_new(ERR_FOREIGN_KEY_VIOLATION,
                       "foreign key violation: MATCH FULL does not allow mixing of null and nonnull "
                       "values [%s] for %s",
                       str_cstr(&s), fk->pb->name);
    }
    return err_detail(err_new(ERR_FOREIGN_KEY_VIOLATION,
                              "%s on table \"%s\" violates foreign key constraint \"%s\"",
                              verb_name(verb), mt->t->name, fk->pb->name),
                      "MATCH FULL does not allow mixing of null and nonnull key values.");
}

static struct error *
not_present(struct mut_table *mt, const struct mut_fk *fk, const struct datum *v,
            enum mut_verb verb)
{
    struct str cols, vals;
    struct mutator *m = mt->m;

    str_init_arena(&cols, m->arena, STR_MAX_DEFAULT);
    str_init_arena(&vals, m->arena, STR_MAX_DEFAULT);
    if (m->legacy) {
        uint8_t id[16];
        int order[64];
        const struct index *ix = fk->n > 64 ? NULL : find_index(fk->other, fk->others, fk->n, true, order);
        put_values(m, &vals, fk->types, v, fk->n, " ");
        put_names(&cols, fk->other, fk->others, fk->n, " ");
        uuid_v4(id);
        return err_new(ERR_FOREIGN_KEY_VIOLATION,
                       "foreign key violation: value [%s] not found in %s@%s [%s] "
                       "(txn=%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x)",
                       str_cstr(&vals), fk->other->name, ix == NULL ? "primary" : ix->name,
                       str_cstr(&cols), id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7],
                       id[8], id[9], id[10], id[11], id[12], id[13], id[14], id[15]);
    }
    put_names(&cols, mt->t, fk->own, fk->n, ", ");
    put_values(m, &vals, fk->types, v, fk->n, ", ");
    return err_table(err_detail(err_new(ERR_FOREIGN_KEY_VIOLATION,
                                        "%s on table \"%s\" violates foreign key constraint \"%s\"",
                                        verb_name(verb), mt->t->name, fk->pb->name),
                                "Key (%s)=(%s) is not present in table \"%s\".", str_cstr(&cols),
                                str_cstr(&vals), fk->other->name),
                     mt->t->name, NULL, fk->pb->name);
}

static struct error *
still_referenced(struct mut_table *mt, const struct mut_fk *fk, const struct datum *v,
                 enum mut_verb verb)
{
    struct str cols, vals;
    struct mutator *m = mt->m;

    str_init_arena(&cols, m->arena, STR_MAX_DEFAULT);
    str_init_arena(&vals, m->arena, STR_MAX_DEFAULT);
    if (m->legacy) {
        put_values(m, &vals, fk->types, v, fk->n, " ");
        put_names(&cols, mt->t, fk->own, fk->n, " ");
        return err_new(ERR_FOREIGN_KEY_VIOLATION,
                       "foreign key violation: values [%s] in columns [%s] referenced in table \"%s\"",
                       str_cstr(&vals), str_cstr(&cols), fk->other->name);
    }
    put_names(&cols, mt->t, fk->own, fk->n, ", ");
    put_values(m, &vals, fk->types, v, fk->n, ", ");
    return err_table(
        err_detail(err_new(ERR_FOREIGN_KEY_VIOLATION,
                           "%s on table \"%s\" violates foreign key constraint \"%s\" on table \"%s\"",
                           verb_name(verb), mt->t->name, fk->pb->name, fk->other->name),
                   "Key (%s)=(%s) is still referenced from table \"%s\".", str_cstr(&cols),
                   str_cstr(&vals), fk->other->name),
        mt->t->name, NULL, fk->pb->name);
}

/* ---- noting --------------------------------------------------------------------------------- */

static struct error *
note(struct mut_table *mt, struct mut_fk *fk, const struct datum *v, int width, bool unique)
{
    struct arena *a = mt->m->arena;

    if (unique) {
        uint64_t hash = row_key_hash(v, width + 1, fk->types, 17);
        for (struct hash_entry *h = row_hash_bucket(&fk->seen, hash); h != NULL; h = h->next)
            if (h->hash == hash &&
                row_key_equal(((struct noted *)h)->v, v, width + 1, fk->types))
                return NULL;
        /* Past a bound, repeats are checked again rather than remembered. */
        if (fk->seen.n < 100000) {
            struct noted *n = ARENA_NEW(a, struct noted);
            n->h.hash = hash;
            n->v = ARENA_ARRAY(a, struct datum, (size_t)width + 2);
            for (int i = 0; i <= width; i++)
                n->v[i] = datum_copy(a, fk->types[i], &v[i]);
            row_hash_add(&fk->seen, &n->h);
        }
    }
    if (fk->rows == NULL)
        fk->rows = row_store_create(mt->m->x, a, width + 1, fk->types, 0);
    fk->n_rows++;
    return row_store_add(fk->rows, v);
}

static struct error *
note_out(struct mut_table *mt, struct mut_fk *fk, const struct datum *row, enum mut_verb verb)
{
    struct datum v[130];
    int nulls = 0;

    if (fk->n > 64)
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "foreign key \"%s\" has too many columns",
                       fk->pb->name);
    for (int i = 0; i < fk->n; i++) {
        v[i] = row[fk->own[i]];
        nulls += v[i].null;
    }
    if (nulls == fk->n)
        return NULL;
    if (nulls > 0)
        return fk->pb->match == AMBERDB__MATCH__FULL ? full_mix(mt, fk, v, verb) : NULL;
    v[fk->n] = datum_int(verb);
    return note(mt, fk, v, fk->n, true);
}

static struct error *
note_in(struct mut_table *mt, struct mut_fk *fk, const struct datum *old, const struct datum *row,
        enum mut_verb verb)
{
    struct datum v[130];

    if (fk->n > 64)
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "foreign key \"%s\" has too many columns",
                       fk->pb->name);
    for (int i = 0; i < fk->n; i++) {
        v[i] = old[fk->own[i]];
        if (v[i].null)
            return NULL; /* nobody can reference it */
        v[fk->n + i] = row == NULL ? DATUM_NULL : row[fk->own[i]];
    }
    v[2 * fk->n] = datum_int(verb);
    return note(mt, fk, v, 2 * fk->n, false);
}

struct error *
mut_note_insert(struct mut_table *mt, const struct datum *row, enum mut_verb verb)
{
    if (verb != MUT_INSERT && mt->cascades_in)
        mt->m->legacy = true;
    for (int i = 0; i < mt->n_out; i++)
        ERR_TRY(note_out(mt, &mt->out[i], row, verb));
    return NULL;
}

static bool
changed(const struct mut_table *mt, const struct mut_fk *fk, const struct datum *old,
        const struct datum *row)
{
    for (int i = 0; i < fk->n; i++) {
        int c = fk->own[i];
        if (!datum_equal(mt->t->columns[c].type, &old[c], &row[c]))
            return true;
    }
    return false;
}

struct error *
mut_note_update(struct mut_table *mt, const struct datum *old, const struct datum *row,
                enum mut_verb verb)
{
    if (mt->cascades_in)
        mt->m->legacy = true;
    for (int i = 0; i < mt->n_out; i++)
        if (changed(mt, &mt->out[i], old, row))
            ERR_TRY(note_out(mt, &mt->out[i], row, verb));
    for (int i = 0; i < mt->n_in; i++)
        if (changed(mt, &mt->in[i], old, row))
            ERR_TRY(note_in(mt, &mt->in[i], old, row, verb));
    return NULL;
}

struct error *
mut_note_delete(struct mut_table *mt, const struct datum *old)
{
    if (mt->cascades_in)
        mt->m->legacy = true;
    for (int i = 0; i < mt->n_in; i++)
        ERR_TRY(note_in(mt, &mt->in[i], old, NULL, MUT_DELETE));
    return NULL;
}

/* ---- looking up ----------------------------------------------------------------------------- */

/* Rows of t whose columns `cols` equal v: into found (primary keys only when t's index is secondary is
 * not enough for the caller, so whole rows); limit 0: all. With count only, found is NULL. */
static struct error *
rows_with(struct mut_table *mt, struct arena *scratch, const int *cols, int n,
          const struct datum *v, struct row_store *found, int limit, int *count)
{
    const struct table *t = mt->t;
    const struct index *pk = &t->indexes[0];
    bool *needed = ARENA_ARRAY(scratch, bool, (size_t)t->n_all_columns + 1);
    int order[64];
    const struct index *ix = find_index(t, cols, n, false, order);
    bool scan_all = ix == NULL, whole = found != NULL;
    struct table_reader *r;
    struct span span;

    *count = 0;
    if (scan_all)
        ix = pk;
    for (int i = 0; i < pk->n_keys; i++)
        needed[pk->keys[i]] = true;
    for (int i = 0; i < n; i++)
        needed[cols[i]] = true;
    if (ix->primary && whole)
        memset(needed, true, (size_t)t->n_all_columns);
    if (scan_all) {
        span = row_index_span(scratch, t, ix);
    } else {
        struct datum *vals = ARENA_ARRAY(scratch, struct datum, (size_t)n + 1);
        for (int i = 0; i < n; i++)
            vals[i] = v[order[i]];
        ERR_TRY(index_prefix_span(scratch, t, ix, vals, n, &span));
    }
    ERR_TRY(table_reader_create(mt->m->x, scratch, t, ix, needed, false, &r));
    table_reader_trace(r, "join reader", true);
    table_reader_start(r, &span, 1, false);
    for (int64_t seen = 0;; seen++) {
        const struct datum *row;
        if ((seen & 1023) == 1023)
            ERR_TRY(cancel_check(mt->m->x->cancel));
        ERR_TRY(table_reader_next(r, &row));
        if (row == NULL)
            break;
        if (scan_all) {
            bool same = true;
            for (int i = 0; i < n && same; i++)
                same = !row[cols[i]].null &&
                       datum_equal(t->columns[cols[i]].type, &row[cols[i]], &v[i]);
            if (!same)
                continue;
        }
        (*count)++;
        if (whole && ix->primary) {
            ERR_TRY(row_store_add(found, row));
        } else if (whole) {
            struct datum *keys = ARENA_ARRAY(scratch, struct datum, (size_t)pk->n_keys + 1), *full;
            for (int i = 0; i < pk->n_keys; i++)
                keys[i] = row[pk->keys[i]];
            ERR_TRY(mut_read_primary(mt, scratch, keys, &full));
            if (full != NULL)
                ERR_TRY(row_store_add(found, full));
        }
        if (limit > 0 && *count >= limit)
            break;
    }
    table_reader_close(r);
    return NULL;
}

/* ---- cascades ------------------------------------------------------------------------------- */

static struct error *
child_value(struct mut_table *child, struct mut_fk *fk, Amberdb__Action action, int i,
            const struct datum *new_values, struct arena *scratch, struct datum *out)
{
    const struct column *c = &child->t->columns[fk->others[i]];
    struct exec_ctx *x = child->m->x;

    *out = DATUM_NULL;
    if (action == AMBERDB__ACTION__CASCADE) {
        *out = new_values[i];
    } else if (action == AMBERDB__ACTION__SET_DEFAULT && c->default_expr != NULL) {
        struct expr *e;
        struct eval_env env = x->env;
        env.arena = scratch;
        ERR_TRY(plan_stored_expr(exec_planner(x), NULL, c->default_expr, c->type, &e));
        ERR_TRY(expr_eval(e, &env, &x->state, NULL, out));
    }
    if (out->null && !c->nullable) {
        const struct database *db = NULL;
        ERR_TRY(catalog_database_by_id(x->catalog, child->t->parent_id, &db));
        return err_new(ERR_NULL_VALUE_NOT_ALLOWED,
                       "cannot cascade a null value into \"%s.public.%s.%s\" as it violates a NOT "
                       "NULL constraint",
                       db == NULL ? "" : db->name, child->t->name, c->name);
    }
    return NULL;
}

/* SET DEFAULT may leave a row as it was, and still it must reference something. */
static struct error *
note_default(struct mut_table *child, const struct mut_fk *fk, const struct datum *row)
{
    for (int i = 0; i < child->n_out; i++)
        if (strcmp(child->out[i].pb->name, fk->pb->name) == 0)
            return note_out(child, &child->out[i], row, MUT_UPDATE);
    return NULL;
}

static struct error *
act_on_children(struct mut_table *mt, struct mut_fk *fk, const struct datum *v,
                enum mut_verb verb, Amberdb__Action action)
{
    struct mut_table *child;
    struct mutator *m = mt->m;
    struct arena *scratch = arena_create(m->arena, "cascade");
    struct error *err;

    ERR_TRY(mutator_table(m, fk->other, NULL, &child));
    const struct type **types =
        ARENA_ARRAY(scratch, const struct type *, (size_t)child->t->n_all_columns + 1);
    for (int i = 0; i < child->t->n_all_columns; i++)
        types[i] = child->t->columns[i].type;
    struct row_store *rows =
        row_store_create(m->x, scratch, child->t->n_all_columns, types, 0);
    int count;
    ERR_GOTO(rows_with(child, scratch, fk->others, fk->n, v, rows, 0, &count), out);
    struct row_reader *r = row_reader_open(rows, scratch);
    struct arena *row_arena = arena_create(scratch, "row");
    for (int64_t seen = 0;; seen++) {
        struct datum *old = ARENA_ARRAY(row_arena, struct datum, (size_t)child->t->n_all_columns + 1);
        bool more;
        if ((seen & 1023) == 1023)
            ERR_GOTO(cancel_check(m->x->cancel), out);
        ERR_GOTO(row_reader_next(r, old, &more), out);
        if (!more)
            break;
        if (verb == MUT_DELETE && action == AMBERDB__ACTION__CASCADE) {
            ERR_GOTO(mut_trace_delete(child, row_arena, old), out);
            ERR_GOTO(mut_delete(child, row_arena, old), out);
        } else {
            struct datum *row = arena_memdup(row_arena, old,
                                             ((size_t)child->t->n_all_columns + 1) * sizeof(*old));
            bool *set = ARENA_ARRAY(row_arena, bool, (size_t)child->t->n_all_columns + 1);
            for (int i = 0; i < fk->n; i++) {
                set[fk->others[i]] = true;
                ERR_GOTO(child_value(child, fk, action, i, v + fk->n, row_arena,
                                     &row[fk->others[i]]), out);
            }
            ERR_GOTO(mut_prepare_row(child, row_arena, row, set), out);
            ERR_GOTO(mut_check_updated_row(child, row_arena, old, row), out);
            ERR_GOTO(mut_update(child, row_arena, old, row, MUT_UPDATE), out);
            if (action == AMBERDB__ACTION__SET_DEFAULT)
                ERR_GOTO(note_default(child, fk, row), out);
        }
        arena_reset(row_arena);
    }
    err = NULL;
out:
    arena_destroy(scratch);
    return err;
}

/* Follow the inbound keys of one table that act; *any: something was there to follow. */
static struct error *
follow(struct mut_table *mt, bool *any)
{
    for (int i = 0; i < mt->n_in; i++) {
        struct mut_fk *fk = &mt->in[i];
        struct row_store *rows = fk->rows, *keep = NULL;
        if (rows == NULL || fk->n_rows == 0)
            continue;
        bool on_delete = acts(fk->pb->on_delete), on_update = acts(fk->pb->on_update);
        if (!on_delete && !on_update)
            continue;
        fk->rows = NULL;
        fk->n_rows = 0;
        struct arena *a = arena_create(mt->m->arena, "noted");
        struct row_reader *r = row_reader_open(rows, a);
        struct datum *v = ARENA_ARRAY(a, struct datum, (size_t)fk->n * 2 + 2);
        for (;;) {
            bool more;
            ERR_TRY(row_reader_next(r, v, &more));
            if (!more)
                break;
            enum mut_verb verb = (enum mut_verb)v[2 * fk->n].i;
            Amberdb__Action action = verb == MUT_DELETE ? fk->pb->on_delete : fk->pb->on_update;
            if (acts(action)) {
                *any = true;
                ERR_TRY(act_on_children(mt, fk, v, verb, action));
                continue;
            }
            if (keep == NULL)
                keep = row_store_create(mt->m->x, mt->m->arena, 2 * fk->n + 1, fk->types, 0);
            ERR_TRY(row_store_add(keep, v));
        }
        arena_destroy(a);
        row_store_close(rows);
        /* Rows that only need a check wait in a store of their own. */
        if (keep != NULL) {
            if (fk->checks == NULL) {
                fk->checks = keep;
            } else {
                struct arena *b = arena_create(mt->m->arena, "noted");
                struct row_reader *kr = row_reader_open(keep, b);
                struct datum *kv = ARENA_ARRAY(b, struct datum, (size_t)fk->n * 2 + 2);
                for (;;) {
                    bool more;
                    ERR_TRY(row_reader_next(kr, kv, &more));
                    if (!more)
                        break;
                    ERR_TRY(row_store_add(fk->checks, kv));
                }
                arena_destroy(b);
                row_store_close(keep);
            }
        }
    }
    return NULL;
}

/* ---- checks --------------------------------------------------------------------------------- */

/* The rows that the next TABLE_READER_PREFETCH ones of `ahead` reference, by their primary key, together. */
static struct error *
fetch_parents(struct mut_table *parent, const struct mut_fk *fk, struct row_reader *ahead, struct arena *a)
{
    const struct table *t = parent->t;
    struct span spans[TABLE_READER_PREFETCH];
    int n = 0, order[64];
    const struct index *ix = find_index(t, fk->others, fk->n, false, order);
    struct table_reader *r;

    if (ix == NULL || !ix->primary || ix->n_keys != fk->n)
        return NULL;
    bool *needed = ARENA_ARRAY(a, bool, (size_t)t->n_all_columns + 1);
    for (int i = 0; i < fk->n; i++)
        needed[fk->others[i]] = true;
    for (bool more = true; n < TABLE_READER_PREFETCH; n++) {
        struct datum *v = ARENA_ARRAY(a, struct datum, (size_t)fk->n + 2);
        struct datum *vals = ARENA_ARRAY(a, struct datum, (size_t)fk->n + 1);
        ERR_TRY(row_reader_next(ahead, v, &more));
        if (!more)
            break;
        for (int i = 0; i < fk->n; i++)
            vals[i] = v[order[i]];
        ERR_TRY(index_prefix_span(a, t, ix, vals, fk->n, &spans[n]));
    }
    ERR_TRY(table_reader_create(parent->m->x, a, t, ix, needed, false, &r));
    return table_reader_prefetch(r, spans, n);
}

static struct error *
check_out(struct mut_table *mt, struct mut_fk *fk)
{
    struct arena *a = arena_create(mt->m->arena, "check"), *row = arena_create(a, "row");
    struct row_reader *r = row_reader_open(fk->rows, a), *ahead = row_reader_open(fk->rows, a);
    struct datum *v = ARENA_ARRAY(a, struct datum, (size_t)fk->n + 2);
    struct mut_table *parent;

    ERR_TRY(mutator_table(mt->m, fk->other, NULL, &parent));
    for (int64_t i = 0;; i++) {
        bool more;
        int count;
        if (i % TABLE_READER_PREFETCH == 0 && kv_prefetches(mt->m->x->txn))
            ERR_TRY(fetch_parents(parent, fk, ahead, row));
        ERR_TRY(row_reader_next(r, v, &more));
        if (!more)
            break;
        ERR_TRY(rows_with(parent, row, fk->others, fk->n, v, NULL, 1, &count));
        if (count == 0) {
            /* A row that was changed or deleted again by a cascade has nothing to prove. */
            ERR_TRY(rows_with(mt, row, fk->own, fk->n, v, NULL, 1, &count));
            if (count > 0)
                return not_present(mt, fk, v, (enum mut_verb)v[fk->n].i);
        }
        arena_reset(row);
    }
    arena_destroy(a);
    return NULL;
}

static struct error *
check_in(struct mut_table *mt, struct mut_fk *fk, struct row_store *rows)
{
    struct arena *a = arena_create(mt->m->arena, "check"), *row = arena_create(a, "row");
    struct row_reader *r = row_reader_open(rows, a);
    struct datum *v = ARENA_ARRAY(a, struct datum, (size_t)fk->n * 2 + 2);
    struct mut_table *child;

    ERR_TRY(mutator_table(mt->m, fk->other, NULL, &child));
    for (;;) {
        bool more;
        int count;
        ERR_TRY(row_reader_next(r, v, &more));
        if (!more)
            break;
        ERR_TRY(rows_with(child, row, fk->others, fk->n, v, NULL, 1, &count));
        if (count > 0) {
            /* Perhaps another row has taken over the value. */
            ERR_TRY(rows_with(mt, row, fk->own, fk->n, v, NULL, 1, &count));
            if (count == 0)
                return still_referenced(mt, fk, v, (enum mut_verb)v[2 * fk->n].i);
        }
        arena_reset(row);
    }
    arena_destroy(a);
    return NULL;
}

static struct error *
finish(struct mutator *m)
{
    bool any = true;

    for (int steps = 0; any; steps++) {
        any = false;
        if (steps > MAX_CASCADE_STEPS)
            return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "foreign key cascades do not end");
        for (struct mut_table *mt = m->tables; mt != NULL; mt = mt->next)
            ERR_TRY(follow(mt, &any));
    }
    for (struct mut_table *mt = m->tables; mt != NULL; mt = mt->next) {
        for (int i = 0; i < mt->n_out; i++)
            if (mt->out[i].rows != NULL)
                ERR_TRY(check_out(mt, &mt->out[i]));
        for (int i = 0; i < mt->n_in; i++) {
            struct mut_fk *fk = &mt->in[i];
            if (fk->rows != NULL && fk->n_rows > 0)
                ERR_TRY(check_in(mt, fk, fk->rows));
            if (fk->checks != NULL)
                ERR_TRY(check_in(mt, fk, fk->checks));
        }
    }
    return NULL;
}

struct error *
mutator_finish(struct mutator *m)
{
    mut_own_on(m);
    struct error *e = finish(m);
    mut_own_off(m);
    for (struct mut_table *mt = m->tables; e == NULL && mt != NULL; mt = mt->next)
        if (mt->n_written > 0) {
            auto_stats_note(m->x->node, mt->t->id, mt->n_written);
            mt->n_written = 0;
        }
    return e;
}
