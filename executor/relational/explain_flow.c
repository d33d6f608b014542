#include "config.h"

#include "executor/relational/explain_int.h"

#include <libdeflate.h>

/* EXPLAIN (DISTSQL), EXPLAIN ANALYZE: the plan as v20.1's diagram of processors, in JSON, and as an
 * address whose page draws it.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/execinfrapb/flow_diagram.go: {"sql", "nodeNames", "processors":
 * [{"nodeIdx", "inputs", "core": {"title", "details"}, "outputs", "stage"}], "edges": [{"sourceProc",
 * "sourceOutput", "destProc", "destInput"}]}; the address holds it as zlib in base64 for URLs. */

struct flow {
    struct op *explain;
    struct arena *a;
    struct str procs, edges;
    int n_procs;
};

void
explain_put_json(struct str *s, const char *text)
{
    str_append_char(s, '"');
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            str_printf(s, "\\%c", *c);
        else if (*c < 0x20)
            str_printf(s, "\\u%04x", *c);
        else
            str_append_char(s, (char)*c);
    }
    str_append_char(s, '"');
}

static void
put_cells(struct str *s, int n)
{
    str_append_char(s, '[');
    for (int i = 0; i < n; i++)
        str_append_cstr(s, i > 0 ? ",{\"title\":\"\",\"details\":[]}" : "{\"title\":\"\",\"details\":[]}");
    str_append_char(s, ']');
}

static void
put_proc(struct flow *f, const char *title, const struct explain_notes *notes, int inputs, int outputs)
{
    struct str *s = &f->procs;

    str_append_cstr(s, f->n_procs > 0 ? ",{\"nodeIdx\":0,\"inputs\":" : "{\"nodeIdx\":0,\"inputs\":");
    put_cells(s, inputs);
    str_append_cstr(s, ",\"core\":{\"title\":");
    explain_put_json(s, title);
    str_append_cstr(s, ",\"details\":[");
    for (int i = 0; i < notes->n; i++) {
        if (i > 0)
            str_append_char(s, ',');
        explain_put_json(s, notes->v[i]);
    }
    str_append_cstr(s, "]},\"outputs\":");
    put_cells(s, outputs);
    str_printf(s, ",\"stage\":%d}", outputs == 0 ? 0 : f->n_procs + 1);
    f->n_procs++;
}

static void
put_edge(struct flow *f, int from, int to, int input)
{
    str_printf(&f->edges,
               "%s{\"sourceProc\":%d,\"sourceOutput\":0,\"destProc\":%d,\"destInput\":%d}",
               f->edges.len > 0 ? "," : "", from, to, input);
}

/* Inputs first. *at: the processor that n became. op: n's operator when it has run. */
static struct error *
put_node(struct flow *f, const struct plan_node *n, const struct op *op, int *at)
{
    struct explain_notes notes = {0};
    int inputs[2];

    for (int i = 0; i < n->n_children; i++)
        ERR_TRY(put_node(f, n->children[i], op == NULL ? NULL : op->children[i], &inputs[i]));
    ERR_TRY(explain_fields(f->explain, n, &notes));
    if (op != NULL) {
        explain_note(f->a, &notes, "rows: %lld", (long long)op->total_rows);
        explain_note(f->a, &notes, "time: %lld.%03lldms", (long long)(op->spent_ns / 1000000),
                     (long long)(op->spent_ns / 1000 % 1000));
    }
    *at = f->n_procs;
    put_proc(f, arena_printf(f->a, "%s/%d", explain_title(f->explain, n), *at), &notes,
             n->n_children, 1);
    for (int i = 0; i < n->n_children; i++)
        put_edge(f, inputs[i], *at, i);
    return NULL;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/execinfrapb/flow_diagram.go, encodeJSONToURL. */
void
explain_address(struct arena *a, const char *page, struct slice text, struct str *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);

    VERIFY(c != NULL);
    size_t room = libdeflate_zlib_compress_bound(c, text.len);
    uint8_t *b = arena_alloc(a, room + 3);
    size_t n = libdeflate_zlib_compress(c, text.ptr, text.len, b, room);
    libdeflate_free_compressor(c);
    memset(b + n, 0, 3);
    str_printf(out, "https://cockroachdb.github.io/%s/decode.html#", page);
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)b[i] << 16 | (uint32_t)b[i + 1] << 8 | b[i + 2];
        for (int k = 0; k < 4; k++)
            str_append_char(out, i + (size_t)k > n ? '=' : digits[v >> (18 - 6 * k) & 63]);
    }
}

struct error *
explain_flow(struct op *explain, struct arena *a, const struct plan_root *p, const struct op *ran,
             const char *sql, struct row_store *out)
{
    struct flow f = {.explain = explain, .a = a};
    struct explain_notes none = {0};
    struct str json, address;
    int last;

    str_init_arena(&f.procs, a, STR_MAX_DEFAULT);
    str_init_arena(&f.edges, a, STR_MAX_DEFAULT);
    str_init_arena(&json, a, STR_MAX_DEFAULT);
    str_init_arena(&address, a, STR_MAX_DEFAULT);
    ERR_TRY(put_node(&f, p->node, ran, &last));
    put_proc(&f, "Response", &none, 0, 0);
    put_edge(&f, last, last + 1, 0);
    str_append_cstr(&json, "{\"sql\":");
    explain_put_json(&json, sql);
    str_append_cstr(&json, ",\"nodeNames\":[\"1\"],\"processors\":[");
    str_append_slice(&json, str_slice(&f.procs));
    str_append_cstr(&json, "],\"edges\":[");
    str_append_slice(&json, str_slice(&f.edges));
    str_append_cstr(&json, "]}");
    ERR_TRY(str_error(&f.procs));
    ERR_TRY(str_error(&json));
    explain_address(a, "distsqlplan", str_slice(&json), &address);
    ERR_TRY(str_error(&address));
    struct datum row[3] = {datum_bool(false), datum_bytes(address.ptr, address.len),
                           datum_bytes(json.ptr, json.len)};
    return row_store_add(out, row);
}
