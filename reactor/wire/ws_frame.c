#include "reactor/wire/ws_frame.h"

#include <assert.h>

#include "reactor/base/limits.h"

enum { FIN = 0x80, RSV1 = 0x40, RSV2_3 = 0x30, OPCODE = 0x0f, MASK = 0x80, LENGTH = 0x7f, IN_16 = 126, IN_64 = 127 };

static enum ws_frame_state bad(struct ws_frame *f, enum ws_code code, const char *detail)
{
    f->fault = (struct ws_fault){(uint16_t)code, detail};
    return WS_FRAME_BAD;
}

static enum ws_frame_state wrong(struct ws_frame *f, const char *detail) { return bad(f, WS_CODE_PROTOCOL, detail); }

/* --- what may follow what -------------------------------------------------------------------------------- */

static enum ws_frame_state begin_control(struct ws_frame *f)
{
    if (f->opcode > WS_OP_PONG) return wrong(f, "an unknown opcode");
    if (f->deflated) return wrong(f, "RSV1 on a control frame");
    if (!f->fin) return wrong(f, "a fragmented control frame");
    if (++f->controls > WS_CONTROLS_MAX) return bad(f, WS_CODE_POLICY, "too many control frames on end");
    return WS_FRAME_LENGTH;
}

static enum ws_frame_state begin_data(struct ws_frame *f)
{
    if (f->opcode > WS_BINARY) return wrong(f, "an unknown opcode");
    if (f->opcode == WS_CONTINUATION && f->deflated) return wrong(f, "RSV1 on a continuation");
    if (f->deflated && !f->may_deflate) return wrong(f, "RSV1 without an extension");
    if (f->opcode == WS_CONTINUATION && !f->inside) return wrong(f, "a continuation of nothing");
    if (f->opcode != WS_CONTINUATION && f->inside) return wrong(f, "a message within a message");
    if (++f->fragments > WS_FRAGMENTS_MAX) return bad(f, WS_CODE_TOO_BIG, "a message of too many frames");
    f->inside = true;
    return WS_FRAME_LENGTH;
}

static enum ws_frame_state next_of_first(struct ws_frame *f, uint8_t c)
{
    f->opcode = c & OPCODE;
    f->fin = (c & FIN) != 0;
    f->deflated = (c & RSV1) != 0;
    if ((c & RSV2_3) != 0) return wrong(f, "RSV2 or RSV3");
    return ws_is_control(f->opcode) ? begin_control(f) : begin_data(f);
}

/* --- the length ------------------------------------------------------------------------------------------ */

/* The length is known. */
static enum ws_frame_state next_of_all(struct ws_frame *f)
{
    if (!ws_is_control(f->opcode)) {
        if (f->left > WS_MESSAGE_MAX - f->bytes) return bad(f, WS_CODE_TOO_BIG, "a message of too many bytes");
        f->bytes += f->left;
    }
    f->field = 0;
    return f->sender == WS_CLIENT ? WS_FRAME_KEY : WS_FRAME_PAYLOAD;
}

static enum ws_frame_state next_of_length(struct ws_frame *f, uint8_t c)
{
    bool masked = (c & MASK) != 0;
    uint8_t len = c & LENGTH;

    if (f->sender == WS_CLIENT && !masked) return wrong(f, "a frame without a mask from a client");
    if (f->sender == WS_SERVER && masked) return wrong(f, "a masked frame from a server");
    if (ws_is_control(f->opcode) && len > WS_CONTROL_BYTES) return wrong(f, "a control frame of over 125 bytes");
    f->left = len < IN_16 ? len : 0;
    return len < IN_16 ? next_of_all(f) : len == IN_16 ? WS_FRAME_LENGTH_16 : WS_FRAME_LENGTH_64;
}

/* A length that would have fit a shorter field is wrong: two readers must not count differently. */
static enum ws_frame_state next_of_wide(struct ws_frame *f, uint8_t c, uint8_t size, uint64_t min)
{
    if (size == 8 && f->field == 0 && c >= 0x80) return wrong(f, "a length with its top bit set");
    f->left = f->left << 8 | c;
    if (++f->field < size) return f->state;
    if (f->left < min) return wrong(f, "a length in too many bytes");
    return next_of_all(f);
}

static enum ws_frame_state next_of_key(struct ws_frame *f, uint8_t c)
{
    f->key[f->field++] = c;
    return f->field < WS_MASK_BYTES ? WS_FRAME_KEY : WS_FRAME_PAYLOAD;
}

static enum ws_frame_state next_state(struct ws_frame *f, uint8_t c)
{
    switch (f->state) {
    case WS_FRAME_FIRST: return next_of_first(f, c);
    case WS_FRAME_LENGTH: return next_of_length(f, c);
    case WS_FRAME_LENGTH_16: return next_of_wide(f, c, 2, IN_16);
    case WS_FRAME_LENGTH_64: return next_of_wide(f, c, 8, 0x10000);
    case WS_FRAME_KEY: return next_of_key(f, c);
    case WS_FRAME_PAYLOAD:
    case WS_FRAME_CLOSED:
    case WS_FRAME_BAD: break;
    }
    return f->state;
}

size_t ws_frame_feed(struct ws_frame *frame, struct span in)
{
    size_t at = 0;

    while (at < in.len && frame->state < WS_FRAME_PAYLOAD) frame->state = next_state(frame, in.at[at++]);
    return at;
}

void ws_frame_took(struct ws_frame *frame, size_t bytes)
{
    assert(frame->state == WS_FRAME_PAYLOAD && bytes <= frame->left);
    frame->left -= bytes;
    frame->taken += bytes;
}

void ws_frame_end(struct ws_frame *frame)
{
    assert(frame->state == WS_FRAME_PAYLOAD && frame->left == 0);
    frame->state = frame->opcode == WS_OP_CLOSE ? WS_FRAME_CLOSED : WS_FRAME_FIRST;
    frame->field = 0;
    frame->taken = 0;
    if (ws_is_control(frame->opcode) || !frame->fin) return;
    frame->inside = false;
    frame->fragments = frame->controls = 0;
    frame->bytes = 0;
}

void ws_frame_rest(struct ws_frame *frame) { frame->controls = 0; }

void ws_frame_fail(struct ws_frame *frame, enum ws_code code, const char *detail)
{
    frame->state = bad(frame, code, detail);
}

/* --- the mask -------------------------------------------------------------------------------------------- */

void ws_mask(const uint8_t key[WS_MASK_BYTES], uint64_t at, const uint8_t *from, size_t len, uint8_t *to)
{
    uint8_t turned[sizeof(uint64_t)];
    uint64_t keys, eight;
    size_t i = 0;

    for (size_t k = 0; k < sizeof turned; k++) turned[k] = key[(at + k) % WS_MASK_BYTES];
    memcpy(&keys, turned, sizeof keys);
    for (; len - i >= sizeof eight; i += sizeof eight) {
        memcpy(&eight, from + i, sizeof eight);
        eight ^= keys;
        memcpy(to + i, &eight, sizeof eight);
    }
    for (; i < len; i++) to[i] = from[i] ^ turned[i % sizeof turned];
}
