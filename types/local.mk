# types/: list every .c and .h here; unit tests as unit_tests += regress/unit/test_<module>.
noinst_LIBRARIES += %D%/libtypes.a

%C%_libtypes_a_SOURCES =
