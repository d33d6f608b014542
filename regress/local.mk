# regress/: what runs the tests. The list of unit tests is gathered from the rooms' fragments.

check_PROGRAMS += \
  %D%/speak \
  %D%/replay \
  %D%/sink_conform \
  %D%/clients/libpq_client \
  %D%/serial/serial \
  %D%/fault/damage \
  %D%/fault/writer
regress_speak_SOURCES = %D%/speak.c
unit_tests += %D%/unit/test_history
regress_unit_test_history_SOURCES = %D%/unit/test_history.c %D%/serial/history.c
regress_serial_serial_SOURCES = %D%/serial/serial.c %D%/serial/serial.h %D%/serial/scenarios.c \
  %D%/serial/history.c %D%/serial/history.h
regress_serial_serial_LDADD = base/libbase.a $(vendor_libs)
regress_clients_libpq_client_SOURCES = %D%/clients/libpq_client.c
regress_replay_SOURCES = %D%/replay.c
regress_replay_LDADD = base/libbase.a $(vendor_libs)
regress_sink_conform_SOURCES = %D%/sink_conform.c
regress_sink_conform_LDADD = sinks/libsinks.a base/libbase.a $(vendor_libs)
regress_fault_damage_SOURCES = %D%/fault/damage.c
regress_fault_damage_LDADD = base/libbase.a $(vendor_libs)
regress_fault_writer_SOURCES = %D%/fault/writer.c
regress_fault_writer_LDADD = base/libbase.a $(vendor_libs)

drivers = \
  %D%/acceptance \
  %D%/acceptance-nodes \
  %D%/midway \
  %D%/old-backups \
  %D%/check-includes \
  %D%/check-style \
  %D%/run-regress \
  %D%/run-protocol \
  %D%/run-clients \
  %D%/run-serial \
  %D%/schema-jobs \
  %D%/import-jobs \
  %D%/schema-keys \
  %D%/auto-stats \
  %D%/bad-input \
  %D%/shell-test \
  %D%/tls-test \
  %D%/cloud-test \
  %D%/sink-details \
  %D%/replay-expect \
  %D%/attach-fixtures \
  %D%/round-trip \
  %D%/engine-postgres \
  %D%/random-queries \
  %D%/random-schema \
  %D%/cluster-test \
  %D%/cluster-files \
  %D%/cut-off \
  %D%/restore-pieces \
  %D%/cluster-locks \
  %D%/cluster-init \
  %D%/demo-test \
  %D%/fault/bad-backups
TESTS += $(drivers)
EXTRA_DIST += $(drivers)
EXTRA_DIST += \
  %D%/README.md \
  %D%/acceptance.d \
  %D%/backup_file.py \
  %D%/bad-input.pl \
  %D%/check-backup \
  %D%/check-headers \
  %D%/clients \
  %D%/clouds.sh \
  %D%/data \
  %D%/cluster.sh \
  %D%/nodes.sh \
  %D%/schema.sh \
  %D%/craft-midway \
  %D%/craft-old \
  %D%/expected \
  %D%/fault \
  %D%/fault_proxy.py \
  %D%/fuzz \
  %D%/gcs_stub.py \
  %D%/golden \
  %D%/postgres.sh \
  %D%/protocol \
  %D%/random_queries.py \
  %D%/random_references.py \
  %D%/random_schema.py \
  %D%/regress-postgres \
  %D%/replay.differs \
  %D%/run-one \
  %D%/replay.schedule \
  %D%/schedule \
  %D%/same-backups \
  %D%/server.sh \
  %D%/shell-pty.py \
  %D%/sql

test_environment = \
  AMBERDB='$(abs_top_builddir)/amberdb$(EXEEXT)' \
  AMBERDB_SRCDIR='$(abs_top_srcdir)' \
  AMBERDB_TEST_STATS_MS=0 \
  AMBERDB_BUILDDIR='$(abs_top_builddir)' \
  AMBERDB_SHARED="$${AMBERDB_SHARED:-$(abs_top_srcdir)/../shared}"
AM_TESTS_ENVIRONMENT = \
  $(test_environment) CMOCKA_MESSAGE_OUTPUT=TAP; \
  export AMBERDB AMBERDB_SRCDIR AMBERDB_BUILDDIR AMBERDB_SHARED AMBERDB_TEST_STATS_MS \
    CMOCKA_MESSAGE_OUTPUT;
LOG_COMPILER = $(top_srcdir)/%D%/run-one
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh

check-includes:
	$(AM_V_at)$(test_environment) $(top_srcdir)/%D%/check-includes

check-style:
	$(AM_V_at)$(test_environment) $(top_srcdir)/%D%/check-style

check-headers: $(BUILT_SOURCES)
	$(AM_V_at)$(test_environment) CC_LINE='$(COMPILE)' $(top_srcdir)/%D%/check-headers

# Against the server at PGHOST and PGPORT; without PGPORT, against one that the installed program runs.
installcheck-local:
	if test -n "$$PGPORT"; then \
	  $(test_environment) $(top_srcdir)/%D%/run-regress --installcheck; \
	else \
	  $(test_environment) AMBERDB='$(DESTDIR)$(bindir)/amberdb$(EXEEXT)' $(top_srcdir)/%D%/run-regress; \
	fi

# Every byte of a backup damaged; the server killed while it works, FAULT_SECONDS for each kind. Each
# has a target of its own, so that they run side by side with -j, best with -Otarget.
fault_checks = fault-bad-backups fault-cloud-faults fault-faults fault-crash-loop fault-serial \
  fault-cluster-chaos fault-checked-rows
check-fault: $(fault_checks)
$(fault_checks): amberdb$(EXEEXT) %D%/fault/damage$(EXEEXT) %D%/fault/writer$(EXEEXT) \
    %D%/serial/serial$(EXEEXT) %D%/sink_conform$(EXEEXT)
fault-bad-backups:
	$(test_environment) DAMAGE_STRIDE=1 $(top_srcdir)/%D%/fault/bad-backups
fault-cloud-faults fault-faults fault-crash-loop fault-cluster-chaos fault-checked-rows:
	$(test_environment) $(top_srcdir)/%D%/fault/$(@:fault-%=%)
fault-serial:
	$(test_environment) SERIAL_SECONDS="$${FAULT_SECONDS:-40}" SERIAL_CLIENTS=16 \
	  $(top_srcdir)/%D%/run-serial

# The SQL tests with the store in a PostgreSQL.
check-postgres: amberdb$(EXEEXT)
	$(test_environment) $(top_srcdir)/%D%/regress-postgres

CLEANFILES += %D%/fuzz/*.out %D%/results/*
distclean-local:
	rm -rf %D%/results %D%/npm %D%/azurite-*

.PHONY: check-includes check-style check-headers check-fault check-postgres $(fault_checks)

# Fuzzers: with --enable-fuzz libFuzzer programs, run by check-fuzz; else tests that run the seeds.
# Each fuzz_x needs a word here and its two lines below.
fuzzers = \
  %D%/fuzz/fuzz_answers \
  %D%/fuzz/fuzz_datetime \
  %D%/fuzz/fuzz_json \
  %D%/fuzz/fuzz_text \
  %D%/fuzz/fuzz_descriptor \
  %D%/fuzz/fuzz_key \
  %D%/fuzz/fuzz_manifest \
  %D%/fuzz/fuzz_parse \
  %D%/fuzz/fuzz_pgwire \
  %D%/fuzz/fuzz_row \
  %D%/fuzz/fuzz_sst \
  %D%/fuzz/fuzz_value \
  %D%/fuzz/fuzz_uri
if FUZZ
noinst_PROGRAMS += $(fuzzers)
fuzz_main =
else
check_PROGRAMS += $(fuzzers)
TESTS += $(fuzzers)
fuzz_main = %D%/fuzz/replay_main.c
endif

regress_fuzz_fuzz_answers_SOURCES = %D%/fuzz/fuzz_answers.c $(fuzz_main)
regress_fuzz_fuzz_answers_LDFLAGS = $(AM_LDFLAGS) $(AMB_FUZZ_FLAGS)
regress_fuzz_fuzz_datetime_SOURCES = %D%/fuzz/fuzz_datetime.c $(fuzz_main)
regress_fuzz_fuzz_datetime_LDFLAGS = $(AM_LDFLAGS) $(AMB_FUZZ_FLAGS)
regress_fuzz_fuzz_descriptor_SOURCES = %D%/fuzz/fuzz_descriptor.c $(fuzz_main)
regress_fuzz_fuzz_descriptor_LDFLAGS = $(AM_LDFLAGS) $(AMB_FUZZ_FLAGS)
regress_fuzz_fuzz_json_SOURCES = %D%/fuzz/fuzz_json.c $(fuzz_main)
regress_fuzz_fuzz_json_LDFLAGS = $(AM_LDFLAGS) $(AMB_FUZZ_FLAGS)
regress_fuzz_fuzz_key_SOURCES = %D%/fuzz/fuzz_key.c %D%/fuzz/fuzz_types.h $(fuzz_main)
regress_fuzz_fuzz_key_LDFLAGS = $(AM_LDFLAGS) $(AMB_FUZZ_FLAGS)
regress_fuzz_fuzz_manifest_SOURCES = %D%/fuzz/fuzz_manifest.c $(fuzz_main)
regress_fuzz_fuzz_manifest_LDFLAGS = $(AM_LDFLAGS) $(AMB_FUZZ_FLAGS)
regress_fuzz_fuzz_parse_SOURCES = %D%/fuzz/fuzz_parse.c $(fuzz_main)
regress_fuzz_fuzz_parse_LDFLAGS = $(AM_LDFLAGS) $(AMB_FUZZ_FLAGS)
regress_fuzz_fuzz_pgwire_SOURCES = %D%/fuzz/fuzz_pgwire.c $(fuzz_main)
regress_fuzz_fuzz_pgwire_LDFLAGS = $(AM_LDFLAGS) $(AMB_FUZZ_FLAGS)
regress_fuzz_fuzz_row_SOURCES = %D%/fuzz/fuzz_row.c $(fuzz_main)
regress_fuzz_fuzz_row_LDFLAGS = $(AM_LDFLAGS) $(AMB_FUZZ_FLAGS)
regress_fuzz_fuzz_sst_SOURCES = %D%/fuzz/fuzz_sst.c $(fuzz_main)
regress_fuzz_fuzz_sst_LDFLAGS = $(AM_LDFLAGS) $(AMB_FUZZ_FLAGS)
regress_fuzz_fuzz_text_SOURCES = %D%/fuzz/fuzz_text.c %D%/fuzz/fuzz_types.h $(fuzz_main)
regress_fuzz_fuzz_text_LDFLAGS = $(AM_LDFLAGS) $(AMB_FUZZ_FLAGS)
regress_fuzz_fuzz_uri_SOURCES = %D%/fuzz/fuzz_uri.c $(fuzz_main)
regress_fuzz_fuzz_uri_LDFLAGS = $(AM_LDFLAGS) $(AMB_FUZZ_FLAGS)
regress_fuzz_fuzz_value_SOURCES = %D%/fuzz/fuzz_value.c %D%/fuzz/fuzz_types.h $(fuzz_main)
regress_fuzz_fuzz_value_LDFLAGS = $(AM_LDFLAGS) $(AMB_FUZZ_FLAGS)

check-fuzz: $(fuzzers)
	$(test_environment) $(top_srcdir)/%D%/fuzz/run $(fuzzers:regress/fuzz/fuzz_%=%)

.PHONY: check-fuzz
