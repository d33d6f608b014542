# shell/: amberdb sql.
noinst_LIBRARIES += %D%/libshell.a

%C%_libshell_a_SOURCES = \
  %D%/complete.c %D%/edit.c \
  %D%/meta.c \
  %D%/node.c \
  %D%/output.c \
  %D%/progress.c \
  %D%/run.c \
  %D%/scan.c \
  %D%/shell.c %D%/shell.h %D%/shell_int.h \
  %D%/statement_diag.c \
  %D%/upload.c
