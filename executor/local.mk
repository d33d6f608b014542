# executor/: list every .c and .h here; unit tests as unit_tests += regress/unit/test_<module>.
noinst_LIBRARIES += %D%/libexecutor.a

%C%_libexecutor_a_SOURCES = \
  %D%/backup/backup_int.h \
  %D%/backup/backup.c \
  %D%/backup/backup_plan.c \
  %D%/backup/backup_plan.h \
  %D%/backup/coverage.c \
  %D%/backup/export.c \
  %D%/backup/export.h \
  %D%/backup/layers.c \
  %D%/backup/manifest.c \
  %D%/backup/options.c \
  %D%/backup/restore.c \
  %D%/backup/restore_desc.c \
  %D%/backup/restore_full.c \
  %D%/backup/restore_ingest.c \
  %D%/backup/restore_int.h \
  %D%/backup/restore_keys.c \
  %D%/backup/restore_plan.c \
  %D%/backup/restore_schema.c \
  %D%/backup/row_count.c \
  %D%/backup/show_backup.c \
  %D%/backup/targets.c \
  %D%/exec.c \
  %D%/exec.h \
  %D%/gc.c %D%/gc.h \
  %D%/jobs/job_control.c \
  %D%/jobs/job_kinds.def \
  %D%/jobs/job_record.c \
  %D%/jobs/jobs.h \
  %D%/jobs/registry.c \
  %D%/jobs/registry_int.h \
  %D%/jobs/show_jobs.c \
  %D%/node.c \
  %D%/node.h \
  %D%/relational/cte.c \
  %D%/relational/cte.h \
  %D%/relational/distinct.c \
  %D%/relational/group.c \
  %D%/relational/hash_join.c \
  %D%/relational/index_join.c \
  %D%/relational/nested_loop.c \
  %D%/relational/rel_int.h \
  %D%/relational/row_hash.c \
  %D%/relational/row_ops.c \
  %D%/relational/row_sorter.c \
  %D%/relational/row_store.c \
  %D%/relational/scan.c \
  %D%/relational/setop.c \
  %D%/relational/sources.c \
  %D%/relational/subquery.c \
  %D%/relational/subquery.h \
  %D%/relational/table_reader.c \
  %D%/relational/table_reader.h \
  %D%/schema/backfill.c \
  %D%/schema/column.c \
  %D%/schema/constraint.c \
  %D%/schema/create_table.c \
  %D%/schema/database.c \
  %D%/schema/drop.c \
  %D%/schema/grant.c \
  %D%/schema/index.c \
  %D%/schema/role.c \
  %D%/schema/schema_int.h \
  %D%/schema/schema_util.c \
  %D%/session.h \
  %D%/session_registry.h \
  %D%/settings.h \
  %D%/show/show_columns.c \
  %D%/show/show_constraints.c \
  %D%/show/show_fingerprints.c \
  %D%/show/show_grants.c \
  %D%/show/show_int.h \
  %D%/show/show_lists.c \
  %D%/show/show_users.c \
  %D%/show/show_util.c \
  %D%/statement.h \
  %D%/statement_families.def \
  %D%/virtual.h \
  %D%/virtual_groups.def

unit_tests += regress/unit/test_backup
