/* Access tokens for gs. SOURCE: sinks.md 5.2, 5.3; RFC 7519, RFC 7523. */
#include "config.h"

#include "sinks/gs_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "sinks/json_int.h"

#define SCOPE "https://www.googleapis.com/auth/devstorage.read_write"
#define OLD_TOKEN_URI "https://accounts.google.com/o/oauth2/token"
#define TOKEN_URI "https://oauth2.googleapis.com/token"
#define METADATA_PATH "/computeMetadata/v1/instance/service-accounts/default/token"
#define KEY_FILE_MAX ((size_t)1 << 20)
#define SKEW_S 10       /* issued so much earlier, for clocks that are behind */
#define LIFETIME_S 3600
#define EARLY_S 60      /* taken as expired so much earlier */

static char *
cache_key(struct arena *a, const char *json)
{
    struct slice s = slice_cstr(json);
    uint8_t sum[SHA512_LEN];
    size_t n = digest_parts(DIGEST_SHA256, &s, 1, sum);
    char *out = arena_alloc(a, 2 * n + 4);
    memcpy(out, "gs:", 3);
    for (size_t i = 0; i < n; i++)
        snprintf(out + 3 + 2 * i, 3, "%02x", sum[i]);
    return out;
}

/* Words of Go's encoding/json for a text that is none. */
static struct error *
bad_json(const char *json)
{
    size_t blank = strspn(json, " \t\r\n");
    if (json[blank] == '\0' || json[blank] == '{')
        return err_new(ERR_UNCATEGORIZED, "unexpected end of JSON input");
    return err_new(ERR_UNCATEGORIZED, "invalid character '%c' looking for beginning of value",
                   json[blank]);
}

struct error *
gs_parse_key(struct arena *a, const char *json, struct gs_keys *out)
{
    struct slice doc = slice_cstr(json);
    if (!json_is_object(doc))
        return bad_json(json);
    const char *type = json_string(a, doc, "type");
    if (type == NULL || strcmp(type, "service_account") != 0)
        return err_new(ERR_UNCATEGORIZED,
                       "google: read JWT from JSON credentials: 'type' field is \"%s\" "
                       "(expected \"service_account\")", type != NULL ? type : "");
    *out = (struct gs_keys){GS_SERVICE_ACCOUNT, arena_strdup(a, json), cache_key(a, json)};
    return NULL;
}

static const char *
metadata_host(void)
{
    const char *v = getenv("GCE_METADATA_HOST");
    return v != NULL && *v != '\0' ? v : "metadata.google.internal";
}

struct error *
gs_environment(struct arena *a, struct gs_keys *out)
{
    const char *path = getenv("GOOGLE_APPLICATION_CREDENTIALS"), *home = getenv("HOME");
    bool named = path != NULL && *path != '\0';
    struct slice text;
    if (!named && home != NULL)
        path = arena_printf(a, "%s/.config/gcloud/application_default_credentials.json", home);
    if (path != NULL && *path != '\0' && (named || file_exists(path))) {
        struct error *e = file_read(a, path, KEY_FILE_MAX, &text);
        if (e != NULL)
            return err_wrap(e, "dialing: google: error getting credentials using "
                               "GOOGLE_APPLICATION_CREDENTIALS environment variable");
        const char *json = (const char *)text.ptr;
        char *type = json_string(a, text, "type");
        if (type == NULL || strcmp(type, "authorized_user") != 0)
            return gs_parse_key(a, json, out);
        *out = (struct gs_keys){GS_AUTHORIZED_USER, json, cache_key(a, json)};
        return NULL;
    }
    *out = (struct gs_keys){GS_METADATA, "", arena_printf(a, "gce:%s", metadata_host())};
    return NULL;
}

/* ---- JWT ---- */

static void
put_base64url(struct str *s, struct arena *a, struct slice bytes)
{
    for (const char *p = base64_encode(a, bytes); *p != '\0' && *p != '='; p++)
        str_append_char(s, *p == '+' ? '-' : *p == '/' ? '_' : *p);
}

static struct error *
sign_rs256(struct arena *a, const char *pem, struct slice text, struct slice *out)
{
    BIO *b = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = b != NULL ? PEM_read_bio_PrivateKey(b, NULL, NULL, NULL) : NULL;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    size_t len = key != NULL ? (size_t)EVP_PKEY_get_size(key) : 0;
    uint8_t *sig = arena_alloc(a, len + 1);
    bool good = key != NULL && c != NULL && EVP_PKEY_is_a(key, "RSA") == 1 &&
                EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(c, sig, &len, text.ptr, text.len) == 1;
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
    BIO_free(b);
    ERR_clear_error();
    if (!good)
        return err_new(ERR_UNCATEGORIZED, "oauth2: cannot fetch token: private key should be a PEM "
                                          "or plain PKCS1 or PKCS8");
    *out = slice_make(sig, len);
    return NULL;
}

static const char *
field(struct arena *a, const char *json, const char *name, const char *otherwise)
{
    char *v = json_string(a, slice_cstr(json), name);
    return v != NULL ? v : otherwise;
}

struct error *
gs_jwt(struct arena *a, const char *json, int64_t now_s, char **out)
{
    struct str part, s;
    struct slice sig;
    int64_t iat = now_s - SKEW_S;
    str_init_arena(&part, a, STR_MAX_DEFAULT);
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_append_cstr(&part, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":");
    json_put_string(&part, field(a, json, "private_key_id", ""));
    str_append_char(&part, '}');
    put_base64url(&s, a, str_slice(&part));
    str_append_char(&s, '.');
    str_clear(&part);
    str_append_cstr(&part, "{\"iss\":");
    json_put_string(&part, field(a, json, "client_email", ""));
    str_append_cstr(&part, ",\"scope\":\"" SCOPE "\",\"aud\":");
    json_put_string(&part, field(a, json, "token_uri", OLD_TOKEN_URI));
    str_printf(&part, ",\"iat\":%" PRId64 ",\"exp\":%" PRId64 "}", iat, iat + LIFETIME_S);
    put_base64url(&s, a, str_slice(&part));
    ERR_TRY(sign_rs256(a, field(a, json, "private_key", ""), str_slice(&s), &sig));
    str_append_char(&s, '.');
    put_base64url(&s, a, sig);
    *out = arena_strdup(a, str_cstr(&s));
    return NULL;
}

/* ---- asking for a token ---- */

static struct error *
token_prepare(struct remote *r, struct arena *a, const struct remote_call *c,
              struct http_request *q)
{
    (void)r;
    (void)a;
    q->url = c->url;
    q->direct = strncmp(c->url, "http://", 7) == 0; /* the instance's own */
    return NULL;
}

static enum remote_kind
token_explain(struct remote *r, struct arena *a, const struct remote_call *c,
              const struct http_response *resp, int mended, const char **text)
{
    struct slice body = str_slice(&resp->body);
    (void)r;
    (void)c;
    (void)mended;
    *text = arena_printf(a, "%d %s\nResponse: %.*s", resp->status, resp->status_text, (int)body.len,
                         body.len > 0 ? (const char *)body.ptr : "");
    return remote_kind_of_status(resp->status);
}

static const char *
token_no_answer(struct arena *a, const struct remote_call *c, const char *failure)
{
    (void)a;
    (void)c;
    return failure;
}

static const struct remote_service token_service = {
    .name = "oauth2",
    .prepare = token_prepare,
    .explain = token_explain,
    .no_answer = token_no_answer,
};

static void
put_form(struct str *s, const char *name, const char *value)
{
    str_printf(s, "%s%s=", s->len > 0 ? "&" : "", name);
    http_encode(s, value, false);
}

static struct error *
token_call(struct remote *r, struct arena *a, const struct gs_keys *k, struct remote_call *c)
{
    struct str form;
    char *jwt;
    (void)r;
    str_init_arena(&form, a, STR_MAX_DEFAULT);
    *c = (struct remote_call){.service = &token_service, .what = "oauth2: cannot fetch token",
                              .method = "POST", .has_body = true, .body_fd = -1,
                              .body_max = (size_t)1 << 20};
    switch (k->identity) {
    case GS_SERVICE_ACCOUNT:
        ERR_TRY(gs_jwt(a, k->json, wall_now_ns() / 1000000000, &jwt));
        put_form(&form, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
        put_form(&form, "assertion", jwt);
        c->url = field(a, k->json, "token_uri", OLD_TOKEN_URI);
        break;
    case GS_AUTHORIZED_USER:
        put_form(&form, "grant_type", "refresh_token");
        put_form(&form, "client_id", field(a, k->json, "client_id", ""));
        put_form(&form, "client_secret", field(a, k->json, "client_secret", ""));
        put_form(&form, "refresh_token", field(a, k->json, "refresh_token", ""));
        c->url = field(a, k->json, "token_uri", TOKEN_URI);
        break;
    case GS_METADATA:
        c->method = "GET";
        c->has_body = false;
        c->url = arena_printf(a, "http://%s" METADATA_PATH, metadata_host());
        c->headers[c->n_headers++] = (struct http_header){"metadata-flavor", "Google"};
        return NULL;
    }
    c->headers[c->n_headers++] =
        (struct http_header){"content-type", "application/x-www-form-urlencoded"};
    c->body = slice_cstr(arena_strdup(a, str_cstr(&form)));
    return NULL;
}

struct error *
gs_token(struct remote *r, struct arena *a, const struct gs_keys *k, char **out)
{
    struct http_response resp;
    struct remote_call c;
    *out = sink_net_token(r->net, a, k->cache_key);
    if (*out != NULL)
        return NULL;
    ERR_TRY(token_call(r, a, k, &c));
    struct error *e = remote_call(r, a, &c, &resp);
    if (e != NULL && k->identity == GS_METADATA && !err_is(e, ERR_QUERY_CANCELED)) {
        err_free(e);
        return err_new(ERR_UNCATEGORIZED,
                       "dialing: google: could not find default credentials. See "
                       "https://developers.google.com/accounts/docs/application-default-credentials "
                       "for more information.");
    }
    ERR_TRY(e);
    struct slice body = str_slice(&resp.body);
    char *token = json_string(a, body, "access_token");
    char *lifetime = json_string(a, body, "expires_in");
    if (token == NULL || *token == '\0')
        return err_new(ERR_UNCATEGORIZED,
                       "oauth2: cannot fetch token: server response missing access_token");
    int64_t s = lifetime != NULL ? (int64_t)strtoul(lifetime, NULL, 10) : 0;
    s = s > 2 * EARLY_S ? s - EARLY_S : s / 2; /* tokens that live shorter are those of tests */
    sink_net_put_token(r->net, k->cache_key, token, s * 1000000000);
    *out = token;
    return NULL;
}
