/* chunked.h — HTTP/1.1 chunked body, bytes in, bytes out.
 *
 * Knows    RFC 9112 §7.1 without trailers: CRLF only, hex only, no leading sign, no whitespace around the size.
 * Asks     nothing: no socket, no clock, no allocation.
 * Bounds   CHUNK_SIZE_MAX bytes a chunk, CHUNK_LINE_MAX bytes a size line.
 */
#pragma once
#include <stdint.h>
#include "reactor/base/span.h"

enum chunked_state {
    CHUNKED_SIZE,    /* hex digits */
    CHUNKED_EXT,     /* ; name=value, skipped */
    CHUNKED_SIZE_LF, /* LF of the size line */
    CHUNKED_BODY,    /* size bytes of data */
    CHUNKED_BODY_CR,
    CHUNKED_BODY_LF,
    CHUNKED_END_CR, /* the empty line after the last chunk */
    CHUNKED_END_LF,
    CHUNKED_DONE,
    CHUNKED_BAD, /* stays bad */
};

struct chunked {
    enum chunked_state state;
    uint32_t left; /* bytes of this chunk still to come */
    uint8_t line;  /* bytes of this size line so far */
};

/* Consumes up to one piece of body.
 *   in    what has arrived; *used bytes of it are consumed
 *   data  a slice of in (valid as long as in is), or empty: then the state says why:
 *         CHUNKED_DONE, CHUNKED_BAD, anything else wants more bytes */
void chunked_feed(struct chunked *decoder, struct span in, size_t *used, struct span *data);
