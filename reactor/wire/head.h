/* head.h — the head of a message, in one shape for every protocol version.
 *
 * Knows    RFC 9110 (fields, methods, status codes) and what framing a head announces (RFC 9112 section 6).
 * Memory   every span points into bytes the maker of the head keeps (the request's arena).
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/limits.h"
#include "reactor/base/span.h"

struct field {
    struct span name, value; /* value without surrounding whitespace */
};

enum body_kind {
    BODY_NONE,        /* none, whatever a Content-Length says */
    BODY_LENGTH,      /* exactly head.length bytes */
    BODY_CHUNKED,     /* as many as come until its protocol says that it is whole: chunks, or HTTP/2's END_STREAM */
    BODY_UNTIL_CLOSE, /* a response without a length: ends with the connection, and never pools it */
};

struct head {
    /* request */
    struct span method, target; /* target as sent: absolute-form, origin-form, authority-form or "*" */
    struct span protocol;       /* of an extended CONNECT (RFC 8441), whose target is origin-form; else empty */
    /* response */
    uint16_t status;
    struct span reason;
    /* both */
    uint8_t minor; /* HTTP/1.minor; HTTP/2 has all that HTTP/1.1 has, and counts as it */
    uint16_t field_count;
    enum body_kind body;
    uint64_t length;      /* of BODY_LENGTH; what a response to HEAD or a 304 says it would have been, else 0 */
    bool keep_alive;      /* the sender is willing to go on on this connection */
    bool expect_continue; /* Expect: 100-continue on an HTTP/1.1 request */
    struct field fields[HEAD_FIELDS_MAX]; /* last: the first field_count are set, the rest is never looked at */
};

/* The first field of that name (ASCII case ignored), or NULL. */
const struct field *head_find(const struct head *head, struct span name);
size_t head_count(const struct head *head, struct span name);

/* Removes every field of that name; returns how many there were. */
size_t head_remove(struct head *head, struct span name);

/* Appends; errors: ERR_LIMIT at HEAD_FIELDS_MAX. */
MUST_CHECK enum err head_add(struct head *head, struct span name, struct span value);

/* Takes the next element off a comma-separated list, trimmed; empty ones are skipped.  False at the end. */
bool head_next_element(struct span *list, struct span *element);

/* Is token an element of the comma-separated list in any field of that name? */
bool head_has_token(const struct head *head, struct span name, struct span token);

/* Drops what speaks to the next hop only (RFC 9110 section 7.6.1): Connection and what it names (Host excepted),
 * Keep-Alive, TE, Transfer-Encoding, Upgrade, HTTP2-Settings, Proxy-Connection and the Proxy-Auth fields.
 * Trailer stays. */
void head_drop_hop_fields(struct head *head);

/* The value of a Content-Length: 1*DIGIT up to 2^63-1. */
bool head_parse_length(struct span text, uint64_t *out);

/* Does a field of that name frame, route or authenticate?  Then it may not come after the content (RFC 9110 section
 * 6.5.1). */
bool head_is_never_trailer(struct span name);
