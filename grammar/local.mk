# grammar/: lexer, parser, syntax tree, and the tree back to text.
noinst_LIBRARIES += %D%/libgrammar.a

%C%_libgrammar_a_SOURCES = \
  %D%/ast.h %D%/ast_ddl.h %D%/ast_expr.h %D%/ast_stmt.h \
  %D%/build_expr.c \
  %D%/build_stmt.c \
  %D%/build_type.c \
  %D%/gram_error.c \
  %D%/gram_int.h \
  %D%/keywords.def \
  %D%/lexer.h \
  %D%/lexer_names.c \
  %D%/parse.c %D%/parse.h \
  %D%/print.h %D%/print_int.h \
  %D%/print_ddl.c \
  %D%/print_expr.c \
  %D%/print_misc.c \
  %D%/print_name.c \
  %D%/print_query.c \
  %D%/print_show.c

# Generated code: a library of its own with its own warnings, whose objects go into libgrammar.a.
noinst_LIBRARIES += %D%/libgrammar_gen.a
%C%_libgrammar_gen_a_SOURCES =
nodist_%C%_libgrammar_gen_a_SOURCES = %D%/parser.c %D%/parser.h %D%/lexer.c
%C%_libgrammar_gen_a_CFLAGS = $(AM_CFLAGS) -Wno-missing-braces -Wno-null-dereference \
  -Wno-unused -Wno-conversion -Wno-sign-conversion -Wno-duplicated-branches -Wno-implicit-fallthrough \
  -Wno-cast-qual -Wno-redundant-decls
if FUZZ
# clang takes minutes to put these checks into the parser's one large function; ASan stays.
%C%_libgrammar_gen_a_CFLAGS += -fno-sanitize=undefined
endif
%C%_libgrammar_a_LIBADD = $(%C%_libgrammar_gen_a_OBJECTS)
EXTRA_%C%_libgrammar_a_DEPENDENCIES = $(%C%_libgrammar_gen_a_OBJECTS)

%D%/parser.c: $(srcdir)/%D%/sql.y
	$(AM_V_GEN)$(MKDIR_P) %D% && $(BISON) -Werror -d -o %D%/parser.c $(srcdir)/%D%/sql.y
%D%/parser.h: %D%/parser.c
	@test -f $@ || { rm -f %D%/parser.c && $(MAKE) $(AM_MAKEFLAGS) %D%/parser.c; }
%D%/lexer.c: $(srcdir)/%D%/lexer.re
	$(AM_V_GEN)$(MKDIR_P) %D% && $(RE2C) -Werror -W --no-generation-date -o %D%/lexer.c $(srcdir)/%D%/lexer.re

$(%C%_libgrammar_a_OBJECTS) $(%C%_libgrammar_gen_a_OBJECTS): %D%/parser.h

BUILT_SOURCES += %D%/parser.h
EXTRA_DIST += %D%/sql.y %D%/lexer.re %D%/parser.c %D%/parser.h %D%/lexer.c \
  regress/grammar_corpus.sql
MAINTAINERCLEANFILES += %D%/parser.c %D%/parser.h %D%/lexer.c

unit_tests += \
  regress/unit/test_lexer \
  regress/unit/test_parser
