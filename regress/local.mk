# regress/: what runs the tests. The list of unit tests is gathered from the rooms' fragments.

AM_TESTS_ENVIRONMENT = \
  CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
  AMBERDB='$(abs_top_builddir)/amberdb$(EXEEXT)'; export AMBERDB; \
  AMBERDB_SRCDIR='$(abs_top_srcdir)'; export AMBERDB_SRCDIR; \
  AMBERDB_BUILDDIR='$(abs_top_builddir)'; export AMBERDB_BUILDDIR; \
  AMBERDB_SHARED="$${AMBERDB_SHARED:-$(abs_top_srcdir)/../shared}"; export AMBERDB_SHARED;
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
