#define ZLIB_CONST
#include "tests/coder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <brotli/encode.h>
#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "reactor/wire/head.h"

void coder_zlib(struct buf *out, struct span plain, int level, int window)
{
    z_stream z = {.next_in = plain.at, .avail_in = (unsigned)plain.len};
    uint8_t *room;

    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.avail_out = (unsigned)deflateBound(&z, plain.len);
    assert_int_equal(buf_room(out, z.avail_out, &room), ERR_OK);
    z.next_out = room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_added(out, z.total_out);
    assert_int_equal(deflateEnd(&z), Z_OK);
}

void coder_br(struct buf *out, struct span plain, int quality, int window)
{
    BrotliEncoderState *br = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    size_t left = plain.len, size = BrotliEncoderMaxCompressedSize(plain.len), free_left = size;
    const uint8_t *next = plain.at;
    uint8_t *room;

    assert_int_equal(buf_room(out, size, &room), ERR_OK);
    BrotliEncoderSetParameter(br, BROTLI_PARAM_QUALITY, (uint32_t)quality);
    BrotliEncoderSetParameter(br, BROTLI_PARAM_LARGE_WINDOW, window > BROTLI_MAX_WINDOW_BITS);
    BrotliEncoderSetParameter(br, BROTLI_PARAM_LGWIN, (uint32_t)window);
    assert_true(BrotliEncoderCompressStream(br, BROTLI_OPERATION_FINISH, &left, &next, &free_left, &room, NULL));
    assert_true(BrotliEncoderIsFinished(br));
    buf_added(out, size - free_left);
    BrotliEncoderDestroyInstance(br);
}

void coder_zstd(struct buf *out, struct span plain, int level, int window)
{
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    size_t size = ZSTD_compressBound(plain.len), len;
    uint8_t *room;

    assert_int_equal(buf_room(out, size, &room), ERR_OK);
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, window);
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
    len = ZSTD_compress2(zstd, room, size, plain.at, plain.len);
    assert_false(ZSTD_isError(len));
    buf_added(out, len);
    ZSTD_freeCCtx(zstd);
}

static void add_one(struct buf *out, struct span coding, struct span plain)
{
    if (span_is(coding, SPAN_LIT("gzip"))) return coder_zlib(out, plain, 6, 15 + 16);
    if (span_is(coding, SPAN_LIT("deflate"))) return coder_zlib(out, plain, 6, 15);
    if (span_is(coding, SPAN_LIT("bare"))) return coder_zlib(out, plain, 6, -15);
    if (span_is(coding, SPAN_LIT("br"))) return coder_br(out, plain, 5, 22);
    if (span_is(coding, SPAN_LIT("zstd"))) return coder_zstd(out, plain, 3, 0);
    fail_msg("no coder of %.*s", SPAN_FMT(coding));
}

void coder_add(struct buf *out, const char *codings, struct span plain)
{
    struct span list = span_of(codings), each;
    struct buf from = {0}, to = {0};

    assert_int_equal(buf_add(&from, plain), ERR_OK);
    while (head_next_element(&list, &each)) {
        add_one(&to, each, buf_span(&from));
        buf_clear(&from);
        from = to;
        to = (struct buf){0};
    }
    assert_int_equal(buf_add(out, buf_span(&from)), ERR_OK);
    buf_clear(&from);
}
