#include "config.h"

#include "executor/session_registry.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "executor/session_int.h"

#define WATCH_NS ((int64_t)5 * 1000000)

struct session_registry {
    struct mutex lock;
    struct cond wake;
    struct session *first;
    pthread_t watch;
    bool watching, stop;
    int n_deadlines;
    uint32_t next_id;
};

static void *
watch_main(void *arg)
{
    struct session_registry *r = arg;

    mutex_lock(&r->lock);
    while (!r->stop) {
        int64_t now = monotonic_now_ns();
        r->n_deadlines = 0;
        for (struct session *s = r->first; s != NULL; s = s->reg_next) {
            if (!s->query_running || s->deadline_ns == 0)
                continue;
            if (now >= s->deadline_ns) {
                cancel_request(&s->cancel, CANCEL_TIMEOUT);
                s->deadline_ns = 0;
            } else {
                r->n_deadlines++;
            }
        }
        if (r->n_deadlines > 0)
            cond_wait_ns(&r->wake, &r->lock, WATCH_NS);
        else
            cond_wait(&r->wake, &r->lock);
    }
    mutex_unlock(&r->lock);
    return NULL;
}

struct session_registry *
session_registry_create(void)
{
    struct session_registry *r = xcalloc(1, sizeof(*r));

    mutex_init(&r->lock, RANK_SESSION);
    cond_init(&r->wake);
    return r;
}

void
session_registry_destroy(struct session_registry *r)
{
    if (r == NULL)
        return;
    mutex_lock(&r->lock);
    r->stop = true;
    cond_broadcast(&r->wake);
    mutex_unlock(&r->lock);
    if (r->watching)
        pthread_join(r->watch, NULL);
    cond_destroy(&r->wake);
    mutex_destroy(&r->lock);
    xfree(r);
}

/* An id as v20.1's: wall time, a count that makes it unique, the node. With the lock held. */
static void
make_id(struct session *s, uint8_t id[16])
{
    uint64_t wall = (uint64_t)wall_now_ns();
    uint64_t low = (uint64_t)s->node->sessions->next_id++ << 32 | s->node->node_id;

    for (int i = 0; i < 8; i++) {
        id[i] = (uint8_t)(wall >> (56 - 8 * i));
        id[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
}

static void
put_hex(const uint8_t id[16], char out[33])
{
    for (int i = 0; i < 16; i++)
        snprintf(out + 2 * i, 3, "%02x", id[i]);
}

static uint64_t
id_half(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

void
registry_add(struct session_registry *r, struct session *s)
{
    mutex_lock(&r->lock);
    make_id(s, s->id);
    snprintf(s->temp_schema, sizeof(s->temp_schema), "pg_temp_%llu_%llu",
             (unsigned long long)id_half(s->id), (unsigned long long)id_half(s->id + 8));
    s->reg_next = r->first;
    r->first = s;
    mutex_unlock(&r->lock);
}

void
registry_remove(struct session_registry *r, struct session *s)
{
    mutex_lock(&r->lock);
    for (struct session **p = &r->first; *p != NULL; p = &(*p)->reg_next)
        if (*p == s) {
            *p = s->reg_next;
            break;
        }
    xfree(s->active_sql);
    xfree(s->last_sql);
    s->active_sql = s->last_sql = NULL;
    mutex_unlock(&r->lock);
}

void
registry_query_start(struct session *s, struct slice sql, int64_t timeout_ms)
{
    struct session_registry *r = s->node->sessions;
    size_t len = sql.len > 65536 ? 65536 : sql.len;
    char *text = xmalloc(len + 1);

    memcpy(text, sql.ptr, len);
    text[len] = '\0';
    mutex_lock(&r->lock);
    xfree(s->active_sql);
    s->active_sql = text;
    make_id(s, s->query_id);
    s->query_start_ns = wall_now_ns();
    if (s->txn_start_ns == 0)
        s->txn_start_ns = s->query_start_ns;
    s->query_running = true;
    s->deadline_ns = timeout_ms > 0 ? monotonic_now_ns() + timeout_ms * 1000000 : 0;
    if (!s->closing)
        atomic_store_explicit(&s->cancel.reason, CANCEL_NONE, memory_order_release);
    if (timeout_ms > 0) {
        if (!r->watching) {
            struct error *e = thread_start(&r->watch, "timeouts", watch_main, r);
            r->watching = e == NULL;
            err_free(e);
        }
        cond_signal(&r->wake);
    }
    mutex_unlock(&r->lock);
}

void
registry_query_end(struct session *s)
{
    struct session_registry *r = s->node->sessions;

    mutex_lock(&r->lock);
    xfree(s->last_sql);
    s->last_sql = s->active_sql;
    s->active_sql = NULL;
    s->query_running = false;
    s->deadline_ns = 0;
    if (s->txn == NULL)
        s->txn_start_ns = 0;
    if (!s->closing)
        atomic_store_explicit(&s->cancel.reason, CANCEL_NONE, memory_order_release);
    mutex_unlock(&r->lock);
}

void
session_cancel(struct session *s, enum cancel_reason why)
{
    struct session_registry *r = s->node->sessions;

    mutex_lock(&r->lock);
    if (why == CANCEL_SHUTDOWN) {
        s->closing = true;
        cancel_request(&s->cancel, why);
    } else if (s->query_running) {
        cancel_request(&s->cancel, why);
    }
    mutex_unlock(&r->lock);
}

struct session_info *
session_registry_list(struct session_registry *r, struct arena *a, int *n)
{
    int count = 0;

    mutex_lock(&r->lock);
    for (struct session *s = r->first; s != NULL; s = s->reg_next)
        count++;
    struct session_info *v = ARENA_ARRAY(a, struct session_info, (size_t)count + 1);
    count = 0;
    for (struct session *s = r->first; s != NULL; s = s->reg_next) {
        struct session_info *i = &v[count++];
        const char *app = s->shown_application;
        i->node_id = s->node->node_id;
        put_hex(s->id, i->id);
        put_hex(s->query_id, i->query_id);
        i->user = arena_strdup(a, s->user);
        i->client_address = arena_strdup(a, s->client_address);
        i->application_name = arena_strdup(a, app == NULL ? "" : app);
        i->active_query = s->active_sql == NULL ? NULL : arena_strdup(a, s->active_sql);
        i->last_query = s->last_sql == NULL ? NULL : arena_strdup(a, s->last_sql);
        i->start_ns = s->start_ns;
        i->query_start_ns = s->query_start_ns;
        i->txn_start_ns = s->txn_start_ns;
    }
    mutex_unlock(&r->lock);
    *n = count;
    return v;
}

static bool
cancel_by(struct session_registry *r, const char *id, const char *user, bool whole, bool *denied)
{
    bool found = false;
    char hex[33];

    *denied = false;
    mutex_lock(&r->lock);
    for (struct session *s = r->first; s != NULL && !found; s = s->reg_next) {
        if (!whole && !s->query_running)
            continue;
        put_hex(whole ? s->id : s->query_id, hex);
        if (strcmp(hex, id) != 0)
            continue;
        found = true;
        if (user != NULL && strcmp(user, s->user) != 0) {
            *denied = true;
            break;
        }
        if (whole) {
            s->closing = true;
            cancel_request(&s->cancel, CANCEL_SHUTDOWN);
        } else {
            cancel_request(&s->cancel, CANCEL_USER);
        }
    }
    mutex_unlock(&r->lock);
    return found;
}

bool
session_registry_cancel_query(struct session_registry *r, const char *query_id, const char *user,
                              bool *denied)
{
    return cancel_by(r, query_id, user, false, denied);
}

bool
session_registry_cancel_session(struct session_registry *r, const char *session_id,
                                const char *user, bool *denied)
{
    return cancel_by(r, session_id, user, true, denied);
}
