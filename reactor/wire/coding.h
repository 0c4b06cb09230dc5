/* coding.h — one content coding undone: a row of a table, and a decoder of it (for inflate.c).
 *
 * Knows    gzip and x-gzip (RFC 1952; members may follow each other), deflate (RFC 1950, or the bare RFC 1951 that some
 *          send), br (RFC 7932), zstd (RFC 8878, frames may follow each other; RFC 9659's window of 8 MiB).
 * Refuses  what has two readings or none: bytes behind the end, a wrong checksum, a preset dictionary, larger windows,
 *          zstd's formats of before RFC 8878.
 * Memory   all of it is reactor/base/mem.h's: gzip and deflate some 40 KiB, zstd 8.3 MiB in one piece, br at most
 *          CODING_MEMORY_MAX.  What of it holds no output yet is not touched.
 */
#pragma once
#include <zlib.h>

#include "reactor/base/err.h"
#include "reactor/base/span.h"

struct decoder {
    const struct coding *coding;
    bool begun;      /* a byte has come */
    bool whole;      /* all that has come is complete */
    size_t held;     /* bytes the library has */
    uint8_t head[5]; /* deflate: its first bytes */
    size_t head_len;
    z_stream zlib;
    struct BrotliDecoderStateStruct *br;
    struct ZSTD_DCtx_s *zstd;
    void *workspace; /* of zstd */
};

struct coding {
    const char *name;
    bool repeats; /* the next may begin where one has ended */
    enum err (*open)(struct decoder *decoder);
    enum err (*step)(struct decoder *decoder, struct span *in, uint8_t *room, size_t size, size_t *len);
    void (*close)(struct decoder *decoder);
};

/* The row of that name, in any case of letters, or NULL. */
const struct coding *coding_find(struct span name);

/* decoder is zeroed memory that stays where it is.  errors: ERR_NOMEM (decoder_close() it all the same) */
MUST_CHECK enum err decoder_open(struct decoder *decoder, const struct coding *coding);

/* Takes bytes off in, and writes *len bytes into room, on failure too.  There may be more when it filled the room.
 * errors: ERR_SYNTAX, ERR_NOMEM */
MUST_CHECK enum err decoder_step(struct decoder *decoder, struct span *in, uint8_t *room, size_t size, size_t *len);
void decoder_close(struct decoder *decoder);
