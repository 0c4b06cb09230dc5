/* fuzz_tunnel.c — claim: to a passed-through origin goes exactly what the client sent, nothing of it before a whole
 * ClientHello that names the host openly; the client hears exactly what the origin sent; every tunnel ends in time.
 * Each piece is one length byte and as many bytes, of the origin when its top bit is set, or (0xff) lets time pass.
 * Reaches tunnel.c, connect.c, hello.c, dial.c.  Seeds fuzz/corpus/tunnel. */
#include <stdlib.h>
#include <string.h>

#include "reactor/tls/hello.h"
#include "tests/world/egress.h"

static struct buf sent[2]; /* by the client behind its CONNECT, by the origin */

static void say(struct talker *talker, struct span piece, struct buf *copy)
{
    if (talker->gone || buf_add(copy, piece) != ERR_OK) return;
    talker_say_bytes(talker, piece);
}

static void check(struct talker *client, struct talker *origin, size_t greeting)
{
    struct span up = buf_span(&origin->heard), down = span_from(buf_span(&client->heard), greeting);
    struct hello hello;

    if (up.len > buf_len(&sent[0]) || !span_starts(buf_span(&sent[0]), up)) abort();
    if (down.len > buf_len(&sent[1]) || !span_starts(buf_span(&sent[1]), down)) abort();
    if (up.len == 0 && down.len == 0) return;
    if (hello_peek(buf_span(&sent[0]), &hello) != ERR_OK || hello.has_ech) abort();
    if (strcmp((const char *)hello.name, "pass.example.com") != 0) abort();
}

static void play(struct talker *client, struct talker *origin, struct span script)
{
    size_t greeting = buf_len(&client->heard);

    while (script.len > 0) {
        uint8_t len = script.at[0];
        script = span_from(script, 1);
        if (len == 0xff) {
            world_pass(SECONDS(3));
            continue;
        }
        struct span piece = span_first(script, len & 0x7f);
        say(len & 0x80 ? origin : client, piece, &sent[len >> 7]);
        check(client, origin, greeting);
        script = span_from(script, piece.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct talker client, origin;

    if (len < 2 || len > 8192) return 0;
    egress_begin();
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "CONNECT pass.example.com:443 HTTP/1.1\r\nHost: pass.example.com\r\n\r\n");
    if (!talker_accept(&origin)) abort();
    play(&client, &origin, (struct span){bytes + 1, len - 1});
    if (bytes[0] & 1) talker_finish(&client);
    if (bytes[0] & 2) talker_finish(&origin);
    if (bytes[0] & 4) talker_leave(&origin);
    world_pass(TLS_HANDSHAKE_MS + TUNNEL_IDLE_MS);
    if (egress.conn_count != 0) abort();
    talker_leave(&client);
    talker_leave(&origin);
    for (size_t i = 0; i < COUNT_OF(sent); i++) buf_clear(&sent[i]);
    egress_end();
    return 0;
}
