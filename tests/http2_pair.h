/* http2_pair.h — a client and a server of ours joined in memory, and what each was told. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "tests/http2_peer.h"

enum { STREAMS = 128, PIECE = 16384, MANY_TURNS = 1 << 16 };

/* One side of one stream: what it has still to send, and what it got. */
struct end {
    struct http2_stream *stream;
    uint64_t to_send, got, digest;
    bool held, answered, ended, closed, trailer_in;
    bool trailer; /* is sent */
    uint32_t code;
    uint16_t status, interim;
};

struct side {
    struct http2 *http2;
    struct end ends[STREAMS]; /* by the number that its user pointer holds, less one */
    size_t count;
    uint64_t answer_bytes; /* server: of each answer; UINT64_MAX: none is given */
    bool answer_early;     /* ...as soon as there is a head */
    uint32_t goaway;       /* told: its code and one */
    unsigned refused;
    char last[256]; /* head: method, target and protocol, or status; and fields */
};

static struct side client, server;
static uint64_t now_ms;

static struct end *end_of(struct side *side, const struct http2_stream *stream)
{
    return &side->ends[(size_t)(intptr_t)http2_user(stream) - 1];
}

/* The n-th byte of any body. */
static uint8_t byte_at(uint64_t n) { return (uint8_t)(n * 31 + n / 251); }

static void send_more(struct end *end)
{
    static uint8_t bytes[PIECE];
    static uint64_t sent;

    while (end->to_send > 0 && http2_room(end->stream) > 0) {
        size_t len = http2_room(end->stream) < PIECE ? http2_room(end->stream) : PIECE;
        if (len > end->to_send) len = (size_t)end->to_send;
        sent = end->to_send - len;
        for (size_t i = 0; i < len; i++) bytes[i] = byte_at(sent + i);
        assert_int_equal(http2_send_body(end->stream, (struct span){bytes, len}), ERR_OK);
        end->to_send -= len;
    }
    if (end->to_send > 0) return;
    const struct field trailer = {SPAN_LIT("Digest"), SPAN_LIT("abc")};
    assert_int_equal(http2_send_end(end->stream, &trailer, end->trailer), ERR_OK);
    end->to_send = UINT64_MAX; /* ended */
}

static void answer(struct side *side, struct end *end)
{
    static const struct head head = {.status = 200, .body = BODY_CHUNKED};

    if (side->answer_bytes == UINT64_MAX || end->answered) return;
    end->answered = true;
    end->to_send = side->answer_bytes;
    assert_int_equal(http2_send_head(end->stream, &head, side->answer_bytes == 0 && !end->trailer), ERR_OK);
    if (side->answer_bytes > 0 || end->trailer) send_more(end);
}

static void note(struct side *side, const struct head *head)
{
    char *at = side->last;
    size_t size = sizeof side->last;

    if (head->status > 0)
        snprintf(at, size, "%u", head->status);
    else
        snprintf(at, size, "%.*s %.*s %.*s", SPAN_FMT(head->method), SPAN_FMT(head->target), SPAN_FMT(head->protocol));
    for (size_t i = 0; i < head->field_count; i++) {
        size_t len = strlen(at);
        snprintf(at + len, size - len, "|%.*s=%.*s", SPAN_FMT(head->fields[i].name), SPAN_FMT(head->fields[i].value));
    }
}

static void on_head(void *owner, struct http2_stream *stream, struct head *head)
{
    struct side *side = owner;

    if (http2_user(stream) == NULL) http2_set_user(stream, (void *)(intptr_t)++side->count);
    struct end *end = end_of(side, stream);
    end->stream = stream;
    if (head->status >= 200) end->status = head->status;
    if (head->status > 0 && head->status < 200) end->interim = head->status;
    note(side, head);
    if (side == &server && side->answer_early) answer(side, end);
}

static void read_input(struct side *side, struct http2_stream *stream)
{
    struct end *end = end_of(side, stream);
    struct field trailers[HEAD_FIELDS_MAX];
    struct span in = http2_input(stream);

    for (size_t i = 0; i < in.len; i++) end->digest = (end->digest ^ in.at[i]) * 0x100000001b3u;
    end->got += in.len;
    http2_consume(stream, in.len);
    end->ended = http2_ended(stream);
    end->trailer_in = http2_trailers(stream, trailers) == 1 && span_is(trailers[0].name, SPAN_LIT("digest"));
    if (end->ended && side == &server) answer(side, end);
}

static void on_ready(void *owner, struct http2_stream *stream)
{
    if (!end_of(owner, stream)->held) read_input(owner, stream);
}

static void on_writable(void *owner, struct http2_stream *stream) { send_more(end_of(owner, stream)); }

static void on_closed(void *owner, struct http2_stream *stream, uint32_t code)
{
    struct end *end = end_of(owner, stream);

    end->closed = true;
    end->code = code;
    if (end->held) return; /* there may be input */
    end->stream = NULL;
    http2_release(&stream);
}

static void on_refused(void *owner, const char *why)
{
    struct side *side = owner;

    (void)why;
    side->refused++;
}
static void on_goaway(void *owner, uint32_t code, bool theirs)
{
    struct side *side = owner;

    (void)theirs;
    side->goaway = code + 1;
}

static const struct http2_ops ops = {on_head, on_ready, on_writable, on_closed, on_refused, on_goaway};

/* Those that are done: their places are used again. */
static void forget_streams(void)
{
    memset(client.ends, 0, sizeof client.ends);
    memset(server.ends, 0, sizeof server.ends);
    client.count = server.count = 0;
}

static int begin(void **state)
{
    (void)state;
    memset(&client, 0, sizeof client);
    memset(&server, 0, sizeof server);
    now_ms = 0;
    assert_int_equal(http2_new(HTTP2_CLIENT, &ops, &client, now_ms, &client.http2), ERR_OK);
    assert_int_equal(http2_new(HTTP2_SERVER, &ops, &server, now_ms, &server.http2), ERR_OK);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    http2_free(&client.http2);
    http2_free(&server.http2);
    return 0;
}

/* A turn: what one side has to say, up to max bytes and a frame, is fed to the other.  False: it said nothing. */
static bool turn(struct side *from, struct side *to, size_t max)
{
    bool some = http2_has_output(from->http2);
    struct buf out = {0};

    assert_int_equal(http2_take(from->http2, &out, max), ERR_OK);
    size_t len = buf_len(&out);
    assert_true(some || len == 0);
    assert_true(len <= max + 16384 + 9 + HEAD_BYTES_MAX);
    assert_int_equal(http2_feed(to->http2, buf_span(&out), now_ms), ERR_OK);
    buf_clear(&out);
    return len > 0;
}

static void run(size_t max)
{
    for (int i = 0; i < MANY_TURNS; i++) {
        bool a = turn(&client, &server, max), b = turn(&server, &client, max);
        if (!a && !b) return;
    }
    fail_msg("they never fall silent");
}

/* A request with body bytes, or without one. */
static struct end *request(const char *method, uint64_t body_bytes)
{
    struct head head = {.method = span_of(method), .target = SPAN_LIT("/x?y"), .field_count = 1};
    size_t n = client.count++;
    struct end *end = &client.ends[n];
    bool whole = body_bytes == 0 && !end->trailer;

    head.fields[0] = (struct field){SPAN_LIT("Host"), SPAN_LIT("a.example")};
    head.body = whole ? BODY_NONE : BODY_CHUNKED;
    end->to_send = body_bytes;
    assert_int_equal(http2_open(client.http2, &head, whole, (void *)(intptr_t)(n + 1), &end->stream), ERR_OK);
    if (!whole) send_more(end);
    return end;
}
