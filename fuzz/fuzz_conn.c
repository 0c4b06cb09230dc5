/* fuzz_conn.c — claim: whatever a client sends, however it is cut, no secret reaches an origin or the access log,
 * nobody is dialled but the routes' own address, and every connection ends in time.
 * A message is looked at by itself: what is split over two of them nobody finds.
 * The first byte chooses the kind of port; then each piece is one length byte and as many bytes, or (0xff) lets time
 * pass.
 * Reaches conn.c, connect.c, names.c, request.c, reply.c.  Seeds fuzz/corpus/conn. */
#include <stdlib.h>
#include <string.h>

#include "tests/world/egress.h"

/* What passed through unread begins with the ClientHello that was checked; nothing is promised of the rest. */
static void check_origin(struct talker *origin)
{
    struct span heard = buf_span(&origin->heard);

    if (heard.len == 0 || heard.at[0] == 0x16) return;
    for (size_t i = 0; i + strlen(EGRESS_SECRET) <= heard.len; i++)
        if (span_is_nocase(span_first(span_from(heard, i), strlen(EGRESS_SECRET)), SPAN_LIT(EGRESS_SECRET))) abort();
    talker_forget(origin);
}

static void check_dials(void)
{
    struct addr allowed;

    if (addr_parse(SPAN_LIT(EGRESS_ORIGIN), &allowed) != ERR_OK) abort();
    for (size_t i = 0; i < world.connect_count && i < WORLD_CONNECTS_MAX; i++)
        if (memcmp(world.connects[i].ip, allowed.ip, 4) != 0) abort();
}

static void play(struct talker *client, struct span script)
{
    while (script.len > 0 && !client->gone) {
        uint8_t len = script.at[0];
        script = span_from(script, 1);
        if (len == 0xff) {
            world_pass(SECONDS(7));
            continue;
        }
        struct span piece = span_first(script, len);
        talker_say_bytes(client, piece);
        script = span_from(script, piece.len);
    }
}

static void answer_origins(void)
{
    struct talker origin;

    for (int i = 0; i < 8 && talker_accept(&origin); i++) {
        check_origin(&origin);
        talker_say(&origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); /* the next request may follow */
        check_origin(&origin);
        talker_leave(&origin);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct talker client;

    if (len < 2 || len > 8192) return 0;
    egress_begin();
    talker_connect(&client, bytes[0] & 1 ? CONN_DIRECT : CONN_PROXY);
    play(&client, (struct span){bytes + 1, len - 1});
    answer_origins();
    if (bytes[0] & 2) talker_finish(&client);
    answer_origins();
    check_dials();
    if (strcasestr(egress_log(), EGRESS_SECRET) != NULL) abort();
    if (bytes[0] & 4) talker_leave(&client);
    world_pass(BODY_TOTAL_MS + RELAY_IDLE_MS + ANSWER_MS);
    if (egress.conn_count != 0) abort();
    if (client.stream != NULL) talker_leave(&client);
    egress_end();
    return 0;
}
