/* Keys and values under their new ids. SOURCE: restore-mechanics 5.
 *
 *     old   /53/1/k          -> /101/1/k
 *     old   /53/1/k fe /54/1/c  (interleaved)  -> /101/1/k fe /102/1/c
 *
 * The checksum of a value covers its key, so it changes with it. */
#include "config.h"

#include "executor/backup/restore_int.h"

#include <stdlib.h>

#include "base/hash.h"
#include "types/keyenc.h"
#include "types/valueenc.h"

#define SHIFTS_MAX 4096 /* bytes behind a prefix, up to which a checksum is changed and not made anew */

struct rule {
    uint64_t old;        /* table << 32 | index */
    uint32_t new_table;
    int own_columns;     /* key columns behind those shared with ancestors */
    bool has_children, primary;
};

struct key_rewriter {
    struct rule *v; /* by old */
    size_t n;
    bool identity;  /* every id stays */
};

static int
by_old(const void *pa, const void *pb)
{
    const struct rule *a = pa, *b = pb;
    return (a->old > b->old) - (a->old < b->old);
}

static void
add_rule(struct key_rewriter *kr, const struct rewrite *w, const pb_index *ix, bool primary)
{
    int columns = (int)ix->n_column_ids;
    for (size_t i = 0; ix->interleave != NULL && i < ix->interleave->n_ancestors; i++)
        columns -= (int)PB_GET(ix->interleave->ancestors[i], shared_prefix_len);
    kr->v[kr->n++] = (struct rule){
        .old = (uint64_t)w->old_id << 32 | PB_GET(ix, id),
        .new_table = w->new_id,
        .own_columns = columns,
        .has_children = ix->n_interleaved_by > 0,
        .primary = primary,
    };
}

struct error *
key_rewriter_create(struct arena *a, const struct rewrites *r, pb_table *const *tables, size_t n,
                    struct key_rewriter **out)
{
    struct key_rewriter *kr = ARENA_NEW(a, struct key_rewriter);
    size_t cap = 0;
    for (size_t i = 0; i < n; i++)
        cap += 1 + tables[i]->n_indexes + tables[i]->n_mutations;
    kr->v = ARENA_ARRAY(a, struct rule, cap + 1);
    kr->identity = true;
    for (size_t i = 0; i < n; i++) {
        const pb_table *t = tables[i];
        const struct rewrite *w = rewrite_of(r, PB_GET(t, id));
        if (w == NULL)
            continue;
        kr->identity = kr->identity && w->old_id == w->new_id;
        if (t->primary_index != NULL && PB_GET(t->primary_index, id) != 0)
            add_rule(kr, w, t->primary_index, true);
        for (size_t k = 0; k < t->n_indexes; k++)
            add_rule(kr, w, t->indexes[k], false);
        for (size_t k = 0; k < t->n_mutations; k++)
            if (t->mutations[k]->descriptor_case ==
                    AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_INDEX &&
                PB_GET(t->mutations[k], direction) == AMBERDB__MUTATION_DIRECTION__MUTATION_ADD)
                add_rule(kr, w, t->mutations[k]->index, false);
    }
    if (kr->n > 1)
        qsort(kr->v, kr->n, sizeof(*kr->v), by_old);
    for (size_t i = 0; i < kr->n; i++)
        if (kr->v[i].has_children && !kr->v[i].primary)
            return err_new(ERR_UNCATEGORIZED, "restoring interleaved secondary indexes not supported");
    *out = kr;
    return NULL;
}

void
key_rewrite_init(struct key_rewrite_state *s, const struct key_rewriter *kr, struct arena *a)
{
    *s = (struct key_rewrite_state){.kr = kr};
    str_init_arena(&s->key, a, STR_MAX_DEFAULT);
    str_init_arena(&s->value, a, STR_MAX_DEFAULT);
    str_init_arena(&s->old_prefix, a, 64);
    str_init_arena(&s->new_prefix, a, 64);
    s->shifts = ARENA_ARRAY(a, uint32_t, SHIFTS_MAX);
}

static const struct rule *
find_rule(const struct key_rewriter *kr, uint64_t id)
{
    size_t lo = 0, hi = kr->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (kr->v[mid].old < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < kr->n && kr->v[lo].old == id ? &kr->v[lo] : NULL;
}

/* The first rule of that table, or of the one behind it when there is none. */
static const struct rule *
rule_from(const struct key_rewriter *kr, uint64_t table)
{
    size_t lo = 0, hi = kr->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (kr->v[mid].old >> 32 < table)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < kr->n ? &kr->v[lo] : NULL;
}

/* Take an integer; false: the bytes end before it does, or are none. */
static bool
take_uvarint(struct reader *r, uint64_t *v)
{
    struct reader was = *r;
    struct error *e = key_get_uvarint(r, v);
    if (e != NULL)
        *r = was;
    err_free(e);
    return e == NULL;
}

/* Behind the key columns and the mark that a child's row follows; false: the bound ends before that. */
static bool
skip_own_columns(struct reader *r, const struct rule *rule)
{
    struct error *e = NULL;
    for (int i = 0; i < rule->own_columns && e == NULL; i++)
        e = key_skip(r);
    bool ok = e == NULL && reader_left(r) > 0 && *r->ptr == KEY_INTERLEAVED;
    err_free(e);
    r->ptr += ok;
    return ok;
}

struct error *
key_rewrite_bound(const struct key_rewriter *kr, struct slice bound, struct str *out)
{
    struct reader r = reader_make(bound);
    uint64_t table, index;
    while (take_uvarint(&r, &table)) {
        const struct rule *rule = rule_from(kr, table);
        if (rule == NULL) {
            str_append_char(out, 0xff); /* behind all tables */
            return str_error(out);
        }
        key_put_uvarint(out, rule->new_table);
        if (rule->old >> 32 != table) /* the bound lies between two tables */
            return str_error(out);
        if (!take_uvarint(&r, &index))
            break;
        key_put_uvarint(out, index);
        rule = index > UINT32_MAX ? NULL : find_rule(kr, table << 32 | index);
        if (rule == NULL || !rule->has_children)
            break;
        struct reader from = r;
        if (!skip_own_columns(&r, rule)) {
            r = from;
            break;
        }
        str_append(out, from.ptr, (size_t)(r.ptr - from.ptr));
    }
    str_append(out, r.ptr, reader_left(&r));
    return str_error(out);
}

/* Rewrite the part of the key that r stands on; into s->key. *plain: nothing can be interleaved. */
static struct error *
rewrite_part(struct key_rewrite_state *s, struct reader *r, bool *keep, bool *plain)
{
    for (;;) {
        uint64_t table, index;
        ERR_TRY(key_get_uvarint(r, &table));
        ERR_TRY(key_get_uvarint(r, &index));
        const struct rule *rule =
            table > UINT32_MAX || index > UINT32_MAX ? NULL : find_rule(s->kr, table << 32 | index);
        *keep = rule != NULL;
        if (rule == NULL)
            return NULL;
        key_put_uvarint(&s->key, rule->new_table);
        key_put_uvarint(&s->key, index);
        if (!rule->has_children) {
            str_append(&s->key, r->ptr, reader_left(r));
            return NULL;
        }
        *plain = false;
        const uint8_t *from = r->ptr;
        for (int i = 0; i < rule->own_columns; i++)
            ERR_TRY(key_skip(r));
        if (reader_left(r) == 0 || *r->ptr != KEY_INTERLEAVED) {
            str_append(&s->key, from, (size_t)(r->end - from));
            return NULL;
        }
        r->ptr++;
        str_append(&s->key, from, (size_t)(r->ptr - from));
    }
}

static struct error *
rewrite_key(struct key_rewrite_state *s, struct slice key, bool *keep)
{
    if (s->prefix_known && key.len > s->old_prefix.len &&
        memcmp(key.ptr, s->old_prefix.ptr, s->old_prefix.len) == 0) {
        s->key.len = s->new_prefix.len; /* which is what it begins with */
        str_append(&s->key, key.ptr + s->old_prefix.len, key.len - s->old_prefix.len);
        s->same_index = *keep = true;
        return NULL; /* prefix_known stays */
    }
    struct reader r = reader_make(key), p = r;
    bool plain = true;
    uint64_t skip;
    s->prefix_known = s->same_index = false;
    str_clear(&s->key);
    ERR_TRY(rewrite_part(s, &r, keep, &plain));
    if (!*keep || !plain)
        return NULL;
    ERR_TRY(key_get_uvarint(&p, &skip));
    ERR_TRY(key_get_uvarint(&p, &skip));
    size_t old_len = (size_t)(p.ptr - key.ptr);
    size_t new_len = s->key.len - (key.len - old_len);
    str_clear(&s->old_prefix);
    str_append(&s->old_prefix, key.ptr, old_len);
    str_clear(&s->new_prefix);
    str_append(&s->new_prefix, s->key.ptr, new_len);
    s->shifts[0] = crc32_ieee(0, s->old_prefix.ptr, old_len) ^
                   crc32_ieee(0, s->new_prefix.ptr, new_len);
    s->n_shifts = 1;
    s->prefix_known = true;
    return NULL;
}

struct error *
key_rewrite_key(struct key_rewrite_state *s, struct slice key, struct slice *new_key, bool *keep)
{
    ERR_TRY(rewrite_key(s, key, keep));
    *new_key = str_slice(&s->key);
    return NULL;
}

/* What the other prefix changes in a checksum when n bytes follow: CRC is linear, so that the
 * difference of two states goes through the same bytes as if these were zeros. */
static uint32_t
shift_of(struct key_rewrite_state *s, size_t n)
{
    static const uint8_t zero;
    for (; s->n_shifts <= n; s->n_shifts++)
        s->shifts[s->n_shifts] = ~crc32_ieee(~s->shifts[s->n_shifts - 1], &zero, 1);
    return s->shifts[n];
}

struct error *
key_rewrite_seal(struct key_rewrite_state *s, uint8_t *value, size_t len, struct slice new_key)
{
    if (len == 0)
        return NULL;
    if (len < VALUE_HEADER)
        return err_new(ERR_DATA_CORRUPTED, "value of %zu bytes is too short", len);
    uint32_t sum = enc_get_be32(value);
    if (s->kr->identity && sum != 0)
        return NULL;
    size_t behind = new_key.len - s->new_prefix.len + len - 4;
    if (s->prefix_known && behind < SHIFTS_MAX && sum > 1) { /* 0: none; 1: 1, or 0 */
        sum ^= shift_of(s, behind);
        enc_put_be32(value, sum == 0 ? 1 : sum);
    } else {
        value_seal_bytes(value, len, new_key);
    }
    return NULL;
}

struct error *
key_rewrite(struct key_rewrite_state *s, struct slice key, struct slice value,
            struct slice *new_key, struct slice *new_value, bool *keep)
{
    ERR_TRY(key_rewrite_key(s, key, new_key, keep));
    if (!*keep)
        return NULL;
    str_clear(&s->value);
    str_append(&s->value, value.ptr, value.len);
    *new_value = str_slice(&s->value);
    return key_rewrite_seal(s, (uint8_t *)s->value.ptr, value.len, *new_key);
}
