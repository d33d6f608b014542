#include "config.h"

#include "catalog/sysrow.h"

#include "catalog/row.h"
#include "types/keyenc.h"

/* ---- scanning ---- */

struct row_scan {
    struct row_decoder *d;
    struct kv_scan *scan;
    struct arena *keep; /* the row's bytes, reset for each row */
    struct datum *row;
    sys_row_fn fn;
    void *arg;
    bool have, stop;
};

static struct error *
deliver(struct row_scan *rs)
{
    if (!rs->have)
        return NULL;
    rs->have = false;
    ERR_TRY(rs->fn(rs->arg, rs->row, &rs->stop));
    arena_reset(rs->keep);
    return NULL;
}

static struct error *
scan_rows(struct row_scan *rs)
{
    for (;;) {
        struct kv_entry e;
        bool more, starts_new, skip;
        ERR_TRY(kv_scan_next(rs->scan, &e, &more));
        if (!more || rs->stop)
            break;
        if (rs->have && !row_continues(rs->d, e.key))
            ERR_TRY(deliver(rs));
        if (rs->stop)
            break;
        if (e.value.len == 0)
            continue;
        /* The scan's bytes are gone at its next step: rows of several pairs need copies. */
        struct slice key = slice_dup(rs->keep, e.key), value = slice_dup(rs->keep, e.value);
        ERR_TRY(row_decode(rs->d, key, value, rs->keep, rs->row, &starts_new, &skip));
        rs->have |= !skip;
    }
    return rs->stop ? NULL : deliver(rs);
}

static struct error *
scan_open(struct kv_txn *t, struct arena *a, const struct table *table, const struct index *ix,
          const struct datum *prefix, int n_prefix, struct kv_scan **out)
{
    struct kv_scan_opts o = {0};
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    ERR_TRY(row_key_prefix(&s, table, ix, prefix, n_prefix));
    o.span.start = slice_dup(a, str_slice(&s));
    o.span.end = key_prefix_end(&s) ? slice_dup(a, str_slice(&s)) : SLICE_NULL;
    o.fill_cache = true;
    return kv_scan_open(t, &o, out);
}

struct error *
sys_table_scan(struct kv_txn *t, struct arena *scratch, const struct table *table,
               const struct index *ix, const struct datum *prefix, int n_prefix, sys_row_fn fn,
               void *arg)
{
    struct arena *a = arena_create(scratch, "system rows");
    struct row_scan rs = {.fn = fn, .arg = arg};
    struct row_decoder_opts o = {.table = table, .index = ix};
    bool was = kv_txn_read_own(t);
    struct error *err = NULL;

    rs.keep = arena_create(a, "system row");
    rs.row = ARENA_ARRAY(a, struct datum, (size_t)table->n_all_columns + 1);
    for (int i = 0; i < table->n_all_columns; i++)
        rs.row[i] = DATUM_NULL;
    ERR_GOTO(row_decoder_create(a, &o, &rs.d), out);
    kv_txn_set_read_own(t, true);
    ERR_GOTO(scan_open(t, a, table, ix, prefix, n_prefix, &rs.scan), out);
    err = scan_rows(&rs);
out:
    if (rs.scan != NULL)
        kv_scan_close(rs.scan);
    kv_txn_set_read_own(t, was);
    arena_destroy(a);
    return err;
}

/* ---- writing ---- */

struct writer {
    struct kv_txn *t;
    struct arena *scratch;
    const struct table *table;
    struct datum *old; /* the row being replaced */
    bool found;
};

static struct error *
put_pair(void *arg, struct slice key, struct slice value)
{
    struct writer *w = arg;
    return kv_put(w->t, key, value);
}

static struct error *
del_pair(void *arg, struct slice key, struct slice value)
{
    struct writer *w = arg;
    (void)value;
    return kv_del(w->t, key);
}

static struct error *
delete_row(struct writer *w, const struct datum *row)
{
    for (int i = 0; i < w->table->n_all_indexes; i++)
        ERR_TRY(row_encode_keys(w->scratch, w->table, &w->table->indexes[i], row, del_pair, w));
    return NULL;
}

static struct error *
keep_row(void *arg, const struct datum *row, bool *stop)
{
    struct writer *w = arg;
    for (int i = 0; i < w->table->n_all_columns; i++)
        w->old[i] = datum_copy(w->scratch, w->table->columns[i].type, &row[i]);
    w->found = true;
    *stop = true;
    return NULL;
}

struct error *
sys_table_put(struct kv_txn *t, struct arena *scratch, const struct table *table,
              const struct datum *row)
{
    struct arena *a = arena_create(scratch, "system row");
    const struct index *pk = table_primary(table);
    struct writer w = {t, a, table, ARENA_ARRAY(a, struct datum, (size_t)table->n_all_columns + 1),
                       false};
    struct datum *key = ARENA_ARRAY(a, struct datum, (size_t)pk->n_keys);
    struct error *err = NULL;

    for (int i = 0; i < pk->n_keys; i++)
        key[i] = row[pk->keys[i]];
    ERR_GOTO(sys_table_scan(t, a, table, pk, key, pk->n_keys, keep_row, &w), out);
    if (w.found)
        ERR_GOTO(delete_row(&w, w.old), out);
    for (int i = 0; i < table->n_all_indexes; i++)
        if (table->indexes[i].state != DESC_DELETE_ONLY)
            ERR_GOTO(row_encode(a, table, &table->indexes[i], row, put_pair, &w), out);
out:
    arena_destroy(a);
    return err;
}

struct error *
sys_put(struct catalog_txn *ct, uint32_t table_id, const struct datum *row)
{
    const struct table *t;
    ERR_TRY(catalog_table_by_id(ct, table_id, &t));
    if (t == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation [%u] does not exist", table_id);
    return sys_table_put(catalog_txn_kv(ct), catalog_txn_arena(ct), t, row);
}

struct error *
sys_scan(struct catalog_txn *ct, uint32_t table_id, const char *index,
         const struct datum *prefix, int n_prefix, sys_row_fn fn, void *arg)
{
    const struct table *t;
    ERR_TRY(catalog_table_by_id(ct, table_id, &t));
    if (t == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation [%u] does not exist", table_id);
    const struct index *ix = index == NULL ? table_primary(t) : table_index(t, index);
    if (ix == NULL)
        return err_new(ERR_UNDEFINED_OBJECT, "index \"%s\" does not exist", index);
    return sys_table_scan(catalog_txn_kv(ct), catalog_txn_arena(ct), t, ix, prefix, n_prefix, fn,
                          arg);
}

struct error *
sys_get(struct catalog_txn *ct, struct arena *a, uint32_t table_id, const struct datum *key,
        int n_key, struct datum *row, bool *found)
{
    struct writer w = {.scratch = a, .old = row};
    *found = false;
    ERR_TRY(catalog_table_by_id(ct, table_id, &w.table));
    if (w.table == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation [%u] does not exist", table_id);
    ERR_TRY(sys_scan(ct, table_id, NULL, key, n_key, keep_row, &w));
    *found = w.found;
    return NULL;
}

/* ---- deleting: collected first, as a scan must not meet its own writes ---- */

struct collected {
    struct arena *a;
    const struct table *table;
    struct datum **rows;
    size_t n, cap;
};

static struct error *
collect(void *arg, const struct datum *row, bool *stop)
{
    struct collected *c = arg;
    (void)stop;
    if (c->n == c->cap) {
        size_t cap = c->cap == 0 ? 16 : c->cap * 2;
        c->rows = arena_realloc(c->a, c->rows, c->cap * sizeof(*c->rows), cap * sizeof(*c->rows));
        c->cap = cap;
    }
    struct datum *copy = ARENA_ARRAY(c->a, struct datum, (size_t)c->table->n_all_columns + 1);
    for (int i = 0; i < c->table->n_all_columns; i++)
        copy[i] = datum_copy(c->a, c->table->columns[i].type, &row[i]);
    c->rows[c->n++] = copy;
    return NULL;
}

struct error *
sys_delete(struct catalog_txn *ct, uint32_t table_id, const struct datum *key, int n_key,
           uint64_t *n)
{
    struct arena *a = arena_create(catalog_txn_arena(ct), "system rows");
    struct collected c = {.a = a};
    struct writer w = {.t = catalog_txn_kv(ct), .scratch = a};
    struct error *err = NULL;

    ERR_GOTO(catalog_table_by_id(ct, table_id, &c.table), out);
    if (c.table == NULL) {
        err = err_new(ERR_UNDEFINED_TABLE, "relation [%u] does not exist", table_id);
        goto out;
    }
    w.table = c.table;
    ERR_GOTO(sys_scan(ct, table_id, NULL, key, n_key, collect, &c), out);
    for (size_t i = 0; i < c.n; i++)
        ERR_GOTO(delete_row(&w, c.rows[i]), out);
    if (n != NULL)
        *n = c.n;
out:
    arena_destroy(a);
    return err;
}
