# sinks/: list every .c and .h here; unit tests as unit_tests += regress/unit/test_<module>.
noinst_LIBRARIES += %D%/libsinks.a

%C%_libsinks_a_SOURCES =
