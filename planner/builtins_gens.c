/* planner/builtins_gens.c - set-returning functions of the planner, and the list of its tables. */
#include "config.h"

#include "grammar/parse.h"
#include "planner/builtins_int.h"

/* ---- pg_get_keywords() ---- */

static struct error *
keywords_open(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
              struct arena *a, void **state)
{
    (void)env, (void)call, (void)args;
    *state = ARENA_NEW(a, int);
    return NULL;
}

static struct error *
keywords_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    int *i = state;
    const char *word, *text;
    char category;
    (void)env;
    *more = keyword_at(*i, &word, &category);
    if (!*more)
        return NULL;
    ++*i;
    switch (category) {
    case 'C': text = "unreserved (cannot be function or type name)"; break;
    case 'T': text = "reserved (can be function or type name)"; break;
    case 'R': text = "reserved"; break;
    default: text = "unreserved"; break;
    }
    cols[0] = datum_cstr(word);
    cols[1] = datum_bytes(arena_memdup(env->arena, &category, 1), 1);
    cols[2] = datum_cstr(text);
    return NULL;
}

static const char *const keyword_columns[] = {"word", "catcode", "catdesc"};
static const struct generator_vt keywords = {keywords_open, keywords_next, 3, keyword_columns};

static const struct type *
keyword_type(struct arena *a, int n, const struct type *const *args)
{
    static const struct type *const contents[] = {&TYPE_STRING, &TYPE_STRING, &TYPE_STRING};
    (void)n, (void)args;
    return type_tuple(a, 3, contents, keyword_columns);
}

/* ---- none, and one without columns ---- */

static struct error *
once_open(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
          struct arena *a, void **state)
{
    (void)env, (void)call, (void)args;
    *state = ARENA_NEW(a, bool);
    return NULL;
}

static struct error *
never_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    (void)env, (void)state, (void)cols;
    *more = false;
    return NULL;
}

static struct error *
once_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    bool *done = state;
    (void)env, (void)cols;
    *more = !*done;
    *done = true;
    return NULL;
}

static const char *const acl_columns[] = {"aclexplode"};
static const struct generator_vt acl = {once_open, never_next, 1, acl_columns};
static const struct generator_vt unary = {once_open, once_next, 0, NULL};

static const struct overload rows[] = {
    {.name = "pg_get_keywords", .ret_fn = keyword_type, .volatility = STABLE, .is_generator = true,
     .gen = &keywords, .category = "Set-returning"},
    {.name = "aclexplode", .args = {&TYPE_STRING_ARRAY}, .ret = &TYPE_STRING, .volatility = STABLE,
     .is_generator = true, .gen = &acl, .category = "Set-returning"},
    {.name = "crdb_internal.unary_table", .ret = &TYPE_EMPTY_TUPLE, .volatility = STABLE,
     .is_generator = true, .gen = &unary, .category = "Set-returning"},
};
TABLE(builtins_gens, rows);

const struct overload_table *const planner_overload_tables[] = {
    &builtins_session, &builtins_catalog, &builtins_privileges, &builtins_crdb,
    &builtins_sequences, &builtins_gens,
};
const size_t n_planner_overload_tables =
    sizeof(planner_overload_tables) / sizeof(planner_overload_tables[0]);
