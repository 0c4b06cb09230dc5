/* chunked.h — HTTP/1.1 chunked body, bytes in, bytes out.
 *
 * Knows    RFC 9112 section 7.1: CRLF only, hex only, no leading sign, no whitespace around the size; extensions are
 *          checked against the grammar without its optional whitespace, and skipped.
 * Asks     nothing: no socket, no clock, no allocation.
 * Bounds   CHUNK_SIZE_MAX bytes a chunk, CHUNK_LINE_MAX bytes a size line, TRAILER_BYTES_MAX bytes of trailers.
 */
#pragma once
#include <stdint.h>
#include "reactor/base/span.h"

enum chunked_state {
    CHUNKED_SIZE,       /* hex digits */
    CHUNKED_EXT_BEGIN,  /* after ';': a name has at least one byte */
    CHUNKED_EXT_NAME,   /* token */
    CHUNKED_EXT_EQUALS, /* after '=': so has a value */
    CHUNKED_EXT_VALUE,  /* token */
    CHUNKED_EXT_QUOTED, /* quoted-string */
    CHUNKED_EXT_ESCAPE, /* after its backslash */
    CHUNKED_EXT_END,    /* after its closing quote */
    CHUNKED_SIZE_LF,    /* LF of the size line */
    CHUNKED_BODY,       /* size bytes of data */
    CHUNKED_BODY_CR,
    CHUNKED_BODY_LF,
    CHUNKED_TRAILERS, /* the lines after the last chunk, taken in one piece */
    CHUNKED_DONE,
    CHUNKED_BAD, /* stays bad */
};

struct chunked {
    enum chunked_state state;
    uint32_t left;        /* bytes of this chunk still to come */
    uint8_t line;         /* bytes of this size line so far */
    size_t scanned;       /* bytes of the trailer section already looked at */
    struct span trailers; /* set with CHUNKED_DONE: its lines, without the empty one; a slice of that call's in */
};

/* Consumes up to one piece of body.
 *   in    what has arrived; *used bytes of it are consumed
 *   data  a slice of in (valid as long as in is), or empty: then the state says why:
 *         CHUNKED_DONE, CHUNKED_BAD, anything else wants more bytes
 * In CHUNKED_TRAILERS *used stops before the section until all of it is in front of the caller. */
void chunked_feed(struct chunked *decoder, struct span in, size_t *used, struct span *data);
