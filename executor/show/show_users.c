/* SHOW USERS, SHOW ROLES, SHOW GRANTS ON ROLE: queries over the system tables. */
#include "config.h"

#include "executor/show/show_int.h"

#include "grammar/print.h"

static struct error *
show_users_rewrite(struct exec_ctx *x, const struct ast_stmt *s, char **sql)
{
    (void)s;
    *sql = arena_strdup(
        x->arena,
        "SELECT u.username, "
        "IFNULL((SELECT string_agg(o.option || IFNULL('=' || o.value, ''), ', ' ORDER BY o.option) "
        "FROM system.public.role_options AS o WHERE o.username = u.username), '') AS options, "
        "ARRAY(SELECT m.role FROM system.public.role_members AS m WHERE m.member = u.username "
        "ORDER BY 1) AS member_of "
        "FROM system.public.users AS u ORDER BY 1");
    return NULL;
}

static void
put_in_list(struct str *s, const char *column, const struct ast_names *names, bool *where)
{
    if (names->count == 0)
        return;
    str_printf(s, " %s %s IN (", *where ? "AND" : "WHERE", column);
    for (int i = 0; i < names->count; i++) {
        str_append_cstr(s, i > 0 ? ", " : "");
        print_string_literal(s, names->items[i].text);
    }
    str_append_char(s, ')');
    *where = true;
}

static struct error *
show_role_grants_rewrite(struct exec_ctx *x, const struct ast_stmt *s, char **sql)
{
    struct str q;
    bool where = false;
    str_init_arena(&q, x->arena, STR_MAX_DEFAULT);
    str_append_cstr(&q, "SELECT role AS role_name, member, \"isAdmin\" AS is_admin "
                        "FROM system.public.role_members");
    put_in_list(&q, "role", &s->show->targets.names, &where);
    put_in_list(&q, "member", &s->show->grantees, &where);
    str_append_cstr(&q, " ORDER BY 1, 2");
    *sql = arena_strdup(x->arena, str_cstr(&q));
    return NULL;
}

static const struct statement_ops show_users_ops[] = {
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_USERS, .tag = "SHOW USERS ",
     .rewrite = show_users_rewrite},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_ROLES, .tag = "SHOW ROLES ",
     .rewrite = show_users_rewrite},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_ROLE_GRANTS, .tag = "SHOW GRANTS ",
     .rewrite = show_role_grants_rewrite},
};

const struct statement_family statement_family_show_users = {
    show_users_ops, sizeof(show_users_ops) / sizeof(show_users_ops[0])};
