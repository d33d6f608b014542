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

/* ---- pg_options_to_table(array of name=value) ---- */

struct options {
    struct datum array;
    int i;
};

static struct error *
options_open(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
             struct arena *a, void **state)
{
    struct options *o = ARENA_NEW(a, struct options);
    (void)env;
    o->array = datum_copy(a, call->arg_types[0], &args[0]);
    *state = o;
    return NULL;
}

static struct error *
options_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    struct options *o = state;
    (void)env;
    while (o->i < o->array.arr->n && o->array.arr->v[o->i].null)
        o->i++;
    *more = o->i < o->array.arr->n;
    if (!*more)
        return NULL;
    struct slice s = datum_slice(&o->array.arr->v[o->i++]);
    const uint8_t *sign = memchr(s.ptr, '=', s.len);
    size_t n = sign != NULL ? (size_t)(sign - s.ptr) : s.len;
    cols[0] = datum_bytes(s.ptr, n);
    cols[1] = sign != NULL ? datum_bytes(sign + 1, s.len - n - 1) : DATUM_NULL;
    return NULL;
}

static const char *const option_columns[] = {"option_name", "option_value"};
static const struct generator_vt options = {options_open, options_next, 2, option_columns};

static const struct type *
option_type(struct arena *a, int n, const struct type *const *args)
{
    static const struct type *const contents[] = {&TYPE_STRING, &TYPE_STRING};
    (void)n, (void)args;
    return type_tuple(a, 2, contents, option_columns);
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

/* ---- crdb_internal.check_consistency(stats_only, start, end) ---- */

/* One store has one replica of everything, which cannot differ from another: one row for the span. */
struct consistency {
    struct slice start;
    bool done;
};

static struct error *
consistency_open(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
                 struct arena *a, void **state)
{
    static const uint8_t local_max = 0x02;
    struct slice start = datum_slice(&args[1]), end = datum_slice(&args[2]);
    (void)env, (void)call;
    if (start.len == 0)
        start = slice_make(&local_max, 1);
    else if (start.ptr[0] < local_max)
        return err_new(ERR_UNCATEGORIZED, "start key must be >= \"\\x02\"");
    if (end.len > 0 && slice_cmp(start, end) >= 0)
        return err_new(ERR_UNCATEGORIZED, "start key must be less than end key");
    struct consistency *c = ARENA_NEW(a, struct consistency);
    c->start = slice_make(arena_memdup(a, start.ptr, start.len), start.len);
    *state = c;
    return NULL;
}

static struct error *
consistency_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    struct consistency *c = state;
    const struct eval_hooks *h = eval_hooks_of(env);
    const char *pretty = "";
    *more = !c->done;
    if (c->done)
        return NULL;
    c->done = true;
    if (h != NULL && h->pretty_key != NULL)
        ERR_TRY(h->pretty_key(env, c->start, 0, &pretty));
    cols[0] = datum_int(1);
    cols[1] = datum_bytes(c->start.ptr, c->start.len);
    cols[2] = datum_cstr(pretty);
    cols[3] = datum_cstr("RANGE_CONSISTENT");
    cols[4] = datum_cstr("");
    return NULL;
}

static const char *const consistency_columns[] = {"range_id", "start_key", "start_key_pretty",
                                                  "status", "detail"};
static const struct generator_vt consistency = {consistency_open, consistency_next, 5,
                                                consistency_columns};

static const struct type *
consistency_type(struct arena *a, int n, const struct type *const *args)
{
    static const struct type *const contents[] = {&TYPE_INT8, &TYPE_BYTES, &TYPE_STRING,
                                                  &TYPE_STRING, &TYPE_STRING};
    (void)n, (void)args;
    return type_tuple(a, 5, contents, consistency_columns);
}

static const struct overload rows[] = {
    {.name = "pg_get_keywords", .ret_fn = keyword_type, .volatility = STABLE, .is_generator = true,
     .gen = &keywords, .category = "Set-returning"},
    {.name = "pg_options_to_table", .args = {&TYPE_STRING_ARRAY}, .ret_fn = option_type,
     .volatility = STABLE, .is_generator = true, .gen = &options, .category = "Set-returning"},
    {.name = "aclexplode", .args = {&TYPE_STRING_ARRAY}, .ret = &TYPE_STRING, .volatility = STABLE,
     .is_generator = true, .gen = &acl, .category = "Set-returning"},
    {.name = "crdb_internal.unary_table", .ret = &TYPE_EMPTY_TUPLE, .volatility = STABLE,
     .is_generator = true, .gen = &unary, .category = "Set-returning"},
    {.name = "crdb_internal.check_consistency", .args = {&TYPE_BOOL, &TYPE_BYTES, &TYPE_BYTES},
     .ret_fn = consistency_type, .volatility = VOLATILE, .is_generator = true, .gen = &consistency,
     .category = "Set-returning"},
};
TABLE(builtins_gens, rows);

const struct overload_table *const planner_overload_tables[] = {
    &builtins_session, &builtins_catalog, &builtins_privileges, &builtins_crdb,
    &builtins_sequences, &builtins_gens,
};
const size_t n_planner_overload_tables =
    sizeof(planner_overload_tables) / sizeof(planner_overload_tables[0]);
