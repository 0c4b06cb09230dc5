/* fuzz_ws_deflate.c — claim: how a deflated message is cut and how small the room is change neither what it says nor
 * why it is refused, no message says more than its bound, every one comes to an end, and what any bytes are
 * deflated to is read again.
 * The first byte says whether the context is kept, and the room; the next eight are the cuts; a message is read twice,
 * so the second one may point into the first.  Reaches ws_inflate_feed, ws_inflate_end, ws_deflate_feed,
 * ws_deflate_end.  Seeds fuzz/corpus/ws_deflate. */
#include <stdlib.h>

#include "reactor/base/limits.h"
#include "reactor/wire/ws_deflate.h"

struct told {
    struct buf bytes;
    enum err err;
};

static void require(bool claim)
{
    if (!claim) abort();
}

static void feed(struct ws_inflate *inflate, struct span in, size_t size, struct told *told)
{
    static uint8_t room[65536];
    size_t len;

    while (in.len > 0 && told->err == ERR_OK) {
        told->err = ws_inflate_feed(inflate, &in, room, size, &len);
        require(buf_add(&told->bytes, (struct span){room, len}) == ERR_OK);
    }
}

static void end(struct ws_inflate *inflate, size_t size, struct told *told)
{
    static uint8_t room[65536];
    size_t len;

    while (told->err == ERR_OK) {
        told->err = ws_inflate_end(inflate, room, size, &len);
        require(buf_add(&told->bytes, (struct span){room, len}) == ERR_OK);
        if (told->err != ERR_AGAIN) return;
        told->err = ERR_OK;
    }
}

/* Both messages' bytes, and the first error. */
static struct told read_twice(struct span in, bool keeps, struct span cuts, size_t size)
{
    struct ws_inflate inflate = {.terms = {15, keeps}};
    struct told told = {0};
    size_t turn = 0;

    for (int i = 0; i < 2 && told.err == ERR_OK; i++) {
        require(ws_inflate_begin(&inflate) == ERR_OK);
        for (struct span rest = in; rest.len > 0 && told.err == ERR_OK;) {
            struct span piece = cuts.len == 0 ? rest : span_first(rest, 1 + cuts.at[turn++ % cuts.len] % 61u);
            feed(&inflate, piece, size, &told);
            rest = span_from(rest, piece.len);
        }
        end(&inflate, size, &told);
    }
    ws_inflate_clear(&inflate);
    return told;
}

static void write_and_read_again(struct span plain, size_t step)
{
    struct ws_deflate deflate = {0};
    struct ws_inflate inflate = {.terms = {15, false}};
    struct buf made = {0};
    struct told told = {0};

    require(ws_deflate_begin(&deflate, 9) == ERR_OK);
    for (struct span rest = plain; rest.len > 0; rest = span_from(rest, span_first(rest, step).len))
        require(ws_deflate_feed(&deflate, span_first(rest, step), &made) == ERR_OK);
    require(ws_deflate_end(&deflate, &made) == ERR_OK && ws_inflate_begin(&inflate) == ERR_OK);
    feed(&inflate, buf_span(&made), 4096, &told);
    end(&inflate, 4096, &told);
    require(told.err == ERR_OK && span_is(buf_span(&told.bytes), plain));
    buf_clear(&made);
    buf_clear(&told.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 9 || len > 4096) return 0;
    struct span in = {bytes + 9, len - 9};
    bool keeps = (bytes[0] & 1) != 0;
    struct told whole = read_twice(in, keeps, (struct span){0}, 65536);
    struct told cut = read_twice(in, keeps, (struct span){bytes + 1, 8}, 1 + 16u * (bytes[0] >> 1));
    uint64_t blocks = (in.len + INFLATE_BLOCK - 1) / INFLATE_BLOCK, most = blocks * INFLATE_BLOCK * INFLATE_RATIO_MAX;

    require(whole.err == cut.err);
    require(buf_len(&whole.bytes) <= 2 * most && buf_len(&cut.bytes) <= 2 * most);
    require(span_is(buf_span(&whole.bytes), buf_span(&cut.bytes)));
    write_and_read_again(in, 1 + bytes[1]);
    buf_clear(&whole.bytes);
    buf_clear(&cut.bytes);
    return 0;
}
