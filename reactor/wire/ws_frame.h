/* ws_frame.h — the head of a WebSocket frame, bytes in, and what may follow what.
 *
 * Knows    RFC 6455 section 5.2 (reserved bits, opcodes, the shortest length), 5.1 (a client masks, a server does not),
 *          5.4 (fragments), 5.5 (control frames are whole and of at most 125 bytes); RFC 7692 section 6 (RSV1 opens a
 *          deflated message).
 * Asks     nothing: no socket, no clock, no allocation.
 * Bounds   WS_MESSAGE_MAX bytes and WS_FRAGMENTS_MAX frames a message, seen in the head that goes over it;
 *          WS_CONTROLS_MAX control frames on end.
 * The payload is its reader's: ws_read.h.
 */
#pragma once
#include "reactor/base/span.h"

#define WS_CONTROL_BYTES 125u /* of a control frame's payload, RFC 6455 section 5.5 */
#define WS_MASK_BYTES    4u

enum ws_role { WS_CLIENT, WS_SERVER };

enum ws_opcode {
    WS_CONTINUATION = 0x0,
    WS_TEXT = 0x1,
    WS_BINARY = 0x2,
    WS_OP_CLOSE = 0x8,
    WS_OP_PING = 0x9,
    WS_OP_PONG = 0xa,
};

/* RFC 6455 section 7.4.1: those that we send, and the one that stands for none. */
enum ws_code {
    WS_CODE_NORMAL = 1000,
    WS_CODE_PROTOCOL = 1002,
    WS_CODE_NONE = 1005, /* a close frame without a code; never sent */
    WS_CODE_NOT_TEXT = 1007,
    WS_CODE_POLICY = 1008,
    WS_CODE_TOO_BIG = 1009,
    WS_CODE_INTERNAL = 1011,
};

/* Why a connection must be failed (RFC 6455 section 7.1.7). */
struct ws_fault {
    uint16_t code;      /* 1002, 1007, 1008 (too many control frames), 1009, 1011 (no memory); 0: none */
    const char *detail; /* static: "a masked frame from a server" */
};

enum ws_frame_state {
    WS_FRAME_FIRST,     /* FIN, reserved bits, opcode */
    WS_FRAME_LENGTH,    /* MASK, and a length of up to 125 */
    WS_FRAME_LENGTH_16, /* two bytes of length */
    WS_FRAME_LENGTH_64, /* eight */
    WS_FRAME_KEY,       /* the mask's four */
    WS_FRAME_PAYLOAD,   /* the head is whole */
    WS_FRAME_CLOSED,    /* behind a close frame: what follows has no meaning */
    WS_FRAME_BAD,       /* stays bad */
};

struct ws_frame {
    enum ws_role sender; /* of the bytes; set before the first one, as is: */
    bool may_deflate;    /* permessage-deflate was agreed on */

    enum ws_frame_state state;
    struct ws_fault fault; /* of WS_FRAME_BAD */

    /* this frame */
    enum ws_opcode opcode;
    bool fin, deflated;
    uint8_t field; /* bytes of the length or key taken so far */
    uint8_t key[WS_MASK_BYTES];
    uint64_t left, taken; /* bytes of payload */

    /* the message it belongs to */
    bool inside;
    uint32_t fragments;
    uint64_t bytes;

    uint32_t controls; /* since the last whole message, or ws_frame_rest() */
};

static inline bool ws_is_control(enum ws_opcode opcode) { return opcode >= WS_OP_CLOSE; }

/* Consumes bytes of a head, none behind it, and returns how many.  In WS_FRAME_PAYLOAD, which this leaves alone, the
 * caller takes frame->left bytes of payload and says so by ws_frame_took(); then, also where there were none, by
 * ws_frame_end(). */
size_t ws_frame_feed(struct ws_frame *frame, struct span in);
void ws_frame_took(struct ws_frame *frame, size_t bytes);
void ws_frame_end(struct ws_frame *frame);

/* Time has passed: control frames are counted anew.  Heartbeats of a connection that is quiet for a day are no
 * flood. */
void ws_frame_rest(struct ws_frame *frame);

/* Fails the connection for a reason that is not in a head. */
void ws_frame_fail(struct ws_frame *frame, enum ws_code code, const char *detail);

/* Masks or unmasks len bytes (RFC 6455 section 5.3); from may be to.  at: how many bytes of this payload came
 * before. */
void ws_mask(const uint8_t key[WS_MASK_BYTES], uint64_t at, const uint8_t *from, size_t len, uint8_t *to);
