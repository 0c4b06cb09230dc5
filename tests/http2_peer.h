/* http2_peer.h — an endpoint of ours under test: what it was told, as one line of text.
 *
 *   1:GET /a host=b|x=y     a request's head; "+5" where five bytes follow, "+" where some do, "^" Expect: 100-continue
 *   1:200 x=y               a response's
 *   1:end 'text' t=v        the message is whole; its body where that is short, and its trailers
 *   1:closed CANCEL         and 1:closed alone for NO_ERROR
 *   refused                 a request that was never told
 *   goaway NO_ERROR         of the other side
 */
#pragma once
#include <assert.h>

#include "tests/http2_frames.h"

enum { PEER_LOG = 1 << 14, PEER_BODIES = 8, PEER_BODY = 64 };

struct peer {
    struct http2 *http2;
    char log[PEER_LOG];
    size_t len;
    struct {
        char text[PEER_BODY];
        size_t len;
    } bodies[PEER_BODIES]; /* of the first streams */
    bool answers;          /* server: says 200 without a body when a request has ended */
    int holds;             /* the stream that it does not read */
    unsigned goaways;      /* told as ours */
    uint32_t ids;          /* streams that were told, counted: their numbers are 1, 3, 5... of those that were told */
    size_t body_bytes;     /* consumed */
};

__attribute__((format(printf, 2, 3))) static inline void peer_log(struct peer *peer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    peer->len += (size_t)vsnprintf(peer->log + peer->len, sizeof peer->log - peer->len, format, args);
    va_end(args);
    if (peer->len >= sizeof peer->log) peer->len = sizeof peer->log - 1; /* what is longer is cut */
}

static inline void peer_entry(struct peer *peer)
{
    if (peer->len > 0) peer_log(peer, "; ");
}

/* The tests' own numbers: the user pointer holds 1 for the first stream told, 3 for the second. */
static inline int peer_id(const struct http2_stream *stream) { return (int)(intptr_t)http2_user(stream); }

static inline void peer_log_fields(struct peer *peer, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        peer_log(peer, "%s%.*s=%.*s", i == 0 ? " " : "|", SPAN_FMT(fields[i].name), SPAN_FMT(fields[i].value));
}

static inline void peer_on_head(void *owner, struct http2_stream *stream, struct head *head)
{
    struct peer *peer = owner;

    if (http2_user(stream) == NULL) http2_set_user(stream, (void *)(intptr_t)(1 + 2 * peer->ids++));
    peer_entry(peer);
    peer_log(peer, "%d:", peer_id(stream));
    if (head->status > 0)
        peer_log(peer, "%u", head->status);
    else
        peer_log(peer, "%.*s %.*s%s%.*s", SPAN_FMT(head->method), SPAN_FMT(head->target),
                 head->protocol.len > 0 ? " " : "", SPAN_FMT(head->protocol));
    if (head->body == BODY_LENGTH) peer_log(peer, "+%llu", (unsigned long long)head->length);
    if (head->body == BODY_CHUNKED) peer_log(peer, "+");
    if (head->expect_continue) peer_log(peer, "^");
    peer_log_fields(peer, head->fields, head->field_count);
}

/* Takes what is there. */
static inline void peer_read(struct peer *peer, struct http2_stream *stream)
{
    size_t at = (size_t)peer_id(stream) / 2;
    struct span in = http2_input(stream);

    if (at < PEER_BODIES) {
        size_t len = peer->bodies[at].len;
        if (len + in.len < PEER_BODY) memcpy(peer->bodies[at].text + len, in.at, in.len);
        peer->bodies[at].len += in.len;
    }
    peer->body_bytes += in.len;
    http2_consume(stream, in.len);
}

static inline void peer_on_ready(void *owner, struct http2_stream *stream)
{
    struct field trailers[HEAD_FIELDS_MAX];
    struct peer *peer = owner;
    size_t at = (size_t)peer_id(stream) / 2;

    if (peer->holds == peer_id(stream)) return;
    if (http2_input(stream).len > 0) peer_read(peer, stream);
    if (!http2_ended(stream)) return;
    peer_entry(peer);
    peer_log(peer, "%d:end", peer_id(stream));
    if (at < PEER_BODIES && peer->bodies[at].len > 0 && peer->bodies[at].len < PEER_BODY)
        peer_log(peer, " '%.*s'", (int)peer->bodies[at].len, peer->bodies[at].text);
    peer_log_fields(peer, trailers, http2_trailers(stream, trailers));
    const struct head ok = {.status = 200, .minor = 1};
    if (peer->answers && http2_send_head(stream, &ok, true) != ERR_OK) abort();
}

static inline void peer_on_writable(void *owner, struct http2_stream *stream) { (void)owner, (void)stream; }

static inline void peer_on_closed(void *owner, struct http2_stream *stream, uint32_t code)
{
    struct peer *peer = owner;

    peer_entry(peer);
    peer_log(peer, "%d:closed", peer_id(stream));
    if (code != HTTP2_NO_ERROR) peer_log(peer, " %s", http2_code_name(code));
    http2_release(&stream);
}

static inline void peer_on_refused(void *owner, const char *why)
{
    assert(why != NULL);
    peer_entry(owner);
    peer_log(owner, "refused");
}

static inline void peer_on_goaway(void *owner, uint32_t code, bool theirs)
{
    struct peer *peer = owner;

    peer->goaways += !theirs;
    if (!theirs) return;
    peer_entry(peer);
    peer_log(peer, "goaway %s", http2_code_name(code));
}

static const struct http2_ops peer_ops = {peer_on_head,   peer_on_ready,   peer_on_writable,
                                          peer_on_closed, peer_on_refused, peer_on_goaway};

static inline void peer_begin(struct peer *peer, enum http2_role role)
{
    memset(peer, 0, sizeof *peer);
    if (http2_new(role, &peer_ops, peer, 0, &peer->http2) != ERR_OK) abort();
}
