/* inject.h — the real credential into a head, at the last moment.
 *
 * inject_drop() comes before the scan, inject_add() after everything: nothing logs the head from then on.
 */
#pragma once
#include "dlp/policy/policy.h"
#include "dlp/secrets/vault.h"
#include "reactor/wire/head.h"

/* Is it the name the route will set?  In any case, and with '_' for '-': CGI and its heirs take them for one. */
bool inject_owns(const struct route *route, struct span name);

/* Drops the agent's own fields of that name.  Nothing, on a route without a credential. */
void inject_drop(const struct route *route, struct head *head);

/* The value is built in arena, which wipes itself.  Nothing, on a route without a credential.
 * errors: ERR_NOT_FOUND the slot is empty; ERR_LIMIT the head is full; ERR_NOMEM */
MUST_CHECK enum err inject_add(const struct route *route, const struct vault *vault, struct arena *arena,
                               struct head *head);
