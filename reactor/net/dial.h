/* dial.h — resolve, check every address, connect to one that was checked.  A machine (dial_fsm.h).
 *
 * The connection goes to the very address that passed: nothing is resolved twice.  If any address of a name is
 * refused, the dial is refused: a name that mixes public and private answers is an attack (DNS rebinding), not a
 * choice.
 */
#pragma once
#include "reactor/net/resolve.h"
#include "reactor/net/stream.h"

struct dial;

struct dial_result {
    enum err err; /* ERR_OK, ERR_DENIED, ERR_NOT_FOUND, ERR_TIMEOUT, ERR_PEER (nobody accepted), ERR_SYS, ERR_NOMEM */
    const char *detail;    /* static text for the log, or NULL */
    struct stream *stream; /* the callee's, on ERR_OK: stream_own() it inside the call */
    struct addr addr;      /* connected to, or refused */
    uint32_t resolve_ms, connect_ms;
};
typedef void dial_fn(void *owner, const struct dial_result *result); /* once, never from inside dial_start() */

struct dial_target {
    struct span host; /* a normalised name or an IP literal, copied */
    uint16_t port;
    const struct addr_rules *rules; /* outlives the dial */
};

MUST_CHECK enum err dial_start(struct loop *loop, struct resolver *resolver, const struct dial_target *target,
                               dial_fn *fn, void *owner, struct dial **dial_out);
void dial_free(struct dial **dial); /* cancels when it has not answered */
