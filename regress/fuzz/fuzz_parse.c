/* regress/fuzz/fuzz_parse.c - SQL text: no crash, bounded memory, and what parses prints and parses
 * to the same again. */
#include "config.h"

#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/slice.h"
#include "grammar/parse.h"
#include "grammar/print.h"

#define PARSE_BUDGET_BYTES ((size_t)256 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_stmt(struct arena *a, const struct ast_stmt *stmt)
{
    const struct print_opts opts = {.show_passwords = true};
    struct str first, second;
    str_init_arena(&first, a, STR_MAX_DEFAULT);
    str_init_arena(&second, a, STR_MAX_DEFAULT);
    print_stmt(&first, stmt, &opts);
    struct ast_stmt *again;
    struct error *err = parse_one(a, str_slice(&first), &again);
    if (err != NULL) {
        fprintf(stderr, "printed form does not parse: %s\n%s\n", str_cstr(&first), err->message);
        VERIFY(!"printed form does not parse");
    }
    print_stmt(&second, again, &opts);
    if (!slice_eq(str_slice(&first), str_slice(&second))) {
        fprintf(stderr, "first:  %s\nsecond: %s\n", str_cstr(&first), str_cstr(&second));
        VERIFY(!"printing is not stable");
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_budget *budget = mem_budget_create(PARSE_BUDGET_BYTES, NULL);
    struct arena *a = arena_create_budget(NULL, "fuzz", budget);
    struct slice sql = slice_make(data, size);
    struct ast_stmt_list list;
    struct error *err = parse_sql(a, sql, &list);
    if (err == NULL)
        for (int i = 0; i < list.count; i++)
            check_stmt(a, list.items[i]);
    err_free(err);
    struct ast_expr *expr;
    err_free(parse_expr(a, sql, &expr));
    struct ast_type *type;
    err_free(parse_type(a, sql, &type));
    arena_destroy(a);
    mem_budget_destroy(budget);
    return 0;
}
