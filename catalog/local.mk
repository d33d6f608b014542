# catalog/: list every .c and .h here; unit tests as unit_tests += regress/unit/test_<module>.
noinst_LIBRARIES += %D%/libcatalog.a

%C%_libcatalog_a_SOURCES =
