/* Credentials that the node's environment has for s3 (AUTH=implicit). SOURCE: sinks.md 4.6. */
#include "config.h"

#include "sinks/s3_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "sinks/json_int.h"

#define FILE_MAX ((size_t)1 << 20)
#define EARLY_NS ((int64_t)300 * 1000000000) /* before they expire */
#define INSTANCE "http://169.254.169.254"
#define CONTAINER "http://169.254.170.2"
#define SECONDS ((int64_t)1000000000)

static const char *
env(const char *a, const char *b)
{
    const char *v = getenv(a);
    if ((v == NULL || *v == '\0') && b != NULL)
        v = getenv(b);
    return v != NULL && *v != '\0' ? v : NULL;
}

/* name = value in the section of an ini file; NULL when absent. */
static char *
ini_value(struct arena *a, const char *text, const char *section, const char *name)
{
    bool inside = false;
    for (const char *p = text; *p != '\0';) {
        size_t n = strcspn(p, "\n");
        char *line = arena_strndup(a, p, n);
        p += n + (p[n] == '\n');
        line += strspn(line, " \t");
        size_t len = strlen(line);
        while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
            line[--len] = '\0';
        if (*line == '[') {
            inside = strncmp(line + 1, section, strlen(section)) == 0 &&
                     line[1 + strlen(section)] == ']';
            continue;
        }
        size_t k = strcspn(line, " \t=");
        if (!inside || k != strlen(name) || strncmp(line, name, k) != 0)
            continue;
        char *v = strchr(line, '=');
        if (v != NULL)
            return v + 1 + strspn(v + 1, " \t");
    }
    return NULL;
}

static char *
shared_value(struct arena *a, bool config, const char *name)
{
    const char *path = getenv(config ? "AWS_CONFIG_FILE" : "AWS_SHARED_CREDENTIALS_FILE");
    const char *home = getenv("HOME");
    const char *profile = env("AWS_PROFILE", NULL);
    struct slice text;
    if (path == NULL && home == NULL)
        return NULL;
    if (path == NULL)
        path = arena_printf(a, "%s/.aws/%s", home, config ? "config" : "credentials");
    struct error *e = file_read(a, path, FILE_MAX, &text);
    if (e != NULL) {
        err_free(e);
        return NULL;
    }
    const char *section = profile == NULL ? "default"
                          : config        ? arena_printf(a, "profile %s", profile)
                                          : profile;
    return ini_value(a, (const char *)text.ptr, section, name);
}

const char *
aws_environment_region(struct arena *a)
{
    const char *v = env("AWS_REGION", "AWS_DEFAULT_REGION");
    return v != NULL ? v : shared_value(a, true, "region");
}

static struct error *
ask(struct remote *r, struct arena *a, const char *method, const char *url, const char *header,
    const char *value, char **out)
{
    struct http_request q = {.method = method, .url = url, .body_fd = -1, .direct = true,
                             .cancel = r->sink.cancel,
                             .deadline_ns = monotonic_now_ns() + 5 * SECONDS};
    struct http_response resp;
    q.has_body = strcmp(method, "PUT") == 0;
    if (header != NULL)
        http_add_header(&q, header, value);
    ERR_TRY(http_perform(r->net, a, &q, &resp));
    *out = resp.failure == HTTP_COMPLETE && resp.status == 200
               ? arena_strdup(a, str_cstr(&resp.body)) : NULL;
    return NULL;
}

static int64_t
expiry_ns(const char *text)
{
    struct tm tm = {0};
    return text != NULL && strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) != NULL
               ? (int64_t)timegm(&tm) * SECONDS : 0;
}

/* Of the container or the instance: JSON; NULL when there is no such service. */
static struct error *
ask_service(struct remote *r, struct arena *a, char **json)
{
    const char *relative = env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", NULL);
    const char *base = env("AWS_EC2_METADATA_SERVICE_ENDPOINT", NULL);
    char *token = NULL, *role = NULL;
    *json = NULL;
    if (relative != NULL)
        return ask(r, a, "GET", arena_printf(a, CONTAINER "%s", relative), NULL, NULL, json);
    if (base == NULL)
        base = INSTANCE;
    const char *url = arena_printf(a, "%s/latest/meta-data/iam/security-credentials/", base);
    ERR_TRY(ask(r, a, "PUT", arena_printf(a, "%s/latest/api/token", base),
                "x-aws-ec2-metadata-token-ttl-seconds", "21600", &token));
    const char *header = token != NULL ? "x-aws-ec2-metadata-token" : NULL;
    ERR_TRY(ask(r, a, "GET", url, header, token, &role));
    if (role == NULL)
        return NULL;
    role[strcspn(role, "\r\n")] = '\0';
    return ask(r, a, "GET", arena_printf(a, "%s%s", url, role), header, token, json);
}

#define CACHE_KEY "aws instance role"

struct error *
aws_environment(struct remote *r, struct arena *a, bool fresh, struct aws_keys *out)
{
    *out = (struct aws_keys){env("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"),
                             env("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"),
                             env("AWS_SESSION_TOKEN", NULL)};
    if (out->id != NULL && out->secret != NULL)
        return NULL;
    *out = (struct aws_keys){shared_value(a, false, "aws_access_key_id"),
                             shared_value(a, false, "aws_secret_access_key"),
                             shared_value(a, false, "aws_session_token")};
    if (out->id != NULL && out->secret != NULL)
        return NULL;
    char *json = fresh ? NULL : sink_net_token(r->net, a, CACHE_KEY);
    bool cached = json != NULL;
    if (!cached)
        ERR_TRY(ask_service(r, a, &json));
    struct slice doc = json != NULL ? slice_cstr(json) : SLICE_NULL;
    *out = (struct aws_keys){json_string(a, doc, "AccessKeyId"),
                             json_string(a, doc, "SecretAccessKey"), json_string(a, doc, "Token")};
    if (out->id == NULL || out->secret == NULL)
        return err_new(ERR_UNCATEGORIZED,
                       "NoCredentialProviders: no valid providers in chain. Deprecated.\n"
                       "\tFor verbose messaging see aws.Config.CredentialsChainVerboseErrors");
    int64_t left = expiry_ns(json_string(a, doc, "Expiration")) - wall_now_ns() - EARLY_NS;
    if (!cached && left > 0)
        sink_net_put_token(r->net, CACHE_KEY, json, left);
    return NULL;
}
