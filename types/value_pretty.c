/* Values for people: /TUPLE/2:2:Int/3, /BYTES/0x89. SOURCE: CockroachDB v20.1 pkg/roachpb/data.go
 * (Value.PrettyPrint) and pkg/util/encoding/encoding.go (PrettyPrintValueEncoded). */
#include "config.h"

#include "types/enc_int.h"
#include "types/valueenc.h"

static const char *
tag_name(unsigned tag)
{
    switch (tag) {
    case VALUE_INT: return "INT";
    case VALUE_FLOAT: return "FLOAT";
    case VALUE_BYTES: return "BYTES";
    case VALUE_TIME: return "TIME";
    case VALUE_DECIMAL: return "DECIMAL";
    case VALUE_DURATION: return "DURATION";
    case VALUE_TUPLE: return "TUPLE";
    case VALUE_BITARRAY: return "BITARRAY";
    case VALUE_TIMETZ: return "TIMETZ";
    default: return "UNKNOWN";
    }
}

/* What an element's tag says, and the type that its body is read with; NULL: it has none. */
static const char *
element_name(uint32_t e, const struct type **t)
{
    *t = NULL;
    switch (e) {
    case E_NULL: return "Null";
    case E_NOT_NULL: return "NotNull";
    case E_TRUE: return "True";
    case E_FALSE: return "False";
    case E_INT: *t = &TYPE_INT8; return "Int";
    case E_FLOAT: *t = &TYPE_FLOAT8; return "Float";
    case E_DECIMAL: *t = &TYPE_DECIMAL; return "Decimal";
    case E_BYTES: *t = &TYPE_BYTES; return "Bytes";
    case E_TIME: *t = &TYPE_TIMESTAMP; return "Time";
    case E_DURATION: *t = &TYPE_INTERVAL; return "Duration";
    case E_UUID: *t = &TYPE_UUID; return "UUID";
    case E_IPADDR: *t = &TYPE_INET; return "IPAddr";
    case E_BITARRAY: *t = &TYPE_VARBIT; return "BitArray";
    case E_TIMETZ: *t = &TYPE_TIMETZ; return "TimeTZ";
    case E_JSON: return "JSON";
    case E_TUPLE: return "Tuple";
    default: return "Array";
    }
}

static void
put_bytes(struct str *s, struct slice b)
{
    bool printable = true;

    for (size_t i = 0; i < b.len; i++)
        printable = printable && b.ptr[i] >= 0x20 && b.ptr[i] < 0x7f;
    if (printable) {
        str_append_slice(s, b);
        return;
    }
    str_append_cstr(s, "0x");
    for (size_t i = 0; i < b.len; i++)
        str_printf(s, "%02x", b.ptr[i]);
}

static struct error *
put_element(struct str *s, struct reader *r, struct arena *a, uint32_t *column)
{
    uint32_t delta, e;
    const struct type *t;
    struct datum d;
    struct eval_env env = {.arena = a};

    ERR_TRY(value_get_tag(r, &delta, &e));
    *column += delta;
    str_printf(s, "%u:%u:%s/", delta, *column, element_name(e, &t));
    if (t == NULL) {
        str_append_cstr(s, e == E_NULL ? "NULL" : e == E_TRUE ? "true" : e == E_FALSE ? "false" : "");
        return value_skip_body(r, e);
    }
    ERR_TRY(value_get_body(r, a, e, t, &d));
    if (t->family == FAMILY_BYTES)
        put_bytes(s, datum_slice(&d));
    else
        datum_format(s, t, &d, TEXT_CAST, &env);
    return NULL;
}

struct error *
value_pretty(struct str *s, struct arena *scratch, struct slice value)
{
    if (value.len < VALUE_HEADER) {
        str_append_cstr(s, "/<empty>");
        return NULL;
    }
    unsigned tag = value.ptr[VALUE_HEADER - 1];
    struct slice data = slice_make(value.ptr + VALUE_HEADER, value.len - VALUE_HEADER);
    struct reader r = reader_make(data);
    uint32_t column = 0;
    str_printf(s, "/%s/", tag_name(tag));
    switch (tag) {
    case VALUE_TUPLE:
        for (int i = 0; reader_left(&r) > 0; i++) {
            if (i > 0)
                str_append_char(s, '/');
            ERR_TRY(put_element(s, &r, scratch, &column));
        }
        break;
    case VALUE_INT:
        str_printf(s, "%lld", (long long)siv_get(&r));
        break;
    case VALUE_FLOAT:
    case VALUE_DECIMAL: {
        const struct type *t = tag == VALUE_FLOAT ? &TYPE_FLOAT8 : &TYPE_DECIMAL;
        struct datum d;
        struct eval_env env = {.arena = scratch};
        ERR_TRY(value_get_untagged(value, scratch, t, &d));
        datum_format(s, t, &d, TEXT_CAST, &env);
        break;
    }
    default:
        put_bytes(s, data);
        break;
    }
    return NULL;
}
