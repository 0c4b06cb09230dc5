/* ws_hello.h — the handshake of a WebSocket on either leg (RFC 6455 section 4, and section 5 of RFC 8441).
 *
 * Choice   Each leg has a handshake of its own.  A client's key is answered by us and goes no further: sixteen bytes
 *          that nobody can scan.
 * Strict   Fields that may be there once are.  A client may list other protocols beside "websocket" (they are not
 *          passed on); an upstream switches to it and to nothing else.
 */
#pragma once
#include "reactor/base/buf.h"
#include "reactor/wire/http1.h"
#include "reactor/wire/ws_terms.h"

#define WS_VERSION SPAN_LIT("13")

/* Does the request ask for a WebSocket, well or badly?  Asked before hop-by-hop fields are dropped. */
bool ws_hello_is(const struct head *request);

/* Is it a handshake that may be answered by 101 (section 4.2.1)?  *key_out is what ws_hello_accept() wants.
 * errors: ERR_SYNTAX; fault->status is 426 for another version (then the answer names WS_VERSION), else 400 */
MUST_CHECK enum err ws_hello_check_request(const struct head *request, struct span *key_out, struct ws_terms *terms,
                                           struct http1_fault *fault);

/* The part of it that an extended CONNECT of HTTP/2 has as well: version, subprotocols, extensions. */
MUST_CHECK enum err ws_hello_check_offer(const struct head *request, struct ws_terms *terms, struct http1_fault *fault);

/* Appends a new Sec-WebSocket-Key, for an upstream.  errors: ERR_NOMEM */
MUST_CHECK enum err ws_hello_key(struct buf *out);

/* Appends the Sec-WebSocket-Accept of a key (section 4.2.2).  errors: ERR_NOMEM */
MUST_CHECK enum err ws_hello_accept(struct span key, struct buf *out);

/* Does a 101 answer our request (section 4.1)?
 *   request   as it was sent: its Sec-WebSocket-Key and -Protocol are what may be answered to
 *   deflates  WS_TERMS_OFFER was among its fields
 *   terms     what was agreed on
 *   errors    ERR_SYNTAX: the connection must be failed, the fault says why (502); ERR_NOMEM */
MUST_CHECK enum err ws_hello_check_response(const struct head *response, const struct head *request, bool deflates,
                                            struct ws_terms *terms, struct http1_fault *fault);
