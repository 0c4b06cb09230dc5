/* url_test.c — authorities, targets, paths and globs: what each is read as, or that it is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dlp/policy/policy.h"
#include "reactor/base/own.h"
#include "reactor/wire/url.h"
#include "tests/corpus.h"

#define SPAN(text)                                                                                                     \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }
#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* clang-format off */
static const struct {
    struct span in;
    uint16_t default_port;
    const char *host; /* NULL: refused */
    uint16_t port;
    bool is_ip;
} authorities[] = {
    {SPAN("example.com:443"),              0,   "example.com",        443,   false},
    {SPAN("example.com"),                  80,  "example.com",        80,    false},
    {SPAN("example.com:8443"),             443, "example.com",        8443,  false},
    {SPAN("EXAMPLE.Com.:443"),             0,   "example.com",        443,   false},
    {SPAN("xn--jv8h.example.org:1"),       0,   "xn--jv8h.example.org", 1,   false},
    {SPAN("xn--api-.example.com:443"),     0,   "xn--api-.example.com", 443, false},
    {SPAN("a_b.example.org:65535"),        0,   "a_b.example.org",    65535, false},
    {SPAN("123.example.org:443"),          0,   "123.example.org",    443,   false},
    {SPAN("127.0.0.1.example.org:443"),    0,   "127.0.0.1.example.org", 443, false},
    {SPAN("0x7f.example.0xg:443"),         0,   "0x7f.example.0xg",   443,   false},
    {SPAN(A63 ".example.org:443"),         0,   A63 ".example.org",   443,   false},
    {SPAN(A63 "." A63 "." A63 "." "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), 1,
          A63 "." A63 "." A63 "." "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1, false},
    {SPAN("127.0.0.1:443"),                0,   "127.0.0.1",          443,   true},
    {SPAN("93.184.216.34"),                80,  "93.184.216.34",      80,    true},
    {SPAN("[::1]:80"),                     0,   "::1",                80,    true},
    {SPAN("[2001:DB8:0:0::1]"),            443, "2001:db8::1",        443,   true},
    {SPAN("[::FFFF:1.2.3.4]:1"),           0,   "::ffff:1.2.3.4",     1,     true},

    {SPAN("example.com"),                  0,   NULL, 0, false}, /* CONNECT needs a port */
    {SPAN(""),                             80,  NULL, 0, false},
    {SPAN(":80"),                          80,  NULL, 0, false},
    {SPAN("example.com:"),                 80,  NULL, 0, false},
    {SPAN("example.com:0"),                80,  NULL, 0, false},
    {SPAN("example.com:0443"),             80,  NULL, 0, false},
    {SPAN("example.com:65536"),            80,  NULL, 0, false},
    {SPAN("example.com:4294967739"),       80,  NULL, 0, false},
    {SPAN("example.com:+443"),             80,  NULL, 0, false},
    {SPAN("example.com:443 "),             80,  NULL, 0, false},
    {SPAN("example.com:443:80"),           80,  NULL, 0, false},
    {SPAN("example.com:https"),            80,  NULL, 0, false},
    {SPAN("."),                            80,  NULL, 0, false},
    {SPAN("example.com..:443"),            80,  NULL, 0, false},
    {SPAN("a..example.com:443"),           80,  NULL, 0, false},
    {SPAN(".example.com:443"),             80,  NULL, 0, false},
    {SPAN("-a.example.org:443"),           80,  NULL, 0, false},
    {SPAN(A63 "a.example.org"),            80,  NULL, 0, false},
    {SPAN(A63 "." A63 "." A63 "." A63),    80,  NULL, 0, false},
    {SPAN("user@example.com"),             80,  NULL, 0, false},
    {SPAN("example.com%2eevil.net"),       80,  NULL, 0, false},
    {SPAN("example.com\\evil.net"),        80,  NULL, 0, false},
    {SPAN("example.com/"),                 80,  NULL, 0, false},
    {SPAN("example.com#"),                 80,  NULL, 0, false},
    {SPAN("example.com?"),                 80,  NULL, 0, false},
    {SPAN("example.com\0.evil.net"),       80,  NULL, 0, false},
    {SPAN("exam\tple.com"),                80,  NULL, 0, false},
    {SPAN(" example.com"),                 80,  NULL, 0, false},
    {SPAN("ex\xc3\xa4mple.com"),           80,  NULL, 0, false},
    {SPAN("a,b.example.org"),              80,  NULL, 0, false},
    {SPAN("*.example.org"),                80,  NULL, 0, false},
    {SPAN("127.1:443"),                    80,  NULL, 0, false},
    {SPAN("0x7f.1:443"),                   80,  NULL, 0, false},
    {SPAN("017700000001:443"),             80,  NULL, 0, false},
    {SPAN("2130706433:443"),               80,  NULL, 0, false},
    {SPAN("0x7f000001:443"),               80,  NULL, 0, false},
    {SPAN("0X7F000001:443"),               80,  NULL, 0, false},
    {SPAN("0x:443"),                       80,  NULL, 0, false},
    {SPAN("127.0.0.01:443"),               80,  NULL, 0, false},
    {SPAN("127.0.0.1.:443"),               80,  NULL, 0, false},
    {SPAN("example.1:443"),                80,  NULL, 0, false},
    {SPAN("[]:443"),                       80,  NULL, 0, false},
    {SPAN("[::1:443"),                     80,  NULL, 0, false},
    {SPAN("[::1]443"),                     80,  NULL, 0, false},
    {SPAN("[::1]:"),                       80,  NULL, 0, false},
    {SPAN("[127.0.0.1]:443"),              80,  NULL, 0, false},
    {SPAN("[::1%25lo]:443"),               80,  NULL, 0, false},
    {SPAN("[v1.a]:443"),                   80,  NULL, 0, false},
    {SPAN("[example.com]:443"),            80,  NULL, 0, false},
    {SPAN("::1"),                          80,  NULL, 0, false},
};

static const struct { struct span in; const char *out; /* NULL: refused */ } paths[] = {
    {SPAN("/"),                     "/"},
    {SPAN("/a/b"),                  "/a/b"},
    {SPAN("/a/b?c=/../d"),          "/a/b"},
    {SPAN("/?"),                    "/"},
    {SPAN("/%41%2d%7E"),            "/A-~"},
    {SPAN("/a%c3%a4%3a"),           "/a%C3%A4%3A"},
    {SPAN("/file%2etxt"),           "/file.txt"},
    {SPAN("/a/./b/../c"),           "/a/c"},
    {SPAN("/a/b/.."),               "/a/"},
    {SPAN("/a/."),                  "/a/"},
    {SPAN("/a/.."),                 "/"},
    {SPAN("/."),                    "/"},
    {SPAN("/.a/..b/...") ,          "/.a/..b/..."},
    {SPAN("//a//b/"),               "//a//b/"},
    {SPAN("/a//."),                 "/a//"},
    {SPAN("/a;p=1/b"),              "/a;p=1/b"},
    {SPAN("/100%25"),               "/100%25"},
    {SPAN("/100%25zz"),             "/100%25zz"},
    {SPAN("/%2525"),                "/%2525"},
    {SPAN("/{a}|\"^`[b]"),          "/{a}|\"^`[b]"},

    {SPAN(""),                      NULL},
    {SPAN("a"),                     NULL},
    {SPAN("?a"),                    NULL},
    {SPAN("/.."),                   NULL},
    {SPAN("/a/../.."),              NULL},
    {SPAN("/a//../b"),              NULL},
    {SPAN("//.."),                  NULL},
    {SPAN("/a%2fb"),                NULL},
    {SPAN("/a%5Cb"),                NULL},
    {SPAN("/a\\b"),                 NULL},
    {SPAN("/a%00"),                 NULL},
    {SPAN("/a%0a"),                 NULL},
    {SPAN("/a%7f"),                 NULL},
    {SPAN("/a\0"),                  NULL},
    {SPAN("/a b"),                  NULL},
    {SPAN("/a\x7f"),                NULL},
    {SPAN("/\xc3\xa4"),             NULL},
    {SPAN("/a#b"),                  NULL},
    {SPAN("/%2e%2e/a"),             NULL},
    {SPAN("/a/.%2E"),               NULL},
    {SPAN("/a/%2e"),                NULL},
    {SPAN("/a/..;/b"),              NULL},
    {SPAN("/a/..;x=1/b"),           NULL},
    {SPAN("/a/.;/b"),               NULL},
    {SPAN("/a/..%3b/b"),            NULL},
    {SPAN("/a/%2e.;"),              NULL},
    {SPAN("/%"),                    NULL},
    {SPAN("/%4"),                   NULL},
    {SPAN("/%zz"),                  NULL},
    {SPAN("/%u002f"),               NULL},
    {SPAN("/%252f"),                NULL},
    {SPAN("/%252e"),                NULL},
    {SPAN("/%255c"),                NULL},
    {SPAN("/%2500"),                NULL},
    {SPAN("/%25252f"),              NULL},
    {SPAN("/%25%32%66"),            NULL},
    {SPAN("/%25%32%35%32f"),        NULL},
    {SPAN("/%c0%af"),               NULL},
    {SPAN("/%c1%9c"),               NULL},
    {SPAN("/%e0%80%af"),            NULL},
    {SPAN("/%f0%80%80%af"),         NULL},
    {SPAN("/%25c0%25af"),           NULL},
    {SPAN("/%2525252525252f"),      NULL},
    {SPAN("/%25252525252541"),      NULL},
};

static const struct {
    struct span in;
    bool absolute, tls;
    const char *host;
    uint16_t port;
    const char *path, *raw; /* NULL: refused */
} targets[] = {
    {SPAN("/a?b"),                          false, false, "",            0,    "/a",       "/a?b"},
    {SPAN("*"),                             false, false, "",            0,    "*",        "*"},
    {SPAN("//example.com/"),                false, false, "",            0,    "//example.com/", "//example.com/"},
    {SPAN("http://Example.com"),            true,  false, "example.com", 80,   "/",        "/"},
    {SPAN("http://example.com?@b.net/"),    true,  false, "example.com", 80,   "/",        "/?@b.net/"},
    {SPAN("HTTPS://example.com:8443/a/%62"), true, true,  "example.com", 8443, "/a/b",     "/a/%62"},
    {SPAN("http://[::1]/x/../y"),           true,  false, "::1",         80,   "/y",       "/x/../y"},
    {SPAN("http://a.com/@b.net"),           true,  false, "a.com",       80,   "/@b.net",  "/@b.net"},
    {SPAN("http://a.com//b.net/"),          true,  false, "a.com",       80,   "//b.net/", "//b.net/"},
    {SPAN("/@scope%2fname"),                false, false, "",            0,    "",         "/@scope%2fname"},
    {SPAN("http://a.com/../b"),             true,  false, "a.com",       80,   "",         "/../b"},
    {SPAN("/%zz"),                          false, false, "",            0,    "",         "/%zz"},

    {SPAN(""),                    false, false, NULL, 0, NULL, NULL},
    {SPAN("a"),                   false, false, NULL, 0, NULL, NULL},
    {SPAN("**"),                  false, false, NULL, 0, NULL, NULL},
    {SPAN("?a"),                  false, false, NULL, 0, NULL, NULL},
    {SPAN("example.com:443"),     false, false, NULL, 0, NULL, NULL},
    {SPAN("http:/a.com/"),        false, false, NULL, 0, NULL, NULL},
    {SPAN("http:///a"),           false, false, NULL, 0, NULL, NULL},
    {SPAN("http://"),             false, false, NULL, 0, NULL, NULL},
    {SPAN("http://u:p@a.com/"),   false, false, NULL, 0, NULL, NULL},
    {SPAN("http://a.com\\b"),     false, false, NULL, 0, NULL, NULL},
    {SPAN("http:\\\\a.com/"),     false, false, NULL, 0, NULL, NULL},
    {SPAN("ftp://a.com/"),        false, false, NULL, 0, NULL, NULL},
    {SPAN("ws://a.com/"),         false, false, NULL, 0, NULL, NULL},
    {SPAN("file:///etc/passwd"),  false, false, NULL, 0, NULL, NULL},
    {SPAN(" http://a.com/"),      false, false, NULL, 0, NULL, NULL},
    {SPAN("http://a.com/#b"),     false, false, NULL, 0, NULL, NULL},
    {SPAN("/a b"),                false, false, NULL, 0, NULL, NULL},
    {SPAN("/a\r\nb"),             false, false, NULL, 0, NULL, NULL},
    {SPAN("/\xff"),               false, false, NULL, 0, NULL, NULL},
    {SPAN("/a?b\\c"),             false, false, NULL, 0, NULL, NULL},
};

static const struct { const char *glob, *path; bool matches; } globs[] = {
    {"/",              "/",              true},
    {"/a",             "/a",             true},
    {"/a",             "/a/",            false},
    {"/a",             "/ab",            false},
    {"/ab",            "/a",             false},
    {"",               "",               true},
    {"",               "/",              false},
    {"*",              "",               true},
    {"/*",             "/",              true},
    {"/*",             "/abc",           true},
    {"/*",             "/a/b",           false},
    {"/**",            "/",              true},
    {"/**",            "/a/b/c",         true},
    {"/a/**",          "/a",             false},
    {"/a/**",          "/a/",            true},
    {"/a/*/c",         "/a/b/c",         true},
    {"/a/*/c",         "/a/b/d/c",       false},
    {"/a/**/c",        "/a/b/d/c",       true},
    {"/a/**/c",        "/a/c",           false},
    {"/a/**/c",        "/a//c",          true},
    {"/a*b*c",         "/aXbYbZc",       true},
    {"/a*b*c",         "/aXb/Zc",        false},
    {"/**a*b",         "/x/a/y/azb",     true},
    {"/**a*b",         "/x/az/b",        false},
    {"/**.git/**",     "/o/r.git/info",  true},
    {"/***",           "/a/b",           true},
    {"/v1/*:batch",    "/v1/x:batch",    true},
    {"/v1/?",          "/v1/a",          false},
    {"/[ab]",          "/a",             false},
};
/* clang-format on */

static struct arena arena;

static int begin(void **state)
{
    (void)state;
    arena = arena_begin(MIB(1));
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_end(&arena);
    return 0;
}

static void an_authority_names_one_host_and_port(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(authorities); i++) {
        struct authority got = {0};
        enum err err = url_authority(authorities[i].in, authorities[i].default_port, &arena, &got);
        if ((err == ERR_OK) != (authorities[i].host != NULL)) fail_msg("%.*s", SPAN_FMT(authorities[i].in));
        if (authorities[i].host == NULL) continue;
        assert_true(span_is(got.host, span_of(authorities[i].host)));
        assert_int_equal(got.port, authorities[i].port);
        assert_int_equal(got.is_ip, authorities[i].is_ip);
    }
}

static void a_path_is_read_in_one_way_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct span got = {0}, again = {0};
        enum err err = url_path(paths[i].in, &arena, &got);
        if ((err == ERR_OK) != (paths[i].out != NULL)) fail_msg("%.*s", SPAN_FMT(paths[i].in));
        if (paths[i].out == NULL) continue;
        if (!span_is(got, span_of(paths[i].out))) fail_msg("%s, not %.*s", paths[i].out, SPAN_FMT(got));
        assert_int_equal(url_path(got, &arena, &again), ERR_OK);
        assert_true(span_is(got, again));
    }
}

static void a_target_is_read_as_what_goes_upstream(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        struct target got = {0};
        enum err err = url_target(targets[i].in, &arena, &got);
        if ((err == ERR_OK) != (targets[i].raw != NULL)) fail_msg("%.*s", SPAN_FMT(targets[i].in));
        if (targets[i].raw == NULL) continue;
        print_message("  %.*s\n", SPAN_FMT(targets[i].in));
        assert_int_equal(got.absolute, targets[i].absolute);
        assert_int_equal(got.tls, targets[i].tls);
        assert_true(span_is(got.authority.host, span_of(targets[i].host)));
        assert_int_equal(got.authority.port, targets[i].port);
        assert_true(span_is(got.path, span_of(targets[i].path)));
        assert_true(span_is(got.raw, span_of(targets[i].raw)));
    }
}

static void a_glob_matches_whole_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(globs); i++)
        if (url_glob(span_of(globs[i].glob), span_of(globs[i].path)) != globs[i].matches)
            fail_msg("%s %s", globs[i].glob, globs[i].path);
}

static void a_glob_that_is_too_long_matches_nothing(void **state)
{
    uint8_t stars[GLOB_BYTES_MAX + 1];

    (void)state;
    memset(stars, '*', sizeof stars);
    assert_true(url_glob((struct span){stars, GLOB_BYTES_MAX}, SPAN_LIT("/a/b")));
    assert_false(url_glob((struct span){stars, GLOB_BYTES_MAX + 1}, SPAN_LIT("/a/b")));
}

static void a_full_arena_is_not_a_refusal(void **state)
{
    struct arena none = arena_begin(0);
    struct authority authority;
    struct target target;
    struct span path;

    (void)state;
    assert_int_equal(url_authority(SPAN_LIT("a.b"), 80, &none, &authority), ERR_NOMEM);
    assert_int_equal(url_authority(SPAN_LIT("[::1]"), 80, &none, &authority), ERR_NOMEM);
    assert_int_equal(url_path(SPAN_LIT("/a"), &none, &path), ERR_NOMEM);
    assert_int_equal(url_target(SPAN_LIT("/a"), &none, &target), ERR_NOMEM);
    assert_int_equal(url_target(SPAN_LIT("http://a.b?"), &none, &target), ERR_NOMEM);
}

/* The corpus is asked of the list {api.example.com, *.example.org:443}.  A host without a port is open at its scheme's
 * port: 443 by CONNECT, 80 by an absolute http target. */
static bool listed(struct span host, uint16_t port, struct span path, bool tls)
{
    const struct route routes[] = {
        {.host = SPAN_LIT("api.example.com"), .port = tls ? 443 : 80},
        {.host = SPAN_LIT("example.org"), .suffix = true, .port = 443},
    };
    const struct policy policy = {.routes = routes, .route_count = COUNT_OF(routes)};
    const struct ask ask = {.host = host, .port = port, .tls = tls, .method = SPAN_LIT("GET"), .path = path};
    bool reach = policy_reach(&policy, host, port).reason == REASON_NONE;

    assert_int_equal(reach, policy_decide(&policy, &ask).reason == REASON_NONE);
    return reach;
}

static int ask_connect(struct span in, struct authority *authority)
{
    if (url_authority(in, 0, &arena, authority) != ERR_OK) return 400;
    return listed(authority->host, authority->port, SPAN_LIT("/"), true) ? 200 : 403;
}

/* An https target in the clear is refused: a client that wants TLS asks CONNECT. */
static int ask_absolute(struct span in, struct authority *authority)
{
    struct target target;

    if (url_target(in, &arena, &target) != ERR_OK || !target.absolute || target.tls) return 400;
    *authority = target.authority;
    return listed(authority->host, authority->port, target.path, false) ? 200 : 403;
}

/* The names of one tunnel must be one name; an item that is null is not there. */
static bool names_agree(const cJSON *context, const char *key, const struct authority *tunnel)
{
    struct authority name;
    struct buf text = {0};
    bool agree = true;

    if (corpus_octets(context, key, &text))
        agree = url_authority(buf_span(&text), 443, &arena, &name) == ERR_OK && span_is(name.host, tunnel->host) &&
                name.port == tunnel->port;
    buf_clear(&text);
    return agree;
}

static int ask_tunnel(const cJSON *row, struct span in, struct authority *authority)
{
    const cJSON *context = cJSON_GetObjectItem(row, "ctx");
    int status = ask_connect(in, authority);
    struct target target;

    if (status != 200) return status;
    if (!names_agree(context, "sni", authority) || !names_agree(context, "host", authority)) return 421;
    if (!cJSON_HasObjectItem(row, "target")) return 200;
    if (url_target(span_of(corpus_text(row, "target")), &arena, &target) != ERR_OK) return 400;
    if (!target.tls || target.authority.port != authority->port) return 421;
    return span_is(target.authority.host, authority->host) ? 200 : 421;
}

/* Rows about what only the whole proxy can see: addresses, certificates, h2, bytes that are not TLS, a Host that is
 * not there or there twice. */
static bool is_for_the_proxy(const cJSON *row)
{
    static const char *const keys[] = {"dns", "h2", "tls", "sni_list", "ech", "upstream_cert", "upstream"};
    const cJSON *host = cJSON_GetObjectItem(cJSON_GetObjectItem(row, "ctx"), "host");

    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (cJSON_HasObjectItem(row, keys[i])) return true;
    return host != NULL && !cJSON_IsString(host);
}

static bool answer_agrees(const cJSON *row, int status, const struct authority *authority)
{
    const cJSON *norm = cJSON_GetObjectItem(row, "norm");

    if ((status == 200) != cJSON_IsTrue(cJSON_GetObjectItem(row, "allow"))) return false;
    if (!corpus_allows(row, "status", status)) return false;
    if (norm == NULL) return true;
    return span_is(authority->host, span_of(cJSON_GetStringValue(cJSON_GetArrayItem(norm, 0)))) &&
           authority->port == cJSON_GetArrayItem(norm, 1)->valueint;
}

static bool row_agrees(const cJSON *row)
{
    const char *where = corpus_text(row, "where");
    struct authority authority = {0};
    struct buf input = {0};
    int status;
    bool agrees;

    assert_true(corpus_octets(row, "input", &input));
    status = strcmp(where, "connect") == 0    ? ask_connect(buf_span(&input), &authority)
             : strcmp(where, "absolute") == 0 ? ask_absolute(buf_span(&input), &authority)
                                              : ask_tunnel(row, buf_span(&input), &authority);
    agrees = answer_agrees(row, status, &authority);
    if (!agrees) print_message("  %s: %d\n", corpus_text(row, "id"), status);
    buf_clear(&input);
    return agrees;
}

static void the_corpus_agrees(void **state)
{
    struct corpus corpus;
    size_t rows = 0, wrong = 0, left = 0;

    (void)state;
    if (!corpus_open(&corpus, "urls.jsonl")) skip();
    for (const cJSON *row; (row = corpus_next(&corpus)) != NULL; rows++) {
        if (is_for_the_proxy(row))
            left++;
        else if (!row_agrees(row))
            wrong++;
    }
    corpus_close(&corpus);
    print_message("  %zu rows: %zu wrong, %zu left for the proxy\n", rows, wrong, left);
    assert_int_equal(wrong, 0);
    assert_true(rows > left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_authority_names_one_host_and_port, begin, end),
        cmocka_unit_test_setup_teardown(a_path_is_read_in_one_way_or_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_target_is_read_as_what_goes_upstream, begin, end),
        cmocka_unit_test(a_glob_matches_whole_paths),
        cmocka_unit_test(a_glob_that_is_too_long_matches_nothing),
        cmocka_unit_test(a_full_arena_is_not_a_refusal),
        cmocka_unit_test_setup_teardown(the_corpus_agrees, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
