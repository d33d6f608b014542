/* Entries of a new index for the rows that are there. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "catalog/row.h"
#include "executor/relational/table_reader.h"

#define CHECK_CANCEL_EVERY 1024 /* rows */

struct backfill {
    struct exec_ctx *x;
    const struct table *t;
    const struct index *ix;
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
        if (found)
            return ddl_duplicate_key(b->x, b->t, b->ix, b->row);
    }
    return kv_put(b->x->txn, key, value);
}

static void
need(bool *needed, const int *ordinals, int n)
{
    for (int i = 0; i < n; i++)
        needed[ordinals[i]] = true;
}

struct error *
ddl_backfill_index(struct exec_ctx *x, const struct table *t, const struct index *ix)
{
    const struct index *primary = &t->indexes[0];
    bool *needed = arena_zalloc(x->arena, (size_t)t->n_all_columns + 1);
    struct table_reader *reader;
    struct span span = row_index_span(x->arena, t, primary);
    need(needed, ix->keys, ix->n_keys);
    need(needed, ix->extra, ix->n_extra);
    need(needed, ix->stored, ix->n_stored);
    ERR_TRY(table_reader_create(x, x->arena, t, primary, needed, false, &reader));
    table_reader_start(reader, &span, 1, false);
    kv_txn_set_read_own(x->txn, true); /* duplicates show among the entries written here */
    struct backfill b = {.x = x, .t = t, .ix = ix, .arena = arena_create(x->arena, "backfill")};
    struct error *err = NULL;
    for (uint64_t n = 0; err == NULL; n++) {
        if (n % CHECK_CANCEL_EVERY == 0)
            ERR_GOTO(cancel_check(x->cancel), out);
        ERR_GOTO(table_reader_next(reader, &b.row), out);
        if (b.row == NULL)
            break;
        err = row_encode(b.arena, t, ix, b.row, put_entry, &b);
        arena_reset(b.arena);
    }
out:
    kv_txn_set_read_own(x->txn, false);
    table_reader_close(reader);
    arena_destroy(b.arena);
    return err;
}

struct error *
ddl_fill_index(struct exec_ctx *x, const struct table *before, uint32_t index_id)
{
    const struct table *after;
    ERR_TRY(catalog_table_by_id(x->catalog, before->id, &after));
    if (after->n_columns > before->n_columns)
        ERR_TRY(ddl_rewrite_rows(x, before, after));
    kv_txn_step(x->txn);
    return ddl_backfill_index(x, after, table_index_by_id(after, index_id));
}
