# doc/: the manual and the decisions.
