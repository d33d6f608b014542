# storage/: engines, the transaction layer, SST files.
noinst_LIBRARIES += %D%/libstorage.a

%C%_libstorage_a_SOURCES = \
  %D%/engine.c %D%/engine.h \
  %D%/engine_memory.c \
  %D%/engine_postgres.c %D%/engine_postgres_int.h \
  %D%/engine_postgres_conn.c \
  %D%/engine_postgres_fence.c \
  %D%/engine_postgres_lock.c \
  %D%/engine_postgres_order.c \
  %D%/engine_postgres_scan.c \
  %D%/engine_postgres_wait.c \
  %D%/engine_rocksdb.c %D%/engine_rocksdb_int.h \
  %D%/engine_rocksdb_get.c \
  %D%/engine_rocksdb_iter.c \
  %D%/engine_rocksdb_live.c \
  %D%/mvcc.c %D%/mvcc.h \
  %D%/read_ahead.c %D%/read_ahead.h \
  %D%/rocksdb_shim.cc %D%/rocksdb_shim.h \
  %D%/sst.h %D%/sst_int.h \
  %D%/sst_reader.c \
  %D%/sst_walk.c \
  %D%/sst_writer.c \
  %D%/txn.c %D%/txn.h %D%/txn_int.h \
  %D%/txn_buffer.c \
  %D%/txn_commit.c \
  %D%/txn_gc.c \
  %D%/txn_lock.c \
  %D%/txn_prefetch.c \
  %D%/txn_reads.c \
  %D%/txn_scan.c \
  %D%/txn_shared.c \
  %D%/txn_shared_lock.c \
  %D%/txn_spill.c

EXTRA_DIST += regress/unit/shared_double.h regress/unit/txn_store.h
unit_tests += regress/unit/test_engine regress/unit/test_sst regress/unit/test_txn \
  regress/unit/test_txn_tiny regress/unit/test_txn_buffer regress/unit/test_prefetch regress/unit/test_durable

# The same tests with bounds so small that each is passed.
regress_unit_test_txn_tiny_SOURCES = regress/unit/test_txn.c %D%/txn_buffer.c %D%/txn_commit.c %D%/txn_reads.c
regress_unit_test_txn_tiny_CPPFLAGS = $(AM_CPPFLAGS) -DTXN_TINY
