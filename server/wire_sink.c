/* Results as messages: RowDescription, DataRow, CommandComplete, notices, COPY. */
#include "config.h"

#include <string.h>

#include "server/connection.h"

#include "planner/batch.h"

#define COLUMNS_MAX INT16_MAX /* what the messages can count */

static int16_t
column_format(int n_formats, const int16_t *formats, int col)
{
    if (n_formats == 0)
        return 0;
    return n_formats == 1 ? formats[0] : formats[col];
}

struct error *
send_row_description(struct wire *w, int n, const struct result_column *cols, int n_formats,
                     const int16_t *formats)
{
    if (n > COLUMNS_MAX)
        return err_new(ERR_TOO_MANY_COLUMNS, "a result can have at most %d columns", COLUMNS_MAX);
    wire_begin(w, 'T');
    wire_u16(w, (uint16_t)n);
    for (int i = 0; i < n; i++) {
        const struct type *t = cols[i].type;
        wire_cstr(w, cols[i].name);
        wire_u32(w, cols[i].table_id);
        wire_u16(w, (uint16_t)cols[i].attnum);
        /* a collated string goes out as text, a NULL of unknown type as unknown */
        wire_u32(w, t->oid != 0 ? t->oid : 705);
        wire_u16(w, (uint16_t)type_wire_size(t));
        wire_u32(w, UINT32_MAX);
        wire_u16(w, (uint16_t)column_format(n_formats, formats, i));
    }
    wire_end(w);
    return NULL;
}

static void
send_field(struct wire *w, char code, const char *text)
{
    if (text == NULL)
        return;
    wire_u8(w, (uint8_t)code);
    wire_cstr(w, text);
}

static void
send_report(struct wire *w, char type, const struct error *e, const char *severity)
{
    char line[16];
    struct str s;
    wire_begin(w, type);
    send_field(w, 'S', severity);
    send_field(w, 'C', e->sqlstate);
    if (strcmp(e->sqlstate, "XX000") == 0) { /* said on the wire only, in front of all */
        str_init(&s, STR_MAX_DEFAULT);
        str_printf(&s, "internal error: %s", e->message);
        send_field(w, 'M', str_cstr(&s));
        str_release(&s);
    } else {
        send_field(w, 'M', e->message);
    }
    send_field(w, 'D', e->detail);
    send_field(w, 'H', e->hint);
    if (e->file != NULL) {
        str_init(&s, sizeof(line));
        str_printf(&s, "%d", e->line);
        send_field(w, 'F', e->file);
        send_field(w, 'L', str_cstr(&s));
        send_field(w, 'R', "amberdb");
        str_release(&s);
    }
    wire_u8(w, 0);
    wire_end(w);
}

void
send_error(struct wire *w, const struct error *e, const char *severity)
{
    send_report(w, 'E', e, severity);
}

void
send_notice(struct wire *w, const struct error *e, const char *severity)
{
    send_report(w, 'N', e, severity);
}

void
send_parameter(struct wire *w, const char *name, const char *value)
{
    wire_begin(w, 'S');
    wire_cstr(w, name);
    wire_cstr(w, value);
    wire_end(w);
}

static struct error *
sink_columns(struct result_sink *sink, int n, const struct result_column *cols)
{
    struct wire_sink *s = (struct wire_sink *)sink;
    s->n_cols = n;
    s->cols = cols;
    return s->describe ? send_row_description(&s->c->wire, n, cols, s->n_formats, s->formats) : NULL;
}

static struct error *
put_value(struct wire_sink *s, int col, const struct datum *d, const struct eval_env *env)
{
    struct wire *w = &s->c->wire;
    if (d->null) {
        wire_u32(w, UINT32_MAX);
        return NULL;
    }
    size_t at = w->out.len;
    const struct type *t = s->cols[col].type;
    wire_u32(w, 0);
    if (column_format(s->n_formats, s->formats, col) == 1)
        ERR_TRY(datum_to_binary(&w->out, t, d, env));
    else
        datum_format(&w->out, t, d, TEXT_WIRE, env);
    ERR_TRY(str_error(&w->out));
    enc_put_be32((uint8_t *)w->out.ptr + at, (uint32_t)(w->out.len - at - 4));
    return NULL;
}

static bool
sink_results_sent(struct result_sink *sink)
{
    struct wire_sink *s = (struct wire_sink *)sink;
    return s->c->wire.sent > s->mark_sent + s->mark;
}

/* The first results wait for each other, so that what gave them can run again. */
static struct error *
send_if_full(struct wire_sink *s)
{
    struct wire *w = &s->c->wire;
    size_t most = sink_results_sent(&s->base) ? WIRE_FLUSH_AT : s->c->results_buffer;
    return w->out.len >= most ? wire_flush(w) : NULL;
}

static struct error *
sink_rows(struct result_sink *sink, const struct batch *b, const struct eval_env *env)
{
    struct wire_sink *s = (struct wire_sink *)sink;
    struct wire *w = &s->c->wire;
    int live = batch_live(b);
    for (int i = 0; i < live; i++) {
        int row = batch_row(b, i);
        size_t start = w->out.len;
        wire_begin(w, 'D');
        wire_u16(w, (uint16_t)s->n_cols);
        for (int c = 0; c < s->n_cols; c++) {
            struct error *e = put_value(s, c, &b->cols[c][row], env);
            if (e != NULL) {
                w->out.len = start; /* no half message */
                w->out.failed = false;
                return e;
            }
        }
        wire_end(w);
        ERR_TRY(send_if_full(s));
    }
    return NULL;
}

static void
set_mark(struct wire_sink *s)
{
    s->mark = s->c->wire.out.len;
    s->mark_sent = s->c->wire.sent;
}

static struct error *
sink_complete(struct result_sink *sink, const char *tag)
{
    struct wire_sink *s = (struct wire_sink *)sink;
    struct wire *w = &s->c->wire;
    if (tag == NULL) {
        wire_begin(w, 'I');
    } else {
        wire_begin(w, 'C');
        wire_cstr(w, tag);
    }
    wire_end(w);
    ERR_TRY(send_if_full(s));
    if (!s->held)
        set_mark(s);
    return NULL;
}

static void
sink_notice(struct result_sink *sink, const struct error *e, const char *severity)
{
    send_notice(&((struct wire_sink *)sink)->c->wire, e, severity);
}

static void
sink_parameter(struct result_sink *sink, const char *name, const char *value)
{
    send_parameter(&((struct wire_sink *)sink)->c->wire, name, value);
}

static void
copy_start(struct wire *w, char type, int n_cols, bool binary)
{
    wire_begin(w, type);
    wire_u8(w, binary);
    wire_u16(w, (uint16_t)n_cols);
    for (int i = 0; i < n_cols; i++)
        wire_u16(w, binary);
    wire_end(w);
}

static struct error *
sink_copy_in_start(struct result_sink *sink, int n_cols, bool binary)
{
    struct wire *w = &((struct wire_sink *)sink)->c->wire;
    copy_start(w, 'G', n_cols, binary);
    return wire_flush(w);
}

static struct error *
sink_copy_in_data(struct result_sink *sink, struct slice *data, bool *done)
{
    struct wire *w = &((struct wire_sink *)sink)->c->wire;
    for (;;) {
        char type;
        bool eof;
        *done = false;
        ERR_TRY(wire_read_message(w, &type, data, &eof));
        if (eof)
            return err_new(ERR_CONNECTION_FAILURE, "client closed the connection during COPY");
        struct reader r = reader_make(*data);
        switch (type) {
        case 'd':
            return NULL;
        case 'c':
            *done = true;
            *data = SLICE_NULL;
            return NULL;
        case 'f':
            return err_new(ERR_QUERY_CANCELED, "COPY from stdin failed: %s", payload_cstr(&r));
        case 'H':
        case 'S':
            continue; /* flush and sync mean nothing inside COPY */
        default:
            return err_new(ERR_PROTOCOL_VIOLATION,
                           "unexpected message type 0x%02x during COPY from stdin", (uint8_t)type);
        }
    }
}

static struct error *
sink_copy_out_start(struct result_sink *sink, int n_cols, bool binary)
{
    copy_start(&((struct wire_sink *)sink)->c->wire, 'H', n_cols, binary);
    return NULL;
}

static struct error *
sink_copy_out_data(struct result_sink *sink, struct slice data)
{
    struct wire *w = &((struct wire_sink *)sink)->c->wire;
    wire_begin(w, 'd');
    wire_bytes(w, data.ptr, data.len);
    wire_end(w);
    return w->out.len >= WIRE_FLUSH_AT ? wire_flush(w) : NULL;
}

static struct error *
sink_copy_out_end(struct result_sink *sink)
{
    struct wire *w = &((struct wire_sink *)sink)->c->wire;
    wire_begin(w, 'c');
    wire_end(w);
    return NULL;
}

static struct error *
sink_flush(struct result_sink *sink)
{
    return wire_flush(&((struct wire_sink *)sink)->c->wire);
}

static void
sink_rewind(struct result_sink *sink)
{
    struct wire_sink *s = (struct wire_sink *)sink;
    struct wire *w = &s->c->wire;
    /* What lay before the mark may have been sent since; then the mark is where the rest starts. */
    uint64_t gone = w->sent - s->mark_sent;
    size_t keep = s->mark > gone ? (size_t)(s->mark - gone) : 0;
    w->out.len = keep;
    w->out.failed = false;
}

static void
sink_hold(struct result_sink *sink, bool held)
{
    struct wire_sink *s = (struct wire_sink *)sink;
    s->held = held;
    set_mark(s);
}

void
wire_sink_init(struct wire_sink *s, struct connection *c, bool describe, int n_formats,
               const int16_t *formats)
{
    *s = (struct wire_sink){
        .base = {.columns = sink_columns,
                 .rows = sink_rows,
                 .complete = sink_complete,
                 .notice = sink_notice,
                 .parameter = sink_parameter,
                 .copy_in_start = sink_copy_in_start,
                 .copy_in_data = sink_copy_in_data,
                 .copy_out_start = sink_copy_out_start,
                 .copy_out_data = sink_copy_out_data,
                 .copy_out_end = sink_copy_out_end,
                 .flush = sink_flush,
                 .results_sent = sink_results_sent,
                 .rewind = sink_rewind,
                 .hold = sink_hold},
        .c = c,
        .describe = describe,
        .n_formats = n_formats,
        .formats = formats,
    };
    set_mark(s);
}
