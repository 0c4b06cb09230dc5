/* http1.h — HTTP/1.x heads and bodies, strictly (RFC 9112).
 *
 * What two parsers could read differently is refused, not repaired: bare CR, bare LF, obs-fold, whitespace before a
 * colon, NUL
 * and other controls in values, an empty or non-token name, two different framings, a repeated Content-Length (even
 * when equal),
 * a Transfer-Encoding that is not exactly "chunked", Transfer-Encoding in HTTP/1.0, a missing or second Host, HTTP/0.9.
 * Asks nothing: no socket, no clock, no allocation.
 */
#pragma once
#include "reactor/base/buf.h"
#include "reactor/wire/chunked.h"
#include "reactor/wire/head.h"

/* Looks for the end of a head in what has arrived so far.
 *   scanned   in/out: how far earlier calls have looked (0 at first), so a slow head is not read again from its start
 *   len_out   the head's length, its empty line included, on ERR_OK
 *   errors    ERR_AGAIN not complete; ERR_LIMIT longer than HEAD_BYTES_MAX; ERR_SYNTAX already wrong (bare LF,
 *             NUL...) */
MUST_CHECK enum err http1_find_head(struct span in, size_t *scanned, size_t *len_out);

/* Why a head was refused: the status a server answers and a word for the log. */
struct http1_fault {
    uint16_t status;    /* 400, 414, 431, 501, 505; for a response always 502 */
    const char *detail; /* static: "two Content-Length fields" */
};

/* in: one whole head as http1_find_head() measured it; head's spans point into it.
 * errors: ERR_SYNTAX or ERR_LIMIT, fault set */
MUST_CHECK enum err http1_parse_request(struct span in, struct head *head, struct http1_fault *fault);

/* method: of the request this answers (HEAD and CONNECT change the framing). */
MUST_CHECK enum err http1_parse_response(struct span in, struct span method, struct head *head,
                                         struct http1_fault *fault);

/* Writes the head with framing fields from head->body and head->length and a Connection field only when the connection
 * ends:
 * Content-Length, Transfer-Encoding and Connection among head->fields must have been dropped by the caller
 * (asserted). */
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
 *   errors ERR_SYNTAX, ERR_LIMIT (chunk framing)
 * body->done is set by the last byte; BODY_UNTIL_CLOSE is done when the caller sees the end.
 * A trailer section is consumed in one piece: until all of it is in front of the caller, used stops before it. */
MUST_CHECK enum err http1_body_feed(struct http1_body *body, struct span in, size_t *used, struct span *data);

/* Reads a trailer section; fields that frame, route or authenticate (RFC 9110 section 6.5.1) are ERR_SYNTAX. */
MUST_CHECK enum err http1_parse_trailers(struct span in, struct field *fields, size_t field_max, size_t *count_out);

/* Framing around a piece of an outgoing chunked body; http1_write_last writes "0", the trailers and the empty line. */
MUST_CHECK enum err http1_write_chunk(struct buf *out, struct span data);
MUST_CHECK enum err http1_write_last(struct buf *out, const struct field *trailers, size_t trailer_count);
