#include "config.h"

#include "executor/virtual.h"

#include <string.h>

#include "base/log.h"
#include "grammar/parse.h"

static const struct virtual_group *const groups[] = {
#define GROUP(x) &virtual_group_##x,
#include "executor/virtual_groups.def"
#undef GROUP
    NULL,
};

struct virtual_registry {
    struct arena *arena;
    const struct table **v;
    int n;
};

/* "oid OID NOT NULL, name NAME, ..." through the parser: as CREATE TABLE's columns. */
static struct error *
make_columns(struct arena *a, const struct virtual_table *vt, struct table *t)
{
    struct ast_stmt *stmt;
    char *sql = arena_printf(a, "CREATE TABLE v (%s)", vt->columns);

    ERR_TRY(parse_one(a, slice_cstr(sql), &stmt));
    const struct ast_table_defs *defs = &stmt->create_table->defs;
    struct column *cols = ARENA_ARRAY(a, struct column, (size_t)defs->count + 1);
    struct eval_env env = {.arena = a, .default_int_size = 8};
    struct type_ctx c = {.arena = a, .env = &env, .clause = "column type"};
    int n = 0;
    for (int i = 0; i < defs->count; i++) {
        const struct ast_column_def *d = defs->items[i].column;
        if (defs->items[i].kind != AST_DEF_COLUMN)
            continue;
        cols[n].id = (uint32_t)n + 1;
        cols[n].name = slice_to_cstr(a, d->name);
        cols[n].nullable = true;
        ERR_TRY(resolve_ast_type(&c, d->type, &cols[n].type));
        for (int q = 0; q < d->count; q++)
            if (d->items[q].kind == AST_COL_NOT_NULL)
                cols[n].nullable = false;
        n++;
    }
    t->columns = cols;
    t->n_columns = t->n_all_columns = n;
    return NULL;
}

struct error *
virtual_registry_create(struct virtual_registry **out)
{
    struct arena *a = arena_create(NULL, "virtual tables");
    struct virtual_registry *r = ARENA_NEW(a, struct virtual_registry);
    size_t n = 0;

    for (int g = 0; groups[g] != NULL; g++)
        n += groups[g]->n;
    r->arena = a;
    r->v = ARENA_ARRAY(a, const struct table *, n + 1);
    for (int g = 0; groups[g] != NULL; g++)
        for (size_t i = 0; i < groups[g]->n; i++) {
            const struct virtual_table *vt = &groups[g]->v[i];
            struct table *t = ARENA_NEW(a, struct table);
            pb_table *pb = ARENA_NEW(a, pb_table);
            amberdb__table_descriptor__init(pb);
            pb->name = arena_strdup(a, vt->name);
            t->pb = pb;
            t->id = UINT32_MAX - (uint32_t)r->n;
            t->name = vt->name;
            t->is_virtual = true;
            t->opaque = (void *)(uintptr_t)vt;
            struct error *e = make_columns(a, vt, t);
            if (e != NULL) {
                e = err_wrap(e, "virtual table %s.%s", vt->schema, vt->name);
                arena_destroy(a);
                return e;
            }
            r->v[r->n++] = t;
        }
    *out = r;
    return NULL;
}

void
virtual_registry_destroy(struct virtual_registry *r)
{
    if (r != NULL)
        arena_destroy(r->arena);
}

const struct table *
virtual_find(const struct virtual_registry *r, const char *schema, const char *name)
{
    for (int i = 0; i < r->n; i++) {
        const struct virtual_table *vt = r->v[i]->opaque;
        if (strcmp(vt->name, name) == 0 && strcmp(vt->schema, schema) == 0)
            return r->v[i];
    }
    return NULL;
}

const struct table *
virtual_by_id(const struct virtual_registry *r, uint32_t id)
{
    uint32_t i = UINT32_MAX - id;

    return i < (uint32_t)r->n ? r->v[i] : NULL;
}

bool
virtual_schema_exists(const char *schema)
{
    return strcmp(schema, "pg_catalog") == 0 || strcmp(schema, "information_schema") == 0 ||
           strcmp(schema, "crdb_internal") == 0;
}

int
virtual_count(const struct virtual_registry *r)
{
    return r->n;
}

const struct table *
virtual_at(const struct virtual_registry *r, int i)
{
    return r->v[i];
}

static struct virtual_registry *process_registry;
static pthread_once_t process_once = PTHREAD_ONCE_INIT;

static void
make_process_registry(void)
{
    static struct virtual_registry none;
    struct error *e = virtual_registry_create(&process_registry);

    if (e != NULL) {
        log_error("the virtual tables cannot be made: %s", e->message);
        err_free(e);
        process_registry = &none;
    }
}

const struct virtual_registry *
virtual_tables(void)
{
    pthread_once(&process_once, make_process_registry);
    return process_registry;
}
