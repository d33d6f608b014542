# executor/: list every .c and .h here; unit tests as unit_tests += regress/unit/test_<module>.
noinst_LIBRARIES += %D%/libexecutor.a

%C%_libexecutor_a_SOURCES =
