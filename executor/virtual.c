/* executor/virtual.c - the list of virtual tables, and their descriptions.
 *
 * Columns are written as in CREATE TABLE: `name TYPE [NOT NULL]`, with one more word, HIDDEN, for
 * what newer clients ask for by name and v20.1 did not have: SELECT * leaves it out.
 */
#include "config.h"

#include "executor/virtual.h"

#include <ctype.h>
#include <pthread.h>
#include <string.h>

static const struct virtual_group *const groups[] = {
#define GROUP(x) &virtual_group_##x,
#include "executor/virtual_groups.def"
#undef GROUP
};
#define N_GROUPS (sizeof(groups) / sizeof(groups[0]))

static const struct {
    const char *schema, *name;
} fixed_ids[] = {
#define VIRTUAL_ID(schema, name) {schema, name},
#include "executor/virtual_ids.def"
#undef VIRTUAL_ID
};
#define N_FIXED ((int)(sizeof(fixed_ids) / sizeof(fixed_ids[0])))

struct virtual_registry {
    struct arena *arena;
    int n;
    const struct table **v;     /* in the order of the list */
    int n_ids;
    const struct table **ids;   /* by UINT32_MAX - id; NULL: that of a schema */
    int n_slots;                /* a power of two, at most half full */
    const struct table **slots; /* by schema and name */
};

/* ---- columns --------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    const struct type *type;
} column_types[] = {
    {"BOOL", &TYPE_BOOL},
    {"BYTES", &TYPE_BYTES},
    {"CHAR", &TYPE_BPCHAR1},
    {"DATE", &TYPE_DATE},
    {"DECIMAL", &TYPE_DECIMAL},
    {"FLOAT", &TYPE_FLOAT8},
    {"FLOAT4", &TYPE_FLOAT4},
    {"FLOAT8", &TYPE_FLOAT8},
    {"INET", &TYPE_INET},
    {"INT", &TYPE_INT8},
    {"INT2", &TYPE_INT2},
    {"INT2VECTOR", &TYPE_INT2VECTOR},
    {"INT4", &TYPE_INT4},
    {"INT8", &TYPE_INT8},
    {"INTERVAL", &TYPE_INTERVAL},
    {"JSON", &TYPE_JSONB},
    {"JSONB", &TYPE_JSONB},
    {"NAME", &TYPE_NAME},
    {"OID", &TYPE_OID},
    {"OIDVECTOR", &TYPE_OIDVECTOR},
    {"REGPROC", &TYPE_REGPROC},
    {"REGTYPE", &TYPE_REGTYPE},
    {"STRING", &TYPE_STRING},
    {"TIMESTAMP", &TYPE_TIMESTAMP},
    {"TIMESTAMPTZ", &TYPE_TIMESTAMPTZ},
    {"UUID", &TYPE_UUID},
    {"VARCHAR", &TYPE_VARCHAR},
};

static const struct type *
type_of_word(const char *w, size_t len)
{
    if (len > 2 && memcmp(w + len - 2, "[]", 2) == 0) {
        const struct type *e = type_of_word(w, len - 2);
        return e != NULL ? type_from_oid(type_array_oid(e)) : NULL;
    }
    for (size_t i = 0; i < sizeof(column_types) / sizeof(column_types[0]); i++)
        if (strlen(column_types[i].word) == len && memcmp(column_types[i].word, w, len) == 0)
            return column_types[i].type;
    return NULL;
}

/* The next word of a declaration, without quotes; NULL at a comma or the end. */
static char *
next_word(struct arena *a, const char **p)
{
    while (isspace((unsigned char)**p))
        (*p)++;
    if (**p == '\0' || **p == ',')
        return NULL;
    if (**p == '"') {
        const char *end = strchr(*p + 1, '"');
        if (end == NULL)
            return NULL;
        char *w = arena_strndup(a, *p + 1, (size_t)(end - *p - 1));
        *p = end + 1;
        return w;
    }
    size_t n = strcspn(*p, " \t\n,");
    char *w = arena_strndup(a, *p, n);
    *p += n;
    return w;
}

static struct error *
bad_column(const struct virtual_table *v, const char *at)
{
    return err_new(ERR_INTERNAL, "virtual table %s.%s: bad column near \"%.20s\"", v->schema,
                   v->name, at);
}

static struct error *
read_column(struct arena *a, const struct virtual_table *v, const char **p, struct column *c)
{
    const char *start = *p, *w;
    char *name = next_word(a, p), *type = next_word(a, p);

    if (name == NULL || type == NULL)
        return bad_column(v, start);
    *c = (struct column){.name = name, .type = type_of_word(type, strlen(type)), .nullable = true};
    if (c->type == NULL)
        return bad_column(v, start);
    while ((w = next_word(a, p)) != NULL) {
        if (strcmp(w, "HIDDEN") == 0)
            c->hidden = true;
        else if (strcmp(w, "NULL") == 0)
            c->nullable = false; /* of NOT NULL */
        else if (strcmp(w, "NOT") != 0)
            return bad_column(v, start);
    }
    return NULL;
}

static struct error *
make_table(struct arena *a, const struct virtual_table *v, uint32_t id, const struct table **out)
{
    size_t max = 1;
    for (const char *p = v->columns; *p != '\0'; p++)
        max += *p == ',';
    struct column *c = ARENA_ARRAY(a, struct column, max);
    struct table *t = ARENA_NEW(a, struct table);
    int n = 0;
    for (const char *p = v->columns; *p != '\0';) {
        ERR_TRY(read_column(a, v, &p, &c[n]));
        c[n].id = (uint32_t)n + 1;
        n++;
        if (*p == ',')
            p++;
    }
    *t = (struct table){
        .id = id,
        .name = v->name,
        .version = 1,
        .is_virtual = true,
        .n_columns = n,
        .n_all_columns = n,
        .columns = c,
        .opaque = (void *)(uintptr_t)v,
    };
    *out = t;
    return NULL;
}

/* ---- the registry ---------------------------------------------------------------------------- */

static unsigned
name_hash(const char *schema, const char *name)
{
    unsigned h = 2166136261u;
    for (; *schema != '\0'; schema++)
        h = (h ^ (unsigned char)*schema) * 16777619u;
    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return h;
}

static const struct table **
slot_of(const struct virtual_registry *r, const char *schema, const char *name)
{
    unsigned mask = (unsigned)r->n_slots - 1;
    for (unsigned h = name_hash(schema, name);; h++) {
        const struct table **s = &r->slots[h & mask];
        if (*s == NULL)
            return s;
        const struct virtual_table *v = (*s)->opaque;
        if (strcmp(v->name, name) == 0 && strcmp(v->schema, schema) == 0)
            return s;
    }
}

static int
fixed_id(const struct virtual_table *v)
{
    for (int i = 0; i < N_FIXED; i++)
        if (strcmp(fixed_ids[i].name, v->name) == 0 && strcmp(fixed_ids[i].schema, v->schema) == 0)
            return i;
    return -1;
}

static struct error *
registry_fill(struct virtual_registry *r)
{
    for (size_t g = 0; g < N_GROUPS; g++)
        for (size_t i = 0; i < groups[g]->n; i++) {
            const struct virtual_table *v = &groups[g]->v[i];
            const struct table **s = slot_of(r, v->schema, v->name);
            if (*s != NULL)
                return err_new(ERR_INTERNAL, "virtual table %s.%s is there twice", v->schema,
                               v->name);
            int id = fixed_id(v);
            if (id < 0)
                id = r->n_ids++;
            ERR_TRY(make_table(r->arena, v, UINT32_MAX - (uint32_t)id, s));
            r->ids[id] = *s;
            r->v[r->n++] = *s;
        }
    return NULL;
}

struct error *
virtual_registry_create(struct virtual_registry **out)
{
    struct arena *a = arena_create(NULL, "virtual tables");
    struct virtual_registry *r = ARENA_NEW(a, struct virtual_registry);
    size_t n = 0;

    for (size_t g = 0; g < N_GROUPS; g++)
        n += groups[g]->n;
    r->arena = a;
    r->v = ARENA_ARRAY(a, const struct table *, n + 1);
    r->n_ids = N_FIXED;
    r->ids = ARENA_ARRAY(a, const struct table *, n + (size_t)N_FIXED);
    for (r->n_slots = 16; (size_t)r->n_slots < 2 * n;)
        r->n_slots *= 2;
    r->slots = ARENA_ARRAY(a, const struct table *, (size_t)r->n_slots);
    struct error *e = registry_fill(r);
    if (e != NULL) {
        arena_destroy(a);
        return e;
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
    return *slot_of(r, schema, name);
}

const struct table *
virtual_by_id(const struct virtual_registry *r, uint32_t id)
{
    uint32_t i = UINT32_MAX - id;
    return i < (uint32_t)r->n_ids ? r->ids[i] : NULL;
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

static pthread_once_t shared_once = PTHREAD_ONCE_INIT;
static struct virtual_registry *shared;

static void
shared_create(void)
{
    struct error *e = virtual_registry_create(&shared);
    VERIFY(e == NULL); /* the lists are ours */
}

const struct virtual_registry *
virtual_tables(void)
{
    pthread_once(&shared_once, shared_create);
    return shared;
}
