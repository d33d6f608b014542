/* executor/diagnostics.c - see diagnostics.h. */
#include "config.h"

#include "executor/diagnostics.h"

#define CHUNK ((size_t)1 << 20)
#define BUNDLE_MAX ((size_t)256 << 20)
#define CHUNKS_MAX 1024

struct keep {
    const char *fingerprint, *statement, *trace;
    struct slice bundle;
    int64_t id;
};

static struct error *
keep_txn(struct exec_ctx *x, void *arg)
{
    static const struct type *const chunk_types[] = {&TYPE_INT8, &TYPE_BYTES};
    static const struct type *const types[] = {&TYPE_INT8, &TYPE_STRING, &TYPE_STRING,
                                               &TYPE_STRING, &TYPE_STRING};
    struct keep *k = arg;
    struct str ids;
    str_init_arena(&ids, x->arena, STR_MAX_DEFAULT);
    str_append_char(&ids, '{');
    for (size_t at = 0; at < k->bundle.len; at += CHUNK) {
        int64_t id = unique_int(x->node->node_id);
        size_t n = k->bundle.len - at < CHUNK ? k->bundle.len - at : CHUNK;
        struct datum params[] = {datum_int(id), datum_bytes(k->bundle.ptr + at, n)};
        ERR_TRY(exec_sql(x, EXEC_ROOT, NULL, NULL, 2, chunk_types, params,
                         "INSERT INTO system.public.statement_bundle_chunks (id, description, data) "
                         "VALUES ($1, 'statement diagnostics bundle', $2)"));
        str_printf(&ids, "%s%lld", at > 0 ? "," : "", (long long)id);
    }
    str_append_char(&ids, '}');
    ERR_TRY(str_error(&ids));
    k->id = unique_int(x->node->node_id);
    struct datum params[] = {datum_int(k->id), datum_cstr(k->fingerprint), datum_cstr(k->statement),
                             datum_cstr(k->trace), datum_cstr(str_cstr(&ids))};
    return exec_sql(x, EXEC_ROOT, NULL, NULL, 5, types, params,
                    "INSERT INTO system.public.statement_diagnostics (id, statement_fingerprint, "
                    "statement, collected_at, trace, bundle_chunks) "
                    "VALUES ($1, $2, $3, now(), $4::JSONB, $5::INT8[])");
}

struct error *
diagnostics_keep(struct exec_ctx *x, const char *fingerprint, const char *statement, const char *trace,
                 struct slice bundle, int64_t *id)
{
    struct keep k = {fingerprint, statement, trace, bundle, 0};
    ERR_TRY(exec_txn(x->node, NULL, "system", HLC_MIN, x->cancel, keep_txn, &k));
    *id = k.id;
    return NULL;
}

struct get {
    struct arena *a;
    int64_t id;
    struct str bundle;
    bool found;
};

static struct error *
get_txn(struct exec_ctx *x, void *arg)
{
    static const struct type *const one[] = {&TYPE_INT8};
    struct get *g = arg;
    struct datum id = datum_int(g->id), **rows;
    size_t n;
    str_init_arena(&g->bundle, g->a, BUNDLE_MAX);
    ERR_TRY(exec_query(x, EXEC_ROOT, x->arena, 1, one, &id,
                       "SELECT c.data FROM (SELECT unnest(bundle_chunks) AS id FROM "
                       "system.public.statement_diagnostics WHERE id = $1) AS d JOIN "
                       "system.public.statement_bundle_chunks AS c ON c.id = d.id ORDER BY c.id",
                       CHUNKS_MAX, &rows, &n));
    g->found = n > 0;
    for (size_t i = 0; i < n; i++)
        str_append_slice(&g->bundle, datum_slice(&rows[i][0]));
    return str_error(&g->bundle);
}

struct error *
diagnostics_get(struct node *n, struct arena *a, int64_t id, struct slice *bundle, bool *found)
{
    struct get g = {.a = a, .id = id};
    ERR_TRY(exec_txn(n, NULL, "system", HLC_MIN, &n->shutdown, get_txn, &g));
    *bundle = str_slice(&g.bundle);
    *found = g.found;
    return NULL;
}
