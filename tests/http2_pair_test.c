/* http2_pair_test.c — what one side says is what the other is told. */
#include "tests/http2_pair.h"

static void a_large_body_goes_each_way_under_windows(void **state)
{
    (void)state;
    server.answer_bytes = 3000000;
    struct end *end = request("POST", 3000000);
    run(PIECE);

    assert_int_equal(server.ends[0].got, 3000000);
    assert_int_equal(end->got, 3000000);
    assert_true(end->ended && end->closed && server.ends[0].closed);
    assert_int_equal(end->code, HTTP2_NO_ERROR);
    assert_int_equal(server.ends[0].code, HTTP2_NO_ERROR);
    assert_int_equal(http2_stream_count(client.http2) + http2_stream_count(server.http2), 0);
}

static uint64_t digest_of(uint64_t body_bytes)
{
    uint64_t digest = 0, sent = body_bytes;

    while (sent > 0) { /* send_more() counts down, piece by piece */
        uint64_t len = sent < PIECE ? sent : PIECE;
        sent -= len;
        for (uint64_t i = 0; i < len; i++) digest = (digest ^ byte_at(sent + i)) * 0x100000001b3u;
    }
    return digest;
}

static void a_body_arrives_as_it_was_sent(void **state)
{
    (void)state;
    server.answer_bytes = 0;
    request("POST", 5 * PIECE + 1);
    run(SIZE_MAX / 2);

    assert_int_equal(server.ends[0].got, 5 * PIECE + 1);
    assert_true(server.ends[0].digest == digest_of(5 * PIECE + 1));
}

static void a_hundred_streams_share_a_connection(void **state)
{
    (void)state;
    server.answer_bytes = 50000;
    for (size_t i = 0; i < HTTP2_STREAMS_MAX; i++) request("POST", 20000);
    assert_false(http2_may_open(client.http2));
    run(PIECE);

    for (size_t i = 0; i < HTTP2_STREAMS_MAX; i++) {
        assert_int_equal(server.ends[i].got, 20000);
        assert_int_equal(client.ends[i].got, 50000);
        assert_true(client.ends[i].closed && client.ends[i].code == HTTP2_NO_ERROR);
    }
    assert_true(http2_may_open(client.http2));
}

static void a_held_stream_waits_while_its_siblings_flow(void **state)
{
    (void)state;
    server.answer_bytes = 1000000;
    struct end *held = request("GET", 0);
    held->held = true;
    for (size_t i = 0; i < 9; i++) request("GET", 0);
    run(PIECE);

    for (size_t i = 1; i < 10; i++) assert_int_equal(client.ends[i].got, 1000000);
    assert_int_equal(http2_input(held->stream).len, HTTP2_WINDOW); /* and not a byte more */
    assert_false(http2_ended(held->stream));

    held->held = false;
    read_input(&client, held->stream);
    run(PIECE);
    assert_int_equal(held->got, 1000000);
    assert_true(held->closed);
}

static void all_streams_may_be_held_at_once(void **state)
{
    (void)state;
    server.answer_bytes = 200000;
    for (size_t i = 0; i < HTTP2_STREAMS_MAX - 1; i++) request("GET", 0)->held = true;
    struct end *last = request("GET", 0);
    run(PIECE);

    assert_int_equal(last->got, 200000);
    for (size_t i = 0; i < HTTP2_STREAMS_MAX - 1; i++) {
        client.ends[i].held = false;
        read_input(&client, client.ends[i].stream);
    }
    run(PIECE);
    for (size_t i = 0; i < HTTP2_STREAMS_MAX; i++) assert_int_equal(client.ends[i].got, 200000);
}

static void input_may_be_read_when_the_stream_is_closed(void **state)
{
    (void)state;
    server.answer_bytes = 1000;
    struct end *end = request("GET", 0);
    end->held = true;
    run(PIECE);
    assert_true(end->closed && end->got == 0);
    assert_int_equal(http2_input(end->stream).len, 1000);

    read_input(&client, end->stream);
    assert_true(end->ended);
    http2_release(&end->stream);
    assert_int_equal(end->got, 1000);
}

static void a_writer_has_room_for_so_much(void **state)
{
    (void)state;
    server.answer_bytes = UINT64_MAX;
    struct end *end = request("POST", 10000000);
    server.ends[0].held = true;
    run(PIECE);

    assert_int_equal(http2_input(server.ends[0].stream).len, HTTP2_WINDOW);
    assert_int_equal(end->to_send, 10000000 - HTTP2_WINDOW - (STREAM_OUTPUT_HIGH - http2_room(end->stream)));
    size_t len = STREAM_OUTPUT_MAX;
    uint8_t *bytes = mem_new(len);
    assert_int_equal(http2_send_body(end->stream, (struct span){bytes, len}), ERR_LIMIT);
    mem_free(bytes);
}

static void trailers_go_each_way(void **state)
{
    (void)state;
    server.answer_bytes = 10;
    client.ends[0].trailer = server.ends[0].trailer = true;
    client.ends[1].trailer = server.ends[1].trailer = true;
    request("POST", 100000);
    request("POST", 0);
    run(PIECE);

    for (size_t i = 0; i < 2; i++) {
        assert_true(server.ends[i].trailer_in && client.ends[i].trailer_in);
        assert_true(client.ends[i].closed && client.ends[i].code == HTTP2_NO_ERROR);
    }
    assert_int_equal(server.ends[0].got, 100000);
}

static void interim_heads_come_before_the_answer(void **state)
{
    struct head hints = {.status = 103, .field_count = 1, .fields = {{SPAN_LIT("Link"), SPAN_LIT("</s>")}}};
    struct head ok = {.status = 200, .length = 7};

    (void)state;
    server.answer_bytes = UINT64_MAX;
    struct end *end = request("HEAD", 0);
    run(PIECE);
    assert_string_equal(server.last, "HEAD /x?y |host=a.example");

    assert_int_equal(http2_send_head(server.ends[0].stream, &hints, false), ERR_OK);
    run(PIECE);
    assert_int_equal(end->interim, 103);
    assert_string_equal(client.last, "103|link=</s>");
    assert_int_equal(http2_send_head(server.ends[0].stream, &ok, true), ERR_OK);
    run(PIECE);
    assert_string_equal(client.last, "200|content-length=7");
    assert_true(end->ended && end->closed && end->code == HTTP2_NO_ERROR);
}

static void an_extended_connect_is_a_stream_of_bytes(void **state)
{
    struct head head = {.method = SPAN_LIT("CONNECT"),
                        .target = SPAN_LIT("/chat"),
                        .protocol = SPAN_LIT("websocket"),
                        .body = BODY_CHUNKED,
                        .field_count = 1,
                        .fields = {{SPAN_LIT("Host"), SPAN_LIT("a")}}};
    struct end *end = &client.ends[client.count++];

    (void)state;
    server.answer_bytes = 1000;
    server.answer_early = true;
    assert_int_equal(http2_open(client.http2, &head, false, (void *)1, &end->stream), ERR_DENIED);
    run(PIECE); /* SETTINGS */
    assert_int_equal(http2_open(client.http2, &head, false, (void *)1, &end->stream), ERR_OK);
    end->to_send = 500;
    send_more(end);
    run(PIECE);

    assert_string_equal(server.last, "CONNECT /chat websocket|host=a");
    assert_int_equal(end->status, 200);
    assert_int_equal(end->got, 1000);
    assert_int_equal(server.ends[0].got, 500);
}

static void a_reset_ends_one_stream_and_no_other(void **state)
{
    (void)state;
    server.answer_bytes = 500000;
    for (size_t i = 0; i < 5; i++) request("GET", 0);
    for (int i = 0; i < 8; i++) turn(&client, &server, PIECE), turn(&server, &client, PIECE);
    assert_false(client.ends[1].closed || client.ends[3].closed);
    http2_reset(server.ends[1].stream, HTTP2_INTERNAL_ERROR);
    http2_release(&client.ends[3].stream);
    run(PIECE);

    assert_int_equal(client.ends[1].code, HTTP2_INTERNAL_ERROR);
    assert_int_equal(server.ends[1].code, HTTP2_INTERNAL_ERROR);
    assert_true(client.ends[1].got < 500000 && !client.ends[1].ended);
    assert_int_equal(server.ends[3].code, HTTP2_CANCEL);
    assert_false(client.ends[3].closed); /* who let go is told nothing */
    for (size_t i = 0; i < 5; i += 2) assert_int_equal(client.ends[i].got, 500000);
    assert_int_equal(http2_stream_count(client.http2) + http2_stream_count(server.http2), 0);
}

static void a_request_that_is_given_up_before_it_left_is_never_seen(void **state)
{
    (void)state;
    server.answer_bytes = 1;
    struct end *end = request("POST", 100);
    http2_release(&end->stream);
    run(PIECE);
    assert_int_equal(server.count, 0);
    assert_int_equal(http2_stream_count(client.http2), 0);
    request("GET", 0);
    run(PIECE);
    assert_int_equal(client.ends[1].got, 1);
}

static void what_a_released_stream_had_not_read_is_given_back(void **state)
{
    (void)state;
    server.answer_bytes = HTTP2_WINDOW;
    for (size_t i = 0; i < 25; i++) { /* a connection's window, five times */
        forget_streams();
        for (size_t k = 0; k < 40; k++) request("GET", 0)->held = true;
        run(SIZE_MAX / 2);
        for (size_t k = 0; k < 40; k++) {
            assert_int_equal(http2_input(client.ends[k].stream).len, HTTP2_WINDOW);
            http2_release(&client.ends[k].stream);
        }
    }
}

static void an_early_answer_stops_the_request_once_it_was_let_go(void **state)
{
    (void)state;
    server.answer_bytes = 10;
    server.answer_early = true;
    server.ends[0].held = true;
    struct end *end = request("POST", 10000000);
    run(PIECE);

    assert_true(end->ended && !end->closed);
    assert_int_equal(end->got, 10);
    http2_release(&server.ends[0].stream);
    run(PIECE);
    assert_true(end->closed);
    assert_int_equal(end->code, HTTP2_NO_ERROR);
}

static void an_answer_that_was_let_go_is_still_delivered(void **state)
{
    (void)state;
    server.answer_bytes = 100000;
    struct end *end = request("GET", 0);
    end->held = true;
    turn(&client, &server, PIECE);
    turn(&client, &server, PIECE);
    assert_true(server.ends[0].answered);
    http2_release(&server.ends[0].stream);
    end->held = false;
    run(PIECE);
    assert_int_equal(end->got, 100000);
    assert_int_equal(end->code, HTTP2_NO_ERROR);
}

static void after_goaway_what_is_open_goes_on(void **state)
{
    (void)state;
    server.answer_bytes = 300000;
    struct end *end = request("GET", 0);
    turn(&client, &server, PIECE);
    http2_goaway(server.http2);
    turn(&server, &client, PIECE);
    assert_int_equal(client.goaway, 1 + HTTP2_NO_ERROR);
    assert_false(http2_may_open(client.http2));
    assert_false(http2_over(client.http2));
    run(PIECE);
    assert_int_equal(end->got, 300000);
    assert_true(http2_over(client.http2) && http2_over(server.http2));
}

static void what_goaway_left_out_may_be_sent_again(void **state)
{
    (void)state;
    server.answer_bytes = 1;
    request("GET", 0);
    run(PIECE);
    http2_goaway(server.http2);
    struct buf late = {0};
    struct end *end = request("GET", 0); /* it crosses the GOAWAY */
    assert_int_equal(http2_take(client.http2, &late, SIZE_MAX), ERR_OK);
    turn(&server, &client, PIECE);
    assert_int_equal(http2_feed(server.http2, buf_span(&late), now_ms), ERR_OK);
    buf_clear(&late);

    assert_int_equal(server.count, 1);
    assert_true(end->closed);
    assert_int_equal(end->code, HTTP2_REFUSED_STREAM);
}

/* --- what is refused to be written ----------------------------------------------------------------------------- */
static void a_head_that_would_not_be_read_back_is_not_written(void **state)
{
    static const struct field wrong[] = {
        {SPAN_LIT("x"), SPAN_LIT("a\nb")},
        {SPAN_LIT("x"), SPAN_LIT(" a")},
        {SPAN_LIT("x y"), SPAN_LIT("a")},
        {SPAN_LIT(""), SPAN_LIT("a")},
        {SPAN_LIT(":x"), SPAN_LIT("a")},
        {SPAN_LIT("Connection"), SPAN_LIT("close")},
        {SPAN_LIT("Transfer-Encoding"), SPAN_LIT("chunked")},
        {SPAN_LIT("Upgrade"), SPAN_LIT("x")},
        {SPAN_LIT("content-length"), SPAN_LIT("1")},
        {SPAN_LIT("te"), SPAN_LIT("gzip")},
        {SPAN_LIT("Keep-Alive"), SPAN_LIT("1")},
        {SPAN_LIT("Proxy-Connection"), SPAN_LIT("1")},
    };
    struct head head = {.method = SPAN_LIT("GET"),
                        .target = SPAN_LIT("/"),
                        .field_count = 2,
                        .fields = {{SPAN_LIT("Host"), SPAN_LIT("a")}}};
    struct http2_stream *stream;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        head.fields[1] = wrong[i];
        assert_int_equal(http2_open(client.http2, &head, true, NULL, &stream), ERR_SYNTAX);
    }
    head.fields[1] = (struct field){SPAN_LIT("TE"), SPAN_LIT("trailers")};
    const struct span targets[] = {SPAN_LIT(""), SPAN_LIT("x"), SPAN_LIT("/ "), SPAN_LIT("https://a/")};
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        head.target = targets[i];
        assert_int_equal(http2_open(client.http2, &head, true, NULL, &stream), ERR_SYNTAX);
    }
    head.target = SPAN_LIT("*");
    head.method = SPAN_LIT("CONNECT");
    assert_int_equal(http2_open(client.http2, &head, true, NULL, &stream), ERR_SYNTAX);
    head.method = SPAN_LIT("OPTIONS");
    head.fields[0].value = SPAN_LIT("u@a");
    assert_int_equal(http2_open(client.http2, &head, true, NULL, &stream), ERR_SYNTAX);
    head.fields[0].value = SPAN_LIT("a");
    assert_int_equal(http2_open(client.http2, &head, true, (void *)1, &stream), ERR_OK);
    client.count = 1;
    run(PIECE);
    assert_string_equal(server.last, "OPTIONS * |te=trailers|host=a");
}

/* HTTP/1 counts four bytes to a field, HTTP/2 32: a head may come by the one that is too large to come by the other. */
static void the_largest_head_of_http1_is_sent(void **state)
{
    static char value[256];
    struct head head = {.method = SPAN_LIT("GET"), .target = SPAN_LIT("/")};
    struct http2_stream *stream;
    struct buf out = {0};

    (void)state;
    memset(value, '~', sizeof value); /* 13 bits each in Huffman's code, so it is not used */
    head.fields[head.field_count++] = (struct field){SPAN_LIT("Host"), SPAN_LIT("a")};
    while (head.field_count < HEAD_BYTES_MAX / (sizeof value + 6))
        head.fields[head.field_count++] = (struct field){SPAN_LIT("xx"), {(const uint8_t *)value, sizeof value}};
    assert_int_equal(http2_open(client.http2, &head, true, (void *)1, &stream), ERR_OK);
    assert_int_equal(http2_take(client.http2, &out, SIZE_MAX), ERR_OK);
    assert_true(buf_len(&out) > 249 * sizeof value);
    buf_clear(&out);
}

/* A field that were indexed would be one byte long the second time, and its value would stay in the table. */
static void no_field_of_a_request_is_kept_in_the_table(void **state)
{
    struct head head = {.method = SPAN_LIT("GET"),
                        .target = SPAN_LIT("/token"),
                        .field_count = 2,
                        .fields = {{SPAN_LIT("Host"), SPAN_LIT("a")}, {SPAN_LIT("X-Key"), SPAN_LIT("0123456789")}}};
    struct buf out = {0};
    struct http2_stream *stream;
    size_t lens[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(http2_open(client.http2, &head, true, (void *)(intptr_t)(i + 1), &stream), ERR_OK);
        assert_int_equal(http2_take(client.http2, &out, SIZE_MAX), ERR_OK);
        lens[i] = buf_len(&out);
        buf_clear(&out);
    }
    assert_int_equal(lens[1], lens[2]);
    assert_true(lens[2] > 9 + sizeof "/token" + sizeof "0123456789" / 2);
}

static void prior_knowledge_is_known_and_refused(void **state)
{
    struct span preface = span_of(FRAMES_PREFACE "and more");
    char text[256];

    (void)state;
    for (size_t i = 1; i <= preface.len; i++) assert_true(http2_is_preface(span_first(preface, i)));
    assert_false(http2_is_preface(span_of("")));
    assert_false(http2_is_preface(span_of("PRI * HTTP/2.1\r\n")));
    assert_false(http2_is_preface(span_of("GET / HTTP/1.1\r\n")));
    frames_read_faults(http2_preface_refusal(), text, sizeof text);
    assert_string_equal(text, "GOAWAY 0 HTTP_1_1_REQUIRED");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_large_body_goes_each_way_under_windows),
        STORY(a_body_arrives_as_it_was_sent),
        STORY(a_hundred_streams_share_a_connection),
        STORY(a_held_stream_waits_while_its_siblings_flow),
        STORY(all_streams_may_be_held_at_once),
        STORY(input_may_be_read_when_the_stream_is_closed),
        STORY(a_writer_has_room_for_so_much),
        STORY(trailers_go_each_way),
        STORY(interim_heads_come_before_the_answer),
        STORY(an_extended_connect_is_a_stream_of_bytes),
        STORY(a_reset_ends_one_stream_and_no_other),
        STORY(a_request_that_is_given_up_before_it_left_is_never_seen),
        STORY(what_a_released_stream_had_not_read_is_given_back),
        STORY(an_early_answer_stops_the_request_once_it_was_let_go),
        STORY(an_answer_that_was_let_go_is_still_delivered),
        STORY(after_goaway_what_is_open_goes_on),
        STORY(what_goaway_left_out_may_be_sent_again),
        STORY(a_head_that_would_not_be_read_back_is_not_written),
        STORY(the_largest_head_of_http1_is_sent),
        STORY(no_field_of_a_request_is_kept_in_the_table),
        cmocka_unit_test(prior_knowledge_is_known_and_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
