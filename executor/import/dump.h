/* executor/import/dump.h - what pg_dump writes: definitions, and rows as COPY or INSERT.
 *
 *     dump_schema    all statements but those with rows: sequences, tables with all that is added to them
 *                    afterwards, foreign keys, values of sequences
 *     import_next_dump (import_dump.c)    the rows
 *
 * SOURCE: CockroachDB v20.1 pkg/ccl/importccl/read_import_pgdump.go: what is taken, passed over, refused.
 */
#ifndef AMBERDB_EXECUTOR_IMPORT_DUMP_H
#define AMBERDB_EXECUTOR_IMPORT_DUMP_H

#include "executor/import/import_int.h"

/* ---- its text (dump_text.c) ---- */

/* The next statement without its `;` and comments outside of it; *more false at the end. */
struct error *dump_statement(struct import_file *f, struct str *out, bool *more) ERR_MUST_USE;
/* Over the rest of the line behind a COPY's `;`. */
void dump_begin_copy(struct import_file *f);
/* `\.` is next; it is taken. */
bool dump_at_copy_end(struct import_file *f);
/* Over all of its lines. */
struct error *dump_skip_copy(struct import_file *f) ERR_MUST_USE;
/* Does the text begin with these words (upper case, one blank between)? */
bool dump_begins(struct slice text, const char *words);

/* ---- its definitions (dump_schema.c) ---- */

struct dump_opts {
    const char *table;         /* that one alone; NULL: all */
    bool skip_foreign_keys;
};
/* Statements that make what the dump defines, in an order in which they can run: sequences, tables, foreign
 * keys and the rest. names: of the relations, tables and sequences. All in a. */
struct dump_schema {
    char **statements;
    size_t n_statements;
    char **names;
    size_t n_names;
};
struct error *dump_schema(struct arena *a, struct import_file *f, const struct dump_opts *o,
                          struct dump_schema *out) ERR_MUST_USE;

#endif
