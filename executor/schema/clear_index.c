/* Entries that lie among another table's rows are taken out when their index or table goes: when nothing is
 * interleaved in the other table any more, its readers take all keys for rows. What lies by itself waits for
 * the garbage collector.
 * SOURCE: CockroachDB v20.1 pkg/sql/schema_changer.go: interleaved indexes have no time to live. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "catalog/row.h"

#define CHECK_CANCEL_EVERY 1024 /* keys */

bool
ddl_is_interleaved(const pb_index *ix)
{
    return ix != NULL && ix->interleave != NULL && ix->interleave->n_ancestors > 0;
}

static struct span
what_is_left(struct exec_ctx *x, const struct table *t, const struct index *ix, const struct ddl_piece *piece)
{
    struct span s = row_index_span(x->arena, t, ix);
    if (piece != NULL && slice_cmp(piece->from, s.start) > 0 && slice_cmp(piece->from, s.end) < 0)
        s.start = piece->from;
    return s;
}

/* Nobody writes entries any more, so the scan needs not to be held against writers of the other table. */
static struct error *
clear_span(struct exec_ctx *x, struct row_decoder *dec, struct datum *row, struct kv_scan *scan,
           struct ddl_piece *piece)
{
    struct arena *scratch = arena_create(x->arena, "entries of an index");
    struct error *err = NULL;
    for (uint64_t n = 0;; n++) {
        struct kv_entry e;
        bool more, starts, skip = false;
        if (n % CHECK_CANCEL_EVERY == 0)
            ERR_GOTO(cancel_check(x->cancel), out);
        ERR_GOTO(kv_scan_next(scan, &e, &more), out);
        if (!more)
            break;
        if (piece != NULL && (n >= piece->max_rows || piece->bytes >= piece->max_bytes)) {
            piece->next = slice_dup(x->arena, e.key);
            break;
        }
        arena_reset(scratch);
        row_decoder_reset(dec);
        ERR_GOTO(row_decode(dec, e.key, e.value, scratch, row, &starts, &skip), out);
        if (skip)
            continue;
        if (piece != NULL)
            piece->bytes += e.key.len;
        ERR_GOTO(kv_del(x->txn, slice_dup(scratch, e.key)), out);
    }
out:
    arena_destroy(scratch);
    return err;
}

struct error *
ddl_clear_index(struct exec_ctx *x, const struct table *t, const struct index *ix, struct ddl_piece *piece)
{
    bool *needed = arena_zalloc(x->arena, (size_t)t->n_all_columns + 1);
    struct datum *row = ARENA_ARRAY(x->arena, struct datum, (size_t)t->n_all_columns + 1);
    struct row_decoder_opts o = {.table = t, .index = ix, .needed = needed};
    struct kv_scan_opts so = {.span = what_is_left(x, t, ix, piece), .no_track = true};
    struct row_decoder *dec;
    struct kv_scan *scan;
    if (piece != NULL) {
        piece->bytes = 0;
        piece->next = (struct slice){0};
    }
    kv_txn_step(x->txn);
    ERR_TRY(row_decoder_create(x->arena, &o, &dec));
    ERR_TRY(kv_scan_open(x->txn, &so, &scan));
    struct error *err = clear_span(x, dec, row, scan, piece);
    kv_scan_close(scan);
    return err;
}

struct error *
ddl_lies_among(struct exec_ctx *x, const struct table *t, const struct index *ix, uint32_t root, bool *yes)
{
    const pb_descriptor *d;
    *yes = false;
    if (!ddl_is_interleaved(ix->pb))
        return NULL;
    uint32_t around = PB_GET(ix->pb->interleave->ancestors[0], table_id);
    ERR_TRY(catalog_descriptor(x->catalog, around, &d));
    *yes = d != NULL && pb_descriptor_table(d) != NULL && around != root && around != t->id &&
           PB_GET(pb_descriptor_table(d), state) != AMBERDB__STATE__DROP;
    return NULL;
}

struct error *
ddl_clear_interleaved(struct exec_ctx *x, const pb_table *pb, uint32_t root)
{
    const struct table *t;
    ERR_TRY(table_from_pb(x->arena, pb, &t));
    for (int i = 0; i < t->n_all_indexes; i++) {
        bool among;
        ERR_TRY(ddl_lies_among(x, t, &t->indexes[i], root, &among));
        if (among)
            ERR_TRY(ddl_clear_index(x, t, &t->indexes[i], NULL));
    }
    return NULL;
}
