/* Rows, index entries and bytes of keys and values that pass by; the result row; small texts.
 * SOURCE: backup-format 4.1 (entry_counts), CockroachDB v20.1 RowCounter. */
#include "config.h"

#include "executor/backup/backup_int.h"

#include <stdlib.h>

#include "types/keyenc.h"

size_t
row_prefix_length(struct slice key)
{
    if (key.len == 0)
        return 0;
    uint8_t last = key.ptr[key.len - 1];
    if (last < 0x88 || last > 0xf5) /* no column family suffix */
        return key.len;
    size_t n = (size_t)(last - 0x88) + 1;
    return n < key.len ? key.len - n : key.len;
}

void
row_counter_init(struct row_counter *c, struct arena *a, const uint64_t *primary, size_t n_primary)
{
    *c = (struct row_counter){.primary = primary, .n_primary = n_primary};
    str_init_arena(&c->prev, a, STR_MAX_DEFAULT);
}

static bool
is_primary(const struct row_counter *c, uint64_t id)
{
    size_t lo = 0, hi = c->n_primary;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c->primary[mid] < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < c->n_primary && c->primary[lo] == id;
}

void
row_counter_add(struct row_counter *c, struct slice key, size_t value_len)
{
    c->data_size += (int64_t)(key.len + value_len);
    size_t len = row_prefix_length(key);
    if (len == key.len || (len == c->prev.len && memcmp(key.ptr, c->prev.ptr, len) == 0))
        return;
    str_clear(&c->prev);
    str_append(&c->prev, key.ptr, len);
    if (c->index_len == 0 || len < c->index_len ||
        memcmp(key.ptr, c->index_prefix, c->index_len) != 0) {
        struct reader r = reader_make(key);
        uint64_t table, index;
        struct error *e = key_get_uvarint(&r, &table);
        if (e == NULL)
            e = key_get_uvarint(&r, &index);
        if (e != NULL) { /* no table's key: v20.1 does not count it either */
            err_free(e);
            return;
        }
        c->in_primary = is_primary(c, table << 32 | index);
        c->index_len = (size_t)(r.ptr - key.ptr);
        memcpy(c->index_prefix, key.ptr, c->index_len);
    }
    if (c->in_primary)
        c->rows++;
    else
        c->index_entries++;
}

static int
by_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

uint64_t *
primary_ids(struct arena *a, pb_table *const *tables, size_t n)
{
    uint64_t *v = ARENA_ARRAY(a, uint64_t, n + 1);
    for (size_t i = 0; i < n; i++)
        v[i] = (uint64_t)PB_GET(tables[i], id) << 32 |
               (tables[i]->primary_index != NULL ? PB_GET(tables[i]->primary_index, id) : 0);
    qsort(v, n, sizeof(*v), by_u64);
    return v;
}

const struct result_column backup_result_columns[6] = {
    {.name = "job_id", .type = &TYPE_INT8},
    {.name = "status", .type = &TYPE_STRING},
    {.name = "fraction_completed", .type = &TYPE_FLOAT8},
    {.name = "rows", .type = &TYPE_INT8},
    {.name = "index_entries", .type = &TYPE_INT8},
    {.name = "bytes", .type = &TYPE_INT8},
};

struct error *
put_result_row(struct row_sink *rows, int64_t job_id, const struct row_counter *c)
{
    struct datum row[6] = {
        datum_int(job_id),  datum_cstr("succeeded"),     datum_float(1),
        datum_int(c->rows), datum_int(c->index_entries), datum_int(c->data_size),
    };
    return rows != NULL ? row_put(rows, row) : NULL;
}

void
hlc_text(struct hlc t, char out[HLC_STR_MAX])
{
    hlc_format_error(t, out);
}

char *
key_text(struct arena *a, struct slice key)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    key_pretty_bound(&s, key);
    return arena_strdup(a, str_cstr(&s));
}

/* SOURCE: v20.1 gives the errors of stores no code of their own. */
struct error *
store_error(struct error *e)
{
    return e != NULL && err_is(e, ERR_UNDEFINED_FILE) ? err_sqlstate(e, "XXUUU") : e;
}

/* SOURCE: CockroachDB v20.1 keys.PrettyPrintRange: what both keys begin with, then the rest of each. */
char *
span_text(struct arena *a, struct span sp)
{
    char *s = key_text(a, sp.start), *e = key_text(a, sp.end);
    size_t i = 0;
    while (s[i] != '\0' && s[i] == e[i])
        i++;
    return arena_printf(a, "%.*s{%s-%s}", (int)i, s, s + i, e + i);
}
