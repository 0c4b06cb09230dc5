/* hold_test.c — a person is asked about what the scan stopped: yes lets these very bytes go, all else does not. */
#include <stdio.h>

#include "queue/asker.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "tests/story.h"

#define GITHUB "ghp_Zq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5Ao0W"
#define OTHER  "ghp_Rt6vX8nLw2ZqY3uBc1Kd9MfH4sJg7Pe5Ao0W"
#define AWS_ID "AKIAQ3EGRZ5KLMNO27WX"
#define LEAK   POST_API "Content-Length: 40\r\n\r\n" GITHUB

/* --- a person ---------------------------------------------------------------------------------------------- */

enum manner { SILENT, SAYS_YES_AT_ONCE, SAYS_NO_AT_ONCE, SAYS_DIGEST_FIRST, CANT_BE_REACHED, IS_FULL };

static struct person {
    struct asker asker;
    enum manner manner;
    size_t asked, withdrawn, late;
    answer_fn *fn;
    void *owner; /* who waits; NULL: nobody */
    char path[100], method[40], host[100];
    uint64_t body_bytes;
    bool digested;
    uint8_t digest[DIGEST_BYTES];
    struct findings findings;
} person;

#define PROPOSAL 77

static void keep(char *text, size_t size, struct span span) { snprintf(text, size, "%.*s", SPAN_FMT(span)); }

static void tell(enum answer answer)
{
    struct reply reply = {.answer = answer, .proposal = answer == ANSWER_DIGEST ? 0 : PROPOSAL};

    person.fn(MOVE(person.owner), &reply);
}

static void look_at(const struct question *question)
{
    keep(person.path, sizeof person.path, question->path);
    keep(person.method, sizeof person.method, question->method);
    keep(person.host, sizeof person.host, question->host);
    person.body_bytes = question->body_bytes;
    person.findings = *question->findings;
    person.digested = question->digest != NULL;
    if (person.digested) memcpy(person.digest, question->digest, DIGEST_BYTES);
}

static void *person_ask(struct asker *self, const struct question *question, answer_fn *fn, void *owner)
{
    static const enum answer at_once[] = {[SAYS_YES_AT_ONCE] = ANSWER_YES,
                                          [SAYS_NO_AT_ONCE] = ANSWER_NO,
                                          [CANT_BE_REACHED] = ANSWER_UNREACHED,
                                          [IS_FULL] = ANSWER_FULL};
    struct person *p = CONTAINER_OF(self, struct person, asker);

    p->asked++;
    p->fn = fn;
    p->owner = owner;
    look_at(question);
    if (p->manner == SILENT || (p->manner == SAYS_DIGEST_FIRST && p->digested)) return p;
    tell(p->manner == SAYS_DIGEST_FIRST ? ANSWER_DIGEST : at_once[p->manner]);
    return NULL;
}

static uint64_t person_withdraw(struct asker *self, void *ticket, bool late)
{
    struct person *p = CONTAINER_OF(self, struct person, asker);

    assert_ptr_equal(ticket, p);
    assert_non_null(p->owner);
    p->owner = NULL;
    p->withdrawn++;
    p->late += late;
    return PROPOSAL;
}

static void person_says(enum answer answer)
{
    assert_non_null(person.owner);
    tell(answer);
    world_turn();
}

static int begin_with_person(void **state)
{
    begin(state);
    person = (struct person){.asker = {person_ask, person_withdraw}};
    egress.asker = &person.asker;
    return 0;
}

#define ASKED(name) cmocka_unit_test_setup_teardown(name, begin_with_person, finish)

static void ask_for(const char *request)
{
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, request);
}

/* --- yes --------------------------------------------------------------------------------------------------- */

static void yes_lets_these_very_bytes_go(void **state)
{
    (void)state;
    ask_for(LEAK);
    assert_int_equal(person.asked, 1);
    assert_string_equal(person.host, "api.example.com");
    assert_string_equal(person.method, "POST");
    assert_string_equal(person.path, "/");
    assert_int_equal(person.body_bytes, 40);
    assert_int_equal(person.findings.count, 1);
    assert_string_equal(person.findings.list[0].rule, "github-pat");
    assert_int_equal(person.findings.list[0].ruling, RULING_STOPS);
    assert_null(memmem(&person, sizeof person, &GITHUB[4], 4)); /* nothing that is secret is asked with */
    assert_int_equal(world.resolve_count, 0);
    assert_string_equal(talker_heard(&client), "");
    world_pass(HOLD_DEFAULT_MS - SECONDS(1));
    person_says(ANSWER_YES);
    assert_true(talker_accept(&origin));
    assert_says(&origin, "Content-Length: 40\r\n");
    assert_says(&origin, "\r\n\r\n" GITHUB);
    talker_say(&origin, OK);
    assert_says(&client, "200 OK");
    assert_logged("\"verdict\":\"allowed\",\"reason\":\"allowed\"");
    assert_logged("\"rung\":\"prefix\",\"ruling\":\"safe\"");
    assert_logged("\"hold\":299000");
    assert_null(strstr(egress_log(), GITHUB));
    assert_int_equal(person.withdrawn, 0);
}

static void a_yes_at_once_is_as_good(void **state)
{
    (void)state;
    person.manner = SAYS_YES_AT_ONCE;
    ask_for(LEAK);
    assert_true(talker_accept(&origin));
    assert_says(&origin, GITHUB);
}

/* A judgement is remembered by whoever gave it (fsm/remembered.c): its use goes on record before the request goes. */
static void what_was_allowed_before_is_put_on_record(void **state)
{
    struct fingerprint value;

    (void)state;
    assert_int_equal(fingerprint_of(SPAN_LIT(GITHUB), &value), ERR_OK);
    assert_int_equal(safelist_add(&egress.safelist, &value, (struct span){0}, 1), ERR_OK);
    egress_reload();
    ask_for(LEAK);
    assert_int_equal(person.asked, 1);
    assert_int_equal(person.findings.list[0].ruling, RULING_SAFE);
    assert_int_equal(world.resolve_count, 0);
    person_says(ANSWER_YES);
    assert_true(talker_accept(&origin));
    assert_says(&origin, GITHUB);
}

static void a_person_who_has_to_see_it_gets_its_digest(void **state)
{
    uint8_t first[DIGEST_BYTES];

    (void)state;
    person.manner = SAYS_DIGEST_FIRST;
    ask_for(LEAK);
    assert_int_equal(person.asked, 2);
    assert_true(person.digested);
    memcpy(first, person.digest, sizeof first);
    person_says(ANSWER_NO);
    talker_forget(&client);
    talker_say(&client, LEAK);
    assert_memory_equal(person.digest, first, sizeof first);
    person_says(ANSWER_NO);
    talker_say(&client, POST_API "Content-Length: 40\r\n\r\n" OTHER);
    assert_memory_not_equal(person.digest, first, sizeof first);
    person_says(ANSWER_YES);
    assert_true(talker_accept(&origin));
    assert_says(&origin, "\r\n\r\n" OTHER); /* what was read for its digest is read again to be sent */
}

/* A body is read for its digest a few pieces a turn: others are served meanwhile. */
static void a_large_body_is_digested_in_turns(void **state)
{
    static char body[2 * DIGEST_TURN_PIECES * SPOOL_PIECE_BYTES];
    char head[200];

    (void)state;
    person.manner = SAYS_DIGEST_FIRST;
    memset(body, ' ', sizeof body);
    memcpy(body, GITHUB, 40);
    snprintf(head, sizeof head, POST_API "Content-Length: %zu\r\n\r\n", sizeof body);
    ask_for(head);
    for (size_t at = 0; at < sizeof body; at += KIB(64))
        talker_say_bytes(&client, (struct span){(const uint8_t *)body + at, KIB(64)});
    assert_int_equal(person.asked, 2);
    assert_int_equal(person.body_bytes, sizeof body);
    talker_leave(&client);
    assert_int_equal(person.withdrawn, 1);
}

static void all_that_was_found_is_asked_about_at_once(void **state)
{
    (void)state;
    ask_for("POST http://api.example.com/" AWS_ID " HTTP/1.1\r\nHost: api.example.com\r\nX-A: " GITHUB
            "\r\nTransfer-Encoding: chunked\r\n\r\n28\r\n" OTHER "\r\n");
    assert_int_equal(person.asked, 0); /* not whole yet */
    talker_say(&client, "0\r\nX-Sum: " EGRESS_SECRET "\r\n\r\n");
    assert_int_equal(person.asked, 1);
    assert_int_equal(person.findings.count, 4);
    for (size_t i = 0; i < 4; i++) assert_int_equal(person.findings.list[i].ruling, RULING_STOPS);
    assert_string_equal(person.path, ""); /* a secret is in it */
    assert_int_equal(world.resolve_count, 0);
    person_says(ANSWER_YES);
    assert_true(talker_accept(&origin));
    assert_says(&origin, "POST /" AWS_ID);
    assert_says(&origin, "X-Sum: " EGRESS_SECRET);
}

/* --- no ---------------------------------------------------------------------------------------------------- */

static void assert_refused(const char *status, const char *slug, const char *detail)
{
    assert_says(&client, status);
    assert_says(&client, slug);
    assert_logged(detail);
    assert_int_equal(world.resolve_count, 0);
    assert_int_equal(world.connect_count, 0);
}

static void no_refuses_and_remembers_nothing(void **state)
{
    (void)state;
    ask_for(LEAK);
    person_says(ANSWER_NO);
    assert_refused("403", "approval-rejected", "\"detail\":\"a person said no\"");
    assert_says(&client, "\"proposal\":77");
    assert_logged("\"proposal\":77");
    talker_forget(&client);
    talker_say(&client, LEAK);
    assert_int_equal(person.asked, 2);
    person_says(ANSWER_NO);
    assert_refused("403", "approval-rejected", "\"detail\":\"a person said no\"");
}

static void a_no_at_once_is_as_good(void **state)
{
    (void)state;
    person.manner = SAYS_NO_AT_ONCE;
    ask_for(LEAK);
    assert_refused("403", "approval-rejected", "\"detail\":\"a person said no\"");
    assert_int_equal(person.withdrawn, 0);
}

static void nobody_who_answers_in_time_is_a_no(void **state)
{
    (void)state;
    ask_for(LEAK);
    world_pass(HOLD_DEFAULT_MS - 1);
    assert_string_equal(talker_heard(&client), "");
    world_pass(1);
    assert_refused("503", "approval-timeout", "\"detail\":\"nobody answered in time\"");
    assert_says(&client, "Retry-After: ");
    assert_says(&client, "\"proposal\":77");
    assert_logged("\"state\":\"REQ_DONE\"");
    assert_int_equal(person.withdrawn, 1);
    assert_int_equal(person.late, 1);
}

static void an_asker_that_fails_is_a_no(void **state)
{
    (void)state;
    person.manner = CANT_BE_REACHED;
    ask_for(LEAK);
    assert_refused("503", "approval-unavailable", "\"detail\":\"the approval queue can't be had\"");
    person.manner = IS_FULL;
    talker_forget(&client);
    talker_say(&client, LEAK);
    assert_refused("503", "approval-queue-full", "\"detail\":\"too many proposals wait already\"");
    assert_int_equal(person.withdrawn, 0);
}

static void the_end_of_the_program_is_told_to_who_waits(void **state)
{
    (void)state;
    ask_for(LEAK);
    person_says(ANSWER_ENDING);
    assert_refused("503", "shutting-down", "while it waited");
}

static void a_client_that_leaves_takes_the_question_with_it(void **state)
{
    (void)state;
    ask_for(LEAK);
    talker_leave(&client);
    assert_int_equal(person.withdrawn, 1);
    assert_int_equal(world.resolve_count, 0);
    assert_logged("\"state\":\"REQ_DROPPED\",\"by\":\"REQ_EV_CLIENT_GONE\"");
}

static void the_end_of_the_proxy_takes_the_question_with_it(void **state)
{
    (void)state;
    ask_for(LEAK);
    conn_drain_all(&egress, true);
    world_turn();
    assert_int_equal(person.withdrawn, 1);
    assert_int_equal(world.resolve_count, 0);
}

/* --- not asked --------------------------------------------------------------------------------------------- */

static void what_would_not_leave_anyway_is_not_asked_about(void **state)
{
    static const struct {
        const char *request, *reason;
    } rows[] = {
        {"GET http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\nX-A: " GITHUB "\r\n\r\n", "no-route"},
        {"GET http://evil.test/" GITHUB " HTTP/1.1\r\nHost: evil.test\r\n\r\n", "no-route"},
        {"GET http://a.example.org/no?" GITHUB " HTTP/1.1\r\nHost: a.example.org\r\n\r\n", "path-not-allowed"},
        {"TRACE http://api.example.com/" GITHUB " HTTP/1.1\r\nHost: api.example.com\r\n\r\n", "method-unknown"},
        {POST_API "X-A: " GITHUB "\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "coding-not-readable"},
        {"GET http://" EGRESS_SECRET ".example.org/ok/ HTTP/1.1\r\nHost: " EGRESS_SECRET ".example.org\r\n\r\n",
         "dlp-token"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ask_for(rows[i].request);
        if (strstr(talker_heard(&client), rows[i].reason) == NULL) fail_msg("%zu: %s", i, talker_heard(&client));
        talker_leave(&client);
    }
    assert_int_equal(person.asked, 0);
    assert_int_equal(world.resolve_count, 0);
}

/* Nobody can say yes to what is not shown. */
static void more_than_can_be_shown_is_refused_unasked(void **state)
{
    struct buf body = {0};
    char head[200];

    (void)state;
    for (unsigned i = 0; i <= SCAN_FINDINGS_MAX; i++)
        assert_int_equal(buf_printf(&body, "ghp_%02uq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5Ao0 ", i), ERR_OK);
    snprintf(head, sizeof head, POST_API "Content-Length: %zu\r\n\r\n", buf_len(&body));
    ask_for(head);
    talker_say_bytes(&client, buf_span(&body));
    assert_int_equal(person.asked, 0);
    assert_refused("403", "dlp-token", "\"more_findings\":true");
    buf_clear(&body);
}

static void a_bottle_that_is_not_supervised_asks_nobody(void **state)
{
    (void)state;
    egress.rules->policy->supervise.tokens = false;
    ask_for(LEAK);
    egress.rules->policy->supervise.tokens = true; /* the stories share it */
    assert_refused("403", "dlp-token", "dlp-token");
    assert_int_equal(person.asked, 0);
}

static void without_anybody_to_ask_a_head_is_refused_before_its_body_is_read(void **state)
{
    (void)state;
    egress.asker = NULL;
    ask_for(POST_API "X-A: " GITHUB "\r\nContent-Length: 100000\r\n\r\n");
    assert_refused("403", "dlp-token", "dlp-token");
}

/* --- failures ---------------------------------------------------------------------------------------------- */

static size_t play_without(size_t n, enum manner manner)
{
    size_t count;

    egress.safelist = (struct safelist){0};
    person.manner = manner;
    talker_connect(&client, CONN_PROXY);
    mem_fail_at(n);
    talker_say(&client, LEAK);
    count = mem_fail_at(0);
    bool went = talker_accept(&origin);
    if (went && manner != SAYS_YES_AT_ONCE) fail_msg("allocation %zu: it was sent", n);
    talker_leave(&client);
    if (went) talker_leave(&origin);
    assert_null(person.owner); /* answered or withdrawn */
    world_pass(HOLD_DEFAULT_MS);
    assert_int_equal(egress.conn_count, 0);
    return count;
}

static void whatever_allocation_fails_no_unanswered_request_is_sent_and_no_question_is_left(void **state)
{
    static const enum manner manners[] = {SILENT, SAYS_NO_AT_ONCE, SAYS_YES_AT_ONCE};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(manners); i++) {
        size_t count = play_without(0, manners[i]);
        assert_in_range(count, 5, 200);
        for (size_t n = 1; n <= count; n++) play_without(n, manners[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ASKED(yes_lets_these_very_bytes_go),
        ASKED(a_yes_at_once_is_as_good),
        ASKED(what_was_allowed_before_is_put_on_record),
        ASKED(a_person_who_has_to_see_it_gets_its_digest),
        ASKED(a_large_body_is_digested_in_turns),
        ASKED(the_end_of_the_program_is_told_to_who_waits),
        ASKED(a_bottle_that_is_not_supervised_asks_nobody),
        ASKED(all_that_was_found_is_asked_about_at_once),
        ASKED(no_refuses_and_remembers_nothing),
        ASKED(a_no_at_once_is_as_good),
        ASKED(nobody_who_answers_in_time_is_a_no),
        ASKED(an_asker_that_fails_is_a_no),
        ASKED(a_client_that_leaves_takes_the_question_with_it),
        ASKED(the_end_of_the_proxy_takes_the_question_with_it),
        ASKED(what_would_not_leave_anyway_is_not_asked_about),
        ASKED(more_than_can_be_shown_is_refused_unasked),
        ASKED(whatever_allocation_fails_no_unanswered_request_is_sent_and_no_question_is_left),
        ASKED(without_anybody_to_ask_a_head_is_refused_before_its_body_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
