/* DELIMITED: what MySQL's SELECT INTO OUTFILE writes. Fields and rows are parted by one character each; a
 * field may be enclosed; an escape character makes the next one plain, or one of MySQL's \0 \b \n \r \t
 * \Z, and \N is NULL. Without an escape character the bare word NULL is.
 *
 * SOURCE: CockroachDB v20.1 pkg/ccl/importccl/read_import_mysqlout.go */
#include "config.h"

#include "executor/import/import_int.h"

struct delimited {
    struct import_reader *r;
    struct import_char row, field, encloser, escape;
    bool enclosed, was_enclosed, null;
};

static struct error *
escaped(struct delimited *d)
{
    static const char from[] = "0bnrtZ", to[] = "\0\b\n\r\t\x1a";
    int ch = import_byte(d->r->file);
    bool empty = d->r->text.len == import_field_start(d->r);
    if (ch < 0)
        return d->r->file->failed == NULL
                   ? err_new(ERR_UNCATEGORIZED, "unmatched literal in record %lld", (long long)d->r->number)
                   : NULL;
    if (ch == 'N' && empty && !d->enclosed) {
        d->null = true;
        return NULL;
    }
    const char *k = ch != 0 ? strchr(from, ch) : NULL;
    str_append_char(&d->r->text, k != NULL ? to[k - from] : (char)ch);
    return NULL;
}

static struct error *
end_field(struct delimited *d)
{
    struct import_reader *r = d->r;
    const Amberdb__ImportDelimited *o = r->format->delimited;
    struct slice text = import_field_text(r);
    if (d->null && text.len > 0)
        return err_new(ERR_UNCATEGORIZED, "unexpected data after null encoding");
    bool null = d->null || (!d->was_enclosed && d->escape.n == 0 && slice_eq(text, SLICE_LIT("NULL"))) ||
                (o->null_encoding != NULL && slice_eq(text, slice_cstr(o->null_encoding)));
    import_end_field(r, null);
    d->null = d->enclosed = d->was_enclosed = false;
    return NULL;
}

/* An encloser: at a field's begin, or before what ends a field or the file. Twice, it is one. */
static bool
takes_encloser(struct delimited *d, int ch)
{
    struct import_file *f = d->r->file;
    if (!import_takes(f, ch, &d->encloser))
        return false;
    int next = import_peek(f);
    bool begins = !d->enclosed && !d->was_enclosed && d->r->text.len == import_field_start(d->r);
    bool ends = d->enclosed && (next < 0 || next == d->field.bytes[0] || next == d->row.bytes[0]);
    if (begins || ends) {
        d->enclosed = begins;
        d->was_enclosed = true;
        return true;
    }
    str_append(&d->r->text, d->encloser.bytes, d->encloser.n);
    if (d->enclosed && next == d->encloser.bytes[0])
        import_takes(f, import_byte(f), &d->encloser);
    return true;
}

struct error *
import_next_delimited(struct import_reader *r, bool *more)
{
    const Amberdb__ImportDelimited *o = r->format->delimited;
    struct delimited d = {
        .r = r, .row = import_char_of(o->row_separator), .field = import_char_of(o->field_separator),
        .encloser = import_char_of(PB_GET(o, enclose) ? PB_GET(o, encloser) : 0),
        .escape = import_char_of(PB_GET(o, escapes) ? PB_GET(o, escape) : 0)};
    *more = import_peek(r->file) >= 0;
    if (!*more)
        return NULL;
    r->number++;
    for (;;) {
        int ch = import_byte(r->file);
        if (ch < 0 && d.enclosed && r->file->failed == NULL)
            return err_new(ERR_UNCATEGORIZED, "unmatched field enclosure at start of field");
        if (ch < 0 || (!d.enclosed && import_takes(r->file, ch, &d.row)))
            return end_field(&d);
        if (import_takes(r->file, ch, &d.escape))
            ERR_TRY(escaped(&d));
        else if (takes_encloser(&d, ch))
            continue;
        else if (!d.enclosed && import_takes(r->file, ch, &d.field))
            ERR_TRY(end_field(&d));
        else
            str_append_char(&r->text, (char)ch);
    }
}
