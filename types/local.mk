# types/: list every .c and .h here; unit tests as unit_tests += regress/unit/test_<module>.
noinst_LIBRARIES += %D%/libtypes.a

%C%_libtypes_a_SOURCES = \
  %D%/collation.c \
  %D%/collation.h \
  %D%/decimal_enc.c \
  %D%/enc_int.h \
  %D%/keyenc.c \
  %D%/keyenc.h \
  %D%/valueenc.c \
  %D%/valueenc.h
