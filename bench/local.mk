# bench/: measurements; `make bench` runs them against the tree's own program.
noinst_PROGRAMS += %D%/snappy_floor

%C%_snappy_floor_SOURCES = %D%/snappy_floor.c
%C%_snappy_floor_LDADD = $(SNAPPY_LIBS)

EXTRA_DIST += %D%/run %D%/backups %D%/backups.py %D%/clouds %D%/nodes %D%/measure.py %D%/oltp.py %D%/README.md

.PHONY: bench
bench: amberdb %D%/snappy_floor
	BUILD=$(abs_top_builddir) $(srcdir)/%D%/run
