# types/: list every .c and .h here; unit tests as unit_tests += regress/unit/test_<module>.
noinst_LIBRARIES += %D%/libtypes.a

%C%_libtypes_a_SOURCES = \
  %D%/array.c \
  %D%/array_int.h \
  %D%/inet.c \
  %D%/inet_int.h \
  %D%/uuid.c \
  %D%/bit.c \
  %D%/bit_int.h \
  %D%/cast_misc.c \
  %D%/family_json.c \
  %D%/calendar.c \
  %D%/timezone.c \
  %D%/datetime_int.h \
  %D%/datetime_parse.c \
  %D%/interval.c \
  %D%/interval_parse.c \
  %D%/family_datetime.c \
  %D%/cast_datetime.c \
  %D%/datetime_ops.c \
  %D%/cast.c \
  %D%/cast_number.c \
  %D%/cast_text.c \
  %D%/collation.c \
  %D%/collation.h \
  %D%/datum.c \
  %D%/datum.h \
  %D%/decimal.c \
  %D%/decimal.h \
  %D%/decimal_arith.c \
  %D%/decimal_enc.c \
  %D%/decimal_int.h \
  %D%/decimal_math.c \
  %D%/enc_int.h \
  %D%/family_decimal.c \
  %D%/family_float.c \
  %D%/family_int.c \
  %D%/family_string.c \
  %D%/family_tuple.c \
  %D%/fn_int.h \
  %D%/inverted.c \
  %D%/json.h \
  %D%/json_build.c \
  %D%/json_int.h \
  %D%/json_read.c \
  %D%/json_text.c \
  %D%/keyenc.c \
  %D%/keyenc.h \
  %D%/ops_number.c \
  %D%/overload.h \
  %D%/session_hooks.h \
  %D%/sqltext.c \
  %D%/timezone.h \
  %D%/type.c \
  %D%/type.h \
  %D%/type_ops_int.h \
  %D%/utf8.c \
  %D%/valueenc.c \
  %D%/valueenc.h

unit_tests += regress/unit/test_decimal
