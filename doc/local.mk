# doc/: the manual and the decisions.
EXTRA_DIST += %D%/README.md %D%/decisions %D%/manual
