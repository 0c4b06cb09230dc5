/* coder.h — content codings applied, for tests: the other direction of reactor/wire/inflate.h. */
#pragma once
#include "reactor/base/buf.h"

/* Appends plain, coded: "gzip", "deflate", "bare" (RFC 1951 alone), "br", "zstd".  A list is applied in its order. */
void coder_add(struct buf *out, const char *codings, struct span plain);

/* The same with what the encoders let one choose: window is zlib's windowBits, br's lgwin (beyond 24: a large one), the
 * binary logarithm of zstd's. */
void coder_zlib(struct buf *out, struct span plain, int level, int window);
void coder_br(struct buf *out, struct span plain, int quality, int window);
void coder_zstd(struct buf *out, struct span plain, int level, int window);
