#include "config.h"

#include "grammar/print.h"
#include "planner/plan_int.h"

/* The way in: a statement to a plan_root. */

static struct error *
plan_any(struct planner *p, const struct ast_stmt *s, struct plan_node **out)
{
    switch ((int)s->kind) {
    case AST_STMT_SELECT:
        p->top = s->select;
        while (p->top->kind == AST_SELECT_PAREN)
            p->top = p->top->inner;
        return plan_select(p, NULL, s->select, p->wanted, p->n_wanted, out);
    case AST_STMT_INSERT:
        return plan_insert(p, s->insert, out);
    case AST_STMT_UPDATE:
        return plan_update(p, s->update, out);
    case AST_STMT_DELETE:
        return plan_delete(p, s->delete_, out);
    default:
        return err_new(ERR_INTERNAL, "statement of kind %s has no plan",
                       ast_stmt_kind_name(s->kind));
    }
}

/* [stmt], and statements in WITH. */
struct error *
plan_row_source(struct planner *p, const struct ast_stmt *s, struct plan_node **out)
{
    switch ((int)s->kind) {
    case AST_STMT_SELECT:
        return plan_select(p, NULL, s->select, NULL, 0, out);
    case AST_STMT_INSERT:
    case AST_STMT_UPDATE:
    case AST_STMT_DELETE: {
        ERR_TRY(plan_any(p, s, out));
        /* Its rows are read through a CTE, so that it runs once and to its end. */
        return NULL;
    }
    case AST_STMT_EXPLAIN: {
        struct plan_root *r;
        ERR_TRY(plan_statement(p, s, &r));
        *out = r->node;
        return NULL;
    }
    default:
        break;
    }
    if (p->hooks == NULL)
        return err_new(ERR_FEATURE_NOT_SUPPORTED, "this statement is no source of rows here");
    struct ast_select *sel = NULL;
    if (p->hooks->statement_rewrite != NULL)
        ERR_TRY(p->hooks->statement_rewrite(p->hook_arg, s, &sel));
    if (sel != NULL) {
        bool skip = p->skip_privileges;
        struct cte_binding *ctes = p->ctes;
        p->skip_privileges = true;
        p->custom = true;
        p->ctes = NULL;
        struct error *err = plan_select(p, NULL, sel, NULL, 0, out);
        p->skip_privileges = skip;
        p->ctes = ctes;
        return err;
    }
    int n;
    const struct plan_column *cols;
    ERR_TRY(p->hooks->statement_columns(p->hook_arg, s, &n, &cols));
    if (n < 0) {
        struct str text;
        str_init_arena(&text, p->arena, 64 << 10);
        print_stmt(&text, s, NULL);
        return err_new(ERR_UNDEFINED_COLUMN, "statement source \"%s\" does not return any columns",
                       str_cstr(&text));
    }
    struct plan_statement *ps = plan_node_new(p, PLAN_STATEMENT, sizeof(*ps), n, 0);
    memcpy(ps->base.cols, cols, (size_t)n * sizeof(cols[0]));
    ps->stmt = s;
    *out = &ps->base;
    return NULL;
}

static const char *
tag_of(const struct ast_stmt *s)
{
    switch ((int)s->kind) {
    case AST_STMT_INSERT:
        return "INSERT 0 ";
    case AST_STMT_UPDATE:
        return "UPDATE ";
    case AST_STMT_DELETE:
        return "DELETE ";
    case AST_STMT_EXPLAIN:
        return "EXPLAIN ";
    default:
        return "SELECT ";
    }
}

static struct error *
make_root(struct planner *p, const struct ast_stmt *s, struct plan_node *n, struct plan_root **out)
{
    struct plan_root *r = ARENA_NEW(p->arena, struct plan_root);
    int *visible = ARENA_ARRAY(p->arena, int, (size_t)n->n_cols + 1);

    plan_prune_ctes(p);
    r->node = n;
    for (int i = 0; i < n->n_cols; i++)
        visible[r->n_visible++] = i;
    r->visible = visible;
    r->n_subqueries = p->n_subqueries;
    r->n_ctes = p->n_ctes;
    r->n_with = p->n_with;
    r->with = p->with;
    r->returns_rows = mutation_returns(n);
    r->tag = tag_of(s);
    r->mutates = p->has_mutation;
    r->locks = p->locks;
    r->tables = p->tables;
    r->n_tables = p->n_tables;
    r->cacheable = p->cacheable;
    *out = r;
    return NULL;
}

/* Statements that are functions are one node of their name. */
static struct error *
plan_explained(struct planner *p, const struct ast_stmt *s, struct plan_root **out)
{
    struct ast_select *sel = NULL;

    if (s->kind == AST_STMT_SELECT || s->kind == AST_STMT_INSERT || s->kind == AST_STMT_UPDATE ||
        s->kind == AST_STMT_DELETE || s->kind == AST_STMT_EXPLAIN)
        return plan_statement(p, s, out);
    if (p->hooks != NULL && p->hooks->statement_rewrite != NULL)
        ERR_TRY(p->hooks->statement_rewrite(p->hook_arg, s, &sel));
    if (sel != NULL) {
        struct plan_node *n;
        ERR_TRY(plan_row_source(p, s, &n));
        return make_root(p, s, n, out);
    }
    struct plan_statement *ps = plan_node_new(p, PLAN_STATEMENT, sizeof(*ps), 0, 0);
    ps->stmt = s;
    return make_root(p, s, &ps->base, out);
}

static struct error *
plan_explain(struct planner *p, const struct ast_explain *a, struct plan_root **out)
{
    struct plan_root *inner;
    struct ast_stmt *stmt = a->stmt;
    bool opt = a->mode == AST_EXPLAIN_OPT || a->mode == AST_EXPLAIN_VEC ||
               a->mode == AST_EXPLAIN_DEBUG;
    bool flow = a->mode == AST_EXPLAIN_DISTSQL;
    bool verbose = (a->verbose || a->types) && !opt && !flow;
    static const struct plan_column flow_columns[] = {
        {.name = "automatic", .type = &TYPE_BOOL},
        {.name = "url", .type = &TYPE_STRING},
        {.name = "json", .type = &TYPE_STRING, .hidden = true},
    };
    static const char *const names[] = {"tree", "field", "description"};
    static const char *const verbose_names[] = {"tree",        "level",   "type",    "field",
                                                "description", "columns", "ordering"};

    ERR_TRY(plan_explained(p, stmt, &inner));
    if (a->analyze && inner->node->kind == PLAN_STATEMENT)
        return err_unimplemented(0, "EXPLAIN ANALYZE of this statement");
    struct plan_explain *e =
        plan_node_new(p, PLAN_EXPLAIN, sizeof(*e), opt ? 1 : flow || !verbose ? 3 : 7, 0);
    if (flow)
        memcpy(e->base.cols, flow_columns, sizeof(flow_columns));
    for (int i = 0; i < e->base.n_cols && !flow; i++)
        e->base.cols[i] = (struct plan_column){
            .name = opt ? "text" : verbose ? verbose_names[i] : names[i],
            .type = verbose && i == 1 ? &TYPE_INT8 : &TYPE_STRING,
            .hidden = verbose && (i == 1 || i == 2)};
    e->plan = inner;
    e->ast = a;
    struct ast_stmt self = {.kind = AST_STMT_EXPLAIN};
    if (!a->analyze) {
        /* Nothing of the explained statement runs. */
        p->has_mutation = false;
        p->n_with = 0;
    }
    ERR_TRY(make_root(p, &self, &e->base, out));
    if (verbose || flow) {
        int *visible = ARENA_ARRAY(p->arena, int, 5);
        int n = 0;
        for (int i = 0; i < e->base.n_cols; i++)
            if (!e->base.cols[i].hidden)
                visible[n++] = i;
        (*out)->visible = visible;
        (*out)->n_visible = n;
    }
    return NULL;
}

struct error *
plan_statement(struct planner *p, const struct ast_stmt *s, struct plan_root **out)
{
    struct plan_node *n;

    if (s->kind == AST_STMT_EXPLAIN)
        return plan_explain(p, s->explain, out);
    ERR_TRY(plan_any(p, s, &n));
    return make_root(p, s, n, out);
}
