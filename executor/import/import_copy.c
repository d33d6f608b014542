/* PGCOPY: the text format of PostgreSQL's COPY: a line a row; backslash escapes; `\.` ends the file.
 *
 * SOURCE: CockroachDB v20.1 pkg/ccl/importccl/read_import_pgcopy.go */
#include "config.h"

#include "executor/import/import_int.h"

#include "executor/copy.h"

/* The field read last, as it lies in the file, becomes what it means. */
static void
end_field(struct import_reader *r, struct arena *scratch)
{
    struct slice raw = import_field_text(r);
    bool null = slice_eq(raw, slice_cstr(pb_str(r->format->pg_copy->null)));
    if (!null && memchr(raw.ptr, '\\', raw.len) != NULL) {
        raw = slice_dup(scratch, raw);
        r->text.len = import_field_start(r);
        copy_unescape(&r->text, raw);
    }
    import_end_field(r, null);
}

static struct error *
read_fields(struct import_reader *r, struct arena *scratch)
{
    const Amberdb__ImportPgCopy *o = r->format->pg_copy;
    struct import_char delimiter = import_char_of(o->delimiter);
    for (;;) {
        int ch = import_byte(r->file);
        if (ch == '\r' && import_peek(r->file) == '\n')
            ch = import_byte(r->file);
        if (ch < 0 || ch == '\n') {
            end_field(r, scratch);
            return NULL;
        }
        if (import_takes(r->file, ch, &delimiter)) {
            end_field(r, scratch);
            continue;
        }
        str_append_char(&r->text, (char)ch);
        if (ch == '\\' && (ch = import_byte(r->file)) >= 0)
            str_append_char(&r->text, (char)ch);
        if (r->text.len > (size_t)o->max_row_size)
            return err_new(ERR_UNCATEGORIZED, "line too long");
    }
}

struct error *
import_next_copy(struct import_reader *r, bool *more)
{
    struct import_file *f = r->file;
    *more = import_peek(f) >= 0;
    if (*more && import_file_need(f, 2) && memcmp(f->p, "\\.", 2) == 0)
        *more = import_file_need(f, 3) && f->p[2] != '\n' && f->p[2] != '\r';
    if (!*more)
        return NULL;
    r->number++;
    struct arena *scratch = arena_create(NULL, "copy");
    struct error *e = read_fields(r, scratch);
    arena_destroy(scratch);
    return e;
}
