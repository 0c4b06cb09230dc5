/* fuzz_answer.c — claim: whatever an origin sends, the client gets one answer that reads in one way, or a cut; a
 * connection
 * that is not at a clean end is never pooled; everything ends in time.
 * Each piece is one length byte and as many bytes, or (0xff) lets time pass.
 * Reaches upstream.c, pool.c, request.c, reply.c.  Seeds fuzz/corpus/answer. */
#include <stdlib.h>
#include <string.h>

#include "tests/world/egress.h"

static void play(struct talker *origin, struct span script)
{
    while (script.len > 0 && !origin->gone) {
        uint8_t len = script.at[0];
        script = span_from(script, 1);
        if (len == 0xff) {
            world_pass(SECONDS(7));
            continue;
        }
        struct span piece = span_first(script, len);
        talker_say_bytes(origin, piece);
        script = span_from(script, piece.len);
    }
}

/* Reads what the client heard as strictly as we read origins: interim heads, then one answer at most. */
static void check_answer(struct talker *client)
{
    static struct head head;
    struct http1_fault fault;
    size_t len, scanned = 0;

    while (http1_find_head(buf_span(&client->heard), &scanned, &len) == ERR_OK) {
        if (http1_parse_response(span_first(buf_span(&client->heard), len), SPAN_LIT("GET"), &head, &fault) != ERR_OK)
            abort();
        if (head.status >= 200) return;
        buf_consume(&client->heard, len);
        scanned = 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct talker client, origin;

    if (len < 2 || len > 8192) return 0;
    egress_begin();
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "GET http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
    if (!talker_accept(&origin)) abort();
    play(&origin, (struct span){bytes + 1, len - 1});
    if (bytes[0] & 1) talker_finish(&origin);
    check_answer(&client);
    world_pass(BODY_TOTAL_MS + RELAY_IDLE_MS + ANSWER_MS);
    if (egress.conn_count != 0 || pool_idle(proxy.pool) != 0) abort();
    talker_leave(&client);
    talker_leave(&origin);
    egress_end();
    return 0;
}
