/* fuzz_http2.c — claim: whatever bytes come, as a server and as a client, how they are cut changes nothing that is told
 * and no reset or GOAWAY that is sent; memory and streams stay within their bounds; a GOAWAY of ours is the end.
 * The first byte is the role, whether a server answers, and the cut.  Reaches http2_feed, http2_flood_step,
 * http2_read_request, http2_read_response, http2_take.  Seeds fuzz/corpus/http2. */
#include <stdarg.h>
#include <stdlib.h>

#include "reactor/base/limits.h"
#include "tests/http2_peer.h"

#define CLIENT  0x80u
#define ANSWERS 0x40u
#define CUT     0x3fu

static const char *const methods[] = {"GET", "HEAD", "POST"};

static void open_streams(struct peer *peer)
{
    struct head head = {.target = SPAN_LIT("/"), .field_count = 1, .fields = {{SPAN_LIT("host"), SPAN_LIT("a")}}};
    struct buf out = {0};
    struct http2_stream *stream;

    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        head.method = span_of(methods[i]);
        if (http2_open(peer->http2, &head, i < 2, (void *)(intptr_t)(1 + 2 * i), &stream) != ERR_OK) abort();
    }
    peer->ids = COUNT_OF(methods);
    if (http2_take(peer->http2, &out, SIZE_MAX) != ERR_OK) abort();
    buf_clear(&out);
}

static void feed(struct peer *peer, struct span in, size_t piece)
{
    while (in.len > 0) {
        struct span next = span_first(in, piece);
        if (http2_feed(peer->http2, next, 0) != ERR_OK) abort();
        if (http2_memory(peer->http2) > HTTP2_MEMORY_MAX) abort();
        if (http2_stream_count(peer->http2) > HTTP2_STREAMS_MAX) abort();
        in = span_from(in, next.len);
    }
}

static void run(struct peer *peer, uint8_t mode, struct span in, size_t piece, char *faults, size_t size)
{
    struct buf out = {0};

    peer_begin(peer, mode & CLIENT ? HTTP2_CLIENT : HTTP2_SERVER);
    peer->answers = (mode & (CLIENT | ANSWERS)) == ANSWERS;
    if (mode & CLIENT)
        open_streams(peer);
    else
        feed(peer, span_of(FRAMES_PREFACE), piece);
    feed(peer, in, piece);
    if (http2_take(peer->http2, &out, SIZE_MAX) != ERR_OK) abort();
    frames_read_faults(buf_span(&out), faults, size);
    if ((strstr(faults, "GOAWAY") != NULL) != (peer->goaways > 0)) abort();
    if (peer->goaways > 0 && !http2_over(peer->http2)) abort();
    buf_clear(&out);
    http2_free(&peer->http2);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct peer whole, cut;
    static char whole_faults[1 << 17], cut_faults[1 << 17];

    if (len < 1) return 0;
    struct span in = {bytes + 1, len - 1};
    run(&whole, bytes[0], in, SIZE_MAX, whole_faults, sizeof whole_faults);
    run(&cut, bytes[0], in, 1 + (bytes[0] & CUT), cut_faults, sizeof cut_faults);
    if (strcmp(whole.log, cut.log) != 0 || strcmp(whole_faults, cut_faults) != 0) abort();
    return 0;
}
