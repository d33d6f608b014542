/* Sinks without servers: signatures, URIs, parameters, texts of errors. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "sinks/azure_int.h"
#include "sinks/json_int.h"
#include "sinks/remote_int.h"
#include "sinks/s3_int.h"
#include "sinks/xml_int.h"

#define E "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct aws_keys example = {"AKIAIOSFODNN7EXAMPLE",
                                        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL};

static void
check_v4(struct aws_request q, const char *sha, const char *host, const char *date,
         const char *canonical, const char *signature)
{
    struct arena *a = arena_create(NULL, "v4");
    char *names;
    q.region = "us-east-1";
    q.date = date;
    q.sha = sha;
    q.headers[q.n_headers++] = (struct http_header){"host", host};
    q.headers[q.n_headers++] = (struct http_header){"x-amz-content-sha256", sha};
    q.headers[q.n_headers++] = (struct http_header){"x-amz-date", date};
    assert_string_equal(hex_sha256(a, slice_cstr(aws_canonical(a, &q, &names))), canonical);
    char *auth = aws_authorization(a, &q, &example);
    assert_string_equal(strstr(auth, "Signature=") + 10, signature);
    arena_destroy(a);
}

/* SOURCE: sinks.md 14, the first four of them Amazon's own examples */
static void
signature_v4(void **state)
{
    (void)state;
    const char *amazon = "examplebucket.s3.amazonaws.com", *day = "20130524T000000Z";
    const char *local = "127.0.0.1:8090", *noon = "20200601T120000Z";
    const char *body_sha = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    check_v4((struct aws_request){.method = "GET", .path = "/test.txt", .query = "",
                                  .headers = {{"range", "bytes=0-9"}}, .n_headers = 1},
             E, amazon, day, "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972",
             "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    check_v4((struct aws_request){.method = "PUT", .path = "/test%24file.text", .query = "",
                                  .headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                              {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                                  .n_headers = 2},
             body_sha, amazon, day,
             "9e0e90d9c76de8fa5b200d8c849cd5b8dc7a3be3951ddb7f6a76b4158342019d",
             "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    check_v4((struct aws_request){.method = "GET", .path = "/", .query = "lifecycle="}, E, amazon,
             day, "9766c798316ff2757b517bc739a67f6213b4ab36dd5da2f94eaebf79c77395ca",
             "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    check_v4((struct aws_request){.method = "GET", .path = "/", .query = "max-keys=2&prefix=J"}, E,
             amazon, day, "df57d21db20da04d7fa30298dd4488ba3a2b47ca3a489c74750e0f1e7df1b9b7",
             "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    check_v4((struct aws_request){.method = "GET", .path = "/testbkt/a/b%20c%2Bd%3De.txt",
                                  .query = ""},
             E, local, noon, "8eb080ad8201597cc69db54bb31a07ae498c34af249d5d7bc0ee3eeded4225fd",
             "bd79babd46f770ec671a8def29c6e2131e2f8a4d54bea1c4815670e940a48cf9");
    check_v4((struct aws_request){.method = "GET", .path = "/testbkt",
                                  .query = "delimiter=%2F&list-type=2&prefix=x%2F%CF%80"},
             E, local, noon, "dd38b5d263472a8fa944cfbb4c2ba7f296591bfd1ed15c9402525a043324a4ca",
             "7b7bf2e9702f47877db9eff98c5c698e5fcda13dc40d3817cefa7b1da6b894ea");
}

/* SOURCE: sinks.md 14 */
static void
shared_key(void **state)
{
    struct arena *a = arena_create(NULL, "azure");
    struct slice key;
    struct http_header put[] = {{"x-ms-date", "Mon, 01 Jun 2020 12:00:00 GMT"},
                                {"x-ms-version", "2018-03-28"}, {"x-ms-blob-type", "BlockBlob"}};
    struct http_header list[] = {{"restype", "container"}, {"comp", "list"}, {"prefix", "x/"}};
    (void)state;
    assert_null(base64_decode(a, "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/"
                                 "K1SZFPTOtr/KBHBeksoGMGw==", &key));
    struct azure_request q = {.method = "PUT", .path = "/cont/a/b%20c.txt", .headers = put,
                              .n_headers = 3, .body_size = 5};
    assert_string_equal(azure_signature(a, &q, "acct1", key),
                        "v9sba/CS9YD2k+e4FnWidz47DfJgUk3jTzo+XIgs1u0=");
    q = (struct azure_request){.method = "GET", .path = "/cont", .headers = put, .n_headers = 2,
                               .params = list, .n_params = 3};
    assert_string_equal(azure_signature(a, &q, "acct1", key),
                        "7vkiBrbP3oAeETMQJWS6DMcTPhdVl16+1oROBWm5fPo=");
    arena_destroy(a);
}

static void
queries(void **state)
{
    struct arena *a = arena_create(NULL, "query");
    struct remote_call c = {.n_params = 3, .params = {{"uploads", ""}, {"prefix", "x/\xCF\x80"},
                                                      {"a b", "1+2"}}};
    (void)state;
    assert_string_equal(remote_query(a, &c, true), "a%20b=1%2B2&prefix=x%2F%CF%80&uploads=");
    assert_string_equal(remote_clean(a, "//a/./b/../c//"), "a/c");
    assert_string_equal(remote_clean(a, "../../x"), "x");
    assert_string_equal(remote_clean(a, "/"), "");
    arena_destroy(a);
}

static void
xml(void **state)
{
    struct arena *a = arena_create(NULL, "xml");
    struct slice doc = SLICE_LIT("<?xml version=\"1.0\"?><L xmlns=\"u\"><Contents><Key>a&amp;b</Key>"
                                 "</Contents><Contents><Key>&#960;&#x41;&bad;</Key></Contents>"
                                 "<KeyCount>2</KeyCount><Empty/></L>");
    struct slice in;
    size_t pos = 0;
    (void)state;
    assert_true(xml_next(doc, &pos, "Contents", &in));
    assert_string_equal(xml_get(a, in, "Key"), "a&b");
    assert_true(xml_next(doc, &pos, "Contents", &in));
    assert_string_equal(xml_get(a, in, "Key"), "\xCF\x80"
                                               "A&bad;");
    assert_false(xml_next(doc, &pos, "Contents", &in));
    assert_string_equal(xml_get(a, doc, "KeyCount"), "2");
    assert_string_equal(xml_get(a, doc, "Empty"), "");
    assert_string_equal(xml_get(a, SLICE_LIT("<Code>x"), "Code"), "");
    arena_destroy(a);
}

static void
json(void **state)
{
    struct arena *a = arena_create(NULL, "json");
    struct slice doc = SLICE_LIT("{\"error\": {\"code\": 404, \"message\": \"gone \\u00e9\"}}");
    (void)state;
    assert_string_equal(json_string(a, doc, "error.code"), "404");
    assert_string_equal(json_string(a, doc, "error.message"), "gone \xC3\xA9");
    assert_null(json_string(a, doc, "error.none"));
    assert_null(json_string(a, SLICE_LIT("{\"a\":"), "a"));
    arena_destroy(a);
}

/* ---- what opening refuses ---- */

static const char *settings[8][2];

static const char *
setting(void *arg, struct arena *a, const char *name)
{
    (void)arg;
    (void)a;
    for (int i = 0; i < 8 && settings[i][0] != NULL; i++)
        if (strcmp(settings[i][0], name) == 0)
            return settings[i][1];
    return NULL;
}

static void
refused(const struct io_config *io, const char *uri, const char *text)
{
    struct sink *s = NULL;
    struct error *e = sink_open(io, uri, &s);
    if (text == NULL) {
        assert_null(e);
        sink_close(s);
        return;
    }
    assert_non_null(e);
    assert_string_equal(e->message, text);
    err_free(e);
}

#define S3_KEYS "AWS_ACCESS_KEY_ID=AK&AWS_SECRET_ACCESS_KEY=S"

static void
opening(void **state)
{
    struct io_config io = {.external_io_dir = "/nowhere", .node_id = 1, .setting = setting};
    struct io_config shut = {.external_io_dir = "", .node_id = 1, .setting = setting,
                             .disable_http = true, .disable_implicit_credentials = true};
    (void)state;
    refused(&io, "s3://b/p",
            "AUTH is set to 'specified', but AWS_ACCESS_KEY_ID is not set");
    refused(&io, "s3://b/p?AWS_ACCESS_KEY_ID=AK",
            "AUTH is set to 'specified', but AWS_SECRET_ACCESS_KEY is not set");
    refused(&io, "s3://b/p?AUTH=maybe", "unsupported value maybe for AUTH");
    refused(&io, "s3://b/p?" S3_KEYS, NULL);
    refused(&io, "s3://b/p?AUTH=implicit", NULL);
    refused(&shut, "s3://b/p?AUTH=implicit",
            "implicit credentials disallowed for s3 due to "
            "--external-io-implicit-credentials flag");
    refused(&shut, "s3://b/p?AWS_ENDPOINT=http%3A%2F%2Fx&" S3_KEYS,
            "custom endpoints disallowed for s3 due to --external-io-disable-http flag");
    refused(&shut, "s3://b/p?" S3_KEYS, NULL);
    refused(&io, "azure://c/p", "azure uri missing \"AZURE_ACCOUNT_NAME\" parameter");
    refused(&io, "azure://c/p?AZURE_ACCOUNT_NAME=a",
            "azure uri missing \"AZURE_ACCOUNT_KEY\" parameter");
    refused(&io, "azure://c/p?AZURE_ACCOUNT_NAME=a&AZURE_ACCOUNT_KEY=!",
            "azure credential: illegal base64 data at input byte 0");
    refused(&io, "azure://c/p?AZURE_ACCOUNT_NAME=a&AZURE_ACCOUNT_KEY=QUJD", NULL);
    refused(&io, "gs://b/p", "AUTH is set to 'specified', but CREDENTIALS is not set");
    refused(&io, "gs://b/p?AUTH=x", "unsupported value x for AUTH");
    refused(&io, "gs://b/p?CREDENTIALS=e30", "decoding value of CREDENTIALS: "
                                             "illegal base64 data at input byte 0");
    refused(&io, "gs://b/p?CREDENTIALS=e30%3D",
            "creating GCS oauth token source from specified credentials: google: read JWT from "
            "JSON credentials: 'type' field is \"\" (expected \"service_account\")");
    refused(&io, "gs://b/p?AUTH=default",
            "expected settings value for cloudstorage.gs.default.key");
    refused(&shut, "gs://b/p?AUTH=implicit",
            "implicit credentials disallowed for gs due to "
            "--external-io-implicit-credentials flag");
    refused(&shut, "http://h/p", "external http access disabled");
    refused(&shut, "nodelocal://1/p", "local file access is disabled");
    refused(&io, "http:///p", "HTTP storage requested but base path not provided");
    refused(&io, "ftp://h/p", "unsupported storage scheme: \"ftp\"");
    refused(&io, "experimental-s3://h/p", "unsupported storage scheme: \"experimental-s3\"");
    refused(&io, "workload:///csv/bank",
            "path must be of the form /<format>/<generator>/<table>: /csv/bank");
    refused(&io, "workload:///csv/bank/bank", "parameter version is required");
    refused(&io, "experimental-workload:///avro/bank/bank?version=1.0.0", "unsupported format: avro");
    refused(&io, "workload:///csv/bank/bank?version=1.0.0&row-end=x",
            "strconv.ParseInt: parsing \"x\": invalid syntax");
    settings[0][0] = "cloudstorage.http.custom_ca";
    settings[0][1] = "no pem";
    refused(&io, "https://h/p", "failed to parse root CA certificate from \"no pem\"");
    settings[0][0] = "cloudstorage.s3.default_auth";
    settings[0][1] = "implicit";
    refused(&io, "s3://b/p", NULL);
    refused(&shut, "s3://b/p",
            "implicit credentials disallowed for s3 due to "
            "--external-io-implicit-credentials flag");
    settings[0][0] = NULL;
}

static void
expect_text(struct error *e, const char *text)
{
    assert_non_null(e);
    assert_string_equal(e->message, text);
    err_free(e);
}

/* A generator's rows are there for IMPORT alone. */
static void
workload_refuses(void **state)
{
    (void)state;
    static const struct io_config io = {0};
    struct arena *a = arena_create(NULL, "test");
    struct sink *s;
    struct sink_file *f;
    struct slice bytes;
    uint64_t size;
    char **names;
    size_t n;
    assert_null(sink_open(&io, "workload:///csv/bank/bank?version=1.0.0", &s));
    expect_text(sink_read_all(s, a, "BACKUP", 100, &bytes),
                "basenames are not supported by workload storage");
    expect_text(sink_size(s, "", &size), "workload storage does not support sizing");
    expect_text(sink_create(s, "x", &f), "workload storage does not support writes");
    expect_text(sink_list(s, a, "", &names, &n), "workload storage does not support listing files");
    expect_text(sink_remove(s, "x"), "workload storage does not support deletes");
    sink_close(s);
    arena_destroy(a);
}

/* nodelocal: no way out, by text or by links. */
static void
no_escape(void **state)
{
    struct arena *a = arena_create(NULL, "escape");
    char *dir, **v;
    struct sink *s;
    struct slice bytes;
    size_t n;
    static const char *const out[] = {"../x", "a/../../x", "link", "link/x", "file"};
    (void)state;
    assert_null(dir_create_temp(a, "/tmp", "sinks", &dir));
    char *ext = path_join(a, dir, "ext");
    assert_null(dir_create_all(path_join(a, ext, "b/in"), 0755));
    assert_null(dir_create_all(path_join(a, dir, "ext2"), 0755));
    assert_null(file_write_atomic(path_join(a, dir, "ext2/x"), SLICE_LIT("secret"), 0644));
    assert_int_equal(symlink("../../ext2", path_join(a, ext, "b/link")), 0);
    assert_int_equal(symlink("../../ext2/x", path_join(a, ext, "b/file")), 0);
    assert_int_equal(symlink("in", path_join(a, ext, "b/inner")), 0);
    struct io_config io = {.external_io_dir = ext, .node_id = 1};
    assert_null(sink_open(&io, "nodelocal://1/b", &s));
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++) {
        struct error *e = sink_read_all(s, a, out[i], 100, &bytes);
        assert_non_null(e);
        if (i != 1 && i != 0)
            assert_non_null(strstr(e->message, "outside of external-io-dir is not allowed"));
        err_free(e);
        e = i < 2 ? NULL : sink_write_all(s, i == 2 ? "link/y" : out[i], SLICE_LIT("mine"));
        assert_true(i < 2 || e != NULL);
        err_free(e);
    }
    assert_null(sink_write_all(s, "inner/y", SLICE_LIT("mine"))); /* links that stay inside */
    assert_null(sink_read_all(s, a, "in/y", 100, &bytes));
    assert_null(sink_list(s, a, "", &v, &n));
    assert_int_equal(n, 2);
    assert_string_equal(v[0], "in/y");
    assert_string_equal(v[1], "inner/y");
    sink_close(s);
    static const char *const roots[] = {"nodelocal://1/../ext2", "nodelocal://1/%2e%2e/ext2",
                                        "NodeLocal://1/b/../../x"};
    for (size_t i = 0; i < 3; i++) {
        struct error *e = sink_open(&io, roots[i], &s);
        assert_non_null(e);
        assert_non_null(strstr(e->message, "outside of external-io-dir is not allowed"));
        err_free(e);
    }
    assert_null(file_read(a, path_join(a, dir, "ext2/x"), 100, &bytes));
    assert_true(slice_eq(bytes, SLICE_LIT("secret")));
    assert_null(dir_remove_tree(dir));
    arena_destroy(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signature_v4), cmocka_unit_test(shared_key), cmocka_unit_test(queries),
        cmocka_unit_test(xml),          cmocka_unit_test(json),       cmocka_unit_test(opening),
        cmocka_unit_test(workload_refuses),
        cmocka_unit_test(no_escape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
