/* executor/system_rows.c - see system_rows.h. */
#include "config.h"

#include "executor/system_rows.h"

#include "types/keyenc.h"
#include "types/valueenc.h"

struct error *
system_row_put(struct exec_ctx *x, struct slice key, const ProtobufCMessage *m)
{
    struct str value;
    str_init_arena(&value, x->arena, STR_MAX_DEFAULT);
    value_open(&value, VALUE_BYTES);
    str_append_slice(&value, pb_pack_as_is(x->arena, m));
    ERR_TRY(str_error(&value));
    value_seal(&value, 0, key);
    return kv_put(x->txn, key, str_slice(&value));
}

static struct error *
parse(struct exec_ctx *x, struct slice value, const ProtobufCMessageDescriptor *d, const char *what,
      ProtobufCMessage **m)
{
    if (value.len < VALUE_HEADER)
        return err_new(ERR_DATA_CORRUPTED, "%s is too short", what);
    struct slice body =
        slice_dup(x->arena, slice_make(value.ptr + VALUE_HEADER, value.len - VALUE_HEADER));
    return pb_parse(x->arena, d, what, body, m);
}

struct error *
system_row_get(struct exec_ctx *x, struct slice key, const ProtobufCMessageDescriptor *d,
               const char *what, ProtobufCMessage **m)
{
    struct slice value;
    bool found;
    *m = NULL;
    ERR_TRY(kv_get(x->txn, key, x->arena, &found, &value, NULL));
    return found ? parse(x, value, d, what, m) : NULL;
}

struct error *
system_rows_read(struct exec_ctx *x, struct slice prefix, const ProtobufCMessageDescriptor *d,
                 const char *what, struct system_row **out, size_t *n)
{
    struct str end;
    struct kv_scan *scan;
    struct error *err = NULL;
    size_t cap = 0;
    str_init_arena(&end, x->arena, STR_MAX_DEFAULT);
    str_append_slice(&end, prefix);
    (void)key_prefix_end(&end);
    struct kv_scan_opts o = {.span = {prefix, str_slice(&end)}};
    *out = NULL;
    *n = 0;
    ERR_TRY(kv_scan_open(x->txn, &o, &scan));
    for (;;) {
        struct kv_entry e;
        bool more;
        ERR_GOTO(kv_scan_next(scan, &e, &more), out);
        if (!more)
            break;
        if (*n == cap) {
            size_t grown = cap == 0 ? 16 : 2 * cap;
            *out = arena_realloc(x->arena, *out, cap * sizeof(**out), grown * sizeof(**out));
            cap = grown;
        }
        struct system_row *r = &(*out)[*n];
        r->key = slice_dup(x->arena, e.key);
        ERR_GOTO(parse(x, e.value, d, what, &r->m), out);
        (*n)++;
    }
out:
    kv_scan_close(scan);
    return err;
}
