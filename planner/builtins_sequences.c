/* planner/builtins_sequences.c - nextval, currval, lastval, setval; unique_rowid, random UUIDs. */
#include "config.h"

#include "base/clock.h"
#include "base/hash.h"
#include "planner/builtins_int.h"

BUILTIN(nextval)
{
    NEED_HOOK(h, nextval);
    *out = datum_int(0);
    return h->nextval(env, datum_slice(&args[0]), &out->i);
}

BUILTIN(currval)
{
    NEED_HOOK(h, currval);
    *out = datum_int(0);
    return h->currval(env, datum_slice(&args[0]), &out->i);
}

BUILTIN(lastval)
{
    (void)args;
    NEED_HOOK(h, lastval);
    *out = datum_int(0);
    return h->lastval(env, &out->i);
}

BUILTIN(setval)
{
    NEED_HOOK(h, setval);
    ERR_TRY(h->setval(env, datum_slice(&args[0]), args[1].i, call->n_args < 3 || args[2].i));
    *out = args[1];
    return NULL;
}

/* The same by OID: 's'::REGCLASS. */
static struct error *
name_of(const struct eval_env *env, const struct fn_call *call, const struct datum *d,
        struct slice *name)
{
    NEED_HOOK(h, base.oid_to_name);
    const char *s;
    ERR_TRY(h->base.oid_to_name(env, TYPE_REGCLASS.oid, (uint32_t)d->i, &s));
    if (s == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation \"%u\" does not exist", (uint32_t)d->i);
    *name = slice_cstr(s);
    return NULL;
}

BUILTIN(nextval_oid)
{
    NEED_HOOK(h, nextval);
    struct slice name;
    ERR_TRY(name_of(env, call, &args[0], &name));
    *out = datum_int(0);
    return h->nextval(env, name, &out->i);
}

BUILTIN(currval_oid)
{
    NEED_HOOK(h, currval);
    struct slice name;
    ERR_TRY(name_of(env, call, &args[0], &name));
    *out = datum_int(0);
    return h->currval(env, name, &out->i);
}

BUILTIN(unique_rowid)
{
    NOTHING_USED;
    const struct eval_hooks *h = eval_hooks_of(env);
    *out = datum_int(unique_int(h != NULL && h->node_id != NULL ? h->node_id(env) : 1));
    return NULL;
}

BUILTIN(random_uuid)
{
    NOTHING_USED;
    uint8_t *b = arena_alloc(env->arena, 16);
    uuid_v4(b);
    *out = datum_bytes(b, 16);
    return NULL;
}

static const struct overload rows[] = {
    {.name = "nextval", .args = {&TYPE_STRING}, .ret = &TYPE_INT8, .fn = nextval,
     .volatility = VOLATILE, .changes = true, .preferred = true, .category = "Sequence"},
    {.name = "nextval", .args = {&TYPE_REGCLASS}, .ret = &TYPE_INT8, .fn = nextval_oid,
     .volatility = VOLATILE, .changes = true, .category = "Sequence"},
    {.name = "currval", .args = {&TYPE_STRING}, .ret = &TYPE_INT8, .fn = currval,
     .volatility = VOLATILE, .preferred = true, .category = "Sequence"},
    {.name = "currval", .args = {&TYPE_REGCLASS}, .ret = &TYPE_INT8, .fn = currval_oid,
     .volatility = VOLATILE, .category = "Sequence"},
    {.name = "lastval", .ret = &TYPE_INT8, .fn = lastval, .volatility = VOLATILE,
     .category = "Sequence"},
    {.name = "setval", .args = {&TYPE_STRING, &TYPE_INT8}, .ret = &TYPE_INT8, .fn = setval,
     .volatility = VOLATILE, .changes = true, .category = "Sequence"},
    {.name = "setval", .args = {&TYPE_STRING, &TYPE_INT8, &TYPE_BOOL}, .ret = &TYPE_INT8,
     .fn = setval, .volatility = VOLATILE, .changes = true, .category = "Sequence"},
    {.name = "unique_rowid", .ret = &TYPE_INT8, .fn = unique_rowid, .volatility = VOLATILE,
     .category = "ID generation"},
    {.name = "gen_random_uuid", .ret = &TYPE_UUID, .fn = random_uuid, .volatility = VOLATILE,
     .category = "ID generation"},
    {.name = "uuid_v4", .ret = &TYPE_BYTES, .fn = random_uuid, .volatility = VOLATILE,
     .category = "ID generation"},
    {.name = "experimental_uuid_v4", .ret = &TYPE_BYTES, .fn = random_uuid, .volatility = VOLATILE,
     .category = "ID generation"},
};
TABLE(builtins_sequences, rows);
