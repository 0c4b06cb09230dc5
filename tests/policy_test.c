/* policy_test.c — one policy, many questions: default deny, and the nearest reason when it is no. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dlp/policy/policy.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

#define S(text)                                                                                                        \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }

/* clang-format off */
static const struct span get_head[] = {S("GET"), S("HEAD")}, post[] = {S("POST")};
static const struct span v1[] = {S("/v1/**"), S("/health")}, v2[] = {S("/v2/*")};
static const struct route routes[] = {
    {.line = 1, .host = S("api.example.com"), .port = 443, .methods = get_head, .method_count = 2,
     .paths = v1, .path_count = 2},
    {.line = 2, .host = S("api.example.com"), .port = 443, .methods = post, .method_count = 1,
     .paths = v2, .path_count = 1, .auth = AUTH_BEARER},
    {.line = 3, .host = S("example.org"), .suffix = true, .port = 443},
    {.line = 4, .host = S("plain.example.com"), .port = 80},
    {.line = 5, .host = S("key.example.com"), .port = 80, .auth = AUTH_HEADER, .auth_header = S("x-api-key")},
    {.line = 6, .host = S("pinned.example.com"), .port = 443, .tls_passthrough = true},
    {.line = 7, .host = S("10.0.0.1"), .port = 8443},
};
static const struct policy policy = {.routes = routes, .route_count = COUNT_OF(routes)};

static const struct {
    const char *host; uint16_t port; bool tls; const char *method, *path; enum reason reason; unsigned line;
} asks[] = {
    {"api.example.com",      443,  true,  "GET",    "/v1/a/b",  REASON_NONE,     1},
    {"api.example.com",      443,  true,  "HEAD",   "/health",  REASON_NONE,     1},
    {"api.example.com",      443,  true,  "POST",   "/v2/a",    REASON_NONE,     2},
    {"api.example.com",      443,  true,  "get",    "/v1/a",    REASON_METHOD,   1}, /* methods are case-sensitive */
    {"api.example.com",      443,  true,  "POST",   "/v1/a",    REASON_METHOD,   1},
    {"api.example.com",      443,  true,  "GET",    "/v2/a",    REASON_METHOD,   2},
    /* path fits 2, method fits 1: no */
    {"api.example.com",      443,  true,  "DELETE", "/v2/a",    REASON_METHOD,   2},
    {"api.example.com",      443,  true,  "GET",    "/v3/a",    REASON_PATH,     1},
    {"api.example.com",      443,  true,  "POST",   "/v2/a/b",  REASON_PATH,     1},
    {"api.example.com",      443,  true,  "GET",    "",         REASON_PATH,     1}, /* a path read in two ways */
    {"api.example.com",      443,  false, "POST",   "/v2/a",    REASON_PATH,     1},
    /* the one with a secret is out */
    {"api.example.com",      80,   false, "GET",    "/v1/a",    REASON_NO_ROUTE, 0},
    {"xapi.example.com",     443,  true,  "GET",    "/v1/a",    REASON_NO_ROUTE, 0},
    {"a.api.example.com",    443,  true,  "GET",    "/v1/a",    REASON_NO_ROUTE, 0},
    {"API.example.com",      443,  true,  "GET",    "/v1/a",    REASON_NO_ROUTE, 0}, /* url.h lowers names */
    {"a.example.org",        443,  true,  "PURGE",  "/",        REASON_NONE,     3},
    {"a.b.c.example.org",    443,  true,  "GET",    "",         REASON_NONE,     3}, /* no path rule, any path */
    {"example.org",          443,  true,  "GET",    "/",        REASON_NO_ROUTE, 0},
    {".example.org",         443,  true,  "GET",    "/",        REASON_NO_ROUTE, 0},
    {"evilexample.org",      443,  true,  "GET",    "/",        REASON_NO_ROUTE, 0},
    {"a.example.org.evil.net", 443, true, "GET",    "/",        REASON_NO_ROUTE, 0},
    {"org",                  443,  true,  "GET",    "/",        REASON_NO_ROUTE, 0},
    {"",                     443,  true,  "GET",    "/",        REASON_NO_ROUTE, 0},
    {"plain.example.com",    80,   false, "GET",    "/",        REASON_NONE,     4},
    {"key.example.com",      80,   false, "GET",    "/",        REASON_NO_ROUTE, 0},
    {"key.example.com",      80,   true,  "GET",    "/",        REASON_NONE,     5},
    {"pinned.example.com",   443,  true,  "GET",    "/",        REASON_NO_ROUTE, 0},
    {"10.0.0.1",             8443, true,  "GET",    "/",        REASON_NONE,     7},
};

static const struct { const char *host; uint16_t port; unsigned line; /* 0: no */ } reaches[] = {
    {"api.example.com", 443, 1}, {"api.example.com", 80, 0}, {"x.y.example.org", 443, 3}, {"example.org", 443, 0},
    {"pinned.example.com", 443, 6}, {"key.example.com", 80, 5}, {"nowhere.example.net", 443, 0},
    {"10.0.0.1", 8443, 7},
};
/* clang-format on */

static void every_question_has_one_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        const struct ask ask = {span_of(asks[i].host), asks[i].port, asks[i].tls, span_of(asks[i].method),
                                span_of(asks[i].path)};
        struct verdict verdict = policy_decide(&policy, &ask);
        print_message("  %s %s:%u%s\n", asks[i].method, asks[i].host, asks[i].port, asks[i].path);
        assert_string_equal(reason_slug(verdict.reason), reason_slug(asks[i].reason));
        assert_int_equal(verdict.route != NULL ? verdict.route->line : 0, asks[i].line);
    }
}

static void connect_reaches_what_any_route_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(reaches); i++) {
        struct verdict verdict = policy_reach(&policy, span_of(reaches[i].host), reaches[i].port);
        assert_int_equal(verdict.reason, reaches[i].line > 0 ? REASON_NONE : REASON_NO_ROUTE);
        assert_int_equal(verdict.route != NULL ? verdict.route->line : 0, reaches[i].line);
    }
}

static void an_empty_policy_allows_nothing(void **state)
{
    const struct ask ask = {S("api.example.com"), 443, true, S("GET"), S("/")};
    AUTO(policy) none = NULL;

    (void)state;
    assert_int_equal(policy_new(&none), ERR_OK);
    assert_int_equal(policy_reach(none, ask.host, ask.port).reason, REASON_NO_ROUTE);
    assert_int_equal(policy_decide(none, &ask).reason, REASON_NO_ROUTE);
}

static void a_request_keeps_the_policy_it_began_under(void **state)
{
    struct policy *current = NULL, *held;

    (void)state;
    assert_int_equal(policy_new(&current), ERR_OK);
    current->bottle = arena_copy(&current->arena, SPAN_LIT("demo"));
    held = policy_hold(current);
    policy_free(&current);
    assert_null(current);
    assert_true(span_is(held->bottle, SPAN_LIT("demo"))); /* ASan would object, were it gone */
    policy_free(&held);
    policy_free(&held);
}

static void no_memory_is_an_error(void **state)
{
    struct policy *policy_none = NULL;

    (void)state;
    mem_fail_at(1);
    assert_int_equal(policy_new(&policy_none), ERR_NOMEM);
    assert_null(policy_none);
    mem_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_question_has_one_answer),  cmocka_unit_test(connect_reaches_what_any_route_names),
        cmocka_unit_test(an_empty_policy_allows_nothing), cmocka_unit_test(a_request_keeps_the_policy_it_began_under),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
