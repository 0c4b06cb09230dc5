/* binding.h — where a credential belongs: the service that issued it.  Seen going there it is normal, anywhere else a
 * finding.
 *
 * Shipped and visible, a table: service x host.  LLM providers are not in it: their hosts are where an agent's own traffic
 * goes, and a foreign key on the way there is how data leaves by somebody else's account.
 */
#pragma once
#include <stdbool.h>
#include "reactor/base/span.h"

struct binding {
    const char *service; /* as rules name it */
    const char *host;    /* lower case; "*.example.com" for names below */
};

extern const struct binding bindings[];
extern const size_t binding_count;

/* Does a credential of service belong to host?  host: normalised.  An empty service belongs nowhere. */
bool binding_holds(struct span service, struct span host);
