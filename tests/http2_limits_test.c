/* http2_limits_test.c — what is too much, and what it costs: floods, bombs, windows, memory. */
#include "tests/http2_pair.h"

#define GET ":method=GET|:scheme=https|:authority=a|:path=/"

/* Lines of frames from a client that is none of ours. */
static void feed_server(const char *lines)
{
    struct buf in = {0};

    frames_write(&in, lines);
    assert_int_equal(http2_feed(server.http2, buf_span(&in), now_ms), ERR_OK);
    buf_clear(&in);
}

static const char *faults_of(struct side *side)
{
    static char text[1 << 16];
    struct buf out = {0};

    assert_int_equal(http2_take(side->http2, &out, SIZE_MAX), ERR_OK);
    frames_read_faults(buf_span(&out), text, sizeof text);
    buf_clear(&out);
    return text;
}

static int begin_raw(void **state)
{
    begin(state);
    server.answer_bytes = UINT64_MAX;
    assert_int_equal(http2_feed(server.http2, span_of(FRAMES_PREFACE), 0), ERR_OK);
    feed_server("settings 0");
    return 0;
}

static void reset_a_stream(uint32_t id)
{
    char lines[256];

    snprintf(lines, sizeof lines, "headers/he %u " GET "\nrst %u #00000008", id, id);
    feed_server(lines);
    forget_streams();
}

static void rapid_resets_end_the_connection(void **state)
{
    uint32_t id = 1;

    (void)state;
    for (; id < 1 + 2 * HTTP2_RESET_BURST; id += 2) reset_a_stream(id);
    assert_string_equal(faults_of(&server), "");
    reset_a_stream(id);
    assert_string_equal(faults_of(&server), "GOAWAY 401 ENHANCE_YOUR_CALM");
    assert_true(http2_over(server.http2));
    assert_int_equal(server.goaway, 1 + HTTP2_ENHANCE_YOUR_CALM);
}

/* Far more than the burst, so many times as fast as the rate gives back. */
static void reset_streams(uint32_t times)
{
    for (uint32_t i = 0; i < 20 * HTTP2_RESET_BURST; i++) {
        reset_a_stream(1 + 2 * i);
        now_ms += SECONDS(1) / HTTP2_RESET_RATE / times;
    }
}

static void resets_at_leisure_do_not(void **state)
{
    (void)state;
    reset_streams(1);
    assert_string_equal(faults_of(&server), "");
}

static void resets_at_twice_that_rate_do(void **state)
{
    (void)state;
    reset_streams(2);
    assert_non_null(strstr(faults_of(&server), "ENHANCE_YOUR_CALM"));
}

/* The other direction: no RST_STREAM comes in, but each request makes us send one. */
static void requests_that_make_us_reset_end_the_connection(void **state)
{
    (void)state;
    for (uint32_t id = 1; id < 1 + 2 * HTTP2_RESET_BURST; id += 2) {
        char line[128];
        snprintf(line, sizeof line, "headers/he %u X=y|" GET, id);
        feed_server(line);
        assert_null(strstr(faults_of(&server), "GOAWAY"));
    }
    feed_server("headers/he 4001 X=y|" GET);
    assert_non_null(strstr(faults_of(&server), "GOAWAY 4001 ENHANCE_YOUR_CALM"));
    assert_int_equal(server.refused, HTTP2_RESET_BURST + 1);
    assert_int_equal(server.count, 0);
}

static void our_own_resets_are_not_held_against_the_client(void **state)
{
    (void)state;
    for (uint32_t id = 1; id < 4 * HTTP2_RESET_BURST; id += 2) {
        char line[128];
        snprintf(line, sizeof line, "headers/he %u " GET, id);
        feed_server(line);
        http2_reset(server.ends[0].stream, HTTP2_REFUSED_STREAM);
        assert_null(strstr(faults_of(&server), "GOAWAY"));
        forget_streams();
    }
}

static void more_streams_than_allowed_are_refused(void **state)
{
    (void)state;
    feed_server("100*headers/h 1+ " GET "\nheaders/h 201 " GET);
    assert_int_equal(server.count, HTTP2_STREAMS_MAX);
    assert_int_equal(server.refused, 1);
    assert_string_equal(faults_of(&server), "RST 201 REFUSED_STREAM");
    feed_server("settings/a 0\nheaders/h 203 " GET); /* now it has said that it knows */
    assert_string_equal(faults_of(&server), "GOAWAY 199 PROTOCOL_ERROR");
}

static void who_does_not_read_is_not_written_to_without_bound(void **state)
{
    (void)state;
    feed_server("100*headers/h 1+ " GET);
    feed_server("1000*headers/h 201+ " GET); /* each is refused, and nothing is taken */
    assert_true(http2_memory(server.http2) < 1000000);
    assert_non_null(strstr(faults_of(&server), "ENHANCE_YOUR_CALM"));
}

static void a_head_that_is_too_large_resets_its_stream(void **state)
{
    struct buf lines = {0};

    (void)state;
    assert_int_equal(buf_printf(&lines, "headers/e 1 " GET "\n"), ERR_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(buf_printf(&lines, "cont%s 1 x=%014000d\n", i == 4 ? "/h" : "", i), ERR_OK);
    assert_int_equal(buf_printf(&lines, "headers/he 3 " GET), ERR_OK);
    assert_int_equal(buf_add(&lines, (struct span){(const uint8_t *)"", 1}), ERR_OK);
    feed_server((const char *)buf_span(&lines).at);
    buf_clear(&lines);

    assert_string_equal(faults_of(&server), "RST 1 ENHANCE_YOUR_CALM");
    assert_int_equal(server.refused, 1);
    assert_int_equal(server.count, 1);
}

/* One byte a field: HPACK makes 60,000 of an entry of the table out of 15 KiB. */
static void a_header_bomb_resets_its_stream(void **state)
{
    struct buf in = {0}, block = {0};
    char value[4000];

    (void)state;
    memset(value, 'v', sizeof value);
    frames_hex(&block, span_of("82878401016140")); /* a GET, and a literal that is indexed */
    frames_string(&block, SPAN_LIT("x"));
    frames_string(&block, (struct span){(uint8_t *)value, sizeof value - 100});
    for (int i = 0; i < 10000; i++) frames_hex(&block, span_of("be"));
    frames_header(&in, buf_len(&block), 1, 5, 1);
    frames_add(&in, buf_span(&block).at, buf_len(&block));
    frames_write(&in, "headers/he 3 " GET);
    assert_int_equal(http2_feed(server.http2, buf_span(&in), now_ms), ERR_OK);
    buf_clear(&in);
    buf_clear(&block);

    assert_string_equal(faults_of(&server), "RST 1 ENHANCE_YOUR_CALM");
    assert_int_equal(server.count, 1);
    assert_true(http2_memory(server.http2) < 100000);
}

static void too_many_fields_reset_their_stream(void **state)
{
    struct buf line = {0};

    (void)state;
    assert_int_equal(buf_printf(&line, "headers/he 1 " GET), ERR_OK);
    for (size_t i = 4; i <= HEAD_FIELDS_MAX; i++) assert_int_equal(buf_printf(&line, "|x=y"), ERR_OK);
    assert_int_equal(buf_add(&line, (struct span){(const uint8_t *)"", 1}), ERR_OK);
    feed_server((const char *)buf_span(&line).at);
    buf_clear(&line);
    assert_string_equal(faults_of(&server), "RST 1 ENHANCE_YOUR_CALM");
}

static void a_frame_that_is_too_long_ends_the_connection(void **state)
{
    struct buf in = {0};

    (void)state;
    feed_server("headers/h 1 " GET);
    frames_header(&in, 16385, 0, 0, 1);
    assert_int_equal(http2_feed(server.http2, buf_span(&in), now_ms), ERR_OK);
    buf_clear(&in);
    assert_string_equal(faults_of(&server), "GOAWAY 1 FRAME_SIZE_ERROR");
}

static void who_sends_past_its_window_is_cut_off(void **state)
{
    static uint8_t bytes[PIECE];
    struct buf in = {0};

    (void)state;
    server.ends[0].held = true;
    frames_write(&in, "headers/h 1 " GET);
    for (int i = 0; i < 4; i++) {
        frames_header(&in, i < 3 ? PIECE : PIECE - 1, 0, 0, 1); /* 65535: SETTINGS were not acknowledged */
        frames_add(&in, bytes, i < 3 ? PIECE : PIECE - 1);
    }
    assert_int_equal(http2_feed(server.http2, buf_span(&in), now_ms), ERR_OK);
    buf_clear(&in);
    assert_string_equal(faults_of(&server), "");
    feed_server("data 1 x");
    assert_non_null(strstr(faults_of(&server), "FLOW_CONTROL_ERROR"));
    assert_true(http2_over(server.http2) || server.ends[0].closed);
}

/* --- memory ------------------------------------------------------------------------------------------------------ */
static void a_connection_shrinks_to_what_it_was(void **state)
{
    (void)state;
    server.answer_bytes = 100000;
    request("GET", 0);
    run(PIECE);
    size_t idle = http2_memory(server.http2), idle_client = http2_memory(client.http2);
    for (int i = 0; i < 50; i++) {
        forget_streams();
        for (size_t k = 0; k < 20; k++) request("GET", 0);
        run(PIECE);
        now_ms += SECONDS(1);
    }
    assert_in_range(http2_memory(server.http2), 0, idle + 4096); /* the tables may fill */
    assert_in_range(http2_memory(client.http2), 0, idle_client + 4096);
}

/* The bound is one that nobody meets who reads what we send: here nothing is taken. */
static void a_connection_that_holds_too_much_ends(void **state)
{
    struct head hints = {.status = 103, .field_count = 1};
    enum err err = ERR_OK;
    int sent = 0;

    (void)state;
    char *value = mem_new(60000);
    memset(value, 'v', 60000);
    hints.fields[0] = (struct field){SPAN_LIT("link"), {(uint8_t *)value, 60000}};
    feed_server("headers/h 1 " GET);
    for (; err == ERR_OK && sent < 1000; sent++) err = http2_send_head(server.ends[0].stream, &hints, false);
    mem_free(value);
    assert_int_equal(err, ERR_NOMEM);
    assert_in_range(sent, 100, HTTP2_MEMORY_MAX / 60000 + 1);
    assert_int_equal(http2_feed(server.http2, SPAN_LIT("x"), now_ms), ERR_NOMEM);
    assert_true(http2_over(server.http2));
}

static void play_out_of_memory(size_t fail)
{
    struct head head = {.method = SPAN_LIT("POST"),
                        .target = SPAN_LIT("/"),
                        .body = BODY_CHUNKED,
                        .field_count = 1,
                        .fields = {{SPAN_LIT("Host"), SPAN_LIT("a")}}};
    const struct field trailer = {SPAN_LIT("digest"), SPAN_LIT("abc")};
    struct http2_stream *stream = NULL;
    struct buf up = {0}, down = {0};
    bool ok;

    mem_fail_at(fail);
    ok = http2_new(HTTP2_CLIENT, &ops, &client, 0, &client.http2) == ERR_OK &&
         http2_new(HTTP2_SERVER, &ops, &server, 0, &server.http2) == ERR_OK &&
         http2_open(client.http2, &head, false, (void *)1, &stream) == ERR_OK;
    if (ok) client.ends[0].stream = stream;
    ok = ok && http2_send_body(stream, SPAN_LIT("hello")) == ERR_OK && http2_send_end(stream, &trailer, 1) == ERR_OK;
    for (int i = 0; ok && i < 4; i++) {
        ok = http2_take(client.http2, &up, SIZE_MAX) == ERR_OK && http2_feed(server.http2, buf_span(&up), 0) == ERR_OK;
        buf_clear(&up);
        ok = ok && http2_take(server.http2, &down, SIZE_MAX) == ERR_OK &&
             http2_feed(client.http2, buf_span(&down), 0) == ERR_OK;
        buf_clear(&down);
    }
    buf_clear(&up);
    buf_clear(&down);
    http2_free(&client.http2);
    http2_free(&server.http2);
    if (ok && fail == 0) assert_true(server.ends[0].trailer_in);
}

/* Whatever allocation fails, nothing leaks, nothing is used after it is gone, and no half message is told as whole. */
static void any_allocation_may_fail(void **state)
{
    size_t total = 0;

    (void)state;
    for (size_t n = 0; n == 0 || n <= total; n++) {
        memset(&client, 0, sizeof client);
        memset(&server, 0, sizeof server);
        server.answer_bytes = UINT64_MAX;
        play_out_of_memory(n);
        size_t made = mem_fail_at(0);
        if (n == 0) total = made;
        if (server.ends[0].ended) assert_true(server.ends[0].got == 5 && server.ends[0].trailer_in);
    }
    assert_true(total > 30);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, finish)
#define RAW(name)   cmocka_unit_test_setup_teardown(name, begin_raw, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RAW(rapid_resets_end_the_connection),
        RAW(resets_at_leisure_do_not),
        RAW(resets_at_twice_that_rate_do),
        RAW(requests_that_make_us_reset_end_the_connection),
        RAW(our_own_resets_are_not_held_against_the_client),
        RAW(more_streams_than_allowed_are_refused),
        RAW(who_does_not_read_is_not_written_to_without_bound),
        RAW(a_head_that_is_too_large_resets_its_stream),
        RAW(a_header_bomb_resets_its_stream),
        RAW(too_many_fields_reset_their_stream),
        RAW(a_frame_that_is_too_long_ends_the_connection),
        RAW(who_sends_past_its_window_is_cut_off),
        STORY(a_connection_shrinks_to_what_it_was),
        RAW(a_connection_that_holds_too_much_ends),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
