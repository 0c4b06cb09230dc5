/* ws_terms.h — permessage-deflate agreed on, on either leg (RFC 7692 sections 5 and 7.1).
 *
 * Choice   We keep no context when we deflate, and ask who deflates for us to keep none: then a connection at rest
 *          holds no zlib (ws_deflate.h).  Every other extension is left out, so that all that passes can be scanned.
 */
#pragma once
#include "reactor/base/buf.h"
#include "reactor/wire/head.h"
#include "reactor/wire/ws_deflate.h"

struct ws_terms {
    bool deflates; /* permessage-deflate was agreed on; else the rest says nothing */
    struct ws_deflate_terms client, server;
};

/* The value of Sec-WebSocket-Extensions that we send to an upstream. */
#define WS_TERMS_OFFER SPAN_LIT("permessage-deflate; client_no_context_takeover; server_no_context_takeover")

/* Accepts the first offer of a client that we can undo and answer; an offer with a parameter that is not known, twice
 * there or out of its range is declined (section 7.1), and so is a window of 8 bits, which zlib can't write.
 * errors: ERR_SYNTAX, ERR_LIMIT a field that is not extensions */
MUST_CHECK enum err ws_terms_accept(const struct head *request, struct ws_terms *terms);

/* Appends the value of Sec-WebSocket-Extensions that tells the client so; terms->deflates.  errors: ERR_NOMEM */
MUST_CHECK enum err ws_terms_answer(const struct ws_terms *terms, struct buf *out);

/* Reads what an upstream answers to WS_TERMS_OFFER, or, where not offered, to no offer.  One that keeps its context all
 * the same is put up with: it can be undone.
 * errors: ERR_SYNTAX, ERR_LIMIT as above; ERR_PEER what was not offered, or parameters that no answer may have: the
 * connection must be failed */
MUST_CHECK enum err ws_terms_agree(const struct head *response, bool offered, struct ws_terms *terms);
