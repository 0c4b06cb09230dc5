/* request.h — one request: decided, scanned, sent, answered.  A machine (request_fsm.h).
 *
 * Owns     its arena (head, names, trailers), its spool, its scan, the upstream while it is lent.
 * Lives    from request_new() until it has told its client's maker that it is over (on_over, once, deferred); freed
 *          by the maker with request_free().
 * Promise  no byte of it leaves before its last byte has passed the scanner; nothing is dialled that policy did not
 *          allow.
 */
#pragma once
#include "fsm/client.h"
#include "fsm/proxy.h"
#include "reactor/wire/http1.h"
#include "reactor/wire/url.h"

struct request;

/* Where the request came in: what its names must agree with. */
struct request_origin {
    const struct authority *fixed; /* the tunnel's or the hello's authority, or NULL */
    uint16_t direct_port;          /* without fixed: the port that was dialled directly; 0 on the proxy port itself */
    bool tls;                      /* inside TLS of ours */
    struct addr peer;              /* for the log */
    uint64_t conn_id;
};

/* clean: the response was completed.  false: it was cut. */
typedef void request_over_fn(void *owner, bool clean);

/* head: the bytes of a whole head, copied and parsed; empty for a request that is refused for what came instead of one.
 * The request does not start before request_begin() or request_refuse(). */
MUST_CHECK enum err request_new(struct egress *egress, struct client *client, const struct request_origin *origin,
                                struct span head, request_over_fn *fn, void *owner, struct request **request_out);
void request_free(struct request **request); /* the client is gone: cancels */

/* Decides and goes on; calls the client's ops from inside. */
void request_begin(struct request *request);

/* Instead of request_begin(): it is refused for a reason that the connection knows. */
void request_refuse(struct request *request, enum reason reason, const char *detail);

/* The parsed head: how its body is framed, whether the client goes on.  One that did not parse has no body and no
 * future. */
const struct head *request_head(const struct request *request);

/* What comes from the client.  A body waits with the client while the request does not take it. */
bool request_takes_body(const struct request *request);
void request_body(struct request *request, struct span data);
void request_end(struct request *request, const struct field *trailers, size_t trailer_count);
void request_broken(struct request *request, const char *detail); /* its framing broke */
void request_drained(struct request *request);                    /* room again */
void request_client_gone(struct request *request);
