# grammar/: list every .c and .h here; unit tests as unit_tests += regress/unit/test_<module>.
noinst_LIBRARIES += %D%/libgrammar.a

%C%_libgrammar_a_SOURCES =
