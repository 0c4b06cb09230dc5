/* grant.h — a route that a person has granted while the bottle ran: a policy of that one route.
 *
 * Nothing is granted but this: no credential, no private address, no body unscanned.
 */
#pragma once
#include "dlp/policy/policy.h"

/* methods: "GET HEAD", upper case, by single spaces; empty: every method.  path: a glob; empty: every path.
 * errors: ERR_SYNTAX a method that is no token of capital letters, too many, a glob that does not begin with / or is
 * too long; ERR_NOMEM, ERR_LIMIT */
MUST_CHECK enum err grant_new(struct span host, uint16_t port, struct span methods, struct span path,
                              struct policy **policy_out);
