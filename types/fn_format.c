/* format(template, ...): values put into a text by %s, %I and %L, as PostgreSQL's format() does. */
#include "config.h"

#include "types/fn_int.h"

#define MAX_WIDTH INT32_MAX

/* One specifier: %[position$][-][width]type, where width may be * or *position$. */
struct spec {
    int64_t position;   /* of the value, from 1; 0: the next one */
    int64_t width;      /* 0: none */
    int64_t width_from; /* position that the width is at; 0: the next one; -1: it is not an argument */
    bool left;
    uint8_t type;
};

struct formatter {
    const struct eval_env *env;
    const struct fn_call *call;
    const struct datum *args; /* [0] is the template */
    const uint8_t *p, *end;
    int64_t at; /* the argument that was taken last */
    struct str out;
};

static struct error *
unterminated(void)
{
    return err_hint(err_new(ERR_INVALID_PARAMETER_VALUE, "unterminated format() type specifier"),
                    "For a single \"%%\" use \"%%%%\".");
}

/* Digits at p; false: there are none. */
static bool
read_number(struct formatter *f, int64_t *n, struct error **e)
{
    const uint8_t *from = f->p;
    for (*n = 0; f->p < f->end && *f->p >= '0' && *f->p <= '9'; f->p++) {
        *n = *n * 10 + (*f->p - '0');
        if (*n > MAX_WIDTH) {
            *e = err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "number is out of range");
            return false;
        }
    }
    return f->p > from;
}

static bool
at_char(const struct formatter *f, char c)
{
    return f->p < f->end && *f->p == (uint8_t)c;
}

static struct error *
read_star(struct formatter *f, struct spec *s)
{
    struct error *e = NULL;
    int64_t n;
    f->p++;
    s->width_from = 0;
    if (!read_number(f, &n, &e))
        return e;
    if (!at_char(f, '$'))
        return err_new(ERR_INVALID_PARAMETER_VALUE,
                       "width argument position must be ended by \"$\"");
    if (n == 0)
        return err_new(ERR_INVALID_PARAMETER_VALUE,
                       "format specifies argument 0, but arguments are numbered from 1");
    f->p++;
    s->width_from = n;
    return NULL;
}

/* p is behind the percent sign. */
static struct error *
read_spec(struct formatter *f, struct spec *s)
{
    struct error *e = NULL;
    int64_t n;
    *s = (struct spec){.width_from = -1};
    if (read_number(f, &n, &e)) {
        if (!at_char(f, '$')) {
            s->width = n; /* a width, then: the position is none */
            goto type;
        }
        f->p++;
        if (n == 0)
            return err_new(ERR_INVALID_PARAMETER_VALUE,
                           "format specifies argument 0, but arguments are numbered from 1");
        s->position = n;
    }
    if (e != NULL)
        return e;
    for (; at_char(f, '-'); f->p++)
        s->left = true;
    if (at_char(f, '*'))
        ERR_TRY(read_star(f, s));
    else
        read_number(f, &s->width, &e);
    if (e != NULL)
        return e;
type:
    if (f->p == f->end)
        return unterminated();
    s->type = *f->p++;
    return NULL;
}

static struct error *
take_argument(struct formatter *f, int64_t position, const struct datum **d, const struct type **t)
{
    f->at = position > 0 ? position : f->at + 1;
    if (f->at >= f->call->n_args)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "too few arguments for format()");
    *d = &f->args[f->at];
    *t = f->call->arg_types[f->at];
    return NULL;
}

static struct error *
width_argument(struct formatter *f, struct spec *s)
{
    const struct datum *d = NULL;
    const struct type *t = NULL;
    ERR_TRY(take_argument(f, s->width_from, &d, &t));
    if (t->family != FAMILY_INT && !d->null)
        return err_new(ERR_DATATYPE_MISMATCH, "expected the width to be an integer");
    s->width = d->null ? 0 : d->i;
    if (s->width < 0) {
        s->left = true;
        s->width = s->width < -MAX_WIDTH ? MAX_WIDTH + 1LL : -s->width;
    }
    if (s->width > MAX_WIDTH)
        return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "number is out of range");
    return NULL;
}

static struct error *
value_text(struct formatter *f, uint8_t how, const struct datum *d, const struct type *t,
           struct str *s)
{
    struct str text;
    fn_str_init(s, f->env);
    if (d->null) {
        if (how == 'I')
            return err_new(ERR_NULL_VALUE_NOT_ALLOWED,
                           "null values cannot be formatted as an SQL identifier");
        str_append_cstr(s, how == 'L' ? "NULL" : "");
        return NULL;
    }
    fn_str_init(&text, f->env);
    datum_format(&text, t, d, TEXT_CAST, f->env);
    if (how == 'I')
        sql_quote_ident(s, str_slice(&text));
    else if (how == 'L')
        sql_quote_string(s, str_slice(&text));
    else
        str_append_slice(s, str_slice(&text));
    return text.failed || s->failed ? string_too_large() : NULL;
}

static void
put_padded(struct formatter *f, struct slice text, const struct spec *s)
{
    int64_t pad = s->width - (int64_t)utf8_count(text);
    for (int64_t i = 0; !s->left && i < pad && !f->out.failed; i++)
        str_append_char(&f->out, ' ');
    str_append_slice(&f->out, text);
    for (int64_t i = 0; s->left && i < pad && !f->out.failed; i++)
        str_append_char(&f->out, ' ');
}

static struct error *
put_spec(struct formatter *f)
{
    struct spec s;
    const struct datum *d = NULL;
    const struct type *t = NULL;
    struct str text;
    ERR_TRY(read_spec(f, &s));
    if (s.type == '%') {
        str_append_char(&f->out, '%');
        return NULL;
    }
    if (s.type != 's' && s.type != 'I' && s.type != 'L')
        return err_hint(err_new(ERR_INVALID_PARAMETER_VALUE,
                                "unrecognized format() type specifier \"%c\"", s.type),
                        "For a single \"%%\" use \"%%%%\".");
    if (s.width_from >= 0)
        ERR_TRY(width_argument(f, &s));
    ERR_TRY(take_argument(f, s.position, &d, &t));
    ERR_TRY(value_text(f, s.type, d, t, &text));
    put_padded(f, str_slice(&text), &s);
    return NULL;
}

SCALAR(format)
{
    struct formatter f = {.env = env, .call = call, .args = args};
    if (args[0].null) {
        *out = DATUM_NULL;
        return NULL;
    }
    f.p = datum_slice(&args[0]).ptr;
    f.end = f.p + datum_slice(&args[0]).len;
    fn_str_init(&f.out, env);
    while (f.p < f.end && !f.out.failed) {
        if (*f.p++ != '%')
            str_append_char(&f.out, (char)f.p[-1]);
        else if (f.p == f.end)
            return unterminated();
        else
            ERR_TRY(put_spec(&f));
    }
    return fn_str_done(&f.out, out);
}

static const struct overload rows[] = {
    {.name = "format", .args = {&TYPE_STRING}, .variadic = &TYPE_ANY, .ret = &TYPE_STRING,
     .fn = format, .volatility = STABLE, .null_args = true, .category = "String"},
};

const struct overload_table overloads_format_fns = {rows, ARRAY_COUNT(rows), false};
