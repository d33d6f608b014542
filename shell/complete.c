/* What a word that was begun may become: keywords, and the names that the server knows. */
#include "config.h"

#include "shell/shell_int.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "base/arena.h"

#define LISTED_MAX 200

size_t
completion_word(const char *line, const char *cursor)
{
    const char *p = cursor;
    while (p > line && (isalnum((unsigned char)p[-1]) || p[-1] == '_' || (p[-1] & 0x80) != 0))
        p--;
    if (p - line == 1 && p[-1] == '\\') /* a backslash command */
        p--;
    return (size_t)(cursor - p);
}

/* Names that begin so, of tables, columns, databases and functions; and keywords. */
static const char query[] =
    "SELECT DISTINCT name FROM ("
    "SELECT word AS name FROM pg_catalog.pg_get_keywords() "
    "UNION ALL SELECT table_name FROM information_schema.tables "
    "UNION ALL SELECT column_name FROM information_schema.columns "
    "WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'crdb_internal') "
    "UNION ALL SELECT datname FROM pg_catalog.pg_database "
    "UNION ALL SELECT schema_name FROM information_schema.schemata "
    "UNION ALL SELECT proname FROM pg_catalog.pg_proc) AS n "
    "WHERE left(lower(name), length($1::STRING)) = lower($1) ORDER BY name LIMIT 2000";

struct candidates {
    struct slice word;
    bool upper; /* the word is written in capitals: so are keywords */
    struct str common;
    struct str *list;
    int n;
};

static void
add(struct candidates *c, const char *name)
{
    if (c->n++ == 0) {
        str_append_cstr(&c->common, name);
    } else {
        size_t same = 0;
        while (same < c->common.len && name[same] != '\0' &&
               tolower((unsigned char)name[same]) == tolower((unsigned char)c->common.ptr[same]))
            same++;
        c->common.len = same;
        c->common.ptr[same] = '\0';
    }
    if (c->n <= LISTED_MAX) {
        str_append_cstr(c->list, c->n > 1 ? "  " : "");
        str_append_cstr(c->list, name);
    } else if (c->n == LISTED_MAX + 1) {
        str_append_cstr(c->list, "  ...");
    }
}

static void
add_names(struct candidates *c, PGconn *conn)
{
    const char *word = (const char *)c->word.ptr;
    /* Within a transaction the question would count as a read of it. */
    if (PQtransactionStatus(conn) != PQTRANS_IDLE)
        return;
    PGresult *r = PQexecParams(conn, query, 1, NULL, &word, NULL, NULL, 0);
    for (int i = 0; PQresultStatus(r) == PGRES_TUPLES_OK && i < PQntuples(r); i++)
        add(c, PQgetvalue(r, i, 0));
    PQclear(r);
}

int
completion_find(struct shell *sh, struct slice word, struct str *grown, struct str *list)
{
    struct arena *a = arena_create(NULL, "completion");
    struct candidates c = {.word = slice_make(slice_to_cstr(a, word), word.len), .list = list};
    str_init(&c.common, 4096);
    if (word.len > 0 && word.ptr[0] == '\\')
        for (int i = 0; meta_name(i) != NULL; i++) {
            const char *name = arena_printf(a, "\\%s", meta_name(i));
            if (strncmp(name, (const char *)c.word.ptr, word.len) == 0)
                add(&c, name);
        }
    else if (word.len > 0)
        add_names(&c, sh->conn);
    if (c.common.len > word.len || (c.n == 1 && word.len > 0)) {
        bool upper = true;
        for (size_t i = 0; i < word.len; i++)
            upper = upper && !islower(word.ptr[i]) && word.ptr[i] != '_';
        for (size_t i = 0; i < c.common.len; i++)
            str_append_char(grown, upper ? (char)toupper((unsigned char)c.common.ptr[i])
                                         : c.common.ptr[i]);
        if (c.n == 1)
            str_append_char(grown, ' ');
    }
    str_release(&c.common);
    arena_destroy(a);
    return c.n;
}
