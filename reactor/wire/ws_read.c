#include "reactor/wire/ws_read.h"

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"

void ws_reader_begin(struct ws_reader *reader, enum ws_role sender, const struct ws_deflate_terms *terms)
{
    *reader = (struct ws_reader){.frame = {.sender = sender, .may_deflate = terms != NULL}};
    if (terms != NULL) reader->inflate.terms = *terms;
}

void ws_reader_clear(struct ws_reader *reader)
{
    ws_inflate_clear(&reader->inflate);
    mem_wipe(reader, sizeof *reader);
}

bool ws_reader_may_end(const struct ws_reader *reader)
{
    return (reader->frame.state == WS_FRAME_FIRST && !reader->frame.inside) || reader->frame.state == WS_FRAME_CLOSED;
}

static void fail(struct ws_reader *r, enum ws_code code, const char *detail) { ws_frame_fail(&r->frame, code, detail); }

/* The bytes in front that belong to this frame, at most max of them. */
static struct span front(const struct ws_reader *r, struct span in, size_t max)
{
    return span_first(in, r->frame.left < max ? (size_t)r->frame.left : max);
}

/* --- control frames -------------------------------------------------------------------------------------- */

/* RFC 6455 section 7.4.2, and IANA's registry for 1012 to 1014. */
static bool is_sendable(unsigned code)
{
    static const bool registered[16] = {
        [0 ... 3] = true, [7 ... 14] = true, /* 1004 is reserved; 1005, 1006 and 1015 stand for what was not sent */
    };

    return code >= 3000 ? code < 5000 : code >= 1000 && code < 1016 && registered[code - 1000];
}

static void read_close(struct ws_reader *r, struct span payload, struct ws_event *event)
{
    struct utf8 utf8 = {0};
    unsigned code = payload.len >= 2 ? (unsigned)payload.at[0] << 8 | payload.at[1] : WS_CODE_NONE;
    struct span reason = span_from(payload, payload.len >= 2 ? 2 : 0);

    if (payload.len == 1) return fail(r, WS_CODE_PROTOCOL, "a close code of one byte");
    if (payload.len >= 2 && !is_sendable(code)) return fail(r, WS_CODE_PROTOCOL, "a close code that is never sent");
    if (utf8_run(&utf8, reason) < reason.len || utf8.left > 0)
        return fail(r, WS_CODE_NOT_TEXT, "a close reason that is not UTF-8");
    *event = (struct ws_event){.kind = WS_CLOSE, .code = (uint16_t)code, .bytes = reason};
}

static void end_control(struct ws_reader *r, struct ws_event *event)
{
    struct span payload = {r->control, r->held};

    r->held = 0;
    ws_frame_end(&r->frame);
    if (r->frame.opcode == WS_OP_CLOSE) return read_close(r, payload, event);
    *event = (struct ws_event){.kind = r->frame.opcode == WS_OP_PING ? WS_PING : WS_PONG, .bytes = payload};
}

/* Copies len bytes of payload, without their mask. */
static void copy_plain(const struct ws_frame *frame, struct span from, uint8_t *to)
{
    if (frame->sender == WS_CLIENT)
        ws_mask(frame->key, frame->taken, from.at, from.len, to);
    else if (from.len > 0)
        memcpy(to, from.at, from.len);
}

static size_t read_control(struct ws_reader *r, struct span in, struct ws_event *event)
{
    struct span part = front(r, in, sizeof r->control);

    copy_plain(&r->frame, part, r->control + r->held);
    r->held += (uint8_t)part.len;
    ws_frame_took(&r->frame, part.len);
    if (r->frame.left == 0) end_control(r, event);
    return part.len;
}

/* --- messages -------------------------------------------------------------------------------------------- */

static void begin_message(struct ws_reader *r, struct ws_event *event)
{
    r->begun = true;
    r->text = r->frame.opcode == WS_TEXT;
    r->deflated = r->frame.deflated;
    r->utf8 = (struct utf8){0};
    if (r->deflated && ws_inflate_begin(&r->inflate) != ERR_OK) return fail(r, WS_CODE_INTERNAL, "no memory");
    *event = (struct ws_event){.kind = WS_BEGIN, .opcode = r->frame.opcode, .deflated = r->deflated};
}

static void give(struct span bytes, struct ws_event *event)
{
    if (bytes.len > 0) *event = (struct ws_event){.kind = WS_DATA, .bytes = bytes};
}

/* How many bytes in front may be text. */
static size_t text_len(struct ws_reader *r, struct span bytes)
{
    size_t len = r->text ? utf8_run(&r->utf8, bytes) : bytes.len;

    if (len < bytes.len) fail(r, WS_CODE_NOT_TEXT, "text that is not UTF-8");
    return len;
}

static size_t read_plain(struct ws_reader *r, struct span in, struct ws_room room, struct ws_event *event)
{
    bool masked = r->frame.sender == WS_CLIENT;
    struct span part = front(r, in, masked ? room.size : SIZE_MAX), plain = part;

    if (masked) {
        copy_plain(&r->frame, part, room.at);
        plain.at = room.at;
    }
    if (text_len(r, plain) < plain.len) return 0;
    ws_frame_took(&r->frame, part.len);
    give(plain, event);
    return part.len;
}

static void fail_inflate(struct ws_reader *r, enum err err)
{
    if (err == ERR_LIMIT) return fail(r, WS_CODE_TOO_BIG, "a message that inflates out of measure");
    if (err == ERR_NOMEM) return fail(r, WS_CODE_INTERNAL, "no memory");
    fail(r, WS_CODE_NOT_TEXT, "a message that is not deflated"); /* RFC 6455 section 7.4.1: not of its type */
}

static void give_inflated(struct ws_reader *r, enum err err, struct span plain, struct ws_event *event)
{
    if (text_len(r, plain) < plain.len) return;
    if (err != ERR_OK && err != ERR_AGAIN) return fail_inflate(r, err);
    give(plain, event);
}

static size_t read_deflated(struct ws_reader *r, struct span in, struct ws_room room, struct ws_event *event)
{
    uint8_t bytes[WS_MASKED_BYTES];
    struct span part = front(r, in, r->inflate.pending ? 0 : sizeof bytes), rest = {bytes, part.len};
    size_t len, used;
    enum err err;

    copy_plain(&r->frame, part, bytes);
    err = ws_inflate_feed(&r->inflate, &rest, room.at, room.size, &len);
    used = part.len - rest.len;
    ws_frame_took(&r->frame, used);
    give_inflated(r, err, (struct span){room.at, len}, event);
    return used;
}

static void end_message(struct ws_reader *r, struct ws_room room, struct ws_event *event)
{
    if (r->deflated) {
        size_t len;
        enum err err = ws_inflate_end(&r->inflate, room.at, room.size, &len);
        give_inflated(r, err, (struct span){room.at, len}, event);
        if (err != ERR_OK || r->frame.state == WS_FRAME_BAD) return;
    }
    if (r->utf8.left > 0) return fail(r, WS_CODE_NOT_TEXT, "text that ends within a character");
    ws_frame_end(&r->frame);
    r->begun = false;
    *event = (struct ws_event){.kind = WS_END};
}

static size_t read_data(struct ws_reader *r, struct span in, struct ws_room room, struct ws_event *event)
{
    if (!r->begun)
        begin_message(r, event);
    else if (r->frame.left > 0)
        return r->deflated ? read_deflated(r, in, room, event) : read_plain(r, in, room, event);
    else if (r->frame.fin)
        end_message(r, room, event);
    else
        ws_frame_end(&r->frame);
    return 0;
}

/* --- both ------------------------------------------------------------------------------------------------ */

/* Can nothing be done without more bytes? */
static bool wants_more(const struct ws_reader *r)
{
    if (r->frame.state != WS_FRAME_PAYLOAD) return true;
    if (ws_is_control(r->frame.opcode)) return r->frame.left > 0;
    return r->begun && r->frame.left > 0 && !(r->deflated && r->inflate.pending);
}

static size_t step(struct ws_reader *r, struct span in, struct ws_room room, struct ws_event *event)
{
    if (r->frame.state == WS_FRAME_CLOSED) return in.len;
    if (r->frame.state < WS_FRAME_PAYLOAD) return ws_frame_feed(&r->frame, in);
    if (ws_is_control(r->frame.opcode)) return read_control(r, in, event);
    return read_data(r, in, room, event);
}

void ws_read(struct ws_reader *reader, struct span in, struct ws_room room, size_t *used, struct ws_event *event)
{
    *used = 0;
    *event = (struct ws_event){.kind = WS_MORE};
    while (event->kind == WS_MORE && reader->frame.state != WS_FRAME_BAD) {
        struct span rest = span_from(in, *used);
        if (rest.len == 0 && wants_more(reader)) return;
        *used += step(reader, rest, room, event);
    }
    if (event->kind == WS_MORE)
        *event =
            (struct ws_event){.kind = WS_FAULT, .code = reader->frame.fault.code, .detail = reader->frame.fault.detail};
}
