/* executor/node_control.c - see node_control.h. */
#include "config.h"

#include "executor/node_control.h"

#include "executor/cluster.h"
#include "executor/jobs/jobs.h"
#include "executor/members.h"
#include "executor/schema/schema_int.h"
#include "types/valueenc.h"

/* Its value says nothing: that it is there is all. */
#define INIT_KEY "\x04\0amberdb-init"

static struct error *
init(struct exec_ctx *x)
{
    struct slice key = SLICE_LIT(INIT_KEY), old;
    struct str value;
    bool found;
    ERR_TRY(kv_get(x->txn, key, x->arena, &found, &old, NULL));
    if (found || x->node->members == NULL)
        return err_new(ERR_UNCATEGORIZED, "cluster has already been initialized");
    str_init_arena(&value, x->arena, STR_MAX_DEFAULT);
    value_open(&value, VALUE_BYTES);
    value_seal(&value, 0, key);
    return kv_put(x->txn, key, str_slice(&value));
}

static struct error *
drain(struct exec_ctx *x, int64_t *left)
{
    struct node *n = x->node;
    const struct node_control *c = n->control;
    if (c == NULL)
        return err_unimplemented(0, "this node cannot be drained");
    ERR_TRY(members_drain(n));
    if (n->members != NULL) /* over a store of its own there is nobody to give them to */
        job_registry_drain(n->jobs);
    c->drain(c->arg);
    *left = c->connections(c->arg) + (n->members != NULL ? job_registry_running(n->jobs) : 0);
    return NULL;
}

static struct error *
quit(struct exec_ctx *x)
{
    const struct node_control *c = x->node->control;
    if (c == NULL || c->quit == NULL)
        return err_unimplemented(0, "a node of a demo ends with its shell");
    c->quit(c->arg);
    return NULL;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/event_log.go. */
static struct error *
decommission(struct exec_ctx *x, int64_t id, bool to)
{
    bool changed;
    ERR_TRY(members_decommission(x->node, id, to, &changed));
    if (!changed)
        return NULL;
    return event_plain(x, to ? "node_decommissioned" : "node_recommissioned", (uint32_t)id);
}

struct error *
node_control(struct exec_ctx *x, const char *action, int64_t id, int64_t *out)
{
    *out = 0;
    ERR_TRY(catalog_check_admin(x->catalog, x->user, "control nodes"));
    if (strcmp(action, "init") == 0)
        return init(x);
    if (strcmp(action, "drain") == 0)
        return drain(x, out);
    if (strcmp(action, "quit") == 0)
        return quit(x);
    if (strcmp(action, "decommission") == 0 || strcmp(action, "recommission") == 0)
        return decommission(x, id, *action == 'd');
    return err_new(ERR_INVALID_PARAMETER_VALUE, "unknown action of a node: %s", action);
}
