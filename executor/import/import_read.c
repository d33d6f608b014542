/* Records of any format. */
#include "config.h"

#include "executor/import/import_int.h"

#include <string.h>

#include "types/sqltext.h"

#define RECORD_BYTES_MAX ((size_t)256 << 20)

struct import_char
import_char_of(int32_t code)
{
    struct import_char c = {.n = 0};
    uint32_t u = (uint32_t)code;
    if (u == 0)
        return c;
    if (u < 0x80) {
        c.bytes[c.n++] = (uint8_t)u;
        return c;
    }
    int more = u < 0x800 ? 1 : u < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xC0, 0xE0, 0xF0};
    c.bytes[c.n++] = (uint8_t)(lead[more] | u >> 6 * more);
    while (more-- > 0)
        c.bytes[c.n++] = (uint8_t)(0x80 | (u >> 6 * more & 0x3F));
    return c;
}

static void
release_reader(void *arg)
{
    struct import_reader *r = arg;
    str_release(&r->text);
    xfree(r->ends);
    xfree(r->nulls);
}

void
import_reader_init(struct import_reader *r, struct arena *a, struct import_file *f,
                   const pb_import_format *format)
{
    *r = (struct import_reader){.file = f, .arena = a, .format = format};
    str_init(&r->text, RECORD_BYTES_MAX);
    arena_on_free(a, release_reader, r);
}

void
import_end_field(struct import_reader *r, bool null)
{
    if (r->n_fields == r->room) {
        r->room = r->room == 0 ? 16 : 2 * r->room;
        r->ends = xrealloc(r->ends, (size_t)r->room * sizeof(*r->ends));
        r->nulls = xrealloc(r->nulls, (size_t)r->room * sizeof(*r->nulls));
    }
    r->ends[r->n_fields] = r->text.len;
    r->nulls[r->n_fields++] = null;
}

int64_t
import_skips(const pb_import_format *f)
{
    switch (PB_GET(f, format)) {
    case AMBERDB__IMPORT_FORMAT__KIND__CSV:
        return PB_GET(f->csv, skip);
    case AMBERDB__IMPORT_FORMAT__KIND__DELIMITED:
        return PB_GET(f->delimited, skip);
    default:
        return 0;
    }
}

static import_next
next_of(const pb_import_format *f)
{
    switch (PB_GET(f, format)) {
    case AMBERDB__IMPORT_FORMAT__KIND__CSV:
        return import_next_csv;
    case AMBERDB__IMPORT_FORMAT__KIND__DELIMITED:
        return import_next_delimited;
    case AMBERDB__IMPORT_FORMAT__KIND__PGDUMP:
        return import_next_dump;
    default:
        return import_next_copy;
    }
}

struct error *
import_read(struct import_reader *r, struct arena *a, struct import_record *out, bool *more)
{
    str_clear(&r->text);
    r->n_fields = 0;
    r->begins = false;
    ERR_TRY(next_of(r->format)(r, more));
    if (r->file->failed != NULL) {
        struct error *e = r->file->failed;
        r->file->failed = NULL;
        return e;
    }
    ERR_TRY(str_error(&r->text));
    if (!*more || r->begins)
        return NULL;
    uint8_t *text = arena_memdup(a, r->text.ptr, r->text.len);
    *out = (struct import_record){r->number, r->n_fields,
                                  ARENA_ARRAY(a, struct import_field, (size_t)r->n_fields)};
    for (size_t i = 0, at = 0; i < (size_t)r->n_fields; at = r->ends[i++])
        out->fields[i] = (struct import_field){{text + at, r->ends[i] - at}, r->nulls[i]};
    return NULL;
}

/* The fields as v20.1 shows them: those with a comma in quotes. */
struct error *
import_row_error(struct error *e, const pb_import_format *f, const struct import_record *r)
{
    bool csv = PB_GET(f, format) == AMBERDB__IMPORT_FORMAT__KIND__CSV;
    struct import_char comma = import_char_of(csv ? f->csv->comma : ',');
    struct str row, quoted;
    str_init(&row, RECORD_BYTES_MAX);
    str_init(&quoted, STR_MAX_DEFAULT);
    for (int i = 0; i < r->n; i++) {
        struct slice s = r->fields[i].text;
        bool has_comma = memmem(s.ptr, s.len, comma.bytes, comma.n) != NULL;
        if (i > 0)
            str_append(&row, comma.bytes, comma.n);
        if (has_comma)
            str_append_char(&row, '"');
        str_append_slice(&row, s);
        if (has_comma)
            str_append_char(&row, '"');
    }
    go_quote(&quoted, str_slice(&row));
    struct error *n = err_sqlstate(err_new(e->code, "error parsing row %lld: %s (row: %s)",
                                           (long long)r->number, e->message, str_cstr(&quoted)),
                                   e->sqlstate);
    err_free(e);
    str_release(&row);
    str_release(&quoted);
    return n;
}
