/* Histograms of statistics: system.table_statistics.histogram, and SHOW HISTOGRAM.
 *
 * A bucket is its upper bound, the rows that equal it, and the rows and distinct values between it and
 * the bound before. NULLs are in none. How they come to be: stats_sample.c.
 */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "grammar/print.h"
#include "types/json.h"
#include "types/keyenc.h"

static const struct result_column histogram_columns[] = {
    {"upper_bound", &TYPE_STRING, 0, 0},
    {"range_rows", &TYPE_INT8, 0, 0},
    {"distinct_range_rows", &TYPE_FLOAT8, 0, 0},
    {"equal_rows", &TYPE_INT8, 0, 0},
};

bool
ddl_histogram_of(const struct type *t)
{
    return type_is_indexable(t) && t->family != FAMILY_COLLATED_STRING;
}

static struct error *
add_bucket(struct arena *a, Amberdb__HistogramData *h, const struct type *t,
           const struct datum *upper, int64_t equal, int64_t range, double distinct)
{
    Amberdb__Bucket *b = PB_NEW(a, Bucket, bucket);
    struct str key;

    str_init_arena(&key, a, STR_MAX_DEFAULT);
    ERR_TRY(key_encode(&key, t, upper, KEY_ASC));
    ERR_TRY(str_error(&key));
    PB_SET(b, num_eq, equal);
    PB_SET(b, num_range, range);
    PB_SET(b, distinct_range, distinct);
    b->has_upper_bound = true;
    b->upper_bound.data = (uint8_t *)key.ptr;
    b->upper_bound.len = key.len;
    PB_PUSH(a, h->buckets, h->n_buckets, b);
    return NULL;
}

static struct datum
packed(struct arena *a, Amberdb__HistogramData *h, const struct type *t)
{
    h->column_type = type_to_pb(a, t);
    struct slice bytes = pb_pack(a, PB_BASE(h));
    return datum_bytes(bytes.ptr, bytes.len);
}

/* INJECT STATISTICS: buckets as SHOW STATISTICS USING JSON gives them; NULL where there are none. */
struct error *
ddl_histogram_inject(struct exec_ctx *x, const struct datum *buckets, const struct type *t,
                     struct datum *out)
{
    static const struct type *const one[] = {&TYPE_JSONB};
    Amberdb__HistogramData *h = PB_NEW(x->arena, HistogramData, histogram_data);
    struct datum **rows;
    size_t n;

    *out = DATUM_NULL;
    if (buckets->null)
        return NULL;
    ERR_TRY(exec_query(x, EXEC_ROOT, x->arena, 1, one, buckets,
                       "SELECT b->>'upper_bound', COALESCE((b->>'num_eq')::INT8, 0), "
                       "COALESCE((b->>'num_range')::INT8, 0), "
                       "COALESCE((b->>'distinct_range')::FLOAT8, 0) "
                       "FROM jsonb_array_elements($1) AS j (b)", 10000, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        struct datum upper;
        if (rows[i][0].null)
            return err_new(ERR_SYNTAX, "a bucket needs an upper_bound");
        ERR_TRY(datum_parse(&x->env, t, datum_slice(&rows[i][0]), &upper));
        ERR_TRY(add_bucket(x->arena, h, t, &upper, rows[i][1].i, rows[i][2].i, rows[i][3].f));
    }
    *out = packed(x->arena, h, t);
    return NULL;
}

static struct error *
unpack(struct exec_ctx *x, const struct datum *bytes, Amberdb__HistogramData **h,
       const struct type **t)
{
    ERR_TRY(PB_PARSE(x->arena, histogram_data, "histogram", datum_slice(bytes), h));
    *t = (*h)->column_type == NULL ? NULL : type_from_pb(x->arena, (*h)->column_type);
    if (*t == NULL)
        return err_new(ERR_DATA_CORRUPTED, "a histogram without a type");
    return NULL;
}

static struct error *
upper_of(struct exec_ctx *x, const Amberdb__Bucket *b, const struct type *t, struct datum *out)
{
    struct reader r = reader_make(slice_make(b->upper_bound.data, b->upper_bound.len));

    return key_decode(&r, x->arena, t, KEY_ASC, out);
}

static struct error *
set_member(struct exec_ctx *x, struct json_node *object, const char *key, const struct type *t,
           struct datum d)
{
    struct json_node *n;

    ERR_TRY(json_from_datum(&x->env, t, &d, &n));
    json_set(object, slice_cstr(key), n);
    return NULL;
}

/* The members that a histogram adds to those of its statistic. */
struct error *
ddl_histogram_json(struct exec_ctx *x, const struct datum *bytes, struct str *out)
{
    struct json_node *all = json_new_object(x->arena), *list = json_new_array(x->arena);
    Amberdb__HistogramData *h;
    const struct type *t;
    const char *type = "";
    struct slice body;

    if (!bytes->null) {
        ERR_TRY(unpack(x, bytes, &h, &t));
        type = type_sql_str(x->arena, t);
        for (size_t i = 0; i < h->n_buckets; i++) {
            const Amberdb__Bucket *b = h->buckets[i];
            struct json_node *n = json_new_object(x->arena);
            struct datum upper;
            struct str text;
            ERR_TRY(upper_of(x, b, t, &upper));
            str_init_arena(&text, x->arena, STR_MAX_DEFAULT);
            datum_format(&text, t, &upper, TEXT_EXPORT, &x->env);
            ERR_TRY(str_error(&text));
            ERR_TRY(set_member(x, n, "num_eq", &TYPE_INT8, datum_int(PB_GET(b, num_eq))));
            ERR_TRY(set_member(x, n, "num_range", &TYPE_INT8, datum_int(PB_GET(b, num_range))));
            ERR_TRY(set_member(x, n, "distinct_range", &TYPE_FLOAT8,
                               datum_float(PB_GET(b, distinct_range))));
            json_set(n, SLICE_LIT("upper_bound"), json_new_string(x->arena, str_slice(&text)));
            json_push(list, n);
        }
        json_set(all, SLICE_LIT("histo_buckets"), list);
    }
    json_set(all, SLICE_LIT("histo_col_type"), json_new_string(x->arena, slice_cstr(type)));
    ERR_TRY(json_encode(x->arena, all, &body));
    json_format(out, json_root(body));
    return NULL;
}

STATEMENT_COLUMNS(show_histogram_columns, histogram_columns)

static struct error *
show_histogram_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    static const struct type *const one[] = {&TYPE_INT8};
    struct datum id = datum_int(s->show->id), **found;
    Amberdb__HistogramData *h;
    const struct type *t;
    size_t n;

    (void)tag;
    ERR_TRY(exec_query(x, 0, x->arena, 1, one, &id,
                       "SELECT histogram FROM system.public.table_statistics WHERE "
                       "\"statisticID\" = $1 AND histogram IS NOT NULL", 2, &found, &n));
    if (n == 0)
        return err_new(ERR_UNCATEGORIZED, "histogram %lld not found", (long long)s->show->id);
    ERR_TRY(unpack(x, &found[0][0], &h, &t));
    for (size_t i = 0; i < h->n_buckets; i++) {
        const Amberdb__Bucket *b = h->buckets[i];
        struct datum upper;
        struct str text;
        ERR_TRY(upper_of(x, b, t, &upper));
        str_init_arena(&text, x->arena, STR_MAX_DEFAULT);
        datum_format_sql(&text, t, &upper, false, &x->env);
        ERR_TRY(str_error(&text));
        struct datum row[] = {datum_bytes(text.ptr, text.len), datum_int(PB_GET(b, num_range)),
                              datum_float(PB_GET(b, distinct_range)),
                              datum_int(PB_GET(b, num_eq))};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static const struct statement_ops histogram_ops[] = {
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_HISTOGRAM, .tag = "SHOW HISTOGRAM ",
     .columns = show_histogram_columns, .run = show_histogram_run},
};

const struct statement_family statement_family_histogram = {
    histogram_ops, sizeof(histogram_ops) / sizeof(histogram_ops[0])};
