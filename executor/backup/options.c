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

/* Is it an option of the statement, and has it a value exactly where it takes one? */
static struct error *
option_find(struct arena *a, const struct ast_kv_option *kv, const struct option_def *defs, int n,
            int *which, bool *has_value)
{
    char *key = slice_to_cstr(a, kv->key);
    int k = 0;
    while (k < n && strcmp(defs[k].name, key) != 0)
        k++;
    if (k == n)
        return err_new(ERR_UNCATEGORIZED, "invalid option \"%s\"", key);
    *which = k;
    *has_value = kv->has_value && kv->value != NULL && kv->value->kind != AST_EXPR_NULL;
    if (defs[k].kind == OPTION_FLAG && *has_value)
        return err_new(ERR_UNCATEGORIZED, "option \"%s\" does not take a value", key);
    if (defs[k].kind == OPTION_VALUE && !*has_value)
        return err_new(ERR_UNCATEGORIZED, "option \"%s\" requires a value", key);
    return NULL;
}

struct error *
options_eval(struct exec_ctx *x, const struct ast_kv_options *o, const struct option_def *defs,
             int n, struct option_value *values)
{
    memset(values, 0, (size_t)n * sizeof(*values));
    for (int i = 0; i < o->count; i++) {
        const struct ast_kv_option *kv = &o->items[i];
        int k;
        bool has_value;
        ERR_TRY(option_find(x->arena, kv, defs, n, &k, &has_value));
        values[k].set = true;
        if (has_value) {
            char *v;
            ERR_TRY(string_eval(x, kv->value, defs[k].name, &v));
            if (*v == '\0' && strcmp(defs[k].name, "encryption_passphrase") == 0)
                return err_new(ERR_UNCATEGORIZED, "option \"%s\" requires a value", defs[k].name);
            values[k].value = v;
        }
    }
    return NULL;
}

/* ---- before it runs ---- */

static struct error *
need_string(struct exec_ctx *x, const struct ast_expr *e, const char *op)
{
    const struct placeholder_types *ph = x->placeholders;
    exec_type_placeholder(x, e, &TYPE_STRING);
    if (e == NULL || e->kind != AST_EXPR_PLACEHOLDER || ph == NULL || e->placeholder > ph->n)
        return NULL;
    const struct type *t = ph->v[e->placeholder - 1];
    if (t == NULL || t->family == FAMILY_STRING || t->family == FAMILY_UNKNOWN)
        return NULL;
    return err_new(ERR_DATATYPE_MISMATCH, "argument of %s must be type string, not type %s", op,
                   type_name_str(x->arena, t));
}

static struct error *
need_strings(struct exec_ctx *x, const struct ast_exprs *e, const char *op)
{
    for (int i = 0; i < e->count; i++)
        ERR_TRY(need_string(x, e->items[i], op));
    return NULL;
}

static struct error *
need_layers(struct exec_ctx *x, const struct ast_uri_layers *l, const char *op)
{
    for (int i = 0; i < l->count; i++)
        ERR_TRY(need_strings(x, &l->items[i], op));
    return NULL;
}

static struct error *
need_options(struct exec_ctx *x, const struct ast_kv_options *o, const struct option_def *defs, int n)
{
    for (int i = 0; i < o->count; i++) {
        int k;
        bool has_value;
        ERR_TRY(option_find(x->arena, &o->items[i], defs, n, &k, &has_value));
        if (has_value)
            ERR_TRY(need_string(x, o->items[i].value, defs[k].name));
    }
    return NULL;
}

struct error *
backup_placeholders(struct exec_ctx *x, const struct ast_stmt *s, const struct option_def *defs, int n)
{
    if (s->kind == AST_STMT_BACKUP) {
        const struct ast_backup *b = s->backup;
        ERR_TRY(need_string(x, b->subdir, "BACKUP"));
        ERR_TRY(need_strings(x, &b->to, "BACKUP"));
        exec_type_placeholder(x, b->as_of, &TYPE_STRING);
        ERR_TRY(need_strings(x, &b->incremental_from, "BACKUP"));
        return need_options(x, &b->options, defs, n);
    }
    if (s->kind == AST_STMT_RESTORE) {
        const struct ast_restore *r = s->restore;
        ERR_TRY(need_string(x, r->subdir, "RESTORE"));
        ERR_TRY(need_layers(x, &r->from, "RESTORE"));
        exec_type_placeholder(x, r->as_of, &TYPE_STRING);
        return need_options(x, &r->options, defs, n);
    }
    if (s->kind == AST_STMT_SHOW_BACKUP) {
        const struct ast_show_backup *b = s->show_backup;
        ERR_TRY(need_string(x, b->uri, "SHOW BACKUP"));
        ERR_TRY(need_string(x, b->subdir, "SHOW BACKUP"));
        return need_options(x, &b->options, defs, n);
    }
    if (s->kind == AST_STMT_EXPORT) {
        ERR_TRY(need_string(x, s->export_->uri, "EXPORT"));
        return need_options(x, &s->export_->options, defs, n);
    }
    if (s->kind == AST_STMT_IMPORT) {
        ERR_TRY(need_string(x, s->import->create_file, "IMPORT"));
        ERR_TRY(need_strings(x, &s->import->files, "IMPORT"));
        return need_options(x, &s->import->options, defs, n);
    }
    const struct ast_attach_backup *a = s->attach_backup;
    ERR_TRY(need_layers(x, &a->from, "ATTACH BACKUP"));
    exec_type_placeholder(x, a->as_of, &TYPE_STRING);
    return need_options(x, &a->options, defs, n);
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
