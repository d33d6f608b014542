/* The process as a whole: opens the rooms below in order, closes them in reverse. See node.h. */
#include "config.h"

#include "executor/node.h"

#include "base/file.h"
#include "base/log.h"
#include "executor/asks.h"
#include "executor/auto_stats.h"
#include "executor/backup/attach.h"
#include "executor/backup/shelf.h"
#include "executor/backup/work.h"
#include "executor/cluster.h"
#include "executor/gc.h"
#include "executor/jobs/jobs.h"
#include "executor/looker.h"
#include "executor/members.h"
#include "executor/peers.h"
#include "executor/session_registry.h"
#include "executor/statement_stats.h"
#include "executor/settings.h"
#include "executor/table_stats.h"
#include "executor/temporary.h"
#include "executor/userfile.h"
#include "sinks/sink.h"

#define SQL_MEMORY_DEFAULT ((size_t)128 << 20)
#define WORKERS 2        /* threads of the pool for job work */
#define WORK_QUEUE_MAX 64

/* cloudstorage.* settings for sinks. */
static const char *
io_setting(void *arg, struct arena *a, const char *name)
{
    struct node *n = arg;
    if (setting_find(name) == NULL)
        return NULL;
    const char *v = settings_string(n, a, name);
    return v != NULL && *v != '\0' ? v : NULL;
}

static struct error *
prepare_temp_dir(const char *dir)
{
    /* What a killed process left there is of no use. */
    ERR_TRY(dir_remove_tree(dir));
    return dir_create_all(dir, 0700);
}

/* Takes a number there. */
static void
cluster_enter(struct node *n)
{
    const char *locality = n->opts.locality, *address = n->opts.sql_address;
    const struct cluster_node self = {.locality = locality != NULL ? locality : "",
                                      .sql_address = address != NULL ? address : "",
                                      .start_time_ns = n->start_time_ns};
    n->node_id = cluster_join(n->cluster, &self);
    n->epoch = 1;
}

struct error *
node_open(const struct node_opts *o, struct node **out)
{
    struct node *n = xcalloc(1, sizeof(*n));
    struct error *err;
    n->opts = *o;
    n->cluster = cluster_create();
    n->start_time_ns = wall_now_ns();
    cluster_enter(n);
    n->engine = o->engine;
    n->clock = clock_create();
    size_t memory = o->max_sql_memory > 0 ? o->max_sql_memory : SQL_MEMORY_DEFAULT;
    n->sql_memory = mem_budget_create(memory, NULL);
    n->settings = settings_create();
    n->table_stats = stats_cache_create();
    n->sessions = session_registry_create();
    n->stats = statement_stats_create();
    struct io_config *io = xcalloc(1, sizeof(*io));
    io->external_io_dir = o->external_io_dir != NULL ? o->external_io_dir : "";
    io->disable_http = o->external_io_disable_http;
    io->disable_implicit_credentials = o->external_io_disable_implicit_credentials;
    io->node_id = n->node_id;
    io->temp_dir = n->opts.temp_dir;
    io->net = sink_net_create();
    io->userfile_open = userfile_open;
    io->userfile_arg = n;
    io->peer = peers_find;
    io->peer_arg = n;
    io->setting = io_setting;
    io->setting_arg = n;
    n->io = io;
    cluster_set_io(n->cluster, n->node_id, io);
    ERR_GOTO(prepare_temp_dir(o->temp_dir), fail);
    ERR_GOTO(kv_db_open(n->engine, n->clock, &n->db), fail);
    n->attachments = attachments_create(n);
    n->shelf = shelf_create();
    ERR_GOTO(catalog_open(n->db, &n->catalog), fail);
    ERR_GOTO(members_join(n), fail);
    io->node_id = n->node_id;
    ERR_GOTO(settings_reload(n), fail);
    n->workers = pool_create("work", WORKERS, WORK_QUEUE_MAX);
    ERR_GOTO(job_registry_create(n, &n->jobs), fail);
    ERR_GOTO(job_registry_start(n->jobs), fail);
    ERR_GOTO(work_start(n), fail);
    ERR_GOTO(asks_start(n), fail);
    ERR_GOTO(gc_start(n, &n->gc), fail);
    ERR_GOTO(auto_stats_start(n, &n->auto_stats), fail);
    if (members_alone(n)) /* what earlier processes left */
        temporary_drop(n, NULL);
    *out = n;
    return NULL;
fail:
    node_close(n);
    return err;
}

struct error *
node_join(struct node *first, const struct node_opts *o, struct node **out)
{
    struct node *n = xmalloc(sizeof(*n));
    *n = *first;
    n->first = first;
    n->opts = *o;
    n->start_time_ns = wall_now_ns();
    n->control = NULL;
    cluster_enter(n);
    struct io_config *io = xmalloc(sizeof(*io));
    *io = *first->io;
    io->node_id = n->node_id;
    if (o->external_io_dir != NULL)
        io->external_io_dir = o->external_io_dir;
    n->io = io;
    cluster_set_io(n->cluster, n->node_id, io);
    *out = n;
    return NULL;
}

void
node_close(struct node *n)
{
    if (n->first != NULL) {
        cluster_set_io(n->cluster, n->node_id, NULL);
        xfree((void *)(uintptr_t)n->io);
        xfree(n);
        return;
    }
    cancel_request(&n->shutdown, CANCEL_SHUTDOWN);
    gc_stop(n->gc);
    if (n->jobs != NULL)
        job_registry_stop(n->jobs);
    auto_stats_stop(n->auto_stats); /* it waits for jobs, and they tell it what they wrote */
    if (n->jobs != NULL)
        job_registry_destroy(n->jobs);
    looker_stop(n->asks);
    looker_stop(n->work);
    members_leave(n);
    looker_free(n->asks);
    looker_free(n->work);
    if (n->workers != NULL)
        pool_destroy(n->workers);
    attachments_destroy(n->attachments);
    shelf_destroy(n->shelf);
    if (n->catalog != NULL)
        catalog_close(n->catalog);
    if (n->db != NULL)
        kv_db_close(n->db);
    engine_close(n->engine);
    err_free(dir_remove_tree(n->opts.temp_dir));
    session_registry_destroy(n->sessions);
    statement_stats_destroy(n->stats);
    settings_destroy(n->settings);
    stats_cache_destroy(n->table_stats);
    mem_budget_destroy(n->sql_memory);
    clock_destroy(n->clock);
    sink_net_destroy(n->io->net);
    cluster_destroy(n->cluster);
    xfree((void *)(uintptr_t)n->io);
    xfree(n);
}
