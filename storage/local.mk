# storage/: list every .c and .h here; unit tests as unit_tests += regress/unit/test_<module>.
noinst_LIBRARIES += %D%/libstorage.a

%C%_libstorage_a_SOURCES =
