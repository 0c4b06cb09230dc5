#define ZLIB_CONST
#include "reactor/wire/ws_deflate.h"

#include <assert.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

/* RFC 7692 section 7.2.1: the end of a flushed stream, which no message carries. */
static const uint8_t flushed[] = {0x00, 0x00, 0xff, 0xff};

static void *hold(void *opaque, unsigned items, unsigned size)
{
    (void)opaque;
    return mem_room((size_t)items * size);
}

static void let_go(void *opaque, void *at)
{
    (void)opaque;
    mem_free(at);
}

/* --- inflating ------------------------------------------------------------------------------------------- */

enum err ws_inflate_begin(struct ws_inflate *w)
{
    w->at_block = w->pending = false;
    w->tail = 0;
    w->fed = w->given = 0;
    if (w->open) return ERR_OK;
    w->zlib = (z_stream){.zalloc = hold, .zfree = let_go};
    if (inflateInit2(&w->zlib, -MAX_WBITS) != Z_OK) return ERR_NOMEM;
    w->open = true;
    return ERR_OK;
}

/* What zlib's data_type says when a block has just ended (128) that is not the last (64), and no bit is left. */
enum { BLOCK_ENDED = 128 };

/* A block that says it is the last ends a stream, not the message: the next one follows, with an empty window. */
static enum err inflate_err(struct ws_inflate *w, int code)
{
    switch (code) {
    case Z_OK:
    case Z_BUF_ERROR: return ERR_OK; /* it wants more bytes, or more room */
    case Z_STREAM_END: return inflateReset(&w->zlib) == Z_OK ? ERR_OK : ERR_SYNTAX;
    case Z_MEM_ERROR: return ERR_NOMEM;
    default: return ERR_SYNTAX;
    }
}

static enum err inflate_some(struct ws_inflate *w, struct span *in, uint8_t *room, size_t size, size_t *len)
{
    z_stream *z = &w->zlib;
    int code;

    z->next_in = in->at;
    z->avail_in = (unsigned)in->len;
    z->next_out = room;
    z->avail_out = (unsigned)size;
    code = inflate(z, Z_SYNC_FLUSH);
    *len = size - z->avail_out;
    w->pending = z->avail_out == 0;
    if (z->avail_in < in->len) w->at_block = (z->data_type & 0xff) == BLOCK_ENDED;
    *in = span_from(*in, in->len - z->avail_in);
    return inflate_err(w, code);
}

/* Bytes that the message may have by now.  It grows by whole blocks, so how far in one the cut is does not matter. */
static uint64_t bound(const struct ws_inflate *w)
{
    uint64_t blocks = (w->fed + INFLATE_BLOCK - 1) / INFLATE_BLOCK, bytes = blocks * INFLATE_BLOCK * INFLATE_RATIO_MAX;

    return bytes < WS_MESSAGE_MAX ? bytes : WS_MESSAGE_MAX;
}

/* Counts *len bytes, those up to the bound: what is both too large and broken behind it is too large. */
static enum err give(struct ws_inflate *w, size_t *len, enum err err)
{
    uint64_t left = bound(w) - w->given;

    if (*len > left) {
        *len = (size_t)left;
        err = ERR_LIMIT;
    }
    w->given += *len;
    return err;
}

/* What is pending comes before the next byte is fed, and no call feeds two blocks: each byte's bound is its own. */
enum err ws_inflate_feed(struct ws_inflate *w, struct span *in, uint8_t *room, size_t size, size_t *len)
{
    struct span part = span_first(*in, w->pending ? 0 : INFLATE_BLOCK - w->fed % INFLATE_BLOCK), rest = part;
    enum err err = inflate_some(w, &rest, room, size, len);
    size_t used = part.len - rest.len;

    w->fed += used;
    *in = span_from(*in, used);
    return give(w, len, err);
}

static enum err finish(struct ws_inflate *w)
{
    if (!w->at_block) return ERR_SYNTAX;
    if (!w->terms.keeps_context) ws_inflate_clear(w);
    return ERR_OK;
}

/* The end is an empty block: where it becomes bytes, it was taken for something else. */
enum err ws_inflate_end(struct ws_inflate *w, uint8_t *room, size_t size, size_t *len)
{
    struct span in = {flushed + w->tail, w->pending ? 0 : sizeof flushed - w->tail};
    size_t left = in.len;
    enum err err = inflate_some(w, &in, room, size, len);

    if (left > 0 && *len > 0) {
        *len = 0;
        return ERR_SYNTAX;
    }
    TRY(give(w, len, err));
    w->tail += (uint8_t)(left - in.len);
    return w->tail < sizeof flushed ? ERR_AGAIN : finish(w);
}

void ws_inflate_clear(struct ws_inflate *w)
{
    if (w->open) (void)inflateEnd(&w->zlib);
    w->open = false;
}

/* --- deflating ------------------------------------------------------------------------------------------- */

enum { DEFLATE_PIECE = 4096 }; /* room that is asked for at once */

enum err ws_deflate_begin(struct ws_deflate *w, uint8_t window_bits)
{
    int bits = window_bits < WS_DEFLATE_WINDOW ? window_bits : (int)WS_DEFLATE_WINDOW;

    assert(!w->open && bits >= 9 /* zlib writes no less */);
    w->zlib = (z_stream){.zalloc = hold, .zfree = let_go};
    if (deflateInit2(&w->zlib, WS_DEFLATE_LEVEL, Z_DEFLATED, -bits, WS_DEFLATE_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return ERR_NOMEM;
    w->open = true;
    return ERR_OK;
}

static enum err deflate_some(struct ws_deflate *w, struct span bytes, int flush, struct buf *out)
{
    z_stream *z = &w->zlib;

    z->next_in = bytes.at;
    z->avail_in = (unsigned)bytes.len;
    do {
        uint8_t *at;
        TRY(buf_room(out, DEFLATE_PIECE, &at));
        z->next_out = at;
        z->avail_out = DEFLATE_PIECE;
        (void)deflate(z, flush); /* Z_BUF_ERROR: all was given before; else it can't fail */
        buf_added(out, DEFLATE_PIECE - z->avail_out);
    } while (z->avail_out == 0);
    return ERR_OK;
}

enum err ws_deflate_feed(struct ws_deflate *w, struct span bytes, struct buf *out)
{
    return deflate_some(w, bytes, Z_NO_FLUSH, out);
}

enum err ws_deflate_end(struct ws_deflate *w, struct buf *out)
{
    TRY(deflate_some(w, (struct span){0}, Z_SYNC_FLUSH, out));
    assert(buf_len(out) > sizeof flushed);
    buf_cut(out, buf_len(out) - sizeof flushed);
    ws_deflate_clear(w);
    return ERR_OK;
}

void ws_deflate_clear(struct ws_deflate *w)
{
    if (w->open) (void)deflateEnd(&w->zlib);
    w->open = false;
}
