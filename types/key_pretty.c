/* Keys for people: /Table/53/1/"abc"/5/0. SOURCE: CockroachDB v20.1 pkg/keys/printer.go. */
#include "config.h"

#include <string.h>

#include "types/datetime_int.h"
#include "types/decimal.h"
#include "types/keyenc.h"

#define NAMESPACE_TABLE 30
#define INT_KEY_FIRST 0x80
#define INT_KEY_LAST 0xfd

/* The type of a field, from its first byte. */
static const struct type *
field_type(uint8_t c, enum key_direction *dir)
{
    *dir = KEY_ASC;
    if (c >= INT_KEY_FIRST && c <= INT_KEY_LAST)
        return &TYPE_INT8;
    if (c >= 0x18 && c <= 0x36)
        return &TYPE_DECIMAL;
    switch (c) {
    case 0x02: case 0x03: case 0x04: case 0x05: case 0x06:
        return &TYPE_FLOAT8;
    case 0x13:
        *dir = KEY_DESC;
        return &TYPE_BYTES;
    case 0x12:
        return &TYPE_BYTES;
    case 0x14:
        return &TYPE_TIMESTAMP;
    case 0x16:
        return &TYPE_INTERVAL;
    case 0x3b:
        *dir = KEY_DESC;
        return &TYPE_VARBIT;
    case 0x3a:
        return &TYPE_VARBIT;
    case 0x3c:
        return &TYPE_TIMETZ;
    default:
        return NULL;
    }
}

static void
put_value(struct str *s, const struct type *t, const struct datum *d)
{
    switch (t->family) {
    case FAMILY_BYTES:
        go_quote(s, datum_slice(d));
        return;
    case FAMILY_BIT:
        str_append_char(s, 'B');
        break;
    case FAMILY_TIMESTAMP: {
        size_t start = s->len;
        format_local(s, d->i, "Z", true);
        char *sp = s->failed ? NULL : memchr(s->ptr + start, ' ', s->len - start);
        if (sp != NULL)
            *sp = 'T';
        return;
    }
    default:
        break;
    }
    struct eval_env env = {.extra_float_digits = 3};
    datum_format(s, t, d, TEXT_CAST, &env);
}

/* Fields without a type: markers and JSON. false when the byte is none of them. */
static bool
put_marker(struct str *s, struct reader *r)
{
    static const struct {
        uint8_t byte;
        const char *text;
    } marks[] = {{0x00, "NULL"}, {0xff, "NULL"}, {0x01, "!NULL"}, {0xfe, "#"},
                 {0x0a, "True"}, {0x0b, "False"}, {0x38, "[]"}, {0x39, "{}"}};
    for (size_t i = 0; i < ARRAY_COUNT(marks); i++) {
        if (*r->ptr == marks[i].byte) {
            str_append_cstr(s, marks[i].text);
            r->ptr++;
            return true;
        }
    }
    return false;
}

/* One field; false when the rest cannot be read. */
static bool
put_field(struct str *s, struct reader *r)
{
    enum key_direction dir;
    struct datum d;
    str_append_char(s, '/');
    if (put_marker(s, r))
        return true;
    if (*r->ptr == 0x37) {
        str_append_cstr(s, "JSON");
        struct error *err = key_skip(r);
        err_free(err);
        return err == NULL;
    }
    const struct type *t = field_type(*r->ptr, &dir);
    if (t == NULL)
        return false;
    struct arena *a = arena_create(NULL, "pretty key");
    struct error *err = key_decode(r, a, t, dir, &d);
    if (err == NULL)
        put_value(s, t, &d);
    err_free(err);
    arena_destroy(a);
    return err == NULL;
}

/* Where ranges below the tables begin. */
static const struct {
    const char *key;
    size_t len;
    const char *text;
} system_keys[] = {
    {"\x04\0liveness-", 11, "/System/NodeLiveness"},
    {"\x04\0liveness.", 11, "/System/NodeLivenessMax"},
    {"\x04tsd", 4, "/System/tsd"},
    {"\x04tse", 4, "/System/\"tse\""},
    {"\x88", 1, "/Table/SystemConfigSpan/Start"},
};

void
key_pretty(struct str *s, struct slice key)
{
    struct reader r = reader_make(key);
    uint64_t table;
    struct reader ahead = r;
    if (key.len == 0) {
        str_append_cstr(s, "/Min");
        return;
    }
    if (key.len == 2 && key.ptr[0] == 0xff && key.ptr[1] == 0xff) {
        str_append_cstr(s, "/Max");
        return;
    }
    for (size_t i = 0; i < ARRAY_COUNT(system_keys); i++)
        if (slice_eq(key, slice_make((const uint8_t *)system_keys[i].key, system_keys[i].len))) {
            str_append_cstr(s, system_keys[i].text);
            return;
        }
    struct error *err = key_get_uvarint(&ahead, &table);
    if (err == NULL)
        str_append_cstr(s, table == NAMESPACE_TABLE ? "/NamespaceTable" : "/Table");
    err_free(err);
    while (reader_left(&r) > 0) {
        ahead = r;
        if (put_field(s, &r))
            continue;
        str_append_cstr(s, "???");
        /* Where it ends may be known all the same: the rest is fields again. */
        r = ahead;
        err = key_skip(&r);
        bool lost = err != NULL || reader_left(&r) == reader_left(&ahead);
        err_free(err);
        if (lost)
            return;
    }
}

void
key_pretty_bound(struct str *s, struct slice key)
{
    struct arena *a = arena_create(NULL, "pretty key");
    struct str t;
    str_init_arena(&t, a, STR_MAX_DEFAULT);
    key_pretty(&t, key);
    if (strstr(str_cstr(&t), "/???") != NULL && key.ptr[key.len - 1] != 0) {
        /* The end of a prefix is the prefix with its last byte counted up. */
        uint8_t *before = arena_memdup(a, key.ptr, key.len);
        struct str u;
        before[key.len - 1]--;
        str_init_arena(&u, a, STR_MAX_DEFAULT);
        key_pretty(&u, slice_make(before, key.len));
        if (strstr(str_cstr(&u), "/???") == NULL) {
            str_append_cstr(&u, "/PrefixEnd");
            t = u;
        }
    }
    str_append_slice(s, str_slice(&t));
    arena_destroy(a);
}
