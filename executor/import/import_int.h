/* executor/import/import_int.h - IMPORT: rows of text files into a table.
 *
 *     import.c       the statement: options, files, the table (made, or taken offline), the job's row
 *     import_job.c   the job: records in batches, each a transaction with the position behind it
 *     import_file.c  a file of any destination as bytes, decompressed
 *     import_csv.c, import_delimited.c, import_copy.c, import_dump.c    bytes to records
 *
 * Format:  SOURCE: CockroachDB v20.1 pkg/ccl/importccl: options, what a record is, error texts.
 * Threads: the job's alone.
 */
#ifndef AMBERDB_EXECUTOR_IMPORT_INT_H
#define AMBERDB_EXECUTOR_IMPORT_INT_H

#include "catalog/pb.h"
#include "executor/exec.h"
#include "executor/jobs/jobs.h"
#include "executor/mutation/mutation.h"
#include "grammar/ast.h"

typedef Amberdb__ImportDetails pb_import;
typedef Amberdb__ImportFormat pb_import_format;

/* ---- bytes (import_file.c) ---- */

struct import_file {
    const uint8_t *p, *end; /* what was read and not yet used */
    struct error *failed;   /* why there is no more; NULL: the file ends */
};
/* Its memory is of `a`; closed with it. Compression AUTO: as the name ends. */
struct error *import_file_open(struct node *n, struct arena *a, const char *uri,
                               Amberdb__ImportFormat__Compression c, const struct cancel *cancel,
                               struct import_file **out) ERR_MUST_USE;
/* Are n more bytes there (n <= 64)? They are at f->p then. */
bool import_file_need(struct import_file *f, size_t n);
/* Bytes of the file that were read, as they lie there; and of how many. */
uint64_t import_file_read(const struct import_file *f);
uint64_t import_file_size(const struct import_file *f);
/* The URI without secrets, for messages. */
const char *import_file_name(const struct import_file *f);

/* The next byte, or -1: import_file's `failed` tells why. */
static inline int
import_byte(struct import_file *f)
{
    return f->p < f->end || import_file_need(f, 1) ? *f->p++ : -1;
}
static inline int
import_peek(struct import_file *f)
{
    return f->p < f->end || import_file_need(f, 1) ? *f->p : -1;
}

/* ---- characters ---- */

struct import_char { /* as UTF-8; n 0: there is none */
    uint8_t bytes[4];
    size_t n;
};
struct import_char import_char_of(int32_t code);
/* Is it next? Then it is taken. `first`: the byte that was just taken. */
static inline bool
import_takes(struct import_file *f, int first, const struct import_char *c)
{
    if (c->n == 0 || first != c->bytes[0])
        return false;
    if (c->n == 1)
        return true;
    if (!import_file_need(f, c->n - 1) || memcmp(f->p, c->bytes + 1, c->n - 1) != 0)
        return false;
    f->p += c->n - 1;
    return true;
}

/* ---- records ---- */

struct import_field {
    struct slice text;
    bool null;
};
struct import_record {
    int64_t number; /* in its file, from 1; what is skipped counts */
    int n;
    struct import_field *fields;
};

/* Whose rows come in a dump. */
struct import_rows_of {
    const char *table;
    size_t n_columns;      /* 0: all that are not computed */
    char **columns;
};

struct dump_rows;
struct import_reader {
    struct import_file *file;
    struct arena *arena;
    const pb_import_format *format;
    int64_t number;        /* of the record read last */
    struct str text;       /* of the record being read */
    size_t *ends;          /* of its fields in text */
    bool *nulls;
    int n_fields, room;
    struct import_rows_of to; /* PGDUMP alone */
    bool begins;           /* no record was read, but `to` has changed */
    struct dump_rows *dump;
};
/* Memory from a. */
void import_reader_init(struct import_reader *r, struct arena *a, struct import_file *f,
                        const pb_import_format *format);
/* For the formats: text up to here is a field. */
void import_end_field(struct import_reader *r, bool null);
/* Where the field being read begins in r->text. */
static inline size_t
import_field_start(const struct import_reader *r)
{
    return r->n_fields > 0 ? r->ends[r->n_fields - 1] : 0;
}

/* Its text so far. */
static inline struct slice
import_field_text(const struct import_reader *r)
{
    size_t start = import_field_start(r);
    return r->text.len > start ? slice_make(r->text.ptr + start, r->text.len - start) : SLICE_LIT("");
}

/* One record's fields into r; *more false at the end of the file. */
typedef struct error *(*import_next)(struct import_reader *r, bool *more);
struct error *import_next_csv(struct import_reader *r, bool *more) ERR_MUST_USE;
struct error *import_next_delimited(struct import_reader *r, bool *more) ERR_MUST_USE;
struct error *import_next_copy(struct import_reader *r, bool *more) ERR_MUST_USE;
struct error *import_next_dump(struct import_reader *r, bool *more) ERR_MUST_USE;
/* How many of a file's first records are no rows. */
int64_t import_skips(const pb_import_format *f);
/* Any format. out lives in a, and is not set when r->begins. */
struct error *import_read(struct import_reader *r, struct arena *a, struct import_record *out,
                          bool *more) ERR_MUST_USE;

/* `error parsing row 3: <e> (row: "a,b")`. */
struct error *import_row_error(struct error *e, const pb_import_format *f,
                               const struct import_record *r) ERR_MUST_USE;

/* ---- the job ---- */

/* A table of the job, which is offline as the job left it. */
struct error *import_table(struct exec_ctx *x, const Amberdb__ImportDetails__Table *to,
                           const struct table **t) ERR_MUST_USE;

/* import_rows.c: records to rows. */
struct import_batch {
    const pb_import *d;
    const Amberdb__ImportDetails__Table *to;
    size_t n_columns;          /* that fields are for; 0: all that are not computed */
    char *const *columns;
    const char *file;          /* for messages */
    struct import_record *v;
    size_t n;
};
/* In x's transaction: the batch's rows, and what they came to. */
struct error *import_write_rows(struct exec_ctx *x, const struct import_batch *b,
                                struct mut_written *written) ERR_MUST_USE;

#endif
