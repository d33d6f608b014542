/* executor/splits.c - cuts and placements that statements ask for. See splits.h. */
#include "config.h"

#include "executor/splits.h"

#include "catalog/pb.h"
#include "executor/node.h"
#include "types/valueenc.h"

#define META2 0x03

static struct slice
meta_key(struct arena *a, struct slice key)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_append_char(&s, META2);
    str_append_slice(&s, key);
    return str_slice(&s);
}

static struct error *
read_split(struct arena *a, const struct kv_entry *e, struct split *out)
{
    Amberdb__RangeDescriptor *d;
    struct slice v = slice_make(e->value.ptr + VALUE_HEADER, e->value.len - VALUE_HEADER);
    ERR_TRY(PB_PARSE(a, range_descriptor, "range descriptor", v, &d));
    *out = (struct split){.key = slice_dup(a, slice_make(e->key.ptr + 1, e->key.len - 1)),
                          .until = pb_hlc(d->sticky_bit),
                          .n_replicas = d->n_internal_replicas,
                          .holder = (uint32_t)PB_GET(d, lease_holder)};
    uint32_t *nodes = ARENA_ARRAY(a, uint32_t, d->n_internal_replicas + 1);
    for (size_t i = 0; i < d->n_internal_replicas; i++)
        nodes[i] = (uint32_t)PB_GET(d->internal_replicas[i], node_id);
    out->replicas = nodes;
    return NULL;
}

static bool
says_nothing(const struct split *s)
{
    return hlc_is_empty(s->until) && s->n_replicas == 0 && s->holder == 0;
}

struct error *
splits_in(struct exec_ctx *x, struct span span, struct split **out, size_t *n)
{
    struct arena *a = x->arena;
    struct kv_scan_opts o = {.span = {meta_key(a, span.start), meta_key(a, span.end)},
                             .fill_cache = true};
    struct hlc now = clock_now(x->node->clock);
    struct kv_scan *scan;
    struct error *err = NULL;
    size_t cap = 0;
    *out = NULL;
    *n = 0;
    ERR_TRY(kv_scan_open(x->txn, &o, &scan));
    for (;;) {
        struct kv_entry e;
        struct split s;
        bool more;
        ERR_GOTO(kv_scan_next(scan, &e, &more), out);
        if (!more)
            break;
        if (e.value.len < VALUE_HEADER) {
            err = err_new(ERR_DATA_CORRUPTED, "range descriptor is too short");
            break;
        }
        ERR_GOTO(read_split(a, &e, &s), out);
        if (hlc_cmp(s.until, now) < 0)
            s.until = HLC_MIN;
        if (says_nothing(&s))
            continue;
        if (*n == cap) {
            cap = cap == 0 ? 16 : 2 * cap;
            struct split *v = ARENA_ARRAY(a, struct split, cap);
            if (*n > 0)
                memcpy(v, *out, *n * sizeof(*v));
            *out = v;
        }
        (*out)[(*n)++] = s;
    }
out:
    kv_scan_close(scan);
    return err;
}

struct error *
split_write(struct exec_ctx *x, const struct split *s)
{
    struct arena *a = x->arena;
    struct slice key = meta_key(a, s->key);
    struct str value;
    if (says_nothing(s))
        return kv_del(x->txn, key);
    Amberdb__RangeDescriptor *d = PB_NEW(a, RangeDescriptor, range_descriptor);
    pb_set_bytes(a, &d->start_key, &d->has_start_key, s->key);
    if (!hlc_is_empty(s->until))
        d->sticky_bit = pb_timestamp(a, s->until);
    if (s->holder != 0)
        PB_SET(d, lease_holder, (int32_t)s->holder);
    for (size_t i = 0; i < s->n_replicas; i++) {
        Amberdb__ReplicaDescriptor *r = PB_NEW(a, ReplicaDescriptor, replica_descriptor);
        PB_SET(r, node_id, (int32_t)s->replicas[i]);
        PB_SET(r, store_id, (int32_t)s->replicas[i]);
        PB_PUSH(a, d->internal_replicas, d->n_internal_replicas, r);
    }
    str_init_arena(&value, a, STR_MAX_DEFAULT);
    value_open(&value, VALUE_BYTES);
    str_append_slice(&value, pb_pack_as_is(a, PB_BASE(d)));
    ERR_TRY(str_error(&value));
    value_seal(&value, 0, key);
    return kv_put(x->txn, key, str_slice(&value));
}
