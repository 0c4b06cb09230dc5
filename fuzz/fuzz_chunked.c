/* fuzz_chunked.c — claim: how the bytes are cut changes neither the body nor its trailers, and written again in chunks
 * it decodes to itself.
 * The first eight bytes are the cuts.  Reaches chunked_feed, octet_find_end, http1_write_chunk, http1_write_last.
 * Seeds fuzz/corpus/chunked. */
#include <stdlib.h>

#include "reactor/wire/http1.h"

enum { BYTES_MAX = 4096 };

struct decoded {
    enum chunked_state state;
    uint8_t body[BYTES_MAX];
    size_t len, used;
    struct span trailers;
};

/* The window in front of the decoder grows by the next cut when it makes no way. */
static void decode(struct span in, struct span cuts, struct decoded *out)
{
    struct chunked decoder = {0};
    size_t turn = 0, arrived = cuts.len == 0 ? in.len : 0, used;
    struct span data;

    *out = (struct decoded){0};
    for (;;) {
        chunked_feed(&decoder, (struct span){in.at + out->used, arrived - out->used}, &used, &data);
        if (used > arrived - out->used || data.len > used) abort(); /* data is a slice of what was used */
        if (data.len > 0) memcpy(out->body + out->len, data.at, data.len);
        out->len += data.len;
        out->used += used;
        if (used > 0 || decoder.state == CHUNKED_BAD) {
            if (decoder.state >= CHUNKED_DONE) break;
            continue;
        }
        if (arrived == in.len) break;
        size_t step = 1 + cuts.at[turn++ % cuts.len] % 7u, left = in.len - arrived;
        arrived += step < left ? step : left;
    }
    out->state = decoder.state;
    out->trailers = decoder.trailers;
}

static void write_and_decode_again(const struct decoded *first, size_t piece)
{
    static struct decoded again;
    struct buf out = {0};

    for (size_t at = 0; at < first->len; at += piece) {
        size_t left = first->len - at;
        if (http1_write_chunk(&out, (struct span){first->body + at, piece < left ? piece : left}) != ERR_OK) abort();
    }
    if (http1_write_last(&out, NULL, 0) != ERR_OK) abort();
    if (buf_len(&out) <= BYTES_MAX) {
        decode(buf_span(&out), (struct span){0}, &again);
        if (again.state != CHUNKED_DONE || again.used != buf_len(&out) || again.len != first->len) abort();
        if (memcmp(again.body, first->body, first->len) != 0) abort();
    }
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct decoded whole, cut;

    if (len < 8 || len > BYTES_MAX) return 0;
    struct span cuts = {bytes, 8}, in = {bytes + 8, len - 8};
    decode(in, (struct span){0}, &whole);
    decode(in, cuts, &cut);
    if (whole.state != cut.state || whole.len != cut.len || memcmp(whole.body, cut.body, whole.len) != 0) abort();
    if (whole.state == CHUNKED_DONE && (whole.used != cut.used || !span_is(whole.trailers, cut.trailers))) abort();
    if (whole.state == CHUNKED_DONE) write_and_decode_again(&whole, 1 + bytes[0]);
    return 0;
}
