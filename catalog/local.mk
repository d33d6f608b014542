# catalog/: descriptors, rows, system tables, names, privileges, SHOW CREATE.
noinst_LIBRARIES += %D%/libcatalog.a

%C%_libcatalog_a_SOURCES = \
  %D%/auth.c \
  %D%/build.c %D%/build.h \
  %D%/catalog.c %D%/catalog.h %D%/catalog_int.h \
  %D%/desc.c %D%/desc.h \
  %D%/desc_upgrade.c \
  %D%/desc_validate.c \
  %D%/names.c \
  %D%/partition.c %D%/partition.h \
  %D%/pb.c %D%/pb.h \
  %D%/row.h %D%/row_int.h \
  %D%/row_decode.c \
  %D%/row_encode.c \
  %D%/row_plan.c \
  %D%/show_create.c %D%/show_create.h \
  %D%/sysrow.c %D%/sysrow.h \
  %D%/system_tables.c %D%/system_tables.h \
  %D%/virtual_missing.def \
  %D%/type_pb.c

unit_tests += \
  regress/unit/test_catalog \
  regress/unit/test_desc \
  regress/unit/test_row \
  regress/unit/test_row_real

nodist_%C%_libcatalog_a_SOURCES = %D%/amberdb.pb-c.c %D%/amberdb.pb-c.h

# The messages of catalog/amberdb.proto, by protoc-c.
%D%/amberdb.pb-c.c: $(srcdir)/%D%/amberdb.proto
	$(AM_V_GEN)$(MKDIR_P) %D% && \
	  $(PROTOC_C) --proto_path=$(srcdir) --c_out=. $(srcdir)/%D%/amberdb.proto
%D%/amberdb.pb-c.h: %D%/amberdb.pb-c.c
	@test -f $@ || { rm -f %D%/amberdb.pb-c.c && $(MAKE) $(AM_MAKEFLAGS) %D%/amberdb.pb-c.c; }

BUILT_SOURCES += %D%/amberdb.pb-c.h
EXTRA_DIST += %D%/amberdb.proto %D%/amberdb.pb-c.c %D%/amberdb.pb-c.h
MAINTAINERCLEANFILES += %D%/amberdb.pb-c.c %D%/amberdb.pb-c.h
