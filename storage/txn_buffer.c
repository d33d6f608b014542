/* storage/txn_buffer.c - a transaction's writes, ordered by key: a list of nodes, and a B+ tree over it.
 *
 * Rows often come in key order (bulk loads), so that a key after the last one is appended without a
 * search. Else a search compares the first bytes of keys, which lie side by side in the tree's pages, and
 * looks at a node only where these are equal. Nodes stay where they are until the transaction ends; values
 * are a stack per node, undone in the order of the log.
 */
#include "config.h"

#include "storage/txn_int.h"

#include "base/enc.h"
#include "base/hash.h"

#define UNDO_FIRST 64
#ifndef TXN_TINY /* defined by a test, so that small transactions have tall trees */
#define PAGE_ENTRIES 32
#else
#define PAGE_ENTRIES 4
#endif
#define LEVELS_MAX 12 /* more than memory can hold */

/* Of a leaf, nodes; of an inner page the first node below each child. What is less than the first entry is
 * below it all the same. */
struct wpage {
    uint32_t n;
    bool inner;
    uint64_t start[PAGE_ENTRIES]; /* the first eight bytes of the keys, as numbers */
    struct wnode *node[PAGE_ENTRIES];
    struct wpage *child[]; /* of inner pages */
};

/* A way down: pages and the entry taken in each, the leaf last. */
struct path {
    int n;
    struct wpage *page[LEVELS_MAX];
    uint32_t at[LEVELS_MAX];
};

void
wbuf_init(struct wbuf *b, struct arena *a)
{
    *b = (struct wbuf){.arena = a};
}

/* ---- searching ---- */

/* Whether the page's i-th key is less than this one. */
static inline bool
is_less(const struct wpage *p, uint32_t i, uint64_t start, struct slice key)
{
    if (p->start[i] != start)
        return p->start[i] < start;
    return slice_cmp(p->node[i]->key, key) < 0;
}

static inline uint32_t
count_less(const struct wpage *p, uint64_t start, struct slice key)
{
    uint32_t lo = 0, hi = p->n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (is_less(p, mid, start, key))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* In an inner page an entry equal to key is the first of what is below its child. */
static inline uint32_t
child_of(const struct wpage *p, uint64_t start, struct slice key)
{
    uint32_t n = count_less(p, start, key);
    if (n < p->n && p->start[n] == start && slice_eq(p->node[n]->key, key))
        return n;
    return n > 0 ? n - 1 : 0;
}

/* The first node whose key is not less, or NULL; there are nodes. w: the way to its place. */
static struct wnode *
seek(const struct wbuf *b, struct slice key, struct path *w)
{
    uint64_t start = enc_head_be64(key);
    struct wpage *p = b->root;
    w->n = 0;
    for (; p->inner; p = w->page[w->n - 1]->child[w->at[w->n - 1]]) {
        w->page[w->n] = p;
        w->at[w->n++] = child_of(p, start, key);
    }
    uint32_t at = count_less(p, start, key);
    w->page[w->n] = p;
    w->at[w->n++] = at;
    return at < p->n ? p->node[at] : p->node[at - 1]->next;
}

static bool
is_behind_all(const struct wbuf *b, struct slice key)
{
    return b->last == NULL || slice_cmp(b->last->key, key) < 0;
}

struct wnode *
wbuf_before(struct wbuf *b, struct slice key)
{
    struct path w;
    if (b->last == NULL)
        return &b->head;
    if (is_behind_all(b, key))
        return b->last;
    return seek(b, key, &w)->prev;
}

struct wnode *
wbuf_find(const struct wbuf *b, struct slice key)
{
    struct path w;
    if (is_behind_all(b, key))
        return NULL;
    struct wnode *n = seek(b, key, &w);
    return slice_eq(n->key, key) ? n : NULL;
}

/* ---- adding ---- */

static struct wpage *
page_new(struct wbuf *b, bool inner)
{
    size_t size = sizeof(struct wpage) + (inner ? PAGE_ENTRIES * sizeof(struct wpage *) : 0);
    struct wpage *p = arena_alloc(b->arena, size);
    p->n = 0;
    p->inner = inner;
    b->bytes += size;
    return p;
}

static void
page_insert(struct wpage *p, uint32_t at, struct wnode *n, struct wpage *child)
{
    size_t behind = p->n - at;
    memmove(&p->start[at + 1], &p->start[at], behind * sizeof(*p->start));
    memmove(&p->node[at + 1], &p->node[at], behind * sizeof(struct wnode *));
    p->start[at] = enc_head_be64(n->key);
    p->node[at] = n;
    if (p->inner) {
        memmove(&p->child[at + 1], &p->child[at], behind * sizeof(struct wpage *));
        p->child[at] = child;
    }
    p->n++;
}

/* The upper half of a full page; of one that is appended to, nothing: it stays full. */
static struct wpage *
page_split(struct wbuf *b, struct wpage *p, uint32_t at)
{
    struct wpage *q = page_new(b, p->inner);
    uint32_t keep = at + (p->inner ? 1 : 0) == p->n ? p->n : p->n / 2;
    q->n = p->n - keep;
    memcpy(q->start, &p->start[keep], q->n * sizeof(*q->start));
    memcpy(q->node, &p->node[keep], q->n * sizeof(struct wnode *));
    if (p->inner)
        memcpy(q->child, &p->child[keep], q->n * sizeof(struct wpage *));
    p->n = keep;
    return q;
}

/* n at the end of the way w, which is its place; full pages are split, upwards. */
static void
tree_insert(struct wbuf *b, struct path *w, struct wnode *n)
{
    struct wpage *child = NULL;
    for (int i = w->n - 1; i >= 0; i--) {
        struct wpage *p = w->page[i], *q = p->n == PAGE_ENTRIES ? page_split(b, p, w->at[i]) : NULL;
        uint32_t at = w->at[i] + (p->inner ? 1 : 0);
        bool upper = q != NULL && (at > p->n || q->n == 0);
        page_insert(upper ? q : p, upper ? at - p->n : at, n, child);
        if (q == NULL)
            return;
        n = q->node[0];
        child = q;
    }
    struct wpage *root = page_new(b, true);
    page_insert(root, 0, b->root->node[0], b->root);
    page_insert(root, 1, n, child);
    b->root = root;
}

/* The way to the place behind the last node. */
static void
go_to_end(struct wbuf *b, struct path *w)
{
    if (b->root == NULL)
        b->root = page_new(b, false);
    struct wpage *p = b->root;
    for (w->n = 0; p->inner; p = p->child[p->n - 1]) {
        w->page[w->n] = p;
        w->at[w->n++] = p->n - 1;
    }
    w->page[w->n] = p;
    w->at[w->n++] = p->n;
}

struct wnode *
wbuf_find_or_add(struct wbuf *b, struct kv_txn *t, struct slice key)
{
    struct path w;
    struct wnode *after = NULL;
    if (is_behind_all(b, key)) {
        go_to_end(b, &w);
    } else {
        after = seek(b, key, &w);
        if (slice_eq(after->key, key))
            return after;
    }
    struct wnode *n = arena_alloc(b->arena, sizeof(*n) + key.len);
    uint8_t *bytes = (uint8_t *)(n + 1);
    memcpy(bytes, key.ptr, key.len);
    *n = (struct wnode){.key = slice_make(bytes, key.len), .hash = hash_bytes(key.ptr, key.len, 0), .txn = t};
    n->next = after;
    n->prev = after != NULL ? after->prev : b->last != NULL ? b->last : &b->head;
    n->prev->next = n;
    if (after != NULL)
        after->prev = n;
    else
        b->last = n;
    tree_insert(b, &w, n);
    b->nodes++;
    b->bytes += sizeof(*n) + key.len + 16;
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
