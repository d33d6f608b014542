# server/: the wire protocol, connections, subcommands; main.c is the program, all else the library.
noinst_LIBRARIES += %D%/libserver.a

%C%_libserver_a_SOURCES = \
  %D%/auth.c %D%/auth.h \
  %D%/cert.c \
  %D%/connection.c %D%/connection.h \
  %D%/demo.c %D%/demo.h \
  %D%/demo_movr.c \
  %D%/http.c \
  %D%/server.c %D%/server.h \
  %D%/start.c \
  %D%/tls.c %D%/tls.h \
  %D%/version.c \
  %D%/wire.c %D%/wire.h \
  %D%/wire_sink.c

bin_PROGRAMS += amberdb
amberdb_SOURCES = %D%/main.c
amberdb_LDADD = $(program_ldadd)
