/* IMPORT: the statement.
 *
 *     import_run    options and format -> files, wildcards expanded
 *                   -> one transaction: the table, made or found, goes OFFLINE; the job's row
 *                   -> wait
 *
 * SOURCE: CockroachDB v20.1 pkg/ccl/importccl/import_stmt.go: options, checks and their texts. */
#include "config.h"

#include "executor/import/import_int.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "executor/backup/backup_int.h"
#include "executor/import/dump.h"
#include "executor/schema/schema_int.h"
#include "executor/statement.h"
#include "grammar/parse.h"
#include "grammar/print.h"
#include "sinks/sink.h"

#define TABLE_FILE_MAX ((size_t)1 << 20) /* of CREATE USING */
#define ROW_BYTES_MAX (512 * 1024)        /* of PGCOPY, unless max_row_size says otherwise */

enum {
    OPT_DELIMITER,
    OPT_COMMENT,
    OPT_NULLIF,
    OPT_SKIP,
    OPT_STRICT_QUOTES,
    OPT_ROWS_TERMINATED,
    OPT_FIELDS_TERMINATED,
    OPT_ENCLOSED,
    OPT_ESCAPED,
    OPT_MAX_ROW_SIZE,
    OPT_SKIP_FKS,
    OPT_DECOMPRESS,
    OPT_SSTSIZE,
    OPT_OVERSAMPLE,
    OPT_NO_GLOBS,
    OPT_SAVE_REJECTED,
    OPT_DETACHED,
    OPT_COUNT,
};

enum { /* formats that an option is for; none: any */
    F_CSV = 1,
    F_DELIMITED = 2,
    F_COPY = 4,
    F_DUMP = 8,
};

static const struct option_def option_defs[OPT_COUNT] = {
    {"delimiter", OPTION_VALUE},
    {"comment", OPTION_VALUE},
    {"nullif", OPTION_VALUE},
    {"skip", OPTION_VALUE},
    {"strict_quotes", OPTION_FLAG},
    {"rows_terminated_by", OPTION_VALUE},
    {"fields_terminated_by", OPTION_VALUE},
    {"fields_enclosed_by", OPTION_VALUE},
    {"fields_escaped_by", OPTION_VALUE},
    {"max_row_size", OPTION_VALUE},
    {"skip_foreign_keys", OPTION_FLAG},
    {"decompress", OPTION_VALUE},
    {"sstsize", OPTION_VALUE},
    {"oversample", OPTION_VALUE},
    {"disable_glob_matching", OPTION_FLAG},
    {"experimental_save_rejected", OPTION_FLAG},
    {"detached", OPTION_FLAG}, /* ours, as in later versions of CockroachDB */
};
static const unsigned option_formats[OPT_COUNT] = {
    [OPT_DELIMITER] = F_CSV | F_COPY,
    [OPT_COMMENT] = F_CSV,
    [OPT_NULLIF] = F_CSV | F_DELIMITED | F_COPY,
    [OPT_SKIP] = F_CSV | F_DELIMITED,
    [OPT_STRICT_QUOTES] = F_CSV,
    [OPT_ROWS_TERMINATED] = F_DELIMITED,
    [OPT_FIELDS_TERMINATED] = F_DELIMITED,
    [OPT_ENCLOSED] = F_DELIMITED,
    [OPT_ESCAPED] = F_DELIMITED,
    [OPT_MAX_ROW_SIZE] = F_COPY | F_DUMP,
    [OPT_SKIP_FKS] = F_DUMP,
};

struct statement {
    const struct ast_stmt *stmt;
    const struct ast_import *ast;
    struct exec_ctx *x;
    struct option_value o[OPT_COUNT];
    pb_import_format *format;
    char **uris;
    size_t n_uris;
    char **create;             /* statements that make the tables; none: it is there */
    size_t n_create;
    char **names;              /* of the relations that they make */
    size_t n_names;
    int64_t job_id;
};

/* ---- options --------------------------------------------------------------------------------- */

static struct error *
one_char(const char *value, int32_t *out)
{
    const uint8_t *p = (const uint8_t *)value, *end = p + strlen(value);
    static const uint8_t lead_masks[] = {0x7F, 0x1F, 0x0F, 0x07};
    if (p == end) {
        *out = 0;
        return NULL;
    }
    size_t n = *p < 0x80 ? 1 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : 4;
    if (n < (size_t)(end - p))
        return err_new(ERR_SYNTAX, "must be only one character");
    int32_t c = *p & lead_masks[n - 1];
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3F);
    *out = c;
    return NULL;
}

static bool
is_one_of(int32_t c, const char *chars)
{
    return c > 0 && c < 0x80 && strchr(chars, c) != NULL;
}

/* The option's character, when it is given. has: where it is noted that it is. */
static struct error *
char_option(const struct statement *s, int which, const char *shown, protobuf_c_boolean *has, int32_t *out)
{
    if (!s->o[which].set)
        return NULL;
    struct error *e = one_char(s->o[which].value, out);
    if (e != NULL)
        return err_wrap(e, "invalid %s value", shown);
    *has = 1;
    return NULL;
}

static struct error *
skip_option(const struct statement *s, protobuf_c_boolean *has, uint32_t *out)
{
    char *end;
    if (!s->o[OPT_SKIP].set)
        return NULL;
    const char *text = s->o[OPT_SKIP].value;
    long long n = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || n > INT32_MAX)
        return err_new(ERR_SYNTAX, "invalid skip value: strconv.Atoi: parsing \"%s\": invalid syntax", text);
    if (n < 0)
        return err_new(ERR_SYNTAX, "skip must be >= 0");
    *has = 1;
    *out = (uint32_t)n;
    return NULL;
}

/* "512KB", "1.5 MiB": decimal and binary units as v20.1's humanizeutil reads them. */
static struct error *
bytes_option(struct statement *s, int which, int64_t *out)
{
    static const char units[] = "kMGTPE";
    const char *text = s->o[which].value;
    char *p;
    double n = strtod(text, &p);
    bool bad = p == text;
    while (*p == ' ')
        p++;
    if (*p != '\0' && strchr("bB", *p) == NULL) {
        const char *u = strchr(units, *p == 'K' ? 'k' : *p == 'm' ? 'M' : *p == 'g' ? 'G' : *p);
        bool binary = p[1] == 'i';
        for (const char *k = units; u != NULL && k <= u; k++)
            n *= binary ? 1024 : 1000;
        bad = bad || u == NULL;
        p += binary ? 2 : 1;
    }
    if (strcasecmp(p, "b") == 0)
        p++;
    if (bad || *p != '\0')
        return err_new(ERR_INVALID_PARAMETER_VALUE, "invalid %s value: could not parse \"%s\"",
                       option_defs[which].name, text);
    if (n < 1 || n > INT32_MAX)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "invalid %s value: out of range: %s",
                       option_defs[which].name, text);
    *out = (int64_t)n;
    return NULL;
}

static struct error *
csv_options(struct statement *s)
{
    struct arena *a = s->x->arena;
    Amberdb__ImportCsv *c = PB_NEW(a, ImportCsv, import_csv);
    s->format->csv = c;
    PB_SET(c, comma, ',');
    ERR_TRY(char_option(s, OPT_DELIMITER, "comma", &c->has_comma, &c->comma));
    ERR_TRY(char_option(s, OPT_COMMENT, "comment", &c->has_comment, &c->comment));
    ERR_TRY(skip_option(s, &c->has_skip, &c->skip));
    if (s->o[OPT_NULLIF].set)
        c->null_encoding = arena_strdup(a, s->o[OPT_NULLIF].value);
    PB_SET(c, strict_quotes, s->o[OPT_STRICT_QUOTES].set);
    if (c->comma == 0 || is_one_of(c->comma, "\"\r\n") || c->comma == PB_GET(c, comment))
        return err_new(ERR_SYNTAX, "invalid comma value: it must not be the comment's, a quote or an end "
                                   "of line");
    return NULL;
}

static struct error *
delimited_options(struct statement *s)
{
    struct arena *a = s->x->arena;
    Amberdb__ImportDelimited *d = PB_NEW(a, ImportDelimited, import_delimited);
    s->format->delimited = d;
    PB_SET(d, row_separator, '\n');
    PB_SET(d, field_separator, '\t');
    ERR_TRY(char_option(s, OPT_ROWS_TERMINATED, "\"rows_terminated_by\"", &d->has_row_separator,
                        &d->row_separator));
    ERR_TRY(char_option(s, OPT_FIELDS_TERMINATED, "\"fields_terminated_by\"", &d->has_field_separator,
                        &d->field_separator));
    ERR_TRY(char_option(s, OPT_ENCLOSED, "\"fields_enclosed_by\"", &d->has_encloser, &d->encloser));
    ERR_TRY(char_option(s, OPT_ESCAPED, "\"fields_escaped_by\"", &d->has_escape, &d->escape));
    ERR_TRY(skip_option(s, &d->has_skip, &d->skip));
    PB_SET(d, enclose, d->has_encloser ? AMBERDB__IMPORT_DELIMITED__ENCLOSE__ALWAYS
                                       : AMBERDB__IMPORT_DELIMITED__ENCLOSE__NEVER);
    PB_SET(d, escapes, d->has_escape);
    if (s->o[OPT_NULLIF].set)
        d->null_encoding = arena_strdup(a, s->o[OPT_NULLIF].value);
    if (d->row_separator == 0 || d->field_separator == 0 || d->row_separator == d->field_separator)
        return err_new(ERR_SYNTAX, "rows and fields must be terminated by different characters");
    return NULL;
}

static struct error *
copy_options(struct statement *s)
{
    struct arena *a = s->x->arena;
    Amberdb__ImportPgCopy *c = PB_NEW(a, ImportPgCopy, import_pg_copy);
    int64_t max = ROW_BYTES_MAX;
    s->format->pg_copy = c;
    PB_SET(c, delimiter, '\t');
    ERR_TRY(char_option(s, OPT_DELIMITER, "\"delimiter\"", &c->has_delimiter, &c->delimiter));
    if (c->delimiter == 0 || is_one_of(c->delimiter, "\\\r\n"))
        return err_new(ERR_SYNTAX, "invalid \"delimiter\" value: a backslash or an end of line");
    c->null = arena_strdup(a, s->o[OPT_NULLIF].set ? s->o[OPT_NULLIF].value : "\\N");
    if (s->o[OPT_MAX_ROW_SIZE].set)
        ERR_TRY(bytes_option(s, OPT_MAX_ROW_SIZE, &max));
    PB_SET(c, max_row_size, (int32_t)max);
    return NULL;
}

static struct error *
compression_option(struct statement *s)
{
    static const char *const names[] = {"auto", "none", "gzip", "bzip"};
    if (!s->o[OPT_DECOMPRESS].set)
        return NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(names[i], s->o[OPT_DECOMPRESS].value) == 0) {
            PB_SET(s->format, compression, (Amberdb__ImportFormat__Compression)i);
            return NULL;
        }
    return err_unimplemented(0, "unsupported compression value: \"%s\"", s->o[OPT_DECOMPRESS].value);
}

static struct error *
read_format(struct statement *s)
{
    static const struct {
        const char *name;
        unsigned flag;
        Amberdb__ImportFormat__Kind kind;
        struct error *(*options)(struct statement *s);
    } formats[] = {
        {"CSV", F_CSV, AMBERDB__IMPORT_FORMAT__KIND__CSV, csv_options},
        {"DELIMITED", F_DELIMITED, AMBERDB__IMPORT_FORMAT__KIND__DELIMITED, delimited_options},
        {"PGCOPY", F_COPY, AMBERDB__IMPORT_FORMAT__KIND__PGCOPY, copy_options},
        {"PGDUMP", F_DUMP, AMBERDB__IMPORT_FORMAT__KIND__PGDUMP, copy_options},
    };
    const char *name = slice_to_cstr(s->x->arena, s->ast->format);
    size_t f = 0;
    while (f < sizeof(formats) / sizeof(formats[0]) && strcmp(formats[f].name, name) != 0)
        f++;
    if (f == sizeof(formats) / sizeof(formats[0])) {
        bool known = strcmp(name, "MYSQLDUMP") == 0 || strcmp(name, "AVRO") == 0;
        return known ? err_unimplemented(0, "IMPORT of %s files", name)
                     : err_unimplemented(0, "unsupported import format: \"%s\"", name);
    }
    if (s->ast->bundle != (formats[f].flag == F_DUMP))
        return err_unimplemented(0, "unsupported import format: \"%s\"", name);
    for (int i = 0; i < OPT_COUNT; i++)
        if (s->o[i].set && option_formats[i] != 0 && (option_formats[i] & formats[f].flag) == 0)
            return err_new(ERR_UNCATEGORIZED, "invalid option \"%s\" specified for %s import format",
                           option_defs[i].name, name);
    if (s->o[OPT_SAVE_REJECTED].set)
        return err_unimplemented(0, "IMPORT WITH experimental_save_rejected");
    s->format = PB_NEW(s->x->arena, ImportFormat, import_format);
    PB_SET(s->format, format, formats[f].kind);
    ERR_TRY(compression_option(s));
    for (int i = OPT_SSTSIZE; i <= OPT_OVERSAMPLE; i++) { /* of no use here, but checked */
        int64_t n;
        if (s->o[i].set)
            ERR_TRY(bytes_option(s, i, &n));
    }
    return formats[f].options(s);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void
add_uri(struct statement *s, char *uri)
{
    PB_GROW(s->x->arena, s->uris, s->n_uris, uri);
}

/* A name as a URI has it. */
static char *
encode_name(struct arena *a, const char *name)
{
    struct str out;
    str_init_arena(&out, a, STR_MAX_DEFAULT);
    for (; *name != '\0'; name++)
        if (strchr(" %?#+", *name) != NULL)
            str_printf(&out, "%%%02X", (unsigned)(uint8_t)*name);
        else
            str_append_char(&out, *name);
    return arena_strdup(a, str_cstr(&out));
}

static bool
has_wildcard(const char *uri)
{
    static const char *const unlisted[] = {"http:", "https:", "workload:", "experimental-workload:"};
    for (size_t i = 0; i < sizeof(unlisted) / sizeof(unlisted[0]); i++)
        if (strncmp(uri, unlisted[i], strlen(unlisted[i])) == 0)
            return false;
    return strcspn(uri, "*[") < strcspn(uri, "?#");
}

static struct error *
expand(struct statement *s, char *uri)
{
    struct arena *a = s->x->arena;
    char *dir, *pattern, **names;
    size_t n, before = s->n_uris;
    struct sink *sink;
    uri_split_file(a, uri, "*[", &dir, &pattern);
    ERR_TRY(open_sink(s->x->node, a, dir, NULL, &sink));
    sink_set_cancel(sink, s->x->cancel);
    ERR_TRY(sink_list(sink, a, "", &names, &n));
    for (size_t i = 0; i < n; i++)
        if (fnmatch(pattern, names[i], FNM_PATHNAME) == 0)
            add_uri(s, uri_join(a, dir, encode_name(a, names[i])));
    if (s->n_uris == before)
        return err_new(ERR_UNCATEGORIZED, "no files matched uri provided: '%s'", uri_redact(a, uri));
    return NULL;
}

static struct error *
find_files(struct statement *s)
{
    char **given;
    int n;
    ERR_TRY(strings_eval(s->x, &s->ast->files, "IMPORT", &given, &n));
    for (int i = 0; i < n; i++)
        if (!s->o[OPT_NO_GLOBS].set && has_wildcard(given[i]))
            ERR_TRY(expand(s, given[i]));
        else
            add_uri(s, given[i]);
    return NULL;
}

/* ---- the table ------------------------------------------------------------------------------- */

static struct error *
refuse_definition(const struct ast_create_table *c)
{
    if (c->if_not_exists)
        return err_unimplemented(0, "unsupported IF NOT EXISTS");
    if (c->interleave != NULL)
        return err_unimplemented(0, "interleaved not supported");
    if (c->as_select != NULL)
        return err_unimplemented(0, "CREATE AS not supported");
    if (c->temporary)
        return err_unimplemented(0, "temporary tables not supported");
    for (int i = 0; i < c->defs.count; i++) {
        const struct ast_table_def *d = &c->defs.items[i];
        bool key = d->kind == AST_DEF_FOREIGN_KEY;
        for (int k = 0; d->kind == AST_DEF_COLUMN && k < d->column->count; k++)
            key = key || d->column->items[k].kind == AST_COL_REFERENCES;
        if (key)
            return err_unimplemented(0, "this IMPORT format does not support foreign keys");
    }
    return NULL;
}

/* A dump defines its tables itself. */
static struct error *
dumped_definitions(struct statement *s)
{
    struct arena *a = s->x->arena;
    struct dump_opts o = {.skip_foreign_keys = s->o[OPT_SKIP_FKS].set};
    struct dump_schema schema;
    struct import_file *f;
    if (s->n_uris != 1)
        return err_new(ERR_UNCATEGORIZED, "a dump is one file");
    if (s->ast->table.count > 0)
        o.table = slice_to_cstr(a, s->ast->table.object);
    struct error *e = import_file_open(s->x->node, a, s->uris[0], PB_GET(s->format, compression),
                                       s->x->cancel, &f);
    if (e == NULL)
        e = dump_schema(a, f, &o, &schema);
    if (e != NULL)
        return err_wrap(store_error(e), "%s", uri_redact(a, s->uris[0]));
    s->create = schema.statements;
    s->n_create = schema.n_statements;
    s->names = schema.names;
    s->n_names = schema.n_names;
    return NULL;
}

/* CREATE USING: a file with one CREATE TABLE. */
static struct error *
definition_of_file(struct statement *s, struct ast_create_table *out)
{
    struct arena *a = s->x->arena;
    char *uri, *dir, *name;
    struct sink *sink;
    struct slice text;
    struct ast_stmt *st;
    ERR_TRY(string_eval(s->x, s->ast->create_file, "IMPORT", &uri));
    uri_split_file(a, uri, NULL, &dir, &name);
    ERR_TRY(open_sink(s->x->node, a, dir, NULL, &sink));
    ERR_TRY(sink_read_all(sink, a, name, TABLE_FILE_MAX, &text));
    ERR_TRY(parse_one(a, text, &st));
    if (st->kind != AST_STMT_CREATE_TABLE)
        return err_new(ERR_UNCATEGORIZED, "expected CREATE TABLE statement in table file");
    *out = *st->create_table;
    if (!slice_eq(out->name.object, s->ast->table.object))
        return err_new(ERR_UNCATEGORIZED,
                       "importing table \"%.*s\", but file specifies a schema for table \"%.*s\"",
                       (int)s->ast->table.object.len, (const char *)s->ast->table.object.ptr,
                       (int)out->name.object.len, (const char *)out->name.object.ptr);
    return NULL;
}

static struct error *
define_table(struct statement *s)
{
    struct ast_create_table c = {.name = s->ast->table, .defs = s->ast->create_defs};
    struct ast_stmt st = {.kind = AST_STMT_CREATE_TABLE, .create_table = &c};
    struct str sql;
    if (s->ast->create_file != NULL)
        ERR_TRY(definition_of_file(s, &c));
    c.name = s->ast->table;
    ERR_TRY(refuse_definition(&c));
    str_init_arena(&sql, s->x->arena, STR_MAX_DEFAULT);
    print_stmt(&sql, &st, NULL);
    ERR_TRY(str_error(&sql));
    PB_PUSH(s->x->arena, s->create, s->n_create, arena_strdup(s->x->arena, str_cstr(&sql)));
    return NULL;
}

static struct error *
target_columns(struct statement *s, const struct table *t, Amberdb__ImportDetails__Table *out)
{
    struct arena *a = s->x->arena;
    bool *target = ARENA_ARRAY(a, bool, (size_t)t->n_columns + 1);
    for (int i = 0; i < s->ast->into_columns.count; i++) {
        char *name = slice_to_cstr(a, s->ast->into_columns.items[i].text);
        int k = 0;
        while (k < t->n_columns && strcmp(t->columns[k].name, name) != 0)
            k++;
        if (k == t->n_columns)
            return err_wrap(err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", name),
                            "verifying target columns");
        if (target[k])
            return err_new(ERR_SYNTAX, "multiple assignments to the same column \"%s\"", name);
        if (t->columns[k].compute_expr != NULL)
            return err_new(ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                           "cannot write directly to computed column \"%s\"", name);
        target[k] = true;
        PB_PUSH(a, out->target_cols, out->n_target_cols, name);
    }
    for (int k = 0; k < t->n_columns && s->ast->into_columns.count > 0; k++)
        if (!target[k] && !t->columns[k].nullable && t->columns[k].default_expr == NULL &&
            t->columns[k].compute_expr == NULL)
            return err_new(ERR_UNCATEGORIZED, "all non-target columns in IMPORT INTO must be nullable");
    return NULL;
}

static struct error *
refuse_table(const struct table *t)
{
    if (t->is_view || t->is_sequence || t->is_virtual)
        return err_new(ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a table", t->name);
    if (t->id < ID_FIRST_USER)
        return err_new(ERR_INSUFFICIENT_PRIVILEGE, "cannot IMPORT INTO the system table \"%s\"", t->name);
    if (t->pb->n_mutations > 0)
        return err_new(ERR_UNCATEGORIZED, "cannot IMPORT INTO a table with schema changes in progress "
                                          "-- try again later");
    if (PB_GET(t->pb, temporary))
        return err_unimplemented(0, "IMPORT INTO a temporary table");
    for (int i = 0; i < t->n_indexes; i++) {
        const pb_index *ix = i == 0 ? t->pb->primary_index : t->pb->indexes[i - 1];
        if (ix->n_interleaved_by > 0 || (ix->interleave != NULL && ix->interleave->n_ancestors > 0))
            return err_unimplemented(0, "IMPORT INTO an interleaved table");
    }
    return NULL;
}

static struct error *
into_table(struct exec_ctx *x, struct statement *s, const struct table **t)
{
    const struct database *db;
    const char *schema;
    const pb_descriptor *d;
    ERR_TRY(plan_resolve_table(exec_planner(x), &s->ast->table, t, &db, &schema));
    if (!s->ast->into)
        return NULL;
    ERR_TRY(refuse_table(*t));
    ERR_TRY(catalog_descriptor(x->catalog, (*t)->id, &d));
    return d != NULL ? catalog_check_privilege(x->catalog, x->user, d, PRIV_CREATE) : NULL;
}

/* With the whole name of a table. */
static const char *
describe(struct exec_ctx *x, const struct statement *s, const struct table *t)
{
    struct ast_import i = *s->ast;
    struct ast_stmt st = *s->stmt;
    const struct database *db;
    st.import = &i;
    if (t == NULL)
        return describe_stmt(s->x, &st);
    struct error *e = catalog_database_by_id(x->catalog, t->parent_id, &db);
    if (e == NULL && db != NULL) {
        i.table.count = 3;
        i.table.catalog = slice_cstr(db->name);
        i.table.schema = SLICE_LIT("public");
    }
    err_free(e);
    return describe_stmt(s->x, &st);
}

/* The table as one of the job's, offline. */
static struct error *
take_table(struct exec_ctx *x, struct statement *s, const struct table *t, pb_import *d)
{
    struct arena *a = s->x->arena;
    pb_table *mut;
    Amberdb__ImportDetails__Table *one = PB_NEW(a, ImportDetails__Table, import_details__table);
    one->name = arena_strdup(a, t->name);
    PB_SET(one, is_new, s->n_create > 0);
    ERR_TRY(target_columns(s, t, one));
    ERR_TRY(catalog_mutable_table(x->catalog, x->arena, t->id, &mut));
    PB_SET(mut, state, AMBERDB__STATE__OFFLINE);
    mut->offline_reason = arena_strdup(x->arena, "importing");
    PB_SET(d, parent_id, PB_GET(mut, parent_id));
    one->desc = pb_table_copy(a, mut);
    PB_PUSH(a, d->tables, d->n_tables, one);
    return catalog_write_table(x->catalog, mut);
}

static struct error *
dumped_tables(struct exec_ctx *x, struct statement *s, const struct table ***out)
{
    *out = ARENA_ARRAY(x->arena, const struct table *, s->n_names + 1);
    for (size_t i = 0; i < s->n_names; i++) {
        struct ast_object_name n = {.count = 1, .object = slice_cstr(s->names[i])};
        const struct database *db;
        const char *schema;
        ERR_TRY(plan_resolve_table(exec_planner(x), &n, &(*out)[i], &db, &schema));
    }
    return NULL;
}

static struct error *
take_tables(struct exec_ctx *x, struct statement *s, pb_import *d, const char **description)
{
    const struct table *t = NULL, **dumped = NULL;
    for (size_t i = 0; i < s->n_create; i++)
        ERR_TRY(exec_sql(x, 0, NULL, NULL, 0, NULL, NULL, s->create[i]));
    if (s->ast->bundle) /* its tables are made in the current database */
        ERR_TRY(dumped_tables(x, s, &dumped));
    else
        ERR_TRY(into_table(x, s, &t));
    *description = describe(x, s, t);
    if (t != NULL)
        return take_table(x, s, t, d);
    for (size_t i = 0; i < s->n_names; i++)
        ERR_TRY(take_table(x, s, dumped[i], d));
    return NULL;
}

static struct error *
create_txn(struct exec_ctx *x, void *arg)
{
    struct statement *s = arg;
    struct arena *a = s->x->arena; /* what describe_stmt needs has its placeholders there */
    pb_import *d = PB_NEW(a, ImportDetails, import_details);
    Amberdb__Payload *p = PB_NEW(a, Payload, payload);
    Amberdb__Progress *pr = PB_NEW(a, Progress, progress);
    const char *description;
    ERR_TRY(take_tables(x, s, d, &description));
    d->uris = s->uris;
    d->n_uris = s->n_uris;
    d->format = s->format;
    PB_SET(d, prepare_complete, true);
    struct slice bytes = pb_pack(a, PB_BASE(d));
    p->details_case = AMBERDB__PAYLOAD__DETAILS_IMPORT;
    p->import.data = arena_memdup(a, bytes.ptr, bytes.len);
    p->import.len = bytes.len;
    for (size_t i = 0; i < d->n_tables; i++)
        PB_GROW(a, p->descriptor_ids, p->n_descriptor_ids, PB_GET(d->tables[i]->desc, id));
    pr->details_case = AMBERDB__PROGRESS__DETAILS_IMPORT;
    return job_create(x, p, pr, description, &s->job_id);
}

/* ---- the statement --------------------------------------------------------------------------- */

static struct error *
admin_txn(struct exec_ctx *x, void *arg)
{
    (void)arg;
    return catalog_check_admin(x->catalog, x->user, "IMPORT");
}

static struct error *
import_run(struct exec_ctx *x, const struct ast_stmt *st, struct row_sink *rows, char **tag)
{
    struct statement s = {.stmt = st, .ast = st->import, .x = x};
    (void)tag;
    ERR_TRY(options_eval(x, &s.ast->options, option_defs, OPT_COUNT, s.o));
    ERR_TRY(exec_txn(x->node, x->user, x->database, HLC_MIN, x->cancel, admin_txn, NULL));
    ERR_TRY(read_format(&s));
    ERR_TRY(find_files(&s));
    if (s.ast->bundle)
        ERR_TRY(dumped_definitions(&s));
    else if (!s.ast->into)
        ERR_TRY(define_table(&s));
    ERR_TRY(exec_txn(x->node, x->user, x->database, HLC_MIN, x->cancel, create_txn, &s));
    return s.o[OPT_DETACHED].set ? put_job_id(rows, s.job_id)
                                 : job_wait(x->node, s.job_id, x->cancel, rows);
}

static struct error *
import_columns(struct exec_ctx *x, const struct ast_stmt *st, int *n, const struct result_column **cols)
{
    (void)x;
    return backup_columns_of(&st->import->options, n, cols);
}

static struct error *
import_prepare(struct exec_ctx *x, const struct ast_stmt *st)
{
    return backup_placeholders(x, st, option_defs, OPT_COUNT);
}

static const struct statement_ops import_ops[] = {
    {.kind = AST_STMT_IMPORT, .tag = "IMPORT ", .name = "IMPORT",
     .flags = STMT_NO_TXN | STMT_NOT_IN_TXN | STMT_ADMIN, .placeholders = import_prepare,
     .columns = import_columns, .run = import_run},
};
const struct statement_family statement_family_import = {import_ops,
                                                         sizeof(import_ops) / sizeof(import_ops[0])};
