# base/: arena, string, error, hash, clock, log, thread helpers.
noinst_LIBRARIES += %D%/libbase.a

%C%_libbase_a_SOURCES = \
  %D%/arena.c %D%/arena.h \
  %D%/clock.c %D%/clock.h \
  %D%/enc.c %D%/enc.h \
  %D%/errcodes.def \
  %D%/error.c %D%/error.h \
  %D%/fault.c %D%/fault.h %D%/faults.def \
  %D%/file.c %D%/file.h \
  %D%/hash.c %D%/hash.h \
  %D%/unpack.c %D%/unpack.h \
  %D%/lock_rank.h \
  %D%/name_index.c %D%/name_index.h \
  %D%/log.c %D%/log.h \
  %D%/rand.c %D%/rand.h \
  %D%/sha512.c \
  %D%/slice.c %D%/slice.h \
  %D%/thread.c %D%/thread.h

%C%_libbase_a_CFLAGS = $(AM_CFLAGS) $(AMB_CONVERSION_CFLAGS)

unit_tests += regress/unit/test_base
unit_tests += regress/unit/test_name_index
