/* ws_deflate.h — the messages of permessage-deflate undone and made, bytes to bytes (RFC 7692 section 7.2).
 *
 * Memory   inflating: zlib's 7 KiB and a window of 32 KiB, whichever was agreed on: of a smaller one zlib sees a
 *          distance beyond it or not, as the room happens to be.  Deflating: zlib's 6 KiB, 16 KiB for the window and
 *          16 KiB of WS_DEFLATE_MEMORY.  Either is held while a message is under way, and given back behind it, but
 *          for the inflater of a sender that keeps its context.  We never keep ours, and ask others not to
 *          (ws_terms.h), so a connection at rest holds nothing.
 * Bounds   a message's bytes are at most INFLATE_RATIO_MAX times what was fed, rounded up to INFLATE_BLOCK, and
 *          WS_MESSAGE_MAX: as inflate.h bounds a body.
 * Promise  how the bytes are cut, and how large the room is, changes neither what comes out nor which error there is.
 * Refuses  a message that does not end at the empty block whose end was cut off (section 7.2.1): it was cut short,
 *          or has two readings.  Blocks that say they are the last may stand before it (section 7.2.3.4).
 */
#pragma once
#include <zlib.h>

#include "reactor/base/buf.h"

/* What one side may do when it deflates. */
struct ws_deflate_terms {
    uint8_t window_bits; /* 8 to 15: how far a message may point back */
    bool keeps_context;  /* a message may point back into the one before it */
};

/* --- inflating ------------------------------------------------------------------------------------------- */

/* Stays where it is while it is open; zeroed but for terms at first. */
struct ws_inflate {
    struct ws_deflate_terms terms; /* of who deflates */
    z_stream zlib;
    bool open;
    bool at_block;       /* the last byte taken ended a block that is not the last one */
    bool pending;        /* the room was filled: there may be more */
    uint8_t tail;        /* bytes taken of the end that was cut off */
    uint64_t fed, given; /* bytes of this message */
};

/* A message begins.  errors: ERR_NOMEM */
MUST_CHECK enum err ws_inflate_begin(struct ws_inflate *inflate);

/* Takes bytes off in, and writes *len bytes into room, on failure what stands before it; call until in is empty.
 * errors: ERR_SYNTAX not deflated; ERR_LIMIT a bound; ERR_NOMEM; the connection must be failed */
MUST_CHECK enum err ws_inflate_feed(struct ws_inflate *inflate, struct span *in, uint8_t *room, size_t size,
                                    size_t *len);

/* All of the message was fed.  ERR_AGAIN: call again, there may be more of it; ERR_OK: it is whole (the last *len bytes
 * are in room).  errors: those of ws_inflate_feed() */
MUST_CHECK enum err ws_inflate_end(struct ws_inflate *inflate, uint8_t *room, size_t size, size_t *len);
void ws_inflate_clear(struct ws_inflate *inflate);

/* --- deflating ------------------------------------------------------------------------------------------- */

/* Stays where it is while it is open; zeroed at first. */
struct ws_deflate {
    z_stream zlib;
    bool open;
};

/* window_bits: the largest that the other side takes, 9 to 15.  errors: ERR_NOMEM */
MUST_CHECK enum err ws_deflate_begin(struct ws_deflate *deflate, uint8_t window_bits);

/* Appends what is ready; how the bytes are cut changes little.  errors: ERR_NOMEM */
MUST_CHECK enum err ws_deflate_feed(struct ws_deflate *deflate, struct span bytes, struct buf *out);

/* The message is whole: appends the rest of it (at least a byte), without the end that is cut off, and closes. */
MUST_CHECK enum err ws_deflate_end(struct ws_deflate *deflate, struct buf *out);
void ws_deflate_clear(struct ws_deflate *deflate);
