# executor/: list every .c and .h here; unit tests as unit_tests += regress/unit/test_<module>.
noinst_LIBRARIES += %D%/libexecutor.a

%C%_libexecutor_a_SOURCES = \
  %D%/backup/backup.c \
  %D%/backup/backup_int.h \
  %D%/backup/backup_job.h \
  %D%/backup/backup_plan.c \
  %D%/backup/check_files.c \
  %D%/backup/backup_plan.h \
  %D%/backup/coverage.c \
  %D%/backup/destinations.c %D%/backup/destinations.h \
  %D%/backup/export.c \
  %D%/backup/export.h \
  %D%/backup/export_csv.c \
  %D%/backup/collection.c \
  %D%/backup/layers.c \
  %D%/backup/manifest.c \
  %D%/backup/merge.c %D%/backup/merge.h \
  %D%/backup/attach.c %D%/backup/attach.h %D%/backup/attach_int.h \
  %D%/backup/attach_collate.c \
  %D%/backup/attach_source.c \
  %D%/backup/options.c \
  %D%/backup/restore.c \
  %D%/backup/restore_collate.c \
  %D%/backup/restore_cut.c \
  %D%/backup/restore_desc.c \
  %D%/backup/restore_full.c \
  %D%/backup/restore_fetch.c \
  %D%/backup/restore_ingest.c \
  %D%/backup/restore_int.h \
  %D%/backup/restore_keys.c \
  %D%/backup/restore_plan.c \
  %D%/backup/restore_schema.c \
  %D%/backup/restore_work.c \
  %D%/backup/row_count.c \
  %D%/backup/shelf.c %D%/backup/shelf.h \
  %D%/backup/show_backup.c \
  %D%/backup/targets.c \
  %D%/backup/work.c %D%/backup/work.h %D%/backup/work_int.h \
  %D%/backup/work_node.c \
  %D%/asks.c %D%/asks.h \
  %D%/cluster.c %D%/cluster.h \
  %D%/copy.c %D%/copy.h \
  %D%/exec.c \
  %D%/exec.h \
  %D%/gc.c \
  %D%/gc.h \
  %D%/hooks.c \
  %D%/import/dump.h %D%/import/dump_schema.c %D%/import/dump_text.c \
  %D%/import/import.c %D%/import/import_int.h \
  %D%/import/import_copy.c \
  %D%/import/import_csv.c \
  %D%/import/import_delimited.c \
  %D%/import/import_dump.c \
  %D%/import/import_file.c \
  %D%/import/import_job.c \
  %D%/import/import_read.c \
  %D%/import/import_rows.c \
  %D%/jobs/job_control.c \
  %D%/jobs/job_kinds.def \
  %D%/jobs/job_record.c \
  %D%/jobs/jobs.h \
  %D%/jobs/registry.c \
  %D%/jobs/registry_int.h \
  %D%/jobs/show_jobs.c \
  %D%/mutation/dml_ops.c \
  %D%/mutation/foreign_key.c \
  %D%/mutation/mut_int.h \
  %D%/mutation/mut_trace.c \
  %D%/mutation/mutation.c \
  %D%/mutation/mutation.h \
  %D%/looker.c %D%/looker.h \
  %D%/members.c %D%/members.h \
  %D%/node.c \
  %D%/peers.c %D%/peers.h \
  %D%/node_control.c %D%/node_control.h \
  %D%/password.c \
  %D%/password.h \
  %D%/node.h \
  %D%/plan_cache.c \
  %D%/plan_cache.h \
  %D%/relational/cte.c \
  %D%/relational/cte.h \
  %D%/relational/distinct.c \
  %D%/relational/explain.c %D%/relational/explain_bundle.c %D%/relational/explain_vec.c %D%/relational/explain_write.c \
  %D%/relational/explain_expr.c \
  %D%/relational/explain_flow.c \
  %D%/relational/explain_int.h \
  %D%/relational/explain_opt.c \
  %D%/relational/group.c \
  %D%/relational/hash_join.c \
  %D%/relational/index_join.c \
  %D%/relational/merge_join.c \
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
  %D%/relational/window.c \
  %D%/relational/window_frame.c \
  %D%/relational/window_int.h \
  %D%/schema/alter_column.c \
  %D%/schema/alter_constraint.c \
  %D%/schema/alter_primary.c \
  %D%/schema/alter_type.c \
  %D%/schema/alter_table.c \
  %D%/schema/backfill.c \
  %D%/schema/change_job.c \
  %D%/schema/clear_index.c \
  %D%/schema/column.c \
  %D%/schema/comment.c \
  %D%/schema/constraint.c \
  %D%/schema/create_table.c \
  %D%/schema/database.c \
  %D%/schema/drop.c \
  %D%/schema/event.c \
  %D%/schema/grant.c \
  %D%/schema/index.c \
  %D%/schema/mutations.c %D%/schema/mutations.h \
  %D%/schema/online.c \
  %D%/schema/partition.c \
  %D%/schema/rename.c \
  %D%/schema/role.c \
  %D%/schema/rows.c \
  %D%/schema/schema_change.c \
  %D%/schema/schema_int.h \
  %D%/schema/schema_util.c \
  %D%/schema/sequence_ddl.c \
  %D%/schema/shard.c \
  %D%/schema/histogram.c \
  %D%/schema/statistics.c \
  %D%/schema/stats_job.c %D%/schema/stats_job.h \
  %D%/schema/stats_sample.c %D%/schema/stats_sample.h \
  %D%/schema/temporary.c \
  %D%/schema/truncate.c \
  %D%/schema/uninterleave.c \
  %D%/schema/view.c \
  %D%/schema/zone.c \
  %D%/schema/yaml_read.h %D%/schema/zone.h \
  %D%/schema/yaml_read.c \
  %D%/schema/zone_yaml.c \
  %D%/schema/zone_spans.c \
  %D%/schema/zone_config.c \
  %D%/ranges.c %D%/ranges.h \
  %D%/splits.c %D%/splits.h \
  %D%/schema/scrub.c \
  %D%/schema/split.c \
  %D%/show/crdb_ranges.c \
  %D%/show/show_ranges.c \
  %D%/sequence.c \
  %D%/sequence.h \
  %D%/session.c \
  %D%/session.h \
  %D%/session_int.h \
  %D%/session_registry.c \
  %D%/session_registry.h \
  %D%/session_txn.c \
  %D%/session_vars.c \
  %D%/settings.c \
  %D%/settings.def \
  %D%/settings.h \
  %D%/show/cat_hooks.c \
  %D%/show/cat_int.h \
  %D%/show/cat_object.c \
  %D%/show/cat_oid.c \
  %D%/show/cat_walk.c \
  %D%/show/crdb_cluster.c \
  %D%/show/crdb_schema.c \
  %D%/show/crdb_zones.c \
  %D%/show/is_constraints.c \
  %D%/show/is_privileges.c \
  %D%/show/is_tables.c \
  %D%/show/pg_empty.c \
  %D%/show/pg_objects.c \
  %D%/show/pg_relations.c \
  %D%/show/pg_types.c \
  %D%/show/show_columns.c \
  %D%/show/show_constraints.c \
  %D%/show/show_fingerprints.c \
  %D%/show/show_grants.c \
  %D%/show/show_int.h \
  %D%/show/show_lists.c \
  %D%/show/show_users.c \
  %D%/show/show_util.c \
  %D%/show/show_zones.c \
  %D%/system_rows.c %D%/system_rows.h \
  %D%/statement.c \
  %D%/metrics.c \
  %D%/metrics.h \
  %D%/statement_stats.c \
  %D%/statement_stats.h \
  %D%/session_stats.c \
  %D%/diagnostics.c %D%/diagnostics.h %D%/zip.c %D%/zip.h \
  %D%/auto_stats.c %D%/auto_stats.h \
  %D%/table_stats.c %D%/table_stats.h \
  %D%/statement.h \
  %D%/trace.c %D%/trace.h \
  %D%/temporary.h \
  %D%/statement_families.def \
  %D%/statement_session.c \
  %D%/userfile.c \
  %D%/userfile.h \
  %D%/virtual.c \
  %D%/virtual.h \
  %D%/virtual_groups.def \
  %D%/virtual_ids.def

unit_tests += regress/unit/test_backup regress/unit/test_backup_data regress/unit/test_scrub
