/* grammar/print_int.h - what the printers of expressions, queries, DDL and the rest share. */
#ifndef AMBERDB_GRAMMAR_PRINT_INT_H
#define AMBERDB_GRAMMAR_PRINT_INT_H

#include "grammar/print.h"

struct printer {
    struct str *out;
    const struct print_opts *opts; /* never NULL */
};

#define P(text) str_append(p->out, "" text "", sizeof(text) - 1)
#define PS(slice) str_append_slice(p->out, (slice))
#define PN(name) print_name(p->out, (name))

extern const struct print_opts print_opts_none;

void print_collation(struct str *out, struct slice locale); /* " COLLATE de" */
void print_interval_fields(struct str *out, const struct ast_type *t);

/* expressions */
void pr_expr(struct printer *p, const struct ast_expr *e);
void pr_operand(struct printer *p, const struct ast_expr *e);
void pr_exprs(struct printer *p, const struct ast_exprs *l);
void pr_elements(struct printer *p, const struct ast_exprs *l); /* shortened without constants */
void pr_more(struct printer *p, int n);
void pr_names(struct printer *p, const struct ast_names *l);
void pr_order_by(struct printer *p, const struct ast_order_by *o); /* "ORDER BY .." */
void pr_window_spec(struct printer *p, const struct ast_window *w);
void pr_object_name(struct printer *p, const struct ast_object_name *n);
void pr_object_names(struct printer *p, const struct ast_object_names *l);
void pr_index_name(struct printer *p, const struct ast_index_name *n);
void pr_dotted(struct printer *p, struct slice name); /* a.b.c joined: each part a name */
void pr_int(struct printer *p, int64_t v);

/* queries and DML */
void pr_select(struct printer *p, const struct ast_select *s);
void pr_as_of(struct printer *p, const struct ast_expr *e); /* " AS OF SYSTEM TIME e", NULL: nothing */
bool pr_query_stmt(struct printer *p, const struct ast_stmt *s); /* false: not one of these */

/* schema */
void pr_table_defs(struct printer *p, const struct ast_table_defs *l);
bool pr_ddl_stmt(struct printer *p, const struct ast_stmt *s);
void pr_zone_target(struct printer *p, const struct ast_zone_target *z);
void pr_drop_behavior(struct printer *p, enum ast_drop_behavior b);

/* the rest */
bool pr_misc_stmt(struct printer *p, const struct ast_stmt *s);
bool pr_show_stmt(struct printer *p, const struct ast_stmt *s);
void pr_stmt(struct printer *p, const struct ast_stmt *s);
void pr_targets(struct printer *p, const struct ast_targets *t);
void pr_kv_options(struct printer *p, const struct ast_kv_options *l); /* " WITH a = 'b', c" */
void pr_uri(struct printer *p, const struct ast_expr *e);

#endif
