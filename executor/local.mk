# executor/: list every .c and .h here; unit tests as unit_tests += regress/unit/test_<module>.
noinst_LIBRARIES += %D%/libexecutor.a

%C%_libexecutor_a_SOURCES = \
  %D%/node.c %D%/node.h \
  %D%/session_registry.h \
  %D%/show/show_columns.c \
  %D%/show/show_constraints.c \
  %D%/show/show_fingerprints.c \
  %D%/show/show_grants.c \
  %D%/show/show_int.h \
  %D%/show/show_lists.c \
  %D%/show/show_users.c \
  %D%/show/show_util.c
