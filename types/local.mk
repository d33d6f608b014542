# types/: list every .c and .h here; unit tests as unit_tests += regress/unit/test_<module>.
noinst_LIBRARIES += %D%/libtypes.a

%C%_libtypes_a_SOURCES = \
  %D%/array_fns.c \
  %D%/inet_fns.c \
  %D%/json_ops.c \
  %D%/json_fns.c \
  %D%/json_fn_int.h \
  %D%/datetime_fns.c \
  %D%/strtime.c \
  %D%/strtime_int.h \
  %D%/key_pretty.c \
  %D%/array.c \
  %D%/array_int.h \
  %D%/bit.c \
  %D%/bit_int.h \
  %D%/calendar.c \
  %D%/cast.c \
  %D%/cast_datetime.c \
  %D%/cast_misc.c \
  %D%/cast_number.c \
  %D%/cast_text.c \
  %D%/collation.c \
  %D%/collation.h \
  %D%/datetime_int.h \
  %D%/datetime_ops.c \
  %D%/datetime_parse.c \
  %D%/datum.c \
  %D%/datum.h \
  %D%/decimal.c \
  %D%/decimal.h \
  %D%/decimal_arith.c \
  %D%/decimal_enc.c \
  %D%/decimal_int.h \
  %D%/decimal_math.c \
  %D%/enc_int.h \
  %D%/family_datetime.c \
  %D%/family_decimal.c \
  %D%/family_float.c \
  %D%/float_text.c \
  %D%/family_int.c \
  %D%/family_json.c \
  %D%/family_string.c \
  %D%/family_tuple.c \
  %D%/fn_bytes.c \
  %D%/fn_int.h \
  %D%/fn_format.c \
  %D%/fn_typeio.c \
  %D%/fn_misc.c \
  %D%/fn_number.c \
  %D%/fn_regexp.c \
  %D%/fn_string.c \
  %D%/gen_number.c \
  %D%/inet.c \
  %D%/inet_int.h \
  %D%/interval.c \
  %D%/interval_parse.c \
  %D%/inverted.c \
  %D%/json.h \
  %D%/json_build.c \
  %D%/json_int.h \
  %D%/json_parse.c \
  %D%/json_read.c \
  %D%/json_text.c \
  %D%/keyenc.c \
  %D%/keyenc.h \
  %D%/like.c \
  %D%/ops_number.c \
  %D%/ops_string.c \
  %D%/overload.h \
  %D%/overloads.c \
  %D%/regexp.c \
  %D%/session_hooks.h \
  %D%/sqltext.c %D%/sqltext.h \
  %D%/timezone.c \
  %D%/timezone.h \
  %D%/type.c \
  %D%/type.h \
  %D%/type_ops_int.h \
  %D%/utf8.c \
  %D%/uuid.c \
  %D%/value_pretty.c \
  %D%/valueenc.c \
  %D%/valueenc.h

unit_tests += regress/unit/test_decimal
unit_tests += regress/unit/test_fn_number
unit_tests += regress/unit/test_fn_string
unit_tests += regress/unit/test_types_core
EXTRA_DIST += regress/unit/fn_call.h
unit_tests += regress/unit/test_keyenc
unit_tests += regress/unit/test_valueenc
EXTRA_DIST += regress/unit/types_util.h
unit_tests += regress/unit/test_datetime
