/* ws_read.h — WebSocket messages out of frames: bytes in, one event at a time out.
 *
 * Knows    RFC 6455 sections 5 to 8 and RFC 7692 from the reader's side: frames (ws_frame.h), messages joined from
 *          their fragments and inflated, the UTF-8 of text and close reasons, the codes a close frame may carry.
 * Asks     nothing: no socket, no clock.
 * Memory   under 400 bytes; where permessage-deflate was agreed on, what ws_deflate.h says, while a message comes.
 * Bounds   those of ws_frame.h and ws_deflate.h.  A message is never held: the caller spools it, and decides at
 *          WS_END.
 * Promise  how the bytes are cut, and how large the room is, changes neither what a message holds nor which fault
 *          there is; of what precedes a fault only whole messages are the same.
 */
#pragma once
#include "reactor/base/utf8.h"
#include "reactor/wire/ws_deflate.h"
#include "reactor/wire/ws_frame.h"

enum ws_kind {
    WS_MORE,  /* no event: more bytes are wanted */
    WS_BEGIN, /* a message: opcode is WS_TEXT or WS_BINARY, deflated how it came */
    WS_DATA,  /* bytes of it, plain; never empty */
    WS_END,   /* it is whole, and text is UTF-8 */
    WS_PING,  /* bytes; may come between the data of a message, as may the next two */
    WS_PONG,  /* bytes */
    WS_CLOSE, /* code (WS_CODE_NONE: none), bytes are the reason; what follows is dropped */
    WS_FAULT, /* code, detail: the connection must be failed.  It stays so. */
};

struct ws_event {
    enum ws_kind kind;
    enum ws_opcode opcode;
    bool deflated;
    uint16_t code;
    const char *detail; /* static */
    struct span bytes;  /* a slice of in, of the room or of the reader: lent until any of them changes */
};

struct ws_reader {
    struct ws_frame frame;
    struct ws_inflate inflate;
    bool begun, text, deflated; /* the message under way */
    struct utf8 utf8;
    uint8_t held; /* bytes of a control frame */
    uint8_t control[WS_CONTROL_BYTES];
};

/* Memory of the caller's, where bytes are put that are not plain in what came. */
struct ws_room {
    uint8_t *at;
    size_t size; /* at least 1; a piece of a message is no larger */
};

/* sender: of the bytes.  terms: how it may deflate, or NULL.  The reader stays where it is until ws_reader_clear(). */
void ws_reader_begin(struct ws_reader *reader, enum ws_role sender, const struct ws_deflate_terms *terms);

/* Consumes *used bytes of in, up to the next event.  Call again until it is WS_MORE: there may be events left when all
 * of in is consumed. */
void ws_read(struct ws_reader *reader, struct span in, struct ws_room room, size_t *used, struct ws_event *event);

/* May the connection end here?  Not within a frame or a message (RFC 6455 section 7.1.7). */
bool ws_reader_may_end(const struct ws_reader *reader);

/* Gives memory back, and wipes what the reader held. */
void ws_reader_clear(struct ws_reader *reader);
