/* http1.h — HTTP/1.x heads and bodies, strictly (RFC 9112).
 *
 * What two parsers could read differently is refused, not repaired: bare CR, bare LF, obs-fold, whitespace before a
 * colon, NUL and other controls in values, an empty or non-token name, two different framings, a repeated
 * Content-Length (even when equal), a Transfer-Encoding that is not exactly "chunked", Transfer-Encoding in HTTP/1.0,
 * a missing or second Host, an Expect that is not exactly "100-continue", content in CONNECT and TRACE, HTTP/0.9, any
 * version but 1.0 and 1.1.  One empty line before a request is skipped (section 2.2).
 *
 * Asks     nothing: no socket, no clock, no allocation (but the writers' buffer).
 * Bounds   HEAD_BYTES_MAX, HEAD_LINE_MAX, HEAD_FIELDS_MAX, HEAD_OPTIONS_MAX.
 */
#pragma once
#include "reactor/base/buf.h"
#include "reactor/wire/chunked.h"
#include "reactor/wire/head.h"

/* Looks for the end of a head in what has arrived so far.
 *   scanned   in/out: how far earlier calls have looked (0 at first), so a slow head is not read again from its start
 *   len_out   the head's length, its empty line included, on ERR_OK
 *   errors    ERR_AGAIN not complete; ERR_LIMIT longer than HEAD_BYTES_MAX (431); ERR_SYNTAX already wrong (400): a
 *             bare LF, or a first byte that begins no head (a TLS record, SOCKS) */
MUST_CHECK enum err http1_find_head(struct span in, size_t *scanned, size_t *len_out);

/* Why a head was refused: the status a server answers and a word for the log. */
struct http1_fault {
    uint16_t status;    /* 400, 414, 417, 431, 501, 505; for a response always 502 */
    const char *detail; /* static: "two Content-Length fields" */
};

/* in: one whole head as http1_find_head() measured it; head's spans point into it.
 * Host is one and of the bytes of a host; url.h reads it.  The target is visible ASCII; url.h reads it.
 * errors: ERR_SYNTAX or ERR_LIMIT, fault set */
MUST_CHECK enum err http1_parse_request(struct span in, struct head *head, struct http1_fault *fault);

/* method: of the request this answers (HEAD and CONNECT change the framing).  A status is 100 to 599; the reason may
 * be missing with its space.  keep_alive is false, too, where bytes may follow that belong to no response. */
MUST_CHECK enum err http1_parse_response(struct span in, struct span method, struct head *head,
                                         struct http1_fault *fault);

/* Writes the head as HTTP/1.1, with framing fields from head->body and head->length, and the Connection field: "close"
 * when the connection ends, else "upgrade" when the caller left an Upgrade among the fields.
 * Content-Length, Transfer-Encoding and Connection among head->fields must have been dropped by the caller (asserted);
 * a request has no BODY_UNTIL_CLOSE, and a response with one closes (asserted).
 * errors: ERR_NOMEM, ERR_SYNTAX a part that would not be read back as itself (an injected value with a line break):
 * nothing was appended */
MUST_CHECK enum err http1_write_request(struct buf *out, const struct head *head, bool close);
MUST_CHECK enum err http1_write_response(struct buf *out, const struct head *head, bool close);

/* --- bodies ---------------------------------------------------------------------------------------------- */
struct http1_body {
    enum body_kind kind;
    uint64_t left; /* of BODY_LENGTH */
    struct chunked chunked;
    bool done;
    struct span trailers; /* set by the call that ends a chunked body: the trailer section's lines, a slice of its in */
};

void http1_body_begin(struct http1_body *body, const struct head *head);

/* Takes body bytes out of in.
 *   used   bytes of in that are consumed
 *   data   a slice of in, may be empty
 *   errors ERR_SYNTAX (chunk framing and its bounds)
 * body->done is set by the last byte (at once, where there is none); BODY_UNTIL_CLOSE is done when the caller sees
 * the end.  A trailer section is consumed in one piece: until all of it is in front of the caller, used stops before
 * it.  Trailers are lines only by their ends: http1_parse_trailers() decides whether the message was well-formed. */
MUST_CHECK enum err http1_body_feed(struct http1_body *body, struct span in, size_t *used, struct span *data);

/* Reads a trailer section's lines.
 * errors: ERR_SYNTAX not fields; ERR_LIMIT more than field_max; ERR_DENIED well-formed, but one of them frames, routes
 * or authenticates (RFC 9110 section 6.5.1): refuse the request, or drop the trailers of a response */
MUST_CHECK enum err http1_parse_trailers(struct span in, struct field *fields, size_t field_max, size_t *count_out);

/* Framing around a piece of an outgoing chunked body (nothing for an empty one: that would end it); http1_write_last
 * writes "0", the trailers and the empty line.  errors: ERR_NOMEM, ERR_SYNTAX as above */
MUST_CHECK enum err http1_write_chunk(struct buf *out, struct span data);
MUST_CHECK enum err http1_write_last(struct buf *out, const struct field *trailers, size_t trailer_count);
