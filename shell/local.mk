# shell/: list every .c and .h here; unit tests as unit_tests += regress/unit/test_<module>.
noinst_LIBRARIES += %D%/libshell.a

%C%_libshell_a_SOURCES =
