/* The text of a dump: one statement after the other, and the lines behind a COPY. */
#include "config.h"

#include "executor/import/dump.h"

#include <ctype.h>
#include <string.h>

#define COPY_LINE_END "\\."

/* Over the rest of a line. */
static void
skip_line(struct import_file *f)
{
    for (int ch = import_byte(f); ch >= 0 && ch != '\n';)
        ch = import_byte(f);
}

static void
skip_block_comment(struct import_file *f)
{
    for (int depth = 1; depth > 0;) {
        int ch = import_byte(f);
        if (ch < 0)
            return;
        if (ch == '*' && import_peek(f) == '/') {
            f->p++;
            depth--;
        } else if (ch == '/' && import_peek(f) == '*') {
            f->p++;
            depth++;
        }
    }
}

/* Blanks, comments, and what psql would take for itself: lines that begin with a backslash. */
static void
skip_idle(struct import_file *f)
{
    for (;;) {
        int ch = import_peek(f);
        if (ch >= 0 && (isspace(ch) || ch == ';')) {
            f->p++;
        } else if (ch == '\\' || (ch == '-' && import_file_need(f, 2) && f->p[1] == '-')) {
            skip_line(f);
        } else if (ch == '/' && import_file_need(f, 2) && f->p[1] == '*') {
            f->p += 2;
            skip_block_comment(f);
        } else {
            return;
        }
    }
}

/* Behind an opening quote; escapes: of an E'' string. */
static void
quoted(struct import_file *f, struct str *out, int quote, bool escapes)
{
    for (int ch = import_byte(f); ch >= 0; ch = import_byte(f)) {
        str_append_char(out, (char)ch);
        if (ch == '\\' && escapes && import_peek(f) >= 0)
            str_append_char(out, (char)import_byte(f));
        else if (ch == quote)
            return; /* a doubled one begins another, which is all the same here */
    }
}

/* At a '$' that was taken: $tag$ .. $tag$, if it is that. */
static void
dollar_quoted(struct import_file *f, struct str *out)
{
    size_t n = 0;
    while (n < 62 && import_file_need(f, n + 1) && (isalnum(f->p[n]) || f->p[n] == '_'))
        n++;
    if (!import_file_need(f, n + 1) || f->p[n] != '$' || (n > 0 && isdigit(f->p[0])))
        return;
    char tag[64] = "$";
    memcpy(tag + 1, f->p, n + 1);
    size_t len = n + 2;
    str_append(out, f->p, n + 1);
    f->p += n + 1;
    while (!import_file_need(f, len) || memcmp(f->p, tag, len) != 0) {
        int ch = import_byte(f);
        if (ch < 0)
            return;
        str_append_char(out, (char)ch);
    }
    str_append(out, tag, len);
    f->p += len;
}

struct error *
dump_statement(struct import_file *f, struct str *out, bool *more)
{
    str_clear(out);
    skip_idle(f);
    *more = import_peek(f) >= 0;
    for (int ch = import_byte(f), last = 0; ch >= 0 && ch != ';'; last = ch, ch = import_byte(f)) {
        if (ch == '-' && import_peek(f) == '-') {
            skip_line(f);
            ch = '\n';
        } else if (ch == '/' && import_peek(f) == '*') {
            f->p++;
            skip_block_comment(f);
            ch = ' ';
        }
        str_append_char(out, (char)ch);
        if (ch == '\'' || ch == '"')
            quoted(f, out, ch, ch == '\'' && (last == 'e' || last == 'E'));
        else if (ch == '$')
            dollar_quoted(f, out);
    }
    if (f->failed != NULL) {
        struct error *e = f->failed;
        f->failed = NULL;
        return e;
    }
    return str_error(out);
}

bool
dump_at_copy_end(struct import_file *f)
{
    if (!import_file_need(f, 2) || memcmp(f->p, COPY_LINE_END, 2) != 0)
        return false;
    if (import_file_need(f, 3) && f->p[2] != '\n' && f->p[2] != '\r')
        return false;
    skip_line(f);
    return true;
}

void
dump_begin_copy(struct import_file *f)
{
    skip_line(f);
}

struct error *
dump_skip_copy(struct import_file *f)
{
    dump_begin_copy(f);
    while (!dump_at_copy_end(f)) {
        if (import_peek(f) < 0 && f->failed != NULL)
            return NULL; /* whoever reads on is told */
        if (import_peek(f) < 0)
            return err_new(ERR_UNCATEGORIZED, "unexpected EOF in the data of COPY");
        skip_line(f);
    }
    return NULL;
}

bool
dump_begins(struct slice text, const char *words)
{
    size_t at = 0;
    for (; *words != '\0'; words++) {
        if (*words == ' ') {
            size_t blanks = at;
            while (at < text.len && isspace(text.ptr[at]))
                at++;
            if (at == blanks)
                return false;
        } else if (at == text.len || toupper(text.ptr[at++]) != *words) {
            return false;
        }
    }
    return at == text.len || !(isalnum(text.ptr[at]) || text.ptr[at] == '_');
}
