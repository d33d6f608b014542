/* Rows as tables, CSV, TSV, records, raw, SQL or HTML. */
#include "config.h"

#include "shell/shell_int.h"

#include <wchar.h>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/arena.h"

struct printer {
    struct shell *sh;
    int n_cols;
    int64_t n_rows;
    bool begun;
    /* table: all rows are kept, for the widths */
    struct arena *arena;
    const char **names;
    bool *right;      /* numbers */
    const char **cells; /* n_rows * n_cols; NULL = SQL NULL is shown as text already */
    size_t cap;
};

static const struct {
    const char *name;
    enum shell_format format;
} formats[] = {{"table", FORMAT_TABLE}, {"pretty", FORMAT_TABLE}, {"csv", FORMAT_CSV},
               {"tsv", FORMAT_TSV},     {"records", FORMAT_RECORDS}, {"raw", FORMAT_RAW},
               {"sql", FORMAT_SQL},     {"html", FORMAT_HTML}};

bool
format_by_name(const char *name, enum shell_format *out)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (strcmp(formats[i].name, name) == 0) {
            *out = formats[i].format;
            return true;
        }
    return false;
}

struct printer *
printer_open(struct shell *sh)
{
    struct arena *a = arena_create(NULL, "printer");
    struct printer *p = ARENA_NEW(a, struct printer);
    p->arena = a;
    p->sh = sh;
    return p;
}

static bool
is_number(Oid type)
{
    return type == 20 || type == 21 || type == 23 || type == 26 || type == 700 || type == 701 ||
           type == 1700;
}

/* ---- small writers -------------------------------------------------------------------------- */

static void
put_csv(FILE *f, const char *v, char separator)
{
    if (*v != '\0' && strpbrk(v, separator == ',' ? ",\"\n\r" : "\t\"\n\r") == NULL) {
        fputs(v, f);
        return;
    }
    if (*v == '\0') {
        return;
    }
    putc('"', f);
    for (; *v != '\0'; v++) {
        if (*v == '"')
            putc('"', f);
        putc(*v, f);
    }
    putc('"', f);
}

static void
put_html(FILE *f, const char *v)
{
    for (; *v != '\0'; v++) {
        if (*v == '<')
            fputs("&lt;", f);
        else if (*v == '>')
            fputs("&gt;", f);
        else if (*v == '&')
            fputs("&amp;", f);
        else if (*v == '\n')
            fputs("<br/>", f);
        else
            putc(*v, f);
    }
}

static void
put_sql_string(FILE *f, const char *v)
{
    putc('\'', f);
    for (; *v != '\0'; v++) {
        if (*v == '\'')
            putc('\'', f);
        putc(*v, f);
    }
    putc('\'', f);
}

static void
begin(struct printer *p, const PGresult *r)
{
    FILE *f = p->sh->out;
    p->begun = true;
    p->n_cols = PQnfields(r);
    p->names = ARENA_ARRAY(p->arena, const char *, (size_t)p->n_cols + 1);
    p->right = ARENA_ARRAY(p->arena, bool, (size_t)p->n_cols + 1);
    for (int i = 0; i < p->n_cols; i++) {
        p->names[i] = arena_strdup(p->arena, PQfname(r, i));
        p->right[i] = is_number(PQftype(r, i));
    }
    switch (p->sh->format) {
    case FORMAT_CSV:
    case FORMAT_TSV:
        for (int i = 0; i < p->n_cols; i++) {
            if (i > 0)
                putc(p->sh->format == FORMAT_CSV ? ',' : '\t', f);
            put_csv(f, p->names[i], p->sh->format == FORMAT_CSV ? ',' : '\t');
        }
        putc('\n', f);
        break;
    case FORMAT_RAW:
        fprintf(f, "# %d column%s\n", p->n_cols, p->n_cols == 1 ? "" : "s");
        break;
    case FORMAT_SQL:
        fputs("CREATE TABLE results (\n", f);
        for (int i = 0; i < p->n_cols; i++)
            fprintf(f, "  \"%s\" STRING%s\n", p->names[i], i + 1 < p->n_cols ? "," : "");
        fputs(");\n\n", f);
        break;
    case FORMAT_HTML:
        fputs("<table>\n<thead><tr><th>row</th>", f);
        for (int i = 0; i < p->n_cols; i++) {
            fputs("<th>", f);
            put_html(f, p->names[i]);
            fputs("</th>", f);
        }
        fputs("</tr></thead>\n<tbody>\n", f);
        break;
    case FORMAT_TABLE:
    case FORMAT_RECORDS:
        break;
    }
}

#define OID_BOOL 16

/* As `cockroach sql` prints it: booleans as words. */
static const char *
cell(const PGresult *r, int row, int col)
{
    if (PQgetisnull(r, row, col))
        return "NULL";
    const char *v = PQgetvalue(r, row, col);
    if (PQftype(r, col) == OID_BOOL)
        return *v == 't' ? "true" : "false";
    return v;
}

static void
stream_row(struct printer *p, const PGresult *r, int row)
{
    FILE *f = p->sh->out;
    switch (p->sh->format) {
    case FORMAT_CSV:
    case FORMAT_TSV:
        for (int i = 0; i < p->n_cols; i++) {
            char separator = p->sh->format == FORMAT_CSV ? ',' : '\t';
            if (i > 0)
                putc(separator, f);
            put_csv(f, cell(r, row, i), separator);
        }
        putc('\n', f);
        break;
    case FORMAT_RECORDS: {
        int width = 0;
        for (int i = 0; i < p->n_cols; i++)
            if ((int)strlen(p->names[i]) > width)
                width = (int)strlen(p->names[i]);
        fprintf(f, "-[ RECORD %lld ]\n", (long long)p->n_rows);
        for (int i = 0; i < p->n_cols; i++) {
            const char *v = cell(r, row, i);
            fprintf(f, "%-*s | ", width, p->names[i]);
            for (; *v != '\0'; v++) {
                putc(*v, f);
                if (*v == '\n')
                    fprintf(f, "%-*s | ", width, "");
            }
            putc('\n', f);
        }
        break;
    }
    case FORMAT_RAW:
        fprintf(f, "# row %lld\n", (long long)p->n_rows);
        for (int i = 0; i < p->n_cols; i++)
            fprintf(f, "## %zu\n%s\n", strlen(cell(r, row, i)), cell(r, row, i));
        break;
    case FORMAT_SQL:
        fputs("INSERT INTO results VALUES (", f);
        for (int i = 0; i < p->n_cols; i++) {
            if (i > 0)
                fputs(", ", f);
            if (PQgetisnull(r, row, i))
                fputs("NULL", f);
            else
                put_sql_string(f, cell(r, row, i));
        }
        fputs(");\n", f);
        break;
    case FORMAT_HTML:
        fprintf(f, "<tr><td>%lld</td>", (long long)p->n_rows);
        for (int i = 0; i < p->n_cols; i++) {
            fputs("<td>", f);
            put_html(f, cell(r, row, i));
            fputs("</td>", f);
        }
        fputs("</tr>\n", f);
        break;
    case FORMAT_TABLE:
        break;
    }
}

void
printer_rows(struct printer *p, const PGresult *r)
{
    if (!p->begun)
        begin(p, r);
    int n = PQntuples(r);
    for (int row = 0; row < n; row++) {
        p->n_rows++;
        if (p->sh->format != FORMAT_TABLE) {
            stream_row(p, r, row);
            continue;
        }
        size_t used = (size_t)(p->n_rows - 1) * (size_t)p->n_cols;
        if (used + (size_t)p->n_cols > p->cap) {
            size_t cap = p->cap == 0 ? 256 + (size_t)p->n_cols : 2 * p->cap;
            p->cells = arena_realloc(p->arena, p->cells, p->cap * sizeof(char *),
                                     cap * sizeof(char *));
            p->cap = cap;
        }
        for (int i = 0; i < p->n_cols; i++)
            p->cells[used + (size_t)i] = arena_strdup(p->arena, cell(r, row, i));
    }
}

/* ---- table ---------------------------------------------------------------------------------- */

/* Columns on the screen of the text up to a newline; tabs are four. */
static int
display_width(const char *s, size_t len)
{
    int w = 0;
    int32_t i = 0;
    while ((size_t)i < len) {
        UChar32 c;
        U8_NEXT(s, i, (int32_t)len, c);
        if (c == '\t') {
            w += 4;
        } else if (c >= 0x20 && u_charType(c) != U_NON_SPACING_MARK) {
            int wide = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
            w += wide == U_EA_WIDE || wide == U_EA_FULLWIDTH ? 2 : 1;
        }
    }
    return w;
}

static int
cell_width(const char *s)
{
    int most = 0;
    for (;;) {
        size_t n = strcspn(s, "\n");
        int w = display_width(s, n);
        if (w > most)
            most = w;
        if (s[n] == '\0')
            return most;
        s += n + 1;
    }
}

static void
put_expanded(struct str *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\t')
            str_append_cstr(out, "    ");
        else if (s[i] != '\r')
            str_append_char(out, s[i]);
    }
}

static void
flush_line(FILE *f, struct str *line)
{
    while (line->len > 0 && line->ptr[line->len - 1] == ' ')
        line->len--;
    fwrite(line->ptr, 1, line->len, f);
    putc('\n', f);
    str_clear(line);
}

/* One row, as many lines as its tallest cell has. */
static void
table_row(struct printer *p, FILE *f, const char *const *cells, const int *widths, bool header,
          struct str *line)
{
    const char **rest = ARENA_ARRAY(p->arena, const char *, (size_t)p->n_cols + 1);
    bool more = true;
    for (int i = 0; i < p->n_cols; i++)
        rest[i] = cells[i];
    while (more) {
        more = false;
        for (int i = 0; i < p->n_cols; i++) {
            const char *s = rest[i] != NULL ? rest[i] : "";
            size_t n = strcspn(s, "\n");
            int pad = widths[i] - display_width(s, n);
            int left = header ? pad / 2 : p->right[i] ? pad : 0;
            str_append_cstr(line, i == 0 ? "  " : "| ");
            str_append_fill(line, ' ', (size_t)left);
            put_expanded(line, s, n);
            str_append_fill(line, ' ', (size_t)(pad - left) + 1);
            rest[i] = s[n] == '\n' ? s + n + 1 : NULL;
            more = more || rest[i] != NULL;
        }
        flush_line(f, line);
    }
}

static void
print_table(struct printer *p)
{
    FILE *f = p->sh->out;
    int *widths = ARENA_ARRAY(p->arena, int, (size_t)p->n_cols + 1);
    struct str line;
    str_init(&line, STR_MAX_DEFAULT);
    for (int i = 0; i < p->n_cols; i++) {
        widths[i] = cell_width(p->names[i]);
        for (int64_t r = 0; r < p->n_rows; r++) {
            int w = cell_width(p->cells[r * p->n_cols + i]);
            if (w > widths[i])
                widths[i] = w;
        }
    }
    if (p->n_cols > 0) {
        table_row(p, f, p->names, widths, true, &line);
        for (int i = 0; i < p->n_cols; i++) {
            if (i > 0)
                str_append_char(&line, '+');
            int ends = (i == 0) + (i == p->n_cols - 1);
            str_append_fill(&line, '-', (size_t)(widths[i] + 2 + ends));
        }
        flush_line(f, &line);
        for (int64_t r = 0; r < p->n_rows; r++)
            table_row(p, f, &p->cells[r * p->n_cols], widths, false, &line);
    }
    fprintf(f, "(%lld row%s)\n", (long long)p->n_rows, p->n_rows == 1 ? "" : "s");
    str_release(&line);
}

void
printer_close(struct printer *p, bool complete)
{
    FILE *f = p->sh->out;
    if (p->begun && complete) {
        switch (p->sh->format) {
        case FORMAT_TABLE:
            print_table(p);
            break;
        case FORMAT_RAW:
        case FORMAT_SQL:
            fprintf(f, "%s %lld row%s\n", p->sh->format == FORMAT_SQL ? "--" : "#",
                    (long long)p->n_rows, p->n_rows == 1 ? "" : "s");
            break;
        case FORMAT_HTML:
            fprintf(f, "</tbody>\n<tfoot><tr><td colspan=%d>%lld row%s</td></tr></tfoot></table>\n",
                    p->n_cols + 1, (long long)p->n_rows, p->n_rows == 1 ? "" : "s");
            break;
        case FORMAT_CSV:
        case FORMAT_TSV:
        case FORMAT_RECORDS:
            break;
        }
    }
    arena_destroy(p->arena);
}
