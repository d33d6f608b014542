# storage/: engines, the transaction layer, SST files.
noinst_LIBRARIES += %D%/libstorage.a

%C%_libstorage_a_SOURCES = \
  %D%/engine.c %D%/engine.h \
  %D%/engine_memory.c \
  %D%/engine_rocksdb.c %D%/engine_rocksdb_int.h \
  %D%/engine_rocksdb_iter.c \
  %D%/mvcc.c %D%/mvcc.h \
  %D%/rocksdb_shim.cc %D%/rocksdb_shim.h

unit_tests += regress/unit/test_engine
