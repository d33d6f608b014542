# m4/amberdb.m4 - what configure.ac repeats.

# AMB_CFLAG(VARIABLE, FLAG): add FLAG to VARIABLE if the C compiler takes it.
AC_DEFUN([AMB_CFLAG], [
  AS_VAR_PUSHDEF([amb_cv], [amb_cv_cflag_$2])
  AC_CACHE_CHECK([whether $CC takes $2], [amb_cv], [
    amb_save_CFLAGS=$CFLAGS
    # gcc says nothing of an unknown -Wno-x, so ask for the positive form.
    amb_flag=`AS_ECHO(["$2"]) | sed 's/^-Wno-/-W/'`
    CFLAGS="$amb_save_CFLAGS -Werror $amb_flag"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
      [AS_VAR_SET([amb_cv], [yes])], [AS_VAR_SET([amb_cv], [no])])
    CFLAGS=$amb_save_CFLAGS
  ])
  AS_VAR_IF([amb_cv], [yes], [AS_VAR_APPEND([$1], [" $2"])])
  AS_VAR_POPDEF([amb_cv])
])

# AMB_MISSING(WHAT, FOR, PACKAGE): note it for the report at the end.
AC_DEFUN([AMB_MISSING], [
  AS_VAR_APPEND([amb_missing], ["
  $1 - $2 (Debian: $3)"])
  AS_VAR_APPEND([amb_packages], [" $3"])
])

# AMB_LIB(VARIABLE, PKG-CONFIG MODULE AND VERSION, FOR, PACKAGE)
AC_DEFUN([AMB_LIB], [
  PKG_CHECK_MODULES([$1], [$2], [], [AMB_MISSING([$2], [$3], [$4])])
])

# AMB_TOOL(VARIABLE, PROGRAM, OUTPUT IN THE SOURCE TREE, FOR, PACKAGE): a generator, needed only
# where its output did not come with the sources.
AC_DEFUN([AMB_TOOL], [
  AC_CHECK_PROGS([$1], [$2])
  AS_IF([test -z "$$1" && test ! -f "$srcdir/$3"], [AMB_MISSING([$2], [$4], [$5])])
  AS_IF([test -z "$$1"], [$1="\$(SHELL) \$(top_srcdir)/build-aux/missing $2"])
])
