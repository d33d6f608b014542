/* PGDUMP: the rows of a dump, which are the lines behind COPY ... FROM stdin and the VALUES of INSERT. */
#include "config.h"

#include "executor/import/dump.h"

#include "grammar/parse.h"

struct dump_rows {
    struct arena *a;           /* of the statement whose rows come */
    struct str text;
    bool in_copy;
    const struct ast_values *values; /* of INSERT; NULL: none, or all are given */
    int at;
};

static void
release_rows(void *arg)
{
    struct dump_rows *d = arg;
    str_release(&d->text);
}

static struct dump_rows *
rows_of(struct import_reader *r)
{
    if (r->dump == NULL) {
        r->dump = ARENA_NEW(r->arena, struct dump_rows);
        r->dump->a = arena_create(r->arena, "dump");
        str_init(&r->dump->text, STR_MAX_DEFAULT);
        arena_on_free(r->arena, release_rows, r->dump);
    }
    return r->dump;
}

static void
begin_rows(struct import_reader *r, struct dump_rows *d, const struct ast_object_name *table,
           const struct ast_names *columns)
{
    r->to.table = slice_to_cstr(d->a, table->object);
    r->to.n_columns = (size_t)columns->count;
    r->to.columns = ARENA_ARRAY(d->a, char *, r->to.n_columns + 1);
    for (int i = 0; i < columns->count; i++)
        r->to.columns[i] = slice_to_cstr(d->a, columns->items[i].text);
    r->begins = true;
}

static struct error *
begin_insert(struct import_reader *r, struct dump_rows *d, const struct ast_insert *n)
{
    if (n->table->kind != AST_TABLE_NAME || n->upsert || n->on_conflict != NULL || n->default_values ||
        n->select->kind != AST_SELECT_VALUES)
        return err_unimplemented(0, "unsupported statement: INSERT of other than VALUES");
    d->values = n->select->values;
    d->at = 0;
    begin_rows(r, d, &n->table->name, &n->columns);
    return NULL;
}

/* The next COPY or INSERT; *more false at the end. */
static struct error *
next_statement(struct import_reader *r, struct dump_rows *d, bool *more)
{
    for (;;) {
        struct ast_stmt *s;
        ERR_TRY(dump_statement(r->file, &d->text, more));
        if (!*more)
            return NULL;
        struct slice text = str_slice(&d->text);
        if (!dump_begins(text, "COPY") && !dump_begins(text, "INSERT"))
            continue;
        arena_reset(d->a);
        ERR_TRY(parse_one(d->a, slice_dup(d->a, text), &s));
        if (s->kind == AST_STMT_INSERT)
            return begin_insert(r, d, s->insert);
        if (s->kind != AST_STMT_COPY || s->copy->to || s->copy->format != AST_COPY_TEXT)
            return err_unimplemented(0, "unsupported statement: %s", str_cstr(&d->text));
        d->in_copy = true;
        dump_begin_copy(r->file);
        begin_rows(r, d, &s->copy->table, &s->copy->columns);
        return NULL;
    }
}

/* Appends what a constant is as text. *null: it is NULL. */
static struct error *
constant_text(struct str *out, const struct ast_expr *e, bool *null)
{
    static const char hex[] = "0123456789abcdef";
    switch (e->kind) {
    case AST_EXPR_NULL:
        *null = true;
        return NULL;
    case AST_EXPR_BOOL:
        str_append_cstr(out, e->boolean ? "true" : "false");
        return NULL;
    case AST_EXPR_INT:
    case AST_EXPR_DECIMAL:
        if (e->number.negative)
            str_append_char(out, '-');
        str_append_slice(out, e->number.text);
        return NULL;
    case AST_EXPR_STRING:
    case AST_EXPR_BIT:
        str_append_slice(out, e->string.text);
        return NULL;
    case AST_EXPR_BYTES:
        str_append_cstr(out, "\\x");
        for (size_t i = 0; i < e->string.text.len; i++) {
            str_append_char(out, hex[e->string.text.ptr[i] >> 4]);
            str_append_char(out, hex[e->string.text.ptr[i] & 15]);
        }
        return NULL;
    case AST_EXPR_PAREN:
        return constant_text(out, e->inner, null);
    case AST_EXPR_CAST:
    case AST_EXPR_ANNOTATE:
        return constant_text(out, e->cast.expr, null);
    case AST_EXPR_UNARY:
        if (e->unary.op == AST_UNARY_COMPLEMENT)
            break;
        if (e->unary.op == AST_UNARY_MINUS)
            str_append_char(out, '-');
        return constant_text(out, e->unary.expr, null);
    default:
        break;
    }
    return err_unimplemented(0, "INSERT of other than constants");
}

static struct error *
insert_row(struct import_reader *r, struct dump_rows *d)
{
    const struct ast_exprs *row = &d->values->items[d->at++];
    if (d->at == d->values->count)
        d->values = NULL;
    r->number++;
    for (int i = 0; i < row->count; i++) {
        bool null = false;
        ERR_TRY(constant_text(&r->text, row->items[i], &null));
        import_end_field(r, null);
    }
    return NULL;
}

struct error *
import_next_dump(struct import_reader *r, bool *more)
{
    struct dump_rows *d = rows_of(r);
    *more = true;
    if (d->values != NULL)
        return insert_row(r, d);
    if (d->in_copy && dump_at_copy_end(r->file))
        d->in_copy = false;
    if (d->in_copy && import_peek(r->file) < 0)
        return r->file->failed == NULL ? err_new(ERR_UNCATEGORIZED, "unexpected EOF in the data of COPY")
                                       : NULL;
    return d->in_copy ? import_next_copy(r, more) : next_statement(r, d, more);
}
