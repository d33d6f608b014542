/* Do the layers cover what is wanted, without a hole in time? And which files hold what?
 *
 * The key space is cut at every endpoint of a span or file of any layer and of what is wanted. Over
 * each piece the layers are walked with a clock, oldest first: a layer that covers the piece must
 * begin where the one before ended. SOURCE: restore-mechanics 4 (CockroachDB v20.1
 * makeImportSpans). */
#include "config.h"

#include "executor/backup/backup_int.h"

#include <stdlib.h>

/* Intervals of one kind (a layer's spans, its introduced spans, its files, what is wanted), walked
 * along with the pieces. */
struct track {
    struct cover_file *files; /* parallel to v, for files */
    struct span *v;           /* sorted by start */
    size_t n, next;
    struct slice reach;       /* largest end among those that have begun */
    bool begun;
    size_t *active, n_active; /* files that may cover the piece at hand */
};

struct point_list {
    struct slice *v;
    size_t n;
};

static int
by_bytes(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static int
by_file_start(const void *pa, const void *pb)
{
    const struct cover_file *a = pa, *b = pb;
    int c = slice_cmp(span_key(a->file->span), span_key(b->file->span));
    return c != 0 ? c : (a->index > b->index) - (a->index < b->index);
}

static void
track_of_spans(struct arena *a, struct track *t, pb_span *const *spans, size_t n)
{
    struct span_list l = {0};
    for (size_t i = 0; i < n; i++)
        span_list_add(a, &l, (struct span){span_key(spans[i]), span_end(spans[i])});
    span_list_sort(&l);
    *t = (struct track){.v = l.v, .n = l.n};
}

static void
track_of_files(struct arena *a, struct track *t, const struct backup_layer *l, uint32_t layer,
               uint32_t *next_index)
{
    size_t n = l->m->n_files;
    *t = (struct track){.files = ARENA_ARRAY(a, struct cover_file, n + 1),
                        .v = ARENA_ARRAY(a, struct span, n + 1),
                        .active = ARENA_ARRAY(a, size_t, n + 1), .n = n};
    for (size_t i = 0; i < n; i++)
        t->files[i] = (struct cover_file){l, layer, l->m->files[i], (*next_index)++};
    if (n > 1)
        qsort(t->files, n, sizeof(t->files[0]), by_file_start);
    for (size_t i = 0; i < n; i++)
        t->v[i] = (struct span){span_key(t->files[i].file->span),
                                span_end(t->files[i].file->span)};
}

static void
add_points(struct point_list *p, const struct track *t)
{
    for (size_t i = 0; i < t->n; i++) {
        p->v[p->n++] = t->v[i].start;
        p->v[p->n++] = t->v[i].end;
    }
}

/* Move on to the piece that begins at `at`. */
static void
advance(struct track *t, struct slice at)
{
    while (t->next < t->n && slice_cmp(t->v[t->next].start, at) <= 0) {
        if (!t->begun || slice_cmp(t->v[t->next].end, t->reach) > 0)
            t->reach = t->v[t->next].end;
        t->begun = true;
        if (t->active != NULL)
            t->active[t->n_active++] = t->next;
        t->next++;
    }
    size_t kept = 0;
    for (size_t i = 0; i < t->n_active; i++)
        if (slice_cmp(t->v[t->active[i]].end, at) > 0)
            t->active[kept++] = t->active[i];
    t->n_active = kept;
}

static bool
covers(const struct track *t, struct slice end)
{
    return t->begun && slice_cmp(t->reach, end) >= 0;
}

static struct error *
hole(struct arena *a, struct hlc from, struct hlc to, struct span s, const char *why)
{
    char f[HLC_STR_MAX], t[HLC_STR_MAX];
    hlc_text(from, f);
    hlc_text(to, t);
    return err_new(ERR_UNCATEGORIZED, "no backup covers time [%s,%s) for range [%s,%s) %s", f, t,
                   key_text(a, s.start), key_text(a, s.end), why);
}

#define MISMATCH "or backups listed out of order (mismatched start time)"
#define UNCOVERED "(or backups out of order)"

struct state {
    const struct coverage *c;
    struct arena *a;
    struct track *introduced, *spans, *files; /* by layer */
    struct track wanted;
};

static struct error *
visit(struct state *s, struct span piece)
{
    const struct coverage *c = s->c;
    struct cover_interval iv = {.span = piece};
    struct hlc ts = HLC_MIN;
    size_t n_files = 0;
    bool wanted = covers(&s->wanted, piece.end);
    for (size_t i = 0; i < c->n_layers; i++) {
        const struct backup_layer *l = &c->layers[i];
        if (covers(&s->introduced[i], piece.end)) {
            if (!hlc_is_empty(ts))
                return hole(s->a, ts, HLC_MIN, piece, MISMATCH);
            ts = l->start;
        }
        if (covers(&s->spans[i], piece.end)) {
            if (hlc_cmp(ts, l->start) != 0)
                return hole(s->a, ts, l->start, piece, MISMATCH);
            ts = l->end;
        }
        n_files += s->files[i].n_active;
    }
    if (!wanted)
        return NULL;
    if (hlc_cmp(ts, c->end) != 0) {
        if (c->missing == NULL || !hlc_is_empty(ts))
            return hole(s->a, ts, c->end, piece, UNCOVERED);
        return c->missing(c->arg, piece);
    }
    if (c->each == NULL)
        return NULL;
    iv.files = ARENA_ARRAY(s->a, struct cover_file, n_files + 1);
    for (size_t i = 0; i < c->n_layers; i++)
        for (size_t k = 0; k < s->files[i].n_active; k++)
            iv.files[iv.n_files++] = s->files[i].files[s->files[i].active[k]];
    return c->each(c->arg, &iv);
}

struct error *
coverage_check(struct arena *scratch, const struct coverage *c)
{
    struct state s = {.c = c, .a = scratch};
    struct point_list p = {0};
    uint32_t next_index = 0;
    size_t n = c->n_layers, total = c->wanted->n;
    s.introduced = ARENA_ARRAY(scratch, struct track, n + 1);
    s.spans = ARENA_ARRAY(scratch, struct track, n + 1);
    s.files = ARENA_ARRAY(scratch, struct track, n + 1);
    s.wanted = (struct track){.v = c->wanted->v, .n = c->wanted->n};
    for (size_t i = 0; i < n; i++) {
        const pb_manifest *m = c->layers[i].m;
        track_of_spans(scratch, &s.introduced[i], m->introduced_spans, m->n_introduced_spans);
        track_of_spans(scratch, &s.spans[i], m->spans, m->n_spans);
        track_of_files(scratch, &s.files[i], &c->layers[i], (uint32_t)i, &next_index);
        total += s.introduced[i].n + s.spans[i].n + s.files[i].n;
    }
    p.v = ARENA_ARRAY(scratch, struct slice, 2 * total + 1);
    add_points(&p, &s.wanted);
    for (size_t i = 0; i < n; i++) {
        add_points(&p, &s.introduced[i]);
        add_points(&p, &s.spans[i]);
        add_points(&p, &s.files[i]);
    }
    if (p.n > 1)
        qsort(p.v, p.n, sizeof(p.v[0]), by_bytes);
    for (size_t i = 0; i + 1 < p.n; i++) {
        if (slice_eq(p.v[i], p.v[i + 1]))
            continue;
        advance(&s.wanted, p.v[i]);
        for (size_t k = 0; k < n; k++) {
            advance(&s.introduced[k], p.v[i]);
            advance(&s.spans[k], p.v[i]);
            advance(&s.files[k], p.v[i]);
        }
        ERR_TRY(visit(&s, (struct span){p.v[i], p.v[i + 1]}));
    }
    return NULL;
}
