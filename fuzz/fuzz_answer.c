/* fuzz_answer.c — claim: whatever an origin sends, the client gets answers that read in one way, one a request at
 * most, or a cut; a connection that is not at a clean end is never pooled; everything ends in time.
 * The bits of the first byte: the origin ends; the client speaks HTTP/1.0; asks with HEAD; asks twice; does not read
 * while the origin speaks; the origin leaves.
 * Each piece is one length byte and as many bytes, or (0xff) lets time pass, or (0xfe) is 64 KiB: more than a slow
 * client takes.
 * Reaches upstream.c, pool.c, request.c, reply.c.  Seeds fuzz/corpus/answer. */
#include <stdlib.h>
#include <string.h>

#include "tests/world/egress.h"

enum { FINISHES = 1, OLD = 2, HEAD = 4, TWICE = 8, SLOW = 16, LEAVES = 32 };

static void play(struct talker *origin, struct span script)
{
    static uint8_t much[KIB(64)];

    while (script.len > 0 && !origin->gone) {
        uint8_t len = script.at[0];
        script = span_from(script, 1);
        if (len == 0xff) {
            world_pass(SECONDS(7));
            continue;
        }
        if (len == 0xfe) {
            talker_say_bytes(origin, (struct span){much, sizeof much});
            continue;
        }
        struct span piece = span_first(script, len);
        talker_say_bytes(origin, piece);
        script = span_from(script, piece.len);
    }
}

static void ask(struct talker *client, uint8_t how)
{
    talker_say(client, how & HEAD ? "HEAD" : "GET");
    talker_say(client, " http://api.example.com/ HTTP/1.");
    talker_say(client, how & OLD ? "0\r\nConnection: keep-alive" : "1");
    talker_say(client, "\r\nHost: api.example.com\r\n\r\n");
}

/* Takes one answer off what was heard.  False when it is not whole, which must be a cut. */
static bool take_answer(struct talker *client, struct span method)
{
    static struct head head;
    struct http1_fault fault;
    struct http1_body body;
    struct span data;
    size_t len = 0, scanned = 0;

    do {
        scanned = 0;
        if (http1_find_head(buf_span(&client->heard), &scanned, &len) != ERR_OK) return false;
        if (http1_parse_response(span_first(buf_span(&client->heard), len), method, &head, &fault) != ERR_OK) abort();
        buf_consume(&client->heard, len);
    } while (head.status < 200);
    for (http1_body_begin(&body, &head); !body.done; buf_consume(&client->heard, len)) {
        if (http1_body_feed(&body, buf_span(&client->heard), &len, &data) != ERR_OK) abort();
        if (len == 0) return false;
    }
    return true;
}

static void check_answers(struct talker *client, uint8_t how)
{
    struct span method = how & HEAD ? SPAN_LIT("HEAD") : SPAN_LIT("GET");
    int left = how & TWICE ? 2 : 1;

    while (left > 0 && take_answer(client, method)) left--;
    if (left == 0 && buf_len(&client->heard) > 0) abort();
    if (!client->gone && !client->eof) abort(); /* it had all the time there is */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct talker client, origin;

    if (len < 2 || len > 8192) return 0;
    egress_begin();
    talker_connect(&client, CONN_PROXY);
    for (int i = 0; i < (bytes[0] & TWICE ? 2 : 1); i++) ask(&client, bytes[0]);
    if (!talker_accept(&origin)) abort();
    if (bytes[0] & SLOW) stream_pause(client.stream, true);
    play(&origin, (struct span){bytes + 1, len - 1});
    if (bytes[0] & SLOW) stream_pause(client.stream, false);
    if (bytes[0] & FINISHES) talker_finish(&origin);
    if (bytes[0] & LEAVES) talker_leave(&origin);
    world_pass(BODY_TOTAL_MS + RELAY_IDLE_MS + ANSWER_MS);
    check_answers(&client, bytes[0]);
    if (egress.conn_count != 0 || pool_idle(proxy.pool) != 0) abort();
    talker_leave(&client);
    talker_leave(&origin);
    egress_end();
    return 0;
}
