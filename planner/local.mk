# planner/: list every .c and .h here; unit tests as unit_tests += regress/unit/test_<module>.
noinst_LIBRARIES += %D%/libplanner.a

%C%_libplanner_a_SOURCES =
