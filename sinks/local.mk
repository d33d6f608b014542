# sinks/: where backups lie.
noinst_LIBRARIES += %D%/libsinks.a

%C%_libsinks_a_SOURCES = \
  %D%/encrypt.c %D%/encrypt.h \
  %D%/nodelocal.c \
  %D%/sink.c %D%/sink.h \
  %D%/uri.c %D%/uri_int.h
