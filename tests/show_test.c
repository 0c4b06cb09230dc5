/* show_test.c — what a person is shown of a proposal: all of it, in the same words everywhere, and never a byte that
 * steers a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "queue/show.h"
#include "reactor/base/own.h"

#define ELLIPSIS "\xe2\x80\xa6"

static void hostile_text_comes_out_as_what_it_is(void **state)
{
    static const struct {
        const char *in;
        size_t columns;
        const char *out;
    } rows[] = {
        {"plain /v1?a=b", 0, "plain /v1?a=b"},
        {"a\x1b[31mred\x07", 0, "a\\x1b[31mred\\x07"},
        {"two\r\nlines\t", 0, "two\\x0d\\x0alines\\x09"},
        {"back\\slash", 0, "back\\\\slash"},
        {"\xc2\x9b"
         "31m",
         0, "\\u{9b}31m"}, /* CSI of eight bits */
        {"\xe2\x80\xae"
         "gnp.exe",
         0, "\\u{202e}gnp.exe"},       /* right to left */
        {"e\xcc\x81", 0, "e\\u{301}"}, /* a mark that combines */
        {"\xf0\x9f\x98\x80", 0, "\\u{1f600}"},
        {"\xff\xc0\xaf", 0, "\\xff\\xc0\\xaf"},
        {"ghp_" ELLIPSIS " 40 characters", 0, "ghp_" ELLIPSIS " 40 characters"},
        {"abcdef", 6, "abcdef"},
        {"abcdef", 5, "abcd" ELLIPSIS},
        {"abcdef", 1, ELLIPSIS},
        {"ab\x1b"
         "cd",
         6, "ab" ELLIPSIS}, /* an escape is cut whole */
        {"", 3, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf out = {0};
        assert_int_equal(show_clean(&out, span_of(rows[i].in), rows[i].columns), ERR_OK);
        if (!span_is(buf_span(&out), span_of(rows[i].out))) fail_msg("%zu: %.*s", i, SPAN_FMT(buf_span(&out)));
        buf_clear(&out);
    }
}

static void an_age_has_one_unit(void **state)
{
    static const struct {
        uint64_t ms;
        const char *text;
    } rows[] = {{0, "0 s"},
                {119999, "119 s"},
                {120000, "2 min"},
                {7199000, "119 min"},
                {7200000, "2 h"},
                {172800000, "2 d"},
                {UINT64_MAX, "213503982334 d"}};
    char text[16];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        show_age(text, rows[i].ms);
        assert_string_equal(text, rows[i].text);
    }
}

static const struct proposal sample = {.id = 17,
                                       .tool = TOOL_TOKEN,
                                       .created_ms = 1000000,
                                       .deadline_ms = 1300000,
                                       .bottle = SPAN_LIT("dev"),
                                       .method = SPAN_LIT("POST"),
                                       .scheme = SPAN_LIT("https"),
                                       .host = SPAN_LIT("api.example.com"),
                                       .path = SPAN_LIT("/v1"),
                                       .port = 443,
                                       .body_bytes = 77,
                                       .rule = SPAN_LIT("github-pat"),
                                       .title = SPAN_LIT("GitHub token"),
                                       .rung = SPAN_LIT("prefix"),
                                       .where = SPAN_LIT("body byte 9"),
                                       .shown = SPAN_LIT("ghp_" ELLIPSIS " 40 characters"),
                                       .fingerprint = {9},
                                       .others = 1};

static void assert_text(struct buf *out, const char *wanted)
{
    if (!span_is(buf_span(out), span_of(wanted))) fail_msg("%.*s", SPAN_FMT(buf_span(out)));
    buf_clear(out);
}

static void a_proposal_is_told_in_a_line_and_in_full(void **state)
{
    struct decision yes = {.scope = SCOPE_HOST,
                           .why = WHY_OTHER,
                           .at_ms = 1010000,
                           .operator= SPAN_LIT("al\x1bice"),
                           .words = SPAN_LIT("it is rotated")};
    struct store_item item = {.proposal = sample, .state = AUDIT_PROPOSED, .waiting = 3};
    struct buf out = {0};

    (void)state;
    assert_int_equal(show_line(&out, &item, 1060000), ERR_OK);
    assert_text(&out, "17    60 s     4 min left    dev  github-pat  3 wait  POST https://api.example.com/v1");
    item.state = AUDIT_DECIDED;
    item.decision = &yes;
    assert_int_equal(show_detail(&out, &item, 1060000), ERR_OK);
    assert_text(&out, "proposal    17, egress-token-allow, approved\n"
                      "bottle      dev\n"
                      "to          POST https://api.example.com/v1\n"
                      "body        77 bytes\n"
                      "rule        github-pat, GitHub token (prefix)\n"
                      "where       body byte 9\n"
                      "value       ghp_" ELLIPSIS " 40 characters\n"
                      "beside it   1 more in the same request, each with a proposal of its own\n"
                      "seen first  60 s ago\n"
                      "answer      approved (host) by al\\x1bice 50 s ago: it is rotated\n");
}

static void what_is_withheld_is_told_to_be(void **state)
{
    struct store_item item = {.proposal = sample, .state = AUDIT_PROPOSED, .waiting = 1};
    struct buf out = {0};

    (void)state;
    item.proposal.method = item.proposal.path = (struct span){0};
    item.proposal.tool = TOOL_ROUTE;
    assert_int_equal(show_line(&out, &item, 0), ERR_OK);
    assert_text(&out, "17    0 s      21 min left   dev  new host  (withheld) https://api.example.com/(withheld)");
}

static void a_line_says_how_long_there_is_time_or_how_it_ended(void **state)
{
    static const struct {
        enum audit_event state;
        uint64_t now_ms;
        const char *words;
    } rows[] = {
        {AUDIT_PROPOSED, 1000000, "5 min left  "}, {AUDIT_PROPOSED, 1299999, "0 s left  "},
        {AUDIT_PROPOSED, 1300000, "overdue  "},    {AUDIT_PROPOSED, 9000000, "overdue  "},
        {AUDIT_EXPIRED, 1000000, "expired  "},     {AUDIT_ABANDONED, 1000000, "abandoned  "},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct store_item item = {.proposal = sample, .state = rows[i].state, .waiting = 1};
        struct buf out = {0};
        assert_int_equal(show_line(&out, &item, rows[i].now_ms), ERR_OK);
        assert_memory_equal(buf_span(&out).at + 15, rows[i].words, strlen(rows[i].words));
        buf_clear(&out);
    }
}

static void of_a_long_host_the_end_is_shown(void **state)
{
    struct store_item item = {.proposal = sample, .state = AUDIT_DECIDED, .waiting = 1};
    struct buf out = {0};

    (void)state;
    item.proposal.scheme = SPAN_LIT("http");
    item.proposal.host = SPAN_LIT("api.github.com.\x1b\x1b\x1b.a-name-that-is-longer-than-a-line-has.evil.example");
    assert_int_equal(show_line(&out, &item, 1000000), ERR_OK);
    assert_text(&out, "17    0 s      decided       dev  github-pat  POST "
                      "http://" ELLIPSIS "\\x1b\\x1b.a-name-that-is-longer-than-a-line-has.evil.example:443/v1");
}

static void every_answer_has_its_words(void **state)
{
    static const struct {
        struct decision decision;
        const char *words;
    } rows[] = {
        {{.scope = SCOPE_NO, .why = WHY_LATER, .operator= SPAN_LIT("bob")}, "rejected by bob 0 s ago: fix-later"},
        {{.scope = SCOPE_ONCE, .why = WHY_FALSE, .operator= SPAN_LIT("bob")},
         "approved (once) by bob 0 s ago: false-positive"},
        {{.scope = SCOPE_VALUE, .why = WHY_TESTS, .operator= SPAN_LIT("bob"), .route_path = SPAN_LIT("/v1/**")},
         "approved (value) by bob 0 s ago: used-in-tests; narrowed to every method /v1/**"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf out = {0};
        assert_int_equal(show_decision(&out, &rows[i].decision, 0), ERR_OK);
        assert_text(&out, rows[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_text_comes_out_as_what_it_is),
        cmocka_unit_test(an_age_has_one_unit),
        cmocka_unit_test(a_proposal_is_told_in_a_line_and_in_full),
        cmocka_unit_test(what_is_withheld_is_told_to_be),
        cmocka_unit_test(a_line_says_how_long_there_is_time_or_how_it_ended),
        cmocka_unit_test(of_a_long_host_the_end_is_shown),
        cmocka_unit_test(every_answer_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
