/* tls_test.c — both ends ours, over memory, in a world where time moves when told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "reactor/base/buf.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/net/stream_mem.h"
#include "reactor/tls/tls.h"
#include "tests/world/world.h"

#define DAYS(n) ((uint64_t)(n)*86400000u)

static char folder[] = "/tmp/bottled-tls-XXXXXX", ca_path[64];
static struct ca *ca;
static struct tls_server *server;
static struct tls_client *client;

/* --- two ends -------------------------------------------------------------------------------------------- */

struct end {
    struct stream *stream, *lower; /* lower: borrowed, it is the stream's */
    char heard[256];               /* "OPEN DATA EOF " */
    struct buf got;
    bool leaves_input; /* looks, but takes nothing */
    bool answers;      /* writes when it is told of input */
    enum err answered;
    int frees_itself_at; /* an event, or -1 */
};
static struct end near, far; /* the client's and the server's */

static void eat(struct end *end)
{
    struct span in = stream_input(end->stream);

    assert_int_equal(buf_add(&end->got, in), ERR_OK);
    stream_consume(end->stream, in.len);
}

static void hear(void *owner, enum stream_event event)
{
    static const char *const names[] = {"OPEN ", "DATA ", "EOF ", "DRAINED ", "SENT ", "GONE "};
    struct end *end = owner;

    if (event != STREAM_DATA || strstr(end->heard, "DATA ") == NULL) strcat(end->heard, names[event]);
    if (event == STREAM_DATA && !end->leaves_input) eat(end);
    if (event == STREAM_DATA && end->answers) end->answered = stream_write(end->stream, SPAN_LIT("yes?"));
    if ((int)event == end->frees_itself_at) stream_free(&end->stream);
}

static void close_ends(void)
{
    stream_free(&near.stream);
    stream_free(&far.stream);
    buf_clear(&near.got);
    buf_clear(&far.got);
    world_turn();
    near = far = (struct end){.frees_itself_at = -1};
}

static enum err connect_as(struct tls_client *as, const char *host, const char *key, bool offer_h2)
{
    struct stream *lower = near.lower;
    struct tls_target target = {span_of(host), span_of(key), offer_h2};

    return stream_tls_connect(as, &lower, &target, hear, &near, &near.stream);
}

static void connect_to(const char *host, const char *accepted_as, const char *key)
{
    struct stream *lower;

    close_ends();
    assert_int_equal(stream_mem_pair(world.loop, &near.lower, &far.lower), ERR_OK);
    lower = far.lower;
    assert_int_equal(stream_tls_accept(server, &lower, span_of(accepted_as), hear, &far, &far.stream), ERR_OK);
    assert_null(lower);
    assert_int_equal(connect_as(client, host, key, false), ERR_OK);
    world_turn();
}

static void connect_ends(void)
{
    connect_to("api.example.com", "api.example.com", "k");
    assert_string_equal(near.heard, "OPEN ");
    assert_string_equal(far.heard, "OPEN ");
}

static int begin(void **state)
{
    (void)state;
    world_begin();
    near = far = (struct end){.frees_itself_at = -1};
    if (ca_open(folder, loop_wall_s(world.loop), &ca) != ERR_OK) return -1;
    if (tls_server_new(world.loop, ca, &server) != ERR_OK) return -1;
    return tls_client_new(world.loop, ca_path, &client) == ERR_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    close_ends();
    tls_client_free(&client);
    tls_server_free(&server);
    ca_free(&ca);
    world_end();
    return 0;
}

static void write_text(struct end *end, const char *text)
{
    assert_int_equal(stream_write(end->stream, span_of(text)), ERR_OK);
}

#define assert_got(end, text) assert_true(span_is(buf_span(&(end)->got), span_of(text)))

/* --- stories --------------------------------------------------------------------------------------------- */

static void words_go_both_ways(void **state)
{
    (void)state;
    connect_ends();
    assert_int_equal(stream_tls_alpn(near.stream), TLS_ALPN_HTTP1);
    assert_int_equal(stream_tls_alpn(far.stream), TLS_ALPN_HTTP1);
    write_text(&near, "GET / HTTP/1.1\r\n\r\n");
    write_text(&far, "HTTP/1.1 200 OK\r\n\r\n");
    world_turn();
    assert_got(&far, "GET / HTTP/1.1\r\n\r\n");
    assert_got(&near, "HTTP/1.1 200 OK\r\n\r\n");
    assert_int_equal(world_armed(), 0);
}

static void an_address_is_a_name_too(void **state)
{
    (void)state;
    connect_to("192.0.2.7", "192.0.2.7", "k");
    assert_string_equal(near.heard, "OPEN ");
    connect_to("2001:db8::7", "2001:db8::7", "k");
    assert_string_equal(near.heard, "OPEN ");
    connect_to("192.0.2.7", "192.0.2.8", "k");
    assert_string_equal(near.heard, "GONE ");
}

static void nothing_may_be_written_before_the_peer_is_known(void **state)
{
    (void)state;
    assert_int_equal(stream_mem_pair(world.loop, &near.lower, &far.lower), ERR_OK);
    far.stream = far.lower;
    stream_own(far.stream, hear, &far);
    assert_int_equal(connect_as(client, "api.example.com", "k", false), ERR_OK);
    assert_int_equal(stream_write(near.stream, SPAN_LIT("secret")), ERR_PEER);
    world_turn();
    assert_int_equal(stream_write(near.stream, SPAN_LIT("secret")), ERR_PEER);
}

static void refused_with(enum err err, const char *detail, const char *alert)
{
    assert_string_equal(near.heard, "GONE ");
    assert_int_equal(near.stream->err, err);
    assert_string_equal(near.stream->detail, detail);
    assert_string_equal(far.heard, "GONE "); /* TLS 1.3 servers are open only after the client has said Finished */
    assert_int_equal(far.stream->err, ERR_PEER);
    assert_string_equal(far.stream->detail, alert);
    assert_int_equal(stream_write(near.stream, SPAN_LIT("secret")), ERR_PEER);
    assert_int_equal(world_armed(), 0);
}

static void another_name_is_refused_and_the_alert_arrives(void **state)
{
    (void)state;
    connect_to("api.example.com", "evil.example.com", "k");
    refused_with(ERR_TRUST, "Hostname mismatch", "SSLV3_ALERT_BAD_CERTIFICATE");
}

static void an_unknown_ca_is_refused_and_the_alert_arrives(void **state)
{
    struct tls_client *known = client, *stranger = NULL;

    (void)state;
    assert_int_equal(tls_client_new(world.loop, NULL, &stranger), ERR_OK);
    client = stranger;
    connect_to("api.example.com", "api.example.com", "k");
    client = known;
    refused_with(ERR_TRUST, "unable to get local issuer certificate", "TLSV1_ALERT_UNKNOWN_CA");
    close_ends();
    tls_client_free(&stranger);
}

static void roots_that_are_not_there_are_told(void **state)
{
    struct tls_client *none = NULL;

    (void)state;
    assert_int_equal(tls_client_new(world.loop, "/nowhere/ca.pem", &none), ERR_NOT_FOUND);
    assert_int_equal(tls_client_new(world.loop, "/dev/null", &none), ERR_SYNTAX);
    assert_int_equal(tls_client_new(world.loop, "/proc/self/cmdline", &none), ERR_SYNTAX);
    assert_null(none);
}

static void a_name_no_leaf_is_for_is_refused(void **state)
{
    static const char *const names[] = {"", "*.example.com"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct stream *lower;
        assert_int_equal(stream_mem_pair(world.loop, &near.stream, &lower), ERR_OK);
        stream_own(near.stream, hear, &near);
        assert_int_equal(stream_tls_accept(server, &lower, span_of(names[i]), hear, &far, &far.stream), ERR_SYNTAX);
        assert_null(lower);
        close_ends();
    }
    assert_int_equal(stream_mem_pair(world.loop, &near.lower, &far.stream), ERR_OK);
    stream_own(far.stream, hear, &far);
    assert_int_equal(connect_as(client, "", "k", false), ERR_SYNTAX);
}

static void a_leaf_is_judged_by_the_loops_clock(void **state)
{
    (void)state;
    world_pass(DAYS(3660)); /* our CA's ten years are over, for both ends */
    assert_int_equal(stream_mem_pair(world.loop, &near.lower, &far.lower), ERR_OK);
    struct stream *lower = far.lower;
    assert_int_equal(stream_tls_accept(server, &lower, SPAN_LIT("a.example"), hear, &far, &far.stream), ERR_TRUST);
    assert_null(lower);
    stream_free(&near.lower);
}

static void plain_http_is_not_tls(void **state)
{
    struct stream *lower;

    (void)state;
    assert_int_equal(stream_mem_pair(world.loop, &near.stream, &lower), ERR_OK);
    stream_own(near.stream, hear, &near);
    assert_int_equal(stream_tls_accept(server, &lower, SPAN_LIT("a.example"), hear, &far, &far.stream), ERR_OK);
    write_text(&near, "GET / HTTP/1.1\r\n\r\n");
    world_turn();
    assert_string_equal(far.heard, "GONE ");
    assert_string_equal(far.stream->detail, "HTTP_REQUEST");
}

static void a_slow_handshake_ends_in_time_on_either_side(void **state)
{
    (void)state;
    for (int is_server = 0; is_server < 2; is_server++) {
        close_ends();
        assert_int_equal(stream_mem_pair(world.loop, &near.lower, &far.lower), ERR_OK);
        far.stream = far.lower; /* says nothing */
        stream_own(far.stream, hear, &far);
        if (is_server) {
            struct stream *lower = near.lower;
            assert_int_equal(stream_tls_accept(server, &lower, SPAN_LIT("a.example"), hear, &near, &near.stream),
                             ERR_OK);
        } else {
            assert_int_equal(connect_as(client, "a.example", "k", false), ERR_OK);
        }
        world_pass(TLS_HANDSHAKE_MS - 1);
        assert_string_equal(near.heard, "");
        world_pass(1);
        assert_string_equal(near.heard, "GONE ");
        assert_int_equal(near.stream->err, ERR_TIMEOUT);
    }
}

/* The n-th byte of the long text. */
static uint8_t pattern(size_t n) { return (uint8_t)(n * 31 + (n >> 8)); }

#define LONG_LEN MIB(3)
static size_t written;

static void write_while_there_is_room(struct end *end)
{
    uint8_t piece[20000];

    while (written < LONG_LEN && stream_room(end->stream) > 0) {
        size_t len = LONG_LEN - written < sizeof piece ? LONG_LEN - written : sizeof piece;
        for (size_t i = 0; i < len; i++) piece[i] = pattern(written + i);
        assert_int_equal(stream_write(end->stream, (struct span){piece, len}), ERR_OK);
        written += len;
    }
}

static void hear_and_write(void *owner, enum stream_event event)
{
    hear(owner, event);
    if (event == STREAM_DRAINED) write_while_there_is_room(owner);
}

static void assert_long_text_arrived(struct end *end)
{
    struct span got = buf_span(&end->got);

    assert_int_equal(got.len, LONG_LEN);
    for (size_t i = 0; i < got.len; i++)
        if (got.at[i] != pattern(i)) fail_msg("byte %zu is another", i);
}

static void a_reader_that_pauses_holds_up_the_writer(void **state)
{
    size_t before;

    (void)state;
    connect_ends();
    stream_own(near.stream, hear_and_write, &near);
    stream_pause(far.stream, true);
    written = 0;
    write_while_there_is_room(&near);
    world_turn();
    before = written;
    assert_true(before < STREAM_OUTPUT_HIGH + 2 * STREAM_INPUT_MAX + KIB(64));
    assert_true(stream_input(far.stream).len < STREAM_INPUT_MAX + KIB(16));
    assert_string_equal(far.heard, "OPEN "); /* a paused stream is told nothing */

    stream_pause(far.stream, false);
    world_turn();
    assert_long_text_arrived(&far);
}

static void a_reader_that_leaves_its_input_holds_up_the_writer(void **state)
{
    (void)state;
    connect_ends();
    stream_own(near.stream, hear_and_write, &near);
    far.leaves_input = true;
    written = 0;
    write_while_there_is_room(&near);
    world_turn();
    assert_true(written < STREAM_OUTPUT_HIGH + 2 * STREAM_INPUT_MAX + KIB(64));
    assert_true(stream_input(far.stream).len < STREAM_INPUT_MAX + KIB(16));
    while (stream_input(far.stream).len > 0) { /* takes some now and then, not when told */
        struct span some = span_first(stream_input(far.stream), 50000);
        assert_int_equal(buf_add(&far.got, some), ERR_OK);
        stream_consume(far.stream, some.len);
        world_turn();
    }
    assert_long_text_arrived(&far);
}

static void a_write_past_the_bound_takes_nothing(void **state)
{
    uint8_t piece[30000] = {0};
    size_t taken = 0;
    enum err err;

    (void)state;
    connect_ends();
    stream_pause(far.stream, true);
    while ((err = stream_write(near.stream, (struct span){piece, sizeof piece})) == ERR_OK) taken += sizeof piece;
    assert_int_equal(err, ERR_LIMIT);
    stream_pause(far.stream, false);
    world_turn();
    assert_int_equal(buf_len(&far.got), taken);
    write_text(&near, "more");
    world_turn();
    assert_int_equal(buf_len(&far.got), taken + 4);
}

static void each_direction_ends_by_itself(void **state)
{
    (void)state;
    connect_ends();
    write_text(&near, "question");
    stream_finish(near.stream);
    assert_int_equal(stream_write(near.stream, SPAN_LIT("more")), ERR_PEER);
    world_turn();
    assert_string_equal(near.heard, "OPEN SENT ");
    assert_string_equal(far.heard, "OPEN DATA EOF ");
    assert_true(far.stream->eof);
    assert_got(&far, "question");

    write_text(&far, "answer");
    stream_finish(far.stream);
    world_turn();
    assert_got(&near, "answer");
    assert_string_equal(near.heard, "OPEN SENT DATA EOF ");
    assert_string_equal(far.heard, "OPEN DATA EOF SENT ");
}

static void a_bare_end_is_not_an_end(void **state)
{
    (void)state;
    connect_ends();
    write_text(&near, "half an ans");
    stream_finish(near.lower); /* TCP's FIN, no close_notify */
    world_turn();
    assert_got(&far, "half an ans");
    assert_string_equal(far.heard, "OPEN DATA GONE ");
    assert_false(far.stream->eof);
    assert_int_equal(far.stream->err, ERR_PEER);
    assert_string_equal(far.stream->detail, "ended without close_notify");
}

static void ends_are_noticed_while_paused(void **state)
{
    (void)state;
    connect_ends();
    stream_pause(far.stream, true);
    stream_finish(near.stream);
    world_turn();
    assert_string_equal(far.heard, "OPEN EOF ");

    connect_ends();
    stream_pause(far.stream, true);
    stream_finish(near.lower);
    world_turn();
    assert_string_equal(far.heard, "OPEN GONE ");

    connect_ends();
    stream_pause(far.stream, true);
    stream_free(&near.stream);
    world_turn();
    assert_string_equal(far.heard, "OPEN GONE ");
}

static void a_bare_end_does_not_take_what_is_held_for_a_paused_reader(void **state)
{
    (void)state;
    connect_ends();
    stream_pause(far.stream, true);
    write_text(&near, "all of it");
    stream_finish(near.lower);
    world_turn();
    assert_string_equal(far.heard, "OPEN ");
    stream_pause(far.stream, false);
    world_turn();
    assert_string_equal(far.heard, "OPEN DATA GONE ");
    assert_got(&far, "all of it");
}

static void garbage_after_the_handshake_is_an_end_with_an_alert(void **state)
{
    (void)state;
    connect_ends();
    assert_int_equal(stream_write(near.lower, SPAN_LIT("\x17\x03\x03\0\x20garbage-garbage-garbage-garbage-")), ERR_OK);
    world_turn();
    assert_string_equal(far.heard, "OPEN GONE ");
    assert_string_equal(far.stream->detail, "BAD_DECRYPT");
    assert_string_equal(near.heard, "OPEN GONE ");
    assert_string_equal(near.stream->detail, "SSLV3_ALERT_BAD_RECORD_MAC");
}

static void what_broke_is_told_though_the_owner_wrote_in_between(void **state)
{
    (void)state;
    connect_ends();
    far.answers = true;
    write_text(&near, "hello");
    assert_int_equal(stream_write(near.lower, SPAN_LIT("\x17\x03\x03\0\x20garbage-garbage-garbage-garbage-")), ERR_OK);
    world_turn();
    assert_got(&far, "hello");
    assert_int_equal(far.answered, ERR_PEER);
    assert_string_equal(far.heard, "OPEN DATA GONE ");
    assert_string_equal(far.stream->detail, "BAD_DECRYPT");
    assert_int_equal(far.stream->err, ERR_PEER);
}

static void what_was_left_is_told_again_after_a_pause(void **state)
{
    (void)state;
    connect_ends();
    far.leaves_input = true;
    write_text(&near, "hello");
    world_turn();
    stream_pause(far.stream, true);
    far.leaves_input = false;
    world_turn();
    assert_got(&far, "");
    stream_pause(far.stream, false);
    world_turn();
    assert_got(&far, "hello");
}

static void a_stream_over_a_stream_keeps_its_own_bytes(void **state)
{
    struct tls_target target = {SPAN_LIT("inner.example"), SPAN_LIT("k"), false};

    (void)state;
    connect_ends();
    assert_int_equal(stream_tls_connect(client, &near.stream, &target, hear_and_write, &near, &near.stream), ERR_OK);
    assert_int_equal(stream_tls_accept(server, &far.stream, target.host, hear, &far, &far.stream), ERR_OK);
    world_turn();
    assert_string_equal(near.heard, "OPEN OPEN ");
    written = 0;
    write_while_there_is_room(&near);
    world_turn();
    assert_long_text_arrived(&far);
}

static void an_owner_may_free_the_stream_in_any_event(void **state)
{
    (void)state;
    for (int event = STREAM_OPEN; event <= STREAM_GONE; event++)
        for (int both = 0; both < 2; both++) {
            close_ends();
            assert_int_equal(stream_mem_pair(world.loop, &near.lower, &far.lower), ERR_OK);
            struct stream *lower = far.lower;
            assert_int_equal(stream_tls_accept(server, &lower, SPAN_LIT("a.b"), hear, &far, &far.stream), ERR_OK);
            assert_int_equal(connect_as(client, "a.b", "k", false), ERR_OK);
            far.frees_itself_at = event;
            near.frees_itself_at = both ? event : -1;
            world_turn();
            if (near.stream != NULL) (void)!stream_write(near.stream, SPAN_LIT("hello"));
            if (far.stream != NULL) (void)!stream_write(far.stream, SPAN_LIT("hello"));
            world_turn();
            if (near.stream != NULL) stream_finish(near.stream);
            if (far.stream != NULL) stream_finish(far.stream);
            world_turn();
            if (event == STREAM_GONE) stream_free(&near.stream);
            world_turn();
        }
}

static void after_a_failed_write_there_is_no_clean_end(void **state)
{
    (void)state;
    connect_ends();
    mem_fail_at(1); /* of the stream below */
    assert_int_equal(stream_write(near.stream, SPAN_LIT("the whole")), ERR_NOMEM);
    mem_fail_at(0);
    assert_int_equal(stream_write(near.stream, SPAN_LIT("the whole")), ERR_PEER);
    stream_finish(near.stream);
    world_pass(1);
    assert_string_equal(near.heard, "OPEN GONE ");
    assert_int_equal(near.stream->err, ERR_NOMEM);
    stream_free(&near.stream);
    world_turn();
    assert_string_equal(far.heard, "OPEN GONE ");
}

/* --- resumption ------------------------------------------------------------------------------------------ */

static bool resumes(const char *host, const char *key)
{
    connect_to(host, host, key);
    assert_string_equal(near.heard, "OPEN ");
    assert_int_equal(stream_tls_resumed(near.stream), stream_tls_resumed(far.stream));
    write_text(&far, "tickets come with the first words");
    world_turn();
    return stream_tls_resumed(near.stream);
}

static void a_client_may_be_freed_before_its_connections(void **state)
{
    (void)state;
    connect_ends();
    tls_client_free(&client);
    assert_null(client);
    write_text(&near, "hello"); /* the server's tickets come with the first answer, and are kept */
    world_turn();
    write_text(&far, "welcome");
    world_turn();
    assert_got(&near, "welcome");
}

static void a_session_resumes_for_its_own_key_and_host_only(void **state)
{
    (void)state;
    assert_false(resumes("a.example", "bottle one"));
    assert_false(resumes("a.example", "bottle two"));
    assert_false(resumes("b.example", "bottle one"));
    assert_true(resumes("a.example", "bottle one"));
    assert_true(resumes("a.example", "bottle two"));
    assert_true(resumes("b.example", "bottle one"));
}

static void a_ticket_is_good_for_the_name_it_was_given_under(void **state)
{
    (void)state;
    assert_false(resumes("a.example", "k"));
    connect_to("a.example", "b.example", "k"); /* resumed, it would be open: the kept certificate is for a.example */
    assert_string_equal(near.heard, "GONE ");
    assert_int_equal(near.stream->err, ERR_TRUST);
}

static void a_session_is_used_once(void **state)
{
    struct end others[3];
    int resumed = 0;

    (void)state;
    assert_false(resumes("a.example", "k")); /* brings two tickets */
    close_ends();
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct stream *below, *above;
        struct tls_target target = {SPAN_LIT("a.example"), SPAN_LIT("k"), false};
        others[i] = (struct end){.frees_itself_at = -1};
        assert_int_equal(stream_mem_pair(world.loop, &below, &above), ERR_OK);
        assert_int_equal(stream_tls_accept(server, &above, SPAN_LIT("a.example"), hear, &others[i], &others[i].lower),
                         ERR_OK);
        assert_int_equal(stream_tls_connect(client, &below, &target, hear, &others[i], &others[i].stream), ERR_OK);
    }
    world_turn();
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_string_equal(others[i].heard, "OPEN OPEN ");
        resumed += stream_tls_resumed(others[i].stream);
        stream_free(&others[i].stream);
        stream_free(&others[i].lower);
    }
    assert_int_equal(resumed, 2);
}

static void hear_and_free_the_client(void *owner, enum stream_event event)
{
    hear(owner, event);
    if (event == STREAM_OPEN) tls_client_free(&client); /* as a reload does, while a connection rests in the pool */
}

static void a_ticket_may_come_when_the_client_is_free(void **state)
{
    (void)state;
    struct tls_target target = {SPAN_LIT("api.example.com"), SPAN_LIT("k"), false};
    assert_int_equal(stream_mem_pair(world.loop, &near.lower, &far.lower), ERR_OK);
    struct stream *lower = far.lower;
    assert_int_equal(stream_tls_accept(server, &lower, target.host, hear, &far, &far.stream), ERR_OK);
    lower = near.lower;
    assert_int_equal(stream_tls_connect(client, &lower, &target, hear_and_free_the_client, &near, &near.stream),
                     ERR_OK);
    world_turn();
    assert_null(client);
    write_text(&far, "and a word behind the tickets");
    world_turn();
    assert_got(&near, "and a word behind the tickets");
}

static void an_old_session_is_dropped(void **state)
{
    (void)state;
    assert_false(resumes("a.example", "k"));
    world_pass(DAYS(3));
    assert_false(resumes("a.example", "k"));
    assert_true(resumes("a.example", "k"));
}

/* --- memory ---------------------------------------------------------------------------------------------- */

static void a_conversation(void)
{
    struct stream *lower = NULL;

    close_ends();
    if (stream_mem_pair(world.loop, &near.lower, &far.lower) != ERR_OK) return;
    lower = far.lower;
    if (stream_tls_accept(server, &lower, SPAN_LIT("new.example"), hear, &far, &far.stream) != ERR_OK) {
        assert_null(lower);
        stream_free(&near.lower);
        return;
    }
    if (connect_as(client, "new.example", "k", true) != ERR_OK) return;
    world_turn();
    far.leaves_input = true;
    for (int i = 0; i < 3; i++) (void)!stream_write(near.stream, SPAN_LIT("hello"));
    world_turn();
    stream_finish(near.stream);
    stream_finish(far.stream);
    world_pass(TLS_HANDSHAKE_MS);
}

static void whatever_allocation_fails_it_ends_and_leaks_nothing(void **state)
{
    size_t count;

    (void)state;
    mem_fail_at(0);
    a_conversation();
    count = mem_fail_at(0);
    assert_in_range(count, 10, 200);
    for (size_t n = 1; n <= count; n++) {
        mem_fail_at(n);
        a_conversation();
        mem_fail_at(0);
        close_ends();
        assert_int_equal(world_armed(), 0);
    }
}

static int begin_all(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) return -1;
    snprintf(ca_path, sizeof ca_path, "%s/ca.pem", folder);
    return 0;
}

static int end_all(void **state)
{
    char line[128];

    (void)state;
    snprintf(line, sizeof line, "rm -r %s", folder);
    return system(line);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(words_go_both_ways),
        STORY(an_address_is_a_name_too),
        STORY(nothing_may_be_written_before_the_peer_is_known),
        STORY(another_name_is_refused_and_the_alert_arrives),
        STORY(an_unknown_ca_is_refused_and_the_alert_arrives),
        STORY(roots_that_are_not_there_are_told),
        STORY(a_name_no_leaf_is_for_is_refused),
        STORY(a_leaf_is_judged_by_the_loops_clock),
        STORY(plain_http_is_not_tls),
        STORY(a_slow_handshake_ends_in_time_on_either_side),
        STORY(a_reader_that_pauses_holds_up_the_writer),
        STORY(a_reader_that_leaves_its_input_holds_up_the_writer),
        STORY(a_write_past_the_bound_takes_nothing),
        STORY(each_direction_ends_by_itself),
        STORY(a_bare_end_is_not_an_end),
        STORY(ends_are_noticed_while_paused),
        STORY(a_bare_end_does_not_take_what_is_held_for_a_paused_reader),
        STORY(garbage_after_the_handshake_is_an_end_with_an_alert),
        STORY(what_broke_is_told_though_the_owner_wrote_in_between),
        STORY(what_was_left_is_told_again_after_a_pause),
        STORY(a_stream_over_a_stream_keeps_its_own_bytes),
        STORY(an_owner_may_free_the_stream_in_any_event),
        STORY(after_a_failed_write_there_is_no_clean_end),
        STORY(a_client_may_be_freed_before_its_connections),
        STORY(a_session_resumes_for_its_own_key_and_host_only),
        STORY(a_ticket_is_good_for_the_name_it_was_given_under),
        STORY(a_session_is_used_once),
        STORY(a_ticket_may_come_when_the_client_is_free),
        STORY(an_old_session_is_dropped),
        STORY(whatever_allocation_fails_it_ends_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, begin_all, end_all);
}
