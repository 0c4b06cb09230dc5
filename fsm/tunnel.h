/* tunnel.h — a tls_passthrough route: two streams, spliced unread.  A machine (tunnel_fsm.h).
 *
 * Checks   the ClientHello must name the host that was asked for, openly: an encrypted hello is refused, as its name
 *          can't be known.  The address is checked as every dial's is.  What is inside is neither read nor scanned.
 * Owns     the upstream's stream; the client's stays its connection's, only its events are the tunnel's while it
 *          lives.
 * Lives    from tunnel_new() to tunnel_free(), which its owner calls after on_over.
 */
#pragma once
#include "fsm/proxy.h"
#include "reactor/wire/url.h"

struct tunnel;

/* Once, deferred.  refused: nothing has been said to the client, which may be told why; REASON_NONE: it is over. */
typedef void tunnel_over_fn(void *owner, enum reason refused, const char *why);

struct tunnel_plan {
    const struct authority *authority; /* outlives the tunnel; policy has allowed it with a passthrough route */
    bool greet;                        /* answer a CONNECT with 200 once the upstream is connected */
    uint64_t conn_id;                  /* for the log */
};

MUST_CHECK enum err tunnel_new(struct egress *egress, const struct tunnel_plan *plan, struct stream *client,
                               tunnel_over_fn *fn, void *owner, struct tunnel **tunnel_out);
void tunnel_cut(struct tunnel *tunnel); /* its connection is ending: it ends too, with its line in the log */
void tunnel_free(struct tunnel **tunnel);
