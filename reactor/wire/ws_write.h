/* ws_write.h — WebSocket frames, written (RFC 6455 section 5).
 *
 * Masks    what a client sends: key is WS_MASK_BYTES of digest_random(), new for each frame (section 5.3), or NULL for
 *          what a server sends.
 * errors   ERR_NOMEM: nothing was appended
 */
#pragma once
#include "reactor/base/buf.h"
#include "reactor/wire/ws_frame.h"

/* A message that is written piece by piece, a frame each. */
struct ws_outgoing {
    enum ws_opcode opcode; /* of the next frame: WS_TEXT or WS_BINARY at first, WS_CONTINUATION behind it */
    bool deflated;         /* the pieces are those of ws_deflate.h; false behind the first, as RSV1 is */
};

MUST_CHECK enum err ws_write_piece(struct buf *out, struct ws_outgoing *message, const uint8_t *key, struct span piece,
                                   bool last);

/* WS_OP_PING or WS_OP_PONG, of at most WS_CONTROL_BYTES (asserted). */
MUST_CHECK enum err ws_write_control(struct buf *out, enum ws_opcode opcode, const uint8_t *key, struct span payload);

/* WS_CODE_NONE: without a code, and then without a reason; the reason is UTF-8 of at most WS_CONTROL_BYTES - 2
 * (asserted). */
MUST_CHECK enum err ws_write_close(struct buf *out, const uint8_t *key, uint16_t code, struct span reason);
