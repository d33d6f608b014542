/* types/sqltext.h - names and strings as SQL text writes them (sql.md 4). */
#ifndef AMBERDB_TYPES_SQLTEXT_H
#define AMBERDB_TYPES_SQLTEXT_H

#include "base/slice.h"

/* 'plain' or e'..\n' with the escapes of sql.md 4. */
void sql_quote_string(struct str *s, struct slice text);
/* A name, bare or in double quotes, as sql.md 4 prints it. */
void sql_quote_ident(struct str *s, struct slice name);
/* Go's %q: "a\"b\n" with \x and \u escapes; messages quote user text so. */
void go_quote(struct str *s, struct slice text);
const char *go_quoted(struct arena *a, struct slice text);
/* Lower-case letters of any script, digits and _, behind the first one - and . too; at most 63. */
bool sql_is_user_name(struct slice name);

/* `max` of " max ( int , text ) "; what is no such call comes back as it is. Names and arguments are
 * words of letters, digits, _ and quotes; names may have dots. */
struct slice sql_call_name(struct slice s);

#endif
