#include "reactor/wire/ws_write.h"

#include <assert.h>

enum { FIN = 0x80, RSV1 = 0x40, MASK = 0x80, HEAD_MAX = 10 };

/* Writes the shortest head (section 5.2); returns its length. */
static size_t put_head(uint8_t *to, uint8_t first, bool masked, uint64_t len)
{
    size_t wide = len > 0xffff ? 8 : len > 125 ? 2 : 0;

    to[0] = first;
    to[1] = (uint8_t)((masked ? MASK : 0) | (wide == 8 ? 127 : wide == 2 ? 126 : len));
    for (size_t i = 0; i < wide; i++) to[2 + i] = (uint8_t)(len >> 8 * (wide - 1 - i));
    return 2 + wide;
}

static enum err write_frame(struct buf *out, uint8_t first, const uint8_t *key, struct span payload)
{
    uint8_t *to;
    size_t len;

    TRY(buf_room(out, HEAD_MAX + WS_MASK_BYTES + payload.len, &to));
    len = put_head(to, first, key != NULL, payload.len);
    if (key != NULL) {
        memcpy(to + len, key, WS_MASK_BYTES);
        len += WS_MASK_BYTES;
        ws_mask(key, 0, payload.at, payload.len, to + len);
    } else if (payload.len > 0)
        memcpy(to + len, payload.at, payload.len);
    buf_added(out, len + payload.len);
    return ERR_OK;
}

enum err ws_write_piece(struct buf *out, struct ws_outgoing *message, const uint8_t *key, struct span piece, bool last)
{
    unsigned first = message->opcode | (last ? FIN : 0u) | (message->deflated ? RSV1 : 0u);

    TRY(write_frame(out, (uint8_t)first, key, piece));
    *message = (struct ws_outgoing){.opcode = WS_CONTINUATION};
    return ERR_OK;
}

enum err ws_write_control(struct buf *out, enum ws_opcode opcode, const uint8_t *key, struct span payload)
{
    assert(ws_is_control(opcode) && payload.len <= WS_CONTROL_BYTES);
    return write_frame(out, (uint8_t)(opcode | FIN), key, payload);
}

enum err ws_write_close(struct buf *out, const uint8_t *key, uint16_t code, struct span reason)
{
    uint8_t payload[WS_CONTROL_BYTES] = {(uint8_t)(code >> 8), (uint8_t)code};

    assert(code == WS_CODE_NONE ? reason.len == 0 : reason.len <= sizeof payload - 2);
    if (reason.len > 0) memcpy(payload + 2, reason.at, reason.len);
    return ws_write_control(out, WS_OP_CLOSE, key, (struct span){payload, code == WS_CODE_NONE ? 0 : 2 + reason.len});
}
