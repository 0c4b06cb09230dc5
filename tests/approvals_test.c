/* approvals_test.c — a person at the queue: what is asked, what each answer lets go and for how long, and that nothing
 * goes when the queue fails. */
#include <stdio.h>

#include "fsm/approvals_int.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "tests/story.h"

#define GITHUB "ghp_Zq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5Ao0W"
#define OTHER  "ghp_Rt6vX8nLw2ZqY3uBc1Kd9MfH4sJg7Pe5Ao0W"
#define LEAK   POST_API "Content-Length: 40\r\n\r\n" GITHUB
#define ASIDE  "GET http://a.example.org/ok/x HTTP/1.1\r\nHost: a.example.org\r\nX-A: " GITHUB "\r\n\r\n"
#define NEW    "http://new.example.net"

static struct approvals *approvals;
static struct store *operator;

/* --- the queue --------------------------------------------------------------------------------------------- */

static enum store_err open_queue(void *owner, uint64_t run, struct store **store_out)
{
    (void)owner;
    return store_mem_new(operator, run, store_out);
}

static int begin_with_queue(void **state)
{
    struct addr outside;

    begin(state);
    assert_int_equal(store_mem_new(NULL, 0, &operator), STORE_OK);
    assert_int_equal(approvals_new(world.loop, NULL, open_queue, NULL, &approvals), ERR_OK);
    assert_int_equal(approvals_serve(approvals, &egress), ERR_OK);
    assert_int_equal(addr_parse(SPAN_LIT("93.184.216.34"), &outside), ERR_OK);
    world_name("new.example.net", &outside, 1);
    outside.port = 80;
    world_listen(&outside);
    egress.rules->policy->supervise.routes = true;
    return 0;
}

static int finish_with_queue(void **state)
{
    egress.rules->policy->supervise.routes = false; /* the stories share it */
    conn_drain_all(&egress, true);
    world_turn();
    approvals_free(&approvals);
    store_free(&operator);
    return finish(state);
}

#define ASKED(name) cmocka_unit_test_setup_teardown(name, begin_with_queue, finish_with_queue)

/* --- what stands in it ------------------------------------------------------------------------------------- */

static struct seen {
    size_t count;
    uint64_t id; /* of the last */
    char rule[64], host[64], path[64], shown[64], where[64], secret[64], pointer[64], context[64];
    enum tool tool;
    enum audit_event state;
    uint32_t waiting, others;
    struct proposal proposal; /* its texts are gone */
} seen;

static void keep(char text[64], struct span span) { snprintf(text, 64, "%.*s", SPAN_FMT(span)); }

static void on_item(void *owner, const struct store_item *item)
{
    (void)owner;
    seen.count++;
    seen.id = item->proposal.id;
    seen.tool = item->proposal.tool;
    seen.state = item->state;
    seen.waiting = item->waiting;
    seen.others = item->proposal.others;
    seen.proposal = item->proposal;
    keep(seen.rule, item->proposal.rule);
    keep(seen.host, item->proposal.host);
    keep(seen.path, item->proposal.path);
    keep(seen.shown, item->proposal.shown);
    keep(seen.where, item->proposal.where);
    keep(seen.secret, item->proposal.secret);
    keep(seen.pointer, item->proposal.pointer);
    keep(seen.context, item->proposal.context);
}

/* How many wait; the last of them is seen. */
static size_t open_count(void)
{
    seen = (struct seen){0};
    assert_int_equal(store_list(operator, STORE_OPEN, 0, on_item, NULL), STORE_OK);
    return seen.count;
}

static enum audit_event state_of(uint64_t id)
{
    seen = (struct seen){0};
    assert_int_equal(store_list(operator, STORE_ONE, id, on_item, NULL), STORE_OK);
    return seen.state;
}

static size_t events[AUDIT_EVENT_COUNT];
static void on_row(void *owner, const struct audit_row *row)
{
    *(uint64_t *)owner = row->number;
    events[row->event]++;
}

static size_t audit_count(enum audit_event event)
{
    uint64_t last = 0, before;

    memset(events, 0, sizeof events);
    do {
        before = last;
        assert_int_equal(store_audit(operator, last, on_row, &last), STORE_OK);
    } while (last != before);
    return events[event];
}

static void decide(uint64_t id, enum scope scope)
{
    struct decision stands, decision = {.scope = scope,
                                        .why = WHY_TESTS,
                                        .at_ms = (uint64_t)loop_wall_s(world.loop) * 1000,
                                        .operator= SPAN_LIT("alice")};
    struct arena arena = arena_begin(KIB(8));

    assert_int_equal(store_decide(operator, id, &decision, &arena, &stands), STORE_OK);
    arena_end(&arena);
}

static void answer(uint64_t id, enum scope scope)
{
    decide(id, scope);
    world_pass(POLL_MS);
    world_turn();
}

static void ask(const char *request)
{
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, request);
}

static void again(const char *request)
{
    if (client.stream != NULL) talker_leave(&client);
    ask(request);
}

static void assert_goes(const char *text)
{
    talker_forget(&origin);
    if (origin.stream == NULL || origin.gone || origin.eof) assert_true(talker_accept(&origin));
    assert_says(&origin, text);
    talker_say(&origin, OK);
    assert_says(&client, "200 OK");
    talker_leave(&origin);
    origin = (struct talker){0};
    talker_leave(&client);
    client = (struct talker){0};
    world_turn();
}

static void assert_refused(const char *slug)
{
    assert_says(&client, slug);
    assert_false(talker_accept(&origin));
    assert_null(strstr(egress_log(), GITHUB));
}

static void assert_held(void)
{
    assert_string_equal(talker_heard(&client), "");
    assert_false(talker_accept(&origin));
}

/* --- yes ----------------------------------------------------------------------------------------------------- */

static void what_stops_becomes_a_proposal(void **state)
{
    (void)state;
    ask(LEAK);
    assert_held();
    assert_int_equal(open_count(), 1);
    assert_int_equal(seen.tool, TOOL_TOKEN);
    assert_string_equal(seen.rule, "github-pat");
    assert_string_equal(seen.host, "api.example.com");
    assert_string_equal(seen.path, "/");
    assert_int_equal(seen.waiting, 1);
    assert_int_equal(seen.others, 0);
    assert_int_equal(seen.proposal.body_bytes, 40);
    assert_int_equal(seen.proposal.deadline_ms - seen.proposal.created_ms, HOLD_DEFAULT_MS);
    assert_null(strstr(seen.shown, &GITHUB[5]));
    answer(seen.id, SCOPE_VALUE);
    assert_goes("\r\n\r\n" GITHUB);
    assert_int_equal(open_count(), 0);
    assert_int_equal(audit_count(AUDIT_RELEASED), 1);
}

static void where_it_stands_in_json_is_told_and_no_neighbour(void **state)
{
    (void)state;
    ask(POST_API "Content-Length: 90\r\n\r\n{\"env\": [{\"password\": \"hunter22\"}, {\"token\": \"" GITHUB "\"}]}");
    assert_int_equal(open_count(), 1);
    assert_string_equal(seen.pointer, "/env/1/token");
    assert_non_null(strstr(seen.context, "{\"token\": \"[ghp_"));
    assert_null(strstr(seen.context, "hunter"));
}

static void a_known_secret_is_told_by_its_name(void **state)
{
    (void)state;
    ask(POST_API "Content-Length: 31\r\n\r\n" EGRESS_SECRET);
    assert_int_equal(open_count(), 1);
    assert_string_equal(seen.secret, "env:TOKEN");
}

static void a_value_that_was_allowed_goes_wherever_the_routes_let_it(void **state)
{
    (void)state;
    ask(LEAK);
    open_count();
    answer(seen.id, SCOPE_VALUE);
    assert_goes(GITHUB);
    ask(ASIDE);
    assert_goes("X-A: " GITHUB);
    ask(LEAK);
    assert_goes(GITHUB);
    assert_int_equal(audit_count(AUDIT_PROPOSED), 1);
    assert_int_equal(audit_count(AUDIT_USED), 2);
}

static void a_value_that_was_allowed_at_a_host_is_asked_about_at_another(void **state)
{
    (void)state;
    ask(LEAK);
    open_count();
    answer(seen.id, SCOPE_HOST);
    assert_goes(GITHUB);
    ask(LEAK);
    assert_goes(GITHUB);
    ask(ASIDE);
    assert_held();
    assert_int_equal(open_count(), 1);
    assert_string_equal(seen.host, "a.example.org");
}

static void once_is_for_these_very_bytes(void **state)
{
    uint64_t first;

    (void)state;
    ask(LEAK);
    open_count();
    first = seen.id;
    answer(first, SCOPE_ONCE);
    assert_goes(GITHUB);
    ask(LEAK);
    assert_held();
    assert_int_equal(open_count(), 1);
    assert_int_not_equal(seen.id, first);
}

static void once_does_not_reach_who_waits_with_other_bytes(void **state)
{
    (void)state;
    ask(LEAK);
    talker_connect(&other, CONN_PROXY);
    talker_say(&other, POST_API "X-B: 1\r\nContent-Length: 41\r\n\r\n " GITHUB);
    assert_int_equal(open_count(), 1);
    answer(seen.id, SCOPE_ONCE);
    assert_goes("\r\n\r\n" GITHUB);
    assert_string_equal(talker_heard(&other), "");
    world_pass(POLL_MS);
    assert_int_equal(open_count(), 1); /* the other's own */
}

static void an_answer_is_heard_within_50_ms(void **state)
{
    (void)state;
    ask(LEAK);
    world_pass(SECONDS(10) + 7);
    open_count();
    decide(seen.id, SCOPE_VALUE);
    world_pass(50);
    assert_goes(GITHUB);
}

static void one_of_two_secrets_is_not_enough(void **state)
{
    uint64_t ids[2];

    (void)state;
    ask(POST_API "X-A: " GITHUB "\r\nContent-Length: 40\r\n\r\n" OTHER);
    assert_int_equal(open_count(), 2);
    assert_int_equal(seen.others, 1);
    ids[1] = seen.id;
    ids[0] = seen.id - 1;
    answer(ids[0], SCOPE_VALUE);
    assert_held();
    assert_int_equal(audit_count(AUDIT_RELEASED), 0);
    answer(ids[1], SCOPE_VALUE);
    assert_goes(OTHER);
    assert_int_equal(audit_count(AUDIT_RELEASED), 2);
}

static void a_no_to_one_of_two_secrets_is_a_no(void **state)
{
    (void)state;
    ask(POST_API "X-A: " GITHUB "\r\nContent-Length: 40\r\n\r\n" OTHER);
    open_count();
    answer(seen.id, SCOPE_NO);
    assert_refused("approval-rejected");
    world_pass(POLL_MS);
    assert_int_equal(open_count(), 0);
    assert_int_equal(audit_count(AUDIT_RETRACTED), 1); /* the other is nobody's any more */
}

#define MANY 300 /* past one batch of the store */

static void many_with_the_same_value_are_one_question_and_go_together(void **state)
{
    static struct talker many[MANY];
    size_t answered = 0;
    struct talker arrived;

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        talker_connect(&many[i], CONN_PROXY);
        talker_say(&many[i], LEAK);
    }
    world_pass(SECONDS(1));
    assert_int_equal(open_count(), 1);
    assert_int_equal(seen.waiting, MANY);
    answer(seen.id, SCOPE_VALUE);
    world_pass(POLL_BUSY_MS * (MANY / PASS_TURN_MAX + 1)); /* some in each turn, so that others are served between */
    while (talker_accept(&arrived)) {
        assert_says(&arrived, GITHUB);
        answered++;
        talker_leave(&arrived);
    }
    assert_int_equal(answered, MANY);
    assert_int_equal(audit_count(AUDIT_PROPOSED), 1);
    assert_int_equal(audit_count(AUDIT_RELEASED), MANY);
    for (size_t i = 0; i < MANY; i++) talker_leave(&many[i]);
}

/* --- no ------------------------------------------------------------------------------------------------------ */

static void a_no_is_remembered_until_it_is_forgotten(void **state)
{
    uint64_t id;

    (void)state;
    ask(LEAK);
    open_count();
    id = seen.id;
    answer(id, SCOPE_NO);
    assert_refused("approval-rejected");
    again(LEAK);
    assert_refused("approval-rejected");
    assert_int_equal(open_count(), 0);
    assert_int_equal(store_forget(operator, id, SPAN_LIT("alice"), 1), STORE_OK);
    again(LEAK);
    assert_held();
    assert_int_equal(open_count(), 1);
}

static void a_yes_that_was_taken_back_is_asked_about_again(void **state)
{
    uint64_t id;

    (void)state;
    ask(LEAK);
    open_count();
    id = seen.id;
    answer(id, SCOPE_VALUE);
    assert_goes(GITHUB);
    assert_int_equal(store_forget(operator, id, SPAN_LIT("alice"), 1), STORE_OK);
    ask(LEAK);
    assert_held();
    assert_int_equal(open_count(), 1);
    assert_int_equal(audit_count(AUDIT_USED), 0);
}

static void a_late_yes_counts_for_the_retry(void **state)
{
    static const enum scope scopes[] = {SCOPE_VALUE, SCOPE_HOST, SCOPE_ONCE};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(scopes); i++) {
        again(LEAK);
        assert_int_equal(open_count(), 1);
        uint64_t id = seen.id;
        world_pass(HOLD_DEFAULT_MS);
        assert_refused("approval-timeout");
        assert_int_equal(state_of(id), AUDIT_EXPIRED);
        answer(id, scopes[i]);
        again(LEAK);
        assert_goes(GITHUB);
        assert_int_equal(store_forget(operator, id, SPAN_LIT("alice"), 1), STORE_OK);
        world_pass(SECONDS(5));
    }
    ask(LEAK);
    assert_held(); /* once was once */
}

static void who_leaves_takes_the_question_along_when_nobody_else_waits(void **state)
{
    uint64_t id;

    (void)state;
    ask(LEAK);
    talker_connect(&other, CONN_PROXY);
    talker_say(&other, LEAK);
    assert_int_equal(open_count(), 1);
    id = seen.id;
    talker_leave(&client);
    world_pass(POLL_MS);
    assert_int_equal(state_of(id), AUDIT_PROPOSED);
    talker_leave(&other);
    world_pass(POLL_MS);
    assert_int_equal(state_of(id), AUDIT_RETRACTED);
}

static void what_stands_for_no_value_goes_once_at_most(void **state)
{
    struct arena arena = arena_begin(KIB(8));
    struct decision stands, yes = {.scope = SCOPE_VALUE, .operator= SPAN_LIT("a"), .at_ms = 1};
    struct proposal proposal = {.tool = TOOL_TOKEN,
                                .bottle = SPAN_LIT("world"),
                                .host = SPAN_LIT("h"),
                                .rule = SPAN_LIT("too-deep"),
                                .port = 80};
    uint64_t id;
    struct store *mine;

    (void)state;
    assert_int_equal(store_mem_new(operator, 99, &mine), STORE_OK);
    assert_int_equal(store_propose(mine, &proposal, &id), STORE_OK);
    assert_int_equal(store_decide(operator, id, &yes, &arena, &stands), STORE_REFUSED);
    yes.scope = SCOPE_ONCE;
    assert_int_equal(store_decide(operator, id, &yes, &arena, &stands), STORE_OK);
    store_free(&mine);
    arena_end(&arena);
}

/* --- a host without a route ---------------------------------------------------------------------------------- */

static void decide_route(uint64_t id, const char *methods, const char *path)
{
    struct arena arena = arena_begin(KIB(8));
    struct decision stands, yes = {.scope = SCOPE_VALUE,
                                   .at_ms = 1,
                                   .operator= SPAN_LIT("alice"),
                                   .route_methods = span_of(methods),
                                   .route_path = span_of(path)};

    assert_int_equal(store_decide(operator, id, &yes, &arena, &stands), STORE_OK);
    arena_end(&arena);
    world_pass(POLL_MS);
    world_turn();
}

static void a_host_without_a_route_may_be_proposed(void **state)
{
    (void)state;
    ask("POST " NEW "/v1/x HTTP/1.1\r\nHost: new.example.net\r\nContent-Length: 5\r\n\r\nhello");
    assert_held();
    assert_int_equal(open_count(), 1);
    assert_int_equal(seen.tool, TOOL_ROUTE);
    assert_string_equal(seen.host, "new.example.net");
    assert_string_equal(seen.path, "/v1/x");
    decide_route(seen.id, "", "");
    assert_goes("\r\n\r\nhello");
    ask("GET " NEW "/other HTTP/1.1\r\nHost: new.example.net\r\n\r\n");
    assert_goes("GET /other");
    assert_int_equal(audit_count(AUDIT_PROPOSED), 1);
    assert_int_equal(audit_count(AUDIT_USED), 1);
}

static void what_is_granted_may_be_narrower(void **state)
{
    (void)state;
    ask("GET " NEW "/v1/x HTTP/1.1\r\nHost: new.example.net\r\n\r\n");
    open_count();
    decide_route(seen.id, "GET HEAD", "/v1/**");
    assert_goes("GET /v1/x");
    ask("GET " NEW "/v2/x HTTP/1.1\r\nHost: new.example.net\r\n\r\n");
    assert_held();
    assert_int_equal(open_count(), 1);
    again("POST " NEW "/v1/x HTTP/1.1\r\nHost: new.example.net\r\nContent-Length: 0\r\n\r\n");
    assert_held();
}

static void a_host_that_was_refused_stays_refused(void **state)
{
    (void)state;
    ask("GET " NEW "/ HTTP/1.1\r\nHost: new.example.net\r\n\r\n");
    open_count();
    answer(seen.id, SCOPE_NO);
    assert_refused("approval-rejected");
    again("GET " NEW "/2 HTTP/1.1\r\nHost: new.example.net\r\n\r\n");
    assert_refused("approval-rejected");
}

static void a_host_for_once_is_for_that_request(void **state)
{
    (void)state;
    ask("GET " NEW "/ HTTP/1.1\r\nHost: new.example.net\r\n\r\n");
    open_count();
    answer(seen.id, SCOPE_ONCE);
    assert_goes("GET /");
    ask("GET " NEW "/ HTTP/1.1\r\nHost: new.example.net\r\n\r\n");
    assert_held();
}

/* The host was allowed; what is sent there is still scanned, and asked about. */
static void a_secret_on_its_way_to_a_granted_host_is_asked_about(void **state)
{
    (void)state;
    ask("POST " NEW "/ HTTP/1.1\r\nHost: new.example.net\r\nContent-Length: 40\r\n\r\n" GITHUB);
    assert_int_equal(open_count(), 1);
    assert_int_equal(seen.tool, TOOL_ROUTE);
    answer(seen.id, SCOPE_VALUE);
    assert_held();
    assert_int_equal(open_count(), 1);
    assert_int_equal(seen.tool, TOOL_TOKEN);
    answer(seen.id, SCOPE_NO);
    assert_refused("approval-rejected");
}

static void a_bottle_that_does_not_ask_for_routes_refuses_at_once(void **state)
{
    (void)state;
    egress.rules->policy->supervise.routes = false;
    ask("GET " NEW "/ HTTP/1.1\r\nHost: new.example.net\r\n\r\n");
    assert_refused("no-route");
    assert_int_equal(open_count(), 0);
}

/* --- the queue fails ------------------------------------------------------------------------------------------- */

static void a_queue_that_is_lost_while_something_waits_refuses_it(void **state)
{
    (void)state;
    ask(LEAK);
    store_mem_faults(approvals->store)->next = STORE_MISSING;
    world_pass(POLL_MS);
    assert_refused("approval-unavailable");
    again(LEAK);
    assert_refused("approval-unavailable"); /* not tried again at once */
    world_pass(POLL_LOST_MS);
    again(LEAK);
    assert_held();
    assert_int_equal(open_count(), 2); /* the lost one is abandoned when its process is found gone */
}

static void a_queue_that_is_had_again_tells_what_was_answered_but_once_stays_once(void **state)
{
    (void)state;
    ask(LEAK);
    open_count();
    answer(seen.id, SCOPE_ONCE);
    assert_goes(GITHUB);
    ask(POST_API "Content-Length: 40\r\n\r\n" OTHER);
    open_count();
    answer(seen.id, SCOPE_VALUE);
    assert_goes(OTHER);
    store_mem_faults(approvals->store)->next = STORE_IO;
    ask(LEAK);
    assert_refused("approval-unavailable");
    world_pass(POLL_LOST_MS);
    again(POST_API "Content-Length: 40\r\n\r\n" OTHER);
    assert_goes(OTHER);
    ask(LEAK);
    assert_held();
}

static void another_process_at_the_queue_is_waited_for(void **state)
{
    (void)state;
    approvals_open(approvals);
    store_mem_faults(approvals->store)->next = STORE_BUSY;
    ask(LEAK);
    world_pass(SECONDS(1));
    assert_held();
    assert_int_equal(open_count(), 0);
    store_mem_faults(approvals->store)->next = STORE_OK;
    world_pass(POLL_BUSY_MS);
    assert_int_equal(open_count(), 1);
    decide(seen.id, SCOPE_VALUE);
    store_mem_faults(approvals->store)->next = STORE_BUSY;
    world_pass(SECONDS(60));
    assert_held(); /* what could not be put on record does not go */
    store_mem_faults(approvals->store)->next = STORE_OK;
    world_pass(POLL_BUSY_MS);
    assert_goes(GITHUB);
}

static void a_queue_that_stays_busy_refuses_what_is_new(void **state)
{
    (void)state;
    approvals_open(approvals);
    store_mem_faults(approvals->store)->next = STORE_BUSY;
    ask(LEAK);
    world_pass(HOLD_WRITE_MS);
    assert_refused("approval-unavailable");
}

static void a_full_disk_refuses_what_is_new_and_keeps_what_waits(void **state)
{
    (void)state;
    ask(LEAK);
    open_count();
    talker_connect(&other, CONN_PROXY);
    store_mem_faults(approvals->store)->next = STORE_FULL;
    talker_say(&other, POST_API "Content-Length: 40\r\n\r\n" OTHER);
    world_turn();
    store_mem_faults(approvals->store)->next = STORE_OK;
    assert_says(&other, "approval-unavailable");
    assert_held();
    answer(seen.id, SCOPE_VALUE);
    assert_goes(GITHUB);
}

static void the_end_of_the_program_is_told_and_leaves_nothing_open(void **state)
{
    (void)state;
    ask(LEAK);
    assert_int_equal(open_count(), 1);
    approvals_end(approvals);
    world_turn();
    assert_refused("shutting-down");
    world_pass(POLL_MS);
    assert_int_equal(open_count(), 0);
    again(LEAK);
    assert_refused("shutting-down");
}

/* --- failures ------------------------------------------------------------------------------------------------ */

static size_t play_without(size_t n)
{
    size_t count;

    egress.safelist = (struct safelist){0};
    talker_connect(&client, CONN_PROXY);
    mem_fail_at(n);
    talker_say(&client, LEAK);
    world_pass(POLL_BUSY_MS);
    count = mem_fail_at(0);
    if (talker_accept(&origin)) fail_msg("allocation %zu: it was sent", n);
    talker_leave(&client);
    world_pass(SECONDS(10));
    assert_int_equal(egress.conn_count, 0);
    return count;
}

static void whatever_allocation_fails_nothing_goes_and_nothing_is_left(void **state)
{
    (void)state;
    size_t count = play_without(0);
    assert_in_range(count, 5, 300);
    for (size_t n = 1; n <= count; n++) play_without(n);
    assert_int_equal(open_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ASKED(what_stops_becomes_a_proposal),
        ASKED(where_it_stands_in_json_is_told_and_no_neighbour),
        ASKED(a_known_secret_is_told_by_its_name),
        ASKED(a_value_that_was_allowed_goes_wherever_the_routes_let_it),
        ASKED(a_value_that_was_allowed_at_a_host_is_asked_about_at_another),
        ASKED(once_is_for_these_very_bytes),
        ASKED(once_does_not_reach_who_waits_with_other_bytes),
        ASKED(an_answer_is_heard_within_50_ms),
        ASKED(one_of_two_secrets_is_not_enough),
        ASKED(a_no_to_one_of_two_secrets_is_a_no),
        ASKED(many_with_the_same_value_are_one_question_and_go_together),
        ASKED(a_no_is_remembered_until_it_is_forgotten),
        ASKED(a_yes_that_was_taken_back_is_asked_about_again),
        ASKED(a_late_yes_counts_for_the_retry),
        ASKED(who_leaves_takes_the_question_along_when_nobody_else_waits),
        ASKED(what_stands_for_no_value_goes_once_at_most),
        ASKED(a_host_without_a_route_may_be_proposed),
        ASKED(what_is_granted_may_be_narrower),
        ASKED(a_host_that_was_refused_stays_refused),
        ASKED(a_host_for_once_is_for_that_request),
        ASKED(a_secret_on_its_way_to_a_granted_host_is_asked_about),
        ASKED(a_bottle_that_does_not_ask_for_routes_refuses_at_once),
        ASKED(a_queue_that_is_lost_while_something_waits_refuses_it),
        ASKED(a_queue_that_is_had_again_tells_what_was_answered_but_once_stays_once),
        ASKED(another_process_at_the_queue_is_waited_for),
        ASKED(a_queue_that_stays_busy_refuses_what_is_new),
        ASKED(a_full_disk_refuses_what_is_new_and_keeps_what_waits),
        ASKED(the_end_of_the_program_is_told_and_leaves_nothing_open),
        ASKED(whatever_allocation_fails_nothing_goes_and_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
