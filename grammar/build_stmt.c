/* grammar/build_stmt.c - constructors of names, selects, table references and statements. */
#include "config.h"

#include "grammar/gram_int.h"

#include <string.h>

#include "types/collation.h"

/* ---- names ---- */

struct ast_object_name *
gram_object_name(struct gram *g, const struct ast_names *parts)
{
    struct ast_object_name *n = ARENA_NEW(g->arena, struct ast_object_name);
    n->count = parts->count;
    n->pos = parts->items[0].pos;
    n->object = parts->items[parts->count - 1].text;
    if (parts->count > 1)
        n->schema = parts->items[parts->count - 2].text;
    if (parts->count > 2)
        n->catalog = parts->items[parts->count - 3].text;
    return n;
}

struct ast_object_name *
gram_object_name1(struct gram *g, struct ast_name name)
{
    struct ast_names one = {.items = &name, .count = 1};
    return gram_object_name(g, &one);
}

struct ast_index_name *
gram_index_name(struct gram *g, struct ast_object_name *table, struct ast_name index)
{
    struct ast_index_name *n = ARENA_NEW(g->arena, struct ast_index_name);
    n->table = *table;
    n->index = index.text;
    n->has_table = true;
    n->pos = table->pos;
    return n;
}

struct ast_index_name *
gram_index_name_alone(struct gram *g, struct ast_object_name *name)
{
    struct ast_index_name *n = ARENA_NEW(g->arena, struct ast_index_name);
    n->table = *name;
    n->index = name->object;
    n->table.object = SLICE_NULL;
    n->table.count = name->count - 1;
    n->pos = name->pos;
    return n;
}

bool
gram_table_pattern(struct gram *g, const struct ast_expr *column, struct ast_table_pattern *out)
{
    int count = column->column.count, most = column->column.star ? 2 : 3;
    const struct slice *parts = column->column.parts;

    *out = (struct ast_table_pattern){.star = column->column.star};
    if (count > most) {
        gram_syntax_error(g, "invalid table name");
        return false;
    }
    out->name.pos = column->pos;
    out->name.count = count;
    if (!out->star) {
        out->name.object = parts[count - 1];
        count--;
    }
    if (count > 0)
        out->name.schema = parts[count - 1];
    if (count > 1)
        out->name.catalog = parts[count - 2];
    return true;
}

struct slice
gram_join_dotted(struct gram *g, const struct ast_names *parts)
{
    struct str s;
    if (parts->count == 1)
        return parts->items[0].text;
    str_init_arena(&s, g->arena, STR_MAX_DEFAULT);
    for (int i = 0; i < parts->count; i++) {
        if (i > 0)
            str_append_char(&s, '.');
        str_append_slice(&s, parts->items[i].text);
    }
    return str_slice(&s);
}

struct slice
gram_upper(struct gram *g, struct slice s)
{
    uint8_t *out = arena_memdup(g->arena, s.ptr, s.len);
    for (size_t i = 0; i < s.len; i++) {
        if (out[i] >= 'a' && out[i] <= 'z')
            out[i] = (uint8_t)(out[i] - 'a' + 'A');
    }
    return slice_make(out, s.len);
}

/* ---- selects ---- */

struct ast_select *
gram_select(struct gram *g, enum ast_select_kind kind, int pos)
{
    struct ast_select *s = ARENA_NEW(g->arena, struct ast_select);
    s->kind = kind;
    s->pos = pos;
    s->depth = 1;
    return s;
}

static int
windows_depth(const struct ast_windows *l)
{
    int depth = 0;
    for (int i = 0; i < l->count; i++) {
        const struct ast_window *w = l->items[i];
        depth = gram_max(depth, gram_depth_of_list(&w->partitions));
        depth = gram_max(depth, gram_depth_of_order(&w->order_by));
        if (w->frame != NULL) {
            depth = gram_max(depth, gram_depth_of(w->frame->start.expr));
            depth = gram_max(depth, gram_depth_of(w->frame->end.expr));
        }
    }
    return depth;
}

struct ast_select *
gram_select_clause(struct gram *g, int pos, struct ast_select_clause *c)
{
    struct ast_select *s = gram_select(g, AST_SELECT_CLAUSE, pos);
    int below = gram_depth_of_items(&c->items);
    below = gram_max(below, gram_depth_of_refs(&c->from));
    below = gram_max(below, gram_depth_of_list(&c->distinct_on));
    below = gram_max(below, gram_depth_of_list(&c->group_by));
    below = gram_max(below, gram_depth_of(c->as_of));
    below = gram_max(below, gram_depth_of(c->where));
    below = gram_max(below, gram_depth_of(c->having));
    below = gram_max(below, windows_depth(&c->windows));
    s->depth = gram_deep(g, below);
    s->clause = c;
    return s;
}

struct ast_select *
gram_values(struct gram *g, int pos, struct ast_values *v)
{
    struct ast_select *s = gram_select(g, AST_SELECT_VALUES, pos);
    int below = 0;
    for (int i = 0; i < v->count; i++)
        below = gram_max(below, gram_depth_of_list(&v->items[i]));
    s->depth = gram_deep(g, below);
    s->values = v;
    return s;
}

struct ast_select *
gram_values_of_one(struct gram *g, struct ast_expr *e)
{
    struct ast_values *v = ARENA_NEW(g->arena, struct ast_values);
    struct ast_exprs row = {0};
    GRAM_PUSH(g, &row, e);
    GRAM_PUSH(g, v, row);
    return gram_values(g, e->pos, v);
}

struct ast_select *
gram_setop(struct gram *g, int pos, enum ast_setop op, bool all, struct ast_select *l,
           struct ast_select *r)
{
    struct ast_select *s = gram_select(g, AST_SELECT_SETOP, pos);
    s->depth = gram_deep(g, gram_max(l->depth, r->depth));
    s->setop.op = op;
    s->setop.all = all;
    s->setop.left = l;
    s->setop.right = r;
    return s;
}

struct ast_select *
gram_select_paren(struct gram *g, int pos, struct ast_select *inner)
{
    struct ast_select *s = gram_select(g, AST_SELECT_PAREN, pos);
    s->depth = gram_deep(g, inner->depth);
    s->inner = inner;
    return s;
}

struct ast_select *
gram_select_tail(struct gram *g, struct ast_with *with, struct ast_select *s,
                 struct ast_order_by *order, struct ast_limit *limit, struct ast_locking *locking)
{
    int below = s->depth - 1;
    if (with != NULL) {
        s->with = with;
        s->pos = with->pos;
        below = gram_max(below, with->depth);
    }
    if (order != NULL) {
        s->order_by = *order;
        below = gram_max(below, gram_depth_of_order(order));
    }
    if (limit != NULL) {
        s->limit = limit->limit;
        s->limit_all = limit->all;
        s->offset = limit->offset;
        below = gram_max(below, gram_max(gram_depth_of(limit->limit), gram_depth_of(limit->offset)));
    }
    if (locking != NULL)
        s->locking = *locking;
    s->depth = gram_deep(g, below);
    return s;
}

/* ---- tables ---- */

struct ast_table_ref *
gram_table_ref(struct gram *g, enum ast_table_ref_kind kind, int pos, int below)
{
    struct ast_table_ref *t = ARENA_NEW(g->arena, struct ast_table_ref);
    t->kind = kind;
    t->pos = pos;
    t->depth = gram_deep(g, below);
    return t;
}

struct ast_table_ref *
gram_join(struct gram *g, int pos, struct ast_join *j)
{
    int below = gram_max(gram_max(j->left->depth, j->right->depth), gram_depth_of(j->on));
    struct ast_table_ref *t = gram_table_ref(g, AST_TABLE_JOIN, pos, below);
    t->join = j;
    return t;
}

void
gram_decorate(struct ast_table_ref *t, struct ast_index_flags *flags, bool ordinality,
              struct ast_alias *alias)
{
    if (flags != NULL)
        t->flags = flags;
    t->ordinality |= ordinality;
    if (alias != NULL) {
        t->has_alias = true;
        t->alias = *alias;
    }
}

bool
gram_index_flags_check(struct gram *g, const struct ast_index_flags *f)
{
    bool forced = f->index.len > 0 || f->index_id != 0;
    const char *reason = NULL;
    if (forced && f->no_index_join)
        reason = "FORCE_INDEX cannot be specified in conjunction with NO_INDEX_JOIN";
    else if (f->direction != AST_INDEX_DIR_ANY && !forced)
        reason = "ASC/DESC must be specified in conjunction with an index";
    if (reason != NULL)
        gram_syntax_error(g, reason);
    return reason == NULL;
}

bool
gram_index_flags_merge(struct gram *g, struct ast_index_flags *a, const struct ast_index_flags *b)
{
    bool a_forced = a->index.len > 0 || a->index_id != 0;
    bool b_forced = b->index.len > 0 || b->index_id != 0;
    const char *reason = NULL;
    if (a_forced && b_forced)
        reason = "FORCE_INDEX specified multiple times";
    else if (a->no_index_join && b->no_index_join)
        reason = "NO_INDEX_JOIN specified multiple times";
    else if (a->ignore_foreign_keys && b->ignore_foreign_keys)
        reason = "IGNORE_FOREIGN_KEYS specified multiple times";
    else if (a->direction != AST_INDEX_DIR_ANY && b->direction != AST_INDEX_DIR_ANY)
        reason = "ASC/DESC specified multiple times";
    if (reason != NULL) {
        gram_syntax_error(g, reason);
        return false;
    }
    if (b_forced) {
        a->index = b->index;
        a->index_id = b->index_id;
    }
    if (b->direction != AST_INDEX_DIR_ANY)
        a->direction = b->direction;
    a->no_index_join |= b->no_index_join;
    a->ignore_foreign_keys |= b->ignore_foreign_keys;
    return true;
}

/* ---- statements ---- */

struct ast_stmt *
gram_stmt(struct gram *g, enum ast_stmt_kind kind, int pos, void *node, int below)
{
    struct ast_stmt *s = ARENA_NEW(g->arena, struct ast_stmt);
    s->kind = kind;
    s->pos = pos;
    s->node = node;
    s->depth = gram_deep(g, below);
    return s;
}

/* Statements whose trees are not walked for their depth count as deep as all before them. */
struct ast_stmt *
gram_stmt_any(struct gram *g, enum ast_stmt_kind kind, int pos, void *node)
{
    return gram_stmt(g, kind, pos, node, g->high_depth);
}

struct ast_stmt *
gram_insert(struct gram *g, int pos, struct ast_with *with, bool upsert, struct ast_table_ref *table,
            struct ast_insert *rest, struct ast_on_conflict *conflict,
            struct ast_returning *returning)
{
    rest->with = with;
    rest->upsert = upsert;
    rest->table = table;
    rest->on_conflict = conflict;
    rest->returning = *returning;

    int below = gram_max(gram_depth_of_select(rest->select), gram_depth_of_items(&returning->items));
    below = gram_max(below, with == NULL ? 0 : with->depth);
    if (conflict != NULL) {
        below = gram_max(below, gram_depth_of_sets(&conflict->set));
        below = gram_max(below, gram_depth_of(conflict->where));
    }
    return gram_stmt(g, AST_STMT_INSERT, with != NULL ? with->pos : pos, rest, below);
}

struct ast_stmt *
gram_update(struct gram *g, int pos, struct ast_update *u)
{
    int below = gram_max(gram_depth_of_sets(&u->set), gram_depth_of_refs(&u->from));
    below = gram_max(below, u->with == NULL ? 0 : u->with->depth);
    below = gram_max(below, gram_max(gram_depth_of(u->where), gram_depth_of_order(&u->order_by)));
    below = gram_max(below, gram_max(gram_depth_of(u->limit), gram_depth_of(u->offset)));
    below = gram_max(below, gram_depth_of_items(&u->returning.items));
    return gram_stmt(g, AST_STMT_UPDATE, u->with != NULL ? u->with->pos : pos, u, below);
}

struct ast_stmt *
gram_delete(struct gram *g, int pos, struct ast_delete *d)
{
    int below = gram_max(gram_depth_of(d->where), gram_depth_of_order(&d->order_by));
    below = gram_max(below, d->with == NULL ? 0 : d->with->depth);
    below = gram_max(below, gram_max(gram_depth_of(d->limit), gram_depth_of(d->offset)));
    below = gram_max(below, gram_depth_of_items(&d->returning.items));
    return gram_stmt(g, AST_STMT_DELETE, d->with != NULL ? d->with->pos : pos, d, below);
}

struct ast_stmt *
gram_set_generic(struct gram *g, int pos, struct ast_name name, struct ast_exprs *values)
{
    struct slice lower = lex_fold_name(g->arena, name.text);
    if (slice_eq(lower, SLICE_LIT("tracing"))) {
        struct ast_set_tracing *t = ARENA_NEW(g->arena, struct ast_set_tracing);
        t->values = *values;
        return gram_stmt_any(g, AST_STMT_SET_TRACING, pos, t);
    }
    struct ast_set_var *v = ARENA_NEW(g->arena, struct ast_set_var);
    v->name = lower;
    v->values = *values;
    v->pos = name.pos;
    return gram_stmt_any(g, AST_STMT_SET_VAR, pos, v);
}

bool
gram_txn_modes_merge(struct gram *g, struct ast_txn_modes *a, const struct ast_txn_modes *b)
{
    const char *twice = NULL;
    if (a->isolation != AST_ISO_UNSPECIFIED && b->isolation != AST_ISO_UNSPECIFIED)
        twice = "isolation level specified multiple times";
    else if (a->priority != AST_PRIO_UNSPECIFIED && b->priority != AST_PRIO_UNSPECIFIED)
        twice = "user priority specified multiple times";
    else if (a->rw != AST_RW_UNSPECIFIED && b->rw != AST_RW_UNSPECIFIED)
        twice = "read mode specified multiple times";
    else if (a->as_of != NULL && b->as_of != NULL)
        twice = "AS OF SYSTEM TIME specified multiple times";
    if (twice != NULL) {
        gram_syntax_error(g, twice);
        return false;
    }
    if (b->isolation != AST_ISO_UNSPECIFIED)
        a->isolation = b->isolation;
    if (b->priority != AST_PRIO_UNSPECIFIED)
        a->priority = b->priority;
    if (b->rw != AST_RW_UNSPECIFIED)
        a->rw = b->rw;
    if (b->as_of != NULL)
        a->as_of = b->as_of;
    return true;
}

/* ---- columns and indexes ---- */

static bool
column_error(struct gram *g, const char *what, struct slice column)
{
    gram_syntax_error(g, arena_printf(g->arena, "%s \"%.*s\"", what, (int)column.len, column.ptr));
    return false;
}

static bool
collate_type(struct gram *g, struct ast_column_def *def, struct slice locale)
{
    struct ast_type *t = def->type;
    while (t->kind == AST_TYPE_ARRAY)
        t = t->elem;
    if (t->kind != AST_TYPE_STRING && t->kind != AST_TYPE_VARCHAR && t->kind != AST_TYPE_CHAR &&
        t->kind != AST_TYPE_QCHAR && t->kind != AST_TYPE_NAME)
        return column_error(g, "COLLATE declaration for non-string-typed column", def->name);
    if (t->collation.len > 0)
        return column_error(g, "multiple COLLATE declarations for column", def->name);
    struct error *unknown = collation_check(slice_to_cstr(g->arena, locale));
    if (unknown != NULL) {
        gram_syntax_error(g, arena_strdup(g->arena, unknown->message));
        err_free(unknown);
        return false;
    }
    t->collation = locale;
    return true;
}

/* Move COLLATE into the type; refuse what is said twice. */
bool
gram_column_quals(struct gram *g, struct ast_column_def *def)
{
    int seen[AST_COL_COLLATE + 1] = {0}, kept = 0;
    for (int i = 0; i < def->count; i++) {
        struct ast_col_qual *q = &def->items[i];
        seen[q->kind]++;
        if (q->kind == AST_COL_COLLATE) {
            if (!collate_type(g, def, q->family))
                return false;
            continue;
        }
        def->items[kept++] = *q;
    }
    def->count = kept;
    if (seen[AST_COL_NULL] > 0 && seen[AST_COL_NOT_NULL] > 0)
        return column_error(g, "conflicting NULL/NOT NULL declarations for column", def->name);
    if (seen[AST_COL_DEFAULT] > 1)
        return column_error(g, "multiple default values specified for column", def->name);
    if (seen[AST_COL_REFERENCES] > 1)
        return column_error(g, "multiple foreign key constraints specified for column", def->name);
    if (seen[AST_COL_FAMILY] > 1)
        return column_error(g, "multiple column families specified for column", def->name);
    return true;
}

bool
gram_index_elem(struct gram *g, struct ast_expr *e, enum ast_direction dir,
                struct ast_index_elem *out)
{
    if (e->kind != AST_EXPR_COLUMN || e->column.star || e->column.count != 1) {
        gram_unimplemented(g, 9682);
        return false;
    }
    *out = (struct ast_index_elem){e->column.parts[0], dir, e->pos};
    return true;
}

/* nulls: 0 not given, 1 FIRST, 2 LAST. Only v20.1's own order is taken. */
bool
gram_check_nulls_order(struct gram *g, enum ast_direction dir, int nulls)
{
    if ((nulls == 1 && dir == AST_DIR_DESC) || (nulls == 2 && dir != AST_DIR_DESC)) {
        gram_unimplemented(g, 6224);
        return false;
    }
    return true;
}

/* ---- options with names ---- */

static bool
is_word(struct slice s, const char *word)
{
    return slice_eq(s, slice_cstr(word));
}

/* HEADER, HEADER true, HEADER 'on', HEADER 1 */
static bool
copy_flag(struct gram *g, const struct ast_expr *value, bool *out)
{
    *out = true;
    if (value == NULL)
        return true;
    if (value->kind == AST_EXPR_BOOL) {
        *out = value->boolean;
        return true;
    }
    struct slice s = value->kind == AST_EXPR_STRING ? lex_fold_name(g->arena, value->string.text)
                     : value->kind == AST_EXPR_INT  ? value->number.text
                                                    : SLICE_NULL;
    if (is_word(s, "true") || is_word(s, "on") || is_word(s, "1"))
        return true;
    *out = false;
    if (is_word(s, "false") || is_word(s, "off") || is_word(s, "0"))
        return true;
    gram_syntax_error(g, "header requires a Boolean value");
    return false;
}

static bool
copy_text(struct gram *g, const char *key, const struct ast_expr *value, bool *has, struct slice *out)
{
    if (value == NULL || value->kind != AST_EXPR_STRING) {
        gram_syntax_error(g, arena_printf(g->arena, "%s requires a parameter", key));
        return false;
    }
    if (has != NULL)
        *has = true;
    *out = value->string.text;
    return true;
}

static bool
copy_format(struct gram *g, struct ast_copy *c, struct slice format)
{
    if (is_word(format, "text"))
        c->format = AST_COPY_TEXT;
    else if (is_word(format, "csv"))
        c->format = AST_COPY_CSV;
    else if (is_word(format, "binary"))
        c->format = AST_COPY_BINARY;
    else {
        gram_syntax_error(g, arena_printf(g->arena, "COPY format \"%.*s\" not recognized",
                                          (int)format.len, format.ptr));
        return false;
    }
    return true;
}

bool
gram_copy_option(struct gram *g, struct ast_copy *c, struct ast_name key, struct ast_expr *value,
                 struct ast_names *columns)
{
    struct slice k = lex_fold_name(g->arena, key.text);
    struct ast_names *force = is_word(k, "force_quote")      ? &c->force_quote
                              : is_word(k, "force_not_null") ? &c->force_not_null
                              : is_word(k, "force_null")     ? &c->force_null
                                                             : NULL;
    if (force != NULL && columns != NULL) {
        *force = *columns;
        return true;
    }
    if (is_word(k, "force_quote") && value != NULL && value->kind == AST_EXPR_COLUMN) {
        c->force_quote_all = true;
        return true;
    }
    if (columns == NULL && force == NULL) {
        if (value == NULL && (is_word(k, "csv") || is_word(k, "binary") || is_word(k, "text")))
            return copy_format(g, c, k);
        if (is_word(k, "format")) {
            struct slice f;
            return copy_text(g, "format", value, NULL, &f) &&
                   copy_format(g, c, lex_fold_name(g->arena, f));
        }
        if (is_word(k, "header"))
            return copy_flag(g, value, &c->header);
        if (is_word(k, "delimiter") || is_word(k, "delimiters"))
            return copy_text(g, "delimiter", value, &c->has_delimiter, &c->delimiter);
        if (is_word(k, "null"))
            return copy_text(g, "null", value, &c->has_null, &c->null);
        if (is_word(k, "quote"))
            return copy_text(g, "quote", value, &c->has_quote, &c->quote);
        if (is_word(k, "escape"))
            return copy_text(g, "escape", value, &c->has_escape, &c->escape);
        if (is_word(k, "destination"))
            return copy_text(g, "destination", value, &c->has_destination, &c->destination);
        if (is_word(k, "encoding"))
            return copy_text(g, "encoding", value, NULL, &c->encoding);
    }
    gram_syntax_error(g, arena_printf(g->arena, "option \"%.*s\" not recognized", (int)k.len, k.ptr));
    return false;
}

static char *
upper(struct gram *g, struct slice s)
{
    char *z = slice_to_cstr(g->arena, s);

    for (char *c = z; *c != '\0'; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    return z;
}

static bool
explain_mode(struct slice o, enum ast_explain_mode *mode)
{
    static const char *const names[] = {
        [AST_EXPLAIN_PLAN] = "plan", [AST_EXPLAIN_DISTSQL] = "distsql", [AST_EXPLAIN_OPT] = "opt",
        [AST_EXPLAIN_VEC] = "vec",   [AST_EXPLAIN_DEBUG] = "debug",
    };

    for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
        if (is_word(o, names[i])) {
            *mode = (enum ast_explain_mode)i;
            return true;
        }
    return false;
}

static bool
explain_flag(struct ast_explain *e, struct slice o)
{
    if (is_word(o, "verbose"))
        return e->verbose = true;
    if (is_word(o, "types"))
        return e->types = e->verbose = true;
    if (is_word(o, "env"))
        return e->env = true;
    if (is_word(o, "catalog"))
        return e->catalog = true;
    return is_word(o, "analyze") && (e->analyze = true);
}

struct ast_stmt *
gram_explain(struct gram *g, int pos, bool analyze, const struct ast_names *options,
             struct ast_stmt *stmt)
{
    struct ast_explain *e = ARENA_NEW(g->arena, struct ast_explain);
    bool given = false;
    const char *wrong = NULL;

    e->stmt = stmt;
    e->analyze = analyze;
    for (int i = 0; options != NULL && i < options->count && wrong == NULL; i++) {
        struct slice o = options->items[i].text;
        enum ast_explain_mode mode;
        if (!explain_mode(o, &mode)) {
            if (!explain_flag(e, o))
                wrong = arena_printf(g->arena, "unsupported EXPLAIN option: %s", upper(g, o));
            continue;
        }
        if (given)
            wrong = arena_printf(g->arena, "cannot set EXPLAIN mode more than once: %s", upper(g, o));
        given = true;
        e->mode = mode;
    }
    if (!given && e->analyze)
        e->mode = AST_EXPLAIN_DISTSQL;
    if (wrong == NULL && e->analyze && e->mode != AST_EXPLAIN_DISTSQL && e->mode != AST_EXPLAIN_DEBUG)
        wrong = arena_printf(g->arena, "EXPLAIN ANALYZE cannot be used with %s",
                             e->mode == AST_EXPLAIN_PLAN  ? "PLAN"
                             : e->mode == AST_EXPLAIN_OPT ? "OPT"
                                                          : "VEC");
    if (wrong == NULL && !e->analyze && e->mode == AST_EXPLAIN_DEBUG)
        wrong = "DEBUG flag can only be used with EXPLAIN ANALYZE";
    if (wrong != NULL) {
        gram_syntax_error(g, wrong);
        return NULL;
    }
    return gram_stmt(g, AST_STMT_EXPLAIN, pos, e, stmt->depth);
}

const char *
ast_stmt_kind_name(enum ast_stmt_kind kind)
{
    static const char *const names[] = {
#define X(kind, type, member) #kind,
        AST_STMT_LIST(X)
#undef X
    };
    return names[kind];
}
