/* conn_test.c — stories of connections: CONNECT, the ClientHello, TLS of ours, and what is passed through unread. */
#include <openssl/ssl.h>
#include <stdio.h>

#include "reactor/net/stream_mem.h"
#include "tests/story.h"

#define CONNECT(host) "CONNECT " host " HTTP/1.1\r\nHost: " host "\r\n\r\n"
#define GET_SECURE    "GET /v1 HTTP/1.1\r\nHost: secure.example.com\r\n\r\n"

static void point(const char *name, const char *at)
{
    struct addr addr;

    assert_int_equal(addr_parse(span_of(at), &addr), ERR_OK);
    world_name(name, &addr, 1);
}

static void open_tunnel(const char *connect)
{
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, connect);
    assert_says(&client, "HTTP/1.1 200 ");
    talker_forget(&client);
}

/* What a client's first flight is; name may be NULL. */
static struct span hello_of(const char *name, bool with_ech)
{
    static uint8_t bytes[4096];
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    SSL *ssl = SSL_new(context);
    BIO *out = BIO_new(BIO_s_mem());
    int len;

    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
    SSL_set_connect_state(ssl);
    SSL_set_enable_ech_grease(ssl, with_ech);
    if (name != NULL) SSL_set_tlsext_host_name(ssl, name);
    (void)SSL_do_handshake(ssl);
    len = BIO_read(out, bytes, sizeof bytes);
    assert_true(len > 0 && len < (int)sizeof bytes);
    SSL_free(ssl);
    SSL_CTX_free(context);
    return (struct span){bytes, (size_t)len};
}

static bool is_over(const struct talker *talker) { return talker->gone || talker->eof; }

/* --- CONNECT --------------------------------------------------------------------------------------------- */

static void what_connect_may_name(void **state)
{
    static const struct {
        const char *head, *answer, *reason;
    } rows[] = {
        {CONNECT("secure.example.com:443"), "200", ""},
        {"CONNECT secure.example.com:443 HTTP/1.0\r\n\r\n", "200", ""},
        {"CONNECT Secure.Example.COM:443 HTTP/1.1\r\nHost: secure.example.com\r\n\r\n", "200", ""},
        {CONNECT("nobody.example.net:443"), "403", "no-route"},
        {CONNECT("secure.example.com:444"), "403", "no-route"},
        {CONNECT("secure.example.com"), "400", "bad-target"},
        {"CONNECT https://secure.example.com:443 HTTP/1.1\r\nHost: secure.example.com\r\n\r\n", "400", "bad-target"},
        {"CONNECT secure.example.com:443/x HTTP/1.1\r\nHost: secure.example.com\r\n\r\n", "400", "bad-target"},
        {"CONNECT secure.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n", "421", "name-mismatch"},
        {"CONNECT secure.example.com:443 HTTP/1.1\r\nHost: secure.example.com:80\r\n\r\n", "421", "name-mismatch"},
        {"CONNECT secure.example.com:443 HTTP/1.1\r\nHost: secure.example.com\r\nContent-Length: 1\r\n\r\n", "400",
         "malformed-request"},
        {"CONNECT secure.example.com:443 HTTP/1.1\r\nHost: secure.example.com\r\nTransfer-Encoding: chunked\r\n\r\n",
         "400", "malformed-request"},
        {"CONNECT secure.example.com:443 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400", "malformed-request"},
        {"CONNECT secure.example.com:443 HTTP/1.1\r\n\r\n", "400", "malformed-request"},
        {"CONNECT secure.example.com:443 HTTP/2.0\r\n\r\n", "505", "version-not-supported"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        talker_connect(&client, CONN_PROXY);
        talker_say(&client, rows[i].head);
        if (strncmp(talker_heard(&client) + strlen("HTTP/1.1 "), rows[i].answer, 3) != 0 ||
            strstr(talker_heard(&client), rows[i].reason) == NULL)
            fail_msg("%s%s", rows[i].head, talker_heard(&client));
        assert_int_equal(is_over(&client), rows[i].answer[0] != '2'); /* what follows a refusal is not HTTP */
        talker_leave(&client);
    }
    assert_int_equal(world.resolve_count, 0);
}

static void a_connect_that_cannot_end_is_bounded(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "CONNECT secure.example.com:443 HTTP/1.1\r\nHost: secure.example.com:443\r\n");
    for (size_t said = 0; said < HEAD_BYTES_MAX && !is_over(&client); said += 1024) {
        char field[1025];
        snprintf(field, sizeof field, "X-Pad: %01014d\r\n", 0);
        talker_say(&client, field);
    }
    assert_says(&client, "HTTP/1.1 431 ");
}

static void connect_inside_a_tunnel_or_on_a_port_dialled_directly_is_not_a_thing(void **state)
{
    (void)state;
    open_tunnel(CONNECT("api.example.com:80"));
    talker_say(&client, CONNECT("api.example.com:80"));
    assert_silent_about(&client, "HTTP/1.1 200 ");
    assert_true(is_over(&client) || strstr(talker_heard(&client), "HTTP/1.1 501 ") != NULL);
    talker_leave(&client);
    talker_connect(&client, CONN_DIRECT);
    talker_say(&client, CONNECT("api.example.com:80"));
    assert_silent_about(&client, "HTTP/1.1 200 ");
    assert_int_equal(world.connect_count, 0);
}

static void a_draining_proxy_takes_no_connect(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "CONNECT sec");
    proxy.draining = true;
    conn_drain_all(&egress, false);
    talker_say(&client, "ure.example.com:443 HTTP/1.1\r\nHost: secure.example.com:443\r\n\r\n");
    assert_says(&client, "HTTP/1.1 503 ");
    assert_true(client.eof);
}

/* --- TLS of ours ----------------------------------------------------------------------------------------- */

static void inside_tls_the_credential_is_added_for_a_verified_origin_only(void **state)
{
    (void)state;
    open_tunnel(CONNECT("secure.example.com:443"));
    talker_shake(&client, "secure.example.com");
    assert_true(client.open);
    talker_say(&client, GET_SECURE);
    origin.stream = world_accept();
    talker_shake_back(&origin, "secure.example.com");
    assert_says(&origin, "Authorization: Bearer " EGRESS_SECRET "\r\n");
    talker_say(&origin, OK);
    assert_says(&client, "\r\n\r\nok");
    assert_null(strstr(egress_log(), EGRESS_SECRET));
}

static void an_origin_with_another_name_gets_no_byte(void **state)
{
    (void)state;
    open_tunnel(CONNECT("secure.example.com:443"));
    talker_shake(&client, "secure.example.com");
    talker_say(&client, GET_SECURE);
    origin.stream = world_accept();
    talker_shake_back(&origin, "other.example.com");
    assert_says(&client, "HTTP/1.1 502 ");
    assert_says(&client, "upstream-tls");
    assert_string_equal(talker_heard(&origin), "");
}

static void an_origin_that_never_shakes_hands_is_given_up_on(void **state)
{
    (void)state;
    open_tunnel(CONNECT("secure.example.com:443"));
    talker_shake(&client, "secure.example.com");
    talker_say(&client, GET_SECURE);
    assert_true(talker_accept(&origin));
    world_pass(TLS_HANDSHAKE_MS + SECONDS(1));
    assert_says(&client, "HTTP/1.1 502 ");
    assert_true(is_over(&origin));
}

/* A TLS client whose bytes go through our hands, one at a time. */
static void a_handshake_in_single_bytes_is_answered_as_a_whole_one(void **state)
{
    struct talker wire = {0};
    struct stream *near, *far;
    (void)state;
    talker_connect(&wire, CONN_PROXY);
    talker_say(&wire, CONNECT("secure.example.com:443"));
    talker_forget(&wire);
    assert_int_equal(stream_mem_pair(world.loop, &near, &far), ERR_OK);
    client.stream = near;
    other.stream = far;
    stream_own(far, wire.stream->fn, &other);
    talker_shake(&client, "secure.example.com");
    for (int round = 0; round < 4; round++) {
        for (size_t i = 0, len = buf_len(&other.heard); i < len; i++)
            talker_say_bytes(&wire, (struct span){other.heard.at + other.heard.from + i, 1});
        talker_forget(&other);
        talker_say_bytes(&other, buf_span(&wire.heard));
        talker_forget(&wire);
    }
    assert_true(client.open);
    talker_leave(&wire);
}

static void a_hello_that_names_another_host_is_answered_with_an_alert(void **state)
{
    static const uint8_t alert[] = {21, 3, 1, 0, 2, 2, 112};
    (void)state;
    open_tunnel(CONNECT("secure.example.com:443"));
    talker_say_bytes(&client, hello_of("api.example.com", false));
    assert_true(span_starts(buf_span(&client.heard), (struct span){alert, sizeof alert}));
    assert_true(is_over(&client));
    assert_logged("\"reason\":\"name-mismatch\"");
    assert_int_equal(world.connect_count, 0);
}

static void a_hello_without_a_name_is_for_the_host_that_was_asked_for(void **state)
{
    (void)state;
    open_tunnel(CONNECT("secure.example.com:443"));
    talker_say_bytes(&client, hello_of(NULL, false));
    assert_int_equal(client.heard.at[client.heard.from], 22); /* our handshake goes on */
}

static void what_begins_as_tls_and_is_not_ends_with_an_alert(void **state)
{
    static const uint8_t junk[] = {22, 3, 1, 0, 4, 9, 9, 9, 9};
    (void)state;
    open_tunnel(CONNECT("secure.example.com:443"));
    talker_say_bytes(&client, (struct span){junk, sizeof junk});
    assert_int_equal(client.heard.at[client.heard.from], 21);
    assert_true(is_over(&client));
    assert_logged("\"reason\":\"malformed-request\"");
}

static void a_hello_or_a_handshake_that_stalls_is_given_up_on(void **state)
{
    struct span hello = hello_of("secure.example.com", false);
    (void)state;
    open_tunnel(CONNECT("secure.example.com:443"));
    talker_say_bytes(&client, span_first(hello, hello.len - 1));
    world_pass(TLS_HANDSHAKE_MS);
    assert_true(is_over(&client));
    talker_leave(&client);
    open_tunnel(CONNECT("secure.example.com:443"));
    talker_say_bytes(&client, hello);
    world_pass(TLS_HANDSHAKE_MS + SECONDS(1));
    assert_true(is_over(&client));
    assert_int_equal(egress.conn_count, 0);
}

static void where_tls_is_due_nothing_else_is_taken(void **state)
{
    static const char *const said[] = {GET_SECURE, "SSH-2.0-OpenSSH_9.2\r\n", "EHLO"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(said); i++) {
        open_tunnel(CONNECT("secure.example.com:443"));
        talker_say(&client, said[i]);
        assert_says(&client, "HTTP/1.1 400 ");
        assert_true(client.eof);
        talker_leave(&client);
    }
    assert_int_equal(world.connect_count, 0);
    open_tunnel(CONNECT("secure.example.com:443")); /* a protocol in which the server speaks first */
    world_pass(CONN_FIRST_MS);
    assert_true(is_over(&client));
    assert_string_equal(talker_heard(&client), "");
}

static void an_encrypted_hello_is_taken_by_its_outer_name(void **state)
{
    (void)state;
    open_tunnel(CONNECT("secure.example.com:443"));
    talker_say_bytes(&client, hello_of("secure.example.com", true));
    assert_int_equal(client.heard.at[client.heard.from], 22); /* our handshake: the inner name is nobody's */
}

static void a_tool_that_knows_no_proxy_can_read_why_not(void **state)
{
    (void)state;
    talker_connect(&client, CONN_DIRECT);
    talker_shake(&client, "evil.example.net");
    assert_true(client.open);
    talker_say(&client, "GET / HTTP/1.1\r\nHost: evil.example.net\r\n\r\n");
    assert_says(&client, "HTTP/1.1 403 ");
    assert_says(&client, "no-route");
    assert_int_equal(world.resolve_count, 0);
}

static void inside_tls_the_host_field_must_agree_too(void **state)
{
    (void)state;
    open_tunnel(CONNECT("secure.example.com:443"));
    talker_shake(&client, "secure.example.com");
    talker_say(&client, "GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
    assert_says(&client, "HTTP/1.1 421 ");
    assert_int_equal(world.connect_count, 0);
}

static void a_client_that_says_goodbye_ends_in_order(void **state)
{
    (void)state;
    open_tunnel(CONNECT("secure.example.com:443"));
    talker_shake(&client, "secure.example.com");
    talker_finish(&client);
    assert_true(client.eof);
    assert_false(client.gone);
    assert_int_equal(egress.conn_count, 0);
}

/* --- passed through -------------------------------------------------------------------------------------- */

static void open_passed(void)
{
    open_tunnel(CONNECT("pass.example.com:443"));
    talker_say_bytes(&client, hello_of("pass.example.com", false));
    assert_true(talker_accept(&origin));
    assert_int_equal(buf_len(&origin.heard) > 0 ? origin.heard.at[origin.heard.from] : 0, 22);
    talker_forget(&origin);
}

static void what_is_passed_through_goes_both_ways_unread(void **state)
{
    (void)state;
    open_passed();
    talker_say(&origin, "whatever a server says");
    assert_says(&client, "whatever a server says");
    talker_say(&client, EGRESS_SECRET); /* a passed route is not scanned: the manual says so */
    assert_says(&origin, EGRESS_SECRET);
    talker_finish(&client);
    assert_true(origin.eof);
    talker_say(&origin, "and its last word");
    assert_says(&client, "and its last word");
    assert_false(client.eof);
    talker_finish(&origin);
    assert_true(client.eof);
    assert_logged("\"scheme\":\"tunnel\"");
    assert_logged("\"verdict\":\"allowed\"");
    assert_int_equal(egress.conn_count, 0);
}

static void a_passed_hello_must_name_its_host_openly(void **state)
{
    static const struct {
        const char *name;
        bool ech, passes;
    } rows[] = {{"pass.example.com", false, true},
                {NULL, false, false}, /* whatever answers at that address would be reached */
                {"api.example.com", false, false},
                {"pass.example.com", true, false}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        open_tunnel(CONNECT("pass.example.com:443"));
        assert_true(talker_accept(&origin));
        talker_say_bytes(&client, hello_of(rows[i].name, rows[i].ech));
        assert_int_equal(buf_len(&origin.heard) > 0, rows[i].passes);
        assert_int_equal(is_over(&client), !rows[i].passes);
        assert_int_equal(is_over(&origin), !rows[i].passes);
        talker_leave(&client);
        talker_leave(&origin);
    }
    assert_logged("\"reason\":\"name-mismatch\"");
}

static void what_is_no_hello_is_not_passed_through(void **state)
{
    (void)state;
    open_tunnel(CONNECT("pass.example.com:443"));
    talker_say(&client, "SSH-2.0-OpenSSH_9.2\r\n");
    assert_true(is_over(&client));
    assert_true(talker_accept(&origin));
    assert_string_equal(talker_heard(&origin), "");
    talker_leave(&client);
    talker_leave(&origin);
    open_tunnel(CONNECT("pass.example.com:443"));
    world_pass(TLS_HANDSHAKE_MS); /* nor is silence */
    assert_true(is_over(&client));
}

static void a_passed_connection_that_cannot_be_made_is_told_at_connect(void **state)
{
    struct addr refusing, mute;
    (void)state;
    assert_int_equal(addr_parse(SPAN_LIT("10.0.0.2"), &refusing), ERR_OK);
    assert_int_equal(addr_parse(SPAN_LIT("10.0.0.3"), &mute), ERR_OK);
    mute.port = 443;
    world_blackhole(&mute);
    const struct {
        const char *at, *reason;
    } rows[] = {{"10.0.0.2", "upstream-unreachable"},
                {"10.0.0.3", "upstream-timeout"},
                {"169.254.169.254", "address-not-allowed"},
                {NULL, "upstream-not-found"},
                {"", "upstream-dns-timeout"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].at == NULL)
            world_name("pass.example.com", NULL, 0);
        else if (rows[i].at[0] == '\0')
            world_silent("pass.example.com");
        else
            point("pass.example.com", rows[i].at);
        talker_connect(&client, CONN_PROXY);
        talker_say(&client, CONNECT("pass.example.com:443"));
        world_pass(DIAL_MS + SECONDS(1));
        assert_says(&client, rows[i].reason);
        assert_silent_about(&client, "HTTP/1.1 200 ");
        talker_leave(&client);
    }
}

static void a_passed_connection_ends_in_time_and_with_either_side(void **state)
{
    (void)state;
    open_passed();
    world_pass(TUNNEL_IDLE_MS - 1);
    talker_say(&origin, "x"); /* progress renews */
    world_pass(TUNNEL_IDLE_MS - 1);
    assert_false(is_over(&client));
    world_pass(1);
    assert_true(is_over(&client) && is_over(&origin));
    talker_leave(&client);
    talker_leave(&origin);
    open_passed();
    talker_leave(&origin);
    talker_say(&client, "x");
    assert_true(client.gone);
    talker_leave(&client);
    open_passed();
    talker_leave(&client);
    assert_true(is_over(&origin));
    assert_int_equal(egress.conn_count, 0);
}

static void a_passed_connection_may_end_while_the_proxy_drains(void **state)
{
    (void)state;
    open_passed();
    proxy.draining = true;
    conn_drain_all(&egress, false);
    talker_say(&origin, "still here");
    assert_says(&client, "still here");
    conn_drain_all(&egress, true);
    world_turn();
    assert_true(is_over(&client) && is_over(&origin));
    assert_int_equal(egress.conn_count, 0);
    assert_logged("\"scheme\":\"tunnel\"");
}

static void a_slow_reader_slows_a_passed_connection_down(void **state)
{
    static uint8_t piece[KIB(64)];
    size_t said = 0;
    (void)state;
    open_passed();
    stream_pause(client.stream, true);
    while (said < MIB(64) && stream_room(origin.stream) > 0) {
        talker_say_bytes(&origin, (struct span){piece, sizeof piece});
        said += sizeof piece;
    }
    assert_true(said < MIB(1));
}

int main(void)
{
    const struct CMUnitTest stories[] = {
        STORY(what_connect_may_name),
        STORY(a_connect_that_cannot_end_is_bounded),
        STORY(connect_inside_a_tunnel_or_on_a_port_dialled_directly_is_not_a_thing),
        STORY(a_draining_proxy_takes_no_connect),
        STORY(inside_tls_the_credential_is_added_for_a_verified_origin_only),
        STORY(an_origin_with_another_name_gets_no_byte),
        STORY(an_origin_that_never_shakes_hands_is_given_up_on),
        STORY(a_handshake_in_single_bytes_is_answered_as_a_whole_one),
        STORY(a_hello_that_names_another_host_is_answered_with_an_alert),
        STORY(a_hello_without_a_name_is_for_the_host_that_was_asked_for),
        STORY(what_begins_as_tls_and_is_not_ends_with_an_alert),
        STORY(a_hello_or_a_handshake_that_stalls_is_given_up_on),
        STORY(where_tls_is_due_nothing_else_is_taken),
        STORY(an_encrypted_hello_is_taken_by_its_outer_name),
        STORY(a_tool_that_knows_no_proxy_can_read_why_not),
        STORY(inside_tls_the_host_field_must_agree_too),
        STORY(a_client_that_says_goodbye_ends_in_order),
        STORY(what_is_passed_through_goes_both_ways_unread),
        STORY(a_passed_hello_must_name_its_host_openly),
        STORY(what_is_no_hello_is_not_passed_through),
        STORY(a_passed_connection_that_cannot_be_made_is_told_at_connect),
        STORY(a_passed_connection_ends_in_time_and_with_either_side),
        STORY(a_passed_connection_may_end_while_the_proxy_drains),
        STORY(a_slow_reader_slows_a_passed_connection_down),
    };
    return cmocka_run_group_tests(stories, NULL, NULL);
}
