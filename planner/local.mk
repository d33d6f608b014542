# planner/: names, types, privileges, access paths -> plan nodes; expressions typed and evaluated.
noinst_LIBRARIES += %D%/libplanner.a

%C%_libplanner_a_SOURCES = \
  %D%/aggregate.h \
  %D%/aggregates.c \
  %D%/aggregates_int.h \
  %D%/aggregates_stat.c \
  %D%/aggregates_sum.c \
  %D%/aggregates_value.c \
  %D%/as_of.c \
  %D%/as_of.h \
  %D%/batch.h \
  %D%/builtins.h \
  %D%/builtins_catalog.c \
  %D%/builtins_crdb.c \
  %D%/builtins_gens.c \
  %D%/builtins_int.h \
  %D%/builtins_privileges.c \
  %D%/builtins_sequences.c \
  %D%/builtins_session.c \
  %D%/eval_batch.c \
  %D%/eval_compare.c \
  %D%/eval_expr.c \
  %D%/eval_hooks.h \
  %D%/eval_int.h \
  %D%/expr.h \
  %D%/plan.h \
  %D%/plan_dml.c \
  %D%/plan_from.c \
  %D%/plan_groups.c \
  %D%/plan_index.c \
  %D%/plan_keys.c \
  %D%/plan_int.h \
  %D%/table_stats.h \
  %D%/plan_computed.c \
  %D%/plan_inverted.c \
  %D%/plan_lower.c \
  %D%/plan_order.c \
  %D%/plan_outer.c \
  %D%/plan_prune.c \
  %D%/plan_reject.c \
  %D%/plan_select.c \
  %D%/plan_semi.c \
  %D%/plan_stats.c \
  %D%/plan_stmt.c \
  %D%/plan_util.c \
  %D%/plan_with.c \
  %D%/planner.h \
  %D%/stored_expr.c \
  %D%/type_agg.c \
  %D%/type_compare.c \
  %D%/type_const.c \
  %D%/type_expr.c \
  %D%/type_forms.c \
  %D%/type_func.c \
  %D%/type_int.h \
  %D%/type_name.c \
  %D%/type_overload.c \
  %D%/type_rules.c \
  %D%/type_same.c \
  %D%/type_tree.c \
  %D%/windows.c

unit_tests += regress/unit/test_expr
