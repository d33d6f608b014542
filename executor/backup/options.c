/* Options, URIs and other strings of BACKUP, RESTORE and SHOW BACKUP; the statement as jobs show it. */
#include "config.h"

#include "executor/backup/backup_int.h"

#include "grammar/print.h"

struct error *
string_eval(struct exec_ctx *x, const struct ast_expr *e, const char *op, char **out)
{
    struct datum d;
    if (e->kind == AST_EXPR_STRING) {
        *out = slice_to_cstr(x->arena, e->string.text);
        return NULL;
    }
    ERR_TRY(exec_eval_const(x, e, &TYPE_STRING, op, &d));
    if (d.null)
        return err_new(ERR_UNCATEGORIZED, "expected string, got NULL");
    *out = slice_to_cstr(x->arena, datum_slice(&d));
    return NULL;
}

struct error *
strings_eval(struct exec_ctx *x, const struct ast_exprs *e, const char *op, char ***out, int *n)
{
    *out = ARENA_ARRAY(x->arena, char *, e->count + 1);
    *n = e->count;
    for (int i = 0; i < e->count; i++)
        ERR_TRY(string_eval(x, e->items[i], op, &(*out)[i]));
    return NULL;
}

struct error *
options_eval(struct exec_ctx *x, const struct ast_kv_options *o, const struct option_def *defs,
             int n, struct option_value *values)
{
    memset(values, 0, (size_t)n * sizeof(*values));
    for (int i = 0; i < o->count; i++) {
        const struct ast_kv_option *kv = &o->items[i];
        char *key = slice_to_cstr(x->arena, kv->key);
        int k = 0;
        while (k < n && strcmp(defs[k].name, key) != 0)
            k++;
        if (k == n)
            return err_new(ERR_UNCATEGORIZED, "invalid option \"%s\"", key);
        bool has_value = kv->has_value && kv->value != NULL && kv->value->kind != AST_EXPR_NULL;
        if (defs[k].kind == OPTION_FLAG && has_value)
            return err_new(ERR_UNCATEGORIZED, "option \"%s\" does not take a value", key);
        if (defs[k].kind == OPTION_VALUE && !has_value)
            return err_new(ERR_UNCATEGORIZED, "option \"%s\" requires a value", key);
        values[k].set = true;
        if (has_value) {
            char *v;
            ERR_TRY(string_eval(x, kv->value, key, &v));
            if (*v == '\0' && strcmp(key, "encryption_passphrase") == 0)
                return err_new(ERR_UNCATEGORIZED, "option \"%s\" requires a value", key);
            values[k].value = v;
        }
    }
    return NULL;
}

static void
type_strings(struct exec_ctx *x, const struct ast_exprs *e)
{
    for (int i = 0; i < e->count; i++)
        exec_type_placeholder(x, e->items[i], &TYPE_STRING);
}

static void
type_layers(struct exec_ctx *x, const struct ast_uri_layers *l)
{
    for (int i = 0; i < l->count; i++)
        type_strings(x, &l->items[i]);
}

static void
type_options(struct exec_ctx *x, const struct ast_kv_options *o)
{
    for (int i = 0; i < o->count; i++)
        exec_type_placeholder(x, o->items[i].value, &TYPE_STRING);
}

void
backup_placeholders(struct exec_ctx *x, const struct ast_stmt *s)
{
    if (s->kind == AST_STMT_BACKUP) {
        const struct ast_backup *b = s->backup;
        exec_type_placeholder(x, b->subdir, &TYPE_STRING);
        type_strings(x, &b->to);
        exec_type_placeholder(x, b->as_of, &TYPE_STRING);
        type_strings(x, &b->incremental_from);
        type_options(x, &b->options);
    } else if (s->kind == AST_STMT_RESTORE) {
        const struct ast_restore *r = s->restore;
        exec_type_placeholder(x, r->subdir, &TYPE_STRING);
        type_layers(x, &r->from);
        exec_type_placeholder(x, r->as_of, &TYPE_STRING);
        type_options(x, &r->options);
    } else if (s->kind == AST_STMT_SHOW_BACKUP) {
        const struct ast_show_backup *b = s->show_backup;
        exec_type_placeholder(x, b->uri, &TYPE_STRING);
        exec_type_placeholder(x, b->subdir, &TYPE_STRING);
        type_options(x, &b->options);
    } else if (s->kind == AST_STMT_ATTACH_BACKUP) {
        const struct ast_attach_backup *a = s->attach_backup;
        type_layers(x, &a->from);
        exec_type_placeholder(x, a->as_of, &TYPE_STRING);
        type_options(x, &a->options);
    }
}

bool
option_named(const struct ast_kv_options *o, const char *name)
{
    for (int i = 0; i < o->count; i++)
        if (slice_eq(o->items[i].key, slice_cstr(name)))
            return true;
    return false;
}

struct error *
backup_columns_of(const struct ast_kv_options *o, int *n, const struct result_column **cols)
{
    *n = option_named(o, "detached") ? 1 : 6;
    *cols = backup_result_columns; /* the first is the job's id */
    return NULL;
}

struct error *
put_job_id(struct row_sink *rows, int64_t id)
{
    struct datum row = datum_int(id);
    return row_put(rows, &row);
}

/* ---- printing ---- */

static bool
print_value(struct exec_ctx *x, struct str *out, const struct ast_expr *e, bool is_uri)
{
    char *text;
    struct error *err = string_eval(x, e, "BACKUP", &text);
    if (err != NULL) {
        err_free(err);
        return false;
    }
    print_string_literal(out, slice_cstr(is_uri ? uri_redact(x->arena, text) : text));
    return true;
}

static bool
print_uri(struct str *out, const struct ast_expr *uri, void *arg)
{
    return print_value(arg, out, uri, true);
}

static bool
print_option(struct str *out, struct slice key, const struct ast_expr *value, void *arg)
{
    if (slice_eq(key, SLICE_LIT("encryption_passphrase"))) {
        str_append_cstr(out, "'redacted'");
        return true;
    }
    return print_value(arg, out, value, false);
}

/* The time, when it is a placeholder. */
static bool
print_placeholder(struct str *out, const struct ast_expr *e, void *arg)
{
    return e->kind == AST_EXPR_PLACEHOLDER && print_value(arg, out, e, false);
}

char *
describe_stmt(struct exec_ctx *x, const struct ast_stmt *s)
{
    struct str out;
    struct print_opts o = {.expr = print_placeholder, .uri = print_uri, .option = print_option, .arg = x};
    str_init_arena(&out, x->arena, STR_MAX_DEFAULT);
    print_stmt(&out, s, &o);
    return arena_strdup(x->arena, str_cstr(&out));
}
