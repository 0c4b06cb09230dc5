/* fuzz_ws.c — claim: how frames are cut and how small the room is change neither a message nor which fault there is, no
 * message goes over its bound, every stream comes to an end, and what was read, written anew, is read again as itself.
 * The first byte says who sends, whether it deflates, and the room; the next eight are the cuts.  Reaches ws_read,
 * ws_write_piece, ws_write_control, ws_write_close.  Seeds fuzz/corpus/ws. */
#include "reactor/base/limits.h"
#include "reactor/wire/ws_write.h"
#include "tests/ws_story.h"

enum { BYTES_MAX = 8192 };

static const uint8_t key[WS_MASK_BYTES] = {0x37, 0xfa, 0x21, 0x3d};

/* A stream read, and written anew by the same role. */
struct rewritten {
    struct buf out;
    const uint8_t *mask;
    bool inside;
    struct ws_outgoing message;
    struct buf held; /* a piece: what follows tells whether it is the last */
};

static void write_held(struct rewritten *w, bool last)
{
    ws_require(ws_write_piece(&w->out, &w->message, w->mask, buf_span(&w->held), last) == ERR_OK);
    buf_clear(&w->held);
    w->inside = !last;
}

static void write_control(struct rewritten *w, const struct ws_event *event)
{
    enum ws_opcode opcode = event->kind == WS_PING ? WS_OP_PING : WS_OP_PONG;

    if (w->inside) write_held(w, false);
    if (event->kind == WS_CLOSE)
        ws_require(ws_write_close(&w->out, w->mask, event->code, event->bytes) == ERR_OK);
    else
        ws_require(ws_write_control(&w->out, opcode, w->mask, event->bytes) == ERR_OK);
}

static void rewrite(struct rewritten *w, const struct ws_event *event)
{
    switch (event->kind) {
    case WS_BEGIN:
        w->message = (struct ws_outgoing){.opcode = event->opcode};
        w->inside = true;
        break;
    case WS_DATA:
        if (buf_len(&w->held) > 0) write_held(w, false);
        ws_put(&w->held, event->bytes);
        break;
    case WS_END: write_held(w, true); break;
    case WS_PING:
    case WS_PONG:
    case WS_CLOSE: write_control(w, event); break;
    case WS_MORE:
    case WS_FAULT: break;
    }
}

/* Writes anew what is read of in; true when it is whole, from end to end. */
static bool read_and_rewrite(struct span in, enum ws_role sender, const struct ws_deflate_terms *terms,
                             struct rewritten *w)
{
    static uint8_t room[65536];
    struct ws_reader reader;
    struct ws_event event;
    bool whole;

    ws_reader_begin(&reader, sender, terms);
    do {
        size_t used;
        ws_read(&reader, in, (struct ws_room){room, sizeof room}, &used, &event);
        ws_require(used <= in.len && event.bytes.len <= WS_MESSAGE_MAX);
        in = span_from(in, used);
        rewrite(w, &event);
    } while (event.kind != WS_MORE && event.kind != WS_FAULT);
    whole = event.kind == WS_MORE && ws_reader_may_end(&reader);
    ws_require(event.kind == WS_FAULT || in.len == 0);
    ws_reader_clear(&reader);
    buf_clear(&w->held);
    return whole;
}

/* Without its "~": what is written anew is not deflated. */
static void forget_deflated(struct buf *line)
{
    struct buf plain = {0};
    struct span in = buf_span(line);

    for (size_t i = 0; i < in.len; i++)
        if (in.at[i] != '~') ws_put(&plain, (struct span){in.at + i, 1});
    buf_clear(line);
    *line = plain;
}

static void check_rewritten(struct span in, enum ws_role sender, const struct ws_deflate_terms *terms, struct buf *told)
{
    struct rewritten w = {.mask = sender == WS_CLIENT ? key : NULL};
    struct buf again = {0};

    if (read_and_rewrite(in, sender, terms, &w)) {
        ws_tell(&again, sender, NULL, buf_span(&w.out), SIZE_MAX, 65536);
        forget_deflated(told);
        forget_deflated(&again);
        ws_require(span_is(buf_span(told), buf_span(&again)));
    }
    buf_clear(&w.out);
    buf_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const struct ws_deflate_terms keeps = {15, true};
    struct buf whole = {0}, cut = {0};

    if (len < 9 || len > BYTES_MAX) return 0;
    struct span in = {bytes + 9, len - 9};
    enum ws_role sender = (bytes[0] & 1) != 0 ? WS_CLIENT : WS_SERVER;
    const struct ws_deflate_terms *terms = (bytes[0] & 2) != 0 ? &keeps : NULL;
    ws_tell(&whole, sender, terms, in, SIZE_MAX, 65536);
    ws_tell(&cut, sender, terms, in, 1 + bytes[1] % 31u, 1 + 16u * (bytes[0] >> 2));
    ws_require(span_is(buf_span(&whole), buf_span(&cut)));
    check_rewritten(in, sender, terms, &whole);
    buf_clear(&whole);
    buf_clear(&cut);
    return 0;
}
