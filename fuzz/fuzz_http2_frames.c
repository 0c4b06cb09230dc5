/* fuzz_http2_frames.c — claim: whatever frames come, and whatever is done with their streams meanwhile, how they are
 * cut changes nothing that is told; no stream is told of before its head, behind its end or when it was let go; none
 * holds more unread bytes than its window; memory, streams and frames that go out stay within their bounds.
 * Three bytes are one move: a frame that is well-formed as a rule, or a call.  Reaches the calls of http2.h.
 * Seeds fuzz/corpus/http2_frames. */
#include <stdarg.h>
#include <stdlib.h>

#include "reactor/base/limits.h"
#include "tests/http2_frames.h"

enum { HELD_MAX = 512, MOVES_MAX = 400 };

struct held {
    struct http2_stream *stream; /* NULL: let go */
    bool final, ending, closed;
    uint64_t digest, sum; /* of what was read */
};

static struct game {
    struct http2 *http2;
    enum http2_role role;
    struct held held[HELD_MAX];
    size_t count;
    uint64_t digest; /* of what was told */
    uint64_t now_ms;
    uint32_t last_id; /* of the other side's streams */
    struct buf out;
    size_t piece;
} game;

static void mix(uint64_t value) { game.digest = (game.digest ^ value) * 0x100000001b3u; }

static void mix_span(struct span s)
{
    for (size_t i = 0; i < s.len; i++) mix(s.at[i]);
    mix(s.len);
}

static struct held *held_of(const struct http2_stream *stream)
{
    struct held *held = http2_user(stream);

    if (held == NULL || held->stream != stream) abort(); /* told of a stream that was never told, or let go */
    return held;
}

/* --- what is told ----------------------------------------------------------------------------------------- */
static void on_head(void *owner, struct http2_stream *stream, struct head *head)
{
    (void)owner;
    if (game.role == HTTP2_SERVER) {
        if (http2_user(stream) != NULL || game.count == HELD_MAX) abort();
        game.held[game.count].stream = stream;
        http2_set_user(stream, &game.held[game.count++]);
    }
    struct held *held = held_of(stream);
    if (held->closed || (game.role == HTTP2_CLIENT && held->final)) abort();
    if (game.role == HTTP2_CLIENT) held->final = head->status >= 200;
    mix_span(head->method), mix_span(head->target), mix(head->status), mix(head->body), mix(head->length);
    if (head->field_count > HEAD_FIELDS_MAX) abort();
    for (size_t i = 0; i < head->field_count; i++) mix_span(head->fields[i].name), mix_span(head->fields[i].value);
}

static void on_ready(void *owner, struct http2_stream *stream)
{
    (void)owner;
    if (held_of(stream)->closed || http2_input(stream).len > HTTP2_WINDOW) abort();
}

static void on_writable(void *owner, struct http2_stream *stream)
{
    (void)owner;
    if (held_of(stream)->closed || http2_room(stream) == 0) abort();
}

static void on_closed(void *owner, struct http2_stream *stream, uint32_t code)
{
    struct held *held = held_of(stream);

    (void)owner;
    if (held->closed) abort();
    if (code != HTTP2_NO_ERROR && http2_input(stream).len > 0) abort();
    if (code == HTTP2_NO_ERROR && game.role == HTTP2_CLIENT && !http2_ended(stream)) abort();
    held->closed = true;
    mix(code);
}

static void on_refused(void *owner, const char *why)
{
    (void)owner;
    if (why == NULL) abort();
    mix(1);
}

static void on_goaway(void *owner, uint32_t code, bool theirs)
{
    (void)owner;
    mix(code), mix(theirs);
}

static const struct http2_ops ops = {on_head, on_ready, on_writable, on_closed, on_refused, on_goaway};

/* --- frames that come ------------------------------------------------------------------------------------- */
#define GET ":method=GET|:scheme=https|:authority=a|:path=/"

static const char *const request_blocks[] = {
    GET,
    ":method=POST|:scheme=https|:authority=a|:path=/|content-length=100",
    ":method=POST|:scheme=https|:authority=a|:path=/|expect=100-continue|te=trailers",
    ":method=CONNECT|:authority=a:443",
    ":method=CONNECT|:protocol=websocket|:scheme=https|:authority=a|:path=/",
    GET "|cookie=a|cookie=b|host=a",
    "t=v",
    GET "|X=y",
    GET "|connection=close",
    ":method=GET|:scheme=https",
    ":authority=a|:path=/",
    "",
};

static const char *const response_blocks[] = {
    ":status=200",        ":status=200|content-length=100",
    ":status=103|link=a", ":status=204",
    ":status=304",        ":status=100",
    "grpc-status=0",      ":status=101",
    ":status=99",         ":status=200|X=y",
    "content-length=1",   "",
};

static void come(struct span frame)
{
    while (frame.len > 0) {
        struct span next = span_first(frame, game.piece);
        if (http2_feed(game.http2, next, game.now_ms) != ERR_OK) abort();
        frame = span_from(frame, next.len);
    }
}

static void come_frame(unsigned type, unsigned flags, uint32_t stream, struct span payload)
{
    struct buf frame = {0};

    frames_header(&frame, payload.len, type, flags, stream);
    if (payload.len > 0) frames_add(&frame, payload.at, payload.len);
    come(buf_span(&frame));
    buf_clear(&frame);
}

/* A stream that is there, as a rule: the x-th from the last. */
static uint32_t stream_id(uint8_t x)
{
    if (game.role == HTTP2_CLIENT) return 1 + 2 * (uint32_t)(x % (game.count + 1));
    return 2u * (x % 8u) < game.last_id ? game.last_id - 2u * (x % 8u) : x;
}

static void come_block(unsigned type, unsigned flags, uint32_t stream, uint8_t which)
{
    const char *const *blocks = game.role == HTTP2_SERVER ? request_blocks : response_blocks;
    struct buf block = {0};

    frames_block(&block, span_of(blocks[which % COUNT_OF(request_blocks)]));
    come_frame(type, flags, stream, buf_span(&block));
    buf_clear(&block);
}

static void come_data(uint8_t x, uint8_t y)
{
    static uint8_t bytes[16384];
    size_t len = (size_t)(y & 0x7f) * 100 + (y == 0x7f ? sizeof bytes - 12700 : 0);

    memset(bytes, x, sizeof bytes);
    come_frame(0, (y >> 7) & 1, stream_id(x), (struct span){bytes, len});
}

static void come_numbers(unsigned type, uint8_t x, uint8_t y)
{
    const uint8_t window[4] = {y & 0x80 ? 0x7f : 0, 0, (uint8_t)(y & 0x7f), x};
    const uint8_t code[4] = {0, 0, 0, (uint8_t)(y & 15)};
    const uint8_t setting[6] = {0, (uint8_t)(x % 10), 0, (uint8_t)(y & 1), y, y};
    const uint8_t eight[8] = {0, 0, 0, (uint8_t)(x % 9), 0, 0, 0, y};
    const uint8_t priority[5] = {0, 0, 0, x, y};

    switch (type) {
    case 2: come_frame(2, 0, stream_id(x), (struct span){priority, sizeof priority}); break;
    case 3: come_frame(3, 0, stream_id(x), (struct span){code, sizeof code}); break;
    case 4: come_frame(4, y == 0, 0, (struct span){setting, y == 0 ? 0 : sizeof setting}); break;
    case 6: come_frame(6, y & 1, 0, (struct span){eight, sizeof eight}); break;
    case 7: come_frame(7, 0, 0, (struct span){eight, sizeof eight}); break;
    default: come_frame(8, 0, y & 1 ? stream_id(x) : 0, (struct span){window, sizeof window}); break;
    }
}

/* --- calls ------------------------------------------------------------------------------------------------ */
static struct held *held_at(uint8_t x)
{
    size_t back = x % 16u;

    return back < game.count ? &game.held[game.count - 1 - back] : NULL;
}

static void open_stream(uint8_t x)
{
    struct head head = {.method = span_of(x & 1 ? "HEAD" : "POST"),
                        .target = SPAN_LIT("/"),
                        .body = BODY_CHUNKED,
                        .field_count = 1,
                        .fields = {{SPAN_LIT("host"), SPAN_LIT("a")}}};
    struct held *held = &game.held[game.count];

    if (game.count == HELD_MAX || http2_open(game.http2, &head, x & 1, held, &held->stream) != ERR_OK) return;
    held->ending = x & 1;
    game.count++;
}

static void send_head(struct held *held, uint8_t x)
{
    struct head head = {.status = x & 2 ? 103 : 200, .body = BODY_CHUNKED};
    bool whole = (x & 3) == 1;

    if (game.role == HTTP2_CLIENT || held->final) return;
    if (http2_send_head(held->stream, &head, whole) != ERR_OK) abort();
    held->final = head.status == 200;
    held->ending = whole;
}

static void send_body(struct held *held, uint8_t x)
{
    static const uint8_t bytes[255 * 200];
    size_t len = (size_t)x * 200u;

    if (held->ending || (game.role == HTTP2_SERVER && !held->final)) return;
    if (len > http2_room(held->stream)) len = http2_room(held->stream);
    if (http2_send_body(held->stream, (struct span){bytes, len}) != ERR_OK) abort();
}

static void send_end(struct held *held, uint8_t x)
{
    const struct field trailer = {SPAN_LIT("t"), SPAN_LIT("v")};

    if (held->ending || (game.role == HTTP2_SERVER && !held->final)) return;
    if (http2_send_end(held->stream, &trailer, x & 1) != ERR_OK) abort();
    held->ending = true;
}

/* What was read of a message that is never whole may depend on the cut: nghttp2 hands on what comes before the byte
 * that is one too many. */
static void read_input(struct held *held, uint8_t x)
{
    struct field trailers[HEAD_FIELDS_MAX];
    struct span in = span_first(http2_input(held->stream), x < 128 ? SIZE_MAX : x);

    for (size_t i = 0; i < in.len; i++) held->digest = (held->digest ^ in.at[i]) * 0x100000001b3u;
    held->sum += in.len;
    http2_consume(held->stream, in.len);
    if (!http2_ended(held->stream) || http2_input(held->stream).len > 0) return;
    mix(held->digest), mix(held->sum);
    mix(http2_trailers(held->stream, trailers));
}

static void take(size_t max)
{
    char faults[1 << 15];

    buf_clear(&game.out);
    if (http2_take(game.http2, &game.out, max) != ERR_OK) abort();
    if (buf_len(&game.out) > max + 16384 + 9 + HEAD_BYTES_MAX) abort();
    frames_read_faults(buf_span(&game.out), faults, sizeof faults);
    mix_span(span_of(faults));
}

/* --- a game ----------------------------------------------------------------------------------------------- */
static void move_frame(uint8_t what, uint8_t x, uint8_t y)
{
    switch (what) {
    case 0:
    case 1:
        if (game.role == HTTP2_SERVER && what == 0) game.last_id += 2;
        come_block(1, (x & 1) | (x & 2 ? 0 : 4), stream_id(what == 0 ? 0 : y), y);
        break;
    case 2: come_block(9, x & 4, stream_id(0), y); break;
    case 3:
    case 4: come_data(x, y); break;
    case 5: come_numbers(2, x, y); break;
    case 6: come_numbers(3, x, y); break;
    case 7: come_numbers(4, x, y); break;
    case 8: come_numbers(6, x, y); break;
    case 9: come_numbers(7, x, y); break;
    case 10: come_numbers(8, x, y); break;
    default: come_frame(y, x, stream_id(x), (struct span){&x, 1}); break;
    }
}

static void move_call(uint8_t what, uint8_t x, uint8_t y)
{
    struct held *held = held_at(x);

    if (what == 12) take((size_t)(y + 1) * 256);
    if (what == 13) game.now_ms += y * 16u;
    if (what == 14 && game.role == HTTP2_CLIENT && http2_may_open(game.http2)) open_stream(y);
    if (what == 15 && y == 0) http2_goaway(game.http2);
    if (held == NULL || held->stream == NULL) return;
    if (what == 16 && !held->ending) send_head(held, y);
    if (what == 17) send_body(held, y);
    if (what == 18) send_end(held, y);
    if (what == 19) read_input(held, y);
    if (what == 20) http2_reset(held->stream, HTTP2_INTERNAL_ERROR);
    if (what == 21) http2_release(&held->stream);
}

static uint64_t play(struct span moves, enum http2_role role, size_t piece)
{
    memset(&game, 0, sizeof game);
    game.role = role;
    game.piece = piece;
    game.last_id = UINT32_MAX; /* the first is 1 */
    if (http2_new(role, &ops, NULL, 0, &game.http2) != ERR_OK) abort();
    if (role == HTTP2_SERVER) come(span_of(FRAMES_PREFACE));
    come_frame(4, 0, 0, (struct span){0});
    for (size_t n = 0; n < MOVES_MAX && moves.len >= 3; n++, moves = span_from(moves, 3)) {
        uint8_t what = moves.at[0] % 22;
        if (what < 12)
            move_frame(what, moves.at[1], moves.at[2]);
        else
            move_call(what, moves.at[1], moves.at[2]);
        if (http2_memory(game.http2) > HTTP2_MEMORY_MAX || http2_stream_count(game.http2) > HTTP2_STREAMS_MAX) abort();
    }
    take(SIZE_MAX / 2);
    mix(http2_over(game.http2));
    buf_clear(&game.out);
    http2_free(&game.http2);
    return game.digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 1) return 0;
    enum http2_role role = bytes[0] & 0x80 ? HTTP2_CLIENT : HTTP2_SERVER;
    struct span moves = {bytes + 1, len - 1};

    if (play(moves, role, SIZE_MAX) != play(moves, role, 1 + (bytes[0] & 0x3f))) abort();
    return 0;
}
