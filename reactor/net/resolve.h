/* resolve.h — names to addresses, by c-ares on the loop.
 *
 * Answers  at most DIAL_ADDRS_MAX addresses, A and AAAA, within RESOLVE_MS; never from inside resolve_start().
 * Cache    positive answers for their TTL (at most 60 s), negative ones for 5 s.
 * Checks   nothing: every address goes through addr_refused() in dial.
 */
#pragma once
#include "reactor/loop/loop.h"
#include "reactor/net/addr.h"

struct resolver;
struct resolve;

/* err: ERR_OK, ERR_NOT_FOUND (no such name or no address), ERR_TIMEOUT, ERR_PEER (the servers answered nonsense). */
typedef void resolve_fn(void *owner, enum err err, const struct addr *addrs, size_t count);

struct resolver_options {
    struct span servers;             /* "127.0.0.1:5353,..." instead of /etc/resolv.conf; empty: the system's */
    const struct resolver_pin *pins; /* names answered from here and not asked: --resolve NAME=ADDR */
    size_t pin_count;
};
struct resolver_pin {
    struct span name;
    struct addr addr;
};

/* Options are copied. */
MUST_CHECK enum err resolver_new(struct loop *loop, const struct resolver_options *options,
                                 struct resolver **resolver_out);
void resolver_free(struct resolver **resolver);

/* name: a normalised DNS name, looked at during the call.  An IP literal never comes here. */
MUST_CHECK enum err resolve_start(struct resolver *resolver, struct span name, resolve_fn *fn, void *owner,
                                  struct resolve **resolve_out);
void resolve_free(struct resolve **resolve); /* also cancels; never from inside its own call is fine too */
