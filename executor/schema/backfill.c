/* Entries of a new index for the rows that are there. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include <stdlib.h>

#include "base/enc.h"
#include "catalog/row.h"
#include "executor/node.h"

/* Entries wait to be put in the order of their keys: those of a piece all, else so many bytes. */
#define ENTRIES_BYTES ((size_t)8 << 20)
/* A piece with more goes past the transaction's memory. */
#define SPILL_BYTES ((size_t)2 << 20)

struct entry {
    uint64_t head;             /* the first bytes of the key, as a number */
    struct slice key, value;
};

struct backfill {
    struct exec_ctx *x;
    const struct table *t;
    const struct index *ix;
    struct ddl_piece *piece;
    const bool *needed;
    struct arena *arena;       /* of one row's encoding */
    struct arena *kept;        /* entries that wait */
    struct entry *entries;
    size_t n, cap, bytes;
    struct slice twice;        /* a key that two rows have */
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

/* ---- two rows with one key ---- */

static struct error *
is_twice(void *arg, struct slice key, struct slice value)
{
    struct backfill *b = arg;
    (void)value;
    if (slice_eq(key, b->twice))
        b->twice = SLICE_NULL;
    return NULL;
}

static struct error *
look_for_twice(void *arg, const struct datum *row, bool *stop)
{
    struct backfill *b = arg;
    arena_reset(b->arena);
    ERR_TRY(row_encode(b->arena, b->t, b->ix, row, is_twice, b));
    *stop = b->twice.len == 0;
    return *stop ? ddl_duplicate_key(b->x, b->t, b->ix, row) : NULL;
}

/* Which rows these are is not known any more: they are looked for. */
static struct error *
duplicate(struct backfill *b, struct slice key)
{
    b->twice = key;
    ERR_TRY(ddl_each_row(b->x, b->t, b->needed, NULL, look_for_twice, b));
    return err_table(err_new(ERR_UNIQUE_VIOLATION, "duplicate key value violates unique constraint \"%s\"",
                             b->ix->name), b->t->name, NULL, b->ix->name);
}

/* ---- entries, in the order of their keys ---- */

static int
by_key(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->head != y->head)
        return x->head < y->head ? -1 : 1;
    return slice_cmp(x->key, y->key);
}

static struct error *
put_entry(struct backfill *b, const struct entry *e, const struct entry *before)
{
    if (b->ix->unique) {
        struct slice old;
        bool found;
        if (before != NULL && slice_eq(before->key, e->key))
            return duplicate(b, e->key);
        arena_reset(b->arena);
        ERR_TRY(kv_get(b->x->txn, e->key, b->arena, &found, &old, NULL));
        /* An entry names its row: the same one is that of a writer, or of a piece done twice. */
        if (found && (b->piece == NULL || !slice_eq(old, e->value)))
            return duplicate(b, e->key);
    }
    return kv_put(b->x->txn, e->key, e->value);
}

/* A transaction takes keys that ascend without a search. */
static struct error *
put_entries(struct backfill *b)
{
    if (b->n == 0)
        return NULL;
    qsort(b->entries, b->n, sizeof(*b->entries), by_key);
    if (b->piece != NULL && b->bytes > SPILL_BYTES)
        kv_txn_spill(b->x->txn, b->x->node->opts.temp_dir, SPILL_BYTES);
    for (size_t i = 0; i < b->n; i++)
        ERR_TRY(put_entry(b, &b->entries[i], i > 0 ? &b->entries[i - 1] : NULL));
    b->n = b->bytes = 0;
    arena_reset(b->kept);
    return NULL;
}

static struct error *
keep_entry(void *arg, struct slice key, struct slice value)
{
    struct backfill *b = arg;
    if (b->n == b->cap) {
        b->cap = b->cap == 0 ? 1024 : 2 * b->cap;
        b->entries = xrealloc(b->entries, b->cap * sizeof(*b->entries));
    }
    b->entries[b->n++] =
        (struct entry){enc_head_be64(key), slice_dup(b->kept, key), slice_dup(b->kept, value)};
    b->bytes += sizeof(struct entry) + key.len + value.len;
    if (b->piece != NULL)
        b->piece->bytes += key.len + value.len;
    return NULL;
}

static struct error *
backfill_row(void *arg, const struct datum *row, bool *stop)
{
    struct backfill *b = arg;
    (void)stop;
    arena_reset(b->arena);
    ERR_TRY(row_encode(b->arena, b->t, b->ix, row, keep_entry, b));
    return b->piece == NULL && b->bytes >= ENTRIES_BYTES ? put_entries(b) : NULL;
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
    if (ix->primary_encoding)
        memset(needed, true, (size_t)t->n_all_columns);
    struct backfill b = {.x = x, .t = t, .ix = ix, .piece = piece, .needed = needed,
                         .arena = arena_create(x->arena, "backfill"),
                         .kept = arena_create(x->arena, "backfill, entries")};
    kv_txn_set_read_own(x->txn, true); /* duplicates show among the entries written here */
    struct error *err = ddl_each_row(x, t, needed, piece, backfill_row, &b);
    if (err == NULL)
        err = put_entries(&b);
    kv_txn_set_read_own(x->txn, false);
    xfree(b.entries);
    arena_destroy(b.kept);
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
    const struct index *ix = table_index_by_id(after, index_id);
    if (ix->unique && catalog_table_before(x->catalog, after->id) != NULL)
        return NULL; /* writers do not look for duplicates yet: entries come at COMMIT */
    return ddl_backfill_index(x, after, ix, NULL);
}
