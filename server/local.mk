# server/: list every .c and .h here; main.c is the program, all else the library.
noinst_LIBRARIES += %D%/libserver.a

%C%_libserver_a_SOURCES =

bin_PROGRAMS += amberdb
amberdb_SOURCES = %D%/main.c
amberdb_LDADD = $(program_ldadd)
