/* fuzz_chunked.c — claim: how the bytes are cut changes nothing.
 * Reaches chunked_feed, next_state.  Seeds fuzz/corpus/chunked. */
#include <stdlib.h>
#include <string.h>

#include "reactor/wire/chunked.h"

static enum chunked_state decode(struct span in, const struct span cuts, uint8_t *out, size_t *out_len)
{
    struct chunked decoder = {0};
    size_t turn = 0;

    *out_len = 0;
    while (in.len > 0 && decoder.state < CHUNKED_DONE) {
        size_t step = cuts.len == 0 ? in.len : 1 + cuts.at[turn++ % cuts.len] % 7u, used;
        struct span piece = {in.at, step < in.len ? step : in.len}, data;

        chunked_feed(&decoder, piece, &used, &data);
        if (used == 0) abort();       /* it always moves */
        if (data.len > used) abort(); /* data is a slice of what was used */
        if (data.len > 0) memcpy(out + *out_len, data.at, data.len);
        *out_len += data.len;
        in = span_from(in, used);
    }
    return decoder.state;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 8 || len > 4096) return 0;
    struct span cuts = {bytes, 8}, in = {bytes + 8, len - 8};
    uint8_t whole[4096], cut[4096];
    size_t whole_len, cut_len;

    enum chunked_state a = decode(in, (struct span){0}, whole, &whole_len);
    enum chunked_state b = decode(in, cuts, cut, &cut_len);
    if (a != b || whole_len != cut_len || memcmp(whole, cut, whole_len) != 0) abort();
    return 0;
}
