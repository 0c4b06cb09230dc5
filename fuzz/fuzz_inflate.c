/* fuzz_inflate.c — claim: how a coded body is cut changes neither what comes out nor whether it is refused, no coding
 * gives more than its bound, and every body comes to an end.
 * The first byte names the codings, the next eight are the cuts.  Reaches inflate_feed, decoder_step of each coding.
 * Seeds fuzz/corpus/inflate. */
#include <stdlib.h>

#include "reactor/base/buf.h"
#include "reactor/base/limits.h"
#include "reactor/wire/inflate.h"

static const char *const lists[] = {"gzip",       "deflate",     "br",       "zstd",
                                    "gzip, gzip", "br, deflate", "zstd, br", "gzip,deflate,br,zstd,gzip"};

struct decoded {
    struct buf bytes;
    enum err err;
};

static void require(bool claim)
{
    if (!claim) abort();
}

static enum err keep(void *context, struct span bytes)
{
    struct decoded *decoded = context;

    require(bytes.len > 0);
    return buf_add(&decoded->bytes, bytes);
}

static struct decoded decode(const char *list, struct span body, struct span cuts)
{
    struct decoded decoded = {0};
    struct inflate *inflate = NULL;
    size_t turn = 0;

    require(inflate_new(span_of(list), keep, &decoded, &inflate) == ERR_OK);
    while (decoded.err == ERR_OK && body.len > 0) {
        struct span piece = cuts.len == 0 ? body : span_first(body, 1 + cuts.at[turn++ % cuts.len] % 61u);
        decoded.err = inflate_feed(inflate, piece);
        body = span_from(body, piece.len);
    }
    if (decoded.err == ERR_OK) decoded.err = inflate_end(inflate);
    inflate_free(&inflate);
    return decoded;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 9) return 0;
    const char *list = lists[bytes[0] % (sizeof lists / sizeof *lists)];
    struct span body = {bytes + 9, len - 9};
    struct decoded whole = decode(list, body, (struct span){0}), cut = decode(list, body, (struct span){bytes + 1, 8});
    uint64_t blocks = (body.len + INFLATE_BLOCK - 1) / INFLATE_BLOCK;

    require((whole.err == ERR_OK) == (cut.err == ERR_OK));
    require(buf_len(&whole.bytes) <= blocks * INFLATE_BLOCK * INFLATE_RATIO_MAX);
    require(buf_len(&cut.bytes) <= blocks * INFLATE_BLOCK * INFLATE_RATIO_MAX);
    require(whole.err != ERR_OK || span_is(buf_span(&whole.bytes), buf_span(&cut.bytes)));
    buf_clear(&whole.bytes);
    buf_clear(&cut.bytes);
    return 0;
}
