#include "config.h"

#include <string.h>

#include "executor/copy.h"
#include "executor/mutation/mutation.h"
#include "executor/relational/rel_int.h"
#include "executor/session_int.h"
#include "executor/userfile.h"

/* COPY t FROM STDIN and COPY .. TO STDOUT: text and CSV, as PostgreSQL has them. */

/* Of buffered writes; beyond, they go to files, so that COPY takes bounded memory. What stays within
 * the processor's cache is sorted, locked and unlocked faster. */
#define SPILL_BYTES ((size_t)4 << 20)

struct format {
    bool csv, header;
    char delimiter, quote, escape;
    struct slice null;
};

static struct error *
one_char(const char *what, bool given, struct slice s, char def, char *out)
{
    *out = def;
    if (!given)
        return NULL;
    if (s.len != 1)
        return err_new(ERR_FEATURE_NOT_SUPPORTED, "COPY %s must be a single one-byte character", what);
    *out = (char)s.ptr[0];
    if (*out == '\n' || *out == '\r')
        return err_new(ERR_INVALID_PARAMETER_VALUE, "COPY %s cannot be newline or carriage return",
                       what);
    return NULL;
}

static struct error *
format_of(const struct ast_copy *c, struct format *f)
{
    if (c->format == AST_COPY_BINARY)
        return err_unimplemented(0, "COPY in binary format");
    memset(f, 0, sizeof(*f));
    f->csv = c->format == AST_COPY_CSV;
    f->header = c->header;
    ERR_TRY(one_char("delimiter", c->has_delimiter, c->delimiter, f->csv ? ',' : '\t', &f->delimiter));
    ERR_TRY(one_char("quote", c->has_quote, c->quote, '"', &f->quote));
    ERR_TRY(one_char("escape", c->has_escape, c->escape, f->quote, &f->escape));
    f->null = c->has_null ? c->null : f->csv ? SLICE_LIT("") : SLICE_LIT("\\N");
    if (!f->csv && (c->has_quote || c->has_escape))
        return err_new(ERR_FEATURE_NOT_SUPPORTED, "COPY quote and escape are available only in CSV mode");
    if (c->force_quote_all || c->force_quote.count > 0 || c->force_not_null.count > 0 ||
        c->force_null.count > 0)
        return err_unimplemented(0, "COPY with FORCE options");
    return NULL;
}

/* ---- FROM ----------------------------------------------------------------------------------- */

struct copy_in {
    struct exec_ctx *x;
    struct format f;
    struct result_sink *out;
    const struct table *t;
    int n_cols;
    int *ordinals;
    struct expr **defaults;      /* by ordinal; NULL: given or computed */
    struct mutator *m;
    struct mut_table *mt;
    struct arena *arena, *row_arena;
    struct plan_target target;
    struct str buf;              /* bytes not yet used */
    size_t pos;
    bool eof, ended;
    int64_t line, rows;
    int64_t in_batch;
    struct datum *row;
    struct str field;
};

static struct error *
copy_columns(struct copy_in *c, const struct ast_copy *a)
{
    struct exec_ctx *x = c->x;
    bool *seen = ARENA_ARRAY(x->arena, bool, (size_t)c->t->n_all_columns + 1);

    c->ordinals = ARENA_ARRAY(x->arena, int, (size_t)c->t->n_columns + 1);
    for (int i = 0; i < a->columns.count; i++) {
        char *name = slice_to_cstr(x->arena, a->columns.items[i].text);
        int at = -1;
        for (int k = 0; k < c->t->n_columns; k++)
            if (strcmp(c->t->columns[k].name, name) == 0)
                at = k;
        if (at < 0)
            return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", name);
        if (seen[at])
            return err_new(ERR_SYNTAX, "multiple assignments to the same column \"%s\"", name);
        if (c->t->columns[at].compute_expr != NULL)
            return err_new(ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                           "cannot write directly to computed column \"%s\"", name);
        seen[at] = true;
        c->ordinals[c->n_cols++] = at;
    }
    if (a->columns.count == 0)
        for (int i = 0; i < c->t->n_columns; i++)
            if (!c->t->columns[i].hidden && c->t->columns[i].compute_expr == NULL) {
                seen[i] = true;
                c->ordinals[c->n_cols++] = i;
            }
    c->defaults = ARENA_ARRAY(x->arena, struct expr *, (size_t)c->t->n_all_columns + 1);
    for (int i = 0; i < c->t->n_all_columns; i++) {
        const struct column *col = &c->t->columns[i];
        if (!seen[i] && col->default_expr != NULL && col->compute_expr == NULL)
            ERR_TRY(plan_stored_expr(exec_planner(x), NULL, col->default_expr, col->type,
                                     &c->defaults[i]));
    }
    return NULL;
}

/* More bytes into buf; at the end eof is set. */
static struct error *
more_data(struct copy_in *c)
{
    struct slice data;
    bool done = false;

    if (c->pos > 0) {
        memmove(c->buf.ptr, c->buf.ptr + c->pos, c->buf.len - c->pos);
        c->buf.len -= c->pos;
        c->pos = 0;
    }
    ERR_TRY(cancel_check(c->x->cancel));
    ERR_TRY(c->out->copy_in_data(c->out, &data, &done));
    if (done)
        c->eof = true;
    else
        str_append_slice(&c->buf, data);
    return str_error(&c->buf);
}

/* One line without its end; in CSV a quoted field may hold newlines. *more false at the end. */
static struct error *
next_line(struct copy_in *c, struct slice *line, bool *more)
{
    size_t at = 0;
    bool quoted = false, escaped = false;

    for (;;) {
        const char *p = c->buf.ptr == NULL ? "" : c->buf.ptr + c->pos;
        size_t left = c->buf.len - c->pos;
        if (!c->f.csv && at < left) {
            const char *end = memchr(p + at, '\n', left - at);
            at = end != NULL ? (size_t)(end - p) : left;
        }
        for (; at < left; at++) {
            if (c->f.csv && escaped)
                escaped = false;
            else if (c->f.csv && quoted && p[at] == c->f.escape && c->f.escape != c->f.quote)
                escaped = true;
            else if (c->f.csv && p[at] == c->f.quote)
                quoted = !quoted;
            if (p[at] == '\n' && !quoted) {
                size_t n = at > 0 && p[at - 1] == '\r' ? at - 1 : at;
                *line = slice_make(p, n);
                c->pos += at + 1;
                c->line++;
                *more = true;
                return NULL;
            }
        }
        if (c->eof) {
            *more = left > 0;
            *line = slice_make(p, left);
            c->pos += left;
            c->line++;
            return NULL;
        }
        ERR_TRY(more_data(c));
    }
}

static int
hex_digit(uint8_t ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    ch |= 0x20;
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

void
copy_unescape(struct str *out, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '\\' || i + 1 == s.len) {
            str_append_char(out, (char)s.ptr[i]);
            continue;
        }
        uint8_t ch = s.ptr[++i];
        static const char from[] = "bfnrtv", to[] = "\b\f\n\r\t\v";
        const char *k = ch == '\0' ? NULL : strchr(from, ch);
        if (k != NULL) {
            str_append_char(out, to[k - from]);
        } else if (ch == 'x' && i + 1 < s.len && hex_digit(s.ptr[i + 1]) >= 0) {
            int v = hex_digit(s.ptr[++i]);
            if (i + 1 < s.len && hex_digit(s.ptr[i + 1]) >= 0)
                v = v * 16 + hex_digit(s.ptr[++i]);
            str_append_char(out, (char)v);
        } else if (ch >= '0' && ch <= '7') {
            int v = ch - '0';
            for (int d = 0; d < 2 && i + 1 < s.len && s.ptr[i + 1] >= '0' && s.ptr[i + 1] <= '7'; d++)
                v = v * 8 + (s.ptr[++i] - '0');
            str_append_char(out, (char)v);
        } else {
            str_append_char(out, (char)ch);
        }
    }
}

static struct error *
parse_field(struct copy_in *c, int col, struct slice text)
{
    const struct column *k = &c->t->columns[c->ordinals[col]];
    struct eval_env env = c->x->env;

    env.arena = c->row_arena;
    return datum_parse(&env, k->type, text, &c->row[c->ordinals[col]]);
}

static struct error *
wrong_count(const struct copy_in *c, int got)
{
    return err_new(ERR_PROTOCOL_VIOLATION, "expected %d values, got %d", c->n_cols, got);
}

static struct error *
parse_text_line(struct copy_in *c, struct slice line)
{
    int n = 0;
    bool plain = memchr(line.ptr, '\\', line.len) == NULL;
    struct error *bad = NULL; /* told of when the values are as many as they should be */

    for (size_t start = 0, end; start <= line.len; start = end + 1) {
        if (plain) {
            const uint8_t *d = memchr(line.ptr + start, c->f.delimiter, line.len - start);
            end = d != NULL ? (size_t)(d - line.ptr) : line.len;
        } else {
            for (end = start; end < line.len && line.ptr[end] != (uint8_t)c->f.delimiter; end++)
                if (line.ptr[end] == '\\' && end + 1 < line.len)
                    end++;
        }
        struct slice raw = slice_make(line.ptr + start, end - start);
        if (n >= c->n_cols || bad != NULL) {
            n++;
            continue;
        }
        if (slice_eq(raw, c->f.null)) {
            c->row[c->ordinals[n]] = DATUM_NULL;
        } else if (plain) { /* the line outlives the row */
            bad = parse_field(c, n, raw);
        } else {
            str_clear(&c->field);
            copy_unescape(&c->field, raw);
            bad = parse_field(c, n, slice_dup(c->row_arena, str_slice(&c->field)));
        }
        n++;
    }
    if (n == c->n_cols)
        return bad;
    err_free(bad);
    return wrong_count(c, n);
}

static struct error *
parse_csv_line(struct copy_in *c, struct slice line)
{
    size_t i = 0;
    int n = 0;

    for (;;) {
        bool quoted = false, in_quotes = false;
        str_clear(&c->field);
        for (; i < line.len; i++) {
            char ch = (char)line.ptr[i];
            if (in_quotes) {
                if (ch == c->f.escape && i + 1 < line.len &&
                    ((char)line.ptr[i + 1] == c->f.quote || (char)line.ptr[i + 1] == c->f.escape)) {
                    str_append_char(&c->field, (char)line.ptr[++i]);
                } else if (ch == c->f.quote) {
                    in_quotes = false;
                } else {
                    str_append_char(&c->field, ch);
                }
            } else if (ch == c->f.quote) {
                quoted = in_quotes = true;
            } else if (ch == c->f.delimiter) {
                break;
            } else {
                str_append_char(&c->field, ch);
            }
        }
        if (in_quotes)
            return err_new(ERR_BAD_COPY_FILE_FORMAT, "unterminated CSV quoted field");
        if (n < c->n_cols) {
            if (!quoted && slice_eq(str_slice(&c->field), c->f.null))
                c->row[c->ordinals[n]] = DATUM_NULL;
            else
                ERR_TRY(parse_field(c, n, slice_dup(c->row_arena, str_slice(&c->field))));
        }
        n++;
        if (i >= line.len)
            break;
        i++;
    }
    return n == c->n_cols ? NULL : wrong_count(c, n);
}

static struct error *
insert_line(struct copy_in *c, struct slice line)
{
    struct eval_env env = c->x->env;

    arena_reset(c->row_arena);
    env.arena = c->row_arena;
    for (int i = 0; i < c->t->n_all_columns; i++)
        c->row[i] = DATUM_NULL;
    if (c->f.csv)
        ERR_TRY(parse_csv_line(c, line));
    else
        ERR_TRY(parse_text_line(c, line));
    for (int i = 0; i < c->t->n_all_columns; i++)
        if (c->defaults[i] != NULL)
            ERR_TRY(expr_eval(c->defaults[i], &env, &c->x->state, NULL, &c->row[i]));
    ERR_TRY(mut_prepare_row(c->mt, c->row_arena, c->row, NULL));
    ERR_TRY(mut_check_row(c->mt, c->row_arena, c->row));
    ERR_TRY(mut_insert(c->mt, c->row_arena, c->row, MUT_INSERT));
    c->rows++;
    return NULL;
}

static struct error *
copy_lines(struct copy_in *c)
{
    bool more, header = c->f.header;

    for (;;) {
        struct slice line;
        ERR_TRY(next_line(c, &line, &more));
        if (!more)
            return NULL;
        if (header) {
            header = false;
            continue;
        }
        if (slice_eq(line, SLICE_LIT("\\."))) {
            /* Whatever follows is thrown away. */
            while (!c->eof) {
                c->pos = c->buf.len;
                ERR_TRY(more_data(c));
            }
            return NULL;
        }
        struct error *e = insert_line(c, line);
        if (e != NULL)
            return e;
    }
}

/* SOURCE: CockroachDB v20.1 sql/copy_file_upload.go: a pseudo table that takes files. */
static bool
is_upload(const struct ast_copy *a)
{
    return a->has_destination && a->table.count >= 2 &&
           slice_eq(a->table.schema, SLICE_LIT("crdb_internal")) &&
           slice_eq(a->table.object, SLICE_LIT("file_upload"));
}

/* The data that the client still sends after an error is the server's to drop. */
static struct error *
copy_from(struct exec_ctx *x, const struct ast_copy *a, struct result_sink *out)
{
    struct copy_in c = {.x = x, .out = out};
    const struct database *db;
    const char *schema;
    const pb_descriptor *d;

    if (is_upload(a))
        return upload_file(x, slice_to_cstr(x->arena, a->destination), out);
    if (a->has_destination)
        return err_new(ERR_SYNTAX, "option \"destination\" is of crdb_internal.file_upload alone");
    ERR_TRY(format_of(a, &c.f));
    ERR_TRY(plan_resolve_table(exec_planner(x), &a->table, &c.t, &db, &schema));
    if (c.t->is_view || c.t->is_sequence || c.t->is_virtual)
        return err_new(ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a table", c.t->name);
    ERR_TRY(catalog_descriptor(x->catalog, c.t->id, &d));
    if (d != NULL)
        ERR_TRY(catalog_check_privilege(x->catalog, x->user, d, PRIV_INSERT));
    if (x->txn_state->read_only)
        return err_new(ERR_READ_ONLY_SQL_TRANSACTION, "cannot execute COPY in a read-only transaction");
    ERR_TRY(copy_columns(&c, a));
    ERR_TRY(plan_target_init(exec_planner(x), &c.target, c.t, db));
    c.arena = arena_create(x->arena, "copy");
    c.row_arena = arena_create(c.arena, "row");
    c.row = ARENA_ARRAY(c.arena, struct datum, (size_t)c.t->n_all_columns + 1);
    ERR_TRY(mutator_create(x, c.arena, &c.m));
    ERR_TRY(mutator_table(c.m, c.t, &c.target, &c.mt));
    /* Nothing reads what a large COPY has written, but for foreign keys. */
    if (x->implicit_txn && !mut_has_foreign_keys(c.mt))
        kv_txn_spill(x->txn, x->node->opts.temp_dir, SPILL_BYTES);
    if (out->copy_in_start == NULL)
        return err_unimplemented(0, "COPY here");
    ERR_TRY(out->copy_in_start(out, c.n_cols, false));
    str_init(&c.buf, STR_MAX_DEFAULT);
    str_init(&c.field, STR_MAX_DEFAULT);
    struct error *e = copy_lines(&c);
    if (e == NULL)
        e = mut_spilled_duplicate(c.mt, c.row_arena);
    if (e == NULL)
        e = mutator_finish(c.m);
    str_release(&c.buf);
    str_release(&c.field);
    if (e != NULL)
        return e;
    x->tag = arena_printf(x->arena, "COPY %lld", (long long)c.rows);
    return NULL;
}

/* ---- TO ------------------------------------------------------------------------------------- */

struct copy_out {
    struct result_sink base;
    struct result_sink *out;
    struct format f;
    int n_cols;
    const struct result_column *cols;
    struct str line, text;
    int64_t rows;
    struct arena *arena;
};

static void
put_escaped(struct copy_out *c, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char ch = (char)s.ptr[i];
        switch (ch) {
        case '\b':
            str_append_cstr(&c->line, "\\b");
            break;
        case '\f':
            str_append_cstr(&c->line, "\\f");
            break;
        case '\n':
            str_append_cstr(&c->line, "\\n");
            break;
        case '\r':
            str_append_cstr(&c->line, "\\r");
            break;
        case '\t':
            str_append_cstr(&c->line, "\\t");
            break;
        case '\v':
            str_append_cstr(&c->line, "\\v");
            break;
        case '\\':
            str_append_cstr(&c->line, "\\\\");
            break;
        default:
            if (ch == c->f.delimiter)
                str_append_char(&c->line, '\\');
            str_append_char(&c->line, ch);
        }
    }
}

static void
put_csv(struct copy_out *c, struct slice s)
{
    bool quote = slice_eq(s, c->f.null);

    for (size_t i = 0; i < s.len && !quote; i++) {
        char ch = (char)s.ptr[i];
        quote = ch == c->f.delimiter || ch == c->f.quote || ch == '\n' || ch == '\r';
    }
    if (!quote) {
        str_append_slice(&c->line, s);
        return;
    }
    str_append_char(&c->line, c->f.quote);
    for (size_t i = 0; i < s.len; i++) {
        char ch = (char)s.ptr[i];
        if (ch == c->f.quote || ch == c->f.escape)
            str_append_char(&c->line, c->f.escape);
        str_append_char(&c->line, ch);
    }
    str_append_char(&c->line, c->f.quote);
}

static struct error *
out_columns(struct result_sink *s, int n, const struct result_column *cols)
{
    struct copy_out *c = (struct copy_out *)s;

    c->n_cols = n;
    c->cols = cols;
    ERR_TRY(c->out->copy_out_start(c->out, n, false));
    if (!c->f.header)
        return NULL;
    str_clear(&c->line);
    for (int i = 0; i < n; i++) {
        if (i > 0)
            str_append_char(&c->line, c->f.delimiter);
        if (c->f.csv)
            put_csv(c, slice_cstr(cols[i].name));
        else
            put_escaped(c, slice_cstr(cols[i].name));
    }
    str_append_char(&c->line, '\n');
    return c->out->copy_out_data(c->out, str_slice(&c->line));
}

static struct error *
out_rows(struct result_sink *s, const struct batch *b, const struct eval_env *env)
{
    struct copy_out *c = (struct copy_out *)s;
    int live = batch_live(b);

    for (int i = 0; i < live; i++) {
        int r = batch_row(b, i);
        str_clear(&c->line);
        for (int k = 0; k < c->n_cols; k++) {
            if (k > 0)
                str_append_char(&c->line, c->f.delimiter);
            const struct datum *d = b->cols[k] == NULL ? NULL : &b->cols[k][r];
            if (d == NULL || d->null) {
                str_append_slice(&c->line, c->f.null);
                continue;
            }
            str_clear(&c->text);
            datum_format(&c->text, c->cols[k].type, d, TEXT_WIRE, env);
            if (c->f.csv)
                put_csv(c, str_slice(&c->text));
            else
                put_escaped(c, str_slice(&c->text));
        }
        str_append_char(&c->line, '\n');
        ERR_TRY(str_error(&c->line));
        ERR_TRY(c->out->copy_out_data(c->out, str_slice(&c->line)));
        c->rows++;
    }
    return NULL;
}

static struct error *
out_complete(struct result_sink *s, const char *tag)
{
    (void)s;
    (void)tag;
    return NULL;
}

/* COPY t (a, b) TO is SELECT a, b FROM t. */
static struct ast_stmt *
table_query(struct arena *a, const struct ast_copy *c)
{
    struct ast_stmt *stmt = ARENA_NEW(a, struct ast_stmt);
    struct ast_select *sel = ARENA_NEW(a, struct ast_select);
    struct ast_select_clause *cl = ARENA_NEW(a, struct ast_select_clause);
    struct ast_table_ref *ref = ARENA_NEW(a, struct ast_table_ref);
    int n = c->columns.count > 0 ? c->columns.count : 1;

    ref->kind = AST_TABLE_NAME;
    ref->name = c->table;
    cl->from.items = ARENA_ARRAY(a, struct ast_table_ref *, 1);
    cl->from.items[0] = ref;
    cl->from.count = 1;
    cl->items.items = ARENA_ARRAY(a, struct ast_select_item, (size_t)n);
    cl->items.count = n;
    for (int i = 0; i < n; i++) {
        struct ast_expr *e = ARENA_NEW(a, struct ast_expr);
        e->kind = AST_EXPR_COLUMN;
        if (c->columns.count > 0) {
            e->column.parts = ARENA_ARRAY(a, struct slice, 1);
            e->column.parts[0] = c->columns.items[i].text;
            e->column.count = 1;
        } else {
            e->column.star = true;
        }
        cl->items.items[i].expr = e;
    }
    sel->kind = AST_SELECT_CLAUSE;
    sel->clause = cl;
    stmt->kind = AST_STMT_SELECT;
    stmt->select = sel;
    return stmt;
}

static struct error *
copy_to(struct exec_ctx *x, const struct ast_copy *a, struct result_sink *out)
{
    struct copy_out c = {.base = {.columns = out_columns, .rows = out_rows, .complete = out_complete},
                         .out = out};
    struct ast_stmt *stmt;

    ERR_TRY(format_of(a, &c.f));
    if (out->copy_out_start == NULL)
        return err_unimplemented(0, "COPY here");
    if (a->query_stmt != NULL) {
        stmt = a->query_stmt;
    } else if (a->query != NULL) {
        stmt = ARENA_NEW(x->arena, struct ast_stmt);
        stmt->kind = AST_STMT_SELECT;
        stmt->select = a->query;
    } else {
        stmt = table_query(x->arena, a);
    }
    str_init(&c.line, STR_MAX_DEFAULT);
    str_init(&c.text, STR_MAX_DEFAULT);
    struct error *e = exec_run(x, stmt, x->placeholders, &c.base, true);
    if (e == NULL)
        e = out->copy_out_end(out);
    str_release(&c.line);
    str_release(&c.text);
    if (e != NULL)
        return e;
    x->tag = arena_printf(x->arena, "COPY %lld", (long long)c.rows);
    return NULL;
}

struct error *
session_copy(struct session *s, const struct ast_stmt *stmt, struct exec_ctx *x,
             struct result_sink *out)
{
    (void)s;
    return stmt->copy->to ? copy_to(x, stmt->copy, out) : copy_from(x, stmt->copy, out);
}
