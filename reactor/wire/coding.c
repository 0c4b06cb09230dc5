#define ZLIB_CONST
#define ZSTD_STATIC_LINKING_ONLY
#include "reactor/wire/coding.h"

#include <brotli/decode.h>
#include <zstd.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

/* --- memory of the libraries ----------------------------------------------------------------------------- */

union held {
    size_t size;
    max_align_t align;
};

static void *hold(void *opaque, size_t size)
{
    struct decoder *d = opaque;
    union held *memory;

    if (size > CODING_MEMORY_MAX - d->held) return NULL;
    memory = mem_room(sizeof *memory + size);
    if (memory == NULL) return NULL;
    memory->size = size;
    d->held += size;
    return memory + 1;
}

static void let_go(void *opaque, void *at)
{
    struct decoder *d = opaque;
    union held *memory = at;

    if (memory == NULL) return;
    memory--;
    d->held -= memory->size;
    mem_free(memory);
}

static void *hold_items(void *opaque, unsigned items, unsigned size) { return hold(opaque, (size_t)items * size); }

/* --- gzip and deflate ------------------------------------------------------------------------------------ */

enum { GZIP_WINDOW = 15 + 16, ZLIB_WINDOW = 15, BARE_WINDOW = -15 }; /* what inflateInit2() takes for a format */

static enum err zlib_err(int code)
{
    switch (code) {
    case Z_OK:
    case Z_STREAM_END:
    case Z_BUF_ERROR: return ERR_OK; /* the last: it wants more bytes, or more room */
    case Z_MEM_ERROR: return ERR_NOMEM;
    default: return ERR_SYNTAX;
    }
}

static enum err zlib_open(struct decoder *d, int window)
{
    d->zlib.zalloc = hold_items;
    d->zlib.zfree = let_go;
    d->zlib.opaque = d;
    return zlib_err(inflateInit2(&d->zlib, window));
}

static enum err zlib_step(struct decoder *d, struct span *in, uint8_t *room, size_t size, size_t *len)
{
    z_stream *z = &d->zlib;
    int code;

    z->next_in = in->at;
    z->avail_in = (unsigned)in->len;
    z->next_out = room;
    z->avail_out = (unsigned)size;
    code = inflate(z, Z_NO_FLUSH);
    *in = span_from(*in, in->len - z->avail_in);
    *len = size - z->avail_out;
    d->whole = code == Z_STREAM_END;
    return zlib_err(code);
}

static void zlib_close(struct decoder *d) { (void)inflateEnd(&d->zlib); }

static enum err gzip_open(struct decoder *d) { return zlib_open(d, GZIP_WINDOW); }

static enum err gzip_step(struct decoder *d, struct span *in, uint8_t *room, size_t size, size_t *len)
{
    if (d->whole) TRY(zlib_err(inflateReset(&d->zlib)));
    return zlib_step(d, in, room, size, len);
}

static enum err deflate_open(struct decoder *d)
{
    (void)d; /* its first byte decides */
    return ERR_OK;
}

/* RFC 1950 section 2.2: CM 8 and a window of up to 32 KiB.  Read bare this byte begins a stored block with padding that
 * is not zero, which no encoder writes. */
static bool is_zlib(uint8_t first) { return (first & 0x8f) == 0x08; }

/* ...and where the lengths of that block fit as well (RFC 1951 section 3.2.4), a reader of bare streams reads on. */
static bool is_twofold(const uint8_t *head)
{
    return is_zlib(head[0]) && (head[1] ^ head[3]) == 0xff && (head[2] ^ head[4]) == 0xff;
}

static enum err deflate_step(struct decoder *d, struct span *in, uint8_t *room, size_t size, size_t *len)
{
    size_t taken = d->zlib.total_in;

    for (; d->head_len < sizeof d->head && d->head_len < taken + in->len; d->head_len++)
        d->head[d->head_len] = in->at[d->head_len - taken];
    if (d->head_len == sizeof d->head && is_twofold(d->head)) return ERR_SYNTAX;
    if (d->zlib.state == NULL) TRY(zlib_open(d, is_zlib(d->head[0]) ? ZLIB_WINDOW : BARE_WINDOW));
    return zlib_step(d, in, room, size, len);
}

/* --- br -------------------------------------------------------------------------------------------------- */

static enum err br_open(struct decoder *d)
{
    d->br = BrotliDecoderCreateInstance(hold, let_go, d);
    return d->br != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err br_err(BrotliDecoderErrorCode code)
{
    bool no_room =
        code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES && code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;

    return no_room ? ERR_NOMEM : ERR_SYNTAX;
}

static enum err br_step(struct decoder *d, struct span *in, uint8_t *room, size_t size, size_t *len)
{
    size_t left = in->len, free_left = size;
    const uint8_t *next = in->at;
    BrotliDecoderResult result = BrotliDecoderDecompressStream(d->br, &left, &next, &free_left, &room, NULL);

    *in = span_from(*in, in->len - left);
    *len = size - free_left;
    d->whole = result == BROTLI_DECODER_RESULT_SUCCESS;
    return result == BROTLI_DECODER_RESULT_ERROR ? br_err(BrotliDecoderGetErrorCode(d->br)) : ERR_OK;
}

static void br_close(struct decoder *d) { BrotliDecoderDestroyInstance(d->br); }

/* --- zstd ------------------------------------------------------------------------------------------------ */

/* In memory of a fixed size: then the library reads no older format, whose windows have no bound. */
static enum err zstd_open(struct decoder *d)
{
    size_t size = ZSTD_estimateDStreamSize((size_t)1 << ZSTD_WINDOW_LOG_MAX);

    d->workspace = mem_room(size);
    if (d->workspace == NULL) return ERR_NOMEM;
    d->zstd = ZSTD_initStaticDStream(d->workspace, size);
    if (d->zstd == NULL || ZSTD_isError(ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX)))
        return ERR_LIMIT;
    return ERR_OK;
}

static enum err zstd_step(struct decoder *d, struct span *in, uint8_t *room, size_t size, size_t *len)
{
    ZSTD_inBuffer from = {in->at, in->len, 0};
    ZSTD_outBuffer to = {room, size, 0};
    size_t hint = ZSTD_decompressStream(d->zstd, &to, &from);

    *in = span_from(*in, from.pos);
    *len = to.pos;
    d->whole = hint == 0;
    return ZSTD_isError(hint) ? ERR_SYNTAX : ERR_OK;
}

static void zstd_close(struct decoder *d) { mem_free(d->workspace); }

/* --- the table ------------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct coding codings[] = {
    {"gzip",    true,  gzip_open,    gzip_step,    zlib_close},
    {"x-gzip",  true,  gzip_open,    gzip_step,    zlib_close}, /* RFC 9110 section 8.4.1.3 */
    {"deflate", false, deflate_open, deflate_step, zlib_close},
    {"br",      false, br_open,      br_step,      br_close},
    {"zstd",    true,  zstd_open,    zstd_step,    zstd_close},
};
/* clang-format on */

const struct coding *coding_find(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(codings); i++)
        if (span_is_nocase(name, span_of(codings[i].name))) return &codings[i];
    return NULL;
}

enum err decoder_open(struct decoder *decoder, const struct coding *coding)
{
    decoder->coding = coding;
    return coding->open(decoder);
}

enum err decoder_step(struct decoder *decoder, struct span *in, uint8_t *room, size_t size, size_t *len)
{
    *len = 0;
    if (decoder->whole && !decoder->coding->repeats) return ERR_SYNTAX; /* bytes behind its end */
    decoder->begun = true;
    return decoder->coding->step(decoder, in, room, size, len);
}

void decoder_close(struct decoder *decoder)
{
    if (decoder->coding != NULL) decoder->coding->close(decoder);
}
