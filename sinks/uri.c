#include "config.h"

#include "sinks/uri_int.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#define URI_MAX ((size_t)64 << 10) /* bytes; longer ones are refused as no server takes them */

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Percent-decode; plus: '+' means a blank (query parts). NULL when an escape is broken. */
static char *
percent_decode(struct arena *a, const char *p, size_t len, bool plus)
{
    char *out = arena_alloc(a, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (p[i] == '%') {
            if (i + 2 >= len || hex_digit(p[i + 1]) < 0 || hex_digit(p[i + 2]) < 0)
                return NULL;
            out[n++] = (char)(hex_digit(p[i + 1]) << 4 | hex_digit(p[i + 2]));
            i += 2;
        } else {
            out[n++] = plus && p[i] == '+' ? ' ' : p[i];
        }
    }
    out[n] = '\0';
    return out;
}

char *
uri_decode(struct arena *a, const char *text)
{
    char *out = percent_decode(a, text, strlen(text), false);
    return out != NULL ? out : arena_strdup(a, text);
}

static void
parse_query(struct arena *a, const char *q, struct uri *u)
{
    size_t cap = 1;
    for (const char *p = q; *p != '\0'; p++)
        cap += *p == '&';
    struct uri_param *v = ARENA_ARRAY(a, struct uri_param, cap);
    int n = 0;
    while (*q != '\0') {
        size_t len = strcspn(q, "&");
        const char *eq = memchr(q, '=', len);
        size_t name_len = eq != NULL ? (size_t)(eq - q) : len;
        char *name = percent_decode(a, q, name_len, true);
        char *value = eq != NULL ? percent_decode(a, eq + 1, len - name_len - 1, true)
                                 : arena_strdup(a, "");
        if (len > 0 && name != NULL && value != NULL) /* a broken pair is dropped, others stay */
            v[n++] = (struct uri_param){name, value};
        q += len;
        if (*q == '&')
            q++;
    }
    u->params = v;
    u->n_params = n;
}

struct error *
uri_parse(struct arena *a, const char *text, struct uri *out)
{
    *out = (struct uri){.scheme = "", .host = "", .path = "", .query = ""};
    if (strlen(text) > URI_MAX)
        return err_new(ERR_UNCATEGORIZED, "URI of %zu bytes is too long", strlen(text));
    const char *p = text;
    const char *colon = strchr(p, ':');
    size_t stop = strcspn(p, "/?#");
    if (colon != NULL && (size_t)(colon - p) < stop && isalpha((unsigned char)*p)) {
        char *scheme = arena_strndup(a, p, (size_t)(colon - p));
        for (char *c = scheme; *c != '\0'; c++)
            *c = (char)tolower((unsigned char)*c);
        out->scheme = scheme;
        p = colon + 1;
    }
    size_t end = strcspn(p, "#");
    char *rest = arena_strndup(a, p, end);
    char *query = strchr(rest, '?');
    if (query != NULL) {
        *query++ = '\0';
        out->query = query;
    }
    parse_query(a, out->query, out);
    const char *path = rest;
    if (strncmp(rest, "//", 2) == 0) {
        const char *host = rest + 2;
        size_t host_len = strcspn(host, "/");
        path = host + host_len;
        const char *at = memrchr(host, '@', host_len);
        if (at != NULL) {
            out->userinfo = arena_strndup(a, host, (size_t)(at - host));
            host_len -= (size_t)(at + 1 - host);
            host = at + 1;
        }
        out->host = percent_decode(a, host, host_len, false);
    }
    out->path = percent_decode(a, path, strlen(path), false);
    if (out->host == NULL || out->path == NULL)
        return err_new(ERR_UNCATEGORIZED, "parse \"%s\": invalid URL escape", uri_redact(a, text));
    return NULL;
}

const char *
uri_param(const struct uri *u, const char *name)
{
    for (int i = 0; i < u->n_params; i++)
        if (strcmp(u->params[i].name, name) == 0)
            return u->params[i].value;
    return NULL;
}

static bool
is_secret(const char *name)
{
    static const char *const secrets[] = {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                                          "AZURE_ACCOUNT_KEY", "CREDENTIALS"};
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
        if (strcmp(name, secrets[i]) == 0)
            return true;
    return false;
}

static void
put_encoded(struct str *s, const char *text, bool query)
{
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (isalnum(c) || strchr("-_.~", c) != NULL ||
            (!query && strchr("/$&+,:;=@!'()*", c) != NULL))
            str_append_char(s, *p);
        else if (query && c == ' ')
            str_append_char(s, '+');
        else
            str_printf(s, "%%%02X", c);
    }
}

static int
by_name(const void *a, const void *b)
{
    const struct uri_param *x = *(const struct uri_param *const *)a;
    const struct uri_param *y = *(const struct uri_param *const *)b;
    int c = strcmp(x->name, y->name);
    return c != 0 ? c : (x > y) - (x < y);
}

char *
uri_print(struct arena *a, const struct uri *u, const char *skip, bool redact)
{
    struct str s;
    str_init_arena(&s, a, 4 * URI_MAX);
    if (*u->scheme != '\0')
        str_printf(&s, "%s:", u->scheme);
    if (*u->scheme != '\0' || *u->host != '\0')
        str_append_cstr(&s, "//");
    if (u->userinfo != NULL) {
        size_t user = strcspn(u->userinfo, ":");
        str_append(&s, u->userinfo, redact ? user : strlen(u->userinfo));
        if (redact && u->userinfo[user] == ':')
            str_append_cstr(&s, ":redacted");
        str_append_char(&s, '@');
    }
    str_append_cstr(&s, u->host);
    put_encoded(&s, u->path, false);
    const struct uri_param **sorted = ARENA_ARRAY(a, const struct uri_param *, u->n_params + 1);
    int n = 0;
    for (int i = 0; i < u->n_params; i++)
        if (skip == NULL || strcmp(u->params[i].name, skip) != 0)
            sorted[n++] = &u->params[i];
    qsort(sorted, (size_t)n, sizeof(*sorted), by_name);
    for (int i = 0; i < n; i++) {
        str_append_char(&s, i == 0 ? '?' : '&');
        put_encoded(&s, sorted[i]->name, true);
        str_append_char(&s, '=');
        put_encoded(&s, redact && is_secret(sorted[i]->name) ? "redacted" : sorted[i]->value, true);
    }
    return arena_strdup(a, str_cstr(&s));
}

char *
uri_redact(struct arena *a, const char *text)
{
    struct uri u;
    struct error *e = strlen(text) > URI_MAX ? err_new(ERR_INTERNAL, "long") : NULL;
    if (e == NULL) {
        /* A URI whose escapes are broken cannot be taken apart: show only what precedes the query. */
        size_t head = strcspn(text, "?");
        for (const char *p = text; (p = strchr(p, '%')) != NULL; p++)
            if (hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0)
                return arena_printf(a, "%.*s%s", (int)head, text, text[head] ? "?redacted" : "");
        e = uri_parse(a, text, &u);
    }
    if (e != NULL) {
        err_free(e);
        return arena_strdup(a, "redacted");
    }
    return uri_print(a, &u, NULL, true);
}

char *
uri_join(struct arena *a, const char *text, const char *subdir)
{
    size_t head = strcspn(text, "?#");
    size_t base = head;
    while (base > 0 && text[base - 1] == '/')
        base--;
    /* "scheme://" with nothing behind keeps its slashes */
    if (base > 0 && text[base - 1] == ':')
        base = head;
    return arena_printf(a, "%.*s/%s%s", (int)base, text, subdir, text + head);
}

void
uri_split_file(struct arena *a, const char *text, const char *before, char **dir, char **name)
{
    size_t path = strcspn(text, "?#"), scheme = 0;
    for (size_t i = 0; i + 2 < path && scheme == 0; i++)
        if (memcmp(text + i, "://", 3) == 0)
            scheme = i + 3;
    size_t first = before != NULL ? scheme + strcspn(text + scheme, before) : path;
    size_t slash = first < path ? first : path;
    while (slash > scheme && text[slash - 1] != '/')
        slash--;
    *name = uri_decode(a, arena_printf(a, "%.*s", (int)(path - slash), text + slash));
    *dir = arena_printf(a, "%.*s%s", (int)slash, text, text + path);
}

struct error *
uri_split_locality(struct arena *a, const char *text, char **rest, char **locality)
{
    struct uri u;
    ERR_TRY(uri_parse(a, text, &u));
    const char *kv = uri_param(&u, "COCKROACH_LOCALITY");
    *locality = kv != NULL ? arena_strdup(a, kv) : NULL;
    *rest = kv != NULL ? uri_print(a, &u, "COCKROACH_LOCALITY", false) : arena_strdup(a, text);
    return NULL;
}
