/* ws_story.h — a stream of frames as a line of text, for tests: what was read whole, and how it ended. */
#pragma once
#include <stdlib.h>

#include "reactor/base/buf.h"
#include "reactor/wire/ws_read.h"

struct ws_told {
    struct buf *line;
    struct buf message; /* the bytes of the one under way */
};

static inline void ws_require(bool claim)
{
    if (!claim) abort();
}

static inline void ws_put(struct buf *out, struct span bytes) { ws_require(buf_add(out, bytes) == ERR_OK); }

/* A space between two events. */
static inline void ws_part(struct buf *out) { ws_put(out, span_of(buf_len(out) > 0 ? " " : "")); }

static inline void ws_put_event(struct ws_told *told, const struct ws_event *event)
{
    static const char *const names[] = {[WS_PING] = "ping(", [WS_PONG] = "pong(", [WS_CLOSE] = "close "};
    struct buf *line = told->line;

    if (event->kind == WS_DATA) return ws_put(&told->message, event->bytes);
    if (event->kind == WS_END) {
        bool parted = buf_len(&told->message) > 0 && buf_span(line).at[buf_len(line) - 1] != '{';
        ws_put(line, span_of(parted ? " " : ""));
        ws_put(line, buf_span(&told->message));
        ws_put(line, SPAN_LIT("}"));
        return buf_clear(&told->message);
    }
    ws_part(line);
    if (event->kind == WS_BEGIN) {
        ws_put(line, span_of(event->opcode == WS_TEXT ? "text" : "binary"));
        return ws_put(line, span_of(event->deflated ? "~{" : "{"));
    }
    if (event->kind == WS_FAULT) {
        ws_require(buf_printf(line, "%u %s", event->code, event->detail) == ERR_OK);
        return;
    }
    ws_put(line, span_of(names[event->kind]));
    if (event->kind == WS_CLOSE) ws_require(buf_printf(line, "%u(", event->code) == ERR_OK);
    ws_put(line, event->bytes);
    ws_put(line, SPAN_LIT(")"));
}

/* Appends "text{hello} ping() close 1000(bye)": a message's bytes stand before its "}", "~" says that it was
 * deflated; a fault is its code and detail; "cut" says that the stream may not end there.  in is read in pieces of
 * step bytes. */
static inline void ws_tell(struct buf *out, enum ws_role sender, const struct ws_deflate_terms *terms, struct span in,
                           size_t step, size_t room_size)
{
    static uint8_t room[65536];
    struct ws_told told = {.line = out};
    struct ws_reader reader;
    struct ws_event event = {.kind = WS_MORE};

    ws_reader_begin(&reader, sender, terms);
    do {
        struct span piece = span_first(in, step);
        in = span_from(in, piece.len);
        do {
            size_t used;
            ws_read(&reader, piece, (struct ws_room){room, room_size}, &used, &event);
            ws_require(used <= piece.len);
            piece = span_from(piece, used);
            if (event.kind != WS_MORE) ws_put_event(&told, &event);
        } while (event.kind != WS_MORE && event.kind != WS_FAULT);
    } while (in.len > 0 && event.kind != WS_FAULT);
    if (event.kind != WS_FAULT && !ws_reader_may_end(&reader)) {
        ws_part(out);
        ws_put(out, SPAN_LIT("cut"));
    }
    ws_reader_clear(&reader);
    buf_clear(&told.message);
}
