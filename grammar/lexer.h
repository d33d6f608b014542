/* grammar/lexer.h - SQL text to tokens, one call a token. Inside of the room.
 *
 * The text must be followed by a NUL byte (which is not part of it). Strings without escapes and
 * adjacent parts are slices of the text; others are built in the arena.
 * Errors: a bad token comes back as LEX_ERROR whose text is the reason ("unterminated string").
 */
#ifndef AMBERDB_GRAMMAR_LEXER_H
#define AMBERDB_GRAMMAR_LEXER_H

#include "base/arena.h"
#include "base/slice.h"

struct lexer {
    struct arena *arena;
    const uint8_t *begin, *cur, *end;
    const uint8_t *counted; /* characters up to here are in char_count */
    int char_count;
};

struct lex_token {
    int id;                 /* of grammar/parser.h; 0 at the end */
    struct slice text;      /* folded name, decoded string, digits; for errors the reason */
    size_t start, end;      /* byte offsets */
    int pos;                /* 1-based character */
    int number;             /* placeholders */
};

void lex_init(struct lexer *lx, struct arena *a, const uint8_t *text, size_t len);
void lex_next(struct lexer *lx, struct lex_token *out);

/* Lower case and NFC; a slice of the input when nothing changes. */
struct slice lex_fold_name(struct arena *a, struct slice name);
/* Would folding leave it as it is? */
bool lex_name_is_folded(struct slice name);
/* NFC only. */
struct slice lex_normalize(struct arena *a, struct slice name);

/* Length of the whole UTF-8 characters at ptr, 0 at a bad one. */
bool lex_is_utf8(const uint8_t *ptr, size_t len);

/* The keyword's token and class ('U', 'C', 'T', 'R'), or 0. */
int keyword_lookup(struct slice word, char *category);

#endif
