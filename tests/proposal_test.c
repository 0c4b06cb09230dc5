/* proposal_test.c — a proposal and a decision: their words, their bytes, and which answer fits which question. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "queue/payload.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

static const struct proposal token = {.tool = TOOL_TOKEN,
                                      .created_ms = 1000,
                                      .deadline_ms = 301000,
                                      .bottle = SPAN_LIT("dev"),
                                      .method = SPAN_LIT("POST"),
                                      .scheme = SPAN_LIT("https"),
                                      .host = SPAN_LIT("api.example.com"),
                                      .path = SPAN_LIT("/v1"),
                                      .port = 65535,
                                      .body_bytes = UINT64_MAX,
                                      .digest = {1, 2, 3},
                                      .rule = SPAN_LIT("github-pat"),
                                      .title = SPAN_LIT("a \"title\":5:\n with marks of ours\x1b[2J\xff"),
                                      .where = SPAN_LIT("body byte 1042"),
                                      .pointer = SPAN_LIT("/a~1b/0"),
                                      .shown = SPAN_LIT("ghp_\xe2\x80\xa6 40 characters"),
                                      .fingerprint = {9},
                                      .others = UINT32_MAX};
static const struct decision yes = {
    .scope = SCOPE_VALUE, .why = WHY_TESTS, .at_ms = 2000, .operator= SPAN_LIT("alice")};

/* --- words ------------------------------------------------------------------------------------------------------ */

static void each_tool_scope_and_reason_is_read_as_it_is_written(void **state)
{
    enum tool tool;
    enum scope scope;
    enum why why;

    (void)state;
    for (enum tool i = 0; i < TOOL_COUNT; i++) {
        assert_int_equal(tool_of(span_of(tool_name(i)), &tool), ERR_OK);
        assert_int_equal(tool, i);
    }
    for (enum scope i = 0; i < SCOPE_COUNT; i++) {
        assert_int_equal(scope_of(span_of(scope_name(i)), &scope), ERR_OK);
        assert_int_equal(scope, i);
    }
    for (enum why i = 0; i < WHY_COUNT; i++) {
        assert_int_equal(why_of(span_of(why_name(i)), &why), ERR_OK);
        assert_int_equal(why, i);
    }
}

/* They stand in files and in scripts. */
static void the_tools_keep_their_names_and_kinds(void **state)
{
    (void)state;
    assert_string_equal(tool_name(TOOL_TOKEN), "egress-token-allow");
    assert_string_equal(tool_name(TOOL_GITLEAKS), "gitleaks-allow");
    assert_string_equal(tool_name(TOOL_ROUTE), "egress-route-allow");
    assert_true(tool_is_report(TOOL_TOKEN) && tool_is_report(TOOL_GITLEAKS) && !tool_is_report(TOOL_ROUTE));
}

static void other_words_are_not_found(void **state)
{
    static const char *const words[] = {"", "EGRESS-TOKEN-ALLOW", "egress-token-allow ", "egress-token-allo", "yes"};
    enum tool tool;
    enum scope scope;
    enum why why;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        assert_int_equal(tool_of(span_of(words[i]), &tool), ERR_NOT_FOUND);
        assert_int_equal(scope_of(span_of(words[i]), &scope), ERR_NOT_FOUND);
        assert_int_equal(why_of(span_of(words[i]), &why), ERR_NOT_FOUND);
    }
}

/* --- bytes ------------------------------------------------------------------------------------------------------ */

static void assert_same_proposal(const struct proposal *a, const struct proposal *b)
{
    const struct span *const texts[][2] = {
        {&a->bottle, &b->bottle},     {&a->method, &b->method}, {&a->scheme, &b->scheme},   {&a->host, &b->host},
        {&a->path, &b->path},         {&a->rule, &b->rule},     {&a->title, &b->title},     {&a->service, &b->service},
        {&a->rung, &b->rung},         {&a->where, &b->where},   {&a->pointer, &b->pointer}, {&a->secret, &b->secret},
        {&a->encoding, &b->encoding}, {&a->shown, &b->shown},   {&a->context, &b->context},
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (!span_is(*texts[i][0], *texts[i][1])) fail_msg("text %zu", i);
    assert_true(a->tool == b->tool && a->created_ms == b->created_ms && a->deadline_ms == b->deadline_ms &&
                a->port == b->port && a->body_bytes == b->body_bytes && a->others == b->others);
    assert_memory_equal(a->digest, b->digest, sizeof a->digest);
    assert_memory_equal(a->fingerprint, b->fingerprint, sizeof a->fingerprint);
}

static void a_proposal_is_read_as_it_was_written(void **state)
{
    struct buf bytes = {0};
    struct proposal again;

    (void)state;
    for (enum tool tool = 0; tool < TOOL_COUNT; tool++) {
        struct proposal each = token;
        each.tool = tool;
        assert_int_equal(payload_put_proposal(&bytes, &each), ERR_OK);
        assert_int_equal(payload_read_proposal(buf_span(&bytes), &again), ERR_OK);
        assert_same_proposal(&each, &again);
        buf_clear(&bytes);
    }
}

static void a_decision_is_read_as_it_was_written(void **state)
{
    struct buf bytes = {0};
    struct decision again;

    (void)state;
    for (unsigned i = 0; i < SCOPE_COUNT * WHY_COUNT; i++) {
        struct decision each = {.scope = (enum scope)(i % SCOPE_COUNT),
                                .why = (enum why)(i / SCOPE_COUNT),
                                .at_ms = UINT64_MAX - i,
                                .operator= SPAN_LIT("al\nice"),
                                .words = SPAN_LIT("scope:2:no\n"),
                                .route_methods = SPAN_LIT("GET HEAD"),
                                .route_path = SPAN_LIT("/v1/**")};
        assert_int_equal(payload_put_decision(&bytes, &each), ERR_OK);
        assert_int_equal(payload_read_decision(buf_span(&bytes), &again), ERR_OK);
        assert_true(again.scope == each.scope && again.why == each.why && again.at_ms == each.at_ms);
        assert_true(span_is(again.operator, each.operator) && span_is(again.words, each.words));
        assert_true(span_is(again.route_methods, each.route_methods) && span_is(again.route_path, each.route_path));
        buf_clear(&bytes);
    }
}

#define D "decision 1\n"
#define S "scope:2:no\n"
#define W "why:9:fix-later\n"
#define A "at_ms:1:5\n"
#define O "operator:1:a\n"
#define T "words:0:\n"
#define M "route_methods:0:\n"
#define P "route_path:0:\n"

static void nothing_else_is_read(void **state)
{
    static const struct {
        const char *what, *bytes;
        enum err err;
    } rows[] = {
        {"as it should be", D S W A O T M P, ERR_OK},
        {"empty", "", ERR_SYNTAX},
        {"another version", "decision 2\n" S W A O T M P, ERR_SYNTAX},
        {"another record", "proposal 1\n" S W A O T M P, ERR_SYNTAX},
        {"a member is missing", D S W A O T M, ERR_SYNTAX},
        {"a member comes twice", D S S W A O T M P, ERR_SYNTAX},
        {"two changed places", D W S A O T M P, ERR_SYNTAX},
        {"an unknown member", D S W A O T M P "extra:1:x\n", ERR_SYNTAX},
        {"a byte behind it", D S W A O T M P "\n", ERR_SYNTAX},
        {"cut in a value", D S W A O T M "route_path:5:/v1", ERR_SYNTAX},
        {"a length too short", D S W A "operator:1:al\n" T M P, ERR_SYNTAX},
        {"a length too long", D S W A "operator:3:al\n" T M P, ERR_SYNTAX},
        {"no length", D S W A "operator::a\n" T M P, ERR_SYNTAX},
        {"a length with a zero in front", D S W A "operator:01:a\n" T M P, ERR_SYNTAX},
        {"a length with a sign", D S W A "operator:+1:a\n" T M P, ERR_SYNTAX},
        {"a length past all numbers", D S W A "operator:18446744073709551617:a\n" T M P, ERR_SYNTAX},
        {"a number with a zero in front", D S W "at_ms:2:05\n" O T M P, ERR_SYNTAX},
        {"a number that is none", D S W "at_ms:1:x\n" O T M P, ERR_SYNTAX},
        {"no number", D S W "at_ms:0:\n" O T M P, ERR_SYNTAX},
        {"the greatest number", D S W "at_ms:20:18446744073709551615\n" O T M P, ERR_OK},
        {"one more", D S W "at_ms:20:18446744073709551616\n" O T M P, ERR_SYNTAX},
        {"an unknown scope", D "scope:3:all\n" W A O T M P, ERR_SYNTAX},
        {"an unknown reason", D S "why:3:eh?\n" A O T M P, ERR_SYNTAX},
    };
    struct decision decision;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (payload_read_decision(span_of(rows[i].bytes), &decision) != rows[i].err) fail_msg("%s", rows[i].what);
}

static void a_number_that_its_member_can_not_hold_is_refused(void **state)
{
    struct proposal again;
    struct buf bytes = {0};

    (void)state;
    assert_int_equal(payload_put_proposal(&bytes, &token), ERR_OK);
    uint8_t *port = memmem(bytes.at, buf_len(&bytes), "port:5:65535", 12);
    assert_non_null(port);
    port[11] = '6'; /* 65536 */
    assert_int_equal(payload_read_proposal(buf_span(&bytes), &again), ERR_SYNTAX);
    buf_clear(&bytes);
}

/* A character of one to four bytes at the bound is whole or not there; what is no text is cut at the bound. */
static void a_text_that_is_too_long_is_cut_at_a_character(void **state)
{
    static const struct {
        const char *tail;
        int kept; /* of PROPOSAL_TEXT_MAX - 2 letters and the tail */
    } rows[] = {
        {"", 0},
        {"ab", 2},
        {"abc", 2},
        {"a\xc3\xa9", 1},
        {"\xc3\xa9", 2},
        {"\xe2\x80\xa6", 0},
        {"a\xe2\x80\xa6", 1},
        {"\xf0\x9f\x98\x80", 0},
        {"\x80\x80\x80\x80\x80\x80", -1}, /* no text: back to where a character could have begun */
    };
    char text[PROPOSAL_TEXT_MAX + 8];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct decision each = yes, again;
        struct buf bytes = {0};
        memset(text, 'x', PROPOSAL_TEXT_MAX - 2);
        snprintf(text + PROPOSAL_TEXT_MAX - 2, 10, "%s", rows[i].tail);
        each.words = span_of(text);
        assert_int_equal(payload_put_decision(&bytes, &each), ERR_OK);
        assert_int_equal(payload_read_decision(buf_span(&bytes), &again), ERR_OK);
        if ((int)again.words.len != (int)PROPOSAL_TEXT_MAX - 2 + rows[i].kept)
            fail_msg("row %zu: %zu", i, again.words.len);
        buf_clear(&bytes);
    }
}

/* --- answers ---------------------------------------------------------------------------------------------------- */

#define WHO .operator= SPAN_LIT("alice")

struct fit {
    const char *what, *says; /* says: what a person reads; NULL: it fits */
    const struct proposal *proposal;
    struct decision decision;
};

static void check_fits(const struct fit *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *why = "";
        enum err err = decision_fits(&rows[i].decision, rows[i].proposal, &why);
        if (err != (rows[i].says == NULL ? ERR_OK : ERR_DENIED)) fail_msg("%s: %s", rows[i].what, err_name(err));
        if (rows[i].says != NULL && strstr(why, rows[i].says) == NULL) fail_msg("%s: %s", rows[i].what, why);
    }
}

static void an_answer_to_a_report_fits_or_is_told_why_not(void **state)
{
    const struct proposal leak = {.tool = TOOL_TOKEN, .fingerprint = {1}},
                          pushed = {.tool = TOOL_GITLEAKS, .fingerprint = {1}}, valueless = {.tool = TOOL_TOKEN};
    const struct span get = SPAN_LIT("GET HEAD"), path = SPAN_LIT("/v1/*");
    const struct fit rows[] = {
        {"a value", NULL, &leak, {SCOPE_VALUE, WHY_TESTS, 0, WHO}},
        {"a value, at its host", NULL, &leak, {SCOPE_HOST, WHY_FALSE, 0, WHO}},
        {"once", NULL, &leak, {SCOPE_ONCE, WHY_LATER, 0, WHO}},
        {"no", NULL, &leak, {SCOPE_NO, WHY_LEGITIMATE, 0, WHO}},
        {"what is pushed", NULL, &pushed, {SCOPE_VALUE, WHY_TESTS, 0, WHO}},
        {"for a reason in words", NULL, &leak, {SCOPE_ONCE, WHY_OTHER, 0, WHO, SPAN_LIT("asked Bob")}},
        {"by nobody", "who", &leak, {.scope = SCOPE_VALUE, .why = WHY_TESTS}},
        {"a no by nobody", "who", &leak, {.scope = SCOPE_NO, .why = WHY_TESTS}},
        {"for no reason", "why", &leak, {SCOPE_VALUE, WHY_OTHER, 0, WHO}},
        {"a no for no reason", "why", &leak, {SCOPE_NO, WHY_OTHER, 0, WHO}},
        {"a push for no reason", "why", &pushed, {SCOPE_ONCE, WHY_OTHER, 0, WHO}},
        {"with methods", "only a route", &leak, {SCOPE_VALUE, WHY_TESTS, 0, WHO, .route_methods = get}},
        {"with a path", "only a route", &pushed, {SCOPE_NO, WHY_TESTS, 0, WHO, .route_path = path}},
        {"no value, once", NULL, &valueless, {SCOPE_ONCE, WHY_TESTS, 0, WHO}},
        {"no value, no", NULL, &valueless, {SCOPE_NO, WHY_TESTS, 0, WHO}},
        {"no value, for life", "once", &valueless, {SCOPE_VALUE, WHY_TESTS, 0, WHO}},
        {"no value, at its host", "once", &valueless, {SCOPE_HOST, WHY_TESTS, 0, WHO}},
    };

    (void)state;
    check_fits(rows, COUNT_OF(rows));
}

static void an_answer_about_a_route_fits_or_is_told_why_not(void **state)
{
    static char many[PROPOSAL_TEXT_MAX + 1], far[GLOB_BYTES_MAX + 1] = "/";
    const struct proposal route = {.tool = TOOL_ROUTE};
    const struct span get = SPAN_LIT("GET HEAD"), path = SPAN_LIT("/v1/*"),
                      too_many = {(const uint8_t *)many, sizeof many}, too_far = {(const uint8_t *)far, sizeof far};
    const struct fit rows[] = {
        {"granted", NULL, &route, {SCOPE_VALUE, WHY_OTHER, 0, WHO}},
        {"once", NULL, &route, {SCOPE_ONCE, WHY_OTHER, 0, WHO}},
        {"no, for no reason", "why", &route, {SCOPE_NO, WHY_OTHER, 0, WHO}},
        {"by nobody", "who", &route, {.scope = SCOPE_VALUE, .why = WHY_OTHER}},
        {"at its host", "once", &route, {SCOPE_HOST, WHY_OTHER, 0, WHO}},
        {"narrow", NULL, &route, {SCOPE_VALUE, WHY_OTHER, 0, WHO, .route_methods = get, .route_path = path}},
        {"narrow, once", "life", &route, {SCOPE_ONCE, WHY_OTHER, 0, WHO, .route_methods = get}},
        {"narrow, no", "life", &route, {SCOPE_NO, WHY_TESTS, 0, WHO, .route_path = path}},
        {"small letters", "capital", &route, {SCOPE_VALUE, WHY_OTHER, 0, WHO, .route_methods = SPAN_LIT("get")}},
        {"two spaces", "capital", &route, {SCOPE_VALUE, WHY_OTHER, 0, WHO, .route_methods = SPAN_LIT("GET  PUT")}},
        {"a space in front", "capital", &route, {SCOPE_VALUE, WHY_OTHER, 0, WHO, .route_methods = SPAN_LIT(" GET")}},
        {"a space behind", "capital", &route, {SCOPE_VALUE, WHY_OTHER, 0, WHO, .route_methods = SPAN_LIT("GET ")}},
        {"a comma", "capital", &route, {SCOPE_VALUE, WHY_OTHER, 0, WHO, .route_methods = SPAN_LIT("GET,PUT")}},
        {"methods to be cut", "512", &route, {SCOPE_VALUE, WHY_OTHER, 0, WHO, .route_methods = too_many}},
        {"no slash", "begins with /", &route, {SCOPE_VALUE, WHY_OTHER, 0, WHO, .route_path = SPAN_LIT("v1")}},
        {"a path to be cut", "512", &route, {SCOPE_VALUE, WHY_OTHER, 0, WHO, .route_path = too_far}},
    };

    (void)state;
    memset(many, 'A', sizeof many);
    memset(far + 1, 'a', sizeof far - 1);
    check_fits(rows, COUNT_OF(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_tool_scope_and_reason_is_read_as_it_is_written),
        cmocka_unit_test(the_tools_keep_their_names_and_kinds),
        cmocka_unit_test(other_words_are_not_found),
        cmocka_unit_test(a_proposal_is_read_as_it_was_written),
        cmocka_unit_test(a_decision_is_read_as_it_was_written),
        cmocka_unit_test(nothing_else_is_read),
        cmocka_unit_test(a_number_that_its_member_can_not_hold_is_refused),
        cmocka_unit_test(a_text_that_is_too_long_is_cut_at_a_character),
        cmocka_unit_test(an_answer_to_a_report_fits_or_is_told_why_not),
        cmocka_unit_test(an_answer_about_a_route_fits_or_is_told_why_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
