/* resolve.h — names to addresses, by c-ares on the loop.
 *
 * Answers  at most DIAL_ADDRS_MAX addresses, A and AAAA, within RESOLVE_MS; never from inside resolve_start().
 *          IPv4 first, then IPv6, each in the order of the answer.  A name is whole: no search list.
 * Cache    positive answers for their TTL (at most RESOLVE_TTL_MS_MAX), negative ones for RESOLVE_NEGATIVE_MS.
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

/* Options are copied.  errors: ERR_SYNTAX (servers), ERR_NOMEM, ERR_SYS */
MUST_CHECK enum err resolver_new(struct loop *loop, const struct resolver_options *options,
                                 struct resolver **resolver_out);
void resolver_free(struct resolver **resolver); /* nobody may be asking any more */

/* name: a normalised DNS name, looked at during the call.  An IP literal never comes here.
 * errors: ERR_LIMIT (RESOLVE_QUESTIONS_MAX are in flight), ERR_NOMEM */
MUST_CHECK enum err resolve_start(struct resolver *resolver, struct span name, resolve_fn *fn, void *owner,
                                  struct resolve **resolve_out);
void resolve_free(struct resolve **resolve); /* cancels when it has not answered; inside its own call is fine */
