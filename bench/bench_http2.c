/* bench_http2.c — question: what does one request with its response cost, and how much does a connection hold that
 * does nothing?
 * A client and a server of ours, joined in memory: a GET with 3 or 20 fields, answered by 200 and 100 bytes or 16 KiB;
 * one after another, and a hundred at once.  Both ends are in the number.  It decides whether nghttp2 may stay: a
 * request costs some 50 us of TLS and scanning. */
#include <malloc.h>

#include "bench/bench.h"
#include "reactor/wire/http2_parts.h"

enum { REQUESTS = 2000 };

static struct http2 *client, *server;
static struct head request = {.method = SPAN_LIT("GET"), .target = SPAN_LIT("/v1/messages?beta=true")};
static struct head response = {.status = 200, .body = BODY_LENGTH};
static uint8_t body[16384];
static size_t at_once;
static uint64_t got, now_ms;
static char names[20][32];

static void need_ok(enum err err)
{
    if (err != ERR_OK) abort();
}

static void on_head(void *owner, struct http2_stream *stream, struct head *head)
{
    (void)owner, (void)stream, (void)head;
}

static void on_ready(void *owner, struct http2_stream *stream)
{
    struct span in = http2_input(stream);

    got += in.len;
    http2_consume(stream, in.len);
    if (owner == NULL || !http2_ended(stream)) return;
    need_ok(http2_send_head(stream, &response, false));
    need_ok(http2_send_body(stream, (struct span){body, (size_t)response.length}));
    need_ok(http2_send_end(stream, NULL, 0));
}

static void on_writable(void *owner, struct http2_stream *stream) { (void)owner, (void)stream; }

static void on_closed(void *owner, struct http2_stream *stream, uint32_t code)
{
    (void)owner;
    if (code != HTTP2_NO_ERROR) abort();
    http2_release(&stream);
}

static void on_refused(void *owner, const char *why)
{
    (void)owner, (void)why;
    abort();
}

static void on_goaway(void *owner, uint32_t code, bool theirs)
{
    (void)owner, (void)code, (void)theirs;
    abort();
}

static const struct http2_ops ops = {on_head, on_ready, on_writable, on_closed, on_refused, on_goaway};

static bool turn(struct http2 *from, struct http2 *to)
{
    struct buf out = {0};
    bool some;

    need_ok(http2_take(from, &out, 65536));
    some = buf_len(&out) > 0;
    need_ok(http2_feed(to, buf_span(&out), now_ms));
    buf_clear(&out);
    return some;
}

static uint64_t exchange(void)
{
    struct http2_stream *stream;

    for (size_t i = 0; i < REQUESTS; i += at_once) {
        for (size_t k = 0; k < at_once; k++) need_ok(http2_open(client, &request, true, NULL, &stream));
        while (turn(client, server) | turn(server, client)) continue;
    }
    now_ms += 1000;
    return got;
}

static void shape(size_t fields, uint64_t length)
{
    request.field_count = 1;
    request.fields[0] = (struct field){SPAN_LIT("host"), SPAN_LIT("api.example.com")};
    for (size_t i = 1; i < fields; i++) {
        snprintf(names[i], sizeof names[i], "x-name-%zu", i);
        need_ok(head_add(&request, span_of(names[i]), SPAN_LIT("a value of some thirty bytes, or so")));
    }
    response.length = length;
}

static void begin(void)
{
    need_ok(http2_new(HTTP2_CLIENT, &ops, NULL, now_ms, &client));
    need_ok(http2_new(HTTP2_SERVER, &ops, &server, now_ms, &server));
    while (turn(client, server) | turn(server, client)) continue;
}

/* As the allocator rounds it: the session, and each block of nghttp2 (which begins with its node). */
static size_t weight(struct http2 *http2)
{
    size_t sum = malloc_usable_size(http2);

    LIST_EACH (&http2->memory.blocks, node) sum += malloc_usable_size(node);
    return sum;
}

static void weigh(const char *name)
{
    printf("{\"bench\":\"http2/memory/%s\",\"client_bytes\":%zu,\"server_bytes\":%zu}\n", name, weight(client),
           weight(server));
}

static void weigh_idle(void)
{
    shape(3, 100);
    at_once = 1;
    begin();
    weigh("idle");
    exchange();
    weigh("idle-after-use");
    http2_free(&client);
    http2_free(&server);
}

int main(void)
{
    static const struct {
        size_t fields, at_once;
        uint64_t length;
    } runs[] = {{3, 1, 100}, {20, 1, 100}, {3, 1, 16384}, {3, 100, 100}, {20, 100, 100}};
    char name[64];

    for (size_t i = 0; i < COUNT_OF(runs); i++) {
        shape(runs[i].fields, runs[i].length);
        at_once = runs[i].at_once;
        begin();
        snprintf(name, sizeof name, "http2/pair/fields-%zu/bytes-%zu/at-once-%zu", runs[i].fields,
                 (size_t)runs[i].length, at_once);
        bench_run(name, REQUESTS, REQUESTS * runs[i].length, exchange);
        http2_free(&client);
        http2_free(&server);
    }
    weigh_idle();
    return 0;
}
