/* http2.h — one HTTP/2 connection, either side of it, bytes to bytes (RFC 9113, RFC 7541, RFC 8441); over nghttp2.
 *
 * Asks     nothing: no socket, no loop, no clock.  http2_feed() takes what came and the time, http2_take() gives what
 *          is to go.
 * Events   by the table of struct http2_ops, from inside http2_feed() and http2_take(); every call here is allowed in
 *          them but those two and http2_free().
 * Strict   a malformed message resets its stream and nothing else: RFC 9113 section 8 as nghttp2 checks it (order,
 *          doubles and lack of pseudo-fields, lower-case names, connection-specific fields, Content-Length against the
 *          DATA) and as it does not: a scheme that is not https, a Host that is not :authority, bytes that are in no
 *          host and no target, an unknown expectation, content of CONNECT and TRACE, trailers that frame, route or
 *          authenticate, a status outside 100 to 599.  Push is refused, priority ignored.  Broken framing ends the
 *          connection.
 * Windows  received bytes are given back to the sender by http2_consume() alone, so a stream that nobody reads keeps
 *          its window shut; the connection's window is twice that of all its streams, so its siblings flow.
 * Floods   frames that cost us and move nothing are counted (http2_flood.h); too many, and the connection ends with
 *          ENHANCE_YOUR_CALM.  nghttp2's memory is bounded by HTTP2_MEMORY_MAX, and wiped as it is given back.
 * Secret   no field of a request that is sent enters the compression table, which would outlive it.
 */
#pragma once
#include "reactor/base/buf.h"
#include "reactor/wire/head.h"

struct http2;
struct http2_stream; /* from its head or http2_open() until http2_release() */

enum http2_role { HTTP2_SERVER, HTTP2_CLIENT };

/* RFC 9113 section 7; those that are used here. */
enum http2_code {
    HTTP2_NO_ERROR = 0,
    HTTP2_PROTOCOL_ERROR = 1,
    HTTP2_INTERNAL_ERROR = 2,
    HTTP2_REFUSED_STREAM = 7, /* nothing of the request was looked at: it may be sent again */
    HTTP2_CANCEL = 8,
    HTTP2_ENHANCE_YOUR_CALM = 11,
    HTTP2_1_1_REQUIRED = 13,
};

struct http2_ops {
    /* A request's head (server), or a 1xx or the final one (client); it and its spans hold during the call.  A request
     * has its :authority as Host and its :path as target; its scheme was https.  Where no body follows ready() does. */
    void (*head)(void *owner, struct http2_stream *stream, struct head *head);
    /* There is something new in http2_input(), or http2_ended() became true. */
    void (*ready)(void *owner, struct http2_stream *stream);
    /* http2_room() is large again. */
    void (*writable)(void *owner, struct http2_stream *stream);
    /* Nothing goes or comes on it any more: HTTP2_NO_ERROR when the response is whole (server: taken; client: in
     * http2_input(), or was), else what its reset said, and its input is gone.  Not told of a stream that was
     * released, nor of those that are open when http2_over() becomes true. */
    void (*closed)(void *owner, struct http2_stream *stream, uint32_t code);
    /* For the log: a request was reset before there was a head to tell.  why is static text. */
    void (*refused)(void *owner, const char *why);
    /* A GOAWAY has come (theirs) or is on its way (ours): no new stream begins; http2_over() says when to close. */
    void (*goaway)(void *owner, uint32_t code, bool theirs);
};

/* errors: ERR_NOMEM */
MUST_CHECK enum err http2_new(enum http2_role role, const struct http2_ops *ops, void *owner, uint64_t now_ms,
                              struct http2 **http2_out);
void http2_free(struct http2 **http2); /* and every stream, untold */

/* Takes all of in.  errors: ERR_NOMEM: the connection can't go on, close it.  Wrong bytes are no error: a GOAWAY waits
 * in http2_take(), and what comes later is dropped. */
MUST_CHECK enum err http2_feed(struct http2 *http2, struct span in, uint64_t now_ms);

/* Appends what is to be sent until out holds max bytes or one frame more.  errors: ERR_NOMEM, as above */
MUST_CHECK enum err http2_take(struct http2 *http2, struct buf *out, size_t max);
bool http2_has_output(const struct http2 *http2); /* http2_take() would give something */
bool http2_over(const struct http2 *http2);       /* nothing is left to read or to send: close the connection */

/* No new stream from now on; those that are open go on to their ends (RFC 9113 section 6.8). */
void http2_goaway(struct http2 *http2);

size_t http2_stream_count(const struct http2 *http2); /* that are open on the wire */
size_t http2_memory(const struct http2 *http2);       /* bytes that nghttp2 holds */
const char *http2_code_name(uint32_t code);

/* --- a message out --------------------------------------------------------------------------------------- */

/* Client: opens a stream with a request's head: Host becomes :authority, the target is origin-form or "*".
 *   whole   no body and no trailers follow
 *   errors  ERR_AGAIN the other side allows no more streams now, or ever (it has said GOAWAY); ERR_DENIED a :protocol
 *           that it has not announced (RFC 8441); ERR_SYNTAX as below; ERR_NOMEM */
bool http2_may_open(const struct http2 *http2);
MUST_CHECK enum err http2_open(struct http2 *http2, const struct head *head, bool whole, void *user,
                               struct http2_stream **stream_out);

/* Server: a 1xx (whole is false), or the final head.
 * Fields that speak to the next hop must have been dropped by the caller, Content-Length as well: it is written from
 * head->body and head->length.  "te: trailers" may stay.
 * errors: ERR_SYNTAX a part that would not be read back as itself; ERR_NOMEM.  Nothing was sent. */
MUST_CHECK enum err http2_send_head(struct http2_stream *stream, const struct head *head, bool whole);

/* Sent as the windows allow.  On a stream that was reset these do nothing.
 * errors: ERR_LIMIT over STREAM_OUTPUT_MAX queued (a writer that never asks for room), ERR_NOMEM, ERR_SYNTAX */
MUST_CHECK enum err http2_send_body(struct http2_stream *stream, struct span data);
MUST_CHECK enum err http2_send_end(struct http2_stream *stream, const struct field *trailers, size_t trailer_count);
size_t http2_room(const struct http2_stream *stream); /* up to STREAM_OUTPUT_HIGH */

/* --- a message in ---------------------------------------------------------------------------------------- */
struct span http2_input(const struct http2_stream *stream); /* body bytes; until the next call for this stream */
void http2_consume(struct http2_stream *stream, size_t len);
bool http2_ended(const struct http2_stream *stream); /* its last byte is in http2_input(), or was */

/* Of a message that ended; fields hold until http2_release().  Returns how many. */
size_t http2_trailers(const struct http2_stream *stream, struct field fields[HEAD_FIELDS_MAX]);

void *http2_user(const struct http2_stream *stream);
void http2_set_user(struct http2_stream *stream, void *user);

/* RST_STREAM; closed() follows. */
void http2_reset(struct http2_stream *stream, enum http2_code code);

/* Lets go, at any time: nothing more is told of it.  A response that was sent to its end is still delivered, and what
 * its request still lacks is then stopped with NO_ERROR: clients that go on sending take that for a failure, so give
 * them time.  Any other stream that is open is reset with CANCEL. */
void http2_release(struct http2_stream **stream);

/* --- h2c -------------------------------------------------------------------------------------------------- */

/* Do the bytes begin with the connection preface (RFC 9113 section 3.4), as far as they go?  In cleartext that is
 * prior knowledge, which we do not speak. */
bool http2_is_preface(struct span in);

/* What to answer: SETTINGS, and GOAWAY with HTTP_1_1_REQUIRED. */
struct span http2_preface_refusal(void);
