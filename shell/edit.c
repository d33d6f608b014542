/* The interactive session: prompts, line editing and history by libedit. */
#include "config.h"

#include "shell/shell_int.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>
#include <wchar.h>

#include <histedit.h>

#include "base/arena.h"

#define HISTORY_MAX 10000

struct editor {
    struct shell *sh;
    EditLine *el;
    History *history;
    struct str prompt;
    char pending[4]; /* bytes of a character that is not whole yet */
    size_t n_pending;
    bool typed;      /* anything on this line */
    bool broken_off; /* the session, by Ctrl-C */
};

static char *
prompt(EditLine *el)
{
    struct editor *ed = NULL;
    el_get(el, EL_CLIENTDATA, &ed);
    struct shell *sh = ed->sh;
    const char *status = "";
    switch (PQtransactionStatus(sh->conn)) {
    case PQTRANS_INTRANS:
        status = " OPEN";
        break;
    case PQTRANS_INERROR:
        status = " ERROR";
        break;
    case PQTRANS_UNKNOWN:
        status = " ?";
        break;
    case PQTRANS_IDLE:
    case PQTRANS_ACTIVE:
        break;
    }
    str_clear(&ed->prompt);
    str_printf(&ed->prompt, "%s@%s:%s/%s%s> ", PQuser(sh->conn), PQhost(sh->conn), PQport(sh->conn),
               PQdb(sh->conn), status);
    if (scanner_pending(sh->scanner)) {
        size_t n = ed->prompt.len;
        str_clear(&ed->prompt);
        str_append_fill(&ed->prompt, ' ', n > 3 ? n - 3 : 0);
        str_append_cstr(&ed->prompt, "-> ");
    }
    return ed->prompt.ptr;
}

/* One character. Ctrl-C ends the line here, where libedit's own reader would go on. */
static int
read_char(EditLine *el, wchar_t *out)
{
    struct editor *ed = NULL;
    el_get(el, EL_CLIENTDATA, &ed);
    for (;;) {
        char byte;
        if (!wait_for_input())
            return -1;
        ssize_t n = read(STDIN_FILENO, &byte, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return (int)n;
        if (byte == '\0') /* what the terminal makes of Ctrl-D between two lines */
            continue;
        ed->typed = true;
        ed->pending[ed->n_pending++] = byte;
        mbstate_t state = {0};
        size_t used = mbrtowc(out, ed->pending, ed->n_pending, &state);
        if (used == (size_t)-2 && ed->n_pending < sizeof(ed->pending))
            continue;
        if (used == (size_t)-1 || used == (size_t)-2)
            *out = L'?';
        ed->n_pending = 0;
        return 1;
    }
}

/* Tab: the word at the cursor grows as far as all candidates agree; more than one are listed. */
static unsigned char
complete(EditLine *el, wint_t ch)
{
    struct editor *ed = NULL;
    const LineInfo *line = el_line(el);
    (void)ch;
    el_get(el, EL_CLIENTDATA, &ed);
    struct str grown, list;
    str_init(&grown, 4096);
    str_init(&list, (size_t)1 << 20);
    size_t typed = completion_word(line->buffer, line->cursor);
    int n = completion_find(ed->sh, slice_make(line->cursor - typed, typed), &grown, &list);
    unsigned char result = CC_REFRESH_BEEP;
    if (grown.len > 0) {
        el_deletestr(el, (int)typed);
        el_insertstr(el, str_cstr(&grown));
        result = CC_REFRESH;
    } else if (n > 1) {
        printf("\n%s\n", str_cstr(&list));
        fflush(stdout);
        result = CC_REDISPLAY;
    }
    str_release(&grown);
    str_release(&list);
    return result;
}

static bool
editor_open(struct editor *ed, struct shell *sh)
{
    HistEvent event;
    *ed = (struct editor){.sh = sh};
    str_init(&ed->prompt, STR_MAX_DEFAULT);
    uselocale(newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0)); /* for libedit's characters */
    ed->el = el_init("amberdb", stdin, stdout, stderr);
    ed->history = history_init();
    if (ed->el == NULL || ed->history == NULL)
        return false;
    history(ed->history, &event, H_SETSIZE, HISTORY_MAX);
    history(ed->history, &event, H_SETUNIQUE, 1);
    el_set(ed->el, EL_CLIENTDATA, ed);
    el_set(ed->el, EL_PROMPT, prompt);
    el_set(ed->el, EL_EDITOR, "emacs");
    el_set(ed->el, EL_SIGNAL, 0);
    el_set(ed->el, EL_GETCFN, read_char);
    el_set(ed->el, EL_HIST, history, ed->history);
    /* the wide form: el_set() copies both strings and never frees them */
    el_wset(ed->el, EL_ADDFN, L"complete", L"complete the word at the cursor", complete);
    el_set(ed->el, EL_BIND, "\t", "complete", NULL);
    el_set(ed->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_source(ed->el, NULL); /* ~/.editrc */
    return true;
}

static void
editor_close(struct editor *ed)
{
    if (ed->history != NULL)
        history_end(ed->history);
    if (ed->el != NULL)
        el_end(ed->el);
    str_release(&ed->prompt);
}

/* Ctrl-C: what was typed is forgotten, then the statement begun; with neither, the session ends. */
static void
interrupted(struct editor *ed)
{
    struct shell *sh = ed->sh;
    fputc('\n', stdout);
    ed->n_pending = 0;
    el_reset(ed->el);
    if (!ed->typed && !scanner_pending(sh->scanner))
        sh->quit = ed->broken_off = true;
    if (!ed->typed)
        scanner_reset(sh->scanner);
}

void
edit_loop(struct shell *sh)
{
    struct editor ed;
    HistEvent event;
    const char *home = getenv("HOME");
    char *file = home != NULL ? arena_printf(sh->arena, "%s/.amberdbsql_history", home) : NULL;
    bool open = editor_open(&ed, sh);
    if (open && file != NULL)
        history(ed.history, &event, H_LOAD, file);
    while (open && !sh->quit) {
        int n = 0;
        el_resize(ed.el);
        forget_interrupt();
        ed.typed = false;
        const char *line = el_gets(ed.el, &n);
        if (line == NULL && was_interrupted()) {
            interrupted(&ed);
            continue;
        }
        if (line == NULL) {
            fputc('\n', stdout);
            break;
        }
        struct slice text = slice_make(line, strcspn(line, "\n"));
        char *copy = arena_strndup(sh->arena, (const char *)text.ptr, text.len);
        if (text.len > 0)
            history(ed.history, &event, H_ENTER, copy);
        run_line(sh, copy);
    }
    if (open && file != NULL)
        history(ed.history, &event, H_SAVE, file);
    sh->failed = !open || ed.broken_off; /* statements that failed were seen to fail */
    editor_close(&ed);
}
