/* CSV as Go's encoding/csv reads it, which v20.1 uses: a field is quoted when it begins with a quote; `""`
 * within is one; where quotes are not strict, another one within a field stands for itself. Lines without a
 * character are no records, nor are those that begin with the comment character. */
#include "config.h"

#include "executor/import/import_int.h"

struct csv {
    struct import_reader *r;
    struct import_char comma;
    bool strict;
};

/* What follows a field. */
enum ending { END_COMMA, END_LINE, END_FILE };

static struct error *
bad_quote(const struct csv *c, const char *what)
{
    return err_new(ERR_UNCATEGORIZED, "parse error in record %lld: %s", (long long)c->r->number, what);
}

/* \r\n is \n. */
static bool
is_line_end(struct import_file *f, int ch)
{
    if (ch == '\r' && import_peek(f) == '\n') {
        f->p++;
        return true;
    }
    return ch == '\n';
}

static struct error *
quoted_field(const struct csv *c, enum ending *end)
{
    struct import_file *f = c->r->file;
    struct str *text = &c->r->text;
    for (;;) {
        int ch = import_byte(f);
        if (ch < 0) {
            *end = END_FILE;
            return c->strict && f->failed == NULL ? bad_quote(c, "extraneous or missing \" in quoted-field")
                                                  : NULL;
        }
        if (ch != '"') {
            str_append_char(text, is_line_end(f, ch) ? '\n' : (char)ch);
            continue;
        }
        ch = import_byte(f);
        if (ch == '"') {
            str_append_char(text, '"');
            continue;
        }
        *end = ch < 0 ? END_FILE : import_takes(f, ch, &c->comma) ? END_COMMA : END_LINE;
        if (*end != END_LINE || is_line_end(f, ch))
            return NULL;
        if (c->strict)
            return bad_quote(c, "extraneous or missing \" in quoted-field");
        str_append_char(text, '"');
        f->p--; /* the byte is there again: the buffer keeps what it gave last */
    }
}

static struct error *
bare_field(const struct csv *c, enum ending *end)
{
    struct import_file *f = c->r->file;
    struct str *text = &c->r->text;
    for (;;) {
        int ch = import_byte(f);
        *end = ch < 0 ? END_FILE : import_takes(f, ch, &c->comma) ? END_COMMA : END_LINE;
        if (*end != END_LINE || is_line_end(f, ch))
            return NULL;
        if (ch == '"' && c->strict)
            return bad_quote(c, "bare \" in non-quoted-field");
        str_append_char(text, (char)ch);
    }
}

static void
skip_line(struct import_file *f)
{
    for (int ch = import_byte(f); ch >= 0 && ch != '\n';)
        ch = import_byte(f);
}

/* Over lines that are no records. */
static void
skip_idle_lines(struct import_file *f, const struct import_char *comment)
{
    for (;;) {
        int ch = import_peek(f);
        if (ch == '\n' || (ch == '\r' && import_file_need(f, 2) && f->p[1] == '\n')) {
            f->p += ch == '\r' ? 2 : 1;
            continue;
        }
        if (comment->n == 0 || !import_file_need(f, comment->n) ||
            memcmp(f->p, comment->bytes, comment->n) != 0)
            return;
        skip_line(f);
    }
}

/* A null encoding is compared with what the field holds, in quotes or not. */
static bool
is_null(const struct import_reader *r)
{
    const char *null = r->format->csv->null_encoding;
    return null != NULL && slice_eq(import_field_text(r), slice_cstr(null));
}

struct error *
import_next_csv(struct import_reader *r, bool *more)
{
    const Amberdb__ImportCsv *o = r->format->csv;
    struct csv c = {r, import_char_of(o->comma), PB_GET(o, strict_quotes)};
    struct import_char comment = import_char_of(PB_GET(o, comment));
    enum ending end;
    if (r->number == 0 && import_file_need(r->file, 3) && memcmp(r->file->p, "\xEF\xBB\xBF", 3) == 0)
        r->file->p += 3; /* a byte order mark */
    skip_idle_lines(r->file, &comment);
    *more = import_peek(r->file) >= 0;
    if (!*more)
        return NULL;
    r->number++;
    do {
        bool quoted = import_peek(r->file) == '"';
        if (quoted)
            r->file->p++;
        ERR_TRY(quoted ? quoted_field(&c, &end) : bare_field(&c, &end));
        import_end_field(r, is_null(r));
    } while (end == END_COMMA);
    return NULL;
}
