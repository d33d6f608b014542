/* EXPORT INTO CSV: what a query gives, as files in a destination.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/export.go, pkg/ccl/importccl/exportcsv.go: options, errors, names of
 * files, a result row for each file. Fields are quoted as Go's encoding/csv does it. Memory does not grow
 * with the rows: a file is sent in blocks, and a gzip file is one member for each block. */
#include "config.h"

#include "executor/backup/backup_int.h"

#include <libdeflate.h>

#include "executor/statement.h"

#define CHUNK_ROWS 100000
#define BLOCK_BYTES ((size_t)256 << 10)
#define LINE_MAX_BYTES ((size_t)1 << 30)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct result_column export_columns[] = {
    {.name = "filename", .type = &TYPE_STRING},
    {.name = "rows", .type = &TYPE_INT8},
    {.name = "bytes", .type = &TYPE_INT8},
};
STATEMENT_COLUMNS(export_csv_columns, export_columns)

enum { OPT_DELIMITER, OPT_NULLAS, OPT_CHUNK_ROWS, OPT_COMPRESSION, OPT_COUNT };
static const struct option_def export_options[] = {
    [OPT_DELIMITER] = {"delimiter", OPTION_VALUE},
    [OPT_NULLAS] = {"nullas", OPTION_VALUE},
    [OPT_CHUNK_ROWS] = {"chunk_rows", OPTION_VALUE},
    [OPT_COMPRESSION] = {"compression", OPTION_VALUE},
};

struct exporter {
    struct row_sink base;
    struct exec_ctx *x;
    struct row_sink *result;
    struct sink *to;
    struct sink_file *file; /* NULL: the next row begins one */
    struct libdeflate_compressor *gzip; /* NULL: plain files */
    const char *nullas;     /* NULL: there must be none */
    struct slice delimiter; /* one character */
    int n_cols;
    const struct plan_column *cols;
    int64_t chunk_rows, rows, n_files;
    uint64_t bytes;         /* of the file, as written */
    struct str block, text; /* lines that wait; a field */
};

static struct error *
send_block(struct exporter *e)
{
    struct slice out = str_slice(&e->block);
    struct arena *scratch = NULL;
    ERR_TRY(str_error(&e->block));
    if (out.len == 0)
        return NULL;
    if (e->gzip != NULL) {
        size_t room = libdeflate_gzip_compress_bound(e->gzip, out.len);
        scratch = arena_create(e->x->arena, "export block");
        uint8_t *packed = arena_alloc(scratch, room);
        size_t n = libdeflate_gzip_compress(e->gzip, out.ptr, out.len, packed, room);
        VERIFY(n > 0);
        out = (struct slice){packed, n};
    }
    struct error *err = sink_write(e->file, out.ptr, out.len);
    e->bytes += out.len;
    str_clear(&e->block);
    arena_destroy(scratch);
    return err;
}

static const char *
file_name(const struct exporter *e, int64_t n)
{
    return arena_printf(e->x->arena, "n%u.%lld.csv%s", e->x->node->io->node_id, (long long)n,
                        e->gzip != NULL ? ".gz" : "");
}

static struct error *
end_file(struct exporter *e)
{
    ERR_TRY(send_block(e));
    struct sink_file *f = e->file;
    const char *name = file_name(e, e->n_files++);
    e->file = NULL;
    ERR_TRY(sink_commit(f));
    struct datum row[] = {datum_cstr(name), datum_int(e->rows), datum_int((int64_t)e->bytes)};
    e->rows = 0;
    e->bytes = 0;
    return row_put(e->result, row);
}

/* Go's csv.Writer: quoted with a delimiter, a quote, an end of line or a blank in front. */
static void
put_field(struct exporter *e, struct slice s)
{
    bool quote = slice_eq(s, SLICE_LIT("\\.")) ||
                 (s.len > 0 && (s.ptr[0] == ' ' || (s.ptr[0] >= '\t' && s.ptr[0] <= '\r')));
    for (size_t i = 0; i < s.len && !quote; i++)
        quote = s.ptr[i] == '"' || s.ptr[i] == '\n' || s.ptr[i] == '\r' ||
                (s.len - i >= e->delimiter.len &&
                 memcmp(s.ptr + i, e->delimiter.ptr, e->delimiter.len) == 0);
    if (!quote) {
        str_append_slice(&e->block, s);
        return;
    }
    str_append_char(&e->block, '"');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"')
            str_append_char(&e->block, '"');
        str_append_char(&e->block, (char)s.ptr[i]);
    }
    str_append_char(&e->block, '"');
}

static struct error *
export_row(struct row_sink *sink, const struct datum *row)
{
    struct exporter *e = (struct exporter *)sink;
    if (e->file == NULL)
        ERR_TRY(sink_create(e->to, file_name(e, e->n_files), &e->file));
    for (int i = 0; i < e->n_cols; i++) {
        if (i > 0)
            str_append_slice(&e->block, e->delimiter);
        if (row[i].null && e->nullas == NULL)
            return err_new(ERR_UNCATEGORIZED,
                           "NULL value encountered during EXPORT, use `WITH nullas` to specify the "
                           "string representation of NULL");
        str_clear(&e->text);
        if (row[i].null)
            str_append_cstr(&e->text, e->nullas);
        else
            datum_format(&e->text, e->cols[i].type, &row[i], TEXT_EXPORT, &e->x->env);
        ERR_TRY(str_error(&e->text));
        put_field(e, str_slice(&e->text));
    }
    str_append_char(&e->block, '\n');
    if (++e->rows == e->chunk_rows)
        return end_file(e);
    return str_slice(&e->block).len >= BLOCK_BYTES ? send_block(e) : NULL;
}

static struct error *
note_columns(void *arg, int n, const struct plan_column *cols)
{
    struct exporter *e = arg;
    e->n_cols = n;
    e->cols = cols;
    return NULL;
}

/* One character that may part fields. */
static struct error *
read_delimiter(const char *v, struct slice *out)
{
    size_t n = strlen(v), first = n == 0 ? 0 : 1;
    while (first < n && ((uint8_t)v[first] & 0xc0) == 0x80)
        first++;
    if (n == 0 || first < n || strchr("\"\r\n", v[0]) != NULL)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "invalid delimiter");
    *out = slice_cstr(v);
    return NULL;
}

static struct error *
read_chunk_rows(const struct exec_ctx *x, const char *v, int64_t *out)
{
    struct datum d;
    struct eval_env env = x->env;
    struct error *err = datum_parse(&env, &TYPE_INT8, slice_cstr(v), &d);
    if (err != NULL) {
        bool range = strstr(err->message, "out of range") != NULL;
        err_free(err);
        return err_new(ERR_INVALID_PARAMETER_VALUE, "strconv.Atoi: parsing \"%s\": %s", v,
                       range ? "value out of range" : "invalid syntax");
    }
    if (d.i < 1)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "invalid csv chunk rows");
    *out = d.i;
    return NULL;
}

static void
free_gzip(void *arg)
{
    libdeflate_free_compressor(arg);
}

static struct error *
read_options(struct exporter *e, const struct ast_kv_options *o)
{
    struct option_value v[OPT_COUNT];
    ERR_TRY(options_eval(e->x, o, export_options, OPT_COUNT, v));
    if (v[OPT_DELIMITER].set)
        ERR_TRY(read_delimiter(v[OPT_DELIMITER].value, &e->delimiter));
    if (v[OPT_NULLAS].set)
        e->nullas = v[OPT_NULLAS].value;
    if (v[OPT_CHUNK_ROWS].set)
        ERR_TRY(read_chunk_rows(e->x, v[OPT_CHUNK_ROWS].value, &e->chunk_rows));
    if (!v[OPT_COMPRESSION].set)
        return NULL;
    if (strcasecmp(v[OPT_COMPRESSION].value, "gzip") != 0)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "unsupported compression codec %s",
                       v[OPT_COMPRESSION].value);
    e->gzip = libdeflate_alloc_compressor(6);
    VERIFY(e->gzip != NULL);
    arena_on_free(e->x->arena, free_gzip, e->gzip);
    return NULL;
}

static struct error *
export_csv_prepare(struct exec_ctx *x, const struct ast_stmt *st)
{
    int n;
    const struct plan_column *cols;
    ERR_TRY(backup_placeholders(x, st, export_options, OPT_COUNT));
    return exec_select_columns(x, st->export_->query, &n, &cols);
}

static struct error *
export_csv_run(struct exec_ctx *x, const struct ast_stmt *st, struct row_sink *rows, char **tag)
{
    const struct ast_export *a = st->export_;
    struct exporter e = {.base = {export_row}, .x = x, .result = rows, .chunk_rows = CHUNK_ROWS,
                         .delimiter = SLICE_LIT(",")};
    char *uri;
    (void)tag;
    ERR_TRY(catalog_check_admin(x->catalog, x->user, "EXPORT"));
    if (exec_in_explicit_txn(x))
        return err_new(ERR_UNCATEGORIZED, "EXPORT cannot be used inside a transaction");
    if (!slice_eq(a->format, SLICE_LIT("CSV")))
        return err_new(ERR_UNCATEGORIZED, "unsupported export format: \"%.*s\"", (int)a->format.len,
                       (const char *)a->format.ptr);
    ERR_TRY(string_eval(x, a->uri, "EXPORT", &uri));
    ERR_TRY(read_options(&e, &a->options));
    ERR_TRY(open_sink(x->node, x->arena, uri, NULL, &e.to));
    sink_set_cancel(e.to, x->env.cancel);
    str_init_arena(&e.block, x->arena, LINE_MAX_BYTES);
    str_init_arena(&e.text, x->arena, LINE_MAX_BYTES);
    struct exec_wanted w = {.check = note_columns, .arg = &e};
    struct error *err = exec_select_as(x, a->query, &w, &e.base);
    if (err == NULL && e.file != NULL)
        err = end_file(&e);
    if (err != NULL)
        sink_abort(e.file);
    return err;
}

static const struct statement_ops export_csv_ops[] = {
    {.kind = AST_STMT_EXPORT, .tag = "EXPORT ", .name = "EXPORT", .columns = export_csv_columns,
     .placeholders = export_csv_prepare, .run = export_csv_run},
};
const struct statement_family statement_family_export_csv = {export_csv_ops, COUNT(export_csv_ops)};
