/* storage/txn_buffer.c - a transaction's writes, ordered by key: a skip list in its arena.
 *
 * Rows often come in key order (bulk loads), so that a key after the last one is appended without a
 * search. Nodes stay until the transaction ends; values are a stack per node, undone in the order
 * of the log.
 */
#include "config.h"

#include "storage/txn_int.h"

#include "base/hash.h"

#define UNDO_FIRST 64

void
wbuf_init(struct wbuf *b, struct arena *a)
{
    *b = (struct wbuf){.arena = a, .rng = 0x9e3779b97f4a7c15ull};
}

static void
make_head(struct wbuf *b)
{
    size_t size = sizeof(struct wnode) + NODE_HEIGHT_MAX * sizeof(struct wnode *);
    b->head = arena_zalloc(b->arena, size);
    b->head->height = NODE_HEIGHT_MAX;
    for (int i = 0; i < NODE_HEIGHT_MAX; i++)
        b->tail[i] = b->head;
}

struct wnode *
wbuf_before(const struct wbuf *b, struct slice key)
{
    struct wnode *n = b->head;
    if (n == NULL)
        return NULL;
    for (int i = NODE_HEIGHT_MAX - 1; i >= 0; i--)
        while (n->next[i] != NULL && slice_cmp(n->next[i]->key, key) < 0)
            n = n->next[i];
    return n;
}

struct wnode *
wbuf_find(const struct wbuf *b, struct slice key)
{
    if (b->nodes == 0 || slice_cmp(b->tail[0]->key, key) < 0)
        return NULL;
    struct wnode *n = wbuf_before(b, key)->next[0];
    return n != NULL && slice_eq(n->key, key) ? n : NULL;
}

struct wnode *
wbuf_find_or_add(struct wbuf *b, struct kv_txn *t, struct slice key)
{
    if (b->head == NULL)
        make_head(b);
    struct wnode *before[NODE_HEIGHT_MAX];
    bool append = b->nodes == 0 || slice_cmp(b->tail[0]->key, key) < 0;
    if (append) {
        memcpy(before, b->tail, sizeof(before));
    } else {
        struct wnode *n = b->head;
        for (int i = NODE_HEIGHT_MAX - 1; i >= 0; i--) {
            while (n->next[i] != NULL && slice_cmp(n->next[i]->key, key) < 0)
                n = n->next[i];
            before[i] = n;
        }
        n = n->next[0];
        if (n != NULL && slice_eq(n->key, key))
            return n;
    }
    int height = 1;
    b->rng = hash_u64(b->rng, 0);
    for (uint64_t r = b->rng; height < NODE_HEIGHT_MAX && (r & 3) == 0; r >>= 2)
        height++;
    size_t head = sizeof(struct wnode) + (size_t)height * sizeof(struct wnode *);
    struct wnode *n = arena_alloc(b->arena, head + key.len);
    memset(n, 0, sizeof(*n));
    uint8_t *bytes = (uint8_t *)n + head;
    memcpy(bytes, key.ptr, key.len);
    n->key = slice_make(bytes, key.len);
    n->hash = hash_bytes(key.ptr, key.len, 0);
    n->txn = t;
    n->height = (uint8_t)height;
    n->prev = before[0];
    if (before[0]->next[0] != NULL)
        before[0]->next[0]->prev = n;
    for (int i = 0; i < height; i++) {
        n->next[i] = before[i]->next[i];
        before[i]->next[i] = n;
        if (n->next[i] == NULL)
            b->tail[i] = n;
    }
    b->nodes++;
    b->bytes += head + key.len + 16;
    return n;
}

static void
undo_push(struct wbuf *b, struct wnode *n)
{
    if (b->undo_len == b->undo_cap) {
        size_t cap = b->undo_cap == 0 ? UNDO_FIRST : b->undo_cap * 2;
        b->undo = arena_realloc(b->arena, b->undo, b->undo_cap * sizeof(struct wnode *),
                                cap * sizeof(struct wnode *));
        b->undo_cap = cap;
        b->bytes += cap * sizeof(struct wnode *);
    }
    b->undo[b->undo_len++] = n;
}

void
wbuf_put(struct wbuf *b, struct wnode *n, struct slice value, uint32_t step, size_t may_replace)
{
    /* The bytes of a value that is replaced stay where they are: a scan may have lent them. */
    struct wver *v = arena_alloc(b->arena, sizeof(*v) + value.len);
    uint8_t *bytes = (uint8_t *)(v + 1);
    if (value.len > 0)
        memcpy(bytes, value.ptr, value.len);
    v->value = slice_make(bytes, value.len);
    v->step = step;
    b->bytes += sizeof(*v) + value.len + 16;
    if (n->top != NULL && n->top->step == step && n->top->undo >= may_replace) {
        v->undo = n->top->undo;
        v->prev = n->top->prev;
        n->top = v;
        return;
    }
    v->undo = (uint32_t)b->undo_len;
    v->prev = n->top;
    if (n->top == NULL)
        b->writes++;
    n->top = v;
    undo_push(b, n);
}

void
wbuf_undo_to(struct wbuf *b, size_t undo_len)
{
    while (b->undo_len > undo_len) {
        struct wnode *n = b->undo[--b->undo_len];
        n->top = n->top->prev;
        if (n->top == NULL)
            b->writes--;
    }
}
