/* SHOW BACKUP [SCHEMAS | RANGES | FILES]: what manifests say. SOURCE: statements 3. */
#include "config.h"

#include "executor/backup/backup_int.h"

#include <stdlib.h>

#include "catalog/show_create.h"
#include "executor/node.h"
#include "executor/statement.h"
#include "grammar/print.h"
#include "types/keyenc.h"

enum { OPT_PRIVILEGES, OPT_PASSPHRASE, OPT_CHECK_FILES, OPT_COUNT };
static const struct option_def option_defs[OPT_COUNT] = {
    {"privileges", OPTION_FLAG},
    {"encryption_passphrase", OPTION_VALUE},
    {"check_files", OPTION_FLAG}, /* ours, as in v22.2 */
};

static const struct result_column default_columns[] = {
    {.name = "database_name", .type = &TYPE_STRING},
    {.name = "table_name", .type = &TYPE_STRING},
    {.name = "start_time", .type = &TYPE_TIMESTAMP},
    {.name = "end_time", .type = &TYPE_TIMESTAMP},
    {.name = "size_bytes", .type = &TYPE_INT8},
    {.name = "rows", .type = &TYPE_INT8},
    {.name = "is_full_cluster", .type = &TYPE_BOOL},
};
static const struct result_column range_columns[] = {
    {.name = "start_pretty", .type = &TYPE_STRING},
    {.name = "end_pretty", .type = &TYPE_STRING},
    {.name = "start_key", .type = &TYPE_BYTES},
    {.name = "end_key", .type = &TYPE_BYTES},
};
static const struct result_column file_columns[] = {
    {.name = "path", .type = &TYPE_STRING},
    {.name = "start_pretty", .type = &TYPE_STRING},
    {.name = "end_pretty", .type = &TYPE_STRING},
    {.name = "start_key", .type = &TYPE_BYTES},
    {.name = "end_key", .type = &TYPE_BYTES},
    {.name = "size_bytes", .type = &TYPE_INT8},
    {.name = "rows", .type = &TYPE_INT8},
};
static const struct result_column path_column = {.name = "path", .type = &TYPE_STRING};
static const struct result_column create_column = {.name = "create_statement",
                                                   .type = &TYPE_STRING};
static const struct result_column privileges_column = {.name = "privileges",
                                                       .type = &TYPE_STRING};
#define N_DEFAULT 7
#define N_MAX (N_DEFAULT + 2)
#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static bool
wants_privileges(const struct ast_show_backup *s)
{
    return option_named(&s->options, "privileges");
}

static struct error *
show_backup_columns(struct exec_ctx *x, const struct ast_stmt *st, int *n,
                    const struct result_column **cols)
{
    const struct ast_show_backup *s = st->show_backup;
    if (s->kind == AST_SHOW_BACKUP_RANGES) {
        *n = COUNT(range_columns);
        *cols = range_columns;
        return NULL;
    }
    if (s->kind == AST_SHOW_BACKUP_FILES) {
        *n = COUNT(file_columns);
        *cols = file_columns;
        return NULL;
    }
    if (s->kind == AST_SHOW_BACKUPS_IN) {
        *n = 1;
        *cols = &path_column;
        return NULL;
    }
    struct result_column *c = ARENA_ARRAY(x->arena, struct result_column, N_MAX);
    memcpy(c, default_columns, sizeof(default_columns));
    *n = N_DEFAULT;
    if (s->kind == AST_SHOW_BACKUP_SCHEMAS)
        c[(*n)++] = create_column;
    if (wants_privileges(s))
        c[(*n)++] = privileges_column;
    *cols = c;
    return NULL;
}

/* ---- the pieces of a row ---- */

struct layer_view {
    struct arena *a;
    const struct backup_layer *layer;
    struct desc_list descs; /* upgraded */
};

static struct datum
time_datum(const Amberdb__Timestamp *t)
{
    struct hlc h = pb_hlc(t);
    return hlc_is_empty(h) ? DATUM_NULL : datum_int(h.wall / 1000 - PG_EPOCH_US);
}

/* Bytes and rows of the files that begin in the table; interleaved data counts for the root. */
static void
table_size(const struct layer_view *v, uint32_t id, int64_t *bytes, int64_t *rows)
{
    *bytes = *rows = 0;
    for (size_t i = 0; i < v->layer->m->n_files; i++) {
        const pb_file *f = v->layer->m->files[i];
        struct reader r = reader_make(span_key(f->span));
        uint64_t table;
        struct error *e = key_get_uvarint(&r, &table);
        if (e == NULL && table == id && f->entry_counts != NULL) {
            *bytes += PB_GET(f->entry_counts, data_size);
            *rows += PB_GET(f->entry_counts, rows);
        }
        err_free(e);
    }
}

static const pb_descriptor *
lookup(void *arg, uint32_t id)
{
    const struct layer_view *v = arg;
    return desc_by_id(&v->descs, id);
}

static struct error *
create_text(struct layer_view *v, pb_table *t, struct datum *out)
{
    const struct table *view;
    struct str s;
    struct show_create_opts o = {.lookup = lookup, .arg = v, .omit_missing_fks = true,
                                 .qualify_other_databases = true};
    ERR_TRY(table_from_pb(v->a, t, &view));
    str_init_arena(&s, v->a, STR_MAX_DEFAULT);
    ERR_TRY(show_create(&s, view, &o));
    *out = datum_bytes(s.ptr, s.len);
    return NULL;
}

static int
by_user(const void *pa, const void *pb)
{
    const Amberdb__UserPrivileges *a = *(Amberdb__UserPrivileges *const *)pa;
    const Amberdb__UserPrivileges *b = *(Amberdb__UserPrivileges *const *)pb;
    return strcmp(pb_str(a->user), pb_str(b->user));
}

static int
by_text(const void *pa, const void *pb)
{
    return strcmp(*(const char *const *)pa, *(const char *const *)pb);
}

static struct datum
privileges_text(struct arena *a, const pb_table *t)
{
    const Amberdb__PrivilegeDescriptor *p = t->privileges;
    struct str s;
    size_t n = p != NULL ? p->n_users : 0;
    Amberdb__UserPrivileges **users = ARENA_ARRAY(a, Amberdb__UserPrivileges *, n + 1);
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    if (n > 0) {
        memcpy(users, p->users, n * sizeof(*users));
        qsort(users, n, sizeof(*users), by_user);
    }
    for (size_t i = 0; i < n; i++) {
        const char *names[10];
        size_t k = 0;
        for (int b = PRIV_ALL; b <= PRIV_ZONECONFIG; b++)
            if (PB_GET(users[i], privileges) & (1u << b))
                names[k++] = privilege_names[b];
        if (k == 0)
            continue;
        qsort(names, k, sizeof(names[0]), by_text);
        str_append_cstr(&s, "GRANT ");
        for (size_t j = 0; j < k; j++)
            str_printf(&s, "%s%s", j > 0 ? ", " : "", names[j]);
        str_append_cstr(&s, " ON ");
        print_name(&s, slice_cstr(pb_str(t->name)));
        str_append_cstr(&s, " TO ");
        print_name(&s, slice_cstr(pb_str(users[i]->user)));
        str_append_cstr(&s, "; ");
    }
    return datum_bytes(str_cstr(&s), s.len);
}

static struct error *
put_table(struct layer_view *v, const struct ast_show_backup *ast, pb_table *t,
          struct row_sink *rows)
{
    const pb_manifest *m = v->layer->m;
    struct datum row[N_MAX];
    int64_t bytes, n_rows;
    int n = N_DEFAULT;
    pb_descriptor *db = desc_by_id(&v->descs, PB_GET(t, parent_id));
    table_size(v, PB_GET(t, id), &bytes, &n_rows);
    row[0] = db != NULL && pb_descriptor_database(db) != NULL ? datum_cstr(pb_descriptor_name(db))
                                                             : datum_cstr("");
    row[1] = datum_cstr(pb_str(t->name));
    row[2] = time_datum(m->start_time);
    row[3] = time_datum(m->end_time);
    row[4] = datum_int(bytes);
    row[5] = datum_int(n_rows);
    row[6] = datum_bool(PB_GET(m, descriptor_coverage) == 1);
    if (ast->kind == AST_SHOW_BACKUP_SCHEMAS)
        ERR_TRY(create_text(v, t, &row[n++]));
    if (wants_privileges(ast))
        row[n++] = privileges_text(v->a, t);
    return row_put(rows, row);
}

static struct error *
put_tables(struct arena *a, const struct backup_layer *l, const struct ast_show_backup *ast,
           struct row_sink *rows)
{
    struct layer_view v = {.a = a, .layer = l};
    ERR_TRY(layer_descriptors(a, l, &v.descs.v, &v.descs.n));
    for (size_t i = 0; i < v.descs.n; i++)
        if (v.descs.v[i]->union_case == AMBERDB__DESCRIPTOR__UNION_TABLE)
            ERR_TRY(put_table(&v, ast, v.descs.v[i]->table, rows));
    return NULL;
}

static void
put_span(struct arena *a, const pb_span *s, struct datum row[4])
{
    struct slice k = span_key(s), e = span_end(s);
    row[0] = datum_cstr(key_text(a, k));
    row[1] = datum_cstr(key_text(a, e));
    row[2] = datum_bytes(k.ptr, k.len);
    row[3] = datum_bytes(e.ptr, e.len);
}

static struct error *
put_layer(struct arena *a, const struct backup_layer *l, const struct ast_show_backup *ast,
          struct row_sink *rows)
{
    struct datum row[7];
    switch (ast->kind) {
    case AST_SHOW_BACKUP_RANGES:
        for (size_t i = 0; i < l->m->n_spans; i++) {
            put_span(a, l->m->spans[i], row);
            ERR_TRY(row_put(rows, row));
        }
        return NULL;
    case AST_SHOW_BACKUP_FILES:
        for (size_t i = 0; i < l->m->n_files; i++) {
            const pb_file *f = l->m->files[i];
            row[0] = datum_cstr(pb_str(f->path));
            put_span(a, f->span, &row[1]);
            row[5] = datum_int(f->entry_counts != NULL ? PB_GET(f->entry_counts, data_size) : 0);
            row[6] = datum_int(f->entry_counts != NULL ? PB_GET(f->entry_counts, rows) : 0);
            ERR_TRY(row_put(rows, row));
        }
        return NULL;
    case AST_SHOW_BACKUP_DEFAULT:
    case AST_SHOW_BACKUP_SCHEMAS:
    case AST_SHOW_BACKUPS_IN:
        break;
    }
    return put_tables(a, l, ast, rows);
}

static struct error *
put_collection(struct exec_ctx *x, const char *uri, struct row_sink *rows)
{
    char **dirs;
    size_t n;
    ERR_TRY(collection_list(x->node, x->arena, uri, &dirs, &n));
    for (size_t i = 0; i < n; i++) {
        struct datum row = datum_cstr(arena_printf(x->arena, "/%s", dirs[i]));
        ERR_TRY(row_put(rows, &row));
    }
    return NULL;
}

static struct error *
show_backup_run(struct exec_ctx *x, const struct ast_stmt *st, struct row_sink *rows, char **tag)
{
    const struct ast_show_backup *s = st->show_backup;
    struct option_value o[OPT_COUNT];
    struct backup_chain chain;
    char *uri, *kv, *dir;
    (void)tag;
    ERR_TRY(options_eval(x, &s->options, option_defs, OPT_COUNT, o));
    ERR_TRY(catalog_check_admin(x->catalog, x->user, "SHOW BACKUP"));
    ERR_TRY(string_eval(x, s->uri, "SHOW BACKUP", &uri));
    ERR_TRY(uri_split_locality(x->arena, uri, &uri, &kv));
    if (s->kind == AST_SHOW_BACKUPS_IN)
        return put_collection(x, uri, rows);
    if (s->latest || s->subdir != NULL) {
        ERR_TRY(collection_dir(x, uri, s->latest, s->subdir, "SHOW BACKUP", &dir));
        uri = uri_join(x->arena, uri, dir);
    }
    struct uri_list l = {1, &uri};
    ERR_TRY(chain_open(x->node, x->arena, x->cancel, &l, 1, o[OPT_PASSPHRASE].value,
                       CHAIN_NO_PARTS | CHAIN_SHOW, &chain));
    if (o[OPT_CHECK_FILES].set)
        ERR_TRY(chain_check_files(x->arena, &chain));
    struct arena *a = arena_create(x->arena, "show backup");
    for (size_t i = 0; i < chain.n; i++) {
        struct error *e = put_layer(a, &chain.v[i], s, rows);
        if (e != NULL)
            return e;
        arena_reset(a);
    }
    return NULL;
}

static struct error *
show_backup_prepare(struct exec_ctx *x, const struct ast_stmt *st)
{
    return backup_placeholders(x, st, option_defs, OPT_COUNT);
}

static const struct statement_ops show_backup_ops[] = {
    {.kind = AST_STMT_SHOW_BACKUP, .tag = "SHOW BACKUP ", .name = "SHOW BACKUP",
     .placeholders = show_backup_prepare, .columns = show_backup_columns, .run = show_backup_run},
};
const struct statement_family statement_family_show_backup = {
    show_backup_ops, sizeof(show_backup_ops) / sizeof(show_backup_ops[0])};
