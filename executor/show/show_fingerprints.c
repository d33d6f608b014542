/* SHOW EXPERIMENTAL_FINGERPRINTS: one hash an index, equal wherever the rows are equal.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/show_fingerprints.go: XOR over the rows of the FNV-64 of the
 * columns, each as STRING and then as BYTES. */
#include "config.h"

#include "executor/show/show_int.h"

#include "grammar/print.h"

static const struct result_column fingerprint_columns[] = {{"index_name", &TYPE_STRING, 0, 0},
                                                           {"fingerprint", &TYPE_STRING, 0, 0}};
STATEMENT_COLUMNS(show_fingerprints_columns, fingerprint_columns)

static void
put_column(struct str *s, const struct column *c, bool first)
{
    if (!first)
        str_append_char(s, ',');
    print_name(s, slice_cstr(c->name));
    str_append_cstr(s, c->type->family == FAMILY_BYTES ? ":::bytes" : "::string::bytes");
}

static void
put_columns(struct str *s, const struct table *t, const int *ordinals, int n, bool *first)
{
    for (int i = 0; i < n; i++) {
        put_column(s, &t->columns[ordinals[i]], *first);
        *first = false;
    }
}

static const char *
fingerprint_sql(struct arena *a, const struct table *t, const struct index *ix)
{
    struct str s;
    bool first = true;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_append_cstr(&s, "SELECT xor_agg(fnv64(");
    if (ix->primary) {
        for (int i = 0; i < t->n_columns; i++)
            put_column(&s, &t->columns[i], i == 0);
    } else {
        put_columns(&s, t, ix->keys, ix->n_keys, &first);
        put_columns(&s, t, ix->extra, ix->n_extra, &first);
        put_columns(&s, t, ix->stored, ix->n_stored, &first);
    }
    str_printf(&s, "))::string AS fingerprint FROM [%u AS t]@{FORCE_INDEX=[%u]}", t->id, ix->id);
    return str_cstr(&s);
}

static struct error *
show_fingerprints_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows,
                      char **tag)
{
    const struct table *t;
    (void)tag;
    ERR_TRY(show_table(x, &s->show->table, &t, NULL, NULL));
    if (t->is_view || t->is_virtual)
        return err_new(ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a table", t->name);
    const pb_descriptor *d;
    ERR_TRY(catalog_descriptor(x->catalog, t->id, &d));
    ERR_TRY(catalog_check_privilege(x->catalog, x->user, d, PRIV_SELECT));
    for (int i = 0; i < t->n_indexes; i++) {
        const struct index *ix = &t->indexes[i];
        struct datum **found;
        size_t n;
        if (ix->inverted)
            return err_new(ERR_UNCATEGORIZED,
                           "hash-fingerprint: index \"%s\" is inverted and cannot be used for "
                           "this query", ix->name);
        /* As root, which also means: with default settings, so that the text of floats and times, and
         * with it the fingerprint, is the same in every session. */
        struct error *e = exec_query(x, EXEC_ROOT, x->arena, 0, NULL, NULL,
                                     fingerprint_sql(x->arena, t, ix), 1, &found, &n);
        if (e != NULL)
            return err_wrap(e, "hash-fingerprint");
        struct datum row[2] = {datum_cstr(ix->name), n == 1 ? found[0][0] : DATUM_NULL};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static const struct statement_ops show_fingerprints_ops[] = {
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_FINGERPRINTS,
     .tag = "SHOW EXPERIMENTAL_FINGERPRINTS ", .columns = show_fingerprints_columns,
     .run = show_fingerprints_run},
};

const struct statement_family statement_family_show_fingerprints = {
    show_fingerprints_ops, sizeof(show_fingerprints_ops) / sizeof(show_fingerprints_ops[0])};
