/* Entries of a new index for the rows that are there. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "catalog/row.h"

struct backfill {
    struct exec_ctx *x;
    const struct table *t;
    const struct index *ix;
    struct ddl_piece *piece;
    struct arena *arena;       /* of one row's encoding */
    const struct datum *row;
};

struct error *
ddl_duplicate_key(struct exec_ctx *x, const struct table *t, const struct index *ix,
                  const struct datum *row)
{
    struct str names, values;
    str_init_arena(&names, x->arena, STR_MAX_DEFAULT);
    str_init_arena(&values, x->arena, STR_MAX_DEFAULT);
    for (int i = 0; i < ix->n_keys; i++) {
        const struct column *c = &t->columns[ix->keys[i]];
        str_printf(&names, "%s%s", i > 0 ? "," : "", c->name);
        str_append_cstr(&values, i > 0 ? "," : "");
        datum_format_sql(&values, c->type, &row[ix->keys[i]], false, &x->env);
    }
    return err_table(err_new(ERR_UNIQUE_VIOLATION,
                             "duplicate key value (%s)=(%s) violates unique constraint \"%s\"",
                             str_cstr(&names), str_cstr(&values), ix->name),
                     t->name, NULL, ix->name);
}

static struct error *
put_entry(void *arg, struct slice key, struct slice value)
{
    struct backfill *b = arg;
    if (b->ix->unique) {
        struct slice old;
        bool found;
        ERR_TRY(kv_get(b->x->txn, key, b->arena, &found, &old, NULL));
        /* An entry names its row: the same one is that of a writer, or of a piece done twice. */
        if (found && (b->piece == NULL || !slice_eq(old, value)))
            return ddl_duplicate_key(b->x, b->t, b->ix, b->row);
    }
    if (b->piece != NULL)
        b->piece->bytes += key.len + value.len;
    return kv_put(b->x->txn, key, value);
}

static struct error *
backfill_row(void *arg, const struct datum *row, bool *stop)
{
    struct backfill *b = arg;
    (void)stop;
    b->row = row;
    arena_reset(b->arena);
    return row_encode(b->arena, b->t, b->ix, row, put_entry, b);
}

static void
need(bool *needed, const int *ordinals, int n)
{
    for (int i = 0; i < n; i++)
        needed[ordinals[i]] = true;
}

struct error *
ddl_backfill_index(struct exec_ctx *x, const struct table *t, const struct index *ix,
                   struct ddl_piece *piece)
{
    bool *needed = arena_zalloc(x->arena, (size_t)t->n_all_columns + 1);
    need(needed, t->indexes[0].keys, t->indexes[0].n_keys);
    need(needed, ix->keys, ix->n_keys);
    need(needed, ix->extra, ix->n_extra);
    need(needed, ix->stored, ix->n_stored);
    struct backfill b = {.x = x, .t = t, .ix = ix, .piece = piece,
                         .arena = arena_create(x->arena, "backfill")};
    kv_txn_set_read_own(x->txn, true); /* duplicates show among the entries written here */
    struct error *err = ddl_each_row(x, t, needed, piece, backfill_row, &b);
    kv_txn_set_read_own(x->txn, false);
    arena_destroy(b.arena);
    return err;
}

struct error *
ddl_fill_index(struct exec_ctx *x, const struct table *before, uint32_t index_id)
{
    const struct table *after;
    ERR_TRY(catalog_table_by_id(x->catalog, before->id, &after));
    if (after->n_columns > before->n_columns)
        ERR_TRY(ddl_rewrite_rows(x, before, after, NULL));
    return ddl_backfill_index(x, after, table_index_by_id(after, index_id), NULL);
}
