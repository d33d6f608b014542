/* Speaks the PostgreSQL protocol message by message: reads a script, prints what the server answers.
 *
 *     speak HOST PORT <script
 *
 * One message a line, its fields in words; "..." holds \n, \t, \\, \" and \xNN; - is an empty name:
 *     connect key=value...               a new connection; its welcome is not printed
 *     Q "sql"                            Query
 *     P name "sql" [oid...]              Parse
 *     B portal name [f:0,1] [r:1] v...   Bind: formats, result formats; v: "text", x:hex, null
 *     D S|P name   C S|P name            Describe, Close
 *     E portal limit                     Execute
 *     S  H  c                            Sync, Flush, CopyDone
 *     d "data"  f "reason"               CopyData, CopyFail
 *     until T                            print what comes, up to a message of type T
 * Lines are echoed behind "> "; empty ones and those from # on stay away. */
#include "config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUT_MAX (1 << 20)
#define WORDS_MAX 64

struct out { /* a message being put together */
    uint8_t b[OUT_MAX];
    size_t n;
};

struct word {
    char *text;
    size_t len;
    bool quoted;
};

static int fd = -1;
static const char *host, *port;
static struct out out;

static void
die(const char *what)
{
    printf("! %s\n", what);
    exit(1);
}

static void
put(const void *p, size_t n)
{
    if (n > OUT_MAX - out.n)
        die("message too long");
    memcpy(out.b + out.n, p, n);
    out.n += n;
}

static void
put16(int v)
{
    uint16_t n = htons((uint16_t)v);

    put(&n, 2);
}

static void
put32(int32_t v)
{
    uint32_t n = htonl((uint32_t)v);

    put(&n, 4);
}

static void
put_name(const struct word *w)
{
    if (!w->quoted && strcmp(w->text, "-") == 0)
        put("", 1);
    else
        put(w->text, w->len + 1);
}

static void
send_all(const void *p, size_t n)
{
    const char *at = p;

    while (n > 0) {
        ssize_t k = send(fd, at, n, MSG_NOSIGNAL);
        if (k <= 0)
            die("the server is gone");
        at += k;
        n -= (size_t)k;
    }
}

/* Send what was put, as a message of this type; 0: without one. */
static void
flush_message(char type)
{
    uint32_t n = htonl((uint32_t)out.n + 4);

    if (type != 0)
        send_all(&type, 1);
    send_all(&n, 4);
    send_all(out.b, out.n);
    out.n = 0;
}

static bool
read_all(void *p, size_t n)
{
    char *at = p;

    while (n > 0) {
        ssize_t k = recv(fd, at, n, 0);
        if (k <= 0)
            return false;
        at += k;
        n -= (size_t)k;
    }
    return true;
}

/* ---- printing ------------------------------------------------------------------------------- */

static void
print_bytes(const uint8_t *p, size_t n)
{
    putchar('"');
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '"' || p[i] == '\\')
            printf("\\%c", p[i]);
        else if (p[i] == '\n')
            fputs("\\n", stdout);
        else if (p[i] == '\t')
            fputs("\\t", stdout);
        else if (p[i] < 32 || p[i] > 126)
            printf("\\x%02x", p[i]);
        else
            putchar(p[i]);
    }
    putchar('"');
}

static uint32_t
get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int
get16(const uint8_t *p)
{
    return (int16_t)(p[0] << 8 | p[1]);
}

static void
print_fields(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n && p[i] != 0;) {
        size_t len = strlen((const char *)p + i + 1);
        /* Source lines change. */
        if (strchr("FLR", p[i]) == NULL) {
            printf(" %c=", p[i]);
            print_bytes(p + i + 1, len);
        }
        i += len + 2;
    }
}

static void
print_message(char type, const uint8_t *p, size_t n)
{
    printf("%c", type);
    if (type == 'E' || type == 'N') {
        print_fields(p, n);
    } else if (type == 'T') {
        size_t at = 2;
        for (int i = 0; i < get16(p) && at < n; i++) {
            size_t len = strlen((const char *)p + at);
            const uint8_t *f = p + at + len + 1;
            printf(" %s:%u:%d:%d:%d", (const char *)p + at, get32(f + 6), get16(f + 10),
                   (int)get32(f + 12), get16(f + 16));
            at += len + 19;
        }
    } else if (type == 'D') {
        size_t at = 2;
        for (int i = 0; i < get16(p) && at < n; i++) {
            int32_t len = (int32_t)get32(p + at);
            at += 4;
            putchar(' ');
            if (len < 0)
                fputs("null", stdout);
            else
                print_bytes(p + at, (size_t)len);
            at += len < 0 ? 0 : (size_t)len;
        }
    } else if (type == 't') {
        for (int i = 0; i < get16(p); i++)
            printf(" %u", get32(p + 2 + 4 * i));
    } else if (n > 0) {
        putchar(' ');
        print_bytes(p, n - (p[n - 1] == 0 && type != 'G' && type != 'H'));
    }
    putchar('\n');
}

/* Read up to a message of this type (or an error while a connection starts). */
static void
until(char last, bool print)
{
    for (;;) {
        uint8_t head[5];
        if (!read_all(head, 5)) {
            printf("(closed)\n");
            close(fd);
            fd = -1;
            return;
        }
        size_t n = get32(head + 1) - 4;
        uint8_t *p = calloc(1, n + 1);
        if (p == NULL || !read_all(p, n))
            die("the message is cut off");
        char type = (char)head[0];
        if (print || type == 'E')
            print_message(type, p, n);
        free(p);
        if (type == last || (!print && type == 'E'))
            return;
    }
}

/* ---- the script ----------------------------------------------------------------------------- */

static int
hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static int32_t
number(const char *s)
{
    uint32_t n = 0;

    for (; isdigit((unsigned char)*s); s++)
        n = n * 10 + (uint32_t)(*s - '0');
    return (int32_t)n;
}

/* Cut the line into words, in place. */
static int
split(char *line, struct word *w)
{
    int n = 0;

    for (char *p = line; *p != '\0' && n < WORDS_MAX;) {
        if (isspace((unsigned char)*p)) {
            p++;
            continue;
        }
        w[n].quoted = *p == '"';
        char *to = w[n].text = w[n].quoted ? ++p : p;
        while (*p != '\0' && (w[n].quoted ? *p != '"' : !isspace((unsigned char)*p))) {
            if (w[n].quoted && *p == '\\' && p[1] != '\0') {
                p++;
                if (*p == 'x' && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2])) {
                    *to++ = (char)(hex(p[1]) * 16 + hex(p[2]));
                    p += 3;
                } else {
                    *to++ = (char)(*p == 'n' ? '\n' : *p == 't' ? '\t' : *p);
                    p++;
                }
            } else {
                *to++ = *p++;
            }
        }
        p += *p != '\0';
        w[n].len = (size_t)(to - w[n].text);
        *to = '\0';
        n++;
    }
    return n;
}

static void
do_connect(int n, struct word *w)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *ai;

    if (fd >= 0)
        close(fd);
    if (getaddrinfo(host, port, &hints, &ai) != 0)
        die("no such host");
    fd = socket(ai->ai_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, ai->ai_addr, ai->ai_addrlen) != 0)
        die("cannot connect");
    freeaddrinfo(ai);
    put32(196608);
    for (int i = 1; i < n; i++) {
        char *eq = strchr(w[i].text, '=');
        if (eq == NULL)
            die("connect key=value");
        *eq = '\0';
        put(w[i].text, strlen(w[i].text) + 1);
        put(eq + 1, strlen(eq + 1) + 1);
    }
    put("", 1);
    flush_message(0);
    until('Z', false);
}

/* f:0,1 or r:0,1 at w: put it. */
static int
put_formats(const struct word *w, int at, int n, char letter)
{
    if (at >= n || w[at].quoted || w[at].text[0] != letter || w[at].text[1] != ':') {
        put16(0);
        return at;
    }
    int count = 0;
    for (const char *p = w[at].text + 2; *p != '\0'; p++)
        count += isdigit((unsigned char)*p) != 0;
    put16(count);
    for (const char *p = w[at].text + 2; *p != '\0'; p++)
        if (isdigit((unsigned char)*p))
            put16(*p - '0');
    return at + 1;
}

static void
bind_message(int n, struct word *w)
{
    int at, r;

    put_name(&w[1]);
    put_name(&w[2]);
    at = r = put_formats(w, 3, n, 'f');
    if (at < n && !w[at].quoted && strncmp(w[at].text, "r:", 2) == 0)
        at++;
    put16(n - at);
    for (; at < n; at++) {
        if (!w[at].quoted && strcmp(w[at].text, "null") == 0) {
            put32(-1);
        } else if (!w[at].quoted && strncmp(w[at].text, "x:", 2) == 0) {
            put32((int32_t)(w[at].len - 2) / 2);
            for (size_t i = 2; i + 1 < w[at].len; i += 2)
                put(&(uint8_t){(uint8_t)(hex(w[at].text[i]) * 16 + hex(w[at].text[i + 1]))}, 1);
        } else {
            put32((int32_t)w[at].len);
            put(w[at].text, w[at].len);
        }
    }
    put_formats(w, r, n, 'r');
    flush_message('B');
}

static void
run_line(int n, struct word *w)
{
    char type = w[0].text[0];

    if (strcmp(w[0].text, "connect") == 0) {
        do_connect(n, w);
        return;
    }
    if (fd < 0)
        die("not connected");
    if (strcmp(w[0].text, "until") == 0 && n == 2) {
        until(w[1].text[0], true);
        return;
    }
    if (w[0].text[1] != '\0' || strchr("QPBDCESHcdf", type) == NULL)
        die("what is this line?");
    if (n < (strchr("SHc", type) != NULL ? 1 : strchr("PBDCE", type) != NULL ? 3 : 2))
        die("words are missing");
    switch (type) {
    case 'B':
        bind_message(n, w);
        return;
    case 'Q':
    case 'f':
        put(w[1].text, w[1].len + 1);
        break;
    case 'd':
        put(w[1].text, w[1].len);
        break;
    case 'P':
        put_name(&w[1]);
        put(w[2].text, w[2].len + 1);
        put16(n - 3);
        for (int i = 3; i < n; i++)
            put32(number(w[i].text));
        break;
    case 'D':
    case 'C':
        put(w[1].text, 1);
        put_name(&w[2]);
        break;
    case 'E':
        put_name(&w[1]);
        put32(number(w[2].text));
        break;
    default:
        break;
    }
    flush_message(type);
}

int
main(int argc, char **argv)
{
    static char line[1 << 16];

    if (argc != 3) {
        fprintf(stderr, "usage: speak HOST PORT <script\n");
        return 2;
    }
    host = argv[1];
    port = argv[2];
    alarm(120); /* a server that does not answer fails the test */
    while (fgets(line, sizeof(line), stdin) != NULL) {
        struct word w[WORDS_MAX];
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0' || line[0] == '#')
            continue;
        printf("> %s\n", line);
        run_line(split(line, w), w);
    }
    return 0;
}
