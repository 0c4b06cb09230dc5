/* robust_test.c — stories of things going wrong: slow, silent, lying, leaving and overflowing clients and origins,
 * names without an answer, descriptors and memory running out. */
#include <stdio.h>

#include "reactor/base/mem.h"
#include "reactor/net/stream_mem.h"
#include "tests/story.h"

static bool is_over(const struct talker *talker) { return talker->gone || talker->eof; }

static void ask(const char *request)
{
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, request);
    assert_true(talker_accept(&origin));
}

/* --- clients --------------------------------------------------------------------------------------------- */

static void a_body_that_trickles_has_an_end_too(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, POST_API "Content-Length: 100000\r\n\r\n");
    while (!client.eof && world.now_ms < 2u * BODY_TOTAL_MS) {
        talker_say(&client, "x");
        world_pass(BODY_IDLE_MS - 1);
    }
    assert_says(&client, "HTTP/1.1 408 ");
    assert_true(world.now_ms <= BODY_TOTAL_MS + BODY_IDLE_MS);
    assert_int_equal(world.resolve_count, 0);
}

static void an_idle_connection_has_its_time_between_requests(void **state)
{
    (void)state;
    ask(GET_API);
    talker_say(&origin, OK);
    world_pass(CONN_IDLE_MS - 1);
    assert_false(client.eof);
    world_pass(1);
    assert_true(client.eof);
    assert_false(client.gone); /* in order: what it had is not taken back */
}

static void heads_have_a_size(void **state)
{
    static char target[HEAD_LINE_MAX + 100], field[HEAD_BYTES_MAX + 100];
    static const struct {
        const char *form, *answer;
    } rows[] = {{"GET http://api.example.com/%s HTTP/1.1\r\nHost: api.example.com\r\n\r\n", "HTTP/1.1 414 "},
                {"GET http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nX: %s\r\n\r\n", "HTTP/1.1 431 "}};
    static char request[HEAD_BYTES_MAX + 1000];
    (void)state;
    memset(target, 'x', sizeof target - 1);
    memset(field, 'a', sizeof field - 1);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        snprintf(request, sizeof request, rows[i].form, i == 0 ? target : field);
        talker_connect(&client, CONN_PROXY);
        talker_say(&client, request);
        assert_says(&client, rows[i].answer);
        assert_true(client.eof);
        talker_leave(&client);
    }
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "GET http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n");
    for (unsigned i = 0; i < HEAD_FIELDS_MAX; i++) talker_say(&client, "X: 1\r\n");
    talker_say(&client, "\r\n");
    assert_says(&client, "HTTP/1.1 431 ");
    target[8000 - strlen("GET http://api.example.com/ HTTP/1.1")] = '\0'; /* RFC 9112 section 3 */
    snprintf(request, sizeof request, rows[0].form, target);
    talker_leave(&client);
    ask(request);
}

static void a_client_may_leave_at_any_time(void **state)
{
    static const struct {
        const char *said, *answered, *left_in;
    } rows[] = {
        {POST_API "Content-Length: 9\r\n\r\n1", NULL, "REQ_SCAN"},
        {"GET http://mute.example.org/ok/ HTTP/1.1\r\nHost: mute.example.org\r\n\r\n", NULL, "REQ_DIAL"},
        {GET_API, "", "REQ_WAIT"},
        {GET_API, "HTTP/1.1 200 OK\r\n", "REQ_WAIT"},
        {GET_API, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1", "REQ_RELAY"},
    };
    (void)state;
    world_silent("mute.example.org");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char from[64];
        talker_connect(&client, CONN_PROXY);
        talker_say(&client, rows[i].said);
        assert_int_equal(talker_accept(&origin), rows[i].answered != NULL);
        if (origin.stream != NULL) talker_say(&origin, rows[i].answered);
        talker_leave(&client);
        assert_int_equal(egress.conn_count, 0);
        assert_int_equal(pool_idle(proxy.pool), 0);
        assert_true(origin.stream == NULL || is_over(&origin));
        snprintf(from, sizeof from, "%s>REQ_DROPPED", rows[i].left_in);
        assert_non_null(strstr(world.story, from));
        if (origin.stream != NULL) talker_leave(&origin);
        world.story[0] = '\0';
    }
}

static void a_client_that_does_not_take_its_refusal_is_left(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    stream_pause(client.stream, true);
    talker_say(&client, "nonsense\r\n\r\n");
    world_pass(SEND_IDLE_MS + CONN_LINGER_MS);
    assert_int_equal(egress.conn_count, 0);
}

static void past_the_limit_the_one_idle_longest_makes_room(void **state)
{
    struct talker newest = {0}, too_many = {0};
    (void)state;
    ask(GET_API);
    talker_say(&origin, OK);
    world_pass(1);
    talker_connect(&other, CONN_PROXY);
    talker_say(&other, GET_API);
    talker_say(&origin, OK);
    egress.conn_count += CONN_COUNT_MAX - 2; /* as if these two were not the only ones */
    talker_connect(&newest, CONN_PROXY);
    assert_true(is_over(&client));
    assert_false(is_over(&other));
    assert_false(is_over(&newest));
    talker_say(&newest, GET_API);
    talker_say(&other, GET_API);
    talker_connect(&too_many, CONN_PROXY); /* none is idle now */
    assert_true(is_over(&too_many));
    assert_false(is_over(&other));
    egress.conn_count -= CONN_COUNT_MAX - 2;
    talker_leave(&newest);
    talker_leave(&too_many);
}

/* --- origins --------------------------------------------------------------------------------------------- */

static void an_origin_that_falls_silent_is_cut_and_so_is_its_answer(void **state)
{
    (void)state;
    ask(GET_API);
    world_pass(ANSWER_MS); /* before the head */
    assert_says(&client, "HTTP/1.1 504 ");
    assert_says(&client, "upstream-timeout");
    assert_true(is_over(&origin));
    talker_leave(&client);
    talker_leave(&origin);
    ask(GET_API);
    talker_say(&origin, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"); /* and in mid-body */
    world_pass(RELAY_IDLE_MS);
    assert_silent_about(&client, "\r\n0\r\n");
    assert_true(client.gone);
    assert_true(is_over(&origin));
    assert_logged("\"state\":\"REQ_DROPPED\",\"by\":\"REQ_EV_DEADLINE\"");
}

static void an_origin_that_takes_nothing_is_given_up_on(void **state)
{
    static uint8_t body[KIB(600)];
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, POST_API "Content-Length: 614400\r\n\r\n");
    talker_say_bytes(&client, (struct span){body, sizeof body});
    origin.stream = world_accept(); /* it reads nothing */
    world_pass(SEND_IDLE_MS);
    assert_says(&client, "HTTP/1.1 504 ");
}

static void an_answer_that_is_reset_shows_the_cut(void **state)
{
    static const char *const begun[] = {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234",
                                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n",
                                        "HTTP/1.1 200 OK\r\n\r\n1234"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(begun); i++) {
        ask(GET_API);
        talker_say(&origin, begun[i]);
        talker_leave(&origin);
        assert_says(&client, "1234");
        assert_silent_about(&client, "\r\n0\r\n");
        assert_true(client.gone);
        talker_leave(&client);
        assert_logged("\"down_bytes\":4");
    }
}

static void an_origin_that_leaves_before_its_answer_is_told_as_that(void **state)
{
    (void)state;
    for (int clean = 0; clean < 2; clean++) {
        ask(GET_API);
        if (clean)
            talker_finish(&origin);
        else
            talker_leave(&origin);
        assert_says(&client, "HTTP/1.1 502 ");
        assert_says(&client, "upstream-closed");
        assert_int_equal(world.connect_count, clean + 1); /* a fresh connection: not tried again */
        talker_leave(&client);
        if (origin.stream != NULL) talker_leave(&origin);
    }
}

static void more_than_was_announced_is_dropped_with_its_connection(void **state)
{
    static const char *const answers[] = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokEXTRA",
                                          "HTTP/1.1 204 No Content\r\n\r\nEXTRA",
                                          "HTTP/1.1 304 Not Modified\r\n\r\nEXTRA",
                                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nEXTRA"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        ask(GET_API);
        talker_say(&origin, answers[i]);
        assert_silent_about(&client, "EXTRA");
        assert_int_equal(pool_idle(proxy.pool), 0);
        assert_true(is_over(&origin));
        talker_leave(&origin);
        talker_forget(&client);
        talker_say(&client, GET_API); /* the client's own connection is fine */
        assert_true(talker_accept(&origin));
        talker_leave(&client);
        talker_leave(&origin);
    }
}

static void a_pooled_connection_that_speaks_unasked_is_dropped(void **state)
{
    (void)state;
    ask(GET_API);
    talker_say(&origin, OK);
    assert_int_equal(pool_idle(proxy.pool), 1);
    talker_say(&origin, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    assert_int_equal(pool_idle(proxy.pool), 0);
    talker_forget(&client);
    talker_say(&client, GET_API);
    assert_true(talker_accept(&other));
    talker_say(&other, OK);
    assert_silent_about(&client, "evil");
}

static void a_pooled_connection_is_kept_a_while_and_not_longer(void **state)
{
    (void)state;
    ask(GET_API);
    talker_say(&origin, OK);
    world_pass(POOL_IDLE_MS - 1);
    assert_int_equal(pool_idle(proxy.pool), 1);
    world_pass(1);
    assert_int_equal(pool_idle(proxy.pool), 0);
    assert_true(is_over(&origin));
}

static void an_answer_that_reads_in_two_ways_is_not_passed_on(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
#define ROW(text) {text, sizeof text - 1}
        ROW("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"),
        ROW("HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n"),
        ROW("HTTP/1.1 200 OK\rX: y\r\n\r\n"),
        ROW("HTTP/1.1 200 OK\r\nX : a\r\n\r\n"),
        ROW("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"),
        ROW("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        ROW("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ROW("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
        ROW("ICY 200 OK\r\n\r\n"),
        ROW("hello\r\n\r\n"),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ask(GET_API);
        talker_say_bytes(&origin, (struct span){(const uint8_t *)rows[i].bytes, rows[i].len});
        if (strstr(talker_heard(&client), "HTTP/1.1 502 ") == NULL || !is_over(&origin))
            fail_msg("%s: %s", rows[i].bytes, talker_heard(&client));
        assert_says(&client, "upstream-malformed");
        talker_leave(&client);
        talker_leave(&origin);
    }
}

static void another_way_to_the_origin_is_not_told(void **state)
{
    (void)state;
    ask(GET_API);
    talker_say(&origin, "HTTP/1.1 200 OK\r\nAlt-Svc: h3=\"evil.example.net:443\"\r\nContent-Length: 0\r\n\r\n");
    assert_says(&client, "HTTP/1.1 200 ");
    assert_silent_about(&client, "evil.example.net");
}

static void a_response_head_without_end_is_bounded(void **state)
{
    static char field[1025];
    size_t said = 0;
    (void)state;
    ask(GET_API);
    snprintf(field, sizeof field, "X-Pad: %01014d\r\n", 0);
    talker_say(&origin, "HTTP/1.1 200 OK\r\n");
    for (; said < MIB(1) && !is_over(&origin); said += 1024) talker_say(&origin, field);
    assert_true(said <= HEAD_BYTES_MAX + sizeof field);
    assert_says(&client, "HTTP/1.1 502 ");
    assert_logged("response head too large");
}

static void interim_heads_are_bounded_in_bytes_too(void **state)
{
    static char interim[KIB(20)];
    (void)state;
    ask(GET_API);
    snprintf(interim, sizeof interim, "HTTP/1.1 103 Early Hints\r\nX: %0*d\r\n\r\n", (int)sizeof interim - 100, 0);
    for (unsigned i = 0; i < INTERIM_COUNT_MAX && !is_over(&origin); i++) {
        talker_say(&origin, interim);
        talker_forget(&client);
    }
    assert_true(is_over(&origin));
    assert_logged("response heads too large");
}

static void a_request_is_answered_once_though_it_was_tried_twice(void **state)
{
    (void)state;
    ask(GET_API);
    talker_say(&origin, OK);
    talker_forget(&client);
    talker_say(&client, GET_API);
    talker_leave(&origin);
    assert_true(talker_accept(&other));
    talker_leave(&other); /* and the second time is the last */
    assert_says(&client, "HTTP/1.1 502 ");
    assert_int_equal(world.connect_count, 2);
}

/* --- names and dials -------------------------------------------------------------------------------------- */

static void a_name_server_that_is_silent_blocks_nobody_else(void **state)
{
    (void)state;
    world_silent("mute.example.org");
    talker_connect(&other, CONN_PROXY);
    talker_say(&other, "GET http://mute.example.org/ok/ HTTP/1.1\r\nHost: mute.example.org\r\n\r\n");
    ask(GET_API);
    talker_say(&origin, OK);
    assert_says(&client, "HTTP/1.1 200 ");
    assert_string_equal(talker_heard(&other), "");
    world_pass(RESOLVE_MS);
    assert_says(&other, "HTTP/1.1 504 ");
    assert_says(&other, "upstream-dns-timeout");
}

static void one_refused_address_among_good_ones_refuses_the_name(void **state)
{
    struct addr addrs[2];
    (void)state;
    assert_int_equal(addr_parse(SPAN_LIT(EGRESS_ORIGIN), &addrs[0]), ERR_OK);
    assert_int_equal(addr_parse(SPAN_LIT("127.0.0.1"), &addrs[1]), ERR_OK);
    world_name("a.example.org", addrs, 2);
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "GET http://a.example.org/ok/ HTTP/1.1\r\nHost: a.example.org\r\n\r\n");
    assert_says(&client, "address-not-allowed");
    assert_int_equal(world.connect_count, 0);
}

static void without_a_descriptor_idle_connections_make_room(void **state)
{
    (void)state;
    ask(GET_API);
    talker_say(&origin, OK);
    assert_int_equal(pool_idle(proxy.pool), 1);
    world.starved = 1;
    talker_connect(&other, CONN_PROXY);
    talker_say(&other, "GET http://a.example.org/ok/ HTTP/1.1\r\nHost: a.example.org\r\n\r\n");
    assert_true(is_over(&origin)); /* its idle connection was worth less than a request */
    talker_leave(&origin);
    assert_true(talker_accept(&origin));
    talker_say(&origin, OK);
    assert_says(&other, "HTTP/1.1 200 ");
}

static void without_any_descriptor_a_request_is_told_to_come_back(void **state)
{
    (void)state;
    world.starved = 100;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, GET_API);
    assert_says(&client, "HTTP/1.1 503 ");
    assert_says(&client, "X-Bottled-Reason: busy\r\n");
    assert_says(&client, "Retry-After: ");
    world.starved = 0;
    talker_forget(&client);
    talker_say(&client, GET_API);
    assert_true(talker_accept(&origin));
}

/* --- the end ---------------------------------------------------------------------------------------------- */

static void ending_now_cuts_everything(void **state)
{
    (void)state;
    ask(GET_API);
    talker_say(&origin, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1");
    talker_connect(&other, CONN_PROXY);
    conn_drain_all(&egress, true);
    world_turn();
    assert_true(client.gone);
    assert_true(is_over(&other) && is_over(&origin));
    assert_int_equal(egress.conn_count, 0);
    assert_logged("\"state\":\"REQ_DROPPED\"");
}

static void while_draining_an_old_connection_may_not_ask_again(void **state)
{
    (void)state;
    ask(GET_API);
    talker_say(&client, GET_API); /* pipelined behind it */
    proxy.draining = true;
    conn_drain_all(&egress, false);
    talker_say(&origin, OK);
    assert_says(&client, "Connection: close\r\n");
    assert_true(client.eof);
    assert_null(strstr(talker_heard(&origin) + 1, "GET /a"));
}

/* Its connection is pooled after the rules it was made under, and their trust, are gone. */
static void a_reload_in_mid_answer_takes_nothing_away(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "CONNECT secure.example.com:443 HTTP/1.1\r\nHost: secure.example.com:443\r\n\r\n");
    talker_shake(&client, "secure.example.com");
    talker_say(&client, "GET / HTTP/1.1\r\nHost: secure.example.com\r\n\r\n");
    origin.stream = world_accept();
    talker_shake_back(&origin, "secure.example.com");
    egress_reload();
    talker_say(&origin, OK);
    assert_says(&client, "\r\n\r\nok");
    world_turn();
    assert_int_equal(pool_idle(proxy.pool), 1);
    talker_say(&client, "GET / HTTP/1.1\r\nHost: secure.example.com\r\n\r\n"); /* under the new rules */
    other.stream = world_accept();
    talker_shake_back(&other, "secure.example.com");
    assert_says(&other, "Authorization: Bearer " EGRESS_SECRET "\r\n");
    world_pass(POOL_IDLE_MS);
    assert_int_equal(pool_idle(proxy.pool), 0);
    assert_true(is_over(&origin));
}

/* --- memory ----------------------------------------------------------------------------------------------- */

static struct stream *start_client(void)
{
    struct stream *ours;
    uint8_t *room;

    client = origin = (struct talker){0}; /* what the test itself hears must not need memory later */
    assert_int_equal(buf_room(&client.heard, KIB(32), &room), ERR_OK);
    assert_int_equal(stream_mem_pair(world.loop, &client.stream, &ours), ERR_OK);
    return ours;
}

static void hear(void *owner, enum stream_event event)
{
    struct talker *talker = owner;
    struct span in = stream_input(talker->stream);

    assert_int_equal(buf_add(&talker->heard, in), ERR_OK);
    stream_consume(talker->stream, in.len);
    talker->eof = talker->eof || event == STREAM_EOF;
    talker->gone = talker->gone || event == STREAM_GONE;
}

/* talker_say() where memory may run out on the test's own side. */
static void say(struct talker *talker, const char *text)
{
    if (talker->stream != NULL && !talker->gone && stream_write(talker->stream, span_of(text)) != ERR_OK)
        talker->gone = true; /* the test's own side ran out */
    world_turn();
}

/* One request with the n-th allocation failing.  True when none failed. */
static bool survives(size_t n, const char *request, const char *answer)
{
    struct stream *ours = start_client();
    uint8_t *room;
    size_t made;

    stream_own(client.stream, hear, &client);
    assert_int_equal(buf_room(&origin.heard, KIB(32), &room), ERR_OK);
    mem_fail_at(0);
    mem_fail_at(n);
    conn_new(&egress, CONN_PROXY, ours);
    say(&client, request);
    if ((origin.stream = world_accept()) != NULL) {
        stream_own(origin.stream, hear, &origin);
        hear(&origin, STREAM_DATA);
        say(&origin, answer);
    }
    made = mem_fail_at(0);
    if (made < n) assert_says(&client, "\r\n\r\nok");
    if (origin.stream != NULL) talker_leave(&origin);
    if (!is_over(&client)) world_pass(BODY_TOTAL_MS); /* if it hangs, then not for ever */
    talker_leave(&client);
    buf_clear(&origin.heard);
    assert_int_equal(egress.conn_count, 0);
    world_pass(POOL_IDLE_MS);
    assert_int_equal(world_armed(), 0);
    return made < n;
}

/* Each allocation of a request fails once: nothing crashes, nothing leaks (the sanitizer looks), the connection ends,
 * the next request is answered. */
static void whatever_allocation_fails_a_request_ends_and_the_next_is_answered(void **state)
{
    static const char *const requests[] = {
        GET_API,
        POST_API "Content-Length: 5\r\n\r\nhello",
        POST_API "Transfer-Encoding: chunked\r\nContent-Type: "
                 "application/json\r\n\r\n9\r\n{\"a\":\"b\"}\r\n0\r\nX-Sum: 1\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        size_t n = 1;
        while (!survives(n, requests[i], OK)) {
            assert_true(survives(SIZE_MAX, GET_API, OK));
            n++;
        }
        print_message("  request %zu: %zu allocations\n", i, n - 1);
        assert_true(n > 5);
    }
}

static void whatever_allocation_fails_a_refusal_ends_too(void **state)
{
    size_t made = 1, n = 0;
    (void)state;
    while (made >= n) {
        struct stream *ours = start_client();
        stream_own(client.stream, hear, &client);
        mem_fail_at(++n);
        conn_new(&egress, CONN_PROXY, ours);
        say(&client, "GET http://evil.example.net/ HTTP/1.1\r\nHost: evil.example.net\r\nConnection: close\r\n\r\n");
        made = mem_fail_at(0);
        assert_silent_about(&client, "HTTP/1.1 200 ");
        talker_leave(&client);
        assert_int_equal(egress.conn_count, 0);
    }
    assert_true(n > 5);
    assert_int_equal(world.connect_count, 0);
}

static void whatever_allocation_fails_a_passed_connection_ends(void **state)
{
    size_t made = 1, n = 0;
    (void)state;
    while (made >= n) {
        struct stream *ours = start_client();
        stream_own(client.stream, hear, &client);
        mem_fail_at(++n);
        conn_new(&egress, CONN_PROXY, ours);
        say(&client, "CONNECT pass.example.com:443 HTTP/1.1\r\nHost: pass.example.com:443\r\n\r\n");
        say(&client, "\x16\x03\x01"); /* and no more */
        if ((origin.stream = world_accept()) != NULL) stream_own(origin.stream, hear, &origin);
        world_turn();
        made = mem_fail_at(0);
        world_pass(TLS_HANDSHAKE_MS + CONN_LINGER_MS + SEND_IDLE_MS);
        assert_int_equal(egress.conn_count, 0);
        talker_leave(&client);
        if (origin.stream != NULL) talker_leave(&origin);
    }
    assert_true(n > 5);
}

int main(void)
{
    const struct CMUnitTest stories[] = {
        STORY(a_body_that_trickles_has_an_end_too),
        STORY(an_idle_connection_has_its_time_between_requests),
        STORY(heads_have_a_size),
        STORY(a_client_may_leave_at_any_time),
        STORY(a_client_that_does_not_take_its_refusal_is_left),
        STORY(past_the_limit_the_one_idle_longest_makes_room),
        STORY(an_origin_that_falls_silent_is_cut_and_so_is_its_answer),
        STORY(an_origin_that_takes_nothing_is_given_up_on),
        STORY(an_answer_that_is_reset_shows_the_cut),
        STORY(an_origin_that_leaves_before_its_answer_is_told_as_that),
        STORY(more_than_was_announced_is_dropped_with_its_connection),
        STORY(a_pooled_connection_that_speaks_unasked_is_dropped),
        STORY(a_pooled_connection_is_kept_a_while_and_not_longer),
        STORY(an_answer_that_reads_in_two_ways_is_not_passed_on),
        STORY(another_way_to_the_origin_is_not_told),
        STORY(a_response_head_without_end_is_bounded),
        STORY(interim_heads_are_bounded_in_bytes_too),
        STORY(a_request_is_answered_once_though_it_was_tried_twice),
        STORY(a_name_server_that_is_silent_blocks_nobody_else),
        STORY(one_refused_address_among_good_ones_refuses_the_name),
        STORY(without_a_descriptor_idle_connections_make_room),
        STORY(without_any_descriptor_a_request_is_told_to_come_back),
        STORY(ending_now_cuts_everything),
        STORY(while_draining_an_old_connection_may_not_ask_again),
        STORY(a_reload_in_mid_answer_takes_nothing_away),
        STORY(whatever_allocation_fails_a_request_ends_and_the_next_is_answered),
        STORY(whatever_allocation_fails_a_refusal_ends_too),
        STORY(whatever_allocation_fails_a_passed_connection_ends),
    };
    return cmocka_run_group_tests(stories, NULL, NULL);
}
